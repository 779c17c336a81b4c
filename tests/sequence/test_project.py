"""The project's file: what goes in comes out, and what makes no sense says so."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from synth.errors import InvalidInstruction, LimitExceeded
from synth.grade.settings import Grade
from synth.sequence.project import (
    ColourMatch,
    MediaRef,
    Project,
    SequenceShot,
    SoundSettings,
    SoundTrack,
    Style,
    Title,
)
from synth.sequence.storyboard import Card, Way, arrange, at_rate, cards
from synth.shot.model import Shot


def _media(letter: str = "a", **fields: Any) -> MediaRef:
    return MediaRef(sha256=letter * 64, **fields)


def _full() -> Project:
    """A project that uses every kind of field."""
    moving = Shot.from_dict(
        {
            "motion": {
                "camera": [{"type": "dolly", "direction": "forward", "duration": 2.0}],
                "objects": [{"id": "robot", "action": "walk"}],
                "environmental": {"particle_effects": "rain"},
            },
            "prompt": "a robot in the rain",
            "seed": 7,
        }
    )
    shots = (
        SequenceShot(
            id="one", media=_media("a", name="photo.jpg"), shot=moving, depth=_media("d"),
            style=Style(look="noir", strength=0.5), lut=_media("e", name="x.cube", kind="lut"),
            grade=Grade.from_values({"adjustments": {"exposure": 0.3}}),
        ),
        SequenceShot(id="zwei", media=_media("b", kind="video"), sound_gain=None, matched=False),
    )  # fmt: skip
    project = Project(
        name="Film",
        shots=shots,
        lighting="low sun",
        match=ColourMatch(reference="one"),
        sound=SoundSettings(
            tracks=(SoundTrack(media=_media("c", kind="sound"), fade_in=1.0, loop=True),),
            beats=(0.5, 1.0),
        ),
        titles=(Title(text="Hello", second_line="you", style="lower_third"),),
    )
    return arrange(
        project,
        [
            Card(None, 0, 20, Way("dissolve", 10)),
            Card("one", 0, 48, Way("dip", 7, easing="ease-in", colour="#ff0000")),
            Card("zwei", 3, 40),
            Card("one", 1, 30),
        ],
    )


def test_a_project_survives_its_file() -> None:
    project = _full()
    assert Project.from_json(project.to_json()) == project
    assert Project.from_json(project.to_json(indent=2).encode()) == project
    assert json.loads(project.to_json())["schema"] == "motion-synth.project/1"


def test_what_a_newer_version_wrote_survives_loading_editing_and_saving() -> None:
    values = _full().to_dict()
    values["schema"] = "motion-synth.project/1.7"
    values["mood"] = {"of": "tomorrow"}
    values["shots"][0]["stars"] = 3
    values["shots"][0]["shot"]["aperture_blades"] = 6
    values["shots"][0]["shot"]["motion"]["camera"]["wobble"] = 0.5
    values["shots"][0]["grade"]["adjustments"]["halation"] = 0.2
    values["timeline"][1]["curve"] = [1, 2]
    project = Project.from_dict(values)
    saved = project.changed(name="Renamed").to_dict()
    assert saved["schema"] == "motion-synth.project/1.7"
    assert {**saved, "name": "Film"} == values


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": "motion-synth.project/2"}, "version that wrote it"),
        ({"schema": "motion-synth.shot/1"}, "version that wrote it"),
        ({"mood": 1}, "mood is no field"),
        ({"shots": 3}, "shots is 3"),
        ({"name": "two\nlines"}, "name"),
        ({"timeline": [{"kind": "clip", "shot": "nobody"}]}, "'nobody', which is not there"),
        ({"timeline": [{"kind": "wipe"}]}, "timeline"),
        ({"match": {"reference": "nobody"}}, "matched to the shot 'nobody'"),
        ({"output": {"fps": "31"}}, "output.fps"),
        ({"output": {"long_side": 10**9}}, "must be at most"),
        ({"titles": [{"text": ""}]}, "text is empty"),
    ],
)
def test_what_makes_no_sense_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInstruction, match=says):
        Project.from_dict({**_full().to_dict(), **change})


def test_a_transition_never_stands_alone() -> None:
    values = _full().to_dict()
    one, way = values["timeline"][2], values["timeline"][1]
    for timeline in ([way], [way, one], [one, way], [one, way, way, one]):
        with pytest.raises(InvalidInstruction, match="between two clips"):
            Project.from_dict({**values, "timeline": timeline})


def test_shots_have_names_of_their_own_and_no_paths() -> None:
    values = _full().to_dict()
    values["shots"][1]["id"] = "one"
    with pytest.raises(InvalidInstruction, match="stands twice"):
        Project.from_dict({**values, "timeline": []})
    for name in ("../../etc/passwd", "a\\b", "x\n"):
        values = _full().to_dict()
        values["shots"][0]["media"]["name"] = name
        with pytest.raises(InvalidInstruction, match="name"):
            Project.from_dict(values)


def test_wrong_fields_inside_a_shot_are_named() -> None:
    values = _full().to_dict()
    values["shots"][0]["shot"]["aperture_blades"] = 6
    with pytest.raises(InvalidInstruction, match="aperture_blades"):
        Project.from_dict(values)


def test_hostile_json_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        Project.from_json("[" * 100_000)
    with pytest.raises(InvalidInstruction):
        Project.from_json('{"name": NaN}')
    with pytest.raises(InvalidInstruction, match="curly"):
        Project.from_json("[]")


def test_the_lighting_cue_follows_every_prompt() -> None:
    project = _full()
    assert project.prompt(project.shots[0]) == "a robot in the rain. low sun"
    assert project.prompt(project.shots[1]) == "low sun"
    assert project.changed(lighting="").prompt(project.shots[0]) == "a robot in the rain"


def test_every_file_is_listed() -> None:
    assert [ref.sha256[0] for ref in _full().media()] == ["a", "d", "e", "b", "c"]


@pytest.mark.parametrize("schema", ["motion-synth.project/1", "motion-synth.project/1.1"])
def test_a_newer_form_of_a_shot_is_read_and_kept(schema: str) -> None:
    values = _full().to_dict()
    values["schema"] = schema
    values["shots"][0]["shot"] |= {"schema": "motion-synth.shot/1.1", "stardust": {"amount": 2}}
    values["shots"][0]["shot"]["lens"]["flare"] = 0.5
    read = Project.from_dict(values)
    assert read.shot("one").shot == _full().shot("one").shot
    assert read.shot("one").is_geometry
    saved = read.changed(name="Another").to_dict()
    assert saved["shots"][0]["shot"] == values["shots"][0]["shot"]
    assert saved["shots"][1] == values["shots"][1]
    values["shots"][0]["shot"]["schema"] = "motion-synth.shot/2"
    with pytest.raises(InvalidInstruction, match=r"motion-synth.shot/2"):
        Project.from_dict(values)


def test_what_a_newer_version_wrote_into_the_timeline_survives_its_being_laid_out_anew() -> None:
    values = _full().to_dict()
    values["schema"] = "motion-synth.project/1.1"
    gap, way, clip = values["timeline"][:3]
    gap["fog"] = {"colour": [1, 2]}
    way["copy"] = True  # a name that the models' own methods have, too
    clip["speed"] = 1.5
    clip["source_range"]["loop"] = "twice"
    clip["source_range"]["duration"]["drop_frame"] = True
    read = Project.from_dict(values)
    board = cards(read, {"one": 48, "zwei": 96})
    assert arrange(read, board).to_dict() == values
    shorter = [replace(board[1], way=None), board[0]]
    laid = arrange(read, shorter).to_dict()["timeline"]
    assert [item["kind"] for item in laid] == ["clip", "gap"]
    assert laid[0]["speed"] == 1.5
    assert laid[0]["source_range"]["loop"] == "twice"
    assert laid[0]["source_range"]["duration"]["drop_frame"] is True
    assert laid[-1]["fog"] == {"colour": [1, 2]}
    assert at_rate(board, Fraction(24), Fraction(12), {"one": 24, "zwei": 48})[1].later
