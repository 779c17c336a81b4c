"""The shot as it is saved: round trips, bounds that stand once, and clear refusals."""

from __future__ import annotations

import json
import math
import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.errors import InvalidInstruction, LimitExceeded, SynthError
from synth.limits import LIMITS
from synth.media import VIDEO_FORMATS
from synth.shot import ASPECTS, FRAME_RATES, SCHEMA, OutputSettings, Shot

RICH: dict[str, Any] = {
    "motion": {
        "camera": [
            {"type": "dolly", "direction": "forward", "intensity": 0.7, "duration": 2.5},
            {"type": "handheld", "intensity": 0.2, "seed": 5},
        ],
        "objects": [{"id": "protagonist", "action": "walk", "speed": 0.8}],
        "environmental": {"particle_effects": "rain", "weather_intensity": 0.25},
    },
    "prompt": "Ein Mädchen läuft. 雨 🌧",
    "output": {"long_side": 1920, "aspect": "2.39:1", "fps": "23.976", "format": "prores"},
    "lens": {"shutter_angle": 90.0, "aperture": 0.3, "focus_distance": 7.5, "grain": 0.1},
    "depth": {"method": "embedded", "strength": 1.5},
    "focal_length": 35.0,
    "edge": "extend",
    "seed": 42,
}


def test_an_empty_shot_is_the_default_shot() -> None:
    shot = Shot.from_dict({})
    assert shot == Shot() == Shot.from_json("{}")
    assert shot.motion.is_static
    assert (shot.output.long_side, shot.output.aspect) == (1280, "photo")
    assert (shot.output.fps, shot.output.format) == ("24", "mp4")
    assert (shot.focal_length, shot.edge, shot.depth.strength) == (50.0, "fit", 1.0)
    # All effects are off but one.
    assert shot.lens.shutter_angle == 180.0
    assert not any((shot.lens.aperture, shot.lens.vignette, shot.lens.grain))


def test_json_there_and_back_is_the_same_shot() -> None:
    for values in ({}, RICH):
        shot = Shot.from_dict(values)
        assert Shot.from_json(shot.to_json()) == shot
        assert Shot.from_json(shot.to_json(indent=2).encode()) == shot
        assert Shot.from_dict(shot.to_dict()) == shot
        assert next(iter(shot.to_dict().items())) == ("schema", SCHEMA)


def test_what_was_written_is_what_is_read() -> None:
    shot = Shot.from_dict(RICH)
    assert shot.prompt == RICH["prompt"]
    assert "Mädchen" in shot.to_json()
    assert shot.motion.moves[0].intensity == 0.7
    assert shot.lens.focus_distance == 7.5
    assert shot.output.rate == Fraction(24000, 1001)


@given(
    long_side=st.integers(160, LIMITS.output_side),
    aspect=st.sampled_from(ASPECTS),
    fps=st.sampled_from(FRAME_RATES),
    format=st.sampled_from(VIDEO_FORMATS),
    aperture=st.floats(0, 1),
    strength=st.floats(0, 2),
    focus=st.none() | st.floats(1e-3, 1000),
    focal_length=st.floats(8, 400),
    seed=st.integers(0, 2**31 - 1),
    prompt=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
)
def test_every_allowed_shot_survives_json(
    long_side, aspect, fps, format, aperture, strength, focus, focal_length, seed, prompt
) -> None:
    shot = Shot.from_dict(
        {
            "prompt": prompt,
            "output": {"long_side": long_side, "aspect": aspect, "fps": fps, "format": format},
            "lens": {"aperture": aperture, "focus_distance": focus},
            "depth": {"strength": strength},
            "focal_length": focal_length,
            "seed": seed,
        }
    )
    assert Shot.from_json(shot.to_json()) == shot


def test_a_shot_cannot_be_changed_by_accident() -> None:
    shot = Shot()
    with pytest.raises(Exception, match="frozen"):
        shot.seed = 3  # type: ignore[misc]
    values: dict[str, Any] = {"output": {"long_side": 640}}
    Shot.from_dict({"schema": SCHEMA, **values})
    assert values == {"output": {"long_side": 640}}


def _numbers(schema: dict[str, Any], definitions: dict[str, Any], path: tuple[str, ...] = ()):
    """Every numeric setting of the schema with its place and its own part of the schema."""
    if "$ref" in schema:
        yield from _numbers(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions, path)
        return
    for option in schema.get("anyOf", []):
        if option.get("type") in ("number", "integer"):
            yield path, option
    if schema.get("type") in ("number", "integer"):
        yield path, schema
    for name, part in schema.get("properties", {}).items():
        if (*path, name) != ("motion",):
            yield from _numbers(part, definitions, (*path, name))


