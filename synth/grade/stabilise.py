"""A shaking camera made calm: its path is followed, smoothed, and every picture put where it goes.

The edges that come into view are cut off by an enlargement that stays the same throughout a shot,
or, where the whole picture is to be kept, filled from the pictures before and after.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.flow.feed import Feed
from synth.flow.model import Anchor
from synth.grade.repairs import Mended, Request, number, opened, wanted, write
from synth.grade.result import GradedVideo
from synth.grade.stabilise_path import Calm, calm, jitter, matrix_of, step_between
from synth.media.planes import Planes
from synth.media.settings import VideoFormat

Border: TypeAlias = Literal["crop", "fill"]
"""crop: enlarged until no edge shows. fill: all is kept, edges come from the neighbours in time."""

_FOLLOWED: Final = 640
"""About how many pixels the longer side of a picture has on which the camera is followed."""
_FILL_CROP: Final = 0.25
"""How far pictures may move where their edges are filled, share of their size."""
_NEIGHBOURS: Final = 10
_STILL: Final = 0.05
"""Shaking that nobody sees, pixels at the followed size: such a shot passes bit for bit."""
_SURE: Final = 0.25


def stabilise_video(
    path: str | os.PathLike[str],
    *,
    strength: float = 0.7,
    crop: float = 0.1,
    border: Border = "crop",
    start: float = 0.0,
    seconds: float | None = None,
    output_path: str | os.PathLike[str] | None = None,
    format: VideoFormat = "mp4",
    crf: int = 18,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> GradedVideo:
    """Calm a shaking camera, shot by shot.

    The clip is read twice: once to follow the camera, once to calm it. Shots that do not shake
    pass bit for bit.

    Args:
        path: the video.
        strength: 0 leaves all, 1 smooths over two seconds.
        crop: most of the width and height that may be cut away, 0 to 0.4.
        border: whether edges are cut off or filled.
        start: where to begin, seconds.
        seconds: how much to take; None to the end.
        output_path: the file to write, which appears complete or not at all; without it the clip
            lives as long as the result.
        format: what is written.
        crf: quality of H.264, lower is better.
        cancel: stops the work within a second; nothing is left behind.
        progress: told how far it is.

    Returns:
        The clip; ``found`` holds ``jitter_before`` and ``jitter_after`` (pixels, root mean square)
        and the largest ``zoom`` of a shot.

    Raises:
        InvalidInstruction: a value that makes no sense.
        InvalidMedia: the video cannot be read.
        LimitExceeded: the video is larger than allowed.
        Cancelled: ``cancel`` was set.
    """
    strength, crop = number("strength", strength, 0.0, 1.0), number("crop", crop, 0.0, 0.4)
    if border not in get_args(Border):
        raise InvalidInstruction(f"border is {border!r:.40}; choose 'crop' or 'fill'.")
    request = Request(
        "stabilise", Path(path), {"strength": strength, "crop": crop, "border": border},
        output_path, start, seconds, format, crf, cancel or CancelToken(), progress,
    )  # fmt: skip
    began = time.monotonic()
    shots = _watch(request, strength, crop, border)
    found: dict[str, Any] = {
        "jitter_before": round(_mean([shot.before for shot in shots]), 4),
        "jitter_after": round(_mean([shot.after for shot in shots]), 4),
        "zoom": round(max(shot.calm.zoom for shot in shots), 4),
        "calmed_shots": sum(shot.moves for shot in shots),
    }
    notes = []
    if not found["calmed_shots"]:
        notes.append("The camera does not shake; the pictures are as they were.")
    elif border == "crop":
        notes.append(
            f"The picture is enlarged by up to {100 * (found['zoom'] - 1):.1f} %, so that no edge "
            "shows."
        )
    watched = time.monotonic() - began
    with opened(request) as feed:
        return write(
            request, feed, _calmed(request, feed, shots, border), found=found, began=began,
            watched=watched, notes=notes,
        )  # fmt: skip


@dataclass(frozen=True)
class ShotPath:
    """A shot's camera."""

    path: NDArray[np.float64]
    """Where the picture was, (n, 4), in pixels of the full size."""
    calm: Calm
    """What is done to it."""
    before: float
    """Shaking as it came, pixels."""
    after: float
    """Shaking of the calm path, pixels."""

    @property
    def moves(self) -> bool:
        """Whether any picture is moved."""
        return bool(np.any(self.calm.moves))


