"""Source pictures, read and watched in a thread of their own while new ones are made from them."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

from synth.control import CancelToken
from synth.flow.model import Anchor
from synth.flow.settings import RetimeSettings
from synth.flow.watch import Watcher
from synth.limits import LIMITS, Limits
from synth.media.opening import MediaInfo
from synth.media.plane_reader import PlaneFrame, PlaneReader
from synth.media.planes import ColourTags

_SURROUNDINGS: Final = Fraction(1, 2)
"""Read before and after the wanted part, so that its ends look as they do in the whole clip."""
_POLL_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 0.2
"""How long leaving waits for a picture that is being read."""
_QUEUE: Final = (2, 8)
_QUEUE_BYTES: Final = 48_000_000
_JITTER: Final = Fraction(2, 1000)
"""How far clocks of thousandths of a second put a picture from where its rate says, seconds."""
_ENDURES: Final = Fraction(1)
"""Longest time that the last picture of a variable rate is taken to stay, unless others do."""

_Item: TypeAlias = Anchor | BaseException | None


@dataclass(frozen=True)
class Span:
    """The wanted part of a source."""

    start: Fraction
    """Where it begins, seconds."""
    end: Fraction | None
    """Where it ends, seconds; None at the end of the source."""

    @classmethod
    def of(cls, settings: RetimeSettings) -> Span:
        """The part that a request asks for."""
        start, lasts = settings.begins, settings.lasts
        return cls(start, None if lasts is None else start + lasts)

    def holds(self, moment: Fraction) -> bool:
        """Whether a moment of the source is in it."""
        return self.start <= moment and (self.end is None or moment < self.end)


class Feed:
    """The anchors of a file, in the order of time; a context manager, iterated once.

    A few anchors are kept ready. Leaving the block stops the thread and closes the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        span: Span,
        *,
        duplicates: Literal["keep", "replace"] = "keep",
        cancel: CancelToken | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Open the file. Raises as ``PlaneReader`` does."""
        self._cancel = _Either(cancel or CancelToken())
        self._span = span
        self._duplicates: Literal["keep", "replace"] = duplicates
        early = max(Fraction(0), span.start - _SURROUNDINGS)
        seconds = None if span.end is None else span.end + _SURROUNDINGS - early
        self._reader = PlaneReader(
            path, start=early, seconds=seconds, around=True, cancel=self._cancel, limits=limits
        )
        info = self._reader.info
        self.rate = steady_rate(info)
        """Frames per second of the source, exact where it is steady."""
        self.watcher = Watcher()
        """What tells the joins."""
        self.pictures = 0
        """Source pictures of the wanted part read so far."""
        self._longest = Fraction(0)
        width, height = self._reader.size
        room = _QUEUE_BYTES // (width * height * 3 // 2)
        self._queue: queue.Queue[_Item] = queue.Queue(min(max(room, _QUEUE[0]), _QUEUE[1]))
        self._thread = threading.Thread(target=self._run, name="retime-reader", daemon=True)

    @property
    def info(self) -> MediaInfo:
        """What the file holds."""
        return self._reader.info

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of every picture, pixels."""
        return self._reader.size

    @property
    def tags(self) -> ColourTags:
        """What the numbers of the pictures mean."""
        return self._reader.tags

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know; complete at the end."""
        return self._reader.notes

    def expected_end(self) -> Fraction | None:
        """Where the wanted part ends by what the file says of itself; None if it says nothing."""
        info = self.info
        declared = info.duration
        if info.frames is not None and not info.variable_rate:
            declared = info.frames / self.rate
        if declared is None:
            return self._span.end
        return declared if self._span.end is None else min(declared, self._span.end)

    def end_after(self, last: Fraction) -> Fraction:
        """Where the source ends, given the time of its last picture, seconds."""
        step = 1 / self.rate
        declared = self.info.duration
        if self.info.variable_rate and declared is not None:
            # How long the last one stays is told by the length of the file alone.
            longest = max(_ENDURES, self._longest)
            if last + step / 2 < declared <= last + longest:
                return declared
        return last + step

    def __enter__(self) -> Self:
        """Begin to read."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop reading; the file is closed, at the latest when the picture at hand is read."""
        self._cancel.cancel()
        self._thread.join(_PATIENCE_SECONDS)

    def close(self) -> None:
        """Close the file of a feed that was never entered; leaving the block does it otherwise."""
        self._reader.close()

    def __iter__(self) -> Iterator[Anchor]:
        """The anchors; raises what reading and watching raise, and ``Cancelled``."""
        while True:
            try:
                item = self._queue.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                self._cancel.check()
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def _run(self) -> None:
        try:
            frames = self._evened()
            for anchor in self.watcher.anchors(
                frames, duplicates=self._duplicates, cancel=self._cancel
            ):
                self._put(anchor)
            self._put(None)
        except BaseException as error:
            self._put(error)
        finally:
            self._reader.close()

    def _put(self, item: _Item) -> None:
        while not self._cancel.cancelled:
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
                return
            except queue.Full:
                continue

    def _evened(self) -> Iterator[PlaneFrame]:
        """The pictures, those of a steady rate at exact multiples of its step."""
        steady = not self.info.variable_rate
        previous: Fraction | None = None
        for frame in self._reader:
            time = frame.time
            if steady:
                even = round(time * self.rate) / self.rate
                if abs(even - time) <= _JITTER and (previous is None or even > previous):
                    time = even
            if previous is not None:
                self._longest = max(self._longest, time - previous)
            previous = time
            self.pictures += self._span.holds(time)
            yield PlaneFrame(frame.planes, time)


def steady_rate(info: MediaInfo) -> Fraction:
    """The rate of a source; one that is a standard rate but for the clock's rounding is that."""
    rate = info.fps
    whole = max(round(rate), 1)
    frames = rate * (info.duration or 1)
    for standard in (Fraction(whole), Fraction(whole * 1000, 1001)):
        off = abs(rate - standard) / standard
        if off <= Fraction(3, 10_000) and off * frames <= Fraction(1, 2):
            return standard
    return rate.limit_denominator(1_000_000)


class _Either(CancelToken):
    """Set when it is cancelled itself, or somebody else's token is."""

    def __init__(self, other: CancelToken) -> None:
        super().__init__()
        self._other = other

    @property
    def cancelled(self) -> bool:
        return self._other.cancelled or super().cancelled

    def check(self) -> None:
        self._other.check()
        super().check()
