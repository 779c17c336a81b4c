"""The synthetic clips: drawn in code, or filmed by our renderer in photos with true depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from skimage import data

from synth.backends.geometric import set_stage
from synth.camera.conventions import focal_pixels
from synth.media import load_image
from synth.media.planes import Planes
from synth.motion import Environment, MotionControl, SubjectAction, camera_path
from synth.render.film import FilmSettings
from synth.render.settings import LensSettings
from synth.scene.depth_map import DepthMap
from synth.scene.unknown import close_gaps
from tests.bench.examples import example
from tests.bench.interpolation import scenes
from tests.bench.interpolation.clips import CACHE, Clip, keep, kept, one_run
from tests.bench.interpolation.drawing import Draw, Stock, develop, expose, squeezed

FRAMES = 17
"""Of every synthetic clip: nine are shown, six of the others are rebuilt."""

EDITION = 3
"""Counted up when the clips change."""

SMALL, MIDDLE, LARGE = (640, 360), (960, 544), (1280, 720)
"""Heights divide by 8: x264 pads others with whatever memory holds, and no two runs agree."""


@dataclass(frozen=True)
class Drawn:
    """A clip made by ``scenes``."""

    scene: Callable[[int, int], Draw]
    size: tuple[int, int] = SMALL
    stock: Stock = Stock()  # noqa: RUF009
    box: tuple[float, float, float, float] | None = None
    """Text that stands still, shares of the picture: left, top, right, bottom."""

    def frames(self) -> list[Planes]:
        """The clip's frames."""
        width, height = self.size
        draw = self.scene(2 * width, 2 * height)
        return expose(draw, self.size, FRAMES, self.stock, seed=7)


@dataclass(frozen=True)
class Filmed:
    """A clip made by our renderer."""

    picture: str
    """A bundled example, or "motorcycle"."""
    camera: tuple[dict[str, Any], ...]
    """The moves."""
    size: tuple[int, int] = SMALL
    stock: Stock = Stock()  # noqa: RUF009
    action: dict[str, Any] | None = None
    """What the subject does."""
    weather: dict[str, Any] | None = None
    """What is in the air."""
    aperture: float = 0.0
    """Depth of field."""
    start: int = 8
    """First frame of the move that is kept."""

    def frames(self) -> list[Planes]:
        """The clip's frames."""
        rng = np.random.default_rng(9)
        return squeezed(
            [develop(rgb.astype(np.float32), self.stock, rng) for rgb in self._film()], self.stock
        )

    def _film(self) -> Iterator[np.ndarray]:
        path = camera_path(
            MotionControl.from_dict({"camera": list(self.camera)}),
            fps=Fraction(24),
            focal_length=50.0,
        )
        pixels, depth = _with_depth(self.picture)
        lens = LensSettings(shutter_angle=360.0 * self.stock.shutter, aperture=self.aperture)
        stage = set_stage(
            pixels,
            depth,
            path,
            FilmSettings(*self.size, lens=lens, seed=3),
            actions=(SubjectAction(**self.action),) if self.action else (),
            environment=Environment(**self.weather) if self.weather else None,
        )
        for number, frame in enumerate(stage.frames()):
            if number >= self.start + FRAMES:
                return
            if number >= self.start:
                yield frame


def _with_depth(name: str) -> tuple[np.ndarray, DepthMap]:
    if name != "motorcycle":
        path, depth = example(name)
        return load_image(path).pixels, depth
    pixels, _, disparity = data.stereo_motorcycle()
    known = np.isfinite(disparity) & (disparity > 0)
    closed = close_gaps(np.where(known, disparity, np.nan).astype(np.float32))
    inverse = closed / focal_pixels(50.0, pixels.shape[1], pixels.shape[0])
    low, high = float(inverse.min()), float(inverse.max())
    relative = ((inverse - low) / (high - low)).astype(np.float32)
    return pixels, DepthMap(relative, "true", 1.0 / high, 1.0 / low)


