"""The match move: the next shot begins with the camera where the last one's is, and as fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from synth.camera.easing import ease
from synth.camera.pose import CameraPose, degrees_from_rotation, rotation_from_degrees
from synth.control import CancelToken
from synth.media.planes import Planes
from synth.sequence.storyboard import Way
from synth.sequence.transitions.mixing import faded
from synth.sequence.transitions.redraw import (
    enlargement,
    pose_at,
    redrawn,
    scene_focal,
    stage_of,
    widened,
    with_poses,
)
from synth.sequence.transitions.side import Side, frames_of, progress


def matched_poses(a: Side, b: Side) -> tuple[CameraPose, ...]:
    """The camera of the coming shot, from the frame before the transition to the one after it.

    It starts on the going shot's camera (place and direction relative to the home camera, lens
    relative to the photo's) and comes over to its own without a jerk: the share of each follows a
    curve that is flat at both ends, so places and speeds agree with the one at the beginning and
    with the other at the end. Both photos have their subject ten units away, so equal moves look
    alike.
    """
    stage_a, stage_b = stage_of(a), stage_of(b)
    frames = a.take.frames
    shares = ease("smootherstep", np.arange(frames + 2) / (frames + 1.0))
    poses = []
    for step, share in enumerate(shares):
        theirs = pose_at(stage_a.path, a.take.first - 1 + step)
        own = pose_at(stage_b.path, b.take.first - 1 + step)
        place = (1.0 - share) * np.array(theirs.position) + share * np.array(own.position)
        start = rotation_from_degrees(theirs.rotation)
        turn = (start.inv() * rotation_from_degrees(own.rotation)).as_rotvec()
        rotation = start * type(start).from_rotvec(share * turn)
        lens_a = scene_focal(stage_a.scene, theirs, stage_a.zoom)
        lens_b = scene_focal(stage_b.scene, own, stage_b.zoom)
        lens = lens_a ** (1.0 - share) * lens_b**share
        x, y, z = place.tolist()
        poses.append(
            CameraPose(
                (x, y, z),
                degrees_from_rotation(rotation),
                lens * stage_b.scene.focal_length * stage_b.zoom,
            )
        )
    # To the bit its own again, so that the next frames are the kept ones.
    poses[-1] = pose_at(stage_b.path, b.take.first + frames)
    return tuple(poses)


def matched(way: Way, a: Side, b: Side, cancel: CancelToken) -> Iterator[Planes]:
    """The frames of a match move; see ``draw_transition``."""
    own = stage_of(b)
    first = b.take.first
    poses = matched_poses(a, b)
    fade = 1.0 - ease("smootherstep", np.arange(way.frames + 2) / (way.frames + 1.0))
    stage = replace(own, path=with_poses(own.path, first - 1, poses))
    zoom = enlargement(stage, range(first, first + way.frames), fade[1:-1])
    longer = [
        CameraPose(pose.position, pose.rotation, pose.focal_length * float(zoom**share))
        for pose, share in zip(poses, fade, strict=True)
    ]
    stage = replace(own, path=with_poses(own.path, first - 1, longer))
    wide = widened(stage, own.path, range(first, first + way.frames), cancel)
    both = zip(frames_of(a, cancel), redrawn(b, stage, cancel, wide), strict=True)
    for (one, other), share in zip(both, progress(way), strict=True):
        yield faded(one, other, float(share))
