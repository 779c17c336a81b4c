"""The renderer: the photo at home, true perspective elsewhere, exact below the pixel."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from synth.camera.pose import HOME, CameraPose
from synth.render.renderer import Renderer
from synth.scene.build import build_scene
from synth.scene.edges import find_steps
from synth.scene.sheets import Scene

if TYPE_CHECKING:
    from tests.conftest import Layered, Studio

WIDTH, HEIGHT = 240, 160

PLANES = {
    "wall": (0.1, 0.0, 0.0),
    "floor": (0.1, 0.0, 4e-4),
    "slanted": (0.09, -2e-4, 1.5e-4),
}
"""Disparity in the middle of the picture, and its slope per pixel across and down."""


def _plane(kind: str) -> np.ndarray:
    level, across, down = PLANES[kind]
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    return level + across * (x - WIDTH / 2) + down * (y - HEIGHT / 2)


@pytest.fixture(scope="module")
def plane_scene(studio: Studio) -> Callable[[str], Scene]:
    photo = studio.texture(WIDTH, HEIGHT, 7, ((0, 0, 0), (255, 255, 255)), sigma=2.5)
    return cache(lambda kind: build_scene(photo, _plane(kind).astype(np.float32)))


def _homography(studio: Studio, kind: str, pose: CameraPose) -> np.ndarray:
    """Photo pixel to frame pixel (centres at whole numbers), from four points in space."""
    level, across, down = PLANES[kind]
    corners = np.array([[20, 20], [220, 20], [220, 140], [20, 140]], float)
    inverse = level + across * (corners[:, 0] - WIDTH / 2) + down * (corners[:, 1] - HEIGHT / 2)
    x, y, _ = studio.place(pose, (WIDTH, HEIGHT), corners[:, 0], corners[:, 1], inverse)
    rows = []
    for (u, v), s, t in zip(corners - 0.5, x - 0.5, y - 0.5, strict=True):
        rows.append([u, v, 1, 0, 0, 0, -s * u, -s * v, -s])
        rows.append([0, 0, 0, u, v, 1, -t * u, -t * v, -t])
    return np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)


def _seen_inside(matrix: np.ndarray, border: int) -> np.ndarray:
    """Frame pixels that look at the photo's inside, some pixels from its border."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    u, v, w = np.einsum("ij,jhw->ihw", np.linalg.inv(matrix), np.stack([x, y, np.ones_like(x)]))
    u, v = u / w, v / w
    return (u > border) & (u < WIDTH - border) & (v > border) & (v < HEIGHT - border)


@pytest.mark.parametrize("focal_length", [24.0, 50.0, 135.0])
def test_at_home_with_the_photos_lens_the_frame_is_the_photo(
    studio: Studio, focal_length: float
) -> None:
    made = studio.layered(160, 100, focal_length=focal_length)
    renderer = Renderer(made.scene, 160, 100)
    home = CameraPose(focal_length=focal_length)
    assert np.array_equal(renderer.frame(home), made.photo)
    assert np.array_equal(renderer.view(home).frame, made.photo)


def test_a_frame_belongs_to_the_caller(layered: Layered) -> None:
    renderer = Renderer(layered.scene, 320, 200)
    renderer.frame(HOME)[:] = 0
    away = CameraPose((0.3, 0, 10))
    first = renderer.frame(away)
    kept = first.copy()
    renderer.frame(CameraPose((-0.3, 0, 10)))
    assert np.array_equal(first, kept)
    assert np.array_equal(renderer.frame(HOME), layered.photo)
    assert np.array_equal(renderer.frame(away), kept)


