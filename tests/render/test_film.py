"""Filming a path: frames in order, blur that conserves light, and nothing left running."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from synth.camera.pose import HOME, CameraPath, CameraPose
from synth.control import CancelToken
from synth.errors import Cancelled
from synth.render.film import FilmSettings, shoot, subject_distance
from synth.render.lens import linear_table
from synth.render.renderer import Renderer
from synth.render.settings import LensSettings
from synth.scene.build import build_scene
from synth.scene.sheets import Scene

if TYPE_CHECKING:
    from tests.conftest import Layered, Studio

SHARP = LensSettings(shutter_angle=0.0)
RATE = Fraction(24)


def _path(*poses: CameraPose) -> CameraPath:
    return CameraPath(tuple(poses), RATE)


def _truck(frames: int, per_frame: float = 0.05) -> CameraPath:
    return _path(*(CameraPose((per_frame * i, 0.0, 10.0)) for i in range(frames)))


def _shooters() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("shoot")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert _shooters() == []


@pytest.fixture(scope="module")
def small(studio: Studio) -> Layered:
    return studio.layered(128, 80)


@pytest.mark.parametrize("focal_length", [50.0, 28.0])
def test_a_camera_that_stands_still_gives_the_photo_in_every_frame(
    studio: Studio, focal_length: float
) -> None:
    made = studio.layered(128, 80, focal_length=focal_length)
    path = _path(*[CameraPose(focal_length=focal_length)] * 6)
    for lens in (LensSettings(), SHARP, LensSettings(shutter_angle=360.0)):
        frames = list(shoot(made.scene, path, FilmSettings(128, 80, lens)))
        assert len(frames) == 6
        assert all(np.array_equal(frame, made.photo) for frame in frames)


def test_frames_come_in_order_and_equal_single_pictures(small: Layered) -> None:
    path = _path(
        *(CameraPose((0.03 * i, -0.02 * i, 10 - 0.1 * i), (0, 0.3 * i, 0)) for i in range(23))
    )
    renderer = Renderer(small.scene, 128, 80)
    frames = list(shoot(small.scene, path, FilmSettings(128, 80, SHARP)))
    assert len(frames) == len(path)
    for frame, pose in zip(frames, path, strict=True):
        assert np.array_equal(frame, renderer.frame(pose))


def test_the_same_film_twice_is_the_same_to_the_bit(small: Layered) -> None:
    film = FilmSettings(128, 80, LensSettings(aperture=0.5, vignette=0.3, grain=0.4), seed=3)
    path = _truck(8, 0.2)
    first = list(shoot(small.scene, path, film))
    again = list(shoot(small.scene, path, film))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_one_frame_is_a_film(small: Layered) -> None:
    frames = list(shoot(small.scene, _path(HOME), FilmSettings(128, 80)))
    assert len(frames) == 1
    assert np.array_equal(frames[0], small.photo)


@pytest.fixture(scope="module")
def line() -> Scene:
    """A soft bright upright line on a dark wall, three pixels of deviation in linear light."""
    x = np.arange(240) + 0.5
    light = 0.007 + 0.8 * np.exp(-((x - 120.0) ** 2) / (2 * 3.0**2))
    code = np.rint(255 * (1.055 * light ** (1 / 2.4) - 0.055))
    photo = np.tile(code[None, :, None], (80, 1, 3)).astype(np.uint8)
    return build_scene(photo, np.full((80, 240), 0.1, np.float32))


def _pan(pixels_per_frame: float, frames: int = 5) -> CameraPath:
    focal = 50 / 36 * 240
    middle = frames // 2
    return _path(
        *(
            CameraPose(
                rotation=(
                    0,
                    float(np.degrees(np.arctan((i - middle) * pixels_per_frame / focal))),
                    0,
                )
            )
            for i in range(frames)
        )
    )


def _light(frame: np.ndarray) -> np.ndarray:
    """Linear light along a row, above the wall's."""
    light = linear_table().astype(float)[frame[20:60, :, 1]].mean(axis=0)
    return light - light[:20].mean()


@pytest.mark.parametrize("angle", [90.0, 180.0, 360.0])
def test_a_fast_pan_spreads_a_line_over_the_way_it_goes_while_the_shutter_is_open(
    line: Scene, angle: float
) -> None:
    speed = 40.0
    lens = LensSettings(shutter_angle=angle)
    light = _light(list(shoot(line, _pan(speed), FilmSettings(240, 80, lens)))[2])
    sharp = _light(Renderer(line, 240, 80).frame(_pan(speed)[2]))
    length = speed * angle / 360.0
    # Light is spread, never made or lost.
    assert light.sum() == pytest.approx(sharp.sum(), rel=0.03)
    columns = np.arange(240) + 0.5
    centre = (light * columns).sum() / light.sum()
    assert centre == pytest.approx(120.0, abs=0.3)
    # A box of that length over the line's own profile has this spread.
    spread = np.sqrt((light * (columns - centre) ** 2).sum() / light.sum())
    assert spread == pytest.approx(np.sqrt(length**2 / 12 + 9.0), rel=0.08)
    # Even along the way: no row of separate ghosts.
    half = int(length / 2 - 6)
    if half > 2:
        inside = light[120 - half : 120 + half]
        assert inside.min() > 0.85 * inside.max()


