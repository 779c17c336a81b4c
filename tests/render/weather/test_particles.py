"""What falls and floats: where it goes, what hides it, that it is the same again, and loops."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest

from synth.camera.pose import HOME, CameraPose
from synth.errors import InvalidInstruction
from synth.motion.instructions import Environment, Particles
from synth.render.weather import Weather, wind_lean
from synth.render.weather.effects import EFFECTS

WIDTH, HEIGHT = 480, 270
FOCAL = 50.0 / 36.0 * WIDTH
SHUTTER = 1.0 / 48.0
ALL = [effect for effect in get_args(Particles) if effect != "none"]
FALLING = [effect for effect, look in EFFECTS.items() if look.fall != 0.0]


def photo(level: int = 90) -> np.ndarray:
    """A grey picture, a little brighter towards the top."""
    rows = np.linspace(level + 20, level - 20, HEIGHT).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(rows[:, None, None], (HEIGHT, WIDTH, 3)))


def weather(effect: str = "rain", wind: str = "still", intensity: float = 0.5, **other) -> Weather:
    settings = {"seconds": 2.0, "seed": 3, "loop": False, **other}
    environment = Environment.model_validate(
        {"particle_effects": effect, "wind_direction": wind, "weather_intensity": intensity}
    )
    return Weather(environment, width=WIDTH, height=HEIGHT, focal=FOCAL, photo=photo(), **settings)


def drawn(
    made: Weather,
    time: float,
    pose: CameraPose = HOME,
    depth: float = 100.0,
    shutter: float = SHUTTER,
) -> np.ndarray:
    """The weather over a wall at one depth."""
    frame = photo()
    made.draw(frame, np.full((HEIGHT, WIDTH), 1.0 / depth, np.float32), pose, time, shutter)
    return frame


def change(frame: np.ndarray) -> np.ndarray:
    return frame.astype(float) - photo()


@pytest.mark.parametrize("effect", list(EFFECTS))
def test_more_intensity_keeps_every_particle_and_adds_some(effect: str) -> None:
    before: set[tuple[float, ...]] = set()
    counts = []
    for intensity in (0.1, 0.3, 0.6, 1.0):
        strokes = weather(effect, intensity=intensity).strokes(HOME, 0.7, 0.0)
        places = {tuple(place) for place in np.round(strokes[:, 16:19], 6)}
        assert before <= places
        before = places
        counts.append(len(strokes))
    assert counts[-1] > 4 * counts[0]


@pytest.mark.parametrize("effect", ALL)
def test_more_intensity_changes_the_picture_more(effect: str) -> None:
    changes = [
        np.mean([np.abs(change(drawn(weather(effect, "right", i), t))) for t in (0.3, 1.1, 1.7)])
        for i in (0.0, 0.02, 0.25, 0.5, 1.0)
    ]
    assert changes[0] == 0.0
    assert changes[1] < 0.1 * changes[-1]
    assert (np.diff(changes) > 0.0).all()


@pytest.mark.parametrize("effect", FALLING)
@pytest.mark.parametrize("intensity", [0.25, 1.0])
@pytest.mark.parametrize(("wind", "sign"), [("left", -1.0), ("right", 1.0), ("still", 0.0)])
def test_the_flow_leans_as_documented(
    effect: str, wind: str, sign: float, intensity: float
) -> None:
    """From the particles' own places, over a time in which gusts even out."""
    made = weather(effect, wind, intensity, seconds=12.0, loop=True)
    ways = np.concatenate(
        [
            (strokes[:, 2:4] - strokes[:, 0:2]) / (strokes[:, 4:5] + strokes[:, 5:6])
            for strokes in (made.strokes(HOME, time, SHUTTER) for time in np.arange(0, 12, 0.25))
        ]
    )
    across, down = ways.mean(axis=0)
    assert np.sign(down) == np.sign(EFFECTS[effect].fall)  # type: ignore[index]
    lean = np.degrees(np.arctan2(across, abs(down)))
    assert lean == pytest.approx(sign * wind_lean(effect, intensity), abs=3.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("effect", FALLING)
@pytest.mark.parametrize(("wind", "sign"), [("forward", 1.0), ("backward", -1.0)])
def test_wind_forward_comes_towards_the_camera(effect: str, wind: str, sign: float) -> None:
    made = weather(effect, wind, 0.5, seconds=12.0, loop=True)
    leans = []
    for time in np.arange(0, 12, 0.25):
        strokes = made.strokes(HOME, time, SHUTTER)
        depth = 0.5 / strokes[:, 4] + 0.5 / strokes[:, 5]
        nearer = 1.0 / strokes[:, 4] - 1.0 / strokes[:, 5]
        y = (strokes[:, [1, 3]] - HEIGHT / 2) / strokes[:, [4, 5]] / FOCAL
        leans.append(np.stack([nearer, y[:, 1] - y[:, 0], depth], axis=1))
    towards, down, _ = np.concatenate(leans).mean(axis=0)
    lean = np.degrees(np.arctan2(towards, abs(down)))
    assert lean == pytest.approx(sign * wind_lean(effect, 0.5), abs=3.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wind", "intensity", "sign"), [("left", 0.4, -1), ("right", 0.9, 1), ("still", 0.6, 0)]
)
def test_streaks_in_the_picture_lean_as_documented(wind: str, intensity: float, sign: int) -> None:
    """From pixels: the direction along which the picture changes least."""
    made = weather("rain", wind, intensity, seconds=12.0, loop=True)
    tensor = np.zeros((2, 2))
    for time in np.arange(0.0, 12.0, 0.5):
        grey = change(drawn(made, time))[..., 1].astype(np.float32)
        grey = cv2.GaussianBlur(grey, (0, 0), 1.5)  # steps of thin lines lie along the columns
        gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        tensor += [[(gx * gx).sum(), (gx * gy).sum()], [(gx * gy).sum(), (gy * gy).sum()]]
    along = np.linalg.eigh(tensor)[1][:, 0]
    lean = np.degrees(np.arctan2(along[0], along[1]) % np.pi)
    lean = lean - 180.0 if lean > 90.0 else lean
    assert lean == pytest.approx(sign * wind_lean("rain", intensity), abs=4.0)


@pytest.mark.parametrize("effect", [effect for effect in ALL if effect != "light_rays"])
def test_nothing_shows_in_front_of_what_is_nearer(effect: str) -> None:
    made = weather(effect, "left", 1.0)
    nearness = np.full((HEIGHT, WIDTH), 0.01, np.float32)
    nearness[:, 200:300] = 2.0  # nearer than the nearest particle
    frame = photo()
    made.draw(frame, nearness, HOME, 0.5, SHUTTER)
    changed = (frame != photo()).any(axis=2)
    assert not changed[:, 200:300].any()
    assert changed[:, :200].any()


@pytest.mark.parametrize("effect", ["rain", "snow"])
def test_a_nearer_wall_hides_more(effect: str) -> None:
    made = weather(effect, intensity=1.0)
    changed = [(change(drawn(made, 0.5, depth=depth)) != 0).mean() for depth in (1.0, 3.0, 9.0, 50)]
    assert changed[0] == 0.0
    assert (np.diff(changed) > 0.0).all()


@pytest.mark.parametrize("effect", ["rain", "snow", "bokeh"])
def test_near_particles_shift_more_when_the_camera_moves(effect: str) -> None:
    """To the left by exactly f * way / depth, as anything in the scene does."""
    made = weather(effect, "right", 1.0)
    aside = replace(HOME, position=(0.05, 0.0, 10.0))
    views = []
    for pose in (HOME, aside):
        strokes = made.strokes(pose, 0.8, 0.0)
        views.append({tuple(row[16:19].round(9)): (row[0], row[4]) for row in strokes})
    both = views[0].keys() & views[1].keys()
    assert len(both) > 0.8 * len(views[0])
    moved = np.array([views[1][key][0] - views[0][key][0] for key in both])
    nearness = np.array([views[0][key][1] for key in both])
    np.testing.assert_allclose(moved, -0.05 * FOCAL * nearness, rtol=1e-5)
    assert nearness.max() > 3 * nearness.min()


def test_the_cameras_own_motion_draws_streaks() -> None:
    made = weather("snow", intensity=1.0)
    ends = {"opening": replace(HOME, position=(-0.1, 0, 10)),
            "closing": replace(HOME, position=(0.1, 0, 10))}  # fmt: skip
    still, moving = made.strokes(HOME, 0.4, SHUTTER), made.strokes(HOME, 0.4, SHUTTER, **ends)
    assert np.median(still[:, 2] - still[:, 0]) == pytest.approx(0.0, abs=0.5)
    expected = -0.2 * FOCAL * moving[:, 4]
    assert np.median((moving[:, 2] - moving[:, 0]) / expected) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("effect", list(EFFECTS))
@pytest.mark.parametrize("loop", [False, True])
def test_nothing_pops_in_view(effect: str, loop: bool) -> None:
    """From one moment to the next every visible particle goes only a little way."""
    made = weather(effect, "left", 1.0, loop=loop, seconds=3.0)
    for time in (0.0, 0.77, 1.5, 2.9998):
        strokes = [
            made.strokes(replace(HOME, position=(x, 0.0, 10.0)), time + step, 0.0)
            for x, step in ((0.0, 0.0), (0.001, 0.0004))
        ]
        for one, other in (strokes, strokes[::-1]):
            inside = (
                (one[:, 0] > 8) & (one[:, 0] < WIDTH - 8)
                & (one[:, 1] > 8) & (one[:, 1] < HEIGHT - 8) & (one[:, 8] > 0.05)
            )  # fmt: skip
            assert inside.any()
            for row in one[inside][::7]:
                way = np.hypot(other[:, 0] - row[0], other[:, 1] - row[1])
                same = (other[:, 14] == row[14]) & (way < 8.0)
                assert (np.abs(other[same, 8] - row[8]) < 0.1 * row[8] + 0.02).any()


@pytest.mark.parametrize("effect", ALL)
@pytest.mark.parametrize("wind", ["still", "right", "forward"])
def test_a_loop_ends_where_it_began(effect: str, wind: str) -> None:
    made = weather(effect, wind, 0.7, seconds=2.5, loop=True)
    first, last, middle = (drawn(made, time).astype(int) for time in (0.0, 2.5, 1.0))
    assert np.abs(last - first).max() <= 2
    assert (last != first).mean() < 0.01
    assert (middle != first).mean() > 0.01


@pytest.mark.parametrize("effect", ALL)
def test_the_same_seed_gives_the_same_frame_and_another_does_not(effect: str) -> None:
    one, same, other = (drawn(weather(effect, "right", 0.8, seed=s), 0.6) for s in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("effect", ALL)
def test_two_threads_may_share_it(effect: str) -> None:
    made = weather(effect, "left", 1.0)
    times = np.arange(12) / 12.0
    alone = [drawn(made, time) for time in times]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda time: drawn(made, time), times))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_no_weather_leaves_the_frame_alone() -> None:
    assert np.array_equal(drawn(weather("none", "left", 1.0), 0.3), photo())
    assert wind_lean("none", 1.0) == 0.0


def test_a_frozen_shutter_draws_drops_and_not_streaks() -> None:
    strokes = weather("rain").strokes(HOME, 0.3, 0.0)
    assert np.array_equal(strokes[:, 0:2], strokes[:, 2:4])
    streaked = weather("rain").strokes(HOME, 0.3, SHUTTER)
    assert np.median(streaked[:, 3] - streaked[:, 1]) > 5.0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"photo": np.zeros((10, 10, 3), np.uint8)}, "480x270"),
        ({"seconds": 0.0}, "above 0"),
        ({"focal": float("nan")}, "above 0"),
    ],
)
def test_bad_input_is_refused(other: dict, message: str) -> None:
    settings = {"focal": FOCAL, "seconds": 1.0, "photo": photo(), **other}
    with pytest.raises(InvalidInstruction, match=message):
        Weather(
            Environment(particle_effects="rain"), width=WIDTH, height=HEIGHT, seed=0, loop=False,
            **settings,
        )  # fmt: skip
