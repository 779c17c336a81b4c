"""Motion that stumbles: repeated and missing frames, uneven steps, stops.

A frame is repeated where next to nothing changes between two that move; one is missing where the
whole moving picture goes about twice as far as before and after. Steps that are uneven in any other
way are judder.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.quality.model import Span
from synth.quality.reading import Reading, largest, share_of, worst_share
from synth.quality.signals import Signals
from synth.quality.strides import strides

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Chains = list[tuple[int, NDArray[np.float64]]]

_STILL: Final = 0.3
"""A repeat changes by less than this share of what happens around it."""
_SAME: Final = 0.08
"""Below this share a picture is the same wherever the motion goes."""
_TURNS: Final = 0.5
"""Cosine of the angle by which a motion goes on after a repeat; one that turns round is slow there,
and repeats nothing."""
_TOLD: Final = 0.2
_WAY: Final = 0.3
"""Share of the speed, and pixels at 720 lines, that the motion of the whole picture needs for its
way to be told."""
_MOVES: Final = 0.2
"""Codes by which a picture changes that moves at all."""
_REACH: Final = 4
"""Frames on either side that tell what is usual."""
_LONGEST_HOLD: Final = 0.25
"""Repeats that last longer are a stop, seconds."""
_LEAP: Final = 1.6
"""Pace from which a frame is missing."""
_SUDDEN: Final = 0.25
"""Change of the speed's logarithm with which a leap comes and goes; what quickens over some frames
is what moves, and misses none."""
_OUTSTANDING: Final = 2.0
"""So many times the usual unevenness of the steps around it."""
_SHORT: Final = 0.56
"""Share of the mean step around it that a short step has; between one and two missing of three it
is 0.6."""
_LEAPS: Final = 2
"""Most leaps in a row."""
_CHAIN: Final = 4
"""Fewest steps in a row that a pace is told from."""
_TORN: Final = 0.05
_BLENDED: Final = 0.7
_WORST: Final = 0.6
"""What the worst second counts for the clip."""
_STOPS: Final = 0.15
_RISES: Final = 0.6
"""Shares of the change before a stop: less than the first is usual in it, and more than the second
ends it. Coders touch up a standing picture now and then."""
_FREEZE_SECONDS: Final = 0.3
_WINDOW_SECONDS: Final = 1.0


def still_frames(signals: Signals) -> Flags:
    """Frames that repeat the one before, between frames that move, (n,)."""
    count = signals.frames
    change = np.where(signals.joined, signals.texture, np.nan)
    found = np.zeros(count, bool)
    for i in range(1, count):
        if not signals.joined[i] or not np.isfinite(change[i]):
            continue
        before, after = change[max(1, i - _REACH) : i], change[i + 1 : i + 1 + _REACH]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        if not len(before) or not len(after):
            continue
        usual = float(np.quantile(np.concatenate([before, after]), 0.7))
        both = min(float(before.max()), float(after.max()))
        share = _SAME if _turns_round(signals, i) else _STILL
        found[i] = usual > _MOVES and both > 0.5 * usual and change[i] < share * usual
    return found


def _turns_round(signals: Signals, i: int) -> bool:
    """Whether the whole picture moves another way after frame ``i`` than before it."""
    if not 1 < i < signals.frames - 1:
        return False
    before, after = signals.path[i - 1], signals.path[i + 1]
    one, other = float(np.hypot(*before)), float(np.hypot(*after))
    if min(one, other) < _WAY or not (
        one > _TOLD * signals.speed[i - 1] and other > _TOLD * signals.speed[i + 1]
    ):
        return False
    return float(before @ after) < _TURNS * one * other


def _held(signals: Signals) -> Flags:
    """Repeats in runs that are too short for a stop."""
    still = still_frames(signals)
    longest = max(1, round(_LONGEST_HOLD * signals.fps))
    for start, end in _runs(still):
        if end - start > longest:
            still[start:end] = False
    return still


def odd_frames(signals: Signals) -> Flags:
    """Frames that are not a moment of their own: repeated, torn or blended, (n,)."""
    blended = np.nan_to_num(blends(signals)) > _BLENDED
    return still_frames(signals) | (np.nan_to_num(signals.torn) > _TORN) | blended


def blends(signals: Signals) -> Floats:
    """How much each frame is a blend of its neighbours, 0 to 1, (n,): how far its share of detail
    of its own falls below what the frames around it have."""
    own = signals.own
    found = np.full(signals.frames, np.nan, np.float32)
    for i in np.flatnonzero(np.isfinite(own)):
        around = np.concatenate([own[max(0, i - _REACH) : i], own[i + 1 : i + 1 + _REACH]])
        around = around[np.isfinite(around)]
        if len(around) >= 3:
            found[i] = np.clip(1.0 - own[i] / max(float(np.quantile(around, 0.7)), 1e-3), 0.0, 1.0)
    return found


def steps_of(signals: Signals) -> Floats:
    """Logarithm of each step over the one before it, (n,), by the motion and by how much pictures
    differ. Where both are known a step is as uneven as both say; what one of them says alone is
    an error of either."""
    moved, changed = signals.quickening, strides(signals)
    least = np.sign(moved) * np.minimum(np.abs(moved), np.abs(changed))
    both = np.where(moved * changed > 0.0, least, 0.0)
    one = np.where(np.isfinite(moved), moved, changed)
    known = np.isfinite(moved) & np.isfinite(changed)
    return np.where(known, both, one).astype(np.float32)


def _chains(signals: Signals) -> Chains:
    """Runs of steps that are known from one to the next: number of the first, and their lengths
    over that of the first. None is beside a repeated, torn or blended frame, which are defects of
    their own."""
    odd = odd_frames(signals)
    odd[1:] |= odd[:-1]
    odd[:-1] |= odd[1:]
    steps = np.where(odd, np.nan, steps_of(signals)).astype(np.float64)
    found: Chains = []
    for start, end in _runs(np.isfinite(steps)):
        if end - start >= _CHAIN:
            # The first step of a chain is compared with the one before it, which is known too.
            lengths = np.exp(np.concatenate([[0.0], np.cumsum(steps[start:end])]))
            found.append((start - 1, lengths))
    return found


def paces(signals: Signals) -> Floats:
    """Length of each step over that of the steps around it, (n,); 1 is even, 2 a missing frame.

    NaN where motion is not known for a few frames in a row.
    """
    return _paces(_chains(signals), signals.frames)


def _paces(chains: Chains, frames: int) -> Floats:
    found = np.full(frames, np.nan, np.float32)
    for first, lengths in chains:
        for k in range(len(lengths)):
            near = np.delete(lengths[max(0, k - _REACH) : k + _REACH + 1], min(k, _REACH))
            found[first + k] = lengths[k] / np.quantile(near, 0.4)
    return found


def leaps(signals: Signals) -> Floats:
    """How surely a frame is missing before each one, 0 to 1, (n,): steps that are suddenly about
    twice as long as those around them, and as suddenly no longer, few in a row. A step that is
    short beside them makes up for it: nothing is missing, what is shown comes early or late."""
    chains = _chains(signals)
    found = _long_steps(signals, chains)
    made_up = _made_up(chains, signals.frames)
    for start, end in _runs(found > 0.0):
        if made_up[start:end].any():
            found[start:end] = 0.0
    return found


def long_steps(signals: Signals) -> Floats:
    """The same, with those that are made up for, (n,)."""
    return _long_steps(signals, _chains(signals))


def _long_steps(signals: Signals, chains: Chains) -> Floats:
    pace, steps = _paces(chains, signals.frames), steps_of(signals)
    long = np.asarray(np.nan_to_num(pace) > _LEAP, bool)
    restless = _restlessness(chains, pace, long, max(_REACH, round(signals.fps)))
    found = np.zeros(signals.frames, np.float32)
    for start, end in _runs(long):
        if end - start > _LEAPS:
            continue
        # What is not known, at the ends of a shot, does not speak against a leap.
        rise = float(np.nan_to_num(steps[start], nan=np.inf))
        fall = -float(np.nan_to_num(steps[end], nan=-np.inf)) if end < len(long) else np.inf
        least = max(_SUDDEN, _OUTSTANDING * float(restless[start]))
        found[start:end] = np.clip(min(rise, fall) / least - 1.0, 0.0, 1.0)
    return found


def _runs(flags: Flags) -> Iterator[tuple[int, int]]:
    """First and one past the last of each run of flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for first, end in edges.reshape(-1, 2):
        yield int(first), int(end)


