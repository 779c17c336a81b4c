"""Deforum's schedule strings: ``0:(0), 30:(1.5), "max_f/2":(0.5*sin(t/10))``, read and written.

The grammar and the filling-in between keys follow Deforum itself (``animation_key_frames.py`` of
https://github.com/deforum-art/sd-webui-deforum):

- a key is a frame, a colon and a value in brackets; commas stand between keys;
- a frame is a whole number, or an expression (usually in quotes) of ``max_f``, the last frame's
  number, and ``s``, the seed; its fraction is cut off;
- a value that is a plain number is a key between which numbers run in a straight line; anything
  else, numbers with blanks inside the brackets or an exponent included, is an expression of ``t``
  (the frame), ``max_f`` and ``s``, evaluated anew every frame until the next key;
- before the first value and after the last the nearest one holds; a frame that stands twice counts
  with its last value.

Newer versions of Deforum cut the text at every comma and so cannot read functions of two values;
older ones can, and so do we.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.deforum_expression import DEEPEST, Expression, parsed
from synth.camera.formats.model import MAX_FRAMES
from synth.camera.formats.reading import bounded
from synth.errors import InvalidMedia, LimitExceeded
from synth.explain import short

Floats = NDArray[np.float64]

LONGEST_SCHEDULE: Final = 4_000_000
"""Longest schedule of one channel, characters; 100,000 keys with eight decimals fit."""

MOST_EXPRESSIONS: Final = 2_000
"""Most keys of one channel that are expressions and not numbers."""

DIGITS: Final = 8
"""Decimals that are written."""

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)", re.ASCII)
"""What Deforum takes for a number; it knows no exponents."""

_WRAPPING = str.maketrans("", "", "\"'()")
_MARKS = re.compile(r"[(),]")
_LONGEST_NUMBER: Final = 64


@dataclass(frozen=True)
class _Key:
    frame: str
    value: str
    where: str


@dataclass(frozen=True)
class Schedule:
    """The keys of one channel, checked for their form."""

    channel: str
    """Its name, as messages say it."""
    _keys: tuple[_Key, ...]

    @property
    def last_frame(self) -> int:
        """The largest frame that is written as a plain number, 0 if there is none."""
        words = (key.frame.translate(_WRAPPING) for key in self._keys)
        return max((int(word) for word in words if _is_whole(word)), default=0)

    @property
    def newer_fails(self) -> bool:
        """Whether Deforum's newer versions could not read it, for the commas inside values."""
        return any("," in key.value for key in self._keys)

    def values(self, frames: int, seed: int = -1) -> tuple[Floats, int]:
        """The value of every frame, shape (frames,), and how many keys lie outside the clip.

        Raises:
            InvalidMedia: an expression that cannot be read or gives no finite number, or no key
                inside the clip; the message names channel and position.
            LimitExceeded: expressions that are too many or too large.
        """
        return _filled(self, frames, seed)


def schedule_of(text: str, channel: str) -> Schedule:
    """A channel's schedule from its text.

    Raises:
        InvalidMedia: text that is not made of ``frame:(value)`` keys.
        LimitExceeded: a text that is too long, or too many keys.
    """
    if len(text) > LONGEST_SCHEDULE:
        raise LimitExceeded(
            f"{channel}: the schedule is {len(text):,} characters long; the limit is "
            f"{LONGEST_SCHEDULE:,}."
        )
    keys = []
    start = 0
    for end in (*_commas(text, channel), len(text)):
        part = text[start:end]
        if part.strip():
            if len(keys) >= MAX_FRAMES:
                raise LimitExceeded(
                    f"{channel}: the schedule has more than {MAX_FRAMES:,} keys. Thin it out."
                )
            keys.append(_key(part, channel, start))
        start = end + 1
    if not keys:
        raise InvalidMedia(f"{channel}: the schedule is empty. Write it like 0:(0), 30:(1.5).")
    return Schedule(channel, tuple(keys))


