"""The camera rows inside ComfyUI's WanCameraEmbedding node: like RealEstate10K, but inverse.

One row per frame of 23 numbers: ``0 fx fy cx cy 0 0`` and the camera-to-world 4 x 4 matrix row by
row, OpenCV axes, where RealEstate10K has the world-to-camera 3 x 4. ``fx`` and ``cx`` are parts of
the frame's width, ``fy`` and ``cy`` of its height; the node's default of 0.5 for both sees 90
degrees across and upwards whatever the frame's shape, which no real lens does. Poses are made
relative to the first there. Facts from comfy_extras/nodes_camera_trajectory.py of ComfyUI.

Written as text that ``numpy.loadtxt`` reads; text and JSON lists of rows are read, also without
the leading 0 that the node adds itself.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.convert import (
    Mark,
    check_frames,
    checked_matrices,
    focal_from_normalised,
    matrices_to_write,
    normalised_from_focal,
    other_axes,
    path_from_matrices,
    placed,
)
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import (
    head_of,
    json_numbers,
    json_of,
    lines_of,
    looks_like_json,
    text_of,
)
from synth.camera.formats.rows import (
    check_lenses,
    count_of_numbers,
    first_row_of_json,
    lens_notes,
    printed,
    row_lengths,
    table,
)
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia

_COLUMNS: Final = 23
_WHAT: Final = "0, 4 of the lens, 2 unused, 16 of the matrix"


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from rows of 23 (or 22) numbers, as text or JSON; see the module."""
    if looks_like_json(data, "["):
        rows, mark = _json_rows(json_of(data)), None
    else:
        rows, mark = _text_rows(text_of(data))
    fx, fy, cx, cy = rows[:, 1:5].T
    check_lenses(fx, fy)
    matrices, repairs = checked_matrices(rows[:, 7:].reshape(-1, 4, 4), "matrix")
    place = placed(other_axes(matrices), options, mark)
    path = path_from_matrices(place.matrices, focal_from_normalised(fx, fy), place.fps)
    notes = [*repairs, *lens_notes(fx, fy, cx, cy)]
    if np.abs(fx / fy - 1.0).min() < 1e-3:
        notes.append(
            "The lens has the same number across and upwards, which fits a square frame only; the "
            "angle across the longer side was kept."
        )
    return FoundPath(path, None, FORMAT.id, place.units, place.scale_known, (*notes, *place.notes))


def _text_rows(text: str) -> tuple[NDArray[np.float64], Mark | None]:
    lines = lines_of(text)
    rows = [(n, line) for n, line in enumerate(lines, start=1) if line and line[0] != "#"]
    if rows and count_of_numbers(rows[0][1]) == _COLUMNS - 1:
        rows = [(n, f"0 {line}") for n, line in rows]
    remarks = "\n".join(line for line in lines[:10] if line[:1] == "#")
    return table(rows, _COLUMNS, _WHAT), Mark.find(remarks)


def _json_rows(values: Any) -> NDArray[np.float64]:
    check_frames(len(values))
    rows = [json_numbers(row, None, f"Row {n}") for n, row in enumerate(values)]
    for n, row in enumerate(rows):
        if len(row) != len(rows[0]) or len(row) not in (_COLUMNS, _COLUMNS - 1):
            raise InvalidMedia(
                f"Row {n} holds {len(row)} numbers; it must hold {_COLUMNS} ({_WHAT})."
            )
    table_of_rows = np.array(rows)
    if table_of_rows.shape[1] == _COLUMNS - 1:
        table_of_rows = np.insert(table_of_rows, 0, 0.0, axis=1)
    return table_of_rows


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """Rows of 23 numbers; see the module."""
    matrices = other_axes(matrices_to_write(path, options)).reshape(-1, 16)
    fx, fy = normalised_from_focal(path.focal_lengths, options.width, options.height)
    lines = [f"# {Mark.of(path, options).text}"]
    for frame, row in enumerate(matrices.tolist()):
        lens = (float(fx[frame]), float(fy[frame]), 0.5, 0.5)
        lines.append(printed((0.0, *lens, 0.0, 0.0, *row)))
    notes = ["The file holds the camera of every frame; keys, easings and frame rate are not kept."]
    if (len(path) - 1) % 4:
        near = 4 * round((len(path) - 1) / 4) + 1
        notes.append(
            f"The path has {len(path)} frames; Wan wants one more than a multiple of 4, such as "
            f"{near}."
        )
    if options.width * 9 != options.height * 16:
        notes.append(
            f"ComfyUI fits lenses as if they were for 1280 x 720; these are for {options.width} x "
            f"{options.height}."
        )
    text = "\n".join(lines) + "\n"
    return WrittenPath(text.encode("ascii"), FORMAT.suffix, "text/plain", tuple(notes))


def recognise(data: bytes, name: str) -> float:
    """How surely these are WanCameraEmbedding rows: 23 (or 22) numbers each."""
    if looks_like_json(data, "["):
        count = first_row_of_json(head_of(data))
    else:
        lengths = row_lengths(data)
        count = lengths[0] if lengths else 0
    return {_COLUMNS: 0.95, _COLUMNS - 1: 0.7}.get(count, 0.0)


FORMAT: Final = Format(
    id="wan_camera",
    label="WanCameraEmbedding rows (ComfyUI)",
    suffix=".txt",
    about="One row of 23 numbers per frame, as ComfyUI's Wan camera node holds them.",
    read=read,
    write=write,
    recognise=recognise,
)
"""Rows of ComfyUI's WanCameraEmbedding."""
