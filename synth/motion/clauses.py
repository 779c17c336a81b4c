"""A clause, the moves it mentions, and which of its words are directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from synth.motion.catalogue import Direction, MoveType
from synth.motion.lexer import Word
from synth.motion.small_words import POSSESSIVES
from synth.motion.vocabulary import FAMILIES

QUIET: Final = frozenset(
    {"filler", "amount", "boost", "measure", "easing", "loop", "still", "framing"}
)
"""Kinds of words that say nothing about who moves."""

STRICT_WAYS: Final = frozenset(
    {"left", "right", "up", "down", "clockwise", "counterclockwise", "forward", "backward"}
)
"""Ways that are hardly ever anything but a direction."""

MOTION_WAYS: Final = frozenset({"across", "over", "around", "along", "through", "towards", "into"})
"""Prepositions of motion."""

SHOT_NOUNS: Final = frozenset({"shot", "shots", "move", "movement", "motion", "effect"})
"""Nouns that make a camera move of the word before them: "crane shot"."""

_AHEAD_OF_VERB: Final = STRICT_WAYS | {"sideways", "vertical", "out", "back"}
_PATHS: Final = frozenset(
    {
        "street", "road", "corridor", "hall", "hallway", "alley", "alleyway", "aisle", "path",
        "tunnel", "river", "lane", "avenue", "track", "trail", "highway", "bridge", "pier",
        "canyon", "valley", "runway", "boulevard", "passage", "staircase", "stairs", "coast",
    }
)  # fmt: skip


@dataclass
class Mention:
    """One camera move as a clause mentions it, before order and length are known."""

    family: str
    type: MoveType
    way: Direction | None
    words: list[Word]
    """What says so, in order."""
    amounts: list[float] = field(default_factory=list)
    amount_words: list[str] = field(default_factory=list)
    degrees: float | None = None
    share: float | None = None
    times: float | None = None
    seconds: float | None = None
    easing: str | None = None
    loop: bool = False
    negated: bool = False
    notes: list[str] = field(default_factory=list)
    """What was assumed about it."""
    spare: list[Word] = field(default_factory=list)
    """Ways right behind its own that it cannot take."""


@dataclass
class Clause:
    """A stretch of a sentence between two joints."""

    words: tuple[Word, ...]
    link: str
    """What joins it to the clause before: "comma", "and", "but", "or", "then", "before", "after",
    "stop"."""
    opens: bool
    """Whether it begins a sentence."""


@dataclass
class Subject:
    """Who the text is talking about, carried from clause to clause."""

    who: str = "none"
    """"camera", "other" or "none"."""
    camera_seen: bool = False


def negates(units: Sequence[Word], index: int) -> bool:
    """Whether a negation here speaks about the move: "not too fast" and "not only" do not."""
    if units[index].kind != "not":
        return False
    after = units[index + 1] if index + 1 < len(units) else None
    return after is None or not (
        after.kind in ("boost", "amount") or after.text in ("only", "just")
    )


def near_way(units: Sequence[Word], index: int, stop: int) -> str | None:
    """The first way after a verb that only small words part from it, if its family knows it."""
    known = FAMILIES[units[index].value]
    for i in range(index + 1, stop):
        unit = units[i]
        if unit.kind == "way" and _is_way(units, i, units[index]):
            return unit.value if unit.value in known or unit.value in MOTION_WAYS else None
        small = unit.kind in QUIET or unit.kind == "camera" or unit.text in ("to", "the", "its")
        if not small and unit.text not in SHOT_NOUNS:
            return None
    return None


def _is_way(units: Sequence[Word], i: int, verb: Word) -> bool:
    """Whether a word of direction at ``i`` is one here, and not "in the room", "her left hand"."""
    unit = units[i]
    before = units[i - 1] if i > 0 else None
    after = units[i + 1] if i + 1 < len(units) else None
    if after is not None and after.value == "seconds" and unit.text in ("over", "in", "through"):
        return unit.text == "in" and verb.value in ("zoom", "push", "dolly", "go", "dolly_zoom")
    if unit.text == "in":
        follows_noun = after is not None and (after.kind in ("det", "content", "camera", "framing"))
        return not follows_noun or verb.value in ("zoom", "push", "ken_burns")
    if unit.text in ("left", "right", "back", "side") and before is not None:
        if before.text in POSSESSIVES:
            return False
        if before.kind == "det" and i > 1 and units[i - 2].text not in (
            "to", "toward", "towards", "from", "camera",
        ):  # fmt: skip
            return before.text in ("a", "an") and after is not None and after.kind == "verb"
    if unit.text == "close" and after is not None and after.kind == "content":
        return False
    return not (unit.text in ("up", "down") and before is not None and before.kind == "det")


def _along_a_path(units: Sequence[Word], i: int) -> bool:
    """Whether "down" or "up" runs along something: "down the corridor"."""
    if units[i].text not in ("down", "up"):
        return False
    return any(unit.text in _PATHS for unit in units[i + 1 : i + 5])


def ways(units: Sequence[Word], start: int, index: int, stop: int) -> list[tuple[str, Word, int]]:
    """Ways that may belong to the verb at ``index``: those after it, then those before it."""
    verb = units[index]
    found: list[tuple[str, Word, int]] = []
    for i in [*range(index + 1, stop), *range(index - 1, start - 1, -1)]:
        if i < index and units[i].value not in _AHEAD_OF_VERB:
            continue
        if units[i].kind == "way" and _is_way(units, i, verb):
            value = units[i].value
            if _along_a_path(units, i) and verb.value in ("go", "fly", "follow", "dolly", "track"):
                value = "forward"
            found.append((value, units[i], i))
    return found
