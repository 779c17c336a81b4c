"""A project in one file, with all of its media or without: written, and read back with care.

A bundle is a zip: ``project.json``, and each file under ``media/`` by the hash of its content.
What comes from outside is inflated under caps that are counted while it happens, into a folder
beside the shelf, and only moved onto the shelf once all of it proved to be what it says.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, SynthError
from synth.explain import short
from synth.json_text import read_json
from synth.limits import LIMITS, Limits
from synth.media import read_metadata
from synth.media.image import check_size, open_picture, open_regular
from synth.media.reasons import reason
from synth.media.story import METADATA_KEY
from synth.sequence.clips import look_at
from synth.sequence.places import Disk, whole_file
from synth.sequence.project import MOST_VALUES, SCHEMA, MediaRef, Project
from synth.sequence.shelf import Shelf

PROJECT_ENTRY: Final = "project.json"
MEDIA_FOLDER: Final = "media/"

_CHUNK: Final = 1 << 20
_MOST_ENTRIES: Final = 2_000
_MOST_DIRECTORY: Final = 1_000_000
"""Bytes of a zip's list of contents; 2,000 of our names need a tenth of it."""
_JSON_BYTES: Final = 4 * LIMITS.json_bytes
_RATIO: Final = 100
_FREE_RATIO: Final = 100_000_000
"""Unpacked bytes below which nobody asks how well they were packed: black pictures and silence
shrink a thousandfold."""
_MOST_NAMED: Final = 8
"""Damaged files that are told by name."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same project makes the same bytes."""
_SIGNATURE: Final = b"PK\x03\x04"
_LARGEST: Final = {
    "photo": LIMITS.image_bytes, "depth": LIMITS.image_bytes, "video": LIMITS.video_bytes,
    "sound": LIMITS.video_bytes, "lut": 16_000_000,
}  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """A project that was read from a file."""

    project: Project
    missing: tuple[MediaRef, ...] = ()
    """Files that it needs and that the shelf does not have; adding them makes it whole."""
    damaged: tuple[MediaRef, ...] = ()
    """Clips and photos that the shelf has and that cannot be read; all else can be worked on."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""


def write_bundle(
    project: Project, shelf: Shelf, path: str | os.PathLike[str]
) -> tuple[MediaRef, ...]:
    """Write a project with its media into one zip, which appears whole or not at all.

    Args:
        project: the project.
        shelf: where its media lie.
        path: the file to write.

    Returns:
        Files that the shelf does not have, and so are not in the bundle; usually none.

    Raises:
        InvalidInstruction: the place cannot hold the file.
        InvalidMedia: a file on the shelf is no longer what it was.
        LimitExceeded: the media are larger together than a bundle may be.
    """
    target = Path(path)
    missing = shelf.missing(project)
    absent = {ref.sha256 for ref in missing}
    kept = {ref.sha256: ref for ref in project.media() if ref.sha256 not in absent}
    total = sum(shelf.path(ref).stat().st_size for ref in kept.values())
    if total > LIMITS.bundle_bytes:
        raise LimitExceeded(
            f"The project's media are {total / 1e6:.0f} MB together; a bundle may have "
            f"{LIMITS.bundle_bytes / 1e6:.0f} MB. Save the project alone, or use shorter clips."
        )
    with whole_file(target) as partial, zipfile.ZipFile(partial, "x") as archive:
        text = project.to_json(indent=1).encode()
        archive.writestr(_entry(PROJECT_ENTRY, zipfile.ZIP_DEFLATED), text)
        for digest, ref in sorted(kept.items()):
            # Pictures, films and sound are packed already; a cube is text.
            packing = zipfile.ZIP_DEFLATED if ref.kind == "lut" else zipfile.ZIP_STORED
            with (
                shelf.path(ref).open("rb") as source,
                archive.open(_entry(MEDIA_FOLDER + digest, packing), "w") as entry,
            ):
                if _copy(source, entry) != digest:
                    raise InvalidMedia(
                        f"The file {ref.name or digest[:12]!r} was changed or damaged where it is "
                        "kept. Add it again, then save the bundle."
                    )
    return missing


def read_bundle(path: str | os.PathLike[str], shelf: Shelf, *, limits: Limits = LIMITS) -> Project:
    """The project in a bundle; its media are put on the shelf, all of them or none.

    A file that the bundle lacks is no error: ``shelf.missing(project)`` names it.

    Raises:
        InvalidMedia: no sound zip, or one with names, links, passwords or contents that no bundle
            of ours has.
        LimitExceeded: larger, packed or unpacked, than allowed.
        InvalidInstruction: its project makes no sense, or comes from a newer kind of version.
    """
    staging = shelf.folder / f".{secrets.token_hex(8)}.bundle"
    with open_regular(path, limits.bundle_bytes, "bundle") as file:
        _check_directory(file)
        try:
            with _sound(), zipfile.ZipFile(file) as archive:
                entries = _entries(archive)
                room = _Room(os.fstat(file.fileno()).st_size, limits)
                project = _project(archive, entries, room)
                wanted = _wanted(project, entries, shelf)
                if not wanted:
                    return project
                disk = Disk(shelf.folder, limits=limits)
                disk.check(sum(entry.file_size for _, entry in wanted.values()))
                staging.mkdir(mode=0o700)
                for digest, (ref, entry) in wanted.items():
                    _unpack(archive, entry, ref, staging / digest, room, disk)
            for digest in wanted:
                (staging / digest).replace(shelf.folder / digest)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return project


def read_project(path: str | os.PathLike[str], shelf: Shelf, *, limits: Limits = LIMITS) -> Opened:
    """A project from whatever file carries one: its JSON, a bundle, or a film that was made here.

    Args:
        path: the file; its name does not matter.
        shelf: where a bundle's media go, and where the others' media are looked for.
        limits: the caps.

    Raises ``InvalidMedia``, ``LimitExceeded`` or ``InvalidInstruction`` saying what is wrong.
    """
    notes: list[str] = []
    with open_regular(path, max(limits.bundle_bytes, limits.video_bytes), "project") as file:
        head = file.read(64)
        if head.startswith(_SIGNATURE):
            _check_directory(file)
    if head.startswith(_SIGNATURE) and not _is_film(path, limits):
        project = read_bundle(path, shelf, limits=limits)
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        with open_regular(path, _JSON_BYTES, "project") as file:
            project = Project.from_json(file.read())
    else:
        project = _from_film(path, limits)
        notes.append("The project was read from the film; the film itself is not part of it.")
    missing = shelf.missing(project)
    if missing:
        names = ", ".join(repr(ref.name or f"a {ref.kind}") for ref in missing[:8])
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
        notes.append(f"Files that are missing here: {names}{more}. Add them to draw the film.")
    damaged: list[MediaRef] = []
    for ref, why in unreadable(project, shelf, limits=limits):
        damaged.append(ref)
        if len(damaged) <= _MOST_NAMED:
            notes.append(f"{ref.name or f'A {ref.kind}'!r} cannot be used: {why}")
    if len(damaged) > _MOST_NAMED:
        notes.append(f"So it is with {len(damaged) - _MOST_NAMED} more files.")
    return Opened(project, missing, tuple(damaged), tuple(notes))


def unreadable(
    project: Project, shelf: Shelf, *, limits: Limits = LIMITS
) -> Iterator[tuple[MediaRef, str]]:
    """Photos and clips of shots that the shelf has and that cannot be read, each with why.

    Clips are read through without being decoded; of a photo only what it says of itself is read.
    """
    seen: set[str] = set()
    for ref in (shot.media for shot in project.shots):
        if ref.sha256 in seen or not shelf.has(ref):
            continue
        seen.add(ref.sha256)
        try:
            if ref.kind == "video":
                look_at(shelf.path(ref), limits=limits)
            elif ref.kind == "photo":
                _check_photo(shelf.path(ref), limits)
        except SynthError as error:
            yield ref, str(error)


def _check_photo(path: Path, limits: Limits) -> None:
    """Raise ``InvalidMedia`` or ``LimitExceeded`` for a file whose beginning is no picture's."""
    with open_regular(path, limits.image_bytes, "picture") as file:
        try:
            with open_picture(file, limits) as image:
                check_size(image.width, image.height, limits)
        except SynthError:
            raise
        except Exception as error:  # Pillow raises OSError, ValueError, SyntaxError and more
            raise InvalidMedia(f"The picture cannot be read: {reason(error)}") from error


