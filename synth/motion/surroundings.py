"""Reads what the subjects do and what is in the air, where a sentence clearly says so.

Everything works on stretches of the text between two joints. An action counts when somebody who
can do it is its subject; the weather counts unless the words around it make it part of the picture
("rain boots", "leaves on the ground"). What is only hinted at is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from synth.motion.clauses import negates
from synth.motion.details import CAMERA_TARGETS, heading_of, side_of, speed_of, strength_of
from synth.motion.instructions import Action, Environment, SubjectAction, Wind
from synth.motion.judge import (
    ActionVerb,
    action_verbs,
    in_the_air,
    is_absent,
    is_wind,
    stands_as_verb,
    unknown_actor,
)
from synth.motion.lexer import Word
from synth.motion.vocabulary import ACTORS, THINGS, word_set

_MOST_SUBJECTS: Final = 8
_REACH: Final = 12
"""Words looked at to either side; keeps the time proportional to the length of the text."""


_PRONOUNS: Final = word_set("he she they who him her them")
_FEMALE: Final = word_set(
    "woman girl lady heroine actress bride ballerina queen princess mother sister witch nun "
    "grandmother waitress businesswoman"
)
_MALE: Final = word_set(
    "man boy gentleman guy hero actor groom king prince father brother wizard monk priest cowboy "
    "grandfather samurai businessman fireman policeman postman"
)
_PLURALS: Final = word_set("they men women children people them crowd couple twins who")
_LETS: Final = word_set("make makes let have to should will can must would may and")
_LIMBLESS: Final = frozenset({"walk", "run", "dance", "idle"})
_LIKENESS: Final = word_set(
    "statue statues sculpture painting mural fresco figurine poster tapestry carving drawing "
    "engraving relief"
)
_ENDS: Final = word_set("stop stops stopped stopping quit quits before without about")
_BLOWN: Final = word_set("blowing coming blown drifting sweeping rushing")


@dataclass(frozen=True)
class Surroundings:
    """What the picture does besides the camera."""

    objects: tuple[SubjectAction, ...] = ()
    environment: Environment | None = None
    words: tuple[tuple[Word, str], ...] = ()
    """Words that say so, each with "subject", "weather" or "excluded"."""
    claimed: frozenset[int] = frozenset()
    """First characters of words that speak of a subject or the weather, not of the camera."""
    absent: tuple[str, ...] = ()
    """Weather that was ruled out."""
    notes: tuple[str, ...] = ()
    """What was assumed."""
    open_questions: tuple[str, ...] = ()
    """What was understood but cannot be done."""


@dataclass
class _Stretch:
    """Words between two joints, and what the words before them were about."""

    words: Sequence[Word]
    link: str
    opens: bool
    """Whether it begins a sentence."""
    who: list[Word] = field(default_factory=list)
    """Its own subjects, for the stretches that lean on it."""
    camera: bool = False
    """Whether it is about the camera."""
    acts: bool = False


@dataclass
class _Found:
    """Everything read so far."""

    objects: list[SubjectAction] = field(default_factory=list)
    used: list[tuple[Word, str]] = field(default_factory=list)
    claimed: set[int] = field(default_factory=set)
    absent: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Nouns of actors in order, for the pronouns."""


def read_surroundings(words: Sequence[Word]) -> Surroundings:
    """The subjects' actions and the weather of a text."""
    found = _Found()
    stretches = list(_stretches(words))
    for place in range(len(stretches)):
        _read_actions(stretches, place, found)
    air = _Air(stretches, found).read()
    return Surroundings(
        objects=tuple(found.objects[:_MOST_SUBJECTS]),
        environment=air,
        words=tuple(found.used),
        claimed=frozenset(found.claimed),
        absent=tuple(dict.fromkeys(found.absent)),
        notes=tuple(found.notes),
        open_questions=tuple(found.open_questions),
    )


def without_surroundings(words: Sequence[Word], around: Surroundings) -> tuple[Word, ...]:
    """The words for the camera's reading: what belongs to subjects and weather is mere content."""
    return tuple(
        replace(word, kind="content", value="", name="") if word.start in around.claimed else word
        for word in words
    )


