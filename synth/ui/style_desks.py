"""Where the Style tab keeps what a visitor works on: reference clips, styles, a photo, jobs."""

from __future__ import annotations

import operator
import re
import secrets
import shutil
import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from gradio.utils import get_upload_folder

from synth.errors import InvalidInstruction, LimitExceeded
from synth.jobs import Workspace
from synth.style.library import StyleLibrary, checked_name
from synth.style.model import StyleFile
from synth.style.references import MOST_FILES, References
from synth.ui.desks import Registry
from synth.ui.footage import open_clip
from synth.ui.sequence_jobs import DeskJob

_BYTES: Final = 4_000_000_000
"""Most that one desk may hold, references and styles together."""
_JOBS_KEPT: Final = 4
_UNSAFE: Final = re.compile(r"[^\w.() -]+")


@dataclass(frozen=True)
class Reference:
    """A reference clip that was sent."""

    id: str
    """Its name on the page."""
    path: Path
    """The file, under the name that its owner knows."""
    picture: str
    """Its first picture, small, as a ``data:`` address."""
    seconds: float
    """How long it is."""
    facts: str
    """Size and rate in words."""
    checked: bool = False
    """Whether the check has looked at it."""
    bad: bool = False
    """Whether it cannot be used."""
    notes: tuple[str, ...] = field(default=())
    """What the check said of it."""

    def shown(self, before: Reference | None = None) -> dict[str, Any]:
        """As the page gets it, with the clip that it was before the grade."""
        return {
            "id": self.id, "name": self.path.name, "picture": self.picture,
            "seconds": self.seconds, "facts": self.facts, "checked": self.checked,
            "bad": self.bad, "notes": list(self.notes),
            "before": "" if before is None else before.path.name,
        }  # fmt: skip


