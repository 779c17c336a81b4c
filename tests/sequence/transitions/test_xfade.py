"""FFmpeg's transitions: all of them are there, and none repeats or leaves out a frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidMedia
from synth.media.planes import Planes, planes_from_rgb
from synth.sequence.storyboard import Way
from synth.sequence.transitions import xfade
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.sequence.transitions.draw import draw_transition
from synth.sequence.transitions.side import progress, times
from synth.sequence.transitions.xfade import crossed
from tests.sequence.transitions.conftest import RATE, Sides, flat, psnr

FFMPEGS = [kind.name for kind in TRANSITIONS.values() if kind.xfade is not None]


def _grey(level: int) -> Planes:
    return planes_from_rgb(np.full((16, 32, 3), level, np.uint8))


@pytest.mark.parametrize("name", FFMPEGS)
def test_ffmpeg_knows_it_and_it_goes_from_one_picture_to_the_other(name: str, sides: Sides) -> None:
    one, other = sides.picture(1) // 3, 255 - sides.picture(2) // 3
    frames = 24
    way = Way(name, frames)
    a, b = sides.clip("a", one, frames), sides.clip("b", other, frames)
    drawn = [flat(f) for f in draw_transition(way, a, b, rate=RATE, cancel=CancelToken())]
    assert len(drawn) == frames
    start, end = flat(planes_from_rgb(one)), flat(planes_from_rgb(other))
    assert psnr(drawn[0], start) > psnr(drawn[0], end)
    assert psnr(drawn[-1], end) > psnr(drawn[-1], start)
    # It never stands still, and never ends before its time.
    assert not np.array_equal(drawn[frames // 2], start)
    assert not np.array_equal(drawn[frames // 2], end)


@pytest.mark.parametrize("name", FFMPEGS)
def test_planes_by_themselves_are_what_the_filter_makes_of_them_together(
    name: str, sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    smooth = [
        np.asarray(cv2.GaussianBlur(sides.picture(seed), (0, 0), 3), np.uint8) for seed in (1, 2)
    ]
    pair = [(planes_from_rgb(smooth[0]), planes_from_rgb(smooth[1]))] * 3
    filters = str(TRANSITIONS[name].xfade)
    shares = np.array([0.2, 0.5, 0.85])
    ours = list(crossed(filters, pair, shares, (160, 96)))
    monkeypatch.setattr(xfade, "TOGETHER", frozenset([filters]))
    whole = list(crossed(filters, pair, shares, (160, 96)))
    for one, other in zip(ours, whole, strict=True):
        assert np.array_equal(one.y, other.y)
        assert one.u.shape == other.u.shape == (48, 80)
        # Colours differ by how they are enlarged and shrunk, and by half a pixel at hard edges.
        assert psnr(one.u, other.u) > 32
        assert psnr(one.v, other.v) > 32


def test_a_dissolve_takes_even_steps_and_none_twice() -> None:
    frames = 9
    pair = [(_grey(0), _grey(255))] * frames
    levels = [int(f.y[0, 0]) for f in crossed("fade", pair, times(frames), (32, 16))]
    # Black is 16 and white 235 in limited range; both stand in the films beside it.
    expected = 16 + 219 * np.arange(1, frames + 1) / (frames + 1)
    assert np.abs(np.array(levels) - expected).max() <= 1.0


@pytest.mark.parametrize("easing", ["ease-in", "ease-out", "ease-in-out"])
def test_easing_bends_time_and_keeps_its_direction(easing) -> None:
    frames = 15
    shares = progress(Way("dissolve", frames, easing=easing))
    pair = [(_grey(0), _grey(255))] * frames
    levels = [int(f.y[0, 0]) for f in crossed("fade", pair, shares, (32, 16))]
    assert np.abs(np.array(levels) - (16 + 219 * shares)).max() <= 1.0
    assert (np.diff(levels) >= 0).all()
    assert np.ptp(np.diff(levels)) > 3


def test_thousands_of_frames_that_hardly_move_still_come_one_by_one() -> None:
    frames = 3000
    shares = np.linspace(1e-9, 2e-9, frames)
    pair = ((_grey(0), _grey(255)) for _ in range(frames))
    assert sum(1 for _ in crossed("fade", pair, shares, (32, 16))) == frames


def test_a_single_frame_is_half_of_each(sides: Sides) -> None:
    a = sides.clip("a", np.zeros((96, 160, 3), np.uint8), 1)
    b = sides.clip("b", np.full((96, 160, 3), 255, np.uint8), 1)
    way = Way("dissolve", 1)
    (frame,) = draw_transition(way, a, b, rate=RATE, cancel=CancelToken())
    assert abs(int(frame.y[0, 0]) - 126) <= 1


def test_a_side_that_ends_early_is_named(sides: Sides) -> None:
    a = sides.clip("Harbour", sides.picture(1), 8)
    b = sides.clip("b", sides.picture(2), 8)
    short = type(a)(a.take, lambda: iter(list(a.planes())[:5]), a.stage, a.finish, a.name)
    with pytest.raises(InvalidMedia, match="Harbour has 5 of the 8 frames"):
        list(draw_transition(Way("dissolve", 8), short, b, rate=RATE, cancel=CancelToken()))


def test_it_stops_when_asked(sides: Sides) -> None:
    a, b = (sides.clip(name, sides.picture(1), 8) for name in "ab")
    token = CancelToken()
    frames = draw_transition(Way("wipeleft", 8), a, b, rate=RATE, cancel=token)
    next(frames)
    token.cancel()
    with pytest.raises(Cancelled):
        list(frames)
