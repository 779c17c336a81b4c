"""Frames between frames by optical flow: where everything goes, and what it looks like half-way.

From two pictures comes dense motion in both directions (``synth.flow.dense``); it is carried to
the wanted moment along curved paths (``splat``), each cell takes the motion that both pictures
agree on (``choose``), and the pixels are moved and mixed (``weave``). Where the two sides still
disagree, they are mixed unmoved: soft instead of wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow import choose, splat
from synth.flow.dense import DenseFlow, FlowGrade, shrink_of, smaller
from synth.flow.model import Anchor, Between, Window
from synth.flow.overlay import OverlayFinder
from synth.flow.weave import FIELD, MARGIN, RUNS, WEAVE
from synth.media.planes import Planes

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_F = np.float32
_KEPT = 8
"""Pictures and pairs remembered: more than a window with its surroundings."""
_LANDED = 0.05
"""Sum of weights below which nothing landed in a cell."""
_SEEN = 0.3
"""Sum of weights from which a cell counts as seen."""
_BLUR, _DRIFT = 8.0, 0.25
"""Trust in a cell's motion; see ``choose.trust``."""
_BESIDE = 5
"""Cells about an overlay whose motion it may have held."""
_SMALL, _CERTAIN = 1.0, 4.0
"""Changes of motion that are believed; see ``choose.bend``."""
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
        "fast": Grade(FlowGrade(finest=1, descents=12, stride=4, refinements=2), cubic=True),
        "quality": Grade(FlowGrade(finest=0, descents=12, stride=5, refinements=1), cubic=True),
    }
)


@dataclass(frozen=True)
class _Picture:
    """An anchor, prepared."""

    smaller: NDArray[np.uint8]
    padded: tuple[NDArray[np.uint8], ...]


@dataclass(frozen=True)
class _Leg:
    """Motion from one anchor to another, on the grid of cells."""

    flow: NDArray[np.float32]
    grid: NDArray[np.float32]
    weight: NDArray[np.float32]


