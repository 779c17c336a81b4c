"""The Sequence tab in a real browser: a film is built, lost sight of, found again and saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page

from tests.ui.conftest import Server, make_picture
from tests.ui.interpolating import make_clip
from tests.ui.sounding import write_clicks

NAMES = "[...document.querySelectorAll('.ms-cardname')].map((one) => one.textContent)"


@pytest.fixture
def tab(desk: Page) -> Iterator[Page]:
    """The tab, empty; what it put on the server goes away afterwards."""
    desk.evaluate("localStorage.clear()")
    desk.reload()
    desk.wait_for_selector(".ms-tile")
    _open(desk)
    desk.wait_for_selector("#sq-examples", state="visible")
    yield desk
    desk.context.set_offline(False)
    _open(desk)
    _menu(desk, "forget")
    desk.wait_for_function(
        "document.querySelector('#sq-note').textContent.includes('none of your')"
    )
    desk.evaluate("localStorage.clear()")


def _open(page: Page) -> None:
    page.get_by_role("tab", name="Sequence").click()
    page.wait_for_selector(".ms-seqhead", state="visible")


def _menu(page: Page, what: str) -> None:
    page.once("dialog", lambda dialog: dialog.accept()) if what == "forget" else None
    page.click("#sq-menu")
    page.click(f"[data-do={what}]")


def _send(page: Page, act: Callable[[], object], *paths: Path) -> None:
    with page.expect_file_chooser() as chooser:
        act()
    chooser.value.set_files([str(path) for path in paths])


def _sum(page: Page, words: str) -> None:
    page.wait_for_function(
        "words => document.querySelector('#sq-sum').textContent === words", arg=words
    )


def _three_examples(page: Page) -> None:
    page.click("#sq-examples")
    page.wait_for_function(f"{NAMES}.length === 3")
    _sum(page, "3 shots 14.0 s − 2 transitions 1.6 s = 12.4 s")
    page.wait_for_function("'motion-synth:sequence:1' in localStorage")


def _small(page: Page) -> None:
    """A film that is quickly made."""
    page.get_by_role("tab", name="Film").click()
    page.select_option("#sq-side", "480")
    page.select_option("#sq-fps", "12")
    for card, seconds in enumerate(("1", "1", "1")):
        field = page.locator(".ms-card .ms-number").nth(card)
        field.fill(seconds)
        field.press("Enter")
        page.wait_for_function(
            "([card, seconds]) => JSON.parse(localStorage['motion-synth:sequence:1'])"
            ".doc.cards[card].seconds == seconds",
            arg=[card, seconds],
        )
    page.get_by_role("tab", name="Transition").click()
    page.locator(".ms-chip").first.click()
    page.fill("#sq-way-seconds", "0.25")
    page.press("#sq-way-seconds", "Enter")
    page.get_by_role("button", name="Use between all shots").click()
    _sum(page, "3 shots 3.0 s − 2 transitions 0.5 s = 2.5 s")


def _made(page: Page, badge: str) -> None:
    page.wait_for_function(
        "badge => document.querySelector('.ms-seqmonitor .ms-badge').textContent.startsWith(badge)"
        " || document.querySelector('#sq-failure').textContent",
        arg=badge,
    )
    assert page.inner_text("#sq-failure") == ""


def test_three_shots_become_a_film_that_is_found_again(tab: Page, tmp_path: Path) -> None:
    _three_examples(tab)
    assert tab.evaluate(NAMES) == ["Lighthouse", "Robot", "Cloister"]
    _small(tab)

    # Another order: by hand, back, and with the keyboard.
    boxes = [one.bounding_box() for one in tab.locator(".ms-cardframe").all()]
    first, last = boxes[0], boxes[2]
    assert first is not None
    assert last is not None
    tab.mouse.move(first["x"] + 40, first["y"] + 30)
    tab.mouse.down()
    tab.mouse.move(last["x"] + 60, last["y"] + 40, steps=6)
    tab.mouse.up()
    assert tab.evaluate(NAMES) == ["Robot", "Cloister", "Lighthouse"]
    tab.locator(".ms-card").first.focus()
    tab.keyboard.press("Control+z")
    assert tab.evaluate(NAMES) == ["Lighthouse", "Robot", "Cloister"]
    tab.keyboard.press("Control+Shift+z")
    tab.locator(".ms-card").nth(1).focus()
    tab.keyboard.press("Alt+ArrowLeft")
    assert tab.evaluate(NAMES) == ["Cloister", "Robot", "Lighthouse"]

    # A sentence becomes a move; nonsense is told beside its card, and the move stays.
    say = tab.locator(".ms-say").first
    say.fill("banana bread")
    say.press("Enter")
    tab.wait_for_selector(".ms-card .ms-bad:visible")
    say.fill("truck left")
    say.press("Enter")
    tab.wait_for_function(
        "[...document.querySelectorAll('.ms-card .ms-bad')].every((one) => one.hidden)"
    )
    tab.wait_for_function(
        "JSON.parse(localStorage['motion-synth:sequence:1']).doc.project.shots.some((shot) =>"
        " shot.id === 'Cloister' && shot.shot.motion.camera.type === 'truck')"
    )

    # A transition, music and a title.
    tab.locator(".ms-chip").first.click()
    tab.click("[data-family=wipe]")
    tab.click("[data-way=wipeleft]")
    tab.wait_for_function(
        "document.querySelector('[data-way=wipeleft] i').style.backgroundImage.startsWith('url')"
    )
    tab.get_by_role("tab", name="Sound & titles").click()
    music = write_clicks(tmp_path / "clicks <b>.wav", seconds=4.0, bpm=120)
    _send(tab, lambda: tab.click("#sq-add-music"), music)
    tab.wait_for_selector("[data-track]")
    tab.wait_for_selector(".ms-soundblock")
    tab.get_by_role("button", name="Find beats").click()
    tab.wait_for_function(
        "JSON.parse(localStorage['motion-synth:sequence:1']).doc.project.sound.beats.length > 4"
    )
    tab.click("#sq-add-title")
    tab.fill("[aria-label='Text of the title']", "Out <b>at</b> sea")
    tab.wait_for_selector(".ms-titleblock")
    assert tab.locator(".ms-titleblock b, .ms-item b, .ms-soundblock b").count() == 0

    # The whole, small and quick.
    tab.keyboard.press("Escape")
    tab.click("#sq-play")
    _made(tab, "Play-through")
    assert tab.evaluate("document.querySelector('#sq-film').videoWidth") in (0, 384)

    # The film; the page is left in the middle, and comes back.
    tab.click("#sq-render")
    tab.wait_for_selector("#sequence .ms-progress", state="visible")
    tab.reload()
    tab.wait_for_selector(".ms-tile")
    _open(tab)
    tab.wait_for_selector(".ms-card")
    assert tab.evaluate(NAMES) == ["Cloister", "Robot", "Lighthouse"]
    _made(tab, "Rendered")
    with tab.expect_download() as waiting:
        tab.click("#sq-download")
    film = tmp_path / "film.mp4"
    waiting.value.save_as(film)
    with av.open(str(film)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert frames == 30, "2.5 s at 12 frames a second"
    with av.open(str(film)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert heard / 48_000 == pytest.approx(2.5, abs=0.1)


def test_a_lost_connection_loses_nothing(tab: Page) -> None:
    _three_examples(tab)
    _small(tab)
    tab.click("#sq-render")
    tab.wait_for_selector("#sequence .ms-progress", state="visible")
    tab.context.set_offline(True)
    tab.wait_for_function(
        "document.querySelector('#sq-told').textContent.includes('connection is lost')"
    )
    # One goes on working meanwhile.
    tab.locator(".ms-card").last.focus()
    tab.keyboard.press("Control+d")
    tab.wait_for_function(f"{NAMES}.length === 4")
    tab.context.set_offline(False)
    _made(tab, "Rendered")
    tab.wait_for_selector(".ms-seqmonitor .ms-stale", state="visible")


def test_files_of_ones_own_are_added_trimmed_and_saved(tab: Page, tmp_path: Path) -> None:
    photo = make_picture(tmp_path / "a <i>photo</i>.png".replace("/", "-"), 160, 96)
    clip = make_clip(tmp_path / "walk.mp4", frames=24, fps=12)
    fake = tmp_path / "fake.png"
    fake.write_text("no picture")
    add = lambda: tab.click("#sq-add-photos")  # noqa: E731
    _send(tab, add, photo, clip, fake)
    tab.wait_for_function(f"{NAMES}.length === 2")
    tab.wait_for_function("document.querySelector('#sq-note').textContent.includes('fake.png')")
    assert tab.locator(".ms-cardname i").count() == 0, "a file name is text"
    _sum(tab, "2 shots 6.0 s − 1 transition 0.5 s = 5.5 s")

    # A transition that needs photos says so before anything is drawn.
    tab.locator(".ms-chip").first.click()
    tab.click("[data-family=camera]")
    tab.click("[data-way=push_through]")
    tab.wait_for_selector(".ms-face .ms-bad:visible")
    assert "both its shots" in tab.inner_text(".ms-face:not([hidden]) .ms-bad")
    tab.click("[data-way=whip_pan]")
    tab.wait_for_selector(".ms-face .ms-bad", state="detached")

    # A clip cannot be longer than its file; a part of it can be used.
    length = tab.locator(".ms-card .ms-number").nth(1)
    length.fill("9")
    length.press("Enter")
    tab.wait_for_selector(".ms-card .ms-bad:visible")
    tab.locator(".ms-card").nth(1).click(position={"x": 20, "y": 150})
    tab.fill("#sq-trim-start", "0.5")
    tab.press("#sq-trim-start", "Enter")
    _sum(tab, "2 shots 5.5 s − 1 transition 0.5 s = 5.0 s")

    # An overlap that is longer than its shot is told, and the project stays.
    tab.locator(".ms-chip").first.click()
    tab.fill("#sq-way-seconds", "3")
    tab.press("#sq-way-seconds", "Enter")
    tab.wait_for_function(
        "[...document.querySelectorAll('.ms-card .ms-bad')].some((one) => one.textContent"
        ".includes('Shorten them'))"
    )
    tab.click("#sq-undo")

    # Saved to a file, and opened again.
    with tab.expect_download() as waiting:
        _menu(tab, "save")
    saved = tmp_path / "film.json"
    waiting.value.save_as(saved)
    values = json.loads(saved.read_text())
    assert [item["kind"] for item in values["timeline"]] == ["clip", "transition", "clip"]
    _menu(tab, "new")
    tab.wait_for_selector("#sq-examples", state="visible")
    _send(tab, lambda: _menu(tab, "open"), saved)
    tab.wait_for_function(f"{NAMES}.length === 2")
    _sum(tab, "2 shots 5.5 s − 1 transition 0.5 s = 5.0 s")

    # A project from the future, and a file that is none: clear words, and all is as it was.
    for text, words in (
        ({**values, "schema": "motion-synth.project/2"}, "version"),
        ({"schema": "something else"}, "something else"),
    ):
        other = tmp_path / "other.json"
        other.write_text(json.dumps(text))
        _send(tab, lambda: _menu(tab, "open"), other)
        tab.wait_for_function(
            "words => document.querySelector('#sq-note').textContent.includes(words)", arg=words
        )
        assert len(tab.evaluate(NAMES)) == 2

    # The server has lost the files: which ones is said, and they can be added again.
    _menu(tab, "forget")
    tab.wait_for_selector("#sq-missing", state="visible")
    assert "walk.mp4" in tab.inner_text("#sq-missing")
    _send(tab, lambda: tab.click("#sq-again"), clip, fake)
    tab.wait_for_function("!document.querySelector('#sq-missing').textContent.includes('walk.mp4')")
    assert tab.is_visible("#sq-missing")
    # A photo that is added as any other fills the card that waits for it.
    _send(tab, add, photo)
    tab.wait_for_selector("#sq-missing", state="hidden")
    assert len(tab.evaluate(NAMES)) == 2


def test_a_camera_is_edited_on_another_tab_and_comes_back(tab: Page) -> None:
    _three_examples(tab)
    tab.click("#sq-edit")
    tab.wait_for_function(
        "document.querySelector('.ms-photo .ms-name').textContent.startsWith('Lighthouse')"
    )
    tab.locator(".ms-tile", has_text="Pan").first.click()
    tab.wait_for_function("document.querySelector('#ms-summary').textContent.includes('pan')")
    tab.click("#sq-back-motion")
    tab.wait_for_selector(".ms-card:visible")
    tab.wait_for_function(
        "[].concat(JSON.parse(localStorage['motion-synth:sequence:1']).doc.project.shots[0]"
        ".shot.motion.camera).some((move) => move.type === 'pan')"
    )
    # What stands on the Motion tab can become another card.
    tab.get_by_role("tab", name="Motion").click()
    tab.click("#ms-sequence")
    tab.wait_for_function(f"{NAMES}.length === 4")


def test_a_cut_snaps_to_a_beat(tab: Page, tmp_path: Path) -> None:
    _three_examples(tab)
    tab.get_by_role("tab", name="Sound & titles").click()
    music = write_clicks(tmp_path / "clicks.wav", seconds=8.0, bpm=60)
    _send(tab, lambda: tab.click("#sq-add-music"), music)
    tab.wait_for_selector(".ms-soundblock")
    tab.get_by_role("button", name="Find beats").click()
    stored = "JSON.parse(localStorage['motion-synth:sequence:1']).doc"
    tab.wait_for_function(f"{stored}.project.sound.beats.length > 4")
    beats = tab.evaluate(f"{stored}.project.sound.beats")
    target = next(beat for beat in beats if beat > 2.5)
    # The cut lies in the middle of the transition of 0.8 s, so the card ends 0.4 s later.
    ruler = tab.locator(".ms-ruler").bounding_box()
    edge = tab.locator(".ms-edge").first.bounding_box()
    assert ruler is not None
    assert edge is not None
    scale = ruler["width"] / 12.4
    tab.mouse.move(edge["x"] + 5, edge["y"] + 10)
    tab.mouse.down()
    tab.mouse.move(edge["x"] - 30, edge["y"] + 10, steps=4)
    tab.mouse.move(ruler["x"] + (target + 0.4) * scale + 4, edge["y"] + 10, steps=4)
    tab.mouse.up()
    tab.wait_for_function(f"{stored}.cards[0].seconds < 4")
    assert tab.evaluate(f"{stored}.cards[0].seconds") == pytest.approx(target + 0.4, abs=0.03)


def test_sixty_cards_stay_quick(tab: Page, server: Server) -> None:
    _three_examples(tab)
    tab.evaluate("""() => {
      const kept = JSON.parse(localStorage['motion-synth:sequence:1']);
      const { project, cards } = kept.doc;
      for (let number = 3; number < 60; number += 1) {
        const id = `${project.shots[number % 3].id} ${number}`;
        project.shots.push({ ...project.shots[number % 3], id });
        cards.push({ ...cards[number % 3], shot: id, way: cards[0].way });
        kept.said[id] = { words: "", seconds: cards[number % 3].seconds };
      }
      cards[2].way = cards[0].way;
      window.addEventListener("pagehide", () =>
        localStorage.setItem("motion-synth:sequence:1", JSON.stringify(kept)));
    }""")
    tab.reload()
    tab.wait_for_selector(".ms-tile")
    _open(tab)
    tab.wait_for_function(f"{NAMES}.length === 60")
    tab.wait_for_function("document.querySelectorAll('.ms-cardframe img[src]').length === 60")
    assert tab.inner_text("#sq-sum").startswith("60 shots 280.0 s − 59 transitions")
    # A change of one card leaves the elements of all others as they are.
    tab.evaluate("""() => { window.touched = 0; new MutationObserver((all) => {
      const cell = ({ target }) =>
        (target.closest ? target : target.parentElement).closest(".ms-cell");
      const cells = new Set(all.map(cell).filter(Boolean));
      window.touched = Math.max(window.touched, cells.size); }).observe(
        document.querySelector(".ms-board"),
      { subtree: true, childList: true, attributes: true, characterData: true }); }""")
    field = tab.locator(".ms-card .ms-number").nth(30)
    field.fill("6")
    field.press("Enter")
    tab.wait_for_function("document.querySelector('#sq-sum').textContent.startsWith('60 shots 28')")
    assert 0 < tab.evaluate("window.touched") <= 3


def test_it_fits_a_telephone(tab: Page) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    try:
        _three_examples(tab)
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        for name in ("Transition", "Sound & titles", "Continuity", "Film", "Shot"):
            tab.get_by_role("tab", name=name, exact=True).click()
            assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        # A card that is tapped shows its sheet; its fields are typed into where they are.
        seen = "name => { const { top } = document.querySelector(name).getBoundingClientRect();"
        seen += " return top >= 0 && top < innerHeight - 200; }"
        tab.evaluate("scrollTo(0, 0)")
        tab.locator(".ms-card .ms-say").nth(1).click()
        assert not tab.evaluate(seen, ".ms-sheet")
        tab.locator(".ms-card .ms-cardname").nth(1).click()
        tab.wait_for_function(f"({seen})('.ms-sheet')")
        assert tab.input_value("#sq-shot-name") == "Robot"
        # While a film is made, the bar at the foot of the window tells how far it is.
        assert not tab.is_visible("#sq-bar")
        tab.click("#sq-play")
        tab.wait_for_selector("#sq-bar", state="visible")
        box = tab.locator("#sq-bar").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] <= 844
        assert "Playing through" in tab.inner_text("#sq-bar")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        tab.locator("#sq-bar button").click()
        tab.wait_for_selector("#sq-bar", state="hidden")
        assert "Cancelled" in tab.inner_text("#sq-told")
    finally:
        tab.set_viewport_size({"width": 1366, "height": 768})


def _length(page: Page, card: int, typed: str) -> None:
    field = page.locator(".ms-card .ms-number").nth(card)
    field.fill(typed)
    field.press("Enter")


def test_undo_takes_back_what_was_said_and_halves_are_their_own(tab: Page) -> None:
    _three_examples(tab)
    _length(tab, 0, "2,5")  # As half of the world writes it.
    _sum(tab, "3 shots 11.5 s − 2 transitions 1.6 s = 9.9 s")
    tab.click("#sq-undo")
    _sum(tab, "3 shots 14.0 s − 2 transitions 1.6 s = 12.4 s")
    assert tab.locator(".ms-card .ms-bad:visible").count() == 0
    assert "of 5 s" in tab.inner_text(".ms-face[data-face=shot]")
    say = tab.locator(".ms-say").first
    say.fill("orbit left")
    say.press("Enter")
    tab.wait_for_selector(".ms-heard:has-text('Orbit left')")
    tab.click("#sq-undo")
    tab.wait_for_selector(".ms-heard:has-text('Orbit left')", state="detached")

    # The halves of a shot that was split are changed each for itself.
    tab.locator(".ms-card").nth(1).click(position={"x": 20, "y": 150})
    tab.get_by_role("button", name="Split").click()
    tab.wait_for_function(f"{NAMES}.length === 4")
    assert tab.evaluate(NAMES)[1:3] == ["Robot", "Robot 2"]
    _length(tab, 1, "3")
    _sum(tab, "4 shots 15.0 s − 2 transitions 1.6 s = 13.4 s")

    # A copy has the keys, so that it is the copy which they delete.
    tab.locator(".ms-card").first.focus()
    tab.keyboard.press("Control+d")
    tab.keyboard.press("Delete")
    assert tab.evaluate(NAMES) == ["Lighthouse", "Robot", "Robot 2", "Cloister"]

    # Every transition has a name that can be read.
    tab.locator(".ms-chip").first.click()
    tab.click("[data-family=wipe]")
    assert tab.evaluate(
        "[...document.querySelectorAll('.ms-waytile')].every((one) =>"
        " one.clientHeight >= one.lastChild.offsetTop - one.offsetTop + 14)"
    )


def test_two_tabs_lose_nothing(tab: Page, server: Server) -> None:
    _three_examples(tab)
    other = tab.context.new_page()
    try:
        other.goto(server.url)
        other.wait_for_selector(".ms-tile")
        _open(other)
        other.wait_for_function(f"{NAMES}.length === 3")
        tab.locator(".ms-card").first.focus()
        tab.keyboard.press("Delete")
        other.wait_for_function(f"{NAMES}.length === 2")
        assert "another tab" in other.inner_text("#sq-note")
        other.locator(".ms-card").first.focus()
        other.keyboard.press("Control+d")
        tab.wait_for_function(f"{NAMES}.length === 3")
        # A page that changed nothing writes nothing as it goes.
        kept = other.evaluate("localStorage['motion-synth:sequence:1']")
        tab.reload()
        tab.wait_for_selector(".ms-tile")
        assert other.evaluate("localStorage['motion-synth:sequence:1']") == kept
        _open(tab)
        tab.wait_for_function(f"{NAMES}.length === 3")
    finally:
        other.close()
