"""Noise taken out over time: every picture is averaged with its neighbours along the motion.

Details stay, because nothing is averaged across the picture; where a neighbour does not show the
same thing (something was uncovered, motion was not found, a cut), it does not take part.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.flow.dense import DenseFlow, FlowGrade, shrink_of, smaller
from synth.flow.model import Anchor
from synth.grade.denoise_kernels import Plane, merge, misfit, noise_between, noise_in
from synth.grade.repairs import Mended, Request, number, opened, wanted, write
from synth.grade.result import GradedVideo
from synth.media.planes import Planes
from synth.media.settings import VideoFormat

_FLOW: Final = FlowGrade(finest=1, descents=16, stride=4, refinements=2)
_CLEAN: Final = 0.6
"""Noise below which a picture is left alone, codes."""
_STILL: Final = 0.2
"""Motion that counts as none, pixels: moving a picture by so little only blurs it."""
_ESTIMATES: Final = 5
"""Pictures over which the noise is judged."""

_Floats = tuple[Plane, Plane, Plane]


def denoise_video(
    path: str | os.PathLike[str],
    *,
    strength: float = 0.5,
    start: float = 0.0,
    seconds: float | None = None,
    output_path: str | os.PathLike[str] | None = None,
    format: VideoFormat = "mp4",
    crf: int = 18,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> GradedVideo:
    """Take noise out of a clip, lightly, in one pass.

    Pictures in which hardly any noise is found pass bit for bit.

    Args:
        path: the video.
        strength: 0 leaves all, 0.5 takes out what is measured, 1 more than that.
        start: where to begin, seconds.
        seconds: how much to take; None to the end.
        output_path: the file to write, which appears complete or not at all; without it the clip
            lives as long as the result.
        format: what is written.
        crf: quality of H.264, lower is better.
        cancel: stops the work within a second; nothing is left behind.
        progress: told how far it is.

    Returns:
        The clip; ``found["noise"]`` is the median noise of the pictures (standard deviation, codes)
        and ``found["denoised_frames"]`` how many were changed.

    Raises:
        InvalidInstruction: a value that makes no sense.
        InvalidMedia: the video cannot be read.
        LimitExceeded: the video is larger than allowed.
        Cancelled: ``cancel`` was set.
    """
    strength = number("strength", strength, 0.0, 1.0)
    request = Request(
        "denoise", Path(path), {"strength": strength}, output_path, start, seconds, format, crf,
        cancel or CancelToken(), progress,
    )  # fmt: skip
    began = time.monotonic()
    with opened(request) as feed, Denoiser(strength) as denoiser:
        found: dict[str, Any] = {}
        notes: list[str] = []

        def pictures() -> Iterator[Mended]:
            yield from denoiser.mended(wanted(request, feed, "Taking out noise"))
            found.update(denoiser.found())
            if not found["denoised_frames"]:
                notes.append("No noise was found; the pictures are as they were.")

        return write(request, feed, pictures(), found=found, began=began, notes=notes)


@dataclass(frozen=True)
class _Raw:
    """A picture as it came."""

    anchor: Anchor
    small: NDArray[np.uint8]
    planes: _Floats


@dataclass(frozen=True)
class _Past:
    """What was made of the pictures so far."""

    planes: _Floats
    variance: Plane


class Denoiser:
    """Denoises the pictures of one clip in the order of time; a context manager."""

    def __init__(self, strength: float = 0.5) -> None:
        """``strength`` as for ``denoise_video``."""
        self._strength = strength
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="denoise")
        self._flows = DenseFlow(_FLOW), DenseFlow(_FLOW)
        self._sigmas: list[tuple[float, float]] = []
        self._all: list[float] = []
        self._changed = 0
        self._grids: dict[tuple[int, int], tuple[Plane, Plane]] = {}

    def __enter__(self) -> Denoiser:
        """The denoiser itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def found(self) -> dict[str, Any]:
        """What was measured."""
        noise = float(np.median(self._all)) if self._all else 0.0
        return {"noise": round(noise, 3), "denoised_frames": self._changed}

    def mended(self, anchors: Iterable[Anchor]) -> Iterator[Mended]:
        """The pictures without their noise, one behind what is read."""
        now: _Raw | None = None
        past: _Past | None = None
        before: _Raw | None = None
        for anchor in anchors:
            following = self._raw(anchor)
            if now is not None:
                linked = following if anchor.join != "cut" else None
                planes, past = self._mend(before, past, now, linked)
                yield planes, now.anchor.time
                before = now
                if linked is None:
                    before = past = None
                    self._sigmas.clear()
            now = following
        if now is not None:
            yield self._mend(before, past, now, None)[0], now.anchor.time

    def _raw(self, anchor: Anchor) -> _Raw:
        planes = anchor.planes
        shrink = shrink_of(*planes.size)
        small = np.asarray(cv2.GaussianBlur(smaller(planes.y, shrink), (3, 3), 0), np.uint8)
        y, u, v = (plane.astype(np.float32) for plane in (planes.y, planes.u, planes.v))
        return _Raw(anchor, small, (y, u, v))

    def _mend(
        self, before: _Raw | None, past: _Past | None, now: _Raw, following: _Raw | None
    ) -> tuple[Planes, _Past | None]:
        planes = now.anchor.planes
        if self._strength == 0.0:
            return planes, None
        jobs = [
            None if other is None else self._pool.submit(flow, now.small, other.small)
            for flow, other in zip(self._flows, (before, following), strict=True)
        ]
        maps = [None if job is None else self._maps(job.result(), planes) for job in jobs]
        ahead = None
        if following is not None and maps[1] is not None:
            ahead = _moved(following.planes, maps[1])
        behind = None
        if before is not None and maps[0] is not None:
            behind = _moved((past or _Past(before.planes, np.empty(0, np.float32))).planes, maps[0])
        sigmas = self._noise(now, ahead)
        self._all.append(sigmas[0])
        if sigmas[0] < _CLEAN or (ahead is None and behind is None):
            return planes, None
        scale = 0.5 + self._strength
        sigmas = sigmas[0] * scale, sigmas[1] * scale
        far = np.full(planes.u.shape, 1e6, np.float32)
        raw = np.ones(planes.u.shape, np.float32)
        variances = []
        if behind is not None and maps[0] is not None:
            known = raw if past is None else _warped(past.variance, maps[0][2], maps[0][3])
            # The past is never trusted without end: what changes slowly would trail behind.
            known = np.maximum(known, np.float32(0.30 - 0.15 * self._strength))
            variances.append(known + misfit(now.planes, behind, sigmas, known))
        else:
            variances.append(far)
        if ahead is not None:
            variances.append(raw + misfit(now.planes, ahead, sigmas, raw))
        else:
            variances.append(far)
        left = np.empty(planes.u.shape, np.float32)
        out = []
        for index, plane in enumerate(now.planes):
            mean = np.empty_like(plane)
            one = behind[index] if behind is not None else plane
            other = ahead[index] if ahead is not None else plane
            merge(plane, one, other, variances[0], variances[1], left, mean)
            out.append(mean)
        self._changed += 1
        y, u, v = (np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in out)
        return Planes(y, u, v), _Past((out[0], out[1], out[2]), left)

    def _noise(self, now: _Raw, ahead: _Floats | None) -> tuple[float, float]:
        """Noise of brightness and colour around here, codes."""
        planes = now.anchor.planes
        fine = noise_in(planes.y), max(noise_in(planes.u), noise_in(planes.v))
        found = list(fine)
        if ahead is not None:
            # Grain is coarser than the finest noise and seen between pictures alone.
            between = (
                noise_between(now.planes[0], ahead[0]),
                max(noise_between(now.planes[k], ahead[k]) for k in (1, 2)),
            )
            found = [min(max(a, b), 2.0 * a + 0.5) for a, b in zip(fine, between, strict=True)]
        self._sigmas = [*self._sigmas[-_ESTIMATES + 1 :], (found[0], found[1])]
        luma, chroma = np.median(np.array(self._sigmas), axis=0)
        return float(luma), float(chroma)

    def _maps(self, flow: NDArray[np.float32], planes: Planes) -> tuple[Plane, Plane, Plane, Plane]:
        """Where to take brightness (x, y) and colour (x, y) from."""
        shrink = shrink_of(*planes.size)
        flow = np.asarray(cv2.blur(flow, (3, 3)), np.float32)
        still = np.abs(flow).max(axis=2) * shrink < _STILL
        flow[still] = 0.0
        height, width = planes.y.shape
        # The smaller picture may go on beyond the edge; its pixels cover whole blocks.
        large = cv2.resize(flow, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_LINEAR)
        large = np.asarray(large, np.float32)[:height, :width] * np.float32(shrink)
        half = large[::2, ::2] * np.float32(0.5)
        columns, rows = self._grid((height, width))
        half_columns, half_rows = self._grid((height // 2, width // 2))
        grids = columns, rows, half_columns, half_rows
        moves = large[..., 0], large[..., 1], half[..., 0], half[..., 1]
        x, y, half_x, half_y = (
            np.asarray(grid + move, np.float32) for grid, move in zip(grids, moves, strict=True)
        )
        return x, y, half_x, half_y

    def _grid(self, shape: tuple[int, int]) -> tuple[Plane, Plane]:
        if shape not in self._grids:
            columns, rows = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
            self._grids[shape] = columns.astype(np.float32), rows.astype(np.float32)
        return self._grids[shape]


def _moved(planes: _Floats, maps: tuple[Plane, Plane, Plane, Plane]) -> _Floats:
    """A picture's planes taken from where the maps say."""
    y = cv2.remap(planes[0], maps[0], maps[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    u, v = (_warped(plane, maps[2], maps[3]) for plane in planes[1:])
    return np.asarray(y, np.float32), u, v


def _warped(plane: Plane, x: Plane, y: Plane) -> Plane:
    moved = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)
