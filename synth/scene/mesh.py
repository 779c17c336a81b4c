"""A disparity image becomes an adaptive mesh: big cells where it is flat, pixels where it is not.

The lattice is the image's pixel centres. Inside a cell of two triangles disparity is linear in the
image, which is a plane in space, so a flat wall or floor of any size costs one cell. Where a large
cell meets small ones, the small ones' vertices are put on the large one's edge: no cracks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

MAX_LEVEL = 5
"""Largest cell: 2**5 = 32 pixels, small enough that culling and bands stay tight."""


@dataclass(frozen=True)
class Mesh:
    """Quads over an image's pixel lattice."""

    x: NDArray[np.float32]
    """Image column of each vertex (pixel centre of column 0 is 0.0), shape (V,)."""
    y: NDArray[np.float32]
    """Image row of each vertex, shape (V,)."""
    disparity: NDArray[np.float32]
    """Inverse depth of each vertex, 1 / scene units, shape (V,)."""
    quads: NDArray[np.int32]
    """Vertex numbers, shape (Q, 4): top left, top right, bottom right, bottom left; neighbouring
    quads stand close to one another."""


def build_mesh(
    disparity: NDArray[np.float32],
    cells: NDArray[np.bool_],
    tolerance: float,
    *,
    smallest_level: int = 0,
    largest_level: int = MAX_LEVEL,
    fine: NDArray[np.bool_] | None = None,
) -> Mesh:
    """Mesh the lattice cells that are marked.

    Args:
        disparity: inverse depth at the pixel centres, shape (H, W).
        cells: which 2x2 neighbourhoods belong to the surface, shape (H-1, W-1).
        tolerance: largest disparity error that merging cells may make.
        smallest_level: blocks of this level are kept whole however curved, and smaller remains
            at the surface's border are left out.
        largest_level: blocks are not merged beyond this level.
        fine: cells where such remains are kept all the same, shape (H-1, W-1).
    """
    spared = np.zeros(cells.shape, np.bool_) if fine is None else fine
    levels = _merge_levels(
        disparity, cells, np.float32(tolerance), smallest_level, largest_level, spared
    )
    corners = _collect_leaves(levels, MAX_LEVEL)
    snapped = disparity.copy()
    _snap_hanging(snapped, corners)
    x, y, values, quads = _emit(snapped, _neighbours_together(corners))
    return Mesh(x, y, values, quads)


@njit(cache=True, nogil=True)
def _merge_levels(
    disparity, cells, tolerance, smallest, max_level, spared
):  # pragma: no cover - compiled
    """Largest block level at each cell's block origin; -1 where no block of the surface starts."""
    rows, columns = cells.shape
    levels = np.full((rows, columns), -1, np.int8)
    for row in range(rows):
        for column in range(columns):
            if cells[row, column]:
                levels[row, column] = 0
    for level in range(1, max_level + 1):
        size = 1 << level
        half = size >> 1
        for row in range(0, rows - size + 1, size):
            for column in range(0, columns - size + 1, size):
                child = level - 1
                if (
                    levels[row, column] != child
                    or levels[row, column + half] != child
                    or levels[row + half, column] != child
                    or levels[row + half, column + half] != child
                ):
                    continue
                a = disparity[row, column]
                b = disparity[row, column + size]
                c = disparity[row + size, column]
                d = disparity[row + size, column + size]
                top = abs(disparity[row, column + half] - 0.5 * (a + b))
                bottom = abs(disparity[row + size, column + half] - 0.5 * (c + d))
                left = abs(disparity[row + half, column] - 0.5 * (a + c))
                right = abs(disparity[row + half, column + size] - 0.5 * (b + d))
                # Both diagonals, since either may become the fold of the two triangles.
                middle = disparity[row + half, column + half]
                fold = max(abs(middle - 0.5 * (a + d)), abs(middle - 0.5 * (b + c)))
                error = max(max(top, bottom), max(max(left, right), fold))
                if level <= smallest or error <= tolerance:
                    levels[row, column] = level
                    levels[row, column + half] = -1
                    levels[row + half, column] = -1
                    levels[row + half, column + half] = -1
    for row in range(rows):
        for column in range(columns):
            if levels[row, column] < smallest and not spared[row, column]:
                levels[row, column] = -1
    return levels


@njit(cache=True, nogil=True)
def _collect_leaves(levels, max_level):  # pragma: no cover - compiled
    """Leaves as (row, column, size), largest first, shape (Q, 3)."""
    rows, columns = levels.shape
    counts = np.zeros(max_level + 2, np.int64)
    for row in range(rows):
        for column in range(columns):
            if levels[row, column] >= 0:
                counts[levels[row, column]] += 1
    starts = np.zeros(max_level + 1, np.int64)
    total = 0
    for level in range(max_level, -1, -1):
        starts[level] = total
        total += counts[level]
    leaves = np.empty((total, 3), np.int32)
    for row in range(rows):
        for column in range(columns):
            level = levels[row, column]
            if level >= 0:
                leaves[starts[level], 0] = row
                leaves[starts[level], 1] = column
                leaves[starts[level], 2] = 1 << level
                starts[level] += 1
    return leaves


@njit(cache=True, nogil=True)
def _snap_hanging(disparity, leaves):  # pragma: no cover - compiled
    """Put every lattice point on a large cell's edge on the straight line of that edge."""
    for index in range(leaves.shape[0]):
        row = leaves[index, 0]
        column = leaves[index, 1]
        size = leaves[index, 2]
        if size == 1:
            return
        a = disparity[row, column]
        b = disparity[row, column + size]
        c = disparity[row + size, column]
        d = disparity[row + size, column + size]
        for step in range(1, size):
            share = np.float32(step) / np.float32(size)
            disparity[row, column + step] = a + (b - a) * share
            disparity[row + size, column + step] = c + (d - c) * share
            disparity[row + step, column] = a + (c - a) * share
            disparity[row + step, column + size] = b + (d - b) * share


def _neighbours_together(leaves: NDArray[np.int32]) -> NDArray[np.int32]:
    """Leaves in the order of the largest blocks that they lie in, row by row of those.

    Whoever draws them finds their vertices, texels and pixels in the processor's cache.
    """
    row, column = leaves[:, 0] >> MAX_LEVEL, leaves[:, 1] >> MAX_LEVEL
    return leaves[np.argsort(row * (column.max(initial=0) + 1) + column, kind="stable")]


@njit(cache=True, nogil=True)
def _emit(disparity, leaves):  # pragma: no cover - compiled
    rows, columns = disparity.shape
    number = np.full((rows, columns), -1, np.int32)
    count = leaves.shape[0]
    quads = np.empty((count, 4), np.int32)
    x = np.empty(count * 4, np.float32)
    y = np.empty(count * 4, np.float32)
    values = np.empty(count * 4, np.float32)
    used = 0
    for index in range(count):
        row = leaves[index, 0]
        column = leaves[index, 1]
        size = leaves[index, 2]
        for corner in range(4):
            r = row + (size if corner >= 2 else 0)
            c = column + (size if corner == 1 or corner == 2 else 0)
            if number[r, c] < 0:
                number[r, c] = used
                x[used] = c
                y[used] = r
                values[used] = disparity[r, c]
                used += 1
            quads[index, corner] = number[r, c]
    return x[:used].copy(), y[:used].copy(), values[:used].copy(), quads
