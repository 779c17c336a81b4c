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

_FAIR = 0.005
"""Share of the picture below which nothing is taken for its subject unasked."""
_DEPTH_WEIGHT = 0.7
"""What a relative step of disparity weighs beside lightness from black to white."""
_PEAKS = 6
"""Places that draw the eye at which a subject is looked for."""

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
    if guess.any():
        stands, crisp = _likely_standing(rgb, depth, floor, away)
    else:
        stands = _standing(depth, floor, within, points, seeds) & ~grown(away, 2)
        crisp = _stepped(stands, depth, floor)[0] >= _CRISP
    if crisp:
        labels, window = _by_depth(stands, depth, floor, within)
    else:
        if guess.any() and stands[guess].mean() > 0.5:
            guess = guess | stands
        labels, window = _by_colour(rgb, depth, stands, within, points, away, guess, seeds)
        rgb = _with_depth(rgb, depth)
    labels[away] = cv2.GC_BGD
    labels[points] = cv2.GC_FGD
    cancel.check()
    solid = _grab(rgb, labels, window)
    solid &= within & ~away
    return Found(_tidy(solid, points, stands if crisp else None), crisp)


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
    if fits.sum(axis=1).max() < 0.12 * 1500:
        return np.zeros(disparity.shape, bool)
    rows = np.arange(height)[:, None] / height
    columns = np.arange(width)[None, :] / width - 0.5
    plane = best[0] + best[1] * columns + best[2] * rows
    lies = np.abs(plane - disparity) < _ON_FLOOR * disparity
    # A floor goes on beyond the picture; a slanting subject in the middle does not.
    goes_on = [float(side.any(axis=1).mean()) for side in (lies[:, :2], lies[:, -2:])]
    return lies if max(goes_on) > 0.1 or min(goes_on) > 0.02 else np.zeros(disparity.shape, bool)


def _likely_standing(rgb: Bytes, depth: Array, floor: Mask, away: Mask) -> tuple[Mask, bool]:
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
        part = _standing(depth, floor, everywhere, _spots(one.points, depth.shape), one)
        part &= ~grown(away, 2)
        before = _stepped(part, depth, floor)[1]
        score = float(draw[part].sum()) / max(float(part.sum()), 1.0) ** 0.5
        crisp = before >= _CRISP
        if (
            part.mean() > _FAIR
            and before > 0.5 * _CRISP
            and (crisp, score)
            > (
                best_crisp,
                best_score,
            )
        ):
            best, best_score, best_crisp = part, score, crisp
        open_yet = np.where(part | grown(_spots(one.points, depth.shape), 8), 0.0, open_yet)
    return best, best_crisp


def _standing(depth: Array, floor: Mask, within: Mask, points: Mask, seeds: Seeds) -> Mask:
    """What hangs together with the mark between steps of depth, without the floor."""
    small = np.ones((3, 3), np.uint8)
    cracks = np.asarray(cv2.dilate(depth, small) - cv2.erode(depth, small)) > 2.0 * _STEP
    whole = np.zeros(depth.shape, bool)
    if seeds.points:
        places = [(depth[y, x], _spots(((x, y),), depth.shape)) for x, y in seeds.points]
    elif seeds.box is not None:
        places = [(_usual(depth, floor, within, seeds.box), within)]
    else:
        places = []
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


def _stepped(part: Mask, depth: Array, floor: Mask) -> tuple[float, float]:
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
        leak = grown(stands, 2) & ~within & (np.abs(depth - own) < 0.5 * _ALIKE)
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
        level = _usual(depth, np.zeros(depth.shape, bool), within, seeds.box)
        labels[within] = cv2.GC_PR_FGD
        labels[within & (np.abs(depth - level) > 0.5)] = cv2.GC_PR_BGD
        return labels, _window(within, 0.3)
    whole = (slice(None), slice(None))
    if not points.any():
        labels[grown(guess, max(round(0.4 * float(guess.sum()) ** 0.5), 12))] = cv2.GC_PR_BGD
        labels[guess] = cv2.GC_PR_FGD
        return labels, whole
    lab = lab_of(rgb)
    guesses = [stands, likely_subject(rgb, lab).mask > 0.5]
    begun = _outlined(lab, depth, points, away, guesses)
    reach = max(round(0.5 * float(begun.sum()) ** 0.5), 10)
    labels[grown(begun, reach)] = cv2.GC_PR_BGD
    labels[begun] = cv2.GC_PR_FGD
    return labels, whole


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
    small = np.ones((3, 3), np.uint8)
    step = np.asarray(cv2.dilate(features, small) - cv2.erode(features, small))
    edge = np.minimum(np.sqrt((step * step).sum(axis=2)), 0.3)
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


def _tidy(solid: Mask, points: Mask, stands: Mask | None) -> Mask:
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
    return solid | (pinhole[parts] & ~solid)
