"""CameraTrajectory: the plain example's numbers, and what it adds."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.camera.keys import CURVES, MAX_FRAMES, CameraKeys
from synth.camera.sampling import keyed_path
from synth.camera.trajectory import CameraTrajectory
from synth.errors import InvalidInstruction, LimitExceeded
from tests.camera.keyed import keyed

EXAMPLE = (
    (0, (0, 0, 10), (0, 0, 0)),
    (60, (2, 1, 8), (5, 45, 0)),
    (120, (5, 2, 5), (10, 90, 5)),
)


def _oracle(keyframes: dict, num_frames: int) -> list[dict]:
    """The example's own algorithm, step by step."""

    def between(kf1, kf2, t):
        return {
            "position": tuple(
                kf1["position"][i] * (1 - t) + kf2["position"][i] * t for i in range(3)
            ),
            "rotation": tuple(
                kf1["rotation"][i] * (1 - t) + kf2["rotation"][i] * t for i in range(3)
            ),
            "focal_length": kf1["focal_length"] * (1 - t) + kf2["focal_length"] * t,
        }

    trajectory = []
    numbers = sorted(keyframes)
    for frame in range(num_frames):
        before = after = None
        for number in numbers:
            if number <= frame:
                before = number
            if number > frame and after is None:
                after = number
        if before is not None and after is not None:
            t = (frame - before) / (after - before)
            state = between(keyframes[before], keyframes[after], t)
        elif before is not None:
            state = keyframes[before]
        else:
            state = keyframes[numbers[0]]
        trajectory.append(state)
    return trajectory


def _example() -> CameraTrajectory:
    trajectory = CameraTrajectory(duration_seconds=5, fps=24)
    for frame, position, rotation in EXAMPLE:
        trajectory.add_keyframe(frame_number=frame, position=position, rotation=rotation)
    return trajectory


def _assert_same(found: list[dict], wanted: list[dict]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert set(one) == {"position", "rotation", "focal_length"}
        assert one["position"] == pytest.approx(other["position"], abs=1e-9)
        assert one["rotation"] == pytest.approx(other["rotation"], abs=1e-9)
        assert one["focal_length"] == pytest.approx(other["focal_length"], abs=1e-9)


def test_the_example_gives_the_examples_numbers() -> None:
    trajectory = _example()
    assert (trajectory.duration, trajectory.fps, trajectory.num_frames) == (5, 24, 120)
    assert trajectory.keyframes == {
        frame: {"position": position, "rotation": rotation, "focal_length": 50}
        for frame, position, rotation in EXAMPLE
    }
    path = trajectory.interpolate_trajectory()
    assert len(path) == 120
    assert path[30] == {
        "position": (1.0, 0.5, 9.0), "rotation": (2.5, 22.5, 0.0), "focal_length": 50.0
    }  # fmt: skip
    _assert_same(path, _oracle(trajectory.keyframes, 120))
    _assert_same(trajectory.interpolate_trajectory(interpolation="linear"), path)


numbers = st.floats(-1000, 1000)
vectors = st.tuples(numbers, numbers, numbers)


@given(
    st.dictionaries(
        st.integers(0, 72) | st.floats(0, 72, allow_subnormal=False),
        st.tuples(vectors, vectors, st.floats(4, 1200)),
        min_size=1,
        max_size=9,
    )
)
@settings(max_examples=60)
def test_linear_is_the_examples_algorithm_for_any_keys(entries) -> None:
    trajectory = CameraTrajectory(3, 24)
    for frame, (position, rotation, focal_length) in entries.items():
        trajectory.add_keyframe(frame, position, rotation, focal_length)
    wanted = _oracle(trajectory.keyframes, 72)
    _assert_same(trajectory.interpolate_trajectory(), wanted)


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"),
    [
        (5, 24, 120),
        (10, 29.97, 300),
        (100, 29.97, 2997),
        (1001, "30000/1001", 30_000),
        (1001, Fraction(24000, 1001), 24_000),
        (1001, 23.976, 24_000),
        (2.5, 24, 60),
        (0.1, 24, 2),
        (0.001, 24, 1),
        (Fraction(1, 3), 24, 8),
        (np.float32(2.0), np.int64(25), 50),
    ],
)
def test_frames_are_duration_times_the_exact_rate_rounded(seconds, fps, frames) -> None:
    trajectory = CameraTrajectory(seconds, fps)
    assert trajectory.num_frames == frames
    trajectory.add_keyframe(frames, (0, 0, 10), (0, 0, 0))
    assert len(trajectory.interpolate_trajectory()) == frames
    assert trajectory.path().fps == CameraKeys(fps=_plain(fps)).fps


def _plain(fps: object) -> object:
    return int(fps) if isinstance(fps, np.integer) else fps


