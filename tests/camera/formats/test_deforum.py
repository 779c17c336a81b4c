from __future__ import annotations

import json
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from synth.camera.formats.deforum import FORMAT, read, recognise, write
from synth.camera.formats.deforum_motion import CHANNELS
from synth.camera.formats.model import FoundPath, ReadOptions, WriteOptions
from synth.camera.pose import CameraPath, CameraPose
from synth.errors import InvalidMedia, LimitExceeded, SynthError
from tests.camera.formats.paths import GOLDEN, MOVES, assert_near, paths, sample_path


def _written(path: CameraPath, **options) -> dict:
    return json.loads(write(path, None, WriteOptions(**options)).data)


def _read(settings: object, **options) -> FoundPath:
    text = settings if isinstance(settings, str) else json.dumps(settings)
    return read(text.encode(), ReadOptions(**options))


def _first_values(settings: dict) -> list[float]:
    return [float(settings[name].removeprefix("0:(").removesuffix(")")) for name in CHANNELS]


# Signs and sizes, worked out by hand. The moves are 2 units or 30 degrees within one frame.
#
# Deforum warps a picture whose depth unit is 200 of its translation units. Our subject plane, 10
# units away, is at depth 1, so a unit is 200 / 10 = 20 and 2 units are 40.
#
# It maps a point (x right, y down, z forward) to x R + t with t = (-tx, ty, -tz) / 200:
# - truck right by 2: the point ahead must move left, x' = x - 0.2, so -tx / 200 = -0.2, tx = 40;
# - pedestal up by 2: it must move down, y' = y + 0.2, so ty / 200 = 0.2, ty = 40;
# - dolly in by 2: it must come nearer, z' = z - 0.2, so -tz / 200 = -0.2, tz = 40.
# As a row, (0, 0, 1) Rx(a) is the last row of Rx(a), (0, sin a, cos a): for a > 0 what was ahead
# moves down (+y), the camera tilts up: rotation_3d_x = 30. (0, 0, 1) Ry(b) is (-sin b, 0, cos b):
# for b > 0 it moves left, the camera pans right, so a pan left has rotation_3d_y = -30.
# (1, 0, 0) Rz(c) is (cos c, -sin c, 0): for c > 0 what was at the right moves up, the picture turns
# counter-clockwise and the camera clockwise, so our roll has rotation_3d_z = -30.
BY_HAND = {
    "truck right": [40, 0, 0, 0, 0, 0],
    "pedestal up": [0, 40, 0, 0, 0, 0],
    "dolly in": [0, 0, 40, 0, 0, 0],
    "pan left": [0, 0, 0, 0, -30, 0],
    "tilt up": [0, 0, 0, 30, 0, 0],
    "roll counter-clockwise": [0, 0, 0, 0, 0, -30],
}


@pytest.mark.parametrize("move", MOVES)
def test_signs_and_sizes_are_those_worked_out_by_hand(move: str) -> None:
    assert _first_values(_written(MOVES[move])) == BY_HAND[move]
    assert_near(_read(_written(MOVES[move])).path, MOVES[move])


def test_a_shift_runs_along_the_axes_after_the_turn() -> None:
    # x' = x R + t: the turn comes first, so a camera that ends up looking along -X and went 2
    # units to -X has gone 2 units forward.
    path = CameraPath((CameraPose(), CameraPose((-2, 0, 10), (0, 90, 0))), Fraction(24))
    assert _first_values(_written(path)) == [0, 0, 40, 0, -90, 0]


def _warped(points: np.ndarray, change: np.ndarray) -> np.ndarray:
    """What Deforum's ``anim_frame_warp_3d`` does to points (N, 3) in depth units."""
    tx, ty, tz, rx, ry, rz = change
    cos, sin = np.cos(np.radians([rx, ry, rz])), np.sin(np.radians([rx, ry, rz]))
    turn_x = np.array([[1, 0, 0], [0, cos[0], -sin[0]], [0, sin[0], cos[0]]])
    turn_y = np.array([[cos[1], 0, sin[1]], [0, 1, 0], [-sin[1], 0, cos[1]]])
    turn_z = np.array([[cos[2], -sin[2], 0], [sin[2], cos[2], 0], [0, 0, 1]])
    return points @ (turn_x @ turn_y @ turn_z) + np.array([-tx, ty, -tz]) / 200.0