def _numeric_settings() -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    schema = Shot.model_json_schema()
    return list(_numbers({k: v for k, v in schema.items() if k != "$defs"}, schema["$defs"]))


def _shot_values(path: tuple[str, ...], value: object) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)
    return value


SETTINGS = _numeric_settings()
BY_NAME = pytest.mark.parametrize(
    ("path", "part"), SETTINGS, ids=[".".join(path) for path, _ in SETTINGS]
)


def test_the_schema_shows_every_number() -> None:
    assert {path[-1] for path, _ in SETTINGS} == {
        "long_side", "shutter_angle", "aperture", "focus_distance", "vignette", "grain",
        "strength", "focal_length", "seed", "steps", "guidance", "guide_scale", "timeout",
    }  # fmt: skip


@BY_NAME
def test_the_schemas_bounds_are_the_bounds_that_hold(path: tuple[str, ...], part: dict) -> None:
    low = part.get("minimum", part.get("exclusiveMinimum"))
    high = part.get("maximum")
    assert low is not None
    assert high is not None
    step = 1 if part["type"] == "integer" else 1e-6
    Shot.from_dict(_shot_values(path, high))
    below = low if "exclusiveMinimum" in part else low - step
    for wrong in (below, high + step):
        with pytest.raises(InvalidInstruction) as caught:
            Shot.from_dict(_shot_values(path, wrong))
        message = str(caught.value)
        assert path[-1] in message
        assert f"{high if wrong > high else low:g}" in message


@BY_NAME
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, True, False, "1", [1], {}])
def test_what_is_no_finite_number_is_refused(path: tuple[str, ...], part, wrong) -> None:
    with pytest.raises(InvalidInstruction) as caught:
        Shot.from_dict(_shot_values(path, wrong))
    assert path[-1] in str(caught.value)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"seed": NaN}', '{"focal_length": Infinity}', '{"seed": 1e999}'])
def test_json_with_numbers_that_are_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInstruction):
        Shot.from_json(text)


@pytest.mark.parametrize(
    "values",
    [
        {"outptu": {}},
        {"output": {"longside": 640}},
        {"lens": {"bokeh": 1}},
        {"depth": {"quality": "best"}},
        {"motion": {"camera": {"type": "dolly", "speed": 1}}},
        {"motion": {"kamera": {}}},
    ],
)
def test_an_unknown_key_is_refused_by_its_name(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInstruction) as caught:
        Shot.from_dict(values)
    inner: Any = values
    while isinstance(inner, dict) and inner and isinstance(next(iter(inner.values())), dict):
        name, inner = next(iter(inner.items()))
    if inner:
        name = [key for key in inner if key != "type"][-1]
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"output": {"aspect": "16x9"}}, "16:9"),
        ({"output": {"fps": "23"}}, "23.976"),
        ({"output": {"format": "avi"}}, "webm"),
        ({"edge": "crop"}, "extend"),
        ({"depth": {"method": "magic"}}, "embedded"),
        ({"motion": {"camera": {"type": "doly"}}}, "dolly"),
    ],
)
def test_an_unknown_word_is_refused_with_those_that_are_known(values, word: str) -> None:
    with pytest.raises(InvalidInstruction) as caught:
        Shot.from_dict(values)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"output": None}, {"output": []}, {"output": "large"}, {"motion": []}, {"motion": "dolly"},
        {"motion": None}, {"prompt": 3}, {"prompt": None}, {"lens": 1}, {"edge": 1},
        {"prompt": "x" * (LIMITS.prompt_characters + 1)}, {"output": {"fps": None}},
        {"output": {"fps": True}}, {"output": {"fps": [24]}}, {"output": {"fps": {}}},
        {"motion": {"camera": {"type": "dolly", "intensity": True}}},
        {"motion": {"camera": {"type": "dolly", "intensity": math.nan}}},
        {3: 4}, {None: 1}, {"schema": None}, {"schema": 1},
    ],
    ids=lambda values: str(values)[:40],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_refused_in_words(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInstruction) as caught:
        Shot.from_dict(values)
    message = str(caught.value)
    assert 10 < len(message) < 600
    assert "Traceback" not in message
    assert "validation error" not in message


@pytest.mark.parametrize(
    "schema", ["motion-synth.shot/2", "motion-synth.shot/99", "motion-synth.sequence/1", ""]
)
def test_a_project_of_another_version_is_refused_and_says_which(schema: str) -> None:
    with pytest.raises(InvalidInstruction) as caught:
        Shot.from_dict({**Shot().to_dict(), "schema": schema})
    assert SCHEMA in str(caught.value)
    assert repr(schema) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "3", '"x"', "{", "null", '{"seed": 1, "seed": 2}'])
