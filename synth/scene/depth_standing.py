"""How near a subject stands: by its foot on the floor and by what is behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.scene.depth_grid import Array, Mask, components, distance_inside, grown

_IN_FRONT = 0.12
"""Least disparity between a subject and what it stands before."""
_LONGEST_LEG = 0.4
"""Farthest that the foot is looked for below the mask, share of the picture's height."""
_SHARED_RIM = 0.1
"""Least share of its rim that a part has in common with the subject that it belongs to."""
_ROUNDNESS = 0.08
"""Disparity between the rim of a subject and its middle."""


@dataclass(frozen=True)
class Body:
    """A subject that stands somewhere."""

    base: float
    """Disparity of the plane in which it stands."""
    relief: Array
    """Shape (H, W): what its rounded form adds to that, 0 outside."""
    carrier: Array
    """Shape (H, W), 0 or 1: what lies between the mask and the floor, likely its own legs."""


def stand(solid: Mask, floor: Mask, sky: Mask, behind: NDArray[np.float64], ramp: Array) -> Body:
    """Find the subject's plane. All arrays have shape (H, W); ``solid`` holds at least a pixel.

    ``behind`` is the disparity found so far for everything but the subject, ``ramp`` that of the
    floor. Straight below the mask the first floor pixel is the foot: things rarely float. What
    has nothing but sky below it does, and is placed by its surroundings alone.
    """
    height, width = solid.shape
    rows = np.arange(height)[:, None]
    seen: Mask = np.any(solid, axis=0)
    columns = np.flatnonzero(seen)
    lowest = height - 1 - np.argmax(solid[::-1], axis=0)
    ground: Mask = (rows > lowest[None, :]) & seen[None, :] & floor
    found: Mask = np.any(ground, axis=0)[columns]
    first = np.argmax(ground, axis=0)[columns]
    leg = first - lowest[columns]
    touches = lowest[columns] >= height - 2
    near = found & (leg <= _LONGEST_LEG * height)
    carrier = np.zeros((height, width), np.float32)
    for column, stop in zip(columns[near], first[near], strict=True):
        carrier[lowest[column] + 1 : stop, column] = 1.0
    carrier[sky] = 0.0
    base = 0.35
    feet = np.concatenate([first[near] - 1, np.full(int(touches.sum()), height - 1)])
    if feet.size >= 0.15 * columns.size:
        foot = int(np.percentile(feet, 90))
        base = float(ramp[min(foot, height - 1)].mean())
    if touches.mean() > 0.2:
        # Cut off by the frame: its foot is nearer than anything that is seen of the floor.
        base = max(base, 0.8)
    base = max(base, _before(solid, behind, int(lowest[columns].max())))
    depth = distance_inside(solid)
    rounded = _ROUNDNESS * (np.sqrt(depth / max(float(depth.max()), 1.0)) - 0.5)
    return Body(base, np.where(solid, rounded, 0.0).astype(np.float32), carrier)


def join_enclosed(solid: Mask, sky: Mask) -> Mask:
    """Add to the subject what only it and the sky enclose: the head above a coat, an inner part.

    Masks of shape (H, W); what touches the picture's frame stays as it is, and so does what is
    larger than the subject or only brushes it, as a cloud does a tower.
    """
    rest = ~solid & ~sky
    count, parts = components(rest)
    if count < 2 or not solid.any():
        return solid
    rim = np.bincount(parts[rest & grown(~rest, 1)], minlength=count)
    shared = np.bincount(parts[rest & grown(solid, 1)], minlength=count)
    join = shared > _SHARED_RIM * np.maximum(rim, 1)
    for side in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        join[np.unique(side)] = False
    join &= np.bincount(parts.ravel(), minlength=count) < np.count_nonzero(solid)
    join[0] = False
    return solid | join[parts]


def _before(solid: Mask, behind: NDArray[np.float64], foot: int) -> float:
    """The least disparity that puts the subject before what surrounds it above its foot."""
    around = grown(solid, max(3, round(0.05 * max(solid.shape)))) & ~solid
    around[foot:] = False
    if not around.any():
        return 0.0
    return min(float(np.percentile(behind[around], 65)) + _IN_FRONT, 0.95)
