"""Weather in a scene whose depth is known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from synth.backends.geometric import Stage, set_stage
from synth.camera.conventions import focal_pixels
from synth.media import load_image
from synth.motion import Environment, MotionControl, camera_path
from synth.motion.instructions import Particles
from synth.render.film import FilmSettings
from synth.render.renderer import Renderer
from synth.render.weather import Weather
from tests.bench.examples import example

WIDTH, HEIGHT = 640, 360


@pytest.fixture(scope="module")
def stage() -> Stage:
    photo, depth = example("robot")
    motion = MotionControl.from_dict({"camera": {"type": "static", "duration": 1.0}})
    path = camera_path(motion, fps=Fraction(12), focal_length=50.0)
    return set_stage(load_image(photo).pixels, depth, path, FilmSettings(WIDTH, HEIGHT))


@pytest.mark.parametrize("effect", ["rain", "snow", "leaves"])
def test_what_is_farther_than_a_thing_never_falls_in_front_of_it(
    stage: Stage, effect: Particles
) -> None:
    pose = stage.path.poses[0]
    nearness = Renderer(stage.scene, WIDTH, HEIGHT).nearness(pose)
    weather = Weather(
        Environment(particle_effects=effect, weather_intensity=1.0),
        width=WIDTH, height=HEIGHT, focal=focal_pixels(50.0, WIDTH, HEIGHT), seconds=1.0,
        seed=2, loop=False, photo=stage.scene.photo,
    )  # fmt: skip

    def changed(depths: NDArray[np.float32], time: float) -> NDArray[np.bool_]:
        frame = stage.scene.photo.copy()
        weather.draw(frame, np.ascontiguousarray(depths), pose, time, 1 / 48)
        return (frame != stage.scene.photo).any(axis=2)

    # Things in the foreground: the robot, the cactus, the stones.
    near = nearness > 1 / 11.0
    assert 0.03 < near.mean() < 0.8
    wall = np.full_like(nearness, nearness[near].min())
    drawn = behind = 0
    for time in (0.1, 0.4, 0.7):
        seen = changed(nearness, time)
        # A wall where the farthest of them stands hides no more than they do themselves.
        assert not (seen & near & ~changed(wall, time)).any()
        drawn += int((seen & near).sum())
        behind += int((changed(np.zeros_like(nearness), time) & near).sum())
    assert 0 < drawn < 0.9 * behind
