"""Looking at a target, and holding its size in the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from synth.camera.keys import CameraKey, CameraKeys, LookAt, TargetKey
from synth.camera.sampling import Samples, keyed_path, sample
from synth.errors import InvalidInstruction
from tests.camera.keyed import Kinds, keyed, places


def _line(*keys: dict, **path) -> CameraKeys:
    return CameraKeys(**{"frames": 120, "keys": tuple(CameraKey(**key) for key in keys), **path})


def _ahead(met: Samples) -> np.ndarray:
    return met.rotations.apply((0.0, 0.0, -1.0))


def _step(met: Samples) -> float:
    """Most degrees between neighbouring samples."""
    turned = met.rotations
    return float(np.degrees((turned[:-1].inv() * turned[1:]).magnitude()).max())


@given(keyed(Kinds(easings=("linear", "ease_in"))), places)
@settings(max_examples=30)
def test_the_target_is_in_the_middle_of_every_frame(keys, target) -> None:
    frames = np.linspace(0.0, 201.0, 60)
    bare = sample(keys, frames)
    offset = np.array(target) - bare.positions
    distance = np.linalg.norm(offset, axis=1, keepdims=True)
    assume(distance.min() > 1e-3)
    met = sample(keys.model_copy(update={"look_at": LookAt(target=target)}), frames)
    np.testing.assert_allclose(_ahead(met), offset / distance, atol=1e-6)
    np.testing.assert_array_equal(met.positions, bare.positions)
    np.testing.assert_array_equal(met.angles[:, 2], bare.angles[:, 2])


def test_a_target_that_moves_is_followed_smoothly() -> None:
    track = (
        TargetKey(frame=0, position=(-3, 0, 0)),
        TargetKey(frame=60, position=(0, 2, 0)),
        TargetKey(frame=90, position=(3, 2, 0)),
    )
    keys = _line({"frame": 0}, look_at=LookAt(keys=track[::-1]))
    met = sample(keys, [0, 60, 90, 119])
    wanted = np.array([(-3, 0, 0), (0, 2, 0), (3, 2, 0), (3, 2, 0)]) - (0, 0, 10)
    wanted = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(_ahead(met), wanted, atol=1e-9)
    assert _step(sample(keys, np.arange(120))) < 1.0


def test_an_orbit_counts_its_turns_on() -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 9)[:-1]
    keys = _line(
        *({"frame": 15.0 * i, "position": (10 * np.sin(a), 2.0, 10 * np.cos(a))}
          for i, a in enumerate(turn)),
        curve="catmull_rom", loop=True, look_at=LookAt(),
    )  # fmt: skip
    met = sample(keys, np.arange(0, 361))
    np.testing.assert_allclose(met.angles[[0, 120, 240, 360], 1], [0, 360, 720, 1080], atol=1e-9)
    assert np.all(np.diff(met.angles[:, 1]) > 0.5)


def test_yaw_begins_near_the_first_keys_own() -> None:
    keys = _line({"frame": 0, "rotation": (0, 350, 0)}, look_at=LookAt())
    assert sample(keys, [0]).angles[0, 1] == pytest.approx(360.0)


@pytest.mark.parametrize("height", [4.0, -4.0])
@pytest.mark.parametrize("across", [(0.0, 1.0), (1.0, 0.0), (0.6, -0.8)])
def test_a_path_straight_over_its_target_does_not_flip(height, across) -> None:
    x, z = across
    keys = _line(
        {"frame": 0, "position": (5 * x, height, 5 * z)},
        {"frame": 120, "position": (-5 * x, height, -5 * z)},
        look_at=LookAt(),
    )
    met = sample(keys, np.linspace(0.0, 120.0, 961))
    assert _step(met) < 0.2
    assert np.abs(np.diff(met.angles, axis=0)).max() < 0.2
    # It arrives tilted on through the pole.
    assert abs(met.angles[-1, 0]) > 90.0
    offset = -met.positions / np.linalg.norm(met.positions, axis=1, keepdims=True)
    np.testing.assert_allclose(_ahead(met), offset, atol=1e-6)


def test_straight_above_all_the_time_the_keys_own_yaw_counts() -> None:
    keys = _line(
        {"frame": 0, "position": (1, 3, 1), "rotation": (0, 20, 5)},
        {"frame": 120, "position": (1, 8, 1), "rotation": (0, 80, 5)},
        look_at=LookAt(target=(1, 0, 1)),
    )
    met = sample(keys, [0, 60, 120])
    np.testing.assert_allclose(met.angles, [(-90, 20, 5), (-90, 50, 5), (-90, 80, 5)], atol=1e-9)


def test_a_camera_that_leaves_the_place_above_is_led_there_without_a_jump() -> None:
    keys = _line(
        {"frame": 0, "position": (4, 5, 0)},
        {"frame": 40, "position": (0, 5, 0)},
        {"frame": 80, "position": (0, 9, 0)},
        {"frame": 120, "position": (0, 9, 5)},
        look_at=LookAt(),
    )
    met = sample(keys, np.linspace(0.0, 120.0, 961))
    assert _step(met) < 1.0
    assert np.abs(np.diff(met.angles, axis=0)).max() < 1.0


def test_a_camera_on_its_target_is_refused_by_frame() -> None:
    keys = _line(
        {"frame": 0}, {"frame": 60, "position": (0, 0, 0)}, {"frame": 120, "position": (0, 0, -5)},
        look_at=LookAt(),
    )  # fmt: skip
    with pytest.raises(InvalidInstruction, match=r"On frame 60 the camera is exactly where"):
        keyed_path(keys)
    sample(keys, [59, 61])


def test_targets_that_make_no_path_are_refused() -> None:
    twice = LookAt(keys=(TargetKey(frame=3, position=(0, 0, 0)),) * 2)
    with pytest.raises(InvalidInstruction, match="Two keys of the target stand on frame 3"):
        sample(_line({"frame": 0}, look_at=twice), [0])
    keys = [{"frame": 0}, {"frame": 60, "position": (1, 0, 10)}]

    def ending(frame: float, x: float) -> CameraKeys:
        track = (
            TargetKey(frame=0, position=(0, 0, 0)),
            TargetKey(frame=50, position=(1, 0, 0)),
            TargetKey(frame=frame, position=(x, 0, 0)),
        )
        return _line(*keys, loop=True, look_at=LookAt(keys=track))

    with pytest.raises(InvalidInstruction, match=r"looped after 120 frames.*on frame 150"):
        sample(ending(150, 0), [0])
    with pytest.raises(InvalidInstruction, match="stands elsewhere than the first"):
        sample(ending(120, 0.5), [0])
    for good in (ending(120, 0), ending(100, 0.5)):
        met = sample(good, [0, 119.999, 120, 240])
        np.testing.assert_allclose(met.angles[1:], met.angles[[0, 0, 0]], atol=0.01)


# Holding the size


@given(st.floats(3.0, 9.5), st.floats(20.0, 80.0), st.booleans())
def test_a_dolly_zoom_keeps_the_subject_at_its_size(near, lens, looks) -> None:
    keys = _line(
        {"frame": 0, "focal_length": lens},
        {"frame": 120, "position": (0, 0, near), "focal_length": 99},
        hold_size=True, look_at=LookAt() if looks else None,
    )  # fmt: skip
    met = sample(keys, np.arange(121))
    np.testing.assert_allclose(met.focal_lengths / met.positions[:, 2], lens / 10.0, rtol=1e-9)
    assert met.focal_lengths[0] == lens


def test_size_is_held_at_the_targets_depth() -> None:
    """A truck beside the subject does not change its depth, so the lens rests."""
    truck = _line({"frame": 0}, {"frame": 120, "position": (3, 0, 10)}, hold_size=True)
    np.testing.assert_allclose(sample(truck, [0, 60, 120]).focal_lengths, 50.0, rtol=1e-12)
    # Looked at, it is as deep as it is far.
    aimed = truck.model_copy(update={"look_at": LookAt()})
    lens = sample(aimed, [0, 60, 120]).focal_lengths
    np.testing.assert_allclose(lens, 5.0 * np.hypot(10.0, [0.0, 1.5, 3.0]), rtol=1e-9)


def test_size_is_held_of_a_target_elsewhere_that_moves() -> None:
    track = (TargetKey(frame=0, position=(0, 0, 5)), TargetKey(frame=120, position=(0, 0, 0)))
    keys = _line({"frame": 0}, hold_size=True, look_at=LookAt(keys=track))
    np.testing.assert_allclose(sample(keys, [0, 120]).focal_lengths, [50.0, 100.0])


def test_a_size_that_cannot_be_held_is_refused_by_frame() -> None:
    turning = _line({"frame": 0}, {"frame": 120, "rotation": (0, 120, 0)}, hold_size=True)
    with pytest.raises(InvalidInstruction, match=r"On frame 89 the subject is beside or behind"):
        keyed_path(turning)
    near = _line({"frame": 0}, {"frame": 119, "position": (0, 0, 0.2)}, hold_size=True)
    with pytest.raises(InvalidInstruction, match=r"size asks for a lens of 1 mm on frame 119"):
        keyed_path(near)
    far = _line({"frame": 0}, {"frame": 119, "position": (0, 0, 400)}, hold_size=True)
    with pytest.raises(InvalidInstruction, match=r"lens of 2000 mm on frame 119; it can be 4 to"):
        keyed_path(far)
