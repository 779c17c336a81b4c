"""What one picture shows by itself at full resolution: detail, noise, blocks, bands, clipped light.

- Detail: energy of two neighbouring octaves (differences of Gaussians, sigma 0.8, 1.6 and 3.2
  pixels of a picture of 720 lines) in tiles, with the noise's share taken out; blur takes the
  finer one first. The ratio is that of the tiles where it is high: a soft background is no blur.
  Where both have gone, the next octaves tell how far.
- Noise: J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding
  64(2), 1996, in the quarter of the tiles where it is least.
- Blocks: how much larger steps are between blocks of 8 pixels than inside of them.
- Bands: the share of tiles whose histogram is a comb.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.quality.view import LINES, Bytes, Levels

Floats = NDArray[np.float32]

_TILE: Final = 64
_BAND_TILE: Final = 32
_SIGMAS: Final = (0.8, 1.6, 3.2)
"""Of the three blurs, pixels of a picture of 720 lines."""
_FINEST: Final = 0.4
"""Least of them, in the picture's own pixels."""
_SOFT: Final = 0.2
"""Ratio of the two octaves below which coarser ones are asked."""
_SOFT_COARSE: Final = 0.25
"""Ratio of the next two octaves in a picture as soft as that."""
_SHAPELESS: Final = 0.05
"""Ratio of a picture that has shapes and not an edge."""
_SHAPES: Final = 2.0
"""Standard deviation of what counts as shapes, codes."""


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
    lines = min(height, width)
    if lines > LINES:
        factor = LINES / lines
        size = (round(width * factor), round(height * factor))
        shrunk = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
        # Averaging takes out noise in the measure of the pixels that become one.
        level *= factor
    scale = min(shrunk.shape) / LINES
    kernels = [_kernel(max(sigma * scale, _FINEST * 2**k)) for k, sigma in enumerate(_SIGMAS)]
    plain = shrunk.astype(np.float32)
    one, two, three = (cv2.sepFilter2D(plain, cv2.CV_32F, kernel, kernel) for kernel in kernels)
    fine, coarse = cv2.subtract(one, two), cv2.subtract(two, three)
    energies = [np.asarray(_tiles(cv2.multiply(band, band))) for band in (fine, coarse)]
    shares = _share(kernels[0], kernels[1]), _share(kernels[1], kernels[2])
    energy, base = (
        np.maximum(band - share * level * level, 0.0)
        for band, share in zip(energies, shares, strict=True)
    )
    detail = _high(energy, base)
    if detail >= _SOFT:
        return noise, detail
    return noise, _softer(detail, shrunk, three, base, level, scale)


def _high(energy: Floats, base: Floats) -> float:
    """Ratio of two octaves where it is high; NaN where the coarser one is nowhere."""
    counts = base > max(1.0, 0.15 * float(np.percentile(base, 90)))
    if not counts.any():
        return math.nan
    return float(np.percentile(energy[counts] / base[counts], 70))


def _softer(
    detail: float,
    luma: Bytes,
    blurred: cv2.typing.MatLike,
    base: Floats,
    level: float,
    scale: float,
) -> float:
    """The ratio of a soft picture, which two fine octaves full of rounding cannot tell.

    ``base`` is the energy of the octave above ``blurred``, ``scale`` the height over 720 lines.
    """
    kernels = [_kernel(sigma * scale) for sigma in (_SIGMAS[-1], 2 * _SIGMAS[-1])]
    plain = luma.astype(np.float32)
    wide = cv2.sepFilter2D(plain, cv2.CV_32F, kernels[1], kernels[1])
    band = cv2.subtract(blurred, wide)
    energy = np.asarray(_tiles(cv2.multiply(band, band))) - _share(*kernels) * level * level
    coarser = _high(base, np.maximum(energy, 0.0))
    if coarser < _SOFT_COARSE:
        coarser *= _SOFT / _SOFT_COARSE
        return coarser if math.isnan(detail) else min(detail, coarser)
    if math.isnan(detail):
        # Shapes without a single edge, or nothing to see at all.
        shapes = plain - cv2.blur(plain, (_sides(scale), _sides(scale)))
        return _SHAPELESS if float(shapes.std()) > _SHAPES else math.nan
    return detail


def _sides(scale: float) -> int:
    return 2 * max(round(40 * scale), 2) + 1


def _kernel(sigma: float) -> NDArray[np.float64]:
    return np.asarray(cv2.getGaussianKernel(2 * math.ceil(3.0 * sigma) + 1, sigma), np.float64)


