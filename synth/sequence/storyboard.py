"""The timeline as people lay it out: one card after another, each with a way into the next.

A card says how many frames of its shot are used, with those that a transition shares with the
neighbour. The timeline's source ranges (see ``synth.sequence.project``) hold only what lies
between the cuts; this module keeps the two in step. All numbers are frames at the film's rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

from synth.errors import InvalidInstruction
from synth.sequence.future import Unknown, extras, put_back
from synth.sequence.project import Clip, Easing, Gap, Item, Project, Transition
from synth.sequence.times import RationalTime, TimeRange, exact_rate
from synth.sequence.transitions.catalogue import TRANSITIONS


@dataclass(frozen=True)
class Way:
    """How a card becomes the next one."""

    type: str
    """A name from ``TRANSITIONS``."""
    frames: int
    """How many frames both cards share, at least 1."""
    easing: Easing = "linear"
    colour: str = "#000000"
    reverse: bool = False
    later: Unknown = field(default=(), compare=False, repr=False)
    """What a newer version wrote into the transition."""


@dataclass(frozen=True)
class Card:
    """One card of the storyboard."""

    shot: str | None
    """Id of the shot; None for a plain colour."""
    start: int
    """First frame of the shot that is used."""
    frames: int
    """How many are used, shared ones among them."""
    way: Way | None = None
    """How it becomes the next card; None is a cut."""
    colour: str = "#000000"
    """Of a card without a shot."""
    later: Unknown = field(default=(), compare=False, repr=False)
    """What a newer version wrote into the clip or the gap."""


def cards(project: Project, lengths: Mapping[str, int]) -> tuple[Card, ...]:
    """The storyboard of a project.

    Args:
        project: the project.
        lengths: frames that each shot has at the film's rate, by id.

    Raises ``InvalidInstruction`` where a transition reaches past the frames that a shot has.
    """
    rate = exact_rate(project.output.fps)
    found: list[Card] = []
    before: Transition | None = None
    for item, after in zip(project.timeline, (*project.timeline, None)[1:], strict=True):
        if isinstance(item, Transition):
            before = item
            continue
        way = _way(after, rate) if isinstance(after, Transition) else None
        head = before.in_offset.frames(rate) if before is not None else 0
        tail = after.out_offset.frames(rate) if isinstance(after, Transition) else 0
        found.append(_card(item, head, tail, lengths, rate, way))
        before = None
    return tuple(found)


def arrange(project: Project, storyboard: Iterable[Card]) -> Project:
    """The project with this storyboard for its timeline.

    Raises ``InvalidInstruction`` for cards shorter than the transitions they share.
    """
    fps = project.output.fps
    laid = list(storyboard)
    if laid and laid[-1].way is not None:
        laid[-1] = replace(laid[-1], way=None)
    check(laid, exact_rate(fps))
    timeline: list[Item] = []
    shared = 0
    for card in laid:
        head = shared // 2
        tail = card.way.frames - card.way.frames // 2 if card.way is not None else 0
        length = RationalTime.of(card.frames - head - tail, fps)
        if card.shot is None:
            timeline.append(_with(Gap(duration=length, colour=card.colour), card.later))
        else:
            begin = RationalTime.of(card.start + head, fps)
            clip = Clip(shot=card.shot, source_range=TimeRange(start_time=begin, duration=length))
            timeline.append(_with(clip, card.later))
        if card.way is not None:
            transition = Transition.of(
                type=card.way.type,
                in_offset=RationalTime.of(card.way.frames // 2, fps),
                out_offset=RationalTime.of(tail, fps),
                easing=card.way.easing,
                colour=card.way.colour,
                reverse=card.way.reverse,
            )
            timeline.append(_with(transition, card.way.later))
        shared = card.way.frames if card.way is not None else 0
    return project.changed(timeline=tuple(timeline))


def check(storyboard: Iterable[Card], rate: Fraction) -> None:
    """Raise ``InvalidInstruction`` for a card that has no length or that its ways overfill.

    ``rate`` is frames per second: what is wrong is told in seconds.
    """

    def told(frames: int) -> str:
        return f"{float(frames / rate):.4g} s"

    shared = 0
    for number, card in enumerate(storyboard, 1):
        name = f"Shot {number} ({card.shot or 'a plain colour'})"
        if card.frames < 1:
            raise InvalidInstruction(f"{name} has no length. Give it at least one frame.")
        own = card.way.frames if card.way is not None else 0
        if card.way is not None and own < 1:
            raise InvalidInstruction(f"The transition after {name} has no length. Use a cut.")
        if shared + own > card.frames:
            raise InvalidInstruction(
                f"{name} is {told(card.frames)} long, but its transitions need "
                f"{told(shared + own)} ({told(shared)} at its beginning, {told(own)} at its end). "
                "Shorten them, or lengthen it."
            )
        shared = own


def at_rate(
    storyboard: Sequence[Card], rate: Fraction, other: Fraction, lengths: Mapping[str, int]
) -> tuple[Card, ...]:
    """The same storyboard at another rate, always one that can be made.

    Every card begins and ends at the frame nearest to where it did, so that nothing drifts; one
    that would vanish keeps a frame, and a transition that would vanish becomes a cut.

    Args:
        storyboard: the cards.
        rate: frames per second that they are counted in.
        other: frames per second that they will be counted in.
        lengths: frames that each shot has at the other rate, by id.
    """
    scale = other / rate
    at = 0
    spans: list[tuple[int, int]] = []
    for card in storyboard:
        spans.append((round(at * scale), round((at + card.frames) * scale)))
        at += card.frames - (card.way.frames if card.way is not None else 0)
    made: list[Card] = []
    for card, (begin, end) in zip(storyboard, spans, strict=True):
        frames, start = max(1, end - begin), round(card.start * scale)
        if card.shot is not None:
            frames = min(frames, lengths[card.shot])
            start = min(start, lengths[card.shot] - frames)
        made.append(replace(card, start=start, frames=frames))
    shared = 0
    for place, card in enumerate(made):
        own = 0
        if card.way is not None and place + 1 < len(made):
            wanted = spans[place][1] - spans[place + 1][0]
            own = min(wanted, card.frames - shared, made[place + 1].frames)
        way = replace(card.way, frames=own) if card.way is not None and own > 0 else None
        made[place] = replace(card, way=way)
        shared = own if way is not None else 0
    return tuple(made)


def film_frames(storyboard: Iterable[Card]) -> int:
    """How long the film is: all that is used, less what neighbours share."""
    laid = list(storyboard)
    shared = sum(card.way.frames for card in laid[:-1] if card.way is not None)
    return sum(card.frames for card in laid) - shared


_AnyItem = TypeVar("_AnyItem", Clip, Gap, Transition)


def _with(item: _AnyItem, later: Unknown) -> _AnyItem:
    """The item with what a newer version wrote into it."""
    if not later:
        return item
    return type(item).model_validate(put_back(item.model_dump(), later))


def _card(
    item: Clip | Gap, head: int, tail: int, lengths: Mapping[str, int], rate: Fraction,
    way: Way | None,
) -> Card:  # fmt: skip
    if isinstance(item, Gap):
        frames = item.duration.frames(rate) + head + tail
        return Card(None, 0, frames, way, item.colour, extras(item))
    available = lengths[item.shot]
    if item.source_range is None:
        first, count = 0, available
    else:
        first = item.source_range.start_time.frames(rate)
        count = item.source_range.duration.frames(rate)
    start, end = first - head, first + count + tail
    if start < 0 or end > available:
        short, where = (-start, "beginning") if start < 0 else (end - available, "end")
        raise InvalidInstruction(
            f"The shot {item.shot!r} has {available} frames; the timeline uses frames "
            f"{start} to {end - 1}, {short} more than it has at its {where}. "
            "Trim the clip, or shorten the transition there."
        )
    return Card(item.shot, start, end - start, way, later=extras(item))


def _way(transition: Transition, rate: Fraction) -> Way | None:
    frames = transition.in_offset.frames(rate) + transition.out_offset.frames(rate)
    if frames == 0:
        return None
    assert transition.type in TRANSITIONS
    return Way(
        transition.type, frames, transition.easing, transition.colour, transition.reverse,
        extras(transition),
    )  # fmt: skip
