"""Videos come in here as a codec keeps them, for work that neither sees nor changes colours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.limits import LIMITS, Limits
from synth.media import yuv_to_rgb
from synth.media.colour import even, frame_plane
from synth.media.hdr import wide_of
from synth.media.opening import MediaInfo
from synth.media.planes import ColourTags, Planes, planes_from_rgb
from synth.media.reader import SourceReader
from synth.media.source import VideoSource
from synth.media.to_rgb import colour_of
from synth.media.turn import Turn


@dataclass(frozen=True)
class PlaneFrame:
    """One picture of a video."""

    planes: Planes
    """The picture, upright, 4:2:0 and of even size."""
    time: Fraction
    """When it is shown, seconds after the first picture of the file."""


class PlaneReader(SourceReader[PlaneFrame]):
    """Reads a video file, or a part of it, as planes; memory stays flat however long it is.

    Use it as a context manager and iterate once::

        with PlaneReader("clip.mp4", start=Fraction(2), seconds=Fraction(5)) as reader:
            for frame in reader:
                frame.planes, frame.time  # the first time is 2 or a little later

    The border is that of ``VideoReader``, and so are the times. Pictures that are stored as 8-bit
    4:2:0, upright, whole and with square pixels are given bit for bit, with the file's own
    ``tags``; all others become BT.709 in limited range. Odd sizes are padded to even ones by
    repeating the edge.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        start: Fraction = Fraction(0),
        seconds: Fraction | None = None,
        around: bool = False,
        background: tuple[int, int, int] = (255, 255, 255),
        cancel: CancelToken | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Open the file and decode its first frame.

        Given out are the pictures with ``start`` <= time < ``start + seconds``, in seconds after
        the first picture of the file; ``start`` above 0 jumps to the key frame before it. With
        ``around``, the last picture before them and the first one after them come too, however
        far they are.
        See-through parts are laid over ``background``. Raises like ``VideoReader``.
        """
        super().__init__(path, background, cancel, limits)
        self._start = start
        self._around = around
        self._end = None if seconds is None else start + seconds
        self._count = 0
        source = self._source
        self._full_range = source.info.full_range
        self._direct = _as_stored(source, source.first)
        first = source.first
        self._tags = ColourTags()
        if self._direct:
            self._tags = ColourTags(
                matrix=source.info.matrix,
                full_range=source.info.full_range,
                primaries=int(first.color_primaries),
                transfer=int(first.color_trc),
            )
        width, height = source.info.width, source.info.height
        self._info = replace(source.info, width=even(width), height=even(height))
        if (width, height) != self.size:
            source.notes.append(
                f"The picture is {width}x{height}; its edge is repeated by one pixel, because "
                f"video needs even sizes: {even(width)}x{even(height)}."
            )

    @property
    def info(self) -> MediaInfo:
        """What the file holds; ``width`` and ``height`` are those of the planes."""
        return self._info

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of every picture, pixels; both even."""
        return self._info.width, self._info.height

    @property
    def tags(self) -> ColourTags:
        """What the numbers in the planes mean."""
        return self._tags

    @property
    def untouched(self) -> bool:
        """Whether the planes are those of the file, bit for bit."""
        return self._direct

    @property
    def frames_read(self) -> int:
        """Frames given out so far."""
        return self._count

    def __iter__(self) -> Iterator[PlaneFrame]:
        """The pictures in the order they are shown; once only.

        Raises ``LimitExceeded`` when there are more frames than allowed and ``Cancelled``.
        """
        earlier: PlaneFrame | None = None
        for planes, time in self._source.timed(self._pictures(), self._source.origin):
            found = PlaneFrame(planes, time)
            over = self._end is not None and time >= self._end
            if time < self._start:
                earlier = found if self._around else None
                continue
            if earlier is not None:
                self._count += 1
                yield earlier
                earlier = None
            if over and not self._around:
                return
            self._count += 1
            yield found
            if over:
                return
        if earlier is not None:
            self._count += 1
            yield earlier

    def _pictures(self) -> Iterator[tuple[Planes, Fraction | None]]:
        # Deinterlacing looks at the neighbours, so a few pictures before the start are converted.
        early = self._source.origin + self._start - 4 / self._source.info.fps
        skipped: av.VideoFrame | None = None
        for frame in self._source.frames(self._start):
            stamp = self._source.stamp(frame)
            if stamp is not None and stamp < early:
                skipped = frame
                continue
            if skipped is not None:
                yield from self._planes(skipped)
                skipped = None
            yield from self._planes(frame)
        if skipped is not None:
            yield from self._planes(skipped)
        yield from self._converted(self._converter.flush())

    def _planes(self, frame: av.VideoFrame) -> Iterator[tuple[Planes, Fraction | None]]:
        plain = _as_stored(self._source, frame) and colour_of(frame)[1] == self._full_range
        if self._direct and plain:
            yield from self._converted(self._converter.flush())
            yield _copy(frame), self._source.stamp(frame)
        else:
            yield from self._converted(self._converter.push(frame))

    def _converted(
        self, pictures: Iterator[tuple[NDArray[np.uint8], Fraction | None]]
    ) -> Iterator[tuple[Planes, Fraction | None]]:
        for pixels, stamp in pictures:
            yield planes_from_rgb(pixels, self._tags), stamp


def _as_stored(source: VideoSource, frame: av.VideoFrame) -> bool:
    """Whether the frame's planes can be given out as they are."""
    return (
        yuv_to_rgb.supports(frame)
        and wide_of(frame) is None
        and not frame.interlaced_frame
        and source.turn == Turn()
        and (frame.width, frame.height) == source.stored_size
    )


def _copy(frame: av.VideoFrame) -> Planes:
    """The frame's planes without the decoder's padding; an odd size is padded to an even one."""
    y, u, v = (
        frame_plane(frame, index)[: plane.height, : plane.width]
        for index, plane in enumerate(frame.planes)
    )
    padding = frame.height % 2, frame.width % 2
    if any(padding):
        y = np.pad(y, ((0, padding[0]), (0, padding[1])), mode="edge")
    # Copied in any case: the decoder uses its memory again.
    return Planes(y.copy(), u.copy(), v.copy())
