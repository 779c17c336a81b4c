"""What no photo showed, pixel by pixel of what a camera sees: past its edge, or behind something.

Both follow from the scene's shapes alone: every pixel of a probe tells which texel it shows, and
every texel is known to be photographed or not.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import focal_pixels
from synth.camera.pose import CameraPose
from synth.render.coverage import OUTSIDE, UNCOVERED, sort_texels
from synth.render.raster import project
from synth.render.renderer import RIM_SLACK, Renderer
from synth.render.rim import blend
from synth.render.viewpoint import camera_numbers
from synth.scene.sheets import Scene

PROBE_SIDE = 320
"""Longer side of the frames that are counted, pixels."""

MOST_SOFT = 24.0
"""Widest pixel of a probe that the photo's edge is softened for, texels."""


class Unseen:
    """Finds in frames of one size what was never photographed. Not shared between threads."""

    def __init__(self, scene: Scene, frame: tuple[int, int], probe: tuple[int, int]) -> None:
        """For frames of ``frame`` pixels, width and height, counted on those of ``probe``."""
        self._scene, self._frame, self._size = scene, frame, probe
        self._renderer = Renderer(scene, *probe)
        texels = sort_texels(scene)
        self._hiding = texels.hiding
        self._uncovered = np.where(texels.kinds == UNCOVERED, np.uint8(255), np.uint8(0))
        self._outside = np.where(texels.kinds == OUTSIDE, np.uint8(255), np.uint8(0))
        self._crisp = self._outside[: scene.front_rows].copy()
        self._softness = 0.0
        self._soften_edge(scene.focal_length)
        # The rim is photographed, but for what it shows beyond the photo.
        rows, columns = scene.rim_texture.shape[:2]
        alpha = scene.rim_texture[..., 3]
        self._rim_texture = np.zeros_like(scene.rim_texture)
        self._rim_texture[..., 3] = alpha
        self._rim_texture[..., 0] = np.minimum(alpha, self._outside[:rows, :columns])
        self._rim_screen = np.empty((len(scene.rim.x), 4), np.float64)
        self.deepest = float(scene.disparity.max())
        self._first_rows = np.array([page.first_row for page in scene.pages])
        self._scales = np.array([page.scale for page in scene.pages])

    @classmethod
    def small(cls, scene: Scene, width: int, height: int) -> Unseen:
        """For frames of ``width`` x ``height`` pixels, counted on small ones."""
        return cls(scene, (width, height), probe_size(width, height))

    def shares(self, pose: CameraPose) -> tuple[float, float]:
        """Shares outside and uncovered of what a camera sees."""
        outside, uncovered = np.asarray(cv2.mean(self.shown(pose))[:2]) / 255.0
        return float(outside), float(uncovered)

    def shown(self, pose: CameraPose) -> NDArray[np.uint8]:
        """How much of each pixel of a probe lies outside and was uncovered: the first two channels
        of (H, W, 4), 0 to 255."""
        self._soften_edge(pose.focal_length)
        map_x, map_y = self._renderer.texture_places(pose)
        counted = np.zeros((*map_x.shape, 4), np.uint8)
        counted[..., 0] = cv2.remap(self._outside, map_x, map_y, cv2.INTER_LINEAR, borderValue=255)
        counted[..., 1] = cv2.remap(self._uncovered, map_x, map_y, cv2.INTER_NEAREST)
        np.minimum(counted[..., 1], 255 - counted[..., 0], out=counted[..., 1])
        camera = camera_numbers(pose, *self._size)
        at = np.nonzero(counted[..., 1])
        bared = self._bared(map_x[at], map_y[at], at, camera)
        counted[..., 1][at] = np.rint(counted[..., 1][at] * bared)
        rim = self._scene.rim
        if len(rim.quads):
            project(rim.x, rim.y, rim.disparity, camera, self._rim_screen)
            blend(
                self._rim_screen, rim.u, rim.v, rim.quads, self._rim_texture, RIM_SLACK,
                self._renderer.last_nearness, counted,
            )  # fmt: skip
        return counted

    @property
    def nearness(self) -> NDArray[np.float32]:
        """Inverse depth of the last probe, (H, W), 1 / scene units; the next one changes it."""
        return self._renderer.last_nearness

    def _soften_edge(self, focal_length: float) -> None:
        """Make the photo's edge as soft as a pixel of the probe is wide through this lens.

        It runs along the probe's rows and columns: counted by whole pixels it would move in leaps.
        One texel of its width comes from reading between texels.
        """
        scene = self._scene
        pixel = max(scene.width, scene.height) / max(self._size)
        softness = round(2.0 * pixel * scene.focal_length / focal_length) / 2.0
        if softness != self._softness:
            self._softness = softness
            box = _box(min(softness, MOST_SOFT) - 1.0)
            self._outside[: scene.front_rows] = cv2.sepFilter2D(
                self._crisp, -1, box, box, borderType=cv2.BORDER_REPLICATE
            )

    def _bared(
        self,
        map_x: NDArray[np.float32],
        map_y: NDArray[np.float32],
        at: tuple[NDArray[np.intp], ...],
        camera: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """How far hidden pixels have come out, (N,), 0 to 1.

        What the photo shows at such a texel is the thing that hides it. While that still stands in
        the same place to within a pixel, its soft edge over the hidden colours gives the photo's
        own pixel back, and nothing is bared.

        Args:
            map_x, map_y: texture places of the pixels, (N,).
            at: rows and columns of the pixels in the probe.
            camera: from `camera_numbers`.
        """
        scene = self._scene
        page = np.searchsorted(self._first_rows[1:] - 0.5, map_y, side="right")
        scale = self._scales[page]
        x = map_x * scale + (scale - 1) / 2.0
        y = (map_y - self._first_rows[page]) * scale + (scale - 1) / 2.0
        left, right, top, bottom = scene.photo_area
        column = np.clip(np.rint(x - left), 0, scene.width - 1).astype(np.intp)
        row = np.clip(np.rint(y - top), 0, scene.height - 1).astype(np.intp)
        focal = focal_pixels(scene.focal_length, scene.width, scene.height)
        stands = np.empty((len(x), 4))
        project(
            ((x - (left + right) / 2.0) / focal).astype(np.float32),
            ((y - (top + bottom) / 2.0) / focal).astype(np.float32),
            self._hiding[row, column], camera, stands,
        )  # fmt: skip
        away = np.hypot(stands[:, 0] - at[1] - 0.5, stands[:, 1] - at[0] - 0.5)
        away *= max(self._frame) / max(self._size)
        return np.where(stands[:, 2] > 0.0, np.minimum(away, 1.0), 1.0)


def _box(width: float) -> NDArray[np.float64]:
    """Weights of a box so many texels wide, at least 1, centred on one; (N,), sum 1."""
    width = max(width, 1.0)
    reach = math.ceil((width - 1.0) / 2.0)
    distance = np.abs(np.arange(-reach, reach + 1))
    return np.clip((width + 1.0) / 2.0 - distance, 0.0, 1.0) / width


def probe_size(width: int, height: int) -> tuple[int, int]:
    """A small frame, about `PROBE_SIDE` pixels long, of very nearly the same shape."""
    longer, shorter = max(width, height), min(width, height)
    if longer <= PROBE_SIDE:
        return width, height
    sides = range(PROBE_SIDE, PROBE_SIDE - 32, -1)
    side = min(sides, key=lambda s: abs(max(round(s * shorter / longer), 1) / s - shorter / longer))
    other = max(round(side * shorter / longer), 1)
    return (side, other) if width >= height else (other, side)
