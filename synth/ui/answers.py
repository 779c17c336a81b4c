"""What the server tells a panel of the page, and whoever calls an endpoint."""

from __future__ import annotations

import inspect
import logging
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

from synth.control import Progress
from synth.errors import SynthError
from synth.jobs import Job

Result = TypeVar("Result")
Waiting = Generator[Any, None, Result]

_LOG = logging.getLogger(__name__)


def show(what: Mapping[str, Any], **more: Any) -> Any:
    """An update of what a panel displays, marked so that it arrives even if nothing is new.

    The page hears of changed values alone. Without the mark, the same photo or the same error
    twice in a row would leave the panel waiting for an answer that had come.

    Args:
        what: the new ``shown`` of the component.
        more: other attributes to update.
    """
    return gr.update(shown={**what, "stamp": secrets.token_hex(4)}, **more)


def answers(*types: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say what a function gives or yields, one type a value: API views read it from there."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        hint = types[0] if len(types) == 1 else tuple[types]
        signature = inspect.signature(function, eval_str=True)
        function.__signature__ = signature.replace(return_annotation=hint)  # type: ignore[attr-defined]
        return function

    return mark


def message_of(error: BaseException) -> str:
    """What to tell a person about an error: its own words, or a number to find it in the log."""
    if isinstance(error, SynthError):
        return str(error)
    number = secrets.token_hex(4)
    _LOG.error("Failure %s", number, exc_info=error)
    return f"Something went wrong on the server (number {number}). Please try again."


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn any error into one whose message may be shown to whoever called."""
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        raise gr.Error(message_of(error), print_exception=False) from None


def watch(job: Job[Result], *, both: bool = True, files: int = 1) -> Waiting[Result]:
    """Yield while a job runs, so that it can be cancelled; return what it returned.

    ``both`` says whether the endpoint gives ``files`` files and a report, or a report alone.
    """
    bar = gr.Progress()
    for progress in job.events():
        _report(bar, progress)
        status = {"status": progress.stage, "done": progress.done, "total": progress.total}
        yield (*[None] * files, status) if both else status
    return job.result(0)


def _report(bar: gr.Progress, progress: Progress) -> None:
    """Hand a report on to whoever watches the event."""
    bar((progress.done, progress.total) if progress.total else None, desc=progress.stage)
