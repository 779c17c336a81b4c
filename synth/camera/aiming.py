"""What lies on top of a keyed camera: looking at a target, holding its size, shake of the hand."""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.camera.keys import Handheld, LookAt
from synth.camera.retiming import Timing
from synth.camera.shake import HANDHELD_DEGREES, HANDHELD_UNITS, shake
from synth.camera.splines import Mask, Numbers, Shapes, Spline
from synth.camera.turning import angles_of, followed, laps, nearest, nearest_turns, rotations
from synth.errors import InvalidInstruction

_NEAREST: Final = 1e-6
"""Units from the camera within which a target has no direction."""

_LEAST_DEPTH: Final = 0.02
"""A subject less in front of the camera than this share of its distance stands beside it."""

_UPRIGHT: Final = 1e-9
"""Share of the distance, sideways, within which a target is straight above or below."""


class Target:
    """The point that a camera looks at, at any frame."""

    def __init__(self, look_at: LookAt | None, period: float | None = None) -> None:
        """A still or keyed target.

        Args:
            look_at: what is looked at; the subject, at the origin, if None.
            period: frames after which a looped path begins again, or None.

        Raises:
            InvalidInstruction: two keys on one frame, or keys that do not fit a loop.
        """
        look_at = look_at or LookAt()
        keys = sorted(look_at.keys, key=lambda key: key.frame)
        self.frames = np.array([key.frame for key in keys] or [0.0])
        places = np.array([key.position for key in keys] or [look_at.target])
        again = np.flatnonzero(np.diff(self.frames) == 0.0)
        if again.size:
            raise InvalidInstruction(
                f"Two keys of the target stand on frame {self.frames[again[0]]:g}. Move or delete "
                "one of them."
            )
        self._period = period if len(keys) > 1 else None
        if self._period is not None:
            places = self._closed(places, self._period)
        self._spline: Spline | None = None
        self._still = places[0]
        if len(places) > 1:
            lengths = np.diff(self.frames)
            count = len(lengths)
            none = np.full((count + 1, 3), np.nan)
            shapes = Shapes(np.zeros((count + 1, 3)), none, none)
            kinds = ["smooth"] * count
            self._spline = Spline.through(places, lengths, kinds, self._period is not None, shapes)
            self._timing = Timing(self.frames[:-1], lengths, ["linear"] * count)

    def _closed(self, places: Numbers, period: float) -> Numbers:
        """Close the target's way as the camera's own is closed."""
        over = self.frames[-1] - (self.frames[0] + period)
        if over > 0.0:
            raise InvalidInstruction(
                f"The path is looped after {period:g} frames, but a key of the target stands on "
                f"frame {self.frames[-1]:g}. Move it to an earlier frame, or lengthen the clip."
            )
        if over < 0.0:
            self.frames = np.append(self.frames, self.frames[0] + period)
            return np.concatenate([places, places[:1]])
        if not np.allclose(places[0], places[-1], atol=1e-6):
            raise InvalidInstruction(
                f"The path is looped, and its target's last key, on frame {self.frames[-1]:g}, is "
                "where the loop begins again; but it stands elsewhere than the first. Give it the "
                "first one's place, or move it to an earlier frame."
            )
        return places

    def at(self, frames: Numbers) -> Numbers:
        """World positions of the target, shape (N, 3), units."""
        if self._spline is None:
            return np.broadcast_to(self._still, (len(frames), 3))
        if self._period is not None:
            frames = self.frames[0] + np.mod(frames - self.frames[0], self._period)
        return self._spline.at(*self._timing.at(frames))


def _directions(places: Numbers, targets: Numbers) -> tuple[Numbers, Mask]:
    """(pitch, yaw), degrees, that aim at targets, and whether the yaw is defined; (N, 2), (N,)."""
    x, y, z = (targets - places).T
    flat = np.hypot(x, z)
    distance = np.hypot(flat, y)
    pitch = np.degrees(np.arctan2(y, flat))
    yaw = np.degrees(np.arctan2(-x, -z))
    return np.stack([pitch, yaw], axis=1), (flat > _UPRIGHT * distance) & (distance > _NEAREST)


