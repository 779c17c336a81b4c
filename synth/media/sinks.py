"""One encoder per output format: frames go in one by one, a finished file comes out.

A sink is used by exactly two threads: ``prepare`` runs where frames are made and takes a private
copy; everything else runs in the writer's encoding thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import av.container
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from synth.limits import LIMITS, Limits
from synth.media.colour import even, frame_plane, to_video_frame
from synth.media.planes import ColourTags, Planes, to_rgb
from synth.media.settings import EncoderSettings
from synth.media.sound import Sound
from synth.media.sound_track import SoundTrack

_LIMITED, _FULL = 1, 2  # AVCOL_RANGE_MPEG and AVCOL_RANGE_JPEG
_AVX512 = 13
"""OpenCV's number of the instruction set with which x264 does not always repeat itself: about one
small clip in seventy came out with other bytes from the same pictures. Without it, none did."""


@dataclass(frozen=True)
class ClipSpec:
    """What every sink needs to know."""

    path: Path
    """The temporary file to write."""
    width: int
    """Pixels across, as rendered."""
    height: int
    """Pixels down, as rendered."""
    fps: Fraction
    """Frames per second."""
    settings: EncoderSettings
    """Encoder knobs."""
    metadata: Mapping[str, str]
    """Texts to write into the file."""
    check: Callable[[], None]
    """Raises when the work should stop; called between small steps."""
    tags: ColourTags = field(default_factory=ColourTags)
    """What the numbers of planes mean, where the format keeps them as they are."""
    sound: Sound | None = None
    """The sound that goes with the pictures."""
    notes: list[str] = field(default_factory=list)
    """Where a sink puts what the user should know, in sentences."""
    limits: Limits = LIMITS
    """Caps on what is read."""


class Sink(Protocol):
    """An encoder for one format."""

    def prepare(self, pixels: NDArray[np.uint8]) -> Any:
        """A private copy of a frame (H, W, 3), in the form ``encode`` wants."""
        ...

    def prepare_planes(self, planes: Planes) -> Any:
        """A private copy of a picture given as planes, in the form ``encode`` wants."""
        ...

    def encode(self, item: Any, index: int) -> None:
        """Encode the prepared frame number ``index``."""
        ...

    def finish(self) -> None:
        """Write everything that is still held back, and close the file."""
        ...

    def abort(self) -> None:
        """Let go of everything; the file is about to be, or already, deleted. Never raises."""
        ...


@dataclass(frozen=True)
class _Codec:
    """How one container format is written."""

    container: str
    codec: str
    pixel_format: str
    container_options: Mapping[str, str]
    options: Callable[[ClipSpec], dict[str, str]]
    frame_threads: bool


def _x264(clip: ClipSpec) -> dict[str, str]:
    settings = clip.settings
    options = {"preset": settings.preset, "crf": str(settings.crf)}
    if settings.repeatable and cv2.checkHardwareSupport(_AVX512):
        options["x264-params"] = "asm=AVX2"
    return options


def _vp9(clip: ClipSpec) -> dict[str, str]:
    settings = clip.settings
    return {
        "deadline": "good" if settings.vp9_speed <= 5 else "realtime",
        "cpu-used": str(settings.vp9_speed),
        "crf": str(settings.vp9_crf),
        "b": "0",
        "row-mt": "1",
        "tile-columns": "2",
    }


def _prores(clip: ClipSpec) -> dict[str, str]:
    return {"profile": "hq", "vendor": "apl0"}


# With use_metadata_tags any key survives, not only the few that QuickTime knows.
_MOV = {"movflags": "+faststart+use_metadata_tags"}

_CODECS = {
    "mp4": _Codec("mp4", "libx264", "yuv420p", _MOV, _x264, True),
    "webm": _Codec("webm", "libvpx-vp9", "yuv420p", {}, _vp9, False),
    "prores": _Codec("mov", "prores_ks", "yuv422p10le", _MOV, _prores, True),
}


class ContainerSink:
    """MP4, WebM and MOV through PyAV, tagged as the clip says; ProRes is always BT.709."""

    def __init__(self, clip: ClipSpec, name: str) -> None:
        self._clip = clip
        self._codec = codec = _CODECS[name]
        self._container = av.open(
            str(clip.path),
            "w",
            format=codec.container,
            container_options=dict(codec.container_options),
        )
        # Without this flag the muxer writes its own name and version into the file.
        self._container.flags |= av.container.Flags.bitexact.value
        self._container.metadata.update(clip.metadata)
        stream = self._container.add_stream(codec.codec, rate=clip.fps, options=codec.options(clip))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = even(clip.width), even(clip.height)
        stream.pix_fmt = codec.pixel_format
        context = stream.codec_context
        context.gop_size = max(1, round(clip.fps * clip.settings.keyframe_seconds))
        context.time_base = 1 / clip.fps
        self._keeps_planes = codec.pixel_format == "yuv420p"
        self._tags = clip.tags if self._keeps_planes else ColourTags()
        _tag(context, self._tags)
        context.thread_count = clip.settings.threads
        # PyAV asks for slice threads by default, which makes x264 both slower and worse.
        context.thread_type = "AUTO" if codec.frame_threads else "SLICE"
        self._stream = stream
        self._context = context
        self._frames = 0
        self._sound: SoundTrack | None = None
        if clip.sound is not None:
            try:
                self._sound = SoundTrack(
                    self._container,
                    codec.container,
                    clip.sound,
                    notes=clip.notes,
                    check=clip.check,
                    limits=clip.limits,
                )
            except BaseException:
                self.abort()
                raise

    def prepare(self, pixels: NDArray[np.uint8]) -> av.VideoFrame:
        """Convert to the codec's planes (a copy)."""
        tags = self._tags
        frame = to_video_frame(
            pixels, self._codec.pixel_format, matrix=tags.matrix, full_range=tags.full_range
        )
        _tag(frame, tags)
        return frame

    def prepare_planes(self, planes: Planes) -> av.VideoFrame:
        """A copy bit for bit where the codec takes such planes, else by way of RGB."""
        if not (self._keeps_planes and planes.subsampled):
            return self.prepare(to_rgb(planes, self._clip.tags))
        width, height = planes.size
        frame = av.VideoFrame(width, height, self._codec.pixel_format)
        for index, plane in enumerate((planes.y, planes.u, planes.v)):
            frame_plane(frame, index)[: plane.shape[0], : plane.shape[1]] = plane
        _tag(frame, self._tags)
        return frame

    def encode(self, item: av.VideoFrame, index: int) -> None:
        """Encode one frame; its time is ``index / fps``."""
        item.pts = index
        item.time_base = 1 / self._clip.fps
        self._frames = index + 1
        for packet in self._context.encode_lazy(item):
            self._mux(packet)

    def finish(self) -> None:
        """Drain the encoder packet by packet, so that a stop is seen soon, and close."""
        for packet in self._context.encode_lazy(None):
            self._clip.check()
            self._mux(packet)
        if self._sound is not None:
            self._sound.finish(self._frames / self._clip.fps)
        self._container.close()

    def _mux(self, packet: av.Packet) -> None:
        packet.stream = self._stream
        shown = None
        if packet.dts is not None and packet.time_base is not None:
            shown = packet.dts * packet.time_base
        self._container.mux_one(packet)
        # Encoders look ahead; sound follows the pictures that are written, not those given in.
        if self._sound is not None and shown is not None:
            self._sound.advance(shown)

    def abort(self) -> None:
        """Close without a useful trailer."""
        # The file goes first: then the faststart pass fails at once instead of copying it all.
        self._clip.path.unlink(missing_ok=True)
        with suppress(Exception):
            self._container.close()
        with suppress(Exception):
            if self._sound is not None:
                self._sound.close()
        self._clip.path.unlink(missing_ok=True)


def _tag(target: av.VideoFrame | av.VideoCodecContext, tags: ColourTags) -> None:
    """Say in a frame, or to an encoder, what the numbers mean (ITU-T H.273)."""
    target.colorspace = {"bt709": 1, "bt601": 6, "bt2020": 9}[tags.matrix]
    target.color_primaries = tags.primaries
    target.color_trc = tags.transfer
    target.color_range = _FULL if tags.full_range else _LIMITED
