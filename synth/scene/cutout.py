"""Cuts marked subjects out of a photo and fills the place behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import InvalidMedia
from synth.scene.depth_grid import Array, Bytes, Mask, blurred, grown
from synth.scene.disparity_fill import continue_disparity
from synth.scene.fill import Quality, fill
from synth.scene.matte import premultiplied_front
from synth.scene.subject import SubjectMask

__all__ = ["Cutout", "cut_out"]

_CLEAR = 2
"""Transparent pixels round a cut-out, so that its own edge is never the texture's."""
_DISTRUST = 3
"""Pixels round a subject that are no material for what is behind it."""
_INVENTED = 0.5
"""Share of a pixel from which on all that is behind a subject is invented."""
_SPILL = 0.006
"""How far a subject's depth may lie beside its outline, as a share of the longer side."""
_FOOT_ROWS = 0.04
"""The lowest part of a subject, which touches the ground, as a share of its rows."""
_STANDS_ON = 1.3
"""Ground much nearer than the subject hides its foot and does not carry it."""


@dataclass(frozen=True)
class Cutout:
    """One subject cut out of a photo: an upright plate that stands where it touches the ground.

    `texture` is (h, w, 4) uint8 sRGB with premultiplied alpha: the subject's box plus two
    transparent pixels on each side. `left` and `top` are the photo's pixel of texel (0, 0).
    `disparity` is the whole subject's inverse depth, in 1/scene units. `foot` is the photo's
    pixel (x, y) of the middle of its lowest part, where it touches the ground.
    """

    texture: NDArray[np.uint8]
    left: int
    top: int
    disparity: float
    foot: tuple[float, float]


def cut_out(
    photo: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    masks: Sequence[SubjectMask],
    *,
    quality: Quality = "quick",
    seed: int = 0,
    cancel: CancelToken | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], tuple[Cutout | None, ...]]:
    """Take subjects out of a photo; put back in their places they give the photo again.

    Args:
        photo: sRGB, (H, W, 3).
        disparity: inverse depth, 1 / scene units, (H, W).
        masks: of the subjects, each of the photo's size. Where two overlap the nearer one has it.
        quality: how hard the fill tries, "quick" or "best".
        seed: for the fill.
        cancel: looked at between the steps.

    Returns:
        The photo and the disparity without the subjects, filled where they stood, their shadows
        left alone; and the subjects in the order of their masks, None for one without a pixel of
        its own.

    Raises:
        InvalidMedia: for arrays that do not fit together.
    """
    token = cancel or CancelToken()
    for index, mask in enumerate(masks):
        if photo.shape[:2] != disparity.shape or mask.alpha.shape != disparity.shape:
            raise InvalidMedia(
                f"The photo is {photo.shape[:2]}, its depth {disparity.shape} and mask "
                f"{index + 1} {mask.alpha.shape}; give arrays of the same height and width."
            )
    alphas = [mask.alpha for mask in masks]
    seen = [index for index, alpha in enumerate(alphas) if (alpha > 0.5).any()]
    if not seen:
        return photo, disparity, (None,) * len(masks)
    placed = {index: _place(alphas[index], disparity) for index in seen}
    order = sorted(seen, key=lambda index: placed[index][0])
    gone = np.maximum.reduce([alphas[index] for index in seen])
    plate, behind = _without(photo, disparity, gone, quality, seed, token)
    below = plate
    shares: dict[int, Array] = {}
    covered = np.zeros(gone.shape, np.float32)
    for index in reversed(order):
        # Nearer ones first: what they cover is not the farther one's.
        shares[index] = np.clip(alphas[index] - covered, 0.0, 1.0).astype(np.float32)
        covered = np.maximum(covered, alphas[index])
    cutouts: list[Cutout | None] = [None] * len(masks)
    for index in order:
        if not (shares[index] > 0.5).any():
            continue
        texture, below, corner = _lifted(photo, plate, below, shares[index])
        level, foot = placed[index]
        cutouts[index] = Cutout(texture, corner[0], corner[1], level, foot)
    return plate, behind, tuple(cutouts)


def _lifted(
    photo: Bytes, plate: Bytes, below: Bytes, share: Array
) -> tuple[Bytes, Bytes, tuple[int, int]]:
    """A subject's texture, what is seen once it stands over `below`, and its left and top."""
    rows, columns = np.flatnonzero(share.any(axis=1)), np.flatnonzero(share.any(axis=0))
    top, bottom, left, right = (
        int(rows[0]),
        int(rows[-1]) + 1,
        int(columns[0]),
        int(columns[-1]) + 1,
    )
    part = (slice(top, bottom), slice(left, right))
    under = below[part].astype(np.float32)
    seen = photo[part].astype(np.float32)
    # No colour between 0 and 255 explains the photo with a smaller share than this.
    darker = 1.0 - seen / np.maximum(under, 1.0)
    lighter = (seen - under) / np.maximum(255.0 - under, 1.0)
    least = np.maximum(darker, lighter).max(axis=2)
    alpha = share[part]
    alpha = np.where(alpha > 0.0, np.clip(np.maximum(alpha, least), 0.0, 1.0), 0.0)
    texture = premultiplied_front(photo[part], below[part], alpha.astype(np.float32))
    seen_now = below.copy()
    rest = 1.0 - texture[..., 3:].astype(np.float32) / 255.0
    over = texture[..., :3] + rest * under
    seen_now[part] = np.rint(np.clip(over, 0.0, 255.0)).astype(np.uint8)
    framed = np.pad(texture, ((_CLEAR, _CLEAR), (_CLEAR, _CLEAR), (0, 0)))
    return framed, seen_now, (left - _CLEAR, top - _CLEAR)


