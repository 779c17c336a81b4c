"""Gives amounts, degrees, lengths and easing to the moves they are said of; speed and heading to
subjects, strength to the weather, a side to the wind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from synth.motion.clauses import Clause, Mention
from synth.motion.instructions import Action, Heading, Wind
from synth.motion.lexer import Word
from synth.motion.small_words import AMOUNT_PHRASES, POSSESSIVES
from synth.motion.vocabulary import PACE
from synth.motion.ways import SPEEDS, STRENGTHS

_SPEED: Final = frozenset(
    {"slow", "slowly", "slower", "fast", "faster", "quick", "quickly", "rapid", "rapidly", "swift",
     "swiftly", "gradual", "gradually", "leisurely", "unhurried", "brisk", "briskly"}
)  # fmt: skip

_ON_THE_SPOT: Final = frozenset({"wave", "sway", "turn", "idle"})
CAMERA_TARGETS: Final = frozenset({"camera", "us", "viewer", "lens", "me", "cam", "screen"})
"""What somebody comes toward who comes toward the camera."""

_FAR: Final = frozenset(
    {"distance", "fog", "mist", "haze", "horizon", "sunset", "sunrise", "night", "dark",
     "darkness", "background", "depths", "forest", "woods", "tunnel", "scene"}
)  # fmt: skip

LENGTHS: Final = frozenset({"shot", "clip", "video", "take", "total", "long", "sequence"})
"""Words that make a length that of the whole clip."""


@dataclass
class Reading:
    """What a text asks of the camera, before it becomes a motion control."""

    groups: list[list[Mention]] = field(default_factory=list)
    """Moves of one group run together, the groups in turn."""
    excluded: list[Mention] = field(default_factory=list)
    total: float | None = None
    """Length of everything, seconds."""
    loop: bool = False
    picture: list[Word] = field(default_factory=list)
    """Camera words that were read as part of the picture."""
    open_questions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    framing: list[Word] = field(default_factory=list)
    order_words: list[Word] = field(default_factory=list)
    used: list[tuple[Word, str]] = field(default_factory=list)
    """Words that had a part in the reading, and which."""

    @property
    def last(self) -> Mention | None:
        """The move that was mentioned last."""
        return self.groups[-1][-1] if self.groups else None


def attach(clause: Clause, mentions: list[Mention], waiting: list[Word], reading: Reading) -> None:
    """Give amounts, degrees, lengths and easing of a clause to the move they speak of."""
    for word in waiting:
        give_amount(mentions[0], word, None, reading)
    units = clause.words
    for index, word in enumerate(units):
        target = _target(units, index, mentions)
        if word.kind == "amount":
            if _qualifies(units, index, mentions):
                before = units[index - 1] if index > 0 else None
                give_amount(_able(target, mentions, word), word, before, reading)
        elif word.kind == "measure":
            _give_measure(units, index, target, mentions, reading)
        elif word.kind == "easing":
            target.easing = word.value
            reading.used.append((word, "easing"))
    for mention in mentions:
        _add_pace(mention)


def _add_pace(mention: Mention) -> None:
    """What the verb itself says about the amount: "whip pan", "inches closer"."""
    verb = mention.words[0]
    word = verb.name.partition(" ")[2]
    carried = {"whip": 1.0, "heavy": 0.75, "slow": 0.3} if verb.group else PACE
    if word not in carried or verb.kind != "verb":
        return
    if verb.group or not mention.amounts:
        mention.amounts.append(carried[word])
    if word == "whip":
        mention.easing = mention.easing or "ease_in_out_expo"


def _target(units: Sequence[Word], index: int, mentions: list[Mention]) -> Mention:
    """The move that a word speaks of: the next one, or the last when it follows them all."""
    at = units[index].start
    behind = [m for m in mentions if m.words[0].start < at]
    ahead = [m for m in mentions if m.words[0].start > at]
    if behind and index > 0 and units[index - 1] in behind[-1].words:
        return behind[-1]
    return ahead[0] if ahead else behind[-1] if behind else mentions[0]


def _able(target: Mention, mentions: list[Mention], word: Word) -> Mention:
    """Speed is not said of a shake or of a camera that stands still."""
    if target.type in ("handheld", "static") and word.text in _SPEED:
        return next((m for m in mentions if m.type not in ("handheld", "static")), target)
    return target


def _qualifies(units: Sequence[Word], index: int, mentions: list[Mention]) -> bool:
    """Whether an amount speaks of a move and not of the picture: "zoom in on a small boat"."""
    word = units[index]
    after = units[index + 1] if index + 1 < len(units) else None
    if word.text.endswith("ly") or word.text in AMOUNT_PHRASES:
        return True
    if after is not None and after.kind in ("content", "framing"):
        return word.text.startswith(("a ", "just ")) or after.kind == "framing"
    if word.start < mentions[0].words[0].start:
        return True
    parts = {id(part) for mention in mentions for part in mention.words}
    for i in range(index - 1, -1, -1):
        unit = units[i]
        if id(unit) in parts or unit.kind == "verb":
            return True
        if unit.kind == "content":
            return word.text in ("slow", "fast", "hard", "a little", "a bit")
    return True


def give_amount(mention: Mention, word: Word, before: Word | None, reading: Reading) -> None:
    """Let an amount word set the intensity of a move; `before` may strengthen it ("very")."""
    strength = word.number
    text = word.text
    if before is not None and before.kind == "boost":
        strength = min(1.0, max(0.05, 0.5 + (strength - 0.5) * 1.35))
        text = f"{before.text} {text}"
    elif before is not None and before.kind == "not":
        strength = 0.5 + (0.5 - strength) * 0.3
        text = f"{before.text} {text}"
    if mention.type in ("static",) or (mention.type == "handheld" and word.text in _SPEED):
        return
    mention.amounts.append(strength)
    mention.amount_words.append(text)
    if word.text in ("whip", "lightning", "sudden", "suddenly", "snappy"):
        mention.easing = mention.easing or "ease_in_out_expo"
    reading.used.append((word, "amount"))


def _give_measure(
    units: Sequence[Word],
    index: int,
    target: Mention,
    mentions: list[Mention],
    reading: Reading,
) -> None:
    word = units[index]
    after = units[index + 1] if index + 1 < len(units) else None
    if word.value == "seconds":
        reading.used.append((word, "time"))
        if after is not None and after.text in LENGTHS and word.start < target.words[0].start:
            reading.total = word.number
            return
        for mention in mentions:
            mention.seconds = mention.seconds or word.number
    elif after is not None and after.text == "per":
        reading.open_questions.append(
            f"“{word.text} per …”: speeds are not read. Say how far, or how long."
        )
    else:
        give_figure(target, word, reading)


def give_figure(mention: Mention, word: Word, reading: Reading) -> None:
    """Degrees, percent or times, said of one move."""
    reading.used.append((word, "amount"))
    if word.value == "degrees":
        mention.degrees = word.number
    elif word.value == "percent":
        mention.share = word.number / 100.0
    else:
        mention.times = word.number


def _boosted(words: Sequence[Word], place: int) -> bool:
    return place > 0 and words[place - 1].kind == "boost"


def speed_of(
    words: Sequence[Word], index: int, zone: Sequence[Word], usual: float
) -> tuple[float, list[int]]:
    """How fast, 0-1, the action at ``index`` is done, and where the words start that say so.

    An adverb beside the verb or in ``zone``, the words that follow it, wins over ``usual``.
    """
    ahead = index - 1
    while ahead >= 0 and words[ahead].kind == "filler":
        ahead -= 1
    ordered = [*words[max(0, ahead - 1) : ahead + 1], *zone]
    first = 1 if ahead > 0 else 0
    for place, word in enumerate(ordered[first:], first):
        at_once = word.text in AMOUNT_PHRASES and "speed" in word.text
        speed = word.number if at_once else SPEEDS.get(word.text)
        if speed is None:
            continue
        if _boosted(ordered, place):
            if place > 1 and ordered[place - 2].kind == "not":
                return usual, [word.start]
            speed = 0.1 if speed < 0.5 else 0.9
        return speed, [word.start]
    return usual, []


def heading_of(zone: Sequence[Word], action: Action) -> tuple[Heading, str]:
    """Where a subject goes by the words of ``zone``, and what had to be assumed for it."""
    if action in _ON_THE_SPOT:
        return "in_place", ""
    across = spot = False
    for place, word in enumerate(zone):
        after = zone[place + 1] if place + 1 < len(zone) else None
        target = {other.text for other in zone[place + 1 : place + 4]}
        spot = spot or (word.text in ("in", "on") and bool(target & {"place", "spot"}))
        if word.text in ("at", "past") and target & CAMERA_TARGETS and action in ("walk", "run"):
            return "toward_camera", ""
        if word.kind != "way":
            continue
        if word.value in ("left", "right"):
            owned = place > 0 and zone[place - 1].text in POSSESSIVES
            to = place > 0 and zone[place - 1].text in ("to", "the")
            adverb = after is not None and after.kind == "way" and not to and after.text != "in"
            adverb = adverb or (after is not None and after.text == "of")
            if not owned and not adverb:
                return ("left_to_right" if word.value == "right" else "right_to_left"), ""
        elif target & CAMERA_TARGETS and (word.value == "towards" or word.text == "closer"):
            return "toward_camera", ""
        elif word.text == "away" or (word.value in ("towards", "into") and target & _FAR):
            return "away_from_camera", ""
        elif word.text in ("forward", "forwards"):
            return "toward_camera", "forward is taken as toward the camera"
        across = across or word.value in ("across", "over")
    if action not in ("walk", "run") or spot:
        return "in_place", ""
    if across:
        return "left_to_right", "no side is said; it goes left to right"
    return "in_place", "no direction is said; it stays in its place"


def strength_of(words: Sequence[Word], index: int, usual: float) -> tuple[float, list[int]]:
    """How strong, 0-1, the weather at ``index`` is, and where the words start that say so.

    The adjectives before it and the adverbs behind it move ``usual``, what the word alone means.
    """
    ahead = range(index - 1, max(-1, index - 4), -1)
    for place in (*ahead, *range(index + 1, min(index + 5, len(words)))):
        word = words[place]
        if place < index and word.kind in ("verb", "camera", "way"):
            break
        said = STRENGTHS.get(word.text.removeprefix("a ").removesuffix(" of"))
        adverb = word.text.endswith("ly") or word.text in ("hard", "pouring", "lashing")
        if said is None or (place > index and not adverb):
            continue
        if _boosted(words, place):
            said = min(1.0, max(0.1, 0.5 + (said - 0.5) * 1.35))
        if usual != 0.5:
            mixed = (usual + 2.0 * said) / 3.0
            said = min(usual, mixed) if said < 0.5 else max(usual, mixed)
        return round(said, 2), [word.start]
    return usual, []


def side_of(zone: Sequence[Word]) -> tuple[Wind | None, list[int]]:
    """Where the air moves by the words of ``zone``, and where the words start that say so."""
    for place, word in enumerate(zone):
        target = {other.text for other in zone[place + 1 : place + 4]}
        side: Wind | None = None
        if word.kind == "way" and word.value in ("left", "right"):
            side = "left" if word.value == "left" else "right"
        elif word.value in ("towards", "into") or word.text == "at":
            side = "forward" if target & CAMERA_TARGETS else "backward" if target & _FAR else None
        elif word.text in ("away", "behind", "from behind"):
            side = "backward"
        if side is not None:
            return side, [word.start]
    return None, []
