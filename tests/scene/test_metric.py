"""From relative depth to distances: the subject goes to its plane, strength does what it says."""

from __future__ import annotations

import numpy as np
import pytest

from synth.scene.depth import subject_disparity
from synth.scene.depth_map import DepthMap
from synth.scene.metric import metric_disparity


def _scene_with_subject(level: float = 0.6) -> np.ndarray:
    disparity = np.tile(np.linspace(0.0, 0.3, 60, dtype=np.float32)[:, None], (1, 80))
    disparity[12:55, 25:55] = level
    disparity[-3:] = 1.0
    return disparity


def test_the_subject_stands_ten_units_away() -> None:
    depth = DepthMap(_scene_with_subject(), "embedded")
    inverse = metric_disparity(depth)
    assert 1.0 / inverse[30, 40] == pytest.approx(10.0, rel=0.02)
    assert subject_disparity(depth) == pytest.approx(0.6, abs=0.02)


def test_nearer_stays_nearer_and_nothing_is_behind_the_camera() -> None:
    inverse = metric_disparity(DepthMap(_scene_with_subject(), "embedded"))
    assert inverse.dtype == np.float32
    assert np.all(inverse >= 0.0)
    assert inverse[-1, 0] > inverse[30, 40] > inverse[30, 0] > inverse[0, 0] > 0.0


def test_measured_distances_are_kept_exactly() -> None:
    disparity = np.linspace(0, 1, 50, dtype=np.float32).reshape(5, 10)
    inverse = metric_disparity(DepthMap(disparity, "true", near=4.0, far=40.0))
    assert 1.0 / inverse[0, 0] == pytest.approx(40.0, rel=1e-5)
    assert 1.0 / inverse[-1, -1] == pytest.approx(4.0, rel=1e-5)
    # Linear in inverse depth between them.
    assert np.allclose(np.diff(inverse.ravel()), np.diff(inverse.ravel()).mean(), rtol=1e-3)


@pytest.mark.parametrize("near_far", [(None, None), (4.0, 40.0)])
def test_strength_scales_the_distance_from_the_subject_plane(near_far) -> None:
    depth = DepthMap(_scene_with_subject(), "true", *near_far)
    flat, half, full, double = (metric_disparity(depth, s) for s in (0.0, 0.5, 1.0, 2.0))
    assert np.allclose(flat, 0.1)
    assert np.allclose(half - 0.1, 0.5 * (full - 0.1), atol=1e-6)
    inside = double > 0
    assert np.allclose((double - 0.1)[inside], (2.0 * (full - 0.1))[inside], atol=1e-6)
    assert np.all(double >= 0.0)


def test_a_flat_map_is_a_plane_at_the_subject() -> None:
    for level in (0.0, 0.5, 1.0):
        inverse = metric_disparity(DepthMap(np.full((30, 40), level, np.float32), "embedded"))
        assert np.allclose(inverse, 0.1, atol=1e-6)
