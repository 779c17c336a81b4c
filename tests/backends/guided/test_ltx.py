"""A guide for LTX-2 in context: its lengths and sizes, and holes that do not count."""

from __future__ import annotations

import numpy as np
import pytest

from synth.backends.guided.ltx import check_lawful, check_scale, ltx_inputs
from synth.errors import InvalidInstruction


def _guide(count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(count)
    shown = list(rng.integers(0, 256, (count, 32, 64, 3), np.uint8))
    return shown, list(rng.random((count, 32, 64)) < 0.2)


def test_holes_are_grey_and_do_not_count() -> None:
    shown, holes = _guide(9)
    inputs = ltx_inputs(shown, holes)
    assert inputs.keep.shape == (1, 1, 9, 32, 64)
    for index in range(1, 9):
        assert (inputs.reference[index][holes[index]] == 128).all()
        kept = ~holes[index]
        assert np.array_equal(inputs.reference[index][kept], shown[index][kept])
        assert np.array_equal(inputs.keep[0, 0, index] == 1, kept)
        assert np.array_equal(inputs.painted[index], holes[index])


def test_the_picture_it_begins_on_is_kept_whole() -> None:
    shown, holes = _guide(9)
    inputs = ltx_inputs(shown, holes)
    assert np.array_equal(inputs.reference[0], shown[0])
    assert (inputs.keep[0, 0, 0] == 1).all()
    assert not inputs.painted[0].any()


@pytest.mark.parametrize("size", [(60, 64, 9), (64, 48, 9), (64, 64, 13), (64, 64, 0)])
def test_sizes_and_counts_that_it_would_round_are_refused(size: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInstruction, match="LTX-2"):
        check_lawful(*size)
    check_lawful(64, 32, 17)


def test_scales_beyond_1_are_refused() -> None:
    check_scale(1.0)
    for scale in (1.1, -0.1, float("nan")):
        with pytest.raises(InvalidInstruction, match="0 to 1"):
            check_scale(scale)
