"""Pieces of a dense camera path as keys would say them: two cameras, an easing, two handles.

A piece runs straight from its first camera to its last, all its numbers in step, along an easing of
its own; or its place runs along a cubic Bézier curve meanwhile. Easings with a name are tried
first, then CSS ``cubic-bezier`` handles are fitted by the Levenberg-Marquardt method (D. Marquardt,
"An algorithm for least-squares estimation of nonlinear parameters", SIAM J. Appl. Math. 11, 1963);
handles of places are a linear least-squares problem, as in P. J. Schneider, "An algorithm for
automatically fitting digitized curves" (Graphics Gems, 1990).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.changes import changed_key
from synth.camera.easing import ease
from synth.camera.keys import FARTHEST, CameraKey, Easing

Numbers = NDArray[np.float64]

_ROUNDS: Final = 16
"""Steps of a fit, at the most."""

_HOPELESS: Final = 0.6
"""A fit that is far off, and keeps more than this share of its error in a step, is given up."""

_CLEAR_SPAN: Final = 4.0
"""Tolerances that turn and lens must run for the progress of a piece to be read from them."""


@dataclass(frozen=True)
class Tolerance:
    """How far a path of few keys may be from the dense one."""

    units: float = 1e-3
    """Of places, scene units."""
    degrees: float = 0.01
    """Of directions, degrees about whatever axis."""
    focal: float = 1e-3
    """Of focal lengths, as a share."""


@dataclass(frozen=True)
class Track:
    """Cameras at ascending frames, (N,), as numbers."""

    frames: Numbers
    positions: Numbers
    """Scene units, shape (N, 3)."""
    angles: Numbers
    """(pitch, yaw, roll), degrees, continuous, shape (N, 3)."""
    lenses: Numbers
    """Millimetres, shape (N,)."""

    def __len__(self) -> int:
        return len(self.frames)

    def part(self, first: int, last: int) -> Track:
        """The cameras from one index to another, both included."""
        here = slice(first, last + 1)
        return Track(self.frames[here], self.positions[here], self.angles[here], self.lenses[here])


@dataclass(frozen=True)
class Piece:
    """What leads from one camera of a track to a later one."""

    first: int
    last: int
    """Indices into the track."""
    easing: Easing = "linear"
    handles: tuple[Numbers, Numbers] | None = None
    """Offsets from the first and the last place, shape (3,) each; None runs straight."""


def off_straight(track: Track, share: Numbers, tolerance: Tolerance) -> tuple[Numbers, Numbers]:
    """How far a track is from running straight between its ends, in tolerances, (N,) each.

    Args:
        track: N cameras.
        share: how much of the way each of them has made, shape (N,).
        tolerance: what counts as 1.

    Returns:
        Of places; and of turns and lenses, whichever is worse.
    """
    rest, run = (1.0 - share)[:, None], share[:, None]
    ends = slice(None, None, max(1, len(track) - 1))
    (start, end), (turn, turned) = track.positions[ends], track.angles[ends]
    place = np.linalg.norm(track.positions - start * rest - end * run, axis=1)
    pitch, yaw, roll = np.abs(track.angles - turn * rest - turned * run).T
    lens = np.abs(track.lenses / (track.lenses[0] * rest + track.lenses[-1] * run)[:, 0] - 1.0)
    # Yaw and roll may add up, where the camera looks steeply up or down.
    angle = np.hypot(pitch, yaw + roll)
    return place / tolerance.units, np.maximum(angle / tolerance.degrees, lens / tolerance.focal)


def fit_piece(
    track: Track, first: int, last: int, tolerance: Tolerance, easings: Sequence[Easing] = ()
) -> Piece | None:
    """The simplest piece from one camera of a track to another that keeps to all between.

    Args:
        track: the cameras.
        first: index of the piece's first camera.
        last: index of its last one.
        tolerance: how closely it must keep to them.
        easings: names to try before any other.

    Returns:
        The piece, or None where no such piece comes close enough.
    """
    part = track.part(first, last)
    time = (part.frames - part.frames[0]) / (part.frames[-1] - part.frames[0])

    def tried(easing: Easing, share: Numbers) -> Piece | None:
        place, rest = off_straight(part, share, tolerance)
        if rest.max() > 1.0:
            return None
        if place.max() <= 1.0:
            return Piece(first, last, easing)
        handles = _fitted_handles(part.positions, share, tolerance)
        return handles and Piece(first, last, easing, handles)

    for easing in (*easings, "linear"):
        if isinstance(easing, str):
            piece = tried(easing, ease(easing, time))
            if piece is not None:
                return piece
    if len(part) < 4:
        return None
    for by_place in (True, False):
        progress = _progress(part, tolerance, by_place)
        if progress is None:
            continue
        wanted, size = progress
        fitted = fitted_easing(time, wanted, 0.5 / size)
        piece = fitted and tried(fitted, eased_by(fitted, time))
        if piece is not None:
            return piece
    return None


def _progress(part: Track, tolerance: Tolerance, by_place: bool) -> tuple[Numbers, float] | None:
    """How much of its way a track has made at each camera, and how many tolerances long it is.

    None where it makes none to speak of, or does not keep to one line.
    """
    lenses = part.lenses[:, None] / (tolerance.focal * part.lenses.min())
    columns = [part.angles / tolerance.degrees, lenses]
    if by_place:
        columns.append(part.positions / tolerance.units)
    values = np.concatenate(columns, axis=1)
    way = values[-1] - values[0]
    size = float(np.linalg.norm(way))
    if size < (_CLEAR_SPAN if not by_place else 1.0):
        return None
    share = (values - values[0]) @ way / size**2
    off = np.linalg.norm(values - values[0] - share[:, None] * way, axis=1).max()
    return None if off > 3.0 else (share, size)


def _fitted_handles(
    places: Numbers, share: Numbers, tolerance: Tolerance
) -> tuple[Numbers, Numbers] | None:
    """Handles of the cubic Bézier curve nearest to places at shares of it, if near enough."""
    rest = 1.0 - share
    one, two = 3.0 * rest * rest * share, 3.0 * rest * share * share
    start, end = places[0], places[-1]
    # From the ends, so that the unknowns are the handles themselves.
    bare = (rest**3 + one)[:, None] * start + (share**3 + two)[:, None] * end
    handles, _, rank, _ = np.linalg.lstsq(np.stack([one, two], axis=1), places - bare, rcond=1e-9)
    if rank < 2 or np.abs(handles).max() > FARTHEST:
        return None
    off = places - bare - one[:, None] * handles[0] - two[:, None] * handles[1]
    return None if np.linalg.norm(off, axis=1).max() > tolerance.units else (handles[0], handles[1])


def eased_by(handles: tuple[float, float, float, float], time: Numbers) -> Numbers:
    """The shares that ``cubic-bezier`` handles make of times in [0, 1], shape (N,)."""
    x1, y1, x2, y2 = handles
    s = _parameter(time, x1, x2)
    return _cubic(s, y1, y2)


def _cubic(s: Numbers, one: float, two: float) -> Numbers:
    rest = 1.0 - s
    return 3.0 * rest * rest * s * one + 3.0 * rest * s * s * two + s**3


def _cubic_slope(s: Numbers, one: float, two: float) -> Numbers:
    rest = 1.0 - s
    return 3.0 * rest * rest * one + 6.0 * rest * s * (two - one) + 3.0 * s * s * (1.0 - two)


def _parameter(time: Numbers, x1: float, x2: float) -> Numbers:
    """Where on the curve the times are: Newton's method, kept between bounds by bisection."""
    low, high = np.zeros_like(time), np.ones_like(time)
    s = time.copy()
    for _ in range(48):
        off = _cubic(s, x1, x2) - time
        if np.abs(off).max() < 1e-13:
            break
        low, high = np.where(off < 0.0, s, low), np.where(off > 0.0, s, high)
        step = s - off / np.maximum(_cubic_slope(s, x1, x2), 1e-9)
        s = np.where((step > low) & (step < high), step, 0.5 * (low + high))
    return s


