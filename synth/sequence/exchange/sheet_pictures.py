"""The two pictures of a storyboard's card, its first and last, and how the camera gets there.

Pictures of photos are not drawn by the renderer, which would take minutes for a sheet: the photo
is seen from the first and the last pose as if it were a print in the plane of its subject, which is
exact for turning and zooming, and for what lies at the subject's distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import frame_photo
from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.pose import CameraPose
from synth.errors import SynthError
from synth.media import Planes, load_image
from synth.media.planes import to_rgb
from synth.sequence.clips import read_clip
from synth.sequence.project import Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card

Picture = NDArray[np.uint8]
"""RGB, shape (H, W, 3)."""


@dataclass(frozen=True)
class CardPictures:
    """What a card shows."""

    first: Picture | None
    """Of its first frame; None where there is nothing to show."""
    last: Picture | None
    outline: NDArray[np.float64] | None = None
    """Corners of one view inside the other, (4, 2), as shares of its width and height, from top
    left clockwise; None where the camera stands still or strays too far."""
    inward: bool = True
    """Whether ``outline`` is the last view in the first picture, or the other way round."""


Pictures = Callable[[Card], CardPictures]
"""Finds the pictures of a card."""


def shelf_pictures(project: Project, shelf: Shelf, width: int, height: int) -> Pictures:
    """Pictures at this size, even numbers of pixels, straight from the media on the shelf."""

    def find(card: Card) -> CardPictures:
        if card.shot is None:
            colour = tuple(int(card.colour[i : i + 2], 16) for i in (1, 3, 5))
            plain = np.full((height, width, 3), colour, np.uint8)
            return CardPictures(plain, plain)
        shot = project.shot(card.shot)
        try:
            path = shelf.path(shot.media)
            if shot.is_photo:
                return _of_photo(project, shot, path, card, width, height)
            rate = project.output.output.rate
            first, last = (
                _frame(path, at, rate, width, height)
                for at in (card.start, card.start + card.frames - 1)
            )
        except SynthError:
            # A sheet with an empty frame says more than no sheet.
            return CardPictures(None, None)
        return CardPictures(first, last)

    return find


def _frame(path: Path, at: int, rate: Fraction, width: int, height: int) -> Picture:
    found: Planes = next(iter(read_clip(path, at, 1, rate=rate, size=(width, height))))
    return to_rgb(found)


def _of_photo(
    project: Project, shot: SequenceShot, path: Path, card: Card, width: int, height: int
) -> CardPictures:
    output = shot.shot.output.model_copy(update={"fps": project.output.fps})
    camera = shot.shot.model_copy(update={"output": output}).camera_path()
    framed, _ = frame_photo(load_image(path).pixels, width, height)
    numbers = (card.start, card.start + card.frames - 1)
    first, last = (camera.poses[min(max(n, 0), len(camera) - 1)] for n in numbers)
    # The first view is the photo's own as near as the edge allows; both are seen from there.
    to_first, to_last = (_seen_from(pose, shot.shot.focal_length, width, height)
                         for pose in (first, last))  # fmt: skip
    pictures = [
        np.asarray(
            cv2.warpPerspective(
                framed, view, (width, height), flags=cv2.INTER_AREA,
                borderMode=cv2.BORDER_REFLECT_101,
            ),
            np.uint8,
        )
        for view in (to_first, to_last)
    ]  # fmt: skip
    found = CardPictures(pictures[0], pictures[1])
    inner = _outline(to_first @ np.linalg.inv(to_last), width, height)
    if inner is None:
        return found
    if _area(inner) > 1.04:
        outer = _outline(to_last @ np.linalg.inv(to_first), width, height)
        return found if outer is None else replace(found, outline=outer, inward=False)
    return replace(found, outline=inner)


def _seen_from(pose: CameraPose, home_focal: float, width: int, height: int) -> NDArray[np.float64]:
    """Homography from the home camera's pixels to this camera's, by way of the plane z = 0."""
    home = _plane_to_pixels(
        CameraPose((0.0, 0.0, HOME_DISTANCE), (0.0, 0.0, 0.0), home_focal), width, height
    )
    return _plane_to_pixels(pose, width, height) @ np.linalg.inv(home)


def _plane_to_pixels(pose: CameraPose, width: int, height: int) -> NDArray[np.float64]:
    """Homography from (x, y, 1) on the plane z = 0 to pixels (pinhole camera, looking along -z)."""
    focal = focal_pixels(pose.focal_length, width, height)
    lens = np.array([[focal, 0, -width / 2], [0, -focal, -height / 2], [0, 0, -1.0]])
    camera_from_world = pose.world_from_camera.T
    shift = -camera_from_world @ np.asarray(pose.position)
    return lens @ np.column_stack((camera_from_world[:, 0], camera_from_world[:, 1], shift))


def _outline(view: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64] | None:
    """A frame's corners through a homography, as shares; None if nothing moves or all is lost."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    carried = np.column_stack((corners, np.ones(4))) @ view.T
    if (np.abs(carried[:, 2]) < 1e-9).any() or len(set(np.sign(carried[:, 2]))) > 1:
        return None
    found = carried[:, :2] / carried[:, 2:] / (width, height)
    moved = np.abs(found - corners / (width, height)).max()
    return found if 0.01 < moved < 1.5 else None


def _area(corners: NDArray[np.float64]) -> float:
    """Area of a quadrilateral by the shoelace formula; a whole frame has 1."""
    x, y = corners.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
