"""Moving, turning, scaling, mirroring and stretching commute with sampling."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from synth.camera.keys import TURN_CURVES, CameraKey, CameraKeys, LookAt
from synth.camera.pose import rotation_from_degrees
from synth.camera.sampling import sample
from synth.camera.transform import (
    mirrored,
    moved,
    resized_clip,
    reversed_in_time,
    scaled,
    stretched,
    turned,
)
from synth.errors import InvalidInstruction
from tests.camera.whole_paths import ANY, FRAMES, known, paths, place, quick, same, turn


@quick
@given(paths(), place)
def test_moving_commutes_with_sampling(keys, offset) -> None:
    was = known(keys, ANY)
    same(
        sample(moved(keys, offset), ANY),
        was.positions + offset,
        was.rotations,
        was.focal_lengths,
    )


@quick
@given(paths(), st.floats(0.2, 4), place)
def test_scaling_space_commutes_with_sampling(keys, factor, pivot) -> None:
    was = known(keys, ANY)
    # At one speed a jump of the lens or the rotation falls on a moment found by measuring length.
    sure = not keys.constant_speed
    same(
        sample(scaled(keys, factor, pivot), ANY),
        np.array(pivot) + factor * (was.positions - pivot),
        was.rotations if sure else None,
        was.focal_lengths if sure else None,
    )


@quick
@given(paths(), st.floats(0, 4))
def test_a_larger_move_starts_where_it_did_and_keeps_its_target(keys, factor) -> None:
    was = known(keys, ANY)
    after = scaled(keys, factor)
    first = np.array(keys.keys[0].position)
    np.testing.assert_allclose(
        sample(after.model_copy(update={"look_at": None}), ANY).positions
        if not keys.constant_speed or factor > 0
        else first + 0 * was.positions,
        first + factor * (was.positions - first),
        atol=1e-5,
    )
    assert after.look_at == keys.look_at


@quick
@given(paths(turn_curves=("angles",), looking=False), st.floats(0, 1.5))
def test_turns_and_lens_scale_about_the_first_key(keys, factor) -> None:
    after = scaled(keys, factor, turns=True, lens=True)
    first = keys.keys[0]
    for key, new in zip(keys.keys, after.keys, strict=True):
        np.testing.assert_allclose(
            np.subtract(new.rotation, first.rotation),
            factor * np.subtract(key.rotation, first.rotation),
            atol=1e-9,
        )
        stops = math.log(key.focal_length / first.focal_length)
        assert math.log(new.focal_length / first.focal_length) == pytest.approx(
            factor * stops, abs=1e-9
        )


@quick
@given(paths(), st.sampled_from(["x", "y"]))
def test_mirroring_commutes_with_sampling(keys, axis) -> None:
    was = known(keys, ANY)
    flip = np.diag([-1.0, 1, 1]) if axis == "x" else np.diag([1.0, -1, 1])
    matrices = flip @ was.rotations.as_matrix() @ flip
    after = mirrored(keys, axis)
    same(
        sample(after, ANY), was.positions @ flip, Rotation.from_matrix(matrices), was.focal_lengths
    )
    assert mirrored(after, axis) == keys


@quick
@given(paths(), st.floats(-400, 400), place)
def test_turning_about_the_vertical_commutes_with_sampling(keys, yaw, pivot) -> None:
    # Where a path at one speed comes to a point, its other numbers hang on the last digits.
    keys = keys.model_copy(update={"look_at": still(keys.look_at), "constant_speed": False})
    was = known(keys, ANY)
    whole = rotation_from_degrees((0.0, yaw, 0.0))
    same(
        sample(turned(keys, (0.0, yaw, 0.0), pivot), ANY),
        pivot + whole.apply(was.positions - pivot),
        whole * was.rotations,
        was.focal_lengths,
    )


def still(look_at: LookAt | None) -> LookAt | None:
    return None if look_at is None else look_at.model_copy(update={"keys": ()})


QUATERNION = tuple(set(TURN_CURVES) - {"angles"})


@quick
@given(paths(turn_curves=QUATERNION, looking=False), turn, place)
def test_turning_any_way_commutes_with_sampling(keys, angles, pivot) -> None:
    keys = keys.model_copy(update={"constant_speed": False})
    was = known(keys, ANY)
    whole = rotation_from_degrees(angles)
    same(
        sample(turned(keys, angles, pivot), ANY),
        pivot + whole.apply(was.positions - pivot),
        whole * was.rotations,
        was.focal_lengths,
    )


@quick
@given(
    paths(turn_curves=("angles", "hold"), looking=False),
    st.integers(0, 2),
    turn,
    turn,
    st.floats(1.0, 1.9),
)
def test_turning_plain_angles_one_at_a_time_is_exact(keys, axis, rest, angles, wide) -> None:
    """A pan, a tilt or a roll, from any fixed attitude, by more than half a turn too."""

    def only(triple):
        return tuple(
            wide * value if index == axis else other
            for index, (value, other) in enumerate(zip(triple, rest, strict=True))
        )

    keys = keys.model_copy(
        update={
            "keys": tuple(
                key.model_copy(update={"rotation": only(key.rotation)}) for key in keys.keys
            ),
            "loop": False,
        }
    )
    was = sample(keys, ANY)
    whole = rotation_from_degrees(angles)
    same(
        sample(turned(keys, angles), ANY),
        whole.apply(was.positions),
        whole * was.rotations,
        was.focal_lengths,
    )


@quick
@given(paths(turn_curves=("angles",)), turn, place)
def test_turned_keys_are_the_turned_cameras(keys, angles, pivot) -> None:
    keys = keys.model_copy(
        update={"constant_speed": False, "loop": False, "look_at": still(keys.look_at)}
    )
    at = [key.frame for key in keys.keys]
    was = known(keys, at)
    whole = rotation_from_degrees(angles)
    # A camera that looks at a point straight above or below has no horizon to keep.
    upright = np.abs(np.sin(np.radians((whole * was.rotations).as_euler("YXZ", True)[:, 1])))
    assume(keys.look_at is None or upright.max() < 0.999)
    same(
        sample(turned(keys, angles, pivot), at),
        pivot + whole.apply(was.positions - pivot),
        whole * was.rotations,
        was.focal_lengths,
    )


@quick
@given(paths(turn_curves=QUATERNION, looking=False), turn, turn)
def test_turns_one_after_the_other_are_their_product(keys, first, second) -> None:
    keys = keys.model_copy(update={"constant_speed": False})
    product = rotation_from_degrees(second) * rotation_from_degrees(first)
    yaw, pitch, roll = product.as_euler("YXZ", degrees=True)
    was = known(turned(keys, (float(pitch), float(yaw), float(roll))), ANY)
    twice = turned(turned(keys, first), second)
    same(sample(twice, ANY), was.positions, was.rotations, was.focal_lengths)


def test_two_turns_of_the_head_stay_two_turns() -> None:
    keys = CameraKeys(keys=(CameraKey(frame=0), CameraKey(frame=120, rotation=(0.0, 720.0, 0.0))))
    tipped = turned(keys, (20.0, 30.0, 0.0))
    first, last = tipped.keys
    assert last.rotation[1] - first.rotation[1] == pytest.approx(720.0)
    spun = sample(tipped, np.arange(121))
    assert np.abs(np.diff(spun.angles[:, 1])).sum() == pytest.approx(720.0, rel=1e-6)


@quick
@given(paths(), st.floats(0.1, 5))
def test_stretching_commutes_with_sampling(keys, factor) -> None:
    after = stretched(keys, factor)
    assert after.frames == max(1, round(FRAMES * factor))
    # Not where a hold may jump: key times are rounded.
    at = ANY + 0.013
    was = known(keys, at)
    now = known(after, at * (after.frames / FRAMES))
    near = 1e-5 if keys.constant_speed else 1e-6
    same(now, was.positions, None if keys.constant_speed else was.rotations, None, exact=near)
    assert stretched(after, frames=FRAMES).keys[-1].frame == pytest.approx(keys.keys[-1].frame)


@given(st.integers(1, 500), st.integers(1, 2000))
def test_a_key_at_the_end_stays_at_the_end(frames, new) -> None:
    keys = CameraKeys(frames=frames, keys=(CameraKey(frame=0), CameraKey(frame=frames)))
    after = stretched(keys, frames=new)
    assert (after.frames, after.keys[-1].frame) == (new, new)


def test_a_longer_clip_rests_on_its_last_key_and_a_shorter_one_may_not_lose_it() -> None:
    keys = CameraKeys(
        frames=60, keys=(CameraKey(frame=0), CameraKey(frame=47.5, position=(1, 0, 9)))
    )
    longer = resized_clip(keys, 90)
    assert longer.keys == keys.keys
    assert sample(longer, [89]).positions[0].tolist() == [1, 0, 9]
    assert resized_clip(keys, 48).frames == 48
    with pytest.raises(InvalidInstruction, match=r"frame 47\.5.*at least 48 frames"):
        resized_clip(keys, 47)


HOSTILE = [
    (lambda keys: moved(keys, (0, math.nan, 0)), "three finite numbers"),
    (lambda keys: moved(keys, (1, 2)), "three finite numbers"),
    (lambda keys: moved(keys, (1, 2, 10_000)), r"key on frame 0 .*10000"),
    (lambda keys: turned(keys, (0, math.inf, 0)), "three finite numbers"),
    (lambda keys: turned(keys, (0, 0, "1")), "three finite numbers"),
    (lambda keys: scaled(keys, -1), "between 0 and 1000"),
    (lambda keys: scaled(keys, math.nan), "between 0 and 1000"),
    (lambda keys: scaled(keys, 1000, (0, 0, -500)), r"key on frame 0 "),
    (lambda keys: mirrored(keys, "z"), "'x'"),
    (lambda keys: stretched(keys), "one of"),
    (lambda keys: stretched(keys, 2, frames=3), "one of"),
    (lambda keys: stretched(keys, 0), "above 0"),
    (lambda keys: stretched(keys, frames=0), "1 to 100,000"),
    (lambda keys: stretched(keys, frames=10**9), "1 to 100,000"),
    (lambda keys: resized_clip(keys, 2.5), "whole number"),
    (lambda keys: resized_clip(keys, True), "whole number"),
]


@pytest.mark.parametrize(("act", "says"), HOSTILE)
def test_impossible_changes_say_what_is_wrong(act, says) -> None:
    keys = CameraKeys(keys=(CameraKey(frame=0), CameraKey(frame=60, position=(1, 0, 9))))
    with pytest.raises(InvalidInstruction, match=says):
        act(keys)


def test_a_target_out_of_reach_is_told() -> None:
    keys = CameraKeys(look_at=LookAt(target=(0, 0, -9_000)))
    with pytest.raises(InvalidInstruction, match="looked at"):
        moved(keys, (0, 0, -2_000))


def test_thousands_of_keys_are_changed_in_a_moment() -> None:
    keys = CameraKeys(
        frames=6_000,
        keys=tuple(
            CameraKey(frame=2.0 * i, position=(i / 1_500, 0, 10), rotation=(0.0, i / 10, 1.0))
            for i in range(3_000)
        ),
        curve="smooth",
    )
    started = time.perf_counter()
    for change in (
        lambda: moved(keys, (1, 0, 0)),
        lambda: turned(keys, (5, 6, 7)),
        lambda: mirrored(keys),
        lambda: reversed_in_time(keys),
        lambda: stretched(keys, 2),
    ):
        assert len(change().keys) == 3_000
    assert time.perf_counter() - started < 20