def test_text_that_is_no_shot_is_refused(text: str) -> None:
    with pytest.raises(InvalidInstruction):
        Shot.from_json(text)


def test_huge_and_deep_json_is_refused_at_once() -> None:
    began = time.monotonic()
    for text in ("[" * 100_000, '{"prompt": "' + "x" * LIMITS.json_bytes + '"}'):
        with pytest.raises(SynthError):
            Shot.from_json(text)
    with pytest.raises(LimitExceeded):
        Shot.from_json('{"a":' * 50 + "1" + "}" * 50)
    assert time.monotonic() - began < 2.0


EXACT = {
    "23.976": Fraction(24000, 1001),
    "29.97": Fraction(30000, 1001),
    "59.94": Fraction(60000, 1001),
}


@pytest.mark.parametrize("name", FRAME_RATES)
def test_frame_rates_are_exact(name: str) -> None:
    rate = OutputSettings(fps=name).rate  # type: ignore[arg-type]
    assert rate == EXACT.get(name, Fraction(name))
    assert abs(float(rate) - float(name)) < 1e-3


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (24, "24"), (24.0, "24"), ("24/1", "24"), ("24.0", "24"), (23.976, "23.976"),
        (Fraction(24000, 1001), "23.976"), ("24000/1001", "23.976"), (23.98, None),
        (29.97, "29.97"), ("30000/1001", "29.97"), (59.94, "59.94"), (60, "60"), (12, "12"),
        (23.9760239, "23.976"), (24.5, None), (0, None), (-24, None), (1000, None), ("", None),
        ("24fps", None), ("1/0", None), (math.nan, None), (math.inf, None),
    ],
)  # fmt: skip
def test_a_rate_written_as_a_number_is_understood(written: Any, name: str | None) -> None:
    if name is None:
        with pytest.raises(InvalidInstruction, match="fps"):
            Shot.from_dict({"output": {"fps": written}})
    else:
        assert Shot.from_dict({"output": {"fps": written}}).output.fps == name


@pytest.mark.parametrize(
    "written",
    ["1e400", 10**400, "1e5000000", "9" * 5000, "1/" + "9" * 5000, "1e-5000000"],
    ids=lambda written: type(written).__name__,
)
def test_an_absurd_rate_is_refused_at_once(written: Any) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidInstruction, match="fps"):
        Shot.from_dict({"output": {"fps": written}})
    assert time.monotonic() - began < 0.5


SHAPES = {
    "16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0, "4:5": 0.8, "4:3": 4 / 3, "3:2": 1.5,
    "2.39:1": 2.39,
}  # fmt: skip


@pytest.mark.parametrize("aspect", sorted(SHAPES))
@pytest.mark.parametrize("long_side", [160, 161, 333, 640, 1280, 1920, 2047])
def test_frames_have_the_chosen_shape_and_even_sides(aspect: Any, long_side: int) -> None:
    size = OutputSettings(long_side=long_side, aspect=aspect).frame_size(4000, 3000)
    assert size == OutputSettings(long_side=long_side, aspect=aspect).frame_size(10, 700)
    assert all(side % 2 == 0 for side in size)
    assert abs(max(size) - long_side) <= 1
    ratio = SHAPES[aspect]
    shorter = long_side / max(ratio, 1 / ratio)
    assert abs(min(size) - shorter) <= 1.01
    assert (size[0] > size[1]) == (ratio > 1)


@pytest.mark.parametrize(
    ("photo", "size"),
    [
        ((1920, 1080), (1280, 720)),
        ((1080, 1920), (720, 1280)),
        ((4000, 3000), (1280, 960)),
        ((100, 100), (1280, 1280)),
        ((333, 251), (1280, 964)),
        # A strip is cut to a shape that can be looked at.
        ((30_000, 100), (1280, 320)),
        ((7, 5000), (320, 1280)),
        ((1, 1), (1280, 1280)),
    ],
)
def test_a_photos_own_shape_is_kept(photo: tuple[int, int], size: tuple[int, int]) -> None:
    assert OutputSettings().frame_size(*photo) == size


def test_the_default_shot_as_json_is_readable_by_people() -> None:
    values = json.loads(Shot().to_json(indent=1))
    assert values["output"] == {
        "long_side": 1280,
        "aspect": "photo",
        "fps": "24",
        "format": "mp4",
    }
