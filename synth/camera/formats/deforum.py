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
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.convert import check_frames
from synth.camera.formats.deforum_motion import CHANNELS
from synth.camera.formats.deforum_path import (
    FLAT,
    FOV,
    OURS,
    changes_to_write,
    checked_frame,
    first_camera,
    found_path,
    plain_number,
    rate_of,
    written_notes,
)
from synth.camera.formats.deforum_schedule import Schedule, schedule_of, schedule_text
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import head_of, json_of, looks_like_json, text_of
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia
from synth.explain import short

Floats = NDArray[np.float64]

DEFAULT_FRAMES: Final = 120
"""Deforum's own number of frames where none is said."""

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
    seed = int(plain_number(settings.values.get("seed") or -1, "seed"))
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
        plain_number(settings.values.get("W", options.aspect[0]), "W"),
        plain_number(settings.values.get("H", options.aspect[1]), "H"),
    )
    fps = rate_of(settings.values["fps"]) if "fps" in settings.values else None
    mark, first = first_camera(settings.ours)
    mode = str(settings.values.get("animation_mode", ""))[:20]
    return found_path(
        series, options, FORMAT.id,
        frame=frame, fps=fps, mark=mark, first=first, mode=mode, notes=notes,
    )  # fmt: skip


def _frames(settings: _Settings, schedules: Mapping[str, Schedule], notes: list[str]) -> int:
    """How many frames the clip has."""
    if "max_frames" in settings.values:
        count = plain_number(settings.values["max_frames"], "max_frames")
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


def _setting(name: str) -> str:
    """The settings' own name of a channel; the schedule of ``fov`` has a longer one."""
    return FOV if name == "fov" else name


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """The channels that we read, by their settings' names."""
    found = {_setting(name): value for name, value in values.items()}
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
    if not names:
        raise _nothing()
    schedules, values, others = {}, {}, 0
    for match, following in zip(names, (*names[1:], None), strict=True):
        content = _unquoted(text[match.end() : following.start() if following else len(text)])
        name = _setting(match[1])
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


_SCHEDULE_START = re.compile(r"""["']?(?:\d+|[\w /*+-]*max_f[\w /*+-]*)["']?\s*:\s*\(""", re.ASCII)
_CHANNEL_START = re.compile(
    rf"""(?m)^[ \t]*["']?(?:{"|".join(CHANNELS)}|{FOV})["']?[ \t]*[:=][ \t]*["'\d]"""
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
    return 0.8 if _SCHEDULE_START.match(head.lstrip()[:200]) else 0.0


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
