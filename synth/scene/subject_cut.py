"""Cuts a marked subject out of a small picture by colour and by depth.

Depth comes first: what stands round the mark between steps of depth, the floor taken away. Where
its outline is a step nearly all round, only a narrow band and the feet are left to colour;
elsewhere colour decides, and depth only says what is surely too far or too near.
Colour: GrabCut (Rother et al. 2004, https://doi.org/10.1145/1015706.1015720).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.scene.depth_grid import Array, Bytes, Mask, blurred, components, grown, lab_of
from synth.scene.depth_subject import barrier_distance
from synth.scene.depth_subject import find_subject as likely_subject

_ALIKE = 0.25
"""Relative disparity within which a subject stands."""
_STEP = 0.08
"""Relative disparity that ends a surface."""
_ON_FLOOR = 0.05
"""Relative disparity within which something lies on the floor."""
_CRISP = 0.7
"""Share of a part's rim that must be a step for depth to decide."""
_ROUNDS = 3
"""Rounds of GrabCut."""

_MASKED = (cv2.GC_FGD, cv2.GC_PR_FGD)


@dataclass(frozen=True)
class Seeds:
    """Marks in pixels of the small picture: box left, top, right, bottom; points (x, y)."""

    box: tuple[int, int, int, int] | None
    points: tuple[tuple[int, int], ...]
    away: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Found:
    """A subject in the small picture: `solid` (h, w), and whether steps of depth bound it."""

    solid: Mask
    crisp: bool


def cut(rgb: Bytes, disparity: Array, seeds: Seeds, cancel: CancelToken) -> Found:
    """Cut the marked subject, or the likeliest one, out of a small picture.

    `rgb` is (h, w, 3), `disparity` (h, w), never negative.
    """
    height, width = disparity.shape
    nothing = Found(np.zeros((height, width), bool), False)
    if min(height, width) < 12:
        return nothing
    depth = np.log(np.maximum(disparity, 0.02 * max(float(disparity.max()), 1e-6)))
    depth = depth.astype(np.float32)
    floor = _floor(disparity)
    points, away = _spots(seeds.points, depth.shape), _spots(seeds.away, depth.shape)
    within = np.ones(depth.shape, bool)
    guess = np.zeros(depth.shape, bool)
    if seeds.box is not None:
        left, top, right, bottom = seeds.box
        within[:] = False
        within[top:bottom, left:right] = True
    elif not seeds.points:
        guess = likely_subject(rgb, lab_of(rgb)).mask > 0.5
        if not guess.any():
            return nothing
    cancel.check()
    stands = _standing(depth, floor, within, points, guess, seeds)
    stands &= ~grown(away, 2)
    if _stepped(stands, depth, floor) >= _CRISP:
        labels, window = _by_depth(stands, floor, within)
        crisp = True
    else:
        labels, window = _by_colour(rgb, depth, within, points, guess, seeds)
        crisp = False
    labels[away] = cv2.GC_BGD
    labels[points] = cv2.GC_FGD
    cancel.check()
    solid = _grab(rgb, labels, window)
    solid &= within & ~away
    return Found(_tidy(solid, points), crisp)


def _spots(points: tuple[tuple[int, int], ...], shape: tuple[int, ...]) -> Mask:
    spots = np.zeros(shape, np.uint8)
    for point in points:
        cv2.circle(spots, point, 2, 1, -1)
    return spots > 0


def _floor(disparity: Array) -> Mask:
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
    # A floor comes nearer downward, and more so than it slopes sideways.
    planes = planes[(planes[:, 2] > 0.2 * values.mean()) & (np.abs(planes[:, 1]) < planes[:, 2])]
    if planes.shape[0] == 0:
        return np.zeros(disparity.shape, bool)
    fits = np.abs(planes @ places.T - values) < _ON_FLOOR * values
    best = planes[int(fits.sum(axis=1).argmax())]
    if fits.sum(axis=1).max() < 0.2 * 1500:
        return np.zeros(disparity.shape, bool)
    rows = np.arange(height)[:, None] / height
    columns = np.arange(width)[None, :] / width - 0.5
    plane = best[0] + best[1] * columns + best[2] * rows
    return np.abs(plane - disparity) < _ON_FLOOR * disparity


def _standing(
    depth: Array, floor: Mask, within: Mask, points: Mask, guess: Mask, seeds: Seeds
) -> Mask:
    """What hangs together with the mark between steps of depth, without the floor."""
    small = np.ones((3, 3), np.uint8)
    cracks = np.asarray(cv2.dilate(depth, small) - cv2.erode(depth, small)) > 2.0 * _STEP
    whole = np.zeros(depth.shape, bool)
    if seeds.points:
        places = [(depth[y, x], _spots(((x, y),), depth.shape)) for x, y in seeds.points]
    elif seeds.box is not None:
        places = [(_usual(depth, floor, within, seeds.box), within)]
    else:
        core = guess & ~floor if (guess & ~floor).any() else guess
        places = [(float(np.median(depth[core])), core)]
    for level, seed in places:
        alike = (np.abs(depth - level) < _ALIKE) & within & (~floor | points)
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
        whole |= part
    return whole


