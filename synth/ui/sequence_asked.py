"""What the Sequence tab's page sends along, checked as if anybody had sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synth.errors import InvalidInstruction
from synth.sequence.project import MediaRef, SequenceShot
from synth.ui.sequence_cards import read_parts


def read_card_shot(value: object) -> SequenceShot:
    """A shot of the sequence. Raises ``InvalidInstruction``."""
    return read_parts(shots=[read_mapping(value)]).shots[0]


def read_mapping(value: object) -> dict[str, Any]:
    """The plain values of a shot. Raises ``InvalidInstruction``."""
    if not isinstance(value, Mapping):
        raise InvalidInstruction("The shot cannot be read. Reload the page.")
    return dict(value)


def read_ref(value: object) -> MediaRef:
    """A sound or a clip by its content. Raises ``InvalidInstruction``."""
    if not isinstance(value, Mapping):
        raise InvalidInstruction("The file cannot be found. Add it again.")
    sha, kind = value.get("sha256"), value.get("kind")
    if not isinstance(sha, str) or len(sha) != 64 or not set(sha) <= set("0123456789abcdef"):
        raise InvalidInstruction("The file cannot be found. Add it again.")
    return MediaRef(sha256=sha, kind="video" if kind == "video" else "sound")


def read_number(value: object, what: str) -> float:
    """A number of seconds; ``what`` begins the error. Raises ``InvalidInstruction``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInstruction(f"{what} must be a number of seconds.")
    return float(value)
