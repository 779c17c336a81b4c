"""Edge-aware smoothing for depth: a weighted least squares solve, one row and column at a time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float32]


def edge_weights(guide: Array, sharpness: float) -> tuple[Array, Array]:
    """How strongly each pixel is tied to its right and lower neighbour, by colour.

    ``guide`` has shape (H, W, C), in units where 1 is the range of the picture (0 to 1 for RGB).
    Returns arrays of shape (H, W) in (0, 1]; the last column (row) is 0. A colour step of
    ``1 / sharpness`` leaves a tie of 1/e.
    """
    height, width = guide.shape[:2]
    right = np.zeros((height, width), np.float32)
    down = np.zeros((height, width), np.float32)
    step = np.diff(guide, axis=1)
    right[:, :-1] = np.exp(-sharpness * np.sqrt(np.einsum("ijk,ijk->ij", step, step)))
    step = np.diff(guide, axis=0)
    down[:-1] = np.exp(-sharpness * np.sqrt(np.einsum("ijk,ijk->ij", step, step)))
    return right, down


def smooth_within_edges(
    values: Array,
    confidence: Array,
    ties: tuple[Array, Array],
    strength: float,
    passes: int = 3,
) -> Array:
    """Spread confident values over pixels that are tied together; steps stay where ties are weak.

    ``values`` and ``confidence`` have shape (H, W), confidence at least 0; ``ties`` come from
    `edge_weights`; ``strength`` is the weight of smoothness against the data (100 to 10000).
    The two-dimensional solve is replaced by alternating one-dimensional ones, which are exact and
    cost one sweep each: Min et al., "Fast Global Image Smoothing Based on Weighted Least
    Squares", IEEE TIP 2014. Returns shape (H, W), float32, inside the range of the values.
    """
    weight = np.maximum(confidence, 1e-6).astype(np.float32)
    stack = np.empty((*values.shape, 2), np.float32)
    stack[..., 0] = values * weight
    stack[..., 1] = weight
    for index in range(passes):
        share = 1.5 * 4.0 ** (passes - 1 - index) / (4.0**passes - 1.0)
        _solve_rows(stack, ties[0], np.float32(share * strength))
        _solve_columns(stack, ties[1], np.float32(share * strength))
    result = stack[..., 0] / np.maximum(stack[..., 1], 1e-12)
    return np.clip(result, values.min(), values.max()).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def _solve_rows(stack, ties, strength):  # pragma: no cover - compiled
    """Tridiagonal solve of every row in place; two right-hand sides share one elimination."""
    height, width, _ = stack.shape
    upper = np.empty(width, np.float32)
    for y in range(height):
        before = np.float32(0.0)
        upper_before = np.float32(0.0)
        first = np.float32(0.0)
        second = np.float32(0.0)
        for x in range(width):
            after = strength * ties[y, x] if x + 1 < width else np.float32(0.0)
            pivot = np.float32(1.0) / (np.float32(1.0) + before + after - before * upper_before)
            upper[x] = after * pivot
            first = (stack[y, x, 0] + before * first) * pivot
            second = (stack[y, x, 1] + before * second) * pivot
            stack[y, x, 0] = first
            stack[y, x, 1] = second
            before = after
            upper_before = upper[x]
        for x in range(width - 2, -1, -1):
            stack[y, x, 0] += upper[x] * stack[y, x + 1, 0]
            stack[y, x, 1] += upper[x] * stack[y, x + 1, 1]


@njit(cache=True, nogil=True, fastmath=True)
def _solve_columns(stack, ties, strength):  # pragma: no cover - compiled
    """As `_solve_rows` for columns, a whole row at a time so that memory is read in order."""
    height, width, _ = stack.shape
    upper = np.empty((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            after = strength * ties[y, x] if y + 1 < height else np.float32(0.0)
            if y == 0:
                pivot = np.float32(1.0) / (np.float32(1.0) + after)
                stack[y, x, 0] *= pivot
                stack[y, x, 1] *= pivot
            else:
                before = strength * ties[y - 1, x]
                pivot = np.float32(1.0) / (
                    np.float32(1.0) + before + after - before * upper[y - 1, x]
                )
                stack[y, x, 0] = (stack[y, x, 0] + before * stack[y - 1, x, 0]) * pivot
                stack[y, x, 1] = (stack[y, x, 1] + before * stack[y - 1, x, 1]) * pivot
            upper[y, x] = after * pivot
    for y in range(height - 2, -1, -1):
        for x in range(width):
            stack[y, x, 0] += upper[y, x] * stack[y + 1, x, 0]
            stack[y, x, 1] += upper[y, x] * stack[y + 1, x, 1]
