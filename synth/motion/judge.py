"""Tells the words of a camera from the same words of a picture.

A crane may be a camera on an arm or a machine in a harbour; what decides is who the sentence is
about, whether a direction follows, and whether the word stands as a noun with an article. The same
goes for rain and rain boots, for running and running shoes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from synth.motion.clauses import (
    MOTION_WAYS,
    QUIET,
    SHOT_NOUNS,
    STRICT_WAYS,
    Clause,
    Subject,
    near_way,
    negates,
)
from synth.motion.instructions import Action, Particles
from synth.motion.lexer import Word
from synth.motion.vocabulary import ACTIONS, ACTORS, FAMILIES, word_set
from synth.motion.ways import AIR, WINDS

_OBJECTS_OF_HANDS: Final = frozenset(
    {"console", "game", "games", "device", "phone", "fan", "radio", "mirror", "torch", "lantern",
     "vacuum", "mixer", "scanner", "computer", "microphone"}
)  # fmt: skip
_TRANSITIVE: Final = frozenset(
    {"push", "pull", "roll", "turn", "swing", "rise", "descend", "shake", "hold", "rotate",
     "close", "go", "back", "widen", "fly"}
)  # fmt: skip
_NOUNS_OF_MOTION: Final = frozenset({"movement", "movements", "motion"})
_ASKING: Final = frozenset(
    {
        "do",
        "add",
        "make",
        "use",
        "using",
        "adding",
        "want",
        "give",
        "perform",
        "makes",
        "does",
        "making",
        "doing",
        "performs",
        "performing",
    }
)


def _around(units: Sequence[Word], start: int, index: int) -> tuple[Word | None, Word | None]:
    """The word right before a verb that tells its use, and whoever acts."""
    near: Word | None = None
    actor: Word | None = None
    for i in range(index - 1, start - 1, -1):
        unit = units[i]
        if unit.kind in QUIET or unit.kind in ("way", "not") or unit.text in _NOUNS_OF_MOTION:
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


def is_camera(
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
    way = near_way(units, index, stop)
    shot = following is not None and following.text in SHOT_NOUNS
    motion = way in MOTION_WAYS
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
        if who == "camera" and motion and any(w.text in _ASKING for w in units[start:index]):
            return True
        return (way in STRICT_WAYS) or shot or (asked and motion) or (asked and bool(way))
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
        return way in STRICT_WAYS or shot or _ends(units, index, stop) or _winds(unit, way)
    if name == "tighten" or (name == "punch" and way == "in"):
        return following is not None and following.text in ("on", "in")
    if unit.value in ("follow", "circle", "approach"):
        return following is not None and (following.kind in ("det", "pron", "content") or bool(way))
    if unit.bare and name in ("push", "pull") and index > 0 and _ends(units, index, stop):
        return True
    if not unit.bare and who == "none" and not clause.opens:
        return False
    return bool(way) or (unit.value in ("rise", "descend") and asked)


def _winds(unit: Word, way: str | None) -> bool:
    return unit.value in ("spiral", "track") and way in ("in", "out", "towards", "back", "through")


def _ends(units: Sequence[Word], index: int, stop: int) -> bool:
    """Whether nothing but small words follows a verb."""
    rest = units[index + 1 : stop]
    placed = any(unit.kind == "framing" and not unit.value for unit in rest)
    return not placed and all(unit.kind in QUIET or unit.kind == "camera" for unit in rest)


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


def still_word(units: Sequence[Word]) -> Word | None:
    """The word that says that the camera does not move, if one does."""
    for i, unit in enumerate(units):
        if unit.kind != "still":
            continue
        if any(negates(units, k) for k in range(i)):
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


_FALLS: Final = word_set(
    "fall falls falling blow blows blowing blown drift drifts drifting float floats floating swirl "
    "swirls swirling fly flies flying flutter flutters fluttering particles motes rise rises "
    "rising glowing tumbling tumble whirl whirls whirling spiraling dance dances dancing raining "
    "descend descending settling storm kicked thrown"
)
_NOT_WEATHER: Final = word_set(
    "coat coats boots boot forest forests jacket jackets barrel barrels gutter gutters cloud "
    "clouds machine puddle puddles gear white globe globes angel leopard horn light lights lamp "
    "lamps cannon mop bunny cover bowl cap caps peak peaks bank banks shelter glasses mirror "
    "window windshield eyes eyed plow plough blower drum maker plug plugs town tires shoes grey "
    "gray blue black"
)
_SHOWERS: Final = word_set("swirl flurry shower storm gust carpet cloud veil curtain")
_LEAF_OWNERS: Final = word_set("tea banana fig palm bay mint lettuce oak maple table gold loose")
_RAYS: Final = word_set("rays ray shafts shaft beams beam")
_SUNS: Final = word_set("god sun light sunlight moonlight sunshine volumetric crepuscular heavenly")
_LENS: Final = word_set("creamy smooth buttery shallow swirly beautiful")
_BLADES: Final = word_set(
    "turbine turbines chime chimes instrument instruments tunnel up farm mill"
)
_NOT_ALIVE: Final = word_set(
    "light fire flame candle shadow dust reflection sunlight water sun moon smoke snow rain heart "
    "music spark glow needle signal price edge film story space river road cloud hand eye sea "
    "ocean heat sound radio"
)
_LIVELY: Final = word_set("sprint gallop jog dash flee hover levitate twirl collapse faint sway")
_GEAR: Final = word_set(
    "shoes shorts gear stick sticks boots path trail track water board room frame"
)
_GONE: Final = word_set("after before stopped stops stop ending")
_OVER: Final = word_set("stopped stops stop ends ended clears cleared")
_SOAKED: Final = word_set("slick swept wet kissed capped drenched streaked slicked dusted")
_SNOWING: Final = word_set("light heavy gentle soft thick dense")
_OPEN_AIR: Final = word_set("air sunlight sun light sunbeam wind moonlight breeze")
_WIND_OPENINGS: Final = word_set("strong high cold icy warm hot light gentle soft heavy the a and")


class ActionVerb(NamedTuple):
    """A verb that is an action of a subject."""

    action: Action
    form: str
    """"bare", "s" or "ing"."""
    pace: float
    name: str
    """Its bare form."""


@cache
def action_verbs() -> Mapping[str, ActionVerb]:
    """Every form of every action's verbs."""
    table: dict[str, ActionVerb] = {}
    for action, verbs in ACTIONS.items():
        for entry in verbs.split():
            verb, _, pace = entry.partition(":")
            known = float(pace) if pace else 0.5
            stem = verb[:-1] if verb.endswith("e") and not verb.endswith(("ee", "oe")) else verb
            doubled = verb in ("run", "jog", "hop", "spin")
            table[verb] = ActionVerb(action, "bare", known, verb)
            plural = "es" if verb.endswith(("sh", "ch", "z")) else "s"
            table[verb + plural] = ActionVerb(action, "s", known, verb)
            table[(verb + verb[-1] if doubled else stem) + "ing"] = ActionVerb(
                action, "ing", known, verb
            )
    return MappingProxyType(table)