class FlowInterpolator:
    """Makes the pictures between two others; see ``synth.flow.model.Interpolator``."""

    def __init__(self, mode: Literal["fast", "quality"], size: tuple[int, int]) -> None:
        """``size`` is the width and height of every picture, pixels."""
        self._grade = GRADES[mode]
        self._shrink = shrink_of(*size)
        self._threads = ThreadPoolExecutor(2, "interpolate")
        self._finders = (DenseFlow(self._grade.flow), DenseFlow(self._grade.flow))
        self._overlays = OverlayFinder()
        self._pictures: OrderedDict[int, _Picture] = OrderedDict()
        self._legs: OrderedDict[tuple[int, int], _Leg] = OrderedDict()

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        """The pictures at ``times``, each strictly between 0 and 1."""
        chain = [*window.before[:1][::-1], window.first, window.second, *window.after[:1]]
        pictures = [self._picture(anchor) for anchor in chain]
        around = [*window.before[::-1], window.first, window.second, *window.after]
        overlay = self._threads.submit(self._overlays.mask, around)
        self._find(chain, pictures)
        at = len(window.before[:1])
        scene = _Scene(
            pictures[at],
            pictures[at + 1],
            self._leg(chain, at, at + 1),
            self._leg(chain, at + 1, at),
            self._leg(chain, at, at - 1) if at else None,
            self._leg(chain, at + 1, at + 2) if at + 2 < len(chain) else None,
            overlay.result(),
            window.first.planes,
            self._shrink,
            self._grade.cubic,
        )
        fields = list(self._threads.map(scene.field, times))
        return list(self._weave(scene, fields, times))

    def close(self) -> None:
        """Let go of threads and memory."""
        self._threads.shutdown(cancel_futures=True)
        self._pictures.clear()
        self._legs.clear()

    def _picture(self, anchor: Anchor) -> _Picture:
        found = self._pictures.get(anchor.number)
        if found is None:
            planes = anchor.planes
            padded = tuple(_padded(plane) for plane in (planes.y, planes.u, planes.v))
            found = _Picture(smaller(planes.y, self._shrink), padded)
            _remember(self._pictures, anchor.number, found)
        return found

    def _find(self, chain: Sequence[Anchor], pictures: Sequence[_Picture]) -> None:
        """Look for the motion that is not known yet, one direction a thread."""
        missing = [
            k
            for k in range(len(chain) - 1)
            if (chain[k].number, chain[k + 1].number) not in self._legs
        ]
        if not missing:
            return

        def flows(direction: int) -> list[NDArray[np.float32]]:
            pairs = [(pictures[k], pictures[k + 1])[:: 1 - 2 * direction] for k in missing]
            found = []
            for k, (a, b) in zip(missing, pairs, strict=True):
                guess = None
                if k:
                    last = self._legs.get((chain[k].number, chain[k - 1].number))
                    if last is not None:
                        guess = last.flow if direction else -last.flow
                found.append(self._finders[direction](a.smaller, b.smaller, guess))
            return found

        onward, back = self._threads.map(flows, (0, 1))

        def legs(direction: int) -> list[_Leg]:
            found = []
            for k, there, here in zip(missing, onward, back, strict=True):
                ends = (pictures[k], pictures[k + 1])[:: 1 - 2 * direction]
                ways = (there, here)[:: 1 - 2 * direction]
                found.append(_leg(ends[0].smaller, ends[1].smaller, *ways))
            return found

        both = list(self._threads.map(legs, (0, 1)))
        for index, k in enumerate(missing):
            a, b = chain[k].number, chain[k + 1].number
            _remember(self._legs, (a, b), both[0][index], 2 * _KEPT)
            _remember(self._legs, (b, a), both[1][index], 2 * _KEPT)

    def _leg(self, chain: Sequence[Anchor], start: int, end: int) -> _Leg:
        return self._legs[chain[start].number, chain[end].number]

    def _weave(
        self,
        scene: _Scene,
        fields: Sequence[tuple[NDArray[np.float32], float]],
        times: Sequence[float],
    ) -> list[Between]:
        """All pictures' rows, shared among the threads in bands."""
        made = [scene.empty() for _ in times]
        bands: list[Future[None]] = []
        for planes, (field, _), time in zip(made, fields, times, strict=True):
            for index, plane in enumerate((planes.y, planes.u, planes.v)):
                rows = plane.shape[0]
                middle = rows // 2
                for top, bottom in ((0, middle), (middle, rows)):
                    task: Callable[..., None] = scene.weave
                    bands.append(self._threads.submit(task, index, field, time, top, bottom, plane))
        for band in bands:
            band.result()
        for planes, time in zip(made, times, strict=True):
            scene.lay_over(planes, time)
        return [Between(planes, doubt) for planes, (_, doubt) in zip(made, fields, strict=True)]


