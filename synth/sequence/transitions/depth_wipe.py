"""The depth wipe: the next shot comes in by distance, the far parts first or the near ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.control import CancelToken
from synth.media.planes import Planes
from synth.sequence.storyboard import Way
from synth.sequence.transitions.mixing import blurred, matted, smooth
from synth.sequence.transitions.redraw import Surroundings
from synth.sequence.transitions.side import Side, pairs, progress

SOFTNESS: Final = 0.22
"""Width of the border, as a share of all it passes over."""

ESTIMATED: Final = 1.8
"""How much wider it is where depth is estimated."""

_BINS: Final = 96
_STEEPEST: Final = 3.0
"""Most that a range of distances is stretched: a sky with a little noise stays one thing."""

_BESIDE: Final = 0.2
"""How much the coming shot's depth says, where the going one's decides."""

_BLUR: Final = 0.04
"""How far that is softened, as a share of the width: its outlines would show before its things."""


class Ranks:
    """Distances in order, so that about as much of a picture lies in each part of the range.

    It is histogram equalisation with a limit on its slope (Pizer et al. 1987,
    https://doi.org/10.1016/S0734-189X(87)80186-X), over the whole picture.
    """

    def __init__(self, nearness: NDArray[np.float32]) -> None:
        """``nearness`` is the inverse depth of a picture, any shape."""
        low, high = (float(value) for value in np.quantile(nearness, (0.005, 0.995)))
        high = max(high, low + 1e-4)
        counts, self._edges = np.histogram(np.clip(nearness, low, high), _BINS, (low, high))
        counts = np.minimum(counts, _STEEPEST * counts.sum() / _BINS)
        self._ranks = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()

    def of(self, nearness: NDArray[np.float32]) -> NDArray[np.float32]:
        """0 for the farthest to 1 for the nearest, of any inverse depth."""
        return np.interp(nearness, self._edges, self._ranks).astype(np.float32)


def border(field: NDArray[np.float32], share: float, softness: float) -> NDArray[np.float32]:
    """A matte that has passed all of ``field`` below a threshold, with a soft edge.

    Args:
        field: when each pixel's turn comes, 0 first and 1 last, any shape.
        share: how far the threshold has come, 0 to 1: at 0 nothing is passed, at 1 everything.
        softness: width of the edge in the field's terms.
    """
    reached = (share * (1.0 + softness) - field) / softness
    return smooth(np.asarray(reached, np.float32))


def edge_width(width: float, stage: Stage) -> float:
    """The width of a border through a stage's depth: wider where that is only estimated, whose
    steps are not all there."""
    return width * ESTIMATED if stage.scene.loose else width


def softened(matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """A matte without stairs along its outlines."""
    return blurred(matte, 1.2)


def depth_wiped(way: Way, a: Side, b: Side, cancel: CancelToken) -> Iterator[Planes]:
    """The frames of a depth wipe; see ``draw_transition``.

    Where the going shot has depth, the border runs along the outlines of its things, and the
    coming one's depth only says what comes first within them. Where it has none, the coming
    shot's things decide.
    """
    known = [(side, stage) for side in (a, b) if (stage := side.stage()) is not None]
    fields = [
        _Field(stage, side.take.first, way, comes=side is b, alone=len(known) == 1)
        for side, stage in known
    ]
    softness = edge_width(SOFTNESS, fields[0].stage)
    for index, ((one, other), share) in enumerate(
        zip(pairs(a, b, cancel), progress(way), strict=True)
    ):
        turn = fields[0].turn(index)
        if len(fields) == 2:
            turn = (1.0 - _BESIDE) * turn + _BESIDE * fields[1].turn(index)
        matte = border(np.asarray(turn, np.float32), float(share), softness)
        yield matted(one, other, softened(matte))


class _Field:
    """When the pixels of one side have their turn, by their distance."""

    def __init__(self, stage: Stage, first: int, way: Way, *, comes: bool, alone: bool) -> None:
        self.stage = stage
        self._depths = Surroundings(stage)
        self._first = first
        self._comes = comes
        self._alone = alone
        self._reverse = way.reverse
        self._ranks = Ranks(self._depths.nearness(float(first + way.frames // 2)))

    def turn(self, index: int) -> NDArray[np.float32]:
        """0 first to 1 last, in frame ``index`` of the transition, (h, w)."""
        rank = self._ranks.of(self._depths.nearness(float(self._first + index)))
        if self._comes and self._alone:
            # The soft edge of a near thing comes with the thing.
            rank = np.asarray(cv2.dilate(rank, np.ones((3, 3), np.uint8)), np.float32)
        elif self._comes:
            rank = blurred(rank, _BLUR * rank.shape[1])
        return 1.0 - rank if self._reverse else rank
