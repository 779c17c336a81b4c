"""What a camera does, as one tells it: a few strokes, each with a way, a size and a time.

Strokes come from the moves of a motion control, or are read off a keyed path: its bends part it
into stretches, and each stretch is told by what changes most in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from synth.camera.pose import CameraPath
from synth.camera.shake import HANDHELD_DEGREES
from synth.errors import SynthError
from synth.motion import MOVE_KINDS, CameraMove, Direction, MotionControl, MoveType, camera_path

_Numbers = NDArray[np.float64]

_ALIKE: Final = 1e-3
"""Units, degrees and shares of the lens within which two paths are one."""
_MOST_POINTS: Final = 400
_SMOOTH_SECONDS: Final = 0.2
_SHAKE_SECONDS: Final = 0.8
"""What is smoothed away of a path, and of one that shakes: deviations of a Gaussian."""
_WINDING: Final = math.radians(300.0)
"""Turning of the way aside from which a camera winds."""
_SWINGS: Final = 2.0
"""Least swings per second of a hand's shake."""
_SHAKE_GAIN: Final = 3.0
"""From the deviation of the quick part of a shake to the intensity of a handheld move."""
_SWAY: Final = 0.35
"""What a shake at intensity 1 leaves after smoothing, as the size of a move."""
_BEND: Final = 0.15
"""Share of the way by which a path must leave the straight line to be told in two stretches."""
_MOST_STRETCHES: Final = 4
_FAINT: Final = 0.04
"""Size below which nobody sees a move."""
_ASIDE: Final = 0.22
"""Share of the largest move of a stretch below which another is not worth telling."""
_MOST_AT_ONCE: Final = 3
_REST_SECONDS: Final = 0.4
_REST_SPEED: Final = 0.06
"""Share of the greatest speed below which the camera counts as resting."""
_HIGH_ORBIT: Final = 15.0
"""Degrees over the subject from which a crane is told as an orbit."""

_SIZES: Final = np.array(
    [
        MOVE_KINDS["truck"].amplitude, MOVE_KINDS["pedestal"].amplitude,
        MOVE_KINDS["dolly"].amplitude, MOVE_KINDS["pan"].amplitude,
        MOVE_KINDS["tilt"].amplitude, MOVE_KINDS["roll"].amplitude,
        math.log(MOVE_KINDS["zoom"].amplitude),
    ]
)  # fmt: skip
"""What counts as a move of size 1: sideways, up, back (units), yaw, pitch, roll (degrees), lens."""
_X, _Y, _Z, _YAW, _PITCH, _ROLL, _LENS = range(7)


