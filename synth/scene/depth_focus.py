"""Defocus: how sharp the edges of each part of a photo are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.scene.depth_grid import Array, blurred, scaled

_FINE = 0.7
_COARSE = 4.0
"""Blur of the two measurements, standard deviation in pixels."""


@dataclass(frozen=True)
class Focus:
    """Sharpness of the picture's parts."""

    sharpness: Array
    """Shape (H, W): 0 for blurred edges, 1 for edges as sharp as the picture's sharpest."""
    confidence: Array
    """Shape (H, W): 0 where nothing has an edge, 1 where edges are plentiful."""
    shallow: float
    """0 where everything is equally sharp, 1 for a clearly shallow depth of field."""


def measure_focus(grey: NDArray[np.uint8], size: tuple[int, int]) -> Focus:
    """Measure sharpness on a grey picture of shape (h, w); the result has ``(W, H)`` = ``size``.

    A step blurred by s holds a gradient energy proportional to 1/s. Blurring it once more by a
    known amount therefore takes much energy from a sharp step and little from a soft one; the
    ratio tells its width. The re-blurring idea is that of Zhuo and Sim, "Defocus map estimation
    from a single image", Pattern Recognition 2011, taken over areas in place of single edges.
    """
    light = grey.astype(np.float32) / 255.0
    fine = _energy(blurred(light, _FINE), size)
    small = scaled(light, ((grey.shape[1] + 1) // 2, (grey.shape[0] + 1) // 2), cv2.INTER_AREA)
    # The gradient is taken per pixel of the half-size grid: half as steep per full pixel.
    coarse = 0.25 * _energy(blurred(small, _COARSE / 2), size)
    noise = float(np.percentile(fine, 3))
    ratio = np.maximum(fine - noise, 0.0) / np.maximum(coarse, 1e-9)
    sharp = np.clip(np.log(np.maximum(ratio, 1e-3) / 1.25) / np.log(_COARSE), 0.0, 1.0)
    confidence = np.clip(coarse / 4e-5, 0.0, 1.0) ** 0.5
    weight = float(confidence.sum())
    if weight <= 1e-3:
        return Focus(np.zeros_like(sharp), np.zeros_like(sharp), 0.0)
    order = np.argsort(sharp, axis=None, kind="stable")
    share = np.cumsum(confidence.ravel()[order]) / weight
    low, high = (float(sharp.ravel()[order][np.searchsorted(share, q)]) for q in (0.3, 0.92))
    shallow = np.clip((high - low - 0.22) / 0.25, 0, 1) * np.clip((high - 0.35) / 0.2, 0, 1)
    sharp = np.clip(sharp / max(high, 0.3), 0.0, 1.0)
    return Focus(sharp.astype(np.float32), confidence.astype(np.float32), float(shallow))


def _energy(light: Array, size: tuple[int, int]) -> Array:
    """Mean squared gradient around each cell of the result's grid."""
    across = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=0.125)
    energy = scaled(across * across + down * down, size, cv2.INTER_AREA)
    return blurred(energy, max(1.0, 0.014 * max(size)))


def covers_focus(mask: Array, focus: Focus) -> float:
    """How well a subject's mask, shape (H, W), explains what is in focus, 0 to 1.

    With a shallow depth of field the subject is what is sharp; a mask that leaves most of it out
    has caught a detail.
    """
    sharp = np.square(focus.sharpness) * focus.confidence
    caught = float((sharp * mask).sum()) / max(float(sharp.sum()), 1e-6)
    return 1.0 - focus.shallow * (1.0 - float(np.clip(1.7 * caught, 0.0, 1.0)))
