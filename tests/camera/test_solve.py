from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from synth.camera.landmarks import Camera, ImagePlane, Landmarks
from synth.camera.pose import CameraPose
from synth.camera.solve import solve_camera, solve_from_scratch

PLANE = ImagePlane.of_frame(640, 360, 1)
HOME = Camera.of_pose(CameraPose(), PLANE)


def _cloud(count: int = 120, seed: int = 0, depth: tuple[float, float] = (6, 20)) -> Landmarks:
    generator = np.random.default_rng(seed)
    pixels = generator.uniform((20, 20), (620, 340), (count, 2))
    centred = (pixels - PLANE.centre) / HOME.focal
    steps = np.array([[1.0, 0.0], [0.0, -1.0], [0.0, 0.0]]) / HOME.focal
    return Landmarks(
        plane=PLANE,
        sources=np.zeros(count, dtype=np.intp),
        pixels=pixels,
        origins=np.tile(HOME.position, (count, 1)),
        directions=np.stack([centred[:, 0], -centred[:, 1], -np.ones(count)], axis=1),
        direction_slopes=np.tile(steps, (count, 1, 1)),
        inverse_depths=1.0 / generator.uniform(*depth, count),
        inverse_slopes=generator.normal(0, 1e-5, (count, 2)),
        inverse_variances=np.zeros(count),
    )


def _camera(pose: CameraPose) -> Camera:
    return Camera.of_pose(pose, PLANE)


def _angle(a: Camera, b: Camera) -> float:
    cosine = (np.trace(a.rotation.T @ b.rotation) - 1) / 2
    return math.degrees(math.acos(min(1.0, cosine)))


MOVED = _camera(CameraPose((0.7, -0.3, 8.8), (3.0, -5.0, 4.0)))


def _unit(count: int, sigma: float = 0.1) -> np.ndarray:
    return np.tile(np.eye(2) * sigma**2, (count, 1, 1))


def test_frame_zero_sees_its_landmarks_where_they_are() -> None:
    cloud = _cloud()
    pixels, forward = cloud.project(HOME, np.arange(len(cloud)))
    np.testing.assert_allclose(pixels, cloud.pixels, atol=1e-9)
    np.testing.assert_allclose(forward, 1.0)
    identity = np.tile(np.eye(2), (len(cloud), 1, 1))
    np.testing.assert_allclose(cloud.affines(HOME, np.arange(len(cloud))), identity, atol=1e-9)


def test_a_point_moves_as_the_written_convention_says() -> None:
    cloud = _cloud()
    everything = np.arange(len(cloud))
    middle = cloud.project(HOME, everything)[0]
    # Turning left, tilting down or trucking left all push the picture the other way.
    assert (cloud.project(_camera(CameraPose(rotation=(0, 2, 0))), everything)[0] > middle)[
        :, 0
    ].all()
    assert (cloud.project(_camera(CameraPose(rotation=(2, 0, 0))), everything)[0] > middle)[
        :, 1
    ].all()
    assert (cloud.project(_camera(CameraPose((-1, 0, 10))), everything)[0] > middle)[:, 0].all()
    assert (cloud.project(_camera(CameraPose((0, 1, 10))), everything)[0] > middle)[:, 1].all()


def test_affines_are_the_derivative_of_the_projection() -> None:
    cloud = _cloud()
    step = 1e-4
    chosen = np.arange(len(cloud))
    found = cloud.affines(MOVED, chosen)
    for axis in range(2):
        nudged = replace(
            cloud,
            directions=cloud.directions + step * cloud.direction_slopes[:, :, axis],
            inverse_depths=cloud.inverse_depths + step * cloud.inverse_slopes[:, axis],
        )
        moved = nudged.project(MOVED, chosen)[0] - cloud.project(MOVED, chosen)[0]
        np.testing.assert_allclose(found[:, :, axis], moved / step, atol=1e-4)


@pytest.mark.parametrize("focal", [1.0, 1.35])
def test_the_camera_is_recovered_exactly_from_exact_places(focal) -> None:
    cloud = _cloud()
    chosen = np.arange(len(cloud))
    truth = Camera(MOVED.rotation, MOVED.position, MOVED.focal * focal)
    seen = cloud.project(truth, chosen)[0]
    found = solve_camera(cloud, chosen, seen, _unit(len(cloud)), HOME, solve_focal=focal != 1.0)
    assert _angle(found.camera, truth) < 1e-5
    np.testing.assert_allclose(found.camera.position, truth.position, atol=1e-6)
    assert found.camera.focal == pytest.approx(truth.focal, rel=1e-7)
    assert found.inlier_share == 1.0


