"""Trainings on rented machines: planned, sent, followed, cancelled, fetched, against a stand-in."""

from __future__ import annotations

import json
import logging
import pickle
import threading
import time
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import HfApi
from safetensors.numpy import save_file

from synth.control import CancelToken, Progress
from synth.errors import (
    Cancelled,
    InvalidInstruction,
    InvalidMedia,
    LimitExceeded,
    SynthError,
    Unavailable,
)
from synth.style.references import ReferenceClip, References
from synth.style.remote import (
    Hardware,
    JobPlan,
    JobTicket,
    RemoteTraining,
    list_hardware,
    plan_job,
    train_on_jobs,
)
from synth.style.training.model import Moment
from synth.style.training.settings import TrainingJob, TrainingSettings
from tests.backends.providers.hub_stand_in import StandIn
from tests.style.remote.jobs_stand_in import JOB, Machine, jobs, maker

CANARY = "hf_CanaryThatMustNotBeSeenAnywhere"

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental.*:UserWarning")


class Desk:
    """A stand-in, its machine, its bucket, and what is sent."""

    def __init__(self, server: StandIn, tmp_path: Path) -> None:
        self.server = server
        self.machine = Machine()
        jobs(server, self.machine)
        self.bucket = tmp_path / "buckets" / "me" / "jobs-artifacts"
        self.buckets = tmp_path / "buckets"
        self.make = maker(server, self.buckets)
        for number in range(2):
            (tmp_path / f"secret name {number}.mov").write_bytes(b"film %d" % number)
        (tmp_path / "secret name 0.txt").write_text("a harbour")
        self.references = References(
            tuple(
                ReferenceClip(
                    tmp_path / f"secret name {number}.mov", Fraction(start), Fraction(3), 75,
                    832, 480, Fraction(25), f"{number:064d}",
                )
                for number, start in ((0, 0), (0, 3), (1, 0))
            )
        )  # fmt: skip

    def plan(self, **options: Any) -> JobPlan:
        machines = list_hardware(CANARY, make_api=self.make)
        settings = TrainingSettings(family=options.pop("family", "wan2.2-5b"))
        return plan_job(self.references, settings, machines, **options)

    def train(self, **options: Any) -> RemoteTraining:
        plan = JobPlan(Hardware("a100-large", "A100", "A100", 80, 2.5), None, 7200, None, 5.0, "")
        return train_on_jobs(
            self.references, TrainingSettings(trigger="inkwash"), plan,
            **({"name": "ink wash", "token": CANARY, "make_api": self.make} | options),
        )  # fmt: skip

    def handle(self, pause: float = 0.02, token: str | None = CANARY) -> RemoteTraining:
        ticket = JobTicket(
            job=JOB, account="me", bucket="me/jobs-artifacts", folder="motion-synth-1",
            name="ink", base="wan2.2-5b",
        )  # fmt: skip
        return RemoteTraining(ticket, token, make_api=self.make, pause=pause)

    def out(self, name: str = "ink.safetensors", value: float = 0.5, size: int = 3072) -> Path:
        """Puts a style where a machine would."""
        place = self.bucket / "motion-synth-1" / "out" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        module = "transformer.blocks.0.attn1.to_q"
        tensors = {
            f"{module}.lora_A.weight": np.full((4, size), value, np.float32),
            f"{module}.lora_B.weight": np.full((size, 4), value, np.float32),
        }
        save_file(tensors, place, {"motion_synth.base": "wan2.2-5b"})
        return place


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with StandIn() as server:
        yield Desk(server, tmp_path)


def test_machines_have_one_card_and_a_price_by_the_hour(desk: Desk) -> None:
    machines = list_hardware(CANARY, make_api=desk.make)
    assert [one.name for one in machines] == ["t4-small", "a10g-large", "a100-large"]
    assert (machines[2].title, machines[2].card) == ("Nvidia A100 - large", "A100")
    assert machines[2].gigabytes == 80.0
    assert machines[2].dollars_per_hour == pytest.approx(2.5)


