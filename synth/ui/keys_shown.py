"""What the keyframe editor shows, as plain values: the sampled path, the stage, a frame of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.comfort import measure_motion
from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.easing import EASINGS, ease
from synth.camera.formats import FORMATS
from synth.camera.keys import CURVES, TURN_CURVES, CameraKeys
from synth.camera.sampling import keyed_path, sample
from synth.errors import InvalidInstruction
from synth.limits import LIMITS
from synth.motion.catalogue import MOVE_KINDS
from synth.render.foresight import Coverage
from synth.scene.depth_map import DepthMap
from synth.scene.metric import metric_disparity
from synth.shot import FRAME_RATES, Shot
from synth.ui.assets import picture_url
from synth.ui.photo import Photo

SAMPLES = 400
"""Most places of a path that the page draws."""

CLOUD_COLUMNS = 104
"""Points of the stage across the photo."""

MEASURED = 6000
"""Longest path, frames, whose every frame is looked at for bumps while it is edited."""

_PICTURE_SIDE = 720


def plotly_file() -> str:
    """Where the plotly.js of the Python package lies."""
    import plotly

    return str(Path(plotly.__file__).parent / "package_data" / "plotly.min.js")


def read_keys(value: object) -> CameraKeys:
    """The keyed camera of the editor's value, checked as if anybody had sent it.

    Raises ``InvalidInstruction`` or ``LimitExceeded`` for what makes no sense.
    """
    keys = value.get("keys") if isinstance(value, Mapping) else None
    if not isinstance(keys, Mapping):
        raise InvalidInstruction("The editor sent no keyframes. Reload the page.")
    try:
        text = json.dumps(keys)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInstruction("The keyframes are not plain values. Reload the page.") from error
    return CameraKeys.from_json(text)


def revision(value: object) -> int:
    """The number by which the page knows which state of its document an answer belongs to."""
    number = value.get("rev") if isinstance(value, Mapping) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else 0


def document(keys: CameraKeys, rev: int) -> dict[str, Any]:
    """The editor's value."""
    return {"keys": keys.to_dict(), "rev": rev}


def catalog() -> dict[str, Any]:
    """Everything that menus offer, read from where it is declared."""
    grid = np.linspace(0.0, 1.0, 25)
    return {
        "easings": {name: _rounded(ease(name, grid), 4) for name in EASINGS},
        "curves": list(CURVES),
        "turn_curves": list(TURN_CURVES),
        "formats": [
            {
                "id": one.id,
                "label": one.label,
                "suffix": one.suffix,
                "reads": one.read is not None,
                "writes": one.write is not None,
                "about": one.about,
            }
            for one in FORMATS
        ],
        "presets": [
            {
                "type": kind.type,
                "label": kind.type.replace("_", " ").capitalize(),
                "directions": list(kind.directions),
                "help": kind.summary,
            }
            for kind in MOVE_KINDS.values()
        ],
        "limits": {"frames": 100_000, "focal": [4, 1200], "seconds": LIMITS.clip_seconds},
        "fps": list(FRAME_RATES),
    }


