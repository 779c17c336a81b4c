"""Flicker: light that changes from frame to frame, in the whole picture or in parts of it.

The change of light along the motion is the step of the exposure; the root mean square of its own
differences over the root of 6 is the deviation of an exposure that jumps at random. An even fade
has none.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.quality.reading import Reading, largest, windowed
from synth.quality.signals import Signals

_WINDOW_SECONDS: Final = 1.0
_LEAST: Final = 5
_SIXTH: Final = float(np.sqrt(6.0))


def _window(signals: Signals) -> int:
    return max(7, min(round(signals.fps * _WINDOW_SECONDS), 61))


def flicker(signals: Signals) -> Reading:
    """Deviation of the exposure, per cent."""
    steps = np.full(signals.frames, np.nan, np.float32)
    steps[1:-1] = (signals.gain[2:] - signals.gain[1:-1]) * 100.0 / _SIXTH
    curve = windowed(steps, signals.shots, _window(signals), _LEAST)
    return Reading(
        "flicker", largest(curve), signals.times, curve, "%",
        "Change of brightness from frame to frame",
        known=bool(np.isfinite(curve).any()),
    )  # fmt: skip


def local_flicker(signals: Signals) -> Reading:
    """The same in parts of the picture, against the whole, per cent."""
    apart = signals.tile_gain - signals.gain[:, None]
    tiles = apart.shape[1]
    curves = np.full((tiles, signals.frames), np.nan, np.float32)
    for tile in range(tiles):
        steps = np.full(signals.frames, np.nan, np.float32)
        steps[1:-1] = (apart[2:, tile] - apart[1:-1, tile]) * 100.0 / _SIXTH
        curves[tile] = windowed(steps, signals.shots, _window(signals), _LEAST)
    ranked = np.sort(np.nan_to_num(curves, nan=-1.0), axis=0)
    curve = ranked[-2].astype(np.float32)
    curve[curve < 0.0] = np.nan
    return Reading(
        "local_flicker", largest(curve), signals.times, curve, "%",
        "Change of brightness in parts of the picture",
        known=bool(np.isfinite(curve).any()),
    )  # fmt: skip
