from __future__ import annotations

import cv2
import numpy as np
import pytest

from synth.camera.alignment import align_patches, build_pyramid, warm_up

SIDE = 240


def _waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A smooth pattern that can be evaluated anywhere, so that any warp of it is exact."""
    generator = np.random.default_rng(2)
    total = np.zeros_like(x)
    for _ in range(30):
        a, b = generator.normal(0, 0.28, 2)
        total += np.cos(a * x + b * y + generator.uniform(0, 6.28))
    return 128 + 6 * total


def _picture(affine: np.ndarray, shift: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """The pattern after ``p -> affine (p - middle) + middle + shift``, pixel centres at +0.5."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    back = np.linalg.inv(affine)
    dx, dy = x - SIDE / 2 - shift[0], y - SIDE / 2 - shift[1]
    picture = _waves(
        back[0, 0] * dx + back[0, 1] * dy + SIDE / 2, back[1, 0] * dx + back[1, 1] * dy + SIDE / 2
    )
    picture += np.random.default_rng(4).normal(0, noise, picture.shape) if noise else 0.0
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _anchors() -> np.ndarray:
    steps = np.arange(80, 161, 16) + 0.5
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize(
    "affine",
    [
        np.eye(2),
        np.array([[0.97, -0.26], [0.26, 0.97]]),
        np.eye(2) * 1.5,
        np.eye(2) * 0.6,
        np.array([[1.0, 0.2], [0.0, 0.8]]),
    ],
    ids=["shift", "turn", "magnified", "shrunk", "slanted"],
)
def test_a_warped_patch_is_found_to_a_few_hundredths_of_a_pixel(affine) -> None:
    shift = np.array([1.37, -0.82])
    before = build_pyramid(_picture(np.eye(2), np.zeros(2)))
    after = build_pyramid(_picture(affine, shift))
    anchors = _anchors()
    truth = (anchors - SIDE / 2) @ affine.T + SIDE / 2 + shift
    inside = ((truth > 20) & (truth < SIDE - 20)).all(axis=1)
    anchors, truth = anchors[inside], truth[inside]
    guesses = truth + np.array([0.9, -1.1])
    warps = np.tile(affine, (len(truth), 1, 1))
    found = align_patches(before, after, anchors, guesses, warps)
    assert (found.correlations > 0.95).mean() > 0.9
    good = found.correlations > 0.95
    errors = np.linalg.norm(found.pixels - truth, axis=1)[good]
    assert np.sqrt((errors**2).mean()) < 0.035 * max(1.0, affine[0, 0])


def test_brightness_and_contrast_do_not_matter() -> None:
    before = _picture(np.eye(2), np.zeros(2))
    after = _picture(np.eye(2), np.array([0.5, 0.25]))
    dimmed = np.clip(after * 0.6 + 30.0, 0, 255).astype(np.uint8)
    anchors = _anchors()
    warps = np.tile(np.eye(2), (len(anchors), 1, 1))
    found = align_patches(build_pyramid(before), build_pyramid(dimmed), anchors, anchors, warps)
    shifts = found.pixels - anchors
    np.testing.assert_allclose(shifts, np.tile((0.5, 0.25), (len(anchors), 1)), atol=0.05)


def test_the_stated_uncertainty_matches_the_errors_that_noise_makes() -> None:
    before = _picture(np.eye(2), np.zeros(2))
    after = _picture(np.eye(2), np.array([0.5, 0.25]), noise=8.0)
    anchors = _anchors()
    warps = np.tile(np.eye(2), (len(anchors), 1, 1))
    found = align_patches(build_pyramid(before), build_pyramid(after), anchors, anchors, warps)
    errors = found.pixels - anchors - (0.5, 0.25)
    expected = np.trace(found.covariances, axis1=1, axis2=2)
    ratio = (errors**2).sum() / expected.sum()
    assert 0.4 < ratio < 2.5


def test_a_patch_that_is_not_there_is_not_reported() -> None:
    before = build_pyramid(_picture(np.eye(2), np.zeros(2)))
    anchors = _anchors()
    warps = np.tile(np.eye(2), (len(anchors), 1, 1))
    blank = build_pyramid(np.full((SIDE, SIDE), 90, np.uint8))
    assert (align_patches(before, blank, anchors, anchors, warps).correlations == -1).all()
    noise = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE)).astype(np.uint8)
    strange = build_pyramid(cv2.GaussianBlur(noise, (0, 0), 3.0))
    assert (align_patches(before, strange, anchors, anchors, warps).correlations < 0.8).mean() > 0.9


def test_patches_outside_the_picture_or_stretched_absurdly_are_left_out() -> None:
    picture = build_pyramid(_picture(np.eye(2), np.zeros(2)))
    anchors = np.array([[120.5, 120.5]] * 4)
    guesses = np.array([[2.0, 120.0], [500.0, 120.0], [120.5, 120.5], [np.nan, 120.5]])
    warps = np.tile(np.eye(2), (4, 1, 1))
    warps[2] = [[30.0, 0.0], [0.0, 0.05]]
    assert (align_patches(picture, picture, anchors, guesses, warps).correlations == -1).all()


def test_warming_up_needs_no_picture() -> None:
    warm_up()
