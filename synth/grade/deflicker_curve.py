"""From how the light changed from picture to picture, by what each picture has to be corrected.

Flicker is what a smooth curve of exposure does not explain. The curve is fitted by local lines
(Cleveland, "Robust locally weighted regression and smoothing scatterplots", JASA 74, 1979), from
both sides or, where the light turns a corner, from the side that fits: so steps and fades keep
their corners. Fits are of the exposure itself, not of its logarithm: a fade to black is a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SECONDS: Final = 0.25
_SIGMA: Final = (5.0, 16.0)
"""Standard deviation of the window, pictures, at least and at most."""
_REACH: Final = 3.0
_NOTHING: Final = (0.0025, 0.0050)
"""Flicker that is left alone, and that is corrected in full; shares of the brightness."""
_FAVOUR: Final = 5.0
"""How many times worse the window of both sides may fit until one side counts as much."""
_SIDE: Final = 1.5
"""Least width of one side's window, standard deviations of the other one: a line through a few
pictures fits whatever they do."""
_MOST: Final = 0.35
"""Strongest correction, log gain."""
_SURE: Final = 0.2
"""Share of pixels that must agree on a gain for it to be believed."""


@dataclass(frozen=True)
class Steps:
    """How the light changed from each picture to the next."""

    gains: NDArray[np.float64]
    """Log gain of red, green and blue from the picture before, (n, 3); 0 for the first."""
    sure: NDArray[np.float64]
    """Share of pixels that agree with it, (n,), 0 to 1."""
    breaks: NDArray[np.bool_]
    """Whether the picture begins something new: the first one, after a cut or a flash, (n,)."""


def stretches(steps: Steps) -> list[tuple[int, int]]:
    """Runs of pictures whose light can be compared, as half-open ranges."""
    new = steps.breaks | (steps.sure < _SURE)
    new[:1] = True
    starts = np.flatnonzero(new).tolist()
    return list(zip(starts, [*starts[1:], len(new)], strict=True))


def corrections(steps: Steps, rate: float, strength: float = 1.0) -> NDArray[np.float64]:
    """Log gains (n, 3) that take the flicker out of each picture; 0 exactly where there is none.

    Args:
        steps: what was measured.
        rate: pictures a second.
        strength: share of the flicker that is taken out, 0 to 1.
    """
    out = np.zeros_like(steps.gains)
    sigma = float(np.clip(_SECONDS * rate, *_SIGMA))
    for start, end in stretches(steps):
        if end - start < 4:
            continue
        path = np.cumsum(steps.gains[start:end], axis=0)
        path -= path[0]
        light = path.mean(axis=1)
        parts = np.column_stack([light, path - light[:, None]])
        mended = np.column_stack([_mend(part, sigma) for part in parts.T])
        out[start:end] = mended[:, :1] + mended[:, 1:]
    return np.clip(strength * out, -_MOST, _MOST)


def flicker(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """How strongly a log exposure (n,) flickers around each picture: a standard deviation.

    From second differences of the exposure, relative to it. Their 70th percentile in a window, not
    the mean, so that a corner or two do not count and a light that jumps every few pictures does.
    """
    count = len(path)
    if count < 4:
        return np.zeros(count)
    bend = np.zeros(count)
    before, after = np.exp(path[:-2] - path[1:-1]), np.exp(path[2:] - path[1:-1])
    bend[1:-1] = np.abs(before - 2.0 + after) / np.sqrt(6.0)
    bend[0], bend[-1] = bend[1], bend[-2]
    reach = 12
    padded = np.pad(bend, reach, mode="reflect" if count > reach else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.percentile(windows, 70, axis=1) / 1.036


def _mend(path: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """The log gains that bring a log exposure (n,) onto its smooth curve where it flickers."""
    low, high = _NOTHING
    amount = np.clip((flicker(path) - low) / (high - low), 0.0, 1.0)
    amount = amount * amount * (3.0 - 2.0 * amount)
    out = np.zeros_like(path)
    for t in np.flatnonzero(amount > 0.0):
        out[t] = amount[t] * np.log(np.clip(_level(path, int(t), sigma), 0.5, 2.0))
    return out


def _level(path: NDArray[np.float64], t: int, sigma: float) -> float:
    """The smooth exposure at ``t``, relative to the one that was measured there."""
    reach = int(np.ceil(_REACH * sigma))
    low, high = max(0, t - reach), min(len(path), t + reach + 1)
    away = np.arange(low, high) - t
    values = np.exp(np.clip(path[low:high] - path[t], -3.0, 3.0))
    both = np.exp(-0.5 * (away / sigma) ** 2)
    wide = np.exp(-0.5 * (away / (1.5 * sigma)) ** 2)
    level, misfit = _line(away, values, both)
    fits = [(level, misfit / _FAVOUR)]
    fits += [
        _line(away, values, np.where(side, wide, 0.0))
        for side in (away <= 0, away >= 0)
        if int(side.sum()) >= max(5.0, _SIDE * sigma)
    ]
    # Weighed softly: a choice that jumped from picture to picture would flicker itself.
    trust = np.array([(left + 1e-9) ** -3.0 for _, left in fits])
    return float(trust @ np.array([value for value, _ in fits]) / trust.sum())


def _line(
    away: NDArray[np.int_], values: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """The weighted line through the values at 0, and the mean square that it would leave elsewhere.

    What it leaves of its own values is less, the fewer they are: generalised cross-validation
    (Craven and Wahba, "Smoothing noisy data with spline functions", Numer. Math. 31, 1979).
    """
    s0, s1, s2 = weights.sum(), (weights * away).sum(), (weights * away * away).sum()
    t0, t1 = (weights * values).sum(), (weights * away * values).sum()
    det = s0 * s2 - s1 * s1
    if det <= 1e-9 * s0 * s0:
        level, slope = t0 / s0, 0.0
        pull = weights / s0
    else:
        level, slope = (s2 * t0 - s1 * t1) / det, (s0 * t1 - s1 * t0) / det
        pull = weights * (s2 - 2.0 * s1 * away + s0 * away * away) / det
    left = values - level - slope * away
    free = max(1.0 - float((weights * pull).sum() / s0), 0.05)
    return float(level), float((weights * left * left).sum() / s0) / (free * free)


def summary(steps: Steps, gains: NDArray[np.float64]) -> dict[str, float]:
    """What was found, for a report: flicker before and after as shares of the brightness."""
    before: list[float] = []
    after: list[float] = []
    for start, end in stretches(steps):
        if end - start >= 4:
            path = np.cumsum(steps.gains[start:end].mean(axis=1))
            before += flicker(path).tolist()
            after += flicker(path + gains[start:end].mean(axis=1)).tolist()
    return {
        "flicker_before": _rms(before),
        "flicker_after": _rms(after),
        "corrected_frames": float((np.abs(gains) > 1e-4).any(axis=1).sum()),
    }


def _rms(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values else 0.0
