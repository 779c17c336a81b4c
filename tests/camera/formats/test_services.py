from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.services import FORMATS
from synth.camera.formats.services_moves import FULL, FULL_NOTE, MOVES
from synth.camera.keys import CameraKey, CameraKeys, Handheld, LookAt, TargetKey
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.sampling import keyed_path
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.motion.catalogue import MOVE_KINDS
from tests.camera.formats.paths import GOLDEN, assert_near, sample_path

KLING, MINIMAX, RUNWAY = FORMATS


def _write(
    entry: Format, path: CameraPath, keys: CameraKeys | None = None, **options
) -> WrittenPath:
    assert entry.write is not None
    return entry.write(path, keys, WriteOptions(**options))


def _read(entry: Format, text: object, **options) -> FoundPath:
    assert entry.read is not None
    data = text if isinstance(text, str) else json.dumps(text)
    return entry.read(data.encode(), ReadOptions(**options))


def _config(path: CameraPath) -> dict[str, float]:
    config = json.loads(_write(KLING, path).data)["camera_control"]["config"]
    return {name: amount for name, amount in config.items() if amount}


def _sliders(path: CameraPath) -> dict[str, float]:
    sliders = json.loads(_write(RUNWAY, path).data)["runway_camera"]
    return {name: amount for name, amount in sliders.items() if amount}


def _words(path: CameraPath, keys: CameraKeys | None = None) -> str:
    return _write(MINIMAX, path, keys).data.decode().rstrip("\n")


def _move(x=0.0, y=0.0, z=10.0, pitch=0.0, yaw=0.0, roll=0.0, lens=50.0) -> CameraPath:
    """Two frames: the home camera and where it is a 24th of a second later."""
    return CameraPath((CameraPose(), CameraPose((x, y, z), (pitch, yaw, roll), lens)), Fraction(24))


# Half of every full amount (truck 0.9, pedestal 0.6, dolly 3, pan 9, tilt 5, roll 12, zoom 1.6).
# Kling's pan is our tilt and its tilt our pan; its zoom is negative for a narrower view.
HALVES = {
    "truck right": (_move(x=0.45), {"horizontal": 5}, {"horizontal": 5}, "[Truck right]"),
    "truck left": (_move(x=-0.45), {"horizontal": -5}, {"horizontal": -5}, "[Truck left]"),
    "pedestal up": (_move(y=0.3), {"vertical": 5}, {"vertical": 5}, "[Pedestal up]"),
    "dolly in": (_move(z=8.5), {"zoom": -5}, {"zoom": 5}, "[Push in]"),
    "dolly out": (_move(z=11.5), {"zoom": 5}, {"zoom": -5}, "[Pull out]"),
    "pan left": (_move(yaw=4.5), {"tilt": -5}, {"pan": -5}, "[Pan left]"),
    "tilt up": (_move(pitch=2.5), {"pan": 5}, {"tilt": 5}, "[Tilt up]"),
    "roll clockwise": (_move(roll=-6.0), {"roll": 5}, {"roll": 5}, "[Static shot]"),
    "zoom in": (_move(lens=50 * math.sqrt(1.6)), {"zoom": -5}, {"zoom": 5}, "[Zoom in]"),
}


@pytest.mark.parametrize("move", HALVES)
def test_each_move_has_its_word_and_sign(move: str) -> None:
    path, kling, runway, minimax = HALVES[move]
    assert _config(path) == kling
    assert _sliders(path) == runway
    assert _words(path) == minimax


def test_the_full_amounts_are_the_reaches_of_our_own_moves() -> None:
    for move in MOVES:
        reach = MOVE_KINDS[move].amplitude
        assert FULL[move] == pytest.approx(math.log(reach) if move == "zoom" else reach)
        assert f"{move} {reach:g}" in FULL_NOTE.replace("degrees", "").replace("units", "")


