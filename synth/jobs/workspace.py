"""A private folder for one piece of work: nobody else can read it, and it goes away.

Folders are named ``motion-synth-<owner's process id>-<random>`` so that a sweep at start-up can
tell the leavings of a process that was killed from the folders of one that still runs.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

from synth.errors import LimitExceeded
from synth.limits import LIMITS

_LOG = logging.getLogger(__name__)
_PREFIX = "motion-synth-"
_NAME = re.compile(rf"{_PREFIX}(?P<pid>\d+)-[0-9a-f]{{32}}")


class Workspace:
    """A folder of mode 0700 with an unguessable name, removed with everything in it.

    Use it as a context manager, or call ``remove`` from any thread, any number of times.
    """

    def __init__(self, root: Path | None = None, *, free_bytes: int | None = None) -> None:
        """Make the folder.

        Args:
            root: where to make it; the system's folder for temporary files by default.
            free_bytes: free space that must be there, bytes; the server's limit by default.

        Raises:
            LimitExceeded: the disk has less free space than that.
        """
        place = Path(root if root is not None else tempfile.gettempdir())
        needed = LIMITS.free_disk_bytes if free_bytes is None else free_bytes
        free = shutil.disk_usage(place).free
        if free < needed:
            raise LimitExceeded(
                f"The disk has {free / 1e6:.0f} MB free; a job starts with at least "
                f"{needed / 1e6:.0f} MB. Free some space and try again."
            )
        self.path = place / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(16)}"
        """The folder."""
        self.path.mkdir(mode=0o700)

    def file(self, name: str) -> Path:
        """Path of a file in the folder; only the last part of ``name`` is used."""
        return self.path / Path(name).name

    def remove(self) -> None:
        """Delete the folder and all that is in it; harmless when it is already gone."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.path.exists():
            _LOG.warning("A work folder could not be removed: %s", self.path)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()


def sweep_stale(root: Path | None = None, *, minimum_age: float = 60.0) -> int:
    """Remove the folders of processes that no longer run; called once at start-up.

    Only directories of this user that carry this module's naming are touched, never links.

    Args:
        root: where to look; the system's folder for temporary files by default.
        minimum_age: folders younger than this many seconds stay, whoever made them.

    Returns:
        How many folders were removed.
    """
    place = Path(root if root is not None else tempfile.gettempdir())
    removed = 0
    for entry in os.scandir(place):
        match = _NAME.fullmatch(entry.name)
        if match is None or not entry.is_dir(follow_symlinks=False):
            continue
        status = entry.stat(follow_symlinks=False)
        too_young = time.time() - status.st_mtime < minimum_age
        if status.st_uid != os.getuid() or too_young or _is_running(int(match["pid"])):
            continue
        shutil.rmtree(entry.path, ignore_errors=True)
        removed += 1
    return removed


def _is_running(pid: int) -> bool:
    """Whether a process of this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
