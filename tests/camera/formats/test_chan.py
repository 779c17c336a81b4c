"""Nuke .chan: layout, signs, rotation order, gaps, round trips, bad files."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats.chan import read, recognise, write
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.pose import CameraPath, CameraPose
from synth.errors import InvalidMedia, LimitExceeded
from tests.camera.formats.hostile import refuses_bad_files
from tests.camera.formats.paths import GOLDEN, MOVES, assert_near, paths, sample_path

WORLD = ReadOptions(anchor="world")


def rows(path: CameraPath, options: WriteOptions | None = None) -> list[list[float]]:
    text = write(path, None, options or WriteOptions()).data.decode()
    return [[float(word) for word in line.split("\t")] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("move", "want"),
    [
        ("truck right", (2, 0, 10, 0, 0, 0)),
        ("pedestal up", (0, 2, 10, 0, 0, 0)),
        ("dolly in", (0, 0, 8, 0, 0, 0)),
        ("pan left", (0, 0, 10, 0, 30, 0)),
        ("tilt up", (0, 0, 10, 30, 0, 0)),
        ("roll counter-clockwise", (0, 0, 10, 0, 0, 30)),
    ],
)
def test_signs(move: str, want: tuple) -> None:
    first, second = rows(MOVES[move])
    assert first[:7] == [1, 0, 0, 10, 0, 0, 0]
    assert second[:7] == pytest.approx((2, *want))


def test_the_lens_is_across_the_height() -> None:
    assert rows(sample_path())[0][7] == pytest.approx(2 * math.degrees(math.atan(10.125 / 50)))
    upright = rows(sample_path(), WriteOptions(720, 1280))[0][7]
    assert upright == pytest.approx(2 * math.degrees(math.atan(18 / 50)))


def _turn(axis: str, degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return {
        "x": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


def test_rotation_order_is_z_then_x_then_y() -> None:
    found = read(b"1 0 0 0 20 40 60 50\n", WORLD).path[0]
    want = _turn("y", 40) @ _turn("x", 20) @ _turn("z", 60)
    assert found.world_from_camera == pytest.approx(want, abs=1e-12)


def test_the_golden_file_is_what_we_write() -> None:
    data = (GOLDEN / "chan_ours.chan").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, WORLD)
    assert_near(found.path, sample_path(), units=1e-7, degrees=1e-6, focal=1e-7)
    assert not found.scale_known
    for word in ("ZXY", "24 frames per second", "1280 x 720"):
        assert word in " ".join(found.notes)


@given(paths)
@settings(max_examples=40, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    data = write(path, None, WriteOptions(640, 800, scale=10.0)).data
    options = ReadOptions(scale=0.1, anchor="world", fps=path.fps, aspect=(640, 800))
    assert_near(read(data, options).path, path, units=1e-7, degrees=1e-6, focal=1e-7)


def test_more_than_one_turn_is_kept_in_the_file() -> None:
    path = CameraPath(tuple(CameraPose(rotation=(0, 90.0 * i, 0)) for i in range(9)), Fraction(24))
    assert [row[5] for row in rows(path)] == [90 * i for i in range(9)]
    assert read(write(path, None, WriteOptions()).data, WORLD).path[8].rotation == (0, 720, 0)


def test_relative_to_the_first_camera() -> None:
    first, second = rows(MOVES["dolly in"], WriteOptions(anchor="first"))
    assert first[1:7] == [0, 0, 0, 0, 0, 0]
    assert second[1:7] == [0, 0, -2, 0, 0, 0]


def test_any_first_frame_remarks_spaces_and_no_lens() -> None:
    text = b"# from a tracker\r\n  1001   1 2 3  0 0 0\r\n\r\n1002\t2 2 3\t0 0 0\r\n"
    found = read(text, ReadOptions(focal_length=35))
    assert len(found.path) == 2
    assert found.path[0].is_home
    assert found.path[1].position == pytest.approx((1, 0, 10))
    assert found.path[1].focal_length == 35
    assert "no lens" in " ".join(found.notes)


def test_frames_between_are_filled_in_straight_lines() -> None:
    found = read(b"-2 0 0 0 0 0 0 40\n2 8 0 0 0 0 20 60\n", WORLD)
    assert [pose.position[0] for pose in found.path] == pytest.approx([0, 2, 4, 6, 8])
    assert found.path[1].rotation[2] == pytest.approx(5)
    assert "2 lines" in " ".join(found.notes)


def test_bad_files() -> None:
    refuses_bad_files(read)
    for text, said in (
        ("1 0 0 0 0 0\n", "Line 1 holds 6 numbers"),
        ("1 0 0 0 0 0 0\n2 0 0 0 0 0 0 50\n", "Line 2 holds 8 numbers, the lines before it 7"),
        ("1 0 0 0 0 0 0\n1 0 0 0 0 0 0\n", "Line 2 is frame 1, after frame 1"),
        ("1.5 0 0 0 0 0 0\n", "must be whole"),
        ("1 0 0 nan 0 0 0\n", "'nan', which is not a number"),
        ("1 0 0 1e999 0 0 0\n", "finite"),
        ("1 0 0 0 0 0 0 180\n", "180 degrees"),
        ("1 0 0 99999 0 0 0\n", "Import with a smaller scale"),
    ):
        with pytest.raises(InvalidMedia, match=said):
            read(text.encode(), WORLD)
    with pytest.raises(LimitExceeded, match="1,000,000"):
        read(b"1 0 0 0 0 0 0\n1000000 0 0 0 0 0 0\n", WORLD)


def test_it_is_recognised() -> None:
    data = (GOLDEN / "chan_ours.chan").read_bytes()
    assert recognise(data, "shot.chan") == 0.95
    assert recognise(data, "") == 0.6
    assert recognise((GOLDEN / "re10k_ours.txt").read_bytes(), "") == 0.0
    assert recognise((GOLDEN / "wan_camera_ours.txt").read_bytes(), "") == 0.0