def stands_as_verb(words: Sequence[Word], index: int, verb: ActionVerb) -> bool:
    """Whether the word is a verb of a subject here: not "a walk", not "falls asleep"."""
    before = words[index - 1] if index > 0 else None
    after = words[index + 1] if index + 1 < len(words) else None
    nexts = "" if after is None else after.text
    if (
        verb.form != "ing"
        and before is not None
        and (before.kind in ("det", "prep") and before.text not in ("who", "that", "to"))
    ):
        return False
    if (before is not None and before.text in ("like", "as")) or nexts in _GEAR:
        return False
    if verb.action == "fall" and nexts in ("asleep", "silent", "in", "ill", "short", "apart"):
        return nexts == "in" and "love" not in {word.text for word in words[index + 2 : index + 3]}
    if after is not None and verb.action in ("run", "turn", "float", "idle"):
        if after.kind == "det" and verb.form != "ing":
            return False
        if nexts == "into" and verb.action == "run":
            return True
        if nexts in ("out", "on", "off", "pale", "red", "into", "fire", "late", "low"):
            return "spot" in {word.text for word in words[index + 2 : index + 4]}
    return True


def unknown_actor(words: Sequence[Word], index: int, verb: ActionVerb) -> list[Word]:
    """An unknown noun right before what only a living thing does: "the gardener walks"."""
    i = index - 1
    while i > 0 and words[i].kind in ("filler", "amount", "boost"):
        i -= 1
    after = words[index + 1].kind if index + 1 < len(words) else "prep"
    text = words[index].text
    sure = verb.action in ("walk", "dance", "jump") or verb.name in _LIVELY
    greets = text == "waves" and after in ("prep", "det") and i >= 1
    if i < 0 or not (sure or greets) or verb.form == "bare":
        return []
    if verb.form == "ing" and (after == "content" or i == 0):
        return []
    noun = words[i]
    opens = i == 0 or any(w.kind == "det" for w in words[max(0, i - 2) : i])
    lively = noun.text not in _NOT_ALIVE and noun.text.isalpha() and not noun.text.endswith("s")
    return [noun] if noun.kind == "content" and opens and lively else []


