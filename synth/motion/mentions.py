"""Finds the camera moves that one clause mentions, with their directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from synth.motion.catalogue import MOVE_KINDS, Direction, MoveType
from synth.motion.clauses import QUIET, STRICT_WAYS, Clause, Mention, Subject, negates, ways
from synth.motion.judge import is_camera, still_word
from synth.motion.lexer import Word
from synth.motion.vocabulary import DEFAULTS, FAMILIES

_ACTORS: Final = frozenset({"camera", "cam", "view", "shot", "steadicam", "gimbal", "we"})
_NO_VERBS: Final = frozenset(
    {"angles", "lens", "flares", "settings", "glasses", "is", "was", "does", "hovers", "hovering"}
)
_PLACED: Final = frozenset(
    {"go", "fly", "dolly", "truck", "track", "push", "pull", "rise", "descend"}
)
"""Families whose way may be two at once: "up to the left"."""


def find_mentions(clause: Clause, subject: Subject) -> tuple[list[Mention], list[Word], list[str]]:
    """The moves of a clause, the look-alikes that were left to the picture, and open questions.

    Also moves ``subject`` on to whoever this clause is about.
    """
    units = clause.words = _name_unknown_verb(clause.words)
    mentions: list[Mention] = []
    picture: list[Word] = []
    open_questions: list[str] = []
    who = subject.who
    taken = 0
    verbs = [index for index, unit in enumerate(units) if unit.kind == "verb"]
    for place, index in enumerate(verbs):
        stop = verbs[place + 1] if place + 1 < len(verbs) else len(units)
        unit = units[index]
        negated = any(negates(units, i) for i in range(taken, index)) or (
            bool(mentions) and mentions[-1].negated and not any(u.kind == "link" for u in units)
        )
        verdict = is_camera(units, taken, index, stop, clause, subject, negated)
        if not verdict:
            if unit.value in DEFAULTS and not unit.name.startswith("plain"):
                picture.append(unit)
            continue
        found = _resolve(units, taken, index, stop, negated)
        if found is None:
            who = "camera"
            if negated and unit.value == "go":
                found = [Mention("hold", "static", None, [unit])]
                negated = False
            else:
                open_questions.append(_what_is_missing(unit))
                continue
        for mention in found:
            mention.negated = negated
            if mention.type == "static" and negated:
                mention.negated = True
        if not (mentions and _repeats(mentions[-1], found[0])):
            mentions.extend(found)
        else:
            _merge(mentions[-1], found[0])
            mentions.extend(found[1:])
        who = "camera"
        taken = index + 1
    if mentions:
        open_questions.clear()
    still = still_word(units)
    if still is not None and not any(mention.type == "static" for mention in mentions):
        mentions.append(Mention("hold", "static", None, [still]))
        who = "camera"
    if who != "camera" or not mentions:
        who = _who_is_it_about(units, subject)
    subject.who = who
    subject.camera_seen = subject.camera_seen or who == "camera"
    return mentions, picture, open_questions


def _name_unknown_verb(units: tuple[Word, ...]) -> tuple[Word, ...]:
    """ "The camera hurtles forward": an unknown verb of a camera, with a direction, moves it."""
    for index, unit in enumerate(units):
        if unit.kind != "content" or not unit.text.endswith(("s", "ing")) or unit.text in _NO_VERBS:
            continue
        before = next((w for w in reversed(units[:index]) if w.kind not in QUIET), None)
        after = next((w for w in units[index + 1 :] if w.kind not in QUIET), None)
        if before is None or before.text not in _ACTORS or after is None or after.kind != "way":
            continue
        verb = replace(unit, kind="verb", value="go", name=f"plain {unit.text}", bare=False)
        return (*units[:index], verb, *units[index + 1 :])
    return units


def _what_is_missing(unit: Word) -> str:
    return f"“{unit.text}”: no direction is said, so it is not known how the camera moves."


def _repeats(before: Mention, now: Mention) -> bool:
    """Whether two words of one clause speak of one move: "tracking shot following her left"."""
    if before.negated != now.negated:
        return False
    if before.type == now.type and (before.way is None or now.way in (None, before.way)):
        return True
    if before.type == "crane" and now.type == "pedestal":
        return before.way in (None, now.way)
    return {before.family, now.family} == {"track", "follow"} and before.way is None


def _merge(before: Mention, now: Mention) -> None:
    before.words.extend(now.words)
    if before.type != "crane":
        before.type = now.type
    before.way = now.way or before.way
    before.notes.extend(note for note in now.notes if note not in before.notes)


def _resolve(
    units: Sequence[Word], start: int, index: int, stop: int, negated: bool
) -> list[Mention] | None:
    """The move or moves that a verb and its ways make, or None where a way is needed."""
    verb = units[index]
    known = FAMILIES[verb.value]
    usable = [entry for entry in ways(units, start, index, stop) if entry[0] in known]
    if not usable:
        if verb.value not in DEFAULTS:
            return None
        move, way = DEFAULTS[verb.value]
        return [_mention(verb, move, way, [verb])]
    value, word, at = usable[0]
    move, way = known[value]
    if way is None:
        # "alongside the cyclist from right to left": a later word may settle the direction.
        for entry in usable[1:]:
            if known[entry[0]][0] == move and known[entry[0]][1] is not None:
                value, word, at = entry
                way = known[value][1]
                break
    found = [_mention(verb, move, way, [verb, word])]
    if verb.name == f"plain {verb.text}" and not verb.bare:
        found[0].notes.append(f"“{verb.text} {word.text}” is taken as {MOVE_KINDS[move].label}.")
    if verb.value == "pan" and move in ("zoom", "tilt"):
        found[0].notes.append(f"“{verb.text} {word.text}” is taken as a {move}.")
    if verb.value == "tilt" and move == "roll" and word.text in ("left", "right"):
        found[0].notes.append(f"“{verb.text} {word.text}” is taken as a roll to that side.")
    for other, other_word, place in usable[1:]:
        if _next_to(units, at, place) and (verb.value in _PLACED or verb.value == "pan"):
            second, second_way = known[other]
            if second != move:
                found.append(_mention(verb, second, second_way, [verb, other_word]))
                break
        elif _next_to(units, at, place) and other in STRICT_WAYS:
            found[0].spare.append(other_word)
    return found


def _next_to(units: Sequence[Word], at: int, place: int) -> bool:
    return at < place and all(unit.text in ("to", "the") for unit in units[at + 1 : place])


def _mention(verb: Word, move: MoveType, way: Direction | None, words: list[Word]) -> Mention:
    return Mention(verb.value, move, way, words)


def _who_is_it_about(units: Sequence[Word], subject: Subject) -> str:
    """Whom a clause without a camera move speaks of, for the clauses that lean on it."""
    kinds = [unit.kind for unit in units]
    if "camera" in kinds and "pron" not in kinds:
        return "camera"
    if "content" in kinds or "pron" in kinds:
        return "other"
    return subject.who
