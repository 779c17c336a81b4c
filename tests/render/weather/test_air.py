"""Fog and light rays: they follow depth, the sky's colour, the wind and the camera."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from synth.camera.pose import HOME, CameraPose
from synth.motion.instructions import Environment
from synth.render.weather import Weather, wind_lean

WIDTH, HEIGHT = 480, 270
FOCAL = 50.0 / 36.0 * WIDTH


def picture(sky: tuple[int, int, int] = (150, 170, 210), sun: int | None = None) -> np.ndarray:
    """A sky above dark ground, perhaps with a bright spot at a column."""
    photo = np.full((HEIGHT, WIDTH, 3), (60, 50, 40), np.uint8)
    photo[: HEIGHT // 2] = sky
    if sun is not None:
        cv2.circle(photo, (sun, 40), 26, (255, 255, 250), -1)
    return photo


def weather(effect: str, wind: str = "still", intensity: float = 0.6, **other) -> Weather:
    settings = {"seconds": 4.0, "seed": 1, "loop": False, "photo": picture(), **other}
    environment = Environment.model_validate(
        {"particle_effects": effect, "wind_direction": wind, "weather_intensity": intensity}
    )
    return Weather(environment, width=WIDTH, height=HEIGHT, focal=FOCAL, **settings)


def over(
    made: Weather, frame: np.ndarray, depth: np.ndarray | float, time: float = 0.5,
    pose: CameraPose = HOME,
) -> np.ndarray:  # fmt: skip
    """The frame behind the weather."""
    result = frame.copy()
    nearness = np.broadcast_to(1.0 / np.asarray(depth, np.float32), (HEIGHT, WIDTH))
    made.draw(result, np.ascontiguousarray(nearness, np.float32), pose, time, 0.02)
    return result


def test_fog_hides_what_is_far_as_distance_grows() -> None:
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    depths = np.array([1.5, 3, 5, 8, 12, 20, 40, 90])
    made = weather("fog")
    levels = [over(made, black, depth).mean() for depth in depths]
    assert (np.diff(levels) > 0).all()
    assert levels[0] < 20
    full = levels[-1] / 0.93
    lost = -np.log(1.0 - np.array(levels[:6]) / full)
    # Beer-Lambert: what is lost grows in proportion to the way.
    assert np.corrcoef(depths[:6], lost)[0, 1] > 0.98


@pytest.mark.parametrize("sky", [(210, 150, 110), (120, 160, 220), (30, 30, 50)])
def test_fog_has_the_colour_of_the_sky(sky: tuple[int, int, int]) -> None:
    photo = picture(sky)
    made = weather("fog", intensity=1.0, photo=photo)
    fog = over(made, photo, 1e4)[: HEIGHT // 3].reshape(-1, 3).mean(axis=0)
    assert np.argsort(fog).tolist() == np.argsort(sky, kind="stable").tolist()
    assert abs(fog.mean() - np.mean(sky)) < 60


def test_fog_is_uneven_and_drifts_with_the_wind() -> None:
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    shifts = {}
    for wind in ("left", "right"):
        made = weather("fog", wind)
        before, after = (
            cv2.GaussianBlur(over(made, black, 14.0, t)[..., 1].astype(np.float32), (0, 0), 3)
            for t in (1.0, 1.25)
        )
        assert before.std() > 3.0
        likeness = [
            np.corrcoef(before[:, 80:400].ravel(), after[:, 80 + by : 400 + by].ravel())[0, 1]
            for by in range(-60, 61, 2)
        ]
        shifts[wind] = range(-60, 61, 2)[int(np.argmax(likeness))]
        assert max(likeness) > 0.8
    assert shifts["left"] <= -8
    assert shifts["right"] >= 8
    assert wind_lean("fog", 0.5) == 90.0


def test_fog_stays_in_the_world_when_the_camera_turns() -> None:
    """Turned by a small angle, the swirls move across the frame as the far scenery does."""
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    made = weather("fog")
    turned = replace(HOME, rotation=(0.0, 3.0, 0.0))
    before, after = (
        cv2.GaussianBlur(over(made, black, 20.0, 0.5, pose)[..., 1].astype(np.float32), (0, 0), 3)
        for pose in (HOME, turned)
    )
    shift = round(FOCAL * np.tan(np.radians(3.0)))
    here, there = before[60:200, 40:400], after[60:200, 40 + shift : 400 + shift]
    same = np.corrcoef(here.ravel(), there.ravel())[0, 1]
    unmoved = np.corrcoef(here.ravel(), after[60:200, 40:400].ravel())[0, 1]
    assert same > 0.9
    assert same > unmoved


def test_rays_come_from_the_brightest_part_of_the_sky() -> None:
    for sun in (80, 400):
        photo = picture(sun=sun)
        made = weather("light_rays", intensity=1.0, photo=photo)
        added = np.mean(
            [over(made, photo, 60.0, t).astype(float) - photo for t in (0.2, 1.4, 2.9)], axis=(0, 3)
        )
        assert added.min() >= 0.0
        left, right = added[:, : WIDTH // 3].mean(), added[:, -WIDTH // 3 :].mean()
        assert (left > 1.3 * right) if sun == 80 else (right > 1.3 * left)


def test_rays_need_air_in_front_of_a_thing_to_show() -> None:
    photo = picture(sun=240)
    depth = np.full((HEIGHT, WIDTH), 60.0)
    depth[200:] = 4.0
    made = weather("light_rays", intensity=1.0, photo=photo)
    far = over(made, photo, 60.0).astype(float) - photo
    mixed = over(made, photo, depth).astype(float) - photo
    assert 0.0 < mixed[200:].mean() < 0.6 * far[200:].mean()


def test_rays_are_broken_by_what_stands_before_the_sky() -> None:
    photo = picture((190, 195, 205), sun=240)
    barred = photo.copy()
    depth = np.full((HEIGHT, WIDTH), 80.0)
    barred[:120, 180:300] = 20
    depth[:120, 180:300] = 8.0
    made = weather("light_rays", intensity=1.0, photo=photo)
    below = np.s_[140:260, 200:280]
    plain = (over(made, photo, 80.0).astype(float) - photo)[below].mean()
    shaded = (over(made, barred, depth).astype(float) - barred)[below].mean()
    assert shaded < 0.8 * plain


def test_a_light_behind_the_camera_has_no_rays() -> None:
    photo = picture(sun=240)
    made = weather("light_rays", intensity=1.0, photo=photo)
    away = replace(HOME, rotation=(0.0, 180.0, 0.0))
    assert np.array_equal(over(made, photo, 60.0, pose=away), photo)


def test_leaves_tumble() -> None:
    """Their outlines grow and shrink while they turn."""
    white = np.full((HEIGHT, WIDTH, 3), 230, np.uint8)
    made = weather("leaves", intensity=1.0)
    sizes = [(over(made, white, 100.0, t) != white).any(axis=2).sum() for t in np.arange(0, 2, 0.1)]
    assert min(sizes) > 200
    strokes = [len(made.strokes(HOME, t, 0.0)) for t in np.arange(0, 2, 0.1)]
    assert np.std(np.array(sizes) / strokes) > 1.0


def test_embers_and_fireflies_add_light_and_never_darken() -> None:
    photo = picture()
    for effect in ("embers", "fireflies", "bokeh"):
        added = over(weather(effect, intensity=1.0), photo, 80.0).astype(int) - photo
        assert added.min() >= 0
        assert added.max() > 40
