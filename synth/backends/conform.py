"""What a model made, at its own size and rate, becomes exactly the clip that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

import cv2
import numpy as np

from synth.backends.protocol import Frame
from synth.control import CancelToken
from synth.errors import InvalidInstruction, InvalidMedia
from synth.flow.interpolate import FlowInterpolator
from synth.flow.model import Between, Window
from synth.flow.prompt import Prompt
from synth.flow.schedule import Schedule
from synth.flow.timing import SteadyTime
from synth.flow.watch import Watcher
from synth.media.planes import ColourTags, Planes

_TAGS: Final = ColourTags("bt601", full_range=True)
"""Of the planes in which motion is found: full range with all the colour, ITU-T T.871."""
_LEAST_SIDE: Final = 32
"""Pictures smaller than this show no motion that could be found; they are held."""


@dataclass(frozen=True)
class _Shown(Planes):
    """A picture's planes with the picture itself, so that what is not made anew stays as it was."""

    rgb: Frame


@dataclass(frozen=True)
class _Timed:
    planes: _Shown
    time: Fraction


class Conformed(Iterator[Frame]):
    """The frames of ``conform``; closing it closes what it reads."""

    def __init__(self, frames: Iterator[Frame], told: list[str]) -> None:
        self._frames = frames
        self._told = told

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        return next(self._frames)

    def close(self) -> None:
        """Stop the work that the frames come from."""
        close = getattr(self._frames, "close", None)
        if close is not None:
            close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of it, in sentences; complete after the last frame."""
        return tuple(self._told)


def conform(
    frames: Iterator[Frame],
    *,
    rate: Fraction,
    width: int,
    height: int,
    fps: Fraction,
    count: int,
    cancel: CancelToken,
) -> Conformed:
    """Exactly ``count`` frames of the wanted size and rate, from those that a model makes.

    Every frame is scaled so that it covers the wanted size (by area downwards, by cubics upwards)
    and cropped about its centre. Frame k shows the moment k / fps: a frame of the model's that
    stands there as it is, else one made of its neighbours by optical flow. Only a few frames are
    held at a time; what the model makes beyond the last one is never asked for.

    Args:
        frames: what the model makes, uint8 sRGB (H, W, 3), all of one size.
        rate: how many of them there are in a second.
        width: of the wanted frames, pixels.
        height: likewise.
        fps: wanted frames per second.
        count: how many frames are wanted, at least 1.
        cancel: stops the work within a second.

    Raises:
        InvalidInstruction: a size, rate or count that makes no sense; at once.
        InvalidMedia: the model gives no frames, or such as are no pictures or change their size.
        Cancelled: when asked to stop.
    """
    if min(width, height, count) < 1 or rate <= 0 or fps <= 0:
        raise InvalidInstruction(
            f"{count} frames of {width}x{height} at {float(fps):g} a second cannot be made from "
            f"{float(rate):g} a second; every number must be above 0."
        )
    told: list[str] = []
    return Conformed(_conformed(frames, rate, (width, height), fps, count, cancel, told), told)


def _conformed(
    frames: Iterator[Frame],
    rate: Fraction,
    size: tuple[int, int],
    fps: Fraction,
    count: int,
    cancel: CancelToken,
    told: list[str],
) -> Iterator[Frame]:
    with closing(_Source(frames, cancel)) as source:
        first = next(source, None)
        if first is None:
            raise InvalidMedia(
                "The model gave no frames. Try again, or choose another model or backend."
            )
        made = (first.shape[1], first.shape[0])
        source.put_back(first)
        # Motion is found where there are fewer pixels to look at.
        shrinks = size[0] * size[1] < made[0] * made[1]
        fitted = _mapped(source, size) if shrinks else source
        steps = _retimed(fitted, rate, fps, count, cancel)
        done = 0
        frame: Frame | None = None
        for frame in steps:
            cancel.check()
            frame = frame if shrinks else cover(frame, *size)
            yield frame
            done += 1
        assert frame is not None
        # A rate may put the last picture up to one of the model's frames before the clip's end.
        short = Fraction(count - 1) / fps - Fraction(source.given - 1) / rate
        if short >= 1 / rate:
            told.append(
                f"The model gave {source.given} frames, {source.given / float(rate):.2f} s at "
                f"{float(rate):g} a second, for a clip of {count / float(fps):.2f} s; the last one "
                "is held for the rest."
            )
        for _ in range(count - done):
            cancel.check()
            yield frame.copy()


class _Source(Iterator[Frame]):
    """A model's frames, checked and counted."""

    def __init__(self, frames: Iterator[Frame], cancel: CancelToken) -> None:
        self._frames = frames
        self._cancel = cancel
        self._shape: tuple[int, ...] | None = None
        self._again: list[Frame] = []
        self.given = 0

    def put_back(self, frame: Frame) -> None:
        self._again.append(frame)

    def __next__(self) -> Frame:
        if self._again:
            return self._again.pop()
        self._cancel.check()
        frame = next(self._frames)
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
            raise InvalidMedia(
                f"The model gave an array of {frame.dtype} and shape {frame.shape} for a frame; "
                "frames are 8-bit RGB. Choose another model."
            )
        if self._shape is not None and frame.shape != self._shape:
            raise InvalidMedia(
                f"The model changed its size from {self._shape[1]}x{self._shape[0]} to "
                f"{frame.shape[1]}x{frame.shape[0]} within a clip. Try again."
            )
        self._shape = frame.shape
        self.given += 1
        return frame

    def close(self) -> None:
        close = getattr(self._frames, "close", None)
        if close is not None:
            close()


