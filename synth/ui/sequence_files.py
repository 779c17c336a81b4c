"""Files that the Sequence tab opens and saves, besides films: projects, bundles, lists, sheets."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gradio.data_classes import FileData

from synth.errors import InvalidInstruction
from synth.jobs import JobContext
from synth.sequence.project import Project, Title
from synth.sequence.shelf import Shelf
from synth.ui.sequence_jobs import DeskJob, Work
from synth.ui.sequence_media import stem_of

if TYPE_CHECKING:
    from synth.ui.sequence_desks import Desk

FORMS: Final = {
    "json": ".json", "bundle": ".zip", "otio": ".otio", "edl": ".edl", "srt": ".srt",
    "vtt": ".vtt", "png": ".png", "pdf": ".pdf",
}  # fmt: skip
"""What a project can be saved as, and how the file's name ends."""

Lengths = Mapping[str, int]


def take_in(path: str, name: str, desk: Desk) -> tuple[Project, tuple[str, ...]]:
    """The project in a file that was sent, and what to know about it.

    Raises ``InvalidMedia``, ``LimitExceeded`` or ``InvalidInstruction``.
    """
    from synth.sequence.bundle import read_project

    ending = Path(name.lower()).suffix
    if ending in (".otio", ".edl"):
        with tempfile.TemporaryDirectory(dir=desk.folder) as folder:
            return _take_list(path, ending, desk, _by_name(desk, Path(folder)))
    opened = read_project(path, desk.shelf)
    return opened.project, opened.notes


def _take_list(
    path: str, ending: str, desk: Desk, media: list[Path]
) -> tuple[Project, tuple[str, ...]]:
    """A list of cuts from elsewhere, whose files are looked for by name."""
    if ending == ".otio":
        from synth.sequence.exchange.otio_read import read_otio

        project, notes = read_otio(path, desk.shelf, media=media)
    else:
        from synth.sequence.exchange.edl import read_edl

        project, notes = read_edl(path, desk.shelf, media=media)
    if any("was not given" in note for note in notes):
        notes = (*notes, "Add these files to the storyboard, then open the list again.")
    return project, notes


def _by_name(desk: Desk, folder: Path) -> list[Path]:
    """The desk's files under the names that their owner knows them by."""
    found: list[Path] = []
    for ref in desk.named():
        place = folder / ref.name
        if ref.kind != "depth" and ref.name not in (".", "..") and not place.exists():
            place.symlink_to(desk.shelf.path(ref))
            found.append(place)
    return found


def read_captions(path: str) -> tuple[tuple[Title, ...], tuple[str, ...]]:
    """The captions of an SRT or VTT file, and what was wrong with it, in sentences.

    Raises ``InvalidMedia`` or ``LimitExceeded``.
    """
    from synth.sequence.exchange.subtitles import read_subtitles

    return read_subtitles(path)


def save_as(desk: Desk, project: Project, lengths: Lengths, form: str) -> Work:
    """The work that writes a project in another form; raises ``InvalidInstruction``."""
    if form not in FORMS:
        raise InvalidInstruction(f"There is no such form. Choose one of {', '.join(FORMS)}.")

    def work(job: JobContext, me: DeskJob) -> dict[str, Any]:
        target = job.folder / f"{stem_of(project.name)}{FORMS[form]}"
        notes = write_as(form, project, desk.shelf, lengths, target, job)
        file = FileData(path=desk.serve(target), orig_name=target.name, size=target.stat().st_size)
        return {"file": file.model_dump(), "name": target.name, "notes": notes}

    return work


def write_as(
    form: str, project: Project, shelf: Shelf, lengths: Lengths, target: Path, job: JobContext
) -> list[str]:
    """Write a project in one of ``FORMS``; gives what the file cannot hold, in sentences."""
    writers: dict[str, Callable[[], Any]] = {
        "json": lambda: _write_json(project, target),
        "bundle": lambda: _write_bundle(project, shelf, target),
        "otio": lambda: _write_otio(project, lengths, target),
        "edl": lambda: _write_edl(project, lengths, target),
        "srt": lambda: _write_subtitles(project, target),
        "vtt": lambda: _write_subtitles(project, target),
        "png": lambda: _write_sheet(project, shelf, lengths, target, job),
        "pdf": lambda: _write_sheet(project, shelf, lengths, target, job),
    }
    return list(writers[form]() or ())


def _write_json(project: Project, target: Path) -> None:
    target.write_text(project.to_json(indent=1), encoding="utf-8")


def _write_bundle(project: Project, shelf: Shelf, target: Path) -> list[str]:
    from synth.sequence.bundle import write_bundle

    lost = write_bundle(project, shelf, target)
    return [f"It lacks {ref.name or 'a file'}, which is not on the server." for ref in lost]


def _write_otio(project: Project, lengths: Lengths, target: Path) -> None:
    from synth.sequence.exchange.otio_write import write_otio

    write_otio(project, lengths, target)


def _write_edl(project: Project, lengths: Lengths, target: Path) -> Any:
    from synth.sequence.exchange.edl import write_edl

    return write_edl(project, lengths, target)


def _write_subtitles(project: Project, target: Path) -> Any:
    from synth.sequence.exchange.subtitles import write_subtitles

    return write_subtitles(project, target)


def _write_sheet(
    project: Project, shelf: Shelf, lengths: Lengths, target: Path, job: JobContext
) -> list[str]:
    from synth.sequence.exchange.contact_sheet import write_contact_sheet

    pages = write_contact_sheet(
        project, lengths, shelf, target, cancel=job.cancel, progress=job.progress
    )
    if len(pages) < 2:
        return []
    pages[0].replace(target)
    return [f"This is the first of {len(pages)} pages; the PDF has them all."]
