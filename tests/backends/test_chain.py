"""Calls that cover a clip, and the seams between them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synth.backends.chain import Call, calls, chained, frames_of
from synth.backends.families import Family, families
from synth.backends.protocol import FrameRule
from synth.errors import InvalidInstruction, InvalidMedia

Frame = NDArray[np.uint8]

WAN = FrameRule(4, 1, 5, 81)
SIZE = (128, 96)


@pytest.mark.parametrize("one", families(), ids=lambda one: one.name)
@pytest.mark.parametrize("seconds", [0.2, 1.0, 3.0, 5.0, 5.2, 12.0, 60.0])
def test_calls_are_lawful_cover_the_clip_and_end_no_later_than_needed(
    one: Family, seconds: float
) -> None:
    fps = Fraction(24)
    planned = calls(seconds, one.frames, one.rate, fps=fps)
    for call in planned:
        assert (call.frames - one.frames.offset) % one.frames.step == 0
        assert one.frames.least <= call.frames <= one.frames.most
    last_shown = Fraction(round(seconds * 24) - 1) / fps
    assert (frames_of(planned) - 1) / one.rate >= last_shown
    # The last call alone could not be shorter, nor could there be fewer calls.
    if planned[-1].frames > one.frames.least:
        shorter = frames_of(planned) - one.frames.step
        assert (shorter - 1) / one.rate < last_shown
    if len(planned) > 1:
        assert (len(planned) - 1) * (one.frames.most - 1) / one.rate < last_shown
    assert [call.number for call in planned] == list(range(len(planned)))
    for before, after in pairwise(planned):
        assert after.begins == pytest.approx(before.ends)


def test_calls_are_of_about_one_length() -> None:
    assert [call.frames for call in calls(5.2, WAN, Fraction(16), fps=Fraction(24))] == [45, 41]
    assert [call.frames for call in calls(5.0, WAN, Fraction(16), fps=Fraction(24))] == [81]
    assert [call.frames for call in calls(3.0, FrameRule(), Fraction(24))] == [72]


@pytest.mark.parametrize(
    ("seconds", "rule", "rate"),
    [
        (0.0, WAN, 16), (-1.0, WAN, 16), (float("nan"), WAN, 16), (float("inf"), WAN, 16),
        (3.0, WAN, 0), (3.0, FrameRule(1, 0, 1, 1), 16),
    ],
)  # fmt: skip
def test_what_cannot_be_covered_is_refused(seconds: float, rule: FrameRule, rate: int) -> None:
    with pytest.raises(InvalidInstruction):
        calls(seconds, rule, Fraction(rate))


def world(index: int) -> Frame:
    """Frame ``index`` of a camera that travels through a smooth world."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(40, 200, (12, 24, 3), dtype=np.uint8)
    wide = cv2.resize(coarse, (400, SIZE[1]), interpolation=cv2.INTER_CUBIC)
    shift = np.array([[1.0, 0.0, 1.7 * index], [0.0, 1.0, 0.0]])
    return np.asarray(
        cv2.warpAffine(wide, shift, SIZE, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP), np.uint8
    )


class Tinting:
    """A model that goes on from a picture in its colours, and adds a tint in every call."""

    GAIN, OFFSET = np.array([1.06, 0.97, 1.03]), np.array([5.0, -4.0, 7.0])

    def __init__(self, planned: tuple[Call, ...], *, opening: bool, noise: float = 0.0) -> None:
        self._planned = planned
        self._opening = opening
        self._noise = noise
        self.starts: list[Frame] = []

    def __call__(self, call: Call, start: Frame) -> Iterator[Frame]:
        self.starts.append(start)
        base = sum(other.frames - 1 for other in self._planned[: call.number])
        truth = world(base).astype(np.float64)
        lines = [np.polyfit(truth[..., k].ravel(), start[..., k].ravel(), 1) for k in range(3)]
        for index in range(call.frames):
            plain = world(base + index).astype(np.float64)
            frame = np.stack([np.polyval(lines[k], plain[..., k]) for k in range(3)], axis=-1)
            if index > 0 or self._opening:
                frame = frame * self.GAIN + self.OFFSET
            frame += self._noise * np.random.default_rng(index).standard_normal(frame.shape)
            yield np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def step(frames: list[Frame], index: int) -> float:
    """How far the colours leap between two frames beyond what the camera's motion does, codes."""
    leap = frames[index + 1].astype(np.float64) - frames[index]
    usual = world(index + 1).astype(np.float64) - world(index)
    return float(np.abs(leap.mean(axis=(0, 1)) - usual.mean(axis=(0, 1))).max())


def joined(planned: tuple[Call, ...], model: Tinting) -> list[Frame]:
    """The calls joined with nothing done to their colours."""
    frames, start = [], world(0)
    for call in planned:
        drawn = list(model(call, start))
        frames += drawn if call.number == 0 else drawn[1:]
        start = drawn[-1]
    return frames


