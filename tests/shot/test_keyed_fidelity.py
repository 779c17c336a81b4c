"""The camera that was keyed is the camera of the finished file, measured from its frames alone."""

from __future__ import annotations

import numpy as np
import pytest

from synth.camera.fidelity import CameraFidelity
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.camera.sampling import keyed_path
from synth.media import probe
from synth.shot import Shot, render_shot
from tests.bench.examples import example
from tests.bench.fidelity import ten_keys

FRAMES = 60
MOST_ROTATION = 0.1
"""Mean error of the direction, degrees."""
MOST_SHARE = 0.01
"""Mean error of the place, share of the path's length."""
MOST_FOCAL = 0.005
"""Mean error of the lens against that of the first frame, as a share."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> CameraFidelity:
    photo, depth = example("robot")
    shot = Shot.from_dict({"output": {"long_side": 960}}).with_trajectory(ten_keys(FRAMES))
    clip = tmp_path_factory.mktemp("keyed") / "clip.mp4"
    result = render_shot(shot, photo, clip, depth=depth, fidelity=True)
    info = probe(clip)
    assert (info.frames, info.fps, info.width) == (FRAMES, 24, 960)
    assert result.fidelity is not None
    return result.fidelity


def errors(found: CameraFidelity, wanted: CameraPath) -> tuple[float, float, float]:
    """Mean errors of the frames after the first: degrees, units, and the lens as a share.

    Lenses count against the first frame's, because the frame's edges may need a constant zoom.
    """
    turns, places, lenses = [], [], []
    first = found.poses[0]
    assert first is not None
    for frame, pose in zip(found.frames[1:], found.poses[1:], strict=True):
        assert pose is not None
        asked = wanted[frame]
        turn = pose.world_from_camera.T @ asked.world_from_camera
        turns.append(np.degrees(np.arccos(np.clip((np.trace(turn) - 1.0) / 2.0, -1.0, 1.0))))
        places.append(np.linalg.norm(np.subtract(pose.position, asked.position)))
        ratio = pose.focal_length / first.focal_length
        lenses.append(abs(ratio / (asked.focal_length / wanted[0].focal_length) - 1.0))
    return float(np.mean(turns)), float(np.mean(places)), float(np.mean(lenses))


def test_the_path_is_a_demanding_one() -> None:
    keys = ten_keys(FRAMES)
    path = keyed_path(keys)
    assert len(keys.keys) == 10
    assert path.length > 2.0
    assert 0.2 < np.ptp(path.focal_lengths) / path.focal_lengths[0] < 0.3
    turned = np.array([pose.rotation for pose in path])
    assert (np.ptp(turned, axis=0) > 1.5).all()
    assert (np.ptp(path.positions, axis=0) > 0.3).all()


def test_a_spline_of_ten_keys_is_filmed_within_a_tenth_of_a_degree_and_a_hundredth_of_its_way(
    measured: CameraFidelity,
) -> None:
    wanted = keyed_path(ten_keys(FRAMES))
    assert measured.frames_failed == 0
    assert measured.frames_measured >= 48
    rotation, translation, focal = errors(measured, wanted)
    print(f"{rotation:.4f} degrees, {translation:.4f} of {wanted.length:.3f} units, {focal:.5f}")
    assert rotation <= MOST_ROTATION
    assert translation <= MOST_SHARE * wanted.length
    assert focal <= MOST_FOCAL
    # The product's own report comes to the same end.
    assert measured.obeyed
    assert measured.confidence > 0.7
    assert measured.mean_rotation_error == pytest.approx(rotation, abs=1e-6)
    assert measured.mean_translation_error == pytest.approx(translation, abs=1e-9)


def _with(given: CameraKeys, **change: object) -> CameraPath:
    return keyed_path(given.model_copy(update=change))


def test_other_ways_through_the_same_keys_are_told_apart(measured: CameraFidelity) -> None:
    keys = ten_keys(FRAMES)
    asked = errors(measured, keyed_path(keys))
    fewer = _with(keys, keys=(*keys.keys[:4], *keys.keys[5:]))
    straight = _with(keys, curve="linear", turn_curve="linear")
    one_lens = _with(keys, keys=tuple(
        key.model_copy(update={"focal_length": 50.0}) for key in keys.keys
    ))  # fmt: skip
    rotation, translation, _ = errors(measured, straight)
    assert rotation > 2.0 * asked[0]
    assert translation > 2.0 * asked[1]
    assert errors(measured, fewer)[1] > 2.0 * asked[1]
    assert errors(measured, one_lens)[2] > 0.05
    mirrored = CameraPath(
        tuple(
            type(pose)(
                (-pose.position[0], *pose.position[1:]),
                (pose.rotation[0], -pose.rotation[1], -pose.rotation[2]),
                pose.focal_length,
            )
            for pose in keyed_path(keys)
        ),
        keys.fps,
    )
    rotation, translation, _ = errors(measured, mirrored)
    assert rotation > 10.0 * MOST_ROTATION
    assert translation > 10.0 * MOST_SHARE * mirrored.length
