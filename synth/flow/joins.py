"""What joins each picture of a clip to the one before it, told from glances on both sides.

A cut is a change that neither motion nor light explains and that stands out from its surroundings.
A flash is a leap of the light all over the picture, after which the same things are seen. A fade
is a ramp of contrast that ends in an even surface; one that takes longer than is looked ahead is
one world growing dark, and motion runs on through it. A dissolve adds the same difference at every
step. Smeaton, Over & Doherty, "Video shot boundary detection: Seven years of TRECVid activity",
Computer Vision and Image Understanding 114, 2010, tell what is easily mistaken for what.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from synth.flow.dissolve import Dissolves
from synth.flow.glance import Glance, Looker, Seen
from synth.flow.model import Join

FLAT: Final = 3.0
"""Contrast below which a picture shows nothing, codes."""

_CUT_SLOPE: Final = 0.77
_CUT_OFFSET: Final = 0.155
"""A pair is a cut when its likeness is below slope * usual - offset, where usual is the median
likeness around it: a logistic regression on 500 cuts and 2500 pairs without a cut, between shots
of real footage with up to threefold speed, dimmed to a quarter, and with noise."""

_USUAL: Final = 0.9
"""Likeness that is expected where nothing around the pair moves."""

_SURE: Final = 0.6
"""Quick likeness above which a pair is never a cut; careful looking costs ten times as much."""

_FLASH_SECONDS: Final = 0.2
"""Longest burst of light; a longer one is a scene of its own."""

_LEAP: Final = (20.0, 45.0)
"""Change of a cell's brightness that makes a flash, codes: in steady light, and at most."""

_FLICKERS: Final = 3.0
"""A flash is at least this many times as strong as the light's usual flicker."""

_LEAP_SHARE: Final = 0.45
"""Least share of the picture that a flash lights up."""


class Judge:
    """Tells joins from a stretch of glances; one per clip."""

    def __init__(self, looker: Looker, *, rate: float, ahead: int) -> None:
        """Judge a clip of ``rate`` pictures a second with ``looker``'s eyes.

        ``ahead`` is how many pictures behind the judged one are seen while the clip goes on.
        """
        self._looker = looker
        self._ahead = ahead
        self._moved = -1
        self._flash = min(max(round(rate * _FLASH_SECONDS), 2), 8)
        self._dissolves = Dissolves(looker, pace=min(max(round(rate / 8.0), 2), 5))
        self._known: dict[tuple[int, int], float] = {}

    def join(self, seen: Sequence[Seen], at: int) -> Join:
        """How ``seen[at - 1]`` leads to ``seen[at]``; ``at`` is at least 1.

        The stretch reaches as far back and ahead as is known; the further, the surer. Pairs are
        judged in the order of time.
        """
        join = self._join(seen, at)
        if join == "motion" or (join == "still" and self._moved == seen[at - 1].number):
            self._moved = seen[at].number
        return join

    def _join(self, seen: Sequence[Seen], at: int) -> Join:
        before, after = seen[at - 1].glance, seen[at].glance
        if is_still(seen, at):
            return "still"
        if self._in_flash(seen, at):
            return "flash"
        if _in_ramp(seen, at):
            return "motion" if self._slowly(seen, at) else "fade"
        if min(before.contrast, after.contrast) < FLAT:
            both = max(before.contrast, after.contrast) < FLAT
            return "fade" if both and abs(before.level - after.level) < 32.0 else "cut"
        if self._is_cut(seen, at):
            return "cut"
        return "fade" if self._dissolves.through(seen, at) else "motion"

    def _slowly(self, seen: Sequence[Seen], at: int) -> bool:
        """Whether a ramp is so long that one of its ends was not seen when the other was judged.

        What began as motion stays motion, and what rises for longer than is seen will be.
        """
        if min(seen[at - 1].glance.contrast, seen[at].glance.contrast) < FLAT:
            return False
        if self._moved == seen[at - 1].number and (
            (at >= 2 and _sinks(seen[at - 2 :])) or _sinks(seen[at - 1 :: -1])
        ):
            return True
        return at + self._ahead < len(seen) and _sinks(seen[at::-1]) and _sinks(seen[::-1])

    def _alike(self, one: Seen, other: Seen) -> float:
        key = one.number, other.number
        if key not in self._known:
            if len(self._known) > 256:
                self._known.clear()
            self._known[key] = self._looker.likeness(one.glance, other.glance)
        return self._known[key]

    def _is_cut(self, seen: Sequence[Seen], at: int) -> bool:
        if seen[at].change.likeness > _SURE:
            return False
        likeness = self._alike(seen[at - 1], seen[at])
        return likeness < _CUT_SLOPE * self._usual(seen, at) - _CUT_OFFSET

    def _usual(self, seen: Sequence[Seen], at: int) -> float:
        """Median likeness of the moving pairs around one."""
        earlier = [i for i in range(at - 1, max(0, at - 9), -1) if not is_still(seen, i)][:3]
        later = [i for i in range(at + 1, min(at + 9, len(seen))) if not is_still(seen, i)][:3]
        near = [self._alike(seen[i - 1], seen[i]) for i in (*earlier, *later)]
        return float(np.median(near)) if len(near) > 1 else _USUAL

    def _in_flash(self, seen: Sequence[Seen], at: int) -> bool:
        leap = _leap_of(seen, at)
        for start in range(at, max(0, at - self._flash - 1), -1):
            if _share(seen[start - 1], seen[start], leap) < _LEAP_SHARE:
                continue
            for end in range(max(start + 1, at), min(start + self._flash + 1, len(seen))):
                if _burst(seen, start, end, leap) and self._same_scene(seen, start - 1, end):
                    return True
        return False

    def _same_scene(self, seen: Sequence[Seen], one: int, other: int) -> bool:
        return self._alike(seen[one], seen[other]) > 0.35


