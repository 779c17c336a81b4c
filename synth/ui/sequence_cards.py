"""The storyboard as the Sequence tab keeps it, and the project that it stands for.

The page keeps a project whose timeline is a row of cards measured in seconds; here it is checked
as if anybody had sent it. Seconds become frames at the film's rate, halves upward.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from synth.camera.transform import stretched
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.motion.phrases import parse_phrase
from synth.sequence.footage import lengths_of
from synth.sequence.future import Unknown
from synth.sequence.plan import FilmPlan
from synth.sequence.project import (
    MOST_SHOTS,
    SCHEMA,
    FilmSettings,
    Project,
    SequenceShot,
)
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange, cards
from synth.sequence.times import exact_rate
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.shot import Shot
from synth.style.tags import read_tags
from synth.ui.desk_shot import with_what_was_said
from synth.ui.monitor import describe_shot

_LONGEST: Final = 14_400.0
_CUT: Final = re.compile(r"[,;.!?\n]+|\b(?:and|then)\b", re.IGNORECASE)
"""What stands between the parts of a sentence."""
_UNKNOWN: Final = 1_000_000
"""Frames of a clip whose file is not here: the plan must not complain of its length, too."""


@dataclass(frozen=True)
class Document:
    """What the page sent, checked."""

    project: Project
    """The whole project, its timeline laid out."""
    lengths: Mapping[str, int]
    """Frames that each shot has at the film's rate, by id."""
    storyboard: tuple[Card, ...]
    """The cards of the timeline."""


ClipFrames = Callable[[SequenceShot, FilmSettings], int | None]
"""How many frames a clip has at the film's rate; None where its file is not here or is damaged."""


def no_clips(shot: SequenceShot, output: FilmSettings) -> int | None:
    """For projects whose files are nowhere near."""
    return None


def read_clip_frames(shelf: Shelf, *, strict: bool = False) -> ClipFrames:
    """Reads the clips that are on a shelf.

    A clip that cannot be read has no length, so that the rest of its project can still be worked
    on; with ``strict`` it raises ``InvalidMedia`` or ``LimitExceeded``.
    """

    def frames(shot: SequenceShot, output: FilmSettings) -> int | None:
        if not shelf.has(shot.media):
            return None
        try:
            return lengths_of(Project(shots=(shot,), output=output), shelf)[shot.id]
        except (InvalidMedia, LimitExceeded):
            if strict:
                raise
            return None

    return frames


def read_document(value: object, clips: ClipFrames = no_clips) -> Document:
    """The project that the page's document stands for.

    Args:
        value: ``{"project": a project without a timeline, "cards": [...]}``; a card has "shot",
            "start", "seconds", "colour", and "way", which is None or has "type", "seconds",
            "easing", "colour" and "reverse". Both may have "later", what a newer version wrote:
            [[path, value], ...]; it is kept where the project says that it is of one.
        clips: how long the clips are.

    Raises ``InvalidInstruction`` or ``LimitExceeded`` for what makes no sense.
    """
    if not isinstance(value, Mapping):
        raise InvalidInstruction("The project cannot be read. Reload the page.")
    given, laid = value.get("project"), value.get("cards")
    if not isinstance(given, Mapping) or not isinstance(laid, list):
        raise InvalidInstruction("The project cannot be read. Reload the page.")
    if len(laid) > MOST_SHOTS:
        raise InvalidInstruction(
            f"The storyboard has {len(laid)} cards; the limit is {MOST_SHOTS}. Make the film in "
            "parts."
        )
    try:
        text = json.dumps({**given, "timeline": []})
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInstruction("The project cannot be read. Reload the page.") from error
    project = Project.from_json(text)
    rate = exact_rate(project.output.fps)
    lengths = shot_lengths(project, clips)
    board = tuple(_card(card, number, rate, lengths) for number, card in enumerate(laid, 1))
    if project.written_as == SCHEMA:  # What we wrote ourselves has no such fields.
        board = tuple(_without_later(card) for card in board)
    return Document(arrange(project, board), lengths, board)


def read_parts(**parts: object) -> Project:
    """A project of which only these fields were sent, such as one shot or one track.

    Fields of newer versions are kept: whether they may be there was seen when it was opened.
    Raises ``InvalidInstruction`` for what makes no sense.
    """
    return Project.from_dict({**parts, "schema": f"{SCHEMA}.1"})


