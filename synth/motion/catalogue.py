"""Every camera move: its directions, how far it goes at intensity 1, and how it starts and stops.

This table is the one place where those numbers stand. Distances are modest on purpose: a single
photo shows its best within about a tenth of the distance to its subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from synth.camera.shake import HANDHELD_DEGREES

MoveType = Literal[
    "static",
    "dolly",
    "truck",
    "pedestal",
    "pan",
    "tilt",
    "roll",
    "zoom",
    "dolly_zoom",
    "orbit",
    "arc",
    "crane",
    "spiral",
    "handheld",
    "push_in",
    "pull_out",
]
"""What the camera does, in the film trade's words."""

Direction = Literal[
    "forward", "backward", "left", "right", "up", "down", "clockwise", "counterclockwise"
]
"""Which way it does it."""

MOVE_TYPES: Final[tuple[MoveType, ...]] = get_args(MoveType)
DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)


_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "static": "a static camera",
        "handheld": "a handheld camera",
        "orbit": "an orbit",
        "arc": "an arc",
    }
)


@dataclass(frozen=True)
class MoveKind:
    """One row of the table of moves."""

    type: MoveType
    summary: str
    """What it does, as a film-maker says it."""
    directions: tuple[Direction, ...]
    """Directions it can take; the first is the default. Empty for a move that has none."""
    amplitude: float
    """How far it goes at intensity 1, in ``unit``; a lower intensity goes that share of the way."""
    unit: str
    """"units" of the scene (a tenth of the distance to the subject), "degrees" or "times"."""
    easing: str
    """Easing taken when the move does not name one."""

    @property
    def label(self) -> str:
        """Its name in a sentence: "a dolly zoom"."""
        return _LABELS.get(self.type, f"a {self.type.replace('_', ' ')}")

    @property
    def default_direction(self) -> Direction | None:
        """The direction taken when the move does not name one."""
        return self.directions[0] if self.directions else None


_SOFT: Final = "ease_in_out_sine"

_ROWS: Final[tuple[MoveKind, ...]] = (
    MoveKind("static", "Nothing moves.", (), 0.0, "units", "linear"),
    MoveKind(
        "dolly",
        "The camera travels in or out on its track; left and right are the sideways track.",
        ("forward", "backward", "left", "right"),
        3.0,
        "units",
        _SOFT,
    ),
    MoveKind("truck", "The camera travels sideways.", ("right", "left"), 0.9, "units", _SOFT),
    MoveKind(
        "pedestal",
        "The camera rises or sinks without turning.",
        ("up", "down"),
        0.6,
        "units",
        _SOFT,
    ),
    MoveKind(
        "pan",
        "The camera turns left or right where it stands.",
        ("right", "left"),
        9.0,
        "degrees",
        _SOFT,
    ),
    MoveKind(
        "tilt",
        "The camera turns up or down where it stands.",
        ("up", "down"),
        5.0,
        "degrees",
        _SOFT,
    ),
    MoveKind(
        "roll",
        "The camera turns about its lens, seen from behind it.",
        ("clockwise", "counterclockwise"),
        12.0,
        "degrees",
        _SOFT,
    ),
    MoveKind(
        "zoom",
        "The lens grows longer (forward) or shorter (backward); the camera stays.",
        ("forward", "backward"),
        1.6,
        "times",
        _SOFT,
    ),
    MoveKind(
        "dolly_zoom",
        "The camera travels in or out while the lens holds the subject's size.",
        ("forward", "backward"),
        3.0,
        "units",
        _SOFT,
    ),
    MoveKind(
        "orbit",
        "The camera circles the subject at one distance and keeps it centred; clockwise is seen "
        "from above.",
        ("right", "left", "up", "down", "clockwise", "counterclockwise"),
        6.0,
        "degrees",
        _SOFT,
    ),
    MoveKind(
        "arc",
        "The camera swings round the subject on a curve that draws a little nearer.",
        ("right", "left", "clockwise", "counterclockwise"),
        9.0,
        "degrees",
        _SOFT,
    ),
    MoveKind(
        "crane",
        "The camera rises or sinks and tilts to keep the subject framed.",
        ("up", "down"),
        1.0,
        "units",
        _SOFT,
    ),
    MoveKind(
        "spiral",
        "The camera winds round its line of sight while it travels in (or, backward, out).",
        ("forward", "backward", "clockwise", "counterclockwise"),
        2.0,
        "units",
        _SOFT,
    ),
    MoveKind(
        "handheld",
        "Small shake of a camera carried by hand, on top of any other move.",
        (),
        HANDHELD_DEGREES,
        "degrees",
        "linear",
    ),
    MoveKind(
        "push_in",
        "The camera eases in towards the subject.",
        ("forward",),
        3.0,
        "units",
        "smootherstep",
    ),
    MoveKind(
        "pull_out",
        "The camera eases away from the subject.",
        ("backward",),
        3.0,
        "units",
        "smootherstep",
    ),
)

MOVE_KINDS: Final[Mapping[MoveType, MoveKind]] = MappingProxyType({row.type: row for row in _ROWS})
"""The table of moves, by type."""

ARC_APPROACH: Final = 0.8
"""How much nearer an arc at intensity 1 comes to the subject, scene units."""

SPIRAL_RADIUS: Final = 0.35
"""Widest distance of a spiral at intensity 1 from its axis, scene units."""

SPIRAL_TURNS: Final = 1.5
"""Turns of a spiral. A half turn left over lets a looped spiral run through its start smoothly."""

ORBIT_LOOP_RISE: Final = 0.25
"""Height of a looped orbit's closed curve as a share of its width."""
