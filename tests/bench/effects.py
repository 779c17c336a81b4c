"""What subjects and weather cost, beside the geometry of the same frame.

One core, medians of interleaved runs, so that a noisy machine is noisy for all of them; then a
whole shot with a camera move, a walking subject and heavy rain, from photo to finished file.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from synth.backends.geometric import Stage, set_stage
from synth.camera.conventions import focal_pixels
from synth.media import load_image
from synth.motion import Environment, MotionControl, SubjectAction, camera_path
from synth.motion.instructions import Action, Particles
from synth.render.film import FilmSettings
from synth.render.renderer import Renderer
from synth.render.weather import Weather
from synth.shot import Shot, render_shot
from tests.bench.examples import example

WIDTH, HEIGHT, FPS, SECONDS = 1280, 720, 24, 5
ROUNDS = 15


@dataclass(frozen=True)
class Cost:
    """One line of the table."""

    name: str
    """What was drawn."""
    milliseconds: float
    """Per frame, on one core."""
    share: float
    """Of the geometry's time for the same frame."""


@dataclass(frozen=True)
class Whole:
    """A finished shot."""

    seconds: float
    """From photo to file."""
    rate: float
    """Frames per second of that."""
    rendered: float
    """Frames per second once the scene is built and the subject cut out."""


def _stage(actions: tuple[SubjectAction, ...]) -> Stage:
    photo, depth = example("robot")
    pixels = load_image(photo).pixels
    motion = MotionControl.from_dict(
        {"camera": {"type": "dolly", "intensity": 0.5, "duration": float(SECONDS)}}
    )
    path = camera_path(motion, fps=Fraction(FPS), focal_length=50.0)
    return set_stage(pixels, depth, path, FilmSettings(WIDTH, HEIGHT), actions=actions)


def costs() -> list[Cost]:
    """Cost of the geometry, of each weather and of each action."""
    cv2.setNumThreads(1)
    walker = SubjectAction(action="walk", direction="left_to_right", speed=0.5)
    stage = _stage((walker,))
    renderer = Renderer(stage.scene, WIDTH, HEIGHT)
    index = len(stage.path) // 2
    pose, moment = stage.path.poses[index], index / FPS
    frame = renderer.frame(pose)
    nearness = renderer.last_nearness.copy()
    works: dict[str, Callable[[], object]] = {"geometry": lambda: renderer.frame(pose)}
    for effect in get_args(Particles):
        if effect == "none":
            continue
        weather = Weather(
            Environment(particle_effects=effect, weather_intensity=1.0, wind_direction="left"),
            width=WIDTH, height=HEIGHT, focal=focal_pixels(50.0, WIDTH, HEIGHT),
            seconds=float(SECONDS), seed=1, loop=False, photo=stage.scene.photo,
        )  # fmt: skip
        works[effect] = _drawing(weather, frame, nearness, pose, moment)
    for action in get_args(Action):
        acting = _stage((SubjectAction(action=action, direction="in_place", speed=0.5),))
        actor = acting.film.cast[0]
        picture = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2RGBA), np.uint8)
        works[action] = _acting(actor, picture, nearness, pose, moment)
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS + 1):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - started)
    geometry = statistics.median(times["geometry"][1:])
    return [
        Cost(name, 1000.0 * statistics.median(taken[1:]), statistics.median(taken[1:]) / geometry)
        for name, taken in times.items()
    ]


def _drawing(weather, frame, nearness, pose, moment) -> Callable[[], object]:
    return lambda: weather.draw(frame.copy(), nearness, pose, moment, 0.5 / FPS)


def _acting(actor, picture, nearness, pose, moment) -> Callable[[], object]:
    return lambda: actor.draw(picture.copy(), nearness.copy(), pose, moment)


def whole_shot() -> Whole:
    """A camera move, a walking subject and heavy rain in 1280x720."""
    photo, depth = example("robot")
    shot = Shot.from_dict(
        {
            "motion": {
                "camera": {"type": "dolly", "intensity": 0.5, "duration": float(SECONDS)},
                "objects": [{"id": "robot", "action": "walk", "direction": "left_to_right"}],
                "environmental": {"particle_effects": "rain", "weather_intensity": 1.0,
                                  "wind_direction": "left"},
            },
            "output": {"long_side": WIDTH, "aspect": "16:9"},
        }
    )  # fmt: skip
    best, drawing = float("inf"), float("inf")
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            started = time.perf_counter()
            made = render_shot(shot, photo, Path(folder) / "c.mp4", depth=depth, fidelity=False)
            best = min(best, time.perf_counter() - started)
            drawing = min(drawing, made.timings["render"])
    return Whole(best, SECONDS * FPS / best, SECONDS * FPS / drawing)
