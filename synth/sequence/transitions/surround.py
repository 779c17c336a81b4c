"""A picture that does not reach the border of its frame, softly continued."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.planes import Planes
from synth.sequence.transitions.mixing import blurred, matted, smooth

FEATHER: Final = 0.1
"""Widest soft edge, as a share of the frame's width."""

ROUND: Final = 8
"""Exponent of the superellipse along which it ends: a rectangle with round corners."""

STRAY: Final = 0.02
"""Share of the outermost pixels that may lie farther in than where it ends."""

LARGEST: Final = 3.0
"""Most that a picture is enlarged to continue itself."""


def surrounded(picture: Planes, beyond: NDArray[np.bool_]) -> Planes:
    """The picture with what is beyond it replaced by an enlarged, blurred copy of itself.

    In a moving picture the eye takes that for the blur at the border of a fast lens, where
    anything sharp (a mirror image, invented things) would be seen.

    Args:
        picture: a frame, 4:2:0.
        beyond: where it shows nothing of its own, along the border, of any size.
    """
    if not beyond.any():
        return picture
    height, width = beyond.shape
    enlarged = picture.size[0] / width
    x = (np.arange(width, dtype=np.float32) + 0.5) / (width / 2.0) - 1.0
    y = (np.arange(height, dtype=np.float32) + 0.5) / (height / 2.0) - 1.0
    # The same on all four sides, with round corners, as far in as it has to be anywhere.
    outward = np.power(x[None, :] ** ROUND + y[:, None] ** ROUND, np.float32(1.0 / ROUND))
    reach = min(float(np.quantile(outward[beyond], STRAY)), 1.0)
    strip = (1.0 - reach) * width / 2.0
    feather = min(FEATHER * width, max(1.5 * strip, 1.0))
    own = smooth(np.asarray((reach - outward) * (width / 2.0 / feather), np.float32))
    # So large that the middle of the soft edge lies on the border.
    scale = min(1.0 / max(reach - feather / width, 1.0 / LARGEST), LARGEST)
    sigma = (0.4 * strip + 1.0) * enlarged
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
    return blurred(np.asarray(larger, np.uint8), sigma)
