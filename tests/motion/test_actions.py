"""The table of actions: every word has a row, and its figures are what the documentation says."""

from __future__ import annotations

import pytest

from synth.errors import InvalidInstruction
from synth.motion.actions import (
    ACTION_KINDS,
    ACTIONS,
    GRAVITY,
    ground_speed,
    jump_flight,
    jump_height,
    stride_frequency,
)


def test_every_action_has_a_row() -> None:
    assert tuple(ACTION_KINDS) == ACTIONS
    assert all(kind.summary and kind.beat for kind in ACTION_KINDS.values())


@pytest.mark.parametrize(
    ("action", "speed", "ground", "rhythm"),
    [
        ("walk", 0.0, 0.15, 0.7),
        ("walk", 0.5, 0.35, 1.0),
        ("walk", 1.0, 0.55, 1.3),
        ("run", 0.0, 0.4, 1.2),
        ("run", 0.5, 0.8, 1.5),
        ("run", 1.0, 1.2, 1.8),
        ("dance", 0.5, 0.125, 115 / 60),
        ("idle", 1.0, 0.0, 0.4),
        ("fall", 0.5, 0.0, 1.025),
    ],
)
def test_documented_figures(action: str, speed: float, ground: float, rhythm: float) -> None:
    assert ground_speed(action, speed) == pytest.approx(ground)  # type: ignore[arg-type]
    assert stride_frequency(action, speed) == pytest.approx(rhythm)  # type: ignore[arg-type]


def test_only_some_actions_cover_ground() -> None:
    moving = {name for name, kind in ACTION_KINDS.items() if kind.covers_ground}
    assert moving == {"walk", "run", "dance", "jump", "float"}
    for name, kind in ACTION_KINDS.items():
        assert (ground_speed(name, 0.7) > 0.0) == kind.covers_ground


def test_a_jump_falls_as_a_body_of_that_size_falls() -> None:
    for speed in (0.0, 0.4, 1.0):
        half = jump_flight(speed) / 2.0
        assert GRAVITY * half * half / 2.0 == pytest.approx(jump_height(speed))
        assert jump_flight(speed) < 0.75 / stride_frequency("jump", speed)


@pytest.mark.parametrize("speed", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_speed_outside_its_range_is_refused(speed: float) -> None:
    for ask in (lambda: ground_speed("walk", speed), lambda: jump_height(speed)):
        with pytest.raises(InvalidInstruction, match="from 0 to 1"):
            ask()


def test_an_unknown_action_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInstruction, match="walk, run"):
        stride_frequency("swim", 0.5)  # type: ignore[arg-type]
