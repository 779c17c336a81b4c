"""A look laid on a picture in one pass, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def look_up(pixels, table, out):
    """Fill ``out`` (H, W, 3) uint8 with ``table[r, g, b]`` for each of ``pixels`` (H, W, 3) uint8.

    ``table`` is (256, 256, 256, 3) uint8.
    """
    for j in range(pixels.shape[0]):
        for i in range(pixels.shape[1]):
            found = table[pixels[j, i, 0], pixels[j, i, 1], pixels[j, i, 2]]
            out[j, i, 0] = found[0]
            out[j, i, 1] = found[1]
            out[j, i, 2] = found[2]


@njit(cache=True, nogil=True, error_model="numpy")
def lay_on(pixels, first, glow, use_glow, shade, use_shade, noise, top, left, amount, use_grain):
    """Add halation, vignette and grain to rows of a picture, in place.

    Args:
        pixels: (h, W, 3) uint8, some rows of the picture.
        first: which row of the picture the first of them is.
        glow: (H, W, 3) uint8, light that bright parts spread, laid on as a second exposure.
        use_glow: whether there is any.
        shade: (H + W,) float32: what rows add to the vignette, then what columns add.
        use_shade: whether there is any.
        noise: (n, m) int8, repeated from ``top``, ``left`` on.
        top, left: place in the noise.
        amount: (256,) float32, how much of the noise each brightness gets.
        use_grain: whether there is any.
    """
    rows, columns = noise.shape
    height = shade.shape[0] - pixels.shape[1]
    half, zero, white = np.float32(0.5), np.float32(0), np.float32(255)
    one, share = np.float32(1), np.float32(1 / 255)
    for j in range(pixels.shape[0]):
        row = j + first
        line = noise[(row + top) % rows]
        place = left
        for i in range(pixels.shape[1]):
            r = np.float32(pixels[j, i, 0])
            g = np.float32(pixels[j, i, 1])
            b = np.float32(pixels[j, i, 2])
            if use_glow:
                r += (white - r) * np.float32(glow[row, i, 0]) * share
                g += (white - g) * np.float32(glow[row, i, 1]) * share
                b += (white - b) * np.float32(glow[row, i, 2]) * share
            if use_shade:
                gain = one - shade[row] - shade[height + i]
                r *= gain
                g *= gain
                b *= gain
            if use_grain:
                luma = np.float32(0.2126) * r + np.float32(0.7152) * g + np.float32(0.0722) * b
                level = np.int64(min(max(luma, zero), white))
                grain = np.float32(line[place]) * amount[level]
                r += grain
                g += grain
                b += grain
                place += 1
                if place == columns:
                    place = 0
            pixels[j, i, 0] = np.uint8(min(max(r, zero), white) + half)
            pixels[j, i, 1] = np.uint8(min(max(g, zero), white) + half)
            pixels[j, i, 2] = np.uint8(min(max(b, zero), white) + half)
