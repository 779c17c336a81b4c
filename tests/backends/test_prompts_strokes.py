"""What a keyed path does, read off its poses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from synth.backends.prompts_strokes import Stroke, read_path, strokes_of, within
from synth.camera.pose import CameraPath, CameraPose
from synth.motion import MOVE_KINDS, MotionControl, camera_path

FPS = Fraction(24)


def path_of(*moves: dict[str, Any]) -> CameraPath:
    return camera_path(MotionControl.from_dict({"camera": list(moves)}), fps=FPS)


def told(path: CameraPath) -> list[tuple[str, str | None]]:
    return [(stroke.type, stroke.way) for stroke in read_path(path)]


SEEN_AS = {"push_in": "dolly", "pull_out": "dolly", "arc": "orbit"}
"""Moves that differ in how they begin, or by a little nearing, alone."""


@pytest.mark.parametrize("type", [kind for kind in MOVE_KINDS if kind != "handheld"])
@pytest.mark.parametrize("intensity", [0.3, 1.0])
def test_a_path_of_every_move_is_read_as_that_move(type: Any, intensity: float) -> None:
    for way in MOVE_KINDS[type].directions or (None,):
        path = path_of({"type": type, "direction": way, "intensity": intensity})
        found = read_path(path)
        if type == "static":
            assert found == ()
            continue
        wanted: tuple[str, str | None] = (SEEN_AS.get(type, type), way)
        if type == "dolly" and way in ("left", "right"):
            wanted = "truck", way
        if type in ("orbit", "arc") and way in ("clockwise", "counterclockwise"):
            wanted = "orbit", "left" if way == "clockwise" else "right"
        if type == "orbit" and way in ("up", "down"):
            wanted = "crane", way
        if type == "spiral" and way in ("clockwise", "counterclockwise"):
            wanted = "spiral", "forward"
        assert (found[0].type, found[0].way) == wanted
        assert len(found) == 1
        assert found[0].start == 0.0
        assert found[0].end == pytest.approx(3.0, abs=0.05)
        if type not in ("arc", "orbit"):
            assert found[0].size == pytest.approx(intensity, rel=0.08)


def test_order_rests_and_togetherness_are_seen() -> None:
    pan, tilt = {"type": "pan", "direction": "left"}, {"type": "tilt", "direction": "up"}
    rest = {"type": "static", "duration": 1.5}
    one, other = read_path(path_of(pan, rest, tilt))
    assert (one.type, one.way, other.type, other.way) == ("pan", "left", "tilt", "up")
    assert one.end == pytest.approx(3.0, abs=0.2)
    assert other.start == pytest.approx(4.5, abs=0.2)
    together = read_path(path_of({**pan, "start": 0.0}, {"type": "dolly", "start": 0.0}))
    assert {stroke.type for stroke in together} == {"pan", "dolly"}
    assert together[0].start == together[1].start == 0.0
    there_and_back = told(path_of({"type": "truck", "direction": "left", "loop": True}))
    assert there_and_back == [("truck", "left"), ("truck", "right")]


def test_a_dolly_zoom_is_neither_a_dolly_nor_a_zoom() -> None:
    path = path_of({"type": "dolly_zoom", "direction": "forward"})
    assert told(path) == [("dolly_zoom", "forward")]
    fixed = CameraPath(
        tuple(CameraPose(pose.position, pose.rotation, 50.0) for pose in path.poses), FPS
    )
    assert told(fixed) == [("dolly", "forward")]
    lens = CameraPath(tuple(CameraPose(focal_length=p.focal_length) for p in path.poses), FPS)
    assert told(lens) == [("zoom", "backward")]


def test_a_full_turn_is_one_orbit() -> None:
    angles = np.linspace(0.0, 360.0, 120, endpoint=False)
    poses = tuple(
        CameraPose(
            (10.0 * np.sin(np.radians(a)), 0.0, 10.0 * np.cos(np.radians(a))), (0.0, float(a), 0.0)
        )
        for a in angles
    )
    (only,) = read_path(CameraPath(poses, FPS))
    assert (only.type, only.way) == ("orbit", "right")
    assert only.size > 30.0


@pytest.mark.parametrize("seed", range(4))
def test_a_hands_shake_is_told_beside_the_move(seed: int) -> None:
    path = path_of({"type": "dolly"}, {"type": "handheld", "intensity": 0.8, "seed": seed})
    assert told(path) == [("handheld", None), ("dolly", "forward")]
    alone = path_of({"type": "handheld", "intensity": 0.8, "seed": seed, "duration": 5.0})
    assert told(alone) == [("handheld", None)]


def test_single_frames_and_wild_paths_are_told_in_a_few_strokes() -> None:
    assert read_path(CameraPath((CameraPose(),), FPS)) == ()
    rng = np.random.default_rng(5)
    poses = tuple(
        CameraPose(tuple(rng.normal(0, 3, 3)), tuple(rng.normal(0, 40, 3)), rng.uniform(20, 90))
        for _ in range(90)
    )
    assert len(read_path(CameraPath(poses, FPS))) <= 40


def test_nothing_said_is_not_the_same_as_standing_still() -> None:
    assert strokes_of(MotionControl(), None) is None
    assert strokes_of(MotionControl(), path_of()) is None
    assert strokes_of(MotionControl.from_dict({"camera": {"type": "static"}}), None) == ()
    assert strokes_of(MotionControl(), path_of({"type": "dolly"})) != ()


def test_a_part_of_a_stroke_is_its_share() -> None:
    strokes = (
        Stroke("pan", "left", 0.8, 0.0, 4.0),
        Stroke("tilt", "up", 0.8, 4.0, 8.0),
        Stroke("handheld", None, 0.5, 0.0, 8.0),
    )
    part = within(strokes, 2.0, 4.0)
    assert part == (Stroke("pan", "left", 0.4, 0.0, 2.0), Stroke("handheld", None, 0.5, 0.0, 2.0))
