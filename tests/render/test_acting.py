"""What defines each action, measured on the mesh and on the way of the feet."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from synth.motion.actions import ACTIONS, GRAVITY, ground_speed, jump_height, stride_frequency

if TYPE_CHECKING:
    from synth.render.actors import Actor

_SPEC = importlib.util.spec_from_file_location(
    "actors_on_set", Path(__file__).with_name("test_actors.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
SET: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(SET)

SPEEDS = [0.0, 0.3, 0.5, 1.0]
RATE = 60.0


def soles(who: Actor, times: np.ndarray) -> np.ndarray:
    """Mean place of each leg's lowest vertices in subject heights from the start, (T, legs, 3)."""
    home = who.track([0.0])[0]
    found = []
    for time in times:
        legs = [(piece, world) for piece, world in who.vertices(float(time)) if piece.kind == "leg"]
        found.append([world[piece.y < 0.03].mean(axis=0) for piece, world in legs])
    return (np.array(found) - home) / who.height


def head(who: Actor, times: np.ndarray) -> np.ndarray:
    """Mean place of the body's highest vertices, subject heights from the foot's start, (T, 3)."""
    home = who.track([0.0])[0]
    places = []
    for time in times:
        (body,) = [pair for pair in who.vertices(float(time)) if pair[0].kind == "body"]
        places.append(body[1][body[0].y > 0.85].mean(axis=0))
    return (np.array(places) - home) / who.height


