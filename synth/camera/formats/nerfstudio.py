"""nerfstudio's ``camera_path.json``: the viewer's keyframes and the frames its renderer draws.

Layout (``nerfstudio/viewer/render_panel.py``, ``cameras/camera_paths.py``): ``camera_path`` holds a
frame each, ``camera_to_world`` of 16 numbers row by row, ``fov`` in degrees across the height,
``aspect`` width over height; the renderer reads this list, ``render_width``, ``render_height`` and
``seconds``. The viewer's editor reads ``keyframes`` instead: ``matrix``, ``fov``, ``aspect``, and
``override_transition_sec``, the seconds to arrive from the key before (on the first key: to close
a cycle), else ``default_transition_sec``. Camera axes are ours; the world has Z up, see
``synth.camera.formats.programs``.

The Blender add-on and the viewer before viser write a keyframe's ``matrix`` column by column and as
text; both ways are read. Between keys nerfstudio draws a Kochanek-Bartels spline whose tension is
``smoothness_value``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.convert import (
    Mark,
    Matrices,
    check_frames,
    checked_matrices,
    matrices_to_write,
    path_from_matrices,
    placed,
)
from synth.camera.formats.model import (
    MAX_FRAMES,
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
    checked_aspect,
    file_rate,
    focal_from_vertical,
    json_bytes,
    mark_of,
    object_of,
    ours_from_z_up,
    tidy,
    vertical_from_focal,
    whole_frames,
    z_up_from_ours,
)
from synth.camera.formats.reading import (
    bounded,
    holds_words,
    json_number,
    json_numbers,
    json_of,
    looks_like_json,
)
from synth.camera.keys import MAX_KEYS, CameraKey, CameraKeys
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.sampling import keyed_path, sample
from synth.errors import InvalidMedia, LimitExceeded

_LONGEST_TEXT: Final = 4_000
"""Longest text that holds 16 numbers, characters."""


# Writing -----------------------------------------------------------------------------------------


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """The path as a file of this format."""
    aspect = options.width / options.height
    stops, key_path = _key_poses(path, keys)
    # Keyframes follow the same first camera as the frames do, so they are placed together.
    both = CameraPath(path.poses + key_path.poses, path.fps)
    matrices = tidy(z_up_from_ours(matrices_to_write(both, options)).reshape(-1, 16))
    fovs = tidy(vertical_from_focal(both.focal_lengths, aspect))
    seconds = float(len(path) / path.fps)
    arrivals = [stops[0], *stops[:-1]]
    keyframes = [
        {
            "matrix": matrix,
            "fov": fov,
            "aspect": aspect,
            "override_transition_enabled": i > 0,
            "override_transition_sec": (frame - before) / float(path.fps) if i else None,
        }
        for i, (matrix, fov, frame, before) in enumerate(
            zip(matrices[len(path) :], fovs[len(path) :], stops, arrivals, strict=True)
        )
    ]
    cycle = keys is not None and keys.loop
    if cycle:
        # The way back to the first key is the first key's own transition.
        back = max(len(path) - stops[-1], 1e-3)
        keyframes[0]["override_transition_enabled"] = True
        keyframes[0]["override_transition_sec"] = back / float(path.fps)
    frames = [
        {"camera_to_world": matrix, "fov": fov, "aspect": aspect}
        for matrix, fov in zip(matrices[: len(path)], fovs[: len(path)], strict=True)
    ]
    data = json_bytes(
        {
            MARK_KEY: Mark.of(path, options).text,
            "default_fov": fovs[0],
            "default_transition_sec": seconds / max(len(stops) - 1, 1),
            "keyframes": keyframes,
            "camera_type": "perspective",
            "render_height": options.height,
            "render_width": options.width,
            "fps": float(path.fps),
            "seconds": seconds,
            "is_cycle": cycle,
            "smoothness_value": _tension(keys),
            "camera_path": frames,
        }
    )
    note = (
        f"nerfstudio renders the {len(path)} frames exactly; its editor draws a curve of its own "
        f"between the {len(stops)} keyframes."
    )
    return WrittenPath(data, ".json", "application/json", (note,))


def _key_poses(path: CameraPath, keys: CameraKeys | None) -> tuple[list[float], CameraPath]:
    """Frame numbers of the editor's keyframes, from 0 to the end, and their cameras.

    Without keys there is one a second.
    """
    end = float(len(path))
    if keys is None:
        step = max(1, round(path.fps))
        stops = [0.0, *(float(frame) for frame in range(step, len(path) - step // 2, step)), end]
        return stops, CameraPath(tuple(path.at(frame) for frame in stops), path.fps)
    inner = {key.frame for key in keys.keys if 0.0 < key.frame < end}
    stops = [0.0, *sorted(inner)] if keys.loop and inner else [0.0, *sorted(inner), end]
    found = sample(keys, stops)
    poses = tuple(
        CameraPose((x, y, z), (pitch, yaw, roll), lens)
        for (x, y, z), (pitch, yaw, roll), lens in zip(
            found.positions.tolist(),
            found.angles.tolist(),
            found.focal_lengths.tolist(),
            strict=True,
        )
    )
    return stops, CameraPath(poses, path.fps)


def _tension(keys: CameraKeys | None) -> float:
    if keys is None or keys.curve != "tcb":
        return 0.0
    return min(max(keys.keys[0].tension, 0.0), 1.0)


# Reading -----------------------------------------------------------------------------------------


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from the file; raises ``InvalidMedia`` or ``LimitExceeded`` for unsound ones."""
    values = object_of(data, "nerfstudio camera path")
    frames = as_list(values.get("camera_path") or [], "camera_path")
    keyframes = as_list(values.get("keyframes") or [], "keyframes")
    if not frames and not keyframes:
        raise InvalidMedia(
            "The file has neither camera_path nor keyframes, so there is no path in it. Export it "
            "again from nerfstudio's render tab."
        )
    mark = mark_of(values)
    aspect, notes = _aspect(values, [*frames[:1], *keyframes[:1]], options)
    rate = options.fps or _rate(values, len(frames), options, mark)
    check_frames(max(len(frames), len(keyframes)))
    stack: list[Matrices] = []
    fovs: list[NDArray[np.float64]] = []
    for entries, field, name in (
        (frames, "camera_to_world", "camera_path"),
        (keyframes, "matrix", "keyframes"),
    ):
        if entries:
            found, repaired = checked_matrices(_matrices(entries, field, name), f"{name} matrix")
            stack.append(found)
            fovs.append(_fovs(entries, values, name))
            notes += repaired
    # Frames and keyframes are one path: its first frame is the anchor of both.
    matrices = ours_from_z_up(np.concatenate(stack))
    put = placed(matrices, options, mark, fps=rate, unit_name="nerfstudio unit")
    focal = focal_from_vertical(np.concatenate(fovs), aspect)
    notes += [*put.notes, *_lost(values, frames + keyframes)]
    count = len(frames)
    keys: CameraKeys | None = None
    if keyframes:
        poses = path_from_matrices(put.matrices[count:], focal[count:], put.fps)
        keys = _keys(values, keyframes, poses, count, notes)
    if frames:
        path = path_from_matrices(put.matrices[:count], focal[:count], put.fps)
    else:
        assert keys is not None
        path = keyed_path(keys)
        notes.append(
            "The file holds keyframes only; the frames between were made with our own spline, "
            "which may differ a little from nerfstudio's."
        )
    return FoundPath(path, keys, FORMAT.id, put.units, put.scale_known, tuple(notes))


