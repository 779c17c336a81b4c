"""A photo and its depth become sheets: complete, finite, and for any picture at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from synth.camera.pose import CameraPose
from synth.render.renderer import Renderer
from synth.scene.build import build_scene
from synth.scene.sheets import Scene

if TYPE_CHECKING:
    from tests.conftest import Layered, Studio

AWAY = CameraPose((0.4, -0.2, 9.5), (1.0, -2.0, 3.0))


def _draws_whole_frames(scene: Scene) -> np.ndarray:
    """A frame from elsewhere, checked to have something at every pixel."""
    view = Renderer(scene, scene.width, scene.height).view(AWAY)
    assert np.all(np.isfinite(view.nearness))
    assert np.all(view.nearness >= 0.0)
    assert np.all(np.isfinite(view.texture_x))
    assert np.all(np.isfinite(view.texture_y))
    return view.frame


def test_the_scene_keeps_photo_and_disparity_to_the_bit(layered: Layered) -> None:
    assert np.array_equal(layered.scene.photo, layered.photo)
    assert np.array_equal(layered.scene.disparity, layered.disparity)
    assert (layered.scene.width, layered.scene.height) == (320, 200)


def test_the_callers_pictures_are_not_changed(studio: Studio) -> None:
    photo = studio.texture(96, 64)
    disparity = np.full((64, 96), 0.08, np.float32)
    disparity[20:40, 30:60] = 0.2
    kept = photo.copy(), disparity.copy()
    build_scene(photo, disparity)
    assert np.array_equal(photo, kept[0])
    assert np.array_equal(disparity, kept[1])


def test_equal_input_gives_equal_scenes(studio: Studio) -> None:
    one, two = studio.layered(128, 80), studio.layered(128, 80)
    first, second = (Renderer(s.scene, 128, 80).frame(AWAY) for s in (one, two))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("level", [0.0, 0.02, 0.1, 1.0])
def test_a_flat_photo_becomes_a_scene(studio: Studio, level: float) -> None:
    photo = studio.texture(160, 100)
    scene = build_scene(photo, np.full((100, 160), level, np.float32))
    frame = _draws_whole_frames(scene)
    assert frame.std() > 5.0


def test_a_step_too_small_for_whole_blocks_becomes_a_scene(studio: Studio) -> None:
    disparity = np.full((64, 64), 0.06, np.float32)
    disparity[21:23, 21:23] = 0.1
    _draws_whole_frames(build_scene(studio.texture(64, 64), disparity))


@pytest.mark.parametrize("size", [(16, 16), (160, 40), (40, 160), (161, 97)])
def test_any_shape_of_frame_becomes_a_scene(studio: Studio, size: tuple[int, int]) -> None:
    width, height = size
    disparity = np.full((height, width), 0.06, np.float32)
    disparity[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 0.2
    scene = build_scene(studio.texture(width, height), disparity)
    assert _draws_whole_frames(scene).shape == (height, width, 3)


@pytest.mark.parametrize("kind", ["noise", "extremes", "checks", "near frame", "all but one pixel"])
def test_the_oddest_depth_still_becomes_a_scene(studio: Studio, kind: str) -> None:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0:72, 0:100]
    disparity = {
        "noise": rng.random((72, 100)),
        "extremes": np.where(x < 50, 0.0, 20.0),
        "checks": np.where((x // 3 + y // 3) % 2 == 0, 0.05, 0.3),
        # The near thing reaches round the whole border: nothing far is left at the rim.
        "near frame": np.where((x - 50) ** 2 + (y - 36) ** 2 < 400, 0.05, 0.3),
        "all but one pixel": np.where((x == 50) & (y == 36), 0.02, 0.3),
    }[kind].astype(np.float32)
    _draws_whole_frames(build_scene(studio.texture(100, 72), disparity))


@pytest.mark.parametrize("margin", [0, 20])
def test_the_photographed_area_is_where_the_photo_lies_in_the_texture(
    studio: Studio, margin: int
) -> None:
    photo = studio.texture(120, 80)
    disparity = np.full((80, 120), 0.06, np.float32)
    disparity[30:50, 40:80] = 0.15
    scene = build_scene(photo, disparity, margin=margin)
    left, right, top, bottom = (int(value) for value in scene.photo_area)
    assert (right - left + 1, bottom - top + 1) == (120, 80)
    part = np.s_[top : bottom + 1, left : right + 1]
    # Pixels that mixed both sides of an edge are cleaned, but nothing else is touched.
    edge = np.zeros((80, 120), bool)
    edge[26:54, 36:84] = True
    edge[34:46, 44:76] = False
    assert np.array_equal(scene.texture[part][~edge][:, :3], photo[~edge])
    assert not scene.invented[part][~edge].any()


def test_extending_continues_the_photo_beyond_its_border(studio: Studio) -> None:
    """Looking past the border shows a continuation, neither black nor one smeared column."""
    photo = studio.texture(160, 100)
    disparity = np.full((100, 160), 0.1, np.float32)
    scene = build_scene(photo, disparity, margin=24)
    frame = Renderer(scene, 160, 100).frame(CameraPose((0.7, 0.0, 10.0)))
    beyond = frame[:, -14:]
    assert studio.teal(beyond).mean() > 0.97
    assert beyond.astype(float).std(axis=1).mean() > 2.0


def test_colour_spilled_past_the_depth_edge_does_not_stay_on_the_far_side() -> None:
    disparity = np.full((160, 240), 0.06, np.float32)
    disparity[:, 120:] = 0.2
    photo = np.full((160, 240, 3), (30, 60, 110), np.uint8)
    photo[:, 118:] = (220, 200, 180)
    scene = build_scene(photo, disparity, loose=True)
    left, _, top, _ = (int(value) for value in scene.photo_area)
    fringe = scene.texture[top : top + 160, left + 112 : left + 120, :3].astype(int)
    assert np.abs(fringe - (30, 60, 110)).max() < 12
    assert scene.invented[top : top + 160, left + 118 : left + 120].all()
