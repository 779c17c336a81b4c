"""From Deforum's channels to a path and back, whichever file they stand in.

See ``deforum_motion`` for axes, signs and units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.convert import (
    Mark,
    focal_from_fov,
    fov_from_focal,
    matrices_to_write,
    path_from_matrices,
    placed,
)
from synth.camera.formats.deforum_motion import (
    CHANNELS,
    TURNS,
    UNIT,
    composed,
    flat_camera,
    rounded_changes,
)
from synth.camera.formats.deforum_schedule import DIGITS
from synth.camera.formats.model import FoundPath, ReadOptions, WriteOptions
from synth.camera.formats.reading import json_number, json_numbers, number
from synth.camera.pose import CameraPath, rotation_from_degrees
from synth.errors import InvalidMedia
from synth.explain import short
from synth.limits import LIMITS

Floats = NDArray[np.float64]

FOV: Final = "fov_schedule"
FLAT: Final = ("angle", "zoom")
"""Channels that only 2D animation obeys."""
OURS: Final = "motion_synth"
"""Name of our own object in files that we write."""

NO_LENS: Final = (
    "Deforum has no lens: its field of view only says how strongly depth is felt, so a zoom is "
    "written but will not enlarge its picture."
)


def found_path(
    series: Mapping[str, Floats],
    options: ReadOptions,
    format_id: str,
    *,
    frame: tuple[int, int],
    fps: Fraction | None,
    mark: Mark | None,
    first: Floats,
    mode: str = "",
    notes: list[str],
) -> FoundPath:
    """The path of Deforum's channels, whichever file they came from.

    Args:
        series: values per frame of some of the channels, all of one length; zoom as a factor.
        options: what the person said.
        format_id: the format that was read.
        frame: width and height of the frame, pixels.
        fps: frames per second, if the file says.
        mark: our own mark, if the file has it.
        first: camera-to-world of frame 0, shape (4, 4), file units.
        mode: Deforum's ``animation_mode``; without one, 2D is taken for files that only zoom
            or turn the flat picture.
        notes: what was found so far.
    """
    count = len(next(iter(series.values())))

    def channel(name: str, default: float = 0.0) -> Floats:
        return series.get(name, np.full(count, default))

    if fps is not None and mark is not None and abs(fps - mark.fps) < Fraction(1, 1000):
        fps = mark.fps
    flat = {"angle": channel("angle"), "zoom": channel("zoom", 1.0)}
    is_flat = bool(np.any(flat["angle"][1:] != 0.0) or np.any(flat["zoom"][1:] != 1.0))
    solid = [name for name in ("translation_z", *TURNS) if np.any(channel(name)[1:] != 0.0)]
    if mode == "2D" or (not mode and is_flat and not solid):
        return _found_flat(
            {**flat, **{name: channel(name) for name in CHANNELS[:2]}},
            options, format_id, frame, fps, solid, notes,
        )  # fmt: skip
    if is_flat:
        notes.append("Angle and zoom do nothing in Deforum's 3D animation; they were left out.")
    if mode not in ("", "3D"):
        notes.append(f"The animation mode is {short(mode)}; the channels were read as 3D.")
    changes = np.stack([channel(name) for name in CHANNELS], axis=1)
    place = placed(
        composed(changes, first), options, mark,
        fps=fps, unit_name=f"stretch of {UNIT:g} in Deforum's translations",
    )  # fmt: skip
    fov = series.get(FOV)
    if fov is None:
        focal = np.full(count, options.focal_length)
        notes.append(f"The file says no field of view; {options.focal_length:g} mm was taken.")
    else:
        focal = focal_from_fov(fov, *frame)
        if np.ptp(fov) > 0.0 and mark is None:
            notes.append(
                "The field of view changes and was read as a zoom; Deforum itself only changes how "
                "strongly depth is felt."
            )
    path = path_from_matrices(place.matrices, focal, place.fps)
    return FoundPath(path, None, format_id, place.units, place.scale_known, (*notes, *place.notes))


def _found_flat(
    series: Mapping[str, Floats],
    options: ReadOptions,
    format_id: str,
    frame: tuple[int, int],
    fps: Fraction | None,
    solid: list[str],
    notes: list[str],
) -> FoundPath:
    """The path of 2D animation: a camera in front of a flat picture."""
    zoom = series["zoom"]
    if not (zoom > 0.0).all():
        bad = int((zoom <= 0.0).argmax())
        raise InvalidMedia(f"zoom of frame {bad} is {zoom[bad]:g}; it must be above 0 (1 is none).")
    if solid:
        notes.append(f"{', '.join(solid)} do nothing in 2D animation and were left out.")
    notes.append(
        "This is 2D animation, of a flat picture: sliding was read as truck and pedestal across "
        "the subject plane, angle as roll, zoom as the lens."
    )
    if options.scale is not None:
        notes.append("Its units are pixels, whose scale is known; the scale given was not used.")
    with np.errstate(over="ignore"):
        matrices, focal = flat_camera(series, *frame, options.focal_length)
    place = placed(
        np.clip(matrices, -1e12, 1e12), replace(options, scale=None),
        fps=fps, unit=1.0, unit_name="tenth of the way to the flat picture",
    )  # fmt: skip
    path = path_from_matrices(place.matrices, focal, place.fps)
    return FoundPath(path, None, format_id, place.units, True, (*notes, *place.notes))


def first_camera(ours: Any) -> tuple[Mark | None, Floats]:
    """Our mark and the first camera's matrix (4, 4) from our own object in a file."""
    matrix = np.eye(4)
    if not isinstance(ours, dict):
        return None, matrix
    mark = Mark.find(str(ours.get("camera", "")))
    if mark is None or "position" not in ours or "rotation" not in ours:
        return None, matrix
    matrix[:3, 3] = json_numbers(ours["position"], 3, f"{OURS}.position")
    pitch, yaw, roll = json_numbers(ours["rotation"], 3, f"{OURS}.rotation")
    matrix[:3, :3] = rotation_from_degrees((pitch, yaw, roll)).as_matrix()
    return mark, matrix


