"""Styles and reference clips for the tests of the Style tab, small and made in code."""

from __future__ import annotations

import json
import math
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from huggingface_hub import HfApi
from safetensors.numpy import save_file

from synth.backends.protocol import Frame
from synth.control import CancelToken, Progress, ProgressCallback
from synth.grade.looks import look_lut
from synth.media import VideoWriter
from synth.style.files import style_metadata
from synth.style.look import Look, save_look
from synth.style.references import References
from synth.style.remote import RemoteTraining
from synth.style.training.model import Effect, Moment, TrainedLora, Watch
from synth.style.training.settings import TrainingSettings
from tests.backends.providers.hub_stand_in import StandIn
from tests.style.remote.jobs_stand_in import Machine, jobs, maker


def make_look(path: Path, name: str = "noir") -> Path:
    """A look whose colours are those of a built-in one."""
    save_look(Look(look_lut(name).cube, name=path.stem), path)
    return path


def make_lora(path: Path, base: str = "wan2.2-5b") -> Path:
    """A LoRA of rank 2 that nobody trained."""
    pair = {
        "m.lora_A.weight": np.ones((2, 3), np.float32),
        "m.lora_B.weight": np.ones((3, 2), np.float32),
    }
    save_file(pair, path, style_metadata(base=base, triggers=("in noir",), licence="MIT"))
    return path


def make_reference(path: Path, seed: int, frames: int = 24, *, colours: bool = False) -> Path:
    """Two seconds of a texture that pans, grey or coloured; each seed shows something else."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(20, 200, (14, 30, 3 if colours else 1), np.uint8)
    noise = noise if colours else noise.repeat(3, axis=2)
    wide = cv2.resize(noise, (300, 96), interpolation=cv2.INTER_CUBIC)
    with VideoWriter(path, width=160, height=96, fps=12) as film:
        for number in range(frames):
            film.write(np.ascontiguousarray(wide[:, 3 * number : 3 * number + 160], np.uint8))
    return path


def rent(hub: StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> Machine:
    """Have trainings on rented machines end at a stand-in.

    They leave a style of this name, unless the machine's state has a message.
    """
    machine = Machine(
        lines=[
            json.dumps(
                {"stage": "Training", "step": step, "steps": 100, "seconds_left": 100 - step}
            )
            for step in range(0, 100, 25)
        ]
        + [
            json.dumps({"step": step, "steps": 100, "validation": 0.3 - step / 1e3, "loss": 0.3})
            for step in range(0, 101, 25)
        ],
        stages=["SCHEDULING", "RUNNING", "RUNNING", "COMPLETED"],
    )
    jobs(hub, machine)
    buckets = folder / "buckets"
    make = maker(hub, buckets)

    def made(token: str) -> HfApi:
        # A machine writes where it was told to, as soon as it runs.
        for place in buckets.glob("*/*/*/in"):
            out = place.with_name("out")
            if machine.spec is not None and machine.message is None and not out.exists():
                out.mkdir()
                make_lora(out / f"{name}.safetensors")
        return make(token)

    monkeypatch.setattr("synth.style.remote.hub._own_client", made)
    monkeypatch.setitem(RemoteTraining.__init__.__kwdefaults__ or {}, "pause", 0.05)
    return machine


class PretendedTraining:
    """Tells what a training tells, step by step, without a model; it waits half-way."""

    def __init__(self, steps: int = 400) -> None:
        """``steps`` are told; the second half of them once ``go`` is set."""
        self.go = threading.Event()
        self._steps = steps

    def __call__(
        self,
        references: References,
        settings: TrainingSettings,
        *,
        folder: Path,
        name: str,
        cancel: CancelToken,
        progress: ProgressCallback,
        watch: Watch,
        **_: Any,
    ) -> TrainedLora:
        """As ``train_lora``."""
        rng = np.random.default_rng(0)
        steps, checks = self._steps, []
        progress(Progress("Working out latents", 3, 5, 4.0))
        for step in range(steps + 1):
            while step == steps // 2 and not self.go.wait(0.02):
                cancel.check()
            cancel.check()
            fall = 0.12 + 0.2 * math.exp(-step / (steps / 4))
            loss = fall * float(rng.uniform(0.6, 1.4)) if step else None
            held = fall + 0.01 if step % (steps // 8) == 0 else None
            preview = _drawn(step / steps) if step and step % (steps // 4) == 0 else None
            if held is not None:
                checks.append((step, held))
            left = 0.004 * (steps - step) * 60 if step > 2 else None
            progress(Progress("Training", step, steps, left))
            watch(Moment(step, steps, loss, held, left, preview))
        folder.mkdir(parents=True)
        said = "The style took: it moves 42 % of the way to the references."
        effect = Effect(0.42, 21.0, True, said, _drawn(0.0), _drawn(1.0))
        made = make_lora(folder / f"{name}.safetensors")
        notes = ("1 piece was held out.",)
        return TrainedLora(
            made, (), "wan2.2-5b", settings.rank, name, steps, 0, (), tuple(checks), effect, notes,
            1.0,
        )  # fmt: skip


def _drawn(share: float) -> Frame:
    """A slope of grey that turns into one of colour."""
    slope = np.linspace(40, 220, 160)[None, :, None].repeat(96, axis=0)
    tint = 1 - share * np.array([0.0, 0.35, 0.7])
    return np.ascontiguousarray(slope * tint, np.uint8)
