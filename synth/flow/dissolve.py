"""Dissolves: one picture growing out of another.

In a dissolve each picture is a mixture of an earlier and a later one, and those two have nothing in
common that moved; in motion it is one or the other. (Mixtures as the mark of a dissolve: Lienhart,
"Reliable transition detection in videos: A survey and practitioner's guide", International Journal
of Image and Graphics 1, 2001.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow.glance import Glance, Looker, Seen

_BASE: Final = 12.0
_RESIDUE: Final = 10.9
_LIKENESS: Final = 13.0
"""A logistic regression on 1300 pictures of dissolves between real shots and 300 others: score =
base - residue * what a mixture leaves unexplained - likeness * how alike the far pictures are."""

_SURE: Final = 1.5
"""Mean score of six pictures that makes a dissolve; four of 6900 pictures without one reach it."""

_WHOLLY: Final = 4.0
"""Score that one picture counts for at most, either way."""

_MOST_RESIDUE: Final = 0.45
"""A mixture leaves less than this unexplained; whirling pictures leave more."""

_EXACT: Final = 0.1
_UNMOVED: Final = 0.88
_APART: Final = 5.0
_RELIT: Final = 0.9
"""A dissolve of two resting pictures: mixed almost exactly, at least so much of the difference
left by the flow, at least so many codes apart, and not a mere change of contrast (its share)."""

_MIXED: Final = (0.2, 0.8)
"""Weights of the later picture between which it is mixed."""


class Dissolves:
    """Finds dissolves in a stretch of glances; one per clip."""

    def __init__(self, looker: Looker, *, pace: int) -> None:
        """``pace`` is how many pictures make about an eighth of a second, at least 2."""
        self._looker = looker
        self._near = max(2, pace)
        self._far = self._near + self._near // 2 + 1
        self._scores: dict[int, float] = {}

    @property
    def reach(self) -> int:
        """How many pictures from a dissolve's middle are looked at, either way."""
        return self._far

    def through(self, seen: Sequence[Seen], at: int) -> bool:
        """Whether ``seen[at - 1]`` leads to ``seen[at]`` in the middle of a dissolve."""
        if self._score(seen, at) <= 0.0 or self._score(seen, at - 1) <= 0.0:
            return False
        for direction in (-1, 1):
            middle = at
            while abs(middle - at) <= self._far and self._score(seen, middle) > 0.0:
                scores = [self._score(seen, i) for i in range(middle - 3, middle + 3)]
                if sum(scores) > _SURE * len(scores):
                    return True
                middle += direction
        return False

    def _score(self, seen: Sequence[Seen], at: int) -> float:
        """How much one picture looks like the middle of a dissolve; above 0, more than not."""
        if not self._far <= at < len(seen) - self._far:
            return 0.0 if 0 <= at < len(seen) else -_WHOLLY
        number = seen[at].number
        if number not in self._scores:
            if len(self._scores) > 256:
                self._scores.clear()
            score = self._measured(seen, at)
            self._scores[number] = min(max(score, -_WHOLLY), _WHOLLY)
        return self._scores[number]

    def _measured(self, seen: Sequence[Seen], at: int) -> float:
        near, far = self._near, self._far
        if len({one.glance.small.shape for one in seen[at - far : at + far + 1]}) > 1:
            return -_WHOLLY
        near_weight, residue = _mixture(seen[at - near], seen[at], seen[at + near])
        if not _MIXED[0] < near_weight < _MIXED[1] or residue > _MOST_RESIDUE:
            return -_WHOLLY
        far_weight, far_residue = _mixture(seen[at - far], seen[at], seen[at + far])
        if not _MIXED[0] - 0.05 < far_weight < _MIXED[1] + 0.05:
            return -_WHOLLY
        first, last = seen[at - far].glance, seen[at + far].glance
        if max(residue, far_residue) < _EXACT and self._steady(first, last):
            return _WHOLLY
        quick = self._looker.likeness(first, last, careful=False)
        if _BASE - _RESIDUE * residue - _LIKENESS * quick < -1.0:
            return -_WHOLLY
        likeness = max(quick, self._looker.likeness(first, last))
        return _BASE - _RESIDUE * residue - _LIKENESS * likeness

    def _steady(self, first: Glance, last: Glance) -> bool:
        """Whether neither motion nor light makes one picture of the other, though they differ."""
        apart = float(cv2.absdiff(first.small, last.small).mean())
        if apart < _APART:
            return False
        moved = self._looker.moved(first, last)
        if float(cv2.absdiff(moved, last.small).mean()) < _UNMOVED * apart:
            return False
        one = first.small.astype(np.float32) - first.level
        step = last.small.astype(np.float32) - last.level - one
        shared = float((one * step).sum()) ** 2
        return shared < _RELIT * float((one * one).sum()) * float((step * step).sum())


def _mixture(before: Seen, middle: Seen, after: Seen) -> tuple[float, float]:
    """The later picture's share in the middle one, and what is left over.

    What is left is given as a share of what the two outer pictures differ by.
    """
    first, second = _coarse(before), _coarse(middle)
    apart = _coarse(after) - first
    apart -= apart.mean()
    step = second - first
    step -= step.mean()
    energy = float((apart * apart).sum())
    weight = float((apart * step).sum()) / (energy + 1e-3)
    left = step - weight * apart
    return weight, float(np.sqrt((left * left).sum() / (energy + left.size)))


def _coarse(one: Seen) -> NDArray[np.float32]:
    small = one.glance.small
    height, width = (max(1, side // 4) for side in small.shape)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
