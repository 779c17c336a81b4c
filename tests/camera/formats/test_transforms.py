"""transforms.json: layout, signs, lenses given in every way, round trips, bad files."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.transforms import read, recognise, write
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia
from tests.camera.formats.hostile import refuses_bad_files, survives_odd_values, without_spaces
from tests.camera.formats.paths import C30, GOLDEN, MOVES, S30, assert_near, paths, sample_path

HOME = [[1, 0, 0, 0], [0, 0, -1, -10], [0, 1, 0, 0], [0, 0, 0, 1]]
"""The home camera with Z up: at (0, -10, 0), its back along -Y."""


def written(path: CameraPath, **options: Any) -> dict[str, Any]:
    return json.loads(write(path, None, WriteOptions(**options)).data)


def bare(**values: Any) -> bytes:
    """A file of two foreign cameras, the second 2 to the right."""
    right = [[1, 0, 0, 2], *HOME[1:]]
    frames = [{"file_path": "a.png", "transform_matrix": matrix} for matrix in (HOME, right)]
    return without_spaces({"frames": frames, **values})


@pytest.mark.parametrize(
    ("move", "rows"),
    [
        ("truck right", [[1, 0, 0, 2], [0, 0, -1, -10], [0, 1, 0, 0]]),
        ("pedestal up", [[1, 0, 0, 0], [0, 0, -1, -10], [0, 1, 0, 2]]),
        ("dolly in", [[1, 0, 0, 0], [0, 0, -1, -8], [0, 1, 0, 0]]),
        # The third column is the camera's back: (sin 30, -cos 30, 0), so it looks to the left.
        ("pan left", [[C30, 0, S30, 0], [S30, 0, -C30, -10], [0, 1, 0, 0]]),
        ("tilt up", [[1, 0, 0, 0], [0, -S30, -C30, -10], [0, C30, -S30, 0]]),
        ("roll counter-clockwise", [[C30, -S30, 0, 0], [0, 0, -1, -10], [S30, C30, 0, 0]]),
    ],
)
def test_signs(move: str, rows: list) -> None:
    first, second = (frame["transform_matrix"] for frame in written(MOVES[move])["frames"])
    assert first == HOME
    for found, want in zip(second, [*rows, [0, 0, 0, 1]], strict=True):
        assert found == pytest.approx(want, abs=1e-12)


def test_layout() -> None:
    values = written(sample_path())
    assert values["orientation_override"] == "none"
    frame = values["frames"][0]
    assert frame["file_path"] == "images/frame_00001.png"
    # 50 mm of 36 mm across 1280 pixels.
    assert frame["fl_x"] == frame["fl_y"] == pytest.approx(1280 * 50 / 36)
    assert (frame["cx"], frame["cy"], frame["w"], frame["h"]) == (640, 360, 1280, 720)
    assert values["frames"][4]["fl_x"] == pytest.approx(1280 * 60 / 36)


def test_the_golden_file_is_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "transforms_ours.json").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, ReadOptions())
    assert_near(found.path, sample_path(), units=1e-9, degrees=1e-7, focal=1e-9)
    assert found.notes == ()


@given(paths)
@settings(max_examples=40, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(640, 800, scale=4.0)).data, ReadOptions()).path
    assert_near(back, path, units=1e-9, degrees=1e-7, focal=1e-9)


def test_a_foreign_file_begins_at_home() -> None:
    found = read(bare(fl_x=1000, w=1000, h=500), ReadOptions(scale=3.0, fps=Fraction(10)))
    assert found.path[0].is_home
    assert found.path[1].position == pytest.approx((6, 0, 10))
    assert found.path[0].focal_length == pytest.approx(36.0)
    assert found.path.fps == 10
    assert found.scale_known
    assert not read(bare(fl_x=1000, w=1000, h=500), ReadOptions()).scale_known


def test_lenses_in_every_way_they_are_given() -> None:
    def lens(**values: Any) -> float:
        return read(bare(**values), ReadOptions()).path[0].focal_length

    assert lens(fl_x=900, cx=500, cy=250) == pytest.approx(36 * 0.9)
    assert lens(fl_y=900, w=500, h=1000) == pytest.approx(36 * 0.9)
    # Upright: the lens counts along the height, and so does fl_y.
    assert lens(fl_x=800, fl_y=900, w=500, h=1000) == pytest.approx(36 * 0.9)
    # The angle across the width of NeRF's first data sets: 90 degrees are 18 mm.
    assert lens(camera_angle_x=math.pi / 2, w=800, h=800) == pytest.approx(18)
    assert lens(fl_x=1280) == pytest.approx(36)
    assert lens() == 50


def test_what_was_assumed_or_lost_is_told_once() -> None:
    notes = read(bare(k1=0.1, fl_x=900, fl_y=990, w=1000, h=500, cx=400), ReadOptions()).notes
    for word in ("distortion", "Focal lengths across and up", "principal point", "24 frames"):
        assert len([note for note in notes if word in note]) == 1
    assert "no frame size" in " ".join(read(bare(fl_x=900), ReadOptions()).notes)


def test_three_rows_are_enough() -> None:
    values = json.loads(bare(fl_x=1000, w=1000, h=500))
    values["frames"][1]["transform_matrix"].pop()
    assert read(without_spaces(values), ReadOptions()).path[1].position == pytest.approx((2, 0, 10))


def test_bad_files() -> None:
    refuses_bad_files(read)
    values = written(sample_path())
    assert survives_odd_values(values, lambda v: read(without_spaces(v), ReadOptions()), 7) > 50


def test_bad_cameras_are_named() -> None:
    values = json.loads(bare(fl_x=1000, w=1000, h=500))
    values["frames"][1]["transform_matrix"][0][0] = -1
    with pytest.raises(InvalidMedia, match="frame 1 mirrors"):
        read(without_spaces(values), ReadOptions())
    values["frames"][1]["transform_matrix"] = [[1, 2], [3, 4]]
    with pytest.raises(InvalidMedia, match=r"frames\[1\].transform_matrix holds 4 numbers"):
        read(without_spaces(values), ReadOptions())
    with pytest.raises(InvalidMedia, match="camera_angle_x is 4 radians"):
        read(bare(camera_angle_x=4), ReadOptions())
    with pytest.raises(InvalidMedia, match="width of 0"):
        read(bare(fl_x=1, w=0, h=10), ReadOptions())


def test_it_is_recognised() -> None:
    assert recognise((GOLDEN / "transforms_ours.json").read_bytes(), "") == 1.0
    assert recognise((GOLDEN / "nerfstudio_ours.json").read_bytes(), "transforms.json") == 0.0
