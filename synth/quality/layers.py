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
_TORN: Final = (0.04, 0.12)
"""Share of the height from which a torn frame begins to count, and fully counts."""
_DOUBT: Final = 0.01
"""Share of the picture that has to move for half its echo to be believed."""


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

    A frame counts whose own share of detail falls far below what the frames around it have.
    """
    blend = blends(signals)
    weights = _ramp(blend, _MIXED)
    share, _ = share_of(weights, np.isfinite(blend), signals.fps)
    return Reading(
        "ghosts", share, signals.times, blend, "",
        "How much a frame is a blend of its neighbours",
        marks=_marks(weights, signals), known=bool(np.isfinite(blend).any()),
    )  # fmt: skip


def trails(signals: Signals) -> Reading:
    """Share of the picture before that stays in the next one, 0 to 1."""
    known = np.isfinite(signals.echo)
    weights = signals.echoing[known].astype(np.float64)
    # Where little moves, little is known.
    value = float(
        (weights * signals.echo[known]).sum()
        / (weights.sum() + _DOUBT * max(int(signals.joined.sum()), 1))
    )
    return Reading(
        "trails", max(value, 0.0) if known.any() else 0.0, signals.times,
        np.where(signals.echoing > _DOUBT, signals.echo, np.nan).astype(np.float32), "",
        "How much of the frame before stays in a frame", known=bool(known.any()),
    )  # fmt: skip


def tearing(signals: Signals) -> Reading:
    """Share of frames that are torn, 0 to 1."""
    weights = _ramp(signals.torn, _TORN)
    share, _ = share_of(weights, signals.joined, signals.fps)
    return Reading(
        "tearing", share, signals.times, signals.torn, "",
        "Share of the height that is left over from another frame",
        marks=_marks(weights, signals),
    )  # fmt: skip
