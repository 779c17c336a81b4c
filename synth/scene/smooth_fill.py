"""Smooth filling of holes by a pyramid: push known values down, pull missing ones up.

After Gortler et al., "The Lumigraph", 1996, section 3.4 (https://doi.org/10.1145/237170.237200),
with a few relaxation sweeps a level, which bring the result close to a membrane (Laplace) fill.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from synth.errors import SynthError

_SWEEPS = 3


@numba.njit(cache=True, nogil=True)
def _push(values, known):
    height, width, depth = values.shape
    rows, columns = (height + 1) // 2, (width + 1) // 2
    small = np.zeros((rows, columns, depth), np.float32)
    mask = np.zeros((rows, columns), np.bool_)
    for y in range(rows):
        for x in range(columns):
            count = 0
            for v in range(2 * y, min(2 * y + 2, height)):
                for u in range(2 * x, min(2 * x + 2, width)):
                    if known[v, u]:
                        count += 1
                        for c in range(depth):
                            small[y, x, c] += values[v, u, c]
            if count > 0:
                mask[y, x] = True
                for c in range(depth):
                    small[y, x, c] /= np.float32(count)
    return small, mask


@numba.njit(cache=True, nogil=True)
def pull(values, wanted, coarse):
    """Bilinear values of the half-size level for all wanted pixels, in place."""
    height, width, depth = values.shape
    rows, columns = coarse.shape[:2]
    for y in range(height):
        fy = np.float32(0.75) if y % 2 == 0 else np.float32(0.25)
        y0 = max((y - 1) // 2, 0)
        y1 = min((y - 1) // 2 + 1, rows - 1)
        for x in range(width):
            if not wanted[y, x]:
                continue
            fx = np.float32(0.75) if x % 2 == 0 else np.float32(0.25)
            x0 = max((x - 1) // 2, 0)
            x1 = min((x - 1) // 2 + 1, columns - 1)
            for c in range(depth):
                upper = coarse[y0, x0, c] * (1 - fx) + coarse[y0, x1, c] * fx
                lower = coarse[y1, x0, c] * (1 - fx) + coarse[y1, x1, c] * fx
                values[y, x, c] = upper * (1 - fy) + lower * fy


@numba.njit(cache=True, nogil=True)
def _relax(values, live, wanted, sweeps):
    """Gauss-Seidel sweeps of Laplace's equation over wanted pixels; only live ones flow."""
    height, width, depth = values.shape
    for sweep in range(sweeps):
        for j in range(height):
            y = j if sweep % 2 == 0 else height - 1 - j
            for i in range(width):
                x = i if sweep % 2 == 0 else width - 1 - i
                if not wanted[y, x]:
                    continue
                up = y > 0 and live[y - 1, x]
                down = y < height - 1 and live[y + 1, x]
                left = x > 0 and live[y, x - 1]
                right = x < width - 1 and live[y, x + 1]
                if up and down and left and right:
                    # The usual case, without branches.
                    for c in range(depth):
                        total = values[y - 1, x, c] + values[y + 1, x, c]
                        total = total + values[y, x - 1, c] + values[y, x + 1, c]
                        values[y, x, c] = total * np.float32(0.25)
                    continue
                count = int(up) + int(down) + int(left) + int(right)
                if count == 0:
                    continue
                for c in range(depth):
                    total = np.float32(0.0)
                    if up:
                        total += values[y - 1, x, c]
                    if down:
                        total += values[y + 1, x, c]
                    if left:
                        total += values[y, x - 1, c]
                    if right:
                        total += values[y, x + 1, c]
                    values[y, x, c] = total / np.float32(count)


def spread_known(
    values: NDArray[np.float32], known: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> None:
    """Fill ``wanted`` pixels of ``values`` (H, W, C) in place from the ``known`` ones.

    Needs at least one known pixel; what is neither known nor wanted is left as it is.
    """
    pyramid = [(values, known)]
    while min(pyramid[-1][1].shape) > 1 or max(pyramid[-1][1].shape) > 1:
        if pyramid[-1][1].all():
            break
        pyramid.append(_push(*pyramid[-1]))
    for level in range(len(pyramid) - 2, -1, -1):
        data, mask = pyramid[level]
        missing = wanted if level == 0 else ~mask
        pull(data, missing, pyramid[level + 1][0])
        _relax(data, mask | missing, missing, _SWEEPS)


def fill_smooth(
    values: NDArray[np.float32],
    hole: NDArray[np.bool_],
    source: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Fill holes with a smooth continuation of what surrounds them.

    ``values`` is float32 (H, W) or (H, W, C), ``hole`` bool (H, W). ``source`` marks the known
    pixels that may be continued (default: everything outside the hole); the rest has no influence.
    Returns a copy in which hole pixels lie between the least and greatest source value. Without
    any usable source the mean of the known pixels is taken, or zero where there are none.
    Raises SynthError when the shapes differ.
    """
    if values.ndim not in (2, 3) or hole.shape != values.shape[:2]:
        raise SynthError(
            f"The hole mask is {hole.shape} but the values are {values.shape}; "
            "give a mask of the same height and width."
        )
    if source is not None and source.shape != hole.shape:
        raise SynthError(
            f"The source mask is {source.shape} but the hole mask is {hole.shape}; "
            "give masks of the same height and width."
        )
    hole = np.ascontiguousarray(hole, dtype=np.bool_)
    result = np.array(values, dtype=np.float32, order="C")
    if not hole.any():
        return result
    cube = result.reshape(*hole.shape, -1)
    known = ~hole if source is None else source & ~hole
    finite = np.isfinite(cube).all(axis=2) if not np.isfinite(cube.sum()) else None
    if finite is not None:
        known = known & finite
    if not known.any():
        known = ~hole if finite is None else ~hole & finite
        cube[hole] = cube[known].mean(axis=0) if known.any() else 0.0
        return result
    spread_known(cube, np.ascontiguousarray(known), hole)
    return result
