"""A card that is lent for seconds: ZeroGPU on Hugging Face Spaces.

There the card exists only inside functions that ``spaces.GPU`` wraps, and these run in a process
of their own, forked when they are called: what they know they take along, what they find comes
back only as values that can be pickled (https://huggingface.co/docs/hub/spaces-zerogpu).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from synth.control import CancelToken, Progress, ProgressCallback
from synth.errors import SynthError, Unavailable

T = TypeVar("T")

LEAST_SECONDS: Final = 30
MOST_SECONDS: Final = 300
"""Bounds of what is asked for at once; a longer time waits longer in the queue."""


def is_zero_gpu() -> bool:
    """Whether this is a Space whose card has to be asked for."""
    return bool(os.environ.get("SPACE_ID")) and importlib.util.find_spec("spaces") is not None


def on_gpu(
    work: Callable[[ProgressCallback], T],
    *,
    seconds: float,
    cancel: CancelToken,
    progress: ProgressCallback,
) -> T:
    """Do work where the card is: here, or on a Space inside ``spaces.GPU``.

    Args:
        work: what is done; it reports to the callback that it is given. On a Space it runs in
            another process: its result must be picklable, and it cannot see ``cancel`` being set
            later, so that a cancelled call ends for the user at once and on the card when its
            booked time does.
        seconds: how long the card is asked for, kept within 30 and 300.
        cancel: looked at between reports.
        progress: told on the caller's thread.

    Raises what ``work`` raises, ``Cancelled``, and ``Unavailable`` where the Space lends nothing.
    """
    if not is_zero_gpu():
        return work(progress)
    spaces = importlib.import_module("spaces")
    booked = int(min(max(seconds, LEAST_SECONDS), MOST_SECONDS))

    def told() -> Iterator[tuple[str, Any]]:
        return _told(work)

    def generated() -> Iterator[tuple[str, Any]]:
        yield from told()

    lent = spaces.GPU(duration=booked)(generated)()
    try:
        for kind, value in lent:
            if kind == "done":
                return value
            if kind == "error":
                raise value
            cancel.check()
            if isinstance(value, Progress):
                progress(value)
    except SynthError:
        raise
    except Exception as error:
        raise _not_lent(str(error)) from error
    finally:
        close = getattr(lent, "close", None)
        if close is not None:
            close()
    raise _not_lent("it ended early")


def _told(work: Callable[[ProgressCallback], Any]) -> Iterator[tuple[str, Any]]:
    """What happens during work, as values: reports, and last its result or its error."""
    said: queue.Queue[tuple[str, Any]] = queue.Queue()

    def run() -> None:
        try:
            said.put(("done", work(lambda report: said.put(("progress", report)))))
        except SynthError as error:
            said.put(("error", error))
        except Exception as error:
            told = str(error).strip().splitlines()
            said.put(("error", Unavailable(f"The model failed: {(told or ['?'])[0][:200]}.")))

    thread = threading.Thread(target=run, name="on-lent-card", daemon=True)
    thread.start()
    while True:
        try:
            kind, value = said.get(timeout=0.2)
        except queue.Empty:
            kind, value = "waiting", None
        yield kind, value
        if kind in ("done", "error"):
            return


def _not_lent(said: str) -> Unavailable:
    first = (said.strip().splitlines() or ["no reason was given"])[0][:200]
    return Unavailable(
        f"The Space's card could not be had ({first}). Sign in for a larger quota, ask for a "
        "shorter or smaller clip, or try again later."
    )
