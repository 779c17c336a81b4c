"""Weights fetched from a stand-in for the Hub, and found again without it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from synth.backends.families import family
from synth.backends.local import loading
from synth.backends.local.loading import load_pipeline
from synth.backends.local.weights import Weights, _whole, find_weights
from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, Unavailable
from tests.backends.local.hub import COMMIT, model_hub
from tests.backends.tiny import save_tiny

LTX = family("ltx")
MODEL = "someone/tiny"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = save_tiny("ltx", tmp_path_factory.mktemp("repository"))
    (folder / "single.safetensors").write_bytes(b"another copy of everything")
    (folder / "transformer" / "model.bin").write_bytes(b"a pickle")
    (folder / "transformer" / "code.py").write_text("raise SystemExit")
    return folder


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def test_only_what_is_needed_is_fetched_and_then_found_without_the_hub(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Progress] = []
    with model_hub(repository) as hub:
        found = find_weights(
            LTX, MODEL, token="hf_canary", cancel=CancelToken(), progress=said.append,
            cache_dir=tmp_path, endpoint=hub.url,
        )  # fmt: skip
        assert not {"single.safetensors", "transformer/model.bin", "transformer/code.py"} & set(
            hub.fetched
        )
        assert "transformer/diffusion_pytorch_model.safetensors" in hub.fetched
        assert hub.tokens == {"Bearer hf_canary"}
    assert found.revision == COMMIT
    assert said[-1].done == said[-1].total > 100_000
    assert all(one.done <= one.total for one in said)
    assert not [one for one in tmp_path.rglob("*") if one.is_file() and b"canary" in _read(one)]

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    loaded = load_pipeline(LTX, MODEL, cancel=CancelToken())
    assert type(loaded.pipe).__name__ == "LTXImageToVideoPipeline"
    assert (loaded.model, loaded.revision) == (MODEL, COMMIT)
    assert not any(part.training for part in (loaded.pipe.transformer, loaded.pipe.text_encoder))

    # A part that went missing is noticed, and the Hub asked again.
    shutil.rmtree(found.folder / "vae")
    with pytest.raises(Unavailable, match=r"not on this machine.*hf download someone/tiny"):
        find_weights(LTX, MODEL, cancel=CancelToken(), cache_dir=tmp_path, endpoint=NOWHERE)


def test_shards_count_before_their_listing_has_come(tmp_path: Path) -> None:
    part = tmp_path / "transformer"
    part.mkdir()
    (tmp_path / "model_index.json").write_text('{"transformer": ["diffusers", "X"]}')
    (part / "config.json").write_text("{}")
    for number in (1, 3):
        (part / f"model-{number:05d}-of-00003.safetensors").write_bytes(b"x")
    assert not _whole(tmp_path)
    (part / "model-00002-of-00003.safetensors").write_bytes(b"x")
    assert _whole(tmp_path)


def test_a_stop_does_not_wait_for_weights_that_are_being_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reached, release, cancel = threading.Event(), threading.Event(), CancelToken()
    ended: list[str] = []

    def slow(*_: object) -> None:
        reached.set()
        release.wait(20)
        ended.append("read")

    monkeypatch.setattr(loading, "_built", slow)
    monkeypatch.setattr(loading, "find_weights", lambda *_, **__: Weights(tmp_path, MODEL))
    stopper = threading.Thread(target=lambda: (reached.wait(20), cancel.cancel()))
    stopper.start()
    try:
        with pytest.raises(Cancelled):
            load_pipeline(LTX, MODEL, cancel=cancel)
        assert ended == []
    finally:
        release.set()
        stopper.join(20)
        for thread in threading.enumerate():
            if thread.name == "load-pipeline":
                thread.join(20)
    assert ended == ["read"]


def test_a_stop_is_seen_in_the_middle_of_a_file(repository: Path, tmp_path: Path) -> None:
    cancel = CancelToken()
    with model_hub(repository) as hub:
        hub.stall = "transformer/diffusion_pytorch_model.safetensors"

        def stop(_: Progress) -> None:
            if hub.reached.is_set():
                cancel.cancel()

        with pytest.raises(Cancelled, match="kept for the next try"):
            find_weights(
                LTX, MODEL, cancel=cancel, progress=stop, cache_dir=tmp_path, endpoint=hub.url
            )


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, Unavailable, "Accept the licence"),
        (403, Unavailable, "Accept the licence"),
        (404, InvalidInstruction, "no model"),
        (410, Unavailable, "not on this machine"),
    ],
)
def test_refusals_say_what_to_do_and_never_the_token(
    repository: Path, tmp_path: Path, status: int, error: type[Exception], words: str
) -> None:
    with model_hub(repository, status) as hub, pytest.raises(error, match=words) as caught:
        find_weights(
            LTX, MODEL, token="hf_canary", cancel=CancelToken(), cache_dir=tmp_path,
            endpoint=hub.url,
        )  # fmt: skip
    assert "canary" not in str(caught.value)


def test_a_token_that_is_none_is_not_quoted(repository: Path, tmp_path: Path) -> None:
    with model_hub(repository) as hub, pytest.raises(Unavailable) as caught:
        find_weights(
            LTX, MODEL, token="hf_canary\n", cancel=CancelToken(), cache_dir=tmp_path,
            endpoint=hub.url,
        )  # fmt: skip
    chain: list[BaseException] = [caught.value]
    while (last := chain[-1].__cause__) is not None:
        chain.append(last)
    assert not any("canary" in str(one) for one in chain)


def test_a_full_disk_is_told_before_anything_is_fetched(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with model_hub(repository) as hub, pytest.raises(Unavailable, match="HF_HOME"):
        find_weights(LTX, MODEL, cancel=CancelToken(), cache_dir=tmp_path, endpoint=hub.url)
    assert hub.fetched == ["model_index.json"]


def test_another_pipeline_is_refused_before_its_weights_come(
    repository: Path, tmp_path: Path
) -> None:
    with model_hub(repository) as hub:
        with pytest.raises(InvalidInstruction, match=r"LTXImageToVideoPipeline.*not what Wan 2.2"):
            find_weights(
                family("wan2.2"), MODEL, cancel=CancelToken(), cache_dir=tmp_path, endpoint=hub.url
            )
        assert hub.fetched == ["model_index.json"]


def test_weights_of_a_sister_are_told_from_those_that_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_tiny("wan2.2", tmp_path)
    monkeypatch.setattr(
        "synth.backends.local.loading.find_weights", lambda *_, **__: Weights(folder, MODEL)
    )
    with pytest.raises(InvalidInstruction, match=r"is no Wan 2.1 \(14B\): it has two transform"):
        load_pipeline(family("wan2.1"), MODEL, cancel=CancelToken())
    with pytest.raises(InvalidInstruction, match=r"is no Wan 2.2 \(5B\)"):
        load_pipeline(family("wan2.2-5b"), MODEL, cancel=CancelToken())
    assert load_pipeline(family("wan2.2"), MODEL, cancel=CancelToken()).family.name == "wan2.2"
    (folder / "vae" / "config.json").write_text("{")
    with pytest.raises(Unavailable, match=r"cannot be loaded.*try again"):
        load_pipeline(family("wan2.2"), MODEL, cancel=CancelToken())


def _read(path: Path) -> bytes:
    return path.read_bytes()
