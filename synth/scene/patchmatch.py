"""Compiled kernels of the hole filler: where in the photo does each patch of the hole come from?

A *target* is a pixel whose patch touches the hole; its *match* is the centre of a source patch. The
kernels search matches (randomised search and propagation after Barnes et al., "PatchMatch", 2009,
https://gfx.cs.princeton.edu/pubs/Barnes_2009_PAR/), vote colours from them (Wexler, Shechtman and
Irani, "Space-Time Completion of Video", 2007, https://doi.org/10.1109/TPAMI.2007.60) and start the
coarsest level in the order of Criminisi, Pérez and Toyama, "Region Filling and Object Removal by
Exemplar-Based Image Inpainting", 2004, https://doi.org/10.1109/TIP.2004.833105.

Every kernel works on one padded level: ``image`` is float32 (H, W * 4), four numbers a pixel (red,
green, blue, scaled disparity); ``state`` is uint8 (H, W). Work is cut into runs of targets of a
fixed length, so the result is the same however many threads share them.
"""

from __future__ import annotations

import numba
import numpy as np

VOID, SOURCE, HOLE = 0, 1, 2
"""What a pixel is: neither boundary nor material, material to copy from, to be filled."""
CHANNELS = 4
_FAR = np.float32(1e30)


@numba.njit(cache=True, nogil=True)
def _hash(a, b):
    """Mix two 32-bit numbers into one that looks random; the same on every machine."""
    x = (np.uint32(a) * np.uint32(0x9E3779B1)) ^ (np.uint32(b) * np.uint32(0x85EBCA77))
    x ^= x >> np.uint32(15)
    x = np.uint32(x * np.uint32(0x2C1B3C6D))
    x ^= x >> np.uint32(12)
    x = np.uint32(x * np.uint32(0x297A2D39))
    x ^= x >> np.uint32(15)
    return np.uint32(x)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _load(image, weight, y, x, radius, patch, share):
    """Copy the patch at (y, x) and its weights into buffers; return the sum of the weights."""
    side = 2 * radius + 1
    total = np.float32(0.0)
    for i in range(side):
        for k in range(side * 4):
            patch[i, k] = image[y - radius + i, (x - radius) * 4 + k]
        for j in range(side):
            value = weight[y - radius + i, x - radius + j]
            total += value
            for c in range(4):
                share[i, j * 4 + c] = value
    return total


@numba.njit(cache=True, nogil=True, fastmath=True)
def _difference(image, y, x, radius, patch, share, limit):
    """Weighted squared difference of the buffered patch and the one at (y, x); stops at limit."""
    side = 2 * radius + 1
    total = np.float32(0.0)
    for i in range(side):
        row = image[y - radius + i]
        first = (x - radius) * 4
        for k in range(side * 4):
            step = row[first + k] - patch[i, k]
            total += share[i, k] * step * step
        if total > limit:
            return total
    return total


@numba.njit(cache=True, nogil=True)
def lift(ys, xs, coarse_index, coarse_y, coarse_x, valid, pad, match_y, match_x):
    """Start a level from the matches of the half-size one; -1 where none fits.

    Coordinates are padded by ``pad`` on both levels.
    """
    height, width = valid.shape
    for n in range(ys.size):
        y, x = ys[n] - pad, xs[n] - pad
        match_y[n] = -1
        match_x[n] = -1
        found = -1
        for ring in range(3):
            for dy in range(-ring, ring + 1):
                for dx in range(-ring, ring + 1):
                    if found >= 0 or max(abs(dy), abs(dx)) != ring:
                        continue
                    v, u = y // 2 + dy + pad, x // 2 + dx + pad
                    if 0 <= v < coarse_index.shape[0] and 0 <= u < coarse_index.shape[1]:
                        m = coarse_index[v, u]
                        if m >= 0 and coarse_y[m] >= 0:
                            found = m
                            vy = 2 * (coarse_y[m] - v) + ys[n]
                            vx = 2 * (coarse_x[m] - u) + xs[n]
        if found < 0:
            continue
        for ring in range(6):
            for dy in range(-ring, ring + 1):
                for dx in range(-ring, ring + 1):
                    if match_y[n] >= 0 or max(abs(dy), abs(dx)) != ring:
                        continue
                    v, u = vy + dy, vx + dx
                    if 0 <= v < height and 0 <= u < width and valid[v, u]:
                        match_y[n] = v
                        match_x[n] = u