def _move(kind: str, intensity: float = 1.0, duration: float = 1.5, **more: Any) -> dict[str, Any]:
    return {"type": kind, "intensity": intensity, "duration": duration, **more}


FILM = Stock(grain=4.0)
STREAM = Stock(grain=3.0, crf=23)
SHARP = Stock(shutter=0.0)

CLIPS: dict[str, Drawn | Filmed] = {
    "drawn rotation": Drawn(scenes.rotation),
    "drawn zoom": Drawn(scenes.zoom, stock=FILM),
    "drawn occlusion": Drawn(scenes.occlusion),
    "drawn thin things": Drawn(scenes.thin, MIDDLE),
    "drawn repeated pattern": Drawn(scenes.repeated),
    "drawn transparency": Drawn(scenes.transparency),
    "drawn brightness": Drawn(scenes.brightness, stock=STREAM),
    "drawn titles": Drawn(scenes.titles, MIDDLE, STREAM, box=(0.1, 0.8, 0.9, 0.96)),
    "drawn cloth": Drawn(scenes.cloth, stock=FILM),
    "drawn face": Drawn(scenes.face, MIDDLE, STREAM),
    "drawn people": Drawn(scenes.people, LARGE, STREAM),
    "drawn handheld": Drawn(scenes.handheld, stock=STREAM),
    "drawn whip pan": Drawn(scenes.whip, stock=FILM),
    "drawn cartoon": Drawn(scenes.cartoon, MIDDLE, Stock(shutter=0.0, crf=23)),
    "drawn water": Drawn(scenes.water),
    "drawn ball": Drawn(scenes.ball, MIDDLE, STREAM),
    "drawn old film": Drawn(scenes.old_film, stock=Stock(grain=9.0, crf=23, grey=True)),
    "filmed dolly": Filmed("cloister", (_move("dolly"),), LARGE, FILM),
    "filmed truck": Filmed("lighthouse", (_move("truck"),), LARGE, STREAM),
    "filmed orbit": Filmed("robot", (_move("orbit"),), LARGE, SHARP),
    "filmed rain": Filmed(
        "robot", (_move("arc", 0.6),), MIDDLE, STREAM,
        weather={"particle_effects": "rain", "weather_intensity": 1.0},
    ),
    "filmed leaves": Filmed(
        "lighthouse", (_move("pan", 0.6),), MIDDLE, FILM,
        weather={"particle_effects": "leaves", "weather_intensity": 1.0, "wind_direction": "left"},
    ),
    "filmed runner": Filmed(
        "robot", (_move("truck", 0.5),), LARGE, STREAM,
        action={"action": "run", "speed": 0.9, "direction": "left_to_right"},
    ),
    "filmed dancer": Filmed(
        "robot", (_move("push_in", 0.5),), SMALL, STREAM, action={"action": "dance", "speed": 0.9},
    ),
    "filmed handheld": Filmed(
        "cloister", (_move("handheld", 1.0), _move("truck", 0.6)), SMALL, STREAM
    ),
    "filmed motorcycle": Filmed("motorcycle", (_move("truck", 0.5),), SMALL, STREAM, aperture=0.4),
    "filmed dolly zoom": Filmed("cloister", (_move("dolly_zoom"),), MIDDLE, STREAM),
}  # fmt: skip
"""All of them, by name."""


def synthetic(name: str) -> Clip:
    """One of ``CLIPS``; made once, then read from the cache."""
    path = CACHE / "clips" / f"{EDITION}-{name.replace(' ', '_')}.npz"
    if not path.exists():
        made = CLIPS[name]
        box = None
        if isinstance(made, Drawn) and made.box:
            width, height = made.size
            left, top, right, bottom = made.box
            box = (int(left * width), int(top * height), int(right * width), int(bottom * height))
        keep(one_run(name, made.frames(), box), path)
    return kept(name, path)
