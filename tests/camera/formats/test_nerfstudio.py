"""nerfstudio camera paths: layout, signs, keyframes either way round, round trips, bad files."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.nerfstudio import read, recognise, write
from synth.camera.keys import CameraKey, CameraKeys
from synth.camera.pose import CameraPath
from synth.camera.sampling import keyed_path
from synth.errors import InvalidMedia, LimitExceeded
from tests.camera.formats.hostile import refuses_bad_files, survives_odd_values, without_spaces
from tests.camera.formats.paths import C30, GOLDEN, MOVES, S30, assert_near, paths, sample_path

KEYS = CameraKeys(
    frames=48,
    keys=(
        CameraKey(frame=0),
        CameraKey(frame=12, position=(1, 0.5, 9), rotation=(4, -10, 2), focal_length=60),
        CameraKey(frame=48, position=(2, 1, 8), rotation=(8, -20, 0), focal_length=80),
    ),
)


def written(path: CameraPath, keys: CameraKeys | None = None, **options: Any) -> dict[str, Any]:
    return json.loads(write(path, keys, WriteOptions(**options)).data)


def matrix(path: CameraPath, frame: int) -> list[float]:
    return written(path)["camera_path"][frame]["camera_to_world"]


# nerfstudio's world has Z up. Ours (x, y, z) is theirs (x, -z, y), so the home camera at (0, 0, 10)
# stands at (0, -10, 0); its right is +X, its up +Z, its back -Y: the columns of this matrix.
HOME = (1, 0, 0, 0, 0, 0, -1, -10, 0, 1, 0, 0, 0, 0, 0, 1)


@pytest.mark.parametrize(
    ("move", "rows"),
    [
        # 2 to the right: +X.
        ("truck right", (1, 0, 0, 2, 0, 0, -1, -10, 0, 1, 0, 0)),
        # 2 up: +Z.
        ("pedestal up", (1, 0, 0, 0, 0, 0, -1, -10, 0, 1, 0, 2)),
        # 2 forward: +Y.
        ("dolly in", (1, 0, 0, 0, 0, 0, -1, -8, 0, 1, 0, 0)),
        # Back is (sin 30, -cos 30, 0): it looks along (-sin 30, cos 30, 0), to the left of +Y.
        ("pan left", (C30, 0, S30, 0, S30, 0, -C30, -10, 0, 1, 0, 0)),
        # Back is (0, -cos 30, -sin 30): it looks along (0, cos 30, sin 30), above +Y.
        ("tilt up", (1, 0, 0, 0, 0, -S30, -C30, -10, 0, C30, -S30, 0)),
        # Right is (cos 30, 0, sin 30): the right side goes up, counter-clockwise from behind.
        ("roll counter-clockwise", (C30, -S30, 0, 0, 0, 0, -1, -10, S30, C30, 0, 0)),
    ],
)
def test_signs(move: str, rows: tuple) -> None:
    assert matrix(MOVES[move], 0) == pytest.approx(HOME, abs=1e-12)
    assert matrix(MOVES[move], 1) == pytest.approx((*rows, 0, 0, 0, 1), abs=1e-12)
    assert_near(
        read(write(MOVES[move], None, WriteOptions()).data, ReadOptions()).path, MOVES[move]
    )


def test_layout() -> None:
    values = written(sample_path())
    assert list(values)[1:] == [
        "default_fov", "default_transition_sec", "keyframes", "camera_type", "render_height",
        "render_width", "fps", "seconds", "is_cycle", "smoothness_value", "camera_path",
    ]  # fmt: skip
    assert (values["render_width"], values["render_height"]) == (1280, 720)
    assert values["camera_type"] == "perspective"
    assert values["fps"] == 24.0
    # ns-render makes frames over seconds its rate.
    assert len(values["camera_path"]) / values["seconds"] == pytest.approx(24.0)
    # 50 mm on 36 mm across 1280 pixels: 20.25 mm stand across 720.
    assert values["camera_path"][0]["fov"] == pytest.approx(
        2 * math.degrees(math.atan(10.125 / 50)), abs=1e-9
    )
    assert values["camera_path"][0]["aspect"] == pytest.approx(16 / 9)


def test_an_upright_frame_has_the_lens_across_its_height() -> None:
    fov = written(sample_path(), width=720, height=1280)["camera_path"][0]["fov"]
    assert fov == pytest.approx(2 * math.degrees(math.atan(18 / 50)), abs=1e-9)


def test_the_golden_file_is_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "nerfstudio_ours.json").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, ReadOptions())
    assert_near(found.path, sample_path(), units=1e-9, degrees=1e-7, focal=1e-9)
    assert found.scale_known
    assert found.notes == ()


@given(paths)
@settings(max_examples=40, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(640, 800, scale=0.5)).data, ReadOptions()).path
    assert_near(back, path, units=1e-9, degrees=1e-7, focal=1e-9)


@given(paths)
@settings(max_examples=15, deadline=None)
def test_round_trip_relative_to_the_first_camera(path: CameraPath) -> None:
    data = write(path, None, WriteOptions(anchor="first")).data
    assert json.loads(data)["camera_path"][0]["camera_to_world"][3::4] == [0, 0, 0, 1]
    back = read(data, ReadOptions()).path
    assert back[0].is_home
    want = (path.rotations[0].inv() * path.rotations).as_matrix()
    assert back.rotations.as_matrix() == pytest.approx(want, abs=1e-8)


def test_keys_become_keyframes_with_the_seconds_from_the_one_before() -> None:
    values = written(keyed_path(KEYS), KEYS)
    frames = values["keyframes"]
    assert [frame["override_transition_sec"] for frame in frames] == [None, 0.5, 1.5]
    assert [frame["override_transition_enabled"] for frame in frames] == [False, True, True]
    assert frames[2]["matrix"][3::4] == pytest.approx((2, -8, 1, 1))
    assert len(values["camera_path"]) == 48


def test_keyframes_come_back_as_keys() -> None:
    data = write(keyed_path(KEYS), KEYS, WriteOptions()).data
    found = read(data, ReadOptions())
    assert found.keys is not None
    assert found.keys.curve == found.keys.turn_curve == "tcb"
    assert (found.keys.frames, found.keys.fps, found.keys.loop) == (48, 24, False)
    for key, want in zip(found.keys.keys, KEYS.keys, strict=True):
        assert key.frame == pytest.approx(want.frame, abs=1e-9)
        assert key.position == pytest.approx(want.position, abs=1e-9)
        assert key.rotation == pytest.approx(want.rotation, abs=1e-7)
        assert key.focal_length == pytest.approx(want.focal_length, abs=1e-9)
    assert_near(found.path, keyed_path(KEYS))


def test_a_loop_returns_to_its_first_keyframe() -> None:
    looped = KEYS.model_copy(update={"loop": True, "keys": KEYS.keys[:2], "curve": "smooth"})
    values = written(keyed_path(looped), looped)
    assert values["is_cycle"] is True
    assert [frame["override_transition_sec"] for frame in values["keyframes"]] == [1.5, 0.5]
    found = read(without_spaces(values), ReadOptions()).keys
    assert found is not None
    assert found.loop
    assert [key.frame for key in found.keys] == [0, 12]
    assert found.frames == 48


def test_keyframes_alone_are_sampled_and_say_so() -> None:
    values = written(keyed_path(KEYS), KEYS)
    del values["camera_path"]
    values["smoothness_value"] = 0.25
    found = read(without_spaces(values), ReadOptions())
    assert len(found.path) == 48
    assert found.keys is not None
    assert {key.tension for key in found.keys.keys} == {0.25}
    assert found.path[12].position == pytest.approx((1, 0.5, 9), abs=1e-9)
    assert "keyframes only" in " ".join(found.notes)


def transposed(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        columns = np.array(entry["matrix"]).reshape(4, 4).T
        entry["matrix"] = columns.ravel().tolist()


def test_keyframes_written_by_columns_as_the_blender_add_on_does() -> None:
    values = written(keyed_path(KEYS), KEYS)
    transposed(values["keyframes"])
    for entry in values["keyframes"]:
        entry["matrix"] = json.dumps(entry["matrix"])
    found = read(without_spaces(values), ReadOptions()).keys
    assert found is not None
    assert found.keys[1].position == pytest.approx((1, 0.5, 9), abs=1e-9)
    assert found.keys[1].rotation == pytest.approx((4, -10, 2), abs=1e-7)


def test_a_file_as_the_blender_add_on_writes_it() -> None:
    found = read((GOLDEN / "nerfstudio_columns.json").read_bytes(), ReadOptions(anchor="world"))
    # At (0.5, -2, 0.25) with Z up, looking along +Y; then 1 to the right.
    assert found.path.fps == 2
    assert found.path.positions[:, 0].tolist() == [0.5, 0.75, 1.0, 1.5]
    assert found.path[3].position == (1.5, 0.25, 2)
    assert found.path[3].rotation == pytest.approx((0, 0, 0), abs=1e-9)
    # 50 degrees across 1080 of 1920 pixels: the 36 mm lie across the 1920.
    focal = 36 * 1080 / 1920 / 2 / math.tan(math.radians(25))
    assert found.path[0].focal_length == pytest.approx(focal)
    assert found.keys is not None
    assert [key.position for key in found.keys.keys] == [(0.5, 0.25, 2), (1.5, 0.25, 2)]
    assert [key.frame for key in found.keys.keys] == [0, 4]
    assert not found.scale_known


def test_columns_without_quotes_and_rows_with_them() -> None:
    values = written(keyed_path(KEYS), KEYS)
    texts = json.loads(json.dumps(values))
    for entry in texts["keyframes"]:
        entry["matrix"] = json.dumps(entry["matrix"])
    transposed(values["keyframes"])
    for changed in (values, texts):
        found = read(without_spaces(changed), ReadOptions()).keys
        assert found is not None
        assert found.keys[2].position == pytest.approx((2, 1, 8), abs=1e-9)


def test_only_turning_at_the_origin_is_by_columns_as_text_and_by_rows_as_a_list() -> None:
    turn = [C30, -S30, 0, 0, S30, C30, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    still = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    for texts, roll in ((False, 30), (True, -30)):
        keyframes = [
            {"matrix": json.dumps(m) if texts else m, "fov": 50, "aspect": 1.5}
            for m in (still, turn)
        ]
        found = read(without_spaces({"keyframes": keyframes, "seconds": 2}), ReadOptions())
        assert found.keys is not None
        assert found.keys.keys[1].rotation == pytest.approx((0, 0, roll), abs=1e-9)


def test_a_foreign_file_begins_at_home_and_asks_for_its_scale() -> None:
    values = written(MOVES["truck right"])
    del values["motion_synth"]
    for entry in values["camera_path"]:
        entry["camera_to_world"][7] += 3.0
    found = read(without_spaces(values), ReadOptions())
    assert found.path[0].is_home
    assert found.path[1].position == pytest.approx((2, 0, 10), abs=1e-9)
    assert not found.scale_known
    doubled = read(without_spaces(values), ReadOptions(scale=2.0, anchor="world"))
    # In the file at (0, -7, 0): ours at (0, 0, 7), times two.
    assert doubled.path[0].position == pytest.approx((0, 0, 14), abs=1e-9)
    assert doubled.scale_known


def test_rates_and_older_files() -> None:
    values = written(sample_path())
    del values["motion_synth"]
    values["fps"] = 29.97
    assert read(without_spaces(values), ReadOptions()).path.fps == Fraction(30000, 1001)
    del values["fps"]
    values["seconds"] = 0.2
    assert read(without_spaces(values), ReadOptions()).path.fps == 25
    assert read(without_spaces(values), ReadOptions(fps=Fraction(50))).path.fps == 50
    values["fps"] = 240
    with pytest.raises(InvalidMedia, match="240 frames per second"):
        read(without_spaces(values), ReadOptions())


def test_keyframes_of_older_viewers_are_spread_over_the_seconds() -> None:
    values = written(keyed_path(KEYS), KEYS)
    for entry in values["keyframes"]:
        del entry["override_transition_sec"]
    for name in ("default_transition_sec", "camera_path"):
        del values[name]
    found = read(without_spaces(values), ReadOptions())
    assert found.keys is not None
    assert [key.frame for key in found.keys.keys] == [0, 24, 48]
    assert "spread evenly" in " ".join(found.notes)


def test_other_lenses_and_lost_things_are_told() -> None:
    values = written(sample_path())
    values["camera_type"] = "fisheye"
    values["crop"] = {"crop_center": [0, 0, 0]}
    values["camera_path"][0]["render_time"] = 0.5
    notes = " ".join(read(without_spaces(values), ReadOptions()).notes)
    assert "fisheye" in notes
    assert "crop" in notes
    assert "render_time" in notes


def test_bad_files() -> None:
    refuses_bad_files(read)
    values = written(sample_path())
    assert survives_odd_values(values, lambda v: read(without_spaces(v), ReadOptions()), 7) > 50


def test_bad_cameras_are_named() -> None:
    values = written(sample_path())
    scaled = json.loads(json.dumps(values))
    scaled["camera_path"][3]["camera_to_world"][0] *= 1.5
    with pytest.raises(InvalidMedia, match="camera_path matrix of frame 3 is not a rotation"):
        read(without_spaces(scaled), ReadOptions())
    short = json.loads(json.dumps(values))
    short["camera_path"][2]["camera_to_world"].pop()
    with pytest.raises(InvalidMedia, match=r"camera_path\[2\].camera_to_world holds 15 numbers"):
        read(without_spaces(short), ReadOptions())
    values["camera_path"][1]["fov"] = 180
    with pytest.raises(InvalidMedia, match="frame 1 is 180 degrees"):
        read(without_spaces(values), ReadOptions())
    values = written(sample_path())
    del values["camera_path"]
    values["keyframes"][1]["override_transition_sec"] = 1e7
    with pytest.raises(LimitExceeded, match="100,000"):
        read(without_spaces(values), ReadOptions())
    values["keyframes"][1]["override_transition_sec"] = -1
    with pytest.raises(InvalidMedia, match="above 0"):
        read(without_spaces(values), ReadOptions())


def test_it_is_recognised() -> None:
    data = (GOLDEN / "nerfstudio_ours.json").read_bytes()
    assert recognise(data, "") == 1.0
    assert recognise((GOLDEN / "transforms_ours.json").read_bytes(), "camera_path.json") == 0.0
    assert recognise(b"\x00" * 10, "x.json") == 0.0
