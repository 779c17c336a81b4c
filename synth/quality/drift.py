"""Colour drift: colours of the same things that wander within a shot.

The shift of both colour planes along the motion adds up over the shot; what is left after smoothing
over half a second, so that coding noise does not count, is how far the colours have gone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from synth.quality.reading import Reading, largest
from synth.quality.signals import Signals

_SMOOTH_SECONDS: Final = 0.25
_SHORTEST: Final = 4


def colour_drift(signals: Signals) -> Reading:
    """Range of the colours within a shot, 8-bit codes; the curve is the way from its start."""
    curve = np.full(signals.frames, np.nan, np.float32)
    worst = 0.0
    sigma = max(1.0, _SMOOTH_SECONDS * signals.fps)
    for shot in signals.shots:
        if shot.stop - shot.start < _SHORTEST:
            continue
        steps = np.nan_to_num(signals.colour[shot].astype(np.float64))
        way = gaussian_filter1d(np.cumsum(steps, axis=0), sigma, axis=0, mode="nearest")
        curve[shot] = np.hypot(*(way - np.median(way, axis=0)).T)
        worst = max(worst, float(np.hypot(*np.ptp(way, axis=0))))
    return Reading(
        "colour_drift", worst, signals.times, curve, "codes",
        "How far the colours are from those of the shot's middle",
        known=largest(curve) > 0.0,
    )  # fmt: skip
