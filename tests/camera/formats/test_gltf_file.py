"""glTF files that are damaged, hostile or not cameras: every one is refused, with its place."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest

from synth.camera.formats.gltf import read, recognise, write
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.errors import InvalidMedia, LimitExceeded
from tests.camera.formats.gltf_maker import Maker
from tests.camera.formats.hostile import refuses_bad_files, survives_odd_values, without_spaces
from tests.camera.formats.paths import GOLDEN, sample_path

WORLD = ReadOptions(anchor="world", scale=1.0)


def refused(maker: Maker, said: str) -> None:
    for data in (maker.gltf(), maker.glb()):
        with pytest.raises((InvalidMedia, LimitExceeded), match=said):
            read(data, WORLD)


def moved(**change: Any) -> Maker:
    """A sound file whose output accessor was changed."""
    maker = Maker().key("translation", [0, 1], [(0, 0, 0), (24, 0, 0)])
    maker.values["accessors"][1] |= change
    return maker


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"count": 3}, "reaches byte 36 of a buffer view of 24"),
        ({"count": 2**40}, "the limit is 300,000"),
        ({"count": -1}, "whole number, 0 or more"),
        ({"count": 0}, "is empty"),
        ({"byteOffset": 2**52}, "reaches byte"),
        ({"bufferView": 7}, "entry 7 of a list of 2"),
        ({"bufferView": True}, "whole number"),
        ({"componentType": 5125}, "component type 5125"),
        ({"componentType": 5121, "normalized": False}, "not marked as normalized"),
        ({"type": "VEC4"}, "needs VEC3"),
        ({"sparse": {"count": 1}}, "is sparse"),
    ],
)
def test_accessors_stay_within_bounds(change: dict, said: str) -> None:
    refused(moved(**change), said)


def test_views_and_buffers_stay_within_bounds() -> None:
    maker = moved()
    maker.values["bufferViews"][1]["byteOffset"] = 10**9
    refused(maker, "reaches byte 1,000,000,024 of a buffer of 32")
    maker.values["bufferViews"][1] |= {"byteOffset": 8, "byteStride": 2}
    refused(maker, "reaches byte")
    maker.values["bufferViews"][1]["extensions"] = {"EXT_meshopt_compression": {}}
    refused(maker, "compressed")


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "../other.bin", "https://example.org/a.bin", "data:text/plain,a", 7],
)
def test_nothing_outside_the_file_is_opened(address: Any) -> None:
    values = json.loads(moved().gltf())
    values["buffers"][0]["uri"] = address
    with pytest.raises(InvalidMedia, match="nothing outside is opened"):
        read(without_spaces(values), WORLD)


def test_numbers_that_make_no_animation() -> None:
    refused(Maker().key("translation", [0, 0], [(0, 0, 0)] * 2), "do not rise")
    refused(Maker().key("translation", [0, 1], [(0, 0, 0)] * 3), "2 key times and 3 values")
    refused(Maker().key("translation", [0, 1], [(0, 0, 0)] * 2, "WAVY"), "'WAVY'")
    refused(Maker().key("translation", [0, 1], [(0, 0, 0), (math.nan, 0, 0)]), "not finite")
    refused(Maker().key("rotation", [0, 1], [(0, 0, 0, 1), (0, 0, 0, 3)]), "length 3")
    refused(Maker().key("translation", [0, 1e9], [(0, 0, 0)] * 2), "frames; the limit is 100,000")
    refused(Maker().key("scale", [0], [(0, 1, 1)]), "scale of zero")
    refused(Maker().key("scale", [0], [(-1, 1, 1)]), "mirrors")


def test_nodes_that_make_no_tree() -> None:
    refused(Maker({"children": [1]}, {"camera": 0, "children": [0]}), "hangs below itself")
    refused(Maker({"children": [2]}, {"children": [2]}, {"camera": 0}), "below two others")
    refused(Maker({"children": [9]}, {"camera": 0}), "entry 9 of a list of 2")
    skewed = {"children": [1], "scale": [1, 5, 1]}
    refused(Maker(skewed, {"camera": 0, "rotation": [0.38, 0, 0, 0.92]}), "not a rotation")


def test_cameras_that_cannot_be_used() -> None:
    refused(Maker(camera={"type": "orthographic", "orthographic": {}}), "no perspective camera")
    refused(Maker({"mesh": 0}), "no perspective camera")
    lens = {"yfov": 4.0, "aspectRatio": 1.0}
    refused(Maker(camera={"type": "perspective", "perspective": lens}), "below 180")
    old = moved()
    old.values["asset"]["version"] = "1.0"
    refused(old, "version 2 is read")


def test_damaged_binary_files() -> None:
    sound = moved().glb()
    assert len(read(sound, WORLD).path) == 25
    for cut in (4, 11, 19, 25, len(sound) // 2, len(sound) - 1):
        with pytest.raises(InvalidMedia, match="cut off or damaged"):
            read(sound[:cut], WORLD)
    huge = sound[:12] + struct.pack("<I", 2**32 - 1) + sound[16:]
    with pytest.raises(InvalidMedia, match="cut off or damaged"):
        read(huge, WORLD)
    with pytest.raises(InvalidMedia, match="version 1"):
        read(sound[:4] + struct.pack("<I", 1) + sound[8:], WORLD)


def test_bad_files() -> None:
    refuses_bad_files(read)
    values = json.loads(write(sample_path(), None, WriteOptions()).data)
    assert survives_odd_values(values, lambda v: read(without_spaces(v), ReadOptions()), 2) > 100


def test_it_is_recognised() -> None:
    assert recognise(moved().glb(), "") == 1.0
    assert recognise((GOLDEN / "gltf_ours.gltf").read_bytes(), "") == 0.95
    assert recognise((GOLDEN / "transforms_ours.json").read_bytes(), "a.gltf") == 0.0
