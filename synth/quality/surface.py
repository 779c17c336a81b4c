"""What one picture shows by itself at full resolution: detail, noise, blocks, bands, clipped light.

- Detail: energy of two neighbouring octaves (differences of Gaussians, sigma 0.8, 1.6 and 3.2
  pixels) in tiles, with the noise's share taken out; blur takes the finer one first. The ratio is
  that of the tiles where it is high: a soft background is no blur.
- Noise: J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding
  64(2), 1996, in the quarter of the tiles where it is least.
- Blocks: how much larger steps are between blocks of 8 pixels than inside of them.
- Bands: the share of smooth tiles that rise in steps instead of evenly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.quality.view import Bytes, Levels

Floats = NDArray[np.float32]

_TILE: Final = 64
_BAND_TILE: Final = 32
_SIGMAS: Final = (0.8, 1.6, 3.2)
_NOISE_SHARE: Final = (0.0618, 0.0155)
"""Share of white noise's variance that falls into the two bands."""
_WORKING: Final = 1_000_000
"""Pixels above which detail is looked for in a smaller picture."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Measurements of one picture. NaN where nothing can be said."""

    detail: float
    """Ratio of the finer octave's energy to the coarser one's; about 0.3 to 1 where it is sharp."""
    noise: float
    """Standard deviation, 8-bit codes."""
    blocking: float
    """Steps between blocks over steps inside; 1 without blocks."""
    banding: float
    """Share of the picture that rises in visible steps, 0 to 1."""
    white: float
    """Share of the picture that is clipped at the bright end, 0 to 1."""
    dark: float
    """The same at the dark end, the black borders left out."""


def surface(luma: Bytes, levels: Levels) -> Surface:
    """Measure the luma of a picture, (H, W) uint8."""
    noise, detail = _noise_and_detail(luma)
    scale = 255.0 / levels.span
    return Surface(
        detail, noise * scale, blocking(luma), banding(luma, levels), *clipped(luma, levels)
    )


def _noise_and_detail(luma: Bytes) -> tuple[float, float]:
    height, width = luma.shape
    if min(height, width) < 32:
        return math.nan, math.nan
    noise = _noise(luma)
    level = noise if math.isfinite(noise) else 0.0
    shrunk = luma
    if luma.size > _WORKING:
        factor = math.sqrt(_WORKING * 0.92 / luma.size)
        size = (round(width * factor), round(height * factor))
        shrunk = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
        # Averaging takes out noise in the measure of the pixels that become one.
        level *= factor
    plain = shrunk.astype(np.float32)
    one, two, three = (
        np.asarray(cv2.GaussianBlur(plain, (0, 0), sigma), np.float32) for sigma in _SIGMAS
    )
    fine, coarse = cv2.subtract(one, two), cv2.subtract(two, three)
    energies = [_tiles(cv2.multiply(band, band)) for band in (fine, coarse)]
    fine_energy = np.maximum(energies[0] - _NOISE_SHARE[0] * level * level, 0.0)
    coarse_energy = np.maximum(energies[1] - _NOISE_SHARE[1] * level * level, 0.0)
    counts = coarse_energy > max(1.0, 0.15 * float(np.percentile(coarse_energy, 90)))
    if not counts.any():
        return noise, math.nan
    return noise, float(np.percentile(fine_energy[counts] / coarse_energy[counts], 70))


