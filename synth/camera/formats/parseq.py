"""Parseq manifests: Deforum's channels with a value for every frame, as sd-parseq renders them.

``{"options": {"output_fps": 24, ...}, "rendered_frames": [{"frame": 0, "translation_x": ...,
"translation_x_delta": ..., "fov": ...}, ...]}`` (https://github.com/rewbs/sd-parseq, read by
Deforum's ``parseq_adapter.py``). A plain name is the value so far, its ``_delta`` the change since
the frame before (for ``zoom``, 1 and the change); Deforum obeys the deltas unless told otherwise.
``fov`` is a value, vertical degrees. Axes, signs and units are Deforum's: see ``deforum_motion``.

Where several entries have one frame's number, the last counts. Other channels (prompts, seeds,
strengths) are not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    rate_of,
    written_notes,
)
from synth.camera.formats.deforum_schedule import DIGITS
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import (
    holds_words,
    json_number,
    json_numbers,
    json_of,
    looks_like_json,
)
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia
from synth.explain import short

Floats = NDArray[np.float64]

_VIEW: Final = "fov"


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from a Parseq manifest; see the module."""
    manifest = json_of(data)
    rows = manifest.get("rendered_frames") if isinstance(manifest, dict) else None
    if not isinstance(rows, list):
        raise InvalidMedia(
            "The file has no list of rendered_frames. Press Render in Parseq and copy its output."
        )
    check_frames(len(rows))
    frames, notes = _in_order(rows)
    series: dict[str, Floats] = {}
    summed = []
    for name in (*CHANNELS, *FLAT):
        if f"{name}_delta" in frames[0]:
            series[name] = _column(frames, f"{name}_delta")
        elif name in frames[0]:
            values = _column(frames, name)
            start = 1.0 if name == "zoom" else 0.0
            series[name] = start + np.diff(values, prepend=values[0])
            summed.append(name)
    if not series:
        raise InvalidMedia(
            "The first of the rendered_frames holds no camera. Parseq's channels are "
            f"{', '.join((*CHANNELS, *FLAT))}, each also with _delta."
        )
    if summed:
        notes.append(
            f"{', '.join(summed)} had no _delta; the values were read as sums, whose differences "
            "move the camera."
        )
    if _VIEW in frames[0]:
        series[FOV] = _column(frames, _VIEW)
    settings = manifest.get("options")
    fps = None
    if isinstance(settings, dict) and "output_fps" in settings:
        fps = rate_of(settings["output_fps"])
    ours = manifest.get(OURS)
    mark, first = first_camera(ours)
    frame = options.aspect
    if mark is not None and isinstance(ours, dict) and "frame" in ours:
        width, height = json_numbers(ours["frame"], 2, f"{OURS}.frame")
        frame = checked_frame(width, height)
    return found_path(
        series, options, FORMAT.id,
        frame=frame, fps=fps, mark=mark, first=first, notes=notes,
    )  # fmt: skip


def _in_order(rows: list[Any]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The rows by frame number, none missing, and what was odd about them."""
    found: dict[int, Mapping[str, Any]] = {}
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvalidMedia(f"rendered_frames[{index}] is {short(row)}; it must be an object.")
        frame = row.get("frame", index)
        if isinstance(frame, bool) or not isinstance(frame, int) or frame < 0:
            raise InvalidMedia(
                f"rendered_frames[{index}].frame is {short(frame)}; it must be a whole number from "
                "0 on."
            )
        found[frame] = row
    order = sorted(found)
    notes = []
    if len(order) < len(rows):
        notes.append(f"{len(rows) - len(order)} frames stand twice; the last of each counts.")
    for expected, frame in enumerate(order, start=order[0]):
        if frame != expected:
            raise InvalidMedia(
                f"rendered_frames lacks frame {expected}; the next is {frame}. Render the manifest "
                "again."
            )
    if order[0] > 0:
        notes.append(f"The manifest begins at frame {order[0]}, which became frame 0.")
    return [found[frame] for frame in order], notes


def _column(frames: list[Mapping[str, Any]], name: str) -> Floats:
    """One channel's value of every frame."""
    return np.array(
        [json_number(row.get(name), f"{name} of frame {i}") for i, row in enumerate(frames)],
        dtype=np.float64,
    )


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """A Parseq manifest of a path; see the module."""
    changes, fov, ours = changes_to_write(path, options)
    changes[0] = 0.0
    sums = np.round(np.cumsum(changes, axis=0), DIGITS) + 0.0
    fps = path.fps
    rows = []
    for frame, (change, total) in enumerate(zip(changes.tolist(), sums.tolist(), strict=True)):
        row: dict[str, Any] = {"frame": frame}
        for name, delta, value in zip(CHANNELS, change, total, strict=True):
            row[name] = value
            row[f"{name}_delta"] = delta
        row[_VIEW] = float(fov[frame])
        rows.append(row)
    manifest = {
        "options": {
            "output_fps": int(fps) if fps.denominator == 1 else round(float(fps), 6),
            "bpm": 120,
            "cadence": 1,
        },
        "managedFields": [*CHANNELS, _VIEW],
        OURS: {**ours, "frame": [options.width, options.height]},
    }
    # One line per frame: long files stay readable, and far shorter than fully indented ones.
    head = json.dumps(manifest, indent=1, ensure_ascii=True)[:-2]
    body = ",\n".join("  " + json.dumps(row) for row in rows)
    text = f'{head},\n "rendered_frames": [\n{body}\n ]\n}}\n'
    notes = (
        *written_notes(path, options),
        'Tick Deforum\'s "Use delta values for movement parameters"; the plain values are sums.',
    )
    return WrittenPath(text.encode("ascii"), FORMAT.suffix, "application/json", notes)


def recognise(data: bytes, name: str) -> float:
    """How surely this is a Parseq manifest: JSON with rendered frames."""
    if not looks_like_json(data) or not holds_words(data, '"rendered_frames"'):
        return 0.0
    return 0.98


FORMAT: Final = Format(
    id="parseq",
    label="Parseq manifest",
    suffix=".json",
    about="Deforum's channels for every frame; read by Deforum in place of its own schedules.",
    read=read,
    write=write,
    recognise=recognise,
)
"""Parseq manifests."""
