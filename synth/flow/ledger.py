"""Keeps count of what was found in a source and of what the new frames are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.flow.feed import Span
from synth.flow.model import Anchor, Join
from synth.flow.result import Seam, Tally
from synth.flow.schedule import Kind, Picture
from synth.flow.timing import TimeMap
from synth.flow.watch import Counts

_ONE_EVENT: Final = Fraction(1, 4)
"""Two fades or flashes closer than this are one, seconds."""


@dataclass
class _Event:
    join: Join
    begin: Fraction
    end: Fraction


@dataclass
class Ledger:
    """What went by in one retiming."""

    span: Span
    """The wanted part of the source."""
    doubts: list[float] = field(default_factory=list)
    """Doubt of every new frame so far."""
    last: Fraction | None = None
    """Time of the newest source picture, seconds."""
    _kinds: dict[Kind, int] = field(default_factory=dict)
    _events: list[_Event] = field(default_factory=list)
    _anchors: int = 0
    _repeats: int = 0

    def watched(self, anchors: Iterable[Anchor]) -> Iterator[Anchor]:
        """The same anchors; their joins are noted as they go by."""
        previous: Anchor | None = None
        for anchor in anchors:
            if self.span.holds(anchor.time):
                self._anchors += 1
                if previous is not None:
                    self._note(previous, anchor)
            previous = anchor
            self.last = anchor.time
            yield anchor

    def show(self, picture: Picture) -> None:
        """Note a new frame."""
        self._kinds[picture.kind] = self._kinds.get(picture.kind, 0) + 1
        self.doubts.append(picture.doubt)

    def _note(self, before: Anchor, anchor: Anchor) -> None:
        if anchor.join == "still":
            self._repeats += 1
        elif anchor.join == "cut":
            self._events.append(_Event("cut", before.time, anchor.time))
        elif anchor.join != "motion":
            last = self._events[-1] if self._events else None
            if last and last.join == anchor.join and before.time - last.end <= _ONE_EVENT:
                last.end = anchor.time
            else:
                self._events.append(_Event(anchor.join, before.time, anchor.time))

    def tally(self, pictures: int, counts: Counts | None = None) -> Tally:
        """The counts, given how many source pictures of the wanted part were read.

        ``counts`` are the watcher's.
        """
        counts = counts or Counts()
        return Tally(
            pictures=pictures,
            cuts=self._count("cut"),
            fades=self._count("fade"),
            flashes=self._count("flash"),
            repeats=self._repeats,
            replaced=max(0, pictures - self._anchors),
            evened=min(counts.evened, self._anchors),
            rhythm=counts.rhythm,
            untouched=self._kinds.get("source", 0),
            held=self._kinds.get("held", 0),
            new=self._kinds.get("new", 0),
        )

    def seams(self, clock: TimeMap) -> tuple[Seam, ...]:
        """Cuts, fades and flashes in the order of time."""
        return tuple(
            Seam(
                event.join,
                float(event.begin),
                float(event.end),
                clock.shown((event.begin + event.end) / 2),
            )
            for event in self._events
        )

    def doubt_curve(self) -> NDArray[np.float32]:
        """Doubt of every new frame, (frames,)."""
        return np.array(self.doubts, np.float32)

    def _count(self, join: Join) -> int:
        return sum(event.join == join for event in self._events)
