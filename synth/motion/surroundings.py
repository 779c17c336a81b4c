"""Reads what the subjects do and what is in the air, where a sentence clearly says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from synth.motion.instructions import (
    Action,
    Environment,
    Heading,
    Particles,
    SubjectAction,
    Wind,
)
from synth.motion.lexer import Word

_ACTIONS: Final = MappingProxyType(
    {
        form: action
        for action, forms in (
            ("walk", "walk walks walking strolls strolling"),
            ("run", "run runs running sprints sprinting jogs jogging"),
            ("dance", "dance dances dancing"),
            ("jump", "jump jumps jumping leaps leaping"),
            ("fall", "falls falling"),
            ("wave", "waves waving"),
            ("sway", "sways swaying"),
            ("float", "floats floating"),
        )
        for form in forms.split()
    }
)

_PEOPLE: Final = frozenset(
    [
        *("man", "woman", "boy", "girl", "child", "kid", "person", "people", "protagonist"),
        *("character", "hero", "heroine", "detective", "dancer", "dancers", "runner", "soldier"),
        *("couple", "crowd", "figure", "actor", "actress", "bride", "groom", "athlete", "knight"),
        *("robot", "dog", "cat", "horse", "wolf", "fox", "lady", "guy", "mother", "father"),
        *("samurai", "warrior", "wizard", "astronaut", "model", "ballerina", "pedestrian"),
        *("stranger", "villain", "king", "queen", "princess", "monster", "zombie", "skater"),
        *("he", "she", "they", "who", "him", "her"),
    ]
)

_AIR: Final = MappingProxyType(
    {
        word: effect
        for effect, words in (
            ("rain", "rain raining rainfall rainstorm downpour drizzle drizzling"),
            ("snow", "snowing snowfall snowflakes snowflake blizzard snowstorm"),
            ("fog", "fog foggy mist misty"),
            ("dust", "dust"),
            ("embers", "embers sparks"),
            ("leaves", "leaves"),
            ("fireflies", "fireflies"),
        )
        for word in words.split()
    }
)
"""Words for what is in the air."""

_FALLS: Final = frozenset(
    {"fall", "falls", "falling", "blow", "blows", "blowing", "drift", "drifts", "drifting",
     "float", "floats", "floating", "swirl", "swirls", "swirling", "flying", "particles",
     "motes", "rising", "glowing"}
)  # fmt: skip
_HEAVY: Final = frozenset({"heavy", "thick", "dense", "pouring", "strong", "torrential", "massive"})
_LIGHT: Final = frozenset({"light", "gentle", "soft", "thin", "slight", "faint", "subtle", "fine"})
_NEEDS_MOTION: Final = frozenset({"snow", "leaves", "dust"})
_NO: Final = frozenset({"no", "without", "after", "stopped", "stops"})
_NOT_WEATHER: Final = frozenset(
    {"coat", "coats", "boots", "forest", "forests", "jacket", "barrel", "gutter"}
)


@dataclass(frozen=True)
class Surroundings:
    """What the picture does besides the camera."""

    objects: tuple[SubjectAction, ...] = ()
    environment: Environment | None = None
    words: tuple[tuple[Word, str], ...] = ()
    """Words that say so, each with "subject" or "weather"."""


def read_surroundings(words: Sequence[Word]) -> Surroundings:
    """The subjects' actions and the weather of a text. What is only hinted at is left out."""
    objects: list[SubjectAction] = []
    used: list[tuple[Word, str]] = []
    for index, word in enumerate(words):
        found = _action(words, index)
        if found is not None and all(found.id != other.id for other in objects):
            objects.append(found)
            used.append((word, "subject"))
    environment, word = _weather(words)
    if word is not None:
        used.append((word, "weather"))
    return Surroundings(tuple(objects[:8]), environment, tuple(used))


def _action(words: Sequence[Word], index: int) -> SubjectAction | None:
    action: Action | None = _ACTIONS.get(words[index].text)  # type: ignore[assignment]
    if action is None:
        return None
    i = index - 1
    if i >= 0 and words[i].kind == "prep":
        return None  # "under falling petals"
    while i >= 0 and index - i <= 6 and words[i].text not in _PEOPLE:
        if words[i].kind in ("verb", "link", "camera"):
            i = -1
        i -= 1
    if i >= 0 and words[i].text in _PEOPLE:
        who = words[i].text
    elif index + 1 < len(words) and words[index + 1].text in _PEOPLE:
        who = words[index + 1].text
    else:
        return None
    near = list(_same_clause(words, index))
    speed = next((word.number for word in near if word.kind == "amount"), 0.5)
    name = "subject" if who in ("he", "she", "they", "who", "him", "her") else who
    return SubjectAction(id=name, action=action, speed=speed, direction=_heading(near))


def _same_clause(words: Sequence[Word], index: int) -> Sequence[Word]:
    start = end = index
    while start > 0 and words[start - 1].kind != "link":
        start -= 1
    while end < len(words) and words[end].kind != "link":
        end += 1
    return words[start:end]


def _heading(near: Sequence[Word]) -> Heading:
    if any(word.kind == "camera" for word in near) and near[0].kind == "camera":
        return "in_place"
    for place, word in enumerate(near):
        if word.kind != "way":
            continue
        target = {other.text for other in near[place + 1 : place + 4]}
        if word.value == "right":
            return "left_to_right"
        if word.value == "left":
            return "right_to_left"
        if word.value == "towards" and target & {"camera", "us", "viewer", "lens"}:
            return "toward_camera"
        if word.text == "away":
            return "away_from_camera"
    return "in_place"


def _weather(words: Sequence[Word]) -> tuple[Environment | None, Word | None]:
    for index, word in enumerate(words):
        effect: Particles | None = _AIR.get(word.text)  # type: ignore[assignment]
        if word.text == "snow":
            effect = "snow"
        if word.text == "light rays" or (
            word.text == "rays" and index and words[index - 1].text in ("god", "sun", "light")
        ):
            effect = "light_rays"
        if effect is None:
            continue
        around = words[max(0, index - 2) : index + 4]
        texts = {other.text for other in around}
        before = words[index - 1].text if index else ""
        after = words[index + 1].text if index + 1 < len(words) else ""
        denied = any(other.text in _NO for other in words[max(0, index - 2) : index])
        if denied or after in _NOT_WEATHER:
            continue
        heavy, light = bool(texts & _HEAVY), bool(texts & _LIGHT)
        weak = effect in _NEEDS_MOTION and word.text in ("snow", "leaves", "dust")
        if weak and not (texts & _FALLS or before in (*_HEAVY, *_LIGHT)):
            continue
        strength = 0.8 if heavy else 0.3 if light else 0.5
        air = Environment(
            particle_effects=effect, wind_direction=_wind(words), weather_intensity=strength
        )
        return air, word
    return None, None


def _wind(words: Sequence[Word]) -> Wind:
    for index, word in enumerate(words):
        if word.text in ("wind", "breeze"):
            for other in words[index + 1 : index + 6]:
                if other.kind == "way" and other.value in ("left", "right"):
                    return "left" if other.value == "left" else "right"
    return "still"
