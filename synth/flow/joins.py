"""What joins each picture of a clip to the one before it, told from glances on both sides.

A cut is a change that neither motion nor light explains, that stands out from those around it,
and after which nothing comes back. A flash is one after which everything does. A fade is a ramp of
contrast that ends in an even surface; a dissolve one picture growing into another, the same
difference added at every step. The first kind of change alone was used by most detectors since
Zhang, Kankanhalli & Smoliar, "Automatic partitioning of full-motion video", Multimedia Systems 1,
1993; see Smeaton, Over & Doherty, "Video shot boundary detection: Seven years of TRECVid
activity", Computer Vision and Image Understanding 114, 2010, for what it mistakes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from synth.flow.glance import Change, Glance, Looker
from synth.flow.model import Join

FLAT: Final = 3.0
"""Contrast below which a picture shows nothing, codes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A glance in its place in the clip."""

    glance: Glance
    change: Change
    """From the picture before; for the first one, from itself."""


class Judge:
    """Tells joins from a stretch of glances; one per clip."""

    def __init__(self, looker: Looker, *, flash: int) -> None:
        """Judge with ``looker``'s eyes; a burst of light lasts up to ``flash`` pictures."""
        self._looker = looker
        self._flash = flash

    def join(self, seen: Sequence[Seen], at: int) -> Join:
        """How ``seen[at - 1]`` leads to ``seen[at]``; at least 1.

        The stretch reaches as far back and ahead as is known; the further, the surer.
        """
        here = seen[at]
        before, after = seen[at - 1].glance, here.glance
        if before.contrast < FLAT and after.contrast < FLAT:
            return "still" if abs(before.level - after.level) < 1.5 else "fade"
        if _is_still(seen, at):
            return "still"
        if self._in_flash(seen, at):
            return "flash"
        if before.contrast < FLAT or after.contrast < FLAT:
            return "fade" if _ramp(seen, at) else "cut"
        if _ramp(seen, at):
            return "fade"
        if self._is_cut(seen, at):
            return "cut"
        return "motion"

    def _is_cut(self, seen: Sequence[Seen], at: int) -> bool:
        change = seen[at].change
        around = sorted(
            one.change.residual
            for place, one in enumerate(seen[max(1, at - 4) : at + 5], max(1, at - 4))
            if place != at
        )
        usual = around[len(around) // 2] if around else 0.0
        if change.likeness > 0.6 or change.residual < 2.0 * usual + 3.0:
            return False
        return not self._comes_back(seen, at)

    def _comes_back(self, seen: Sequence[Seen], at: int) -> bool:
        """Whether what was before the change is seen again soon after it."""
        for later in range(at + 1, min(at + 1 + self._flash, len(seen))):
            if self._looker.compare(seen[at - 1].glance, seen[later].glance).likeness > 0.75:
                return True
        return False

    def _in_flash(self, seen: Sequence[Seen], at: int) -> bool:
        return False


def _is_still(seen: Sequence[Seen], at: int) -> bool:
    change = seen[at].change
    if change.stir < 0.5:
        return True
    if change.stir > 6.0 or change.difference > 1.0:
        return False
    near = [one.change for one in seen[max(1, at - 4) : at + 5]]
    liveliest = max(one.stir for one in near)
    return change.stir < 0.12 * liveliest


def _ramp(seen: Sequence[Seen], at: int) -> bool:
    """Whether contrast runs evenly down to nothing, or up from it, through this step."""
    contrasts = [one.glance.contrast for one in seen]
    step = contrasts[at] - contrasts[at - 1]
    if abs(step) < 0.2:
        return False
    if step < 0:
        return _falls_flat(contrasts[at - 1 :])
    return _falls_flat(contrasts[at::-1])


def _falls_flat(contrasts: Sequence[float]) -> bool:
    """Whether a run of contrasts falls, in three steps or more, until nothing is left."""
    for place in range(1, len(contrasts)):
        if contrasts[place] > contrasts[place - 1] + 0.3:
            return False
        if contrasts[place] < FLAT:
            return place >= 2
    return False