def test_a_plan_chooses_a_card_that_is_large_enough_and_says_what_it_costs(desk: Desk) -> None:
    plan = desk.plan()
    assert plan.hardware.gigabytes >= 16
    assert plan.timeout >= 3600  # The Hub's own limit of half an hour would end it too early.
    assert plan.most_dollars == pytest.approx(
        plan.timeout / 3600 * plan.hardware.dollars_per_hour, abs=0.05
    )
    assert "an hour" in plan.said
    assert f"${plan.most_dollars:.2f} at most" in plan.said
    long = desk.plan(flavour="a100-large", hours=7.5)
    assert (long.hardware.name, long.timeout) == ("a100-large", 27000)
    assert long.seconds is not None
    with pytest.raises(InvalidInstruction, match="no machine 'h900'"):
        desk.plan(flavour="h900")
    with pytest.raises(InvalidInstruction, match="The card of t4-small has 16 GB"):
        desk.plan(flavour="t4-small", family="wan2.1")
    with pytest.raises(InvalidInstruction, match=r"must be from 0\.1 to 24"):
        desk.plan(hours=48)
    with pytest.raises(Unavailable, match="the largest machine has 0"):
        plan_job(desk.references, TrainingSettings(), ())


def test_a_training_is_sent_and_started(desk: Desk) -> None:
    seen: list[Progress] = []
    handle = desk.train(progress=seen.append)
    ticket = handle.ticket
    assert (ticket.job, ticket.account, ticket.name) == (JOB, "me", "ink wash")
    assert ticket.base == "wan2.2-5b"
    spec = desk.machine.spec
    assert spec["flavor"] == "a100-large"
    assert spec["timeoutSeconds"] == 7200
    assert spec["secrets"] == {"HF_TOKEN": CANARY}
    assert CANARY not in json.dumps({**spec, "secrets": None})
    assert spec["command"][:2] == ["uv", "run"]
    assert spec["command"][-2:] == ["/data/job_script.py", "/work"]
    work = next(one for one in spec["volumes"] if one["mountPath"] == "/work")
    assert (work["source"], work["path"]) == ("me/jobs-artifacts", ticket.folder)
    assert not work.get("readOnly")
    sent = desk.bucket / ticket.folder / "in"
    names = sorted(file.name for file in (sent / "clips").iterdir())
    assert names == ["clip-000.mp4", "clip-000.txt", "clip-001.mp4"]
    job = TrainingJob.model_validate_json((sent / "job.json").read_text())
    assert (job.name, job.settings.trigger, job.settings.device) == ("ink wash", "inkwash", "cuda")
    with zipfile.ZipFile(sent / "program.zip") as archive:
        inside = archive.namelist()
    assert "synth/style/training/__main__.py" in inside
    assert not [name for name in inside if "/ui/" in name or "__pycache__" in name]
    assert any(news.stage.startswith("Sending") and news.fraction == 1.0 for news in seen)
    # Everything that is needed after a restart, and no token.
    again = JobTicket.model_validate_json(ticket.model_dump_json())
    assert again == ticket
    assert CANARY not in ticket.model_dump_json()


def test_a_public_bucket_gets_nobody_s_films(desk: Desk) -> None:
    desk.machine.private = False
    with pytest.raises(Unavailable, match="is public, and the reference videos would be too"):
        desk.train()
    assert not desk.bucket.exists()


def test_what_cannot_be_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInstruction, match="cannot be named"):
        desk.train(name="../up")
    with pytest.raises(Unavailable, match="needs a token"):
        desk.train(token=None)
    for clip in desk.references.clips[:1]:
        clip.path.unlink()
    with pytest.raises(InvalidInstruction, match=r"secret name 0\.mov is not there any more"):
        desk.train()
    desk.references = References(())
    with pytest.raises(InvalidMedia):
        desk.train()
    assert desk.machine.spec is None


