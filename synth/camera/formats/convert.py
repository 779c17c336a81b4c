"""The arithmetic that path formats share: axes, matrices, lenses, where a path stands.

Matrices are stacks of shape (N, 4, 4), rows times columns, bottom row (0, 0, 0, 1). "Ours" means
the axes of ``synth.camera.conventions`` (x right, y up, z back: those of OpenGL and Blender);
"OpenCV" means x right, y down, z forward.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from synth.camera.conventions import HOME_DISTANCE, SENSOR_WIDTH_MM
from synth.camera.formats.model import (
    DEFAULT_FPS,
    MAX_FRAMES,
    Anchor,
    ReadOptions,
    WriteOptions,
)
from synth.camera.keys import FARTHEST
from synth.camera.pose import CameraPath, CameraPose
from synth.errors import InvalidMedia, LimitExceeded
from synth.limits import LIMITS

Matrices = NDArray[np.float64]

ROTATION_TOLERANCE: Final = 1e-3
"""Largest error of a rotation's entries that is put right; beyond it the file is refused."""

_QUIET_ERROR: Final = 2e-6
"""Errors of rotation entries that rounding to six decimals or 32 bits explains; no note."""

SHORTEST_LENS: Final = 4.0
LONGEST_LENS: Final = 1200.0
"""Focal lengths that a path may have, millimetres (the bounds of ``CameraKey.focal_length``)."""

_FLIP: Final = (1.0, -1.0, -1.0, 1.0)


def other_camera_axes(camera_to_world: Matrices) -> Matrices:
    """Ours from OpenCV or back, by turning the camera's own axes only; the world stays."""
    return camera_to_world * np.array(_FLIP)


def other_axes(matrices: Matrices) -> Matrices:
    """Ours from OpenCV or back, camera and world: both turn half round x.

    A camera without rotation stays without rotation; ours at (0, 0, 10) stands at (0, 0, -10) in
    OpenCV's world and looks along its +z.
    """
    flip = np.array(_FLIP)
    return matrices * flip[:, None] * flip


def inverted(matrices: Matrices) -> Matrices:
    """World-to-camera from camera-to-world or back; rigid matrices only."""
    result = np.zeros_like(matrices)
    turned = np.swapaxes(matrices[:, :3, :3], 1, 2)
    result[:, :3, :3] = turned
    result[:, :3, 3] = -np.einsum("nij,nj->ni", turned, matrices[:, :3, 3])
    result[:, 3, 3] = 1.0
    return result


def squared(rows: ArrayLike) -> Matrices:
    """(N, 4, 4) matrices from 3 x 4 ones, given as (N, 12) row by row or (N, 3, 4)."""
    top = np.asarray(rows, dtype=np.float64).reshape(-1, 3, 4)
    result = np.zeros((len(top), 4, 4))
    result[:, :3] = top
    result[:, 3, 3] = 1.0
    return result


def checked_matrices(matrices: ArrayLike, what: str = "matrix") -> tuple[Matrices, tuple[str, ...]]:
    """Matrices whose rotations are rotations, and what was put right.

    Rotations that are off by rounding (entries wrong by at most ``ROTATION_TOLERANCE``) are
    replaced with the nearest rotation (polar decomposition by SVD; Higham, "Matrix nearness
    problems and applications", 1989).

    Args:
        matrices: (N, 4, 4), camera-to-world or world-to-camera.
        what: how a message names one of them.

    Raises:
        InvalidMedia: no frames, wrong shape, numbers that are not finite, a bottom row that is
            not (0, 0, 0, 1), or a matrix that is no rotation and shift; the frame is named.
        LimitExceeded: too many frames.
    """
    stack = np.array(matrices, dtype=np.float64)
    if stack.ndim != 3 or stack.shape[1:] != (4, 4):
        raise InvalidMedia(
            f"The file holds matrices of shape {stack.shape[1:]}; a camera needs 4 x 4 numbers."
        )
    check_frames(len(stack))
    bad = ~np.isfinite(stack).all(axis=(1, 2))
    if bad.any():
        raise InvalidMedia(
            f"The {what} of frame {int(bad.argmax())} holds numbers that are not finite. "
            "Export the path again."
        )
    bottom = np.abs(stack[:, 3] - (0.0, 0.0, 0.0, 1.0)).max(axis=1)
    if bottom.max() > ROTATION_TOLERANCE:
        frame = int((bottom > ROTATION_TOLERANCE).argmax())
        raise InvalidMedia(
            f"The {what} of frame {frame} ends with the row {_listed(stack[frame, 3])} instead of "
            "0 0 0 1, so it is not a camera's (or its rows and columns are swapped)."
        )
    stack[:, 3] = (0.0, 0.0, 0.0, 1.0)
    turns = stack[:, :3, :3]
    u, _, vt = np.linalg.svd(np.clip(turns, -1e6, 1e6))
    nearest = u @ vt
    mirrored = np.linalg.det(nearest) < 0.0
    off = np.abs(turns - nearest).max(axis=(1, 2))
    wrong = off > ROTATION_TOLERANCE
    if wrong.any():
        frame = int(wrong.argmax())
        raise InvalidMedia(
            f"The {what} of frame {frame} is not a rotation: it is off by {off[frame]:.3g}; up to "
            f"{ROTATION_TOLERANCE:g} is taken for rounding. Remove scale and shear, then export "
            "again."
        )
    if mirrored.any():
        raise InvalidMedia(
            f"The {what} of frame {int(mirrored.argmax())} mirrors the picture; a camera only "
            "turns and moves. Remove the negative scale, then export again."
        )
    stack[:, :3, :3] = nearest
    worst = int(off.argmax())
    if off[worst] <= _QUIET_ERROR:
        return stack, ()
    return stack, (
        f"Rotations were put right by up to {off[worst]:.2g} (frame {worst}): their numbers are "
        "rounded.",
    )


