"""A style's colours from pairs of pixels: the same frames before and after a grade.

A quadratic map, fitted by ridge regression, tells what happens to colours that no frame shows; on
top of it lies a cube of differences that follows the pairs and is otherwise as smooth as it can be
(lattice regression; E. Garcia, M. Gupta, "Lattice Regression", NIPS 2009).
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.sparse import csr_matrix, diags, eye_array, kron, vstack
from scipy.sparse.linalg import splu

from synth.grade.lut import identity_cube

Colours = NDArray[np.floating]

ALIKE: Final = 0.6
"""From this ``likeness`` on, two pictures show the same."""

_NODES: Final = 17
_CELLS: Final = 28
_SMOOTH: Final = 0.4
_HOLD: Final = 2e-3
_TRUST: Final = 0.02
"""Difference, encoded, at which a pair begins to count as a stray one."""
_SYMMETRIC: Final[dict[str, Any]] = {
    "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True},
}  # fmt: skip
_EVEN: Final = 1e-3
"""How strongly the quadratic part of the map is held down; its rest a thousandth of that."""


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """How far two pictures (H, W, 3) show the same at the same place, whatever their grade, 0 to 1.

    The cosine between the gradients of both brightnesses, their histograms made even.
    """
    size = (192, 108)
    slopes = []
    for picture in (one, other):
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        even = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        soft = cv2.GaussianBlur(even.astype(np.float32), (0, 0), 1.0)
        slopes.append(np.stack([cv2.Sobel(soft, -1, 1, 0), cv2.Sobel(soft, -1, 0, 1)]))
    size_of = [float(np.sqrt((slope**2).sum())) for slope in slopes]
    if min(size_of) < 1e-3:
        return 0.0
    return max(0.0, float((slopes[0] * slopes[1]).sum()) / (size_of[0] * size_of[1]))


def fit_pairs(before: Colours, after: Colours, size: int) -> NDArray[np.float32]:
    """The cube (n, n, n, 3) that takes colours to those that they became.

    Args:
        before: encoded RGB (n, 3), 1 at white, some thousands.
        after: the same pixels after the grade, (n, 3).
        size: entries along the cube's edge.
    """
    x, y, count = _gathered(before.astype(np.float64), after.astype(np.float64))
    base = _base(x, y)
    left = y - _mapped(x, base)
    weights = _weights(x)
    smooth = _bends() * _SMOOTH
    normal = smooth.T @ smooth + _HOLD * eye_array(_NODES**3)
    trust = np.sqrt(count)
    lattice = np.zeros((_NODES**3, 3))
    for _ in range(3):
        scaled = weights.T @ diags(trust)
        solver = splu((scaled @ weights + normal).tocsc(), "MMD_AT_PLUS_A", **_SYMMETRIC)
        lattice = np.asarray(solver.solve(scaled @ left))
        stray = np.abs(left - weights @ lattice).max(axis=1)
        trust = np.sqrt(count) / (1 + (stray / _TRUST) ** 2)
    grid = identity_cube(size)
    flat = _mapped(grid.reshape(-1, 3).astype(np.float64), base)
    # Nodes are stored by red, green, blue; cubes by blue, green, red.
    place = grid.reshape(-1, 3).T * (_NODES - 1)
    extra = [
        map_coordinates(lattice[:, k].reshape((_NODES,) * 3), place, order=1) for k in range(3)
    ]
    found = np.clip(flat + np.stack(extra, axis=1), 0, 1)
    return np.ascontiguousarray(found.reshape(grid.shape), np.float32)


def _base(x: Colours, y: Colours) -> Colours:
    """Coefficients (10, 3) of what a quadratic map adds to colours."""
    terms = _terms(x)
    hold = np.full(terms.shape[1], _EVEN)
    hold[:4] *= 1e-3
    return np.linalg.solve(terms.T @ terms / len(x) + np.diag(hold), terms.T @ (y - x) / len(x))


def _mapped(x: Colours, base: Colours) -> Colours:
    return x + _terms(x) @ base


def _terms(x: Colours) -> Colours:
    r, g, b = x.T
    return np.stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, g * b, b * r], axis=1)


def _gathered(before: Colours, after: Colours) -> tuple[Colours, Colours, Colours]:
    """Means of the pairs in small cells of colour, and how many each holds."""
    place = np.clip((before * _CELLS).astype(np.int64), 0, _CELLS - 1)
    key = (place[:, 0] * _CELLS + place[:, 1]) * _CELLS + place[:, 2]
    _, where = np.unique(key, return_inverse=True)
    count = np.bincount(where).astype(np.float64)
    means = [
        np.stack([np.bincount(where, side[:, k]) / count for k in range(3)], axis=1)
        for side in (before, after)
    ]
    return means[0], means[1], count


def _weights(x: Colours) -> csr_matrix:
    """What each node gives to each colour, in straight lines, (n, nodes)."""
    place = np.clip(x, 0, 1) * (_NODES - 1)
    low = np.minimum(place.astype(np.int64), _NODES - 2)
    share = place - low
    rows, columns, values = [], [], []
    for corner in np.ndindex(2, 2, 2):
        step = np.array(corner)
        node = low + step
        rows.append(np.arange(len(x)))
        columns.append((node[:, 0] * _NODES + node[:, 1]) * _NODES + node[:, 2])
        values.append(np.prod(np.where(step == 1, share, 1 - share), axis=1))
    where = (np.concatenate(rows), np.concatenate(columns))
    return csr_matrix((np.concatenate(values), where), shape=(len(x), _NODES**3))


def _bends() -> csr_matrix:
    """Second differences of the nodes along all three channels."""
    line = csr_matrix(np.diff(np.eye(_NODES), 2, axis=0))
    still = eye_array(_NODES)
    parts = [
        kron(kron(line, still), still), kron(kron(still, line), still),
        kron(kron(still, still), line),
    ]  # fmt: skip
    return csr_matrix(vstack(parts))