def _stretches(words: Sequence[Word]) -> Iterator[_Stretch]:
    body: list[Word] = []
    link, opens = "stop", True
    for word in words:
        # "the man with the red coat walks" is one stretch, "push in with rain falling" two.
        holds = word.text == "with" and body and body[-1].text in ACTORS and not _has_verb(body)
        if word.kind != "link" or holds:
            body.append(word)
            continue
        if body:
            yield _Stretch(tuple(body), link, opens)
            body, opens = [], False
        link, opens = word.value, opens or word.value == "stop"
    if body:
        yield _Stretch(tuple(body), link, opens)


def _has_verb(words: Sequence[Word]) -> bool:
    return any(word.kind == "verb" or word.text in action_verbs() for word in words[-_REACH:])


def _read_actions(stretches: Sequence[_Stretch], place: int, found: _Found) -> None:
    """The actions of one stretch, and who the next ones lean on."""
    here = stretches[place]
    words = here.words
    before = stretches[place - 1] if place > 0 and not here.opens else None
    lead = next((w for w in words if w.kind in ("camera", "verb") or w.text in ACTORS), None)
    here.camera = lead is not None and lead.kind in ("camera", "verb") and lead.text != "us"
    if lead is None and before is not None:
        here.camera = before.camera
    for index, word in enumerate(words):
        verb = action_verbs().get(word.text)
        if verb is None or not stands_as_verb(words, index, verb):
            continue
        actors = _actors(stretches, place, index, verb)
        if not actors or _denied(words, index):
            continue
        here.acts = True
        here.who = actors
        if words[0] is word or (here.camera and word.kind == "verb" and lead is word):
            here.camera = False
        zone = _zone(stretches, place, index)
        speed, said = speed_of(words, index, zone, verb.pace)
        found.claimed.update(said)
        for actor in actors:
            _take(actor, verb.action, speed, zone, words[max(0, index - _REACH) : index + 4], found)
        found.claimed.add(word.start)
        found.used.append((word, "subject"))
    nouns = [w for w in words if w.text in ACTORS or w.text in THINGS]
    found.seen.extend(w.text for w in nouns if w.text not in _PRONOUNS)
    if not here.who and nouns and not here.camera:
        here.who = nouns[:1]
    elif not here.who and not nouns and before is not None:
        here.who = before.who
    elif not here.who and nouns:
        here.who = nouns[-1:]


def _actors(stretches: Sequence[_Stretch], place: int, index: int, verb: ActionVerb) -> list[Word]:
    """Who performs the action at ``index``, or nobody."""
    here = stretches[place]
    words = here.words
    capable = ACTORS if verb.action in _LIMBLESS else ACTORS | THINGS
    near = words[max(0, index - _REACH) : index]
    if any(w.text in _LIKENESS and o.text == "of" for w, o in pairwise(near)):
        return []
    if verb.form == "ing" and (index == 0 or near[-1].kind in ("det", "prep", "amount", "content")):
        # "the walking detective": whoever follows acts; "in running shoes": nobody does.
        after = [w for w in words[index + 1 : index + 3] if w.kind == "content"]
        named = next((w for w in words[index + 1 : index + 3] if w.text in capable), None)
        if (
            named is not None
            and named.text not in _PRONOUNS
            and not (near and near[-1].text in capable)
        ):
            return [named]
        if near and near[-1].kind in ("det", "prep") and after:
            return []
    at = next((i for i in range(len(near) - 1, -1, -1) if _is_actor(near, i, capable)), None)
    if at is not None:
        if any(w.text == "with" for w in near[at + 1 :]) and verb.form == "ing":
            return []  # "with hair falling over her face"
        gap = [
            w for w in near[at + 1 :] if w.kind in ("verb", "camera") or w.text in action_verbs()
        ]
        if any(w.kind == "camera" for w in gap) or (gap and verb.form == "bare"):
            return []
        actor = near[at]
        if verb.form == "bare" and not _bare_fits(stretches, place, near, at):
            return []
        pair = [] if verb.form == "s" else _partner(stretches, place, near, at)
        return [*pair, actor]
    return _unnamed(stretches, place, index, verb)