def frequency(values: np.ndarray) -> float:
    """The strongest frequency of an oscillation sampled at `RATE`, Hz."""
    trend = np.polyfit(np.arange(len(values)), values, 1)
    swing = (values - np.polyval(trend, np.arange(len(values)))) * np.hanning(len(values))
    spectrum = np.abs(np.fft.rfft(swing, 8 * len(values)))
    return float(np.argmax(spectrum[1:]) + 1) * RATE / (8 * len(values))


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("action", ["walk", "run"])
@pytest.mark.parametrize("direction", ["left_to_right", "right_to_left", "in_place"])
def test_the_feet_step_at_the_documented_rate(action: str, direction: str, speed: float) -> None:
    who = SET.actor(action=action, direction=direction, speed=speed)
    times = np.arange(1.0, 9.0, 1.0 / RATE)
    feet = soles(who, times)
    wanted = stride_frequency(action, speed)  # type: ignore[arg-type]
    for leg in (0, 1):
        assert frequency(feet[:, leg, 1]) == pytest.approx(wanted, rel=0.1)
    # The legs take turns.
    assert np.corrcoef(feet[:, 0, 1], feet[:, 1, 1])[0, 1] < -0.2
    assert frequency(head(who, times)[:, 1]) == pytest.approx(2.0 * wanted, rel=0.1)


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("action", ["walk", "run", "jump", "dance", "float"])
@pytest.mark.parametrize(
    ("direction", "axis", "sign"),
    [
        ("left_to_right", 0, 1),
        ("right_to_left", 0, -1),
        ("away_from_camera", 2, -1),
        ("toward_camera", 2, 1),
    ],
)
def test_ground_is_covered_at_the_documented_speed(
    action: str, direction: str, axis: int, sign: int, speed: float
) -> None:
    who = SET.actor(action=action, direction=direction, speed=speed)
    period = 1.0 / stride_frequency(action, speed)  # type: ignore[arg-type]
    # Over whole periods, after the start and before the camera is near.
    first = period * np.ceil((1.7 if action == "float" else 0.8) / period)
    one, other = who.track([first, first + period])
    covered = sign * (other - one)[axis] / who.height / period
    assert covered == pytest.approx(ground_speed(action, speed), rel=0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize("speed", SPEEDS)
def test_standing_feet_do_not_slide(speed: float) -> None:
    who = SET.actor(action="walk", direction="left_to_right", speed=speed)
    times = np.arange(1.0, 4.0, 1.0 / RATE)
    feet = soles(who, times)
    pace = np.abs(np.diff(feet[:, :, 0], axis=0)) * RATE
    standing = (feet[1:, :, 1] < 0.025) & (feet[:-1, :, 1] < 0.025)
    assert standing.mean() > 0.35
    assert np.median(pace[standing]) < 0.15 * ground_speed("walk", speed)
    # One foot stands nearly always.
    assert (standing.any(axis=1)).mean() > 0.85


@pytest.mark.parametrize("action", ACTIONS)
def test_in_place_nothing_drifts(action: str) -> None:
    who = SET.actor(action=action, direction="in_place", speed=0.8)
    early, late = who.track(np.arange(0.0, 4.0, 0.05)), who.track(np.arange(60.0, 64.0, 0.05))
    for axis in (0, 2):
        assert np.abs(late[:, axis] - early[0, axis]).max() < 0.12 * who.height
    if action != "float":
        assert np.array_equal(late[:, [0, 2]], np.broadcast_to(early[0, [0, 2]], late[:, :2].shape))


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_jerks(action: str) -> None:
    """The start is soft, and no vertex leaps from one frame to the next."""
    who = SET.actor(action=action, direction="left_to_right", speed=0.7)
    last = np.concatenate([world for _, world in who.vertices(0.0)]) / who.height
    first = 0.0
    for frame in range(1, 151):
        now = np.concatenate([world for _, world in who.vertices(frame / RATE)]) / who.height
        step = float(np.abs(now - last).max())
        first = first or step
        assert step < 0.13
        last = now
    assert first < 0.02


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_jump_is_a_parabola_and_the_feet_come_back(speed: float) -> None:
    who = SET.actor(action="jump", direction="in_place", speed=speed)
    period = 1.0 / stride_frequency("jump", speed)
    times = np.arange(0.0, period, 1.0 / 240.0)
    up = (who.track(times)[:, 1] - who.track([0.0])[0, 1]) / who.height
    flying = up > 1e-9
    curve = np.polyfit(times[flying], up[flying], 2)
    assert np.abs(np.polyval(curve, times[flying]) - up[flying]).max() < 0.002
    assert curve[0] == pytest.approx(-GRAVITY / 2.0, rel=0.02)
    assert up.max() == pytest.approx(jump_height(speed), rel=0.02)
    assert (up[~flying] == 0.0).all()
    still = soles(who, np.array([0.0]))[0]
    for count in (1, 2, 3):
        assert np.allclose(soles(who, np.array([count * period]))[0], still, atol=0.01)
    # It gathers itself before, and gives after.
    tops = head(who, times)[:, 1]
    start = int(np.argmax(flying))
    end = len(times) - int(np.argmax(flying[::-1]))
    assert tops[:start].min() < tops[0] - 0.04
    assert tops[end:].min() < tops[0] - 0.03


@pytest.mark.parametrize("legs", [True, False])
@pytest.mark.parametrize("direction", ["in_place", "left_to_right", "right_to_left",
                                       "toward_camera", "away_from_camera"])  # fmt: skip
@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_who_falls_gathers_speed_ends_low_and_stays(
    direction: str, speed: float, legs: bool
) -> None:
    who = SET.actor(SET.figure(legs=legs), action="fall", direction=direction, speed=speed)
    seconds = 1.0 / stride_frequency("fall", speed)
    places = head(who, np.array([0.0, 0.5, 0.75, 0.95, 1.0]) * seconds)
    drops = -np.diff(places[:, 1]) / np.array([0.5, 0.25, 0.2, 0.05])
    assert drops[0] < drops[1] < drops[2]
    after = head(who, np.linspace(seconds + 2.5, 30.0, 20))
    assert after[:, 1].max() < 0.35 * places[0, 1]
    assert np.ptp(after, axis=0).max() < 0.01
    for sign, name in ((1.0, "left_to_right"), (-1.0, "right_to_left")):
        if direction == name:
            assert sign * after[-1, 0] > 0.5
    if direction == "toward_camera":
        assert after[-1, 2] > 0.3
    if direction == "away_from_camera":
        assert after[-1, 2] < -0.3
    # Nothing sinks into the ground.
    lowest = min(world[:, 1].min() for _, world in who.vertices(20.0))
    assert (lowest - who.track([0.0])[0, 1]) / who.height > -0.12


def test_the_arm_that_is_up_waves_and_the_feet_stay() -> None:
    who = SET.actor(action="wave", speed=0.5)
    times = np.arange(1.0, 5.0, 1.0 / RATE)
    tips = []
    for time in times:
        arm = [p for p in who.vertices(float(time)) if p[0].kind == "arm" and p[0].number == 1]
        piece, world = arm[0]
        tips.append(world[piece.reach > 0.9].mean(axis=0) / who.height)
    across = np.array(tips)[:, 0]
    assert np.ptp(across) > 0.1
    assert frequency(across) == pytest.approx(stride_frequency("wave", 0.5), rel=0.1)
    feet = soles(who, times)
    assert np.ptp(feet[:, :, 0]) - np.ptp(feet[0, :, 0]) < 0.03


def test_a_dance_keeps_the_beat() -> None:
    for speed in SPEEDS:
        who = SET.actor(action="dance", speed=speed)
        bounce = head(who, np.arange(2.0, 12.0, 1.0 / RATE))[:, 1]
        assert frequency(bounce) == pytest.approx(stride_frequency("dance", speed), rel=0.05)


def test_one_who_turns_grows_narrower_but_never_a_line() -> None:
    who = SET.actor(action="turn", speed=1.0)
    widths = []
    for time in np.arange(0.0, 5.0, 0.05):
        (body,) = [world for piece, world in who.vertices(float(time)) if piece.kind == "body"]
        widths.append(np.ptp(body[:, 0]))
    share = np.array(widths) / widths[0]
    assert share.min() < 0.85
    assert share.min() > 0.35


def test_one_who_floats_leaves_the_ground_and_one_who_breathes_does_not() -> None:
    floating = SET.actor(action="float", speed=0.5)
    up = (floating.track(np.arange(2.0, 8.0, 0.1))[:, 1] - floating.track([0.0])[0, 1]) / (
        floating.height
    )
    assert up.min() > 0.08
    breathing = SET.actor(action="idle", speed=0.5)
    tops = head(breathing, np.arange(0.0, 8.0, 0.1))
    assert 0.001 < np.ptp(tops[:, 1]) < 0.03
    assert np.ptp(tops[:, 0]) < 0.08


@pytest.mark.parametrize("action", ["walk", "run"])
def test_the_body_leans_the_way_it_goes_the_more_the_quicker(action: str) -> None:
    def lean(speed: float, direction: str) -> float:
        who = SET.actor(action=action, direction=direction, speed=speed)
        times = np.arange(2.0, 6.0, 0.05)
        root = (who.track(times) - who.track([0.0])[0]) / who.height
        return float((head(who, times)[:, 0] - root[:, 0]).mean() - head(who, np.zeros(1))[0, 0])

    assert lean(1.0, "left_to_right") > lean(0.0, "left_to_right") > 0.0
    assert lean(1.0, "right_to_left") < lean(0.0, "right_to_left") < 0.0
