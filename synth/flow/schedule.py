"""From source pictures to new ones: which are passed through, which are made, which wait.

Source pictures go by once, a few at a time, and new frames come out in order; nothing else is
kept. A new frame that falls on a source picture is that picture, bit for bit. Between two pictures
joined by motion it is interpolated; across anything else it is the nearer one of the two.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Final, Literal

from synth.flow.blur import Exposure
from synth.flow.model import Anchor, Between, Interpolator, Window
from synth.flow.timing import SAME_MOMENT, TimeMap
from synth.media.planes import ColourTags, Planes

Kind = Literal["source", "held", "new"]
"""source: a source picture at its own moment. held: a source picture in place of one that cannot
be made. new: made."""

_AROUND: Final = 2
_BATCH: Final = 8
_BATCH_PIXELS: Final = 4_000_000
"""New pictures asked for at once: enough to share the work on a pair, few enough to hold and to
stop soon when asked to."""
_SAMPLES: Final = 8
"""Pictures that a shutter sees at least; more where the source has more."""
_MOST_PARTS: Final = 16
_MOST_SAMPLES: Final = 24
"""Where more source pictures than this fall on one frame, only some of them are taken."""
_BLOCK: Final = 256


@dataclass(frozen=True)
class Picture:
    """A new frame."""

    number: int
    """Its number, from 0."""
    position: Fraction
    """What it shows, seconds of the source."""
    planes: Planes
    """The picture."""
    doubt: float
    """Share of it that could not be trusted, 0 to 1; 0 for source pictures."""
    kind: Kind
    """Where it comes from."""


@dataclass
class _Take:
    """A new frame on its way: a moment, and how long the shutter is open around it."""

    number: int
    position: Fraction
    opens: Fraction
    closes: Fraction
    exposure: Exposure | None = None
    done: Picture | None = None

    @property
    def plain(self) -> bool:
        return self.exposure is None

    def finish(self, planes: Planes, kind: Kind, doubt: float = 0.0) -> None:
        self.done = Picture(self.number, self.position, planes, doubt, kind)

    def develop(self, at: Anchor | None = None) -> None:
        """Close the shutter; ``at`` is the picture at the moment of the take, if there is one."""
        assert self.exposure is not None
        single = self.exposure.single
        planes, doubt = self.exposure.picture()
        own = at is not None and at.planes is planes
        self.finish(planes, "source" if own else "held" if single else "new", doubt)


@dataclass
class _Gap:
    """Two neighbouring source pictures, with what surrounds them."""

    window: Window
    number: int
    made: dict[Fraction, Between] = field(default_factory=dict)

    @property
    def first(self) -> Anchor:
        return self.window.first

    @property
    def second(self) -> Anchor:
        return self.window.second

    @property
    def begin(self) -> Fraction:
        return self.window.first.time

    @property
    def end(self) -> Fraction:
        return self.window.second.time

    @property
    def middle(self) -> Fraction:
        return (self.begin + self.end) / 2

    @property
    def moving(self) -> bool:
        return self.second.join == "motion"

    @property
    def one_world(self) -> bool:
        return self.second.join in ("motion", "still")

    def nearer(self, position: Fraction) -> Anchor:
        return self.first if position < self.middle else self.second

    def meets(self, position: Fraction) -> Anchor | None:
        """The source picture that stands at a position."""
        for anchor in (self.first, self.second):
            if abs(position - anchor.time) <= SAME_MOMENT:
                return anchor
        return None


class Schedule:
    """Turns the source pictures of one clip into the frames of another."""

    def __init__(
        self,
        clock: TimeMap,
        interpolator: Interpolator,
        *,
        until: Callable[[Fraction], Fraction],
        range_end: Fraction | None = None,
        source_step: Fraction,
        shutter: Fraction = Fraction(0),
        tags: ColourTags | None = None,
    ) -> None:
        """Nothing happens before ``pictures`` is iterated.

        Args:
            clock: what is shown when.
            interpolator: makes new pictures; it stays the caller's to close.
            until: where the source ends, given the time of its last picture, seconds.
            range_end: where the wanted part of the source ends, if before its end.
            source_step: seconds from one source picture to the next, on average.
            shutter: share of a frame's time for which the shutter is open, 0 to 1; used where
                several source pictures fall on one frame.
            tags: what the pictures' numbers mean; needed for motion blur only.
        """
        self._clock = clock
        self._interpolator = interpolator
        self._until = until
        self._range_end = range_end
        self._source_step = source_step
        self._shutter = shutter
        self._exposure = Exposure(tags or ColourTags())

    def pictures(self, anchors: Iterable[Anchor]) -> Iterator[Picture]:
        """The new frames in order; none where the source ends before the clip's start.

        Raises whatever ``anchors`` and the interpolator raise.
        """
        # Whether a frame belongs to the clip is known for sure once its successor is reached.
        waiting: Picture | None = None
        most = None if self._range_end is None else self._clock.frames_until(self._range_end)
        last = _Last()
        takes = self._takes()
        upcoming = next(takes)
        active: list[_Take] = []
        for gap in _gaps(iter(anchors), last):
            if gap.end < upcoming.opens and not active:
                continue
            while upcoming.opens < gap.end and upcoming.number != most:
                active.append(upcoming)
                upcoming = next(takes)
            for picture in self._run(gap, active):
                if waiting is not None:
                    yield waiting
                waiting = picture
            active = [take for take in active if take.done is None]
        anchor = last.anchor
        if anchor is None:
            return
        end = self._until(anchor.time)
        if self._range_end is not None:
            end = min(end, self._range_end)
        if end <= self._clock.start:
            return
        total = self._clock.frames_until(end)
        if waiting is not None and waiting.number < total:
            yield waiting
        while active or upcoming.number < total:
            if not active:
                active, upcoming = [upcoming], next(takes)
            take = active.pop(0)
            _hold(take, anchor)
            if take.done is not None and take.number < total:
                yield take.done

    def _takes(self) -> Iterator[_Take]:
        """Every new frame, without end."""
        before: Fraction | None = None
        for block in count(0, _BLOCK):
            positions = self._clock.positions(block, _BLOCK + 1)
            for index, position in enumerate(positions[:-1]):
                ahead = positions[index + 1] - position
                behind = ahead if before is None else position - before
                before = position
                take = _Take(block + index, position, position, position)
                # Half a step to either side, so that two shutters never overlap.
                if self._shutter and (ahead + behind) / 2 > self._source_step * Fraction(
                    1001, 1000
                ):
                    take.opens -= behind / 2 * self._shutter
                    take.closes += ahead / 2 * self._shutter
                    take.exposure = self._exposure
                yield take

    def _run(self, gap: _Gap, active: list[_Take]) -> Iterator[Picture]:
        """Take from a gap what the active takes want of it, a batch at a time."""
        batch: list[_Take] = []
        wanted: list[Fraction] = []
        most = min(max(_BATCH_PIXELS // gap.first.planes.y.size, 2), _BATCH)
        for take in active:
            batch.append(take)
            wanted += self._wants(gap, take)
            if len(wanted) >= most:
                yield from self._settle(gap, batch, wanted)
                batch, wanted = [], []
        yield from self._settle(gap, batch, wanted)

    def _settle(self, gap: _Gap, batch: list[_Take], wanted: list[Fraction]) -> Iterator[Picture]:
        if wanted:
            shares = sorted(set(wanted))
            made = self._interpolator.between(gap.window, [float(share) for share in shares])
            gap.made = dict(zip(shares, made, strict=True))
        for take in batch:
            if take.plain:
                _place(gap, take)
            else:
                self._expose(gap, take)
            if take.done is not None:
                yield take.done
        gap.made = {}

    def _wants(self, gap: _Gap, take: _Take) -> list[Fraction]:
        """The shares of a gap, between 0 and 1, at which a take needs a made picture."""
        if not gap.moving:
            return []
        span = gap.end - gap.begin
        if take.plain:
            inside = gap.begin < take.position < gap.end and gap.meets(take.position) is None
            return [(take.position - gap.begin) / span] if inside else []
        return [share for share, _ in self._samples(gap, take) if 0 < share < 1]

    def _samples(self, gap: _Gap, take: _Take) -> list[tuple[Fraction, Fraction]]:
        """Where in a gap of one world a shutter looks, and for how long: (share, seconds).

        The trapezoidal rule over equal parts of the gap, as many as the shutter's share asks for.
        """
        span = gap.end - gap.begin
        opens, closes = max(take.opens, gap.begin), min(take.closes, gap.end)
        if opens >= closes:
            return []
        open_for = take.closes - take.opens
        stride = math.ceil(open_for / span / _MOST_SAMPLES)
        if stride > 1 and gap.number % stride:
            return []
        parts = 1
        if gap.moving:
            parts = min(max(math.ceil(_SAMPLES * span / open_for), 1), _MOST_PARTS)
        weights: dict[Fraction, Fraction] = {}
        for part in range(parts):
            left, right = Fraction(part, parts), Fraction(part + 1, parts)
            overlap = min(closes, gap.begin + right * span) - max(opens, gap.begin + left * span)
            if overlap > 0:
                weights[left] = weights.get(left, Fraction(0)) + overlap / 2
                weights[right] = weights.get(right, Fraction(0)) + overlap / 2
        return sorted(weights.items())

    def _expose(self, gap: _Gap, take: _Take) -> None:
        """Let a shutter see its part of a gap, and close it where that was the last."""
        exposure = self._exposure
        if take.opens < gap.begin and exposure.empty:
            # The clip begins within the shutter's time: its first picture stands for what was.
            exposure.add(gap.first.planes, float(min(take.closes, gap.begin) - take.opens))
        closed = take.closes <= gap.end
        if gap.one_world:
            for share, seconds in self._samples(gap, take):
                if 0 < share < 1:
                    between = gap.made[share]
                    exposure.add(between.planes, float(seconds), between.doubt)
                else:
                    anchor = gap.second if share else gap.first
                    exposure.add(anchor.planes, float(seconds))
        elif take.position < gap.middle:
            # What follows belongs to another world.
            seconds = min(take.closes, gap.middle) - max(take.opens, gap.begin)
            exposure.add(gap.first.planes, float(seconds))
            closed = True
        else:
            exposure.clear()
            seconds = min(take.closes, gap.end) - max(take.opens, gap.middle)
            exposure.add(gap.second.planes, float(seconds))
        if closed:
            if exposure.empty:
                exposure.add(gap.nearer(take.position).planes, 1.0)
            take.develop(gap.meets(take.position))


def _place(gap: _Gap, take: _Take) -> None:
    """Give a take without a shutter its picture."""
    anchor = gap.meets(take.position)
    if anchor is not None:
        take.finish(anchor.planes, "source")
    elif take.position < gap.begin:
        take.finish(gap.first.planes, "held")
    elif gap.moving:
        between = gap.made[(take.position - gap.begin) / (gap.end - gap.begin)]
        take.finish(between.planes, "new", between.doubt)
    else:
        take.finish(gap.nearer(take.position).planes, "held")


def _hold(take: _Take, anchor: Anchor) -> None:
    """Finish a take that reaches past the last source picture."""
    meets = anchor if abs(take.position - anchor.time) <= SAME_MOMENT else None
    if take.exposure is None or take.exposure.empty:
        take.finish(anchor.planes, "held" if meets is None else "source")
        return
    take.exposure.add(anchor.planes, float(take.closes - max(take.opens, anchor.time)))
    take.develop(meets)


@dataclass
class _Last:
    """The newest source picture that was read."""

    anchor: Anchor | None = None


def _gaps(anchors: Iterator[Anchor], last: _Last) -> Iterator[_Gap]:
    """Every two neighbouring source pictures with their surroundings; ``last`` follows along."""
    row: deque[Anchor] = deque()
    first = 0
    number = 0
    exhausted = False
    while True:
        while not exhausted and len(row) < first + 2 + _AROUND:
            anchor = next(anchors, None)
            if anchor is None:
                exhausted = True
            else:
                row.append(anchor)
                last.anchor = anchor
        if len(row) < first + 2:
            return
        yield _Gap(_window(row, first), number)
        number += 1
        if first == _AROUND:
            row.popleft()
        else:
            first += 1


def _window(row: deque[Anchor], first: int) -> Window:
    before: list[Anchor] = []
    for index in range(first - 1, -1, -1):
        if row[index + 1].join != "motion":
            break
        before.append(row[index])
    after: list[Anchor] = []
    for index in range(first + 2, len(row)):
        if row[index].join != "motion":
            break
        after.append(row[index])
    return Window(tuple(before), row[first], row[first + 1], tuple(after))
