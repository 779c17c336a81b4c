"""The last step: pixels of two pictures, moved and mixed into the one between them.

Sampling is the cubic convolution of R. Keys, "Cubic convolution interpolation for digital image
processing", IEEE Trans. ASSP 29(6), 1981 (a = -1/2, Catmull-Rom), or linear. Motion is constant
along a run of a few pixels of a row, so that a run is filtered as one piece: several times
faster than looking every pixel up, and within a few hundredths of a pixel of it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import numpy as np
from numba import njit

RUNS = (4, 8)
"""Pixels of a row that move together: finer, or faster."""

MARGIN = 16
"""Pixels that a padded plane has around the picture, repeating its edge."""

FIELD = 6
"""Channels of a field: motion to the first picture (x, y), to the second (x, y), the second's
share, and the share of plain mixing, the last two from 0 to 1."""


def _weaver(run: int) -> Callable[..., None]:
    """The kernel for one length of run; a constant, so that its loops are unrolled."""

    @njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
    def weave(first, second, field, cell, scale, time, cubic, top, bottom, out):
        """Fill the rows ``top`` to ``bottom`` of a plane.

        Args:
            first: (H + 2 ``MARGIN``, W' + 2 ``MARGIN``) uint8, W' being W rounded up to 8.
            second: likewise.
            field: (h, w, ``FIELD``) float32; motion in pixels of the full-size picture.
            cell: pixels of this plane in a cell of the field.
            scale: pixels of this plane in a pixel of the full-size picture, 1 or 0.5.
            time: of the new picture, 0 to 1.
            cubic: whether to sample with cubics, else linearly.
            top: first row.
            bottom: the row after the last.
            out: (H, W) uint8.
        """
        width = out.shape[1]
        cells_down, cells_across = field.shape[0], field.shape[1]
        row = np.empty((cells_across + 1, FIELD), np.float32)
        column = np.empty(run + 4, np.float32)
        mixed = np.empty((2, run), np.float32)
        half, one, two, three = np.float32(0.5), np.float32(1.0), np.float32(2.0), np.float32(3.0)
        four, five = np.float32(4.0), np.float32(5.0)
        zero, white = np.float32(0.0), np.float32(255.0)
        inverse = one / np.float32(cell)
        last_x, last_y = first.shape[1] - (run + 4), first.shape[0] - 4
        for i in range(top, bottom):
            y = (np.float32(i) + half) * inverse - half
            above = int(np.floor(y))
            a = y - np.float32(above)
            below = min(above + 1, cells_down - 1)
            above = max(above, 0)
            for j in range(cells_across):
                for c in range(FIELD):
                    row[j, c] = field[above, j, c] + a * (field[below, j, c] - field[above, j, c])
            for c in range(FIELD):
                row[cells_across, c] = row[cells_across - 1, c]
            for start in range(0, width, run):
                x = (np.float32(start) + np.float32(run) * half) * inverse - half
                left = max(int(np.floor(x)), 0)
                b = min(max(x - np.float32(left), zero), one)
                left = min(left, cells_across - 1)
                share = row[left, 4] + b * (row[left + 1, 4] - row[left, 4])
                doubt = row[left, 5] + b * (row[left + 1, 5] - row[left, 5])
                for side in range(2):
                    source = first if side == 0 else second
                    target = mixed[side]
                    dx = row[left, 2 * side] + b * (row[left + 1, 2 * side] - row[left, 2 * side])
                    dy = row[left, 2 * side + 1] + b * (
                        row[left + 1, 2 * side + 1] - row[left, 2 * side + 1]
                    )
                    px, py = np.float32(start) + scale * dx, np.float32(i) + scale * dy
                    floor_x, floor_y = np.floor(px), np.floor(py)
                    ax, ay = px - floor_x, py - floor_y
                    ix = min(max(int(floor_x) + MARGIN - 1, 0), last_x)
                    iy = min(max(int(floor_y) + MARGIN - 1, 0), last_y)
                    if cubic:
                        v0 = half * ay * (ay * (two - ay) - one)
                        v1 = half * (two + ay * ay * (three * ay - five))
                        v2 = half * ay * (one + ay * (four - three * ay))
                        v3 = half * ay * ay * (ay - one)
                        h0 = half * ax * (ax * (two - ax) - one)
                        h1 = half * (two + ax * ax * (three * ax - five))
                        h2 = half * ax * (one + ax * (four - three * ax))
                        h3 = half * ax * ax * (ax - one)
                        for k in range(run + 4):
                            column[k] = (
                                v0 * np.float32(source[iy, ix + k])
                                + v1 * np.float32(source[iy + 1, ix + k])
                                + v2 * np.float32(source[iy + 2, ix + k])
                                + v3 * np.float32(source[iy + 3, ix + k])
                            )
                        for k in range(run):
                            target[k] = (
                                h0 * column[k]
                                + h1 * column[k + 1]
                                + h2 * column[k + 2]
                                + h3 * column[k + 3]
                            )
                    else:
                        for k in range(run + 4):
                            upper = np.float32(source[iy + 1, ix + k])
                            column[k] = upper + ay * (np.float32(source[iy + 2, ix + k]) - upper)
                        for k in range(run):
                            target[k] = column[k + 1] + ax * (column[k + 2] - column[k + 1])
                end = min(run, width - start)
                if doubt > np.float32(0.004):
                    for k in range(end):
                        value = mixed[0, k] + share * (mixed[1, k] - mixed[0, k])
                        here = np.float32(first[i + MARGIN, start + k + MARGIN])
                        there = np.float32(second[i + MARGIN, start + k + MARGIN])
                        plain = here + time * (there - here)
                        value += doubt * (plain - value)
                        out[i, start + k] = np.uint8(min(max(value + half, zero), white))
                elif end == run:
                    for k in range(run):
                        value = mixed[0, k] + share * (mixed[1, k] - mixed[0, k])
                        out[i, start + k] = np.uint8(min(max(value + half, zero), white))
                else:
                    for k in range(end):
                        value = mixed[0, k] + share * (mixed[1, k] - mixed[0, k])
                        out[i, start + k] = np.uint8(min(max(value + half, zero), white))

    return weave


WEAVE: Final = MappingProxyType({run: _weaver(run) for run in RUNS})
"""The kernels by their run."""
