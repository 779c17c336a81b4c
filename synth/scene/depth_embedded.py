"""Depth of a single photo without any learned weights: many weak cues, weighed and fused."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidMedia
from synth.scene.depth_filters import edge_weights, smooth_within_edges
from synth.scene.depth_focus import Focus, measure_focus
from synth.scene.depth_layout import (
    Horizon,
    corridor,
    far_wall,
    find_floor,
    find_horizon,
    floor_ramp,
    stand_upright,
)
from synth.scene.depth_lines import VanishingPoint, find_vanishing_point, line_segments
from synth.scene.depth_map import DepthMap
from synth.scene.depth_sky import Sky, find_sky
from synth.scene.depth_subject import Subject, find_subject

Array = NDArray[np.float32]

_SIDE = 320
"""Longest side of the grid on which depth is solved, pixels."""
_LINE_SIDE = 480
_FOCUS_SIDE = 640


@dataclass(frozen=True)
class _Cues:
    """Everything that was seen in the photo, on the solving grid (H, W)."""

    rgb: NDArray[np.uint8]
    lab: Array
    vanishing: VanishingPoint
    sky: Sky
    focus: Focus
    subject: Subject
    horizon: Horizon
    floor: Array


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
    cues = _look(pixels)
    return DepthMap(_fuse(cues), "embedded", notes=(_describe(cues),))


def _shrink(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _look(pixels: NDArray[np.uint8]) -> _Cues:
    middle = _shrink(pixels, _FOCUS_SIDE)
    rgb = _shrink(middle, _SIDE)
    height, width = rgb.shape[:2]
    grey = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY)
    outline = _shrink(grey, _LINE_SIDE)
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB) / 100.0
    vanishing = find_vanishing_point(line_segments(outline), outline.shape[1], outline.shape[0])
    sky = find_sky(lab)
    focus = measure_focus(grey, (width, height))
    attention = 1.0 - focus.shallow * (1.0 - focus.sharpness)
    attention = attention * (1.0 - sky.mask * sky.confidence)
    subject = find_subject(rgb, lab, attention.astype(np.float32))
    horizon = find_horizon(sky, vanishing)
    floor = find_floor(lab, horizon, subject)
    return _Cues(rgb, lab, vanishing, sky, focus, subject, horizon, floor)


def _fuse(cues: _Cues) -> Array:
    height, width = cues.rgb.shape[:2]
    size = (width, height)
    ramp = floor_ramp(size, cues.horizon)
    stage = stand_upright(ramp, cues.floor)
    room = cues.vanishing.strength * cues.vanishing.surround
    stage = (1.0 - room) * stage + room * corridor(size, cues.vanishing)
    stage = far_wall(stage)
    blur = cues.focus.shallow * cues.focus.confidence * (1.0 - cues.focus.sharpness)
    stage = stage * (1.0 - 0.75 * blur)
    believe = np.full((height, width), 0.25, np.float32)
    believe += 0.5 * cues.floor + blur
    value, weight = _add_subject(stage, believe, ramp, cues)
    sky = cues.sky.mask * cues.sky.confidence
    value = value * (1.0 - sky)
    weight = weight + 3.0 * sky
    ties = edge_weights(cues.lab, 9.0)
    solved = smooth_within_edges(value, weight, ties, 60.0)
    return np.clip(solved, 0.0, 1.0).astype(np.float32)


def _add_subject(stage: Array, believe: Array, ramp: Array, cues: _Cues) -> tuple[Array, Array]:
    """Stand the subject on its foot, in front of what surrounds it, gently rounded."""
    mask, sure = cues.subject.mask, cues.subject.confidence
    solid = mask > 0.5
    if sure <= 0.0 or not solid.any():
        return stage, believe
    height = mask.shape[0]
    rows = np.flatnonzero(solid.any(1))
    foot = int(np.percentile(np.repeat(np.arange(height), solid.sum(1)), 98))
    base = float(far_wall(ramp)[min(foot, height - 1)].mean())
    if rows[-1] >= height - 2:
        base = max(base, 0.8)
    reach = max(3, round(0.06 * max(mask.shape)))
    ring = cv2.dilate(solid.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    around = (ring > 0) & ~solid
    around[foot:] = False
    if around.any():
        base = max(base, float(np.percentile(stage[around], 70)) + 0.12)
    inner = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 3)
    round_off = 0.07 * (np.sqrt(inner / max(float(inner.max()), 1.0)) - 0.6)
    lean = 0.12 * (ramp - float(ramp[min(foot, height - 1)].mean()))
    body = np.clip(base + round_off + lean, 0.0, 1.0)
    share = mask * sure
    return (1.0 - share) * stage + share * body, believe + 1.5 * share


def _describe(cues: _Cues) -> str:
    if cues.vanishing.strength * cues.vanishing.surround > 0.4:
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
