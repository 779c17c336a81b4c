"""What is known of the motion between neighbouring anchors, found ahead of time and once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow import choose
from synth.flow.dense import DenseFlow, FlowGrade, smaller
from synth.flow.model import Anchor, Window
from synth.flow.weave import MARGIN, RUNS
from synth.media.planes import Planes

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_F = np.float32

_KEPT = 8
"""Pictures, and pairs of them, remembered: more than a window with its surroundings."""
_BLUR, _DRIFT = 8.0, 0.25
"""Trust in a cell's motion; see ``choose.trust``."""


@dataclass(frozen=True)
class Picture:
    """An anchor, prepared."""

    planes: Planes
    """The anchor's own."""
    smaller: NDArray[np.uint8]
    """Its brightness at the size that motion is found at."""
    brightness: NDArray[np.uint8]
    """(1, H', W') its plane with a margin, as ``synth.flow.weave`` wants it."""
    colour: NDArray[np.uint8]
    """(2, h', w') its planes of colour, likewise."""


@dataclass(frozen=True)
class Leg:
    """Motion from one anchor to a neighbour, on the grid of cells."""

    grid: NDArray[np.float32]
    """(h, w, 2) pixels of the smaller picture."""
    weight: NDArray[np.float32]
    """(h, w) how far it is trusted, above 0."""


class MotionBook:
    """Pictures and legs of one clip, forgotten once the clip has gone on.

    Methods are called from one thread; the flow itself is found in the executor's, both ways at
    once, and what is asked for early is found while other work goes on.
    """

    def __init__(self, threads: Executor, grade: FlowGrade, shrink: int) -> None:
        """``shrink`` as of ``synth.flow.dense.shrink_of``."""
        self._threads = threads
        self._shrink = shrink
        self._grade = grade
        self._finders: SimpleQueue[DenseFlow] = SimpleQueue()
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._flows: OrderedDict[tuple[int, int], Future[NDArray[np.float32]]] = OrderedDict()
        self._legs: OrderedDict[tuple[int, int], Leg] = OrderedDict()

    def knows(self, window: Window) -> bool:
        """Whether a window is of the clip that is known, and not another with the same numbers."""
        for anchor in (*window.before, window.first, window.second, *window.after):
            found = self._pictures.get(anchor.number)
            if found is not None and found.planes is not anchor.planes:
                return False
        return True

    def picture(self, anchor: Anchor) -> Picture:
        """The prepared picture of an anchor."""
        found = self._pictures.get(anchor.number)
        if found is None:
            planes = anchor.planes
            small = smaller(planes.y, self._shrink)
            found = Picture(planes, small, _padded(planes.y), _padded(planes.u, planes.v))
            _remember(self._pictures, anchor.number, found, _KEPT)
        return found

    def look(self, chain: Sequence[Anchor]) -> None:
        """Begin to find the motion between all neighbours of a chain."""
        for place in range(len(chain) - 1):
            one, two = chain[place], chain[place + 1]
            ways = (one.number, two.number), (two.number, one.number)
            if ways[0] in self._flows:
                continue
            last, pace = None, 1.0
            if place:
                previous = chain[place - 1]
                last = self._flows.get((one.number, previous.number))
                pace = float((two.time - one.time) / (one.time - previous.time))
            pictures = self.picture(one).smaller, self.picture(two).smaller
            for way, sign in zip(ways, (-1, 1), strict=True):
                # What moved so far is a guess at how it goes on.
                task = self._threads.submit(self._find, pictures[::-sign], last, sign * pace)
                _remember(self._flows, way, task, 2 * _KEPT)

    def legs(self, pairs: Sequence[tuple[Anchor, Anchor]]) -> list[Leg]:
        """The motion from each first to each second; waits until it is found."""
        keys = [(start.number, end.number) for start, end in pairs]
        tasks = {}
        for key, (start, end) in zip(keys, pairs, strict=True):
            if key not in self._legs:
                there, back = (
                    self._flows[key].result(),
                    self._flows[end.number, start.number].result(),
                )
                ends = self.picture(start).smaller, self.picture(end).smaller
                tasks[key] = self._threads.submit(_leg, *ends, there, back)
        for key, task in tasks.items():
            _remember(self._legs, key, task.result(), 2 * _KEPT)
        return [self._legs[key] for key in keys]

    def clear(self) -> None:
        """Forget everything."""
        self._pictures.clear()
        self._flows.clear()
        self._legs.clear()

    def _find(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        last: Future[NDArray[np.float32]] | None,
        pace: float,
    ) -> NDArray[np.float32]:
        # It was submitted earlier to the same threads, so it is found or being found.
        guess = None if last is None else last.result() * _F(pace)
        try:
            finder = self._finders.get_nowait()
        except Empty:
            finder = DenseFlow(self._grade)
        try:
            return finder(pictures[0], pictures[1], guess)
        finally:
            self._finders.put(finder)


def _padded(*planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = planes[0].shape
    sides = (MARGIN, MARGIN, MARGIN, MARGIN + -width % RUNS[1])
    shape = (len(planes), height + sides[0] + sides[1], width + sides[2] + sides[3])
    out = np.empty(shape, np.uint8)
    for plane, place in zip(planes, out, strict=True):
        cv2.copyMakeBorder(plane, *sides, cv2.BORDER_REPLICATE, dst=place)
    return out


def _leg(
    here: NDArray[np.uint8],
    there: NDArray[np.uint8],
    flow: NDArray[np.float32],
    back: NDArray[np.float32],
) -> Leg:
    height, width = (-(-side // choose.STEP) for side in here.shape)
    grid = np.empty((height, width, 2), np.float32)
    weight = np.empty((height, width), np.float32)
    choose.trust(here, there, flow, back, _F(_BLUR), _F(_DRIFT), grid, weight)
    return Leg(grid, weight)


def _remember(memory: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    memory[key] = value
    while len(memory) > most:
        memory.popitem(last=False)