def _aspect(
    values: dict[str, Any], entries: list[Any], options: ReadOptions
) -> tuple[float, list[str]]:
    """Width over height of the rendered frame, and notes on where it was taken from."""
    if "render_width" in values and "render_height" in values:
        width = json_number(values["render_width"], "render_width")
        return aspect_of(
            width, json_number(values["render_height"], "render_height"), "The frame"
        ), []
    for entry in entries:
        if isinstance(entry, dict) and "aspect" in entry:
            return checked_aspect(json_number(entry["aspect"], "aspect"), "The frame"), []
    width, height = options.aspect
    return width / height, [f"The file gives no frame size; {width} x {height} was taken."]


def _rate(
    values: dict[str, Any], count: int, options: ReadOptions, mark: Mark | None
) -> Fraction | None:
    """The rate that the file says, or that its seconds and frames give."""
    if values.get("fps") is not None:
        return file_rate(values["fps"], "fps", options, mark)
    seconds = values.get("seconds")
    if count and seconds is not None and json_number(seconds, "seconds") > 0.0:
        rate = bounded(count / json_number(seconds, "seconds"), "seconds")
        return file_rate(rate, "The rate of frames over seconds", options, mark)
    return None


def _matrices(entries: list[Any], field: str, name: str) -> Matrices:
    """(N, 4, 4) of a list's entries, whichever way round the file writes them."""
    rows: list[list[float]] = []
    texts = 0
    for index, entry in enumerate(entries):
        where = f"{name}[{index}]"
        value = as_object(entry, where).get(field)
        if isinstance(value, str):
            texts += 1
            if len(value) > _LONGEST_TEXT:
                raise InvalidMedia(
                    f"{where}.{field} is {len(value):,} characters long; 16 numbers fit in "
                    f"{_LONGEST_TEXT:,}."
                )
            value = json_of(value.encode("utf-8", "replace")) if value else None
        rows.append(json_numbers(value, 16, f"{where}.{field}"))
    found = np.array(rows).reshape(-1, 4, 4)
    # A camera matrix ends with 0 0 0 1, row by row in its last four numbers; column by column these
    # zeros are numbers 3, 7, 11 and the place is in 12, 13, 14. One camera off the origin tells.
    shifts = np.abs(found[:, :3, 3]).max(axis=1)
    bottoms = np.abs(found[:, 3, :3]).max(axis=1)
    by_columns = (shifts == 0.0).all() and (bottoms > 0.0).any()
    undecided = (shifts == 0.0).all() and (bottoms == 0.0).all()
    if by_columns or (undecided and texts == len(entries)):
        return np.swapaxes(found, 1, 2)
    return found


