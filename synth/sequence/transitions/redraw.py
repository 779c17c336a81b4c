"""Frames of a shot that are drawn anew because a transition moves their camera elsewhere.

A scene is prepared for the way that its camera goes: elsewhere, some hidden parts are missing. One
that is prepared for more fills some of them otherwise, which would show as a jump beside the kept
frames. So both are drawn where it matters, and the one melts into the other on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.backends.geometric import Stage
from synth.camera.conventions import HOME_DISTANCE
from synth.camera.easing import ease
from synth.camera.pose import CameraPath, CameraPose, degrees_from_rotation, rotation_from_degrees
from synth.control import CancelToken
from synth.media.planes import Planes, planes_from_rgb
from synth.render.coverage import fit_path, outside_photo
from synth.render.film import shoot
from synth.render.renderer import Renderer
from synth.scene.build import build_scene
from synth.scene.sheets import SAFETY_MARGIN, Scene
from synth.scene.travel import Travel
from synth.sequence.transitions.side import Side, times

RIM: Final = 9
"""Pixels across within which an outline's gaps are closed: twice a mesh's block, and the middle."""

FINE_SIDE: Final = 640
"""Longest side of frames whose depth is looked at pixel by pixel."""

MELTS, MELTED = 0.3, 0.8
"""When a scene that is prepared for more begins to become the kept frames' own, and when it has."""

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


def widened(stage: Stage, built_for: CameraPath, frames: range, cancel: CancelToken) -> Stage:
    """A stage whose scene is prepared for all of its path; itself where it already is.

    Args:
        stage: with the path that will be filmed.
        built_for: the path that its scene was made for.
        frames: those of its path that count.
        cancel: looked at between the steps.
    """
    seen = stage.path.positions[frames.start : frames.stop]
    travel = _travel(np.concatenate([built_for.positions, seen]))
    if travel == _travel(built_for.positions):
        return stage
    scene = stage.scene
    wide = build_scene(
        scene.photo, scene.disparity, focal_length=scene.focal_length,
        margin=round(scene.photo_area[0]) - SAFETY_MARGIN, travel=travel, seed=stage.film.seed,
        loose=scene.loose, cancel=cancel,
    )  # fmt: skip
    return replace(stage, scene=replace(wide, cutouts=scene.cutouts))


def redrawn(
    side: Side, stage: Stage, cancel: CancelToken, wide: Stage | None = None
) -> Iterator[Planes]:
    """The side's frames from another stage, with the side's own colour work.

    Args:
        side: a photo; its take says which frames.
        stage: with the path that will be filmed.
        cancel: looked at before every exposure.
        wide: the same with a scene that is prepared for more, which melts into ``stage`` before
            the take ends.
    """
    count, first = side.take.frames, side.take.first
    if wide is None or wide.scene is stage.scene:
        share = np.zeros(count)
    else:
        share = 1.0 - ease("smoothstep", (times(count) - MELTS) / (MELTED - MELTS))
    own_from = int(np.argmax(share < 1.0))
    wide_to = int(np.count_nonzero(share > 0.0))
    own = _shot(stage, range(first + own_from, first + count), cancel)
    more = _shot(wide or stage, range(first, first + wide_to), cancel)
    for index in range(count):
        pictures = [next(one) for one, used in ((more, index < wide_to), (own, index >= own_from))
                    if used]  # fmt: skip
        frame = pictures[0]
        if len(pictures) == 2:
            part = float(share[index])
            frame = np.asarray(cv2.addWeighted(frame, part, pictures[1], 1.0 - part, 0.0), np.uint8)
        yield planes_from_rgb(side.finish(frame))


def _shot(stage: Stage, frames: range, cancel: CancelToken) -> Iterator[NDArray[np.uint8]]:
    return shoot(stage.scene, stage.path, stage.film, frames=frames, cancel=cancel)


def _travel(positions: NDArray[np.float64]) -> Travel:
    right, up, back = (positions - np.array([0.0, 0.0, HOME_DISTANCE])).T
    return Travel.between(zip(right.tolist(), up.tolist(), (-back).tolist(), strict=True))


class Surroundings:
    """How far away is what the frames of a stage show, and where they look past the photo.

    Frames above ``FINE_SIDE`` are looked at in half their size. Not shared between threads.
    """

    def __init__(self, stage: Stage) -> None:
        """Look at the frames of this stage."""
        film = stage.film
        self.stage = stage
        step = 1 if max(film.width, film.height) <= FINE_SIDE else 2
        self._rim = np.ones((RIM // step | 1, RIM // step | 1), np.uint8)
        self._renderer = Renderer(stage.scene, film.width // step, film.height // step)

    def nearness(self, moment: float) -> NDArray[np.float32]:
        """Inverse depth at a moment, in frames, 1 / scene units, (h, w).

        Small gaps at the outlines of near things, where a scene keeps only their soft rim, are
        closed.
        """
        pose = self.stage.path.at(moment)
        cast = self.stage.film.cast
        if cast:
            self._renderer.frame(pose, cast, max(moment, 0.0) / float(self.stage.path.fps))
            found = self._renderer.last_nearness.copy()
        else:
            found = self._renderer.nearness(pose)
        return np.asarray(cv2.morphologyEx(found, cv2.MORPH_CLOSE, self._rim), np.float32)

    def beyond(self, moment: float) -> NDArray[np.bool_]:
        """Where, at the border of the frame, a moment looks past the photo, (h, w)."""
        margin = self.stage.scene.photo_area[0] - SAFETY_MARGIN
        places = self._renderer.texture_places(self.stage.path.at(moment))
        found = outside_photo(self.stage.scene, *places, margin).astype(np.uint8)
        found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        _, parts = cv2.connectedComponents(found)
        parts = np.asarray(parts, np.int32)
        # What lies inside the frame is a hidden part seen through a crack, and drawn well enough.
        edges = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
        return np.isin(parts, np.unique(edges[edges > 0]))


def scene_focal(scene: Scene, pose: CameraPose, zoom: float) -> float:
    """How far a pose zooms in, relative to the photo and a stage's own constant zoom."""
    return pose.focal_length / (scene.focal_length * zoom)
