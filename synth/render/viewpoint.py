"""A camera as the rasteriser takes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.pose import CameraPose


def camera_numbers(pose: CameraPose, width: int, height: int) -> NDArray[np.float64]:
    """The 15 numbers that `project` takes, for frames of ``width`` x ``height`` pixels."""
    camera = np.empty(15)
    camera[:9] = pose.world_from_camera.T.ravel()
    x, y, z = pose.position
    camera[9:12] = (-x, -y, HOME_DISTANCE - z)
    camera[12] = focal_pixels(pose.focal_length, width, height)
    camera[13] = width / 2.0
    camera[14] = height / 2.0
    return camera
