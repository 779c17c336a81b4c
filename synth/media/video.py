"""Videos come in here: upright RGB frames with their true times, whatever the file is like."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.limits import LIMITS, Limits
from synth.media.opening import MediaInfo
from synth.media.source import VideoSource


@dataclass(frozen=True)
class VideoFrame:
    """One picture of a video."""

    pixels: NDArray[np.uint8]
    """Shape (H, W, 3): RGB, sRGB/BT.709 encoded, full range, upright."""
    time: Fraction
    """When it is shown, seconds after the first frame."""


class VideoReader:
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
        or is HDR, and ``LimitExceeded`` for one over the caps.
        """
        self._source = VideoSource(path, cancel, limits)
        self._converter = self._source.converter(background)

    @property
    def info(self) -> MediaInfo:
        """What the file holds."""
        return self._source.info

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know; complete once all frames have been read."""
        return tuple(dict.fromkeys(self._source.notes))

    @property
    def frames_read(self) -> int:
        """Frames given out so far."""
        return self._source.count

    def __enter__(self) -> Self:
        """The reader itself; the file is already open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; safe to call more than once."""
        self._source.close()

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames in the order they are shown; once only.

        Raises ``LimitExceeded`` when there are more frames than allowed and ``Cancelled``.
        """
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
