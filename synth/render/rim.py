"""The soft rims of near things, blended over a frame of opaque surfaces.

A rim is made of ten thousand quads of a pixel or two. One by one, most of the time goes into
guessing wrongly what each of them covers, so they are gathered by size and worked on side by side:
first which of their pixels they cover and where in the texture, then the colours of what is seen.
"""

from __future__ import annotations

import numpy as np
from numba import njit

TIE_BREAK = 1.3e-4
"""Sample offset of blended triangles, pixels, so that a shared edge never blends twice."""

BATCH = 64
"""Quads, and pixels, that are worked on side by side."""

WIDEST = 6
"""Quads wider or higher than this many pixels are drawn one by one."""

# Where a batch of quads keeps its numbers: places, depth scale and inverse depth on the screen,
# texture places of the corners a, b, c and d, then the result for one pixel of each. All lie in
# one array at fixed distances: only then does the compiler see that they never overlap.
_XA, _YA, _SA, _NA, _UA, _VA = (BATCH * place for place in range(0, 6))
_XB, _YB, _SB, _NB, _UB, _VB = (BATCH * place for place in range(6, 12))
_XC, _YC, _SC, _NC, _UC, _VC = (BATCH * place for place in range(12, 18))
_XD, _YD, _SD, _ND, _UD, _VD = (BATCH * place for place in range(18, 24))
_NEAR, _U, _V = (BATCH * place for place in range(24, 27))
_QUAD_NUMBERS = 27 * BATCH

# Likewise for a batch of pixels, as words of four bytes each: the texels around, the frame's own
# colour, the mixture; and as numbers: place between the texels, inverse depth, alpha.
_T00, _T01, _T10, _T11, _OLD, _NEW = (BATCH * place for place in range(6))
_FU, _FV, _DEPTH, _ALPHA = (BATCH * place for place in range(4))

