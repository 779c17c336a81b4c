from __future__ import annotations

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.pose import (
    HOME,
    CameraPath,
    CameraPose,
    degrees_from_rotation,
    rotation_from_degrees,
)
from synth.errors import InvalidInstruction

angle = st.floats(-180, 180)
triples = st.tuples(st.floats(-89, 89), angle, angle)
places = st.tuples(*[st.floats(-20, 20)] * 3)
poses = st.builds(CameraPose, places, triples, st.floats(10, 300))


def _looks(rotation: tuple[float, float, float]) -> np.ndarray:
    return CameraPose(rotation=rotation).world_from_camera @ (0, 0, -1)


def _up(rotation: tuple[float, float, float]) -> np.ndarray:
    return CameraPose(rotation=rotation).world_from_camera @ (0, 1, 0)


def test_home_stands_in_front_of_the_subject_and_looks_along_minus_z() -> None:
    assert HOME.position == (0.0, 0.0, HOME_DISTANCE)
    assert HOME.is_home
    np.testing.assert_array_equal(HOME.world_from_camera, np.eye(3))
    assert not CameraPose(rotation=(0.0, 0.0, 1e-9)).is_home
    assert CameraPose(focal_length=80.0).is_home


def test_positive_pitch_tilts_up() -> None:
    np.testing.assert_allclose(_looks((30, 0, 0)), (0, 0.5, -math.sqrt(0.75)), atol=1e-12)


def test_positive_yaw_turns_left() -> None:
    np.testing.assert_allclose(_looks((0, 30, 0)), (-0.5, 0, -math.sqrt(0.75)), atol=1e-12)


def test_positive_roll_turns_the_camera_counter_clockwise_seen_from_behind() -> None:
    # From behind, +X is to the right: a head that leans counter-clockwise leans left.
    np.testing.assert_allclose(_up((0, 0, 30)), (-0.5, math.sqrt(0.75), 0), atol=1e-12)
    np.testing.assert_allclose(_looks((0, 0, 30)), (0, 0, -1), atol=1e-12)


@given(triples)
def test_rotation_is_yaw_then_pitch_then_roll_as_matrices(triple) -> None:
    pitch, yaw, roll = triple
    product = (
        rotation_from_degrees((0, yaw, 0))
        * rotation_from_degrees((pitch, 0, 0))
        * rotation_from_degrees((0, 0, roll))
    )
    np.testing.assert_allclose(
        rotation_from_degrees(triple).as_matrix(), product.as_matrix(), atol=1e-12
    )


@given(triples)
def test_angles_survive_the_round_trip(triple) -> None:
    back = degrees_from_rotation(rotation_from_degrees(triple))
    # -180 and 180 are the same turn.
    for given_angle, found in zip(triple, back, strict=True):
        assert abs((given_angle - found + 180) % 360 - 180) < 1e-6


@given(st.sampled_from([-90.0, 90.0]), angle, angle)
def test_looking_straight_up_or_down_is_a_rotation_like_any_other(pitch, yaw, roll) -> None:
    wanted = rotation_from_degrees((pitch, yaw, roll))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = degrees_from_rotation(wanted)
    assert (rotation_from_degrees(back) * wanted.inv()).magnitude() < 1e-6


@pytest.mark.parametrize(
    "wrong",
    [
        {"position": (0.0, math.nan, 0.0)},
        {"rotation": (math.inf, 0.0, 0.0)},
        {"focal_length": math.nan},
        {"focal_length": 0.0},
        {"focal_length": -50.0},
        {"position": (0.0, 0.0)},
        {"rotation": (0.0, 0.0, 0.0, 1.0)},
    ],
)
def test_a_pose_that_means_nothing_is_refused(wrong) -> None:
    with pytest.raises(InvalidInstruction):
        CameraPose(**wrong)


