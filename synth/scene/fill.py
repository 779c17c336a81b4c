"""Invent what lies behind a foreground edge, or beyond the photo: colour and disparity together.

Disparity is continued first (``disparity_fill``); colour then follows from patches of the source
(``synthesis``), which are compared in disparity too, so that a hole at the depth of the wall takes
its patches from the wall; where the surroundings are smooth, so is the fill (``tone``). Foreground
pixels, which the caller leaves out of ``source``, are neither material nor boundary.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import SynthError
from synth.scene import patchmatch as pm
from synth.scene.crisp import crisp, own_colours
from synth.scene.disparity_fill import continue_disparity, false_shore
from synth.scene.smooth_fill import fill_smooth
from synth.scene.synthesis import Plan, pyramid, synthesise
from synth.scene.tone import even_tone, find_tone

__all__ = [
    "Quality",
    "Surface",
    "continued",
    "extend_border",
    "fill",
    "fill_smooth",
    "painted",
    "painted_calmly",
]

Quality = Literal["quick", "best"]

_REACH = 160
"""Pixels round the hole's bounding box within which patches are looked for."""
_DEPTH_SHARE = 200.0
"""What the whole range of disparity weighs, in 8-bit steps of one colour channel."""
_BORDER = Plan(radius=2, stray=6000.0, peel=10, peel_radius=4, search=16)
"""Beyond the photo's edge only what is close by may be copied: a second head would be noticed."""


def _plan(quality: str) -> Plan:
    if quality == "quick":
        return Plan(radius=2, depth=6.0, peel=20)
    if quality == "best":
        return Plan(
            radius=3,
            rounds=(2, 3, 5),
            sweeps=2,
            search=128,
            peel=48,
            peel_radius=6,
            seams=30,
            tone=0.3,
        )
    raise SynthError(f"The fill quality is {quality!r}; it is 'quick' or 'best'.")


def _window(hole: NDArray[np.bool_], reach: int) -> tuple[slice, slice]:
    """The part of the frame that matters: the hole's bounding box and ``reach`` pixels round it."""
    ys = np.flatnonzero(hole.any(axis=1))
    xs = np.flatnonzero(hole.any(axis=0))
    top, left = max(int(ys[0]) - reach, 0), max(int(xs[0]) - reach, 0)
    return slice(top, int(ys[-1]) + reach + 1), slice(left, int(xs[-1]) + reach + 1)


def _check(
    colour: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    hole: NDArray[np.bool_],
    source: NDArray[np.bool_] | None,
    mend: NDArray[np.bool_] | None = None,
) -> None:
    if colour.ndim != 3 or colour.shape[2] != 3 or colour.dtype != np.uint8:
        raise SynthError(
            f"The colours are {colour.dtype} {colour.shape}; give uint8 (height, width, 3)."
        )
    masks = (("hole mask", hole), ("source mask", source), ("mending mask", mend))
    for name, array in (("disparity", disparity), *masks):
        if array is not None and array.shape != colour.shape[:2]:
            raise SynthError(
                f"The {name} is {array.shape} but the picture is {colour.shape[:2]}; "
                "give arrays of the same height and width."
            )


@dataclass(frozen=True)
class Surface:
    """What a hole shows, before it is painted: the surfaces that adjoin it, continued."""

    disparity: NDArray[np.float32]
    """(H, W), the hole filled."""
    window: tuple[slice, slice]
    """Rows and columns that matter; what follows is of this part alone, (h, w)."""
    hole: NDArray[np.bool_]
    """What was filled."""
    source: NDArray[np.bool_]
    """Known pixels that may be copied; none where nothing was known."""
    tear: float | None
    """Jump of disparity from which two surfaces in the hole stay apart."""


