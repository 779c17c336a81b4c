"""Which moment of the source each new frame shows, exactly.

Frame k of a clip at rate F is on screen from k / F on. The moment of the source that it shows is
the integral of the speed from the start of the range on. At one speed that is arithmetic in
fractions. With a speed ramp, speed is a curve over the source's own time: what passes on screen
between two moments is the integral of 1 / speed, which is found by Gauss-Legendre quadrature and
turned round by Newton's method (Press et al., Numerical Recipes, 3rd ed., sections 4.6 and 9.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from synth.camera.easing import ease
from synth.flow.rates import exact
from synth.flow.settings import RetimeSettings, SpeedKey

SAME_MOMENT: Final = Fraction(1, 10**9)
"""A position this close to a source frame is that frame, seconds."""

SLOWEST: Final = 1 / 16
"""Lowest speed of a ramp; easing curves that swing beyond their keys are held at it."""

FASTEST: Final = 16.0
"""Highest speed of a ramp."""

_GRAIN: Final = 10**12
_PANELS: Final = 256
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS
_PITCH_STEP: Final = 0.005
"""Relative change of speed between two pieces of sound: 9 cents, too little to hear as a step."""
_MOST_PIECES: Final = 600

_Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class TempoPiece:
    """A stretch of the source that runs at one speed."""

    source_start: Fraction
    """Where it begins in the source, seconds."""
    source_seconds: Fraction
    """How much of the source it is, seconds."""
    speed: float
    """Source seconds per second on screen; a piece lasts ``source_seconds / speed``."""


class TimeMap(Protocol):
    """What moment of the source is shown when."""

    @property
    def rate(self) -> Fraction:
        """Frames per second of the new clip."""
        ...

    @property
    def start(self) -> Fraction:
        """What the first frame shows, seconds of the source."""
        ...

    def positions(self, first: int, count: int) -> list[Fraction]:
        """What the new frames ``first`` to ``first + count - 1`` show, seconds of the source."""
        ...

    def frames_until(self, end: Fraction) -> int:
        """How many frames the new clip has when the source ends at ``end``, at least 1."""
        ...

    def shown(self, moment: Fraction) -> float:
        """When a moment of the source is on screen, seconds after the first new frame."""
        ...

    def tempo(self, end: Fraction) -> tuple[TempoPiece, ...]:
        """The speed from the start to ``end`` in pieces, one after the other without a gap."""
        ...


def time_map(settings: RetimeSettings, source_rate: Fraction) -> TimeMap:
    """The time map that a request asks for.

    Args:
        settings: the request.
        source_rate: frames per second of the source, taken where the request names no rate.
    """
    rate = settings.rate or source_rate
    speeds = {key.speed for key in settings.speed_curve} or {settings.speed}
    if len(speeds) == 1:
        return SteadyTime(rate, settings.begins, exact(speeds.pop()))
    return RampedTime(rate, settings.begins, settings.speed_curve)


def rounded(value: Fraction) -> int:
    """The nearest whole number; halves go up."""
    return math.floor(value + Fraction(1, 2))


@dataclass(frozen=True)
class SteadyTime:
    """One speed throughout; every number is exact."""

    rate: Fraction
    """Frames per second of the new clip."""
    start: Fraction
    """What the first frame shows, seconds of the source."""
    speed: Fraction
    """Source seconds per second on screen, above 0."""

    def positions(self, first: int, count: int) -> list[Fraction]:
        """As ``TimeMap.positions``, exact."""
        step = self.speed / self.rate
        return [self.start + k * step for k in range(first, first + count)]

    def frames_until(self, end: Fraction) -> int:
        """As ``TimeMap.frames_until``: the length on screen times the rate, rounded."""
        return max(1, rounded((end - self.start) / self.speed * self.rate))

    def shown(self, moment: Fraction) -> float:
        """As ``TimeMap.shown``."""
        return float((moment - self.start) / self.speed)

    def tempo(self, end: Fraction) -> tuple[TempoPiece, ...]:
        """As ``TimeMap.tempo``: a single piece."""
        return (TempoPiece(self.start, end - self.start, float(self.speed)),)


class RampedTime:
    """A speed that changes over the source's time; positions are right to 1e-9 s and never fall."""

    def __init__(self, rate: Fraction, start: Fraction, keys: Sequence[SpeedKey]) -> None:
        """``keys`` are at least two, in the order of time; outside them the speed stays."""
        self._rate, self._start = rate, start
        self._keys = tuple(keys)
        self._times = np.array([key.time for key in keys])
        self._speeds = np.array([key.speed for key in keys])
        # Panels are finest beside the keys, where the slope of some easings is endless.
        shares = np.sin(0.5 * np.pi * np.arange(_PANELS) / _PANELS) ** 2
        spans = np.diff(self._times)
        inner = (self._times[:-1, None] + spans[:, None] * shares).ravel()
        edges = np.append(inner, self._times[-1])
        self._edges = np.unique(np.concatenate([edges, self._kinks(edges)]))
        panels = self._lasts(self._edges[:-1], np.diff(self._edges))
        self._passed = np.concatenate([[0.0], np.cumsum(panels)])
        self._origin = float(self._elapsed(np.array([float(start)]))[0])

    @property
    def rate(self) -> Fraction:
        """Frames per second of the new clip."""
        return self._rate

    @property
    def start(self) -> Fraction:
        """What the first frame shows, seconds of the source."""
        return self._start

    def speed(self, moments: _Numbers) -> _Numbers:
        """Source seconds per second on screen at moments of the source, shape (N,)."""
        return np.clip(self._eased(moments), SLOWEST, FASTEST)

    def positions(self, first: int, count: int) -> list[Fraction]:
        """As ``TimeMap.positions``."""
        shown = np.arange(first, first + count) / float(self._rate)
        found = self._moments(shown + self._origin)
        moments = [Fraction(round(moment * _GRAIN), _GRAIN) for moment in found]
        if first == 0 and moments:
            moments[0] = self._start
        return moments

    def frames_until(self, end: Fraction) -> int:
        """As ``TimeMap.frames_until``: the length on screen times the rate, rounded."""
        return max(1, math.floor(self.shown(end) * float(self._rate) + 0.5 + 1e-9))

    def shown(self, moment: Fraction) -> float:
        """As ``TimeMap.shown``."""
        return float(self._elapsed(np.array([float(moment)]))[0]) - self._origin

    def tempo(self, end: Fraction) -> tuple[TempoPiece, ...]:
        """As ``TimeMap.tempo``: so fine that the steps between pieces cannot be heard."""
        begin, close = float(self._start), float(end)
        grid = self._edges[(self._edges > begin) & (self._edges < close)]
        grid = np.concatenate([[begin], grid, [close]])
        change = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(np.log(self.speed(grid)))))])
        step = max(_PITCH_STEP, change[-1] / _MOST_PIECES)
        cuts = np.interp(np.arange(step, change[-1], step), change, grid)
        keys = self._times[(self._times > begin) & (self._times < close)]
        inner = np.unique(np.concatenate([cuts, keys]))
        far_apart = np.diff(inner, prepend=begin) > 1e-3
        moments = [Fraction(round(moment * _GRAIN), _GRAIN) for moment in inner[far_apart]]
        ends = [self._start, *(m for m in moments if self._start < m < end), end]
        shown = self._elapsed(np.array([float(moment) for moment in ends]))
        return tuple(
            TempoPiece(a, b - a, float(b - a) / float(after - before))
            for (a, b), (before, after) in zip(pairwise(ends), pairwise(shown), strict=True)
        )

    def _eased(self, moments: _Numbers) -> _Numbers:
        """The speed that the keys and their easings ask for, not held back."""
        piece = np.clip(
            np.searchsorted(self._times, moments, side="right") - 1, 0, len(self._times) - 2
        )
        spans = np.diff(self._times)
        progress = np.clip((moments - self._times[piece]) / spans[piece], 0.0, 1.0)
        share = progress.copy()
        names = np.array([key.ease for key in self._keys])[piece]
        for name in set(names.ravel().tolist()) - {"linear"}:
            here = names == name
            share[here] = ease(name, progress[here])
        return self._speeds[piece] + (self._speeds[piece + 1] - self._speeds[piece]) * share

    def _kinks(self, edges: _Numbers) -> _Numbers:
        """Where a swing beyond the keys meets the slowest or fastest speed, shape (K,)."""
        found = [np.empty(0)]
        for bound in (SLOWEST, FASTEST):
            beyond = self._eased(edges) > bound
            turn = np.flatnonzero(beyond[1:] != beyond[:-1])
            low, high, side = edges[turn], edges[turn + 1], beyond[turn]
            for _ in range(60):
                middle = 0.5 * (low + high)
                before = (self._eased(middle) > bound) == side
                low, high = np.where(before, middle, low), np.where(before, high, middle)
            found.append(low)
        return np.concatenate(found)

    def _lasts(self, begin: _Numbers, span: _Numbers) -> _Numbers:
        """Seconds on screen of stretches of the source, each within a panel, shape (N,)."""
        moments = begin[:, None] + span[:, None] * _NODES
        return span * (_WEIGHTS / self.speed(moments)).sum(axis=1)

    def _elapsed(self, moments: _Numbers) -> _Numbers:
        """Seconds on screen from the first key to moments of the source, shape (N,)."""
        first, last = self._edges[0], self._edges[-1]
        inside = np.clip(moments, first, last)
        panel = np.searchsorted(self._edges, inside, side="right") - 1
        panel = np.clip(panel, 0, len(self._edges) - 2)
        within = self._lasts(self._edges[panel], inside - self._edges[panel])
        outside = np.where(
            moments < first,
            (moments - first) / self._speeds[0],
            np.maximum(moments - last, 0.0) / self._speeds[-1],
        )
        return self._passed[panel] + within + outside

    def _moments(self, elapsed: _Numbers) -> _Numbers:
        """The moments of the source that stand so many seconds from the first key, shape (N,)."""
        total = self._passed[-1]
        inside = np.clip(elapsed, 0.0, total)
        panel = np.searchsorted(self._passed, inside, side="right") - 1
        panel = np.clip(panel, 0, len(self._edges) - 2)
        low, high = self._edges[panel], self._edges[panel + 1]
        wanted = inside - self._passed[panel]
        lasts = self._passed[panel + 1] - self._passed[panel]
        moments = low + (high - low) * np.clip(wanted / lasts, 0.0, 1.0)
        for _ in range(8):
            error = self._lasts(low, moments - low) - wanted
            moments = np.clip(moments - error * self.speed(moments), low, high)
            if np.abs(error).max(initial=0.0) < 1e-13:
                break
        before = np.minimum(elapsed, 0.0) * self._speeds[0]
        after = np.maximum(elapsed - total, 0.0) * self._speeds[-1]
        return np.maximum.accumulate(moments + before + after)
