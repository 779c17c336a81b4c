"""Frames of a shot that are drawn anew because a transition moves their camera elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.backends.geometric import EXTEND_SHARE, Stage
from synth.camera.conventions import HOME_DISTANCE
from synth.camera.pose import CameraPath, CameraPose, degrees_from_rotation, rotation_from_degrees
from synth.control import CancelToken
from synth.media.planes import Planes, planes_from_rgb
from synth.render.coverage import fit_path
from synth.render.film import shoot
from synth.render.renderer import Renderer
from synth.scene.build import build_scene
from synth.scene.sheets import SAFETY_MARGIN, Scene
from synth.scene.travel import Travel
from synth.sequence.transitions.side import Side

MOST_ZOOM: Final = 1.6
"""How far a transition may enlarge a photo to keep its edges out of sight."""


def stage_of(side: Side) -> Stage:
    """The stage of a side that is known to be a photo."""
    stage = side.stage()
    assert stage is not None
    return stage


def pose_at(path: CameraPath, index: int) -> CameraPose:
    """The pose of a frame; past the ends of a path its camera goes on as it was."""
    last = len(path) - 1
    if 0 <= index <= last or last == 0:
        return path[min(max(index, 0), last)]
    end, beside = (path[0], path[1]) if index < 0 else (path[last], path[last - 1])
    steps = -index if index < 0 else index - last
    turn = rotation_from_degrees(beside.rotation).inv() * rotation_from_degrees(end.rotation)
    rotation = rotation_from_degrees(end.rotation) * Rotation.from_rotvec(steps * turn.as_rotvec())
    x, y, z = (a + steps * (a - b) for a, b in zip(end.position, beside.position, strict=True))
    focal = end.focal_length * (end.focal_length / beside.focal_length) ** steps
    return CameraPose((x, y, z), degrees_from_rotation(rotation), focal)


def with_poses(path: CameraPath, first: int, poses: Sequence[CameraPose]) -> CameraPath:
    """The path with these poses from frame ``first`` on; those past its ends are left out."""
    changed = list(path.poses)
    for index, pose in enumerate(poses, start=first):
        if 0 <= index < len(changed):
            changed[index] = pose
    return CameraPath(tuple(changed), path.fps)


def reaching(stage: Stage, path: CameraPath, *, margin: bool, cancel: CancelToken) -> Stage:
    """The stage with another path, and a scene that is built for going there.

    Args:
        stage: as it was set for its own path.
        path: where its camera goes now, as many frames.
        margin: also continue the photo outward, as the "extend" policy does.
        cancel: looked at between the steps.
    """
    scene = stage.scene
    has = round(scene.photo_area[0]) - SAFETY_MARGIN
    wants = max(has, round(EXTEND_SHARE * max(scene.width, scene.height)) if margin else 0)
    built_for = _travel(stage.path)
    goes = _travel(stage.path, path)
    if goes != built_for or wants != has:
        cutouts = scene.cutouts
        scene = build_scene(
            scene.photo, scene.disparity, focal_length=scene.focal_length, margin=wants,
            travel=goes, seed=stage.film.seed, loose=scene.loose, cancel=cancel,
        )  # fmt: skip
        scene = replace(scene, cutouts=cutouts)
    return replace(stage, scene=scene, path=path)


def enlargement(stage: Stage, frames: range, fade: NDArray[np.float64]) -> float:
    """The zoom that keeps the photo's edges out of sight where it fades away over some frames.

    Args:
        stage: with the path that will be filmed.
        frames: which of its frames.
        fade: for each of them how much of the zoom it has, 1 all and 0 none: frame k is enlarged
            by the result to the power of ``fade[k]``.

    Returns at least 1 and at most ``MOST_ZOOM``.
    """
    margin = stage.scene.photo_area[0] - SAFETY_MARGIN
    zoom = 1.0
    for index, share in zip(frames, fade, strict=True):
        alone = CameraPath((stage.path[index],), stage.path.fps)
        needed = fit_path(
            stage.scene, alone, stage.film.width, stage.film.height, margin=margin
        ).needed
        if needed > 1.0 and share > 0.05:
            zoom = max(zoom, needed ** (1.0 / share))
    return min(zoom, MOST_ZOOM)


def redrawn(side: Side, stage: Stage, cancel: CancelToken) -> Iterator[Planes]:
    """The side's frames from another stage, with the side's own colour work."""
    frames = range(side.take.first, side.take.first + side.take.frames)
    for frame in shoot(stage.scene, stage.path, stage.film, frames=frames, cancel=cancel):
        yield planes_from_rgb(side.finish(frame))


class Depths:
    """How far away is what the frames of a stage show. One thread."""

    def __init__(self, stage: Stage, scale: float = 0.5) -> None:
        """``scale`` is the size at which depth is looked at, relative to the frame's."""
        film = stage.film
        self._stage = stage
        self._size = film.width, film.height
        self._renderer = Renderer(
            stage.scene, max(round(film.width * scale), 8), max(round(film.height * scale), 8)
        )

    def nearness(self, moment: float) -> NDArray[np.float32]:
        """Inverse depth at a moment, in frames, 1 / scene units, (h, w) at the smaller size."""
        pose = self._stage.path.at(moment)
        if not self._stage.film.cast:
            return self._renderer.nearness(pose)
        time = max(moment, 0.0) / float(self._stage.path.fps)
        self._renderer.frame(pose, self._stage.film.cast, time)
        return self._renderer.last_nearness.copy()

    def enlarged(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """A field of that smaller size at the frame's."""
        return np.asarray(cv2.resize(field, self._size, interpolation=cv2.INTER_LINEAR), np.float32)


def _travel(*paths: CameraPath) -> Travel:
    home = np.array([0.0, 0.0, HOME_DISTANCE])
    right, up, back = (np.concatenate([path.positions for path in paths]) - home).T
    return Travel.between(zip(right.tolist(), up.tolist(), (-back).tolist(), strict=True))


def scene_focal(scene: Scene, pose: CameraPose, zoom: float) -> float:
    """How far a pose zooms in, relative to the photo and a stage's own constant zoom."""
    return pose.focal_length / (scene.focal_length * zoom)
