"""What looks at more than one pixel and comes last: sharpening and grain, on brightness alone."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.grade import kernels
from synth.grade.settings import Adjustments

_SIGMA: Final = 1.0
_TILE: Final = 1021
"""Side of the piece of grain that is laid about, pixels: it repeats nowhere near."""
_STRENGTH: Final = 16.0
"""Levels that grain of 1 moves middle tones by, root of the mean square."""
_SPREAD: Final = 32.0
"""Noise values of one standard deviation, in the tile."""


class Finisher:
    """Sharpens and grains the brightness of one clip's pictures."""

    def __init__(self, height: int, *, black: int = 16, white: int = 235) -> None:
        """The pictures' ``height`` sets how coarse grain is; ``black`` and ``white`` are codes."""
        self._height = height
        self._black, self._white = black, white
        self._noise: NDArray[np.int8] | None = None

    def finish(
        self, y: NDArray[np.uint8], adjustments: Adjustments, time: Fraction | float
    ) -> NDArray[np.uint8]:
        """The finished plane (H, W); ``y`` itself where nothing is asked for.

        The same grain comes back for the same time, seconds.
        """
        if adjustments.sharpen > 0:
            soft = cv2.GaussianBlur(y, (0, 0), _SIGMA, borderType=cv2.BORDER_REFLECT_101)
            amount = adjustments.sharpen
            sharp = cv2.addWeighted(y, 1 + amount, soft, -amount, 0)
            y = np.asarray(sharp, np.uint8)
        if adjustments.grain > 0:
            y = self._grained(y, adjustments.grain, float(time))
        return y

    def _grained(self, y: NDArray[np.uint8], strength: float, time: float) -> NDArray[np.uint8]:
        if self._noise is None:
            self._noise = _noise(self._height)
        level = (np.arange(256) - self._black) / (self._white - self._black)
        level = np.clip(level, 0, 1)
        # Film shows its grain in the middle tones; black and white stay clean.
        weight = np.sqrt(np.clip(4 * level * (1 - level), 0, 1))
        span = (self._white - self._black) / 255
        amount = np.rint(weight * strength * _STRENGTH * span / _SPREAD * 4096).astype(np.int32)
        rng = np.random.default_rng(round(time * 1000) + 1)
        top, left = (int(place) for place in rng.integers(0, _TILE, 2))
        out = np.empty_like(y)
        plane = np.require(y, requirements=["C", "W"])
        kernels.add_grain(plane, self._noise, top, left, amount, out)
        return out


@cache
def _raw_noise() -> NDArray[np.float32]:
    """The same noise every time, drawn once: 4 MB."""
    noise = np.random.default_rng(20).standard_normal((_TILE, _TILE), np.float32)
    noise.flags.writeable = False
    return noise


def _noise(height: int) -> NDArray[np.int8]:
    """A tile of grain (1021, 1021) that fits to itself; coarser in larger pictures."""
    noise = _raw_noise()
    sigma = min(max(0.7 * height / 1080, 0.35), 1.5)
    reach = 8
    wide = np.pad(noise, reach, mode="wrap")
    soft = cv2.GaussianBlur(wide, (0, 0), sigma)[reach:-reach, reach:-reach]
    soft = (soft - soft.mean()) / soft.std()
    return np.clip(np.rint(soft * _SPREAD), -127, 127).astype(np.int8)
