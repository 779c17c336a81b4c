"""Light and the numbers that stand for it: the transfer of screens, and the colours of BT.709."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

GAMMA: Final = 2.4
"""Light is number to this power on the reference screen (ITU-R BT.1886, black at 0)."""

LUMA: Final = (0.2126, 0.7152, 0.0722)
"""Shares of red, green and blue in brightness (ITU-R BT.709-6)."""

GREY: Final = 0.18 ** (1 / GAMMA)
"""Encoded middle grey, a surface that throws back 18 % of the light: 0.49."""

WHITE_XY: Final = (0.3127, 0.3290)
"""Chromaticity of the white of BT.709, D65."""

_PRIMARIES: Final = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))


def to_light(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Encoded values, 1 at white, to light; below black there is none."""
    return np.maximum(values, 0) ** GAMMA


def to_code(light: NDArray[np.floating]) -> NDArray[np.floating]:
    """Light, 1 at white, to encoded values; inverse of ``to_light``."""
    return np.maximum(light, 0) ** (1 / GAMMA)


def xyz_of(xy: tuple[float, float]) -> NDArray[np.float64]:
    """XYZ (3,) of a chromaticity, with Y = 1."""
    x, y = xy
    return np.array([x / y, 1.0, (1 - x - y) / y])


def rgb_to_xyz() -> NDArray[np.float64]:
    """Matrix (3, 3) from linear BT.709 RGB to CIE 1931 XYZ, white at Y = 1.

    Worked out from the chromaticities as SMPTE RP 177 does.
    """
    primaries = np.column_stack([xyz_of(xy) for xy in _PRIMARIES])
    return primaries * np.linalg.solve(primaries, xyz_of(WHITE_XY))
