"""The dip to a colour."""

from __future__ import annotations

import numpy as np
import pytest

from synth.control import CancelToken
from synth.media.planes import planes_from_rgb, to_rgb
from synth.sequence.storyboard import Way
from synth.sequence.transitions.draw import draw_transition
from tests.sequence.transitions.conftest import RATE, Sides, flat, psnr


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#1a6b3c"])
def test_half_way_there_is_the_colour_and_nothing_else(colour: str, sides: Sides) -> None:
    frames = 9
    one, other = sides.picture(1), sides.picture(2)
    a, b = sides.clip("a", one, frames), sides.clip("b", other, frames)
    way = Way("dip", frames, colour=colour)
    drawn = list(draw_transition(way, a, b, rate=RATE, cancel=CancelToken()))
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    assert np.abs(to_rgb(drawn[4]).astype(int) - wanted).max() <= 2
    start, end, middle = (flat(p) for p in (planes_from_rgb(one), planes_from_rgb(other), drawn[4]))
    fall = [psnr(flat(frame), start) for frame in drawn[:5]]
    rise = [psnr(flat(frame), end) for frame in drawn[4:]]
    assert fall == sorted(fall, reverse=True)
    assert rise == sorted(rise)
    # The next picture is not seen before the colour, nor the old one after it.
    share = 1 - 2 * 0.4
    expected = start.astype(float) * share + middle.astype(float) * (1 - share)
    assert np.abs(flat(drawn[3]).astype(float) - expected).max() <= 1.0
