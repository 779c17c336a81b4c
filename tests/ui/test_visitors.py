"""What visitors may name: models that this machine would fetch, and styles of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from gradio_client import Client

from synth.backends.families import families
from synth.backends.settings import BackendSettings
from synth.errors import InvalidInstruction
from synth.jobs import JobPool
from synth.sequence.project import Project
from synth.shot import Shot
from synth.ui import visitors
from synth.ui.drawing import drawn, until_it_passes
from synth.ui.drawn import Caller, preflight_of
from synth.ui.handlers import Handlers
from synth.ui.sequence_handlers import SequenceHandlers
from synth.ui.style_desks import StyleDesk, StyleDesks
from synth.ui.visitors import VisitorModels, check_project, heard_styles, resolver_of
from tests.ui.conftest import make_picture, sent, wait_until
from tests.ui.styling import make_look

ELSEWHERE = {"name": "diffusers", "family": "wan2.2-5b", "model": "someone/anything"}
NONE = "No style of yours is called 'Night look'. Learn or import it on the Style tab."


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[StyleDesks, StyleDesk]]:
    made = StyleDesks(60.0)
    desk = made.new()
    desk.library.add(make_look(tmp_path / "noir.safetensors"))
    yield made, desk
    made.forget(desk.id)


def _nobody(name: str) -> Any:
    pytest.fail(f"no style is named, but {name} was looked for")


@pytest.mark.parametrize("name", ["diffusers", "guided"])
def test_models_for_this_machine_are_the_families_own_unless_its_owner_says_otherwise(
    name: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wild = BackendSettings(name=name, model="someone/anything")
    monkeypatch.delenv("SYNTH_VISITOR_MODELS", raising=False)
    plain = VisitorModels.from_environment()
    with pytest.raises(InvalidInstruction, match=r"someone/anything.*SYNTH_VISITOR_MODELS"):
        plain.check(wild)
    plain.check(BackendSettings(name=name))
    for family in families(guided=name == "guided"):
        plain.check(BackendSettings(name=name, family=family.name, model=family.model))
    # A service runs it elsewhere, on the visitor's account.
    plain.check(BackendSettings(name="providers", model="someone/anything"))

    monkeypatch.setenv("SYNTH_VISITOR_MODELS", " someone/anything , other/one ")
    VisitorModels.from_environment().check(wild)
    with pytest.raises(InvalidInstruction):
        VisitorModels.from_environment().check(BackendSettings(name=name, model="someone/else"))
    monkeypatch.setenv("SYNTH_VISITOR_MODELS", "any")
    VisitorModels.from_environment().check(wild)
    for wrong in ("../x", "any, someone/anything", "https://x/y", "a/b/c"):
        monkeypatch.setenv("SYNTH_VISITOR_MODELS", wrong)
        with pytest.raises(ValueError, match="owner/name"):
            VisitorModels.from_environment()


def test_who_draws_for_a_visitor_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str | None] = []

    def make(settings: BackendSettings, *, token: str | None = None) -> Any:
        return SimpleNamespace(close=lambda: closed.append(token))

    monkeypatch.setattr(visitors, "make_backend", make)
    with (
        pytest.raises(ZeroDivisionError),
        visitors.visitors_artist(BackendSettings(), "hf_x"),
    ):
        raise ZeroDivisionError
    assert closed == ["hf_x"]


def test_no_way_of_drawing_takes_a_visitors_model(tmp_path: Path) -> None:
    photo = str(make_picture(tmp_path / "photo.png", 96, 64))
    shot = Shot.from_dict({"backend": ELSEWHERE})
    for draw in (drawn, until_it_passes):
        with pytest.raises(InvalidInstruction, match="someone/anything"):
            draw(Caller(_nobody), shot, photo, tmp_path / "out.mp4")
    with pytest.raises(InvalidInstruction, match="someone/anything"):
        preflight_of(shot, _nobody)
    assert not (tmp_path / "out.mp4").exists()


def _film(backend: dict[str, Any], prompt: str = "") -> dict[str, Any]:
    media = {"sha256": "a" * 64, "name": "photo.png", "kind": "photo"}
    shot = {
        "motion": {"camera": {"type": "truck", "direction": "left", "duration": 0.5}},
        "backend": backend,
        "prompt": prompt,
    }
    return {
        "shots": [{"id": "one", "media": media, "shot": shot}],
        "output": {"long_side": 160, "fps": "12"},
    }


CARDS = [{"shot": "one", "start": 0.0, "seconds": 0.5, "way": None}]


def test_a_film_takes_none_but_may_be_played_through() -> None:
    project = Project.from_dict(_film(ELSEWHERE))
    with pytest.raises(InvalidInstruction, match=r"Shot 'one': .*someone/anything"):
        check_project(project)
    check_project(project, ("another",))
    handlers = SequenceHandlers(JobPool(1), ())
    ask = handlers.function()
    desk = handlers.desks.new()
    try:
        document = {"project": _film(ELSEWHERE), "cards": CARDS}
        asked = {"do": "start", "desk": desk.id, "document": document, "card": 0}
        for kind in ("film", "shot"):
            assert "someone/anything" in ask({**asked, "kind": kind})["error"]
        assert "not on the server" in ask({**asked, "kind": "play"})["error"]
    finally:
        handlers.desks.forget(desk.id)


def test_endpoints_take_none(client: Client, tmp_path: Path) -> None:
    photo = sent(make_picture(tmp_path / "photo.png", 96, 64))
    still = {"camera": {"type": "push_in", "duration": 0.5}}
    for name in ("/generate_video", "/generate_until_pass"):
        with pytest.raises(ValueError, match="someone/anything"):
            client.predict(
                image=photo, motion_control=still, backend=ELSEWHERE, long_side=160, api_name=name
            )
    with pytest.raises(ValueError, match="someone/anything"):
        client.predict(motion_control=still, backend=ELSEWHERE, api_name="/preflight")
    project = _film(ELSEWHERE)
    project["shots"][0]["media"] = {"name": "photo.png"}
    with pytest.raises(ValueError, match="someone/anything"):
        client.predict(
            project={**project, "cards": CARDS}, media=[photo], api_name="/compose_sequence"
        )


def test_a_film_is_made_with_the_styles_of_the_call(client: Client, tmp_path: Path) -> None:
    photo = sent(make_picture(tmp_path / "photo.png", 96, 64))
    look = sent(make_look(tmp_path / "noir.safetensors"))
    asked: dict[str, Any] = {"media": [photo], "api_name": "/compose_sequence"}

    def film(prompt: str, **more: Any) -> float:
        """How colourful the film's first picture is."""
        project = _film({}, prompt)
        project["shots"][0]["media"] = {"name": "photo.png"}
        path, _ = client.predict(project={**project, "cards": CARDS}, **asked, **more)
        with av.open(str(path), "r") as container:
            picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
        return float(np.ptp(picture.astype(int), axis=2).mean())

    assert film("<lora:noir:1>", styles=[look]) < 0.5 * film("")
    with pytest.raises(ValueError, match="not sent with this call"):
        film("<lora:noir:1>")
    with pytest.raises(ValueError, match="token") as told:
        film("", token="hf_x y")
    assert "hf_x" not in str(told.value)


