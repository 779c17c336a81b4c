"""What is kept of a picture for the measurements that follow it through time: a small view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow.glance import Glance, glance
from synth.media.planes import ColourTags, Planes

Bytes = NDArray[np.uint8]

LINES: Final = 720.0
"""Motion is given in pixels of a picture whose shorter side has so many."""


@dataclass(frozen=True, slots=True)
class View:
    """A picture, small; luma about 320 pixels across."""

    glance: Glance
    """Brightness in three sizes."""
    u: Bytes
    """Blue difference, about 160 pixels across, (h, w)."""
    v: Bytes
    """Red difference, likewise."""
    scale: float
    """Pixels at ``LINES`` lines that make one of the fine luma."""

    @property
    def luma(self) -> Bytes:
        """The fine brightness, (H, W)."""
        return self.glance.fine


@dataclass(frozen=True)
class Levels:
    """How codes stand for brightness."""

    black: float
    """Code of black."""
    span: float
    """Codes from black to white."""

    @classmethod
    def of(cls, tags: ColourTags) -> Levels:
        """The levels of a file."""
        return cls(0.0, 255.0) if tags.full_range else cls(16.0, 219.0)


def view(planes: Planes) -> View:
    """Look at a 4:2:0 picture; about a millisecond at 1280 x 720."""
    seen = glance(planes)
    height, width = seen.fine.shape
    size = max(width // 2, 1), max(height // 2, 1)
    # The fine luma may leave out a few pixels at the right and at the bottom; so does the colour.
    factor = max(planes.y.shape[1] // width, 1)
    rows, columns = max(height * factor // 2, 1), max(width * factor // 2, 1)
    u, v = (
        np.asarray(cv2.resize(plane[:rows, :columns], size, interpolation=cv2.INTER_AREA), np.uint8)
        for plane in (planes.u, planes.v)
    )
    return View(seen, u, v, LINES / min(height, width))
