"""A stranger's sound file, or the sound of a video: what it holds, checked before it is used."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av.error

from synth.control import CancelToken
from synth.errors import InvalidMedia, LimitExceeded
from synth.limits import LIMITS, Limits
from synth.media.opening import SOUND_CODECS, open_container
from synth.media.sound_reader import GUESSING, SOUND_RATE, SoundReader

_LOOK = SOUND_RATE // 10


@dataclass(frozen=True)
class SoundInfo:
    """What is heard in a file."""

    seconds: float
    """How long, from the first sample (of a video: from the first picture) to the last."""
    codec: str
    """FFmpeg's name of the decoder: "mp3float"."""
    container: str
    """FFmpeg's name of the container: "mp3"."""
    channels: int
    """1 or 2; more are mixed down to two."""


class NoSound(InvalidMedia):
    """A file that can be read, but in which nothing is to be heard."""


def open_sound(
    path: str | os.PathLike[str],
    *,
    start: Fraction = Fraction(0),
    check: Callable[[], None],
    limits: Limits = LIMITS,
) -> SoundReader:
    """A reader of the sound of a sound file or a video; the caller closes it.

    ``start`` is where reading begins, seconds. ``check`` is called between small steps and raises
    when the work should stop. Raises ``NoSound`` for a file without a sound track,
    ``InvalidMedia`` for one that cannot be decoded and ``LimitExceeded`` for one over the caps.
    """
    reader = SoundReader(path, start=start, limits=limits, check=check)
    if not reader.found:
        why, has_track = " ".join(reader.notes), reader.has_track
        reader.close()
        if not has_track:
            raise NoSound("There is no sound in this file. Choose another.")
        raise InvalidMedia(f"The sound of this file cannot be used. {why}")
    return reader


def probe_sound(
    path: str | os.PathLike[str], cancel: CancelToken | None = None, limits: Limits = LIMITS
) -> SoundInfo:
    """Look at a sound file or a video with sound; its first samples are decoded to prove it.

    Raises:
        NoSound: it is a file without a sound track.
        InvalidMedia: it is no such file, or the sound is damaged from the start.
        LimitExceeded: it is over the caps, or plays longer than ``limits.sound_seconds``.
        Cancelled: somebody asked to stop.
    """
    cancel = cancel or CancelToken()
    reader = open_sound(path, check=cancel.check, limits=limits)
    try:
        reader.window(0, _LOOK)
        if not reader.end:
            raise InvalidMedia(
                "The sound of this file cannot be read: it is empty, damaged or cut off. "
                "Save it again as WAV, MP3, FLAC, M4A or OGG."
            )
        channels, origin = reader.channels, reader.origin
    finally:
        reader.close()
    with open_container(path, limits, SOUND_CODECS, heard=True) as container:
        stream = container.streams.audio[0]
        base = stream.time_base or Fraction(1, SOUND_RATE)
        seconds = None
        if stream.duration is not None and container.format.name not in GUESSING:
            seconds = (stream.start_time or 0) * base + stream.duration * base - origin
        if seconds is None or seconds <= 0:
            seconds = Fraction(0)
            try:
                for packet in container.demux(stream):
                    cancel.check()
                    if packet.pts is not None:
                        last = (packet.pts + (packet.duration or 0)) * base - origin
                        seconds = max(seconds, last)
            except av.error.FFmpegError:
                pass  # a damaged tail: the length is that of what comes before
        info = SoundInfo(float(seconds), stream.codec_context.name, container.format.name, channels)
    if info.seconds > limits.sound_seconds:
        raise LimitExceeded(
            f"The sound is {info.seconds / 60:.0f} minutes long; the limit is "
            f"{limits.sound_seconds / 60:.0f}. Cut it shorter."
        )
    return info
