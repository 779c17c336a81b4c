"""Which motion a cell between two pictures believes: the one that both pictures agree on.

Everything here works on the brightness of the two pictures at the smaller size that motion is
found at, and on grids of cells of ``STEP`` x ``STEP`` of its pixels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

STEP = 2
"""Pixels of the smaller picture in a cell, each way."""


@njit(inline="always")
def _sample(picture, x, y):
    """Linear look-up at pixel centres; the edge is repeated."""
    height, width = picture.shape
    x = min(max(x, np.float32(0.0)), np.float32(width - 1.001))
    y = min(max(y, np.float32(0.0)), np.float32(height - 1.001))
    i, j = int(y), int(x)
    a, b = y - np.float32(i), x - np.float32(j)
    one = np.float32(1.0)
    upper = (one - b) * np.float32(picture[i, j]) + b * np.float32(picture[i, j + 1])
    lower = (one - b) * np.float32(picture[i + 1, j]) + b * np.float32(picture[i + 1, j + 1])
    return upper + a * (lower - upper)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def trust(here, there, flow, back, blur, drift, grid, weight):
    """A picture's motion brought to the grid, and how far each cell can be trusted.

    Args:
        here: (H, W) uint8, smaller brightness.
        there: the other picture's.
        flow: (H, W, 2) float32, motion from here to there.
        back: likewise from there to here.
        blur: brightness difference at which trust falls to 1/e, levels.
        drift: how much a half pixel of disagreement between there and back costs.
        grid: out, (h, w, 2) the cells' motion.
        weight: out, (h, w) above 0.
    """
    height, width = here.shape
    quarter = np.float32(0.25)
    for i in range(weight.shape[0]):
        for j in range(weight.shape[1]):
            fx = fy = error = apart = np.float32(0.0)
            for k in range(4):
                r = min(STEP * i + k // 2, height - 1)
                c = min(STEP * j + k % 2, width - 1)
                u, v = flow[r, c, 0], flow[r, c, 1]
                fx += u
                fy += v
                x, y = np.float32(c) + u, np.float32(r) + v
                error += abs(np.float32(here[r, c]) - _sample(there, x, y))
                if k == 0:
                    rr = min(max(int(y + np.float32(0.5)), 0), height - 1)
                    cc = min(max(int(x + np.float32(0.5)), 0), width - 1)
                    du, dv = u + back[rr, cc, 0], v + back[rr, cc, 1]
                    apart = np.sqrt(du * du + dv * dv)
            grid[i, j, 0] = fx * quarter
            grid[i, j, 1] = fy * quarter
            weight[i, j] = np.exp(-error * quarter / blur - apart * drift) + np.float32(1e-3)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def bend(onward, behind, tolerance, out):
    """How much the motion changes per interval, where that is believable.

    Motion over two neighbouring intervals that differs more than its own size says is another
    thing's motion, not a curve.

    Args:
        onward: (h, w, 2) motion to the next picture.
        behind: (h, w, 2) motion to the previous one.
        tolerance: largest believable change as a share of the motion.
        out: (h, w, 2).
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            ax = onward[i, j, 0] + behind[i, j, 0]
            ay = onward[i, j, 1] + behind[i, j, 1]
            change = np.sqrt(ax * ax + ay * ay)
            size = np.sqrt(onward[i, j, 0] ** 2 + onward[i, j, 1] ** 2) + np.sqrt(
                behind[i, j, 0] ** 2 + behind[i, j, 1] ** 2
            )
            share = np.float32(2.0) - change / (tolerance * size + np.float32(0.5))
            share = min(max(share, np.float32(0.0)), np.float32(1.0))
            out[i, j, 0] = ax * share
            out[i, j, 1] = ay * share


