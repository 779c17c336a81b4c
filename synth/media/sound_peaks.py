"""How far a sound swings along its length, fast: decoded by two threads, never resampled."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.limits import LIMITS, Limits
from synth.media.sound_file import open_sound

_WORTH_TWO: Final = 60
"""Seconds from which on a second thread pays."""
_SCALES: Final = MappingProxyType({"u1": 1 / 128, "i2": 2.0**-15, "i4": 2.0**-31, "i8": 2.0**-63})

Peaks = tuple[NDArray[np.float64], NDArray[np.float64]]


def sound_peaks(
    path: str | os.PathLike[str],
    start: float,
    end: float,
    columns: int,
    *,
    check: Callable[[], None],
    limits: Limits = LIMITS,
) -> Peaks:
    """The lowest and highest sample of each of ``columns`` equal parts of ``start`` to ``end``.

    Args:
        path: a sound file, or a video with sound.
        start: seconds from the beginning.
        end: seconds, after ``start``.
        columns: how many parts.
        check: called between small steps; raises when the work should stop.
        limits: the caps.

    Returns two arrays (columns,), at most 0 and at least 0; full scale is 1. All channels count.
    Raises as ``open_sound`` does.
    """
    edges = [0, columns]
    if end - start > _WORTH_TWO and columns > 1 and (os.cpu_count() or 1) > 1:
        edges.insert(1, columns // 2)
    step = (end - start) / columns

    def part(first: int, last: int) -> Peaks:
        return _scan(path, start + first * step, start + last * step, last - first, check, limits)

    with ThreadPoolExecutor(len(edges) - 1) as pool:
        parts = list(pool.map(part, edges[:-1], edges[1:]))
    low, high = (np.concatenate([found[side] for found in parts]) for side in (0, 1))
    return low, high


def _scan(
    path: str | os.PathLike[str],
    start: float,
    end: float,
    columns: int,
    check: Callable[[], None],
    limits: Limits,
) -> Peaks:
    low, high = np.zeros(columns), np.zeros(columns)
    begin = Fraction(start)
    reader = open_sound(path, start=begin, check=check, limits=limits)
    per_second = columns / (end - start)
    expected = 0.0
    try:
        for frame, time in reader.frames(begin):
            if not frame.sample_rate or not frame.samples:
                continue
            at = expected if time is None else time
            rate = frame.sample_rate
            expected = at + frame.samples / rate
            if expected <= start:
                continue
            if at >= end:
                break
            samples, scale = _plain(frame.to_ndarray(), frame.samples)
            column = int(max(0.0, (at - start) * per_second))
            done = max(0, round((start - at) * rate))
            while done < frame.samples and column < columns:
                edge = round((start + (column + 1) / per_second - at) * rate)
                part = samples[:, done : max(done, edge)]
                if part.size:
                    low[column] = min(low[column], scale(part.min()))
                    high[column] = max(high[column], scale(part.max()))
                    done = max(done, edge)
                column += 1
    finally:
        reader.close()
    return np.nan_to_num(low).clip(-1, 0), np.nan_to_num(high).clip(0, 1)


def _plain(
    samples: NDArray[np.generic], count: int
) -> tuple[NDArray[np.generic], Callable[[np.generic], float]]:
    """Samples as (channels, count), and how one of them becomes a number around 0."""
    if samples.shape[1] != count:  # channels take turns
        samples = samples.reshape(count, -1).T
    kind = samples.dtype.str[1:]
    factor = _SCALES.get(kind, 1.0)
    middle = 128 if kind == "u1" else 0
    return samples, lambda value: (float(value) - middle) * factor
