"""The smaller picture that motion is found on, and the motion itself."""

from __future__ import annotations

import numpy as np
import pytest

from synth.flow.dense import DenseFlow, shrink_of, smaller
from synth.flow.interpolate import GRADES
from tests.flow.worlds import moved, world


@pytest.mark.parametrize(
    ("size", "shrink"),
    [((1, 1), 1), ((640, 360), 1), ((720, 576), 2), ((1280, 720), 2), ((1920, 1080), 2),
     ((3840, 2160), 4)],
)  # fmt: skip
def test_larger_pictures_are_looked_at_smaller(size: tuple[int, int], shrink: int) -> None:
    assert shrink_of(*size) == shrink


@pytest.mark.parametrize("shrink", [1, 2, 4])
@pytest.mark.parametrize("shape", [(1, 1), (1, 333), (5, 17), (47, 49), (203, 301)])
def test_each_small_pixel_covers_its_own_pixels(shape: tuple[int, int], shrink: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    small = smaller(picture, shrink)
    assert min(small.shape) >= 48
    assert small.flags.c_contiguous
    down, across = (max(-(-side // shrink), 48) * shrink - side for side in shape)
    edged = np.pad(picture, ((0, down), (0, across)), "edge").astype(float)
    blocks = edged.reshape(edged.shape[0] // shrink, shrink, -1, shrink).mean((1, 3))
    assert np.abs(small - blocks).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("mode", GRADES)
@pytest.mark.parametrize("pan", [(5.0, 0.0), (-3.5, 2.25)])
def test_a_pan_is_found_and_a_guess_is_left_alone(mode: str, pan: tuple[float, float]) -> None:
    one, two = (frame.round().astype(np.uint8) for frame in moved(world(3), 2, pan=pan))
    find = DenseFlow(GRADES[mode].flow)
    flow = find(one, two)
    assert flow.shape == (*one.shape, 2)
    assert flow.dtype == np.float32
    inner = flow[20:-20, 20:-20].reshape(-1, 2)
    assert np.median(inner, axis=0) == pytest.approx(pan, abs=0.15)
    guess = np.zeros_like(flow)
    again = find(one, two, guess)
    assert not guess.any()
    assert np.median(again[20:-20, 20:-20].reshape(-1, 2), axis=0) == pytest.approx(pan, abs=0.15)


def test_a_good_guess_finds_what_is_out_of_reach() -> None:
    """Stripes that repeat every 24 pixels, moved by 30: only a guess can tell 30 from 6."""
    x = np.arange(320)
    rows = (120 + 80 * np.sin(2 * np.pi * x / 24)).astype(np.uint8)
    one = np.tile(rows, (180, 1))
    two = np.roll(one, 30, axis=1)
    find = DenseFlow(GRADES["quality"].flow)
    guess = np.zeros((180, 320, 2), np.float32)
    guess[..., 0] = 30
    assert np.median(find(one, two)[60:-60, 60:-60, 0]) == pytest.approx(6, abs=1)
    assert np.median(find(one, two, guess)[60:-60, 60:-60, 0]) == pytest.approx(30, abs=1)


def test_a_guess_is_not_remembered_for_other_pictures() -> None:
    pan, other = moved(world(3), 2, pan=(9, 4)), moved(world(5), 2, pan=(-4, 0))
    one, two, three, four = (luma.round().astype(np.uint8) for luma in (*pan, *other))
    find = DenseFlow(GRADES["quality"].flow)
    find(one, two, np.full((*one.shape, 2), 9, np.float32))
    assert np.array_equal(find(three, four), DenseFlow(GRADES["quality"].flow)(three, four))
