"""A coarse depth map is brought to the photo's size so that its steps sit on the photo's edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.errors import InvalidMedia
from synth.scene.depth_filters import edge_weights, smooth_within_edges
from synth.scene.depth_grid import Array, scaled, scaled_bytes, squared

RefineMode = Literal["auto", "snap", "keep"]

_STEP = 0.025
"""Least difference of disparity between two sides that counts as a step, not as a slope."""
_MODEL_SIDE = 640
"""Longest side of the grid on which both sides of a step are modelled, pixels."""
_CRISP_SHARE = 0.7
"""Share of a step that one pixel takes in a map whose steps are already crisp."""


@dataclass(frozen=True)
class _Sides:
    """What lies on either side of the steps: each field has the model grid's size."""

    mixed: NDArray[np.uint8]
    near: Array
    far: Array
    score: Array


def refine_disparity(
    disparity: NDArray[np.float32],
    photo: NDArray[np.uint8],
    *,
    mode: RefineMode = "auto",
) -> NDArray[np.float32]:
    """Bring a disparity map to the photo's size with crisp steps on the photo's edges.

    ``disparity`` has shape (h, w), 0 far to 1 near, any resolution; ``photo`` has shape (H, W, 3),
    uint8 RGB. Returns shape (H, W), float32 in [0, 1].

    Wherever the map steps, every pixel between the two sides is given wholly to the near or to the
    far one, by how well its colour fits the pixels that are certain on either side; flat parts are
    only interpolated, so that the picture's texture does not print through. ``mode="keep"``
    interpolates and changes nothing else; ``"snap"`` always moves steps; ``"auto"`` keeps a map
    that has the photo's resolution and crisp steps of its own. The two-sided colour decision
    follows the idea of closed trimaps in Wang and Cohen, "Image and Video Matting", FnT CGV 2007.

    Raises ``InvalidMedia`` for arrays of another shape or a map with values that are not finite.
    """
    _check(disparity, photo)
    height, width = photo.shape[:2]
    source = np.clip(np.asarray(disparity, np.float32), 0.0, 1.0)
    full = _resize(source, width, height)
    if mode == "keep" or min(height, width) < 8 or min(source.shape) < 4:
        return full
    if mode == "auto" and source.shape == (height, width) and _crisp(source):
        return full
    scale = min(1.0, _MODEL_SIDE / max(height, width))
    grid = (max(8, round(width * scale)), max(8, round(height * scale)))
    colour = scaled_bytes(photo, grid)
    blur = max(1.0, grid[0] / source.shape[1])
    sides = _two_sides(_resize(source, *grid), colour, blur)
    if not sides.mixed.any():
        return full
    return _decide(full, sides)


def _check(disparity: NDArray[np.float32], photo: NDArray[np.uint8]) -> None:
    if disparity.ndim != 2 or disparity.size == 0:
        raise InvalidMedia(
            f"A depth map must have shape (height, width), not {disparity.shape}. "
            "Give one number a pixel."
        )
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8 or photo.size == 0:
        raise InvalidMedia(
            f"The photo must be an RGB picture of 8 bits, shape (height, width, 3), not "
            f"{photo.shape} of {photo.dtype}. Load it with synth.media."
        )
    broken = int(disparity.size - np.count_nonzero(np.isfinite(disparity)))
    if broken:
        raise InvalidMedia(
            f"The depth map holds {broken} of {disparity.size} values that are not finite; "
            "none is allowed. Fill them before."
        )


def _resize(values: Array, width: int, height: int) -> Array:
    if values.shape == (height, width):
        return values.copy()
    shrinks = values.shape[0] > height or values.shape[1] > width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return scaled(values, (width, height), way)


