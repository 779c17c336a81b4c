"""Steps of depth: found where they are, with the right sides, and slopes left whole."""

from __future__ import annotations

import numpy as np
import pytest

from synth.scene.edges import BAND_RADIUS, find_steps

THRESHOLD = 0.01


def _slope(height: int, width: int, per_pixel: float, angle: float) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    return (0.5 + per_pixel * along).astype(np.float32)


@pytest.mark.parametrize("angle", [0, 30, 45, 90, 137])
@pytest.mark.parametrize("per_pixel", [0.0, 1e-4, 0.003, 0.02, 0.5])
def test_an_even_slope_is_no_step_however_steep(per_pixel: float, angle: float) -> None:
    steps = find_steps(_slope(60, 80, per_pixel, angle), THRESHOLD)
    assert not steps.any
    assert not steps.band.any()
    assert not steps.near.any()


@pytest.mark.parametrize("angle", [0, 30, 45, 90, 137])
@pytest.mark.parametrize("per_pixel", [0.003, 0.02, 0.1])
def test_a_slope_stays_whole_up_to_the_border_when_something_else_tears(
    per_pixel: float, angle: float
) -> None:
    disparity = _slope(90, 120, per_pixel, angle)
    disparity[40:60, 50:80] += 20.0
    steps = find_steps(disparity, THRESHOLD)
    torn = np.zeros(disparity.shape, bool)
    torn[38:62, 48:82] = True
    assert steps.crack.any()
    assert not (steps.crack & ~torn).any()


@pytest.mark.parametrize("per_pixel", [0.003, 0.02, 0.1])
def test_a_floor_that_meets_a_wall_does_not_tear_off_it(per_pixel: float) -> None:
    """A crease is a bend of the surface; so is the rim where the border pixels are repeated."""
    down = np.arange(120)
    disparity = (0.1 + per_pixel * np.clip(down - 40, 0, 60)).astype(np.float32)
    disparity = np.tile(disparity[:, None], (1, 90))
    assert not find_steps(disparity, THRESHOLD).any
    disparity[4:20, 20:60] += 5.0
    steps = find_steps(disparity, THRESHOLD)
    assert steps.crack[:24].any()
    assert not steps.crack[24:].any()


def test_a_jump_below_the_threshold_is_no_step_and_one_above_it_is() -> None:
    disparity = np.full((40, 60), 0.1, np.float32)
    disparity[:, 30:] += 0.9 * THRESHOLD
    assert not find_steps(disparity, THRESHOLD).any
    disparity[:, 30:] += 0.2 * THRESHOLD
    assert find_steps(disparity, THRESHOLD).any


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_step_is_found_at_its_place_with_its_two_sides(turn: int) -> None:
    disparity = np.full((50, 70), 0.06, np.float32)
    disparity[:, 40:] = 0.14
    columns = np.broadcast_to(np.arange(70), disparity.shape)
    disparity, columns = (np.ascontiguousarray(np.rot90(a, turn)) for a in (disparity, columns))
    steps = find_steps(disparity, THRESHOLD)
    assert np.array_equal(steps.crack, (columns == 39) | (columns == 40))
    assert np.array_equal(steps.band, (columns >= 40 - BAND_RADIUS) & (columns < 40 + BAND_RADIUS))
    assert np.array_equal(steps.near, columns >= 40)
    assert np.allclose(steps.far_disparity, 0.06)
    assert np.allclose(steps.near_disparity, 0.14)
    assert np.allclose(steps.distance, np.abs(columns - 40), atol=0.05)


def test_the_near_side_of_a_step_on_a_slope_is_the_near_one_all_along() -> None:
    disparity = _slope(60, 80, 0.001, 90)
    disparity[:, 30:50] += 0.08
    steps = find_steps(disparity, THRESHOLD)
    around = np.zeros(disparity.shape, bool)
    around[:, 25:55] = True
    box = np.zeros(disparity.shape, bool)
    box[:, 30:50] = True
    assert np.array_equal(steps.near & around, box)
    at_step = steps.crack & box
    gap = (steps.near_disparity - steps.far_disparity)[at_step]
    assert np.all((gap > 0.075) & (gap < 0.09))


@pytest.mark.parametrize("thick", [1, 2, 3, 5])
def test_a_thin_pole_is_near_over_its_whole_width(thick: int) -> None:
    disparity = np.full((60, 60), 0.05, np.float32)
    disparity[5:55, 30 : 30 + thick] = 0.2
    steps = find_steps(disparity, THRESHOLD)
    assert np.array_equal(steps.near, disparity > 0.1)
    assert np.allclose(steps.far_disparity, 0.05)
    assert np.allclose(steps.near_disparity[steps.near], 0.2)


def test_each_pixel_learns_from_its_own_nearest_step() -> None:
    """Steps of different heights side by side keep their own numbers."""
    disparity = np.full((90, 120), 0.05, np.float32)
    heights = {}
    for number, (row, column) in enumerate([(10, 10), (10, 70), (60, 40), (55, 90)]):
        level = 0.1 + 0.03 * number
        disparity[row : row + 20, column : column + 18] = level
        heights[row, column] = level
    steps = find_steps(disparity, THRESHOLD)
    for (row, column), level in heights.items():
        part = np.s_[row - 3 : row + 23, column - 3 : column + 21]
        assert np.allclose(steps.near_disparity[part], level)
        assert np.allclose(steps.far_disparity[part], 0.05)
        assert steps.near[row : row + 20, column : column + 18].all()
        assert steps.near[part].sum() == 20 * 18


def test_three_depths_in_a_row_tear_twice() -> None:
    disparity = np.full((30, 90), 0.05, np.float32)
    disparity[:, 30:60] = 0.1
    disparity[:, 60:] = 0.2
    steps = find_steps(disparity, THRESHOLD)
    cracks = np.nonzero(steps.crack.all(axis=0))[0].tolist()
    assert cracks == [29, 30, 59, 60]
    # Behind the nearest thing lies the middle one, not the farthest.
    assert np.allclose(steps.far_disparity[:, 62], 0.1)
    assert np.allclose(steps.far_disparity[:, 31], 0.05)
