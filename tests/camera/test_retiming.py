"""Easing of each piece and travel at one speed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from synth.camera.easing import cubic_bezier, ease
from synth.camera.keys import CameraKey, CameraKeys
from synth.camera.retiming import Timing
from synth.camera.sampling import sample
from tests.camera.keyed import Kinds, array, keyed

CURVES = ("linear", "smooth", "catmull_rom", "bezier", "tcb")
CALM = Kinds(curves=CURVES, own=False, handles=False)


def test_each_piece_has_its_own_easing() -> None:
    handles = [(0.1, 0.7, 0.2, 1.4), (0.9, 0.0, 1.0, 0.2)]
    easings = ["ease_in_back", handles[0], "linear", handles[1], "Ease-Out"]
    timing = Timing(np.arange(5) * 10.0, np.full(5, 10.0), easings)
    share = np.linspace(0.0, 1.0, 21)[:-1]
    wanted = (
        ease("ease_in_back", share),
        cubic_bezier(*handles[0])(share),
        share,
        cubic_bezier(*handles[1])(share),
        ease("ease_out", share),
    )
    for index in range(5):
        piece, time, eased = timing.at(10.0 * index + 10.0 * share)
        assert set(piece.tolist()) == {index}
        np.testing.assert_allclose(time, share, atol=1e-12)
        np.testing.assert_allclose(eased, wanted[index], atol=1e-9)


def test_time_is_clamped_to_the_ends_exactly() -> None:
    timing = Timing(np.array([5.0, 8.0]), np.array([3.0, 7.3]), ["ease", (0.2, 0, 1, 1.0)])
    piece, time, eased = timing.at(np.array([-1e300, 5.0, 8.0, 15.3, 1e300]))
    assert piece.tolist() == [0, 0, 1, 1, 1]
    assert time.tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert eased.tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]


def _speeds(keys: CameraKeys, start: float, end: float, fine: int = 4000) -> np.ndarray:
    """Speeds over short spans of time, units a frame."""
    times = np.linspace(start, end, fine + 1)
    steps = np.diff(sample(keys, times).positions, axis=0)
    return np.linalg.norm(steps, axis=1) * fine / (end - start)


def _assert_one_speed(keys: CameraKeys, start: float, end: float, fine: int = 4000) -> None:
    """The way travelled in every span of time is the same within a hundredth.

    A chord across a corner is shorter than the way round it: spans whose chord is short are cut
    into many, so that their length is measured along the path. None is left out.
    """
    speeds = _speeds(keys, start, end, fine)
    usual = np.median(speeds)
    odd = np.flatnonzero(np.abs(speeds / usual - 1.0) > 0.005)
    assert len(odd) < 0.02 * fine
    times = np.linspace(start, end, fine + 1)
    for span in odd:
        cut = _speeds(keys, times[span], times[span + 1], 400)
        assert cut.mean() == pytest.approx(usual, rel=0.005)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("loop", [False, True])
@given(keys=keyed(CALM))
@settings(max_examples=12)
def test_one_speed_within_a_hundredth(curve, loop, keys) -> None:
    places = array(keys, "position")
    assume(np.linalg.norm(np.diff(places, axis=0), axis=1).min() > 0.05)
    assume(not loop or np.linalg.norm(places[0] - places[-1]) > 0.05)
    assume(not loop or keys.keys[-1].frame - keys.keys[0].frame < keys.frames)
    keys = keys.model_copy(update={"curve": curve, "constant_speed": True, "loop": loop})
    start = keys.keys[0].frame
    end = start + keys.frames if loop else keys.keys[-1].frame
    _assert_one_speed(keys, start, end)
    # It begins and ends where the keys do, and takes the same time.
    ends = sample(keys, [start, end]).positions
    np.testing.assert_allclose(ends, places[[0, 0 if loop else -1]], atol=1e-9)


def test_whole_frames_are_evenly_apart_on_a_calm_path() -> None:
    places = [(0, 0, 10), (2, 1, 8), (5, 2, 5), (6, 2, 1)]
    keys = CameraKeys(
        frames=120,
        keys=tuple(
            CameraKey(frame=float(frame), position=place, easing="ease_in_out")
            for frame, place in zip((0, 15, 90, 120), places, strict=True)
        ),
        curve="catmull_rom",
        constant_speed=True,
    )
    steps = np.linalg.norm(np.diff(sample(keys, np.arange(121)).positions, axis=0), axis=1)
    assert np.ptp(steps) < 0.01 * steps.mean()


@pytest.mark.parametrize("curve", CURVES)
def test_rotation_and_lens_follow_the_path(curve) -> None:
    """Half-way along a straight way, whatever the times of the keys, all else is half-way too."""
    keys = CameraKeys(
        frames=100,
        keys=(
            CameraKey(frame=0, position=(0, 0, 0), focal_length=30.0),
            CameraKey(frame=10, position=(5, 0, 0), rotation=(0, 30, 0), focal_length=50.0),
            CameraKey(frame=100, position=(10, 0, 0), rotation=(0, 40, 0), focal_length=60.0),
        ),
        curve=curve,
        constant_speed=True,
    )
    # Angles and lens run linearly in each piece, as the path's parameter does between the keys.
    middle = sample(keys, [50.0])
    np.testing.assert_allclose(middle.positions, [[5, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(middle.angles, [[0, 30, 0]], atol=1e-4)
    np.testing.assert_allclose(middle.focal_lengths, [50.0], atol=1e-4)


def test_holding_and_standing_keep_their_own_time() -> None:
    keys = CameraKeys(
        frames=200,
        keys=(
            CameraKey(frame=0, position=(0, 0, 0)),
            CameraKey(frame=20, position=(8, 0, 0)),  # stands for 60 frames, panning
            CameraKey(frame=80, position=(8, 0, 0), rotation=(0, 90, 0)),
            CameraKey(frame=100, position=(10, 0, 0), rotation=(0, 90, 0), curve="hold"),
            CameraKey(frame=150, position=(0, 5, 0), rotation=(0, 90, 0)),
            CameraKey(frame=200, position=(0, 15, 0), rotation=(0, 90, 0)),
        ),
        constant_speed=True,
    )
    # 90 frames of travel for 8 + 2 + 10 units: 36 frames, 60 standing, 9, 50 holding, 45.
    at = sample(keys, [36, 66, 96, 105, 130, 154.9, 155, 177.5])
    np.testing.assert_allclose(
        at.positions,
        [(8, 0, 0), (8, 0, 0), (8, 0, 0), (10, 0, 0), (10, 0, 0), (10, 0, 0), (0, 5, 0),
         (0, 10, 0)],
        atol=1e-6,
    )  # fmt: skip
    np.testing.assert_allclose(at.angles[:3, 1], (0, 45, 90), atol=1e-9)


def test_a_camera_that_never_travels_keeps_its_times() -> None:
    keys = CameraKeys(
        frames=50,
        keys=(
            CameraKey(frame=0, easing="ease_in"),
            CameraKey(frame=10, rotation=(0, 20, 0)),
            CameraKey(frame=50, rotation=(0, 50, 0)),
        ),
    )
    still = keys.model_copy(update={"constant_speed": True})
    frames = np.linspace(0, 50, 33)
    np.testing.assert_array_equal(sample(keys, frames).angles, sample(still, frames).angles)


@given(st.integers(1, 9))
def test_a_cusp_is_passed(size) -> None:
    """A Bézier piece that stops dead and turns about: the speed before and after is one."""
    keys = CameraKeys(
        frames=100,
        keys=(
            CameraKey(frame=0, position=(0, 0, 0), tangent_out=(3.0 * size, 0, 0)),
            CameraKey(frame=100, position=(float(size), 0, 0), tangent_in=(-3.0 * size, 0, 0)),
        ),
        curve="bezier",
        constant_speed=True,
    )
    _assert_one_speed(keys, 0.0, 100.0, 1000)
