"""The formats that are series of pictures: GIF with a palette of its own, and a zip of PNGs."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from math import ceil, sqrt
from typing import cast

import av
import av.container
import av.error
import av.filter
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from synth.media.colour import to_video_frame
from synth.media.metadata import PROJECT_ENTRY, encode_comment
from synth.media.planes import Planes, to_rgb
from synth.media.sinks import ClipSpec

_PALETTE_PIXELS = 160 * 120
"""About how many pixels of each frame are counted for the palette."""
_DITHERS = {"bayer": "bayer:bayer_scale=3", "diffusion": "sierra2_4a", "none": "none"}
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class GifSink:
    """A GIF with one palette for the whole clip, in flat memory.

    The palette needs all frames before the first can be written. So frames go to two places as
    they come: thinned out into FFmpeg's ``palettegen``, which keeps only a colour histogram
    (median cut, as in Heckbert 1982), and, without loss, into a scratch file beside the target.
    ``finish`` reads the scratch file back through ``paletteuse``.
    """

    def __init__(self, clip: ClipSpec) -> None:
        """Open the scratch file and the palette graph."""
        self._clip = clip
        self._scratch = clip.path.with_suffix(".scratch")
        self._output: av.container.OutputContainer | None = None
        self._step = max(1, ceil(sqrt(clip.width * clip.height / _PALETTE_PIXELS)))
        self._spool, self._spool_stream = self._open(str(self._scratch), "nut", "utvideo", "gbrp")
        graph = av.filter.Graph()
        colours = clip.settings.gif_colours
        small = -(-clip.width // self._step), -(-clip.height // self._step)
        chain = [
            graph.add("buffer", self._buffer(*small)),
            graph.add("palettegen", f"max_colors={colours}:reserve_transparent=0:stats_mode=full"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*chain).configure()
        self._palette = graph

    def _open(
        self, path: str, container: str, codec: str, pixel_format: str
    ) -> tuple[av.container.OutputContainer, VideoStream]:
        output = av.open(path, "w", format=container)
        stream = output.add_stream(codec, rate=self._clip.fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self._clip.width, self._clip.height
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = 1 / self._clip.fps
        return output, stream

    def _buffer(self, width: int, height: int) -> str:
        return (
            f"video_size={width}x{height}:pix_fmt=gbrp:time_base={1 / self._clip.fps}"
            ":pixel_aspect=1/1:colorspace=0:range=2"
        )

    def prepare(self, pixels: NDArray[np.uint8]) -> tuple[av.VideoFrame, av.VideoFrame]:
        """Copies of the frame as planes: all of it, and a small one to count colours in."""
        small = pixels[:: self._step, :: self._step]
        # Six bits a channel bound the number of colours, and so memory and time, for any clip.
        small = (small & np.uint8(0xFC) | small >> np.uint8(6)).astype(np.uint8, copy=False)
        return to_video_frame(pixels, "gbrp"), to_video_frame(small, "gbrp")

    def prepare_planes(self, planes: Planes) -> tuple[av.VideoFrame, av.VideoFrame]:
        """As ``prepare``, by way of RGB."""
        return self.prepare(_cropped(planes, self._clip))

    def encode(self, item: tuple[av.VideoFrame, av.VideoFrame], index: int) -> None:
        """Count the frame's colours and put it into the scratch file."""
        for frame in item:
            frame.pts, frame.time_base = index, 1 / self._clip.fps
        self._spool.mux(self._spool_stream.encode(item[0]))
        self._palette.vpush(item[1])

    def finish(self) -> None:
        """Choose the palette, then write every frame with it."""
        self._spool.mux(self._spool_stream.encode(None))
        self._spool.close()
        self._palette.vpush(None)
        palette = self._palette.vpull()
        self._output, stream = self._open(str(self._clip.path), "gif", "gif", "pal8")
        for frame in self._with_palette(palette):
            self._clip.check()
            self._output.mux(stream.encode(frame))
        self._output.mux(stream.encode(None))
        self._output.close()
        self._scratch.unlink()
        if self._clip.metadata:
            self._append_comment(self._clip.metadata)

    def _with_palette(self, palette: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """The scratch file's frames as indices into the palette."""
        dither = self._clip.settings.gif_dither
        graph = av.filter.Graph()
        pictures = graph.add(
            "buffer", self._buffer(self._clip.width, self._clip.height), name="pictures"
        )
        colours = graph.add(
            "buffer",
            f"video_size={palette.width}x{palette.height}:pix_fmt={palette.format.name}"
            ":time_base=1/1:pixel_aspect=1/1:colorspace=0:range=2",
            name="colours",
        )
        use = graph.add("paletteuse", f"dither={_DITHERS[dither]}:diff_mode=rectangle")
        sink = graph.add("buffersink")
        pictures.link_to(use, 0, 0)
        colours.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        palette.pts = 0
        palette.time_base = Fraction(1)
        colours.push(palette)
        colours.push(None)
        with av.open(str(self._scratch), format="nut") as spool:
            for index, frame in enumerate(spool.decode(video=0)):
                frame.pts, frame.time_base = index, 1 / self._clip.fps
                pictures.push(frame)
                yield from _drain(sink)
        pictures.push(None)
        yield from _drain(sink)

    def _append_comment(self, metadata: Mapping[str, str]) -> None:
        """Put one comment block (GIF89a, section 24) before the trailer byte."""
        text = encode_comment(metadata)
        with open(self._clip.path, "r+b") as file:
            file.seek(-1, 2)
            if file.read(1) != b"\x3b":
                raise RuntimeError("The GIF has no trailer.")
            file.seek(-1, 2)
            file.write(b"\x21\xfe")
            for start in range(0, len(text), 255):
                block = text[start : start + 255]
                file.write(struct.pack("B", len(block)) + block)
            file.write(b"\x00\x3b")

    def abort(self) -> None:
        """Close and remove both files."""
        self._clip.path.unlink(missing_ok=True)
        self._scratch.unlink(missing_ok=True)
        for container in (self._spool, self._output):
            if container is not None:
                with suppress(Exception):
                    container.close()
        self._clip.path.unlink(missing_ok=True)
        self._scratch.unlink(missing_ok=True)


def _drain(sink: av.filter.context.FilterContext) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield cast(av.VideoFrame, sink.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _cropped(planes: Planes, clip: ClipSpec) -> NDArray[np.uint8]:
    """RGB without the repeated edge that makes planes even."""
    return to_rgb(planes, clip.tags)[: clip.height, : clip.width]


class PngZipSink:
    """A zip of ``frame_000000.png``... and, when there is metadata, ``project.json``."""

    def __init__(self, clip: ClipSpec) -> None:
        """Open the zip."""
        self._clip = clip
        self._zip = zipfile.ZipFile(clip.path, "w", zipfile.ZIP_STORED)

    def prepare(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy with the channels in the order that OpenCV's encoder takes."""
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)

    def prepare_planes(self, planes: Planes) -> NDArray[np.uint8]:
        """As ``prepare``, by way of RGB."""
        return self.prepare(_cropped(planes, self._clip))

    def encode(self, item: NDArray[np.uint8], index: int) -> None:
        """Compress one picture into the zip."""
        done, data = cv2.imencode(".png", item)
        if not done:
            raise RuntimeError("The PNG encoder failed.")
        self._add(f"frame_{index:06d}.png", data.tobytes())

    def finish(self) -> None:
        """Add the metadata and the zip's directory."""
        if self._clip.metadata:
            self._add(PROJECT_ENTRY, json.dumps(self._clip.metadata, indent=1).encode())
        self._zip.close()

    def _add(self, name: str, data: bytes) -> None:
        # A fixed date: the same frames give the same file, and no clock leaks.
        entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
        entry.external_attr = 0o644 << 16
        self._zip.writestr(entry, data)

    def abort(self) -> None:
        """Close without caring what is inside."""
        with suppress(Exception):
            self._zip.close()
        self._clip.path.unlink(missing_ok=True)
