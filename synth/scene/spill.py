"""Far-side pixels that still carry the near thing's colour, some pixels off a depth step.

An estimated depth edge lies a few pixels beside the colour edge, and compression spreads ringing
and bled chroma further still. Left on the far side, such a fringe stays behind as an outline when
the near thing moves. Here the far side a bit farther away says which colours it has; what none of
them explains, but a mixture with the near side or ringing does, has spilled over.

The far side's colours are kept as samples and compared by nearest neighbours, as KNN matting does
(Chen, Li and Tang 2013, https://doi.org/10.1109/TPAMI.2013.18): a mean and a covariance would call
half of a two-coloured surface strange. Only what hangs together with the step counts.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.scene.edges import Steps

REACH_SHARE = 8 / 1280
"""How far from a step colour may have spilled, as a share of the frame's longer side."""

TOLERANCE = 4.0
"""Colour distance (0-441) within which two far-side pixels look alike, where there is no grain."""

GRAIN = 2.0
"""How many times the far side's mean change from a pixel to the next is added to the tolerance."""

CALM = 40.0
"""Spread of the far side's colours (root mean square distance from their mean) above which nothing
is marked: what is strange cannot be told there, and the eye finds no outline among so much."""

STRAYS = 0.05
"""Share of the far side's samples that the others may fail to explain: where the far side does not
even explain itself, it says nothing about others."""

RINGING = 0.35
"""Share of the greatest contrast between the two sides up to which a deviation in any direction may
be ringing; a larger one must lie towards a colour of the near side."""

_BLOCK = 8
"""Pixels of a square whose far and near samples are gathered together."""
_LEAST = 24
"""Far samples below which nothing is said."""
_TOUCHING = 2.9
"""Distance to the near side, pixels, within which a strange pixel touches the step."""
_LEAST_WINDOW = 24
"""Samples come from three reaches around a square, but at least from this many pixels."""
_JUDGES = 48
"""Far samples that are held against the others."""
_WIDENINGS = 3
"""Tolerances that are tried, each half as wide again as the one before."""
_FAR_ROOM, _NEAR_ROOM = 512, 128


def spill_reach(height: int, width: int) -> int:
    """Pixels from a step within which colour may have spilled, for a frame of this size."""
    return max(round(REACH_SHARE * max(height, width)), 3)


def spilled(
    colour: NDArray[np.uint8], disparity: NDArray[np.float32], steps: Steps
) -> NDArray[np.bool_]:
    """Mark far-side pixels near a step that show the near side's colour or its ringing.

    Args:
        colour: (H, W, 3).
        disparity: (H, W), the one that `steps` were found in.
        steps: from `find_steps`.

    Returns:
        (H, W); only far-side pixels within `spill_reach` of a step, and only patches that reach
        the step itself. Where too little of the far side is seen, or it is a bustle of colours,
        nothing is marked.
    """
    reach = spill_reach(*disparity.shape)
    candidate = np.zeros(disparity.shape, np.uint8)
    strange = np.zeros(disparity.shape, np.uint8)
    _compare(
        colour, disparity, steps.near, steps.band, steps.near_disparity, steps.far_disparity,
        steps.distance, reach, candidate, strange,
    )  # fmt: skip
    # A speck is grain; a fringe goes on.
    around = cv2.boxFilter(strange, cv2.CV_8U, (3, 3), normalize=False)
    marked = cv2.bitwise_and(strange, cv2.threshold(around, 2, 1, cv2.THRESH_BINARY)[1])
    small = np.ones((3, 3), np.uint8)
    # The pixels round a strange one share in it below the tolerance.
    grown = cv2.bitwise_and(cv2.dilate(marked, small), candidate)
    kept = np.asarray(marked, np.uint8) * (steps.distance < _TOUCHING)
    for _ in range(reach):
        kept = cv2.bitwise_and(cv2.dilate(kept, small), grown)
    # A fringe that sinks below the tolerance for a few pixels has not ended there.
    whole = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return np.asarray(cv2.bitwise_and(whole, candidate), np.uint8) > 0


