"""The moves of a motion control as keyframes that a person can go on editing.

Keys stand where moves begin and end, and half-way through moves that come back. Where all moves of
a stretch share one easing and every number runs in step with it (dolly, truck, pedestal, pan, tilt,
roll), two keys say exactly the same. Circles and curves get Bézier handles, changing lenses an
easing of their own, and what is not one curve more keys, within a tolerance that nobody sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np

from synth.camera.conventions import DEFAULT_FOCAL_LENGTH
from synth.camera.keys import CameraKey, CameraKeys, Handheld, LookAt
from synth.camera.pieces import Piece, Tolerance, Track, cover, fit_piece, keys_of
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.sampling import sample
from synth.camera.thin import thinned, track_of_path, worst_error
from synth.camera.turning import followed
from synth.motion.instructions import CameraMove
from synth.motion.model import MotionControl, TimedMove
from synth.motion.moves import camera_path, poses_at

MOVE_TOLERANCE: Final = Tolerance(units=1e-3, degrees=0.01, focal=1e-4)
"""How far the keys may be from the moves: a twentieth of a pixel of a frame 1280 wide."""

_EXACT: Final = Tolerance(units=1e-9, degrees=1e-7, focal=1e-10)
"""What counts as the very same camera."""

_SAME_MOMENT: Final = 1e-6
"""Frames within which two moments are one, and a moment is a whole frame."""


@dataclass(frozen=True)
class KeyedMove:
    """A motion control as keys, and what is to be said about them."""

    keys: CameraKeys
    notes: tuple[str, ...]
    """What could not be kept as the move it was, a sentence each."""


def move_keys(
    control: MotionControl,
    *,
    fps: Fraction,
    focal_length: float = DEFAULT_FOCAL_LENGTH,
    tolerance: Tolerance = MOVE_TOLERANCE,
) -> CameraKeys:
    """Keys that sample to the camera of every frame that ``camera_path`` gives.

    Args:
        control: what the camera is asked to do.
        fps: frames per second, exact.
        focal_length: the photo's lens, millimetres.
        tolerance: how far a frame may be from the move's, where it is not exactly the same.

    Raises as ``camera_path`` does.
    """
    return keyed_move(control, fps=fps, focal_length=focal_length, tolerance=tolerance).keys


def keyed_move(
    control: MotionControl,
    *,
    fps: Fraction,
    focal_length: float = DEFAULT_FOCAL_LENGTH,
    tolerance: Tolerance = MOVE_TOLERANCE,
) -> KeyedMove:
    """As ``move_keys``, with notes about what could not be kept as it was.

    A handheld camera becomes the keys' own shake where that is the same on every frame: one shake
    over the whole clip, on a camera that does not turn away far. Otherwise the path is keyed as
    densely as the shake needs it.
    """
    path = camera_path(control, fps=fps, focal_length=focal_length)
    shakes = [
        timed
        for timed in control.timeline
        if timed.move.type == "handheld" and timed.move.intensity > 0.0
    ]
    if not shakes:
        return KeyedMove(_steady_keys(control, path, focal_length, tolerance), ())
    steady = control.model_copy(
        update={"camera": tuple(_without_shake(move) for move in control.camera)}
    )
    calm = camera_path(steady, fps=fps, focal_length=focal_length)
    keys = _steady_keys(steady, calm, focal_length, tolerance)
    with_shake = _shaken(keys, shakes, path, tolerance)
    if with_shake is not None:
        return KeyedMove(with_shake, ())
    empty = keys.model_copy(update={"keys": keys.keys[:1]})
    dense = thinned(empty, track_of_path(path), tolerance)
    return KeyedMove(
        dense,
        (
            f"The handheld shake is written into {len(dense.keys)} keys. The keys' own shake is "
            "not quite the same where it sets in or ends inside the clip, rides on a camera that "
            "turns, or lasts no whole number of frames.",
        ),
    )


def _without_shake(move: CameraMove) -> CameraMove:
    """The move itself; of a handheld one, the time it takes."""
    return move.model_copy(update={"intensity": 0.0}) if move.type == "handheld" else move


def _shaken(
    keys: CameraKeys, shakes: Sequence[TimedMove], path: CameraPath, tolerance: Tolerance
) -> CameraKeys | None:
    """The keys with their own shake, if that is the path."""
    move = shakes[0].move
    if len(shakes) > 1 or move.seed > _most_seed():
        return None
    handheld = Handheld(strength=move.intensity, seed=move.seed)
    track = track_of_path(path)
    for loop in (move.loop, False):
        shaken = keys.model_copy(update={"handheld": handheld, "loop": loop})
        if loop and shaken.keys[-1].frame == shaken.frames and not _closes(shaken):
            continue
        if worst_error(sample(shaken, track.frames), track, tolerance).max() <= 1.0:
            return shaken
    return None


def _most_seed() -> int:
    """The largest seed of the keys' own shake, from its field."""
    bounds = Handheld.model_fields["seed"].metadata
    return int(next(bound.le for bound in bounds if hasattr(bound, "le")))


def _closes(keys: CameraKeys) -> bool:
    """Whether the last key is the first camera again."""
    first, last = keys.keys[0], keys.keys[-1]
    return all(
        getattr(first, name) == getattr(last, name)
        for name in ("position", "rotation", "focal_length")
    )


