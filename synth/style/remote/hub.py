"""Questions to the Hub through its own client, watched, with refusals in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from synth.backends.providers.refusals import TOKENS_PAGE, Passing, refusal
from synth.backends.providers.secret import Token
from synth.backends.providers.watch import Watch, watched
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import SynthError, Unavailable
from synth.media.hub_file import brief

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Result = TypeVar("Result")

ApiMaker = Callable[[str], "HfApi"]
"""Makes the client for a token."""

SERVICE = "Hugging Face Jobs"
_RIGHT = "start Jobs and write to buckets"
_ANSWER_SECONDS = 60.0


class JobsHub:
    """The Hub for one account."""

    def __init__(self, token: str | None, *, make_api: ApiMaker | None = None) -> None:
        """Ask nothing yet.

        Args:
            token: of the account that pays.
            make_api: makes the client; the Hub's own unless given.

        Raises ``Unavailable`` without a token, ``InvalidInstruction`` for one that cannot be one.
        """
        if not token or not token.strip():
            raise Unavailable(
                "Training on Hugging Face Jobs needs a token of the account that pays: sign in, or "
                f"make one on {TOKENS_PAGE} with the permission to {_RIGHT}, and paste it."
            )
        self.token = Token(token)
        self._make_api = make_api or _own_client

    def ask(
        self,
        what: str,
        work: Callable[[HfApi, Watch], Result],
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
        seconds: float = _ANSWER_SECONDS,
    ) -> Result:
        """Do something with the client on a thread of its own.

        Args:
            what: for messages, after "could not": "start the job".
            work: gets the client; looks at its ``Watch`` between steps.
            cancel: looked at every 0.05 s.
            progress: gets what the work says.
            seconds: deadline.

        Raises what ``refusal`` says, ``Unavailable`` where the Hub cannot be reached or is too
        slow, and ``Cancelled``.
        """

        def attempt(watch: Watch) -> Result:
            return self.plainly(what, lambda api: work(api, watch))

        return watched(
            attempt,
            cancel=cancel,
            progress=progress,
            seconds=seconds,
            too_late=f"{SERVICE} could not {what} within {seconds:g} seconds. Check the connection "
            "and try again.",
            failed=f"{SERVICE} could not {what}",
            scrub=self.token.scrub,
        )

    def plainly(self, what: str, work: Callable[[HfApi], Result]) -> Result:
        """Do something with the client on this thread; errors as for ``ask``."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError

        problem: SynthError
        try:
            return work(self._make_api(self.token.reveal()))
        except HfHubHTTPError as error:
            said = self.token.scrub(" ".join((error.server_message or "").split()))[:200]
            wait = error.response.headers.get("retry-after", "")
            status = error.response.status_code
            problem = refusal(status, SERVICE, said=said, wait=wait, right=_RIGHT)
        except httpx2.HTTPError as error:
            why = self.token.scrub(brief(error))
            problem = Passing(
                f"{SERVICE} could not {what}: the Hub cannot be reached ({why}). Check the "
                "connection and try again."
            )
        # Outside the handlers: their errors hold the request, and so the token.
        raise problem


def _own_client(token: str) -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(token=token, library_name="motion-synth")
