"""A picture that does not reach the border of its frame, softly continued."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.easing import ease
from synth.media.planes import Planes
from synth.sequence.transitions.mixing import matted

FEATHER: Final = 0.1
"""Widest soft edge, as a share of the frame's width."""

LARGEST: Final = 3.0
"""Most that a picture is enlarged to continue itself."""


def surrounded(picture: Planes, beyond: NDArray[np.bool_]) -> Planes:
    """The picture with what is beyond it replaced by an enlarged, blurred copy of itself.

    In a moving picture the eye takes that for the blur at the border of a fast lens, where
    anything sharp (a mirror image, invented things) would be seen.

    Args:
        picture: a frame, 4:2:0.
        beyond: where it shows nothing of its own, along the border, (H, W).
    """
    if not beyond.any():
        return picture
    height, width = beyond.shape
    x = np.abs(np.arange(width) + 0.5 - width / 2.0) / (width / 2.0)
    y = np.abs(np.arange(height) + 0.5 - height / 2.0) / (height / 2.0)
    reach = float(np.maximum(x[None, :], y[:, None])[beyond].min())
    strip = (1.0 - reach) * width / 2.0
    feather = min(FEATHER * width, max(1.5 * strip, 1.0))
    distance = cv2.distanceTransform((~beyond).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    own = np.asarray(ease("smoothstep", distance / feather), np.float32)
    # So large that the middle of the soft edge lies on the border.
    scale = min(1.0 / max(reach - feather / width, 1.0 / LARGEST), LARGEST)
    sigma = 0.4 * strip + 1.0
    around = Planes(
        _enlarged(picture.y, scale, sigma),
        _enlarged(picture.u, scale, sigma / 2.0),
        _enlarged(picture.v, scale, sigma / 2.0),
    )
    return matted(around, picture, own)


def _enlarged(plane: NDArray[np.uint8], scale: float, sigma: float) -> NDArray[np.uint8]:
    height, width = plane.shape
    turn = np.array(
        [
            [scale, 0.0, (1.0 - scale) * (width - 1) / 2.0],
            [0.0, scale, (1.0 - scale) * (height - 1) / 2.0],
        ]
    )
    larger = cv2.warpAffine(plane, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cv2.GaussianBlur(larger, (0, 0), sigma), np.uint8)
