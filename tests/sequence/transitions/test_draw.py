"""One call for every transition: what it refuses, in which words, and what makes it a new one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from synth.control import CancelToken
from synth.errors import InvalidInstruction
from synth.sequence.storyboard import Way
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.sequence.transitions.draw import draw_transition, key
from tests.sequence.transitions.conftest import RATE, Sides

if TYPE_CHECKING:
    from synth.backends.geometric import Stage

CAMERAS = [kind.name for kind in TRANSITIONS.values() if kind.family == "camera"]


@pytest.mark.parametrize("name", ["push_through", "match_move"])
def test_a_clip_where_a_photo_is_needed_is_named(name: str, sides: Sides, trucking: Stage) -> None:
    a = sides.photo("Harbour", trucking, 10, 6)
    b = sides.clip("Holiday clip", sides.picture(1), 6)
    with pytest.raises(InvalidInstruction) as caught:
        draw_transition(Way(name, 6), a, b, rate=RATE, cancel=CancelToken())
    words = str(caught.value)
    assert TRANSITIONS[name].title in words
    assert "Holiday clip is a clip" in words
    assert "Harbour is" not in words
    assert "Choose" in words


def test_depth_on_one_side_is_enough_for_a_depth_wipe_and_none_is_not(
    sides: Sides, trucking: Stage
) -> None:
    photo = sides.photo("Harbour", trucking, 10, 6)
    clip = sides.clip("Clip", sides.picture(1), 6)
    colour = sides.clip("The black", sides.picture(1), 6, shot=False)
    for a, b in ((photo, clip), (clip, photo)):
        frames = draw_transition(Way("depth_wipe", 6), a, b, rate=RATE, cancel=CancelToken())
        assert len(list(frames)) == 6
    with pytest.raises(InvalidInstruction, match="The black is a plain colour and Clip is a clip"):
        draw_transition(Way("depth_wipe", 6), colour, clip, rate=RATE, cancel=CancelToken())


def test_takes_that_do_not_fit_are_refused(sides: Sides) -> None:
    a, b = sides.clip("a", sides.picture(1), 6), sides.clip("b", sides.picture(2), 7)
    with pytest.raises(InvalidInstruction, match="has 6 frames, but its shots give 6 and 7"):
        draw_transition(Way("dissolve", 6), a, b, rate=RATE, cancel=CancelToken())


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("frames", [1, 2, 7])
@pytest.mark.parametrize("reverse", [False, True])
def test_every_camera_transition_has_exactly_its_frames(
    name: str, frames: int, reverse: bool, sides: Sides, trucking: Stage, panning: Stage
) -> None:
    a = sides.photo("a", trucking, 30 - frames, frames)
    b = sides.photo("b", panning, 0, frames)
    way = Way(name, frames, reverse=reverse)
    drawn = list(draw_transition(way, a, b, rate=RATE, cancel=CancelToken()))
    assert [frame.size for frame in drawn] == [(160, 96)] * frames


def test_the_key_changes_with_what_is_seen_and_with_nothing_else() -> None:
    way = Way("dissolve", 12)
    assert key(way) != key(replace(way, frames=13))
    assert key(way) != key(replace(way, easing="ease-in"))
    assert key(way) == key(replace(way, colour="#ff0000", reverse=True))
    dip = replace(way, type="dip")
    assert key(dip) != key(replace(dip, colour="#ff0000"))
    assert key(dip) == key(replace(dip, colour="#000000", reverse=True))
    whip = replace(way, type="whip_pan")
    assert key(whip) != key(replace(whip, reverse=True))


def test_every_transition_says_what_is_seen() -> None:
    titles = [kind.title for kind in TRANSITIONS.values()]
    assert len(set(titles)) == len(titles)
    for kind in TRANSITIONS.values():
        assert kind.help.endswith(".")
        assert len(kind.help) < 100
