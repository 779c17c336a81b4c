"""After the model: what the photo showed is laid back over what the model made of it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.guided.holes import erosion
from synth.backends.protocol import Frame


def laid_back(drawn: Frame, shown: Frame, painted: NDArray[np.bool_]) -> Frame:
    """The model's frame with the guide's own pixels where it was told to keep them.

    The edge is soft, and lies within the kept area: `erosion` pixels into it the guide is to the
    bit, in the holes the model is.

    Args:
        drawn: by the model, (H, W, 3).
        shown: the guide's frame, (H, W, 3).
        painted: what is the model's own, (H, W).
    """
    if not painted.any():
        return shown.copy()
    reach = float(erosion(painted.shape[1], painted.shape[0]))
    away = cv2.distanceTransform((~painted).view(np.uint8), cv2.DIST_L2, 3)
    share = np.clip(np.asarray(away, np.float32) / np.float32(reach), 0.0, 1.0)[..., None]
    mixed = drawn + share * (shown.astype(np.float32) - drawn)
    return np.rint(mixed).astype(np.uint8)
