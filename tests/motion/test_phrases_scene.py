"""What the phrase parser understands of subjects and weather, and what it leaves to the picture."""

from __future__ import annotations

import pytest

from synth.motion import MotionControl, parse_phrase
from tests.motion.phrases import BANDS
from tests.motion.phrases_scene import TOLD, TRAPS, Scene
from tests.motion.phrases_scene_held_out import HELD_OUT, SEALED
from tests.motion.test_phrases import fits, found, wanted

SPEED_TOLERANCE = 0.06
"""How far a speed may lie from the documented one: "very fast" has no exact number."""


def faults(scene: Scene, control: MotionControl | None) -> list[str]:
    """What is wrong with a reading; nothing where it is right."""
    wrong: list[str] = []
    want, have = wanted(scene.camera), found(control)
    shape = [len(group) for group in want] == [len(group) for group in have]
    if not shape or not all(
        any(fits(move, wish) for move in moves)
        for wishes, moves in zip(want, have, strict=True)
        for wish in wishes
    ):
        wrong.append(f"camera {[[(m.type, m.way, m.intensity) for m in g] for g in have]}")
    objects = control.objects if control else ()
    told = [(o.id, o.action, o.direction) for o in objects]
    wishes = [line.rsplit(" ", 3) for line in scene.subjects]
    near = len(objects) == len(wishes) and all(
        abs(o.speed - float(wish[2])) <= SPEED_TOLERANCE
        for o, wish in zip(objects, wishes, strict=True)
    )
    if told != [(name, action, heading) for name, action, _, heading in wishes] or not near:
        wrong.append(f"subjects {[(*t, o.speed) for t, o in zip(told, objects, strict=True)]}")
    air = control.environmental if control else None
    if air is None or scene.air is None:
        if (air is None) != (scene.air is None):
            wrong.append(f"air {air}")
        return wrong
    effect, band, wind = scene.air.split()
    low, high = BANDS[band]
    if (air.particle_effects, air.wind_direction) != (effect, wind) or not (
        low < air.weather_intensity <= high
    ):
        wrong.append(f"air {air}")
    return wrong


def score(scenes: tuple[Scene, ...]) -> tuple[float, list[str]]:
    """Share of sentences read rightly, and the faults of the others."""
    lines = [
        f"{scene.text!r}: {'; '.join(wrong)}"
        for scene in scenes
        if (wrong := faults(scene, parse_phrase(scene.text).control))
    ]
    return 1.0 - len(lines) / len(scenes), lines


def test_subjects_and_weather_are_read_rightly() -> None:
    share, wrong = score(TOLD)
    print(f"{share:.1%} of {len(TOLD)} sentences; wrong:", *wrong, sep="\n")
    assert share >= 0.95


def test_what_only_describes_the_picture_is_left_alone() -> None:
    share, wrong = score(TRAPS)
    print(f"{share:.1%} of {len(TRAPS)} traps; wrong:", *wrong, sep="\n")
    assert len(TRAPS) >= 15
    assert share >= 0.95


@pytest.mark.parametrize(("scenes", "first"), [(HELD_OUT, 0.75), (SEALED, 0.80)])
def test_scenes_written_later_are_read_no_worse_than_at_first(
    scenes: tuple[Scene, ...], first: float
) -> None:
    share, wrong = score(scenes)
    print(f"{share:.1%} of {len(scenes)} later sentences; wrong:", *wrong, sep="\n")
    assert len(scenes) >= 20
    assert share >= first


def test_the_scoring_finds_wrong_readings() -> None:
    text = "the robot walks slowly to the left in heavy rain, wind from the left"
    control = MotionControl.from_dict(
        {
            "objects": [
                {"id": "robot", "action": "walk", "speed": 0.25, "direction": "right_to_left"}
            ],
            "environmental": {
                "particle_effects": "rain",
                "wind_direction": "right",
                "weather_intensity": 0.8,
            },
        }
    )
    subject, air = "robot walk 0.25 right_to_left", "rain high right"
    assert faults(Scene(text, (subject,), air), control) == []
    for other in (
        "man walk 0.25 right_to_left",
        "robot run 0.25 right_to_left",
        "robot walk 0.5 right_to_left",
        "robot walk 0.25 left_to_right",
    ):
        assert faults(Scene(text, (other,), air), control)
    assert faults(Scene(text, (), air), control)
    for sky in ("snow high right", "rain low right", "rain high left", None):
        assert faults(Scene(text, (subject,), sky), control)
    assert faults(Scene(text, (subject,), air, "pan:left"), control)
    assert faults(Scene(text, (subject,), air), None)


def test_the_reading_of_subjects_and_weather_is_told() -> None:
    parsed = parse_phrase("the robot walks to the left, heavy rain, wind from the left, no fog")
    assert parsed.understood == (
        "The robot: walk, right to left.",
        "In the air: rain at strength 0.8.",
        "The wind blows to the right.",
        "No fog.",
    )


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("the robot walks", "robot: no direction"),
        ("the robot runs across the roof", "robot: no side"),
        ("rain and a breeze", "No side is said for the wind"),
    ],
)
def test_what_is_assumed_of_subjects_and_wind_is_said(text: str, note: str) -> None:
    assert any(note in line for line in parse_phrase(text).assumed)


@pytest.mark.parametrize(
    "text", ["the robot walks in place", "the robot walks left", "rain, wind from the left", "rain"]
)
def test_what_is_said_is_not_assumed(text: str) -> None:
    assumed = parse_phrase(text).assumed
    assert assumed == ("Nothing is said about the camera; it stands still.",)


def test_one_subject_does_one_thing_and_one_weather_is_drawn_and_the_rest_is_listed() -> None:
    parsed = parse_phrase("the robot walks and waves in rain and snow flurries")
    assert parsed.control is not None
    assert [subject.action for subject in parsed.control.objects] == ["walk"]
    assert any("wave" in line and "robot" in line for line in parsed.not_understood)
    assert any("flurries" in line and "rain" in line for line in parsed.not_understood)


def test_words_of_a_subject_or_of_the_weather_say_nothing_about_the_camera() -> None:
    for text in ("pan left in heavy rain", "pan left as the dancer spins quickly to the right"):
        control = parse_phrase(text).control
        assert control is not None
        (move,) = control.moves
        assert (move.type, move.way, move.intensity) == ("pan", "left", 0.5)


def test_a_pronoun_means_whoever_was_named() -> None:
    control = parse_phrase("The king and a girl stand there. He walks left, she waves.").control
    assert control is not None
    assert [(o.id, o.action) for o in control.objects] == [("king", "walk"), ("girl", "wave")]


def test_the_words_of_subjects_and_weather_are_marked() -> None:
    text = "The robot jumps in the drizzle, without snow"
    roles = {(text[span.start : span.end], span.role) for span in parse_phrase(text).spans}
    assert roles == {("jumps", "subject"), ("drizzle", "weather"), ("snow", "excluded")}
