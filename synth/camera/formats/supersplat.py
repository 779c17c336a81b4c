"""SuperSplat's camera poses: ``poseSets`` and ``timeline`` of its ``document.json``.

Layout: ``poseSets: [{name, poses: [{name, frame, position, target, fov}]}]``, ``timeline: {frames,
frameRate, frame, smoothness}``. A project file (``.ssproj``) is a zip with ``document.json`` in it.
World: Y up, as with us. ``fov`` is in degrees across the longer side of the picture (its camera
switches to a horizontal angle when the picture is wider than high), so it is ``2 atan(18 mm / f)``
whatever the frame. Poses hold a place and a target only: the camera is always level, roll is lost.

SuperSplat draws a cubic spline through places, targets and angles; poses at or beyond
``timeline.frames`` are passed over. On reading, a pose becomes a keyframe on smooth curves, and the
targets become the point that the camera looks at.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.conventions import HOME_DISTANCE
from synth.camera.formats.convert import (
    Mark,
    Matrices,
    check_frames,
    matrices_to_write,
    path_from_matrices,
    placed,
    squared,
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
    file_rate,
    focal_from_vertical,
    json_bytes,
    mark_of,
    object_of,
    tidy,
    vertical_from_focal,
    whole_frames,
)
from synth.camera.formats.reading import holds_words, json_number, json_numbers, looks_like_json
from synth.camera.keys import FARTHEST, MAX_KEYS, CameraKey, CameraKeys, LookAt, TargetKey
from synth.camera.pose import CameraPath
from synth.camera.sampling import keyed_path, sample
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded

_DEFAULT_FOV: Final = 60.0
"""SuperSplat's own, degrees, for poses and documents that have none."""

_NEAREST_TARGET: Final = 1.0
"""Least distance from the camera to a target we write, scene units."""

_BETWEEN: Final = (
    "Between the poses the path was made smooth; SuperSplat's own spline may differ a little."
)

_SAME: Final = 1e-3
"""Degrees by which an aimed key may differ from its pose."""

_MOST_ROLL: Final = 0.05
"""Roll that a note passes over, degrees."""


# Writing -----------------------------------------------------------------------------------------


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """The path as a file of this format."""
    frames = _frames(path, keys)
    matrices = matrices_to_write(path, options)[frames]
    ahead = -matrices[:, :3, 2]
    distance = _distances(path)[frames, None] * options.scale
    places = matrices[:, :3, 3]
    targets = places + ahead * distance
    fovs = vertical_from_focal(path.focal_lengths, 1.0)[frames]
    poses = [
        {"name": f"camera_{index}", "frame": frame, "position": place, "target": target, "fov": fov}
        for index, (frame, place, target, fov) in enumerate(
            zip(frames, tidy(places), tidy(targets), tidy(fovs), strict=True)
        )
    ]
    data = json_bytes(
        {
            MARK_KEY: Mark.of(path, options).text,
            "poseSets": [{"name": "set0", "poses": poses}],
            "timeline": {
                "frames": len(path), "frameRate": float(path.fps), "frame": 0, "smoothness": 1,
            },
        }
    )  # fmt: skip
    notes: list[str] = []
    turned = _level(ahead).inv() * Rotation.from_matrix(matrices[:, :3, :3])
    roll = float(np.degrees(turned.magnitude()).max())
    if roll > _MOST_ROLL:
        notes.append(f"SuperSplat's camera cannot roll; up to {roll:.3g} degrees of roll are lost.")
    if len(frames) < len(path):
        notes.append(
            f"{len(frames)} poses were written for {len(path)} frames; SuperSplat draws a spline "
            "of its own between them."
        )
    notes.append("Put poseSets and timeline into document.json of a .ssproj project.")
    return WrittenPath(data, ".json", "application/json", tuple(notes))


def _frames(path: CameraPath, keys: CameraKeys | None) -> list[int]:
    """Frames that get a pose: the keys' and both ends, or every frame if there are no keys."""
    last = len(path) - 1
    if keys is None:
        return list(range(len(path)))
    return sorted({0, last, *(min(round(key.frame), last) for key in keys.keys)})


