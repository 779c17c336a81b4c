"""The Grade & Quality tab in a real browser, driven as a person would."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Page

from synth.grade.cube import read_cube
from tests.ui.grading import make_flickering, write_swap

MEAN = """selector => { const image = document.querySelector(selector);
  const page = document.createElement('canvas'); page.width = 16; page.height = 9;
  const ink = page.getContext('2d'); ink.drawImage(image, 0, 0, 16, 9);
  const all = ink.getImageData(0, 0, 16, 9).data, sum = [0, 0, 0];
  for (let i = 0; i < all.length; i += 4) for (let c = 0; c < 3; c += 1) sum[c] += all[i + c] / 144;
  return sum; }"""


@pytest.fixture
def tab(desk: Page, tmp_path: Path) -> Page:
    """The tab with a clip on show whose light pulses in its second half."""
    desk.get_by_role("tab", name="Grade & Quality").click()
    desk.wait_for_selector(".ms-looktile")
    clip = make_flickering(tmp_path / "my <b>lamp<b>.mp4")
    desk.set_input_files("input[aria-label='Choose a clip']", str(clip))
    desk.wait_for_selector("#gq-after", state="visible")
    assert desk.locator(".ms-gradeview .ms-name b").count() == 0, "a file name is text"
    return desk


def _mean(page: Page, selector: str = "#gq-after") -> list[float]:
    return page.evaluate(MEAN, selector)


def _slide(page: Page, selector: str, value: float) -> None:
    """Move a slider as a hand does, and wait until the picture shows it."""
    _changed(page, lambda: page.evaluate(
        "([selector, value]) => { const slider = document.querySelector(selector);"
        " slider.value = value; slider.dispatchEvent(new Event('input'));"
        " slider.dispatchEvent(new Event('change')); }",
        [selector, value],
    ))  # fmt: skip


def _changed(page: Page, act: object) -> None:
    before = page.get_attribute("#gq-after", "src")
    act()  # type: ignore[operator]
    page.wait_for_function(
        "before => { const image = document.querySelector('#gq-after');"
        " return image.src !== before && image.complete; }",
        arg=before,
    )


def _made(page: Page, badge: str) -> None:
    page.wait_for_function(
        "badge => document.querySelector('#gq-monitor .ms-badge').textContent.startsWith(badge)"
        " || document.querySelector('#gq-failure').textContent",
        arg=badge,
    )
    assert page.inner_text("#gq-failure") == ""


def _saved(page: Page, act: object, folder: Path) -> Path:
    with page.expect_download() as waiting:
        act()  # type: ignore[operator]
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def test_a_clip_is_graded_by_hand_copied_and_rendered(tab: Page, tmp_path: Path) -> None:
    source = np.array(_mean(tab, "#gq-before"))
    assert np.abs(np.array(_mean(tab)) - source).max() < 2, "a desk at rest changes nothing"
    _slide(tab, "#gq-exposure", 0.1)
    brighter = np.array(_mean(tab))
    assert (brighter > source + 8).all()
    _changed(tab, lambda: tab.click("[data-look=noir]"))
    grey = _mean(tab)
    assert max(grey) - min(grey) < 3, "black and white"
    tab.wait_for_function("document.querySelector('[data-look=pastel] img').naturalWidth > 0")

    # Each change can be taken back, and each control put at rest.
    _changed(tab, lambda: tab.keyboard.press("Control+z"))
    assert np.abs(np.array(_mean(tab)) - brighter).max() < 2
    _changed(tab, lambda: tab.click("[data-reset=gq-exposure]"))
    assert np.abs(np.array(_mean(tab)) - source).max() < 2
    _changed(tab, lambda: tab.keyboard.press("Control+z"))

    # What is out of bounds is said beside its control, in the core's words.
    tab.fill("#gq-tint-number", "900")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("[data-problem=tint]:visible")
    assert "100" in tab.inner_text("[data-problem=tint]")
    _changed(tab, lambda: tab.fill("#gq-tint-number", "40") or tab.keyboard.press("Enter"))
    tab.wait_for_selector("[data-problem=tint]", state="hidden")

    # A wheel, a curve.
    tab.click("[data-group=wheels]")
    box = tab.locator("#gq-gain").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(*middle)
    tab.mouse.down()
    tab.mouse.move(middle[0] + 20, middle[1] + 4, steps=3)
    tab.mouse.up()
    assert float(tab.input_value("#gq-gain-2")) > 1.05 > float(tab.input_value("#gq-gain-1"))
    tab.click("[data-group=tone]")
    plot = tab.locator(".ms-tonecurve").bounding_box()
    assert plot is not None
    tab.mouse.click(plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] * 0.3)
    assert tab.locator("[data-tone]").count() == 3
    tab.keyboard.press("Delete")
    assert tab.locator("[data-tone]").count() == 2

    # Away and back again: as JSON through the clipboard, as a LUT into another program.
    tab.click("#gq-menu")
    tab.click("[data-do=copy]")
    tab.wait_for_function("document.querySelector('#gq-desk-note').textContent.includes('Copied')")
    copied = json.loads(tab.evaluate("navigator.clipboard.readText()"))
    assert copied["grade"]["adjustments"]["tint"] == 40
    tab.click("#gq-menu")
    _changed(tab, lambda: tab.click("[data-do=reset]"))
    tab.click("#gq-menu")
    _changed(tab, lambda: tab.click("[data-do=paste]"))
    tab.click("[data-group=basics]")
    assert tab.input_value("#gq-tint-number") == "40"
    tab.click("#gq-menu")
    cube = read_cube(_saved(tab, lambda: tab.click("[data-do=cube]"), tmp_path))
    assert cube.size == 33
    frame = np.array([[source]], np.float32) / 255
    assert np.abs(cube.apply(frame)[0, 0] * 255 - np.array(_mean(tab))).max() < 16

    # The result, as a file.
    tab.keyboard.press("r")
    _made(tab, "Graded")
    with av.open(_saved(tab, lambda: tab.click("#gq-download"), tmp_path)) as film:
        frames = [one.to_ndarray(format="rgb24") for one in film.decode(video=0)]
    assert len(frames) == 48
    assert np.abs(frames[0].mean(axis=(0, 1)) - np.array(_mean(tab))).max() < 6


def test_a_lut_of_ones_own_and_the_scopes(tab: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.cube"
    broken.write_text("LUT_3D_SIZE 2\n0 0 0\n0 0 zero\n")
    tab.set_input_files("input[aria-label='Choose a LUT']", str(broken))
    tab.wait_for_selector("[data-problem=lut]:visible:has-text('line 3')")
    swap = write_swap(tmp_path / "swap.cube")
    _changed(tab, lambda: tab.set_input_files("input[aria-label='Choose a LUT']", str(swap)))
    before, after = _mean(tab, "#gq-before"), _mean(tab)
    assert after == pytest.approx(before[::-1], abs=3)
    _slide(tab, "#gq-lut_strength", 0.0)
    assert _mean(tab) == pytest.approx(before, abs=3)
    for kind in ("parade", "vectorscope", "histogram"):
        tab.click(f"[data-scope={kind}]")
        tab.wait_for_function(
            "kind => [...document.querySelectorAll('.ms-scope')].every("
            "(one) => one.getAttribute('aria-label').startsWith(kind))",
            arg=kind,
        )
    drawn = tab.evaluate(
        "[...document.querySelectorAll('.ms-scope')].map((one) => one.data.map((line) => "
        "line.y.reduce((sum, count) => sum + count, 0)))"
    )
    assert drawn == [[160 * 90] * 4] * 2, "the histograms of source and result"
    # Another moment is another picture, and its scopes come along.
    _changed(tab, lambda: tab.keyboard.press("Shift+ArrowRight"))
    assert float(tab.input_value("#gq-moment")) == pytest.approx(10 / 24, abs=0.01)
    # A saved grade knows the name of its LUT, and finds it again.
    tab.click("#gq-menu")
    saved = _saved(tab, lambda: tab.click("[data-do=save]"), tmp_path)
    assert json.loads(saved.read_text())["lut"] == "swap.cube"
    lit = "[data-look=lut][aria-checked=true]"
    tab.click("#gq-menu")
    tab.click("[data-do=reset]")
    assert tab.locator(lit).count() == 0
    tab.set_input_files("input[aria-label='Load a grade']", str(saved))
    tab.wait_for_selector(lit)
    lost = tmp_path / "lost.json"
    lost.write_text(saved.read_text().replace("swap.cube", "another.cube"))
    tab.set_input_files("input[aria-label='Load a grade']", str(lost))
    tab.wait_for_selector(lit, state="detached")
    assert "another.cube" in tab.inner_text("#gq-desk-note")
    # A new clip opens as it is; the grade of the one before is at hand.
    tab.set_input_files("input[aria-label='Load a grade']", str(saved))
    tab.wait_for_selector(lit)
    other = make_flickering(tmp_path / "other.mp4", frames=12)
    tab.set_input_files("input[aria-label='Choose a clip']", str(other))
    tab.wait_for_selector("#gq-regrade")
    assert tab.locator(lit).count() == 0
    tab.click("#gq-regrade")
    tab.wait_for_selector(lit)


def test_a_clip_is_judged_and_mended(tab: Page) -> None:
    tab.keyboard.press("q")
    tab.keyboard.press("j")
    tab.wait_for_selector(".ms-card, #gq-judge-failure:not(:empty)")
    assert tab.inner_text("#gq-judge-failure") == ""
    assert tab.inner_text(".ms-score h3") == "Not fit for use"
    assert tab.locator(".ms-metric").count() == 5
    finding = tab.locator("[data-defect=flicker]")
    assert "between" in finding.locator("p").inner_text()
    finding.locator(".ms-moment").click()
    tab.wait_for_function("Number(document.querySelector('#gq-moment').value) > 0.9")
    tab.wait_for_function("document.querySelector('.ms-curveplot')._fullLayout")
    assert tab.locator(".ms-chips [aria-checked=true]").inner_text() == "Flicker"
    # Anywhere on the curve leads there.
    box = tab.locator("#gq-curves .ms-curveplot").bounding_box()
    assert box is not None
    tab.locator("#gq-curves .ms-curveplot").click(position={"x": box["width"] * 0.25, "y": 60})
    tab.wait_for_function("Number(document.querySelector('#gq-moment').value) < 0.7")
    finding.locator("[data-fix=deflicker]").click()
    _made(tab, "Deflickered")
    # Beside its source, frame by frame.
    tab.click("#gq-compare-result")
    tab.wait_for_selector("#gq-compare [data-kind=ssim_y], #gq-compare-note.ms-bad")
    assert "48 pairs" in tab.inner_text("#gq-compare-note")
    tab.click("#gq-compare [data-kind=ssim_y]")
    lowest = tab.evaluate(
        "Math.min(...document.querySelector('#gq-compare .ms-curveplot').data[0].y)"
    )
    assert 0.5 < lowest < 1
    tab.wait_for_function("document.querySelector('#gq-pair-1').readyState >= 2")
    # The mended clip becomes the source, and is better.
    tab.click("#gq-judge-result")
    tab.wait_for_function(
        "document.querySelector('.ms-gradeview .ms-name').textContent.includes('deflicker')"
    )
    tab.wait_for_selector("[data-earlier]")
    assert "not fit" in tab.inner_text("[data-earlier]")
    assert tab.locator("[data-defect=flicker]").count() == 0
    # A finished clip is one click away from the other tabs, too.
    tab.click("#gq-onward")
    tab.wait_for_selector(".ms-preset:visible")
    tab.wait_for_function(
        "document.querySelector('.ms-source .ms-name').textContent.includes('deflicker')"
    )
