"""Subjects and weather in a real browser: marked, chosen, undone, rendered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from synth.scene.subject import decode_mask
from synth.shot import shot_from_video
from tests.ui.conftest import Server

BOX = (0.38, 0.2, 0.66, 0.9)
"""Around the robot of the first example, shares of the photo."""


def _motion(page: Page) -> dict:
    return json.loads(page.input_value("#ms-json"))


def _wait_for(page: Page, expression: str, seconds: float = 60) -> None:
    page.wait_for_function(expression, timeout=seconds * 1000)


def _open_subjects(page: Page) -> None:
    page.click("#ms-sheet-subjects")
    _wait_for(page, "document.querySelector('#ms-mark').width > 300")
    page.wait_for_timeout(500)  # The page scrolls to the sheet.


def _at(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place of the photo on the marking stage, pixels of the page."""
    box = page.locator("#ms-mark").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def _drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*_at(page, *start))
    page.mouse.down()
    page.mouse.move(*_at(page, *end), steps=6)
    page.mouse.up()


def _draw_box(page: Page) -> None:
    page.click("[data-mark=box]")
    _drag(page, BOX[:2], BOX[2:])
    _wait_for(page, "document.querySelector('#ms-mark-note').textContent.startsWith('Found')")


def _tinted(page: Page) -> float:
    """Share of the marking stage over which a mask lies."""
    return page.evaluate(
        "(() => { const c = document.querySelector('#ms-mark');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 60) n++;"
        " return n / (d.length / 4); })()"
    )


def test_mark_a_subject_choose_its_action_and_the_weather_and_render(
    desk: Page, tmp_path: Path
) -> None:
    _open_subjects(desk)
    _draw_box(desk)
    assert 0.05 < _tinted(desk) < 0.15, "the robot covers seven hundredths of the picture"
    desk.click("[data-action=jump]")
    desk.locator("#ms-speed").fill("0.8")
    desk.fill(".ms-actor.ms-chosen input", "<b>robot</b>")
    desk.keyboard.press("Enter")
    assert desk.locator(".ms-actor b").count() == 0, "a name is text, not markup"
    # A second one, painted.
    desk.click("#ms-add-subject")
    desk.click("[data-mark=brush]")
    _drag(desk, (0.2, 0.32), (0.2, 0.72))
    _wait_for(desk, "document.querySelector('#ms-mark-note').textContent.startsWith('Found')")
    desk.click("[data-action=sway]")
    desk.click("#ms-sheet-weather")
    desk.click("[data-air=rain]")
    desk.click("[data-wind=left]")
    desk.locator("#ms-weather-intensity").fill("0.9")
    desk.click("#ms-sheet-camera")
    desk.locator("#ms-duration").fill("0.5")
    desk.select_option("#ms-long_side", "640")
    said = "<b>robot</b>: jump; subject: sway; rain, wind to the left."
    _wait_for(desk, f"document.querySelector('#ms-summary').textContent.endsWith('{said}')")
    desk.click("#ms-render")
    _wait_for(
        desk,
        "document.querySelector('.ms-badge').textContent.startsWith('Rendered')"
        " || document.querySelector('#ms-failure').textContent",
        120,
    )
    assert desk.inner_text("#ms-failure") == ""
    with desk.expect_download() as saving:
        desk.click("#ms-download")
    film = tmp_path / "film.mp4"
    saving.value.save_as(film)
    shot = shot_from_video(film)
    assert shot is not None
    subject, painted = shot.motion.objects
    assert (subject.id, subject.action, subject.speed) == ("<b>robot</b>", "jump", 0.8)
    assert subject.mark is not None
    assert subject.mark.box == pytest.approx(BOX, abs=0.01)
    assert (painted.id, painted.action) == ("subject", "sway")
    assert painted.mark is not None
    assert painted.mark.mask is not None
    mask = decode_mask(painted.mark.mask)
    assert mask.shape == (180, 320)
    assert mask[90, 64] == 255, "on the stroke"
    assert mask[90, 160] == 0, "beside it"
    air = shot.motion.environmental
    assert air is not None
    assert (air.particle_effects, air.wind_direction, air.weather_intensity) == (
        "rain",
        "left",
        0.9,
    )


