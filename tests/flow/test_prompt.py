from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from synth.control import CancelToken
from synth.errors import Cancelled
from synth.flow.model import Between, Window
from synth.flow.prompt import Prompt
from tests.flow.retimed import Blend, row


class Waits(Blend):
    """Takes as long as it is told to, and knows in which threads it works."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.names: set[str] = set()

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        self.names.add(threading.current_thread().name)
        assert self.go.wait(10)
        return super().between(window, times)

    def close(self) -> None:
        self.names.add(threading.current_thread().name)
        super().close()


def _window() -> Window:
    first, second = row([10, 20])
    return Window((), first, second, ())


def test_pictures_come_as_from_the_inner_one() -> None:
    inner = Blend()
    prompt = Prompt(inner, CancelToken())
    assert [one.doubt for one in prompt.between(_window(), [0.25, 0.5])] == [0.25, 0.5]
    prompt.close()
    prompt.close()
    assert inner.closed


def test_what_goes_wrong_inside_comes_out() -> None:
    class Fails(Blend):
        def between(self, window: Window, times: Sequence[float]) -> list[Between]:
            raise TimeoutError("of its own")

    prompt = Prompt(Fails(), CancelToken())
    with pytest.raises(TimeoutError, match="of its own"):
        prompt.between(_window(), [0.5])
    prompt.close()


def test_nobody_waits_for_what_nobody_wants() -> None:
    inner, token = Waits(), CancelToken()
    prompt = Prompt(inner, token)
    threading.Timer(0.1, token.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        prompt.between(_window(), [0.5])
    prompt.close()
    assert time.monotonic() - began < 1.0
    # The inner one is closed by whoever works in it, once that is done.
    assert not inner.closed
    inner.go.set()
    while not inner.closed and time.monotonic() - began < 10:
        time.sleep(0.01)
    assert inner.closed
    assert len(inner.names) == 1