class StyleDesk:
    """One visitor's references and styles on the server."""

    def __init__(self) -> None:
        """Make an empty desk; raises ``LimitExceeded`` where the disk is full."""
        self.id = secrets.token_hex(24)
        """Its name, which only the visitor's browser is told."""
        self.touched = time.monotonic()
        """When it was last used."""
        self._workspace = Workspace()
        self.library = StyleLibrary(self.folder / "styles")
        """The styles."""
        self.photo: Path | None = None
        """A photo to try styles on."""
        self._references: OrderedDict[str, Reference] = OrderedDict()
        self._befores: OrderedDict[str, Reference] = OrderedDict()
        self._own: set[tuple[int, int]] = set()
        self._told: dict[str, list[str]] = {}
        self._checked: References | None = None
        self._jobs: OrderedDict[str, DeskJob] = OrderedDict()
        self._served: list[Path] = []
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Everything of the desk lies in it."""
        return self._workspace.path

    @property
    def busy(self) -> bool:
        """Whether a job of it runs."""
        return any(not job.done for job in self.jobs())

    # --- references ---

    def references(self) -> tuple[Reference, ...]:
        """The reference clips, in the order in which they came."""
        with self._lock:
            return tuple(self._references.values())

    def add_reference(self, source: Path, name: str) -> Reference:
        """Keep a copy of a clip.

        Raises ``InvalidMedia`` for what is no video that can be read, ``LimitExceeded`` for too
        many clips, or too large ones.
        """
        if len(self.references()) >= MOST_FILES:
            raise LimitExceeded(
                f"There are {MOST_FILES} reference clips already. Remove some first."
            )
        found = self._copied(source, name)
        with self._lock:
            self._references[found.id] = found
            self._told, self._checked = {}, None
        return found

    def add_before(self, source: Path, name: str) -> Reference:
        """Keep a copy of a reference clip as it was before the grade; raises as above."""
        if len(self.befores()) >= MOST_FILES:
            raise LimitExceeded(
                f"There are {MOST_FILES} clips before the grade already. Remove some first."
            )
        found = self._copied(source, name)
        with self._lock:
            self._befores[found.id] = found
        return found

    def befores(self) -> tuple[Reference, ...]:
        """The clips before the grade, in the order in which they came."""
        with self._lock:
            return tuple(self._befores.values())

    def drop_befores(self) -> None:
        """Delete all clips before the grade."""
        with self._lock:
            gone = list(self._befores.values())
            self._befores.clear()
        for one in gone:
            shutil.rmtree(one.path.parent, ignore_errors=True)

    def neutral(self, files: Sequence[Path]) -> list[Path]:
        """Ungraded footage for references: the very clips in the order of ``files`` where each has
        one, else all there are.
        """
        befores = self.befores()
        pairs = paired(self.references(), befores)
        known = {one.path: pairs[one.id].path for one in self.references() if one.id in pairs}
        if files and all(path in known for path in files):
            return [known[path] for path in files]
        return [one.path for one in befores]

    def _copied(self, source: Path, name: str) -> Reference:
        self.check_room(source.stat().st_size)
        id = secrets.token_hex(8)
        place = self.folder / "references" / id
        place.mkdir(parents=True)
        path = place / safe_name(name, "clip.mp4")
        try:
            shutil.copyfile(source, path)
            clip, poster = open_clip(str(path), path.name)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        facts = f"{clip.width} × {clip.height}, {float(clip.rate):.4g} fps"
        return Reference(id, path, poster, clip.seconds, facts)

    def drop_reference(self, id: object) -> None:
        """Delete a reference clip; None deletes all."""
        with self._lock:
            gone = [one for one in self._references.values() if id is None or one.id == id]
            for one in gone:
                del self._references[one.id]
            self._told, self._checked = {}, None
        for one in gone:
            shutil.rmtree(one.path.parent, ignore_errors=True)

    @property
    def checked(self) -> References | None:
        """What the check found of the references as they are now; None where it has not run."""
        with self._lock:
            return self._checked

    def hear(self, found: References) -> None:
        """Take what the check said: what is about one clip goes to it, the rest to all."""
        with self._lock:
            self._checked = found
            left_notes, left_problems = list(found.notes), list(found.problems)
            for id, one in self._references.items():
                begins = (f"{one.path.name}:", f"{one.path.name} ")
                bad = [said for said in left_problems if said.startswith(begins)]
                mine = [said for said in left_notes if said.startswith(begins)]
                left_problems = [said for said in left_problems if said not in bad]
                left_notes = [said for said in left_notes if said not in mine]
                words = tuple(_without_name(said, one.path.name) for said in (*bad, *mine))
                self._references[id] = replace(one, checked=True, bad=bool(bad), notes=words)
            self._told = {"notes": left_notes, "problems": left_problems}

    def shown_references(self) -> dict[str, Any]:
        """As the page gets them."""
        with self._lock:
            told = dict(self._told)
        references, befores = self.references(), self.befores()
        pairs = paired(references, befores)
        return {
            "references": [one.shown(pairs.get(one.id)) for one in references],
            "befores": [one.shown() for one in befores],
            "told": told,
        }

    # --- styles that were made here ---

    def made_here(self, style: StyleFile) -> None:
        """Remember that the visitor made a style, whatever it will be called."""
        with self._lock:
            self._own.add(_mark(style))

    def owns(self, style: StyleFile) -> bool:
        """Whether the visitor made it here."""
        with self._lock:
            return _mark(style) in self._own

    # --- jobs and files ---

    def jobs(self) -> tuple[DeskJob, ...]:
        """Its jobs, the latest last."""
        with self._lock:
            return tuple(self._jobs.values())

    def keep(self, job: DeskJob) -> None:
        """Remember a job; the oldest that have ended are forgotten."""
        with self._lock:
            self._jobs[job.id] = job
            for id, old in list(self._jobs.items()):
                if len(self._jobs) > _JOBS_KEPT and old.done:
                    del self._jobs[id]

    def job(self, id: object) -> DeskJob | None:
        """A job of this desk by its name."""
        with self._lock:
            return self._jobs.get(id) if isinstance(id, str) else None

    def serve(self, path: Path, name: str) -> Path:
        """Put a file where the page may fetch it until the desk goes; its path there.

        It lies in a folder that nobody can guess.
        """
        folder = Path(get_upload_folder()) / f"style-{secrets.token_hex(16)}"
        folder.mkdir(parents=True)
        with self._lock:
            self._served.append(folder)
        target = folder / safe_name(name, "style")
        shutil.copy2(path, target)
        return target

    def check_room(self, more: int = 0) -> None:
        """Raise ``LimitExceeded`` where the desk holds more than it may."""
        used = sum(one.stat().st_size for one in self.folder.rglob("*") if one.is_file())
        if used + more > _BYTES:
            raise LimitExceeded(
                f"Your references and styles would take {(used + more) / 1e9:.1f} GB here; the "
                f"limit is {_BYTES / 1e9:.0f} GB. Remove what you no longer need."
            )

    def close(self) -> None:
        """Stop its jobs and delete everything."""
        for job in self.jobs():
            job.close()
        self._workspace.remove()
        with self._lock:
            served, self._served = self._served, []
        for folder in served:
            shutil.rmtree(folder, ignore_errors=True)


class StyleDesks(Registry[StyleDesk]):
    """The desks of one served page."""

    def __init__(self, forget_after: float) -> None:
        """``forget_after`` is how long an idle desk is kept, seconds."""
        super().__init__(
            StyleDesk,
            forget_after=forget_after,
            full="{most} people are learning styles here already. Try again in a while.",
            lost="The server no longer has your references and styles. Add the clips again, or "
            "import the files that you downloaded.",
        )


def paired(references: Sequence[Reference], befores: Sequence[Reference]) -> dict[str, Reference]:
    """Which clip is a reference before its grade, by the reference's ``id``.

    They go together by the same name, then where one name begins as the other, then by their order.
    """
    found: dict[str, Reference] = {}
    left = list(befores)
    for same in (operator.eq, _begins, lambda *_: True):
        for one in references:
            if one.id in found:
                continue
            hit = next((other for other in left if same(_stem(one), _stem(other))), None)
            if hit is not None:
                found[one.id] = hit
                left.remove(hit)
    return found


def _stem(clip: Reference) -> str:
    return clip.path.stem.casefold()


def _begins(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and not long[len(short) :][:1].isalnum()


def _mark(style: StyleFile) -> tuple[int, int]:
    status = style.path.stat()
    return status.st_ino, status.st_mtime_ns


def safe_name(name: str, otherwise: str) -> str:
    """A file's name that is safe in a folder and still the one that its owner knows."""
    bare = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    kept = _UNSAFE.sub("_", bare).strip(" .")[-80:].strip(" .")
    return kept or otherwise


def read_name(value: object) -> str:
    """A name that somebody typed. Raises ``InvalidInstruction`` for none."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInstruction("Give the style a name, such as “cinematic noir”.")
    return value.strip()


def free_name(desk: StyleDesk, value: object) -> str:
    """A name for a new style of this desk. Raises ``InvalidInstruction``: nobody may learn a style
    for hours whose name cannot be one, or is taken.
    """
    name = checked_name(read_name(value))
    if any(one.name.casefold() == name.casefold() for one in desk.library.list()):
        raise InvalidInstruction(
            f"There is already a style {name!r}. Choose another name, or delete that one."
        )
    return name


def _without_name(said: str, name: str) -> str:
    """A sentence that stands on the clip's own card."""
    rest = said.removeprefix(f"{name}:").removeprefix(name).strip()
    return rest[:1].upper() + rest[1:]
