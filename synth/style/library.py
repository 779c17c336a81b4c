"""A private folder of styles: added as checked copies, called by name, shown, renamed, deleted.

A style is one ``.safetensors`` file, and its name is the file's name, so there is no list that
could tell anything else. What a stranger calls a style is compared with the names that are there
and never made a path of. Two processes may use one folder: who changes it holds its lock.
"""

from __future__ import annotations

import difflib
import fcntl
import os
import re
import secrets
import shutil
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from synth.control import CancelToken
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, SynthError
from synth.explain import short
from synth.limits import LIMITS
from synth.style.files import read_style
from synth.style.files_header import open_safetensors
from synth.style.look_file import read_look
from synth.style.look_picture import look_thumbnail
from synth.style.model import StyleFile

LONGEST_NAME: Final = 60
"""Most characters of a style's name."""

_SUFFIX: Final = ".safetensors"
_NAME: Final = re.compile(r"[^\W_](?:[\w -]*[\w-])?")
_HALF: Final = re.compile(r"\.[0-9a-f]{16}\.safetensors")
_LONG_AGO: Final = 86_400.0
"""Seconds after which nobody still copies a file."""
_CHUNK: Final = 1 << 22


class StyleLibrary:
    """Somebody's styles, in a folder of their own. Safe between threads and processes."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Use ``folder``, which is made if it is not there; nobody else writes into it."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._told: dict[str, tuple[tuple[int, int, int], StyleFile]] = {}
        self._mutex = threading.Lock()
        self._sweep()

    def list(self) -> tuple[StyleFile, ...]:
        """All styles by name; looks with a thumbnail of what they do. One that is unsound is not.

        Files are not read again unless they changed.
        """
        found = []
        for _, path in sorted(self._paths().items()):
            with suppress(SynthError, OSError):
                found.append(self._tell(path))
        return tuple(found)

    def add(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        cancel: CancelToken | None = None,
    ) -> StyleFile:
        """Copy a style into the library, checked, complete or not at all.

        Args:
            path: a ``.safetensors`` file.
            name: what to call it; left out, as its file, with a number where that is taken.
            cancel: stops the work.

        Raises:
            InvalidMedia: it is not a sound style.
            LimitExceeded: it is larger than ``LIMITS.style_bytes``, there are ``LIMITS.styles``
                already, or the disk is full.
            InvalidInstruction: the name cannot be one, or another style has it.
            Cancelled: ``cancel`` was set.
        """
        wanted = None if name is None else checked_name(name)
        partial = self.folder / f".{secrets.token_hex(8)}{_SUFFIX}"
        try:
            self._copy(Path(path), partial, cancel)
            try:
                file = read_style(partial, cancel=cancel)
                if file.kind == "look":
                    read_look(file)
            except InvalidMedia as error:
                # The copy's name would say nothing to anybody.
                said = str(error).replace(repr(partial.name), repr(Path(path).name))
                raise InvalidMedia(said) from None
            with self._changing():
                there = self._paths()
                if len(there) >= LIMITS.styles:
                    raise LimitExceeded(
                        f"The library holds {len(there)} styles; the limit is {LIMITS.styles}. "
                        "Delete one that is not needed."
                    )
                called = wanted or _free_name(Path(path).stem, there)
                if _folded(called) in there:
                    raise _taken(called)
                target = self.folder / (called + _SUFFIX)
                partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return self._tell(target)

    def inspect(self, name: str) -> StyleFile:
        """One style; raises ``InvalidInstruction`` where there is none of that name."""
        return self._tell(self._find(name))

    def rename(self, name: str, new: str) -> StyleFile:
        """Call a style something else; tags that are written somewhere keep the old name.

        Raises ``InvalidInstruction`` where there is no such style, the new name cannot be one, or
        another style has it.
        """
        called = checked_name(new)
        with self._changing():
            path = self._find(name)
            other = self._paths().get(_folded(called))
            if other is not None and other != path:
                raise _taken(called)
            target = self.folder / (called + _SUFFIX)
            path.replace(target)
        return self._tell(target)

    def delete(self, name: str) -> None:
        """Delete a style; raises ``InvalidInstruction`` where there is none of that name."""
        with self._changing():
            path = self._find(name)
            path.unlink(missing_ok=True)
        with self._mutex:
            self._told.pop(path.name, None)

    def resolver(self, name: str) -> StyleFile:
        """The style that a tag names, as ``Resolver``: names of this library, never paths."""
        return self.inspect(name)

    def _find(self, name: str) -> Path:
        there = self._paths()
        found = there.get(_folded(name.strip().removesuffix(_SUFFIX)))
        if found is not None:
            return found
        names = [path.stem for path in there.values()]
        close = difflib.get_close_matches(name[:LONGEST_NAME], names, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        listed = ", ".join(sorted(names)[:12]) + (", …" if len(names) > 12 else "")
        raise InvalidInstruction(
            f"There is no style {short(name)} in the library. {hint}"
            + (f"It holds {listed}." if names else "It is empty: learn a style or add a file.")
        )

    def _paths(self) -> dict[str, Path]:
        """Files of styles by their names without case."""
        return {
            _folded(path.stem): path
            for path in self.folder.iterdir()
            if path.suffix == _SUFFIX and not path.name.startswith(".")
        }

    def _tell(self, path: Path) -> StyleFile:
        try:
            status = path.stat()
        except OSError:
            raise InvalidInstruction(
                f"The style {path.stem!r} was deleted meanwhile. Choose another one."
            ) from None
        mark = status.st_ino, status.st_size, status.st_mtime_ns
        with self._mutex:
            known = self._told.get(path.name)
        if known is not None and known[0] == mark:
            return known[1]
        # Every number was read when it was added.
        found = replace(read_style(path, values=False), name=path.stem)
        if found.kind == "look":
            found = replace(found, thumbnail=look_thumbnail(read_look(found)))
        with self._mutex:
            self._told[path.name] = mark, found
        return found

    def _copy(self, source: Path, partial: Path, cancel: CancelToken | None) -> None:
        with open_safetensors(source) as reader:
            size = os.fstat(reader.fileno()).st_size
            if shutil.disk_usage(self.folder).free < size + LIMITS.free_disk_bytes:
                raise LimitExceeded(
                    f"There is no room for a style of {size / 1e6:.0f} MB. Delete others first."
                )
            with partial.open("xb") as writer:
                left = LIMITS.style_bytes
                while left > 0 and (block := reader.read(min(_CHUNK, left))):
                    if cancel is not None:
                        cancel.check()
                    writer.write(block)
                    left -= len(block)
        partial.chmod(0o600)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One at a time, among all threads and processes."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _sweep(self) -> None:
        """Delete what somebody who was killed left half copied long ago."""
        for left in self.folder.glob(".*"):
            with suppress(OSError):
                if _HALF.fullmatch(left.name) and time.time() - left.stat().st_mtime > _LONG_AGO:
                    left.unlink()


def checked_name(name: str) -> str:
    """A style's name as it is kept: letters, digits, dash, underscore and space.

    Raises ``InvalidInstruction`` for one that cannot be a name.
    """
    plain = unicodedata.normalize("NFC", " ".join(name.split()))
    if len(plain) > LONGEST_NAME or not _NAME.fullmatch(plain):
        raise InvalidInstruction(
            f"A style cannot be called {short(name)}. Use up to {LONGEST_NAME} letters, digits, "
            "dashes, underscores and spaces, the first of them a letter or digit."
        )
    return plain


def advice(file: StyleFile) -> tuple[str, ...]:
    """How to use a style, in sentences."""
    if file.kind == "look":
        said = ["A look: the photo's own geometry obeys it; models do not."]
    elif file.base:
        bases = " or ".join([file.base, *file.also])
        said = [f"A LoRA of rank {file.rank} for {bases}; backends of that model obey it."]
    else:
        said = [
            f"A LoRA of rank {file.rank}; for which model, the file does not tell. It is tried "
            "when it is used."
        ]
    said.append(f"Begin with a strength of {file.strength:g}; 0 changes nothing.")
    if file.triggers:
        said.append(f"Its maker asks for these words in the prompt: {', '.join(file.triggers)}.")
    said.append(
        f"Licence, as its maker says: {file.licence}."
        if file.licence
        else "The file names no licence; ask its maker before you publish."
    )
    return tuple(said)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _free_name(stem: str, there: dict[str, Path]) -> str:
    plain = re.sub(r"[^\w -]+", " ", unicodedata.normalize("NFC", stem))
    plain = " ".join(plain.split()).lstrip("_- ")[: LONGEST_NAME - 5].strip()
    first = plain if _NAME.fullmatch(plain) else "style"
    called, number = first, 2
    while _folded(called) in there:
        called, number = f"{first} {number}", number + 1
    return called


def _taken(name: str) -> InvalidInstruction:
    return InvalidInstruction(f"There is already a style {name!r}. Choose another name.")
