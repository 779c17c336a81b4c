"""Deforum's animation settings: one schedule of per-frame changes for each channel.

Written is a settings file (JSON) with ``max_frames``, ``fps``, ``W``, ``H``, ``animation_mode``
"3D", the schedules of translation and rotation, and ``fov_schedule``; Deforum's "Load all settings"
takes it as it is. An object of our own in it, which Deforum passes over, says where the first
camera stands, at what scale and exact frame rate.

Read are such settings, plain text with one ``channel: schedule`` after another, and a single
schedule without a name, which is taken for ``translation_z``. ``deforum_schedule`` has the
grammar, ``deforum_motion`` the axes, signs and units: 20 of Deforum's units are one scene unit.

The field of view is PyTorch3D's: vertical, degrees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.convert import (
    Mark,
    check_frames,
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
from synth.camera.formats.deforum_schedule import DIGITS, Schedule, schedule_of, schedule_text
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import (
    head_of,
    json_number,
    json_numbers,
    json_of,
    looks_like_json,
    number,
    text_of,
)
from synth.camera.keys import CameraKeys
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

DEFAULT_FRAMES: Final = 120
"""Deforum's own number of frames where none is said."""

NO_LENS: Final = (
    "Deforum has no lens: its field of view only says how strongly depth is felt, so a zoom is "
    "written but will not enlarge its picture."
)

_ALIASES: Final[Mapping[str, str]] = {"fov": FOV}
_READ: Final = (*CHANNELS, FOV, *FLAT)
_SETTINGS: Final = ("max_frames", "fps", "W", "H", "seed", "animation_mode")

_NAME = re.compile(
    r"""(?m)(?:^|;)[ \t]*["']?([A-Za-z_][A-Za-z0-9_]*)["']?[ \t]*[:=][ \t]*""", re.ASCII
)
_EXPRESSION_NAMES: Final = frozenset({"max_f", "s", "t"})


@dataclass(frozen=True)
class _Settings:
    """What a file says, its texts not yet looked at."""

    schedules: dict[str, str]
    values: dict[str, Any]
    notes: tuple[str, ...]
    ours: Any = None


