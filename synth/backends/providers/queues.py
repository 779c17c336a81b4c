"""The queues of the three services: where a request goes, how it is followed, what an answer means.

Each was read in the public client of the Hub (huggingface_hub 2.4.0, ``inference/_providers``) and
in the services' own pages: fal.ai/docs (queue), docs.together.ai/reference/create-videos,
wavespeed.ai/docs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from synth.backends.providers.refusals import own_words
from synth.backends.providers.secret import Token
from synth.errors import Unavailable

ROUTER: Final = "https://router.huggingface.co/{provider}"
"""Where a Hugging Face token is sent: the Hub pays the service."""

_DIRECT: Final = {
    "fal-ai": "https://queue.fal.run",
    "wavespeed": "https://api.wavespeed.ai",
    "together": "https://api.together.xyz",
}
"""Where a service's own key is sent."""

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9][\w.~:-]*){1,16}")


@dataclass(frozen=True)
class Ticket:
    """A request that was taken."""

    follow: str
    """Address that tells how far it is."""
    cancel: str = ""
    """Address that stops it; "" where the service has none."""
    result: str = ""
    """Address of the answer when it is done; "" where ``follow`` brings it along."""


@dataclass(frozen=True)
class State:
    """How far a request is."""

    stage: Literal["waiting", "working", "done", "failed"]
    place: int | None = None
    """How many are before it, where that is told."""
    clip: str = ""
    """Address of the clip, once done; "" where it has to be asked for."""
    why: str = ""
    """Why it failed, in the service's words."""


@dataclass(frozen=True)
class Queue:
    """How one service is talked to."""

    provider: str
    """Which."""
    base: str
    """Where every request begins."""
    routed: bool
    """Whether the Hub's router stands between."""
    word: str
    """What stands before the token in the header."""

    @property
    def _query(self) -> str:
        return "?_subdomain=queue" if self.provider == "fal-ai" and self.routed else ""

    def entrance(self, endpoint: str) -> str:
        """Where a request is sent."""
        path = quote(endpoint, safe="/.-_")
        if self.provider == "together":
            return f"{self.base}/v2/videos"
        if self.provider == "wavespeed":
            return f"{self.base}/api/v3/{path}"
        return f"{self.base}/{path}{self._query}"

    def ticket(self, answer: Any) -> Ticket:
        """What the answer to a request says; raises ``Unavailable`` where it says nothing.

        The address is the service's own or the router's, whatever host the answer names, so that
        the token stays there.
        """
        told = answer if isinstance(answer, dict) else {}
        if self.provider == "together":
            identifier = told.get("id")
            if isinstance(identifier, str) and _PATH.fullmatch(f"/{identifier}"):
                return Ticket(f"{self.base}/v2/videos/{identifier}")
        elif self.provider == "wavespeed":
            urls = _inside(told.get("data")).get("urls")
            path = self._path(_inside(urls).get("get"))
            if path:
                return Ticket(f"{self.base}{path}")
        else:
            path = self._path(told.get("response_url"))
            if path and told.get("request_id"):
                query = self._query
                return Ticket(
                    f"{self.base}{path}/status{query}",
                    f"{self.base}{path}/cancel{query}",
                    f"{self.base}{path}{query}",
                )
        raise Unavailable(
            f"{self.provider} took the request and did not say where its answer will be. Try "
            "again later, or choose another provider."
        )

    def state(self, answer: Any, token: Token | None) -> State:
        """What the answer to a question after a request says; what is unknown counts as failed."""
        told = answer if isinstance(answer, dict) else {}
        if self.provider == "wavespeed":
            told = _inside(told.get("data"))
        status = str(told.get("status") or "queued").lower()
        if status in ("queued", "in_queue", "created", "pending"):
            place = told.get("queue_position")
            return State("waiting", place if isinstance(place, int) and place >= 0 else None)
        if status in ("in_progress", "processing"):
            return State("working")
        if status == "completed" and not told.get("error"):
            return State("done", clip=self._clip(told))
        why = own_words(told, token)
        return State("failed", why=why or f"its state is {status[:40]!r}")

    def clip(self, answer: Any) -> str:
        """The clip's address in a finished answer; "" where there is none."""
        return self._clip(answer if isinstance(answer, dict) else {})

    def _clip(self, told: dict[str, Any]) -> str:
        if self.provider == "together":
            found = _inside(told.get("outputs")).get("video_url")
        elif self.provider == "wavespeed":
            outputs = told.get("outputs")
            found = outputs[0] if isinstance(outputs, list) and outputs else ""
        else:
            found = _inside(told.get("video")).get("url")
        return found if isinstance(found, str) else ""

    def _path(self, url: Any) -> str:
        """The path of an address in an answer, if it is a plain one."""
        try:
            path = urlsplit(url).path if isinstance(url, str) else ""
        except ValueError:
            return ""
        return path if _PATH.fullmatch(path) and ".." not in path else ""


def make_queue(provider: str, token: Token, *, own: str = "") -> Queue:
    """How a service is reached with a token: through the Hub's router, or with its own key.

    Args:
        provider: which service.
        token: decides the way.
        own: address of a stand-in that serves ``/router/<provider>`` and ``/direct/<provider>``.
    """
    routed = token.of_the_hub
    if own:
        base = f"{own}/{'router' if routed else 'direct'}/{provider}"
    else:
        base = ROUTER.format(provider=provider) if routed else _DIRECT[provider]
    word = "Key" if provider == "fal-ai" and not routed else "Bearer"
    return Queue(provider, base, routed, word)


def _inside(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
