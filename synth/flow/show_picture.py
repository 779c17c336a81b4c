"""What may be shown: pictures as a codec keeps them, or as a screen does."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from synth.media.planes import ColourTags, Planes, to_rgb

Picture: TypeAlias = Planes | NDArray[np.uint8]
"""``Planes``, or uint8 RGB of shape (H, W, 3)."""


def rgb_of(picture: Picture, tags: ColourTags | None = None) -> NDArray[np.uint8]:
    """A picture as uint8 RGB (H, W, 3); ``tags`` say what the numbers of ``Planes`` mean.

    An array comes back as it is. Raises ``ValueError`` for an array of another kind.
    """
    if isinstance(picture, Planes):
        return to_rgb(picture, tags)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"Not uint8 RGB (H, W, 3): {picture.dtype} {picture.shape}")
    return picture
