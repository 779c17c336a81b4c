"""Few keys for dense paths, and pieces fitted to them."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.camera.easing import EASINGS, cubic_bezier, ease
from synth.camera.keys import CameraKey, CameraKeys
from synth.camera.pieces import Tolerance, Track, cover, eased_by, fit_piece, fitted_easing, keys_of
from synth.camera.pose import HOME, CameraPath, CameraPose
from synth.camera.sampling import keyed_path, sample
from synth.camera.shake import shake
from synth.camera.thin import keys_from_path
from synth.errors import InvalidInstruction, LimitExceeded
from tests.camera.keyed import Kinds, keyed


def dense(positions=None, angles=None, lenses=None, frames: int = 121) -> CameraPath:
    still = np.zeros((frames, 3))
    positions = np.array(HOME.position) + still if positions is None else positions
    angles = still if angles is None else angles
    lenses = np.full(frames, 50.0) if lenses is None else lenses
    return CameraPath(
        tuple(
            CameraPose(tuple(map(float, p)), tuple(map(float, a)), float(f))
            for p, a, f in zip(positions, angles, lenses, strict=True)
        ),
        Fraction(24),
    )


def check(path: CameraPath, **tolerances: float) -> CameraKeys:
    """Keys of a path, after a look at every frame."""
    keys = keys_from_path(path, **tolerances)
    found = keyed_path(keys)
    assert (len(found), found.fps) == (len(path), path.fps)
    away = np.linalg.norm(found.positions - path.positions, axis=1)
    turn = np.degrees((found.rotations.inv() * path.rotations).magnitude())
    lens = np.abs(found.focal_lengths / path.focal_lengths - 1.0)
    assert away.max() <= tolerances.get("tolerance_units", 1e-3) * 1.001
    assert turn.max() <= tolerances.get("tolerance_degrees", 0.01) * 1.001
    assert lens.max() <= tolerances.get("tolerance_focal", 1e-3) * 1.001
    return keys


def seconds(frames: int) -> np.ndarray:
    return np.arange(frames) / 24.0


def test_a_camera_that_stands_is_one_key() -> None:
    assert check(CameraPath((HOME,) * 50, Fraction(30))).keys == (CameraKey(frame=0),)
    assert len(check(CameraPath((HOME,), Fraction(30))).keys) == 1


@pytest.mark.parametrize("name", EASINGS)
@pytest.mark.parametrize("end", [119.0, 120.0])
def test_an_eased_move_comes_back_as_the_two_keys_it_was(name: str, end: float) -> None:
    keys = CameraKeys(
        frames=120,
        keys=(
            CameraKey(frame=0, position=(0, 0, 10), easing=name),
            CameraKey(frame=end, position=(0.5, 0.1, 7), rotation=(2, -9, 4), focal_length=70),
        ),
    )
    found = check(keyed_path(keys))
    assert len(found.keys) == 2
    first, last = found.keys
    # A line and a power look alike from any length of them: those end with the last frame.
    if last.frame == end:
        np.testing.assert_allclose(last.position, keys.keys[1].position, atol=2e-3)
    else:
        assert name == "linear" or name.startswith("ease_in_")
    times = np.linspace(0, 1, 50)
    assert isinstance(first.easing, str)
    np.testing.assert_allclose(ease(first.easing, times), ease(name, times), atol=2e-3)


def test_a_custom_easing_is_found_again() -> None:
    handles = (0.7, 0.1, 0.2, 0.95)
    keys = CameraKeys(
        frames=97,
        keys=(
            CameraKey(frame=0, easing=handles),
            CameraKey(frame=96, position=(0, 0, 6), rotation=(0, 12, 0)),
        ),
    )
    found = check(keyed_path(keys))
    assert [key.frame for key in found.keys] == [0, 96]
    assert np.allclose(found.keys[0].easing, handles, atol=0.02)


def test_a_circle_is_a_few_curves() -> None:
    turn = np.linspace(0, 2, 121)
    circle = 10.0 * np.stack([np.sin(turn), 0 * turn, np.cos(turn)], axis=1)
    keys = check(dense(circle, np.stack([0 * turn, np.degrees(turn), 0 * turn], axis=1)))
    assert len(keys.keys) <= 5


def test_a_jump_is_kept() -> None:
    leap = (np.arange(121) >= 60)[:, None] * (2.0, 0.0, -1.0)
    assert len(check(dense(np.array(HOME.position) + leap)).keys) <= 4


@settings(max_examples=12, deadline=None)
@given(keyed(Kinds(curves=("linear", "smooth", "catmull_rom", "bezier"), handles=False), most=4))
def test_keyed_paths_are_kept_on_every_frame(keys) -> None:
    path = keyed_path(keys)
    found = check(path)
    assert len(found.keys) <= len(path)


def test_a_spline_through_few_keys_needs_few_again() -> None:
    keys = CameraKeys(
        frames=121,
        curve="catmull_rom",
        turn_curve="catmull_rom",
        keys=tuple(
            CameraKey(frame=frame, position=place, rotation=angles)
            for frame, place, angles in (
                (0, (0, 0, 10), (0, 0, 0)), (40, (0.4, 0.2, 9.5), (1, 4, 0)),
                (80, (0.5, -0.1, 9), (-1, 6, 2)), (120, (0, 0, 8), (0, 9, 1)),
            )
        ),
    )  # fmt: skip
    assert len(check(keyed_path(keys)).keys) <= 20


def test_a_restless_path_has_a_key_on_every_frame() -> None:
    wave = shake(seconds(121), 3)
    keys = check(dense(np.array(HOME.position) + 0.04 * wave[:, :3], 0.5 * wave[:, 3:]))
    assert len(keys.keys) == 121
    assert (keys.curve, keys.turn_curve) == ("linear", "angles")


def test_a_wider_tolerance_takes_fewer_keys() -> None:
    time = np.linspace(0, 1, 121)
    wave = np.stack([np.sin(9 * time), 0.5 * np.cos(7 * time), 10 + np.sin(5 * time)], axis=1)
    counts = [
        len(check(dense(wave), tolerance_units=units).keys) for units in (1e-4, 1e-3, 1e-2, 0.1)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] >= 2 * counts[-1]


def test_angles_that_jump_by_whole_turns_are_followed() -> None:
    yaw = np.linspace(150, 210, 121)
    wrapped = (yaw + 180) % 360 - 180
    keys = check(dense(angles=np.stack([0 * yaw, wrapped, 0 * yaw], axis=1)))
    assert [key.rotation[1] for key in keys.keys] == pytest.approx([150, 210])


def test_a_path_straight_over_the_top_is_kept() -> None:
    tilt = np.linspace(60, 120, 121)
    tops = [CameraPose(rotation=(p, 0.0, 0.0)) for p in tilt]
    plain = [
        pose if pose.rotation[0] <= 90 else CameraPose(rotation=(180 - pose.rotation[0], 180, 180))
        for pose in tops
    ]
    assert len(check(CameraPath(tuple(plain), Fraction(24))).keys) <= 3


@pytest.mark.parametrize("kind", ["smooth", "shaken"])
def test_thinning_takes_a_moment(kind: str) -> None:
    for frames, limit in ((121, 0.3), (1440, 5.0)):
        time_at = np.linspace(0, frames / 121, frames)
        places = np.stack([np.sin(time_at), 0.3 * np.cos(2 * time_at), 10 - time_at], axis=1)
        if kind == "shaken":
            places = places + 0.04 * shake(seconds(frames), 1)[:, :3]
        path = dense(places, frames=frames)
        started = time.process_time()
        keys_from_path(path)
        # Other work on the same cores counts into the caches, if not into this clock.
        assert time.process_time() - started < 3.0 * limit


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("which", ["tolerance_units", "tolerance_degrees", "tolerance_focal"])
def test_a_tolerance_must_be_above_nothing(which: str, wrong: float) -> None:
    with pytest.raises(InvalidInstruction, match="above 0"):
        keys_from_path(dense(), **{which: wrong})


def test_cameras_beyond_the_limits_of_keys_are_told() -> None:
    far = np.linspace(0, 2e4, 121)[:, None] * (1.0, 0.0, 0.0)
    with pytest.raises(InvalidInstruction, match="10000"):
        keys_from_path(dense(far))
    with pytest.raises(InvalidInstruction, match="4"):
        keys_from_path(dense(lenses=np.full(121, 2.0)))


def test_too_many_restless_frames_are_refused() -> None:
    noise = np.random.default_rng(0).normal(size=(12_000, 3))
    with pytest.raises(LimitExceeded, match="12,000 frames"):
        keys_from_path(dense(noise, noise, frames=12_000))


curve = st.tuples(st.floats(0, 0.9), st.floats(-0.3, 1.2), st.floats(0.1, 1), st.floats(-0.2, 1.3))


@given(curve)
def test_handles_ease_as_css_does(handles) -> None:
    times = np.linspace(0, 1, 60)
    np.testing.assert_allclose(eased_by(handles, times), cubic_bezier(*handles)(times), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.floats(0.1, 0.7), st.floats(0, 1), st.floats(0.3, 0.9), st.floats(0, 1)))
def test_an_easing_that_is_found_is_as_close_as_asked(handles) -> None:
    times = np.linspace(0, 1, 73)
    wanted = eased_by(handles, times)
    found = fitted_easing(times, wanted, 2e-3)
    if found is not None:  # Some need more than one curve; their pieces get more keys.
        assert np.abs(eased_by(found, times) - wanted).max() <= 4e-3


@pytest.mark.parametrize(
    "handles",
    [
        (0.25, 0.1, 0.25, 1.0), (0.42, 0.0, 1.0, 1.0), (0.0, 0.0, 0.58, 1.0),
        (0.42, 0.0, 0.58, 1.0), (0.3, 0.3, 0.7, 0.7), (0.6, 0.05, 0.4, 0.95),
    ],
)  # fmt: skip
def test_the_usual_easings_are_found(handles: tuple[float, float, float, float]) -> None:
    times = np.linspace(0, 1, 73)
    found = fitted_easing(times, eased_by(handles, times), 2e-3)
    assert found is not None
    assert np.abs(eased_by(found, times) - eased_by(handles, times)).max() <= 4e-3


def test_a_piece_is_as_simple_as_it_can_be() -> None:
    frames = np.arange(49.0)
    share = ease("ease_in_out_cubic", frames / 48)
    straight = Track(
        frames, np.array([0, 0, 10.0]) + share[:, None] * (0, 0, -3.0), share[:, None] * (1, 5, 0),
        50 + 10 * share,
    )  # fmt: skip
    piece = fit_piece(straight, 0, 48, Tolerance(), ("ease_in_out_cubic",))
    assert piece is not None
    assert (piece.easing, piece.handles) == ("ease_in_out_cubic", None)
    turn = np.radians(20 * share)
    bent = Track(
        frames, 10 * np.stack([np.sin(turn), 0 * turn, np.cos(turn)], axis=1),
        np.stack([0 * turn, np.degrees(turn), 0 * turn], axis=1), np.full(49, 50.0),
    )  # fmt: skip
    piece = fit_piece(bent, 0, 48, Tolerance(), ("ease_in_out_cubic",))
    assert piece is not None
    assert piece.handles is not None
    # The handles of a circle's arc stand at a third of its angle along the tangent.
    assert piece.handles[0][0] == pytest.approx(10 * np.radians(20) / 3, rel=0.01)
    assert piece.handles[0][2] == pytest.approx(0.0, abs=0.01)
    corner = Track(
        frames, np.abs(frames - 24)[:, None] * (0.1, 0, 0), np.zeros((49, 3)), np.full(49, 50.0)
    )
    assert fit_piece(corner, 0, 48, Tolerance()) is None
    pieces = cover(corner, Tolerance())
    assert pieces is not None
    assert [(p.first, p.last) for p in pieces] == [(0, 24), (24, 48)]
    keys = CameraKeys(frames=48, keys=tuple(keys_of(corner, pieces)))
    np.testing.assert_allclose(sample(keys, frames).positions, corner.positions, atol=1e-9)
