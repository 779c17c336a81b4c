"""Which pieces of the clips are looked at, and at which size: shapes that the model can read.

A model reads frame sizes that are multiples and frame counts of a rule. Each clip goes to the
bucket whose shape is nearest to its own, and is cut in time into pieces of the longest lawful
count, which only bring together what lies in a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.protocol import Frame, FrameRule
from synth.control import CancelToken
from synth.errors import InvalidMedia
from synth.style.references import ReferenceClip, frames_of

_SHAPES: Final = (21 / 9, 16 / 9, 3 / 2, 4 / 3, 1.0, 3 / 4, 2 / 3, 9 / 16, 9 / 21)
"""Width over height of the buckets."""


@dataclass(frozen=True)
class Reading:
    """What a base can read."""

    multiple: int
    """Both sides are multiples of it, pixels."""
    frames: FrameRule
    """Frame counts."""
    rate: Fraction
    """Frames per second."""
    fixed: tuple[int, int] | None = None
    """The only size, (width, height), where its places are learned by heart."""

    def size(self, width: int, height: int, resolution: int) -> tuple[int, int]:
        """The bucket of a picture, (width, height): about ``resolution`` squared in area."""
        if self.fixed is not None:
            return self.fixed
        shape = min(_SHAPES, key=lambda one: abs(np.log(one * height / width)))
        step = self.multiple

        def side(length: float) -> int:
            return max(step, round(length / step) * step)

        return side(resolution * shape**0.5), side(resolution / shape**0.5)

    def count(self, there: int, most: int) -> int:
        """The longest lawful frame count of at most ``most`` and what is there; 0 for none."""
        rule = self.frames
        lawful = (min(there, most, rule.most) - rule.offset) // rule.step * rule.step + rule.offset
        return lawful if lawful >= rule.least else 0


@dataclass(frozen=True)
class Piece:
    """A part of a clip that is looked at as one sample."""

    clip: ReferenceClip
    """Whose."""
    first: int
    """Its first frame, counted at the base's rate from the clip's first."""
    frames: int
    """How many, lawful."""
    width: int
    """Of its bucket, pixels."""
    height: int
    """Of its bucket, pixels."""

    @property
    def bucket(self) -> tuple[int, int, int]:
        """Pieces of one bucket may lie in one batch."""
        return self.frames, self.height, self.width


def pieces_of(
    clips: Sequence[ReferenceClip], reading: Reading, *, resolution: int, frames: int
) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
    """The pieces of all clips, and what there is to say of those that give none.

    Raises ``InvalidMedia`` where no clip is long enough for the base.
    """
    pieces: list[Piece] = []
    short: list[str] = []
    least = reading.frames.least
    most = max(frames, least)
    for clip in clips:
        there = max(1, int(clip.seconds * reading.rate + Fraction(1, 100)))
        count = reading.count(there, most)
        if not count:
            short.append(clip.title)
            continue
        size = reading.size(clip.width, clip.height, resolution)
        number = there // count
        spare = there - number * count
        pieces += [
            Piece(clip, k * count + (spare * (2 * k + 1)) // (2 * number), count, *size)
            for k in range(number)
        ]
    if not pieces:
        raise InvalidMedia(
            f"No clip has the {least} frames at {float(reading.rate):g} a second that this model "
            f"reads at least ({least / float(reading.rate):.1f} s). Give longer clips."
        )
    notes = ()
    if short:
        notes = (
            f"Too short for this model ({least} frames at {float(reading.rate):g} a second), left "
            f"out: {', '.join(short[:5])}{' and more' if len(short) > 5 else ''}.",
        )
    return tuple(pieces), notes


def split(pieces: Sequence[Piece], share: float) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Pieces to train on, and pieces to validate on: whole clips, evenly spread, never all.

    With one clip only, its last piece is held out; with one piece only, nothing is.
    """
    clips = list(dict.fromkeys(piece.clip for piece in pieces))
    if share <= 0.0 or len(pieces) < 2:
        return tuple(pieces), ()
    if len(clips) == 1:
        return tuple(pieces[:-1]), (pieces[-1],)
    number = min(max(1, round(share * len(clips))), len(clips) - 1)
    step = len(clips) / number
    kept = {clips[int((k + 1) * step) - 1] for k in range(number)}
    return (
        tuple(piece for piece in pieces if piece.clip not in kept),
        tuple(piece for piece in pieces if piece.clip in kept),
    )


def frames_for(
    pieces: Sequence[Piece], rate: Fraction, cancel: CancelToken
) -> Iterator[tuple[Piece, NDArray[np.uint8]]]:
    """The frames of one clip's pieces, each uint8 (frames, height, width, 3); read in one pass.

    Each is the picture that is shown at its time, scaled over the bucket and cropped about the
    centre. Where a clip ends early its last picture stays.
    """
    clip = pieces[0].clip
    wanted = sorted(
        (((piece.first + k) / rate, piece, k) for piece in pieces for k in range(piece.frames)),
        key=lambda one: one[0],
    )
    held = {piece: np.empty((piece.frames, piece.height, piece.width, 3), np.uint8)
            for piece in pieces}  # fmt: skip
    at = 0
    last: Frame | None = None

    def put(until: Fraction | None) -> None:
        nonlocal at
        while at < len(wanted) and (until is None or wanted[at][0] < until):
            _, piece, k = wanted[at]
            assert last is not None
            held[piece][k] = covered(last, piece.width, piece.height)
            at += 1

    for pixels, time in frames_of(clip, cancel=cancel):
        cancel.check()
        if last is not None:
            put(time)
        last = pixels
    if last is None:
        raise InvalidMedia(f"{clip.title} gives no picture any more. Check the file again.")
    put(None)
    yield from held.items()


def covered(picture: Frame, width: int, height: int) -> Frame:
    """A picture scaled to cover a size and cropped about its centre."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    scaled = picture if size == picture.shape[1::-1] else cv2.resize(picture, size, None, 0, 0, way)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width], np.uint8)
