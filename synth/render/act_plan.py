"""Finds the trunk, the legs and the free arms in a silhouette.

Legs are where the silhouette, cut off at some height, falls into two or more pieces that stand on
the ground; arms are what a morphological opening wider than an arm takes off the sides (the limb
decomposition of shape analysis, e.g. https://doi.org/10.1109/ICPR.1996.546028).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.scene.cutout import Cutout

PLAN_HEIGHT = 160
"""Height at which the silhouette is taken apart, pixels."""

MOST_LEGS = 4

JOINED_FEET = (0.0, 0.03, 0.06, 0.1, 0.14, 0.18)
"""Heights up to which feet may touch each other, tried in turn, subject heights."""

HIP_WITHOUT_LEGS = 0.45
"""Height of the hips where no legs are seen, subject heights."""


class Plan:
    """The silhouette at a small size, and what is found in it."""

    def __init__(self, cutout: Cutout, size: float, ground_row: int) -> None:
        """Shrink a cut-out of `size` pixels' height, whose feet end above `ground_row`."""
        alpha = cutout.texture[..., 3]
        self.scale = min(PLAN_HEIGHT / size, 1.0)
        shape = (
            max(round(alpha.shape[1] * self.scale), 2),
            max(round(alpha.shape[0] * self.scale), 2),
        )
        small = np.asarray(cv2.resize(alpha, shape, interpolation=cv2.INTER_AREA))
        self.mask = small > 127
        self.height = size * self.scale
        self.bottom = min(round(ground_row * self.scale), small.shape[0])
        self.top = self.bottom - round(self.height)

    def legs(self) -> tuple[list[NDArray[np.bool_]], int]:
        """Masks of the legs from left to right, and the row at which they part.

        Feet that touch, or that a shadow joins, are parted below the first row where they do not.
        """
        for joined in JOINED_FEET:
            bottom = self.bottom - round(joined * self.height)
            # A foot may stand farther up the picture; what is cut through reaches the cut.
            legs, row = self._standing(bottom, 0.02 if joined else 0.1)
            if legs:
                nearest = np.argmin([_away_from(leg) for leg in legs], axis=0)
                low = self.mask.copy()
                low[:bottom] = False
                return [leg | (low & (nearest == n)) for n, leg in enumerate(legs)], row
        return [], self.bottom - round(HIP_WITHOUT_LEGS * self.height)

    def _standing(self, bottom: int, spare: float) -> tuple[list[NDArray[np.bool_]], int]:
        """What reaches down to a row in several pieces, cut at the highest row where it does."""
        ground = bottom - max(round(spare * self.height), 1)
        least = 0.008 * self.mask.sum()
        for row in range(self.top + round(0.35 * self.height), ground):
            part = self.mask.copy()
            part[:row] = part[bottom:] = False
            count, labels, stats, centres = cv2.connectedComponentsWithStats(
                part.astype(np.uint8), connectivity=4
            )
            standing = [
                label
                for label in range(1, count)
                if stats[label, cv2.CC_STAT_AREA] >= least
                and stats[label, cv2.CC_STAT_TOP] + stats[label, cv2.CC_STAT_HEIGHT] > ground
                and stats[label, cv2.CC_STAT_TOP] <= row + 1
            ]
            if 2 <= len(standing) <= MOST_LEGS:
                standing.sort(key=lambda label: centres[label, 0])
                return [labels == label for label in standing], row
        return [], 0

    def core(self, legs: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """The silhouette without its thin parts."""
        rest = self.mask.copy()
        for leg in legs:
            rest &= ~leg
        side = 2 * max(round(0.05 * self.height), 1) + 1
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        # The legs stay while opening, so that the trunk keeps its lower corners.
        thick = cv2.morphologyEx(self.mask.astype(np.uint8), cv2.MORPH_OPEN, disk) > 0
        thick &= rest
        if not thick.any():
            return rest
        count, labels, stats, centres = cv2.connectedComponentsWithStats(thick.astype(np.uint8))
        largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        near = 0.6 * stats[largest, cv2.CC_STAT_WIDTH] / 2.0
        kept = np.zeros_like(thick)
        for label in range(1, count):
            if label == largest or abs(centres[label, 0] - centres[largest, 0]) < near:
                kept |= labels == label
        grown = cv2.dilate(kept.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        return grown & rest

    def trunk(self, core: NDArray[np.bool_], hip_row: int) -> tuple[float, float]:
        """Column of the trunk's middle and half its width, pixels of the plan."""
        top = self.top + round(0.3 * self.height)
        part = core[top : max(hip_row, top + 2)]
        if not part.any():
            part = self.mask
        columns = np.nonzero(part)[1]
        widths = part.sum(axis=1)
        return float(columns.mean()), float(np.median(widths[widths > 0])) / 2.0

    def arms(
        self, core: NDArray[np.bool_], legs: list[NDArray[np.bool_]], hip_row: int
    ) -> list[NDArray[np.bool_]]:
        """Masks of the arms that hang on the trunk at one place only: at most one each side."""
        middle, half = self.trunk(core, hip_row)
        rest = self.mask & ~core
        for leg in legs:
            rest &= ~leg
        count, labels, stats, centres = cv2.connectedComponentsWithStats(
            rest.astype(np.uint8), connectivity=8
        )
        found: dict[bool, tuple[float, NDArray[np.bool_]]] = {}
        for label in range(1, count):
            area = float(stats[label, cv2.CC_STAT_AREA])
            arm = labels == label
            joint = np.argwhere(arm & grown(core, 1))
            longest = max(stats[label, cv2.CC_STAT_HEIGHT], stats[label, cv2.CC_STAT_WIDTH])
            if (
                area < 0.008 * self.mask.sum()
                or abs(centres[label, 0] - middle) < 0.7 * half
                or longest < 0.1 * self.height
                or not len(joint)
                or np.ptp(joint[:, 0]) > 0.16 * self.height
            ):
                continue
            right = bool(centres[label, 0] > middle)
            if area > found.get(right, (0.0, arm))[0]:
                found[right] = (area, arm)
        return [found[side][1] for side in (False, True) if side in found]

    def shares(self, limbs: list[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
        """The whole plane divided among the limbs: what is nearest to each and not the body."""
        if not limbs:
            return []
        owner = np.zeros(self.mask.shape, np.int32)
        for number, limb in enumerate(limbs):
            owner[limb] = number + 1
        nearest = _nearest_of(self.mask)
        owners = np.zeros(int(nearest.max()) + 1, np.int32)
        owners[nearest[self.mask]] = owner[self.mask]
        everywhere = owners[nearest]
        return [everywhere == number + 1 for number in range(len(limbs))]


def _nearest_of(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """A number for each pixel, the same as that of the nearest pixel of the mask."""
    _, labels = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    return np.asarray(labels, np.int32)


def _away_from(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def grown(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """The mask and what is nearer to it than a radius in pixels."""
    side = 2 * radius + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return cv2.dilate(mask.astype(np.uint8), disk) > 0


def distance_within(mask: NDArray[np.bool_], start: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Steps from `start` without leaving the mask; outside, that of the nearest pixel of it."""
    reach = np.full(mask.shape, -1.0, np.float32)
    front = start & mask
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    square = np.ones((3, 3), np.uint8)
    seen = front.copy()
    step = 0
    while front.any():
        reach[front] = step
        # Cross and square in turn: an octagon, close to true distances.
        grown = cv2.dilate(seen.astype(np.uint8), cross if step % 2 else square) > 0
        front = grown & mask & ~seen
        seen |= front
        step += 1
    reach[mask & ~seen] = max(step - 1, 1)
    nearest = _nearest_of(mask)
    values = np.zeros(int(nearest.max()) + 1, np.float32)
    values[nearest[mask]] = reach[mask]
    return np.maximum(values[nearest], 0.0)
