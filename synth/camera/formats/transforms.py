"""``transforms.json``: a camera per picture, as Instant-NGP and nerfstudio have it.

Stable Virtual Camera (SVC) writes it too. Layout: ``fl_x, fl_y, cx, cy`` in pixels and ``w, h``, at
the top or in each frame (a frame's own count); ``frames`` of ``file_path`` and
``transform_matrix``, camera-to-world, 4 rows of 4. Older files give ``camera_angle_x``, radians
across the width, in place of focal lengths. Camera axes are ours (OpenGL); the world has Z up
(https://docs.nerf.studio/quickstart/data_conventions.html), see ``synth.camera.formats.programs``.
``orientation_override: none`` stops nerfstudio from turning the world on its own. Neither times nor
a frame rate are part of the format.
"""

from __future__ import annotations

import math
from typing import Any, Final

from synth.camera.formats.convert import (
    Mark,
    check_frames,
    checked_matrices,
    focal_from_pixels,
    matrices_to_write,
    path_from_matrices,
    pixels_from_focal,
    placed,
    squared,
)
from synth.camera.formats.model import (
    Format,
    FoundPath,
    ReadOptions,
    WriteOptions,
    WrittenPath,
)
from synth.camera.formats.programs import (
    MARK_KEY,
    as_list,
    as_object,
    aspect_of,
    json_bytes,
    mark_of,
    object_of,
    ours_from_z_up,
    tidy,
    z_up_from_ours,
)
from synth.camera.formats.reading import holds_words, json_number, json_numbers, looks_like_json
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia

_DISTORTIONS: Final = ("k1", "k2", "k3", "k4", "p1", "p2")


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """The path as a file of this format."""
    width, height = options.width, options.height
    matrices = tidy(z_up_from_ours(matrices_to_write(path, options)))
    lenses = tidy(pixels_from_focal(path.focal_lengths, width, height))
    centre = {"cx": width / 2, "cy": height / 2, "w": width, "h": height}
    frames = [
        {
            "file_path": f"images/frame_{index:05d}.png",
            "fl_x": lens,
            "fl_y": lens,
            **centre,
            "transform_matrix": matrix,
        }
        for index, (matrix, lens) in enumerate(zip(matrices, lenses, strict=True), start=1)
    ]
    data = json_bytes(
        {
            MARK_KEY: Mark.of(path, options).text,
            "orientation_override": "none",
            "camera_model": "OPENCV",
            "fl_x": lenses[0],
            "fl_y": lenses[0],
            **centre,
            "frames": frames,
        }
    )
    note = (
        f"The format has no frame rate ({path.fps} per second here); picture files are named "
        "images/frame_00001.png and so on."
    )
    return WrittenPath(data, ".json", "application/json", (note,))


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from the file; raises ``InvalidMedia`` or ``LimitExceeded`` for unsound ones."""
    values = object_of(data, "transforms.json")
    entries = as_list(values.get("frames") or [], "frames")
    check_frames(len(entries))
    mark = mark_of(values)
    notes: list[str] = []
    rows: list[list[float]] = []
    focals: list[float] = []
    for index, entry in enumerate(entries):
        where = f"frames[{index}]"
        entry = as_object(entry, where)
        rows.append(_rows(entry.get("transform_matrix"), f"{where}.transform_matrix"))
        focals.append(_focal({**values, **entry}, where, options, notes))
    matrices = squared([row[:12] for row in rows])
    matrices[:, 3] = [row[12:] for row in rows]
    matrices, repaired = checked_matrices(matrices, "transform_matrix")
    put = placed(ours_from_z_up(matrices), options, mark, unit_name="unit of the file")
    path = path_from_matrices(put.matrices, focals, put.fps)
    told = dict.fromkeys((*notes, *repaired, *put.notes))
    return FoundPath(path, None, FORMAT.id, put.units, put.scale_known, tuple(told))


def _rows(value: object, where: str) -> list[float]:
    """16 numbers of a matrix of four rows, or of three with the fourth left out."""
    numbers = json_numbers(value, None, where)
    if len(numbers) == 12:
        return [*numbers, 0.0, 0.0, 0.0, 1.0]
    if len(numbers) != 16:
        raise InvalidMedia(f"{where} holds {len(numbers)} numbers; it must hold 4 rows of 4.")
    return numbers


def _focal(values: dict[str, Any], where: str, options: ReadOptions, notes: list[str]) -> float:
    """Millimetres of one frame, from its own values and those at the top of the file."""

    def given(name: str) -> float | None:
        return json_number(values[name], f"{where}.{name}") if name in values else None

    width, height = given("w"), given("h")
    if (width is None or height is None) and "cx" in values and "cy" in values:
        width, height = 2.0 * (given("cx") or 0.0), 2.0 * (given("cy") or 0.0)
        notes.append("The file gives no frame size; twice its principal point was taken.")
    if width is None or height is None:
        width, height = (float(side) for side in options.aspect)
        notes.append(f"The file gives no frame size; {width:.0f} x {height:.0f} was taken.")
    aspect_of(width, height, f"The frame of {where}")
    _tell_lost(values, given, width, height, notes)
    pixels = given("fl_x")
    upright = given("fl_y")
    angle = given("camera_angle_x")
    if pixels is None and angle is not None:
        if not 0.0 < angle < math.pi:
            raise InvalidMedia(
                f"{where}.camera_angle_x is {angle:g} radians; it must be above 0 and below pi."
            )
        pixels = width / (2.0 * math.tan(angle / 2.0))
    if pixels is None:
        pixels = upright
    if pixels is None:
        notes.append(
            f"The file gives no focal length; {options.focal_length:g} mm was taken for all frames."
        )
        return options.focal_length
    if upright is not None and abs(upright - pixels) > 0.005 * abs(pixels):
        notes.append("Focal lengths across and up differ; the one along the longer side was taken.")
    longer = upright if upright is not None and height > width else pixels
    # Only the ratio of the lens to the longer side counts, so sides need not be whole numbers.
    return float(focal_from_pixels(longer, 1, 1)) / max(width, height)


def _tell_lost(
    values: dict[str, Any], given: Any, width: float, height: float, notes: list[str]
) -> None:
    """Note what an ideal lens leaves out."""
    for name, side in (("cx", width), ("cy", height)):
        centre = given(name)
        if centre is not None and abs(centre - side / 2.0) > 0.01 * side:
            notes.append("The principal point lies off the middle; it was put in the middle.")
    if any(given(name) for name in _DISTORTIONS):
        notes.append("The lens's distortion was left out.")


def recognise(data: bytes, name: str) -> float:
    """How surely content and name are of this format, 0 to 1."""
    if looks_like_json(data) and holds_words(data, '"frames"', '"transform_matrix"'):
        return 1.0
    return 0.0


FORMAT: Final = Format(
    id="transforms",
    label="transforms.json (Instant-NGP, nerfstudio, SVC)",
    suffix=".json",
    about="A camera and a picture name per frame, as data sets for radiance fields have them.",
    read=read,
    write=write,
    recognise=recognise,
)

__all__ = ["FORMAT", "read", "recognise", "write"]
