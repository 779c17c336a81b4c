"""glTF cameras: layout, hand-checked quaternions, every interpolation, parents, bad files."""

from __future__ import annotations

import base64
import json
import math
import struct
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats.gltf import read, write
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.pose import CameraPath, CameraPose
from tests.camera.formats.gltf_maker import Maker
from tests.camera.formats.hostile import without_spaces
from tests.camera.formats.paths import GOLDEN, MOVES, assert_near, one_lens, paths, sample_path

S15, C15 = math.sin(math.radians(15)), math.cos(math.radians(15))
WORLD = ReadOptions(anchor="world", scale=1.0)


def written(path: CameraPath, **options: Any) -> dict[str, Any]:
    return json.loads(write(path, None, WriteOptions(**options)).data)


def body(values: dict[str, Any]) -> bytes:
    return base64.b64decode(values["buffers"][0]["uri"].split(",")[1])


def output(values: dict[str, Any], path: str) -> list[tuple[float, ...]]:
    """Numbers of a channel, read with nothing but struct."""
    animation = values["animations"][0]
    (channel,) = (c for c in animation["channels"] if c["target"]["path"] == path)
    accessor = values["accessors"][animation["samplers"][channel["sampler"]]["output"]]
    assert accessor["componentType"] == 5126
    view = values["bufferViews"][accessor["bufferView"]]
    size = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
    data = body(values)[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    assert len(data) == 4 * size * accessor["count"]
    return list(struct.iter_unpack(f"<{size}f", data))


def places(data: bytes, options: ReadOptions = WORLD) -> np.ndarray:
    return read(data, options).path.positions


# Writing


@pytest.mark.parametrize(
    ("move", "translation", "rotation"),
    [
        # A turn by 30 degrees about an axis is the quaternion (axis * sin 15, cos 15).
        ("truck right", (2, 0, 10), (0, 0, 0, 1)),
        ("pedestal up", (0, 2, 10), (0, 0, 0, 1)),
        ("dolly in", (0, 0, 8), (0, 0, 0, 1)),
        ("pan left", (0, 0, 10), (0, S15, 0, C15)),
        ("tilt up", (0, 0, 10), (S15, 0, 0, C15)),
        ("roll counter-clockwise", (0, 0, 10), (0, 0, S15, C15)),
    ],
)
def test_signs(move: str, translation: tuple, rotation: tuple) -> None:
    values = written(MOVES[move])
    assert output(values, "translation")[0] == (0, 0, 10)
    assert output(values, "rotation")[0] == (0, 0, 0, 1)
    assert output(values, "translation")[1] == pytest.approx(translation, abs=1e-6)
    assert output(values, "rotation")[1] == pytest.approx(rotation, abs=1e-7)


def test_layout() -> None:
    values = written(sample_path(), name="Läufer")
    assert values["asset"]["version"] == "2.0"
    assert values["nodes"][0]["camera"] == 0
    assert values["nodes"][0]["name"] == "Läufer"
    lens = values["cameras"][0]["perspective"]
    assert lens["aspectRatio"] == pytest.approx(16 / 9)
    assert lens["yfov"] == pytest.approx(2 * math.atan(10.125 / 50))
    times = values["accessors"][0]
    assert (times["type"], times["count"], times["min"]) == ("SCALAR", 5, [0.0])
    assert times["max"] == [np.float32(4 / 24)]
    assert len(body(values)) == values["buffers"][0]["byteLength"]
    ends = [view["byteOffset"] + view["byteLength"] for view in values["bufferViews"]]
    assert [view["byteOffset"] for view in values["bufferViews"]] == [0, *ends[:-1]]
    assert {s["interpolation"] for s in values["animations"][0]["samplers"]} == {"LINEAR"}


def test_only_a_lens_that_changes_needs_the_extension() -> None:
    values = written(sample_path())
    assert values["extensionsUsed"] == ["KHR_animation_pointer"]
    pointer = values["animations"][0]["channels"][-1]["target"]["extensions"]
    assert pointer == {"KHR_animation_pointer": {"pointer": "/cameras/0/perspective/yfov"}}
    assert output(values, "pointer")[4][0] == pytest.approx(2 * math.atan(10.125 / 60))
    assert "KHR_animation_pointer" in write(sample_path(), None, WriteOptions()).notes[0]
    plain = write(one_lens(sample_path()), None, WriteOptions())
    assert plain.notes == ()
    assert b"KHR" not in plain.data


def test_the_golden_file_is_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "gltf_ours.gltf").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, ReadOptions())
    assert_near(found.path, sample_path(), units=2e-6, degrees=2e-5, focal=1e-6)
    assert found.notes == ()


