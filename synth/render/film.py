"""A camera path through a scene as a stream of finished frames."""

from __future__ import annotations

import math
import queue
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken
from synth.render.lens import DepthOfField, Print, accumulate, average, encoded_table, linear_table
from synth.render.renderer import Performer, Renderer
from synth.render.settings import LensSettings
from synth.render.weather import Weather
from synth.scene.sheets import Scene

WORKERS = 2
"""Frames rendered side by side: the reference machine has two cores."""

BLUR_SPACING = 1.5
"""Pixels that an image point may move between two shutter samples."""

MAX_SHUTTER_SAMPLES = 16
"""Most samples of one exposure."""


@dataclass(frozen=True)
class FilmSettings:
    """How a path is filmed."""

    width: int
    """Frame width, pixels."""
    height: int
    """Frame height, pixels."""
    lens: LensSettings = field(default_factory=LensSettings)
    """Optical effects."""
    seed: int = 0
    """For the grain."""
    cast: tuple[Performer, ...] = ()
    """Who acts in the scene."""
    weather: Weather | None = None
    """What is in the air."""


class _Camera:
    """One worker's renderer and effect buffers."""

    def __init__(self, scene: Scene, path: CameraPath, film: FilmSettings) -> None:
        self._path = path
        self._film = film
        self._renderer = Renderer(scene, film.width, film.height)
        self._total = np.empty((film.height, film.width, 3), np.uint32)
        self._decode = linear_table()
        self._encode = encoded_table()
        self._blur = DepthOfField(film.width, film.height) if film.lens.aperture > 0 else None

    def shoot(self, index: int, cancel: CancelToken) -> NDArray[np.uint8]:
        """Frame number `index`, without vignette and grain."""
        half = self._film.lens.shutter_angle / 720.0
        count = self._samples(index, half)
        pose = self._path.poses[index]
        if count == 1:
            frame = self._moment(pose, float(index))
        else:
            self._total.fill(0)
            for sample in range(count):
                cancel.check()
                moment = index + half * ((2 * sample + 1) / count - 1.0)
                part = self._moment(self._path.at(moment), moment)
                accumulate(part, self._decode, self._total)
            frame = average(self._total, count, self._encode)
        frame = self._focused(frame, pose)
        if self._film.weather is not None:
            # Particles bring their own blur: they are drawn once, into the finished exposure.
            fps = float(self._path.fps)
            self._film.weather.draw(
                frame, self._nearness(pose, exact=False), pose, index / fps, 2.0 * half / fps,
                opening=self._path.at(index - half), closing=self._path.at(index + half),
            )  # fmt: skip
        return frame

    def _moment(self, pose: CameraPose, moment: float) -> NDArray[np.uint8]:
        """What the camera sees at one moment, in frames."""
        time = max(moment, 0.0) / float(self._path.fps)
        return self._renderer.frame(pose, self._film.cast, time)

    def _focused(self, frame: NDArray[np.uint8], pose: CameraPose) -> NDArray[np.uint8]:
        """The frame with depth of field; once for a whole exposure, whose depth hardly changes."""
        if self._blur is None:
            return frame
        lens = self._film.lens
        focus = lens.focus_distance or subject_distance(pose)
        focal = focal_pixels(pose.focal_length, self._film.width, self._film.height)
        nearness = self._nearness(pose, exact=True)
        return self._blur.apply(frame, nearness, lens.aperture, focus, focal)

    def _nearness(self, pose: CameraPose, *, exact: bool) -> NDArray[np.float32]:
        """Inverse depth of the frame just taken; unless exact, that of the shutter's closing."""
        untouched = self._renderer.shows_photo(pose) and not self._film.cast
        if untouched or (exact and not self._film.cast):
            return self._renderer.nearness(pose)
        return self._renderer.last_nearness

    def _samples(self, index: int, half: float) -> int:
        """How many moments of the exposure must be drawn for an even blur."""
        poses = self._path.poses
        before, after = poses[max(index - 1, 0)], poses[min(index + 1, len(poses) - 1)]
        if half == 0.0 or before == after:
            return 1
        frames = min(index + 1, len(poses) - 1) - max(index - 1, 0)
        motion = self._renderer.largest_motion(before, after) * 2.0 * half / frames
        # Below a pixel the sampling filter already blurs as much as the shutter would.
        return min(max(math.ceil(motion / BLUR_SPACING), 1), MAX_SHUTTER_SAMPLES)


def subject_distance(pose: CameraPose) -> float:
    """Depth of the subject plane's centre in front of a camera, scene units; at least 0.1."""
    forward = pose.world_from_camera @ np.array([0.0, 0.0, -1.0])
    return max(float(-np.dot(forward, np.array(pose.position))), HOME_DISTANCE / 100.0)


class StillCamera:
    """Takes single frames of a film in any order, each exactly as ``shoot`` would. One thread."""

    def __init__(self, scene: Scene, path: CameraPath, film: FilmSettings) -> None:
        """Set up the camera of a film; arguments as for ``shoot``."""
        self._camera = _Camera(scene, path, film)
        self._print = Print(film.width, film.height, film.lens.vignette, film.lens.grain, film.seed)

    def take(self, index: int, cancel: CancelToken | None = None) -> NDArray[np.uint8]:
        """Frame number `index`, sRGB uint8, shape (height, width, 3); raises ``Cancelled``."""
        frame = self._camera.shoot(index, cancel or CancelToken())
        return self._print.apply(frame, index) if self._print.active else frame


def shoot(
    scene: Scene,
    path: CameraPath,
    film: FilmSettings,
    *,
    frames: range | None = None,
    cancel: CancelToken | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """Render every frame of a path, in order, a few at a time.

    Args:
        scene: from `build_scene`.
        path: the camera of each frame, with its effective focal lengths.
        film: size and effects.
        frames: which frames; all of them unless told.
        cancel: looked at before each exposure, of which a frame with motion blur has several.

    Yields:
        sRGB frames, uint8, shape (height, width, 3).

    Raises:
        Cancelled: when the token was set.
    """
    token = cancel or CancelToken()
    # Frames are drawn side by side already; OpenCV's own threads would only wait for each other.
    cv2.setNumThreads(1)
    cameras: queue.SimpleQueue[_Camera] = queue.SimpleQueue()
    for _ in range(WORKERS):
        cameras.put(_Camera(scene, path, film))
    last = Print(film.width, film.height, film.lens.vignette, film.lens.grain, film.seed)

    def work(index: int) -> NDArray[np.uint8]:
        token.check()
        camera = cameras.get()
        try:
            frame = camera.shoot(index, token)
        finally:
            cameras.put(camera)
        return last.apply(frame, index) if last.active else frame

    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="shoot")
    pending: list[Future[NDArray[np.uint8]]] = []
    wanted = range(len(path)) if frames is None else frames
    try:
        following = 0
        for _ in wanted:
            while following < len(wanted) and len(pending) < WORKERS + 2:
                pending.append(pool.submit(work, wanted[following]))
                following += 1
            yield pending.pop(0).result()
    finally:
        for future in pending:
            future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)
