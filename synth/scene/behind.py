"""The first hidden sheet: the far side of every step goes on under its near side.

Its shape comes first and its colours later: they take longest and nothing but pictures needs them,
so that meshes and deeper sheets can be made meanwhile.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.scene.deeper import Making
from synth.scene.edges import Steps
from synth.scene.fill import Surface, continued, painted
from synth.scene.matte import Sides, local_sides
from synth.scene.spill import carried_share

MIXED_SHARE = 0.5
"""Foreground share from which a far-side edge pixel is repainted rather than kept."""

EDGE = 4.0
"""Background is prepared at least this far behind every edge, pixels."""

BLOCK_LEVEL = 2
"""The behind sheet is made of blocks of at least 2**2 = 4 pixels, and the front sheet leaves whole
blocks of far side at a tear to it: a tenth of the triangles, and the eye cannot tell."""


@dataclass(frozen=True)
class Behind:
    """The shape of the first hidden sheet; every array has shape (H, W)."""

    disparity: NDArray[np.float32]
    """Inverse depth with the far sides in place of what hides them."""
    region: NDArray[np.bool_]
    """Where the sheet is to be drawn."""
    contaminated: NDArray[np.bool_]
    """Far-side pixels whose colour is the near side's and has to be invented."""
    ring: NDArray[np.bool_]
    """Edge pixels that the rim shows."""
    kept: NDArray[np.bool_]
    """What is left of the near things."""
    sides: Sides
    """The edge pixels taken apart."""
    spill: NDArray[np.bool_]
    """Far-side pixels that go with the near thing."""
    mend: NDArray[np.bool_]
    """Pixels beside the filled ones, whose colour may be evened."""
    surface: Surface
    """What is to be painted."""


def shape_behind(
    colour: NDArray[np.uint8],
    depth: NDArray[np.float32],
    steps: Steps,
    bared: NDArray[np.bool_],
    spill: NDArray[np.bool_],
    making: Making,
    pool: Executor,
) -> Behind:
    """Continue the far side of every step under its near side, where it is bared.

    Args:
        colour: the picture, (H, W, 3).
        depth: its inverse depth, (H, W).
        steps: of that depth.
        bared: pixels of near sides behind which the camera can look, (H, W).
        spill: far-side pixels with the near side's colour, (H, W).
        making: settings.
        pool: takes over a part of the work.
    """
    # The rim carries the fringe along with the near thing.
    ring = _grown(steps.band, 3) | spill
    sides = local_sides(colour, depth, steps, ring, pool)
    hidden = steps.near & (_grown(bared, 5) | (steps.distance < EDGE))
    contaminated = spill | (ring & ~steps.near & (sides.alpha > MIXED_SHARE))
    hole = hidden | contaminated | (steps.band & steps.near)
    source = ~steps.near & ~hole
    surface = continued(depth, hole, source, tear=making.threshold)
    behind = surface.disparity
    if hole.any():
        # What is hidden must stay behind what hides it.
        limit = depth - 0.25 * (steps.near_disparity - steps.far_disparity)
        behind = np.where(hidden, np.minimum(behind, limit), behind).astype(np.float32)
        behind = np.maximum(behind, 0.0)
    # Wide enough to reach, in whole blocks, from under the near side into intact far side.
    region = _grown(hole, 4 * (1 << BLOCK_LEVEL) + 1) & (hole | ~steps.near)
    return Behind(
        disparity=behind,
        region=region,
        contaminated=contaminated,
        ring=ring,
        kept=steps.near & ~hole,
        sides=sides,
        spill=spill,
        mend=_grown(hole, 9) & source,
        surface=surface,
    )


def paint_behind(
    colour: NDArray[np.uint8], behind: Behind, making: Making, cancel: CancelToken
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Colours of the first hidden sheet in place of what hides it, and the rim's alpha.

    Args:
        colour: the photo, (H, W, 3).
        behind: from `shape_behind`.
        making: settings.
        cancel: looked at between the rounds.

    Returns:
        The picture, (H, W, 3), and the foreground share of each pixel, (H, W).
    """
    filled = painted(
        behind.sides.back_colour, behind.surface,
        seed=making.seed, quality=making.quality, mend=behind.mend, cancel=cancel,
    )  # fmt: skip
    return filled, carried_share(behind.sides.alpha, colour, filled, behind.spill)


def _grown(mask: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """The mask with (side - 1) / 2 pixels more all around."""
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)).view(np.bool_)
