"""From two picture files: the pictures between them, and the motion that joins them."""

from __future__ import annotations

import os
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.flow.dense import DenseFlow, shrink_of, smaller
from synth.flow.interpolate import GRADES
from synth.flow.makers import MODES, make_interpolator
from synth.flow.model import Anchor, Interpolator, Motion, Window
from synth.limits import LIMITS, Limits
from synth.media import load_image
from synth.media.planes import ColourTags, Planes

MOST_BETWEEN = 240
"""Most pictures made between two."""
MOST_PIXELS = 500_000_000
"""Most pixels of all pictures together: 1.5 GB."""
_AT_ONCE = 4
_LARGE = 2_000_000
"""Pictures made between two looks at the cancel token, and the pixels from which it is one."""
_TAGS = ColourTags("bt601", full_range=True)
"""Of the planes that pictures are split into."""
_HIDDEN = 1.5
"""Pixels (and 5 % of the motion) by which the way there and back may miss."""


def interpolate_frames(
    frame1_path: str | os.PathLike[str],
    frame2_path: str | os.PathLike[str],
    num_intermediate: int = 8,
    *,
    mode: str = "quality",
    interpolator: Interpolator | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
    limits: Limits = LIMITS,
) -> list[Image.Image]:
    """The first picture, ``num_intermediate`` pictures evenly spaced in time, and the second.

    Args:
        frame1_path: a picture file.
        frame2_path: another of the same size.
        num_intermediate: how many pictures to make, 1 to ``MOST_BETWEEN``.
        mode: "fast", "quality" or "learned".
        interpolator: takes the place of ``mode``; closed by whoever made it.
        cancel: stops the work between pictures.
        progress: told what is being done.
        limits: caps on the pictures.

    Returns:
        RGB pictures; the first and the last are the inputs as they were read, bit for bit.

    Raises:
        InvalidMedia: a file that is missing or no picture, or two of different sizes.
        InvalidInstruction: a number or mode that makes no sense.
        Unavailable: the learned network is not here.
        LimitExceeded: a picture over the caps, or more than ``MOST_PIXELS`` to be made.
        Cancelled: ``cancel`` was set.
    """
    cancel = cancel or CancelToken()
    _check_number(num_intermediate)
    if interpolator is None and mode not in MODES:
        raise InvalidInstruction(
            f"There is no mode {str(mode)[:40]!r}. Choose one of: {', '.join(MODES)}."
        )
    first, second = (_read(path, which, limits) for path, which in (
        (frame1_path, "first"), (frame2_path, "second")))  # fmt: skip
    if first.shape != second.shape:
        sizes = [f"{picture.shape[1]}x{picture.shape[0]}" for picture in (first, second)]
        raise InvalidMedia(
            f"The first picture is {sizes[0]} and the second {sizes[1]} pixels; both must have "
            "the same size. Crop or resize one of them."
        )
    pixels = first.shape[0] * first.shape[1]
    if pixels * num_intermediate > MOST_PIXELS:
        raise LimitExceeded(
            f"{num_intermediate} pictures of {pixels / 1e6:.1f} megapixels are "
            f"{num_intermediate * pixels / 1e6:.0f} megapixels; the limit is "
            f"{MOST_PIXELS / 1e6:.0f}. Make fewer, or make the two smaller first."
        )
    ends = [_planes(picture) for picture in (first, second)]
    window = Window(
        (),
        Anchor(0, Fraction(0), ends[0], "cut"),
        Anchor(1, Fraction(1), ends[1], "motion"),
        (),
    )
    maker = interpolator or make_interpolator(mode, ends[0].size, tags=_TAGS, cancel=cancel)
    times = [k / (num_intermediate + 1) for k in range(1, num_intermediate + 1)]
    made: list[Image.Image] = []
    batch = _AT_ONCE if pixels < _LARGE else 1
    try:
        for start in range(0, num_intermediate, batch):
            cancel.check()
            progress(Progress("Interpolating", start, num_intermediate))
            for between in maker.between(window, times[start : start + batch]):
                made.append(Image.fromarray(_rgb(between.planes)))
    finally:
        if interpolator is None:
            maker.close()
    return [Image.fromarray(first), *made, Image.fromarray(second)]


def motion_between(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Motion:
    """The motion between two pictures, RGB uint8 (H, W, 3) of one size, and what gets hidden.

    A pixel counts as hidden where the way there and back does not come back, the test of
    N. Sundaram et al., "Dense Point Trajectories by GPU-Accelerated Large Displacement Optical
    Flow", ECCV 2010. Raises ``InvalidMedia`` for pictures of different sizes.
    """
    if first.shape != second.shape:
        raise InvalidMedia("Motion is found between two pictures of the same size.")
    height, width = first.shape[:2]
    shrink = shrink_of(width, height)
    pictures = [smaller(_planes(picture).y, shrink) for picture in (first, second)]
    find = DenseFlow(GRADES["quality"].flow)

    def full(flow: NDArray[np.float32]) -> NDArray[np.float32]:
        size = (flow.shape[1] * shrink, flow.shape[0] * shrink)
        whole = cv2.resize(flow, size, interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(whole[:height, :width] * np.float32(shrink))

    one, two = pictures
    forward, backward = full(find(one, two)), full(find(two, one))
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    there = cv2.remap(
        backward, columns + forward[..., 0], rows + forward[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    missed = np.linalg.norm(forward + there, axis=2)
    way = np.linalg.norm(forward, axis=2) + np.linalg.norm(there, axis=2)
    return Motion(forward, backward, missed > _HIDDEN + 0.05 * way)


def _check_number(number: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int):
        raise InvalidInstruction(
            f"num_intermediate is {str(number)[:40]!r}; it must be a whole number."
        )
    if not 1 <= number <= MOST_BETWEEN:
        raise InvalidInstruction(
            f"num_intermediate is {number}; it must be from 1 to {MOST_BETWEEN}."
        )


def _read(path: str | os.PathLike[str], which: str, limits: Limits) -> NDArray[np.uint8]:
    try:
        return load_image(path, limits=limits).pixels
    except InvalidMedia as error:
        raise InvalidMedia(f"The {which} picture: {error}") from error


def _planes(pixels: NDArray[np.uint8]) -> Planes:
    """Full-range planes with all the colour, ITU-T T.871."""
    parts = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)
    y, v, u = (np.ascontiguousarray(parts[..., k], np.uint8) for k in range(3))
    return Planes(y, u, v)


def _rgb(planes: Planes) -> NDArray[np.uint8]:
    merged = cv2.merge((planes.y, planes.v, planes.u))
    return np.asarray(cv2.cvtColor(merged, cv2.COLOR_YCrCb2RGB), np.uint8)
