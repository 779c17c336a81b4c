"""Few keys for a camera path that has a pose on every frame.

Two ways are gone, and the one with fewer keys is taken. Pieces, each with an easing and handles of
its own (``synth.camera.pieces``), suit what was keyed before, straight moves and arcs. Smooth
curves through keys that are added where the curve is farthest from the path (D. Douglas, T.
Peucker, "Algorithms for the reduction of the number of points required to represent a digitized
line", Cartographica 10, 1973, with curves in place of lines) suit what was tracked or filmed. A
path too restless for either gets a key on every frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.changes import changed
from synth.camera.easing import EASINGS, ease
from synth.camera.keys import MAX_FRAMES, MAX_KEYS, CameraKey, CameraKeys
from synth.camera.pieces import (
    Piece,
    Tolerance,
    Track,
    cover,
    key_at,
    keys_of,
    off_straight,
)
from synth.camera.pose import CameraPath
from synth.camera.sampling import Samples, sample
from synth.camera.turning import followed
from synth.errors import InvalidInstruction, LimitExceeded

_SPLINES: Final = ("catmull_rom", "smooth", "tcb")
"""Curves that need nothing but the keys."""

_FEW: Final = 3
"""Keys so few that no other curve is tried."""

_MOST_SHARE: Final = 0.25
"""Keys for this share of the frames are no fewer than a key on every frame to one who edits."""

_MOST_TRIALS: Final = 64
"""Keys that a smooth curve is tried with, at the most."""

_FAR: Final = 20.0
"""A path this many tolerances away from a curve with that many keys is not worth a closer look."""


def keys_from_path(
    path: CameraPath,
    *,
    tolerance_units: float = Tolerance.units,
    tolerance_degrees: float = Tolerance.degrees,
    tolerance_focal: float = Tolerance.focal,
) -> CameraKeys:
    """Keys whose sampling is the path on every frame, within tolerance, as few as are found.

    The clip has as many frames as the path. The last key stands on its last frame; where the path
    is one eased move that ends with the clip, on the clip's end. Angles may come out with whole
    turns that the path's do not have, where those jump.

    Args:
        path: a pose for every frame.
        tolerance_units: largest distance from the path's places, scene units.
        tolerance_degrees: largest turn from its cameras, degrees.
        tolerance_focal: largest difference of the focal length, as a share.

    Raises:
        InvalidInstruction: a tolerance that is not above 0, or a camera beyond the limits of keys.
        LimitExceeded: a path that is too long, or too restless for its length.
    """
    tolerance = Tolerance(tolerance_units, tolerance_degrees, tolerance_focal)
    for name, value in vars(tolerance).items():
        if not (np.isfinite(value) and value > 0.0):
            raise InvalidInstruction(
                f"The tolerance in {name} is {value!s:.40}; it must be a number above 0."
            )
    if len(path) > MAX_FRAMES:
        raise LimitExceeded(
            f"The path has {len(path):,} frames; the limit is {MAX_FRAMES:,}. Cut it into parts."
        )
    track = track_of_path(path)
    empty = CameraKeys(frames=len(path), fps=path.fps, keys=(key_at(track, 0),))
    return thinned(empty, track, tolerance)


def track_of_path(path: CameraPath) -> Track:
    """The path's cameras as numbers, their angles without jumps."""
    angles = np.array([pose.rotation for pose in path], dtype=np.float64)
    return Track(
        np.arange(len(path), dtype=np.float64),
        path.positions,
        followed(angles),
        path.focal_lengths,
    )


def thinned(empty: CameraKeys, track: Track, tolerance: Tolerance) -> CameraKeys:
    """The fewest keys found for a track of cameras.

    Args:
        empty: the clip that they belong to; its keys are replaced.
        track: cameras at ascending frames of it.
        tolerance: how closely the keys must keep to them.
    """
    simple = _one_move(empty, track, tolerance)
    if simple is not None:
        return simple
    most = min(max(2, int(_MOST_SHARE * len(track))), MAX_KEYS - 1)
    pieces = cover(track, tolerance, most=most)
    best: CameraKeys | None = None
    if pieces is not None:
        best = _checked(changed(empty, keys=keys_of(track, pieces)), track, tolerance)
    if best is not None and len(best.keys) <= _FEW:
        return best
    limit = min(most, _MOST_TRIALS)
    even = np.linspace(0, len(track) - 1, limit).round().astype(int).tolist()
    if (
        best is None
        and _error(_spline_keys(empty, track, even, _SPLINES[0]), track, tolerance) > _FAR
    ):
        return _every_frame(empty, track)
    for curve in _SPLINES:
        limit = min(limit, len(best.keys) - 1 if best else limit)
        found = _with_spline(empty, track, tolerance, curve, limit)
        if found is not None:
            best = found
    return best or _every_frame(empty, track)