def document_of(project: Project, clips: ClipFrames = no_clips) -> dict[str, Any]:
    """A project as the page keeps it; raises ``InvalidInstruction`` where its timeline is wrong."""
    rate = exact_rate(project.output.fps)
    lengths = shot_lengths(project, clips)
    values = project.to_dict()
    values["timeline"] = []
    laid: list[dict[str, Any]] = []
    for card in cards(project, lengths):
        missing = card.shot is not None and card.frames >= _UNKNOWN // 2
        way = card.way
        laid.append(
            {
                "shot": card.shot,
                "start": float(card.start / rate),
                "seconds": 5.0 if missing else float(card.frames / rate),
                "colour": card.colour,
                "way": None
                if way is None
                else {
                    "type": way.type,
                    "seconds": float(way.frames / rate),
                    "easing": way.easing,
                    "colour": way.colour,
                    "reverse": way.reverse,
                    **_shown_later(way.later),
                },
                **_shown_later(card.later),
            }
        )
    return {"project": values, "cards": laid}


def missing_photos(document: Document, plan: FilmPlan) -> list[dict[str, Any]]:
    """Transitions that need a photo's geometry where there is none: card number from 0, and words.

    A shot that a model draws has none, though it is made of a photo.
    """
    found: list[dict[str, Any]] = []
    for index, (card, after) in enumerate(zip(plan.cards, plan.cards[1:], strict=False)):
        if card.way is None:
            continue
        kind = TRANSITIONS[card.way.type]
        photos = [
            side.shot is not None and document.project.shot(side.shot).is_geometry
            for side in (card, after)
        ]
        short = (kind.photos == "both" and not all(photos)) or (
            kind.photos == "either" and not any(photos)
        )
        if short:
            need = "both its shots" if kind.photos == "both" else "one of its shots"
            words = (
                f"{kind.title} needs {need} to be a photo that its own geometry draws. Choose "
                "another transition here."
            )
            found.append({"card": index, "words": words})
    return found


def arithmetic(plan: FilmPlan) -> str:
    """How the length comes about: "3 shots 17.0 s − 2 transitions 1.0 s = 16.0 s"."""
    rate = plan.rate
    ways = [card.way.frames for card in plan.cards[:-1] if card.way is not None]
    used = sum(card.frames for card in plan.cards)
    count = len(plan.cards)
    words = f"{count} {'shot' if count == 1 else 'shots'} {_said(used / rate)}"
    if not ways:
        return words
    noun = "transition" if len(ways) == 1 else "transitions"
    return f"{words} − {len(ways)} {noun} {_said(sum(ways) / rate)} = {_said(plan.seconds)}"


def spoken(shot: SequenceShot, text: str, seconds: float) -> tuple[SequenceShot, dict[str, Any]]:
    """A shot with the camera that a sentence asks for, and what was understood of it.

    Raises ``InvalidInstruction`` where the sentence asks for nothing that can be done.
    """
    tagged = read_tags(text)
    bare = tagged.text
    if tagged.tags and not bare:
        words = shot.shot.model_copy(update={"prompt": text})
        nothing: dict[str, Any] = {"understood": [], "assumed": [], "not_understood": []}
        return shot.model_copy(update={"shot": words}), nothing
    parsed = parse_phrase(bare, duration=seconds)
    if parsed.control is None:
        raise InvalidInstruction(
            "No camera move, subject or weather was found in it. Say for example “slow push in” "
            "or “orbit left”."
        )
    motion = with_what_was_said(parsed.control, shot.shot.motion).with_duration(seconds)
    changed = shot.shot.model_copy(update={"motion": motion, "prompt": text})
    if parsed.control.moves:
        changed = changed.with_trajectory(None)
    said = {
        "understood": list(parsed.understood),
        "assumed": list(parsed.assumed),
        "not_understood": [
            *parsed.not_understood,
            *(f"“{one}”: no camera move, subject or weather." for one in passed_over(bare)),
        ],
    }
    return shot.model_copy(update={"shot": changed}), said


def passed_over(text: str) -> list[str]:
    """The parts of a sentence in which no camera move, subject or weather was understood."""
    parsed = parse_phrase(text)
    found: list[str] = []
    ends = [(0, 0), *(cut.span() for cut in _CUT.finditer(text)), (len(text), len(text))]
    for (_, start), (end, _) in pairwise(ends):
        words = text[start:end].strip()
        seen = any(
            span.role != "order" and span.start < end and start < span.end for span in parsed.spans
        )
        if any(c.isalpha() for c in words) and not seen:
            found.append(words)
    return found


def with_seconds(shot: Shot, seconds: float) -> Shot:
    """The same move, drawn out or pressed together to another length in seconds.

    Raises ``InvalidInstruction`` for lengths that a shot cannot have.
    """
    if not math.isfinite(seconds) or not 0.0 < seconds <= LIMITS.clip_seconds:
        raise InvalidInstruction(
            f"A shot of a photo lasts more than 0 and at most {LIMITS.clip_seconds} s, not "
            f"{seconds:g} s."
        )
    keys = shot.trajectory
    motion = shot.motion.with_duration(seconds)
    if keys is not None:
        keys = stretched(keys, frames=max(1, round(Fraction(seconds) * keys.fps)))
    return shot.model_copy(update={"motion": motion, "trajectory": keys})


