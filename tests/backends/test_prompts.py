"""Whole sentences of the prompt compiler, each read by a person."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import pytest

from synth.backends.families import Wording, families
from synth.backends.prompts import CompiledPrompt, advice_for, compile_prompt
from synth.backends.settings import BackendSettings
from synth.errors import InvalidInstruction
from synth.motion import DIRECTIONS, MOVE_KINDS, MotionControl, camera_path

WORDINGS: tuple[Wording, ...] = ("wan", "ltx", "cogvideox", "plain")


def compiled(
    control: dict[str, Any], prompt: str = "", wording: Wording = "wan", **more: Any
) -> CompiledPrompt:
    motion = MotionControl.from_dict(control)
    return compile_prompt(motion, prompt=prompt, wording=wording, **more)


def move(type: str, direction: str | None = None, intensity: float = 0.5, seconds: float = 3.0,
         **more: Any) -> dict[str, Any]:  # fmt: skip
    return {
        "type": type, "direction": direction, "intensity": intensity, "duration": seconds, **more,
    }  # fmt: skip


def shot(*moves: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"camera": list(moves), **more}


HOLD = move("static", seconds=2.0)
ROBOT = {"id": "robot", "action": "walk", "direction": "toward_camera", "speed": 0.9}

SHOTS: list[tuple[Wording, dict[str, Any], str, str]] = [
    # A camera alone, in the words of each family.
    ("wan", {}, "", "Static shot: the camera is locked off and does not move."),
    ("ltx", shot(move("static")), "", "The camera remains static, locked off on a tripod."),
    ("cogvideox", shot(HOLD), "", "Camera is static, locked off, and does not move."),
    ("wan", shot(move("dolly")), "", "The camera smoothly pushes forward toward the subject."),
    ("plain", shot(move("dolly")), "", "The camera smoothly dollies in toward the subject."),
    ("cogvideox", shot(move("truck", "left")), "", "Camera is smoothly moving to the left."),
    ("wan", shot(move("dolly", "left", 0.9, 2.0)), "",
     "The camera quickly moves far to the left."),
    ("ltx", shot(move("truck", "right")), "",
     "The camera smoothly trucks right, gliding sideways past the scene. As it comes to rest, "
     "what lies to the right comes into view."),
    ("ltx", shot(move("pan", "right", 0.95, 1.0)), "",
     "The camera very quickly pans far right from where it stands. As it comes to rest, what lies "
     "to the right comes into view."),
    ("plain", shot(move("zoom", "forward")), "", "The camera smoothly zooms in with the lens."),
    ("plain", shot(move("dolly_zoom", "backward")), "",
     "The camera smoothly performs a dolly zoom, moving back as the lens zooms in so that the "
     "subject keeps its size."),
    ("plain", shot(move("dolly", "backward", 0.1, 5.0)), "",
     "The camera very slowly dollies slightly back from the subject."),
    ("wan", shot(move("tilt", "up", 0.5, 8.0)), "", "The camera slowly tilts upward."),
    ("wan", shot(move("arc", "clockwise", 0.9)), "",
     "The camera smoothly arcs a long way clockwise around the subject."),
    ("ltx", shot(move("crane", "up")), "",
     "The camera smoothly cranes up, keeping the subject framed. As it comes to rest, the subject "
     "is seen from higher up."),
    ("wan", shot(move("handheld", None, 0.8)), "",
     "Handheld camera that stays in one place with strong natural shake."),
    ("plain", shot(move("orbit", "left", loop=True)), "",
     "The camera smoothly orbits around the subject to the left. By the end the camera is back "
     "exactly where it began."),
    # Order, pauses and what happens at once.
    ("wan", shot(move("push_in"), move("pan", "left", 0.3)), "",
     "The camera smoothly pushes in toward the subject, then slowly pans to the left."),
    ("wan", shot(move("pan", "left", 0.2, start=0.0), move("push_in", start=0.0),
                 {"type": "handheld", "intensity": 0.4}), "",
     "The camera smoothly pushes in toward the subject while panning slightly to the left. "
     "Handheld camera with slight natural shake."),
    ("wan", shot(HOLD, move("truck", "right"), HOLD, move("tilt", "up"), HOLD), "",
     "The camera first holds still, then smoothly moves to the right, then holds still for a "
     "moment, then tilts upward, and finally holds still."),
    ("cogvideox", shot(move("pan", "left", 0.5, 1.0), move("tilt", "up", 0.5, 1.0),
                       move("dolly", None, 0.5, 4.0), move("roll", "clockwise", 0.5, 4.0)), "",
     "Camera is briefly panning to the left, then briefly tilting up, then smoothly pushing in "
     "toward the subject. Camera is then rolling clockwise."),
    # With the user's words, subjects and weather.
    ("wan", shot(move("push_in", seconds=4.0),
                 objects=[ROBOT, {"id": "birds_2", "action": "float"}],
                 environmental={"particle_effects": "rain", "wind_direction": "left",
                                "weather_intensity": 0.9}), "a street at night",
     "The camera smoothly pushes in toward the subject. A street at night. The robot quickly walks "
     "toward the camera. The birds float weightlessly. Heavy rain pours down, blown to the left by "
     "the wind."),
    ("ltx", shot(move("pull_out"), objects=[{"id": "Anna", "action": "wave"}],
                 environmental={"particle_effects": "none", "wind_direction": "forward"}),
     "A harbour at dawn!",
     "A harbour at dawn! Anna waves. The wind blows toward the camera. The camera smoothly pulls "
     "out, away from the subject. As it comes to rest, more of the surroundings comes into view."),
    ("plain", shot(move("static"), environmental={"particle_effects": "snow"}),
     "a woman walks through falling snow",
     "Locked-off static shot: the camera does not move. A woman walks through falling snow."),
    # What the user's words say of the camera already.
    ("wan", shot(move("push_in", None, 0.3)), "Slow push in on an old lighthouse at dusk",
     "Slow push in on an old lighthouse at dusk."),
    ("ltx", shot(move("dolly"), move("pan", "left")), "dolly in, then pan left across the valley",
     "Dolly in, then pan left across the valley."),
    ("wan", shot(move("pan", "left")), "Slow push in on an old lighthouse, waves crash below",
     "The camera smoothly pans to the left. An old lighthouse, waves crash below."),
    ("plain", shot(move("pan", "left")),
     "A lighthouse on a cliff, the camera slowly orbits left, waves crash below.",
     "The camera smoothly pans to the left. A lighthouse on a cliff, waves crash below."),
    ("wan", shot(move("static")), "A man reads while the camera pans left. Handheld, cinematic.",
     "Static shot: the camera is locked off and does not move. A man reads, cinematic."),
    ("wan", shot(move("zoom", "forward")), "a castle, no zoom, slow pan right",
     "The camera smoothly zooms in with the lens. A castle."),
    ("wan", shot(move("static")), "Camera movement following a fox running across rooftops",
     "Static shot: the camera is locked off and does not move. A fox running across rooftops."),
    ("wan", shot(move("static")), "First the camera tilts down, finally it zooms in, very gently",
     "Static shot: the camera is locked off and does not move."),
    ("wan", {}, "the camera orbits the statue clockwise",
     "The camera orbits the statue clockwise."),
    ("wan", shot(move("push_in"), move("handheld")), "push in on her face",
     "Handheld camera with slight natural shake. Push in on her face."),
]  # fmt: skip


@pytest.mark.parametrize(("wording", "control", "prompt", "sentence"), SHOTS)
def test_sentences(wording: Wording, control: dict[str, Any], prompt: str, sentence: str) -> None:
    assert compiled(control, prompt, wording).text == sentence


@pytest.mark.parametrize("wording", WORDINGS)
def test_every_move_and_way_has_words_of_its_own(wording: Wording) -> None:
    told: dict[str, tuple[str, str | None]] = {}
    for kind in MOVE_KINDS.values():
        for way in kind.directions or (None,):
            text = compiled(shot(move(kind.type, way)), wording=wording).text
            assert "{" not in text
            assert text.endswith(".")
            alike = told.setdefault(text, (kind.type, way))
            # A dolly sideways is a truck, and a push in is a dolly where a family says so.
            if alike != (kind.type, way):
                same = ({"dolly", "truck"}, {"dolly", "push_in"}, {"dolly", "pull_out"})
                assert {alike[0], kind.type} in same, text
    assert len(told) > 28
    assert set(DIRECTIONS) >= {way for _, way in told.values() if way is not None}


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_dolly_is_no_zoom_and_a_truck_is_no_pan(wording: Wording) -> None:
    words = {
        kind: compiled(shot(move(kind)), wording=wording).text.lower()
        for kind in ("dolly", "zoom", "truck", "pan", "pedestal", "tilt")
    }
    assert "zoom" in words["zoom"]
    assert "zoom" not in words["dolly"]
    assert "pan" in words["pan"]
    assert "pan" not in words["truck"]
    assert "tilt" in words["tilt"]
    assert "tilt" not in words["pedestal"]


def test_the_parts_are_the_text_and_say_where_they_come_from() -> None:
    control = shot(
        move("push_in", loop=True), move("handheld"), objects=[ROBOT],
        environmental={"particle_effects": "fog"},
    )  # fmt: skip
    made = compiled(control, "a quiet street", lighting="golden hour")
    assert made.text == " ".join(part.text for part in made.parts)
    assert [part.instruction for part in made.parts] == [
        "camera", "handheld", "loop", "prompt", "subjects", "weather", "lighting",
    ]  # fmt: skip
    assert made.parts[-1].text == "Golden hour light."
    zoomed = compiled(shot(move("zoom")))
    assert [part.instruction for part in zoomed.parts] == ["zoom"]


@pytest.mark.parametrize(
    ("cue", "told"),
    [
        ("golden hour", "Golden hour light."),
        ("noir", "Noir lighting."),
        ("soft window light", "Soft window light."),
        ("neon signs, wet asphalt", "Neon signs, wet asphalt."),
        ("The sun stands low.", "The sun stands low."),
        ("  ", ""),
    ],
)
def test_lighting_cues(cue: str, told: str) -> None:
    parts = compiled({}, lighting=cue).parts
    assert [part.text for part in parts if part.instruction == "lighting"] == ([told] * bool(told))


def test_ltx_hears_the_camera_first_where_the_words_are_so_long_that_it_would_be_cut_off() -> None:
    words = "A " + "very " * 70 + "long street."
    made = compiled(shot(move("dolly")), words, "ltx")
    assert [part.instruction for part in made.parts] == ["camera", "prompt"]


def test_a_part_of_a_chain_is_told_what_happens_in_it() -> None:
    control = shot(move("pan", "left", 0.6, 4.0), move("tilt", "up", 0.6, 4.0))
    assert compiled(control, part=(0.0, 4.0)).text == "The camera smoothly pans to the left."
    assert compiled(control, part=(4.0, 8.0)).text == "The camera smoothly tilts upward."
    both = compiled(control, part=(2.0, 6.0)).text
    assert both == "The camera smoothly pans to the left, then tilts upward."
    # Words that tell the whole clip would have every call do all of it.
    words = "pan left, then tilt up over a river"
    assert compiled(control, words).text == "Pan left, then tilt up over a river."
    assert "Pan" not in compiled(control, words, part=(4.0, 8.0)).text


def test_a_path_that_the_moves_make_changes_nothing_and_another_is_described() -> None:
    motion = MotionControl.from_dict(shot(move("dolly"), move("pan", "left")))
    other = MotionControl.from_dict(shot(move("orbit", "right")))
    path = camera_path(motion, fps=Fraction(24))
    plain = compile_prompt(motion, prompt="", wording="wan")
    assert compile_prompt(motion, prompt="", wording="wan", path=path) == plain
    keyed = compile_prompt(other, prompt="", wording="wan", path=path)
    assert keyed.text.startswith("The camera smoothly pushes forward toward the subject, then")
    still = dataclasses.replace(path, poses=path.poses[:1] * len(path))
    assert "locked off" in compile_prompt(other, prompt="", wording="wan", path=still).text


def test_odd_names_and_texts_do_no_harm() -> None:
    subjects = [{"id": name, "action": "jump"} for name in ("<lora:x:1>", "42", "the old man",
                                                             "people", "bus", "#7")]  # fmt: skip
    text = compiled({"objects": subjects}, "  \n ").text
    assert "<" not in text
    assert "The subject jumps again and again." in text
    assert "The old man jumps" in text
    assert "The people jump" in text
    assert "The bus jumps" in text
    assert compiled({}, "多雨的街道。").text.endswith(" 多雨的街道。")


@pytest.mark.parametrize("one", families(), ids=lambda one: one.name)
def test_advice_is_the_familys(one: Any) -> None:
    name = "guided" if one.guided else "diffusers"
    advice = advice_for(BackendSettings(name=name, family=one.name))
    assert (advice.wording, advice.negative) == (one.wording, one.negative)


def test_advice_for_others() -> None:
    assert advice_for(BackendSettings()).wording == "plain"
    own = BackendSettings(name="providers", model="someone/ltx-video-tuned")
    assert advice_for(own).wording == "ltx"
    with pytest.raises(InvalidInstruction, match="no model family"):
        advice_for(BackendSettings(name="diffusers", family="nope"))
