"""The Blender script: what it does in a stand-in for Blender, names as data, reading back."""

from __future__ import annotations

import ast
import json
import sys
import types
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from synth.camera.formats.blender import read, recognise, write
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.pose import CameraPath, CameraPose
from synth.errors import InvalidMedia
from tests.camera.formats.hostile import refuses_bad_files, survives_odd_values
from tests.camera.formats.paths import C30, GOLDEN, MOVES, S30, assert_near, paths, sample_path

KINDS = ("legacy", "both", "layered")
"""Actions of Blender up to 4.3, 4.4 and 4.5, and 5.0."""


class Curve:
    def __init__(self, path: str, index: int) -> None:
        self.path, self.index = path, index
        self.keyframe_points: list[Any] = []
        self.updated = False

    def update(self) -> None:
        self.updated = True


def new_action(kind: str, slot: object) -> Any:
    curves: list[Curve] = []
    action = types.SimpleNamespace(made=curves)
    if kind != "layered":
        action.fcurves = curves
    if kind != "legacy":
        bag = types.SimpleNamespace(fcurves=curves)

        def channelbag(asked: object) -> Any:
            return bag if asked is slot else None

        strip = types.SimpleNamespace(channelbag=channelbag)
        action.layers = [types.SimpleNamespace(strips=[strip])]
    return action


class Block:
    """An object or a camera: anything may be set, and ``keyframe_insert`` keys it."""

    def __init__(self, kind: str, name: str, data: Any = None) -> None:
        self.kind, self.name, self.data = kind, name, data
        self.animation_data: Any = None

    def keyframe_insert(self, path: str, frame: float) -> None:
        if self.animation_data is None:
            slot = object()
            action = new_action(self.kind, slot)
            self.animation_data = types.SimpleNamespace(action=action, action_slot=slot)
        value = getattr(self, path)
        for index, number in enumerate(value if isinstance(value, list) else [value]):
            curves = self.animation_data.action.made
            curve = next((c for c in curves if (c.path, c.index) == (path, index)), None)
            if curve is None:
                curve = Curve(path, index)
                curves.append(curve)
            point = types.SimpleNamespace(co=(frame, number), interpolation="BEZIER")
            curve.keyframe_points.append(point)

    def values(self, path: str) -> np.ndarray:
        """Keyed values, shape (frames, components)."""
        curves = [c for c in self.animation_data.action.made if c.path == path]
        return np.array([[p.co[1] for p in c.keyframe_points] for c in curves]).T


def stand_in(kind: str) -> Any:
    """A module like ``bpy`` with an empty scene."""
    linked: list[Block] = []
    shown: list[int] = []
    scene = types.SimpleNamespace(
        render=types.SimpleNamespace(),
        collection=types.SimpleNamespace(objects=types.SimpleNamespace(link=linked.append)),
        frame_set=shown.append,
        linked=linked,
        shown=shown,
    )
    bpy = types.ModuleType("bpy")
    new: dict[str, Callable[..., Block]] = {
        "cameras": lambda name: Block(kind, name),
        "objects": lambda name, data: Block(kind, name, data),
    }
    bpy.context = types.SimpleNamespace(scene=scene)
    bpy.data = types.SimpleNamespace(
        **{key: types.SimpleNamespace(new=make) for key, make in new.items()}
    )
    return bpy


def ran(
    monkeypatch: pytest.MonkeyPatch, path: CameraPath, kind: str = "layered", **options: Any
) -> Any:
    """The scene after the script ran."""
    script = write(path, None, WriteOptions(**options)).data.decode("ascii")
    bpy = stand_in(kind)
    monkeypatch.setitem(sys.modules, "bpy", bpy)
    exec(compile(script, "script", "exec"), {"__name__": "__main__"})
    return bpy.context.scene


