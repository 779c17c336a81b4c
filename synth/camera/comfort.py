"""How a camera path feels: its speeds frame by frame, and where a viewer would feel a bump.

Speed as such does not disturb; a speed that changes from one frame to the next does. What counts is
how the picture moves, not the camera: the path is turned into the motion of nine points spread over
the frame at the subject's distance, in frame widths per second, by the equations of the motion
field (Longuet-Higgins & Prazdny, "The interpretation of a moving retinal image", Proceedings of the
Royal Society B 208, 1980). Travel, turn and zoom are looked at apart, so that a corner in one is
not hidden by the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import percentile_filter
from scipy.spatial.transform import Rotation

from synth.camera.conventions import SENSOR_WIDTH_MM
from synth.camera.pose import CameraPath

Numbers = NDArray[np.float64]

NOTICED_SPEED: Final = 0.01
"""Change of the picture's speed below which nobody feels anything, frame widths per second.

That is 0.3 degrees per second where the picture spans 30 degrees of the view, about the slowest
motion that eyes notice with nothing at rest beside it (Aubert 1886: 10 to 20 minutes of arc per
second; Boff & Lincoln, "Engineering Data Compendium", 1988)."""

NOTICED_SHARE: Final = 0.2
"""Change of speed below which nobody feels anything, as a share of the speed itself.