def _is_actor(near: Sequence[Word], at: int, capable: frozenset[str]) -> bool:
    """Whether the word is the subject and no mere part of it: "the man near the dog"."""
    if near[at].text not in capable:
        return False
    if near[at].text == "her" and at + 1 < len(near) and near[at + 1].kind == "content":
        return False
    i = at - 1
    while i >= 0 and at - i <= 3 and near[i].kind in ("content", "amount", "det"):
        i -= 1
        if near[i + 1].kind == "det":
            break
    hung = i >= 0 and near[i].text in ("with", "of", "beside", "near", "behind", "like", "on")
    return not (hung and any(w.text in capable for w in near[:i]))


def _bare_fits(stretches: Sequence[_Stretch], place: int, near: Sequence[Word], at: int) -> bool:
    """Whether "walk" can be what somebody does: "they walk", "make the robot walk"."""
    text = near[at].text
    plural = text in _PLURALS or (text.endswith("s") and text[:-1] in ACTORS | THINGS)
    let = any(w.text in _LETS for w in near)
    return plural or let or bool(_partner(stretches, place, near, at))


def _partner(
    stretches: Sequence[_Stretch], place: int, near: Sequence[Word], at: int
) -> list[Word]:
    """The first of two who act together: "the man and the woman"."""
    before = stretches[place - 1] if place > 0 else None
    if before is None or stretches[place].link != "and" or before.camera or before.acts:
        return []
    if any(w.kind not in ("det", "amount") for w in near[:at]) or not before.words:
        return []
    last = before.words[-1]
    alone = all(w.kind in ("det", "content", "amount", "filler", "pron") for w in before.words)
    return [last] if alone and last.text in ACTORS | THINGS else []


def _unnamed(stretches: Sequence[_Stretch], place: int, index: int, verb: ActionVerb) -> list[Word]:
    """Who acts where the stretch itself names nobody: "he stops and waves"."""
    here = stretches[place]
    ahead = here.words[:index]
    if any(w.kind not in ("filler", "amount", "boost", "measure") for w in ahead):
        return unknown_actor(here.words, index, verb)
    capable = ACTORS if verb.action in _LIMBLESS else ACTORS | THINGS
    before = stretches[place - 1] if place > 0 and not here.opens else None
    if before is not None and before.who and verb.form != "bare":
        plain = here.words[index].kind != "verb"
        if not before.camera or (verb.form == "ing" and plain):
            return [w for w in before.who if w.text in capable]
    if verb.form == "ing" and place + 1 < len(stretches) and stretches[place + 1].link == "comma":
        opening = stretches[place + 1].words[:4]
        for i, word in enumerate(opening):
            if word.kind in ("camera", "verb", "prep"):
                break
            if word.text in capable and _is_actor(opening, i, capable):
                return [word]
    return []


def _denied(words: Sequence[Word], index: int) -> bool:
    """Whether the action is ruled out: "does not walk", "stops walking"."""
    near = words[max(0, index - 5) : index]
    return any(negates(words, i) for i in range(max(0, index - 5), index)) or (
        bool(near) and near[-1].text in _ENDS
    )


def _zone(stretches: Sequence[_Stretch], place: int, index: int) -> list[Word]:
    """The words that may say where to and how fast, nearest first."""
    words = stretches[place].words
    zone: list[Word] = []
    for i, word in enumerate(words[index + 1 : index + 1 + _REACH], index + 1):
        if word.text in action_verbs() and word.text in ACTORS:
            break
        if word.kind == "verb" and word.text not in action_verbs() and i > index + 1:
            break
        zone.append(word)
    following = stretches[place + 1] if place + 1 < len(stretches) else None
    goes_on = following is not None and following.link in ("comma", "and")
    if following is not None and goes_on and len(zone) + index + 1 == len(words):
        zone.extend(following.words if _only_small(following.words) else ())
    fronted = stretches[place - 1] if place > 0 and stretches[place].link == "comma" else None
    if fronted is not None and not fronted.acts and not fronted.camera:
        leaning = not any(w.text in ACTORS for w in words[:index])
        if leaning or _only_small(fronted.words):
            zone.extend(w for w in fronted.words[-_REACH:])
    return zone


def _only_small(words: Sequence[Word]) -> bool:
    return len(words) <= _REACH and all(
        w.kind in ("filler", "way", "amount", "boost", "det", "prep") or w.text in CAMERA_TARGETS
        for w in words
    )


