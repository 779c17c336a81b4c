"""Time as editors' files keep it: a whole number of ticks and how many there are a second.

The words and the two shapes are OpenTimelineIO's (https://opentimelineio.readthedocs.io).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Self

from pydantic import BeforeValidator, Field

from synth.errors import InvalidInstruction
from synth.explain import short
from synth.sequence.values import Value
from synth.shot.model import FrameRate, OutputSettings, as_rate_name

MOST_TICKS = 10_000_000
"""Largest number of ticks in one time: days at any frame rate."""


def exact_rate(name: FrameRate) -> Fraction:
    """Frames per second of a rate's name, exact: "23.976" is 24000/1001."""
    return OutputSettings(fps=name).rate


class RationalTime(Value):
    """A moment or a length: ``value`` ticks of 1 / ``rate`` seconds."""

    value: int = Field(ge=0, le=MOST_TICKS, description="Number of ticks, such as frames.")
    rate: Annotated[FrameRate, BeforeValidator(as_rate_name)] = Field(
        default="24", description="Ticks per second."
    )

    @property
    def seconds(self) -> Fraction:
        """The time in seconds, exact."""
        return self.value / exact_rate(self.rate)

    def frames(self, rate: Fraction) -> int:
        """The nearest whole number of frames at another rate."""
        return round(self.seconds * rate)

    @classmethod
    def of(cls, frames: int, rate: FrameRate) -> Self:
        """``frames`` at ``rate``."""
        return cls(value=frames, rate=rate)


class TimeRange(Value):
    """A part of something: where it begins and how long it is."""

    start_time: RationalTime = Field(description="First moment.")
    duration: RationalTime = Field(description="Length.")


def at_least_0(name: str, value: object) -> float:
    """Seconds that a person gave under this name, from 0; raises ``InvalidInstruction``."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= float(value) < 100_000:  # type: ignore[arg-type]
        raise InvalidInstruction(f"{name} is {short(value)}; give seconds from 0.")
    return float(value)  # type: ignore[arg-type]


def said_seconds(name: str, value: object) -> Fraction:
    """A length in seconds, exact; raises ``InvalidInstruction``."""
    if at_least_0(name, value) <= 0:
        raise InvalidInstruction(f"{name} is {short(value)}; give a length above 0 seconds.")
    return Fraction(str(value))
