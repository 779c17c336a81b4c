"""OpenCV's array calls with the types that they really return, for the small grids of depth."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def lab_of(rgb: Bytes) -> Array:
    """CIE Lab divided by 100, shape (H, W, 3): lightness 0 to 1, colours about -1 to 1."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return np.asarray(lab / 100.0, np.float32)


def grey_of(rgb: Bytes) -> Bytes:
    """Luma of an sRGB picture, shape (H, W)."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def squared(values: NDArray[Any]) -> Array:
    """Squared length of the three numbers of each pixel, shape (H, W, 3) to (H, W).

    Written out, as numpy's sum over an axis of three takes ten times longer.
    """
    first, second, third = values[..., 0], values[..., 1], values[..., 2]
    return np.asarray(first * first + second * second + third * third, np.float32)


def blurred(values: NDArray[Any], sigma: float) -> Array:
    """Gaussian blur with a standard deviation in pixels."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def scaled(values: NDArray[Any], size: tuple[int, int], way: int = cv2.INTER_LINEAR) -> Array:
    """Floats at another ``(width, height)``."""
    return np.asarray(cv2.resize(values, size, interpolation=way), np.float32)


def scaled_bytes(picture: Bytes, size: tuple[int, int]) -> Bytes:
    """A picture made smaller, to ``(width, height)``, by area."""
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def components(mask: NDArray[Any]) -> tuple[int, NDArray[np.int32]]:
    """Parts of a mask that hang together by sides: how many, 0 included, and each pixel's."""
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return count, np.asarray(parts, np.int32)


def distance_inside(mask: NDArray[Any]) -> Array:
    """Distance of each pixel of a mask to the nearest outside it, pixels."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3), np.float32)


def grown(mask: NDArray[Any], radius: int) -> Mask:
    """A mask widened by a square of ``2 radius + 1`` pixels."""
    side = 2 * radius + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8))) > 0
