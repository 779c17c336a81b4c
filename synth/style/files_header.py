"""Safetensors files of strangers: everything about them is checked before anything is read.

The format (https://github.com/huggingface/safetensors#format): eight bytes with the length of a
JSON text, that text, and then the numbers of all tensors without gaps. Nothing in it can run; what
is left to refuse are headers that lie, texts made to be large, and numbers that are none.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import InvalidMedia, SynthError
from synth.explain import short
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.media.image import open_regular

MOST_HEADER: Final = 8_000_000
"""Longest header, bytes; the largest LoRAs with a picture in them have about one million."""

_MOST_TENSORS: Final = 20_000
_MOST_VALUES: Final = 400_000
_MOST_DIMENSIONS: Final = 8
_LONGEST_NAME: Final = 500
_CHUNK: Final = 1 << 24
_AGAIN: Final = "Download or save it again"


def _bits(kind: str, mask: int) -> Callable[[bytes], bool]:
    """Whether all numbers are finite: in none are all bits of the exponent (or of NaN) set."""

    def finite(data: bytes) -> bool:
        values = np.frombuffer(data, kind)
        return not bool(((values & values.dtype.type(mask)) == mask).any())

    return finite


def _always(_: bytes) -> bool:
    return True


_DTYPES: Final[Mapping[str, tuple[int, Callable[[bytes], bool]]]] = {
    "F64": (8, _bits("<u8", 0x7FF0000000000000)), "F32": (4, _bits("<u4", 0x7F800000)),
    "F16": (2, _bits("<u2", 0x7C00)), "BF16": (2, _bits("<u2", 0x7F80)),
    "F8_E4M3": (1, _bits("u1", 0x7F)), "F8_E5M2": (1, _bits("u1", 0x7C)),
    "I64": (8, _always), "U64": (8, _always), "I32": (4, _always), "U32": (4, _always),
    "I16": (2, _always), "U16": (2, _always), "I8": (1, _always), "U8": (1, _always),
    "BOOL": (1, _always),
}  # fmt: skip
"""Bytes of a number of each kind, and how to see that numbers are finite."""


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies in its file, and of what kind it is."""

    dtype: str
    """As the format calls it: F32, BF16..."""
    shape: tuple[int, ...]
    start: int
    """First byte, counted in the file."""
    end: int
    """The byte after it."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself, found sound."""

    metadata: dict[str, str]
    """Texts of whoever wrote it."""
    tensors: dict[str, Tensor]


def open_safetensors(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a ``.safetensors`` file of at most ``LIMITS.style_bytes``.

    Raises ``InvalidMedia`` for another suffix and for what is no plain file, ``LimitExceeded`` for
    one that is too large.
    """
    name = Path(path).name
    if Path(path).suffix.lower() != ".safetensors":
        raise InvalidMedia(
            f"{name!r} is not a .safetensors file. Styles are kept in nothing else, because other "
            "files of weights can run code; convert it first."
        )
    return open_regular(path, LIMITS.style_bytes, "style")


def read_header(file: IO[bytes], name: str) -> Header:
    """The header of a file, checked against the file's size.

    Args:
        file: just opened.
        name: for messages.

    Raises:
        InvalidMedia: it is none, lies about the file, is too long, or says something twice.
    """

    def wrong(said: str) -> InvalidMedia:
        return InvalidMedia(f"The style {name!r} {said}. {_AGAIN}.")

    size = os.fstat(file.fileno()).st_size
    head = file.read(8)
    if len(head) < 8:
        raise wrong("is too short to be a .safetensors file")
    length = int.from_bytes(head, "little")
    if length > MOST_HEADER and head.startswith((b"\x80", b"PK\x03\x04")):
        raise InvalidMedia(
            f"The style {name!r} is a pickled checkpoint with another suffix, which could run "
            "code, so it is not read. Convert it to .safetensors where you trust it."
        )
    if 8 + length > size:
        raise wrong("is damaged, or no style: its beginning is not that of a .safetensors file")
    if length > MOST_HEADER:
        raise wrong(f"has a header of {length:,} bytes; the limit is {MOST_HEADER:,}")
    text = file.read(length)
    if not text.startswith(b"{"):
        raise wrong("is not a .safetensors file: its header is not JSON")
    try:
        values = read_json(
            text, most_bytes=MOST_HEADER, most_items=_MOST_VALUES, most_depth=_MOST_DIMENSIONS
        )
    except SynthError as error:
        raise InvalidMedia(f"The style {name!r} has a header that is not sound. {error}") from None
    texts = values.pop("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(v, str) for v in texts.values()):
        raise wrong("has metadata that are not texts")
    if not 1 <= len(values) <= _MOST_TENSORS:
        raise wrong(f"holds {len(values):,} tensors; it must hold 1 to {_MOST_TENSORS:,}")
    tensors = {}
    for key, entry in values.items():
        try:
            tensors[key] = _tensor(key, entry, 8 + length)
        except ValueError as error:
            raise wrong(f"has a tensor {short(key)} that {error}") from None
    place = 8 + length
    for key, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.start != place:
            said = "overlaps another one" if tensor.start < place else "leaves a gap before it"
            raise wrong(f"has a tensor {short(key)} that {said}")
        place = tensor.end
    if place != size:
        raise wrong(f"should have {place:,} bytes and has {size:,}: it is not whole")
    return Header(dict(texts), tensors)


def check_values(
    file: IO[bytes], header: Header, name: str, cancel: CancelToken | None = None
) -> None:
    """Read every number once, in small pieces; raises ``InvalidMedia`` where one is not finite.

    Also raises ``Cancelled``.
    """
    for key, tensor in header.tensors.items():
        finite = _DTYPES[tensor.dtype][1]
        file.seek(tensor.start)
        left = tensor.end - tensor.start
        while left:
            if cancel is not None:
                cancel.check()
            data = file.read(min(_CHUNK, left))
            if not data:
                raise InvalidMedia(f"The style {name!r} ends too early. {_AGAIN}.")
            left -= len(data)
            if not finite(data):
                raise InvalidMedia(
                    f"The style {name!r} holds numbers that are not finite (in {short(key)}); its "
                    "training broke off. Use an earlier checkpoint."
                )


def read_floats(file: IO[bytes], header: Header, key: str) -> NDArray[np.float32]:
    """A tensor of the kind F32 in its own shape; raises ``KeyError`` where there is none."""
    tensor = header.tensors[key]
    if tensor.dtype != "F32":
        raise KeyError(key)
    file.seek(tensor.start)
    data = file.read(tensor.end - tensor.start)
    return np.frombuffer(data, "<f4").astype(np.float32).reshape(tensor.shape)


def _tensor(key: str, entry: Any, data: int) -> Tensor:
    """Raises ``ValueError`` with what is wrong."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError("is not described as it must be")
    if not 0 < len(key) <= _LONGEST_NAME or not key.isprintable():
        raise ValueError("has a name that is too long or cannot be printed")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(f"is of the kind {short(dtype)}, which is not known")
    if not _whole(shape) or len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"has the shape {short(shape)}")
    if not _whole(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"lies at {short(offsets)}")
    if math.prod(shape) * _DTYPES[dtype][0] != offsets[1] - offsets[0]:
        raise ValueError(f"has the shape {short(shape)} but {offsets[1] - offsets[0]:,} bytes")
    return Tensor(dtype, tuple(shape), data + offsets[0], data + offsets[1])


def _whole(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**63 for v in values
    )
