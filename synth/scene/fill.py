"""Invent what lies behind a foreground edge, or beyond the photo: colour and disparity together.

The hole is filled from coarse to fine by patches of the surrounding source (see ``patchmatch``);
disparity is continued first, so that a hole at the depth of the wall takes its patches from the
wall. Foreground pixels, which the caller leaves out of ``source``, are neither material nor
boundary. At the end each pixel is a copy of one source pixel, so the fill is as sharp as the photo,
and the seams between copies are levelled out (Pérez, Gangnet and Blake, "Poisson Image Editing",
2003, https://doi.org/10.1145/882262.882269).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from synth.errors import SynthError
from synth.scene import patchmatch as pm
from synth.scene.disparity_fill import continue_disparity
from synth.scene.smooth_fill import fill_smooth

__all__ = ["Quality", "extend_border", "fill", "fill_smooth"]

Quality = Literal["quick", "best"]
_RUN = 4096
_DEPTH_SHARE = 200.0


@dataclass(frozen=True)
class _Plan:
    """How hard to try."""

    radius: int
    """Patch radius in pixels."""
    depth: float
    """Deepest hole pixel of the coarsest level, pixels from the source."""
    rounds: tuple[int, ...]
    """Search-and-vote rounds of each level, finest first; the last number serves the rest."""
    sweeps: int
    """Search sweeps of a round."""
    search: int
    """First radius of the random search, pixels of the level."""
    peel: int
    """Radius of the exhaustive search at the coarsest level."""
    threads: int = 2


_PLANS: dict[str, _Plan] = {
    "quick": _Plan(radius=2, depth=5.0, rounds=(1, 2, 3), sweeps=1, search=32, peel=24),
    "best": _Plan(radius=3, depth=6.0, rounds=(3, 5, 8), sweeps=2, search=128, peel=48),
}


@dataclass(frozen=True)
class _Level:
    image: NDArray[np.float32]
    state: NDArray[np.uint8]
    weight: NDArray[np.float32]
    valid: NDArray[np.bool_]
    index: NDArray[np.int32]
    ys: NDArray[np.int32]
    xs: NDArray[np.int32]
    hole_y: NDArray[np.int32]
    hole_x: NDArray[np.int32]


def _level(image: NDArray[np.float32], state: NDArray[np.uint8], radius: int, pad: int) -> _Level:
    padded = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    kind = cv2.copyMakeBorder(state, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=pm.VOID)
    source = kind == pm.SOURCE
    hole = kind == pm.HOLE
    near = cv2.distanceTransform((~source).astype(np.uint8), cv2.DIST_L2, 3)
    weight = np.where(source, np.float32(1), np.float32(0))
    weight[hole] = np.maximum(np.float32(0.85) ** near[hole], np.float32(1e-3))
    box = np.ones((3, 3), np.uint8)
    inner = cv2.erode(source.astype(np.uint8), box, borderValue=0) > 0
    inner[:radius] = inner[-radius:] = False
    inner[:, :radius] = inner[:, -radius:] = False
    side = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    target = (cv2.dilate(hole.astype(np.uint8), side) > 0) & (kind != pm.VOID)
    ys, xs = np.nonzero(target)
    hole_y, hole_x = np.nonzero(hole)
    index = np.full(kind.shape, -1, np.int32)
    index[ys, xs] = np.arange(ys.size, dtype=np.int32)
    return _Level(
        image=padded.reshape(padded.shape[0], -1),
        state=kind,
        weight=weight,
        valid=inner,
        index=index,
        ys=ys.astype(np.int32),
        xs=xs.astype(np.int32),
        hole_y=hole_y.astype(np.int32),
        hole_x=hole_x.astype(np.int32),
    )


def _in_runs(pool: ThreadPoolExecutor, count: int, work: Callable[[int, int], object]) -> None:
    """Call ``work(start, stop)`` for runs of fixed length, side by side."""
    runs = [(start, min(start + _RUN, count)) for start in range(0, count, _RUN)]
    if len(runs) < 2:
        for run in runs:
            work(*run)
        return
    for done in [pool.submit(work, *run) for run in runs]:
        done.result()


@numba.njit(cache=True, nogil=True, fastmath=True)
def _level_seams(image, state, slot, ys, xs, pick_y, pick_x, channel, hold, sweeps):
    """Solve for colours whose gradients are those of the copied pixels; one channel, in place.

    ``hold`` pulls each pixel to its plain copy, so that a wrong gradient stays a local matter.
    """
    goal = np.zeros(ys.size, np.float32)
    sides = np.zeros(ys.size, np.float32)
    copy = np.zeros(ys.size, np.float32)
    c = channel
    for n in range(ys.size):
        y, x = ys[n], xs[n]
        py, px = pick_y[n], pick_x[n]
        if py < 0:
            copy[n] = image[y, x * 4 + c]
            continue
        copy[n] = image[py, px * 4 + c]
        for k in range(4):
            dy, dx = (k - 1 if k < 3 and k != 1 else 0), 0
            if k == 0:
                dy, dx = -1, 0
            elif k == 1:
                dy, dx = 1, 0
            elif k == 2:
                dy, dx = 0, -1
            else:
                dy, dx = 0, 1
            v, u = y + dy, x + dx
            if state[v, u] == 0:
                continue
            votes = 0
            slope = np.float32(0.0)
            if state[py + dy, px + dx] == 1:
                slope += copy[n] - image[py + dy, (px + dx) * 4 + c]
                votes += 1
            m = slot[v, u]
            if m >= 0 and pick_y[m] >= 0 and state[pick_y[m] - dy, pick_x[m] - dx] == 1:
                slope += image[pick_y[m] - dy, (pick_x[m] - dx) * 4 + c]
                slope -= image[pick_y[m], pick_x[m] * 4 + c]
                votes += 1
            if votes > 0:
                goal[n] += slope / np.float32(votes)
            sides[n] += 1
    for n in range(ys.size):
        image[ys[n], xs[n] * 4 + c] = copy[n]
    for sweep in range(sweeps):
        for count in range(ys.size):
            n = count if sweep % 2 == 0 else ys.size - 1 - count
            if sides[n] == 0:
                continue
            y, x = ys[n], xs[n]
            total = goal[n] + hold * copy[n]
            if state[y - 1, x] != 0:
                total += image[y - 1, x * 4 + c]
            if state[y + 1, x] != 0:
                total += image[y + 1, x * 4 + c]
            if state[y, x - 1] != 0:
                total += image[y, (x - 1) * 4 + c]
            if state[y, x + 1] != 0:
                total += image[y, (x + 1) * 4 + c]
            image[y, x * 4 + c] = total / (sides[n] + hold)


def _synthesise(
    image: NDArray[np.float32],
    state: NDArray[np.uint8],
    plan: _Plan,
    seed: int,
    pool: ThreadPoolExecutor,
) -> NDArray[np.float32]:
    """Fill the hole of a (H, W, 4) picture in float; returns the filled picture."""
    radius = plan.radius
    pad = radius + 2
    near = cv2.distanceTransform((state != pm.SOURCE).astype(np.uint8), cv2.DIST_L2, 3)
    deepest = float(near[state == pm.HOLE].max())
    pyramid = [(image, state)]
    while (
        deepest > plan.depth
        and min(pyramid[-1][1].shape) >= 24
        and np.count_nonzero(pyramid[-1][1] == pm.SOURCE) >= 400
    ):
        small = pm.halve(*pyramid[-1])
        if not (small[1] == pm.HOLE).any():
            break
        pyramid.append(small)
        deepest /= 2
    coarse, kind = pyramid[-1]
    wanted = kind != pm.SOURCE
    coarse[...] = fill_smooth(coarse, wanted)
    for (data, mask), (small, _) in zip(pyramid[-2::-1], pyramid[:0:-1], strict=True):
        pm.spread(data, mask, small)

    previous: tuple[_Level, NDArray[np.int32], NDArray[np.int32]] | None = None
    level = _level(coarse, kind, radius, pad)
    pick_y = pick_x = np.empty(0, np.int32)
    for depth in range(len(pyramid) - 1, -1, -1):
        level = _level(*pyramid[depth], radius, pad)
        count = level.ys.size
        match_y = np.full(count, -1, np.int32)
        match_x = np.full(count, -1, np.int32)
        cost = np.zeros(count, np.float32)
        stray = np.float32(4.0 * 2**depth / max(state.shape) * 4)
        holes = level.hole_y.size
        pick_y = np.full(holes, -1, np.int32)
        pick_x = np.full(holes, -1, np.int32)
        if previous is None:
            pm.peel(
                level.image, level.state, level.valid, level.index, level.ys, level.xs,
                match_y, match_x, plan.peel, stray, radius,
            )  # fmt: skip
        else:
            old, old_y, old_x = previous
            pm.lift(level.ys, level.xs, old.index, old_y, old_x, level.valid, pad, match_y, match_x)
            _vote(level, match_y, match_x, cost, 1e6, radius, False, pick_y, pick_x, pool)
        rounds = plan.rounds[min(depth, len(plan.rounds) - 1)]
        for turn in range(rounds):
            for sweep in range(plan.sweeps):
                new_y, new_x = match_y.copy(), match_x.copy()
                noise = np.uint32((seed * 7919 + depth * 131 + turn * 17 + sweep) & 0xFFFFFFFF)
                backward = bool((turn + sweep) % 2)

                def search(start: int, stop: int) -> None:
                    pm.improve(
                        level.image, level.weight, level.valid, level.index, level.ys, level.xs,
                        match_y, match_x, new_y, new_x, cost,  # noqa: B023
                        start, stop, backward, plan.search, stray, radius, noise,  # noqa: B023
                    )  # fmt: skip

                _in_runs(pool, count, search)
                match_y, match_x = new_y, new_x
            spread = float(np.percentile(cost, 75)) if count else 1.0
            sharp = depth == 0 and turn == rounds - 1
            _vote(
                level, match_y, match_x, cost, max(spread, 4.0), radius, sharp, pick_y, pick_x, pool
            )
        previous = (level, match_y, match_x)
    slot = np.full(level.state.shape, -1, np.int32)
    slot[level.hole_y, level.hole_x] = np.arange(level.hole_y.size, dtype=np.int32)

    def seams(channel: int) -> None:
        _level_seams(
            level.image, level.state, slot, level.hole_y, level.hole_x, pick_y, pick_x,
            channel, np.float32(0.02), 24,
        )  # fmt: skip

    for done in [pool.submit(seams, channel) for channel in range(3)]:
        done.result()
    height, width = state.shape
    return level.image.reshape(height + 2 * pad, width + 2 * pad, 4)[pad:-pad, pad:-pad]


def _vote(level, match_y, match_x, cost, softness, radius, sharp, pick_y, pick_x, pool) -> None:
    def run(start: int, stop: int) -> None:
        pm.vote(
            level.image, level.state, level.weight, level.index, match_y, match_x, cost,
            level.hole_y, level.hole_x, start, stop, np.float32(softness), radius, sharp,
            pick_y, pick_x,
        )  # fmt: skip

    _in_runs(pool, level.hole_y.size, run)


def _window(hole: NDArray[np.bool_], reach: int) -> tuple[slice, slice]:
    """The part of the frame that matters: the hole's bounding box and ``reach`` pixels round it."""
    ys = np.flatnonzero(hole.any(axis=1))
    xs = np.flatnonzero(hole.any(axis=0))
    top, left = max(int(ys[0]) - reach, 0), max(int(xs[0]) - reach, 0)
    return slice(top, int(ys[-1]) + reach + 1), slice(left, int(xs[-1]) + reach + 1)


