"""``.cube`` files: strict in what is read, so that no table is silently another one.

Adobe's "Cube LUT Specification 1.0" (2013), with what DaVinci Resolve adds: a table for each
channel before the cube, and ``LUT_1D_INPUT_RANGE`` and ``LUT_3D_INPUT_RANGE`` as two numbers in
place of domains. Line ends may be those of any system; a byte order mark, tabs and empty lines do
no harm.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.grade.lut import ONE, ZERO, Lut, Triple
from synth.media.image import open_regular

MOST_BYTES: Final = 16_000_000
"""Largest file, bytes; a cube of 65 with nine digits a number fits."""

SIZES: Final = {"LUT_1D_SIZE": (2, 65536), "LUT_3D_SIZE": (2, 65)}
"""Smallest and largest table of each kind."""

_LONGEST: Final = 250
_MOST_LINES: Final = 1_000_000
_LARGEST: Final = 1000.0
# Each piece of text fits these in one way only, and what fitted is not tried again.
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_ROW: Final = rf"{_NUMBER.pattern}[ \t]++{_NUMBER.pattern}[ \t]++{_NUMBER.pattern}[ \t]*+(?:\n|\Z)"
_TABLE: Final = re.compile(rf"(?:{_ROW})++")
_WHOLE: Final = re.compile(r"[0-9]{1,6}")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CORNERS: Final = ("DOMAIN_MIN", "DOMAIN_MAX")
_RANGES: Final = ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE")


def read_cube(source: str | os.PathLike[str] | bytes) -> Lut:
    """The table in a ``.cube`` file, given as its path or its bytes.

    Raises:
        InvalidMedia: it cannot be read or is not such a file; the message names the line.
        LimitExceeded: it is larger than ``MOST_BYTES``.
    """
    if isinstance(source, bytes):
        if len(source) > MOST_BYTES:
            raise LimitExceeded(
                f"The LUT is {len(source) / 1e6:.1f} MB; the limit is {MOST_BYTES / 1e6:.0f} MB. "
                "Save it with fewer digits or a smaller cube."
            )
        data = source
    else:
        with open_regular(source, MOST_BYTES, "LUT") as file:
            data = file.read(MOST_BYTES + 1)
    return _Reader().read(data)


def write_cube(lut: Lut, path: str | os.PathLike[str]) -> Path:
    """Write a table as a ``.cube`` file, complete or not at all; returns where it is.

    Raises ``InvalidInstruction`` when the folder does not exist, or when the table has channels'
    tables and a cube whose domains differ by channel, which no such file can say.
    """
    target = Path(path)
    if not target.absolute().parent.is_dir():
        raise InvalidInstruction(
            f"The folder {target.absolute().parent.name!r} does not exist. Create it first."
        )
    partial = target.with_name(f".motion-synth-{secrets.token_hex(8)}.part")
    try:
        partial.write_text(cube_text(lut), encoding="ascii", newline="\n")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def cube_text(lut: Lut) -> str:
    """The text of a ``.cube`` file of a table; raises as ``write_cube`` does."""
    if not lut.size:
        raise InvalidInstruction("The LUT is empty: it has neither curves nor a cube.")
    lines = []
    title = re.sub(r'[^ -~]|"', "", lut.title).strip()[:200]
    if title:
        lines.append(f'TITLE "{title}"')
    both = len(lut.curves) and len(lut.cube)
    parts = (
        ("1D", lut.curves, lut.curves_from, lut.curves_to),
        ("3D", lut.cube, lut.cube_from, lut.cube_to),
    )
    for kind, table, start, end in parts:
        if not len(table):
            continue
        lines.append(f"LUT_{kind}_SIZE {len(table)}")
        if both:
            if len({*start}) > 1 or len({*end}) > 1:
                raise InvalidInstruction(
                    "A .cube file with both curves and a cube has one range for all channels. "
                    "Save the LUT as a cube alone."
                )
            lines.append(f"LUT_{kind}_INPUT_RANGE {start[0]:.9g} {end[0]:.9g}")
        elif (start, end) != (ZERO, ONE):
            lines.append("DOMAIN_MIN " + _numbers(start))
            lines.append("DOMAIN_MAX " + _numbers(end))
    for _, table, _, _ in parts:
        if len(table):
            lines += [_numbers(row) for row in table.reshape(-1, 3).tolist()]
    return "\n".join(lines) + "\n"


def _numbers(row: Triple | list[float]) -> str:
    return " ".join(f"{value:.7g}" for value in row)


@dataclass
class _Reader:
    """What has been read of a file so far."""

    number: int = 0
    said: dict[str, tuple[int, tuple[float, ...]]] = field(default_factory=dict)
    title: str | None = None
    rows: list[Sequence[float]] = field(default_factory=list)
    tried: bool = False

    def read(self, data: bytes) -> Lut:
        """The table in a file's bytes."""
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        if "\0" in text:
            raise InvalidMedia("The LUT is not a text file. Choose a .cube file.")
        if data.count(b"\n") + data.count(b"\r") > _MOST_LINES:
            raise LimitExceeded(f"The LUT has more lines than {_MOST_LINES}. Save a smaller cube.")
        lines = re.split(r"\r\n|\r|\n", text)
        for number, line in enumerate(lines, 1):
            self.number = number
            if self.plain_rest(lines):
                break
            if len(line) > _LONGEST:
                self.fail(f"is {len(line)} characters long; the limit is {_LONGEST}")
            line = line.strip(" \t")
            if not line or line.startswith("#"):
                continue
            if _WORD.match(line):
                self.keyword(line)
            else:
                self.row(line)
        return self.finish()

    def plain_rest(self, lines: list[str]) -> bool:
        """Take the rest of the file at once, if it is a whole table without anything odd.

        Nearly all files are; line by line takes ten times as long and finds what is wrong.
        """
        if self.tried or not self.rows:
            return False
        self.tried = True
        rest = [line for line in lines[self.number - 1 :] if line]
        text = "\n".join(rest)
        if len(rest) + 1 != self.wanted() or not _TABLE.fullmatch(text):
            return False
        values = np.array(text.split(), np.float64).reshape(-1, 3)
        if max(map(len, rest)) > _LONGEST or not np.abs(values).max() <= _LARGEST:
            return False
        self.rows += values.tolist()
        return True

    def fail(self, what: str, line: int | None = None) -> NoReturn:
        """Refuse the file because of a line."""
        raise InvalidMedia(
            f"Line {line or self.number} of the LUT {what}. Save the .cube file again from the "
            "program that made it."
        )

    def keyword(self, line: str) -> None:
        """A line that begins with a word."""
        match = _WORD.match(line)
        assert match is not None
        name, rest = match.group(), line[match.end() :]
        if rest and rest[0] not in " \t":
            self.fail(f"begins with {_shown(line.split()[0])}, which no .cube file has")
        if name == "TITLE":
            if self.title is not None:
                self.fail("gives a second title")
            self.title = rest.strip(' \t"')
            return
        if name not in (*SIZES, *_CORNERS, *_RANGES):
            self.fail(f"begins with {_shown(name)}, which no .cube file has")
        if name in self.said:
            self.fail(f"says {name} again, after line {self.said[name][0]}")
        if self.rows:
            self.fail(f"says {name} after the table has begun")
        words = rest.split()
        if name in SIZES:
            self.said[name] = self.number, (self.size(name, words),)
            return
        count = 3 if name in _CORNERS else 2
        if len(words) != count:
            self.fail(f"has {len(words)} numbers after {name}; it takes {count}")
        self.said[name] = self.number, tuple(self.value(word) for word in words)

    def size(self, name: str, words: list[str]) -> int:
        """How large a table is said to be."""
        least, most = SIZES[name]
        if len(words) != 1 or not _WHOLE.fullmatch(words[0]):
            self.fail(f"has {_shown(' '.join(words))} after {name}; it takes one whole number")
        size = int(words[0])
        if not least <= size <= most:
            self.fail(f"says {name} {size}; it may be {least} to {most}")
        return size

    def value(self, word: str) -> float:
        """A number of the file."""
        if not _NUMBER.fullmatch(word):
            self.fail(f"has {_shown(word)} where a number should be")
        value = float(word)
        if not abs(value) <= _LARGEST:
            self.fail(f"has {_shown(word)}; numbers may be up to {_LARGEST:g}")
        return value

    def row(self, line: str) -> None:
        """A line of the table."""
        words = line.split()
        if len(words) != 3:
            self.fail(f"has {len(words)} numbers; a line of the table has 3")
        if not self.rows and not any(name in self.said for name in SIZES):
            self.fail("begins the table, but no line before says LUT_1D_SIZE or LUT_3D_SIZE")
        if len(self.rows) >= self.wanted():
            self.fail(f"is row {len(self.rows) + 1} of a table of {self.wanted()} rows")
        self.rows.append(tuple(self.value(word) for word in words))

    def count(self, name: str) -> int:
        """How large a table was said to be; 0 if it was not."""
        return int(self.said[name][1][0]) if name in self.said else 0

    def wanted(self) -> int:
        """How many rows the file should have."""
        return self.count("LUT_1D_SIZE") + self.count("LUT_3D_SIZE") ** 3

    def finish(self) -> Lut:
        """The table, once all lines are read."""
        if not any(name in self.said for name in SIZES):
            self.fail("is the last one, and none says LUT_1D_SIZE or LUT_3D_SIZE")
        if len(self.rows) != self.wanted():
            self.fail(f"is the last one, after {len(self.rows)} rows of a table of {self.wanted()}")
        flat, cube = self.count("LUT_1D_SIZE"), self.count("LUT_3D_SIZE")
        if flat and cube:
            for name in _CORNERS:
                if name in self.said:
                    self.fail(
                        f"says {name}; with two tables it takes {' and '.join(_RANGES)}",
                        self.said[name][0],
                    )
        values = np.array(self.rows, np.float32)
        curves_from, curves_to = self.ends("LUT_1D_INPUT_RANGE", bool(flat))
        cube_from, cube_to = self.ends("LUT_3D_INPUT_RANGE", bool(cube))
        return Lut(
            curves=np.ascontiguousarray(values[:flat]),
            cube=_cubed(values[flat:], cube),
            curves_from=curves_from,
            curves_to=curves_to,
            cube_from=cube_from,
            cube_to=cube_to,
            title="".join(c for c in self.title or "" if c.isprintable()),
        )

    def ends(self, name: str, there: bool) -> tuple[Triple, Triple]:
        """The domain of a table, from its range or the corners."""
        start, end = ZERO, ONE
        line = 0
        if name in self.said:
            line, (low, high) = self.said[name]
            if not there:
                self.fail(f"says {name}, but the file has no such table", line)
            if any(corner in self.said for corner in _CORNERS):
                self.fail(f"says {name} beside {' or '.join(_CORNERS)}", line)
            start, end = (low, low, low), (high, high, high)
        elif there:
            for corner in _CORNERS:
                if corner in self.said:
                    line, given = self.said[corner]
                    triple = given[0], given[1], given[2]
                    start, end = (triple, end) if corner == "DOMAIN_MIN" else (start, triple)
        if any(b - a < 1e-6 for a, b in zip(start, end, strict=True)):
            self.fail("makes a domain that does not begin below its end", line)
        return start, end


def _cubed(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(values.reshape(size, size, size, 3))


def _shown(text: str) -> str:
    printable = text.encode("ascii", "backslashreplace").decode()
    return repr(printable if len(printable) <= 40 else printable[:37] + "...")
