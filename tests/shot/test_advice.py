"""Plainer words, less motion, more time: how a clip is asked for again."""

from __future__ import annotations

import pytest

from synth.backends.geometric_backend import GeometricBackend
from synth.camera.keys import CameraKey, CameraKeys
from synth.motion import MotionControl
from synth.shot import Shot
from synth.shot.advice import calmer, differences, next_try, simpler

GEOMETRY = GeometricBackend().capabilities


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("A quiet street in the rain at night. Lanterns swing. A cat looks on.",
         "A quiet street in the rain at night"),
        ("a quiet street in the rain, with lanterns, and a cat",
         "a quiet street in the rain, with lanterns"),
        ("A quiet street in the rain at night. <lora:noir:0.8> Lanterns swing a little.",
         "A quiet street in the rain at night <lora:noir:0.8>"),
        ("a quiet street in the rain", None),
        ("one two three four five six seven eight nine ten", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_plainer_prompt_keeps_its_styles(text: str, shorter: str | None) -> None:
    assert simpler(text) == shorter


def test_less_motion_leaves_what_hardly_moves_alone() -> None:
    values = {
        "camera": [{"type": "dolly", "intensity": 1.0}, {"type": "pan", "intensity": 0.05}],
        "objects": [{"action": "walk", "speed": 0.5}],
    }
    less = calmer(MotionControl.from_dict(values))
    assert less is not None
    assert [move.intensity for move in less.camera] == pytest.approx([0.7, 0.05])
    assert less.objects[0].speed == pytest.approx(0.35)
    assert calmer(MotionControl.from_dict({"camera": {"type": "static"}})) is None


def test_a_keyed_camera_is_never_changed() -> None:
    keys = CameraKeys(keys=(CameraKey(frame=0), CameraKey(frame=24)), frames=24)
    shot = Shot().with_trajectory(keys)
    assert next_try(shot, ["jitter", "judder"], [], [], GEOMETRY, 1) is None


def test_nothing_is_asked_for_twice() -> None:
    shot = Shot.from_dict({"motion": {"camera": {"type": "dolly", "intensity": 0.8}}})
    first = next_try(shot, ["blur"], [], [shot], GEOMETRY, 1)
    assert first is not None
    assert first.steps == ("motion",)
    again = next_try(shot, ["blur"], [], [shot, first.shot], GEOMETRY, 1)
    assert again is not None
    assert again.steps == ("length",)
    assert differences(shot, again.shot) == ("4.5 s in place of 3 s",)
