"""Exact time: rates, positions, ramps, sound."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from synth.camera.easing import EASINGS
from synth.errors import InvalidInstruction, LimitExceeded
from synth.flow.rates import exact, frame_rate, rate_name
from synth.flow.settings import RetimeSettings
from synth.flow.timing import RampedTime, SteadyTime, time_map

RATES = ("12", "23.976", "24", "25", "29.97", "30", "48", "50", "59.94", "60")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (60, Fraction(60)),
        (23.976, Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        (Fraction(25, 2), Fraction(25, 2)),
        ("24.5", Fraction(49, 2)),
        (24.0, Fraction(24)),
    ],
)
def test_a_rate_is_what_people_mean_by_it(written: object, meant: Fraction) -> None:
    assert frame_rate(written) == meant  # type: ignore[arg-type]
    assert frame_rate(rate_name(meant)) == meant


@pytest.mark.parametrize("wrong", ["fast", "1e9", "1/0", float("nan"), True, None, "0.5", -24, 0])
def test_what_is_no_rate_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInstruction, match="frame rate"):
        frame_rate(wrong)  # type: ignore[arg-type]


def test_a_rate_too_high_says_the_limit() -> None:
    with pytest.raises(LimitExceeded, match=r"240.*120"):
        frame_rate(240)


def test_floats_are_taken_for_what_was_written() -> None:
    assert exact(0.1) == Fraction(1, 10)
    assert exact(1 / 3) == Fraction(1, 3)
    assert exact(1 / 16) == Fraction(1, 16)
    assert exact(12.3456789) == Fraction("12.3456789")


@pytest.mark.parametrize("target", RATES)
@pytest.mark.parametrize("source", RATES)
def test_frames_and_positions_are_exact_for_every_pair_of_rates(source: str, target: str) -> None:
    fps, rate = frame_rate(source), frame_rate(target)
    for pictures in (1, 7, 240, 36000):
        clock = time_map(RetimeSettings.from_values(target_fps=target), fps)
        end = pictures / fps
        frames = clock.frames_until(end)
        assert frames == 1 or abs(frames - end * rate) <= Fraction(1, 2)
        last = clock.positions(frames - 1, 1)[0]
        assert last == (frames - 1) / rate
        assert last < end or frames == 1
    assert clock.positions(0, 3) == [k / rate for k in range(3)]


@given(
    speed=st.sampled_from([1 / 16, 0.1, 0.25, 1 / 3, 0.5, 0.96, 1.0, 2.0, 4.7, 16.0]),
    start=st.sampled_from([0.0, 0.1, 2.5]),
    source=st.sampled_from(RATES),
    target=st.sampled_from(RATES),
)
def test_one_speed_is_arithmetic(speed: float, start: float, source: str, target: str) -> None:
    request = RetimeSettings.from_values({"start": start, "speed": speed, "target_fps": target})
    clock = time_map(request, frame_rate(source))
    step = exact(speed) / frame_rate(target)
    assert clock.positions(5, 2) == [exact(start) + 5 * step, exact(start) + 6 * step]
    end = exact(start) + 10
    assert clock.frames_until(end) == int(10 / step + Fraction(1, 2))
    (piece,) = clock.tempo(end)
    assert (piece.source_start, piece.source_seconds) == (exact(start), 10)


def ramp(*keys: tuple, start: float = 0.0, target: int = 60) -> RampedTime:
    request = RetimeSettings.from_values({"start": start}, speed_curve=keys, target_fps=target)
    clock = time_map(request, Fraction(24))
    assert isinstance(clock, RampedTime)
    return clock


def test_keys_of_one_speed_are_no_ramp() -> None:
    clock = time_map(RetimeSettings.from_values(speed_curve=[(0, 0.5), (2, 0.5)]), Fraction(24))
    assert clock == SteadyTime(Fraction(24), Fraction(0), Fraction(1, 2))


def test_a_linear_ramp_follows_its_closed_form() -> None:
    clock = ramp((1, 1), (3, 0.25))
    slope = -0.375
    shown = 1 + np.log(0.25) / slope
    assert clock.shown(Fraction(3)) == pytest.approx(shown, abs=1e-12)
    for k, position in enumerate(clock.positions(0, 400)):
        t = k / 60
        if t <= 1:
            wanted = t
        elif t <= shown:
            wanted = 1 + (np.exp(slope * (t - 1)) - 1) / slope
        else:
            wanted = 3 + 0.25 * (t - shown)
        assert float(position) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("easing", EASINGS)
def test_a_ramp_is_the_integral_of_its_speed(easing: str) -> None:
    clock = ramp((0.5, 1.0, easing), (3, 1 / 16))

    def pace(moment: float) -> float:
        return 1.0 / clock.speed(np.array([moment]))[0]

    edges = [0.5, 1.0, 1.75, 2.5, 2.9, 3.0]
    wanted = 0.5 + sum(
        quad(pace, a, b, epsabs=1e-11, epsrel=1e-11, limit=200)[0] for a, b in pairwise(edges)
    )
    assert clock.shown(Fraction(3)) == pytest.approx(wanted, abs=2e-8)
    positions = clock.positions(0, 900)
    assert all(a < b for a, b in pairwise(positions))
    for k in (1, 77, 300, 899):
        assert clock.shown(positions[k]) == pytest.approx(k / 60, abs=1e-9)


def test_blocks_of_positions_meet() -> None:
    clock = ramp((0, 2, "ease_in_out"), (1, 0.1), (2, 3))
    whole = clock.positions(0, 600)
    parts = [p for first in range(0, 600, 150) for p in clock.positions(first, 150)]
    assert whole == parts


def test_a_part_of_a_ramp_is_the_ramp_from_there_on() -> None:
    whole = ramp((0, 1), (2, 0.25))
    part = ramp((0, 1), (2, 0.25), start=1.0)
    assert part.positions(0, 1) == [1]
    ahead = whole.shown(Fraction(1))
    for k, position in enumerate(part.positions(0, 90)):
        assert whole.shown(position) - ahead == pytest.approx(k / 60, abs=1e-9)


def test_a_swing_beyond_the_keys_is_held_at_the_slowest_speed() -> None:
    clock = ramp((0, 1 / 16, "ease_in_back"), (2, 4))
    moments = np.linspace(0, 2, 5000)
    assert clock.speed(moments).min() == 1 / 16
    assert clock.frames_until(Fraction(2)) > 0


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from([1 / 16, 0.3, 1.0, 5.0, 16.0]), st.sampled_from(list(EASINGS))),
        min_size=2, max_size=5,
    ),
    st.sampled_from([0.0, 0.4, 1.7]),
)  # fmt: skip
def test_sound_runs_as_the_pictures_do(keys: list[tuple[float, str]], start: float) -> None:
    request = RetimeSettings.from_values(
        {"start": start}, speed_curve=[(k * 0.5, *key) for k, key in enumerate(keys)]
    )
    clock = time_map(request, Fraction(24))
    end = Fraction(4)
    pieces = clock.tempo(end)
    assert pieces[0].source_start == exact(start)
    for piece, following in pairwise(pieces):
        assert piece.source_start + piece.source_seconds == following.source_start
    assert pieces[-1].source_start + pieces[-1].source_seconds == end
    assert len(pieces) <= 700
    played = 0.0
    for piece in pieces:
        assert 1 / 16 - 1e-9 <= piece.speed <= 16 + 1e-9
        assert clock.shown(piece.source_start) == pytest.approx(played, abs=1e-8)
        played += float(piece.source_seconds) / piece.speed
    assert played == pytest.approx(clock.shown(end), abs=1e-8)


def test_pieces_of_a_ramp_step_too_little_to_be_heard() -> None:
    speeds = [piece.speed for piece in ramp((0, 1), (2, 0.25)).tempo(Fraction(4))]
    assert max(max(a / b, b / a) for a, b in pairwise(speeds)) < 1.006


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"speed": 20}, "speed is 20; it must be at most 16"),
        ({"speed": 0.01}, "must be at least 0.0625"),
        ({"sped": 1}, "no setting 'sped'. Did you mean 'speed'"),
        ({"speed_curve": [(1, 1), (1, 2)]}, "in the order of time"),
        ({"speed_curve": [(1, 1, "bouncy")]}, "no easing called 'bouncy'"),
        ({"speed_curve": "fast"}, "must be a list"),
        ({"target_fps": "abc"}, "is not a number"),
        ({"start": -1}, "must be at least 0"),
        ({"format": "avi"}, "format is 'avi'"),
    ],
)
def test_wrong_requests_say_what_is_wrong(values: dict, said: str) -> None:
    with pytest.raises(InvalidInstruction, match=said):
        RetimeSettings.from_values(values)


def test_what_is_named_goes_before_the_settings_and_a_request_survives_json() -> None:
    request = RetimeSettings.from_values(
        {"target_fps": 24, "speed": 0.5, "sound": "varispeed"},
        target_fps=23.976,
        speed_curve=[(0, 1, "easeInOut"), {"time": 1, "speed": 2}],
    )
    assert request.rate == Fraction(24000, 1001)
    assert (request.speed, request.sound) == (0.5, "varispeed")
    assert request.speed_curve[0].ease == "ease_in_out"
    assert RetimeSettings.from_values(request.to_dict()) == request
    assert RetimeSettings.from_values(request) == request


@pytest.mark.parametrize("speed", [1 / 16, 0.3, 1.0, 2.0, 16.0])
@pytest.mark.parametrize("rate", RATES)
def test_sound_and_pictures_end_within_a_frame_after_ten_minutes(rate: str, speed: float) -> None:
    fps = frame_rate("23.976")
    end = round(600 * fps) / fps
    for values in ({"speed": speed}, {"speed_curve": [(0, 1), (60, speed), (500, 2.0)]}):
        clock = time_map(RetimeSettings.from_values(values, target_fps=rate), fps)
        heard = sum(float(piece.source_seconds) / piece.speed for piece in clock.tempo(end))
        seen = clock.frames_until(end) / clock.rate
        assert abs(heard - seen) <= 0.5 / clock.rate + 1e-7
