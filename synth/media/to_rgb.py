"""Decoded frames to upright RGB: matrix and range, pixel aspect, interlace, alpha, rotation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import av.error
import av.filter
import numpy as np
from numpy.typing import NDArray

from synth.media.image_modes import over
from synth.media.opening import side_data

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


@dataclass(frozen=True)
class Turn:
    """How a stored picture becomes upright."""

    degrees: int = 0
    """Clockwise, 0, 90, 180 or 270; done first."""
    mirrored: bool = False
    """Left and right swapped afterwards."""

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The upright picture, contiguous."""
        if self.degrees:
            pixels = np.rot90(pixels, -self.degrees // 90)
        if self.mirrored:
            pixels = pixels[:, ::-1]
        return np.ascontiguousarray(pixels)


def turn_of(frame: av.VideoFrame, notes: list[str]) -> Turn:
    """Read a frame's display matrix (ISO/IEC 14496-12, 6.2.2); a slanted one is noted.

    The matrix sends (x, y) to (a x + c y, b x + d y), y pointing down.
    """
    matrix = side_data(frame, "DISPLAYMATRIX")
    if matrix is None or len(matrix) < 36:
        return Turn()
    values = np.frombuffer(matrix, np.int32, 9).astype(np.float64)
    scale = np.abs(values[[0, 1, 3, 4]]).max()
    if not scale > 0:
        return Turn()
    a, b, c, d = np.rint(values[[0, 1, 3, 4]] / scale).astype(int)
    slanted = np.abs(values[[0, 1, 3, 4]] / scale - (a, b, c, d)).max() > 0.02
    turn = _TURNS.get((a, b, c, d))
    if turn is None or slanted:
        notes.append("The file asks for a slanted turn, which is ignored.")
        return Turn()
    return turn


# Columns of the matrix say where the stored x and y axes point on the screen.
_TURNS = {
    (1, 0, 0, 1): Turn(0, False),
    (0, 1, -1, 0): Turn(90, False),
    (-1, 0, 0, -1): Turn(180, False),
    (0, -1, 1, 0): Turn(270, False),
    (-1, 0, 0, 1): Turn(0, True),
    (0, 1, 1, 0): Turn(90, True),
    (1, 0, 0, -1): Turn(180, True),
    (0, -1, -1, 0): Turn(270, True),
}


def colour_of(frame: av.VideoFrame) -> tuple[str, bool]:
    """The matrix's name and whether the range is full, guessed from the size if not said."""
    name = frame.format.name
    if frame.format.is_rgb or name == "pal8":
        return "rgb", True
    matrix = _MATRICES.get(int(frame.colorspace))
    if matrix is None:  # the common rule of players: high definition is BT.709
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
    ) -> None:
        """``size`` is the width and height before ``turn``; every frame is brought to it."""
        self._size = size
        self._turn = turn
        self._matrix = matrix
        self._time_base = time_base
        self._background = background
        self._notes = notes
        self._graph: av.filter.Graph | None = None
        self._key: tuple[object, ...] = ()
        self._first_size: tuple[int, int] | None = None

    def push(self, frame: av.VideoFrame) -> Iterator[tuple[NDArray[np.uint8], Fraction | None]]:
        """Give in a frame, get out those that are ready (H, W, 3) with their times in seconds."""
        full_range = colour_of(frame)[1]
        key = (frame.width, frame.height, frame.format.name, full_range, frame.interlaced_frame)
        if self._graph is None or key != self._key:
            yield from self.flush()
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
        chain.append(graph.add("format", "pix_fmts=" + ("rgba" if has_alpha else "rgb24")))
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
            pixels = cast(NDArray[np.uint8], frame.to_ndarray())
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
