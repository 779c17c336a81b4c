"""Before and after, next to each other and slowed down, for eyes rather than numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow.show_draw import LAMP, PANEL, UNITS, label, unit_of
from synth.flow.show_picture import Picture, rgb_of
from synth.media.planes import ColourTags

Layout: TypeAlias = Literal["beside", "split"]
"""beside: two whole pictures. split: one picture, its left half from before, its right after."""

BEFORE = "Before: repeated"
AFTER = "After: in between"
_HAIR = 1.5
"""Width of the dividing line in units of a 480th of the picture's width."""


def beside(
    before: Picture,
    after: Picture,
    *,
    labels: tuple[str, str] = (BEFORE, AFTER),
    caption: str = "",
    width: int = 960,
    tags: ColourTags | None = None,
) -> NDArray[np.uint8]:
    """Two pictures next to each other, ``width`` pixels wide together, uint8 RGB.

    The second is brought to the size of the first. Both sides of the result are even, so that it
    can be a frame of a video. ``caption`` stands in the middle below.
    """
    first = rgb_of(before, tags)
    gap = 2 * max(1, round(width / UNITS))
    half = (width - gap) // 2
    height = max(2, 2 * round(half * first.shape[0] / first.shape[1] / 2))
    stage = np.empty((height, 2 * half + gap, 3), np.uint8)
    stage[...] = PANEL
    sides = stage[:, :half], stage[:, half + gap :]
    for side, picture, text in zip(sides, (first, rgb_of(after, tags)), labels, strict=True):
        piece = _fitted(picture, half, height)
        label(piece, text, "top-left", unit=width / UNITS)
        side[...] = piece
    return _finish(stage, caption)


def split(
    before: Picture,
    after: Picture,
    *,
    labels: tuple[str, str] = (BEFORE, AFTER),
    caption: str = "",
    width: int = 960,
    tags: ColourTags | None = None,
) -> NDArray[np.uint8]:
    """One picture ``width`` pixels wide: left of the line from before, right of it from after.

    Otherwise as ``beside``.
    """
    first = rgb_of(before, tags)
    width -= width % 2
    height = max(2, 2 * round(width * first.shape[0] / first.shape[1] / 2))
    stage = _fitted(first, width, height)
    middle = width // 2
    right = _fitted(rgb_of(after, tags), width, height)
    stage[:, middle:] = right[:, middle:]
    unit = unit_of(stage)
    label(stage[:, :middle], labels[0], "top-left", unit=unit)
    label(stage[:, middle:], labels[1], "top-right", unit=unit)
    hair = max(1, round(_HAIR * width / UNITS / 2))
    shade = slice(max(middle - 2 * hair, 0), middle + 2 * hair)
    stage[:, shade] = stage[:, shade] // 2
    stage[:, middle - hair : middle + hair] = LAMP
    return _finish(stage, caption)


def compare_slowed(
    source: Iterable[tuple[Fraction, Picture]],
    ours: Iterable[tuple[Fraction, Picture]],
    *,
    slower: int = 4,
    layout: Layout = "beside",
    labels: tuple[str, str] = (BEFORE, AFTER),
    width: int = 960,
    tags: ColourTags | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """The frames of a comparison: each of ``ours`` against the source picture then on screen.

    Both streams give pictures with their times on the source's clock, in order, and are read once
    as they are needed. Every frame comes ``slower`` times (the same array): shown at the rate of
    ``ours`` the comparison is that much slower than life.
    """
    if slower < 1:
        raise ValueError("slower is 1 or more")
    draw = beside if layout == "beside" else split
    caption = f"{slower}x slower" if slower > 1 else ""
    coming = iter(source)
    shown = following = next(coming, None)
    if shown is None:
        return
    for time, picture in ours:
        while following is not None and following[0] <= time:
            shown, following = following, next(coming, None)
        frame = draw(shown[1], picture, labels=labels, caption=caption, width=width, tags=tags)
        for _ in range(slower):
            yield frame


def _fitted(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A copy brought to a size."""
    if rgb.shape[:2] == (height, width):
        return np.array(rgb, order="C")
    shrinks = width < rgb.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=way), np.uint8)


def _finish(stage: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    if caption:
        label(stage, caption, "bottom")
    return stage
