"""What sound goes with a clip: which part of which file, and how fast each stretch of it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

_FASTEST = 64
_GAP = Fraction(1, 1_000_000)
"""Seconds by which pieces may miss each other, from rounding."""


@dataclass(frozen=True)
class SoundPiece:
    """A stretch of sound that runs at one speed."""

    source_start: Fraction
    """Where it begins in the source, seconds after the first picture."""
    source_seconds: Fraction
    """How much of the source it takes."""
    speed: float
    """1 is as it was, 0.5 lasts twice as long."""
    keep_pitch: bool
    """Whether voices stay as high as they were; if not, it runs like a tape."""


@dataclass(frozen=True)
class Sound:
    """The sound of a clip, taken from a video file.

    The pieces follow each other without gaps. A ramp of speed is many short pieces: they are
    played as one curve, so nothing clicks where two meet.
    """

    path: Path
    """The video file whose first sound track is used."""
    pieces: tuple[SoundPiece, ...]
    """What is played, in order; at least one."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for pieces that do not follow each other or make no sense."""
        if not self.pieces:
            raise ValueError("Sound needs at least one piece.")
        if len({piece.keep_pitch for piece in self.pieces}) > 1:
            raise ValueError("The pieces of one sound keep the pitch all or none.")
        end: Fraction | None = None
        for piece in self.pieces:
            if not (math.isfinite(piece.speed) and 1 / _FASTEST <= piece.speed <= _FASTEST):
                raise ValueError(f"A speed of {piece.speed} is not within 1/64 and 64.")
            if piece.source_seconds <= 0 or piece.source_start < 0:
                raise ValueError("A piece of sound has no length or begins before the source.")
            if end is not None and abs(piece.source_start - end) > _GAP:
                raise ValueError("The pieces of a sound do not follow each other.")
            end = piece.source_start + piece.source_seconds

    @property
    def unchanged(self) -> bool:
        """Whether every piece runs as it was."""
        return all(piece.speed == 1 for piece in self.pieces)

    @property
    def keep_pitch(self) -> bool:
        """Whether voices stay as high as they were."""
        return self.pieces[0].keep_pitch