def _is_film(path: str | os.PathLike[str], limits: Limits) -> bool:
    """Whether a zip is a film as pictures, which carries texts where a bundle has its project."""
    try:
        return METADATA_KEY in read_metadata(path, limits=limits)
    except SynthError:
        return False


def _from_film(path: str | os.PathLike[str], limits: Limits) -> Project:
    name = Path(path).name
    try:
        texts = read_metadata(path, limits=limits)
    except InvalidMedia:
        raise InvalidMedia(
            f"{name!r} is neither a project, nor a bundle, nor a film that can be read. Choose a "
            ".json or .zip that was saved here, or a film that was made here."
        ) from None
    text = texts.get(METADATA_KEY)
    if text is None:
        raise InvalidMedia(
            f"The film {name!r} carries no project: it was not made here, or was saved again by "
            "another program. Choose the original, or add it to a project as a clip."
        )
    values = read_json(text, most_bytes=_JSON_BYTES, most_items=MOST_VALUES)
    if isinstance(values, dict):
        for found in (values, values.get("project")):
            if isinstance(found, dict) and _is_project(found):
                return Project.from_dict(found)
        if isinstance(values.get("shot"), dict):
            raise InvalidInstruction(
                f"{name!r} is a single shot, not a film of several. Open it where shots are made, "
                "or add it to a project as a clip."
            )
    raise InvalidInstruction(f"The project inside {name!r} is damaged: it is no project of ours.")


