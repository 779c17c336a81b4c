"""Files nobody means well with, for the tests of every format."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from synth.camera.formats.model import ReadOptions
from synth.errors import SynthError

ODD: tuple[Any, ...] = (None, True, "x", -1, 0, 1e11, 10**30, [], {}, [[]], [1.0], "1", [None] * 4)
"""Values that stand where others belong."""

BAD_FILES = {
    "empty": b"",
    "blank": b"  \n \n",
    "binary": b"\x00\x01\x02\xff" * 500,
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "words": b"hello\nworld\n",
    "a list": b"[1, 2, 3]",
    "an empty object": b"{}",
    "a number": b"7",
    "NaN": b'{"camera_path": NaN, "frames": NaN, "poseSets": NaN}',
    "huge number": b'{"camera_path": 1e999, "frames": 1e999, "poseSets": 1e999}',
    "100 MB": b"1 " * 50_000_000,
    "one long line": b"1 " * 1_500_000,
}


def refuses_bad_files(read: Callable[[bytes, ReadOptions], object]) -> None:
    """Every bad file is refused with a sentence of ours, soon."""
    for name, data in BAD_FILES.items():
        began = time.monotonic()
        with pytest.raises(SynthError) as error:
            read(data, ReadOptions())
        assert str(error.value).endswith("."), name
        assert len(str(error.value)) < 400, name
        # A 20 MB file is looked at once, character by character.
        assert time.monotonic() - began < 20, name


def _places(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*steps, key)
        if isinstance(inner, dict | list):
            yield from _places(inner, (*steps, key))


def _changed(values: Any, steps: tuple[Any, ...], odd: Any) -> Any:
    values = copy.deepcopy(values)
    inner = values
    for step in steps[:-1]:
        inner = inner[step]
    if odd is ODD:
        del inner[steps[-1]]
    else:
        inner[steps[-1]] = odd
    return values


def survives_odd_values(
    values: Any,
    read: Callable[[Any], object],
    few: int = 1,
) -> int:
    """Read with each value in turn missing or replaced by odd ones; only our errors may come.

    Args:
        values: a sound file's JSON.
        read: reads such JSON.
        few: try every n-th combination.

    Returns:
        How many were refused.
    """
    refused = number = 0
    for steps in _places(values):
        for odd in (*ODD, ODD):
            number += 1
            if number % few:
                continue
            try:
                read(_changed(values, steps, odd))
            except SynthError:
                refused += 1
    return refused


def without_spaces(values: Any) -> bytes:
    """JSON as other programs write it."""
    return json.dumps(values).encode()