def _seen(points: np.ndarray, pose: CameraPose) -> np.ndarray:
    """World points in a camera's axes, x right, y down, z forward, in depth units of 10."""
    return (points - pose.position) @ pose.world_from_camera * (1, -1, -1) / 10.0


@given(paths)
@settings(max_examples=30, deadline=None)
def test_warping_what_one_camera_sees_gives_what_the_next_sees(path: CameraPath) -> None:
    points = np.random.default_rng(0).uniform(-20, 20, (5, 3))
    settings = _written(path)
    changes = np.array([_values(settings[name], len(path)) for name in CHANNELS]).T
    for before, after, change in zip(path.poses, path.poses[1:], changes[1:], strict=False):
        np.testing.assert_allclose(
            _warped(_seen(points, before), change), _seen(points, after), atol=2e-6
        )


def _values(schedule: str, frames: int) -> np.ndarray:
    """Every frame's value of a schedule of plain numbers."""
    keys = [part.split(":") for part in schedule.split(", ")]
    return np.interp(
        np.arange(frames), [int(k) for k, _ in keys], [float(v.strip("()")) for _, v in keys]
    )


@given(paths, st.sampled_from([1.0, 0.25, 30.0]), st.sampled_from(["world", "first"]))
@settings(max_examples=40, deadline=None)
def test_what_is_written_reads_back(path: CameraPath, scale: float, anchor: str) -> None:
    written = write(path, None, WriteOptions(scale=scale, anchor=anchor, width=720, height=1280))
    found = FORMAT.read(written.data, ReadOptions())
    if anchor == "world":
        assert_near(found.path, path, units=1e-5 / min(scale, 1.0), degrees=1e-5)
    else:
        assert found.path[0].is_home
        first = path.rotations[0]
        steps = first.inv().apply(path.positions - path.positions[0]) + np.array([0, 0, 10])
        np.testing.assert_allclose(found.path.positions, steps, atol=1e-5 / min(scale, 1.0))
    assert found.scale_known
    assert found.format_id == "deforum"
    assert recognise(written.data, "") > 0.9


def test_an_even_motion_is_one_key_and_does_not_drift() -> None:
    # A third of a degree and of a unit do not fit any number of decimals.
    poses = tuple(CameraPose((i / 3, 0, 10), (0, i / 3, 0)) for i in range(3000))
    path = CameraPath(poses, Fraction(24))
    settings = _written(path)
    assert_near(_read(settings).path, path, units=2e-6, degrees=2e-6)
    still = CameraPath(tuple(CameraPose((i / 3, 0, 10)) for i in range(150)), Fraction(24))
    assert _written(still)["translation_x"] == "0:(6.66666667)"


def test_the_golden_file_is_what_is_written_and_reads_back() -> None:
    data = (GOLDEN / "deforum.json").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    assert_near(FORMAT.read(data, ReadOptions()).path, sample_path())


def test_a_schedule_written_by_hand_moves_as_deforum_would() -> None:
    found = FORMAT.read((GOLDEN / "deforum_schedules.txt").read_bytes(), ReadOptions())
    path = found.path
    assert len(path) == 9
    assert path.fps == 12
    # rotation_3d_y is -1.5 everywhere (its one key, at int(8 / 2) = 4, fills both ends), and
    # rotation_3d_z is 1, 0, -1, 0, 1, ... from frame 1 on; translations are those of the keys.
    x = [0, 0.5, 1, 1.5, 2, 1.5, 1, 0.5, 0]
    # A straight line from 4 to the first value of 2 * t, at frame 2, which is 4 as well.
    z = [4, 4, 4, 6, 8, 1, 1, 1, 1]
    place, turn = np.array([0.0, 0, 10]), Rotation.identity()
    for frame in range(1, 9):
        roll = -np.sin(np.pi * frame / 2)
        turn = turn * Rotation.from_euler("XYZ", [0, 1.5, roll], degrees=True)
        place = place + turn.apply([x[frame] / 20, 0, -z[frame] / 20])
        np.testing.assert_allclose(path.positions[frame], place, atol=1e-12)
        assert (path.rotations[frame] * turn.inv()).magnitude() < 1e-9
    # Vertical field of view of 40 degrees in 1280 x 720.
    assert path[3].focal_length == pytest.approx(18 * 720 / 1280 / np.tan(np.radians(20)))
    assert not found.scale_known
    assert any("1 other schedule" in note for note in found.notes)


