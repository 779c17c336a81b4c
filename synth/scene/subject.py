"""Finds the subject that a person marks on a photo and gives it a soft mask.

The cut is made small (`subject_cut`), the outline at full size (`subject_outline`); a painted mask
is taken as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import InvalidInstruction, InvalidMedia
from synth.scene.subject_cut import Seeds, cut
from synth.scene.subject_outline import outline, softened
from synth.scene.subject_paint import MASK_SIDE, decode_mask, encode_mask

__all__ = ["MASK_SIDE", "Mark", "SubjectMask", "decode_mask", "encode_mask", "find_subject"]

WORKING_SIDE = 480
"""Longer side of the picture on which the cut is made, pixels."""

LEAST_SHARE = 0.001
"""Smallest subject, as a share of the frame."""

MOST_SHARE = 0.6
"""Largest subject, as a share of the frame: behind a larger one hardly any photo is left."""

_AGAIN = "Mark the subject again, or paint its mask."


@dataclass(frozen=True)
class Mark:
    """How a subject is marked on a photo; places are shares of its width and its height, 0 to 1.

    `box` is left, top, right, bottom; `points` are clicks on the subject, `away` clicks on what is
    not; `painted` is a mask of any size, (h, w) uint8, 255 on the subject, which wins over all
    the others.
    """

    box: tuple[float, float, float, float] | None = None
    points: tuple[tuple[float, float], ...] = ()
    away: tuple[tuple[float, float], ...] = ()
    painted: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class SubjectMask:
    """How much of each pixel is the subject: `alpha` (H, W) float32, 0 to 1."""

    alpha: NDArray[np.float32]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of all that is not quite clear, pixels, ends excluded."""
        solid = self.alpha > 0.0
        rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

    @property
    def share(self) -> float:
        """Part of the frame that the subject covers, 0 to 1."""
        return float(self.alpha.mean())


def find_subject(
    photo: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    mark: Mark | None,
    *,
    cancel: CancelToken | None = None,
) -> SubjectMask:
    """Find a subject and mask it. The same input gives the same mask.

    Args:
        photo: sRGB, (H, W, 3).
        disparity: inverse depth, 1 / scene units, (H, W).
        mark: where it is; None, or a mark without anything in it, asks for the likeliest subject.
        cancel: looked at between the steps.

    Raises:
        InvalidInstruction: for marks that make no sense or that no subject fits.
        InvalidMedia: for a photo and a depth of different sizes.
    """
    token = cancel or CancelToken()
    token.check()
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.shape[:2] != disparity.shape:
        raise InvalidMedia(
            f"The photo is {photo.shape} and its depth {disparity.shape}; "
            "give a photo (height, width, 3) and a depth (height, width) of the same size."
        )
    mark = mark or Mark()
    if mark.painted is not None:
        return _checked(softened(photo, _painted(mark.painted)), "painted mask")
    _check_places(mark)
    height, width = disparity.shape
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    near = cv2.resize(np.maximum(disparity, 0.0), size, interpolation=cv2.INTER_NEAREST)
    seeds = _seeds(mark, size)
    found = cut(small, np.asarray(near, np.float32), seeds, token)
    token.check()
    if not found.solid.any():
        raise InvalidInstruction(
            "No subject stands out in this photo. Mark it with a box or a click, or paint its mask."
            if mark.box is None and not mark.points
            else f"Nothing stands out at the mark: 0 pixels were found. {_AGAIN}"
        )
    return _checked(outline(photo, disparity, found, token), "subject")


def _painted(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if mask.ndim != 2 or mask.dtype != np.uint8 or mask.size == 0:
        raise InvalidMedia(
            f"The painted mask is {mask.dtype} {mask.shape}; give grey bytes, (height, width), "
            "255 on the subject."
        )
    return mask


def _checked(alpha: NDArray[np.float32], name: str) -> SubjectMask:
    share = float((alpha > 0.5).mean())
    if share == 0.0:
        raise InvalidInstruction(f"The {name} is empty: 0 % of the frame. {_AGAIN}")
    if share < LEAST_SHARE:
        raise InvalidInstruction(
            f"The {name} covers {share * 100:.3f} % of the frame; at least "
            f"{LEAST_SHARE * 100:.1f} % is needed. {_AGAIN}"
        )
    if share > MOST_SHARE:
        raise InvalidInstruction(
            f"The {name} covers {share * 100:.0f} % of the frame; at most {MOST_SHARE * 100:.0f} % "
            "can be cut out and filled. Mark a smaller subject, or click on what is not part of it."
        )
    return SubjectMask(alpha)


def _check_places(mark: Mark) -> None:
    places = [("point", point) for point in mark.points]
    places += [("point away from it", point) for point in mark.away]
    if mark.box is not None:
        places += [("box", mark.box[:2]), ("box", mark.box[2:])]
    for name, place in places:
        if not all(math.isfinite(value) and 0.0 <= value <= 1.0 for value in place):
            raise InvalidInstruction(
                f"The subject's {name} lies at {place[0]:g}, {place[1]:g}; places are shares of "
                "the photo's width and height, 0 to 1. Mark it inside the photo."
            )
    if mark.box is not None and (mark.box[2] <= mark.box[0] or mark.box[3] <= mark.box[1]):
        raise InvalidInstruction(
            f"The box around the subject is {mark.box[2] - mark.box[0]:g} wide and "
            f"{mark.box[3] - mark.box[1]:g} high; both must be above 0. Draw it again."
        )
    for point in mark.points:
        near = min((math.dist(point, other) for other in mark.away), default=1.0)
        if near < 0.004:
            raise InvalidInstruction(
                f"The place {point[0]:g}, {point[1]:g} is marked both as the subject and as not "
                "the subject. Remove one of the two clicks."
            )
        if mark.box is not None and not (
            mark.box[0] <= point[0] <= mark.box[2] and mark.box[1] <= point[1] <= mark.box[3]
        ):
            raise InvalidInstruction(
                f"The click at {point[0]:g}, {point[1]:g} lies outside the box that was drawn. "
                "Draw the box round the whole subject, or remove the click."
            )


def _seeds(mark: Mark, size: tuple[int, int]) -> Seeds:
    """The marks in pixels of the working size."""
    width, height = size

    def pixel(place: tuple[float, float]) -> tuple[int, int]:
        return min(int(place[0] * width), width - 1), min(int(place[1] * height), height - 1)

    box = None
    if mark.box is not None:
        left, top = pixel(mark.box[:2])
        right, bottom = math.ceil(mark.box[2] * width), math.ceil(mark.box[3] * height)
        box = (left, top, max(right, left + 1), max(bottom, top + 1))
    return Seeds(box, tuple(map(pixel, mark.points)), tuple(map(pixel, mark.away)))
