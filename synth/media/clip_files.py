"""Where a clip lives that nobody has given a place yet, and how it gets one."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

from synth.errors import InvalidInstruction


class ClipFolder:
    """A private folder that goes, with what is in it, when nothing refers to it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="motion-synth-"))
        """The folder."""
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Delete it now; safe to call more than once."""
        self._remove()


def save_clip(clip: Path, path: str | os.PathLike[str]) -> Path:
    """Copy a clip, complete or not at all; returns where it is now.

    Raises ``InvalidInstruction`` when the folder does not exist.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise InvalidInstruction(
            f"The folder {str(target.parent)!r} does not exist. Create it first."
        )
    if target.resolve() != clip.resolve():
        partial = target.with_name(f".{target.name}.part")
        try:
            shutil.copyfile(clip, partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return target
