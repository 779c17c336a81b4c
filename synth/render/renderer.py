"""One scene, one camera, one frame: project, draw, sample, soften the edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.pose import CameraPose
from synth.render.raster import distances, draw, project, tile_floor
from synth.render.rim import blend
from synth.render.viewpoint import camera_numbers
from synth.scene.sheets import Scene, Sheet

RIM_SLACK = 0.004
"""Relative depth by which an opaque surface must be nearer to hide a soft edge."""


MOTION_POINTS = 512
"""Vertices by which the motion between two cameras is judged."""

MOST_MOTION = 0.97
"""Share of them that move less than what counts as the largest motion."""


@dataclass(frozen=True)
class View:
    """What one camera sees."""

    frame: NDArray[np.uint8]
    """sRGB, shape (H, W, 3)."""
    nearness: NDArray[np.float32]
    """Inverse depth from this camera, 1 / scene units, shape (H, W)."""
    texture_x: NDArray[np.float32]
    """Texture column that each pixel shows, shape (H, W)."""
    texture_y: NDArray[np.float32]
    """Texture row that each pixel shows, shape (H, W)."""


class Performer(Protocol):
    """Whoever acts in a scene. Used by several threads at once."""

    def track(self, times: Iterable[float]) -> NDArray[np.float64]:
        """Where it stands at some times in seconds, world units, (T, 3)."""
        ...

    def draw(
        self,
        picture: NDArray[np.uint8],
        nearness: NDArray[np.float32],
        pose: CameraPose,
        time: float,
    ) -> None:
        """Blend it into a picture (H, W, 4) and its inverse depth (H, W), both changed in place."""
        ...


class Renderer:
    """Draws one scene at one size. Not shared between threads: it owns its buffers."""

    def __init__(self, scene: Scene, width: int, height: int) -> None:
        """Prepare buffers for frames of ``width`` x ``height`` pixels."""
        self._scene = scene
        self._width = width
        self._height = height
        self._screens = [np.empty((len(sheet.x), 4), np.float64) for sheet in scene.sheets]
        front = scene.sheets[0]
        self._few = _every(front, max(len(front.x) // MOTION_POINTS, 1))
        self._few_places = np.empty((2, len(self._few.x), 4))
        self._rim_screen = np.empty((len(scene.rim.x), 4), np.float64)
        self._nearness = np.empty((height, width), np.float32)
        self._map_x = np.empty((height, width), np.float32)
        self._map_y = np.empty((height, width), np.float32)

    def shows_photo(self, pose: CameraPose) -> bool:
        """Whether this camera's frame is the photo itself, pixel for pixel."""
        scene = self._scene
        return (
            pose.is_home
            and pose.focal_length == scene.focal_length
            and (scene.height, scene.width) == (self._height, self._width)
        )

    def frame(
        self, pose: CameraPose, cast: Sequence[Performer] = (), time: float = 0.0
    ) -> NDArray[np.uint8]:
        """The picture that the camera sees, a fresh array (H, W, 3).

        Args:
            pose: the camera.
            cast: who acts in the scene.
            time: seconds since the clip began, for the cast.
        """
        if self.shows_photo(pose):
            if not cast:
                return self._scene.photo.copy()
            self._draw(pose)
            picture = np.asarray(cv2.cvtColor(self._scene.photo, cv2.COLOR_RGB2RGBA), np.uint8)
        else:
            self._draw(pose)
            picture = self._sampled(pose)
        backward = pose.world_from_camera[:, 2]
        # The farthest first; the camera looks along its own -Z.
        for performer in sorted(cast, key=lambda one: float(one.track((time,))[0] @ backward)):
            performer.draw(picture, self._nearness, pose, time)
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB), np.uint8)

    @property
    def last_nearness(self) -> NDArray[np.float32]:
        """Inverse depth of the last picture, (H, W), the cast included; the next one changes it."""
        return self._nearness

    def view(self, pose: CameraPose) -> View:
        """The picture with its depth and texture places, all fresh arrays."""
        map_x, map_y = self.texture_places(pose)
        if self.shows_photo(pose):
            picture = self._scene.photo.copy()
        else:
            picture = np.asarray(cv2.cvtColor(self._sampled(pose), cv2.COLOR_RGBA2RGB), np.uint8)
        return View(picture, self._nearness.copy(), map_x, map_y)

    def nearness(self, pose: CameraPose) -> NDArray[np.float32]:
        """Inverse depth of each pixel, 1 / scene units, a fresh array (H, W)."""
        self._draw(pose)
        return self._nearness.copy()

    def texture_places(self, pose: CameraPose) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Texture column and row that each pixel shows, fresh arrays (H, W)."""
        self._draw(pose)
        return self._map_x.copy(), self._map_y.copy()

    def largest_motion(self, before: CameraPose, after: CameraPose) -> float:
        """How far image points move between two cameras, pixels; the fastest few per cent aside."""
        few, places = self._few, self._few_places
        project(few.x, few.y, few.disparity, self._viewpoint(before), places[0])
        project(few.x, few.y, few.disparity, self._viewpoint(after), places[1])
        moved = np.sort(distances(places[0], places[1], self._width, self._height))
        if not len(moved):
            return 0.0
        # What np.percentile makes of them, in a tenth of its time: this is asked for every frame.
        place = MOST_MOTION * (len(moved) - 1)
        low = int(place)
        high = min(low + 1, len(moved) - 1)
        return float(moved[low] + (moved[high] - moved[low]) * (place - low))

    def _sampled(self, pose: CameraPose) -> NDArray[np.uint8]:
        """The picture of what was drawn last, (H, W, 4)."""
        # Four channels: OpenCV samples them in half the time that three take.
        sampled = cv2.remap(
            self._scene.texture, self._map_x, self._map_y, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        picture = np.asarray(sampled, np.uint8)
        self._soften(pose, picture)
        return picture

    def _draw(self, pose: CameraPose) -> None:
        self._nearness.fill(-1.0)
        floor = np.empty((0, 0), np.float32)
        camera = self._viewpoint(pose)
        last = len(self._scene.sheets) - 1
        for index, sheet in enumerate(self._scene.sheets):
            screen = self._screens[index]
            project(sheet.x, sheet.y, sheet.disparity, camera, screen)
            if index in (1, last):
                floor = tile_floor(self._nearness)
            draw(
                screen, sheet.u, sheet.v, sheet.quads, floor,
                self._nearness, self._map_x, self._map_y,
            )  # fmt: skip
        if self._nearness.min() < 0.0:
            # Past the drawn-out backdrop: nothing of the frame before may show.
            empty = self._nearness < 0.0
            self._map_x[empty] = self._map_y[empty] = 0.0

    def _viewpoint(self, pose: CameraPose) -> NDArray[np.float64]:
        return camera_numbers(pose, self._width, self._height)

    def _soften(self, pose: CameraPose, picture: NDArray[np.uint8]) -> None:
        rim = self._scene.rim
        if not len(rim.quads):
            return
        project(rim.x, rim.y, rim.disparity, self._viewpoint(pose), self._rim_screen)
        blend(
            self._rim_screen, rim.u, rim.v, rim.quads, self._scene.rim_texture, RIM_SLACK,
            self._nearness, picture,
        )  # fmt: skip


def _every(sheet: Sheet, step: int) -> Sheet:
    """Every `step`-th vertex of a sheet, without its quads."""
    return replace(
        sheet,
        x=sheet.x[::step].copy(), y=sheet.y[::step].copy(),
        disparity=sheet.disparity[::step].copy(),
        u=sheet.u[::step], v=sheet.v[::step], quads=sheet.quads[:0],
    )  # fmt: skip
