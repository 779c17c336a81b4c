"""The endpoints of styles: references checked, looks learned, LoRAs trained, files inspected.

Each function's docstring is its documentation in the API view.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from synth.errors import InvalidInstruction, LimitExceeded
from synth.explain import short
from synth.jobs import JobContext, JobPool
from synth.style.files import read_style
from synth.style.model import StyleFile
from synth.style.references import MOST_FILES, References, check_references
from synth.style.resolve import Resolver
from synth.style.tags import write_tag
from synth.ui.answers import answers, clear_errors, watch
from synth.ui.photo import uploaded_file
from synth.ui.style_desks import read_name, safe_name
from synth.ui.style_learning import check_base, read_settings

if TYPE_CHECKING:
    from synth.style.training.model import TrainedLora

_MOST_STYLES: Final = 16


class StyleEndpoints:
    """The endpoints of one served page."""

    def __init__(self, pool: JobPool) -> None:
        """``pool`` runs the work."""
        self._pool = pool

    @answers(dict)
    def check_references(self, videos: list[gr.FileData]) -> Any:
        """Look through reference videos of a style before anything is learned from them.

        Args:
            videos: Short clips in one style, 5 to 10 of 2 to 5 seconds are a good start.

        Returns:
            clips, the stretches that would be learned from, each with its file, start and length
            in seconds, width, height and fps; seconds, of all together; notes, what was done and
            what would make them better; problems, files that cannot be used.
        """

        def work(job: JobContext) -> dict[str, Any]:
            paths = named_files(videos, job.folder / "references")
            found = check_references(paths, cancel=job.cancel, progress=job.progress)
            return told_references(found)

        with clear_errors(), self._pool.start(work) as job:
            yield (yield from watch(job, both=False))

    @answers(gr.FileData, gr.FileData, dict)
    def learn_look(self, videos: list[gr.FileData], name: str = "look") -> Any:
        """Learn a look from reference videos: colour, contrast, grain, halation and vignette.

        It takes seconds on a CPU. Photo geometry obeys it: send the file along with
        /generate_video as one of its styles, and name it in the prompt as <lora:name:0.8>.

        Args:
            videos: Short clips in one style.
            name: What tags will call it.

        Returns:
            The look as .safetensors, its colours as .cube for other programs, and about it: name,
            tag, strength, notes, and how long it took.
        """

        def work(job: JobContext) -> tuple[Path, dict[str, Any]]:
            from synth.style.look import learn_look, save_look

            paths = named_files(videos, job.folder / "references")
            look = learn_look(paths, name=called, cancel=job.cancel, progress=job.progress)
            path = job.folder / f"{safe_name(called, 'look')}.safetensors"
            save_look(look, path)
            return path, {**told_style(read_style(path)), "notes": list(look.notes)}

        with clear_errors():
            began = time.monotonic()
            called = read_name(name)
            with self._pool.start(work) as job:
                path, about = yield from watch(job, files=2)
                report = {**about, "made_in_seconds": round(time.monotonic() - began, 2)}
                yield _file(path), _file(path.with_suffix(".cube")), report

    @answers(gr.FileData, dict)
    def train_style(
        self, videos: list[gr.FileData], name: str = "style", settings: dict | None = None
    ) -> Any:
        """Train a style LoRA for an AI model on this machine. It needs a GPU, and takes hours.

        Where the machine cannot, the error says what it lacks; /learn_look works everywhere.

        Args:
            videos: Short clips in one style, 5 to 10 of 2 to 5 seconds are a good start.
            name: What tags will call it.
            settings: family (such as "wan2.2-5b"), rank, steps, learning_rate, resolution, frames,
                trigger and more; what is left out is as published recipes advise.

        Returns:
            The LoRA as .safetensors, and about it: base, rank, trigger, tag, the losses at each
            check, whether the style took, notes, and how long it took.
        """

        def work(job: JobContext) -> TrainedLora:
            from synth.style.training import train_lora

            paths = named_files(videos, job.folder / "references")
            found = check_references(paths, cancel=job.cancel, progress=job.progress).usable()
            return train_lora(
                found, wanted, name=called, folder=job.folder / "training",
                cancel=job.cancel, progress=job.progress,
            )  # fmt: skip

        with clear_errors():
            wanted, called = read_settings(settings), read_name(name)
            check_base(wanted)
            with self._pool.start(work) as job:
                made = yield from watch(job)
                about = told_style(read_style(made.path))
                yield (
                    _file(made.path),
                    {
                        **about,
                        "steps": made.steps,
                        "validation": [list(one) for one in made.validation],
                        "took": made.effect.took,
                        "effect": made.effect.said,
                        "notes": list(made.notes),
                        "made_in_seconds": round(made.seconds, 1),
                    },
                )

    @answers(dict)
    def inspect_style(self, style: gr.FileData) -> Any:
        """Say what a style's file is. It is checked before anything in it is used.

        Args:
            style: A .safetensors file: a look, or a LoRA of a video model.

        Returns:
            name, kind ("look" or "lora"), base (what it is made for), rank, advised strength,
            triggers, licence, title, how it was trained, and the tag that asks for it.
        """
        with clear_errors():
            path = Path(uploaded_file(style))
            return told_style(replace(read_style(path), name=style_name(style)))


def told_references(found: References) -> dict[str, Any]:
    """Checked references as plain values."""
    return {
        "clips": [
            {
                "file": one.path.name,
                "start": float(one.start),
                "seconds": float(one.seconds),
                "frames": one.frames,
                "width": one.width,
                "height": one.height,
                "fps": float(one.fps),
            }
            for one in found.clips
        ],
        "seconds": found.seconds,
        "notes": list(found.notes),
        "problems": list(found.problems),
    }


def told_style(style: StyleFile) -> dict[str, Any]:
    """A style as plain values, without its picture."""
    return {
        "name": style.name,
        "kind": style.kind,
        "base": style.base,
        "rank": style.rank,
        "strength": style.strength,
        "triggers": list(style.triggers),
        "licence": style.licence,
        "title": style.title,
        "trained": dict(style.trained or {}),
        "tag": write_tag(style.name, style.strength),
    }


def named_files(files: object, folder: Path) -> list[Path]:
    """Sent files under the names that their sender knows, in a folder of their own each.

    Raises ``InvalidMedia`` for what was not sent here, ``LimitExceeded`` for too many.
    """
    sent = files if isinstance(files, Sequence) and not isinstance(files, str) else []
    if len(sent) > MOST_FILES:
        raise LimitExceeded(f"{len(sent)} files were sent; the limit is {MOST_FILES}.")
    paths: list[Path] = []
    for number, one in enumerate(sent):
        source = Path(uploaded_file(one))
        place = folder / str(number)
        place.mkdir(parents=True)
        path = place / safe_name(_orig_name(one) or source.name, "clip.mp4")
        path.symlink_to(source)
        paths.append(path)
    return paths


def style_name(sent: object) -> str:
    """What a style is called that came as a file: the file's name without its ending."""
    return Path(safe_name(_orig_name(sent) or "style.safetensors", "style")).stem


def sent_styles(files: object) -> Resolver:
    """Finds styles by name among the files of one call, and nowhere else.

    Raises ``InvalidMedia`` for a file that was not sent here, ``LimitExceeded`` for too many.
    """
    sent = files if isinstance(files, Sequence) and not isinstance(files, str) else []
    if len(sent) > _MOST_STYLES:
        raise LimitExceeded(f"{len(sent)} styles were sent; the limit is {_MOST_STYLES}.")
    known = {style_name(one): Path(uploaded_file(one)) for one in sent}

    def resolve(name: str) -> StyleFile:
        path = known.get(name.removesuffix(".safetensors"))
        if path is None:
            there = f" It came with {', '.join(map(short, known))}." if known else ""
            raise InvalidInstruction(
                f"The prompt asks for the style {short(name)}, which was not sent with this call. "
                f"Send its .safetensors under that name as one of the styles.{there}"
            )
        return replace(read_style(path), name=name)

    return resolve


def _orig_name(sent: object) -> str:
    name = sent.get("orig_name") if isinstance(sent, Mapping) else None
    return name if isinstance(name, str) else ""


def _file(path: Path) -> dict[str, Any]:
    return gr.FileData(path=str(path), orig_name=path.name).model_dump()
