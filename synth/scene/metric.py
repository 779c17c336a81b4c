"""Relative depth becomes distances: the subject plane goes to its place, ten units away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import HOME_DISTANCE
from synth.scene.depth import subject_disparity
from synth.scene.depth_map import DepthMap

FAR_FLOOR = 0.2
"""Disparity of the farthest point, relative to the whole range, where nobody measured it: with the
subject halfway, the horizon then stands 3.5 times as far as the subject and the nearest point at
six tenths of the distance."""


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
        subject = subject_disparity(depth)
        inverse = home * (FAR_FLOOR + depth.disparity) / (FAR_FLOOR + subject)
    scaled = home + (inverse - home) * strength
    return np.maximum(scaled, 0.0).astype(np.float32)
