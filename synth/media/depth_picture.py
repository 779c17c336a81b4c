"""A user's own depth map: a grey picture whose every step counts."""

from __future__ import annotations

import os
from typing import IO

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synth.errors import InvalidMedia, LimitExceeded, SynthError
from synth.limits import LIMITS, Limits
from synth.media.image import check_size, exif_turn, open_picture, open_regular
from synth.media.image_modes import to_unit
from synth.media.reasons import reason

_MOST_COLOUR = 12.0
"""Mean difference between channels, of 255, above which a picture is not grey: a JPEG's colour
noise stays below 4, a rainbow-coloured depth map is far above 50."""


def load_depth_picture(
    path: str | os.PathLike[str], *, near_is_white: bool = True, limits: Limits = LIMITS
) -> NDArray[np.float32]:
    """Read a depth map file as float32 (H, W) in [0, 1], 1 nearest.

    Grey or grey-looking RGB, 8 or 16 bits (16-bit PNG also in colour modes; other 16-bit colour
    files are read with 8), or float. Whole numbers are divided by the largest the type holds,
    so nothing is clipped or stretched; floats beyond [0, 1] are stretched between their
    extremes. The EXIF orientation is applied; transparency is ignored. With ``near_is_white``
    False, black is near.

    Raises ``InvalidMedia`` for a picture that is in colour or unreadable and ``LimitExceeded``
    for one over the caps.
    """
    with open_regular(path, limits.image_bytes, "depth map") as file:
        try:
            with open_picture(file, limits) as image:
                image.load()
                check_size(image.width, image.height, limits)
                turn = exif_turn(image, [])
                if image.mode == "F" or image.mode.startswith("I"):
                    unit = to_unit(image, [])
                elif _is_deep_png(file):
                    unit = _grey(_deep_png(file, image.size), 65535)
                else:
                    unit = _grey(np.asarray(_without_alpha(image)), 255)
        except SynthError:
            raise
        except MemoryError as error:
            raise LimitExceeded("The depth map does not fit in memory.") from error
        except Exception as error:
            raise InvalidMedia(f"The depth map cannot be read: {reason(error)}") from error
    unit = turn.apply(unit)
    return unit if near_is_white else np.float32(1) - unit


def _without_alpha(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "LA", "1"):
        return image.convert("L")
    return image.convert("RGBA").convert("RGB")


def _grey(values: NDArray[np.unsignedinteger], most: int) -> NDArray[np.float32]:
    """The grey of (H, W) or (H, W, 3) values as shares of ``most``."""
    if values.ndim == 2:
        return values.astype(np.float32) / np.float32(most)
    channels = values.astype(np.float32) / np.float32(most)
    spread = float(np.mean(channels.max(axis=2) - channels.min(axis=2))) * 255
    if spread > _MOST_COLOUR:
        raise InvalidMedia(
            "This picture is in colour; a depth map is grey, with white near and black far. "
            "Export the depth as a grey picture and try again."
        )
    if spread == 0:
        return np.ascontiguousarray(channels[..., 0])
    return channels.mean(axis=2, dtype=np.float32)


def _is_deep_png(file: IO[bytes]) -> bool:
    """Whether it is a PNG of 16 bits that Pillow would read with 8: all but plain grey."""
    file.seek(0)
    head = file.read(26)
    # PNG specification, 11.2.1: bit depth and colour type are bytes 24 and 25.
    return head[:8] == b"\x89PNG\r\n\x1a\n" and head[24] == 16 and head[25] in (2, 4, 6)


def _deep_png(file: IO[bytes], size: tuple[int, int]) -> NDArray[np.uint16]:
    """All 16 bits of a colour or grey-alpha PNG, without its alpha: (H, W) or (H, W, 3)."""
    file.seek(0)
    decoder = av.CodecContext.create("png", "r")
    frames = [*decoder.decode(av.Packet(file.read())), *decoder.decode(None)]
    if not frames or (frames[0].width, frames[0].height) != size:
        raise ValueError("its 16-bit pixels are damaged")
    frame = frames[0]
    channels = {"rgb48be": 3, "rgba64be": 4, "ya16be": 2}[frame.format.name]
    plane = frame.planes[0]
    rows = np.frombuffer(plane, ">u2").reshape(frame.height, -1)  # type: ignore[arg-type]
    values = rows[:, : frame.width * channels].reshape(frame.height, frame.width, channels)
    if channels == 2:
        return values[..., 0].astype(np.uint16)
    return values[..., :3].astype(np.uint16)
