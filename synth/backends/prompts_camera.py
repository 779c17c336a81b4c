"""A camera's strokes as the sentences that the makers of a model recommend.

The words of each family are those of its makers' guides and of their own examples: Wan's prompts
say "the camera pulls back, then moves left"; LTX asks for flowing prose in the present tense that
always states the camera and what comes into view; CogVideoX's camera adapters were trained on
"Camera is moving to the left". All tell a dolly from a zoom and a truck from a pan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from synth.backends.families import Wording
from synth.backends.prompts_strokes import Stroke
from synth.motion import Direction, MoveType

_Phrase = tuple[str, str]
"""A verb and what follows it; "{amount}" stands where "slightly" or "far" may."""
_Key = tuple[MoveType, Direction | None]

_PAUSE_SECONDS: Final = 0.4
_PAUSE_SHARE: Final = 0.12
"""Standing still is worth a word where it takes this long, and this share of the clip."""
_TOGETHER: Final = 0.5
"""Share of the shorter stroke that two must have in common to be told as one."""
_BRIEF: Final = 0.2
"""Share of the clip below which a group among others is brief."""
_SLIGHT, _FAR = 0.2, 0.85
_PACES: Final = ((0.05, "very slowly"), (0.12, "slowly"), (0.35, "smoothly"), (0.8, "quickly"))
"""Sizes per second below which a move has that pace."""
_SENTENCE: Final = 3
"""Groups that one sentence holds."""


_FILM: Final[Mapping[_Key, _Phrase]] = MappingProxyType(
    {
        ("dolly", "forward"): ("dolly", "{amount}in toward the subject"),
        ("dolly", "backward"): ("dolly", "{amount}back from the subject"),
        ("push_in", "forward"): ("push", "{amount}in toward the subject"),
        ("pull_out", "backward"): ("pull", "{amount}out, away from the subject"),
        ("truck", "left"): ("slide", "{amount}sideways to the left"),
        ("truck", "right"): ("slide", "{amount}sideways to the right"),
        ("pedestal", "up"): ("rise", "{amount}straight up"),
        ("pedestal", "down"): ("sink", "{amount}straight down"),
        ("pan", "left"): ("pan", "{amount}to the left"),
        ("pan", "right"): ("pan", "{amount}to the right"),
        ("tilt", "up"): ("tilt", "{amount}up"),
        ("tilt", "down"): ("tilt", "{amount}down"),
        ("roll", "clockwise"): ("roll", "{amount}clockwise"),
        ("roll", "counterclockwise"): ("roll", "{amount}counterclockwise"),
        ("zoom", "forward"): ("zoom", "{amount}in with the lens"),
        ("zoom", "backward"): ("zoom", "{amount}out with the lens"),
        ("dolly_zoom", "forward"): (
            "perform",
            "a {amount}dolly zoom, moving in as the lens zooms out so that the subject keeps its "
            "size",
        ),
        ("dolly_zoom", "backward"): (
            "perform",
            "a {amount}dolly zoom, moving back as the lens zooms in so that the subject keeps its "
            "size",
        ),
        ("orbit", "left"): ("orbit", "{amount}around the subject to the left"),
        ("orbit", "right"): ("orbit", "{amount}around the subject to the right"),
        ("orbit", "up"): ("orbit", "{amount}up over the subject"),
        ("orbit", "down"): ("orbit", "{amount}down below the subject"),
        ("orbit", "clockwise"): ("orbit", "{amount}clockwise around the subject"),
        ("orbit", "counterclockwise"): ("orbit", "{amount}counterclockwise around the subject"),
        ("arc", "left"): ("arc", "{amount}around the subject to the left"),
        ("arc", "right"): ("arc", "{amount}around the subject to the right"),
        ("arc", "clockwise"): ("arc", "{amount}clockwise around the subject"),
        ("arc", "counterclockwise"): ("arc", "{amount}counterclockwise around the subject"),
        ("crane", "up"): ("crane", "{amount}up, keeping the subject framed"),
        ("crane", "down"): ("crane", "{amount}down, keeping the subject framed"),
        ("spiral", "forward"): ("spiral", "{amount}in toward the subject"),
        ("spiral", "backward"): ("spiral", "{amount}out, away from the subject"),
        ("spiral", "clockwise"): ("spiral", "{amount}clockwise in toward the subject"),
        ("spiral", "counterclockwise"): (
            "spiral", "{amount}counterclockwise in toward the subject",
        ),
    }
)  # fmt: skip
"""The film trade's words; the families' own go before them."""

_ALONE: Final[Mapping[_Key, _Phrase]] = MappingProxyType(
    {
        ("truck", "left"): ("truck", "{amount}left, gliding sideways past the scene"),
        ("truck", "right"): ("truck", "{amount}right, gliding sideways past the scene"),
        ("pan", "left"): ("pan", "{amount}left from where it stands"),
        ("pan", "right"): ("pan", "{amount}right from where it stands"),
        ("zoom", "forward"): ("zoom", "{amount}in from where it stands"),
        ("zoom", "backward"): ("zoom", "{amount}out from where it stands"),
    }
)
"""LTX's words for what happens by itself."""