class Aim:
    """Pitch and yaw that keep a camera on its target, without jumps along the path.

    Where the path leads exactly over or under the target, pitch goes on through 90 degrees, as the
    head of a crane does, and the yaw stays. Where it stays straight above or below, the yaw is led
    evenly from what it was to what it will be; if it is never anything else, it is the keys' own.
    """

    def __init__(self, table: Numbers, places: Numbers, targets: Numbers, start: Numbers) -> None:
        """Follow the target along a path.

        Args:
            table: frames in order, close together, shape (K,).
            places: where the camera is then, shape (K, 3), units.
            targets: where the target is then, likewise.
            start: the first key's own (pitch, yaw), degrees; yaw begins within half a turn of it.
        """
        angles, level = _directions(places, targets)
        self._frames, self._angles = table[level], angles[level]
        if len(self._angles):
            self._angles[0, 1] += 360.0 * np.round((start[1] - self._angles[0, 1]) / 360.0)
            self._angles = followed(self._angles)

    def turned(
        self, angles: Numbers, frames: Numbers, places: Numbers, targets: Numbers
    ) -> Numbers:
        """The camera's angles, aimed, degrees, shape (N, 3).

        Args:
            angles: the keys' own (pitch, yaw, roll), degrees, shape (N, 3); their roll stays.
            frames: shape (N,), within the table's.
            places: world positions of the camera, shape (N, 3).
            targets: world positions of the target, likewise.

        Raises:
            InvalidInstruction: the camera is where its target is.
        """
        distance = np.linalg.norm(targets - places, axis=1)
        if np.any(distance <= _NEAREST):
            frame = frames[np.argmin(distance)]
            raise InvalidInstruction(
                f"On frame {frame:g} the camera is exactly where its target is, so there is no "
                "direction to look in. Move the target, or a key, a little."
            )
        reference = angles[:, :2]
        if len(self._angles):
            columns = [np.interp(frames, self._frames, column) for column in self._angles.T]
            reference = np.stack(columns, axis=1)
        wanted, level = _directions(places, targets)
        aimed = nearest(wanted, reference)
        aimed[~level, 1] = reference[~level, 1]
        return np.concatenate([aimed, angles[:, 2:]], axis=1)

    @property
    def lap(self) -> Numbers:
        """What each lap of a closed path adds to pitch and yaw, degrees, shape (2,)."""
        return laps(self._angles) if len(self._angles) else np.zeros(2)


def held_size(
    focal_length: float, angles: Numbers, places: Numbers, targets: Numbers, frames: Numbers
) -> Numbers:
    """Focal lengths of a dolly zoom, millimetres, shape (N - 1,).

    What is at the target's depth keeps its size in the picture: the focal length is to the depth,
    which is the distance along the camera's axis, as in the first row, that of the first key.

    Args:
        focal_length: the first key's, millimetres.
        angles: (pitch, yaw, roll), degrees, shape (N, 3).
        places: world positions of the camera, shape (N, 3).
        targets: world positions of the target, likewise.
        frames: what to call the rows in errors, shape (N,).

    Raises:
        InvalidInstruction: the target is not in front of the camera.
    """
    pitch, yaw = np.radians(angles[:, :2]).T
    ahead = np.stack(
        [-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)], axis=1
    )
    offset = targets - places
    depth = np.einsum("ij,ij->i", offset, ahead)
    distance = np.linalg.norm(offset, axis=1)
    lost = np.flatnonzero((depth <= _LEAST_DEPTH * distance) | (distance <= _NEAREST))
    if lost.size:
        raise InvalidInstruction(
            f"On frame {frames[lost[0]]:g} the subject is beside or behind the camera, which "
            "cannot hold its size. Look at it, or do not hold its size."
        )
    return focal_length * (depth[1:] / depth[0])


def shaken(
    handheld: Handheld, seconds: Numbers, places: Numbers, angles: Numbers, period: float | None
) -> tuple[Numbers, Numbers]:
    """Positions and angles of a camera carried by hand, both (N, 3), units and degrees.

    The shake is the Motion tab's, in the camera's own axes, and starts at exactly 0.

    Args:
        handheld: how strong, and which shake.
        seconds: since the start of the clip, shape (N,).
        places: world positions, shape (N, 3).
        angles: (pitch, yaw, roll), degrees, shape (N, 3).
        period: seconds after which the shake repeats itself, or None.
    """
    wave = handheld.strength * shake(seconds, handheld.seed, period)
    sway = HANDHELD_UNITS * wave[:, :3] * (1.0, 1.0, 0.5)
    # A hand turns a camera about its lens less than it nods.
    turn = HANDHELD_DEGREES * wave[:, 3:] * (1.0, 1.0, 0.4)
    steady = rotations(angles)
    shaking = np.any(wave != 0.0, axis=1)[:, None]
    turned = nearest_turns(angles_of(steady * rotations(turn)), angles + turn)
    return (
        np.where(shaking, places + steady.apply(sway), places),
        np.where(shaking, turned, angles),
    )
