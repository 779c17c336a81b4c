"""Cards, timeline and plan say the same, whatever is laid out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.errors import InvalidInstruction, LimitExceeded
from synth.sequence.plan import plan_film
from synth.sequence.project import Clip, MediaRef, Project, SequenceShot, Transition
from synth.sequence.storyboard import Card, Way, arrange, at_rate, cards, film_frames
from synth.sequence.times import RationalTime, TimeRange, exact_rate
from synth.shot.model import FrameRate

LENGTHS: Final = {"a": 120, "b": 96, "c": 192}
EMPTY: Final = Project(
    shots=tuple(SequenceShot(id=name, media=MediaRef(sha256=name * 64)) for name in LENGTHS)
)


@st.composite
def _laid(draw: st.DrawFn) -> list[Card]:
    found: list[Card] = []
    shared = 0
    for last in [False] * draw(st.integers(0, 6)) + [True]:
        shot = draw(st.sampled_from([None, *LENGTHS]))
        most = LENGTHS[shot] if shot else 50
        least = shared + 1
        frames = draw(st.integers(min(least, most), most))
        start = draw(st.integers(0, most - frames)) if shot else 0
        way = None
        if not last and (room := min(frames - shared, 40)) > 0 and draw(st.booleans()):
            way = Way(draw(st.sampled_from(["dissolve", "dip", "whip_pan"])), draw(
                st.integers(1, room)), reverse=draw(st.booleans()))  # fmt: skip
        found.append(Card(shot, start, frames, way))
        shared = way.frames if way is not None else 0
    return found


@given(_laid())
def test_cards_survive_the_timeline_and_the_plan_covers_the_film(laid: list[Card]) -> None:
    project = arrange(EMPTY, laid)
    assert cards(project, LENGTHS) == tuple(laid)
    assert Project.from_json(project.to_json()) == project
    plan = plan_film(project, LENGTHS)
    assert plan.frames == film_frames(laid)
    at = 0
    for stretch in plan.stretches:
        assert stretch.start == at
        assert stretch.frames == stretch.take.frames > 0
        if stretch.into is not None:
            assert stretch.into.frames == stretch.frames
        at += stretch.frames
    # The timeline's own arithmetic, as any editor does it: source ranges and gaps add up.
    ranges = [
        item.source_range.duration if isinstance(item, Clip) and item.source_range else
        getattr(item, "duration", None) for item in project.timeline
    ]  # fmt: skip
    assert sum(length.value for length in ranges if length is not None) == plan.frames


@given(_laid())
def test_every_used_frame_is_seen_once_or_shared(laid: list[Card]) -> None:
    plan = plan_film(arrange(EMPTY, laid), LENGTHS)
    seen: dict[tuple[str | None, int], int] = {}
    used: dict[tuple[str | None, int], int] = {}
    for card in laid:
        for frame in range(card.start, card.start + card.frames):
            used[card.shot, frame] = used.get((card.shot, frame), 0) + 1
    for stretch in plan.stretches:
        for take in filter(None, (stretch.take, stretch.into)):
            for frame in range(take.first, take.first + take.frames):
                seen[take.shot, frame] = seen.get((take.shot, frame), 0) + 1
    for key, count in used.items():
        if key[0] is not None:
            assert seen[key] == count


def test_the_arithmetic_of_three_shots() -> None:
    laid = [
        Card("a", 0, 120, Way("dissolve", 12)), Card("b", 0, 96, Way("dissolve", 12)),
        Card("c", 0, 192),
    ]  # fmt: skip
    plan = plan_film(arrange(EMPTY, laid), LENGTHS)
    assert plan.frames == 120 + 96 + 192 - 2 * 12
    assert float(plan.seconds) == 16.0
    assert plan.starts() == (0, 108, 192)
    assert [stretch.frames for stretch in plan.stretches] == [108, 12, 72, 12, 180]


@pytest.mark.parametrize(
    ("laid", "says"),
    [
        ([Card("a", 0, 0)], "no length"),
        ([Card("a", 0, 10, Way("dissolve", 11)), Card("b", 0, 50)],
         r"is 0\.4167 s long, .* need 0\.4583 s"),
        ([Card("a", 0, 90, Way("dissolve", 30)), Card("b", 0, 50, Way("dip", 30)),
          Card("c", 0, 90)], r"is 2\.083 s long, but its transitions need 2\.5 s \(1\.25 s at its"),
        ([Card("a", 0, 9, Way("dissolve", 0)), Card("b", 0, 50)], "Use a cut"),
    ],
)  # fmt: skip
def test_transitions_longer_than_shots_are_refused(laid: list[Card], says: str) -> None:
    with pytest.raises(InvalidInstruction, match=says):
        arrange(EMPTY, laid)


def test_a_timeline_that_reaches_past_its_shots_is_refused() -> None:
    def at(frames: int) -> RationalTime:
        return RationalTime(value=frames)

    way = Transition(in_offset=at(6), out_offset=at(6))
    whole = EMPTY.changed(timeline=(Clip(shot="a"), way, Clip(shot="b")))
    with pytest.raises(InvalidInstruction, match=r"'a' has 120 frames.*6 more.*end"):
        plan_film(whole, LENGTHS)
    part = TimeRange(start_time=at(0), duration=at(114))
    fits = whole.changed(timeline=(Clip(shot="a", source_range=part), way, Clip(shot="b")))
    with pytest.raises(InvalidInstruction, match=r"'b'.*beginning"):
        plan_film(fits, LENGTHS)


def test_an_empty_or_endless_film_is_refused() -> None:
    with pytest.raises(InvalidInstruction, match="no shots yet"):
        plan_film(EMPTY, LENGTHS)
    long = Card(None, 0, 30_000)
    with pytest.raises(LimitExceeded, match="60000 frames"):
        plan_film(arrange(EMPTY, [long, replace(long, colour="#ffffff")]), LENGTHS)


def test_another_frame_rate_keeps_the_seconds() -> None:
    laid = [Card("a", 24, 48, Way("dissolve", 12)), Card("b", 0, 48)]
    project = arrange(EMPTY, laid)
    double = project.changed(output=project.output.model_copy(update={"fps": "48"}))
    twice = {name: 2 * frames for name, frames in LENGTHS.items()}
    plan = plan_film(double, twice)
    assert plan.seconds == plan_film(project, LENGTHS).seconds
    assert plan.cards[0].start == 48


@given(_laid(), st.sampled_from(["12", "15", "23.976", "24", "29.97", "60"]))
def test_any_film_can_be_played_at_another_rate(laid: list[Card], fps: FrameRate) -> None:
    rate, other = exact_rate("24"), exact_rate(fps)
    lengths = {id: max(1, round(frames * other / rate)) for id, frames in LENGTHS.items()}
    again = at_rate(laid, rate, other, lengths)
    output = EMPTY.output.model_copy(update={"fps": fps})
    plan = plan_film(arrange(EMPTY.changed(output=output), again), lengths)
    assert cards(arrange(EMPTY.changed(output=output), again), lengths) == again
    # Each card may be short of a frame or have one too many, and transitions round with it.
    assert abs(plan.frames - film_frames(laid) * other / rate) <= 1 + 2 * len(laid)
    if fps == "24":
        assert again == tuple(laid)


def test_what_comes_after_the_last_card_does_not_count() -> None:
    laid = [Card("a", 0, 4, Way("dissolve", 30))]
    assert plan_film(arrange(EMPTY, laid), LENGTHS).frames == 4
