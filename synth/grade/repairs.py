"""What all repairs share: reading a clip with its shots known, and writing the mended one."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia
from synth.flow.feed import Feed, Span
from synth.flow.model import Anchor
from synth.grade.result import GradedVideo, metadata_texts
from synth.media.clip_files import clip_target
from synth.media.planes import Planes
from synth.media.settings import VIDEO_FORMATS, EncoderSettings, VideoFormat
from synth.media.sound import Sound, SoundPiece
from synth.media.story import METADATA_KEY
from synth.media.writer import VideoWriter

_AFTERWARDS: Final = Fraction(3600)
"""Sound is asked for so far beyond the declared end; it is cut where the pictures end, seconds."""


@dataclass(frozen=True)
class Request:
    """Which part of which clip is mended, and where it goes."""

    what: str
    """Name of the repair, as in ``GradedVideo``."""
    path: Path
    """The source."""
    settings: Mapping[str, Any]
    """What was asked for, as plain values: they are written into the file."""
    output_path: str | os.PathLike[str] | None = None
    """Where the clip goes; without it, it lives as long as the result."""
    start: float = 0.0
    """Seconds."""
    seconds: float | None = None
    """How much of it; None to the end."""
    format: VideoFormat = "mp4"
    """What is written."""
    crf: int = 18
    """Quality of H.264."""
    cancel: CancelToken = field(default_factory=CancelToken)
    """Stops the work."""
    progress: ProgressCallback = ignore_progress
    """Told how far it is."""

    def __post_init__(self) -> None:
        """Raise ``InvalidInstruction`` for values that make no sense."""
        number("start", self.start, 0.0, 36_000.0)
        if self.seconds is not None:
            number("seconds", self.seconds, 0.001, 36_000.0)
        if self.format not in VIDEO_FORMATS:
            raise InvalidInstruction(
                f"There is no video format {self.format!r}. "
                f"Choose one of {', '.join(VIDEO_FORMATS)}."
            )
        if isinstance(self.crf, bool) or not isinstance(self.crf, int) or not 0 <= self.crf <= 51:
            raise InvalidInstruction(f"crf is {self.crf!r}; give a whole number from 0 to 51.")

    @property
    def span(self) -> Span:
        """The wanted part."""
        start = Fraction(self.start).limit_denominator(1_000_000)
        if self.seconds is None:
            return Span(start, None)
        return Span(start, start + Fraction(self.seconds).limit_denominator(1_000_000))


def number(name: str, value: object, low: float, high: float) -> float:
    """A number within its bounds; raises ``InvalidInstruction`` that says what was given."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInstruction(f"{name} is {value!r:.60}; give a number.")
    if not low <= value <= high:
        raise InvalidInstruction(f"{name} is {value:g}; give a number from {low:g} to {high:g}.")
    return float(value)


@contextmanager
def opened(request: Request) -> Iterator[Feed]:
    """The clip, being read ahead in a thread; its anchors tell where shots begin."""
    with Feed(request.path, request.span, cancel=request.cancel) as feed:
        yield feed


def wanted(request: Request, feed: Feed, stage: str) -> Iterator[Anchor]:
    """The pictures of the wanted part in the order of time; progress is told under ``stage``.

    The first of them counts as the start of a shot. Raises ``InvalidInstruction`` where there is
    none and ``Cancelled``.
    """
    span = request.span
    total = expected(feed, span)
    count = 0
    for anchor in feed:
        request.cancel.check()
        if not span.holds(anchor.time):
            continue
        if count == 0 and anchor.join != "cut":
            anchor = Anchor(anchor.number, anchor.time, anchor.planes, "cut")
        yield anchor
        count += 1
        request.progress(Progress(stage, count, max(total or 0, count)))
    if not count:
        raise InvalidInstruction(
            f"The video has no picture after {request.start:g} s. Start earlier."
        )


