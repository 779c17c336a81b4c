"""What goes wrong inside of a call, a card's memory, and a card that is lent."""

from __future__ import annotations

import os
import pickle
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch

from synth.backends.families import family
from synth.backends.local import LoadedPipeline, run_pipeline
from synth.backends.local.loading import fitted, placed
from synth.backends.local.machine import (
    Machine,
    choose_saver,
    dtypes,
    missing_packages,
    save_memory,
    told_machine,
    working_gigabytes,
)
from synth.backends.local.weights import Weights
from synth.backends.protocol import FrameRule, SizeRule
from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidMedia, LimitExceeded, SynthError, Unavailable
from tests.backends.tiny import tiny_pipeline

CARD = Machine("cuda", "Some card", 24.0)


@dataclass
class Painter:
    """Speaks as a pipeline does, and fails as it is told to."""

    failures: list[Exception] = field(default_factory=list)
    shape: tuple[int, ...] = (5, 16, 32, 3)
    value: float = 0.5
    latents: float = 0.0
    moved: list[str] = field(default_factory=list)
    freed: int = 0
    components: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *, callback_on_step_end: Any, num_inference_steps: int, **_: Any) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        for step in range(num_inference_steps):
            callback_on_step_end(self, step, 0, {"latents": torch.tensor([self.latents])})
        return types.SimpleNamespace(frames=np.full((1, *self.shape), self.value, np.float32))

    def maybe_free_model_hooks(self) -> None:
        self.freed += 1

    def remove_all_hooks(self) -> None:
        pass

    def to(self, device: str) -> None:
        self.moved.append(device)

    def enable_model_cpu_offload(self, device: str) -> None:
        self.moved.append("model")

    def enable_group_offload(self, **_: Any) -> None:
        self.moved.append("group")


def run(pipe: Any, machine: Machine = CARD, **options: Any) -> np.ndarray:
    loaded = LoadedPipeline(pipe, family("ltx"), machine)
    usual: dict[str, Any] = {
        "width": 32, "height": 16, "count": 5, "steps": 2, "guidance": 1.0, "seed": 0,
        "cancel": CancelToken(), "progress": lambda _: None,
    }  # fmt: skip
    return run_pipeline(loaded, {}, **{**usual, **options})


def test_frames_are_whole_codes() -> None:
    frames = run(Painter(value=0.5))
    assert (frames.dtype, frames.shape) == (np.uint8, (5, 16, 32, 3))
    assert np.unique(frames).tolist() == [128]


@pytest.mark.parametrize(
    ("pipe", "words"),
    [
        (Painter(shape=(4, 16, 32, 3)), r"made 4 frames of 32x16 where 5"),
        (Painter(shape=(5, 16, 24, 3)), r"of 24x16 where 5 of 32x16"),
        (Painter(value=float("nan")), r"Frame 1 of 5 holds numbers that are not finite"),
        (Painter(latents=float("inf")), r"no longer finite after step 1 of 2"),
    ],
)
def test_what_is_not_the_clip_is_refused(pipe: Painter, words: str) -> None:
    with pytest.raises(InvalidMedia, match=words):
        run(pipe)
    assert pipe.freed == 1


def test_any_other_failure_is_told_in_one_line() -> None:
    with pytest.raises(Unavailable) as caught:
        run(Painter([RuntimeError("Sizes differ\n" + "a hundred lines\n" * 100)]))
    assert str(caught.value).startswith("LTX-Video failed: Sizes differ. ")
    assert "hundred" not in str(caught.value)


def test_where_memory_runs_out_less_is_kept_on_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[Machine] = []
    monkeypatch.setattr("synth.backends.local.running.free_memory", freed.append)
    pipe = Painter([torch.OutOfMemoryError("1"), RuntimeError("CUDA error: out of memory")])
    assert len(run(pipe)) == 5
    assert pipe.moved == ["model", "group"]
    assert freed == [CARD, CARD]
    full = Painter([torch.OutOfMemoryError("1") for _ in range(3)])
    with pytest.raises(LimitExceeded, match=r"24 GB of Some card .* 5 frames of 32x16"):
        run(full)


def test_how_weights_are_kept_follows_from_the_card() -> None:
    parts = {"transformer": 10.0, "text_encoder": 11.0, "vae": 0.5}
    assert choose_saver(parts, Machine("cuda", "", 48), 6.0) == "none"
    assert choose_saver(parts, Machine("cuda", "", 24), 6.0) == "model"
    assert choose_saver(parts, Machine("cuda", "", 12), 6.0) == "group"
    assert choose_saver(parts, Machine("cpu", "", 8), 6.0) == "none"
    assert working_gigabytes(832, 480, 81) == pytest.approx(6.9, abs=0.1)
    assert dtypes(CARD) == {
        "default": torch.bfloat16, "vae": torch.float32, "image_encoder": torch.float32
    }  # fmt: skip
    assert dtypes(Machine("cpu", "", 8)) == {"default": torch.float32}