def test_all_services_say_what_is_lost() -> None:
    keys = CameraKeys(
        frames=120,
        keys=(
            CameraKey(frame=0, easing="ease_in_out"),
            CameraKey(frame=60, position=(2, 0, 10), easing="ease_in_out"),
            CameraKey(frame=120, position=(0.9, 0, 10), rotation=(0, 0, 6)),
        ),
    )
    path = keyed_path(keys)
    kling, minimax, runway = (" ".join(_write(f, path, keys).notes) for f in FORMATS)
    for notes in (kling, minimax, runway):
        assert "lasts 5 s at 24 frames" in notes
        assert "paces truck, roll itself" in notes
    for notes in (kling, runway):
        assert "Forth and back is not kept, only where it ends: truck (3.1 units of way)" in notes
        assert "does not say how far its full amount goes" in notes
    assert "one move at a time; dropped: roll counter-clockwise 6 degrees" in kling
    assert "no word for a roll; dropped: roll counter-clockwise 6 degrees" in minimax
    assert "an order of moves is not kept" in runway
    assert "not stated for certain" in runway


# Kling -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (_move(y=-0.4, z=12), "down_back"),
        (_move(z=8, pitch=3), "forward_up"),
        (_move(z=8, yaw=-5), "right_turn_forward"),
        (_move(z=8, yaw=5), "left_turn_forward"),
        (_move(z=8, yaw=5, x=0.1), "left_turn_forward"),
        (_move(z=8, yaw=0.5), "simple"),
        (_move(z=12, yaw=5), "simple"),
        (_move(z=8, yaw=5, roll=12), "simple"),
    ],
)
def test_a_ready_made_move_is_taken_where_it_fits(path: CameraPath, kind: str) -> None:
    written = _write(KLING, path)
    control = json.loads(written.data)["camera_control"]
    assert control["type"] == kind
    assert ("config" in control) == (kind == "simple")
    assert any("no amounts" in note for note in written.notes) == (kind != "simple")


def test_kling_gets_the_greatest_move_within_its_range() -> None:
    written = _write(KLING, _move(x=4.0, pitch=1.0))
    assert json.loads(written.data)["camera_control"]["config"]["horizontal"] == 10
    notes = " ".join(written.notes)
    assert "more than Kling's full amount" in notes
    assert "dropped: tilt up 1 degrees" in notes
    assert "disagrees" not in notes
    # An amount of 0 would be refused; the smallest move that counts is a tenth.
    assert _config(_move(yaw=-0.046)) == {"tilt": 0.1}
    assert "disagrees about Kling's turns" in " ".join(_write(KLING, _move(yaw=5)).notes)
    assert "disagrees about Kling's zoom" in " ".join(_write(KLING, _move(lens=60)).notes)
    assert "zoom stands in for the dolly" in " ".join(_write(KLING, _move(z=8)).notes)


def test_kling_cannot_stand_still() -> None:
    with pytest.raises(InvalidInstruction, match="Leave camera_control out"):
        _write(KLING, CameraPath((CameraPose(),) * 5, Fraction(24)))


def test_kling_is_read_with_its_swapped_turns() -> None:
    found = _read(KLING, {"type": "simple", "config": {"pan": 5}})
    assert found.keys is not None
    first, last = found.keys.keys
    assert first.rotation == (0, 0, 0)
    assert last.rotation == pytest.approx((2.5, 0, 0))
    assert found.keys.frames == len(found.path) == 120
    turned = _read(KLING, {"camera_control": {"type": "simple", "config": {"tilt": 5}}}, fps=25)
    assert turned.keys is not None
    assert turned.keys.keys[-1].rotation == pytest.approx((0, -4.5, 0))
    assert len(turned.path) == 125
    zoomed = _read(KLING, {"type": "simple", "config": {"zoom": -10}}, focal_length=40.0)
    assert zoomed.keys is not None
    assert zoomed.keys.keys[-1].focal_length == pytest.approx(64)
    ready = _read(KLING, {"type": "down_back"}, scale=2.0)
    assert ready.keys is not None
    assert ready.keys.keys[-1].position == pytest.approx((0, -0.6, 13))


@given(
    st.sampled_from(["horizontal", "vertical", "pan", "tilt", "roll", "zoom"]),
    st.integers(-100, 100).filter(bool),
)
@settings(max_examples=25, deadline=None)
def test_what_kling_reads_it_writes_again(name: str, tenths: int) -> None:
    found = _read(KLING, {"type": "simple", "config": {name: tenths / 10}})
    assert _config(found.path) == {name: tenths / 10}