@pytest.mark.parametrize("when", ["sending", "starting"])
def test_a_cancel_while_it_is_sent_leaves_nothing_behind(desk: Desk, when: str) -> None:
    cancel = CancelToken()
    times: list[float] = []

    def stop() -> None:
        times.append(time.monotonic())
        cancel.cancel()

    def watch(news: Progress) -> None:
        if when == "sending" and news.done:
            stop()

    desk.make = maker(desk.server, desk.buckets, pause=0.2 if when == "sending" else 0.0)
    if when == "starting":
        desk.machine.slow = 2.5
        threading.Thread(
            target=lambda: desk.machine.asked_for.wait(60) and stop(), daemon=True
        ).start()
    with pytest.raises(Cancelled):
        desk.train(cancel=cancel, make_api=desk.make, progress=watch)
    assert time.monotonic() - times[0] < 2.0

    def left() -> list[Path]:
        return [file for file in desk.bucket.rglob("*") if file.is_file() and "in" in file.parts]

    deadline = time.monotonic() + 20
    while (left() or (when == "starting" and not desk.machine.cancelled)) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert left() == []
    assert bool(desk.machine.cancelled) == (when == "starting")
    assert (desk.machine.spec is None) == (when == "sending")


def test_a_job_is_followed_to_its_end(desk: Desk) -> None:
    desk.machine.lines = [
        "===== Job started",
        "Installed 60 packages",
        json.dumps({"stage": "Training", "step": 3, "steps": 10, "seconds_left": 70.0}),
        json.dumps({"step": 5, "steps": 10, "validation": 0.4, "loss": 0.5}),
        json.dumps({"said": "One clip is left out."}),
        f"export HF_TOKEN={CANARY}",
        "{not json",
    ]
    # The reader of the log asks for the state, too.
    desk.machine.stages = ["SCHEDULING", "RUNNING", "COMPLETED"]
    seen: list[Progress] = []
    moments: list[Moment] = []
    lines: list[str] = []
    state = desk.handle().follow(
        cancel=CancelToken(), progress=seen.append, watch=moments.append, line=lines.append
    )
    assert (state.stage, state.over, state.seconds) == ("done", True, 90.0)
    stages = [news.stage for news in seen]
    assert stages[:2] == ["Waiting for a machine", "The machine sets itself up"]
    assert Progress("Training", 3, 10, 70.0) in seen
    assert moments == [
        Moment(5, 10, 0.5, 0.4, None), Moment(0, 0, said="One clip is left out.")
    ]  # fmt: skip
    assert lines == ["Installed 60 packages", "export HF_TOKEN=(token)", "{not json"]


def test_a_job_that_fails_says_why(desk: Desk) -> None:
    desk.machine.stages = ["RUNNING", "ERROR"]
    desk.machine.message = "Job failed with exit code: 1"
    state = desk.handle().follow(cancel=CancelToken())
    assert (state.stage, state.said) == ("failed", "Job failed with exit code: 1")
    desk.machine.stages = ["RUNNING", "ERROR"]
    desk.machine.lines = [json.dumps({"error": "The loss is not a number any more."})]
    state = desk.handle().follow(cancel=CancelToken())
    assert state.said == "The loss is not a number any more."


@pytest.mark.parametrize("leave", [False, True])
def test_a_cancel_ends_the_wait_and_the_costs(desk: Desk, leave: bool) -> None:
    desk.machine.stages = ["RUNNING"]
    cancel = CancelToken()
    threading.Timer(0.3, cancel.cancel).start()
    with pytest.raises(Cancelled):
        desk.handle().follow(cancel=cancel, leave_running=leave)
    deadline = time.monotonic() + (0.3 if leave else 5.0)
    while not desk.machine.cancelled and time.monotonic() < deadline:
        time.sleep(0.02)
    assert desk.machine.cancelled == (0 if leave else 1)
    desk.handle().cancel()
    assert desk.handle().state().stage == "cancelled"


def test_a_hub_that_stumbles_is_asked_again(desk: Desk) -> None:
    desk.machine.refuse = {JOB: 503}
    threading.Timer(0.4, desk.machine.refuse.clear).start()
    assert desk.handle().follow(cancel=CancelToken()).stage == "done"


def test_what_a_machine_does(desk: Desk) -> None:
    load = desk.handle().load()
    assert load is not None
    assert (load.card, load.card_gigabytes, load.card_total) == (0.97, 60.0, 80.0)
    assert load.gigabytes == 4.0


