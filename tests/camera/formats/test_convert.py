"""Axes, lenses, places and repairs that all formats share."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from synth.camera.formats import convert
from synth.camera.formats.convert import Mark
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.pose import CameraPath, CameraPose
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from tests.camera.formats.paths import C30, MOVES, S30, assert_near, paths


def test_opencv_axes_of_the_home_camera() -> None:
    home = convert.matrices_from_path(CameraPath((CameraPose(),), Fraction(24)))
    opencv = convert.other_axes(home)[0]
    assert opencv.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -10], [0, 0, 0, 1]]
    # Its world-to-camera shift is +10 along z: the subject is 10 in front of it.
    assert convert.inverted(opencv[None])[0, :3, 3].tolist() == [0, 0, 10]


@pytest.mark.parametrize(
    ("move", "column", "wanted"),
    [
        # Columns of camera-to-world in OpenCV: right (x), down (y), forward (z), place.
        ("truck right", 3, (2, 0, -10)),
        ("pedestal up", 3, (0, -2, -10)),
        ("dolly in", 3, (0, 0, -8)),
        ("pan left", 2, (-S30, 0, C30)),
        ("tilt up", 2, (0, -S30, C30)),
        # Rolled counter-clockwise, the camera's right points up, which is -y.
        ("roll counter-clockwise", 0, (C30, -S30, 0)),
    ],
)
def test_opencv_axes_of_every_move(
    move: str, column: int, wanted: tuple[float, float, float]
) -> None:
    opencv = convert.other_axes(convert.matrices_from_path(MOVES[move]))[1]
    assert opencv[:3, column] == pytest.approx(wanted, abs=1e-12)


@given(paths)
@settings(max_examples=40, deadline=None)
def test_changes_of_axes_undo_themselves(path: CameraPath) -> None:
    matrices = convert.matrices_from_path(path)
    for change in (convert.other_axes, convert.other_camera_axes, convert.inverted):
        assert np.abs(change(change(matrices)) - matrices).max() < 1e-12
    product = convert.inverted(matrices) @ matrices
    assert np.abs(product - np.eye(4)).max() < 1e-12
    assert_near(
        convert.path_from_matrices(matrices, path.focal_lengths, path.fps),
        path, units=1e-12, degrees=1e-9, focal=1e-12,
    )  # fmt: skip


def test_angles_run_on_through_many_turns_and_over_the_pole() -> None:
    angles = np.array([(5.0 * i - 61.0, 23.0 * i, -17.0 * i) for i in range(60)])
    rotations = Rotation.from_euler("YXZ", angles[:, [1, 0, 2]], degrees=True)
    assert convert.unwound(rotations) == pytest.approx(angles, abs=1e-9)


def test_a_camera_that_looks_straight_up_keeps_its_roll() -> None:
    angles = np.array([(88.0, 30.0, 20.0), (89.0, 30.0, 20.0), (90.0, 30.0, 20.0)])
    rotations = Rotation.from_euler("YXZ", angles[:, [1, 0, 2]], degrees=True)
    assert convert.unwound(rotations) == pytest.approx(angles, abs=1e-5)


@given(st.floats(8, 300), st.integers(16, 4000), st.integers(16, 4000))
@settings(max_examples=60, deadline=None)
def test_lenses_come_back(focal: float, width: int, height: int) -> None:
    near = pytest.approx(focal, rel=1e-9)
    pixels = convert.pixels_from_focal(focal, width, height)
    assert convert.focal_from_pixels(pixels, width, height) == near
    assert convert.focal_from_normalised(pixels / width, pixels / height) == near
    for across in ("width", "height"):
        fov = convert.fov_from_focal(focal, width, height, across)
        assert convert.focal_from_fov(fov, width, height, across) == near


def test_lenses_by_hand() -> None:
    # 18 mm on 36 mm sees 90 degrees across; upwards 2 atan(9 / 16).
    assert convert.fov_from_focal(18.0, 1280, 720, "width") == pytest.approx(90.0)
    assert convert.fov_from_focal(18.0, 1280, 720) == pytest.approx(
        math.degrees(2 * math.atan(9 / 16))
    )
    # VideoX-Fun's own lens sees 86.4 degrees across.
    focal = convert.focal_from_normalised(0.532139961, 0.946026558)
    assert convert.fov_from_focal(focal, 1280, 720, "width") == pytest.approx(86.4, abs=0.05)
    with pytest.raises(InvalidMedia, match="180"):
        convert.focal_from_fov([50.0, 180.0], 1280, 720)


def test_the_first_camera_is_put_at_home() -> None:
    matrices = convert.matrices_from_path(MOVES["pan left"])
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
    turned[:3, 3] = 4, 5, 6
    back = convert.anchored(turned @ matrices, "auto")
    assert back == pytest.approx(matrices, abs=1e-12)
    assert convert.anchored(turned @ matrices, "world") is not back
    assert convert.anchored(turned @ matrices, "auto", marked=True)[0, :3, 3] == pytest.approx(
        (turned @ matrices)[0, :3, 3]
    )


def test_rounded_rotations_are_put_right_and_said() -> None:
    matrices = np.tile(np.eye(4), (3, 1, 1))
    matrices[1, 0, 0] = 1.0005
    fixed, notes = convert.checked_matrices(matrices)
    assert fixed[1] == pytest.approx(np.eye(4), abs=1e-12)
    assert "0.0005" in notes[0]
    assert "frame 1" in notes[0]
    assert convert.checked_matrices(np.eye(4)[None] + 1e-8 * (np.eye(4) - 1) * 0)[1] == ()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda m: m.__setitem__((2, 0, 0), 2.0), "frame 2 is not a rotation: it is off by 1"),
        (lambda m: m.__setitem__((2, 0, 0), -1.0), "frame 2 mirrors"),
        (lambda m: m.__setitem__((1, 1, 1), math.nan), "frame 1 holds numbers that are not finite"),
        (lambda m: m.__setitem__((1, 0, 3), math.inf), "frame 1 holds numbers that are not finite"),
        (lambda m: m.__setitem__((0, 3, 0), 5.0), "frame 0 ends with the row 5 0 0 1"),
        (lambda m: m.__setitem__((0, slice(0, 3), slice(0, 3)), 0.0), "frame 0 is not a rotation"),
    ],
)
def test_what_is_no_camera_is_refused(spoil, words: str) -> None:
    matrices = np.tile(np.eye(4), (3, 1, 1))
    spoil(matrices)
    with pytest.raises(InvalidMedia, match=words):
        convert.checked_matrices(matrices)


def test_wrong_shapes_and_counts_are_refused() -> None:
    with pytest.raises(InvalidMedia, match="4 x 4"):
        convert.checked_matrices(np.zeros((2, 3, 4)))
    with pytest.raises(InvalidMedia, match="no camera"):
        convert.checked_matrices(np.zeros((0, 4, 4)))
    with pytest.raises(LimitExceeded, match="100,000"):
        convert.check_frames(100_001)


def test_far_places_and_impossible_lenses_name_their_frame() -> None:
    matrices = np.tile(np.eye(4), (3, 1, 1))
    matrices[1, 0, 3] = 20_000.0
    with pytest.raises(InvalidMedia, match=r"frame 1 stands 2e\+04 units away"):
        convert.path_from_matrices(matrices, 50.0, Fraction(24))
    matrices[1, 0, 3] = 0.0
    with pytest.raises(InvalidMedia, match="frame 2 is 3 mm"):
        convert.path_from_matrices(matrices, [50.0, 50.0, 3.0], Fraction(24))


def test_the_mark_survives_any_text_round_it() -> None:
    mark = Mark(Fraction(24000, 1001), 0.1, "first")
    assert Mark.find(f"# hello {mark.text} and more") == mark
    assert Mark.find("motion-synth.camera/1 fps=0 scale=1 anchor=world") is None
    assert Mark.find("motion-synth.camera/1 fps=24/0 scale=1 anchor=world") is None
    assert Mark.find("motion-synth.camera/1 fps=24 scale=1e999 anchor=world") is None
    assert Mark.find("motion-synth.camera/1 fps=24 scale=.. anchor=world") is None
    assert Mark.find("") is None


def test_scale_and_rate_are_the_options_then_the_files() -> None:
    matrices = np.tile(np.eye(4), (1, 1, 1))
    matrices[0, 0, 3] = 3.0
    world = ReadOptions(anchor="world")
    unknown = convert.placed(matrices, world)
    assert (unknown.scale_known, unknown.fps) == (False, 24)
    assert "24" in unknown.notes[0]
    marked = convert.placed(matrices, world, Mark(Fraction(30), 2.0))
    assert marked.matrices[0, 0, 3] == 1.5
    assert (marked.scale_known, marked.fps, marked.notes) == (True, 30, ())
    chosen = convert.placed(
        matrices, ReadOptions(scale=10.0, fps=Fraction(60), anchor="world"), Mark(Fraction(30), 2.0)
    )
    assert chosen.matrices[0, 0, 3] == 30.0
    assert chosen.fps == 60


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": 0.0}, {"scale": math.nan}, {"scale": 1e7}, {"fps": Fraction(121)},
        {"fps": Fraction(0)}, {"anchor": "home"}, {"aspect": (0, 720)}, {"focal_length": 3.0},
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(wrong: dict) -> None:
    with pytest.raises(InvalidInstruction):
        ReadOptions(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"width": 0}, {"height": 99_999}, {"scale": -1.0}, {"anchor": "auto"}, {"name": "x" * 201}],
)
def test_options_of_writing_that_make_no_sense_are_refused(wrong: dict) -> None:
    with pytest.raises(InvalidInstruction):
        WriteOptions(**wrong)


@given(st.lists(st.tuples(*[st.floats(-40.0, 40.0)] * 3), min_size=2, max_size=40))
@settings(max_examples=60, deadline=None)
def test_small_steps_are_followed_whatever_they_add_up_to(steps: list) -> None:
    angles = np.cumsum(np.array(steps), axis=0)
    rotations = Rotation.from_euler("YXZ", angles[:, [1, 0, 2]], degrees=True)
    found = convert.unwound(rotations)
    again = Rotation.from_euler("YXZ", found[:, [1, 0, 2]], degrees=True)
    assert np.degrees((rotations * again.inv()).magnitude()).max() < 1e-5
    if np.abs(angles[:, 0]).max() < 89.0:
        start = angles[0] + 360.0 * np.round((found[0] - angles[0]) / 360.0) - angles[0]
        assert found == pytest.approx(angles + start, abs=1e-6)


def test_an_angle_next_to_nothing_is_refused_as_a_lens() -> None:
    focal = convert.focal_from_fov([1e-320], 1280, 720)
    with pytest.raises(InvalidMedia, match="lens of frame 0 is inf mm"):
        convert.path_from_matrices(np.eye(4)[None], focal, Fraction(24))