def test_without_a_shutter_a_fast_pan_is_sharp(line: Scene) -> None:
    frame = list(shoot(line, _pan(16.0), FilmSettings(240, 80, SHARP)))[2]
    assert np.array_equal(frame, Renderer(line, 240, 80).frame(_pan(16.0)[2]))


def test_more_shutter_blurs_more(small: Layered) -> None:
    detail = []
    for angle in (0.0, 90.0, 180.0, 360.0):
        lens = LensSettings(shutter_angle=angle)
        frame = list(shoot(small.scene, _truck(5, 0.4), FilmSettings(128, 80, lens)))[2]
        detail.append(np.abs(np.diff(frame.astype(float), axis=1)).mean())
    assert detail == sorted(detail, reverse=True)
    assert detail[-1] < 0.8 * detail[0]


def test_cancel_stops_within_a_second_and_leaves_no_thread(layered: Layered) -> None:
    token = CancelToken()
    lens = LensSettings(aperture=0.7, shutter_angle=360.0)
    frames = shoot(layered.scene, _truck(400, 0.3), FilmSettings(640, 400, lens), cancel=token)
    next(frames)
    token.cancel()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        for _ in frames:
            pass
    assert time.monotonic() - began < 1.0
    assert _shooters() == []


def test_a_film_cancelled_before_it_starts_gives_nothing(small: Layered) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        next(shoot(small.scene, _truck(5), FilmSettings(128, 80), cancel=token))
    assert _shooters() == []


def test_leaving_early_leaves_no_thread(layered: Layered) -> None:
    frames = shoot(layered.scene, _truck(300), FilmSettings(320, 200))
    next(frames)
    began = time.monotonic()
    frames.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 1.0
    assert _shooters() == []


def test_an_error_in_the_consumer_leaves_no_thread(small: Layered) -> None:
    def consume() -> None:
        for _ in shoot(small.scene, _truck(50), FilmSettings(128, 80)):
            raise KeyError("disk")

    with pytest.raises(KeyError):
        consume()
    assert _shooters() == []


def test_memory_stays_flat_however_long_the_film(small: Layered) -> None:
    frames = shoot(small.scene, _truck(200, 0.002), FilmSettings(128, 80, LensSettings(grain=0.2)))
    frame_bytes = 128 * 80 * 3
    tracemalloc.start()
    try:
        for _ in range(20):
            next(frames)
        early, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        count = sum(1 for _ in frames)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 180
    assert peak - early < 40 * frame_bytes


def test_a_consumer_that_dawdles_is_not_run_ahead_of(small: Layered) -> None:
    """Only a few frames are made before they are asked for."""
    frames = shoot(small.scene, _truck(100), FilmSettings(128, 80, SHARP))
    next(frames)
    tracemalloc.start()
    try:
        time.sleep(0.4)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        frames.close()  # type: ignore[attr-defined]
    assert held < 30 * 128 * 80 * 3


def test_the_focus_follows_the_subject_plane() -> None:
    assert subject_distance(HOME) == pytest.approx(10.0)
    assert subject_distance(CameraPose((0, 0, 7))) == pytest.approx(7.0)
    assert subject_distance(CameraPose((6, 0, 8), (0, np.degrees(np.arctan2(6, 8)), 0))) == (
        pytest.approx(10.0)
    )
    # Turned away there is no subject ahead; the answer stays a usable distance.
    assert subject_distance(CameraPose(rotation=(0, 180, 0))) > 0.0


def _detail(frame: np.ndarray) -> float:
    return float(np.abs(cv2.Laplacian(frame.astype(np.float32), cv2.CV_32F)).mean())


def test_an_open_aperture_keeps_the_focus_sharp_and_blurs_the_rest_by_distance(
    studio: Studio,
) -> None:
    """Five strips of one texture at five depths, the middle one in focus."""
    levels = (0.16, 0.13, 0.1, 0.07, 0.04)
    strip = studio.texture(128, 40, 3, ((0, 0, 0), (255, 255, 255)), sigma=1.2)
    photo = np.concatenate([strip] * 5)
    disparity = np.repeat(np.array(levels, np.float32), 40)[:, None].repeat(128, axis=1)
    scene = build_scene(photo, disparity)
    size = FilmSettings(128, 200, LensSettings(aperture=1.0, shutter_angle=0.0))
    frame = next(iter(shoot(scene, _path(HOME), size)))
    middles = [np.s_[40 * i + 14 : 40 * i + 26, 20:108] for i in range(5)]
    kept = [_detail(frame[part]) / _detail(photo[part]) for part in middles]
    assert np.abs(frame[middles[2]].astype(int) - photo[middles[2]]).max() <= 1
    assert kept[0] < kept[1] < kept[2]
    assert kept[4] < kept[3] < kept[2]
    assert max(kept[0], kept[4]) < 0.7


