"""Cuts a sentence into words and fixed groups of words, each with what it can be.

One pass with a linear pattern and a look-up of the longest known group: the time grows with the
length of the text and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from synth.motion import small_words as small
from synth.motion import vocabulary as words
from synth.motion.ways import WAYS

Kind = Literal[
    "verb",
    "way",
    "amount",
    "boost",
    "measure",
    "camera",
    "not",
    "link",
    "det",
    "pron",
    "prep",
    "filler",
    "framing",
    "still",
    "easing",
    "loop",
    "content",
]
"""What a word is to the parser."""

_TOKEN: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+(?:\.\d+)?|->|=>|\S")
_LONGEST: Final = 6
_LARGEST_FIGURE: Final = 100_000.0
_DECADES: Final = frozenset({20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0})


@dataclass(frozen=True)
class Word:
    """One word or fixed group of words of a sentence."""

    text: str
    """As written, in lower case."""
    start: int
    """First character in the sentence."""
    end: int
    """One past the last character."""
    kind: Kind
    value: str = ""
    """What the word means within its kind: a verb's family, a way, the name of an easing."""
    name: str = ""
    """The bare form of a verb; the unit of a measure; the amount that a group carries."""
    number: float = 0.0
    """The figure of a measure; the intensity of an amount."""
    bare: bool = True
    """Whether a verb stands in its bare form, which is also its noun's."""
    group: bool = False
    """Whether a verb is a fixed group that means a camera by itself ("whip pan")."""


@dataclass(frozen=True)
class _Entry:
    kind: Kind
    value: str = ""
    name: str = ""
    number: float = 0.0
    bare: bool = True
    group: bool = False


@cache
def _lexicon() -> Mapping[tuple[str, ...], _Entry]:
    """Every known word and group. What is entered last wins where a word has several readings."""
    entries: dict[tuple[str, ...], _Entry] = {}

    def enter(text: str, entry: _Entry) -> None:
        entries[tuple(text.split())] = entry

    for word in small.FILLERS:
        enter(word, _Entry("filler"))
    for text in small.TOGETHER:
        enter(text, _Entry("filler"))
    for word in small.PREPOSITIONS:
        enter(word, _Entry("prep"))
    for word in small.PRONOUNS:
        enter(word, _Entry("pron"))
    for word in small.DETERMINERS:
        enter(word, _Entry("det"))
    for word in small.CAMERA_WORDS:
        enter(word, _Entry("camera"))
    for word in small.BOOSTS:
        enter(word, _Entry("boost"))
    for word in small.STILL_WORDS:
        enter(word, _Entry("still"))
    for word, strength in small.AMOUNTS.items():
        enter(word, _Entry("amount", number=strength))
        for opening in ("a", "just a", "a tiny", "a very"):
            if word in ("little", "bit", "touch", "hint"):
                enter(f"{opening} {word}", _Entry("amount", number=strength))
                enter(f"{opening} {word} of", _Entry("amount", number=strength))
    for text, strength in small.AMOUNT_PHRASES.items():
        enter(text, _Entry("amount", number=strength))
    for verb in words.VERBS:
        for form in verb.forms:
            bare = form == verb.forms[0] or not form.endswith(("s", "ing", "ed"))
            enter(form, _Entry("verb", verb.family, verb.sure + " " + verb.name, bare=bare))
    for word, way in WAYS.items():
        enter(word, _Entry("way", way))
    for text, (family, amount) in words.PHRASE_VERBS.items():
        bare = not text.split()[0].endswith(("es", "ing"))
        enter(text, _Entry("verb", family, "camera " + amount, bare=bare, group=True))
    for word in small.NEGATIONS | small.PHRASE_NEGATIONS:
        enter(word, _Entry("not"))
    for text, meaning in small.LINKS.items():
        enter(text, _Entry("link", meaning))
    for text, name in small.FRAMING.items():
        enter(text, _Entry("framing", name))
    for text in small.STILL_PHRASES:
        enter(text, _Entry("still", "sure"))
    for text, name in small.EASING_WORDS.items():
        enter(text, _Entry("easing", name))
    for text in small.LOOP_WORDS:
        enter(text, _Entry("loop"))
    return MappingProxyType(entries)


def cut(text: str) -> tuple[Word, ...]:
    """The words of a sentence in order, groups taken together, hyphens between words dropped."""
    plain = text.lower().replace("’", "'").replace("‘", "'")
    if len(plain) != len(text):
        # A few letters change their length in lower case; positions must still fit the text.
        plain = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    tokens = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(plain)]
    tokens = [
        ("–" if token[0] == "-" else token[0], token[1], token[2])
        for index, token in enumerate(tokens)
        if not _joins(tokens, index)
    ]
    lexicon = _lexicon()
    found: list[Word] = []
    index = 0
    while index < len(tokens):
        measure = _measure(tokens, index)
        if measure is not None:
            word, used = measure
            found.append(word)
            index += used
            continue
        for length in range(min(_LONGEST, len(tokens) - index), 0, -1):
            key = tuple(token[0] for token in tokens[index : index + length])
            entry = lexicon.get(key)
            if length == 2 and key[0] == "back" and found and found[-1].kind == "verb":
                continue  # "tilt back up" is no retreat.
            if entry is not None or length == 1:
                entry = entry or _Entry("content")
                found.append(
                    Word(
                        " ".join(key),
                        tokens[index][1],
                        tokens[index + length - 1][2],
                        entry.kind,
                        entry.value,
                        entry.name,
                        entry.number,
                        entry.bare,
                        entry.group,
                    )
                )
                index += length
                break
    return tuple(_in_place(found, place) for place in range(len(found)))


def _in_place(found: list[Word], place: int) -> Word:
    """A verb that is an amount before another: "a sweeping orbit", but "sweeping left"."""
    word = found[place]
    if word.kind != "verb" or word.text not in small.AMOUNTS:
        return word
    following = next(
        (other for other in found[place + 1 : place + 4] if other.kind != "filler"), None
    )
    if following is None or following.kind not in ("verb", "camera"):
        return word
    return replace(word, kind="amount", value="", name="", number=small.AMOUNTS[word.text])


def _joins(tokens: list[tuple[str, int, int]], index: int) -> bool:
    """Whether a hyphen merely joins two words: "push-in", "4-second"."""
    text, start, end = tokens[index]
    if text not in "-‐‑" or not 0 < index < len(tokens) - 1:
        return False
    return tokens[index - 1][2] == start and tokens[index + 1][1] == end


def _measure(tokens: list[tuple[str, int, int]], index: int) -> tuple[Word, int] | None:
    """A figure with its unit at this place, and how many tokens it takes."""
    for length in (3, 2, 1):
        text = " ".join(token[0] for token in tokens[index : index + length])
        number = small.NUMBER_WORDS.get(text)
        if number is None and length == 1 and tokens[index][0][0].isdecimal():
            number = float(tokens[index][0])
        if number is None or index + length >= len(tokens):
            continue
        unit_text, start, end = tokens[index + length]
        unit = small.UNITS.get(unit_text)
        if unit is None:
            continue
        if unit_text == "s" and number in _DECADES and start == tokens[index + length - 1][2]:
            return None  # "80s" is a decade.
        number = min(number, _LARGEST_FIGURE)
        word = Word(text + " " + unit_text, tokens[index][1], end, "measure", unit, number=number)
        return word, length + 1
    return None