@pytest.mark.parametrize(
    "pose",
    [
        CameraPose((1e-6, 0, 10)),
        CameraPose((0, -1e-6, 10)),
        CameraPose((0, 0, 10 + 1e-6)),
        CameraPose(rotation=(1e-6, 0, 0)),
        CameraPose(rotation=(0, 0, 1e-6)),
        CameraPose(focal_length=50.000001),
    ],
)
def test_a_hair_away_from_home_the_frame_is_nearly_the_photo(
    layered: Layered, pose: CameraPose
) -> None:
    frame = Renderer(layered.scene, 320, 200).frame(pose)
    error = np.abs(frame.astype(int) - layered.photo)
    assert error.mean() < 0.05
    assert (error.max(axis=2) <= 2).mean() > 0.99


@settings(max_examples=40)
@given(
    kind=st.sampled_from(sorted(PLANES)),
    position=st.tuples(st.floats(-2, 2), st.floats(-1.5, 1.5), st.floats(6.5, 13)),
    rotation=st.tuples(st.floats(-12, 12), st.floats(-12, 12), st.floats(-180, 180)),
    focal_length=st.floats(30, 110),
)
def test_a_plane_is_seen_through_its_homography(
    studio: Studio, plane_scene: Callable[[str], Scene], kind, position, rotation, focal_length
) -> None:
    pose = CameraPose(position, rotation, focal_length)
    scene = plane_scene(kind)
    view = Renderer(scene, WIDTH, HEIGHT).view(pose)
    matrix = _homography(studio, kind, pose)
    expected = cv2.warpPerspective(scene.photo, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    error = np.abs(view.frame.astype(int) - expected)
    # At the photo's border the surface bends, which costs the cells there a fraction of a pixel.
    deep = _seen_inside(matrix, 36)
    assert error[deep].max(initial=0) <= 2
    inside = _seen_inside(matrix, 4)
    assume(inside.sum() > 500)
    assert error[inside].mean() < 0.5
    assert np.percentile(error[inside], 99.9) <= 8


@settings(max_examples=25)
@given(
    kind=st.sampled_from(sorted(PLANES)),
    position=st.tuples(st.floats(-2, 2), st.floats(-1.5, 1.5), st.floats(6.5, 13)),
    rotation=st.tuples(st.floats(-12, 12), st.floats(-12, 12), st.floats(-180, 180)),
)
def test_nearness_is_the_inverse_of_depth_along_the_axis(
    studio: Studio, plane_scene: Callable[[str], Scene], kind, position, rotation
) -> None:
    pose = CameraPose(position, rotation)
    view = Renderer(plane_scene(kind), WIDTH, HEIGHT).view(pose)
    matrix = _homography(studio, kind, pose)
    # Each pixel says which photo place it shows; geometry says how far that place is.
    left, _, top, _ = plane_scene(kind).photo_area
    x, y = view.texture_x - left + 0.5, view.texture_y - top + 0.5
    level, across, down = PLANES[kind]
    inverse = level + across * (x - WIDTH / 2) + down * (y - HEIGHT / 2)
    sx, sy, depth = studio.place(pose, (WIDTH, HEIGHT), x, y, inverse)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    # Near the photo's border cells may be off by as much as merging them is allowed.
    for border, pixels, share in ((36, 0.02, 1e-4), (4, 0.6, 0.015)):
        inside = _seen_inside(matrix, border)
        assert np.abs(sx - columns)[inside].max(initial=0.0) < pixels
        assert np.abs(sy - rows)[inside].max(initial=0.0) < pixels
        assert np.abs(view.nearness * depth - 1.0)[inside].max(initial=0.0) < share


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    position=st.tuples(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8), st.floats(7.5, 11)),
    rotation=st.tuples(st.floats(-6, 6), st.floats(-6, 6), st.floats(-180, 180)),
    focal_length=st.floats(40, 90),
)
def test_a_surface_of_cells_of_all_sizes_has_no_holes(
    studio: Studio, seed: int, position, rotation, focal_length
) -> None:
    """Hills beside plains beside kinks: nowhere does what lies behind show through."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    inverse = 0.09 + rng.uniform(-1e-4, 1e-4) * (x - 120) + rng.uniform(-2e-4, 2e-4) * (y - 80)
    for _ in range(4):
        cx, cy, size = rng.uniform(40, 200), rng.uniform(40, 120), rng.uniform(5, 30)
        hill = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * size**2))
        inverse += rng.uniform(-0.02, 0.03) * np.minimum(size / 25, 1) * hill
    inverse = np.maximum(inverse, 0.09 + rng.uniform(-0.01, 0.0)).astype(np.float32)
    scene = build_scene(studio.texture(WIDTH, HEIGHT, 7), inverse)
    assume(not find_steps(inverse, 4.0 / (50 / 36 * WIDTH)).any)
    view = Renderer(scene, WIDTH, HEIGHT).view(CameraPose(position, rotation, focal_length))
    # A hole is a patch of another sheet with the front all around it.
    front = view.texture_y < scene.front_rows - 0.5
    assert front.sum() > 500
    count, labels = cv2.connectedComponents((~front).astype(np.uint8), connectivity=4)
    frame_border = {*labels[0], *labels[-1], *labels[:, 0], *labels[:, -1]}
    assert set(range(1, count)) <= frame_border


def test_home_nearness_is_the_photos_disparity(layered: Layered) -> None:
    view = Renderer(layered.scene, 320, 200).view(HOME)
    wrong = np.abs(view.nearness - layered.disparity) > 1e-3
    grown = cv2.dilate((layered.disparity > 0.1).astype(np.uint8), np.ones((5, 5), np.uint8))
    shrunk = cv2.erode((layered.disparity > 0.1).astype(np.uint8), np.ones((5, 5), np.uint8))
    assert not (wrong & (grown == shrunk)).any()


@pytest.fixture(scope="module")
def spot() -> Scene:
    """A smooth bright spot on an even wall at the subject plane."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    light = 40 + 180 * np.exp(-((x - 111.3) ** 2 + (y - 84.6) ** 2) / (2 * 6.0**2))
    photo = np.repeat(np.rint(light)[..., None], 3, axis=2).astype(np.uint8)
    return build_scene(photo, np.full((HEIGHT, WIDTH), 0.1, np.float32))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_slow_move_carries_things_evenly_below_the_pixel(
    studio: Studio, spot: Scene, axis: int
) -> None:
    """No rounding jitter: 40 frames at a seventh of a pixel each lie on one straight line."""
    renderer = Renderer(spot, WIDTH, HEIGHT)
    per_unit = 50 / 36 * WIDTH * 0.1
    centres = []
    for frame in range(40):
        position = [0.0, 0.0, 10.0]
        position[axis] = (frame + 1) / 7 / per_unit
        picture = renderer.frame(CameraPose((position[0], position[1], position[2])))
        centres.append(studio.centroid(picture, 45.0)[axis])
    times = np.arange(1, 41)
    slope, start = np.polyfit(times, centres, 1)
    assert abs(slope) == pytest.approx(1 / 7, rel=2e-3)
    assert np.abs(np.polyval([slope, start], times) - centres).max() < 0.02


