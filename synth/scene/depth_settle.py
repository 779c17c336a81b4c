"""Neighbouring regions agree on their depth: a small least squares problem over a region graph."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.scene.depth_grid import Array, squared
from synth.scene.depth_regions import Regions

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Borders:
    """Where regions touch: one entry a touching pair, and one a pair of touching pixels."""

    first: NDArray[np.int64]
    """The pair's lower region number, shape (pairs,)."""
    second: NDArray[np.int64]
    """Its higher region number, shape (pairs,)."""
    tie: Values
    """How strongly the two belong together, shape (pairs,)."""
    pixel_first: NDArray[np.int64]
    """Flat index of the pixel on the first region's side, shape (pixels,)."""
    pixel_second: NDArray[np.int64]
    """Flat index of the pixel on the second region's side, shape (pixels,)."""
    pair: NDArray[np.int64]
    """Which pair each pair of pixels belongs to, shape (pixels,)."""

    def jump(self, field: Array) -> Values:
        """Mean of an (H, W) field on the first side of each border less that on the second."""
        flat = field.ravel()
        step = flat[self.pixel_first] - flat[self.pixel_second]
        length = np.bincount(self.pair, minlength=self.first.size)
        return np.bincount(self.pair, step, self.first.size) / np.maximum(length, 1)

    def tied(self, tie: Values) -> Borders:
        """The same borders with other ties."""
        return replace(self, tie=tie)


def find_borders(regions: Regions, lab: Array) -> Borders:
    """Find where regions of a picture, CIE Lab divided by 100, touch.

    A tie is the square root of the border's length in pixels times a factor that falls with the
    colour difference along it.
    """
    labels = regions.labels
    index = np.arange(labels.size, dtype=np.int64).reshape(labels.shape)
    one, other, costs = [], [], []
    for axis in (0, 1):
        before = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        after = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        cut = labels[before] != labels[after]
        one.append(index[before][cut])
        other.append(index[after][cut])
        costs.append(np.sqrt(squared(lab[after][cut] - lab[before][cut])))
    left, right, cost = np.concatenate(one), np.concatenate(other), np.concatenate(costs)
    flat = labels.ravel()
    swap = flat[left] > flat[right]
    left, right = np.where(swap, right, left), np.where(swap, left, right)
    code = flat[left].astype(np.int64) * regions.count + flat[right]
    pairs, pair, length = np.unique(code, return_inverse=True, return_counts=True)
    contrast = np.bincount(pair, cost, pairs.size) / np.maximum(length, 1)
    tie = np.sqrt(length) * (np.exp(-contrast / 0.07) + 0.02)
    return Borders(pairs // regions.count, pairs % regions.count, tie, left, right, pair)


def settle(values: Values, belief: Values, borders: Borders, jump: Values | float = 0.0) -> Values:
    """One value a region: close to its evidence as far as that is believed, else to neighbours.

    Minimises ``sum belief (v - values)^2 + sum tie (v_first - v_second + jump)^2``, where
    ``jump`` is how far the shapes that ride on the values are apart at each border already.
    ``values`` and ``belief`` have shape (count,). Returns shape (count,).
    """
    count = len(values)
    first, second, tie = borders.first, borders.second, borders.tie
    matrix = np.zeros((count, count))
    # A pair occurs once, so plain assignment adds.
    matrix[first, second] = -tie
    matrix[second, first] = -tie
    weight = np.maximum(belief, 1e-6)
    matrix[np.diag_indices(count)] = weight - matrix.sum(1)
    pull = np.broadcast_to(tie * jump, tie.shape)
    right = weight * values
    right = right - np.bincount(first, pull, count) + np.bincount(second, pull, count)
    return _eliminate(matrix, right)


@njit(cache=True, nogil=True)
def _eliminate(matrix, right):  # pragma: no cover - compiled
    """Gauss's elimination; no pivots are needed where the diagonal dominates.

    numpy's solver starts threads, which for a few hundred unknowns take longer than the work.
    """
    count = len(right)
    for pivot in range(count):
        for row in range(pivot + 1, count):
            entry = matrix[row, pivot]
            if entry != 0.0:
                factor = entry / matrix[pivot, pivot]
                for column in range(pivot, count):
                    matrix[row, column] -= factor * matrix[pivot, column]
                right[row] -= factor * right[pivot]
    for row in range(count - 1, -1, -1):
        total = right[row]
        for column in range(row + 1, count):
            total -= matrix[row, column] * right[column]
        right[row] = total / matrix[row, row]
    return right
