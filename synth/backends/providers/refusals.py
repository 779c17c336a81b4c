"""What a service's refusal means, in a person's words and with the next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synth.backends.providers.secret import Token, scrubbed
from synth.errors import InvalidInstruction, LimitExceeded, SynthError, Unavailable

_LONGEST_REASON = 200
TOKENS_PAGE = "huggingface.co/settings/tokens"


class Passing(Unavailable):
    """Trouble that may be over in a moment: the same question may be asked again."""


class NotTaken(InvalidInstruction):
    """The service did not take the request's content: it may take a simpler one."""


def refusal(
    status: int,
    service: str,
    *,
    said: str = "",
    wait: str = "",
    model: str = "",
    right: str = "make calls to Inference Providers",
) -> SynthError:
    """The error for an HTTP status of 300 or more.

    Args:
        status: HTTP status code.
        service: who answered, "fal-ai".
        said: the service's own words, already scrubbed and short.
        wait: its Retry-After header, seconds; anything else is ignored.
        model: what was asked for, "owner/name".
        right: the permission that a token needs.
    """
    words = f" It says: {said.rstrip('.')}." if said else ""
    what = f"{service} answered {status}"
    if status == 401:
        return Unavailable(
            f"{what}: the token is not valid, or has expired.{words} Make a new one on "
            f"{TOKENS_PAGE} with the permission to {right}, or sign in again."
        )
    if status == 402:
        return Unavailable(
            f"{what}: the account has no credit left for this.{words} Add credit or a plan to the "
            "account, or choose a backend on this machine."
        )
    if status == 403:
        return Unavailable(
            f"{what}: the token may not do this.{words} Give it the permission to {right} on "
            f"{TOKENS_PAGE}, or accept the model's terms on its page."
        )
    if status in (404, 410):
        which = f"{model} " if model else "what was asked for "
        return InvalidInstruction(
            f"{what}: {which}is not there.{words} Check the model's name, or choose another model "
            "or provider."
        )
    if status == 413:
        return LimitExceeded(
            f"{what}: the photo is too large for it.{words} Choose a smaller frame size."
        )
    if status in (400, 409, 415, 422):
        return NotTaken(
            f"{what}: it does not accept this request.{words} Change the prompt, the size or the "
            "length, or choose another model or provider."
        )
    if status == 429:
        later = f"in {wait} seconds" if wait.isdecimal() and len(wait) < 6 else "in some minutes"
        return Passing(f"{what}: too many requests for this account.{words} Try again {later}.")
    if status in (408, 504):
        return Passing(f"{what}: it did not finish in its own time.{words} Try again later.")
    if status >= 500:
        return Passing(
            f"{what}: it has trouble of its own.{words} Try again later, or choose another "
            "provider."
        )
    if status >= 400:
        return Unavailable(f"{what}: it does not do this.{words} Choose another provider.")
    return Unavailable(
        f"{what}: it sends this request elsewhere, which is not followed because the token would "
        "go along. Try again later, or choose another provider."
    )


def own_words(answer: Any, token: Token | None) -> str:
    """What a service's JSON says of an error, one line of at most 200 characters, scrubbed.

    Looks where the services write it: ``detail`` (text, or a list of ``{loc, msg}``), ``error``
    (text, or an object with ``message``), ``message``, and the same inside ``data``.
    """
    text = _found(answer)
    line = " ".join(scrubbed(text, token).split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _found(answer: Any, depth: int = 0) -> str:
    if isinstance(answer, str):
        return answer
    if depth > 4:
        return ""
    if isinstance(answer, list):
        return "; ".join(filter(None, (_found(part, depth + 1) for part in answer[:3])))
    if isinstance(answer, Mapping):
        if "msg" in answer:
            location = answer.get("loc")
            where = str(location[-1]) if isinstance(location, list) and location else ""
            return f"{where}: {answer['msg']}" if where else str(answer["msg"])
        for key in ("detail", "error", "message", "data"):
            if answer.get(key):
                return _found(answer[key], depth + 1)
    return ""