def worst_error(samples: Samples, track: Track, tolerance: Tolerance) -> NDArray[np.float64]:
    """How far samples are from a track, in tolerances, the worst of all numbers, shape (N,)."""
    place = np.linalg.norm(samples.positions - track.positions, axis=1)
    wanted = Samples(track.positions, track.angles, track.lenses).rotations
    turn = np.degrees((samples.rotations.inv() * wanted).magnitude())
    lens = np.abs(samples.focal_lengths / track.lenses - 1.0)
    return np.max(
        [place / tolerance.units, turn / tolerance.degrees, lens / tolerance.focal], axis=0
    )


def _error(keys: CameraKeys, track: Track, tolerance: Tolerance) -> float:
    """How far keys are from a track at its worst frame, in tolerances."""
    return float(worst_error(sample(keys, track.frames), track, tolerance).max())


def _checked(keys: CameraKeys, track: Track, tolerance: Tolerance) -> CameraKeys | None:
    """The keys, if they really sample to the track."""
    # A hair is left for the rounding of the keys' decimals.
    return keys if _error(keys, track, tolerance) <= 1.0 + 1e-6 else None


def _one_move(empty: CameraKeys, track: Track, tolerance: Tolerance) -> CameraKeys | None:
    """One key for a camera that stands; two for one straight move along an easing with a name.

    The move may go on to the clip's end, a frame that the track does not have, if that fits better.
    """
    still = Track(track.frames, *(np.repeat(values[:1], len(track), axis=0) for values in (
        track.positions, track.angles, track.lenses)))  # fmt: skip
    standing = Samples(still.positions, still.angles, still.lenses)
    if worst_error(standing, track, tolerance).max() <= 1.0:
        return changed(empty, keys=[key_at(track, 0)])
    values = np.concatenate([track.positions, track.angles, track.lenses[:, None]], axis=1)
    found: tuple[float, CameraKeys] | None = None
    for end in (track.frames[-1], float(empty.frames)):
        time = (track.frames - track.frames[0]) / (end - track.frames[0])
        for name in EASINGS:
            share = ease(name, time)
            way = share @ (values - values[0]) / (share @ share)
            whole = np.vstack([values, values[0] + way])
            if not whole[-1, 6] > 0.0:
                continue
            longer = Track(np.append(track.frames, end), whole[:, :3], whole[:, 3:6], whole[:, 6])
            place, rest = off_straight(longer, np.append(share, 1.0), tolerance)
            worst = float(np.maximum(place, rest).max())
            if worst <= 0.9 and (not found or worst < found[0] - 1e-3):
                pair = keys_of(longer, [Piece(0, len(track), name)])
                found = (worst, changed(empty, keys=pair))
    return found and _checked(found[1], track, tolerance)


def _with_spline(
    empty: CameraKeys, track: Track, tolerance: Tolerance, curve: str, most: int
) -> CameraKeys | None:
    """Keys along a smooth curve, added where it is farthest from the track; None over ``most``."""
    at = [0, len(track) - 1]
    while len(at) <= most:
        keys = _spline_keys(empty, track, at, curve)
        error = worst_error(sample(keys, track.frames), track, tolerance)
        if error.max() <= 1.0:
            return _without_idle(empty, track, tolerance, curve, at)
        added = []
        for first, last in pairwise(at):
            inner = error[first + 1 : last]
            if inner.size and inner.max() > 1.0:
                # Not at the very side of a key, where it would be of little use.
                side = max(1, (last - first) // 5)
                place = first + 1 + int(np.argmax(inner))
                added.append(min(max(place, first + side), last - side))
        at = sorted({*at, *added})
    return None


def _without_idle(
    empty: CameraKeys, track: Track, tolerance: Tolerance, curve: str, at: Sequence[int]
) -> CameraKeys:
    """Leave out the keys that the curve can do without."""
    kept = list(at)
    for index in list(at[1:-1]):
        fewer = [other for other in kept if other != index]
        keys = _spline_keys(empty, track, fewer, curve)
        if _error(keys, track, tolerance) <= 1.0:
            kept = fewer
    return _spline_keys(empty, track, kept, curve)


def _spline_keys(empty: CameraKeys, track: Track, at: Sequence[int], curve: str) -> CameraKeys:
    rules: dict[str, Any] = {"curve": curve, "turn_curve": curve, "lens_curve": curve}
    if not np.ptp(track.lenses):
        del rules["lens_curve"]
    if not np.ptp(track.angles, axis=0).any():
        del rules["turn_curve"]
    return changed(empty, keys=[key_at(track, index) for index in at], **rules)


def _every_frame(empty: CameraKeys, track: Track) -> CameraKeys:
    """A key on every frame, and even motion between."""
    if len(track) > MAX_KEYS:
        raise LimitExceeded(
            f"The path is so restless that each of its {len(track):,} frames would need a key; the "
            f"limit is {MAX_KEYS:,}. Smooth it, or allow a larger tolerance."
        )
    keys: list[CameraKey] = [key_at(track, index) for index in range(len(track))]
    return changed(empty, keys=keys)
