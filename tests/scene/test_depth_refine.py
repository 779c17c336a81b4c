"""Refined depth: steps on the photo's edges, flat where it was flat, true maps untouched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from synth.errors import InvalidMedia
from synth.scene.depth_refine import refine_disparity


def scene(width: int = 640, height: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """A textured thing with a wavy outline before a textured wall, and its true disparity."""
    rng = np.random.default_rng(9)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = np.arctan2(y - 0.5 * height, x - 0.5 * width)
    reach = 0.3 * height * (1 + 0.18 * np.sin(5 * angle))
    thing = np.hypot(x - 0.5 * width, y - 0.5 * height) < reach
    grain = cv2.GaussianBlur(rng.normal(0, 1, (height, width, 3)).astype(np.float32), (0, 0), 2)
    front = np.array([180, 95, 60]) + 90 * grain
    back = np.array([70, 105, 140]) + 90 * grain[::-1]
    picture = np.where(thing[..., None], front, back)
    disparity = np.where(thing, 0.8, 0.2 + 0.1 * y / height).astype(np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8), disparity


def coarse(disparity: np.ndarray, factor: int, shift: int = 0) -> np.ndarray:
    height, width = disparity.shape
    moved = np.roll(disparity, shift, axis=1)
    size = (width // factor, height // factor)
    return cv2.resize(moved, size, interpolation=cv2.INTER_AREA)


def near_edges(disparity: np.ndarray, reach: int = 13) -> np.ndarray:
    kernel = np.ones((3, 3), np.uint8)
    edge = (cv2.dilate(disparity, kernel) - cv2.erode(disparity, kernel)) > 0.1
    return cv2.dilate(edge.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0


@pytest.mark.parametrize(("factor", "shift"), [(8, 0), (8, 2), (4, 1)])
def test_steps_move_onto_the_edges_of_the_photo(factor: int, shift: int) -> None:
    photo, truth = scene()
    low = coarse(truth, factor, shift)
    plain = cv2.resize(low, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    refined = refine_disparity(low, photo)
    band = near_edges(truth)
    ours, theirs = np.abs(refined - truth)[band].mean(), np.abs(plain - truth)[band].mean()
    assert ours < 0.5 * theirs


def test_real_photo_with_measured_depth_gains_over_plain_interpolation() -> None:
    data = pytest.importorskip("skimage.data")
    left, _, measured = data.stereo_motorcycle()
    known = np.isfinite(measured)
    truth = np.where(known, measured, np.median(measured[known])).astype(np.float32)
    truth = (truth - truth.min()) / np.ptp(truth)
    low = coarse(truth, 8, 2)
    plain = cv2.resize(low, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    band = near_edges(truth) & known
    ours = np.abs(refine_disparity(low, left) - truth)[band].mean()
    assert ours < 0.8 * np.abs(plain - truth)[band].mean()


def test_steps_are_crisp_without_values_between_or_beyond_the_sides() -> None:
    photo, truth = scene()
    refined = refine_disparity(coarse(truth, 8), photo)
    between = (refined > 0.4) & (refined < 0.7)
    assert between.mean() < 0.002
    assert refined.max() <= 0.81
    assert refined.min() >= 0.19


def test_texture_of_the_photo_does_not_print_through_into_flat_depth() -> None:
    rng = np.random.default_rng(2)
    photo = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    flat = np.full((30, 40), 0.4, np.float32)
    assert np.ptp(refine_disparity(flat, photo)) < 1e-6
    ramp = np.repeat(np.linspace(0, 1, 30, dtype=np.float32)[:, None], 40, axis=1)
    refined = refine_disparity(ramp, photo)
    assert np.abs(refined - refined.mean(1, keepdims=True)).max() < 1e-4


def test_true_depth_of_the_photos_size_passes_untouched() -> None:
    photo, truth = scene()
    assert np.array_equal(refine_disparity(truth, photo), truth)


def test_keep_only_interpolates_at_any_size() -> None:
    photo, truth = scene()
    low = coarse(truth, 4)
    expected = cv2.resize(low, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(refine_disparity(low, photo, mode="keep"), expected)


def test_soft_map_of_the_photos_own_size_is_snapped_too() -> None:
    photo, truth = scene()
    soft = cv2.GaussianBlur(truth, (0, 0), 3)
    refined = refine_disparity(soft, photo)
    band = near_edges(truth)
    assert np.abs(refined - truth)[band].mean() < 0.7 * np.abs(soft - truth)[band].mean()


def test_input_arrays_are_left_alone() -> None:
    photo, truth = scene()
    low = coarse(truth, 8)
    before = low.copy(), photo.copy()
    refine_disparity(low, photo)
    assert np.array_equal(low, before[0])
    assert np.array_equal(photo, before[1])


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (5, 7), (3, 4000), (33, 1000)])
@pytest.mark.parametrize("grid", [(1, 1), (2, 9), (60, 80)])
def test_any_size_gives_finite_disparity_in_range(
    size: tuple[int, int], grid: tuple[int, int]
) -> None:
    rng = np.random.default_rng(4)
    photo = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    refined = refine_disparity(rng.random(grid, dtype=np.float32), photo)
    assert refined.shape == size
    assert refined.dtype == np.float32
    assert np.isfinite(refined).all()
    assert refined.min() >= 0
    assert refined.max() <= 1


def test_depth_that_is_not_finite_is_refused_with_its_count() -> None:
    photo, truth = scene()
    broken = truth.copy()
    broken[3, 4] = np.nan
    broken[5, 6] = np.inf
    with pytest.raises(InvalidMedia, match="holds 2 of"):
        refine_disparity(broken, photo)
    with pytest.raises(InvalidMedia, match="shape"):
        refine_disparity(truth[..., None], photo)
    with pytest.raises(InvalidMedia, match="RGB"):
        refine_disparity(truth, photo[..., 0])