def _commas(text: str, channel: str) -> list[int]:
    """Where keys end: the commas outside all brackets."""
    commas: list[int] = []
    depth = 0
    for mark in _MARKS.finditer(text):
        if mark[0] == "(":
            depth += 1
            if depth > DEEPEST:
                raise LimitExceeded(
                    f"{channel}, character {mark.start() + 1}: brackets are nested more than "
                    f"{DEEPEST} deep."
                )
        elif mark[0] == ")":
            depth -= 1
            if depth < 0:
                raise InvalidMedia(
                    f"{channel}, character {mark.start() + 1}: a bracket closes that was never "
                    "opened."
                )
        elif depth == 0:
            commas.append(mark.start())
            if len(commas) > 2 * MAX_FRAMES:
                raise LimitExceeded(
                    f"{channel}: the schedule has more than {MAX_FRAMES:,} keys. Thin it out."
                )
    if depth:
        raise InvalidMedia(
            f"{channel}: {depth} bracket{'s are' if depth > 1 else ' is'} never closed."
        )
    return commas


def _key(part: str, channel: str, start: int) -> _Key:
    where = f"{channel}, character {start + len(part) - len(part.lstrip()) + 1}"
    frame, colon, value = part.partition(":")
    frame, value = frame.strip(), value.strip()
    if not colon or not frame or not value:
        raise InvalidMedia(
            f"{where}: {short(part.strip())} is not a key. Write keys like 0:(1.5), the frame "
            "before the colon and the value in brackets behind it."
        )
    return _Key(frame, value, where)


def _is_whole(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= _LONGEST_NUMBER


def _frame_of(key: _Key, frames: int, seed: int) -> int:
    """The frame number that a key stands on."""
    word = key.frame.translate(_WRAPPING)
    if _is_whole(word):
        return int(word)
    if _PLAIN.fullmatch(word):
        raise InvalidMedia(f"{key.where}: the frame is {short(word)}; it must be a whole number.")
    text = key.frame.strip("\"'")
    number = parsed(text, f"{key.where}, frame", ("max_f", "s")).at(
        {"max_f": frames - 1.0, "s": float(seed)}
    )
    return int(number)


def _filled(schedule: Schedule, frames: int, seed: int) -> tuple[Floats, int]:
    numbers: dict[int, float | Expression] = {}
    outside = expressions = 0
    known: dict[str, Expression] = {}
    for key in schedule._keys:
        frame = _frame_of(key, frames, seed)
        if not 0 <= frame < frames:
            outside += 1
            continue
        word = key.value.translate(_WRAPPING)
        if _PLAIN.fullmatch(word) and len(word) <= _LONGEST_NUMBER:
            numbers[frame] = bounded(float(word), key.where)
            continue
        expressions += 1
        if expressions > MOST_EXPRESSIONS:
            raise LimitExceeded(
                f"{key.where}: {schedule.channel} has more than {MOST_EXPRESSIONS:,} keys that are "
                "expressions. Write numbers instead."
            )
        if key.value not in known:
            known[key.value] = parsed(key.value, key.where, ("t", "max_f", "s"))
        numbers[frame] = known[key.value]
    if not numbers:
        raise InvalidMedia(
            f"{schedule.channel}: no key lies inside the clip of {frames:,} frames. Raise "
            "max_frames or move the keys."
        )
    result = np.full(frames, np.nan)
    places = sorted(numbers)
    for frame, following in zip(places, (*places[1:], frames), strict=True):
        value = numbers[frame]
        if not isinstance(value, Expression):
            result[frame] = value
        else:
            times = np.arange(frame, following, dtype=np.float64)
            result[frame:following] = value.at(
                {"t": times, "max_f": frames - 1.0, "s": float(seed)}
            )
    found = np.flatnonzero(~np.isnan(result))
    filled: Floats = np.interp(np.arange(frames), found, result[found]).astype(np.float64)
    return filled, outside


def digits_of(number: float) -> str:
    """A number as Deforum reads it: no exponent, at most ``DIGITS`` decimals, no loose zeros."""
    text = f"{number:.{DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def schedule_text(values: Sequence[float] | Floats) -> str:
    """A schedule of numbers, one per frame, with repeated values dropped.

    Numbers between keys run in straight lines, so of a run of equal values its first and last are
    written; the last run of all needs only its first.
    """
    words = [digits_of(value) for value in values]
    keys = [
        f"{frame}:({word})"
        for frame, word in enumerate(words)
        if frame == 0
        or word != words[frame - 1]
        or (frame + 1 < len(words) and word != words[frame + 1])
    ]
    return ", ".join(keys)
