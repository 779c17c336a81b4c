"""A glance at a picture and at how it follows the one before: enough to tell what joins the two.

Pictures are looked at small, about 320 and 160 pixels across: what tells a cut from motion is
large, and grain and coding noise average out. Motion is taken out with dense inverse search
(Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016,
https://arxiv.org/abs/1603.03590)
before two pictures are compared, and gain and offset by comparing them block by block with the
normalised correlation, so that neither a fast camera nor flickering light makes two worlds of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.planes import Planes

Luma = NDArray[np.uint8]

FINE: Final = 320
"""About how many pixels the longer side of the finer view has."""

_COARSE: Final = 20
"""How many cells the coarsest view has along its longer side."""

_NOTHING: Final = 0.1
"""Contrast of a block that counts as none, codes squared; keeps flat pictures from dividing by
nothing."""

_SMALLEST: Final = 24
"""Below this many pixels on a side nothing moves that flow could find."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is kept of one picture."""

    fine: Luma
    """Brightness, about 320 pixels across."""
    small: Luma
    """Brightness, about 160 pixels across."""
    coarse: NDArray[np.float32]
    """Brightness in about 20 x 11 cells, codes."""
    colour: tuple[float, float]
    """Mean of the two colour planes, codes."""
    level: float
    """Mean brightness, codes."""
    contrast: float
    """Standard deviation of the brightness, codes."""


@dataclass(frozen=True, slots=True)
class Change:
    """How one picture differs from an earlier one."""

    likeness: float
    """How alike the two are once motion and light are taken out, see ``Looker.likeness``."""
    difference: float
    """Mean absolute difference as they stand, codes."""
    stir: float
    """Largest mean absolute difference of any block of 8 x 8 pixels of the finer view, codes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A glance in its place in the clip."""

    number: int
    """Which picture, from 0."""
    glance: Glance
    """What it looks like."""
    change: Change
    """From the picture before; for the first one, from itself."""


def glance(planes: Planes) -> Glance:
    """Look at a picture; about half a millisecond at 1280 x 720."""
    luma = planes.y
    height, width = luma.shape
    # A whole factor takes OpenCV's quick way; up to a factor less one pixels are left out.
    factor = max(1, round(max(height, width) / FINE))
    factor = min(factor, height, width)
    fine = _reduced(luma, factor)
    small = _reduced(fine, 2) if min(fine.shape) >= 2 * _SMALLEST else fine
    step = max(1, round(max(small.shape) / _COARSE))
    coarse = _reduced(small, min(step, *small.shape)).astype(np.float32)
    level, contrast = cv2.meanStdDev(small)
    thin = slice(None, None, max(1, factor // 2))
    colour = (float(planes.u[thin, thin].mean()), float(planes.v[thin, thin].mean()))
    return Glance(fine, small, coarse, colour, float(level[0, 0]), float(contrast[0, 0]))


def _reduced(picture: Luma, factor: int) -> Luma:
    if factor == 1:
        return picture
    height, width = (side // factor for side in picture.shape)
    whole = picture[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


class Looker:
    """Compares glances of one clip; keeps the work space of the flow, so one per thread."""

    def __init__(self) -> None:
        self._quick = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._careful = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._columns = self._rows = np.empty((0, 0), np.float32)

    def compare(self, before: Glance, after: Glance) -> Change:
        """How ``after`` follows ``before``; about half a millisecond.

        A picture of another size is another world.
        """
        if before.fine.shape != after.fine.shape:
            return Change(0.0, 255.0, 255.0)
        apart = np.asarray(cv2.absdiff(before.fine, after.fine), np.uint8)
        if not apart.any():
            return Change(1.0, 0.0, 0.0)
        stir = float(_reduced(apart, min(8, *apart.shape)).max())
        return Change(self.likeness(before, after, careful=False), float(apart.mean()), stir)

    def likeness(self, before: Glance, after: Glance, *, careful: bool = True) -> float:
        """How alike two pictures are once motion and light are taken out, about 0 to 1.

        The mean over blocks of 8 x 8 small pixels of the correlation of the later picture with the
        earlier one moved onto it, weighted by the contrast of the blocks. ``careful`` finds faster
        motion and takes two milliseconds instead of a quarter of one.
        """
        if before.small.shape != after.small.shape:
            return 0.0
        moved = self._moved(before.small, after.small, careful).astype(np.float32)
        target = after.small.astype(np.float32)
        mean, other = _blocks(moved), _blocks(target)
        spread = _blocks(moved * moved) - mean * mean
        spread_other = _blocks(target * target) - other * other
        shared = _blocks(moved * target) - mean * other
        weights = np.sqrt(spread.clip(0) * spread_other.clip(0))
        return float(shared.sum() / (weights.sum() + _NOTHING * weights.size))

    def moved(self, before: Glance, after: Glance) -> Luma:
        """The earlier picture moved onto the later one, small; a quarter of a millisecond."""
        return self._moved(before.small, after.small, careful=False)

    def _moved(self, source: Luma, target: Luma, careful: bool) -> Luma:
        height, width = target.shape
        if min(height, width) < _SMALLEST:
            return source
        flow = (self._careful if careful else self._quick).calc(
            # An empty field asks for a fresh start; one of the right size would be a first guess.
            target,
            source,
            np.empty((0, 0), np.float32),
        )
        if self._rows.shape != (height, width):
            columns, rows = np.meshgrid(np.arange(width), np.arange(height))
            self._columns, self._rows = columns.astype(np.float32), rows.astype(np.float32)
        moved = cv2.remap(
            source,
            self._columns + flow[..., 0],
            self._rows + flow[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(moved, np.uint8)


def _blocks(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (max(1, side // 8) for side in picture.shape)
    return np.asarray(
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.float32
    )
