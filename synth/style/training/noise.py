"""Noise levels: which are drawn, how they are laid over, and what a model is to find.

A level is the share of noise, 0 to 1. Levels are drawn logit-normally and shifted towards noise
(Esser et al., "Scaling Rectified Flow Transformers for High-Resolution Image Synthesis", ICML
2024, https://arxiv.org/abs/2403.03206, sections 3.1 and 5.3.2), within the range of one expert by
the inverse of the distribution. Two courses are known: the straight one of flow matching, where
the model finds noise minus picture, and the older one of CogVideoX, where it finds a velocity
(Salimans & Ho, "Progressive Distillation for Fast Sampling of Diffusion Models", ICLR 2022,
https://arxiv.org/abs/2202.00512, appendix D).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import torch

TIMES: Final = 1000
"""Steps of a model's own clock from picture to noise."""

_NORMAL: Final = NormalDist()
_EDGE: Final = 1e-4
"""Shares this near to 0 and 1 are never drawn."""


@dataclass(frozen=True)
class Range:
    """Noise levels from ``low`` to ``high``."""

    low: float
    """Least share of noise, 0 to 1."""
    high: float
    """Largest share of noise, 0 to 1."""

    def holds(self, level: float) -> bool:
        """Whether a level is in it; the upper one of two experts takes the border."""
        return self.low <= level < self.high or (level >= 1.0 <= self.high)


def level_at(share: float, shift: float, within: Range) -> float:
    """The noise level below which ``share`` (0 to 1) of all draws within a range lie."""
    low, high = (_share_below(edge, shift) for edge in (within.low, within.high))
    place = min(max(low + share * (high - low), _EDGE), 1.0 - _EDGE)
    plain = 1.0 / (1.0 + math.exp(-_NORMAL.inv_cdf(place)))
    level = shift * plain / (1.0 + (shift - 1.0) * plain)
    return min(max(level, within.low), within.high)


def _share_below(level: float, shift: float) -> float:
    if level <= 0.0:
        return 0.0
    if level >= 1.0:
        return 1.0
    plain = level / (shift - (shift - 1.0) * level)
    return _NORMAL.cdf(math.log(plain / (1.0 - plain)))


def levels_down(start: float, steps: int, shift: float) -> tuple[float, ...]:
    """``steps + 1`` levels from ``start`` to 0 for drawing, shifted as in training."""
    plain = start / (shift - (shift - 1.0) * start)
    marks = (plain * (1.0 - k / steps) for k in range(steps + 1))
    return tuple(shift * one / (1.0 + (shift - 1.0) * one) for one in marks)


def seed_for(seed: int, *what: object) -> int:
    """A seed of 63 bits for one purpose, the same on every machine.

    Everything random comes from the run's seed and the step's number alone, so there is no state
    of a generator that a resumed run could miss.
    """
    text = ":".join(str(part) for part in (seed, *what))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def gauss(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Standard normal noise, float32 on the CPU whatever the device."""
    import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class Course(Protocol):
    """How pictures become noise, for levels of shape (B,); all else as in ``TrainingBase``."""

    def times(self, levels: torch.Tensor) -> torch.Tensor:
        """The model's own clock."""
        ...

    def noisy(self, clean: torch.Tensor, noise: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
        """Noise laid over."""
        ...

    def target(
        self, clean: torch.Tensor, noise: torch.Tensor, levels: torch.Tensor
    ) -> torch.Tensor:
        """What the model is to say."""
        ...

    def parts(
        self, noisy: torch.Tensor, said: torch.Tensor, levels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The clean picture and the noise that follow from what it said."""
        ...


def _wide(values: torch.Tensor) -> torch.Tensor:
    return values.reshape(-1, 1, 1, 1, 1)


class Straight:
    """Flow matching: from picture to noise in a straight line."""

    def times(self, levels: torch.Tensor) -> torch.Tensor:
        """A thousandth for each."""
        return levels * TIMES

    def noisy(self, clean: torch.Tensor, noise: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
        """Mixed by the level."""
        return (1.0 - _wide(levels)) * clean + _wide(levels) * noise

    def target(
        self, clean: torch.Tensor, noise: torch.Tensor, levels: torch.Tensor
    ) -> torch.Tensor:
        """Noise minus picture."""
        return noise - clean

    def parts(
        self, noisy: torch.Tensor, said: torch.Tensor, levels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Along the line to both its ends."""
        return noisy - _wide(levels) * said, noisy + (1.0 - _wide(levels)) * said


class Curved:
    """Diffusion with a velocity: CogVideoX."""

    def __init__(self, scheduler: Any) -> None:
        """Take the noise of a scheduler's thousand steps."""
        self._kept = scheduler.alphas_cumprod

    def times(self, levels: torch.Tensor) -> torch.Tensor:
        """Whole steps."""
        return (levels * TIMES).long().clamp(0, TIMES - 1)

    def _weights(self, levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        kept = self._kept.to(levels.device, levels.dtype)[self.times(levels)]
        # The last of a zeroed schedule is noise alone; the first is nearly the picture alone.
        return _wide(kept.sqrt()), _wide((1.0 - kept).clamp(min=0.0).sqrt())

    def noisy(self, clean: torch.Tensor, noise: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
        """Mixed so that the spread stays."""
        kept, over = self._weights(levels)
        return kept * clean + over * noise

    def target(
        self, clean: torch.Tensor, noise: torch.Tensor, levels: torch.Tensor
    ) -> torch.Tensor:
        """The velocity."""
        kept, over = self._weights(levels)
        return kept * noise - over * clean

    def parts(
        self, noisy: torch.Tensor, said: torch.Tensor, levels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """By turning back."""
        kept, over = self._weights(levels)
        return kept * noisy - over * said, over * noisy + kept * said
