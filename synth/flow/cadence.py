"""The even times behind a regular cadence of repeats.

Film shown as video stands for two pictures and three in turn (the 3:2 pulldown, SMPTE RP 197), or
every fourth of its pictures stands twice. Without the repeats, what is left comes at uneven
moments; motion that runs through it would speed up and slow down many times a second. Where the
pattern is certain, each picture goes back to the moment it was filmed at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from synth.flow.model import Anchor

_PERIODS: Final = (2, 3, 4)
"""Pictures after which a cadence begins anew."""
_SURE: Final = 6
"""Fewest steps that make a cadence certain; it also has to come round twice and one more."""
_AHEAD: Final = 9
"""Pictures that are waited for, as many steps as the longest cadence needs."""
_BESIDE: Final = Fraction(4, 5)
"""How far a picture may be put from where it stood, in steps of the source."""
_SWAY: Final = Fraction(1, 5)
"""How uneven the source's own clock may be, in its steps."""


class _Mark(NamedTuple):
    """A picture that was kept: its number among all, and its time."""

    number: int
    time: Fraction


class _Stretch(NamedTuple):
    """Pictures that come in a certain cadence."""

    first: int
    """Where it begins among the marks."""
    lasts: int
    """Its number of steps."""
    period: int
    """Steps after which it begins anew."""
    unit: Fraction
    """Seconds from one picture of the source to the next."""
    step: Fraction
    """Seconds from one kept picture to the next, on average."""


class Cadence:
    """Evens out the times of pictures that are left after the repeats; one per clip."""

    def __init__(self) -> None:
        self._marks: list[_Mark] = []
        self._waiting: deque[Anchor] = deque()
        self._grid: tuple[Fraction, Fraction] | None = None
        self._last: Fraction | None = None
        self.evened = 0
        """Pictures that were found in a cadence so far."""
        self.rhythm = ""
        """The newest cadence in words: "2:3", "1:1:1:2"."""

    def even(self, anchors: Iterable[Anchor]) -> Iterator[Anchor]:
        """The same anchors, at even times where a regular cadence is certain.

        None moves by a whole step of the source; times rise; the last one stays. At most 10 are
        held back.
        """
        for anchor in anchors:
            if self._waiting and anchor.join != "motion":
                while self._waiting:
                    yield self._settled()
            if not self._waiting:
                self._marks.clear()
            self._waiting.append(anchor)
            self._marks.append(_Mark(anchor.number, anchor.time))
            if len(self._waiting) > _AHEAD:
                yield self._settled()
            del self._marks[: max(0, len(self._marks) - len(self._waiting) - _AHEAD)]
        while len(self._waiting) > 1:
            yield self._settled()
        yield from self._waiting

    def _settled(self) -> Anchor:
        at = len(self._marks) - len(self._waiting)
        anchor = self._waiting.popleft()
        stretch = self._stretch(at)
        if stretch is not None:
            time = self._even_time(stretch, at)
            if self._last is None or time > self._last:
                self.evened += 1
                anchor = replace(anchor, time=time)
        self._last = anchor.time
        return anchor

    def _stretch(self, at: int) -> _Stretch | None:
        """The earliest certain cadence that a picture is part of."""
        marks = self._marks
        steps = [after.number - before.number for before, after in pairwise(marks)]
        for period in _PERIODS:
            lasts = max(2 * period + 1, _SURE)
            for first in range(max(0, at - lasts), min(at, len(steps) - lasts) + 1):
                window = steps[first : first + lasts]
                if window[period:] != window[:-period] or max(window) - min(window) != 1:
                    continue
                ends = marks[first], marks[first + lasts]
                unit = (ends[1].time - ends[0].time) / (ends[1].number - ends[0].number)
                if not _steady(marks[first : first + lasts + 1], unit):
                    continue
                self.rhythm = _words(window[:period])
                return _Stretch(first, lasts, period, unit, unit * sum(window[:period]) / period)
        return None

    def _even_time(self, stretch: _Stretch, at: int) -> Fraction:
        """When a picture was filmed: on the grid known so far, where that fits."""
        first = self._marks[stretch.first].time
        there = self._marks[stretch.first : stretch.first + stretch.lasts + 1]
        off = [mark.time - first - k * stretch.step for k, mark in enumerate(there)]
        shifts = [Fraction(0)]
        if self._grid is not None and abs(self._grid[1] - stretch.step) <= stretch.unit / 100:
            ahead = (self._grid[0] - first) % stretch.step
            shifts += [ahead, ahead - stretch.step]
        shift = min(shifts[1:] or shifts, key=lambda one: max(abs(far - one) for far in off))
        if max(abs(far - shift) for far in off) > _BESIDE * stretch.unit:
            shift = Fraction(0)
        time = first + shift + (at - stretch.first) * stretch.step
        self._grid = time, stretch.step
        return time


def _steady(marks: Sequence[_Mark], unit: Fraction) -> bool:
    """Whether every picture stands where an even clock would put it."""
    first = marks[0]
    return all(
        abs(mark.time - first.time - (mark.number - first.number) * unit) <= _SWAY * unit
        for mark in marks
    )


def _words(steps: Sequence[int]) -> str:
    """A cadence from its shortest step on, however it was met."""
    turns = [[*steps[k:], *steps[:k]] for k in range(len(steps))]
    return ":".join(map(str, min(turns)))
