"""Where a camera may go, and which pixels of near things it can therefore look behind."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.scene.edges import Steps

STEP = 0.4
"""Places are rounded outward to multiples of this, scene units: similar moves share a scene."""

STILL = 0.02
"""Movement up to this counts as none, scene units: what it uncovers lies within the soft rim."""

STRIDE = 2.0
"""Pixels between the places that are looked at on the way to an uncovered pixel."""

NEAREST = 0.3
"""Share of its distance that a thing keeps at least when the camera comes closer."""


@dataclass(frozen=True)
class Travel:
    """Movements of a camera away from home, scene units: right, up and forward."""

    offsets: tuple[tuple[float, float, float], ...]
    """The farthest places; whatever lies between them is included."""

    @classmethod
    def anywhere(cls, distance: float) -> Travel:
        """Sideways in any direction, scene units."""
        around = (index * math.pi / 4.0 for index in range(8))
        return cls(tuple((distance * math.cos(a), distance * math.sin(a), 0.0) for a in around))

    @classmethod
    def between(cls, places: Iterable[tuple[float, float, float]]) -> Travel:
        """The corners of the box, with home in it, that holds all places, rounded outward."""
        values = np.array([(0.0, 0.0, 0.0), *places])
        ends = [
            sorted({_outward(float(side.min())), _outward(float(side.max()))}) for side in values.T
        ]
        return cls(tuple((x, y, z) for x in ends[0] for y in ends[1] for z in ends[2]))

    def farthest(self, corner: float) -> float:
        """The sideways movement that uncovers as much as any of these, scene units.

        Args:
            corner: distance of the frame's corner from its centre, focal lengths. Travelling
                inwards uncovers as much there as travelling sideways by that share of it.
        """
        return max(math.hypot(x, y) + corner * abs(z) for x, y, z in self.offsets)


def _outward(value: float) -> float:
    """The value rounded away from zero to a multiple of `STEP`."""
    steps = math.ceil(max(abs(value) - STILL, 0.0) / STEP)
    return math.copysign(round(steps * STEP, 6), value) if steps else 0.0


def uncovered(
    depth: NDArray[np.float32],
    steps: Steps,
    travel: Travel,
    focal: float,
    centre: tuple[float, float],
    widest: float,
) -> NDArray[np.bool_]:
    """Pixels of near sides behind which some camera of the travel can look.

    A camera that moves pushes near things across far ones. A pixel comes to light where, against
    that push and not farther away than it, there is a pixel of the far side.

    Args:
        depth: inverse depth, (H, W).
        steps: of that depth.
        travel: where the camera goes.
        focal: of the photo, pixels.
        centre: column and row of the picture's centre.
        widest: farthest push that is followed, pixels.
    """
    offsets = np.array(travel.offsets, np.float64).reshape(-1, 3)
    jump = (steps.near_disparity - steps.far_disparity).astype(np.float32)
    return _uncovered(
        depth, steps.near, steps.distance, jump, offsets, focal, centre[0], centre[1], widest
    )


@njit(cache=True, nogil=True)
def _uncovered(
    depth, near, distance, jump, offsets, focal, centre_x, centre_y, widest
):  # pragma: no cover - compiled
    height, width = near.shape
    result = np.zeros((height, width), np.bool_)
    for row in range(height):
        for column in range(width):
            if not near[row, column]:
                continue
            for index in range(offsets.shape[0]):
                right, up, forward = offsets[index]
                closer = max(1.0 - forward * depth[row, column], NEAREST)
                push_x = jump[row, column] * (forward * (column - centre_x) - focal * right)
                push_y = jump[row, column] * (forward * (row - centre_y) + focal * up)
                push_x /= closer
                push_y /= closer
                length = math.sqrt(push_x * push_x + push_y * push_y)
                if length < 0.5 or distance[row, column] > min(length, widest) + 1.0:
                    continue
                looks = int(min(length, widest) / STRIDE) + 1
                for look in range(1, looks + 1):
                    far = min(look * STRIDE, length) / length
                    r = int(row - push_y * far + 0.5)
                    c = int(column - push_x * far + 0.5)
                    if r < 0 or c < 0 or r >= height or c >= width:
                        break
                    if not near[r, c]:
                        result[row, column] = True
                        break
                if result[row, column]:
                    break
    return result
