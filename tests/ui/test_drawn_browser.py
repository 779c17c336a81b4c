"""Who draws a shot, and the styles in its words, in a real browser."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from synth.backends import families
from synth.backends.protocol import SizeRule


def test_a_style_that_is_not_there_is_told_at_fill_in(desk: Page) -> None:
    desk.evaluate("localStorage.clear()")
    desk.fill("#ms-sentence", "slow push in <lora:Night look:1>")
    desk.click("#ms-read")
    told = desk.locator("#ms-no-style")
    told.wait_for()
    words = "No style of yours is called 'Night look'. Learn or import it on the Style tab."
    assert words in told.inner_text()
    assert "Understood" in desk.inner_text(".ms-reply")
    # The same words where it is drawn.
    desk.click("#ms-preview")
    desk.wait_for_function("document.querySelector('#ms-failure').textContent")
    assert desk.inner_text("#ms-failure") == words
    # And once more: the same failure is told again, and the page goes on.
    for _ in range(2):
        desk.click("#ms-preview")
        desk.wait_for_function(
            "!document.querySelector('#ms-preview').disabled"
            " && document.querySelector('#ms-failure').textContent",
            timeout=10_000,
        )
        assert desk.inner_text("#ms-failure") == words
    told.get_by_role("button").click()
    desk.wait_for_selector(".ms-style", state="visible")


def test_a_guide_is_saved_and_the_clip_stays(
    desk: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = families.family("", guided=True)
    small = replace(own, sizes=SizeRule(16, 64, 96 * 64))
    monkeypatch.setattr(families, "family", lambda name, *, guided=False: small)
    desk.evaluate("localStorage.clear()")
    desk.fill("#ms-sentence", "push in for 0.5 seconds")
    desk.click("#ms-read")
    desk.wait_for_function("document.querySelector('.ms-reply').textContent.includes('Understood')")
    desk.click("#ms-preview")
    desk.wait_for_function("!document.querySelector('#monitor .ms-badge').hidden")
    badge = desk.inner_text("#monitor .ms-badge")
    desk.click("#ms-drawn")
    desk.locator("[data-backend=guided]:visible").click()
    with desk.expect_download() as kept:
        desk.click("#ms-guide")
    assert kept.value.suggested_filename.endswith("-guide.zip")
    kept.value.save_as(tmp_path / "guide.zip")
    assert "README.txt" in zipfile.ZipFile(tmp_path / "guide.zip").namelist()
    desk.wait_for_function("document.querySelector('#monitor').textContent.includes('ComfyUI')")
    assert desk.inner_text("#monitor .ms-badge") == badge
    assert desk.is_visible("#monitor video")
    assert desk.is_enabled("#ms-preview")


def test_the_keyframes_tab_tells_of_its_own_camera(desk: Page) -> None:
    desk.evaluate("sessionStorage.clear()")
    desk.get_by_role("tab", name="Keyframes").click()
    desk.wait_for_selector("#kf-drawn", state="visible")
    desk.click("#kf-drawn")
    desk.wait_for_function(
        "document.querySelector('#kf-preflight').textContent.includes('Keyed, with')"
    )
    # Each try of a service is charged, which is said before.
    assert "Up to 3 tries" in desk.inner_text("#kf-tries")
    assert "charges" not in desk.inner_text("#kf-tries")
    desk.locator("[data-backend=providers]:visible").click()
    desk.wait_for_function("document.querySelector('#kf-tries').textContent.includes('charges')")
