"""Making films for the Sequence tab: the whole, a quick play-through, one shot, a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gradio.data_classes import FileData

from synth.control import Progress, ProgressCallback
from synth.errors import InvalidInstruction
from synth.jobs import JobContext
from synth.media import SUFFIXES, EncoderSettings, VideoWriter
from synth.sequence.plan import Take, plan_film
from synth.sequence.project import FilmSettings, Project
from synth.sequence.storyboard import arrange, at_rate
from synth.sequence.times import exact_rate
from synth.ui.assets import picture_url
from synth.ui.drawn import Caller
from synth.ui.monitor import file_facts, playable
from synth.ui.sequence_cards import Document, shot_lengths
from synth.ui.sequence_jobs import DeskJob, Work
from synth.ui.sequence_media import stem_of
from synth.ui.visitors import check_project

if TYPE_CHECKING:
    from synth.sequence.film import FilmState
    from synth.ui.sequence_desks import Desk

_QUICK_SIDE: Final = 384
_QUICK_RATE: Final = "12"
_QUICK_CRF: Final = 27
_MATCH_SIDE: Final = 480


def film_work(desk: Desk, document: Document, caller: Caller, *, quick: bool) -> Work:
    """The work that makes a film.

    Args:
        desk: where the media and what was drawn of them lie.
        document: the project.
        caller: who asks, whose styles its prompts may name.
        quick: small and with few frames, to play the whole through; geometry draws all of it.

    Raises ``InvalidInstruction`` or ``LimitExceeded`` where the film cannot be made.
    """
    project = _quick(desk, document) if quick else document.project
    plan_film(document.project, document.lengths)
    if not quick:
        check_project(project)
    _check_here(desk, project)

    def work(job: JobContext, me: DeskJob) -> dict[str, Any]:
        from synth.sequence.film import compose

        ending = f"{'-play' if quick else ''}{SUFFIXES[project.output.format]}"
        target = job.folder / f"{stem_of(project.name)}{ending}"
        result = compose(
            project, desk.shelf, target, folder=desk.folder / ("quick" if quick else "kept"),
            scenes=desk.scenes, styles=caller.resolver, token=caller.token, sketch=quick,
            cancel=job.cancel, progress=job.progress, watch=lambda state: _told(me, state),
        )  # fmt: skip
        size = result.width, result.height
        return _shown(
            desk, target, size, result.frames, exact_rate(project.output.fps), result.notes
        )

    return work


def shot_work(desk: Desk, document: Document, number: object, caller: Caller) -> Work:
    """The work that makes one card alone, as it is in the film without titles and sound.

    What is drawn is kept, so that the film finds it. Raises ``InvalidInstruction``.
    """
    if not isinstance(number, int) or not 0 <= number < len(document.storyboard):
        raise InvalidInstruction("There is no such card. Reload the page.")
    card = document.storyboard[number]
    id = card.shot
    if id is None:
        raise InvalidInstruction("A plain colour needs no drawing.")
    project = document.project
    needed = tuple(dict.fromkeys((id, project.match.reference) if project.match else (id,)))
    check_project(project, needed)
    _check_here(desk, project)

    def work(job: JobContext, me: DeskJob) -> dict[str, Any]:
        from synth.sequence.footage import Footage

        rate = exact_rate(project.output.fps)
        target = job.folder / f"{stem_of(f'{project.name} {id}')}.mp4"
        kept = desk.folder / "kept" / "shots"
        with Footage(
            project, desk.shelf, kept,
            scenes=desk.scenes, styles=caller.resolver, token=caller.token,
        ) as footage:  # fmt: skip
            for one in needed:
                if not footage.ready(one):
                    footage.draw(one, cancel=job.cancel, progress=_on_card(me, one, job))
            width, height = footage.size
            with VideoWriter(
                target, width=width, height=height, fps=rate, cancel=job.cancel,
                settings=EncoderSettings(crf=project.output.crf), expected_frames=card.frames,
            ) as writer:  # fmt: skip
                for planes in footage.planes(Take(id, card.start, card.frames), job.cancel):
                    writer.write_planes(planes)
        return _shown(desk, target, (width, height), card.frames, rate, ())

    return work


def _on_card(me: DeskJob, id: str, job: JobContext) -> ProgressCallback:
    def hear(report: Progress) -> None:
        job.progress(report)
        drawing = {"id": id, "state": "drawing", "done": report.done, "total": report.total}
        me.watch([drawing], report.fraction, report.seconds_left)

    return hear


def _check_here(desk: Desk, project: Project) -> None:
    missing = desk.shelf.missing(project)
    if missing:
        names = ", ".join(ref.name or ref.kind for ref in missing[:4])
        raise InvalidInstruction(f"Some files are not on the server: {names}. Add them again.")


def compare_colours(desk: Desk, project: Project, shot_id: str, caller: Caller) -> Work:
    """The work that shows a shot as it is and as the film's colours make it."""
    shot = project.shot(shot_id)
    desk.shelf.path(shot.media)

    def work(job: JobContext, me: DeskJob) -> dict[str, Any]:
        from synth.ui.sequence_looks import before_and_after

        before, after = before_and_after(desk, project, shot, caller.resolver, _MATCH_SIDE, job)
        return {
            "shot": shot_id,
            "before": picture_url(before, _MATCH_SIDE),
            "after": picture_url(after, _MATCH_SIDE),
        }

    return work


def _quick(desk: Desk, document: Document) -> Project:
    """The project small and with few frames; its cuts stay where they are as nearly as can be."""
    output = document.project.output
    small = output.model_copy(
        update={
            "long_side": min(_QUICK_SIDE, output.long_side),
            "fps": _QUICK_RATE,
            "format": "mp4",
            "crf": max(_QUICK_CRF, output.crf),
        }
    )
    project = document.project.changed(output=FilmSettings.model_validate(small.__dict__))
    rates = exact_rate(output.fps), exact_rate(_QUICK_RATE)
    lengths = shot_lengths(project, desk.clip_frames)
    return arrange(project, at_rate(document.storyboard, *rates, lengths))


def _told(me: DeskJob, state: FilmState) -> None:
    me.watch(
        [
            {"id": shot.id, "state": shot.state, "done": shot.done, "total": shot.total}
            for shot in state.shots
        ],
        state.fraction,
        state.seconds_left,
    )


def _shown(
    desk: Desk,
    path: Path,
    size: tuple[int, int],
    frames: int,
    rate: Fraction,
    notes: Sequence[str],
) -> dict[str, Any]:
    """What the page shows of a finished film."""
    file = FileData(path=desk.serve(path), orig_name=path.name, size=path.stat().st_size)
    seconds = float(frames / rate)
    facts = [
        ("Length", f"{seconds:.2f} s"),
        ("Picture", f"{size[0]} × {size[1]}"),
        ("Frames", f"{frames}"),
        file_facts(path),
    ]
    return {
        "file": file.model_dump(),
        "name": path.name,
        "playable": playable(path),
        "seconds": seconds,
        "facts": facts,
        "notes": list(notes),
    }
