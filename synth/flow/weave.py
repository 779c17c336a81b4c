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

from synth.flow.lanes import mix, sample

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
    wide = 2 * run

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
        flat = row.ravel()
        mixed = np.empty((planes, 2, TALL, run), np.float32)
        half, one, two, three = np.float32(0.5), np.float32(1.0), np.float32(2.0), np.float32(3.0)
        four, five = np.float32(4.0), np.float32(5.0)
        zero, white = np.float32(0.0), np.float32(255.0)
        inverse = one / np.float32(cell)
        last_x, last_y = first.shape[2] - wide, first.shape[1] - 4 - TALL
        for i in range(0, bottom, TALL):
            y = (np.float32(i) + np.float32(TALL) * half) * inverse - half
            above = int(np.floor(y))
            a = y - np.float32(above)
            below = min(max(above + 1, 0), cells_down - 1)
            above = min(max(above, 0), cells_down - 1)
            upper, lower = field[above].ravel(), field[below].ravel()
            for k in range(cells_across * FIELD):
                flat[k] = upper[k] + a * (lower[k] - upper[k])
            for c in range(FIELD):
                row[cells_across, c] = row[cells_across - 1, c]
            rows = min(TALL, bottom - i)
            for start in range(0, width, run):
                x = (np.float32(start) + np.float32(run) * half) * inverse - half
                left = min(max(int(np.floor(x)), 0), cells_across - 1)
                b = min(max(x - np.float32(left), zero), one)
                share = row[left, 4] + b * (row[left + 1, 4] - row[left, 4])
                doubt = row[left, 5] + b * (row[left + 1, 5] - row[left, 5])
                for side in range(2):
                    source = first if side == 0 else second
                    m, n = 2 * side, 2 * side + 1
                    px = row[left, m] + b * (row[left + 1, m] - row[left, m])
                    py = row[left, n] + b * (row[left + 1, n] - row[left, n])
                    px = np.float32(start) + scale * px
                    py = np.float32(i) + scale * py
                    floor_x, floor_y = np.floor(px), np.floor(py)
                    ax, ay = px - floor_x, py - floor_y
                    ix = min(max(int(floor_x) + MARGIN - 1, 0), last_x)
                    iy = min(max(int(floor_y) + MARGIN - 1, 0), last_y)
                    if cubic:
                        down = (
                            half * ay * (ay * (two - ay) - one),
                            half * (two + ay * ay * (three * ay - five)),
                            half * ay * (one + ay * (four - three * ay)),
                            half * ay * ay * (ay - one),
                        )
                        across = (
                            half * ax * (ax * (two - ax) - one),
                            half * (two + ax * ax * (three * ax - five)),
                            half * ax * (one + ax * (four - three * ax)),
                            half * ax * ax * (ax - one),
                        )
                        for p in range(planes):
                            sample(source, p, iy, ix, down, across, mixed, side, run)
                    else:
                        ix, iy = min(ix + 1, last_x), iy + 1
                        for p in range(planes):
                            sample(
                                source, p, iy, ix, (one - ay, ay), (one - ax, ax), mixed, side, run
                            )
                if doubt < _BELIEVED and start + run <= width and rows == TALL:
                    for p in range(planes):
                        mix(mixed, p, share, out, i, start, run)
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
