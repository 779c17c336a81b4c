"""What the formats of 3D programs share: a world with Z up, vertical lenses, rates, JSON files.

Blender and nerfstudio have Z up. Theirs is our world turned a quarter about X:
``(x, y, z)`` becomes ``(x, -z, y)``. Our home camera at (0, 0, 10), looking along -Z, stands there
at (0, -10, 0) and looks along +Y, which both call the front view. Only the world turns; a camera's
own axes (x right, y up, z back) are the same in all of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synth.camera.formats.convert import Mark, Matrices, focal_from_fov, fov_from_focal
from synth.camera.formats.model import ReadOptions
from synth.camera.formats.reading import json_number, json_of
from synth.errors import InvalidMedia
from synth.explain import short
from synth.limits import LIMITS

MARK_KEY: Final = "motion_synth"
"""Key of a JSON file's top object under which our mark stands; other programs pass it over."""

_TO_Z_UP: Final = ((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, -1.0, 0.0), (0.0, 1.0, 0.0, 0.0),
                   (0.0, 0.0, 0.0, 1.0))  # fmt: skip


def z_up_from_ours(camera_to_world: Matrices) -> Matrices:
    """Camera-to-world (N, 4, 4) in a world with Z up, from ours with Y up."""
    return np.array(_TO_Z_UP) @ camera_to_world


def ours_from_z_up(camera_to_world: Matrices) -> Matrices:
    """Camera-to-world (N, 4, 4) in our world with Y up, from one with Z up."""
    return np.array(_TO_Z_UP).T @ camera_to_world


def focal_from_vertical(degrees: ArrayLike, aspect: float) -> NDArray[np.float64]:
    """Millimetres from vertical fields of view, for a frame of width over height ``aspect``.

    Raises:
        InvalidMedia: an angle that is not above 0 and below 180 degrees.
    """
    # On a square frame the vertical is the longer side; else the lens is measured across the width.
    return focal_from_fov(degrees, 1, 1) / max(aspect, 1.0)


def vertical_from_focal(focal: ArrayLike, aspect: float) -> NDArray[np.float64]:
    """Vertical fields of view, degrees, from millimetres; ``aspect`` is width over height."""
    return fov_from_focal(np.asarray(focal, dtype=np.float64) * max(aspect, 1.0), 1, 1)


def aspect_of(width: float, height: float, where: str) -> float:
    """Width over height of a frame that a file gives; sizes out of the ordinary are refused."""
    for name, side in (("width", width), ("height", height)):
        if not 0.0 < side <= 1e6:
            raise InvalidMedia(
                f"{where} has a {name} of {side:g}; it must be above 0 and at most 1,000,000."
            )
    return checked_aspect(width / height, where)


def checked_aspect(aspect: float, where: str) -> float:
    """Width over height, refused outside 1/100 to 100."""
    if not 0.01 <= aspect <= 100.0:
        raise InvalidMedia(
            f"{where} is {aspect:.4g} times as wide as high; it must be from 0.01 to 100."
        )
    return aspect


def rate_near(value: float, where: str) -> Fraction:
    """The exact frame rate that a decimal means: 24.0 is 24, 29.97 is 30000/1001.

    Args:
        value: frames per second as a file writes them, rounded.
        where: what a message calls the place.

    Raises:
        InvalidMedia: a rate that is not above 0 and at most ``LIMITS.video_fps``.
    """
    if not 0.0 < value <= LIMITS.video_fps * (1 + 1e-4):
        raise InvalidMedia(
            f"{where} is {value:g} frames per second; it must be above 0 and at most "
            f"{LIMITS.video_fps}. Choose a frame rate on import."
        )
    whole = round(value)
    if whole and abs(value - whole) <= 1e-4 * value:
        return Fraction(whole)
    ntsc = Fraction(math.ceil(value) * 1000, 1001)
    if abs(value - ntsc) <= 2e-4 * value:
        return ntsc
    return Fraction(value).limit_denominator(1000) or Fraction(value).limit_denominator(10**9)


def file_rate(value: object, where: str, options: ReadOptions, mark: Mark | None) -> Fraction:
    """The frame rate of a file that says one; our mark's exact one where the two agree."""
    if options.fps is not None:
        return options.fps
    number = json_number(value, where)
    if mark is not None and abs(number - mark.fps) <= 1e-4 * mark.fps:
        return mark.fps
    return rate_near(number, where)


def tidy(numbers: ArrayLike) -> list[Any]:
    """Numbers as they are written: to twelve decimals, and no negative zeros."""
    return (np.round(np.asarray(numbers, dtype=np.float64), 12) + 0.0).tolist()


def whole_frames(frame: float) -> float:
    """A frame number without the rounding of seconds: 47.9999999 is 48."""
    near = round(frame)
    return float(near) if abs(frame - near) < 1e-4 else frame


def object_of(data: bytes, what: str) -> dict[str, Any]:
    """The object that a JSON file is made of; ``what`` names the format in a refusal."""
    return as_object(json_of(data), f"A {what} file")


def as_object(value: object, where: str) -> dict[str, Any]:
    """A JSON value that must be an object."""
    if not isinstance(value, dict):
        raise InvalidMedia(f"{where} must be a JSON object, in curly brackets, not {short(value)}.")
    return value


def as_list(value: object, where: str) -> list[Any]:
    """A JSON value that must be a list."""
    if not isinstance(value, list):
        raise InvalidMedia(f"{where} must be a list, in square brackets, not {short(value)}.")
    return value


def mark_of(values: Mapping[str, Any]) -> Mark | None:
    """Our mark in a JSON object, or None."""
    text = values.get(MARK_KEY)
    return Mark.find(text) if isinstance(text, str) else None


def json_bytes(values: Mapping[str, Any]) -> bytes:
    """A JSON file: UTF-8, one line per value of the top object, finite numbers only."""
    lines = [
        f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in values.items()
    ]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()
