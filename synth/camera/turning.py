"""Rotation along a keyed path: plain angles or quaternions, written as angles without jumps.

A smooth turn is the great arc between its keys (slerp; K. Shoemake, "Animating rotation with
quaternion curves", SIGGRAPH 1985) times the exponential of a small rotation vector that starts and
ends at 0 and gives the keys their angular velocity, as M.-J. Kim, M.-S. Kim and S. Y. Shin build
quaternion curves from exponentials ("A general construction scheme for unit quaternion curves",
SIGGRAPH 1995). Unlike curves of nested slerps it has no branch to choose on the way, so it cannot
flip; and read backwards it is the same curve.

Rotations are world-from-camera; the tangents are in the camera's own axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.spatial.transform import Rotation

from synth.camera.splines import (
    STRAIGHT,
    Chain,
    Indices,
    Mask,
    Numbers,
    Shapes,
    Tangents,
    bump,
    paced,
    tangents,
)

_TABLE_ROWS: Final = 200_000
"""Rows, about, over which angles are followed along a path."""

_POLE: Final = 1e-5
"""Degrees from straight up or down within which yaw and roll cannot be told apart."""

_HALF_TURN: Final = 1e-6
"""Radians from half a turn within which both ways round are equally short."""


def rotations(angles: Numbers) -> Rotation:
    """World-from-camera rotations of (pitch, yaw, roll) degrees, shape (N, 3)."""
    return Rotation.from_euler("YXZ", angles[:, [1, 0, 2]], degrees=True)


def angles_of(turns: Rotation) -> Numbers:
    """(pitch, yaw, roll) of N rotations, degrees, pitch in [-90, 90], shape (N, 3)."""
    return turns.as_euler("YXZ", degrees=True, suppress_warnings=True)[:, [1, 0, 2]]


def over_the_top(angles: Numbers) -> Numbers:
    """The other way to write the same: pitch reckoned on through the pole.

    Takes (pitch, yaw, roll) of rotations, shape (N, 3), or (pitch, yaw) of directions, (N, 2).
    """
    other = angles + 180.0
    other[:, 0] = 180.0 - angles[:, 0]
    return other


def wrapped(degrees: Numbers) -> Numbers:
    """Differences of angles without their full turns, in [-180, 180]."""
    return degrees - 360.0 * np.round(degrees / 360.0)


def nearest(angles: Numbers, reference: Numbers) -> Numbers:
    """The same rotations or directions written with the angles closest to a reference, degrees.

    Both are of shape (N, 3) or (N, 2), as ``over_the_top`` takes them.
    """

    def unwound(triples: Numbers) -> Numbers:
        return triples + 360.0 * np.round((reference - triples) / 360.0)

    plain, other = unwound(angles), unwound(over_the_top(angles))
    nearer = np.abs(other - reference).sum(axis=1) < np.abs(plain - reference).sum(axis=1)
    return np.where(nearer[:, None], other, plain)


def at_poles(angles: Numbers) -> Indices:
    """Indices of those that look straight up or down, where yaw and roll say the same."""
    return np.flatnonzero(np.abs(np.abs(angles[:, 0]) - 90.0) <= _POLE)


def nearest_turns(angles: Numbers, reference: Numbers) -> Numbers:
    """``nearest`` of rotations, shape (N, 3), with a roll that does not jump at the poles."""
    result = nearest(angles, reference)
    pole = at_poles(angles)
    if pole.size:
        # Yaw and roll turn about one axis here: roll stays as it is, yaw takes the rest.
        side = np.sign(angles[pole, 0])
        roll = reference[pole, 2]
        yaw = angles[pole, 1] + side * (roll - angles[pole, 2])
        result[pole, 1] = yaw + 360.0 * np.round((reference[pole, 1] - yaw) / 360.0)
        result[pole, 2] = roll
    return result


def followed(angles: Numbers, plain: Mask | None = None) -> Numbers:
    """A sequence written without jumps from one to the next, degrees, shape (N, 3) or (N, 2).

    Each comes out as it is or over the top, plus full turns; the first stays.

    Args:
        angles: rotations or directions in order, as ``over_the_top`` takes them.
        plain: steps, shape (N - 1,), whose angles run from one to the next as they are written.
    """
    steps = np.diff(angles, axis=0)
    if plain is None:
        plain = np.zeros(len(steps), dtype=bool)
    # Whether a step changes over to the other writing does not depend on that of the one before.
    across = np.abs(wrapped(over_the_top(angles[1:]) - angles[:-1])).sum(axis=1)
    shorter = across < np.abs(wrapped(steps)).sum(axis=1) - 1e-9
    changed = np.concatenate([[False], np.cumsum(shorter & ~plain) % 2 == 1])
    chosen = np.where(changed[:, None], over_the_top(angles), angles)
    steps = np.diff(chosen, axis=0)
    steps = np.where(plain[:, None], steps, wrapped(steps))
    total = chosen[0] + np.concatenate([np.zeros_like(angles[:1]), np.cumsum(steps, axis=0)])
    return chosen + 360.0 * np.round((total - chosen) / 360.0)


def laps(angles: Numbers) -> Numbers:
    """Full turns, degrees, from the first to the last of a closed sequence, shape (3,) or (2,)."""
    whole = angles[-1] - angles[0]
    turns = 360.0 * np.round(whole / 360.0)
    return turns if np.allclose(whole, turns, atol=1e-6) else np.zeros_like(turns)


def turn_steps(angles: Numbers, long_way: Mask) -> Numbers:
    """The turns from key to key as rotation vectors in the camera's axes, radians, shape (M, 3).

    The short way round, or the long way where asked; half a turn goes the way of its angles.
    """
    keys = rotations(angles)
    steps = (keys[:-1].inv() * keys[1:]).as_rotvec()
    sizes = np.linalg.norm(steps, axis=1)
    against = np.einsum("ij,ij->i", steps, np.diff(angles, axis=0)) < 0.0
    other = (against & (sizes > np.pi - _HALF_TURN)) ^ (long_way & (sizes > 1e-9))
    round_about = 1.0 - np.divide(2.0 * np.pi, sizes, out=np.ones_like(sizes), where=sizes > 1e-9)
    return np.where(other[:, None], steps * round_about[:, None], steps)


@dataclass(frozen=True)
class TurnSpline:
    """The rotation along a path of M pieces."""

    angles: Numbers
    """The keys' own angles, degrees, shape (M + 1, 3)."""
    steps: Numbers
    """Turns from key to key, radians, shape (M, 3)."""
    held: Mask
    """Pieces that stay at their start until the next begins, shape (M,)."""
    by_angles: Mask
    """Pieces that interpolate the angles as plain numbers, shape (M,)."""
    curved: Mask
    """Pieces that bend away from the great arc, shape (M,)."""
    tangents: Tangents
    quaternions: Numbers = field(init=False)
    """The keys' rotations (x, y, z, w), shape (M + 1, 4)."""
    _places: Numbers = field(init=False)
    _followed: Numbers = field(init=False)
    _rows: Indices = field(init=False)

    @classmethod
    def through(
        cls,
        angles: Numbers,
        lengths: Numbers,
        kinds: Sequence[str],
        long_way: Mask,
        closed: bool,
        shapes: Shapes,
    ) -> TurnSpline:
        """The turns through the angles of keys, shape (M + 1, 3), degrees; as ``Spline.through``.

        ``long_way`` says, for each piece, whether it turns more than half round.
        """
        names = np.asarray(kinds)
        held = names == "hold"
        steps = turn_steps(angles, long_way)
        curve = tangents(kinds, Chain.of(lengths, held, closed), steps, shapes)
        curved = ~np.isin(names, sorted(STRAIGHT))
        return cls(angles, steps, held, names == "angles", curved, curve)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quaternions", rotations(self.angles).as_quat())
        self._follow()

    def _follow(self) -> None:
        """Write down the angles along the whole path, once, so that every frame agrees on them."""
        count = len(self.steps)
        fine = min(max(_TABLE_ROWS // count, 12), 256)
        rows = np.where(self.held | self.by_angles, 1, fine)
        piece = np.repeat(np.arange(count), rows)
        first = np.concatenate([[0], np.cumsum(rows)])
        share = (np.arange(len(piece)) - first[piece]) / rows[piece]
        is_key = share == 0.0
        angles = self.angles[piece]
        between = np.flatnonzero(~is_key)
        if between.size:
            angles[between] = angles_of(self._turned(piece[between], share[between]))
        # At a pole the angles say nothing: those rows are left out.
        kept = np.ones(len(angles), dtype=bool)
        kept[at_poles(angles)] = False
        kept |= is_key
        plain = (self.held | self.by_angles)[piece[kept]]
        angles = followed(np.concatenate([angles[kept], self.angles[-1:]]), plain)
        object.__setattr__(self, "_places", np.append((piece + share)[kept], float(count)))
        object.__setattr__(self, "_followed", angles)
        key_rows = np.flatnonzero(np.append(is_key[kept], True))
        object.__setattr__(self, "_rows", key_rows)

    def _turned(self, piece: Indices, share: Numbers) -> Rotation:
        """The rotation at shares of quaternion pieces, shape (N,)."""
        pace = self.tangents.pace[piece]
        u = np.where(self.curved[piece], paced(share, pace), share)
        start = Rotation.from_quat(self.quaternions[piece])
        result = start * Rotation.from_rotvec(u[:, None] * self.steps[piece])
        bent = np.flatnonzero(self.curved[piece])
        if bent.size == 0:
            return result
        at = piece[bent]
        extra = np.zeros((len(piece), 3))
        extra[bent] = bump(
            u[bent],
            self.tangents.leaving[at] - self.steps[at],
            self.tangents.arriving[at] - self.steps[at],
        )
        return result * Rotation.from_rotvec(extra)

    @property
    def lap(self) -> Numbers:
        """What each lap of a closed path adds to the angles, full turns in degrees, shape (3,)."""
        return laps(self._followed)

    def at(self, piece: Indices, time: Numbers, share: Numbers) -> Numbers:
        """(pitch, yaw, roll) in degrees, continuous along the path, shape (N, 3).

        Args:
            piece: index of the piece, shape (N,).
            time: share of the piece's time that has passed, 0 to 1, shape (N,).
            share: the same after easing, which may leave [0, 1].
        """
        t = np.where(self.held[piece], np.floor(time), share)
        own = self._followed[self._rows]
        rest = (1.0 - t)[:, None]
        angles = own[piece] * rest + own[piece + 1] * t[:, None]
        free = ~(self.held | self.by_angles)[piece] & (t != 0.0) & (t != 1.0)
        free = np.flatnonzero(free)
        if free.size:
            at, u = piece[free], t[free]
            places = at + np.clip(u, 0.0, 1.0)
            reference = np.stack(
                [np.interp(places, self._places, column) for column in self._followed.T], axis=1
            )
            angles[free] = nearest_turns(angles_of(self._turned(at, u)), reference)
        return angles
