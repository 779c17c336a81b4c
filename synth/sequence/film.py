"""A project becomes a film: what is missing is drawn and encoded, what is kept is used again."""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from synth.backends.geometric_backend import NAME as GEOMETRIC
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import LimitExceeded, Unavailable
from synth.limits import LIMITS
from synth.media import EncoderSettings, Planes, Sound, SoundPiece, VideoWriter
from synth.media.reasons import reason
from synth.media.story import story_texts
from synth.scene.cache import SceneCache
from synth.scene.depth_model import DepthAnything
from synth.sequence.footage import Footage
from synth.sequence.keep import Keep
from synth.sequence.places import check_place
from synth.sequence.plan import Stretch, Take, plan_film
from synth.sequence.project import Project
from synth.sequence.result import FilmResult, plain_sound
from synth.sequence.shelf import Shelf
from synth.sequence.sound import SoundReport, mix_sound, sound_key
from synth.sequence.splice import Part, splice
from synth.sequence.stretches import Stretches
from synth.sequence.titles import TitleArtist
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.sequence.transitions.draw import Side, check_photos, draw_transition
from synth.sequence.watching import Crossing, FilmState, Watch
from synth.style.resolve import Resolver

__all__ = ["FilmResult", "FilmState", "compose"]

SHOTS: Final = "shots"
STRETCHES: Final = "stretches"
SOUND: Final = "sound"
"""Folders of what is kept."""

_SILENT: Final = ("gif", "png")
"""Formats without sound."""


def compose(
    project: Project,
    shelf: Shelf,
    output_path: str | os.PathLike[str],
    *,
    folder: str | os.PathLike[str] | None = None,
    encoder: EncoderSettings | None = None,
    scenes: SceneCache | None = None,
    depths: DepthAnything | None = None,
    fidelity: bool = True,
    styles: Resolver | None = None,
    token: str | None = None,
    sketch: bool = False,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
    watch: Callable[[FilmState], None] | None = None,
) -> FilmResult:
    """Make the film of a project.

    Args:
        project: the project.
        shelf: where its media lie.
        output_path: the file to write; it appears complete or not at all.
        folder: where drawn shots and encoded stretches are kept, so that making the film again
            makes only what changed, and a run that was killed is gone on with. Nothing is kept
            without one.
        encoder: encoder knobs; otherwise the defaults with the project's quality. The number of
            threads is ours for MP4: the same project gives the same file, bit for bit.
        scenes: where scenes are kept for re-use.
        depths: the process's depth network, so that it is loaded once.
        fidelity: measure the camera of every shot that is drawn.
        styles: finds the styles that the shots' prompts name by tags; without it a tag is an
            error.
        token: of the user's account, for the backends that ask for one. It is written nowhere.
        sketch: draw every shot by geometry, whoever will draw it in the end, to see the film
            before anything is paid or waited for.
        cancel: stops the work within a second; finished shots and stretches stay.
        progress: told what is being done.
        watch: told how far each shot and the whole film is.

    Raises:
        InvalidInstruction: the project has no shots, a transition does not fit, or the place
            cannot hold the file.
        InvalidMedia: a file is missing or cannot be read.
        LimitExceeded: something is larger than allowed, or the disk is full.
        Unavailable: a folder cannot be written to, or a shot's backend lacks a package, weights
            or an account.
        Cancelled: on request.
    """
    target = Path(output_path)
    check_place(target)
    with _in_words(), ExitStack() as stack:
        if folder is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="motion-synth-film-"))
        kept = Path(folder)
        footage = stack.enter_context(
            Footage(
                project, shelf, kept / SHOTS, scenes=scenes, depths=depths, fidelity=fidelity,
                styles=styles, token=token, sketch=sketch,
            )
        )  # fmt: skip
        keep = stack.enter_context(Keep(kept / STRETCHES, ".mp4"))
        sounds = stack.enter_context(Keep(kept / SOUND, ".wav"))
        work = _Work(
            project, shelf, footage, keep, sounds, target,
            encoder or EncoderSettings(crf=project.output.crf),
            cancel or CancelToken(), progress, watch,
        )  # fmt: skip
        return work.run()


