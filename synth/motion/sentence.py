"""Puts the moves that a text mentions in order: what happens together, what follows what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from synth.motion.catalogue import Direction, MoveType
from synth.motion.clauses import Clause, Mention, Subject
from synth.motion.details import LENGTHS, Reading, attach, give_amount, give_figure
from synth.motion.lexer import Word
from synth.motion.mentions import find_mentions
from synth.motion.small_words import TOGETHER
from synth.motion.vocabulary import FAMILIES

_STRENGTH: Final = ("comma", "and", "or", "but", "stop", "then", "after", "before")
_LAID_DOWN: Final = frozenset(
    {"left", "right", "up", "down", "forward", "backward", "out", "back", "in", "clockwise",
     "counterclockwise"}
)  # fmt: skip
_OPPOSITE: Final[dict[Direction, Direction]] = {
    "forward": "backward",
    "backward": "forward",
    "left": "right",
    "right": "left",
    "up": "down",
    "down": "up",
    "clockwise": "counterclockwise",
    "counterclockwise": "clockwise",
}
_AXES: Final[dict[MoveType, str]] = {
    "dolly": "depth",
    "push_in": "depth",
    "pull_out": "depth",
    "truck": "side",
    "pedestal": "height",
    "crane": "height",
    "orbit": "around",
    "arc": "around",
}


def split_clauses(words: Sequence[Word]) -> Iterator[tuple[Clause, list[Word]]]:
    """The clauses of a text, each with the words that join it to the one before."""
    joint, joints, body, opens = "stop", [], [], True
    for index, word in enumerate(words):
        if word.kind == "link" or _leads_into(words, index, body):
            if body:
                yield Clause(tuple(body), joint, opens), joints
                joint, joints, body, opens = "comma", [], [], False
            meaning = word.value if word.kind == "link" else "then"
            opens = opens or meaning == "stop"
            joint = max(joint, meaning, key=_STRENGTH.index)
            joints.append(word)
        else:
            body.append(word)
    if body:
        yield Clause(tuple(body), joint, opens), joints


def _leads_into(words: Sequence[Word], index: int, body: Sequence[Word]) -> bool:
    """Whether "into" joins two moves: "whip pan into a push in"."""
    if words[index].text != "into" or not any(word.kind == "verb" for word in body):
        return False
    ahead = index + 1
    while ahead < len(words) and words[ahead].kind in ("det", "amount", "boost", "filler"):
        ahead += 1
    return ahead > index + 1 and ahead < len(words) and words[ahead].kind == "verb"


def read_words(words: Sequence[Word]) -> Reading:
    """The camera moves of a text in order, with all that was said about each."""
    reading = Reading()
    subject = Subject()
    clauses = list(split_clauses(words))
    waiting: list[Word] = []
    later: list[Mention] = []
    denied = False
    joint_waiting = ""
    for place, (clause, joints) in enumerate(clauses):
        reading.framing.extend(w for w in clause.words if w.kind == "framing" and w.value)
        if any(word.kind == "loop" for word in clause.words):
            reading.loop = True
            reading.used.extend((w, "loop") for w in clause.words if w.kind == "loop")
        mentions, picture, questions = find_mentions(clause, subject)
        reading.picture.extend(picture)
        reading.open_questions.extend(questions)
        next_link = clauses[place + 1][0].link if place + 1 < len(clauses) else ""
        listed = clause.link == "or" or (clause.link == "comma" and next_link == "or")
        denied = denied and listed
        for mention in mentions:
            mention.negated = mention.negated or denied
        denied = denied or any(mention.negated for mention in mentions)
        for mention in mentions:
            if mention.negated:
                reading.excluded.append(mention)
        asked = [mention for mention in mentions if not mention.negated]
        if clause.link in ("then", "before", "after"):
            reading.used.extend((w, "order") for w in joints if w.value in _STRENGTH[-3:])
        if not asked:
            if mentions:
                continue
            joint_waiting = _read_remark(reading, clause, waiting) or ""
            continue
        attach(clause, asked, waiting, reading)
        _hand_back(reading, clause, asked)
        waiting = []
        link = joint_waiting if joint_waiting and clause.link in ("comma", "and") else clause.link
        joint_waiting = ""
        if link == "stop" and any(word.text in TOGETHER for word in (*clause.words, *joints)):
            link = "and"
        if clause.opens and clause.link == "before" and place + 1 < len(clauses):
            later = asked
            continue
        _place(reading, asked, link, clause.opens)
        if later:
            reading.groups.append(later)
            later = []
        elif clause.opens and clause.link == "after":
            joint_waiting = "then"
    if later:
        reading.groups.append(later)
    if waiting and reading.last is not None:
        for word in waiting:
            give_amount(reading.last, word, None, reading)
    _settle(reading)
    return reading


def _place(reading: Reading, asked: list[Mention], link: str, opens: bool) -> None:
    """Put the moves of a clause beside or behind those before."""
    groups = reading.groups
    for number, mention in enumerate(asked):
        joint = link if number == 0 else "and"
        if not groups:
            groups.append([mention])
        elif joint == "after" and not opens:
            groups.insert(len(groups) - 1, [mention])
        elif joint in ("then", "before", "after"):
            groups.append([mention])
        elif (
            joint == "stop"
            and mention.type not in ("handheld", "static")
            and not _only_still(groups[-1])
        ):
            if not _joined(groups[-1], mention):
                groups.append([mention])
                reading.notes.append("Sentence after sentence is read as one move after the other.")
        elif _is_hold(mention) or (_is_hold(groups[-1][-1]) and mention.type != "handheld"):
            groups.append([mention])
        elif not _joined(groups[-1], mention):
            if _contradicts(groups[-1], mention):
                groups.append([mention])
                reading.notes.append(
                    "Opposite directions cannot happen at once; they follow one another."
                )
            else:
                groups[-1].append(mention)


def _hand_back(reading: Reading, clause: Clause, asked: list[Mention]) -> None:
    """A way left over is the one that the move before lacks: "pan and tilt up to the left"."""
    last = reading.last
    for mention in asked:
        for word in mention.spare:
            open_way = last is not None and last.way is None and clause.link in ("and", "comma")
            if last is not None and open_way and word.value in FAMILIES[last.family]:
                last.type, last.way = FAMILIES[last.family][word.value]
                last.words.append(word)
            else:
                reading.open_questions.append(
                    f"“{word.text}”: {mention.type.replace('_', ' ')} cannot go that way as well."
                )


def _only_still(group: list[Mention]) -> bool:
    return all(
        mention.type in ("static", "handheld") and not _is_hold(mention) for mention in group
    )


def _is_hold(mention: Mention) -> bool:
    """Whether it is a pause in the course of things rather than a camera that never moves."""
    return mention.type == "static" and mention.words[0].name.endswith((" hold", " pause", " wait"))


def _joined(group: list[Mention], mention: Mention) -> bool:
    """Whether a move only says again, or completes, one that is there already."""
    for other in group:
        same_axis = other.type == mention.type or (
            other.type in _AXES and _AXES.get(mention.type) == _AXES[other.type]
        )
        if not same_axis:
            continue
        if mention.way is None or other.way is None or mention.way == other.way:
            if other.way is None and mention.way is not None:
                other.type, other.way = mention.type, mention.way
            other.words.extend(mention.words)
            other.amounts.extend(mention.amounts)
            other.amount_words.extend(mention.amount_words)
            other.seconds = other.seconds or mention.seconds
            other.degrees = other.degrees or mention.degrees
            other.easing = other.easing or mention.easing
            return True
    return False


def _contradicts(group: list[Mention], mention: Mention) -> bool:
    axis = _AXES.get(mention.type, mention.type)
    return any(
        _AXES.get(other.type, other.type) == axis and other.way != mention.way for other in group
    )


def _read_remark(reading: Reading, clause: Clause, waiting: list[Word]) -> str | None:
    """A clause without a move of its own: a direction, an amount, a length said afterwards."""
    small = ("filler", "amount", "boost", "measure", "easing", "loop", "camera", "prep", "det")
    last = reading.last
    ways = [word for word in clause.words if word.kind == "way" and word.value in _LAID_DOWN]
    lead = next((word for word in clause.words if word.kind not in (*small, "framing")), None)
    if (
        last is not None
        and lead is not None
        and lead.kind == "way"
        and ways
        and _continue_move(reading, clause, lead, last)
    ):
        return None
    remark = all(word.kind in (*small, "way") for word in clause.words)
    if remark:
        for word in clause.words:
            if word.kind == "measure" and word.value == "seconds":
                if last is None or any(w.text in LENGTHS for w in clause.words):
                    reading.total = word.number
                elif clause.link == "after":
                    pass
                else:
                    for mention in reading.groups[-1]:
                        mention.seconds = mention.seconds or word.number
                reading.used.append((word, "time"))
            elif word.kind == "measure" and last is not None:
                give_figure(last, word, reading)
            elif word.kind == "amount":
                waiting.append(word)
            elif word.kind == "easing" and last is not None:
                last.easing = word.value
                reading.used.append((word, "easing"))
        if last is not None:
            for word in waiting:
                give_amount(last, word, None, reading)
            waiting.clear()
        if clause.link == "after":
            return _wait_first(reading, clause)
        if clause.link == "then":
            return "then"
    else:
        _read_lengths(reading, clause)
    return None


def _read_lengths(reading: Reading, clause: Clause) -> None:
    """The length of the whole clip, said beside the picture: "5 second shot of a harbour"."""
    for index, word in enumerate(clause.words):
        if word.kind == "measure" and word.value == "seconds":
            near = clause.words[max(0, index - 2) : index + 3]
            if any(other.text in LENGTHS for other in near):
                reading.total = word.number
                reading.used.append((word, "time"))


def _wait_first(reading: Reading, clause: Clause) -> str | None:
    """ "After 2 seconds": the camera waits before what follows, or before what was just said."""
    seconds = next((w for w in clause.words if w.kind == "measure" and w.value == "seconds"), None)
    if seconds is None:
        return None
    if clause.opens:
        reading.total = None
    hold = Mention("hold", "static", None, [seconds], seconds=seconds.number)
    if clause.opens or not reading.groups:
        reading.groups.append([hold])
        return "then"
    reading.groups.insert(len(reading.groups) - 1, [hold])
    return None


def _continue_move(reading: Reading, clause: Clause, lead: Word, last: Mention) -> bool:
    """ "…, then right": the verb before is meant again with another direction."""
    known = FAMILIES[last.family]
    if lead.value == "back" and last.way is not None:
        again = Mention(last.family, last.type, _OPPOSITE[last.way], [lead])
        if last.type in ("push_in", "pull_out"):
            again.type = "pull_out" if last.type == "push_in" else "push_in"
    elif lead.value in known:
        move, way = known[lead.value]
        if way is None:
            return False
        again = Mention(last.family, move, way, [lead])
    else:
        return False
    link = clause.link
    if link in ("comma", "and", "but") and last.way is None and again.type == last.type:
        last.way = again.way
        last.words.append(lead)
        attach(clause, [last], [], reading)
        return True
    attach(clause, [again], [], reading)
    _place(reading, [again], link, clause.opens)
    return True


def _settle(reading: Reading) -> None:
    """Where a camera is told to stand still and to move at once, the move stands."""
    for group in reading.groups:
        moving = [mention for mention in group if mention.type != "static"]
        if moving and len(moving) < len(group):
            group[:] = moving
            if any(mention.type != "zoom" for mention in moving):
                reading.notes.append(
                    "A camera that stands still was said beside a move; the move is taken."
                )
        elif not moving:
            group[:] = group[:1]
    still = [group for group in reading.groups if group[0].type == "static"]
    if len(still) == len(reading.groups) and len(still) > 1:
        reading.groups[:] = reading.groups[:1]
