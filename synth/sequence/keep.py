"""Finished files that are kept so that nothing is made twice: whole and unharmed, or not there.

A file lies under the hash of all that decided it. Beside it stands a small JSON with what is known
of it and a digest of its bytes; only both together count. Whoever is killed at any moment leaves
at worst a nameless file behind, which the next one sweeps away.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from synth.errors import SynthError
from synth.json_text import read_json

_LOCK: Final = ".lock"
_SIDE: Final = ".json"


@dataclass(frozen=True)
class Kept:
    """A file that is kept."""

    key: str
    path: Path
    told: Mapping[str, Any]
    """What its maker wanted to be remembered of it."""


def key_of(values: Mapping[str, Any]) -> str:
    """The hash of plain values, 40 hexadecimal digits: the same values give the same key."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


class Keep:
    """A folder of kept files of one kind. Safe between threads and between processes.

    Use it as a context manager; while it is open, nobody else sweeps the folder.
    """

    def __init__(self, folder: Path, suffix: str) -> None:
        """Use ``folder``, which is made if it is not there; files end in ``suffix``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._suffix = suffix
        self._sound: dict[str, tuple[int, int]] = {}
        self._mutex = threading.Lock()
        self._lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if self._alone():
            for leftover in folder.iterdir():
                if leftover.name.startswith(".") and leftover.name != _LOCK:
                    leftover.unlink(missing_ok=True)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder; safe to call more than once."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def told(self, key: str) -> dict[str, Any] | None:
        """What is remembered of a file, even where the file itself was dropped; else None."""
        values = self._values(key)
        return None if values is None else values["told"]

    def find(self, key: str) -> Kept | None:
        """The file of this key, if it is here and its bytes are those that were written."""
        path = self.folder / (key + self._suffix)
        values = self._values(key)
        try:
            status = path.stat()
            mark = status.st_size, status.st_mtime_ns
            with self._mutex:
                checked = self._sound.get(key) == mark
            if values is None or values.get("bytes") != status.st_size:
                return None
            if not checked and values.get("digest") != _digest(path):
                return None
            # What was of use last goes last; the time of change stays: it marks what was checked.
            os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))
        except OSError:
            return None
        with self._mutex:
            self._sound[key] = mark
        return Kept(key, path, values["told"])

    def make(self, key: str, work: Callable[[Path], Mapping[str, Any]]) -> Kept:
        """Make the file of this key; where somebody else finished it meanwhile, theirs stays.

        Args:
            key: from ``key_of``.
            work: writes the file at the path that it is given, and returns what is to be
                remembered, as plain values. Where it raises, nothing stays.
        """
        working = self.folder / f".{secrets.token_hex(8)}{self._suffix}"
        path = self.folder / (key + self._suffix)
        side = self.folder / (key + _SIDE)
        before = self._values(key)
        try:
            told = dict(work(working))
            _flush(working)
            values = {
                "bytes": working.stat().st_size,
                "digest": _digest(working),
                "told": told,
                "told_digest": key_of(told),
            }
            with self._publishing():
                theirs = self.find(key)
                if theirs is not None and self._values(key) != before:
                    return theirs
                # In this order, a kill in between leaves at most a file that does not count yet.
                side.unlink(missing_ok=True)
                working.replace(path)
                working.write_text(json.dumps(values, ensure_ascii=False), "utf-8")
                _flush(working)
                working.replace(side)
        finally:
            working.unlink(missing_ok=True)
        status = path.stat()
        with self._mutex:
            self._sound[key] = status.st_size, status.st_mtime_ns
        return Kept(key, path, told)

    def trim(self, needed: Collection[str], most_bytes: int) -> None:
        """Drop files beyond a size, the longest unused first, but none that is needed.

        What is remembered of them goes as well, unless it is needed. Nothing is dropped while
        somebody else uses the folder.
        """
        try:
            if not self._alone():
                return
            files = [path for path in self.folder.iterdir() if path.suffix == self._suffix]
            spare = sorted(
                (path for path in files if path.stem not in needed),
                key=lambda path: path.stat().st_atime_ns,
            )
            over = sum(path.stat().st_size for path in files) - most_bytes
            for path in spare:
                if over <= 0:
                    break
                over -= path.stat().st_size
                path.with_suffix(_SIDE).unlink(missing_ok=True)
                path.unlink(missing_ok=True)
        finally:
            # An attempt that failed has let go of the lock as well.
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _values(self, key: str) -> dict[str, Any] | None:
        """The JSON beside a file, if it is whole and unharmed."""
        try:
            values = read_json((self.folder / (key + _SIDE)).read_bytes())
        except (OSError, SynthError):
            return None
        if not isinstance(values, dict) or not isinstance(values.get("told"), dict):
            return None
        return values if values.get("told_digest") == key_of(values["told"]) else None

    @contextmanager
    def _publishing(self) -> Iterator[None]:
        """One at a time, among all threads and processes: what counts never stops counting."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _alone(self) -> bool:
        """Whether nobody else has the folder open; then it is locked against others."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()


def _flush(path: Path) -> None:
    """Make a file durable before it gets its name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
