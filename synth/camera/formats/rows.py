"""Text files with one camera per line: what RealEstate10K and the Wan rows have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.model import MAX_FRAMES
from synth.camera.formats.reading import head_of, numbers
from synth.errors import InvalidMedia, LimitExceeded

_LENS_TOLERANCE = 0.01
_CENTRE_TOLERANCE = 0.005
_SHORTEST = 0.001
_FIRST_ROW = re.compile(r"\s*\[\s*\[(?:[^\[\]]{1,4000}\]|\s*(?:\[[^\[\]]{1,1000}\][\s,]*){3,4}\])")


def table(lines: Sequence[tuple[int, str]], columns: int, what: str) -> NDArray[np.float64]:
    """Rows of plain numbers as an array of shape (lines, ``columns``).

    Args:
        lines: line numbers, from 1, and their text.
        columns: numbers that every line must hold.
        what: what the numbers are, for messages.
    """
    if len(lines) > MAX_FRAMES:
        raise LimitExceeded(
            f"The file holds {len(lines):,} frames; the limit is {MAX_FRAMES:,}. Export fewer."
        )
    if not lines:
        raise InvalidMedia(f"The file holds no camera: no line of {columns} numbers ({what}).")
    rows = []
    for line_number, line in lines:
        words = line.split()
        if len(words) != columns:
            raise InvalidMedia(
                f"Line {line_number} holds {len(words)} words; it must hold {columns} numbers "
                f"({what})."
            )
        rows.append(numbers(words, f"Line {line_number}"))
    return np.array(rows)


def count_of_numbers(line: str) -> int:
    """How many numbers a line is made of; 0 if anything else stands in it."""
    words = line.split()
    try:
        for word in words:
            float(word)
    except ValueError:
        return 0
    return len(words)


def row_lengths(data: bytes) -> list[int]:
    """``count_of_numbers`` of the first whole lines that are neither blank nor remarks."""
    head = head_of(data)
    lines = head.splitlines()
    if len(data) > 4096 and len(lines) > 1:
        lines = lines[:-1]
    return [count_of_numbers(line) for line in lines if line.strip() and line.strip()[0] != "#"]


def lens_notes(fx: NDArray, fy: NDArray, cx: NDArray, cy: NDArray) -> list[str]:
    """What is lost of a normalised lens: its centre, and pixels that are not square."""
    notes = []
    off = max(float(np.abs(cx - 0.5).max()), float(np.abs(cy - 0.5).max()))
    if off > _CENTRE_TOLERANCE:
        notes.append(
            f"The lens is off the picture's centre by up to {off:.3g} of its size; it was centred."
        )
    shapes = fy / fx
    if float(shapes.max() / shapes.min()) > 1.0 + _LENS_TOLERANCE:
        notes.append(
            "The shape of the frame changes along the path; each frame's longer side counts."
        )
    return notes


def check_lenses(fx: NDArray, fy: NDArray) -> None:
    """Refuse focal lengths that are 0 or negative, naming the frame."""
    bad = ~((fx > _SHORTEST) & (fy > _SHORTEST))
    if bad.any():
        frame = int(bad.argmax())
        raise InvalidMedia(
            f"The focal lengths of frame {frame} are {fx[frame]:g} and {fy[frame]:g}; they must be "
            f"above {_SHORTEST:g}."
        )


def printed(numbers_of_row: Sequence[float]) -> str:
    """Numbers with nine decimals, as the dataset has them, without negative zeros."""
    return " ".join(f"{round(value, 9) + 0.0:.9f}" for value in numbers_of_row)


def first_row_of_json(head: str) -> int:
    """How many numbers the first row of a JSON list of rows holds, nested rows flattened.

    Args:
        head: the beginning of the file; the first row must end within it.
    """
    match = _FIRST_ROW.match(head)
    if match is None:
        return 0
    words = match[0].replace("[", " ").replace("]", " ").replace(",", " ")
    return count_of_numbers(words)
