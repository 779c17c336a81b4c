"""Videos come in here: upright RGB frames with their true times, whatever the file is like."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from types import TracebackType
from typing import Self

import av
import av.error
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import InvalidMedia, LimitExceeded, SynthError
from synth.limits import LIMITS, Limits
from synth.media.image import reason
from synth.media.opening import (
    MediaInfo,
    Timing,
    check_pixels,
    choose_stream,
    display_metadata,
    measure_timing,
    open_container,
    refuse_hdr,
)
from synth.media.to_rgb import RgbConverter, colour_of, turn_of
from synth.media.turn import Turn

_GIVE_UP = 8
"""Damaged packets in a row after which the rest of a file is not tried."""


@dataclass(frozen=True)
class VideoFrame:
    """One picture of a video."""

    pixels: NDArray[np.uint8]
    """Shape (H, W, 3): RGB, sRGB/BT.709 encoded, full range, upright."""
    time: Fraction
    """When it is shown, seconds after the first frame."""


class VideoReader:
    """Reads a video file frame by frame; memory stays flat however long it is.

    Use it as a context manager and iterate once::

        with VideoReader("clip.mp4") as reader:
            print(reader.info.width, reader.info.fps)
            for frame in reader:
                frame.pixels, frame.time

    Rotation, mirroring and pixel aspect are applied, interlaced pictures are deinterlaced, and
    transparency is laid over ``background``. Times come from the file, so a variable frame rate
    stays variable; the first frame is at 0. A damaged file gives the frames that can be read
    and a line in ``notes`` with the counts.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        background: tuple[int, int, int] = (255, 255, 255),
        cancel: CancelToken | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Open the file and decode its first frame.

        Raises ``InvalidMedia`` for a file that is not a video, has no frame that can be read,
        or is HDR, and ``LimitExceeded`` for one over the caps.
        """
        self._limits = limits
        self._cancel = cancel or CancelToken()
        self._notes: list[str] = []
        self._failures = 0
        self._count = 0
        self._iterated = False
        timing = measure_timing(path, limits)
        self._container = open_container(path, limits)
        try:
            stream = choose_stream(self._container, limits)
            self._stream = stream
            self._packets = self._decode()
            first = next(self._packets, None)
            if first is None:
                raise InvalidMedia(
                    "The video has no picture that can be read; the file is empty or cut off. "
                    "Save or upload it again."
                )
            refuse_hdr(first)
            self._first = first
            aspect = _sample_aspect(stream, self._notes)
            if "alpha_mode" in (key.lower() for key in stream.metadata):
                # FFmpeg's own VP8 and VP9 decoders leave out the second, transparent stream.
                self._notes.append("The video's transparency is not read; it is shown opaque.")
            turn = turn_of(first, self._notes)
            self._info = self._describe(first, stream, aspect, turn)
            check_pixels(self._info.width, self._info.height, limits)
            rate = self._rate(timing)
            self._info = replace(self._info, fps=rate, variable_rate=timing.variable)
            self._converter = RgbConverter(
                size=_stored_size(first, aspect),
                turn=turn,
                matrix=self._info.matrix,
                time_base=stream.time_base or Fraction(1, 1000),
                background=background,
                notes=self._notes,
            )
        except BaseException:
            self._container.close()
            raise

    @property
    def info(self) -> MediaInfo:
        """What the file holds."""
        return self._info

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know; complete once all frames have been read."""
        return tuple(dict.fromkeys(self._notes))

    @property
    def frames_read(self) -> int:
        """Frames given out so far."""
        return self._count

    def __enter__(self) -> Self:
        """The reader itself; the file is already open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; safe to call more than once."""
        self._container.close()

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames in the order they are shown; once only.

        Raises ``LimitExceeded`` when there are more frames than allowed and ``Cancelled``.
        """
        if self._iterated:
            raise RuntimeError("A VideoReader is read once; open the file again.")
        self._iterated = True
        start: Fraction | None = None
        previous: Fraction | None = None
        step = 1 / self._info.fps
        for pixels, stamp in self._converted():
            self._cancel.check()
            if self._count >= self._limits.video_frames:
                raise LimitExceeded(
                    f"The video has more than {self._limits.video_frames} frames. Cut it shorter."
                )
            if start is None:
                start = stamp or Fraction(0)
            time = stamp - start if stamp is not None else None
            if time is None or (previous is not None and time <= previous):
                self._notes.append("Some frames had no sensible time; they follow at an even rate.")
                time = Fraction(0) if previous is None else previous + step
            previous = time
            self._count += 1
            yield VideoFrame(pixels, time)
        self._note_gaps()

    def _converted(self) -> Iterator[tuple[NDArray[np.uint8], Fraction | None]]:
        try:
            yield from self._converter.push(self._first)
            for frame in self._packets:
                refuse_hdr(frame)
                check_pixels(frame.width, frame.height, self._limits)
                yield from self._converter.push(frame)
            yield from self._converter.flush()
        except SynthError:
            raise
        except (av.error.FFmpegError, ValueError) as error:
            raise InvalidMedia(f"The video's pictures cannot be shown: {reason(error)}") from error

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Decoded frames; damaged packets are counted and skipped."""
        in_a_row = packets = 0
        demuxer = self._container.demux(self._stream)
        while True:
            self._cancel.check()
            try:
                packet = next(demuxer, None)
            except av.error.FFmpegError:
                self._failures += 1
                return
            if packet is None:
                return
            packets += 1
            if packets > 4 * self._limits.video_frames + 1000:
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

    def _rate(self, timing: Timing) -> Fraction:
        info, stream = self._info, self._stream
        if info.codec == "gif" and info.frames and info.duration:
            # Each delay is rounded to hundredths of a second; together they are right.
            return info.frames / info.duration
        return Fraction(stream.average_rate or stream.guessed_rate or timing.fps or 1)

    def _note_gaps(self) -> None:
        declared = self._info.frames
        if declared is not None and self._count < declared:
            self._notes.append(f"{self._count} of {declared} declared frames could be read.")
        if self._failures:
            self._notes.append(
                f"{self._failures} damaged part{'s' * (self._failures > 1)} of the file could not "
                f"be read; {self._count} frames could."
            )

    def _describe(
        self, first: av.VideoFrame, stream: VideoStream, aspect: Fraction, turn: Turn
    ) -> MediaInfo:
        width, height = _stored_size(first, aspect)
        if turn.degrees in (90, 270):
            width, height = height, width
        matrix, full_range = colour_of(first)
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
            notes=tuple(self._notes),
        )


def probe(path: str | os.PathLike[str], *, limits: Limits = LIMITS) -> MediaInfo:
    """Say what a video file holds; decodes one frame.

    Raises like ``VideoReader``.
    """
    with VideoReader(path, limits=limits) as reader:
        return replace(reader.info, notes=reader.notes)


def _sample_aspect(stream: VideoStream, notes: list[str]) -> Fraction:
    aspect = stream.sample_aspect_ratio
    if aspect is None or aspect <= 0:
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
