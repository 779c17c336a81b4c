"""Frames between frames by optical flow: where everything goes, and what it looks like half-way.

From two pictures comes dense motion in both directions (``synth.flow.dense``); it is carried to
the wanted moment along curved paths (``splat``), each cell takes the motion that both pictures
agree on (``choose``), and the pixels are moved and mixed (``weave``). Where the two sides still
disagree, they are mixed unmoved: soft instead of wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow import choose, splat
from synth.flow.dense import FlowGrade, shrink_of
from synth.flow.legs import Leg, MotionBook, Picture
from synth.flow.model import Between, Window
from synth.flow.overlay import OverlayFinder
from synth.flow.weave import FIELD, MARGIN, RUNS, WEAVE
from synth.media.planes import Planes

_F = np.float32
_THREADS = 2
"""Beside the caller's own."""
_LANDED = 0.05
"""Sum of weights below which nothing landed in a cell."""
_SEEN = 0.3
"""Sum of weights from which a cell counts as seen."""
_BESIDE = 5
"""Cells about an overlay whose motion it may have held."""
_LOST, _SURE = 0.1, 0.4
"""Trust below which motion is taken from the other side, and from which that may be taken."""
_AROUND = 5
"""Blocks of cells, each way, whose change of motion a cell shares, ..."""
_VARIED = 2.0
"""... unless it varies by more, pixels of the smaller picture squared."""
_SHARPNESS, _LOW, _HIGH = 8.0, 5.0, 18.0
"""Levels of disagreement; see ``choose.settle``."""


@dataclass(frozen=True)
class Grade:
    """The knobs of one mode."""

    flow: FlowGrade
    """How motion is found."""
    cubic: bool
    """Whether brightness is sampled with cubics."""


GRADES: Final = MappingProxyType(
    {
        "fast": Grade(FlowGrade(finest=1, descents=12, stride=4, refinements=1), cubic=True),
        "quality": Grade(FlowGrade(finest=0, descents=12, stride=5, refinements=1), cubic=True),
    }
)


class FlowInterpolator:
    """Makes the pictures between two others; see ``synth.flow.model.Interpolator``."""

    def __init__(self, mode: Literal["fast", "quality"], size: tuple[int, int]) -> None:
        """``size`` is the width and height of every picture, pixels."""
        grade = GRADES[mode]
        self._cubic = grade.cubic
        self._shrink = shrink_of(*size)
        self._threads = ThreadPoolExecutor(_THREADS, "interpolate")
        self._overlays = OverlayFinder()
        self._resting: tuple[int, Future[NDArray[np.uint8] | None]] | None = None
        self._rooms: SimpleQueue[_Room] = SimpleQueue()
        self._book = MotionBook(self._threads, grade.flow, self._shrink)

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        """The pictures at ``times``, each strictly between 0 and 1."""
        if not times:
            return []
        first, second = window.first, window.second
        before, after = window.before[:1], window.after[:1]
        if not self._book.knows(window):
            self._book.clear()
            self._overlays, self._resting = OverlayFinder(), None
        self._book.look([*before, first, second, *after])
        overlay = self._overlay(window)
        ways = [(first, second), (second, first)]
        ways += [(first, anchor) for anchor in before] + [(second, anchor) for anchor in after]
        onward, back, *beyond = self._book.legs(ways)
        bend_onward, bend_back = np.zeros_like(onward.grid), np.zeros_like(back.grid)
        interval = second.time - first.time
        if before:
            ratio = (first.time - before[0].time) / interval
            onward, bend_onward = _bend(onward, beyond[0], float(ratio))
        if after:
            ratio = (after[0].time - second.time) / interval
            back, bend_back = _bend(back, beyond[-1], float(ratio))
        scene = _Scene(
            self._book.picture(first), self._book.picture(second), onward, back,
            bend_onward, bend_back, bool(before) and bool(after), overlay.result(), first.planes,
            self._shrink, self._cubic, self._rooms,
        )  # fmt: skip
        others = [self._threads.submit(scene.picture, time) for time in times[1:]]
        # The next window's motion, for whichever thread has nothing else to do.
        self._book.look([second, *window.after])
        return [scene.picture(times[0]), *(task.result() for task in others)]

    def _overlay(self, window: Window) -> Future[NDArray[np.uint8] | None]:
        """What rests over a window; looked for in every other one, since titles stay for longer."""
        number = window.first.number
        kept = self._resting
        if kept and window.before and number % 2 and kept[0] == window.before[0].number:
            return kept[1]
        around = [*window.before[::-1], window.first, window.second, *window.after]
        found = self._threads.submit(self._overlays.mask, around)
        self._resting = number, found
        return found

    def close(self) -> None:
        """Let go of threads and memory."""
        self._threads.shutdown(cancel_futures=True)
        self._book.clear()


