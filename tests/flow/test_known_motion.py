"""Pictures whose motion is known exactly, because code drew it: what lies between is too."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from synth.flow.frames import motion_between
from synth.flow.interpolate import FlowInterpolator
from synth.flow.model import Window
from synth.media.planes import Planes
from tests.bench.interpolation import scenes
from tests.bench.interpolation.clips import Run, planes_from, rgb_of
from tests.bench.interpolation.drawing import Draw, moved, photo
from tests.bench.interpolation.rivals import DEFAULT, minterpolate, mixed
from tests.bench.interpolation.scores import psnr, ssim

WIDTH, HEIGHT = 320, 180
MODES = ("fast", "quality")


@cache
def prepared(scene: str) -> Draw:
    """A scene ready to be drawn; its pictures take a while to load."""
    return getattr(scenes, scene)(2 * WIDTH, 2 * HEIGHT)


@cache
def drawn(scene: str, moment: float) -> Planes:
    """A scene at a moment (frames of the source are 2 apart), antialiased."""
    picture = prepared(scene)(moment)
    picture = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return planes_from(np.asarray(picture, np.uint8))


def window(scene: str) -> Window:
    """Four frames of a scene, the pair in the middle."""
    return Run(tuple(drawn(scene, number) for number in range(7)), (3,)).window(3)


def made(mode: str, surroundings: Window, time: float) -> Planes:
    """One new picture."""
    inner = FlowInterpolator(mode, surroundings.first.planes.size)  # type: ignore[arg-type]
    try:
        (between,) = inner.between(surroundings, [time])
    finally:
        inner.close()
    assert 0.0 <= between.doubt <= 1.0
    return between.planes


# Decibel that following the motion must gain over mixing the two neighbours.
GAINS = {
    "rotation": 10.0,
    "zoom": 10.0,
    "occlusion": 10.0,
    "transparency": 3.0,
    "brightness": 8.0,
    "titles": 9.0,
    "cloth": 3.5,
    "people": 4.0,
    "whip": 6.0,
    "cartoon": 4.0,
    "ball": 9.0,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scene", GAINS)
def test_the_hidden_frame_is_found(scene: str, mode: str) -> None:
    shown = window(scene)
    truth = rgb_of(drawn(scene, 3))
    ours = rgb_of(made(mode, shown, 0.5))
    blended = rgb_of(mixed(shown.first.planes, shown.second.planes))
    assert psnr(truth, ours) - psnr(truth, blended) >= GAINS[scene]
    assert ssim(truth, ours) > ssim(truth, blended)


@pytest.mark.parametrize("scene", ["thin", "repeated", "handheld", "water", "face"])
def test_what_cannot_be_followed_is_no_worse_than_a_mixture(scene: str) -> None:
    shown = window(scene)
    truth = rgb_of(drawn(scene, 3))
    blended = rgb_of(mixed(shown.first.planes, shown.second.planes))
    assert psnr(truth, rgb_of(made("quality", shown, 0.5))) >= psnr(truth, blended) - 1.5


@pytest.mark.parametrize("scene", ["rotation", "zoom", "occlusion", "brightness", "cloth", "whip"])
def test_better_than_the_filter_that_people_use(scene: str) -> None:
    frames = tuple(drawn(scene, number) for number in range(7))
    run = Run(frames, (3,))
    truth = rgb_of(frames[3])
    theirs = rgb_of(minterpolate(DEFAULT)(run)[3])
    assert psnr(truth, rgb_of(made("quality", run.window(3), 0.5))) > psnr(truth, theirs) + 0.5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("time", [0.1, 0.25, 0.4, 0.6, 0.75, 0.9])
def test_every_moment_shows_its_own_place(mode: str, time: float) -> None:
    """Drawn at that very moment, the picture agrees; drawn a tenth off, it agrees less."""
    ours = rgb_of(made(mode, window("rotation"), time))
    right = psnr(ours, rgb_of(drawn("rotation", 2 + 2 * time)))
    assert right > 35.0
    for wrong in (time - 0.1, time + 0.1):
        assert right > psnr(ours, rgb_of(drawn("rotation", 2 + 2 * wrong))) + 2.0


def test_without_surroundings_the_pair_alone_will_do() -> None:
    shown = window("zoom")
    alone = Window((), shown.first, shown.second, ())
    truth = rgb_of(drawn("zoom", 3))
    assert psnr(truth, rgb_of(made("quality", alone, 0.5))) > 36.0


@pytest.mark.parametrize("mode", MODES)
def test_what_does_not_move_stays_exactly(mode: str) -> None:
    run = Run((drawn("cartoon", 3),) * 7, (3,))
    between = made(mode, run.window(3), 0.5)
    assert between.same(run.frames[3])


@pytest.mark.parametrize("mode", MODES)
def test_titles_stay_sharp_over_a_pan(mode: str) -> None:
    """At least as sharp as the filter leaves them."""
    frames = tuple(drawn("titles", number) for number in range(7))
    run = Run(frames, (3,))
    rows, columns = slice(int(0.8 * HEIGHT), int(0.96 * HEIGHT)), slice(32, 288)
    truth, ours, theirs = (
        np.ascontiguousarray(rgb_of(planes)[rows, columns])
        for planes in (
            frames[3], made(mode, run.window(3), 0.5), minterpolate(DEFAULT)(run)[3]
        )
    )  # fmt: skip
    assert psnr(truth, ours) >= psnr(truth, theirs)


@pytest.mark.parametrize(
    ("shift", "degrees", "scale"),
    [((6.0, -3.0), 0.0, 1.0), ((0.0, 0.0), 4.0, 1.0), ((0.0, 0.0), 0.0, 1.06),
     ((-11.0, 4.0), -2.0, 0.97)],
    ids=["shift", "rotation", "zoom", "all"],
)  # fmt: skip
def test_the_motion_itself_is_right(
    shift: tuple[float, float], degrees: float, scale: float
) -> None:
    """Within a third of a pixel for half of the picture, a whole one for nine tenths."""
    picture = photo("cloister", WIDTH + 80, HEIGHT + 80)
    middle = (WIDTH / 2 + 40, HEIGHT / 2 + 40)
    here = (WIDTH / 2, HEIGHT / 2)
    there = (here[0] + shift[0], here[1] + shift[1])
    first = moved(picture, (WIDTH, HEIGHT), about=middle, to=here)
    second = moved(picture, (WIDTH, HEIGHT), about=middle, to=there, degrees=degrees, scale=scale)
    x, y = np.meshgrid(np.arange(WIDTH) - here[0], np.arange(HEIGHT) - here[1])
    angle = np.deg2rad(degrees)
    along = scale * (np.cos(angle) * x + np.sin(angle) * y) + there[0] - here[0] - x
    down = scale * (np.cos(angle) * y - np.sin(angle) * x) + there[1] - here[1] - y
    missed = np.linalg.norm(
        motion_between(first, second).forward - np.dstack([along, down]), axis=2
    )[16:-16, 16:-16]
    assert np.median(missed) < 0.33
    assert np.quantile(missed, 0.9) < 1.0