def test_a_style_comes_home_checked(desk: Desk, tmp_path: Path) -> None:
    home = tmp_path / "styles"
    with pytest.raises(Unavailable, match="has made no style"):
        desk.handle().fetch(home)
    desk.out()
    desk.out("ink_comfyui.safetensors")
    (desk.bucket / "motion-synth-1" / "out" / "state").mkdir()
    desk.out("state/step-100.safetensors")
    (desk.bucket / "motion-synth-1" / "out" / "run.sh").write_text("#!/bin/sh")
    seen: list[Progress] = []
    found = desk.handle().fetch(home, progress=seen.append)
    assert [style.path.name for style in found] == ["ink.safetensors", "ink_comfyui.safetensors"]
    assert sorted(file.name for file in home.iterdir()) == [
        "ink.safetensors", "ink_comfyui.safetensors"
    ]  # fmt: skip
    assert found[0].base == "wan2.2-5b"
    assert seen[-1] == Progress("Fetching the style", 2, 2)
    with pytest.raises(InvalidInstruction, match="already there"):
        desk.handle().fetch(home)
    assert len(desk.handle().fetch(home, overwrite=True)) == 2
    assert desk.handle().clean_up() == 4
    assert not [file for file in desk.bucket.rglob("*") if file.is_file()]


def test_a_style_that_is_unsound_does_not_come_home(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "styles"
    for value, size, kind in ((float("nan"), 3072, InvalidMedia), (0.5, 1536, InvalidMedia)):
        place = desk.out(value=value, size=size)
        if size == 1536:
            module = "transformer.blocks.0.attn1.to_q"
            save_file({
                f"{module}.lora_A.weight": np.zeros((4, 1536), np.float32),
                f"{module}.lora_B.weight": np.zeros((1536, 4), np.float32),
            }, place, {"motion_synth.base": "wan2.1-1.3b"})  # fmt: skip
        with pytest.raises(kind):
            desk.handle().fetch(home)
        assert list(home.iterdir()) == []
    desk.out().write_bytes(b"PK not a style")
    with pytest.raises(InvalidMedia):
        desk.handle().fetch(home)
    limits = pytest.importorskip("synth.style.remote.training").LIMITS
    monkeypatch.setattr("synth.style.remote.training.LIMITS", type(limits)(style_bytes=5))
    with pytest.raises(LimitExceeded, match="bytes; 5 may be fetched"):
        desk.handle().fetch(home)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "token is not valid"), (402, "no credit left"), (403, "start Jobs and write to buckets"),
     (404, "is not there"), (422, "does not accept"), (429, "too many requests"),
     (500, "trouble of its own")],
)  # fmt: skip
def test_refusals_are_plain_sentences_without_the_token(desk: Desk, status: int, says: str) -> None:
    desk.machine.refuse = {f"/api/jobs/me/{JOB}": status}
    with pytest.raises(SynthError, match=says) as caught:
        desk.handle().state()
    text = str(caught.value)
    assert f"Hugging Face Jobs answered {status}" in text
    assert CANARY not in text
    assert "Bearer (token)" in text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_the_token_is_seen_nowhere(
    desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    handle = desk.train()
    handle._pause = 0.02
    texts = [repr(handle), str(handle), repr(handle.ticket), handle.page, repr(vars(handle))]
    texts += [repr(handle.state()), repr(handle.load())]
    desk.machine.lines = [f"Bearer {CANARY}"]
    handle.follow(cancel=CancelToken(), line=texts.append)
    for file in desk.buckets.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes()
    out, err = capfd.readouterr()
    assert [text[:200] for text in (*texts, out, err, caplog.text) if CANARY in text] == []
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(handle)


def test_a_slow_hub_does_not_hold_up_a_cancel(desk: Desk) -> None:
    class Slow(HfApi):
        def list_jobs_hardware(self, token: Any = None) -> Any:
            time.sleep(4.0)
            return []

    cancel = CancelToken()
    threading.Timer(0.2, cancel.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list_hardware(CANARY, cancel=cancel, make_api=lambda token: Slow(token=token))
    assert time.monotonic() - began < 3.0
