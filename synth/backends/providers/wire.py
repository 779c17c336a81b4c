"""Requests to a service: small answers, capped files, no redirect with a token, no secret kept."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx2

from synth.backends.providers.addresses import Resolver, Target, resolve, vetted
from synth.backends.providers.refusals import Passing, own_words, refusal
from synth.backends.providers.secret import Token, scrubbed
from synth.backends.providers.watch import Watch
from synth.errors import InvalidInstruction, LimitExceeded, SynthError, Unavailable
from synth.json_text import read_json
from synth.media.hub_file import brief

_ANSWER_BYTES = 1_000_000
_ANSWER_SECONDS = 30.0
_MOST_REDIRECTS = 5
_MOST_ADDRESSES = 3
_TIMEOUT = httpx2.Timeout(connect=10, read=30, write=60, pool=5)
_SUBMIT_TIMEOUT = httpx2.Timeout(connect=10, read=120, write=60, pool=5)
_AGENT = "motion-synth"


class _Key(httpx2.Auth):
    """Puts the token into a request's header at the last moment, so that it stands nowhere else."""

    def __init__(self, token: Token, word: str) -> None:
        self._token = token
        self._word = word

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["authorization"] = f"{self._word} {self._token.reveal()}"
        yield request


class Wire:
    """A line to one service; for one worker thread, closed when it ends."""

    def __init__(
        self,
        service: str,
        token: Token | None,
        watch: Watch,
        *,
        word: str = "Bearer",
        own: str = "",
        look_up: Resolver = resolve,
    ) -> None:
        """Open nothing yet.

        Args:
            service: its name in messages.
            token: sent with ``ask`` and never with ``fetch``.
            watch: looked at between pieces of an answer.
            word: what stands before the token in the header.
            own: a stand-in's address, which may be private and is reached without a proxy.
            look_up: finds a name's addresses.
        """
        self._service = service
        self._token = token
        self._watch = watch
        self._auth = _Key(token, word) if token else None
        self._own = own
        self._look_up = look_up
        # A stand-in speaks plain HTTP: with it, no certificate is trusted at all.
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if own else httpx2.create_ssl_context()
        agent = {"user-agent": _AGENT}
        self._client = httpx2.Client(
            timeout=_TIMEOUT, verify=trust, trust_env=not own, headers=agent
        )
        # A clip's address is pinned, so it is fetched without a proxy, and with no cookies.
        self._fetcher = httpx2.Client(
            timeout=_TIMEOUT, verify=trust, trust_env=False, headers=agent
        )

    def close(self) -> None:
        """Hang up."""
        self._client.close()
        self._fetcher.close()

    def __enter__(self) -> Wire:
        """The line itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self.close()

    def ask(
        self, method: str, url: str, *, body: Mapping[str, Any] | None = None, model: str = ""
    ) -> Any:
        """Send a request with the token and read the JSON that comes back, at most 1 MB.

        Redirects are not followed. Raises what ``refusal`` says for a status of 300 or more,
        ``Passing`` where the service cannot be reached, ``Unavailable`` for an answer that is not
        JSON.
        """
        problem: SynthError | None = None
        status, wait, text = 0, "", ""
        try:
            with self._client.stream(
                method, url, json=body, auth=self._auth,
                timeout=_SUBMIT_TIMEOUT if body is not None else _TIMEOUT,
            ) as response:  # fmt: skip
                status, wait = response.status_code, response.headers.get("retry-after", "")
                text = self._small(response)
        except httpx2.TimeoutException:
            problem = Passing(f"{self._service} did not answer in time. Try again later.")
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            problem = self._unreachable(error)
        if problem is not None:  # Outside the handler: the request holds the token.
            raise problem
        if status >= 300:
            said = own_words(self._lenient(text), self._token)
            raise refusal(status, self._service, said=said, wait=wait, model=model)
        try:
            value = read_json(text, most_bytes=_ANSWER_BYTES)
        except InvalidInstruction:
            value = None
        if not isinstance(value, dict | list):
            raise Unavailable(
                f"{self._service} gave an answer that cannot be understood. Try again later, or "
                "choose another provider."
            )
        return value

    def goodbye(self, url: str) -> None:
        """Tell a service to stop, whatever it answers; takes at most some seconds."""
        self._client.put(url, auth=self._auth or httpx2.USE_CLIENT_DEFAULT, timeout=5.0)

    def fetch(self, url: str, path: Path, *, most: int, report: Callable[[int, int], None]) -> None:
        """Write what lies at a stranger's address to a new private file, without the token.

        Args:
            url: every address on the way is checked by ``vetted`` and pinned.
            path: the new file, mode 0600.
            most: largest size, bytes.
            report: told bytes so far, and in total or 0.

        Raises ``Unavailable`` (``Passing`` where it may work a moment later, such as for a file
        that is cut off), and ``LimitExceeded`` for too much.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            target = vetted(url, self._service, own=self._own, look_up=self._look_up)
            problem: SynthError | None = None
            onward = ""
            try:
                with self._answer(target) as response:
                    if response.is_redirect:
                        onward = urljoin(url, response.headers.get("location", ""))
                    elif response.status_code != 200:
                        problem = self._not_given(response.status_code)
                    else:
                        self._save(response, path, most, report)
            except httpx2.TimeoutException:
                problem = Passing(f"The clip's address at {self._service} does not answer.")
            except httpx2.RemoteProtocolError:
                problem = self._cut_off()
            except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
                problem = self._unreachable(error)
            if problem is not None:
                raise problem
            if not onward:
                return
            url = onward
        raise Unavailable(
            f"The clip's address at {self._service} leads on more than {_MOST_REDIRECTS} times. "
            "Choose another provider."
        )

    @contextmanager
    def _answer(self, target: Target) -> Iterator[httpx2.Response]:
        """The answer from a checked address, tried at each of its hosts in turn."""
        parts = urlsplit(target.url)
        last: httpx2.ConnectError | None = None
        for address in target.addresses[:_MOST_ADDRESSES] or ("",):
            self._watch.check()
            headers = {"accept-encoding": "identity"}
            url, extensions = target.url, {}
            if address:
                bracketed = f"[{address}]" if ":" in address else address
                port = f":{parts.port}" if parts.port else ""
                url = urlunsplit(parts._replace(netloc=bracketed + port))
                headers["host"] = parts.netloc
                extensions = {"sni_hostname": target.host}
            request = self._fetcher.build_request(
                "GET", url, headers=headers, extensions=extensions
            )
            self._fetcher.cookies.clear()
            try:
                response = self._fetcher.send(request, stream=True)
            except httpx2.ConnectError as error:
                last = error
                continue
            try:
                yield response
            finally:
                response.close()
            return
        raise last or httpx2.ConnectError("no address")

    def _save(
        self,
        response: httpx2.Response,
        path: Path,
        most: int,
        report: Callable[[int, int], None],
    ) -> None:
        declared = response.headers.get("content-length", "")
        total = int(declared) if declared.isdecimal() and len(declared) < 16 else 0
        if total > most:
            raise self._too_large(total, most)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unavailable(f"{self._service} gave a clip that is packed. Try again later.")
        done = 0
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            for piece in response.iter_raw():
                self._watch.check()
                done += len(piece)
                if done > most:
                    raise self._too_large(done, most)
                file.write(piece)
                report(done, total)
        if total and done != total:
            raise self._cut_off()

    def _small(self, response: httpx2.Response) -> str:
        """An answer's text, which is never large and never slow, without the token it may echo.

        Read to its end even when nobody waits: it may name a request that has to be stopped.
        """
        raw = bytearray()
        deadline = time.monotonic() + _ANSWER_SECONDS
        for piece in response.iter_bytes():
            raw += piece
            if time.monotonic() > deadline:
                raise Passing(f"{self._service} answers too slowly. Try again later.")
            if len(raw) > _ANSWER_BYTES:
                raise LimitExceeded(
                    f"{self._service} answered with more than {_ANSWER_BYTES:,} bytes where a few "
                    "hundred are usual. Choose another provider."
                )
        return scrubbed(raw.decode("utf-8", "replace"), self._token)

    def _lenient(self, text: str) -> Any:
        """A refusal's JSON, or its plain text where that is no page."""
        try:
            return read_json(text, most_bytes=_ANSWER_BYTES)
        except InvalidInstruction:
            return "" if "<" in text else text[:500]

    def _unreachable(self, error: Exception) -> Passing:
        return Passing(
            f"{self._service} cannot be reached ({scrubbed(brief(error), self._token)}). Check the "
            "connection and try again."
        )

    def _not_given(self, status: int) -> SynthError:
        # A clip that was drawn a moment ago may not have reached every place it is given out from.
        kind = Passing if status >= 500 or status in (403, 404, 408, 425, 429) else Unavailable
        return kind(
            f"{self._service} drew the clip, but its address answers {status}. Try again later; "
            "the service may have charged for it."
        )

    def _cut_off(self) -> Passing:
        return Passing(f"The clip from {self._service} was cut off on its way. Try again.")

    def _too_large(self, size: int, most: int) -> LimitExceeded:
        return LimitExceeded(
            f"{self._service} gave a clip of {size:,} bytes or more; the limit is {most:,}. Choose "
            "a smaller frame size or a shorter clip."
        )
