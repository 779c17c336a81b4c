"""What the phrase parser understands of subjects and weather, and what it leaves to the picture."""

from __future__ import annotations

from synth.motion import MotionControl, parse_phrase
from tests.motion.phrases import BANDS
from tests.motion.phrases_scene import TOLD, TRAPS, Scene
from tests.motion.phrases_scene_held_out import HELD_OUT
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


def test_scenes_written_later_are_read_no_worse_than_at_first() -> None:
    share, wrong = score(HELD_OUT)
    print(f"{share:.1%} of {len(HELD_OUT)} later sentences; wrong:", *wrong, sep="\n")
    assert len(HELD_OUT) >= 20
    assert share >= 0.75


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
