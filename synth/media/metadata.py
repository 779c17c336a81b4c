"""Texts inside a finished file: writing rules, and reading them back from every format."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.limits import LIMITS, Limits

PROJECT_ENTRY = "project.json"
"""The entry of a PNG zip that holds its metadata."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "duration"})
"""Names that containers write for themselves."""


def checked_metadata(metadata: Mapping[str, str], limits: Limits = LIMITS) -> dict[str, str]:
    """A copy of ``metadata`` if every name and text can be written and read back unchanged.

    Raises ``InvalidInstruction`` for odd names or texts, ``LimitExceeded`` for too much text.
    """
    total = 0
    for key, value in metadata.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key) or key in _RESERVED:
            raise InvalidInstruction(
                f"The metadata name {str(key)[:80]!r} is not allowed. Use up to 64 lower-case "
                "letters, digits and underscores, and none that a container uses itself."
            )
        if not isinstance(value, str) or not value or "\0" in value:
            raise InvalidInstruction(
                f"The metadata {key!r} must be a text of at least one character, none of them NUL."
            )
        try:
            total += len(key) + len(value.encode("utf-8"))
        except UnicodeEncodeError as error:
            raise InvalidInstruction(
                f"The metadata {key!r} holds half a character (a lone surrogate). Remove it."
            ) from error
    if total > limits.json_bytes:
        raise LimitExceeded(
            f"The metadata is {total} bytes; the limit is {limits.json_bytes}. Shorten it."
        )
    return dict(metadata)


def encode_comment(metadata: Mapping[str, str]) -> bytes:
    """All texts as one JSON object, for formats that only know a single comment."""
    return json.dumps(dict(metadata), ensure_ascii=False).encode("utf-8")


def decode_metadata(found: Mapping[str, str], one_comment: bool, limits: Limits) -> dict[str, str]:
    """What a container's tags say, names in lower case, at most ``limits.json_bytes`` of it."""
    texts = {key.lower(): value for key, value in found.items()}
    if one_comment and len(texts.get("comment", "")) <= limits.json_bytes:
        texts.update(_parse_object(texts.get("comment", "")))
    kept: dict[str, str] = {}
    room = limits.json_bytes
    for key, value in texts.items():
        room -= len(key) + len(value.encode("utf-8", "surrogateescape"))
        if key not in _RESERVED and room >= 0:
            kept[key] = value
    return kept


def read_metadata(path: str | os.PathLike[str], *, limits: Limits = LIMITS) -> dict[str, str]:
    """The texts in any file that ``VideoWriter`` writes, PNG zips included; nothing is decoded.

    Raises ``InvalidMedia`` if it is neither a readable video nor such a zip.
    """
    from synth.media.opening import open_container, open_regular  # they import this module

    with open_regular(path, limits.video_bytes, "video") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    if is_zip:
        return _read_zip(Path(path), limits)
    with open_container(path, limits) as container:
        return decode_metadata(container.metadata, container.format.name == "gif", limits)


def _read_zip(path: Path, limits: Limits) -> dict[str, str]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(PROJECT_ENTRY) as entry:
            text = entry.read(2 * limits.json_bytes + 1)
    except KeyError:
        return {}
    except Exception as error:  # zipfile raises BadZipFile, zlib.error, RuntimeError...
        raise InvalidMedia("The zip cannot be read; it is damaged. Download it again.") from error
    if len(text) > 2 * limits.json_bytes:
        raise LimitExceeded(f"{PROJECT_ENTRY} is larger than {2 * limits.json_bytes} bytes.")
    return _parse_object(text.decode("utf-8", "replace"))


def _parse_object(text: str) -> dict[str, str]:
    """The texts of a JSON object of texts; nothing if it is anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, str)}