def test_a_sharp_subject_does_not_bleed_into_what_is_blurred_behind_it(
    studio: Studio, layered: Layered
) -> None:
    lens = LensSettings(aperture=1.0, shutter_angle=0.0, focus_distance=1 / layered.near)
    frame = next(iter(shoot(layered.scene, _path(HOME), FilmSettings(320, 200, lens))))
    box = np.zeros((200, 320), np.uint8)
    box[layered.top : layered.bottom, layered.left : layered.right] = 1
    inside = cv2.erode(box, np.ones((5, 5), np.uint8)) > 0
    assert np.abs(frame[inside].astype(int) - layered.photo[inside]).mean() < 1.0
    outside = cv2.dilate(box, np.ones((7, 7), np.uint8)) == 0
    # The wall is never red; light from the box would make it so.
    assert frame[outside][:, 0].max() < 95
    assert _detail(frame[:, :80]) < 0.6 * _detail(layered.photo[:, :80])


def test_a_blurred_thing_in_front_spreads_over_its_own_outline(layered: Layered) -> None:
    lens = LensSettings(aperture=1.0, shutter_angle=0.0, focus_distance=1 / layered.far)
    frame = next(iter(shoot(layered.scene, _path(HOME), FilmSettings(320, 200, lens))))
    red = frame[80:120, :, 0].mean(axis=0)
    before = layered.photo[80:120, :, 0].mean(axis=0)
    assert red[layered.left - 2] > before[layered.left - 2] + 20  # red light beyond the box
    assert np.abs(frame[:, :60].astype(int) - layered.photo[:, :60]).mean() < 1.0


def test_no_vignette_and_no_grain_leave_every_pixel_alone(small: Layered) -> None:
    plain = LensSettings(shutter_angle=0.0, vignette=0.0, grain=0.0)
    path = _truck(3)
    for frame, pose in zip(
        shoot(small.scene, path, FilmSettings(128, 80, plain, seed=9)), path, strict=True
    ):
        assert np.array_equal(frame, Renderer(small.scene, 128, 80).frame(pose))


@pytest.fixture(scope="module")
def grey() -> Scene:
    return build_scene(np.full((120, 160, 3), 128, np.uint8), np.full((120, 160), 0.1, np.float32))


def _printed(scene: Scene, lens: LensSettings, seed: int = 0) -> list[np.ndarray]:
    return list(shoot(scene, _path(*[HOME] * 4), FilmSettings(160, 120, lens, seed)))


def test_a_vignette_darkens_towards_the_corners_and_leaves_the_centre(grey: Scene) -> None:
    weak = _printed(grey, LensSettings(vignette=0.3))[0].astype(int)
    strong = _printed(grey, LensSettings(vignette=1.0))[0].astype(int)
    diagonal = [strong[i * 119 // 40, i * 159 // 40, 1] for i in range(21)]
    assert diagonal == sorted(diagonal)
    assert abs(strong[60, 80, 1] - 128) <= 1
    assert strong[0, 0, 1] < weak[0, 0, 1] < 126
    for flipped in (strong[::-1], strong[:, ::-1]):
        assert np.abs(strong - flipped).max() <= 1


def test_grain_keeps_the_mean_and_grows_with_its_setting(grey: Scene) -> None:
    deviations = []
    for grain in (0.1, 0.4, 1.0):
        frame = _printed(grey, LensSettings(grain=grain))[0].astype(float)
        assert frame.mean() == pytest.approx(128.0, abs=0.5)
        deviations.append(frame.std())
    assert deviations == sorted(deviations)
    assert 0.3 < deviations[0] < 3.0
    assert 5.0 < deviations[2] < 25.0


def test_grain_is_the_same_for_a_seed_and_new_in_every_frame(grey: Scene) -> None:
    lens = LensSettings(grain=0.5)
    first, again, other = (_printed(grey, lens, seed) for seed in (5, 5, 6))
    for index in range(4):
        assert np.array_equal(first[index], again[index])
        assert not np.array_equal(first[index], other[index])
    noise = [frame[..., 1].astype(float).ravel() - 128 for frame in first]
    for a in range(4):
        for b in range(a):
            assert abs(np.corrcoef(noise[a], noise[b])[0, 1]) < 0.2


def test_grain_leaves_the_photo_of_the_scene_alone(grey: Scene) -> None:
    """Frames are printed, not the scene they were made from."""
    _printed(grey, LensSettings(grain=1.0, vignette=1.0))
    assert np.all(grey.photo == 128)
