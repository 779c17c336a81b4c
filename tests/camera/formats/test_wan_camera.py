"""Rows of ComfyUI's WanCameraEmbedding: layout, signs against RealEstate10K, round trips."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.re10k import write as write_re10k
from synth.camera.formats.wan_camera import read, recognise, write
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia
from tests.camera.formats.paths import C30, GOLDEN, MOVES, S30, assert_near, paths, sample_path


def rows(path: CameraPath) -> np.ndarray:
    return np.loadtxt(write(path, None, WriteOptions()).data.decode().splitlines())


@pytest.mark.parametrize(
    ("move", "top"),
    [
        # Camera-to-world: columns are the camera's right, down, forward and place, OpenCV axes.
        ("truck right", (1, 0, 0, 2, 0, 1, 0, 0, 0, 0, 1, -10)),
        ("pedestal up", (1, 0, 0, 0, 0, 1, 0, -2, 0, 0, 1, -10)),
        ("dolly in", (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, -8)),
        ("pan left", (C30, 0, -S30, 0, 0, 1, 0, 0, S30, 0, C30, -10)),
        ("tilt up", (1, 0, 0, 0, 0, C30, -S30, 0, 0, S30, C30, -10)),
        ("roll counter-clockwise", (C30, S30, 0, 0, -S30, C30, 0, 0, 0, 0, 1, -10)),
    ],
)
def test_signs(move: str, top: tuple[float, ...]) -> None:
    row = rows(MOVES[move])[1]
    assert len(row) == 23
    assert row[:7] == pytest.approx((0, 50 / 36, 50 / 36 * 16 / 9, 0.5, 0.5, 0, 0))
    assert row[7:19] == pytest.approx(top, abs=1e-9)
    assert row[19:].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("move", list(MOVES))
def test_it_is_the_inverse_of_realestate10k(move: str) -> None:
    ours = rows(MOVES[move])[1, 7:].reshape(4, 4)
    text = write_re10k(MOVES[move], None, WriteOptions()).data.decode().splitlines()[2]
    theirs = np.array([float(word) for word in text.split()[7:]]).reshape(3, 4)
    assert theirs @ ours == pytest.approx(np.eye(4)[:3], abs=1e-7)


def test_the_nodes_own_rows_as_json() -> None:
    # "Pan Left" of the node, T = (-1, 0, 0), frames 0 and 1 of 81, as it holds them before it
    # puts the leading 0: the camera moves to its left.
    lens = [0.5, 0.5, 0.5, 0.5, 0, 0]
    frames = [[*lens, 1, 0, 0, -1.5 * i / 81, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] for i in range(2)]
    data = json.dumps(frames).encode()
    found = read(data, ReadOptions())
    assert found.path[1].position == pytest.approx((-1.5 / 81, 0, 10))
    assert found.path[0].focal_length == pytest.approx(18.0)
    assert "square frame only" in " ".join(found.notes)
    assert recognise(data, "") > 0.5
    with_zero = json.dumps([[0, *row] for row in frames]).encode()
    assert read(with_zero, ReadOptions()).path == found.path


def test_the_golden_file_is_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "wan_camera_ours.txt").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, ReadOptions())
    assert_near(found.path, sample_path(), units=1e-8, degrees=1e-6, focal=1e-8)
    assert found.scale_known
    assert recognise(data, "") > 0.9


@given(paths)
@settings(max_examples=30, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(480, 832)).data, ReadOptions()).path
    assert_near(back, path, units=2e-7, degrees=1e-6, focal=1e-7)


def test_frames_that_wan_would_refuse_are_told() -> None:
    assert "such as 5" not in " ".join(write(sample_path(), None, WriteOptions()).notes)
    assert "such as 1" in write(MOVES["dolly in"], None, WriteOptions()).notes[1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[[1, 2, 3]]", "Row 0 holds 3 numbers"),
        (b"[]", "no camera"),
        (b"[5]", "must be a list"),
        (b"[[" + b"0," * 22 + b"NaN]]", "NaN"),
        (b"[[" + b"0," * 22 + b"1e999]]", "too large"),
        (b"[[0,1,1,1,1,0,0," + b"0," * 15 + b"1]]", "not a rotation"),
        (b"# nothing\n", "no camera"),
        (b"1 2 3\n", "Line 1 holds 3 words"),
    ],
)
def test_bad_files_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidMedia, match=words):
        read(data, ReadOptions())
