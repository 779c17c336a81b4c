"""Pictures that are mixtures of their neighbours instead of a moment of their own.

The fine detail of a blend is the mean of its neighbours' detail; that of a moment of its own is
about as far from the mean as they are from each other. How far it is, where they differ, tells the
two apart, and most surely beside what the other frames around show.
"""

from __future__ import annotations

import math

from numba import njit

from synth.quality.pairs import detail
from synth.quality.view import View

_DIFFER = 12.0
"""Detail (four times a pixel less its neighbours) by which two pictures have to differ, codes."""
_LEFT = 0.8
"""Share of the detail itself that they have to differ by: something has come or gone there. Where
things creep, coders blend, and nobody sees it."""


def own_of(before: View, middle: View, after: View) -> float:
    """How much of a moment of its own ``middle`` is: near 0 for a blend, about half the rest.

    NaN where the neighbours hardly differ. A fraction of a millisecond.
    """
    if before.luma.shape != middle.luma.shape or middle.luma.shape != after.luma.shape:
        return math.nan
    return float(_own(before.luma, middle.luma, after.luma))


@njit(cache=True, nogil=True)
def _own(first, second, third):
    """Distance of the detail from the mean of its neighbours', over theirs from each other."""
    height, width = second.shape
    number, own, apart = 0, 0.0, 0.0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            a, c = detail(first, y, x), detail(third, y, x)
            away = abs(a - c)
            if away < _DIFFER or away < _LEFT * max(abs(a), abs(c)):
                continue
            number += 1
            apart += away
            own += abs(detail(second, y, x) - 0.5 * (a + c))
    if number < 100:
        return math.nan
    return own / apart
