"""Upright: the eight ways a camera may have been held, as EXIF and video containers say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True)
class Turn:
    """How a stored picture becomes upright."""

    degrees: int = 0
    """Clockwise, 0, 90, 180 or 270; done first."""
    mirrored: bool = False
    """Left and right swapped afterwards."""

    def apply(self, pixels: NDArray[_Scalar]) -> NDArray[_Scalar]:
        """The upright picture of a stored one (H, W) or (H, W, C), contiguous."""
        if self.degrees:
            pixels = np.rot90(pixels, -self.degrees // 90)
        if self.mirrored:
            pixels = pixels[:, ::-1]
        return np.ascontiguousarray(pixels)


EXIF_TURNS = {
    1: Turn(0, False),
    2: Turn(0, True),
    3: Turn(180, False),
    4: Turn(180, True),
    5: Turn(90, True),
    6: Turn(90, False),
    7: Turn(270, True),
    8: Turn(270, False),
}
"""EXIF 2.32, table 4, tag 0x0112: what to do about each orientation."""

_MATRIX_TURNS = {
    (1, 0, 0, 1): Turn(0, False),
    (0, 1, -1, 0): Turn(90, False),
    (-1, 0, 0, -1): Turn(180, False),
    (0, -1, 1, 0): Turn(270, False),
    (-1, 0, 0, 1): Turn(0, True),
    (0, 1, 1, 0): Turn(90, True),
    (1, 0, 0, -1): Turn(180, True),
    (0, -1, -1, 0): Turn(270, True),
}


def turn_of_matrix(matrix: bytes) -> Turn | None:
    """The turn a display matrix asks for (ISO/IEC 14496-12, 6.2.2); None if it is slanted.

    ``matrix`` is nine native int32. It sends (x, y) to (a x + c y, b x + d y), y pointing down;
    any scale in it is ignored.
    """
    if len(matrix) < 36:
        return None
    values = np.frombuffer(matrix, np.int32, 9).astype(np.float64)[[0, 1, 3, 4]]
    scale = np.abs(values).max()
    if scale == 0:
        return Turn()
    nearest = np.rint(values / scale)
    if np.abs(values / scale - nearest).max() > 0.02:
        return None
    a, b, c, d = (int(value) for value in nearest)
    return _MATRIX_TURNS.get((a, b, c, d))
