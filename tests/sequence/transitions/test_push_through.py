"""The push-through: two cameras fly as one, the far opens first, and the joins hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken
from synth.media.planes import planes_from_rgb, to_rgb
from synth.sequence.storyboard import Way
from synth.sequence.transitions.draw import draw_transition
from synth.sequence.transitions.push_through import FLIGHT, flown, pushed_poses
from synth.sequence.transitions.surround import surrounded
from tests.sequence.transitions.conftest import RATE, Sides, flat, psnr

if TYPE_CHECKING:
    from synth.backends.geometric import Stage

FRAMES = 16


def test_both_cameras_fly_forward_equally_fast_and_join_their_own_paths(
    sides: Sides, trucking: Stage, panning: Stage
) -> None:
    a, b = sides.photo("a", trucking, 12, FRAMES), sides.photo("b", panning, 2, FRAMES)
    ahead = flown(FRAMES)
    gone = CameraPath(pushed_poses(a, ahead), RATE).positions
    come = CameraPath(pushed_poses(b, ahead - FLIGHT), RATE).positions
    own_a = np.array([trucking.path[i].position for i in range(11, 13 + FRAMES)])
    own_b = np.array([panning.path[i].position for i in range(1, 3 + FRAMES)])
    assert np.allclose(gone[0], own_a[0])
    assert np.allclose(come[-1], own_b[-1])
    added_a, added_b = (
        np.linalg.norm(np.diff(one - own, axis=0), axis=1)
        for one, own in ((gone, own_a), (come, own_b))
    )
    # The panning camera's line of sight turns by under two degrees meanwhile.
    assert np.abs(added_a - added_b).max() < 0.03
    # It begins and ends without a jerk, units a frame.
    assert added_a[0] < 0.02
    assert added_b[-1] < 0.02
    assert np.abs(np.diff(added_a)).max() < 0.15


def test_nothing_jumps_at_the_joins(sides: Sides, trucking: Stage, panning: Stage) -> None:
    a, b = sides.photo("a", trucking, 10, FRAMES), sides.photo("b", panning, 0, FRAMES)
    drawn = [
        flat(f)
        for f in draw_transition(Way("push_through", FRAMES), a, b, rate=RATE, cancel=CancelToken())
    ]
    assert psnr(drawn[0], sides.kept(a, 10)) > 40
    assert psnr(drawn[-1], sides.kept(b, FRAMES - 1)) > 40


def test_the_wall_opens_before_the_thing_in_front_of_it(sides: Sides) -> None:
    a = sides.photo("a", sides.stage(1, lambda _: CameraPose()), 10, FRAMES)
    green = sides.clip("green", np.zeros((96, 160, 3), np.uint8), FRAMES)
    stage = sides.stage(4, lambda _: CameraPose())
    b = sides.photo("b", stage, 0, FRAMES, finish=lambda rgb: np.full_like(rgb, (0, 255, 0)))
    assert green.stage() is None
    drawn = draw_transition(Way("push_through", FRAMES), a, b, rate=RATE, cancel=CancelToken())
    box, wall = [], []
    for frame in drawn:
        rgb = to_rgb(frame).astype(int)
        green_share = ((rgb[..., 1] - rgb[..., 0]) > 150) & ((rgb[..., 1] - rgb[..., 2]) > 150)
        box.append(green_share[40:60, 68:92].mean())
        wall.append(green_share[36:60, 30:44].mean())
    assert wall[-1] == box[-1] == 1.0
    assert wall[0] == box[0] == 0.0
    opened_wall = next(i for i, share in enumerate(wall) if share > 0.5)
    opened_box = next(i for i, share in enumerate(box) if share > 0.5)
    assert opened_wall < opened_box


def test_a_picture_that_ends_within_the_frame_goes_on_softly(sides: Sides) -> None:
    whole = planes_from_rgb(sides.picture(3))
    nothing = np.zeros((96, 160), bool)
    assert surrounded(whole, nothing) is whole
    beyond = np.ones((96, 160), bool)
    beyond[12:-12, 20:-20] = False
    rgb = sides.picture(3)
    rgb[beyond] = 0
    filled = surrounded(planes_from_rgb(rgb), beyond)
    # No black edge is left, and the middle is what it was.
    assert to_rgb(filled)[beyond].min() > 20
    assert np.array_equal(filled.y[40:56, 60:100], planes_from_rgb(rgb).y[40:56, 60:100])
