"""How long work is watched and stopped: a cancel token and a progress report, nothing else.

They live below everything so that every stage can take them; who runs the work is ``synth.jobs``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from synth.errors import Cancelled


class CancelToken:
    """A flag that one thread sets and the worker looks at between small steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop; safe from any thread, any number of times."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise ``Cancelled`` if somebody asked to stop."""
        if self._event.is_set():
            raise Cancelled("Stopped. Nothing was written.")


@dataclass(frozen=True)
class Progress:
    """One report of how far the work has come."""

    stage: str
    """What is being done, in a person's words: "Rendering"."""
    done: int = 0
    """Steps finished in this stage."""
    total: int = 0
    """Steps of this stage, 0 where unknown."""
    seconds_left: float | None = None
    """Estimated time to the end of the stage, seconds."""

    @property
    def fraction(self) -> float:
        """Share of the stage that is finished, 0 to 1."""
        return self.done / self.total if self.total else 0.0


ProgressCallback = Callable[[Progress], None]


def ignore_progress(_: Progress) -> None:
    """A progress callback for callers who do not watch."""
