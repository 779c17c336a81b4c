"""Blocking work on a thread of its own, watched from the caller's: deadline, progress, cancel.

A socket cannot be waited for and watched by one thread. When the caller leaves, the worker is told
by a flag, finishes the step it is in, cleans up at the other end, and ends unheard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import SynthError, Unavailable
from synth.media.hub_file import brief

Result = TypeVar("Result")

LOOK_SECONDS = 0.05
"""How often the caller looks at the worker, and so the longest wait for a cancel."""


class Abandoned(Exception):
    """Inside a worker: nobody waits for it any more."""


@dataclass
class Watch:
    """What worker and caller share."""

    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _news: list[Progress] = field(default_factory=list)

    def say(self, news: Progress) -> None:
        """Report from the worker; the caller's thread passes on the last one of each stage."""
        with self._lock:
            if self._news and self._news[-1].stage == news.stage:
                self._news[-1] = news
            else:
                self._news.append(news)

    def take(self) -> tuple[Progress, ...]:
        """What was reported since this was last asked."""
        with self._lock:
            news, self._news = tuple(self._news), []
        return news

    def leave(self) -> None:
        """Tell the worker that nobody waits."""
        self._stop.set()

    @property
    def left(self) -> bool:
        """Whether the caller has gone."""
        return self._stop.is_set()

    def check(self) -> None:
        """Raise ``Abandoned`` in the worker if the caller has gone."""
        if self._stop.is_set():
            raise Abandoned

    def pause(self, seconds: float) -> None:
        """Wait in the worker; raises ``Abandoned`` as soon as the caller goes."""
        self._stop.wait(seconds)
        self.check()


def watched(
    work: Callable[[Watch], Result],
    *,
    cancel: CancelToken,
    progress: ProgressCallback = ignore_progress,
    seconds: float,
    too_late: str,
    failed: str,
    scrub: Callable[[str], str] = str,
) -> Result:
    """Do blocking work and return what it gives.

    Args:
        work: runs on a daemon thread; looks at its ``Watch`` between steps.
        cancel: looked at every 0.05 s.
        progress: called on the caller's thread with what the worker said.
        seconds: deadline.
        too_late: message of the ``Unavailable`` that is raised at the deadline.
        failed: what could not be done, for an error that nobody foresaw: "Could not ask X".
        scrub: takes secrets out of the text of such an error.

    Raises what the work raises, ``Cancelled`` within a fraction of a second, and ``Unavailable``.
    """
    cancel.check()
    worker = _Worker(work)
    thread = threading.Thread(target=worker.run, name="remote", daemon=True)
    deadline = time.monotonic() + seconds
    thread.start()
    try:
        while thread.is_alive():
            thread.join(LOOK_SECONDS)
            cancel.check()
            for news in worker.watch.take():
                progress(news)
            if thread.is_alive() and time.monotonic() > deadline:
                raise Unavailable(too_late)
    finally:
        worker.watch.leave()
    for news in worker.watch.take():
        progress(news)
    error = worker.error
    if error is None:
        return worker.results[0]
    if isinstance(error, SynthError):
        raise error
    # A stranger's error may hold the request, and so the token: only its words are kept.
    raise Unavailable(f"{failed}: {scrub(brief(error))}. Try again later.")


class _Worker(Generic[Result]):
    """The other thread's side."""

    def __init__(self, work: Callable[[Watch], Result]) -> None:
        self._work = work
        self.watch = Watch()
        self.results: list[Result] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.results.append(self._work(self.watch))
        except Exception as error:  # Whatever it is, the watching thread must hear of it.
            self.error = error
