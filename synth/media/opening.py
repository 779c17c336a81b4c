"""Opening a stranger's video: which containers and codecs are let in, and what is checked first.

FFmpeg follows playlists to other files and decodes anything it was built with. Both are closed
here: only listed demuxers may look at the file, they can open no second one, and only listed
decoders are ever started. FFmpeg never learns the file's name, so its suffix counts for nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from types import MappingProxyType
from typing import IO, Any, cast

import av
import av.container
import av.error
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.stream import VideoStream

from synth.errors import InvalidMedia, LimitExceeded
from synth.limits import Limits
from synth.media.image import open_regular
from synth.media.metadata import decode_metadata
from synth.media.reasons import reason

_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif"
_SOUND_CONTAINERS = f"{_CONTAINERS},aac,aiff,flac,mp3,ogg,wav"
_CODECS = "av1,dnxhd,gif,h264,hevc,libdav1d,mjpeg,mpeg2video,mpeg4,png,prores,vp8,vp9"  # decoders
SOUND_CODECS = (
    "aac,ac3,alac,eac3,flac,libopus,mp3,mp3float,opus,vorbis,"
    "pcm_f32be,pcm_f32le,pcm_f64le,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,"
    "pcm_s8,pcm_u8"
)
"""Decoders that may be started for sound."""
ALL_CODECS = f"{_CODECS},{SOUND_CODECS}"
"""Decoders that may be started at all."""
_BUFFER = 1 << 18
_TIMING_PACKETS = 240
_SEEK_BACK = (0, 1, 4, 16)
"""Seconds to jump further back where a jump arrived too late."""
_ATTACHED = Disposition.attached_pic | Disposition.timed_thumbnails


@dataclass(frozen=True)
class MediaInfo:
    """What a video file holds, as it will be shown."""

    width: int
    """Pixels across, after pixel aspect and rotation."""
    height: int
    """Pixels down, after pixel aspect and rotation."""
    codec: str
    """FFmpeg's name of the decoder: "h264"."""
    container: str
    """FFmpeg's name of the container: "mov,mp4,m4a,3gp,3g2,mj2"."""
    fps: Fraction
    """Frames per second; the average where the rate varies."""
    duration: Fraction | None
    """Seconds, as the file declares it; None if it does not."""
    frames: int | None
    """Frames the file declares; None if it does not. Declared numbers can be wrong."""
    rotation: int
    """Clockwise turn that was asked for by the file, degrees: 0, 90, 180 or 270."""
    mirrored: bool
    """Whether the file asks to be mirrored (after the turn, left to right)."""
    sample_aspect: Fraction
    """Width of a stored pixel over its height."""
    has_audio: bool
    """Whether there is a sound track."""
    pixel_format: str
    """How pixels are stored: "yuv420p"."""
    matrix: str
    """Which YCbCr matrix is used to read it: "bt709", "bt601", "bt2020" or "rgb"."""
    full_range: bool
    """Whether black is 0 (True) or 16 (False) in the stored values."""
    variable_rate: bool
    """Whether frames stand at uneven times."""
    metadata: Mapping[str, str]
    """Texts in the container, names in lower case. A stranger's words: never trust them."""
    notes: tuple[str, ...]
    """What the user should know, in sentences."""
    hdr: str | None = None
    """"PQ" or "HLG" where the file is of high dynamic range; it is read as SDR."""


