"""Shots made to look as if they came from the same grade as a reference.

Where a shot and the reference show some of the same things, these are found and their colours
compared one by one; else the distributions of colours are, as far as content allows. The result
is a small grade for each shot of the clip (``synth.grade.match_fit``), never a copy of a histogram.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia
from synth.flow.feed import Feed
from synth.grade.chain import Chain
from synth.grade.lut import Lut
from synth.grade.match_fit import Match, fit
from synth.grade.match_pairs import View, pairs, view
from synth.grade.repairs import Mended, Request, number, opened, wanted, write
from synth.grade.result import GradedVideo
from synth.grade.settings import Adjustments
from synth.grade.tables import PlaneTables, recipe
from synth.limits import LIMITS
from synth.media import load_image
from synth.media.image import open_regular
from synth.media.plane_reader import PlaneReader
from synth.media.planes import ColourTags, Planes, to_rgb
from synth.media.settings import VideoFormat

_ACROSS: Final = 320
"""Pixels of a picture's longer side on which things are found."""
_MOST: Final = 8
"""Pictures of a shot that are looked at."""
_COMPARED: Final = (3, 6)
"""Pictures of the shot and of the reference between which the same things are looked for."""
_COLOURS: Final = 900
_PAIRS: Final = 1500
_FEWEST: Final = 200
_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"BM")
_STILLS: Final = (b"avif", b"heic", b"heix", b"mif1")


class _Look:
    """Some pictures of a shot, evenly taken however long it is."""

    def __init__(self, start: Fraction) -> None:
        self.start = start
        self.pictures: list[NDArray[np.float32]] = []
        self._step = 1
        self._count = 0

    def add(self, planes: Planes, tags: ColourTags) -> None:
        if self._count % self._step == 0:
            self.pictures.append(_small(planes, tags))
            if len(self.pictures) > 2 * _MOST:
                del self.pictures[1::2]
                self._step *= 2
        self._count += 1

    def some(self, most: int) -> list[NDArray[np.float32]]:
        places = np.linspace(0, len(self.pictures) - 1, min(most, len(self.pictures)))
        return [self.pictures[round(float(place))] for place in places]


@dataclass(frozen=True)
class ShotMatch:
    """How a shot was matched."""

    start: float
    """Where it begins, seconds."""
    match: Match
    """The grade."""
    pairs: int
    """Colours of things that both show; 0 where only distributions could be compared."""


