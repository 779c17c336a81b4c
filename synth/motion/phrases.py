"""Turns a director's sentence into a motion control, and says what it understood of it.

The parser is a fixed set of words and rules, not a model: the same sentence always means the same,
everything that it takes for granted is stated, and what it cannot place is listed instead of
guessed. It reads English.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from synth.errors import InvalidInstruction, LimitExceeded
from synth.limits import LIMITS
from synth.motion.catalogue import MOVE_KINDS
from synth.motion.clauses import Mention
from synth.motion.details import Reading
from synth.motion.lexer import cut
from synth.motion.model import DEFAULT_SECONDS, MAX_MOVES, CameraMove, MotionControl
from synth.motion.sentence import read_words
from synth.motion.surroundings import Surroundings, read_surroundings, without_surroundings

HOLD_SECONDS: Final = 1.5
"""Length of a pause between moves when the sentence names none, seconds."""

_TELLING: Final = {
    ("dolly", "forward"): "dolly in",
    ("dolly", "backward"): "dolly out",
    ("push_in", "forward"): "push in",
    ("pull_out", "backward"): "pull out",
    ("zoom", "forward"): "zoom in",
    ("zoom", "backward"): "zoom out",
    ("dolly_zoom", "forward"): "dolly zoom, travelling in",
    ("dolly_zoom", "backward"): "dolly zoom, travelling out",
    ("spiral", "forward"): "spiral in",
    ("spiral", "backward"): "spiral out",
    ("static", None): "hold the camera still",
    ("handheld", None): "handheld shake",
}


@dataclass(frozen=True)
class Span:
    """A part of the sentence that had a part in its reading."""

    start: int
    """First character."""
    end: int
    """One past the last character."""
    role: str
    """"move", "amount", "time", "easing", "order", "excluded", "loop", "subject", "weather"."""


@dataclass(frozen=True)
class ParsedPhrase:
    """What a sentence asks for."""

    control: MotionControl | None
    """The motion control, or None where the sentence says nothing about camera, subjects or
    weather."""
    understood: tuple[str, ...]
    """What was understood, in sentences, in the order it happens."""
    assumed: tuple[str, ...]
    """What the sentence left open and how it was filled in."""
    not_understood: tuple[str, ...]
    """Camera words that could not be placed, each with the reason."""
    spans: tuple[Span, ...]
    """Where in the sentence it says so, in order."""

    @property
    def says_camera(self) -> bool:
        """Whether the sentence says anything about the camera."""
        return self.control is not None and bool(self.control.moves)


def parse_phrase(text: str, *, duration: float | None = None) -> ParsedPhrase:
    """Read what a sentence asks of the camera, the subjects and the weather.

    Args:
        text: one or more sentences in English.
        duration: length that the whole shot must have, seconds; the moves are stretched together
            to fill it. None keeps the lengths of the sentence, 3 seconds a move where it says
            none.

    Raises:
        LimitExceeded: a text longer than this server reads, or a sequence longer than one clip.
        InvalidInstruction: a text that is not a string, or a duration that makes no sense.
    """
    if not isinstance(text, str):
        raise InvalidInstruction(f"A phrase is text, not {type(text).__name__}.")
    if len(text) > LIMITS.prompt_characters:
        raise LimitExceeded(
            f"The sentence has {len(text):,} characters; the limit is "
            f"{LIMITS.prompt_characters:,}. Shorten it."
        )
    words = cut(text)
    around = read_surroundings(words)
    reading = read_words(without_surroundings(words, around))
    writer = _Writer(reading, around, duration)
    return writer.write()


class _Writer:
    """Collects the control and the sentences about it from one reading."""

    def __init__(self, reading: Reading, around: Surroundings, duration: float | None) -> None:
        self._reading = reading
        self._around = around
        self._duration = duration
        self._understood: list[str] = []
        self._assumed: list[str] = list(dict.fromkeys(reading.notes))
        self._lost: list[str] = list(dict.fromkeys(reading.open_questions))
        self._spans: list[Span] = []

    def write(self) -> ParsedPhrase:
        """The parsed phrase."""
        moves = self._moves()
        control: MotionControl | None = None
        if moves or self._around.objects or self._around.environment is not None:
            control = MotionControl(
                camera=tuple(moves),
                objects=self._around.objects,
                environmental=self._around.environment,
            )
            control = self._stretched(control)
        self._tell_rest(control)
        return ParsedPhrase(
            control=control,
            understood=tuple(self._understood),
            assumed=tuple(dict.fromkeys(self._assumed)),
            not_understood=tuple(dict.fromkeys(self._lost)),
            spans=tuple(sorted(set(self._spans), key=lambda span: (span.start, span.end))),
        )

    def _moves(self) -> list[CameraMove]:
        groups = self._reading.groups
        clock = 0.0
        moves: list[CameraMove] = []
        for number, group in enumerate(groups):
            length = self._length(group, len(groups))
            if len(moves) + len(group) > MAX_MOVES or clock + length > LIMITS.clip_seconds:
                raise LimitExceeded(
                    f"The sentence asks for {sum(map(len, groups))} moves that do not fit into one "
                    f"shot of {MAX_MOVES} moves and {LIMITS.clip_seconds} s. Split it into several."
                )
            told: list[str] = []
            for mention in group:
                moves.append(self._move(mention, group, number, clock, length))
                told.append(self._tell(mention, moves[-1]))
            opening = "" if len(groups) == 1 else "First: " if number == 0 else "Then: "
            line = " + ".join(told)
            seconds = next((m.seconds for m in group if m.seconds), None)
            ending = f", for {seconds:g} s" if seconds else ""
            self._understood.append(f"{opening}{line[0].upper()}{line[1:]}{ending}.")
            clock += length
        return moves

    def _length(self, group: list[Mention], groups: int) -> float:
        lengths = [mention.seconds for mention in group if mention.seconds]
        if lengths:
            longest = max(lengths)
            if longest > LIMITS.clip_seconds:
                self._assumed.append(
                    f"{longest:g} s is longer than a shot may be; it is cut to "
                    f"{LIMITS.clip_seconds} s."
                )
            return min(longest, float(LIMITS.clip_seconds))
        pause = group[0].type == "static" and groups > 1
        if self._reading.total is None and self._duration is None:
            length = HOLD_SECONDS if pause else DEFAULT_SECONDS
            what = "the pause" if pause else "each move" if groups > 1 else "the move"
            self._assumed.append(f"No length is said; {what} takes {length:g} s.")
        return HOLD_SECONDS if pause else DEFAULT_SECONDS

    def _move(
        self, mention: Mention, group: list[Mention], number: int, clock: float, length: float
    ) -> CameraMove:
        kind = MOVE_KINDS[mention.type]
        way = mention.way
        if way is None and len(kind.directions) > 1:
            self._assumed.append(
                f"No direction is said for {kind.label}; it goes {kind.default_direction}."
            )
        values: dict[str, Any] = {"type": mention.type, "intensity": self._intensity(mention)}
        values["direction"] = way or kind.default_direction
        if mention.type == "static":
            values["intensity"] = 0.5
        groups = self._reading.groups
        whole = mention.type == "handheld" and number == 0 and len(groups) + len(group) > 2
        if whole and not mention.seconds:
            values["duration"] = None
        else:
            values["duration"] = min(mention.seconds or length, float(LIMITS.clip_seconds))
            if len(group) > 1 or (number > 0 and _overlap(groups[:number])):
                values["start"] = clock
        if mention.easing:
            values["easing"] = mention.easing
        if self._reading.loop and mention.type != "static":
            values["loop"] = True
        return CameraMove(**values)

    def _intensity(self, mention: Mention) -> float:
        kind = MOVE_KINDS[mention.type]
        if mention.share is not None:
            return self._within(mention.share, f"{mention.share:.0%}", mention)
        if mention.degrees is not None:
            if kind.unit == "degrees":
                return self._within(
                    mention.degrees / kind.amplitude, f"{mention.degrees:g}°", mention
                )
            self._lost.append(
                f"“{mention.degrees:g} degrees”: {kind.label} is not measured in degrees."
            )
        if mention.times is not None and kind.unit == "times" and mention.times > 0.0:
            share = abs(math.log(mention.times)) / math.log(kind.amplitude)
            return self._within(share, f"{mention.times:g}x", mention)
        if not mention.amounts:
            return 0.5
        return round(sum(mention.amounts) / len(mention.amounts), 3)

    def _within(self, share: float, said: str, mention: Mention) -> float:
        kind = MOVE_KINDS[mention.type]
        if share > 1.0:
            most = f"{kind.amplitude:g}{'°' if kind.unit == 'degrees' else ' ' + kind.unit}"
            self._assumed.append(
                f"{said} is more than one photo bears; {kind.label} goes as far as it can, {most}."
            )
        return round(min(1.0, max(0.0, share)), 3)

    def _tell(self, mention: Mention, move: CameraMove) -> str:
        self._assumed.extend(mention.notes)
        for word in mention.words:
            self._spans.append(Span(word.start, word.end, "move"))
        line = _TELLING.get((move.type, move.way)) or " ".join(
            filter(None, (move.type.replace("_", " "), move.way))
        )
        if mention.degrees is not None and move.kind.unit == "degrees":
            line += f" by {mention.degrees:g}°"
        elif mention.amount_words:
            line += f" ({', '.join(mention.amount_words)})"
        if move.type != "static":
            line += f" at intensity {move.intensity:g}"
        return line

    def _stretched(self, control: MotionControl) -> MotionControl:
        wanted = self._duration if self._duration is not None else self._reading.total
        if wanted is None:
            return control
        if self._duration is None and wanted > LIMITS.clip_seconds:
            self._assumed.append(
                f"{wanted:g} s is longer than a shot may be; it is cut to {LIMITS.clip_seconds} s."
            )
            wanted = float(LIMITS.clip_seconds)
        if self._duration is None and wanted > 0.0:
            self._understood.append(f"All of it within {wanted:g} s.")
        return control.with_duration(wanted)

    def _tell_rest(self, control: MotionControl | None) -> None:
        reading = self._reading
        if reading.loop and reading.groups:
            self._understood.append("Each move comes back to its start.")
        for mention in reading.excluded:
            name = MOVE_KINDS[mention.type].label.split(" ", 1)[1]
            self._understood.append(f"No {name}.")
            self._spans.extend(Span(w.start, w.end, "excluded") for w in mention.words)
        for subject in self._around.objects:
            heading = "" if subject.direction == "in_place" else f", {subject.direction}"
            self._understood.append(
                f"The {subject.id}: {subject.action}{heading.replace('_', ' ')}."
            )
        self._tell_air()
        self._spans.extend(Span(w.start, w.end, role) for w, role in reading.used)
        self._spans.extend(Span(w.start, w.end, role) for w, role in self._around.words)
        for word in reading.picture:
            self._assumed.append(
                f"“{word.text}” is taken as part of the picture, not as a camera move."
            )
        for word in reading.framing:
            self._lost.append(f"“{word.text}”: {word.value} is not a camera move.")
        if control is not None and not control.moves:
            self._assumed.append("Nothing is said about the camera; it stands still.")

    def _tell_air(self) -> None:
        around, air = self._around, self._around.environment
        toward = {"forward": "toward the camera", "backward": "away from the camera"}
        if air is not None and air.particle_effects != "none":
            self._understood.append(
                f"In the air: {air.particle_effects.replace('_', ' ')} at strength "
                f"{air.weather_intensity:g}."
            )
        if air is not None and air.wind_direction != "still":
            way = toward.get(air.wind_direction, f"to the {air.wind_direction}")
            self._understood.append(f"The wind blows {way}.")
        self._understood.extend(f"No {name}." for name in around.absent)
        self._assumed.extend(around.notes)
        self._lost.extend(around.open_questions)


def _overlap(groups: list[list[Mention]]) -> bool:
    """Whether some moves before run together, so that "after the last one" is not clear."""
    return any(len(group) > 1 for group in groups)


__all__ = ["HOLD_SECONDS", "ParsedPhrase", "Span", "parse_phrase"]
