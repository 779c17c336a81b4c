"""How a picture follows the one before it: motion, light, colour and what neither explains.

Motion is dense inverse search (Kroeger et al., ECCV 2016) on the small views, found from the later
picture to the earlier one, so that the earlier one is moved onto the later one's pixels. The change
of light is the trimmed mean of the log ratio of brightness along the motion, of the whole picture
and of each of 4 x 4 tiles; half a code of rounding averages out over thousands of pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.quality.view import Bytes, Levels, View

Floats = NDArray[np.float32]

TILES: Final = 4
"""Tiles along each side for local light."""
CELL: Final = 8
"""Pixels of the fine view along each side of a cell of motion."""
_BINS: Final = 512
"""Steps of the log ratio, 1/256 each, from -1 to 1."""
_DARK: Final = 20.0
"""Codes above black below which a ratio of brightness says nothing."""
_BRIGHT: Final = 0.97
"""Share of white above which it may be clipped."""
_FEW: Final = 48
"""Fewest pixels that a mean is taken of."""
_BLOCK: Final = 8
"""Pixels along each side of a block whose own shift of light is taken out."""
_SCATTER: Final = 24
"""Bins that the middle half of the ratios may reach; beyond, the motion was not understood."""
_SMALLEST: Final = 24
"""Shorter pictures have no motion that could be found."""


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What one pair of neighbours shows. NaN where nothing can be said."""

    gain: float
    """Log ratio of the later picture's light to the earlier one's."""
    tiles: Floats
    """The same for each tile, (16,)."""
    colour: tuple[float, float]
    """Shift of the two colour planes along the motion, codes."""
    change: float
    """Mean absolute difference as they stand, codes."""
    residue: float
    """The same once motion and light are taken out, codes."""
    texture: float
    """Mean absolute difference as they stand, but for the shift of each block's own light, codes:
    next to nothing in a repeated picture, however its light flickers."""
    motion: Floats
    """Motion of each cell from the earlier to the later picture, (h, w, 2), pixels at 720 lines."""
    rows: Floats
    """``texture`` of each row, (H,)."""