class _Nameless:
    """A file without a name: FFmpeg can read no protocol, pattern or suffix into it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell

    def __del__(self) -> None:
        self._file.close()


def open_container(
    path: str | os.PathLike[str], limits: Limits, codecs: str = _CODECS, *, heard: bool = False
) -> av.container.InputContainer:
    """Open a file with the listed demuxers only; nothing is decoded with an unlisted decoder.

    ``codecs`` are the decoders that may look at it, those of pictures unless given. ``heard``
    lets in files that hold nothing but sound. Raises ``InvalidMedia`` or ``LimitExceeded``.
    """
    what = "sound" if heard else "video"
    source = _Nameless(open_regular(path, limits.video_bytes, what))
    options = {
        "format_whitelist": _SOUND_CONTAINERS if heard else _CONTAINERS,
        "codec_whitelist": codecs,
        # The file arrives through Python, so FFmpeg needs no protocol to open anything with.
        "protocol_whitelist": "none",
        "max_pixels": str(_decoder_pixels(limits)),
    }
    try:
        return av.open(source, "r", options=options, buffer_size=_BUFFER)
    except MemoryError as error:
        raise LimitExceeded(f"The {what} does not fit in memory. Use a smaller one.") from error
    except Exception as error:
        kinds = "WAV, MP3, FLAC, M4A, OGG or MP4" if heard else "MP4 (H.264), WebM or MOV"
        raise InvalidMedia(
            f"This is not a {what} that can be read here: {reason(error)}. "
            f"Save it as {kinds} and try again."
        ) from error


def _decoder_pixels(limits: Limits) -> int:
    """The cap for the decoder itself: decoders round sizes up to whole blocks."""
    return limits.video_pixels + limits.video_pixels // 8 + 65_536


def choose_stream(container: av.container.InputContainer, limits: Limits) -> VideoStream:
    """The first real picture track, once its codec, size and rate have been checked.

    Raises ``InvalidMedia`` for a file without one or with an unlisted codec, ``LimitExceeded``
    for a size or rate over the caps. No frame has been decoded when this returns.
    """
    streams = [s for s in container.streams.video if not s.disposition & _ATTACHED]
    if not streams:
        what = "only a cover picture" if container.streams.video else "no picture track"
        raise InvalidMedia(f"The file has {what}, so there is no video to read.")
    stream = streams[0]
    if stream.codec_context is None:
        raise InvalidMedia("The video's codec is unknown. Save it as MP4 (H.264) and try again.")
    codec = stream.codec_context.name
    if codec not in _CODECS.split(","):
        raise InvalidMedia(
            f"The video's codec, {codec}, is not accepted. "
            "Save it as H.264, HEVC, VP9, AV1 or ProRes and try again."
        )
    width, height = stream.codec_context.width, stream.codec_context.height
    if width < 1 or height < 1:
        raise InvalidMedia("The video does not say how large it is; it is probably cut off.")
    check_pixels(width, height, limits)
    rate = stream.average_rate
    if rate is not None and rate > limits.video_fps:
        raise LimitExceeded(
            f"The video has {float(rate):.5g} frames a second; the limit is {limits.video_fps}. "
            "Convert it to a lower frame rate."
        )
    stream.codec_context.options = {"max_pixels": str(_decoder_pixels(limits))}
    stream.codec_context.thread_type = "AUTO"
    return stream


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Raise ``LimitExceeded`` if a video frame of this size is over the cap."""
    if width * height > limits.video_pixels:
        raise LimitExceeded(
            f"The video is {width}x{height} ({width * height / 1e6:.1f} megapixels); the limit is "
            f"{limits.video_pixels / 1e6:.1f} megapixels. Convert it to 4K or below."
        )


def side_data(frame: av.VideoFrame) -> dict[str, bytes]:
    """What FFmpeg attached to a frame, by FFmpeg's names.

    A frame whose side data were looked at and those data hold each other, which keeps the picture,
    and with it the decoder's memory, until Python next looks for circles: minutes, in a long film.
    So a tiny copy is asked, which carries the same.
    """
    try:
        small = frame.reformat(width=16, height=16)
    except ValueError:  # no colour format that can be made smaller
        small = frame
    try:
        return {data.type.name: bytes(cast(Any, data)) for data in cast(Any, small.side_data)}
    except ValueError:  # PyAV stumbles over a kind of data that it does not know
        return {}


def display_metadata(container: av.container.InputContainer, limits: Limits) -> Mapping[str, str]:
    """The container's texts with lower-case names; those FFmpeg adds by itself are left out."""
    return MappingProxyType(
        decode_metadata(container.metadata, container.format.name == "gif", limits)
    )


def seek_before(
    container: av.container.InputContainer, stream: VideoStream | AudioStream, stamp: Fraction
) -> Iterator[av.Packet] | None:
    """Jump to the last key packet shown at or before ``stamp``, seconds by the file's own clock.

    Returns the packets from there on, or None where the file cannot jump; it has to be opened
    again then. Where jumping goes by the order of decoding or by another stream's index, FFmpeg
    may arrive too late, so the packet that it finds is looked at.
    """
    if stream.time_base is None:
        return None
    for back in _SEEK_BACK:
        try:
            target = round((stamp - back) / stream.time_base)
            container.seek(target, stream=stream, backward=True)
            packets = container.demux(stream)
            for packet in packets:
                if packet.is_keyframe and packet.size:
                    if packet.pts is not None and packet.pts * stream.time_base <= stamp:
                        return chain([packet], packets)
                    break
        except (av.error.FFmpegError, OverflowError):
            return None
    return None


@dataclass(frozen=True)
class Timing:
    """The rate of a video as its first few seconds show it."""

    fps: Fraction | None
    """Frames per second, None if fewer than two frames have a time."""
    variable: bool
    """Whether the distances between frames differ by more than the clock's rounding."""


def measure_timing(path: str | os.PathLike[str], limits: Limits) -> Timing:
    """Look at the times of the first packets, without decoding them."""
    with open_container(path, limits) as container:
        stream = choose_stream(container, limits)
        ticks: list[int] = []
        try:
            for packet in container.demux(stream):
                if packet.pts is not None and packet.size:
                    ticks.append(packet.pts)
                if len(ticks) >= _TIMING_PACKETS:
                    break
        except av.error.FFmpegError:
            pass  # a damaged tail: what was seen is enough, decoding will tell of it
        time_base = stream.time_base
    # Packets come in decoding order; the last few may still miss earlier-shown neighbours.
    ticks = sorted(set(ticks))
    if len(ticks) >= _TIMING_PACKETS:
        ticks = ticks[:-16]
    if len(ticks) < 2 or time_base is None:
        return Timing(None, False)
    steps = [after - before for before, after in pairwise(ticks)]
    fps = Fraction(len(steps)) / ((ticks[-1] - ticks[0]) * time_base)
    spread = max(steps) - min(steps)
    return Timing(fps, spread > max(2, sorted(steps)[len(steps) // 2] * 0.02))
