"""Reads JSON that came from outside into plain values, refusing everything that is not sound.

JSON leaves open what happens with repeated keys, huge numbers and broken characters, and Python's
reader lets NaN through (https://seriot.ch/projects/parsing_json.html); here all of it is refused.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from synth.errors import InvalidInstruction, LimitExceeded
from synth.explain import short
from synth.limits import LIMITS

MAX_ITEMS: Final = 10_000
"""Most values, of any kind, in one JSON text."""

_MOST_DIGITS: Final = 40


def read_json(
    text: str | bytes,
    *,
    most_bytes: int = LIMITS.json_bytes,
    most_items: int = MAX_ITEMS,
    most_depth: int = LIMITS.json_depth,
) -> Any:
    """Plain values of a JSON text: dicts, lists, strings, finite numbers, booleans, None.

    Args:
        text: the JSON.
        most_bytes: largest size accepted.
        most_items: most values of any kind.
        most_depth: deepest nesting accepted.

    Raises:
        LimitExceeded: more bytes, deeper nesting or more values than allowed, found before the
            text is parsed.
        InvalidInstruction: what is not JSON, or JSON whose meaning is open: NaN or infinite
            numbers, numbers too large, keys that stand twice, halves of characters.
    """
    if isinstance(text, bytes):
        size = len(text)
    else:
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > most_bytes:
        raise LimitExceeded(f"The JSON is {size:,} bytes; the limit is {most_bytes:,}. Shorten it.")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInstruction(
                f"The JSON is not UTF-8 text (byte {error.start}). Save it as UTF-8."
            ) from None
    text = text.removeprefix("\ufeff")
    _check_shape(text, most_items, most_depth)
    try:
        values = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_small,
            object_pairs_hook=_once_each,
        )
    except json.JSONDecodeError as error:
        raise InvalidInstruction(
            f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise LimitExceeded(_too_deep(most_depth)) from None
    _check_text(values)
    return values


def _too_deep(most_depth: int) -> str:
    return f"The JSON is nested more than {most_depth} levels deep. Flatten it."


def _check_shape(text: str, most_items: int, most_depth: int) -> None:
    """Depth and number of values, in one pass over the text and without parsing it."""
    depth = items = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            items += 1
            if depth > most_depth:
                raise LimitExceeded(_too_deep(most_depth))
        elif character in "]}":
            depth -= 1
        elif character == ",":
            items += 1
    if items > most_items:
        raise LimitExceeded(
            f"The JSON holds more than {most_items:,} values. Split it into several."
        )


def _refuse_constant(word: str) -> float:
    raise InvalidInstruction(f"The JSON holds {word}, which is no number. Write a finite one.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidInstruction(
            f"The JSON holds the number {digits[:_MOST_DIGITS]}, which is too large to hold."
        )
    return number


def _small(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise InvalidInstruction(
            f"The JSON holds a whole number of {len(digits.lstrip('-'))} digits; the limit is "
            f"{_MOST_DIGITS}."
        )
    return int(digits)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidInstruction(
                    f"The key {short(key)} stands twice in one object of the JSON. Keep one."
                )
            seen.add(key)
    return values


def _check_text(value: Any) -> None:
    """Refuse strings with half a character: they cannot be written to any file."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidInstruction(
                f"The text {short(value)} in the JSON holds half of a character. Type it again."
            )
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner)
