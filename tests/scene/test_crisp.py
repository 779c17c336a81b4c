"""Ramps that become steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth.scene.crisp import CRISP_WINDOW, crisp, own_colours


def test_a_short_ramp_becomes_a_step_and_a_long_slope_stays() -> None:
    x = np.arange(200, dtype=np.float32)
    ramp = np.tile(np.clip((x - 95) / 10, 0, 1), (90, 1)).astype(np.float32)
    everywhere = np.ones_like(ramp, bool)
    sharp = crisp(ramp, everywhere, everywhere, 0.1)
    assert set(np.unique(sharp[30:60])) == {0.0, 1.0}
    slope = np.tile(x / 200, (90, 1)).astype(np.float32)
    assert np.array_equal(crisp(slope, everywhere, everywhere, CRISP_WINDOW / 400), slope)
    untouched = crisp(ramp, ~everywhere, everywhere, 0.1)
    assert np.array_equal(untouched, ramp)


def test_what_stands_before_it_has_no_say() -> None:
    level = np.zeros((90, 200), np.float32)
    level[:, 100:] = 1.0
    trusted = level == 0.0
    assert np.array_equal(crisp(level, trusted, trusted, 0.1), level)
    spoilt = level.copy()
    spoilt[:, 96:100] = np.linspace(0.1, 0.4, 4)
    assert np.array_equal(crisp(spoilt, trusted, trusted, 0.9), spoilt)


def cleaned(
    colour: NDArray[np.float32], disparity: NDArray[np.float32], trusted: NDArray[np.bool_]
) -> None:
    """Give the trusted pixels on each side of a step its own colours, in place."""
    for place, taken in own_colours(disparity, trusted, trusted, 0.1):
        colour[place] = colour[taken]


def test_each_side_of_a_step_keeps_its_own_colours() -> None:
    disparity = np.zeros((60, 120), np.float32)
    disparity[:, 60:] = 1.0
    colour = np.zeros((60, 120, 3), np.float32)
    colour[:, 57:] = 200.0
    everywhere = np.ones(disparity.shape, bool)
    cleaned(colour, disparity, everywhere)
    assert (colour[:, :60] == 0.0).all()
    assert (colour[:, 60:] == 200.0).all()


def test_colours_that_are_not_trusted_are_not_taken() -> None:
    disparity = np.zeros((60, 120), np.float32)
    disparity[:, 60:] = 1.0
    colour = np.full((60, 120, 3), 50.0, np.float32)
    trusted = np.ones(disparity.shape, bool)
    trusted[:, 70:], colour[:, 70:] = False, 255.0
    cleaned(colour, disparity, trusted)
    assert (colour[:, :70] == 50.0).all()
