"""When a keyed path is where: the keys' times, easing, and travel at one speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from synth.camera.easing import ease
from synth.camera.splines import Indices, Numbers, Spline

_ARCS: Final = 150_000
"""Short arcs, about, into which a path is cut to measure its length."""

_STANDING: Final = 1e-3
"""A piece slower than this share of the path's mean speed stands: it keeps its own time."""

# Gauss-Legendre quadrature with four points on [0, 1], exact for polynomials of degree 7.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS

Place = tuple[Indices, Numbers, Numbers]
"""Piece, share of its time, and that share after easing; each of shape (N,)."""


@dataclass(frozen=True)
class Timing:
    """When each piece of a path begins, and how it spends its time."""

    starts: Numbers
    """Frames, shape (M,)."""
    lengths: Numbers
    """Frames, above 0, shape (M,)."""
    easings: Sequence[str | tuple[float, float, float, float]]
    """The easing of each piece, M of them."""

    def at(self, times: Numbers) -> Place:
        """Where on the path the camera is at frames, shape (N,), clamped to its ends."""
        piece, passed = self._passed(times)
        return piece, passed, _eased(self.easings, piece, passed)

    def _passed(self, times: Numbers) -> tuple[Indices, Numbers]:
        piece = np.searchsorted(self.starts, times, side="right") - 1
        piece = np.clip(piece, 0, len(self.starts) - 1)
        passed = (times - self.starts[piece]) / self.lengths[piece]
        return piece, np.clip(passed, 0.0, 1.0)


def _eased(
    easings: Sequence[str | tuple[float, float, float, float]], piece: Indices, time: Numbers
) -> Numbers:
    """Shares of time after the easing of each piece."""
    kinds = {easing: number for number, easing in enumerate(dict.fromkeys(easings))}
    if set(kinds) == {"linear"}:
        return time
    number = np.array([kinds[easing] for easing in easings])[piece]
    result = time.copy()
    handles = np.zeros((len(kinds), 4))
    custom = np.zeros(len(kinds), dtype=bool)
    for easing, code in kinds.items():
        if isinstance(easing, str):
            here = number == code
            if easing != "linear" and np.any(here):
                result[here] = ease(easing, time[here])
        else:
            handles[code], custom[code] = easing, True
    here = np.flatnonzero(custom[number])
    if here.size:
        result[here] = _bezier(time[here], *handles[number[here]].T)
    return result


def _bezier(time: Numbers, x1: Numbers, y1: Numbers, x2: Numbers, y2: Numbers) -> Numbers:
    """CSS ``cubic-bezier`` with handles of each number's own; time inverted by bisection."""

    def coordinate(s: Numbers, a: Numbers, b: Numbers) -> Numbers:
        r = 1.0 - s
        return 3.0 * r * r * s * a + 3.0 * r * s * s * b + s * s * s

    low, high = np.zeros_like(time), np.ones_like(time)
    for _ in range(54):
        middle = 0.5 * (low + high)
        early = coordinate(middle, x1, x2) < time
        low, high = np.where(early, middle, low), np.where(early, high, middle)
    value = coordinate(0.5 * (low + high), y1, y2)
    return np.where(time <= 0.0, 0.0, np.where(time >= 1.0, 1.0, value))


@dataclass(frozen=True)
class ConstantSpeed(Timing):
    """The timing of a path that is travelled at one speed, measured by its length.

    Pieces along which the camera stands still or holds keep their own time and easing; all others
    share what remains in proportion to their length.
    """

    spline: Spline
    moving: np.ndarray
    """Pieces that travel, shape (M,), bool."""
    reached: Numbers
    """Length of the path up to the start of each short arc, K a piece, shape (M * K + 1,)."""
    arcs: int
    """K, short arcs in each piece."""

    @classmethod
    def along(cls, spline: Spline, timing: Timing) -> Timing:
        """The same keys in the same order between the same ends, at one speed."""
        count = len(timing.starts)
        arcs = min(max(_ARCS // count, 8), 256)
        corners = np.arange(arcs) / arcs
        piece = np.repeat(np.arange(count), arcs)
        short = _travelled(spline, piece, np.tile(corners, count), np.full(count * arcs, 1 / arcs))
        reached = np.concatenate([[0.0], np.cumsum(short)])
        lengths = np.diff(reached[::arcs])
        total, time = lengths.sum(), timing.lengths.sum()
        if not total > 0.0:
            return timing
        moving = lengths / timing.lengths > _STANDING * total / time
        rate = timing.lengths[moving].sum() / lengths[moving].sum()
        spent = np.where(moving, lengths * rate, timing.lengths)
        starts = timing.starts[0] + np.concatenate([[0.0], np.cumsum(spent)[:-1]])
        # The end is exactly where it was, whatever the sum rounds to.
        spent[-1] = timing.starts[-1] + timing.lengths[-1] - starts[-1]
        return cls(starts, spent, timing.easings, spline, moving, reached, arcs)

    def at(self, times: Numbers) -> Place:
        """Where on the path the camera is at frames, shape (N,), clamped to its ends."""
        piece, passed = self._passed(times)
        share = _eased(self.easings, piece, passed)
        going = np.flatnonzero(self.moving[piece])
        if going.size:
            passed[going] = share[going] = self._inverted(piece[going], passed[going])
        return piece, passed, share

    def _inverted(self, piece: Indices, part: Numbers) -> Numbers:
        """Shares of pieces at parts of their lengths, by Newton's method within short arcs."""
        first, last = piece * self.arcs, (piece + 1) * self.arcs
        wanted = self.reached[first] * (1.0 - part) + self.reached[last] * part
        arc = np.clip(np.searchsorted(self.reached, wanted, side="right") - 1, first, last - 1)
        low = (arc - first) / self.arcs
        length = self.reached[arc + 1] - self.reached[arc]
        wanted = np.clip(wanted - self.reached[arc], 0.0, length)
        span = 1.0 / self.arcs
        step = span * np.divide(wanted, length, out=np.zeros_like(length), where=length > 0.0)
        close = 1e-12 * self.reached[-1]
        for _ in range(8):
            error = _travelled(self.spline, piece, low, step) - wanted
            if np.abs(error).max() <= close:
                break
            speed = self.spline.speed(piece, low + step)
            step -= np.divide(error, speed, out=np.zeros_like(error), where=speed > 0.0)
            step = np.clip(step, 0.0, span)
        share = np.where(part <= 0.0, 0.0, low + step)
        return np.where(part >= 1.0, 1.0, share)


def _travelled(spline: Spline, piece: Indices, start: Numbers, span: Numbers) -> Numbers:
    """Length of the path along ``span`` of a piece from ``start``, all of shape (N,)."""
    total = np.zeros(len(piece))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * spline.speed(piece, start + node * span)
    return total * span