def _usual(depth: Array, floor: Mask, within: Mask, box: tuple[int, int, int, int]) -> float:
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
    counts = np.convolve(counts, (0.5, 1.0, 0.5), "same")
    place = int(counts.argmax())
    return float(0.5 * (ends[place] + ends[place + 1]))


def _stepped(part: Mask, depth: Array, floor: Mask) -> float:
    """Share of a part's rim where depth steps back (or forward), the floor and frame apart."""
    share = float(part.mean())
    if not 5e-4 < share < 0.65:
        return 0.0
    rim = grown(part, 1) & ~part
    rim &= ~floor
    if rim.sum() < 8:
        return 0.0
    window = np.ones((5, 5), np.uint8)
    own = np.where(part, depth, np.float32(-1e3)).astype(np.float32)
    inside = np.asarray(cv2.dilate(own, window))
    outer = np.where(part, np.float32(1e3), depth).astype(np.float32)
    lowest = np.asarray(cv2.erode(outer, window))
    outer = np.where(part, np.float32(-1e3), depth).astype(np.float32)
    highest = np.asarray(cv2.dilate(outer, window))
    step = (inside - lowest > _ALIKE) | (highest - inside > _ALIKE)
    return float(step[rim].mean())


def _window(part: Mask, margin: float) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    more = int(margin * max(bottom - top, right - left)) + 8
    return (
        slice(max(top - more, 0), bottom + more + 1),
        slice(max(left - more, 0), right + more + 1),
    )


def _by_depth(
    stands: Mask, floor: Mask, within: Mask
) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """Labels where steps of depth bound the subject: a narrow band and its feet stay open."""
    labels = np.full(stands.shape, cv2.GC_BGD, np.uint8)
    labels[grown(stands, 2)] = cv2.GC_PR_BGD
    labels[stands] = cv2.GC_PR_FGD
    inner = ~grown(~stands, 1)
    # What is too thin to have an inside is not lost to colour.
    labels[inner | (stands & ~grown(inner, 2))] = cv2.GC_FGD
    rows = np.flatnonzero(stands.any(axis=1))
    tall = int(rows[-1] - rows[0]) + 1
    reach = max(round(0.07 * tall), 3)
    feet = stands.copy()
    feet[: int(rows[-1]) - 2 * reach] = False
    contact = grown(feet, reach) & floor & within & ~stands
    labels[contact] = cv2.GC_PR_BGD
    return labels, _window(stands, 0.25)


def _by_colour(
    rgb: Bytes, depth: Array, within: Mask, points: Mask, guess: Mask, seeds: Seeds
) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """Labels where colour has to find the outline."""
    labels = np.full(depth.shape, cv2.GC_BGD, np.uint8)
    if seeds.box is not None:
        level = _usual(depth, np.zeros(depth.shape, bool), within, seeds.box)
        labels[within] = cv2.GC_PR_FGD
        labels[within & (np.abs(depth - level) > 0.5)] = cv2.GC_PR_BGD
        return labels, _window(within, 0.3)
    whole = (slice(None), slice(None))
    if not points.any():
        labels[grown(guess, 12)] = cv2.GC_PR_BGD
        labels[guess] = cv2.GC_PR_FGD
        return labels, whole
    lab = lab_of(rgb)
    features = np.concatenate([blurred(lab, 1.0), depth[..., None]], axis=2)
    away = barrier_distance(features, points)
    likely = likely_subject(rgb, lab).mask > 0.5
    level, _ = cv2.threshold(
        np.clip(away * 160.0, 0, 255).astype(np.uint8), 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU
    )
    reach = 0.6 * level / 160.0
    begun = away < reach
    if likely[points].mean() > 0.5:
        begun = likely
    labels[away < max(2.2 * reach, float(np.percentile(away, 60)))] = cv2.GC_PR_BGD
    labels[grown(begun, 10)] = cv2.GC_PR_BGD
    labels[begun] = cv2.GC_PR_FGD
    return labels, whole


def _grab(rgb: Bytes, labels: NDArray[np.uint8], window: tuple[slice, slice]) -> Mask:
    """GrabCut inside a window; what is certain stays."""
    picture, part = np.ascontiguousarray(rgb[window]), np.ascontiguousarray(labels[window])
    solid = np.isin(labels, _MASKED)
    front = np.isin(part, _MASKED)
    if not front.any() or front.all():
        return solid
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(7)
    cv2.grabCut(picture, part, (0, 0, 1, 1), background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    solid[:] = False
    solid[window] = np.isin(part, _MASKED)
    return solid


def _tidy(solid: Mask, points: Mask) -> Mask:
    """Keep the parts that were clicked, or else the large ones, and fill their pinholes."""
    count, parts = components(solid)
    if count < 2:
        return solid
    sizes = np.bincount(parts.ravel(), minlength=count)
    sizes[0] = 0
    kept = sizes > 0.12 * sizes.max()
    if points.any():
        kept = np.bincount(parts[points], minlength=count) > 0
    kept[0] = False
    solid = kept[parts]
    count, parts = components(~solid)
    sizes = np.bincount(parts.ravel(), minlength=count)
    # The background seen between arm and body is larger than a pinhole.
    pinhole = sizes < max(0.004 * solid.sum(), 4)
    return solid | (pinhole[parts] & ~solid)
