"""The shake of a camera carried by hand: smooth, band-limited, repeatable noise.

A sum of sines whose frequencies are spread evenly over the octaves of the band and whose strength
falls as 1/f, as measured hand tremor and gait do; a spectral synthesis in the sense of Saupe,
"Algorithms for random fractals" (The Science of Fractal Images, 1988, chapter 2). It is a function
of time alone, so that every frame rate shows the same shake.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

HANDHELD_UNITS: Final = 0.04
"""Root-mean-square sway of a handheld camera at full strength, scene units."""

HANDHELD_DEGREES: Final = 0.5
"""Root-mean-square turn of a handheld camera at full strength, degrees."""

HANDHELD_BAND: Final = (0.3, 6.0)
"""Lowest and highest frequency of handheld shake, hertz."""

CHANNELS: Final = 6
"""Sideways, up, in/out, pitch, yaw, roll."""

_WAVES: Final = 14
_SEARCH_STEPS: Final = 4096


def shake(
    times: NDArray[np.float64], seed: int, period: float | None = None
) -> NDArray[np.float64]:
    """Six independent channels of shake, each exactly 0 at time 0.

    Args:
        times: seconds since the shake began, shape (N,).
        seed: any whole number from 0 on; the same seed gives the same shake.
        period: seconds after which the shake repeats itself without a seam, or None.

    Returns:
        Shape (N, 6), root-mean-square 1 over long times.
    """
    random = np.random.default_rng(seed)
    low, high = HANDHELD_BAND
    octaves = np.linspace(np.log(low), np.log(high), _WAVES + 1)
    channels = np.empty((len(times), CHANNELS), dtype=np.float64)
    for channel in range(CHANNELS):
        frequencies = np.exp(random.uniform(octaves[:-1], octaves[1:]))
        phases = random.uniform(0.0, 2.0 * np.pi, _WAVES)
        if period is not None:
            # Whole numbers of cycles in the period, each at most once: those close the loop.
            cycles, first = np.unique(
                np.maximum(np.rint(frequencies * period), 1.0), return_index=True
            )
            frequencies, phases = cycles / period, phases[first]
        strengths = 1.0 / frequencies
        strengths *= np.sqrt(2.0) / np.linalg.norm(strengths)
        origin = _zero_crossing(frequencies, strengths, phases)
        wave = _waves(times + origin, frequencies, strengths, phases)
        channels[:, channel] = np.where(times == 0.0, 0.0, wave)
    return channels


def _waves(
    times: NDArray[np.float64],
    frequencies: NDArray[np.float64],
    strengths: NDArray[np.float64],
    phases: NDArray[np.float64],
) -> NDArray[np.float64]:
    angles = 2.0 * np.pi * np.outer(times, frequencies) + phases
    return np.sin(angles) @ strengths


def _zero_crossing(
    frequencies: NDArray[np.float64],
    strengths: NDArray[np.float64],
    phases: NDArray[np.float64],
) -> float:
    """A time at which the shake passes through 0 (within rounding): it starts there unoffset.

    A sum of sines has mean 0, so within one cycle of its slowest wave or two it changes sign.
    """
    times = np.linspace(0.0, 4.0 / float(frequencies.min()), _SEARCH_STEPS)
    values = _waves(times, frequencies, strengths, phases)
    changes = np.flatnonzero(values[:-1] * values[1:] <= 0.0)
    if changes.size == 0:
        return float(times[np.argmin(np.abs(values))])
    left, right = float(times[changes[0]]), float(times[changes[0] + 1])
    start = values[changes[0]]
    for _ in range(50):
        middle = 0.5 * (left + right)
        value = _waves(np.array([middle]), frequencies, strengths, phases)[0]
        if value * start > 0.0:
            left = middle
        else:
            right = middle
    return right
