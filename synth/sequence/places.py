"""Where files are put: whether the place can hold them, and how they get there whole."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from synth.errors import InvalidInstruction, LimitExceeded
from synth.explain import short
from synth.limits import LIMITS, Limits
from synth.media.reasons import reason

_EVERY: Final = 32_000_000
"""Bytes after which the disk is looked at again."""


def check_place(target: Path) -> None:
    """Raise ``InvalidInstruction`` for a place that no file can go to, before hours of work."""
    try:
        os.stat(target)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:
        raise InvalidInstruction(
            f"The file name {short(target.name)} cannot be used: {reason(error)}. Choose another."
        ) from None
    if target.is_dir():
        raise InvalidInstruction(f"{target.name!r} is a folder. Choose a file name.")
    folder = target.absolute().parent
    if not folder.is_dir():
        raise InvalidInstruction(f"The folder {folder.name!r} does not exist. Create it first.")
    if not os.access(folder, os.W_OK):
        raise InvalidInstruction(
            f"The folder {folder.name!r} cannot be written to. Choose another folder."
        )


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A path to write to; it becomes ``target`` at the end, or goes away.

    Raises ``InvalidInstruction`` for a place that cannot hold the file.
    """
    check_place(target)
    partial = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


class Disk:
    """Sees that the disk a folder is on keeps its spare room while files come in."""

    def __init__(self, folder: Path, *, limits: Limits = LIMITS) -> None:
        """Watch the disk of ``folder``, which is there."""
        self._folder = folder
        self._limits = limits
        self._unseen = 0

    def check(self, needed: int = 0) -> None:
        """Raise ``LimitExceeded`` where so many bytes do not fit beside what must stay free."""
        free = shutil.disk_usage(self._folder).free
        spare = self._limits.free_disk_bytes
        self._unseen = 0
        if free < needed + spare:
            wants = f"{needed / 1e6:.0f} MB are needed and the" if needed else "The"
            raise LimitExceeded(
                f"{wants} disk has {free / 1e6:.0f} MB free, of which {spare / 1e6:.0f} MB must "
                "stay. Free some space."
            )

    def take(self, size: int) -> None:
        """Count bytes that were written; the disk is looked at now and then. Raises as ``check``.

        Others write to it as well, so that what was free at the beginning says little at the end.
        """
        self._unseen += size
        if self._unseen >= _EVERY:
            self.check()
