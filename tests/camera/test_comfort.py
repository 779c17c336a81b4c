"""What a viewer would feel in a camera path, and what they would not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from synth.camera.comfort import CROSSING_SECONDS, measure_motion
from synth.camera.conventions import SENSOR_WIDTH_MM
from synth.camera.easing import EASINGS, ease
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.shake import HANDHELD_DEGREES, HANDHELD_UNITS, shake

HOME = np.array([0.0, 0.0, 10.0])


def path(positions=None, angles=None, lenses=None, *, fps: float = 24, frames: int = 121):
    still = np.zeros((frames, 3))
    positions = still + HOME if positions is None else positions
    angles = still if angles is None else angles
    lenses = np.full(frames, 50.0) if lenses is None else lenses
    return CameraPath(
        tuple(
            CameraPose(tuple(map(float, p)), tuple(map(float, a)), float(f))
            for p, a, f in zip(positions, angles, lenses, strict=True)
        ),
        Fraction(fps),
    )


def along(progress: np.ndarray, step: tuple[float, float, float]) -> np.ndarray:
    return HOME + progress[:, None] * np.array(step)


def felt(*arguments, **keywords) -> list[tuple[int, str]]:
    return [
        (bump.frame, bump.kind)
        for bump in measure_motion(path(*arguments, **keywords)).bumps
        if bump.kind != "panning"
    ]


def eased(name: str, start: float, length: float, frames: int = 121) -> np.ndarray:
    return ease(name, np.clip((np.arange(frames) - start) / length, 0.0, 1.0))


def test_speeds_are_those_of_the_path() -> None:
    seconds = np.arange(121) / 24.0
    report = measure_motion(
        path(
            along(seconds, (0.3, 0.0, -0.4)),
            np.stack([0 * seconds, 3.0 * seconds, 0 * seconds], axis=1),
            50.0 * np.exp(0.02 * seconds),
        )
    )
    np.testing.assert_allclose(report.speed, 0.5, rtol=1e-9)
    np.testing.assert_allclose(report.turn_speed, 3.0, rtol=1e-9)
    np.testing.assert_allclose(report.zoom_speed, 0.02, rtol=1e-9)
    np.testing.assert_allclose(report.acceleration, 0.0, atol=1e-9)
    np.testing.assert_allclose(report.jerk, 0.0, atol=1e-7)
    assert report.is_smooth
    assert report.top_speed == pytest.approx(0.5)


def test_acceleration_and_jerk_are_derivatives() -> None:
    seconds = np.arange(121) / 24.0
    even = measure_motion(path(along(seconds**2, (0.1, 0.0, 0.0))))
    np.testing.assert_allclose(even.acceleration, 0.2, rtol=1e-9)
    growing = measure_motion(path(along(seconds**3, (0.01, 0.0, 0.0))))
    np.testing.assert_allclose(growing.jerk[3:-3], 0.06, rtol=1e-6)


def test_the_picture_moves_as_an_independent_projection_says() -> None:
    """Points at the subject's distance, projected through two real cameras."""
    rate = 2400.0
    first = CameraPose((0.5, -0.2, 9.0), (3.0, -6.0, 8.0), 40.0)
    second = CameraPose((0.503, -0.198, 8.995), (3.01, -5.99, 8.02), 40.02)
    report = measure_motion(CameraPath((first, second), Fraction(2400)))
    points = np.array([(x, y) for y in (-0.25, 0, 0.25) for x in (-0.4, 0, 0.4)])
    focal = first.focal_length / SENSOR_WIDTH_MM
    depth = np.linalg.norm(first.position)
    rays = np.concatenate([points / focal, -np.ones((9, 1))], axis=1) * depth
    world = rays @ first.world_from_camera.T + first.position
    seen = (world - second.position) @ second.world_from_camera
    after = seen[:, :2] / -seen[:, 2:] * (second.focal_length / SENSOR_WIDTH_MM)
    speed = np.sqrt(np.mean(np.sum((after - points) ** 2, axis=1))) * rate
    assert report.picture_speed[0] == pytest.approx(speed, rel=2e-3)


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_the_shortest_clips_have_a_report(frames: int) -> None:
    report = measure_motion(path(along(np.arange(frames) / 24.0, (0.3, 0, 0)), frames=frames))
    assert report.speed.shape == report.jerk.shape == (frames,)
    assert report.bumps == ()
    assert report.speed[0] == pytest.approx(0.3 if frames > 1 else 0.0)


@pytest.mark.parametrize("fps", [12, 24, 60, 120])
@pytest.mark.parametrize("step", [(0.5, 0, 0), (0, 0, -3.0)])
def test_a_straight_move_over_the_whole_clip_has_no_bump(fps: float, step) -> None:
    frames = 4 * fps + 1
    assert felt(along(np.linspace(0, 1, frames), step), fps=fps, frames=frames) == []


SOFT = ("smooth", "ease_in_out", "ease_in_out_sine", "ease_in_out_cubic", "ease_in_out_expo")


