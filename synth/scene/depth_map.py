"""The depth of a photo as every estimator gives it: relative inverse depth, one number a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DepthMap:
    """Relative inverse depth (disparity) of a photo."""

    disparity: NDArray[np.float32]
    """Shape (H, W), 0 farthest to 1 nearest. H and W have the photo's aspect, any resolution."""
    source: str
    """Who made it: "file", "true", "depth-anything-v2-small", "embedded"."""
    near: float | None = None
    """Depth of disparity 1 in scene units, where it is known (home camera to subject is 10)."""
    far: float | None = None
    """Depth of disparity 0 in scene units, where it is known."""
    notes: tuple[str, ...] = ()
    """What the user should know about it, in sentences."""
