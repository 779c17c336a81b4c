"""The nouns of the benchmark: clips with every other frame hidden, and pictures as planes.

A clip is made of runs of consecutive frames. The even frames of a run are shown to the
interpolators; of the odd ones, the targets are rebuilt and compared with the truth.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from synth.flow.model import Anchor, Window
from synth.media import yuv_to_rgb
from synth.media.colour import to_video_frame
from synth.media.planes import Planes

CACHE = Path(tempfile.gettempdir()) / "motion-synth-bench" / "interpolation"
"""What is made or measured once and does not change: drawn clips, the results of others."""

SURROUNDINGS = 2
"""Most anchors beyond the pair, on either side."""


@dataclass(frozen=True)
class Run:
    """Consecutive frames of one clip."""

    frames: tuple[Planes, ...]
    """All of them; an odd number."""
    targets: tuple[int, ...]
    """Odd places in ``frames`` that are rebuilt."""
    start: int = 0
    """Number of the first of ``frames`` in its file; even."""
    cuts: tuple[int, ...] = ()
    """Places of frames before which the picture jumps to another scene."""

    @property
    def anchors(self) -> tuple[Planes, ...]:
        """The frames that are shown."""
        return self.frames[::2]

    def window(self, target: int) -> Window:
        """The pair about a target and the anchors around it that belong to the same scene."""
        left, right = (target - 1) // 2, (target + 1) // 2
        first, last = left, right
        while first > 0 and left - first < SURROUNDINGS and not self._broken(first - 1):
            first -= 1
        while (
            last + 1 < len(self.anchors) and last - right < SURROUNDINGS and not self._broken(last)
        ):
            last += 1
        return Window(
            before=tuple(self._anchor(at) for at in range(left - 1, first - 1, -1)),
            first=self._anchor(left),
            second=self._anchor(right),
            after=tuple(self._anchor(at) for at in range(right + 1, last + 1)),
        )

    def _broken(self, anchor: int) -> bool:
        """Whether a cut lies between an anchor and the next one."""
        return any(2 * anchor < cut <= 2 * anchor + 2 for cut in self.cuts)

    def _anchor(self, index: int) -> Anchor:
        number = (self.start + 2 * index) // 2
        return Anchor(
            number, Fraction(number, 12), self.anchors[index], "cut" if index == 0 else "motion"
        )


@dataclass(frozen=True)
class Clip:
    """One line of the tables."""

    name: str
    """Shown in the tables, and part of the names of cached files."""
    runs: tuple[Run, ...]
    """Stretches of it that are rebuilt."""
    box: tuple[int, int, int, int] | None = None
    """Left, top, right, bottom of text that stands still over moving pictures."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.runs[0].frames[0].size

    @property
    def key(self) -> str:
        """Changes whenever a pixel or a target does."""
        digest = hashlib.sha256()
        for run in self.runs:
            digest.update(repr((run.targets, run.start)).encode())
            for frame in run.frames:
                for plane in (frame.y, frame.u, frame.v):
                    digest.update(np.ascontiguousarray(plane))
        return digest.hexdigest()[:16]


def frame_of(planes: Planes) -> av.VideoFrame:
    """The same picture as a frame of PyAV, yuv420p."""
    width, height = planes.size
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, values in zip(frame.planes, (planes.y, planes.u, planes.v), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : values.shape[1]] = values
    return frame


def planes_of(frame: av.VideoFrame) -> Planes:
    """A copy of the picture in a frame of PyAV, yuv420p."""
    values: list[NDArray[np.uint8]] = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        values.append(rows[:, : plane.width].copy())
    return Planes(*values)


def planes_from(rgb: NDArray[np.uint8]) -> Planes:
    """An even-sized sRGB picture (H, W, 3) as BT.709 planes."""
    return planes_of(to_video_frame(rgb, "yuv420p"))


def rgb_of(planes: Planes) -> NDArray[np.uint8]:
    """The picture as RGB (H, W, 3); every rival's planes go this same way."""
    return yuv_to_rgb.to_rgb(frame_of(planes), "bt709", False)


def keep(clip: Clip, path: Path) -> None:
    """Write a clip of one run into a file."""
    (run,) = clip.runs
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".part.npz")
    np.savez(
        whole,
        y=np.stack([frame.y for frame in run.frames]),
        u=np.stack([frame.u for frame in run.frames]),
        v=np.stack([frame.v for frame in run.frames]),
        box=np.array(clip.box or (), np.int64),
    )
    whole.replace(path)


def kept(name: str, path: Path) -> Clip:
    """Read what ``keep`` wrote."""
    with np.load(path) as file:
        parts = [file[key] for key in "yuv"]
        box = tuple(int(value) for value in file["box"])
    frames = tuple(Planes(*picture) for picture in zip(*parts, strict=True))
    return one_run(name, frames, box if len(box) == 4 else None)


def one_run(
    name: str, frames: Sequence[Planes], box: tuple[int, int, int, int] | None = None
) -> Clip:
    """A clip whose odd frames, but for the very first and last, are all rebuilt."""
    return Clip(name, (Run(tuple(frames), tuple(range(3, len(frames) - 3, 2))),), box)
