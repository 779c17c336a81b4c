"""The two sides of a transition, and what every way of drawing one needs to know of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.camera.easing import ease
from synth.control import CancelToken
from synth.errors import InvalidMedia
from synth.media.planes import Planes
from synth.sequence.plan import Take
from synth.sequence.storyboard import Way


@dataclass(frozen=True)
class Side:
    """What goes, or what comes."""

    take: Take
    """Which frames of which shot."""
    planes: Callable[[], Iterator[Planes]]
    """Those frames as the film has them, graded; ``take.frames`` of them."""
    stage: Callable[[], Stage | None]
    """The shot as a photo set up for filming, at the film's size; None of a clip, a colour, and
    of what a model draws: frames drawn anew would look another way."""
    finish: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    """The shot's colour work, for frames that are drawn anew: sRGB uint8 (H, W, 3) to the same."""
    name: str
    """What people call it."""
    drawn: bool = False
    """Whether a model draws it, so that it has no stage though it is a photo."""


def times(frames: int) -> NDArray[np.float64]:
    """When the frames of a transition stand, as shares of it, shape (N,).

    Frame *k* of *n* stands at (k + 1) / (n + 1): the frame before the transition is at 0 and the
    one after it at 1, so that neither end repeats a frame or leaves out a step.
    """
    return np.arange(1, frames + 1) / (frames + 1.0)


def progress(way: Way) -> NDArray[np.float64]:
    """How far each frame of a transition has come, between 0 and 1, eased, shape (N,)."""
    return ease(way.easing, times(way.frames))


def frames_of(side: Side, cancel: CancelToken) -> Iterator[Planes]:
    """Exactly the take's frames, watched; raises ``InvalidMedia`` where there are fewer."""
    count = 0
    for count, frame in enumerate(side.planes(), start=1):
        cancel.check()
        yield frame
        if count == side.take.frames:
            return
    raise InvalidMedia(
        f"{side.name} has {count} of the {side.take.frames} frames that its transition needs. "
        "Render the film again; if that does not help, shorten the transition."
    )


def pairs(a: Side, b: Side, cancel: CancelToken) -> Iterator[tuple[Planes, Planes]]:
    """The frames of both sides, two and two."""
    return zip(frames_of(a, cancel), frames_of(b, cancel), strict=True)
