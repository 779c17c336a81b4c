"""Styles in a prompt: ``<lora:name:0.8>`` anywhere, taken out before a model reads the rest.

The form is that of AUTOMATIC1111's prompts (https://github.com/AUTOMATIC1111/stable-diffusion-webui
/wiki/Features#extra-networks), but read from the right, so that ``C:\\styles\\noir.safetensors`` is
a name, and strict: a tag that cannot be obeyed is an error, never dropped in silence.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from synth.errors import InvalidInstruction
from synth.explain import short

LEAST_STRENGTH: Final = -2.0
"""Weakest a tag may ask for; below 0 a LoRA's direction is taken backwards."""

MOST_STRENGTH: Final = 2.0
"""Strongest a tag may ask for: beyond twice what was learned, no style holds together."""

PLAIN_STRENGTH: Final = 1.0
"""Strength of a tag that names none: as learned, which is what such tags mean elsewhere."""

MOST_TAGS: Final = 16
"""Most tags of one prompt."""

_LONGEST_NAME: Final = 400
_START: Final = re.compile(r"<\s*(?:lora\b|[A-Za-z_]\w*\s*:)", re.IGNORECASE)
_HEAD: Final = re.compile(r"\s*lora\s*:", re.IGNORECASE)
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?"
)
_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")
_FORM: Final = "Write it as <lora:name:0.8>"


@dataclass(frozen=True)
class Tag:
    """A style that a prompt asks for."""

    name: str
    """What it is called: the name of a style, or its file's path."""
    strength: float = PLAIN_STRENGTH
    """0 changes nothing, 1 is as learned; from ``LEAST_STRENGTH`` to ``MOST_STRENGTH``."""


@dataclass(frozen=True)
class TaggedPrompt:
    """A prompt, taken apart."""

    text: str
    """What a model reads."""
    tags: tuple[Tag, ...] = ()
    """The styles, in the order in which they stand."""


def read_tags(prompt: str) -> TaggedPrompt:
    """Take the style tags out of a prompt.

    Where a tag stood, no double space and no double comma stays; all other text is untouched. A
    ``<`` that begins no tag (``a < b``, ``<3``) is text.

    Raises ``InvalidInstruction`` for a tag of another kind, one without a name, one that does not
    end, or a strength that is no number within the limits; the message tells the place.
    """
    pieces: list[str] = []
    tags: list[Tag] = []
    place = 0
    while (start := _START.search(prompt, place)) is not None:
        tag, end = _tag(prompt, start.start())
        pieces.append(prompt[place : start.start()])
        tags.append(tag)
        place = end
        if len(tags) > MOST_TAGS:
            raise InvalidInstruction(
                f"The prompt holds more than {MOST_TAGS} style tags. Keep those that matter most."
            )
    return TaggedPrompt(_joined([*pieces, prompt[place:]]), tuple(tags))


def write_tag(name: str, strength: float) -> str:
    """The tag that asks for a style: ``<lora:loras/noir.safetensors:0.9>``.

    Args:
        name: the style's name or its file's path.
        strength: how much of it, ``LEAST_STRENGTH`` to ``MOST_STRENGTH``.

    Raises ``InvalidInstruction`` where ``read_tags`` would not give the same back.
    """
    if isinstance(strength, bool) or not isinstance(strength, int | float):
        raise InvalidInstruction(
            f"The strength of a style is {short(strength)}; give a number from {LEAST_STRENGTH:g} "
            f"to {MOST_STRENGTH:g}."
        )
    _check_strength(float(strength), "The strength of a style")
    tag = f"<lora:{name}:{strength}>"
    try:
        read = read_tags(tag)
    except InvalidInstruction:
        read = None
    if read is None or read.text or read.tags != (Tag(name, float(strength)),):
        raise InvalidInstruction(
            f"A tag cannot hold the name {short(name)}. Use a name of at most {_LONGEST_NAME} "
            "characters without <, >, line breaks or spaces at its ends."
        )
    return tag


def _tag(prompt: str, start: int) -> tuple[Tag, int]:
    """The tag that begins at ``start``, and the place after it."""
    where = f"The style tag at character {start + 1} of the prompt"
    end = next((n for n in range(start + 1, len(prompt)) if prompt[n] in "<>\r\n"), len(prompt))
    shown = short(prompt[start : end + 1])
    if end == len(prompt) or prompt[end] != ">":
        raise InvalidInstruction(f"{where}, {shown}, does not end with '>'. {_FORM}.")
    inside = prompt[start + 1 : end]
    head = _HEAD.match(inside)
    if head is None:
        word = inside.split(":", 1)[0].strip()
        if word.lower().startswith("lora"):
            raise InvalidInstruction(f"{where}, {shown}, names no style. {_FORM}.")
        raise InvalidInstruction(
            f"{where} is of the kind {short(word)}, which is not known here; only lora is. {_FORM}."
        )
    body = inside[head.end() :]
    name, colon, last = body.rpartition(":")
    strength = PLAIN_STRENGTH
    if colon and _NUMBER.fullmatch(last.strip()):
        strength = float(last)
        _check_strength(strength, f"{where}, {shown}: its strength")
    elif not colon or (_DRIVE.match(body.strip()) and body.count(":") == 1):
        name = body
    else:
        raise InvalidInstruction(
            f"{where}, {shown}, has the strength {short(last.strip())}, which is no number. "
            f"{_FORM}."
        )
    name = name.strip()
    if _NUMBER.fullmatch(name.rpartition(":")[2].strip()) and ":" in name:
        raise InvalidInstruction(f"{where}, {shown}, has two strengths. {_FORM}.")
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        said = "names no style" if not name else "has a name that is too long or cannot be printed"
        raise InvalidInstruction(f"{where}, {shown}, {said}. {_FORM}.")
    return Tag(name, strength), end + 1


def _check_strength(strength: float, subject: str) -> None:
    if not (math.isfinite(strength) and LEAST_STRENGTH <= strength <= MOST_STRENGTH):
        raise InvalidInstruction(
            f"{subject} is {strength:g}; it must be from {LEAST_STRENGTH:g} to {MOST_STRENGTH:g}."
        )


def _joined(pieces: list[str]) -> str:
    """What stood between the tags, as if they had never been there."""
    text = pieces[0]
    for piece in pieces[1:]:
        head, tail = text.rstrip(), piece.lstrip()
        gap = text[len(head) :] or piece[: len(piece) - len(tail)]
        if tail and tail[0] in ",;" and (not head or head[-1] in ",;"):
            # "a, <tag>, b" had one comma too many
            tail = tail[1:].lstrip()
            gap = gap or " "
        if tail and tail[0] in ",.;:!?":
            head, gap = head.rstrip(",;"), ""
        elif head and tail and not gap and head[-1].isalnum() and tail[0].isalnum():
            gap = " "
        text = head + gap + tail
    if len(pieces) == 1:
        return text
    return text.strip() if pieces[-1].strip() else text.strip().rstrip(",;")
