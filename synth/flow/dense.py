"""Dense motion between two pictures, both ways.

The flow is DIS, T. Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016
(https://arxiv.org/abs/1603.03590), as OpenCV has it, on pictures of a size at which it is quick.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_SMALLEST = 48
"""Shortest side that DIS is given, pixels; smaller pictures are continued by their edge."""
_WHOLE, _HALVED = 240_000, 2_400_000
"""Pixels of a picture up to which motion is looked for at full and at half size."""


def shrink_of(width: int, height: int) -> int:
    """Pixels of a picture that make one of the smaller picture its motion is found on."""
    area = width * height
    return 1 if area <= _WHOLE else 2 if area <= _HALVED else 4


def smaller(brightness: NDArray[np.uint8], shrink: int) -> NDArray[np.uint8]:
    """The picture that motion is found on: (H, W) uint8 to about (H, W) / ``shrink``.

    Sides that do not divide, and very short ones, are continued by repeating the edge, so that
    pixel (i, j) always covers the same pixels of the original.
    """
    height, width = brightness.shape
    down = max(-(-height // shrink), _SMALLEST) * shrink - height
    across = max(-(-width // shrink), _SMALLEST) * shrink - width
    if down or across:
        edged = cv2.copyMakeBorder(brightness, 0, down, 0, across, cv2.BORDER_REPLICATE)
        brightness = np.asarray(edged, np.uint8)
    if shrink == 1:
        return np.ascontiguousarray(brightness)
    size = (brightness.shape[1] // shrink, brightness.shape[0] // shrink)
    return np.asarray(cv2.resize(brightness, size, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True)
class FlowGrade:
    """How carefully motion is looked for."""

    finest: int
    """Finest scale, 0 is the smaller picture's own, 1 half of that."""
    descents: int
    """Gradient descent steps per patch and scale."""
    stride: int
    """Pixels between patches."""
    refinements: int
    """Variational refinements per scale."""


class DenseFlow:
    """Finds motion; one for each thread, since OpenCV's object works in memory of its own."""

    def __init__(self, grade: FlowGrade) -> None:
        self._grade = grade
        self._dis = _finder(grade)
        self._guided = False

    def __call__(
        self,
        first: NDArray[np.uint8],
        second: NDArray[np.uint8],
        guess: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Where each pixel of ``first`` (H, W) goes in ``second``: (H, W, 2), pixels.

        ``guess`` is a first idea of it, which is tried beside what the neighbours say.
        """
        if guess is None and self._guided:
            # OpenCV's object goes on with the last guess it was given; a new one has none.
            self._dis = _finder(self._grade)
        self._guided = guess is not None
        flow = np.empty((0, 0), np.float32) if guess is None else guess.copy()
        return np.asarray(self._dis.calc(first, second, flow), np.float32)


def _finder(grade: FlowGrade) -> cv2.DISOpticalFlow:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    dis.setFinestScale(grade.finest)
    dis.setGradientDescentIterations(grade.descents)
    dis.setPatchStride(grade.stride)
    dis.setVariationalRefinementIterations(grade.refinements)
    return dis
