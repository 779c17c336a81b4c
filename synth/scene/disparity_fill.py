"""Continue a disparity map into a hole: local planes, then a membrane that closes the seam.

A surface seen in perspective has disparity that is linear across the picture, so a wall or a floor
is continued by the plane that fits its neighbourhood (moving least squares, Lancaster and
Salkauskas 1981, https://doi.org/10.1090/S0025-5718-1981-0616367-1), at a scale that grows with
the distance from the known pixels. What the planes miss at the border is spread as a membrane.
"""

from __future__ import annotations

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from synth.scene.smooth_fill import spread_known

_BLOCK = 4
_RIDGE = 0.02
_MARGIN = 0.25


@numba.njit(cache=True, nogil=True)
def _gather(disparity, source, block):
    """Moments of the source pixels of each block: (rows, columns, 9) and their range."""
    height, width = disparity.shape
    rows, columns = (height + block - 1) // block, (width + block - 1) // block
    moments = np.zeros((rows, columns, 9), np.float64)
    least = np.full((rows, columns), np.inf, np.float32)
    most = np.full((rows, columns), -np.inf, np.float32)
    scale = 1.0 / max(height, width)
    for y in range(height):
        for x in range(width):
            if not source[y, x]:
                continue
            j, i = y // block, x // block
            d = np.float64(disparity[y, x])
            u, v = x * scale, y * scale
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
    return moments, least, most


@numba.njit(cache=True, nogil=True)
def _planes(moments, least, most, spread, ridge):
    """Fit a plane d = a + b u + c v around every block: (rows, columns, 6), 3x3 neighbourhood.

    The last three numbers are the range of the neighbourhood and 1 where there is anything at all.
    ``spread`` is the squared size of a block in the units of u and v; it scales the ridge that
    flattens slopes which the data does not fix.
    """
    rows, columns = least.shape
    out = np.zeros((rows, columns, 6), np.float64)
    for y in range(rows):
        for x in range(columns):
            m = np.zeros(9)
            low, high = np.inf, -np.inf
            for j in range(max(y - 2, 0), min(y + 3, rows)):
                for i in range(max(x - 2, 0), min(x + 3, columns)):
                    if moments[j, i, 0] == 0:
                        continue
                    far = (j - y) ** 2 + (i - x) ** 2
                    share = np.exp(-far / 2.5)
                    for k in range(9):
                        m[k] += share * moments[j, i, k]
                    low = min(low, np.float64(least[j, i]))
                    high = max(high, np.float64(most[j, i]))
            if m[0] <= 0:
                continue
            u, v, d = m[1] / m[0], m[2] / m[0], m[6] / m[0]
            uu = m[3] / m[0] - u * u + ridge * spread
            uv = m[4] / m[0] - u * v
            vv = m[5] / m[0] - v * v + ridge * spread
            ud = m[7] / m[0] - u * d
            vd = m[8] / m[0] - v * d
            det = uu * vv - uv * uv
            b = (ud * vv - vd * uv) / det
            c = (vd * uu - ud * uv) / det
            out[y, x, 0] = d - b * u - c * v
            out[y, x, 1] = b
            out[y, x, 2] = c
            out[y, x, 3] = low
            out[y, x, 4] = high
            out[y, x, 5] = 1.0
    return out


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
def _sample(plane, size, y, x, v, u):
    """Bilinear blend of the planes of one level at pixel (y, x); the fifth number is support."""
    rows, columns = plane.shape[:2]
    fy = (y + 0.5) / size - 0.5
    fx = (x + 0.5) / size - 0.5
    y0, x0 = int(np.floor(fy)), int(np.floor(fx))
    fy -= y0
    fx -= x0
    value, low, high, total = 0.0, 0.0, 0.0, 0.0
    for j in range(2):
        for i in range(2):
            p = plane[min(max(y0 + j, 0), rows - 1), min(max(x0 + i, 0), columns - 1)]
            if p[5] == 0:
                continue
            share = (fy if j else 1 - fy) * (fx if i else 1 - fx) + 1e-9
            value += share * (p[0] + p[1] * u + p[2] * v)
            low += share * p[3]
            high += share * p[4]
            total += share
    return value, low, high, total


@numba.njit(cache=True, nogil=True)
def _evaluate(planes, block, near, wanted, margin):
    """Value of the planes at wanted pixels, the scale chosen by the distance to the source."""
    height, width = near.shape
    out = np.zeros((height, width), np.float32)
    lows = np.zeros((height, width), np.float32)
    highs = np.zeros((height, width), np.float32)
    scale = 1.0 / max(height, width)
    count = len(planes)
    for y in range(height):
        for x in range(width):
            if not wanted[y, x]:
                continue
            want = np.log2(max(np.float64(near[y, x]) / (1.5 * block), 1.0))
            first = min(int(want), count - 1)
            part = min(want - first, 1.0)
            value, low, high, total = 0.0, 0.0, 0.0, 0.0
            level = first
            for step in range(count):
                level = first + step
                if level >= count:
                    break
                share = 1.0 - part if step == 0 else part
                if step >= 2:
                    share = 1.0
                if step >= 2 and total > 0:
                    break
                size = block * 2.0**level
                a, lo, hi, s = _sample(planes[level], size, y, x, y * scale, x * scale)
                if s <= 0:
                    continue
                share += 1e-6
                value += share * a / s
                low += share * lo / s
                high += share * hi / s
                total += share
            if total <= 0:
                continue
            room = margin * (high - low) / total
            out[y, x] = value / total
            lows[y, x] = low / total - room
            highs[y, x] = high / total + room
    return out, lows, highs


def continue_disparity(
    disparity: NDArray[np.float32], hole: NDArray[np.bool_], source: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Fill the hole of a disparity map by continuing the surfaces that adjoin it.

    ``disparity`` is float32 (H, W), any unit linear in inverse depth; ``hole`` and ``source`` are
    bool (H, W), ``source`` not empty, disjoint from the hole and finite. Returns a copy whose hole
    pixels stay within the range of the nearby source, plus a quarter of that range.
    """
    result = np.array(disparity, dtype=np.float32, order="C")
    moments, least, most = _gather(result, source, _BLOCK)
    near = cv2.distanceTransform((~source).astype(np.uint8), cv2.DIST_L2, 3)
    ring = source & (cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    planes = numba.typed.List()
    size = _BLOCK / max(disparity.shape)
    while True:
        planes.append(_planes(moments, least, most, size * size, _RIDGE))
        if max(least.shape) <= 2:
            break
        moments, least, most = _halve(moments, least, most)
        size *= 2
    value, low, high = _evaluate(planes, _BLOCK, near, hole | ring, _MARGIN)
    if ring.any():
        rest = np.zeros_like(value)
        rest[ring] = result[ring] - value[ring]
        cube = rest[:, :, None]
        spread_known(cube, ring, hole)
        value += rest
    result[hole] = np.clip(value, low, high)[hole]
    return result
