"""Colours, compiled: the parts of a grade as small tables and a few operations on runs of pixels.

What a pixel goes through is given as plain arrays, because compiled code knows no objects:

* ``power``: (n,) float32, light for encoded values from ``LOW`` to ``HIGH``.
* ``matrix``: (3, 3) float32 in linear light, or (0, 0).
* ``tone``: (n, 3) float32, encoded result of each channel. Its input is the square root of light
  from 0 to ``tone_end`` where there is a matrix (that root is nearly what is encoded, and cheap),
  else encoded values from ``LOW`` to ``HIGH``. (0, 3) for none.
* ``colour``: (9,) float32: saturation, vibrance, six hues and the first again; (0,) for none.
* ``curves``, ``cube``, ``scales``: of a ``Lut``; ``strength`` how much of it, ``first`` whether it
  comes before the rest.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

LOW: Final = -1.0
"""Lowest encoded value that tables hold: no plane of 8 bits means less."""

HIGH: Final = 2.0
"""Highest encoded value that tables hold."""

RUN: Final = 512
"""Pixels that are worked on together: enough to pay for the call, few enough for the cache."""

_RED, _GREEN, _BLUE = np.float32(0.2126), np.float32(0.7152), np.float32(0.0722)


@njit(cache=True, nogil=True, error_model="numpy")
def _along(run, channel, table, column, start, scale):
    """Look a channel of a run up in a column of a table, in straight lines; ends hold beyond."""
    steps = table.shape[0] - 1
    last, zero = np.float32(steps), np.float32(0)
    for n in range(run.shape[1]):
        place = min(max((run[channel, n] - start) * scale, zero), last)
        index = min(int(place), steps - 1)
        low = table[index, column]
        run[channel, n] = low + (place - np.float32(index)) * (table[index + 1, column] - low)


@njit(cache=True, nogil=True, error_model="numpy")
def _tetrahedral(run, cube, scales):
    """Take a run through a cube."""
    steps = cube.shape[0] - 1
    top, zero, one = np.float32(steps), np.float32(0), np.float32(1)
    flat = cube.ravel()
    across, down, deep = 3, 3 * cube.shape[2], 3 * cube.shape[2] * cube.shape[1]
    for n in range(run.shape[1]):
        r = min(max((run[0, n] - scales[2, 0]) * scales[3, 0], zero), top)
        g = min(max((run[1, n] - scales[2, 1]) * scales[3, 1], zero), top)
        b = min(max((run[2, n] - scales[2, 2]) * scales[3, 2], zero), top)
        i, j, k = min(int(r), steps - 1), min(int(g), steps - 1), min(int(b), steps - 1)
        r, g, b = r - np.float32(i), g - np.float32(j), b - np.float32(k)
        low = i * across + j * down + k * deep
        # From the low corner to the high one, along the channels from the largest share down.
        if r >= g:
            if g >= b:
                near, far, first, second, third = across, across + down, r, g, b
            elif r >= b:
                near, far, first, second, third = across, across + deep, r, b, g
            else:
                near, far, first, second, third = deep, across + deep, b, r, g
        elif b >= g:
            near, far, first, second, third = deep, down + deep, b, g, r
        elif b >= r:
            near, far, first, second, third = down, down + deep, g, b, r
        else:
            near, far, first, second, third = down, across + down, g, r, b
        near, far, high = low + near, low + far, low + across + down + deep
        w0, w1, w2 = one - first, first - second, second - third
        for c in range(3):
            run[c, n] = (
                w0 * flat[low + c] + w1 * flat[near + c] + w2 * flat[far + c]
                + third * flat[high + c]
            )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _looked_up(run, curves, cube, scales):
    if curves.shape[0]:
        for c in range(3):
            _along(run, c, curves, c, scales[0, c], scales[1, c])
    if cube.shape[0]:
        _tetrahedral(run, cube, scales)


@njit(cache=True, nogil=True, error_model="numpy")
def _laid_on(run, before, curves, cube, scales, strength):
    zero, one = np.float32(0), np.float32(1)
    if strength < one:
        for c in range(3):
            for n in range(run.shape[1]):
                before[c, n] = min(max(run[c, n], zero), one)
    _looked_up(run, curves, cube, scales)
    if strength < one:
        for c in range(3):
            for n in range(run.shape[1]):
                run[c, n] = before[c, n] + strength * (run[c, n] - before[c, n])


@njit(cache=True, nogil=True, error_model="numpy")
def _coloured(run, colour):
    zero, one, two = np.float32(0), np.float32(1), np.float32(2)
    plain = colour[1] == zero
    for h in range(8):
        plain = plain and (h < 2 or colour[h] == one)
    factor = colour[0]
    for n in range(run.shape[1]):
        r, g, b = run[0, n], run[1, n], run[2, n]
        luma = _RED * r + _GREEN * g + _BLUE * b
        if not plain:
            factor = colour[0]
            high, low = max(r, max(g, b)), min(r, min(g, b))
            chroma = high - low
            grey = one - min(max(colour[0] * chroma, zero), one)
            factor *= one + colour[1] * grey * grey
            if chroma > zero:
                if high == r:
                    hue = (g - b) / chroma
                    if hue < zero:
                        hue += np.float32(6)
                elif high == g:
                    hue = two + (b - r) / chroma
                else:
                    hue = np.float32(4) + (r - g) / chroma
                index = min(int(hue), 5)
                t = hue - np.float32(index)
                t = t * t * (np.float32(3) - two * t)
                share = colour[2 + index]
                factor *= share + t * (colour[3 + index] - share)
        run[0, n] = luma + factor * (r - luma)
        run[1, n] = luma + factor * (g - luma)
        run[2, n] = luma + factor * (b - luma)


@njit(cache=True, nogil=True, error_model="numpy")
def _lit(run, power, matrix):
    """Encoded values to the square roots of light after ``matrix``."""
    zero = np.float32(0)
    scale = np.float32(power.shape[0] - 1) / np.float32(HIGH - LOW)
    for c in range(3):
        _along(run, c, power, 0, np.float32(LOW), scale)
    for n in range(run.shape[1]):
        r, g, b = run[0, n], run[1, n], run[2, n]
        for c in range(3):
            light = matrix[c, 0] * r + matrix[c, 1] * g + matrix[c, 2] * b
            run[c, n] = np.sqrt(max(light, zero))


@njit(cache=True, nogil=True, error_model="numpy")
def _graded(
    run, before, power, matrix, tone, tone_end, colour, curves, cube, scales, strength, first
):
    """Grade a run (3, n) of colours in place; encoded, 1 at white, not limited.

    ``before`` is room for another such run.
    """
    use = strength > np.float32(0) and (curves.shape[0] > 0 or cube.shape[0] > 0)
    if use and first:
        _laid_on(run, before, curves, cube, scales, strength)
    if matrix.shape[0]:
        _lit(run, power, matrix)
    if tone.shape[0]:
        steps = np.float32(tone.shape[0] - 1)
        start, scale = np.float32(LOW), steps / np.float32(HIGH - LOW)
        if matrix.shape[0]:
            start, scale = np.float32(0), steps / tone_end
        for c in range(3):
            _along(run, c, tone, c, start, scale)
    if colour.shape[0]:
        _coloured(run, colour)
    if use and not first:
        _laid_on(run, before, curves, cube, scales, strength)


@njit(cache=True, nogil=True, error_model="numpy")
def through_lut(values, curves, cube, scales, out):
    """Fill ``out`` (n, 3) float32 with what a ``Lut`` makes of ``values`` (n, 3) float32."""
    run = np.empty((3, RUN), np.float32)
    for start in range(0, values.shape[0], RUN):
        count = min(RUN, values.shape[0] - start)
        part = run[:, :count]
        for n in range(count):
            for c in range(3):
                part[c, n] = values[start + n, c]
        _looked_up(part, curves, cube, scales)
        for n in range(count):
            for c in range(3):
                out[start + n, c] = part[c, n]


@njit(cache=True, nogil=True, error_model="numpy")
def grade_floats(
    values, power, matrix, tone, tone_end, colour, curves, cube, scales, strength, first, out
):
    """Fill ``out`` (n, 3) float32 with the graded ``values`` (n, 3) float32."""
    run, room = np.empty((3, RUN), np.float32), np.empty((3, RUN), np.float32)
    for start in range(0, values.shape[0], RUN):
        count = min(RUN, values.shape[0] - start)
        part, before = run[:, :count], room[:, :count]
        for n in range(count):
            for c in range(3):
                part[c, n] = values[start + n, c]
        _graded(
            part, before, power, matrix, tone, tone_end, colour, curves, cube, scales, strength,
            first,
        )  # fmt: skip
        for n in range(count):
            for c in range(3):
                out[start + n, c] = part[c, n]


@njit(cache=True, nogil=True, error_model="numpy")
def grade_bytes(
    values, power, matrix, tone, tone_end, colour, curves, cube, scales, strength, first, out
):
    """Fill ``out`` (n, 3) uint8 with the graded ``values`` (n, 3) uint8."""
    inverse = np.float32(1 / 255)
    zero, top, half = np.float32(0), np.float32(255), np.float32(0.5)
    run, room = np.empty((3, RUN), np.float32), np.empty((3, RUN), np.float32)
    for start in range(0, values.shape[0], RUN):
        count = min(RUN, values.shape[0] - start)
        part, before = run[:, :count], room[:, :count]
        for n in range(count):
            for c in range(3):
                part[c, n] = np.float32(values[start + n, c]) * inverse
        _graded(
            part, before, power, matrix, tone, tone_end, colour, curves, cube, scales, strength,
            first,
        )  # fmt: skip
        for n in range(count):
            for c in range(3):
                out[start + n, c] = np.uint8(min(max(part[c, n] * top, zero), top) + half)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_row(
    u, v, codes, run, before, power, matrix, tone, tone_end, colour, curves, cube, scales,
    strength, first, luma, blue, red,
):  # fmt: skip
    """The graded planes' values for one pair of colour codes and every brightness.

    ``codes`` (13,): luma's black and scale, chroma's scale, what Cr gives to red, Cb and Cr to
    green, Cb to blue; then back: Kr, Kg, Kb, factors of Cb and Cr, luma's span.
    """
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    last, middle = np.float32(255), np.float32(128)
    cb = (np.float32(u) - middle) * codes[2]
    cr = (np.float32(v) - middle) * codes[2]
    to_red, to_green, to_blue = codes[3] * cr, codes[4] * cb + codes[5] * cr, codes[6] * cb
    for y in range(256):
        level = (np.float32(y) - codes[0]) * codes[1]
        run[0, y], run[1, y], run[2, y] = level + to_red, level + to_green, level + to_blue
    _graded(
        run, before, power, matrix, tone, tone_end, colour, curves, cube, scales, strength, first
    )
    for y in range(256):
        r = min(max(run[0, y], zero), one)
        g = min(max(run[1, y], zero), one)
        b = min(max(run[2, y], zero), one)
        bright = codes[7] * r + codes[8] * g + codes[9] * b
        luma[y] = np.uint8(min(bright * codes[12] + codes[0] + half, last))
        blue[y] = np.uint8(min((b - bright) * codes[10] + middle + half, last))
        red[y] = np.uint8(min((r - bright) * codes[11] + middle + half, last))


@njit(cache=True, nogil=True, error_model="numpy")
def grade_planes(
    y, u, v, from_row, to_row, codes, power, matrix, tone, tone_end, colour, curves, cube, scales,
    strength, first, known, luma, chroma, out_y, out_u, out_v,
):  # fmt: skip
    """Take rows of 4:2:0 planes through tables whose rows are worked out when first met.

    Colour is interpolated across for every second pixel, because it stands on the even columns,
    and taken from the nearest row.

    Args:
        y, u, v: the planes, (H, W) and (H/2, W/2) uint8.
        from_row, to_row: of the chroma planes.
        codes: what planes mean, (13,), see ``_fill_row``.
        known: (65536,) uint8, which rows are filled, by 256 u + v. Two threads may share the
            tables but never this: each fills what it needs, and both would write the same.
        luma: (65536, 256) uint8, new brightness by the old one.
        chroma: (65536, 2, 256) uint8, new Cb and Cr by the brightness.
        out_y, out_u, out_v: as ``y``, ``u``, ``v``.
    """
    run, room = np.empty((3, 256), np.float32), np.empty((3, 256), np.float32)
    half = u.shape[1]
    for j in range(from_row, to_row):
        before = np.int64(y[2 * j, 0]) + np.int64(y[2 * j + 1, 0])
        near_u, near_v = np.int64(u[j, 0]), np.int64(v[j, 0])
        for i in range(half):
            follow = min(i + 1, half - 1)
            next_u, next_v = np.int64(u[j, follow]), np.int64(v[j, follow])
            here = near_u * 256 + near_v
            between = ((near_u + next_u + 1) >> 1) * 256 + ((near_v + next_v + 1) >> 1)
            if not (known[here] and known[between]):
                for pair in (here, between):
                    if not known[pair]:
                        _fill_row(
                            pair >> 8, pair & 255, codes, run, room, power, matrix, tone, tone_end,
                            colour, curves, cube, scales, strength, first, luma[pair],
                            chroma[pair, 0], chroma[pair, 1],
                        )  # fmt: skip
                        known[pair] = 1
            a, b = np.int64(y[2 * j, 2 * i]), np.int64(y[2 * j, 2 * i + 1])
            c, d = np.int64(y[2 * j + 1, 2 * i]), np.int64(y[2 * j + 1, 2 * i + 1])
            out_y[2 * j, 2 * i] = luma[here, a]
            out_y[2 * j + 1, 2 * i] = luma[here, c]
            out_y[2 * j, 2 * i + 1] = luma[between, b]
            out_y[2 * j + 1, 2 * i + 1] = luma[between, d]
            # Brightness where the colour sample stands: (1 2 1)/4 across, (1 1)/2 down.
            level = (before + 2 * (a + c) + b + d + 4) >> 3
            out_u[j, i] = chroma[here, 0, level]
            out_v[j, i] = chroma[here, 1, level]
            before = b + d
            near_u, near_v = next_u, next_v


@njit(cache=True, nogil=True, error_model="numpy")
def add_grain(y, noise, top, left, amount, out):
    """Write ``y`` (H, W) uint8 plus grain into ``out``.

    ``noise`` is (h, w) int8, repeated from the place ``top``, ``left`` on; ``amount`` (256,) int32
    says how much of it each brightness gets, in 1/4096.
    """
    rows, columns = noise.shape
    for j in range(y.shape[0]):
        line = noise[(j + top) % rows]
        for start in range(0, y.shape[1], columns):
            for i in range(start, min(start + columns, y.shape[1])):
                place = i - start + left
                place = place - columns if place >= columns else place
                value = y[j, i]
                new = np.int32(value) + (
                    (np.int32(line[place]) * amount[value] + np.int32(2048)) >> 12
                )
                out[j, i] = np.uint8(min(max(new, np.int32(0)), np.int32(255)))
