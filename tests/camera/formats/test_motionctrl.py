"""MotionCtrl JSON: which way its matrices go, signs, round trips, bad files."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.motionctrl import read, recognise, write
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia, LimitExceeded
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


def test_their_example_called_left_moves_left() -> None:
    found = read((GOLDEN / "motionctrl_left.json").read_bytes(), ReadOptions())
    assert found.path[0].is_home
    assert found.path[1].position == pytest.approx((-0.1, 0, 10))


@pytest.mark.parametrize(
    ("move", "matrix"),
    [
        # World-to-camera, as RealEstate10K: see there for each sign.
        ("truck right", (1, 0, 0, -2, 0, 1, 0, 0, 0, 0, 1, 10)),
        ("pedestal up", (1, 0, 0, 0, 0, 1, 0, 2, 0, 0, 1, 10)),
        ("dolly in", (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 8)),
        ("pan left", (C30, 0, S30, 5, 0, 1, 0, 0, -S30, 0, C30, 10 * C30)),
        ("tilt up", (1, 0, 0, 0, 0, C30, S30, 5, 0, -S30, C30, 10 * C30)),
        ("roll counter-clockwise", (C30, -S30, 0, 0, S30, C30, 0, 0, 0, 0, 1, 10)),
    ],
)
def test_signs(move: str, matrix: tuple[float, ...]) -> None:
    frames = json.loads(write(MOVES[move], None, WriteOptions()).data)
    assert frames[1] == pytest.approx(matrix, abs=1e-11)


def test_the_golden_file_is_what_we_write() -> None:
    data = (GOLDEN / "motionctrl_ours.json").read_bytes()
    written = write(sample_path(), None, WriteOptions())
    assert written.data == data
    assert "focal length changes" in written.notes[1]
    found = read(data, ReadOptions(anchor="world"))
    assert_near(found.path, one_lens(sample_path()), units=1e-10)
    assert not found.scale_known


@given(paths)
@settings(max_examples=30, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    written = write(path, None, WriteOptions(scale=0.5))
    options = ReadOptions(
        anchor="world", scale=2.0, fps=path.fps, focal_length=path[0].focal_length
    )
    found = read(written.data, options)
    assert_near(found.path, one_lens(path), units=1e-9)
    assert found.scale_known


def test_rows_of_sixteen_and_nested_rows_are_understood() -> None:
    flat = [1, 0, 0, 3, 0, 1, 0, 0, 0, 0, 1, 0]
    nested = [flat[:4], flat[4:8], flat[8:]]
    square = [*flat, 0, 0, 0, 1]
    paths_found = [
        read(json.dumps([row]).encode(), ReadOptions(anchor="world")).path
        for row in (flat, nested, square)
    ]
    assert paths_found[0] == paths_found[1] == paths_found[2]
    assert paths_found[0][0].position == (-3, 0, 0)
    for row in (flat, nested):
        assert recognise(json.dumps([row], indent=4).encode(), "") > 0.8


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{}", "is a list"),
        (b"[]", "no camera"),
        (b"[[1, 2]]", "Frame 0 holds 2 numbers"),
        (b"[[0,0,0,0,0,0,0,0,0,0,0,0]]", "stands still"),
        (b"[[1,0,0,0,0,1,0,0,0,0,1,true]]", "Frame 0 is True"),
        (b'[[1,0,0,0,0,1,0,0,0,0,1,"1"]]', "must be a number"),
        (b"[[1,0,0,0,0,1,0,0,0,0,1,1e13]]", "at most 1e"),
        (b"[[1,0,0,0,0,1,0,0,0,0,1,0],[1,0,0,0,0,1,0,0,0,0,0,0]]", "frame 1 is not a rotation"),
        (b"[[1,0,0,0", "not JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "UTF-8"),
    ],
)
def test_bad_files_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidMedia, match=words):
        read(data, ReadOptions())


def test_hostile_json_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="deep"):
        read(b"[" * 100_000, ReadOptions())
    with pytest.raises(LimitExceeded, match="3,000,000"):
        read(b"[" + b"0," * 4_000_000 + b"0]", ReadOptions())
    with pytest.raises(LimitExceeded, match="20,000,000"):
        read(b"[" * 20_000_001, ReadOptions())
