"""A model's frames become the clip that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synth.backends.conform import conform, cover
from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia

Frame = NDArray[np.uint8]


def scene(width: int, height: int) -> Frame:
    """A smooth, colourful world twice as wide as a frame."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(30, 225, (max(2, height // 8), max(4, width // 4), 3), dtype=np.uint8)
    wide = cv2.resize(coarse, (2 * width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide, np.uint8)


def moving(count: int, step: float, size: tuple[int, int] = (96, 64)) -> list[Frame]:
    """A camera that travels sideways by ``step`` pixels a frame."""
    wide = scene(*size)
    return [
        np.asarray(
            cv2.warpAffine(
                wide,
                np.array([[1.0, 0.0, step * index], [0.0, 1.0, 0.0]]),
                size,
                flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            ),
            np.uint8,
        )
        for index in range(count)
    ]


def psnr(one: Frame, other: Frame) -> float:
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 10.0 * np.log10(255.0**2 / max(error, 1e-9))


def conformed(
    frames: Iterator[Frame], size: tuple[int, int], rate: int, fps: Fraction, count: int
) -> list[Frame]:
    width, height = size
    return list(
        conform(
            frames, rate=Fraction(rate), width=width, height=height, fps=fps, count=count,
            cancel=CancelToken(),
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rate", "fps", "count", "given"),
    [
        (16, Fraction(24), 30, 21),
        (24, Fraction(24), 20, 25),
        (25, Fraction(24000, 1001), 24, 33),
        (8, Fraction(30), 31, 9),
        (24, Fraction(12), 7, 17),
        (16, Fraction(24), 1, 5),
        (16, Fraction(60), 40, 5),
    ],
)
def test_the_clip_has_exactly_the_frames_asked_for(
    rate: int, fps: Fraction, count: int, given: int
) -> None:
    frames = conformed(iter(moving(given, 1.0, (64, 48))), (80, 60), rate, fps, count)
    assert len(frames) == count
    assert {frame.shape for frame in frames} == {(60, 80, 3)}
    assert {frame.dtype for frame in frames} == {np.dtype(np.uint8)}


def test_at_one_rate_and_size_every_frame_passes_as_it_is() -> None:
    made = moving(9, 2.0)
    got = conformed(iter(made), (96, 64), 24, Fraction(24), 9)
    assert all(np.array_equal(one, other) for one, other in zip(made, got, strict=True))


def test_a_frame_that_stands_at_its_moment_is_untouched_and_those_between_are_right() -> None:
    made, truth = moving(21, 3.0), moving(30, 2.0)
    got = conformed(iter(made), (96, 64), 16, Fraction(24), 30)
    for number in range(0, 30, 3):
        assert np.array_equal(got[number], made[number * 2 // 3])
    inner = (slice(4, -4), slice(12, -12))
    for number in (4, 7, 10, 13, 16):
        held = made[round(number * 2 / 3)]
        right = psnr(got[number][inner], truth[number][inner])
        # Holding the nearest frame is what doing nothing would be.
        assert right > psnr(held[inner], truth[number][inner]) + 12.0
        assert right > 36.0


def test_too_few_frames_are_held_and_that_is_said() -> None:
    frames = conform(
        iter(moving(5, 1.0)), rate=Fraction(16), width=96, height=64, fps=Fraction(24), count=24,
        cancel=CancelToken(),
    )  # fmt: skip
    got = list(frames)
    assert len(got) == 24
    assert all(np.array_equal(frame, got[7]) for frame in got[7:])
    assert len(frames.notes) == 1
    assert "gave 5 frames" in frames.notes[0]
    assert "1.00 s" in frames.notes[0]


def test_an_end_within_one_frame_of_the_models_is_no_shortage() -> None:
    frames = conform(
        iter(moving(20, 1.0)), rate=Fraction(16), width=96, height=64, fps=Fraction(24), count=30,
        cancel=CancelToken(),
    )  # fmt: skip
    assert len(list(frames)) == 30
    assert frames.notes == ()


@pytest.mark.parametrize("rate", [8, 16])
def test_frames_stream_and_none_is_asked_for_in_vain(rate: int) -> None:
    asked: list[int] = []

    def endless() -> Iterator[Frame]:
        for number, frame in enumerate(moving(60, 1.0, (64, 48)) * 10):
            asked.append(number)
            yield frame

    frames = conform(
        endless(), rate=Fraction(rate), width=64, height=48, fps=Fraction(16), count=100,
        cancel=CancelToken(),
    )  # fmt: skip
    next(frames)
    assert len(asked) <= 24
    for _ in range(98):
        next(frames)
    next(frames)
    assert len(list(frames)) == 0
    last_needed = -(-99 * rate // 16)
    assert len(asked) == last_needed + 1


def test_scaling_covers_and_crops_about_the_centre() -> None:
    frame = np.zeros((100, 300, 3), np.uint8)
    frame[40:60, 140:160] = 255
    for width, height in ((64, 64), (200, 150), (300, 100), (90, 200), (640, 480)):
        got = cover(frame, width, height)
        assert got.shape == (height, width, 3)
        rows, columns = np.nonzero(got[..., 0] > 127)
        assert abs(rows.mean() + 0.5 - height / 2) < 0.6
        assert abs(columns.mean() + 0.5 - width / 2) < 0.6
        scale = max(width / 300, height / 100)
        assert np.ptp(columns) + 1 == pytest.approx(20 * scale, abs=2.0)
        assert np.ptp(rows) + 1 == pytest.approx(20 * scale, abs=2.0)
    assert cover(frame, 300, 100) is frame


def test_what_comes_out_may_be_written_into() -> None:
    made = moving(9, 1.0)
    for frame in conform(
        iter(made), rate=Fraction(8), width=96, height=64, fps=Fraction(24), count=24,
        cancel=CancelToken(),
    ):  # fmt: skip
        frame[:] = 0
    again = conformed(iter(made), (96, 64), 8, Fraction(24), 24)
    assert all(frame.any() for frame in again)


def test_closing_closes_the_model() -> None:
    closed: list[bool] = []

    def model() -> Iterator[Frame]:
        try:
            yield from moving(40, 1.0, (64, 48))
        finally:
            closed.append(True)

    frames = conform(
        model(), rate=Fraction(16), width=64, height=48, fps=Fraction(24), count=40,
        cancel=CancelToken(),
    )  # fmt: skip
    next(frames)
    frames.close()
    assert closed == [True]


def test_cancelling_stops_it() -> None:
    token = CancelToken()
    frames = conform(
        iter(moving(20, 1.0)), rate=Fraction(16), width=96, height=64, fps=Fraction(24), count=30,
        cancel=token,
    )  # fmt: skip
    next(frames)
    token.cancel()
    with pytest.raises(Cancelled):
        list(frames)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([], "no frames"),
        ([np.zeros((4, 4), np.uint8)], "8-bit RGB"),
        ([np.zeros((4, 4, 3), np.float32)], "8-bit RGB"),
        ([np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9, 3), np.uint8)], "from 8x8 to 9x8"),
    ],
)
def test_what_is_no_clip_is_said_so(frames: list[Frame], said: str) -> None:
    with pytest.raises(InvalidMedia, match=said):
        conformed(iter(frames), (8, 8), 16, Fraction(24), 6)


def test_numbers_that_make_no_sense_are_refused_at_once() -> None:
    with pytest.raises(InvalidInstruction, match="above 0"):
        conform(
            iter([]), rate=Fraction(16), width=8, height=8, fps=Fraction(24), count=0,
            cancel=CancelToken(),
        )  # fmt: skip