def fitted_easing(
    time: Numbers, wanted: Numbers, near: float
) -> tuple[float, float, float, float] | None:
    """``cubic-bezier`` handles that make ``wanted`` of ``time``, both (N,) from 0 to 1.

    Rounded as far as ``near``, the largest error allowed, permits; None if they come nowhere near.
    """
    slope_in = (wanted[1] - wanted[0]) / (time[1] - time[0])
    slope_out = (wanted[-1] - wanted[-2]) / (time[-1] - time[-2])
    start = np.array([1 / 3, slope_in / 3.0, 2 / 3, 1.0 - slope_out / 3.0])
    handles: Numbers = np.clip(start, (0.0, -2.0, 0.0, -2.0), (1.0, 3.0, 1.0, 3.0))

    def off(values: Numbers) -> Numbers:
        x1, y1, x2, y2 = (float(value) for value in values)
        return eased_by((x1, y1, x2, y2), time) - wanted

    error, damping = off(handles), 1e-3
    for _ in range(_ROUNDS):
        if np.abs(error).max() <= 0.5 * near:
            break
        x1, y1, x2, y2 = handles
        s = _parameter(time, x1, x2)
        rest = 1.0 - s
        one, two = 3.0 * rest * rest * s, 3.0 * rest * s * s
        slope = _cubic_slope(s, y1, y2) / np.maximum(_cubic_slope(s, x1, x2), 1e-6)
        matrix = np.stack([-slope * one, one, -slope * two, two], axis=1)
        square, pull = matrix.T @ matrix, matrix.T @ error
        square += np.diag(damping * np.diag(square) + 1e-12)
        trial = handles - np.linalg.solve(square, pull)
        trial[[0, 2]] = np.clip(trial[[0, 2]], 0.0, 1.0)
        trial_error = off(trial)
        if trial_error @ trial_error < error @ error:
            kept = (trial_error @ trial_error) / (error @ error)
            handles, error, damping = trial, trial_error, damping * 0.2
            if kept > (_HOPELESS if np.abs(error).max() > 30.0 * near else 0.999):
                break
        else:
            damping *= 16.0
            if damping > 1e3:
                break
    if np.abs(error).max() > 2.0 * near or np.abs(handles).max() > 100.0:
        return None
    for digits in (2, 3, 4, 6):
        rounded = np.round(handles, digits)
        if np.abs(off(rounded)).max() <= max(near, np.abs(error).max()):
            handles = rounded
            break
    x1, y1, x2, y2 = (float(value) + 0.0 for value in handles)
    return x1, y1, x2, y2