def sampled(keys: CameraKeys, rev: int) -> dict[str, Any]:
    """The camera along the path, and where a viewer would feel a bump.

    Raises ``InvalidInstruction`` for a path that cannot be flown.
    """
    last = keys.frames
    step = max(1, -(-last // SAMPLES))
    at = np.unique(np.append(np.arange(0, last, step), last)).astype(np.float64)
    found = sample(keys, at)
    shown: dict[str, Any] = {
        "rev": rev,
        "at": [int(frame) for frame in at],
        "focal": _rounded(found.focal_lengths, 4),
        "seconds": keys.seconds,
    }
    for name, column in zip("xyz", found.positions.T, strict=True):
        shown[name] = _rounded(column, 5)
    for name, column in zip(("pitch", "yaw", "roll"), found.angles.T, strict=True):
        shown[name] = _rounded(column, 4)
    if keys.frames <= MEASURED:
        report = measure_motion(keyed_path(keys))
        speed = np.interp(at, np.arange(keys.frames), report.speed)
        bumps = [{"frame": b.frame, "kind": b.kind, "text": b.sentence} for b in report.bumps]
    else:
        steps = np.linalg.norm(np.diff(found.positions, axis=0), axis=1) / np.diff(at)
        speed = np.append(steps, steps[-1:]) * float(keys.fps) if len(steps) else np.zeros(len(at))
        bumps = []
    length = float(np.linalg.norm(np.diff(found.positions, axis=0), axis=1).sum())
    shown |= {
        "speed": _rounded(speed, 4),
        "bumps": bumps,
        "length": round(length, 3),
        "top_speed": round(float(np.max(speed, initial=0.0)), 3),
    }
    if keys.look_at is not None:
        shown["target"] = [list(keys.look_at.target)]
        if keys.look_at.keys:
            shown["target"] = [list(one.position) for one in keys.look_at.keys]
    return shown


def foreseen(coverage: Coverage, rev: int, zoom: float) -> dict[str, Any]:
    """How much of each frame was never photographed, per cent, and a sentence about it."""
    return {
        "rev": rev,
        "at": [int(frame) for frame in coverage.frames],
        "outside": _rounded(np.asarray(coverage.outside) * 100.0, 3),
        "uncovered": _rounded(np.asarray(coverage.uncovered) * 100.0, 3),
        "worst": [int(frame) for frame in coverage.worst],
        "sentence": coverage.sentence,
        "zoom": round(zoom, 3),
    }


def still_picture(frame: NDArray[np.uint8], quality: int = 90) -> str:
    """A frame as a ``data:`` address, at its own size."""
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise RuntimeError("The frame could not be written.")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def scenery(photo: Photo, pixels: NDArray[np.uint8], depth: DepthMap, shot: Shot) -> dict[str, Any]:
    """The photo as points in space, for the stage that the path is shown in.

    Args:
        photo: whose scenery it is.
        pixels: the photo, sRGB, shape (H, W, 3).
        depth: of the whole photo.
        shot: its lens and depth strength.
    """
    height, width = pixels.shape[:2]
    columns = CLOUD_COLUMNS if width >= height else round(CLOUD_COLUMNS * 0.7)
    rows = max(8, round(columns * height / width))
    small = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
    inverse = metric_disparity(depth, shot.depth.strength)
    inverse = cv2.resize(inverse, (columns, rows), interpolation=cv2.INTER_NEAREST_EXACT)
    distance = 1.0 / np.maximum(inverse, 1.0 / 60.0)
    focal = focal_pixels(shot.focal_length, columns, rows)
    across, down = np.meshgrid(
        np.arange(columns) + 0.5 - columns / 2.0, np.arange(rows) + 0.5 - rows / 2.0
    )
    colours = np.asarray(small, np.uint8).reshape(-1, 3)
    return {
        "points": {
            "x": _rounded((across / focal * distance).ravel(), 3),
            "y": _rounded((-down / focal * distance).ravel(), 3),
            "z": _rounded((HOME_DISTANCE - distance).ravel(), 3),
            "colour": ["#" + colour.tobytes().hex() for colour in colours],
        },
        "picture": picture_url(pixels, _PICTURE_SIDE),
        "width": width,
        "height": height,
        "focal": shot.focal_length,
        "name": photo.name,
    }


def point_seen(depth: DepthMap, shot: Shot, u: float, v: float) -> tuple[float, float, float]:
    """The world point that the photo shows at ``(u, v)``, shares of its width and height."""
    inverse = metric_disparity(depth, shot.depth.strength)
    rows, columns = inverse.shape
    row = min(int(v * rows), rows - 1)
    column = min(int(u * columns), columns - 1)
    near = inverse[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    distance = 1.0 / max(float(np.median(near)), 1.0 / 1000.0)
    focal = focal_pixels(shot.focal_length, columns, rows)
    x = (u - 0.5) * columns / focal * distance
    y = -(v - 0.5) * rows / focal * distance
    return round(x, 4), round(y, 4), round(HOME_DISTANCE - distance, 4)


def _rounded(numbers: NDArray[np.floating[Any]], digits: int) -> list[float]:
    return np.round(np.asarray(numbers, np.float64), digits).tolist()
