"""Fill a hole with patches of its surroundings, from coarse to fine.

Each level searches the best source patch for every patch of the hole, lets the patches vote on the
colours, and hands its matches to the level of twice the size (Wexler, Shechtman and Irani, 2007;
Barnes et al., 2009; see ``patchmatch``). On the finest level each pixel becomes a copy of one
source pixel, so the fill is as sharp as the photo, and the seams between copies are levelled out
(Pérez, Gangnet and Blake, "Poisson Image Editing", 2003, https://doi.org/10.1145/882262.882269).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.scene import patchmatch as pm
from synth.scene.geodesic import walk_to_source
from synth.scene.smooth_fill import fill_smooth, pull

_RUN = 4096
"""Targets of one run of work. Fixed, so that the result does not depend on the thread count."""
_LEAST_SOURCE = 400
"""Source pixels that a level must still have to be halved once more."""


@dataclass(frozen=True)
class Plan:
    """How hard to try."""

    radius: int
    """Patch radius in pixels: 2 compares 5 x 5."""
    depth: float = 10.0
    """Deepest hole pixel of the coarsest level, pixels from the source."""
    rounds: tuple[int, ...] = (1, 2, 3)
    """Search-and-vote rounds of each level, finest first; the last number serves the rest."""
    sweeps: int = 1
    """Search sweeps of a round."""
    search: int = 32
    """First radius of the random search, pixels of the level."""
    peel: int = 24
    """Radius of the exhaustive search at the coarsest level."""
    peel_radius: int = 5
    """Patch radius there."""
    seams: int = 8
    """Sweeps of the seam levelling."""
    stray: float = 3000.0
    """Cost (squared 8-bit steps) of a match one frame side away; keeps material local."""
    decay: float = 0.75
    """Trust in hole pixels per pixel of distance from the source."""
    belief: float = 0.06
    """Weight of the smooth guess while the coarsest level is filled."""
    tone: float = 0.4
    """How far colours of the coarse levels are drawn to the smooth guess: doubt looks calm."""
    tone_level: int = 2
    """Finest level on which that happens; below it texture is left alone."""
    hold: float = 0.02
    """How firmly seam levelling holds on to the copied colours."""
    limit: float = 50.0
    """Largest step (8-bit) between copies that is levelled; a larger one is an edge."""
    even: bool = True
    """Whether smooth surroundings give the hole their tone."""


@dataclass(frozen=True)
class _Level:
    """One size of the picture, padded so that no patch leaves the arrays."""

    image: NDArray[np.float32]
    """(H, W * 4)."""
    state: NDArray[np.uint8]
    """(H, W) of VOID, SOURCE, HOLE."""
    weight: NDArray[np.float32]
    """(H, W): 1 on source, falling into the hole, 0 on void."""
    valid: NDArray[np.bool_]
    """(H, W): may be the centre of a match."""
    index: NDArray[np.int32]
    """(H, W): number of the target at a pixel, or -1."""
    ys: NDArray[np.int32]
    xs: NDArray[np.int32]
    hole_y: NDArray[np.int32]
    hole_x: NDArray[np.int32]
    guess: NDArray[np.float32]
    """(holes, 4): the smooth guess."""


def _level(image: NDArray[np.float32], state: NDArray[np.uint8], plan: Plan, pad: int) -> _Level:
    rim = max(plan.radius, plan.peel_radius)
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    kind = np.pad(state, pad, constant_values=pm.VOID)
    source, hole = kind == pm.SOURCE, kind == pm.HOLE
    hole_y, hole_x = (axis.astype(np.int32) for axis in np.nonzero(hole))
    far = walk_to_source(source, hole, 1)[0][hole_y, hole_x]
    weight = source.astype(np.float32)
    weight[hole_y, hole_x] = np.maximum(np.float32(plan.decay) ** far, np.float32(1e-3))
    inner = cv2.erode(source.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=(0,)) > 0
    inner[:rim] = inner[-rim:] = False
    inner[:, :rim] = inner[:, -rim:] = False
    side = np.ones((2 * plan.radius + 1, 2 * plan.radius + 1), np.uint8)
    target = (cv2.dilate(hole.astype(np.uint8), side) > 0) & (kind != pm.VOID)
    ys, xs = (axis.astype(np.int32) for axis in np.nonzero(target))
    index = np.full(kind.shape, -1, np.int32)
    index[ys, xs] = np.arange(ys.size, dtype=np.int32)
    guess = padded[hole_y, hole_x]
    flat = padded.reshape(padded.shape[0], -1)
    return _Level(flat, kind, weight, inner, index, ys, xs, hole_y, hole_x, guess)


@numba.njit(cache=True, nogil=True)
def _halve(image, state):
    """Half-size picture (H, W, 4) and state: colours are means over source pixels alone."""
    height, width = state.shape
    rows, columns = (height + 1) // 2, (width + 1) // 2
    small = np.zeros((rows, columns, 4), np.float32)
    kind = np.zeros((rows, columns), np.uint8)
    for y in range(rows):
        for x in range(columns):
            sources = 0
            holes = 0
            for v in range(2 * y, min(2 * y + 2, height)):
                for u in range(2 * x, min(2 * x + 2, width)):
                    if state[v, u] == 1:
                        sources += 1
                        for c in range(3):
                            small[y, x, c] += image[v, u, c]
                    elif state[v, u] == 2:
                        holes += 1
                    if state[v, u] != 0:
                        small[y, x, 3] += image[v, u, 3]
            if sources > 0:
                for c in range(3):
                    small[y, x, c] /= np.float32(sources)
            if sources + holes > 0:
                small[y, x, 3] /= np.float32(sources + holes)
            if sources >= 2 or (sources == 1 and holes == 0):
                kind[y, x] = 1
            elif holes > 0:
                kind[y, x] = 2
    return small, kind


@numba.njit(cache=True, nogil=True, fastmath=True)
def _level_seams(image, state, slot, ys, xs, pick_y, pick_x, channel, hold, limit, sweeps):
    """Solve for colours whose gradients are those of the copied pixels; one channel, in place.

    ``hold`` draws each pixel to its plain copy, so that a wrong gradient stays a local matter.
    Where two copies disagree by more than ``limit`` an edge is meant, and stays one.
    """
    c = channel
    goal = np.zeros(ys.size, np.float32)
    sides = np.zeros(ys.size, np.float32)
    copy = np.zeros(ys.size, np.float32)
    for n in range(ys.size):
        py, px = pick_y[n], pick_x[n]
        if py < 0:
            copy[n] = image[ys[n], xs[n] * 4 + c]
            continue
        copy[n] = image[py, px * 4 + c]
        for k in range(4):
            dy = k - 1 if k % 2 == 0 else 0
            dx = k - 2 if k % 2 == 1 else 0
            v, u = ys[n] + dy, xs[n] + dx
            if state[v, u] == 0:
                continue
            # what this pixel's copy expects next door, against what stands there
            there = image[v, u * 4 + c]
            m = slot[v, u]
            if m >= 0 and pick_y[m] >= 0:
                there = image[pick_y[m], pick_x[m] * 4 + c]
            votes = 0
            slope = np.float32(0.0)
            jump = np.float32(0.0)
            if state[py + dy, px + dx] == 1:
                next_ = image[py + dy, (px + dx) * 4 + c]
                slope += copy[n] - next_
                jump = max(jump, abs(next_ - there))
                votes += 1
            if m >= 0 and pick_y[m] >= 0 and state[pick_y[m] - dy, pick_x[m] - dx] == 1:
                next_ = image[pick_y[m] - dy, (pick_x[m] - dx) * 4 + c]
                slope += next_ - there
                jump = max(jump, abs(next_ - copy[n]))
                votes += 1
            if votes == 0 or jump > limit:
                goal[n] += copy[n] - there
            else:
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


class _Matcher:
    """The matches of one level, and the work on them."""

    def __init__(self, level: _Level, plan: Plan, depth: int, seed: int, pool: ThreadPoolExecutor):
        self.level, self.plan, self.pool = level, plan, pool
        self.depth, self.seed = depth, seed
        count, holes = level.ys.size, level.hole_y.size
        self.match_y = np.full(count, -1, np.int32)
        self.match_x = np.full(count, -1, np.int32)
        self.cost = np.zeros(count, np.float32)
        self.pick_y = np.full(holes, -1, np.int32)
        self.pick_x = np.full(holes, -1, np.int32)
        self.stray = np.float32(plan.stray / max(level.state.shape))

    def _in_runs(self, count: int, work: Callable[[int, int], None]) -> None:
        runs = [(start, min(start + _RUN, count)) for start in range(0, count, _RUN)]
        if len(runs) < 2:
            for run in runs:
                work(*run)
            return
        for done in [self.pool.submit(work, *run) for run in runs]:
            done.result()

    def start_afresh(self) -> None:
        """Fill the coarsest level greedily."""
        level, plan = self.level, self.plan
        pm.peel(
            level.image, level.state, level.valid, level.index, level.ys, level.xs,
            self.match_y, self.match_x, plan.peel, self.stray, plan.peel_radius,
            np.float32(plan.belief),
        )  # fmt: skip

    def start_from(self, coarse: _Matcher, pad: int) -> None:
        """Take over the matches of the half-size level."""
        level = self.level
        pm.lift(
            level.ys, level.xs, coarse.level.index, coarse.match_y, coarse.match_x, level.valid,
            pad, self.match_y, self.match_x,
        )  # fmt: skip
        self.vote(even=True)

    def search(self, turn: int) -> None:
        """Improve the matches by one sweep; neighbours in other runs are seen as they were."""
        level, plan = self.level, self.plan
        new_y, new_x = self.match_y.copy(), self.match_x.copy()
        noise = np.uint32((self.seed * 7919 + self.depth * 131 + turn) & 0xFFFFFFFF)

        def work(start: int, stop: int) -> None:
            pm.improve(
                level.image, level.weight, level.valid, level.index, level.ys, level.xs,
                self.match_y, self.match_x, new_y, new_x, self.cost,
                start, stop, bool(turn % 2), plan.search, self.stray, plan.radius, noise,
            )  # fmt: skip

        self._in_runs(level.ys.size, work)
        self.match_y, self.match_x = new_y, new_x

    def vote(self, *, even: bool = False, sharp: bool = False) -> None:
        """Colour the hole from the matches; ``even`` gives bad matches the weight of good ones."""
        level = self.level
        say = level.weight[level.ys, level.xs]
        if not even and self.cost.size:
            say = say * np.exp(-self.cost / np.float32(max(np.percentile(self.cost, 75), 4.0)))
        say = say.astype(np.float32) + np.float32(1e-12)

        def work(start: int, stop: int) -> None:
            pm.vote(
                level.image, level.state, say, level.index, self.match_y, self.match_x, self.cost,
                level.hole_y, level.hole_x, start, stop, self.plan.radius, sharp,
                self.pick_y, self.pick_x,
            )  # fmt: skip

        self._in_runs(level.hole_y.size, work)

    def calm(self) -> None:
        """Draw the colours a little towards the smooth guess."""
        level = self.level
        view = level.image.reshape(*level.state.shape, 4)
        colours = view[level.hole_y, level.hole_x]
        view[level.hole_y, level.hole_x] += self.plan.tone * (level.guess - colours)

    def level_seams(self) -> None:
        """Even out the colours where copies from different places meet."""
        level, plan = self.level, self.plan
        slot = np.full(level.state.shape, -1, np.int32)
        slot[level.hole_y, level.hole_x] = np.arange(level.hole_y.size, dtype=np.int32)

        def work(channel: int) -> None:
            _level_seams(
                level.image, level.state, slot, level.hole_y, level.hole_x, self.pick_y,
                self.pick_x, channel, np.float32(plan.hold), np.float32(plan.limit), plan.seams,
            )  # fmt: skip

        for done in [self.pool.submit(work, channel) for channel in range(3)]:
            done.result()


def pyramid(
    image: NDArray[np.float32], state: NDArray[np.uint8], plan: Plan
) -> list[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
    """Pictures and states from fine to coarse; what is not source comes to hold a smooth guess.

    ``image`` is float32 (H, W, 4): red, green, blue in 0 to 255, and a guide (scaled disparity)
    that is known everywhere in hole and source. ``state`` is uint8 (H, W) of ``patchmatch.VOID``,
    ``SOURCE`` and ``HOLE``, with at least one source and one hole pixel. Both are the first level.
    """
    near = cv2.distanceTransform((state != pm.SOURCE).astype(np.uint8), cv2.DIST_L2, 3)
    deepest = float(near[state == pm.HOLE].max())
    levels = [(image, state)]
    while deepest > plan.depth and min(levels[-1][1].shape) >= 24:
        small = _halve(*levels[-1])
        if np.count_nonzero(small[1] == pm.SOURCE) < _LEAST_SOURCE // 4:
            break
        if not (small[1] == pm.HOLE).any():
            break
        levels.append(small)
        deepest /= 2
    coarse, kind = levels[-1]
    guide = coarse[..., 3].copy()
    coarse[...] = fill_smooth(coarse, kind != pm.SOURCE)
    coarse[..., 3] = np.where(kind == pm.VOID, coarse[..., 3], guide)
    for (fine, mask), (small, _) in zip(levels[-2::-1], levels[:0:-1], strict=True):
        guide = fine[..., 3].copy()
        pull(fine, mask != pm.SOURCE, small)
        fine[..., 3] = np.where(mask == pm.VOID, fine[..., 3], guide)
    return levels


def synthesise(
    levels: list[tuple[NDArray[np.float32], NDArray[np.uint8]]],
    plan: Plan,
    seed: int,
    cancel: CancelToken,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """Fill the hole of a picture.

    ``levels`` come from `pyramid` and are left as they are. Returns colours, float32
    (H, W, 3), meaningful in the hole, and the row and column that each hole pixel was copied from,
    int32 (holes,) in the order of ``np.nonzero``, -1 where from none.
    """
    pad = max(plan.radius, plan.peel_radius) + 2
    previous: _Matcher | None = None
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for depth in range(len(levels) - 1, -1, -1):
            matcher = _Matcher(_level(*levels[depth], plan, pad), plan, depth, seed, pool)
            calm = plan.tone > 0 and depth >= plan.tone_level
            if previous is None:
                matcher.start_afresh()
            else:
                matcher.start_from(previous, pad)
            if calm:
                matcher.calm()
            rounds = plan.rounds[min(depth, len(plan.rounds) - 1)]
            for turn in range(rounds):
                cancel.check()
                for sweep in range(plan.sweeps):
                    matcher.search(turn * plan.sweeps + sweep)
                last = turn == rounds - 1
                matcher.vote(sharp=last and depth == 0)
                if calm and not last:
                    matcher.calm()
            previous = matcher
        assert previous is not None
        previous.level_seams()
    level = previous.level
    colours = level.image.reshape(*level.state.shape, 4)[pad:-pad, pad:-pad, :3]
    pick_y, pick_x = (
        np.maximum(pick - pad, -1).astype(np.int32) for pick in (previous.pick_y, previous.pick_x)
    )
    return colours, pick_y, pick_x