def match_color(
    path: str | os.PathLike[str],
    reference: str | os.PathLike[str],
    *,
    strength: float = 1.0,
    protect: float = 0.5,
    reference_time: float | None = None,
    start: float = 0.0,
    seconds: float | None = None,
    output_path: str | os.PathLike[str] | None = None,
    format: VideoFormat = "mp4",
    crf: int = 18,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> GradedVideo:
    """Grade every shot of a clip so that it looks like a reference.

    The clip is read twice: once to see its colours, once to grade it.

    Args:
        path: the video.
        reference: a video or a picture.
        strength: how much of the match is laid on, 0 to 1.
        protect: how little of a difference is put down to the grade and how much to what is in the
            picture, 0 to 1.
        reference_time: the moment of a reference video that counts, seconds; None takes all of it.
        start: where to begin, seconds.
        seconds: how much to take; None to the end.
        output_path: the file to write, which appears complete or not at all; without it the clip
            lives as long as the result.
        format: what is written.
        crf: quality of H.264, lower is better.
        cancel: stops the work within a second; nothing is left behind.
        progress: told how far it is.

    Returns:
        The clip; ``found["shots"]`` tells for each where it starts, how many colours were compared
        one by one, and what is left unlike.

    Raises:
        InvalidInstruction: a value that makes no sense.
        InvalidMedia: the video or the reference cannot be read.
        LimitExceeded: one of them is larger than allowed.
        Cancelled: ``cancel`` was set.
    """
    strength, protect = number("strength", strength, 0, 1), number("protect", protect, 0, 1)
    if reference_time is not None:
        reference_time = number("reference_time", reference_time, 0, 36_000)
    settings = {"strength": strength, "protect": protect, "reference_time": reference_time}
    request = Request(
        "match", Path(path), settings, output_path, start, seconds, format, crf,
        cancel or CancelToken(), progress,
    )  # fmt: skip
    began = time.monotonic()
    progress(Progress("Reading the reference"))
    looks = _reference(Path(reference), reference_time, request.cancel)
    shots = _watch(request, looks, protect)
    found: dict[str, Any] = {
        "shots": [
            {
                "start": round(shot.start, 3),
                "pairs": shot.pairs,
                "misfit": round(shot.match.misfit, 4),
            }
            for shot in shots
        ]
    }
    notes = []
    if not all(shot.pairs for shot in shots):
        notes.append(
            "Some shots show nothing of the reference; there, only the distribution of the colours "
            "could be matched."
        )
    watched = time.monotonic() - began
    with opened(request) as feed:
        pictures = _graded(request, feed, [shot.match.lut(strength) for shot in shots])
        return write(
            request, feed, pictures, found=found, began=began, watched=watched, notes=notes
        )


def match_picture(
    rgb: NDArray[np.uint8],
    reference_rgb: NDArray[np.uint8],
    *,
    strength: float = 1.0,
    protect: float = 0.5,
) -> Lut:
    """The cube that makes a picture look like another; both uint8 RGB (H, W, 3), any sizes.

    Raises ``InvalidInstruction`` for a ``strength`` or ``protect`` outside of 0 to 1.
    """
    strength, protect = number("strength", strength, 0, 1), number("protect", protect, 0, 1)
    one, other = ([_shrunk(picture)] for picture in (rgb, reference_rgb))
    return matched(one, other, protect=protect)[0].lut(strength)


def match_planes(
    shot: Sequence[Planes],
    reference: Sequence[Planes],
    *,
    strength: float = 1.0,
    protect: float = 0.5,
    tags: ColourTags | None = None,
) -> Lut:
    """The cube that makes a shot look like another, from a few pictures of each.

    Args:
        shot: pictures of the shot, evenly taken; at least one.
        reference: likewise of the other.
        strength: how much of the match is laid on, 0 to 1.
        protect: as for ``match_color``.
        tags: what the planes mean; BT.709 in limited range if left out.

    Raises ``InvalidInstruction`` for a ``strength`` or ``protect`` outside of 0 to 1.
    """
    strength, protect = number("strength", strength, 0, 1), number("protect", protect, 0, 1)
    ours, theirs = (
        [_small(one, tags or ColourTags()) for one in side] for side in (shot, reference)
    )
    views = [view(picture) for picture in theirs[: _COMPARED[1]]]
    return matched(ours, theirs, protect=protect, views=views)[0].lut(strength)


def matched(
    target: list[NDArray[np.float32]],
    reference: list[NDArray[np.float32]],
    *,
    protect: float = 0.5,
    views: list[View] | None = None,
) -> tuple[Match, int]:
    """The grade from pictures of a shot to those of a reference, and how many pairs it rests on.

    Args:
        target: encoded RGB (H, W, 3), 1 at white, about 320 pixels across.
        reference: likewise.
        protect: as for ``match_color``.
        views: those of the reference, if they are known; without any, only distributions count.
    """
    rng = np.random.default_rng(0)
    if views is None:
        views = [view(picture) for picture in reference[: _COMPARED[1]]]
    none = np.zeros((0, 3), np.float32)
    seen = [(none, none)]
    for one in (view(picture) for picture in target[: _COMPARED[0]]) if views else ():
        seen += [pairs(one, other) for other in views]
    ours, theirs = (np.concatenate([pair[side] for pair in seen]) for side in (0, 1))
    both = None
    if len(ours) >= _FEWEST:
        some = rng.permutation(len(ours))[:_PAIRS]
        both = ours[some], theirs[some]
    found = fit(_colours(target, rng), _colours(reference, rng), both, protect=protect)
    return found, len(ours) if both is not None else 0


def _colours(pictures: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    """Some colours of pictures, without the finest detail."""
    small = [cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for p in pictures]
    flat = np.concatenate([picture.reshape(-1, 3) for picture in small])
    return np.asarray(flat[rng.permutation(len(flat))[:_COLOURS]], np.float32)


def _watch(request: Request, reference: _Look, protect: float) -> list[ShotMatch]:
    """The match of every shot, in the order of time."""
    shots: list[ShotMatch] = []
    theirs = reference.some(_COMPARED[1])
    views = [view(picture) for picture in theirs]

    def settle(look: _Look) -> None:
        request.cancel.check()
        match, count = matched(look.some(_COMPARED[0]), theirs, protect=protect, views=views)
        shots.append(ShotMatch(float(look.start), match, count))

    with opened(request) as feed:
        look: _Look | None = None
        for anchor in wanted(request, feed, "Comparing colours"):
            if anchor.join == "cut":
                if look is not None:
                    settle(look)
                look = _Look(anchor.time)
            assert look is not None
            look.add(anchor.planes, feed.tags)
        if look is not None:
            settle(look)
    return shots


def _graded(request: Request, feed: Feed, luts: list[Lut]) -> Iterator[Mended]:
    """The pictures, each shot through its own cube."""
    rest = Chain(Adjustments())
    tables: PlaneTables | None = None
    shot = -1
    for anchor in wanted(request, feed, "Grading"):
        if anchor.join == "cut" and shot + 1 < len(luts):
            shot += 1
            made = recipe(rest, luts[shot])
            if tables is None:
                tables = PlaneTables(made, feed.tags)
            else:
                tables.change(made)
        assert tables is not None
        yield tables.grade(anchor.planes, threads=2), anchor.time


def _reference(path: Path, moment: float | None, cancel: CancelToken) -> _Look:
    """Pictures of the reference, a video or a picture."""
    still = _is_picture(path)
    try:
        return _still(path) if still else _seen(path, moment, cancel)
    except InvalidMedia as error:
        raise InvalidMedia(f"The reference ({path.name!r:.80}): {error}") from None


def _is_picture(path: Path) -> bool:
    """Whether a file begins like a picture; names are not believed."""
    with open_regular(path, LIMITS.video_bytes, "reference") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return head[8:12] in _STILLS
    return head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _still(path: Path) -> _Look:
    look = _Look(Fraction(0))
    look.pictures.append(_shrunk(load_image(path).pixels))
    return look


def _seen(path: Path, moment: float | None, cancel: CancelToken) -> _Look:
    look = _Look(Fraction(0))
    begin = Fraction(moment or 0.0).limit_denominator(1_000_000)
    with PlaneReader(path, start=begin, cancel=cancel) as reader:
        for frame in reader:
            cancel.check()
            look.add(frame.planes, reader.tags)
            if moment is not None:
                break
        if look.pictures:
            return look
        length = reader.info.duration
    if moment is None:
        raise InvalidMedia("The reference has no picture. Choose another video.")
    lasts = f"; it lasts {float(length):.4g} s" if length is not None else ""
    raise InvalidInstruction(
        f"The reference has no picture at {moment:g} s{lasts}. Choose an earlier moment."
    )


def _small(planes: Planes, tags: ColourTags) -> NDArray[np.float32]:
    """A picture about 320 pixels across as RGB, 1 at white."""
    shrink = max(1, round(max(planes.size) / _ACROSS))
    if shrink > 1:
        half = (max(1, planes.size[0] // shrink // 2), max(1, planes.size[1] // shrink // 2))
        size = (2 * half[0], 2 * half[1])
        planes = Planes(
            *(
                np.asarray(cv2.resize(plane, to, interpolation=cv2.INTER_AREA), np.uint8)
                for plane, to in ((planes.y, size), (planes.u, half), (planes.v, half))
            )
        )
    return to_rgb(planes, tags).astype(np.float32) / np.float32(255.0)


def _shrunk(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    scale = min(1.0, _ACROSS / max(rgb.shape[:2]))
    size = tuple(max(2, round(side * scale)) for side in rgb.shape[1::-1])
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255.0)
