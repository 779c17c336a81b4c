"""Depth of a photo from the best source at hand, and what people do with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia, Unavailable
from synth.scene.depth_embedded import estimate_depth_embedded
from synth.scene.depth_map import DepthMap
from synth.scene.depth_model import DepthAnything
from synth.scene.depth_strokes import apply_strokes

__all__ = [
    "DepthMethod",
    "apply_strokes",
    "depth_picture",
    "estimate_depth",
    "read_depth_picture",
    "subject_disparity",
]

DepthMethod = Literal["auto", "depth-anything", "embedded"]

_METHODS = ("auto", "depth-anything", "embedded")
_ASPECT_SLACK = 0.02
"""Relative difference of aspect that a depth picture may have from its photo."""
_FLAT = 0.1
"""A depth picture that uses less than this share of its range is stretched."""
_STOPS = ("#0a1033", "#23388a", "#6a4fa3", "#c45d86", "#f29a63", "#fff3cf")
"""Far to near for display: cool and dark recedes, warm and light comes forward."""


def estimate_depth(
    pixels: NDArray[np.uint8],
    *,
    method: DepthMethod = "auto",
    depth_picture: NDArray[Any] | None = None,
    near_is_white: bool = True,
    model: DepthAnything | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> DepthMap:
    """Relative disparity of a photo from the best source at hand.

    ``pixels`` has shape (H, W, 3), uint8 RGB. The order is: ``depth_picture`` (see
    `read_depth_picture`), if given; with "auto" Depth Anything if its weights are already on this
    machine (nothing is ever downloaded here); else the embedded estimator. ``model`` is the
    process's shared network, so that it is loaded once. The result's notes say which it was and
    why. Raises ``InvalidMedia`` for unusable pictures, ``InvalidInstruction`` for another method,
    ``Unavailable`` if "depth-anything" is demanded and cannot be had, ``Cancelled``.
    """
    if method not in _METHODS:
        raise InvalidInstruction(
            f"There is no depth method {method!r}. Choose one of {', '.join(_METHODS)}."
        )
    _check_photo(pixels)
    token = cancel or CancelToken()
    token.check()
    progress(Progress("Estimating depth", 0, 1))
    if depth_picture is not None:
        depth = read_depth_picture(depth_picture, pixels.shape[:2], near_is_white=near_is_white)
    elif method == "embedded":
        depth = estimate_depth_embedded(pixels)
    else:
        depth = _learned(pixels, method, model or DepthAnything(), token)
    token.check()
    progress(Progress("Estimating depth", 1, 1))
    return depth


def _learned(
    pixels: NDArray[np.uint8], method: DepthMethod, model: DepthAnything, cancel: CancelToken
) -> DepthMap:
    if method == "depth-anything":
        return model.estimate(pixels, cancel)
    if not model.available():
        reason = "The depth model has not been downloaded, so depth comes from the picture alone."
        return _noted(estimate_depth_embedded(pixels), reason)
    try:
        return model.estimate(pixels, cancel)
    except Unavailable as error:
        return _noted(estimate_depth_embedded(pixels), str(error))


def _noted(depth: DepthMap, note: str) -> DepthMap:
    return replace(depth, notes=(note, *depth.notes))


def _check_photo(pixels: NDArray[np.uint8]) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or pixels.size == 0:
        raise InvalidMedia(
            f"The photo must be an RGB picture of 8 bits, shape (height, width, 3), not "
            f"{pixels.shape} of {pixels.dtype}. Load it with synth.media."
        )


def read_depth_picture(
    picture: NDArray[Any], photo_shape: tuple[int, ...], *, near_is_white: bool = True
) -> DepthMap:
    """Take a depth map that the user brings: grey or colour, whole numbers or floats.

    ``picture`` has shape (h, w) or (h, w, 1 to 4), alpha ignored; ``photo_shape`` starts with the
    photo's height and width. Whole numbers are taken over their type's range; floats over [0, 1]
    or, beyond it, over what they hold. Eight-bit steps are smoothed within their own width.
    Raises ``InvalidMedia`` for values that are not finite or an aspect unlike the photo's.
    """
    values = np.asarray(picture)
    if values.ndim == 3 and values.shape[2] in (1, 2):
        values = values[..., 0]
    elif values.ndim == 3 and values.shape[2] in (3, 4):
        values = values[..., :3].mean(2, dtype=np.float32).astype(values.dtype)
    if values.ndim != 2 or values.size == 0:
        raise InvalidMedia(
            f"A depth map must be a grey picture, not an array of shape {np.shape(picture)}."
        )
    _check_aspect(values.shape, photo_shape)
    notes = ["Depth comes from the map that was given."]
    if np.issubdtype(values.dtype, np.integer):
        near = _from_whole_numbers(values)
    else:
        near = values.astype(np.float32)
        if values.dtype != bool and not np.isfinite(near).all():
            broken = int(np.count_nonzero(~np.isfinite(near)))
            raise InvalidMedia(
                f"The depth map holds {broken} of {near.size} values that are not finite; "
                "none is allowed. Fill them and load it again."
            )
    low, high = float(near.min()), float(near.max())
    if low < 0.0 or high > 1.0 or 1e-6 < high - low < _FLAT:
        near = (near - low) / (high - low) if high > low else np.full_like(near, 0.5)
        notes.append("Its values were stretched to the full range.")
    if not near_is_white:
        near = 1.0 - near
    return DepthMap(np.clip(near, 0.0, 1.0).astype(np.float32), "file", notes=tuple(notes))


def _check_aspect(shape: tuple[int, ...], photo_shape: tuple[int, ...]) -> None:
    height, width = photo_shape[:2]
    ratio = (shape[1] / shape[0]) / (width / height)
    # A small map can only come near the photo's aspect: a pixel more or less is no mistake.
    slack = _ASPECT_SLACK + 1.0 / min(shape)
    if not 1.0 - slack <= ratio <= 1.0 + slack:
        raise InvalidMedia(
            f"The depth map is {shape[1]}×{shape[0]} and the photo {width}×{height}: their shapes "
            f"differ by {abs(ratio - 1) * 100:.0f} %, {_ASPECT_SLACK * 100:.0f} % is allowed. "
            "Crop or scale one to fit the other."
        )


def _from_whole_numbers(values: NDArray[Any]) -> NDArray[np.float32]:
    span = np.iinfo(values.dtype)
    near = (values.astype(np.float32) - span.min) / np.float32(int(span.max) - int(span.min))
    if values.dtype.itemsize > 1:
        return near
    # A staircase of 256 steps shows in a moving camera; the true slope lies within half a step.
    half = np.float32(0.5 / (int(span.max) - int(span.min)))
    smooth = cv2.GaussianBlur(near, (0, 0), 2.5)
    return np.clip(smooth, near - half, near + half).astype(np.float32)


def subject_disparity(depth: DepthMap) -> float:
    """Disparity of the plane that a camera should turn about: the likely subject's, 0 to 1.

    A weighted median: the middle of the picture counts more than its rim, and of what is there
    the nearer things count more, but not the floor at the photo's feet.
    """
    height, width = depth.disparity.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = (x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5
    weight = np.exp(-((across / 0.22) ** 2) - (down / 0.24) ** 2)
    weight *= 0.1 + depth.disparity**1.5
    order = np.argsort(depth.disparity, axis=None, kind="stable")
    total = np.cumsum(weight.ravel()[order], dtype=np.float64)
    place = int(np.searchsorted(total, 0.5 * total[-1]))
    return float(depth.disparity.ravel()[order[min(place, order.size - 1)]])


def depth_picture(depth: DepthMap) -> NDArray[np.uint8]:
    """The depth map as a picture for people, shape (H, W, 3) uint8 RGB: near is warm and light.

    The colours run through CIE Lab with a lightness that rises evenly, so that it still reads in
    greyscale and to people who see colours differently.
    """
    levels = np.clip(depth.disparity * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return _palette()[levels]


def _palette() -> NDArray[np.uint8]:
    """256 colours from far to near, shape (256, 3)."""
    codes = [[int(stop[place : place + 2], 16) for place in (1, 3, 5)] for stop in _STOPS]
    stops = np.array(codes, np.float32)[None] / 255.0
    lab = cv2.cvtColor(stops, cv2.COLOR_RGB2LAB)[0]
    where = np.linspace(0.0, 1.0, 256)
    knots = np.linspace(0.0, 1.0, len(_STOPS))
    smooth = np.stack([np.interp(where, knots, lab[:, channel]) for channel in range(3)], axis=1)
    rgb = cv2.cvtColor(smooth[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0]
    return (np.clip(rgb, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