def _arc(degrees: float) -> CameraPath:
    """Round the subject to the camera's right, always looking at it."""
    turns = np.linspace(0.0, degrees, 61)
    return CameraPath(
        tuple(
            CameraPose(
                (10 * math.sin(math.radians(t)), 0, 10 * math.cos(math.radians(t))), (0, t, 0)
            )
            for t in turns
        ),
        Fraction(24),
    )


def test_shifts_follow_the_rig_or_a_camera_that_walks_round_corners() -> None:
    # Half way round, the way along the circle is pi * 10 to the right and nothing in or out.
    runway = _write(RUNWAY, _arc(180)).notes
    assert any("Truck right 31.4 units" in note for note in runway)
    assert not any("olly" in note for note in runway if "full intensity" not in note)
    # A few degrees round are told along the first camera's axes: 10 sin 6 = 1.045 to the right.
    assert any("Truck right 1.05 units" in note for note in _write(RUNWAY, _arc(6)).notes)
    # A tilted head does not make a dolly rise.
    assert _sliders(_move(z=8.5, pitch=2.5)) == {"zoom": 5, "tilt": 5}


# Runway ------------------------------------------------------------------------------------------


def test_runway_gets_all_moves_at_once() -> None:
    path = _move(x=0.09, y=-0.06, z=9.7, pitch=0.5, yaw=-0.9, roll=1.2)
    assert _sliders(path) == pytest.approx(
        {"horizontal": 1, "vertical": -1, "pan": 1, "tilt": 1, "zoom": 1, "roll": -1}, abs=0.15
    )
    still = _write(RUNWAY, CameraPath((CameraPose(),) * 5, Fraction(24)))
    assert json.loads(still.data)["runway_camera"]["static"] is True
    assert any("Static Camera" in note for note in still.notes)
    zoomed = _write(RUNWAY, _move(lens=60))
    assert any("no lens" in note for note in zoomed.notes)


@given(st.lists(st.integers(-100, 100), min_size=6, max_size=6))
@settings(max_examples=20, deadline=None)
def test_what_runway_reads_it_writes_again(tenths: Sequence[int]) -> None:
    names = ("horizontal", "vertical", "pan", "tilt", "zoom", "roll")
    moved = dict(zip(names, (value / 10 for value in tenths), strict=True))
    written = _sliders(_read(RUNWAY, {"runway_camera": moved}).path)
    written.pop("static", None)
    assert written == pytest.approx({k: v for k, v in moved.items() if v}, abs=1e-9)


def test_a_ticked_box_keeps_runway_static() -> None:
    found = _read(RUNWAY, {"runway_camera": {"static": True, "pan": 5}})
    assert all(pose.is_home for pose in found.path)
    assert any("do nothing" in note for note in found.notes)


# MiniMax -----------------------------------------------------------------------------------------


def _keyed(*keys: CameraKey, **settings) -> tuple[CameraPath, CameraKeys]:
    path = CameraKeys(frames=120, keys=keys, **settings)
    return keyed_path(path), path


SOFT = "ease_in_out"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            (
                CameraKey(frame=0, easing=SOFT),
                CameraKey(frame=60, position=(0.5, 0, 10), easing=SOFT),
                CameraKey(frame=120, position=(0.5, 0, 10), rotation=(0, 9, 0)),
            ),
            "[Truck right] [Pan left]",
        ),
        (
            (
                CameraKey(frame=0),
                CameraKey(frame=60, position=(0.5, 0, 10)),
                CameraKey(frame=120),
            ),
            "[Truck right] [Truck left]",
        ),
        (
            (CameraKey(frame=40), CameraKey(frame=80, position=(0, 0.5, 10))),
            "[Static shot] [Pedestal up] [Static shot]",
        ),
        (
            (
                CameraKey(frame=0, easing=SOFT),
                CameraKey(frame=120, position=(0.9, 0.4, 9), rotation=(-2, -2, 0), focal_length=55),
            ),
            "[Truck right, Pedestal up, Tilt down]",
        ),
        ((CameraKey(frame=0),), "[Static shot]"),
        ((CameraKey(frame=0), CameraKey(frame=120, position=(0.01, 0, 10))), "[Static shot]"),
    ],
)
def test_moves_become_brackets_in_their_order(keys: tuple[CameraKey, ...], words: str) -> None:
    assert _words(*_keyed(*keys)) == words


