"""Decoded frames to upright RGB: matrix and range, pixel aspect, interlace, alpha, rotation."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.error
import av.filter
import numpy as np
from numpy.typing import NDArray

from synth.media import yuv_to_rgb
from synth.media.hdr import USUAL_PEAK, ToSdr, Wide, wide_of
from synth.media.image_modes import over
from synth.media.turn import Turn, turn_of_matrix

_MATRICES = {
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    7: "bt709",
    9: "bt2020",
    10: "bt2020",
}
"""ITU-T H.273 matrix numbers; 7 (SMPTE 240M) is so close to BT.709 that it is read as such."""
_FULL_RANGE = 2


def turn_of(matrix: bytes | None, notes: list[str]) -> Turn:
    """What a frame's display matrix asks for; a slanted one is noted and ignored."""
    if matrix is None:
        return Turn()
    turn = turn_of_matrix(matrix)
    if turn is None:
        notes.append("The file asks for a slanted turn, which is ignored.")
        return Turn()
    return turn


def colour_of(frame: av.VideoFrame) -> tuple[str, bool]:
    """The matrix's name and whether the range is full, guessed from the size if not said."""
    name = frame.format.name
    if frame.format.is_rgb or name == "pal8":
        return "rgb", True
    matrix = _MATRICES.get(int(frame.colorspace))
    if matrix is None and int(frame.color_primaries) == 9:
        matrix = "bt2020"
    elif matrix is None:  # the common rule of players: high definition is BT.709
        matrix = "bt709" if frame.width >= 1280 or frame.height > 576 else "bt601"
    return matrix, name.startswith("yuvj") or int(frame.color_range) == _FULL_RANGE


class RgbConverter:
    """Converts the frames of one video, whose format may change on the way."""

    def __init__(
        self,
        *,
        size: tuple[int, int],
        turn: Turn,
        matrix: str,
        time_base: Fraction,
        background: tuple[int, int, int],
        notes: list[str],
        peak: float = USUAL_PEAK,
    ) -> None:
        """``size`` is the width and height before ``turn``; every frame is brought to it.

        ``peak`` is the brightest light of a file in PQ, nits.
        """
        self._size = size
        self._turn = turn
        self._matrix = matrix
        self._time_base = time_base
        self._background = background
        self._notes = notes
        self._peak = peak
        self._wide: Wide | None = None
        self._to_sdr: ToSdr | None = None
        self._graph: av.filter.Graph | None = None
        self._key: tuple[object, ...] = ()
        self._first_size: tuple[int, int] | None = None

    def push(self, frame: av.VideoFrame) -> Iterator[tuple[NDArray[np.uint8], Fraction | None]]:
        """Give in a frame, get out those that are ready (H, W, 3) with their times in seconds."""
        full_range = colour_of(frame)[1]
        wide = wide_of(frame, self._peak)
        if (
            wide is None
            and yuv_to_rgb.supports(frame)
            and not frame.interlaced_frame
            and (frame.width, frame.height) == self._size
        ):
            yield from self.flush()
            self._first_size = self._first_size or self._size
            stamp = None if frame.pts is None else frame.pts * self._time_base
            yield self._turn.apply(yuv_to_rgb.to_rgb(frame, self._matrix, full_range)), stamp
            return
        key = (
            frame.width, frame.height, frame.format.name, full_range, frame.interlaced_frame, wide
        )  # fmt: skip
        if self._graph is None or key != self._key:
            yield from self.flush()
            self._widen(wide)
            self._build(frame, full_range)
            self._key = key
        assert self._graph is not None
        self._graph.vpush(frame)
        yield from self._pull()

    def flush(self) -> Iterator[tuple[NDArray[np.uint8], Fraction | None]]:
        """Get out what is still held back."""
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._pull()
            self._graph = None

    def _widen(self, wide: Wide | None) -> None:
        """Be ready for light and colours beyond those of ordinary screens, or for none."""
        if wide is not None and wide != self._wide:
            self._notes.append(wide.note)
            self._to_sdr = ToSdr(wide)
        self._wide = wide

    def _build(self, frame: av.VideoFrame, full_range: bool) -> None:
        has_alpha = any(component.is_alpha for component in frame.format.components)
        if frame.format.name == "pal8":
            has_alpha = True
        if self._first_size is None:
            self._first_size = frame.width, frame.height
        elif (frame.width, frame.height) != self._first_size:
            self._notes.append(
                f"The picture size changes to {frame.width}x{frame.height} within the file; "
                "later frames are scaled to the size of the first."
            )
        graph = av.filter.Graph()
        chain = [
            graph.add(
                "buffer",
                f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
                f":time_base={self._time_base}:pixel_aspect=1/1"
                f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
            )
        ]
        if frame.interlaced_frame:
            self._notes.append("The video is interlaced; its fields were made into whole frames.")
            chain.append(graph.add("bwdif", "mode=send_frame:deint=interlaced"))
        width, height = self._size
        scale = f"w={width}:h={height}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact"
        if self._matrix != "rgb" and not frame.format.is_rgb:
            scale += (
                f":in_color_matrix={self._matrix}:in_range={'full' if full_range else 'limited'}"
            )
        chain.append(graph.add("scale", scale))
        pixels = "rgba" if has_alpha else "rgb24"
        if self._wide is not None:
            pixels = "rgb48le"
        chain.append(graph.add("format", f"pix_fmts={pixels}"))
        chain.append(graph.add("buffersink"))
        graph.link_nodes(*chain)
        graph.configure()
        self._graph = graph

    def _pull(self) -> Iterator[tuple[NDArray[np.uint8], Fraction | None]]:
        assert self._graph is not None
        while True:
            try:
                frame = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            values: Any = frame.to_ndarray()
            if self._wide is not None and self._to_sdr is not None:
                values = self._to_sdr.convert(values)
            pixels: NDArray[np.uint8] = values
            if pixels.shape[2] == 4:
                pixels = self._without_alpha(pixels)
            stamp: Fraction | None = None
            if frame.pts is not None and frame.time_base is not None:
                stamp = frame.pts * frame.time_base
            yield self._turn.apply(pixels), stamp

    def _without_alpha(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        colour, coverage = np.ascontiguousarray(pixels[..., :3]), pixels[..., 3]
        if (coverage == 255).all():
            return colour
        red, green, blue = self._background
        self._notes.append(f"See-through parts are laid over rgb({red}, {green}, {blue}).")
        return over(colour, coverage, self._background)
