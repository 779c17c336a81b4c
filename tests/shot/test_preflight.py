"""What is told before a render."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synth.backends.chain import calls
from synth.backends.geometric_backend import GeometricBackend
from synth.backends.prompts import advice_for
from synth.backends.protocol import Capabilities, FrameRule, Instruction, Keeps, SizeRule
from synth.shot.model import Shot
from synth.shot.preflight import Preflight, preflight
from synth.style.model import StyleFile, StyleUse

GEOMETRY = GeometricBackend().capabilities
KEEPS: dict[Instruction, Keeps] = {
    "camera": "in words", "timing": "in words", "zoom": "in words", "handheld": "in words",
    "subjects": "in words", "weather": "in words", "lens": "not", "edge": "not", "loop": "not",
    "prompt": "in words", "negative prompt": "in words", "lighting": "in words",
    "seed": "exactly", "size": "exactly", "rate": "exactly", "length": "exactly",
}  # fmt: skip
WAN = Capabilities(
    "diffusers", "Wan 2.1 here", KEEPS, sizes=SizeRule(16, 64, 480 * 832),
    frames=FrameRule(4, 1, 5, 81), rate=Fraction(16), style="lora", base="wan2.1-14b",
    cost="A clip takes minutes.",
)  # fmt: skip

FULL: dict[str, Any] = {
    "motion": {
        "camera": [
            {"type": "push_in", "duration": 4.0},
            {"type": "zoom", "direction": "forward", "duration": 4.0},
            {"type": "handheld", "intensity": 0.4},
        ],
        "objects": [{"id": "robot", "action": "walk", "direction": "left_to_right"}],
        "environmental": {"particle_effects": "rain"},
    },
    "prompt": "a robot in the street",
    "lens": {"aperture": 0.4, "grain": 0.2},
    "seed": 3,
    "edge": "extend",
}


def told(
    values: dict[str, Any], can: Capabilities = WAN, family: str = "wan2.1", **more: Any
) -> Preflight:
    backend = {"name": can.name, **({"family": family} if can.name == "diffusers" else {})}
    shot = Shot.from_dict({**values, "backend": {**backend, **values.get("backend", {})}})
    return preflight(shot, can, **{"photo_size": (1600, 900), **more})


def by_kind(said: Preflight) -> dict[str, str]:
    return {line.instruction: line.keeps for line in said.lines}


def test_only_what_is_asked_for_has_a_line() -> None:
    assert list(by_kind(told({}, GEOMETRY))) == ["camera", "size", "rate", "length"]
    assert list(by_kind(told({}))) == ["camera", "size", "rate", "length"]
    assert list(by_kind(told(FULL, lighting="dusk"))) == [
        "camera", "timing", "zoom", "handheld", "subjects", "weather", "lens", "edge", "seed",
        "prompt", "lighting", "size", "rate", "length",
    ]  # fmt: skip


def test_each_line_says_how_it_is_kept_and_what_that_means() -> None:
    exact = told(FULL, GEOMETRY)
    assert {line.keeps for line in exact.lines if line.instruction != "prompt"} == {"exactly"}
    assert by_kind(exact)["prompt"] == "not"
    lines = {line.instruction: line for line in told(FULL).lines}
    assert {kind: line.keeps for kind, line in lines.items()} == {
        kind: KEEPS[kind] for kind in lines
    }
    assert all(line.said and line.why for line in lines.values())
    assert (
        lines["camera"].said
        == "The camera smoothly pushes in toward the subject, then holds still."
    )
    assert lines["timing"].said == "Push in from 0 to 4 s, zoom from 4 to 8 s."
    assert lines["lens"].said == "Depth of field 0.4, grain 0.2."
    assert "sentence" in lines["weather"].why
    guided = told(FULL, replace(WAN, keeps={**KEEPS, "camera": "exactly"}))
    assert "guide" in next(one.why for one in guided.lines if one.instruction == "camera")


def test_the_sentence_is_the_compiled_one_with_its_parts() -> None:
    said = told(FULL, lighting="golden hour")
    assert said.sentence == " ".join(part.text for part in said.parts)
    assert said.sentence.startswith("The camera smoothly pushes in toward the subject, then")
    assert said.sentence.endswith("Golden hour light.")
    assert "static" in said.negative
    exact = told(FULL, GEOMETRY)
    assert (exact.sentence, exact.negative, exact.parts, exact.made) == ("", "", (), "")


def test_a_sentence_of_ones_own_takes_the_place_of_what_would_be_said() -> None:
    said = told({**FULL, "backend": {"sentence": "my words <lora:ink:0.5>", "negative": "blur"}})
    assert (said.sentence, said.negative, said.parts) == ("my words", "blur", ())
    kept = by_kind(said)
    assert kept["prompt"] == kept["negative prompt"] == "in words"
    assert {kept[kind] for kind in ("camera", "subjects", "weather", "handheld")} == {"not"}
    assert kept["seed"] == "exactly"


def test_words_about_the_camera_give_way_to_the_moves_and_that_is_said() -> None:
    moves = {"motion": {"camera": {"type": "pan", "direction": "left"}}}
    said = told({**moves, "prompt": "slow push in on a castle"})
    assert said.sentence == "The camera smoothly pans to the left. A castle."
    line = next(line for line in said.lines if line.instruction == "prompt")
    assert "gives way" in line.why
    agreed = told({**moves, "prompt": "pan left over a castle"})
    assert agreed.sentence == "Pan left over a castle."
    assert "gives way" not in next(one.why for one in agreed.lines if one.instruction == "prompt")
    alone = told({"prompt": "slow push in on a castle"})
    assert "camera" not in by_kind(alone)


def test_a_long_clip_is_a_chain_and_says_so() -> None:
    said = told({"motion": {"camera": {"type": "dolly", "duration": 12.0}}})
    assert said.calls == 3
    assert said.made == (
        "3 calls of 65 frames of 832x480 at 16 frames per second, each begun on the last frame "
        "before it and held to its colours: 193 frames; brought to 288 of 1280x720 at 24 frames "
        "per second."
    )
    assert said.cost == "A clip takes minutes. This clip takes 3 calls."
    length = next(line for line in said.lines if line.instruction == "length")
    assert "5.06 s of one call: 3 calls" in length.why
    short = told({"motion": {"camera": {"type": "dolly", "duration": 5.0}}})
    assert short.calls == 1
    assert short.made.startswith("81 frames of 832x480")
    assert told({"motion": {"camera": {"type": "dolly", "duration": 60.0}}}, GEOMETRY).calls == 1


def test_each_call_is_shown_with_its_own_words() -> None:
    turns = [
        {"type": "pan", "direction": "left", "duration": 6.0},
        {"type": "pedestal", "direction": "up", "duration": 6.0},
    ]
    said = told({"motion": {"camera": turns}})
    assert len(said.told) == said.calls == 3
    assert "pans" in said.told[0].text
    assert "pans" not in said.told[2].text
    assert "rises" in said.sentence
    length = next(line for line in said.lines if line.instruction == "length")
    assert "its own part" in length.why
    own = told({"motion": {"camera": turns}, "backend": {"sentence": "Mine."}})
    assert {one.text for one in own.told} == {"Mine."}
    assert "own part" not in next(one.why for one in own.lines if one.instruction == "length")
    assert told({}, GEOMETRY).told == ()
    still = told({"motion": {"camera": {"type": "static", "duration": 3.0}}})
    assert "static" not in still.negative
    assert still.told[0].negative == still.negative


@pytest.mark.parametrize("name", ["diffusers", "guided", "providers"])
def test_what_is_shown_is_what_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words that the backend puts together itself are those of the preflight."""
    import synth.backends.prompts_calls as calls_told
    from synth.backends.registry import make_backend
    from synth.media.image import LoadedImage
    from synth.shot.produce import assignment_of

    shot = Shot.from_dict(
        {
            "motion": {
                "camera": [
                    {"type": "pan", "direction": "left", "duration": 5.0},
                    {"type": "static", "duration": 5.0},
                ]
            },
            "prompt": "a castle",
            "backend": {"name": name},
        }
    )
    can = make_backend(shot.backend, token="hf_abcdefghij").capabilities
    said = preflight(shot, can, photo_size=(1600, 900), lighting="dusk")
    assignment = assignment_of(
        shot,
        LoadedImage(np.zeros((90, 160, 3), np.uint8), "PNG", "RGB", False, ()),
        lighting="dusk",
    )
    own = advice_for(shot.backend)
    planned = calls(shot.seconds, can.frames, can.rate or Fraction(1), fps=shot.output.rate)
    assert said.told == calls_told.words_of(assignment, shot.backend, own, planned)
    assert len({one.text for one in said.told}) > 1


