"""Work in a thread that can be watched and stopped, with a private folder of its own.

The watcher is a generator that yields at least every 0.2 seconds. Web servers close such a
generator when the visitor cancels or goes away, on a thread that must not wait; closing therefore
only raises the cancel flag, and the worker itself clears its folder away when it has stopped.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

from synth.control import CancelToken, Progress, ProgressCallback
from synth.jobs.workspace import Workspace

Result = TypeVar("Result")

WATCH_SECONDS = 0.2
"""Longest pause between two events of a watched job, seconds."""

_SETTLE_SECONDS = 0.4
"""How long a stage must have run before its pace is trusted for an estimate, seconds."""


@dataclass(frozen=True)
class JobContext:
    """What the work gets: its folder, a flag to look at, and a place to report to."""

    folder: Path
    """Private folder of this job; it and everything in it goes away when the job is closed."""
    cancel: CancelToken
    """To be checked between small steps, several times a second."""
    progress: ProgressCallback
    """To be called as often as convenient."""


class Job(Generic[Result]):
    """One piece of work in its own thread; a context manager, so that it is always closed."""

    def __init__(
        self, work: Callable[[JobContext], Result], slots: threading.Semaphore, workspace: Workspace
    ) -> None:
        self.id = secrets.token_hex(8)
        """Random name of the job."""
        self._work = work
        self._slots = slots
        self._workspace = workspace
        self._cancel = CancelToken()
        self._future: Future[Result] = Future()
        self._progress = Progress("Waiting for a free place")
        self._stage_began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"job-{self.id}", daemon=True)
        self._thread.start()

    @property
    def progress(self) -> Progress:
        """The latest report, with the time left estimated from the stage's pace where unknown."""
        latest = self._progress
        elapsed = time.monotonic() - self._stage_began
        known = latest.seconds_left is not None or not 0 < latest.done < latest.total
        if known or elapsed < _SETTLE_SECONDS:
            return latest
        return replace(latest, seconds_left=elapsed / latest.done * (latest.total - latest.done))

    @property
    def done(self) -> bool:
        """Whether the work has ended, well or not."""
        return self._future.done()

    def cancel(self) -> None:
        """Ask the work to stop; returns at once."""
        self._cancel.cancel()

    def result(self, timeout: float | None = None) -> Result:
        """What the work returned.

        Args:
            timeout: longest wait, seconds; without end by default.

        Raises:
            TimeoutError: the work is not finished by then.
            Cancelled: the work was stopped.
            Exception: whatever the work raised.
        """
        return self._future.result(timeout)

    def events(self, interval: float = WATCH_SECONDS) -> Generator[Progress, None, None]:
        """Yield the latest progress until the work has ended, at least every ``interval`` seconds.

        Closing this generator cancels the work. Errors of the work are raised by ``result``.
        """
        try:
            while not self._future.done():
                yield self.progress
                _wait(self._future, interval)
        finally:
            if not self._future.done():
                self.cancel()

    def close(self) -> None:
        """Cancel the work if it still runs, and remove its folder once it has stopped."""
        self.cancel()
        self._future.add_done_callback(lambda _: self._workspace.remove())

    def __enter__(self) -> Job[Result]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _report(self, progress: Progress) -> None:
        if progress.stage != self._progress.stage:
            self._stage_began = time.monotonic()
        self._progress = progress

    def _run(self) -> None:
        context = JobContext(self._workspace.path, self._cancel, self._report)
        try:
            while not self._slots.acquire(timeout=WATCH_SECONDS):
                self._cancel.check()
            try:
                self._cancel.check()
                result = self._work(context)
            finally:
                self._slots.release()
        except BaseException as error:
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


class JobPool:
    """Starts jobs, of which only a few run at once; the others wait for their turn."""

    def __init__(self, limit: int = 2, root: Path | None = None) -> None:
        """Make an empty pool.

        Args:
            limit: how many jobs may run at the same time, at least 1.
            root: where work folders are made; the folder for temporary files by default.
        """
        if limit < 1:
            raise ValueError(f"A pool runs at least 1 job at a time, not {limit}.")
        self._slots = threading.Semaphore(limit)
        self._root = root

    def start(self, work: Callable[[JobContext], Result]) -> Job[Result]:
        """Run ``work(context)`` in a thread of its own.

        Raises:
            LimitExceeded: too little free disk space for a work folder.
        """
        return Job(work, self._slots, Workspace(self._root))


def _wait(future: Future[Result], seconds: float) -> None:
    """Wait until the future has ended or the time is over."""
    with contextlib.suppress(TimeoutError):
        future.exception(timeout=seconds)