_OWN: Final[Mapping[Wording, Mapping[_Key, _Phrase]]] = MappingProxyType(
    {
        "plain": {},
        "wan": {
            ("dolly", "forward"): ("push", "{amount}forward toward the subject"),
            ("dolly", "backward"): ("pull", "{amount}back from the subject"),
            ("truck", "left"): ("move", "{amount}to the left"),
            ("truck", "right"): ("move", "{amount}to the right"),
            ("tilt", "up"): ("tilt", "{amount}upward"),
            ("tilt", "down"): ("tilt", "{amount}downward"),
        },
        "ltx": {
            ("truck", "left"): ("truck", "{amount}left"),
            ("truck", "right"): ("truck", "{amount}right"),
            ("pan", "left"): ("pan", "{amount}left"),
            ("pan", "right"): ("pan", "{amount}right"),
        },
        "cogvideox": {
            ("dolly", "forward"): ("push", "{amount}in toward the subject"),
            ("dolly", "backward"): ("pull", "{amount}out, away from the subject"),
            ("truck", "left"): ("move", "{amount}to the left"),
            ("truck", "right"): ("move", "{amount}to the right"),
            ("pedestal", "up"): ("move", "{amount}up"),
            ("pedestal", "down"): ("move", "{amount}down"),
        },
    }
)

_STILL: Final[Mapping[Wording, str]] = MappingProxyType(
    {
        "wan": "Static shot: the camera is locked off and does not move.",
        "ltx": "The camera remains static, locked off on a tripod.",
        "cogvideox": "Camera is static, locked off, and does not move.",
        "plain": "Locked-off static shot: the camera does not move.",
    }
)

_ANGLE: Final = "the subject is seen from a new side"
_ENDINGS: Final[Mapping[_Key, str]] = MappingProxyType(
    {
        ("dolly", "forward"): "the subject fills more of the frame",
        ("push_in", "forward"): "the subject fills more of the frame",
        ("dolly", "backward"): "more of the surroundings comes into view",
        ("pull_out", "backward"): "more of the surroundings comes into view",
        ("truck", "left"): "what lies to the left comes into view",
        ("truck", "right"): "what lies to the right comes into view",
        ("pan", "left"): "what lies to the left comes into view",
        ("pan", "right"): "what lies to the right comes into view",
        ("tilt", "up"): "what lies above comes into view",
        ("tilt", "down"): "what lies below comes into view",
        ("pedestal", "up"): "the scene is seen from higher up",
        ("pedestal", "down"): "the scene is seen from lower down",
        ("crane", "up"): "the subject is seen from higher up",
        ("crane", "down"): "the subject is seen from lower down",
        ("roll", "clockwise"): "the horizon is left tilted",
        ("roll", "counterclockwise"): "the horizon is left tilted",
        ("zoom", "forward"): "the subject is magnified and the perspective is unchanged",
        ("zoom", "backward"): "more of the scene fits in and the perspective is unchanged",
        ("dolly_zoom", "forward"): "the background seems to fall away behind the subject",
        ("dolly_zoom", "backward"): "the background seems to draw closer behind the subject",
        ("spiral", "backward"): "more of the surroundings comes into view",
    }
)
"""What a camera move shows in the end, for the families that ask for it."""


