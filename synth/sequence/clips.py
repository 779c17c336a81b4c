"""Video clips as a film wants them: at its size, at its rate, in its colours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.limits import LIMITS, Limits
from synth.media import ColourTags, PlaneReader, Planes
from synth.media.opening import choose_stream, open_container
from synth.media.planes import planes_from_rgb, to_rgb

VERSION: Final = 1
"""To be raised when the same clip gives other pictures."""


@dataclass(frozen=True)
class ClipFacts:
    """What a film needs to know of a clip before it is used."""

    width: int
    """Pixels across, upright and even."""
    height: int
    """Pixels down."""
    seconds: Fraction
    """How long its pictures last."""
    has_sound: bool

    def frames(self, rate: Fraction) -> int:
        """How many frames it gives at another rate, at least 1."""
        return max(1, round(self.seconds * rate))


def look_at(
    path: str | os.PathLike[str], *, cancel: CancelToken | None = None, limits: Limits = LIMITS
) -> ClipFacts:
    """Size and length of a clip; the length is that of its packets, not what its header claims.

    Raises ``InvalidMedia`` or ``LimitExceeded`` as ``PlaneReader`` does.
    """
    with PlaneReader(path, cancel=cancel, limits=limits) as reader:
        width, height = reader.size
        step = 1 / reader.info.fps
        has_sound = reader.info.has_audio
    begin: int | None = None
    end: Fraction = Fraction(0)
    with open_container(path, limits) as container:
        stream = choose_stream(container, limits)
        base = stream.time_base or Fraction(1, 1000)
        try:
            for packet in container.demux(stream):
                if packet.pts is None or not packet.size or packet.is_discard:
                    continue
                if cancel is not None:
                    cancel.check()
                begin = packet.pts if begin is None else min(begin, packet.pts)
                lasts = packet.duration * base if packet.duration else step
                end = max(end, packet.pts * base + lasts)
        except av.error.FFmpegError:
            pass  # a damaged tail: what was seen is what there is
    seconds = step if begin is None else max(end - begin * base, step)
    return ClipFacts(width, height, seconds, has_sound)


def read_clip(
    path: str | os.PathLike[str],
    first: int,
    count: int,
    *,
    rate: Fraction,
    size: tuple[int, int],
    cancel: CancelToken | None = None,
    limits: Limits = LIMITS,
) -> Iterator[Planes]:
    """Frames of a clip at another rate and size, BT.709 in limited range, 4:2:0.

    Frame k shows the picture that stands at k / rate seconds, where half a step of whichever runs
    faster, film or clip, is granted for rounded times: at the same rate every picture comes once.
    Nothing is mixed. Pictures of another shape are cropped about their centre. Where the clip ends
    early its last picture stays. What fits already passes bit for bit.

    Args:
        path: the clip.
        first: number of the first frame, counted at ``rate``.
        count: how many frames.
        rate: frames a second.
        size: width and height of the frames, both even.
        cancel: stops the work.
        limits: caps on what is read.
    """
    with PlaneReader(
        path,
        start=first / rate,
        seconds=count / rate,
        around=True,
        cancel=cancel,
        limits=limits,
    ) as reader:
        grace = min(1 / rate, 1 / reader.info.fps) / 2
        fit = _Fit(reader.tags, size)
        pictures = iter(reader)
        shown = next(pictures)
        following = next(pictures, None)
        made = fit(shown.planes)
        for number in range(first, first + count):
            moment = number / rate + grace
            old = shown
            while following is not None and following.time <= moment:
                shown, following = following, next(pictures, None)
            if shown is not old:
                made = fit(shown.planes)
            yield made


class _Fit:
    """Takes pictures of one clip to the size and the colours of a film."""

    def __init__(self, tags: ColourTags, size: tuple[int, int]) -> None:
        self._tags = tags
        self._size = size
        ours = ColourTags()
        self._recode = (tags.matrix, tags.full_range) != (ours.matrix, ours.full_range)

    def __call__(self, planes: Planes) -> Planes:
        if self._recode:
            planes = planes_from_rgb(to_rgb(planes, self._tags))
        return planes if planes.size == self._size else fill(planes, *self._size)


def fill(planes: Planes, width: int, height: int) -> Planes:
    """A 4:2:0 picture that fills a frame of another size, cropped about its centre."""
    across, down = planes.size
    # Whole pixels of the colour planes, so that brightness and colour stay together.
    crop_width = min(across, max(2, 2 * round(down * width / height / 2)))
    crop_height = min(down, max(2, 2 * round(across * height / width / 2)))
    left, top = (across - crop_width) // 4 * 2, (down - crop_height) // 4 * 2

    def part(plane: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
        cut = plane[
            top // step : (top + crop_height) // step, left // step : (left + crop_width) // step
        ]
        size = width // step, height // step
        if cut.shape == size[::-1]:
            return np.ascontiguousarray(cut)
        method = cv2.INTER_AREA if size[0] < cut.shape[1] else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(cut, size, interpolation=method), np.uint8)

    return Planes(part(planes.y, 1), part(planes.u, 2), part(planes.v, 2))
