"""How long the steps of a motion are, told from how much pictures differ.

The difference of two pictures grows with the time between them by a power below one: it is about
the motion itself where that is small, and less and less where it is larger than the detail. The
power is found from the clip: lengths add up, so that the length from a picture to the second next
has to be that of the two steps in between. This needs no motion field, and so tells steps of cloth,
of water and of dim noisy pictures; it tells nothing where motion turns round or where noise is all
there is, since lengths do not add up there.
"""

from __future__ import annotations

import itertools
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.quality.signals import Signals

Floats = NDArray[np.float32]
_Doubles = NDArray[np.float64]

_POWERS: Final = np.linspace(0.25, 1.1, 35)
"""Powers that are tried."""
_STRETCH: Final = 96
"""Frames that share a power."""
_FEW: Final = 8
"""Fewest pairs of steps that a power is found from."""
_FAINT: Final = 0.2
"""Difference below which a picture does not move, codes."""
_ADDS: Final = 0.2
"""Half of all lengths have to add up to within this share."""
_TURNS: Final = 0.5
"""Logarithm by which two steps may differ from what they should be together."""


def strides(signals: Signals) -> Floats:
    """Logarithm of the length of each step over that of the one before it, (n,).

    NaN where little moves or lengths do not add up.
    """
    change = np.where(signals.joined, signals.texture, np.nan).astype(np.float64)
    change[~(change >= _FAINT)] = np.nan
    one = np.log(change)
    two = np.log(np.where(signals.twice >= _FAINT, signals.twice, np.nan).astype(np.float64))
    found = np.full(signals.frames, np.nan, np.float32)
    for shot in signals.shots:
        count = max(1, round((shot.stop - shot.start) / _STRETCH))
        edges = np.linspace(shot.start, shot.stop, count + 1).astype(int)
        for first, end in itertools.pairwise(edges):
            # The step into a stretch belongs to it.
            near = slice(max(first - 1, shot.start), end)
            found[near][1:] = _stretch(one[near], two[near])
    return found


def _stretch(one: _Doubles, two: _Doubles) -> _Doubles:
    """The same for frames that share a power; of logarithms of differences (n,), to (n - 1,)."""
    before, after, both = one[:-1], one[1:], two[1:]
    known = np.isfinite(before) & np.isfinite(after) & np.isfinite(both)
    steps = np.full(len(after), math.nan)
    if known.sum() < _FEW:
        return steps
    before, after, both = before[known], after[known], both[known]
    powers = _POWERS[:, None]
    away = both - powers * np.logaddexp(before / powers, after / powers)
    off = np.median(np.abs(away), axis=1)
    at = int(np.argmin(off))
    power = float(_POWERS[at])
    if off[at] > _ADDS * power:
        return steps
    adds_up = np.abs(away[at]) <= _TURNS * power
    steps[known] = np.where(adds_up, (after - before) / power, math.nan)
    return steps
