"""What joins each picture of a clip to the one before it, told from glances on both sides.

A cut is a change that neither motion nor light explains and that stands out from its surroundings.
A flash is a leap of the light all over the picture, after which the same things are seen. A fade
is a ramp of contrast that ends in an even surface; a dissolve adds the same difference at every
step. Smeaton, Over & Doherty, "Video shot boundary detection: Seven years of TRECVid activity",
Computer Vision and Image Understanding 114, 2010, tell what is easily mistaken for what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from synth.flow.glance import Change, Glance, Looker
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

_LEAP: Final = 20.0
"""Change of a cell's brightness that can belong to a flash, codes."""

_LEAP_SHARE: Final = 0.45
"""Least share of the picture that a flash lights up."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A glance in its place in the clip."""

    number: int
    """Which picture, from 0."""
    glance: Glance
    """What it looks like."""
    change: Change
    """From the picture before; for the first one, from itself."""


class Judge:
    """Tells joins from a stretch of glances; one per clip."""

    def __init__(self, looker: Looker, *, flash: int) -> None:
        """Judge with ``looker``'s eyes; a burst of light lasts up to ``flash`` pictures."""
        self._looker = looker
        self._flash = flash
        self._known: dict[tuple[int, int], float] = {}

    def join(self, seen: Sequence[Seen], at: int) -> Join:
        """How ``seen[at - 1]`` leads to ``seen[at]``; ``at`` is at least 1.

        The stretch reaches as far back and ahead as is known; the further, the surer.
        """
        before, after = seen[at - 1].glance, seen[at].glance
        if is_still(seen, at):
            return "still"
        if self._in_flash(seen, at):
            return "flash"
        if _in_ramp(seen, at):
            return "fade"
        if min(before.contrast, after.contrast) < FLAT:
            both = max(before.contrast, after.contrast) < FLAT
            return "fade" if both and abs(before.level - after.level) < 32.0 else "cut"
        return "cut" if self._is_cut(seen, at) else "motion"

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
        for start in range(at, max(0, at - self._flash - 1), -1):
            if _leap(seen[start - 1], seen[start]) < _LEAP_SHARE:
                continue
            for end in range(max(start + 1, at), min(start + self._flash + 1, len(seen))):
                if _burst(seen, start, end) and self._same_scene(seen, start - 1, end):
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
    if change.stir > 6.0 or change.difference > 1.0:
        return False
    liveliest = max(one.change.stir for one in seen[max(1, at - 4) : at + 5])
    return change.stir < 0.12 * liveliest


def _leap(one: Seen, other: Seen) -> float:
    """Share of the picture whose brightness leaps the same way."""
    if one.glance.coarse.shape != other.glance.coarse.shape:
        return 0.0
    step = other.glance.coarse - one.glance.coarse
    return float(max((step > _LEAP).mean(), (step < -_LEAP).mean()))


def _burst(seen: Sequence[Seen], start: int, end: int) -> bool:
    """Whether all pictures from ``start`` to before ``end`` are lit otherwise than both sides."""
    before, after = seen[start - 1].glance.coarse, seen[end].glance.coarse
    if before.shape != after.shape:
        return False
    brighter, darker = np.maximum(before, after) + _LEAP, np.minimum(before, after) - _LEAP
    up = [float((one.glance.coarse > brighter).mean()) for one in seen[start:end]]
    down = [float((one.glance.coarse < darker).mean()) for one in seen[start:end]]
    return max(min(up), min(down)) >= _LEAP_SHARE


def _in_ramp(seen: Sequence[Seen], at: int) -> bool:
    """Whether the picture sinks into an even surface, or rises from one, through this pair."""
    sinking, rising = seen[at - 1 :], seen[at::-1]
    return _sinks(sinking) or _sinks(rising)


def _sinks(run: Sequence[Seen]) -> bool:
    """Whether a run of pictures sinks evenly into a flat one, from its very first pair on.

    It is followed backwards from the flat picture: all cells must come from its level in the same
    measure, by steps that neither stop nor leap; motion may upset one in three.
    """
    flat = next((i for i, one in enumerate(run) if one.glance.contrast < FLAT), 0)
    while 0 < flat < len(run) - 1 and _still_sinking(run[flat - 1 : flat + 2]):
        flat += 1
    if flat < 2:
        # From one moment to the next is a cut; a single step more is the end of a longer ramp.
        return flat == 1 and len(run) > 1 and _nearly_flat(run[0].glance, run[1].glance)
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


def _nearly_flat(picture: Glance, flat: Glance) -> bool:
    """Whether a picture is the last of a ramp to a flat one."""
    return picture.contrast < 3.0 * FLAT and abs(picture.level - flat.level) < 32.0


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