@given(paths)
@settings(max_examples=40, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(640, 800, scale=0.1)).data, ReadOptions()).path
    assert_near(back, path, units=1e-5, degrees=3e-5, focal=1e-5)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(60), Fraction(25)])
def test_a_long_path_keeps_its_frames(rate: Fraction) -> None:
    path = CameraPath(tuple(CameraPose((0.001 * i, 0, 10)) for i in range(6000)), rate)
    values = written(path)
    del values["asset"]["extras"]
    for data in (write(path, None, WriteOptions()).data, without_spaces(values)):
        assert_near(read(data, WORLD).path, path, units=2e-5)


# Reading


def test_linear_places_and_turns() -> None:
    maker = Maker().key("translation", [0, 1], [(0, 0, 0), (24, 0, 0)])
    maker.key("rotation", [0, 1], [(0, 0, 0, 1), (0, -S15, 0, -C15)])
    for data in (maker.gltf(), maker.glb()):
        found = read(data, WORLD)
        assert len(found.path) == 25
        assert found.path.fps == 24
        assert found.path[6].position == pytest.approx((6, 0, 0))
        # The short way round although the signs differ: 30 degrees, evenly.
        assert found.path[6].rotation == pytest.approx((0, 7.5, 0), abs=1e-5)
        assert "24 frames per second" in " ".join(found.notes)
        # 90 degrees across a square frame.
        assert found.path[0].focal_length == pytest.approx(18)


def test_steps() -> None:
    rows = [(0, 0, 0), (1, 0, 0), (2, 0, 0)]
    times = [0, 1 / 30, 0.1]
    found = places(Maker().key("translation", times, rows, "STEP").gltf())
    assert found[:, 0].tolist() == [0, 1, 1, 2]


def test_cubic_splines() -> None:
    # x = s^3 from 0 to 1 in one second: slope 0 at its start, 3 at its end; in, value, out.
    rows = [(9, 9, 9), (0, 0, 0), (0, 0, 0), (3, 0, 0), (1, 0, 0), (9, 9, 9)]
    found = places(Maker().key("translation", [0, 1], rows, "CUBICSPLINE").gltf())
    assert found[:, 0] == pytest.approx((np.arange(25) / 24) ** 3, abs=1e-6)
    assert found[:, 1:] == pytest.approx(0)
    # Tangents are per second: over half a second the curve has half of them.
    found = places(Maker().key("translation", [0, 0.5], rows, "CUBICSPLINE").gltf())
    s = np.arange(13) / 12
    assert found[:, 0] == pytest.approx(3 * s**2 - 2 * s**3 + 1.5 * (s**3 - s**2), abs=1e-6)


def test_cubic_quaternions_are_made_unit() -> None:
    none = (0, 0, 0, 0)
    rows = [none, (0, 0, 0, 1), none, none, (0, S15, 0, C15), none]
    path = read(Maker().key("rotation", [0, 1], rows, "CUBICSPLINE").gltf(), WORLD).path
    assert path[12].rotation == pytest.approx((0, 15, 0), abs=1e-5)


def test_normalized_whole_numbers() -> None:
    maker = Maker()
    half = round(32767 * math.sqrt(0.5))
    sampler = {
        "input": maker.numbers("SCALAR", [0.0]),
        "output": maker.numbers("VEC4", [0, half, 0, half], "h", 5122),
    }
    target = {"node": 0, "path": "rotation"}
    maker.values["animations"] = [
        {"channels": [{"sampler": 0, "target": target}], "samplers": [sampler]}
    ]
    assert read(maker.gltf(), WORLD).path[0].rotation == pytest.approx((0, 90, 0), abs=1e-4)


