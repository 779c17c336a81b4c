"""Colours of the same things in two pictures that were graded apart, where they share things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
"""Encoded RGB, (H, W, 3), 1 at white."""

_FEATURES: Final = 500
_FEWEST: Final = 14
"""Matched points that make a view of the same things."""
_NEAR: Final = 3.0
"""Pixels by which they may miss each other."""
_ALIKE: Final = 0.75
"""Correlation of a block's brightness above which it shows the same thing."""
_BLOCK: Final = 9
_CLIPPED: Final = (0.03, 0.97)


@dataclass(frozen=True)
class View:
    """A picture with its points."""

    rgb: Picture
    """About 320 pixels across."""
    points: NDArray[np.float32]
    """Where, (n, 2)."""
    words: NDArray[np.float32]
    """What they look like, (n, 128), unit length."""


def view(rgb: Picture) -> View:
    """Find the points of a picture, by brightness stretched evenly so that grades matter less.

    SIFT: D. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60, 2004.
    """
    found, words = cv2.SIFT.create(_FEATURES, contrastThreshold=0.02).detectAndCompute(
        _evened(rgb),
        None,  # type: ignore[arg-type]
    )
    if words is None or not len(found):
        return View(rgb, np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    words = np.sqrt(words / np.maximum(words.sum(axis=1, keepdims=True), 1e-6))
    points = np.array([point.pt for point in found], np.float32)
    return View(rgb, points, np.asarray(words, np.float32))


def pairs(target: View, reference: View) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colours (n, 3) of the target and of the reference at the same things; n may be 0."""
    nothing = np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32)
    plane = _plane(target, reference)
    if plane is None:
        return nothing
    height, width = target.rgb.shape[:2]
    warped = cv2.warpPerspective(
        reference.rgb, plane, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(-1.0, -1.0, -1.0),
    )  # fmt: skip
    moved = np.asarray(warped, np.float32)
    inside = moved.min(axis=2) >= 0.0
    one, other = _evened(target.rgb), _evened(np.maximum(moved, np.float32(0.0)))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow = dis.calc(one, other, np.empty((0, 0), np.float32))
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    x = (columns + flow[..., 0]).astype(np.float32)
    y = (rows + flow[..., 1]).astype(np.float32)
    warped = cv2.remap(moved, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = np.asarray(warped, np.float32)
    inside &= cv2.remap(inside.astype(np.uint8), x, y, cv2.INTER_NEAREST) > 0
    inside &= _likeness(target.rgb, moved) > _ALIKE
    a, b = (cv2.blur(picture, (3, 3)) for picture in (target.rgb, moved))
    low, high = _CLIPPED
    for picture in (a, b):
        inside &= (picture.min(axis=2) > low) & (picture.max(axis=2) < high)
    inside = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if inside.mean() < 0.01:
        return nothing
    return np.asarray(a[inside], np.float32), np.asarray(b[inside], np.float32)


def _plane(target: View, reference: View) -> NDArray[np.float64] | None:
    """The homography from the target to the reference; None where they share too little."""
    if min(len(target.points), len(reference.points)) < _FEWEST:
        return None
    likeness = target.words @ reference.words.T
    best = likeness.argmax(axis=1)
    top = likeness[np.arange(len(best)), best]
    likeness[np.arange(len(best)), best] = -1.0
    second = likeness.max(axis=1)
    # Lowe's ratio test, on distances of unit vectors.
    sure = np.sqrt(np.maximum(2 - 2 * top, 0)) < 0.8 * np.sqrt(np.maximum(2 - 2 * second, 0))
    if int(sure.sum()) < _FEWEST:
        return None
    plane, inliers = cv2.findHomography(
        target.points[sure], reference.points[best[sure]], cv2.USAC_MAGSAC, _NEAR
    )
    if plane is None or inliers is None or int(inliers.sum()) < _FEWEST:
        return None
    # A view turned inside out or squeezed to a line is a mistake.
    size = float(np.linalg.det(plane[:2, :2]))
    return np.asarray(plane, np.float64) if 0.05 < size < 20.0 else None


def _evened(rgb: Picture) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    bright = np.clip(np.rint(grey * 255.0), 0, 255).astype(np.uint8)
    return np.asarray(cv2.createCLAHE(2.0, (6, 4)).apply(bright), np.uint8)


def _likeness(one: Picture, other: Picture) -> NDArray[np.float32]:
    """Correlation of the brightness of two pictures, block by block around each pixel, (H, W)."""
    a, b = (cv2.cvtColor(np.ascontiguousarray(p), cv2.COLOR_RGB2GRAY) for p in (one, other))
    size = (_BLOCK, _BLOCK)
    ma, mb = cv2.blur(a, size), cv2.blur(b, size)
    va, vb = cv2.blur(a * a, size) - ma * ma, cv2.blur(b * b, size) - mb * mb
    both = cv2.blur(a * b, size) - ma * mb
    found = both / np.sqrt(np.maximum(va * vb, 1e-9))
    # Even surfaces correlate with nothing, but flow brought them here with their surroundings.
    found[(va < 4e-5) & (vb < 4e-5)] = _ALIKE + 0.01
    return np.asarray(found, np.float32)
