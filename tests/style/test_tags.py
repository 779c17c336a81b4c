"""Style tags: found from the right, taken out cleanly, and never passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.errors import InvalidInstruction
from synth.style.tags import MOST_TAGS, Tag, read_tags, write_tag


@pytest.mark.parametrize(
    ("prompt", "text", "tags"),
    [
        ("a street at night", "a street at night", ()),
        ("  two  spaces stay ", "  two  spaces stay ", ()),
        (
            "camera panning across urban street at night, detective walking "
            "<lora:loras/cinematic_noir_video.safetensors:0.9>",
            "camera panning across urban street at night, detective walking",
            (Tag("loras/cinematic_noir_video.safetensors", 0.9),),
        ),
        ("<lora:noir:0.5> a street", "a street", (Tag("noir", 0.5),)),
        ("a <lora:noir:0.5> street", "a street", (Tag("noir", 0.5),)),
        ("a <lora:a:1> <lora:b:-0.25> street", "a street", (Tag("a"), Tag("b", -0.25))),
        ("a <lora:a:1> <lora:b:2>street", "a street", (Tag("a"), Tag("b", 2.0))),
        ("a<lora:a:1>street", "a street", (Tag("a"),)),
        ("night <lora:a:1>, rain", "night, rain", (Tag("a"),)),
        ("night, <lora:a:1>, rain", "night, rain", (Tag("a"),)),
        ("<lora:a:1>, rain", "rain", (Tag("a"),)),
        ("night, rain, <lora:a:1>.", "night, rain.", (Tag("a"),)),
        ("night, rain, <lora:a:1>", "night, rain", (Tag("a"),)),
        ("one\n<lora:a:1>\ntwo", "one\ntwo", (Tag("a"),)),
        (r"x <lora:C:\my styles\noir.safetensors:0.8>", "x",
         (Tag(r"C:\my styles\noir.safetensors", 0.8),)),
        (r"x <lora:C:\noir.safetensors>", "x", (Tag(r"C:\noir.safetensors", 1.0),)),
        ("x <lora:D:/noir.safetensors>", "x", (Tag("D:/noir.safetensors", 1.0),)),
        ("x <lora:a:b:0.8>", "x", (Tag("a:b", 0.8),)),
        ("x <LoRA: noir : 0.8 >", "x", (Tag("noir", 0.8),)),
        ("x <lora:noir>", "x", (Tag("noir", 1.0),)),
        ("x <lora:noir:.5>", "x", (Tag("noir", 0.5),)),
        ("x <lora:noir:5e-1>", "x", (Tag("noir", 0.5),)),
        ("<lora:noir:0>", "", (Tag("noir", 0.0),)),
        ("I <3 a < b > c", "I <3 a < b > c", ()),
    ],
)  # fmt: skip
def test_tags_are_found_and_taken_out(prompt: str, text: str, tags: tuple[Tag, ...]) -> None:
    found = read_tags(prompt)

    assert found.text == text
    assert found.tags == tags


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a <lora:noir:0.8", "character 3"),
        ("a <lora:noir:0.8 <lora:b:1>", "does not end"),
        ("a <lora:noir:0.8\n>", "does not end"),
        ("a <lora:noir:loud>", "'loud', which is no number"),
        ("a <lora:noir:nan>", "no number"),
        ("a <lora:noir:inf>", "no number"),
        ("a <lora:noir:1e999>", "from -2 to 2"),
        ("a <lora:noir:2.01>", "from -2 to 2"),
        ("a <lora:noir:-3>", "from -2 to 2"),
        ("a <lora:noir:0.8:te=0.5>", "no number"),
        ("a <lora:noir:0.8:0.6>", "two strengths"),
        ("a <lora:noir:>", "no number"),
        ("a <lora::0.8>", "names no style"),
        ("a <lora:>", "names no style"),
        ("a <lora>", "names no style"),
        ("a <lora noir:0.8>", "names no style"),
        ("a <lyco:noir:0.8>", "of the kind 'lyco'"),
        ("a <hypernet:noir:0.8>", "only lora"),
        (f"a <lora:{'n' * 401}:1>", "too long"),
        ("a <lora:no\x00ir:1>", "cannot be printed"),
        ("<lora:a:1>" * (MOST_TAGS + 1), "more than 16"),
    ],
)
def test_what_cannot_be_obeyed_is_an_error_that_tells_the_place(prompt: str, said: str) -> None:
    with pytest.raises(InvalidInstruction) as caught:
        read_tags(prompt)
    assert said in str(caught.value)


def test_a_tag_is_written_as_everybody_writes_it() -> None:
    assert write_tag("loras/x.safetensors", 0.9) == "<lora:loras/x.safetensors:0.9>"
    assert write_tag("noir", 1) == "<lora:noir:1>"


@pytest.mark.parametrize("name", ["", " noir", "a>b", "a<b", "a\nb", "noir:0.5", "n" * 401])
def test_a_name_that_would_not_come_back_is_refused(name: str) -> None:
    with pytest.raises(InvalidInstruction, match="cannot hold the name"):
        write_tag(name, 0.8)


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), 2.5, -2.5, True, "0.8"])
def test_a_strength_that_makes_no_sense_is_refused(strength: float) -> None:
    with pytest.raises(InvalidInstruction, match="strength"):
        write_tag("noir", strength)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="<>:;,.!?", exclude_categories=(
    "C", "Z")), min_size=1, max_size=12)  # fmt: skip
NAMES = st.one_of(
    st.builds("/".join, st.lists(WORDS, min_size=1, max_size=3)),
    st.builds(lambda parts: "C:\\" + "\\".join(parts), st.lists(WORDS, min_size=1, max_size=3)),
)
TAGS = st.tuples(NAMES, st.floats(-2, 2, allow_nan=False))


@given(st.lists(st.one_of(WORDS, TAGS), max_size=10))
def test_text_and_tags_come_back_whatever_they_are(
    parts: list[str | tuple[str, float]],
) -> None:
    prompt = " ".join(part if isinstance(part, str) else write_tag(*part) for part in parts)

    found = read_tags(prompt)

    assert found.text == " ".join(part for part in parts if isinstance(part, str))
    assert [(tag.name, tag.strength) for tag in found.tags] == [
        part for part in parts if not isinstance(part, str)
    ]
