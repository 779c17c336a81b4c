"""RealEstate10K text: layout, signs, times, round trips, hostile files."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.re10k import read, recognise, write
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia, LimitExceeded
from tests.camera.formats.paths import C30, GOLDEN, MOVES, S30, assert_near, paths, sample_path

HOME = (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 10)


def rows(path: CameraPath, options: WriteOptions | None = None) -> list[list[float]]:
    text = write(path, None, options or WriteOptions()).data.decode()
    assert "  " not in text
    return [[float(word) for word in line.split(" ")] for line in text.splitlines()[1:]]


def test_the_layout_is_the_datasets() -> None:
    first, second = rows(MOVES["truck right"])
    # 50 mm on 36 mm: 50/36 of the width, and of the height times 16/9; time in microseconds.
    assert first[:7] == pytest.approx((0, 1.388888889, 2.469135802, 0.5, 0.5, 0, 0))
    assert first[7:] == pytest.approx(HOME)
    assert second[0] == 41667
    assert len(second) == 19


@pytest.mark.parametrize(
    ("move", "matrix"),
    [
        # World-to-camera: shift = -R C with the camera's place C in OpenCV's world, where home is
        # (0, 0, -10), x points right, y down and z into the picture.
        ("truck right", (1, 0, 0, -2, 0, 1, 0, 0, 0, 0, 1, 10)),
        ("pedestal up", (1, 0, 0, 0, 0, 1, 0, 2, 0, 0, 1, 10)),
        ("dolly in", (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 8)),
        # Panned left, the point straight ahead of home appears on the right: x = 10 sin 30.
        ("pan left", (C30, 0, S30, 5, 0, 1, 0, 0, -S30, 0, C30, 10 * C30)),
        # Tilted up, it appears lower: y = +10 sin 30.
        ("tilt up", (1, 0, 0, 0, 0, C30, S30, 5, 0, -S30, C30, 10 * C30)),
        # Rolled counter-clockwise, the world turns clockwise: what was right (x) goes down (+y).
        ("roll counter-clockwise", (C30, -S30, 0, 0, S30, C30, 0, 0, 0, 0, 1, 10)),
    ],
)
def test_signs(move: str, matrix: tuple[float, ...]) -> None:
    assert rows(MOVES[move])[1][7:] == pytest.approx(matrix, abs=2e-9)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        # VideoX-Fun's words: "Pan Left" moves the camera to the left by 1.5 i / 81.
        ("re10k_pan_left.txt", ((-1.5 * 2 / 81, 0, 10), (0, 0, 0))),
        # "Zoom In" is a dolly in of twice that: towards -z in our world.
        ("re10k_zoom_in.txt", ((0, 0, 10 - 3 * 2 / 81), (0, 0, 0))),
        # "ACW" rolls the camera counter-clockwise: positive roll, 60 i / 81 degrees.
        ("re10k_acw.txt", ((0, 0, 10), (0, 0, 60 * 2 / 81))),
    ],
)
def test_videox_fun_files_move_as_they_say(name: str, end: tuple) -> None:
    found = read((GOLDEN / name).read_bytes(), ReadOptions())
    assert found.path[0].is_home
    assert found.path[2].position == pytest.approx(end[0], abs=1e-8)
    assert found.path[2].rotation == pytest.approx(end[1], abs=1e-6)
    assert found.path[0].focal_length == pytest.approx(36 * 0.532139961)
    assert not found.scale_known
    assert "24 frames per second" in " ".join(found.notes)


def test_the_golden_file_is_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "re10k_ours.txt").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, ReadOptions())
    assert_near(found.path, sample_path(), units=2e-8, degrees=1e-6, focal=1e-8)
    assert found.scale_known
    assert found.notes == ()


@given(paths)
@settings(max_examples=40, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(640, 800)).data, ReadOptions()).path
    assert_near(back, path, units=2e-7, degrees=1e-6, focal=1e-7)


@given(paths)
@settings(max_examples=15, deadline=None)
def test_round_trip_relative_to_the_first_camera_and_scaled(path: CameraPath) -> None:
    written = write(path, None, WriteOptions(anchor="first", scale=0.25))
    back = read(written.data, ReadOptions()).path
    assert back[0].is_home
    want = np.linalg.norm(path.positions - path.positions[0], axis=1)
    got = np.linalg.norm(back.positions - back.positions[0], axis=1)
    assert got == pytest.approx(want, abs=1e-6)


def _with_times(*times: int) -> bytes:
    lines = ["https://example.org/clip"]
    for i, time in enumerate(times):
        lines.append(f"{time} 0.5 0.9 0.5 0.5 0 0 1 0 0 {-i} 0 1 0 0 0 0 1 0")
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    "rate", [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(8)]
)
def test_times_give_the_exact_rate(rate: Fraction) -> None:
    times = [round(158_692_025 + 1_000_000 * i / rate) for i in range(40)]
    assert read(_with_times(*times), ReadOptions()).path.fps == rate


def test_uneven_times_are_kept_by_sampling_anew() -> None:
    # The camera is at x = 0, 1, 2 after 0, 100 and 400 ms: after 200 ms it is a third of the way.
    found = read(_with_times(0, 100_000, 400_000), ReadOptions(anchor="world"))
    assert found.path.fps == 5
    assert [pose.position[0] for pose in found.path] == pytest.approx((0, 1 + 1 / 3, 2))
    assert "100 to 300 ms" in found.notes[0]


def test_times_that_run_backwards_are_refused() -> None:
    with pytest.raises(InvalidMedia, match="time of frame 2 is not after"):
        read(_with_times(0, 100, 50), ReadOptions())


def test_a_missing_first_line_is_noticed() -> None:
    data = b"\n".join(_with_times(0, 40_000).split(b"\n")[1:])
    found = read(data, ReadOptions())
    assert len(found.path) == 2
    assert "first line" in found.notes[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.5 0.9 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1", "Line 2 holds 18 words"),
        ("0 0.5 0.9 0.5 0.5 0 0 1 0 0 1e999 0 1 0 0 0 0 1 0", "finite"),
        ("0 0.5 0.9 0.5 0.5 0 0 1 0 0 nan 0 1 0 0 0 0 1 0", "'nan', which is not a number"),
        ("0 0.5 0.9 0.5 0.5 0 0 1 0 0 1_0 0 1 0 0 0 0 1 0", "'1_0', which is not a number"),
        ("0 0.5 0.9 0.5 0.5 0 0 2 0 0 0 0 1 0 0 0 0 1 0", "frame 0 is not a rotation"),
        ("0 0.5 0.9 0.5 0.5 0 0 -1 0 0 0 0 1 0 0 0 0 1 0", "mirrors"),
        ("0 0 0.9 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 0", "above 0.001"),
        ("0 0.05 0.09 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 0", "1.8 mm"),
    ],
)
def test_bad_lines_are_refused_by_name(line: str, words: str) -> None:
    with pytest.raises(InvalidMedia, match=words):
        read(f"\n{line}\n".encode(), ReadOptions())


def test_hostile_files_are_refused() -> None:
    with pytest.raises(InvalidMedia, match="empty"):
        read(b"", ReadOptions())
    with pytest.raises(InvalidMedia, match="no camera"):
        read(b"https://example.org\n\n", ReadOptions())
    with pytest.raises(InvalidMedia, match="binary"):
        read(bytes(range(256)), ReadOptions())
    with pytest.raises(InvalidMedia, match="UTF-8"):
        read(b"\xff\xfe\xfd" * 100, ReadOptions())
    with pytest.raises(LimitExceeded, match="20,000,000"):
        read(b"1" * 20_000_001, ReadOptions())
    with pytest.raises(LimitExceeded, match="characters long"):
        read(b"\n" + b"0 " * 1_000_000, ReadOptions())
    with pytest.raises(LimitExceeded, match="lines"):
        read(b"\n" * 10_000_000, ReadOptions())
    row = b"0 1 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1 0\n"
    with pytest.raises(LimitExceeded, match="100,000"):
        read(b"\n" + row * 100_001, ReadOptions())


def test_it_is_recognised_with_and_without_its_first_line() -> None:
    assert recognise((GOLDEN / "re10k_ours.txt").read_bytes(), "") > 0.9
    assert recognise((GOLDEN / "re10k_pan_left.txt").read_bytes(), "") > 0.8
    assert recognise((GOLDEN / "wan_camera_ours.txt").read_bytes(), "") == 0.0


def test_odd_frames_are_told_to_the_loader() -> None:
    assert "800 x 800" in write(sample_path(), None, WriteOptions(800, 800)).notes[-1]
    assert "800 x 800" not in " ".join(write(sample_path(), None, WriteOptions()).notes)