def _take(
    actor: Word,
    action: Action,
    speed: float,
    zone: Sequence[Word],
    near: Sequence[Word],
    found: _Found,
) -> None:
    """Note down one subject's action."""
    ahead = [w for w in near if w.end < actor.start]
    name = actor.text
    if name in _PRONOUNS:
        wrong = _MALE if name in ("she", "her") else _FEMALE if name in ("he", "him") else set()
        here = [w.text for w in ahead if w.text in ACTORS]
        known = [w for w in (*found.seen[-_REACH:], *here) if w not in wrong | _PRONOUNS]
        name = known[-1] if known else "subject"
    before = [w.text for w in ahead][-3:]
    taken = [subject.id for subject in found.objects]
    if name in taken and any(w in ("another", "other", "second") for w in before):
        name = f"{name} {1 + sum(other.split()[0] == name for other in taken)}"
    if name in taken:
        if not any(o.id == name and o.action == action for o in found.objects):
            found.open_questions.append(
                f"“{action}”: the {name} already does something; it can do one thing in a shot."
            )
        return
    if len(taken) >= _MOST_SUBJECTS:
        return
    direction, note = heading_of(zone, action)
    if note:
        found.notes.append(f"The {name}: {note}.")
    found.objects.append(
        SubjectAction(id=name[:80], action=action, speed=speed, direction=direction)
    )


class _Air:
    """Reads the weather from the stretches of a text."""

    def __init__(self, stretches: Sequence[_Stretch], found: _Found) -> None:
        self._stretches = stretches
        self._found = found

    def read(self) -> Environment | None:
        """What is in the air, or None where nothing is said."""
        found = self._found
        wind, stirred = self._wind()
        taken: Environment | None = None
        denied = False
        for place, stretch in enumerate(self._stretches):
            following = self._stretches[place + 1 : place + 2]
            listed = stretch.link == "comma" and following and following[0].link == "or"
            denied = denied and (stretch.link == "or" or bool(listed))
            gone = stretch.link in ("after", "before")
            for index, word in enumerate(stretch.words):
                known = in_the_air(stretch.words, index, stirred, found.claimed)
                if known is None:
                    continue
                effect, strength = known
                denied = denied or gone or is_absent(stretch.words, index)
                if denied:
                    found.absent.append(effect.replace("_", " "))
                    found.used.append((word, "excluded"))
                elif taken is None:
                    strength, said = strength_of(stretch.words, index, strength)
                    found.claimed.update(said)
                    taken = Environment(
                        particle_effects=effect,
                        wind_direction=wind or self._side(stretch.words[index + 1 :]) or "still",
                        weather_intensity=strength,
                    )
                    found.claimed.add(word.start)
                    found.used.append((word, "weather"))
                elif taken.particle_effects != effect:
                    found.open_questions.append(
                        f"“{word.text}”: one kind of weather at a time; "
                        f"{taken.particle_effects.replace('_', ' ')} is taken."
                    )
        if taken is None:
            return Environment(wind_direction=wind) if wind not in (None, "still") else None
        if stirred and wind is None and taken.wind_direction == "still":
            found.notes.append("No side is said for the wind; it blows to the right.")
            taken = taken.model_copy(update={"wind_direction": "right"})
        return taken

    def _wind(self) -> tuple[Wind | None, bool]:
        """Where the wind blows to, if that is said, and whether it blows at all."""
        stirred = False
        for place, stretch in enumerate(self._stretches):
            for index, word in enumerate(stretch.words):
                if not is_wind(stretch.words, index):
                    continue
                if is_absent(stretch.words, index):
                    self._found.absent.append("wind")
                    self._found.used.append((word, "excluded"))
                    return "still", False
                after = self._stretches[place + 1 : place + 2]
                more = after[0].words if after and after[0].words[0].text in _BLOWN else ()
                before = () if _has_verb(stretch.words[:index]) else stretch.words[:index]
                zone = [*stretch.words[index + 1 :], *more, *before]
                side = self._side(zone)
                if side is not None:
                    self._found.used.append((word, "weather"))
                    return side, True
                stirred = True
        return None, stirred

    def _side(self, zone: Sequence[Word]) -> Wind | None:
        """Where the air goes by these words, up to what a subject does."""
        acts = (i for i, w in enumerate(zone[:_REACH]) if w.start in self._found.claimed)
        ends = next((i for i in acts if zone[i].text in action_verbs()), _REACH)
        side, said = side_of(zone[:ends])
        self._found.claimed.update(said)
        return side
