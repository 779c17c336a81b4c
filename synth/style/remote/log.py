"""What a rented machine writes: lines of JSON that become progress and a curve, and plain ones."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from synth.control import Progress, ProgressCallback
from synth.errors import InvalidInstruction
from synth.json_text import read_json
from synth.style.remote.hub import JobsHub
from synth.style.training.model import Moment

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_MOST_LINES: Final = 10_000
_LONGEST_LINE: Final = 2_000


class Told:
    """Turns the machine's lines into progress, points of a curve, and an error's sentence."""

    def __init__(
        self,
        progress: ProgressCallback,
        watch: Callable[[Moment], None],
        line: Callable[[str], None] | None,
    ) -> None:
        """Where each kind of line goes; other lines than the training's own go to ``line``."""
        self._progress = progress
        self._watch = watch
        self._line = line
        self.error = ""

    def hear(self, text: str) -> None:
        """Hand on one line."""
        told: Any = None
        if text.startswith("{"):
            with contextlib.suppress(InvalidInstruction):
                told = read_json(text, most_bytes=_LONGEST_LINE)
        if not isinstance(told, dict):
            if self._line is not None:
                self._line(text)
            return
        if isinstance(told.get("error"), str):
            self.error = told["error"][:500]
        step, steps = _count(told.get("step")), _count(told.get("steps"))
        left = number(told.get("seconds_left"))
        if steps and isinstance(told.get("stage"), str):
            self._progress(Progress(told["stage"][:80], step, steps, left))
        words = told.get("said")
        said = words[:500] if isinstance(words, str) else ""
        validation = number(told.get("validation"))
        if (steps and validation is not None) or said:
            loss = number(told.get("loss"))
            self._watch(Moment(step, steps, loss, validation, left, said=said))


class Log:
    """The machine's log, read on a thread of its own because its stream blocks."""

    def __init__(self, hub: JobsHub, job: str, account: str) -> None:
        """Of a job of an account; read from ``start`` on."""
        self._hub = hub
        self._job = job
        self._account = account
        self._lines: queue.Queue[str] = queue.Queue(_MOST_LINES)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._read, name="job-log", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Read no further."""
        self._stop.set()

    def drain(self, told: Told) -> None:
        """Hand on what has come."""
        with contextlib.suppress(queue.Empty):
            while True:
                told.hear(self._lines.get_nowait())

    def _read(self) -> None:
        def work(api: HfApi) -> None:
            stream = api.fetch_job_logs(job_id=self._job, namespace=self._account, follow=True)
            for text in stream:
                for line in str(text).splitlines():
                    if self._stop.is_set():
                        return
                    with contextlib.suppress(queue.Full):
                        self._lines.put_nowait(self._hub.token.scrub(line)[:_LONGEST_LINE])

        # A log that breaks off is a loss of news and no failure: the state tells how it ends.
        with contextlib.suppress(Exception):
            self._hub.plainly("read the log", work)


def number(value: Any) -> float | None:
    """A number of somebody's JSON; None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
