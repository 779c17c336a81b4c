"""The Interpolate tab in a real browser, driven as a person would."""

from __future__ import annotations

import zipfile
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page

from tests.ui.interpolating import make_clip, make_pair

READ = (
    "document.querySelector('#ip-summary').textContent.includes('become')"
    " && !document.querySelector('#ip-monitor').textContent.includes('Looking for')"
)


@pytest.fixture
def tab(desk: Page) -> Page:
    """The tab, with nothing given yet."""
    desk.get_by_role("tab", name="Interpolate").click()
    desk.wait_for_selector(".ms-preset")
    desk.wait_for_selector("#ip-part .ms-partbox", state="attached")
    return desk


def _give(page: Page, clip: Path) -> None:
    page.set_input_files("input[aria-label='Choose a video']", str(clip))
    page.wait_for_function("document.querySelector('#ip-source').readyState >= 2")
    page.wait_for_function(READ)


def _says(page: Page, words: str) -> None:
    page.wait_for_function(
        "words => document.querySelector('#ip-summary').textContent.includes(words)", arg=words
    )


def _made(page: Page, badge: str) -> None:
    page.wait_for_function(
        "badge => document.querySelector('#ip-monitor .ms-badge').textContent.startsWith(badge)"
        " || document.querySelector('#ip-failure').textContent",
        arg=badge,
    )
    assert page.inner_text("#ip-failure") == ""


