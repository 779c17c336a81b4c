"""What the camera of every frame promises, whatever it is asked to do."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from synth.camera.pose import HOME, CameraPath, CameraPose
from synth.camera.shake import shake
from synth.errors import InvalidInstruction, LimitExceeded
from synth.motion import MOVE_KINDS, MOVE_TYPES, MotionControl, camera_path, poses_at
from synth.motion.moves import NEAREST_SHARE

FILM = Fraction(24)
EVERY_WAY = [(kind, way) for kind in MOVE_TYPES for way in (MOVE_KINDS[kind].directions or (None,))]


def one(kind: str, way: str | None = None, **values: Any) -> MotionControl:
    move: dict[str, Any] = {"type": kind, "intensity": 1.0, **values}
    if way:
        move["direction"] = way
    return MotionControl.from_dict({"camera": move})


def several(*moves: dict[str, Any]) -> MotionControl:
    return MotionControl.from_dict({"camera": list(moves)})


def end_of(control: MotionControl, **keywords: float) -> CameraPose:
    return poses_at(control, np.array([control.duration]), **keywords)[0]


def numbers(pose: CameraPose) -> np.ndarray:
    return np.array([*pose.position, *pose.rotation, pose.focal_length])


def off_centre(pose: CameraPose) -> float:
    """Degrees between the camera's axis and the subject at the origin."""
    axis = pose.world_from_camera @ [0.0, 0.0, -1.0]
    towards = -np.array(pose.position) / np.linalg.norm(pose.position)
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(axis, towards)), axis @ towards)))


@pytest.mark.parametrize("seconds", [3.0, 2.5, 0.01, 10.01])
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(24), Fraction(60), Fraction(15)])
def test_a_clip_has_duration_times_rate_frames(seconds: float, rate: Fraction) -> None:
    path = camera_path(one("pan", duration=seconds), fps=rate)
    assert len(path) == max(1, round(Fraction(seconds) * rate))
    assert path.fps == rate


@pytest.mark.parametrize("values", [{}, {"camera": {"type": "static"}}])
def test_static_is_home_in_every_bit(values: dict[str, Any]) -> None:
    path = camera_path(MotionControl.from_dict(values), fps=FILM)
    assert len(path) == 72
    assert all(pose == HOME and str(pose) == str(HOME) for pose in path)


@pytest.mark.parametrize(("kind", "way"), EVERY_WAY)
@pytest.mark.parametrize("loop", [False, True])
def test_no_intensity_is_no_movement(kind: str, way: str | None, loop: bool) -> None:
    for pose in camera_path(one(kind, way, intensity=0.0, loop=loop), fps=FILM):
        assert pose == HOME


@pytest.mark.parametrize(("kind", "way"), EVERY_WAY)
@pytest.mark.parametrize("loop", [False, True])
def test_a_move_begins_at_home(kind: str, way: str | None, loop: bool) -> None:
    assert camera_path(one(kind, way, loop=loop), fps=FILM)[0] == HOME


ENDS = {
    ("dolly", "forward"): (0, 0, 7, 0, 0, 0, 50),
    ("dolly", "backward"): (0, 0, 13, 0, 0, 0, 50),
    ("dolly", "left"): (-0.9, 0, 10, 0, 0, 0, 50),
    ("push_in", "forward"): (0, 0, 7, 0, 0, 0, 50),
    ("pull_out", "backward"): (0, 0, 13, 0, 0, 0, 50),
    ("truck", "right"): (0.9, 0, 10, 0, 0, 0, 50),
    ("truck", "left"): (-0.9, 0, 10, 0, 0, 0, 50),
    ("pedestal", "up"): (0, 0.6, 10, 0, 0, 0, 50),
    ("pedestal", "down"): (0, -0.6, 10, 0, 0, 0, 50),
    ("pan", "left"): (0, 0, 10, 0, 9, 0, 50),
    ("pan", "right"): (0, 0, 10, 0, -9, 0, 50),
    ("tilt", "up"): (0, 0, 10, 5, 0, 0, 50),
    ("tilt", "down"): (0, 0, 10, -5, 0, 0, 50),
    ("roll", "clockwise"): (0, 0, 10, 0, 0, -12, 50),
    ("roll", "counterclockwise"): (0, 0, 10, 0, 0, 12, 50),
    ("zoom", "forward"): (0, 0, 10, 0, 0, 0, 80),
    ("zoom", "backward"): (0, 0, 10, 0, 0, 0, 31.25),
    ("dolly_zoom", "forward"): (0, 0, 7, 0, 0, 0, 35),
    ("dolly_zoom", "backward"): (0, 0, 13, 0, 0, 0, 65),
    ("spiral", "forward"): (0, 0, 8, 0, 0, 0, 50),
}


