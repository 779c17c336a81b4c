"""After the model: what the photo showed is laid back over what the model made of it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.guided.holes import erosion
from synth.backends.protocol import Frame

_RIM = 2.0
"""Pixels over which a subject's outline is mixed."""


def laid_back(
    drawn: Frame,
    shown: Frame,
    painted: NDArray[np.bool_],
    acting: NDArray[np.bool_] | None = None,
) -> Frame:
    """The model's frame with the guide's own pixels where it was told to keep them.

    The edge is soft, and lies within the kept area: `erosion` pixels into it the guide is to the
    bit, in the holes the model is. A subject that acts is laid back whole: holes are joined over
    several frames, and one that moves would have those of the frames beside it in its body.

    Args:
        drawn: by the model, (H, W, 3).
        shown: the guide's frame, (H, W, 3).
        painted: what is the model's own, (H, W).
        acting: where subjects stand, (H, W).
    """
    if not painted.any():
        return shown.copy()
    share = _inside(~painted, float(erosion(painted.shape[1], painted.shape[0])))
    if acting is not None and acting.any():
        share = np.maximum(share, _inside(acting, _RIM))
    mixed = drawn + share[..., None] * (shown.astype(np.float32) - drawn)
    return np.rint(mixed).astype(np.uint8)


def _inside(area: NDArray[np.bool_], reach: float) -> NDArray[np.float32]:
    """How far pixels lie within an area, 0 at its edge to 1 from ``reach`` pixels on, (H, W)."""
    away = np.asarray(cv2.distanceTransform(area.view(np.uint8), cv2.DIST_L2, 3), np.float32)
    return np.clip(away / np.float32(reach), 0.0, 1.0)
