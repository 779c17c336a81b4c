"""What every backend speaks: what it can keep of an instruction, and how it is asked to draw.

A backend draws one shot. It is told everything in one frozen ``Assignment`` and answers with a
``Rendering`` whose frames are exactly as many, as large and as fast as the assignment says,
whatever its model would rather have made. The default one is the photo's own geometry
(``geometric``); the others ask a model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from synth.camera.pose import CameraPath
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.motion import MotionControl
from synth.render.film import FilmSettings
from synth.scene.cache import SceneCache
from synth.scene.depth_map import DepthMap

Frame = NDArray[np.uint8]
"""One picture, uint8 sRGB, shape (height, width, 3), full range."""

Keeps = Literal["exactly", "in words", "not"]
"""How a backend keeps an instruction: from geometry, as far as a sentence can, or never."""

Instruction = Literal[
    "camera", "timing", "zoom", "handheld", "subjects", "weather", "lens", "edge", "loop", "prompt",
    "negative prompt", "lighting", "seed", "size", "rate", "length",
]  # fmt: skip
"""What a shot may ask for, in the words of the preflight."""

StyleKind = Literal["look", "lora"]
"""Learned colour and texture that the geometric backend obeys, or weights for a model."""


@dataclass(frozen=True)
class FrameRule:
    """Which frame counts a model makes: ``step * k + offset``, from ``least`` to ``most``."""

    step: int = 1
    offset: int = 0
    least: int = 1
    most: int = 100_000

    def fit(self, wanted: int) -> int:
        """The smallest lawful count of at least ``wanted`` frames, or the most there is."""
        steps = -(-(max(wanted, self.least) - self.offset) // self.step)
        count = self.step * steps + self.offset
        last = (self.most - self.offset) // self.step * self.step + self.offset
        return min(count, last)


@dataclass(frozen=True)
class SizeRule:
    """Which frame sizes a model makes: sides that are multiples, within an area."""

    multiple: int = 2
    least_side: int = 16
    most_pixels: int = 8_300_000
    only: tuple[tuple[int, int], ...] = ()
    """The few sizes that there are, (width, height); () for all that fit the rest."""

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The lawful size nearest in shape to a wanted one, and no larger than it need be."""
        if self.only:
            return min(self.only, key=lambda one: abs(math.log(one[0] * height / (one[1] * width))))
        shrink = min(1.0, (self.most_pixels / (width * height)) ** 0.5)
        step = self.multiple
        least = -(-self.least_side // step) * step

        def side(length: float) -> int:
            return max(least, round(length / step) * step)

        across, down = side(width * shrink), side(height * shrink)
        while across * down > self.most_pixels and max(across, down) > least:
            if across >= down:
                across -= step
            else:
                down -= step
        return across, down


@dataclass(frozen=True)
class Capabilities:
    """What a backend obeys, and what it costs. Told before anything is rendered."""

    name: str
    """As in ``BackendSettings.name``."""
    title: str
    """For the screen: "Photo geometry", "Wan 2.2 on this machine"."""
    keeps: dict[Instruction, Keeps]
    """One word for every instruction."""
    sizes: SizeRule = SizeRule()
    """Frame sizes that the model itself makes; the clip is brought to the shot's size after it."""
    frames: FrameRule = FrameRule()
    """Frame counts of one call; a longer shot is a chain of them."""
    rate: Fraction | None = None
    """Frames per second that the model makes; None for whatever is asked."""
    style: StyleKind | None = None
    """The kind of style that it obeys; the other kind is an error."""
    base: str = ""
    """What a style must be made for: the base that a LoRA's file names; "" where none fits."""
    most_styles: int = 8
    """Styles obeyed at once."""
    cost: str = ""
    """What a clip costs in money and time, in a sentence; "" for nothing worth saying."""
    remote: bool = False
    """Whether the photo leaves this machine."""
    generative: bool = True
    """Whether a trained model paints the picture; what the file's mark says depends on it."""
    missing: str = ""
    """What this machine lacks to use it, with the next step; "" where it can start."""

    @property
    def longest_seconds(self) -> float | None:
        """Length of the longest single call, seconds; None where the rate is free."""
        return float(self.frames.most / self.rate) if self.rate else None


@dataclass(frozen=True)
class LoraUse:
    """A trained style to be obeyed, already found and checked."""

    path: Path
    """The ``.safetensors`` on this machine."""
    strength: float = 1.0
    """0 changes nothing, 1 is as trained."""
    url: str = ""
    """Where a remote service can fetch it, https; "" where it is nowhere but here."""


@dataclass(frozen=True)
class Assignment:
    """One shot for one backend: everything it may look at."""

    photo: Frame
    """The photo, any size; the frame shows it cropped about its centre."""
    motion: MotionControl
    """Camera in words, subjects, environment."""
    path: CameraPath
    """The camera of every frame of the finished clip; its length and rate are the clip's."""
    film: FilmSettings
    """Frame size of the finished clip, lens effects, seed."""
    depth: Callable[[], DepthMap]
    """Finds the whole photo's depth when called: seconds of work that some never need."""
    prompt: str = ""
    """The user's words without style tags."""
    lighting: str = ""
    """A lighting cue of the whole sequence."""
    sentence: str | None = None
    """What the model is to read in place of the compiled prompt; None compiles it."""
    negative: str | None = None
    """What it is to avoid; None is its family's own advice."""
    loras: tuple[LoraUse, ...] = ()
    """Trained styles."""
    focal_length: float = 50.0
    """The photo's lens, millimetres on a 36 mm sensor."""
    depth_strength: float = 1.0
    """How deep the scene is; 0 is a flat print."""
    extend: bool = False
    """Continue the photo outward in place of zooming in."""
    loop: bool = False
    """Whether the last frame is to lead into the first."""
    keyed: bool = False
    """Whether the path was keyed by hand, so that it may lead into what the photo shows."""
    scenes: SceneCache | None = None
    """Where scenes are kept for re-use."""


@dataclass(frozen=True)
class Rendering:
    """A shot being drawn: its frames come as they are asked for."""

    frames: Iterator[Frame]
    """``len(path)`` frames of the assignment's size, lazily; closing it stops the work."""
    path: CameraPath
    """The camera that was filmed: as instructed, with the edge policy's zoom."""
    depth: Callable[[], NDArray[np.float32]] | None = None
    """Z-depth of each pixel of frame 0, scene units, inf where endless; None where nobody knows."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""
    made_by: dict[str, str] = field(default_factory=dict)
    """For the file's own story: model, revision, sentence, seed, provider. Never a token."""
    closing_notes: Callable[[], tuple[str, ...]] = tuple
    """Notes that only the finished frames can tell; asked after the last frame."""


class Backend(Protocol):
    """Whoever draws shots. An object serves one user; nothing of one shot stays for the next."""

    @property
    def capabilities(self) -> Capabilities:
        """What it obeys, without loading anything heavy."""
        ...

    def render(
        self,
        assignment: Assignment,
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
    ) -> Rendering:
        """Draw a shot.

        Raises ``Unavailable`` where a package, weights or an account is missing,
        ``InvalidInstruction`` for what cannot be done, ``LimitExceeded`` for too much, and
        ``Cancelled`` on request, within a second. The same may come from the frames' iterator.
        """
        ...
