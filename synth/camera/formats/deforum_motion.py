"""The camera that Deforum's per-frame changes describe, and the changes that describe a camera.

Before it draws frame i, Deforum warps frame i - 1 (``animation.py`` of
https://github.com/deforum-art/sd-webui-deforum) with t = (-tx, ty, -tz) / 200 and
R = Rx(rx) Ry(ry) Rz(rz) in PyTorch3D's row vectors, x' = x R + t, where x is a point with x to the
right, y down and z forward. As columns that is x' = R^T x + t, so the camera's rotation from the
new to the old frame is R, and its centre, where x' is 0, lies at -R t = R (tx, -ty, tz) / 200 in
the old frame. Our axes look the other way along y and z (F = diag(1, -1, -1)), which gives

    turn  = F R F = Rx(rx) Ry(-ry) Rz(-rz)
    shift = turn (tx, ty, -tz) / 200

and each frame's camera is the one before, turned and then shifted along its new axes. So positive
numbers move right, up and in, tilt up, pan right and roll clockwise. Frame 0 is drawn first and
never warped: its changes do nothing.

Distances are in depth units of 200. Deforum puts a picture without depth at one of them; here the
subject plane, ten scene units away, is there. So 20 of Deforum's units are one scene unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.formats.convert import Matrices

Floats = NDArray[np.float64]

DEPTH_UNIT: Final = 200.0
"""Deforum's translation over one unit of its depth."""

UNIT: Final = DEPTH_UNIT / HOME_DISTANCE
"""Deforum's translation over one scene unit."""

MOVES: Final = ("translation_x", "translation_y", "translation_z")
TURNS: Final = ("rotation_3d_x", "rotation_3d_y", "rotation_3d_z")
CHANNELS: Final = (*MOVES, *TURNS)
"""Channels of 3D animation, in the order of the columns of changes."""

_SIGNS: Final = (1.0, 1.0, -1.0)
"""Deforum's translation to our x, y, z."""
_TURN_SIGNS: Final = (1.0, -1.0, -1.0)
"""Deforum's rotation to ours about x, y, z."""

_PLACE_ERROR: Final = 1e-6
"""Rounding may put the written camera this far off, units, before it is put right."""
_TURN_ERROR: Final = 2e-8
"""The same for entries of the rotation matrix; about a millionth of a degree."""


def _steps(changes: Floats) -> tuple[Floats, Floats]:
    """Turns (N, 3, 3) and shifts along the new axes (N, 3), in scene units, of changes (N, 6)."""
    turns = Rotation.from_euler("XYZ", changes[:, 3:] * _TURN_SIGNS, degrees=True).as_matrix()
    return turns, changes[:, :3] * _SIGNS / UNIT


def composed(changes: Floats, first: Floats) -> Matrices:
    """Camera-to-world matrices (N, 4, 4) in our axes from per-frame changes.

    Args:
        changes: shape (N, 6), columns as ``CHANNELS``; row 0 does nothing.
        first: matrix of frame 0, shape (4, 4).
    """
    turns, shifts = _steps(changes)
    result = np.empty((len(changes), 4, 4))
    result[:, 3] = (0.0, 0.0, 0.0, 1.0)
    result[0] = first
    turned = first[:3, :3]
    for frame in range(1, len(changes)):
        turned = turned @ turns[frame]
        result[frame, :3, :3] = turned
    moved = np.einsum("nij,nj->ni", result[1:, :3, :3], shifts[1:])
    result[1:, :3, 3] = first[:3, 3] + np.cumsum(moved, axis=0)
    return result