def turn(quaternion: np.ndarray) -> np.ndarray:
    """The matrix of a quaternion (w, x, y, z), spelled out."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_script_keys_the_same_camera(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = sample_path()
    scene = ran(monkeypatch, path, kind, width=1920, height=1080)
    (camera,) = scene.linked
    assert scene.camera is camera
    assert camera.rotation_mode == "QUATERNION"
    assert (camera.data.sensor_fit, camera.data.sensor_width) == ("AUTO", 36.0)
    assert (scene.frame_start, scene.frame_end, scene.shown) == (1, 5, [1])
    render = scene.render
    assert (render.resolution_x, render.resolution_y) == (1920, 1080)
    assert (render.fps, render.fps_base) == (24, 1.0)
    # Blender's world has Z up: ours (x, y, z) is its (x, -z, y). Its camera's axes are ours.
    places = camera.values("location")
    assert places == pytest.approx(path.positions[:, [0, 2, 1]] * (1, -1, 1), abs=1e-9)
    assert camera.data.values("lens")[:, 0] == pytest.approx(path.focal_lengths)
    for quaternion, pose in zip(camera.values("rotation_quaternion"), path, strict=True):
        ours = pose.world_from_camera
        want = np.array([ours[0], -ours[2], ours[1]])
        assert turn(quaternion) == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_every_curve_is_linear_and_stands_on_every_frame(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (camera,) = ran(monkeypatch, sample_path(), kind).linked
    curves = [c for b in (camera, camera.data) for c in b.animation_data.action.made]
    assert len(curves) == 3 + 4 + 1
    for curve in curves:
        assert curve.updated
        assert [point.co[0] for point in curve.keyframe_points] == [1, 2, 3, 4, 5]
        assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}


@pytest.mark.parametrize(
    ("move", "location", "look", "up"),
    [
        ("truck right", (2, -10, 0), (0, 1, 0), (0, 0, 1)),
        ("pedestal up", (0, -10, 2), (0, 1, 0), (0, 0, 1)),
        ("dolly in", (0, -8, 0), (0, 1, 0), (0, 0, 1)),
        ("pan left", (0, -10, 0), (-S30, C30, 0), (0, 0, 1)),
        ("tilt up", (0, -10, 0), (0, C30, S30), (0, -S30, C30)),
        # Its head leans to the left.
        ("roll counter-clockwise", (0, -10, 0), (0, 1, 0), (-S30, 0, C30)),
    ],
)
def test_signs(
    monkeypatch: pytest.MonkeyPatch, move: str, location: tuple, look: tuple, up: tuple
) -> None:
    (camera,) = ran(monkeypatch, MOVES[move]).linked
    assert camera.values("location")[0] == pytest.approx((0, -10, 0))
    assert camera.values("location")[1] == pytest.approx(location, abs=1e-12)
    # A quarter about X: the camera of Blender's front view.
    first, second = camera.values("rotation_quaternion")
    assert first == pytest.approx((0.5**0.5, 0.5**0.5, 0, 0), abs=1e-12)
    assert turn(second) @ (0, 0, -1) == pytest.approx(look, abs=1e-11)
    assert turn(second) @ (0, 1, 0) == pytest.approx(up, abs=1e-11)


@pytest.mark.parametrize(
    ("rate", "fps", "base"),
    [
        (Fraction(24000, 1001), 24, 1.001),
        (Fraction(30000, 1001), 30, 1.001),
        (Fraction(25, 2), 13, 1.04),
    ],
)
def test_rates_are_exact(
    monkeypatch: pytest.MonkeyPatch, rate: Fraction, fps: int, base: float
) -> None:
    render = ran(monkeypatch, CameraPath(sample_path().poses, rate)).render
    assert render.fps == fps
    assert render.fps_base == pytest.approx(base, abs=1e-15)
    assert render.fps / render.fps_base == pytest.approx(float(rate), rel=1e-15)


def test_quaternions_never_jump_to_the_other_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    path = CameraPath(tuple(CameraPose(rotation=(0, 15.0 * i, 0)) for i in range(50)), Fraction(24))
    (camera,) = ran(monkeypatch, path).linked
    turns = camera.values("rotation_quaternion")
    assert np.linalg.norm(np.diff(turns, axis=0), axis=1).max() < 0.15


NAMES = (
    "Läufer 🏃",
    '"); import os; os.abort() #',
    "'); import os; os.abort() #",
    "\\'); raise SystemExit #\n\nraise SystemExit",
    "{literal} {0} %s \\u0027 \\x27",
    "half \ud800",
    "zero \0",
    "",
)


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_data(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    scene = ran(monkeypatch, sample_path(), name=name)
    want = name.replace("\ud800", "?").replace("\0", " ") or "camera"
    assert scene.linked[0].name == scene.linked[0].data.name == want
    data = write(sample_path(), None, WriteOptions(name=name)).data
    plain = write(sample_path(), None, WriteOptions(name="other")).data
    # The program is the same but for the one line, and there a single string changed.
    lines = list(zip(data.splitlines(), plain.splitlines(), strict=True))
    changed = [line.decode() for line, other in lines if line != other]
    assert len(changed) == 1
    call = ast.parse(changed[0]).body[0].value
    assert len(call.args) == 1
    assert isinstance(call.args[0], ast.Constant)
    assert_near(read(data, ReadOptions()).path, sample_path(), degrees=1e-7)


def test_the_golden_file_is_what_we_write_and_reads_back_in_place() -> None:
    data = (GOLDEN / "blender_ours.py.txt").read_bytes()
    assert write(sample_path(), None, WriteOptions()).data == data
    found = read(data, ReadOptions())
    assert_near(found.path, sample_path(), units=1e-9, degrees=1e-7, focal=1e-9)
    assert found.notes == ()


@given(paths)
@settings(max_examples=40, deadline=None)
def test_round_trip(path: CameraPath) -> None:
    back = read(write(path, None, WriteOptions(scale=2.0)).data, ReadOptions()).path
    assert_near(back, path, units=1e-9, degrees=1e-7, focal=1e-9)


def test_windows_line_ends() -> None:
    data = (GOLDEN / "blender_ours.py.txt").read_bytes().replace(b"\n", b"\r\n")
    assert_near(read(data, ReadOptions()).path, sample_path(), degrees=1e-7)


def script_of(values: Any) -> bytes:
    return f"import bpy\nDATA = json.loads({json.dumps(values)!r})\n".encode()


def values_of(path: CameraPath) -> dict[str, Any]:
    lines = write(path, None, WriteOptions()).data.decode().splitlines()
    line = next(line for line in lines if line.startswith("DATA = "))
    return json.loads(ast.literal_eval(line.removeprefix("DATA = json.loads(")[:-1]))


def test_bad_files() -> None:
    refuses_bad_files(read)
    values = values_of(sample_path())
    assert survives_odd_values(values, lambda v: read(script_of(v), ReadOptions()), 5) > 50
    values["frames"][2][3:7] = [2, 0, 0, 0]
    with pytest.raises(InvalidMedia, match="quaternion of frame 2 has length 2"):
        read(script_of(values), ReadOptions())


def test_scripts_of_others_are_never_run(tmp_path: Any) -> None:
    trace = tmp_path / "trace"
    for text in (
        f"import bpy\nopen({str(trace)!r}, 'w')\n",
        f"DATA = json.loads(str(open({str(trace)!r}, 'w')))\n",
        f"DATA = json.loads('[]' + str(open({str(trace)!r}, 'w')))\n",
        f"DATA = json.loads('[]') or open({str(trace)!r}, 'w')\n",
    ):
        with pytest.raises(InvalidMedia):
            read(text.encode(), ReadOptions())
        assert not trace.exists()


def test_it_is_recognised() -> None:
    data = (GOLDEN / "blender_ours.py.txt").read_bytes()
    assert recognise(data, "") == 1.0
    assert recognise(b"import bpy\n", "a.py") == 0.6
    assert recognise(b"import os\n", "a.py") == 0.0
