"""RealEstate10K / CameraCtrl text: what AnimateDiff, VideoX-Fun and MotionCtrl loaders read.

Line 1 is any text and always skipped. Then one line per frame of 19 numbers with single spaces:
``timestamp fx fy cx cy 0 0`` and the world-to-camera 3 x 4 matrix row by row, OpenCV axes.
Timestamps are microseconds (0 throughout in files without time); ``fx`` and ``cx`` are parts of
the frame's width, ``fy`` and ``cy`` of its height (https://google.github.io/realestate10k/).

Our world is written with OpenCV's axes (see ``convert.other_axes``): the home camera has no
rotation and stands at z = -10. The loaders make every pose relative to the first, so only the
scale matters to them. The first line carries our mark, which brings the path back in place.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Slerp

from synth.camera.formats.convert import (
    Mark,
    checked_matrices,
    focal_from_normalised,
    inverted,
    matrices_to_write,
    normalised_from_focal,
    other_axes,
    path_from_matrices,
    placed,
    squared,
)
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import lines_of, text_of
from synth.camera.formats.rows import (
    check_lenses,
    count_of_numbers,
    lens_notes,
    printed,
    row_lengths,
    table,
)
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath, CameraPose
from synth.errors import InvalidMedia
from synth.limits import LIMITS

_COLUMNS: Final = 19
_WHAT: Final = "time, 4 of the lens, 2 unused, 12 of the matrix"
_UNEVEN: Final = 0.01
"""Steps of time that differ by more than this share of their mean count as uneven."""


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from RealEstate10K text; see the module."""
    lines = lines_of(text_of(data))
    notes: list[str] = []
    rows = [(number, line) for number, line in enumerate(lines[1:], start=2) if line]
    if count_of_numbers(lines[0]) == _COLUMNS:
        rows.insert(0, (1, lines[0]))
        notes.append(
            "The first line is a camera and was read as one; other programs skip the first line, "
            "so put a line of text before it."
        )
    numbers = table(rows, _COLUMNS, _WHAT)
    fx, fy, cx, cy = numbers[:, 1:5].T
    check_lenses(fx, fy)
    world_to_camera, repairs = checked_matrices(squared(numbers[:, 7:]), "matrix")
    mark = Mark.find(lines[0])
    fps, uneven = _rate(numbers[:, 0])
    place = placed(
        other_axes(inverted(world_to_camera)), options, mark, fps=mark.fps if mark else fps
    )
    path = path_from_matrices(place.matrices, focal_from_normalised(fx, fy), place.fps)
    if uneven:
        path = _evenly(path, numbers[:, 0])
        steps = np.diff(numbers[:, 0]) / 1000.0
        notes.append(
            f"The times are uneven (steps of {steps.min():.4g} to {steps.max():.4g} ms); the path "
            f"was sampled anew at {len(path)} even ones."
        )
    notes += [*repairs, *lens_notes(fx, fy, cx, cy), *place.notes]
    return FoundPath(path, None, FORMAT.id, place.units, place.scale_known, tuple(notes))


def _rate(times: NDArray[np.float64]) -> tuple[Fraction | None, bool]:
    """Frame rate of timestamps in microseconds, and whether their steps are uneven."""
    steps = np.diff(times)
    if len(steps) == 0 or not (steps > 0.0).all():
        if len(steps) and np.ptp(times) > 0.0:
            frame = int((steps <= 0.0).argmax()) + 1
            raise InvalidMedia(
                f"The time of frame {frame} is not after the one before. Put the lines in order."
            )
        return None, False
    mean = float(times[-1] - times[0]) / len(steps)
    exact = Fraction(1_000_000) / Fraction(mean).limit_denominator(1_000_000)
    if not Fraction(1, 10) <= exact <= LIMITS.video_fps:
        return None, False
    # Each end is rounded to a whole microsecond.
    slack = 1.0 / len(steps) + 1e-6
    for whole in range(1, LIMITS.video_fps + 1):
        for rate in (Fraction(whole), Fraction(whole * 1000, 1001)):
            if abs(1e6 / float(rate) - mean) <= slack:
                exact = rate
                break
    uneven = float(np.ptp(steps)) > max(2.5, _UNEVEN * mean)
    return exact.limit_denominator(1_000_000), uneven


def _evenly(path: CameraPath, times: NDArray[np.float64]) -> CameraPath:
    """The same number of frames at even times: straight between places, shortest turns."""
    even = np.linspace(times[0], times[-1], len(times))
    turns = Slerp(times, path.rotations)(even)
    matrices = np.tile(np.eye(4), (len(times), 1, 1))
    matrices[:, :3, :3] = turns.as_matrix()
    for axis in range(3):
        matrices[:, axis, 3] = np.interp(even, times, path.positions[:, axis])
    resampled = path_from_matrices(matrices, np.interp(even, times, path.focal_lengths), path.fps)
    ends: tuple[CameraPose, ...] = (path[0], *resampled.poses[1:-1], path[-1])
    return CameraPath(ends, path.fps)


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """RealEstate10K text of a path; see the module."""
    world_to_camera = inverted(other_axes(matrices_to_write(path, options)))[:, :3].reshape(-1, 12)
    fx, fy = normalised_from_focal(path.focal_lengths, options.width, options.height)
    lines = [Mark.of(path, options).text]
    for frame, row in enumerate(world_to_camera.tolist()):
        lens = (float(fx[frame]), float(fy[frame]), 0.5, 0.5, 0.0, 0.0)
        lines.append(f"{round(1_000_000 * frame / path.fps)} {printed((*lens, *row))}")
    notes = ["The file holds the camera of every frame; keys and easings are not kept."]
    if options.width * 9 != options.height * 16:
        notes.append(
            f"Most loaders take the poses to be for 1280 x 720; tell yours that they are for "
            f"{options.width} x {options.height}."
        )
    text = "\n".join(lines) + "\n"
    return WrittenPath(text.encode("ascii"), FORMAT.suffix, "text/plain", tuple(notes))


def recognise(data: bytes, name: str) -> float:
    """How surely this is RealEstate10K text: lines of 19 numbers."""
    lengths = row_lengths(data)
    if len(lengths) > 1 and lengths[1] == _COLUMNS:
        return 0.95
    return 0.9 if lengths and lengths[0] == _COLUMNS else 0.0


FORMAT: Final = Format(
    id="re10k",
    label="RealEstate10K / CameraCtrl text",
    suffix=".txt",
    about="One line per frame; read by CameraCtrl, AnimateDiff-Evolved, VideoX-Fun and "
    "WanVideoWrapper.",
    read=read,
    write=write,
    recognise=recognise,
)
"""RealEstate10K text."""
