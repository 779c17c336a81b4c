"""Frame rates and numbers as people write them, made exact."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final, TypeAlias

from synth.errors import InvalidInstruction, LimitExceeded
from synth.explain import short
from synth.limits import LIMITS

RateLike: TypeAlias = int | float | str | Fraction
"""A frame rate in any spelling: 60, 23.976, "30000/1001", Fraction(25)."""

SLOWEST_RATE: Final = 1
"""Lowest frame rate written, frames per second."""

_PLAIN = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,12}|/[0-9]{1,300})?")
_POWER_OF_TEN = re.compile(r"[+-]?[0-9.]{1,40}[eE][+-]?[0-9]{1,20}")
_TELEVISION: Final = (12, 15, 24, 30, 48, 60, 72, 90, 96, 120)
"""Rates that television runs a thousandth slow (SMPTE ST 12-1: 24 becomes 24000/1001)."""
_CLOSE: Final = Fraction(5, 1000)
"""How far from such a rate a written number may be: 23.976, 23.98 and 29.97 are all meant so."""


def exact(value: float) -> Fraction:
    """The fraction a person meant by a float: 0.1 is a tenth, 0.3333333333333333 a third."""
    near = Fraction(value).limit_denominator(1000)
    return near if float(near) == value else Fraction(repr(float(value)))


def frame_rate(value: RateLike) -> Fraction:
    """The exact rate that is meant: 23.976 and "23.98" are 24000/1001, 24.5 is 49/2.

    Raises ``InvalidInstruction`` for what is no rate and ``LimitExceeded`` for one too high.
    """
    rate = _as_fraction(value)
    if rate is None:
        power = isinstance(value, str) and _POWER_OF_TEN.fullmatch(value.strip())
        wrong = "is written as a power of ten" if power else "is not a number"
        raise InvalidInstruction(
            f"The frame rate {short(value)} {wrong}. Write one like 60, 23.976 or 30000/1001, "
            f"from {SLOWEST_RATE} to {LIMITS.video_fps} frames a second."
        )
    if rate > LIMITS.video_fps:
        raise LimitExceeded(
            f"The frame rate is {_told(rate)}; the limit is {LIMITS.video_fps} frames a second."
        )
    whole = abs(rate - round(rate)) < Fraction(1, 1000)
    if not whole and rate.denominator != 1001:
        for number in _TELEVISION:
            slow = Fraction(number * 1000, 1001)
            if abs(rate - slow) <= _CLOSE:
                rate = slow
    if rate < SLOWEST_RATE:
        raise InvalidInstruction(
            f"The frame rate is {_told(rate)}; it must be at least {SLOWEST_RATE}."
        )
    return rate.limit_denominator(1_000_000)


def rate_name(rate: Fraction) -> str:
    """A rate as people say it: "24", "23.976", "12.5"."""
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")


def _told(rate: Fraction) -> str:
    """A rate in a message; Python cannot make a float of a very large one."""
    return f"{float(rate):g}" if abs(rate) < 10**15 else short(round(rate))


def _as_fraction(value: object) -> Fraction | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Fraction)):
        return Fraction(value)
    if isinstance(value, float):
        return exact(value) if math.isfinite(value) else None
    # Fraction would spend minutes and gigabytes on "1e999999999".
    if isinstance(value, str) and _PLAIN.fullmatch(value.strip()):
        try:
            return Fraction(value.strip())
        except ZeroDivisionError:
            return None
    return None