Sudden changes are seen from about 17 % on (Gottsdanker 1956; Werkhoven, Snippe & Toet, "Visual
processing of optic acceleration", Vision Research 32, 1992)."""

SUDDEN_SECONDS: Final = 1.0 / 12.0
"""A change that happens within this time is felt as one blow rather than as acceleration.

Two frames of film; eyes sum up motion over about a tenth of a second (Burr, "Temporal summation of
moving images by the human visual system", Proceedings of the Royal Society B 211, 1981). A change
just noticed in that time is an acceleration of the picture of ``NOTICED_SPEED / SUDDEN_SECONDS`` =
0.12 frame widths per second per second."""

SUDDEN_TIMES: Final = 3.0
"""A sudden change is this many times as large as what comes before, after and all around it; so
neither an eased start, which gathers speed over many frames, nor a handheld shake is one."""

JUMP_WIDTHS: Final = 0.01
"""Smallest leap between two frames that stands out from an otherwise slower path, frame widths:
13 pixels of a frame 1280 wide, what a speed of a quarter of the frame per second covers."""

CROSSING_SECONDS: Final = 7.0
"""A detail should take this long to cross the whole frame at 24 frames per second; faster and it
strobes. The usual rule of panning tables; see RED, "Panning Speed Best Practices",
https://www.red.com/red-101/camera-panning-speed. Twice the frames per second bear twice the
speed."""

PANNING_SECONDS: Final = 0.25
"""A pan faster than that for less time than this is not worth a word, seconds."""

_NEAREST: Final = 0.5
"""Scene units: a camera in the very midst of the subject is taken to see things that far away."""

_SPREAD: Final = np.array([(x, y) for y in (-0.25, 0.0, 0.25) for x in (-0.4, 0.0, 0.4)])
"""The nine points of the frame: x and y from its middle, frame widths. Shape (9, 2)."""
_SPREAD.flags.writeable = False

BumpKind = Literal["travel", "turn", "zoom", "jump", "panning"]


class Bump(NamedTuple):
    """A moment that a viewer would feel, with what to do about it."""

    frame: int
    kind: BumpKind
    """What changes suddenly; ``jump`` is a leap from one frame to the next, ``panning`` a turn or
    travel so fast that details strobe."""
    sentence: str


@dataclass(frozen=True)
class MotionReport:
    """The motion of a camera path; every array has one number per frame, shape (N,)."""

    fps: Fraction
    speed: Numbers
    """Travel, units per second."""
    turn_speed: Numbers
    """Turning, about whatever axis, degrees per second."""
    zoom_speed: Numbers
    """Rate of change of the natural logarithm of the focal length, 1/s; above 0 zooms in."""
    acceleration: Numbers
    """Length of the change of velocity, units per second per second."""
    jerk: Numbers
    """Length of the change of acceleration, units per second cubed."""
    picture_speed: Numbers
    """Speed of the picture at the subject's distance, mean square over the frame, widths/s."""
    bumps: tuple[Bump, ...]
    """What a viewer would feel, in order of time."""

    @property
    def top_speed(self) -> float:
        """Fastest travel, units per second."""
        return float(self.speed.max())

    @property
    def is_smooth(self) -> bool:
        """Whether there is nothing to feel."""
        return not self.bumps


def measure_motion(path: CameraPath) -> MotionReport:
    """Speeds of a path and the moments at which a viewer would feel a bump.

    Speeds at a frame are central differences, one-sided at the ends. The first and last moment of
    a clip are no bumps: a cut comes before and after them.
    """
    if len(path) == 1:
        still = np.zeros(1)
        return MotionReport(path.fps, still, still, still, still, still, still, ())
    rate = float(path.fps)
    velocity = _slope(path.positions, rate)
    acceleration = _bend(path.positions, rate)
    fields = _fields(path)
    bumps = sorted((*_bumps(fields, path.fps), *_panning(fields.total, path.fps)))
    return MotionReport(
        fps=path.fps,
        speed=np.linalg.norm(velocity, axis=1),
        turn_speed=_at_frames(fields.degrees),
        zoom_speed=_at_frames(fields.growth),
        acceleration=np.linalg.norm(acceleration, axis=1),
        jerk=np.linalg.norm(_slope(acceleration, rate), axis=1),
        picture_speed=_at_frames(_size(fields.total)),
        bumps=tuple(bumps),
    )


def _slope(values: Numbers, rate: float) -> Numbers:
    """Change per second of (N, C) values, N at least 2."""
    return np.gradient(values, axis=0) * rate


def _bend(values: Numbers, rate: float) -> Numbers:
    """Second derivative of (N, C) values; the ends repeat their neighbours."""
    if len(values) < 3:
        return np.zeros_like(values)
    inner = np.diff(values, 2, axis=0) * rate**2
    return np.concatenate([inner[:1], inner, inner[-1:]])


def _at_frames(steps: Numbers) -> Numbers:
    """Numbers of the steps between frames, (N - 1,), as means at the N frames."""
    return np.concatenate([steps[:1], 0.5 * (steps[1:] + steps[:-1]), steps[-1:]])


def _size(field: Numbers) -> Numbers:
    """Root-mean-square length over the frame's points of (M, P, 2) vectors; shape (M,)."""
    return np.sqrt(np.mean(np.sum(field**2, axis=2), axis=1))


@dataclass(frozen=True)
class _Fields:
    """What happens in each of the M = N - 1 steps between frames; fields have shape (M, 9, 2)."""

    travel: Numbers
    """Motion of the picture by the camera's travel alone, frame widths per second."""
    turn: Numbers
    """By its turning alone."""
    zoom: Numbers
    """By the lens alone."""
    units: Numbers
    """Travel, units per second, shape (M,)."""
    degrees: Numbers
    """Turning, degrees per second, shape (M,)."""
    growth: Numbers
    """Change of the logarithm of the focal length, 1/s, shape (M,)."""

    @property
    def total(self) -> Numbers:
        """Motion of the picture by all three."""
        return self.travel + self.turn + self.zoom


def _fields(path: CameraPath) -> _Fields:
    rate = float(path.fps)
    positions, turns, logs = path.positions, path.rotations, np.log(path.focal_lengths)
    steps = np.diff(positions, axis=0) * rate
    spin = (turns[:-1].inv() * turns[1:]).as_rotvec()
    # In the camera's own axes half-way through the step.
    own = (turns[:-1] * Rotation.from_rotvec(0.5 * spin)).inv().apply(steps)
    between = 0.5 * (positions[1:] + positions[:-1])
    depth = np.maximum(np.linalg.norm(between, axis=1), _NEAREST)[:, None]
    growth = np.diff(logs) * rate
    focal = np.exp(0.5 * (logs[1:] + logs[:-1]))[:, None] / SENSOR_WIDTH_MM
    x, y = _SPREAD[:, 0] / focal, _SPREAD[:, 1] / focal
    tx, ty, tz = (own[:, axis, None] / depth for axis in range(3))
    wx, wy, wz = (spin[:, axis, None] * rate for axis in range(3))
    # A still point p = (x, y, -1) at depth 1 moves by -(t + w × p) in the camera's axes.
    turning = (wy + y * wz, -wx - x * wz, x * wy - y * wx)

    def seen(moved: tuple[Numbers, Numbers, Numbers]) -> Numbers:
        dx, dy, dz = moved
        return np.stack([dx + x * dz, dy + y * dz], axis=2) * focal[..., None]

    return _Fields(
        travel=seen((-tx, -ty, -tz)),
        turn=seen(turning),
        zoom=growth[:, None, None] * _SPREAD,
        units=np.linalg.norm(steps, axis=1),
        degrees=np.degrees(np.linalg.norm(spin, axis=1)) * rate,
        growth=growth,
    )


def _bumps(fields: _Fields, fps: Fraction) -> list[Bump]:
    """Sudden changes and jumps of each of the three kinds of motion."""
    found: list[Bump] = []
    kinds: tuple[tuple[BumpKind, Numbers, Numbers, str, str], ...] = (
        ("travel", fields.travel, fields.units, "travel", "units per second"),
        ("turn", fields.turn, fields.degrees, "turn", "degrees per second"),
        ("zoom", fields.zoom, np.abs(fields.growth) * 100.0, "zoom", "percent per second"),
    )
    for kind, field, speeds, noun, unit in kinds:
        jumps = _jumps(field, fps)
        for frame in jumps:
            found.append(
                Bump(
                    frame + 1,
                    "jump",
                    f"At {_clock(frame + 1, fps)} the camera's {noun} leaps within one frame. "
                    "Move its keys apart, or take another curve than hold.",
                )
            )
        for frame in _sudden_changes(field, fps, jumps):
            # A corner between two frames is spread over the step that holds it.
            before, after = speeds[frame - 2], speeds[frame + 1]
            found.append(Bump(frame, kind, _sentence(noun, unit, before, after, frame, fps)))
    return found


def _jumps(field: Numbers, fps: Fraction) -> list[int]:
    """Steps in which the picture leaps, while it moves far less in the steps around."""
    size = _size(field) / float(fps)
    if len(size) < 3:
        return []
    # In a path of jumps (hold keys on every frame, say) there is no calm for one to stand out from.
    around = np.pad(size, 2)
    around = np.max([around[:-4], around[1:-3], around[3:-1], around[4:]], axis=0)
    leap = (size >= JUMP_WIDTHS) & (size >= SUDDEN_TIMES * around)
    return [int(step) for step in np.flatnonzero(leap)]


def _sudden_changes(field: Numbers, fps: Fraction, jumps: list[int]) -> list[int]:
    """Frames at which the motion of the picture changes at one blow, from its (M, 9, 2) field."""
    window = max(2, round(float(fps) * SUDDEN_SECONDS))
    if len(field) < 2 * window + 1:
        return []
    calm = field.copy()
    for step in jumps:
        # A leap is told as such; what is before and after it may still differ.
        calm[step] = calm[step - 1] if step > 0 else calm[step + 1]
    # change[k] is between step k and step k + window: the sum of the changes at the frames within.
    change = _size(calm[window:] - calm[:-window])
    size = _size(calm)
    fastest = np.maximum(size[window:], size[:-window])
    beside = np.pad(change, window)
    beside = np.maximum(beside[: -2 * window], beside[2 * window :])
    usual = percentile_filter(change, 70.0, size=max(3, round(1.5 * float(fps))), mode="nearest")
    sudden = (
        (change >= NOTICED_SPEED)
        & (change >= NOTICED_SHARE * fastest)
        & (change >= SUDDEN_TIMES * np.maximum(beside, usual))
    )
    blows = np.concatenate([[0.0], _size(np.diff(calm, axis=0)), [0.0]])
    frames: list[int] = []
    for first, last in _runs(sudden):
        # Windows that see the same corner: it is at the frame with the largest single change.
        frame = first + 1 + int(np.argmax(blows[first + 1 : last + window + 1]))
        if window < frame < len(field) + 1 - window:
            frames.append(frame)
    return frames


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of each stretch of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _clock(frame: int, fps: Fraction) -> str:
    return f"{float(frame / fps):.2f} s (frame {frame})"


def _sentence(noun: str, unit: str, before: float, after: float, frame: int, fps: Fraction) -> str:
    """What is felt, how much, and what helps."""
    where = f"At {_clock(frame, fps)} the camera's {noun}"
    little = NOTICED_SHARE * max(before, after)
    if before < little:
        return f"{where} starts abruptly, at {after:.3g} {unit} at once. Ease out of the key there."
    if after < little:
        return f"{where} stops abruptly, from {before:.3g} {unit}. Ease into the key there."
    if abs(after - before) >= little:
        return (
            f"{where} changes its speed abruptly, from {before:.3g} to {after:.3g} {unit}. "
            "Take a smooth curve, or move the keys so that the speeds meet."
        )
    return f"{where} turns a sharp corner. Take a smooth curve, or ease in and out of the key."


def _panning(total: Numbers, fps: Fraction) -> list[Bump]:
    """Stretches in which the middle of the picture runs too fast for the frame rate."""
    speed = np.linalg.norm(total[:, len(_SPREAD) // 2], axis=1)
    fastest = float(fps) / 24.0 / CROSSING_SECONDS
    shortest = max(1, round(PANNING_SECONDS * float(fps)))
    found: list[Bump] = []
    for first, last in _runs(speed > 1.001 * fastest):
        if last - first + 1 < shortest:
            continue
        top = first + int(np.argmax(speed[first : last + 1]))
        found.append(
            Bump(
                first,
                "panning",
                f"From {_clock(first, fps)} the picture crosses the frame in "
                f"{1.0 / speed[top]:.1f} s at its fastest; at {float(fps):.4g} frames per second "
                f"details strobe below {1.0 / fastest:.1f} s. Slow the move down or take more "
                "frames per second.",
            )
        )
    return found
