"""One clip from one service: asked for, waited for, fetched into a private file."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.backends.providers.payloads import Payload
from synth.backends.providers.queues import Queue, State, Ticket
from synth.backends.providers.refusals import NotTaken, Passing
from synth.backends.providers.secret import Token
from synth.backends.providers.watch import Watch, watched
from synth.backends.providers.wire import Wire
from synth.control import CancelToken, Progress, ProgressCallback
from synth.errors import InvalidMedia, Unavailable
from synth.limits import LIMITS

_MOST_TROUBLES = 6
"""Questions in a row that may fail before a request is given up."""
_FETCHES = 3
"""Tries to fetch a clip that has been paid for."""
_LONGEST_PAUSE = 4.0


@dataclass(frozen=True)
class Line:
    """How a service is reached: what all calls of one shot share."""

    queue: Queue
    token: Token
    model: str
    """On the Hub, for messages."""
    seconds: float
    """Longest wait for one clip."""
    pause: float = 0.5
    """Seconds between two questions; grows to four seconds while nothing changes."""
    own: str = ""
    """A stand-in's address."""
    most_bytes: int = LIMITS.video_bytes
    """Largest clip."""


@dataclass
class Told:
    """What the services' answers tell besides the clip; filled while a shot is drawn."""

    notes: list[str] = field(default_factory=list)
    """For the user."""


def draw_clip(
    line: Line,
    payload: Payload,
    path: Path,
    told: Told,
    *,
    which: str,
    cancel: CancelToken,
    progress: ProgressCallback,
) -> None:
    """Ask for a clip, wait until it is drawn, and write it to ``path``.

    Where the service does not take what is not essential, it is asked once more without. A caller
    who leaves, and a deadline, send the service word to stop where it has a way.

    Args:
        line: how to reach the service.
        payload: what to ask.
        path: a file that is not there yet, in a private folder.
        told: gets what the user should know.
        which: for progress, "" or "clip 2 of 3".
        cancel: looked at every 0.05 s.
        progress: place in the queue, seconds of drawing, bytes fetched.

    Raises ``Unavailable``, ``InvalidInstruction``, ``LimitExceeded`` as the service refuses, and
    ``Cancelled``.
    """
    provider = line.queue.provider
    part = f", {which}" if which else ""

    def work(watch: Watch) -> None:
        with Wire(provider, line.token, watch, word=line.queue.word, own=line.own) as wire:
            ticket = _submitted(line, payload, told, wire, watch)
            try:
                url = _followed(line, ticket, wire, watch, part)
                _fetched(line, url, path, wire, watch, part)
            except BaseException:
                if watch.left:
                    _stopped(ticket, wire)
                raise

    watched(
        work,
        cancel=cancel,
        progress=progress,
        seconds=line.seconds,
        too_late=f"{provider} had not finished the clip after {line.seconds:g} seconds. It was "
        "asked to stop, but may charge for it. Allow a longer wait (at most 7,200 seconds), or try "
        "again when it is less busy.",
        failed=f"{provider} could not be asked",
        scrub=line.token.scrub,
    )


def _submitted(line: Line, payload: Payload, told: Told, wire: Wire, watch: Watch) -> Ticket:
    watch.say(Progress(f"Sending the photo to {line.queue.provider}"))
    entrance = line.queue.entrance(payload.endpoint)
    # From here on it may cost money: not every service can be stopped.
    watch.check()
    try:
        answer = wire.ask("POST", entrance, body=payload.body, model=line.model)
    except NotTaken:
        if not payload.extras:
            raise
        answer = None
    if answer is None:
        watch.check()
        answer = wire.ask("POST", entrance, body=payload.bare, model=line.model)
        left_out = ", ".join(name.replace("_", " ") for name in payload.extras)
        told.notes.append(
            f"{line.queue.provider} did not take everything that was asked of it: the clip was "
            f"asked for again without {left_out}."
        )
    return line.queue.ticket(answer)


def _followed(line: Line, ticket: Ticket, wire: Wire, watch: Watch, part: str) -> str:
    """The clip's address, once it is drawn."""
    provider = line.queue.provider
    began = time.monotonic()
    pause, last, troubles = line.pause, None, 0
    while True:
        watch.pause(pause)
        try:
            state = line.queue.state(wire.ask("GET", ticket.follow, model=line.model), line.token)
            troubles = 0
        except Passing:
            troubles += 1
            if troubles >= _MOST_TROUBLES:
                raise
            pause = min(pause * 2.0, _LONGEST_PAUSE)
            continue
        pause = line.pause if state != last else min(pause * 1.2, _LONGEST_PAUSE)
        last = state
        if state.stage == "failed":
            raise Unavailable(
                f"{provider} could not draw the clip: {state.why.rstrip('.')}. Change the prompt "
                "or the photo, or choose another model or provider."
            )
        if state.stage == "done":
            return _address(line, ticket, state, wire)
        watch.say(_news(provider, state, int(time.monotonic() - began), part))


def _news(provider: str, state: State, seconds: int, part: str) -> Progress:
    if state.stage == "working":
        return Progress(f"Drawing at {provider}{part}", seconds)
    place = "" if state.place is None else f", {state.place} before it"
    return Progress(f"Waiting at {provider}{place}{part}", seconds)


def _address(line: Line, ticket: Ticket, state: State, wire: Wire) -> str:
    clip = state.clip
    if ticket.result:
        answer: Any = None
        for trial in range(_FETCHES):
            try:
                answer = wire.ask("GET", ticket.result, model=line.model)
                break
            except Passing:
                if trial == _FETCHES - 1:
                    raise
        clip = line.queue.clip(answer)
    if not clip:
        raise InvalidMedia(
            f"{line.queue.provider} says that it is done and gave no video. Try again, or choose "
            "another model or provider."
        )
    return clip


def _fetched(line: Line, url: str, path: Path, wire: Wire, watch: Watch, part: str) -> None:
    stage = f"Fetching the clip from {line.queue.provider}{part}"

    def report(done: int, total: int) -> None:
        watch.say(Progress(stage, done, total))

    for trial in range(_FETCHES):
        try:
            wire.fetch(url, path, most=line.most_bytes, report=report)
            return
        except Passing:
            if trial == _FETCHES - 1:
                raise
            watch.pause(line.pause * 2.0**trial)


def _stopped(ticket: Ticket, wire: Wire) -> None:
    """Word to the service that nobody waits any more, as well as it can be told."""
    if ticket.cancel:
        with contextlib.suppress(Exception):
            wire.goodbye(ticket.cancel)
