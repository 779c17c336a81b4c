"""Keyed cameras over the API: sampled, filmed, converted, foreseen; hostile ones refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client

from synth.camera.keys import CameraKeys
from synth.camera.sampling import keyed_path
from synth.shot import shot_from_video
from tests.ui.conftest import sent

KEYS: dict[str, Any] = {
    "frames": 12,
    "fps": "24",
    "keys": [
        {"frame": 0},
        {"frame": 6, "position": [0.2, 0.1, 9.7], "rotation": [0, 2, 0]},
        {"frame": 12, "position": [0.4, 0.0, 9.3], "focal_length": 55},
    ],
}


def test_the_camera_of_every_frame_is_worked_out(client: Client) -> None:
    answer: Any = client.predict(trajectory=KEYS, api_name="/interpolate_trajectory")
    path = keyed_path(CameraKeys.from_dict(KEYS))
    assert answer["fps"] == "24"
    assert len(answer["states"]) == 12
    for state, pose in zip(answer["states"], path, strict=True):
        assert state["position"] == pytest.approx(pose.position)
        assert state["rotation"] == pytest.approx(pose.rotation)
        assert state["focal_length"] == pytest.approx(pose.focal_length)
    assert answer["length"] == pytest.approx(path.length, abs=1e-5)


def test_a_keyed_camera_is_filmed_and_rides_in_the_file(client: Client, picture: Path) -> None:
    clip, report = client.predict(
        image=sent(picture), trajectory=KEYS, long_side=240, api_name="/render_trajectory"
    )
    assert report["frames"] == 12
    assert report["fidelity"]["verdict"]
    shot = shot_from_video(clip)
    assert shot is not None
    assert shot.trajectory == CameraKeys.from_dict(KEYS)


def test_a_path_goes_through_another_format_and_comes_back(client: Client, tmp_path: Path) -> None:
    ours = tmp_path / "camera.json"
    ours.write_text(json.dumps(CameraKeys.from_dict(KEYS).to_dict()))
    there, about = client.predict(file=sent(ours), to="nerfstudio", api_name="/convert_camera_path")
    assert about["frames"] == 12
    assert len(about["trajectory"]["keys"]) == 3
    back, said = client.predict(
        file=sent(Path(there)), to=about["format"], api_name="/convert_camera_path"
    )
    assert said["format"] == "nerfstudio"
    found = keyed_path(CameraKeys.from_json(Path(back).read_text()))
    wanted = keyed_path(CameraKeys.from_dict(KEYS))
    assert np.abs(found.positions - wanted.positions).max() < 5e-3


def test_a_format_nobody_knows_is_answered_with_those_there_are(
    client: Client, tmp_path: Path
) -> None:
    ours = tmp_path / "camera.json"
    ours.write_text(json.dumps(KEYS | {"schema": "motion-synth.camera/1"}))
    with pytest.raises(Exception, match="nerfstudio"):
        client.predict(file=sent(ours), to="betamax", api_name="/convert_camera_path")


def test_coverage_is_foreseen_and_the_move_fitted(client: Client, picture: Path) -> None:
    wide = {"frames": 12, "keys": [{"frame": 0}, {"frame": 11, "position": [2.0, 0, 10]}]}
    answer: Any = client.predict(
        image=sent(picture), trajectory=wide, fit_percent=4.0, api_name="/analyze_coverage"
    )
    missing = np.add(answer["outside"], answer["uncovered"])
    assert missing[0] < 0.5
    assert missing[-1] > 8.0
    assert answer["frames"][int(np.argmax(missing))] in answer["worst"]
    assert 0.1 < answer["factor"] < 0.9
    fitted: Any = client.predict(
        image=sent(picture), trajectory=answer["fitted"], api_name="/analyze_coverage"
    )
    assert 2.0 < np.add(fitted["outside"], fitted["uncovered"]).max() <= 4.05


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keys": []}, "at least 1"),
        ({"keys": [{"frame": 0}, {"frame": 0}]}, "frame 0"),
        ({"keys": [{"frame": "nan"}]}, r"keys\[0\].frame"),
        ({"frames": 10**9}, "frames"),
        ({"keys": [{"frame": 0, "focal_length": 0}]}, "focal_length"),
        ({"keys": [{"frame": 0, "position": [0, 0, 1e308]}]}, "position"),
        ({"fps": "0"}, "frame rate"),
        ({"curve": "wobbly"}, "curve"),
    ],
)
def test_hostile_paths_get_a_sentence(client: Client, change: dict[str, Any], words: str) -> None:
    with pytest.raises(Exception, match=words) as caught:
        client.predict(trajectory={**KEYS, **change}, api_name="/interpolate_trajectory")
    assert "Traceback" not in str(caught.value)
    assert "went wrong" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff" * 500, b"[" * 50_000, b'{"keys": 1e999}', b"%PDF-1.7 nothing", b"0 0 0\n"],
)
def test_files_that_are_no_camera_path_get_a_sentence(
    client: Client, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "camera.json"
    file.write_bytes(content or b" ")
    with pytest.raises(Exception, match=r"\w") as caught:
        client.predict(file=sent(file), to="chan", api_name="/convert_camera_path")
    assert "went wrong" not in str(caught.value)
