"""From keyframes to the camera at any frame.

Between its keys a channel (place, rotation, lens) runs along the curve of the key before, or the
path's; its time is eased first. Every curve passes exactly through its keys. A ``hold`` breaks the
curves on both its sides. Outside its first and last key the camera stands.

A looped path is one of period ``frames``: it leads from its last key back to the first key as it
comes round again, and its smooth curves run on through that seam. In a loop the frames before a
first key that does not stand on frame 0 belong to the way back. A last key on the frame where the
first comes round again is the seam itself and must be the same camera; it may be whole turns on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from synth.camera.aiming import Aim, Target, held_size, shaken
from synth.camera.keys import FARTHEST, CameraKey, CameraKeys
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.retiming import ConstantSpeed, Timing
from synth.camera.splines import Numbers, Shapes, Spline
from synth.camera.turning import TurnSpline, rotations
from synth.errors import InvalidInstruction

_TABLE_ROWS = 100_000
_FARTHEST_FRAME = 1e12


@dataclass(frozen=True)
class Samples:
    """The camera at N frames."""

    positions: Numbers
    """World positions, shape (N, 3), scene units."""
    angles: Numbers
    """(pitch, yaw, roll), degrees, shape (N, 3), continuous along the path."""
    focal_lengths: Numbers
    """Millimetres, shape (N,)."""

    @property
    def rotations(self) -> Rotation:
        """World-from-camera rotations of all samples."""
        return rotations(self.angles)

    def __len__(self) -> int:
        return len(self.positions)


def sample(keys: CameraKeys, frames: ArrayLike) -> Samples:
    """The camera of a keyed path at any frames.

    Args:
        keys: the path.
        frames: N frame numbers in any order, fractions allowed; outside the keys the path stands,
            or, looped, begins again.

    Raises:
        InvalidInstruction: frames that are no finite numbers, a loop that does not close, a
            target where the camera is, a subject whose size cannot be held.
    """
    try:
        numbers = np.atleast_1d(np.asarray(frames, dtype=np.float64)).ravel()
    except (TypeError, ValueError):
        raise InvalidInstruction("Frame numbers must be numbers.") from None
    if not np.all(np.isfinite(numbers)):
        raise InvalidInstruction(
            "A frame number asked of a camera path is not a finite number. Ask for frames from 0 "
            f"to {keys.frames}."
        )
    return _Track(keys).at(np.clip(numbers, -_FARTHEST_FRAME, _FARTHEST_FRAME))


def keyed_path(keys: CameraKeys, *, fps: Fraction | None = None) -> CameraPath:
    """The camera of every frame of a clip, 0 to ``keys.frames`` - 1.

    Args:
        keys: the path.
        fps: another frame rate than the keys' own; the path keeps its time in seconds.

    Raises:
        InvalidInstruction: as ``sample``; also a lens or a place beyond the limits of keys, which
            curves that overshoot, long handles or a held size can lead to.
    """
    rate = fps or keys.fps
    count = max(1, round(keys.frames / keys.fps * rate))
    at = np.arange(count) * (keys.frames / count)
    samples = sample(keys, at)
    shortest, longest = _lens_limits()
    focal = samples.focal_lengths
    beyond = np.maximum((focal - longest) / longest, (shortest - focal) / shortest)
    worst = int(np.argmax(beyond))
    if beyond[worst] > 1e-9:
        why = "Holding the subject's size" if keys.hold_size else "The path"
        raise InvalidInstruction(
            f"{why} asks for a lens of {focal[worst]:.4g} mm on frame {at[worst]:g}; it can be "
            f"{shortest:g} to {longest:g} mm. Choose a calmer lens curve or a shorter way."
        )
    farthest = np.abs(samples.positions).max(axis=1)
    worst = int(np.argmax(farthest))
    if farthest[worst] > FARTHEST * (1.0 + 1e-9):
        raise InvalidInstruction(
            f"On frame {at[worst]:g} the curve swings out to {farthest[worst]:.4g} units; the "
            f"limit is {FARTHEST:g}. Shorten the handles or choose a calmer curve."
        )
    # Adding 0.0 turns a negative zero into a plain one.
    rows = zip(
        (samples.positions + 0.0).tolist(),
        (samples.angles + 0.0).tolist(),
        np.clip(focal, shortest, longest).tolist(),
        strict=True,
    )
    poses = tuple(CameraPose((x, y, z), (a, b, c), lens) for (x, y, z), (a, b, c), lens in rows)
    return CameraPath(poses, rate)


def _lens_limits() -> tuple[float, float]:
    """Shortest and longest focal length of a key, millimetres, from its field."""
    bounds = CameraKey.model_fields["focal_length"].metadata
    lowest = next(bound.ge for bound in bounds if hasattr(bound, "ge"))
    highest = next(bound.le for bound in bounds if hasattr(bound, "le"))
    return float(lowest), float(highest)


class _Track:
    """The curves of one keyed path."""

    def __init__(self, keys: CameraKeys) -> None:
        self._keys = keys
        self._loop = keys.loop and len(keys.keys) > 1
        self._period = float(keys.frames)
        rows = self._rows(keys)
        starts = np.array([key.frame for key in rows[:-1]])
        end = starts[0] + self._period if self._loop else rows[-1].frame
        lengths = np.diff(np.append(starts, end))
        if len(keys.keys) == 1:
            lengths = np.ones(1)
        self._first, self._last = float(starts[0]), float(starts[-1] + lengths[-1])
        self._build(rows, starts, lengths)

    def _rows(self, keys: CameraKeys) -> Sequence[CameraKey]:
        """The keys, and at the end the one that the last piece leads to."""
        rows = keys.keys
        if len(rows) == 1:
            return (rows[0].model_copy(update={"curve": "hold", "turn_curve": "hold"}), rows[0])
        if not self._loop:
            return rows
        first, last = rows[0], rows[-1]
        if last.frame < first.frame + keys.frames:
            # The seam is the first key again, by the angles that are nearest to the last one's.
            turns = np.round(np.subtract(last.rotation, first.rotation) / 360.0)
            angles = tuple((np.array(first.rotation) + 360.0 * turns).tolist())
            return (*rows, first.model_copy(update={"rotation": angles}))
        away = float(np.linalg.norm(np.subtract(last.position, first.position)))
        ends = rotations(np.array([first.rotation, last.rotation]))
        turned = float(np.degrees((ends[0].inv() * ends[1]).magnitude()))
        lens = abs(last.focal_length - first.focal_length)
        if away > 1e-6 or turned > 1e-4 or lens > 1e-6:
            raise InvalidInstruction(
                f"The path is looped, and its last key, on frame {last.frame:g}, is where the loop "
                f"begins again; but it is {away:.4g} units, {turned:.4g} degrees and {lens:.4g} mm "
                "away from the first key. Give it the first key's values, delete it, or move it "
                "to an earlier frame."
            )
        handle = first.tangent_in if last.tangent_in is None else last.tangent_in
        again = first.model_copy(update={"rotation": last.rotation, "tangent_in": handle})
        return (*rows[:-1], again)

    def _build(self, rows: Sequence[CameraKey], starts: Numbers, lengths: Numbers) -> None:
        keys, pieces = self._keys, rows[:-1]
        places = np.array([key.position for key in rows])
        angles = np.array([key.rotation for key in rows])
        lenses = np.array([[key.focal_length] for key in rows])
        tcb = np.array([(key.tension, key.continuity, key.bias) for key in rows])
        none = (np.nan, np.nan, np.nan)
        shapes = Shapes(
            tcb,
            np.array([key.tangent_in or none for key in rows]),
            np.array([key.tangent_out or none for key in rows]),
        )
        bare = Shapes(tcb, np.full((len(rows), 3), np.nan), np.full((len(rows), 3), np.nan))
        lens_shapes = Shapes(tcb, bare.handles_in[:, :1], bare.handles_out[:, :1])
        curves = [key.curve or keys.curve for key in pieces]
        turns = [key.turn_curve or keys.turn_curve for key in pieces]
        lens_curves = [key.lens_curve or keys.lens_curve for key in pieces]
        long_way = np.array([key.long_way for key in pieces])
        self._places = Spline.through(places, lengths, curves, self._loop, shapes)
        self._turns = TurnSpline.through(angles, lengths, turns, long_way, self._loop, bare)
        self._lenses = Spline.through(lenses, lengths, lens_curves, self._loop, lens_shapes)
        self._timing = Timing(starts, lengths, [key.easing for key in pieces])
        if keys.constant_speed:
            self._timing = ConstantSpeed.along(self._places, self._timing)

    def at(self, frames: Numbers) -> Samples:
        """The camera at finite frames, shape (N,)."""
        keys = self._keys
        times, laps = self._folded(frames)
        positions, angles, focal = self._channels(times)
        lap = self._turns.lap
        targets = None
        if keys.look_at is not None or keys.hold_size:
            target = Target(keys.look_at, self._period if self._loop else None)
            targets = target.at(frames)
            aim = None
            if keys.look_at is not None:
                aim = self._aim(target)
                # Where the target stands is a matter of the clip's time, not the path's.
                known = times if self._loop else frames
                angles = aim.turned(angles, known, positions, targets)
                lap = np.append(aim.lap, lap[2])
            if keys.hold_size:
                focal = self._held(target, aim, frames, positions, angles, targets)
        if self._loop:
            angles = angles + laps[:, None] * lap
        if keys.handheld is not None and keys.handheld.strength > 0.0:
            seconds, period = self._seconds(frames)
            positions, angles = shaken(keys.handheld, seconds, positions, angles, period)
        if not (np.all(np.isfinite(positions)) and np.all(np.isfinite(focal))):
            raise InvalidInstruction(
                "The path leads beyond all numbers. Bring the handles of its easings and keys "
                "nearer."
            )
        return Samples(positions, angles, focal)

    def _folded(self, frames: Numbers) -> tuple[Numbers, Numbers]:
        """Frames within the path, and the laps run before them, both (N,)."""
        laps = np.zeros_like(frames)
        if self._loop:
            laps = np.floor((frames - self._first) / self._period)
            frames = frames - laps * self._period
        return np.clip(frames, self._first, self._last), laps

    def _channels(self, times: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Positions (N, 3), angles (N, 3) and focal lengths (N,) as the keys alone say."""
        place = self._timing.at(times)
        with np.errstate(over="ignore", invalid="ignore"):
            lens = self._lenses.at(*place)[:, 0]
            return self._places.at(*place), self._turns.at(*place), lens

    def _aim(self, target: Target) -> Aim:
        """The aim along the whole path, over a table that is the same for every question."""
        starts, lengths = self._timing.starts, self._timing.lengths
        fine = min(max(_TABLE_ROWS // len(starts), 12), 256)
        table = [(starts[:, None] + lengths[:, None] * (np.arange(fine) / fine)).ravel()]
        table.append(np.array([self._first, self._last]))
        if len(target.frames) > 1:
            fine = min(max(_TABLE_ROWS // len(target.frames), 12), 256)
            way = np.arange(len(target.frames) * fine - fine + 1) / fine
            table.append(np.interp(way, np.arange(len(target.frames)), target.frames))
        frames = np.concatenate(table)
        if self._loop:
            frames = np.append(self._folded(frames)[0], self._last)
        frames = np.unique(frames)
        places = self._places.at(*self._timing.at(frames))
        return Aim(frames, places, target.at(frames), self._turns.angles[0, :2])

    def _held(
        self,
        target: Target,
        aim: Aim | None,
        frames: Numbers,
        positions: Numbers,
        angles: Numbers,
        targets: Numbers,
    ) -> Numbers:
        """Focal lengths that hold the size that the target has at the first key."""
        start = np.array([self._first])
        place, turned, focal = self._channels(start)
        at_start = target.at(start)
        if aim is not None:
            turned = aim.turned(turned, start, place, at_start)
        return held_size(
            float(focal[0]),
            np.concatenate([turned, angles]),
            np.concatenate([place, positions]),
            np.concatenate([at_start, targets]),
            np.concatenate([start, frames]),
        )

    def _seconds(self, frames: Numbers) -> tuple[Numbers, float | None]:
        """Seconds since the clip began, and the shake's period in a loop."""
        rate = float(self._keys.fps)
        if self._keys.loop:
            return np.mod(frames, self._period) / rate, self._period / rate
        return np.clip(frames, 0.0, self._period) / rate, None
