"""What stands where a subject was marked, by depth alone: between steps, without the floor."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from synth.scene.depth_grid import Array, Bytes, Mask, blurred, components, grown, lab_of
from synth.scene.depth_subject import barrier_distance

ALIKE = 0.25
"""Relative disparity within which a subject stands."""
_STEP = 0.08
"""Relative disparity that ends a surface."""
_ON_FLOOR = 0.05
"""Relative disparity within which something lies on the floor."""
CRISP = 0.7
"""Share of a part's rim that must be a step for depth to decide."""
_PEAKS = 6
"""Places that draw the eye at which a subject is looked for."""
_FAIR = 0.005
"""Share of the picture below which nothing is taken for its subject unasked."""


@dataclass(frozen=True)
class Seeds:
    """Marks in pixels of the small picture: box left, top, right, bottom; points (x, y)."""

    box: tuple[int, int, int, int] | None
    points: tuple[tuple[int, int], ...]
    away: tuple[tuple[int, int], ...]


def spots(points: tuple[tuple[int, int], ...], shape: tuple[int, ...]) -> Mask:
    """A disc of a few pixels round each point (x, y), for an array of that shape."""
    drawn = np.zeros(shape[:2], np.uint8)
    for point in points:
        cv2.circle(drawn, point, 3, 1, -1)
    return drawn > 0


def floor_of(disparity: Array) -> Mask:
    """What lies on the floor: the plane that most of the lower part of the picture agrees on.

    The disparity of a plane is linear in the picture, so three pixels give a candidate (RANSAC,
    Fischler and Bolles 1981, https://doi.org/10.1145/358669.358692).
    """
    height, width = disparity.shape
    random = np.random.default_rng(1)
    y = random.integers(int(0.45 * height), height, 1500)
    x = random.integers(0, width, 1500)
    values = disparity[y, x].astype(np.float64)
    places = np.stack([np.ones(1500), x / width - 0.5, y / height], axis=1)
    trios = random.integers(0, 1500, (250, 3))
    corners = places[trios]
    usable = np.abs(np.linalg.det(corners)) > 1e-4
    corners, heights = corners[usable], values[trios[usable]]
    if corners.shape[0] == 0:
        return np.zeros(disparity.shape, bool)
    planes = np.linalg.solve(corners, heights[..., None])[..., 0]
    # A floor comes nearer downward, more so than it slopes sideways, and ends at a horizon that
    # is not far above the picture; a slanting subject would end high up in the air.
    planes = planes[(planes[:, 2] > 0) & (np.abs(planes[:, 1]) < planes[:, 2])]
    horizon = -planes[:, 0] / planes[:, 2]
    planes = planes[(horizon > -0.5) & (horizon < 0.9)]
    if planes.shape[0] == 0:
        return np.zeros(disparity.shape, bool)
    fits = np.abs(planes @ places.T - values) < _ON_FLOOR * values
    best = planes[int(fits.sum(axis=1).argmax())]
    if fits.sum(axis=1).max() < 0.12 * 1500:
        return np.zeros(disparity.shape, bool)
    rows = np.arange(height)[:, None] / height
    columns = np.arange(width)[None, :] / width - 0.5
    plane = best[0] + best[1] * columns + best[2] * rows
    return np.abs(plane - disparity) < _ON_FLOOR * disparity


