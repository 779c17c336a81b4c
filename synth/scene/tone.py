"""Where what surrounds a hole is smooth, the hole is smooth too: its tone is a membrane.

Copied patches carry their own tone. In a sky or on a plain wall the eye finds every step between
them, so there the fill keeps only the grain of the copies, the little by which a copied pixel
differs from the tone round its place of origin, and takes the tone itself from a membrane through
the surroundings (in the spirit of Pérez, Gangnet and Blake, "Poisson Image Editing", 2003,
https://doi.org/10.1145/882262.882269). How much is decided by how rough the nearest surroundings
are. Pixels that touch the hole, and those that stand out from the others, have little say: next to
a foreground edge lens, sharpening and compression have mixed the two sides.

Tones are worked out on cells of 4 x 4 pixels.
"""

from __future__ import annotations

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from synth.scene.smooth_fill import spread_known

_SHORE = 6.0
"""Pixels from the hole at which a known pixel is trusted in full."""
_LEAST_TRUST = 0.1
"""Root of the trust in a pixel that touches the hole."""
_INLAND = 14.0
"""Pixels from the hole at which texture is judged in full."""
_REACH = 1.6
"""Standard deviation of the window in which the tone is averaged, cells."""
_SMOOTH, _ROUGH = 5.0, 10.0
"""Deviation from the tone (8-bit steps) up to which surroundings are smooth, and from which they
are rough."""
_FADE = 0.90
"""What is left of the surroundings' roughness one cell further into the hole."""
_MEANT, _BOLD = 24.0, 48.0
"""Steps by which patches differ from the membrane: up to here by chance, from here they mean it."""
_LEAST_FLOW = 0.05
"""Share of the diffusion that runs along the steeper of the two axes, at least."""
_SWEEPS = 60
"""Sweeps of the diffusion."""
_LEVEL, _STEEP = 4.0, 8.0
"""Steps by which the membrane changes from cell to cell: from here it is no longer level, here it
bridges two things that differ."""
_GRAIN = 2.0
"""Grain is clipped at this many times the roughness nearby, plus half a step."""


@numba.njit(cache=True, nogil=True)
def _gather(colour, guide, hole, source, away):
    """Means over cells of 4 x 4 pixels; ``away`` is the distance from the hole.

    Returns the trust in their known pixels, colour and variance of those, whether there are hole
    pixels, and the guide.
    """
    height, width = hole.shape
    rows, columns = (height + 3) // 4, (width + 3) // 4
    weight = np.zeros((rows, columns), np.float32)
    mean = np.zeros((rows, columns, 3), np.float32)
    spread = np.zeros((rows, columns), np.float32)
    torn = np.zeros((rows, columns), np.bool_)
    level = np.zeros((rows, columns), np.float32)
    trust = np.zeros((4, 4), np.float32)
    for j in range(rows):
        for i in range(columns):
            bottom, right = min(4 * j + 4, height), min(4 * i + 4, width)
            for y in range(4 * j, bottom):
                for x in range(4 * i, right):
                    level[j, i] += guide[y, x]
                    if hole[y, x]:
                        torn[j, i] = True
                    elif source[y, x]:
                        share = (away[y, x] - np.float32(1)) / np.float32(_SHORE - 1)
                        share = min(max(share, np.float32(_LEAST_TRUST)), np.float32(1)) ** 2
                        trust[y - 4 * j, x - 4 * i] = share
                        weight[j, i] += share
                        for c in range(3):
                            mean[j, i, c] += share * colour[y, x, c]
            level[j, i] /= np.float32((bottom - 4 * j) * (right - 4 * i))
            if weight[j, i] == 0:
                continue
            for c in range(3):
                mean[j, i, c] /= weight[j, i]
            for y in range(4 * j, bottom):
                for x in range(4 * i, right):
                    if source[y, x] and not hole[y, x]:
                        for c in range(3):
                            step = colour[y, x, c] - mean[j, i, c]
                            spread[j, i] += trust[y - 4 * j, x - 4 * i] * step * step
            spread[j, i] /= np.float32(3) * weight[j, i]
    return weight / np.float32(16), mean, spread, torn, level


@numba.njit(cache=True, nogil=True)
def _patch_tone(colour, hole, membrane):
    """Mean colour of the hole pixels in each cell, the membrane's where there are none."""
    tone = np.empty(membrane.shape, np.float32)
    height, width = hole.shape
    for j in range(membrane.shape[0]):
        for i in range(membrane.shape[1]):
            count = 0
            sums = np.zeros(3, np.float32)
            for y in range(4 * j, min(4 * j + 4, height)):
                for x in range(4 * i, min(4 * i + 4, width)):
                    if hole[y, x]:
                        count += 1
                        for c in range(3):
                            sums[c] += colour[y, x, c]
            for c in range(3):
                tone[j, i, c] = sums[c] / np.float32(count) if count > 0 else membrane[j, i, c]
    return tone


def _blur(values: NDArray[np.float32], reach: float = _REACH) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), reach), np.float32)