@dataclass(frozen=True)
class Stroke:
    """One thing that the camera does."""

    type: MoveType
    """What."""
    way: Direction | None
    """Which way; None where it has none."""
    size: float
    """How pronounced: 1 is a move at full intensity. A keyed one may be larger."""
    start: float
    """Seconds."""
    end: float
    """Seconds."""
    loop: bool = False
    """Whether it comes back to its start."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


def strokes_of(motion: MotionControl, path: CameraPath | None) -> tuple[Stroke, ...] | None:
    """What the camera is told to do, in order of time; empty where it is told to stand still.

    Args:
        motion: its moves.
        path: the camera of every frame. Where it is not what the moves make, it was keyed, and is
            told in their place.

    Returns:
        None where nothing is said about the camera at all.
    """
    if path is not None and not _makes(motion, path):
        return read_path(path)
    if not motion.camera:
        return None
    return tuple(
        _stroke(timed.move, timed.start, timed.end)
        for timed in motion.timeline
        if timed.move.type != "static" and timed.move.intensity > 0.0
    )


def within(strokes: Sequence[Stroke], start: float, end: float) -> tuple[Stroke, ...]:
    """The strokes of a part of the clip, its start at 0; those that barely reach in are left."""
    found: list[Stroke] = []
    for stroke in strokes:
        begin, close = max(stroke.start, start), min(stroke.end, end)
        if close - begin < 0.1 * min(stroke.seconds, end - start):
            continue
        share = (close - begin) / stroke.seconds
        # A shake is as strong however short the look at it.
        size = stroke.size if stroke.type == "handheld" else stroke.size * share
        whole = stroke.loop and share > 0.99
        found.append(replace(stroke, size=size, start=begin - start, end=close - start, loop=whole))
    return tuple(found)


def _stroke(move: CameraMove, start: float, end: float) -> Stroke:
    kind, way = move.type, move.way
    if kind == "dolly" and way in ("left", "right"):
        kind = "truck"
    return Stroke(kind, way, move.intensity, start, end, move.loop)


def _makes(motion: MotionControl, path: CameraPath) -> bool:
    """Whether a path is the one that the moves make."""
    try:
        ours = camera_path(motion, fps=path.fps, focal_length=path[0].focal_length)
    except SynthError:
        return False
    if len(ours) != len(path):
        return False
    lens = np.abs(np.log(ours.focal_lengths / path.focal_lengths)).max()
    places = np.abs(ours.positions - path.positions).max()
    turns = np.degrees((ours.rotations.inv() * path.rotations).magnitude()).max()
    return bool(max(lens, places, turns) < _ALIKE)


def read_path(path: CameraPath) -> tuple[Stroke, ...]:
    """What a camera path does, in order of time; empty where it stands still."""
    if len(path) < 2:
        return ()
    fps = float(path.fps)
    curve, distance = _curve(path)
    smooth = _smoothed(curve, _SMOOTH_SECONDS * fps)
    shake = _shake(curve - smooth, fps)
    if shake:
        smooth = _smoothed(curve, _SHAKE_SECONDS * fps)
    least = max(_FAINT, _SWAY * shake)
    # Rests and bends need no more points than a person could tell apart.
    step = max(1, len(path) // _MOST_POINTS)
    some = np.unique(np.append(np.arange(0, len(path), step), len(path) - 1))
    times = some / fps
    strokes: list[Stroke] = []
    if shake:
        strokes.append(Stroke("handheld", None, shake, 0.0, len(path) / fps))
    # A hand sways round and round, too.
    if not shake and _winds(smooth[some]):
        travel = float(curve[-1, _Z] - curve[0, _Z])
        size = abs(travel) / MOVE_KINDS["spiral"].amplitude
        way: Direction = "forward" if travel < 0 else "backward"
        return (*strokes, Stroke("spiral", way, size, 0.0, len(path) / fps))
    for first, last in _stretches(smooth[some] / _SIZES, times, _BEND * (2.0 if shake else 1.0)):
        # Smoothing draws the ends in: they are taken from the path itself.
        begin = curve[0] if first == 0 else smooth[some[first]]
        end = curve[-1] if last == len(some) - 1 else smooth[some[last]]
        reach = float(distance[some[first]]), float(distance[some[last]])
        strokes += [
            Stroke(kind, way, size, float(times[first]), float(times[last]) + 1.0 / fps)
            for kind, way, size in _told(end - begin, reach, least)
        ]
    return tuple(strokes)


def _smoothed(curve: _Numbers, frames: float) -> _Numbers:
    return np.asarray(gaussian_filter1d(curve, frames, axis=0, mode="nearest"), np.float64)


def _winds(curve: _Numbers) -> bool:
    """Whether a path, (M, 7), winds about its line of sight while it travels along it."""
    steps = np.diff(curve[:, [_X, _Y, _Z]], axis=0)
    aside = np.hypot(steps[:, 0], steps[:, 1])
    if len(steps) < 8 or abs(steps[:, 2].sum()) < 0.8 * np.abs(steps[:, 2]).sum():
        return False
    moves = aside > 0.1 * aside.max(initial=1e-9)
    turned = np.unwrap(np.arctan2(steps[moves, 1], steps[moves, 0]))
    travels = abs(float(steps[:, 2].sum())) > _FAINT * MOVE_KINDS["spiral"].amplitude
    return travels and len(turned) > 8 and abs(float(turned[-1] - turned[0])) > _WINDING


def _curve(path: CameraPath) -> tuple[_Numbers, _Numbers]:
    """Where the camera has gone along its own axes and turned, (N, 7), and how far the subject is.

    Along its own axes an orbit is a straight way to the side, with an even turn.
    """
    positions, rotations = path.positions, path.rotations
    steps = rotations[:-1].inv().apply(np.diff(positions, axis=0)) if len(path) > 1 else 0.0
    gone = np.concatenate([np.zeros((1, 3)), np.cumsum(np.atleast_2d(steps), axis=0)])
    angles = np.array([pose.rotation for pose in path.poses], np.float64)
    angles = np.unwrap(angles, period=360.0, axis=0)
    lens = np.log(path.focal_lengths)
    pitch, yaw, roll = angles.T
    curve = np.column_stack([gone, yaw, pitch, roll, lens])
    forward = rotations.apply(np.array([0.0, 0.0, -1.0]))
    distance = np.maximum(-(forward * positions).sum(axis=1), 0.1)
    return curve, np.asarray(distance, np.float64)


def _stretches(curve: _Numbers, times: _Numbers, bend: float) -> list[tuple[int, int]]:
    """The parts of a path, (M, 7) in sizes, between its bends and its rests."""
    extent = float(np.ptp(curve, axis=0).max())
    if extent < _FAINT:
        return []
    moving: list[tuple[int, int]] = []
    speed = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    fast = speed > _REST_SPEED * speed.max()
    index = 0
    while index < len(fast):
        if not fast[index]:
            index += 1
            continue
        end = index
        while end < len(fast) and (fast[end] or _short_rest(fast, end, times)):
            end += 1
        moving.append((index, end))
        index = end
    # What lies at the ends of the clip keeps its slow beginning and end.
    if times[moving[0][0]] - times[0] < _REST_SECONDS:
        moving[0] = 0, moving[0][1]
    if times[-1] - times[moving[-1][1]] < _REST_SECONDS:
        moving[-1] = moving[-1][0], len(times) - 1
    parts: list[tuple[int, int]] = []
    for first, last in moving:
        most = bend * extent
        bends = _bends(curve, first, last, most)
        while len(bends) > _MOST_STRETCHES:
            most *= 1.5
            bends = _bends(curve, first, last, most)
        parts += bends
    return parts


def _short_rest(fast: NDArray[np.bool_], start: int, times: _Numbers) -> bool:
    after = start
    while after < len(fast) and not fast[after]:
        after += 1
    return after < len(fast) and float(times[after] - times[start]) < _REST_SECONDS


def _bends(curve: _Numbers, first: int, last: int, most: float) -> list[tuple[int, int]]:
    """A stretch split where it strays from the straight line (Douglas & Peucker, 1973).

    Time has no part in it: a move that eases in and out is one straight line.
    """
    if last - first < 2:
        return [(first, last)]
    begin, way = curve[first], curve[last] - curve[first]
    inner = curve[first + 1 : last] - begin
    square = float(way @ way)
    share = np.clip(inner @ way / square, 0.0, 1.0) if square > 1e-12 else np.zeros(len(inner))
    off = np.linalg.norm(inner - share[:, None] * way, axis=1)
    at = int(off.argmax())
    if off[at] <= most:
        return [(first, last)]
    middle = first + 1 + at
    return _bends(curve, first, middle, most) + _bends(curve, middle, last, most)


def _told(
    change: _Numbers, reach: tuple[float, float], least: float
) -> list[tuple[MoveType, Direction | None, float]]:
    """What a change (7,) of place, direction and lens is called, the largest first.

    ``reach`` is the distance to the subject at the start and at the end, units; ``least`` the size
    of what is worth telling.
    """
    left = change.copy()
    found: list[tuple[MoveType, Direction | None, float]] = []
    usual = 0.5 * (reach[0] + reach[1])
    if _keeps_framed(left[_X], left[_YAW], usual):
        size = abs(float(left[_YAW])) / MOVE_KINDS["orbit"].amplitude
        found.append(("orbit", "right" if left[_X] > 0 else "left", size))
        left[[_X, _YAW]] = 0.0
    if _keeps_framed(left[_Y], -left[_PITCH], usual):
        up: Direction = "up" if left[_Y] > 0 else "down"
        if abs(left[_PITCH]) > _HIGH_ORBIT:
            size = abs(float(left[_PITCH])) / MOVE_KINDS["orbit"].amplitude
            found.append(("orbit", up, size))
        else:
            found.append(("crane", up, abs(float(left[_Y])) / MOVE_KINDS["crane"].amplitude))
        left[[_Y, _PITCH]] = 0.0
    held = math.log(max(reach[1], 0.1) / max(reach[0], 0.1))
    if abs(held) > 0.03 and 0.6 < left[_LENS] / held < 1.6:
        size = abs(float(left[_Z])) / MOVE_KINDS["dolly_zoom"].amplitude
        found.append(("dolly_zoom", "forward" if left[_Z] < 0 else "backward", size))
        left[[_Z, _LENS]] = 0.0
    plain: tuple[tuple[int, MoveType, Direction, Direction], ...] = (
        (_X, "truck", "right", "left"),
        (_Y, "pedestal", "up", "down"),
        (_Z, "dolly", "backward", "forward"),
        (_YAW, "pan", "left", "right"),
        (_PITCH, "tilt", "up", "down"),
        (_ROLL, "roll", "counterclockwise", "clockwise"),
        (_LENS, "zoom", "forward", "backward"),
    )
    for axis, kind, positive, negative in plain:
        size = abs(float(left[axis])) / float(_SIZES[axis])
        found.append((kind, positive if left[axis] > 0 else negative, size))
    found.sort(key=lambda entry: -entry[2])
    least = max(least, _ASIDE * found[0][2])
    return [entry for entry in found if entry[2] >= least][:_MOST_AT_ONCE]


def _keeps_framed(aside: float, turn: float, distance: float) -> bool:
    """Whether a camera that goes aside, units, turns back, degrees, to what lies before it."""
    if abs(turn) < 0.5 or aside * turn <= 0.0:
        return False
    pivot = aside / math.radians(turn)
    return 0.5 * distance < pivot < 2.0 * distance


def _shake(rest: _Numbers, fps: float) -> float:
    """How strongly a path shakes, by what is left of it (N, 7) without its slow part; mostly 0."""
    turns = rest[:, [_YAW, _PITCH]]
    crossings = (np.diff(np.sign(turns), axis=0) != 0).sum(axis=0).min()
    # The bends of a smooth path leave something, too, but it does not swing to and fro.
    if crossings / (len(rest) / fps) < _SWINGS:
        return 0.0
    size = _SHAKE_GAIN * float(turns.std(axis=0).min()) / HANDHELD_DEGREES
    return min(size, 1.0) if size > 0.1 else 0.0
