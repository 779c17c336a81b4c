"""Takes single files out of a zip from outside without trusting what it says about itself."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable

from synth.camera.formats.model import MAX_FILE_BYTES
from synth.camera.formats.reading import check_size
from synth.errors import InvalidMedia, LimitExceeded
from synth.explain import short

_MOST_MEMBERS = 1000
_EPOCH = (1980, 1, 1, 0, 0, 0)


def is_zip(data: bytes) -> bool:
    """Whether the file begins as a zip archive does."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def members(data: bytes, wanted: Iterable[str]) -> dict[str, bytes]:
    """The wanted files of a zip, found by their last name in any folder; others stay packed.

    Sizes are checked before anything is unpacked, and no more is unpacked than a member declares,
    so a small archive cannot grow without bound.

    Args:
        data: the archive.
        wanted: file names without folders.

    Raises:
        InvalidMedia: damaged or encrypted archives, a name that stands twice.
        LimitExceeded: too many members, or wanted ones that are too large together.
    """
    check_size(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_MEMBERS:
                raise LimitExceeded(
                    f"The zip holds {len(entries):,} files; the limit is {_MOST_MEMBERS:,}. Zip "
                    "only the camera's."
                )
            chosen = _chosen(entries, frozenset(wanted))
            return {name: archive.read(entry) for name, entry in chosen.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise InvalidMedia(f"The zip is damaged ({short(str(error))}). Make it again.") from None
    except (RuntimeError, NotImplementedError):
        raise InvalidMedia(
            "The zip is encrypted or packed in a rare way. Make a plain zip."
        ) from None


def _chosen(entries: list[zipfile.ZipInfo], wanted: frozenset[str]) -> dict[str, zipfile.ZipInfo]:
    chosen: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = entry.filename.replace("\\", "/").rsplit("/", 1)[-1]
        # Such folders hold what macOS adds to a zip, not files of the person.
        if name not in wanted or "__MACOSX/" in entry.filename:
            continue
        if name in chosen:
            raise InvalidMedia(f"The zip holds {name} twice. Zip one folder only.")
        if entry.flag_bits & 1:
            raise InvalidMedia("The zip is encrypted. Make one without a password.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InvalidMedia("The zip is packed in a rare way. Make a plain zip.")
        chosen[name] = entry
    total = sum(entry.file_size for entry in chosen.values())
    if total > MAX_FILE_BYTES:
        raise LimitExceeded(
            f"The zip unpacks to {total:,} bytes; the limit is {MAX_FILE_BYTES:,}. Export fewer "
            "frames."
        )
    return chosen


def packed(files: dict[str, bytes]) -> bytes:
    """A zip of these files, the same bytes whenever and wherever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
