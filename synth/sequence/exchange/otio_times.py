"""Times and texts of a timeline's plain values, checked: they come from outside."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Final

from synth.errors import InvalidInstruction
from synth.explain import short
from synth.sequence.times import MOST_TICKS, RationalTime, exact_rate
from synth.shot.model import FRAME_RATES, FrameRate, as_rate_name

_LONGEST: Final = 10 * 24 * 3600


def seconds_of(time: Any, what: str) -> Fraction:
    """Seconds of a ``RationalTime``'s plain values; raises ``InvalidInstruction``."""
    value, rate = _numbers(time, what)
    name = rate_name(rate)
    exact = exact_rate(name) if name is not None else Fraction(rate).limit_denominator(1_000_000)
    found = Fraction(value).limit_denominator(1_000_000) / exact
    if abs(found) > _LONGEST:
        raise InvalidInstruction(f"{what} is {float(found):.3g} seconds; the limit is ten days.")
    return found


def own_time(time: Any, what: str, fps: FrameRate) -> RationalTime:
    """Our time of a ``RationalTime``: as it stands where we can hold it, else in film frames."""
    value, rate = _numbers(time, what)
    name = rate_name(rate)
    if name is not None and value == int(value) and 0 <= value <= MOST_TICKS:
        return RationalTime.of(int(value), name)
    return RationalTime.of(max(0, round(seconds_of(time, what) * exact_rate(fps))), fps)


def four_of(span: Any) -> list[float]:
    """The four numbers of a ``TimeRange``'s plain values; empty where they are none."""
    if not isinstance(span, dict):
        return []
    found: list[float] = []
    for part in ("start_time", "duration"):
        found += two_of(span.get(part))
    return found if len(found) == 4 else []


def two_of(time: Any) -> list[float]:
    """Value and rate of a ``RationalTime``; empty where they are none."""
    if not isinstance(time, dict):
        return []
    value, rate = time.get("value"), time.get("rate")
    if isinstance(value, int | float) and isinstance(rate, int | float):
        return [float(value), float(rate)]
    return []


def rate_name(rate: float | str) -> FrameRate | None:
    """Our name of a frame rate, or None for one that we do not have."""
    name = as_rate_name(rate)
    return next((known for known in FRAME_RATES if known == name), None)


def nearest_rate(rate: float) -> FrameRate:
    """Our frame rate that is next to any other."""
    return min(FRAME_RATES, key=lambda name: abs(math.log(float(exact_rate(name)) / rate)))


def text_of(values: Any, key: str, most: int = 200) -> str:
    """A text among plain values, on one line; empty where there is none."""
    found = values.get(key) if isinstance(values, dict) else None
    if not isinstance(found, str):
        return ""
    return "".join(c for c in found if c.isprintable())[:most]


def _numbers(time: Any, what: str) -> tuple[float, float]:
    both = two_of(time)
    if not both or not 0.01 <= both[1] <= 1_000_000_000 or not math.isfinite(both[0]):
        raise InvalidInstruction(f"{what} is {short(time)}, which is no time.")
    return both[0], both[1]
