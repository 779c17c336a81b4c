"""Straight lines of a photo: where they meet (vanishing point) and how high the horizon lies."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_MOST_SEGMENTS = 64
_TOLERANCE = np.sin(np.radians(2.5))


@dataclass(frozen=True)
class VanishingPoint:
    """Where lines that run away from the camera meet, in shares of the picture's size."""

    x: float = 0.5
    """0 at the left side, 1 at the right."""
    y: float = 0.45
    """0 at the top, 1 at the bottom; with a level camera also the height of the horizon."""
    strength: float = 0.0
    """0 where no such point was found, 1 where many long lines from all around agree."""
    surround: float = 0.0
    """0 where the lines come from one direction, 1 where they come from all around (a corridor)."""

    @property
    def room(self) -> float:
        """How surely the picture looks along a corridor or street, 0 to 1."""
        sure = float(np.clip((self.strength - 0.06) / 0.25, 0.0, 1.0))
        return sure * float(np.clip(1.7 * self.surround - 0.3, 0.0, 1.0))


def line_segments(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Straight segments of a picture of shape (H, W): rows ``x1, y1, x2, y2`` in pixels.

    Uses OpenCV's detector of Grompone von Gioi et al., "LSD", IPOL 2012.
    """
    if min(grey.shape) < 16:
        return np.zeros((0, 4), np.float32)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(grey)[0]
    if found is None:
        return np.zeros((0, 4), np.float32)
    return np.asarray(found, np.float32).reshape(-1, 4)


def find_vanishing_point(segments: NDArray[np.float32], width: int, height: int) -> VanishingPoint:
    """The point inside or near the picture on which most slanted line length agrees.

    ``segments`` as from `line_segments` of a picture of ``width`` by ``height`` pixels. Every
    pair of long segments proposes its crossing; each proposal is scored by the length of the
    segments that aim at it.
    """
    delta = segments[:, 2:] - segments[:, :2]
    length = np.hypot(delta[:, 0], delta[:, 1])
    slant = np.minimum(np.abs(delta[:, 0]), np.abs(delta[:, 1])) / np.maximum(length, 1e-6)
    diagonal = float(np.hypot(width, height))
    # Upright and level lines say nothing about depth in a picture with a level camera.
    usable = (length > 0.025 * diagonal) & (slant > np.sin(np.radians(6)))
    if np.count_nonzero(usable) < 5:
        return VanishingPoint()
    order = np.argsort(-length[usable], kind="stable")[:_MOST_SEGMENTS]
    chosen = segments[usable][order].astype(np.float64)
    extent = length[usable][order].astype(np.float64)
    middle = 0.5 * (chosen[:, :2] + chosen[:, 2:])
    direction = (chosen[:, 2:] - chosen[:, :2]) / extent[:, None]
    weight = np.minimum(extent, 0.2 * diagonal) * _straightness(chosen, direction, segments)
    points = _crossings(middle, direction, width, height)
    if len(points) == 0:
        return VanishingPoint()
    away = points[:, None] - middle[None]
    distance = np.hypot(away[..., 0], away[..., 1])
    miss = np.abs(away[..., 0] * direction[:, 1] - away[..., 1] * direction[:, 0])
    sine = miss / np.maximum(distance, 1e-6)
    tolerance = np.maximum(_TOLERANCE, np.minimum(1.0 / extent, 2 * _TOLERANCE))
    fits = (sine < tolerance) & (distance > 0.6 * extent)
    votes = np.where(fits, 1 - sine / tolerance, 0.0) * weight
    # A person holds the camera level more often than not: prefer the picture's middle height.
    prior = np.exp(-(((points[:, 1] / height - 0.45) / 0.35) ** 2))
    score = votes.sum(1) * prior
    best = int(np.argmax(score))
    inside = votes[best] > 0
    point = points[best]
    share = float(votes[best].sum() / max(weight.sum(), 1e-9))
    count = int(np.count_nonzero(inside))
    reach = float(votes[best].sum() / diagonal)
    surround = _surround(away[best][inside], votes[best][inside])
    strength = np.clip((share - 0.12) / 0.3, 0, 1) * np.clip((count - 4) / 8, 0, 1)
    strength *= np.clip((reach - 0.25) / 0.9, 0, 1) * (0.35 + 0.65 * surround)
    return VanishingPoint(
        float(point[0] / width), float(point[1] / height), float(strength), surround
    )


def _straightness(
    chosen: NDArray[np.float64], direction: NDArray[np.float64], segments: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Near 0 for a segment that another one continues at a bend: a piece of an arch, not a line."""
    every = segments.astype(np.float64)
    turn = every[:, 2:] - every[:, :2]
    turn /= np.maximum(np.hypot(turn[:, 0], turn[:, 1]), 1e-9)[:, None]
    sine = np.abs(direction[:, :1] * turn[None, :, 1] - direction[:, 1:] * turn[None, :, 0])
    bends = (sine > np.sin(np.radians(5))) & (sine < np.sin(np.radians(50)))
    result = np.ones(len(chosen))
    for mine in (chosen[:, :2], chosen[:, 2:]):
        for other in (every[:, :2], every[:, 2:]):
            gap = np.hypot(mine[:, :1] - other[None, :, 0], mine[:, 1:] - other[None, :, 1])
            result *= np.where((bends & (gap < 9.0)).any(1), 0.35, 1.0)
    return result


def _crossings(
    middle: NDArray[np.float64], direction: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float64]:
    first, second = np.triu_indices(len(middle), 1)
    cross = direction[first, 0] * direction[second, 1] - direction[first, 1] * direction[second, 0]
    apart = np.abs(cross) > np.sin(np.radians(8))
    first, second, cross = first[apart], second[apart], cross[apart]
    offset = middle[second] - middle[first]
    along = (offset[:, 0] * direction[second, 1] - offset[:, 1] * direction[second, 0]) / cross
    points = middle[first] + along[:, None] * direction[first]
    x, y = points[:, 0] / width, points[:, 1] / height
    near = (x > -0.15) & (x < 1.15) & (y > -0.1) & (y < 1.0)
    return points[near]


def _surround(away: NDArray[np.float64], votes: NDArray[np.float64]) -> float:
    """Share of the eight directions round the point from which its lines come."""
    angle = np.arctan2(away[:, 1], away[:, 0])
    bins = np.bincount(((angle / (2 * np.pi) * 8) % 8).astype(np.int64), weights=votes, minlength=8)
    if not bins.sum():
        return 0.0
    return float(np.clip((np.count_nonzero(bins > 0.06 * bins.sum()) - 1) / 4.0, 0.0, 1.0))
