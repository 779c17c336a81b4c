"""Which frames a film is made of: its stretches, in order, before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from synth.errors import InvalidInstruction, LimitExceeded
from synth.limits import LIMITS
from synth.sequence.project import Project
from synth.sequence.storyboard import Card, Way, cards, check
from synth.sequence.times import exact_rate


@dataclass(frozen=True)
class Take:
    """Consecutive frames of one shot, or of a plain colour."""

    shot: str | None
    """Id of the shot; None is the colour."""
    first: int
    """Number of the first frame within the shot."""
    frames: int
    """How many."""
    colour: str = "#000000"


@dataclass(frozen=True)
class Stretch:
    """A part of the film that is made in one go: inside a shot, or the way into the next."""

    start: int
    """Its first frame in the film."""
    frames: int
    """How many frames of film it is."""
    take: Take
    """What is seen; in a transition, what goes."""
    into: Take | None = None
    """In a transition, what comes: as many frames as ``take``."""
    way: Way | None = None
    """In a transition, how."""


@dataclass(frozen=True)
class FilmPlan:
    """The whole film."""

    rate: Fraction
    """Frames per second."""
    cards: tuple[Card, ...]
    """The storyboard."""
    stretches: tuple[Stretch, ...]
    """What the film is made of, in order, without gaps."""

    @property
    def frames(self) -> int:
        """Frames of the film."""
        return sum(stretch.frames for stretch in self.stretches)

    @property
    def seconds(self) -> Fraction:
        """Length of the film."""
        return self.frames / self.rate

    def starts(self) -> tuple[int, ...]:
        """For each card, the film's frame with which it begins to be seen."""
        at, found = 0, []
        for card in self.cards:
            found.append(at)
            at += card.frames - (card.way.frames if card.way is not None else 0)
        return tuple(found)


def plan_film(project: Project, lengths: Mapping[str, int]) -> FilmPlan:
    """Lay out a project.

    Args:
        project: the project.
        lengths: frames that each shot has at the film's rate, by id.

    Raises:
        InvalidInstruction: the timeline is empty, or a transition does not fit its shots.
        LimitExceeded: the film is longer than allowed.
    """
    rate = exact_rate(project.output.fps)
    storyboard = cards(project, lengths)
    if not storyboard:
        raise InvalidInstruction("The film has no shots yet. Add a photo or a clip.")
    check(storyboard, rate)
    stretches: list[Stretch] = []
    at = shared = 0
    for card, after in zip(storyboard, (*storyboard[1:], None), strict=True):
        own = card.way.frames if card.way is not None else 0
        body = card.frames - shared - own
        if body:
            take = Take(card.shot, card.start + shared, body, card.colour)
            stretches.append(Stretch(at, body, take))
            at += body
        if own and after is not None:
            goes = Take(card.shot, card.start + card.frames - own, own, card.colour)
            comes = Take(after.shot, after.start, own, after.colour)
            stretches.append(Stretch(at, own, goes, comes, card.way))
            at += own
        shared = own
    if at > LIMITS.video_frames:
        raise LimitExceeded(
            f"The film has {at} frames ({float(at / rate):.0f} s); the limit is "
            f"{LIMITS.video_frames}. Shorten it, or make it in parts."
        )
    return FilmPlan(rate, storyboard, tuple(stretches))
