"""A path run backwards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given

from synth.camera.backwards import easing_reversed
from synth.camera.easing import EASINGS, cubic_bezier
from synth.camera.keys import CameraKey, CameraKeys, LookAt, TargetKey
from synth.camera.sampling import sample
from synth.camera.transform import reversed_in_time
from tests.camera.whole_paths import ANY, FRAMES, WHOLE, known, paths, quick, same


@quick
@given(paths())
def test_running_backwards_commutes_with_sampling(keys) -> None:
    after = reversed_in_time(keys)
    end = FRAMES
    if not keys.loop and len(keys.keys) > 1:
        span = (keys.keys[0].frame, keys.keys[-1].frame)
        end = sum(span) if span in ((0, FRAMES - 1), (1, FRAMES)) else FRAMES
    holds = any(
        "hold" in (key.curve or keys.curve, key.turn_curve or keys.turn_curve,
                   key.lens_curve or keys.lens_curve)
        for key in keys.keys
    )  # fmt: skip
    # A hold with parts that run is baked, which would change what one speed makes of it.
    assume(not (holds and keys.constant_speed))
    # A loop at one speed counts its way from its first key on, which is another one backwards.
    assume(not (keys.loop and keys.constant_speed and keys.keys[0].frame > 0))
    frames = WHOLE if holds else ANY
    if end != FRAMES:
        frames = frames[(frames >= end - FRAMES) & (frames <= min(end, FRAMES))]
    was = known(keys, end - frames)
    if keys.loop and holds:
        frames = frames[1:-1]
        was = known(keys, end - frames)
    same(sample(after, frames), was.positions, was.rotations, was.focal_lengths)


@quick
@given(paths(curves=("linear", "smooth", "catmull_rom", "bezier", "tcb"),
             turn_curves=("angles", "linear", "smooth", "bezier")))  # fmt: skip
def test_backwards_twice_is_the_path_itself(keys) -> None:
    # In a loop the clip's end is its start, and comes back as that.
    assume(not (keys.loop and keys.keys[-1].frame == FRAMES))
    twice = reversed_in_time(reversed_in_time(keys))
    assert twice.model_copy(update={"keys": (), "look_at": None}) == keys.model_copy(
        update={"keys": (), "look_at": None}
    )
    for one, other in zip(keys.keys, twice.keys, strict=True):
        rounded = {"easing", "rotation"}
        assert one.model_dump(exclude=rounded) == other.model_dump(exclude=rounded)
        np.testing.assert_allclose(one.rotation, other.rotation, atol=1e-9)
        if isinstance(one.easing, str):
            assert one.easing == other.easing
        else:
            np.testing.assert_allclose(one.easing, other.easing, atol=1e-11)


def test_steps_that_hold_come_back_with_the_keys_they_had() -> None:
    keys = CameraKeys(
        frames=40,
        keys=tuple(
            CameraKey(frame=float(frame), position=(x, 0.0, 10.0), rotation=(0.0, x, 0.0))
            for frame, x in ((0, 0.0), (10, 1.0), (30, 2.0), (40, 3.0))
        ),
        curve="hold",
        turn_curve="hold",
    )
    back = reversed_in_time(keys)
    assert [(key.frame, key.position[0]) for key in back.keys] == [
        (0, 3.0), (1, 2.0), (11, 1.0), (31, 0.0), (40, 0.0),
    ]  # fmt: skip
    assert (
        sample(back, np.arange(41)).positions[:, 0].tolist() == [3] + [2] * 10 + [1] * 20 + [0] * 10
    )
    assert reversed_in_time(back) == keys


@pytest.mark.parametrize("name", EASINGS)
def test_an_easing_backwards_is_its_mirror(name: str) -> None:
    times = np.linspace(0, 1, 101)
    back = easing_reversed(name)
    curve = EASINGS[back] if isinstance(back, str) else cubic_bezier(*back)
    np.testing.assert_allclose(curve(times), 1.0 - EASINGS[name](1.0 - times), atol=1e-9)
    assert easing_reversed(back) == name


def test_a_path_keyed_on_its_rendered_frames_stays_so() -> None:
    keys = CameraKeys(
        frames=40, keys=tuple(CameraKey(frame=float(f), position=(f, 0, 0)) for f in (0, 5, 39))
    )
    back = reversed_in_time(keys)
    assert [key.frame for key in back.keys] == [0, 34, 39]
    assert sample(back, np.arange(40)).positions[:, 0].tolist() == pytest.approx(
        sample(keys, np.arange(40)).positions[::-1, 0].tolist()
    )
    counted = CameraKeys(
        frames=40, keys=tuple(CameraKey(frame=float(f), position=(f, 0, 0)) for f in (1, 6, 40))
    )
    assert [key.frame for key in reversed_in_time(counted).keys] == [1, 35, 40]


def test_a_dolly_zoom_backwards_keeps_its_lens() -> None:
    keys = CameraKeys(
        frames=48,
        hold_size=True,
        keys=(CameraKey(frame=0, focal_length=40.0), CameraKey(frame=48, position=(0, 0, 5.0))),
    )
    back = reversed_in_time(keys)
    assert back.keys[0].focal_length == pytest.approx(20.0)
    frames = np.arange(49.0)
    np.testing.assert_allclose(
        sample(back, frames).focal_lengths, sample(keys, 48 - frames).focal_lengths, rtol=1e-9
    )


def test_a_target_that_walks_on_after_the_clip_walks_back_within_it() -> None:
    looks = LookAt(
        keys=(TargetKey(frame=0, position=(0, 0, 0)), TargetKey(frame=96, position=(8, 0, 0)))
    )
    keys = CameraKeys(frames=48, keys=(CameraKey(frame=0),), look_at=looks)
    back = reversed_in_time(keys)
    assert back.look_at is not None
    assert [(key.frame, key.position[0]) for key in back.look_at.keys] == [(0, 4.0), (48, 0.0)]


def test_a_hold_after_a_turn_the_long_way_stays_still() -> None:
    """The angles along the path come to 360 where the key says 0: the same camera."""
    keys = CameraKeys(
        frames=48,
        curve="hold",
        keys=(
            CameraKey(frame=0, rotation=(80.0, 0, 0), turn_curve="bezier", long_way=True),
            CameraKey(frame=8, position=(0, -2, 0)),
            CameraKey(frame=30),
        ),
    )
    frames = np.arange(49.0)
    was = sample(keys, 48 - frames)
    same(sample(reversed_in_time(keys), frames), was.positions, was.rotations, was.focal_lengths)