def _steady_keys(
    control: MotionControl, path: CameraPath, focal_length: float, tolerance: Tolerance
) -> CameraKeys:
    """Keys of a control without shake."""
    empty = CameraKeys(frames=len(path), fps=path.fps, keys=(CameraKey(frame=0.0),))
    moves = [
        timed
        for timed in control.timeline
        if timed.move.intensity > 0.0 and timed.move.type not in ("static", "handheld")
    ]
    if not moves:
        lens = CameraKey(frame=0.0, focal_length=focal_length)
        return empty.model_copy(update={"keys": (lens,)})
    seconds = control.duration / len(path)
    stretches: list[tuple[Track, tuple[str, ...]]] = []
    for start, end in pairwise(_joints(moves, control.duration, len(path))):
        active = [
            timed.move
            for timed in moves
            if timed.start < (end - _SAME_MOMENT) * seconds
            and timed.end > (start + _SAME_MOMENT) * seconds
        ]
        track = _stretch(control, start, end, len(path), focal_length)
        easings = tuple(dict.fromkeys(name for move in active for name in _easings(move)))
        stretches.append((track, easings))
    keys = _joined(stretches, stretches, tolerance)
    best = empty.model_copy(update={"keys": keys})
    if len(keys) > len(stretches) + 1 and all(_on_subject(track) for track, _ in stretches):
        # With the subject to look at, only the places need curves, and those are simpler.
        free = [
            (replace(track, angles=track.angles * (0.0, 0.0, 1.0)), easings)
            for track, easings in stretches
        ]
        aimed = _joined(free, stretches, tolerance)
        if len(aimed) < len(keys):
            return empty.model_copy(update={"keys": aimed, "look_at": LookAt()})
    return best


def _joined(
    wanted: Sequence[tuple[Track, tuple[str, ...]]],
    shown: Sequence[tuple[Track, tuple[str, ...]]],
    tolerance: Tolerance,
) -> tuple[CameraKey, ...]:
    """Keys for stretches that follow one another: what is fitted, and what the keys show."""
    keys: list[CameraKey] = []
    for (track, easings), (cameras, _) in zip(wanted, shown, strict=True):
        part = keys_of(cameras, _pieces(track, easings, tolerance))
        # Two stretches share a key: it comes in by the one and goes out by the other.
        if keys:
            part[0] = part[0].model_copy(update={"tangent_in": keys.pop().tangent_in})
        keys += part
    return _without_needless(keys)


def _on_subject(track: Track) -> bool:
    """Whether the cameras look at the subject, at the origin, on every frame."""
    x, y, z = track.positions.T
    pitch = np.degrees(np.arctan2(-y, np.hypot(x, z)))
    yaw = np.degrees(np.arctan2(x, z))
    off = np.abs(track.angles[:, :2] - np.stack([pitch, yaw], axis=1))
    return float(off.max()) < _EXACT.degrees


def _joints(moves: Sequence[TimedMove], duration: float, frames: int) -> list[float]:
    """The frames, ascending, at which a move begins, ends or turns back; and the clip's ends."""
    times = {0.0, duration}
    for timed in moves:
        times |= {timed.start, min(timed.end, duration)}
        if timed.move.loop:
            times.add(0.5 * (timed.start + timed.end))
    joints: list[float] = []
    for time in sorted(times):
        frame = time / duration * frames
        whole = round(frame)
        frame = float(whole) if abs(frame - whole) < _SAME_MOMENT else frame
        if not joints or frame - joints[-1] > _SAME_MOMENT:
            joints.append(frame)
    return joints


def _stretch(
    control: MotionControl, start: float, end: float, frames: int, focal_length: float
) -> Track:
    """The cameras of a stretch on every whole frame and at its ends."""
    inner = np.arange(np.floor(start) + 1.0, np.ceil(end))
    at = np.concatenate([[start], inner, [end]])
    poses: tuple[CameraPose, ...] = poses_at(
        control, at * (control.duration / frames), focal_length=focal_length
    )
    return Track(
        at,
        np.array([pose.position for pose in poses]),
        followed(np.array([pose.rotation for pose in poses])),
        np.array([pose.focal_length for pose in poses]),
    )


def _pieces(track: Track, easings: tuple[str, ...], tolerance: Tolerance) -> list[Piece]:
    """The pieces of one stretch: the move's own easing if it can be, else as few as do."""
    end = len(track) - 1
    for wanted in (_EXACT, tolerance):
        piece = fit_piece(track, 0, end, wanted, easings)
        if piece is not None:
            return [piece]
    pieces = cover(track, tolerance, easings)
    assert pieces is not None
    return pieces


def _easings(move: CameraMove) -> tuple[str, ...]:
    """What a move's way looks like between its joints."""
    if not move.loop:
        return (move.curve,)
    # There and back on a raised cosine, whose halves are sines eased in and out.
    return ("ease_in_out_sine",) if move.easing in (None, "linear") else ()


def _without_needless(keys: Sequence[CameraKey]) -> tuple[CameraKey, ...]:
    """Leave out what a camera at rest does not need: keys like both their neighbours."""

    def camera(key: CameraKey) -> tuple[object, ...]:
        return key.position, key.rotation, key.focal_length

    kept = list(keys)
    while len(kept) > 1 and camera(kept[-1]) == camera(kept[-2]):
        kept.pop()
    while len(kept) > 1 and camera(kept[0]) == camera(kept[1]):
        kept.pop(0)
    return tuple(kept)
