"""A stranger's OpenTimelineIO file as plain values of today's schemas, whatever is in it.

The library's reader is native code that ends the process on some files (measured with 0.18.1: a
"Clip.1" that holds the references of a "Clip.2"). So the text is first read under our own caps,
and then by the library in a process of its own, which brings old schemas up to date and writes
plain JSON back.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.json_text import read_json
from synth.media.image import open_regular

MOST_BYTES: Final = 16_000_000
MOST_VALUES: Final = 400_000
MOST_DEPTH: Final = 48

_SECONDS: Final = 60
_MEMORY: Final = 2_000_000_000

_SCRIPT: Final = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
import opentimelineio
read = opentimelineio.core.deserialize_json_from_string(sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(read.to_json_string().encode())
"""


def read_document(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The timeline in an ``.otio`` file as plain values: dicts with ``OTIO_SCHEMA``, and lists.

    Raises:
        InvalidMedia: no such file, or not OpenTimelineIO.
        InvalidInstruction: it is not sound JSON, or its values make no sense to OpenTimelineIO.
        LimitExceeded: it is larger or deeper than allowed.
    """
    name = Path(path).name
    with open_regular(path, MOST_BYTES, "timeline") as file:
        text = file.read()
    _plain(text)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and script, no shell
            [sys.executable, "-c", _SCRIPT, str(_MEMORY)],
            input=text.removeprefix(b"\xef\xbb\xbf"),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LimitExceeded(
            f"{name!r} took more than {_SECONDS} s to read. Export a smaller timeline."
        ) from None
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        why = f": {last.split(': ', 1)[-1][:200]}" if done.returncode > 0 and last else ""
        raise InvalidMedia(
            f"{name!r} cannot be read as an OpenTimelineIO timeline{why}. Export it again, as "
            ".otio."
        )
    return find_timeline(_plain(done.stdout))


def find_timeline(values: Any) -> dict[str, Any]:
    """The timeline in plain values of a document; raises ``InvalidInstruction`` without one."""
    if schema_of(values) == "SerializableCollection":
        inner = objects_in(values, "children")
        values = next((one for one in inner if schema_of(one) == "Timeline"), values)
    if schema_of(values) != "Timeline":
        found = schema_of(values) or "nothing that OpenTimelineIO knows"
        raise InvalidInstruction(
            f"The file holds no timeline, but {found[:60]}. Export the whole timeline as .otio."
        )
    return values


def schema_of(values: Any) -> str:
    """Name of an object's schema without its version: "Clip"; empty for anything else."""
    found = values.get("OTIO_SCHEMA") if isinstance(values, dict) else None
    return found.split(".")[0] if isinstance(found, str) else ""


def objects_in(values: Any, key: str) -> list[dict[str, Any]]:
    """The objects in a list among an object's values; empty where there is no such list."""
    found = values.get(key) if isinstance(values, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _plain(text: bytes) -> Any:
    return read_json(text, most_bytes=4 * MOST_BYTES, most_items=MOST_VALUES, most_depth=MOST_DEPTH)