def test_a_third_of_wrong_places_changes_nothing() -> None:
    cloud = _cloud()
    chosen = np.arange(len(cloud))
    seen = cloud.project(MOVED, chosen)[0]
    generator = np.random.default_rng(3)
    wrong = generator.random(len(cloud)) < 0.33
    seen[wrong] += generator.normal(0, 40, (int(wrong.sum()), 2))
    found = solve_camera(cloud, chosen, seen, _unit(len(cloud)), HOME, solve_focal=False)
    assert _angle(found.camera, MOVED) < 1e-3
    np.testing.assert_allclose(found.camera.position, MOVED.position, atol=1e-3)
    assert not found.inliers[wrong].any() or found.residuals[found.inliers].max() < 1.0


def test_a_majority_that_hardly_moves_does_not_hold_the_camera_still() -> None:
    # A small orbit: what lies about the subject plane moves so little that a video coder copies it
    # unchanged; only the few far points tell that the camera moved.
    near, far = _cloud(200, depth=(9.9, 10.1)), _cloud(26, seed=1, depth=(25, 40))
    cloud = near.joined(far)
    chosen = np.arange(len(cloud))
    angle = 0.3
    turn = math.radians(angle)
    truth = _camera(CameraPose((10 * math.sin(turn), 0, 10 * math.cos(turn)), (0, angle, 0)))
    seen = cloud.project(truth, chosen)[0]
    assert np.linalg.norm(seen - cloud.pixels, axis=1)[:200].max() < 0.6
    seen[:200] = cloud.pixels[:200]
    seen += np.random.default_rng(0).normal(0, 0.05, seen.shape)
    found = solve_camera(cloud, chosen, seen, _unit(len(cloud), 0.2), HOME, solve_focal=False)
    assert _angle(found.camera, truth) < 0.1 * angle


def test_random_sampling_finds_the_camera_among_mostly_wrong_places() -> None:
    cloud = _cloud(200)
    chosen = np.arange(len(cloud))
    seen = cloud.project(MOVED, chosen)[0]
    generator = np.random.default_rng(3)
    wrong = generator.random(len(cloud)) < 0.55
    seen[wrong] = generator.uniform((0, 0), (640, 360), (int(wrong.sum()), 2))
    found = solve_from_scratch(cloud, chosen, seen, MOVED.focal, 2.0)
    assert found is not None
    assert _angle(found, MOVED) < 0.05
    assert math.dist(found.position, MOVED.position) < 0.05


def test_random_sampling_admits_defeat_before_noise() -> None:
    cloud = _cloud(60)
    seen = np.random.default_rng(1).uniform((0, 0), (640, 360), (60, 2))
    assert solve_from_scratch(cloud, np.arange(60), seen, HOME.focal, 1.0) is None


def test_the_stated_uncertainty_covers_the_error() -> None:
    cloud = _cloud()
    chosen = np.arange(len(cloud))
    truth = cloud.project(MOVED, chosen)[0]
    shares = []
    for seed in range(20):
        seen = truth + np.random.default_rng(seed).normal(0, 0.3, truth.shape)
        found = solve_camera(cloud, chosen, seen, _unit(len(cloud), 0.3), HOME, solve_focal=False)
        sigma = math.sqrt(float(np.trace(found.covariance[3:6, 3:6])))
        shares.append(math.dist(found.camera.position, MOVED.position) / sigma)
    # The figure allows 2.5 times more than independent errors would need.
    assert 0.15 < float(np.sqrt(np.mean(np.square(shares)))) < 1.0


def test_what_a_flat_scene_cannot_show_is_stated_as_unknown() -> None:
    flat, deep = _cloud(depth=(10, 10.0001)), _cloud()
    sigmas = []
    for cloud in (flat, deep):
        chosen = np.arange(len(cloud))
        seen = cloud.project(HOME, chosen)[0]
        seen += np.random.default_rng(0).normal(0, 0.1, seen.shape)
        found = solve_camera(cloud, chosen, seen, _unit(len(cloud)), HOME, solve_focal=True)
        sigmas.append(math.sqrt(float(np.trace(found.covariance[3:6, 3:6]))))
    assert sigmas[0] > 1.0
    assert sigmas[1] < 0.2


def test_landmarks_at_infinity_bind_the_direction_alone() -> None:
    cloud = _cloud(depth=(1e12, 1e13))
    chosen = np.arange(len(cloud))
    truth = _camera(CameraPose(rotation=(2.0, -3.0, 1.0)))
    seen = cloud.project(truth, chosen)[0]
    found = solve_camera(cloud, chosen, seen, _unit(len(cloud)), HOME, solve_focal=False)
    assert _angle(found.camera, truth) < 1e-5
    assert np.isfinite(found.camera.position).all()
