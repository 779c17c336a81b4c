"""A picture as a video codec keeps it: one plane of brightness and two of colour, 8 bits each.

Work that neither looks at colours nor changes them (finding motion, moving pixels) stays in these
planes: they are half the bytes of RGB, and what passes untouched stays bit-exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ColourTags:
    """What the numbers of a plane mean."""

    matrix: str = "bt709"
    """"bt709", "bt601" or "bt2020": how brightness and colour were split."""
    full_range: bool = False
    """Whether 0 to 255 is used, instead of 16 to 235 (colour: 16 to 240)."""


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