class _Room:
    """Memory to work in, used again for picture after picture: fresh pages cost a tenth more."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, tuple[int, ...]], NDArray[np.float32]] = {}

    def array(self, name: str, *shape: int) -> NDArray[np.float32]:
        """An array that holds whatever was left in it."""
        found = self._arrays.get((name, shape))
        if found is None:
            found = self._arrays[name, shape] = np.empty(shape, np.float32)
        return found


@dataclass(frozen=True)
class _Scene:
    """Two prepared pictures and all that is known of their motion."""

    first: Picture
    second: Picture
    onward: Leg
    back: Leg
    bend_onward: NDArray[np.float32]
    bend_back: NDArray[np.float32]
    both_bent: bool
    overlay: NDArray[np.uint8] | None
    original: Planes
    shrink: int
    cubic: bool
    rooms: SimpleQueue[_Room]

    def picture(self, time: float) -> Between:
        """The picture at ``time``, between 0 and 1."""
        try:
            room = self.rooms.get_nowait()
        except Empty:
            room = _Room()
        try:
            return self._picture(time, room)
        finally:
            self.rooms.put(room)

    def _picture(self, time: float, room: _Room) -> Between:
        field, doubt = self._field(time, room)
        brightness = np.empty((1, *self.original.y.shape), np.uint8)
        colour = np.empty((2, *self.original.u.shape), np.uint8)
        self._weave(self.first.brightness, self.second.brightness, field, time, brightness)
        self._weave(self.first.colour, self.second.colour, field, time, colour)
        made = Planes(brightness[0], colour[0], colour[1])
        self._lay_over(made, time)
        return Between(made, doubt)

    def _field(self, time: float, room: _Room) -> tuple[NDArray[np.float32], float]:
        """What ``weave`` needs for the picture at ``time``, and its share of doubt."""
        t = _F(time)
        height, width = self.onward.weight.shape
        still = self._still(height, width)
        one, seen_one = self._carried(0, still, t, room)
        two, seen_two = self._carried(1, still, _F(1) - t, room)
        if self.both_bent:
            # Each side knows how motion changed on its own side only. Their mean is the central
            # estimate, and one thing is no longer put in two places.
            bend = cv2.addWeighted(one[..., 2:], 0.5, two[..., 2:], 0.5, 0)
            one[..., 2:] = bend
            two[..., 2:] = bend
        costs = room.array("costs", height, width, 3)
        choose.compare(self.first.smaller, self.second.smaller, one, two, t, costs)
        smooth = cv2.blur(costs, (3, 3), dst=room.array("smooth", height, width, 3))
        field = room.array("field", height, width, FIELD)
        rows, columns = self.original.y.shape
        doubt = choose.settle(
            one, two, smooth, seen_one, seen_two, still, t,
            (rows / self.shrink, columns / self.shrink), _F(self.shrink),
            _F(_SHARPNESS), _F(_LOW), _F(_HIGH), field,
        )  # fmt: skip
        return field, float(doubt)

    def _still(self, height: int, width: int) -> NDArray[np.float32]:
        """Share of each cell that an overlay covers, (h, w)."""
        still = np.zeros((height, width), np.float32)
        if self.overlay is not None:
            cell = choose.STEP * self.shrink
            rows, columns = (-(-side // cell) for side in self.original.y.shape)
            share = cv2.resize(self.overlay, (columns, rows), interpolation=cv2.INTER_AREA)
            still[:rows, :columns] = share * _F(1 / 255)
        return still

    def _carried(
        self, side: int, still: NDArray[np.float32], time: np.float32, room: _Room
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Motion (h, w, 4) at a moment as one picture tells it, and how much it sees (h, w).

        ``side`` is 0 for the first picture and 1 for the second, ``time`` the distance from it.
        """
        leg, bend = ((self.onward, self.bend_onward), (self.back, self.bend_back))[side]
        height, width = leg.weight.shape
        sums = room.array("sums", height, width, splat.CHANNELS)
        sums.fill(0)
        weight = leg.weight
        if self.overlay is not None:
            # What rests in front says nothing of how the picture behind it moves.
            weight = weight * (1 - cv2.dilate(still, np.ones((_BESIDE, _BESIDE), np.uint8)))
        splat.splat(leg.grid, bend, weight, time, _F(1 - 2 * side), choose.STEP, sums)
        motion = room.array(f"motion {side}", height, width, 4)
        seen = room.array("seen", height, width)
        choose.without_holes(sums, _F(_LANDED), _F(_SEEN), motion, seen)
        around = room.array(f"seen {side}", height, width)
        return motion, np.asarray(cv2.blur(seen, (3, 3), dst=around), np.float32)

    def _weave(
        self,
        first: NDArray[np.uint8],
        second: NDArray[np.uint8],
        field: NDArray[np.float32],
        time: float,
        out: NDArray[np.uint8],
    ) -> None:
        """Fill planes of the new picture: (1, H, W) of brightness or (2, h, w) of colour."""
        colour = len(out) > 1
        scale = out.shape[2] / self.original.y.shape[1]
        cell = choose.STEP * self.shrink * scale
        WEAVE[RUNS[1] if cell >= 4 else RUNS[0]](
            first, second, field, _F(cell), _F(scale), _F(time), self.cubic and not colour, out
        )

    def _lay_over(self, planes: Planes, time: float) -> None:
        """Put the overlay back where it lies, as the two pictures have it."""
        if self.overlay is None:
            return
        factor = 1 if planes.subsampled else 2
        for first, second, times, plane in (
            (self.first.brightness[0], self.second.brightness[0], 2, planes.y),
            (self.first.colour[0], self.second.colour[0], factor, planes.u),
            (self.first.colour[1], self.second.colour[1], factor, planes.v),
        ):
            choose.lay_over(self.overlay, first, second, _F(time), MARGIN, times, plane)


def _bend(leg: Leg, beyond: Leg, ratio: float) -> tuple[Leg, NDArray[np.float32]]:
    """A leg and the change of its motion, by the one on its other side, ``ratio`` times as long.

    What the other picture hides has no motion to be found; it goes on as on the other side.
    """
    blocks = (-(-side // choose.BLOCK) for side in leg.weight.shape)
    sums = np.empty((*blocks, 4), np.float32)
    pace = _F(ratio)
    choose.turns(leg.grid, beyond.grid, pace, leg.weight, beyond.weight, _F(_SURE), sums)
    around = cv2.blur(sums, (_AROUND, _AROUND))
    known = Leg(leg.grid.copy(), leg.weight.copy())
    choose.carry_on(
        beyond.grid, pace, beyond.weight, around, _F(_LOST), _F(_SURE), _F(_VARIED),
        known.grid, known.weight,
    )  # fmt: skip
    out = np.empty_like(leg.grid)
    choose.bend(known.grid, beyond.grid, pace, out)
    return known, out
