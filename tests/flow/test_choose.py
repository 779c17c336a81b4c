"""Which motion is believed, how far, and from which picture the pixels are taken."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from synth.flow import choose
from synth.flow.choose import STEP
from synth.flow.weave import FIELD
from tests.flow.worlds import moved, world

F = np.float32
LEAST = 1e-3
"""Trust that is left where there is no reason for any."""
GRID = (30, 40)
PIXELS = (STEP * GRID[0], STEP * GRID[1])


def everywhere(shape: tuple[int, int], *values: float) -> np.ndarray:
    return np.broadcast_to(np.array(values, F), (*shape, len(values))).copy()


def amount(value: float) -> np.ndarray:
    return np.full(GRID, value, F)


def trusted(
    here: np.ndarray, there: np.ndarray, flow: np.ndarray, back: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    shape = tuple(-(-side // STEP) for side in here.shape)
    grid, weight = np.empty((*shape, 2), F), np.empty(shape, F)
    choose.trust(here, there, flow, back, F(8), F(0.25), grid, weight)
    return grid, weight


@pytest.mark.parametrize("shape", [(2, 2), (48, 49), (51, 48), (60, 80)])
def test_motion_that_fits_is_trusted(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    rest = everywhere(shape, 0, 0)
    grid, weight = trusted(picture, picture, rest, rest)
    assert not grid.any()
    # The last row and column are looked up a thousandth of a pixel inside.
    assert np.allclose(weight, 1 + LEAST, atol=0.03)


def test_trust_falls_with_the_difference_and_with_the_way_back() -> None:
    grey, brighter = np.full((48, 64), 100, np.uint8), np.full((48, 64), 108, np.uint8)
    rest, away = everywhere((48, 64), 0, 0), everywhere((48, 64), 3, -4)
    assert np.allclose(trusted(grey, brighter, rest, rest)[1], np.exp(-1) + LEAST)
    grid, weight = trusted(grey, grey, away, rest)
    assert np.allclose(weight, np.exp(-5 * 0.25) + LEAST)
    assert np.allclose(grid, (3, -4))
    assert np.allclose(trusted(grey, grey, away, -away)[1], 1 + LEAST)


def test_a_cell_moves_as_its_pixels_do_on_average() -> None:
    flow = np.random.default_rng(1).normal(0, 3, (48, 64, 2)).astype(F)
    grey = np.zeros((48, 64), np.uint8)
    grid, _ = trusted(grey, grey, flow, -flow)
    assert np.allclose(grid, flow.reshape(24, 2, 32, 2, 2).mean((1, 3)), atol=1e-5)


def bent(
    onward: tuple[float, float], behind: tuple[float, float], ratio: float = 1.0
) -> np.ndarray:
    out = np.empty((*GRID, 2), F)
    choose.bend(everywhere(GRID, *onward), everywhere(GRID, *behind), F(ratio), out)
    assert (out == out[0, 0]).all()
    return out[0, 0]


@pytest.mark.parametrize("ratio", [0.25, 1.0, 3.0])
def test_the_bend_is_the_acceleration_however_far_back_the_previous_picture_lies(
    ratio: float,
) -> None:
    speed, change = np.array((5.0, -3.0)), np.array((4.0, 2.0))
    onward = speed + change / 2
    behind = -ratio * speed + ratio**2 * change / 2
    assert bent(tuple(onward), tuple(behind), ratio) == pytest.approx(change, abs=1e-5)


def test_steady_motion_does_not_bend() -> None:
    assert bent((6, 2), (-6, -2)) == pytest.approx((0, 0), abs=1e-5)
    assert bent((6, 2), (-12, -4), 2.0) == pytest.approx((0, 0), abs=1e-5)
    assert bent((9, 2), (-6, -2)) == pytest.approx((3, 0))


def carried_on(
    onward: np.ndarray, behind: np.ndarray, weight: np.ndarray, ratio: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Motion and trust once hidden cells have gone on as before."""
    sure = np.ones(GRID, F)
    sums = np.empty((*(-(-side // choose.BLOCK) for side in GRID), 4), F)
    choose.turns(onward, behind, F(ratio), weight, sure, F(0.4), sums)
    around = cv2.blur(sums, (5, 5))
    grid, trust = onward.copy(), weight.copy()
    choose.carry_on(behind, F(ratio), sure, around, F(0.1), F(0.4), F(2), grid, trust)
    return grid, trust


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("turn", [(0.0, 0.0), (1.5, -2.0)])
def test_what_gets_hidden_goes_on_as_it_came_and_turns_with_the_rest(
    ratio: float, turn: tuple[float, float]
) -> None:
    hidden = np.zeros(GRID, np.bool_)
    hidden[10:14, 20:26] = True
    onward = everywhere(GRID, 4 + turn[0], 1 + turn[1])
    right = onward.copy()
    behind = everywhere(GRID, -4 * ratio, -1 * ratio)
    # Two things that move apart turn alike.
    right[:, :20] += (3, 0)
    behind[:, :20] -= (3 * ratio, 0)
    onward = np.where(hidden[..., None], F(-9), right)
    weight = np.where(hidden, F(0.01), F(1))
    grid, trust = carried_on(onward, behind, weight, ratio)
    assert np.allclose(grid, right, atol=1e-3)
    assert np.allclose(trust, np.where(hidden, 0.5, 1))


def test_where_nobody_knows_how_things_turn_nothing_is_taken_over() -> None:
    rng = np.random.default_rng(3)
    weight = np.where(rng.random(GRID) < 0.1, F(0.01), F(1))
    behind, onward = everywhere(GRID, -4, 0), everywhere(GRID, 4, 0)
    onward[:, ::2] += (0, 5)
    grid, trust = carried_on(onward, behind, weight)
    assert np.array_equal(grid, onward)
    assert np.array_equal(trust, weight)
    # Nor where hardly anything can be trusted.
    grid, trust = carried_on(everywhere(GRID, 9, 9), behind, amount(0.01))
    assert (grid == 9).all()
    assert (trust == F(0.01)).all()


def test_the_right_motion_costs_least() -> None:
    one, two = (
        frame.round().astype(np.uint8)[: PIXELS[0], : PIXELS[1]]
        for frame in moved(world(2), 2, pan=(6, -4))
    )
    right, wrong = everywhere(GRID, 6, -4, 0, 0), everywhere(GRID, -6, 3, 0, 0)
    costs = np.empty((*GRID, 3), F)
    choose.compare(one, two, right, wrong, F(0.5), costs)
    inner = costs[6:-6, 6:-6]
    assert inner[..., 0].max() < 1.5
    assert inner[..., 1].mean() > 10
    blocks = np.abs(one.astype(int) - two).reshape(GRID[0], STEP, GRID[1], STEP).mean((1, 3))
    assert np.allclose(costs[..., 2], blocks)


def settled(**changes: Any) -> tuple[np.ndarray, float]:
    """The field of two proposals that agree, in sight of both pictures."""
    given: dict[str, Any] = {
        "one": everywhere(GRID, 0, 0, 0, 0), "two": everywhere(GRID, 0, 0, 0, 0),
        "costs": everywhere(GRID, 0, 0, 0), "seen_one": amount(1), "seen_two": amount(1),
        "still": amount(0), "time": F(0.5), "size": PIXELS, "shrink": F(2),
        "sharpness": F(8), "low": F(5), "high": F(18),
    }  # fmt: skip
    assert given.keys() >= changes.keys()
    field = np.full((*GRID, FIELD), np.nan, F)
    doubt = choose.settle(*{**given, **changes}.values(), field)
    assert np.isfinite(field).all()
    assert doubt == pytest.approx(field[..., 5].mean(), abs=1e-5)
    return field, doubt


@pytest.mark.parametrize("time", [0.2, 0.5, 0.9])
def test_the_field_leads_to_both_pictures(time: float) -> None:
    motion = everywhere(GRID, 4, -6, 2, 1)
    field, doubt = settled(one=motion, two=motion, time=F(time))
    sag = time * (1 - time) / 2
    wanted = (-4 * time + 2 * sag, 6 * time + sag, 4 * (1 - time) + 2 * sag, -6 * (1 - time) + sag)
    inner = field[6:-6, 6:-6]
    # In pixels of the whole picture, twice as large here.
    assert np.allclose(inner[..., :4], 2 * np.array(wanted), atol=1e-5)
    assert np.allclose(inner[..., 4], time, atol=1e-3)
    assert doubt == 0


def test_the_better_proposal_wins_and_the_hidden_one_yields() -> None:
    one, two = everywhere(GRID, 4, 0, 0, 0), everywhere(GRID, -4, 0, 0, 0)
    inner = (slice(6, -6), slice(6, -6), 0)
    better, _ = settled(one=one, two=two, costs=everywhere(GRID, 1, 60, 60))
    assert np.allclose(better[inner], -4, atol=0.05)
    worse, _ = settled(one=one, two=two, costs=everywhere(GRID, 60, 1, 60))
    assert np.allclose(worse[inner], 4, atol=0.05)
    equal, _ = settled(one=one, two=two)
    assert np.allclose(equal[inner], 0, atol=1e-5)
    hidden, _ = settled(one=one, two=two, seen_two=amount(0))
    assert hidden[inner].max() < -0.5


def test_what_one_picture_hides_comes_from_the_other() -> None:
    assert settled(seen_one=amount(0))[0][..., 4].min() > 0.99
    assert settled(seen_two=amount(0))[0][..., 4].max() < 0.01
    neither, _ = settled(seen_one=amount(0), seen_two=amount(0), time=F(0.25))
    assert np.allclose(neither[..., 4], 0.25, atol=1e-3)
    # It need not agree with the picture that hides it; what both show must.
    apart = everywhere(GRID, 90, 90, 90)
    assert settled(seen_one=amount(0), costs=apart)[1] == 0
    assert settled(seen_one=amount(0.5), costs=apart)[1] == pytest.approx(0.5)


def test_what_comes_in_over_the_edge_comes_from_the_picture_that_shows_it() -> None:
    """Everything goes 20 pixels to the right: the left 10 are seen only in the second."""
    motion = everywhere(GRID, 20, 0, 0, 0)
    field, _ = settled(one=motion, two=motion, costs=everywhere(GRID, 90, 90, 90))
    assert field[:, :3, 4].min() > 0.99
    assert field[:, -3:, 4].max() < 0.01
    assert np.allclose(field[:, 8:-8, 4], 0.5, atol=1e-3)
    # Where one picture shows nothing there is nothing to disagree with.
    assert field[:, :3, 5].max() == field[:, -3:, 5].max() == 0


def test_doubt_rises_with_disagreement_unless_mixing_is_worse() -> None:
    doubts = [settled(costs=everywhere(GRID, c, c, c))[1] for c in (5, 8, 11.5, 15, 18, 200)]
    assert doubts == pytest.approx([0, 3 / 13, 0.5, 10 / 13, 1, 1], abs=1e-3)
    assert settled(costs=everywhere(GRID, 20, 20, 60))[1] == 0


def test_what_lies_behind_an_overlay_is_not_taken_from_there() -> None:
    """In the first picture a title covers what moves in; it is taken from the second."""
    motion = everywhere(GRID, 20, 0, 0, 0)
    still = amount(0)
    still[:, 15:18] = 1
    field, _ = settled(one=motion, two=motion, still=still, costs=everywhere(GRID, 90, 90, 90))
    assert field[:, 20:23, 4].min() > 0.99
    assert field[:, 20:23, 5].max() == 0
    assert field[:, 10:13, 4].max() < 0.01
    assert settled(still=amount(1))[1] == 1


def filled(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    motion, seen = np.full((*sums.shape[:2], 4), np.nan, F), np.full(sums.shape[:2], np.nan, F)
    choose.without_holes(sums, F(0.05), F(0.3), motion, seen)
    assert np.isfinite(motion).all()
    return motion, seen


def test_holes_take_the_motion_around_them() -> None:
    sums = everywhere((60, 90), 2, -4, 6, 8, 2)
    sums[10:30, 20:50] = 0
    sums[50, 80] = (0.1, 0.1, 0.1, 0.1, 0.1)
    motion, seen = filled(sums)
    assert np.allclose(motion[5, 5], (1, -2, 3, 4))
    assert np.allclose(motion[10:30, 20:50], (1, -2, 3, 4))
    assert np.allclose(motion[50, 80], 1)
    assert not seen[10:30, 20:50].any()
    assert seen[5, 5] == 1
    assert seen[50, 80] == pytest.approx(1 / 3, rel=1e-5)


def test_a_far_hole_is_reached_and_an_empty_grid_rests() -> None:
    sums = np.zeros((3, 200, 5), F)
    sums[:, :4] = (5, 0, 0, 0, 1)
    motion, _ = filled(sums)
    assert np.allclose(motion[1, 60], (5, 0, 0, 0), atol=0.01)
    assert not filled(np.zeros((7, 9, 5), F))[0].any()


@pytest.mark.parametrize(("factor", "size"), [(1, (9, 14)), (2, (18, 28)), (2, (19, 29))])
@pytest.mark.parametrize("time", [0.25, 0.5])
def test_what_rests_is_mixed_unmoved_and_the_rest_left_alone(
    factor: int, size: tuple[int, int], time: float
) -> None:
    rng = np.random.default_rng(0)
    first, second, made = (rng.integers(0, 256, size, np.uint8) for _ in range(3))
    share = np.zeros((9, 14), np.uint8)
    share[2:5, 3:9], share[7:, 12:] = 255, 128
    out, margin = made.copy(), 16
    choose.lay_over(
        share, np.pad(first, margin, "edge"), np.pad(second, margin, "edge"), F(time), margin,
        factor, out,
    )  # fmt: skip
    weight = np.zeros(size)
    whole = share.repeat(factor, 0).repeat(factor, 1)
    weight[: whole.shape[0], : whole.shape[1]] = whole / 255
    resting = (1 - time) * first + time * second
    wanted = made + (resting - made) * weight
    assert np.abs(out - wanted).max() <= 0.51
    assert np.array_equal(out[weight == 0], made[weight == 0])