def _distances(path: CameraPath) -> NDArray[np.float64]:
    """Distances to the targets, scene units, (N,): to the subject's depth along the camera's axis.

    On an orbit this is the very subject, which then stands still as SuperSplat's targets do.
    """
    back = path.rotations.as_matrix()[:, :, 2]
    depth = np.einsum("ni,ni->n", path.positions, back)
    return np.where(depth > _NEAREST_TARGET, depth, HOME_DISTANCE)


def _level(ahead: NDArray[np.float64]) -> Rotation:
    """Rotations without roll that look along unit vectors (N, 3)."""
    flat = np.hypot(ahead[:, 0], ahead[:, 2])
    pitch = np.arctan2(ahead[:, 1], flat)
    yaw = np.where(flat > 1e-12, np.arctan2(-ahead[:, 0], -ahead[:, 2]), 0.0)
    return Rotation.from_euler("YXZ", np.column_stack([yaw, pitch, np.zeros_like(yaw)]))


# Reading -----------------------------------------------------------------------------------------


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from the file; raises ``InvalidMedia`` or ``LimitExceeded`` for unsound ones."""
    values = object_of(data, "SuperSplat")
    sets = as_list(values.get("poseSets") or [], "poseSets")
    # Older documents end the list with an entry that has no poses but says which set is active.
    chosen = next((one for one in sets if isinstance(one, dict) and one.get("poses")), None)
    if chosen is None:
        raise InvalidMedia(
            "The file has no poses in poseSets. Add camera keys in SuperSplat and save again."
        )
    poses = as_list(chosen["poses"], "poseSets[].poses")
    if len(poses) > MAX_KEYS:
        raise LimitExceeded(
            f"The file has {len(poses):,} poses; the limit is {MAX_KEYS:,}. Thin them out."
        )
    timeline = as_object(values.get("timeline") or {}, "timeline")
    mark = mark_of(values)
    notes: list[str] = []
    rate: Fraction | None = options.fps
    if rate is None and timeline.get("frameRate") is not None:
        rate = file_rate(timeline["frameRate"], "timeline.frameRate", options, mark)
    frames, matrices, targets, fovs = _poses(poses, values, float(rate or 30))
    length = _length(timeline, frames, notes)
    kept = frames < max(length, frames[0] + 1)
    frames, matrices, targets, fovs = frames[kept], matrices[kept], targets[kept], fovs[kept]
    # Targets move with the cameras wherever the path is put.
    ends = np.tile(np.eye(4), (len(targets), 1, 1))
    ends[:, :3, 3] = targets
    put = placed(np.concatenate([matrices, ends]), options, mark, fps=rate,
                 unit_name="SuperSplat unit")  # fmt: skip
    path = path_from_matrices(put.matrices[: len(frames)], focal_from_vertical(fovs, 1.0), put.fps)
    keys = _keys(frames, path, put.matrices[len(frames) :, :3, 3], length)
    notes += put.notes
    if len(frames) < length:
        notes.append(_BETWEEN)
    return FoundPath(keyed_path(keys), keys, FORMAT.id, put.units, put.scale_known, tuple(notes))


def _poses(
    poses: list[Any], values: dict[str, Any], rate: float
) -> tuple[NDArray[np.float64], Matrices, NDArray[np.float64], NDArray[np.float64]]:
    """Frames (N,) in order, camera-to-world (N, 4, 4), targets (N, 3), angles (N,) degrees."""
    camera = values.get("camera")
    default = camera.get("fov") if isinstance(camera, dict) else None
    rows: list[list[float]] = []
    for index, pose in enumerate(poses):
        where = f"poses[{index}]"
        pose = as_object(pose, where)
        frame, fov = pose.get("frame"), pose.get("fov")
        frame = index * rate if frame is None else json_number(frame, f"{where}.frame")
        fov = default if fov is None else fov
        fov = _DEFAULT_FOV if fov is None else json_number(fov, f"{where}.fov")
        if not 0.0 <= frame <= MAX_FRAMES:
            raise InvalidMedia(f"{where}.frame is {frame:g}; it must be from 0 to {MAX_FRAMES:,}.")
        place = json_numbers(pose.get("position"), 3, f"{where}.position")
        target = json_numbers(pose.get("target"), 3, f"{where}.target")
        if math.dist(place, target) <= 1e-9 * max(1.0, *map(abs, place)):
            raise InvalidMedia(
                f"The camera of {where} stands on its own target, so it looks nowhere. Move one."
            )
        rows.append([whole_frames(frame), *place, *target, fov])
    table = np.array(sorted(rows, key=lambda row: row[0]))
    doubled = np.flatnonzero(np.diff(table[:, 0]) == 0.0)
    if doubled.size:
        raise InvalidMedia(
            f"Two poses stand on frame {table[doubled[0], 0]:g}. Move or delete one of them."
        )
    ahead = table[:, 4:7] - table[:, 1:4]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    turns = _level(ahead).as_matrix()
    matrices = squared(np.concatenate([turns, table[:, 1:4, None]], axis=2))
    return table[:, 0], matrices, table[:, 4:7], table[:, 7]


def _length(timeline: dict[str, Any], frames: NDArray[np.float64], notes: list[str]) -> int:
    """Frames of the clip: the timeline's, else up to the last pose."""
    last = math.ceil(float(frames[-1])) + 1
    said = timeline.get("frames")
    if said is None:
        notes.append(f"The file does not say how long it is; {last} frames reach the last pose.")
        check_frames(last)
        return last
    length = json_number(said, "timeline.frames")
    if length != int(length) or length < 1:
        raise InvalidMedia(f"timeline.frames is {length:g}; it must be a whole number above 0.")
    check_frames(int(length))
    passed = int((frames >= length).sum())
    if passed:
        notes.append(
            f"{passed} poses at or after frame {length:.0f}, the timeline's end, were left out, as "
            "SuperSplat does."
        )
    return int(length)


