from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synth.render.rim import BATCH, TIE_BREAK, WIDEST, blend

HEIGHT, WIDTH = 40, 56

_Quads = list[tuple[float, float, float, float]]


def _drawn(
    quads: _Quads, depth: float = 1.0, standing: float = 0.0, alpha: int | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    """Upright quads (left, top, width, height) that show the texture one to one, over grey.

    Returns:
        the frame, its inverse depth, and the texture.
    """
    rng = np.random.default_rng(3)
    texture = rng.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    if alpha is not None:
        texture[..., 3] = alpha
    texture[..., :3] = np.minimum(texture[..., :3], texture[..., 3:])
    corners = np.array(
        [
            (x, y)
            for left, top, width, height in quads
            for x, y in (
                (left, top), (left + width, top), (left + width, top + height), (left, top + height)
            )
        ]
    )  # fmt: skip
    screen = np.column_stack([corners, np.ones(len(corners)), np.full(len(corners), depth)])
    numbers = np.arange(len(corners), dtype=np.int32).reshape(-1, 4)
    frame = np.full((HEIGHT, WIDTH, 4), 90, np.uint8)
    nearness = np.full((HEIGHT, WIDTH), standing, np.float32)
    # Texel centres stand at whole numbers, pixel centres half a pixel further.
    u, v = (corners - 0.5).astype(np.float32).T.copy()
    blend(screen, u, v, numbers, texture, 0.004, nearness, frame)
    return frame, nearness, texture


def _over(texture: NDArray[np.uint8], part: tuple[slice, slice]) -> NDArray[np.float64]:
    """What the texture looks like over grey 90, alpha composited in full precision."""
    shown = texture[part].astype(float)
    return np.minimum(shown[..., :3] + (1.0 - shown[..., 3:] / 255.0) * 90.0, 255.0)


@pytest.mark.parametrize("size", [1, 2, 3, WIDEST, WIDEST + 1, 15])
def test_quads_of_any_size_lay_the_texture_over_the_frame(size: int) -> None:
    across, down = (WIDTH - 4) // size, (HEIGHT - 4) // size
    quads: _Quads = [
        (2.0 + size * column, 2.0 + size * row, size, size)
        for row in range(down)
        for column in range(across)
    ]
    assert size > 3 or len(quads) > BATCH
    frame, _, texture = _drawn(quads)
    part = slice(2, 2 + size * down), slice(2, 2 + size * across)
    # The sample stands a ten-thousandth of a pixel beside the texel's centre.
    assert np.abs(frame[part][..., :3] - _over(texture, part)).max() <= 0.5 + 255 * 2 * TIE_BREAK
    untouched = np.ones((HEIGHT, WIDTH), bool)
    untouched[part] = False
    assert (frame[untouched] == 90).all()


def test_edges_that_quads_share_blend_once_wherever_they_fall() -> None:
    for shift in (0.0, 0.25, 0.5, 0.77):
        quads: _Quads = [
            (3.0 + shift + 1.3 * column, 3.0 + shift + 1.7 * row, 1.3, 1.7)
            for row in range(15)
            for column in range(30)
        ]
        frame, _, _ = _drawn(quads, alpha=64)
        clear = _drawn([(3.0 + shift, 3.0 + shift, 39.0, 25.5)], alpha=64)[0]
        assert np.abs(frame.astype(int) - clear).max() <= 1


@pytest.mark.parametrize("size", [2, 12])
def test_the_frame_cuts_what_reaches_beyond_it(size: int) -> None:
    quads: _Quads = [(float(x), -1.0, size, size) for x in range(-size + 1, WIDTH + size, size)]
    frame, _, texture = _drawn(quads)
    part = slice(0, size - 1), slice(0, WIDTH)
    assert np.abs(frame[part][..., :3] - _over(texture, part)).max() <= 0.5 + 255 * 2 * TIE_BREAK
    assert (frame[size - 1 :] == 90).all()


@pytest.mark.parametrize("size", [2, 12])
def test_what_stands_nearer_hides_it_and_what_is_dense_comes_nearer(size: int) -> None:
    quads: _Quads = [(4.0, 4.0, size, size)]
    part = slice(4, 4 + size), slice(4, 4 + size)
    hidden, nearness, _ = _drawn(quads, depth=1.0, standing=1.1)
    assert (hidden == 90).all()
    assert (nearness == np.float32(1.1)).all()
    dense = _drawn(quads, depth=1.0, standing=0.5, alpha=200)[1]
    assert (dense[part] == 1.0).all()
    assert np.count_nonzero(dense == 1.0) == size * size
    thin = _drawn(quads, depth=1.0, standing=0.5, alpha=100)[1]
    assert (thin == 0.5).all()


def test_two_on_one_pixel_are_laid_over_one_another() -> None:
    once = _drawn([(4.0, 4.0, 1.0, 1.0)], alpha=120)[0][4, 4, :3].astype(float)
    twice, _, texture = _drawn([(4.0, 4.0, 1.0, 1.0)] * 2, alpha=120)
    expected = texture[4, 4, :3] + (1.0 - 120.0 / 255.0) * once
    assert np.abs(twice[4, 4, :3] - expected).max() <= 1.0


def test_the_fourth_channel_of_the_frame_is_left_alone() -> None:
    frame, _, _ = _drawn([(4.0, 4.0, 3.0, 3.0)], alpha=255)
    assert (frame[..., 3] == 90).all()
    assert (frame[4:7, 4:7, :3] != 90).any()
