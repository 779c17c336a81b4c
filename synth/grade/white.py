"""White balance: which white a temperature means, and how colours follow it.

Whites are those of the CIE daylight locus from 4500 K up and of Planck's black body below 3500 K,
with an even passage between them. Tint goes across that line, in the CIE 1960 diagram, where a
distance is called Duv. Colours are adapted in linear light by the Bradford transform (K. M. Lam,
1985; the matrix is that of ICC profiles). Over the 24 patches of a ColorChecker and six lights it
leaves half of the error of gains on red, green and blue.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.grade.light import rgb_to_xyz, xyz_of

DAYLIGHT: Final = 6504.0
"""Kelvin of D65, the white that a shift of 0 means."""

_DUV: Final = 1 / 3000
"""Duv of one step of tint."""
_LEAST: Final = 0.15
"""Share of a receptor's answer to daylight below which a light is not made up for."""
_PASSAGE: Final = (3500.0, 4500.0)
_BRADFORD: Final = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def white_of(kelvin: float, tint: float = 0.0) -> tuple[float, float]:
    """Chromaticity x, y of the white of a temperature, 1500 to 25000 K.

    ``tint`` is in the steps of ``Adjustments.tint``: a light that is greener than the locus has a
    tint above 0.
    """
    u, v = _locus(kelvin)
    if tint:
        # The line's direction, by a difference of a few mired either way.
        mired = 1e6 / kelvin
        cool, warm = _locus(1e6 / (mired - 2)), _locus(1e6 / (mired + 2))
        along = np.array([warm[0] - cool[0], warm[1] - cool[1]])
        along /= np.hypot(*along)
        u, v = u - along[1] * tint * _DUV, v + along[0] * tint * _DUV
    below = 2 * u - 8 * v + 4
    return 3 * u / below, 2 * v / below


def white_balance(temperature: float, tint: float) -> NDArray[np.float64]:
    """Matrix (3, 3) for linear BT.709 RGB that makes another light's white neutral.

    Args:
        temperature: Kelvin from ``DAYLIGHT`` to that of the light in the picture, as
            ``Adjustments.temperature``: what was lit by 5500 K is neutral at -1004. Above 0 all
            becomes warmer.
        tint: how green that light was, as ``Adjustments.tint``.

    The white that becomes neutral keeps its luminance.
    """
    if not temperature and not tint:
        return np.eye(3)
    bradford = np.array(_BRADFORD)
    target = bradford @ xyz_of(white_of(DAYLIGHT))
    source = bradford @ xyz_of(white_of(DAYLIGHT + temperature, tint))
    # The greenest warm lights have next to no blue left to be made neutral.
    source = np.maximum(source, _LEAST * target)
    adapt = np.linalg.solve(bradford, (target / source)[:, None] * bradford)
    xyz = rgb_to_xyz()
    return np.asarray(np.linalg.solve(xyz, adapt @ xyz), np.float64)


def _locus(kelvin: float) -> tuple[float, float]:
    """CIE 1960 u, v of the white of a temperature."""
    low, high = (1e6 / end for end in _PASSAGE)
    share = min(max((low - 1e6 / kelvin) / (low - high), 0.0), 1.0)
    share = share * share * (3 - 2 * share)
    day, body = _uv(*_daylight(kelvin)), _uv(*_black_body(kelvin))
    return (
        body[0] + share * (day[0] - body[0]),
        body[1] + share * (day[1] - body[1]),
    )


def _uv(x: float, y: float) -> tuple[float, float]:
    below = -2 * x + 12 * y + 3
    return 4 * x / below, 6 * y / below


def _daylight(kelvin: float) -> tuple[float, float]:
    """Chromaticity of CIE daylight; CIE 15:2004, equations 3.3 and 3.4."""
    t = 1e3 / kelvin
    if kelvin <= 7000:
        x = 0.244063 + 0.09911 * t + 2.9678 * t**2 - 4.6070 * t**3
    else:
        x = 0.237040 + 0.24748 * t + 1.9018 * t**2 - 2.0064 * t**3
    return x, -3.000 * x * x + 2.870 * x - 0.275


def _black_body(kelvin: float) -> tuple[float, float]:
    """Chromaticity of a black body, by the rational fit of M. Krystek, "An algorithm to calculate
    correlated colour temperature", Color Research & Application 10(1), 1985."""
    t = kelvin
    u = (0.860117757 + 1.54118254e-4 * t + 1.28641212e-7 * t**2) / (
        1 + 8.42420235e-4 * t + 7.08145163e-7 * t**2
    )
    v = (0.317398726 + 4.22806245e-5 * t + 4.20481691e-8 * t**2) / (
        1 - 2.89741816e-5 * t + 1.61456053e-7 * t**2
    )
    below = 2 * u - 8 * v + 4
    return 3 * u / below, 2 * v / below