def is_still(seen: Sequence[Seen], at: int) -> bool:
    """Whether ``seen[at]`` shows again what ``seen[at - 1]`` showed, but for coding noise.

    The noise is judged by the motion around the pair: a slow pan has no still pairs however little
    it moves, and a repeated picture of a fast one may be coded roughly.
    """
    change = seen[at].change
    if change.stir < 0.5:
        return True
    if change.stir > 6.0 or change.difference > 2.0:
        return False
    # A cut, a flash or a fade nearby is not the scene's own motion.
    near = [
        other.change
        for one, other in pairwise(seen[max(0, at - 7) : at + 7])
        if abs(other.glance.level - one.glance.level) < 4.0 and other.change.likeness > 0.3
    ]
    stir = max((one.stir for one in near), default=0.0)
    difference = max((one.difference for one in near), default=0.0)
    return change.stir < 0.12 * stir and change.difference < 0.2 * difference


def _leap_of(seen: Sequence[Seen], at: int) -> float:
    """By how many codes a cell has to change for a flash, where light flickers as it does here."""
    levels = [one.glance.level for one in seen[max(0, at - 10) : at + 10]]
    return float(np.clip(_FLICKERS * np.median(np.abs(np.diff(levels))), *_LEAP))


def _share(one: Seen, other: Seen, leap: float) -> float:
    """Share of the picture whose brightness leaps the same way."""
    if one.glance.coarse.shape != other.glance.coarse.shape:
        return 0.0
    step = other.glance.coarse - one.glance.coarse
    return float(max((step > leap).mean(), (step < -leap).mean()))


def _burst(seen: Sequence[Seen], start: int, end: int, leap: float) -> bool:
    """Whether all pictures from ``start`` to before ``end`` are lit otherwise than both sides."""
    before, after = seen[start - 1].glance.coarse, seen[end].glance.coarse
    if before.shape != after.shape:
        return False
    brighter, darker = np.maximum(before, after) + leap, np.minimum(before, after) - leap
    up = [float((one.glance.coarse > brighter).mean()) for one in seen[start:end]]
    down = [float((one.glance.coarse < darker).mean()) for one in seen[start:end]]
    return max(min(up), min(down)) >= _LEAP_SHARE


def _in_ramp(seen: Sequence[Seen], at: int) -> bool:
    """Whether the picture sinks into an even surface, or rises from one, through this pair."""
    longer = at >= 2 and seen[at].glance.contrast < FLAT and _sinks(seen[at - 2 :])
    earlier = (
        at + 1 < len(seen) and seen[at - 1].glance.contrast < FLAT and _sinks(seen[at + 1 :: -1])
    )
    return longer or earlier or _sinks(seen[at - 1 :]) or _sinks(seen[at::-1])


def _sinks(run: Sequence[Seen]) -> bool:
    """Whether a run of pictures sinks evenly into a flat one, in two steps or more.

    It is followed backwards from the flat picture: all cells must come from its level in the same
    measure, by steps that neither stop nor leap; motion may upset one in three.
    """
    flat = next((i for i, one in enumerate(run) if one.glance.contrast < FLAT), 0)
    while 0 < flat < len(run) - 1 and _still_sinking(run[flat - 1 : flat + 2]):
        flat += 1
    if flat < 2:
        return False
    level = run[flat].glance.level
    steps: list[float] = []
    odd = 0
    for one, other in zip(run[flat - 1 :: -1], run[flat:0:-1], strict=True):
        step = _depth(one.glance, level) - _depth(other.glance, level)
        usual = float(np.median(steps)) if steps else step
        if step < max(0.35 * usual, 0.3) or step > 3.0 * usual + 4.0:
            return False
        steps.append(step)
        odd += not _dims_alike(one.glance, other.glance, level)
        if odd * 3 > len(steps):
            return False
    return True


def _still_sinking(three: Sequence[Seen]) -> bool:
    """Whether a flat picture only leads on to another, as when a pale one sinks into black."""
    first, second, third = (one.glance for one in three)
    step, following = second.level - first.level, third.level - second.level
    return third.contrast < FLAT and abs(following) > 1.5 and step * following > 0.0


def _depth(picture: Glance, level: float) -> float:
    """How far a picture is from an even surface, codes (root mean square)."""
    return float(np.sqrt(np.mean((picture.coarse - level) ** 2)))


def _dims_alike(before: Glance, after: Glance, level: float) -> bool:
    """Whether all cells go towards ``level`` in the same measure."""
    if before.coarse.shape != after.coarse.shape:
        return False
    one, other = before.coarse - level, after.coarse - level
    energy = max(float((one * one).sum()), 1.0)
    gain = float((one * other).sum()) / energy
    left = other - gain * one
    return float((left * left).sum()) < 0.06 * energy + 4.0 * one.size