@njit(inline="always")
def _disagreement(first, second, x, y, mx, my, bx, by, time):
    """Mean brightness difference of a cell's four pixels, moved to both pictures."""
    q = time * (np.float32(1.0) - time) * np.float32(0.5)
    rest = np.float32(1.0) - time
    total = np.float32(0.0)
    for k in range(4):
        px = x + np.float32(k % 2)
        py = y + np.float32(k // 2)
        one = _sample(first, px - time * mx + q * bx, py - time * my + q * by)
        two = _sample(second, px + rest * mx + q * bx, py + rest * my + q * by)
        total += abs(one - two)
    return total * np.float32(0.25)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def compare(first, second, one, two, time, costs):
    """How well two proposals for every cell's motion, and no motion, fit both pictures.

    Args:
        first: (H, W) uint8, smaller brightness.
        second: likewise.
        one: (h, w, 4) motion (x, y) and bend (x, y) in smaller pixels.
        two: likewise.
        time: 0 to 1.
        costs: out, (h, w, 3): mean brightness difference under each.
    """
    zero = np.float32(0.0)
    for i in range(costs.shape[0]):
        y = np.float32(STEP * i)
        for j in range(costs.shape[1]):
            x = np.float32(STEP * j)
            a, b = one[i, j], two[i, j]
            costs[i, j, 0] = _disagreement(first, second, x, y, a[0], a[1], a[2], a[3], time)
            costs[i, j, 1] = _disagreement(first, second, x, y, b[0], b[1], b[2], b[3], time)
            costs[i, j, 2] = _disagreement(first, second, x, y, zero, zero, zero, zero, time)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def settle(
    one, two, costs, seen_one, seen_two, still, time, size, shrink, sharpness, low, high, field
):
    """The field that pixels are woven by.

    Args:
        one: (h, w, 4) first proposal, as in ``compare``.
        two: second proposal.
        costs: (h, w, 3), smoothed.
        seen_one: (h, w) how much of the cell the first picture shows, 0 to 1.
        seen_two: likewise the second.
        still: (h, w) share of a static overlay, 0 to 1.
        time: 0 to 1.
        size: (H, W) of the smaller pictures.
        shrink: pixels of the picture in a pixel of the smaller one.
        sharpness: levels of difference by which one proposal beats the other clearly.
        low: levels of difference up to which the motion is believed.
        high: levels from which it is not.
        field: out, (h, w, 6), see ``synth.flow.weave``.
    Returns:
        Mean share of plain mixing.
    """
    q = time * (np.float32(1.0) - time) * np.float32(0.5)
    rest = np.float32(1.0) - time
    tiny, full, nothing = np.float32(1e-4), np.float32(1.0), np.float32(0.0)
    height, width = np.float32(size[0]), np.float32(size[1])
    total = 0.0
    for i in range(field.shape[0]):
        y = np.float32(STEP * i) + np.float32(0.5)
        for j in range(field.shape[1]):
            x = np.float32(STEP * j) + np.float32(0.5)
            c1, c2, c0 = costs[i, j, 0], costs[i, j, 1], costs[i, j, 2]
            tie = np.exp(-abs(c1 - c2) / sharpness)
            w1 = full / (full + tie) if c1 <= c2 else tie / (full + tie)
            w2 = full - w1
            best = w1 * c1 + w2 * c2
            mx = w1 * one[i, j, 0] + w2 * two[i, j, 0]
            my = w1 * one[i, j, 1] + w2 * two[i, j, 1]
            bx = w1 * one[i, j, 2] + w2 * two[i, j, 2]
            by = w1 * one[i, j, 3] + w2 * two[i, j, 3]
            s = full - still[i, j]
            mx, my, bx, by = s * mx, s * my, s * bx, s * by
            x0, y0 = -time * mx + q * bx, -time * my + q * by
            x1, y1 = rest * mx + q * bx, rest * my + q * by
            in_first = min(min(x + x0, width - full - x - x0), min(y + y0, height - full - y - y0))
            in_second = min(min(x + x1, width - full - x - x1), min(y + y1, height - full - y - y1))
            in_first = min(max(in_first * np.float32(0.5) + full, nothing), full)
            in_second = min(max(in_second * np.float32(0.5) + full, nothing), full)
            a = rest * (seen_one[i, j] * in_first + tiny)
            b = time * (seen_two[i, j] * in_second + tiny)
            doubt = min(max((best - low) / (high - low), nothing), full)
            doubt *= min(max((best - c0) * np.float32(0.25) + full, nothing), full)
            doubt *= min(in_first, in_second) * s
            field[i, j, 0] = x0 * shrink
            field[i, j, 1] = y0 * shrink
            field[i, j, 2] = x1 * shrink
            field[i, j, 3] = y1 * shrink
            field[i, j, 4] = s * b / (a + b) + (full - s) * time
            field[i, j, 5] = doubt
            total += doubt
    return total / (field.shape[0] * field.shape[1])
