"""Our own JSON: exact there and back, options, bad files."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.formats.ours import read, recognise, write
from synth.camera.keys import CURVES, CameraKey, CameraKeys, Handheld, LookAt
from synth.camera.sampling import keyed_path
from synth.errors import InvalidMedia, LimitExceeded
from tests.camera.formats.paths import GOLDEN, assert_near, sample_path

KEYS = CameraKeys(
    frames=48,
    fps=Fraction(24000, 1001),
    keys=(
        CameraKey(frame=0.0, easing="ease_in_out", tangent_out=(1.0, 0.0, 0.0)),
        CameraKey(frame=12.5, position=(2.0, 1.0, 8.0), rotation=(5.0, -20.0, 0.0), tension=0.5),
        CameraKey(frame=48.0, position=(3.0, 0.0, 6.0), focal_length=85.0, curve="tcb"),
    ),
    curve="bezier",
    turn_curve="smooth",
    handheld=Handheld(strength=0.2, seed=7),
)

keyed = st.builds(
    lambda frames, places, curve, loop: CameraKeys(
        frames=frames[-1] + 1,
        keys=tuple(
            CameraKey(frame=float(frame), position=(*place, 10.0))
            for frame, place in zip(frames, places, strict=False)
        ),
        curve=curve,
        loop=loop,
    ),
    st.lists(st.integers(0, 99), min_size=1, max_size=6, unique=True).map(sorted),
    st.lists(st.tuples(*[st.floats(-9, 9)] * 2), min_size=6, max_size=6),
    st.sampled_from(CURVES),
    st.booleans(),
)


@given(keyed)
@settings(max_examples=30, deadline=None)
def test_keys_come_back_exactly(keys: CameraKeys) -> None:
    found = read(write(keyed_path(keys), keys, WriteOptions()).data, ReadOptions())
    assert found.keys == keys
    assert found.path == keyed_path(keys)


def test_every_setting_comes_back_exactly() -> None:
    found = read(write(keyed_path(KEYS), KEYS, WriteOptions()).data, ReadOptions())
    assert found.keys == KEYS
    assert (found.scale_known, found.notes) == (True, ())


def test_the_golden_file_is_what_we_write() -> None:
    data = (GOLDEN / "ours.json").read_bytes()
    assert write(keyed_path(KEYS), KEYS, WriteOptions()).data == data
    assert read(data, ReadOptions()).keys == KEYS
    assert recognise(data, "") == 1.0
    # Also when written without its schema's name, by hand.
    assert recognise(data.replace(b'"schema"', b'"was"').replace(b"camera/1", b"x"), "") > 0.5


def test_a_path_without_keys_is_given_some() -> None:
    written = write(sample_path(), None, WriteOptions())
    found = read(written.data, ReadOptions())
    assert_near(found.path, sample_path(), units=2e-3, degrees=0.02, focal=2e-3)
    assert "keys" in written.notes[0]


def test_scale_and_rate_change_the_keys() -> None:
    data = write(keyed_path(KEYS), KEYS, WriteOptions()).data
    found = read(data, ReadOptions(scale=0.5, fps=Fraction(30)))
    assert found.keys is not None
    assert found.keys.fps == found.path.fps == 30
    assert found.keys.keys[1].position == pytest.approx((1.0, 0.5, 4.0))
    assert "30" in found.notes[0]


def test_asked_to_start_at_home_it_does() -> None:
    away = CameraKeys(
        frames=20,
        keys=(
            CameraKey(frame=0.0, position=(5.0, 1.0, 3.0), rotation=(10.0, 90.0, 0.0)),
            CameraKey(frame=19.0, position=(3.0, 1.0, 3.0), rotation=(10.0, 90.0, 0.0)),
        ),
    )
    data = write(keyed_path(away), away, WriteOptions()).data
    found = read(data, ReadOptions(anchor="first"))
    assert found.path[0].is_home
    # It looked along -x, ten degrees up, and moved 2 along -x: forward and a little down.
    assert found.path[19].position == pytest.approx((0.0, -0.347296355, 10 - 1.969615506))
    assert found.keys is not None
    assert_near(keyed_path(found.keys), found.path, units=2e-3, degrees=0.02)
    assert read(data, ReadOptions()).path == keyed_path(away)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"[]", "curly brackets"),
        (b'{"schema": "motion-synth.camera/9", "keys": []}', "motion-synth.camera/9"),
        (b'{"keys": []}', "keys"),
        (b'{"keys": [{"frame": 0}, {"frame": 0}]}', "Two keys stand on frame 0"),
        (b'{"keys": [{"frame": 0, "position": [NaN, 0, 0]}]}', "NaN"),
        (b'{"keys": [{"frame": 0, "position": [1e9, 0, 0]}]}', "at most"),
        (b'{"keys": [{"frame": 0, "focal_length": 0}]}', "focal_length"),
        (b'{"keyz": 1}', "keyz"),
        (b"\x00\x01", "JSON"),
    ],
)
def test_bad_files_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidMedia, match=words):
        read(data, ReadOptions())


def test_too_much_is_refused() -> None:
    keys = [{"frame": n / 100} for n in range(10_001)]
    with pytest.raises(LimitExceeded, match="10,001 keys"):
        read(json.dumps({"keys": keys}).encode(), ReadOptions())
    with pytest.raises(LimitExceeded, match="20,000,000"):
        read(b" " * 20_000_001, ReadOptions())


def test_a_target_scales_with_space() -> None:
    keys = CameraKeys(frames=2, look_at=LookAt(target=(2.0, 0.0, 0.0)))
    data = write(keyed_path(keys), keys, WriteOptions()).data
    found = read(data, ReadOptions(scale=2.0)).keys
    assert found is not None
    assert found.look_at == LookAt(target=(4.0, 0.0, 0.0))
    assert found.keys[0].position == (0.0, 0.0, 20.0)
