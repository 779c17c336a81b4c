"""Motion carried forward: where it lands, how much of it, and what is lost."""

from __future__ import annotations

import numpy as np
import pytest

from synth.flow.splat import CHANNELS, splat

F = np.float32
STEP = 2


def carried(
    flow: np.ndarray,
    weight: np.ndarray,
    time: float,
    *,
    bend: np.ndarray | None = None,
    sign: int = 1,
) -> np.ndarray:
    """The sums (h, w, CHANNELS) that a grid of motion leaves at a moment."""
    out = np.zeros((*weight.shape, CHANNELS), F)
    curved = np.zeros_like(flow) if bend is None else bend
    splat(flow, curved, weight, F(time), F(sign), STEP, out)
    return out


def constant(shape: tuple[int, int], x: float, y: float) -> np.ndarray:
    return np.broadcast_to(np.array((x, y), F), (*shape, 2)).copy()


def weights(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 1, shape).astype(F)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 17), (24, 32)])
@pytest.mark.parametrize("time", [0.25, 0.5, 1.0])
def test_what_rests_stays_where_it_is(shape: tuple[int, int], time: float) -> None:
    weight = weights(shape)
    sums = carried(constant(shape, 0, 0), weight, time)
    assert np.array_equal(sums[..., 4], weight)
    assert not sums[..., :4].any()


@pytest.mark.parametrize("cells", [(3, 0), (0, -2), (-5, 4)])
@pytest.mark.parametrize("time", [0.5, 0.25])
def test_constant_motion_lands_exactly_and_whole(cells: tuple[int, int], time: float) -> None:
    across, down = cells
    weight = weights((20, 30))
    flow = constant((20, 30), across * STEP / time, down * STEP / time)
    sums = carried(flow, weight, time)
    # The part of the grid that stays within, before and after it moved.
    y, x = np.mgrid[:20, :30]
    stays = (x + across >= 0) & (x + across < 30) & (y + down >= 0) & (y + down < 20)
    wanted = np.zeros_like(weight)
    wanted[y[stays] + down, x[stays] + across] = weight[stays]
    assert np.allclose(sums[..., 4], wanted, atol=1e-6)
    for channel in range(2):
        assert np.allclose(sums[..., channel], wanted * flow[0, 0, channel], rtol=1e-5)


@pytest.mark.parametrize("time", [0.1, 1 / 3, 0.77])
def test_between_cells_the_amount_and_its_middle_are_kept(time: float) -> None:
    weight = np.zeros((40, 40), F)
    weight[15:25, 15:25] = weights((10, 10))
    flow = constant((40, 40), 7.3, -4.9)
    landed = carried(flow, weight, time)[..., 4].astype(float)
    assert landed.sum() == pytest.approx(weight.sum(), rel=1e-5)
    y, x = np.mgrid[:40, :40]
    for axis, moved in ((x, 7.3), (y, -4.9)):
        before = (weight * axis).sum() / weight.sum()
        after = (landed * axis).sum() / landed.sum()
        assert after - before == pytest.approx(time * moved / STEP, abs=1e-4)


def test_from_the_second_picture_motion_is_turned_round() -> None:
    """It lands where it goes, but tells of the motion from the first picture to the second."""
    weight = np.zeros((12, 12), F)
    weight[6, 6] = 0.5
    back = carried(constant((12, 12), -8, 4), weight, 0.5, sign=-1)
    assert back[7, 4] == pytest.approx((0.5 * 8, 0.5 * -4, 0, 0, 0.5))
    assert (back != 0).any(axis=2).sum() == 1


@pytest.mark.parametrize("time", [0.25, 0.5, 0.75])
def test_a_bent_path_leaves_the_straight_one_by_its_sag(time: float) -> None:
    """With velocity v and acceleration b: v = flow - b/2, place = v t + b t²/2."""
    weight = np.zeros((60, 60), F)
    weight[30, 30] = 1
    flow, bend = constant((60, 60), 8, 4), constant((60, 60), 6, -10)
    sums = carried(flow, weight, time, bend=bend)
    y, x = np.mgrid[:60, :60]
    place = np.array([(sums[..., 4] * x).sum(), (sums[..., 4] * y).sum()]) - 30
    speed = np.array((8.0, 4.0)) - np.array((6.0, -10.0)) / 2
    wanted = speed * time + np.array((6.0, -10.0)) * time**2 / 2
    assert place * STEP == pytest.approx(wanted, abs=1e-4)
    assert sums[..., 2].sum() == pytest.approx(6, rel=1e-5)
    assert sums[..., 3].sum() == pytest.approx(-10, rel=1e-5)


@pytest.mark.parametrize("far", [(100, 0), (-100, 0), (0, 1e4), (-1e6, -1e6)])
def test_what_leaves_the_picture_is_gone(far: tuple[float, float]) -> None:
    assert not carried(constant((8, 11), *far), weights((8, 11)), 0.5).any()


def test_what_lands_together_adds_up() -> None:
    flow, weight = constant((6, 6), 0, 0), weights((6, 6))
    flow[2, 2] = (2 * STEP, 0)
    sums = carried(flow, weight, 1.0)
    assert sums[2, 2, 4] == 0
    assert sums[2, 4, 4] == pytest.approx(weight[2, 2] + weight[2, 4], rel=1e-6)