def _keys(
    frames: NDArray[np.float64], path: CameraPath, targets: NDArray[np.float64], length: int
) -> CameraKeys:
    """Poses as keys that look at the targets, or just turn where that would not be the same."""
    keys = CameraKeys(
        frames=max(length, math.ceil(float(frames[-1]))),
        fps=path.fps,
        keys=tuple(
            CameraKey(
                frame=frame,
                position=pose.position,
                rotation=pose.rotation,
                focal_length=pose.focal_length,
            )
            for frame, pose in zip(frames.tolist(), path, strict=True)
        ),
        curve="smooth",
        turn_curve="smooth",
        lens_curve="smooth",
    )
    if len(frames) == length or np.abs(targets).max() > FARTHEST:
        return keys
    points = [(x, y, z) for x, y, z in targets.tolist()]
    still = np.abs(targets - targets[0]).max() < 1e-9
    moving = tuple(
        TargetKey(frame=frame, position=point)
        for frame, point in zip(frames.tolist(), points, strict=True)
    )
    look_at = LookAt(target=points[0], keys=() if still else moving)
    aimed = keys.model_copy(update={"look_at": look_at})
    try:
        turned = sample(aimed, frames).rotations * path.rotations.inv()
    except InvalidInstruction:  # On its way the camera meets the target.
        return keys
    # Ours tips over backwards when its target passes right below it; SuperSplat's turns round.
    return aimed if np.degrees(turned.magnitude()).max() < _SAME else keys


def recognise(data: bytes, name: str) -> float:
    """How surely content and name are of this format, 0 to 1."""
    if looks_like_json(data) and holds_words(data, '"poseSets"'):
        return 1.0 if holds_words(data, '"target"', '"position"') else 0.5
    return 0.0


FORMAT: Final = Format(
    id="supersplat",
    label="SuperSplat camera poses",
    suffix=".json",
    about="Camera keys for the splat editor SuperSplat: place, target and field of view.",
    read=read,
    write=write,
    recognise=recognise,
)

__all__ = ["FORMAT", "read", "recognise", "write"]
