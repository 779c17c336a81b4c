"""What is looked at while a style is trained and when it is done: curve, previews, effect.

The loss of a step says little, because every step looks at other noise. The curve is measured on
held-out pieces with always the same noise at always the same levels, so that two of its points
differ by the weights alone. Previews and the last check redraw neutral pictures: noise is laid
over them and taken away again, with and without the style, from the same noise (Meng et al.,
"SDEdit", ICLR 2022, https://arxiv.org/abs/2108.01073).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.backends.protocol import Frame
from synth.control import CancelToken
from synth.media.image import load_image
from synth.style.training.bases import Expert, TrainingBase, Words, placed, to_frames, to_pixels
from synth.style.training.buckets import covered
from synth.style.training.model import Effect
from synth.style.training.noise import gauss, level_at, levels_down, seed_for

if TYPE_CHECKING:
    import torch

TOOK: Final = 0.1
"""Share of the way to the references at which a style counts as learned."""

_GRID: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Noise levels of the curve, as shares of all draws of an expert that lie below them."""
_MOST_HELD_OUT: Final = 4
_REDRAWN_FROM: Final = 0.85
"""Noise laid over a neutral picture before it is redrawn: its layout stays, its look does not."""
_NEUTRAL: Final = Path(__file__).resolve().parents[3] / "assets" / "examples"
_MOST_NEUTRAL: Final = 3


@dataclass(frozen=True)
class Sample:
    """A piece as it is trained on."""

    latents: torch.Tensor
    """(1, C, F, H, W), on the CPU."""
    caption: str
    """Its words."""


def batched(tensors: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Captions of a batch as one."""
    import torch

    return {key: torch.cat([one[key] for one in tensors]) for key in tensors[0]}


def error_of(
    base: TrainingBase,
    expert: Expert,
    clean: torch.Tensor,
    noise: torch.Tensor,
    levels: torch.Tensor,
    words: Words,
) -> torch.Tensor:
    """Mean squared error of what an expert says to a noisy batch, a scalar."""
    import torch

    course = base.course
    said = base.asked(expert.model, course.noisy(clean, noise, levels), course.times(levels), words)
    return torch.nn.functional.mse_loss(said, course.target(clean, noise, levels))


def validation_loss(
    base: TrainingBase,
    expert: Expert,
    samples: Sequence[Sample],
    words: Mapping[str, Words],
    *,
    shift: float,
    seed: int,
    device: Any,
    cancel: CancelToken,
) -> float:
    """Mean error of one expert over held-out samples and the grid; the noise never changes."""
    import torch

    total: list[float] = []
    with torch.no_grad():
        for number, sample in enumerate(samples[:_MOST_HELD_OUT]):
            clean = sample.latents.to(device)
            for k, share in enumerate(_GRID):
                cancel.check()
                noise = gauss(tuple(clean.shape), seed_for(seed, "grid", number, k)).to(device)
                level = torch.tensor([level_at(share, shift, expert.noise)], device=device)
                error = error_of(base, expert, clean, noise, level, words[sample.caption])
                total.append(float(error))
    return sum(total) / len(total)


def redrawn(
    base: TrainingBase,
    experts: Sequence[Expert],
    clean: torch.Tensor,
    words: Words,
    *,
    steps: int,
    shift: float,
    seed: int,
    device: Any,
    ready: Callable[[Expert], None],
    cancel: CancelToken,
) -> torch.Tensor:
    """Latents with noise laid over and taken away again, (1, C, F, H, W) on the CPU.

    ``ready`` is called before an expert is asked, so that it stands where it computes.
    """
    import torch

    levels = levels_down(_REDRAWN_FROM, steps, shift)
    noise = gauss(tuple(clean.shape), seed).to(device)
    with torch.no_grad():
        at = base.course.noisy(clean.to(device), noise, torch.tensor([levels[0]], device=device))
        for level, lower in pairwise(levels):
            cancel.check()
            now = torch.tensor([level], device=device)
            expert = next((one for one in experts if one.noise.holds(level)), experts[-1])
            ready(expert)
            said = base.asked(expert.model, at, base.course.times(now), words)
            picture, left = base.course.parts(at, said, now)
            if lower <= 0.0:
                at = picture
            else:
                at = base.course.noisy(picture, left, torch.tensor([lower], device=device))
    return at.cpu()


def neutral_pictures(base: TrainingBase, resolution: int) -> list[NDArray[np.uint8]]:
    """Our own example photos as still clips that the base reads, uint8 (F, H, W, 3)."""
    made: list[NDArray[np.uint8]] = []
    for path in sorted(_NEUTRAL.glob("*.jpg"))[:_MOST_NEUTRAL]:
        photo = load_image(path)
        width, height = base.reading.size(photo.width, photo.height, resolution)
        still = covered(photo.pixels, width, height)
        made.append(np.repeat(still[None], base.still_frames, axis=0))
    return made


def encoded_neutral(base: TrainingBase, resolution: int, device: Any) -> list[torch.Tensor]:
    """The same as latents, on the CPU."""
    import torch

    with placed(base.pipe.vae, device), torch.no_grad():
        return [
            base.encoded(to_pixels(one).to(device)).cpu()
            for one in neutral_pictures(base, resolution)
        ]


def shown(base: TrainingBase, latents: torch.Tensor, device: Any) -> Frame:
    """The first picture of latents."""
    import torch

    with placed(base.pipe.vae, device), torch.no_grad():
        return to_frames(base.decoded(latents.to(device)))[0]


def style_numbers(latents: Sequence[torch.Tensor]) -> NDArray[np.float64]:
    """Mean and spread of every latent channel, averaged over clips: (2 C,)."""
    import torch

    rows = [
        torch.cat([one[0].flatten(1).mean(1), one[0].flatten(1).std(1)]).double().numpy()
        for one in latents
    ]
    return np.mean(rows, axis=0)


def effect_of(
    without: Sequence[torch.Tensor],
    with_style: Sequence[torch.Tensor],
    references: Sequence[torch.Tensor],
    pictures: Sequence[tuple[Frame, Frame]],
) -> Effect:
    """How far a style moves pictures towards its references.

    Args:
        without: neutral pictures redrawn by the base alone, as latents.
        with_style: the same at strength 1.
        references: what was learned from, as latents.
        pictures: the same as the first two, decoded; at least one pair.
    """
    plain, styled, wanted = (style_numbers(one) for one in (without, with_style, references))
    way = wanted - plain
    moved = float((styled - plain) @ way / max(float(way @ way), 1e-12))
    apart = [np.mean(np.abs(a.astype(float) - b)) for a, b in pictures]
    difference = float(np.mean(apart))
    took = bool(np.isfinite(moved) and moved >= TOOK)
    said = (
        f"At strength 1, neutral pictures move {100 * moved:.0f} % of the way to the references "
        f"and change by {difference:.1f} codes on average."
    )
    if not took:
        said += (
            f" That is less than {100 * TOOK:.0f} %: the style has hardly taken. Train for more "
            "steps, at up to twice the learning rate, or with clips that have more in common."
        )
    return Effect(moved, difference, took, said, *pictures[0])
