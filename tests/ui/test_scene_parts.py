"""What stands behind the sheets of subjects and weather: what they offer, find and refuse."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest

from synth.errors import InvalidInstruction, InvalidMedia
from synth.motion import MotionControl
from synth.motion.instructions import Action, Environment, Heading, Particles, SubjectMark, Wind
from synth.scene.depth_map import DepthMap
from synth.shot import Shot, VideoResult
from synth.ui.desk_shot import unmarked, with_what_was_said
from synth.ui.monitor import finished
from synth.ui.subjects import find, mask_url, read_mark, subject_spec
from synth.ui.weather import LOOK_SIDE, read_environment, weather_picture, weather_spec

BOX = {"box": [0.3, 0.2, 0.7, 0.95]}


@pytest.fixture(scope="module")
def scene() -> tuple[np.ndarray, DepthMap]:
    """A bright plate, 60 x 90, that stands out of a dark noisy wall of 180 x 240."""
    noise = np.random.default_rng(3).integers(40, 70, (180, 240, 3), np.uint8)
    nearness = np.full((180, 240), 0.2, np.float32)
    noise[60:150, 90:150] = (230, 180, 60)
    nearness[60:150, 90:150] = 0.9
    return noise, DepthMap(nearness, "file")


def test_the_sheets_offer_all_that_the_models_take() -> None:
    subjects, weather = subject_spec(), weather_spec()
    assert {one["id"] for one in subjects["actions"]} == set(get_args(Action))
    assert set(subjects["headings"]) == set(get_args(Heading))
    assert {one["id"] for one in weather["effects"]} == set(get_args(Particles))
    assert {one["id"] for one in weather["winds"]} == set(get_args(Wind))
    assert len({one["place"] for one in weather["winds"]}) == len(get_args(Wind))
    assert (subjects["speed"]["min"], subjects["speed"]["max"]) == (0.0, 1.0)
    assert subjects["most_points"] == 64


def test_no_mark_at_all_is_the_likeliest_subject() -> None:
    assert read_mark(None) is None
    assert read_mark({}) is None
    assert read_mark(BOX) == SubjectMark(box=(0.3, 0.2, 0.7, 0.95))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1, 2], "not list"),
        ({"box": [0.7, 0.2, 0.3, 0.9]}, "empty"),
        ({"points": [[0.5, 1.2]]}, "1.2"),
        ({"circle": 1}, "circle"),
        ({"box": [0.1, float("nan"), 0.4, 0.9]}, "box"),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(value: Any, words: str) -> None:
    with pytest.raises(InvalidInstruction, match=words):
        read_mark(value)


def test_weather_that_makes_no_sense_is_refused() -> None:
    assert read_environment({"particle_effects": "rain"}).wind_direction == "still"
    with pytest.raises(InvalidInstruction, match="hail"):
        read_environment({"particle_effects": "hail"})
    with pytest.raises(InvalidInstruction, match="not str"):
        read_environment("rain")


def test_a_box_finds_what_stands_in_it(scene: tuple[np.ndarray, DepthMap]) -> None:
    found = find(*scene, read_mark(BOX))
    truth = np.zeros((180, 240), bool)
    truth[60:150, 90:150] = True
    solid = found.mask.alpha > 0.5
    assert (solid & truth).sum() / (solid | truth).sum() > 0.9
    assert found.about["share"] == pytest.approx(60 * 90 / (180 * 240), rel=0.1)
    assert found.about["box"] == pytest.approx([0.375, 1 / 3, 0.625, 5 / 6], abs=0.03)


def test_a_damaged_painting_is_refused(scene: tuple[np.ndarray, DepthMap]) -> None:
    with pytest.raises(InvalidMedia, match="no PNG"):
        find(*scene, read_mark({"mask": "AAAA"}))


def test_the_page_gets_a_mask_as_opaque_as_the_subject() -> None:
    alpha = np.zeros((40, 60), np.float32)
    alpha[10:20, 15:45] = 0.5
    address = mask_url(alpha)
    assert address.startswith("data:image/png;base64,")
    data = np.frombuffer(base64.b64decode(address.split(",")[1]), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (40, 60, 4)
    assert (picture[..., :3] == 255).all()
    assert set(np.unique(picture[..., 3])) == {0, 128}


def test_weather_is_drawn_on_the_photo(scene: tuple[np.ndarray, DepthMap]) -> None:
    pixels, depth = scene
    view = {"focal_length": 50.0, "strength": 1.0, "seed": 1}
    clear = weather_picture(pixels, depth, Environment(), **view)
    rain = weather_picture(pixels, depth, Environment(particle_effects="rain"), **view)
    assert clear.shape == rain.shape == (round(LOOK_SIDE * 0.75), LOOK_SIDE, 3)
    changed = float((rain != clear).any(axis=2).mean())
    assert 0.005 < changed < 0.9
    again = weather_picture(pixels, depth, Environment(particle_effects="rain"), **view)
    assert (again == rain).all()


def _motion(**values: Any) -> MotionControl:
    return MotionControl.from_dict(values)


def test_a_sentence_leaves_alone_what_it_does_not_speak_of() -> None:
    hero = {"id": "hero", "action": "run", "mark": BOX}
    before = _motion(
        camera={"type": "pan"}, objects=[hero], environmental={"particle_effects": "snow"}
    )
    said = with_what_was_said(_motion(camera={"type": "zoom"}), before)
    assert said.moves[0].type == "zoom"
    assert said.objects == before.objects
    assert said.environmental == before.environmental
    said = with_what_was_said(_motion(objects=[{"id": "woman", "action": "walk"}]), before)
    assert said.moves[0].type == "pan"
    assert (said.objects[0].id, said.objects[0].action) == ("woman", "walk")
    assert said.objects[0].mark == before.objects[0].mark, "the only subject there is"


def test_marks_pass_on_by_name_where_there_are_several_subjects() -> None:
    tree = {"id": "tree", "action": "sway", "mark": {"points": [[0.1, 0.5]]}}
    before = _motion(objects=[{"id": "hero", "action": "run", "mark": BOX}, tree])
    said = with_what_was_said(
        _motion(objects=[{"id": "tree", "action": "wave"}, {"id": "dog", "action": "jump"}]), before
    )
    assert said.objects[0].mark == before.objects[1].mark
    assert said.objects[1].mark is None


def test_another_photo_loses_the_marks_but_not_the_actions() -> None:
    shot = Shot.from_dict({"motion": {"objects": [{"id": "a", "action": "run", "mark": BOX}]}})
    bare = unmarked(shot)
    assert bare.motion.objects[0].mark is None
    assert (bare.motion.objects[0].id, bare.motion.objects[0].action) == ("a", "run")


def test_who_leaves_the_frame_is_told_right_below_the_picture(tmp_path: Path) -> None:
    film = tmp_path / "clip.mp4"
    film.write_bytes(b"x")
    leaves = "protagonist leaves the frame after 3.2 s"
    result = VideoResult(film, Shot(), 64, 48, 12, notes=("Another.", leaves))
    said = finished(result, seconds=1.0, final=False)
    assert said["framing"] == [f"{leaves}."]
    assert said["notes"] == ["Another."]
