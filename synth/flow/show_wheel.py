"""The colours of motion: hue says where to, strength says how far.

The convention of Baker et al., "A Database and Evaluation Methodology for Optical Flow",
International Journal of Computer Vision 92, 2011 (https://doi.org/10.1007/s11263-010-0390-2):
still is white; right is red, down yellow, left cyan-blue, up violet; beyond the rim it darkens.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_STEPS: Final = (15, 6, 4, 11, 13, 6)
"""How many of the wheel's 55 steps lie between red, yellow, green, cyan, blue, magenta, red: the
eye tells reds and yellows apart more finely than greens."""
_CORNERS: Final = (
    (255, 0, 0),
    (255, 255, 0),
    (0, 255, 0),
    (0, 255, 255),
    (0, 0, 255),
    (255, 0, 255),
    (255, 0, 0),
)
_FINE = 1024
_BEYOND = 0.75


def direction_colours(angles: NDArray[np.floating]) -> NDArray[np.float32]:
    """The wheel's rim, (..., 3) from 0 to 255, at angles in radians from x right towards y down."""
    places = np.concatenate([[0], np.cumsum(_STEPS)]) / sum(_STEPS)
    turn = np.mod(np.asarray(angles, np.float64) / (2 * np.pi), 1.0)
    channels = [np.interp(turn, places, [c[i] for c in _CORNERS]) for i in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def colours_of(flow: NDArray[np.float32], fastest: float) -> NDArray[np.uint8]:
    """The picture of a flow field (H, W, 2) in pixels, uint8 RGB (H, W, 3).

    ``fastest`` is the motion in pixels that the rim of the wheel stands for; faster than that is
    drawn darker. Values that are not finite are drawn grey.
    """
    known = np.isfinite(flow[..., 0]) & np.isfinite(flow[..., 1])
    clean = np.where(known[..., None], flow, 0).astype(np.float32)
    length, angle = cv2.cartToPolar(
        np.ascontiguousarray(clean[..., 0]), np.ascontiguousarray(clean[..., 1])
    )
    rim = direction_colours(np.arange(_FINE) * (2 * np.pi / _FINE))
    colours = rim[np.mod(np.rint(angle * (_FINE / (2 * np.pi))).astype(np.int32), _FINE)]
    share = (length / max(fastest, 1e-6))[..., None]
    near = 255 - np.minimum(share, 1) * (255 - colours)
    result = np.rint(np.where(share <= 1, near, colours * _BEYOND)).astype(np.uint8)
    result[~known] = 128
    return result


def fastest_of(flow: NDArray[np.float32]) -> float:
    """A scale for a flow field (H, W, 2): its 99th percentile in pixels, rounded up to 1, 2, 3, 4,
    5, 6, 8 or 10 times a power of ten, never under 1: noise is not drawn as if it were motion."""
    length = np.hypot(flow[::2, ::2, 0], flow[::2, ::2, 1])
    length = length[np.isfinite(length)]
    high = float(np.percentile(length, 99)) if length.size else 0.0
    if high <= 1:
        return 1.0
    power = 10.0 ** np.floor(np.log10(high))
    return next(float(step * power) for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= high)


def wheel_picture(
    diameter: int, background: NDArray[np.uint8] | tuple[int, int, int] = (14, 16, 20)
) -> NDArray[np.uint8]:
    """The legend: a disc that shows which colour stands for which motion, (D, D, 3).

    ``background`` is what lies outside the disc: a colour, or a picture of the same size.
    """
    finer = 3
    size = diameter * finer
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, axis)
    colours = colours_of(np.stack([x, y], -1).astype(np.float32), 1.0).astype(np.float32)
    inside = (np.hypot(x, y) <= 1).astype(np.float32)[..., None]
    disc = cv2.resize(colours * inside, (diameter, diameter), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(inside, (diameter, diameter), interpolation=cv2.INTER_AREA)[..., None]
    ground = np.broadcast_to(np.asarray(background, np.float32), (diameter, diameter, 3))
    return np.rint(disc + ground * (1 - cover)).astype(np.uint8)
