"""Black frames and changing black borders."""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.quality.model import Span
from synth.quality.reading import Reading, worst_share
from synth.quality.signals import Signals

_BLACK_LEVEL: Final = 0.02
_BLACK_PEAK: Final = 0.06
_UNEVEN: Final = 0.012
"""Share of the picture that two bars of a pair may differ by."""
_STAYS: Final = 4
"""Fewest frames that bars stay for."""
_WIDE: Final = 0.15
"""Share of the picture that a bar takes that counts in full."""
_BORDER: Final = 0.015
"""Share of the picture that a border has to differ by from the usual one."""


def black_frames(signals: Signals) -> np.ndarray:
    """Frames that show nothing but black, (n,)."""
    return (signals.level < _BLACK_LEVEL) & (signals.brightest < _BLACK_PEAK)


def black(signals: Signals) -> Reading:
    """Share of the worst 2.5 seconds that is black without a fade leading there, 0 to 1."""
    dark = black_frames(signals)
    flags = np.zeros(signals.frames, bool)
    start = 0
    while start < signals.frames:
        end = start
        while end < signals.frames and dark[end]:
            end += 1
        if end > start:
            # A fade into black, or out of it, is meant; so is black that the clip begins or ends
            # with.
            faded = "fade" in signals.joins[start : min(end + 1, signals.frames)]
            inside = start > 0 and end < signals.frames
            flags[start:end] = (inside and not faded) or end - start == signals.frames
        start = max(end, start + 1)
    step = 1.0 / signals.fps if signals.fps else 0.0
    marks = [
        Span(float(signals.times[i]), float(signals.times[i]) + step) for i in np.flatnonzero(flags)
    ]
    return Reading(
        "black", worst_share(flags.astype(np.float32), signals.fps), signals.times,
        np.asarray(1.0 - np.clip(signals.brightest, 0.0, 1.0), np.float32), "",
        "How dark the brightest parts are", marks=marks,
    )  # fmt: skip


def letterbox(signals: Signals) -> Reading:
    """Share of the worst 2.5 seconds whose black bars are not those of most frames, 0 to 1.

    Bars are as wide on one side as on the other, and stay for some frames.
    """
    bars = np.stack([_bars(signals.borders[:, :2]), _bars(signals.borders[:, 2:])], axis=1)
    known = np.isfinite(bars).all(axis=1) & (signals.brightest > 0.25)
    away = np.full(signals.frames, np.nan, np.float32)
    if known.sum() >= 2 * _STAYS:
        usual = np.quantile(bars[known], 0.5, axis=0, method="lower")
        away[known] = np.abs(bars[known] - usual).max(axis=1)
    flags = _lasting(np.nan_to_num(away) > _BORDER)
    step = 1.0 / signals.fps if signals.fps else 0.0
    marks = [
        Span(float(signals.times[i]), float(signals.times[i]) + step) for i in np.flatnonzero(flags)
    ]
    # A wide bar weighs more than a narrow one.
    width = np.clip(np.nan_to_num(away) / _WIDE, 0.0, 1.0)
    share = worst_share(np.where(flags, width, 0.0).astype(np.float32), signals.fps)
    return Reading(
        "letterbox", share, signals.times, away, "",
        "How far the black bars are from the usual ones", marks=marks,
        known=bool(known.any()),
    )  # fmt: skip


def _bars(sides: np.ndarray) -> np.ndarray:
    """Width of a pair of bars, (n, 2) to (n,); 0 where the two sides are not alike."""
    even = np.abs(sides[:, 0] - sides[:, 1]) <= _UNEVEN
    bars = np.where(even, sides.min(axis=1), 0.0)
    bars[~np.isfinite(sides).all(axis=1)] = np.nan
    return bars


def _lasting(flags: np.ndarray) -> np.ndarray:
    """The same without runs shorter than a bar stays."""
    kept = flags.copy()
    start = 0
    while start < len(flags):
        end = start
        while end < len(flags) and flags[end]:
            end += 1
        if end - start < _STAYS:
            kept[start:end] = False
        start = max(end, start + 1)
    return kept