def _is_project(values: dict[str, Any]) -> bool:
    return str(values.get("schema", "")).startswith(SCHEMA.split("/")[0] + "/")


class _Room:
    """What may still be unpacked, counted as it comes and never believed."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self._left = min(limits.bundle_bytes, max(_FREE_RATIO, _RATIO * packed))
        self._most = self._left

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise LimitExceeded(
                f"The bundle unpacks to more than {self._most / 1e6:.0f} MB, which no bundle of "
                "ours of its size does. Nothing of it was kept."
            )


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a list of contents that would fill the memory before anything of it is read."""
    size = file.seek(0, os.SEEK_END)
    tail_at = max(0, size - 65_557 - 20)
    file.seek(tail_at)
    tail = file.read()
    file.seek(0)
    ends = [found.start() for found in re.finditer(rb"PK\x05\x06", tail)]
    if not ends:
        raise InvalidMedia(
            "This is not a bundle, or it is cut off: the zip has no end. Save or upload it again."
        )
    # The two places where zipfile may look; those within packed data say nothing.
    for end in {ends[-1], *(end for end in ends if end == len(tail) - 22)}:
        length = int.from_bytes(tail[end + 12 : end + 16], "little")
        if length > _MOST_DIRECTORY or tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
            raise LimitExceeded(
                f"The bundle's list of contents is larger than any of ours ({_MOST_ENTRIES:,} "
                "files). Save the project as a bundle again."
            )


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The entries by name; raises for anything that a careless reader could be tricked with."""
    found: dict[str, zipfile.ZipInfo] = {}
    infos = archive.infolist()
    if len(infos) > _MOST_ENTRIES:
        raise LimitExceeded(
            f"The bundle holds {len(infos):,} files; the limit is {_MOST_ENTRIES:,}."
        )
    for info in infos:
        name, shown = info.filename, short(info.filename)
        # Python cuts names at a NUL; the name as it stood tells.
        if "\0" in info.orig_filename or not name.isprintable():
            raise InvalidMedia(f"The bundle holds a file with an impossible name, {shown}.")
        parts = name.replace("\\", "/").split("/")
        if "\\" in name or name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
            raise InvalidMedia(
                f"The bundle holds {shown}, a name that leads out of it. It was not opened."
            )
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InvalidMedia(
                f"The bundle holds {shown}, which is a link or a device. It was not opened."
            )
        if name in found:
            raise InvalidMedia(f"The bundle holds {shown} twice. It was not opened.")
        found[name] = info
    return found


def _project(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], room: _Room) -> Project:
    entry = entries.get(PROJECT_ENTRY)
    if entry is None:
        inner = next((name for name in entries if name.lower().endswith((".zip", ".json"))), None)
        hint = f" It holds {short(inner)}: unpack that and open it." if inner else ""
        raise InvalidMedia(f"The zip is no bundle: it holds no {PROJECT_ENTRY}.{hint}")
    parts: list[bytes] = []
    size = 0
    for block in _inflated(archive, entry):
        size += len(block)
        room.take(len(block))
        if size > _JSON_BYTES:
            raise LimitExceeded(
                f"The bundle's {PROJECT_ENTRY} is larger than {_JSON_BYTES / 1e6:.0f} MB, the "
                "limit for a project."
            )
        parts.append(block)
    return Project.from_json(b"".join(parts))


def _wanted(
    project: Project, entries: dict[str, zipfile.ZipInfo], shelf: Shelf
) -> dict[str, tuple[MediaRef, zipfile.ZipInfo]]:
    """What of the bundle is unpacked: only what the project needs and the shelf lacks."""
    found: dict[str, tuple[MediaRef, zipfile.ZipInfo]] = {}
    for ref in project.media():
        entry = entries.get(MEDIA_FOLDER + ref.sha256)
        if entry is None or shelf.has(ref):
            continue
        # A file that is used as two kinds may be as large as either allows.
        if ref.sha256 not in found or _LARGEST[ref.kind] > _LARGEST[found[ref.sha256][0].kind]:
            found[ref.sha256] = (ref, entry)
    return found


def _unpack(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    ref: MediaRef,
    target: Path,
    room: _Room,
    disk: Disk,
) -> None:
    shown = repr(ref.name or ref.sha256[:12])
    most, size = _LARGEST[ref.kind], 0
    digest = hashlib.sha256()
    with target.open("xb") as writer:
        for block in _inflated(archive, entry):
            size += len(block)
            room.take(len(block))
            if size > most:
                raise LimitExceeded(
                    f"{shown} in the bundle is larger than {most / 1e6:.0f} MB, the limit for a "
                    f"{ref.kind}. Nothing of the bundle was kept."
                )
            digest.update(block)
            writer.write(block)
            disk.take(len(block))
    if digest.hexdigest() != ref.sha256:
        raise InvalidMedia(
            f"{shown} in the bundle is not the file that the project was made with: its content "
            "was changed. Nothing of the bundle was kept; save it again."
        )


def _inflated(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    shown = short(entry.filename)
    if entry.flag_bits & 0x1:
        raise InvalidMedia(f"{shown} in the bundle has a password. Save it without one.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidMedia(
            f"{shown} in the bundle is packed in a way that is not read here. Pack it as an "
            "ordinary zip (deflate)."
        )
    with archive.open(entry) as reader:
        while block := reader.read(_CHUNK):
            yield block


@contextmanager
def _sound() -> Iterator[None]:
    """What zipfile and zlib raise about a bad zip, in words."""
    try:
        yield
    except SynthError:
        raise
    except Exception as error:  # BadZipFile, zlib.error, EOFError, struct.error, NotImplemented...
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InvalidMedia(
            "The bundle is damaged and cannot be unpacked. Nothing of it was kept; save or upload "
            "it again."
        ) from error


def _entry(name: str, packing: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = packing
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(_CHUNK):
        digest.update(block)
        target.write(block)
    return digest.hexdigest()
