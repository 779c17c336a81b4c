"""A brush on the depth map: it pulls what is under it nearer or pushes it away."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidMedia
from synth.scene.depth_filters import edge_weights, smooth_within_edges
from synth.scene.depth_grid import Array, blurred, distance_inside, lab_of, scaled, scaled_bytes
from synth.scene.depth_map import DepthMap

_SIDE = 480
"""Longest side on which the brush finds edges, pixels."""
_REACH = 0.35
"""How far the rim of a stroke may move, as a share of the stroke's half width."""
_LEAST = 1.0 / 512
"""Strokes weaker than half a step of eight bits do nothing."""


def apply_strokes(
    depth: DepthMap,
    strokes: NDArray[np.floating],
    photo: NDArray[np.uint8] | None = None,
) -> DepthMap:
    """Move what lies under brush strokes nearer (above 0) or farther (below 0).

    ``strokes`` has shape (H, W) in [-1, 1], the change of disparity that is wished, at any
    resolution with the photo's aspect. With ``photo``, shape (H, W, 3) uint8 RGB, the rim of the
    stroke moves to edges of the photo that lie within a third of the brush's half width: a rough
    dab takes the object and leaves the background. Returns a new map, clamped to [0, 1], whose
    resolution is that of ``depth``, or finer where the edges ask for it; without strokes the map
    itself. Raises ``InvalidMedia`` for strokes that are not finite or not two-dimensional.
    """
    wished = np.asarray(strokes, np.float32)
    if wished.ndim != 2 or wished.size == 0 or not np.isfinite(wished).all():
        raise InvalidMedia(
            f"Brush strokes must be finite numbers of shape (height, width), not {wished.shape}. "
            "Clear the brush and paint again."
        )
    wished = np.clip(wished, -1.0, 1.0)
    if float(np.abs(wished).max()) < _LEAST:
        return depth
    disparity = depth.disparity
    height, width = disparity.shape
    scale = _SIDE / max(height, width)
    if photo is not None and scale > 1.0:
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        disparity = scaled(disparity, (width, height))
    change = _fit(wished, photo, (width, height))
    moved = np.clip(disparity + change, 0.0, 1.0).astype(np.float32)
    note = "Painted by hand."
    notes = depth.notes if note in depth.notes else (*depth.notes, note)
    return replace(depth, disparity=moved, notes=notes)


def _fit(wished: Array, photo: NDArray[np.uint8] | None, size: tuple[int, int]) -> Array:
    """The strokes on the depth map's grid, their rims drawn to the photo's edges."""
    full = scaled(wished, size)
    if photo is None:
        return full
    scale = min(1.0, _SIDE / max(size))
    grid = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    rough = scaled(wished, grid, cv2.INTER_AREA)
    painted = np.abs(rough) >= _LEAST
    if not painted.any():
        return full
    inside = distance_inside(painted)
    if painted.all():
        return full
    outside = distance_inside(~painted)
    reach = float(np.clip(_REACH * inside.max(), 1.5, 0.06 * max(grid)))
    # Sure in the middle of the stroke and well away from it; the photo decides in between.
    sure = np.where(np.where(painted, inside, outside) > reach, 1.0, 0.002)
    lab = lab_of(scaled_bytes(photo, grid))
    ties = edge_weights(blurred(lab, 0.8), 28.0)
    fitted = smooth_within_edges(rough, sure.astype(np.float32), ties, 300.0)
    fitted[outside > reach] = 0.0
    return scaled(fitted, size)
