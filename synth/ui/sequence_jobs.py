"""Work of a visitor's desk that goes on in the background, whoever watches it.

A reload or a lost connection ends nothing: the browser asks again with the job's name.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from synth.errors import Cancelled
from synth.jobs import Job, JobContext, JobPool
from synth.ui.answers import message_of

JobKind = Literal["film", "play", "shot", "file", "match", "check", "trial", "price", "style"]
"""A whole film, the quick play-through, one shot, a file to save, a comparison of colours; the
check of references, trial references, the price of a training, a style being learned."""

Work = Callable[[JobContext, "DeskJob"], dict[str, Any]]


class DeskJob:
    """A job of a desk: what it says while it runs, and what came of it."""

    def __init__(self, kind: JobKind, pool: JobPool, work: Work, about: Mapping[str, Any]) -> None:
        """Start ``work``; ``about`` is told with every answer."""
        self.id = secrets.token_hex(24)
        """Its name, which only the visitor's browser is told."""
        self.kind: JobKind = kind
        self._about = dict(about)
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._watched: dict[str, Any] = {}
        self._told: dict[str, Any] = {}
        self._job: Job[dict[str, Any]] = pool.start(lambda job: work(job, self))
        self._answer: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._job.done

    def watch(self, shots: list[dict[str, Any]], fraction: float, left: float | None) -> None:
        """Take what the film says of its shots; called by the work."""
        with self._lock:
            self._watched = {"shots": shots, "fraction": fraction, "left": left}

    def tell(self, **said: Any) -> None:
        """Take what is to be told with every answer from now on; called by the work."""
        with self._lock:
            self._told = {**self._told, **said}

    def cancel(self) -> None:
        """Ask it to stop; returns at once."""
        self._job.cancel()

    def close(self) -> None:
        """Stop it and delete its folder."""
        self._job.close()

    def state(self) -> dict[str, Any]:
        """How it stands, for the page."""
        with self._lock:
            told = dict(self._told)
        found = {"job": self.id, "kind": self.kind, "about": self._about, **told}
        if self._job.done:
            return {**found, **self._outcome()}
        progress = self._job.progress
        with self._lock:
            watched = dict(self._watched)
        fraction = watched.pop("fraction", None)
        left = watched.pop("left", None)
        return {
            **found,
            **watched,
            "phase": "working",
            "stage": progress.stage,
            "fraction": progress.fraction if fraction is None else fraction,
            "left": progress.seconds_left if left is None else left,
        }

    def _outcome(self) -> dict[str, Any]:
        with self._lock:
            if self._answer is None:
                seconds = round(time.monotonic() - self._began, 1)
                try:
                    result = self._job.result(0)
                    self._answer = {"phase": "done", "result": {**result, "took": seconds}}
                except Cancelled:
                    self._answer = {"phase": "stopped"}
                except Exception as error:
                    self._answer = {"phase": "failed", "error": message_of(error)}
                self._job.close()
            return self._answer