@dataclass(frozen=True)
class Told:
    """The camera in sentences."""

    moves: str = ""
    """What it does, in order; "" where nothing is to be said."""
    only_zoom: bool = False
    """Whether all of that is the lens's doing."""
    shake: str = ""
    """That it is held by hand."""
    loop: str = ""
    """That it comes back to where it began."""


@dataclass(frozen=True)
class _Group:
    """Strokes that happen together, the largest first."""

    strokes: tuple[Stroke, ...]

    @property
    def start(self) -> float:
        return min(stroke.start for stroke in self.strokes)

    @property
    def end(self) -> float:
        return max(stroke.end for stroke in self.strokes)


def tell_camera(strokes: Sequence[Stroke], seconds: float, wording: Wording) -> Told:
    """What a camera does in a clip of ``seconds``, in a family's words.

    Args:
        strokes: all that it does, from ``strokes_of``; none is a camera that stands still.
        seconds: length of the clip.
        wording: whose words.
    """
    shaken = [stroke for stroke in strokes if stroke.type == "handheld"]
    groups = grouped([stroke for stroke in strokes if stroke.type != "handheld"])
    shake = _shake(shaken, wording, still=not groups)
    if not groups:
        return Told(moves="" if shaken else _STILL[wording], shake=shake)
    only_zoom = all(stroke.type == "zoom" for group in groups for stroke in group.strokes)
    loops = all(stroke.loop for group in groups for stroke in group.strokes)
    loop = "By the end the camera is back exactly where it began." if loops else ""
    told = _sentences(groups, seconds, wording, say_return=not loops)
    last = groups[-1].strokes[0]
    if wording == "ltx" and not last.loop:
        ending = _ENDINGS.get(
            (last.type, last.way), _ANGLE if last.type in ("orbit", "arc") else ""
        )
        told += f" As it comes to rest, {ending}." if ending else ""
    return Told(told, only_zoom, shake, loop)


def grouped(strokes: Sequence[Stroke]) -> list[_Group]:
    """Strokes that run together, in order of time, the most pronounced of each group first."""
    groups: list[list[Stroke]] = []
    for stroke in sorted(strokes, key=lambda one: one.start):
        last = groups[-1] if groups else []
        common = min((_overlap(stroke, other) for other in last), default=0.0)
        if last and common > _TOGETHER:
            last.append(stroke)
        else:
            groups.append([stroke])
    ordered = [_Group(tuple(sorted(group, key=lambda one: -one.size))) for group in groups]
    return ordered


def _overlap(one: Stroke, other: Stroke) -> float:
    common = min(one.end, other.end) - max(one.start, other.start)
    return common / max(min(one.seconds, other.seconds), 1e-6)


