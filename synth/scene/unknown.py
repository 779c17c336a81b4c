"""Measured depth has gaps, at outlines and in dark or shiny places: closed from their rims."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidMedia


def close_gaps(disparity: NDArray[np.floating]) -> NDArray[np.float32]:
    """Fill the pixels of a disparity map that are not finite.

    Layer by layer from the rim of each gap, every pixel takes the nearest depth that touches it.
    Sensors lose the outlines of things, where a pixel sees both sides; as part of the near side
    such a pixel becomes a soft edge, as part of the far side it would stay behind as a halo.

    Args:
        disparity: shape (H, W); NaN or infinite where unknown.

    Raises:
        InvalidMedia: nothing at all is known.
    """
    known = np.isfinite(disparity)
    if not known.any():
        raise InvalidMedia("The depth map holds no known depth. Give one with some finite values.")
    filled = np.where(known, disparity, 0.0).astype(np.float32)
    if known.all():
        return filled
    window = np.ones((3, 3), np.uint8)
    lowest = np.float32(filled[known].min() - 1.0)
    while not known.all():
        reached = cv2.dilate(known.astype(np.uint8), window).astype(bool)
        spread = cv2.dilate(np.where(known, filled, lowest).astype(np.float32), window)
        rim = reached & ~known
        filled[rim] = spread[rim]
        known = reached
    return np.where(np.isfinite(disparity), filled, cv2.medianBlur(filled, 3)).astype(np.float32)
