"""The moves of a motion control as keys: the same cameras, and few keys to edit."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.camera.easing import EASINGS
from synth.camera.keys import CameraKeys
from synth.camera.sampling import keyed_path
from synth.motion import MOVE_KINDS, MOVE_TYPES, MotionControl, camera_path
from synth.motion.as_keys import keyed_move, move_keys

RATES = [Fraction(24), Fraction(30000, 1001), Fraction(60)]
EVERY_WAY = [
    (kind, way)
    for kind in MOVE_TYPES
    if kind != "handheld"
    for way in (MOVE_KINDS[kind].directions or (None,))
]
# Number by number, these run in step with the easing.
STRAIGHT = ("dolly", "truck", "pedestal", "pan", "tilt", "roll", "dolly_zoom", "push_in",
            "pull_out")  # fmt: skip


def control(*moves: dict[str, Any]) -> MotionControl:
    return MotionControl.from_dict({"camera": list(moves)})


def move(kind: str, way: str | None = None, **values: Any) -> dict[str, Any]:
    return {"type": kind, **({"direction": way} if way else {}), **values}


def differences(keys: CameraKeys, wanted: MotionControl, fps: Fraction, lens: float = 50.0):
    """Largest difference over all frames: units, degrees, share of the focal length."""
    path = camera_path(wanted, fps=fps, focal_length=lens)
    found = keyed_path(keys)
    assert len(found) == len(path)
    assert found.fps == path.fps
    turn = np.degrees((found.rotations.inv() * path.rotations).magnitude())
    return (
        np.linalg.norm(found.positions - path.positions, axis=1).max(),
        turn.max(),
        np.abs(found.focal_lengths / path.focal_lengths - 1.0).max(),
    )


def check(wanted: MotionControl, fps: Fraction, lens: float = 50.0) -> CameraKeys:
    keys = move_keys(wanted, fps=fps, focal_length=lens)
    units, degrees, share = differences(keys, wanted, fps, lens)
    assert units <= 1e-3
    assert degrees <= 0.01
    assert share <= 1e-4
    return keys


@pytest.mark.parametrize(("kind", "way"), EVERY_WAY)
@pytest.mark.parametrize("intensity", [0.3, 1.0])
@pytest.mark.parametrize("loop", [False, True])
def test_every_move_is_kept_by_few_keys(kind, way, intensity, loop) -> None:
    wanted = control(move(kind, way, intensity=intensity, loop=loop))
    for fps in RATES:
        keys = check(wanted, fps, lens=35.0)
        most = {"static": 1, "zoom": 3, "orbit": 2, "spiral": 10}.get(kind, 2)
        if loop:
            most = {"static": 1, "zoom": 5, "orbit": 7, "spiral": 9}.get(kind, 3)
        assert len(keys.keys) <= most
        assert all(key.frame == round(key.frame) for key in keys.keys)
        if kind != "static":
            assert (keys.keys[0].frame, keys.keys[-1].frame) == (0, keys.frames)


@pytest.mark.parametrize("kind", STRAIGHT)
@pytest.mark.parametrize("easing", ["linear", "ease_out_expo", "ease_in_out_back"])
def test_straight_moves_are_the_very_same_with_the_same_easing(kind, easing) -> None:
    wanted = control(move(kind, intensity=0.8, duration=2.5, easing=easing))
    keys = move_keys(wanted, fps=Fraction(24))
    assert max(differences(keys, wanted, Fraction(24))) < 1e-7
    assert [key.frame for key in keys.keys] == [0, 60]
    assert keys.keys[0].easing == easing


def test_there_and_back_turns_at_a_key_half_way() -> None:
    wanted = control(move("truck", "left", loop=True, duration=3.0))
    keys = check(wanted, Fraction(24))
    assert [(key.frame, key.easing) for key in keys.keys[:2]] == [
        (0, "ease_in_out_sine"), (36, "ease_in_out_sine"),
    ]  # fmt: skip
    assert keys.keys[0].position == keys.keys[2].position


def test_moves_in_turn_have_keys_where_they_meet() -> None:
    wanted = control(
        move("dolly", "forward", duration=2.0, intensity=0.6),
        move("pan", "left", duration=1.5),
        move("roll", duration=1.0, easing="ease_in_cubic"),
    )
    keys = check(wanted, Fraction(24))
    assert [key.frame for key in keys.keys] == [0, 48, 84, 108]
    assert [key.easing for key in keys.keys[:3]] == [
        "ease_in_out_sine", "ease_in_out_sine", "ease_in_cubic",
    ]  # fmt: skip
    assert max(differences(keys, wanted, Fraction(24))) < 1e-7


def test_moves_that_share_their_time_and_easing_share_two_keys() -> None:
    wanted = control(*(move(kind, start=0.0, duration=3.0) for kind in ("dolly", "tilt", "roll")))
    keys = check(wanted, Fraction(24))
    assert len(keys.keys) == 2
    assert max(differences(keys, wanted, Fraction(24))) < 1e-7


def test_rests_before_and_after_need_no_keys() -> None:
    wanted = control(
        move("static", start=0.0, duration=5.0), move("truck", start=1.0, duration=2.0)
    )
    keys = check(wanted, Fraction(24))
    assert (keys.frames, [key.frame for key in keys.keys]) == (120, [24, 72])


@pytest.mark.parametrize(("moves", "most"), [
    ((move("dolly", start=0.0, duration=4.0), move("pan", start=1.0, duration=2.0)), 12),
    ((move("orbit", start=0.0, duration=4.0), move("pedestal", start=0.0, duration=4.0)), 2),
    ((move("zoom", start=0.0, duration=4.0), move("dolly", start=0.0, duration=4.0)), 3),
    ((move("crane", "down", start=0.0, intensity=1.0), move("orbit", "up", start=0.0),
      move("pan", start=0.0)), 6),
    ((move("dolly", duration=1.37), move("arc", duration=1.21, intensity=0.9)), 3),
    ((move("dolly", start=0.0, easing="ease_in_cubic"),
      move("pan", start=0.0, easing="ease_out_quint")), 10),
])  # fmt: skip
@pytest.mark.parametrize("fps", RATES)
def test_moves_together_and_out_of_step(moves, most, fps) -> None:
    assert len(check(control(*moves), fps).keys) <= most


steady = st.builds(
    lambda way, intensity, duration, start, easing, loop: move(
        *way, intensity=intensity, duration=duration, start=start, easing=easing, loop=loop
    ),
    st.sampled_from([way for way in EVERY_WAY if way[0] not in ("dolly_zoom", "spiral")]),
    st.floats(0, 0.6),
    st.floats(0.3, 1.5),
    st.none() | st.floats(0, 1),
    st.none() | st.sampled_from(list(EASINGS)),
    st.booleans(),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(steady, min_size=1, max_size=3), st.sampled_from(RATES))
def test_whatever_is_asked_the_keys_keep_to_it(moves, fps) -> None:
    check(control(*moves), fps)


@pytest.mark.parametrize("with_move", [None, "dolly", "truck", "zoom"])
@pytest.mark.parametrize("loop", [False, True])
def test_a_handheld_camera_is_the_keys_own_shake(with_move, loop) -> None:
    shake = move("handheld", intensity=0.7, seed=5, start=0.0, loop=loop)
    moves = [move(with_move, start=0.0, duration=4.0)] if with_move else []
    wanted = control(*moves, {**shake, **({"duration": 4.0} if not moves else {})})
    if loop and with_move:
        # A loop would bring the camera back, which the move does not.
        return
    made = keyed_move(wanted, fps=Fraction(24))
    assert made.notes == ()
    assert made.keys.handheld is not None
    assert (made.keys.handheld.strength, made.keys.handheld.seed) == (0.7, 5)
    assert len(made.keys.keys) <= 2
    units, degrees, share = differences(made.keys, wanted, Fraction(24))
    assert max(units, degrees, share) < 1e-4


@pytest.mark.parametrize("moves", [
    (move("pan", start=0.0, duration=3.0, intensity=1.0),
     move("handheld", start=0.0, intensity=1.0)),
    (move("static", duration=4.0, start=0.0), move("handheld", start=1.0, duration=2.0)),
    (move("static", duration=3.0, start=0.0), move("handheld", start=0.0, seed=2**32 - 1)),
    (move("handheld", start=0.0, duration=2.0), move("handheld", start=0.0, duration=2.0, seed=1)),
])  # fmt: skip
def test_a_shake_that_is_not_the_keys_own_is_written_out_and_said_so(moves) -> None:
    wanted = control(*moves)
    made = keyed_move(wanted, fps=Fraction(24))
    assert made.keys.handheld is None
    assert len(made.notes) == 1
    assert f"{len(made.keys.keys)} keys" in made.notes[0]
    units, degrees, _ = differences(made.keys, wanted, Fraction(24))
    assert units <= 1e-3
    assert degrees <= 0.01


def test_a_spiral_looks_at_its_subject() -> None:
    keys = check(control(move("spiral", intensity=1.0)), Fraction(24))
    assert keys.look_at is not None
    assert keys.look_at.target == (0.0, 0.0, 0.0)


def test_keys_go_through_their_file() -> None:
    keys = move_keys(control(move("arc"), move("zoom")), fps=Fraction(24))
    assert CameraKeys.from_json(keys.to_json()) == keys


def test_an_empty_control_is_one_key_with_the_photos_lens() -> None:
    keys = move_keys(MotionControl(), fps=Fraction(24), focal_length=28.0)
    assert [(key.frame, key.focal_length) for key in keys.keys] == [(0, 28.0)]
    assert keys.frames == 72
