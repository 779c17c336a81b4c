"""Where a clip lives that nobody has given a place yet, and how it gets one."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synth.errors import InvalidInstruction
from synth.media.settings import SUFFIXES, VideoFormat


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


@contextmanager
def clip_target(
    source: str | os.PathLike[str],
    output_path: str | os.PathLike[str] | None,
    format: VideoFormat,
) -> Iterator[tuple[Path, ClipFolder | None]]:
    """Where a clip made from another one goes, and what keeps it alive there.

    Without ``output_path`` that is a folder of its own, which goes if the work fails. Raises
    ``InvalidInstruction`` where the new clip would take the source's place.
    """
    if output_path is not None:
        target = Path(output_path)
        if target.exists() and Path(source).exists() and target.samefile(source):
            raise InvalidInstruction(
                f"{target.name!r} is the source itself. Choose another name for the new clip."
            )
        yield target, None
        return
    folder = ClipFolder()
    try:
        yield folder.path / f"clip{SUFFIXES[format]}", folder
    except BaseException:
        folder.remove()
        raise
