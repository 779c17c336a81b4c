"""Jitter: a camera that trembles from frame to frame.

The motion of the whole picture is the step of the camera's path. Its difference from the mean of
the steps before and after, over the root of 5, is the deviation of a path that jumps at random. It
is set against the speed, since what moves fast is never quite even; steps around repeated and
missing frames are those defects and no jitter.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.quality.pacing import long_steps, odd_frames
from synth.quality.reading import Reading, largest, quantile, windowed
from synth.quality.signals import Signals

_WINDOW_SECONDS: Final = 1.0
_LEAST: Final = 5
_WORST: Final = 0.6
"""What the worst second counts for the clip."""
_FIFTH: Final = float(np.sqrt(5.0))
_SPEED_SHARE: Final = 0.15
"""Share of the speed that counts as one pixel of allowance."""


def jitter(signals: Signals) -> Reading:
    """Deviation of the camera's path, pixels at 720 lines."""
    odd = odd_frames(signals) | (long_steps(signals) > 0.0)
    path = signals.path.astype(np.float64).copy()
    path[odd] = np.nan
    apart = np.full(path.shape, np.nan)
    apart[1:-1] = path[1:-1] - 0.5 * (path[:-2] + path[2:])
    size = np.hypot(apart[:, 0], apart[:, 1]) / (_FIFTH * np.sqrt(2.0))
    size = (size / (1.0 + _SPEED_SHARE * signals.speed)).astype(np.float32)
    window = max(7, min(round(signals.fps * _WINDOW_SECONDS), 61))
    whole = windowed(size, signals.shots, window, _LEAST)
    curve = windowed(size, signals.shots, max(7, window // 2), _LEAST)
    return Reading(
        "jitter", max(quantile(whole, 0.75), _WORST * largest(whole)), signals.times, curve, "px",
        "Trembling of the camera, pixels at 720 lines",
        known=bool(np.isfinite(curve).any()),
    )  # fmt: skip