def _tiles(picture: cv2.typing.MatLike) -> Floats:
    height, width = (max(side // _TILE, 1) for side in picture.shape)
    return np.asarray(
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.float32
    )


def _noise(luma: Bytes) -> float:
    down, across = max(luma.shape[0] // _TILE, 1), max(luma.shape[1] // _TILE, 1)
    sums = np.zeros((down, across), np.float64)
    counts = np.zeros((down, across), np.int64)
    _immerkaer(luma, sums, counts)
    usable = counts > 400
    if not usable.any():
        return math.nan
    means = sums[usable] / counts[usable]
    return float(np.percentile(means, 25)) * math.sqrt(math.pi / 2.0) / 6.0


@njit(cache=True, nogil=True)
def _immerkaer(luma, sums, counts):
    """Mean absolute response to Immerkaer's mask in each tile, clipped pixels left out."""
    height, width = luma.shape
    down, across = sums.shape
    for y in range(1, height - 1):
        row = y * down // height
        for x in range(1, width - 1):
            centre = int(luma[y, x])
            if centre < 2 or centre > 253:
                continue
            corners = (
                int(luma[y - 1, x - 1])
                + int(luma[y - 1, x + 1])
                + int(luma[y + 1, x - 1])
                + int(luma[y + 1, x + 1])
            )
            sides = (
                int(luma[y - 1, x])
                + int(luma[y + 1, x])
                + int(luma[y, x - 1])
                + int(luma[y, x + 1])
            )
            column = x * across // width
            sums[row, column] += abs(corners - 2 * sides + 4 * centre)
            counts[row, column] += 1


def blocking(luma: Bytes) -> float:
    """Steps at the borders of 8 x 8 blocks over steps elsewhere; 1 without blocks."""
    if min(luma.shape) < 32:
        return math.nan
    across, down = np.zeros(8), np.zeros(8)
    _steps(luma, across, down)
    return 0.5 * (_stands_out(across) + _stands_out(down))


def _stands_out(steps: NDArray[np.float64]) -> float:
    at = int(np.argmax(steps))
    usual = float(np.median(np.delete(steps, at)))
    return (float(steps[at]) + 0.02) / (usual + 0.02)


@njit(cache=True, nogil=True)
def _steps(luma, across, down):
    """Mean of how far a step stands out from the slope on both sides, for each of 8 phases."""
    height, width = luma.shape
    for y in range(2, height - 1, 2):
        for x in range(2, width - 1):
            step = abs(int(luma[y, x]) - int(luma[y, x - 1]))
            around = abs(int(luma[y, x - 1]) - int(luma[y, x - 2])) + abs(
                int(luma[y, x + 1]) - int(luma[y, x])
            )
            across[x & 7] += min(max(2 * step - around, 0), 24)
    for y in range(2, height - 1):
        for x in range(2, width - 1, 2):
            step = abs(int(luma[y, x]) - int(luma[y - 1, x]))
            around = abs(int(luma[y - 1, x]) - int(luma[y - 2, x])) + abs(
                int(luma[y + 1, x]) - int(luma[y, x])
            )
            down[y & 7] += min(max(2 * step - around, 0), 24)
    scale = 16.0 / (height * width)
    across *= scale
    down *= scale


def banding(luma: Bytes, levels: Levels) -> float:
    """Share of the picture that rises in visible steps, 0 to 1."""
    if min(luma.shape) < _BAND_TILE:
        return math.nan
    return _bands(luma, 255.0 / levels.span)


@njit(cache=True, nogil=True)
def _bands(luma, scale):
    """Mean over all tiles of how visible their steps are."""
    height, width = luma.shape
    total, tiles = 0.0, 0
    for top in range(0, height - 31, 32):
        for left in range(0, width - 31, 32):
            zeros, steps, moves, largest = 0, 0, 0, 0
            low, high = 255, 0
            for y in range(top, top + 32, 2):
                for x in range(left, left + 31):
                    value = int(luma[y, x])
                    low, high = min(low, value), max(high, value)
                    apart = abs(int(luma[y, x + 1]) - value)
                    below = abs(int(luma[y + 1, x]) - value)
                    for step in (apart, below):
                        if step == 0:
                            zeros += 1
                        else:
                            steps += 1
                            moves += step
                            largest = max(largest, step)
            tiles += 1
            if steps < 8 or zeros < 4 * steps or largest > 16 or high - low < 2:
                continue
            height_of_step = moves / steps * scale
            total += min(max((height_of_step - 1.3) / 2.0, 0.0), 1.0)
    return total / max(tiles, 1)


def clipped(luma: Bytes, levels: Levels) -> tuple[float, float]:
    """Share of pixels piled up at the bright and at the dark end, 0 to 1."""
    counts = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    black = int(levels.black)
    white = int(levels.black + levels.span)
    share = counts / counts.sum()
    used = np.flatnonzero(share > 1e-4)
    top, bottom = int(used[-1]), int(used[0])
    bright = _piled(share[::-1], 255 - top) if top >= white - 6 else 0.0
    dark = _piled(share, bottom) if bottom <= black + 3 else 0.0
    return bright, dark


def _piled(share: NDArray[np.float64], end: int) -> float:
    """How much more lies in the last two codes than their neighbours would let expect."""
    last = float(share[end : end + 2].sum())
    slope = float(share[end + 3 : end + 9].mean()) * 2.0
    return max(last - slope, 0.0)
