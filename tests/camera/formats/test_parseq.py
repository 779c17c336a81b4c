from __future__ import annotations

import json
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats import deforum
from synth.camera.formats.deforum_motion import CHANNELS
from synth.camera.formats.model import FoundPath, ReadOptions, WriteOptions
from synth.camera.formats.parseq import FORMAT, recognise
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia, LimitExceeded
from tests.camera.formats.paths import GOLDEN, MOVES, assert_near, paths, sample_path


def _written(path: CameraPath, **options) -> dict:
    assert FORMAT.write is not None
    return json.loads(FORMAT.write(path, None, WriteOptions(**options)).data)


def _read(manifest: object, **options) -> FoundPath:
    assert FORMAT.read is not None
    return FORMAT.read(json.dumps(manifest).encode(), ReadOptions(**options))


def _manifest(*frames: dict, **options) -> dict:
    rows = [{"frame": index, **frame} for index, frame in enumerate(frames)]
    return {"options": {"output_fps": 24, **options}, "rendered_frames": rows}


# 2 units are 40 and turns have Deforum's signs; the derivation stands in test_deforum.
BY_HAND = {
    "truck right": ("translation_x", 40),
    "pedestal up": ("translation_y", 40),
    "dolly in": ("translation_z", 40),
    "pan left": ("rotation_3d_y", -30),
    "tilt up": ("rotation_3d_x", 30),
    "roll counter-clockwise": ("rotation_3d_z", -30),
}


@pytest.mark.parametrize("move", MOVES)
def test_signs_and_sizes_are_those_worked_out_by_hand(move: str) -> None:
    manifest = _written(MOVES[move])
    first, second = manifest["rendered_frames"]
    moving, amount = BY_HAND[move]
    for name in CHANNELS:
        assert first[name] == first[f"{name}_delta"] == 0
        assert second[name] == second[f"{name}_delta"] == (amount if name == moving else 0)
    assert_near(_read(manifest).path, MOVES[move])


@given(paths)
@settings(max_examples=30, deadline=None)
def test_what_is_written_reads_back(path: CameraPath) -> None:
    manifest = _written(path, width=640, height=960)
    found = _read(manifest)
    assert_near(found.path, path, units=1e-5)
    assert found.scale_known
    # The plain values are the sums of the changes, as Parseq itself has them.
    for name in CHANNELS:
        sums = np.cumsum([row[f"{name}_delta"] for row in manifest["rendered_frames"]])
        np.testing.assert_allclose([row[name] for row in manifest["rendered_frames"]], sums)


def test_the_golden_file_is_what_is_written_and_reads_back() -> None:
    data = (GOLDEN / "parseq.json").read_bytes()
    assert FORMAT.write is not None
    assert FORMAT.read is not None
    assert FORMAT.write(sample_path(), None, WriteOptions()).data == data
    assert_near(FORMAT.read(data, ReadOptions()).path, sample_path())
    assert recognise(data, "") > 0.9
    assert deforum.recognise(data, "") == 0.0


def test_a_foreign_manifest_is_put_at_home_and_its_scale_asked_for() -> None:
    manifest = _manifest(
        {"translation_z_delta": 99.0, "rotation_3d_y_delta": 5.0, "fov": 40, "seed": 3},
        {"translation_z_delta": 20.0, "rotation_3d_y_delta": 0.0, "fov": 40, "seed": 4},
        output_fps=29.97,
    )
    found = _read(manifest)
    assert found.path[0].is_home  # The changes of frame 0 do nothing.
    np.testing.assert_allclose(found.path[1].position, (0, 0, 9))
    assert found.path.fps == Fraction(30000, 1001)
    assert not found.scale_known
    assert _read(manifest, scale=0.5).path[1].position[2] == pytest.approx(9.5)