def test_one_click_takes_the_likeliest_subject_without_a_mark(desk: Page) -> None:
    _open_subjects(desk)
    desk.click("[data-action=run]")
    _wait_for(desk, "document.querySelector('#ms-mark-note').textContent.startsWith('The likel')")
    (subject,) = _motion(desk)["objects"]
    assert subject == {
        "id": "subject",
        "action": "run",
        "speed": 0.5,
        "direction": "left_to_right",
    }
    desk.click("[data-action=idle]")
    assert _motion(desk)["objects"][0]["direction"] == "in_place"
    desk.click("[data-action=jump]")
    desk.click("[data-heading=toward_camera]")
    assert _motion(desk)["objects"][0]["direction"] == "toward_camera"


def test_clicks_correct_the_mask_and_a_click_on_a_click_takes_it_back(desk: Page) -> None:
    _open_subjects(desk)
    desk.mouse.click(*_at(desk, 0.52, 0.55))
    _wait_for(desk, "document.querySelector('#ms-mark-note').textContent.startsWith('Found')")
    mark = _motion(desk)["objects"][0]["mark"]
    assert mark["points"] == [pytest.approx([0.52, 0.55], abs=0.005)]
    desk.click("[data-mark=away]")
    desk.mouse.click(*_at(desk, 0.2, 0.4))
    assert _motion(desk)["objects"][0]["mark"]["away"] == [pytest.approx([0.2, 0.4], abs=0.005)]
    desk.mouse.click(*_at(desk, 0.2, 0.4))
    assert "away" not in _motion(desk)["objects"][0]["mark"]
    desk.click("#ms-likeliest")
    assert "mark" not in _motion(desk)["objects"][0]


def test_the_eraser_makes_the_found_mask_a_painted_one(desk: Page) -> None:
    _open_subjects(desk)
    _draw_box(desk)
    before = _tinted(desk)
    desk.click("[data-mark=erase]")
    desk.locator(".ms-markbar .ms-brush-size").fill("0.2")
    _drag(desk, (0.4, 0.7), (0.65, 0.75))
    mark = _motion(desk)["objects"][0]["mark"]
    assert list(mark) == ["mask"]
    _wait_for(desk, "document.querySelector('#ms-mark-note').textContent.startsWith('Found')")
    assert 0.2 * before < _tinted(desk) < 0.9 * before
    desk.click("#ms-undo")
    assert "box" in _motion(desk)["objects"][0]["mark"]
    _wait_for(desk, "document.querySelector('#ms-mark-note').textContent.startsWith('Found')")
    assert _tinted(desk) == pytest.approx(before, rel=0.05)


def test_several_subjects_are_named_apart_chosen_and_removed(desk: Page) -> None:
    _open_subjects(desk)
    _draw_box(desk)
    desk.click("#ms-add-subject")
    assert desk.inner_text(".ms-fresh .ms-actor-does") == "Mark it on the photo"
    desk.mouse.click(*_at(desk, 0.21, 0.55))
    assert [one["id"] for one in _motion(desk)["objects"]] == ["subject", "subject 2"]
    desk.fill(".ms-actor.ms-chosen input", "subject")
    desk.keyboard.press("Enter")
    assert [one["id"] for one in _motion(desk)["objects"]] == ["subject", "subject 2"]
    desk.click("[data-subject='0'] .ms-actor-name")
    desk.click("[data-action=dance]")
    assert [one["action"] for one in _motion(desk)["objects"]] == ["dance", "walk"]
    desk.click("[title='Remove subject']")
    assert [one["id"] for one in _motion(desk)["objects"]] == ["subject 2"]
    desk.click("[title='Remove subject 2']")
    assert "objects" not in _motion(desk)


def test_undo_turns_to_the_sheet_on_which_it_works(desk: Page) -> None:
    first = _motion(desk)
    desk.click("#ms-sheet-weather")
    desk.click("[data-air=snow]")
    assert desk.inner_text("#ms-sheet-weather .ms-tag") == "Snow"
    desk.click("#ms-sheet-camera")
    desk.click("#ms-undo")
    assert desk.is_visible("#ms-weather")
    assert _motion(desk) == first
    desk.click("#ms-redo")
    assert desk.get_attribute("[data-air=snow]", "aria-checked") == "true"
    desk.click("[data-air=none]")
    assert "environmental" not in _motion(desk)


