"""What a retiming will do, in numbers and in words, before it is done."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.flow.feed import Feed, Span
from synth.flow.ledger import Ledger
from synth.flow.model import Anchor, Between, Window
from synth.flow.rates import RateLike, rate_name
from synth.flow.result import Seam, Tally
from synth.flow.retime import expected_frames, nothing_there, schedule_of
from synth.flow.settings import RetimeSettings
from synth.flow.timing import SteadyTime, TimeMap, time_map
from synth.media.planes import Planes

_SOUNDLESS: Final = ("gif", "png")


@dataclass(frozen=True)
class RetimePlan:
    """What will happen to a file."""

    settings: RetimeSettings
    """The request."""
    scanned: bool
    """Whether the file was read through; otherwise ``tally`` holds only what its header tells."""
    width: int
    """Frame width, pixels."""
    height: int
    """Frame height, pixels."""
    source_rate: Fraction
    """Frames per second of the source; the average where it varies."""
    variable_rate: bool
    """Whether the source's pictures stand at uneven times."""
    source_seconds: Fraction | None
    """Length of the wanted part, seconds; None where the header does not say."""
    frames: int | None
    """Frames of the new clip; None where the header does not say how long the source is."""
    rate: Fraction
    """Frames per second of the new clip."""
    has_sound: bool
    """Whether the source has sound."""
    tally: Tally = field(default_factory=Tally)
    """What was found, and what the new frames will be."""
    seams: tuple[Seam, ...] = ()
    """Cuts, fades and flashes in the order of time."""
    notes: tuple[str, ...] = ()
    """What the user should know about the file, in sentences."""

    @property
    def seconds(self) -> Fraction | None:
        """Length of the new clip, seconds."""
        return None if self.frames is None else self.frames / self.rate

    def sentences(self) -> list[str]:
        """The plan in words, most important first."""
        return [*self._lengths(), *self._pictures(), *self._joins(), *self._extras()]

    def _lengths(self) -> list[str]:
        source, target = rate_name(self.source_rate), rate_name(self.rate)
        about = "about " if self.variable_rate else ""
        if self.frames is None:
            return [f"{about}{source} frames a second become {target}.".capitalize()]
        pictures = self.tally.pictures
        text = [
            f"{_count(pictures, 'frame')} at {about}{source} become{'s' * (pictures == 1)} "
            f"{self.frames} at {target}."
        ]
        before, after = float(self.source_seconds or 0), float(self.seconds or 0)
        if abs(after - before) > 1.5 / min(self.rate, self.source_rate):
            text.append(f"{_seconds(before)} become {_seconds(after)}.")
        return text

    def _pictures(self) -> list[str]:
        tally = self.tally
        if self.frames is None or (not self.scanned and not tally.untouched + tally.new):
            return []
        if not tally.new:
            return ["No frame has to be made; all are source frames, untouched."]
        if not tally.untouched + tally.held:
            return ["Every frame is new."]
        about = "" if self.scanned else "About "
        text = [f"{about}{_count(tally.new, 'frame')} {_are(tally.new)} new"]
        if tally.untouched == 1:
            text.append("1 is an untouched source frame")
        elif tally.untouched:
            text.append(f"{tally.untouched} are untouched source frames")
        if tally.held:
            near = "one" if tally.untouched else "source frame"
            text.append(f"{tally.held} repeat{'s' * (tally.held == 1)} the nearest {near}")
        return [f"{', '.join(text)}."]

    def _joins(self) -> list[str]:
        tally = self.tally
        if not self.scanned:
            return []
        text = []
        if tally.cuts:
            text.append(f"{_count(tally.cuts, 'cut')} {_are(tally.cuts)} kept sharp.")
        soft = [
            _count(number, word, plural)
            for number, word, plural in (
                (tally.fades, "fade", "fades"),
                (tally.flashes, "flash", "flashes"),
            )
            if number
        ]
        if soft:
            one = tally.fades + tally.flashes == 1
            text.append(f"{' and '.join(soft)} show{'s' * one} source frames only.")
        if tally.replaced:
            text.append(
                f"{_count(tally.replaced, 'repeated frame')} {_are(tally.replaced)} replaced by "
                "motion."
            )
        if tally.evened:
            text.append(
                f"{_count(tally.evened, 'frame')} in the rhythm {tally.rhythm} {_are(tally.evened)}"
                " spaced evenly."
            )
        if tally.repeats:
            stay = "stays as it is" if tally.repeats == 1 else "stay as they are"
            text.append(f"{_count(tally.repeats, 'repeated frame')} {stay}.")
        return text

    def _extras(self) -> list[str]:
        settings, text = self.settings, []
        if settings.shutter_angle:
            text.append(
                "Where several source frames fall on one, they are blurred as by a shutter of "
                f"{settings.shutter_angle:g} degrees."
            )
        changed = settings.speed_curve or settings.speed != 1.0
        if not self.has_sound:
            text.append("There is no sound.")
        elif settings.sound == "drop":
            text.append("The sound is left out.")
        elif settings.format in _SOUNDLESS:
            text.append(f"The sound is left out: {settings.format.upper()} holds none.")
        elif not changed:
            text.append("The sound stays as it is.")
        elif settings.sound == "varispeed":
            text.append("The sound changes speed and pitch with the picture, like tape.")
        else:
            text.append("The sound changes speed with the picture and keeps its pitch.")
        return text


