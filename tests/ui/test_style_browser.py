"""The Style tab and the preflight in a real browser: a look is learned, tried, and drawn with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from synth.grade.cube import write_cube
from synth.grade.looks import look_lut
from synth.style.training.settings import TrainingJob
from tests.backends.providers.hub_stand_in import StandIn
from tests.ui.conftest import Server
from tests.ui.styling import PretendedTraining, make_look, make_lora, make_reference, rent

CANARY = "hf_canaryCANARYcanary0123456789"


@pytest.fixture
def tab(desk: Page) -> Iterator[Page]:
    """The tab, empty; what it put on the server goes away afterwards."""
    desk.evaluate("localStorage.clear()")
    desk.reload()
    desk.wait_for_selector(".ms-tile")
    _open(desk, "Style")
    desk.wait_for_selector("#st-make", state="visible")
    yield desk
    _open(desk, "Style")
    if desk.is_visible("#st-forget"):
        desk.once("dialog", lambda dialog: dialog.accept())
        desk.click("#st-forget")
        desk.wait_for_selector(".ms-stylecard", state="detached")
    desk.evaluate("localStorage.clear()")


def _open(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def _send(page: Page, button: str, *paths: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click(button)
    chooser.value.set_files([str(path) for path in paths])


def _no_panel_is_too_wide(page: Page) -> None:
    """Every panel lies within its column, and what it holds within the panel."""
    wide = page.evaluate(
        """() => [...document.querySelectorAll(".ms-stylecol > .ms-panel")].filter((panel) => {
          const room = panel.parentElement.getBoundingClientRect().right + 1;
          return panel.getBoundingClientRect().right > Math.min(room, innerWidth)
            || panel.scrollWidth > panel.clientWidth + 1;
        }).map((panel) => panel.className)"""
    )
    assert wide == []


def _after(page: Page) -> str:
    return str(page.get_attribute("#st-after", "src"))


def test_clips_become_a_look_that_is_tried_and_drawn_with(tab: Page, tmp_path: Path) -> None:
    assert tab.is_disabled("#st-make")
    clips = [make_reference(tmp_path / f"clip {n} <b>.mp4", n) for n in range(3)]
    _send(tab, ".ms-drop", *clips)
    tab.wait_for_function("document.querySelectorAll('.ms-ref').length === 3")
    tab.wait_for_selector(".ms-fine")
    assert "clip 0 _b_.mp4" in tab.inner_text(".ms-refs")
    assert tab.inner_text("#st-sum") == "3 clips, 6 s"
    assert "5 to 10" in tab.inner_text(".ms-refs")  # what would make it better

    # A LoRA: what it takes is told before.
    tab.click("[data-kind=lora]")
    tab.wait_for_function("document.querySelector('#st-estimate').textContent.includes('GB')")
    tab.click("[data-kind=look]")
    tab.wait_for_function("!document.querySelector('#st-estimate').textContent.includes('GB')")

    # A look: learned, found again after a reload.
    tab.click("#st-make")
    assert "name" in tab.inner_text("#st-make-note")
    tab.fill("#st-name", "grey day")
    tab.click("#st-make")
    tab.wait_for_selector("[data-style='grey day']")
    tab.wait_for_selector("#st-after", state="visible")
    tab.reload()
    tab.wait_for_selector(".ms-tile")
    _open(tab, "Style")
    tab.wait_for_selector("[data-style='grey day']")
    assert tab.locator(".ms-ref").count() == 3

    # At any strength, on another photo.
    tab.wait_for_selector("#st-after", state="visible")
    first = _after(tab)
    tab.locator("#st-strength").fill("0")
    tab.wait_for_function("before => document.querySelector('#st-after').src !== before", arg=first)
    tab.wait_for_function(
        "document.querySelector('#st-after').src === document.querySelector('#st-before').src"
    )
    tab.locator("#st-strength").fill("0.9")
    box = tab.locator(".ms-style .ms-divider").bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + 1, box["y"] + 40)
    tab.mouse.down()
    tab.mouse.move(box["x"] - 100, box["y"] + 40, steps=3)
    tab.mouse.up()
    assert float(str(tab.get_attribute(".ms-style .ms-divider", "aria-valuenow"))) < 45

    # Files to keep.
    for form in ("safetensors", "cube"):
        with tab.expect_download() as kept:
            tab.click(f"[data-form={form}]")
        assert kept.value.suggested_filename == f"grey day.{form}"

    # Into the prompt, where its strength is at hand; then a clip is drawn with it.
    tab.click("#st-use")
    tab.wait_for_selector(".ms-desk", state="visible")
    assert tab.input_value("#ms-sentence") == "<lora:grey day:0.9>"
    tab.wait_for_selector(".ms-styletag[data-style='grey day']")
    tab.fill("#ms-sentence", "slow push in <lora:grey day:0.7>")
    tab.click("#ms-read")
    tab.wait_for_function(
        "document.querySelector('.ms-styletag .ms-value')?.textContent === '0.70'"
    )
    tab.click("#ms-preview")
    _made(tab)
    tab.click(".ms-styletag button")
    tab.wait_for_selector(".ms-styletag", state="detached")
    assert "lora" not in tab.input_value("#ms-sentence")


def _made(page: Page) -> None:
    page.wait_for_function(
        "!document.querySelector('#monitor .ms-badge').hidden"
        " || document.querySelector('#ms-failure').textContent"
    )
    assert page.inner_text("#ms-failure") == ""


def test_a_training_shows_how_it_goes(
    tab: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = PretendedTraining()
    monkeypatch.setattr("synth.style.training.train_lora", training)
    monkeypatch.setattr("synth.ui.style_learning.missing_for", lambda *_: "")
    _send(tab, ".ms-drop", *(make_reference(tmp_path / f"{n}.mp4", n) for n in range(2)))
    tab.wait_for_selector(".ms-fine")
    tab.click("[data-kind=lora]")
    tab.fill("#st-name", "ember")
    tab.wait_for_selector("#st-make:not([disabled])")
    tab.click("#st-make")
    # Half-way: how far, how long yet, the curve and pictures so far.
    tab.wait_for_function("document.querySelectorAll('.ms-previews figure').length === 1")
    assert "Training · 50 %" in tab.inner_text(".ms-making")
    assert "left" in tab.inner_text(".ms-making .ms-left")
    assert "over 199 steps" in str(tab.get_attribute("#st-curve svg", "aria-label"))
    points = str(tab.get_attribute("#st-curve .ms-loss", "points")).split()
    assert 150 <= len(points) <= 400
    held = [float(one.split(",")[1]) for one in
            str(tab.get_attribute("#st-curve .ms-lossheld", "points")).split()]  # fmt: skip
    assert held == sorted(held)  # falls, so it goes down the screen
    for width in (1366, 390):
        tab.set_viewport_size({"width": width, "height": 844})
        _no_panel_is_too_wide(tab)
    tab.set_viewport_size({"width": 1366, "height": 768})

    # A reload takes it up again; then it ends.
    tab.reload()
    tab.wait_for_selector(".ms-tile")
    _open(tab, "Style")
    tab.wait_for_selector("#st-curve svg", state="visible")
    training.go.set()
    tab.wait_for_selector("[data-style=ember]")
    tab.wait_for_function("document.querySelector('#st-make-note').textContent.includes('took')")
    words = tab.locator(".ms-previews figcaption").all_inner_texts()
    _no_panel_is_too_wide(tab)
    assert words[-2:] == ["Without the style", "With it, at strength 1"]
    strip, last = (tab.locator(one).last.bounding_box() for one in
                   (".ms-previews", ".ms-previews figure"))  # fmt: skip
    assert strip is not None
    assert last is not None
    assert last["x"] + last["width"] <= strip["x"] + strip["width"] + 1  # without scrolling
    assert tab.is_visible("#st-curve")
    assert tab.is_hidden(".ms-making")


@pytest.mark.filterwarnings("ignore:.*experimental.*:UserWarning")
def test_a_training_is_taken_along_or_ordered_elsewhere_for_a_price(
    tab: Page, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _send(tab, ".ms-drop", *(make_reference(tmp_path / f"{n}.mp4", n) for n in range(2)))
    tab.wait_for_selector(".ms-fine")
    tab.click("[data-kind=lora]")
    tab.fill("#st-name", "ember")
    with tab.expect_download() as kept:
        tab.click("#st-take")
    job = TrainingJob.model_validate(json.loads(kept.value.path().read_text()))
    assert (job.name, job.references, job.output) == ("ember", ("clips",), "ember.safetensors")
    assert tab.inner_text("#st-command") == "python -m synth.style.training job.json"

    with StandIn() as hub:
        rented = rent(hub, tmp_path, monkeypatch, "ember")
        tab.click("#st-remote summary")
        assert tab.is_disabled("#st-price")
        tab.fill("#st-token", CANARY)
        tab.click("#st-price")
        tab.wait_for_selector("#st-order", state="visible")
        assert rented.spec is None  # nothing is ordered before somebody agrees
        agreed = tab.inner_text("#st-order")
        assert "$" in agreed
        assert "at most" in agreed
        assert "an hour" in tab.inner_text("#st-offer")
        tab.set_viewport_size({"width": 390, "height": 844})
        _no_panel_is_too_wide(tab)
        tab.set_viewport_size({"width": 1366, "height": 768})
        tab.click("#st-order")
        assert tab.input_value("#st-token") == ""
        tab.wait_for_selector("[data-style=ember]")
        assert (rented.spec or {})["timeoutSeconds"] >= 3600
        assert "huggingface.co/jobs/me/" in str(tab.get_attribute("#st-page a", "href"))
        assert "It ran 2 min" in tab.inner_text("#st-make-note")
        assert tab.is_visible("#st-curve")
    kept_here = tab.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert CANARY not in kept_here + tab.evaluate("document.documentElement.outerHTML")
    for file in server.uploads.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes()


def test_styles_are_imported_named_and_deleted(tab: Page, tmp_path: Path) -> None:
    look, lora = make_look(tmp_path / "noir.safetensors"), make_lora(tmp_path / "ember.safetensors")
    _send(tab, "#st-import", look, lora)
    tab.wait_for_function("document.querySelectorAll('.ms-stylecard').length === 2")
    card = tab.inner_text(".ms-stylecard[data-style=ember]")
    assert "Wan 2.2 (5B)" in card
    assert "in noir" in card
    name = tab.locator("[data-style=ember] .ms-stylename")
    name.fill("glow")
    name.press("Enter")
    tab.wait_for_selector("[data-style=glow]")
    assert tab.inner_text(".ms-stylepanel h2") == "glow"
    # The longest name there may be fits on a phone.
    name = tab.locator("[data-style=noir] .ms-stylename")
    name.fill("a name as long as a name may ever be on this page " * 2)
    name.press("Enter")
    tab.wait_for_selector(
        "[data-style='a name as long as a name may ever be on this page a name as']"
    )
    tab.set_viewport_size({"width": 390, "height": 844})
    _no_panel_is_too_wide(tab)
    tab.set_viewport_size({"width": 1366, "height": 768})
    name = tab.locator("[data-style=glow] .ms-stylename")
    name.fill("")
    name.press("Enter")
    assert "still called “glow”" in tab.inner_text("#st-library-note")
    assert tab.input_value("[data-style=glow] .ms-stylename") == "glow"
    tab.once("dialog", lambda dialog: dialog.accept())
    tab.click("[data-style=glow] > .ms-quiet")
    tab.wait_for_selector("[data-style=glow]", state="detached")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no style")
    _send(tab, "#st-import", broken)
    tab.wait_for_selector("#st-library-note.ms-bad:not(:empty)")
    # A table of colours is a look, too; an old complaint does not stay.
    _send(tab, "#st-import", write_cube(look_lut("noir"), tmp_path / "table.cube"))
    tab.wait_for_selector("[data-style=table]")
    tab.wait_for_selector("#st-library-note:not(.ms-bad):not(:empty)")


def test_what_the_server_has_lost_is_told_after_every_reload(tab: Page) -> None:
    kept = json.dumps({"desk": "0" * 48, "chosen": "noir"})
    tab.evaluate("kept => localStorage.setItem('motion-synth:style:1', kept)", kept)
    for _ in range(2):
        tab.reload()
        tab.wait_for_selector(".ms-tile")
        _open(tab, "Style")
        tab.wait_for_function(
            "document.querySelector('#st-library-note').textContent.includes('no longer has')"
        )
        assert "gone from the server" in tab.inner_text(".ms-stylepanel")


def test_clips_before_the_grade_and_bad_files_are_told_apart(tab: Page, tmp_path: Path) -> None:
    clips = [make_reference(tmp_path / f"{n} graded.mp4", n) for n in range(2)]
    bad = [tmp_path / f"bad {n}.mp4" for n in range(3)]
    for one in bad:
        one.write_bytes(b"no video")
    _send(tab, ".ms-drop", *clips, *bad)
    tab.wait_for_selector(".ms-fine")
    tab.wait_for_selector("#st-ref-note.ms-bad")
    told = tab.inner_text("#st-ref-note")
    assert told.startswith("bad 0.mp4, bad 1.mp4, bad 2.mp4: ")
    assert told.count("MP4 (H.264)") == 1  # the reason stands there once

    assert "Optional" in tab.inner_text("#st-befores")
    _send(tab, "#st-before-add", make_reference(tmp_path / "1.mp4", 1))
    tab.wait_for_function("document.querySelectorAll('.ms-wasbefore').length === 1")
    assert "1 graded.mp4" in tab.inner_text(".ms-ref:has(.ms-wasbefore)")
    assert "1 of the references has none" in tab.inner_text("#st-befores")
    _send(tab, "#st-before-add", make_reference(tmp_path / "0.mp4", 0))
    tab.wait_for_function("document.querySelectorAll('.ms-wasbefore').length === 2")
    assert "each pixel" in tab.inner_text("#st-befores")
    tab.click("#st-before-clear")
    tab.wait_for_selector(".ms-wasbefore", state="detached")


def test_who_draws_is_chosen_and_told_before_and_a_token_goes_once(
    tab: Page, server: Server
) -> None:
    _open(tab, "Motion")
    assert tab.text_content("#ms-drawn") == "Drawn by: photo geometry"
    tab.click("#ms-drawn")
    tab.wait_for_selector("#ms-preflight .ms-keeps-exactly")
    assert not tab.is_visible("#ms-token")

    # Geometry steers a model: the camera is kept, the sentence can be changed and had again.
    tab.click("#ms-settings [data-backend=guided]")
    tab.wait_for_selector("#ms-words-reset", state="hidden")
    tab.wait_for_function("document.querySelector('#ms-words').value.length > 10")
    compiled = tab.input_value("#ms-words")
    tab.fill("#ms-words", "A robot waves.")
    tab.locator("#ms-words").blur()
    tab.wait_for_selector("#ms-words-reset", state="visible")
    tab.click("#ms-words-reset")
    tab.wait_for_selector("#ms-words-reset", state="hidden")
    assert tab.input_value("#ms-words") == compiled

    # A service: the photo leaves, a token is asked for, and the camera is only told in words.
    tab.click("#ms-settings [data-backend=providers]")
    tab.wait_for_selector("#ms-preflight .ms-keeps-words")
    assert tab.is_visible(".ms-leaves")
    tab.select_option("#ms-provider", "together")
    sent: list[str] = []
    tab.on("request", lambda request: sent.append(request.post_data or ""))
    tab.fill("#ms-token", f"{CANARY} broken")
    tab.click("#ms-render")
    words = tab.wait_for_function("document.querySelector('#ms-failure').textContent").json_value()
    assert "token" in str(words)
    assert tab.input_value("#ms-token") == ""  # it went with this one call
    assert sum(CANARY in body for body in sent) == 1
    kept = tab.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    shown = tab.evaluate("document.documentElement.outerHTML")
    assert CANARY not in kept + shown
    for file in server.uploads.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes()

    # The same choice on the Keyframes tab; the shot carries it, without the token.
    _open(tab, "Keyframes")
    tab.wait_for_selector("#kf-drawn")
    assert "service" in tab.inner_text("#kf-drawn")
    tab.click("#kf-drawn")
    tab.click("#kf-settings [data-backend=geometric]")
    tab.wait_for_function(
        "document.querySelector('#ms-drawn').textContent === 'Drawn by: photo geometry'"
    )


def test_a_card_of_the_sequence_says_who_draws_it(tab: Page) -> None:
    _open(tab, "Sequence")
    tab.click("#sq-examples")
    tab.wait_for_selector("#sq-drawn", state="visible")
    tab.click("#sq-drawn")
    tab.click("#sequence [data-backend=diffusers]")
    tab.wait_for_function(
        "JSON.parse(localStorage['motion-synth:sequence:1'] || 'null')?.doc.project.shots"
        ".some((shot) => shot.shot.backend?.name === 'diffusers')"
    )
    tab.wait_for_selector("#sq-preflight .ms-keeps-words")
    kept: dict[str, Any] = json.loads(tab.evaluate("localStorage['motion-synth:sequence:1']"))
    drawn = [shot["shot"].get("backend", {}) for shot in kept["doc"]["project"]["shots"]]
    assert [one.get("name", "geometric") for one in drawn].count("diffusers") == 1
    tab.once("dialog", lambda dialog: dialog.accept())
    tab.click("#sq-menu")
    tab.click("[data-do=forget]")
    tab.wait_for_function("document.querySelector('#sq-note').textContent.includes('none of your')")
