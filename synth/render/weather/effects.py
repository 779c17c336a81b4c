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
    dark: float = 0.0
    """How much its colour follows the brightness around it, 0 to 1."""
    gain: float = 1.15
    """By how much the picture's own colour is brightened, factor."""
    lift: float = 30.0
    """By how much more, sRGB levels."""
    emerge: float = 0.02
    """Relative distance in front of a surface over which a particle comes out fully."""
    taper: float = 0.0
    """Share of a stroke over which its ends fade, 0 to 0.5."""
    spin: tuple[float, float] = (0.0, 0.0)
    """Slowest and fastest tumbling, turns a second; only leaves tumble."""


@dataclass(frozen=True)
class Mist:
    """Air that hides what is far."""

    density: float
    """Share of light lost per scene unit at intensity 1."""
    unevenness: float
    """How much thicker and thinner swirls make it."""
    settle: float
    """How much thicker it is per unit downwards, share."""
    drift: float
    """Wind speed at intensity 1, scene units a second."""
    creep: float
    """Speed at which it moves in still air, sideways."""
    tint: Colour
    """What its colour leans to."""
    own: float
    """How much of that, 0 to 1; the rest is the photo's sky."""
    thickest: float
    """Largest share of it, 0 to 1."""
    power: float = 1.3
    """How density follows intensity, exponent."""


EFFECTS: Final[Mapping[Particles, Effect]] = MappingProxyType(
    {
        "rain": Effect(
            shells=((1.2, 2.2, 18), (2.0, 4.2, 90), (3.8, 7.6, 480), (7.0, 14.0, 1700),
                    (13.0, 32.0, 3600)),
            fall=9.0, lean=(5.0, 35.0), radius=(0.0018, 0.0036), alpha=3.0, spread=0.12,
            sway=(0.03, 1.5, 3.0), gust=0.22, softness=1.0, aperture=0.009, smear=0.5, dim=0.8,
            haze=90.0, taper=0.3, colour=((214.0, 222.0, 232.0), (236.0, 240.0, 246.0)),
            local=0.66, lit=0.35,
        ),
        "snow": Effect(
            shells=((1.0, 2.0, 10), (1.8, 3.8, 70), (3.5, 7.0, 340), (6.5, 13.0, 1300),
                    (12.0, 30.0, 3600)),
            fall=1.0, lean=(20.0, 60.0), radius=(0.006, 0.022), alpha=1.15, spread=0.25,
            sway=(0.07, 0.25, 0.7), gust=0.3, softness=1.0, aperture=0.035, smear=0.6, dim=1.0,
            haze=70.0, taper=0.12, colour=((226.0, 236.0, 250.0), (255.0, 255.0, 255.0)),
            local=0.25, lift=60.0, dark=0.55,
        ),
        "dust": Effect(
            shells=((1.2, 2.4, 30), (2.2, 4.6, 130), (4.2, 9.0, 460), (8.0, 20.0, 800)),
            fall=0.0, lean=(90.0, 90.0), drift=1.0, radius=(0.003, 0.010), alpha=1.9, spread=0.3,
            sway=(0.16, 0.1, 0.3), gust=0.3, life=(3.0, 6.0), fade=0.35, flicker=0.5, softness=1.0,
            aperture=0.04, smear=0.5, dim=1.25, haze=40.0, taper=0.3, screen=True,
            colour=((255.0, 198.0, 132.0), (255.0, 226.0, 182.0)), local=0.15, lit=0.55,
        ),
        "embers": Effect(
            shells=((1.4, 2.8, 10), (2.5, 5.2, 50), (4.8, 10.0, 200), (9.0, 22.0, 420)),
            fall=-1.3, lean=(15.0, 55.0), radius=(0.006, 0.017), alpha=3.0, spread=0.35,
            sway=(0.16, 0.4, 1.1), gust=0.35, life=(1.6, 3.2), fade=0.25, flicker=0.6,
            softness=1.0, aperture=0.02, smear=0.45, dim=1.0, haze=60.0, taper=0.3, glow=6.0,
            screen=True, colour=((255.0, 92.0, 22.0), (255.0, 186.0, 92.0)),
        ),
        "leaves": Effect(
            shells=((1.6, 3.2, 4), (3.0, 6.0, 22), (5.6, 11.0, 90), (10.0, 24.0, 260)),
            fall=1.1, lean=(25.0, 65.0), radius=(0.055, 0.11), alpha=1.0, spread=0.25,
            sway=(0.22, 0.3, 0.7), gust=0.35, softness=0.12, aperture=0.04, smear=0.0, dim=0.7,
            haze=400.0, colour=((158.0, 52.0, 22.0), (226.0, 168.0, 56.0)), local=0.18, lift=0.0,
            gain=1.0, dark=0.6, spin=(0.35, 1.1),
        ),
        "bokeh": Effect(
            shells=((1.8, 3.6, 9), (3.2, 6.8, 36), (6.0, 14.0, 60)),
            fall=0.0, lean=(90.0, 90.0), drift=0.5, radius=(0.05, 0.17), alpha=0.36, spread=0.3,
            sway=(0.22, 0.08, 0.2), gust=0.2, life=(4.0, 8.0), fade=0.45, flicker=0.25,
            softness=0.10, aperture=0.12, smear=0.0, dim=0.5, haze=40.0, rim=0.55, screen=True,
            colour=((255.0, 176.0, 96.0), (255.0, 218.0, 170.0)), local=0.22, gain=1.25, lift=40.0,
            emerge=0.3,
        ),
        "fireflies": Effect(
            shells=((1.8, 3.6, 5), (3.3, 6.8, 30), (6.2, 12.0, 90), (11.0, 24.0, 160)),
            fall=0.0, lean=(90.0, 90.0), drift=0.5, radius=(0.011, 0.020), alpha=2.2, spread=0.4,
            sway=(0.5, 0.07, 0.22), gust=0.2, life=(1.6, 3.4), fade=0.4, flicker=0.3,
            softness=0.9, aperture=0.03, smear=0.3, dim=0.9, haze=80.0, glow=8.0, screen=True,
            colour=((196.0, 255.0, 92.0), (255.0, 236.0, 120.0)),
        ),
    }
)  # fmt: skip
"""Every weather that is made of particles."""

MISTS: Final[Mapping[Particles, Mist]] = MappingProxyType(
    {
        "fog": Mist(
            density=0.075, unevenness=0.85, settle=0.13, drift=1.8, creep=0.22,
            tint=(218.0, 224.0, 230.0), own=0.35, thickest=0.93,
        ),
        "dust": Mist(
            density=0.022, unevenness=0.75, settle=0.12, drift=2.4, creep=0.2,
            tint=(222.0, 178.0, 122.0), own=0.65, thickest=0.6,
        ),
    }
)  # fmt: skip
"""Every weather that hides what is far."""

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
