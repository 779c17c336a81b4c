"""Where a project's media lie: one folder, each file under the hash of its content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from pathlib import Path

from synth.errors import InvalidMedia, LimitExceeded
from synth.limits import LIMITS
from synth.sequence.places import Disk
from synth.sequence.project import MediaKind, MediaRef, Project

_CHUNK = 1 << 20
_HALF = re.compile(r"\.[0-9a-f]{16}\.(part|bundle)")
_LONG_AGO = 86_400.0
"""Seconds after which nobody still copies or unpacks a file."""
_LARGEST = {
    "photo": LIMITS.image_bytes, "depth": LIMITS.image_bytes, "video": LIMITS.video_bytes,
    "sound": LIMITS.video_bytes, "lut": 16_000_000,
}  # fmt: skip


class Shelf:
    """Keeps files by content, so that the same file is kept once and a name never decides.

    What is put on it is a copy; nobody writes into it afterwards. A shelf belongs to one person's
    work, as its folder does.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Use ``folder``, which is made if it is not there."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()

    def add(self, path: str | os.PathLike[str], kind: MediaKind, name: str = "") -> MediaRef:
        """Copy a file onto the shelf, complete or not at all.

        Args:
            path: the file.
            kind: what it is for; what it holds is checked when it is opened.
            name: what its owner calls it; the file's own name otherwise.

        Raises:
            InvalidMedia: there is no such file.
            LimitExceeded: it is larger than allowed, or the disk is full.
        """
        source = Path(path)
        shown = _plain(name or source.name)
        if not source.is_file():
            raise InvalidMedia(f"The file {shown!r} is not there. Choose it again.")
        size = source.stat().st_size
        if size > _LARGEST[kind]:
            raise LimitExceeded(
                f"{shown!r} is {size / 1e6:.0f} MB; the limit is {_LARGEST[kind] / 1e6:.0f} MB. "
                "Make it smaller and try again."
            )
        disk = Disk(self.folder)
        disk.check(size)
        partial = self.folder / f".{secrets.token_hex(8)}.part"
        digest = hashlib.sha256()
        try:
            with source.open("rb") as reader, partial.open("xb") as writer:
                while block := reader.read(_CHUNK):
                    digest.update(block)
                    writer.write(block)
                    disk.take(len(block))
            partial.replace(self.folder / digest.hexdigest())
        finally:
            partial.unlink(missing_ok=True)
        return MediaRef(sha256=digest.hexdigest(), name=shown, kind=kind)

    def has(self, ref: MediaRef) -> bool:
        """Whether the file is here."""
        return (self.folder / ref.sha256).is_file()

    def path(self, ref: MediaRef) -> Path:
        """Where the file lies; raises ``InvalidMedia`` when it is not here."""
        found = self.folder / ref.sha256
        if not found.is_file():
            raise InvalidMedia(
                f"The file {ref.name or 'of this project'!r} is missing here. Add it again, or "
                "open the project from its bundle."
            )
        return found

    def missing(self, project: Project) -> tuple[MediaRef, ...]:
        """The files that the project needs and that are not here, each once."""
        needed = {ref.sha256: ref for ref in project.media()}
        return tuple(ref for ref in needed.values() if not self.has(ref))

    def _sweep(self) -> None:
        """Delete what somebody who was killed left half copied or half unpacked long ago."""
        for left in self.folder.glob(".*"):
            with contextlib.suppress(OSError):
                if _HALF.fullmatch(left.name) and time.time() - left.stat().st_mtime > _LONG_AGO:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()

    def remove(self) -> None:
        """Delete the shelf and all that is on it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, as ``MediaRef`` has it; raises ``OSError``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(name: str) -> str:
    """A name that can stand in a project: no path, no control characters."""
    kept = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())
    return kept[:200]