# Reading -----------------------------------------------------------------------------------------


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from Deforum's settings or schedules; see the module."""
    settings = _from_json(json_of(data)) if looks_like_json(data) else _from_text(text_of(data))
    schedules = {name: schedule_of(text, name) for name, text in settings.schedules.items()}
    notes = list(settings.notes)
    frames = _frames(settings, schedules, notes)
    seed = int(_plain(settings.values.get("seed") or -1, "seed"))
    series: dict[str, Floats] = {}
    for name, schedule in schedules.items():
        series[name], outside = schedule.values(frames, seed)
        if outside:
            notes.append(
                f"{name}: {outside} key{'s lie' if outside > 1 else ' lies'} outside the clip's "
                f"{frames} frames and does nothing."
            )
    fussy = [name for name, schedule in schedules.items() if schedule.newer_fails]
    if fussy:
        notes.append(
            f"{', '.join(fussy)}: Deforum's newer versions cut schedules at every comma and cannot "
            "read functions of two values."
        )
    if settings.values.get("enable_perspective_flip") is True:
        notes.append("Perspective flip bends the picture and is no camera move; it was left out.")
    frame = checked_frame(
        _plain(settings.values.get("W", options.aspect[0]), "W"),
        _plain(settings.values.get("H", options.aspect[1]), "H"),
    )
    fps = rate_of(settings.values["fps"]) if "fps" in settings.values else None
    mark, first = first_camera(settings.ours)
    mode = str(settings.values.get("animation_mode", ""))[:20]
    return found_path(
        series, options, FORMAT.id,
        frame=frame, fps=fps, mark=mark, first=first, mode=mode, notes=notes,
    )  # fmt: skip


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
        fps=fps, unit_name=f"way of {UNIT:g} in Deforum's translations",
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
    fps = _plain(value, "fps")
    if not 0.0 < fps <= LIMITS.video_fps:
        raise InvalidMedia(
            f"The frame rate is {fps:g}; it must be above 0 and at most {LIMITS.video_fps}."
        )
    ntsc = Fraction(-int(-fps // 1) * 1000, 1001)
    if not fps.is_integer() and abs(fps - ntsc) < 1e-3:
        return ntsc
    return Fraction(fps).limit_denominator(100_000)


def _plain(value: Any, where: str) -> float:
    """A number of the settings; Deforum's older files have some of them as text."""
    return number(value.strip(), where) if isinstance(value, str) else json_number(value, where)


def _frames(settings: _Settings, schedules: Mapping[str, Schedule], notes: list[str]) -> int:
    """How many frames the clip has."""
    if "max_frames" in settings.values:
        count = _plain(settings.values["max_frames"], "max_frames")
        check_frames(max(0, int(count)))
        return int(count)
    last = max(schedule.last_frame for schedule in schedules.values())
    check_frames(last + 1)
    if last:
        notes.append(f"The text says no number of frames; it ends with its last key, frame {last}.")
        return last + 1
    notes.append(f"The text says no number of frames; {DEFAULT_FRAMES} were taken, as in Deforum.")
    return DEFAULT_FRAMES


def _from_json(values: Any) -> _Settings:
    if not isinstance(values, dict):
        raise InvalidMedia("Deforum's settings are a JSON object, in curly brackets.")
    nested = [values, *(inner for inner in values.values() if isinstance(inner, dict))]
    values = next((each for each in nested if _named(each)), values)
    schedules = {}
    for name, value in _named(values).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = f"0:({value!r})"
        if not isinstance(value, str):
            raise InvalidMedia(f"{name} is {short(value)}; it must be a schedule, such as 0:(1.5).")
        schedules[name] = value
    if not schedules:
        raise _nothing()
    known = {
        name: values[name] for name in (*_SETTINGS, "enable_perspective_flip") if name in values
    }
    return _Settings(schedules, known, (), values.get(OURS))


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """The channels that we read, by their settings' names."""
    found = {_ALIASES.get(name, name): value for name, value in values.items()}
    return {name: found[name] for name in _READ if name in found}


def _from_text(text: str) -> _Settings:
    text = re.sub(r"(?m)^[ \t]*(?:#|//).*$", "", text)
    names = [match for match in _NAME.finditer(text) if match[1] not in _EXPRESSION_NAMES]
    before = text[: names[0].start()] if names else text
    if before.strip():
        if names:
            raise InvalidMedia(
                f"{short(before.strip())} stands before the first name. Put the channel's name "
                "before each schedule, such as translation_z: 0:(1.5)."
            )
        note = "The schedule has no name; it was read as translation_z, moving in."
        return _Settings({"translation_z": _unquoted(before)}, {}, (note,))
    schedules, values, others = {}, {}, 0
    for match, following in zip(names, (*names[1:], None), strict=True):
        content = _unquoted(text[match.end() : following.start() if following else len(text)])
        name = _ALIASES.get(match[1], match[1])
        if name in _READ:
            if name in schedules:
                raise InvalidMedia(f"{name} stands twice. Keep one schedule of each channel.")
            schedules[name] = content
        elif name in _SETTINGS:
            values[name] = content
        else:
            others += 1
    if not schedules:
        raise _nothing()
    notes = (f"{others} other schedules are not about the camera and were left out.",) * bool(
        others
    )
    return _Settings(schedules, values, notes)


def _unquoted(text: str) -> str:
    """A value without the comma behind it and the quotes around it."""
    text = text.strip().rstrip(",;").strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text.count(text[0]) == 2:
        return text[1:-1]
    return text


def _nothing() -> InvalidMedia:
    return InvalidMedia(
        f"The file has no schedule of a camera. Deforum's channels are {', '.join(_READ)}."
    )


# Writing -----------------------------------------------------------------------------------------


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """Deforum's settings of a path; see the module."""
    changes, fov, ours = changes_to_write(path, options)
    fps = path.fps
    settings: dict[str, Any] = {
        "W": options.width,
        "H": options.height,
        "max_frames": len(path),
        "fps": int(fps) if fps.denominator == 1 else round(float(fps), 6),
        "animation_mode": "3D",
        "angle": "0:(0)",
        "zoom": "0:(1)",
    }
    for name, column in zip(CHANNELS, changes.T, strict=True):
        settings[name] = schedule_text(column)
    settings[FOV] = schedule_text(fov)
    settings[OURS] = ours
    text = json.dumps(settings, indent=2, ensure_ascii=True) + "\n"
    return WrittenPath(
        text.encode("ascii"), FORMAT.suffix, "application/json", written_notes(path, options)
    )


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


_SCHEDULE_START = re.compile(r"""^\s*["']?(?:\d+|[\w\s/*+-]*max_f[\w\s/*+-]*)["']?\s*:\s*\(""")
_CHANNEL_START = re.compile(
    rf"""(?m)^\s*["']?(?:{"|".join(CHANNELS)}|{FOV})["']?\s*[:=]\s*["'\d]"""
)


def recognise(data: bytes, name: str) -> float:
    """How surely these are Deforum's settings or schedules."""
    head = head_of(data, 400_000)
    if '"rendered_frames"' in head:
        return 0.0
    if looks_like_json(data):
        found = sum(f'"{channel}"' in head for channel in CHANNELS)
        return 0.95 if found > 1 else 0.8 * found
    if _CHANNEL_START.search(head):
        return 0.9
    return 0.8 if _SCHEDULE_START.match(head) else 0.0


FORMAT: Final = Format(
    id="deforum",
    label="Deforum schedules",
    suffix=".json",
    about="Per-frame changes as schedule strings in a settings file; read by Deforum.",
    read=read,
    write=write,
    recognise=recognise,
)
"""Deforum's settings."""
