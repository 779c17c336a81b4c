"""What one detector says of a clip: a figure for the whole, a curve, and where it is bad."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from synth.quality.model import Defect, Span

Floats = NDArray[np.float32]

_TOUCH = 0.4
"""Spans nearer to each other than this are one, seconds."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One defect of one clip."""

    defect: Defect
    statistic: float
    """How bad the clip is, larger is worse; 0 where nothing can be said."""
    times: NDArray[np.float64]
    """Moments of the curve, seconds, (n,)."""
    values: Floats
    """The curve, (n,), in the unit of the statistic unless ``unit`` says otherwise."""
    unit: str
    """"%", "px", "codes" or ""."""
    words: str
    """What the curve shows."""
    marks: Sequence[Span] = field(default=())
    """Where it is bad, where the detector knows better than the curve's height."""
    known: bool = True
    """Whether the clip allows to tell at all."""

    def spans(self, limit: float) -> tuple[Span, ...]:
        """Where the curve reaches ``limit``, or the marks; in the order of time."""
        if self.marks:
            return joined_spans(self.marks)
        return spans_over(self.times, self.values, limit)

    def worst(self, spans: Sequence[Span]) -> float:
        """The moment of the largest value within some spans, seconds."""
        inside = np.zeros(len(self.times), bool)
        for span in spans:
            inside |= (self.times >= span.start - 1e-6) & (self.times <= span.end + 1e-6)
        values = np.where(inside & np.isfinite(self.values), self.values, -np.inf)
        if not len(values) or not np.isfinite(values).any():
            return spans[0].start if spans else 0.0
        return float(self.times[int(np.argmax(values))])


def spans_over(times: NDArray[np.float64], values: Floats, limit: float) -> tuple[Span, ...]:
    """Stretches where ``values`` (n,) reach ``limit``; each sample stands for its own step."""
    over = np.nan_to_num(values, nan=-np.inf) >= limit
    if not over.any():
        return ()
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return joined_spans(
        [
            Span(float(time), float(time) + step)
            for time, bad in zip(times, over, strict=True)
            if bad
        ]
    )


def joined_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The same stretches in the order of time, near ones made one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and span.start - found[-1].end <= _TOUCH:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


_TRIM = 0.1
_TRIMMED = 0.789
"""Root mean square of a normal variable whose largest tenth was left out."""


def trimmed_rms(values: Floats) -> float:
    """Root mean square without the tenth that is largest, made good for normal values."""
    found = np.abs(values[np.isfinite(values)])
    if not len(found):
        return math.nan
    kept = np.sort(found)[: max(1, math.ceil(len(found) * (1.0 - _TRIM)))]
    return float(np.sqrt(np.mean(kept.astype(np.float64) ** 2))) / _TRIMMED


def windowed(values: Floats, shots: Sequence[slice], size: int, least: int) -> Floats:
    """``trimmed_rms`` of the ``size`` values around each one, within its shot; NaN where fewer
    than ``least`` are known."""
    out = np.full(len(values), np.nan, np.float32)
    half = max(size // 2, 1)
    for shot in shots:
        for i in range(shot.start, shot.stop):
            near = values[max(shot.start, i - half) : min(shot.stop, i + half + 1)]
            if np.isfinite(near).sum() >= least:
                out[i] = trimmed_rms(near)
    return out


def largest(values: Floats) -> float:
    """The largest known value, 0 if there is none."""
    found = values[np.isfinite(values)]
    return float(found.max()) if len(found) else 0.0


def quantile(values: Floats, share: float, otherwise: float = 0.0) -> float:
    """A quantile of the known values."""
    found = values[np.isfinite(values)]
    return float(np.quantile(found, share)) if len(found) else otherwise


def share_of(weights: Floats, known: NDArray[np.bool_], fps: float) -> tuple[float, Floats]:
    """How many of the ``known`` frames (n,) carry a mark of ``weights`` (n,), 0 to 1.

    Given for the clip and in windows of about a second, (n,). Half of the worst second counts for
    the clip if that is more, so that a short fault is not lost in a long clip.
    """
    half = max(6, round(fps / 2.0))
    window = np.ones(2 * half + 1)
    marked = np.convolve(np.where(known, weights, 0.0), window, "full")[half:-half]
    number = np.convolve(known.astype(np.float64), window, "full")[half:-half]
    # A window that the clip's end cuts short counts as a whole one.
    curve = marked / np.maximum(number, 2 * half + 1)
    whole = float(np.where(known, weights, 0.0).sum() / max(int(known.sum()), _FEW))
    worst = float(curve.max()) if len(curve) else 0.0
    return max(whole, 0.5 * worst), curve.astype(np.float32)


_STRETCH_SECONDS = 2.5
"""A fault that comes once is set against so much of the clip, however long that is."""


def worst_share(weights: Floats, fps: float) -> float:
    """Share of the worst 2.5 seconds that ``weights`` (n,), 0 to 1 each, mark; 0 to 1.

    A shorter clip is taken whole, so that three black frames weigh the same in all long clips.
    """
    if not len(weights):
        return 0.0
    size = min(len(weights), max(round(_STRETCH_SECONDS * fps), _FEW))
    running = np.concatenate([[0.0], np.cumsum(weights, dtype=np.float64)])
    return float((running[size:] - running[:-size]).max() / size)


_FEW = 12
"""Frames that a share is taken of at least."""