def shown_shot(shot: SequenceShot) -> dict[str, Any]:
    """What a card says of its shot: its camera in words, and its own length in seconds."""
    if not shot.is_photo:
        return {"words": "a clip as it is", "seconds": None}
    return {"words": describe_shot(shot.shot), "seconds": shot.shot.seconds}


def plain_shot(shot: SequenceShot) -> dict[str, Any]:
    """A shot as it stands in a project."""
    return Project(shots=(shot,)).to_dict()["shots"][0]


def said_shot(shot: SequenceShot, own: float | None) -> dict[str, Any]:
    """What is shown of a shot; ``own`` is a clip's own length, seconds."""
    said = shown_shot(shot)
    return {**said, "seconds": said["seconds"] if own is None else own}


def shot_lengths(project: Project, clips: ClipFrames = no_clips) -> dict[str, int]:
    """Frames that each shot has at the film's rate, by id."""
    output = project.output
    found: dict[str, int] = {}
    for one in project.shots:
        if one.is_photo:
            drawn = one.shot.model_copy(update={"output": output.output})
            found[one.id] = drawn.frames
        else:
            frames = clips(one, output)
            found[one.id] = _UNKNOWN if frames is None else frames
    return found


def _card(value: object, number: int, rate: Fraction, lengths: Mapping[str, int]) -> Card:
    if not isinstance(value, Mapping):
        raise InvalidInstruction(f"Card {number} cannot be read. Reload the page.")
    shot = value.get("shot")
    if shot is not None and (not isinstance(shot, str) or shot not in lengths):
        raise InvalidInstruction(f"Card {number} shows a shot that is not there. Delete the card.")
    name = f"Card {number}" if shot is None else f"Shot {number} ({shot})"
    start = _frames(_seconds(value.get("start", 0.0), f"{name}: the start"), rate)
    frames = _frames(_seconds(value.get("seconds"), f"{name}: the length"), rate)
    if shot is not None:
        available = lengths[shot]
        if start + frames == available + 1 and frames > 1:  # Rounded both ways.
            frames -= 1
        if start + frames > available:
            raise InvalidInstruction(
                f"{name} uses {float((start + frames) / rate):.2f} s of a shot that is "
                f"{float(available / rate):.2f} s long. Trim the card, or make the shot longer."
            )
    colour = value.get("colour", "#000000")
    return Card(
        shot, start, frames, _way(value.get("way"), name, rate), str(colour)[:7],
        _later(value.get("later"), name),
    )  # fmt: skip


def _way(value: object, name: str, rate: Fraction) -> Way | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidInstruction(f"The transition after {name} cannot be read. Choose it again.")
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in TRANSITIONS:
        raise InvalidInstruction(f"The transition after {name} is unknown. Choose it again.")
    frames = _frames(_seconds(value.get("seconds"), f"{name}: the transition's length"), rate)
    easing: Any = value.get("easing", "linear")
    if frames == 0:
        return None
    return Way(
        kind, frames, easing, str(value.get("colour", "#000000"))[:7],
        value.get("reverse") is True, _later(value.get("later"), f"The transition after {name}"),
    )  # fmt: skip


def _shown_later(later: Unknown) -> dict[str, Any]:
    """What a newer version wrote, as the page keeps it."""
    return {"later": [[list(path), value] for path, value in later]} if later else {}


def _later(value: object, name: str) -> Unknown:
    """What a newer version wrote, as the page kept it; raises ``InvalidInstruction``."""
    if value is None:
        return ()
    wrong = f"{name} holds fields that cannot be read. Open the project's file again."
    try:
        # As strictly as a project's own text is read: how large, how deep, which numbers.
        held: Any = read_json(json.dumps({"later": value}))["later"]
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInstruction(wrong) from error
    for one in held if isinstance(held, list) else [None]:
        path = one[0] if isinstance(one, list) and len(one) == 2 else None
        if (
            not isinstance(path, list)
            or not path
            or not isinstance(path[-1], str)
            or not all(isinstance(step, str) or type(step) is int for step in path)
        ):
            raise InvalidInstruction(wrong)
    return tuple((tuple(path), kept) for path, kept in held)


def _without_later(card: Card) -> Card:
    way = None if card.way is None else replace(card.way, later=())
    return replace(card, way=way, later=())


def _seconds(value: object, what: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInstruction(f"{what} must be a number of seconds.")
    if not 0 <= value <= _LONGEST:
        raise InvalidInstruction(f"{what} is {value:g} s; it must be 0 to {_LONGEST:g} s.")
    return Fraction(value)


def _frames(seconds: Fraction, rate: Fraction) -> int:
    # As the page counts: halves upward, and a hair of tolerance for what seconds cannot hold.
    return math.floor(float(seconds * rate) + 0.5 + 1e-6)


def _said(seconds: Fraction) -> str:
    return f"{float(seconds):.1f} s"