_INDEX = 0x7FFFFFFF
"""Masks an index, so that the compiler need not look after Python's negative ones."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def blend(screen, u, v, quads, texture, slack, nearness, frame):  # pragma: no cover - compiled
    """Blend soft-edged quads over a finished frame where nothing nearer stands.

    Args:
        screen: projected vertices from `raster.project`, shape (V, 4).
        u, v: texture place of each vertex, shape (V,).
        quads: vertex numbers, shape (Q, 4).
        texture: premultiplied colour and alpha, shape (T, U, 4), C-contiguous.
        slack: how much nearer, relatively, something must be to hide the rim.
        nearness: inverse depth of the opaque frame, (H, W); raised where the rim mostly covers.
        frame: colours in the first three channels, (H, W, 4), C-contiguous, updated.
    """
    height, width = nearness.shape
    texels = texture.reshape(-1).view(np.uint32)
    image = frame.reshape(-1).view(np.uint32)
    near = nearness.reshape(-1)
    columns = texture.shape[1]
    rows = texture.shape[0]
    keep = np.float32(1.0 - slack)
    batches = np.zeros((WIDEST, _QUAD_NUMBERS), np.float32)
    places = np.zeros((WIDEST, BATCH), np.int64)
    counts = np.zeros(WIDEST, np.int64)
    words = np.zeros(6 * BATCH, np.uint32)
    parts = np.zeros(4 * BATCH, np.float32)
    where = np.zeros(BATCH, np.int64)
    hits = 0
    for index in range(quads.shape[0]):
        a = quads[index, 0]
        b = quads[index, 1]
        c = quads[index, 2]
        d = quads[index, 3]
        top = min(min(screen[a, 1], screen[b, 1]), min(screen[c, 1], screen[d, 1]))
        bottom = max(max(screen[a, 1], screen[b, 1]), max(screen[c, 1], screen[d, 1]))
        left = min(min(screen[a, 0], screen[b, 0]), min(screen[c, 0], screen[d, 0]))
        right = max(max(screen[a, 0], screen[b, 0]), max(screen[c, 0], screen[d, 0]))
        row = int(np.ceil(top - (0.5 + TIE_BREAK)))
        column = int(np.ceil(left - (0.5 + TIE_BREAK)))
        side = max(int(np.floor(bottom + 0.5)) - row, int(np.floor(right + 0.5)) - column)
        seen = (
            screen[a, 2] != 0.0
            and screen[b, 2] != 0.0
            and screen[c, 2] != 0.0
            and screen[d, 2] != 0.0
        )
        if seen and side <= 0:
            continue
        inside = row >= 0 and column >= 0 and row + side <= height and column + side <= width
        if not (seen and inside and side <= WIDEST):
            for half in range(2):
                e = quads[index, 1 + half]
                g = quads[index, 2 + half]
                hits = _one(
                    screen, u, v, a, e, g, texels, rows, columns, keep, near, height, width,
                    image, words, parts, where, hits,
                )  # fmt: skip
            continue
        batch = batches[side - 1]
        count = counts[side - 1]
        # About the first sample, so that single precision is exact to a millionth of a pixel.
        x = column + 0.5 + TIE_BREAK
        y = row + 0.5 + 0.61 * TIE_BREAK
        places[side - 1, count] = row * width + column
        _corner(batch, 0, count, screen, u, v, a, x, y)
        _corner(batch, _XB, count, screen, u, v, b, x, y)
        _corner(batch, _XC, count, screen, u, v, c, x, y)
        _corner(batch, _XD, count, screen, u, v, d, x, y)
        counts[side - 1] = count + 1
        if count + 1 == BATCH:
            hits = _seen(
                batch, places[side - 1], BATCH, side, texels, rows, columns, keep, near, width,
                image, words, parts, where, hits,
            )  # fmt: skip
            counts[side - 1] = 0
    for side in range(1, WIDEST + 1):
        hits = _seen(
            batches[side - 1], places[side - 1], counts[side - 1], side, texels, rows, columns,
            keep, near, width, image, words, parts, where, hits,
        )  # fmt: skip
    _commit(words, parts, where, hits, image, near, keep)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _corner(batch, first, count, screen, u, v, vertex, x, y):  # pragma: no cover - compiled
    batch[first + count] = screen[vertex, 0] - x
    batch[first + BATCH + count] = screen[vertex, 1] - y
    batch[first + 2 * BATCH + count] = screen[vertex, 2]
    batch[first + 3 * BATCH + count] = screen[vertex, 3]
    batch[first + 4 * BATCH + count] = u[vertex]
    batch[first + 5 * BATCH + count] = v[vertex]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _seen(
    batch, places, count, side, texels, rows, columns, keep, near, width,
    image, words, parts, where, hits,
):  # pragma: no cover - compiled  # fmt: skip
    """Collect the pixels of a batch of quads that show; returns how many are waiting now."""
    if count == 0:
        return hits
    for row in range(side):
        for column in range(side):
            _cover(batch, np.float32(column), np.float32(row))
            for index in range(count):
                depth = batch[_NEAR + index]
                pixel = (places[index] + row * width + column) & _INDEX
                if depth < 0.0 or depth < near[pixel] * keep:
                    continue
                _wait(
                    batch[_U + index], batch[_V + index], depth, pixel, texels, rows, columns,
                    image, words, parts, where, hits,
                )  # fmt: skip
                hits += 1
                if hits == BATCH:
                    _commit(words, parts, where, hits, image, near, keep)
                    hits = 0
    return hits


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _wait(
    u, v, depth, pixel, texels, rows, columns, image, words, parts, where, hits
):  # pragma: no cover - compiled
    """Put down what is needed to blend a pixel, as the one numbered `hits`.

    It must not call what takes arrays: their references would be counted for every pixel.
    """
    iu = min(max(np.int32(u), 0), columns - 2)
    iv = min(max(np.int32(v), 0), rows - 2)
    upper = (iv * columns + iu) & _INDEX
    lower = (upper + columns) & _INDEX
    words[_T00 + hits] = texels[upper]
    words[_T01 + hits] = texels[upper + 1]
    words[_T10 + hits] = texels[lower]
    words[_T11 + hits] = texels[lower + 1]
    words[_OLD + hits] = image[pixel]
    parts[_FU + hits] = u - np.float32(iu)
    parts[_FV + hits] = v - np.float32(iv)
    parts[_DEPTH + hits] = depth
    where[hits] = pixel


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _cover(batch, px, py):  # pragma: no cover - compiled
    """Whether each quad covers its pixel (px, py), and what it shows there.

    A quad is the triangles a b c and a c d; weights are areas of what lies opposite a corner.
    """
    one = np.float32(1.0)
    zero = np.float32(0.0)
    least = np.float32(1e-7)  # what is seen from behind, or degenerate, has less area
    for i in range(BATCH):
        ax = batch[_XA + i] - px
        ay = batch[_YA + i] - py
        bx = batch[_XB + i] - px
        by = batch[_YB + i] - py
        cx = batch[_XC + i] - px
        cy = batch[_YC + i] - py
        dx = batch[_XD + i] - px
        dy = batch[_YD + i] - py
        ab = ax * by - bx * ay
        bc = bx * cy - cx * by
        cd = cx * dy - dx * cy
        da = dx * ay - ax * dy
        ac = ax * cy - cx * ay
        upper_area = ab + bc - ac
        lower_area = ac + cd + da
        upper = (ab >= zero) & (bc >= zero) & (ac <= zero) & (upper_area > least)
        lower = (ac > zero) & (cd >= zero) & (da >= zero) & (lower_area > least)
        is_upper = one if upper else zero
        is_lower = one - is_upper
        inverse = one / (is_upper * upper_area + is_lower * lower_area)
        weight_c = (is_upper * ab + is_lower * da) * inverse
        weight_side = (is_lower * ac - is_upper * ac) * inverse
        weight_a = one - weight_c - weight_side
        weight_b = is_upper * weight_side
        weight_d = is_lower * weight_side
        depth = (
            weight_a * batch[_NA + i]
            + weight_b * batch[_NB + i]
            + weight_c * batch[_NC + i]
            + weight_d * batch[_ND + i]
        )
        weight_a *= batch[_SA + i]
        weight_b *= batch[_SB + i]
        weight_c *= batch[_SC + i]
        weight_d *= batch[_SD + i]
        scale = one / (weight_a + weight_b + weight_c + weight_d)
        batch[_NEAR + i] = depth if (upper | lower) else -one
        batch[_U + i] = scale * (
            weight_a * batch[_UA + i]
            + weight_b * batch[_UB + i]
            + weight_c * batch[_UC + i]
            + weight_d * batch[_UD + i]
        )
        batch[_V + i] = scale * (
            weight_a * batch[_VA + i]
            + weight_b * batch[_VB + i]
            + weight_c * batch[_VC + i]
            + weight_d * batch[_VD + i]
        )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _commit(words, parts, where, count, image, near, keep):  # pragma: no cover - compiled
    """Blend the pixels that wait."""
    _mix(words, parts)
    for index in range(count):
        pixel = where[index] & _INDEX
        depth = parts[_DEPTH + index]
        if image[pixel] != words[_OLD + index]:
            # Another rim came over the same pixel meanwhile.
            if depth < near[pixel] * keep:
                continue
            words[_OLD + index] = image[pixel]
            _mix(words, parts)
        image[pixel] = words[_NEW + index]
        if parts[_ALPHA + index] > np.float32(127.0):
            near[pixel] = max(depth, near[pixel])


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _mix(words, parts):  # pragma: no cover - compiled
    """Interpolate the texels of all waiting pixels and lay them over the frame's colours."""
    one = np.float32(1.0)
    zero = np.float32(0.0)
    least = np.float32(0.25)
    fourth = np.uint32(0xFF000000)
    two = np.uint32(16)
    for i in range(BATCH):
        k11 = parts[_FU + i] * parts[_FV + i]
        k10 = parts[_FV + i] - k11
        k01 = parts[_FU + i] - k11
        k00 = one - parts[_FU + i] - k10
        a = words[_T00 + i]
        b = words[_T01 + i]
        c = words[_T10 + i]
        d = words[_T11 + i]
        old = words[_OLD + i]
        alpha = _channel(a, b, c, d, np.uint32(24), k00, k01, k10, k11)
        shows = one if alpha >= least else zero
        rest = one - shows * alpha * np.float32(1.0 / 255.0)
        first = shows * _channel(a, b, c, d, np.uint32(0), k00, k01, k10, k11)
        second = shows * _channel(a, b, c, d, np.uint32(8), k00, k01, k10, k11)
        third = shows * _channel(a, b, c, d, two, k00, k01, k10, k11)
        parts[_ALPHA + i] = alpha
        words[_NEW + i] = (
            (old & fourth)
            | _over(first, rest, old, np.uint32(0))
            | (_over(second, rest, old, np.uint32(8)) << np.uint32(8))
            | (_over(third, rest, old, two) << two)
        )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _channel(a, b, c, d, shift, k00, k01, k10, k11):  # pragma: no cover - compiled
    byte = np.uint32(255)
    return (
        k00 * np.float32(np.int32((a >> shift) & byte))
        + k01 * np.float32(np.int32((b >> shift) & byte))
        + k10 * np.float32(np.int32((c >> shift) & byte))
        + k11 * np.float32(np.int32((d >> shift) & byte))
    )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _over(value, rest, old, shift):  # pragma: no cover - compiled
    under = np.float32(np.int32((old >> shift) & np.uint32(255)))
    return np.uint32(np.int32(min(value + rest * under + np.float32(0.5), np.float32(255.0))))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _one(
    screen, u, v, a, b, c, texels, rows, columns, keep, near, height, width,
    image, words, parts, where, hits,
):  # pragma: no cover - compiled  # fmt: skip
    """One triangle of any size; returns how many pixels wait now."""
    if screen[a, 2] == 0.0 or screen[b, 2] == 0.0 or screen[c, 2] == 0.0:
        return hits
    x0 = screen[a, 0]
    y0 = screen[a, 1]
    x1 = screen[b, 0]
    y1 = screen[b, 1]
    x2 = screen[c, 0]
    y2 = screen[c, 1]
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if area <= 1e-9:
        return hits
    first = max(int(np.ceil(min(y0, min(y1, y2)) - 0.5 - TIE_BREAK)), 0)
    last = min(int(np.floor(max(y0, max(y1, y2)) - 0.5)), height - 1)
    begin = max(int(np.ceil(min(x0, min(x1, x2)) - 0.5 - TIE_BREAK)), 0)
    end = min(int(np.floor(max(x0, max(x1, x2)) - 0.5)), width - 1)
    inverse = 1.0 / area
    for row in range(first, last + 1):
        for column in range(begin, end + 1):
            px = column + 0.5 + TIE_BREAK
            py = row + 0.5 + 0.61 * TIE_BREAK
            w1 = ((px - x0) * (y2 - y0) - (x2 - x0) * (py - y0)) * inverse
            w2 = ((x1 - x0) * (py - y0) - (px - x0) * (y1 - y0)) * inverse
            w0 = 1.0 - w1 - w2
            if w0 < 0.0 or w1 < 0.0 or w2 < 0.0:
                continue
            pixel = (row * width + column) & _INDEX
            depth = np.float32(w0 * screen[a, 3] + w1 * screen[b, 3] + w2 * screen[c, 3])
            if depth < near[pixel] * keep:
                continue
            s0 = w0 * screen[a, 2]
            s1 = w1 * screen[b, 2]
            s2 = w2 * screen[c, 2]
            scale = 1.0 / (s0 + s1 + s2)
            _wait(
                np.float32((u[a] * s0 + u[b] * s1 + u[c] * s2) * scale),
                np.float32((v[a] * s0 + v[b] * s1 + v[c] * s2) * scale),
                depth, pixel, texels, rows, columns, image, words, parts, where, hits,
            )  # fmt: skip
            hits += 1
            if hits == BATCH:
                _commit(words, parts, where, hits, image, near, keep)
                hits = 0
    return hits
