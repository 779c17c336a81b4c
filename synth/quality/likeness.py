"""How like two pictures are, in figures that others publish too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.planes import Planes

HIGHEST: Final = 100.0
"""PSNR of equal pictures, dB: the true figure is infinite."""

_WINDOW: Final = 11
_SIGMA: Final = 1.5
_C1: Final = (0.01 * 255) ** 2
_C2: Final = (0.03 * 255) ** 2


@dataclass(frozen=True)
class Likeness:
    """Two pictures compared."""

    psnr_y: float
    """PSNR of the brightness, dB, at most ``HIGHEST``."""
    psnr_yuv: float
    """PSNR of brightness and both colours in the shares 6, 1 and 1, dB."""
    ssim_y: float
    """SSIM of the brightness, 1 for equal pictures."""


def likeness(one: Planes, other: Planes) -> Likeness:
    """Compare two pictures of the same size."""
    pairs = (one.y, other.y), (one.u, other.u), (one.v, other.v)
    y, u, v = (psnr(*pair) for pair in pairs)
    return Likeness(y, (6 * y + u + v) / 8, ssim(one.y, other.y))


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio of two planes, uint8 (H, W), dB; the peak is 255."""
    squares = cv2.norm(one, other, cv2.NORM_L2SQR)
    if squares == 0:
        return HIGHEST
    return min(HIGHEST, 10 * math.log10(255**2 * one.size / squares))


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean structural similarity of two planes, uint8 (H, W).

    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
    2004: Gaussian windows of 11 by 11 pixels, sigma 1.5, only those that lie wholly inside. The
    picture is not made smaller first.
    """
    # Of sum and difference, two blurred squares say what three of the pictures themselves would.
    a, b = one.astype(np.float32) - 128, other.astype(np.float32) - 128
    total, apart = a + b, a - b
    mean_total, mean_apart = _blurred(total), _blurred(apart)
    total_2, apart_2 = mean_total**2, mean_apart**2
    spread_total = _blurred(total**2) - total_2
    spread_apart = _blurred(apart**2) - apart_2
    # The means are those of the values from 0 on.
    total_2 = (mean_total + 256) ** 2
    top = (total_2 - apart_2 + 2 * _C1) * (spread_total - spread_apart + 2 * _C2)
    bottom = (total_2 + apart_2 + 2 * _C1) * (spread_total + spread_apart + 2 * _C2)
    found = top / bottom
    edge = _WINDOW // 2
    if min(found.shape) > 2 * edge:
        found = found[edge:-edge, edge:-edge]
    return float(found.mean(dtype=np.float64))


def _blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    blurred = cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)
