"""SuperSplat poses: layout, signs, targets, keys, timeline, bad files."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.supersplat import read, recognise, write
from synth.camera.keys import CameraKey, CameraKeys, LookAt
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.sampling import keyed_path
from synth.errors import InvalidMedia
from tests.camera.formats.hostile import refuses_bad_files, survives_odd_values, without_spaces
from tests.camera.formats.paths import C30, GOLDEN, MOVES, S30, assert_near, paths, sample_path


def written(path: CameraPath, keys: CameraKeys | None = None, **options: Any) -> dict[str, Any]:
    return json.loads(write(path, keys, WriteOptions(**options)).data)


def poses(path: CameraPath, keys: CameraKeys | None = None, **options: Any) -> list[dict]:
    return written(path, keys, **options)["poseSets"][0]["poses"]


def level(path: CameraPath) -> CameraPath:
    """The path without roll, which SuperSplat has not."""
    return CameraPath(
        tuple(CameraPose(p.position, (*p.rotation[:2], 0.0), p.focal_length) for p in path),
        path.fps,
    )


def document(*points: tuple, **values: Any) -> bytes:
    """A foreign document of (frame, position, target)."""
    listed = [
        {"name": f"camera_{i}", "frame": frame, "position": place, "target": target, "fov": 60}
        for i, (frame, place, target) in enumerate(points)
    ]
    return without_spaces({"poseSets": [{"name": "set0", "poses": listed}], **values})


@pytest.mark.parametrize(
    ("move", "place", "target"),
    [
        # The target has the subject's depth along the axis: 10 units for the home camera.
        ("truck right", (2, 0, 10), (2, 0, 0)),
        ("pedestal up", (0, 2, 10), (0, 2, 0)),
        ("dolly in", (0, 0, 8), (0, 0, 0)),
        # Turned by 30 degrees that depth is 10 cos 30, along (-sin 30, 0, -cos 30).
        ("pan left", (0, 0, 10), (-10 * C30 * S30, 0, 10 - 10 * C30 * C30)),
        ("tilt up", (0, 0, 10), (0, 10 * C30 * S30, 10 - 10 * C30 * C30)),
        ("roll counter-clockwise", (0, 0, 10), (0, 0, 0)),
    ],
)
def test_signs(move: str, place: tuple, target: tuple) -> None:
    first, second = poses(MOVES[move])
    assert first["position"] == [0, 0, 10]
    assert first["target"] == [0, 0, 0]
    assert second["position"] == pytest.approx(place, abs=1e-12)
    assert second["target"] == pytest.approx(target, abs=1e-11)


def test_layout() -> None:
    values = written(sample_path())
    assert values["timeline"] == {"frames": 5, "frameRate": 24.0, "frame": 0, "smoothness": 1}
    assert values["poseSets"][0]["name"] == "set0"
    assert [pose["frame"] for pose in poses(sample_path())] == [0, 1, 2, 3, 4]
    # Across the longer side, whichever it is.
    want = 2 * math.degrees(math.atan(18 / 50))
    for size in ({}, {"width": 720, "height": 1280}):
        assert poses(sample_path(), **size)[0]["fov"] == pytest.approx(want)


def test_lost_roll_is_told() -> None:
    notes = " ".join(write(sample_path(), None, WriteOptions()).notes)
    assert "6 degrees of roll are lost" in notes
    assert "roll" not in " ".join(write(level(sample_path()), None, WriteOptions()).notes)


def test_the_golden_file_is_what_we_write_and_reads_back_without_its_roll() -> None:
    data = (GOLDEN / "supersplat_ours.json").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, ReadOptions())
    assert_near(found.path, level(sample_path()), units=1e-9, degrees=1e-7, focal=1e-9)
    assert found.notes == ()


@given(paths)
@settings(max_examples=40, deadline=None)
def test_round_trip_without_roll(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(scale=0.5)).data, ReadOptions()).path
    assert_near(back, level(path), units=1e-9, degrees=1e-6, focal=1e-9)


ORBIT = CameraKeys(
    frames=40,
    keys=(
        CameraKey(frame=0),
        CameraKey(frame=20, position=(5, 1, 8)),
        CameraKey(frame=40, position=(9, 2, 4)),
    ),
    curve="smooth",
    look_at=LookAt(target=(0, 0, 0)),
)


def test_keys_become_poses_within_the_timeline_and_come_back_as_keys() -> None:
    path = keyed_path(ORBIT)
    assert [pose["frame"] for pose in poses(path, ORBIT)] == [0, 20, 39]
    for pose in poses(path, ORBIT):
        # Seen from an orbit the target is the subject itself.
        assert pose["target"] == pytest.approx((0, 0, 0), abs=1e-9)
    found = read(write(path, ORBIT, WriteOptions()).data, ReadOptions())
    assert found.keys is not None
    assert found.keys.curve == "smooth"
    assert [key.frame for key in found.keys.keys] == [0, 20, 39]
    assert found.keys.look_at == LookAt(target=found.keys.look_at.target)
    assert len(found.path) == 40
    # The way between passes the same places, at nearly the same times.
    assert_near(found.path, path, units=0.02, degrees=0.2)


def test_moving_targets_are_kept_as_keys() -> None:
    data = document((0, (0, 0, 5), (0, 0, 0)), (10, (0, 0, 5), (5, 0, 0)))
    found = read(data, ReadOptions(anchor="world"))
    assert found.keys is not None
    assert found.keys.look_at is not None
    assert [key.position for key in found.keys.look_at.keys] == [(0, 0, 0), (5, 0, 0)]
    # It looks to +X and -Z alike: turned right by 45 degrees.
    assert found.path[10].rotation == pytest.approx((0, -45, 0), abs=1e-9)


def test_a_foreign_file_begins_at_home_even_from_a_tilted_camera() -> None:
    data = document((0, (0, 10, 0), (0, 0, -10)), (4, (0, 8, -2), (0, 0, -10)))
    found = read(data, ReadOptions(scale=0.5))
    assert found.path[0].position == pytest.approx((0, 0, 10))
    assert found.path[0].rotation == pytest.approx((0, 0, 0), abs=1e-9)
    # It went 2 sqrt 2 along its own axis, at half the scale.
    assert found.path[4].position == pytest.approx((0, 0, 10 - math.sqrt(2)))
    assert found.path[4].rotation == pytest.approx((0, 0, 0), abs=1e-9)
    assert found.path[0].focal_length == pytest.approx(18 / math.tan(math.radians(30)))


def test_timeline_and_what_is_left_out() -> None:
    points = ((0, (0, 0, 5), (0, 0, 0)), (5, (1, 0, 5), (1, 0, 0)), (90, (9, 0, 5), (9, 0, 0)))
    found = read(document(*points, timeline={"frames": 60, "frameRate": 25}), ReadOptions())
    assert len(found.path) == 60
    assert found.path.fps == 25
    assert "1 poses at or after frame 60" in " ".join(found.notes)
    assert len(read(document(*points), ReadOptions()).path) == 91


def test_older_documents_without_frames_or_angles() -> None:
    listed = [{"position": [x, 0, 5], "target": [0, 0, 0]} for x in (0, 1)]
    values = {
        "camera": {"fov": 45},
        "poseSets": [{"poses": []}, {"poses": listed}, {"name": "metadata", "activeSetId": 1}],
    }
    found = read(without_spaces(values), ReadOptions(fps=Fraction(25)))
    assert found.keys is not None
    assert [key.frame for key in found.keys.keys] == [0, 25]
    assert found.path[0].focal_length == pytest.approx(18 / math.tan(math.radians(22.5)))


def test_straight_down_and_up() -> None:
    down = read(document((0, (0, 5, 0), (0, 0, 0))), ReadOptions(anchor="world")).path[0]
    assert down.world_from_camera @ (0, 0, -1) == pytest.approx((0, -1, 0), abs=1e-12)


def test_bad_files() -> None:
    refuses_bad_files(read)
    values = written(sample_path())
    assert survives_odd_values(values, lambda v: read(without_spaces(v), ReadOptions()), 3) > 50


def test_bad_poses_are_named() -> None:
    with pytest.raises(InvalidMedia, match=r"poses\[1\] stands on its own target"):
        read(document((0, (0, 0, 5), (0, 0, 0)), (1, (1, 1, 1), (1, 1, 1))), ReadOptions())
    with pytest.raises(InvalidMedia, match="Two poses stand on frame 3"):
        read(document((3, (0, 0, 5), (0, 0, 0)), (3, (1, 1, 1), (0, 0, 0))), ReadOptions())
    with pytest.raises(InvalidMedia, match="frame is -1"):
        read(document((-1, (0, 0, 5), (0, 0, 0))), ReadOptions())
    with pytest.raises(InvalidMedia, match="no poses"):
        read(without_spaces({"poseSets": []}), ReadOptions())


def test_it_is_recognised() -> None:
    assert recognise((GOLDEN / "supersplat_ours.json").read_bytes(), "") == 1.0
    assert recognise((GOLDEN / "nerfstudio_ours.json").read_bytes(), "") == 0.0


def test_a_camera_that_passes_over_its_target_ends_upright() -> None:
    # Aimed all the way it would tip over backwards; SuperSplat's camera is level at each pose.
    points = ((0, (0, 5, 5), (0, 0, 0)), (10, (0, 5, -5), (0, 0, 0)))
    found = read(document(*points), ReadOptions(anchor="world"))
    assert found.keys is not None
    assert found.keys.look_at is None
    assert found.path[10].world_from_camera @ (0, 1, 0) == pytest.approx((0, S30**0.5, S30**0.5))