def test_the_weather_is_seen_on_the_photo(desk: Page) -> None:
    desk.click("#ms-sheet-weather")
    source = "document.querySelector('#ms-weather-look img').src"
    before = desk.evaluate(source)
    desk.click("[data-air=rain]")
    desk.wait_for_function(f"before => {source} !== before", arg=before)
    rain = desk.evaluate(source)
    desk.locator("#ms-weather-intensity").fill("1")
    desk.wait_for_function(f"before => {source} !== before", arg=rain)
    assert desk.inner_text("#ms-weather-note") == ""


def test_a_mark_that_finds_nothing_is_explained_beside_the_photo(desk: Page) -> None:
    broken = {"camera": {"type": "pan"}, "objects": [{"action": "run", "mark": {"mask": "AAAA"}}]}
    desk.click("#ms-json-fold summary")
    desk.fill("#ms-json", json.dumps(broken))
    desk.click("#ms-json-apply")
    _wait_for(desk, "document.querySelector('#ms-sheet-subjects .ms-tag').textContent === '1'")
    _open_subjects(desk)
    _wait_for(desk, "document.querySelector('#ms-mark-note.ms-bad')")
    assert "painted mask" in desk.inner_text("#ms-mark-note")
    _wait_for(desk, "document.querySelector('#ms-sheet-subjects .ms-trouble')")
    desk.mouse.click(*_at(desk, 0.52, 0.55))
    _wait_for(desk, "!document.querySelector('#ms-mark-note.ms-bad')")


@pytest.mark.parametrize("sheet", ["subjects", "weather"])
def test_a_phone_shows_every_sheet_without_sideways_scrolling(
    browser: BrowserContext, server: Server, sheet: str
) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(server.url)
    page.wait_for_selector("#ms-settings .ms-output")
    page.click("#ms-sheet-weather")
    page.click("[data-air=light_rays]")
    page.click("#ms-sheet-subjects")
    page.click("[data-action=wave]")
    page.click("[data-mark=brush]")
    page.click("#ms-add-subject")
    page.click(f"#ms-sheet-{sheet}")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    beyond = page.evaluate(
        "[...document.querySelectorAll('.ms-desk, .ms-desk *')]"
        ".filter(e => e.offsetParent && !e.closest('.ms-strip'))"
        ".filter(e => e.getBoundingClientRect().right > 390 - 10)"
        ".map(e => e.className || e.tagName)"
    )
    assert beyond == []
    clipped = page.evaluate(
        "[...document.querySelectorAll('.ms-desk button')].filter(e => e.offsetParent)"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert clipped == []
    assert page.screenshot()
    page.close()


def test_a_sentence_about_the_weather_turns_to_it_and_keeps_the_rest(desk: Page) -> None:
    camera = _motion(desk)["camera"]
    desk.fill("#ms-sentence", "heavy rain, wind from the left")
    desk.keyboard.press("Enter")
    _wait_for(desk, "document.querySelector('[data-air=rain]').ariaChecked === 'true'")
    assert desk.is_visible("#ms-weather")
    assert desk.get_attribute("[data-wind=right]", "aria-checked") == "true"
    motion = _motion(desk)
    assert motion["camera"] == camera
    assert motion["environmental"]["weather_intensity"] > 0.6


def test_another_photo_takes_the_marks_away_but_not_the_action(desk: Page, picture: Path) -> None:
    _open_subjects(desk)
    _draw_box(desk)
    desk.click("[data-action=sway]")
    assert desk.is_disabled("[data-heading=left_to_right]"), "who sways stays in place"
    desk.set_input_files(".ms-photo input[type=file]", str(picture))
    _wait_for(desk, "document.querySelector('.ms-name').textContent.includes('240 × 160')")
    _wait_for(desk, "!document.querySelector('#ms-json').value.includes('box')")
    assert [one["action"] for one in _motion(desk)["objects"]] == ["sway"]
    assert desk.is_visible("#ms-subjects")
    _wait_for(desk, "document.querySelector('#ms-mark-note').textContent.startsWith('The likel')")
