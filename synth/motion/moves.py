"""From a motion control to the camera of every frame.

The camera stands on a rig, as on a film set: dolly, truck, pedestal, crane and spiral move the
camera along the rig's own axes, orbit and arc turn the whole rig about the subject, and pan, tilt,
roll and handheld turn the head on top of it. Every move adds its share to that state and adds
nothing at its start, so moves run together or one after another without a jump, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.conventions import DEFAULT_FOCAL_LENGTH, HOME_DISTANCE
from synth.camera.easing import ease
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.shake import HANDHELD_UNITS, shake
from synth.errors import InvalidInstruction, LimitExceeded
from synth.limits import LIMITS
from synth.motion.catalogue import (
    ARC_APPROACH,
    MOVE_KINDS,
    ORBIT_LOOP_RISE,
    SPIRAL_RADIUS,
    SPIRAL_TURNS,
)
from synth.motion.model import CameraMove, MotionControl, TimedMove

Numbers = NDArray[np.float64]

NEAREST_SHARE: Final = 0.08
"""The camera may come no nearer to the subject than this share of the distance it began at."""

_SHAKE_FADE: Final = 0.4
"""Seconds over which shake sets in and dies away inside a clip."""


@dataclass
class _Rig:
    """The camera of every frame as its separate parts, each of shape (N,) and 0 at home."""

    frames: int
    x: Numbers = field(init=False)
    """Sideways along the rig's axes, units, without the moves that keep the subject framed."""
    y: Numbers = field(init=False)
    """Upwards, likewise."""
    z: Numbers = field(init=False)
    """Backwards, without the dolly zooms."""
    aimed_x: Numbers = field(init=False)
    """Sideways, by moves that keep the subject framed."""
    aimed_y: Numbers = field(init=False)
    """Upwards, by moves that keep the subject framed."""
    held_z: Numbers = field(init=False)
    """Backwards, by dolly zooms."""
    around: Numbers = field(init=False)
    """Rig about the subject, degrees; positive carries the camera to its right."""
    above: Numbers = field(init=False)
    """Rig over the subject, degrees; positive carries the camera up."""
    pitch: Numbers = field(init=False)
    yaw: Numbers = field(init=False)
    roll: Numbers = field(init=False)
    """Head, degrees."""
    lens: Numbers = field(init=False)
    """Natural logarithm of the lens's magnification."""

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if name != "frames":
                setattr(self, name, np.zeros(self.frames, dtype=np.float64))


def frame_count(control: MotionControl, fps: Fraction) -> int:
    """Frames of the clip: its duration times the rate, rounded, and at least one."""
    return max(1, round(Fraction(control.duration) * fps))


def camera_path(
    control: MotionControl,
    *,
    fps: Fraction,
    focal_length: float = DEFAULT_FOCAL_LENGTH,
    subject_distance: float = HOME_DISTANCE,
) -> CameraPath:
    """The camera of every frame of a shot.

    The clip has ``round(duration * fps)`` frames, N. A move that ends with the clip is complete at
    frame N, which is not rendered; so a looped clip leads from its last frame into its first.

    Args:
        control: what the camera is asked to do.
        fps: frames per second, exact.
        focal_length: the photo's lens, millimetres on a 36 mm sensor.
        subject_distance: from the home camera to what it orbits and holds, scene units.

    Raises:
        InvalidInstruction: a rate or lens that makes no sense, or moves that together run into
            the subject.
        LimitExceeded: more frames per second than this server allows.
    """
    rate = Fraction(fps)
    if rate <= 0:
        raise InvalidInstruction(f"The frame rate is {float(rate):g}; it must be above 0.")
    if rate > LIMITS.video_fps:
        raise LimitExceeded(
            f"The frame rate is {float(rate):g} frames per second; the limit is "
            f"{LIMITS.video_fps}. Choose a lower one."
        )
    frames = frame_count(control, rate)
    # Stretched by less than half a frame where duration times rate is no whole number, so that
    # the moves end on frame N exactly.
    times = np.linspace(0.0, control.duration, frames, endpoint=False, dtype=np.float64)
    poses = poses_at(control, times, focal_length=focal_length, subject_distance=subject_distance)
    return CameraPath(poses=poses, fps=rate)


