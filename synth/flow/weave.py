"""The last step: pixels of two pictures, moved and mixed into the one between them.

Sampling is the cubic convolution of R. Keys, "Cubic convolution interpolation for digital image
processing", IEEE Trans. ASSP 29(6), 1981 (a = -1/2, Catmull-Rom), or linear. Motion is constant
in blocks of ``TALL`` rows and a few columns, so that a block is filtered as one piece: several
times faster than looking every pixel up, and within a few hundredths of a pixel of it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import numpy as np
from numba import njit

RUNS = (4, 8)
"""Columns that move together: finer, or faster."""

TALL = 2
"""Rows that move together."""

MARGIN = 16
"""Pixels that a padded plane has around the picture, repeating its edge."""

FIELD = 6
"""Channels of a field: motion to the first picture (x, y), to the second (x, y), the second's
share, and the share of plain mixing, the last two from 0 to 1."""

_BELIEVED = 0.004
"""Share of plain mixing that cannot be seen: under a level."""


def _weaver(run: int) -> Callable[..., None]:
    """The kernel for one length of run; a constant, so that its loops are unrolled."""
    reach = run + 4

    @njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
    def weave(first, second, field, cell, scale, time, cubic, out):
        """Fill planes that move alike: brightness alone, or both of colour.

        Args:
            first: (n, H + 2 ``MARGIN``, W' + 2 ``MARGIN``) uint8, W' being W rounded up to 8.
            second: likewise.
            field: (h, w, ``FIELD``) float32; motion in pixels of the full-size picture.
            cell: pixels of this plane in a cell of the field.
            scale: pixels of this plane in a pixel of the full-size picture, 1 or 0.5.
            time: of the new picture, 0 to 1.
            cubic: whether to sample with cubics, else linearly.
            out: (n, H, W) uint8.
        """
        planes, bottom, width = out.shape
        cells_down, cells_across = field.shape[0], field.shape[1]
        row = np.empty((cells_across + 1, FIELD), np.float32)
        here = np.empty(FIELD, np.float32)
        upper = np.empty(reach, np.float32)
        lower = np.empty(reach, np.float32)
        mixed = np.empty((planes, 2, TALL, run), np.float32)
        half, one, two, three = np.float32(0.5), np.float32(1.0), np.float32(2.0), np.float32(3.0)
        four, five = np.float32(4.0), np.float32(5.0)
        zero, white = np.float32(0.0), np.float32(255.0)
        inverse = one / np.float32(cell)
        last_x, last_y = first.shape[2] - reach, first.shape[1] - 4 - TALL
        for i in range(0, bottom, TALL):
            y = (np.float32(i) + np.float32(TALL) * half) * inverse - half
            above = int(np.floor(y))
            a = y - np.float32(above)
            below = min(max(above + 1, 0), cells_down - 1)
            above = min(max(above, 0), cells_down - 1)
            for j in range(cells_across):
                for c in range(FIELD):
                    row[j, c] = field[above, j, c] + a * (field[below, j, c] - field[above, j, c])
            for c in range(FIELD):
                row[cells_across, c] = row[cells_across - 1, c]
            rows = min(TALL, bottom - i)
            for start in range(0, width, run):
                x = (np.float32(start) + np.float32(run) * half) * inverse - half
                left = min(max(int(np.floor(x)), 0), cells_across - 1)
                b = min(max(x - np.float32(left), zero), one)
                for c in range(FIELD):
                    here[c] = row[left, c] + b * (row[left + 1, c] - row[left, c])
                share, doubt = here[4], here[5]
                for side in range(2):
                    source = first if side == 0 else second
                    px = np.float32(start) + scale * here[2 * side]
                    py = np.float32(i) + scale * here[2 * side + 1]
                    floor_x, floor_y = np.floor(px), np.floor(py)
                    ax, ay = px - floor_x, py - floor_y
                    ix = min(max(int(floor_x) + MARGIN - 1, 0), last_x)
                    iy = min(max(int(floor_y) + MARGIN - 1, 0), last_y)
                    v0 = half * ay * (ay * (two - ay) - one)
                    v1 = half * (two + ay * ay * (three * ay - five))
                    v2 = half * ay * (one + ay * (four - three * ay))
                    v3 = half * ay * ay * (ay - one)
                    h0 = half * ax * (ax * (two - ax) - one)
                    h1 = half * (two + ax * ax * (three * ax - five))
                    h2 = half * ax * (one + ax * (four - three * ax))
                    h3 = half * ax * ax * (ax - one)
                    for p in range(planes):
                        rows_in = source[p]
                        target = mixed[p, side]
                        if cubic:
                            for k in range(reach):
                                p1 = np.float32(rows_in[iy + 1, ix + k])
                                p2 = np.float32(rows_in[iy + 2, ix + k])
                                p3 = np.float32(rows_in[iy + 3, ix + k])
                                p0 = np.float32(rows_in[iy, ix + k])
                                p4 = np.float32(rows_in[iy + 4, ix + k])
                                upper[k] = v0 * p0 + v1 * p1 + v2 * p2 + v3 * p3
                                lower[k] = v0 * p1 + v1 * p2 + v2 * p3 + v3 * p4
                            for k in range(run):
                                target[0, k] = (
                                    h0 * upper[k]
                                    + h1 * upper[k + 1]
                                    + h2 * upper[k + 2]
                                    + h3 * upper[k + 3]
                                )
                                target[1, k] = (
                                    h0 * lower[k]
                                    + h1 * lower[k + 1]
                                    + h2 * lower[k + 2]
                                    + h3 * lower[k + 3]
                                )
                        else:
                            for k in range(reach):
                                p1 = np.float32(rows_in[iy + 1, ix + k])
                                p2 = np.float32(rows_in[iy + 2, ix + k])
                                p3 = np.float32(rows_in[iy + 3, ix + k])
                                upper[k] = p1 + ay * (p2 - p1)
                                lower[k] = p2 + ay * (p3 - p2)
                            for k in range(run):
                                target[0, k] = upper[k + 1] + ax * (upper[k + 2] - upper[k + 1])
                                target[1, k] = lower[k + 1] + ax * (lower[k + 2] - lower[k + 1])
                if doubt < _BELIEVED and start + run <= width and rows == TALL:
                    for p in range(planes):
                        for r in range(TALL):
                            one_side, other = mixed[p, 0, r], mixed[p, 1, r]
                            for k in range(run):
                                value = one_side[k] + share * (other[k] - one_side[k]) + half
                                out[p, i + r, start + k] = np.uint8(min(max(value, zero), white))
                    continue
                for p in range(planes):
                    for r in range(rows):
                        for k in range(min(run, width - start)):
                            value = mixed[p, 0, r, k]
                            value += share * (mixed[p, 1, r, k] - value)
                            now = np.float32(first[p, i + r + MARGIN, start + k + MARGIN])
                            then = np.float32(second[p, i + r + MARGIN, start + k + MARGIN])
                            value += doubt * (now + time * (then - now) - value) + half
                            out[p, i + r, start + k] = np.uint8(min(max(value, zero), white))

    return weave


WEAVE: Final = MappingProxyType({run: _weaver(run) for run in RUNS})
"""The kernels by their run."""