def is_absent(words: Sequence[Word], index: int) -> bool:
    """Whether weather or wind is ruled out: "no rain", "after the rain", "the snow has stopped"."""
    before = range(max(0, index - 4), index)
    if any(negates(words, i) or words[i].text in _GONE for i in before):
        return True
    return any(word.text in _OVER for word in words[index + 1 : index + 4])


def is_wind(words: Sequence[Word], index: int) -> bool:
    """Whether air moves, and not "wind turbines" or a road that winds."""
    if words[index].text not in WINDS:
        return False
    before = words[index - 1] if index > 0 else None
    after = words[index + 1].text if index + 1 < len(words) else ""
    noun = before is None or before.kind != "content" or before.text in _WIND_OPENINGS
    return after not in _BLADES and (noun or words[index].text not in ("wind", "winds"))


def in_the_air(
    words: Sequence[Word], index: int, stirred: bool, claimed: Set[int]
) -> tuple[Particles, float] | None:
    """The effect that a word asks for and its usual strength, unless it is part of the picture.

    ``stirred`` says whether there is wind, ``claimed`` which words are a subject's action.
    """
    word = words[index]
    before = words[index - 1].text if index > 0 else ""
    after = words[index + 1] if index + 1 < len(words) else None
    nexts = after.text if after is not None else ""
    if word.text == "light rays":
        return "light_rays", 0.5
    if word.text in _RAYS:
        of = {w.text for w in words[index + 2 : index + 4]} if nexts == "of" else set()
        return ("light_rays", 0.5) if before in _SUNS or of & _SUNS else None
    if word.text == "pouring" and index > 0 and before in ("it's", "is") and after is None:
        return "rain", 0.9
    known = AIR.get(word.text)
    if known is None or before in ("like", "purple", "fake"):
        return None
    effect = known[0]
    if effect != "bokeh" and nexts in _NOT_WEATHER:
        return None
    if effect == "bokeh":
        lens = before in _LENS or nexts in ("background", "backdrop", "lens", "effect")
        return None if lens else known
    if after is not None and after.kind == "content" and nexts in _SOAKED:
        return None
    joined = after is not None and nexts.endswith("ed") and after.start - word.end == 1
    if joined and nexts not in ("filled", "shrouded", "wrapped", "veiled"):
        return None
    near = {w.text for w in words[max(0, index - 4) : index + 6] if w.start not in claimed}
    moving = bool(near & _FALLS)
    if word.text in ("leaves", "sparks") and after is not None and after.kind in ("det", "pron"):
        return None
    if word.text in ("leaves", "foliage"):
        verb = before in ACTORS or before in _LEAF_OWNERS
        placed = (
            before in ("the", "with") and index > 1 and words[index - 2].kind in ("prep", "way")
        )
        scattered = (
            before == "of" and not {w.text for w in words[max(0, index - 3) : index]} & _SHOWERS
        )
        still = verb or placed or scattered or nexts in ("of", "on")
        return None if still or not (moving or stirred or _alone(words, index)) else known
    if word.text in ("snow", "dust"):
        if nexts in ("covers", "covering", "on", "lies", "lying", "blankets", "blanketing"):
            return None
        strong = before in _SNOWING and not (effect == "dust" and before not in ("light", "heavy"))
        air = nexts == "in" and {w.text for w in words[index + 2 : index + 5]} & _OPEN_AIR
        return known if moving or stirred or strong or air or _alone(words, index) else None
    return known


def _alone(words: Sequence[Word], index: int) -> bool:
    """Whether a stretch says nothing else, as an instruction does: "pan left, autumn leaves"."""
    others = [*words[:index], *words[index + 1 :]]
    quiet = ("filler", "amount", "boost", "not")
    return all(
        (w.kind in quiet and w.text != "deep") or w.text in ("autumn", "some", "it") for w in others
    )
