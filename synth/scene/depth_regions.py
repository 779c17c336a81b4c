"""A photo cut into regions of one look, and a smooth value for each from uncertain evidence."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.scene.depth_grid import squared

Array = NDArray[np.float32]
Labels = NDArray[np.int32]

_MOST = 320
"""Most regions of one picture: noise would give a thousand, and settling them takes a cube."""


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
    right = np.sqrt(squared(np.diff(smooth, axis=1))).ravel()
    down = np.sqrt(squared(np.diff(smooth, axis=0))).ravel()
    weight = np.concatenate([right, down])
    start = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    stop = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    # Sixteen bits make the sort a radix sort: linear time.
    order = np.argsort(np.minimum(weight * 20000.0, 65535.0).astype(np.uint16), kind="stable")
    least = max(4, round(smallest * height * width))
    edges = start[order], stop[order], weight[order]
    while True:
        parent = _join(*edges, height * width, np.float32(scale), least)
        regions = _number(parent.reshape(height, width))
        if regions.count <= _MOST:
            return regions
        least *= 3


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