@dataclass(frozen=True)
class _Scene:
    """Two prepared pictures and all that is known of their motion."""

    first: _Picture
    second: _Picture
    onward: _Leg
    back: _Leg
    before: _Leg | None
    after: _Leg | None
    overlay: NDArray[np.uint8] | None
    original: Planes
    shrink: int
    cubic: bool

    def empty(self) -> Planes:
        """A picture to be filled."""
        original = self.original
        return Planes(*(np.empty_like(plane) for plane in (original.y, original.u, original.v)))

    def field(self, time: float) -> tuple[NDArray[np.float32], float]:
        """What ``weave`` needs for the picture at ``time``, and its share of doubt."""
        t = _F(time)
        height, width = self.onward.weight.shape
        still = self._still(height, width)
        one, seen_one = self._carried(self.onward, self.before, still, t, _F(1))
        two, seen_two = self._carried(self.back, self.after, still, _F(1) - t, _F(-1))
        costs = np.empty((height, width, 3), np.float32)
        choose.compare(self.first.smaller, self.second.smaller, one, two, t, costs)
        costs = cv2.blur(costs, (3, 3))
        field = np.empty((height, width, FIELD), np.float32)
        rows, columns = self.original.y.shape
        doubt = choose.settle(
            one, two, costs, seen_one, seen_two, still, t,
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
        self,
        leg: _Leg,
        beyond: _Leg | None,
        still: NDArray[np.float32],
        time: np.float32,
        sign: np.float32,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Motion (h, w, 4) at a moment as one picture tells it, and how much it sees (h, w)."""
        bend = np.zeros_like(leg.grid)
        if beyond is not None:
            choose.bend(
                leg.grid, beyond.grid, leg.weight, beyond.weight, _F(_SMALL), _F(_CERTAIN), bend
            )
        sums = np.zeros((*leg.weight.shape, splat.CHANNELS), np.float32)
        weight = leg.weight
        if self.overlay is not None:
            # What rests in front says nothing of how the picture behind it moves.
            weight = weight * (1 - cv2.dilate(still, np.ones((_BESIDE, _BESIDE), np.uint8)))
        splat.splat(leg.grid, bend, weight, time, sign, choose.STEP, sums)
        motion = np.empty((*leg.weight.shape, 4), np.float32)
        seen = np.empty_like(leg.weight)
        choose.without_holes(sums, _F(_LANDED), _F(_SEEN), motion, seen)
        return motion, np.asarray(cv2.blur(seen, (3, 3)), np.float32)

    def weave(
        self,
        index: int,
        field: NDArray[np.float32],
        time: float,
        top: int,
        bottom: int,
        out: NDArray[np.uint8],
    ) -> None:
        """Rows of plane ``index`` of the new picture."""
        colour = index > 0
        scale = out.shape[1] / self.original.y.shape[1] if colour else 1.0
        cell = choose.STEP * self.shrink * scale
        run = RUNS[1] if cell >= 4 else RUNS[0]
        WEAVE[run](
            self.first.padded[index], self.second.padded[index], field, _F(cell), _F(scale),
            _F(time), self.cubic and not colour, top, bottom, out,
        )  # fmt: skip

    def lay_over(self, planes: Planes, time: float) -> None:
        """Put the overlay back where it lies, as the two pictures have it."""
        if self.overlay is None:
            return
        left, top, width, height = cv2.boundingRect(self.overlay)
        part = self.overlay[top : top + height, left : left + width]
        for index, plane in enumerate((planes.y, planes.u, planes.v)):
            whole = index == 0 or not planes.subsampled
            times = 2 if whole else 1
            share = part if times == 1 else cv2.resize(part, None, fx=2, fy=2)
            rows = slice(times * top, times * (top + height))
            columns = slice(times * left, times * (left + width))
            inner = tuple(slice(at.start + MARGIN, at.stop + MARGIN) for at in (rows, columns))
            first, second = (side.padded[index][inner] for side in (self.first, self.second))
            resting = cv2.addWeighted(first, 1 - time, second, time, 0.0)
            made = plane[rows, columns]
            weight = share.astype(np.float32) * _F(1 / 255)
            made[...] = cv2.blendLinear(resting, made.copy(), weight, 1 - weight)


def _padded(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    across = -plane.shape[1] % RUNS[1]
    sides = (MARGIN, MARGIN, MARGIN, MARGIN + across)
    return np.asarray(cv2.copyMakeBorder(plane, *sides, cv2.BORDER_REPLICATE), np.uint8)


def _leg(
    here: NDArray[np.uint8],
    there: NDArray[np.uint8],
    flow: NDArray[np.float32],
    back: NDArray[np.float32],
) -> _Leg:
    height, width = (-(-side // choose.STEP) for side in here.shape)
    grid = np.empty((height, width, 2), np.float32)
    weight = np.empty((height, width), np.float32)
    choose.trust(here, there, flow, back, _F(_BLUR), _F(_DRIFT), grid, weight)
    return _Leg(flow, grid, weight)


def _remember(
    memory: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int = _KEPT
) -> None:
    memory[key] = value
    while len(memory) > most:
        memory.popitem(last=False)
