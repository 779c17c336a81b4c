"""Where a depth image tears: steps, the near and far side of each, and what lies hidden behind.

A step is a jump of disparity within two pixels that the surface around it does not share; a steep
but even slope (a floor seen at a grazing angle) is no step and stays whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_SHARE = 0.4
"""A pixel counts as the near side once it is this share of the step above the far side."""

BAND_RADIUS = 1
"""Pixels on each side of a step whose colour may be a mixture of both sides."""

LEDGE = 16
"""A step this close to a much greater one belongs to a ledge, pixels."""

LEDGE_SHARE = 0.3
"""How small a step must be beside the great one to count as a ledge's."""

LEDGE_JUMP = 5.0
"""Steps beyond this many times the threshold tear in any case."""


@dataclass(frozen=True)
class Steps:
    """The tears of a depth image; every array has shape (H, W)."""

    crack: NDArray[np.bool_]
    """Pixels right at a step, on either side."""
    band: NDArray[np.bool_]
    """Pixels within `BAND_RADIUS` of a step: their colour may be mixed."""
    near: NDArray[np.bool_]
    """Pixels that stand in front of the far side of their nearest step."""
    far_disparity: NDArray[np.float32]
    """Disparity of the far side of each pixel's nearest step."""
    near_disparity: NDArray[np.float32]
    """Disparity of the near side of each pixel's nearest step."""
    distance: NDArray[np.float32]
    """Distance to the nearest step's near side, pixels."""

    @property
    def any(self) -> bool:
        """Whether the surface tears anywhere."""
        return bool(self.crack.any())


def find_steps(disparity: NDArray[np.float32], threshold: float) -> Steps:
    """Find the steps of a disparity image.

    Args:
        disparity: shape (H, W), 1 / scene units.
        threshold: smallest jump that tears the surface, same unit.
    """
    small = np.ones((3, 3), np.uint8)
    high = cv2.dilate(disparity, small)
    low = cv2.erode(disparity, small)
    jump = high - low
    # On an even slope a 7x7 window spans three times what a 3x3 window does; at a step, the same.
    around = cv2.dilate(high, np.ones((5, 5), np.uint8)) - cv2.erode(low, np.ones((5, 5), np.uint8))
    crack = (jump > threshold) & (around < 2.2 * jump)
    # A narrow ledge between a small step and a great one has no room for a surface of its own to go
    # on underneath: the small step is stretched instead of torn.
    height_of = np.where(crack, jump, np.float32(0.0))
    window = np.ones((2 * LEDGE + 1, 2 * LEDGE + 1), np.uint8)
    greatest = cv2.dilate(height_of, window)
    crack &= (jump > LEDGE_SHARE * greatest) | (jump > LEDGE_JUMP * threshold)
    # Where a slope bends or meets the border the windows mislead, but its pixels lie halfway.
    near_crack = crack & (disparity > 0.5 * (high + low) + 0.1 * jump)
    crack &= cv2.dilate(near_crack.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    height, width = disparity.shape
    if not near_crack.any():
        nothing = np.zeros((height, width), bool)
        return Steps(
            nothing,
            nothing,
            nothing,
            disparity,
            disparity,
            np.full((height, width), 1e9, np.float32),
        )
    wide_high = cv2.dilate(disparity, np.ones((5, 5), np.uint8))
    wide_low = cv2.erode(disparity, np.ones((5, 5), np.uint8))
    distance, labels = cv2.distanceTransformWithLabels(
        (~near_crack).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Labels count the crack pixels in reading order, from 1.
    nearest = np.asarray(labels, np.int32)
    far_disparity = np.concatenate([[0.0], wide_low[near_crack]]).astype(np.float32)[nearest]
    near_disparity = np.concatenate([[0.0], wide_high[near_crack]]).astype(np.float32)[nearest]
    cut = far_disparity + SIDE_SHARE * (near_disparity - far_disparity)
    size = 2 * BAND_RADIUS - 1
    band = cv2.dilate(crack.astype(np.uint8), np.ones((size, size), np.uint8)) > 0
    return Steps(
        crack,
        band,
        disparity > cut,
        far_disparity,
        near_disparity,
        np.asarray(distance, np.float32),
    )
