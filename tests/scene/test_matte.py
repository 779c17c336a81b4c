"""Soft silhouettes: mixtures are taken apart, and put together again give the photo."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.scene.edges import find_steps
from synth.scene.matte import local_sides, premultiplied_front

NEAR, FAR = 0.2, 0.05


def _ring(steps) -> np.ndarray:
    return cv2.dilate(steps.band.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _mixture(
    front: tuple[int, ...], back: tuple[int, ...], ramp: list[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture whose left half is background, with a mixed edge in its middle columns."""
    alpha = np.zeros((40, 60), np.float32)
    start = 30 - len(ramp) // 2
    alpha[:, start : start + len(ramp)] = ramp
    alpha[:, start + len(ramp) :] = 1.0
    share = alpha[..., None]
    colour = np.rint(share * np.array(front) + (1 - share) * np.array(back)).astype(np.uint8)
    disparity = np.where(alpha >= 0.5, NEAR, FAR).astype(np.float32)
    return colour, alpha, disparity


@pytest.mark.parametrize(
    ("front", "back"),
    [
        ((220, 40, 30), (30, 120, 110)),
        ((20, 20, 20), (240, 240, 240)),
        ((250, 200, 60), (40, 60, 120)),
    ],
)
@pytest.mark.parametrize("ramp", [[0.5], [0.25, 0.75], [0.2, 0.5, 0.8], [0.4]])
def test_a_known_mixture_is_recovered(
    front: tuple[int, ...], back: tuple[int, ...], ramp: list[float]
) -> None:
    colour, alpha, disparity = _mixture(front, back, ramp)
    steps = find_steps(disparity, 0.01)
    sides = local_sides(colour, disparity, steps, _ring(steps))
    error = np.abs(sides.alpha - alpha)
    assert error.max() < (0.06 if len(ramp) < 3 else 0.12)
    assert np.allclose(sides.front[_ring(steps)], NEAR, atol=1e-4)


@pytest.mark.parametrize("share", [0.15, 0.3, 0.45])
def test_the_foregrounds_share_is_taken_out_of_a_far_pixel(share: float) -> None:
    colour, alpha, disparity = _mixture((220, 40, 30), (30, 120, 110), [share])
    steps = find_steps(disparity, 0.01)
    sides = local_sides(colour, disparity, steps, _ring(steps))
    mixed = alpha == np.float32(share)
    assert np.abs(sides.back_colour[mixed] - np.array((30.0, 120.0, 110.0))).max() <= 12
    untouched = ~_ring(steps) | steps.near
    assert np.array_equal(sides.back_colour[untouched], colour[untouched])


def test_away_from_the_ring_shares_are_whole() -> None:
    colour, _, disparity = _mixture((220, 40, 30), (30, 120, 110), [0.3, 0.7])
    steps = find_steps(disparity, 0.01)
    ring = _ring(steps)
    sides = local_sides(colour, disparity, steps, ring)
    assert np.array_equal(sides.alpha[~ring], steps.near[~ring].astype(np.float32))
    assert np.array_equal(sides.front[~ring], disparity[~ring])


def test_where_colours_are_alike_the_shape_decides() -> None:
    colour = np.full((40, 60, 3), 128, np.uint8)
    disparity = np.full((40, 60), FAR, np.float32)
    disparity[:, 30:] = NEAR
    steps = find_steps(disparity, 0.01)
    found = local_sides(colour, disparity, steps, _ring(steps)).alpha
    across = found[20]
    assert np.all(np.diff(across) >= -1e-6)
    assert across[26] <= 0.3
    assert across[33] >= 0.7


def test_a_texture_that_looks_like_the_other_side_makes_no_hole_in_the_foreground() -> None:
    """A background-coloured spot two pixels inside the near side stays mostly foreground."""
    colour, _, disparity = _mixture((220, 40, 30), (30, 120, 110), [])
    colour[18:22, 33] = (30, 120, 110)
    steps = find_steps(disparity, 0.01)
    found = local_sides(colour, disparity, steps, _ring(steps)).alpha
    assert found[18:22, 33].min() >= 0.75


def test_a_hair_that_is_never_pure_still_has_a_share() -> None:
    """One pixel wide and half transparent: there is no clean sample of it anywhere."""
    alpha = np.zeros((40, 60), np.float32)
    alpha[5:35, 30] = 0.6
    share = alpha[..., None]
    colour = share * np.array((20, 20, 20)) + (1 - share) * np.array((220, 210, 200))
    disparity = np.where(alpha > 0, NEAR, FAR).astype(np.float32)
    steps = find_steps(disparity, 0.01)
    colour = np.rint(colour).astype(np.uint8)
    found = local_sides(colour, disparity, steps, _ring(steps)).alpha
    assert found[10:30, 30].min() > 0.5
    assert found[10:30, 27].max() < 0.3


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_the_front_over_what_is_behind_gives_the_photo_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    alpha = rng.random((20, 30)).astype(np.float32)
    front = rng.integers(0, 256, (20, 30, 3))
    behind = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    share = alpha[..., None]
    photo = np.rint(share * front + (1 - share) * behind).astype(np.uint8)
    rim = premultiplied_front(photo, behind, alpha).astype(np.float64)
    again = rim[..., :3] + (1.0 - rim[..., 3:] / 255.0) * behind
    assert np.abs(np.rint(again) - photo).max() <= 1


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_premultiplied_colours_never_exceed_their_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    photo, behind = rng.integers(0, 256, (2, 12, 18, 3), dtype=np.uint8)
    alpha = rng.random((12, 18)).astype(np.float32)
    alpha[0], alpha[1] = 0.0, 1.0
    rim = premultiplied_front(photo, behind, alpha)
    assert np.all(rim[..., :3].astype(int) <= rim[..., 3:].astype(int) + 1)
    assert not rim[0].any()
    assert np.array_equal(rim[1, :, :3], photo[1])
    assert np.all(rim[1, :, 3] == 255)
