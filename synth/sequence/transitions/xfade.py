"""FFmpeg's own ``xfade`` (https://ffmpeg.org/ffmpeg-filters.html#xfade), fed plane by plane.

The filter reads how far it has come from the time of a frame, so easing is done by the times that
the frames are stamped with. It works on pictures whose colour planes are as large as the bright
one, and would have every frame enlarged and shrunk again; but most of its transitions treat each
plane by itself and by shares of the width and height, so each plane can be a grey picture of its
own. That is bit-exact where one picture is shown alone, and makes a dissolve of 1280 x 720 a
seventh of the work.
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

TOGETHER: Final = frozenset(
    ("fadegrays", "distance", "dissolve", "circlecrop", "rectcrop",
     "hlwind", "hrwind", "vuwind", "vdwind")
)  # fmt: skip
"""Those that look at all planes at once, show black, or draw lots for each row or pixel."""


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
    width, height = size
    if name in TOGETHER:
        filters = [_Crossing(name, size, "yuv420p")]
    else:
        half = width // 2, height // 2
        filters = [_Crossing(name, shape, "gray") for shape in (size, half, half)]
    last = 0
    for index, ((one, other), share) in enumerate(zip(pairs, progress, strict=True)):
        both = _split(one, len(filters)), _split(other, len(filters))
        if index == 0:
            # Its clock starts with the first frame that it sees; ours stands later.
            for crossing, a, b in zip(filters, *both, strict=True):
                crossing.at(a, b, 0)
        # Never twice the same time, however slowly the easing begins.
        last = min(max(round(share * _TICKS), last + 1), _TICKS - 1)
        drawn = [crossing.at(a, b, last) for crossing, a, b in zip(filters, *both, strict=True)]
        y, u, v = (plane for planes in drawn for plane in planes)
        yield Planes(y, u, v)


def _split(picture: Planes, parts: int) -> list[tuple[NDArray[np.uint8], ...]]:
    """The planes, each by itself or all together."""
    planes = picture.y, picture.u, picture.v
    return [planes] if parts == 1 else [(plane,) for plane in planes]


class _Crossing:
    """One filter in one graph."""

    def __init__(self, name: str, size: tuple[int, int], pixels: str) -> None:
        self._size = size
        self._pixels = pixels
        # The filters live as long as their graph.
        self._graph = graph = av.filter.Graph()
        kind = (
            f"video_size={size[0]}x{size[1]}:pix_fmt={pixels}:time_base=1/{_TICKS}"
            ":frame_rate=25/1:pixel_aspect=1/1"
        )
        if pixels != "gray":
            kind += ":colorspace=1:range=1"
        self._inputs = [graph.add("buffer", kind) for _ in range(2)]
        fade = graph.add("xfade", f"transition={name}:duration=1:offset=0")
        back = graph.add("format", f"pix_fmts={pixels}")
        self._sink = graph.add("buffersink")
        for number, source in enumerate(self._inputs):
            source.link_to(fade, 0, number)
        fade.link_to(back)
        back.link_to(self._sink)
        graph.configure()

    def at(
        self, one: tuple[NDArray[np.uint8], ...], other: tuple[NDArray[np.uint8], ...], time: int
    ) -> list[NDArray[np.uint8]]:
        """The planes at a time, later than any before."""
        for source, planes in zip(self._inputs, (one, other), strict=True):
            source.push(self._frame(planes, time))
        drawn = self._sink.pull()
        assert isinstance(drawn, av.VideoFrame)
        return [
            frame_plane(drawn, index)[:, : plane.width].copy()
            for index, plane in enumerate(drawn.planes)
        ]

    def _frame(self, planes: tuple[NDArray[np.uint8], ...], time: int) -> av.VideoFrame:
        frame = av.VideoFrame(*self._size, self._pixels)
        for index, plane in enumerate(planes):
            frame_plane(frame, index)[:, : plane.shape[1]] = plane
        frame.pts = time
        frame.time_base = Fraction(1, _TICKS)
        if self._pixels != "gray":
            frame.colorspace = 1  # BT.709, limited: ITU-T H.273, and FFmpeg's name for the range
            frame.color_range = 1
        return frame