@numba.njit(cache=True, nogil=True, fastmath=True)
def improve(
    image, weight, valid, index, ys, xs,
    old_y, old_x, new_y, new_x, cost,
    start, stop, backward, reach, stray, radius, seed,
):  # fmt: skip
    """One sweep over targets ``start`` to ``stop``: propagate neighbours' matches, then search.

    Matches of this run are read from and written to ``new_*``, all others are read from ``old_*``.
    ``reach`` is the first search radius in pixels; ``stray`` the cost of one pixel of distance
    between target and match, which keeps material local.
    """
    height, width = valid.shape
    side = 2 * radius + 1
    patch = np.empty((side, side * 4), np.float32)
    share = np.empty((side, side * 4), np.float32)
    step = -1 if backward else 1
    for count in range(stop - start):
        n = stop - 1 - count if backward else start + count
        y, x = ys[n], xs[n]
        total = _load(image, weight, y, x, radius, patch, share)
        by, bx = old_y[n], old_x[n]
        best = _FAR
        if by >= 0:
            near = stray * np.float32(np.sqrt(np.float32((by - y) ** 2 + (bx - x) ** 2)))
            best = _difference(image, by, bx, radius, patch, share, _FAR) + near * total
        for k in range(2):
            v, u = (y - step, x) if k == 0 else (y, x - step)
            m = index[v, u]
            if m < 0:
                continue
            if start <= m < stop:
                cy, cx = new_y[m], new_x[m]
            else:
                cy, cx = old_y[m], old_x[m]
            if cy < 0:
                continue
            cy += y - v
            cx += x - u
            if (cy == by and cx == bx) or not (0 <= cy < height and 0 <= cx < width):
                continue
            if not valid[cy, cx]:
                continue
            near = total * stray * np.float32(np.sqrt(np.float32((cy - y) ** 2 + (cx - x) ** 2)))
            value = _difference(image, cy, cx, radius, patch, share, best - near) + near
            if value < best:
                best, by, bx = value, cy, cx
        span = reach
        turn = 0
        while span >= 1:
            noise = _hash(np.uint32(n) * np.uint32(64) + np.uint32(turn), seed)
            turn += 1
            wide = np.uint32(2 * span + 1)
            dy = np.int64((noise & np.uint32(0xFFFF)) % wide) - span
            dx = np.int64((noise >> np.uint32(16)) % wide) - span
            cy, cx = (by if by >= 0 else y) + dy, (bx if by >= 0 else x) + dx
            if span > 1 or by >= 0:
                span = span // 2
            if turn > 40:
                break
            if not (0 <= cy < height and 0 <= cx < width) or not valid[cy, cx]:
                continue
            near = total * stray * np.float32(np.sqrt(np.float32((cy - y) ** 2 + (cx - x) ** 2)))
            value = _difference(image, cy, cx, radius, patch, share, best - near) + near
            if value < best:
                best, by, bx = value, cy, cx
        new_y[n], new_x[n] = by, bx
        cost[n] = best / max(total, np.float32(1e-6))


@numba.njit(cache=True, nogil=True, fastmath=True)
def vote(
    image, state, say, index, match_y, match_x, cost,
    hole_y, hole_x, start, stop, radius, sharp, pick_y, pick_x,
):  # fmt: skip
    """Colour of hole pixels ``start`` to ``stop`` from every patch that covers them, in place.

    ``say`` is the positive weight of each target's vote. With ``sharp`` the pixel becomes a
    copy of that voter which lies nearest to the mean of all, so texture keeps its contrast; where
    the copy was taken is left in ``pick_y`` and ``pick_x`` (-1 where nobody voted).
    """
    for n in range(start, stop):
        y, x = hole_y[n], hole_x[n]
        sums = np.zeros(3, np.float32)
        total = np.float32(0.0)
        for dy in range(-radius, radius + 1):
            for dx in range(-radius, radius + 1):
                m = index[y - dy, x - dx]
                if m < 0 or match_y[m] < 0:
                    continue
                v, u = match_y[m] + dy, match_x[m] + dx
                if state[v, u] != 1:
                    continue
                part = say[m]
                total += part
                for c in range(3):
                    sums[c] += part * image[v, u * 4 + c]
        pick_y[n] = -1
        pick_x[n] = -1
        if total <= 0:
            continue
        for c in range(3):
            sums[c] /= total
        if sharp:
            best = _FAR
            for dy in range(-radius, radius + 1):
                for dx in range(-radius, radius + 1):
                    m = index[y - dy, x - dx]
                    if m < 0 or match_y[m] < 0:
                        continue
                    v, u = match_y[m] + dy, match_x[m] + dx
                    if state[v, u] != 1:
                        continue
                    gap = np.float32(0.2) * cost[m]
                    for c in range(3):
                        gap += (image[v, u * 4 + c] - sums[c]) ** 2
                    if gap < best:
                        best = gap
                        pick_y[n], pick_x[n] = v, u
        for c in range(3):
            image[y, x * 4 + c] = sums[c]