def _saved(page: Page, selector: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.click(selector)
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def test_a_clip_is_planned_previewed_rendered_and_looked_at(tab: Page, tmp_path: Path) -> None:
    assert "no video yet" in tab.inner_text("#ip-summary")
    _give(tab, make_clip(tmp_path / "my <b>pan<b>.mp4", cut=14))
    assert tab.locator(".ms-source .ms-name b").count() == 0, "a file name is text, not markup"
    assert tab.inner_text(".ms-source .ms-facts") == "160 × 90, 12 fps, no sound"
    _says(tab, "24 frames at 12 become 120 at 60.")
    _says(tab, "1 cut is kept sharp.")

    # What is wrong stands beside its control; undo takes it away.
    tab.fill("#ip-target_fps", "many")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("[data-problem=target_fps]:visible")
    tab.click("#ip-undo")
    tab.wait_for_selector("[data-problem=target_fps]", state="hidden")
    tab.click("#ip-mode [data-value=fast]")

    # A second from the playhead on.
    tab.evaluate(
        "() => { const head = document.querySelector('#ip-moment'); head.value = 0.5;"
        " head.dispatchEvent(new Event('input')); }"
    )
    tab.wait_for_timeout(200)
    tab.keyboard.press("p")
    _made(tab, "Preview")
    assert "60 at 60" in tab.inner_text("#ip-monitor .ms-report")

    # The part between in and out, then the file.
    tab.keyboard.press("i")
    assert tab.input_value("#ip-from") == "0.50"
    _says(tab, "become 90 at 60.")
    tab.keyboard.press("r")
    _made(tab, "Made")
    with av.open(_saved(tab, "#ip-download", tmp_path)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 90

    # Anywhere on the curve of doubt leads there, in the result and in the source.
    tab.wait_for_function("document.querySelector('.ms-doubtplot')._fullLayout")
    box = tab.locator(".ms-doubtplot").bounding_box()
    assert box is not None
    tab.locator(".ms-doubtplot").click(position={"x": box["width"] * 0.7, "y": 60})
    tab.wait_for_function("document.querySelector('#ip-result').currentTime > 0.7")
    at = tab.evaluate("[document.querySelector('#ip-result').currentTime, Number("
                      "document.querySelector('#ip-moment').value)]")  # fmt: skip
    assert at[1] == pytest.approx(at[0] + 0.5, abs=0.05)
    for view in ("wheel", "arrows", "hidden"):
        before = tab.evaluate("document.querySelector('.ms-look .ms-picture').src")
        tab.click(f"[data-view={view}]")
        if view != "wheel":
            tab.wait_for_function(
                "before => document.querySelector('.ms-look .ms-picture').src !== before",
                arg=before,
            )
    tab.keyboard.press("4")
    tab.wait_for_function("document.querySelector('#ip-compare').readyState >= 2")
    assert "slower than life" in tab.inner_text(".ms-look .ms-lookgrid .ms-hint >> nth=0")


def test_a_ramp_is_drawn_by_hand_and_taken_back(tab: Page, tmp_path: Path) -> None:
    _give(tab, make_clip(tmp_path / "pan.mp4"))
    tab.click("[data-preset=ramp]")
    _says(tab, "2 s become")
    points = tab.locator(".ms-ramp [data-point]")
    assert points.count() == 4
    lowest = points.nth(1).bounding_box()
    assert lowest is not None
    x, y = lowest["x"] + lowest["width"] / 2, lowest["y"] + lowest["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 4, y - 12, steps=3)
    tab.mouse.move(x + 8, y - 26, steps=3)
    tab.mouse.up()
    assert tab.input_value("#ip-ramp-speed") == "0.5"
    tab.keyboard.press("ArrowDown")
    assert float(tab.input_value("#ip-ramp-speed")) < 0.5
    tab.fill("#ip-ramp-speed", "0.125")
    tab.keyboard.press("Enter")
    assert float(points.nth(1).get_attribute("aria-valuenow") or 0) == 0.125
    tab.click("#ip-ramp-add")
    assert points.count() == 5
    tab.locator(".ms-retime h2").click()
    for _ in range(4):
        tab.keyboard.press("Control+z")
    assert points.count() == 4
    assert points.nth(1).get_attribute("aria-valuenow") == "0.25"
    tab.keyboard.press("Control+Shift+z")
    assert points.nth(1).get_attribute("aria-valuenow") == "0.5"
    # Cancel leaves what was there.
    tab.click("#ip-kind [data-value=even]")
    tab.evaluate(
        "() => { const speed = document.querySelector('#ip-speed'); speed.value = -4;"
        " speed.dispatchEvent(new Event('input')); }"
    )
    _says(tab, "become 32 s")
    tab.click("#ip-render")
    tab.click("#ip-cancel")
    tab.wait_for_selector("#ip-monitor .ms-progress", state="hidden")
    assert tab.inner_text("#ip-failure") == ""


def test_pictures_come_between_two(tab: Page, tmp_path: Path) -> None:
    tab.get_by_role("tab", name="Two pictures").click()
    _says(tab, "Give the two pictures")
    first, last = make_pair(tmp_path)
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    tab.set_input_files("input[aria-label='First picture']", str(text))
    tab.wait_for_function("document.querySelector('#ip-source-note').textContent.length > 9")
    assert "not a picture" in tab.inner_text("#ip-source-note")
    tab.set_input_files("input[aria-label='First picture']", str(first))
    _says(tab, "Give the last picture")
    tab.set_input_files("input[aria-label='Last picture']", str(last))
    _says(tab, "2 pictures become 10")
    tab.click("#ip-render")
    _made(tab, "Made")
    assert tab.locator("#ip-monitor .ms-shots img").count() == 10
    with zipfile.ZipFile(_saved(tab, "text=Pictures (zip)", tmp_path)) as parcel:
        assert len(parcel.namelist()) == 10


def test_the_example_and_a_result_of_the_motion_tab_are_one_click_away(tab: Page) -> None:
    tab.click("[data-example=video]")
    _says(tab, "36 frames at 12 become")
    tab.get_by_role("tab", name="Motion").click()
    tab.wait_for_function("!document.querySelector('.ms-depth .ms-stage').hidden")
    tab.fill("#ms-sentence", "push in for half a second")
    tab.press("#ms-sentence", "Enter")
    tab.wait_for_function("document.querySelector('#ms-summary').textContent.includes('12 frames')")
    tab.select_option("#ms-long_side", "640")
    tab.wait_for_function("document.querySelector('#ms-summary').textContent.includes('640')")
    tab.click("#ms-render")
    tab.click("#ms-onward")
    tab.wait_for_selector(".ms-preset:visible")
    _says(tab, "12 frames at 24 become 30 at 60.")
    assert tab.inner_text(".ms-source .ms-name").endswith(".mp4")