def _crisp(disparity: Array) -> bool:
    """Whether most steps of a map are finished from one pixel to the next."""
    kernel = np.ones((7, 7), np.uint8)
    spread = cv2.dilate(disparity, kernel) - cv2.erode(disparity, kernel)
    step = np.zeros_like(disparity)
    across = np.abs(np.diff(disparity, axis=1))
    step[:, 1:] = across
    step[1:] = np.maximum(step[1:], np.abs(np.diff(disparity, axis=0)))
    peak = cv2.dilate(step, kernel)
    steps = spread > 2 * _STEP
    if not steps.any():
        return True
    return float(np.median(peak[steps] / spread[steps])) > _CRISP_SHARE


def _box(values: Array, radius: int) -> Array:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101), np.float32)


def _two_sides(disparity: Array, colour: NDArray[np.uint8], blur: float) -> _Sides:
    """Find the pixels between two sides and score each: above 0 near, below 0 far."""
    reach = int(np.clip(round(1.15 * blur) + 2, 3, 16))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    high = cv2.dilate(disparity, kernel)
    low = cv2.erode(disparity, kernel)
    spread = high - low
    wider = cv2.dilate(high, kernel) - cv2.erode(low, kernel)
    # A slope spans twice as much in a window twice as wide; a step does not.
    mixed = 2.0 * spread - wider > _STEP
    mixed = cv2.dilate(mixed.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rank = (disparity - low) / np.maximum(spread, _STEP)
    sure_near = np.where(mixed, np.clip(4.0 * rank - 2.6, 0.0, 1.0), 0.0).astype(np.float32)
    sure_far = np.where(mixed, np.clip(1.4 - 4.0 * rank, 0.0, 1.0), 0.0).astype(np.float32)
    lab = cv2.cvtColor(colour, cv2.COLOR_RGB2LAB).astype(np.float32) / 255.0
    near, near_colour, near_spread, near_found = _model(disparity, lab, sure_near, reach + 2)
    far, far_colour, far_spread, far_found = _model(disparity, lab, sure_far, reach + 2)
    mixed &= near_found & far_found
    distance_near = squared(lab - near_colour) / near_spread + np.log(near_spread)
    distance_far = squared(lab - far_colour) / far_spread + np.log(far_spread)
    fit = np.clip(0.5 * (distance_far - distance_near), -4.0, 4.0)
    score = fit + 7.0 * (2.0 * rank - 1.0)
    ties = edge_weights(lab, 22.0)
    score = smooth_within_edges(
        score.astype(np.float32), mixed.astype(np.float32) + 1e-3, ties, 7.0, 2
    )
    return _Sides(mixed.astype(np.uint8), near, far, score)


def _model(
    disparity: Array, lab: Array, weight: Array, radius: int
) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Mean disparity, mean colour, colour variance of weighted pixels nearby; were there any?"""
    total = _box(weight, radius)
    found = total > 0.01
    total = np.maximum(total, 1e-4)
    mean = np.divide(_box(weight * disparity, radius), total, dtype=np.float32)
    colour = np.divide(_box(weight[..., None] * lab, radius), total[..., None], dtype=np.float32)
    square = _box(weight * squared(lab), radius) / total
    variance = np.maximum(square - squared(colour), 0.0) + 0.0012
    return mean, colour, variance.astype(np.float32), found


def _decide(full: Array, sides: _Sides) -> Array:
    height, width = full.shape
    size = (width, height)
    mixed = cv2.resize(sides.mixed, size, interpolation=cv2.INTER_NEAREST)
    near, far, score = (
        cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)
        for field in (sides.near, sides.far, sides.score)
    )
    # A lone pixel that disagrees with all of its neighbours is noise, not a shape.
    side = np.asarray(cv2.medianBlur((score > 0).astype(np.uint8), 3))
    _snap(full, mixed, near, far, side)
    return full


@njit(cache=True, nogil=True)
def _snap(full, mixed, near, far, side):  # pragma: no cover - compiled
    """Give each mixed pixel to its side: 1 near, 0 far."""
    height, width = full.shape
    for y in range(height):
        for x in range(width):
            if mixed[y, x]:
                full[y, x] = near[y, x] if side[y, x] else far[y, x]
