"""Flicker of the light, taken out: each picture gets the exposure that its neighbours agree on.

The gain between neighbours is measured on what they both show: dense motion (DIS) moves one onto
the other, and the gain of each colour is robust over the pixels. Cuts and flashes break the curve,
fades and real changes of light pass through it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.flow.dense import DenseFlow, FlowGrade, smaller
from synth.grade import deflicker_curve as curve
from synth.grade.deflicker_kernels import GREY, apply_gains, black_of, log_gains, yuv_from_rgb
from synth.grade.repairs import Request, number, opened, wanted, write
from synth.grade.result import GradedVideo
from synth.media.planes import ColourTags, Planes
from synth.media.settings import VideoFormat

_FINE: Final = 320
"""About how many pixels the longer side of a picture has on which light is compared."""
_FLOW: Final = FlowGrade(finest=1, descents=12, stride=4, refinements=0)


def deflicker_video(
    path: str | os.PathLike[str],
    *,
    strength: float = 1.0,
    start: float = 0.0,
    seconds: float | None = None,
    output_path: str | os.PathLike[str] | None = None,
    format: VideoFormat = "mp4",
    crf: int = 18,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> GradedVideo:
    """Take the flicker of the light out of a clip, of each colour by itself.

    The clip is read twice: once to see how its light goes, once to mend it. Pictures that do not
    flicker pass bit for bit; so do cuts, fades and lasting changes of light.

    Args:
        path: the video.
        strength: share of the flicker that is taken out, 0 to 1.
        start: where to begin, seconds.
        seconds: how much to take; None to the end.
        output_path: the file to write, which appears complete or not at all; without it the clip
            lives as long as the result.
        format: what is written.
        crf: quality of H.264, lower is better.
        cancel: stops the work within a second; nothing is left behind.
        progress: told how far it is.

    Returns:
        The clip; ``found`` holds ``flicker_before`` and ``flicker_after`` (shares of the
        brightness) and ``corrected_frames``.

    Raises:
        InvalidInstruction: a value that makes no sense.
        InvalidMedia: the video cannot be read.
        LimitExceeded: the video is larger than allowed.
        Cancelled: ``cancel`` was set.
    """
    strength = number("strength", strength, 0.0, 1.0)
    request = Request(
        "deflicker", Path(path), {"strength": strength}, output_path, start, seconds, format, crf,
        cancel or CancelToken(), progress,
    )  # fmt: skip
    began = time.monotonic()
    steps, rate = watch_light(request)
    gains = curve.corrections(steps, rate, strength)
    found: dict[str, Any] = dict(curve.summary(steps, gains))
    notes = []
    if not gains.any():
        notes.append("No flicker of the light was found; the pictures are as they were.")
    watched = time.monotonic() - began
    with opened(request) as feed:
        pictures = (
            (corrected(anchor.planes, gain, feed.tags), anchor.time)
            for anchor, gain in zip(
                wanted(request, feed, "Evening out the light"), gains, strict=False
            )
        )
        return write(
            request, feed, pictures, found=found, began=began, watched=watched, notes=notes
        )


def corrected(planes: Planes, gain: NDArray[np.float64], tags: ColourTags) -> Planes:
    """A 4:2:0 picture with log gains (3,) laid on; the picture itself where they are all 0."""
    return apply_gains(planes, np.exp(gain), tags) if np.any(gain) else planes


def watch_light(request: Request) -> tuple[curve.Steps, float]:
    """How the light of a clip changes from picture to picture, and its rate."""
    gains: list[NDArray[np.float64]] = []
    sure: list[float] = []
    breaks: list[bool] = []
    with opened(request) as feed:
        meter = LightMeter(feed.tags)
        for anchor in wanted(request, feed, "Watching the light"):
            gain, share = meter.step(anchor.planes)
            gains.append(gain)
            sure.append(share)
            breaks.append(anchor.join in ("cut", "flash"))
        rate = float(feed.rate)
    return curve.Steps(np.array(gains), np.array(sure), np.array(breaks)), rate


class LightMeter:
    """Compares the light of each picture of a clip with the one before; one per thread."""

    def __init__(self, tags: ColourTags) -> None:
        self._to_rgb = np.linalg.inv(yuv_from_rgb(tags))
        self._offset = -self._to_rgb @ (black_of(tags), GREY, GREY)
        self._flow = DenseFlow(_FLOW)
        self._last: tuple[NDArray[np.uint8], NDArray[np.float32]] | None = None
        self._columns = self._rows = np.empty((0, 0), np.float32)

    def step(self, planes: Planes) -> tuple[NDArray[np.float64], float]:
        """The log gains (3,) from the picture before, and the share of pixels that agree."""
        now = self._small(planes)
        last, self._last = self._last, now
        if last is None or last[0].shape != now[0].shape:
            return np.zeros(3), 0.0
        flow = self._flow(now[0], last[0])
        height, width = now[1].shape[:2]
        if self._columns.shape != (height, width):
            columns, rows = np.meshgrid(np.arange(width), np.arange(height))
            self._columns, self._rows = columns.astype(np.float32), rows.astype(np.float32)
        x, y = self._columns + flow[:height, :width, 0], self._rows + flow[:height, :width, 1]
        moved = cv2.remap(last[1], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        moved = np.asarray(moved, np.float32)
        # What comes from beyond the edge is made black, which is not compared.
        moved[(x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)] = 0.0
        return log_gains(moved, now[1])

    def _small(self, planes: Planes) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Brightness that flow can be found on, and RGB in 0 to 255, both about 320 across."""
        shrink = max(1, round(max(planes.size) / _FINE))
        width, height = (max(1, side // shrink) for side in planes.size)
        bright = smaller(planes.y, shrink)
        small = [
            cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
            for plane in (planes.y, planes.u, planes.v)
        ]
        values = np.dstack(small).astype(np.float32)
        rgb = cv2.transform(values, np.column_stack([self._to_rgb, self._offset]))
        return bright, np.asarray(rgb, np.float32)
