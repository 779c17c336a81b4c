"""Flicker: light that changes from frame to frame, in the whole picture or in parts of it.

The change of light along the motion is the step of the exposure; the root mean square of its own
differences over the root of 6 is the deviation of an exposure that jumps at random. An even fade
has none.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.quality.reading import Floats, Reading, largest, windowed
from synth.quality.signals import Signals

_WINDOW_SECONDS: Final = 1.0
_CURVE_SECONDS: Final = 0.5
"""A shorter window for the curve tells better where it is."""
_LEAST: Final = 5
_SIXTH: Final = float(np.sqrt(6.0))


def _window(signals: Signals, seconds: float) -> int:
    return max(7, min(round(signals.fps * seconds), 61))


def flicker(signals: Signals) -> Reading:
    """Deviation of the exposure, per cent."""
    steps = _jumps(signals, signals.gain)
    whole = windowed(steps, signals.shots, _window(signals, _WINDOW_SECONDS), _LEAST)
    curve = windowed(steps, signals.shots, _window(signals, _CURVE_SECONDS), _LEAST)
    return Reading(
        "flicker", largest(whole), signals.times, curve, "%",
        "Change of brightness from frame to frame",
        known=bool(np.isfinite(curve).any()),
    )  # fmt: skip


def _jumps(signals: Signals, gain: Floats) -> Floats:
    """Second differences of the exposure, (n,), per cent of the brightness at hand.

    They are taken of the brightness itself, which an even fade changes by even steps, and set
    against no less than half of the clip's: what flickers in the dark is not seen.
    """
    jumps = np.full(signals.frames, np.nan, np.float32)
    if signals.frames < 3:
        return jumps
    level = np.maximum(signals.level, 1e-3)
    step = np.full(signals.frames, np.nan, np.float32)
    step[1:] = 0.5 * (level[1:] + level[:-1]) * gain[1:]
    usual = np.maximum(level, 0.5 * float(np.median(level)))
    jumps[1:-1] = (step[2:] - step[1:-1]) / usual[1:-1] * (100.0 / _SIXTH)
    return jumps


def local_flicker(signals: Signals) -> Reading:
    """The same in parts of the picture, against the whole, per cent."""
    apart = signals.tile_gain - signals.gain[:, None]
    found = [_jumps(signals, apart[:, tile]) for tile in range(apart.shape[1])]
    whole, curve = (
        _second(
            [windowed(steps, signals.shots, _window(signals, seconds), _LEAST) for steps in found]
        )
        for seconds in (_WINDOW_SECONDS, _CURVE_SECONDS)
    )
    return Reading(
        "local_flicker", largest(whole), signals.times, curve, "%",
        "Change of brightness in parts of the picture",
        known=bool(np.isfinite(curve).any()),
    )  # fmt: skip


def _second(curves: list[Floats]) -> Floats:
    """The second highest of some curves (n,) at every frame: one tile alone may be mistaken."""
    ranked = np.sort(np.nan_to_num(np.stack(curves), nan=-1.0), axis=0)
    curve = ranked[-2].astype(np.float32)
    curve[curve < 0.0] = np.nan
    return curve
