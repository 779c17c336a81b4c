"""The backdrop: a coarse, smooth sheet behind everything, so that no pixel is ever empty."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import HOME_DISTANCE
from synth.scene.fill import fill_smooth
from synth.scene.mesh import Mesh, build_mesh
from synth.scene.sheets import Sheet

BACKDROP_SCALE = 4
"""The backdrop has one texel for this many pixels."""

BACKDROP_WINDOW = 0.16
"""Window in which the backdrop keeps only the farthest part, share of the longer side."""

FAR_PART = 0.5
"""The farther part of that window, share of its range of inverse depth: less and a floor close to
the camera counts as near, more and a wall in front of the sky counts as far."""

SLIT_DEPTH = 0.3
"""How far behind its surroundings a gap must lie to be one, share of the same range."""

BACKDROP_SLIT = 5
"""Gaps narrower than this many cells of eight pixels do not shape the backdrop."""

BACKDROP_LEVEL = 2
"""Its largest blocks are 2**2 texels wide: most lie hidden, and small ones are soon passed over."""

BACKDROP_REACH = 2.0
"""How far the backdrop's border is drawn out sideways, focal lengths."""


_Row = tuple[NDArray[np.intp], NDArray[np.intp]]
_Item = TypeVar("_Item")


def make_backdrop(
    colour: NDArray[np.uint8],
    depth: NDArray[np.float32],
    near: NDArray[np.bool_],
    lowest: NDArray[np.float32],
) -> tuple[NDArray[np.uint8], Mesh]:
    """A coarse sheet just behind everything, with the near things smoothed away.

    Args:
        colour: the picture, (H, W, 3).
        depth: its inverse depth, (H, W).
        near: the near sides of its steps, which the backdrop does not show, (H, W).
        lowest: inverse depth that the backdrop must stay behind, (H, W).

    Returns:
        Its picture, a quarter of the size, and its mesh over that picture's pixels.
    """
    height, width = depth.shape
    size = (-(-width // BACKDROP_SCALE) + 1, -(-height // BACKDROP_SCALE) + 1)
    full = (size[0] * BACKDROP_SCALE, size[1] * BACKDROP_SCALE)
    border = (0, full[1] - height, 0, full[0] - width)
    known = ~near & _far_of_its_surroundings(depth)
    if not known.any():
        known = depth <= depth.min()
    weight = cv2.resize(
        cv2.copyMakeBorder(known.astype(np.float32), *border, cv2.BORDER_REPLICATE),
        size,
        interpolation=cv2.INTER_AREA,
    )
    shown = cv2.copyTo(colour, known.view(np.uint8)).astype(np.float32)
    coarse = np.empty((size[1], size[0], 4), np.float32)
    for part, source in ((coarse[..., :3], shown), (coarse[..., 3], depth * known)):
        whole = cv2.copyMakeBorder(source, *border, cv2.BORDER_REPLICATE)
        part[...] = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    coarse /= np.maximum(weight, 1e-6)[..., None]
    empty = weight < 0.5
    smooth = fill_smooth(coarse, empty, ~empty)
    floor = cv2.resize(
        cv2.copyMakeBorder(lowest, *border, cv2.BORDER_REPLICATE),
        size,
        interpolation=cv2.INTER_AREA,
    )
    floor = cv2.erode(np.minimum(smooth[..., 3], floor), np.ones((3, 3), np.uint8))
    disparity = np.maximum(floor * 0.97 - 0.02 / HOME_DISTANCE, 0.0).astype(np.float32)
    picture = np.clip(np.rint(smooth[..., :3]), 0, 255).astype(np.uint8)
    cells = np.ones((size[1] - 1, size[0] - 1), bool)
    return picture, build_mesh(disparity, cells, 0.02 / HOME_DISTANCE, largest_level=BACKDROP_LEVEL)


def drawn_out(sheet: Sheet) -> Sheet:
    """The sheet with a frame of quads around it that repeat its border.

    Whoever looks past the backdrop sees its rim drawn out, `BACKDROP_REACH` focal lengths far; the
    sheet itself stays where it is.
    """
    picked = [np.arange(len(sheet.x))]
    shifts = [np.zeros((len(sheet.x), 2), np.float32)]
    quads = [sheet.quads]

    def copies(numbers: NDArray[np.intp], across: float, down: float) -> NDArray[np.intp]:
        """Vertices once more, further out; returns their new numbers."""
        first = sum(len(part) for part in picked)
        picked.append(numbers)
        shifts.append(np.full((len(numbers), 2), (across, down), np.float32))
        return np.arange(first, first + len(numbers))

    def cover(inner: _Row, outer: _Row) -> None:
        """Quads between two rows of vertex pairs, the upper row first."""
        corners = (*inner, *outer[::-1])
        quads.append(np.column_stack(corners).astype(np.int32))

    ends_x, ends_y = (sheet.x.min(), sheet.x.max()), (sheet.y.min(), sheet.y.max())
    for end_x, across in zip(ends_x, (-BACKDROP_REACH, BACKDROP_REACH), strict=True):
        side = np.flatnonzero(sheet.x == end_x)
        side = side[np.argsort(sheet.y[side])]
        away = copies(side, across, 0.0)
        west, east = _by_sign(across, away, side)
        cover((west[:-1], east[:-1]), (west[1:], east[1:]))
        for end_y, down in zip(ends_y, (-BACKDROP_REACH, BACKDROP_REACH), strict=True):
            corner = side[sheet.y[side] == end_y]
            level = _by_sign(across, copies(corner, across, 0.0), corner)
            beyond = _by_sign(across, copies(corner, across, down), copies(corner, 0.0, down))
            cover(*_by_sign(down, beyond, level))
    for end_y, down in zip(ends_y, (-BACKDROP_REACH, BACKDROP_REACH), strict=True):
        side = np.flatnonzero(sheet.y == end_y)
        side = side[np.argsort(sheet.x[side])]
        away = copies(side, 0.0, down)
        upper, lower = _by_sign(down, away, side)
        cover((upper[:-1], upper[1:]), (lower[:-1], lower[1:]))
    source, shift = np.concatenate(picked), np.concatenate(shifts)
    return Sheet(
        x=sheet.x[source] + shift[:, 0],
        y=sheet.y[source] + shift[:, 1],
        disparity=sheet.disparity[source],
        u=sheet.u[source],
        v=sheet.v[source],
        quads=np.concatenate(quads),
    )


def _by_sign(sign: float, outer: _Item, inner: _Item) -> tuple[_Item, _Item]:
    """The two in the order in which they stand: what lies on the negative side first."""
    return (outer, inner) if sign < 0 else (inner, outer)


def _far_of_its_surroundings(depth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels that belong to the farthest part of a wide window around them.

    A slit that is farther still, sky between two columns, is no part to continue behind things.
    """
    height, width = depth.shape
    scale = 8
    size = (max(width // scale, 1), max(height // scale, 1))
    coarse = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST_EXACT)
    span = max(round(BACKDROP_WINDOW * max(size)), 1) | 1
    window = np.ones((span, span), np.uint8)
    slit = np.ones((BACKDROP_SLIT, BACKDROP_SLIT), np.uint8)
    closed = cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, slit)
    low, high = cv2.erode(closed, window), cv2.dilate(closed, window)
    span_of_depth = high - low
    full = (width, height)
    highest = cv2.resize(low + FAR_PART * span_of_depth, full, interpolation=cv2.INTER_LINEAR)
    lowest = cv2.resize(closed - SLIT_DEPTH * span_of_depth, full, interpolation=cv2.INTER_LINEAR)
    return (depth <= highest) & (depth >= lowest)
