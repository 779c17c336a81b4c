"""The depth panel: the depth picture, a brush over it, and where the depth comes from."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

import cv2
import gradio as gr
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.media import load_depth_picture, load_image
from synth.scene.depth import apply_strokes, estimate_depth
from synth.scene.depth_map import DepthMap
from synth.scene.depth_model import DepthAnything
from synth.ui.assets import script
from synth.ui.photo import Photo

STROKES_LIMIT = 200
"""Most brush strokes taken from one page."""
POINTS_LIMIT = 400
"""Most points of one stroke."""

_ESTIMATED_SIDE = 1536
"""Longest side of the photo that the estimators get, pixels; they look at fewer."""

_BRUSHED_SIDE = 768
"""Longest side of the photo on whose edges brush strokes settle, pixels."""

_METHODS = (
    {"id": "auto", "label": "Automatic"},
    {"id": "embedded", "label": "Built in"},
    {"id": "depth-anything", "label": "Depth Anything V2"},
    {"id": "file", "label": "My own depth map…"},
)
_TRUE = {"id": "true", "label": "True depth"}


def depth_component(methods: list[dict[str, str]], shown: Mapping[str, Any]) -> gr.HTML:
    """The depth panel. Its value holds the strokes; ``shown`` and ``methods`` it displays."""
    return gr.HTML(
        value={"strokes": []},
        html_template='<section class="ms-panel ms-depth"></section>',
        js_on_load=script("depth"),
        apply_default_css=False,
        elem_id="depth",
        methods=methods,
        shown=dict(shown),
    )


def methods_for(photo: Photo) -> list[dict[str, str]]:
    """The sources of depth that this photo can choose from."""
    return [_TRUE, *_METHODS] if photo.near is not None else list(_METHODS)


def stroke_mask(value: object, height: int, width: int) -> NDArray[np.float32] | None:
    """Brush strokes as a picture, ready for ``apply_strokes``.

    Args:
        value: the component's value: ``{"strokes": [{"tool", "size", "points"}, ...]}``, where
            size and points are shares of the longest side and of the picture.
        height: of the mask, pixels.
        width: of the mask, pixels.

    Returns:
        Shape (height, width), -1 (farther) to 1 (nearer), with soft edges; None without strokes.

    Raises ``InvalidInstruction`` for strokes that are not of that form.
    """
    strokes = value.get("strokes") if isinstance(value, Mapping) else None
    if not strokes:
        return None
    if not isinstance(strokes, list) or len(strokes) > STROKES_LIMIT:
        raise InvalidInstruction(
            f"Depth strokes must be a list of at most {STROKES_LIMIT}. Remove some and try again."
        )
    mask = np.zeros((height, width), np.float32)
    for stroke in strokes:
        _paint(mask, stroke)
    return mask if mask.any() else None


def _paint(mask: NDArray[np.float32], stroke: object) -> None:
    problem = InvalidInstruction("A depth stroke must have a tool, a size and points in 0 to 1.")
    if not isinstance(stroke, Mapping):
        raise problem
    tool, size, points = stroke.get("tool"), stroke.get("size"), stroke.get("points")
    if tool not in ("near", "far", "erase") or not _is_share(size):
        raise problem
    if not isinstance(points, list) or not 0 < len(points) <= POINTS_LIMIT:
        raise problem
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or not all(map(_is_share, point)):
            raise problem
    height, width = mask.shape
    thickness = max(1, round(float(size) * max(height, width)))
    line = np.round(np.array(points, float) * (width - 1, height - 1)).astype(np.int32)
    touched = np.zeros((height, width), np.uint8)
    cv2.polylines(touched, [line.reshape(-1, 1, 2)], False, 255, thickness, cv2.LINE_AA)
    cv2.circle(touched, tuple(map(int, line[0])), thickness // 2, 255, -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(touched, (0, 0), max(0.5, thickness * 0.12)) / np.float32(255.0)
    if tool == "erase":
        mask *= 1.0 - soft
    else:
        # Strokes over each other add up, as paint does, within the ends of the scale.
        mask += (0.5 if tool == "near" else -0.5) * soft
        np.clip(mask, -1.0, 1.0, out=mask)


def _is_share(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and 0.0 <= value <= 1.0


class DepthStore:
    """Depth maps of the photos in use, so that a render does not estimate again."""

    def __init__(self, entries: int = 6) -> None:
        """Make an empty store that keeps the ``entries`` maps used last."""
        self._entries = entries
        self._maps: OrderedDict[tuple[str, str, str | None], DepthMap] = OrderedDict()
        self._lock = threading.Lock()
        self.model = DepthAnything()
        """The learned depth model, loaded once for all visitors when it is first wanted."""

    def get(
        self,
        photo: Photo,
        *,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
    ) -> DepthMap:
        """The depth of a photo before any brush stroke; estimated when it is not kept.

        Raises what ``load_image`` and ``estimate_depth`` raise.
        """
        key = (photo.path, photo.method, photo.depth_path)
        with self._lock:
            if key in self._maps:
                self._maps.move_to_end(key)
                return self._maps[key]
        depth = self._make(photo, cancel, progress)
        with self._lock:
            self._maps[key] = depth
            while len(self._maps) > self._entries:
                self._maps.popitem(last=False)
        return depth

    def _make(
        self, photo: Photo, cancel: CancelToken | None, progress: ProgressCallback
    ) -> DepthMap:
        pixels = shrunk(load_image(photo.path).pixels, _ESTIMATED_SIDE)
        if photo.method in ("true", "file") and photo.depth_path is not None:
            picture = load_depth_picture(photo.depth_path)
            depth = estimate_depth(pixels, depth_picture=picture, cancel=cancel, progress=progress)
            if photo.method == "true":
                notes = ("This scene was rendered, so its true depth is known.",)
                return replace(depth, source="true", near=photo.near, far=photo.far, notes=notes)
            return depth
        method: Any = photo.method
        return estimate_depth(
            pixels, method=method, model=self.model, cancel=cancel, progress=progress
        )


def shrunk(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """The photo with a longest side of at most that many pixels."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def with_strokes(depth: DepthMap, value: object, photo: Photo) -> DepthMap:
    """The depth with the brush strokes of the component's value worked in.

    The rims of the strokes settle on edges of the photo. Raises ``InvalidInstruction`` for strokes
    that are not sound, and what ``load_image`` raises.
    """
    if not (isinstance(value, Mapping) and value.get("strokes")):
        return depth
    pixels = shrunk(load_image(photo.path).pixels, _BRUSHED_SIDE)
    mask = stroke_mask(value, *pixels.shape[:2])
    return depth if mask is None else apply_strokes(depth, mask, pixels)