@numba.njit(cache=True, nogil=True, fastmath=True)
def peel(image, state, valid, index, ys, xs, match_y, match_x, reach, stray, radius, belief):
    """Fill the hole of a small level greedily, best supported and most structured pixels first.

    ``image`` holds a smooth guess in the hole; ``belief`` is the weight of its pixels against known
    ones while patches are compared, which keeps structure from straying to another tone. Writes
    colours into ``image`` and matches of the targets it visited, -1 for the others.
    """
    height, width = state.shape
    side = 2 * radius + 1
    known = np.zeros((height, width), np.float32)
    patch = np.empty((side, side * 4), np.float32)
    share = np.empty((side, side * 4), np.float32)
    rank = np.full(ys.size, np.float32(-1.0))
    stale = np.zeros(ys.size, np.uint8)
    for y in range(height):
        for x in range(width):
            known[y, x] = 1.0 if state[y, x] == 1 else 0.0
    for n in range(ys.size):
        match_y[n] = -1
        match_x[n] = -1
        stale[n] = 1 if state[ys[n], xs[n]] == 2 else 0
    while True:
        best = np.float32(0.0)
        chosen = -1
        for n in range(ys.size):
            if stale[n]:
                stale[n] = 0
                rank[n] = _rank(image, known, ys[n], xs[n], radius)
            if rank[n] > best:
                best = rank[n]
                chosen = n
        if chosen < 0:
            return
        y, x = ys[chosen], xs[chosen]
        total = _load(image, known, y, x, radius, patch, share)
        trust = total / np.float32(side * side)
        for i in range(side):
            for k in range(side * 4):
                if share[i, k] == 0 and state[y - radius + i, x - radius + k // 4] == 2:
                    share[i, k] = belief
                    if k % 4 == 0:
                        total += belief
        least = _FAR
        by, bx = -1, -1
        span = reach
        while by < 0 and span < 2 * max(height, width):
            for v in range(max(y - span, radius), min(y + span + 1, height - radius)):
                for u in range(max(x - span, radius), min(x + span + 1, width - radius)):
                    if not valid[v, u]:
                        continue
                    near = (
                        total * stray * np.float32(np.sqrt(np.float32((v - y) ** 2 + (u - x) ** 2)))
                    )
                    value = _difference(image, v, u, radius, patch, share, least - near) + near
                    if value < least:
                        least, by, bx = value, v, u
            span *= 2
        if by < 0:
            return
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                v, u = y + dy, x + dx
                m = index[v, u]
                if state[v, u] != 2 or known[v, u] > 0 or m < 0:
                    continue
                if state[by + dy, bx + dx] != 1 and (dy != 0 or dx != 0):
                    continue
                known[v, u] = trust * np.float32(0.95)
                match_y[m], match_x[m] = by + dy, bx + dx
                rank[m] = -1.0
                stale[m] = 0
                for c in range(3):
                    image[v, u * 4 + c] = image[by + dy, (bx + dx) * 4 + c]
        for dy in range(-radius - 2, radius + 3):
            for dx in range(-radius - 2, radius + 3):
                v, u = y + dy, x + dx
                if 0 <= v < height and 0 <= u < width:
                    m = index[v, u]
                    if m >= 0 and state[v, u] == 2 and known[v, u] == 0:
                        stale[m] = 1


@numba.njit(cache=True, nogil=True, fastmath=True)
def _rank(image, known, y, x, radius):
    """Priority of an empty pixel: how much of its patch is known, times the edge that enters."""
    touches = False
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if known[y + dy, x + dx] > 0:
                touches = True
    if not touches:
        return np.float32(-1.0)
    trust = np.float32(0.0)
    ny = np.float32(0.0)
    nx = np.float32(0.0)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            value = known[y + dy, x + dx]
            trust += value
            if value > 0:
                ny += dy
                nx += dx
    long = np.float32(np.sqrt(ny * ny + nx * nx)) + np.float32(1e-6)
    ny /= long
    nx /= long
    edge = np.float32(0.0)
    for dy in range(-radius, radius):
        for dx in range(-radius, radius):
            v, u = y + dy, x + dx
            if known[v, u] > 0 and known[v + 1, u] > 0 and known[v, u + 1] > 0:
                gy = np.float32(0.0)
                gx = np.float32(0.0)
                for c in range(3):
                    gy += image[v + 1, u * 4 + c] - image[v, u * 4 + c]
                    gx += image[v, (u + 1) * 4 + c] - image[v, u * 4 + c]
                # the isophote runs along (-gx, gy); it matters as far as it points inward
                flow = abs(-gx * ny + gy * nx)
                edge = max(edge, flow)
    side = 2 * radius + 1
    return trust / np.float32(side * side) * (edge / np.float32(3.0) + np.float32(8.0))
