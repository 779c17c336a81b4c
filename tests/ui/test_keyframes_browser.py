"""The keyframe editor in a real browser, driven as a person would: keys, time, files, a clip."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest
from playwright.sync_api import BrowserContext, Locator, Page

from synth.camera.keys import CameraKeys
from synth.shot import shot_from_video
from tests.ui.conftest import Server

SAVED = "(JSON.parse(sessionStorage.getItem('motion-synth.keys')) || {keys: {keys: []}})"
STILL = "document.querySelector('.ms-keys-screen img.ms-keys-picture')"
EYE = "JSON.stringify(document.querySelector('.ms-keys-plot').layout.scene.camera.eye)"


def _open(page: Page) -> Page:
    _open_flat(page)
    page.wait_for_function("document.querySelector('.ms-keys-plot')?.layout?.scene?.camera?.eye")
    return page


def _open_flat(page: Page) -> Page:
    page.get_by_role("tab", name="Keyframes").click()
    page.wait_for_selector(".ms-keys-lane .ms-keys-key")
    page.wait_for_function(f"{STILL}?.naturalWidth > 200")
    return page


@pytest.fixture
def editor(desk: Page) -> Page:
    """The editor on the first example, with its first frame on show."""
    return _open(desk)


@pytest.fixture
def flat(desk: Page) -> Page:
    """The same without the view in space, whose absence the rest has to bear.

    Where there is no graphics card it takes seconds of every test that is about something else.
    """
    _without_space(desk)
    return _open_flat(desk)


def _without_space(page: Page) -> None:
    page.route(
        "**/plotly*.js", lambda route: route.fulfill(body="", content_type="text/javascript")
    )


def _document(page: Page) -> CameraKeys:
    """The document once it has come to rest: the page sends it on a moment after each change."""
    seen = ""
    for _ in range(60):
        before, seen = seen, page.evaluate(f"JSON.stringify({SAVED}.keys)")
        if seen == before:
            break
        page.wait_for_timeout(400)
    return CameraKeys.from_dict(json.loads(seen))


def _cell(page: Page, row: int, column: str) -> Locator:
    return page.locator(".ms-keys-keyrow[data-key]").nth(row).locator(f"[data-column={column}]")


def _type(page: Page, row: int, column: str, text: str) -> None:
    cell = _cell(page, row, column)
    cell.fill(text)
    cell.press("Enter")


def _seek(page: Page, frame: int) -> None:
    field = page.locator(".ms-keys-time input[aria-label=Frame]")
    field.fill(str(frame))
    field.press("Enter")
    page.locator(".ms-keys-lane").focus()


def _playhead(page: Page) -> int:
    return int(page.locator(".ms-keys-time input[aria-label=Frame]").input_value())


def _shows(page: Page, frame: int) -> None:
    """Wait until the picture is the one of that frame."""
    page.wait_for_function(
        "frame => document.querySelector('.ms-keys-when').textContent.includes(`Frame ${frame} `)"
        " && document.querySelector('#keyframes .ms-busy').hidden",
        arg=frame,
    )


def _three_keys(page: Page) -> None:
    """A dolly with an orbit on three keys, made by hand."""
    _seek(page, 60)
    page.keyboard.press("i")
    _seek(page, 119)
    page.keyboard.press("i")
    rows = page.locator(".ms-keys-keyrow[data-key]").count()
    _type(page, rows - 1, "x", "0.6")
    _type(page, rows - 1, "z", "9.1")
    _type(page, rows - 1, "yaw", "3.4")


def test_it_opens_on_the_move_of_the_motion_tab(editor: Page) -> None:
    keys = editor.locator(".ms-keys-lane .ms-keys-key").count()
    assert keys >= 2
    assert editor.locator(".ms-keys-keyrow[data-key]").count() >= min(keys, 4)
    assert "Frame 0" in editor.locator(".ms-keys-when").inner_text()
    assert not editor.locator(".ms-keys-patherror").inner_text()


def test_a_dolly_with_an_orbit_is_keyed_by_hand_undone_and_redone(flat: Page) -> None:
    before = flat.locator(".ms-keys-lane .ms-keys-key").count()
    _three_keys(flat)
    made = _document(flat)
    last = made.keys[-1]
    assert (last.position[0], last.position[2], last.rotation[1]) == (0.6, 9.1, 3.4)
    assert 60.0 in [key.frame for key in made.keys]
    for _ in range(5):
        flat.keyboard.press("Escape")
        flat.locator(".ms-keys-lane").focus()
        flat.keyboard.press("Control+z")
    assert flat.locator(".ms-keys-lane .ms-keys-key").count() == before
    for _ in range(5):
        flat.keyboard.press("Control+Shift+z")
    assert _document(flat) == made


def test_text_that_is_no_number_is_refused_beside_the_cell(flat: Page) -> None:
    _type(flat, 0, "focal", "70")
    assert _document(flat).keys[0].focal_length == 70
    _type(flat, 0, "focal", "wide")
    assert flat.locator(".ms-keys-bubble:visible").count() >= 1
    assert _cell(flat, 0, "focal").input_value() == "70"
    _type(flat, 0, "focal", "2")
    assert _cell(flat, 0, "focal").input_value() == "70"
    assert _document(flat).keys[0].focal_length == 70


def test_a_key_is_dragged_along_the_timeline_and_deleted(flat: Page) -> None:
    _three_keys(flat)
    before = _document(flat)
    number = [key.frame for key in before.keys].index(60.0)
    box = flat.locator(".ms-keys-lane .ms-keys-key").nth(number).bounding_box()
    end = flat.locator(".ms-keys-lane .ms-keys-key").nth(len(before.keys) - 1).bounding_box()
    assert box is not None
    assert end is not None
    step = (end["x"] - box["x"]) / 59.0
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    flat.mouse.move(x, y)
    flat.mouse.down()
    flat.mouse.move(x + 5 * step, y, steps=4)
    flat.mouse.move(x + 12 * step, y, steps=4)
    flat.mouse.up()
    moved = _document(flat)
    frames = [key.frame for key in moved.keys]
    assert 60.0 not in frames
    assert any(abs(frame - 72.0) <= 1.0 for frame in frames)
    assert len(moved.keys) == len(before.keys)
    flat.keyboard.press("Delete")
    assert len(_document(flat).keys) == len(before.keys) - 1


def test_where_nothing_can_be_drawn_in_space_the_view_says_so(flat: Page) -> None:
    trouble = flat.locator(".ms-keys-trouble")
    trouble.wait_for(state="visible")
    assert "Everything else works" in trouble.inner_text()


def test_the_frame_follows_the_playhead(editor: Page) -> None:
    _shows(editor, 0)
    first = editor.evaluate(f"{STILL}.src")
    _seek(editor, 110)
    _shows(editor, 110)
    assert editor.evaluate(f"{STILL}.src") != first
    editor.keyboard.press("ArrowLeft")
    assert _playhead(editor) == 109
    editor.keyboard.press("Home")
    assert _playhead(editor) == 0
    _shows(editor, 0)
    assert editor.evaluate(f"{STILL}.src") == first


def test_it_plays_at_true_speed(editor: Page) -> None:
    _seek(editor, 0)
    editor.keyboard.press(" ")
    # Taken when the number changes, so that a page that stalls for a moment misleads nobody.
    rate = editor.evaluate(
        """async () => {
            const field = document.querySelector(".ms-keys-time input[aria-label=Frame]");
            const changed = (least) => new Promise((tell) => {
                const old = field.value;
                const look = () => Number(field.value) >= least && field.value !== old
                    ? tell([Number(field.value), performance.now()]) : requestAnimationFrame(look);
                look();
            });
            const [from, began] = await changed(1);
            const [to, ended] = await changed(from + 36);
            return (to - from) / (ended - began) * 1000;
        }"""
    )
    editor.keyboard.press(" ")
    assert rate == pytest.approx(24.0, rel=0.1)
    stopped = _playhead(editor)
    editor.wait_for_timeout(300)
    assert _playhead(editor) == stopped


def test_the_point_of_view_survives_every_edit(editor: Page) -> None:
    box = editor.locator(".ms-keys-plot").bounding_box()
    assert box is not None
    fresh = editor.evaluate(EYE)
    x, y = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.8
    editor.mouse.move(x, y)
    editor.mouse.down()
    editor.mouse.move(x + 90, y - 30, steps=6)
    editor.mouse.up()
    turned = editor.evaluate(EYE)
    assert turned != fresh
    _three_keys(editor)
    _shows(editor, 119)
    editor.wait_for_timeout(1200)  # Coverage comes a little later than the path.
    assert editor.evaluate(EYE) == turned


def test_a_move_of_the_catalogue_becomes_keys_and_a_transform_mirrors_them(editor: Page) -> None:
    editor.get_by_role("button", name="Moves").click()
    editor.locator(".ms-keys-panel:visible").get_by_text("Truck", exact=True).click()
    editor.click("#ms-keys-preset")
    editor.wait_for_function(f"{SAVED}.keys.keys[1]?.position[2] === 10")
    truck = _document(editor)
    assert abs(truck.keys[-1].position[0]) > 0.1
    editor.get_by_role("button", name="Transform").click()
    editor.click("#ms-keys-mirror")
    editor.wait_for_function(f"{SAVED}.keys.keys[1].position[0] === {-truck.keys[-1].position[0]}")


def test_a_path_goes_out_as_a_file_and_comes_back(flat: Page, tmp_path: Path) -> None:
    _three_keys(flat)
    before = _document(flat)
    flat.get_by_role("button", name="Export").click()
    with flat.expect_download() as waiting:
        flat.locator(".ms-keys-panel:visible").get_by_text(
            "Motion Synth", exact=False
        ).first.click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert CameraKeys.from_json(saved.read_text()) == before
    wider = before.to_dict()
    wider["keys"][-1]["position"] = [1.25, 0, 9]
    saved.write_text(json.dumps(wider))
    flat.keyboard.press("Escape")
    flat.get_by_role("button", name="Import").click()
    flat.set_input_files("#ms-keys-file", str(saved))
    flat.wait_for_function(f"{SAVED}.keys.keys.at(-1)?.position[0] === 1.25")
    assert _document(flat) == CameraKeys.from_dict(wider)
    saved.write_bytes(b"\x00 no camera path")
    flat.set_input_files("#ms-keys-file", str(saved))
    flat.wait_for_selector("#keyframes .ms-bad:visible")
    assert _document(flat) == CameraKeys.from_dict(wider)


def test_a_clip_is_made_of_the_keys(flat: Page, tmp_path: Path) -> None:
    _three_keys(flat)
    wanted = _document(flat)
    flat.click("#ms-keys-preview")
    flat.wait_for_selector("#kf-download:visible")
    with flat.expect_download() as waiting:
        flat.click("#kf-download")
    path = tmp_path / "clip.mp4"
    waiting.value.save_as(path)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert sum(1 for _ in film.decode(stream)) == 60
        assert stream.average_rate == Fraction(12)
    shot = shot_from_video(path)
    assert shot is not None
    assert shot.trajectory == wanted


def test_keys_go_to_the_motion_tab_and_a_move_there_takes_the_camera_back(flat: Page) -> None:
    _three_keys(flat)
    flat.click("#ms-keys-to")
    flat.get_by_role("tab", name="Motion", exact=True).click()
    flat.wait_for_selector("#ms-keyed:visible")
    assert "keyframes" in flat.locator("#ms-keyed").inner_text()
    told = "document.querySelector('#ms-summary').textContent.includes('camera on')"
    flat.wait_for_function(told)
    assert json.loads(flat.input_value("#ms-json")) is not None
    flat.locator("#ms-keyed").get_by_text("Back to moves").click()
    flat.wait_for_selector("#ms-keyed", state="hidden")
    flat.wait_for_function(f"!{told}")


def test_nothing_is_lost_on_reload_and_two_tabs_do_not_meet(
    flat: Page, browser: BrowserContext, server: Server
) -> None:
    _three_keys(flat)
    mine = _document(flat)
    other = browser.new_page()
    try:
        other.set_default_timeout(60_000)
        _without_space(other)
        other.goto(server.url)
        other.wait_for_selector(".ms-tile")
        _open_flat(other)
        _type(other, 0, "x", "-0.5")
        assert _document(other).keys[0].position[0] == -0.5
        flat.reload()
        flat.wait_for_selector(".ms-tile")
        _open_flat(flat)
        assert _document(flat) == mine
        other.reload()
        other.wait_for_selector(".ms-tile")
        _open_flat(other)
        assert _document(other).keys[0].position[0] == -0.5
    finally:
        other.close()


@pytest.fixture
def phone(browser: BrowserContext, server: Server) -> Iterator[Page]:
    """The page on a telephone's screen."""
    page = browser.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.set_default_timeout(60_000)
    page.goto(server.url)
    page.wait_for_selector(".ms-tile")
    yield page
    page.close()


def test_it_fits_a_phone(phone: Page) -> None:
    _open(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 391
    render = phone.locator("#ms-keys-render, #kf-render").locator("visible=true").first
    box = render.bounding_box()
    assert box is not None
    assert box["height"] >= 36
