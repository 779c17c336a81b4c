"""The words that say where to, and those of what the air carries there, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from synth.motion.instructions import Particles

_AIR: Final[tuple[tuple[Particles, float, str], ...]] = (
    ("rain", 0.5, "rain rains raining rainfall rainy raindrops"),
    ("rain", 0.2, "drizzle drizzles drizzling drizzly sprinkle sprinkling"),
    ("rain", 0.9, "rainstorm thunderstorm cloudburst"),
    ("rain", 1.0, "downpour monsoon deluge"),
    ("snow", 0.5, "snow snows snowing snowfall snowflakes snowflake"),
    ("snow", 0.25, "flurries flurry"),
    ("snow", 0.9, "snowstorm"),
    ("snow", 1.0, "blizzard"),
    ("fog", 0.5, "fog foggy fogs"),
    ("fog", 0.3, "mist misty mists"),
    ("fog", 0.25, "haze hazy"),
    ("dust", 0.5, "dust"),
    ("dust", 0.3, "motes"),
    ("dust", 1.0, "sandstorm duststorm"),
    ("embers", 0.5, "embers sparks cinders"),
    ("leaves", 0.5, "leaves foliage"),
    ("fireflies", 0.5, "fireflies firefly"),
    ("bokeh", 0.5, "bokeh"),
    ("light_rays", 0.5, "sunbeams sunrays godrays"),
)

WAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "in": "in",
        "forward": "forward",
        "forwards": "forward",
        "ahead": "forward",
        "inward": "forward",
        "inwards": "forward",
        "closer": "forward",
        "nearer": "forward",
        "close": "forward",
        "toward": "towards",
        "towards": "towards",
        "into": "into",
        "through": "through",
        "out": "out",
        "back": "back",
        "backward": "backward",
        "backwards": "backward",
        "away": "backward",
        "outward": "backward",
        "outwards": "backward",
        "left": "left",
        "leftward": "left",
        "leftwards": "left",
        "right": "right",
        "rightward": "right",
        "rightwards": "right",
        "up": "up",
        "upward": "up",
        "upwards": "up",
        "skyward": "up",
        "skywards": "up",
        "higher": "up",
        "down": "down",
        "downward": "down",
        "downwards": "down",
        "clockwise": "clockwise",
        "cw": "clockwise",
        "counterclockwise": "counterclockwise",
        "anticlockwise": "counterclockwise",
        "ccw": "counterclockwise",
        "counter clockwise": "counterclockwise",
        "anti clockwise": "counterclockwise",
        "left to right": "right",
        "from left to right": "right",
        "from the left to the right": "right",
        "right to left": "left",
        "from right to left": "left",
        "from the right to the left": "left",
        "from the left": "right",
        "from the right": "left",
        "from left": "right",
        "from right": "left",
        "from above": "down",
        "from below": "up",
        "from behind": "behind",
        "behind": "behind",
        "sideways": "sideways",
        "sidewards": "sideways",
        "laterally": "sideways",
        "lateral": "sideways",
        "side": "sideways",
        "horizontally": "sideways",
        "horizontal": "sideways",
        "vertically": "vertical",
        "vertical": "vertical",
        "around": "around",
        "round": "around",
        "360": "around",
        "over": "over",
        "above": "over",
        "across": "across",
        "along": "along",
        "alongside": "along",
        "past": "along",
    }
)
"""Where to: the word and what it means before the verb is known."""


AIR: Final[Mapping[str, tuple[Particles, float]]] = MappingProxyType(
    {word: (effect, strength) for effect, strength, words in _AIR for word in words.split()}
)
"""Words for what is in the air, and how strong it is by that word alone."""

STRENGTHS: Final[Mapping[str, float]] = MappingProxyType(
    {
        word: strength
        for strength, words in {
            0.15: "barely hint touch trace",
            0.25: "light lightly gentle gently soft softly slight slightly faint faintly thin "
            "subtle subtly fine few sparse delicate mild bit little occasional scattered",
            0.8: "heavy heavily thick thickly dense densely hard strong strongly intense steady "
            "driving lashing many big",
            0.9: "pouring massive violent fierce fiercely raging wild",
            1.0: "torrential extreme blinding relentless",
        }.items()
        for word in words.split()
    }
)
"""How strong the weather is."""

WINDS: Final = frozenset(
    {"wind", "winds", "windy", "breeze", "breezes", "breezy", "gust", "gusts", "gusty", "gale"}
)
"""Words for moving air."""

SPEEDS: Final[Mapping[str, float]] = MappingProxyType(
    {
        word: speed
        for speed, words in {
            0.1: "barely hardly",
            0.25: "slow slowly slower gentle gently soft softly calm calmly leisurely lazily "
            "gradually carefully wearily patiently languidly unhurried cautiously",
            0.75: "fast faster quick quickly rapid rapidly swift swiftly brisk briskly hard "
            "energetically hurriedly hastily vigorously frantically wildly",
        }.items()
        for word in words.split()
    }
)
"""How fast a subject does what it does; 0.5 where nothing is said."""
