"""A guide as LTX-2 takes it in context: tokens of a reference video beside those that are drawn.

A model needs an adapter that was trained for it (an IC-LoRA); the base alone follows a reference
loosely. How strongly drawn and reference tokens look at each other is a number for every pixel of
the reference: there the holes are left out, so that their grey is never copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.backends.guided.holes import MID_GREY, check_alike
from synth.backends.protocol import Frame
from synth.errors import InvalidInstruction

SIDE_STEP: Final = 32
GROUP: Final = 8
"""Sides are multiples of the one, counts multiples of the other and one more."""


@dataclass(frozen=True)
class LtxInputs:
    """One call of LTX-2 in context."""

    reference: tuple[Frame, ...]
    """The guide with mid-grey holes, its first picture the one that the call begins on."""
    keep: NDArray[np.float32]
    """How far the reference counts, 0 in holes, (1, 1, T, H, W)."""
    painted: tuple[NDArray[np.bool_], ...]
    """What is the model's own in the finished frames, (H, W) each."""


def check_lawful(width: int, height: int, count: int) -> None:
    """Raise ``InvalidInstruction`` for a size or count that LTX-2 would refuse or round."""
    if width % SIDE_STEP or height % SIDE_STEP or min(width, height) < SIDE_STEP:
        raise InvalidInstruction(
            f"LTX-2 draws sides that are multiples of {SIDE_STEP} pixels; {width}x{height} is none."
        )
    if count < 1 or count % GROUP != 1:
        raise InvalidInstruction(
            f"LTX-2 draws {GROUP} k + 1 frames; {count} is none. Choose "
            f"{max(1, (count - 1) // GROUP * GROUP + 1)}."
        )


def ltx_inputs(shown: Sequence[Frame], holes: Sequence[NDArray[np.bool_]]) -> LtxInputs:
    """One call's reference video and how far it counts.

    Args:
        shown: the guide's frames as geometry draws them, (H, W, 3) each; the first one is kept
            whole, so it is the photo or the last picture of the call before.
        holes: what is to be painted in them, (H, W) each.

    Raises:
        InvalidInstruction: a size or count that LTX-2 does not draw, or arrays that do not belong
            together.
    """
    check_alike(shown, holes)
    height, width = holes[0].shape
    check_lawful(width, height, len(holes))
    painted = (np.zeros((height, width), np.bool_), *holes[1:])
    reference = tuple(
        np.where(hole[..., None], np.uint8(MID_GREY), picture)
        for picture, hole in zip(shown, painted, strict=True)
    )
    keep = np.stack([np.where(hole, np.float32(0), np.float32(1)) for hole in painted])
    return LtxInputs(reference, keep[None, None], painted)


def check_scale(scale: float) -> None:
    """Raise ``InvalidInstruction`` for a guide's scale beyond what LTX-2 takes, 0 to 1."""
    if not 0.0 <= scale <= 1.0:
        raise InvalidInstruction(
            f"The guide's scale is {scale:g}; LTX-2 takes 0 to 1. Choose 1 for all of it."
        )
