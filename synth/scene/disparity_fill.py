"""Continue a disparity map into a hole: local planes, then a membrane that closes the seam.

A surface seen in perspective has disparity that is linear across the picture, so a wall or a floor
is continued by the plane that fits its edge (moving least squares, Lancaster and Salkauskas 1981,
https://doi.org/10.1090/S0025-5718-1981-0616367-1). Every place in the hole asks the source that is
nearest when one walks through the hole alone, so what stands beyond the hole, across the
foreground, has no say; the farther the walk, the wider the neighbourhood of the plane.
The planes are worked out on blocks of 4 x 4 pixels; what they miss at the border of the hole is
spread as a membrane at full resolution.
"""

from __future__ import annotations

import cv2
import numba
import numpy as np
from numba.typed.typedlist import List
from numpy.typing import NDArray

from synth.scene.geodesic import walk_to_source
from synth.scene.smooth_fill import spread_known

_BLOCK = 4
_SHORE = 4
"""Pixels on both sides of a shore within which a far side shows a step in disparity."""
_EVEN = 0.02
"""Share of the whole range of disparity below which there is no step."""
_FEW = 0.1
"""A hole needs this many true shore pixels for a false one, or all count."""
_FALSE_REACH = 6
"""How far a false shore reaches inland, blocks."""
_RIDGE = 0.05
"""Flattens slopes that the data does not fix, in squared steps of the neighbourhood's grid."""
_MARGIN = 0.25
"""How far a continued slope may leave the range of its neighbourhood, in parts of that range."""


@numba.njit(cache=True, nogil=True)
def _gather(disparity, source, hole, block):
    """Moments (rows, columns, 9), least and greatest value of each block's source; its hole."""
    height, width = disparity.shape
    rows, columns = (height + block - 1) // block, (width + block - 1) // block
    moments = np.zeros((rows, columns, 9), np.float64)
    least = np.full((rows, columns), np.inf, np.float32)
    most = np.full((rows, columns), -np.inf, np.float32)
    torn = np.zeros((rows, columns), np.bool_)
    for y in range(height):
        j = y // block
        v = (y + 0.5) / block
        for x in range(width):
            i = x // block
            if hole[y, x]:
                torn[j, i] = True
            if not source[y, x]:
                continue
            d = np.float64(disparity[y, x])
            u = (x + 0.5) / block
            m = moments[j, i]
            m[0] += 1.0
            m[1] += u
            m[2] += v
            m[3] += u * u
            m[4] += u * v
            m[5] += v * v
            m[6] += d
            m[7] += u * d
            m[8] += v * d
            least[j, i] = min(least[j, i], disparity[y, x])
            most[j, i] = max(most[j, i], disparity[y, x])
    return moments, least, most, torn


