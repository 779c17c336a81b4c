"""Nuke's ``.chan``: a line of plain numbers per frame, read by Nuke, Houdini and Blender's add-on.

Each line: ``frame tx ty tz rx ry rz [vfov]``, degrees, separated by white space; lines that begin
with ``#`` are remarks. Y is up and the camera looks along -Z, as with us. The rotation order is not
in the file; it is ZXY, the default of Nuke's cameras: turn about Z first, then X, then Y of the
world, so ``R = Ry(ry) Rx(rx) Rz(rz)``. That is our own order, hence rx is our pitch, ry our yaw and
rz our roll, number by number. ``vfov`` is across the frame's height (Blender's add-on writes it so
too). There is no frame rate and no frame size. Frames are numbered from any number; we write from
1 on.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.formats.convert import (
    Mark,
    check_frames,
    matrices_to_write,
    path_from_matrices,
    placed,
    squared,
    unwound,
)
from synth.camera.formats.model import (
    Format,
    FoundPath,
    ReadOptions,
    WriteOptions,
    WrittenPath,
)
from synth.camera.formats.programs import focal_from_vertical, vertical_from_focal
from synth.camera.formats.reading import head_of, lines_of, numbers, text_of
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia

_FIRST: Final = 1
"""Number of the first frame we write, as Nuke's scripts begin."""

_LINE = re.compile(r"\s*-?\d{1,9}(?:\.0*)?(?:\s+[-+.\deE]{1,40}){6,7}\s*")


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """The path as a file of this format."""
    matrices = matrices_to_write(path, options)
    if options.anchor == "first":
        angles = unwound(Rotation.from_matrix(matrices[:, :3, :3]))
    else:
        # The path's own numbers keep turns of more than half a circle.
        angles = np.array([pose.rotation for pose in path])
    fov = vertical_from_focal(path.focal_lengths, options.width / options.height)
    table = np.column_stack([matrices[:, :3, 3], angles, fov])
    lines = [
        "\t".join([str(_FIRST + index), *(f"{value:.9g}" for value in row)])
        for index, row in enumerate((table + 0.0).tolist())
    ]
    notes = (
        f"A .chan file says neither its frame rate ({path.fps} per second here) nor its rotation "
        "order: import it with ZXY.",
        f"The lens is written across the height of a {options.width} x {options.height} frame.",
        "To read it back in place here, choose the anchor 'world'.",
    )
    return WrittenPath(("\n".join(lines) + "\n").encode(), ".chan", "text/plain", notes)


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from the file; raises ``InvalidMedia`` or ``LimitExceeded`` for unsound ones."""
    text = text_of(data)
    mark: Mark | None = None
    rows: list[list[float]] = []
    for index, line in enumerate(lines_of(text), start=1):
        if line.startswith("#"):
            mark = mark or Mark.find(line)
        elif line:
            rows.append(_row(line, f"Line {index}", rows))
    check_frames(len(rows))
    table = np.array(rows)
    first, last = int(table[0, 0]), int(table[-1, 0])
    check_frames(last - first + 1)
    notes: list[str] = []
    if len(table) != last - first + 1:
        notes.append(
            f"The file has {len(table)} lines for the frames {first} to {last}; those between were "
            "interpolated in straight lines."
        )
        table = _filled(table)
    if table.shape[1] == 8:
        width, height = options.aspect
        focal = focal_from_vertical(table[:, 7], width / height)
        notes.append(f"The lens was taken across the height of a {width} x {height} frame.")
    else:
        focal = np.full(len(table), options.focal_length)
        notes.append(f"The file gives no lens; {options.focal_length:g} mm was taken.")
    notes.append("The rotation order was taken as ZXY, Nuke's own; the file does not say it.")
    turns = Rotation.from_euler("YXZ", table[:, [5, 4, 6]], degrees=True).as_matrix()
    matrices = squared(np.concatenate([turns, table[:, 1:4, None]], axis=2))
    put = placed(matrices, options, mark, unit_name="unit of the file")
    path = path_from_matrices(put.matrices, focal, put.fps)
    return FoundPath(path, None, FORMAT.id, put.units, put.scale_known, (*notes, *put.notes))


def _row(line: str, where: str, before: list[list[float]]) -> list[float]:
    """The numbers of a line, the frame's first; frames must be whole and rise."""
    words = line.replace(",", " ").split()
    if len(words) not in (7, 8):
        raise InvalidMedia(
            f"{where} holds {len(words)} numbers; a .chan line holds 7 or 8: frame, tx, ty, tz, "
            "rx, ry, rz and maybe the vertical field of view."
        )
    row = numbers(words, where)
    if before and len(row) != len(before[0]):
        raise InvalidMedia(
            f"{where} holds {len(row)} numbers, the lines before it {len(before[0])}."
        )
    if row[0] != int(row[0]) or abs(row[0]) > 1e9:
        raise InvalidMedia(f"{where} begins with {row[0]:g}; a frame number must be whole.")
    if before and row[0] <= before[-1][0]:
        raise InvalidMedia(
            f"{where} is frame {row[0]:.0f}, after frame {before[-1][0]:.0f}; frames must rise."
        )
    return row


def _filled(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every frame from the first to the last, straight lines between those given."""
    frames = np.arange(table[0, 0], table[-1, 0] + 1.0)
    columns = [np.interp(frames, table[:, 0], column) for column in table.T[1:]]
    return np.column_stack([frames, *columns])


def recognise(data: bytes, name: str) -> float:
    """How surely content and name are of this format, 0 to 1."""
    named = name.lower().endswith(".chan")
    # The last line of the head may be cut short.
    lines = [line for line in head_of(data).split("\n")[:4] if line and not line.startswith("#")]
    fits = bool(lines) and all(_LINE.fullmatch(line) for line in lines[: max(len(lines) - 1, 1)])
    if fits:
        return 0.95 if named else 0.6
    return 0.3 if named else 0.0


FORMAT: Final = Format(
    id="chan",
    label="Nuke .chan",
    suffix=".chan",
    about="A line per frame for Nuke, Houdini and Blender's .chan importer; rotation order ZXY.",
    read=read,
    write=write,
    recognise=recognise,
)

__all__ = ["FORMAT", "read", "recognise", "write"]
