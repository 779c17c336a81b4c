"""The sound of a stranger's file: decoded by the border's rules, onto the clock of its pictures.

A file without pictures, such as music, begins with its first sample.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import cast

import av
import av.container
import av.error
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from synth.errors import InvalidMedia, LimitExceeded
from synth.limits import Limits
from synth.media.opening import SOUND_CODECS, open_container, seek_before
from synth.media.source import VideoSource

SOUND_RATE = 48_000
"""Samples a second of all sound inside the house."""

_FASTEST_RATE = 192_000
_MOST_CHANNELS = 16
_TOLERANCE = Fraction(1, 50)
"""Seconds by which a file's clock and its samples may disagree before the clock is followed."""
_JUMP = Fraction(1, 10)
"""Seconds of disagreement that are followed at once."""
_PATIENCE = 8
"""Frames that must disagree in a row otherwise: the stamps of Vorbis in WebM sway by 20 ms."""
_RUN_UP = Fraction(1, 2)
"""Seconds read before the start: decoders need a moment until they are right (RFC 7845, 4.6)."""
_LOUDEST = 2.0
GUESSING = ("aac", "mp3")
"""Containers in which FFmpeg guesses where a moment lies: there it is walked to."""


class SoundReader:
    """Samples of the first sound track by their number, forwards only, in flat memory."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        start: Fraction,
        limits: Limits,
        check: Callable[[], None],
    ) -> None:
        """Open the track; ``notes`` says why where ``found`` is False.

        ``start`` is where reading will begin, seconds after the first picture. ``check`` is
        called between small steps and raises when the work should stop. Raises ``InvalidMedia``
        or ``LimitExceeded`` for a file that cannot be opened at all.
        """
        self._limits = limits
        self._check = check
        self._path = path
        self._failures = self._decoded = 0
        self._clock = Fraction(1, SOUND_RATE)
        self._closed = False
        self._parts: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._end = 0
        self.ended = False
        """Whether the end of the track was reached; complete is what lies before ``end``."""
        self.notes: list[str] = []
        """What the user should know, in sentences; complete once closed."""
        picture = _first_picture(path, limits)
        self._container = open_container(path, limits, SOUND_CODECS, heard=True)
        try:
            self._stream = self._choose()
            self.origin = _first_sample(self._stream) if picture is None else picture
            """Where zero lies on the file's clock, seconds."""
            self.found = self._stream is not None
            """Whether there is a sound track that can be decoded."""
            self.has_track = bool(self._container.streams.audio)
            """Whether there is a sound track at all."""
            self.channels = 1
            """1 or 2; more are mixed down to two."""
            if self._stream is not None:
                self.channels = min(2, self._stream.codec_context.channels)
                self._resampler = _Resampler(self.channels)
                self._blocks = self._read(self._stream, start)
        except BaseException:
            self._container.close()
            raise

    @property
    def end(self) -> int:
        """Number of the sample after the last one decoded so far."""
        return self._end

    def close(self) -> None:
        """Close the file; safe to call more than once."""
        self._container.close()
        if self.found and not self._closed:
            self._note_damage(self._resampler.gaps)
        self._closed = True

    def window(self, first: int, count: int) -> NDArray[np.float32]:
        """Samples ``first`` to ``first + count``, float32 (channels, count) within -2 to 2.

        Sample n is heard n / SOUND_RATE seconds after the first picture. There is silence where
        the file has nothing, and where ``forget`` was told that nobody comes back.
        """
        while self._end < first + count:
            block = next(self._blocks, None)
            if block is None:
                self.ended = True
                break
            position, samples = block
            late = max(0, self._end - position)  # what overlaps is heard once
            if late < samples.shape[1]:
                self._parts.append((position + late, samples[:, late:]))
                self._end = position + samples.shape[1]
        found = np.zeros((self.channels, count), np.float32)
        for position, samples in self._parts:
            low, high = max(first, position), min(first + count, position + samples.shape[1])
            if low < high:
                found[:, low - first : high - first] = samples[:, low - position : high - position]
        return found

    def forget(self, before: int) -> None:
        """Let go of the samples below number ``before``."""
        while self._parts and self._parts[0][0] + self._parts[0][1].shape[1] <= before:
            self._parts.popleft()

    def frames(self, start: Fraction) -> Iterator[tuple[av.AudioFrame, float | None]]:
        """Decoded frames as they are stored, with their time in seconds; instead of ``window``.

        Once only. They begin a little before ``start``, seconds; see ``_RUN_UP``.
        """
        assert self._stream is not None
        origin = float(self.origin)
        for frame in self._stored(self._stream, start):
            base = frame.time_base or self._clock
            if frame.pts is None:
                yield frame, None
            else:  # exact fractions would take longer than the decoding
                yield frame, frame.pts * base.numerator / base.denominator - origin

    def _choose(self) -> AudioStream | None:
        if not self._container.streams.audio:
            self.notes.append("The video has no sound, so neither has the new one.")
            return None
        stream = self._container.streams.audio[0]
        context = stream.codec_context
        name = context.name if context is not None else "unknown"
        if context is None or name not in SOUND_CODECS.split(","):
            self.notes.append(
                f"The sound is left out: its codec, {name}, is not accepted. "
                "Save the video with AAC, Opus or PCM sound to keep it."
            )
            return None
        if not (
            0 < context.sample_rate <= _FASTEST_RATE and 0 < context.channels <= _MOST_CHANNELS
        ):
            self.notes.append("The sound could not be read, so it is left out.")
            return None
        return stream

    def _read(
        self, stream: AudioStream, start: Fraction
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Blocks of samples with the number of their first one."""
        resampler = self._resampler
        for frame in self._stored(stream, start):
            yield from resampler.push(frame, self._time(frame))
        yield from resampler.flush()

    def _stored(self, stream: AudioStream, start: Fraction) -> Iterator[av.AudioFrame]:
        """Decoded frames from a little before ``start`` on."""
        packets: Iterator[av.Packet] | None = None
        if start > 2 * _RUN_UP:
            target = self.origin + start - _RUN_UP
            if self._container.format.name in GUESSING:
                packets = _walk(self._container, stream, target)
            else:
                packets = seek_before(self._container, stream, target)
            if packets is None:
                self._container.close()
                self._container = open_container(self._path, self._limits, SOUND_CODECS, heard=True)
                stream = self._container.streams.audio[0]
        if packets is None:
            packets = self._container.demux(stream)
        self._clock = stream.time_base or self._clock
        yield from self._decode(stream, packets)

    def _time(self, frame: av.AudioFrame) -> Fraction | None:
        base = frame.time_base or self._clock
        return None if frame.pts is None else frame.pts * base - self.origin

    def _decode(self, stream: AudioStream, packets: Iterator[av.Packet]) -> Iterator[av.AudioFrame]:
        """Decoded frames; damaged packets are counted and skipped, and so become silence."""
        while True:
            self._check()
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                self._failures += 1
                return
            if packet is None:
                return
            try:
                frames = stream.decode(packet)
            except MemoryError as error:
                raise LimitExceeded("The video's sound does not fit in memory.") from error
            except (av.error.FFmpegError, ValueError):
                self._failures += 1
                self._resampler.missed()
                continue
            self._decoded += len(frames)
            yield from frames

    def _note_damage(self, gaps: int) -> None:
        if self._failures and not self._decoded:
            self.notes.append("The sound is damaged and could not be read; the clip is silent.")
        elif self._failures:
            self.notes.append(
                f"{self._failures} damaged part{'s' * (self._failures > 1)} of the sound could "
                "not be read; there is silence instead."
            )
        elif gaps:
            self.notes.append(
                f"The sound has {gaps} gap{'s' * (gaps > 1)} or damaged parts; these are silent."
            )


class _Resampler:
    """Decoded frames to blocks at the house's rate that lie where the file's clock puts them.

    Samples are counted from the first frame on, so that rounded stamps move nothing; only where
    the clock runs away from the count, or something is missing, does a new count begin.
    """

    def __init__(self, channels: int) -> None:
        self._layout = "mono" if channels == 1 else "stereo"
        self._kind: tuple[object, ...] = ()
        self._inner: av.AudioResampler | None = None
        self._begin = Fraction(0)
        self._given = 0
        self._next = 0
        self.gaps = 0
        """How often the clock ran ahead of the samples."""
        self._strikes = 0

    def missed(self) -> None:
        """Something before the next frame was lost: its time is to be believed."""
        self._strikes = _PATIENCE

    def push(
        self, frame: av.AudioFrame, time: Fraction | None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Give in a frame that is heard at ``time``, seconds; None goes on at the count."""
        if not frame.sample_rate or not frame.samples:
            return
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        expected = self._begin
        if self._inner is not None:
            expected += Fraction(self._given, int(str(self._kind[2])))
        at = expected if time is None else time
        off = abs(at - expected)
        self._strikes = self._strikes + 1 if off > _TOLERANCE else 0
        astray = off > _JUMP or self._strikes >= _PATIENCE
        if self._inner is None or kind != self._kind or astray:
            self._strikes = 0
            self.gaps += self._inner is not None and at - expected > _TOLERANCE
            yield from self.flush()
            self._kind, self._begin, self._given = kind, at, 0
            self._next = round(at * SOUND_RATE)
            self._inner = av.AudioResampler(format="fltp", layout=self._layout, rate=SOUND_RATE)
        assert self._inner is not None
        self._given += frame.samples
        frame.pts = None
        yield from self._placed(frame)

    def flush(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """What the filter still holds back."""
        if self._inner is not None:
            yield from self._placed(None)
            self._inner = None

    def _placed(self, frame: av.AudioFrame | None) -> Iterator[tuple[int, NDArray[np.float32]]]:
        assert self._inner is not None
        for made in self._inner.resample(frame):
            samples = cast(NDArray[np.float32], made.to_ndarray())
            if not np.abs(samples).max(initial=0) <= _LOUDEST:  # or not a number at all
                samples = np.nan_to_num(samples, posinf=_LOUDEST, neginf=-_LOUDEST)
                samples = np.clip(samples, -_LOUDEST, _LOUDEST, dtype=np.float32)
            yield self._next, samples
            self._next += samples.shape[1]


def _walk(
    container: av.container.InputContainer, stream: AudioStream, target: Fraction
) -> Iterator[av.Packet]:
    """The packets from ``target`` on, seconds by the file's clock; those before are not decoded."""
    base = stream.time_base or Fraction(1, SOUND_RATE)
    for packet in container.demux(stream):
        if packet.pts is None or packet.pts * base >= target:
            yield packet


def _first_picture(path: str | os.PathLike[str], limits: Limits) -> Fraction | None:
    """The stamp of a file's first picture, seconds; None for a file without pictures."""
    try:
        source = VideoSource(path, None, limits)
    except InvalidMedia:
        return None
    source.close()
    return source.origin


def _first_sample(stream: AudioStream | None) -> Fraction:
    """The stamp of a track's first sample, seconds, after what its encoder put before it."""
    if stream is None or stream.start_time is None or stream.time_base is None:
        return Fraction(0)
    return stream.start_time * stream.time_base