@contextmanager
def _in_words() -> Iterator[None]:
    """What the system says of a full disk or a folder that cannot be written to, in words."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise (LimitExceeded if full else Unavailable)(
            f"The film cannot be written: {reason(error)}. "
            f"{'Free some space' if full else 'Choose another folder'} and make it again; what is "
            "drawn is kept."
        ) from error


class _Work:
    """One film being made."""

    def __init__(
        self,
        project: Project,
        shelf: Shelf,
        footage: Footage,
        keep: Keep,
        sounds: Keep,
        target: Path,
        encoder: EncoderSettings,
        cancel: CancelToken,
        progress: ProgressCallback,
        watch: Callable[[FilmState], None] | None,
    ) -> None:
        self._project = project
        self._shelf = shelf
        self._footage = footage
        self._keep = keep
        self._sounds = sounds
        self._target = target
        self._encoder = encoder
        self._cancel = cancel
        self._progress = progress
        self._plan = plan_film(project, footage.lengths())
        self._stretches = Stretches(footage, keep, encoder, self._frames, self._looks)
        self._watch = Watch(project, progress, watch)
        width, height = footage.size
        self._titles = TitleArtist(project.titles, width, height, self._plan.rate)
        self._timings: dict[str, float] = {}
        self._notes: list[str] = list(self._titles.notes)

    def run(self) -> FilmResult:
        self._check_ways()
        spliced = self._project.output.format == "mp4"
        parts = self._stretches.laid_out(self._plan) if spliced else self._plan.stretches
        missing = [part for part in parts if not spliced or self._stretches.find(part) is None]
        wanted = self._wanted(missing)
        self._watch.begin(
            draw={id: self._footage.lengths()[id] for id in wanted if not self._footage.ready(id)},
            encode=sum(part.frames for part in missing),
            film=self._plan.frames,
            crossings=[one for part in missing if (one := self._crossing(part)) is not None],
        )
        drawn = self._draw(wanted)
        clock = time.monotonic()
        sound = self._mixed()
        self._timings["sound"] = time.monotonic() - clock
        clock = time.monotonic()
        if spliced:
            self._stretches.make(missing, self._cancel, self._watch.encoded)
            self._timings["stretches"] = time.monotonic() - clock
            clock = time.monotonic()
            self._splice(parts, sound)
        else:
            self._write_whole(parts, sound)
        self._timings["film"] = time.monotonic() - clock
        self._keep.trim({self._stretches.key(part) for part in parts}, LIMITS.kept_bytes)
        self._footage.trim(LIMITS.kept_bytes)
        self._sounds.trim({sound_key(self._project, self._plan)}, LIMITS.kept_bytes)
        width, height = self._footage.size
        reports = [self._footage.report(id) for id in self._used()]
        found = [report for report in reports if report is not None]
        for report in found:
            self._notes += [f"{report.id}: {note}" for note in report.notes]
        self._watch.end()
        return FilmResult(
            path=self._target,
            project=self._project,
            plan=self._plan,
            width=width,
            height=height,
            drawn=drawn,
            encoded=len(missing),
            stretches=len(parts),
            fidelity={r.id: r.fidelity for r in found if r.fidelity is not None},
            sound=sound,
            notes=tuple(dict.fromkeys(self._notes)),
            timings=self._timings,
        )

    def _used(self) -> tuple[str, ...]:
        """Shots of the film, each once, in the order in which they are seen."""
        return tuple(dict.fromkeys(card.shot for card in self._plan.cards if card.shot is not None))

    def _wanted(self, missing: list[Stretch]) -> tuple[str, ...]:
        """Shots whose frames are needed for stretches that are not kept."""
        takes = [take for part in missing for take in (part.take, part.into) if take is not None]
        match = self._project.match
        found = dict.fromkeys(take.shot for take in takes if take.shot is not None)
        if match is not None and any(
            self._project.shot(id).matched and id != match.reference for id in found
        ):
            found[match.reference] = None
        return tuple(found)

    def _draw(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Draw the shots that are not kept; returns which."""
        clock = time.monotonic()
        drawn = []
        for id in wanted:
            self._cancel.check()
            if not self._footage.ready(id):
                self._footage.draw(id, cancel=self._cancel, progress=self._watch.drawing(id))
                drawn.append(id)
            self._watch.drawn(id)
        self._timings["shots"] = time.monotonic() - clock
        return tuple(drawn)

    def _mixed(self) -> SoundReport | None:
        """The sound of the whole film, made now or kept; None where nothing is heard."""
        if self._project.output.format in _SILENT:
            if self._project.sound.tracks:
                self._notes.append("This format has no sound; choose MP4 or WebM to keep it.")
            return None

        def work(path: Path) -> dict[str, Any]:
            report = mix_sound(
                self._project,
                self._plan,
                self._shelf,
                path,
                cancel=self._cancel,
                progress=self._watch.mixing,
            )
            if report is None:
                path.touch()  # so that silence is remembered, too
                return {}
            return plain_sound(report)

        key = sound_key(self._project, self._plan)
        kept = self._sounds.find(key) or self._sounds.make(key, work)
        self._watch.mixed()
        if not kept.told:
            return None
        told = {**kept.told, "notes": tuple(kept.told["notes"])}
        self._notes += told["notes"]
        return SoundReport(path=kept.path, **told)

    def _check_ways(self) -> None:
        """Raise ``InvalidInstruction`` for a transition whose shots lack what it needs."""
        for part in self._plan.stretches:
            if part.way is None or part.into is None:
                continue
            kind = TRANSITIONS[part.way.type]
            takes = (part.take, part.into)
            flat = sum(t.shot is None or not self._footage.has_stage(t.shot) for t in takes)
            if flat > {"none": 2, "either": 1, "both": 0}[kind.photos]:
                check_photos(kind, *(self._side(take, self._cancel) for take in takes))

    def _frames(self, part: Stretch, cancel: CancelToken) -> Iterator[Planes]:
        """The finished frames of a stretch, titles and all."""
        frames = self._untitled(part, cancel)
        if not self._titles.touches(part.start, part.frames):
            return frames
        return (self._titles.draw(planes, at) for at, planes in enumerate(frames, part.start))

    def _untitled(self, part: Stretch, cancel: CancelToken) -> Iterator[Planes]:
        if part.into is None or part.way is None:
            return self._footage.planes(part.take, cancel)
        sides = (self._side(take, cancel) for take in (part.take, part.into))
        frames = draw_transition(part.way, *sides, rate=self._plan.rate, cancel=cancel)
        crossing = self._crossing(part)
        return frames if crossing is None else self._watch.crossing(crossing, frames)

    def _crossing(self, part: Stretch) -> Crossing | None:
        """What to know beforehand of a transition that a camera draws; None for all else."""
        if part.way is None or part.into is None or TRANSITIONS[part.way.type].family != "camera":
            return None
        shots = [take.shot for take in (part.take, part.into)]
        names = ["the plain colour" if shot is None else shot for shot in shots]
        photos = sum(shot is not None and self._footage.has_stage(shot) for shot in shots)
        words = f"Drawing the transition from {names[0]} to {names[1]}"
        return Crossing(words, part.way.type, part.frames, photos)

    def _side(self, take: Take, cancel: CancelToken) -> Side:
        id = take.shot
        photo = id is not None and self._project.shot(id).is_photo
        return Side(
            take=take,
            planes=lambda: self._footage.planes(take, cancel),
            stage=lambda: None if id is None else self._footage.stage(id, cancel),
            finish=self._footage.finisher(take),
            name="the plain colour" if id is None else repr(id),
            drawn=photo,
        )

    def _looks(self, part: Stretch) -> object:
        """What decides a stretch's frames beside its takes and its way."""
        return self._titles.key(part.start, part.frames)

    def _splice(self, parts: tuple[Stretch, ...], sound: SoundReport | None) -> None:
        found = []
        for part in parts:
            kept = self._stretches.find(part)
            if kept is None:  # damaged while the others were made
                self._stretches.make([part], self._cancel, lambda _: None)
                kept = self._stretches.find(part)
            assert kept is not None
            found.append(Part(kept, part.frames))
        working = self._working()
        try:
            splice(
                working,
                found,
                rate=self._plan.rate,
                sound=None if sound is None else sound.path,
                metadata=self._texts(),
                cancel=self._cancel,
                progress=self._progress,
            )
            self._cancel.check()
            with working.open("rb+") as file:
                os.fsync(file.fileno())
            working.replace(self._target)
        finally:
            working.unlink(missing_ok=True)

    def _working(self) -> Path:
        """Where the film grows: where the next run sweeps what a kill left behind, if it can."""
        name = f".{secrets.token_hex(8)}.film"
        if self._keep.folder.stat().st_dev == self._target.absolute().parent.stat().st_dev:
            return self._keep.folder / name
        return self._target.with_name(name)

    def _write_whole(self, parts: tuple[Stretch, ...], sound: SoundReport | None) -> None:
        """Any other format: all frames in one pass."""
        width, height = self._footage.size
        output = self._project.output
        heard = None
        if sound is not None:
            piece = SoundPiece(Fraction(0), self._plan.seconds, 1.0, keep_pitch=False)
            heard = Sound(sound.path, (piece,))
        with VideoWriter(
            self._target,
            width=width,
            height=height,
            fps=self._plan.rate,
            format=output.format,
            settings=self._encoder,
            metadata=self._texts(),
            sound=heard,
            cancel=self._cancel,
            expected_frames=self._plan.frames,
        ) as writer:
            for part in parts:
                for planes in self._frames(part, self._cancel):
                    writer.write_planes(planes)
                    self._watch.encoded(1)
            self._notes += writer.notes

    def _texts(self) -> dict[str, str]:
        reports = [self._footage.report(id) for id in self._used()]
        painted = {
            one.id: dict(one.made_by)
            for one in reports
            if one is not None and one.made_by.get("backend", GEOMETRIC) != GEOMETRIC
        }
        texts = story_texts(
            {"project": self._project.to_dict(), **({"made_by": painted} if painted else {})}
        )
        if sum(len(text.encode()) for text in texts.values()) > LIMITS.json_bytes - 1000:
            self._notes.append(
                "The project is too large to ride inside the film. Save it to a file as well."
            )
            return {"comment": texts["comment"]}
        return texts
