"""Tells the words of a camera from the same words of a picture.

A crane may be a camera on an arm or a machine in a harbour; what decides is who the sentence is
about, whether a direction follows, and whether the word stands as a noun with an article.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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
from synth.motion.lexer import Word
from synth.motion.vocabulary import FAMILIES

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
