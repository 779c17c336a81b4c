"""Curves through keyed numbers: the tangents of every kind of curve, and the curve itself.

All curves are made of cubic pieces in Hermite form, one from key to key, so that each passes
exactly through its keys, whatever the pieces beside it are. What tells the kinds apart is how they
choose the tangents. The formulas take the *steps* from key to key and never the keys themselves;
so they serve rotations too, whose steps are rotation vectors.

Sources: F. N. Fritsch, J. Butland, "A method for constructing local monotone piecewise cubic
interpolants" (SIAM J. Sci. Stat. Comput. 5, 1984; the PCHIP of SciPy); P. J. Barry, R. N. Goldman,
"A recursive evaluation algorithm for a class of Catmull-Rom splines" (SIGGRAPH 1988) with the
centripetal knots of C. Yuksel, S. Schaefer, J. Keyser, "Parameterization and applications of
Catmull-Rom curves" (CAD 43, 2011); D. Kochanek, R. Bartels, "Interpolating splines with local
tension, continuity, and bias control" (SIGGRAPH 1984).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

STRAIGHT: Final = frozenset({"hold", "linear", "angles"})
"""Kinds of curves without tangents."""

_SHORTEST: Final = 1e-6
"""Frames between keys, at the least, in a slope: keys that nearly coincide are a jump."""


@dataclass(frozen=True)
class Chain:
    """How the pieces of a path hang together. A piece that holds its value breaks the chain."""

    lengths: Numbers
    """Frames from key to key, shape (M,)."""
    before: Indices
    """The piece that runs into the start of each, or -1, shape (M,)."""
    after: Indices
    """The piece that follows the end of each, or -1, shape (M,)."""

    @classmethod
    def of(cls, lengths: Numbers, held: Mask, closed: bool) -> Chain:
        """The chain of M pieces one after another; closed, the first follows the last."""
        count = len(lengths)
        before = np.arange(count) - 1
        after = np.arange(count) + 1
        before[0] = count - 1 if closed else -1
        after[-1] = 0 if closed else -1
        before[(before >= 0) & held[before]] = -1
        after[(after >= 0) & held[after % count]] = -1
        return cls(np.maximum(lengths, _SHORTEST), before, after)


@dataclass(frozen=True)
class Shapes:
    """What keys say of their tangents; M + 1 rows, the last being the end of the last piece."""

    tcb: Numbers
    """Tension, continuity and bias, shape (M + 1, 3)."""
    handles_in: Numbers
    """Bézier handles before the keys, offsets, NaN where automatic, shape (M + 1, D)."""
    handles_out: Numbers
    """Bézier handles after the keys, likewise."""


@dataclass(frozen=True)
class Tangents:
    """The derivatives of every piece at both its ends, per whole piece."""

    leaving: Numbers
    """At the start, shape (M, D)."""
    arriving: Numbers
    """At the end, shape (M, D)."""
    pace: Numbers
    """Slopes, at start and end, of the share of the piece over the share of its time, (M, 2)."""


def tangents(kinds: Sequence[str], chain: Chain, steps: Numbers, shapes: Shapes) -> Tangents:
    """The tangents of a path whose pieces may each be of another kind.

    Args:
        kinds: a name of ``synth.camera.keys.Curve`` for each piece; straight ones get the step.
        chain: how the pieces hang together.
        steps: from key to key, shape (M, D).
        shapes: what the keys say of their tangents.
    """
    names = np.asarray(kinds)
    leaving, arriving = steps.copy(), steps.copy()
    pace = np.ones((len(steps), 2))
    for kind in set(kinds) - STRAIGHT:
        here = names == kind
        match kind:
            case "smooth":
                out, into = _monotone(chain, steps)
            case "catmull_rom":
                out, into = _centripetal(chain, steps)
                pace[here] = _even_pace(chain, steps)[here]
            case "bezier":
                out, into = _with_handles(chain, steps, shapes)
            case "tcb":
                out, into = _kochanek_bartels(chain, steps, shapes.tcb)
            case _:
                raise AssertionError(f"no curve is called {kind!r}")
        leaving[here], arriving[here] = out[here], into[here]
    return Tangents(leaving, arriving, pace)


def _monotone(chain: Chain, steps: Numbers) -> tuple[Numbers, Numbers]:
    """PCHIP, number by number: between two keys it never leaves the span of their values."""
    h = chain.lengths[:, None]
    slopes = steps / h
    before, after = slopes[chain.before], slopes[chain.after]
    h_before, h_after = h[chain.before], h[chain.after]

    def mean(one: Numbers, two: Numbers, h_one: Numbers, h_two: Numbers) -> Numbers:
        """The weighted harmonic mean of two slopes; 0 at a peak or on a level."""
        near, far = 2.0 * h_two + h_one, h_two + 2.0 * h_one
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            value = (near + far) / (near / one + far / two)
        return np.where(np.sign(one) * np.sign(two) > 0.0, value, 0.0)

    def edge(own: Numbers, next_one: Numbers, h_next: Numbers) -> Numbers:
        """The three-point slope at a free end, cut to what stays monotone."""
        value = ((2.0 * h + h_next) * own - h * next_one) / (h + h_next)
        value = np.where(np.sign(value) != np.sign(own), 0.0, value)
        turning = (np.sign(own) != np.sign(next_one)) & (np.abs(value) > 3.0 * np.abs(own))
        return np.where(turning, 3.0 * own, value)

    alone = ((chain.before < 0) & (chain.after < 0))[:, None]
    first, last = (chain.before < 0)[:, None], (chain.after < 0)[:, None]
    start = np.where(first, edge(slopes, after, h_after), mean(before, slopes, h_before, h))
    end = np.where(last, edge(slopes, before, h_before), mean(slopes, after, h, h_after))
    return np.where(alone, steps, start * h), np.where(alone, steps, end * h)


def _spans(steps: Numbers) -> Numbers:
    """Centripetal knot intervals: the square roots of the distances, shape (M,)."""
    return np.sqrt(np.linalg.norm(steps, axis=1))


def _centripetal(chain: Chain, steps: Numbers) -> tuple[Numbers, Numbers]:
    """Catmull-Rom tangents over centripetal knots; the path leaves its ends without bending."""
    spans = _spans(steps)
    rates = _divided(steps, spans[:, None])
    before = chain.before
    together = (spans[before] + spans)[:, None]
    slopes = rates[before] - _divided(steps[before] + steps, together) + rates
    # Where the camera stands, the limit of the formula is a standstill.
    slopes[(spans[before] == 0.0) | (spans == 0.0)] = 0.0
    leaving = slopes * spans[:, None]
    arriving = slopes[chain.after] * spans[:, None]
    return _free_ends(chain, steps, leaving, arriving)


def _even_pace(chain: Chain, steps: Numbers) -> Numbers:
    """How time runs through centripetal pieces so that speed does not jump at keys, (M, 2).

    The knots of the curve are not the times of the keys; a monotone cubic leads from one to the
    other, with a continuous slope.
    """
    spans = _spans(steps)[:, None]
    leaving, arriving = _monotone(chain, spans)
    standing = spans[:, 0] == 0.0
    pace = np.concatenate([_divided(leaving, spans), _divided(arriving, spans)], axis=1)
    pace[standing] = 1.0
    return pace


def _kochanek_bartels(chain: Chain, steps: Numbers, tcb: Numbers) -> tuple[Numbers, Numbers]:
    """Tangents from tension, continuity and bias, corrected for keys unevenly apart in time."""
    h = chain.lengths[:, None]
    tension, continuity, bias = (tcb[:-1, i, None] for i in range(3))
    into, onto = steps[chain.before], steps
    tight = 0.5 * (1.0 - tension)
    leaving = tight * (
        (1.0 + continuity) * (1.0 + bias) * into + (1.0 - continuity) * (1.0 - bias) * onto
    )
    arriving = tight * (
        (1.0 - continuity) * (1.0 + bias) * into + (1.0 + continuity) * (1.0 - bias) * onto
    )
    # Both are tangents at the start of a piece; the second belongs to the piece before.
    both = 2.0 / (h[chain.before] + h)
    leaving, velocity = leaving * both * h, arriving * both
    arriving = velocity[chain.after] * h
    slack = (1.0 - tcb[:-1, 0, None], 1.0 - tcb[1:, 0, None])
    return _free_ends(chain, steps, leaving, arriving, slack)


def _with_handles(chain: Chain, steps: Numbers, shapes: Shapes) -> tuple[Numbers, Numbers]:
    """Tangents of Bézier pieces: the keys' handles, and where there are none, automatic ones.

    A key with one handle moves evenly through: the other handle mirrors it. A key without any has
    those of a Kochanek-Bartels curve at rest.
    """
    h = chain.lengths[:, None]
    leaving, arriving = _kochanek_bartels(chain, steps, np.zeros_like(shapes.tcb))
    out, into = 3.0 * shapes.handles_out[:-1], -3.0 * shapes.handles_in[1:]
    given_out, given_in = np.isfinite(out), np.isfinite(into)
    inner_start, inner_end = (chain.before >= 0)[:, None], (chain.after >= 0)[:, None]
    mirrored_out = into[chain.before] * h / h[chain.before]
    mirrored_in = out[chain.after] * h / h[chain.after]
    leaving = np.where(inner_start & np.isfinite(mirrored_out), mirrored_out, leaving)
    arriving = np.where(inner_end & np.isfinite(mirrored_in), mirrored_in, arriving)
    leaving = np.where(given_out, out, leaving)
    arriving = np.where(given_in, into, arriving)
    # A free end without a handle bends no more than its piece needs.
    loose_start, loose_end = ~inner_start & ~given_out, ~inner_end & ~given_in
    start = np.where(loose_end, steps, 0.5 * (3.0 * steps - arriving))
    end = np.where(loose_start, steps, 0.5 * (3.0 * steps - leaving))
    return np.where(loose_start, start, leaving), np.where(loose_end, end, arriving)


def _free_ends(
    chain: Chain,
    steps: Numbers,
    leaving: Numbers,
    arriving: Numbers,
    slack: tuple[Numbers, Numbers] | tuple[float, float] = (1.0, 1.0),
) -> tuple[Numbers, Numbers]:
    """Natural ends: where no piece joins, the curve has no curvature, and one alone is straight."""
    first, last = (chain.before < 0)[:, None], (chain.after < 0)[:, None]
    start = np.where(last, steps, 0.5 * (3.0 * steps - arriving)) * slack[0]
    end = np.where(first, steps, 0.5 * (3.0 * steps - leaving)) * slack[1]
    return np.where(first, start, leaving), np.where(last, end, arriving)


def _divided(above: Numbers, below: Numbers) -> Numbers:
    """``above / below``, and 0 where that is 0 / 0."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0)


