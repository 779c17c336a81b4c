"""How far a path looks beyond the photo, and the zoom that hides it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import focal_pixels
from synth.camera.pose import CameraPath, CameraPose
from synth.render.renderer import Renderer
from synth.scene.build import TEAR_PARALLAX
from synth.scene.edges import find_steps
from synth.scene.sheets import SAFETY_MARGIN, Scene

PROBE_SIDE = 320
"""Longer side of the small frames that coverage is measured on, pixels."""

MAX_FIT_ZOOM = 2.5
"""Beyond this the picture would be mostly enlargement; the rest is filled outward instead."""

PHOTOGRAPHED, UNCOVERED, OUTSIDE = 0, 1, 2
"""What a texel is: a pixel of the photo, invented behind one, or past the photo's edge."""

_SETTLED = 1.0005
"""Zooms closer to 1 than this are left at exactly 1."""


@dataclass(frozen=True)
class Fit:
    """The result of fitting a path into the photo."""

    path: CameraPath
    """The path with its focal lengths multiplied by `zoom`."""
    zoom: float
    """Factor on every focal length, 1 or more."""
    needed: float
    """Factor that would have hidden everything beyond the photo."""


def outside_photo(
    scene: Scene, texture_x: NDArray[np.float32], texture_y: NDArray[np.float32], margin: float
) -> NDArray[np.bool_]:
    """Which pixels show something beyond the photographed area.

    Args:
        scene: what was rendered.
        texture_x, texture_y: texture places of a view, (H, W).
        margin: how far beyond the photo's border still counts as inside, texels.
    """
    starts = np.array([page.first_row for page in scene.pages], np.float32)
    scales = np.array([page.scale for page in scene.pages], np.float32)
    on = np.searchsorted(starts[1:] - 0.5, texture_y, side="right")
    scale = scales[on]
    x = texture_x * scale
    y = (texture_y - starts[on]) * scale
    left, right, top, bottom = scene.photo_area
    # What is invented anyway is as good a little beyond the border.
    slack = 0.5 + margin + np.where(on > 0, np.float32(SAFETY_MARGIN - 2), np.float32(0.0))
    return (x < left - slack) | (x > right + slack) | (y < top - slack) | (y > bottom + slack)


@dataclass(frozen=True)
class Texels:
    """What a scene's texture shows."""

    kinds: NDArray[np.uint8]
    """`PHOTOGRAPHED`, `UNCOVERED` or `OUTSIDE`, shape (T, U)."""
    hiding: NDArray[np.float32]
    """Inverse depth of what stands, in the photo, at or beside each of its pixels before anything
    that is hidden there, 1 / scene units, shape (H, W)."""


def sort_texels(scene: Scene) -> Texels:
    """Tell what each texel of a scene shows.

    Past the photo's edge is what a line from the home camera meets there, on every sheet, where
    `outside_photo` lets hidden sheets go on a little.
    The first hidden sheet goes on a little beside what it was made for: there it shows the photo's
    own far sides. All that lies deeper, and the coarse backdrop, was never photographed.
    """
    height, width = scene.texture.shape[:2]
    kinds = np.full((height, width), OUTSIDE, np.uint8)
    left, right, top, bottom = scene.photo_area
    ends = [*(page.first_row for page in scene.pages[1:]), height]
    for number, (page, end) in enumerate(zip(scene.pages, ends, strict=True)):
        first_row, last_row = _between(top - 0.5, bottom + 0.5, page.scale)
        first, last = _between(left - 0.5, right + 0.5, page.scale)
        rows = slice(page.first_row + first_row, min(page.first_row + last_row + 1, end))
        kinds[rows, first : last + 1] = UNCOVERED if number else PHOTOGRAPHED
    invented = scene.invented
    rows, columns = invented.shape
    front, behind = kinds[:rows, :columns], kinds[scene.front_rows :][:rows, :columns]
    front[invented & (front == PHOTOGRAPHED)] = UNCOVERED
    focal = focal_pixels(scene.focal_length, scene.width, scene.height)
    steps = find_steps(scene.disparity, TEAR_PARALLAX / focal)
    area = slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)
    behind[area][~steps.near & ~invented[area]] = PHOTOGRAPHED
    inner = steps.near & (steps.distance > 2.0)
    return Texels(kinds, np.where(inner, scene.disparity, steps.near_disparity))


def _between(low: float, high: float, scale: int) -> tuple[int, int]:
    """First and last texel of ``scale`` pixels whose centres lie between two places in pixels."""
    first, last = ((place - (scale - 1) / 2.0) / scale for place in (low, high))
    return max(math.ceil(first), 0), math.floor(last)


def fit_path(
    scene: Scene, path: CameraPath, width: int, height: int, *, margin: float = 0.0
) -> Fit:
    """The smallest constant zoom that keeps a whole path inside the photo.

    A longer focal length enlarges the frame about its centre, so each pixel that looks beyond the
    photo tells, by its distance from the centre, the zoom that pushes it out of view.

    Args:
        scene: what will be rendered.
        path: the camera of each frame.
        width, height: size of the frames, pixels.
        margin: how far beyond the photo's border still counts as inside, texels.
    """
    shrink = PROBE_SIDE / max(width, height)
    probe_width = max(round(width * shrink), 8)
    probe_height = max(round(height * shrink), 8)
    renderer = Renderer(scene, probe_width, probe_height)
    x = np.abs(np.arange(probe_width) + 0.5 - probe_width / 2.0) / (probe_width / 2.0)
    y = np.abs(np.arange(probe_height) + 0.5 - probe_height / 2.0) / (probe_height / 2.0)
    reach = np.maximum(x[None, :], y[:, None])
    pixel = 2.0 / min(probe_width, probe_height)
    needed = 1.0
    for pose in _probe_poses(path):
        map_x, map_y = renderer.texture_places(pose)
        outside = outside_photo(scene, map_x, map_y, margin)
        if outside.any():
            closest = float(reach[outside].min())
            needed = max(needed, 1.0 / max(closest - pixel, 0.05))
    if needed < _SETTLED:
        return Fit(path, 1.0, 1.0)
    zoom = min(needed, MAX_FIT_ZOOM)
    return Fit(zoomed(path, zoom), zoom, needed)


def zoomed(path: CameraPath, zoom: float) -> CameraPath:
    """The same path through a lens that is longer by a constant factor."""
    return CameraPath(
        poses=tuple(
            CameraPose(pose.position, pose.rotation, pose.focal_length * zoom)
            for pose in path.poses
        ),
        fps=path.fps,
    )


def _probe_poses(path: CameraPath) -> list[CameraPose]:
    """The poses worth measuring: evenly spaced, the ends, and the extremes of every channel."""
    values = np.column_stack(
        [path.positions, [pose.rotation for pose in path.poses], path.focal_lengths]
    )
    chosen = {0, len(path) - 1, *values.argmin(axis=0).tolist(), *values.argmax(axis=0).tolist()}
    chosen.update(np.linspace(0, len(path) - 1, 7).round().astype(int).tolist())
    unique: dict[CameraPose, None] = {}
    for index in sorted(chosen):
        unique[path.poses[index]] = None
    return list(unique)
