"""What falls: where it goes, what hides it, that it is the same again, and closes its loops."""

from __future__ import annotations

import numpy as np
import pytest

from synth.camera.pose import HOME, CameraPose
from synth.errors import InvalidInstruction
from synth.motion.instructions import Environment
from synth.render.weather import Weather, wind_lean
from synth.render.weather.effects import EFFECTS

WIDTH, HEIGHT = 480, 270
FOCAL = 50.0 / 36.0 * WIDTH
SHUTTER = 1.0 / 48.0


def photo(level: int = 90) -> np.ndarray:
    """A grey picture, a little brighter towards the top."""
    rows = np.linspace(level + 20, level - 20, HEIGHT).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(rows[:, None, None], (HEIGHT, WIDTH, 3)))


def weather(effect: str = "rain", wind: str = "still", intensity: float = 0.5, **other) -> Weather:
    settings = {"seconds": 2.0, "seed": 3, "loop": False, **other}
    environment = Environment.model_validate(
        {"particle_effects": effect, "wind_direction": wind, "weather_intensity": intensity}
    )
    return Weather(
        environment,
        width=WIDTH, height=HEIGHT, focal=FOCAL, photo=photo(), **settings,
    )  # fmt: skip


def drawn(made: Weather, time: float, pose: CameraPose = HOME, depth: float = 100.0) -> np.ndarray:
    """The weather over a wall at one depth."""
    frame = photo()
    made.draw(frame, np.full((HEIGHT, WIDTH), 1.0 / depth, np.float32), pose, time, SHUTTER)
    return frame


@pytest.mark.parametrize("effect", list(EFFECTS))
def test_more_intensity_keeps_every_particle_and_adds_some(effect: str) -> None:
    before: set[float] = set()
    counts = []
    for intensity in (0.1, 0.3, 0.6, 1.0):
        strokes = weather(effect, intensity=intensity).strokes(HOME, 0.7, 0.0)
        places = {round(place, 6) for place in strokes[:, 16:19].sum(axis=1)}
        if EFFECTS[effect].fall != 0.0:  # the drift of what floats grows with the wind only
            assert len(before - places) <= 0.02 * len(before)
        before = places
        counts.append(len(strokes))
    assert counts == sorted(counts)
    assert counts[-1] > 3 * counts[0]


@pytest.mark.parametrize("intensity", [0.25, 0.5, 1.0])
@pytest.mark.parametrize(("wind", "sign"), [("left", -1.0), ("right", 1.0), ("still", 0.0)])
def test_rain_leans_as_documented(wind: str, sign: float, intensity: float) -> None:
    made = weather("rain", wind, intensity, seconds=12.0)
    ways = np.concatenate(
        [
            (strokes[:, 2:4] - strokes[:, 0:2]) / strokes[:, 4:5]
            for strokes in (made.strokes(HOME, time, SHUTTER) for time in np.arange(0, 12, 0.4))
        ]
    )
    across, down = ways.mean(axis=0)
    lean = np.degrees(np.arctan2(across, down))
    assert lean == pytest.approx(sign * wind_lean("rain", intensity), abs=1.5)


def test_nothing_falls_in_front_of_what_is_nearer() -> None:
    made = weather("rain", intensity=1.0)
    nearness = np.full((HEIGHT, WIDTH), 0.01, np.float32)
    nearness[:, 200:300] = 1.0  # nearer than the nearest drop
    frame = photo()
    made.draw(frame, nearness, HOME, 0.5, SHUTTER)
    changed = (frame != photo()).any(axis=2)
    assert not changed[:, 200:300].any()
    assert changed[:, :200].mean() > 0.1


def test_without_weather_the_frame_stays() -> None:
    for made in (weather("none", intensity=1.0), weather("rain", intensity=0.0)):
        assert np.array_equal(drawn(made, 0.3), photo())


def test_a_photo_of_another_size_is_refused() -> None:
    with pytest.raises(InvalidInstruction, match="480x270"):
        Weather(
            Environment(particle_effects="rain"), width=WIDTH, height=HEIGHT, focal=FOCAL,
            seconds=1.0, seed=0, loop=False, photo=photo()[:-1],
        )  # fmt: skip
