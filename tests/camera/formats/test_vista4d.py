"""Vista4D npz: arrays as its loader sees them, signs, round trips, bombs."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.vista4d import read, recognise, write
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia, LimitExceeded
from tests.camera.formats.paths import C30, GOLDEN, MOVES, S30, assert_near, paths, sample_path


def arrays(path: CameraPath) -> dict[str, np.ndarray]:
    data = write(path, None, WriteOptions()).data
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return dict(file)


def saved(**found: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **found)
    return stream.getvalue()


def test_the_arrays_are_what_the_loader_asks_for() -> None:
    found = arrays(MOVES["truck right"])
    assert found["cam_c2w"].dtype == found["intrinsics"].dtype == np.float32
    assert found["cam_c2w"].shape == (2, 4, 4)
    # 50 mm on 36 mm across 1280 pixels; the centre of 1280 x 720.
    assert found["intrinsics"][1] == pytest.approx((1777.7778, 1777.7778, 640, 360))


@pytest.mark.parametrize(
    ("move", "column", "wanted"),
    [
        # Camera-to-world, OpenCV: columns are right, down, forward, place.
        ("truck right", 3, (2, 0, -10)),
        ("pedestal up", 3, (0, -2, -10)),
        ("dolly in", 3, (0, 0, -8)),
        ("pan left", 2, (-S30, 0, C30)),
        ("tilt up", 2, (0, -S30, C30)),
        ("roll counter-clockwise", 0, (C30, -S30, 0)),
    ],
)
def test_signs(move: str, column: int, wanted: tuple[float, ...]) -> None:
    assert arrays(MOVES[move])["cam_c2w"][1, :3, column] == pytest.approx(wanted, abs=1e-6)


def test_the_golden_file_holds_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "vista4d_ours.npz").read_bytes()
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        golden = dict(file)
    written = arrays(sample_path())
    assert golden.keys() == written.keys()
    for name, array in golden.items():
        assert np.array_equal(array, written[name])
    found = read(data, ReadOptions())
    assert_near(found.path, sample_path(), units=1e-5, degrees=1e-4, focal=1e-6)
    assert found.scale_known
    assert recognise(data, "") == 1.0


@given(paths)
@settings(max_examples=30, deadline=None)
def test_round_trip_within_32_bits(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(720, 1280)).data, ReadOptions()).path
    assert_near(back, path, units=1e-5, degrees=1e-4, focal=1e-6)


def test_other_kinds_of_arrays_are_read() -> None:
    poses = np.tile(np.eye(4), (2, 1, 1))
    poses[1, 0, 3] = 2.0
    k = np.array([[640.0, 0, 640], [0, 640, 360], [0, 0, 1]])
    found = read(saved(cam_c2w=np.asfortranarray(poses), intrinsic=k), ReadOptions())
    assert found.path[1].position == pytest.approx((2, 0, 10))
    # 640 pixels of 1280 are half of 36 mm.
    assert found.path[1].focal_length == pytest.approx(18.0)
    assert "1280 x 720" in found.notes[0]
    big_endian = read(saved(cam_c2w=poses.astype(">f8")), ReadOptions(focal_length=35.0))
    assert big_endian.path[1].position == pytest.approx((2, 0, 10))
    assert big_endian.path[0].focal_length == 35.0


EYES = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
LENSES = np.full((2, 4), 500.0)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"poses": EYES}, "no array cam_c2w"),
        ({"cam_c2w": EYES[0]}, "shape .4, 4.; it must be N x 4 x 4"),
        ({"cam_c2w": EYES[:0]}, "no camera"),
        ({"cam_c2w": EYES * np.nan}, "not finite"),
        ({"cam_c2w": EYES * 2}, "frame 0 ends with the row 0 0 0 2"),
        ({"cam_c2w": EYES.astype(complex)}, "plain numbers"),
        ({"cam_c2w": EYES.astype(object)}, "plain numbers"),
        ({"cam_c2w": EYES, "intrinsics": LENSES[:1]}, "2 poses but 1 lenses"),
        ({"cam_c2w": EYES, "intrinsics": LENSES * 0}, "lens of frame 0"),
        ({"cam_c2w": EYES, "intrinsics": LENSES * np.inf}, "lens of frame 0"),
    ],
)
def test_bad_arrays_are_refused(found: dict, words: str) -> None:
    with pytest.raises(InvalidMedia, match=words):
        read(saved(**found), ReadOptions())


def _zip(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def test_bombs_and_broken_archives_are_refused() -> None:
    bomb = _zip("cam_c2w.npy", bytes(30_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(LimitExceeded, match="unpacks to 30,000,000 bytes"):
        read(bomb, ReadOptions())
    # A header that promises far more than there is.
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 4, 4), }"
    promise = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with pytest.raises(LimitExceeded, match="1,000,000,000,000 frames"):
        read(_zip("cam_c2w.npy", promise), ReadOptions())
    with pytest.raises(InvalidMedia, match="damaged"):
        read(_zip("cam_c2w.npy", b"\x93NUMPY\x01\x00\x05\x00((((("), ReadOptions())
    with pytest.raises(InvalidMedia, match="cut short"):
        read(
            _zip("cam_c2w.npy", promise.replace(b"1000000000000", b"            1")), ReadOptions()
        )
    whole = write(sample_path(), None, WriteOptions()).data
    with pytest.raises(InvalidMedia, match="damaged"):
        read(whole[: len(whole) // 2], ReadOptions())
    spoiled = bytearray(whole)
    spoiled[80] ^= 0xFF
    with pytest.raises(InvalidMedia, match="damaged"):
        read(bytes(spoiled), ReadOptions())
    with pytest.raises(InvalidMedia, match="no npz"):
        read(b"hello", ReadOptions())
