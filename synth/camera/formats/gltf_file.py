"""The container of glTF 2.0: JSON, binary chunk, embedded buffers, accessors; all of it checked.

Written from the specification (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, chapters
3.6, 3.11 and 4.4). Only buffers inside the file are read: no other file and no address is opened.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.model import MAX_FRAMES
from synth.camera.formats.programs import as_list, as_object, object_of
from synth.camera.formats.reading import check_size
from synth.errors import InvalidMedia, LimitExceeded
from synth.explain import short

MAGIC: Final = b"glTF"
FLOAT: Final = 5126

_JSON_CHUNK: Final = 0x4E4F534A
_BINARY_CHUNK: Final = 0x004E4942
_MOST_CHUNKS: Final = 64
_MOST_VALUES: Final = 3 * MAX_FRAMES
"""Most elements of one accessor: a cubic spline has three per key."""

_COMPONENTS: Final = {
    5120: np.dtype("<i1"),
    5121: np.dtype("<u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    FLOAT: np.dtype("<f4"),
}
_SIZES: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_DATA_ADDRESSES: Final = (
    "data:application/octet-stream;base64,",
    "data:application/gltf-buffer;base64,",
)


class GltfFile:
    """A glTF file's JSON and its embedded numbers."""

    def __init__(self, data: bytes) -> None:
        """Take the file apart; raises ``InvalidMedia`` or ``LimitExceeded`` for unsound ones."""
        check_size(data)
        text, self._chunk = _chunks(data) if data[:4] == MAGIC else (data, None)
        self.values: Final = object_of(text, "glTF")
        asset = as_object(self.values.get("asset"), "asset")
        version = str(asset.get("version"))
        if not version.startswith("2."):
            raise InvalidMedia(
                f"The file is glTF version {short(version)}; version 2 is read. Export it as 2.0."
            )
        self._buffers: dict[int, bytes] = {}

    def items(self, name: str) -> list[Any]:
        """A list at the top of the JSON, empty if there is none."""
        return as_list(self.values.get(name) or [], name)

    def item(self, name: str, index: object, where: str) -> dict[str, Any]:
        """An object of such a list, by an index that the file gives."""
        items = self.items(name)
        return as_object(items[checked_index(index, len(items), where)], f"{name}[{index}]")

    def numbers(self, index: object, kind: str, where: str) -> NDArray[np.float64]:
        """An accessor's values, (count, components); whole numbers as the fractions they mean.

        Args:
            index: the accessor's.
            kind: SCALAR, VEC3 or VEC4; others are refused.
            where: what a message calls the place that asks for it.
        """
        accessor = self.item("accessors", index, where)
        name = f"accessors[{index}]"
        if accessor.get("type") != kind:
            raise InvalidMedia(
                f"{name} is of type {short(accessor.get('type'))}; {where} needs {kind}."
            )
        if "sparse" in accessor:
            raise InvalidMedia(f"{name} is sparse, which is not read. Export without compression.")
        dtype = _COMPONENTS.get(_whole(accessor.get("componentType"), f"{name}.componentType"))
        if dtype is None:
            raise InvalidMedia(
                f"{name} has the component type {short(accessor['componentType'])}; known are "
                f"{', '.join(map(str, _COMPONENTS))}."
            )
        count = _whole(accessor.get("count"), f"{name}.count")
        if count == 0:
            raise InvalidMedia(f"{name} is empty; an animation needs at least one key.")
        if count > _MOST_VALUES:
            raise LimitExceeded(
                f"{name} holds {count:,} values; the limit is {_MOST_VALUES:,}. Export fewer keys."
            )
        size = _SIZES[kind]
        if "bufferView" not in accessor:
            return np.zeros((count, size))
        start = _whole(accessor.get("byteOffset", 0), f"{name}.byteOffset")
        view, step = self._view(accessor["bufferView"], name)
        width = size * dtype.itemsize
        step = step or width
        needed = start + (count - 1) * step + width
        if step < width or needed > len(view):
            raise InvalidMedia(
                f"{name} reaches byte {needed:,} of a buffer view of {len(view):,} bytes. The file "
                "is cut off or damaged; export it again."
            )
        found = np.ndarray((count, size), dtype, view, start, (step, dtype.itemsize))
        values = found.astype(np.float64)
        if not np.isfinite(values).all():
            raise InvalidMedia(f"{name} holds numbers that are not finite. Export the file again.")
        if dtype.kind == "f":
            return values
        if accessor.get("normalized") is not True:
            raise InvalidMedia(f"{name} holds whole numbers that are not marked as normalized.")
        return np.maximum(values / np.iinfo(dtype).max, -1.0)

    def _view(self, index: object, where: str) -> tuple[bytes, int]:
        """The bytes of a buffer view and its stride, 0 if they stand one after the other."""
        view = self.item("bufferViews", index, where)
        name = f"bufferViews[{index}]"
        if any("meshopt" in str(extension) for extension in view.get("extensions") or ()):
            raise InvalidMedia(f"{name} is compressed. Export the file without compression.")
        data = self._buffer(view.get("buffer"), name)
        start = _whole(view.get("byteOffset", 0), f"{name}.byteOffset")
        length = _whole(view.get("byteLength"), f"{name}.byteLength")
        if start + length > len(data):
            raise InvalidMedia(
                f"{name} reaches byte {start + length:,} of a buffer of {len(data):,} bytes. The "
                "file is cut off or damaged; export it again."
            )
        return data[start : start + length], _whole(view.get("byteStride", 0), f"{name}.byteStride")

    def _buffer(self, index: object, where: str) -> bytes:
        buffer = self.item("buffers", index, where)
        number = checked_index(index, len(self.items("buffers")), where)
        if number not in self._buffers:
            self._buffers[number] = self._embedded(buffer, number)
        return self._buffers[number]

    def _embedded(self, buffer: dict[str, Any], number: int) -> bytes:
        address = buffer.get("uri")
        if address is None:
            if number != 0 or self._chunk is None:
                raise InvalidMedia(f"buffers[{number}] has no data in the file. Export as .glb.")
            return self._chunk
        for opening in _DATA_ADDRESSES:
            if isinstance(address, str) and address.startswith(opening):
                try:
                    return base64.b64decode(address[len(opening) :], validate=True)
                except (binascii.Error, ValueError):
                    raise InvalidMedia(
                        f"buffers[{number}] is not sound base64. The file is cut off or damaged; "
                        "export it again."
                    ) from None
        raise InvalidMedia(
            f"buffers[{number}] lies outside the file, at {short(address)}; nothing outside is "
            "opened. Export as .glb or with embedded buffers."
        )


def checked_index(value: object, count: int, where: str) -> int:
    """An index that the file gives into a list of ``count``."""
    index = _whole(value, f"An index of {where}")
    if index >= count:
        raise InvalidMedia(f"{where} points at entry {index} of a list of {count}.")
    return index


def _whole(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise InvalidMedia(f"{where} is {short(value)}; it must be a whole number, 0 or more.")
    return value


def _chunks(data: bytes) -> tuple[bytes, bytes | None]:
    """The JSON and the binary chunk of a ``.glb``."""
    cut = InvalidMedia("The .glb file is cut off or damaged; export it again.")
    if len(data) < 20:
        raise cut
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise InvalidMedia(f"The .glb file has version {version}; version 2 is read.")
    if length > len(data):
        raise cut
    text: bytes | None = None
    binary: bytes | None = None
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > length:
            break
        size, kind = struct.unpack_from("<II", data, at)
        if at + 8 + size > length:
            raise cut
        body = data[at + 8 : at + 8 + size]
        if text is None:
            if kind != _JSON_CHUNK:
                raise cut
            text = body
        elif kind == _BINARY_CHUNK and binary is None:
            binary = body
        at += 8 + size
    if text is None:
        raise cut
    return text, binary