@pytest.mark.parametrize(
    ("opening", "noise"), [(True, 0.0), (False, 0.0), (True, 3.0)],
    ids=["tinted from its first frame", "tinted right after it", "noisy"],
)  # fmt: skip
def test_a_tint_of_every_call_shows_at_no_seam(opening: bool, noise: float) -> None:
    planned = calls(3.0, FrameRule(4, 1, 5, 21), Fraction(16))
    assert len(planned) == 3
    plain = joined(planned, Tinting(planned, opening=opening, noise=noise))
    held = list(chained(Tinting(planned, opening=opening, noise=noise), world(0), planned))
    assert len(held) == len(plain) == frames_of(planned)
    seam = 0
    for call in planned[:-1]:
        seam += call.frames - 1
        assert step(plain, seam) > 8.0
        assert step(held, seam) < 0.1 * step(plain, seam)
        # And none later on: the correction is held.
        assert max(step(held, seam + later) for later in (1, 3, 6)) < 0.5


def test_every_call_begins_on_the_frame_before_it_which_is_shown_once() -> None:
    planned = calls(3.0, FrameRule(4, 1, 5, 21), Fraction(16))
    model = Tinting(planned, opening=True)
    frames = list(chained(model, world(0), planned))
    assert np.array_equal(model.starts[0], world(0))
    seam = 0
    for call, start in zip(planned, model.starts[1:], strict=False):
        seam += call.frames - 1
        assert np.array_equal(start, frames[seam])
        assert not np.array_equal(frames[seam], frames[seam + 1])


def test_what_finishing_gives_is_shown_and_gone_on_from() -> None:
    planned = calls(2.0, FrameRule(4, 1, 5, 21), Fraction(16))
    model = Tinting(planned, opening=True)
    seen: list[tuple[int, int]] = []

    def finish(call: Call, index: int, frame: Frame) -> Frame:
        seen.append((call.number, index))
        return world(len(seen) - 1)

    frames = list(chained(model, world(0), planned, finish=finish))
    assert all(np.array_equal(frame, world(index)) for index, frame in enumerate(frames))
    assert np.array_equal(model.starts[1], world(planned[0].frames - 1))
    assert seen == [
        (call.number, index)
        for call in planned
        for index in range(min(call.number, 1), call.frames)
    ]


def test_a_model_without_a_tint_is_left_bit_for_bit() -> None:
    planned = calls(3.0, FrameRule(4, 1, 5, 21), Fraction(16))

    def faithful(call: Call, start: Frame) -> Iterator[Frame]:
        base = sum(other.frames - 1 for other in planned[: call.number])
        yield start
        yield from (world(base + index) for index in range(1, call.frames))

    frames = list(chained(faithful, world(0), planned))
    for index, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - world(index)).max() <= 1


def test_light_that_changes_in_the_picture_is_left_to_it() -> None:
    """A scene that brightens all along goes on doing so across the seam."""
    planned = calls(3.0, FrameRule(4, 1, 5, 21), Fraction(16))

    def brightening(call: Call, start: Frame) -> Iterator[Frame]:
        base = sum(other.frames - 1 for other in planned[: call.number])
        for index in range(call.frames):
            yield np.clip(world(base + index).astype(int) + base + index, 0, 255).astype(np.uint8)

    frames = list(chained(brightening, world(0), planned))
    means = [float(frame.mean()) - float(world(index).mean()) for index, frame in enumerate(frames)]
    assert np.diff(means) == pytest.approx(np.ones(len(means) - 1), abs=0.3)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_and_foreign_pictures_do_no_harm(level: int) -> None:
    """A model that starts on something else entirely: still pictures, of the same size."""
    planned = calls(2.0, FrameRule(4, 1, 5, 21), Fraction(16))
    rng = np.random.default_rng(1)

    def wild(call: Call, _: Frame) -> Iterator[Frame]:
        for index in range(call.frames):
            if index % 2:
                yield np.full((32, 48, 3), level, np.uint8)
            else:
                yield rng.integers(0, 256, (32, 48, 3), dtype=np.uint8)

    frames = list(chained(wild, np.zeros((32, 48, 3), np.uint8), planned))
    assert len(frames) == frames_of(planned)
    assert {frame.shape for frame in frames} == {(32, 48, 3)}


def test_frames_stream_and_a_model_that_makes_more_is_not_asked_for_it() -> None:
    planned = calls(2.0, FrameRule(4, 1, 5, 21), Fraction(16))
    drawn: list[tuple[int, int]] = []
    closed: list[int] = []

    def generous(call: Call, start: Frame) -> Iterator[Frame]:
        try:
            for index in range(1000):
                drawn.append((call.number, index))
                yield start
        finally:
            closed.append(call.number)

    frames = chained(generous, world(0), planned)
    next(frames)
    assert drawn == [(0, 0)]
    list(frames)
    assert closed == [0, 1]
    assert drawn == [(call.number, index) for call in planned for index in range(call.frames)]


def test_a_call_that_gives_nothing_or_another_size_is_an_error() -> None:
    planned = calls(2.0, FrameRule(4, 1, 5, 21), Fraction(16))

    def silent(call: Call, start: Frame) -> Iterator[Frame]:
        yield from [start] * (call.frames if call.number == 0 else 0)

    with pytest.raises(InvalidMedia, match="Call 2 of the model gave no frames"):
        list(chained(silent, world(0), planned))

    def shrinking(call: Call, start: Frame) -> Iterator[Frame]:
        yield from [start if call.number == 0 else start[:50]] * call.frames

    with pytest.raises(InvalidMedia, match="128x50; those before are 128x96"):
        list(chained(shrinking, world(0), planned))
