"""Defects that a single picture shows: blur, noise, blocks, bands, clipped light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.quality.model import Defect
from synth.quality.reading import Reading, quantile
from synth.quality.signals import Signals

Floats = NDArray[np.float32]

_DARK_COUNTS = 0.25
"""What crushed blacks count beside blown highlights: night is dark."""


_WINDOW_SECONDS: Final = 1.0
_TILE: Final = 64
_NOISE_TILES: Final = 8
"""Tiles of 64 pixels that a picture has to have for its noise to be told from its detail."""


def _reading(
    signals: Signals,
    defect: Defect,
    values: Floats,
    share: float,
    margin: float,
    unit: str,
    words: str,
) -> Reading:
    """``share`` is the quantile that stands for the clip; a second of it that is worse than the
    rest counts too, less ``margin``, so that one soft or dark moment is not held against it."""
    times = signals.times[signals.samples]
    value = quantile(values, share)
    for window in _windows(times):
        value = max(value, quantile(values[window], share) - margin)
    known = bool(np.isfinite(values).any())
    return Reading(defect, value, times, values, unit, words, known=known)


def _windows(times: NDArray[np.float64]) -> Iterator[slice]:
    """Stretches of about a second, one from each sample on."""
    ends = np.searchsorted(times, times + _WINDOW_SECONDS - 1e-6)
    for start, end in enumerate(ends):
        if end - start >= 3:
            yield slice(start, int(end))


def blur(signals: Signals) -> Reading:
    """Logarithm of the coarser octave's energy over the finer one's; above 1.5 it looks soft."""
    values = -np.log(np.maximum(signals.detail, 1e-3)).astype(np.float32)
    return _reading(signals, "blur", values, 0.4, 0.3, "", "Softness: missing fine detail")


def noise(signals: Signals) -> Reading:
    """Standard deviation of the noise, 8-bit codes; nothing is said of small pictures."""
    values = signals.noise
    if not tells_noise(signals):
        values = np.full_like(values, np.nan)
    return _reading(signals, "noise", values, 0.5, 1.0, "codes", "Noise")


def tells_noise(signals: Signals) -> bool:
    """Whether the picture is large enough to have smooth parts, which its noise is taken from."""
    return (signals.width // _TILE) * (signals.height // _TILE) >= _NOISE_TILES


def blocking(signals: Signals) -> Reading:
    """Steps between coding blocks over steps inside of them."""
    return _reading(
        signals, "blocking", signals.blocking, 0.6, 0.3, "", "Steps between coding blocks"
    )


def banding(signals: Signals) -> Reading:
    """Share of the picture that rises in visible steps, 0 to 1."""
    return _reading(
        signals, "banding", signals.banding, 0.6, 0.05, "", "Share of the picture that shows bands"
    )


def clipping(signals: Signals) -> Reading:
    """Share of the picture without detail in the lights, and a part of that in the darks."""
    values = (signals.white + _DARK_COUNTS * signals.dark).astype(np.float32)
    return _reading(
        signals, "clipping", values, 0.6, 0.08, "", "Share of the picture that is clipped"
    )
