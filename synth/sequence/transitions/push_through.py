"""The push-through: the camera flies into the depth of one photo and comes out in the next.

What is far opens first, from where the camera is heading; what is near passes by it. Both cameras
fly forward at the same speed all the while, on top of what they do by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.camera.pose import CameraPose
from synth.control import CancelToken
from synth.media.planes import Planes
from synth.sequence.storyboard import Way
from synth.sequence.transitions.depth_wipe import Ranks, border, edge_width, softened
from synth.sequence.transitions.mixing import matted, smooth
from synth.sequence.transitions.redraw import (
    Surroundings,
    pose_at,
    redrawn,
    stage_of,
    widened,
    with_poses,
)
from synth.sequence.transitions.side import Side, progress
from synth.sequence.transitions.surround import surrounded

FLIGHT: Final = 5.0
"""How far the cameras fly, scene units: half the way to the subject."""

SOFTNESS: Final = 0.35
"""Width of the opening's edge, as a share of the picture's area."""

AHEAD: Final = 0.35
"""How much of a pixel's turn is decided by its place, the rest by its distance."""

BEGINS, ENDS = 0.06, 0.8
"""When the opening begins and when nothing of the first photo is left."""

SEEN: Final = 0.25
"""From when on the second photo is seen well."""

AT_LENS, CLEAR = 0.8, 2.2
"""Distances at which a thing that passes by is gone, and is whole, scene units."""

_MOMENTS: Final = 3


def flown(frames: int) -> NDArray[np.float64]:
    """How far the cameras have flown, scene units, from the frame before to the one after, (N+2,).

    Speed rises from nothing to its peak after two fifths, where the first photo is open, and sinks
    to nothing: it goes with t^2 (1 - t)^3.
    """
    t = np.arange(frames + 2) / (frames + 1.0)
    return FLIGHT * t**3 * (20.0 - 45.0 * t + 36.0 * t**2 - 10.0 * t**3)


def pushed_poses(side: Side, ahead: NDArray[np.float64]) -> tuple[CameraPose, ...]:
    """A side's own poses, moved along their own lines of sight.

    Args:
        side: a photo.
        ahead: how far forward, scene units, from the frame before the take to the one after it.
    """
    path = stage_of(side).path
    poses = []
    for step, distance in enumerate(ahead):
        pose = pose_at(path, side.take.first - 1 + step)
        forward = -pose.world_from_camera[:, 2]
        x, y, z = (np.array(pose.position) + distance * forward).tolist()
        poses.append(CameraPose((x, y, z), pose.rotation, pose.focal_length))
    return tuple(poses)


def pushed(way: Way, a: Side, b: Side, cancel: CancelToken) -> Iterator[Planes]:
    """The frames of a push-through; see ``draw_transition``."""
    way_flown = flown(way.frames)
    stages = []
    for side, ahead in ((a, way_flown), (b, way_flown - way_flown[-1])):
        own = stage_of(side)
        path = with_poses(own.path, side.take.first - 1, pushed_poses(side, ahead))
        stages.append(replace(own, path=path))
    opening = _Opening(a, stages[0], way_flown)
    coming = Surroundings(stages[1])
    # Before the opening begins nobody sees how far away the second camera is.
    seen = range(b.take.first + round(SEEN * way.frames), b.take.first + way.frames)
    wide = widened(stages[1], stage_of(b).path, seen, cancel)
    shares = np.clip((progress(way) - BEGINS) / (ENDS - BEGINS), 0.0, 1.0)
    both = zip(redrawn(a, stages[0], cancel), redrawn(b, stages[1], cancel, wide), strict=True)
    for index, ((one, other), share) in enumerate(zip(both, shares, strict=True)):
        arrived = surrounded(other, coming.beyond(float(b.take.first + index)))
        yield matted(one, arrived, softened(opening.matte(index, float(share))))


class _Opening:
    """How the first photo opens, by where its things stand in the world."""

    def __init__(self, a: Side, stage: Stage, flown: NDArray[np.float64]) -> None:
        self._going = Surroundings(stage)
        self._softness = edge_width(SOFTNESS, stage)
        self._first = a.take.first
        self._flown = flown
        self._half = stage.film.lens.shutter_angle / 720.0
        start = Surroundings(stage_of(a)).nearness(float(a.take.first))
        self._near = Ranks(start)
        height, width = start.shape
        x = (np.arange(width) + 0.5) / width * 2.0 - 1.0
        y = (np.arange(height) + 0.5) / height * 2.0 - 1.0
        outward = np.sqrt((x[None, :] ** 2 + y[:, None] ** 2) / 2.0)
        self._outward = outward.astype(np.float32)

    def _turn(self, nearness: NDArray[np.float32]) -> NDArray[np.float32]:
        rank = self._near.of(nearness)
        return np.asarray((1.0 - AHEAD) * rank + AHEAD * self._outward, np.float32)

    def matte(self, index: int, share: float) -> NDArray[np.float32]:
        """Where the next shot is seen in frame ``index`` of the transition, (h, w)."""
        total = np.zeros(self._outward.shape, np.float32)
        for moment in np.linspace(-self._half, self._half, _MOMENTS):
            at = index + float(moment)
            here = self._going.nearness(self._first + at)
            gone = float(np.interp(at + 1.0, np.arange(len(self._flown)), self._flown))
            # Seen from where the transition began.
            there = np.asarray(here / (1.0 + here * np.float32(gone)), np.float32)
            opened = border(self._turn(there), share, self._softness)
            away = (1.0 / np.maximum(here, 1e-6) - AT_LENS) / (CLEAR - AT_LENS)
            whole = smooth(np.asarray(away, np.float32))
            total += 1.0 - (1.0 - opened) * whole
        return np.asarray(total / _MOMENTS, np.float32)
