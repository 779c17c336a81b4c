"""ReCamMaster ``camera_extrinsics.json``: camera-to-world in Unreal's axes, centimetres.

``{"frame0": {"cam01": "[1 0 0 0] [0 1 0 0] [0 0 1 0] [3390 1380 240 1] ", ...}, ...}``. The four
groups are the columns of the camera-to-world matrix. Unreal's world is left-handed: x forward,
y right, z up; the columns are the camera's forward, right and up and its place. The loaders take
columns 1, 2, 0, 3, negate the second and divide the place by 100, which gives OpenCV's camera axes
in metres (https://github.com/KlingAIResearch/ReCamMaster/issues/47); all poses are then made
relative to the first. They use every fourth of 81 frames.

Here ``_AXES`` takes Unreal's axes to ours for world and camera alike, which also changes the hand.
One metre is one scene unit unless a scale says otherwise, as if the subject stood 10 m away. There
is no lens. Our mark stands under a key of its own, which the loaders never look at.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import numpy as np

from synth.camera.formats.convert import (
    Mark,
    Matrices,
    check_frames,
    checked_matrices,
    matrices_to_write,
    path_from_matrices,
    placed,
)
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import holds_words, json_of, looks_like_json, numbers
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia
from synth.explain import short

CENTIMETRES: Final = 100.0
"""File units (cm) per scene unit at a scale of 1."""

_AXES: Final = ((0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (-1.0, 0.0, 0.0, 0.0), (0, 0, 0, 1.0))
"""Ours (right, up, back) from Unreal's (forward, right, up)."""

_MARK_KEY: Final = "motion_synth"
_FRAMES_USED: Final = 81
_GROUP = re.compile(r"\[([^\[\]]*)\]")
_FRAME = re.compile(r"frame(\d{1,6})")
_CAMERA = re.compile(r"cam\d{1,3}")


def _other_hand(matrices: Matrices, *, to_unreal: bool) -> Matrices:
    axes = np.array(_AXES)
    return axes.T @ matrices @ axes if to_unreal else axes @ matrices @ axes.T


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """The path of one camera (``cam01``, else the first) of a ReCamMaster file; see the module."""
    values = json_of(data)
    if not isinstance(values, dict):
        raise InvalidMedia('ReCamMaster JSON is an object with "frame0", "frame1" and so on.')
    frames: dict[int, Any] = {}
    for key, cameras in values.items():
        found = _FRAME.fullmatch(key)
        if found:
            frames[int(found[1])] = cameras
    check_frames(len(frames))
    order = sorted(frames)
    camera, notes = _camera(frames[order[0]], order[0])
    if order != list(range(len(order))):
        notes.append(
            f"The frames are numbered {order[0]} to {order[-1]} with gaps; the {len(order)} there "
            "are were taken one after another."
        )
    stack = np.array([_matrix(frames[number], number, camera) for number in order])
    unreal, repairs = checked_matrices(stack, f"{camera} matrix")
    in_metres = _other_hand(unreal, to_unreal=False)
    in_metres[:, :3, 3] /= CENTIMETRES
    written = values.get(_MARK_KEY)
    mark = Mark.find(written) if isinstance(written, str) else None
    place = placed(in_metres, options, mark, unit_name="metre (100 file units)")
    path = path_from_matrices(place.matrices, options.focal_length, place.fps)
    notes.append(f"The file has no lens; {options.focal_length:g} mm were taken.")
    return FoundPath(
        path, None, FORMAT.id, place.units, place.scale_known, (*repairs, *notes, *place.notes)
    )


def _camera(cameras: Any, number: int) -> tuple[str, list[str]]:
    names = (
        [name for name in cameras if _CAMERA.fullmatch(name)] if isinstance(cameras, dict) else []
    )
    if not names:
        raise InvalidMedia(f'frame{number} holds no camera such as "cam01".')
    camera = "cam01" if "cam01" in names else min(names)
    if len(names) == 1:
        return camera, []
    return camera, [f"The file holds {len(names)} cameras; {camera} was read."]


def _matrix(cameras: Any, number: int, camera: str) -> list[list[float]]:
    """Camera-to-world, rows by columns, from the text of its columns."""
    text = cameras.get(camera) if isinstance(cameras, dict) else None
    where = f"{camera} of frame{number}"
    if not isinstance(text, str):
        raise InvalidMedia(
            f"{where} is {short(text)}; it must be text such as [1 0 0 0] [0 1 0 0]."
        )
    columns = [numbers(group.split(), where) for group in _GROUP.findall(text[:2000])]
    if [len(column) for column in columns] != [4, 4, 4, 4]:
        raise InvalidMedia(f"{where} is {short(text)}; it must be four groups of four numbers.")
    return [list(row) for row in zip(*columns, strict=True)]


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """A ReCamMaster file that holds the path as ``cam01``; see the module."""
    matrices = _other_hand(matrices_to_write(path, options), to_unreal=True)
    matrices[:, :3, 3] *= CENTIMETRES
    values: dict[str, Any] = {}
    for frame, matrix in enumerate(matrices):
        groups = [" ".join(_plain(value) for value in column) for column in matrix.T.tolist()]
        values[f"frame{frame}"] = {"cam01": "".join(f"[{group}] " for group in groups)}
    values[_MARK_KEY] = Mark.of(path, options).text
    notes = ["The file has no room for the lens, keys or easings; the path is camera type 1."]
    if len(path) != _FRAMES_USED:
        notes.append(
            f"ReCamMaster reads {_FRAMES_USED} frames, every fourth of them; this path has "
            f"{len(path)}."
        )
    if len(set(path.focal_lengths.tolist())) > 1:
        notes.append("The focal length changes along the path; that is lost.")
    data = (json.dumps(values, indent=1) + "\n").encode("ascii")
    return WrittenPath(data, FORMAT.suffix, "application/json", tuple(notes))


def _plain(value: float) -> str:
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def recognise(data: bytes, name: str) -> float:
    """How surely this is a ReCamMaster file: JSON with ``frame0`` and ``cam01``."""
    if not looks_like_json(data):
        return 0.0
    return 0.95 if holds_words(data, '"frame0"', '"cam') else 0.0


FORMAT: Final = Format(
    id="recammaster",
    label="ReCamMaster extrinsics",
    suffix=".json",
    about="Camera-to-world in Unreal's axes and centimetres; read by ReCamMaster, Wan2GP and "
    "WanVideoWrapper.",
    read=read,
    write=write,
    recognise=recognise,
)
"""ReCamMaster ``camera_extrinsics.json``."""
