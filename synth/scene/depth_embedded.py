"""Depth of a single photo without any learned weights: many weak cues, weighed and fused."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidMedia
from synth.scene.depth_focus import covers_focus, measure_focus
from synth.scene.depth_fuse import Cues, fuse
from synth.scene.depth_grid import grey_of, lab_of, scaled_bytes
from synth.scene.depth_layout import find_floor, find_horizon
from synth.scene.depth_lines import find_vanishing_point, line_segments
from synth.scene.depth_map import DepthMap
from synth.scene.depth_sky import find_sky
from synth.scene.depth_subject import find_subject

Array = NDArray[np.float32]

_SIDE = 320
"""Longest side of the grid on which depth is solved, pixels."""
_LINE_SIDE = 480
_FOCUS_SIDE = 640
_BLACK = 30
"""Brightest value that a letterbox bar may hold, of 255."""


def estimate_depth_embedded(pixels: NDArray[np.uint8]) -> DepthMap:
    """Estimate relative disparity of any photo with classical vision alone.

    ``pixels`` has shape (H, W, 3), uint8 RGB. Returns a `DepthMap` whose longest side is at most
    320 pixels, 0 farthest to 1 nearest, source "embedded"; bring it to the photo's size with
    `refine_disparity`. Deterministic. Raises ``InvalidMedia`` for an array of another shape.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or pixels.size == 0:
        raise InvalidMedia(
            f"The photo must be an RGB picture of 8 bits, shape (height, width, 3), not "
            f"{pixels.shape} of {pixels.dtype}. Load it with synth.media."
        )
    middle = _shrink(pixels, _FOCUS_SIDE)
    rows, columns = _bars(middle)
    cues = _look(np.ascontiguousarray(middle[rows, columns]))
    disparity = _put_back(fuse(cues), middle.shape[:2], rows, columns)
    return DepthMap(disparity, "embedded", notes=(_describe(cues),))


def _shrink(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return np.ascontiguousarray(pixels)
    if scale < 0.34 and min(height, width) > 4:
        # Halving is the one factor that OpenCV's area filter does at memory speed.
        even = pixels[: height - height % 2, : width - width % 2]
        half = (even.shape[1] // 2, even.shape[0] // 2)
        pixels = scaled_bytes(even, half)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return scaled_bytes(pixels, size)


def _bars(rgb: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Rows and columns of the picture without the black bars that a letterbox adds."""
    across, down = rgb.reshape(len(rgb), -1).max(1), rgb.max(0).max(1)
    return _inner(across > _BLACK), _inner(down > _BLACK)


def _inner(busy: NDArray[np.bool_]) -> slice:
    """From the first to the last busy line, if bars on both sides leave at least half of it."""
    places = np.flatnonzero(busy)
    if places.size == 0:
        return slice(0, busy.size)
    first, last = int(places[0]), int(places[-1]) + 1
    if last - first < busy.size // 2 or min(first, busy.size - last) < 2:
        return slice(0, busy.size)
    return slice(first, last)


def _put_back(inner: Array, shape: tuple[int, ...], rows: slice, columns: slice) -> Array:
    """Continue the depth of the picture over the bars that were left out."""
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if (height, width) == shape[:2]:
        return inner
    down, across = inner.shape[0] / height, inner.shape[1] / width
    padded = cv2.copyMakeBorder(
        inner,
        round(rows.start * down),
        round((shape[0] - rows.stop) * down),
        round(columns.start * across),
        round((shape[1] - columns.stop) * across),
        cv2.BORDER_REPLICATE,
    )
    return padded.astype(np.float32, copy=False)


def _look(middle: NDArray[np.uint8]) -> Cues:
    rgb = _shrink(middle, _SIDE)
    height, width = rgb.shape[:2]
    grey = grey_of(middle)
    outline = _shrink(grey, _LINE_SIDE)
    lab = lab_of(rgb)
    vanishing = find_vanishing_point(line_segments(outline), outline.shape[1], outline.shape[0])
    sky = find_sky(lab, vanishing.room)
    focus = measure_focus(grey, (width, height))
    attention = 1.0 - focus.shallow * (1.0 - focus.sharpness)
    attention = attention * (1.0 - sky.mask * sky.confidence)
    subject = find_subject(rgb, lab, attention.astype(np.float32))
    # The bright far end of a corridor draws the eye too, but it is no thing.
    trust = (1.0 - 0.8 * vanishing.room) * covers_focus(subject.mask, focus)
    subject = replace(subject, confidence=subject.confidence * trust)
    horizon = find_horizon(sky, vanishing)
    floor = find_floor(lab, horizon, subject)
    # In a close-up what is sharp is the thing itself, not the ground that leads to it.
    lies = 1.0 - 0.8 * focus.shallow * focus.sharpness * focus.confidence
    floor = replace(floor, mask=floor.mask * lies.astype(np.float32))
    return Cues(rgb, lab, vanishing, sky, focus, subject, horizon, floor)


def _describe(cues: Cues) -> str:
    if cues.vanishing.room > 0.4:
        kind = "a corridor or street"
    elif cues.focus.shallow > 0.5:
        kind = "a sharp subject before a blurred background"
    elif cues.sky.confidence > 0.4:
        kind = "an outdoor view with a sky"
    elif cues.subject.confidence > 0.5:
        kind = "a subject before a background"
    else:
        kind = "a general view"
    return f"Depth was estimated from the picture's own cues; it reads as {kind}."
