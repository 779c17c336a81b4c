"""The table of weathers: how each falls, leans in the wind, moves and looks.

Lengths are scene units for a photo taken with a 50 mm lens (the subject stands 10 units away; for
other lenses they grow with the field of view, so that the picture stays the same), times seconds.
Fall speeds follow rain and snow at about one unit to a metre; the rest is chosen by eye.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.motion.instructions import Particles, Wind

Shell = tuple[float, float, int]
"""Nearest and farthest depth, and how many particles are seen there at intensity 1."""

Colour = tuple[float, float, float]
"""sRGB, 0-255."""


@dataclass(frozen=True)
class Effect:
    """One weather made of particles."""

    shells: tuple[Shell, ...]
    """Ranges of depth, near to far."""
    fall: float
    """Speed downwards, negative upwards; 0 floats."""
    lean: tuple[float, float]
    """Angle between the flow and the vertical when the wind blows: at intensity 0 and 1, degrees.
    What floats goes where the wind goes, at 90."""
    radius: tuple[float, float]
    """Smallest and largest."""
    alpha: float
    """Opacity of a sharp particle at rest; smearing and blur share it out."""
    drift: float = 0.0
    """Wind speed of what floats, at intensity 1."""
    spread: float = 0.0
    """How much single speeds differ, share."""
    sway: tuple[float, float, float] = (0.0, 1.0, 1.0)
    """Own wobble: amplitude, and slowest and fastest frequency, hertz."""
    gust: float = 0.0
    """Speed of gusts, share of the wind's speed."""
    life: tuple[float, float] | None = None
    """Shortest and longest life; None lasts for ever."""
    fade: float = 0.2
    """Share of a life that it takes to come, and to go."""
    flicker: float = 0.0
    """How much the light of a particle wavers, 0 to 1."""
    softness: float = 0.6
    """Width of the soft rim, share of the radius."""
    aperture: float = 0.02
    """Diameter of the lens that puts near particles out of focus."""
    smear: float = 1.0
    """How far a moving particle shares out its opacity over its way: 1 all of it."""
    dim: float = 1.3
    """How far blur shares it out, exponent of the radius: 2 all of it."""
    haze: float = 60.0
    """Depth over which particles fade to a third."""
    glow: float = 0.0
    """Radius of a halo, in radii; 0 none."""
    rim: float = 0.0
    """How much brighter a disc is at its rim."""
    screen: bool = False
    """Whether particles add light instead of covering."""
    colour: tuple[Colour, Colour] = ((255.0, 255.0, 255.0), (255.0, 255.0, 255.0))
    """Own colour of the first and the last particle of the range."""
    local: float = 0.0
    """How much of the colour is the picture's own around the particle, 0 to 1."""
    lit: float = 0.0
    """How much its opacity follows the brightness around it, 0 to 1."""


EFFECTS: Final[Mapping[Particles, Effect]] = MappingProxyType(
    {
        "rain": Effect(
            shells=((1.2, 2.2, 20), (2.0, 4.2, 110), (3.8, 7.6, 480), (7.0, 14.0, 1700),
                    (13.0, 32.0, 3600)),
            fall=9.0, lean=(5.0, 35.0), radius=(0.0018, 0.0036), alpha=2.4, spread=0.12,
            sway=(0.03, 1.5, 3.0), gust=0.22, softness=1.0, aperture=0.010, smear=0.5, dim=0.8,
            haze=90.0, colour=((214.0, 222.0, 232.0), (236.0, 240.0, 246.0)), local=0.72, lit=0.35,
        ),
    }
)  # fmt: skip
"""Every weather that is made of particles."""

_WINDS: Final[Mapping[Wind, tuple[float, float, float]]] = MappingProxyType(
    {
        "left": (-1.0, 0.0, 0.0),
        "right": (1.0, 0.0, 0.0),
        "forward": (0.0, 0.0, 1.0),
        "backward": (0.0, 0.0, -1.0),
        "still": (0.0, 0.0, 0.0),
    }
)
"""Where the wind blows to, world axes of the home camera: forward comes towards it."""


def wind_vector(wind: Wind) -> NDArray[np.float64]:
    """Where the wind blows to: a unit vector in world axes, shape (3,); zero when still."""
    return np.array(_WINDS[wind])


def wind_lean(effect: Particles, intensity: float) -> float:
    """Angle between the mean flow of a weather and the vertical when the wind blows, degrees.

    In still air what falls or rises does so at 0 degrees. With wind from the side this is the
    angle in the picture; with wind to or from the camera it is the angle in depth. Dust, fog and
    the like float: they go where the wind goes, at 90. With no particles the angle is 0.

    Args:
        effect: the weather.
        intensity: 0 to 1.
    """
    if effect == "none":
        return 0.0
    if effect not in EFFECTS:
        return 90.0
    low, high = EFFECTS[effect].lean
    return low + (high - low) * intensity


def flow(effect: Particles, wind: Wind, intensity: float) -> NDArray[np.float64]:
    """Mean velocity of a weather's particles, 50 mm scene units a second, shape (3,)."""
    look = EFFECTS[effect]
    along = wind_vector(wind)
    if look.fall == 0.0:
        return along * (look.drift * (0.3 + 0.7 * intensity))
    lean = np.radians(wind_lean(effect, intensity))
    return along * (abs(look.fall) * np.tan(lean)) - np.array([0.0, look.fall, 0.0])
