"""The whip pan: one unbroken turn from camera to camera, with a true blur."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from synth.control import CancelToken
from synth.media.planes import planes_from_rgb, to_rgb
from synth.sequence.storyboard import Way
from synth.sequence.transitions.draw import draw_transition
from synth.sequence.transitions.whip_pan import Pan, own_yaws, whip_turn, yaw_curve
from tests.sequence.transitions.conftest import RATE, Sides, flat, psnr

if TYPE_CHECKING:
    from synth.backends.geometric import Stage

FRAMES = 16


@pytest.mark.parametrize("reverse", [False, True])
def test_the_cameras_speed_is_continuous_over_both_joins_and_the_hand_over(
    reverse: bool, sides: Sides, panning: Stage, turning: Stage
) -> None:
    a, b = sides.photo("a", panning, 12, FRAMES), sides.photo("b", turning, 2, FRAMES)
    turn = whip_turn(Way("whip_pan", FRAMES, reverse=reverse), a, b, RATE)
    own_a, own_b = own_yaws(a), own_yaws(b)
    added_a, added_b = yaw_curve(own_a, own_b, turn)
    speed_a, speed_b = np.diff(own_a + added_a), np.diff(own_b + added_b)
    # At the hand-over, and at every other moment, both sides turn equally fast, degrees a frame.
    assert np.abs(speed_a - speed_b).max() < 1e-9
    # The film's camera: A's own before, the whip, B's own after.
    before = np.diff([panning.path[i].rotation[1] for i in range(6, 12)])
    after = np.diff([turning.path[i].rotation[1] for i in range(2 + FRAMES, 24)])
    speed = np.concatenate([before, speed_a, after])
    peak = np.abs(speed_a).max()
    steps = np.abs(np.diff(speed))
    # A squared sine of N steps never changes by more than pi / N of its peak from step to step.
    assert steps.max() <= 1.1 * math.pi / (FRAMES + 1) * peak
    joins = steps[len(before) - 1], steps[len(before) + FRAMES]
    assert max(joins) < 0.02 * peak
    assert added_a[0] == 0.0
    assert abs(added_b[-1]) < 1e-9
    assert abs(added_a[1]) < 0.01 * abs(turn)
    assert abs(added_b[-2]) < 0.01 * abs(turn)


def test_it_goes_the_way_the_camera_goes(
    sides: Sides, panning: Stage, turning: Stage, trucking: Stage
) -> None:
    left, right = sides.photo("l", panning, 12, 8), sides.photo("r", turning, 12, 8)
    moving, clip = sides.photo("m", trucking, 12, 8), sides.clip("c", sides.picture(1), 8)
    way, back = Way("whip_pan", 8), Way("whip_pan", 8, reverse=True)
    assert whip_turn(way, left, right, RATE) > 0 > whip_turn(way, right, left, RATE)
    assert whip_turn(way, moving, left, RATE) < 0
    assert whip_turn(way, clip, left, RATE) > 0
    assert whip_turn(way, clip, clip, RATE) < 0 < whip_turn(back, clip, clip, RATE)


def test_it_joins_the_frames_beside_it(sides: Sides, panning: Stage, turning: Stage) -> None:
    frames = 20
    a, b = sides.photo("a", panning, 10, frames), sides.photo("b", turning, 0, frames)
    way = Way("whip_pan", frames)
    drawn = [flat(f) for f in draw_transition(way, a, b, rate=RATE, cancel=CancelToken())]
    steps = [
        psnr(one, other)
        for one, other in zip(
            [sides.kept(a, 9), *drawn], [*drawn, sides.kept(b, frames)], strict=True
        )
    ]
    inner = min(steps[3:-3])
    assert steps[0] > inner + 3
    assert steps[-1] > inner + 3


def test_a_turn_is_the_homography_k_r_k_inverse() -> None:
    width, height, focal, turn = 160, 96, 220.0, 7.0
    rng = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(rng.uniform(0, 255, (height, width, 3)), (0, 0), 3)
    rgb = np.clip((rgb - 127) * 6 + 127, 0, 255).astype(np.uint8)
    pan = Pan(width, height)
    seen = pan.encode[pan.turned(rgb, focal, turn, 0.0)]
    angle = math.radians(turn)
    k = np.array([[focal, 0, width / 2 - 0.5], [0, focal, height / 2 - 0.5], [0, 0, 1]])
    # x right, y down, z forward: turned left, what was on the left comes to the middle.
    r = np.array(
        [[math.cos(angle), 0, math.sin(angle)], [0, 1, 0], [-math.sin(angle), 0, math.cos(angle)]]
    )
    expected = cv2.warpPerspective(rgb, k @ r @ np.linalg.inv(k), (width, height))
    inside = np.s_[8:-8, 40:-8]
    assert psnr(seen[inside], expected[inside]) > 38


def test_a_long_blur_equals_many_short_moments() -> None:
    width, height, focal = 160, 96, 220.0
    rng = np.random.default_rng(1)
    rgb = cv2.GaussianBlur(rng.uniform(0, 255, (height, width, 3)), (0, 0), 2)
    rgb = np.clip((rgb - 127) * 5 + 127, 0, 255).astype(np.uint8)
    pan = Pan(width, height)
    turn, blur = 31.0, 12.0
    moments = turn + blur * ((np.arange(64) + 0.5) / 64 - 0.5)
    many = np.mean([pan.turned(rgb, focal, float(at), 0.0) for at in moments], axis=0)
    once = pan.turned(rgb, focal, turn, blur)
    slow = pan.encode[np.rint(many).astype(np.uint16)]
    assert psnr(pan.encode[once], slow) > 40


def test_nothing_turned_is_nothing_changed() -> None:
    rgb = np.random.default_rng(2).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    pan = Pan(160, 96)
    assert psnr(pan.encode[pan.turned(rgb, 220.0, 0.0, 0.0)], rgb) > 45


def test_no_edge_is_ever_seen(sides: Sides) -> None:
    white = np.full((96, 160, 3), 200, np.uint8)
    a, b = sides.clip("a", white, 12), sides.clip("b", white, 12)
    for frame in draw_transition(Way("whip_pan", 12), a, b, rate=RATE, cancel=CancelToken()):
        assert np.abs(to_rgb(frame).astype(int) - 200).max() <= 2
    assert planes_from_rgb(white).size == (160, 96)
