"""What all models of a sequence have in common."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from synth.errors import InvalidInstruction
from synth.explain import explain_errors


class Value(BaseModel):
    """An unchangeable value, checked strictly. What a newer version added is kept as it came."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    @classmethod
    def of(cls, **fields: Any) -> Self:
        """A value from what a person said; raises ``InvalidInstruction`` naming each problem."""
        for name in fields.keys() - cls.model_fields.keys():
            raise InvalidInstruction(
                f"There is no {name[:40]!r} here. Known: {', '.join(cls.model_fields)}."
            )
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise InvalidInstruction(explain_errors(error, cls)) from None


def plain(text: str) -> str:
    """One line of text without slashes, as names are; raises ``ValueError``."""
    if any(ord(letter) < 32 or letter in "/\\" for letter in text):
        raise ValueError("it has a line break or a slash in it; names have none.")
    return text


def one_line(text: str) -> str:
    """One line of text; raises ``ValueError``."""
    if any(ord(letter) < 32 for letter in text):
        raise ValueError("it has a line break in it; write it in one line.")
    return text


def colour(text: str) -> str:
    """An sRGB colour such as #1a2b3c; raises ``ValueError``."""
    if len(text) != 7 or text[0] != "#" or not set(text[1:]) <= set("0123456789abcdefABCDEF"):
        raise ValueError(f"{text[:20]!r} is no colour; write one such as #1a2b3c.")
    return text
