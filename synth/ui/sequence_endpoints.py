"""The endpoints of the sequence: films, their arithmetic and their exchange, without the page.

Each function's docstring is its documentation in the API view.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import gradio as gr

from synth.errors import InvalidInstruction
from synth.jobs import JobContext, JobPool
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.media import SUFFIXES
from synth.sequence.plan import FilmPlan, plan_film
from synth.sequence.project import MOST_VALUES, MediaKind, MediaRef, Project
from synth.sequence.shelf import Shelf
from synth.ui.answers import answers, clear_errors, watch
from synth.ui.drawn import Caller, read_token
from synth.ui.photo import uploaded_file
from synth.ui.sequence_cards import arithmetic, read_clip_frames, read_document, shot_lengths
from synth.ui.sequence_files import FORMS, write_as
from synth.ui.sequence_media import kind_of, stem_of
from synth.ui.style_endpoints import sent_styles
from synth.ui.visitors import check_project

ExchangeForm = Literal["json", "bundle", "otio", "edl", "srt", "vtt", "png", "pdf"]
_MOST_FILES = 512


class SequenceEndpoints:
    """The endpoints of one served page."""

    def __init__(self, pool: JobPool) -> None:
        """``pool`` runs the work."""
        self._pool = pool

    @answers(gr.FileData, dict)
    def compose_sequence(
        self,
        project: dict,
        media: list[gr.FileData] | None = None,
        names: list[str] | None = None,
        styles: list[gr.FileData] | None = None,
        token: str = "",
    ) -> Any:
        """Make one film of a project: its shots, transitions, sound and titles.

        Args:
            project: The project as the Sequence tab saves it: shots, each with an id, a medium and
                a shot; a timeline of clips, gaps and transitions, or cards in place of it: a list
                of {"shot": id, "start": seconds, "seconds": seconds, "way": {"type": "dissolve",
                "seconds": 0.5} or null}; lighting, match, sound, titles and output. A medium's
                sha256 may be left out: then its name says which of the files it is.
            media: The photos, clips, sounds, depth maps and LUTs that it uses. Files are known by
                their content; the order does not matter.
            names: What the files are called, in their order, where a project names them by name.
            styles: The .safetensors that the shots' prompts name: a file noir.safetensors is asked
                for with <lora:noir:0.8>.
            token: Hugging Face token for a service; used for this call and kept nowhere.

        Returns:
            The film, and a report: its size, frames, rate, length and the arithmetic of it, how
            exactly each camera moved, notes, and how long it took.
        """
        began = time.monotonic()

        def work(job: JobContext) -> tuple[Any, FilmPlan]:
            from synth.sequence.film import compose

            shelf = Shelf(job.folder / "media")
            read = _read(project, shelf, media, names)
            check_project(read)
            target = job.folder / f"{stem_of(read.name)}{SUFFIXES[read.output.format]}"
            result = compose(
                read, shelf, target, folder=job.folder / "kept",
                styles=caller.resolver, token=caller.token,
                cancel=job.cancel, progress=job.progress,
            )  # fmt: skip
            return result, result.plan

        with clear_errors():
            caller = Caller(sent_styles(styles), read_token(token))
            with self._pool.start(work) as job:
                result, plan = yield from watch(job)
                report = {
                    **result.report(),
                    "arithmetic": arithmetic(plan),
                    "made_in_seconds": round(time.monotonic() - began, 2),
                }
                path = Path(result.path)
                yield gr.FileData(path=str(path), orig_name=path.name).model_dump(), report

    @answers(dict)
    def plan_sequence(
        self,
        project: dict,
        media: list[gr.FileData] | None = None,
        names: list[str] | None = None,
    ) -> Any:
        """Say how long a project's film is and of what it is made, before anything is drawn.

        Args:
            project: The project, as /compose_sequence takes it.
            media: Its clips, where it has clips: their lengths count. Photos are not needed.
            names: What the files are called, in their order.

        Returns:
            seconds, frames and fps of the film; arithmetic, in words; cards, each with its shot,
            start in the film and length in seconds, and the transition after it; and missing, the
            files that making it would still need.
        """

        def work(job: JobContext) -> dict[str, Any]:
            shelf = Shelf(job.folder / "media")
            read = _read(project, shelf, media, names)
            plan = plan_film(read, shot_lengths(read, read_clip_frames(shelf, strict=True)))
            rate = plan.rate
            return {
                "seconds": float(plan.seconds),
                "frames": plan.frames,
                "fps": read.output.fps,
                "arithmetic": arithmetic(plan),
                "cards": [
                    {
                        "shot": card.shot,
                        "start": float(start / rate),
                        "seconds": float(card.frames / rate),
                        "transition": None
                        if card.way is None
                        else {"type": card.way.type, "seconds": float(card.way.frames / rate)},
                    }
                    for card, start in zip(plan.cards, plan.starts(), strict=True)
                ],
                "missing": [ref.name or ref.sha256 for ref in shelf.missing(read)],
            }

        with clear_errors(), self._pool.start(work) as job:
            plan = yield from watch(job, both=False)
            yield plan

    @answers(gr.FileData, dict)
    def sequence_exchange(
        self,
        project: dict,
        form: ExchangeForm = "otio",
        media: list[gr.FileData] | None = None,
        names: list[str] | None = None,
    ) -> Any:
        """Write a project for another program, or to print.

        Args:
            project: The project, as /compose_sequence takes it.
            form: "otio" (OpenTimelineIO), "edl" (CMX 3600), "srt" or "vtt" (its captions), "png" or
                "pdf" (the storyboard, to print), "bundle" (a zip with the media), "json".
            media: Its media: clips for their lengths, all of them for the bundle and the
                storyboard's pictures.
            names: What the files are called, in their order.

        Returns:
            The file, and a report with notes: what the form cannot hold.
        """

        def work(job: JobContext) -> tuple[str, list[str]]:
            if form not in get_args(ExchangeForm):
                raise InvalidInstruction(
                    f"There is no form {str(form)[:40]!r}. Choose one of "
                    f"{', '.join(get_args(ExchangeForm))}."
                )
            shelf = Shelf(job.folder / "media")
            read = _read(project, shelf, media, names)
            lengths = shot_lengths(read, read_clip_frames(shelf, strict=True))
            target = job.folder / f"{stem_of(read.name)}{FORMS[form]}"
            return str(target), write_as(form, read, shelf, lengths, target, job)

        with clear_errors(), self._pool.start(work) as job:
            path, notes = yield from watch(job)
            name = Path(path).name
            report = {"form": form, "name": name, "notes": notes}
            yield gr.FileData(path=path, orig_name=name).model_dump(), report


def _read(project: object, shelf: Shelf, media: object, names: object) -> Project:
    """The project of a call, with the files of the call on the shelf.

    Raises ``InvalidInstruction``, ``InvalidMedia`` or ``LimitExceeded``.
    """
    if not isinstance(project, Mapping):
        raise InvalidInstruction("A project is a JSON object, in curly brackets.")
    try:
        text = json.dumps(dict(project))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInstruction("The project cannot be read as JSON. Save it again.") from error
    values = read_json(text, most_bytes=4 * LIMITS.json_bytes, most_items=MOST_VALUES)
    files = media if isinstance(media, list) else []
    called = names if isinstance(names, list) else []
    if len(files) > _MOST_FILES:
        raise InvalidInstruction(f"{len(files)} files were sent; the limit is {_MOST_FILES}.")
    found: dict[str, MediaRef] = {}
    for index, given in enumerate(files):
        own = given.get("orig_name") if isinstance(given, Mapping) else None
        path = uploaded_file(given)
        name = str(called[index]) if index < len(called) else str(own or Path(path).name)
        ending = name if Path(name).suffix else str(own or path)
        ref = shelf.add(path, kind_of(ending), name)
        found[ref.name] = found[str(own or Path(path).name)] = ref
    named = _with_hashes(values, found)
    cards = named.pop("cards", None)
    if cards is None:
        return Project.from_dict(named)
    document = {"project": named, "cards": cards}
    return read_document(document, read_clip_frames(shelf, strict=True)).project


def _with_hashes(values: Any, found: Mapping[str, MediaRef]) -> Any:
    """The project with the hash of each medium that is named by name alone."""
    if isinstance(values, list):
        return [_with_hashes(one, found) for one in values]
    if not isinstance(values, dict):
        return values
    changed = {key: _with_hashes(value, found) for key, value in values.items()}
    for key, kind in (("media", None), ("depth", "depth"), ("lut", "lut")):
        ref = changed.get(key)
        if not isinstance(ref, dict) or "sha256" in ref or "name" not in ref:
            continue
        known = found.get(str(ref["name"]))
        if known is None:
            sent = ", ".join(found) or "none"
            raise InvalidInstruction(
                f"The file {str(ref['name'])[:80]!r} was not sent. There came: {sent[:300]}."
            )
        wanted: MediaKind = kind or ref.get("kind") or known.kind  # type: ignore[assignment]
        changed[key] = {**ref, "sha256": known.sha256, "kind": wanted}
    return changed
