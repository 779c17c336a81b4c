"""Grading: one picture for the eye at the controls, or a whole clip into a file."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.flow.feed import Feed
from synth.flow.model import Anchor
from synth.grade.chain import adjustments_at
from synth.grade.cube import SIZES
from synth.grade.finish import Finisher
from synth.grade.light import LUMA
from synth.grade.lut import Lut, LutLike, identity_cube
from synth.grade.repairs import Mended, Request, number, wanted, write
from synth.grade.result import GradedVideo
from synth.grade.running import RunningGrade, recipe_of, table_of
from synth.grade.settings import Grade
from synth.media.planes import ColourTags
from synth.media.settings import VideoFormat

BAKED_SIZE: Final = 33
"""Entries along the edge of a baked cube, unless asked for otherwise: every program reads it."""


def grade_picture(
    rgb: NDArray[np.uint8],
    grade: Grade | Mapping[str, Any],
    lut: LutLike | None = None,
    *,
    time: float = 0.0,
) -> NDArray[np.uint8]:
    """Grade one picture, uint8 RGB (H, W, 3), as it would be in the clip.

    Args:
        rgb: the picture, encoded for a BT.709 or sRGB screen.
        grade: the controls and the look.
        lut: a table in place of the grade's look.
        time: where the picture stands in its clip, seconds: for keys, and for the grain.

    Raises:
        InvalidInstruction: the grade or the picture makes no sense, or a look stands beside a LUT.
        InvalidMedia: the LUT's file cannot be read.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise InvalidInstruction(f"The picture is {rgb.dtype} {rgb.shape}; give uint8 (H, W, 3).")
    grade = Grade.from_values(grade)
    adjustments = adjustments_at(grade, time)
    out = recipe_of(grade, adjustments, table_of(grade, lut)).picture(rgb)
    if adjustments.sharpen or adjustments.grain:
        luma = np.asarray(cv2.transform(out, np.array([LUMA])), np.uint8).reshape(out.shape[:2])
        finished = Finisher(len(out), black=0, white=255).finish(luma, adjustments, time)
        # Brightness changes alike in all three; each step is limited to 0 to 255.
        brighter = cv2.merge([cv2.subtract(finished, luma)] * 3)
        darker = cv2.merge([cv2.subtract(luma, finished)] * 3)
        out = np.asarray(cv2.subtract(cv2.add(out, brighter), darker), np.uint8)
    return out


def bake_lut(
    grade: Grade | Mapping[str, Any],
    lut: LutLike | None = None,
    size: int = BAKED_SIZE,
    time: float = 0.0,
) -> Lut:
    """A grade as one cube, with all but its sharpening and grain.

    Args:
        grade: the controls and the look.
        lut: a table in place of the grade's look.
        size: entries along an edge, 2 to 65.
        time: the moment of a grade that changes, seconds.

    Raises as ``grade_picture`` does.
    """
    least, most = SIZES["LUT_3D_SIZE"]
    if isinstance(size, bool) or not isinstance(size, int) or not least <= size <= most:
        raise InvalidInstruction(f"A cube of {size!r:.40}; its size may be {least} to {most}.")
    time = number("time", time, 0.0, 36_000.0)
    grade = Grade.from_values(grade)
    made = recipe_of(grade, adjustments_at(grade, time), table_of(grade, lut))
    cube = np.clip(made.floats(identity_cube(size)), 0, 1)
    return Lut(cube=cube, title="Motion Synth grade")


def grade_video(
    path: str | os.PathLike[str],
    grade: Grade | Mapping[str, Any],
    *,
    lut: LutLike | None = None,
    output_path: str | os.PathLike[str] | None = None,
    start: float = 0.0,
    seconds: float | None = None,
    format: VideoFormat = "mp4",
    crf: int = 18,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> GradedVideo:
    """Grade a video; sound comes along, and a grade at rest changes no pixel before the encoder.

    Planes of 8 bits are graded as they are; other files (10 bits, HDR, turned ones) are first
    brought to BT.709. A grade that stands still goes by tables, a changing one picture by picture.

    Args:
        path: the video.
        grade: the controls and the look; the times of its keys are those of the source.
        lut: a table in place of the grade's look.
        output_path: the file to write, which appears complete or not at all; without it the clip
            lives as long as the result, and ``result.save(path)`` keeps it.
        start: where the wanted part begins, seconds.
        seconds: how long it is; None to the end.
        format: what is written.
        crf: quality of H.264, 0 to 51: lower is better and larger.
        cancel: stops the work within a second; nothing is left behind.
        progress: told how many frames are graded.

    Raises:
        InvalidInstruction: a value that makes no sense.
        InvalidMedia: the video or the LUT cannot be read.
        LimitExceeded: the video is larger than allowed.
        Cancelled: ``cancel`` was set.
    """
    began = clock.monotonic()
    grade = Grade.from_values(grade)
    table = table_of(grade, lut)
    settings = grade.to_dict()
    if lut is not None and table is not None:
        settings["lut"] = table.title or "untitled"
    request = Request(
        what="grade",
        path=Path(path),
        settings=settings,
        output_path=output_path,
        start=start,
        seconds=seconds,
        format=format,
        crf=crf,
        cancel=cancel or CancelToken(),
        progress=progress,
    )
    with _Pictures(request.path, request.span, cancel=request.cancel) as feed:
        pictures = _graded(wanted(request, feed, "Grading"), grade, table, feed.tags, feed.size[1])
        return write(request, feed, pictures, began=began)


class _Pictures(Feed):
    """A clip's pictures, read ahead; nobody watches for shots."""

    def _run(self) -> None:
        try:
            for number, frame in enumerate(self._evened()):
                self._put(Anchor(number, frame.time, frame.planes, "motion"))
            self._put(None)
        except BaseException as error:
            self._put(error)
        finally:
            self._reader.close()


def _graded(
    anchors: Iterable[Anchor], grade: Grade, lut: Lut | None, tags: ColourTags, height: int
) -> Iterator[Mended]:
    running = RunningGrade(grade, lut, tags, height)
    for anchor in anchors:
        yield running.apply(anchor.planes, anchor.time), anchor.time