def checked_frame(width: float, height: float) -> tuple[int, int]:
    """A frame size that a file says, whole pixels."""
    if not (1 <= width <= LIMITS.image_side and 1 <= height <= LIMITS.image_side):
        raise InvalidMedia(
            f"The frame is {width:g} x {height:g} pixels; each side must be from 1 to "
            f"{LIMITS.image_side}."
        )
    return round(width), round(height)


def rate_of(value: Any) -> Fraction:
    """A frame rate from a file's number; NTSC's decimals mean x1000/1001."""
    fps = plain_number(value, "fps")
    if not 0.0 < fps <= LIMITS.video_fps:
        raise InvalidMedia(
            f"The frame rate is {fps:g}; it must be above 0 and at most {LIMITS.video_fps}."
        )
    ntsc = Fraction(-int(-fps // 1) * 1000, 1001)
    if not fps.is_integer() and abs(fps - ntsc) < 1e-3:
        return ntsc
    return Fraction(fps).limit_denominator(100_000)


def plain_number(value: Any, where: str) -> float:
    """A number of the settings; Deforum's older files have some of them as text."""
    return number(value.strip(), where) if isinstance(value, str) else json_number(value, where)


def changes_to_write(
    path: CameraPath, options: WriteOptions
) -> tuple[Floats, Floats, dict[str, Any]]:
    """Changes (N, 6), fields of view (N,) in degrees, and our own object for the file."""
    matrices = matrices_to_write(path, options)
    changes = rounded_changes(matrices, DIGITS)
    fov = np.round(fov_from_focal(path.focal_lengths, options.width, options.height), DIGITS)
    is_world = options.anchor == "world"
    ours = {
        "camera": Mark.of(path, options).text,
        "position": matrices[0, :3, 3].tolist(),
        "rotation": [angle + 0.0 if is_world else 0.0 for angle in path[0].rotation],
    }
    return changes, fov, ours


def written_notes(path: CameraPath, options: WriteOptions) -> tuple[str, ...]:
    """What Deforum cannot keep of a path."""
    notes = [
        "The file holds the change of every frame; keys and easings are not kept.",
        f"{UNIT * options.scale:g} of Deforum's units are one scene unit. Deforum guesses the "
        "picture's depth itself, so try a short piece and scale the translations to taste.",
    ]
    if np.ptp(path.focal_lengths) > 1e-6 * path.focal_lengths[0]:
        notes.append(NO_LENS)
    return tuple(notes)