@pytest.mark.parametrize("name", [name for name in EASINGS if name.startswith(SOFT)])
@pytest.mark.parametrize("length", [12, 24, 60])
def test_an_eased_start_and_stop_in_mid_clip_is_no_bump(name: str, length: float) -> None:
    part = eased(name, 40, length)
    assert felt(along(part, (0.9, 0.0, -1.0))) == []
    assert felt(angles=part[:, None] * (2.0, -9.0, 5.0)) == []
    assert felt(lenses=50.0 * np.exp(0.4 * part)) == []


def test_a_corner_at_a_key_is_felt_where_it_is() -> None:
    frames = np.arange(121.0)
    corner = np.stack([np.minimum(frames, 60), np.maximum(frames - 60, 0), 0 * frames], axis=1)
    report = measure_motion(path(HOME + corner * 0.01))
    assert [(b.frame, b.kind) for b in report.bumps] == [(60, "travel")]
    assert "turns a sharp corner" in report.bumps[0].sentence
    assert "2.50 s (frame 60)" in report.bumps[0].sentence


@pytest.mark.parametrize("moment", [60.0, 60.25, 60.5])
@pytest.mark.parametrize("fps", [24, 60])
def test_start_and_stop_in_mid_clip_are_felt(moment: float, fps: float) -> None:
    part = np.clip((np.arange(181) - moment) / 60.0, 0.0, 1.0)
    for kind, keywords in {
        "travel": {"positions": along(part, (0.0, 0.0, -2.0))},
        "turn": {"angles": part[:, None] * (0.0, 4.0, 0.0)},
        "zoom": {"lenses": 50.0 * np.exp(0.3 * part)},
    }.items():
        report = measure_motion(path(**keywords, frames=181, fps=fps))
        assert [bump.kind for bump in report.bumps] == [kind, kind]
        start, stop = report.bumps
        assert abs(start.frame - moment) <= 1.0
        assert abs(stop.frame - moment - 60.0) <= 1.0
        assert "starts abruptly" in start.sentence
        assert "stops abruptly" in stop.sentence


def test_a_change_of_speed_is_felt_from_a_fifth_on() -> None:
    frames = np.arange(121.0)

    def paced(ratio: float) -> list[tuple[int, str]]:
        part = frames + (ratio - 1.0) * np.maximum(frames - 60, 0)
        return felt(along(part / 24.0, (0.5, 0.0, 0.0)))

    assert paced(1.1) == []
    assert paced(1.5) == [(60, "travel")]
    assert paced(0.5) == [(60, "travel")]


def test_a_start_too_slow_to_see_is_no_bump() -> None:
    part = np.maximum(np.arange(121.0) - 60, 0) / 24.0
    assert felt(along(part, (0.005, 0.0, 0.0))) == []
    assert felt(along(part, (0.5, 0.0, 0.0))) == [(60, "travel")]


def test_a_corner_shows_through_an_eased_move() -> None:
    part = eased("ease_in_out_sine", 0, 120)
    yaw = 3.0 * np.maximum(np.arange(121) - 50, 0) / 24.0
    angles = np.stack([0 * yaw, yaw, 0 * yaw], axis=1)
    assert felt(along(part, (0.0, 0.0, -3.0)), angles) == [(50, "turn")]


def test_a_leap_between_two_frames_is_told_as_one() -> None:
    leap = (np.arange(121) >= 70).astype(float)
    assert felt(along(leap, (0.5, 0.0, 0.0))) == [(70, "jump")]
    assert felt(lenses=50.0 + 10.0 * leap) == [(70, "jump")]


def test_a_handheld_shake_is_no_row_of_bumps() -> None:
    seconds = np.arange(240) / 24.0
    for seed in range(12):
        wave = shake(seconds, seed)
        dolly = along(eased("ease_in_out_sine", 0, 240, 240), (0.0, 0.0, -2.0))
        assert (
            felt(dolly + HANDHELD_UNITS * wave[:, :3], HANDHELD_DEGREES * wave[:, 3:], frames=240)
            == []
        )


@pytest.mark.parametrize(("fps", "share", "warns"), [
    (24, 0.95, False), (24, 1.1, True), (48, 1.9, False), (48, 2.2, True), (12, 0.55, True),
])  # fmt: skip
def test_a_pan_faster_than_seven_seconds_a_frame_strobes(fps, share, warns) -> None:
    # At 50 mm the middle of the frame runs 50 / 36 widths per radian.
    speed = np.degrees(share / CROSSING_SECONDS * SENSOR_WIDTH_MM / 50.0)
    yaw = speed * np.arange(5 * fps) / fps
    report = measure_motion(
        path(angles=np.stack([0 * yaw, yaw, 0 * yaw], axis=1), frames=5 * fps, fps=fps)
    )
    assert [bump.kind for bump in report.bumps] == (["panning"] if warns else [])


def test_a_fast_move_round_a_framed_subject_does_not_strobe() -> None:
    """The subject stays in the middle, and the eye with it."""
    turn = np.radians(np.linspace(-40, 40, 121))
    circle = 10.0 * np.stack([np.sin(turn), 0 * turn, np.cos(turn)], axis=1)
    angles = np.stack([0 * turn, np.degrees(turn), 0 * turn], axis=1)
    report = measure_motion(path(circle, angles))
    assert report.bumps == ()
    assert report.turn_speed[60] == pytest.approx(16.0, rel=1e-3)