@pytest.mark.parametrize("zoom", [0.6, 0.83, 1.001, 1.37, 2.2])
def test_zooming_scales_about_the_exact_centre(studio: Studio, spot: Scene, zoom: float) -> None:
    renderer = Renderer(spot, WIDTH, HEIGHT)
    home = studio.centroid(renderer.frame(HOME), 45.0)
    picture = renderer.frame(CameraPose(focal_length=50 * zoom))
    picture[: HEIGHT // 4] = 40  # what lies beyond the photo's border is not of interest here
    x, y = studio.centroid(picture, 45.0)
    assert x == pytest.approx(WIDTH / 2 + zoom * (home[0] - WIDTH / 2), abs=0.03)
    assert y == pytest.approx(HEIGHT / 2 + zoom * (home[1] - HEIGHT / 2), abs=0.03)


def test_beyond_the_photo_its_rim_is_drawn_out_and_not_its_middle(spot: Scene) -> None:
    """The spot is bright, the photo's whole border dark: so is everything around the photo."""
    picture = Renderer(spot, WIDTH, HEIGHT).frame(CameraPose(focal_length=30.0))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    around = (np.abs(x - WIDTH / 2) > 0.31 * WIDTH) | (np.abs(y - HEIGHT / 2) > 0.31 * HEIGHT)
    assert picture[around].max() <= 48


@pytest.mark.parametrize(
    ("across", "down"),
    [(0.0, 0.0), (0.05, 0.0), (-0.1, 0.0), (0.0, 0.06), (0.0, -0.06), (0.04, 0.04), (-0.05, 0.05)],
)
@pytest.mark.parametrize("size", [(240, 160), (640, 400)])
def test_nothing_behind_the_photo_comes_in_front_of_it(
    size: tuple[int, int], across: float, down: float
) -> None:
    """Also where a surface recedes towards the border, up to the last pixel."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width] + 0.5
    inverse = 0.1 + across * (x / width - 0.5) + down * (y / height - 0.5)
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    scene = build_scene(photo, inverse.astype(np.float32))
    view = Renderer(scene, width, height).view(CameraPose((0, 0, 10.0001)))
    assert (view.texture_y >= scene.front_rows - 0.5).sum() == 0


def test_zooming_shows_no_parallax(layered: Layered) -> None:
    frame = Renderer(layered.scene, 320, 200).frame(CameraPose(focal_length=75.0))
    matrix = np.array([[1.5, 0, -0.25 * 320 + 0.25], [0, 1.5, -0.25 * 200 + 0.25]])
    expected = cv2.warpAffine(layered.photo, matrix, (320, 200), flags=cv2.INTER_LINEAR)
    error = np.abs(frame.astype(int) - expected).max(axis=2)
    assert np.median(error) <= 1
    assert (error <= 3).mean() > 0.97


@pytest.mark.parametrize(
    ("pose", "name"),
    [
        (CameraPose((0.5, 0.0, 10.0)), "right"),
        (CameraPose((-0.45, 0.3, 10.0)), "left and up"),
        (CameraPose((0.0, 0.0, 7.5)), "forward"),
        (CameraPose((0.2, 0.1, 12.0), (1.0, 2.0, 5.0)), "back and turned"),
    ],
)
def test_the_nearer_thing_covers_the_farther_where_geometry_puts_it(
    studio: Studio, layered: Layered, pose: CameraPose, name: str
) -> None:
    view = Renderer(layered.scene, 320, 200).view(pose)
    corners = np.array(
        [
            [layered.left, layered.top],
            [layered.right, layered.top],
            [layered.right, layered.bottom],
            [layered.left, layered.bottom],
        ],
        float,
    )
    x, y, depth = studio.place(pose, (320, 200), corners[:, 0], corners[:, 1], layered.near)
    fine = np.zeros((1600, 2560), np.uint8)
    cv2.fillPoly(fine, [np.rint(np.stack([x, y], 1) * 8).astype(np.int32)], 1)
    share = cv2.resize(fine.astype(np.float32), (320, 200), interpolation=cv2.INTER_AREA)
    red = studio.red(view.frame)
    assert red[share == 1.0].mean() > 0.995, name
    far = cv2.dilate(share, np.ones((3, 3), np.uint8)) == 0.0
    assert not red[far].any(), name
    inside = cv2.erode(share, np.ones((5, 5), np.uint8)) == 1.0
    assert np.all(view.nearness[inside] > 0.9 / depth.max()), name
    assert np.all(view.nearness[cv2.dilate(share, np.ones((7, 7), np.uint8)) == 0.0] < 0.09), name


SIDEWAYS = [
    CameraPose((0.8, 0.0, 10.0)),
    CameraPose((-0.8, 0.0, 10.0)),
    CameraPose((0.0, 0.7, 10.0)),
    CameraPose((0.5, -0.5, 10.0)),
    CameraPose((0.0, 0.0, 12.5)),
    CameraPose((0.6, 0.0, 9.0), (0.0, 3.0, 0.0)),
]


@pytest.mark.parametrize("pose", SIDEWAYS)
def test_what_a_move_uncovers_is_background_and_nothing_is_stretched_or_empty(
    studio: Studio, layered: Layered, pose: CameraPose
) -> None:
    frame = Renderer(layered.scene, 320, 200).frame(pose)
    red, teal = studio.red(frame), studio.teal(frame)
    mixed = ~red & ~teal
    # A mixed pixel stands on the silhouette: one red and one teal neighbour within two pixels.
    around = np.ones((5, 5), np.uint8)
    near_red = cv2.dilate(red.astype(np.uint8), around) > 0
    near_teal = cv2.dilate(teal.astype(np.uint8), around) > 0
    assert not (mixed & ~(near_red & near_teal)).any()
    assert frame.max(axis=2).min() > 60
    # A rubber sheet would be red or mixed over the whole width of what was uncovered.
    silhouette = cv2.Canny(red.astype(np.uint8) * 255, 100, 200) > 0
    assert mixed.sum() < 2.2 * silhouette.sum()


@pytest.mark.parametrize("pose", SIDEWAYS)
def test_what_a_move_uncovers_lies_behind(layered: Layered, pose: CameraPose) -> None:
    """Depth, too, jumps from near to far with nothing in between but the soft edge itself."""
    view = Renderer(layered.scene, 320, 200).view(pose)
    depth = 1.0 / np.maximum(view.nearness, 1e-6)
    turned_far = depth > 0.8 / layered.far * 0.9
    near = depth < 1.35 / layered.near
    assert (~turned_far & ~near).mean() < 0.002


def test_silhouettes_are_soft_and_take_values_in_between(studio: Studio) -> None:
    """Moved by half a pixel, an edge pixel shows half of each side, not one or the other."""
    photo = np.full((100, 160, 3), 40, np.uint8)
    photo[30:70, 50:110] = 220
    disparity = np.full((100, 160), 0.06, np.float32)
    disparity[30:70, 50:110] = 0.12
    renderer = Renderer(build_scene(photo, disparity), 160, 100)
    per_unit = 50 / 36 * 160 * 0.12
    seen = []
    for shift in (0.0, 0.25, 0.5, 0.75, 1.0):
        frame = renderer.frame(CameraPose((-shift / per_unit + 1e-9, 0, 10)))
        row = frame[50, :, 0].astype(float)
        # How much of the row is bright says where both edges are together; each alone:
        seen.append((row[45:80] - 40).sum() / 180.0)
        if shift in (0.25, 0.5, 0.75):
            between = (row > 50) & (row < 210)
            assert 2 <= between.sum() <= 4
    steps = -np.diff(seen)
    assert np.all(np.abs(steps - 0.25) < 0.09)


def test_any_size_of_frame_shows_the_same_picture(layered: Layered) -> None:
    pose = CameraPose((0.3, 0.1, 9.5), (0, 1, 2))
    full = Renderer(layered.scene, 320, 200).frame(pose)
    small = Renderer(layered.scene, 160, 100).frame(pose)
    shrunk = cv2.resize(full, (160, 100), interpolation=cv2.INTER_AREA)
    error = np.abs(small.astype(int) - shrunk)
    assert error.mean() < 6.0
    assert Renderer(layered.scene, 641, 399).frame(pose).shape == (399, 641, 3)


def test_looking_away_from_everything_still_gives_a_frame(layered: Layered) -> None:
    for pose in (
        CameraPose(rotation=(0, 180, 0)),
        CameraPose(rotation=(89, 0, 0)),
        CameraPose((0, 0, -40)),
        CameraPose((0, 0, 2.0)),
        CameraPose((300, 0, 10)),
    ):
        view = Renderer(layered.scene, 320, 200).view(pose)
        assert view.frame.shape == (200, 320, 3)
        assert not np.isnan(view.nearness).any()
