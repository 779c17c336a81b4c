"""What all readers of a video have in common: a file that is open, and what there is to know of it.

What its pictures are given out as is up to each of them.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from synth.control import CancelToken
from synth.limits import Limits
from synth.media.opening import MediaInfo
from synth.media.source import VideoSource

Frame = TypeVar("Frame")


class SourceReader(ABC, Generic[Frame]):
    """An open video file, to be used as a context manager and iterated over once."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        background: tuple[int, int, int],
        cancel: CancelToken | None,
        limits: Limits,
    ) -> None:
        """Open the file and decode its first frame; ``background`` is RGB, 0-255.

        Raises ``InvalidMedia`` for a file that is not a video, has no frame that can be read,
        or is HDR of a kind that is not known, and ``LimitExceeded`` for one over the caps.
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

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """The frames in the order they are shown; once only.

        Raises ``LimitExceeded`` when there are more frames than allowed and ``Cancelled``.
        """