class PairEye:
    """Measures pairs; one per thread, since the flow works in memory of its own."""

    def __init__(self, levels: Levels) -> None:
        """``levels`` tells how codes stand for brightness."""
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(1)
        self._flow.setPatchStride(4)
        self._flow.setVariationalRefinementIterations(0)
        self._black = levels.black
        codes = np.arange(256, dtype=np.float64) - levels.black
        usable = (codes >= _DARK) & (codes <= _BRIGHT * levels.span)
        self._logs = np.where(usable, np.log(np.maximum(codes, 1.0)), np.nan).astype(np.float32)
        self._columns = self._rows = np.empty((0, 0), np.float32)

    def flow(self, target: Bytes, source: Bytes) -> Floats:
        """Where each pixel of ``target`` (H, W) lies in ``source``: offsets (H, W, 2), pixels."""
        height, width = target.shape
        if min(height, width) < _SMALLEST:
            return np.zeros((height, width, 2), np.float32)
        return np.asarray(self._flow.calc(target, source, np.empty((0, 0), np.float32)), np.float32)

    def moved(self, source: Bytes, flow: Floats) -> Bytes:
        """``source`` sampled where ``flow`` points to."""
        height, width = flow.shape[:2]
        if self._rows.shape != (height, width):
            columns, rows = np.meshgrid(np.arange(width), np.arange(height))
            self._columns, self._rows = columns.astype(np.float32), rows.astype(np.float32)
        across, down = self._columns + flow[..., 0], self._rows + flow[..., 1]
        return np.asarray(
            cv2.remap(source, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )

    def measure(self, before: View, after: View) -> PairFacts:
        """Compare a picture with the one before it; about three milliseconds."""
        first, second = before.luma, after.luma
        flow = self.flow(second, first)
        moved = self.moved(first, flow)
        inside = np.empty(second.shape, np.uint8)
        _inside(flow, inside)
        tiles = np.empty(TILES * TILES, np.float32)
        gain = _light(moved, second, inside, self._logs, tiles)
        rows = np.empty(second.shape[0], np.float32)
        change, residue, texture = _differences(
            first, second, moved, inside, gain, self._black, rows
        )
        thin = np.ascontiguousarray(flow[1::2, 1::2]) * np.float32(0.5)
        height, width = min(thin.shape[0], after.u.shape[0]), min(thin.shape[1], after.u.shape[1])
        thin = np.ascontiguousarray(thin[:height, :width])
        ok = np.ascontiguousarray(inside[1::2, 1::2][:height, :width])
        colour = (
            _shift(before.u, np.ascontiguousarray(after.u[:height, :width]), thin, ok),
            _shift(before.v, np.ascontiguousarray(after.v[:height, :width]), thin, ok),
        )
        cells = max(second.shape[1] // CELL, 1), max(second.shape[0] // CELL, 1)
        motion = -np.asarray(cv2.resize(flow, cells, interpolation=cv2.INTER_AREA)) * after.scale
        return PairFacts(
            gain, tiles, colour, change, residue, texture, motion.astype(np.float32), rows
        )


@njit(cache=True, nogil=True)
def _inside(flow, inside):
    """Mark with 1 the pixels whose source lies in the picture."""
    height, width = inside.shape
    for y in range(height):
        for x in range(width):
            u, v = x + flow[y, x, 0], y + flow[y, x, 1]
            inside[y, x] = 0 <= u <= width - 1 and 0 <= v <= height - 1


@njit(cache=True, nogil=True)
def _trimmed(counts, sums, least, widest):
    """Mean of the values near the median, from a histogram; NaN where they are too few or their
    middle half reaches further than ``widest`` bins."""
    total = counts.sum()
    if total < least:
        return math.nan
    half, seen, middle = total // 2, 0, 0
    for k in range(counts.size):
        seen += counts[k]
        if seen > half:
            middle = k
            break
    # The half of all values around the median tells how far they scatter.
    reach, near = 0, counts[middle]
    while near < half:
        reach += 1
        if middle - reach >= 0:
            near += counts[middle - reach]
        if middle + reach < counts.size:
            near += counts[middle + reach]
    if reach > widest:
        return math.nan
    reach = 3 * reach + 3
    low, high = max(middle - reach, 0), min(middle + reach, counts.size - 1)
    number, total_value = 0, 0.0
    for k in range(low, high + 1):
        number += counts[k]
        total_value += sums[k]
    return total_value / number


@njit(cache=True, nogil=True)
def _light(moved, second, inside, logs, tiles):
    """Log ratio of light: of the whole picture, and of its tiles into ``tiles``."""
    height, width = second.shape
    counts = np.zeros((TILES * TILES, _BINS), np.int64)
    sums = np.zeros((TILES * TILES, _BINS), np.float64)
    for y in range(height):
        row = y * TILES // height * TILES
        for x in range(width):
            if not inside[y, x]:
                continue
            ratio = logs[second[y, x]] - logs[moved[y, x]]
            if not (-1.0 < ratio < 1.0):
                continue
            tile = row + x * TILES // width
            k = int((ratio + 1.0) * 256.0)
            counts[tile, k] += 1
            sums[tile, k] += ratio
    for tile in range(TILES * TILES):
        tiles[tile] = _trimmed(counts[tile], sums[tile], _FEW, _SCATTER)
    return _trimmed(counts.sum(axis=0), sums.sum(axis=0), _FEW, 2 * _SCATTER)


@njit(cache=True, nogil=True)
def _differences(first, second, moved, inside, gain, black, rows):
    """Mean absolute difference as it stands, along the motion, and without each block's own shift;
    the last for each row into ``rows``."""
    height, width = second.shape
    factor = 1.0 if math.isnan(gain) else math.exp(gain)
    total, left, number, texture = 0, 0.0, 0, 0.0
    rows[:] = 0.0
    for top in range(0, height, _BLOCK):
        bottom = min(top + _BLOCK, height)
        for start in range(0, width, _BLOCK):
            end = min(start + _BLOCK, width)
            for y in range(top, bottom):
                for x in range(start, end):
                    value = np.int64(second[y, x])
                    total += abs(value - np.int64(first[y, x]))
                    if inside[y, x]:
                        left += abs(value - factor * moved[y, x])
                        number += 1
            ratio, shift = _own_shift(first, second, top, bottom, start, end, black)
            for y in range(top, bottom):
                line = 0.0
                for x in range(start, end):
                    line += abs(second[y, x] - ratio * first[y, x] - shift)
                rows[y] += line
                texture += line
    size = height * width
    rows /= width
    return total / size, left / max(number, 1), texture / size


@njit(cache=True, nogil=True)
def _own_shift(first, second, top, bottom, start, end, black):
    """How a block's own light goes from one picture to the other: a factor and an addend."""
    one, other = 0, 0
    for y in range(top, bottom):
        for x in range(start, end):
            one += np.int64(first[y, x])
            other += np.int64(second[y, x])
    count = (bottom - top) * (end - start)
    ratio = (other - black * count) / max(one - black * count, 4.0 * count)
    ratio = min(max(ratio, 0.7), 1.4)
    return ratio, other / count - ratio * one / count


def texture_between(before: View, after: View, levels: Levels) -> float:
    """``PairFacts.texture`` of any two pictures, codes; NaN where their sizes differ. About a tenth
    of a millisecond."""
    if before.luma.shape != after.luma.shape:
        return math.nan
    return float(_texture(before.luma, after.luma, levels.black))


@njit(cache=True, nogil=True)
def _texture(first, second, black):
    """Mean absolute difference as it stands, without each block's own shift."""
    height, width = second.shape
    texture = 0.0
    for top in range(0, height, _BLOCK):
        bottom = min(top + _BLOCK, height)
        for start in range(0, width, _BLOCK):
            end = min(start + _BLOCK, width)
            ratio, shift = _own_shift(first, second, top, bottom, start, end, black)
            for y in range(top, bottom):
                for x in range(start, end):
                    texture += abs(second[y, x] - ratio * first[y, x] - shift)
    return texture / (height * width)


@njit(cache=True, nogil=True)
def _shift(first, second, flow, inside):
    """Shift of a colour plane along the motion, codes."""
    height, width = second.shape
    counts = np.zeros(511, np.int64)
    sums = np.zeros(511, np.float64)
    bottom, right = first.shape[0] - 1, first.shape[1] - 1
    for y in range(height):
        for x in range(width):
            if not inside[y, x]:
                continue
            u = min(max(x + flow[y, x, 0], 0.0), right - 1e-3)
            v = min(max(y + flow[y, x, 1], 0.0), bottom - 1e-3)
            x0, y0 = int(u), int(v)
            x1, y1 = min(x0 + 1, right), min(y0 + 1, bottom)
            a, b = u - x0, v - y0
            value = (1 - b) * ((1 - a) * first[y0, x0] + a * first[y0, x1]) + b * (
                (1 - a) * first[y1, x0] + a * first[y1, x1]
            )
            apart = second[y, x] - value
            k = round(apart) + 255
            counts[k] += 1
            sums[k] += apart
    return _trimmed(counts, sums, _FEW, 255)


@njit(cache=True, nogil=True)
def detail(picture, y, x):
    """Fine detail at a pixel: four times itself less its neighbours."""
    return (
        4.0 * picture[y, x]
        - picture[y - 1, x]
        - picture[y + 1, x]
        - picture[y, x - 1]
        - picture[y, x + 1]
    )
