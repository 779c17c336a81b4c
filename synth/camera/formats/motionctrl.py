"""MotionCtrl JSON: a list of 12 numbers per frame, the world-to-camera 3 x 4 matrix row by row.

OpenCV axes. That the matrices are world-to-camera follows from the examples of the project
(https://github.com/TencentARC/MotionCtrl): in the one called "L" the fourth number grows, and only
in world-to-camera matrices is that a camera which moves to its left; in "I" the twelfth falls,
which is a camera that moves in. There is no lens, no time and no room for text.
"""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from synth.camera.formats.convert import (
    check_frames,
    checked_matrices,
    inverted,
    matrices_to_write,
    other_axes,
    path_from_matrices,
    placed,
    squared,
)
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import head_of, json_numbers, json_of, looks_like_json
from synth.camera.formats.rows import first_row_of_json
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia

_FRAMES_USED: Final = 16
_DECIMALS: Final = 12


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from MotionCtrl JSON; rows of 16 numbers (with 0 0 0 1) are understood too."""
    values = json_of(data)
    if not isinstance(values, list):
        raise InvalidMedia("MotionCtrl JSON is a list with 12 numbers for every frame.")
    check_frames(len(values))
    rows = [json_numbers(row, None, f"Frame {n}") for n, row in enumerate(values)]
    for n, row in enumerate(rows):
        if len(row) != len(rows[0]) or len(row) not in (12, 16):
            raise InvalidMedia(f"Frame {n} holds {len(row)} numbers; it must hold 12.")
    stack = np.array(rows)
    square = squared(stack) if stack.shape[1] == 12 else stack.reshape(-1, 4, 4)
    if not square[:, :3, :3].any():
        raise InvalidMedia(
            "Every matrix is 0, which is no camera. For a camera that stands still write "
            "1 0 0 0 0 1 0 0 0 0 1 0."
        )
    matrices, repairs = checked_matrices(square, "matrix")
    place = placed(other_axes(inverted(matrices)), options)
    path = path_from_matrices(place.matrices, options.focal_length, place.fps)
    lens = f"The file has no lens; {options.focal_length:g} mm were taken."
    return FoundPath(
        path, None, FORMAT.id, place.units, place.scale_known, (*repairs, lens, *place.notes)
    )


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """MotionCtrl JSON of a path."""
    world_to_camera = inverted(other_axes(matrices_to_write(path, options)))[:, :3].reshape(-1, 12)
    rows = (world_to_camera.round(_DECIMALS) + 0.0).tolist()
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    notes = ["The file has no room for the lens, the frame rate, keys or our world's origin."]
    if len(set(path.focal_lengths.tolist())) > 1:
        notes.append("The focal length changes along the path; that is lost.")
    if len(path) != _FRAMES_USED:
        notes.append(f"MotionCtrl uses {_FRAMES_USED} frames; this path has {len(path)}.")
    return WrittenPath(text.encode("ascii"), FORMAT.suffix, "application/json", tuple(notes))


def recognise(data: bytes, name: str) -> float:
    """How surely this is MotionCtrl JSON: a list whose first entry holds 12 numbers."""
    if not looks_like_json(data, "["):
        return 0.0
    return {12: 0.9, 16: 0.6}.get(first_row_of_json(head_of(data)), 0.0)


FORMAT: Final = Format(
    id="motionctrl",
    label="MotionCtrl JSON",
    suffix=".json",
    about="A 3 x 4 matrix per frame and nothing else; read by MotionCtrl and AnimateDiff-Evolved.",
    read=read,
    write=write,
    recognise=recognise,
)
"""MotionCtrl JSON."""