def _share(narrow: NDArray[np.float64], wide: NDArray[np.float64]) -> float:
    """Share of white noise's variance that the difference of two blurs lets through."""
    whole = wide @ wide.T
    margin = (len(wide) - len(narrow)) // 2
    whole[margin : margin + len(narrow), margin : margin + len(narrow)] -= narrow @ narrow.T
    return float((whole * whole).sum())


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
            centre = np.int64(luma[y, x])
            if centre < 2 or centre > 253:
                continue
            corners = (
                np.int64(luma[y - 1, x - 1])
                + np.int64(luma[y - 1, x + 1])
                + np.int64(luma[y + 1, x - 1])
                + np.int64(luma[y + 1, x + 1])
            )
            sides = (
                np.int64(luma[y - 1, x])
                + np.int64(luma[y + 1, x])
                + np.int64(luma[y, x - 1])
                + np.int64(luma[y, x + 1])
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


_FLOOR: Final = 0.5
"""Codes that every step is taken to have: between smooth blocks a step that nobody sees would be
many times larger than those inside."""


def _stands_out(steps: NDArray[np.float64]) -> float:
    at = int(np.argmax(steps))
    usual = float(np.median(np.delete(steps, at)))
    return (float(steps[at]) + _FLOOR) / (usual + _FLOOR)


@njit(cache=True, nogil=True)
def _steps(luma, across, down):
    """Mean of how far a step stands out from the slope on both sides, for each of 8 phases."""
    height, width = luma.shape
    for y in range(2, height - 1, 2):
        for x in range(2, width - 1):
            step = abs(np.int64(luma[y, x]) - np.int64(luma[y, x - 1]))
            around = abs(np.int64(luma[y, x - 1]) - np.int64(luma[y, x - 2])) + abs(
                np.int64(luma[y, x + 1]) - np.int64(luma[y, x])
            )
            across[x & 7] += min(max(2 * step - around, 0), 24)
    for y in range(2, height - 1):
        for x in range(2, width - 1, 2):
            step = abs(np.int64(luma[y, x]) - np.int64(luma[y - 1, x]))
            around = abs(np.int64(luma[y - 1, x]) - np.int64(luma[y - 2, x])) + abs(
                np.int64(luma[y + 1, x]) - np.int64(luma[y, x])
            )
            down[y & 7] += min(max(2 * step - around, 0), 24)
    scale = 16.0 / (height * width)
    across *= scale
    down *= scale


def banding(luma: Bytes, levels: Levels) -> float:
    """Share of the picture whose brightness comes in steps, 0 to 1."""
    if min(luma.shape) < _BAND_TILE:
        return math.nan
    return _bands(luma, 255.0 / levels.span)


@njit(cache=True, nogil=True)
def _bands(luma, scale):
    """Mean over all tiles of how much their histogram is a comb instead of a hill.

    Codes are counted in twos, so that a stretched contrast, which leaves out every other code, is
    none. Tiles with hard edges or of one colour say nothing.
    """
    height, width = luma.shape
    total, tiles = 0.0, 0
    counts = np.zeros(257, np.float64)
    for top in range(0, height - 31, 32):
        for left in range(0, width - 31, 32):
            tiles += 1
            counts[:] = 0.0
            edges = 0
            for y in range(top, top + 32):
                for x in range(left, left + 32):
                    value = np.int64(luma[y, x])
                    counts[value] += 1.0
                    if x < left + 31 and abs(np.int64(luma[y, x + 1]) - value) > 30:
                        edges += 1
            if edges > 51:
                continue
            low, high = 255, 0
            for k in range(256):
                if counts[k] > 5.0:
                    low, high = min(low, k), max(high, k)
            if (high - low) * scale < 11.0:
                continue
            for k in range(256):
                counts[k] = 0.5 * (counts[k] + counts[k + 1])
            rough, whole = 0.0, 0.0
            for k in range(max(low, 3), min(high, 252) + 1):
                mean = 0.0
                for j in range(k - 3, k + 4):
                    mean += counts[j]
                rough += abs(counts[k] - mean / 7.0)
                whole += counts[k]
            if whole > 0.0:
                total += min(max((rough / whole - 0.5) / 0.5, 0.0), 1.0)
    return total / max(tiles, 1)


def clipped(luma: Bytes, levels: Levels) -> tuple[float, float]:
    """Share of pixels piled up at the bright and at the dark end, 0 to 1.

    The bright end is white, or the last code where the picture goes well beyond white.
    """
    counts = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    share = counts / counts.sum()
    white = int(levels.black + levels.span)
    beyond = white <= 249 and float(share[white + 6 :].sum()) > 0.002
    bright = _piled(share[::-1], 255 - (252 if beyond else white - 3))
    dark = _piled(share, int(levels.black) + 2)
    return bright, dark


def _piled(share: NDArray[np.float64], end: int) -> float:
    """How much more lies at or beyond ``end`` than the codes before it let expect."""
    last = float(share[: end + 1].sum())
    slope = float(share[end + 2 : end + 14].mean()) * 4.0
    return max(last - slope, 0.0)