def fill(
    colour: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    hole: NDArray[np.bool_],
    source: NDArray[np.bool_] | None = None,
    *,
    seed: int = 0,
    quality: Quality = "quick",
    mend: NDArray[np.bool_] | None = None,
    tear: float | None = None,
    cancel: CancelToken | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Replace the hole in colour and disparity; return everything else bit for bit.

    Args:
        colour: uint8, (H, W, 3).
        disparity: (H, W). Source that is of a piece with what is given in the hole is not used: it
            belongs to what hides the rest.
        hole: bool, (H, W). Should take in the mixed pixels along a foreground edge.
        source: bool, (H, W): the known pixels that may be copied and continued, by default all
            outside the hole. The others, and those without finite disparity, have no influence.
        seed: the same one gives the same bytes whatever the number of threads.
        quality: how hard to try.
        mend: bool, (H, W): source pixels beside the hole, sharpened or slightly mixed, that are
            evened too where all around is smooth; only they may change besides the hole.
        tear: jump of disparity from which two surfaces that meet in the hole stay apart.
        cancel: looked at between the rounds.

    Returns:
        Colours and disparity; the latter within the range of the source nearby, plus a small
        margin. Without any source the mean of the known pixels is taken, or mid grey and zero.

    Raises:
        SynthError: for arrays that do not fit together or an unknown quality.
        Cancelled: when the token was set.
    """
    _check(colour, disparity, hole, source, mend)
    plan = _plan(quality)
    surface = continued(disparity, hole, source, tear=tear)
    return _painted(colour, surface, plan, seed, cancel, mend), surface.disparity


def continued(
    disparity: NDArray[np.float32],
    hole: NDArray[np.bool_],
    source: NDArray[np.bool_] | None = None,
    *,
    tear: float | None = None,
) -> Surface:
    """The first half of `fill`: continue the disparity, which needs no colours."""
    depths = np.array(disparity, dtype=np.float32, order="C")
    hole = np.ascontiguousarray(hole, dtype=np.bool_)
    everywhere = (slice(None), slice(None))
    finite = np.isfinite(depths)
    known = (~hole if source is None else source & ~hole) & finite
    if not hole.any():
        return Surface(depths, everywhere, hole, known, tear)
    if not known.any():
        rest = ~hole & finite
        depths[hole] = depths[rest].mean() if rest.any() else 0.0
        return Surface(depths, everywhere, hole, known, tear)

    window = _window(hole, _REACH)
    if not known[window].any():
        window = everywhere
    inside, usable = np.ascontiguousarray(hole[window]), np.ascontiguousarray(known[window])
    part = np.ascontiguousarray(depths[window])
    usable &= ~false_shore(part, inside, usable)
    surface = continue_disparity(part, inside, usable)
    if tear is not None:
        # Before the colours: they must meet where the surfaces do.
        surface = crisp(surface, inside, inside | usable, tear)
    depths[window][inside] = surface[inside]
    return Surface(depths, window, inside, usable, tear)


def painted(
    colour: NDArray[np.uint8],
    surface: Surface,
    *,
    seed: int = 0,
    quality: Quality = "quick",
    mend: NDArray[np.bool_] | None = None,
    cancel: CancelToken | None = None,
) -> NDArray[np.uint8]:
    """The second half of `fill`: the picture with the hole's colours, (H, W, 3)."""
    return _painted(colour, surface, _plan(quality), seed, cancel, mend)


def painted_calmly(colour: NDArray[np.uint8], surface: Surface) -> NDArray[np.uint8]:
    """The picture with a smooth blend of colours in the hole instead of patches, (H, W, 3)."""
    if not surface.hole.any() or not surface.source.any():
        return _plain(colour, surface)
    picture = colour.copy()
    part, hole = picture[surface.window], surface.hole
    smooth = fill_smooth(part.astype(np.float32), hole, surface.source)
    part[hole] = np.rint(np.clip(smooth[hole], 0, 255)).astype(np.uint8)
    return picture


def _plain(colour: NDArray[np.uint8], surface: Surface) -> NDArray[np.uint8]:
    """The hole in the mean colour of what is not hole, for want of any source."""
    picture = colour.copy()
    hole = surface.hole
    if hole.any():
        rest = ~hole & np.isfinite(surface.disparity)
        picture[hole] = picture[rest].mean(axis=0).astype(np.uint8) if rest.any() else 128
    return picture


def _painted(
    colour: NDArray[np.uint8],
    surface: Surface,
    plan: Plan,
    seed: int,
    cancel: CancelToken | None,
    mend: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    token = cancel or CancelToken()
    inside, usable, window = surface.hole, surface.source, surface.window
    if not inside.any() or not usable.any():
        return _plain(colour, surface)
    token.check()
    picture = colour.copy()
    depths = surface.disparity[window]
    low, high = np.percentile(depths[usable][::7], (1, 99))
    scale = np.float32(_DEPTH_SHARE / max(float(high - low), 1e-6))
    image, state = _stacked(colour[window], depths, inside, usable, scale)
    levels = pyramid(image, state, plan)
    with ThreadPoolExecutor(1, thread_name_prefix="fill") as pool:
        # What hangs on the surroundings alone is found while patches are looked for.
        tone, sides = None, None
        if plan.even:
            tone = pool.submit(find_tone, image[..., :3], image[..., 3], inside, usable)
        if surface.tear is not None:
            live = inside | usable
            sides = pool.submit(own_colours, depths, inside, live, surface.tear)
        colours, pick_y, pick_x = synthesise(levels, plan, seed, token)
    rows, columns = np.nonzero(inside)
    image[rows, columns, :3] = colours[rows, columns]
    changed = inside
    if tone is not None:
        wished = None if mend is None else mend[window] & usable
        even_tone(image[..., :3], tone.result(), inside, pick_y, pick_x, wished)
        changed = inside if wished is None else inside | wished
    for place, taken in sides.result() if sides is not None else ():
        image[place] = image[taken]
    rows, columns = np.nonzero(changed)
    finished = np.clip(image[rows, columns, :3], 0, 255)
    picture[window][rows, columns] = np.rint(finished).astype(np.uint8)
    return picture


@numba.njit(cache=True, nogil=True)
def _stacked(colour, disparity, hole, source, scale):  # pragma: no cover - compiled
    """Colours and scaled disparity (h, w, 4), zero where neither hole nor source, and the state."""
    height, width = disparity.shape
    image = np.zeros((height, width, 4), np.float32)
    state = np.zeros((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            if not (hole[y, x] or source[y, x]):
                continue
            state[y, x] = pm.HOLE if hole[y, x] else pm.SOURCE
            for c in range(3):
                image[y, x, c] = colour[y, x, c]
            image[y, x, 3] = disparity[y, x] * scale
    return image, state


def extend_border(
    colour: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    margin: int,
    *,
    seed: int = 0,
    cancel: CancelToken | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Continue a photo outward by ``margin`` pixels on each side.

    ``colour`` is uint8 (H, W, 3), ``disparity`` float32 (H, W); returns arrays of height
    H + 2 margin and width W + 2 margin whose middle is the photo, bit for bit. Raises SynthError
    for a negative margin or arrays that do not fit together.
    """
    if margin < 0:
        raise SynthError(f"The margin is {margin} pixels; give 0 or more.")
    _check(colour, disparity, np.zeros(colour.shape[:2], np.bool_), None)
    wide = np.pad(colour, ((margin, margin), (margin, margin), (0, 0)))
    deep = np.pad(np.asarray(disparity, np.float32), margin)
    hole = np.ones(wide.shape[:2], np.bool_)
    hole[margin : margin + colour.shape[0], margin : margin + colour.shape[1]] = False
    surface = continued(deep, hole)
    return _painted(wide, surface, _BORDER, seed, cancel), surface.disparity
