"""The default backend: the photo's own geometry, drawn on the CPU, exactly as instructed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.casting import Crop, cut_subjects, make_cast, mark_key, not_found
from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.pose import CameraPath
from synth.control import CancelToken
from synth.motion import Environment, SubjectAction
from synth.render.coverage import MAX_FIT_ZOOM, fit_path
from synth.render.film import FilmSettings, shoot
from synth.render.renderer import Renderer
from synth.render.weather import Weather
from synth.scene.build import build_scene
from synth.scene.cache import SceneCache, content_key
from synth.scene.depth_map import DepthMap
from synth.scene.depth_refine import refine_disparity
from synth.scene.edges import find_steps
from synth.scene.fill import Quality
from synth.scene.metric import metric_disparity
from synth.scene.sheets import Scene
from synth.scene.travel import Travel

EXTEND_SHARE = 0.14
"""How far the photo is continued outward by the "extend" policy, share of its longer side."""


STEP_SPREAD = 0.01
"""Jump of relative disparity within two pixels from which measured depth counts as a step."""


@dataclass(frozen=True)
class Stage:
    """A photo set up for filming: its scene, the path that will be filmed, and what to say."""

    scene: Scene
    """What will be drawn."""
    path: CameraPath
    """The camera of each frame with its effective focal length."""
    film: FilmSettings
    """Frame size and effects."""
    zoom: float
    """Constant enlargement that the edge policy added; 1 where none was needed."""
    notes: tuple[str, ...]
    """What the user should know, in sentences."""

    def frames(self, cancel: CancelToken | None = None) -> Iterator[NDArray[np.uint8]]:
        """The finished frames, in order, uint8 sRGB (H, W, 3)."""
        return shoot(self.scene, self.path, self.film, cancel=cancel)

    def first_depth(self) -> NDArray[np.float32]:
        """Depth of each pixel of frame 0 in its camera, scene units, inf where endless."""
        renderer = Renderer(self.scene, self.film.width, self.film.height)
        nearness = renderer.nearness(self.path.poses[0])
        with np.errstate(divide="ignore"):
            return np.where(nearness > 0, 1.0 / np.maximum(nearness, 1e-9), np.inf).astype(
                np.float32
            )


def frame_photo(
    photo: NDArray[np.uint8], width: int, height: int
) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
    """The photo cropped about its centre to the frame's shape and resized to its size.

    Returns:
        pixels (height, width, 3), and the crop (left, top, width, height) in photo pixels.
    """
    rows, columns = photo.shape[:2]
    crop_width = min(columns, max(1, round(rows * width / height)))
    crop_height = min(rows, max(1, round(columns * height / width)))
    left, top = (columns - crop_width) // 2, (rows - crop_height) // 2
    part = photo[top : top + crop_height, left : left + crop_width]
    if part.shape[:2] != (height, width):
        smaller = width < crop_width
        part = cv2.resize(
            part, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        )
    return np.ascontiguousarray(part, np.uint8), (left, top, crop_width, crop_height)


def set_stage(
    photo: NDArray[np.uint8],
    depth: DepthMap,
    path: CameraPath,
    film: FilmSettings,
    *,
    depth_strength: float = 1.0,
    focal_length: float = 50.0,
    extend: bool = False,
    quality: Quality = "quick",
    actions: Sequence[SubjectAction] = (),
    environment: Environment | None = None,
    loop: bool = False,
    scenes: SceneCache | None = None,
    cancel: CancelToken | None = None,
) -> Stage:
    """Build or find the scene of a photo and fit the path into it.

    Args:
        photo: sRGB, any size, shape (H, W, 3).
        depth: of the whole photo, any resolution.
        path: the camera of each frame as instructed.
        film: frame size and effects.
        depth_strength: see `metric_disparity`.
        focal_length: the photo's lens, millimetres.
        extend: continue the photo outward instead of zooming in.
        quality: "quick" or "best" fill of hidden parts.
        actions: what subjects do; none stay part of the photo.
        environment: what is in the air.
        loop: whether the last frame leads into the first.
        scenes: where scenes are kept for re-use.
        cancel: looked at between the steps.
    """
    framed, crop = frame_photo(photo, film.width, film.height)
    margin = round(EXTEND_SHARE * max(film.width, film.height)) if extend else 0

    travel = _travel(path)

    def build() -> Scene:
        if cancel is not None:
            cancel.check()
        disparity = framed_disparity(depth, photo.shape, crop, framed, depth_strength)
        plate, behind, cutouts = framed, disparity, ()
        if actions:
            plate, behind, cutouts = cut_subjects(
                framed, disparity, actions, Crop(*crop, photo.shape[1], photo.shape[0]),
                quality=quality, seed=film.seed, cancel=cancel,
            )  # fmt: skip
        scene = build_scene(
            plate, behind, focal_length=focal_length, margin=margin, travel=travel,
            quality=quality,
            seed=film.seed, loose=depth.source != "true", cancel=cancel,
        )  # fmt: skip
        return replace(scene, cutouts=cutouts)

    if scenes is None:
        scene = build()
    else:
        key = content_key(
            framed, depth.disparity, depth.near, depth.far, depth.source, *crop, depth_strength,
            focal_length, margin, repr(travel), quality, film.seed, mark_key(actions),
        )  # fmt: skip
        scene = scenes.get(key, build)
    fit = fit_path(scene, path, film.width, film.height, margin=float(margin))
    seconds = len(path) / float(path.fps)
    cast = make_cast(
        scene.cutouts, actions, width=film.width, height=film.height, focal_length=focal_length,
        seconds=seconds, seed=film.seed,
    )  # fmt: skip
    weather = None
    if environment is not None and environment.particle_effects != "none":
        weather = Weather(
            environment, width=film.width, height=film.height,
            focal=focal_pixels(focal_length, film.width, film.height), seconds=seconds,
            seed=film.seed, loop=loop, photo=framed,
        )  # fmt: skip
    notes = [*_edge_notes(fit.zoom, fit.needed, extend)]
    notes += not_found(scene.cutouts, actions) if actions else []
    notes += [actor.leaves_frame for actor in cast if actor.leaves_frame]
    film = replace(film, cast=cast, weather=weather)
    return Stage(scene, fit.path, film, fit.zoom, tuple(notes))


def _travel(path: CameraPath) -> Travel:
    """Where a path goes, in coarse steps that share scenes."""
    home = np.array([0.0, 0.0, HOME_DISTANCE])
    right, up, back = (path.positions - home).T
    return Travel.between(zip(right.tolist(), up.tolist(), (-back).tolist(), strict=True))


def _edge_notes(zoom: float, needed: float, extend: bool) -> tuple[str, ...]:
    if zoom == 1.0:
        return ()
    what = "the photo and what was invented around it" if extend else "the photo"
    if needed > MAX_FIT_ZOOM:
        return (
            f"The move looks far past {what}: a zoom of {needed:.1f}x would be needed, the limit "
            f"is {MAX_FIT_ZOOM:g}x, and the rest is smeared. Choose a lower intensity.",
        )
    return (f"Zoomed in {zoom:.2f}x so that the whole move stays inside {what}.",)


def framed_disparity(
    depth: DepthMap,
    photo_shape: tuple[int, ...],
    crop: tuple[int, int, int, int],
    framed: NDArray[np.uint8],
    strength: float,
) -> NDArray[np.float32]:
    """Inverse depth at the frame's resolution with its steps on the frame's edges.

    Args:
        depth: of the whole photo, any resolution.
        photo_shape: the photo's height and width, pixels.
        crop: left, top, width and height of what the frame shows, as from ``frame_photo``.
        framed: the frame at home, (H, W, 3).
        strength: how deep the scene is.

    Returns:
        1 / scene units, (H, W); 0 where endless.
    """
    left, top, width, height = crop
    rows, columns = depth.disparity.shape
    across, down = columns / photo_shape[1], rows / photo_shape[0]
    x0, y0 = round(left * across), round(top * down)
    x1, y1 = max(round((left + width) * across), x0 + 1), max(round((top + height) * down), y0 + 1)
    part = np.ascontiguousarray(depth.disparity[y0:y1, x0:x1])
    if depth.source == "true" and part.shape != framed.shape[:2]:
        part = _resized_exactly(part, framed.shape[1], framed.shape[0])
    refined = refine_disparity(part, framed, mode="keep" if depth.source == "true" else "auto")
    return metric_disparity(DepthMap(refined, depth.source, depth.near, depth.far), strength)


def _resized_exactly(
    disparity: NDArray[np.float32], width: int, height: int
) -> NDArray[np.float32]:
    """Measured depth at another size: slopes stay smooth, and no surface is invented at steps."""
    size = (width, height)
    smooth = cv2.resize(disparity, size, interpolation=cv2.INTER_LINEAR)
    picked = cv2.resize(disparity, size, interpolation=cv2.INTER_NEAREST_EXACT)
    # Found at the depth's own resolution: enlarged, a slope is a staircase of small steps.
    crack = find_steps(disparity, STEP_SPREAD).crack.astype(np.float32)
    crack = cv2.dilate(crack, np.ones((3, 3), np.uint8))
    torn = cv2.resize(crack, size, interpolation=cv2.INTER_AREA) > 0.0
    return np.where(torn, picked, smooth).astype(np.float32)
