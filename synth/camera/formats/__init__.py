"""Camera paths in the file formats of other programs: read, recognised and written.

``read_path`` takes the bytes of a file of any known format, ``write_path`` makes one. What a file
does not say (scale, frame rate, lens) comes from ``ReadOptions``; what a format cannot keep is told
in the notes of ``WrittenPath``. Layouts, axes and units are stated in each format's own module.
"""

from __future__ import annotations

import difflib
from typing import Final

from synth.camera.formats import (
    blender,
    chan,
    colmap,
    deforum,
    gltf,
    motionctrl,
    nerfstudio,
    ours,
    parseq,
    re10k,
    recammaster,
    services,
    supersplat,
    transforms,
    vista4d,
    wan_camera,
)
from synth.camera.formats.convert import check_frames
from synth.camera.formats.model import (
    MAX_FILE_BYTES,
    Format,
    FoundPath,
    ReadOptions,
    WriteOptions,
    WrittenPath,
)
from synth.camera.formats.reading import check_size
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidInstruction, InvalidMedia
from synth.explain import short

FORMATS: Final[tuple[Format, ...]] = (
    ours.FORMAT,
    nerfstudio.FORMAT,
    transforms.FORMAT,
    blender.FORMAT,
    gltf.FORMAT,
    chan.FORMAT,
    colmap.FORMAT,
    supersplat.FORMAT,
    re10k.FORMAT,
    wan_camera.FORMAT,
    motionctrl.FORMAT,
    recammaster.FORMAT,
    vista4d.FORMAT,
    deforum.FORMAT,
    parseq.FORMAT,
    *services.FORMATS,
)
"""Every format, in the order of a menu: our own, 3D programs, video models, schedules, services."""

_SURE_ENOUGH: Final = 0.3
_READ: Final = ReadOptions()
_WRITE: Final = WriteOptions()


def format_of(format_id: str) -> Format:
    """The format with this id; raises ``InvalidInstruction`` naming the nearest one."""
    for entry in FORMATS:
        if entry.id == format_id:
            return entry
    known = [entry.id for entry in FORMATS]
    close = difflib.get_close_matches(format_id[:64], known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    raise InvalidInstruction(
        f"There is no camera-path format {short(format_id)}. {hint}Known are {', '.join(known)}."
    )


def recognise(data: bytes, name: str = "") -> Format:
    """The format that a file is most probably of, by its content; its name decides ties.

    Args:
        data: the whole file.
        name: its name, or nothing.

    Raises:
        InvalidMedia: an empty file, or one that fits no format that can be read.
        LimitExceeded: a file larger than ``MAX_FILE_BYTES``.
    """
    check_size(data)
    name = name.lower()
    scores = [
        (entry.recognise(data, name), name.endswith(entry.suffix), -place)
        for place, entry in enumerate(FORMATS)
        if entry.read is not None
    ]
    sure, _, place = max(scores)
    if sure < _SURE_ENOUGH:
        labels = ", ".join(entry.label for entry in FORMATS if entry.read is not None)
        raise InvalidMedia(
            f"No camera path was recognised in {short(name) if name else 'the file'}. These can be "
            f"read: {labels}."
        )
    return FORMATS[-place]


def read_path(
    data: bytes, name: str = "", options: ReadOptions = _READ, *, format_id: str | None = None
) -> FoundPath:
    """The camera path in a file.

    Args:
        data: the whole file.
        name: its name, which helps to recognise it.
        options: what the file does not say.
        format_id: the format to read it as; recognised if left out.

    Raises:
        InvalidMedia: the file is not sound, or not of a known format.
        LimitExceeded: it is too large or has too many frames.
        InvalidInstruction: a format that does not exist or is only written.
    """
    check_size(data)
    chosen = recognise(data, name) if format_id is None else format_of(format_id)
    if chosen.read is None:
        raise InvalidInstruction(f"{chosen.label} can be written, but not read.")
    return chosen.read(data, options)


def write_path(
    path: CameraPath,
    format_id: str,
    keys: CameraKeys | None = None,
    options: WriteOptions = _WRITE,
) -> WrittenPath:
    """A camera path as a file of some format.

    Args:
        path: the camera of every frame.
        format_id: ``Format.id``.
        keys: the keyframes that the path was sampled from, for formats that keep keys.
        options: frame size, scale and the like.

    Raises:
        InvalidInstruction: a format that does not exist or is only read.
        LimitExceeded: more frames than any format reads.
    """
    chosen = format_of(format_id)
    if chosen.write is None:
        raise InvalidInstruction(f"{chosen.label} can be read, but not written.")
    check_frames(len(path))
    written = chosen.write(path, keys, options)
    if len(written.data) <= MAX_FILE_BYTES:
        return written
    note = (
        f"The file is {len(written.data):,} bytes; this program itself reads files of up to "
        f"{MAX_FILE_BYTES:,}."
    )
    return WrittenPath(written.data, written.suffix, written.mime, (*written.notes, note))


__all__ = [
    "FORMATS",
    "MAX_FILE_BYTES",
    "Format",
    "FoundPath",
    "ReadOptions",
    "WriteOptions",
    "WrittenPath",
    "format_of",
    "read_path",
    "recognise",
    "write_path",
]