def _z(schedule: str, frames: int = 6, **settings) -> list[float]:
    """translation_z of frames 1 on, from how far the camera went."""
    path = _read({"translation_z": schedule, "max_frames": frames, **settings}).path
    return (-20.0 * np.diff(path.positions[:, 2])).round(9).tolist()


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        ("0:(0), 4:(8)", [2, 4, 6, 8, 8]),
        ("2:(3)", [3, 3, 3, 3, 3]),
        ("0:(t)", [1, 2, 3, 4, 5]),
        ("0:(t), 3:(9), 5:(7)", [1, 2, 9, 8, 7]),
        ("0:(1), 3:(t*2)", [1 + 5 / 3, 1 + 10 / 3, 6, 8, 10]),
        ('0:(1), "max_f-1":(5)', [2, 3, 4, 5, 5]),
        ("0: (1),\n 4 : (5)", [2, 3, 4, 5, 5]),
        ("0:(1), 'max_f/2':(5)", [3, 5, 5, 5, 5]),
        ("s:(7), 0:(1)", [1 + 6 / 4, 4, 5.5, 7, 7]),
        ("0:( 1 ), 4:(5)", [1, 1, 1, 5, 5]),
        ("0:(-(2))", [-2] * 5),
        ("0:(.5), 2:(+1.5)", [1, 1.5, 1.5, 1.5, 1.5]),
        ("0:(1e0), 4:(5)", [1, 1, 1, 5, 5]),
        ("0:(max(t, 3)), 4:(where(t > 4, 1, 2))", [3, 3, 3, 2, 1]),
        ("0:((t > 1) & (t < 4))", [0, 1, 1, 0, 0]),
        ("0:(t % 3 + 2 ** 3 - abs(-1))", [8, 9, 7, 8, 9]),
        ("0:(1), 0:(2), 99:(5)", [2] * 5),
        ("0:(1), 4:(5),", [2, 3, 4, 5, 5]),
    ],
)
def test_schedules_run_as_in_deforum(schedule: str, values: list[float]) -> None:
    assert _z(schedule, seed=4) == pytest.approx(values)


def test_what_deforum_would_not_do_is_said() -> None:
    found = _read({"translation_z": "0:(max(t,1)), 50:(1)", "max_frames": 5, "zoom": "0:(1.1)"})
    notes = " ".join(found.notes)
    assert "cut schedules at every comma" in notes
    assert "1 key lies outside" in notes
    assert "Angle and zoom do nothing" in notes
    assert "no field of view" in notes


def test_a_single_schedule_is_a_move_inwards() -> None:
    found = _read("0:(2)")
    assert len(found.path) == 120
    assert found.path.positions[-1, 2] == pytest.approx(10 - 119 * 0.1)
    assert any("no name" in note for note in found.notes)
    assert len(_read('"0:(1), 30:(2)"').path) == 31


def test_plain_text_takes_the_forms_that_people_paste() -> None:
    wanted = _read({"translation_x": "0:(1), 9:(2)", "rotation_3d_y": "0:(1)", "max_frames": 10})
    for text in (
        "translation_x: 0:(1), 9:(2)\nrotation_3d_y: 0:(1)\nmax_frames: 10",
        'max_frames = 10; translation_x = "0:(1), 9:(2)"; rotation_3d_y = "0:(1)"',
        '"translation_x": "0:(1),\n 9:(2)",\n"rotation_3d_y": "0:(1)",\n"max_frames": 10,\n',
    ):
        assert_near(_read(text).path, wanted.path)


