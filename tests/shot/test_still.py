"""A single frame looked at before rendering is the frame that the clip holds."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction
from synth.media import load_image
from synth.scene.cache import SceneCache
from synth.shot import Shot, photo_depth, render_shot
from synth.shot.still import StillMaker

KEYS = {
    "frames": 6,
    "fps": "24",
    "keys": [
        {"frame": 0},
        {"frame": 3, "position": [0.2, 0.1, 9.6], "rotation": [1.0, -2.0, 1.0], "focal_length": 55},
        {"frame": 6, "position": [0.4, 0.0, 9.2]},
    ],
}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    small = random.integers(0, 255, (20, 30, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((240, 160), Image.Resampling.BICUBIC)
    picture.save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def keyed(**more: object) -> Shot:
    output = {"long_side": 240, "format": "png"}
    return Shot.from_dict({"trajectory": KEYS, "output": output, **more})


@pytest.mark.parametrize("lens", [{"shutter_angle": 0.0}, {"grain": 0.5, "vignette": 0.4}])
def test_a_still_is_the_frame_of_the_clip_to_the_bit(
    lens: dict[str, float], photo: Path, tmp_path: Path
) -> None:
    shot = keyed(lens=lens)
    depth = photo_depth(load_image(photo), shot)
    render_shot(shot, photo, tmp_path / "clip.zip", depth=depth, fidelity=False)
    stills = StillMaker(SceneCache())
    with zipfile.ZipFile(tmp_path / "clip.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        for index in (4, 1, 5, 0):
            expected = np.asarray(Image.open(BytesIO(archive.read(names[index]))))
            found = stills.frame(shot, photo, depth, "photo", index)
            assert np.array_equal(found, expected)
    assert len(names) == 6


def test_a_second_frame_of_the_same_shot_prepares_nothing_again(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = keyed()
    depth = photo_depth(load_image(photo), shot)
    stills = StillMaker(SceneCache(), kept=1)
    first = stills.stage(shot, photo, depth, "photo")
    stills.frame(shot, photo, depth, "photo", 2)
    assert stills.stage(shot, photo, depth, "photo") is first
    assert stills.stage(shot, photo, depth, "another photo") is not first


def test_frames_that_are_not_there_and_cancelled_ones_are_refused(photo: Path) -> None:
    shot = keyed()
    depth = photo_depth(load_image(photo), shot)
    stills = StillMaker(SceneCache())
    for index in (-1, 6):
        with pytest.raises(InvalidInstruction, match="frames 0 to 5"):
            stills.frame(shot, photo, depth, "photo", index)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        stills.frame(shot, photo, depth, "photo", 1, cancel=token)


def test_a_keyed_shot_keeps_its_time_at_every_frame_rate() -> None:
    path = {rate: keyed(output={"fps": rate}).camera_path() for rate in ("12", "24", "60")}
    assert {rate: len(one) for rate, one in path.items()} == {"12": 3, "24": 6, "60": 15}
    assert path["12"].poses[1] == path["24"].poses[2]
    assert path["60"].poses[5].position == pytest.approx(path["24"].poses[2].position)


def test_a_keyed_shot_survives_json() -> None:
    shot = keyed()
    assert Shot.from_json(shot.to_json()) == shot
    assert "trajectory" not in Shot().to_dict()
    with pytest.raises(InvalidInstruction, match=r"keys\[0\].focal_length"):
        Shot.from_dict({"trajectory": {"keys": [{"frame": 0, "focal_length": 0}]}})


def test_the_moves_wait_while_keys_drive_the_camera(make_shot: Callable[..., Shot]) -> None:
    shot = make_shot("dolly")
    driven = shot.with_trajectory(keyed().trajectory)
    assert driven.frames == 3
    assert driven.camera_path() == keyed(output={"fps": "12"}).camera_path()
    assert driven.with_trajectory(None) == shot


def test_a_camera_that_runs_into_something_is_told_before_rendering(photo: Path) -> None:
    into = {**KEYS, "keys": [{"frame": 0}, {"frame": 6, "position": [0, 0, -40]}]}
    shot = keyed(trajectory=into)
    depth = photo_depth(load_image(photo), shot)
    with pytest.raises(InvalidInstruction, match=r"After frame \d+ the camera runs into"):
        StillMaker(SceneCache()).frame(shot, photo, depth, "photo", 0)