def test_a_style_that_is_not_ones_own_is_told_in_the_same_words_everywhere(
    desks: tuple[StyleDesks, StyleDesk], tmp_path: Path
) -> None:
    made, desk = desks
    for mine in (resolver_of(made, desk.id), resolver_of(made, None)):
        with pytest.raises(InvalidInstruction) as told:
            mine("Night look")
        assert str(told.value) == NONE
    with pytest.raises(InvalidInstruction, match="Did you mean 'noir'"):
        resolver_of(made, desk.id)("nior")

    # Fill in, and what is drawn afterwards.
    motion = Handlers(*[None] * 3, (), made)  # type: ignore[arg-type]
    ask = SequenceHandlers(JobPool(1), (), made).function()
    photo = str(make_picture(tmp_path / "photo.png", 96, 64))
    caller = Caller(resolver_of(made, desk.id))
    for text, understood in (
        ("slow push in <lora:Night look:1>", "ush"),
        ("slow push in <lora:noir:0.5> <lora:Night look:1>", "Style noir at 0.5."),
        ("<lora:noir:0.5> <lora:Night look:1>", "Style noir at 0.5."),
    ):
        event: Any = SimpleNamespace(_data={"text": text, "styles": desk.id})
        answer, _ = motion.sentence(Shot().to_dict(), None, None, event)
        assert answer["reply"]["styles"] == [NONE]
        assert understood in " ".join(answer["reply"]["understood"])
        shot = Shot.from_dict(answer["value"])
        assert shot.prompt == text
        with pytest.raises(InvalidInstruction) as told:
            drawn(caller, shot, photo, tmp_path / "out.mp4")
        assert str(told.value) == NONE

        card = _film({})["shots"][0]
        said = ask({"do": "sentence", "shot": card, "text": text, "seconds": 2, "styles": desk.id})
        assert understood in " ".join(said["understood"])
        project = {**_film({}), "shots": [said["shot"]]}
        document = {"project": project, "cards": CARDS}
        plan = ask({"do": "plan", "document": document, "styles": desk.id})
        assert plan["styles"] == {"one": NONE}
    fine = _film({}, "slow push in <lora:noir:0.5>")
    plan = ask({"do": "plan", "document": {"project": fine, "cards": CARDS}, "styles": desk.id})
    assert plan["styles"] == {}


