"""Steps are told from how much pictures differ, by lengths that add up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synth.quality.pacing import drops, judder, still_frames
from synth.quality.signals import Signals
from synth.quality.strides import strides
from tests.quality.defects import Picture, spoil
from tests.quality.worlds import pan, scenery, seen


@cache
def _signals() -> Signals:
    return seen(pan(40, size=(192, 108), speed=2.0))


def _differing(lengths: NDArray[np.float64], power: float) -> Signals:
    """Signals whose pictures differ by a power of the lengths of their steps (39,)."""
    one, two = np.full(40, np.nan, np.float32), np.full(40, np.nan, np.float32)
    one[1:] = 3.0 * lengths**power
    two[2:] = 3.0 * (lengths[1:] + lengths[:-1]) ** power
    return replace(_signals(), texture=one, twice=two)


@pytest.mark.parametrize("power", [0.3, 0.6, 1.0])
def test_lengths_are_found_whatever_their_power(power: float) -> None:
    lengths = np.random.default_rng(2).uniform(0.5, 2.0, 39)
    found = strides(_differing(lengths, power))
    assert np.isnan(found[:2]).all()
    np.testing.assert_allclose(found[2:], np.log(lengths[1:] / lengths[:-1]), atol=0.05)


def test_steps_that_do_not_add_up_are_not_told() -> None:
    even = _differing(np.ones(39), 0.8)
    assert np.isfinite(strides(even)[2:]).all()
    turned = even.twice.copy()
    turned[20] = 0.3 * turned[20]
    found = strides(replace(even, twice=turned))
    assert np.flatnonzero(~np.isfinite(found[2:])).tolist() == [18]
    noise = replace(even, twice=np.where(np.isfinite(even.twice), np.float32(3.0), even.twice))
    assert not np.isfinite(strides(noise)).any()


def test_nothing_is_told_across_a_cut_nor_where_nothing_moves() -> None:
    even = _differing(np.ones(39), 0.8)
    joins = tuple("cut" if at == 20 else join for at, join in enumerate(even.joins))
    found = strides(replace(even, joins=joins))
    assert not np.isfinite(found[20:22]).any()
    assert np.isfinite(found[22:]).all()
    still = replace(even, texture=0.02 * even.texture, twice=0.02 * even.twice)
    assert not np.isfinite(strides(still)).any()


def _cloth(count: int, pace: float) -> list[Picture]:
    """Waves that run across a picture: every part goes to and fro, none the same way as the rest
    for long."""
    width, height = 256, 144
    picture = scenery(width, height)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    made = []
    for number in range(count):
        wave = 7.0 * np.sin(0.11 * y + 0.04 * x - pace * number)
        moved = cv2.remap(picture, x + wave, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        made.append(np.asarray(moved, np.uint8))
    return made


def test_cloth_that_misses_frames_is_told() -> None:
    frames = _cloth(72, 0.9)
    clean = seen(frames)
    # The motion field alone says nothing.
    assert np.isfinite(clean.quickening).mean() < 0.5
    assert drops(clean).statistic < 0.01
    assert drops(seen(spoil(frames, "drops", 6).frames)).statistic > 0.08


def test_cloth_that_judders_is_told() -> None:
    frames = _cloth(72, 0.4)
    assert judder(seen(frames[::2])).statistic < 0.2
    assert judder(seen(spoil(frames, "judder", 50).frames)).statistic > 0.45


def test_a_hand_that_turns_round_repeats_nothing() -> None:
    signals = _signals()
    slow = signals.texture.copy()
    slow[20] = 0.2 * slow[20]
    assert np.flatnonzero(still_frames(replace(signals, texture=slow))).tolist() == [20]
    path = signals.path.copy()
    path[21:] = -path[21:]
    turning = replace(signals, texture=slow, path=path)
    assert not still_frames(turning).any()
    # Next to no change is a repeat wherever the motion goes.
    slow[20] = 0.1 * slow[20]
    assert np.flatnonzero(still_frames(replace(turning, texture=slow))).tolist() == [20]
