"""Pictures that are mixtures of their neighbours instead of a moment of their own.

Of three neighbouring pictures the outer two are moved half way towards each other, which makes what
the middle one should show; laid over each other unmoved, they make what a blend shows. How far the
middle one lies from the first towards the second is told by least squares, with the difference of
the outer two as a third direction for motion that is not quite even.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from synth.quality.pairs import PairEye
from synth.quality.view import View

_AGREE: Final = 16
"""Codes that the two outer pictures may differ by once moved; elsewhere the motion is wrong."""
_VISIBLE: Final = 2.0
"""Codes (rms) by which a blend has to differ from real motion to be told from it."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What the middle one of three pictures is made of."""

    blend: float
    """0 a moment of its own, 1 half of each neighbour; NaN where the two look alike."""
    weight: float
    """How much a blend would differ from real motion, codes (rms)."""


def mix_of(eye: PairEye, before: View, middle: View, after: View) -> Mix:
    """How much ``middle`` is a blend of its neighbours; about two milliseconds."""
    flow = eye.flow(after.luma, before.luma)
    half = flow * np.float32(0.5)
    one, other = eye.moved(before.luma, half), eye.moved(after.luma, -half)
    return Mix(*_regress(before.luma, middle.luma, after.luma, one, other))


@njit(cache=True, nogil=True)
def _regress(first, second, third, one, other):
    """Share of the blend in ``second``, and the blend's distance from real motion."""
    height, width = second.shape
    number = 0
    aa, ab, bb, ay, by = 0.0, 0.0, 0.0, 0.0, 0.0
    for y in range(2, height - 2):
        for x in range(2, width - 2):
            p, q = float(one[y, x]), float(other[y, x])
            if abs(p - q) > _AGREE:
                continue
            real = 0.5 * (p + q)
            a = 0.5 * (float(first[y, x]) + float(third[y, x])) - real
            b = 0.5 * (float(first[y, x]) - float(third[y, x]))
            target = float(second[y, x]) - real
            aa += a * a
            ab += a * b
            bb += b * b
            ay += a * target
            by += b * target
            number += 1
    if number < 200:
        return math.nan, 0.0
    bb += number * 0.01
    energy = aa - ab * ab / bb
    weight = math.sqrt(max(energy, 0.0) / number)
    if weight < _VISIBLE:
        return math.nan, weight
    return (ay - ab * by / bb) / energy, weight


def empty_mix() -> Mix:
    """Nothing known."""
    return Mix(math.nan, 0.0)
