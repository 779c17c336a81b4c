"""The nouns of frame interpolation: pictures in time, what joins two of them, what lies between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from synth.media.planes import Planes

Join: TypeAlias = Literal["motion", "still", "cut", "fade", "flash"]
"""How one picture leads to the next. motion: one world, moving. still: the same picture again.
cut: another world. fade: brightening, darkening or dissolving. flash: a burst of light, or its
end. Only motion is interpolated; across the others every new frame is the nearer source frame."""


@dataclass(frozen=True)
class Anchor:
    """A source picture that new frames are hung between."""

    number: int
    """Its number among the pictures of the source, from 0."""
    time: Fraction
    """When it is shown, seconds after the first picture."""
    planes: Planes
    """The picture."""
    join: Join
    """How the anchor before it leads here; "cut" for the first one."""


@dataclass(frozen=True)
class Window:
    """Two neighbouring anchors joined by motion, and as much of their surroundings as belongs.

    ``before`` and ``after`` lead to the neighbours that lie beyond, nearest first, as long as
    every join on the way is motion; they may be empty.
    """

    before: tuple[Anchor, ...]
    """Up to two anchors before ``first``, the nearest one first."""
    first: Anchor
    """The anchor at 0."""
    second: Anchor
    """The anchor at 1."""
    after: tuple[Anchor, ...]
    """Up to two anchors after ``second``, the nearest one first."""


@dataclass(frozen=True)
class Between:
    """A new picture between two anchors."""

    planes: Planes
    """The picture."""
    doubt: float
    """Share of the picture where the motion could not be trusted and the two sides were mixed or
    one of them taken, 0 to 1."""


@dataclass(frozen=True)
class Motion:
    """What is known about the motion between two pictures, for looking at it."""

    forward: NDArray[np.float32]
    """Where each pixel of the first goes, (H, W, 2) in pixels: x to the right, y down."""
    backward: NDArray[np.float32]
    """Where each pixel of the second came from, as ``forward``."""
    hidden: NDArray[np.bool_]
    """Pixels of the first that the second does not show, (H, W)."""


class Interpolator(Protocol):
    """Makes the pictures between two others. One per clip; windows come in the order of time."""

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        """The pictures at ``times``, each strictly between 0 (first) and 1 (second).

        Two threads may run inside; the call itself comes from one thread at a time.
        """
        ...

    def close(self) -> None:
        """Let go of threads and memory; safe to call more than once."""
        ...
