"""Looking past the photo: found, hidden by the smallest zoom that does it, and said."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from synth.camera.pose import CameraPath, CameraPose
from synth.render.coverage import MAX_FIT_ZOOM, fit_path, outside_photo, zoomed
from synth.render.renderer import Renderer
from synth.scene.build import build_scene
from synth.scene.sheets import Scene

if TYPE_CHECKING:
    from tests.conftest import Layered, Studio

WIDTH, HEIGHT = 640, 400


@pytest.fixture(scope="module")
def wide(studio: Studio) -> Scene:
    return studio.layered(WIDTH, HEIGHT).scene


def _path(make, frames: int = 17) -> CameraPath:
    return CameraPath(tuple(make(i / (frames - 1)) for i in range(frames)), Fraction(24))


def _outside(scene: Scene, path: CameraPath, margin: float = 0.0) -> int:
    """Pixels over the whole path, at full size, that show something beyond the photo."""
    renderer = Renderer(scene, scene.width, scene.height)
    total = 0
    for pose in path:
        x, y = renderer.texture_places(pose)
        total += int(outside_photo(scene, x, y, margin).sum())
    return total


MOVES = {
    "truck": lambda s: CameraPose((0.6 * s, 0, 10)),
    "pedestal": lambda s: CameraPose((0, -0.5 * s, 10)),
    "pan": lambda s: CameraPose(rotation=(0, -5 * s, 0)),
    "tilt": lambda s: CameraPose(rotation=(4 * s, 0, 0)),
    "roll": lambda s: CameraPose(rotation=(0, 0, 9 * s)),
    "zoom out": lambda s: CameraPose(focal_length=50 - 12 * s),
    "dolly out": lambda s: CameraPose((0, 0, 10 + 2.5 * s)),
    "orbit": lambda s: CameraPose(
        (10 * math.sin(0.15 * s), 0, 10 * math.cos(0.15 * s)), (0, math.degrees(0.15 * s), 0)
    ),
    "there and back": lambda s: CameraPose((0.5 * math.sin(2 * math.pi * s), 0, 10)),
    "wander": lambda s: CameraPose(
        (0.3 * math.sin(7 * s), 0.25 * math.sin(11 * s), 10 - s),
        (2 * math.sin(9 * s), 3 * s, 4 * s),
    ),
}


def test_a_camera_at_home_needs_no_zoom_at_all(wide: Scene) -> None:
    fit = fit_path(wide, _path(lambda s: CameraPose()), WIDTH, HEIGHT)
    assert fit.zoom == fit.needed == 1.0
    assert fit.path == _path(lambda s: CameraPose())


@pytest.mark.parametrize("move", ["dolly in", "zoom in"])
def test_a_camera_that_only_goes_in_needs_no_zoom(wide: Scene, move: str) -> None:
    make = {
        "dolly in": lambda s: CameraPose((0, 0, 10 - 3 * s)),
        "zoom in": lambda s: CameraPose(focal_length=50 + 30 * s),
    }[move]
    assert fit_path(wide, _path(make), WIDTH, HEIGHT).zoom == 1.0


@pytest.mark.parametrize("move", sorted(MOVES))
def test_the_fitted_zoom_hides_everything_beyond_the_photo(wide: Scene, move: str) -> None:
    path = _path(MOVES[move])
    fit = fit_path(wide, path, WIDTH, HEIGHT)
    assert fit.zoom > 1.0
    assert fit.zoom == fit.needed
    assert _outside(wide, path) > 0
    assert _outside(wide, fit.path) == 0


@pytest.mark.parametrize("move", sorted(MOVES))
def test_a_little_less_zoom_would_show_it(wide: Scene, move: str) -> None:
    path = _path(MOVES[move])
    fit = fit_path(wide, path, WIDTH, HEIGHT)
    assert _outside(wide, zoomed(path, fit.zoom * 0.97)) > 0


def test_a_place_in_the_middle_of_the_path_counts_as_much_as_its_ends(wide: Scene) -> None:
    """One frame out of sixty that looks aside must not slip between the samples."""
    poses = [CameraPose()] * 60
    poses[23] = CameraPose(rotation=(2.5, -3.0, 4.0))
    path = CameraPath(tuple(poses), Fraction(24))
    fit = fit_path(wide, path, WIDTH, HEIGHT)
    assert _outside(wide, CameraPath((fit.path[23],), Fraction(24))) == 0


def test_directions_that_only_hurt_together_are_found(wide: Scene) -> None:
    """Neither the most sideways nor the most turned frame is the one that sees farthest out."""
    path = _path(
        lambda s: CameraPose((0.5 * math.cos(3 * s), 0, 10), (0, -4 * math.sin(3 * s), 0)), 41
    )
    assert _outside(wide, fit_path(wide, path, WIDTH, HEIGHT).path) == 0


def test_the_zoom_has_a_limit_and_what_was_needed_is_told(wide: Scene) -> None:
    path = _path(lambda s: CameraPose(rotation=(0, -60 * s, 0)))
    fit = fit_path(wide, path, WIDTH, HEIGHT)
    assert fit.zoom == MAX_FIT_ZOOM
    assert fit.needed > MAX_FIT_ZOOM
    assert fit.path[0].focal_length == pytest.approx(50 * MAX_FIT_ZOOM)


def test_a_zoom_changes_nothing_but_the_lens(wide: Scene) -> None:
    path = _path(MOVES["wander"])
    fitted = fit_path(wide, path, WIDTH, HEIGHT)
    for before, after in zip(path, fitted.path, strict=True):
        assert after.position == before.position
        assert after.rotation == before.rotation
        assert after.focal_length == pytest.approx(before.focal_length * fitted.zoom)
    assert fitted.path.fps == path.fps


def test_a_margin_of_invented_picture_needs_less_zoom(studio: Studio) -> None:
    photo = studio.texture(320, 200)
    disparity = np.full((200, 320), 0.1, np.float32)
    path = _path(lambda s: CameraPose((0.5 * s, 0, 10)))
    tight = fit_path(build_scene(photo, disparity), path, 320, 200)
    roomy = fit_path(build_scene(photo, disparity, margin=40), path, 320, 200, margin=40.0)
    assert tight.zoom > 1.05
    assert roomy.zoom == 1.0


def test_the_photo_itself_is_never_outside(layered: Layered) -> None:
    x, y = Renderer(layered.scene, 320, 200).texture_places(CameraPose())
    assert not outside_photo(layered.scene, x, y, 0.0).any()
