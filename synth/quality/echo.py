"""What stays behind of a picture where something moves: the echo that makes trails.

Where things move by more than their fine detail is large, the detail of two neighbouring pictures,
laid over each other as they stand, has nothing in common; a trail makes them correlate by the share
that stays. Only blocks count in which the motion is known, that is, where the detail agrees once
it is moved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numba import njit

from synth.quality.pairs import Floats, PairEye
from synth.quality.view import Bytes, View

_FINER: Final = 2
"""Detail is looked at in a picture so many times the size of the view, if there is one."""
_BLOCK: Final = 16
"""Pixels along each side of a block of that picture."""
_FAST: Final = 2.5
"""Pixels of that picture by which a block has to move."""
_FURTHEST: Final = 40.0
"""Beyond, the motion is not to be relied on."""
_AGREES: Final = 0.5
"""Correlation of detail along the motion from which the motion is known."""
_FAINT: Final = 2.0
"""Mean square of the detail below which there is none, codes."""


@dataclass(frozen=True, slots=True)
class Echo:
    """How two neighbouring pictures correlate as they stand."""

    value: float
    """Correlation of what moves, about the share of the picture before that stays; NaN where
    nothing moves enough."""
    share: float
    """Share of the picture that this rests on, 0 to 1."""


def echo_of(eye: PairEye, before: View, after: View, first: Bytes, second: Bytes) -> Echo:
    """The echo of a picture in the next one, by their views and their full lumas, (H, W) uint8."""
    height, width = after.luma.shape
    if before.luma.shape != after.luma.shape or min(height, width) < _BLOCK:
        return Echo(math.nan, 0.0)
    flow = eye.flow(after.luma, before.luma)
    # The view leaves out what does not fill a pixel of its own at the right and at the bottom.
    factor = max(min(second.shape[0] // height, second.shape[1] // width), 1)
    finer = min(_FINER, factor)
    one, two = (_detail(luma, (height, width), factor, finer) for luma in (first, second))
    return Echo(*_correlate(one, two, flow, finer))


def _detail(luma: Bytes, view: tuple[int, int], factor: int, finer: int) -> Floats:
    height, width = view
    part = luma[: factor * height, : factor * width]
    if finer != factor:
        size = finer * width, finer * height
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(part.astype(np.float32), (0, 0), 0.7)
    return np.asarray(cv2.Laplacian(smooth, cv2.CV_32F), np.float32)


@njit(cache=True, nogil=True)
def _correlate(one, two, flow, finer):
    """Correlation of ``two`` with ``one`` as it stands, in the blocks whose motion is known."""
    height, width = two.shape
    together, first, second, blocks = 0.0, 0.0, 0.0, 0
    for top in range(2, height - _BLOCK - 1, _BLOCK):
        for left in range(2, width - _BLOCK - 1, _BLOCK):
            middle = flow[(top + _BLOCK // 2) // finer, (left + _BLOCK // 2) // finer]
            speed = finer * math.hypot(middle[0], middle[1])
            if speed < _FAST or speed > _FURTHEST:
                continue
            ab, aa, bb, mb, mm, seen = 0.0, 0.0, 0.0, 0.0, 0.0, 0
            for y in range(top, top + _BLOCK):
                for x in range(left, left + _BLOCK):
                    u = x + finer * flow[y // finer, x // finer, 0]
                    v = y + finer * flow[y // finer, x // finer, 1]
                    if u < 2.0 or v < 2.0 or u > width - 4.0 or v > height - 4.0:
                        continue
                    column, row = int(u), int(v)
                    p, q = u - column, v - row
                    moved = (1.0 - q) * (
                        (1.0 - p) * one[row, column] + p * one[row, column + 1]
                    ) + q * ((1.0 - p) * one[row + 1, column] + p * one[row + 1, column + 1])
                    a, b = one[y, x], two[y, x]
                    ab += a * b
                    aa += a * a
                    bb += b * b
                    mb += moved * b
                    mm += moved * moved
                    seen += 1
            if seen < _BLOCK * _BLOCK // 2 or bb < _FAINT * seen:
                continue
            if mb < _AGREES * math.sqrt(mm * bb):
                continue
            together += ab
            first += aa
            second += bb
            blocks += 1
    share = blocks * _BLOCK * _BLOCK / (height * width)
    if blocks < 4 or min(first, second) <= 0.0:
        return math.nan, share
    return together / math.sqrt(first * second), share