@pytest.mark.parametrize(("kind", "way"), ENDS)
def test_at_intensity_1_a_move_goes_as_far_as_the_table_says(kind: str, way: str) -> None:
    assert numbers(end_of(one(kind, way))) == pytest.approx(ENDS[kind, way], abs=1e-9)


@pytest.mark.parametrize(("kind", "way"), [pair for pair in ENDS if pair[0] != "zoom"])
def test_half_the_intensity_goes_half_the_way(kind: str, way: str) -> None:
    half = numbers(end_of(one(kind, way, intensity=0.5))) - numbers(HOME)
    whole = numbers(end_of(one(kind, way))) - numbers(HOME)
    assert 2.0 * half == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "way", "other"),
    [
        (kind, one_way, other)
        for kind in ("truck", "pan", "orbit", "arc")
        for one_way, other in [("left", "right")]
    ]
    + [("orbit", "clockwise", "counterclockwise"), ("arc", "clockwise", "counterclockwise")]
    + [("dolly", "left", "right"), ("spiral", "clockwise", "counterclockwise")],
)
def test_left_mirrors_right(kind: str, way: str, other: str) -> None:
    mirror = np.array([-1, 1, 1, 1, -1, -1, 1])
    for a, b in zip(
        camera_path(one(kind, way), fps=FILM), camera_path(one(kind, other), fps=FILM), strict=True
    ):
        assert numbers(a) * mirror == pytest.approx(numbers(b), abs=1e-9)


@pytest.mark.parametrize("kind", ["pedestal", "tilt", "crane", "orbit"])
def test_up_mirrors_down(kind: str) -> None:
    mirror = np.array([1, -1, 1, -1, 1, -1, 1])
    for a, b in zip(
        camera_path(one(kind, "up"), fps=FILM),
        camera_path(one(kind, "down"), fps=FILM),
        strict=True,
    ):
        assert numbers(a) * mirror == pytest.approx(numbers(b), abs=1e-9)


def test_clockwise_round_the_subject_is_seen_from_above() -> None:
    # From above, with the camera at the bottom of the page, clockwise carries it to the left.
    assert end_of(one("orbit", "clockwise")).position[0] < 0.0
    assert end_of(one("arc", "clockwise")).position[0] < 0.0


@pytest.mark.parametrize("way", MOVE_KINDS["orbit"].directions)
@pytest.mark.parametrize("loop", [False, True])
def test_an_orbit_keeps_its_distance_and_the_subject_centred(way: str, loop: bool) -> None:
    for pose in camera_path(one("orbit", way, loop=loop), fps=FILM):
        assert np.linalg.norm(pose.position) == pytest.approx(10.0, abs=1e-9)
        assert off_centre(pose) < 1e-6


def test_an_orbit_goes_round_the_distance_it_is_told() -> None:
    for pose in camera_path(one("orbit", "left"), fps=FILM, subject_distance=4.0):
        assert np.linalg.norm(np.array(pose.position) - [0, 0, 6.0]) == pytest.approx(4.0)


def test_an_arc_draws_nearer_and_keeps_the_subject_centred() -> None:
    distances = [np.linalg.norm(pose.position) for pose in camera_path(one("arc"), fps=FILM)]
    assert np.all(np.diff(distances) <= 0.0)
    end = end_of(one("arc", "right"))
    assert np.linalg.norm(end.position) == pytest.approx(9.2)
    assert end.rotation[1] == pytest.approx(9.0)
    assert off_centre(end) < 1e-6


@pytest.mark.parametrize("kind", ["crane", "spiral"])
def test_crane_and_spiral_keep_the_subject_framed(kind: str) -> None:
    path = camera_path(one(kind), fps=FILM)
    assert max(abs(pose.position[1]) for pose in path) > 0.2
    assert max(off_centre(pose) for pose in path) < 1e-6


def test_a_crane_keeps_the_subject_framed_while_it_dollies() -> None:
    control = several({"type": "crane", "start": 0.0}, {"type": "dolly", "start": 0.0})
    assert max(off_centre(pose) for pose in camera_path(control, fps=FILM)) < 1e-6


