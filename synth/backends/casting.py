"""Subjects leave the photo: found where they are marked, cut out, and set to act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import focal_pixels
from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, SynthError
from synth.motion import SubjectAction, SubjectMark
from synth.render.actors import Actor
from synth.scene.cutout import Cutout, cut_out
from synth.scene.fill import Quality
from synth.scene.subject import Mark, SubjectMask, decode_mask, find_subject


@dataclass(frozen=True)
class Crop:
    """The part of a photo that a frame shows, photo pixels."""

    left: int
    top: int
    width: int
    height: int
    photo_width: int
    photo_height: int

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A place of the photo as shares of the crop; outside it below 0 or above 1."""
        return (
            (x * self.photo_width - self.left) / self.width,
            (y * self.photo_height - self.top) / self.height,
        )

    def inside(self, x: float, y: float) -> tuple[float, float] | None:
        """The same, or None outside the crop."""
        across, down = self.place(x, y)
        return (across, down) if 0.0 <= across <= 1.0 and 0.0 <= down <= 1.0 else None


def mark_in_frame(action: SubjectAction, crop: Crop) -> Mark | None:
    """A subject's mark on the photo as one on the frame; None for the likeliest subject.

    Raises ``InvalidInstruction`` where nothing of the mark lies in the frame, and what
    ``decode_mask`` raises.
    """
    mark = action.mark
    if mark is None or mark == SubjectMark():
        return None
    points = tuple(p for p in (crop.inside(*place) for place in mark.points) if p)
    away = tuple(p for p in (crop.inside(*place) for place in mark.away) if p)
    box: tuple[float, float, float, float] | None = None
    if mark.box is not None:
        (x0, y0), (x1, y1) = crop.place(*mark.box[:2]), crop.place(*mark.box[2:])
        x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, 1.0), min(y1, 1.0)
        box = (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
    painted: NDArray[np.uint8] | None = None
    if mark.mask is not None:
        whole = decode_mask(mark.mask)
        rows, columns = whole.shape
        left = round(crop.left / crop.photo_width * columns)
        top = round(crop.top / crop.photo_height * rows)
        right = max(round((crop.left + crop.width) / crop.photo_width * columns), left + 1)
        bottom = max(round((crop.top + crop.height) / crop.photo_height * rows), top + 1)
        painted = whole[top:bottom, left:right]
    if not points and box is None and painted is None:
        raise InvalidInstruction(
            f"The mark of {action.id!r} lies outside the frame. Mark it inside the picture, or "
            "choose a frame shape that shows it."
        )
    return Mark(box=box, points=points, away=away, painted=painted)


def cut_subjects(
    framed: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    actions: Sequence[SubjectAction],
    crop: Crop,
    *,
    quality: Quality = "quick",
    seed: int = 0,
    cancel: CancelToken | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], tuple[Cutout | None, ...]]:
    """Take the acting subjects out of a framed photo.

    Args:
        framed: sRGB, (H, W, 3).
        disparity: inverse depth, 1 / scene units, (H, W).
        actions: what the subjects do, with their marks.
        crop: where the frame lies in the photo.
        quality, seed, cancel: for the fill.

    Returns:
        The photo and its inverse depth without them, and one cut-out per action, in their order;
        None for one that is not marked where no subject stands out.

    Raises:
        InvalidInstruction: for marks that name the same subject twice or lie outside the frame.
        SynthError: what ``find_subject`` raises.
    """
    marks = [mark_in_frame(action, crop) for action in actions]
    unmarked = [action.id for action, mark in zip(actions, marks, strict=True) if mark is None]
    if len(unmarked) > 1:
        names = " and ".join(repr(name) for name in unmarked[:3])
        raise InvalidInstruction(
            f"{names} are not marked on the photo, so both would be its likeliest subject. "
            "Mark all but one of them."
        )
    masks: list[SubjectMask] = []
    found: list[int] = []
    for index, mark in enumerate(marks):
        try:
            masks.append(find_subject(framed, disparity, mark, cancel=cancel))
            found.append(index)
        except Cancelled:
            raise
        except SynthError:
            if mark is not None:
                raise
    if not masks:
        return framed, disparity, (None,) * len(actions)
    plate, behind, cut = cut_out(
        framed, disparity, masks, quality=quality, seed=seed, cancel=cancel
    )
    cutouts = dict(zip(found, cut, strict=True))
    return plate, behind, tuple(cutouts.get(index) for index in range(len(actions)))


def not_found(cutouts: Sequence[Cutout | None], actions: Sequence[SubjectAction]) -> list[str]:
    """What to say of subjects that nobody marked and that do not stand out."""
    return [
        f"No subject stands out in this photo, so {action.id!r} does nothing. Mark it on the photo."
        for cutout, action in zip(cutouts, actions, strict=True)
        if cutout is None
    ]


def make_cast(
    cutouts: Sequence[Cutout | None],
    actions: Sequence[SubjectAction],
    *,
    width: int,
    height: int,
    focal_length: float,
    seconds: float,
    seed: int,
) -> tuple[Actor, ...]:
    """Actors for the cut-outs that there are, in the order of their actions."""
    focal = focal_pixels(focal_length, width, height)
    return tuple(
        Actor(
            cutout, action, width=width, height=height, focal=focal, seconds=seconds,
            seed=seed + index,
        )
        for index, (cutout, action) in enumerate(zip(cutouts, actions, strict=True))
        if cutout is not None
    )  # fmt: skip


def mark_key(actions: Sequence[SubjectAction]) -> str:
    """What decides how subjects are cut out, whatever they then do; for cache keys."""
    return repr([action.mark for action in actions])
