"""Shots for the guided backend: a box before a wall, and a pipeline that does as it is told."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from synth.backends.families import Family, family
from synth.backends.local.loading import LoadedPipeline, Loader
from synth.backends.protocol import Assignment, FrameRule
from synth.camera.pose import CameraPath, CameraPose
from synth.motion import MotionControl
from synth.render.film import FilmSettings
from synth.render.settings import LensSettings
from synth.scene.depth_map import DepthMap

if TYPE_CHECKING:
    from tests.conftest import Layered

SHARP = LensSettings(shutter_angle=0.0)


def depth_of(layered: Layered) -> DepthMap:
    """The true depth of a layered picture."""
    share = (layered.disparity - layered.far) / (layered.near - layered.far)
    return DepthMap(share.astype(np.float32), "true", 1 / layered.near, 1 / layered.far)


def truck(reach: float, frames: int, fps: int = 16) -> CameraPath:
    """A camera that moves to the right from home, scene units."""
    steps = max(frames - 1, 1)
    poses = tuple(CameraPose((reach * i / steps, 0.0, 10.0)) for i in range(frames))
    return CameraPath(poses, Fraction(fps))


def shot(layered: Layered, path: CameraPath, **more: Any) -> Assignment:
    """The picture filmed along a path at its own size, or at ``film``."""
    height, width = layered.photo.shape[:2]
    depth = depth_of(layered)
    values: dict[str, Any] = {
        "photo": layered.photo, "motion": MotionControl(), "path": path,
        "film": FilmSettings(width, height, SHARP), "depth": lambda: depth, "prompt": "a red box",
        "sentence": "a red box",
    }  # fmt: skip
    return Assignment(**{**values, **more})


class Painter:
    """Stands in for a WanVACEPipeline: keeps what it is told to keep, paints the rest magenta.

    ``calls`` are the arguments of all its calls.
    """

    COLOUR = (255, 0, 255)

    def __init__(self, *, tint: int = 0, still: bool = False) -> None:
        self.calls: list[dict[str, Any]] = []
        self.transformer = SimpleNamespace(config=SimpleNamespace(vace_layers=[0, 1, 2]))
        self.components: dict[str, Any] = {}
        self._tint = tint
        self._still = still

    def tokenizer(self, text: str) -> Any:
        """A token for every word."""
        return SimpleNamespace(input_ids=text.split())

    def maybe_free_model_hooks(self) -> None:
        """As pipelines of diffusers have it."""

    def __call__(self, **options: Any) -> Any:
        self.calls.append(options)
        for step in range(options["num_inference_steps"]):
            options["callback_on_step_end"](self, step, 0, {})
        drawn = []
        for frame, mask in zip(options["video"], options["mask"], strict=True):
            pixels = np.array(options["video"][0] if self._still else frame).astype(int)
            pixels = np.clip(pixels + self._tint * bool(drawn), 0, 255)
            pixels[np.array(mask) > 127] = self.COLOUR
            drawn.append(pixels / 255.0)
        return SimpleNamespace(frames=np.stack(drawn)[None])


def loader(pipe: Any, *, most: int = 81) -> Loader:
    """Gives a pipeline; calls are of at most so many frames."""

    def load(own: Family, model: str, cancel: Any, progress: Any) -> LoadedPipeline:
        rule = FrameRule(own.frames.step, 1, own.frames.least, most)
        return LoadedPipeline(pipe, replace(own, frames=rule), model=model or own.model)

    return load


VACE = family("wan-vace", guided=True)