def test_services_fetch_styles_by_their_address(desks: tuple[StyleDesks, StyleDesk]) -> None:
    made, desk = desks
    text = "<lora:https://huggingface.co/owner/name/resolve/main/ink.safetensors:0.8>"
    mine = resolver_of(made, desk.id)
    assert heard_styles(text, mine, BackendSettings(name="providers")) == (
        ["Style ink at 0.8."], [],
    )  # fmt: skip
    found, wrong = heard_styles(text, mine, BackendSettings())
    assert found == []
    assert wrong[0].startswith("No style of yours is called")
    said = preflight_of(Shot.from_dict({"prompt": text, "backend": {"name": "providers"}}), mine)
    assert [one["kind"] for one in said["styles"]] == ["lora"]


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("orbit left <lora:noir:0.8>", None), ("", None), ("slow push in, heavy rain", None),
        ("orbit left, then run away", "“run away”"),
        ("a lighthouse at dusk, orbit left, a song", "“a lighthouse at dusk” … “a song”"),
    ],
)  # fmt: skip
def test_geometry_is_not_said_to_pass_over_what_it_understood(
    prompt: str, left: str | None, desks: tuple[StyleDesks, StyleDesk]
) -> None:
    made, desk = desks
    said = preflight_of(Shot.from_dict({"prompt": prompt}), resolver_of(made, desk.id))
    lines = [one for one in said["lines"] if one["instruction"] == "prompt"]
    assert [(one["said"], one["keeps"]) for one in lines] == ([(left, "not")] if left else [])
    # Whoever reads words is told all of them.
    model = Shot.from_dict({"prompt": prompt, "backend": {"name": "diffusers"}})
    if "<" not in prompt and prompt:
        told = preflight_of(model, resolver_of(made, desk.id))["lines"]
        assert any(one["instruction"] == "prompt" and prompt in one["said"] for one in told)


def test_what_each_call_reads_is_told() -> None:
    moves = [
        {"type": "push_in", "duration": 5.0}, {"type": "pan", "direction": "left", "duration": 5.0}
    ]  # fmt: skip
    shot = Shot.from_dict({"motion": {"camera": moves}, "backend": {"name": "guided"}})
    said = preflight_of(shot, _nobody)
    assert said["calls"] == len(said["told"])
    assert said["told"][0]["text"]
    assert preflight_of(Shot(), _nobody)["told"] == []


def test_colours_before_and_after_are_drawn_by_geometry_with_ones_own_styles(
    desks: tuple[StyleDesks, StyleDesk], tmp_path: Path
) -> None:
    made, desk = desks
    handlers = SequenceHandlers(JobPool(1), (), made)
    ask: Callable[[Any], Any] = handlers.function()
    own = handlers.desks.new()
    try:
        ref = own.shelf.add(make_picture(tmp_path / "photo.png", 96, 64), "photo", "photo.png")
        other = own.shelf.add(make_picture(tmp_path / "b.png", 96, 64, seed=2), "photo", "b.png")
        project = _film(ELSEWHERE, "<lora:noir:1>")
        project["shots"][0]["media"] = ref.model_dump()
        second = {**_film({})["shots"][0], "id": "two", "media": other.model_dump()}
        project["shots"].append(second)
        project["match"] = {"reference": "two", "strength": 0.8}
        document = {"project": project, "cards": CARDS}
        asked = {"do": "start", "kind": "match", "desk": own.id, "document": document}
        state = ask({**asked, "shot": "one", "styles": desk.id})
        assert "error" not in state, state

        def ended() -> bool:
            state.update(ask({"do": "status", "desk": own.id, "job": state["job"]}))
            return state["phase"] != "working"

        wait_until(ended, 60, "The comparison")
        assert state["phase"] == "done", state
        assert state["result"]["before"] != state["result"]["after"]
    finally:
        handlers.desks.forget(own.id)