def plan_retime(
    path: str | os.PathLike[str],
    settings: RetimeSettings | Mapping[str, Any] | None = None,
    *,
    target_fps: RateLike | None = None,
    speed: float = 1.0,
    speed_curve: Iterable[Any] | None = None,
    scan: bool = True,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> RetimePlan:
    """What ``retime_video`` would do, found by reading and watching the file without making frames.

    Args:
        path: the video.
        settings: the request, or some of its fields.
        target_fps: as for ``retime_video``.
        speed: as for ``retime_video``.
        speed_curve: as for ``retime_video``.
        scan: read the file through; without it only the header and the first picture are looked
            at, which takes no time and knows nothing of cuts and repeats.
        cancel: stops the work within a second.
        progress: told how far it has read.

    Raises as ``retime_video`` does.
    """
    request = RetimeSettings.from_values(
        settings,
        target_fps=target_fps,
        speed=None if speed == 1.0 else speed,
        speed_curve=speed_curve,
    )
    feed = Feed(path, Span.of(request), duplicates=request.duplicates, cancel=cancel)
    if scan:
        return _scanned(feed, request, cancel or CancelToken(), progress)
    try:
        clock = time_map(request, feed.rate)
        return _declared(feed, request, clock, expected_frames(feed, clock))
    finally:
        feed.close()


def _declared(
    feed: Feed, request: RetimeSettings, clock: TimeMap, frames: int | None
) -> RetimePlan:
    """The plan as far as the header tells."""
    info = feed.info
    end = feed.expected_end()
    lasts = None if end is None else end - clock.start
    tally = Tally(pictures=0 if lasts is None else max(1, round(lasts * feed.rate)))
    step = clock.speed / clock.rate * feed.rate if isinstance(clock, SteadyTime) else None
    if frames is not None and step is not None and request.shutter_angle and step > 1:
        tally = replace(tally, new=frames)
    elif frames is not None and step is not None and not info.variable_rate:
        # Positions meet the grid of source pictures every so many frames, or never.
        offset = clock.start * feed.rate
        meets = sum(
            (offset + k * step).denominator == 1 for k in range(min(frames, step.denominator))
        )
        untouched = frames * meets // step.denominator if frames > step.denominator else meets
        tally = replace(tally, untouched=untouched, new=frames - untouched)
    return RetimePlan(
        settings=request,
        scanned=False,
        width=feed.size[0],
        height=feed.size[1],
        source_rate=feed.rate,
        variable_rate=info.variable_rate,
        source_seconds=lasts,
        frames=frames,
        rate=clock.rate,
        has_sound=info.has_audio,
        tally=tally,
        notes=feed.notes,
    )


def _scanned(
    feed: Feed, request: RetimeSettings, cancel: CancelToken, progress: ProgressCallback
) -> RetimePlan:
    with feed:
        clock = time_map(request, feed.rate)
        plan = _declared(feed, request, clock, expected_frames(feed, clock))
        ledger = Ledger(Span.of(request))
        schedule = schedule_of(request, feed, clock, _Nobody())
        end = feed.expected_end()
        total = plan.tally.pictures if end is not None else 0
        for picture in schedule.pictures(_hollow(ledger.watched(feed))):
            cancel.check()
            ledger.show(picture)
            if picture.number % 16 == 0:
                progress(Progress("Looking at the clip", min(feed.pictures, total), total))
        if not ledger.doubts:
            raise nothing_there(ledger.span)
        last = ledger.last
        assert last is not None
        ends = feed.end_after(last)
        if ledger.span.end is not None:
            ends = min(ends, ledger.span.end)
        return replace(
            plan,
            scanned=True,
            source_seconds=ends - clock.start,
            frames=len(ledger.doubts),
            tally=ledger.tally(feed.pictures, feed.watcher.counts),
            seams=ledger.seams(clock),
            notes=feed.notes,
        )


class _Nobody:
    """An interpolator that only pretends."""

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        """As many pictures as asked for, each an object of its own."""
        planes = window.first.planes
        return [Between(Planes(planes.y, planes.u, planes.v), 0.0) for _ in times]

    def close(self) -> None:
        """Nothing to let go of."""


def _hollow(anchors: Iterable[Anchor]) -> Iterator[Anchor]:
    """The same anchors with pictures of next to nothing: their joins are known by now."""
    for anchor in anchors:
        dot = np.zeros((2, 2), np.uint8)
        yield replace(anchor, planes=Planes(dot, dot[:1, :1], dot[:1, :1]))


def _count(number: int, word: str, plural: str | None = None) -> str:
    return f"{number} {word if number == 1 else plural or word + 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _seconds(seconds: float) -> str:
    if seconds >= 60:
        return f"{int(seconds // 60)} min {seconds % 60:.3g} s"
    return f"{seconds:.3g} s"
