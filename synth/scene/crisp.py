"""Short ramps of inverse depth become steps, so that a sheet can tear where two surfaces meet."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CRISP_WINDOW = 17
"""Ramps of inverse depth shorter than this many pixels are made steps."""

FAR_OFF = 1e6
"""Beyond all inverse depths, and finite: differences of it stay numbers."""

SEAM = 4
"""Pixels on each side of an invented step that may show the other side's colours."""


Places = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns of pixels."""


def crisp(
    disparity: NDArray[np.float32],
    where: NDArray[np.bool_],
    trusted: NDArray[np.bool_],
    threshold: float,
) -> NDArray[np.float32]:
    """Turn short ramps into steps: each pixel takes the nearer in value of the two ends.

    The toggle mapping of Kramer and Bruckner 1975 (https://doi.org/10.1016/0031-3203(75)90013-8).
    Even slopes, which go on beyond the window, are left alone.

    Args:
        disparity: (H, W).
        where: pixels that may change, (H, W).
        trusted: pixels that have a say, (H, W); the others stand before what is looked at.
        threshold: smallest jump that counts, in the unit of disparity.
    """
    window = np.ones((CRISP_WINDOW, CRISP_WINDOW), np.uint8)
    high = cv2.dilate(np.where(trusted, disparity, -FAR_OFF).astype(np.float32), window)
    low = cv2.erode(np.where(trusted, disparity, FAR_OFF).astype(np.float32), window)
    around = cv2.dilate(high, window) - cv2.erode(low, window)
    jump = high - low
    ramp = where & (jump > threshold) & (around < 1.6 * jump)
    # At the border nobody can tell whether a slope goes on.
    side = 3 * CRISP_WINDOW // 2
    ramp[:side] = ramp[-side:] = False
    ramp[:, :side] = ramp[:, -side:] = False
    result = np.array(disparity, np.float32)
    if not ramp.any():
        return result
    # Where two surfaces meet by guess alone, an even line looks better than a frayed one.
    part = _box(ramp, side)
    weight = trusted[part].astype(np.float32)
    spread = CRISP_WINDOW / 4.0
    even = cv2.GaussianBlur(disparity[part] * weight, (0, 0), spread)
    even /= np.maximum(cv2.GaussianBlur(weight, (0, 0), spread), 1e-6)
    top, bottom = high[ramp], low[ramp]
    result[ramp] = np.where(even[ramp[part]] > 0.5 * (top + bottom), top, bottom)
    return result


def _box(mask: NDArray[np.bool_], room: int) -> tuple[slice, slice]:
    """Rows and columns of what is marked, at least one pixel, and ``room`` pixels around it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - room, 0), int(rows[-1]) + room + 1),
        slice(max(int(columns[0]) - room, 0), int(columns[-1]) + room + 1),
    )


def own_colours(
    disparity: NDArray[np.float32],
    where: NDArray[np.bool_],
    trusted: NDArray[np.bool_],
    threshold: float,
) -> list[tuple[Places, Places]]:
    """Find which pixels must take whose colour to give each side of a step its own up to the step.

    Invented colours change within a few pixels of where invented depth does; a sheet that tears
    there would carry a strip of the other side along. Pixels beside the step take the colour of the
    nearest pixel farther off on their own side.

    Args:
        disparity: (H, W).
        where: pixels that may change, (H, W).
        trusted: pixels whose colour may be taken, (H, W).
        threshold: smallest jump that counts, in the unit of disparity.

    Returns:
        For each side the rows and columns of what changes and, as many, of what it becomes.
    """
    small = np.ones((3, 3), np.uint8)
    jump = cv2.dilate(disparity, small) - cv2.erode(disparity, small)
    crack = (jump > threshold) & where
    if not crack.any():
        return []
    wide = np.ones((2 * SEAM + 3, 2 * SEAM + 3), np.uint8)
    high, low = cv2.dilate(disparity, wide), cv2.erode(disparity, wide)
    beside = cv2.dilate(crack.astype(np.uint8), np.ones((2 * SEAM + 1,) * 2, np.uint8)) > 0
    beside &= where
    near = disparity > 0.5 * (high + low)
    # Only what lies around the step itself counts: far off, `near` means nothing.
    part = _box(beside, SEAM + 1)
    beside, near = beside[part], near[part]
    top, left = part[0].start, part[1].start
    around = cv2.dilate(beside.astype(np.uint8), wide) > 0
    fit = trusted[part] & around & ~beside
    sides: list[tuple[Places, Places]] = []
    for side in (near, ~near):
        wanted = beside & side
        known = fit & side
        if not wanted.any() or not known.any():
            continue
        _, labels = cv2.distanceTransformWithLabels(
            (~known).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
        )
        nearest = np.asarray(labels, np.int32)[wanted] - 1
        rows, columns = np.nonzero(known)
        taken = (rows[nearest] + top, columns[nearest] + left)
        rows, columns = np.nonzero(wanted)
        sides.append(((rows + top, columns + left), taken))
    return sides
