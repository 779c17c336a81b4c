"""A guide as a zip: whole or not at all, the same every time, and every number comes back."""

from __future__ import annotations

import json
import zipfile
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from synth.backends.guided import Guide, make_guide, write_bundle
from synth.backends.guided.vace import vace_inputs
from synth.camera.formats import read_path
from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction
from synth.media.video import probe
from tests.backends.guided.shots import shot, truck

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Layered

SIZE = (160, 96)
COUNT = 9


@pytest.fixture(scope="module")
def guide(layered: Layered) -> Guide:
    assignment = shot(layered, truck(0.8, COUNT), extend=True)
    return make_guide(
        assignment, size=SIZE, count=COUNT, rate=Fraction(16), prompt="A red box.", negative="blur"
    )


@pytest.fixture(scope="module")
def bundle(guide: Guide, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(guide, tmp_path_factory.mktemp("bundle") / "guide.zip")


def _picture(bundle: Path, name: str) -> np.ndarray:
    with zipfile.ZipFile(bundle) as archive:
        data = np.frombuffer(archive.read(name), np.uint8)
    found = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert found is not None
    return np.asarray(found)


def test_it_holds_what_vace_is_to_be_given(bundle: Path, guide: Guide) -> None:
    frames = list(guide.frames())
    inputs = vace_inputs([frame.shown for frame in frames], [frame.hole for frame in frames])
    for index in range(COUNT):
        picture = _picture(bundle, f"guide/{index:05d}.png")[..., ::-1]
        mask = _picture(bundle, f"mask/{index:05d}.png")
        assert np.array_equal(picture, inputs.video[index])
        assert np.array_equal(mask, inputs.masks[index])


def test_a_long_guide_is_whole_and_its_masks_are_those_of_each_call(
    guide: Guide, tmp_path: Path
) -> None:
    written = write_bundle(guide, tmp_path / "parts.zip", parts=(5, 5))
    frames = list(guide.frames())
    for first in (0, 4):
        own = frames[first : first + 5]
        inputs = vace_inputs([frame.shown for frame in own], [frame.hole for frame in own])
        for place in range(min(first, 1), 5):  # a part's first picture is painted already
            mask = _picture(written, f"mask/{first + place:05d}.png")
            assert np.array_equal(mask, inputs.masks[place])
            picture = _picture(written, f"guide/{first + place:05d}.png")[..., ::-1]
            assert np.array_equal(picture, inputs.video[place])
    cameras = _cameras(written)
    assert len(cameras["frames"]) == COUNT
    assert cameras["parts"] == [{"first": 0, "frames": 5}, {"first": 4, "frames": 5}]
    with zipfile.ZipFile(written) as archive:
        told = archive.read("README.txt").decode()
    assert "2. frames 00004 to 00008, length 5" in told
    assert "length that of the part" in told
    for wrong in ((5, 4), (5, 6), (9, 1), (5,)):
        with pytest.raises(InvalidInstruction, match="do not make up"):
            write_bundle(guide, tmp_path / "wrong.zip", parts=wrong)
    assert not (tmp_path / "wrong.zip").exists()


def test_depth_and_motion_come_back(bundle: Path, guide: Guide) -> None:
    cameras = _cameras(bundle)
    frame = next(iter(guide.frames(3, 1)))
    depth = _picture(bundle, "depth/00003.png")
    assert depth.dtype == np.uint16
    nearness = depth / 65535 * cameras["inverse_depth_of_65535"]
    assert np.abs(nearness - frame.nearness).max() < 2e-5
    flow = _picture(bundle, "flow/00003.png")[..., ::-1].astype(np.float64)
    assert np.array_equal(flow[..., 2] == 1, frame.known)
    moved = (flow[..., :2] - 32768) / 64
    assert np.abs(moved - frame.flow)[frame.known].max() <= 1 / 128 + 1e-6


def _cameras(bundle: Path) -> dict:
    with zipfile.ZipFile(bundle) as archive:
        return json.loads(archive.read("cameras.json"))


def test_cameras_are_those_of_the_guide(bundle: Path, guide: Guide) -> None:
    cameras = _cameras(bundle)
    assert cameras["schema"] == "motion-synth.guide/1"
    assert (cameras["width"], cameras["height"], cameras["fps"]) == (*SIZE, "16")
    last, pose = cameras["frames"][-1], guide.path[COUNT - 1]
    assert np.array(last["camera_to_world"])[:3, 3] == pytest.approx(pose.position)
    opencv = np.array(last["camera_to_world_opencv"])
    assert opencv[:3, 3] == pytest.approx((pose.position[0], 0.0, -10.0))
    assert last["fx"] == pytest.approx(pose.focal_length / 36 * 160)
    assert last["seconds"] == pytest.approx(0.5)
    with zipfile.ZipFile(bundle) as archive:
        found = read_path(archive.read("camera_path.json"), "camera_path.json")
    assert found.format_id == "nerfstudio"
    assert found.path.positions == pytest.approx(guide.path.positions, abs=1e-6)


def test_it_has_a_film_words_and_directions(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert archive.read("prompt.txt") == b"A red box."
        assert archive.read("negative.txt") == b"blur"
        directions = archive.read("README.txt").decode()
        (tmp_path / "guide.mp4").write_bytes(archive.read("guide.mp4"))
    for said in ("160 x 96", "16 frames per second", "WanVaceToVideo", "white = paint"):
        assert said in directions
    assert "4 k + 1" not in directions
    info = probe(tmp_path / "guide.mp4")
    assert (info.width, info.height, info.fps) == (*SIZE, 16)


def test_a_length_that_vace_does_not_draw_is_told(layered: Layered, tmp_path: Path) -> None:
    guide = make_guide(shot(layered, truck(0.1, 3)), size=(64, 64), count=7, rate=Fraction(16))
    path = write_bundle(guide, tmp_path / "guide.zip")
    with zipfile.ZipFile(path) as archive:
        directions = archive.read("README.txt").decode()
    assert "this guide has 7. Use the first 5" in directions


def test_the_same_guide_makes_the_same_bytes(bundle: Path, guide: Guide, tmp_path: Path) -> None:
    again = write_bundle(guide, tmp_path / "again.zip")
    assert again.read_bytes() == bundle.read_bytes()


def test_it_appears_whole_or_not_at_all(guide: Guide, tmp_path: Path) -> None:
    token = CancelToken()

    def stop(report: object) -> None:
        token.cancel()

    with pytest.raises(Cancelled):
        write_bundle(guide, tmp_path / "guide.zip", cancel=token, progress=stop)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidInstruction, match="does not exist"):
        write_bundle(guide, tmp_path / "none" / "guide.zip")
    with pytest.raises(InvalidInstruction, match="is a folder"):
        write_bundle(guide, tmp_path)
