"""What the references are called: a text beside the clip, or plain words from its name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from synth.errors import InvalidMedia
from synth.limits import LIMITS

_MOST_BYTES: Final = 4 * LIMITS.prompt_characters
_EMPTY_WORDS: Final = re.compile(
    r"clips?|vid|videos?|movie|film|mov|mp4|webm|avi|mkv|img|dsc|gopro|gh|refs?|references?|sample|"
    r"take|scene|shot|final|copy|edit|export|render|output|untitled|new|old|v|the|an?|of|and",
    re.IGNORECASE,
)
"""Words of file names that say nothing of what is seen."""


def trigger_of(name: str, trigger: str = "") -> str:
    """What calls a style in a prompt: as wished, or its name with spaces and the word style."""
    wished = " ".join(trigger.split())
    if wished:
        return wished
    words = " ".join(re.sub(r"[_.-]+", " ", name).split())
    return words if words.lower().endswith("style") else f"{words} style"


def caption_of(clip: Path, trigger: str) -> str:
    """The words that a clip is learned with; they always begin with the trigger.

    A text file of the clip's name beside it (``noir_1.txt`` for ``noir_1.mp4``) says what is seen;
    without one, the words of the file's name do, as far as they mean something.

    Raises ``InvalidMedia`` for a text that is not UTF-8 or too long.
    """
    beside = clip.with_suffix(".txt")
    said = _read(beside) if beside.is_file() else _words(clip.stem)
    if said.lower().startswith(trigger.lower()):
        return said
    return f"{trigger}. {said}" if said else f"{trigger}."


def captions_of(clips: Iterable[Path], trigger: str) -> dict[Path, str]:
    """The caption of every file; raises as ``caption_of``."""
    return {clip: caption_of(clip, trigger) for clip in dict.fromkeys(clips)}


def _read(path: Path) -> str:
    if path.stat().st_size > _MOST_BYTES:
        raise InvalidMedia(
            f"The caption {path.name} has {path.stat().st_size:,} bytes; the limit is "
            f"{_MOST_BYTES:,}. One or two sentences are best."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidMedia(
            f"The caption {path.name} cannot be read as UTF-8 text. Save it as plain text."
        ) from error
    return " ".join(text.split())[: LIMITS.prompt_characters]


def _words(stem: str) -> str:
    words = [
        word for word in re.findall(r"[^\W\d_]{2,}", stem) if _EMPTY_WORDS.fullmatch(word) is None
    ]
    return " ".join(words[:12])
