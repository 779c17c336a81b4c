"""Finds the camera moves that one clause mentions, and tells them from the words of the picture.

A crane may be a camera on an arm or a machine in a harbour; what decides is who the sentence is
about, whether a direction follows, and whether the word stands as a noun with an article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from synth.motion.catalogue import MOVE_KINDS, Direction, MoveType
from synth.motion.lexer import Word
from synth.motion.small_words import POSSESSIVES
from synth.motion.vocabulary import DEFAULTS, FAMILIES


@dataclass
class Mention:
    """One camera move as a clause mentions it, before order and length are known."""

    family: str
    type: MoveType
    way: Direction | None
    words: list[Word]
    """What says so, in order."""
    amounts: list[float] = field(default_factory=list)
    amount_words: list[str] = field(default_factory=list)
    degrees: float | None = None
    share: float | None = None
    times: float | None = None
    seconds: float | None = None
    easing: str | None = None
    loop: bool = False
    negated: bool = False
    notes: list[str] = field(default_factory=list)
    """What was assumed about it."""
    spare: list[Word] = field(default_factory=list)
    """Ways right behind its own that it cannot take."""


@dataclass
class Clause:
    """A stretch of a sentence between two joints."""

    words: tuple[Word, ...]
    link: str
    """What joins it to the clause before: "comma", "and", "but", "or", "then", "before", "after",
    "stop"."""
    opens: bool
    """Whether it begins a sentence."""


@dataclass
class Subject:
    """Who the text is talking about, carried from clause to clause."""

    who: str = "none"
    """"camera", "other" or "none"."""
    camera_seen: bool = False


_QUIET = frozenset({"filler", "amount", "boost", "measure", "easing", "loop", "still", "framing"})
_PATHS = frozenset(
    {
        "street", "road", "corridor", "hall", "hallway", "alley", "alleyway", "aisle", "path",
        "tunnel", "river", "lane", "avenue", "track", "trail", "highway", "bridge", "pier",
        "canyon", "valley", "runway", "boulevard", "passage", "staircase", "stairs", "coast",
    }
)  # fmt: skip
_OBJECTS_OF_HANDS = frozenset(
    {"console", "game", "games", "device", "phone", "fan", "radio", "mirror", "torch", "lantern",
     "vacuum", "mixer", "scanner", "computer", "microphone"}
)  # fmt: skip
_TRANSITIVE = frozenset(
    {"push", "pull", "roll", "turn", "swing", "rise", "descend", "shake", "hold", "rotate",
     "close", "go", "back", "widen", "fly"}
)  # fmt: skip
_STRICT = frozenset(
    {"left", "right", "up", "down", "clockwise", "counterclockwise", "forward", "backward"}
)
_AHEAD_OF_VERB = _STRICT | {"sideways", "vertical", "out", "back"}
"""Ways that may stand before their verb: "a left pan"."""
_MOTION = frozenset({"across", "over", "around", "along", "through", "towards", "into"})
_NOUNS_OF_MOTION = frozenset({"movement", "movements", "motion"})
_ASKING = frozenset({"do", "add", "make", "use", "using", "adding", "want", "give", "perform"})
_ACTORS = frozenset({"camera", "cam", "view", "shot", "steadicam", "gimbal", "we"})
_NO_VERBS = frozenset(
    {"angles", "lens", "flares", "settings", "glasses", "is", "was", "does", "hovers",
     "hovering"}
)  # fmt: skip
_SHOT = frozenset({"shot", "shots", "move", "movement", "motion", "effect"})
_PLACED = frozenset({"go", "fly", "dolly", "truck", "track", "push", "pull", "rise", "descend"})
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
        negated = any(_negates(units, i) for i in range(taken, index)) or (
            bool(mentions) and mentions[-1].negated and not any(u.kind == "link" for u in units)
        )
        verdict = _is_camera(units, taken, index, stop, clause, subject, negated)
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
    still = _still(units)
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
        before = next((w for w in reversed(units[:index]) if w.kind not in _QUIET), None)
        after = next((w for w in units[index + 1 :] if w.kind not in _QUIET), None)
        if before is None or before.text not in _ACTORS or after is None or after.kind != "way":
            continue
        verb = replace(unit, kind="verb", value="go", name=f"plain {unit.text}", bare=False)
        return (*units[:index], verb, *units[index + 1 :])
    return units


def _negates(units: Sequence[Word], index: int) -> bool:
    """Whether a negation here speaks about the move: "not too fast" and "not only" do not."""
    if units[index].kind != "not":
        return False
    after = units[index + 1] if index + 1 < len(units) else None
    return after is None or not (
        after.kind in ("boost", "amount") or after.text in ("only", "just")
    )


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


def _around(units: Sequence[Word], start: int, index: int) -> tuple[Word | None, Word | None]:
    """The word right before a verb that tells its use, and whoever acts."""
    near: Word | None = None
    actor: Word | None = None
    for i in range(index - 1, start - 1, -1):
        unit = units[i]
        if unit.kind in _QUIET or unit.kind in ("way", "not") or unit.text in _NOUNS_OF_MOTION:
            continue
        if near is None:
            near = unit
        if unit.kind in ("camera", "content", "pron", "verb") or unit.text in ("it", "that"):
            actor = unit
            break
    return near, actor


def _who_acts(actor: Word | None, clause: Clause, subject: Subject) -> str:
    if actor is not None:
        if actor.kind == "camera":
            return "camera"
        if actor.text == "it":
            return "camera" if subject.camera_seen and subject.who == "camera" else "other"
        return "other"
    if clause.link in ("then", "before", "after") and subject.camera_seen:
        return "camera"
    if clause.link in ("and", "comma", "but", "or") and not clause.opens:
        return subject.who
    return "none"


def _is_camera(
    units: Sequence[Word],
    start: int,
    index: int,
    stop: int,
    clause: Clause,
    subject: Subject,
    negated: bool,
) -> bool:
    """Whether the verb at ``index`` moves the camera."""
    unit = units[index]
    sure, _, name = unit.name.partition(" ")
    near, actor = _around(units, start, index)
    who = _who_acts(actor, clause, subject)
    following = units[index + 1] if index + 1 < len(units) else None
    if unit.group:
        if unit.value == "handheld":
            return following is None or following.text not in _OBJECTS_OF_HANDS
        owned = following is not None and following.kind == "det"
        someone = actor is not None and (actor.kind == "pron" or not unit.bare)
        return not (someone and who == "other" and (owned or not unit.bare))
    if unit.value == "hold":
        return _holds(units, index, who)
    if unit.value == "shake":
        noun = unit.bare and index > start and units[index - 1].kind == "amount"
        return who == "camera" or negated or (noun and (actor is None or actor.kind != "pron"))
    way = _near_way(units, index, stop)
    shot = following is not None and following.text in _SHOT
    motion = way in _MOTION
    asked = index > start and units[index - 1].kind in ("amount", "boost", "measure")
    known = way in FAMILIES[unit.value]
    if negated and who != "other" and (sure != "plain" or unit.value == "go"):
        return True
    if near is not None and near.kind == "det" and unit.bare:
        if sure == "camera":
            placed = any(w.kind in ("prep", "way") for w in units[max(start, index - 3) : index])
            thing = name in ("dolly", "pan") and not any(w.text in _ASKING for w in units[:index])
            alone = not placed and not thing and _ends(units, index, stop)
            return bool(way) or shot or asked or alone
        return (way in _STRICT) or shot or (asked and motion) or (asked and bool(way))
    if who == "camera":
        return True
    if who == "other" and actor is not None:
        if not unit.bare:
            return sure == "camera" and name != "tilt" and known and actor.kind != "pron"
        if name == "zoom":
            return actor.kind != "pron"
        nominal = asked and (bool(way) or sure == "camera")
        return nominal or (sure == "camera" and bool(way) and actor.kind != "pron")
    if who == "other" and not unit.bare:
        return sure == "camera" and bool(way)
    if _takes_an_object(units, index, stop):
        return False
    if sure == "camera":
        if not unit.bare:
            return bool(way) or shot or _ends(units, index, stop)
        return following is None or following.kind != "content" or bool(way)
    if sure == "thing":
        if unit.value in ("orbit", "arc") and following is not None and following.kind == "det":
            return True
        if unit.bare and motion:
            return True
        return way in _STRICT or shot or _ends(units, index, stop) or _winds(unit, way)
    if name == "tighten" or (name == "punch" and way == "in"):
        return following is not None and following.text in ("on", "in")
    if unit.value in ("follow", "circle", "approach"):
        return following is not None and (following.kind in ("det", "pron", "content") or bool(way))
    if not unit.bare and who == "none" and not clause.opens:
        return False
    return bool(way) or (unit.value in ("rise", "descend") and asked)


def _winds(unit: Word, way: str | None) -> bool:
    return unit.value in ("spiral", "track") and way in ("in", "out", "towards", "back", "through")


def _ends(units: Sequence[Word], index: int, stop: int) -> bool:
    """Whether nothing but small words follows a verb."""
    return all(unit.kind in _QUIET or unit.kind == "camera" for unit in units[index + 1 : stop])


def _takes_an_object(units: Sequence[Word], index: int, stop: int) -> bool:
    """Whether a thing of the picture is what is moved: "pull back the curtain"."""
    if units[index].value not in _TRANSITIVE:
        return units[index].value == "tilt" and _owned(units, index + 1, stop)
    i = index + 1
    while i < stop and units[i].kind in ("way", "amount", "boost", "filler"):
        if units[i].value in ("towards", "into", "through", "over", "around", "along", "across"):
            return False
        i += 1
    if i < stop and units[i - 1].value in ("up", "down") and units[index].value in ("go", "fly"):
        return False
    return _owned(units, i, stop)


def _owned(units: Sequence[Word], i: int, stop: int) -> bool:
    if not (i + 1 < stop and units[i].kind == "det"):
        return False
    return all(unit.kind != "camera" for unit in units[i + 1 : i + 3])


def _holds(units: Sequence[Word], index: int, who: str) -> bool:
    """Whether "hold" means the camera: "hold on her face", not "hold her hand"."""
    if who == "other":
        return False
    rest = units[index + 1 :]
    if who == "camera" and rest and rest[0].kind == "way":
        return False
    if who == "camera" or not rest:
        return True
    if rest[0].text in ("on", "for", "at", "here", "there") or rest[0].kind in ("still", "measure"):
        return True
    if rest[0].text in ("still", "steady"):
        return True
    return rest[0].kind == "det" and len(rest) > 1 and rest[1].kind == "camera"


def _still(units: Sequence[Word]) -> Word | None:
    """The word that says that the camera does not move, if one does."""
    for i, unit in enumerate(units):
        if unit.kind != "still":
            continue
        if any(_negates(units, k) for k in range(i)):
            continue
        if unit.value == "sure":
            return unit
        quiet = ("filler", "amount", "boost", "still", "det")
        if all(other.kind in quiet or other.text in ("it", "everything") for other in units):
            return unit
        back = i - 1
        while back >= 0 and (units[back].kind in quiet or units[back].value == "hold"):
            back -= 1
        ahead = i + 1
        while ahead < len(units) and units[ahead].kind in ("filler", "framing", "still"):
            ahead += 1
        before = units[back] if back >= 0 else None
        after = units[ahead] if ahead < len(units) else None
        held = any(other.value == "hold" for other in units[max(0, i - 3) : i])
        if unit.text == "still" and after is not None and after.kind == "verb":
            continue
        if (before is not None and before.kind == "camera") or (before is None and held):
            return unit
        if after is not None and after.kind == "camera" and unit.text != "frozen":
            return unit
    return None


def _near_way(units: Sequence[Word], index: int, stop: int) -> str | None:
    """The first way after a verb that only small words part from it, if its family knows it."""
    known = FAMILIES[units[index].value]
    for i in range(index + 1, stop):
        unit = units[i]
        if unit.kind == "way" and _is_way(units, i, units[index]):
            return unit.value if unit.value in known or unit.value in _MOTION else None
        small = unit.kind in _QUIET or unit.kind == "camera" or unit.text in ("to", "the", "its")
        if not small and unit.text not in _SHOT:
            return None
    return None


def _is_way(units: Sequence[Word], i: int, verb: Word) -> bool:
    """Whether a word of direction at ``i`` is one here, and not "in the room", "her left hand"."""
    unit = units[i]
    before = units[i - 1] if i > 0 else None
    after = units[i + 1] if i + 1 < len(units) else None
    if after is not None and after.value == "seconds" and unit.text in ("over", "in", "through"):
        return unit.text == "in" and verb.value in ("zoom", "push", "dolly", "go", "dolly_zoom")
    if unit.text == "in":
        follows_noun = after is not None and (after.kind in ("det", "content", "camera", "framing"))
        return not follows_noun or verb.value in ("zoom", "push", "ken_burns")
    if unit.text in ("left", "right", "back", "side") and before is not None:
        if before.text in POSSESSIVES:
            return False
        if before.kind == "det" and i > 1 and units[i - 2].text not in (
            "to", "toward", "towards", "from", "camera",
        ):  # fmt: skip
            return before.text in ("a", "an") and after is not None and after.kind == "verb"
    if unit.text == "close" and after is not None and after.kind == "content":
        return False
    return not (unit.text in ("up", "down") and before is not None and before.kind == "det")


def _along_a_path(units: Sequence[Word], i: int) -> bool:
    """Whether "down" or "up" runs along something: "down the corridor"."""
    if units[i].text not in ("down", "up"):
        return False
    return any(unit.text in _PATHS for unit in units[i + 1 : i + 5])


def _ways(units: Sequence[Word], start: int, index: int, stop: int) -> list[tuple[str, Word, int]]:
    """Ways that may belong to the verb at ``index``: those after it, then those before it."""
    verb = units[index]
    found: list[tuple[str, Word, int]] = []
    for i in [*range(index + 1, stop), *range(index - 1, start - 1, -1)]:
        if i < index and units[i].value not in _AHEAD_OF_VERB:
            continue
        if units[i].kind == "way" and _is_way(units, i, verb):
            value = units[i].value
            if _along_a_path(units, i) and verb.value in ("go", "fly", "follow", "dolly", "track"):
                value = "forward"
            found.append((value, units[i], i))
    return found


def _resolve(
    units: Sequence[Word], start: int, index: int, stop: int, negated: bool
) -> list[Mention] | None:
    """The move or moves that a verb and its ways make, or None where a way is needed."""
    verb = units[index]
    known = FAMILIES[verb.value]
    ways = _ways(units, start, index, stop)
    usable = [entry for entry in ways if entry[0] in known]
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
        elif _next_to(units, at, place) and other in _STRICT:
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