def _check(colour, disparity, hole, source) -> None:
    if colour.ndim != 3 or colour.shape[2] != 3 or colour.dtype != np.uint8:
        raise SynthError(
            f"The colours are {colour.dtype} {colour.shape}; give uint8 (height, width, 3)."
        )
    for name, array in (("disparity", disparity), ("hole mask", hole), ("source mask", source)):
        if array is not None and array.shape != colour.shape[:2]:
            raise SynthError(
                f"The {name} is {array.shape} but the picture is {colour.shape[:2]}; "
                "give arrays of the same height and width."
            )


def fill(
    colour: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    hole: NDArray[np.bool_],
    source: NDArray[np.bool_] | None = None,
    *,
    seed: int = 0,
    quality: Quality = "quick",
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Replace the hole in colour and disparity; return everything else bit for bit.

    ``colour`` is uint8 (H, W, 3), ``disparity`` float32 (H, W), ``hole`` bool (H, W). ``source``
    (bool, default: all outside the hole) marks the known pixels that may be copied and continued;
    the others have no influence. The same ``seed`` gives the same bytes whatever the number of
    threads. Without any source the mean of the known pixels is taken, or mid grey and zero.
    Raises SynthError for arrays that do not fit together or an unknown quality.
    """
    _check(colour, disparity, hole, source)
    if quality not in _PLANS:
        raise SynthError(f"The quality is {quality!r}; it is one of {', '.join(_PLANS)}.")
    picture = colour.copy()
    depths = np.array(disparity, dtype=np.float32, order="C")
    hole = np.ascontiguousarray(hole, dtype=np.bool_)
    if not hole.any():
        return picture, depths
    known = ~hole if source is None else source & ~hole
    known = known & np.isfinite(depths)
    if not known.any():
        rest = ~hole & np.isfinite(depths)
        picture[hole] = picture[rest].mean(axis=0).astype(np.uint8) if rest.any() else 128
        depths[hole] = depths[rest].mean() if rest.any() else 0.0
        return picture, depths
    plan = _PLANS[quality]
    window = _window(hole, 160)
    if not known[window].any():
        window = (slice(None), slice(None))
    inside, usable = np.ascontiguousarray(hole[window]), np.ascontiguousarray(known[window])
    surface = continue_disparity(depths[window], inside, usable)
    depths[window][inside] = surface[inside]

    low, high = (float(v) for v in np.percentile(depths[window][usable][::7], (1, 99)))
    image = np.empty((*inside.shape, 4), np.float32)
    image[..., :3] = colour[window]
    image[..., 3] = depths[window] * (_DEPTH_SHARE / max(high - low, 1e-6))
    image[~(inside | usable), 3] = 0.0
    state = np.where(inside, pm.HOLE, np.where(usable, pm.SOURCE, pm.VOID)).astype(np.uint8)
    with ThreadPoolExecutor(plan.threads) as pool:
        result = _synthesise(image, state, plan, seed, pool)
    np.clip(result, 0, 255, out=result)
    picture[window][inside] = np.rint(result[..., :3][inside]).astype(np.uint8)
    return picture, depths


def extend_border(
    colour: NDArray[np.uint8], disparity: NDArray[np.float32], margin: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Continue a photo outward by ``margin`` pixels on each side.

    ``colour`` is uint8 (H, W, 3), ``disparity`` float32 (H, W); returns arrays of (H + 2 margin,
    W + 2 margin) whose middle is the photo, bit for bit. Raises SynthError for a negative margin.
    """
    if margin < 0:
        raise SynthError(f"The margin is {margin} pixels; give 0 or more.")
    if margin == 0:
        return colour.copy(), np.array(disparity, np.float32)
    sides = (margin, margin, margin, margin)
    wide = cv2.copyMakeBorder(colour, *sides, cv2.BORDER_REPLICATE)
    deep = cv2.copyMakeBorder(np.asarray(disparity, np.float32), *sides, cv2.BORDER_REPLICATE)
    hole = np.ones(deep.shape, np.bool_)
    hole[margin:-margin, margin:-margin] = False
    return fill(wide, deep, hole)
