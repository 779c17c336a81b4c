"""Depth of a photo from the best source at hand, and what people do with it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.scene.depth_embedded import estimate_depth_embedded
from synth.scene.depth_map import DepthMap

DepthMethod = Literal["auto", "depth-anything", "embedded"]


def estimate_depth(
    pixels: NDArray[np.uint8],
    *,
    method: DepthMethod = "auto",
    depth_picture: NDArray[np.generic] | None = None,
    near_is_white: bool = True,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> DepthMap:
    """Relative disparity of a photo of shape (H, W, 3), uint8 RGB."""
    if cancel is not None:
        cancel.check()
    return estimate_depth_embedded(pixels)
