"""What is hidden twice: behind a lamp, behind its window bars, there is still the sky.

The first hidden layer continues the far side of every step under its near side. Where several
depths meet there it has steps of its own. The second, at half the resolution, continues the far
sides of those. The third, at a quarter, takes away whatever a moving camera can still push aside:
a pixel goes where some farther surface beside it, at most as far off as the two slide past each
other, can come to light there (distance in the picture is travel times difference of disparity).

Depth peeling, as in the layered depth images of Shade et al. 1998
(https://doi.org/10.1145/280814.280882).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.scene.edges import Steps, find_steps
from synth.scene.fill import Quality, Surface, continued, painted_calmly

_Item = TypeVar("_Item", bound=np.generic)

SECOND_SCALE = 2
"""The second hidden layer has one texel for this many pixels."""

THIRD_SCALE = 4
"""The third hidden layer has one texel for this many pixels."""

LONGEST = 120
"""Widest band of a second hidden layer, pixels of the scene."""

CLEARANCE = 0.98
"""A layer lies this little behind the one above, shares of its inverse depth: no flicker where the
two are the same surface."""

WARY = 3.0
"""Near things are no source for the fill up to this many times as far away as they are taken
away: what is left of them is not what they hide."""


@dataclass(frozen=True)
class Deeper:
    """A hidden layer below the first, ``scale`` times smaller than the scene, (h, w)."""

    scale: int
    """Pixels of the scene per texel, along each side."""
    surface: Surface
    """What is to be painted by `paint_deeper`."""
    disparity: NDArray[np.float32]
    """Inverse depth, 1 / scene units; outside the region that of the layer above."""
    region: NDArray[np.bool_]
    """Where it is to be drawn."""
    gone: NDArray[np.bool_]
    """What of the layer above it takes away."""


@dataclass(frozen=True)
class Making:
    """How hidden layers are made."""

    threshold: float
    """Smallest difference of inverse depth worth a layer."""
    parallax: float
    """Pixels of the scene that one unit of inverse depth may move."""
    quality: Quality
    """Of the fill of the first hidden layer."""
    seed: int
    """Of that fill."""


@njit(cache=True, nogil=True)
def lowest_within_reach(
    values: NDArray[np.float32], slope: float
) -> NDArray[np.float32]:  # pragma: no cover - compiled
    """min over q of values[q] + slope * |p - q| for every pixel p.

    Args:
        values: (H, W), inf where there is nothing.
        slope: per pixel of distance.

    Erosion by a cone; two chamfer sweeps (Borgefors 1986,
    https://doi.org/10.1016/S0734-189X(86)80047-0), within 8 % of the Euclidean distance.
    """
    height, width = values.shape
    result = values.copy()
    one, corner = np.float32(0.955 * slope), np.float32(1.369 * slope)
    for y in range(height):
        for x in range(width):
            best = result[y, x]
            if x > 0:
                best = min(best, result[y, x - 1] + one)
            if y > 0:
                best = min(best, result[y - 1, x] + one)
                if x > 0:
                    best = min(best, result[y - 1, x - 1] + corner)
                if x < width - 1:
                    best = min(best, result[y - 1, x + 1] + corner)
            result[y, x] = best
    for y in range(height - 1, -1, -1):
        for x in range(width - 1, -1, -1):
            best = result[y, x]
            if x < width - 1:
                best = min(best, result[y, x + 1] + one)
            if y < height - 1:
                best = min(best, result[y + 1, x] + one)
                if x > 0:
                    best = min(best, result[y + 1, x - 1] + corner)
                if x < width - 1:
                    best = min(best, result[y + 1, x + 1] + corner)
            result[y, x] = best
    return result


def look_deeper(
    disparity: NDArray[np.float32],
    kept: NDArray[np.bool_],
    steps: Steps,
    bared: NDArray[np.bool_],
    making: Making,
    cancel: CancelToken,
) -> tuple[NDArray[np.bool_], list[Deeper]]:
    """Make the layers below the first hidden one, without colours yet.

    Args:
        disparity: inverse depth with the first hidden layer in place of near edges, (H, W).
        kept: what the first layer left of the near things, (H, W).
        steps: of the photo's own depth.
        bared: pixels of near sides behind which the camera can look, (H, W).
        making: settings.
        cancel: looked at between the layers.

    Returns:
        Where the first hidden layer tears, (H, W), and the layers below it, nearest first.
    """
    if not bared.any():
        return np.zeros(disparity.shape, np.bool_), []
    scale = SECOND_SCALE
    part = np.ascontiguousarray(disparity[::scale, ::scale])
    again = find_steps(part, making.threshold)
    # Where the first layer ends inside a near thing it leaves a step that is none.
    fresh = again.crack & ~_grown(kept[::scale, ::scale], 7)
    seeds = np.minimum(
        np.where(fresh, again.far_disparity, np.inf),
        _least(np.where(steps.crack & _grown(bared, 7), steps.far_disparity, np.inf), scale),
    ).astype(np.float32)
    layers: list[Deeper] = []

    cancel.check()
    jump = again.near_disparity - again.far_disparity
    reach = np.clip(making.parallax * jump, 6.0, LONGEST) / scale
    hiding = part - lowest_within_reach(seeds, scale / making.parallax) > making.threshold
    gone = again.near & (again.distance < reach) & hiding
    gone |= _grown(again.band & _grown(gone, 3), 3)
    second = _continued(part, gone, ~gone & ~again.near, scale, making)
    apart = np.zeros(part.shape, bool)
    if second is not None:
        layers.append(second)
        part = np.where(gone, second.disparity, part)
        # A small step inside what is taken away altogether: nothing here continues its far side,
        # and stretching it a little looks better than looking right through.
        apart = again.crack & again.near & gone & (again.far_disparity - part < jump)

    cancel.check()
    ratio = THIRD_SCALE // SECOND_SCALE
    part = np.ascontiguousarray(part[::ratio, ::ratio])
    seeds = _least(seeds, ratio)
    slope = THIRD_SCALE / making.parallax
    gone = _grown(part - lowest_within_reach(seeds, slope) > making.threshold, 3)
    left = _grown(part - lowest_within_reach(seeds, slope / WARY) > making.threshold, 3)
    third = _continued(part, gone, ~gone & ~left, THIRD_SCALE, making)
    if third is not None:
        layers.append(third)
    return enlarged(_grown(apart, 5), scale, disparity.shape), layers


def paint_deeper(layers: list[Deeper], colour: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Pictures of the layers, (h, w, 3) each, nearest first.

    Args:
        layers: from `look_deeper`.
        colour: the picture with the first hidden layer in place of near edges, (H, W, 3).
    """
    pictures: list[NDArray[np.uint8]] = []
    small, scale = colour, 1
    for layer in layers:
        while scale < layer.scale:
            size = (-(-small.shape[1] // 2), -(-small.shape[0] // 2))
            small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
            scale *= 2
        # Seen rarely and guessed twice over: patches would stand out, a blend goes unnoticed.
        small = painted_calmly(small, layer.surface)
        pictures.append(small)
    return pictures


def enlarged(picture: NDArray[_Item], scale: int, shape: tuple[int, ...]) -> NDArray[_Item]:
    """A layer's array at the size (H, W) of the scene, without interpolation."""
    big = np.repeat(np.repeat(picture, scale, axis=0), scale, axis=1)
    return big[: shape[0], : shape[1]]


def _continued(
    disparity: NDArray[np.float32],
    gone: NDArray[np.bool_],
    source: NDArray[np.bool_],
    scale: int,
    making: Making,
) -> Deeper | None:
    """The layer that the source makes where something is gone; None where nothing is."""
    if not gone.any() or not source.any():
        return None
    surface = continued(disparity, gone, source, tear=making.threshold)
    behind = np.minimum(surface.disparity, disparity)
    behind = np.maximum(behind * np.float32(CLEARANCE), 0.0)
    region = _grown(gone, 9) & (gone | source)
    return Deeper(scale, surface, behind, region, gone)


def _least(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """The least value of each block of ``factor`` x ``factor``, blocks at the border cut off."""
    block = np.ones((factor, factor), np.uint8)
    least = cv2.erode(values, block, anchor=(0, 0))
    return np.asarray(least[::factor, ::factor], np.float32)


def _grown(mask: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """The mask with (side - 1) / 2 pixels more all around."""
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8))
    return np.asarray(grown, np.uint8).view(np.bool_)
