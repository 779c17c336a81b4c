"""What the hole filler promises."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage

from synth.errors import SynthError
from synth.scene import synthesis
from synth.scene.fill import continued, extend_border, fill, painted_calmly

QUALITIES = ("quick", "best")


def band(height: int, width: int, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Hole and foreground of a wavy object: the hole is the rim of it, ``reach`` pixels deep."""
    yy, xx = np.mgrid[:height, :width]
    y, x = yy - height / 2, xx - width / 2
    angle = np.arctan2(y, x)
    inside = 0.3 * min(height, width) * (1 + 0.2 * np.cos(3 * angle)) - np.hypot(y, x)
    return (inside > 0) & (inside <= reach), inside > reach


def photo(height: int = 160, width: int = 220, seed: int = 5) -> np.ndarray:
    """A soft random picture with texture on it."""
    rng = np.random.default_rng(seed)
    broad = cv2.resize(
        rng.uniform(60, 190, (5, 7, 3)), (width, height), interpolation=cv2.INTER_CUBIC
    )
    fine = cv2.GaussianBlur(rng.normal(0, 60, (height, width, 3)), (0, 0), 1.2)
    return np.clip(broad + fine, 0, 255).astype(np.uint8)


def floor(height: int, width: int) -> np.ndarray:
    yy, xx = np.mgrid[:height, :width]
    return (0.2 + 0.4 * yy / height + 0.1 * xx / width).astype(np.float32)


def error(picture: np.ndarray, truth: np.ndarray, hole: np.ndarray) -> float:
    gap = picture[hole].astype(np.float64) - truth[hole]
    return float(np.sqrt((gap**2).mean()))


def contrast(picture: np.ndarray, mask: np.ndarray) -> float:
    """Mean squared step between neighbours that both lie in the mask."""
    grey = picture.astype(np.float64).mean(axis=2)
    pairs = mask[:, 1:] & mask[:, :-1]
    return float((np.diff(grey, axis=1)[pairs] ** 2).mean())


@pytest.mark.parametrize("quality", QUALITIES)
def test_known_pixels_come_back_bit_for_bit(quality):
    colour, depth = photo(), floor(160, 220)
    hole, front = band(160, 220, 14)
    before = colour.copy(), depth.copy()
    filled, surface = fill(colour, depth, hole, ~hole & ~front, quality=quality)
    assert filled.dtype == np.uint8
    assert surface.dtype == np.float32
    np.testing.assert_array_equal(filled[~hole], colour[~hole])
    np.testing.assert_array_equal(surface[~hole], depth[~hole])
    np.testing.assert_array_equal(colour, before[0])
    np.testing.assert_array_equal(depth, before[1])
    assert not np.array_equal(filled[hole], colour[hole])


def test_same_seed_gives_same_bytes_whatever_the_number_of_threads(monkeypatch):
    colour, depth = photo(300, 400), floor(300, 400)
    hole, front = band(300, 400, 30)
    assert np.count_nonzero(hole) > 2 * synthesis._RUN, "more than one run of work is needed"
    results = []
    for threads in (1, 4, 4):
        monkeypatch.setattr(synthesis.os, "cpu_count", lambda threads=threads: threads)
        results.append(fill(colour, depth, hole, ~hole & ~front, seed=3))
    for filled, surface in results[1:]:
        np.testing.assert_array_equal(filled, results[0][0])
        np.testing.assert_array_equal(surface, results[0][1])