def check_frames(count: int) -> None:
    """Refuse a path of no frames or of more than ``MAX_FRAMES``."""
    if count == 0:
        raise InvalidMedia("The file holds no camera. A path needs at least one frame.")
    if count > MAX_FRAMES:
        raise LimitExceeded(
            f"The file holds {count:,} frames; the limit is {MAX_FRAMES:,}. Export fewer."
        )


def _listed(numbers: NDArray[np.float64]) -> str:
    return " ".join(f"{number:.4g}" for number in numbers)


# Lenses ------------------------------------------------------------------------------------------


def focal_from_pixels(pixels: ArrayLike, width: int, height: int) -> NDArray[np.float64]:
    """Millimetres on 36 mm across the longer side, from focal lengths in pixels."""
    return np.asarray(pixels, dtype=np.float64) * (SENSOR_WIDTH_MM / max(width, height))


def pixels_from_focal(focal: ArrayLike, width: int, height: int) -> NDArray[np.float64]:
    """Focal lengths in pixels, from millimetres on 36 mm across the longer side."""
    return np.asarray(focal, dtype=np.float64) * (max(width, height) / SENSOR_WIDTH_MM)


def normalised_from_focal(
    focal: ArrayLike, width: int, height: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(fx, fy)`` in parts of the frame's width and height, from millimetres."""
    pixels = pixels_from_focal(focal, width, height)
    return pixels / width, pixels / height


def focal_from_normalised(fx: ArrayLike, fy: ArrayLike) -> NDArray[np.float64]:
    """Millimetres from ``fx`` in parts of the width and ``fy`` in parts of the height.

    Pixels are taken as square, so ``fy / fx`` is the frame's width over its height and the smaller
    of the two belongs to the longer side: no frame size is needed.
    """
    smaller = np.minimum(np.asarray(fx, dtype=np.float64), np.asarray(fy, dtype=np.float64))
    return smaller * SENSOR_WIDTH_MM


def fov_from_focal(
    focal: ArrayLike, width: int, height: int, across: Literal["width", "height"] = "height"
) -> NDArray[np.float64]:
    """Field of view across the frame's width or height, degrees, from millimetres."""
    side = width if across == "width" else height
    return np.degrees(2.0 * np.arctan(side / (2.0 * pixels_from_focal(focal, width, height))))


def focal_from_fov(
    degrees: ArrayLike, width: int, height: int, across: Literal["width", "height"] = "height"
) -> NDArray[np.float64]:
    """Millimetres from a field of view across the frame's width or height, degrees.

    Raises:
        InvalidMedia: a field of view that is not above 0 and below 180 degrees.
    """
    fov = np.asarray(degrees, dtype=np.float64)
    bad = ~((fov > 0.0) & (fov < 180.0))
    if bad.any():
        frame = int(np.ravel(bad).argmax())
        raise InvalidMedia(
            f"The field of view of frame {frame} is {np.ravel(fov)[frame]:g} degrees; it must be "
            "above 0 and below 180."
        )
    side = width if across == "width" else height
    # An angle next to nothing gives an endless lens, which path_from_matrices refuses by its frame.
    with np.errstate(over="ignore", divide="ignore"):
        return focal_from_pixels(side / (2.0 * np.tan(np.radians(fov) / 2.0)), width, height)


# Paths -------------------------------------------------------------------------------------------


def matrices_from_path(path: CameraPath) -> Matrices:
    """Camera-to-world matrices of a path, our axes and units, (N, 4, 4)."""
    result = np.zeros((len(path), 4, 4))
    result[:, :3, :3] = path.rotations.as_matrix()
    result[:, :3, 3] = path.positions
    result[:, 3, 3] = 1.0
    return result


def path_from_matrices(
    camera_to_world: Matrices, focal: float | ArrayLike, fps: Fraction
) -> CameraPath:
    """The path of camera-to-world matrices in our axes and units.

    Angles are written so that they continue those of the frame before, without jumps of 360
    degrees.

    Args:
        camera_to_world: (N, 4, 4), already checked.
        focal: millimetres, one number or (N,).
        fps: frames per second.

    Raises:
        InvalidMedia: a place farther than ``FARTHEST`` from the origin, or a lens shorter than
            4 mm or longer than 1200 mm; the frame is named.
    """
    places = camera_to_world[:, :3, 3] + 0.0  # No negative zeros.
    far = np.abs(places).max(axis=1)
    if not far.max() <= FARTHEST:
        frame = int((~(far <= FARTHEST)).argmax())
        raise InvalidMedia(
            f"The camera of frame {frame} stands {far[frame]:.4g} units away; the limit is "
            f"{FARTHEST:,.0f}. Import with a smaller scale."
        )
    lenses = np.broadcast_to(np.asarray(focal, dtype=np.float64), (len(places),))
    bad = ~((lenses >= SHORTEST_LENS * (1 - 1e-9)) & (lenses <= LONGEST_LENS * (1 + 1e-9)))
    if bad.any():
        frame = int(bad.argmax())
        raise InvalidMedia(
            f"The lens of frame {frame} is {lenses[frame]:.4g} mm (36 mm across the longer side); "
            f"it must be from {SHORTEST_LENS:g} to {LONGEST_LENS:g} mm."
        )
    lenses = np.clip(lenses, SHORTEST_LENS, LONGEST_LENS)
    turns = unwound(Rotation.from_matrix(camera_to_world[:, :3, :3]))
    poses = tuple(
        CameraPose((x, y, z), (pitch, yaw, roll), lens)
        for (x, y, z), (pitch, yaw, roll), lens in zip(
            places.tolist(), turns.tolist(), lenses.tolist(), strict=True
        )
    )
    return CameraPath(poses, fps)


def unwound(rotations: Rotation) -> NDArray[np.float64]:
    """``(pitch, yaw, roll)`` degrees of world-from-camera rotations, (N, 3), without jumps.

    Each rotation has two triples within a turn, ``(p, y, r)`` and ``(180 - p, y + 180, r + 180)``,
    and every angle any number of turns; the one nearest to the frame before is taken. Straight up
    or down, where yaw and roll turn about the same axis, the roll of the frame before is kept.
    """
    # The pole is a legitimate direction, and its angles still give the same rotation: no warning.
    euler = rotations.as_euler("YXZ", degrees=True, suppress_warnings=True)
    angles = np.where(np.abs(euler) < 1e-12, 0.0, euler)[:, [1, 0, 2]]
    turns = np.cumsum(np.round(np.diff(angles, axis=0, prepend=angles[:1]) / 360.0), axis=0)
    result = angles - 360.0 * turns
    if (np.abs(angles[:, 0]) < 85.0).all() and (np.abs(np.diff(result, axis=0)) < 30.0).all():
        # The other triple is 150 degrees off or more in yaw and in roll: never the nearer one.
        return result
    result[0] = last = angles[0]
    for frame in range(1, len(angles)):
        pitch, yaw, roll = angles[frame]
        if abs(pitch) > 90.0 - 1e-5:
            # Only yaw -/+ roll counts at the pole; scipy puts roll to 0 within 1e-7 radians of it.
            kept = last[2]
            choices = [(pitch, yaw + math.copysign(kept - roll, pitch * (kept - roll)), kept)]
        else:
            choices = [(pitch, yaw, roll), (180.0 - pitch, yaw + 180.0, roll + 180.0)]
        triples = [_near(choice, last) for choice in choices]
        result[frame] = last = min(triples, key=lambda near: float(np.abs(near - last).sum()))
    return result


def _near(angles: ArrayLike, reference: NDArray[np.float64]) -> NDArray[np.float64]:
    triple = np.asarray(angles, dtype=np.float64)
    return triple + 360.0 * np.round((reference - triple) / 360.0)


def anchored(camera_to_world: Matrices, anchor: Anchor, *, marked: bool = False) -> Matrices:
    """Matrices in our axes moved to where the path should stand; see ``Anchor``.

    Args:
        camera_to_world: (N, 4, 4), ours.
        anchor: where the path should stand.
        marked: the file says that its coordinates are our world's.
    """
    if anchor == "world" or (anchor == "auto" and marked):
        return camera_to_world
    home = np.eye(4)
    home[2, 3] = HOME_DISTANCE
    moved = home @ inverted(camera_to_world[:1]) @ camera_to_world
    # The first frame stands there exactly, not to within rounding.
    moved[0] = home
    return moved


def matrices_to_write(path: CameraPath, options: WriteOptions) -> Matrices:
    """Camera-to-world in our axes as a writer needs them: its anchor and scale applied."""
    matrices = matrices_from_path(path)
    if options.anchor == "first":
        matrices = inverted(matrices[:1]) @ matrices
        matrices[0] = np.eye(4)
    matrices[:, :3, 3] *= options.scale
    return matrices


# Our mark ----------------------------------------------------------------------------------------

_MARK = re.compile(
    r"motion-synth\.camera/1 fps=(\d{1,12}(?:/\d{1,12})?) "
    r"scale=([0-9.e+\-]{1,32}) anchor=(world|first)"
)


@dataclass(frozen=True)
class Mark:
    """What our own files say about themselves, wherever their format leaves room for text."""

    fps: Fraction = DEFAULT_FPS
    """Frames per second."""
    scale: float = 1.0
    """File units per scene unit."""
    anchor: Literal["world", "first"] = "world"
    """Whether the file's coordinates are our world's or relative to the first camera."""

    @classmethod
    def of(cls, path: CameraPath, options: WriteOptions) -> Mark:
        """The mark of a path that is written with these options."""
        return cls(path.fps, options.scale, options.anchor)

    @property
    def text(self) -> str:
        """The mark as one line of plain ASCII."""
        return f"motion-synth.camera/1 fps={self.fps} scale={self.scale!r} anchor={self.anchor}"

    @classmethod
    def find(cls, text: str) -> Mark | None:
        """The first sound mark in a text, or None."""
        match = _MARK.search(text)
        if match is None:
            return None
        try:
            fps, scale = Fraction(match[1]), float(match[2])
        except (ValueError, ZeroDivisionError):
            return None
        if not (0 < fps <= LIMITS.video_fps and math.isfinite(scale) and 0 < scale <= 1e6):
            return None
        return cls(fps, scale, "world" if match[3] == "world" else "first")


@dataclass(frozen=True)
class Placed:
    """Matrices put in place, and what there is to say about it."""

    matrices: Matrices
    """Camera-to-world, ours, (N, 4, 4)."""
    fps: Fraction
    """Frames per second: the option's, else the file's, else 24."""
    units: str
    """``FoundPath.units``."""
    scale_known: bool
    """``FoundPath.scale_known``."""
    notes: tuple[str, ...]
    """Notes on frame rate and place."""


def placed(
    camera_to_world: Matrices,
    options: ReadOptions,
    mark: Mark | None = None,
    *,
    fps: Fraction | None = None,
    unit: float | None = None,
    unit_name: str = "file unit",
) -> Placed:
    """Scale, anchor and frame rate of a path that was read.

    The scale is the option's; else what our mark says; else ``unit``; else 1 and not known.

    Args:
        camera_to_world: (N, 4, 4), our axes, file units.
        options: what the person said.
        mark: our own mark, if the file has it.
        fps: the frame rate that the file itself says.
        unit: scene units per file unit, for formats with units of their own.
        unit_name: what a unit of the file is.
    """
    notes: list[str] = []
    if options.scale is not None:
        scale, known = options.scale, True
    elif mark is not None:
        scale, known = 1.0 / mark.scale, True
    elif unit is not None:
        scale, known = unit, True
    else:
        scale, known = 1.0, False
    units = f"One {unit_name} was taken as {scale:g} scene unit{'s' * (scale != 1.0)}."
    if not known:
        units += " Nothing says so; a scene unit is a tenth of the way to the photo's subject."
    rate = options.fps or fps or (mark.fps if mark else None)
    if rate is None:
        rate = DEFAULT_FPS
        notes.append(f"The file says no frame rate; {rate} frames per second were taken.")
    in_place = mark is not None and mark.anchor == "world"
    if not in_place and options.anchor != "world":
        notes.append("The first camera was put where the photo was taken, looking straight on.")
    scaled = camera_to_world.copy()
    scaled[:, :3, 3] *= scale
    return Placed(
        anchored(scaled, options.anchor, marked=in_place), rate, units, known, tuple(notes)
    )
