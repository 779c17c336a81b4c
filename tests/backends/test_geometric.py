"""Setting the stage: framing, exact depth at any size, and the edge policies."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from synth.backends.geometric import Stage, frame_photo, set_stage
from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken
from synth.errors import Cancelled
from synth.render.coverage import MAX_FIT_ZOOM, outside_photo
from synth.render.film import FilmSettings
from synth.render.renderer import Renderer
from synth.render.settings import LensSettings
from synth.scene.depth_map import DepthMap

if TYPE_CHECKING:
    from tests.conftest import Layered, Studio

HOME_ONLY = CameraPath((CameraPose(),) * 3, Fraction(24))


@pytest.fixture(scope="module")
def depth(layered: Layered) -> DepthMap:
    share = (layered.disparity - layered.far) / (layered.near - layered.far)
    return DepthMap(share.astype(np.float32), "true", 1 / layered.near, 1 / layered.far)


def _truck(reach: float, frames: int = 9) -> CameraPath:
    return CameraPath(
        tuple(CameraPose((reach * i / (frames - 1), 0, 10)) for i in range(frames)), Fraction(24)
    )


def _outside(stage: Stage, margin: float = 0.0) -> int:
    renderer = Renderer(stage.scene, stage.film.width, stage.film.height)
    return sum(
        int(outside_photo(stage.scene, *renderer.texture_places(pose), margin).sum())
        for pose in stage.path
    )


@pytest.mark.parametrize(
    ("photo", "frame", "crop"),
    [
        ((320, 200), (320, 200), (0, 0, 320, 200)),
        ((320, 200), (200, 200), (60, 0, 200, 200)),
        ((200, 320), (320, 180), (0, 103, 200, 112)),
        ((321, 199), (320, 180), (0, 9, 321, 181)),
    ],
)
def test_a_photo_is_cropped_about_its_centre_to_the_frames_shape(photo, frame, crop) -> None:
    pixels = np.zeros((photo[1], photo[0], 3), np.uint8)
    framed, part = frame_photo(pixels, *frame)
    assert framed.shape == (frame[1], frame[0], 3)
    assert np.abs(np.array(part) - np.array(crop)).max() <= 1
    left, top, width, height = part
    assert 0 <= left <= left + width <= photo[0]
    assert 0 <= top <= top + height <= photo[1]


def test_a_photo_of_the_frames_size_is_taken_to_the_bit(layered: Layered) -> None:
    framed, _ = frame_photo(layered.photo, 320, 200)
    assert np.array_equal(framed, layered.photo)
    assert framed.flags.c_contiguous


def test_shrinking_does_not_alias(studio: Studio) -> None:
    """A fine checkerboard becomes even grey, not moiré."""
    y, x = np.mgrid[0:800, 0:1200]
    checks = np.repeat((((x + y) % 2) * 255)[..., None], 3, axis=2).astype(np.uint8)
    framed, _ = frame_photo(checks, 300, 200)
    assert framed.std() < 3
    assert framed.mean() == pytest.approx(127.5, abs=2)


def test_a_camera_at_home_films_the_framed_photo_for_every_shape(
    layered: Layered, depth: DepthMap
) -> None:
    for width, height in ((320, 200), (160, 160), (120, 200), (400, 250)):
        stage = set_stage(layered.photo, depth, HOME_ONLY, FilmSettings(width, height))
        framed, _ = frame_photo(layered.photo, width, height)
        assert stage.zoom == 1.0
        assert stage.notes == ()
        for frame in stage.frames():
            assert np.array_equal(frame, framed)


def test_the_photos_own_lens_is_kept(layered: Layered, depth: DepthMap) -> None:
    path = CameraPath((CameraPose(focal_length=28.0),) * 2, Fraction(24))
    stage = set_stage(layered.photo, depth, path, FilmSettings(320, 200), focal_length=28.0)
    assert stage.zoom == 1.0
    assert all(np.array_equal(frame, layered.photo) for frame in stage.frames())


def test_known_depth_is_kept_and_steps_stay_steps_at_any_size(
    layered: Layered, depth: DepthMap
) -> None:
    for width, height in ((320, 200), (640, 400), (160, 100)):
        stage = set_stage(layered.photo, depth, HOME_ONLY, FilmSettings(width, height))
        inverse = stage.scene.disparity
        assert inverse.shape == (height, width)
        box = cv2.resize(
            (layered.disparity > 0.1).astype(np.uint8), (width, height),
            interpolation=cv2.INTER_NEAREST_EXACT,
        )  # fmt: skip
        sure = cv2.dilate(box, np.ones((5, 5), np.uint8)) == cv2.erode(
            box, np.ones((5, 5), np.uint8)
        )
        wanted = np.where(box > 0, layered.near, layered.far)
        assert np.abs(inverse - wanted)[sure].max() < 1e-3
        # No made-up surface half-way between the two.
        between = (inverse > 0.075) & (inverse < 0.115)
        assert between.mean() < 0.002


def test_smooth_depth_of_another_resolution_stays_smooth(layered: Layered) -> None:
    slope = np.tile(np.linspace(0, 1, 80, dtype=np.float32), (50, 1))
    stage = set_stage(
        layered.photo, DepthMap(slope, "true", 5.0, 20.0), HOME_ONLY, FilmSettings(320, 200)
    )
    steps = np.diff(stage.scene.disparity[:, 8:-8], axis=1)
    assert steps.min() > 0.0
    assert steps.max() < 2.5 * np.median(steps)


def test_depth_of_frame_zero_is_in_scene_units(layered: Layered, depth: DepthMap) -> None:
    path = CameraPath((CameraPose((0, 0, 9.0)), CameraPose((0, 0, 8.0))), Fraction(24))
    stage = set_stage(layered.photo, depth, path, FilmSettings(320, 200))
    first = stage.first_depth()
    assert first.shape == (200, 320)
    assert first[100, 160] == pytest.approx(1 / layered.near - 1.0, rel=1e-3)
    assert first[10, 10] == pytest.approx(1 / layered.far - 1.0, rel=0.02)


def test_endless_depth_is_infinite_and_no_error(layered: Layered) -> None:
    sky = np.ones((200, 320), np.float32)
    sky[:100] = 0.0
    stage = set_stage(
        layered.photo, DepthMap(sky, "true", near=8.0, far=1e12), HOME_ONLY, FilmSettings(320, 200)
    )
    first = stage.first_depth()
    assert not np.isnan(first).any()
    assert first[20, 160] > 1e6
    assert first[180, 160] == pytest.approx(8.0, rel=1e-3)


def test_no_strength_is_a_flat_print(layered: Layered, depth: DepthMap) -> None:
    stage = set_stage(layered.photo, depth, _truck(0.3), FilmSettings(320, 200), depth_strength=0.0)
    assert np.allclose(stage.scene.disparity, 0.1)
    frames = list(stage.frames())
    # A flat print moved sideways is only shifted.
    shift = 0.3 / 8 * 0.1 * 50 / 36 * 320 * stage.zoom
    matrix = np.array([[1, 0, -shift], [0, 1, 0]], np.float64)
    moved = cv2.warpAffine(frames[0], matrix, (320, 200), flags=cv2.INTER_LINEAR)
    inner = np.s_[20:-20, 20:-20]
    error = np.abs(moved[inner].astype(int) - frames[1][inner])
    assert error.mean() < 4.0


def test_more_strength_moves_near_and_far_further_apart(layered: Layered, depth: DepthMap) -> None:
    spread = []
    for strength in (0.5, 1.0, 1.5):
        stage = set_stage(
            layered.photo, depth, HOME_ONLY, FilmSettings(320, 200), depth_strength=strength
        )
        spread.append(float(np.ptp(stage.scene.disparity)))
    assert spread == pytest.approx([0.5 * spread[1], spread[1], 1.5 * spread[1]], rel=0.05)


def test_fit_shows_nothing_beyond_the_photo_and_says_how_far_it_zoomed(
    layered: Layered, depth: DepthMap
) -> None:
    stage = set_stage(layered.photo, depth, _truck(0.5), FilmSettings(320, 200))
    assert 1.0 < stage.zoom < 1.5
    assert _outside(stage) == 0
    assert len(stage.notes) == 1
    assert f"{stage.zoom:.2f}" in stage.notes[0]


def test_extend_keeps_more_of_the_photo_in_the_frame(layered: Layered, depth: DepthMap) -> None:
    fit = set_stage(layered.photo, depth, _truck(0.5), FilmSettings(320, 200))
    extend = set_stage(layered.photo, depth, _truck(0.5), FilmSettings(320, 200), extend=True)
    assert extend.zoom == 1.0
    assert extend.notes == ()
    assert fit.zoom > 1.05
    assert _outside(extend) > 0
    # What is seen out there was invented, not left empty or smeared black.
    last = list(extend.frames())[-1]
    assert last.max(axis=2).min() > 50


def test_a_move_far_beyond_the_photo_is_capped_and_the_note_says_so(
    layered: Layered, depth: DepthMap
) -> None:
    path = CameraPath(tuple(CameraPose(rotation=(0, -6.0 * i, 0)) for i in range(9)), Fraction(24))
    stage = set_stage(layered.photo, depth, path, FilmSettings(320, 200))
    assert stage.zoom == MAX_FIT_ZOOM
    assert f"{MAX_FIT_ZOOM:g}" in stage.notes[0]
    assert "intensity" in stage.notes[0]
    assert len(list(stage.frames())) == 9


def test_frames_can_be_cancelled(layered: Layered, depth: DepthMap) -> None:
    stage = set_stage(layered.photo, depth, _truck(0.3, 100), FilmSettings(320, 200))
    token = CancelToken()
    frames = stage.frames(token)
    next(frames)
    token.cancel()
    with pytest.raises(Cancelled):
        list(frames)


def test_a_stage_can_be_filmed_twice(layered: Layered, depth: DepthMap) -> None:
    stage = set_stage(
        layered.photo, depth, _truck(0.3, 4), FilmSettings(320, 200, LensSettings(grain=0.2), 3)
    )
    first, second = list(stage.frames()), list(stage.frames())
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_depth_map_of_another_shape_fits_the_cropped_photo(studio: Studio) -> None:
    """The crop takes the same part of photo and depth, whatever the depth's resolution."""
    made = studio.layered(320, 200)
    small = cv2.resize(
        ((made.disparity - made.far) / (made.near - made.far)).astype(np.float32), (80, 50),
        interpolation=cv2.INTER_NEAREST_EXACT,
    )  # fmt: skip
    depth = DepthMap(small, "true", 1 / made.near, 1 / made.far)
    stage = set_stage(made.photo, depth, HOME_ONLY, FilmSettings(200, 200))
    near = stage.scene.disparity > 0.1
    red = studio.red(stage.scene.photo)
    assert (near != red).mean() < 0.03
