"""Relative depth becomes distances: the subject plane goes to its place, ten units away."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import HOME_DISTANCE
from synth.scene.depth import subject_disparity
from synth.scene.depth_map import DepthMap

FAR_FLOOR = 0.25
"""Disparity of the farthest point, relative to the whole range, where nobody measured it: with the
subject halfway, the horizon then stands three times as far as the subject and the nearest point at
six tenths of the distance."""

CAUTIOUS_FAR_FLOOR = 0.8
"""The same for the embedded estimator, whose mistakes would show in a deeper scene: 1.6 times as
far, seven tenths of the distance."""


SUBJECT_SIDE = 256
"""Longer side at which the subject's depth is looked for, pixels: it is an average anyway."""


def metric_disparity(depth: DepthMap, strength: float = 1.0) -> NDArray[np.float32]:
    """Inverse depth in 1 / scene units, shape (H, W), never negative.

    Args:
        depth: relative disparity. Where its ``near`` and ``far`` are known they are kept; otherwise
            the likely subject is put at the subject plane.
        strength: 0 flattens everything onto the subject plane, 1 keeps the depth, 2 doubles it.
    """
    home = 1.0 / HOME_DISTANCE
    if depth.near is not None and depth.far is not None:
        near, far = 1.0 / depth.near, 1.0 / depth.far
        inverse = far + depth.disparity * (near - far)
    else:
        subject = subject_disparity(_small(depth))
        floor = CAUTIOUS_FAR_FLOOR if depth.source == "embedded" else FAR_FLOOR
        inverse = home * (floor + depth.disparity) / (floor + subject)
    scaled = home + (inverse - home) * strength
    return np.maximum(scaled, 0.0).astype(np.float32)


def _small(depth: DepthMap) -> DepthMap:
    rows, columns = depth.disparity.shape
    scale = SUBJECT_SIDE / max(rows, columns)
    if scale >= 1.0:
        return depth
    size = (max(round(columns * scale), 1), max(round(rows * scale), 1))
    small = cv2.resize(depth.disparity, size, interpolation=cv2.INTER_AREA)
    return replace(depth, disparity=np.asarray(small, np.float32))
