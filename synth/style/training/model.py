"""What training tells while it runs and leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from synth.backends.protocol import Frame
from synth.errors import SynthError


class Diverged(SynthError):
    """Training met numbers that are none; the last good state is kept."""


@dataclass(frozen=True)
class Moment:
    """One report of a running training, for a live curve."""

    step: int
    """Steps done."""
    steps: int
    """Steps wanted."""
    loss: float | None = None
    """Of the last step: noisy, because every step looks at other noise; None before the first."""
    validation: float | None = None
    """On held-out clips and a fixed grid of noise, where it was just measured; lower is better."""
    seconds_left: float | None = None
    """Measured, from the third step on."""
    preview: Frame | None = None
    """A neutral picture redrawn in the style so far, where one was just made."""
    said: str = ""
    """Something to know, in a sentence."""


Watch = Callable[[Moment], None]


def ignore_moments(_: Moment) -> None:
    """For callers who do not watch."""


@dataclass(frozen=True)
class Effect:
    """What the style does to neutral pictures, at strength 0 and at strength 1."""

    moved: float
    """Share of the way from the base's own pictures to the references, in the mean and spread of
    each latent channel: 0 is no effect, 1 has arrived, below 0 has gone the other way."""
    difference: float
    """Mean change of the redrawn pictures, 8-bit codes."""
    took: bool
    """Whether the style took: ``moved`` is at least 0.1."""
    said: str
    """Both in a sentence, with the next step where it did not."""
    before: Frame
    """A neutral picture, redrawn by the base alone."""
    after: Frame
    """The same with the style at strength 1, from the same noise."""


@dataclass(frozen=True)
class Estimate:
    """What a training will take, before it starts. Rough: a factor of two either way is usual."""

    clips: int
    """Training samples: pieces of clips, all of lawful length."""
    held_out: int
    """Samples that are only validated on."""
    tokens: int
    """Of the longest sample: what a step's time and memory grow with."""
    gigabytes: float
    """Memory of the card that is needed, GB."""
    seconds: float | None
    """Whole time on the card that was named; None for one that is not known."""
    said: str
    """All of it in words."""
    notes: tuple[str, ...] = ()
    """What will be done with the clips, in sentences."""


@dataclass(frozen=True)
class TrainedLora:
    """A finished training."""

    path: Path
    """The style, in diffusers' layout."""
    comfyui: tuple[Path, ...]
    """The same for ComfyUI, one file for each expert; () where it reads the other one."""
    base: str
    """What it was made for, as in ``Family.base``."""
    rank: int
    """Of its matrices."""
    trigger: str
    """What calls it in a prompt."""
    steps: int
    """Steps done in all."""
    resumed_at: int
    """The step at which this run began; 0 is a fresh one."""
    losses: tuple[float, ...]
    """Of every step of this run."""
    validation: tuple[tuple[int, float], ...]
    """Step and loss on held-out clips and a fixed grid of noise, from before the first step on."""
    effect: Effect
    """Whether it took."""
    notes: tuple[str, ...]
    """What the user should know, in sentences."""
    seconds: float
    """How long this run took."""

    @property
    def fall(self) -> float:
        """By what share the validation loss fell from first to last; 0 where it did not."""
        if len(self.validation) < 2 or self.validation[0][1] <= 0.0:
            return 0.0
        return max(0.0, 1.0 - self.validation[-1][1] / self.validation[0][1])
