"""More than one moment in a picture: blended frames, trails, torn frames."""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.quality.model import Span
from synth.quality.reading import Reading, quantile
from synth.quality.signals import Signals

_MIXED: Final = (0.25, 0.55)
"""Share of a blend from which a frame begins to count, and fully counts."""
_TORN: Final = (0.04, 0.12)
"""Share of the height from which a torn frame begins to count, and fully counts."""
_FEW: Final = 12


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
    """Share of frames that are blends of their neighbours, 0 to 1."""
    known = np.isfinite(signals.blend)
    weights = _ramp(signals.blend, _MIXED)
    share = float(weights.sum() / max(int(known.sum()), _FEW))
    return Reading(
        "ghosts", share, signals.times, signals.blend, "",
        "How much a frame is a blend of its neighbours",
        marks=_marks(weights, signals), known=bool(known.any()),
    )  # fmt: skip


def trails(signals: Signals) -> Reading:
    """Share of the picture before that stays in the next one, 0 to 1."""
    echo = signals.echo
    return Reading(
        "trails", max(quantile(echo, 0.5), 0.0), signals.times, echo, "",
        "How much of the frame before stays in a frame",
        known=bool(np.isfinite(echo).any()),
    )  # fmt: skip


def tearing(signals: Signals) -> Reading:
    """Share of frames that are torn, 0 to 1."""
    weights = _ramp(signals.torn, _TORN)
    share = float(weights.sum() / max(int(signals.joined.sum()), _FEW))
    return Reading(
        "tearing", share, signals.times, signals.torn, "",
        "Share of the height that is left over from another frame",
        marks=_marks(weights, signals),
    )  # fmt: skip
