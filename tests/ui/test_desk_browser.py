"""The Motion tab in a real browser: tests that begin from whatever the page shows.

They share one page, so each of them first chooses what it is about.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from synth.motion import MOVE_KINDS
from synth.shot import Shot


def _motion(page: Page) -> dict:
    """The motion control as the page shows it."""
    return json.loads(page.input_value("#ms-json"))


def _wait_for(page: Page, expression: str, seconds: float = 60) -> None:
    page.wait_for_function(expression, timeout=seconds * 1000)


def _open_json(page: Page) -> None:
    page.evaluate("document.querySelector('#ms-json-fold').open = true")


def test_a_sentence_fills_the_controls_and_says_what_it_understood(worn: Page) -> None:
    worn.fill("#ms-sentence", "crane up and pan left")
    worn.keyboard.press("Enter")
    _wait_for(worn, "document.querySelector('.ms-reply').textContent.includes('Understood')")
    assert [move["type"] for move in _motion(worn)["camera"]] == ["crane", "pan"]
    assert worn.get_attribute("[data-move=crane]", "aria-checked") == "true"
    assert worn.locator(".ms-lane").count() == 2
    before = _motion(worn)
    worn.fill("#ms-sentence", "a red apple")
    worn.click("#ms-read")
    _wait_for(worn, "document.querySelector('.ms-reply').textContent.includes('No camera move')")
    assert _motion(worn) == before


def test_pasted_json_becomes_controls_and_broken_json_is_explained(worn: Page) -> None:
    worn.click("[data-move=roll]")
    _open_json(worn)
    wanted = {"camera": {"type": "tilt", "direction": "down", "intensity": 0.25, "duration": 2}}
    worn.fill("#ms-json", json.dumps(wanted))
    worn.click("#ms-json-apply")
    _wait_for(worn, "document.querySelector('[data-move=tilt]').ariaChecked === 'true'")
    assert worn.input_value("#ms-intensity") == "0.25"
    worn.fill("#ms-json", '{"camera": {"type": "tilt", "intensity": NaN}}')
    worn.click("#ms-json-apply")
    _wait_for(worn, "document.querySelector('.ms-jsonbody .ms-bad')")
    assert "NaN" in worn.inner_text(".ms-jsonbody .ms-bad")
    assert worn.input_value("#ms-intensity") == "0.25"


def test_json_of_a_call_and_of_a_whole_shot_is_applied(worn: Page) -> None:
    worn.click("[data-move=roll]")
    _open_json(worn)
    motion = {"camera": {"type": "tilt", "direction": "down", "intensity": 0.25, "duration": 2}}
    worn.fill("#ms-json", json.dumps({"motion_control": motion}))
    worn.click("#ms-json-apply")
    _wait_for(worn, "document.querySelector('[data-move=tilt]').ariaChecked === 'true'")
    shot = Shot.from_dict({"motion": {"camera": {"type": "crane"}}, "output": {"fps": "30"}})
    worn.fill("#ms-json", shot.to_json())
    worn.click("#ms-json-apply")
    _wait_for(worn, "document.querySelector('[data-move=crane]').ariaChecked === 'true'")
    assert worn.input_value("#ms-fps") == "30"


@pytest.mark.parametrize(
    ("move", "direction", "words"),
    [
        ("dolly", "forward", "{share} % closer"),
        ("dolly", "backward", "{share} % farther"),
        ("truck", "left", "{share} % sideways"),
        ("spiral", "clockwise", "{share} % closer"),
        ("pan", "left", "turns {half}°"),
        ("orbit", "left", "swings {half}°"),
    ],
)
def test_the_intensity_says_what_it_comes_to(
    worn: Page, move: str, direction: str, words: str
) -> None:
    worn.click("[data-move=roll]")
    worn.click(f"[data-move={move}]")
    worn.click(f"[data-direction={direction}]")
    worn.locator("#ms-intensity").fill("0.5")
    half = MOVE_KINDS[move].amplitude / 2  # type: ignore[index]
    expected = "0.50 · " + words.format(half=f"{half:g}", share=int(half * 10 + 0.5))
    assert worn.inner_text(".ms-field:has(#ms-intensity) output") == expected


def test_only_directions_that_a_move_can_take_are_offered(worn: Page) -> None:
    worn.click("[data-move=truck]")
    offered = worn.eval_on_selector_all(
        "[data-direction]", "all => all.map(b => b.dataset.direction)"
    )
    assert sorted(offered) == ["left", "right"]
    worn.click("[data-move=handheld]")
    assert worn.locator("[data-direction]").count() == 0


def test_a_wrong_file_is_explained_beside_the_photo_which_stays(worn: Page) -> None:
    name = worn.inner_text(".ms-photo .ms-name")
    worn.set_input_files(
        ".ms-photo input[type=file]",
        {"name": "holiday.jpg", "mimeType": "image/jpeg", "buffer": b"not a picture"},
    )
    _wait_for(worn, "document.querySelector('.ms-photo .ms-bad')")
    assert "not a picture" in worn.inner_text(".ms-photo .ms-note")
    assert worn.inner_text(".ms-photo .ms-name") == name
    assert worn.is_visible(".ms-photo .ms-picture")


def test_the_same_choice_twice_in_a_row_is_answered_twice(worn: Page, tmp_path: Path) -> None:
    ready = "document.querySelector('.ms-photo .ms-busy').hidden"
    broken = tmp_path / "notes.jpg"
    broken.write_text("no picture")
    for _ in range(2):
        worn.click("[data-example=cat]")
        _wait_for(worn, ready, 20)
        _wait_for(worn, "document.querySelector('.ms-depth .ms-picture').src.startsWith('data:')")
    for _ in range(2):
        worn.set_input_files(".ms-photo input[type=file]", str(broken))
        _wait_for(worn, f"!({ready})", 5)
        _wait_for(worn, ready, 20)
        assert "not a picture" in worn.inner_text(".ms-photo .ms-note")


def test_clicking_through_the_examples_ends_on_the_last(worn: Page) -> None:
    for name in ("cat", "coffee", "astronaut", "coffee"):
        worn.click(f"[data-example={name}]")
        worn.wait_for_timeout(60)
    _wait_for(worn, "document.querySelector('.ms-name').textContent.startsWith('Coffee')", 30)
    _wait_for(worn, "document.querySelector('.ms-photo .ms-busy').hidden", 30)


def test_letters_typed_into_a_box_are_no_shortcuts(worn: Page) -> None:
    worn.fill("#ms-sentence", "")
    worn.keyboard.type("rpr")
    assert worn.input_value("#ms-sentence") == "rpr"
    assert worn.is_hidden(".ms-progress")


def test_the_page_carries_no_emoji_and_no_stray_gradio_look(worn: Page) -> None:
    words = worn.inner_text("body")
    assert not [letter for letter in words if ord(letter) > 0x1F000]
    assert not worn.is_visible("footer")
    picture = io.BytesIO(worn.screenshot())
    assert picture.getbuffer().nbytes > 50_000


def test_the_header_leads_to_the_description_of_the_endpoints(worn: Page) -> None:
    worn.click(".ms-api")
    worn.wait_for_selector("text=/generate_video")