def _sentences(
    groups: Sequence[_Group], seconds: float, wording: Wording, *, say_return: bool
) -> str:
    """All groups in order, three to a sentence, with the pauses between them."""
    ongoing = wording == "cogvideox"
    long = max(_PAUSE_SECONDS, _PAUSE_SHARE * seconds)
    told: list[str] = []
    clauses: list[str] = []
    clock, pace = 0.0, ""
    for number, group in enumerate(groups):
        waits = group.start - clock > long
        brief = len(groups) > 1 and group.end - group.start < _BRIEF * seconds
        clause, pace = _clause(group, wording, pace, brief=brief, say_return=say_return)
        if number == 0 and waits:
            clause = f"{'holding' if ongoing else 'first holds'} still, then {clause}"
        elif number and waits:
            clause = f"{'holding' if ongoing else 'holds'} still for a moment, then {clause}"
        clauses.append(clause)
        clock = max(clock, group.end)
        if len(clauses) == _SENTENCE or number == len(groups) - 1:
            if number == len(groups) - 1 and seconds - clock > long:
                clauses.append("holding still" if ongoing else "holds still")
            subject = "The camera" if not told else "It then"
            if ongoing:
                subject = "Camera is" if not told else "Camera is then"
            told.append(f"{subject} {_joined(clauses, last=number == len(groups) - 1)}.")
            clauses = []
    return " ".join(told)


def _joined(clauses: Sequence[str], *, last: bool) -> str:
    if len(clauses) < 3 or not last:
        return ", then ".join(clauses)
    return ", then ".join(clauses[:-1]) + ", and finally " + clauses[-1]


def _clause(
    group: _Group, wording: Wording, pace: str, *, brief: bool, say_return: bool
) -> tuple[str, str]:
    """One group: its largest stroke with its pace, and what goes on meanwhile; and that pace."""
    main, *others = group.strokes
    now = _pace(main)
    # The same pace again would be said twice.
    lead = "briefly " if brief else "" if now == pace else f"{now} "
    told = _phrase(main, wording, "ing" if wording == "cogvideox" else "s", alone=not others)
    meanwhile = [_phrase(other, wording, "ing") for other in others]
    if meanwhile:
        told += f" while {' and '.join(meanwhile)}"
    if say_return and main.loop:
        told += ", and comes back" if wording != "cogvideox" else ", coming back"
    return lead + told, now


def _pace(stroke: Stroke) -> str:
    # There and back is twice the way.
    speed = stroke.size * (2.0 if stroke.loop else 1.0) / max(stroke.seconds, 1e-6)
    return next((word for bound, word in _PACES if speed < bound), "very quickly")


def _phrase(stroke: Stroke, wording: Wording, form: str, *, alone: bool = False) -> str:
    key = (stroke.type, stroke.way)
    own = _ALONE.get(key) if alone and wording == "ltx" else None
    verb, rest = own or _OWN[wording].get(key) or _FILM[key]
    rest = rest.replace("{amount}", _amount(stroke))
    return f"{_conjugated(verb, form)} {rest}"


def _amount(stroke: Stroke) -> str:
    if stroke.size <= _SLIGHT:
        return "slight " if stroke.type == "dolly_zoom" else "slightly "
    if stroke.size < _FAR:
        return ""
    if stroke.type in ("roll", "orbit", "arc", "spiral", "dolly_zoom"):
        strong = {"roll": "strongly ", "dolly_zoom": "strong "}
        return strong.get(stroke.type, "a long way ")
    return "far "


def _conjugated(verb: str, form: str) -> str:
    """ "push" as "pushes" or "pushing"."""
    if form == "s":
        if verb.endswith(("sh", "ss", "x")):
            return verb + "es"
        return verb[:-1] + "ies" if verb.endswith("lly") else verb + "s"
    if verb in ("pan",):
        return verb + verb[-1] + "ing"
    return (verb[:-1] if verb.endswith("e") and verb != "be" else verb) + "ing"


def _shake(strokes: Sequence[Stroke], wording: Wording, *, still: bool) -> str:
    if not strokes:
        return ""
    size = max(stroke.size for stroke in strokes)
    degree = "barely noticeable" if size <= 0.3 else "slight" if size <= 0.7 else "strong"
    place = " stays in one place," if still else ""
    if wording == "ltx":
        return f"The camera{place or ' is'} handheld, with {degree} natural shake."
    if wording == "cogvideox":
        return f"Camera is handheld{' in one place' if still else ''} with {degree} shake."
    return (
        f"Handheld camera{' that stays in one place' if still else ''} with {degree} natural shake."
    )
