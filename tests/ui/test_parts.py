"""The parts behind the page: what they take, what they refuse, what they say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synth.errors import InvalidInstruction, InvalidMedia, SynthError
from synth.motion import EASINGS, MOVE_KINDS, CameraMove, MotionControl
from synth.render.settings import LensSettings
from synth.shot import Shot, VideoResult
from synth.ui.answers import message_of
from synth.ui.app import launch_options
from synth.ui.assets import ASSETS, picture_url, script, stylesheet
from synth.ui.depth_brush import DepthStore, stroke_mask
from synth.ui.desk_shot import file_name, fingerprint, pasted_shot, read_shot, shot_values
from synth.ui.examples import find_examples, thumbnail
from synth.ui.field_bounds import bounds
from synth.ui.monitor import describe_motion, finished, summarise
from synth.ui.move_picker import desk_spec
from synth.ui.photo import Photo, uploaded_file
from tests.ui.conftest import make_picture


def _stroke(tool: str = "near", size: float = 0.2, points: Any = None) -> dict[str, Any]:
    return {"tool": tool, "size": size, "points": points or [[0.25, 0.5], [0.75, 0.5]]}


def test_the_page_is_served_with_every_guard_on() -> None:
    options = launch_options()
    assert options["max_file_size"]
    assert options["allowed_paths"] == []
    off = ("show_error", "share", "ssr_mode", "run_history", "enable_monitoring", "mcp_server")
    assert [options[name] for name in off] == [False] * len(off)
    assert options["strict_cors"] is True
    assert options["server_name"] == "127.0.0.1"


def test_the_server_listens_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert launch_options()["server_name"] == "0.0.0.0"


def test_only_the_screen_needs_gradio() -> None:
    program = (
        "import sys; sys.modules['gradio'] = None\n"
        "import synth.jobs, synth.shot, synth.motion, synth.media, synth.scene.depth"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# --- files ---


def test_a_file_below_the_upload_folder_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    file = tmp_path / "a" / "photo.jpg"
    file.parent.mkdir()
    file.write_bytes(b"x")
    assert uploaded_file({"path": str(file)}) == str(file)
    assert uploaded_file(str(file)) == str(file)


@pytest.mark.parametrize(
    "kind", ["outside", "climbing", "link", "folder", "missing", "nul", "none"]
)
def test_any_other_path_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"x")
    (uploads / "link").symlink_to(secret)
    path = {
        "outside": str(secret),
        "climbing": str(uploads / ".." / "secret.png"),
        "link": str(uploads / "link"),
        "folder": str(uploads),
        "missing": str(uploads / "nothing.png"),
        "nul": str(uploads / "a\0b"),
        "none": None,
    }[kind]
    with pytest.raises(InvalidMedia, match="No uploaded file"):
        uploaded_file({"path": path})


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Cat", "cat-push-in"),
        ("../../etc/passwd", "etc-passwd-push-in"),
        ("<script>.png", "script-push-in"),
        ("名前", "clip-push-in"),
        ("x" * 300, "x" * 40 + "-push-in"),
    ],
)
def test_a_saved_file_is_named_plainly(title: str, expected: str) -> None:
    motion = MotionControl.from_dict({"camera": {"type": "push_in"}})
    name = file_name(title, Shot(motion=motion))
    assert name == expected
    assert re.fullmatch(r"[a-z0-9-]+", name)


# --- brush ---


def test_strokes_become_a_mask_of_nearer_and_farther() -> None:
    mask = stroke_mask({"strokes": [_stroke("near"), _stroke("far", points=[[0.5, 0.9]])]}, 60, 90)
    assert mask is not None
    assert (mask.shape, mask.dtype) == ((60, 90), np.float32)
    assert mask[30, 45] > 0.4
    assert mask[54, 45] < 0
    assert mask[5, 5] == 0
    assert np.abs(mask).max() <= 1


def test_strokes_add_up_and_the_eraser_takes_them_away() -> None:
    twice = stroke_mask({"strokes": [_stroke()] * 4}, 60, 90)
    assert twice is not None
    assert twice[30, 45] == pytest.approx(1.0)
    gone = stroke_mask({"strokes": [_stroke(), _stroke("erase", size=1.0)]}, 60, 90)
    assert gone is None or np.abs(gone).max() < 0.05


def test_no_strokes_are_no_mask() -> None:
    assert stroke_mask({"strokes": []}, 60, 90) is None
    assert stroke_mask(None, 60, 90) is None


@pytest.mark.parametrize(
    "strokes",
    [
        "near",
        [1],
        [_stroke("push")],
        [_stroke(size=float("nan"))],
        [_stroke(size=7)],
        [_stroke(size=True)],
        [_stroke(points=[[0.5]])],
        [_stroke(points=[[0.5, float("inf")]])],
        [_stroke(points=[["0.5", 0.5]])],
        [_stroke(points=[[0.5, 0.5]] * 1000)],
        [_stroke()] * 1000,
    ],
)
def test_strokes_that_make_no_sense_are_refused(strokes: Any) -> None:
    with pytest.raises(InvalidInstruction):
        stroke_mask({"strokes": strokes}, 60, 90)


def test_depth_is_estimated_once_for_a_photo(tmp_path: Path) -> None:
    path = make_picture(tmp_path / "photo.png", 120, 80)
    photo = Photo(str(path), "photo", 120, 80, method="embedded")
    store = DepthStore(entries=1)
    first = store.get(photo)
    assert store.get(photo) is first
    other = make_picture(tmp_path / "other.png", 120, 80, seed=1)
    store.get(Photo(str(other), "other", 120, 80, method="embedded"))
    assert store.get(photo) is not first, "the store must not grow"


# --- desk ---


def test_sliders_take_their_bounds_and_help_from_the_models() -> None:
    found = bounds(CameraMove, "intensity")
    assert (found["min"], found["max"], found["default"]) == (0.0, 1.0, 0.5)
    assert found["help"] == CameraMove.model_fields["intensity"].description
    lens = {field["key"]: field for field in desk_spec()["lens"]}
    assert (lens["shutter_angle"]["min"], lens["shutter_angle"]["max"]) == (0.0, 360.0)
    assert lens["grain"]["help"] == LensSettings.model_fields["grain"].description


def test_the_desk_offers_every_move_direction_and_easing_there_is() -> None:
    spec = desk_spec()
    assert [move["type"] for move in spec["moves"]] == list(MOVE_KINDS)
    for move in spec["moves"]:
        assert tuple(move["directions"]) == MOVE_KINDS[move["type"]].directions
        assert set(move["directions"]) <= set(spec["directions"])
    assert set(spec["easings"]) == set(EASINGS)
    for samples in spec["easings"].values():
        assert (samples[0], samples[-1]) == (0.0, 1.0)


def test_everything_the_desk_offers_is_accepted() -> None:
    spec = desk_spec()
    for field in spec["output"]:
        for choice in field["choices"]:
            value = int(choice["id"]) if field.get("number") else choice["id"]
            inside = {field["key"]: value}
            Shot.from_dict({field["section"]: inside} if field["section"] else inside)
    for move in spec["moves"]:
        for direction in move["directions"] or [None]:
            CameraMove(
                type=move["type"], direction=direction, easing=spec["easing_choices"][1]["id"]
            )


def test_a_shot_survives_the_way_to_the_desk_and_back() -> None:
    shot = Shot.from_dict({"motion": {"camera": {"type": "arc"}}, "lens": {"grain": 0.3}})
    assert read_shot(shot_values(shot)) == shot


@pytest.mark.parametrize("value", [None, [], "x", {"motion": {"camera": {"type": "warp"}}}])
def test_a_desk_that_holds_no_shot_is_refused(value: object) -> None:
    with pytest.raises(SynthError):
        read_shot(value)
    assert read_shot(value, forgiving=True) == Shot()


def test_pasted_json_is_taken_in_every_form_the_product_gives_out() -> None:
    before = Shot.from_dict({"seed": 5, "output": {"fps": "30"}})
    motion = {"camera": {"type": "tilt", "direction": "down", "intensity": 0.25, "duration": 2.0}}
    bare, _ = pasted_shot(json.dumps(motion), before)
    call, _ = pasted_shot(json.dumps({"motion_control": motion}), before)
    more, note = pasted_shot(json.dumps({"motion_control": motion, "long_side": 640}), before)
    assert bare == call == more == before.model_copy(update={"motion": bare.motion})
    assert bare.motion.to_dict() == motion
    assert "alone" in note
    whole = Shot.from_dict({"motion": motion, "seed": 9, "lens": {"grain": 0.2}})
    assert pasted_shot(whole.to_json(), before)[0] == whole
    assert pasted_shot(json.dumps({"shot": whole.to_dict()}), before)[0] == whole


@pytest.mark.parametrize(
    "text",
    ['{"motion_control": null}', '{"motion_control": [1]}', "[]", '{"schema": "other/9"}', "{"],
)
def test_pasted_json_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidInstruction):
        pasted_shot(text, Shot())


def test_the_mark_of_a_clip_changes_with_whatever_it_is_made_from() -> None:
    shot = Shot.from_dict({"motion": {"camera": {"type": "arc"}}})
    photo = Photo("/a.png", "a", 30, 20)
    mark = fingerprint(shot, photo, None)
    listed = Shot.from_dict({"motion": {"camera": [{"type": "arc"}]}})
    assert fingerprint(listed, photo, {"strokes": []}) == mark
    other_shot = shot.model_copy(update={"seed": 1})
    others = (
        fingerprint(other_shot, photo, None),
        fingerprint(shot, replace(photo, path="/b.png"), None),
        fingerprint(shot, replace(photo, method="embedded"), None),
        fingerprint(shot, photo, {"strokes": [_stroke()]}),
    )
    assert len({mark, *others}) == 5


# --- words ---


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        ({}, "the camera stands still"),
        ({"type": "dolly", "intensity": 0.3}, "dolly forward, gently"),
        ({"type": "push_in"}, "push in"),
        ({"type": "truck", "direction": "left", "intensity": 1.0}, "truck left, strongly"),
        ([{"type": "pan"}, {"type": "handheld", "intensity": 0.1}], "pan right; handheld, barely"),
    ],
)
def test_a_motion_is_said_in_words(camera: Any, words: str) -> None:
    assert describe_motion(MotionControl.from_dict({"camera": camera})) == words


def test_the_summary_says_what_will_come_out_and_what_will_not() -> None:
    shot = Shot.from_dict(
        {
            "motion": {
                "camera": {"type": "dolly", "duration": 5.0},
                "objects": [
                    {"id": "hero", "action": "run", "direction": "toward_camera"},
                    {"id": "reed", "action": "sway"},
                ],
                "environmental": {"particle_effects": "light_rays", "wind_direction": "left"},
            },
            "output": {"format": "gif", "fps": "60"},
        }
    )
    said = summarise(shot, (1280, 854), 300)
    assert said["sentence"] == (
        "5 s, 300 frames at 60 fps, 1280 × 854, GIF: dolly forward; hero: run toward the camera; "
        "reed: sway; light rays, wind to the left."
    )
    assert any("GIF of this length" in warning for warning in said["warnings"])


@pytest.mark.parametrize(
    ("zoom", "edge", "advice"),
    [
        ("1.12", "fit", []),
        ("1.58", "fit", ["Extend", "lower intensity"]),
        ("1.58", "extend", ["lower intensity"]),
    ],
)
def test_a_clip_says_its_zoom_apart_and_how_to_have_less(
    tmp_path: Path, zoom: str, edge: Any, advice: list[str]
) -> None:
    film = tmp_path / "clip.mp4"
    film.write_bytes(b"x")
    zoomed = f"Zoomed in {zoom}x so that the whole move stays inside the photo."
    result = VideoResult(film, Shot(edge=edge), 64, 48, 12, notes=("Another.", zoomed))
    said = finished(result, seconds=1.0, final=False)
    assert said["notes"] == ["Another."]
    (framing,) = said["framing"]
    assert framing.startswith(zoomed)
    assert [word for word in ("Extend", "lower intensity") if word in framing] == advice


def test_errors_of_ours_are_shown_and_others_get_a_number(caplog: pytest.LogCaptureFixture) -> None:
    assert message_of(InvalidMedia("Too dark.")) == "Too dark."
    message = message_of(RuntimeError("/home/someone/secret"))
    number = re.search(r"number ([0-9a-f]{8})", message)
    assert number is not None
    assert "secret" not in message
    assert number[1] in caplog.text


# --- assets ---


def test_examples_are_whole() -> None:
    examples = find_examples()
    assert len({example.id for example in examples}) == len(examples) >= 8
    for example in examples:
        MotionControl.from_dict(example.motion)
        assert thumbnail(example.path).size == (132, 88)
    assert sum(example.depth_path is not None for example in examples) == 3
    assert [example.id for example in examples[:3]] == ["robot", "lighthouse", "cloister"]


def test_a_broken_example_does_not_keep_the_page_from_standing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").mkdir()
    make_picture(tmp_path / "examples" / "bad.jpg", 30, 20)
    (tmp_path / "examples" / "bad.json").write_text("{")
    monkeypatch.setattr("synth.ui.examples.ASSETS", tmp_path)
    assert "bad" not in [example.id for example in find_examples()]


def test_scripts_never_turn_text_into_markup() -> None:
    names = sorted(path.stem for path in (ASSETS / "ui").glob("*.js"))
    assert len(names) >= 6
    for name in names:
        text = script(name)
        for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert door not in text, (name, door)


def test_nothing_is_fetched_from_elsewhere() -> None:
    texts = [path.read_text() for path in (ASSETS / "ui").iterdir()]
    addresses = re.findall(r"https?://[^\s'\"]+", "".join(texts))
    assert {address for address in addresses if "www.w3.org" not in address} == set()
    assert "@import" not in stylesheet()


def test_a_picture_for_the_page_is_no_larger_than_asked() -> None:
    address = picture_url(np.zeros((400, 600, 3), np.uint8), 60)
    assert address.startswith("data:image/jpeg;base64,")
    assert len(address) < 4000