@given(
    st.sampled_from(["forward", "backward"]),
    st.floats(0.0, 1.0),
    st.floats(10.0, 200.0),
    st.floats(5.0, 20.0),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_a_dolly_zoom_holds_the_subjects_size(
    way: str, intensity: float, lens: float, distance: float, loop: bool
) -> None:
    control = one("dolly_zoom", way, intensity=intensity, loop=loop)
    path = camera_path(control, fps=FILM, focal_length=lens, subject_distance=distance)
    for pose in path:
        to_subject = pose.position[2] - (10.0 - distance)
        assert pose.focal_length / to_subject == pytest.approx(lens / distance, rel=1e-9)


def test_a_dolly_zoom_after_a_dolly_holds_the_size_it_finds() -> None:
    control = several({"type": "dolly", "duration": 1.0}, {"type": "dolly_zoom", "duration": 1.0})
    path = camera_path(control, fps=FILM)
    sizes = [pose.focal_length / pose.position[2] for pose in path]
    assert sizes[24:] == pytest.approx([50.0 / 8.5] * 24)


@pytest.mark.parametrize(("kind", "way"), EVERY_WAY)
@pytest.mark.parametrize("easing", [None, "linear", "ease_in_cubic", "ease_out_back"])
@pytest.mark.parametrize("seconds", [3.0, 2.03])
def test_a_loop_ends_where_it_began_at_the_same_speed(
    kind: str, way: str | None, easing: str | None, seconds: float
) -> None:
    control = one(kind, way, loop=True, easing=easing, duration=seconds, seed=7)
    h = 1e-4
    times = np.array([0.0, h, 2 * h, seconds - 2 * h, seconds - h, seconds])
    begin, a, b, c, d, end = (numbers(pose) for pose in poses_at(control, times))
    assert end == pytest.approx(begin, abs=1e-9)
    speed_in = (-3 * begin + 4 * a - b) / (2 * h)
    speed_out = (3 * end - 4 * d + c) / (2 * h)
    assert speed_out == pytest.approx(speed_in, abs=2e-3)


@pytest.mark.parametrize(("kind", "way"), EVERY_WAY)
def test_a_loop_that_moves_does_move(kind: str, way: str | None) -> None:
    path = camera_path(one(kind, way, loop=True), fps=FILM)
    assert (kind == "static") == all(pose == HOME for pose in path)


def test_moves_in_turn_add_up_and_stay() -> None:
    control = several(
        {"type": "truck", "direction": "right", "intensity": 1.0, "duration": 1.0},
        {"type": "pan", "direction": "left", "intensity": 1.0, "duration": 1.0},
        {"type": "static", "duration": 1.0},
    )
    path = camera_path(control, fps=FILM)
    assert path[24].position == pytest.approx((0.9, 0.0, 10.0))
    assert path[24].rotation[1] == 0.0
    assert path[48].rotation[1] == pytest.approx(9.0)
    assert all(path[frame] == path[48] for frame in range(48, 72))


def test_moves_at_once_do_both_and_the_order_they_are_written_in_does_not_matter() -> None:
    moves = [
        {"type": "orbit", "start": 0.0, "direction": "up"},
        {"type": "pan", "start": 0.0},
        {"type": "dolly", "start": 0.0},
        {"type": "handheld", "seed": 3},
    ]
    forth = camera_path(several(*moves), fps=FILM)
    back = camera_path(several(*moves[::-1]), fps=FILM)
    for a, b in zip(forth, back, strict=True):
        assert numbers(a) == pytest.approx(numbers(b), abs=1e-9)


def test_a_dolly_after_an_orbit_still_heads_for_the_subject() -> None:
    control = several(
        {"type": "orbit", "intensity": 1.0, "duration": 1.0},
        {"type": "dolly", "intensity": 1.0, "duration": 1.0},
    )
    end = end_of(control)
    assert np.linalg.norm(end.position) == pytest.approx(7.0)
    assert off_centre(end) < 1e-6


def test_a_pan_leaves_the_track_of_the_dolly_alone() -> None:
    control = several({"type": "pan", "start": 0.0}, {"type": "dolly", "start": 0.0})
    assert all(pose.position[0] == 0.0 for pose in camera_path(control, fps=FILM))


move_strategy = st.builds(
    lambda pair, intensity, duration, start, loop, seed: {
        "type": pair[0],
        **({"direction": pair[1]} if pair[1] else {}),
        "intensity": intensity,
        "duration": duration,
        "start": start,
        "loop": loop,
        "seed": seed,
    },
    st.sampled_from(EVERY_WAY),
    st.floats(0.0, 1.0),
    st.floats(0.5, 4.0),
    st.none() | st.floats(0.0, 4.0),
    st.booleans(),
    st.integers(0, 1000),
)


def largest_jump(path: CameraPath) -> tuple[float, float, float]:
    """Largest step between two frames: units, degrees, share of the focal length."""
    turns = path.rotations[:-1].inv() * path.rotations[1:]
    steps = np.linalg.norm(np.diff(path.positions, axis=0), axis=1)
    lens = np.abs(np.diff(np.log(path.focal_lengths)))
    return float(steps.max()), float(np.degrees(turns.magnitude()).max()), float(lens.max())


@given(st.lists(move_strategy, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_nothing_jumps_whatever_is_combined(moves: list[dict[str, Any]]) -> None:
    try:
        path = camera_path(several(*moves), fps=Fraction(100))
    except InvalidInstruction:
        assume(False)
        raise
    # No single move runs faster than this at intensity 1 in half a second.
    units, degrees, lens = largest_jump(path)
    assert units < 0.3 * len(moves)
    assert degrees < 1.6 * len(moves)
    assert lens < 0.12 * len(moves)
    assert path[0] == HOME


def test_the_last_frame_is_one_step_before_the_end() -> None:
    path = camera_path(one("truck", easing="linear", duration=2.0), fps=FILM)
    assert path[47].position[0] == pytest.approx(0.9 * 47 / 48)


def test_every_rate_shows_the_same_shake() -> None:
    slow = camera_path(one("handheld", seed=5), fps=Fraction(12))
    fast = camera_path(one("handheld", seed=5), fps=Fraction(48))
    for frame in range(len(slow)):
        assert numbers(slow[frame]) == pytest.approx(numbers(fast[4 * frame]), abs=1e-9)


def test_a_seed_gives_its_own_shake_each_time() -> None:
    assert camera_path(one("handheld", seed=5), fps=FILM) == camera_path(
        one("handheld", seed=5), fps=FILM
    )
    assert camera_path(one("handheld", seed=5), fps=FILM) != camera_path(
        one("handheld", seed=6), fps=FILM
    )


def test_shake_stays_in_its_band_at_its_strength() -> None:
    times = np.arange(0.0, 200.0, 1 / 60)
    waves = shake(times, seed=11)
    assert np.sqrt(np.mean(waves**2, axis=0)) == pytest.approx(np.ones(6), abs=0.12)
    power = np.abs(np.fft.rfft(waves * np.hanning(len(times))[:, None], axis=0)) ** 2
    frequencies = np.fft.rfftfreq(len(times), 1 / 60)
    inside = (frequencies > 0.27) & (frequencies < 6.1)
    assert power[inside].sum() / power.sum() > 0.999
    # Six channels that do not know of one another.
    assert np.abs(np.corrcoef(waves.T) - np.eye(6)).max() < 0.35


def test_shake_inside_a_clip_sets_in_and_dies_away() -> None:
    control = several(
        {"type": "static", "duration": 6.0},
        {"type": "handheld", "start": 2.0, "duration": 2.0, "intensity": 1.0},
    )
    path = camera_path(control, fps=FILM)
    assert all(path[frame] == HOME for frame in [*range(49), *range(96, 144)])
    assert max(abs(path[frame].rotation[1]) for frame in range(49, 96)) > 0.1
    assert largest_jump(path)[1] < 0.5


def test_shake_lies_on_top_of_a_move() -> None:
    plain = camera_path(one("truck"), fps=FILM)
    shaken = camera_path(
        several({"type": "truck", "intensity": 1.0}, {"type": "handheld", "intensity": 0.5}),
        fps=FILM,
    )
    away = np.abs(plain.positions - shaken.positions)
    assert 0.001 < away.max() < 0.1


def test_moves_that_run_into_the_subject_are_refused() -> None:
    push = {"type": "push_in", "intensity": 1.0, "duration": 1.0}
    assert len(camera_path(several(push, push, push), fps=FILM)) == 72
    with pytest.raises(InvalidInstruction, match="Lower their intensity"):
        camera_path(several(push, push, push, push), fps=FILM)
    with pytest.raises(InvalidInstruction, match="units from the subject"):
        camera_path(one("dolly"), fps=FILM, subject_distance=3.0 / (1.0 - NEAREST_SHARE) - 0.1)


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-24)])
def test_a_rate_that_is_not_positive_is_refused(rate: Fraction) -> None:
    with pytest.raises(InvalidInstruction, match="frame rate"):
        camera_path(MotionControl(), fps=rate)


def test_a_rate_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="120"):
        camera_path(MotionControl(), fps=Fraction(1000))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_lens_or_distance_that_makes_no_sense_is_refused(value: float) -> None:
    with pytest.raises(InvalidInstruction, match="focal length"):
        camera_path(MotionControl(), fps=FILM, focal_length=value)
    with pytest.raises(InvalidInstruction, match="subject distance"):
        camera_path(MotionControl(), fps=FILM, subject_distance=value)


def test_times_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InvalidInstruction, match="finite"):
        poses_at(MotionControl(), np.array([0.0, np.nan]))
