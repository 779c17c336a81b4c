"""What a look does, as a small picture: a bundled example with it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image

from synth.backends.protocol import Frame
from synth.media import load_image
from synth.style.look_file import Look
from synth.style.look_running import RunningLook

_EXAMPLE: Final = Path(__file__).resolve().parents[2] / "assets" / "examples" / "lighthouse.jpg"
_SIZE: Final = (256, 144)


def look_thumbnail(look: Look) -> bytes:
    """A bundled example through a look, a JPEG of 256 x 144 pixels."""
    frame = RunningLook(look, 1.0, *_SIZE).apply(_example(), 0)
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=85)
    return file.getvalue()


def _example() -> Frame:
    pixels = load_image(_EXAMPLE).pixels
    width, height = _SIZE
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    across, down = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    small = cv2.resize(pixels, (across, down), interpolation=cv2.INTER_AREA)
    top, left = (down - height) // 2, (across - width) // 2
    return np.ascontiguousarray(small[top : top + height, left : left + width], np.uint8)
