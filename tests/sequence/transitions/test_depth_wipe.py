"""The depth wipe: by distance, from whichever side is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from synth.camera.pose import CameraPose
from synth.control import CancelToken
from synth.media.planes import to_rgb
from synth.sequence.storyboard import Way
from synth.sequence.transitions.depth_wipe import Ranks, border
from synth.sequence.transitions.draw import draw_transition
from tests.sequence.transitions.conftest import RATE, Sides, flat, psnr

if TYPE_CHECKING:
    from synth.backends.geometric import Stage

FRAMES = 15
BOX, WALL = np.s_[40:60, 65:95], np.s_[10:86, 8:40]


def _half_way(drawn: list[np.ndarray], part: tuple[slice, ...], end: np.ndarray) -> int:
    """The first frame in which a part looks more like its end than like its beginning."""
    start = drawn[0][part].astype(float)
    last = end[part].astype(float)
    for index, frame in enumerate(drawn):
        now = frame[part].astype(float)
        if np.abs(now - last).mean() < np.abs(now - start).mean():
            return index
    raise AssertionError("it never gets there")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("known", ["a", "b", "both"])
def test_far_first_or_near_first(reverse: bool, known: str, sides: Sides) -> None:
    still = sides.stage(1, lambda _: CameraPose())
    other = sides.stage(2, lambda _: CameraPose())
    a = sides.photo("a", still, 5, FRAMES, finish=lambda rgb: rgb // 3)
    b = sides.photo("b", other, 0, FRAMES, finish=lambda rgb: 255 - rgb // 3)
    if known == "a":
        b = sides.clip("b", np.full((96, 160, 3), 230, np.uint8), FRAMES)
    if known == "b":
        a = sides.clip("a", np.full((96, 160, 3), 30, np.uint8), FRAMES)
    way = Way("depth_wipe", FRAMES, reverse=reverse)
    drawn = [to_rgb(f) for f in draw_transition(way, a, b, rate=RATE, cancel=CancelToken())]
    end = to_rgb(list(b.planes())[-1])
    box, wall = _half_way(drawn, BOX, end), _half_way(drawn, WALL, end)
    assert (box < wall) if reverse else (wall < box)


def test_it_begins_with_one_shot_and_ends_with_the_other(
    sides: Sides, trucking: Stage, panning: Stage
) -> None:
    frames = 20
    a, b = sides.photo("a", trucking, 10, frames), sides.photo("b", panning, 0, frames)
    way = Way("depth_wipe", frames, easing="ease-in-out")
    drawn = [flat(f) for f in draw_transition(way, a, b, rate=RATE, cancel=CancelToken())]
    assert psnr(drawn[0], sides.kept(a, 10)) > 40
    assert psnr(drawn[-1], sides.kept(b, frames - 1)) > 40


def test_ranks_rise_with_nearness_and_do_not_magnify_noise() -> None:
    rng = np.random.default_rng(0)
    sky = (0.01 + 1e-4 * rng.random(5000)).astype(np.float32)
    ground = np.linspace(0.03, 0.15, 5000).astype(np.float32)
    ranks = Ranks(np.concatenate([sky, ground]))
    assert np.ptp(ranks.of(sky)) < 0.1
    assert (np.diff(ranks.of(ground)) >= 0).all()
    assert ranks.of(ground)[-1] == pytest.approx(1.0)
    assert ranks.of(np.zeros(1, np.float32))[0] == 0.0
    flat_wall = Ranks(np.full(100, 0.1, np.float32))
    assert np.isfinite(flat_wall.of(np.full(3, 0.1, np.float32))).all()


def test_the_border_has_passed_nothing_at_first_and_everything_at_last() -> None:
    field = np.linspace(0, 1, 50, dtype=np.float32)
    assert (border(field, 0.0, 0.2) == 0.0).all()
    assert (border(field, 1.0, 0.2) == 1.0).all()
    middle = border(field, 0.5, 0.2)
    assert (np.diff(middle) <= 0).all()
    assert middle[0] == 1.0
    assert middle[-1] == 0.0