def changes_between(before: Matrices, after: Matrices) -> Floats:
    """Changes, shape (N, 6), that lead from each camera to the one at the same index."""
    turned = np.swapaxes(before[:, :3, :3], 1, 2) @ after[:, :3, :3]
    # Straight to the side, where two of the angles turn alike, any split of them is right.
    angles = Rotation.from_matrix(turned).as_euler("XYZ", degrees=True, suppress_warnings=True)
    way = after[:, :3, 3] - before[:, :3, 3]
    moved = np.einsum("nji,nj->ni", after[:, :3, :3], way)
    return np.hstack([moved * _SIGNS * UNIT, angles * _TURN_SIGNS]) + 0.0


def rounded_changes(matrices: Matrices, digits: int) -> Floats:
    """Changes of every frame, shape (N, 6), rounded, whose sum still follows the path.

    Each is rounded by itself, so that an even motion stays one repeated number; where the camera
    that a reader will arrive at has drifted off by more than a millionth of a unit or degree, that
    frame's change leads back. Row 0 repeats row 1.
    """
    count = len(matrices)
    changes = np.zeros((count, 6))
    if count == 1:
        return changes
    changes[1:] = np.round(changes_between(matrices[:-1], matrices[1:]), digits) + 0.0
    turns, shifts = _steps(changes)
    reached = matrices[0].copy()
    for frame in range(1, count):
        wanted = matrices[frame]
        turned = reached[:3, :3] @ turns[frame]
        place = reached[:3, 3] + turned @ shifts[frame]
        if (
            np.abs(turned - wanted[:3, :3]).max() > _TURN_ERROR
            or np.abs(place - wanted[:3, 3]).max() > _PLACE_ERROR
        ):
            put_right = np.round(changes_between(reached[None], wanted[None]), digits) + 0.0
            changes[frame] = put_right[0]
            turn, shift = _steps(put_right)
            turned = reached[:3, :3] @ turn[0]
            place = reached[:3, 3] + turned @ shift[0]
        reached[:3, :3] = turned
        reached[:3, 3] = place
    changes[0] = changes[1]
    return changes


def flat_camera(
    series: Mapping[str, Floats], width: int, height: int, focal_length: float
) -> tuple[Matrices, Floats]:
    """The camera whose view of a flat picture is Deforum's 2D animation.

    Frame i is frame i - 1 slid by (translation_x, translation_y) pixels to the right and down, then
    turned counter-clockwise by ``angle`` degrees and enlarged ``zoom`` times about its middle. A
    camera that faces the subject plane shows the same: it trucks and pedestals the other way, rolls
    clockwise, and its lens grows longer.

    Args:
        series: translation_x, translation_y, angle and zoom, each of shape (N,); zoom above 0.
        width: frame width, pixels.
        height: frame height, pixels.
        focal_length: lens of frame 0, millimetres.

    Returns:
        Camera-to-world matrices (N, 4, 4), the first looking along -Z from the origin, and focal
        lengths (N,), millimetres.
    """
    zoom, angle = series["zoom"].copy(), np.radians(series["angle"])
    count = len(zoom)
    zoom[0] = 1.0
    angle[0] = 0.0
    magnified: Floats = np.cumprod(zoom, dtype=np.float64)
    turned: Floats = np.cumsum(angle, dtype=np.float64)
    # A point u of the picture, y up, is at zoom Rz(angle) (u + slide) of the frame before.
    unit = HOME_DISTANCE / focal_pixels(focal_length, width, height)
    slide = np.stack([series["translation_x"], -series["translation_y"]], axis=1)[1:] * unit
    slide /= magnified[:-1, None]
    cos, sin = np.cos(-turned[:-1]), np.sin(-turned[:-1])
    back = np.stack(
        [cos * slide[:, 0] - sin * slide[:, 1], sin * slide[:, 0] + cos * slide[:, 1]], axis=1
    )
    result = np.zeros((count, 4, 4))
    result[:, 3, 3] = 1.0
    result[:, :3, :3] = Rotation.from_euler("Z", -turned[:, None]).as_matrix()
    result[1:, :2, 3] = -np.cumsum(back, axis=0)
    return result, np.multiply(magnified, focal_length, dtype=np.float64)
