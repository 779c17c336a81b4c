"""The models that styles are trained on, all spoken to in one way.

Latents are float32 tensors (batch, channels, frames, height, width), normalised as the model
wants them. A model is asked from words alone: where it also takes a picture, the picture is left
out (zeros, as its makers left it out in training), because a style that is learned with the
styled picture in view does not carry over to a neutral one.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.backends.families import Family
from synth.style.training.buckets import Reading
from synth.style.training.noise import Course, Range

if TYPE_CHECKING:
    import torch

Words = Mapping[str, "torch.Tensor"]
"""A caption as the model reads it: named tensors, the first dimension the batch."""

_PRINTS: Final = 64
"""Numbers of a weight that go into a fingerprint."""


@dataclass(frozen=True)
class Expert:
    """One transformer, and the noise that it is for."""

    name: str
    """As in the pipeline: "transformer" or "transformer_2"."""
    model: Any
    """The module."""
    noise: Range
    """Noise levels that it is asked for."""


class TrainingBase(ABC):
    """A pipeline of diffusers, seen as something to train on."""

    course: Course
    """How noise is laid over and what is to be found."""

    def __init__(self, pipe: Any, family: Family) -> None:
        """Take a loaded pipeline of a family, on the CPU."""
        self.pipe = pipe
        self.family = family

    @property
    @abstractmethod
    def reading(self) -> Reading:
        """Which frames it reads."""

    @property
    @abstractmethod
    def still_frames(self) -> int:
        """Frames of the shortest clip it can draw: 1 where it can draw a still picture."""

    @property
    def experts(self) -> tuple[Expert, ...]:
        """The transformers in the order in which noise goes down."""
        return (Expert("transformer", self.pipe.transformer, Range(0.0, 1.0)),)

    @abstractmethod
    def words(self, caption: str) -> dict[str, torch.Tensor]:
        """What the text encoder makes of a caption, batch 1, float32 on the CPU."""

    @abstractmethod
    def encoded(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised latents of (1, 3, F, H, W) in -1 to 1, by the VAE where it stands."""

    @abstractmethod
    def decoded(self, latents: torch.Tensor) -> torch.Tensor:
        """Pixels in about -1 to 1 of normalised latents, (1, 3, F, H, W)."""

    @abstractmethod
    def asked(
        self, model: Any, noisy: torch.Tensor, times: torch.Tensor, words: Words
    ) -> torch.Tensor:
        """What a transformer says to noisy latents at ``times`` (its own, one for each)."""

    def tokens(self, latents: tuple[int, ...]) -> int:
        """How many places its attention sees for latents of a shape (B, C, F, H, W)."""
        return latents[2] * (latents[3] // 2) * (latents[4] // 2)

    def latent_shape(self, frames: int, height: int, width: int) -> tuple[int, int, int]:
        """Frames, rows and columns of the latents of a piece."""
        time, space = self._ratios()
        return (frames - 1) // time + 1, height // space, width // space

    def fingerprint(self) -> str:
        """Tells one model from another: by its parts' settings and samples of their weights."""
        total = hashlib.sha256(self.family.base.encode())
        for name in ("vae", "text_encoder", "transformer", "transformer_2"):
            module = getattr(self.pipe, name, None)
            if module is not None:
                total.update(name.encode() + _print_of(module))
        return total.hexdigest()

    def _ratios(self) -> tuple[int, int]:
        raise NotImplementedError


def _print_of(module: Any) -> bytes:
    """Of a module's settings and some numbers of every weight, wherever they lie."""
    import torch

    config = getattr(module, "config", None)
    told = dict(config) if isinstance(config, Mapping) else {}
    told = {key: value for key, value in told.items() if not key.startswith("_")}
    total = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode())
    with torch.no_grad():
        # A model that carries an adapter is the same model.
        own = {
            key.replace(".base_layer.", "."): weight
            for key, weight in module.state_dict().items()
            if ".lora_" not in key
        }
        for key, weight in sorted(own.items()):
            flat = weight.detach().reshape(-1)
            some = flat[:: max(1, flat.numel() // _PRINTS)][:_PRINTS]
            total.update(key.encode() + some.to("cpu", torch.float64).numpy().tobytes())
    return total.digest()


@contextmanager
def placed(module: Any, device: Any) -> Iterator[Any]:
    """A module on a device for as long as it is needed there."""
    home = next(module.parameters()).device
    module.to(device)
    try:
        yield module
    finally:
        module.to(home)


def to_pixels(frames: NDArray[np.uint8]) -> torch.Tensor:
    """Frames uint8 (F, H, W, 3) as float32 (1, 3, F, H, W) in -1 to 1."""
    import torch

    values = torch.from_numpy(np.ascontiguousarray(frames)).permute(3, 0, 1, 2).unsqueeze(0)
    return values.to(torch.float32) / 127.5 - 1.0


def to_frames(pixels: torch.Tensor) -> NDArray[np.uint8]:
    """The inverse: uint8 (F, H, W, 3)."""
    values = ((pixels[0].detach().float().cpu().clamp(-1, 1) + 1.0) * 127.5).round()
    return np.ascontiguousarray(values.permute(1, 2, 3, 0).numpy().astype(np.uint8))