def carried_share(
    alpha: NDArray[np.float32],
    colour: NDArray[np.uint8],
    filled: NDArray[np.uint8],
    spill: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Give spilled pixels the least foreground share that over `filled` yields the photo exactly.

    The share that "colour to alpha" tools compute: compositing (Porter and Duff 1984,
    https://doi.org/10.1145/800031.808606) solved for any foreground colour within 0 to 255. The
    fringe then moves with the near thing.

    Args:
        alpha: foreground share, (H, W), 0 to 1; kept where it is larger.
        colour: the photo, (H, W, 3).
        filled: the background as repainted, (H, W, 3).
        spill: from `spilled`, (H, W).

    Returns:
        `alpha` with the spilled pixels raised, (H, W).
    """
    share = alpha.copy()
    behind = filled[spill].astype(np.float32)
    away = colour[spill].astype(np.float32) - behind
    room = np.where(away > 0, 255.0 - behind, behind)
    needed = (np.abs(away) / np.maximum(room, 1.0)).max(axis=1, initial=0.0)
    share[spill] = np.maximum(share[spill], needed)
    return share


@njit(cache=True, nogil=True)
def _compare(
    colour,
    disparity,
    near,
    band,
    near_disparity,
    far_disparity,
    distance,
    reach,
    candidate,
    strange,
):  # pragma: no cover - compiled
    """Mark far-side pixels near a step, and those of them whose colour the far side lacks."""
    height, width = disparity.shape
    far = np.empty((_FAR_ROOM, 5), np.float32)
    fore = np.empty((_NEAR_ROOM, 3), np.float32)
    for top in range(0, height, _BLOCK):
        for left in range(0, width, _BLOCK):
            bottom = min(top + _BLOCK, height)
            right = min(left + _BLOCK, width)
            low = 0.0
            high = 0.0
            found = 0
            for r in range(top, bottom):
                for c in range(left, right):
                    if near[r, c] or distance[r, c] > reach:
                        continue
                    jump = near_disparity[r, c] - far_disparity[r, c]
                    if abs(disparity[r, c] - far_disparity[r, c]) < 0.35 * jump:
                        candidate[r, c] = 1
                        low += far_disparity[r, c]
                        high += near_disparity[r, c]
                        found += 1
            if found == 0:
                continue
            many, few, change = _gather(
                colour, disparity, near, band, distance, low / found, high / found,
                top, left, reach, far, fore,
            )  # fmt: skip
            if many < _LEAST or few == 0:
                continue
            mean = np.zeros(3)
            for i in range(many):
                for k in range(3):
                    mean[k] += far[i, k] / many
            spread = 0.0
            for i in range(many):
                spread += _squared(far[i, 0], far[i, 1], far[i, 2], mean) / many
            if spread > CALM * CALM:
                continue
            contrast = 0.0
            for i in range(few):
                contrast = max(contrast, _squared(fore[i, 0], fore[i, 1], fore[i, 2], mean))
            limit = _limit(far[:many], (TOLERANCE + GRAIN * change) ** 2, reach)
            if limit == 0.0:
                continue
            ringing = RINGING * RINGING * contrast
            for r in range(top, bottom):
                for c in range(left, right):
                    if candidate[r, c]:
                        strange[r, c] = _is_strange(
                            colour[r, c], far[:many], fore[:few], limit, ringing
                        )


@njit(cache=True, nogil=True)
def _squared(red, green, blue, other):  # pragma: no cover - compiled
    return (red - other[0]) ** 2 + (green - other[1]) ** 2 + (blue - other[2]) ** 2


@njit(cache=True, nogil=True)
def _gather(
    colour, disparity, near, band, distance, low, high, top, left, reach, far, fore
):  # pragma: no cover - compiled
    """Sample pure colours of both sides round a square.

    `far` takes colours and, in its last two columns, rows and columns.

    Returns how many far and near samples there are, and the far side's mean change from a pixel
    to the next.
    """
    height, width = disparity.shape
    slack = 0.35 * (high - low)
    window = max(3 * reach, _LEAST_WINDOW)
    stride = -(-window // 8)
    many = 0
    few = 0
    seen = 0
    change = 0.0
    for r in range(max(top - window, 0), min(top + _BLOCK + window, height), stride):
        for c in range(max(left - window, 0), min(left + _BLOCK + window, width - 1), stride):
            if near[r, c]:
                if band[r, c] or distance[r, c] >= 2 * reach:
                    continue
                if abs(disparity[r, c] - high) < slack:
                    seen += 1
                    if seen % 4 == 0 and few < _NEAR_ROOM:
                        for k in range(3):
                            fore[few, k] = colour[r, c, k]
                        few += 1
                continue
            if distance[r, c] <= reach or abs(disparity[r, c] - low) >= slack:
                continue
            if many < _FAR_ROOM:
                step = 0.0
                for k in range(3):
                    far[many, k] = colour[r, c, k]
                    step += (far[many, k] - colour[r, c + 1, k]) ** 2
                far[many, 3] = r
                far[many, 4] = c
                # One edge in view is no grain.
                change += min(np.sqrt(step), 40.0)
                many += 1
    return many, few, change / max(many, 1)


@njit(cache=True, nogil=True)
def _limit(far, limit, reach):  # pragma: no cover - compiled
    """Widen the squared tolerance until the far side explains itself; 0 if it never does.

    A sample is explained when two others, a reach or more away, resemble it.
    """
    for _ in range(_WIDENINGS):
        strays = 0
        for judge in range(_JUDGES):
            one = far[judge * far.shape[0] // _JUDGES]
            like = 0
            for i in range(far.shape[0]):
                if _squared(one[0], one[1], one[2], far[i]) >= limit:
                    continue
                if (far[i, 3] - one[3]) ** 2 + (far[i, 4] - one[4]) ** 2 >= reach * reach:
                    like += 1
                    if like == 2:
                        break
            if like < 2:
                strays += 1
        if strays <= STRAYS * _JUDGES:
            return limit
        limit *= 2.0
    return 0.0


@njit(cache=True, nogil=True)
def _is_strange(pixel, far, fore, limit, ringing):  # pragma: no cover - compiled
    red = float(pixel[0])
    green = float(pixel[1])
    blue = float(pixel[2])
    like = 0
    best = 1e9
    which = 0
    for i in range(far.shape[0]):
        d = _squared(red, green, blue, far[i])
        if d < limit:
            like += 1
            # One sample alone could itself be a speck.
            if like == 2:
                return False
        if d < best:
            best = d
            which = i
    if best < ringing:
        return True
    # Too far off for ringing: is it a mixture with one of the near side's colours?
    x = red - far[which, 0]
    y = green - far[which, 1]
    z = blue - far[which, 2]
    for i in range(fore.shape[0]):
        p = fore[i, 0] - far[which, 0]
        q = fore[i, 1] - far[which, 1]
        s = fore[i, 2] - far[which, 2]
        along = (x * p + y * q + z * s) / max(p * p + q * q + s * s, 1.0)
        if along <= 0.0:
            continue
        along = min(along, 1.2)
        off = (x - along * p) ** 2 + (y - along * q) ** 2 + (z - along * s) ** 2
        if off < max(limit, 0.1 * best):
            return True
    return False
