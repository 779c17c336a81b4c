"""The page in a real browser, as a film-maker uses it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from synth.media import VideoWriter
from synth.shot import Shot
from synth.shot.result import metadata_texts
from synth.ui import handlers
from tests.ui.conftest import Server, make_picture, nothing_is_left, wait_until


def _motion(page: Page) -> dict:
    """The motion control as the page shows it."""
    return json.loads(page.input_value("#ms-json"))


def _wait_for(page: Page, expression: str, seconds: float = 60) -> None:
    page.wait_for_function(expression, timeout=seconds * 1000)


def _has_depth(page: Page) -> None:
    _wait_for(
        page,
        "document.querySelector('.ms-depth .ms-picture').src.startsWith('data:')"
        " && document.querySelector('.ms-depth .ms-busy').hidden",
    )


def _show_cat(page: Page) -> None:
    page.click("[data-example=cat]")
    _wait_for(page, "document.querySelector('.ms-name').textContent.startsWith('Cat')")


def _short(page: Page, seconds: str = "0.5") -> None:
    page.locator("#ms-duration").fill(seconds)
    page.select_option("#ms-long_side", "640")


def _rendered(page: Page) -> None:
    _wait_for(
        page,
        "document.querySelector('.ms-badge').textContent.startsWith('Rendered')"
        " || document.querySelector('#ms-failure').textContent",
        90,
    )
    assert page.inner_text("#ms-failure") == ""


def test_pick_an_example_choose_a_move_render_and_get_the_film(desk: Page, tmp_path: Path) -> None:
    _show_cat(desk)
    desk.click("[data-move=truck]")
    desk.click("[data-direction=left]")
    _short(desk)
    expected = "0.5 s, 12 frames at 24 fps, 640 × 426, MP4: truck left."
    _wait_for(desk, f"document.querySelector('#ms-summary').textContent === '{expected}'")
    desk.click("#ms-render")
    _rendered(desk)
    _wait_for(desk, "document.querySelector('#ms-result').videoWidth === 640")
    assert desk.evaluate("document.querySelector('#ms-result').duration") == pytest.approx(0.5, 0.1)
    assert "Camera check" in desk.inner_text(".ms-report")

    with desk.expect_download() as saving:
        desk.click("#ms-download")
    assert saving.value.suggested_filename == "cat-truck.mp4"
    film_path = tmp_path / "film.mp4"
    saving.value.save_as(film_path)
    with av.open(str(film_path)) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", 24)
        assert (stream.codec_context.width, stream.codec_context.height) == (640, 426)
        assert sum(1 for _ in film.decode(stream)) == 12

    # The film brings its settings back to a desk that shows others.
    desk.click("[data-move=crane]")
    desk.set_input_files(".ms-photo input[type=file]", str(film_path))
    _wait_for(desk, "document.querySelector('.ms-photo .ms-note').textContent.includes('back')")
    assert _motion(desk)["camera"]["type"] == "truck"
    assert _motion(desk)["camera"]["direction"] == "left"


def test_a_clip_is_marked_while_the_settings_are_others_than_its_own(desk: Page) -> None:
    made = "document.querySelector('.ms-badge').textContent.startsWith('Preview')"
    hidden = "document.querySelector('#ms-stale').hidden"
    _has_depth(desk)
    _short(desk)
    desk.click("#ms-preview")
    _wait_for(desk, made)
    desk.wait_for_timeout(400)
    assert desk.is_hidden("#ms-stale")
    desk.click("[data-move=roll]")
    _wait_for(desk, f"!{hidden}")
    assert desk.inner_text("#ms-stale") == "Made with earlier settings"
    desk.click("#ms-undo")
    _wait_for(desk, hidden)
    desk.select_option(".ms-depth select", "embedded")
    _wait_for(desk, f"!{hidden}", 20)
    desk.click("#ms-preview")
    _wait_for(desk, hidden)
    _show_cat(desk)
    _wait_for(desk, f"!{hidden}", 20)


def test_a_preview_of_a_big_move_says_beside_the_picture_how_far_it_zooms_in(desk: Page) -> None:
    _show_cat(desk)
    desk.click("[data-move=truck]")
    desk.locator("#ms-intensity").fill("1")
    _short(desk)
    desk.click("#ms-preview")
    _wait_for(desk, "/[Zz]oom.* [0-9.]+x/.test(document.querySelector('#ms-framing').textContent)")
    assert desk.is_visible("#ms-framing")


def test_the_first_visit_is_one_click_from_a_film(desk: Page) -> None:
    _has_depth(desk)
    assert desk.get_attribute("[data-example][aria-selected=true]", "data-example")
    assert _motion(desk)["camera"]["type"] != "static"
    assert "frames at 24 fps" in desk.inner_text("#ms-summary")
    desk.keyboard.press("p")
    _wait_for(desk, "document.querySelector('.ms-badge').textContent.startsWith('Preview')")
    assert desk.evaluate("document.querySelector('#ms-result').videoWidth") <= 480


def test_a_sentence_right_after_another_choice_is_summed_up_last(
    desk: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    summarise = handlers.summarise
    sentence_read, choice_told = threading.Event(), threading.Event()

    def slowly(shot: Shot, *args: Any) -> Any:
        """The summary of the choice comes only after that of the sentence."""
        said = summarise(shot, *args)
        if "pan" in said["sentence"]:
            sentence_read.set()
        elif shot.output.long_side == 640:
            sentence_read.wait(20)
            time.sleep(0.2)
            choice_told.set()
        return said

    monkeypatch.setattr(handlers, "summarise", slowly)
    desk.fill("#ms-sentence", "pan left")
    desk.select_option("#ms-long_side", "640")
    desk.wait_for_timeout(170)  # the choice is on its way, its summary is not there yet
    desk.focus("#ms-sentence")
    desk.keyboard.press("Enter")
    wait_until(choice_told.is_set, 20, "the summary of the choice")
    desk.wait_for_timeout(250)
    _wait_for(
        desk,
        "/ 640 × 360, MP4: pan left/.test(document.querySelector('#ms-summary').textContent)",
        10,
    )


def test_every_change_can_be_undone_and_redone(desk: Page) -> None:
    first = _motion(desk)
    desk.click("[data-move=orbit]")
    desk.click("#ms-add")
    desk.select_option("#ms-format", "webm")
    assert len(_motion(desk)["camera"]) == 2
    desk.click(".ms-head h2 >> nth=0")
    for _ in range(3):
        desk.keyboard.press("Control+z")
    assert _motion(desk) == first
    assert desk.input_value("#ms-format") == "mp4"
    assert desk.is_disabled("#ms-undo")
    for _ in range(3):
        desk.keyboard.press("Control+Shift+z")
    assert len(_motion(desk)["camera"]) == 2
    assert desk.input_value("#ms-format") == "webm"


def test_moves_are_stacked_ordered_and_removed(desk: Page) -> None:
    desk.click("[data-move=dolly]")
    desk.locator("#ms-duration").fill("2")
    desk.click("#ms-add")
    desk.click("[data-move=pan]")
    desk.select_option(".ms-join", "then")
    desk.locator("#ms-duration").fill("1")
    camera = _motion(desk)["camera"]
    assert [move["type"] for move in camera] == ["dolly", "pan"]
    assert "start" not in camera[1]
    _wait_for(desk, "document.querySelector('#ms-summary').textContent.startsWith('3 s')")
    desk.select_option(".ms-join", "with")
    assert _motion(desk)["camera"][1]["start"] == 0
    _wait_for(desk, "document.querySelector('#ms-summary').textContent.startsWith('2 s')")
    desk.click(".ms-lane >> nth=1 >> [title='Move up']")
    assert [move["type"] for move in _motion(desk)["camera"]] == ["pan", "dolly"]
    desk.click(".ms-lane >> nth=0 >> [title^='Remove']")
    assert _motion(desk)["camera"]["type"] == "dolly"


def test_escape_cancels_within_a_second_and_leaves_nothing(desk: Page) -> None:
    _show_cat(desk)
    desk.locator("#ms-duration").fill("20")
    desk.select_option("#ms-long_side", "1280")
    desk.click(".ms-head h2 >> nth=0")
    desk.keyboard.press("r")
    _wait_for(desk, "/Rendering · [1-9]/.test(document.querySelector('.ms-stagename').textContent)")
    assert "left" in desk.inner_text(".ms-left") or "almost" in desk.inner_text(".ms-left")
    began = time.monotonic()
    desk.keyboard.press("Escape")
    _wait_for(desk, "document.querySelector('.ms-progress').hidden")
    wait_until(nothing_is_left, 2, "the end of the job")
    assert time.monotonic() - began < 2.5
    assert desk.is_enabled("#ms-render")
    assert desk.locator(".ms-badge").is_hidden()


def test_a_broken_depth_map_leaves_the_depth_that_works(desk: Page, tmp_path: Path) -> None:
    _show_cat(desk)
    _has_depth(desk)
    before = desk.input_value(".ms-depth select")
    broken = tmp_path / "map.png"
    broken.write_text("no picture")
    with desk.expect_file_chooser() as chooser:
        desk.select_option(".ms-depth select", "file")
    chooser.value.set_files(str(broken))
    _wait_for(desk, "document.querySelector('.ms-depth .ms-bad') !== null", 20)
    assert desk.input_value(".ms-depth select") == before
    _short(desk)
    desk.click("#ms-render")
    _rendered(desk)


def test_a_model_that_is_only_offered_does_not_stop_a_render(
    desk: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synth.scene.depth_model.DepthAnything.available", lambda self: False)
    _show_cat(desk)
    _has_depth(desk)
    # On a machine that does much else the page may still be putting the photo's depth up, which
    # sets the choice back: then it is made again.
    for _ in range(3):
        desk.select_option(".ms-depth select", "depth-anything")
        with contextlib.suppress(PlaywrightTimeout):
            desk.wait_for_selector("text=Download it", timeout=15_000)
            break
    assert desk.is_visible("text=Download it")
    _short(desk)
    desk.click("#ms-render")
    _rendered(desk)


def test_a_photo_of_ones_own_arrives_with_its_depth(desk: Page, tmp_path: Path) -> None:
    _has_depth(desk)
    photo = make_picture(tmp_path / "my <b>holiday<b>.png", 300, 400)
    desk.set_input_files(".ms-photo input[type=file]", str(photo))
    _wait_for(desk, "document.querySelector('.ms-name').textContent.includes('300 × 400')")
    assert desk.locator(".ms-photo .ms-name b").count() == 0, "a file name is text, not markup"
    _wait_for(desk, "document.querySelector('#ms-summary').textContent.includes('960 × 1280')")
    _wait_for(desk, "!document.querySelector('.ms-depth .ms-stage').hidden")
    assert desk.locator("[data-example][aria-selected=true]").count() == 0


def test_a_gif_is_a_photo_unless_it_is_a_clip_made_here(desk: Page, tmp_path: Path) -> None:
    _has_depth(desk)
    frames = [Image.new("RGB", (90, 60), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "loop.gif", save_all=True, append_images=frames[1:])
    desk.set_input_files(".ms-photo input[type=file]", str(tmp_path / "loop.gif"))
    _wait_for(desk, "document.querySelector('.ms-name').textContent.includes('90 × 60')", 20)
    assert "first frame" in desk.inner_text(".ms-photo .ms-note")

    ours = tmp_path / "ours.gif"
    shot = Shot.from_dict({"motion": {"camera": {"type": "spiral", "duration": 0.5}}})
    about = metadata_texts(shot)
    with VideoWriter(ours, width=64, height=48, fps=12, format="gif", metadata=about) as film:
        for _ in range(3):
            film.write(np.zeros((48, 64, 3), np.uint8))
    desk.set_input_files(".ms-photo input[type=file]", str(ours))
    _wait_for(desk, "document.querySelector('.ms-photo .ms-note').textContent.includes('back')", 20)
    assert _motion(desk)["camera"]["type"] == "spiral"
    assert "90 × 60" in desk.inner_text(".ms-name"), "the photo stays"


def test_the_brush_changes_the_depth_and_can_be_taken_back(desk: Page) -> None:
    _has_depth(desk)
    source = "document.querySelector('.ms-depth .ms-picture').src"
    before = desk.evaluate(source)
    box = desk.locator(".ms-paint").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    desk.mouse.move(*middle)
    desk.mouse.down()
    desk.mouse.move(middle[0] + 40, middle[1] + 10, steps=6)
    desk.mouse.up()
    desk.wait_for_function(f"before => {source} !== before", arg=before)
    desk.click("[title='Take back the last brush stroke']")
    desk.wait_for_function(f"before => {source} === before", arg=before)


def test_a_long_note_about_the_depth_can_be_read_whole(desk: Page) -> None:
    _show_cat(desk)
    # The note of the photo before stands until there is one for this photo.
    _wait_for(desk, "document.querySelector('.ms-depth .ms-note').textContent.length > 80")
    desk.evaluate("document.querySelector('.ms-depth').style.width = '170px'")
    cut = "(n => n.scrollHeight > n.clientHeight + 1)(document.querySelector('.ms-depth .ms-note'))"
    assert desk.evaluate(cut)
    desk.click("text=Show all")
    assert not desk.evaluate(cut)
    desk.click("text=Show less")
    assert desk.evaluate(cut)


def test_a_phone_shows_everything_without_sideways_scrolling(
    browser: BrowserContext, server: Server
) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(server.url)
    page.wait_for_selector("#ms-settings .ms-output")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    width = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.ms-panel, .ms-panel *')]"
        ".filter(e => e.offsetParent && !e.closest('.ms-strip') && !e.closest('.ms-paint'))"
        ".map(e => e.getBoundingClientRect().right))"
    )
    assert width <= 390
    assert page.is_visible("#ms-render")
    assert page.locator("#ms-render").bounding_box()["y"] < 844  # type: ignore[index]
    page.click("[data-move=zoom]")
    page.close()
