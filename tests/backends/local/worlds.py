"""What the tests of local models share: a photo, assignments, loaders and made-up styles."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file

from synth.backends.families import Family, family
from synth.backends.local import DiffusersBackend, LoadedPipeline
from synth.backends.local.loading import fitted
from synth.backends.protocol import Assignment, LoraUse
from synth.backends.settings import BackendSettings
from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken, ProgressCallback
from synth.motion import MotionControl
from synth.render.film import FilmSettings
from synth.scene.depth_map import DepthMap

PHOTO = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)


def no_depth() -> DepthMap:
    raise AssertionError("A model needs no depth.")


def assignment(frames: int = 6, *, seed: int = 0, loras: tuple[LoraUse, ...] = ()) -> Assignment:
    """A quarter of a second of 64x48 at 24 frames per second."""
    path = CameraPath(tuple(CameraPose() for _ in range(frames)), fps=Fraction(24))
    film = FilmSettings(64, 48, seed=seed)
    return Assignment(
        PHOTO, MotionControl(), path, film, no_depth, prompt="A quiet harbour.", loras=loras
    )


class Loads:
    """A loader that gives one pipeline and counts how often it is asked."""

    def __init__(self, pipe: Any, **changes: Any) -> None:
        self.pipe, self.changes, self.count = pipe, changes, 0

    def __call__(
        self, kind: Family, model: str, cancel: CancelToken, progress: ProgressCallback
    ) -> LoadedPipeline:
        self.count += 1
        return LoadedPipeline(self.pipe, fitted(kind, self.pipe), **self.changes)


def backend(name: str, load: Loads, *, steps: int = 2, guidance: float = 1.0) -> DiffusersBackend:
    settings = BackendSettings(name="diffusers", family=name, steps=steps, guidance=guidance)
    return DiffusersBackend(settings, load=load)


def write_lora(path: Path, name: str, pipe: Any, *, scale: float = 0.3, **changes: Any) -> Path:
    """A style of random weights for every attention of a pipeline's transformer.

    ``changes`` may hold ``metadata``, ``poison`` (a number put into the first tensor) and
    ``more`` (further tensors).
    """
    import torch

    torch.manual_seed(1)
    tensors: dict[str, Any] = {}
    for key, layer in pipe.transformer.named_modules():
        if key.endswith((".to_q", ".to_k", ".to_v")):
            width, depth = layer.weight.shape
            tensors[f"transformer.{key}.lora_A.weight"] = torch.randn(4, depth) * scale
            tensors[f"transformer.{key}.lora_B.weight"] = torch.randn(width, 4) * scale
    tensors |= changes.get("more", {})
    if "poison" in changes:
        next(iter(tensors.values()))[0, 0] = changes["poison"]
    save_file(tensors, path, changes.get("metadata", {"motion_synth.base": family_of(name).base}))
    return path


def family_of(name: str) -> Family:
    return family(name, guided="vace" in name)
