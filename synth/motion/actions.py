"""What subjects can do: one row per action, with its ground speed and its rhythm.

All distances are in heights of the subject, so that a child and a giant walk alike. Speeds lie
below those of real people (who walk 0.8 and run 2 to 4 heights a second): a subject should stay in
a five-second shot. The rhythm grows with speed as in people, whose steps become both longer and
quicker (Hirasaki et al. 1999, https://doi.org/10.1007/s002210050781).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, get_args

from synth.errors import InvalidInstruction
from synth.motion.instructions import Action, Heading

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
HEADINGS: Final[tuple[Heading, ...]] = get_args(Heading)

GRAVITY: Final = 9.81 / 1.7
"""Free fall in subject heights per second squared, as for a person of 1.7 m."""


@dataclass(frozen=True)
class ActionKind:
    """One row of the table of actions. A pair is the value at speed 0 and at speed 1."""

    action: Action
    summary: str
    """What it looks like, as a film-maker says it."""
    speeds: tuple[float, float] | None
    """Ground speed, subject heights per second; None where the subject stays where it is."""
    rhythm: tuple[float, float]
    """Repetitions per second, Hz; what repeats, `beat` says."""
    beat: str
    """What repeats at that rhythm."""

    @property
    def covers_ground(self) -> bool:
        """Whether a direction other than in_place carries the subject away."""
        return self.speeds is not None


_ROWS: Final = (
    ActionKind("walk", "Walks step by step", (0.15, 0.55), (0.7, 1.3), "stride of two steps"),
    ActionKind("run", "Runs, leaning forward", (0.4, 1.2), (1.2, 1.8), "stride of two steps"),
    ActionKind("dance", "Dances on the beat", (0.05, 0.2), (100 / 60, 130 / 60), "beat"),
    ActionKind("jump", "Jumps again and again", (0.2, 0.5), (0.55, 0.72), "jump"),
    ActionKind("fall", "Falls over and stays down", None, (0.8, 1.25), "fall, once"),
    ActionKind("wave", "Waves with one arm", None, (0.9, 2.1), "wave of the hand"),
    ActionKind("sway", "Sways from side to side", None, (0.25, 0.65), "sway to both sides"),
    ActionKind("float", "Rises and drifts weightlessly", (0.05, 0.2), (0.18, 0.35), "drift"),
    ActionKind("turn", "Turns to and fro", None, (0.15, 0.4), "turn to both sides"),
    ActionKind("idle", "Stands and breathes", None, (0.2, 0.4), "breath"),
)

ACTION_KINDS: Final[Mapping[Action, ActionKind]] = MappingProxyType(
    {row.action: row for row in _ROWS}
)
"""The table of actions."""

JUMP_HEIGHTS: Final = (0.1, 0.34)
"""How high the feet rise in a jump at speed 0 and at speed 1, subject heights."""


def ground_speed(action: Action, speed: float) -> float:
    """How fast a subject travels that has a direction, subject heights per second.

    Args:
        action: what it does.
        speed: 0 to 1.
    """
    speeds = _row(action, speed).speeds
    return 0.0 if speeds is None else speeds[0] + (speeds[1] - speeds[0]) * speed


def stride_frequency(action: Action, speed: float) -> float:
    """How often the action repeats, Hz: strides of two steps, beats, jumps, waves.

    Args:
        action: what it does.
        speed: 0 to 1.
    """
    slow, quick = _row(action, speed).rhythm
    return slow + (quick - slow) * speed


def jump_height(speed: float) -> float:
    """How high the feet rise in a jump, subject heights."""
    _row("jump", speed)
    low, high = JUMP_HEIGHTS
    return low + (high - low) * speed


def jump_flight(speed: float) -> float:
    """How long both feet are in the air in one jump, seconds: twice the fall from its height."""
    return 2.0 * math.sqrt(2.0 * jump_height(speed) / GRAVITY)


def _row(action: Action, speed: float) -> ActionKind:
    if action not in ACTION_KINDS:
        raise InvalidInstruction(
            f"There is no action {action!r}. Choose one of {', '.join(ACTIONS)}."
        )
    if not 0.0 <= speed <= 1.0:
        raise InvalidInstruction(
            f"The speed of an action is {speed}; it must be a number from 0 to 1."
        )
    return ACTION_KINDS[action]
