"""What the smooth pyramid fill promises."""

from __future__ import annotations

import numpy as np
import pytest

from synth.errors import SynthError
from synth.scene.smooth_fill import fill_smooth


def disc(height: int, width: int, radius: float) -> np.ndarray:
    yy, xx = np.mgrid[:height, :width]
    return np.hypot(yy - height / 2, xx - width / 2) < radius


def test_a_constant_goes_on_exactly_and_known_values_stay():
    values = np.full((50, 70), 3.25, np.float32)
    hole = disc(50, 70, 15)
    noisy = values.copy()
    noisy[hole] = 99
    result = fill_smooth(noisy, hole)
    np.testing.assert_allclose(result, values, rtol=1e-6)
    assert (noisy[hole] == 99).all()


def test_a_ramp_is_bridged_closely():
    ramp = np.linspace(0, 1, 90, dtype=np.float32)[None, :] * np.ones((60, 1), np.float32)
    hole = disc(60, 90, 18)
    result = fill_smooth(np.where(hole, np.float32(5), ramp), hole)
    assert np.abs(result - ramp)[hole].max() < 0.08


def test_every_channel_is_filled_and_stays_between_the_known_values():
    rng = np.random.default_rng(0)
    values = rng.random((61, 83, 3)).astype(np.float32)
    hole = rng.random((61, 83)) < 0.5
    result = fill_smooth(values, hole)
    assert result.shape == values.shape
    np.testing.assert_array_equal(result[~hole], values[~hole])
    assert result[hole].min() >= values[~hole].min()
    assert result[hole].max() <= values[~hole].max()


def test_only_the_source_has_influence():
    values = np.full((64, 64), 2.0, np.float32)
    values[:, 40:] = 50.0
    hole = np.zeros((64, 64), bool)
    hole[:, 30:40] = True
    source = np.zeros_like(hole)
    source[:, :30] = True
    result = fill_smooth(values, hole, source)
    np.testing.assert_allclose(result[hole], 2.0, rtol=1e-6)
    assert (result[:, 40:] == 50).all()


def test_values_that_are_not_finite_are_passed_over():
    values = np.ones((40, 40), np.float32)
    values[:10] = np.nan
    values[30:] = np.inf
    hole = disc(40, 40, 8)
    assert np.allclose(fill_smooth(values, hole)[hole], 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (33, 2)])
def test_no_source_or_no_known_value_is_no_trouble(shape):
    values = np.full(shape, 7.0, np.float32)
    everything, nothing = np.ones(shape, bool), np.zeros(shape, bool)
    assert (fill_smooth(values, everything) == 0).all()
    np.testing.assert_array_equal(fill_smooth(values, nothing), values)
    dot = nothing.copy()
    dot[0, 0] = True
    expected = 7.0 if values.size > 1 else 0.0
    assert fill_smooth(values, dot, nothing)[0, 0] == expected


def test_masks_of_another_size_are_refused():
    values = np.zeros((8, 8), np.float32)
    with pytest.raises(SynthError, match=r"\(4, 4\).*\(8, 8\)"):
        fill_smooth(values, np.zeros((4, 4), bool))
    with pytest.raises(SynthError, match=r"\(4, 4\).*\(8, 8\)"):
        fill_smooth(values, np.zeros((8, 8), bool), np.zeros((4, 4), bool))
