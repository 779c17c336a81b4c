from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction
from synth.media import VideoWriter
from synth.sequence.exchange.contact_sheet import (
    camera_words,
    contact_sheet,
    timecode,
    write_contact_sheet,
)
from synth.sequence.exchange.sheet_pictures import CardPictures, shelf_pictures
from synth.sequence.project import FilmSettings, MediaRef, Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange
from synth.shot.model import Shot


def _shot(id: str, media: MediaRef, camera: object = None, prompt: str = "") -> SequenceShot:
    motion = {"camera": camera or {"type": "static", "duration": 2}}
    return SequenceShot(
        id=id, media=media, shot=Shot.from_dict({"motion": motion, "prompt": prompt})
    )


@pytest.fixture
def board(tmp_path: Path, shelf: Shelf) -> Path:
    """A photo with a fine pattern, 320x180."""
    y, x = np.mgrid[:180, :320]
    pixels = np.stack([x * 255 // 319, y * 255 // 179, 128 + 100 * np.sin(x / 9) * np.sin(y / 7)])
    path = tmp_path / "board.png"
    Image.fromarray(pixels.transpose(1, 2, 0).astype(np.uint8)).save(path)
    return path


def _film(shelf: Shelf, board: Path, count: int) -> tuple[Project, dict[str, int]]:
    ref = shelf.add(board, "photo")
    moves = [
        {"type": "dolly", "direction": "forward", "duration": 2, "intensity": 0.8},
        {"type": "pan", "direction": "left", "duration": 2},
        {"type": "pull_out", "duration": 2},
    ]
    shots = tuple(
        _shot(f"shot {n}", ref, moves[n % 3], "A sentence of some length " * 6)
        for n in range(count)
    )
    project = Project(name="Ein Film — Фильм 映画", shots=shots, output=FilmSettings(long_side=320))
    cards = [Card(shot.id, 0, 48, Way("whip_pan", 12)) for shot in shots]
    return arrange(project, cards), {shot.id: 48 for shot in shots}


def test_a_few_cards_fill_one_page_that_is_a4(shelf: Shelf, board: Path) -> None:
    project, lengths = _film(shelf, board, 3)
    (page,) = contact_sheet(project, lengths, shelf)
    high, wide = page.shape[:2]
    assert wide / high == pytest.approx(297 / 210, rel=1e-3)
    # Three of the four quarters hold a card, and nothing runs over the edge of the paper.
    inside = (page != 255).any(axis=2)
    edge = round(9 / 297 * wide)
    assert not inside[:edge].any()
    assert not inside[-edge // 2 :].any()
    assert not inside[:, :edge].any()
    assert not inside[:, -edge:].any()
    rows = slice(round(high * 0.56), round(high * 0.9))
    assert inside[rows, : wide // 2].mean() > 0.2
    assert not inside[rows, wide // 2 + 10 :].any()


def test_many_cards_make_pages_that_are_written_one_by_one(
    shelf: Shelf, board: Path, tmp_path: Path
) -> None:
    project, lengths = _film(shelf, board, 11)
    files = write_contact_sheet(project, lengths, shelf, tmp_path / "story.png")
    assert [path.name for path in files] == ["story-1.png", "story-2.png"]
    pdf = tmp_path / "story.pdf"
    assert write_contact_sheet(project, lengths, shelf, pdf) == (pdf,)
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") >= 2 or b"/Count 2" in data
    assert sorted(p.name for p in tmp_path.glob("story*")) == [
        "story-1.png", "story-2.png", "story.pdf",
    ]  # fmt: skip
    with Image.open(files[0]) as image:
        assert image.info["dpi"][0] == pytest.approx(200, abs=0.1)


def test_pictures_show_where_the_camera_begins_and_ends(shelf: Shelf, board: Path) -> None:
    ref = shelf.add(board, "photo")
    zoom = {"type": "zoom", "direction": "forward", "duration": 2, "intensity": 1.0}
    project = Project(
        shots=(_shot("z", ref, zoom), _shot("s", ref)), output=FilmSettings(long_side=320)
    )
    find = shelf_pictures(project, shelf, 320, 180)
    still = find(Card("s", 0, 48))
    assert still.first is not None
    assert still.last is not None
    assert still.outline is None
    with Image.open(board) as image:
        photo = np.asarray(image).astype(int)
    assert np.abs(still.first.astype(int) - photo).mean() < 1
    assert np.array_equal(still.first, still.last)
    zoomed = find(Card("z", 0, 48))
    assert zoomed.first is not None
    assert zoomed.last is not None
    assert zoomed.outline is not None
    assert zoomed.inward
    # What the outline encloses in the first picture fills the last one.
    (left, top), _, (right, bottom), _ = zoomed.outline * (320, 180)
    assert left == pytest.approx(320 - right, abs=0.01)
    share = (right - left) / 320
    path = project.shot("z").shot.camera_path()
    assert share == pytest.approx(path.focal_lengths[0] / path.focal_lengths[47], rel=1e-6)
    inner = Image.fromarray(zoomed.first).crop(
        (round(left), round(top), round(right), round(bottom))
    )
    again = np.asarray(inner.resize((320, 180), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(again - zoomed.last.astype(int))[8:-8, 8:-8].mean() < 8
    # Half of the way is half of the picture's change.
    part = find(Card("z", 0, 24))
    assert part.outline is not None
    assert np.ptp(part.outline[:, 0]) > np.ptp(zoomed.outline[:, 0])


def test_clips_show_their_own_frames_and_missing_files_leave_an_empty_one(
    shelf: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, width=64, height=36, fps=24) as writer:
        for number in range(24):
            writer.write(np.full((36, 64, 3), number * 10, np.uint8))
    clip = SequenceShot(id="c", media=shelf.add(path, "video"))
    lost = _shot("l", MediaRef(sha256="f" * 64))
    project = Project(shots=(clip, lost))
    find = shelf_pictures(project, shelf, 64, 36)
    found = find(Card("c", 3, 20))
    assert found.first is not None
    assert found.last is not None
    assert (abs(int(found.first.mean()) - 30), abs(int(found.last.mean()) - 220)) <= (3, 3)
    assert find(Card("l", 0, 5)) == CardPictures(None, None)
    project = arrange(project, [Card("c", 0, 24), Card("l", 0, 10), Card(None, 0, 10)])
    (page,) = contact_sheet(project, {"c": 24, "l": 72}, shelf)
    assert (page == 236).any()


def test_other_pictures_can_be_given(shelf: Shelf, board: Path) -> None:
    project, lengths = _film(shelf, board, 1)
    green = np.zeros((90, 160, 3), np.uint8)
    green[..., 1] = 200
    (page,) = contact_sheet(
        project, lengths, shelf, pictures=lambda card: CardPictures(green, green)
    )
    assert (page == (0, 200, 0)).all(axis=2).mean() > 0.05


def test_words_of_the_camera_and_timecode() -> None:
    ref = MediaRef(sha256="a" * 64)
    moves = [{"type": "pan", "direction": "left"}, {"type": "handheld"}, {"type": "push_in"}]
    assert camera_words(_shot("a", ref, moves)) == "Pan left, handheld, push in"
    assert camera_words(_shot("a", ref)) == "Static"
    assert (
        camera_words(SequenceShot(id="v", media=MediaRef(sha256="a" * 64, kind="video"))) == "Clip"
    )
    assert timecode(24 * 3600 + 49, Fraction(24000, 1001)) == "01:00:02:01"


def test_it_stops_when_asked_and_leaves_nothing(shelf: Shelf, board: Path, tmp_path: Path) -> None:
    project, lengths = _film(shelf, board, 3)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        write_contact_sheet(project, lengths, shelf, tmp_path / "x.pdf", cancel=cancel)
    with pytest.raises(InvalidInstruction, match=r"\.gif"):
        write_contact_sheet(project, lengths, shelf, tmp_path / "x.gif")
    assert not list(tmp_path.glob("*.pdf"))
    assert not list(tmp_path.glob(".*"))


def test_an_empty_film_has_no_sheet(shelf: Shelf, photo: Callable[[str], Path]) -> None:
    with pytest.raises(InvalidInstruction, match="no shots"):
        next(contact_sheet(Project(), {}, shelf))
