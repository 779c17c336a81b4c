"""What a motion control accepts, what it refuses, and what it says then."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.errors import InvalidInstruction, LimitExceeded
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.motion import (
    MOVE_KINDS,
    MOVE_TYPES,
    CameraMove,
    MotionControl,
    MoveType,
    motion_schema,
)
from synth.motion.model import parse_motion_json

BRIEF: dict[str, Any] = {
    "camera": {"type": "dolly", "direction": "forward", "intensity": 0.7, "duration": 3.0},
    "objects": [
        {"id": "protagonist", "action": "walk", "speed": 0.8, "direction": "left_to_right"}
    ],
    "environmental": {
        "particle_effects": "rain",
        "wind_direction": "left",
        "weather_intensity": 0.5,
    },
}

SCHEMA = jsonschema.Draft202012Validator(motion_schema())


def camera(**values: Any) -> dict[str, Any]:
    return {"camera": values}


def test_the_briefs_control_is_read_and_written_back_as_it_stands() -> None:
    control = MotionControl.from_dict(BRIEF)
    assert control.to_dict() == BRIEF
    assert control.moves == (
        CameraMove(type="dolly", direction="forward", intensity=0.7, duration=3.0),
    )
    assert control.duration == 3.0


def test_the_briefs_control_satisfies_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(motion_schema())
    SCHEMA.validate(BRIEF)


@pytest.mark.parametrize(
    "values", [{}, {"camera": {}}, {"camera": []}, {"camera": None}, {"environmental": {}}]
)
def test_an_empty_control_stands_still_for_three_seconds(values: dict[str, Any]) -> None:
    control = MotionControl.from_dict(values)
    assert control == MotionControl()
    assert control.is_static
    assert control.duration == 3.0
    assert control.to_dict() == {}


BAD: list[tuple[dict[str, Any], str]] = [
    (camera(type="pan", direction="forward"), "right or left"),
    (camera(type="static", direction="left"), "no direction"),
    (camera(type="dolli"), "Did you mean 'dolly'"),
    (camera(intensity=0.5), "camera.type is missing"),
    (camera(type="pan", intensity=1.4), "camera.intensity is 1.4; it must be at most 1."),
    (camera(type="pan", intensity=-0.1), "at least 0"),
    (camera(type="pan", intensity=True), "it must be a number"),
    (camera(type="pan", intensity="0.5"), "it must be a number"),
    (camera(type="pan", intensity=float("nan")), "finite"),
    (camera(type="pan", duration=float("inf")), "camera.duration"),
    (camera(type="pan", duration=0), "above 0"),
    (camera(type="pan", duration=LIMITS.clip_seconds + 1), f"at most {LIMITS.clip_seconds}"),
    (camera(type="pan", intensity=10**400), "38 digits"),
    (camera(type="pan", easing="bouncy"), "no easing called 'bouncy'"),
    (camera(type="pan", loop=1), "true or false"),
    (camera(type="pan", seed=1.5), "whole number"),
    (camera(type="pan", seed=-1), "at least 0"),
    (camera(type="pan", typ="x"), "Did you mean 'type'"),
    (camera(type="handheld", start=5.0), "clip is over"),
    ({"camera": "dolly"}, "one move"),
    ({"camera": 5}, "one move"),
    ({"camera": [{"type": "pan"}, {"type": "pan", "intensity": 2}]}, "camera[1].intensity"),
    ({"camera": [{"type": "pan", "duration": 40.0}] * 2}, "80 s together"),
    ({"camera": [{"type": "pan"}] * 33}, "the limit is 32"),
    ({"camrea": {}}, "Did you mean 'camera'"),
    ({"objects": {"id": "a"}}, "must be a list"),
    ({"objects": [{"id": "hero", "action": "fly"}]}, "walk, run, dance"),
    ({"objects": [{"id": "a\nb", "action": "walk"}]}, "visible characters"),
    ({"objects": [{"id": "", "action": "walk"}]}, "is empty"),
    ({"objects": [{"id": "x" * 81, "action": "walk"}]}, "the limit is 80"),
    ({"environmental": {"particle_effects": "hail"}}, "rain, snow, dust"),
    ({"environmental": {"weather_intensity": 3}}, "at most 1"),
]


@pytest.mark.parametrize(("values", "words"), BAD)
def test_a_wrong_control_is_refused_in_a_clear_sentence(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInstruction) as error:
        MotionControl.from_dict(values)
    message = str(error.value)
    assert words in message
    assert len(message) < 1000
    assert "pydantic" not in message


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(InvalidInstruction) as error:
        MotionControl.from_dict(camera(type="pan", intensity=2, duration=-1))
    assert "camera.intensity" in str(error.value)
    assert "camera.duration" in str(error.value)


@pytest.mark.parametrize("values", [None, [], "dolly", 3])
def test_what_is_no_object_is_refused(values: Any) -> None:
    with pytest.raises(InvalidInstruction, match="object with the keys"):
        MotionControl.from_dict(values)


@pytest.mark.parametrize("move", MOVE_TYPES)
def test_every_move_accepts_its_own_directions_and_no_other(move: MoveType) -> None:
    allowed = MOVE_KINDS[move].directions
    for way in ("forward", "backward", "left", "right", "up", "down", "clockwise"):
        values = camera(type=move, direction=way)
        if way in allowed:
            MotionControl.from_dict(values)
            SCHEMA.validate(values)
        else:
            with pytest.raises(InvalidInstruction, match=f"cannot go {way}"):
                MotionControl.from_dict(values)
            with pytest.raises(jsonschema.ValidationError):
                SCHEMA.validate(values)


def test_names_may_be_written_with_hyphens_spaces_and_capitals() -> None:
    move = MotionControl.from_dict(
        camera(type="Push-In", direction="Forward", easing="easeInOutCubic")
    ).moves[0]
    assert (move.type, move.direction, move.easing) == ("push_in", "forward", "ease_in_out_cubic")


def test_a_move_without_a_start_follows_the_one_before() -> None:
    control = MotionControl.from_dict(
        {
            "camera": [
                {"type": "pan", "duration": 2.0},
                {"type": "tilt", "start": 0.5, "duration": 1.0},
                {"type": "zoom", "duration": 4.0},
            ]
        }
    )
    spans = [(timed.move.type, timed.start, timed.end) for timed in control.timeline]
    assert spans == [("pan", 0.0, 2.0), ("tilt", 0.5, 1.5), ("zoom", 1.5, 5.5)]
    assert control.duration == 5.5


def test_handheld_without_a_duration_shakes_through_the_whole_clip() -> None:
    control = MotionControl.from_dict(
        {"camera": [{"type": "dolly", "duration": 5.0}, {"type": "handheld"}]}
    )
    shake = next(timed for timed in control.timeline if timed.move.type == "handheld")
    assert (shake.start, shake.end) == (0.0, 5.0)
    assert MotionControl.from_dict(control.to_dict()) == control
    assert MotionControl.from_dict(camera(type="handheld")).duration == 3.0


def test_stretching_keeps_the_order_and_fills_the_clip() -> None:
    control = MotionControl.from_dict(
        {
            "camera": [
                {"type": "pan", "duration": 2.0},
                {"type": "zoom", "duration": 1.0},
                {"type": "handheld"},
            ]
        }
    ).with_duration(60.0)
    assert control.duration == pytest.approx(60.0)
    spans = {timed.move.type: (timed.start, timed.end) for timed in control.timeline}
    assert spans["pan"] == pytest.approx((0.0, 40.0))
    assert spans["zoom"] == pytest.approx((40.0, 60.0))
    assert spans["handheld"] == pytest.approx((0.0, 60.0))
    assert MotionControl.from_dict(control.to_dict()) == control


@pytest.mark.parametrize("values", [{}, camera(type="handheld")])
def test_stretching_a_control_without_a_length_gives_it_one(values: dict[str, Any]) -> None:
    control = MotionControl.from_dict(values).with_duration(7.0)
    assert control.duration == 7.0
    assert MotionControl.from_dict(control.to_dict()) == control


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_stretching_to_no_real_length_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidInstruction, match="above 0"):
        MotionControl().with_duration(seconds)


def test_a_mark_survives_the_round_trip_and_stays_short() -> None:
    marked = {"id": "dog", "action": "run", "mark": {"box": [0.1, 0.2, 0.5, 0.9]}}
    control = MotionControl.from_dict({"camera": {"type": "pan"}, "objects": [marked]})
    assert control.to_dict()["objects"][0]["mark"] == {"box": [0.1, 0.2, 0.5, 0.9]}
    assert MotionControl.from_dict(control.to_dict()) == control
    plain = MotionControl.from_dict({"objects": [{"action": "run"}]})
    assert "mark" not in plain.to_dict()["objects"][0]


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ({"box": [0.5, 0.2, 0.1, 0.9]}, "empty"),
        ({"box": [0.1, 0.2, 0.5, 1.4]}, "at most 1"),
        ({"points": [[0.1, float("nan")]]}, "finite"),
        ({"mask": "x" * 300_000}, "too long"),
        ({"circle": [0.1, 0.1]}, "circle"),
    ],
)
def test_a_mark_that_cannot_be_is_refused(mark: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInstruction, match=says):
        MotionControl.from_dict({"objects": [{"action": "walk", "mark": mark}]})


def test_a_control_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        MotionControl().camera = ()  # type: ignore[misc]


moves_strategy = st.builds(
    lambda kind, way, intensity, duration, start, loop, seed: {
        "type": kind,
        "direction": MOVE_KINDS[kind].directions[way % len(MOVE_KINDS[kind].directions)]
        if MOVE_KINDS[kind].directions
        else None,
        "intensity": intensity,
        "duration": duration,
        "start": start,
        "loop": loop,
        "seed": seed,
    },
    st.sampled_from(MOVE_TYPES),
    st.integers(0, 7),
    st.floats(0.0, 1.0),
    st.floats(0.05, 6.0),
    st.none() | st.floats(0.0, 10.0),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)


@given(st.lists(moves_strategy, max_size=4))
@settings(max_examples=60, deadline=None)
def test_what_is_written_reads_back_equal_and_satisfies_the_schema(
    moves: list[dict[str, Any]],
) -> None:
    control = MotionControl.from_dict({"camera": moves})
    written = control.to_dict()
    SCHEMA.validate(written)
    assert parse_motion_json(json.dumps(written)) == control
    assert isinstance(written.get("camera", {}), list) == (len(moves) > 1)


HOSTILE = [
    '{"camera": {"type": "pan", "intensity": NaN}}',
    '{"camera": {"type": "pan", "intensity": -Infinity}}',
    '{"camera": {"type": "pan", "duration": 1e999}}',
    '{"camera": {"type": "pan", "intensity": 0.1, "intensity": 0.9}}',
    '{"camera": {}, "camera": {}}',
    '{"camera": {"type": "pan", "seed": ' + "9" * 400 + "}}",
    '{"camera": {"type": "pan", "seed": ' + "9" * 5000 + "}}",
    '{"camera": {"type": "pan", "seed": -1}}',
    '{"objects": [{"id": "\\ud800", "action": "walk"}]}',
    '{"\\udfff": 1}',
    '{"camera": {"type": "../../etc"}}',
    '{"path": "../../etc/passwd"}',
    '{"camera": {"type": "pan",}}',
    "{'camera': {}}",
    "",
    "null",
    "[]",
    '"dolly"',
    b"\xff\xfe\x00",
    "\ud800",
    '{"camera": {"type": "pan", "__class__": "os"}}',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_unsound_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidInstruction) as error:
        parse_motion_json(text)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        " " * (LIMITS.json_bytes + 1),
        '{"camera": "' + "é" * (LIMITS.json_bytes // 2) + '"}',
        "[" + ",".join("0" for _ in range(20_000)) + "]",
    ],
)
def test_json_beyond_a_limit_is_refused_before_it_is_parsed(text: str) -> None:
    with pytest.raises(LimitExceeded):
        parse_motion_json(text)


def test_brackets_inside_strings_are_not_depth() -> None:
    assert read_json('{"a": "' + "[" * 1000 + '\\"{"}') == {"a": "[" * 1000 + '"{'}


def test_the_briefs_json_is_read_from_text_and_from_bytes() -> None:
    text = json.dumps(BRIEF)
    assert parse_motion_json(text).to_dict() == BRIEF
    assert parse_motion_json(b"\xef\xbb\xbf" + text.encode()).to_dict() == BRIEF