def _fovs(entries: list[Any], values: dict[str, Any], name: str) -> NDArray[np.float64]:
    """Vertical fields of view, degrees, (N,)."""
    default = values.get("default_fov")
    return np.array(
        [
            json_number(entry.get("fov", default), f"{name}[{index}].fov")
            for index, entry in enumerate(entries)
        ]
    )


def _keys(
    values: dict[str, Any], keyframes: list[Any], poses: CameraPath, count: int, notes: list[str]
) -> CameraKeys | None:
    """The editor's keyframes as ours; None where they do not fit the frames beside them."""
    if len(keyframes) > MAX_KEYS:
        raise LimitExceeded(
            f"The file has {len(keyframes):,} keyframes; the limit is {MAX_KEYS:,}. Thin them out."
        )
    cycle = values.get("is_cycle") is True
    times, length = _times(values, keyframes, cycle, notes)
    rate = float(poses.fps)
    stops = [whole_frames(time * rate) for time in times]
    # nerfstudio drops the part of a frame at the end.
    frames = count or max(1, int(whole_frames(length * rate)), int(np.ceil(stops[-1])))
    if frames > MAX_FRAMES:
        raise LimitExceeded(
            f"The keyframes last {length:,.0f} seconds, {frames:,} frames; the limit is "
            f"{MAX_FRAMES:,}. Shorten the path."
        )
    if stops[-1] > frames + 1:
        notes.append(
            f"The keyframes end at frame {stops[-1]:.0f}, the path at frame {frames}; only the "
            "path was kept."
        )
        return None
    stops = [min(stop, float(frames)) for stop in stops]
    tension = min(max(json_number(values.get("smoothness_value", 0.0), "smoothness_value"), 0), 1)
    return CameraKeys(
        frames=frames,
        fps=poses.fps,
        keys=tuple(
            CameraKey(
                frame=stop,
                position=pose.position,
                rotation=pose.rotation,
                focal_length=pose.focal_length,
                tension=float(tension),
            )
            for stop, pose in zip(stops, poses, strict=True)
        ),
        curve="tcb",
        turn_curve="tcb",
        lens_curve="tcb",
        loop=cycle,
    )


def _times(
    values: dict[str, Any], keyframes: list[Any], cycle: bool, notes: list[str]
) -> tuple[list[float], float]:
    """Seconds at which the keyframes stand, and the length of the whole path, seconds."""
    default = values.get("default_transition_sec")
    if default is None and not any("override_transition_sec" in entry for entry in keyframes):
        length = values.get("seconds")
        length = len(keyframes) / 2.0 if length is None else json_number(length, "seconds")
        _check_positive(length, "seconds")
        notes.append("The file does not time its keyframes; they were spread evenly.")
        parts = max(len(keyframes) if cycle else len(keyframes) - 1, 1)
        return [length * i / parts for i in range(len(keyframes))], length

    def transition(index: int) -> float:
        entry = keyframes[index]
        own = entry.get("override_transition_sec")
        where = f"keyframes[{index}].override_transition_sec"
        if entry.get("override_transition_enabled") is not True or own is None:
            own, where = (0.5 if default is None else default), "default_transition_sec"
        return _check_positive(json_number(own, where), where)

    times = [0.0]
    for index in range(1, len(keyframes)):
        times.append(times[-1] + transition(index))
    return times, times[-1] + (transition(0) if cycle else 0.0)


def _check_positive(seconds: float, where: str) -> float:
    if not 0.0 < seconds <= 1e8:
        raise InvalidMedia(
            f"{where} is {seconds:g} seconds; it must be above 0 and at most 100,000,000."
        )
    return seconds


def _lost(values: dict[str, Any], entries: list[Any]) -> list[str]:
    """What the file has and a path of ours has not."""
    lost: list[str] = []
    kind = str(values.get("camera_type", "perspective"))[:40]
    if kind.lower() != "perspective":
        lost.append(f"The camera is {kind!r}; it was read as one with an ordinary lens.")
    if "crop" in values:
        lost.append("The crop box was left out.")
    if any("render_time" in entry for entry in entries):
        lost.append("The moments in time of a moving scene (render_time) were left out.")
    return lost


def recognise(data: bytes, name: str) -> float:
    """How surely content and name are of this format, 0 to 1."""
    if not looks_like_json(data):
        return 0.0
    if holds_words(data, '"camera_path"', '"camera_to_world"'):
        return 1.0
    if holds_words(data, '"keyframes"', '"matrix"', '"fov"'):
        return 0.9
    return 0.0


FORMAT: Final = Format(
    id="nerfstudio",
    label="nerfstudio camera path",
    suffix=".json",
    about="Keyframes and frames for nerfstudio's viewer and ns-render.",
    read=read,
    write=write,
    recognise=recognise,
)

__all__ = ["FORMAT", "read", "recognise", "write"]
