"""Pixels moved and mixed: exactly where the arithmetic allows it, and at every size."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest

from synth.flow.weave import FIELD, MARGIN, RUNS, WEAVE

F = np.float32
SIZES = [(1, 1), (2, 2), (7, 1), (1, 9), (17, 5), (63, 33), (64, 48)]
"""Widths and heights."""
KERNELS = list(product(RUNS, (True, False)))
"""Columns that move together, and whether sampling is cubic."""


def noise(size: tuple[int, int], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size[::-1], np.uint8)


def padded(plane: np.ndarray) -> np.ndarray:
    right = MARGIN + -plane.shape[1] % RUNS[1]
    return cv2.copyMakeBorder(plane, MARGIN, MARGIN, MARGIN, right, cv2.BORDER_REPLICATE)


def field_of(
    size: tuple[int, int], cell: float, *, to_first=(0, 0), to_second=(0, 0), share=0.5, doubt=0.0
) -> np.ndarray:
    """The same motion everywhere."""
    shape = (int(-(-size[1] // cell)), int(-(-size[0] // cell)), FIELD)
    return np.broadcast_to(np.array((*to_first, *to_second, share, doubt), F), shape).copy()


def woven(
    first: np.ndarray, second: np.ndarray, field: np.ndarray, *, kernel=(8, True), cell=2.0,
    scale=1.0, time=0.5,
) -> np.ndarray:  # fmt: skip
    run, cubic = kernel
    # Two planes that move alike, of which the other one is the negative.
    ends = [np.stack([padded(plane), padded(255 - plane)]) for plane in (first, second)]
    out = np.full((2, *first.shape), 77, np.uint8)
    WEAVE[run](*ends, field, F(cell), F(scale), F(time), cubic, out)
    assert abs(255 - out[1].astype(int) - out[0]).max() <= 1
    return out[0]


def mixed(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    return np.floor(first + share * (second.astype(float) - first) + 0.5).astype(np.uint8)


def shifted(plane: np.ndarray, x: int, y: int) -> np.ndarray:
    """What is looked up so far away, the edge repeated."""
    rows = (np.arange(plane.shape[0]) + y).clip(0, plane.shape[0] - 1)
    columns = (np.arange(plane.shape[1]) + x).clip(0, plane.shape[1] - 1)
    return plane[np.ix_(rows, columns)]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_without_motion_it_is_the_exact_mixture(
    size: tuple[int, int], kernel: tuple[int, bool], share: float
) -> None:
    first, second = noise(size, 1), noise(size, 2)
    made = woven(first, second, field_of(size, 2, share=share), kernel=kernel)
    assert np.array_equal(made, mixed(first, second, share))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shift", [(3, -2), (-1, 1), (-40, 25), (9000, -9000)])
def test_whole_pixels_are_moved_exactly_and_the_edge_goes_on(
    size: tuple[int, int], kernel: tuple[int, bool], shift: tuple[int, int]
) -> None:
    first, second = noise(size, 3), noise(size, 4)
    for side in range(2):
        ways = {"to_first": shift} if side == 0 else {"to_second": shift}
        made = woven(first, second, field_of(size, 2, share=side, **ways), kernel=kernel)
        assert np.array_equal(made, shifted((first, second)[side], *shift))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("time", [0.25, 0.5])
def test_in_full_doubt_the_motion_does_not_matter(
    size: tuple[int, int], kernel: tuple[int, bool], time: float
) -> None:
    first, second = noise(size, 5), noise(size, 6)
    field = field_of(size, 2, to_first=(5.3, 2.2), to_second=(-7, 1), share=0.9, doubt=1.0)
    made = woven(first, second, field, kernel=kernel, time=time).astype(int)
    # Ties may be rounded either way.
    assert np.abs(made - mixed(first, second, time)).max() <= 1
    assert (made == mixed(first, second, time)).mean() > 0.98


def test_half_the_doubt_is_half_of_both() -> None:
    first, second = np.full((6, 20), 100, np.uint8), np.full((6, 20), 200, np.uint8)
    field = field_of((20, 6), 2, share=0.0, doubt=0.5)
    assert (woven(first, second, field, time=0.5) == 125).all()


@pytest.mark.parametrize("cubic", [True, False])
@pytest.mark.parametrize("move", [(0.25, 0.0), (0.0, -0.5), (-1.75, 0.5)])
def test_a_slope_is_followed_between_pixels(cubic: bool, move: tuple[float, float]) -> None:
    y, x = np.mgrid[:40, :48]
    slope = (40 + 2 * x + y).astype(np.uint8)
    made = woven(slope, slope, field_of((48, 40), 2, to_first=move, share=0), kernel=(8, cubic))
    wanted = slope + 2 * move[0] + move[1]
    assert np.abs(made - wanted)[8:-8, 8:-8].max() <= 0.5


def test_cubics_keep_fine_detail_that_lines_lose() -> None:
    x = np.arange(64)
    wave = np.tile(120 + 100 * np.sin(2 * np.pi * x / 6), (16, 1)).astype(np.uint8)
    later = np.tile(120 + 100 * np.sin(2 * np.pi * (x + 0.5) / 6), (16, 1))
    field = field_of((64, 16), 2, to_first=(0.5, 0), share=0)
    made = [woven(wave, wave, field, kernel=(8, cubic)) for cubic in (True, False)]
    missed = [np.abs(picture - later)[:, 8:-8].mean() for picture in made]
    assert missed[0] < 0.5 * missed[1]


def test_overshoot_stays_within_eight_bits() -> None:
    plane = np.where(np.arange(64) % 8 < 4, 0, 255).astype(np.uint8)
    plane = np.tile(plane, (8, 1))
    made = woven(plane, plane, field_of((64, 8), 2, to_first=(0.5, 0.5), share=0))
    # Wrapped round, black beside white would turn up as the opposite.
    soft = woven(
        plane, plane, field_of((64, 8), 2, to_first=(0.5, 0.5), share=0), kernel=(8, False)
    )
    assert np.abs(made.astype(int) - soft).max() < 40


@pytest.mark.parametrize("kernel", KERNELS)
def test_half_sized_colour_moves_half_as_far(kernel: tuple[int, bool]) -> None:
    colour = noise((32, 24), 7)
    field = field_of((64, 48), 4, to_first=(6, -4), share=0)
    made = woven(colour, colour, field, kernel=kernel, cell=2.0, scale=0.5)
    assert np.array_equal(made, shifted(colour, 3, -2))


def test_motion_that_differs_moves_its_own_part() -> None:
    """Left and right of the middle go opposite ways; well inside each it is an exact shift."""
    plane = noise((64, 16), 10)
    field = field_of((64, 16), 2, share=0)
    field[:, :16, 0], field[:, 16:, 0] = 4, -4
    made = woven(plane, plane, field)
    assert np.array_equal(made[:, :24], shifted(plane, 4, 0)[:, :24])
    assert np.array_equal(made[:, 40:], shifted(plane, -4, 0)[:, 40:])
