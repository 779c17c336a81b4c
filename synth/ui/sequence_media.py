"""What the Sequence tab shows of a file: a small picture, its length, its size."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from synth.media import load_image
from synth.sequence.project import MediaKind
from synth.ui.assets import picture_url
from synth.ui.footage import open_clip
from synth.ui.photo import uploaded_file

_LONGEST_NAME: Final = 60

_CARD_SIDE: Final = 360
_PHOTO_ENDINGS: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".gif"}
)
_FILM_ENDINGS: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".3gp"}
)
_OWN: Final = re.compile(r"sq-[0-9a-f]{32}-")
_SOUND_ENDINGS: Final = frozenset(
    {".mp3", ".wav", ".flac", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".wma"}
)


@dataclass(frozen=True)
class Look:
    """What there is to know and to see of a media file."""

    picture: str = ""
    """A small picture of it as a ``data:`` address; empty for sound."""
    width: int = 0
    """Pixels across."""
    height: int = 0
    """Pixels down."""
    seconds: Fraction | None = None
    """Length of a clip."""
    facts: str = ""
    """Size and rate in words."""
    wrong: str = ""
    """Why the file cannot be read, in a sentence; empty where it can."""

    def shown(self) -> dict[str, Any]:
        """As the page gets it."""
        return {
            "picture": self.picture,
            "width": self.width,
            "height": self.height,
            "seconds": None if self.seconds is None else float(self.seconds),
            "facts": self.facts,
            "wrong": self.wrong,
        }


def look_at(path: Path, kind: MediaKind) -> Look:
    """Look into a file.

    Raises ``InvalidMedia`` or ``LimitExceeded`` for a file that cannot be read as that kind.
    """
    if kind == "photo":
        loaded = load_image(path)
        small = picture_url(loaded.pixels, _CARD_SIDE, 80)
        return Look(small, loaded.width, loaded.height, None, f"{loaded.width} × {loaded.height}")
    if kind == "video":
        clip, poster = open_clip(str(path), "The clip")
        words = f"{clip.width} × {clip.height}, {'with sound' if clip.sound else 'no sound'}"
        length = Fraction(clip.seconds).limit_denominator(100_000)
        return Look(poster, clip.width, clip.height, length, words)
    return Look()


def kind_of(name: str) -> MediaKind:
    """What a file of that name is likely to be; what it holds is checked when it is opened."""
    ending = Path(name).suffix.lower()
    if ending in _PHOTO_ENDINGS:
        return "photo"
    return "sound" if ending in _SOUND_ENDINGS else "video"


def refusal_of(name: str, words: str) -> str:
    """Why a file cannot be added: ``words``, or that it is no medium, where its name says so."""
    ending = Path(name).suffix.lower()
    if ending in _PHOTO_ENDINGS | _SOUND_ENDINGS | _FILM_ENDINGS:
        return words
    return (
        f"Files that end in {ending or 'nothing'!r} are no photos, clips or sounds that can be "
        "read here. Add a JPEG, PNG, WebP or HEIC photo, an MP4, MOV or WebM clip, or a sound."
    )


@contextlib.contextmanager
def sent_file(value: object) -> Iterator[str]:
    """Path of a file that was sent to this tab; it is deleted once it was read.

    The page sends files of this tab under a name that no other sending has, so that nobody else
    works on them; others are left where they are. Raises ``InvalidMedia`` as ``uploaded_file``.
    """
    path = uploaded_file(value)
    try:
        yield path
    finally:
        if _OWN.match(Path(path).name):
            Path(path).unlink(missing_ok=True)


def without_own_names(words: str) -> str:
    """A sentence about a file that was sent, with the name that its owner knows."""
    return _OWN.sub("", words)


def served(path: Path) -> str:
    """Put a finished file where the page may fetch it; gives its path there."""
    return str(save_file_to_cache(path, get_upload_folder()))


def stem_of(name: str) -> str:
    """A file's name, without its ending, for something that people call ``name``."""
    bare = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return bare[:48] or "film"


def shot_name(name: str) -> str:
    """A name for a shot, from its file's."""
    bare = Path(name.replace("\\", "/")).stem
    kept = "".join(c for c in bare if c.isprintable() and c not in "/\\").strip()
    return kept[:_LONGEST_NAME] or "Shot"
