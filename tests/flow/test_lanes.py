"""Rows of pixels filtered and mixed as vectors, beside the same sums in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from synth.flow.lanes import mix, sample

RUN = 4
rng = np.random.default_rng(5)


@njit
def sampled(source, p, y, x, down, across, target, side):
    sample(source, p, y, x, down, across, target, side, RUN)


@njit
def blended(pixels, p, share, out, y, x):
    mix(pixels, p, share, out, y, x, RUN)


@pytest.mark.parametrize("taps", [2, 4])
def test_rows_are_filtered_both_ways_and_nothing_else_is_touched(taps: int) -> None:
    source = rng.integers(0, 256, (2, 12, 20), np.uint8)
    down, across = (rng.uniform(-1, 1, taps).astype(np.float32) for _ in range(2))
    target = np.full((2, 2, 2, RUN), 7, np.float32)
    sampled(source, 1, 3, 5, tuple(down), tuple(across), target, 1)
    for r in range(2):
        block = source[1, 3 + r : 3 + r + taps, 5 : 5 + RUN + taps - 1].astype(np.float32)
        expected = np.convolve(down @ block, across[::-1], "valid")
        assert target[1, 1, r] == pytest.approx(expected, abs=1e-3)
    assert (target[0] == 7).all()
    assert (target[1, 0] == 7).all()


def test_sides_are_mixed_rounded_and_kept_in_range() -> None:
    pixels = rng.uniform(-60, 320, (2, 2, 2, RUN)).astype(np.float32)
    pixels[1, :, 0, 0], pixels[1, :, 1, 1] = -30, 290
    out = np.full((2, 5, 9), 7, np.uint8)
    blended(pixels, 1, np.float32(0.25), out, 2, 3)
    value = pixels[1, 0] + 0.25 * (pixels[1, 1] - pixels[1, 0])
    expected = np.floor(value.clip(0, 255) + 0.5).astype(np.uint8)
    assert np.array_equal(out[1, 2:4, 3 : 3 + RUN], expected)
    assert {expected.min(), expected.max()} == {0, 255}
    out[1, 2:4, 3 : 3 + RUN] = 7
    assert (out == 7).all()


def test_the_number_of_pixels_is_known_when_it_is_compiled() -> None:
    @njit
    def anything(pixels, out, run):
        mix(pixels, 0, np.float32(0), out, 0, 0, run)

    with pytest.raises(TypingError, match="must be a constant"):
        anything(np.zeros((1, 2, 2, RUN), np.float32), np.zeros((1, 2, RUN), np.uint8), RUN)