def test_positions_may_be_any_sequence_of_numbers() -> None:
    trajectory = CameraTrajectory()
    trajectory.add_keyframe(
        np.int64(3), np.array([1, 2, 3]), [np.float32(4), 5, 6.0], np.float64(35)
    )
    assert trajectory.keyframes == {
        3: {"position": (1, 2, 3), "rotation": (4, 5, 6), "focal_length": 35}
    }
    trajectory.add_keyframe(3.0, (0, 0, 9), (0, 0, 0))
    assert list(trajectory.keyframes) == [3]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"frame_number": 121}, r"Frame 121 out of range \[0, 120\]"),
        ({"frame_number": -1}, "out of range"),
        ({"frame_number": math.nan}, "frame number is nan"),
        ({"frame_number": "3"}, "must be a finite number"),
        ({"frame_number": True}, "must be a finite number"),
        ({"frame_number": 10**400}, "must be a finite number|out of range"),
        ({"position": (0, 0)}, r"position\[2\] is missing"),
        ({"position": (0, 0, 1, 2)}, "position"),
        ({"position": (0, math.nan, 1)}, r"position\[1\] is nan; it must be a finite number"),
        ({"position": (0, 1e9, 1)}, r"it must be at most 10000"),
        ({"position": "abc"}, "it must be a list"),
        ({"position": None}, "it must be a list"),
        ({"position": np.zeros((3, 3))}, "it must be a number"),
        ({"position": np.float64(3)}, "it must be a list"),
        ({"rotation": (0, "x", 0)}, r"rotation\[1\] is 'x'; it must be a number"),
        ({"rotation": (0, math.inf, 0)}, r"rotation\[1\]"),
        ({"focal_length": 0}, "focal_length is 0.0; it must be at least 4"),
        ({"focal_length": math.nan}, "focal length is nan"),
        ({"easing": "bouncy"}, "no easing called 'bouncy'"),
        ({"speed": 3}, "'speed'"),
    ],
)
def test_a_keyframe_that_makes_no_camera_is_a_value_error_that_says_why(wrong, words) -> None:
    trajectory = CameraTrajectory()
    values = {"frame_number": 1, "position": (0, 0, 10), "rotation": (0, 0, 0), **wrong}
    with pytest.raises(ValueError, match=words) as caught:
        trajectory.add_keyframe(**values)
    assert isinstance(caught.value, InvalidInstruction)
    assert trajectory.keyframes == {}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ((0, 24), InvalidInstruction),
        ((-3, 24), InvalidInstruction),
        (("5", 24), InvalidInstruction),
        ((math.inf, 24), InvalidInstruction),
        ((5, 0), InvalidInstruction),
        ((5, math.nan), InvalidInstruction),
        ((5, "fast"), InvalidInstruction),
        ((5, None), InvalidInstruction),
        ((5, 1e6), InvalidInstruction),
        ((MAX_FRAMES, 24), LimitExceeded),
    ],
)
def test_impossible_clips_are_refused(values, error) -> None:
    with pytest.raises(error):
        CameraTrajectory(*values)


def test_a_trajectory_without_keys_says_so() -> None:
    for ask in (CameraTrajectory().interpolate_trajectory, CameraTrajectory().path):
        with pytest.raises(InvalidInstruction, match=r"has no keyframes\. Add at least one"):
            ask()


def test_entries_that_were_written_by_hand_are_read_and_checked() -> None:
    trajectory = _example()
    trajectory.keyframes[60]["position"] = [4, 1, 8]
    trajectory.keyframes[90] = {"position": (0, 0, 1), "rotation": (0, 0, 0), "focal_length": 35}
    del trajectory.keyframes[120]
    path = trajectory.interpolate_trajectory()
    assert path[60]["position"] == (4, 1, 8)
    assert path[119] == {"position": (0, 0, 1), "rotation": (0, 0, 0), "focal_length": 35}
    trajectory.keyframes[7] = {"position": (0, 0, math.nan)}
    with pytest.raises(InvalidInstruction, match="frame 7 makes no camera"):
        trajectory.interpolate_trajectory()
    trajectory.keyframes[7] = "here"
    with pytest.raises(InvalidInstruction, match="it must be a dict"):
        trajectory.interpolate_trajectory()


@pytest.mark.parametrize("curve", CURVES)
def test_every_curve_meets_the_keys(curve) -> None:
    path = _example().interpolate_trajectory(curve)
    assert len(path) == 120
    for frame, position, rotation in EXAMPLE[:2]:
        assert path[frame]["position"] == position
        assert path[frame]["rotation"] == rotation
    straight = _example().interpolate_trajectory()
    assert (path == straight) == (curve == "linear")


def test_names_of_curves_are_read_in_any_spelling_and_others_refused() -> None:
    trajectory = _example()
    wanted = trajectory.interpolate_trajectory("catmull_rom")
    assert trajectory.interpolate_trajectory("Catmull-Rom") == wanted
    with pytest.raises(InvalidInstruction, match=r"called .cubic.\. Choose one of"):
        trajectory.interpolate_trajectory("cubic")


def test_rules_of_a_path_are_a_keyword_away() -> None:
    trajectory = _example()
    trajectory.add_keyframe(60, (2, 1, 8), (5, 45, 0), easing="ease-in-out", lens_curve="hold")
    keys = trajectory.to_keys("smooth", look_at={"target": [0, 0, 0]}, turn_curve="linear")
    assert keys.keys[1].easing == "ease_in_out"
    assert keys.keys[1].lens_curve == "hold"
    assert (keys.curve, keys.turn_curve, keys.lens_curve) == ("smooth", "linear", "smooth")
    assert keys.look_at is not None
    assert trajectory.path("smooth", look_at=keys.look_at, turn_curve="linear") == keyed_path(keys)
    with pytest.raises(InvalidInstruction, match="'nonsense'"):
        trajectory.interpolate_trajectory(nonsense=1)


@given(keyed(look_at=None, handheld=None, hold_size=False))
def test_a_keyed_path_goes_in_and_out_unchanged(keys) -> None:
    trajectory = CameraTrajectory.from_keys(keys)
    assert trajectory.to_keys() == keys
    assert trajectory.num_frames == keys.frames
    assert trajectory.fps == keys.fps
    assert set(trajectory.keyframes) == {key.frame for key in keys.keys}
