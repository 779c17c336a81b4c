"""Finished stretches joined packet by packet into one file: no picture is encoded again.

Every stretch begins with a key frame and was written by the same encoder with the same settings,
so the decoder's set-up data are the same for all. Times are counted in whole frames of the film.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.container
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.video.stream import VideoStream

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidMedia
from synth.limits import LIMITS
from synth.media.metadata import checked_metadata
from synth.media.opening import open_container
from synth.sequence.keep import Kept

_BITS_PER_SECOND: Final = 192_000
"""Of the sound, stereo."""
_BLOCK: Final = 1024
"""Samples of one block of AAC."""
_TICKS: Final = 10_000
"""At least so many ticks a second has the film's clock."""


@dataclass(frozen=True)
class Part:
    """A stretch in its place."""

    kept: Kept
    frames: int


def examine(path: Path, rate: Fraction, frames: int) -> dict[str, Any]:
    """What splicing needs to know of a stretch that was just written.

    Returns plain values: ``delay`` is how many frames decoding runs ahead of showing.

    Raises ``InvalidMedia`` when the file is not what was to be written.
    """
    shown: list[int] = []
    with open_container(path, LIMITS) as container:
        stream = container.streams.video[0]
        extra = bytes(stream.codec_context.extradata or b"")
        begins_well = True
        for packet in container.demux(stream):
            if packet.size:
                begins_well = begins_well and (bool(shown) or packet.is_keyframe)
                shown.append(_number(packet, rate))
    if sorted(shown) != list(range(frames)) or not begins_well or not extra:
        raise InvalidMedia(
            f"A stretch of {frames} frames came out with {len(shown)}. Make the film again."
        )
    delay = max(place - number for place, number in enumerate(shown))
    return {"frames": frames, "delay": delay, "setup": extra.hex()}


def splice(
    target: Path,
    parts: Sequence[Part],
    *,
    rate: Fraction,
    sound: Path | None = None,
    metadata: Mapping[str, str] | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> None:
    """Write an MP4 of stretches, in order, with sound.

    Args:
        target: the file to write; what is there is replaced. It is the caller's to rename.
        parts: the stretches, each with what ``examine`` told of it.
        rate: frames per second.
        sound: a WAV file of 48 kHz, as long as the film.
        metadata: texts to write into the file, as ``VideoWriter`` takes them.
        cancel: stops the work.
        progress: told how many frames are written.

    Raises ``InvalidMedia`` when stretches do not fit together, ``Cancelled``.
    """
    token = cancel or CancelToken()
    if len({part.kept.told["setup"] for part in parts}) != 1:
        raise InvalidMedia("The stretches were not encoded alike. Make the film again.")
    delay = max(int(part.kept.told["delay"]) for part in parts)
    total = sum(part.frames for part in parts)
    with av.open(
        str(target),
        "w",
        format="mp4",
        container_options={
            "movflags": "+faststart+use_metadata_tags",
            "video_track_timescale": str(_clock(rate).denominator),
        },
    ) as film:
        film.flags |= av.container.Flags.bitexact.value
        film.metadata.update(checked_metadata(metadata or {}))
        with open_container(parts[0].kept.path, LIMITS) as first:
            video = film.add_stream_from_template(first.streams.video[0])
        assert isinstance(video, VideoStream)
        video.time_base = _clock(rate)
        track = None if sound is None else _Track(film, sound)
        try:
            for done, packet in enumerate(_packets(parts, video, rate, delay), 1):
                token.check()
                film.mux_one(packet)
                if track is not None:
                    track.advance(Fraction(done) / rate)
                if done % 64 == 0 or done == total:
                    progress(Progress("Putting the film together", done, total))
            if track is not None:
                track.finish(total / rate, token)
        finally:
            if track is not None:
                track.close()


def _packets(
    parts: Sequence[Part], stream: VideoStream, rate: Fraction, delay: int
) -> Iterator[av.Packet]:
    """All packets in the order of decoding, with the film's times."""
    ticks = int(1 / rate / _clock(rate))
    start = place = 0
    for part in parts:
        seen = 0
        with open_container(part.kept.path, LIMITS) as container:
            for packet in container.demux(container.streams.video[0]):
                if not packet.size:
                    continue
                number = start + _number(packet, rate)
                packet.time_base = _clock(rate)
                packet.pts = number * ticks
                packet.dts = (place - delay) * ticks
                packet.duration = ticks
                packet.stream = stream
                place += 1
                seen += 1
                yield packet
        if seen != part.frames:
            raise InvalidMedia(
                f"A stretch has {seen} of its {part.frames} frames. Make the film again."
            )
        start += part.frames


def _number(packet: av.Packet, rate: Fraction) -> int:
    """Which frame of its own file a packet shows."""
    if packet.pts is None or packet.time_base is None:
        raise InvalidMedia("A stretch has a frame without a time. Make the film again.")
    return round(packet.pts * packet.time_base * rate)


def _clock(rate: Fraction) -> Fraction:
    """The film's tick: a whole number of them is exactly one frame."""
    return Fraction(1, rate.numerator * max(1, -(-_TICKS // rate.numerator)))


class _Track:
    """The sound of the film, encoded as AAC beside the pictures."""

    def __init__(self, film: av.container.OutputContainer, path: Path) -> None:
        self._film = film
        self._source = av.open(str(path), "r", format="wav")
        self._frames = self._source.decode(audio=0)
        self._done = Fraction(0)
        incoming = self._source.streams.audio[0]
        self._rate = incoming.rate
        # A WAV file may not say which channel is which.
        layout = "mono" if incoming.channels == 1 else "stereo"
        stream = film.add_stream("aac", rate=self._rate, layout=layout)
        assert isinstance(stream, AudioStream)
        stream.codec_context.bit_rate = _BITS_PER_SECOND
        stream.codec_context.time_base = Fraction(1, self._rate)
        # Without this flag the encoder writes its name and version into the sound.
        stream.codec_context.flags |= Flags.bitexact.value
        self._stream = stream
        self._samples = 0
        self._fit = av.AudioResampler("fltp", layout, self._rate, _BLOCK)

    def advance(self, seconds: Fraction) -> None:
        """Write the sound up to a moment of the film, or a little further."""
        while self._samples < seconds * self._rate:
            frame = next(self._frames, None)
            if frame is None:
                return
            self._samples += frame.samples
            for block in self._fit.resample(frame):
                self._write(block)

    def finish(self, seconds: Fraction, cancel: CancelToken) -> None:
        """Write the rest."""
        while self._samples < seconds * self._rate:
            cancel.check()
            before = self._samples
            self.advance(Fraction(before + self._rate, self._rate))
            if self._samples == before:
                break
        for block in self._fit.resample(None):
            self._write(block)
        for packet in self._stream.encode(None):
            self._film.mux_one(packet)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _write(self, frame: av.AudioFrame) -> None:
        for packet in self._stream.encode(frame):
            self._film.mux_one(packet)
