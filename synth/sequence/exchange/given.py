"""Media that a person hands over beside somebody's timeline, found by name or by content."""

from __future__ import annotations

import mimetypes
import os
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from synth.sequence.project import MediaKind, MediaRef
from synth.sequence.shelf import Shelf, content_hash

_KINDS: Final[dict[str, MediaKind]] = {"image": "photo", "video": "video", "audio": "sound"}


class GivenMedia:
    """The files that were handed over; each is put on the shelf when it is first used.

    A timeline's own paths are never opened: it may come from anywhere and name anything.
    """

    def __init__(self, paths: Iterable[str | os.PathLike[str]], shelf: Shelf) -> None:
        self._shelf = shelf
        self._paths = [Path(path) for path in paths]
        self._added: dict[Path, MediaRef] = {}
        self._hashes: dict[str, Path] | None = None

    def by_name(self, names: Iterable[str]) -> MediaRef | None:
        """The file of one of these names or URLs, whatever folders they speak of.

        Whole names count before names without their suffix; letters may be large or small.
        """
        wanted = [base_name(name).casefold() for name in names if name]
        for wanting in (
            lambda path: path.name.casefold() in wanted,
            lambda path: path.stem.casefold() in {w.rsplit(".", 1)[0] for w in wanted},
        ):
            found = [path for path in self._paths if wanting(path)]
            if len(found) == 1:
                return self._add(found[0])
        return None

    def supply(self, ref: MediaRef) -> None:
        """Put a file on the shelf that is known by its content, if it was handed over."""
        if self._shelf.has(ref):
            return
        if self._hashes is None:
            self._hashes = {content_hash(path): path for path in self._paths if path.is_file()}
        if ref.sha256 in self._hashes:
            self._shelf.add(self._hashes[ref.sha256], ref.kind, ref.name)

    def _add(self, path: Path) -> MediaRef:
        if path not in self._added:
            guessed = (mimetypes.guess_type(path.name)[0] or "video").split("/")[0]
            self._added[path] = self._shelf.add(path, _KINDS.get(guessed, "video"))
        return self._added[path]


def base_name(url: str) -> str:
    """The file's own name in a path of any system, or in a URL."""
    path = urllib.parse.unquote(url) if "%" in url else url
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
