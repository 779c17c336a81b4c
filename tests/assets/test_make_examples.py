"""The renderer of the examples: what its small parts promise."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "assets"))

from scenes import film, sdf  # pyright: ignore[reportMissingImports]
from scenes.common import NOWHERE, Negative, Scene, compile_tile, expose  # pyright: ignore[reportMissingImports]


@sdf.inline
def ball(p):
    return sdf.length(p) - 1.0


@sdf.inline
def chalk(p, n, away):
    return n, (0.5, 0.5, 0.5), 0.0, 1.0, (0.0, 0.0, 0.0)


@sdf.inline
def white(d, seen):
    return 1.0, 1.0, 1.0


@sdf.inline
def vacuum(origin, ray, t):
    return 1.0, (0.0, 0.0, 0.0)


def make_scene() -> Scene:
    return Scene(
        name="ball",
        title="Ball",
        size=(48, 32),
        eye=(0.0, 0.0, 10.0),
        pitch=0.0,
        distance=ball,
        surface=chalk,
        sky=white,
        air=vacuum,
        sun=(0.0, 1.0, 0.0),
        sunlight=(3.0, 3.0, 3.0),
        motion={},
    )


@pytest.fixture(scope="module")
def tile():
    return compile_tile(make_scene(), samples=8)


@pytest.fixture(scope="module")
def shot(tile) -> Negative:
    return expose(make_scene(), tile)


def test_depth_is_measured_along_the_axis_to_the_first_surface(shot):
    assert shot.depth[16, 24] == pytest.approx(9.0, abs=0.01)
    assert shot.depth[0, 0] > 100.0


def test_the_ball_has_the_size_that_the_lens_gives_it(shot):
    seen = shot.depth[16] < 20.0
    tangent = 1.0 / np.sqrt(10.0**2 - 1.0)
    assert seen.sum() == pytest.approx(2 * tangent * 50 / 36 * 48, abs=1.5)


def test_a_grey_ball_in_a_white_world_sends_back_its_own_colour(shot):
    np.testing.assert_allclose(shot.light[14:18, 22:26], 0.5, rtol=1e-3)


def test_sun_from_above_lights_the_top_and_leaves_the_underside_dark(shot):
    assert shot.sharp[11, 24, 1] > 0.2
    assert shot.sharp[20, 24, 1] == pytest.approx(0.0, abs=1e-6)


def test_the_picture_does_not_depend_on_the_number_of_threads(shot, tile):
    again = expose(make_scene(), tile, threads=1)
    np.testing.assert_array_equal(again.light, shot.light)
    np.testing.assert_array_equal(again.depth, shot.depth)


def test_disparity_runs_from_far_to_near_and_keeps_the_sky_at_zero():
    scene = make_scene()
    depths = np.array([scene.near, scene.far, NOWHERE, 10.0], np.float32)
    stored = film.disparity_of(scene, depths)
    np.testing.assert_allclose(stored[:3], [1.0, 0.0, 0.0], atol=1e-6)
    back = 1.0 / (1 / scene.far + stored[3] * (1 / scene.near - 1 / scene.far))
    assert back == pytest.approx(10.0, rel=1e-6)


def test_smoothing_takes_noise_out_and_keeps_a_depth_edge():
    rng = np.random.default_rng(3)
    light = np.ones((48, 64, 3), np.float32)
    light[:, 32:] = 3.0
    noisy = (light * rng.uniform(0.7, 1.3, light.shape[:2])[..., None]).astype(np.float32)
    normal = np.zeros_like(light)
    normal[..., 2] = 1.0
    depth = np.full((48, 64), 10.0, np.float32)
    depth[:, 32:] = 20.0
    clean = film.smooth_light(noisy, normal, depth, passes=4)
    assert np.abs(clean - light).mean() < 0.25 * np.abs(noisy - light).mean()
    assert clean[:, 31].mean() == pytest.approx(1.0, abs=0.06)
    assert clean[:, 32].mean() == pytest.approx(3.0, abs=0.18)


def test_print_goes_from_black_to_white_without_turning_back():
    ramp = np.repeat(np.geomspace(1e-4, 50.0, 200, dtype=np.float32)[None, :, None], 3, axis=2)
    grey = film.print_film(ramp)[0, :, 1].astype(int)
    assert grey[0] <= 2
    assert grey[-1] >= 250
    assert (np.diff(grey) >= -1).all()


def test_noise_is_smooth_bounded_and_never_the_same_twice():
    values = np.array([sdf.noise(0.37 * i, 0.11, 4.2) for i in range(2000)])
    near = np.array([sdf.noise(0.37 * i + 1e-4, 0.11, 4.2) for i in range(2000)])
    assert np.abs(values).max() <= 1.0
    assert values.std() > 0.2
    assert np.abs(values - near).max() < 1e-3
    spectrum = np.abs(np.fft.rfft(values - values.mean()))
    assert spectrum.max() < 0.2 * spectrum.sum()
