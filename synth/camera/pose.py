"""Camera poses and sampled camera paths: the values that every renderer and exporter shares."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from synth.camera.conventions import DEFAULT_FOCAL_LENGTH, HOME_DISTANCE
from synth.errors import InvalidInstruction

Vector3 = tuple[float, float, float]
"""Three floats ``(x, y, z)`` or ``(pitch, yaw, roll)``; the field that holds them says the unit."""


def rotation_from_degrees(rotation: Vector3) -> Rotation:
    """World-from-camera rotation of ``(pitch, yaw, roll)`` degrees, order Y, then X, then Z."""
    pitch, yaw, roll = rotation
    return Rotation.from_euler("YXZ", [yaw, pitch, roll], degrees=True)


def degrees_from_rotation(rotation: Rotation) -> Vector3:
    """``(pitch, yaw, roll)`` in degrees of a world-from-camera rotation.

    Pitch lies in [-90, 90], yaw and roll in [-180, 180]. Straight up or down, where yaw and roll
    turn about the same axis, roll is 0 and yaw carries both.
    """
    # The pole is a legitimate direction, and the answer there still the same rotation: no warning.
    yaw, pitch, roll = rotation.as_euler("YXZ", degrees=True, suppress_warnings=True)
    return float(pitch), float(yaw), float(roll)


def _nearest_turn(angles: Vector3, reference: Vector3) -> Vector3:
    """The same rotation written with the angles closest to ``reference``, degrees.

    Every rotation has two triples, ``(p, y, r)`` and ``(180 - p, y + 180, r + 180)``, and each
    angle any number of full turns; a path of poses should not jump between them.
    """

    def unwound(triple: Vector3) -> Vector3:
        a, b, c = (
            angle + 360.0 * round((near - angle) / 360.0)
            for angle, near in zip(triple, reference, strict=True)
        )
        return a, b, c

    def distance(triple: Vector3) -> float:
        return sum(abs(a - b) for a, b in zip(triple, reference, strict=True))

    pitch, yaw, roll = angles
    flipped = (180.0 - pitch, yaw + 180.0, roll + 180.0)
    return min(unwound(angles), unwound(flipped), key=distance)


@dataclass(frozen=True)
class CameraPose:
    """Where a camera stands, where it looks, and its lens."""

    position: Vector3 = (0.0, 0.0, HOME_DISTANCE)
    """World position ``(x, y, z)``, scene units."""
    rotation: Vector3 = (0.0, 0.0, 0.0)
    """``(pitch, yaw, roll)``, degrees."""
    focal_length: float = DEFAULT_FOCAL_LENGTH
    """Millimetres on a 36 mm sensor across the longer side of the frame."""

    def __post_init__(self) -> None:
        if len(self.position) != 3 or len(self.rotation) != 3:
            raise InvalidInstruction(
                f"A camera pose needs 3 numbers of position and 3 of rotation, "
                f"not {len(self.position)} and {len(self.rotation)}."
            )
        numbers = (*self.position, *self.rotation, self.focal_length)
        if not all(math.isfinite(number) for number in numbers):
            raise InvalidInstruction(
                f"A camera pose must be made of finite numbers, but holds {numbers}."
            )
        if self.focal_length <= 0:
            raise InvalidInstruction(
                f"The focal length is {self.focal_length} mm; it must be above 0."
            )

    @property
    def world_from_camera(self) -> NDArray[np.float64]:
        """Rotation matrix, shape (3, 3)."""
        return rotation_from_degrees(self.rotation).as_matrix()

    @property
    def is_home(self) -> bool:
        """Whether this is exactly the place and direction the photo was taken from."""
        return self.position == (0.0, 0.0, HOME_DISTANCE) and self.rotation == (0.0, 0.0, 0.0)


HOME = CameraPose()
"""The camera that took the photo."""


@dataclass(frozen=True)
class CameraPath:
    """One camera pose per frame, at an exact frame rate. Frame *i* is shown at ``i / fps``."""

    poses: tuple[CameraPose, ...]
    """The camera of each frame."""
    fps: Fraction
    """Frames per second, exact."""

    def __post_init__(self) -> None:
        if not self.poses:
            raise InvalidInstruction("A camera path needs at least one frame.")
        if self.fps <= 0:
            raise InvalidInstruction(f"The frame rate is {self.fps}; it must be above 0.")

    def __len__(self) -> int:
        return len(self.poses)

    def __iter__(self) -> Iterator[CameraPose]:
        return iter(self.poses)

    def __getitem__(self, index: int) -> CameraPose:
        return self.poses[index]

    @property
    def positions(self) -> NDArray[np.float64]:
        """World positions, shape (N, 3), scene units."""
        return np.array([pose.position for pose in self.poses], dtype=np.float64)

    @property
    def rotations(self) -> Rotation:
        """World-from-camera rotations of all frames."""
        angles = np.array([pose.rotation for pose in self.poses], dtype=np.float64)
        return Rotation.from_euler("YXZ", angles[:, [1, 0, 2]], degrees=True)

    @property
    def focal_lengths(self) -> NDArray[np.float64]:
        """Focal lengths, shape (N,), millimetres."""
        return np.array([pose.focal_length for pose in self.poses], dtype=np.float64)

    @property
    def length(self) -> float:
        """Distance the camera travels, scene units."""
        steps = np.diff(self.positions, axis=0)
        return float(np.linalg.norm(steps, axis=1).sum())

    def at(self, frame: float) -> CameraPose:
        """The camera between frames, for shutter samples; clamped to the ends of the path.

        Positions and focal lengths are interpolated linearly, rotations along the shortest arc.
        At whole frames it is the path's own pose, to the bit; the angles between are written so
        that they continue those of the frame before.

        Args:
            frame: frame number, may be fractional.

        Raises:
            InvalidInstruction: the number is NaN.
        """
        if math.isnan(frame):
            raise InvalidInstruction("The frame number asked of a camera path is not a number.")
        frame = min(max(frame, 0.0), len(self.poses) - 1.0)
        index = int(frame)
        share = frame - index
        before = self.poses[index]
        if share == 0.0:
            return before
        after = self.poses[index + 1]
        if before == after:
            return before
        x, y, z = (
            a + (b - a) * share for a, b in zip(before.position, after.position, strict=True)
        )
        rotation = before.rotation
        if after.rotation != before.rotation:
            pair = Rotation.concatenate(
                [rotation_from_degrees(before.rotation), rotation_from_degrees(after.rotation)]
            )
            turned = degrees_from_rotation(Slerp([0.0, 1.0], pair)(share))
            rotation = _nearest_turn(turned, before.rotation)
        return CameraPose(
            position=(x, y, z),
            rotation=rotation,
            focal_length=before.focal_length + (after.focal_length - before.focal_length) * share,
        )