def _mean(
    values: NDArray[np.float32], weight: NDArray[np.float32], reach: float = _REACH
) -> NDArray[np.float32]:
    """Weighted mean of (R, C) or (R, C, 3) in a Gaussian window, zero where there is no weight."""
    flat = values.ndim == 2
    sums = _blur(values * (weight if flat else weight[..., None]), reach)
    total = np.maximum(_blur(weight, reach), np.float32(1e-9))
    return np.asarray(sums / (total if flat else total[..., None]), np.float32)


def _lay(tone: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far the tone changes down rather than across: 0 to 1, a half for neither."""
    sums = []
    for axis in (1, 0):
        both = np.zeros(known.shape, np.float32)
        step = np.zeros(known.shape, np.float32)
        ahead, here = ((slice(1, None), slice(None)), (slice(None, -1), slice(None)))
        if axis == 1:
            ahead, here = ahead[::-1], here[::-1]
        both[here] = known[ahead] & known[here]
        step[here] = ((tone[ahead] - tone[here]) ** 2).sum(axis=2)
        sums.append(
            cv2.GaussianBlur(step * both, (0, 0), 3.0)
            / np.maximum(cv2.GaussianBlur(both, (0, 0), 3.0), 1e-6)
        )
    across, down = sums[0] + 0.02, sums[1] + 0.02
    return np.clip(down / (across + down), _LEAST_FLOW, 1 - _LEAST_FLOW).astype(np.float32)


def _slope(tone: NDArray[np.float32], live: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Greatest step of a cell's tone to one of its neighbours, 8-bit steps."""
    grey = tone.mean(axis=2)
    box = np.ones((3, 3), np.uint8)
    top = cv2.dilate(np.where(live, grey, np.float32(-1e4)), box)
    bottom = cv2.erode(np.where(live, grey, np.float32(1e4)), box)
    return np.where(live, 0.5 * (top - bottom), 0.0).astype(np.float32)


@numba.njit(cache=True, nogil=True)
def _carry(rough, wanted, fade):
    """Carry roughness into the wanted cells, fading on the way; in place, largest wins."""
    rows, columns = rough.shape
    for turn in range(4):
        for j in range(rows):
            y = j if turn % 2 == 0 else rows - 1 - j
            for i in range(columns):
                x = i if turn % 2 == 0 else columns - 1 - i
                if not wanted[y, x]:
                    continue
                best = rough[y, x]
                for v in range(max(y - 1, 0), min(y + 2, rows)):
                    for u in range(max(x - 1, 0), min(x + 2, columns)):
                        far = fade if v == y or u == x else fade ** np.float32(1.4142)
                        best = max(best, rough[v, u] * far)
                rough[y, x] = best


@numba.njit(cache=True, nogil=True)
def _diffuse(values, guide, lay, live, wanted, sweeps):
    """Sweeps of a diffusion over wanted cells, in place.

    It flows poorly across steps of the guide, and across rather than down where ``lay`` is near 1.
    """
    rows, columns, depth = values.shape
    ys, xs = np.nonzero(wanted)
    share = np.zeros((ys.size, 4), np.float32)
    for n in range(ys.size):
        y, x = ys[n], xs[n]
        for k in range(4):
            v = y + (k - 1 if k % 2 == 0 else 0)
            u = x + (k - 2 if k % 2 == 1 else 0)
            if 0 <= v < rows and 0 <= u < columns and live[v, u]:
                step = (guide[v, u] - guide[y, x]) / np.float32(3.0)
                ease = lay[y, x] if k % 2 == 1 else np.float32(1.0) - lay[y, x]
                share[n, k] = ease / (np.float32(1.0) + step * step)
    for sweep in range(sweeps):
        for count in range(ys.size):
            n = count if sweep % 2 == 0 else ys.size - 1 - count
            y, x = ys[n], xs[n]
            total = share[n, 0] + share[n, 1] + share[n, 2] + share[n, 3]
            if total <= 0:
                continue
            for c in range(depth):
                goal = np.float32(0.0)
                for k in range(4):
                    if share[n, k] > 0:
                        v = y + (k - 1 if k % 2 == 0 else 0)
                        u = x + (k - 2 if k % 2 == 1 else 0)
                        goal += share[n, k] * values[v, u, c]
                values[y, x, c] += np.float32(1.6) * (goal / total - values[y, x, c])


@numba.njit(cache=True, nogil=True)
def _at(cells, y, x, out):
    """Bilinear values of a map of cells (R, C, K) at a pixel."""
    rows, columns, depth = cells.shape
    v = min(max((np.float32(y) + np.float32(0.5)) / np.float32(4) - np.float32(0.5), 0), rows - 1)
    u = min(
        max((np.float32(x) + np.float32(0.5)) / np.float32(4) - np.float32(0.5), 0), columns - 1
    )
    j, i = int(v), int(u)
    below, right = min(j + 1, rows - 1), min(i + 1, columns - 1)
    fy, fx = np.float32(v - j), np.float32(u - i)
    for c in range(depth):
        upper = cells[j, i, c] * (1 - fx) + cells[j, right, c] * fx
        lower = cells[below, i, c] * (1 - fx) + cells[below, right, c] * fx
        out[c] = upper * (1 - fy) + lower * fy


@numba.njit(cache=True, nogil=True)
def _falling(value, full, none):
    return min(max((none - value) / (none - full), np.float32(0)), np.float32(1))


@numba.njit(cache=True, nogil=True)
def _settle(colour, ys, xs, pick_y, pick_x, plan, patch_tone):
    """Blend pixels towards membrane and grain, in place.

    ``plan`` holds tone, roughness and slope of the cells. A pixel that was picked from itself is a
    known one, and stands out by its own colour rather than by that of its cell.
    """
    here = np.zeros(5, np.float32)
    there = np.zeros(5, np.float32)
    tone = np.zeros(3, np.float32)
    for n in range(ys.size):
        y, x, v, u = ys[n], xs[n], pick_y[n], pick_x[n]
        _at(plan, y, x, here)
        part = _falling(here[3], _SMOOTH, _ROUGH) * _falling(here[4], _LEVEL, _STEEP)
        if part <= 0:
            continue
        known = v == y and u == x
        _at(patch_tone, y, x, tone)
        off = np.float32(0.0)
        for c in range(3):
            own = colour[y, x, c] if known else tone[c]
            off += (own - here[c]) ** 2
        part *= _falling(np.float32(np.sqrt(off / 3)), _MEANT, _BOLD)
        if part <= 0:
            continue
        if v >= 0:
            _at(plan, v, u, there)
        room = np.float32(_GRAIN) * here[3] + np.float32(0.5)
        for c in range(3):
            grain = colour[v, u, c] - there[c] if v >= 0 else np.float32(0.0)
            smooth = here[c] + min(max(grain, -room), room)
            colour[y, x, c] += part * (smooth - colour[y, x, c])


def find_tone(
    colour: NDArray[np.float32],
    guide: NDArray[np.float32],
    hole: NDArray[np.bool_],
    source: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """The tone that smooth surroundings give to a hole, for `even_tone`.

    Args:
        colour: known colours, 0 to 255, shape (H, W, 3); those in the hole have no influence.
        guide: disparity in 8-bit steps, shape (H, W): tone does not flow across its steps.
        hole: what is filled, shape (H, W).
        source: the known pixels that may be continued, shape (H, W), at least one.

    Returns:
        Tone (3 numbers), roughness and slope of each cell, shape (R, C, 5).
    """
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 3)
    weight, mean, inner, torn, level = _gather(colour, guide, hole, source, away)

    tone = _mean(mean, weight)
    off = np.asarray(((mean - tone) ** 2).mean(axis=2), np.float32)
    energy = _mean(off + inner, weight)
    # Ringing along an edge is not the texture of what lies behind it: look farther as well.
    apart = cv2.resize(away, weight.shape[::-1], interpolation=cv2.INTER_NEAREST)
    apart = np.clip(apart / np.float32(_INLAND), np.float32(0.02), np.float32(1)) ** 2 * weight
    energy = np.minimum(energy, _mean(off + inner, np.asarray(apart, np.float32), 2 * _REACH))
    fitting = np.exp(np.float32(-0.5) * off / (energy + np.float32(1)))
    tone = _mean(mean, np.asarray(weight * fitting, np.float32))

    known = weight > 0
    # One cell more than the hole: its pixels take their tone from between the cells.
    wanted = cv2.dilate(torn.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    wanted &= ~known
    stack = np.dstack([tone, _lay(tone, known)]).astype(np.float32)
    spread_known(stack, known, ~known)
    membrane = np.ascontiguousarray(stack[..., :3])
    lay = np.ascontiguousarray(stack[..., 3])
    _diffuse(membrane, level, lay, known | wanted, wanted, _SWEEPS)
    rough = np.where(known, np.sqrt(energy), 0.0).astype(np.float32)
    _carry(rough, wanted, np.float32(_FADE))
    return np.dstack([membrane, rough, _slope(membrane, known | wanted)])


def even_tone(
    colour: NDArray[np.float32],
    plan: NDArray[np.float32],
    hole: NDArray[np.bool_],
    pick_y: NDArray[np.int32],
    pick_x: NDArray[np.int32],
    mend: NDArray[np.bool_] | None = None,
) -> None:
    """Give the hole the tone of its surroundings where those are smooth, in place.

    Args:
        colour: known and filled colours, 0 to 255, shape (H, W, 3).
        plan: from `find_tone`.
        hole: what was filled, shape (H, W).
        pick_y, pick_x: the place that each hole pixel was copied from, -1 where from none; in the
            order of `np.nonzero(hole)`.
        mend: known pixels that are evened too, shape (H, W).
    """
    patch_tone = _patch_tone(colour, hole, plan[..., :3])
    ys, xs = (axis.astype(np.int32) for axis in np.nonzero(hole))
    _settle(colour, ys, xs, pick_y, pick_x, plan, patch_tone)
    if mend is not None:
        ys, xs = (axis.astype(np.int32) for axis in np.nonzero(mend))
        _settle(colour, ys, xs, ys, xs, plan, patch_tone)
