"""Pictures laid over each other, as planes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.planes import Planes, planes_from_rgb


def plain(colour: str, size: tuple[int, int]) -> Planes:
    """A picture of one colour, ``#rrggbb``; ``size`` is width and height, both even."""
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.uint8)
    small = planes_from_rgb(np.broadcast_to(rgb, (2, 2, 3)).copy())
    width, height = size
    return Planes(
        np.full((height, width), small.y[0, 0], np.uint8),
        np.full((height // 2, width // 2), small.u[0, 0], np.uint8),
        np.full((height // 2, width // 2), small.v[0, 0], np.uint8),
    )


def faded(one: Planes, other: Planes, share: float) -> Planes:
    """``share`` of the other picture over the one: 0 is the one, bit for bit, 1 the other."""
    if share <= 0.0:
        return one
    if share >= 1.0:
        return other
    y, u, v = (
        np.asarray(cv2.addWeighted(a, 1.0 - share, b, share, 0.0), np.uint8)
        for a, b in ((one.y, other.y), (one.u, other.u), (one.v, other.v))
    )
    return Planes(y, u, v)


def matted(one: Planes, other: Planes, matte: NDArray[np.float32]) -> Planes:
    """The other picture over the one through a matte, 0 the one and 1 the other, of any size."""
    size = one.size
    if matte.shape != size[::-1]:
        matte = np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_LINEAR), np.float32)
    height, width = one.u.shape
    # Colour stands on even columns and between two rows (see ``synth.media.colour``).
    small = np.asarray(cv2.resize(matte, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    return Planes(
        _through(one.y, other.y, matte),
        _through(one.u, other.u, small),
        _through(one.v, other.v, small),
    )


def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """0 below 0, 1 above 1, and between them a smooth step, any shape."""
    t = np.clip(values, np.float32(0.0), np.float32(1.0))
    return np.asarray(t * t * (np.float32(3.0) - np.float32(2.0) * t), np.float32)


def blurred(plane: NDArray[Any], sigma: float) -> NDArray[Any]:
    """A plane, uint8 or float32, (H, W), after a Gaussian; a wide one is made of a small copy."""
    step = max(int(sigma / 2.5), 1)
    if step == 1:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), plane.dtype)
    height, width = plane.shape
    size = max(width // step, 1), max(height // step, 1)
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step)
    return np.asarray(
        cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), plane.dtype
    )


def _through(
    one: NDArray[np.uint8], other: NDArray[np.uint8], matte: NDArray[np.float32]
) -> NDArray[np.uint8]:
    return np.asarray(cv2.blendLinear(other, one, matte, 1.0 - matte), np.uint8)
