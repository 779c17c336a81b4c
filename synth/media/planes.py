"""A picture as a video codec keeps it: one plane of brightness and two of colour, 8 bits each.

Work that neither looks at colours nor changes them (finding motion, moving pixels) stays in these
planes: they are half the bytes of RGB, and what passes untouched stays bit-exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.colour import WEIGHTS, even, fill_420
from synth.media.yuv_to_rgb import planes_to_rgb


@dataclass(frozen=True)
class ColourTags:
    """What the numbers of a plane mean."""

    matrix: str = "bt709"
    """"bt709", "bt601" or "bt2020": how brightness and colour were split."""
    full_range: bool = False
    """Whether 0 to 255 is used, instead of 16 to 235 (colour: 16 to 240)."""
    primaries: int = 1
    """Which red, green and blue are meant: number of ITU-T H.273, table 2; 2 if nobody said."""
    transfer: int = 1
    """How light became numbers: number of ITU-T H.273, table 3; 2 if nobody said."""


@dataclass(frozen=True)
class Planes:
    """One picture. Nobody writes into the arrays of a picture that was handed on."""

    y: NDArray[np.uint8]
    """Brightness, (H, W), C-contiguous."""
    u: NDArray[np.uint8]
    """Blue difference, (H/2, W/2) in 4:2:0 (then H and W are even) or (H, W) in 4:4:4."""
    v: NDArray[np.uint8]
    """Red difference, as ``u``."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.y.shape[1], self.y.shape[0]

    @property
    def subsampled(self) -> bool:
        """Whether the colour planes are half as wide and high."""
        return self.u.shape != self.y.shape

    def same(self, other: Planes) -> bool:
        """Whether two pictures are equal, bit for bit."""
        return (
            np.array_equal(self.y, other.y)
            and np.array_equal(self.u, other.u)
            and np.array_equal(self.v, other.v)
        )


def planes_from_rgb(rgb: NDArray[np.uint8], tags: ColourTags | None = None) -> Planes:
    """The 4:2:0 planes of an RGB picture, by default BT.709 in limited range.

    ``rgb`` is uint8 (H, W, 3), sRGB encoded, full range. An odd size is made even by repeating
    the last row or column.
    """
    tags = tags or ColourTags()
    height, width = even(rgb.shape[0]), even(rgb.shape[1])
    y = np.empty((height, width), np.uint8)
    u = np.empty((height // 2, width // 2), np.uint8)
    v = np.empty_like(u)
    fill_420(rgb, (y, u, v), matrix=tags.matrix, full_range=tags.full_range)
    return Planes(y, u, v)


def to_rgb(planes: Planes, tags: ColourTags | None = None) -> NDArray[np.uint8]:
    """The picture as uint8 RGB (H, W, 3), sRGB encoded, full range; ``tags`` as in its file."""
    tags = tags or ColourTags()
    if not planes.subsampled:
        return _444_to_rgb(planes, tags)
    y, u, v = (_plain(plane) for plane in (planes.y, planes.u, planes.v))
    return planes_to_rgb(y, u, v, planes.size, tags.matrix, tags.full_range)


def _444_to_rgb(planes: Planes, tags: ColourTags) -> NDArray[np.uint8]:
    """Inverse of ITU-R BT.709-6, section 3, with the weights of the matrix at hand."""
    kr, kb = WEIGHTS[tags.matrix]
    kg = 1 - kr - kb
    luma, chroma, black = (1, 1, 0) if tags.full_range else (255 / 219, 255 / 224, 16)
    blue, red = 2 * (1 - kb) * chroma, 2 * (1 - kr) * chroma
    matrix = np.array(
        [
            [luma, 0, red],
            [luma, -blue * kb / kg, -red * kr / kg],
            [luma, blue, 0],
        ]
    )
    offset = -matrix @ (black, 128, 128)
    values = np.dstack([planes.y, planes.u, planes.v]).astype(np.float32)
    rgb = cv2.transform(values, np.column_stack([matrix, offset]))
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _plain(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Contiguous and writable, as the compiled conversion was made for."""
    return np.require(plane, requirements=["C", "W"])
