"""ReCamMaster files: Unreal's axes by hand, the loaders' own arithmetic, round trips."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats.convert import matrices_from_path, other_camera_axes
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.recammaster import read, recognise, write
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia
from tests.camera.formats.paths import (
    C30,
    GOLDEN,
    MOVES,
    S30,
    assert_near,
    one_lens,
    paths,
    sample_path,
)


def columns(path: CameraPath, frame: int) -> np.ndarray:
    """The groups of a frame as the loaders parse them, one per row."""
    text = json.loads(write(path, None, WriteOptions()).data)[f"frame{frame}"]["cam01"]
    groups = text.strip().split("] [")
    return np.array([[float(w) for w in g.strip("[]").split()] for g in groups])


@pytest.mark.parametrize(
    ("move", "group", "wanted"),
    [
        # Unreal: x forward, y right, z up, centimetres; home stands 1000 behind the origin.
        ("truck right", 3, (-1000, 200, 0, 1)),
        ("pedestal up", 3, (-1000, 0, 200, 1)),
        ("dolly in", 3, (-800, 0, 0, 1)),
        # Group 0 is where the camera looks, group 1 its right, group 2 its up.
        ("pan left", 0, (C30, -S30, 0, 0)),
        ("pan left", 1, (S30, C30, 0, 0)),
        ("tilt up", 0, (C30, 0, S30, 0)),
        ("tilt up", 2, (-S30, 0, C30, 0)),
        ("roll counter-clockwise", 1, (0, C30, S30, 0)),
        ("roll counter-clockwise", 2, (0, -S30, C30, 0)),
    ],
)
def test_signs(move: str, group: int, wanted: tuple[float, ...]) -> None:
    assert columns(MOVES[move], 1)[group] == pytest.approx(wanted, abs=1e-8)


@given(paths)
@settings(max_examples=25, deadline=None)
def test_the_loaders_see_the_same_relative_poses(path: CameraPath) -> None:
    """Their arithmetic: transpose, columns 1 2 0 3, second negated, place / 100, then relative."""
    loaded = np.array([columns(path, frame).T for frame in range(len(path))])
    loaded = loaded[:, :, [1, 2, 0, 3]]
    loaded[:, :3, 1] *= -1.0
    loaded[:, :3, 3] /= 100.0
    relative = np.linalg.inv(loaded[0]) @ loaded
    ours = other_camera_axes(matrices_from_path(path))
    assert relative == pytest.approx(np.linalg.inv(ours[0]) @ ours, abs=1e-6)


def test_a_file_of_ten_cameras_gives_the_first() -> None:
    found = read((GOLDEN / "recammaster_ten.json").read_bytes(), ReadOptions())
    assert found.path[0].is_home
    # 200 cm forward, 100 right, 50 up; a metre is a unit until somebody says otherwise.
    assert found.path[1].position == pytest.approx((1, 0.5, 8))
    assert not found.scale_known
    assert "cam01 was read" in found.notes[0]
    scaled = read((GOLDEN / "recammaster_ten.json").read_bytes(), ReadOptions(scale=3.0))
    assert scaled.path[1].position == pytest.approx((3, 1.5, 4))


def test_the_golden_file_is_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "recammaster_ours.json").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, ReadOptions())
    assert_near(found.path, one_lens(sample_path()), units=1e-8, degrees=1e-6)
    assert found.scale_known
    assert recognise(data, "") > 0.9


@given(paths)
@settings(max_examples=30, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    written = write(path, None, WriteOptions(scale=2.0))
    found = read(written.data, ReadOptions(focal_length=path[0].focal_length))
    assert_near(found.path, one_lens(path), units=1e-8, degrees=1e-6)


def _file(matrix: object) -> bytes:
    return json.dumps({"frame0": {"cam01": matrix}}).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[]", "is an object"),
        (b'{"a": 1}', "no camera"),
        (b'{"frame0": {"lens": 1}}', "frame0 holds no camera"),
        (b'{"frame0": 7}', "frame0 holds no camera"),
        (_file(7), "cam01 of frame0 is 7"),
        (_file("[1 0 0 0] [0 1 0 0] [0 0 1 0]"), "four groups of four"),
        (_file("[1 0 0 0] [0 1 0 0] [0 0 1 0] [nan 0 0 1]"), "'nan'"),
        (_file("[1 0 0 0] [0 1 0 0] [0 0 1 0] [1e999 0 0 1]"), "finite"),
        (_file("[1 0 0 5] [0 1 0 0] [0 0 1 0] [0 0 0 1]"), "instead of 0 0 0 1"),
        (_file("[1 0 0 0] [0 -1 0 0] [0 0 1 0] [0 0 0 1]"), "mirrors"),
    ],
)
def test_bad_files_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidMedia, match=words):
        read(data, ReadOptions())
