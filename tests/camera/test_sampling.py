"""The camera of a keyed path at any frame."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from synth.camera.keys import (
    CURVES,
    MAX_KEYS,
    TURN_CURVES,
    CameraKey,
    CameraKeys,
    Handheld,
)
from synth.camera.sampling import keyed_path, sample
from synth.camera.turning import over_the_top, rotations
from synth.errors import InvalidInstruction
from tests.camera.keyed import SMOOTH, Kinds, array, keyed

TURNS_OF = {"hold": "hold", "linear": "linear", **{kind: kind for kind in SMOOTH}}


def _line(*keys: dict, **path) -> CameraKeys:
    return CameraKeys(**{"frames": 120, "keys": tuple(CameraKey(**key) for key in keys), **path})


def _same_turns(one: Rotation, other: Rotation) -> float:
    return float(np.degrees((one.inv() * other).magnitude()).max())


# The keys themselves


@given(keyed())
@settings(max_examples=80)
def test_every_mixture_of_curves_and_easings_passes_exactly_through_its_keys(keys) -> None:
    frames = array(keys, "frame")
    met = sample(keys, frames)
    np.testing.assert_array_equal(met.positions, array(keys, "position"))
    np.testing.assert_array_equal(met.focal_lengths, array(keys, "focal_length"))
    own = array(keys, "rotation")
    plain = np.all((met.angles - own) % 360.0 == 0.0, axis=1)
    over = np.all((met.angles - over_the_top(own)) % 360.0 == 0.0, axis=1)
    assert np.all(plain | over)
    np.testing.assert_array_equal(met.angles[0], own[0])


@given(keyed(Kinds(turns=("angles", "hold"))))
@settings(max_examples=30)
def test_plain_angles_are_the_keys_own_at_keys(keys) -> None:
    met = sample(keys, array(keys, "frame"))
    np.testing.assert_array_equal(met.angles, array(keys, "rotation"))


@given(keyed(), st.lists(st.floats(-50, 300), min_size=1, max_size=20))
@settings(max_examples=30)
def test_frames_may_come_in_any_order_and_alone(keys, frames) -> None:
    together = sample(keys, frames)
    assert len(together) == len(frames)
    for index, frame in enumerate(frames):
        alone = sample(keys, frame)
        np.testing.assert_array_equal(alone.positions[0], together.positions[index])
        np.testing.assert_allclose(alone.angles[0], together.angles[index], atol=1e-9)


@given(keyed())
@settings(max_examples=30)
def test_outside_its_keys_the_camera_stands(keys) -> None:
    first, last = keys.keys[0].frame, keys.keys[-1].frame
    met = sample(keys, [-1e300, -1.0, first, last, last + 0.5, 1e300])
    for values in (met.positions, met.angles, met.focal_lengths):
        np.testing.assert_array_equal(values[[0, 1]], values[[2, 2]])
        np.testing.assert_array_equal(values[[4, 5]], values[[3, 3]])


def test_one_key_is_a_camera_that_stands() -> None:
    keys = _line({"frame": 30, "position": (1, 2, 3), "rotation": (0, 400, 0)}, loop=True)
    met = sample(keys, [-5, 0, 30, 119.5, 1e9])
    np.testing.assert_array_equal(met.positions, np.tile((1.0, 2.0, 3.0), (5, 1)))
    np.testing.assert_array_equal(met.angles, np.tile((0.0, 400.0, 0.0), (5, 1)))


def test_hold_jumps_at_the_next_key() -> None:
    keys = _line(
        {"frame": 0, "easing": "ease_in_out_back"},
        {"frame": 60, "position": (1, 0, 0), "rotation": (0, 90, 0), "focal_length": 80},
        curve="hold", turn_curve="hold", lens_curve="hold",
    )  # fmt: skip
    met = sample(keys, [0, 59.999, 60])
    np.testing.assert_array_equal(met.positions[:, 0], (0, 0, 1))
    np.testing.assert_array_equal(met.angles[:, 1], (0, 0, 90))
    np.testing.assert_array_equal(met.focal_lengths, (50, 50, 80))


def test_easing_warps_the_time_of_its_own_segment_in_all_channels() -> None:
    keys = _line(
        {"frame": 0, "easing": "ease_in_quad"},
        {"frame": 100, "position": (8, 0, 10), "rotation": (0, 40, 0), "focal_length": 90},
        {"frame": 120, "position": (9, 0, 10)},
    )
    met = sample(keys, [50, 110])
    np.testing.assert_allclose(met.positions[:, 0], (2.0, 8.5))
    np.testing.assert_allclose(met.angles[:, 1], (10.0, 20.0))
    np.testing.assert_allclose(met.focal_lengths, (60.0, 70.0))


def test_a_key_may_choose_the_curve_of_each_channel() -> None:
    keys = _line(
        {"frame": 0, "curve": "hold", "turn_curve": "linear", "lens_curve": "linear"},
        {"frame": 60, "position": (2, 0, 10), "rotation": (0, 270, 0), "focal_length": 70},
        {"frame": 120, "position": (4, 0, 10), "rotation": (0, 0, 0), "focal_length": 70},
    )
    met = sample(keys, [30, 90])
    np.testing.assert_allclose(met.positions[:, 0], (0, 3))
    # Slerp goes the short way to 270, which is -90; from there plain numbers go back by 270.
    np.testing.assert_allclose(met.angles[:, 1], (-45, -225), atol=1e-9)
    np.testing.assert_allclose(met.focal_lengths, (60, 70))


# Transforms commute with sampling


def _map(keys: CameraKeys, change, **path) -> CameraKeys:
    return keys.model_copy(update={"keys": tuple(change(key) for key in keys.keys), **path})


@given(keyed(), st.sampled_from([0.5, 2.0, 3.7, 100.0]), st.booleans())
@settings(max_examples=30)
def test_stretching_time(keys, factor, even) -> None:
    keys = keys.model_copy(update={"constant_speed": even})
    slow = _map(
        keys, lambda key: key.model_copy(update={"frame": key.frame * factor}), frames=40_000
    )
    frames = np.linspace(-3.0, 205.0, 53)
    one, two = sample(keys, frames), sample(slow, frames * factor)
    np.testing.assert_allclose(two.positions, one.positions, atol=1e-6)
    np.testing.assert_allclose(two.focal_lengths, one.focal_lengths, atol=1e-6)
    assert _same_turns(one.rotations, two.rotations) < 1e-4


def _reversed(keys: CameraKeys) -> CameraKeys:
    """The keys backwards; easings are linear here."""
    rules = ("curve", "turn_curve", "lens_curve", "long_way")
    turned = []
    for index, key in enumerate(keys.keys):
        # The rules of a segment stand on its first key, which was its last.
        rule = keys.keys[index - 1] if index else key
        turned.append(
            key.model_copy(
                update={
                    "frame": keys.frames - key.frame,
                    "tangent_in": key.tangent_out,
                    "tangent_out": key.tangent_in,
                    "bias": -key.bias,
                    **{name: getattr(rule, name) for name in rules},
                }
            )
        )
    return keys.model_copy(update={"keys": tuple(turned[::-1])})


@given(keyed(Kinds(curves=CURVES[1:], turns=(*TURN_CURVES[:1], *TURN_CURVES[2:]),
                   easings=("linear",))), st.booleans())  # fmt: skip
@settings(max_examples=40)
def test_reversing_time(keys, even) -> None:
    keys = keys.model_copy(update={"constant_speed": even})
    frames = np.linspace(0.0, keys.frames, 67)
    one, two = sample(keys, frames), sample(_reversed(keys), keys.frames - frames)
    np.testing.assert_allclose(two.positions, one.positions, atol=1e-6)
    np.testing.assert_allclose(two.focal_lengths, one.focal_lengths, atol=1e-6)
    assert _same_turns(one.rotations, two.rotations) < 1e-4


@given(keyed())
@settings(max_examples=40)
def test_mirroring_left_and_right(keys) -> None:
    side = np.array([-1.0, 1.0, 1.0])
    turn = np.array([1.0, -1.0, -1.0])

    def flipped(value, signs):
        return None if value is None else tuple((np.array(value) * signs).tolist())

    other = _map(
        keys,
        lambda key: key.model_copy(
            update={
                "position": flipped(key.position, side),
                "rotation": flipped(key.rotation, turn),
                "tangent_in": flipped(key.tangent_in, side),
                "tangent_out": flipped(key.tangent_out, side),
            }
        ),
    )
    frames = np.linspace(0.0, keys.frames, 67)
    one, two = sample(keys, frames), sample(other, frames)
    np.testing.assert_allclose(two.positions, one.positions * side, atol=1e-9)
    assert _same_turns(rotations(one.angles * turn), two.rotations) < 1e-4


# Loops


@pytest.mark.parametrize("curve", SMOOTH)
@given(keys=keyed(Kinds(own=False, easings=("linear",)), loop=True))
@settings(max_examples=20)
def test_a_loop_runs_smoothly_through_its_seam(curve, keys) -> None:
    keys = keys.model_copy(update={"curve": curve, "turn_curve": curve, "lens_curve": curve})
    step = 1e-4
    seam = keys.keys[0].frame
    # A key's two handles may make a corner of their own; here they mirror each other.
    if seam == 0.0 and keys.keys[-1].frame == keys.frames:
        return
    first = keys.keys[0].model_copy(update={"tangent_in": None, "continuity": 0.0})
    keys = keys.model_copy(update={"keys": (first, *keys.keys[1:])})
    met = sample(keys, seam + keys.frames + np.array([-step, 0.0, step]))
    one, two = np.diff(met.positions, axis=0) / step
    np.testing.assert_allclose(one, two, atol=0.02)
    turned = (met.rotations[:-1].inv() * met.rotations[1:]).as_rotvec() / step
    np.testing.assert_allclose(turned[0], turned[1], atol=0.02)
    lens = np.diff(met.focal_lengths) / step
    assert lens[0] == pytest.approx(lens[1], abs=0.2)


@given(keyed(loop=True), st.floats(-300, 300), st.integers(-3, 3))
@settings(max_examples=30)
def test_a_loop_begins_again_after_its_length(keys, frame, lap) -> None:
    if keys.keys[0].frame + keys.frames <= keys.keys[-1].frame:
        return
    one, two = sample(keys, frame), sample(keys, frame + lap * keys.frames)
    edge = np.abs(array(keys, "frame") - frame % keys.frames).min() < 1e-6
    if edge and "hold" in {keys.curve, *(key.curve for key in keys.keys)}:
        return
    np.testing.assert_allclose(one.positions, two.positions, atol=1e-5)
    assert _same_turns(one.rotations, two.rotations) < 1e-3 or edge


def test_the_way_back_takes_the_nearest_angles_and_laps_add_up() -> None:
    keys = _line(
        {"frame": 0}, {"frame": 40, "rotation": (0, 120, 0)},
        {"frame": 80, "rotation": (0, 240, 0)},
        loop=True,
    )  # fmt: skip
    met = sample(keys, [0, 40, 80, 100, 119, 120, 140, 240, -40])
    np.testing.assert_allclose(met.angles[:, 1], [0, 120, 240, 300, 357, 360, 420, 720, -120])


def test_a_loop_is_periodic_where_its_first_key_is_late() -> None:
    keys = _line(
        {"frame": 20, "position": (0, 0, 0)}, {"frame": 80, "position": (6, 0, 0)}, loop=True
    )
    # 60 frames there and 60 back, across the seam of the clip.
    met = sample(keys, [20, 50, 80, 100, 119, 0, 10])
    np.testing.assert_allclose(met.positions[:, 0], [0, 3, 6, 4, 2.1, 2, 1])


def test_a_last_key_on_the_seam_must_be_the_first_again() -> None:
    keys = [{"frame": 0}, {"frame": 50, "position": (2, 0, 8), "rotation": (0, 200, 0)}]
    whole = _line(*keys, {"frame": 120, "rotation": (0, 360, 0)}, loop=True)
    met = sample(whole, [85, 120, 170])
    np.testing.assert_allclose(met.angles[:, 1], [280, 360, 560])
    np.testing.assert_allclose(met.positions[1], (0, 0, 10))
    with pytest.raises(InvalidInstruction, match=r"on frame 120.*1 units, 0 degrees and 0 mm"):
        sample(_line(*keys, {"frame": 120, "position": (0, 1, 10)}, loop=True), [0])
    with pytest.raises(InvalidInstruction, match="10 degrees"):
        sample(_line(*keys, {"frame": 120, "rotation": (0, 0, 10)}, loop=True), [0])


# Handheld


def test_handheld_lies_on_top_and_begins_at_nothing() -> None:
    calm = _line({"frame": 0}, {"frame": 120, "position": (3, 0, 8)})
    shaky = calm.model_copy(update={"handheld": Handheld(strength=0.7, seed=4)})
    frames = np.arange(0, 120)
    one, two = sample(calm, frames), sample(shaky, frames)
    np.testing.assert_array_equal(one.positions[0], two.positions[0])
    np.testing.assert_array_equal(one.angles[0], two.angles[0])
    sway = np.abs(two.positions - one.positions)
    assert 0.01 < sway.max() < 0.15
    assert 0.1 < np.abs(two.angles - one.angles).max() < 1.6
    other = calm.model_copy(update={"handheld": Handheld(strength=0.7, seed=5)})
    assert np.abs(sample(other, frames).positions - two.positions).max() > 0.01
    none = calm.model_copy(update={"handheld": Handheld(strength=0.0)})
    np.testing.assert_array_equal(sample(none, frames).positions, one.positions)


def test_handheld_shakes_in_the_cameras_own_axes() -> None:
    shake = {"handheld": Handheld(strength=1.0, seed=9)}
    ahead = sample(_line({"frame": 0}, **shake), np.arange(60))
    aside = sample(_line({"frame": 0, "rotation": (0, 90, 0)}, **shake), np.arange(60))
    home = np.array([0.0, 0.0, 10.0])
    turned = Rotation.from_euler("Y", 90, degrees=True).apply(ahead.positions - home)
    np.testing.assert_allclose(aside.positions - home, turned, atol=1e-12)
    np.testing.assert_allclose(aside.angles, ahead.angles + np.array([0, 90, 0]), atol=1e-9)


def test_handheld_is_the_same_at_every_rate_and_closes_with_a_loop() -> None:
    shake = {"handheld": Handheld(strength=1.0)}
    slow = sample(_line({"frame": 0}, frames=48, **shake), [0, 12, 24])
    fast = sample(_line({"frame": 0}, frames=96, fps=48, **shake), [0, 24, 48])
    np.testing.assert_allclose(slow.positions, fast.positions, atol=1e-12)
    loop = _line({"frame": 0}, frames=60, loop=True, **shake)
    met = sample(loop, [0, 1e-5, 30, 60 - 1e-5, 60, 90])
    np.testing.assert_allclose(met.positions[0], (0, 0, 10), atol=0)
    np.testing.assert_allclose(met.positions[[1, 3]], met.positions[[0, 0]], atol=1e-5)
    np.testing.assert_allclose(met.positions[[4, 5]], met.positions[[0, 2]], atol=1e-12)


# Paths of whole clips, and hostile input


@given(keyed(Kinds(curves=("hold", "linear", "smooth"))))
@settings(max_examples=20)
def test_a_keyed_path_holds_every_frame(keys) -> None:
    path = keyed_path(keys)
    met = sample(keys, np.arange(keys.frames))
    assert len(path) == keys.frames
    assert path.fps == keys.fps
    np.testing.assert_array_equal(path.positions, met.positions)
    assert [pose.rotation for pose in path] == [tuple(row) for row in met.angles.tolist()]
    np.testing.assert_allclose(path.focal_lengths, met.focal_lengths, rtol=1e-12)


def test_another_rate_keeps_the_time_in_seconds() -> None:
    keys = _line({"frame": 0}, {"frame": 120, "position": (10, 0, 0)}, fps=Fraction(24))
    path = keyed_path(keys, fps=Fraction(60))
    assert len(path) == 300
    assert path.fps == 60
    np.testing.assert_allclose(path.positions[:, 0], np.arange(300) / 30)


def test_a_lens_that_swings_out_of_its_limits_is_refused_by_frame() -> None:
    keys = _line(
        {"frame": 0, "focal_length": 300}, {"frame": 40, "focal_length": 4},
        {"frame": 120, "focal_length": 4}, lens_curve="tcb",
    )  # fmt: skip
    lens = sample(keys, np.arange(120)).focal_lengths
    with pytest.raises(InvalidInstruction, match=f"frame {lens.argmin()}; it can be 4 to 1200 mm"):
        keyed_path(keys)
    keyed_path(keys.model_copy(update={"lens_curve": "smooth"}))


def test_a_place_out_of_the_world_is_refused_by_frame() -> None:
    far = {"tangent_out": (9000, 0, 0), "tangent_in": (9000, 0, 0), "position": (9000, 0, 0)}
    keys = _line({"frame": 0, **far}, {"frame": 120, **far}, curve="bezier")
    with pytest.raises(InvalidInstruction, match=r"On frame 60 .* the limit is 10000"):
        keyed_path(keys)


def test_handles_beyond_all_numbers_are_refused() -> None:
    keys = _line(
        {"frame": 0, "easing": (0.1, 1e300, 0.9, 1e300)}, {"frame": 9, "position": (1, 1, 1)},
        curve="tcb",
    )  # fmt: skip
    with pytest.raises(InvalidInstruction, match="beyond all numbers"):
        sample(keys, [4.5])


@pytest.mark.parametrize("frames", [math.nan, [0, math.inf], "a", [[1], [2, 3]], None, [1j]])
def test_frames_that_are_no_numbers_are_refused(frames) -> None:
    with pytest.raises(InvalidInstruction, match="rame number"):
        sample(CameraKeys(), frames)


def test_no_frames_at_all_are_no_samples() -> None:
    met = sample(CameraKeys(), [])
    assert met.positions.shape == (0, 3)
    assert met.angles.shape == (0, 3)
    assert met.focal_lengths.shape == (0,)


@pytest.mark.parametrize("even", [False, True])
def test_ten_thousand_keys_take_no_time(even) -> None:
    random = np.random.default_rng(1)
    keys = tuple(
        CameraKey.model_construct(
            **{**CameraKey(frame=0).__dict__, "frame": 10.0 * index, "position": place,
               "rotation": turn, "easing": (0.3, float(index) / MAX_KEYS, 0.6, 1.0)}
        )
        for index, (place, turn) in enumerate(zip(
            map(tuple, random.uniform(-5, 5, (MAX_KEYS, 3)).tolist()),
            map(tuple, random.uniform(-80, 80, (MAX_KEYS, 3)).tolist()),
            strict=True,
        ))
    )  # fmt: skip
    path = CameraKeys(frames=100_000).model_copy(
        update={"keys": keys, "curve": "catmull_rom", "turn_curve": "catmull_rom",
                "lens_curve": "smooth", "constant_speed": even}
    )  # fmt: skip
    start = time.process_time()
    met = sample(path, np.arange(100_000))
    assert len(met) == 100_000
    assert time.process_time() - start < 10.0  # about 1 second on an idle machine