def likely_standing(rgb: Bytes, depth: Array, floor: Mask, away: Mask) -> tuple[Mask, bool]:
    """What stands between steps of depth where the picture draws the eye, and how surely.

    Empty where nothing does; a subject stands before what surrounds it, not in a gap of it.
    """
    height, width = depth.shape
    frame = np.ones(depth.shape, bool)
    frame[2:, 2:-2] = False
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = np.exp(-(((x / width - 0.5) / 0.36) ** 2) - ((y / height - 0.55) / 0.42) ** 2)
    draw = blurred(barrier_distance(blurred(lab_of(rgb), 1.0), frame), width / 160.0) * middle
    open_yet = draw * ~floor * ~away
    everywhere = np.ones(depth.shape, bool)
    best, best_score, best_crisp = np.zeros(depth.shape, bool), 0.0, False
    for _ in range(_PEAKS):
        place = int(open_yet.argmax())
        point = (place % width, place // width)
        one = Seeds(None, (point,), ())
        part = standing(depth, floor, everywhere, spots(one.points, depth.shape), one)
        part &= ~grown(away, 2)
        before = stepped(part, depth, floor)[1]
        score = float(draw[part].sum()) / max(float(part.sum()), 1.0) ** 0.5
        crisp = before >= CRISP
        if (
            part.mean() > _FAIR
            and before > 0.5 * CRISP
            and (crisp, score)
            > (
                best_crisp,
                best_score,
            )
        ):
            best, best_score, best_crisp = part, score, crisp
        open_yet = np.where(part | grown(spots(one.points, depth.shape), 8), 0.0, open_yet)
    return best, best_crisp


def standing(depth: Array, floor: Mask, within: Mask, points: Mask, seeds: Seeds) -> Mask:
    """What hangs together with the mark between steps of depth, without the floor."""
    small = np.ones((3, 3), np.uint8)
    cracks = np.asarray(cv2.dilate(depth, small) - cv2.erode(depth, small)) > 2.0 * _STEP
    whole = np.zeros(depth.shape, bool)
    if seeds.points:
        places = [(depth[y, x], spots(((x, y),), depth.shape)) for x, y in seeds.points]
    elif seeds.box is not None:
        places = [(usual(depth, floor, within, seeds.box), within)]
    else:
        places = []
    for level, seed in places:
        alike = (np.abs(depth - level) < ALIKE) & within & (~floor | points)
        body = alike & ~cracks
        count, parts = components(body)
        if count < 2:
            continue
        share = np.bincount(parts[seed], minlength=count)
        share[0] = 0
        kept = share > (0 if seeds.points else 0.1 * share.max())
        kept[0] = False
        part = kept[parts]
        # The rim that the cracks took away comes back on its own side of the step.
        for _ in range(2):
            part |= grown(part, 1) & alike
        whole |= part | _bits(alike, part)
    return whole


def _bits(alike: Mask, part: Mask) -> Mask:
    """Small pieces at the same depth close by: an antenna's tip whose stalk is too thin to see."""
    rows = np.flatnonzero(part.any(axis=1))
    if rows.size == 0:
        return part
    reach = max(round(0.03 * (int(rows[-1]) - int(rows[0]) + 1)), 3)
    count, parts = components(alike & ~part)
    sizes = np.bincount(parts.ravel(), minlength=count)
    close = np.bincount(parts[grown(part, reach)], minlength=count) > 0
    kept = close & (sizes < 0.05 * part.sum())
    kept[0] = False
    return kept[parts]


def usual(depth: Array, floor: Mask, within: Mask, box: tuple[int, int, int, int]) -> float:
    """The commonest depth in the middle of a box, logarithm of disparity."""
    left, top, right, bottom = box
    height, width = depth.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across = (x + 0.5 - (left + right) / 2) / max(right - left, 1)
    down = (y + 0.5 - (top + bottom) / 2) / max(bottom - top, 1)
    weight = np.exp(-((across / 0.25) ** 2) - (down / 0.35) ** 2) * within
    weight = weight * np.where(floor, 0.1, 1.0)
    inside = weight > 1e-3
    if not inside.any():
        return float(np.median(depth[within]))
    values, weights = depth[inside], weight[inside]
    bins = max(int((values.max() - values.min()) / 0.05), 1)
    counts, ends = np.histogram(values, bins, weights=weights)
    counts = np.convolve(counts, (0.5, 1.0, 0.5))[1:-1]
    place = int(counts.argmax())
    return float(0.5 * (ends[place] + ends[place + 1]))


def stepped(part: Mask, depth: Array, floor: Mask) -> tuple[float, float]:
    """How much of a part's rim is a step of depth: of any kind or floor, and down from the part.

    Both are shares, the second one of the rim that is not floor.
    """
    if not 5e-4 < float(part.mean()) < 0.65:
        return 0.0, 0.0
    rim = grown(part, 1) & ~part
    if rim.sum() < 8:
        return 0.0, 0.0
    window = np.ones((5, 5), np.uint8)
    own = np.asarray(cv2.dilate(np.where(part, depth, np.float32(-1e3)), window))
    lowest = np.asarray(cv2.erode(np.where(part, np.float32(1e3), depth), window))
    highest = np.asarray(cv2.dilate(np.where(part, np.float32(-1e3), depth), window))
    down = own - lowest > 2.0 * _STEP
    bounded = down | (highest - own > 2.0 * _STEP) | floor
    standing = rim & ~floor
    return float(bounded[rim].mean()), float(down[standing].mean()) if standing.any() else 0.0