def poses_at(
    control: MotionControl,
    times: Numbers,
    *,
    focal_length: float = DEFAULT_FOCAL_LENGTH,
    subject_distance: float = HOME_DISTANCE,
) -> tuple[CameraPose, ...]:
    """The camera at any times of a shot, shape (N,), seconds from its start.

    Before the first move the camera is at home; after a move has ended, what it did stays. Raises
    as ``camera_path`` does.
    """
    times = np.asarray(times, dtype=np.float64)
    if not np.all(np.isfinite(times)):
        raise InvalidInstruction("The times of a camera path must be finite numbers.")
    for name, value in (("focal length", focal_length), ("subject distance", subject_distance)):
        if not (np.isfinite(value) and value > 0.0):
            raise InvalidInstruction(f"The {name} is {value}; it must be a number above 0.")
    rig = _Rig(len(times))
    for timed in control.timeline:
        if timed.move.intensity > 0.0:
            _add_move(rig, timed, times, control.duration)
    return _poses(rig, focal_length, subject_distance)


def _add_move(rig: _Rig, timed: TimedMove, times: Numbers, clip: float) -> None:
    """Add one move's share to the state of every frame."""
    move = timed.move
    length = timed.end - timed.start
    part = np.clip((times - timed.start) / length, 0.0, 1.0)
    if move.type == "handheld":
        _add_shake(rig, timed, times, clip)
        return
    if move.loop:
        # There and back on a raised cosine: at rest at both ends, whatever easing shapes it.
        progress = ease(move.easing or "linear", 0.5 - 0.5 * np.cos(2.0 * np.pi * part))
    else:
        progress = ease(move.curve, part)
    reach = move.kind.amplitude * move.intensity
    match move.type:
        case "dolly" | "push_in" | "pull_out":
            _add_travel(rig, move, progress)
        case "truck":
            rig.x += _sign(move, "right") * reach * progress
        case "pedestal":
            rig.y += _sign(move, "up") * reach * progress
        case "pan":
            rig.yaw += _sign(move, "left") * reach * progress
        case "tilt":
            rig.pitch += _sign(move, "up") * reach * progress
        case "roll":
            rig.roll += _sign(move, "counterclockwise") * reach * progress
        case "zoom":
            power = _sign(move, "forward") * move.intensity
            rig.lens += np.log(move.kind.amplitude) * power * progress
        case "dolly_zoom":
            rig.held_z += _sign(move, "backward") * reach * progress
        case "orbit":
            _add_orbit(rig, move, part, progress)
        case "arc":
            rig.around += _round_the_subject(move) * reach * progress
            rig.z -= ARC_APPROACH * move.intensity * progress
        case "crane":
            rig.aimed_y += _sign(move, "up") * reach * progress
        case "spiral":
            _add_spiral(rig, move, part, progress)


def _sign(move: CameraMove, positive: str) -> float:
    return 1.0 if move.way == positive else -1.0


def _round_the_subject(move: CameraMove) -> float:
    """+1 for the camera's own right; seen from above that is counter-clockwise."""
    return 1.0 if move.way in ("right", "counterclockwise") else -1.0


def _add_travel(rig: _Rig, move: CameraMove, progress: Numbers) -> None:
    """In and out along the line of sight of the rig, or sideways as a truck does."""
    if move.way in ("left", "right"):
        reach = MOVE_KINDS["truck"].amplitude * move.intensity
        rig.x += _sign(move, "right") * reach * progress
    else:
        rig.z += _sign(move, "backward") * move.kind.amplitude * move.intensity * progress


def _add_orbit(rig: _Rig, move: CameraMove, part: Numbers, progress: Numbers) -> None:
    """Round the subject at one distance; looped, once round a small closed curve on that sphere."""
    reach = move.kind.amplitude * move.intensity
    if not move.loop:
        if move.way in ("up", "down"):
            rig.above += _sign(move, "up") * reach * progress
        else:
            rig.around += _round_the_subject(move) * reach * progress
        return
    turn = 2.0 * np.pi * part
    swing = 0.5 * reach * np.where(part >= 1.0, 0.0, np.sin(turn))
    rise = 0.5 * reach * ORBIT_LOOP_RISE * np.where(part >= 1.0, 0.0, 1.0 - np.cos(turn))
    if move.way in ("up", "down"):
        rig.above += _sign(move, "up") * swing
        rig.around += rise
    else:
        rig.around += _round_the_subject(move) * swing
        rig.above += rise


def _add_spiral(rig: _Rig, move: CameraMove, part: Numbers, progress: Numbers) -> None:
    """A turning offset, widest half-way, on a travel in (or out). Looped, it turns all the time."""
    reach = move.kind.amplitude * move.intensity
    rig.z += (1.0 if move.way == "backward" else -1.0) * reach * progress
    winding = part if move.loop else progress
    radius = SPIRAL_RADIUS * move.intensity * np.sin(np.pi * winding)
    radius = np.where((part <= 0.0) | (part >= 1.0), 0.0, radius)
    turn = 2.0 * np.pi * SPIRAL_TURNS * winding
    side = -1.0 if move.way == "counterclockwise" else 1.0
    rig.aimed_x += side * radius * np.sin(turn)
    rig.aimed_y += radius * np.cos(turn)


