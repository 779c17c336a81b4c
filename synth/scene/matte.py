"""Soft silhouettes: how much of each edge pixel is foreground, and in which colour.

A photo's edge pixels are mixtures. Each one is explained as ``alpha * near + (1 - alpha) * behind``
with colours taken from just beyond the mixed band on its two sides; the foreground part is then
chosen so that the mixture over the filled background gives the photo back exactly.
Method: projection onto the colour line between two local samples, the estimate that Bayesian and
KNN matting start from (Chuang et al. 2001, https://doi.org/10.1109/CVPR.2001.990970).
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.scene.edges import Steps

SAMPLE_RADIUS = 5
"""How far from an edge pixel its two pure colours are looked for, pixels."""

FLAT_CONTRAST = 20.0
"""Colour distance (0-441) below which colours cannot tell the sides and geometry decides."""


@dataclass(frozen=True)
class Sides:
    """Edge pixels taken apart; every array has the picture's height and width."""

    alpha: NDArray[np.float32]
    """Foreground share: 1 away from the edges on their near side, 0 on their far side."""
    front: NDArray[np.float32]
    """Disparity at which the foreground part of each edge pixel stands."""
    back_colour: NDArray[np.uint8]
    """The picture with the foreground's share taken out of far-side edge pixels, (H, W, 3)."""


def local_sides(
    colour: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    steps: Steps,
    ring: NDArray[np.bool_],
    pool: Executor | None = None,
) -> Sides:
    """Explain each pixel of `ring` as a mixture of a near and a far colour.

    Args:
        colour: (H, W, 3).
        disparity: (H, W).
        steps: from `find_steps`.
        ring: the pixels to explain, (H, W): the band and one pixel around it.
        pool: takes over half of the work.
    """
    alpha = steps.near.astype(np.float32)
    front = disparity.copy()
    back_colour = colour.copy()
    rows, columns = (axis.astype(np.int32) for axis in np.nonzero(ring))

    def explain(part: slice) -> None:
        _explain(
            colour, disparity, steps.band, steps.near, steps.near_disparity, steps.far_disparity,
            rows[part], columns[part], alpha, front, back_colour,
        )  # fmt: skip

    half = rows.size // 2 if pool else 0
    other = pool.submit(explain, slice(0, half)) if pool else None
    explain(slice(half, None))
    if other:
        other.result()
    return Sides(alpha, front, back_colour)


@njit(cache=True, nogil=True)
def _explain(
    colour,
    disparity,
    band,
    near,
    near_disparity,
    far_disparity,
    rows,
    columns,
    alpha,
    front,
    back_colour,
):  # pragma: no cover - compiled
    height, width = disparity.shape
    sums = np.empty((2, 5))
    for index in range(rows.shape[0]):
        row = rows[index]
        column = columns[index]
        high = near_disparity[row, column]
        low = far_disparity[row, column]
        slack = 0.35 * (high - low)
        sums[:] = 0.0
        side_near = 0.0
        side_all = 0.0
        for r in range(max(row - SAMPLE_RADIUS, 0), min(row + SAMPLE_RADIUS + 1, height)):
            for c in range(max(column - SAMPLE_RADIUS, 0), min(column + SAMPLE_RADIUS + 1, width)):
                away = (r - row) ** 2 + (c - column) ** 2
                if away <= 5:
                    side_all += 1.0
                    if near[r, c]:
                        side_near += 1.0
                here = disparity[r, c]
                if abs(here - high) < slack:
                    side = 0
                elif abs(here - low) < slack:
                    side = 1
                else:
                    continue
                # Mixed pixels count only where a thin thing has no others.
                weight = (1e-4 if band[r, c] else 1.0) / (1.0 + away)
                sums[side, 0] += weight
                sums[side, 1] += weight * colour[r, c, 0]
                sums[side, 2] += weight * colour[r, c, 1]
                sums[side, 3] += weight * colour[r, c, 2]
                sums[side, 4] += weight * here
        by_shape = side_near / side_all
        if sums[0, 0] > 0.0:
            front[row, column] = sums[0, 4] / sums[0, 0]
        else:
            front[row, column] = high
        if sums[0, 0] == 0.0 or sums[1, 0] == 0.0:
            alpha[row, column] = by_shape
            continue
        contrast = 0.0
        along = 0.0
        for channel in range(3):
            back = sums[1, channel + 1] / sums[1, 0]
            line = sums[0, channel + 1] / sums[0, 0] - back
            contrast += line * line
            along += line * (colour[row, column, channel] - back)
        by_colour = min(max(along / max(contrast, 1e-6), 0.0), 1.0)
        trust = contrast / (contrast + FLAT_CONTRAST * FLAT_CONTRAST)
        mixed = trust * by_colour + (1.0 - trust) * by_shape
        # Deep on either side geometry knows better than a texture that happens to match.
        if by_shape >= 0.999:
            mixed = max(mixed, 0.75)
        elif by_shape <= 0.001:
            mixed = min(mixed, 0.25)
        alpha[row, column] = mixed
        if not near[row, column] and mixed < 0.9:
            for channel in range(3):
                fore = sums[0, channel + 1] / sums[0, 0]
                pure = (colour[row, column, channel] - mixed * fore) / (1.0 - mixed)
                back_colour[row, column, channel] = min(max(int(pure + 0.5), 0), 255)


def premultiplied_front(
    colour: NDArray[np.uint8], behind: NDArray[np.uint8], alpha: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Foreground colours, premultiplied, that over `behind` give `colour` back.

    Args:
        colour: the photo, (H, W, 3).
        behind: the filled background, (H, W, 3).
        alpha: foreground share, (H, W), 0 to 1.

    Returns:
        (H, W, 4): red, green, blue times alpha, and alpha times 255.
    """
    front = np.empty((*alpha.shape, 4), np.uint8)
    _premultiply(np.ascontiguousarray(colour), np.ascontiguousarray(behind), alpha, front)
    return front


@njit(cache=True, nogil=True)
def _premultiply(colour, behind, alpha, front):  # pragma: no cover - compiled
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            share = alpha[y, x]
            most = np.float32(255.0) * share
            for c in range(3):
                value = np.float32(colour[y, x, c])
                value -= (np.float32(1.0) - share) * np.float32(behind[y, x, c])
                front[y, x, c] = np.uint8(np.rint(min(max(value, np.float32(0.0)), most)))
            front[y, x, 3] = np.uint8(np.rint(most))
