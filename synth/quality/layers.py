"""More than one moment in a picture: blended frames, trails, torn frames."""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.quality.model import Span
from synth.quality.pacing import blends
from synth.quality.reading import Reading, share_of
from synth.quality.signals import Signals

_MIXED: Final = (0.35, 0.65)
"""Share of a blend from which a frame begins to count, and fully counts."""
_SEEN_MOVING: Final = (0.8, 1.6)
"""Speed, into the frame or out of it, from which a blend begins to be seen, and is; pixels at 720
lines. Of what creeps, coders keep so little in some frames that these look like blends."""
_OWN: Final = 0.2
"""A frame with more detail of its own is no blend, however much those around it have."""
_TORN: Final = (0.12, 0.25)
"""Share of the height from which a torn frame begins to count, and fully counts. Less than that
coders leave standing at the edge of a picture whose middle moves."""
_TORN_ROWS: Final = 14.0
"""Rows that a torn frame has to leave standing at least: of a few, in a small picture, nothing can
be told."""
_MOVING: Final = 0.05
"""Share of the picture that has to move for its echo to be told."""


def _marks(weights: np.ndarray, signals: Signals) -> list[Span]:
    step = 1.0 / signals.fps if signals.fps else 0.0
    return [
        Span(float(signals.times[i]), float(signals.times[i]) + step)
        for i in np.flatnonzero(weights >= 0.5)
    ]


def _ramp(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    low, high = ends
    return np.clip((np.nan_to_num(values) - low) / (high - low), 0.0, 1.0)


def ghosts(signals: Signals) -> Reading:
    """Share of frames that are blends of their neighbours, 0 to 1.

    A frame counts whose own share of detail is small and far below what the frames around it have,
    where something moves so fast that a blend is seen as double.
    """
    blend = blends(signals)
    speed = np.nan_to_num(signals.speed)
    speed = np.maximum(speed, np.append(speed[1:], 0.0)[: len(speed)])
    weights = _ramp(blend, _MIXED) * _ramp(speed, _SEEN_MOVING)
    weights[np.nan_to_num(signals.own, nan=1.0) > _OWN] = 0.0
    share, _ = share_of(weights, np.isfinite(blend), signals.fps)
    return Reading(
        "ghosts", share, signals.times, blend, "",
        "How much a frame is a blend of its neighbours",
        marks=_marks(weights, signals), known=bool(np.isfinite(blend).any()),
    )  # fmt: skip


def trails(signals: Signals) -> Reading:
    """Share of the picture before that stays in the next one, 0 to 1."""
    echo = np.where(signals.echoing >= _MOVING, signals.echo, np.nan).astype(np.float32)
    known = np.isfinite(echo)
    value = 0.0
    # One frame alone may be misled by what repeats itself.
    if known.sum() >= 2:
        weights = signals.echoing[known].astype(np.float64)
        value = max(float((weights * echo[known]).sum() / weights.sum()), 0.0)
    return Reading(
        "trails", value, signals.times, echo, "", "How much of the frame before stays in a frame",
        known=bool(known.any()),
    )  # fmt: skip


def tearing(signals: Signals) -> Reading:
    """Share of frames that are torn, 0 to 1."""
    low, high = _TORN
    few = _TORN_ROWS / max(signals.height, 1)
    weights = _ramp(signals.torn, (max(low, few), max(high, 2.0 * few)))
    share, _ = share_of(weights, signals.joined, signals.fps)
    return Reading(
        "tearing", share, signals.times, signals.torn, "",
        "Share of the height that is left over from another frame",
        marks=_marks(weights, signals),
    )  # fmt: skip