def expected(feed: Feed, span: Span) -> int | None:
    """How many pictures the wanted part should have by what the file says of itself."""
    end = feed.expected_end()
    if end is None:
        return None
    if end <= span.start:
        raise InvalidInstruction(
            f"The start is {float(span.start):g} s; the video lasts {float(end):.4g} s. "
            "Start earlier."
        )
    return max(1, math.ceil((end - span.start) * feed.rate))


Mended = tuple[Planes, Fraction]
"""A picture and when it is shown in the source, seconds."""


def write(
    request: Request,
    feed: Feed,
    pictures: Iterable[Mended],
    *,
    found: Mapping[str, Any] | None = None,
    began: float,
    watched: float = 0.0,
    notes: Iterable[str] = (),
) -> GradedVideo:
    """Encode the mended pictures with the source's tags and sound.

    Pictures at uneven times are put on the even ones of the source's mean rate, each shown for
    as long as it was, so that the sound stays with them.

    Args:
        request: what was asked for.
        feed: where the pictures come from.
        pictures: in the order of time, one for each of the source.
        found: what was measured, for the report; it may be filled while pictures are made.
        began: ``time.monotonic()`` at the start of the whole work.
        watched: seconds that an earlier look at the clip took.
        notes: sentences for the user; they may be filled while pictures are made.
    """
    span, rate = request.span, feed.rate
    width, height = feed.size
    with clip_target(request.path, request.output_path, request.format) as (target, keeper):
        sound = None
        if feed.info.has_audio:
            end = max(feed.expected_end() or span.start, span.start) + _AFTERWARDS
            sound = Sound(request.path, (
                SoundPiece(span.start, (span.end or end) - span.start, 1.0, True),
            ))  # fmt: skip
        with VideoWriter(
            target,
            width=width,
            height=height,
            fps=rate,
            format=request.format,
            settings=EncoderSettings(crf=request.crf),
            metadata=metadata_texts(
                request.what, request.settings, feed.info.metadata.get(METADATA_KEY)
            ),
            tags=feed.tags,
            sound=sound,
            cancel=request.cancel,
            expected_frames=expected(feed, span),
        ) as writer:
            making = _Stopwatch()
            for planes in _even(making.of(pictures), feed, span):
                request.cancel.check()
                writer.write_planes(planes)
            written = writer.frames_written
            if not written:
                raise InvalidMedia("The video has no picture that can be shown. Choose another.")
            request.progress(Progress("Finishing the file"))
        said = [*feed.notes, *writer.notes, *notes]
        if feed.info.variable_rate:
            said.append(
                f"The pictures come at uneven times; the new clip has an even "
                f"{float(rate):.4g} a second."
            )
        return GradedVideo(
            path=target,
            width=width,
            height=height,
            frames=written,
            fps=rate,
            format=request.format,
            what=request.what,
            settings=dict(request.settings),
            found=dict(found or {}),
            notes=tuple(dict.fromkeys(said)),
            timings={
                "watching": watched,
                "making": making.seconds,
                "total": time.monotonic() - began,
            },
            keeper=keeper,
        )


def _even(pictures: Iterable[Mended], feed: Feed, span: Span) -> Iterator[Planes]:
    """One picture for each step of the rate; those of a steady clip pass one for one."""
    if not feed.info.variable_rate:
        for planes, _ in pictures:
            yield planes
        return
    first: Fraction | None = None
    moment = span.start
    last: Planes | None = None
    written = 0
    for planes, moment in pictures:
        first = moment if first is None else first
        while last is not None and written < round((moment - first) * feed.rate):
            yield last
            written += 1
        last = planes
    if last is None or first is None:
        return
    end = feed.end_after(moment)
    if span.end is not None:
        end = min(end, span.end)
    yield last
    written += 1
    while written < round((end - first) * feed.rate):
        yield last
        written += 1


class _Stopwatch:
    """How long the pictures took to make."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def of(self, pictures: Iterable[Mended]) -> Iterator[Mended]:
        """The same pictures; closed with what makes them when nobody asks any more."""
        iterator = iter(pictures)
        while True:
            began = time.perf_counter()
            item = next(iterator, None)
            self.seconds += time.perf_counter() - began
            if item is None:
                return
            yield item
