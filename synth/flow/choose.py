"""Which motion a cell between two pictures believes: the one that both pictures agree on.

Everything here works on the brightness of the two pictures at the smaller size that motion is
found at, and on grids of cells of ``STEP`` x ``STEP`` of its pixels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

STEP = 2
"""Pixels of the smaller picture in a cell, each way."""

BLOCK = 8
"""Cells in a block, each way, over which changes of motion are averaged."""

_KNOWN = np.float32(0.1)
"""Mean trust about a cell from which the change of motion there is known."""

_UNSEEN = np.float32(5.0)
"""Levels that a proposal loses where its own picture does not show the cell."""


@njit(inline="always")
def _look_up(picture, x, y):
    """One value, looked up linearly at pixel centres; the edge is repeated."""
    height, width = picture.shape
    x = min(max(x, np.float32(0.0)), np.float32(width - 1.001))
    y = min(max(y, np.float32(0.0)), np.float32(height - 1.001))
    i, j = int(y), int(x)
    a, b = y - np.float32(i), x - np.float32(j)
    upper, lower = np.float32(picture[i, j]), np.float32(picture[i + 1, j])
    upper += b * (np.float32(picture[i, j + 1]) - upper)
    lower += b * (np.float32(picture[i + 1, j + 1]) - lower)
    return upper + a * (lower - upper)


@njit(inline="always")
def _four(picture, x, y):
    """A cell's four pixels, looked up linearly from (x, y) on; the edge is repeated."""
    height, width = picture.shape
    x = min(max(x, np.float32(0.0)), np.float32(width - 2.001))
    y = min(max(y, np.float32(0.0)), np.float32(height - 2.001))
    i, j = int(y), int(x)
    a, b = y - np.float32(i), x - np.float32(j)
    k, m = min(i + 2, height - 1), min(j + 2, width - 1)
    p00, p01, p02 = (
        np.float32(picture[i, j]),
        np.float32(picture[i, j + 1]),
        np.float32(picture[i, m]),
    )
    p10 = np.float32(picture[i + 1, j])
    p11 = np.float32(picture[i + 1, j + 1])
    p12 = np.float32(picture[i + 1, m])
    p20, p21, p22 = (
        np.float32(picture[k, j]),
        np.float32(picture[k, j + 1]),
        np.float32(picture[k, m]),
    )
    t0, t1 = p00 + b * (p01 - p00), p01 + b * (p02 - p01)
    m0, m1 = p10 + b * (p11 - p10), p11 + b * (p12 - p11)
    b0, b1 = p20 + b * (p21 - p20), p21 + b * (p22 - p21)
    return t0 + a * (m0 - t0), t1 + a * (m1 - t1), m0 + a * (b0 - m0), m1 + a * (b1 - m1)


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
    quarter, half = np.float32(0.25), np.float32(0.5)
    for i in range(weight.shape[0]):
        for j in range(weight.shape[1]):
            fx = fy = error = np.float32(0.0)
            for k in range(4):
                r = min(STEP * i + k // 2, height - 1)
                c = min(STEP * j + k % 2, width - 1)
                u, v = flow[r, c, 0], flow[r, c, 1]
                fx += u
                fy += v
                if k == 0 or k == 3:  # A diagonal tells as much as all four.
                    error += abs(
                        np.float32(here[r, c])
                        - _look_up(there, np.float32(c) + u, np.float32(r) + v)
                    )
            u, v = flow[STEP * i, STEP * j, 0], flow[STEP * i, STEP * j, 1]
            r = min(max(int(np.float32(STEP * i) + v + half), 0), height - 1)
            c = min(max(int(np.float32(STEP * j) + u + half), 0), width - 1)
            du, dv = u + back[r, c, 0], v + back[r, c, 1]
            apart = np.sqrt(du * du + dv * dv)
            grid[i, j, 0] = fx * quarter
            grid[i, j, 1] = fy * quarter
            weight[i, j] = np.exp(-error * half / blur - apart * drift) + np.float32(1e-3)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def bend(onward, behind, ratio, out):
    """How much the motion changes per interval: x(1) = v + a / 2 and x(-r) = -r v + r r a / 2.

    Args:
        onward: (h, w, 2) motion to the next picture.
        behind: (h, w, 2) motion to the previous one.
        ratio: time to the previous picture, in intervals to the next.
        out: (h, w, 2).
    """
    even = np.float32(2.0) / (np.float32(1.0) + ratio)
    back = even / ratio
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j, 0] = even * onward[i, j, 0] + back * behind[i, j, 0]
            out[i, j, 1] = even * onward[i, j, 1] + back * behind[i, j, 1]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def turns(onward, behind, ratio, weight, weight_behind, sure, sums):
    """How the motion changes about every place, where both ways are sure of it.

    Args:
        onward: (h, w, 2) motion to the next picture.
        behind: (h, w, 2) motion to the previous one.
        ratio: time to the previous picture, in intervals to the next.
        weight: (h, w) how far ``onward`` is trusted.
        weight_behind: (h, w) how far ``behind`` is.
        sure: trust from which a cell is counted.
        sums: out, (h / ``BLOCK``, w / ``BLOCK``, 4), rounded up: means over blocks of cells of
            the trust, and of the change (x, y) and its square times the trust.
    """
    pace = np.float32(1.0) / ratio
    part = np.float32(1.0 / (BLOCK * BLOCK))
    sums[:] = np.float32(0.0)
    for i in range(weight.shape[0]):
        for j in range(weight.shape[1]):
            trusted = min(weight[i, j], weight_behind[i, j])
            if trusted <= sure:
                continue
            trusted *= part
            x = onward[i, j, 0] + pace * behind[i, j, 0]
            y = onward[i, j, 1] + pace * behind[i, j, 1]
            block = sums[i // BLOCK, j // BLOCK]
            block[0] += trusted
            block[1] += trusted * x
            block[2] += trusted * y
            block[3] += trusted * (x * x + y * y)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def carry_on(behind, ratio, weight_behind, around, lost, sure, varied, grid, weight):
    """Motion for what is about to be hidden: as it came so far, turned as all about it turns.

    Args:
        behind: as in ``turns``.
        ratio: likewise.
        weight_behind: likewise.
        around: ``sums`` of ``turns``, smoothed.
        lost: trust below which a cell's motion onward is replaced.
        sure: trust from which the motion behind may replace it.
        varied: variance of the change above which nobody knows, pixels squared.
        grid: (h, w, 2) motion to the next picture; changed.
        weight: (h, w) how far it is trusted; changed.
    """
    pace = np.float32(1.0) / ratio
    for i in range(weight.shape[0]):
        for j in range(weight.shape[1]):
            if weight[i, j] >= lost or weight_behind[i, j] <= sure:
                continue
            block = around[i // BLOCK, j // BLOCK]
            amount = block[0]
            if amount <= _KNOWN:
                continue
            x, y = block[1] / amount, block[2] / amount
            if block[3] / amount - (x * x + y * y) >= varied:
                continue
            grid[i, j, 0] = x - pace * behind[i, j, 0]
            grid[i, j, 1] = y - pace * behind[i, j, 1]
            weight[i, j] = np.float32(0.5) * weight_behind[i, j]


@njit(inline="always")
def _disagreement(first, second, x, y, mx, my, bx, by, time):
    """Mean brightness difference of a cell's four pixels, moved to both pictures."""
    q = time * (np.float32(1.0) - time) * np.float32(0.5)
    rest = np.float32(1.0) - time
    a0, a1, a2, a3 = _four(first, x - time * mx + q * bx, y - time * my + q * by)
    b0, b1, b2, b3 = _four(second, x + rest * mx + q * bx, y + rest * my + q * by)
    return (abs(a0 - b0) + abs(a1 - b1) + abs(a2 - b2) + abs(a3 - b3)) * np.float32(0.25)


@njit(inline="always")
def _unmoved(first, second, i, j):
    """The same without any motion."""
    k, m = min(i + 1, first.shape[0] - 1), min(j + 1, first.shape[1] - 1)
    total = np.int32(0)
    for r, c in ((i, j), (i, m), (k, j), (k, m)):
        total += abs(np.int32(first[r, c]) - np.int32(second[r, c]))
    return np.float32(total) * np.float32(0.25)


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
    for i in range(costs.shape[0]):
        y = np.float32(STEP * i)
        for j in range(costs.shape[1]):
            x = np.float32(STEP * j)
            a, b = one[i, j], two[i, j]
            costs[i, j, 0] = _disagreement(first, second, x, y, a[0], a[1], a[2], a[3], time)
            costs[i, j, 1] = _disagreement(first, second, x, y, b[0], b[1], b[2], b[3], time)
            costs[i, j, 2] = _unmoved(first, second, STEP * i, STEP * j)


@njit(inline="always")
def _at(grid, i, j, x, y):
    """The grid's value some pixels of the smaller picture away from a cell."""
    r = int(np.float32(i) + np.float32(0.5) + y / np.float32(STEP))
    c = int(np.float32(j) + np.float32(0.5) + x / np.float32(STEP))
    return grid[min(max(r, 0), grid.shape[0] - 1), min(max(c, 0), grid.shape[1] - 1)]


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
        still: (h, w) share of the cell under a static overlay, 0 to 1; what lies behind it is
            not taken from there.
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
            c1 += _UNSEEN * (full - seen_one[i, j])
            c2 += _UNSEEN * (full - seen_two[i, j])
            tie = np.exp(-abs(c1 - c2) / sharpness)
            w1 = full / (full + tie) if c1 <= c2 else tie / (full + tie)
            w2 = full - w1
            best = w1 * c1 + w2 * c2
            mx = w1 * one[i, j, 0] + w2 * two[i, j, 0]
            my = w1 * one[i, j, 1] + w2 * two[i, j, 1]
            bx = w1 * one[i, j, 2] + w2 * two[i, j, 2]
            by = w1 * one[i, j, 3] + w2 * two[i, j, 3]
            x0, y0 = -time * mx + q * bx, -time * my + q * by
            x1, y1 = rest * mx + q * bx, rest * my + q * by
            in_first = min(min(x + x0, width - full - x - x0), min(y + y0, height - full - y - y0))
            in_second = min(min(x + x1, width - full - x - x1), min(y + y1, height - full - y - y1))
            in_first = min(max(in_first * np.float32(0.5) + full, nothing), full)
            in_second = min(max(in_second * np.float32(0.5) + full, nothing), full)
            bare_one = full - _at(still, i, j, x0, y0)
            bare_two = full - _at(still, i, j, x1, y1)
            a = rest * (seen_one[i, j] * in_first * bare_one + tiny)
            b = time * (seen_two[i, j] * in_second * bare_two + tiny)
            doubt = min(max((best - low) / (high - low), nothing), full)
            doubt *= min(max((best - c0) * np.float32(0.25) + full, nothing), full)
            doubt *= min(in_first, in_second) * min(bare_one, bare_two)
            # What one picture alone shows need not agree with the other.
            doubt *= full - abs(seen_one[i, j] - seen_two[i, j])
            doubt = max(doubt, full - max(bare_one, bare_two))
            field[i, j, 0] = x0 * shrink
            field[i, j, 1] = y0 * shrink
            field[i, j, 2] = x1 * shrink
            field[i, j, 3] = y1 * shrink
            field[i, j, 4] = b / (a + b)
            field[i, j, 5] = doubt
            total += doubt
    return total / (field.shape[0] * field.shape[1])


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def without_holes(sums, least, enough, motion, seen):
    """Mean motion per cell, taken from around where nothing landed.

    Args:
        sums: (h, w, 5) of ``synth.flow.splat``.
        least: amount from which a cell has landed motion of its own.
        enough: amount from which it counts as fully seen.
        motion: out, (h, w, 4) motion and bend.
        seen: out, (h, w) from 0 to 1.
    """
    height, width = seen.shape
    for i in range(height):
        for j in range(width):
            amount = sums[i, j, 4]
            seen[i, j] = min(amount / enough, np.float32(1.0))
            if amount > least:
                for c in range(4):
                    motion[i, j, c] = sums[i, j, c] / amount
                continue
            reach, stride = 2, 1
            while reach <= 128:
                a = b = c0 = d = total = np.float32(0.0)
                for r in range(max(i - reach, 0), min(i + reach + 1, height), stride):
                    for k in range(max(j - reach, 0), min(j + reach + 1, width), stride):
                        a += sums[r, k, 0]
                        b += sums[r, k, 1]
                        c0 += sums[r, k, 2]
                        d += sums[r, k, 3]
                        total += sums[r, k, 4]
                if total > least:
                    break
                reach, stride = 4 * reach, 4 * stride
            total = max(total, np.float32(1e-6))
            motion[i, j, 0], motion[i, j, 1] = a / total, b / total
            motion[i, j, 2], motion[i, j, 3] = c0 / total, d / total


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def lay_over(share, first, second, time, margin, factor, out):
    """Mix two pictures of something at rest over a third.

    Args:
        share: (h, w) uint8, how much of it lies there, 255 is all.
        first: plane with a margin, uint8.
        second: likewise.
        time: share of the second, 0 to 1.
        margin: pixels of the margin.
        factor: pixels of the plane in one of ``share``, 1 or 2.
        out: (H, W) uint8, changed where ``share`` is above 0.
    """
    rest = np.float32(1.0) - time
    height, width = out.shape
    for i in range(share.shape[0]):
        found = np.uint8(0)
        for j in range(share.shape[1]):
            found |= share[i, j]
        if not found:  # Most rows; told of many pixels at once.
            continue
        for j in range(share.shape[1]):
            if not share[i, j]:
                continue
            weight = np.float32(share[i, j]) / np.float32(255.0)
            for r in range(factor * i, min(factor * (i + 1), height)):
                for c in range(factor * j, min(factor * (j + 1), width)):
                    a = np.float32(first[r + margin, c + margin])
                    b = np.float32(second[r + margin, c + margin])
                    here = np.float32(out[r, c])
                    value = here + (rest * a + time * b - here) * weight
                    out[r, c] = np.uint8(value + np.float32(0.5))
