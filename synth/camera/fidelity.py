"""Measuring a finished film's camera: recover the pose of every frame, compare with the wish.

The film is all that is looked at. Frame 0 anchors the measurement: its camera is taken as asked
and its depth as known; every later pose follows from the pictures alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synth.camera.fidelity_report import CameraFidelity, build_report
from synth.camera.pose import CameraPath
from synth.camera.solve import FEWEST_POINTS
from synth.camera.tracking import CameraTracker, MeasuredFrame
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia

__all__ = ["CameraFidelity", "measure_fidelity", "measure_file"]

_STAGE = "Measuring the camera"
_LONGEST_SIDE = 1440
"""Frames with a longer side beyond this are shrunk by a whole factor before they are measured."""


def _changes_focal(asked: CameraPath) -> bool:
    focals = asked.focal_lengths
    return float(np.ptp(focals)) > 1e-4 * float(focals[0])


def _checked_depth(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    depth = np.asarray(depth)
    if depth.ndim != 2 or min(depth.shape) < 32:
        raise InvalidInstruction(
            f"The depth of the first frame has the shape {depth.shape}; "
            "it must be a picture (height, width) of at least 32 pixels a side."
        )
    return depth.astype(np.float32, copy=False)


def _checked_frame(frame: NDArray[np.uint8], number: int, depth: NDArray[np.float32]) -> None:
    wanted = (*depth.shape, 3)
    if frame.shape != wanted or frame.dtype != np.uint8:
        raise InvalidMedia(
            f"Frame {number} of the film has the shape {frame.shape} and type {frame.dtype}; the "
            f"camera is measured on uint8 RGB frames of the depth's size, {wanted}."
        )


def _chosen(
    frames: Iterable[NDArray[np.uint8]], last: int, every: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Frame 0, every k-th frame, and whichever comes last, with their numbers."""
    waiting: tuple[int, NDArray[np.uint8]] | None = None
    for number, frame in enumerate(frames):
        if number > last:
            return
        waiting = None
        if number % every == 0 or number == last:
            yield number, frame
        else:
            waiting = number, frame
    if waiting is not None:
        yield waiting


def measure_fidelity(
    frames: Iterable[NDArray[np.uint8]],
    asked: CameraPath,
    depth0: NDArray[np.float32],
    *,
    solve_focal: bool | None = None,
    every: int = 1,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> CameraFidelity:
    """Recover the camera of every frame and compare it with the camera asked for.

    Memory does not grow with the length of the film. Too little to follow (a blank picture, a
    cloudless sky, noise) gives a result that says so, not an error.

    Args:
        frames: the film from its first frame on, each (H, W, 3) RGB; frames beyond the asked path
            are not looked at.
        asked: the camera of every frame that was asked for, focal lengths as really used.
        depth0: shape (H, W), z-depth of each pixel of frame 0 in the asked camera of frame 0,
            scene units; infinite for the sky, 0 or NaN where unknown.
        solve_focal: whether to recover the focal length too; None does so if the asked path
            changes it. Where it is not recovered it is taken as asked.
        every: measure every so many frames; the first and the last are always measured.
        cancel: stops the work.
        progress: told after every measured frame.

    Raises:
        InvalidInstruction: the depth is not a picture, or ``every`` is below 1.
        InvalidMedia: the film is empty or its frames are not of the depth's size.
        Cancelled: ``cancel`` was set.
    """
    if every < 1:
        raise InvalidInstruction(f"Every {every} frames were to be measured; the least is 1.")
    depth = _checked_depth(depth0)
    solve = _changes_focal(asked) if solve_focal is None else solve_focal
    longer = max(depth.shape)
    tracker: CameraTracker | None = None
    numbers: list[int] = []
    entries: list[MeasuredFrame] = []
    seen = 0
    reason = ""
    for number, frame in _chosen(frames, len(asked) - 1, every):
        if cancel is not None:
            cancel.check()
        _checked_frame(frame, number, depth)
        seen = number + 1
        if tracker is None:
            tracker = CameraTracker(
                frame,
                depth,
                asked[0],
                solve_focal=solve,
                reduction=max(1, math.ceil(longer / _LONGEST_SIDE)),
            )
            entry = tracker.first()
        else:
            entry = tracker.measure(frame, asked[number].focal_length)
        numbers.append(number)
        entries.append(entry)
        progress(Progress(_STAGE, done=seen, total=len(asked)))
        if tracker.landmark_count < FEWEST_POINTS:
            reason = (
                f"the first frame has only {tracker.landmark_count} places with enough detail and "
                f"smooth depth to follow, and at least {FEWEST_POINTS} are needed"
            )
            break
    if tracker is None:
        raise InvalidMedia("The film holds no frame, so its camera cannot be measured.")
    if not reason:
        reason = "one frame alone shows no motion" if len(entries) < 2 else (
            "the places followed from the first frame do not agree with any one camera"
        )  # fmt: skip
    return build_report(
        asked,
        numbers,
        entries,
        solve_focal=solve,
        longer_side=longer,
        frames_in_film=seen,
        reason=reason,
    )


def measure_file(
    path: str | Path,
    asked: CameraPath,
    depth0: NDArray[np.float32],
    *,
    solve_focal: bool | None = None,
    every: int = 1,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> CameraFidelity:
    """Measure the camera of a video file; see ``measure_fidelity``.

    Args:
        path: the finished video, as written.
        asked: the camera of every frame that was asked for.
        depth0: shape (H, W), z-depth of frame 0's pixels, scene units; H and W are the video's.
        solve_focal: whether to recover the focal length too; None decides by the asked path.
        every: measure every so many frames.
        cancel: stops the work.
        progress: told after every measured frame.

    Raises:
        InvalidMedia: the file cannot be read or is not of the depth's size.
        InvalidInstruction: the depth is not a picture, or ``every`` is below 1.
        Cancelled: ``cancel`` was set.
    """
    from synth.media.video import VideoReader

    with VideoReader(path) as reader:
        return measure_fidelity(
            (frame.pixels for frame in reader),
            asked,
            depth0,
            solve_focal=solve_focal,
            every=every,
            cancel=cancel,
            progress=progress,
        )
