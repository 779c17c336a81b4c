"""What the Style tab asks, and who draws a shot, without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.utils import get_upload_folder

from synth.errors import InvalidInstruction, LimitExceeded
from synth.grade.cube import read_cube, write_cube
from synth.grade.grade import grade_video
from synth.grade.looks import look_lut
from synth.grade.lut import Lut
from synth.grade.settings import Grade
from synth.jobs import JobPool
from synth.scene.cache import SceneCache
from synth.shot import Shot
from synth.style.references import check_references
from synth.ui.depth_brush import DepthStore
from synth.ui.drawn import Caller, caller_of, drawn_spec, preflight_of, read_token, resolver_of
from synth.ui.examples import find_examples
from synth.ui.style_desks import Reference, StyleDesks, paired, safe_name
from synth.ui.style_endpoints import sent_styles
from synth.ui.style_handlers import StyleHandlers
from synth.ui.style_learning import check_base, lora_spec, read_settings
from synth.ui.style_shown import match_said, weak_match
from synth.ui.style_trials import StyleTrials
from synth.ui.visitors import VisitorModels
from tests.ui.conftest import make_picture, wait_until
from tests.ui.styling import make_look, make_lora, make_reference

Ask = Callable[[Any], dict[str, Any]]
CANARY = "hf_canaryCANARYcanary0123456789"


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def handlers(uploads: Path) -> Iterator[StyleHandlers]:
    examples = find_examples()
    trials = StyleTrials(examples, DepthStore(), SceneCache())
    made = StyleHandlers(JobPool(2), trials, examples)
    opened: list[str] = []
    new = made.desks.new

    def noted() -> Any:
        desk = new()
        opened.append(desk.id)
        return desk

    made.desks.new = noted  # type: ignore[method-assign]
    yield made
    for id in opened:
        made.desks.forget(id)


def _sent(uploads: Path, path: Path, number: int = 0) -> dict[str, Any]:
    """A file as the page sends it: under a name of its own, which goes once it was read."""
    target = uploads / f"sq-{number:032x}-{path.name}"
    shutil.copy(path, target)
    return {"path": str(target), "orig_name": path.name}


def _done(ask: Ask, state: dict[str, Any], desk: str) -> dict[str, Any]:
    assert "error" not in state, state
    said = dict(state)

    def ended() -> bool:
        said.update(ask({"do": "status", "desk": desk, "job": state["job"]}))
        return said["phase"] != "working"

    wait_until(ended, 60, "The job's end")
    return said


def test_references_are_kept_checked_told_and_dropped(
    handlers: StyleHandlers, uploads: Path, tmp_path: Path
) -> None:
    ask = handlers.function()
    one = make_reference(tmp_path / "street at night.mp4", 1)
    first = ask({"do": "add", "file": _sent(uploads, one, 1)})
    desk = first["desk"]
    card = first["references"][0]
    assert (card["name"], card["facts"], card["checked"]) == (
        "street at night.mp4", "160 × 96, 12 fps", False,
    )  # fmt: skip
    assert card["seconds"] == pytest.approx(2.0, abs=0.1)
    assert card["picture"].startswith("data:image/jpeg")
    assert not list(uploads.glob("sq-*"))  # what was sent is not left for others

    # The same file again, and one that is none.
    twin = tmp_path / "copy.mp4"
    shutil.copy(one, twin)
    ask({"do": "add", "desk": desk, "file": _sent(uploads, twin, 2)})
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    refused = ask({"do": "add", "desk": desk, "file": _sent(uploads, broken, 3)})
    assert refused["error"].startswith("broken.mp4: ")

    said = _done(ask, ask({"do": "start", "kind": "check", "desk": desk}), desk)
    cards = {one["name"]: one for one in said["result"]["references"]}
    assert cards["street at night.mp4"]["notes"] == []
    assert "same file" in cards["copy.mp4"]["notes"][0]
    assert "5 to 10" in " ".join(said["result"]["told"]["notes"])

    gone = ask({"do": "drop", "desk": desk, "reference": cards["copy.mp4"]["id"]})
    assert [one["name"] for one in gone["references"]] == ["street at night.mp4"]
    # A page that is opened again finds them; who does not know the name does not.
    assert len(ask({"do": "hello", "desk": desk})["references"]) == 1
    assert ask({"do": "hello", "desk": "0" * 48})["desk"] is None
    assert ask({"do": "forget", "desk": desk}) == {"forgotten": True}
    assert ask({"do": "hello", "desk": desk})["references"] == []


def test_clips_before_the_grade_find_their_references() -> None:
    def clips(*names: str) -> list[Reference]:
        return [Reference(name, Path(name), "", 2.0, "") for name in names]

    def pairs(references: list[Reference], befores: list[Reference]) -> dict[str, str]:
        return {id: one.id for id, one in paired(references, befores).items()}

    graded = clips("Street.mp4", "harbour-noir.mp4", "9.mov")
    by_name = clips("harbour.mov", "9.mp4", "street.mkv")
    assert pairs(graded, by_name) == {
        "Street.mp4": "street.mkv", "harbour-noir.mp4": "harbour.mov", "9.mov": "9.mp4",
    }  # fmt: skip
    # Names that say nothing: the order counts. Too few leave some without.
    assert pairs(graded, clips("a.mov", "b.mov"))["harbour-noir.mp4"] == "b.mov"
    assert pairs(clips("1.mp4"), clips("10.mov", "1.mov")) == {"1.mp4": "1.mov"}


def test_a_look_is_exact_where_the_clips_before_the_grade_come_along(
    handlers: StyleHandlers, uploads: Path, tmp_path: Path
) -> None:
    ask = handlers.function()
    desk = None
    for number in range(2):
        plain = make_reference(tmp_path / f"{number}.mp4", number, 12, colours=True)
        graded = tmp_path / f"{number} noir.mp4"
        grade_video(plain, Grade.from_values({"look": "noir"}), output_path=graded, crf=16)
        said = ask({"do": "add", "desk": desk, "file": _sent(uploads, graded, 2 * number)})
        desk = said["desk"]
    first = make_reference(tmp_path / "1.mp4", 1, 12, colours=True)
    some = ask({"do": "before", "desk": desk, "file": _sent(uploads, first, 9)})
    assert [one["before"] for one in some["references"]] == ["", "1.mp4"]
    ask({"do": "before", "desk": desk, "file": _sent(uploads, tmp_path / "0.mp4", 10)})
    assert not list(uploads.glob("sq-*"))

    start = {"do": "start", "kind": "style", "make": "look", "desk": desk, "name": "noir"}
    said = _done(ask, ask(start), desk or "")
    lines = dict(said["result"]["styles"][0]["lines"])
    assert lines["Learned from"] == "frames before and after the grade"
    assert lines["Match"].startswith("close, ")
    assert "Licence" not in lines  # nobody need ask oneself
    # What the check has said already is not said again with the look.
    told = ask({"do": "hello", "desk": desk})
    assert told["told"]["notes"]
    assert not set(told["told"]["notes"]) & set(said["result"]["notes"])
    ask({"do": "rename", "desk": desk, "style": "noir", "name": "mine"})
    renamed = ask({"do": "hello", "desk": desk})["styles"][0]
    assert "Licence" not in dict(renamed["lines"])

    left = ask({"do": "drop", "desk": desk, "befores": True})
    assert left["befores"] == []
    assert [one["before"] for one in left["references"]] == ["", ""]


def test_examples_pass_their_own_check(uploads: Path) -> None:
    trials = StyleTrials(find_examples()[:1], DepthStore(), SceneCache())
    with JobPool(1).start(lambda job: trials.clips("noir", job)) as job:
        clip = job.result(60)[0]
        assert (clip.name, clip.before_name) == ("robot-noir.mp4", "robot.mp4")
        found = check_references([clip.path])
        assert not [note for note in found.notes if "lines" in note]
        assert not found.problems
        assert clip.before.is_file()


def test_a_match_is_told_in_words() -> None:
    assert match_said(20.0, 1.0) == "close, 95 % of the way to the references"
    assert match_said(10.0, 6.0).startswith("fair, 40 %")
    assert match_said(16.54, 15.78).startswith("weak, 5 %")
    assert match_said(1.0, 2.0).startswith("weak, 0 %")
    assert match_said(0.0, float("nan")) == ""
    assert "before the grade" in weak_match(16.54, 15.78)
    assert weak_match(20.0, 1.0) == ""


def test_a_cube_becomes_a_look(handlers: StyleHandlers, uploads: Path, tmp_path: Path) -> None:
    ask = handlers.function()
    table = write_cube(look_lut("noir"), tmp_path / "my table.cube")
    came = ask({"do": "import", "file": _sent(uploads, table, 1)})
    assert (came["added"], came["styles"][0]["kind"]) == ("my table", "look")
    assert "log" in came["words"]
    desk = came["desk"]
    served = ask({"do": "file", "desk": desk, "style": "my table", "form": "cube"})["file"]["path"]
    colours = np.random.default_rng(0).random((100, 3))
    there, back = (read_cube(one).apply(colours) for one in (table, Path(served)))
    assert np.abs(there - back).max() < 1e-3
    # A table for each channel over another range is looked up on a cube's grid.
    wide = Lut(curves=np.array([[0.0] * 3, [0.5] * 3], np.float32), curves_to=(2.0, 2.0, 2.0))
    again = write_cube(wide, tmp_path / "wide.cube")
    assert ask({"do": "import", "desk": desk, "file": _sent(uploads, again, 2)})["added"] == "wide"
    served = ask({"do": "file", "desk": desk, "style": "wide", "form": "cube"})["file"]["path"]
    assert np.abs(read_cube(served).apply(colours) - colours / 4).max() < 1e-3

    for number, words in enumerate(("TITLE only", "LUT_3D_SIZE 9999999")):
        bad = tmp_path / "bad.cube"
        bad.write_text(words)
        assert "error" in ask({"do": "import", "desk": desk, "file": _sent(uploads, bad, number)})


def test_styles_come_in_are_tried_named_fetched_and_go(
    handlers: StyleHandlers, uploads: Path, tmp_path: Path
) -> None:
    ask = handlers.function()
    look = make_look(tmp_path / "my noir.safetensors")
    came = ask({"do": "import", "file": _sent(uploads, look, 1)})
    assert came["added"] == "my noir", came
    desk = came["desk"]
    card = came["styles"][0]
    assert (card["kind"], card["base"]) == ("look", "geometric")
    assert [form for form, _ in card["forms"]] == ["safetensors", "cube"]

    photo = make_picture(tmp_path / "photo.png", 240, 160)
    assert ask({"do": "photo", "desk": desk, "file": _sent(uploads, photo, 2)})["photo"]
    tries = [
        ask({"do": "try", "desk": desk, "style": "my noir", "strength": strength})
        for strength in (0.0, 0.5, 1.0)
    ]
    assert tries[0]["before"] == tries[0]["after"]  # strength 0 changes nothing
    assert len({one["after"] for one in tries}) == 3
    assert "0 to 2" in ask({"do": "try", "desk": desk, "style": "my noir", "strength": 9})["error"]

    for form in ("safetensors", "cube"):
        found = ask({"do": "file", "desk": desk, "style": "my noir", "form": form})
        assert found["name"] == f"my noir.{form}"
        assert Path(found["file"]["path"]).stat().st_size > 1000

    lora = make_lora(tmp_path / "ember.safetensors")
    both = ask({"do": "import", "desk": desk, "file": _sent(uploads, lora, 3)})
    lines = {name: said for name, said in both["styles"][0]["lines"]}
    assert lines["For"] == "Wan 2.2 (5B)"
    assert (lines["Rank"], lines["Say"], lines["Licence"]) == ("2", "in noir", "MIT")
    assert "model" in ask({"do": "try", "desk": desk, "style": "ember", "strength": 1})["words"]
    assert (
        "no .cube" in ask({"do": "file", "desk": desk, "style": "ember", "form": "cube"})["error"]
    )

    renamed = ask({"do": "rename", "desk": desk, "style": "ember", "name": "glow"})
    assert renamed["renamed"] == "glow"
    assert "called" in ask({"do": "rename", "desk": desk, "style": "glow", "name": "../x"})["error"]
    left = ask({"do": "delete", "desk": desk, "style": "glow"})
    assert [one["name"] for one in left["styles"]] == ["my noir"]

    poison = tmp_path / "poison.safetensors"
    poison.write_bytes(b"\x80\x04pickle")
    assert "error" in ask({"do": "import", "desk": desk, "file": _sent(uploads, poison, 4)})
    # A name that is taken is told before anything is learned.
    again = {"do": "start", "kind": "style", "make": "look", "desk": desk, "name": "My Noir"}
    assert "already" in ask(again)["error"]


def test_what_this_machine_lacks_to_train_is_told_before(
    handlers: StyleHandlers, uploads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synth.backends.local import machine

    ask = handlers.function()
    lora = {"do": "estimate", "kind": "lora", "settings": {"steps": 100}}
    monkeypatch.setattr(machine, "missing_packages", lambda: "AI models need torch. Run make ai.")
    assert "make ai" in ask(lora)["lacks"]
    monkeypatch.setattr(machine, "missing_packages", lambda: "")
    monkeypatch.setattr(machine, "told_machine", lambda: machine.Machine("cpu", "the CPU", 16.0))
    assert "none" in ask(lora)["lacks"]
    monkeypatch.setattr(machine, "told_machine", lambda: machine.Machine("cuda", "Small", 2.0))
    desk = ask({"do": "add", "file": _sent(uploads, make_reference(tmp_path / "a.mp4", 1))})["desk"]
    _done(ask, ask({"do": "start", "kind": "check", "desk": desk}), desk)
    told = ask({**lora, "desk": desk})
    assert "Small has 2" in told["lacks"]
    assert "GB" in told["lines"][0][1]
    assert ask({**lora, "kind": "look", "desk": desk})["lacks"] == ""
    assert "rank" in ask({**lora, "settings": {"rank": 100000}})["error"]


def test_settings_on_the_page_are_those_of_the_training() -> None:
    spec = lora_spec()
    assert read_settings(spec["rest"]) == read_settings({})
    assert read_settings({"learning_rate": 1e-3, "trigger": "ember"}).trigger == "ember"
    for wrong in ({"steps": "many"}, {"nonsense": 1}, {"family": "ltx2"}):
        with pytest.raises(InvalidInstruction):
            read_settings(wrong)


def test_visitors_train_on_no_weights_of_their_own_choice(handlers: StyleHandlers) -> None:
    theirs = read_settings({"model": "somebody/else"})
    with pytest.raises(InvalidInstruction, match="makers' own weights"):
        check_base(theirs, VisitorModels())
    check_base(read_settings({}), VisitorModels())
    check_base(theirs, VisitorModels(frozenset({"somebody/else"})))
    check_base(theirs, VisitorModels(every=True))
    desk = handlers.desks.new()
    asked = {"do": "start", "kind": "style", "make": "lora", "name": "x", "desk": desk.id}
    said = handlers.function()({**asked, "settings": {"model": "somebody/else"}})
    assert "own weights" in said["error"]


def test_a_token_is_read_once_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    desks = StyleDesks(60.0)
    caller = caller_of({"token": CANARY}, None, desks)
    assert caller.token == CANARY
    assert CANARY not in repr(caller)
    assert read_token("") is None
    for wrong in (f"{CANARY} x", f"{CANARY}\n", CANARY * 9, 5, f"{CANARY}ü"):
        with pytest.raises(InvalidInstruction) as told:
            read_token(wrong)
        assert CANARY not in str(told.value)
    # On a Space nobody types one: it is that of who signed in.
    monkeypatch.setenv("SPACE_ID", "me/motion")
    signed = gr.OAuthToken("hf_signed", "inference-api", 0)
    assert caller_of({"token": CANARY}, signed, desks).token == "hf_signed"
    assert caller_of({"token": CANARY}, None, desks).token is None
    assert drawn_spec()["signed"] is True


def test_styles_are_found_by_name_among_ones_own_alone(uploads: Path, tmp_path: Path) -> None:
    look = make_look(tmp_path / "noir.safetensors")
    desks = StyleDesks(60.0)
    desk = desks.new()
    try:
        desk.library.add(look)
        mine = resolver_of(desks, desk.id)
        assert mine("noir").kind == "look"
        for name in (str(look), "../noir", "other"):
            with pytest.raises(InvalidInstruction):
                mine(name)
        for stranger in (None, "0" * 48, 5):
            with pytest.raises(InvalidInstruction):
                resolver_of(desks, stranger)("noir")
    finally:
        desks.forget(desk.id)
    # The same for files that come with a call.
    target = uploads / "noir.safetensors"
    shutil.copy(look, target)
    given = sent_styles([{"path": str(target), "orig_name": "noir.safetensors"}])
    assert given("noir").name == "noir"
    with pytest.raises(InvalidInstruction, match="not sent with this call"):
        given(str(look))
    with pytest.raises(LimitExceeded):
        sent_styles([{"path": str(target)}] * 17)


@pytest.mark.parametrize("name", ["geometric", "guided", "diffusers", "providers"])
def test_the_preflight_tells_what_becomes_of_every_instruction(name: str, tmp_path: Path) -> None:
    shot = Shot.from_dict(
        {
            "motion": {"camera": {"type": "orbit", "direction": "left", "duration": 3.0}},
            "prompt": "a lighthouse",
            "backend": {"name": name},
        }
    )
    said = preflight_of(shot, Caller(lambda _: pytest.fail("no style is named")).resolver)
    camera = next(one for one in said["lines"] if one["instruction"] == "camera")
    wanted = "exactly" if name in ("geometric", "guided") else "in words"
    assert camera["keeps"] == wanted
    assert said["remote"] == (name == "providers")
    assert bool(said["sentence"]) == (name != "geometric")
    if name == "geometric":
        return
    # One's own sentence stands, and the compiled one can be had again.
    own = shot.model_copy(
        update={"backend": shot.backend.model_copy(update={"sentence": "My own words."})}
    )
    told = preflight_of(own, Caller(lambda _: pytest.fail("no style is named")).resolver)
    assert (told["sentence"], told["compiled"]) == ("My own words.", said["sentence"])


def test_names_of_files_are_made_safe() -> None:
    assert safe_name("../../etc/passwd", "x") == "passwd"
    assert safe_name("a<b>.mp4", "x") == "a_b_.mp4"
    assert safe_name("...", "clip.mp4") == "clip.mp4"
    assert safe_name("Größe 1.mov", "x") == "Größe 1.mov"