def _without(
    photo: Bytes,
    disparity: Array,
    gone: Array,
    quality: Quality,
    seed: int,
    cancel: CancelToken,
) -> tuple[Bytes, Array]:
    """The photo and its disparity behind everything that was taken out."""
    hole = gone > 0.0
    side = max(disparity.shape)
    reach = max(round(_SPILL * side), 2)
    depth = _unspilled(disparity, hole, reach)
    cancel.check()
    # What adjoins the subject may be mixed with it: no material, but it stays as it is.
    wide = grown(hole, _DISTRUST)
    if wide.all():
        wide = hole
    # As for the hidden parts of a scene: two surfaces meet in a step there, not in a slope.
    tear = 15.0 / (50.0 / 36.0 * side)
    plate, behind = fill(photo, depth, wide, seed=seed, quality=quality, tear=tear, cancel=cancel)
    kept = wide & ~hole
    plate[kept], behind[kept] = photo[kept], depth[kept]
    _keep_seen(photo, gone, plate)
    return plate, np.maximum(behind, 0.0)


def _keep_seen(photo: Bytes, gone: Array, plate: Bytes) -> None:
    """Where a subject covers little of a pixel, take its share out rather than invent the rest.

    The fill takes over gradually as the subject's share grows, in place.
    """
    rows, columns = np.nonzero((gone > 0.0) & (gone < _INVENTED))
    solid = (gone > 0.95).astype(np.float32)
    reach = 4.0
    weight = blurred(solid, reach)
    own = blurred(photo * solid[..., None], reach)
    share, known = gone[rows, columns, None], weight[rows, columns, None]
    front = own[rows, columns] / np.maximum(known, 1e-4)
    seen = (photo[rows, columns] - share * front) / (1.0 - share)
    # What is seen beside the subject bounds what can be behind its edge.
    clear, window = (gone == 0.0)[..., None], np.ones((11, 11), np.uint8)
    high = np.asarray(cv2.dilate(np.where(clear, photo, np.uint8(0)), window))[rows, columns]
    low = np.asarray(cv2.erode(np.where(clear, photo, np.uint8(255)), window))[rows, columns]
    known = (known > 1e-3) & (high >= low)
    seen = np.where(known, np.minimum(np.maximum(seen, low), high), 0.0)
    invented = np.where(known, np.clip((share - 0.1) / (_INVENTED - 0.1), 0.0, 1.0), 1.0)
    mixed = (1.0 - invented) * seen + invented * plate[rows, columns]
    plate[rows, columns] = np.rint(mixed).astype(np.uint8)


def _unspilled(disparity: Array, hole: Mask, reach: int) -> Array:
    """Disparity without the subject's own that lies beside its outline."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    more = 8 * reach
    part = (
        slice(max(int(rows[0]) - more, 0), int(rows[-1]) + more + 1),
        slice(max(int(columns[0]) - more, 0), int(columns[-1]) + more + 1),
    )
    inside = grown(hole[part], reach)
    outside = ~inside
    if not outside.any():
        return disparity
    own = np.ascontiguousarray(disparity[part], np.float32)
    behind = continue_disparity(own, inside, outside)
    nearer = inside & ~hole[part] & (own > 1.04 * behind)
    depth = np.array(disparity, np.float32)
    depth[part][nearer] = behind[nearer]
    return depth


def _place(alpha: Array, disparity: Array) -> tuple[float, tuple[float, float]]:
    """Disparity of an upright subject, and the pixel (x, y) where it touches the ground."""
    solid = alpha > 0.5
    height = solid.shape[0]
    rows = np.flatnonzero(solid.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    tall = bottom - top
    low = max(bottom - max(round(_FOOT_ROWS * tall), 1), top)
    columns = np.flatnonzero(solid[low:bottom].any(axis=0))
    foot = (float(columns.mean()) + 0.5, float(bottom))
    eighth = np.zeros_like(solid)
    eighth[max(bottom - max(tall // 8, 1), top) : bottom] = True
    own = float(np.median(disparity[solid & eighth]))
    beneath = slice(bottom, min(bottom + max(round(0.02 * tall), 2) + _DISTRUST, height))
    across = slice(int(columns[0]), int(columns[-1]) + 1)
    ground = disparity[beneath, across][alpha[beneath, across] < 0.02]
    if ground.size:
        carries = float(np.median(ground))
        if carries <= _STANDS_ON * own:
            own = max(own, carries)
    return own, foot
