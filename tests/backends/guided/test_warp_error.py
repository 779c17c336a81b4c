"""A model's motion held against the known one: small for what follows it, all for what stands."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from synth.backends.guided import GuideFrame, make_guide
from synth.backends.guided.warp_error import WarpError, WarpMeter
from tests.backends.guided.shots import shot, truck

if TYPE_CHECKING:
    from tests.conftest import Layered


@pytest.fixture(scope="module")
def frames(layered: Layered) -> list[GuideFrame]:
    assignment = shot(layered, truck(0.6, 7), extend=True)
    return list(make_guide(assignment, size=(320, 208), count=7, rate=Fraction(16)).frames())


def _measured(frames: list[GuideFrame], drawn: list[np.ndarray]) -> WarpError:
    meter = WarpMeter()
    for picture, frame in zip(drawn, frames, strict=True):
        meter.add(picture, frame)
    return meter.result


def test_the_guide_itself_moves_as_it_should(frames: list[GuideFrame]) -> None:
    found = _measured(frames, [frame.shown for frame in frames])
    assert found.frames == 6
    assert 2.0 < found.motion < 6.0
    assert found.epe < 0.15
    assert found.share > 0.3


def test_a_model_that_stands_still_is_off_by_all_of_the_motion(frames: list[GuideFrame]) -> None:
    found = _measured(frames, [frames[0].shown] * 7)
    assert found.epe == pytest.approx(found.motion, rel=0.02)


def test_a_model_that_lags_by_a_pixel_a_frame_is_off_by_one(frames: list[GuideFrame]) -> None:
    drawn = [np.roll(frame.shown, index, axis=1) for index, frame in enumerate(frames)]
    # The guide's own place for each pixel is then up to 6 pixels away: only plain wall is judged.
    found = _measured(frames, drawn)
    assert found.epe == pytest.approx(1.0, abs=0.2)


def test_what_is_painted_in_the_holes_does_not_count(frames: list[GuideFrame]) -> None:
    rng = np.random.default_rng(0)
    drawn = [
        np.where(
            frame.hole[..., None], rng.integers(0, 256, frame.shown.shape, np.uint8), frame.shown
        )
        for frame in frames
    ]
    assert _measured(frames, drawn).epe < 0.4


def test_where_nothing_can_be_followed_it_says_so(frames: list[GuideFrame]) -> None:
    from dataclasses import replace

    blank = [replace(frame, shown=np.full_like(frame.shown, 90)) for frame in frames]
    found = _measured(blank, [frame.shown for frame in blank])
    assert math.isnan(found.epe)
    assert "could not be measured" in found.sentence


def test_a_model_that_draws_nothing_does_not_escape(frames: list[GuideFrame]) -> None:
    found = _measured(frames, [np.full_like(frame.shown, 90) for frame in frames])
    assert found.frames == 6
    assert found.epe > 0.5 * found.motion


def test_frames_of_another_size_are_a_mistake(frames: list[GuideFrame]) -> None:
    with pytest.raises(ValueError, match="guide"):
        WarpMeter().add(np.zeros((64, 64, 3), np.uint8), frames[0])
