"""Fog: a drifting density in the world, gathered along each line of sight.

The air in front of the camera is sampled at points of a coarse grid that is denser near by (the
"froxels" of B. Wronski, "Volumetric Fog", SIGGRAPH 2014); how much light still comes through
(Beer-Lambert) is kept at each and interpolated for the pixels.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

STEP = 20
"""Pixels between lines of sight."""

SLICES = 14
"""Points along a line of sight, even in the square root of nearness."""

FIRST, LAST = 0.9, 0.1
"""Square root of nearness of the first and the last point: 1.2 and 100 scene units."""

CELLS = 32
"""Side of the block of noise that repeats for ever."""

PERIOD = (19.0, 6.1)
"""Size of the block for the large and for the small swirls, scene units."""


LIVELY = 0.12
"""How much brighter thick swirls are, share."""


def swirls(seed: int) -> NDArray[np.float32]:
    """A repeating block of smooth noise, mean 0 and deviation 1, shape (32, 32, 32)."""
    noise = np.random.default_rng((seed, 41)).standard_normal((CELLS, CELLS, CELLS))
    rough = gaussian_filter(noise, 1.3, mode="wrap")
    smooth = gaussian_filter(noise, 3.2, mode="wrap")
    both = rough / rough.std() * 0.6 + smooth / smooth.std()
    return np.ascontiguousarray(both / both.std(), np.float32)


def drifts(
    velocity: NDArray[np.float64], time: float, seconds: float, loop: bool
) -> NDArray[np.float64]:
    """How far the swirls have drifted: rows of (weight, x, y, z), shape (2, 4).

    In a loop two copies of the air take turns, each out of sight when it starts again.
    """
    if not loop:
        return np.array([[1.0, *(velocity * time)], [0.0, 0.0, 0.0, 0.0]])
    rows = []
    for turn in (0.0, 0.5):
        phase = (time / seconds + turn) % 1.0
        offset = velocity * (phase - 0.5) * seconds + turn * 13.7
        rows.append((math.sin(math.pi * phase), *offset))
    return np.array(rows)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _noise(block, x, y, z):  # pragma: no cover - compiled
    fx = np.floor(x)
    fy = np.floor(y)
    fz = np.floor(z)
    i = int(fx) & (CELLS - 1)
    j = int(fy) & (CELLS - 1)
    k = int(fz) & (CELLS - 1)
    u = x - fx
    v = y - fy
    w = z - fz
    i1 = (i + 1) & (CELLS - 1)
    j1 = (j + 1) & (CELLS - 1)
    k1 = (k + 1) & (CELLS - 1)
    a = (block[k, j, i] * (1 - u) + block[k, j, i1] * u) * (1 - v)
    a += (block[k, j1, i] * (1 - u) + block[k, j1, i1] * u) * v
    b = (block[k1, j, i] * (1 - u) + block[k1, j, i1] * u) * (1 - v)
    b += (block[k1, j1, i] * (1 - u) + block[k1, j1, i1] * u) * v
    return a * (1 - w) + b * w


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def clearness(
    block, camera, drift, density, unevenness, settle, size
):  # pragma: no cover - compiled
    """Share of light that comes through to points of the grid.

    Args:
        block: from `swirls`.
        camera: rotation camera-from-world (9), position (3), focal length in pixels, centre (2).
        drift: from `drifts`.
        density: share of light lost per scene unit.
        unevenness: how much thicker and thinner the swirls make it.
        settle: how much thicker it is per unit downwards, share.
        size: frame width and height, pixels.

    Returns:
        float32, shape (rows, columns, SLICES + 1); the last number is how thick the swirls are in
        what is seen of the fog, about -1 to 1: where all is fog, its light still moves.
    """
    columns = int(np.ceil(size[0] / STEP)) + 1
    rows = int(np.ceil(size[1] / STEP)) + 1
    clear = np.empty((rows, columns, SLICES + 1), np.float32)
    large = CELLS / PERIOD[0]
    small = CELLS / PERIOD[1]
    for row in range(rows):
        for column in range(columns):
            sx = (column * STEP - camera[13]) / camera[12]
            sy = (camera[14] - row * STEP) / camera[12]
            # World direction per unit of depth: the transposed rotation.
            wx = camera[0] * sx + camera[3] * sy - camera[6]
            wy = camera[1] * sx + camera[4] * sy - camera[7]
            wz = camera[2] * sx + camera[5] * sy - camera[8]
            lost = 0.0
            before = 0.0
            through = 1.0
            seen = 0.0
            for index in range(SLICES):
                root = FIRST + (LAST - FIRST) * index / (SLICES - 1)
                depth = 1.0 / (root * root)
                middle = 0.5 * (before + depth)
                x = camera[9] + wx * middle
                y = camera[10] + wy * middle
                z = camera[11] + wz * middle
                swirl = 0.0
                for copy in range(2):
                    if drift[copy, 0] > 0.0:
                        px = x - drift[copy, 1]
                        py = y - drift[copy, 2]
                        pz = z - drift[copy, 3]
                        fine = _noise(block, px * small, (py * 1.5) * small, pz * small)
                        px -= 0.35 * drift[copy, 1]
                        wide = _noise(block, px * large, (py * 1.5) * large, pz * large)
                        # What is smaller than the step between points would only flicker.
                        share = min(6.0 / middle, 1.0)
                        swirl += drift[copy, 0] * (0.8 * wide + 0.4 * share * fine)
                # Swirls about the camera itself would only darken and brighten all.
                thick = max(1.0 + unevenness * swirl * min(middle / 4.0, 1.0), 0.05)
                thick *= min(max(1.0 - settle * y, 0.5), 1.8)
                lost += density * thick * (depth - before)
                before = depth
                clear[row, column, index] = np.exp(-lost)
                seen += (through - clear[row, column, index]) * swirl
                through = clear[row, column, index]
            clear[row, column, SLICES] = seen / max(1.0 - through, 1e-6)
    return clear


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def veil(clear, colours, thickest, nearness, frame):  # pragma: no cover - compiled
    """Lay the fog over a frame.

    Args:
        clear: from `clearness`.
        colours: of the fog at the top and at the bottom of the frame, shape (2, 3).
        thickest: largest share of fog, 0-1.
        nearness: inverse depth, (H, W).
        frame: sRGB, uint8 (H, W, 3), updated.
    """
    height, width = nearness.shape
    columns = clear.shape[1]
    line = np.empty((columns, SLICES + 1), np.float32)
    one = np.float32(1.0)
    first = np.float32(FIRST)
    per_slice = np.float32((SLICES - 1) / (FIRST - LAST))
    last = np.float32(SLICES - 1.001)
    lively = np.float32(LIVELY)
    most = np.float32(255.0)
    # Before the first point the air is as good as clear.
    floor = np.float32(1.0 - thickest)
    tint = np.empty(3, np.float32)
    for row in range(height):
        at = (row + 0.5) / STEP
        j = int(at)
        fy = np.float32(at - j)
        for column in range(columns):
            for index in range(SLICES):
                line[column, index] = max(
                    clear[j, column, index] * (one - fy) + clear[j + 1, column, index] * fy, floor
                )
            line[column, SLICES] = one + lively * (
                clear[j, column, SLICES] * (one - fy) + clear[j + 1, column, SLICES] * fy
            )
        share = np.float32((row + 0.5) / height)
        for channel in range(3):
            tint[channel] = colours[0, channel] * (one - share) + colours[1, channel] * share
        red = tint[0] + np.float32(0.0)
        green = tint[1] + np.float32(0.0)
        blue = tint[2] + np.float32(0.0)
        for column in range(width):
            i = column // STEP
            fx = np.float32((column - i * STEP + 0.5) / STEP)
            place = (first - np.sqrt(max(nearness[row, column], np.float32(0.0)))) * per_slice
            place = min(place, last)
            if place < np.float32(0.0):
                # Nearer than the first point: fade to clear at half its distance.
                k = 0
                part = np.float32(0.0)
                ahead = max(one + place * np.float32(0.2), np.float32(0.0))
            else:
                k = int(place)
                part = place - k
                ahead = one
            a = line[i, k] * (one - part) + line[i, k + 1] * part
            b = line[i + 1, k] * (one - part) + line[i + 1, k + 1] * part
            through = one + ahead * (a * (one - fx) + b * fx - one)
            light = line[i, SLICES] * (one - fx) + line[i + 1, SLICES] * fx
            r = min(red * light, most)
            g = min(green * light, most)
            b = min(blue * light, most)
            half = np.float32(0.5)
            frame[row, column, 0] = np.uint8(r + through * (frame[row, column, 0] - r) + half)
            frame[row, column, 1] = np.uint8(g + through * (frame[row, column, 1] - g) + half)
            frame[row, column, 2] = np.uint8(b + through * (frame[row, column, 2] - b) + half)