def test_a_hand_that_shakes_is_told_with_and_without_keys() -> None:
    path, keys = _keyed(
        CameraKey(frame=0), CameraKey(frame=120, position=(0, 0, 8)), handheld=Handheld()
    )
    assert _words(path, keys) == "[Push in, Shake]"
    assert _words(path) == "[Push in, Shake]"
    notes = " ".join(_write(KLING, path, keys).notes)
    assert "Handheld shake is not kept" in notes
    assert "dropped" not in notes


def test_a_target_that_moves_makes_a_tracking_shot() -> None:
    target = LookAt(
        keys=(TargetKey(frame=0, position=(0, 0, 0)), TargetKey(frame=120, position=(1, 0, 0)))
    )
    path, keys = _keyed(
        CameraKey(frame=0), CameraKey(frame=120, position=(1, 0, 10)), look_at=target
    )
    assert _words(path, keys) == "[Truck right, Tracking shot]"


def test_times_and_amounts_stand_in_the_notes() -> None:
    path, keys = _keyed(CameraKey(frame=60), CameraKey(frame=120, position=(0.5, 0, 10)))
    notes = _write(MINIMAX, path, keys).notes
    assert "[Static shot] from 0 to 2.5 s; [Truck right] from 2.5 to 5 s" in notes[0]
    assert "truck right 0.492 units" in notes[0]  # The key on frame 120 is never rendered.
    many = CameraKey(frame=120, position=(1, 1, 7), rotation=(5, 9, 0))
    dropped = " ".join(_write(MINIMAX, *_keyed(CameraKey(frame=0), many)).notes)
    assert "At most three words run together; dropped: " in dropped


def test_quick_forth_and_back_is_no_word() -> None:
    poses = tuple(CameraPose((math.sin(0.9 * i), 0, 10 - 0.03 * i)) for i in range(120))
    written = _write(MINIMAX, CameraPath(poses, Fraction(24)))
    assert written.data == b"[Push in]\n"
    assert any("too fast for words: truck" in note for note in written.notes)


def test_a_text_is_read_bracket_by_bracket() -> None:
    data = (GOLDEN / "minimax.txt").read_bytes()
    assert MINIMAX.read is not None
    found = MINIMAX.read(data, ReadOptions())
    assert found.keys is not None
    # Four stages of 36 frames: the last bracket pans both ways, one after the other.
    assert [key.frame for key in found.keys.keys] == [0, 36, 72, 108, 144]
    first, truck, push, pan, last = found.keys.keys
    assert first.position == (0, 0, 10)
    assert truck.position == pytest.approx((0.45, 0.3, 10))
    assert push.position == last.position == pytest.approx((0.45, 0.3, 8.5))
    assert pan.rotation == pytest.approx((0, 4.5, 0))
    assert last.rotation == (0, 0, 0)
    assert any("1 other brackets" in note for note in found.notes)
    words = "[Truck right, Pedestal up] [Push in] [Pan left] [Pan right]"
    assert _words(found.path, found.keys) == words
    shaken = _read(MINIMAX, "[Shake, Tracking shot] a dog [Static shot] sleeps")
    assert shaken.keys is not None
    assert shaken.keys.handheld == Handheld()
    assert not shaken.path[30].is_home


# All ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", [KLING, RUNWAY], ids=lambda entry: entry.id)
def test_the_golden_files_are_what_is_written(entry: Format) -> None:
    data = (GOLDEN / f"{entry.id}.json").read_bytes()
    assert _write(entry, sample_path()).data == data
    assert entry.recognise(data, "") > 0.9
    assert entry.read is not None
    found = entry.read(data, ReadOptions())
    assert found.format_id == entry.id
    assert found.keys is not None
    assert_near(found.path, keyed_path(found.keys))