def _restlessness(chains: Chains, pace: Floats, long: Flags, reach: int) -> NDArray[np.float64]:
    """How far the logarithm of a step within ``reach`` usually is from the mean of its neighbours',
    (n,), the long ones among them taken as steps like those around."""
    away = np.full(len(pace), np.nan)
    for first, lengths in chains:
        inside = slice(first, first + len(lengths))
        level = np.log(lengths / np.where(long[inside], pace[inside], 1.0))
        away[inside][1:-1] = np.abs(level[1:-1] - 0.5 * (level[:-2] + level[2:]))
    found = np.zeros(len(pace))
    for i in np.flatnonzero(long):
        near = away[max(0, i - reach) : i + reach + 1]
        near = near[np.isfinite(near)]
        found[i] = float(np.median(near)) if len(near) >= _REACH else 0.0
    return found


def _made_up(chains: Chains, frames: int) -> Flags:
    """Steps beside which one is short of the mean of those around, (n,)."""
    beside = np.zeros(frames, bool)
    for first, lengths in chains:
        for k in range(len(lengths)):
            mean = float(lengths[max(0, k - _REACH) : k + _REACH + 1].mean())
            if lengths[k] < _SHORT * mean:
                beside[max(0, first + k - 1) : first + k + 2] = True
    return beside