def test_a_large_model_is_placed_with_savers_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tiny_pipeline("cogvideox")
    kept: list[str] = []
    monkeypatch.setattr(
        type(pipe), "enable_model_cpu_offload", lambda self, device: kept.append(device)
    )
    monkeypatch.setattr(
        "synth.backends.local.loading.part_gigabytes",
        lambda _: {"transformer": 11.0, "text_encoder": 9.5},
    )
    card = Machine("cuda", "Some card", 16.0)
    loaded = placed(pipe, family("cogvideox"), card, Weights(folder=None, name="a/b"))  # type: ignore[arg-type]
    assert (loaded.saver, kept) == ("model", ["cuda"])
    assert pipe.vae.use_tiling
    assert pipe.vae.use_slicing
    assert "takes 20 GB and Some card has 16 GB" in loaded.notes[0]
    # It learned its places by heart: one size, one length, whatever the family's are.
    assert loaded.family.sizes == SizeRule(16, 64, 64 * 96, ((96, 64),))
    assert loaded.family.frames == FrameRule(4, 1, 9, 9)


def test_a_cpu_is_warned_of() -> None:
    pipe = tiny_pipeline("ltx")
    machine = Machine("cpu", "the CPU", 8.0)
    loaded = placed(pipe, family("ltx"), machine, Weights(folder=None, name="a/b"))  # type: ignore[arg-type]
    assert "hours rather than minutes" in loaded.notes[0]
    save_memory(pipe, "none", machine)
    assert fitted(replace(family("ltx"), sizes=SizeRule(2)), pipe).sizes.multiple == 32


def test_the_driver_is_asked_for_the_card(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("driver")
    tool = folder / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H100, 80GB, 81559'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert told_machine() == Machine("cuda", "NVIDIA H100, 80GB", pytest.approx(85.5, abs=0.1))  # type: ignore[arg-type]
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert told_machine().device != "cuda"
    assert missing_packages() == ""


class Lender(types.ModuleType):
    """Stands in for the package ``spaces``: what crosses to the other process is pickled."""

    def __init__(self) -> None:
        super().__init__("spaces")
        self.booked: list[int] = []
        self.refusal: Exception | None = None

    def GPU(self, *, duration: int) -> Any:
        self.booked.append(duration)

        def wrap(function: Any) -> Any:
            def lent(*args: Any) -> Iterator[Any]:
                if self.refusal:
                    raise self.refusal
                for value in function(*pickle.loads(pickle.dumps(args))):
                    yield pickle.loads(pickle.dumps(value))

            return lent

        return wrap


@pytest.fixture
def lender(monkeypatch: pytest.MonkeyPatch) -> Lender:
    module = Lender()
    module.__spec__ = types.SimpleNamespace(name="spaces")  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "spaces", module)
    monkeypatch.setenv("SPACE_ID", "someone/space")
    return module


def test_on_a_space_the_card_is_asked_for(lender: Lender) -> None:
    said: list[Progress] = []
    frames = run(Painter(), steps=20, progress=said.append)
    assert len(frames) == 5
    assert lender.booked == [80]
    assert [one.done for one in said] == list(range(21))
    run(Painter(), steps=2)
    run(Painter(), steps=200)
    assert lender.booked[1:] == [30, 300]


def test_off_a_space_it_is_not(lender: Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID")
    run(Painter())
    assert lender.booked == []


def test_what_fails_on_a_lent_card_is_told(lender: Lender) -> None:
    with pytest.raises(InvalidMedia, match="not finite"):
        run(Painter(value=float("nan")))
    with pytest.raises(Unavailable, match=r"failed: Sizes differ"):
        run(Painter([RuntimeError("Sizes differ\nlines")]))
    lender.refusal = RuntimeError("You have exceeded your GPU quota")
    with pytest.raises(Unavailable, match=r"exceeded your GPU quota.*Sign in"):
        run(Painter())


def test_a_stop_leaves_a_lent_card_at_once(lender: Lender) -> None:
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        run(Painter(), steps=100, cancel=cancel, progress=lambda _: cancel.cancel())
    assert issubclass(Cancelled, SynthError)
