"""``.cube`` files: everything that programs write is read, everything odd is refused by line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.grade.cube import MOST_BYTES, cube_text, read_cube, write_cube
from synth.grade.lut import Lut, identity_cube

CORNERS = [f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1)]
"""The table of an identity of size 2."""

TWO = ["0 0 0", "1 1 1", *CORNERS]
"""Before it, one for each channel."""


def _text(*head: str, rows: list[str] | None = None, end: str = "\n") -> bytes:
    return (end.join([*head, *(CORNERS if rows is None else rows)]) + end).encode()


def test_red_changes_fastest() -> None:
    lut = read_cube(_text("LUT_3D_SIZE 2"))
    assert np.array_equal(lut.cube, identity_cube(2))
    assert lut.apply(np.array([1.0, 0.5, 0.25])) == pytest.approx([1.0, 0.5, 0.25])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "  \t\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_marks_tabs_and_empty_lines_do_no_harm(end: str, mark: bytes) -> None:
    rows = [row.replace(" ", "\t") for row in CORNERS]
    data = _text("# ä comment, 0 0 0", 'TITLE "A look"', "\tLUT_3D_SIZE\t2", rows=rows, end=end)
    lut = read_cube(mark + data)
    assert np.array_equal(lut.cube, identity_cube(2))
    assert lut.title == "A look"


def test_comments_and_other_spellings_of_numbers_inside_the_table() -> None:
    rows = [*CORNERS[:4], "# half", "", "0.0e0 +0. 1E0", *CORNERS[5:]]
    assert np.array_equal(read_cube(_text("LUT_3D_SIZE 2", rows=rows)).cube, identity_cube(2))


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_domains_may_stand_before_and_after_the_size(order: tuple[int, ...]) -> None:
    head = ["LUT_3D_SIZE 2", "DOMAIN_MIN -0.25 0 0.1", "DOMAIN_MAX 1.25 2 0.9"]
    lut = read_cube(_text(*(head[index] for index in order)))
    assert lut.cube_from == (-0.25, 0.0, 0.1)
    assert lut.cube_to == (1.25, 2.0, 0.9)
    assert lut.apply(np.array([0.5, 1.0, 0.5])) == pytest.approx([0.5, 0.5, 0.5])


def test_resolves_ranges_and_its_shaper() -> None:
    flat = ["0 0 0", "0.25 0.25 0.25", "1 1 1"]
    head = ("LUT_1D_SIZE 3", "LUT_1D_INPUT_RANGE 0 2", "LUT_3D_SIZE 2", "LUT_3D_INPUT_RANGE 0 1")
    lut = read_cube(_text(*head, rows=[*flat, *CORNERS]))
    assert lut.curves_to == (2.0, 2.0, 2.0)
    # 1 is the middle of the shaper, which gives a quarter.
    assert lut.apply(np.array([1.0, 2.0, 0.0])) == pytest.approx([0.25, 1.0, 0.0])
    alone = read_cube(_text("LUT_3D_SIZE 2", "LUT_3D_INPUT_RANGE 0 4"))
    assert alone.apply(np.array([1.0, 2.0, 4.0])) == pytest.approx([0.25, 0.5, 1.0])


def test_values_may_lie_outside_of_what_is_shown() -> None:
    rows = ["-0.5 0 0", *CORNERS[1:-1], "1.5 7 1"]
    lut = read_cube(_text("LUT_3D_SIZE 2", rows=rows))
    assert lut.cube.min() == -0.5
    assert lut.cube.max() == 7


HOSTILE = {
    "size 0": (_text("LUT_3D_SIZE 0"), 1),
    "size 1": (_text("LUT_3D_SIZE 1", rows=["0 0 0"]), 1),
    "size below 0": (_text("LUT_3D_SIZE -2"), 1),
    "size 10000": (_text("LUT_3D_SIZE 10000"), 1),
    "size 1D 65537": (_text("LUT_1D_SIZE 65537"), 1),
    "size 2_0": (_text("LUT_3D_SIZE 2_0"), 1),
    "size 2.0": (_text("LUT_3D_SIZE 2.0"), 1),
    "size in full-width digits": (_text("LUT_3D_SIZE ２"), 1),
    "size missing": (_text("LUT_3D_SIZE"), 1),
    "size with more": (_text("LUT_3D_SIZE 2 2 2"), 1),
    "size twice": (_text("LUT_3D_SIZE 2", "LUT_3D_SIZE 2"), 2),
    "no size": (_text("DOMAIN_MIN 0 0 0"), 2),
    "nothing": (b"# only a comment\n", 2),
    "nan": (_text("LUT_3D_SIZE 2", rows=["nan 0 0", *CORNERS[1:]]), 2),
    "inf": (_text("LUT_3D_SIZE 2", rows=[*CORNERS[:7], "inf 1 1"]), 9),
    "1e999": (_text("LUT_3D_SIZE 2", rows=[*CORNERS[:3], "1e999 0 0", *CORNERS[4:]]), 5),
    "too large": (_text("LUT_3D_SIZE 2", rows=[*CORNERS[:3], "1 1001 0", *CORNERS[4:]]), 5),
    "full-width number": (_text("LUT_3D_SIZE 2", rows=["０ 0 0", *CORNERS[1:]]), 2),
    "underscore": (_text("LUT_3D_SIZE 2", rows=["0_0 0 0", *CORNERS[1:]]), 2),
    "hexadecimal": (_text("LUT_3D_SIZE 2", rows=["0x1 0 0", *CORNERS[1:]]), 2),
    "comma decimals": (_text("LUT_3D_SIZE 2", rows=["0,5 0,5 0,5", *CORNERS[1:]]), 2),
    "a comma later": (_text("LUT_3D_SIZE 2", rows=[*CORNERS[:5], "0,1 0 0", *CORNERS[6:]]), 7),
    "ragged short": (_text("LUT_3D_SIZE 2", rows=[*CORNERS[:2], "0 1", *CORNERS[3:]]), 4),
    "ragged long": (_text("LUT_3D_SIZE 2", rows=[*CORNERS[:2], "0 1 0 1", *CORNERS[3:]]), 4),
    "row too many": (_text("LUT_3D_SIZE 2", rows=[*CORNERS, "1 1 1"]), 10),
    "row too few": (_text("LUT_3D_SIZE 2", rows=CORNERS[:-1]), 9),
    "domain equal": (_text("DOMAIN_MIN 0 0 0", "DOMAIN_MAX 1 0 1", "LUT_3D_SIZE 2"), 2),
    "domain swapped": (_text("LUT_3D_SIZE 2", "DOMAIN_MIN 1 1 1", "DOMAIN_MAX 0 0 0"), 3),
    "domain short": (_text("LUT_3D_SIZE 2", "DOMAIN_MIN 0 0"), 2),
    "domain twice": (_text("LUT_3D_SIZE 2", "DOMAIN_MIN 0 0 0", "DOMAIN_MIN 0 0 0"), 3),
    "domain nan": (_text("LUT_3D_SIZE 2", "DOMAIN_MAX 1 nan 1"), 2),
    "range swapped": (_text("LUT_3D_SIZE 2", "LUT_3D_INPUT_RANGE 1 0"), 2),
    "range of another table": (_text("LUT_3D_SIZE 2", "LUT_1D_INPUT_RANGE 0 1"), 2),
    "range and domain": (_text("LUT_3D_SIZE 2", "DOMAIN_MIN 0 0 0", "LUT_3D_INPUT_RANGE 0 1"), 3),
    "domain for two tables": (
        _text("LUT_1D_SIZE 2", "LUT_3D_SIZE 2", "DOMAIN_MAX 2 2 2", rows=TWO),
        3,
    ),
    "word after the table": (_text("LUT_3D_SIZE 2", rows=[*CORNERS, "DOMAIN_MIN 0 0 0"]), 10),
    "unknown word": (_text("LUT_3D_SIZE 2", "LUT_4D_SIZE 2"), 2),
    "unknown word joined": (_text("LUT_3D_SIZE 2", "LUT_3D_SIZE=2"), 2),
    "two titles": (_text('TITLE "a"', 'TITLE "b"', "LUT_3D_SIZE 2"), 2),
    "long line": (_text("LUT_3D_SIZE 2", "# " + "x" * 300), 2),
    "long row": (_text("LUT_3D_SIZE 2", rows=["0 0 0." + "0" * 300, *CORNERS[1:]]), 2),
    "not a table": (b"\x89PNG\r\n\x1a\n" + b"\xff" * 40, 1),
    "html": (b"<!DOCTYPE html><html></html>", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_odd_is_refused_with_the_line(name: str) -> None:
    data, line = HOSTILE[name]
    with pytest.raises(InvalidMedia, match=rf"^Line {line} of the LUT ") as caught:
        read_cube(data)
    assert len(str(caught.value)) < 250


def test_zeros_and_too_many_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidMedia, match="text file"):
        read_cube(_text("LUT_3D_SIZE 2") + b"\0")
    with pytest.raises(LimitExceeded, match=r"16\.0 MB; the limit is 16"):
        read_cube(b"#" * (MOST_BYTES + 1))
    (tmp_path / "empty.cube").touch()
    with pytest.raises(InvalidMedia, match="empty"):
        read_cube(tmp_path / "empty.cube")
    with pytest.raises(InvalidMedia, match="plain file"):
        read_cube(tmp_path)
    with pytest.raises(InvalidMedia, match="cannot be opened"):
        read_cube(tmp_path / "missing.cube")


def test_the_quick_way_and_the_careful_way_agree() -> None:
    """A comment in the table sends the reader line by line."""
    rng = np.random.default_rng(0)
    lut = Lut(cube=rng.normal(0.5, 1, (5, 5, 5, 3)).astype(np.float32))
    text = cube_text(lut)
    careful = text.rstrip("\n") + "\n# the end\n"
    quick = read_cube(text.encode())
    assert np.array_equal(quick.cube, read_cube(careful.encode()).cube)
    assert np.abs(quick.cube - lut.cube).max() < 1e-6


def test_a_file_made_to_keep_us_busy_is_done_with_soon() -> None:
    """A long table with an error at its end, and more remarks than table: no search explodes."""
    rows = ["123456789 " * 2 + "12345678"] * 60_000
    with pytest.raises(InvalidMedia, match=r"^Line 2 "):
        read_cube(_text("LUT_1D_SIZE 60000", rows=rows))
    rows = [*["111 222 333"] * 59_999, "111 222 33x"]
    with pytest.raises(InvalidMedia, match=r"^Line 60001 "):
        read_cube(_text("LUT_1D_SIZE 60000", rows=rows))
    remarks = ["0 0 0", *["#"] * 200_000, "1 1 1"]
    assert read_cube(_text("LUT_1D_SIZE 2", rows=remarks)).size == 2
    with pytest.raises(LimitExceeded, match="more lines"):
        read_cube(b"\n" * 1_000_001)


def test_a_title_cannot_break_out_of_its_line(tmp_path: Path) -> None:
    lut = Lut(cube=identity_cube(2), title='odd" title\nLUT_3D_SIZE 9 é')
    path = write_cube(lut, tmp_path / "a.cube")
    assert read_cube(path).title == "odd titleLUT_3D_SIZE 9"
    assert len(re.findall("^LUT_3D_SIZE", path.read_text(), re.MULTILINE)) == 1


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    both = Lut(curves=np.eye(3, dtype=np.float32), cube=identity_cube(2), curves_to=(1.0, 2.0, 1.0))
    with pytest.raises(InvalidInstruction, match="one range for all"):
        write_cube(both, tmp_path / "a.cube")
    with pytest.raises(InvalidInstruction, match="empty"):
        write_cube(Lut(), tmp_path / "a.cube")
    with pytest.raises(InvalidInstruction, match="does not exist"):
        write_cube(Lut(cube=identity_cube(2)), tmp_path / "no" / "a.cube")
    assert list(tmp_path.iterdir()) == []
