"""Careful reading of files from outside: sizes, text, numbers, JSON. What is unsound is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from synth.camera.formats.model import MAX_FILE_BYTES, MAX_FRAMES
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.explain import short
from synth.json_text import read_json

MAX_LINE: Final = 10_000
"""Longest line of a text file, characters."""

MAX_LINES: Final = 3 * MAX_FRAMES
"""Most lines of a text file, remarks and blank ones included."""

MAX_JSON_ITEMS: Final = 30 * MAX_FRAMES
"""Most values in a JSON file."""

LARGEST: Final = 1e12
"""Largest number that any file may hold."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_LONGEST_NUMBER: Final = 64


def check_size(data: bytes) -> None:
    """Refuse an empty file and one larger than ``MAX_FILE_BYTES``."""
    if not data:
        raise InvalidMedia("The file is empty. Choose a file that holds a camera path.")
    if len(data) > MAX_FILE_BYTES:
        raise LimitExceeded(
            f"The file is {len(data):,} bytes; the limit is {MAX_FILE_BYTES:,}. Export fewer "
            "frames or fewer decimals."
        )


def text_of(data: bytes) -> str:
    """The file as UTF-8 text without a byte-order mark; binary data is refused."""
    check_size(data)
    if b"\0" in data:
        raise InvalidMedia("The file is binary data, not the text that this format is made of.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidMedia(
            f"The file is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from None


def lines_of(text: str, *, longest: int = MAX_LINE) -> list[str]:
    """Lines of a text, ends stripped, blank lines kept; too many or too long ones are refused."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    count = text.count("\n") + 1
    if count > MAX_LINES:
        raise LimitExceeded(f"The file has {count:,} lines; the limit is {MAX_LINES:,}.")
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if len(line) > longest:
            raise LimitExceeded(
                f"Line {number} is {len(line):,} characters long; the limit is {longest:,}."
            )
    return [line.strip() for line in lines]


def number(word: str, where: str) -> float:
    """A plain decimal number: no words, no underscores, finite, at most ``LARGEST``.

    Args:
        word: the digits.
        where: what a message calls the place, such as "Line 3".
    """
    if len(word) > _LONGEST_NUMBER or not _NUMBER.fullmatch(word):
        raise InvalidMedia(f"{where} holds {short(word)}, which is not a number.")
    return bounded(float(word), where)


def numbers(words: Sequence[str], where: str) -> list[float]:
    """Several plain decimal numbers; see ``number``."""
    return [number(word, where) for word in words]


def bounded(value: float, where: str) -> float:
    """A number that is finite and at most ``LARGEST``, or a refusal."""
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise InvalidMedia(
            f"{where} holds {value:g}; a number must be finite and at most {LARGEST:g}."
        )
    return value


def json_of(data: bytes) -> Any:
    """Plain values of a JSON file; see ``synth.json_text.read_json``."""
    check_size(data)
    try:
        return read_json(data, most_bytes=MAX_FILE_BYTES, most_items=MAX_JSON_ITEMS)
    except InvalidInstruction as error:
        raise InvalidMedia(str(error)) from None


def json_number(value: object, where: str) -> float:
    """A JSON value as a float: a number, no text and no boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidMedia(f"{where} is {short(value)}; it must be a number.")
    return bounded(float(value), where)


def json_numbers(value: object, count: int | None, where: str) -> list[float]:
    """A JSON list of ``count`` numbers (any count if None), flat or nested as rows."""
    flat = _flat(value, where)
    if count is not None and len(flat) != count:
        raise InvalidMedia(f"{where} holds {len(flat)} numbers; it must hold {count}.")
    return [json_number(item, where) for item in flat]


def _flat(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidMedia(f"{where} is {short(value)}; it must be a list of numbers.")
    result: list[Any] = []
    for item in value:
        if isinstance(item, list):
            result.extend(item)
        else:
            result.append(item)
    return result


def head_of(data: bytes, length: int = 4096) -> str:
    """The beginning of a file as text for a first look, or "" for binary data. Never raises."""
    head = data[:length]
    if b"\0" in head:
        return ""
    text = head.decode("utf-8-sig", errors="replace")
    # A character may be cut in half at the end of the head; anywhere else it is no text.
    return "" if text[:-1].count("\ufffd") > 4 else text


def holds_words(data: bytes, *words: str) -> bool:
    """Whether every word stands somewhere in the file (its first ``MAX_FILE_BYTES``)."""
    return all(data.find(word.encode(), 0, MAX_FILE_BYTES) >= 0 for word in words)


def looks_like_json(data: bytes, opening: str = "{") -> bool:
    """Whether the first character that counts is the opening bracket of an object or list."""
    return head_of(data, 256).lstrip().startswith(opening)
