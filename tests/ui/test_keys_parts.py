"""The parts behind the keyframe editor: what it is shown, and what it may send."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from synth.camera.keys import CameraKeys
from synth.camera.sampling import keyed_path
from synth.errors import InvalidInstruction, SynthError
from synth.jobs import JobPool
from synth.scene.cache import SceneCache
from synth.scene.depth_map import DepthMap
from synth.shot import Shot
from synth.shot.still import StillMaker
from synth.ui.depth_brush import DepthStore
from synth.ui.desk_shot import shot_values
from synth.ui.keys_handlers import KeysHandlers
from synth.ui.keys_shown import catalog, point_seen, read_keys, sampled, scenery
from synth.ui.photo import Photo

KEYS: dict[str, Any] = {
    "frames": 48,
    "fps": "24",
    "keys": [{"frame": 0}, {"frame": 24, "position": [0.5, 0, 10]}, {"frame": 48}],
}


def tilted(height: int = 60, width: int = 90) -> DepthMap:
    """A surface that comes nearer from left to right, from 20 to 5 units."""
    shares = np.tile(np.linspace(0.0, 1.0, width, dtype=np.float32), (height, 1))
    return DepthMap(shares, "true", near=5.0, far=20.0)


def value(keys: dict[str, Any] = KEYS, rev: int = 7) -> dict[str, Any]:
    return {"keys": keys, "rev": rev}


@pytest.fixture
def handlers() -> KeysHandlers:
    return KeysHandlers(JobPool(2), DepthStore(), StillMaker(SceneCache()))


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


def test_the_path_is_drawn_through_its_frames_and_its_corner_is_told() -> None:
    keys = CameraKeys.from_dict(KEYS)
    shown = sampled(keys, 3)
    assert shown["rev"] == 3
    assert shown["at"] == list(range(49))
    assert shown["x"][:48] == pytest.approx(keyed_path(keys).positions[:, 0].tolist(), abs=1e-4)
    assert shown["length"] == pytest.approx(1.0, abs=1e-3)
    assert shown["seconds"] == 2.0
    assert any(abs(bump["frame"] - 24) <= 1 for bump in shown["bumps"])


def test_a_long_path_is_drawn_with_few_places() -> None:
    long = CameraKeys.from_dict({"frames": 20_000, "keys": [{"frame": 0}, {"frame": 20_000}]})
    shown = sampled(long, 0)
    assert len(shown["at"]) <= 402
    assert shown["at"][-1] == 20_000
    assert len(shown["speed"]) == len(shown["at"])


@pytest.mark.parametrize(("u", "v"), [(0.5, 0.5), (0.2, 0.7), (0.95, 0.1)])
def test_a_point_of_the_photo_is_found_where_the_photo_shows_it(u: float, v: float) -> None:
    depth = tilted()
    x, y, z = point_seen(depth, Shot(), u, v)
    ahead = 10.0 - z
    focal = 50.0 / 36.0
    assert x / ahead * focal == pytest.approx(u - 0.5, abs=1e-3)
    assert -y / ahead * focal * 90 / 60 == pytest.approx(v - 0.5, abs=1e-3)
    share = min(int(u * 90), 89) / 89.0
    assert 1.0 / ahead == pytest.approx(1 / 20 + share * (1 / 5 - 1 / 20), rel=0.03)


def test_the_stage_is_the_photo_in_space() -> None:
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[:, :45] = (255, 0, 0)
    photo = Photo("photo.png", "photo", 90, 60)
    shown = scenery(photo, pixels, tilted(), Shot())
    points = shown["points"]
    assert len(points["x"]) == len(points["colour"]) > 4000
    assert points["colour"][0] == "#ff0000"
    assert points["colour"][-1] == "#000000"
    assert max(points["z"]) == pytest.approx(5.0, abs=0.2)
    assert min(points["z"]) == pytest.approx(-10.0, abs=0.4)
    assert points["x"][0] < 0 < points["x"][-1]
    assert points["y"][0] > 0 > points["y"][-1]


def test_menus_offer_what_there_is() -> None:
    offered = catalog()
    assert {"linear", "ease_in_out"} <= set(offered["easings"])
    assert all(len(curve) == 25 for curve in offered["easings"].values())
    assert {"nerfstudio", "blender", "re10k"} <= {one["id"] for one in offered["formats"]}
    assert {"dolly", "orbit"} <= {one["type"] for one in offered["presets"]}


@pytest.mark.parametrize(
    "sent",
    [None, {}, {"keys": 3}, {"keys": {"keys": []}}, {"keys": {"frames": float("nan")}}, "x"],
)
def test_what_is_no_document_is_refused_in_words(sent: object) -> None:
    with pytest.raises(SynthError):
        read_keys(sent)


def test_a_document_that_refers_to_itself_is_refused() -> None:
    keys: dict[str, Any] = {"frames": 2}
    keys["keys"] = [keys]
    with pytest.raises(InvalidInstruction):
        read_keys({"keys": keys})


def test_a_preset_becomes_a_new_document(handlers: KeysHandlers) -> None:
    answer = handlers.preset(
        value(), shot_values(Shot()), event(type="truck", direction="left", intensity=1, seconds=2)
    )
    keys = CameraKeys.from_dict(answer["value"]["keys"])
    assert answer["value"]["rev"] == 8
    assert keys.frames == 48
    assert keys.keys[-1].position[0] == pytest.approx(-0.9)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"type": "teleport"}, "teleport"),
        ({"type": "truck", "intensity": "much"}, "intensity"),
        ({"type": "truck", "seconds": 1e9}, "60"),
    ],
)
def test_a_preset_that_makes_no_sense_leaves_the_keys_alone(
    handlers: KeysHandlers, asked: dict[str, Any], words: str
) -> None:
    answer = handlers.preset(value(), shot_values(Shot()), event(**asked))
    assert "value" not in answer
    assert words in answer["reply"]["error"]


def test_transforms_change_the_whole_path(handlers: KeysHandlers) -> None:
    moved = handlers.transform(value(), event(kind="move", x=1, y=0, z=0))["value"]["keys"]
    assert [key["position"][0] for key in moved["keys"]] == [1.0, 1.5, 1.0]
    mirrored = handlers.transform(value(), event(kind="mirror"))["value"]["keys"]
    assert mirrored["keys"][1]["position"][0] == -0.5
    slower = handlers.transform(value(), event(kind="stretch", factor=2))["value"]["keys"]
    assert slower["frames"] == 96
    for asked in (
        {"kind": "fold"},
        {"kind": "move", "x": float("nan")},
        {"kind": "scale", "factor": -1},
    ):
        answer = handlers.transform(value(), event(**asked))
        assert "value" not in answer
        assert answer["reply"]["error"]


def test_a_file_of_another_visitor_is_never_read(handlers: KeysHandlers) -> None:
    asked = event(file={"path": "/etc/hostname", "orig_name": "a.chan"})
    answer = handlers.imported(value(), shot_values(Shot()), None, asked)
    assert "value" not in answer
    assert "uploaded file" in answer["reply"]["error"]


@pytest.mark.parametrize("size", [(90, 60), (60, 90), (60, 60)])
def test_a_lens_that_depends_on_the_frame_is_the_same_after_export_and_import(
    handlers: KeysHandlers,
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("synth.ui.keys_handlers.uploaded_file", lambda file: file["path"])
    photo, desk = Photo("photo.png", "photo", *size), shot_values(Shot())
    url = handlers.exported(value(), desk, photo, event(format="chan"))["reply"]["file"]["url"]
    file = tmp_path / "camera.chan"
    file.write_bytes(base64.b64decode(url.partition(",")[2]))
    asked = event(file={"path": str(file), "orig_name": file.name})
    answer = handlers.imported(value(), desk, photo, asked)
    for key in answer["value"]["keys"]["keys"]:
        assert key["focal_length"] == pytest.approx(50.0, abs=1e-3)


def test_keys_go_to_the_desk_and_come_back(handlers: KeysHandlers) -> None:
    desk, said = handlers.to_motion(value(), shot_values(Shot()))
    assert CameraKeys.from_dict(desk["value"]["trajectory"]) == CameraKeys.from_dict(KEYS)
    assert said["reply"]["text"]
    back = handlers.from_motion(value({"keys": [{"frame": 0}]}), desk["value"])
    assert CameraKeys.from_dict(back["value"]["keys"]) == CameraKeys.from_dict(KEYS)


def test_without_a_photo_every_look_says_so(handlers: KeysHandlers) -> None:
    answer = handlers.scrubbed(value(), {}, None, None, event(frame=3, rev=7))
    assert "no photo" in answer["still"]["json"]
    covered = list(handlers.covered(value(), {}, None, None))
    assert "no photo" in covered[-1]["coverage"]["json"]
