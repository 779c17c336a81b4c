"""A guide as Wan VACE takes it: every rule of its masks kept by construction.

VACE (https://arxiv.org/abs/2503.07598) splits a video by its mask into what it keeps (black, 0) and
what it paints (white, 1; the opposite of Wan's own inpainting), encodes both, and is shown the mask
once for each latent frame. As diffusers runs it:

- holes are mid-grey in the video, since that is what the model was trained on;
- a latent frame holds one picture (the first) or four, but is shown the mask of a single one,
  picked by ``nearest-exact``: early in a clip that is a picture of the *next* four. So the masks of
  each four are joined, and with those of the four before where that is what is picked;
- the latent frame of the first picture is shown the mask of picture 1. The first picture is the one
  to begin on, not a reference picture, which VACE redraws; so masks 0 and 1 are black;
- sides are multiples of 16 and counts 4 k + 1. Others are rounded there with no more than a line in
  a log; here they are errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from synth.backends.guided.holes import MID_GREY, check_alike
from synth.backends.protocol import Frame
from synth.errors import InvalidInstruction

SIDE_STEP: Final = 16
"""Sides are multiples of this: eight pixels a latent, two latents a patch."""

GROUP: Final = 4
"""Pictures in a latent frame after the first."""

_Bits = TypeVar("_Bits", bound=np.generic)

BLACK, WHITE = np.uint8(0), np.uint8(255)
"""Keep and paint."""


@dataclass(frozen=True)
class VaceInputs:
    """One call of VACE."""

    video: tuple[Frame, ...]
    """The guide with mid-grey holes, (H, W, 3) each."""
    masks: tuple[NDArray[np.uint8], ...]
    """White to paint, black to keep, (H, W) each, nothing between."""
    painted: tuple[NDArray[np.bool_], ...]
    """What is the model's own in the finished frames: the joined holes, (H, W) each."""


def check_lawful(width: int, height: int, count: int) -> None:
    """Raise ``InvalidInstruction`` for a size or count that VACE would round by itself."""
    if width % SIDE_STEP or height % SIDE_STEP or min(width, height) < SIDE_STEP:
        raise InvalidInstruction(
            f"VACE draws sides that are multiples of {SIDE_STEP} pixels; {width}x{height} is none. "
            f"Choose {_nearest(width)}x{_nearest(height)}."
        )
    if count < 1 or count % GROUP != 1:
        down = max(1, (count - 1) // GROUP * GROUP + 1)
        raise InvalidInstruction(
            f"VACE draws {GROUP} k + 1 frames; {count} is none. Choose {down} or {down + GROUP}."
        )


def _nearest(side: int) -> int:
    return max(SIDE_STEP, round(side / SIDE_STEP) * SIDE_STEP)


def latent_frames(count: int) -> int:
    """Latent frames of a clip of ``count`` pictures."""
    return -(-count // GROUP)


def group_of(index: int) -> int:
    """The latent frame that picture ``index`` is part of: 0 | 1 to 4 | 5 to 8 and so on."""
    return -(-index // GROUP)


def picked(count: int) -> tuple[int, ...]:
    """Whose mask each latent frame of ``count`` pictures is shown, as ``nearest-exact`` picks it.

    Torch takes the picture at ``(i + 0.5) * count / latents``, rounded down, for latent frame i
    (https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html).
    """
    latents = latent_frames(count)
    return tuple((2 * i + 1) * count // (2 * latents) for i in range(latents))


def joined(holes: Sequence[NDArray[_Bits]]) -> tuple[NDArray[_Bits], ...]:
    """Holes joined so that each latent frame is shown all of the holes of its own pictures.

    Args:
        holes: what to paint in each picture, (H, W) each: True, or set bits of packed ones.

    Returns:
        As many, the same within a latent frame; the first picture has none.
    """
    count = len(holes)
    union: dict[int, NDArray[_Bits]] = {}
    for index, hole in enumerate(holes):
        group = group_of(index)
        union[group] = np.bitwise_or(union[group], hole) if group in union else hole.copy()
    union[0] = np.zeros_like(union[0])
    whole = dict(union)
    for group, index in enumerate(picked(count)):
        if group and group_of(index) != group:
            whole[group_of(index)] = np.bitwise_or(whole[group_of(index)], union[group])
    return tuple(whole[group_of(index)] for index in range(count))


def as_told(painted: Sequence[NDArray[_Bits]]) -> tuple[NDArray[_Bits], ...]:
    """The masks that VACE is given for joined holes: picture 1's is that of the still picture."""
    return tuple(np.zeros_like(hole) if index == 1 else hole for index, hole in enumerate(painted))


def vace_inputs(shown: Sequence[Frame], holes: Sequence[NDArray[np.bool_]]) -> VaceInputs:
    """One call's video and masks.

    Args:
        shown: the guide's frames as geometry draws them, (H, W, 3) each; the first one is kept
            whole, so it is the photo or the last picture of the call before.
        holes: what is to be painted in them, (H, W) each.

    Raises:
        InvalidInstruction: a size or count that VACE does not draw, or arrays that do not belong
            together.
    """
    check_alike(shown, holes)
    height, width = holes[0].shape
    check_lawful(width, height, len(holes))
    painted = joined(holes)
    masks = tuple(np.where(hole, WHITE, BLACK) for hole in as_told(painted))
    video = tuple(
        np.where(mask[..., None] > 0, np.uint8(MID_GREY), picture)
        for picture, mask in zip(shown, masks, strict=True)
    )
    return VaceInputs(video, masks, painted)


def layer_scales(scale: float, layers: int) -> list[float]:
    """How hard each VACE layer follows the guide: one number for every layer that there is.

    Raises ``InvalidInstruction`` for a scale outside 0 to 2 or a model without such layers.
    """
    if not 0.0 <= scale <= 2.0:
        raise InvalidInstruction(f"The guide's scale is {scale:g}; it must be from 0 to 2.")
    if layers < 1:
        raise InvalidInstruction("This model has no VACE layers. Choose a guided model.")
    return [float(scale)] * layers