def test_changes_of_size_and_rate_are_said() -> None:
    lines = {line.instruction: line.why for line in told({}).lines}
    assert lines["size"] == "Painted at 832x480, then scaled and cropped about its centre."
    assert "16 frames per second" in lines["rate"]
    assert "optical flow" in lines["rate"]
    shaped = replace(WAN, sizes=SizeRule(16, 64, 480 * 832, ((640, 360),)))
    lines = {line.instruction: line.why for line in told({}, shaped).lines}
    assert lines["size"] == "Painted at 640x360, then scaled."
    same = told({"output": {"long_side": 832, "fps": 24}},
                replace(WAN, rate=Fraction(24), sizes=SizeRule(4, 64)))  # fmt: skip
    lines = {line.instruction: line.why for line in same.lines}
    assert (lines["size"], lines["rate"]) == ("Painted at this size.", "Painted at this rate.")
    unknown = told({}, photo_size=None)
    assert unknown.lines[-3].said == "1280 pixels on the longer side"


def test_what_stands_in_the_way_is_told_all_at_once() -> None:
    look = StyleUse(StyleFile(Path("a.safetensors"), "ink", "look", "geometric"), 0.8)
    said = told(
        {"prompt": "a street <lora:ink"}, replace(WAN, missing="Install the AI packages."),
        styles=(look,),
    )  # fmt: skip
    assert not said.ready
    assert len(said.problems) == 3
    assert said.problems[0] == "Install the AI packages."
    assert any("does not end" in problem for problem in said.problems)
    assert any("is a look" in problem for problem in said.problems)
    assert told({}).ready
    lora = StyleUse(StyleFile(Path("a.safetensors"), "ink", "lora", "wan2.1-14b"), 0.8)
    assert told({}, styles=(lora,)).ready
    assert not told({}, GEOMETRY, styles=(lora,)).ready
    guided = {"backend": {"family": "ltx2-guided", "guide_scale": 1.5}}
    assert "LTX-2 takes 0 to 1" in told(guided, replace(WAN, name="guided")).problems[0]
    silent = told({"backend": {"sentence": " "}}, replace(WAN, name="providers"))
    assert any("needs a sentence" in problem for problem in silent.problems)
    stills = replace(WAN, frames=FrameRule(1, 0, 1, 1))
    assert any("too few" in problem for problem in told({}, stills).problems)
    assert any("no model family" in problem for problem in told({}, family="nope").problems)


