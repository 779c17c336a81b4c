"""Masks as text: a small grey PNG in base64, as the motion control carries it."""

from __future__ import annotations

import base64
import binascii
import struct

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidMedia, LimitExceeded, SynthError

MASK_SIDE = 320
"""Longer side of a mask that is written, pixels."""

_MOST_CHARACTERS = 200_000
_MOST_SIDE = 2048
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AGAIN = "Paint the mask again."


def encode_mask(alpha: NDArray[np.float32], side: int = MASK_SIDE) -> str:
    """A mask as text: base64 of a grey PNG, white on the subject.

    `alpha` is (H, W), 0 to 1; the picture's longer side has at most `side` pixels.
    """
    if alpha.ndim != 2 or alpha.size == 0 or not 1 <= side <= _MOST_SIDE:
        raise SynthError(
            f"A mask of shape {alpha.shape} cannot be written with a side of {side} pixels; give "
            f"(height, width) and a side of 1 to {_MOST_SIDE}."
        )
    height, width = alpha.shape
    scale = min(1.0, side / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = cv2.resize(np.clip(alpha, 0.0, 1.0), size, interpolation=cv2.INTER_AREA)
    grey = np.rint(np.asarray(small) * 255.0).astype(np.uint8)
    done, data = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise SynthError(f"A mask of {size[0]}×{size[1]} pixels could not be written as PNG.")
    return base64.b64encode(data.tobytes()).decode("ascii")


def decode_mask(text: str) -> NDArray[np.uint8]:
    """The mask that `encode_mask` wrote, (h, w) uint8; a leading ``data:`` address is allowed.

    Raises ``LimitExceeded`` for text or pictures over the limits, which are checked before
    anything is decoded, and ``InvalidMedia`` for what is no PNG.
    """
    if len(text) > _MOST_CHARACTERS:
        raise LimitExceeded(
            f"The painted mask has {len(text)} characters; at most {_MOST_CHARACTERS} are read. "
            f"Write it with a side of {MASK_SIDE} pixels."
        )
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        data = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidMedia(f"The painted mask is not base64: {error}. {_AGAIN}") from error
    if len(data) < 33 or data[:8] != _SIGNATURE or data[12:16] != b"IHDR":
        raise InvalidMedia(f"The painted mask is {len(data)} bytes that are no PNG. {_AGAIN}")
    width, height = struct.unpack(">II", data[16:24])
    if not (1 <= width <= _MOST_SIDE and 1 <= height <= _MOST_SIDE):
        raise LimitExceeded(
            f"The painted mask is {width}×{height}; each side may have 1 to {_MOST_SIDE} pixels. "
            f"Write it with a side of {MASK_SIDE} pixels."
        )
    try:
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        grey = None
    if grey is None or grey.shape != (height, width):
        raise InvalidMedia(
            f"The painted mask is a damaged PNG of {width}×{height} pixels. {_AGAIN}"
        )
    return np.asarray(grey, np.uint8)