def cover(
    track: Track, tolerance: Tolerance, easings: Sequence[Easing] = (), most: int | None = None
) -> list[Piece] | None:
    """A whole track in few pieces: each as long as it can be, or all alike if that does as well.

    Args:
        track: N cameras, at least 2.
        tolerance: how closely the pieces must keep to them.
        easings: names to try first.
        most: pieces allowed; None allows any number.

    Returns:
        The pieces in order, or None when there would be more than ``most``, or so it looks.
    """
    pieces: list[Piece] = []
    end = len(track) - 1
    first, guess = 0, end
    while first < end:
        if most is not None and len(pieces) >= max(8, most * min(1.0, 1.5 * first / end)):
            return None
        piece = _longest(track, first, min(first + guess, end), tolerance, easings)
        pieces.append(piece)
        guess = max(2, piece.last - first)
        first = piece.last
    return _even(track, len(pieces), tolerance, easings) or pieces


def _longest(
    track: Track, first: int, guess: int, tolerance: Tolerance, easings: Sequence[Easing]
) -> Piece:
    """The longest piece from a camera on, looked for around a guess."""
    end = len(track) - 1
    best = Piece(first, first + 1)
    low, high = first + 1, end + 1
    at = max(guess, low)
    while True:
        piece = fit_piece(track, first, at, tolerance, easings)
        if piece is not None:
            best, low = piece, at
            at = min(first + 2 * (at - first), high - 1) if high > end else (low + high) // 2
        else:
            high = at
            at = (low + high) // 2
        if at <= low:
            return best


def _even(
    track: Track, count: int, tolerance: Tolerance, easings: Sequence[Easing]
) -> list[Piece] | None:
    """As many pieces of even length, if they do as well."""
    corners = np.round(np.linspace(0, len(track) - 1, count + 1)).astype(int)
    pieces: list[Piece] = []
    for first, last in pairwise(corners.tolist()):
        piece = fit_piece(track, first, last, tolerance, easings)
        if piece is None:
            return None
        pieces.append(piece)
    return pieces


def keys_of(track: Track, pieces: Sequence[Piece]) -> list[CameraKey]:
    """The keys of pieces that follow one another, with the last one's end."""
    keys: list[CameraKey] = []
    arriving: Numbers | None = None
    for piece in pieces:
        rules: dict[str, Any] = {"easing": piece.easing}
        if arriving is not None:
            rules["tangent_in"] = _triple(arriving)
        arriving = None
        if piece.handles is not None:
            rules |= {"curve": "bezier", "tangent_out": _triple(piece.handles[0])}
            arriving = piece.handles[1]
        keys.append(changed_key(key_at(track, piece.first), **rules))
    last = {} if arriving is None else {"tangent_in": _triple(arriving)}
    return [*keys, changed_key(key_at(track, pieces[-1].last), **last)]


def key_at(track: Track, index: int) -> CameraKey:
    """A key that is one of the track's cameras. Raises ``InvalidInstruction`` if none can be."""
    return changed_key(
        CameraKey(frame=float(track.frames[index])),
        position=_triple(track.positions[index]),
        rotation=_triple(track.angles[index]),
        focal_length=round(float(track.lenses[index]), 9),
    )


def _triple(values: Numbers) -> tuple[float, float, float]:
    """Three floats, without the noise of their last digits."""
    x, y, z = (round(float(value), 9) + 0.0 for value in values)
    return x, y, z