def test_tags_are_no_words_and_a_photo_that_leaves_is_said() -> None:
    said = told({"prompt": "a street <lora:ink:0.5>"}, replace(WAN, remote=True))
    assert "lora" not in said.sentence
    assert said.cost.endswith("The photo leaves this machine.")
    assert "prompt" not in by_kind(told({"prompt": "<lora:ink:0.5>"}, GEOMETRY))


@pytest.mark.parametrize("extra", [{}, {"loop": True}])
def test_keyed_cameras_are_described(extra: dict[str, Any]) -> None:
    from synth.camera.keys import CameraKeys

    keys = CameraKeys.from_dict(
        {
            "frames": 72,
            "fps": 24,
            "keys": [
                {"frame": 0, "position": [0, 0, 10]},
                {"frame": 72, "position": [0, 0, 10 if extra else 8]},
            ],
            **extra,
        }
    )
    shot = Shot.from_dict({"backend": {"name": "diffusers", "family": "wan2.1"}})
    said = preflight(shot.with_trajectory(keys), WAN, photo_size=(1600, 900))
    camera = next(line for line in said.lines if line.instruction == "camera")
    assert camera.said.startswith("Keyed, with 2 keys.")
    if not extra:
        assert "dollies in toward the subject" in camera.said
        assert "pushes forward toward the subject" in said.sentence
        assert by_kind(said)["timing"] == "in words"
    else:
        assert "stands still" in camera.said
        assert by_kind(said)["loop"] == "not"