def test_another_seed_is_another_picture():
    colour, depth = photo(), floor(160, 220)
    hole, front = band(160, 220, 14)
    one = fill(colour, depth, hole, ~hole & ~front, seed=1)[0]
    two = fill(colour, depth, hole, ~hole & ~front, seed=2)[0]
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("quality", QUALITIES)
def test_stripes_run_on_through_the_hole(quality):
    xx = np.mgrid[:160, :220][1]
    stripes = np.where((xx // 8) % 2, 200, 60).astype(np.uint8)
    truth = np.repeat(stripes[..., None], 3, axis=2)
    hole = np.zeros((160, 220), bool)
    hole[60:90, 40:180] = True
    colour = truth.copy()
    colour[hole] = 0
    filled, _ = fill(colour, floor(160, 220), hole, quality=quality)
    assert error(filled, truth, hole) < 12


@pytest.mark.parametrize("quality", QUALITIES)
def test_checks_are_continued_from_one_side(quality):
    yy, xx = np.mgrid[:160, :220]
    checks = np.where((xx // 10 + yy // 10) % 2, 210, 50).astype(np.uint8)
    truth = np.repeat(checks[..., None], 3, axis=2)
    hole = np.zeros((160, 220), bool)
    hole[:, 130:154] = True
    front = np.zeros_like(hole)
    front[:, 154:] = True
    colour = truth.copy()
    colour[hole] = 0
    colour[front] = (255, 0, 255)
    depth = np.full((160, 220), 0.3, np.float32)
    filled, _ = fill(colour, depth, hole, ~hole & ~front, quality=quality)
    assert error(filled, truth, hole) < 55, "a grey smear would score 80"


def test_a_gradient_is_continued_without_a_seam():
    ramp = np.linspace(40, 220, 240)[None, :, None] * np.ones((160, 1, 3))
    truth = np.rint(ramp).astype(np.uint8)
    hole, _ = band(160, 240, 200)
    colour = truth.copy()
    colour[hole] = 0
    filled, _ = fill(colour, np.full((160, 240), 0.4, np.float32), hole)
    assert error(filled, truth, hole) < 8
    rim = cv2.morphologyEx(hole.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    steps = np.abs(np.diff(filled[..., 0].astype(int), axis=0))
    assert steps[rim[1:] & rim[:-1]].mean() < 3


@pytest.mark.parametrize("quality", QUALITIES)
def test_foreground_colour_never_enters_the_hole(quality):
    yy = np.mgrid[:200, :260][0]
    colour = np.zeros((200, 260, 3), np.uint8)
    colour[..., 1] = 120 + 40 * ((yy // 6) % 2)
    colour[..., 2] = 90
    hole, front = band(200, 260, 22)
    colour[hole | front] = (255, 0, 0)
    depth = np.where(front | hole, 0.9, 0.2).astype(np.float32)
    filled, surface = fill(colour, depth, hole, ~hole & ~front, quality=quality)
    assert filled[hole][:, 0].max() <= 4
    assert surface[hole].max() < 0.21


def test_a_hole_at_the_depth_of_the_wall_copies_from_the_wall():
    rng = np.random.default_rng(2)
    colour = np.empty((200, 240, 3), np.uint8)
    colour[:] = rng.integers(60, 100, (200, 240, 1))
    colour[110:, :, 0] += 120
    depth = np.full((200, 240), 0.2, np.float32)
    depth[110:] = 0.8
    hole = np.zeros((200, 240), bool)
    hole[60:108, 90:150] = True
    apart = np.zeros_like(hole)
    apart[108:110] = True
    filled, _ = fill(colour, depth, hole, ~hole & ~apart)
    assert (filled[hole][:, 0] < 130).mean() > 0.99


@pytest.mark.parametrize("reach", [12, 30])
def test_a_slanted_plane_goes_on_in_disparity(reach):
    truth = floor(240, 320)
    hole, front = band(240, 320, reach)
    depth = truth.copy()
    depth[hole] = 0
    depth[front] = 0.95
    _, surface = fill(photo(240, 320), depth, hole, ~hole & ~front)
    assert np.abs(surface - truth)[hole].max() < 0.03
    assert np.abs(surface - truth)[hole].mean() < 0.004


def test_disparity_stays_near_the_range_of_its_source():
    rng = np.random.default_rng(4)
    depth = np.asarray(ndimage.gaussian_filter(rng.random((160, 220)), 6), np.float32)
    hole, front = band(160, 220, 25)
    source = ~hole & ~front
    _, surface = fill(photo(), depth, hole, source)
    low, high = depth[source].min(), depth[source].max()
    room = 0.1 * (high - low) + 1e-6
    assert surface[hole].min() >= low - room
    assert surface[hole].max() <= high + room


def test_fills_a_textured_band_better_and_sharper_than_telea():
    yy, xx = np.mgrid[:220, :300]
    weave = 120 + 55 * np.sin(xx / 3.1) + 40 * np.sin((xx + 2 * yy) / 7.3)
    truth = np.repeat(weave[..., None], 3, axis=2).astype(np.uint8)
    hole, front = band(220, 300, 20)
    colour = truth.copy()
    colour[hole] = 0
    colour[front] = (255, 0, 255)
    depth = np.where(front, 0.9, 0.3).astype(np.float32)
    filled, _ = fill(colour, depth, hole, ~hole & ~front)
    telea = cv2.inpaint(colour, (hole | front).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    assert error(filled, truth, hole) < 0.75 * error(telea, truth, hole)
    assert 0.6 < contrast(filled, hole) / contrast(truth, hole) < 1.5
    assert contrast(telea, hole) / contrast(truth, hole) < 0.6


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 3), (7, 200), (64, 64)])
def test_odd_shapes_and_masks_give_finite_values(shape, quality):
    rng = np.random.default_rng(1)
    colour = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    depth = rng.random(shape).astype(np.float32)
    dot = np.zeros(shape, bool)
    dot[shape[0] // 2, shape[1] // 2] = True
    for hole in (dot, np.ones(shape, bool), np.zeros(shape, bool), rng.random(shape) < 0.4):
        for source in (None, np.zeros(shape, bool), rng.random(shape) < 0.5):
            filled, surface = fill(colour, depth, hole, source, quality=quality)
            assert np.isfinite(surface).all()
            np.testing.assert_array_equal(filled[~hole], colour[~hole])
            np.testing.assert_array_equal(surface[~hole], depth[~hole])


def test_known_pixels_without_disparity_are_left_out():
    colour, depth = photo(), floor(160, 220)
    depth[:40] = np.nan
    hole, front = band(160, 220, 14)
    _, surface = fill(colour, depth, hole, ~hole & ~front)
    assert np.isfinite(surface[hole]).all()
    np.testing.assert_array_equal(surface[~hole], depth[~hole])


def test_a_hole_out_of_reach_of_any_source_still_gets_a_sane_value():
    colour, depth = photo(120, 500), floor(120, 500)
    hole = np.zeros((120, 500), bool)
    hole[:, 440:] = True
    source = np.zeros_like(hole)
    source[:, :30] = True
    filled, surface = fill(colour, depth, hole, source)
    assert np.isfinite(surface).all()
    low, high = depth[source].min(), depth[source].max()
    assert surface[hole].min() >= low - 0.1 * (high - low)
    assert filled[hole].std() < 80


@pytest.mark.parametrize("margin", [0, 1, 24])
def test_a_border_is_added_round_an_untouched_photo(margin):
    colour, depth = photo(), floor(160, 220)
    wide, deep = extend_border(colour, depth, margin)
    assert wide.shape == (160 + 2 * margin, 220 + 2 * margin, 3)
    middle = slice(margin, margin + 160), slice(margin, margin + 220)
    np.testing.assert_array_equal(wide[middle], colour)
    np.testing.assert_array_equal(deep[middle], depth)
    assert np.isfinite(deep).all()


def test_texture_and_slope_go_on_beyond_the_border():
    colour, depth = photo(), floor(160, 220)
    wide, deep = extend_border(colour, depth, 24)
    outside = np.ones(deep.shape, bool)
    outside[24:-24, 24:-24] = False
    assert 0.35 < contrast(wide, outside) / contrast(colour, np.ones((160, 220), bool)) < 1.6
    assert deep[-1, 100] > depth[-1, 100] + 0.01
    assert deep[0, 100] < depth[0, 100] - 0.01


def test_arrays_that_do_not_fit_are_refused_with_their_sizes():
    colour, depth = photo(), floor(160, 220)
    hole = np.zeros((160, 220), bool)
    with pytest.raises(SynthError, match=r"\(10, 10\).*\(160, 220\)"):
        fill(colour, depth, hole[:10, :10])
    with pytest.raises(SynthError, match="float64"):
        fill(colour.astype(np.float64), depth, hole)  # type: ignore[arg-type]
    with pytest.raises(SynthError, match="'quick' or 'best'"):
        fill(colour, depth, hole, quality="superb")  # type: ignore[arg-type]
    with pytest.raises(SynthError, match="-3 pixels"):
        extend_border(colour, depth, -3)


def test_a_calm_fill_stays_between_the_colours_around_it() -> None:
    rng = np.random.default_rng(3)
    colour = rng.integers(60, 200, (120, 160, 3)).astype(np.uint8)
    disparity = np.full((120, 160), 0.1, np.float32)
    hole = np.zeros((120, 160), bool)
    hole[40:80, 50:110] = True
    calm = painted_calmly(colour, continued(disparity, hole))
    patched, _ = fill(colour, disparity, hole)
    assert np.array_equal(calm[~hole], colour[~hole])
    assert calm[hole].min() >= 60
    assert calm[hole].max() <= 200
    middle = np.s_[55:65, 70:90]
    assert calm[middle].std() < 0.3 * patched[middle].std()
