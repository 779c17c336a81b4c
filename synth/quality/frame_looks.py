"""Black frames and changing black borders."""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.quality.model import Span
from synth.quality.reading import Reading
from synth.quality.signals import Signals

_BLACK_LEVEL: Final = 0.02
_BLACK_PEAK: Final = 0.06
_BORDER: Final = 0.015
"""Share of the picture that a border has to differ by from the usual one."""


def black_frames(signals: Signals) -> np.ndarray:
    """Frames that show nothing but black, (n,)."""
    return (signals.level < _BLACK_LEVEL) & (signals.brightest < _BLACK_PEAK)


def black(signals: Signals) -> Reading:
    """Share of frames that are black without a fade leading there, 0 to 1."""
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
        "black", float(flags.mean()) if len(flags) else 0.0, signals.times,
        np.asarray(1.0 - np.clip(signals.brightest, 0.0, 1.0), np.float32), "",
        "How dark the brightest parts are", marks=marks,
    )  # fmt: skip


def letterbox(signals: Signals) -> Reading:
    """Share of frames whose black borders are not those of most frames, 0 to 1."""
    borders = signals.borders
    known = np.isfinite(borders).all(axis=1) & (signals.brightest > 0.25)
    away = np.full(signals.frames, np.nan, np.float32)
    if known.sum() >= 3:
        usual = np.median(borders[known], axis=0)
        away[known] = np.abs(borders[known] - usual).max(axis=1)
    flags = np.nan_to_num(away) > _BORDER
    step = 1.0 / signals.fps if signals.fps else 0.0
    marks = [
        Span(float(signals.times[i]), float(signals.times[i]) + step) for i in np.flatnonzero(flags)
    ]
    share = float(flags.sum() / max(int(known.sum()), 1))
    return Reading(
        "letterbox", share, signals.times, away, "",
        "How far the black borders are from the usual ones", marks=marks,
        known=bool(known.any()),
    )  # fmt: skip