def _unevenness(signals: Signals) -> Floats:
    """How far each step is from an even one, 0 to 1, (n,): the geometric mean of how far it is from
    the usual step around it and from the two beside it, so that what speeds up or slows down in
    its own time is even."""
    away = np.clip(np.abs(paces(signals) - 1.0), 0.0, 1.0)
    before = steps_of(signals).astype(np.float64)
    after = np.append(before[1:], np.nan)
    apart = np.clip(np.expm1(0.5 * np.abs(before - after)), 0.0, 1.0)
    return np.where(np.isfinite(apart), np.sqrt(away * apart), away).astype(np.float32)


def _marks(flags: Flags, signals: Signals) -> list[Span]:
    step = 1.0 / signals.fps if signals.fps else 0.0
    return [
        Span(float(signals.times[i]), float(signals.times[i]) + step) for i in np.flatnonzero(flags)
    ]


def duplicates(signals: Signals) -> Reading:
    """Share of frames that repeat the one before, 0 to 1."""
    flags = _held(signals)
    share, curve = share_of(flags.astype(np.float32), signals.joined, signals.fps)
    return Reading(
        "duplicates", share, signals.times, curve, "",
        "Share of repeated frames in a second", marks=_marks(flags, signals),
    )  # fmt: skip


def drops(signals: Signals) -> Reading:
    """Share of frames before which one is missing, 0 to 1."""
    weights = leaps(signals)
    share, curve = share_of(weights, signals.joined, signals.fps)
    return Reading(
        "drops", share, signals.times, curve, "",
        "Share of steps in a second that miss a frame", marks=_marks(weights > 0.0, signals),
    )  # fmt: skip


def judder(signals: Signals) -> Reading:
    """Root mean square of how uneven the steps of the motion are, as a share of an even step."""
    uneven = _unevenness(signals)
    # A repeated frame is a step of nothing.
    uneven[_held(signals)] = 1.0
    known = np.isfinite(uneven)
    half = max(3, round(signals.fps * _WINDOW_SECONDS / 2))
    curve = np.full(signals.frames, np.nan, np.float32)
    for i in range(signals.frames):
        near = slice(max(0, i - half), i + half + 1)
        if known[near].sum() >= 5:
            number = max(int(known[near].sum()), half)
            curve[i] = np.sqrt((uneven[near][known[near]] ** 2).sum() / number)
    # Where few steps are known, those that are known do not speak for the clip.
    number = max(int(known.sum()), int(signals.joined.sum()) // 2, 5)
    whole = float(np.sqrt((uneven[known] ** 2).sum() / number))
    value = max(whole, _WORST * largest(curve))
    return Reading(
        "judder", value, signals.times, curve, "", "How uneven the steps of the motion are",
        known=bool(known.any()),
    )  # fmt: skip


def frozen(signals: Signals) -> Reading:
    """Share of the worst 2.5 seconds that stands still although its shot moves, 0 to 1.

    A stop begins at once, out of motion; a shot that was still from its beginning is a still one.
    """
    curve = np.zeros(signals.frames, np.float32)
    marks: list[Span] = []
    step = 1.0 / signals.fps if signals.fps else 0.0
    for shot in signals.shots:
        for first, end in _stops(signals.texture[shot]):
            begin = float(signals.times[shot.start + first])
            length = float(signals.times[shot.start + end - 1]) - begin + step
            if length >= _FREEZE_SECONDS:
                curve[shot.start + first : shot.start + end] = length
                marks.append(Span(begin, begin + length))
    return Reading(
        "frozen", worst_share((curve > 0.0).astype(np.float32), signals.fps), signals.times,
        curve, "s", "Seconds that the picture stands still",
        marks=marks, known=largest(signals.texture) > _MOVES,
    )  # fmt: skip


def _stops(texture: Floats) -> list[tuple[int, int]]:
    """Runs of next to no change, of one shot: first and one past the last."""
    found = []
    moves = texture[np.isfinite(texture) & (texture > _MOVES)]
    if len(moves) < 3:
        return found
    start = 1
    while start < len(texture):
        before = texture[max(1, start - _REACH) : start]
        usual = float(np.median(before)) if len(before) else 0.0
        end = start
        if usual > _MOVES and texture[start] < _STOPS * usual:
            while end < len(texture) and texture[end] < _RISES * usual:
                end += 1
        if end > start and float(np.median(texture[start:end])) < _STOPS * usual:
            found.append((start, end))
        start = max(end, start + 1)
    return found
