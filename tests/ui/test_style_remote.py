"""Trainings ordered from the page: agreed to by price, followed, fetched, cancelled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio.utils import get_upload_folder

from synth.errors import InvalidInstruction
from synth.jobs import JobPool
from synth.scene.cache import SceneCache
from synth.style.training.settings import TrainingJob
from synth.ui.depth_brush import DepthStore
from synth.ui.style_handlers import StyleHandlers
from synth.ui.style_remote import OneToken, read_agreed
from synth.ui.style_trials import StyleTrials
from tests.backends.providers.hub_stand_in import StandIn
from tests.style.remote.jobs_stand_in import Machine
from tests.ui.conftest import wait_until
from tests.ui.styling import make_reference, rent

CANARY = "hf_canaryCANARYcanary0123456789"

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental.*:UserWarning")


class Page:
    """A page with two references, and a stand-in for rented machines."""

    def __init__(self, machine: Machine, buckets: Path, folder: Path) -> None:
        self.machine = machine
        self.buckets = buckets
        self.handlers = StyleHandlers(
            JobPool(2), StyleTrials((), DepthStore(), SceneCache()), examples=()
        )
        self._ask = self.handlers.function()
        self.desk = self.handlers.desks.new()
        for number in range(2):
            clip = make_reference(folder / f"{number}.mp4", number, 12)
            self.desk.add_reference(clip, clip.name)

    def ask(self, **asked: Any) -> dict[str, Any]:
        return self._ask({"desk": self.desk.id, **asked})

    def began(self, kind: str, **asked: Any) -> str:
        asked = {"make": "lora", "token": CANARY, **asked}
        said = self.ask(do="start", kind=kind, **asked)
        assert "error" not in said, said
        return said["job"]

    def done(self, kind: str, **asked: Any) -> dict[str, Any]:
        return self.ended(self.began(kind, **asked))

    def ended(self, job: str) -> dict[str, Any]:
        wait_until(lambda: self.state(job)["phase"] != "working", 30, "The job's end")
        return self.state(job)

    def state(self, job: str) -> dict[str, Any]:
        return self.ask(do="status", job=job)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
    with StandIn() as hub:
        machine = rent(hub, tmp_path, monkeypatch, "ember")
        made = Page(machine, tmp_path / "buckets", tmp_path)
        yield made
        made.handlers.desks.forget(made.desk.id)


def _order(price: dict[str, Any]) -> dict[str, Any]:
    return {
        "where": "jobs", "name": "ember", "machine": price["machine"], "most": price["most"],
    }  # fmt: skip


def test_a_price_is_asked_agreed_to_and_the_style_comes_home(page: Page) -> None:
    price = page.done("price")["result"]["price"]
    assert 0 < price["dollars"] < price["most"]
    assert price["title"] in price["said"]
    assert page.machine.spec is None

    # Less than it costs is not agreed to.
    low = page.done("style", **_order(price) | {"most": price["most"] / 2})
    assert "price has changed" in low["error"]
    assert page.machine.spec is None

    said = page.done("style", **_order(price))
    assert said["result"]["made"] == "ember"
    assert (page.machine.spec or {})["flavor"] == price["machine"]
    assert any(note.startswith("It ran 2 min") for note in said["result"]["notes"])
    assert [step for step, _ in said["checks"]] == [0, 25, 50, 75, 100]
    card = said["result"]["styles"][0]
    assert card["kind"] == "lora"
    assert not list(page.buckets.rglob("clip-*"))  # they are not left there
    for told in (json.dumps(said), json.dumps(page.ask(do="hello")), repr(OneToken(CANARY))):
        assert CANARY not in told


def test_a_training_that_is_cancelled_or_fails_is_told_with_its_page(page: Page) -> None:
    price = page.done("price")["result"]["price"]
    page.machine.stages = ["RUNNING"]
    job = page.began("style", **_order(price))
    wait_until(lambda: "page" in page.state(job), 20, "The order")
    page.ask(do="cancel", job=job)
    assert page.ended(job)["phase"] == "stopped"
    wait_until(lambda: page.machine.cancelled == 1, 20, "The machine's end")

    page.machine.stages = ["ERROR"]
    page.machine.message = "Out of memory"
    said = page.done("style", **_order(price))
    assert said["phase"] == "failed"
    assert "failed there and left no style. Out of memory" in said["error"]
    assert said["page"] in said["error"]

    page.machine.message = None  # This time it was ended with something learned.
    kept = page.done("style", **_order(price))
    assert kept["result"]["made"] == "ember"
    assert any("ended early" in note for note in kept["result"]["notes"])


def test_nothing_is_ordered_without_a_token_or_a_price(page: Page) -> None:
    assert "token" in page.done("price", token="")["error"]
    for wrong in ({}, {"machine": "t4-small"}, {"machine": "t4-small", "most": float("nan")},
                  {"machine": 5, "most": 1.0}, {"machine": "t4-small", "most": True}):  # fmt: skip
        with pytest.raises(InvalidInstruction, match="price"):
            read_agreed(wrong)
    secret = OneToken(CANARY)
    assert (secret.take(), secret.take()) == (CANARY, None)


def test_a_training_is_taken_along_as_a_file(page: Page) -> None:
    asked = {"do": "take", "make": "lora", "name": "wet ink", "settings": {"steps": 300}}
    place = Path(page.ask(**asked)["file"]["path"])
    job = TrainingJob.model_validate(json.loads(place.read_text("utf-8")))
    assert (job.name, job.references, job.settings.steps) == ("wet ink", ("clips",), 300)
    assert "error" in page.ask(**asked | {"name": "../up"})
    assert page.ask(**asked | {"name": " "})["name"] == "job.json"
