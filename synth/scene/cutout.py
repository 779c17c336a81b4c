"""Cuts marked subjects out of a photo and fills the place behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cutout:
    """One subject cut out of a photo: an upright plate that stands where it touches the ground.

    `texture` is (h, w, 4) uint8 sRGB with premultiplied alpha: the subject's box plus two
    transparent pixels on each side. `left` and `top` are the photo's pixel of texel (0, 0).
    `disparity` is the whole subject's inverse depth, in 1/scene units. `foot` is the photo's
    pixel (x, y) of the middle of its lowest part, where it touches the ground.
    """

    texture: NDArray[np.uint8]
    left: int
    top: int
    disparity: float
    foot: tuple[float, float]
