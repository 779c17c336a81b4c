"""COLMAP text models: layout, signs, order, lenses, round trips, bad files."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings

from synth.camera.formats.archive import packed
from synth.camera.formats.colmap import read, recognise, write
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia, LimitExceeded
from tests.camera.formats.paths import C30, GOLDEN, MOVES, S30, assert_near, paths, sample_path

S15, C15 = 0.258819045103, 0.965925826289
"""Sine and cosine of half of 30 degrees."""


def files(path: CameraPath, options: WriteOptions | None = None) -> dict[str, str]:
    data = write(path, None, options or WriteOptions()).data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def image(path: CameraPath, frame: int) -> list[float]:
    lines = files(path)["images.txt"].splitlines()
    words = [line for line in lines if not line.startswith("#")][2 * frame].split()
    return [float(word) for word in words[1:8]]


@pytest.mark.parametrize(
    ("move", "wanted"),
    [
        # World-to-camera as (w, x, y, z) and shift; OpenCV axes, home at z = -10.
        ("truck right", (1, 0, 0, 0, -2, 0, 10)),
        ("pedestal up", (1, 0, 0, 0, 0, 2, 10)),
        ("dolly in", (1, 0, 0, 0, 0, 0, 8)),
        # Panned left the world turns to the right, about +y (down): x = z sin a.
        ("pan left", (C15, 0, S15, 0, 10 * S30, 0, 10 * C30)),
        # Tilted up the world turns down, about -x.
        ("tilt up", (C15, -S15, 0, 0, 0, 10 * S30, 10 * C30)),
        # Rolled counter-clockwise the world turns clockwise, about +z (forward).
        ("roll counter-clockwise", (C15, 0, 0, S15, 0, 0, 10)),
    ],
)
def test_signs(move: str, wanted: tuple[float, ...]) -> None:
    assert image(MOVES[move], 1) == pytest.approx(wanted, abs=1e-11)


def test_the_layout_is_colmaps() -> None:
    found = files(MOVES["truck right"])
    assert list(found) == ["cameras.txt", "images.txt", "points3D.txt"]
    cameras = [line for line in found["cameras.txt"].splitlines() if line[0] != "#"]
    assert cameras == ["1 PINHOLE 1280 720 1777.777777777778 1777.777777777778 640 360"]
    images = found["images.txt"].splitlines()
    assert [line for line in images if line[:1] != "#"][::2] == [
        "1 1 0 0 0 0 0 10 1 frame_00000.png",
        "2 1 0 0 0 -2 0 10 1 frame_00001.png",
    ]
    # The second line of an image, without points, is empty but there.
    assert images[-1] == images[-3] == ""
    assert all(line[0] == "#" for line in found["points3D.txt"].splitlines())
    varied = files(sample_path())["cameras.txt"].splitlines()
    assert [line.split()[0] for line in varied if line[0] != "#"] == list("12345")


def test_images_come_in_the_order_of_their_names_with_or_without_points() -> None:
    data = (GOLDEN / "colmap_points.txt").read_bytes()
    found = read(data, ReadOptions(anchor="world"))
    # shot 2, shot 9 and shot 10; the one in the middle stands at x = 1.
    assert [pose.position[0] for pose in found.path] == [0, 1, 0]
    # 1600 pixels of 1600 are 36 mm.
    assert found.path[0].focal_length == 36.0
    assert any("bends lines" in note for note in found.notes)
    without_blanks = b"\n".join(line for line in data.splitlines() if line)
    assert read(without_blanks, ReadOptions(anchor="world")).path == found.path
    assert recognise(data, "") > 0.9


def test_the_golden_file_holds_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "colmap_ours.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        golden = {name: archive.read(name).decode() for name in archive.namelist()}
    assert golden == files(sample_path())
    found = read(data, ReadOptions())
    assert_near(found.path, sample_path(), units=1e-9, degrees=1e-7, focal=1e-9)
    assert (found.scale_known, found.notes) == (True, ())
    assert recognise(data, "") > 0.9
    pasted = (golden["cameras.txt"] + golden["images.txt"]).encode()
    assert read(pasted, ReadOptions()).path == found.path


@given(paths)
@settings(max_examples=30, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(600, 800, scale=3.0)).data, ReadOptions()).path
    assert_near(back, path, units=1e-9, degrees=1e-6, focal=1e-9)


CAMERA = b"1 PINHOLE 1280 720 1000 1000 640 360\n"
IMAGE = b"1 1 0 0 0 0 0 0 1 a.png\n\n"


def test_lenses_that_ours_cannot_be_are_noted() -> None:
    def notes(camera: bytes) -> str:
        return " ".join(read(camera + IMAGE, ReadOptions()).notes)

    assert "square" in notes(b"1 PINHOLE 1280 720 1000 1100 640 360\n")
    assert "off the picture's centre" in notes(b"1 PINHOLE 1280 720 1000 1000 600 360\n")
    assert "SIMPLE_RADIAL" in notes(b"1 SIMPLE_RADIAL 1280 720 1000 640 360 0.1\n")
    assert "SIMPLE_RADIAL" not in notes(b"1 SIMPLE_RADIAL 1280 720 1000 640 360 0\n")
    assert "FISHEYE" in notes(b"1 OPENCV_FISHEYE 1280 720 1000 1000 640 360 0 0 0 0\n")
    portrait = read(b"1 PINHOLE 720 1280 1000 640 360 640\n" + IMAGE, ReadOptions())
    assert portrait.path[0].focal_length == pytest.approx(18.0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (CAMERA, "no images"),
        (IMAGE, "uses camera 1, which the file does not"),
        (CAMERA + CAMERA + IMAGE, "Line 2: camera '1' stands twice"),
        (b"1 PINHOLE 1280 720 1000 1000 640\n" + IMAGE, "PINHOLE has 4 parameters, but 3"),
        (b"1 PINHOLE 1280 720 0 1000 640 360\n" + IMAGE, "focal length is 0"),
        (b"1 PINHOLE 0 720 1000 1000 640 360\n" + IMAGE, "width is 0"),
        (b"1 PINHOLE 1280 720.5 1000 1000 640 360\n" + IMAGE, "height is 720.5"),
        (CAMERA + b"1 1 0 0 0 nan 0 0 1 a.png\n", "Line 2 holds 'nan'"),
        (CAMERA + b"1 2 0 0 0 0 0 0 1 a.png\n", "quaternion of image 'a.png' is 2 long"),
        (CAMERA + b"1 0 0 0 0 0 0 0 1 a.png\n", "is 0 long"),
        (CAMERA + b"what is this\n", "Line 2 is neither a camera"),
        (packed({"cameras.txt": CAMERA}), "no images.txt"),
        (packed({"a/images.txt": IMAGE, "b/images.txt": IMAGE}), "images.txt twice"),
    ],
)
def test_bad_files_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidMedia, match=words):
        read(data, ReadOptions())


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = packed({"cameras.txt": CAMERA, "images.txt": b"\n" * 30_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(LimitExceeded, match="unpacks to"):
        read(bomb, ReadOptions())
    beside = packed({"cameras.txt": CAMERA, "images.txt": IMAGE, "points3D.txt": bytes(30_000_000)})
    assert len(read(beside, ReadOptions()).path) == 1
    crowd = packed({f"{n}.txt": b"" for n in range(1001)})
    with pytest.raises(LimitExceeded, match="1,001 files"):
        read(crowd, ReadOptions())