def test_an_empty_path_or_a_rate_of_zero_is_refused() -> None:
    with pytest.raises(InvalidInstruction):
        CameraPath((), Fraction(24))
    with pytest.raises(InvalidInstruction):
        CameraPath((HOME,), Fraction(0))


def test_a_path_gives_its_arrays_in_frame_order() -> None:
    path = CameraPath(
        (CameraPose((0, 0, 10)), CameraPose((3, 4, 10), (1, 2, 3), 35.0)), Fraction(30000, 1001)
    )
    assert path.positions.shape == (2, 3)
    assert path.length == 5.0
    assert list(path.focal_lengths) == [50.0, 35.0]
    np.testing.assert_allclose(path.rotations[1].as_matrix(), path[1].world_from_camera, atol=1e-12)
    assert len(path) == len(list(path)) == 2


@given(st.lists(poses, min_size=1, max_size=5))
def test_whole_frames_are_the_paths_own_poses_to_the_bit(chain) -> None:
    path = CameraPath(tuple(chain), Fraction(24))
    for index, pose in enumerate(chain):
        assert path.at(index) == pose
    assert path.at(-3.0) == chain[0]
    assert path.at(len(chain) + 7.5) == chain[-1]
    assert path.at(math.inf) == chain[-1]


@given(poses, poses, st.floats(0.0, 1.0))
@settings(max_examples=200)
def test_between_frames_the_camera_lies_on_the_way_and_turns_the_short_way(
    first, second, share
) -> None:
    path = CameraPath((first, second), Fraction(24))
    middle = path.at(share)
    np.testing.assert_allclose(
        middle.position,
        np.array(first.position) * (1 - share) + np.array(second.position) * share,
        atol=1e-9,
    )
    turns = [rotation_from_degrees(pose.rotation) for pose in (first, middle, second)]
    whole = (turns[0].inv() * turns[2]).magnitude()
    assert (turns[0].inv() * turns[1]).magnitude() == pytest.approx(share * whole, abs=1e-6)
    assert whole <= math.pi + 1e-9


@given(poses, poses, st.integers(1, 29))
def test_the_path_has_no_jump_between_frames(first, second, step) -> None:
    path = CameraPath((first, second, first), Fraction(24))
    here, there = path.at(step / 15 - 1e-7), path.at(step / 15 + 1e-7)
    assert math.dist(here.position, there.position) < 1e-4
    turn = rotation_from_degrees(here.rotation).inv() * rotation_from_degrees(there.rotation)
    assert turn.magnitude() < 1e-4


def test_angles_between_frames_continue_those_of_the_frame_before() -> None:
    turning = CameraPath(
        (CameraPose(rotation=(0, 179, 0)), CameraPose(rotation=(0, 183, 0))), Fraction(24)
    )
    np.testing.assert_allclose(turning.at(0.5).rotation, (0, 181, 0), atol=1e-9)
    over_the_top = CameraPath(
        (CameraPose(rotation=(94, 10, 0)), CameraPose(rotation=(96, 10, 0))), Fraction(24)
    )
    np.testing.assert_allclose(over_the_top.at(0.5).rotation, (95, 10, 0), atol=1e-6)


def test_what_does_not_change_between_frames_stays_exactly_as_it_is() -> None:
    path = CameraPath(
        (CameraPose((0, 0, 10), (7.1, 3.3, 1.7)), CameraPose((0, 0, 9), (7.1, 3.3, 1.7))),
        Fraction(24),
    )
    assert path.at(0.3).rotation == (7.1, 3.3, 1.7)
    assert path.at(0.3).focal_length == 50.0


def test_a_frame_number_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidInstruction):
        CameraPath((HOME, HOME), Fraction(24)).at(math.nan)


def test_the_sensor_lies_across_the_longer_side() -> None:
    assert focal_pixels(36.0, 1280, 720) == 1280.0
    assert focal_pixels(36.0, 720, 1280) == 1280.0
    assert focal_pixels(50.0, 1280, 720) == pytest.approx(1777.78, abs=0.01)
