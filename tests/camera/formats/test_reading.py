"""Careful reading of numbers, text and zips from outside."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.camera.formats import reading
from synth.camera.formats.archive import is_zip, members, packed
from synth.errors import InvalidMedia, LimitExceeded, SynthError


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", 1.0), ("-2.50", -2.5), (".5", 0.5), ("3.", 3.0), ("+1e-3", 0.001), ("1E2", 100.0)],
)
def test_plain_numbers_are_read(word: str, value: float) -> None:
    assert reading.number(word, "Here") == value


@pytest.mark.parametrize(
    "word",
    ["", "nan", "inf", "-Infinity", "1_0", "0x10", "1e999", "1e99999", "--1", "1,5", "１", "1e13",
     "9" * 65, "1 2", "."],
)  # fmt: skip
def test_everything_else_is_refused(word: str) -> None:
    with pytest.raises(InvalidMedia, match="Here holds"):
        reading.number(word, "Here")


@given(st.floats(-1e9, 1e9))
def test_what_python_prints_is_read_exactly(value: float) -> None:
    assert reading.number(repr(value), "Here") == value


def test_lines_of_any_system() -> None:
    assert reading.lines_of("a \r\nb\rc\n") == ["a", "b", "c", ""]
    assert reading.text_of("\ufeffa".encode()) == "a"
    with pytest.raises(LimitExceeded, match="Line 2 is 11 characters long; the limit is 10"):
        reading.lines_of("a\n" + "b" * 11, longest=10)


def test_numbers_of_json_may_be_nested_once() -> None:
    assert reading.json_numbers([[1, 2], [3]], 3, "Row 0") == [1, 2, 3]
    for wrong in ([1, 2], [[1], [[2], 3]], "12", [1, 2, "3"], [1, 2, None], [1, 2, False]):
        with pytest.raises(InvalidMedia, match="Row 0"):
            reading.json_numbers(wrong, 3, "Row 0")


@given(st.binary(max_size=300))
def test_a_first_look_never_raises(data: bytes) -> None:
    assert isinstance(reading.head_of(data), str)
    reading.looks_like_json(data)
    assert not reading.holds_words(data, "a word that is not there")


def test_a_first_look_may_cut_a_character_in_half() -> None:
    text = "é" * 3000
    assert reading.head_of(text.encode(), 4095).startswith("é" * 2000)
    assert reading.head_of(b"\x89PNG\0") == ""


def test_zips_are_the_same_bytes_every_time() -> None:
    files = {"a.txt": b"hello", "b/c.txt": b"there"}
    assert packed(files) == packed(files)
    assert members(packed(files), ["c.txt", "d.txt"]) == {"c.txt": b"there"}
    assert members(packed({"b\\c.txt": b"there"}), ["c.txt"]) == {"c.txt": b"there"}
    assert members(packed({"__MACOSX/c.txt": b"x", "c.txt": b"y"}), ["c.txt"]) == {"c.txt": b"y"}


def test_a_size_that_lies_is_found_out() -> None:
    data = bytearray(packed({"a.txt": bytes(5000)}))
    # The unpacked size in the directory at the archive's end, 24 bytes into its only entry.
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    with pytest.raises(InvalidMedia, match="damaged"):
        members(bytes(data), ["a.txt"])


def test_rare_and_locked_zips_are_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", b"hello")
    with pytest.raises(InvalidMedia, match="rare"):
        members(stream.getvalue(), ["a.txt"])
    locked = bytearray(packed({"a.txt": b"hello"}))
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidMedia, match="password"):
        members(bytes(locked), ["a.txt"])


@given(st.binary(max_size=200))
def test_garbage_after_a_zips_first_bytes_is_refused(data: bytes) -> None:
    garbage = b"PK\x03\x04" + data
    assert is_zip(garbage)
    with pytest.raises(SynthError):
        members(garbage, ["a.txt"])