def test_plain_values_are_sums() -> None:
    found = _read(_manifest({"translation_x": 5.0}, {"translation_x": 25.0}, {"translation_x": 5}))
    np.testing.assert_allclose(found.path.positions[:, 0], [0, 1, 0], atol=1e-12)
    assert any("no _delta" in note for note in found.notes)


def test_zoom_counts_from_one() -> None:
    found = _read(_manifest({"zoom_delta": 1.0}, {"zoom_delta": 1.5}, {"zoom_delta": 1.0}))
    np.testing.assert_allclose(found.path.focal_lengths, [50, 75, 75])
    summed = _read(_manifest({"zoom": 1.0}, {"zoom": 1.5}, {"zoom": 1.5}))
    np.testing.assert_allclose(summed.path.focal_lengths, [50, 75, 75])


def test_frames_are_put_in_order_and_the_last_of_each_counts() -> None:
    rows = [
        {"frame": 7, "translation_x_delta": 20.0},
        {"frame": 5, "translation_x_delta": 0.0},
        {"frame": 6, "translation_x_delta": 99.0},
        {"frame": 6, "translation_x_delta": 40.0},
    ]
    found = _read({"rendered_frames": rows})
    np.testing.assert_allclose(found.path.positions[:, 0], [0, 2, 3])
    notes = " ".join(found.notes)
    assert "stand twice" in notes
    assert "begins at frame 5" in notes
    assert "no frame rate" in notes


@pytest.mark.parametrize(
    ("manifest", "error", "words"),
    [
        ({}, InvalidMedia, "no list of rendered_frames"),
        ([], InvalidMedia, "no list of rendered_frames"),
        ({"rendered_frames": []}, InvalidMedia, "no camera"),
        ({"rendered_frames": [5]}, InvalidMedia, "rendered_frames[0] is 5"),
        ({"rendered_frames": [{"seed": 1}]}, InvalidMedia, "holds no camera"),
        (_manifest({"zoom_delta": 1}, {}), InvalidMedia, "zoom_delta of frame 1 is None"),
        (_manifest({"zoom_delta": 1}, {"zoom_delta": "2"}), InvalidMedia, "must be a number"),
        (_manifest({"zoom_delta": 1}, {"zoom_delta": 1e13}), InvalidMedia, "at most 1e+12"),
        (_manifest({"zoom_delta": 1}, {"zoom_delta": 0}), InvalidMedia, "must be above 0"),
        (_manifest({"zoom_delta": 1}, output_fps=0), InvalidMedia, "frame rate is 0"),
        (_manifest({"translation_x_delta": 1, "fov": 0}), InvalidMedia, "field of view"),
        (_manifest({"translation_x_delta": 1, "frame": 0.5}), InvalidMedia, "whole number"),
        (
            {"rendered_frames": [{"frame": f, "zoom_delta": 1} for f in (0, 1, 10**9)]},
            InvalidMedia,
            "lacks frame 2",
        ),
        ({"rendered_frames": [{}] * 100_001}, LimitExceeded, "100,001 frames"),
        ({"rendered_frames": [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}, LimitExceeded, "nested"),
    ],
)
def test_what_is_unsound_is_refused_at_once(manifest: object, error: type, words: str) -> None:
    start = time.monotonic()
    with pytest.raises(error) as caught:
        _read(manifest)
    assert words in str(caught.value)
    assert time.monotonic() - start < 3.0


def test_numbers_that_are_none_and_huge_files_are_refused() -> None:
    assert FORMAT.read is not None
    with pytest.raises(InvalidMedia, match="NaN"):
        FORMAT.read(b'{"rendered_frames": [{"translation_x_delta": NaN}]}', ReadOptions())
    with pytest.raises(LimitExceeded, match="20,000,000"):
        FORMAT.read(b'{"rendered_frames": [' + b" " * 100_000_000, ReadOptions())
    with pytest.raises(InvalidMedia, match="not JSON"):
        FORMAT.read(b'{"rendered_frames": [', ReadOptions())