def test_each_file_is_recognised_by_its_own_format_only() -> None:
    texts = {
        "kling": b'{"type": "simple", "config": {"horizontal": 3}}',
        "minimax": b"A cat [Pan left, zoom in] jumps.",
        "runway": b'{"runway_camera": {"pan": 3}}',
    }
    for entry in FORMATS:
        for name, data in texts.items():
            assert (entry.recognise(data, "") > 0.5) == (entry.id == name)
    assert MINIMAX.recognise(b"A [good] day", "") == 0.0


@given(
    st.lists(
        st.tuples(*[st.floats(-1e3, 1e3)] * 3, *[st.floats(-180, 180)] * 3, st.floats(4, 1200)),
        min_size=1, max_size=40,
    )
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_path_can_be_told(rows: list) -> None:
    path = CameraPath(tuple(CameraPose(r[:3], r[3:6], r[6]) for r in rows), Fraction(12))
    for entry in FORMATS:
        try:
            written = _write(entry, path)
        except InvalidInstruction:
            assert entry is KLING
            continue
        assert entry.recognise(written.data, "") > 0.5
        again = _read(entry, written.data.decode())
        assert len(again.path) > 100
        assert np.isfinite(again.path.positions).all()


@pytest.mark.parametrize(
    ("entry", "text", "error", "words"),
    [
        (KLING, "[]", InvalidMedia, "must be one of simple"),
        (KLING, {"type": "spin"}, InvalidMedia, "'spin'"),
        (KLING, {"type": ["simple"]}, InvalidMedia, "must be one of"),
        (KLING, {"type": "simple"}, InvalidMedia, "config is None"),
        (KLING, {"type": "simple", "config": {"yaw": 1}}, InvalidMedia, "'yaw'"),
        (KLING, {"type": "simple", "config": {"pan": 11}}, InvalidMedia, "from -10 to 10"),
        (KLING, {"type": "simple", "config": {"pan": "5"}}, InvalidMedia, "must be a number"),
        (KLING, '{"type": "simple", "config": {"pan": NaN}}', InvalidMedia, "NaN"),
        (KLING, "{" * 99, LimitExceeded, "nested"),
        (RUNWAY, {}, InvalidMedia, "no sliders"),
        (RUNWAY, {"runway_camera": {"dolly": 1}}, InvalidMedia, "'dolly'"),
        (RUNWAY, {"runway_camera": {"pan": -10.5}}, InvalidMedia, "from -10 to 10"),
        (RUNWAY, {"runway_camera": {"static": 1}}, InvalidMedia, "true or false"),
        (RUNWAY, {"runway_camera": {"pan": True}}, InvalidMedia, "must be a number"),
        (MINIMAX, "no words", InvalidMedia, "no camera words"),
        (MINIMAX, "[a cat]", InvalidMedia, "no camera words"),
        (MINIMAX, "[Pan left, Fly]", InvalidMedia, "'Fly'"),
        (MINIMAX, "[Pan left]" * 13, LimitExceeded, "more than 12 brackets"),
        (MINIMAX, "\0", InvalidMedia, "binary"),
        (MINIMAX, "[" * 5_000_000, InvalidMedia, "no camera words"),
        (MINIMAX, "", InvalidMedia, "empty"),
    ],
)
def test_what_is_unsound_is_refused(entry: Format, text: object, error: type, words: str) -> None:
    start = time.monotonic()
    with pytest.raises(error) as caught:
        _read(entry, text)
    assert words in str(caught.value)
    assert time.monotonic() - start < 5.0


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.id)
def test_huge_files_are_refused_and_passed_over(entry: Format) -> None:
    assert entry.read is not None
    for data in (b"[" * 100_000_000, b"{" + b" " * 30_000_000):
        start = time.monotonic()
        assert entry.recognise(data, "") == 0.0
        with pytest.raises(LimitExceeded, match="20,000,000"):
            entry.read(data, ReadOptions())
        assert time.monotonic() - start < 2.0


def test_a_long_restless_path_is_told_quickly() -> None:
    steps = np.random.default_rng(1).normal(size=20_000)
    poses = tuple(CameraPose((float(x), 0, 10)) for x in np.clip(np.cumsum(steps), -900, 900))
    path = CameraPath(poses, Fraction(24))
    start = time.monotonic()
    for entry in FORMATS:
        _write(entry, path)
    assert time.monotonic() - start < 3.0
