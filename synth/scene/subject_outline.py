"""Brings a small mask to the photo's size: soft where the photo is soft, exact where it is crisp.

A guided filter moves the outline onto the photo's edges (He et al. 2013,
https://doi.org/10.1109/TPAMI.2012.213); `matte` then explains each pixel along it as a mixture.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.scene.depth_grid import Array, Bytes, Mask, blurred, components, grown, scaled
from synth.scene.edges import Steps
from synth.scene.matte import local_sides
from synth.scene.subject_cut import Found

_SMOOTHNESS = 4e-4
"""Variance of colour (0 to 1) below which the guided filter sees no edge."""
_MATTE_BAND = 2
"""Pixels on each side of the outline whose colour may be mixed."""
_FAINT = 0.04
"""Foreground share that is as good as none, or, counted from the other end, all."""
_NEARER = 0.1
"""Relative step of disparity that decides a pixel's side."""


def outline(
    photo: Bytes, disparity: NDArray[np.float32], found: Found, cancel: CancelToken
) -> Array:
    """The soft mask of a subject found in a small picture, (H, W), 0 to 1."""
    height, width = disparity.shape
    scale = max(height / found.solid.shape[0], width / found.solid.shape[1])
    alpha = np.zeros((height, width), np.float32)
    rough = scaled(found.solid.astype(np.float32), (width, height))
    window = _around(rough > 0.0, round(6 * scale) + 12)
    colour, rough = np.ascontiguousarray(photo[window]), np.ascontiguousarray(rough[window])
    solid = _onto_edges(colour, rough, scale)
    cancel.check()
    if found.crisp:
        solid = _onto_steps(disparity[window], rough, solid, scale)
    alpha[window] = matted(colour, _without_chinks(_smooth(solid, scale)))
    return alpha


def softened(photo: Bytes, painted: NDArray[np.uint8]) -> Array:
    """A painted mask at the photo's size, (H, W); only its own pixels' width is made finer."""
    height, width = photo.shape[:2]
    scale = max(height / painted.shape[0], width / painted.shape[1])
    way = cv2.INTER_LINEAR if scale >= 1.0 else cv2.INTER_AREA
    rough = scaled(painted.astype(np.float32) / 255.0, (width, height), way)
    if scale <= 1.5 or not (rough > 0.0).any():
        return np.clip(blurred(rough, 0.6), 0.0, 1.0)
    window = _around(rough > 0.0, round(3 * scale) + 4)
    colour, part = np.ascontiguousarray(photo[window]), np.ascontiguousarray(rough[window])
    finer = _guided(colour, part, max(round(scale), 2))
    open_band = (part > 0.02) & (part < 0.98)
    rough[window] = np.where(open_band, np.clip(finer * 1.4 - 0.2, 0.0, 1.0), part)
    return np.clip(blurred(rough, 0.6), 0.0, 1.0)


def matted(colour: Bytes, solid: Mask) -> Array:
    """Soft foreground share along the outline of a mask at full size, both (H, W)."""
    band = grown(solid, _MATTE_BAND) & grown(~solid, _MATTE_BAND)
    ring = grown(band, 1)
    level = solid.astype(np.float32)
    one = np.ones(solid.shape, np.float32)
    steps = Steps(band, band, solid, 0.0 * one, one, one)
    alpha = local_sides(colour, level, steps, ring).alpha
    alpha = np.where(ring, blurred(alpha, 0.5), level)
    # A texture inside that happens to look like what is behind is no reason to see through it.
    alpha = np.where(grown(~solid, _MATTE_BAND), alpha, 1.0)
    alpha = np.clip((alpha - _FAINT) / (1.0 - 2.0 * _FAINT), 0.0, 1.0)
    return alpha.astype(np.float32)


def _around(mask: Mask, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + margin + 1),
    )


def _onto_edges(colour: Bytes, rough: Array, scale: float) -> Mask:
    """The mask whose outline lies on edges of the photo, where there are some close by."""
    if scale <= 1.0:
        return rough > 0.5
    finer = _guided(colour, rough, max(round(2.0 * scale), 2))
    settled = blurred(rough, 0.75 * scale)
    return np.where((settled > 0.08) & (settled < 0.92), finer > 0.5, rough > 0.5)


def _onto_steps(disparity: NDArray[np.float32], rough: Array, solid: Mask, scale: float) -> Mask:
    """Where depth steps close to the outline, the step is the outline."""
    depth = np.log(np.maximum(disparity, 1e-4)).astype(np.float32)
    inner, outer = (rough > 0.99).astype(np.float32), (rough < 0.01).astype(np.float32)
    result = solid
    # Thin things have nothing of themselves close by in the small mask: look farther, then close.
    for reach in (5.0 * scale, 1.5 * scale):
        shares = blurred(inner, reach), blurred(outer, reach)
        near = blurred(depth * inner, reach) / np.maximum(shares[0], 1e-4)
        far = blurred(depth * outer, reach) / np.maximum(shares[1], 1e-4)
        decided = (shares[0] > 0.02) & (shares[1] > 0.02) & (np.abs(near - far) > _NEARER)
        own = np.abs(depth - near) < np.abs(depth - far)
        result = np.where(decided, own, result)
    return result


def _smooth(solid: Mask, scale: float) -> Mask:
    """Without the staircase that the small mask leaves where no edge guides it."""
    return blurred(solid.astype(np.float32), 0.4 * max(scale, 1.0)) > 0.5


def _without_chinks(solid: Mask) -> Mask:
    """A mask without holes that are too small to show anything but mixed pixels."""
    count, parts = components(~solid)
    sizes = np.bincount(parts.ravel(), minlength=count)
    chink = sizes < max(1e-3 * solid.sum(), 4)
    return solid | (chink[parts] & ~solid)


def _guided(colour: Bytes, values: Array, radius: int) -> Array:
    """Guided filter of (H, W) values by a colour picture, window of 2 radius + 1 pixels."""
    side = (2 * radius + 1, 2 * radius + 1)
    guide = colour.astype(np.float32) / 255.0

    def mean(array: NDArray[Any]) -> Array:
        return np.asarray(cv2.boxFilter(array, -1, side, borderType=cv2.BORDER_REFLECT), np.float32)

    r, g, b = (np.ascontiguousarray(guide[..., index]) for index in range(3))
    mr, mg, mb, mv = mean(r), mean(g), mean(b), mean(values)
    rr = mean(r * r) - mr * mr + _SMOOTHNESS
    gg = mean(g * g) - mg * mg + _SMOOTHNESS
    bb = mean(b * b) - mb * mb + _SMOOTHNESS
    rg, rb, gb = mean(r * g) - mr * mg, mean(r * b) - mr * mb, mean(g * b) - mg * mb
    vr, vg, vb = mean(values * r) - mv * mr, mean(values * g) - mv * mg, mean(values * b) - mv * mb
    # The inverse of the symmetric 3x3 matrix, written out.
    i_rr, i_rg, i_rb = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    i_gg, i_gb, i_bb = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    det = np.maximum(rr * i_rr + rg * i_rg + rb * i_rb, 1e-12)
    ar = (i_rr * vr + i_rg * vg + i_rb * vb) / det
    ag = (i_rg * vr + i_gg * vg + i_gb * vb) / det
    ab = (i_rb * vr + i_gb * vg + i_bb * vb) / det
    rest = mv - ar * mr - ag * mg - ab * mb
    finer = mean(ar) * r + mean(ag) * g + mean(ab) * b + mean(rest)
    return np.asarray(np.clip(finer, 0.0, 1.0), np.float32)
