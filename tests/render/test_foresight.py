"""What was never photographed: predicted as rendered, and a move scaled until it fits."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from synth.backends.geometric import Stage, set_stage
from synth.camera.pose import CameraPath, CameraPose, rotation_from_degrees
from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction
from synth.media import load_image
from synth.media.depth_picture import load_depth_picture
from synth.render.coverage import OUTSIDE, fit_path, outside_photo, sort_texels
from synth.render.film import FilmSettings
from synth.render.foresight import (
    Coverage,
    fit_to,
    foresee,
    rendered_coverage,
    scaled_towards_first,
)
from synth.render.renderer import Renderer
from synth.render.unseen import probe_size
from synth.scene.build import build_scene
from synth.scene.depth_map import DepthMap
from synth.scene.sheets import Scene

if TYPE_CHECKING:
    from tests.conftest import Layered, Studio

WIDTH, HEIGHT = 640, 400
EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"

HALF_A_POINT = 0.005

MOVES = {
    "truck": lambda s: CameraPose((0.9 * s, 0, 10)),
    "pull out": lambda s: CameraPose((0, 0, 10 + 2 * s)),
    "wander": lambda s: CameraPose(
        (0.5 * math.sin(5 * s), 0.4 * math.sin(7 * s), 10 - s), (2 * s, -4 * s, 5 * s), 50 - 6 * s
    ),
}


@pytest.fixture(scope="module")
def wide(studio: Studio) -> Layered:
    return studio.layered(WIDTH, HEIGHT)


def _path(make, frames: int = 25) -> CameraPath:
    return CameraPath(tuple(make(i / (frames - 1)) for i in range(frames)), Fraction(24))


def _foreseen(scene: Scene, path: CameraPath, **more) -> Coverage:
    return foresee(scene, path, scene.width, scene.height, **more)


def _worst_error(scene: Scene, path: CameraPath, frames: list[int]) -> float:
    """Largest difference between what is foreseen and what is rendered, either share or both."""
    foreseen = _foreseen(scene, path)
    worst = 0.0
    for frame in frames:
        outside, uncovered = rendered_coverage(scene, path[frame], scene.width, scene.height)
        off_outside = foreseen.outside[frame] - outside
        off_uncovered = foreseen.uncovered[frame] - uncovered
        errors = (off_outside, off_uncovered, off_outside + off_uncovered)
        worst = max(worst, *(abs(error) for error in errors))
    return worst


@pytest.fixture(scope="module", params=["robot", "cloister"])
def example(request: pytest.FixtureRequest) -> Stage:
    """A bundled picture with its true depth, prepared for all moves; one path after the other."""
    photo = load_image(EXAMPLES / f"{request.param}.jpg").pixels
    disparity = load_depth_picture(EXAMPLES / f"{request.param}_depth.png")
    depth = DepthMap(disparity, "true", 4.5, 80.0)
    poses = [pose for move in sorted(MOVES) for pose in _path(MOVES[move])]
    path = CameraPath(tuple(poses), Fraction(24))
    return set_stage(photo, depth, path, FilmSettings(480, 320))


@pytest.mark.parametrize("move", range(len(MOVES)), ids=sorted(MOVES))
def test_the_prediction_is_what_will_be_rendered(example: Stage, move: int) -> None:
    part = slice(25 * move, 25 * move + 25)
    asked = _path(MOVES[sorted(MOVES)[move]])
    filmed = CameraPath(example.path.poses[part], example.path.fps)
    for path in (asked, filmed):
        assert _worst_error(example.scene, path, [0, 1, 3, 10, 18, 24]) < HALF_A_POINT


def test_a_zoom_out_looks_past_the_photo_by_what_geometry_says(studio: Studio) -> None:
    """A flat photo: of a frame at focal length f, the share (f / 50) ** 2 lies inside it."""
    flat = build_scene(studio.texture(WIDTH, HEIGHT), np.full((HEIGHT, WIDTH), 0.1, np.float32))
    path = _path(lambda s: CameraPose(focal_length=50 - 12 * s))
    found = _foreseen(flat, path)
    expected = 1.0 - (path.focal_lengths / 50.0) ** 2
    assert np.abs(np.array(found.outside) - expected).max() < 0.002
    assert max(found.uncovered) == 0.0


def test_a_truck_bares_the_strip_that_parallax_says(wide: Layered) -> None:
    """The box moves across the wall: the strip beside it is as wide as the difference."""
    focal = 50.0 / 36.0 * WIDTH
    for shift in (0.2, 0.5):
        strip = shift * focal * (wide.near - wide.far) * (wide.bottom - wide.top)
        found = _foreseen(wide.scene, _path(lambda s, end=shift: CameraPose((end * s, 0, 10))))
        assert found.uncovered[-1] == pytest.approx(strip / WIDTH / HEIGHT, abs=0.001)
        edge = shift * focal * wide.far / WIDTH
        assert found.outside[-1] == pytest.approx(edge, abs=0.002)


@pytest.mark.parametrize("focal_length", [50.0, 51.0, 80.0])
def test_from_where_the_photo_was_taken_all_is_photographed(
    wide: Layered, focal_length: float
) -> None:
    found = _foreseen(wide.scene, _path(lambda s: CameraPose(focal_length=focal_length)))
    assert found.peak == 0.0
    assert found.worst == ()
    assert found.sentence == "Every frame shows only what was photographed."


def test_what_is_foreseen_grows_from_nothing(wide: Layered) -> None:
    """No leap when the camera leaves home by a hair."""
    found = _foreseen(wide.scene, _path(lambda s: CameraPose((0.001 * s, 0, 10))))
    assert 0.0 < found.peak < 0.001


def test_after_the_fitting_zoom_nothing_lies_outside(wide: Layered) -> None:
    path = _path(MOVES["wander"])
    fitted = fit_path(wide.scene, path, WIDTH, HEIGHT).path
    assert max(_foreseen(wide.scene, path).outside) > 0.05
    after = _foreseen(wide.scene, fitted)
    assert max(after.outside) < 0.0005
    assert max(after.uncovered) > 0.0


def test_front_texels_lie_outside_where_a_view_says_so(wide: Layered) -> None:
    scene = wide.scene
    kinds = sort_texels(scene).kinds
    x, y = Renderer(scene, WIDTH, HEIGHT).texture_places(CameraPose((0.4, -0.3, 11), (1, 2, 3)))
    front = y < scene.front_rows - 0.5
    x, y = np.rint(x[front]), np.rint(y[front])
    from_view = outside_photo(scene, x, y, 0.0)
    assert from_view.any()
    assert not from_view.all()
    assert np.array_equal(kinds[y.astype(int), x.astype(int)] == OUTSIDE, from_view)


def test_invented_surroundings_count_as_outside(studio: Studio) -> None:
    photo = studio.texture(320, 200)
    disparity = np.full((200, 320), 0.1, np.float32)
    path = _path(lambda s: CameraPose((0.5 * s, 0, 10)))
    bare = _foreseen(build_scene(photo, disparity), path)
    extended = _foreseen(build_scene(photo, disparity, margin=40), path)
    assert extended.outside[-1] == pytest.approx(bare.outside[-1], abs=0.002)
    assert bare.outside[-1] > 0.05


def test_a_smooth_path_and_a_jittery_one_are_both_foreseen_frame_by_frame(wide: Layered) -> None:
    """Frames are left out where the path is even; not where one frame jerks aside."""
    poses = list(_path(MOVES["truck"], 49))
    poses[21] = CameraPose((0.3, 0, 10), (0, -6, 0))
    path = CameraPath(tuple(poses), Fraction(24))
    assert _worst_error(wide.scene, path, [19, 20, 21, 22, 23]) < HALF_A_POINT
    assert 21 in _foreseen(wide.scene, path).worst


def test_the_worst_frames_are_named(wide: Layered) -> None:
    path = _path(lambda s: CameraPose((0.5 * math.sin(2 * math.pi * s) * (1 + s), 0, 10)), 49)
    found = _foreseen(wide.scene, path)
    assert len(found.worst) == 2
    assert found.worst[0] == pytest.approx(37, abs=2)
    assert found.worst[1] == pytest.approx(13, abs=2)
    assert found.total[found.worst[0]] == found.peak
    assert f"frame {found.worst[0]} " in found.sentence
    assert f"{found.peak:.1%}" in found.sentence
    assert "past the photo's edge" in found.sentence
    assert "uncovered behind things" in found.sentence


def test_every_third_frame_and_the_last(wide: Layered) -> None:
    path = _path(MOVES["truck"])
    thin = _foreseen(wide.scene, path, every=10)
    dense = _foreseen(wide.scene, path)
    assert thin.frames == (0, 10, 20, 24)
    assert thin.outside == pytest.approx([dense.outside[frame] for frame in thin.frames], abs=0.002)
    with pytest.raises(InvalidInstruction, match="1 or more"):
        _foreseen(wide.scene, path, every=0)


@pytest.mark.parametrize("percent", [0.5, 2.0, 6.0])
def test_a_move_is_scaled_until_it_fits_and_no_further(wide: Layered, percent: float) -> None:
    path = _path(MOVES["truck"])

    def of(share: float) -> CameraPath:
        return scaled_towards_first(path, share)

    share, found = fit_to(wide.scene, of, WIDTH, HEIGHT, percent)
    assert 0.0 < share < 1.0
    assert found == _foreseen(wide.scene, of(share))
    limit = percent / 100.0
    assert found.peak <= limit
    assert sum(rendered_coverage(wide.scene, of(share)[24], WIDTH, HEIGHT)) <= limit
    assert sum(rendered_coverage(wide.scene, of(share + 0.03)[24], WIDTH, HEIGHT)) > limit


def test_nothing_at_all_may_be_asked_for(wide: Layered) -> None:
    """Where only standing still, or nearly, shows nothing new."""
    path = _path(MOVES["truck"])
    share, found = fit_to(wide.scene, lambda s: scaled_towards_first(path, s), WIDTH, HEIGHT, 0.0)
    assert found.sentence.startswith("Scaling the move cannot bring it to 0%") or (
        share < 0.02 and found.peak <= 0.0005
    )


def test_a_move_that_fits_is_left_alone(wide: Layered) -> None:
    path = _path(lambda s: CameraPose((0.05 * s, 0, 10)))
    share, found = fit_to(wide.scene, lambda s: scaled_towards_first(path, s), WIDTH, HEIGHT, 10.0)
    assert share == 1.0
    assert found == _foreseen(wide.scene, path)


def test_where_scaling_cannot_help_it_says_so(wide: Layered) -> None:
    """The first frame already looks aside, and a move scaled about it always will."""
    path = _path(lambda s: CameraPose((0.5 * s, 0, 10), (0, 15, 0)))
    share, found = fit_to(wide.scene, lambda s: scaled_towards_first(path, s), WIDTH, HEIGHT, 3.0)
    assert share == 1.0
    assert found.outside == _foreseen(wide.scene, path).outside
    assert found.sentence.startswith("Scaling the move cannot bring it to 3%")


@pytest.mark.parametrize("percent", [-1.0, 101.0, math.nan])
def test_a_limit_that_makes_no_sense_is_refused(wide: Layered, percent: float) -> None:
    with pytest.raises(InvalidInstruction, match="0 to 100"):
        fit_to(wide.scene, lambda s: _path(MOVES["truck"]), WIDTH, HEIGHT, percent)


def test_it_can_be_stopped(wide: Layered) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        _foreseen(wide.scene, _path(MOVES["truck"]), cancel=token)
    with pytest.raises(Cancelled):
        fit_to(wide.scene, lambda s: _path(MOVES["truck"]), WIDTH, HEIGHT, 2.0, cancel=token)


def test_a_scaled_path_goes_its_share_of_the_way() -> None:
    first = CameraPose((1, 2, 9), (10, 170, 5), 40)
    path = CameraPath((first, CameraPose((2, 2, 7), (-20, 200, 30), 90)), Fraction(24))
    half = scaled_towards_first(path, 0.5)
    assert half[0] == first
    assert half[1].position == pytest.approx((1.5, 2, 8))
    assert half[1].focal_length == pytest.approx(60.0)
    assert abs(half[1].rotation[1] - 185) < 10  # Goes on from 170 rather than from -190.
    start, end = (rotation_from_degrees(pose.rotation) for pose in path)
    between = rotation_from_degrees(half[1].rotation)
    whole = (start.inv() * end).magnitude()
    assert (start.inv() * between).magnitude() == pytest.approx(whole / 2)
    assert (between.inv() * end).magnitude() == pytest.approx(whole / 2)
    assert scaled_towards_first(path, 1.0) == path
    still = scaled_towards_first(path, 0.0)[1]
    assert still.position == pytest.approx(first.position)
    assert still.rotation == pytest.approx(first.rotation)
    assert still.focal_length == pytest.approx(first.focal_length)
    with pytest.raises(InvalidInstruction, match="0 to 1"):
        scaled_towards_first(path, 1.5)


@pytest.mark.parametrize(
    "size", [(1280, 720), (1280, 853), (853, 1280), (1920, 817), (300, 200), (4000, 13)]
)
def test_probes_have_the_shape_of_the_frame(size: tuple[int, int]) -> None:
    width, height = probe_size(*size)
    assert max(width, height) <= 320
    if min(size) > 100:
        assert width / height == pytest.approx(size[0] / size[1], rel=0.002)
