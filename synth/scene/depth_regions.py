"""A photo cut into regions of one look, and a smooth value for each from uncertain evidence."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float32]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Regions:
    """A partition of a picture."""

    labels: Labels
    """Shape (H, W): 0 to ``count`` - 1."""
    count: int
    """How many regions there are."""
    size: NDArray[np.float64]
    """Pixels of each region, shape (count,)."""

    def mean(self, values: Array, weight: Array | None = None) -> NDArray[np.float64]:
        """Mean of an (H, W) array over each region, weighted if asked; shape (count,)."""
        flat = self.labels.ravel()
        if weight is None:
            return np.bincount(flat, values.ravel(), self.count) / self.size
        total = np.bincount(flat, weight.ravel(), self.count)
        return np.bincount(flat, (values * weight).ravel(), self.count) / np.maximum(total, 1e-9)


def cut_regions(lab: Array, *, scale: float = 1.0, smallest: float = 0.0012) -> Regions:
    """Cut a small picture, CIE Lab divided by 100, shape (H, W, 3), into regions.

    Neighbours are joined from the smallest colour difference up, as long as the difference is no
    larger than what each side holds within itself, plus a bonus for small regions: Felzenszwalb
    and Huttenlocher, "Efficient Graph-Based Image Segmentation", IJCV 2004. ``scale`` sets the
    bonus; ``smallest`` is the least share of the picture that a region may have.
    """
    height, width = lab.shape[:2]
    smooth = cv2.GaussianBlur(lab, (0, 0), 0.8).astype(np.float32)
    index = np.arange(height * width, dtype=np.int32).reshape(height, width)
    right = np.sqrt(np.square(np.diff(smooth, axis=1)).sum(2)).ravel()
    down = np.sqrt(np.square(np.diff(smooth, axis=0)).sum(2)).ravel()
    weight = np.concatenate([right, down])
    start = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    stop = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    # Sixteen bits make the sort a radix sort: linear time.
    order = np.argsort(np.minimum(weight * 20000.0, 65535.0).astype(np.uint16), kind="stable")
    least = max(4, round(smallest * height * width))
    parent = _join(
        start[order], stop[order], weight[order], height * width, np.float32(scale), least
    )
    return _number(parent.reshape(height, width))


def split_regions(regions: Regions, *masks: NDArray[np.bool_]) -> Regions:
    """Cut the regions again along the borders of masks of shape (H, W)."""
    labels = regions.labels
    for mask in masks:
        labels = labels * 2 + mask
    return _number(labels)


def _number(labels: NDArray[np.int32]) -> Regions:
    present = np.bincount(labels.ravel())
    names = np.cumsum(present > 0) - 1
    return Regions(
        names[labels].astype(np.int32), int(names[-1]) + 1, present[present > 0].astype(np.float64)
    )


@njit(cache=True, nogil=True)
def _root(parent, node):  # pragma: no cover - compiled
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def _join(start, stop, weight, count, scale, least):  # pragma: no cover - compiled
    parent = np.arange(count).astype(np.int32)
    size = np.ones(count, np.int32)
    limit = np.full(count, scale, np.float32)
    for index in range(len(start)):
        a = _root(parent, start[index])
        b = _root(parent, stop[index])
        if a != b and weight[index] <= limit[a] and weight[index] <= limit[b]:
            parent[b] = a
            size[a] += size[b]
            limit[a] = weight[index] + scale / size[a]
    for index in range(len(start)):
        a = _root(parent, start[index])
        b = _root(parent, stop[index])
        if a != b and (size[a] < least or size[b] < least):
            parent[b] = a
            size[a] += size[b]
    for node in range(count):
        parent[node] = _root(parent, node)
    return parent


def borders(regions: Regions, lab: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Pairs of touching regions and how strongly they belong together.

    Returns two index arrays and the ties, shape (pairs,): the square root of the border's length
    in pixels, times a factor that falls with the colour difference along the border.
    """
    labels = regions.labels
    count = regions.count
    codes, costs = [], []
    for axis in (0, 1):
        first = labels[:-1] if axis == 0 else labels[:, :-1]
        second = labels[1:] if axis == 0 else labels[:, 1:]
        cut = first != second
        low, high = np.minimum(first, second)[cut], np.maximum(first, second)[cut]
        codes.append(low.astype(np.int64) * count + high)
        costs.append(np.sqrt(np.square(np.diff(lab, axis=axis)[cut]).sum(1)))
    code = np.concatenate(codes)
    if code.size == 0:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, np.zeros(0, np.float32)
    pairs, inverse, length = np.unique(code, return_inverse=True, return_counts=True)
    contrast = np.bincount(inverse, np.concatenate(costs)) / length
    tie = np.sqrt(length) * (np.exp(-contrast / 0.07) + 0.02)
    return pairs // count, pairs % count, tie.astype(np.float32)


def settle(
    values: NDArray[np.float64],
    belief: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    ties: Array,
) -> NDArray[np.float64]:
    """One value a region: close to its evidence as far as that is believed, else to neighbours.

    Minimises ``sum belief (v - values)^2 + sum ties (v_first - v_second)^2``. Arrays of shape
    (count,) and (pairs,); belief above 0 somewhere. Returns shape (count,).
    """
    count = len(values)
    matrix = np.zeros((count, count))
    np.add.at(matrix, (first, second), -ties)
    np.add.at(matrix, (second, first), -ties)
    weight = np.maximum(belief, 1e-6)
    matrix[np.diag_indices(count)] = weight - matrix.sum(1)
    return _eliminate(matrix, weight * values)


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
