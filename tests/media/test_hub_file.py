"""Files of the Hub whose size and content are not known beforehand; `tests/flow` has the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, Unavailable
from synth.media.hub_file import HubFile
from tests.media.hub import Hub, hubs

ANY = HubFile("someone/tiny", "tiny.onnx", "the tiny network")
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def hub_of() -> Iterator[Callable[..., Hub]]:
    with hubs() as start:
        yield start


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def test_a_file_of_any_content_is_fetched_once_and_reported(
    tmp_path: Path, hub_of: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    hub = hub_of(CONTENT)
    reports: list[Progress] = []
    assert ANY.cached(tmp_path) is None
    path = ANY.download(reports.append, cache_dir=tmp_path, endpoint=hub.url)
    assert path.read_bytes() == CONTENT
    assert reports[-1] == Progress("Downloading the tiny network", len(CONTENT), len(CONTENT))
    assert ANY.cached(tmp_path) == path
    assert ANY.download(cache_dir=tmp_path, endpoint=hub.url) == path
    assert (hub.gets, hub.tokens) == (1, [])


@pytest.mark.parametrize("cut", [False, True])
def test_its_damage_is_noticed_by_the_hash_it_was_fetched_under(
    tmp_path: Path, hub_of: Callable[..., Hub], cut: bool
) -> None:
    hub = hub_of(CONTENT)
    path = ANY.download(cache_dir=tmp_path, endpoint=hub.url)
    damaged = bytearray(CONTENT[:99] if cut else CONTENT)
    damaged[50] ^= 1
    path.resolve().write_bytes(damaged)
    with pytest.raises(Unavailable, match=r"that was fetched.*Download it again"):
        ANY.check(path)
    assert ANY.download(cache_dir=tmp_path, endpoint=hub.url).read_bytes() == CONTENT
    assert hub.gets == 2


def test_what_arrives_damaged_is_thrown_away(tmp_path: Path, hub_of: Callable[..., Hub]) -> None:
    hub = hub_of(CONTENT, claimed=b"other")
    with pytest.raises(Unavailable, match=r"is damaged, and was thrown away"):
        ANY.download(cache_dir=tmp_path, endpoint=hub.url)
    assert ANY.cached(tmp_path) is None


def test_a_file_that_is_not_the_caches_own_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"mine")
    ANY.check(path)
    with pytest.raises(Unavailable, match="should be the tiny network of 5 bytes and has 4"):
        HubFile("someone/tiny", "tiny.onnx", "the tiny network", size=5).check(path)


@pytest.mark.parametrize("status", [404, 403])
def test_a_refusal_is_told_with_the_next_step(
    tmp_path: Path, hub_of: Callable[..., Hub], status: int
) -> None:
    with pytest.raises(Unavailable, match="try again"):
        ANY.download(cache_dir=tmp_path, endpoint=hub_of(b"", status=status).url)


def test_a_stop_is_seen_in_the_middle_of_the_file(
    tmp_path: Path, hub_of: Callable[..., Hub]
) -> None:
    hub = hub_of(b"x" * 400_000, stall=True)
    token = CancelToken()
    threading.Timer(0.3, token.cancel).start()
    with pytest.raises(Cancelled):
        ANY.download(cancel=token, cache_dir=tmp_path, endpoint=hub.url)
    assert not hub.release.is_set()
    assert ANY.cached(tmp_path) is None
