"""Which pixels of a frame a model is to paint, because the photo never showed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.backends.guided.warp import pixel_places, reprojected
from synth.backends.protocol import Frame
from synth.camera.pose import CameraPose
from synth.errors import InvalidInstruction
from synth.render.renderer import Renderer
from synth.render.unseen import Unseen

MID_GREY = 128
"""What stands in a hole, all three channels: the models were trained on it."""

LEAST_EROSION, MOST_EROSION = 4, 8
"""Pixels by which the kept area withdraws from holes and moved depth edges."""

_PIXELS_PER_EROSION = 104.0
"""Longer side per pixel of it: 8 pixels on 832."""
_UNSEEN = 64
"""Share of a pixel, of 255, that may be invented before it is a hole."""
_TORN = 2.0
"""Difference of motion between neighbours, pixels, from which a depth edge has moved."""
_COVERS = 1.0001
"""How much nearer an actor is than what it hides."""


@dataclass(frozen=True)
class Bare:
    """One camera's picture without colours."""

    hole: NDArray[np.bool_]
    """What the model is to paint, (H, W)."""
    nearness: NDArray[np.float32]
    """Inverse depth, actors included, 1 / scene units, 0 where endless, (H, W)."""
    still: NDArray[np.bool_]
    """Pixels of the scene itself, where no actor stands, (H, W)."""


class HoleFinder:
    """Finds the holes of a stage's frames, one camera after the other. Not for several threads."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        size = stage.film.width, stage.film.height
        self._unseen = Unseen(stage.scene, size, size)
        self._own = pixel_places(*size)
        self._gone = _taken_out(stage)
        self._renderer = Renderer(stage.scene, *size) if stage.film.cast else None
        reach = erosion(*size)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        self._disc = np.asarray(disc, np.uint8)

    def find(self, pose: CameraPose, time: float) -> Bare:
        """The holes that a camera sees ``time`` seconds after the clip began.

        The kept area withdraws by `erosion` pixels from what the photo never showed and from depth
        edges that have moved: what is kept there would keep the faults of the warp.
        """
        shown = self._unseen.shown(pose)
        nearness = np.maximum(self._unseen.nearness, 0.0)
        home = CameraPose(focal_length=self._stage.scene.focal_length)
        places, _ = reprojected(nearness, pose, home)
        raw = cv2.add(shown[..., 0], shown[..., 1]) > _UNSEEN
        raw |= _torn(places - self._own)
        if self._gone is not None:
            taken = cv2.remap(
                self._gone, places[..., 0] - 0.5, places[..., 1] - 0.5, cv2.INTER_NEAREST
            )
            raw |= taken > 0
        hole = cv2.dilate(raw.view(np.uint8), self._disc) > 0
        still = np.ones(hole.shape, np.bool_)
        if self._renderer is not None:
            self._renderer.frame(pose, self._stage.film.cast, time)
            with_cast = self._renderer.last_nearness
            still = with_cast <= nearness * _COVERS
            covered = cv2.erode((~still).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
            hole &= ~covered
            nearness = np.maximum(with_cast, nearness)
        return Bare(hole, nearness, still)


def erosion(width: int, height: int) -> int:
    """Pixels by which the kept area of a frame of this size withdraws, 4 to 8."""
    wanted = round(max(width, height) / _PIXELS_PER_EROSION)
    return min(max(wanted, LEAST_EROSION), MOST_EROSION)


def check_alike(shown: Sequence[Frame], holes: Sequence[NDArray[np.bool_]]) -> None:
    """Raise ``InvalidInstruction`` for frames and holes of other numbers or sizes, or none."""
    sizes = {one.shape[:2] for one in (*shown, *holes)}
    if len(shown) != len(holes) or len(sizes) != 1:
        told = ", ".join(sorted(f"{width}x{height}" for height, width in sizes)) or "no size"
        raise InvalidInstruction(
            f"A guide of {len(shown)} frames with {len(holes)} masks, of {told}, cannot be handed "
            "to a model; there must be as many of one size."
        )


def _torn(motion: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels whose neighbours moved elsewhere since the photo: depth edges that came apart."""
    window = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(motion, window) - cv2.erode(motion, window)
    # What lies behind the camera is NaN, and as torn as can be.
    # Channel by channel: numpy takes several times as long to fold an axis of two.
    return ~((spread[..., 0] <= _TORN) & (spread[..., 1] <= _TORN))


def _taken_out(stage: Stage) -> NDArray[np.uint8] | None:
    """Photo pixels behind subjects that were cut out, 255; None where there are none."""
    found = [one for one in stage.scene.cutouts if one is not None]
    if not found:
        return None
    height, width = stage.scene.height, stage.scene.width
    gone = np.zeros((height, width), np.uint8)
    for cutout in found:
        rows, columns = np.nonzero(cutout.texture[..., 3] > _UNSEEN)
        y, x = rows + cutout.top, columns + cutout.left
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        gone[y[inside], x[inside]] = 255
    return gone