@numba.njit(cache=True, nogil=True)
def _halve(moments, least, most):
    rows, columns = least.shape
    r, c = (rows + 1) // 2, (columns + 1) // 2
    small = np.zeros((r, c, 9), np.float64)
    low = np.full((r, c), np.inf, np.float32)
    high = np.full((r, c), -np.inf, np.float32)
    for y in range(rows):
        for x in range(columns):
            for k in range(9):
                small[y // 2, x // 2, k] += moments[y, x, k]
            low[y // 2, x // 2] = min(low[y // 2, x // 2], least[y, x])
            high[y // 2, x // 2] = max(high[y // 2, x // 2], most[y, x])
    return small, low, high


@numba.njit(cache=True, nogil=True)
def _plane(moments, least, most, size, y, x, ridge):
    """Plane (a, b, c) and range of the source round block position (y, x), Gaussian weights.

    ``size`` is the side of this level's cells in blocks; d = a + b u + c v with u, v in blocks.
    """
    rows, columns = least.shape
    m = np.zeros(9)
    low, high = np.inf, -np.inf
    fy, fx = y / size - 0.5, x / size - 0.5
    cy, cx = int(np.floor(fy + 0.5)), int(np.floor(fx + 0.5))
    for j in range(max(cy - 2, 0), min(cy + 3, rows)):
        for i in range(max(cx - 2, 0), min(cx + 3, columns)):
            if moments[j, i, 0] == 0:
                continue
            far = (j - fy) ** 2 + (i - fx) ** 2
            share = np.exp(-far / 1.4)
            for k in range(9):
                m[k] += share * moments[j, i, k]
            if far < 4.0:
                low = min(low, np.float64(least[j, i]))
                high = max(high, np.float64(most[j, i]))
    if m[0] <= 1e-9:
        return 0.0, 0.0, 0.0, np.inf, -np.inf
    u, v, d = m[1] / m[0], m[2] / m[0], m[6] / m[0]
    uu = m[3] / m[0] - u * u + ridge * size * size
    uv = m[4] / m[0] - u * v
    vv = m[5] / m[0] - v * v + ridge * size * size
    ud = m[7] / m[0] - u * d
    vd = m[8] / m[0] - v * d
    det = uu * vv - uv * uv
    b = (ud * vv - vd * uv) / det
    c = (vd * uu - ud * uv) / det
    return d - b * u - c * v, b, c, low, high


@numba.njit(cache=True, nogil=True)
def _evaluate(moments, least, most, far, from_y, from_x, ridge, margin):
    """Value of the planes at every block that has a way to the source: value, there."""
    rows, columns = far.shape
    value = np.zeros((rows, columns), np.float32)
    there = np.zeros((rows, columns), np.bool_)
    count = len(least)
    for y in range(rows):
        for x in range(columns):
            if from_y[y, x] < 0:
                continue
            v, u = from_y[y, x] + 0.5, from_x[y, x] + 0.5
            want = np.log2(max(np.float64(far[y, x]) * 0.75, 1.0))
            first = min(int(want), count - 1)
            part = min(want - first, 1.0)
            total, weight = 0.0, 0.0
            for step in range(2):
                level = min(first + step, count - 1)
                share = part if step == 1 else 1.0 - part
                if share <= 0:
                    continue
                a, b, c, low, high = _plane(
                    moments[level], least[level], most[level], 2.0**level, v, u, ridge
                )
                if low > high:
                    continue
                room = margin * (high - low)
                d = a + b * (x + 0.5) + c * (y + 0.5)
                total += share * min(max(d, low - room), high + room)
                weight += share
            if weight > 0:
                value[y, x] = total / weight
                there[y, x] = True
    return value, there


def _soften(
    value: NDArray[np.float32], inside: NDArray[np.bool_], far: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Blur within the mask, the more the farther from the source, where planes meet."""
    mask = inside.astype(np.float32)
    result = value.copy()
    for reach in (1.0, 2.0, 4.0):
        share = cv2.GaussianBlur(mask, (0, 0), reach)
        blurred = cv2.GaussianBlur(value * mask, (0, 0), reach) / np.maximum(share, 1e-6)
        part = np.clip(far / np.float32(2 * reach) - 1, 0, 1)
        part = np.where(np.isfinite(part), part, np.float32(1))
        result += np.where(inside, part * (blurred - result), 0)
    return result


def false_shore(
    disparity: NDArray[np.float32], hole: NDArray[np.bool_], source: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Source that is of a piece with what hides the hole, and so cannot be what is hidden.

    The middle of a near thing, which nothing needs to replace, adjoins the hole without a step in
    the disparity that the photo has there; the far side has one. ``disparity`` is float32 (H, W)
    with the near thing's values in the hole, ``hole`` and ``source`` bool (H, W). A hole that has
    no other shore keeps this one.
    """
    none = np.zeros_like(hole)
    low, high = np.percentile(disparity.ravel()[np.flatnonzero(source)[::7]], (1, 99))
    even = float(_EVEN * (high - low))
    live = hole | source
    if not even > 0 or not np.isfinite(disparity).all(where=live):
        return none
    window = np.ones((2 * _SHORE + 1, 2 * _SHORE + 1), np.uint8)
    shore = source & (cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    top = cv2.dilate(np.where(live, disparity, np.float32(-np.inf)), window)
    bottom = cv2.erode(np.where(live, disparity, np.float32(np.inf)), window)
    flat = shore & (top < bottom + even)
    if not flat.any():
        return none
    count, label = cv2.connectedComponents(hole.astype(np.uint8), connectivity=8)
    beside = cv2.dilate(label.astype(np.float32), np.ones((3, 3), np.uint8))
    false = np.bincount(beside[flat].astype(np.intp), minlength=count)
    true = np.bincount(beside[shore & ~flat].astype(np.intp), minlength=count)
    flat[flat] = (true > _FEW * false)[beside[flat].astype(np.intp)]
    beyond = source & ~_inland(disparity, flat, 2 * even)
    k = _BLOCK
    part = beyond[::k, ::k] & ~hole[::k, ::k]
    if not part.any() or not flat.any():
        return none
    # What the other shores continue: only what lies in front of that is false.
    there = np.where(
        hole[::k, ::k], continue_disparity(disparity[::k, ::k], hole[::k, ::k], part), -np.inf
    )
    there = cv2.dilate(there.astype(np.float32), np.ones((5, 5), np.uint8))
    ys, xs = np.nonzero(flat)
    flat[ys, xs] = disparity[ys, xs] > there[ys // k, xs // k] + even
    result = source & _inland(disparity, flat, 2 * even)
    return result if (source & ~result).any() else none


def _inland(
    disparity: NDArray[np.float32], shore: NDArray[np.bool_], room: float
) -> NDArray[np.bool_]:
    """What lies near a shore, no more than ``room`` from its disparity."""
    rows, columns = -(-shore.shape[0] // _BLOCK), -(-shore.shape[1] // _BLOCK)
    blocks = np.full((rows, columns), -np.inf, np.float32)
    ys, xs = np.nonzero(shore)
    np.maximum.at(blocks, (ys // _BLOCK, xs // _BLOCK), disparity[ys, xs])
    side = 2 * _FALSE_REACH + 1
    blocks = cv2.dilate(blocks, np.ones((side, side), np.uint8))
    level = np.repeat(np.repeat(blocks, _BLOCK, axis=0), _BLOCK, axis=1)
    return np.abs(disparity - level[: shore.shape[0], : shore.shape[1]]) < room


def continue_disparity(
    disparity: NDArray[np.float32], hole: NDArray[np.bool_], source: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Fill the hole of a disparity map by continuing the surfaces that adjoin it.

    ``disparity`` is float32 (H, W), any unit linear in inverse depth; ``hole`` and ``source`` are
    bool (H, W), ``source`` not empty, disjoint from the hole and finite there. Returns a copy whose
    hole pixels stay within the range of the source nearby, plus a quarter of that range. Parts of
    the hole that touch no source get a smooth blend of all there is.
    """
    result = np.array(disparity, dtype=np.float32, order="C")
    height, width = result.shape
    moments, least, most, torn = _gather(result, source, hole, _BLOCK)
    ring = source & (cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    shore = np.zeros(torn.shape, np.bool_)
    ring_y, ring_x = np.nonzero(ring)
    shore[ring_y // _BLOCK, ring_x // _BLOCK] = True
    far, from_y, from_x = walk_to_source(shore, torn, 2)
    needed = cv2.dilate(torn.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    from_y[~needed] = -1
    pyramid = [(moments, least, most)]
    while max(pyramid[-1][1].shape) > 4:
        pyramid.append(_halve(*pyramid[-1]))
    all_moments, all_least, all_most = (List(part) for part in zip(*pyramid, strict=True))
    value, there = _evaluate(all_moments, all_least, all_most, far, from_y, from_x, _RIDGE, _MARGIN)
    value = _soften(value, there, far)
    cube = value[:, :, None]
    spread_known(cube, there, ~there)
    size = (value.shape[1] * _BLOCK, value.shape[0] * _BLOCK)
    whole = cv2.resize(value, size, interpolation=cv2.INTER_LINEAR)[:height, :width]
    if ring_y.size:
        rest = np.zeros_like(result)
        rest[ring] = result[ring] - whole[ring]
        spread_known(rest[:, :, None], ring, hole)
        inside = whole[hole] + rest[hole]
    else:
        inside = whole[hole]
    low, high = float(least.min()), float(most.max())
    room = 0.1 * (high - low)
    result[hole] = np.clip(inside, low - room, high + room)
    return result
