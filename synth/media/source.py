"""A stranger's video, opened and decoded with every check of the border; frames as they are stored.

What its pictures are made into, RGB or planes, is up to those who read from here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import TypeVar

import av
import av.container
import av.error
from av.video.stream import VideoStream

from synth.control import CancelToken
from synth.errors import InvalidMedia, LimitExceeded, SynthError
from synth.limits import Limits
from synth.media.hdr import peak_of, refuse_unknown, wide_of
from synth.media.opening import (
    MediaInfo,
    Timing,
    check_pixels,
    choose_stream,
    display_metadata,
    measure_timing,
    open_container,
    seek_before,
    side_data,
)
from synth.media.reasons import reason
from synth.media.to_rgb import RgbConverter, colour_of, turn_of
from synth.media.turn import Turn

_GIVE_UP = 8
"""Damaged packets in a row after which the rest of a file is not tried."""


_SQUARE = Fraction(1, 100)
"""Pixels this near to square are shown as square: scaling would cost more than it mends."""

_Picture = TypeVar("_Picture")


class VideoSource:
    """One video file that is read once, from its beginning or from a moment on."""

    def __init__(
        self, path: str | os.PathLike[str], cancel: CancelToken | None, limits: Limits
    ) -> None:
        """Open the file and decode its first frame.

        Raises ``InvalidMedia`` for a file that is not a video, has no frame that can be read,
        or is HDR of a kind that is not known, and ``LimitExceeded`` for one over the caps.
        """
        self._path = path
        self._limits = limits
        self._cancel = cancel or CancelToken()
        self._failures = 0
        self._started = False
        self._whole = True
        self.count = 0
        """Pictures timed so far."""
        self.notes: list[str] = []
        """What the user should know, in sentences; grows while reading."""
        timing = measure_timing(path, limits)
        self._container = open_container(path, limits)
        try:
            stream = choose_stream(self._container, limits)
            self._stream = stream
            self._frames = self._decode(self._container.demux(stream))
            first = next(self._frames, None)
            if first is None:
                raise InvalidMedia(
                    "The video has no picture that can be read; the file is empty or cut off. "
                    "Save or upload it again."
                )
            attached = side_data(first)
            refuse_unknown(first, attached)
            self._peak = peak_of(attached)
            self.first = first
            """The first decoded frame."""
            aspect = _sample_aspect(stream, self.notes)
            if "alpha_mode" in (key.lower() for key in stream.metadata):
                # FFmpeg's own VP8 and VP9 decoders leave out the second, transparent stream.
                self.notes.append("The video's transparency is not read; it is shown opaque.")
            self.turn = turn_of(attached.get("DISPLAYMATRIX"), self.notes)
            """How stored pictures become upright."""
            self.stored_size = _stored_size(first, aspect)
            """Width and height before the turn, with square pixels."""
            self.time_base = stream.time_base or Fraction(1, 1000)
            """Seconds of one tick of a frame's ``pts``."""
            info = self._describe(first, stream, aspect, self.turn)
            check_pixels(info.width, info.height, limits)
            self.info = replace(
                info, fps=_rate(info, stream, timing), variable_rate=timing.variable
            )
            """What the file holds."""
        except BaseException:
            self._container.close()
            raise

    @property
    def origin(self) -> Fraction:
        """The first picture's stamp in the file, seconds."""
        return self.stamp(self.first) or Fraction(0)

    def stamp(self, frame: av.VideoFrame) -> Fraction | None:
        """When a decoded frame is shown by the file's own clock, seconds."""
        return None if frame.pts is None else frame.pts * self.time_base

    def converter(self, background: tuple[int, int, int]) -> RgbConverter:
        """A converter of this file's frames to upright RGB over ``background``."""
        return RgbConverter(
            size=self.stored_size,
            turn=self.turn,
            matrix=self.info.matrix,
            time_base=self.time_base,
            background=background,
            notes=self.notes,
            peak=self._peak,
        )

    def close(self) -> None:
        """Close the file; safe to call more than once."""
        self._container.close()
        # What decodes holds this object; without this its pictures would stay a while longer.
        self._frames = iter(())

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[av.VideoFrame]:
        """Decoded frames in the order they are shown, each of them checked; once only.

        ``start`` is in seconds after the first picture: frames begin at the last key frame at
        or before it, or with the first one where a file cannot jump.
        """
        if self._started:
            raise RuntimeError("A video is read once; open the file again.")
        self._started = True
        frames: Iterable[av.VideoFrame] = chain([self.first], self._frames)
        if start > 0:
            packets = seek_before(self._container, self._stream, self.origin + start)
            self._whole = packets is None
            if packets is None:
                self._reopen()
                packets = self._container.demux(self._stream)
            frames = self._decode(packets)
        for frame in frames:
            refuse_unknown(frame)
            check_pixels(frame.width, frame.height, self._limits)
            yield frame

    def timed(
        self,
        pictures: Iterable[tuple[_Picture, Fraction | None]],
        origin: Fraction | None = None,
    ) -> Iterator[tuple[_Picture, Fraction]]:
        """Pictures with their stamps in, pictures with seconds after ``origin`` out.

        ``origin`` is the stamp of the first picture unless given. Times always rise.

        Raises ``LimitExceeded`` when there are more pictures than allowed, ``InvalidMedia`` when
        one cannot be converted, and ``Cancelled``.
        """
        previous: Fraction | None = None
        step = 1 / self.info.fps
        try:
            for picture, stamp in pictures:
                self._cancel.check()
                if self.count >= self._limits.video_frames:
                    raise LimitExceeded(
                        f"The video has more than {self._limits.video_frames} frames. "
                        "Cut it shorter."
                    )
                if origin is None:
                    origin = stamp or Fraction(0)
                time = stamp - origin if stamp is not None else None
                if time is None or (previous is not None and time <= previous):
                    self.notes.append(
                        "Some frames had no sensible time; they follow at an even rate."
                    )
                    time = Fraction(0) if previous is None else previous + step
                previous = time
                self.count += 1
                yield picture, time
        except SynthError:
            raise
        except (av.error.FFmpegError, ValueError) as error:
            raise InvalidMedia(
                f"The video's pictures cannot be shown: {reason(error)}. Save it as MP4 (H.264) "
                "and try again."
            ) from error
        self._note_gaps()

    def _decode(self, packets: Iterator[av.Packet]) -> Iterator[av.VideoFrame]:
        """Decoded frames; damaged packets are counted and skipped."""
        in_a_row = taken = 0
        while True:
            self._cancel.check()
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                self._failures += 1
                return
            if packet is None:
                return
            taken += 1
            if taken > 4 * self._limits.video_frames + 1000:
                raise LimitExceeded("The video has far more data packets than pictures allowed.")
            try:
                frames = self._stream.decode(packet)
            except MemoryError as error:
                raise LimitExceeded("The video does not fit in memory.") from error
            except av.error.FFmpegError:
                self._failures += 1
                in_a_row += 1
                if in_a_row >= _GIVE_UP:
                    return
                continue
            in_a_row = 0
            yield from frames

    def _reopen(self) -> None:
        self._container.close()
        self._container = open_container(self._path, self._limits)
        self._stream = choose_stream(self._container, self._limits)

    def _note_gaps(self) -> None:
        declared = self.info.frames
        if self._whole and declared is not None and self.count < declared:
            self.notes.append(f"{self.count} of {declared} declared frames could be read.")
        if self._failures:
            self.notes.append(
                f"{self._failures} damaged part{'s' * (self._failures > 1)} of the file could not "
                f"be read; {self.count} frames could."
            )

    def _describe(
        self, first: av.VideoFrame, stream: VideoStream, aspect: Fraction, turn: Turn
    ) -> MediaInfo:
        width, height = _stored_size(first, aspect)
        if turn.degrees in (90, 270):
            width, height = height, width
        matrix, full_range = colour_of(first)
        wide = wide_of(first, self._peak)
        hdr = wide is not None and wide.kind != "wide"
        if wide is not None and hdr:
            self.notes.append(wide.note)
        duration: Fraction | None = None
        if stream.duration is not None and stream.time_base is not None:
            duration = stream.duration * stream.time_base
        elif self._container.duration is not None:
            duration = Fraction(self._container.duration, 1_000_000)
        return MediaInfo(
            width=width,
            height=height,
            codec=stream.codec_context.name,
            container=self._container.format.name,
            fps=Fraction(1),
            duration=duration if duration is not None and duration >= 0 else None,
            frames=stream.frames if stream.frames > 0 else None,
            rotation=turn.degrees,
            mirrored=turn.mirrored,
            sample_aspect=aspect,
            has_audio=bool(self._container.streams.audio),
            pixel_format=first.format.name,
            matrix=matrix,
            full_range=full_range,
            variable_rate=False,
            metadata=display_metadata(self._container, self._limits),
            notes=tuple(self.notes),
            hdr=wide.kind if wide is not None and hdr else None,
        )


def _rate(info: MediaInfo, stream: VideoStream, timing: Timing) -> Fraction:
    if info.codec == "gif" and info.frames and info.duration:
        # Each delay is rounded to hundredths of a second; together they are right.
        return info.frames / info.duration
    return Fraction(stream.average_rate or stream.guessed_rate or timing.fps or 1)


def _sample_aspect(stream: VideoStream, notes: list[str]) -> Fraction:
    aspect = stream.sample_aspect_ratio
    if aspect is None or aspect <= 0:
        return Fraction(1)
    if abs(aspect - 1) < _SQUARE:
        return Fraction(1)
    if not Fraction(1, 8) <= aspect <= 8:
        notes.append(f"The file says that its pixels are {aspect} as wide as high; ignored.")
        return Fraction(1)
    return Fraction(aspect)


def _stored_size(frame: av.VideoFrame, aspect: Fraction) -> tuple[int, int]:
    """Size before rotation with square pixels, enlarging the shorter side of a pixel."""
    if aspect > 1:
        return max(1, round(frame.width * aspect)), frame.height
    return frame.width, max(1, round(frame.height / aspect))
