"""The match move: place, direction, lens and their speeds agree at both ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken
from synth.media.planes import planes_from_rgb
from synth.sequence.storyboard import Way
from synth.sequence.transitions.draw import draw_transition
from synth.sequence.transitions.match_move import matched_poses
from synth.sequence.transitions.redraw import redrawn
from tests.sequence.transitions.conftest import RATE, Sides, flat, psnr

if TYPE_CHECKING:
    from synth.backends.geometric import Stage

FRAMES = 16


def _channels(poses: list[CameraPose] | tuple[CameraPose, ...], stage: Stage) -> np.ndarray:
    """Position, turn in degrees, and the logarithm of the lens beside the stage's own, (N, 7)."""
    path = CameraPath(tuple(poses), RATE)
    own = stage.scene.focal_length * stage.zoom
    turn = np.degrees(path.rotations.as_rotvec())
    return np.column_stack([path.positions, turn, np.log(path.focal_lengths / own)])


def test_place_and_speed_agree_with_one_camera_before_and_the_other_after(
    sides: Sides, panning: Stage, turning: Stage
) -> None:
    a, b = sides.photo("a", panning, 11, FRAMES), sides.photo("b", turning, 3, FRAMES)
    poses = _channels(matched_poses(a, b), turning)
    theirs = _channels([panning.path[i] for i in range(10, 12 + FRAMES)], panning)
    own = _channels([turning.path[i] for i in range(2, 4 + FRAMES)], turning)
    assert np.abs(poses[0] - theirs[0]).max() < 1e-9
    assert np.abs(poses[-1] - own[-1]).max() < 1e-9
    # How far the two cameras stand apart is what has to be made up.
    apart = np.abs(theirs - own).max(axis=0)
    assert (np.abs((poses[1] - poses[0]) - (theirs[1] - theirs[0])) <= 0.003 * apart + 1e-9).all()
    assert (np.abs((poses[-1] - poses[-2]) - (own[-1] - own[-2])) <= 0.003 * apart + 1e-9).all()
    # Over the whole of the film: A's frames, the transition, B's frames.
    film = np.concatenate(
        [
            _channels([panning.path[i] for i in range(4, 10)], panning),
            poses,
            _channels([turning.path[i] for i in range(4 + FRAMES, 26)], turning),
        ]
    )
    changes = np.abs(np.diff(film, n=2, axis=0))
    # A smooth step of N steps bends by at most 5.8 / N^2 of its height.
    assert (changes <= 6.5 / (FRAMES + 1) ** 2 * apart + 0.011).all()


def test_it_ends_on_the_kept_frames_and_begins_on_the_others(
    sides: Sides, trucking: Stage, turning: Stage
) -> None:
    a, b = sides.photo("a", trucking, 10, FRAMES), sides.photo("b", turning, 0, FRAMES)
    way = Way("match_move", FRAMES, easing="ease-in-out")
    drawn = [flat(f) for f in draw_transition(way, a, b, rate=RATE, cancel=CancelToken())]
    assert psnr(drawn[0], sides.kept(a, 10)) > 40
    assert psnr(drawn[-1], sides.kept(b, FRAMES - 1)) > 40


def test_cameras_that_stand_still_together_make_a_dissolve(sides: Sides) -> None:
    still = sides.stage(5, lambda _: CameraPose())
    other = sides.stage(6, lambda _: CameraPose())
    a, b = sides.photo("a", still, 5, 6), sides.photo("b", other, 0, 6)
    matched, dissolved = (
        list(draw_transition(Way(name, 6), a, b, rate=RATE, cancel=CancelToken()))
        for name in ("match_move", "dissolve")
    )
    for one, two in zip(matched, dissolved, strict=True):
        assert psnr(flat(one), flat(two)) > 45


def test_what_is_drawn_anew_gets_the_shots_colours(sides: Sides, turning: Stage) -> None:
    b = sides.photo("b", turning, 4, 5, finish=lambda rgb: 255 - rgb)
    kept = list(b.planes())
    for one, two in zip(redrawn(b, turning, CancelToken()), kept, strict=True):
        assert one.same(two)
    plain = replace(b, finish=lambda rgb: rgb)
    (first, *_) = redrawn(plain, turning, CancelToken())
    assert not first.same(kept[0])
    assert first.size == planes_from_rgb(np.zeros((96, 160, 3), np.uint8)).size
