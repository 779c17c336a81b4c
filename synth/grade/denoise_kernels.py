"""Noise measured and averaged away along the motion, in 4:2:0 planes.

Each cell of two by two pixels with its colour keeps an idea of how noisy it still is, as a Kalman
filter does (R. E. Kalman, "A new approach to linear filtering and prediction problems", Journal of
Basic Engineering 82, 1960): what the past and the next picture say is weighed by that, and by how
well they fit the picture at hand.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_TILE: Final = 32
_SUSPECT: Final = 3.0
"""How strongly a misfit beyond the noise counts against a picture."""


def noise_in(plane: NDArray[np.uint8]) -> float:
    """Standard deviation of the finest noise of a plane, codes.

    J. Immerkaer, "Fast noise variance estimation", CVIU 64, 1996, on the quiet tiles: a quarter of
    them has less.
    """
    values = plane.astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    # Tiles that are clipped say nothing about noise.
    found = np.abs(cv2.filter2D(values, -1, kernel))
    sigma = _tiles(np.asarray(found, np.float32)) * (float(np.sqrt(np.pi / 2)) / 6.0)
    level = _tiles(values)
    open_ones = sigma[(level > 20) & (level < 232)]
    return float(np.percentile(open_ones, 25)) if open_ones.size > 3 else 0.0


def noise_between(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Standard deviation of the noise of either of two aligned planes, from the quiet tiles."""
    apart = one.astype(np.float32) - other
    return float(np.sqrt(np.percentile(_tiles(np.asarray(apart * apart, np.float32)), 25) / 2.0))


def _tiles(values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (max(1, side // _TILE) for side in values.shape)
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def misfit(
    planes: tuple[Plane, Plane, Plane],
    other: tuple[Plane, Plane, Plane],
    sigmas: tuple[float, float],
    variance: Plane,
) -> Plane:
    """By how much an aligned picture misses this one beyond the noise, (h, w) per cell.

    Args:
        planes: the picture, (H, W) and twice (H/2, W/2).
        other: the aligned one.
        sigmas: noise of brightness and of colour, codes.
        variance: noise left in ``other`` as a share of that of a raw picture, (H/2, W/2).

    Returns:
        Further variance, in the same measure as ``variance``.
    """
    raw = np.empty_like(variance)
    luma, chroma = (np.float32(1.0 / max(sigma, 0.3) ** 2) for sigma in sigmas)
    _distance(*planes, *other, luma, chroma, raw)
    wide = cv2.blur(raw, (5, 5))
    near = cv2.blur(raw, (3, 3)) - np.float32(0.35)
    over = np.maximum(wide, near) - (np.float32(1.0) + variance)
    return np.asarray(np.float32(_SUSPECT) * np.maximum(over, np.float32(0.0)), np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def _distance(y, u, v, other_y, other_u, other_v, luma, chroma, out):
    rows, columns = out.shape
    for i in range(rows):
        for j in range(columns):
            a = y[2 * i, 2 * j] - other_y[2 * i, 2 * j]
            b = y[2 * i, 2 * j + 1] - other_y[2 * i, 2 * j + 1]
            c = y[2 * i + 1, 2 * j] - other_y[2 * i + 1, 2 * j]
            d = y[2 * i + 1, 2 * j + 1] - other_y[2 * i + 1, 2 * j + 1]
            p, q = u[i, j] - other_u[i, j], v[i, j] - other_v[i, j]
            bright = (a * a + b * b + c * c + d * d) * luma
            out[i, j] = (bright + (p * p + q * q) * chroma) * np.float32(1.0 / 6.0)


@njit(cache=True, nogil=True, fastmath=True)
def merge(now, past, following, past_variance, following_variance, left, out):
    """Fill ``out`` with the mean of three planes, weighed by their variances.

    Args:
        now: (H, W) float32, variance 1.
        past: likewise, aligned.
        following: likewise, aligned.
        past_variance: (h, w), of cells of H/h pixels.
        following_variance: likewise.
        left: (h, w), the variance of the mean; filled.
        out: (H, W) float32.
    """
    cell = now.shape[0] // left.shape[0]
    one = np.float32(1.0)
    for i in range(now.shape[0]):
        row = i // cell
        for j in range(now.shape[1]):
            column = j // cell
            a = one / max(past_variance[row, column], np.float32(1e-3))
            b = one / max(following_variance[row, column], np.float32(1e-3))
            all_of_it = one / (one + a + b)
            out[i, j] = (now[i, j] + a * past[i, j] + b * following[i, j]) * all_of_it
            left[row, column] = all_of_it