def cover(frame: Frame, width: int, height: int) -> Frame:
    """A frame scaled to cover a size and cropped about its centre; itself where it has that size.

    Args:
        frame: uint8 sRGB, (H, W, 3).
        width: wanted, pixels.
        height: wanted, pixels.
    """
    rows, columns = frame.shape[:2]
    if (columns, rows) == (width, height):
        return frame
    scale = max(width / columns, height / rows)
    # The same number of pixels goes on both sides: half a pixel off would shift the picture.
    left = min(round((columns - width / scale) / 2), (columns - 1) // 2)
    top = min(round((rows - height / scale) / 2), (rows - 1) // 2)
    part = frame[top : rows - top, left : columns - left]
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (width, height), interpolation=method), np.uint8)


def _mapped(frames: Iterator[Frame], size: tuple[int, int]) -> Iterator[Frame]:
    for frame in frames:
        yield cover(frame, *size)


def _retimed(
    frames: Iterator[Frame], rate: Fraction, fps: Fraction, count: int, cancel: CancelToken
) -> Iterator[Frame]:
    """At most ``count`` frames at another rate; fewer where the source ends too soon."""
    if rate == fps:
        for number, frame in enumerate(frames, start=1):
            yield frame
            if number == count:
                return
        return
    first = next(frames)
    last = Fraction(count - 1) / fps
    with closing(Prompt(_Late(first.shape[1::-1]), cancel)) as interpolator:
        schedule = Schedule(
            SteadyTime(fps, Fraction(0), Fraction(1)),
            interpolator,
            until=lambda time: time + Fraction(1, 2) / fps,
            range_end=last + Fraction(1, 2) / fps,
            source_step=1 / rate,
            tags=_TAGS,
        )
        pictures = _timed(first, frames, rate, last)
        anchors = Watcher().anchors(pictures, cancel=cancel)
        for picture in schedule.pictures(anchors):
            planes = picture.planes
            # Pictures are read here for a while longer; whoever takes one may write into it.
            yield planes.rgb.copy() if isinstance(planes, _Shown) else _rgb(planes)


def _timed(
    first: Frame, frames: Iterator[Frame], rate: Fraction, last: Fraction
) -> Iterator[_Timed]:
    """The pictures with their times, up to the first at or after the ``last`` moment wanted."""
    frame: Frame | None = first
    number = 0
    while frame is not None:
        time = number / rate
        yield _Timed(_planes(frame), time)
        if time >= last:
            return
        frame = next(frames, None)
        number += 1


class _Late:
    """Our flow in its fast mode, made when first needed; tiny pictures are not looked into."""

    def __init__(self, size: tuple[int, ...]) -> None:
        self._size = (size[0], size[1])
        self._inner: FlowInterpolator | None = None

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        if min(self._size) < _LEAST_SIDE:
            nearer = [window.second if time >= 0.5 else window.first for time in times]
            return [Between(anchor.planes, 1.0) for anchor in nearer]
        if self._inner is None:
            self._inner = FlowInterpolator("fast", self._size)
        return self._inner.between(window, times)

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()


def _planes(frame: Frame) -> _Shown:
    parts = cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb)
    y, v, u = (np.ascontiguousarray(parts[..., k], np.uint8) for k in range(3))
    return _Shown(y, u, v, frame)


def _rgb(planes: Planes) -> Frame:
    merged = cv2.merge((planes.y, planes.v, planes.u))
    return np.asarray(cv2.cvtColor(merged, cv2.COLOR_YCrCb2RGB), np.uint8)
