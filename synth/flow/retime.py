"""Any clip at any frame rate and any speed: read, watch, make, write, all at once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, LimitExceeded
from synth.flow.feed import Feed, Span
from synth.flow.ledger import Ledger
from synth.flow.makers import make_interpolator
from synth.flow.model import Interpolator
from synth.flow.prompt import Prompt
from synth.flow.rates import RateLike, rate_name
from synth.flow.result import RetimedVideo, metadata_texts
from synth.flow.schedule import Schedule
from synth.flow.settings import RetimeSettings
from synth.flow.timing import TimeMap, time_map
from synth.limits import LIMITS
from synth.media.clip_files import clip_target
from synth.media.settings import EncoderSettings
from synth.media.sound import Sound, SoundPiece
from synth.media.story import METADATA_KEY
from synth.media.writer import VideoWriter

InterpolatorMaker = Callable[[Any, tuple[int, int]], Interpolator]
"""Makes an interpolator for a mode and a size (width, height) in pixels."""

_TURN: Final = 360
_AFTERWARDS: Final = Fraction(3600)
"""Sound is asked for so far beyond the declared end, for files that are longer than they say; it
is cut where the pictures end. Seconds."""


def retime_video(
    path: str | os.PathLike[str],
    target_fps: RateLike | None = None,
    *,
    speed: float = 1.0,
    speed_curve: Iterable[Any] | None = None,
    output_path: str | os.PathLike[str] | None = None,
    settings: RetimeSettings | Mapping[str, Any] | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
    interpolator: InterpolatorMaker | None = None,
) -> RetimedVideo:
    """Bring a video to another frame rate or speed, with new pictures between its own.

    Frame k of the new clip is shown at exactly k / rate. Source pictures that fall on a new frame
    pass bit for bit; nothing is mixed across a cut, fade or flash. However long the clip, only a
    few pictures are held at a time.

    Args:
        path: the video.
        target_fps: frames per second of the new clip: 60, 23.976 (taken as 24000/1001),
            "30000/1001" or a fraction; left out, as the source.
        speed: of the whole clip; 0.25 is four times slower. 1 leaves what ``settings`` say.
        speed_curve: a ramp, as keys (time in source seconds, speed, easing); it takes the place
            of ``speed``.
        output_path: the file to write, which appears complete or not at all; without it the clip
            lives as long as the result, and ``result.save(path)`` keeps it.
        settings: further fields of ``RetimeSettings``.
        cancel: stops the work within a second; nothing is left behind.
        progress: told how many frames are made.
        interpolator: makes the new pictures instead of our own flow.

    Raises:
        InvalidInstruction: a value that makes no sense.
        InvalidMedia: the video cannot be read.
        LimitExceeded: the video or the clip is larger than allowed.
        Unavailable: the mode needs something that is not here.
        Cancelled: ``cancel`` was set.
    """
    request = RetimeSettings.from_values(
        settings,
        target_fps=target_fps,
        speed=None if speed == 1.0 else speed,
        speed_curve=speed_curve,
    )
    with clip_target(path, output_path, request.format) as (target, keeper):
        return _retime(
            Path(path), target, request, cancel or CancelToken(), progress,
            interpolator, keeper,
        )  # fmt: skip


def _retime(
    path: Path,
    target: Path,
    request: RetimeSettings,
    cancel: CancelToken,
    progress: ProgressCallback,
    maker: InterpolatorMaker | None,
    keeper: object | None,
) -> RetimedVideo:
    began = time.monotonic()
    span = Span.of(request)
    progress(Progress("Reading the video"))
    with Feed(path, span, duplicates=request.duplicates, cancel=cancel) as feed:
        clock = time_map(request, feed.rate)
        expected = expected_frames(feed, clock)
        ledger = Ledger(span)
        pace = _Pace()
        with (
            closing(Prompt(_made(maker, request, feed, cancel), cancel)) as interpolator,
            VideoWriter(
                target,
                width=feed.size[0],
                height=feed.size[1],
                fps=clock.rate,
                format=request.format,
                settings=EncoderSettings(crf=request.crf),
                metadata=metadata_texts(request, feed.rate, feed.info.metadata.get(METADATA_KEY)),
                tags=feed.tags,
                sound=_sound(path, request, feed, clock),
                cancel=cancel,
                expected_frames=expected,
            ) as writer,
        ):
            schedule = schedule_of(request, feed, clock, interpolator)
            for picture in pace.making(schedule.pictures(ledger.watched(feed))):
                cancel.check()
                with pace.writing():
                    writer.write_planes(picture.planes)
                ledger.show(picture)
                done = picture.number + 1
                progress(Progress("Making frames", done, max(expected or 0, done)))
            if not ledger.doubts:
                raise nothing_there(span)
            progress(Progress("Finishing the file"))
        tally = ledger.tally(feed.pictures, feed.watcher.counts)
        notes = [*feed.notes, *writer.notes]
        if tally.evened:
            notes.append(
                f"The pictures came in the rhythm {tally.rhythm}, as film does in video; without "
                "the repeats they are spaced evenly."
            )
        return RetimedVideo(
            path=target,
            settings=request,
            width=feed.size[0],
            height=feed.size[1],
            frames=len(ledger.doubts),
            rate=clock.rate,
            source_rate=feed.rate,
            tally=tally,
            seams=ledger.seams(clock),
            doubts=ledger.doubt_curve(),
            notes=tuple(dict.fromkeys(notes)),
            timings={**pace.seconds, "total": time.monotonic() - began},
            keeper=keeper,
        )


def schedule_of(
    request: RetimeSettings, feed: Feed, clock: TimeMap, interpolator: Interpolator
) -> Schedule:
    """The schedule of a request over a file that is being read."""
    return Schedule(
        clock,
        interpolator,
        until=feed.end_after,
        range_end=Span.of(request).end,
        source_step=1 / feed.rate,
        shutter=Fraction(request.shutter_angle) / _TURN,
        tags=feed.tags,
    )


def expected_frames(feed: Feed, clock: TimeMap) -> int | None:
    """How many frames the new clip should have by what the file says of itself.

    Raises ``InvalidInstruction`` where the wanted part begins after the end, ``LimitExceeded``
    where the clip would be too long.
    """
    end = feed.expected_end()
    if end is None:
        return None
    if end <= clock.start:
        raise InvalidInstruction(
            f"The start is {float(clock.start):g} s; the video lasts {float(end):.4g} s. "
            "Start earlier."
        )
    frames = clock.frames_until(end)
    if frames > LIMITS.video_frames:
        raise LimitExceeded(
            f"The new clip would have {frames} frames at {rate_name(clock.rate)} a second; the "
            f"limit is {LIMITS.video_frames}. Take a shorter part, a lower rate or a higher speed."
        )
    return frames


def _sound(path: Path, request: RetimeSettings, feed: Feed, clock: TimeMap) -> Sound | None:
    """The sound that goes with the pictures; None where there is none or nobody wants it."""
    if request.sound == "drop" or not feed.info.has_audio:
        return None
    end = max(feed.expected_end() or clock.start, clock.start) + _AFTERWARDS
    keep_pitch = request.sound == "keep_pitch"
    return Sound(
        path,
        tuple(
            SoundPiece(piece.source_start, piece.source_seconds, piece.speed, keep_pitch)
            for piece in clock.tempo(end)
        ),
    )


def nothing_there(span: Span) -> InvalidInstruction:
    """The error for a part of a video that holds no picture."""
    return InvalidInstruction(
        f"The video has no picture after {float(span.start):g} s. Start earlier."
    )


def _made(
    maker: InterpolatorMaker | None, request: RetimeSettings, feed: Feed, cancel: CancelToken
) -> Interpolator:
    if maker is not None:
        return maker(request.mode, feed.size)
    return make_interpolator(request.mode, feed.size, tags=feed.tags, cancel=cancel)


class _Pace:
    """Where the time goes."""

    def __init__(self) -> None:
        self.seconds = {"making": 0.0, "writing": 0.0}

    def making(self, pictures: Iterable[Any]) -> Iterator[Any]:
        """The same pictures; what they took is counted."""
        iterator = iter(pictures)
        while True:
            began = time.perf_counter()
            picture = next(iterator, None)
            self.seconds["making"] += time.perf_counter() - began
            if picture is None:
                return
            yield picture

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Counts what the block takes."""
        began = time.perf_counter()
        yield
        self.seconds["writing"] += time.perf_counter() - began
