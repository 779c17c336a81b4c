"""Cuts a marked subject out of a small picture by colour and by depth.

Depth comes first: what stands round the mark between steps of depth, the floor taken away. Where
its outline is a step nearly all round, only a narrow band and the feet are left to colour;
elsewhere colour decides, and depth only says what is surely too far or too near.
Colour: GrabCut (Rother et al. 2004, https://doi.org/10.1145/1015706.1015720).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.scene.depth_grid import (
    Array,
    Bytes,
    Mask,
    blurred,
    components,
    grown,
    lab_of,
    scaled,
    scaled_bytes,
)
from synth.scene.depth_subject import barrier_distance
from synth.scene.depth_subject import find_subject as likely_subject
from synth.scene.subject_depth import (
    ALIKE,
    CRISP,
    Seeds,
    floor_of,
    likely_standing,
    spots,
    standing,
    stepped,
    usual,
)

_COARSE_SIDE = 256
"""Longer side at which colour looks for the whole outline, pixels."""
_ROUNDS = 2
"""Rounds of GrabCut."""

_DEPTH_WEIGHT = 0.7
"""What a relative step of disparity weighs beside lightness from black to white."""

_MASKED = (cv2.GC_FGD, cv2.GC_PR_FGD)


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
    floor = floor_of(disparity)
    points, away = spots(seeds.points, depth.shape), spots(seeds.away, depth.shape)
    within = np.ones(depth.shape, bool)
    guess = np.zeros(depth.shape, bool)
    if seeds.box is not None:
        left, top, right, bottom = seeds.box
        within[:] = False
        within[top:bottom, left:right] = True
    cancel.check()
    if seeds.box is None and not seeds.points:
        stands, crisp = likely_standing(rgb, depth, floor, away)
        guess = likely_subject(rgb, lab_of(rgb)).mask > 0.5
        if not crisp and not guess.any():
            return nothing
    else:
        stands = standing(depth, floor, within, points, seeds) & ~grown(away, 2)
        crisp = stepped(stands, depth, floor)[0] >= CRISP
    if crisp:
        labels, window = _by_depth(stands, depth, floor, within)
    else:
        if guess.any() and stands[guess].mean() > 0.5:
            guess = guess | stands
        labels, window = _by_colour(rgb, depth, stands, within, points, away, guess, seeds)
    labels[away] = cv2.GC_BGD
    labels[points] = cv2.GC_FGD
    cancel.check()
    if crisp:
        solid = np.zeros(depth.shape, bool)
        part = np.ascontiguousarray(labels[window])
        solid[window] = _grab(np.ascontiguousarray(rgb[window]), part)
    else:
        solid = _best_grab(rgb, depth, labels, window)
    solid &= within & ~away
    return Found(_tidy(solid, points, away, stands if crisp else None), crisp)


def _window(part: Mask, margin: float) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    more = int(margin * max(bottom - top, right - left)) + 8
    return (
        slice(max(top - more, 0), bottom + more + 1),
        slice(max(left - more, 0), right + more + 1),
    )


def _by_depth(
    stands: Mask, depth: Array, floor: Mask, within: Mask
) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """Labels where steps of depth bound the subject: a narrow band and its feet stay open."""
    labels = np.full(stands.shape, cv2.GC_BGD, np.uint8)
    labels[grown(stands, 2)] = cv2.GC_PR_BGD
    labels[stands] = cv2.GC_PR_FGD
    inner = ~grown(~stands, 1)
    # What is too thin to have an inside is not lost to colour.
    labels[inner | (stands & ~grown(inner, 2))] = cv2.GC_FGD
    if not within.all():
        # Where the surface goes on beyond the box, colour has to say where the subject ends.
        window = np.ones((5, 5), np.uint8)
        own = np.asarray(cv2.dilate(np.where(stands, depth, np.float32(-1e3)), window))
        leak = grown(stands, 2) & ~within & (np.abs(depth - own) < 0.5 * ALIKE)
        rows, columns = np.flatnonzero(within.any(axis=1)), np.flatnonzero(within.any(axis=0))
        reach = round(0.2 * min(rows.size, columns.size))
        labels[grown(leak, reach) & stands] = cv2.GC_PR_BGD
    rows = np.flatnonzero(stands.any(axis=1))
    tall = int(rows[-1] - rows[0]) + 1
    reach = max(round(0.07 * tall), 3)
    feet = stands.copy()
    feet[: int(rows[-1]) - 2 * reach] = False
    contact = grown(feet, reach) & floor & within & ~stands
    labels[contact] = cv2.GC_PR_BGD
    below = round(1.5 * reach)
    under: Mask = np.any(feet, axis=0)
    if int(rows[-1]) >= stands.shape[0] - below and under.sum() > 0.5 * stands.any(axis=0).sum():
        # A bust: it goes on below the frame, whatever the depth of its last rows.
        rest = grown(feet, below) & floor & within & ~stands & under[None, :]
        labels[rest] = cv2.GC_PR_FGD
    return labels, _window(stands, 0.25)


def _by_colour(
    rgb: Bytes,
    depth: Array,
    stands: Mask,
    within: Mask,
    points: Mask,
    away: Mask,
    guess: Mask,
    seeds: Seeds,
) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """Labels where colour has to find the outline."""
    labels = np.full(depth.shape, cv2.GC_BGD, np.uint8)
    if seeds.box is not None:
        level = usual(depth, np.zeros(depth.shape, bool), within, seeds.box)
        labels[within] = cv2.GC_PR_FGD
        labels[within & (np.abs(depth - level) > 0.5)] = cv2.GC_PR_BGD
        return labels, _window(within, 0.3)
    if not points.any():
        labels[grown(guess, max(round(0.4 * float(guess.sum()) ** 0.5), 12))] = cv2.GC_PR_BGD
        labels[guess] = cv2.GC_PR_FGD
        return labels, _window(labels != cv2.GC_BGD, 0.2)
    lab = lab_of(rgb)
    guesses = [stands, likely_subject(rgb, lab).mask > 0.5]
    begun = _outlined(lab, depth, points, away, guesses)
    reach = max(round(0.5 * float(begun.sum()) ** 0.5), 10)
    labels[grown(begun, reach)] = cv2.GC_PR_BGD
    labels[begun] = cv2.GC_PR_FGD
    return labels, _window(labels != cv2.GC_BGD, 0.2)


def _outlined(lab: Array, depth: Array, points: Mask, away: Mask, guesses: list[Mask]) -> Mask:
    """The region round the clicks whose outline runs best along edges of colour and depth.

    Candidates are what ever higher barriers enclose round the clicks, what lies nearer to them
    than to the frame and to the clicks away from the subject, and the `guesses`.
    """
    soft = blurred(lab, 1.0)
    features = np.concatenate([soft, depth[..., None]], axis=2)
    inward = barrier_distance(features, points)
    frame = away.copy()
    frame[:1] = frame[:, :1] = frame[:, -1:] = True
    outward = barrier_distance(features, frame & ~points)
    edge = _edges(features)
    levels = np.quantile(inward, np.geomspace(0.004, 0.5, 16))
    regions = [inward <= level for level in levels]
    regions += [inward <= factor * outward for factor in (0.35, 0.6, 1.0, 1.6)]
    regions += [guess for guess in guesses if guess[points].mean() > 0.5]
    best, best_score = points, 0.0
    for region in regions:
        _, parts = components(region)
        touched = np.unique(parts[points & region])
        whole = _filled(np.isin(parts, touched[touched > 0]))
        rim = grown(whole, 1) & ~whole
        share = float(whole.mean())
        if not (rim.any() and share < 0.55):
            continue
        sides = np.concatenate([whole[0], whole[:, 0], whole[:, -1]])
        score = float(edge[rim].mean()) * share**0.12 * (1.0 - float(sides.mean()))
        if score > best_score:
            best, best_score = whole, score
    return best


def _edges(features: Array) -> Array:
    """How much (H, W, C) features change at each pixel, up to a clear edge."""
    small = np.ones((3, 3), np.uint8)
    step = np.asarray(cv2.dilate(features, small) - cv2.erode(features, small))
    return np.minimum(np.sqrt((step * step).sum(axis=2)), 0.3)


def _filled(mask: Mask) -> Mask:
    """A mask without holes."""
    count, parts = components(~mask)
    if count < 2:
        return mask
    ends = (parts[0], parts[-1], parts[:, 0], parts[:, -1])
    return mask | ~np.isin(parts, np.unique(np.concatenate([end.ravel() for end in ends])))


def _with_depth(rgb: Bytes, depth: Array) -> Bytes:
    """The three directions in which colour and depth together differ most, as a picture.

    GrabCut takes three channels: depth is its fourth by way of a principal component analysis.
    """
    features = np.concatenate([lab_of(rgb), _DEPTH_WEIGHT * depth[..., None]], axis=2)
    flat = features.reshape(-1, 4).astype(np.float64)
    flat -= flat.mean(axis=0)
    _, axes = np.linalg.eigh(flat.T @ flat)
    # The sign of a direction is anybody's choice: the largest part is positive.
    axes = axes[:, 1:] * np.sign(axes[np.abs(axes[:, 1:]).argmax(axis=0), [1, 2, 3]])
    seen = flat @ axes
    low, high = np.percentile(seen, 1, axis=0), np.percentile(seen, 99, axis=0)
    span = max(float((high - low).max()), 1e-3)
    return np.clip((seen - low) / span * 255.0, 0, 255).astype(np.uint8).reshape(rgb.shape)


def _best_grab(
    rgb: Bytes, depth: Array, labels: NDArray[np.uint8], window: tuple[slice, slice]
) -> Mask:
    """The better of two cuts, by colour alone and with depth: its outline runs along edges.

    Estimated depth helps where it is right; where it is not, colour alone has the better outline.
    The cuts are made smaller still, then once more at this size within a band along the outline.
    """
    part = np.ascontiguousarray(labels[window])
    scale = min(1.0, _COARSE_SIDE / max(part.shape))
    size = (max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1))
    few = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    pictures = [np.ascontiguousarray(kind[window]) for kind in (rgb, _with_depth(rgb, depth))]
    small = [scaled_bytes(picture, size) for picture in pictures]
    with ThreadPoolExecutor(2, thread_name_prefix="cut") as pool:
        cuts = list(pool.map(lambda picture: _grab(picture, few), small))
    edges = _edges(blurred(lab_of(small[0]), 1.0))

    def on_edges(cut_part: Mask) -> float:
        rim = grown(cut_part, 1) & ~cut_part
        return float(edges[rim].mean()) if rim.any() else 0.0

    index = 0 if on_edges(cuts[0]) > on_edges(cuts[1]) else 1
    rough = scaled(cuts[index].astype(np.float32), (part.shape[1], part.shape[0])) > 0.5
    sure = np.where(rough, cv2.GC_FGD, cv2.GC_BGD).astype(np.uint8)
    band = grown(rough, 3) & grown(~rough, 3) & np.isin(part, (cv2.GC_PR_FGD, cv2.GC_PR_BGD))
    sure[band] = np.where(rough, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[band]
    solid = np.zeros(labels.shape, bool)
    solid[window] = _grab(pictures[index], sure, 1)
    return solid


def _grab(picture: Bytes, labels: NDArray[np.uint8], rounds: int = _ROUNDS) -> Mask:
    """GrabCut of a picture; what is certain stays."""
    part = labels.copy()
    front = np.isin(part, _MASKED)
    if not front.any() or front.all():
        return front
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(7)
    cv2.grabCut(picture, part, (0, 0, 1, 1), background, foreground, rounds, cv2.GC_INIT_WITH_MASK)
    return np.isin(part, _MASKED)


def _tidy(solid: Mask, points: Mask, away: Mask, stands: Mask | None) -> Mask:
    """Keep the parts that belong to the subject and fill their pinholes.

    They are those that touch what depth found, those that were clicked, or else the large ones.
    """
    count, parts = components(solid)
    if count < 2:
        return solid
    sizes = np.bincount(parts.ravel(), minlength=count)
    sizes[0] = 0
    kept = sizes > 0.12 * sizes.max()
    if stands is not None:
        kept = (np.bincount(parts[stands], minlength=count) > 0) & (sizes > 2)
    elif points.any():
        kept = np.bincount(parts[points], minlength=count) > 0
    kept[0] = False
    solid = kept[parts]
    count, parts = components(~solid)
    sizes = np.bincount(parts.ravel(), minlength=count)
    # The background seen between arm and body is larger than a pinhole.
    pinhole = sizes < max(0.004 * solid.sum(), 4)
    pinhole[np.unique(parts[away])] = False
    return solid | (pinhole[parts] & ~solid)
