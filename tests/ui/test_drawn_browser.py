"""Who draws a shot, and the styles in its words, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page


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
    told.get_by_role("button").click()
    desk.wait_for_selector(".ms-style", state="visible")


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