def test_parents_carry_the_camera() -> None:
    # A turntable at (0, 1, 0), twice as large, with the camera 2.5 of its units away on its rim; in
    # one second it turns by 90 degrees.
    path = read((GOLDEN / "gltf_turntable.glb").read_bytes(), WORLD).path
    assert path[0].position == pytest.approx((0, 1, 5))
    assert path[24].position == pytest.approx((5, 1, 0), abs=1e-5)
    assert path[24].rotation == pytest.approx((0, 90, 0), abs=1e-4)


def test_a_matrix_stands_by_columns() -> None:
    columns = [0, 0, -1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 2, 3, 1]
    path = read(Maker({"camera": 0, "matrix": columns}).gltf(), WORLD).path
    assert len(path) == 1
    assert path[0].position == (1, 2, 3)
    # Its third column, the back, is +X: it looks along -X, to the left.
    assert path[0].rotation == pytest.approx((0, 90, 0))


def test_the_lens_follows_its_pointer() -> None:
    maker = Maker().key("/cameras/0/perspective/yfov", [0, 1], [[math.pi / 2], [math.pi / 3]])
    path = read(maker.gltf(), WORLD).path
    assert path[24].focal_length == pytest.approx(18 / math.tan(math.pi / 6), rel=1e-6)


def test_nodes_may_be_pointed_at_too() -> None:
    maker = Maker().key("translation", [0, 1], [(0, 0, 0), (24, 0, 0)])
    target = maker.values["animations"][0]["channels"][0]["target"]
    target.clear()
    pointer = {"pointer": "/nodes/0/translation"}
    target |= {"path": "pointer", "extensions": {"KHR_animation_pointer": pointer}}
    assert places(maker.gltf())[12, 0] == pytest.approx(12)


def test_the_animated_camera_and_the_first_animation_count() -> None:
    maker = Maker({"camera": 0}, {"camera": 0, "name": "Hero"})
    maker.values["animations"] += [{"channels": [], "samplers": []} for _ in range(2)]
    maker.key("translation", [0, 1], [(0, 0, 0), (24, 0, 0)], node=1, take=1)
    maker.key("translation", [0, 1], [(0, 0, 0), (99, 0, 0)], node=1, take=2)
    found = read(maker.gltf(), WORLD)
    assert found.path[24].position[0] == pytest.approx(24)
    assert "'Hero' was taken" in " ".join(found.notes)
    assert "1 more animations" in " ".join(found.notes)


def test_frames_that_begin_late_begin_at_their_first_key() -> None:
    # Blender's frames 1 to 3 stand at 1/24 to 3/24 seconds.
    times = [i / 24 for i in (1, 2, 3)]
    data = Maker().key("translation", times, [(i, 0, 0) for i in (1, 2, 3)]).gltf()
    found = read(data, ReadOptions())
    assert found.path.fps == 24
    assert found.path.positions[:, 0] == pytest.approx([0, 1, 2], abs=1e-5)
    assert "made frame 0" in " ".join(found.notes)


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60, 30000 / 1001])
def test_rates_from_dense_keys(rate: float) -> None:
    times = [i / rate for i in range(40)]
    data = Maker().key("translation", times, [(i, 0, 0) for i in range(40)]).gltf()
    found = read(data, WORLD).path
    assert len(found) == 40
    assert float(found.fps) == pytest.approx(rate, rel=1e-12)


def test_rates_from_few_keys_and_from_the_person() -> None:
    data = Maker().key("translation", [0, 0.12, 0.4], [(i, 0, 0) for i in range(3)]).gltf()
    assert read(data, WORLD).path.fps == 25
    found = read(data, ReadOptions(fps=Fraction(10))).path
    assert (found.fps, len(found)) == (10, 5)


def test_an_upright_frame_measures_its_lens_along_the_height() -> None:
    lens = {"aspectRatio": 0.5, "yfov": math.pi / 2, "znear": 1}
    upright = Maker(camera={"type": "perspective", "perspective": lens})
    assert read(upright.gltf(), WORLD).path[0].focal_length == pytest.approx(18)
    del lens["aspectRatio"]
    found = read(upright.gltf(), ReadOptions(aspect=(2000, 1000)))
    assert found.path[0].focal_length == pytest.approx(9)
    assert "2.000 was taken" in " ".join(found.notes)
