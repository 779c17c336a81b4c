"""What the renderer draws: textured sheets, the soft rim, and the scene that holds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.scene.cutout import Cutout

SAFETY_MARGIN = 16
"""Pixels repeated beyond the photo's border, so that its outermost pixels filter well."""


@dataclass(frozen=True)
class Sheet:
    """A textured mesh. Vertices in texture-plane coordinates of the home camera."""

    x: NDArray[np.float32]
    """Right of the photo's centre, in focal lengths, shape (V,)."""
    y: NDArray[np.float32]
    """Below the photo's centre, in focal lengths, shape (V,)."""
    disparity: NDArray[np.float32]
    """Inverse depth from the home camera, 1 / scene units, shape (V,)."""
    u: NDArray[np.float32]
    """Texture column, texel centres at whole numbers, shape (V,)."""
    v: NDArray[np.float32]
    """Texture row, shape (V,)."""
    quads: NDArray[np.int32]
    """Vertex numbers, shape (Q, 4)."""


@dataclass(frozen=True)
class Page:
    """Part of a texture that belongs to one sheet."""

    first_row: int
    """Texture row at which it begins."""
    scale: int
    """Pixels of the scene per texel, along each side."""


@dataclass(frozen=True)
class Scene:
    """What the renderer draws."""

    photo: NDArray[np.uint8]
    """The photo at the scene's resolution, sRGB, shape (H, W, 3)."""
    disparity: NDArray[np.float32]
    """Inverse depth of the photo's pixels, 1 / scene units, shape (H, W)."""
    focal_length: float
    """Focal length that the photo is taken to have, millimetres."""
    texture: NDArray[np.uint8]
    """Colours of all opaque sheets and an unused fourth channel, shape (T, U, 4)."""
    sheets: tuple[Sheet, ...]
    """The opaque surfaces, those that hide the others first: front, behind, deeper where things
    are hidden twice, backdrop."""
    pages: tuple[Page, ...]
    """Where the texture of each sheet lies, from top to bottom."""
    rim_texture: NDArray[np.uint8]
    """Premultiplied colours and alpha of the rim, shape (P, Q, 4)."""
    rim: Sheet
    """Soft edges of near things."""
    photo_area: tuple[float, float, float, float]
    """The part of the front texture that was photographed: first and last column, first and last
    row, texels."""
    cutouts: tuple[Cutout | None, ...]
    """Subjects that were cut out of the photo and act on their own; None where none was found."""
    invented: NDArray[np.bool_]
    """Front texels whose colour was filled rather than photographed, in its page, (P, U)."""
    loose: bool = False
    """Whether it was built for steps that may lie a few pixels beside the picture's edges."""

    @property
    def front_rows(self) -> int:
        """Texture rows of the front sheet; what lies below was never photographed."""
        return self.pages[1].first_row

    @property
    def width(self) -> int:
        """Width of the photo, pixels."""
        return self.photo.shape[1]

    @property
    def height(self) -> int:
        """Height of the photo, pixels."""
        return self.photo.shape[0]
