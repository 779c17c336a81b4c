"""Whether a camera path runs into what the photo shows.

A surface is known from the home camera alone: a place is behind it where it lies farther along a
home ray than the photo's depth there. Passing behind an edge is no collision; going through a
surface is: then the camera's own depth passes the surface's while the surface hardly changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.pose import CameraPath

STEP: Final = 0.02
"""Places along the path are looked at this close together, scene units."""

MOST_STEPS: Final = 64
"""Places looked at between two frames, at most."""

EDGE: Final = 12.0
"""A surface that leaps by more than this many times the camera's own step is another surface."""


@dataclass(frozen=True)
class Collision:
    """Where a path first goes through a surface."""

    frame: int
    """The frame just before."""
    place: tuple[float, float, float]
    """World position, scene units."""
    depth: float
    """How far from the home camera the surface is there, along its axis, scene units."""


def first_collision(
    disparity: NDArray[np.float32], focal_length: float, path: CameraPath
) -> Collision | None:
    """The first place where a camera path goes through a surface of the photo; None if it never.

    Args:
        disparity: inverse depth of the photo's pixels from the home camera, 1 / scene units, at
            most 0 where endless, shape (H, W).
        focal_length: of the photo, millimetres on 36 mm across the longer side.
        path: the camera of every frame. Places outside the photo's view are never in the way:
            nothing is known of them.
    """
    places, frames = _along(path.positions)
    height, width = disparity.shape
    focal = focal_pixels(focal_length, width, height)
    ahead = HOME_DISTANCE - places[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        column = width / 2.0 + focal * places[:, 0] / ahead
        row = height / 2.0 - focal * places[:, 1] / ahead
        seen = (ahead > 1e-6) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    inverse = np.zeros(len(places))
    inverse[seen] = disparity[row[seen].astype(int), column[seen].astype(int)]
    surface = np.where(inverse > 1e-9, 1.0 / np.maximum(inverse, 1e-9), np.inf)
    behind = ahead - surface
    through = seen[1:] & seen[:-1] & (behind[:-1] <= 0.0) & (behind[1:] > 0.0)
    stride = np.linalg.norm(np.diff(places, axis=0), axis=1)
    with np.errstate(invalid="ignore"):
        through &= np.abs(np.diff(surface)) <= EDGE * stride + 1e-9
    hits = np.flatnonzero(through)
    if not len(hits):
        return None
    at = int(hits[0])
    x, y, z = (float(number) for number in places[at])
    return Collision(int(frames[at]), (x, y, z), float(surface[at]))


def _along(positions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Places close together along the path, and the frame before each."""
    if len(positions) == 1:
        return positions, np.zeros(1, np.intp)
    lengths = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    counts = np.clip(np.ceil(lengths / STEP), 1, MOST_STEPS).astype(np.intp)
    frames = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    share = (np.arange(len(frames)) - first) / np.repeat(counts, counts)
    start, end = positions[:-1][frames], positions[1:][frames]
    places = start + (end - start) * share[:, None]
    return np.vstack([places, positions[-1:]]), np.append(frames, len(positions) - 1)
