"""A token that cannot be printed by accident."""

from __future__ import annotations

import re
from typing import NoReturn
from urllib.parse import quote

from synth.errors import InvalidInstruction

_SHAPE = re.compile(r"[\x21-\x7e]{8,512}")
_HIDDEN = "(token)"


class Token:
    """An access token: only ``reveal`` gives it, and nothing writes it down."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Take a token as somebody pasted it; space around it is dropped.

        Raises ``InvalidInstruction``, without showing it, unless it is 8 to 512 printable ASCII
        characters without spaces: anything else would break the header that carries it.
        """
        stripped = text.strip()
        if not _SHAPE.fullmatch(stripped):
            raise InvalidInstruction(
                f"The token has {len(stripped)} characters or holds spaces, line breaks or letters "
                "outside ASCII; tokens are 8 to 512 plain characters. Copy it again."
            )
        self._text = stripped

    @property
    def of_the_hub(self) -> bool:
        """Whether it is a Hugging Face token; others are a provider's own key."""
        return self._text.startswith("hf_")

    def reveal(self) -> str:
        """The token itself, for a request's header and nothing else."""
        return self._text

    def scrub(self, text: str) -> str:
        """A text of somebody else's without this token, plain or as it stands in an address."""
        for form in {self._text, quote(self._text, safe=""), quote(self._text)}:
            text = text.replace(form, _HIDDEN)
        return text

    def __repr__(self) -> str:
        """Never the token."""
        return "Token(hidden)"

    def __reduce__(self) -> NoReturn:
        """A token is not pickled: what is pickled gets written down."""
        raise TypeError("A token cannot be pickled.")


def scrubbed(text: str, token: Token | None) -> str:
    """``text`` without the token, if there is one."""
    return token.scrub(text) if token else text
