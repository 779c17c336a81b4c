"""FFmpeg's own ``xfade`` (https://ffmpeg.org/ffmpeg-filters.html#xfade), fed plane by plane.

The filter reads how far it has come from the time of a frame, so easing is done by the times that
the frames are stamped with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import av
import av.filter
import numpy as np
from numpy.typing import NDArray

from synth.media.colour import frame_plane
from synth.media.planes import Planes

_TICKS: Final = 1_000_000
"""Ticks of the filter's clock for the whole transition."""


def crossed(
    name: str,
    pairs: Iterable[tuple[Planes, Planes]],
    progress: NDArray[np.float64],
    size: tuple[int, int],
) -> Iterator[Planes]:
    """Frames on the way from one picture to another.

    Args:
        name: of the transition, as the filter knows it.
        pairs: the two pictures of each frame, 4:2:0, both of ``size``.
        progress: how far each frame has come, rising, between 0 and 1, shape (N,).
        size: width and height, pixels.
    """
    graph, inputs, sink = _graph(name, size)
    last = 0
    for index, ((one, other), share) in enumerate(zip(pairs, progress, strict=True)):
        if index == 0:
            # Its clock starts with the first frame that it sees; ours stands later.
            for source, picture in zip(inputs, (one, other), strict=True):
                source.push(_frame(picture, 0))
            sink.pull()
        # Never twice the same time, however slowly the easing begins.
        last = min(max(round(share * _TICKS), last + 1), _TICKS - 1)
        for source, picture in zip(inputs, (one, other), strict=True):
            source.push(_frame(picture, last))
        yield _planes(sink.pull())
    del graph  # the filters live as long as it does


def _graph(
    name: str, size: tuple[int, int]
) -> tuple[av.filter.Graph, tuple[av.filter.context.FilterContext, ...],
           av.filter.context.FilterContext]:  # fmt: skip
    graph = av.filter.Graph()
    width, height = size
    kind = (
        f"video_size={width}x{height}:pix_fmt=yuv420p:time_base=1/{_TICKS}:frame_rate=25/1"
        ":pixel_aspect=1/1:colorspace=1:range=1"
    )
    inputs = tuple(graph.add("buffer", kind) for _ in range(2))
    fade = graph.add("xfade", f"transition={name}:duration=1:offset=0")
    sink = graph.add("buffersink")
    for number, source in enumerate(inputs):
        source.link_to(fade, 0, number)
    fade.link_to(sink)
    graph.configure()
    return graph, inputs, sink


def _frame(planes: Planes, time: int) -> av.VideoFrame:
    width, height = planes.size
    frame = av.VideoFrame(width, height, "yuv420p")
    for index, plane in enumerate((planes.y, planes.u, planes.v)):
        frame_plane(frame, index)[:, : plane.shape[1]] = plane
    frame.pts = time
    frame.time_base = Fraction(1, _TICKS)
    frame.colorspace = 1  # BT.709, limited: ITU-T H.273 and FFmpeg's name for the range
    frame.color_range = 1
    return frame


def _planes(frame: object) -> Planes:
    assert isinstance(frame, av.VideoFrame)
    y, u, v = (
        frame_plane(frame, index)[:, : plane.width].copy()
        for index, plane in enumerate(frame.planes)
    )
    return Planes(y, u, v)