class CameraFollower:
    """Follows the camera of a clip from picture to picture."""

    def __init__(self) -> None:
        self._last: NDArray[np.uint8] | None = None
        self._step = np.zeros(4)

    def step(self, planes: Planes) -> NDArray[np.float64]:
        """How the picture moved since the one before, (4,), pixels of the full size."""
        shrink = max(1, round(max(planes.size) / _FOLLOWED))
        size = tuple(max(1, side // shrink) for side in planes.size)
        small = np.asarray(cv2.resize(planes.y, size, interpolation=cv2.INTER_AREA), np.uint8)
        last, self._last = self._last, small
        if last is None or last.shape != small.shape:
            return np.zeros(4)
        step, share = step_between(last, small)
        if share < _SURE:
            # Nothing to hold on to: the camera goes on as it did.
            return self._step * np.array([shrink, shrink, 1.0, 1.0])
        self._step = step
        return step * np.array([shrink, shrink, 1.0, 1.0])

    def forget(self) -> None:
        """Begin a new shot."""
        self._last = None
        self._step = np.zeros(4)


def shot_path(
    steps: list[NDArray[np.float64]],
    size: tuple[int, int],
    rate: float,
    *,
    strength: float,
    crop: float,
    border: Border = "crop",
) -> ShotPath:
    """The calm path of a shot whose steps are known; the first of them is 0."""
    path = np.cumsum(np.array(steps), axis=0)
    shaking = jitter(path, size)
    still = _STILL * max(1.0, max(size) / _FOLLOWED)
    room = crop if border == "crop" else max(crop, _FILL_CROP)
    if shaking < still:
        return ShotPath(path, Calm(np.zeros_like(path), 1.0), shaking, shaking)
    found = calm(path, size, rate, strength=strength, crop=room)
    if border == "fill":
        found = Calm(found.moves, 1.0)
    return ShotPath(path, found, shaking, jitter(path + found.moves, size))


def _watch(request: Request, strength: float, crop: float, border: Border) -> list[ShotPath]:
    shots: list[ShotPath] = []
    steps: list[NDArray[np.float64]] = []
    follower = CameraFollower()
    with opened(request) as feed:
        rate = float(feed.rate)

        def settle() -> None:
            if steps:
                shots.append(
                    shot_path(steps, feed.size, rate, strength=strength, crop=crop, border=border)
                )
                steps.clear()

        for anchor in wanted(request, feed, "Following the camera"):
            if anchor.join == "cut":
                settle()
                follower.forget()
            steps.append(follower.step(anchor.planes))
        settle()
    return shots


def _mean(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values else 0.0


def _calmed(
    request: Request, feed: Feed, shots: list[ShotPath], border: Border
) -> Iterator[Mended]:
    """The pictures where the calm camera would have seen them."""
    number_of_shot, place = -1, 0
    filler: Filler | None = None
    for anchor in wanted(request, feed, "Calming the camera"):
        if anchor.join == "cut":
            if filler is not None:
                yield from filler.rest()
            number_of_shot, place = number_of_shot + 1, 0
            shot = shots[min(number_of_shot, len(shots) - 1)]
            filler = Filler(shot) if border == "fill" and shot.moves else None
        shot = shots[min(number_of_shot, len(shots) - 1)]
        if not shot.moves or place >= len(shot.path):
            yield anchor.planes, anchor.time
        elif filler is not None:
            yield from filler.add(anchor, place)
        else:
            matrix = matrix_of(shot.calm.moves[place], anchor.planes.size, shot.calm.zoom)
            yield warped(anchor.planes, matrix), anchor.time
        place += 1
    if filler is not None:
        yield from filler.rest()


def warped(planes: Planes, matrix: NDArray[np.float64], *, sharp: bool = True) -> Planes:
    """A 4:2:0 picture moved by a (2, 3) matrix of its pixels; beyond its edge, that is repeated."""
    half = matrix.copy()
    # Colour samples stand on even columns and between two rows.
    half[:, 2] = half_shift(matrix)
    flags = cv2.INTER_CUBIC if sharp else cv2.INTER_LINEAR
    out = [
        cv2.warpAffine(plane, how, plane.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for plane, how in ((planes.y, matrix), (planes.u, half), (planes.v, half))
    ]
    y, u, v = (np.asarray(plane, np.uint8) for plane in out)
    return Planes(y, u, v)


def half_shift(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shift of the colour planes that goes with a matrix of the full size, (2,)."""
    # A colour sample (i, j) lies at the pixel (2 i, 2 j + 1/2).
    place = np.array([0.0, 0.5])
    return (matrix[:, :2] @ place + matrix[:, 2] - place) / 2.0


class Filler:
    """Moves the pictures of one shot and fills their edges from those before and after."""

    def __init__(self, shot: ShotPath) -> None:
        self._shot = shot
        self._near: deque[tuple[Anchor, int]] = deque()
        self._next = 0

    def add(self, anchor: Anchor, place: int) -> Iterator[Mended]:
        """Give in a picture, get out those that can be filled by now."""
        self._near.append((anchor, place))
        if place - self._next >= _NEIGHBOURS:
            yield self._filled(self._next)
            self._next += 1
        while self._near and self._near[0][1] < self._next - _NEIGHBOURS:
            self._near.popleft()

    def rest(self) -> Iterator[Mended]:
        """Those that were held back."""
        last = self._near[-1][1] if self._near else -1
        while self._next <= last:
            yield self._filled(self._next)
            self._next += 1
        self._near.clear()

    def _filled(self, place: int) -> Mended:
        anchors = {at: anchor for anchor, at in self._near}
        anchor = anchors[place]
        size = anchor.planes.size
        matrix = matrix_of(self._shot.calm.moves[place], size, 1.0)
        out = warped(anchor.planes, matrix)
        shown = _shown(matrix, size)
        y, u, v = out.y.copy(), out.u.copy(), out.v.copy()
        for away in range(1, _NEIGHBOURS + 1):
            for at in (place - away, place + away):
                if shown.all() or at not in anchors:
                    continue
                # What the other picture shows, moved onto this one along the camera's path.
                onto = self._shot.path[place] - self._shot.path[at]
                other = matrix_of(self._shot.calm.moves[place] + onto, size, 1.0)
                fresh = _shown(other, size) & ~shown
                if not fresh.any():
                    continue
                moved = warped(anchors[at].planes, other, sharp=False)
                y[fresh] = moved.y[fresh]
                small = fresh[::2, ::2]
                u[small], v[small] = moved.u[small], moved.v[small]
                shown |= fresh
        return Planes(y, u, v), anchor.time


def _shown(matrix: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Where a moved picture has pixels of its own, (H, W); the outermost one does not count."""
    width, height = size
    inner = np.full((height, width), 255, np.uint8)
    inner[:2] = inner[-2:] = 0
    inner[:, :2] = inner[:, -2:] = 0
    moved = cv2.warpAffine(inner, matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(moved) > 0
