"""Spilled colour: a fringe beside a depth step is found, and texture is left alone."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.scene.edges import Steps, find_steps
from synth.scene.matte import premultiplied_front
from synth.scene.spill import carried_share, spill_reach, spilled

NEAR, FAR = 0.2, 0.05
HEIGHT, WIDTH = 240, 320
EDGE = 160
"""First column of the near side."""

Colour = tuple[int, int, int]
PAIRS: list[tuple[Colour, Colour]] = [
    ((220, 210, 190), (25, 60, 105)),
    ((20, 15, 10), (190, 200, 210)),
    ((200, 40, 30), (60, 120, 60)),
]


def _depth() -> tuple[np.ndarray, Steps]:
    disparity = np.full((HEIGHT, WIDTH), FAR, np.float32)
    disparity[:, EDGE:] = NEAR
    return disparity, find_steps(disparity, 0.01)


def _grainy(picture: np.ndarray, grain: float, seed: int = 3) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, grain, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def _two_colours(front: Colour, back: Colour, edge: int, grain: float) -> np.ndarray:
    """The back colour, from `edge` on the front colour, and one half-and-half column between."""
    share = np.zeros((1, WIDTH, 1))
    share[:, edge:] = 1.0
    share[:, edge - 1] = 0.5
    mixed = share * np.array(front) + (1.0 - share) * np.array(back)
    return _grainy(np.broadcast_to(mixed, (HEIGHT, WIDTH, 3)), grain)


@pytest.mark.parametrize(("front", "back"), PAIRS)
@pytest.mark.parametrize("off", [1, 2, 3])
@pytest.mark.parametrize("grain", [0.0, 3.0])
def test_the_fringe_between_the_colour_edge_and_the_depth_edge_is_found(
    front: Colour, back: Colour, off: int, grain: float
) -> None:
    """The reach is 3 pixels at this size: the frame must be larger for wider fringes."""
    disparity, steps = _depth()
    marked = spilled(_two_colours(front, back, EDGE - off + 1, grain), disparity, steps)
    assert marked[:, EDGE - off : EDGE].mean() > 0.98
    assert not marked[:, : EDGE - off - 1].any(), "no more than a pixel beyond the fringe"
    assert not marked[:, EDGE:].any(), "the near side is not the far side"


def test_the_reach_grows_with_the_frame() -> None:
    assert spill_reach(854, 1280) == 8
    assert spill_reach(1280, 854) == 8
    assert spill_reach(2160, 3840) == 24
    assert spill_reach(40, 60) == 3
    size = (300, 1280)
    disparity = np.full(size, FAR, np.float32)
    disparity[:, 640:] = NEAR
    picture = np.full((*size, 3), (30, 60, 110), np.uint8)
    picture[:, 633:] = (220, 200, 180)
    marked = spilled(picture, disparity, find_steps(disparity, 0.01))
    assert marked[:, 633:640].all()
    assert not marked[:, :632].any()


@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_ringing_is_found_whichever_way_it_swings(front: Colour, back: Colour) -> None:
    disparity, steps = _depth()
    picture = _two_colours(front, back, EDGE, 1.0).astype(float)
    contrast = np.array(front, float) - np.array(back)
    picture[:, EDGE - 2] -= 0.15 * contrast
    picture[:, EDGE - 3] += 0.1 * contrast
    marked = spilled(_grainy(picture, 0.0), disparity, steps)
    assert marked[:, EDGE - 3 : EDGE].mean() > 0.95


def _textures(kind: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    base = np.empty((HEIGHT, WIDTH, 3))
    if kind == "grain":
        base[:] = rng.normal(120.0, 12.0, base.shape)
    elif kind == "cloth":
        light = rng.normal(120.0, 90.0, (HEIGHT, WIDTH, 1)) + rng.normal(0.0, 30.0, base.shape)
        base[:] = cv2.GaussianBlur(light, (0, 0), 1.5)
    elif kind == "boards":
        base[:] = np.where((y // 9) % 2 == 0, 70.0, 190.0)[..., None]
    elif kind == "tiles":
        base[:] = np.where((y // 6 + x // 6) % 2 == 0, 100.0, 130.0)[..., None]
    elif kind == "sky":
        base[:] = (np.array([30.0, 60.0, 110.0]) + 0.25 * (y + 0.5 * x)[..., None]) + rng.normal(
            0.0, 1.0, base.shape
        )
    return base


@pytest.mark.parametrize("kind", ["grain", "cloth", "boards", "tiles", "sky"])
def test_a_far_side_without_a_fringe_is_left_alone(kind: str) -> None:
    disparity, steps = _depth()
    reach = spill_reach(HEIGHT, WIDTH)
    shares = []
    for seed in range(6):
        picture = _textures(kind, seed)
        picture[:, EDGE:] = (230, 40, 60)
        marked = spilled(_grainy(picture, 0.0), disparity, steps)
        shares.append(marked[:, EDGE - reach : EDGE].mean())
    assert np.mean(shares) < 0.01


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(*[st.integers(0, 255)] * 3),
    st.tuples(*[st.integers(20, 235)] * 3),
    st.floats(0.0, 10.0),
    st.integers(0, 2**16),
)
def test_grain_of_any_strength_and_colour_is_no_fringe(
    front: Colour, back: Colour, grain: float, seed: int
) -> None:
    disparity, steps = _depth()
    picture = np.empty((HEIGHT, WIDTH, 3))
    picture[:, :EDGE] = back
    picture[:, EDGE:] = front
    marked = spilled(_grainy(picture, grain, seed), disparity, steps)
    assert marked[:, EDGE - spill_reach(HEIGHT, WIDTH) : EDGE].mean() < 0.01
    assert not marked[:, EDGE:].any()


def test_what_does_not_reach_the_step_stays() -> None:
    size = (300, 1280)
    disparity = np.full(size, FAR, np.float32)
    disparity[:, 640:] = NEAR
    picture = np.full((*size, 3), (30, 60, 110), np.uint8)
    picture[:, 640:] = (220, 200, 180)
    picture[100:104, 632:636] = (125, 130, 145)
    steps = find_steps(disparity, 0.01)
    assert not spilled(picture, disparity, steps).any()
    picture[100:104, 632:640] = (125, 130, 145)
    assert spilled(picture, disparity, steps)[100:104, 633:640].all(), "but this one does reach it"


def test_a_far_thing_of_a_colour_of_its_own_stays() -> None:
    """A green lamp beside a white edge is no mixture of white and the night."""
    disparity, steps = _depth()
    picture = _two_colours((220, 210, 190), (25, 30, 60), EDGE, 0.0)
    picture[:, EDGE - 1] = (25, 30, 60)
    picture[100:110, EDGE - 3 : EDGE] = (20, 230, 40)
    assert not spilled(picture, disparity, steps).any()


def test_without_a_step_or_without_a_far_side_nothing_is_marked() -> None:
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    flat = np.full((40, 60), FAR, np.float32)
    assert not spilled(picture, flat, find_steps(flat, 0.01)).any()
    gap = np.full((40, 60), NEAR, np.float32)
    gap[:, 28:32] = FAR
    steps = find_steps(gap, 0.01)
    assert steps.any
    assert not spilled(picture, gap, steps).any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.floats(0.0, 1.0))
def test_the_carried_share_gives_the_photo_back_and_is_the_least(seed: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    colour, behind = rng.integers(0, 256, (2, 12, 16, 3), dtype=np.uint8)
    spill = rng.random((12, 16)) < 0.5
    before = np.full((12, 16), alpha, np.float32)
    share = carried_share(before, colour, behind, spill)
    assert np.array_equal(share[~spill], before[~spill])
    assert (share >= before).all()
    assert share.max() <= 1.0
    front = premultiplied_front(colour, behind, share).astype(float)
    drawn = front[..., :3] + (1.0 - share[..., None]) * behind
    assert np.abs(drawn - colour)[spill].max() < 1.0
    least = carried_share(np.zeros_like(before), colour, behind, spill)
    less = np.where(spill, 0.9 * least, 0.0)[..., None]
    kept = np.clip(colour - (1.0 - less) * behind, 0.0, 255.0 * less)
    missed = np.abs(kept + (1.0 - less) * behind - colour).max(axis=2)
    changed = (colour != behind).any(axis=2) & spill
    assert (missed[changed] > 0.05).all(), "with a smaller share the photo is missed"


def test_a_large_frame_takes_little_time() -> None:
    """Measured 20 ms on one core; ten times as much leaves room for a busy machine."""
    y, x = np.mgrid[0:854, 0:1280]
    near = ((x // 80) % 2 == 0) & (np.abs(y - 427) < 380)
    disparity = np.where(near, NEAR, FAR).astype(np.float32)
    picture = np.where(near[..., None], (220, 210, 190), (25, 60, 105)).astype(np.uint8)
    steps = find_steps(disparity, 0.01)
    spilled(picture, disparity, steps)
    start = time.perf_counter()
    spilled(picture, disparity, steps)
    assert time.perf_counter() - start < 0.25