def _add_shake(rig: _Rig, timed: TimedMove, times: Numbers, clip: float) -> None:
    """Shake on head and rig; it fades in and out, except where the clip itself starts or ends."""
    move = timed.move
    length = timed.end - timed.start
    since = np.clip(times - timed.start, 0.0, length)
    wave = shake(since, move.seed, period=length if move.loop else None)
    strength = np.where((times >= timed.start) & (times <= timed.end), move.intensity, 0.0)
    fade = min(_SHAKE_FADE, 0.5 * length)
    if timed.start > 0.0:
        strength = strength * ease("smoothstep", since / fade)
    if timed.end < clip:
        strength = strength * ease("smoothstep", (length - since) / fade)
    elif move.loop:
        strength = np.where(since >= length, 0.0, strength)
    degrees = move.kind.amplitude * strength
    units = HANDHELD_UNITS * strength
    rig.x += units * wave[:, 0]
    rig.y += units * wave[:, 1]
    rig.z += 0.5 * units * wave[:, 2]
    rig.pitch += degrees * wave[:, 3]
    rig.yaw += degrees * wave[:, 4]
    # A hand turns a camera about its lens less than it nods.
    rig.roll += 0.4 * degrees * wave[:, 5]


def _poses(rig: _Rig, focal_length: float, subject_distance: float) -> tuple[CameraPose, ...]:
    """World poses from the separate parts."""
    free = subject_distance + rig.z
    distance = free + rig.held_z
    nearest = float(min(free.min(initial=np.inf), distance.min(initial=np.inf)))
    if nearest < NEAREST_SHARE * subject_distance:
        raise InvalidInstruction(
            f"The moves together bring the camera to {nearest:.2f} units from the subject's "
            f"plane; the nearest is {NEAREST_SHARE * subject_distance:.2f}. Lower their "
            "intensity, or take fewer moves inwards."
        )
    x, y = rig.x + rig.aimed_x, rig.y + rig.aimed_y
    yaw_all, pitch_all = _towards(x, y, distance)
    yaw_free, pitch_free = _towards(rig.x, rig.y, distance)
    yaw = rig.yaw + (yaw_all - yaw_free)
    pitch = rig.pitch + (pitch_all - pitch_free)

    positions = np.stack([x, y, HOME_DISTANCE + (rig.z + rig.held_z)], axis=1)
    angles = np.stack([pitch - rig.above, yaw + rig.around, rig.roll], axis=1)
    turned = (rig.around != 0.0) | (rig.above != 0.0)
    if np.any(turned):
        stand = Rotation.from_euler(
            "YXZ",
            np.stack([rig.around, -rig.above, np.zeros_like(rig.around)], axis=1)[turned],
            degrees=True,
        )
        pivot = np.array([0.0, 0.0, HOME_DISTANCE - subject_distance])
        positions[turned] = pivot + stand.apply(positions[turned] - pivot)
    # Where the rig leans over the subject and the head is turned, the angles do not simply add.
    mixed = (rig.above != 0.0) & (yaw != 0.0)
    if np.any(mixed):
        head = np.stack([yaw, pitch, rig.roll], axis=1)[mixed]
        lean = np.stack([rig.around, -rig.above, np.zeros_like(yaw)], axis=1)[mixed]
        whole = Rotation.from_euler("YXZ", lean, degrees=True) * Rotation.from_euler(
            "YXZ", head, degrees=True
        )
        angles[mixed] = whole.as_euler("YXZ", degrees=True)[:, [1, 0, 2]]
    lens = focal_length * np.exp(rig.lens) * (distance / free)
    # Adding 0.0 turns a negative zero into a plain one.
    return tuple(
        CameraPose(
            position=(float(p[0]) + 0.0, float(p[1]) + 0.0, float(p[2]) + 0.0),
            rotation=(float(a[0]) + 0.0, float(a[1]) + 0.0, float(a[2]) + 0.0),
            focal_length=float(f),
        )
        for p, a, f in zip(positions, angles, lens, strict=True)
    )


def _towards(x: Numbers, y: Numbers, distance: Numbers) -> tuple[Numbers, Numbers]:
    """Yaw and pitch, degrees, that aim a camera at the subject from an offset of ``(x, y)``."""
    yaw = np.degrees(np.arctan2(x, distance))
    pitch = np.degrees(-np.arctan2(y, np.hypot(x, distance)))
    return yaw, pitch
