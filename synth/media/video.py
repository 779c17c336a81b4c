"""Videos come in here: upright RGB frames with their true times, whatever the file is like."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.limits import LIMITS, Limits
from synth.media.opening import MediaInfo
from synth.media.reader import SourceReader


@dataclass(frozen=True)
class VideoFrame:
    """One picture of a video."""

    pixels: NDArray[np.uint8]
    """Shape (H, W, 3): RGB, sRGB/BT.709 encoded, full range, upright."""
    time: Fraction
    """When it is shown, seconds after the first frame."""


class VideoReader(SourceReader[VideoFrame]):
    """Reads a video file frame by frame; memory stays flat however long it is.

    Use it as a context manager and iterate once::

        with VideoReader("clip.mp4") as reader:
            print(reader.info.width, reader.info.fps)
            for frame in reader:
                frame.pixels, frame.time

    Rotation, mirroring and pixel aspect are applied, interlaced pictures are deinterlaced, and
    transparency is laid over ``background``. Times come from the file, so a variable frame rate
    stays variable; the first frame is at 0. A damaged file gives the frames that can be read
    and a line in ``notes`` with the counts.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        background: tuple[int, int, int] = (255, 255, 255),
        cancel: CancelToken | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Open the file and decode its first frame.

        Raises ``InvalidMedia`` for a file that is not a video, has no frame that can be read,
        or is HDR of a kind that is not known, and ``LimitExceeded`` for one over the caps.
        """
        super().__init__(path, background, cancel, limits)

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames in the order they are shown; once only. Raises as the base does."""
        for pixels, time in self._source.timed(self._converted()):
            yield VideoFrame(pixels, time)

    def _converted(self) -> Iterator[tuple[NDArray[np.uint8], Fraction | None]]:
        for frame in self._source.frames():
            yield from self._converter.push(frame)
        yield from self._converter.flush()


def probe(path: str | os.PathLike[str], *, limits: Limits = LIMITS) -> MediaInfo:
    """Say what a video file holds; decodes one frame.

    Raises like ``VideoReader``.
    """
    with VideoReader(path, limits=limits) as reader:
        return replace(reader.info, notes=reader.notes)
