"""An interpolator that stops at once when asked to, however long a picture takes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

from synth.control import CancelToken
from synth.flow.model import Between, Interpolator, Window

_POLL_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 0.2
"""How long closing waits for work that nobody wants any more."""


class Prompt:
    """Runs an interpolator in a thread of its own and looks at the token meanwhile.

    The first pictures of all may take seconds, as compiled code is made or loaded for them, and
    large ones take long on a busy machine; nobody who stops waits for either.
    """

    def __init__(self, inner: Interpolator, cancel: CancelToken) -> None:
        """``inner`` is closed with this one."""
        self._inner = inner
        self._cancel = cancel
        self._thread = ThreadPoolExecutor(1, "make-frames")
        self._closing: Future[None] | None = None

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        """As the inner one's; raises ``Cancelled`` within a twentieth of a second.

        What was begun then ends by itself.
        """
        call = self._thread.submit(self._inner.between, window, times)
        while not wait((call,), _POLL_SECONDS).done:
            self._cancel.check()
        return call.result()

    def close(self) -> None:
        """Let go of everything, at the latest when the work at hand has ended."""
        if self._closing is None:
            self._closing = self._thread.submit(self._inner.close)
            self._thread.shutdown(wait=False)
        wait((self._closing,), _PATIENCE_SECONDS)
