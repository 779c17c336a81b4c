"""One pass over a video: every frame seen small, every pair compared, every n-th seen closely.

Reading, looking and judging joins happen in the thread that asks; pairs, triples and close looks
are measured by two helpers. Only small views are kept, and those of a few frames, so memory stays
flat however long the clip is; what remains is a few dozen numbers a frame.
"""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.flow.glance import Looker, Seen
from synth.flow.joins import Judge
from synth.media.plane_reader import PlaneFrame, PlaneReader
from synth.quality.echo import Echo, echo_of
from synth.quality.gather import Gatherer
from synth.quality.mixes import own_of
from synth.quality.pairs import PairEye, PairFacts, texture_between
from synth.quality.signals import Film, Signals
from synth.quality.surface import Surface, surface
from synth.quality.view import Bytes, Levels, View, view

_HELPERS: Final = 2
_WAITING: Final = 6
"""Frames that may wait for their measurements."""
_CLOSE_SECONDS: Final = 0.25
"""A close look this often."""
_FEW: Final = 8
"""So many close looks at least, where there are as many frames."""
_LOOKED_BACK: Final = 24
_AHEAD: Final = (6, 16)


@dataclass(slots=True)
class _Pending:
    frame: View
    time: float
    pair: Future[PairFacts] | None
    own: Future[float] | None = None
    twice: Future[float] | None = None
    close: Future[Surface] | None = None
    echo: Future[Echo] | None = None


class _Helpers:
    """Two threads, each with eyes of its own."""

    def __init__(self, levels: Levels) -> None:
        self._local = threading.local()
        self._levels = levels
        self._pool = ThreadPoolExecutor(_HELPERS, thread_name_prefix="quality")

    def __enter__(self) -> _Helpers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _eye(self) -> PairEye:
        if not hasattr(self._local, "eye"):
            self._local.eye = PairEye(self._levels)
        return self._local.eye

    def pair(self, before: View, after: View) -> Future[PairFacts]:
        return self._pool.submit(lambda: self._eye().measure(before, after))

    def echo(self, before: View, after: View, first: Bytes, second: Bytes) -> Future[Echo]:
        return self._pool.submit(lambda: echo_of(self._eye(), before, after, first, second))

    def run(self, job: Callable[..., Any], *args: Any) -> Future[Any]:
        return self._pool.submit(job, *args)


class _Joins:
    """Tells what joins each frame to the one before, a moment behind the newest one."""

    def __init__(self, fps: float) -> None:
        self._looker = Looker()
        ahead = max(_AHEAD[0], min(round(0.5 * fps), _AHEAD[1]))
        self._ahead = ahead
        self._judge = Judge(self._looker, rate=max(fps, 1.0), ahead=ahead)
        self._seen: list[Seen] = []
        self._waiting = 0
        self._number = 0
        self.found: list[str] = []
        self.stirs: list[float] = []

    def add(self, frame: View) -> None:
        last = self._seen[-1].glance if self._seen else frame.glance
        change = self._looker.compare(last, frame.glance)
        self.stirs.append(change.stir)
        self._seen.append(Seen(self._number, frame.glance, change))
        self._number += 1
        self._waiting += 1
        if self._waiting > self._ahead:
            self._settle()

    def finish(self) -> None:
        while self._waiting:
            self._settle()

    def _settle(self) -> None:
        at = len(self._seen) - self._waiting
        first = not self.found
        self.found.append("cut" if first else self._judge.join(self._seen, at))
        self._waiting -= 1
        del self._seen[: max(0, at - _LOOKED_BACK)]


def signals_of(
    path: str | os.PathLike[str],
    *,
    start: float = 0.0,
    seconds: float | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Signals:
    """Measure a video, or the part of it from ``start`` on that lasts ``seconds``.

    Raises ``InvalidMedia`` and ``LimitExceeded`` as reading does, ``InvalidInstruction`` where the
    part holds no frame, ``Cancelled`` when asked to stop.
    """
    token = cancel or CancelToken()
    begin = Fraction(start).limit_denominator(1_000_000)
    length = None if seconds is None else Fraction(seconds).limit_denominator(1_000_000)
    with PlaneReader(path, start=begin, seconds=length, cancel=token) as reader:
        film = Film(
            width=reader.info.width,
            height=reader.info.height,
            fps=float(reader.info.fps),
            variable_rate=reader.info.variable_rate,
            levels=Levels.of(reader.tags),
            frames=_expected(reader, begin, length),
        )
        found = scan(reader, film, cancel=token, progress=progress)
        return replace(found, notes=reader.notes)


def scan(
    frames: Iterable[PlaneFrame],
    film: Film,
    *,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Signals:
    """Measure pictures from anywhere, in the order of time. Raises ``InvalidInstruction`` if
    there are none, and ``Cancelled``."""
    token = cancel or CancelToken()
    gather = Gatherer(film.levels)
    joins = _Joins(film.fps)
    total = film.frames or 0
    step = max(1, round(film.fps * _CLOSE_SECONDS))
    if total:
        step = max(1, min(step, total // _FEW))
    with _Helpers(film.levels) as helpers:
        waiting: deque[_Pending] = deque()
        earlier: list[View] = []
        luma: Bytes | None = None
        for number, frame in enumerate(frames):
            token.check()
            pending = _begin(helpers, frame, earlier, film.levels, close=number % step == 0)
            if len(earlier) == 2 and waiting:
                waiting[-1].own = helpers.run(own_of, earlier[0], earlier[1], pending.frame)
                pending.twice = helpers.run(texture_between, earlier[0], pending.frame, film.levels)
            if luma is not None and pending.pair is not None and pending.close is not None:
                pending.echo = helpers.echo(earlier[-1], pending.frame, luma, frame.planes.y)
            luma = frame.planes.y
            waiting.append(pending)
            joins.add(pending.frame)
            earlier = [*earlier[-1:], pending.frame]
            if len(waiting) > _WAITING:
                _settle(waiting.popleft(), gather)
            progress(Progress("Judging", number + 1, max(total, number + 1)))
        while waiting:
            token.check()
            _settle(waiting.popleft(), gather)
    joins.finish()
    if not joins.found:
        raise InvalidInstruction("There is no picture in this part of the video. Start earlier.")
    return gather.signals(film, tuple(joins.found), joins.stirs)


def _begin(
    helpers: _Helpers, frame: PlaneFrame, earlier: list[View], levels: Levels, *, close: bool
) -> _Pending:
    seen = view(frame.planes)
    same = bool(earlier) and earlier[-1].luma.shape == seen.luma.shape
    return _Pending(
        frame=seen,
        time=float(frame.time),
        pair=helpers.pair(earlier[-1], seen) if same else None,
        close=helpers.run(surface, frame.planes.y, levels) if close else None,
    )


def _settle(pending: _Pending, gather: Gatherer) -> None:
    gather.add(
        pending.frame,
        pending.time,
        None if pending.pair is None else pending.pair.result(),
        math.nan if pending.own is None else pending.own.result(),
        math.nan if pending.twice is None else pending.twice.result(),
        None if pending.close is None else pending.close.result(),
        None if pending.echo is None else pending.echo.result(),
    )


def _expected(reader: PlaneReader, start: Fraction, length: Fraction | None) -> int | None:
    info = reader.info
    if info.duration is None:
        return info.frames
    left = max(info.duration - start, Fraction(0))
    if length is not None:
        left = min(left, length)
    return max(round(left * info.fps), 1)
