"""A keyed camera path moved, turned, scaled, mirrored, reversed or stretched as a whole.

Every function takes ``CameraKeys`` and gives new ones. What belongs to a key moves with it: its
Bézier handles, its easing, its Kochanek-Bartels numbers, the point it looks at. Sampling the new
path gives the same cameras as transforming the cameras of the old one, except where a docstring
says otherwise. A handheld shake belongs to the camera and not to the path: it stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from scipy.spatial.transform import Rotation

from synth.camera.backwards import reversed_in_time
from synth.camera.changes import changed, changed_key, look_at_moved
from synth.camera.keys import MAX_FRAMES, CameraKeys
from synth.camera.pose import Vector3, rotation_from_degrees
from synth.camera.sampling import sample
from synth.camera.splines import Shapes, Spline
from synth.camera.turning import angles_of, followed, nearest, rotations
from synth.errors import InvalidInstruction

LARGEST_SCALE: Final = 1000.0
"""Most that a path is made larger or longer in one step."""

_STRIDE: Final = 30.0
"""Degrees of plain angles in one step while a turning path is followed."""

_MOST_STRIDES: Final = 1_000_000
"""Steps, at the most, in which a whole path is followed."""

_CLOSE: Final = 1e-6
"""Degrees within which a turn counts as a half or a whole one."""


def moved(keys: CameraKeys, offset: Sequence[float]) -> CameraKeys:
    """The path shifted by ``(x, y, z)`` units, together with the point it looks at.

    A dolly zoom that looks at nothing keeps holding the subject at the origin, so that its lens
    follows the new distances.
    """
    shift = _triple(offset, "shift", "units")
    return changed(
        keys,
        keys=[changed_key(key, position=_sum(key.position, shift)) for key in keys.keys],
        look_at=look_at_moved(keys.look_at, lambda place: _sum(place, shift)),
    )


def turned(
    keys: CameraKeys, rotation: Sequence[float], pivot: Sequence[float] = (0.0, 0.0, 0.0)
) -> CameraKeys:
    """The whole path turned about a point, like a rig on a turntable.

    The cameras of the keys are exactly the turned ones, their angles written so that they go on
    from key to key without a jump. So are those between the keys, except where the path's rules
    know up from down and the turn is not one of yaw alone: turns along plain ``angles`` that change
    several angles between two keys, and a camera that looks at a point and keeps its horizon
    meanwhile as the keys' roll says. Where ``angles`` change one angle only, by less than a full
    turn, the piece is written as the ``linear`` turn that it is. ``smooth`` pieces, which go by the
    world's axes one by one, are written as the Bézier curves that they are; but between the keys of
    a moving target they stay what they are. A dolly zoom that looks at nothing keeps holding the
    subject at the origin.

    Args:
        keys: the path.
        rotation: ``(pitch, yaw, roll)`` degrees of the turn, in the world's axes.
        pivot: the point that stays, scene units.
    """
    angles = _triple(rotation, "turn", "degrees")
    centre = np.array(_triple(pivot, "pivot", "units"))
    turn = rotation_from_degrees(angles)

    def place(point: Vector3) -> Vector3:
        return _plain(centre + turn.apply(np.array(point) - centre))

    def handle(offset: Vector3 | None) -> Vector3 | None:
        return None if offset is None else _plain(turn.apply(offset))

    keys = _with_handles(keys, turn)
    rules: list[dict[str, Any]] = [{} for _ in keys.keys]
    if angles[0] == angles[2] == 0.0:
        turns = [_sum(key.rotation, angles) for key in keys.keys]
    elif keys.look_at is not None:
        turns = [key.rotation for key in keys.keys]
    else:
        turns = _turned_angles(keys, turn, angles)
        rules = _turned_rules(keys, angles)
    result = changed(
        keys,
        keys=[
            changed_key(
                key,
                position=place(key.position),
                rotation=camera,
                tangent_in=handle(key.tangent_in),
                tangent_out=handle(key.tangent_out),
                **rule,
            )
            for key, camera, rule in zip(keys.keys, turns, rules, strict=True)
        ],
        look_at=look_at_moved(keys.look_at, place),
    )
    level = keys.look_at is not None and (angles[0] != 0.0 or angles[2] != 0.0)
    return _levelled(keys, result, turn) if level else result


def move_scaled(keys: CameraKeys, share: float) -> CameraKeys:
    """The whole move made larger or smaller: where it goes, how it turns and how it zooms."""
    return scaled(keys, share, turns=True, lens=True)


def scaled(
    keys: CameraKeys,
    factor: float,
    pivot: Sequence[float] | None = None,
    *,
    turns: bool = False,
    lens: bool = False,
) -> CameraKeys:
    """The move made larger or smaller.

    Without a pivot it is the move that changes: it starts where it did, goes ``factor`` times as
    far, and goes on looking at the same point. With a pivot, space itself is scaled about it, the
    point that is looked at included.

    Args:
        keys: the path.
        factor: 0 (stand still) to 1000; 1 leaves the path as it is.
        pivot: the point that stays, scene units; left out, the place of the first key.
        turns: also scale how far the camera turns from its first key, angle by angle.
        lens: also scale how far it zooms from its first key, in stops.
    """
    if not (_is_finite(factor) and 0.0 <= factor <= LARGEST_SCALE):
        raise InvalidInstruction(
            f"The path is to be scaled by {factor!s:.40}; the factor must lie between 0 and "
            f"{LARGEST_SCALE:g}."
        )
    factor = float(factor)
    first = keys.keys[0]
    centre = first.position if pivot is None else _triple(pivot, "pivot", "units")

    def place(point: Vector3) -> Vector3:
        return _mixed(centre, point, factor)

    def handle(offset: Vector3 | None) -> Vector3 | None:
        return None if offset is None else _mixed((0.0, 0.0, 0.0), offset, factor)

    return changed(
        keys,
        keys=[
            changed_key(
                key,
                position=place(key.position),
                rotation=_mixed(first.rotation, key.rotation, factor) if turns else key.rotation,
                focal_length=first.focal_length * (key.focal_length / first.focal_length) ** factor
                if lens
                else key.focal_length,
                tangent_in=handle(key.tangent_in),
                tangent_out=handle(key.tangent_out),
            )
            for key in keys.keys
        ],
        look_at=keys.look_at if pivot is None else look_at_moved(keys.look_at, place),
    )


def mirrored(keys: CameraKeys, axis: Literal["x", "y"] = "x") -> CameraKeys:
    """The path with left and right exchanged (``x``), or up and down (``y``).

    The mirror is the plane through the home camera and the subject. Mirrored twice, a path is
    itself again.
    """
    if axis not in ("x", "y"):
        raise InvalidInstruction(
            f"A path is mirrored along 'x' (left and right) or 'y' (up and down), not {axis!r:.40}."
        )
    sides = (-1.0, 1.0, 1.0) if axis == "x" else (1.0, -1.0, 1.0)
    angles = (1.0, -1.0, -1.0) if axis == "x" else (-1.0, 1.0, -1.0)
    return changed(
        keys,
        keys=[
            changed_key(
                key,
                position=_times(key.position, sides),
                rotation=_times(key.rotation, angles),
                tangent_in=key.tangent_in and _times(key.tangent_in, sides),
                tangent_out=key.tangent_out and _times(key.tangent_out, sides),
            )
            for key in keys.keys
        ],
        look_at=look_at_moved(keys.look_at, lambda place: _times(place, sides)),
    )


def stretched(
    keys: CameraKeys, factor: float | None = None, *, frames: int | None = None
) -> CameraKeys:
    """The path made longer or shorter in time, keys and all; the frame rate stays.

    Give the factor, above 0, or the new number of frames. Key times need not come out as whole
    frames. A factor gives a whole number of frames, the nearest; the keys are stretched by exactly
    new over old, so that a key at the end stays at the end.
    """
    if (factor is None) == (frames is None):
        raise InvalidInstruction("Say by what factor to stretch, or to how many frames: one of it.")
    if factor is not None:
        if not (_is_finite(factor) and 0.0 < factor <= LARGEST_SCALE):
            raise InvalidInstruction(
                f"The path is to be stretched by {factor!s:.40}; the factor must be above 0 and at "
                f"most {LARGEST_SCALE:g}."
            )
        frames = max(1, round(keys.frames * factor))
    count = _frame_count(frames)
    ratio = Fraction(count, keys.frames)

    def time(frame: float) -> float:
        return min(float(Fraction(frame) * ratio), float(MAX_FRAMES))

    return changed(
        keys,
        frames=count,
        keys=[changed_key(key, frame=min(time(key.frame), float(count))) for key in keys.keys],
        look_at=look_at_moved(keys.look_at, lambda place: place, time),
    )


def resized_clip(keys: CameraKeys, frames: int) -> CameraKeys:
    """The clip made longer or shorter at its end; the keys stay on their frames.

    The camera rests on its last key in what is added. A clip cannot end before its last key:
    ``InvalidInstruction`` then says how short it may be.
    """
    count = _frame_count(frames)
    last = keys.keys[-1].frame
    if count < last:
        raise InvalidInstruction(
            f"The clip is to end at frame {count}, but its last key stands on frame {last:g}. Make "
            f"it at least {math.ceil(last)} frames long, or move or delete that key first."
        )
    return changed(keys, frames=count)


def _with_handles(keys: CameraKeys, turn: Rotation) -> CameraKeys:
    """The same path with Bézier handles in place of ``smooth`` pieces, unless axes stay axes."""
    rows = list(keys.keys)
    matrix = np.abs(turn.as_matrix())
    closed = keys.loop and len(rows) > 1
    if closed and rows[-1].frame < rows[0].frame + keys.frames:
        rows.append(rows[0])
    kinds = [key.curve or keys.curve for key in rows[:-1]]
    if "smooth" not in kinds or np.all(np.minimum(matrix, np.abs(1.0 - matrix)) < _CLOSE):
        return keys
    times = np.array([key.frame for key in rows])
    if len(rows) > len(keys.keys):
        times[-1] += keys.frames
    none = (np.nan, np.nan, np.nan)
    shapes = Shapes(
        np.array([(key.tension, key.continuity, key.bias) for key in rows]),
        np.array([key.tangent_in or none for key in rows]),
        np.array([key.tangent_out or none for key in rows]),
    )
    places = np.array([key.position for key in rows])
    spline = Spline.through(places, np.diff(times), kinds, closed, shapes)
    changes: list[dict[str, Any]] = [{} for _ in keys.keys]
    for piece, kind in enumerate(kinds):
        if kind in ("smooth", "bezier"):
            out, into = spline.tangents.leaving[piece] / 3.0, spline.tangents.arriving[piece] / -3.0
            changes[piece] |= {"curve": "bezier", "tangent_out": tuple(out.tolist())}
            changes[(piece + 1) % len(changes)]["tangent_in"] = tuple(into.tolist())
    return changed(
        keys,
        keys=[changed_key(key, **change) for key, change in zip(keys.keys, changes, strict=True)],
    )


def _turned_angles(keys: CameraKeys, turn: Rotation, angles: Vector3) -> list[Vector3]:
    """The keys' rotations after a turn of the world, followed along the path without jumps."""
    own = np.array([key.rotation for key in keys.keys])
    plain = [key.turn_curve or keys.turn_curve for key in keys.keys[:-1]]
    strides = np.ceil(np.abs(np.diff(own, axis=0)).max(axis=1, initial=0.0) / _STRIDE)
    most = max(1, _MOST_STRIDES // len(own))
    counts = np.where(np.array(plain) == "angles", np.clip(strides, 1, most), 1).astype(int)
    piece = np.repeat(np.arange(len(counts)), counts)
    first = np.concatenate([[0], np.cumsum(counts)])
    share = ((np.arange(len(piece)) - first[piece]) / counts[piece])[:, None]
    rows = np.concatenate([own[piece] * (1.0 - share) + own[piece + 1] * share, own[-1:]])
    triples = angles_of(turn * rotations(rows))
    triples[:1] = nearest(triples[:1], own[:1] + angles)
    return [_plain(row) for row in followed(triples, np.zeros(len(rows) - 1, dtype=bool))[first]]


def _turned_rules(keys: CameraKeys, angles: Vector3) -> list[dict[str, Any]]:
    """What changes in the rules of the pieces when the world turns with pitch or roll."""
    rules: list[dict[str, Any]] = [{} for _ in keys.keys]
    for index, (key, after) in enumerate(pairwise(keys.keys)):
        pitches, yaws, _ = zip(key.rotation, after.rotation, strict=True)
        steps = [b - a for a, b in zip(key.rotation, after.rotation, strict=True) if a != b]
        in_line = not any(yaws) and (angles[2] == 0.0 or not any(pitches))
        if (key.turn_curve or keys.turn_curve) != "angles" or in_line or len(steps) != 1:
            continue
        size = abs(steps[0])
        if size < 360.0 - _CLOSE and abs(size - 180.0) > _CLOSE:
            rules[index] = {"turn_curve": "linear", "long_way": size > 180.0}
    return rules


def _levelled(keys: CameraKeys, after: CameraKeys, turn: Rotation) -> CameraKeys:
    """A turned path that looks at a point, with the roll that its keys need to be the turned ones.

    Args:
        keys: the path before the turn.
        after: the path with its places and its target turned.
        turn: the turn.
    """
    at = [key.frame for key in keys.keys]
    plain = {"handheld": None, "constant_speed": False}
    wanted = turn * sample(keys.model_copy(update=plain), at).rotations
    aimed = sample(after.model_copy(update=plain), at).angles
    straight = rotations(aimed * (1.0, 1.0, 0.0))
    rolls = np.unwrap((straight.inv() * wanted).as_rotvec(degrees=True)[:, 2], period=360.0)
    turns = np.stack([aimed[:, 0], aimed[:, 1], rolls], axis=1)
    return changed(
        after,
        keys=[
            changed_key(key, rotation=_plain(row))
            for key, row in zip(after.keys, turns, strict=True)
        ],
    )


def _frame_count(frames: object) -> int:
    if isinstance(frames, bool) or not isinstance(frames, int) or not 1 <= frames <= MAX_FRAMES:
        raise InvalidInstruction(
            f"The clip is to have {frames!s:.40} frames; it must be a whole number from 1 to "
            f"{MAX_FRAMES:,}."
        )
    return frames


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _triple(values: Sequence[float], name: str, unit: str) -> Vector3:
    numbers = [float(value) for value in values if _is_finite(value)] if len(values) == 3 else []
    if len(numbers) != 3:
        raise InvalidInstruction(
            f"The {name} is {values!s:.80}; it must be three finite numbers, in {unit}."
        )
    return numbers[0], numbers[1], numbers[2]


def _plain(values: Iterable[float]) -> Vector3:
    """Three floats without the noise of their last digits."""
    x, y, z = (round(float(value), 12) + 0.0 for value in values)
    return x, y, z


def _sum(one: Vector3, other: Vector3) -> Vector3:
    x, y, z = (a + b for a, b in zip(one, other, strict=True))
    return x, y, z


def _times(one: Vector3, signs: Vector3) -> Vector3:
    # Adding 0.0 turns a negative zero into a plain one.
    x, y, z = (a * b + 0.0 for a, b in zip(one, signs, strict=True))
    return x, y, z


def _mixed(start: Vector3, end: Vector3, share: float) -> Vector3:
    x, y, z = (a + (b - a) * share for a, b in zip(start, end, strict=True))
    return x, y, z


__all__ = [
    "mirrored",
    "move_scaled",
    "moved",
    "resized_clip",
    "reversed_in_time",
    "scaled",
    "stretched",
    "turned",
]