def paced(share: Numbers, pace: Numbers) -> Numbers:
    """The share of the piece reached at a share of its time, shape (N,); ``pace`` is (N, 2)."""
    rest = 1.0 - share
    return share * share * (3.0 - 2.0 * share) + share * rest * (
        rest * pace[:, 0] - share * pace[:, 1]
    )


def bump(share: Numbers, leaving: Numbers, arriving: Numbers) -> Numbers:
    """What the tangents of cubic pieces add to the Hermite blend of their ends, shape (N, D)."""
    t = share[:, None]
    return t * (1.0 - t) * ((1.0 - t) * leaving - t * arriving)


@dataclass(frozen=True)
class Spline:
    """A path through points: the M pieces between M + 1 of them."""

    points: Numbers
    """Shape (M + 1, D); a closed path ends with its first point."""
    held: Mask
    """Pieces that stay at their start until the next begins, shape (M,)."""
    straight: Mask
    """Pieces along the step at even speed, shape (M,)."""
    tangents: Tangents

    @classmethod
    def through(
        cls, points: Numbers, lengths: Numbers, kinds: Sequence[str], closed: bool, shapes: Shapes
    ) -> Spline:
        """The path through points.

        Args:
            points: shape (M + 1, D).
            lengths: frames from each point to the next, shape (M,), above 0.
            kinds: the curve of each piece.
            closed: whether the last point is the first again, and is passed smoothly.
            shapes: what the keys say of their tangents.
        """
        names = np.asarray(kinds)
        held = names == "hold"
        chain = Chain.of(lengths, held, closed)
        steps = np.diff(points, axis=0)
        return cls(points, held, names == "linear", tangents(kinds, chain, steps, shapes))

    def at(self, piece: Indices, time: Numbers, share: Numbers) -> Numbers:
        """Points on the path, shape (N, D).

        Args:
            piece: index of the piece, shape (N,).
            time: share of the piece's time that has passed, 0 to 1, shape (N,).
            share: the same after easing, which may leave [0, 1].
        """
        t = np.where(self.held[piece], np.floor(time), share)
        curved = np.flatnonzero(~(self.held | self.straight)[piece])
        start, end = self.points[piece], self.points[piece + 1]
        if curved.size == 0:
            return start * (1.0 - t)[:, None] + end * t[:, None]
        at = piece[curved]
        u = paced(t[curved], self.tangents.pace[at])
        # The Hermite blend of the ends; the tangents add their part below.
        t[curved] = u * u * (3.0 - 2.0 * u)
        result = start * (1.0 - t)[:, None] + end * t[:, None]
        result[curved] += bump(u, self.tangents.leaving[at], self.tangents.arriving[at])
        return result

    def speed(self, piece: Indices, share: Numbers) -> Numbers:
        """Length of the derivative by the share of the piece's time, without easing, shape (N,)."""
        steps = (self.points[1:] - self.points[:-1])[piece]
        pace = self.tangents.pace[piece]
        u = paced(share, pace)
        rest = 1.0 - share
        run = 6.0 * share * rest + (
            rest * (1.0 - 3.0 * share) * pace[:, 0] + share * (3.0 * share - 2.0) * pace[:, 1]
        )
        u = u[:, None]
        slope = 6.0 * u * (1.0 - u) * steps + (
            (1.0 - u) * (1.0 - 3.0 * u) * self.tangents.leaving[piece]
            + u * (3.0 * u - 2.0) * self.tangents.arriving[piece]
        )
        lengths = np.linalg.norm(slope, axis=1) * np.maximum(run, 0.0)
        return np.where(self.held[piece], 0.0, lengths)