def test_numbers_may_stand_for_schedules_and_settings_may_be_nested() -> None:
    found = _read({"anim_args": {"translation_x": 2, "max_frames": "3", "fov": "0:(60)"}})
    assert found.path.positions[-1, 0] == pytest.approx(0.2)
    assert len(found.path) == 3


def test_the_scale_is_scene_units_for_every_twenty_of_the_file() -> None:
    found = _read({"translation_x": "0:(20)", "max_frames": 2}, scale=3.0)
    assert found.path.positions[-1, 0] == pytest.approx(3.0)
    assert found.scale_known
    assert not _read({"translation_x": "0:(20)", "max_frames": 2}).scale_known


@given(
    st.lists(
        st.tuples(*[st.floats(-20, 20)] * 2, st.floats(-40, 40), st.floats(0.9, 1.2)),
        min_size=2, max_size=6,
    )
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_flat_animation_shows_the_plane_as_deforum_draws_it(frames: list) -> None:
    # Deforum slides the picture (pixels, y down), then turns it counter-clockwise about its middle
    # and enlarges it; a point of the subject plane must be seen there.
    names = ("translation_x", "translation_y", "angle", "zoom")
    settings = {
        name: ", ".join(f"{i}:({row[k]:.9f})" for i, row in enumerate(frames))
        for k, name in enumerate(names)
    }
    found = _read(
        {**settings, "animation_mode": "2D", "max_frames": len(frames), "W": 640, "H": 400},
        focal_length=50.0,
    )
    pixels = 50.0 / 36.0 * 640.0
    points = np.array([[1.0, 2.0, 0.0], [-3.0, 0.5, 0.0]])
    drawn = points[:, :2] * (1, -1) * pixels / 10.0
    for pose, (x, y, angle, zoom) in zip(found.path.poses[1:], frames[1:], strict=True):
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        drawn = zoom * (drawn + np.array([x, y])) @ np.array([[cos, -sin], [sin, cos]])
        seen = _seen(points, pose) * 10.0
        shown = seen[:, :2] / seen[:, 2:] * pose.focal_length / 36.0 * 640.0
        np.testing.assert_allclose(shown, drawn, atol=1e-5 * np.abs(drawn).max())


def test_flat_animation_turns_a_positive_angle_counter_clockwise() -> None:
    found = _read({"angle": "0:(10)", "max_frames": 2})
    # The picture turns counter-clockwise when the camera rolls clockwise.
    assert found.path[1].rotation == pytest.approx((0, 0, -10))
    assert any("2D animation" in note for note in found.notes)


def test_a_changing_lens_is_written_with_a_warning() -> None:
    notes = write(sample_path(), None, WriteOptions()).notes
    assert any("has no lens" in note for note in notes)
    assert not any("has no lens" in n for n in write(MOVES["pan left"], None, WriteOptions()).notes)


DEEP = "(" * 100_000 + "1" + ")" * 100_000


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"translation_z": "0:(9**9**9)"}, InvalidMedia, "translation_z, character 1: "),
        ({"translation_z": "0:(1), 5:(__import__('os'))"}, InvalidMedia, "character 8"),
        ({"translation_z": "0:(t.real)"}, InvalidMedia, "t.real"),
        ({"translation_z": "0:(t if t else 1)"}, InvalidMedia, "cannot stand"),
        ({"translation_z": "0:(exec(1))"}, InvalidMedia, "exec"),
        ({"translation_z": "0:(foo + 1)"}, InvalidMedia, "'foo' is not known"),
        ({"translation_z": "0:(sin(1, 2))"}, InvalidMedia, "sin takes 1 value, not 2"),
        ({"translation_z": f"0:{DEEP}"}, LimitExceeded, "nested more than"),
        ({"translation_z": f"0:({'-' * 999}t)"}, LimitExceeded, "parts or is nested"),
        ({"translation_z": f"0:({'t+' * 5000}t)"}, LimitExceeded, "10,003 characters"),
        ({"translation_z": f"0:({'9' * 400})"}, InvalidMedia, "too large"),
        ({"translation_z": "0:(1/t)"}, InvalidMedia, "t = 0"),
        ({"translation_z": "0:(sqrt(-t))"}, InvalidMedia, "gives nan at t = 1"),
        ({"translation_z": "0:(nan)"}, InvalidMedia, "'nan' is not known"),
        ({"translation_z": "0:(t^2)"}, InvalidMedia, "'^'"),
        ({"translation_z": "0:(1j)"}, InvalidMedia, "cannot stand"),
        ({"translation_z": "0:(t & 3)"}, InvalidMedia, "comparisons only"),
        ({"translation_z": "0:(1), 5"}, InvalidMedia, "character 8: '5' is not a key"),
        ({"translation_z": "0:(1), 2.5:(1)"}, InvalidMedia, "whole number"),
        ({"translation_z": "0:(1), t:(1)"}, InvalidMedia, "'t' is not known"),
        ({"translation_z": "0:(1"}, InvalidMedia, "never closed"),
        ({"translation_z": "0:1), 2:(1)"}, InvalidMedia, "never opened"),
        ({"translation_z": ""}, InvalidMedia, "empty"),
        ({"translation_z": "50:(1)", "max_frames": 50}, InvalidMedia, "no key lies inside"),
        ({"translation_z": "0:(1)", "max_frames": 10**9}, LimitExceeded, "1,000,000,000 frames"),
        ({"translation_z": "0:(1)", "max_frames": 0}, InvalidMedia, "no camera"),
        ({"translation_z": "0:(1)", "fps": 0}, InvalidMedia, "frame rate is 0"),
        ({"translation_z": "0:(1)", "W": -5}, InvalidMedia, "-5 x"),
        ({"translation_z": "0:(1)", "fov_schedule": "0:(180)"}, InvalidMedia, "180 degrees"),
        ({"translation_z": "0:(500000)"}, InvalidMedia, "units away"),
        ({"translation_z": ["0:(1)"]}, InvalidMedia, "must be a schedule"),
        ({"zoom": "0:(0)", "max_frames": 9}, InvalidMedia, "zoom of frame 0 is 0"),
        ({"zoom": "0:(99999999)", "max_frames": 999}, InvalidMedia, "lens of frame"),
        ({"strength_schedule": "0:(1)"}, InvalidMedia, "no schedule of a camera"),
        ({"translation_z": "0:(2*t)," * 2500}, LimitExceeded, "more than 2,000 keys"),
        ({"translation_z": "0:(1)," * 200_000}, LimitExceeded, "keys"),
        ("9" * 30 + ":(1)", LimitExceeded, "frames"),
        ("hello: world", InvalidMedia, "no schedule"),
        ("hello world", InvalidMedia, "not a key"),
        ("0:(1)\ntranslation_x: 0:(1)", InvalidMedia, "before the first name"),
        ("translation_x: 0:(1)\ntranslation_x: 0:(1)", InvalidMedia, "twice"),
        ("", InvalidMedia, "empty"),
        ("\0\0", InvalidMedia, "binary"),
        ("{" * 1000, LimitExceeded, "nested"),
        ('{"translation_z": NaN}', InvalidMedia, "NaN"),
    ],
)
def test_what_is_unsound_is_refused_at_once(settings: object, error: type, words: str) -> None:
    start = time.monotonic()
    with pytest.raises(error) as caught:
        _read(settings)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 700
    assert time.monotonic() - start < 5.0


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    data = b"0:(1)," * 17_000_000
    start = time.monotonic()
    with pytest.raises(LimitExceeded, match="20,000,000"):
        FORMAT.read(data, ReadOptions())
    assert recognise(data, "") > 0.5
    assert time.monotonic() - start < 2.0


@pytest.mark.parametrize("text", [" " * 400_000, "\n" * 400_000, "a" * 400_000, '"' * 400_000])
def test_recognising_is_quick_whatever_the_text(text: str) -> None:
    start = time.monotonic()
    assert recognise(text.encode(), "x.txt") == 0.0
    assert time.monotonic() - start < 1.0


@given(st.text(alphabet="0123456789:(),.t+-*/ max_fs\"'\n={}", max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = FORMAT.read(text.encode(), ReadOptions())
    except SynthError:
        return
    assert len(found.path) >= 1
