from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from synth.media import Planes
from synth.media.planes import planes_from_rgb, to_rgb
from synth.sequence.lettering import Lettering, Style
from synth.sequence.project import Title
from synth.sequence.titles import TitleArtist

RATE = Fraction(24)
STYLES = ("title", "lower_third", "caption")
SIZES = ((320, 180), (180, 320), (162, 90))


def _picture(width: int, height: int, low: int = 16, high: int = 240) -> Planes:
    rng = np.random.default_rng(3)
    return Planes(
        rng.integers(low, high, (height, width)).astype(np.uint8),
        rng.integers(100, 156, (height // 2, width // 2)).astype(np.uint8),
        rng.integers(100, 156, (height // 2, width // 2)).astype(np.uint8),
    )


def _flat(width: int, height: int, grey: int) -> Planes:
    return planes_from_rgb(np.full((height, width, 3), grey, np.uint8))


def _artist(*titles: Title, size: tuple[int, int] = (320, 180)) -> TitleArtist:
    return TitleArtist(titles, *size, RATE)


def _changed(before: Planes, after: Planes) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the pixels that differ in brightness."""
    rows, columns = np.nonzero(before.y != after.y)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("grey", [8, 250])
def test_white_words_are_read_on_any_picture_inside_the_margins(
    style: Any, size: tuple[int, int], grey: int
) -> None:
    title = Title(text="Lighthouse keepers", second_line="since 1987", style=style)
    plain = _flat(*size, grey)
    made = to_rgb(_artist(title, size=size).draw(plain, 30)).astype(int)
    touched = np.abs(made - to_rgb(plain)).max(axis=2) > 24
    rows, columns = np.nonzero(touched)
    width, height = size
    assert columns.min() >= 0.02 * width
    assert columns.max() <= 0.98 * width
    assert rows.min() >= 0.04 * height
    assert rows.max() <= 0.97 * height
    inside = made[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].mean(axis=2)
    assert inside.max() > 235
    # Right beside white letters it is dark enough to tell them from the picture.
    letters = inside > 225
    near = np.zeros_like(letters)
    near[1:-1, 2:-2] = letters[1:-1, :-4] | letters[1:-1, 4:]
    assert np.percentile(inside[near & ~letters], 20) < 170


def test_nothing_changes_outside_the_box_or_where_there_is_no_title() -> None:
    plain = _picture(320, 180)
    kept = Planes(plain.y.copy(), plain.u.copy(), plain.v.copy())
    artist = _artist(Title(text="Marta", style="lower_third", start=1, seconds=2))
    made = artist.draw(plain, 40)
    assert plain.same(kept)
    left, top, right, bottom = _changed(plain, made)
    outside = np.ones((180, 320), bool)
    outside[top:bottom, left:right] = False
    assert right - left < 160
    assert bottom - top < 60
    assert np.array_equal(made.y[outside], plain.y[outside])
    edge = outside[::2, ::2] & outside[1::2, 1::2]
    assert np.array_equal(made.u[edge], plain.u[edge])
    for frame in (0, 23, 72, 1000):
        assert artist.draw(plain, frame) is plain
    assert [artist.touches(first, n) for first, n in ((0, 24), (0, 25), (71, 5), (72, 9))] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_title_fades_in_and_out_evenly() -> None:
    artist = _artist(Title(text="MMMM", start=0.5, seconds=2, fade=0.5))
    plain = _flat(320, 180, 60)
    bright = [int(artist.draw(plain, frame).y.astype(int).sum()) for frame in range(10, 64)]
    steps = np.diff(bright[1:28])
    assert bright[0] == bright[1] == bright[-1]
    assert bright[2] > bright[1]
    assert (steps[:12] > 0).all()
    assert bright[15:37] == [bright[15]] * 22
    assert bright[2:50] == bright[2:50][::-1]


@pytest.mark.parametrize("style", STYLES)
def test_the_colour_is_the_one_asked_for(style: Any) -> None:
    title = Title(text="MMM", style=style, colour="#ffb030", size=3)
    made = (
        to_rgb(_artist(title, size=(640, 360)).draw(_flat(640, 360, 90), 30))
        .reshape(-1, 3)
        .astype(int)
    )
    miss = np.abs(made - (0xFF, 0xB0, 0x30)).max(axis=1)
    assert (miss <= 8).sum() > 200


def test_full_chroma_is_drawn_too() -> None:
    half = _flat(320, 180, 90)
    full = Planes(half.y, np.full((180, 320), 128, np.uint8), np.full((180, 320), 128, np.uint8))
    artist = _artist(Title(text="Colour", colour="#30b0ff"))
    one, two = artist.draw(half, 30), artist.draw(full, 30)
    assert np.array_equal(one.y, two.y)
    assert np.abs(two.u[::2, ::2].astype(int) - one.u).mean() < 2


def test_long_text_is_wrapped_and_made_smaller() -> None:
    words = " ".join(["lighthouse"] * 27)
    for style in STYLES:
        artist = _artist(Title(text=words, style=style))
        left, top, right, bottom = _changed(
            plain := _flat(320, 180, 90), artist.draw(plain, 30)
        )  # fmt: skip
        assert left > 4
        assert right < 316
        assert top > 2
        assert bottom < 178
    artist = _artist(Title(text="W" * 300, second_line="i" * 300))
    assert artist.draw(plain, 30) is not plain


@pytest.mark.parametrize(
    "text",
    [
        "Маяк на закате",
        "Ο φάρος στο σούρουπο",
        "夕暮れの灯台、静かな海。",
        "해질녘의 등대",
        "Ngọn hải đăng",
    ],
)
def test_many_scripts_are_written(text: str) -> None:
    artist = _artist(Title(text=text))
    assert artist.notes == ()
    letters = Lettering()
    assert letters.readable(text) == (text, ())
    marks = [letters.mask([c], Style(32, 400), centred=False, pad=4) for c in set(text) - {" "}]
    unknown = letters.mask(["?"], Style(32, 400), centred=False, pad=4)
    for mark in marks:
        assert mark.max() > 0.5
        assert mark.shape != unknown.shape or not np.array_equal(mark, unknown)


@pytest.mark.parametrize(
    ("text", "left", "told"),
    [
        ("Cut 🎬 here", "Cut here", "🎬"),
        ("שלום Shalom", "Shalom", "ש"),
        ("नमस्ते Hello", "Hello", "न"),
        ("zero\u200bwidth e\u0301", "zerowidth é", ""),
        ("a\x07b\tc\nd ?", "a b c\nd ?", ""),
    ],
)
def test_what_cannot_be_written_is_left_out_and_told(text: str, left: str, told: str) -> None:
    shown, missing = Lettering().readable(text)
    assert shown == left
    assert ("".join(missing))[: len(told)] == told
    notes = _artist(Title(text=text)).notes
    assert len(notes) == bool(told)
    assert not told or told in notes[0]


def test_nothing_to_write_draws_nothing() -> None:
    plain = _flat(320, 180, 90)
    artist = _artist(Title(text="   "), Title(text="🎬🎬", style="caption"))
    assert artist.draw(plain, 10) is plain
    assert not artist.touches(0, 1000)
    assert len(artist.notes) == 1
    second = _artist(Title(text=" ", second_line="Second"))
    assert second.draw(plain, 30) is not plain


def test_titles_at_the_same_time_stand_apart() -> None:
    plain = _flat(320, 180, 90)
    one = Title(text="First caption", style="caption", fade=0)
    two = Title(text="Second caption", style="caption", start=1, fade=0)
    alone = [_changed(plain, _artist(title).draw(plain, 30)) for title in (one, two)]
    both = _changed(plain, _artist(one, two).draw(plain, 30))
    assert abs(alone[0][1] - alone[1][1]) <= 2
    assert both[3] == alone[0][3]
    assert both[3] - both[1] > 1.5 * (alone[0][3] - alone[0][1])
    later = _artist(one, Title(text="Later caption", style="caption", start=5))
    assert _changed(plain, later.draw(plain, 150))[3] == both[3]


def test_the_key_follows_what_is_seen() -> None:
    title = Title(text="One", start=1, seconds=2)
    artist = _artist(title)
    assert artist.key(0, 24) == artist.key(72, 500) == ""
    assert artist.key(24, 10) == artist.key(24, 20) != ""
    assert artist.key(24, 10) != artist.key(25, 10)
    # The same words over the same frames of a stretch that has moved need no drawing again.
    moved = _artist(title.model_copy(update={"start": 3.0}))
    assert moved.key(72, 10) == artist.key(24, 10)
    for change in ({"text": "Two"}, {"colour": "#ff0000"}, {"size": 2.0}, {"fade": 0.0}):
        assert _artist(title.model_copy(update=change)).key(24, 10) != artist.key(24, 10)
    assert _artist(title, size=(180, 320)).key(24, 10) != artist.key(24, 10)


def test_threads_draw_what_one_draws() -> None:
    titles = [Title(text=f"Caption {n} 字", style="caption", start=n, seconds=1) for n in range(12)]
    plain = _picture(320, 180)
    frames = [24 * (n % 12) + 9 for n in range(48)]
    expected = [_artist(*titles).draw(plain, frame) for frame in frames]
    artist = _artist(*titles)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda frame: artist.draw(plain, frame), frames))
    assert all(one.same(two) for one, two in zip(made, expected, strict=True))


@pytest.mark.parametrize("style", ["title", "lower_third", "caption"])
def test_a_second_line_that_fills_the_picture_is_left_out(style: Any) -> None:
    artist = _artist(
        Title(text="A", second_line="word " * 59, style=style, size=4.0), size=(160, 90)
    )
    assert "too long for the picture" in " ".join(artist.notes)
    assert artist.draw(_flat(160, 90, 90), 30).y.std() > 0
