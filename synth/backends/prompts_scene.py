"""Subjects, weather and light in sentences, for models that read rather than obey."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from synth.motion import Environment, SubjectAction
from synth.motion.instructions import Action, Heading, Particles, Wind

_VERBS: Final[Mapping[Action, tuple[str, str, str]]] = MappingProxyType(
    {
        "walk": ("walks", "walk", ""),
        "run": ("runs", "run", ""),
        "dance": ("dances", "dance", ""),
        "jump": ("jumps", "jump", " again and again"),
        "fall": ("falls over", "fall over", ""),
        "wave": ("waves", "wave", ""),
        "sway": ("sways", "sway", " from side to side"),
        "float": ("floats", "float", " weightlessly"),
        "turn": ("turns", "turn", " to and fro"),
        "idle": ("stands still", "stand still", ", breathing gently"),
    }
)
"""What one does, what several do, and what is added to it."""

_GOING: Final = frozenset({"walk", "run", "dance", "jump", "float"})
_WAYS: Final[Mapping[Heading, str]] = MappingProxyType(
    {
        "left_to_right": " from left to right",
        "right_to_left": " from right to left",
        "toward_camera": " toward the camera",
        "away_from_camera": " away from the camera",
        "in_place": "",
    }
)

_AIR: Final[Mapping[Particles, tuple[str, str, str]]] = MappingProxyType(
    {
        "rain": ("Light rain falls", "Rain falls steadily", "Heavy rain pours down"),
        "snow": ("A few snowflakes drift down", "Snow falls", "Thick snow falls"),
        "dust": (
            "Fine dust hangs in the air", "Dust drifts through the air",
            "Thick dust swirls through the air",
        ),
        "fog": (
            "Thin mist hangs over the scene", "Fog drifts through the scene",
            "Dense fog rolls through the scene",
        ),
        "embers": (
            "A few glowing embers drift through the air",
            "Glowing embers drift through the air", "Many glowing embers fly through the air",
        ),
        "leaves": (
            "A few leaves drift down", "Leaves blow through the air",
            "Many leaves whirl through the air",
        ),
        "bokeh": (
            "Faint, soft points of light float in the air",
            "Soft, blurred points of light float in the air",
            "Many soft, blurred points of light float in the air",
        ),
        "fireflies": (
            "A few fireflies glow in the air", "Fireflies glow and drift through the air",
            "Many fireflies glow and drift through the air",
        ),
        "light_rays": (
            "Faint rays of light fall through the air", "Rays of light fall through the air",
            "Bright rays of light fall through the air",
        ),
    }
)  # fmt: skip
"""At low, middling and high strength."""

_NAMES: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        kind: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
        for kind, words in {
            "rain": r"rain(?:s|y|ing|drops?|fall|storm)?|downpour|drizzl\w+",
            "snow": r"snow(?:s|y|ing|fall|flakes?|storm)?|blizzard",
            "dust": r"dust(?:y)?|sandstorm",
            "fog": r"fog(?:gy)?|mist(?:y)?|haz[ey]",
            "embers": r"embers?|sparks?",
            "leaves": r"(?:falling|blowing|autumn) leaves",
            "bokeh": r"bokeh",
            "fireflies": r"fireflies|firefly",
            "light_rays": r"(?:light|sun|god) ?(?:rays|beams)|(?:rays?|beams?|shafts?) of \w*light",
        }.items()
    }
)
"""Words that a person may have used for it."""

_STILL_AIR: Final = frozenset({"bokeh", "fireflies", "light_rays"})
"""What wind hardly moves."""

_WINDS: Final[Mapping[Wind, str]] = MappingProxyType(
    {
        "left": "to the left",
        "right": "to the right",
        "forward": "toward the camera",
        "backward": "away from the camera",
    }
)

_PLURALS: Final = frozenset({"people", "men", "women", "children", "geese", "mice", "feet"})
_LIGHT_WORDS: Final = re.compile(
    r"\b(?:light(?:s|ing|ed)?|lit|sun(?:light|set|rise|shine)?|moonlight|glow\w*|shadows?|"
    r"hour|dusk|dawn|night|day(?:light)?|morning|evening|noon|twilight|neon|backlit|candle\w*)\b",
    re.IGNORECASE,
)
_MOST_WORDS: Final = 6


def tell_subject(subject: SubjectAction) -> str:
    """A sentence about what a subject does."""
    name, several = _named(subject.id)
    one, many, more = _VERBS[subject.action]
    told = many if several else one
    if subject.action in _GOING:
        way = _WAYS[subject.direction]
        told += way or (" on the spot" if subject.action in ("walk", "run") else "")
    told += more
    if subject.action not in ("idle", "fall"):
        pace = "slowly " if subject.speed < 0.25 else "quickly " if subject.speed > 0.75 else ""
        told = pace + told
    return f"{name} {told}."


def _named(id: str) -> tuple[str, bool]:
    """A subject's name as a sentence begins with it, and whether it is several."""
    words = " ".join(re.sub(r"[_<>]+", " ", id).split())
    words = re.sub(r"[\s#-]*\d+$", "", words) or "subject"
    last = words.split()[-1].lower()
    several = last in _PLURALS or (
        last.endswith("s") and not last.endswith(("ss", "us", "is", "os")) and words.islower()
    )
    if words.split()[0].lower() in ("the", "a", "an", "my", "his", "her", "their", "our", "both"):
        return words[0].upper() + words[1:], several
    # Names of their own take no article.
    return (words if words[0].isupper() else f"The {words}"), several


def names_air(text: str, kind: Particles) -> bool:
    """Whether a text names what is in the air."""
    return kind in _NAMES and _NAMES[kind].search(text) is not None


def tell_air(air: Environment, *, skip_particles: bool = False, skip_wind: bool = False) -> str:
    """A sentence about what is in the air and where the wind blows; "" where there is nothing."""
    wind = "" if skip_wind or air.weather_intensity == 0.0 else _WINDS.get(air.wind_direction, "")
    kind = air.particle_effects
    if kind == "none" or skip_particles or air.weather_intensity == 0.0:
        return f"{_wind(air.weather_intensity)} blows {wind}." if wind else ""
    strength = air.weather_intensity
    told = _AIR[kind][0 if strength < 0.35 else 1 if strength < 0.75 else 2]
    if not wind:
        return f"{told}."
    if kind in _STILL_AIR:
        return f"{told}, and {_wind(strength).lower()} blows {wind}."
    return f"{told}, blown {wind} by the wind."


def _wind(strength: float) -> str:
    return "A light wind" if strength < 0.35 else "The wind" if strength < 0.75 else "A strong wind"


def tell_light(cue: str) -> str:
    """A lighting cue as a sentence: a whole one stays, a few words say that they are the light."""
    words = " ".join(cue.split())
    if not words:
        return ""
    plain = words.rstrip(".")
    opened = plain[0].upper() + plain[1:]
    if words.endswith(("!", "?")):
        return opened
    whole = words.endswith(".") or "," in words or len(words.split()) > _MOST_WORDS
    if whole or re.search(r"\b(?:light(?:s|ing|ed)?|lit|glow\w*)\b", words, re.IGNORECASE):
        return f"{opened}."
    return f"{opened} light." if _LIGHT_WORDS.search(words) else f"{opened} lighting."
