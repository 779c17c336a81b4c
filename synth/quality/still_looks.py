"""Defects that a single picture shows: blur, noise, blocks, bands, clipped light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth.quality.model import Defect
from synth.quality.reading import Reading, quantile
from synth.quality.signals import Signals

Floats = NDArray[np.float32]

_DARK_COUNTS = 0.25
"""What crushed blacks count beside blown highlights: night is dark."""


def _reading(
    signals: Signals, defect: Defect, values: Floats, share: float, unit: str, words: str
) -> Reading:
    known = bool(np.isfinite(values).any())
    times = signals.times[signals.samples]
    return Reading(
        defect, quantile(values, share), times, values, unit, words, known=known
    )  # fmt: skip


def blur(signals: Signals) -> Reading:
    """Logarithm of the coarser octave's energy over the finer one's; above 1.5 it looks soft."""
    values = -np.log(np.maximum(signals.detail, 1e-3)).astype(np.float32)
    return _reading(signals, "blur", values, 0.4, "", "Softness: missing fine detail")


def noise(signals: Signals) -> Reading:
    """Standard deviation of the noise, 8-bit codes."""
    return _reading(signals, "noise", signals.noise, 0.5, "codes", "Noise")


def blocking(signals: Signals) -> Reading:
    """Steps between coding blocks over steps inside of them."""
    return _reading(signals, "blocking", signals.blocking, 0.6, "", "Steps between coding blocks")


def banding(signals: Signals) -> Reading:
    """Share of the picture that rises in visible steps, 0 to 1."""
    return _reading(
        signals, "banding", signals.banding, 0.6, "", "Share of the picture that shows bands"
    )


def clipping(signals: Signals) -> Reading:
    """Share of the picture without detail in the lights, and a part of that in the darks."""
    values = (signals.white + _DARK_COUNTS * signals.dark).astype(np.float32)
    return _reading(signals, "clipping", values, 0.6, "", "Share of the picture that is clipped")
