"""The words of the phrase parser, as data: what directors say, and what each word is.

A verb belongs to a family, which says how its direction turns into a move, and to a class, which
says how sure the word alone is: "camera" words are hardly ever about anything else (zoom), "thing"
words also name things in a picture (crane, truck, roll), "plain" words are everyday English that
only a camera as their subject makes a camera move (go, rise, follow).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from synth.motion.catalogue import Direction, MoveType
from synth.motion.instructions import Action

WordClass = Literal["camera", "thing", "plain"]


@dataclass(frozen=True)
class Verb:
    """A word that can move a camera."""

    name: str
    family: str
    sure: WordClass
    forms: tuple[str, ...]
    """Bare, -s, -ing, -ed, and nouns that mean the same."""


def _verb(family: str, sure: WordClass, forms: str) -> Verb:
    words = tuple(forms.split())
    return Verb(words[0], family, sure, words)


VERBS: Final[tuple[Verb, ...]] = (
    _verb("zoom", "camera", "zoom zooms zooming zoomed"),
    _verb("pan", "camera", "pan pans panning panned"),
    _verb("dolly", "camera", "dolly dollies dollying dollied"),
    _verb("pedestal", "thing", "pedestal pedestals pedestaling pedestalling pedestaled ped peds"),
    _verb("tilt", "camera", "tilt tilts tilting tilted"),
    _verb("truck", "thing", "truck trucks trucking trucked"),
    _verb("truck", "thing", "crab crabs crabbing crabbed"),
    _verb("truck", "plain", "slide slides sliding slid slider"),
    _verb("track", "thing", "track tracks tracking tracked"),
    _verb("crane", "thing", "crane cranes craning craned"),
    _verb("crane", "thing", "jib jibs jibbing jibbed"),
    _verb("crane", "thing", "boom booms booming boomed"),
    _verb("roll", "thing", "roll rolls rolling rolled"),
    _verb("orbit", "thing", "orbit orbits orbiting orbited orbital"),
    _verb("arc", "thing", "arc arcs arcing arced"),
    _verb("spiral", "thing", "spiral spirals spiraling spiralling spiraled corkscrew corkscrews"),
    _verb("circle", "plain", "circle circles circling circled encircle encircles encircling"),
    _verb("push", "plain", "push pushes pushing pushed"),
    _verb("pull", "plain", "pull pulls pulling pulled"),
    _verb("follow", "plain", "follow follows following followed"),
    _verb("follow", "plain", "chase chases chasing chased"),
    _verb("follow", "plain", "trail trails trailing trailed"),
    _verb("turn", "plain", "turn turns turning turned"),
    _verb("turn", "plain", "swivel swivels swiveling swivelling swiveled"),
    _verb("turn", "plain", "pivot pivots pivoting pivoted"),
    _verb("turn", "plain", "look looks looking looked"),
    _verb("turn", "plain", "whip whips whipping whipped"),
    _verb("rotate", "plain", "rotate rotates rotating rotated rotation"),
    _verb("rotate", "plain", "spin spins spinning spun"),
    _verb("rotate", "plain", "twist twists twisting twisted"),
    _verb("rotate", "plain", "revolve revolves revolving revolved"),
    _verb("swing", "plain", "swing swings swinging swung"),
    _verb("swing", "plain", "sweep sweeps sweeping swept"),
    _verb("rise", "plain", "rise rises rising rose"),
    _verb("rise", "plain", "ascend ascends ascending ascended ascent"),
    _verb("rise", "plain", "climb climbs climbing climbed"),
    _verb("rise", "plain", "lift lifts lifting lifted"),
    _verb("rise", "plain", "raise raises raising raised"),
    _verb("rise", "plain", "elevate elevates elevating elevated"),
    _verb("descend", "plain", "descend descends descending descended descent"),
    _verb("descend", "plain", "sink sinks sinking sank"),
    _verb("descend", "plain", "drop drops dropping dropped"),
    _verb("descend", "plain", "lower lowers lowering lowered"),
    _verb("approach", "plain", "approach approaches approaching approached"),
    _verb("approach", "plain", "advance advances advancing advanced"),
    _verb("retreat", "plain", "retreat retreats retreating retreated"),
    _verb("retreat", "plain", "recede recedes receding receded"),
    _verb("retreat", "plain", "withdraw withdraws withdrawing withdrew"),
    _verb("back", "plain", "backs backing backed"),
    _verb("close", "plain", "closing closes closed"),
    _verb("close", "plain", "punch punches punching punched"),
    _verb("close", "plain", "tighten tightens tightening tightened"),
    _verb("widen", "plain", "widen widens widening widened"),
    _verb("go", "plain", "move moves moving moved movement movements"),
    _verb("go", "plain", "motion motions"),
    _verb("go", "plain", "go goes going went"),
    _verb("go", "plain", "get gets getting got"),
    _verb("go", "plain", "glide glides gliding glided"),
    _verb("go", "plain", "drift drifts drifting drifted"),
    _verb("go", "plain", "float floats floating floated"),
    _verb("go", "plain", "travel travels traveling travelling traveled travelled"),
    _verb("go", "plain", "creep creeps creeping crept"),
    _verb("go", "plain", "crawl crawls crawling crawled"),
    _verb("go", "plain", "inch inches inching inched"),
    _verb("go", "plain", "ease eases easing eased"),
    _verb("go", "plain", "shift shifts shifting shifted"),
    _verb("go", "plain", "come comes coming came"),
    _verb("go", "plain", "draw draws drawing drew"),
    _verb("fly", "plain", "fly flies flying flew flight"),
    _verb("fly", "plain", "flyover flythrough flyby"),
    _verb("fly", "plain", "soar soars soaring soared"),
    _verb("fly", "plain", "swoop swoops swooping swooped"),
    _verb("fly", "plain", "rush rushes rushing rushed"),
    _verb("fly", "plain", "race races racing raced"),
    _verb("fly", "plain", "dive dives diving dived"),
    _verb("fly", "plain", "walk walks walking walked"),
    _verb("fly", "plain", "drive drives driving drove"),
    _verb("shake", "plain", "shake shakes shaking shook"),
    _verb("shake", "plain", "wobble wobbles wobbling wobbled wobbly"),
    _verb("shake", "plain", "jitter jitters jittering jittered jittery"),
    _verb("shake", "plain", "bob bobs bobbing bobbed"),
    _verb("shake", "plain", "tremble trembles trembling trembled"),
    _verb("shake", "plain", "vibrate vibrates vibrating vibration"),
    _verb("shake", "plain", "sway sways swaying swayed"),
    _verb("hold", "plain", "hold holds holding held"),
    _verb("hold", "plain", "stay stays staying stayed"),
    _verb("hold", "plain", "remain remains remaining remained"),
    _verb("hold", "plain", "pause pauses pausing paused"),
    _verb("hold", "plain", "linger lingers lingering lingered"),
    _verb("hold", "plain", "rest rests resting rested"),
    _verb("hold", "plain", "wait waits waiting waited"),
)

PHRASE_VERBS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "dolly zoom": ("dolly_zoom", ""),
        "dolly zooms": ("dolly_zoom", ""),
        "dolly zooming": ("dolly_zoom", ""),
        "zolly": ("dolly_zoom", ""),
        "zollies": ("dolly_zoom", ""),
        "vertigo effect": ("dolly_zoom", ""),
        "vertigo shot": ("dolly_zoom", ""),
        "vertigo zoom": ("dolly_zoom", ""),
        "hitchcock zoom": ("dolly_zoom", ""),
        "hitchcock style zoom": ("dolly_zoom", ""),
        "hitchcock effect": ("dolly_zoom", ""),
        "jaws shot": ("dolly_zoom", ""),
        "trombone shot": ("dolly_zoom", ""),
        "contra zoom": ("dolly_zoom", ""),
        "handheld": ("handheld", ""),
        "hand held": ("handheld", ""),
        "camera shake": ("handheld", ""),
        "shaky cam": ("handheld", "heavy"),
        "shakycam": ("handheld", "heavy"),
        "shaky camera": ("handheld", "heavy"),
        "shaky": ("handheld", "heavy"),
        "whip pan": ("pan", "whip"),
        "whip pans": ("pan", "whip"),
        "swish pan": ("pan", "whip"),
        "flash pan": ("pan", "whip"),
        "whip tilt": ("tilt", "whip"),
        "crash zoom": ("zoom", "whip"),
        "crash zooms": ("zoom", "whip"),
        "snap zoom": ("zoom", "whip"),
        "smash zoom": ("zoom", "whip"),
        "tracking shot": ("track", ""),
        "trucking shot": ("truck", ""),
        "travelling shot": ("track", ""),
        "traveling shot": ("track", ""),
        "follow shot": ("follow", ""),
        "following shot": ("follow", ""),
        "slider shot": ("truck", ""),
        "parallax shot": ("truck", ""),
        "parallax slide": ("truck", ""),
        "crane shot": ("crane", ""),
        "jib shot": ("crane", ""),
        "boom shot": ("crane", ""),
        "orbit shot": ("orbit", ""),
        "orbital shot": ("orbit", ""),
        "arc shot": ("arc", ""),
        "dolly shot": ("dolly", ""),
        "pan shot": ("pan", ""),
        "panning shot": ("pan", ""),
        "tilt shot": ("tilt", ""),
        "zoom shot": ("zoom", ""),
        "push in": ("push_in", ""),
        "pushes in": ("push_in", ""),
        "pushing in": ("push_in", ""),
        "dutch angle": ("roll", ""),
        "dutch tilt": ("roll", ""),
        "dutch roll": ("roll", ""),
        "canted angle": ("roll", ""),
        "barrel roll": ("roll", "whip"),
        "ken burns": ("ken_burns", "slow"),
        "ken burns effect": ("ken_burns", "slow"),
        "fly over": ("fly", ""),
        "fly through": ("fly", ""),
        "fly by": ("fly", ""),
        "bullet time": ("circle", ""),
        "close in": ("close", ""),
        "closes in": ("close", ""),
        "closing in": ("close", ""),
        "back away": ("retreat", ""),
        "back up": ("retreat", ""),
        "back off": ("retreat", ""),
    }
)
"""Words that together are one camera word: family, and an amount word that they carry."""

_FORWARD: Final = ("in", "forward", "towards", "into", "through")
_BACKWARD: Final = ("out", "back", "backward")


Reading = tuple[MoveType, Direction | None]
"""A move and its direction, None where that is left open."""


def _table(*rows: tuple[str, MoveType, Direction | None]) -> dict[str, Reading]:
    table: dict[str, Reading] = {}
    for words, move, way in rows:
        for word in words.split():
            table[word] = (move, way)
    return table


_IN, _OUT = " ".join(_FORWARD), " ".join(_BACKWARD)
_TRAVEL: Final[tuple[tuple[str, MoveType, Direction | None], ...]] = (
    (_IN, "dolly", "forward"),
    (_OUT, "dolly", "backward"),
    ("left", "truck", "left"),
    ("right", "truck", "right"),
    ("sideways", "truck", None),
    ("up", "pedestal", "up"),
    ("down", "pedestal", "down"),
    ("vertical", "pedestal", None),
    ("around", "orbit", None),
    ("clockwise", "orbit", "clockwise"),
    ("counterclockwise", "orbit", "counterclockwise"),
)
_TURN: Final[tuple[tuple[str, MoveType, Direction | None], ...]] = (
    ("left", "pan", "left"),
    ("right", "pan", "right"),
    ("up", "tilt", "up"),
    ("down", "tilt", "down"),
)

FAMILIES: Final[Mapping[str, Mapping[str, Reading]]] = MappingProxyType(
    {
        "zoom": _table((_IN, "zoom", "forward"), (_OUT, "zoom", "backward")),
        "dolly": _table(*_TRAVEL),
        "push_in": _table((_IN, "push_in", "forward")),
        "push": _table(
            (_IN + " over", "push_in", "forward"),
            (_OUT, "pull_out", "backward"),
            ("left", "truck", "left"),
            ("right", "truck", "right"),
            ("up", "pedestal", "up"),
            ("down", "pedestal", "down"),
        ),
        "pull": _table(
            (_OUT, "pull_out", "backward"),
            ("in forward towards", "push_in", "forward"),
            ("left", "truck", "left"),
            ("right", "truck", "right"),
            ("up", "pedestal", "up"),
        ),
        "truck": _table(*_TRAVEL),
        "track": _table(*_TRAVEL, ("behind", "dolly", "forward"), ("along", "truck", None)),
        "follow": _table(
            ("left", "truck", "left"),
            ("right", "truck", "right"),
            ("behind into through forward", "dolly", "forward"),
            ("backward", "dolly", "backward"),
            ("around", "orbit", None),
            ("up", "tilt", "up"),
            ("along across sideways", "truck", None),
        ),
        "pedestal": _table(("up", "pedestal", "up"), ("down", "pedestal", "down")),
        "crane": _table(("up", "crane", "up"), ("down", "crane", "down")),
        "pan": _table(
            *_TURN,
            (_IN, "zoom", "forward"),
            (_OUT, "zoom", "backward"),
            ("sideways", "pan", None),
            ("vertical", "tilt", None),
        ),
        "tilt": _table(
            ("up", "tilt", "up"),
            ("down", "tilt", "down"),
            ("left counterclockwise", "roll", "counterclockwise"),
            ("right clockwise", "roll", "clockwise"),
        ),
        "roll": _table(
            ("left counterclockwise", "roll", "counterclockwise"),
            ("right clockwise", "roll", "clockwise"),
        ),
        "orbit": _table(
            ("left", "orbit", "left"),
            ("right", "orbit", "right"),
            ("up over", "orbit", "up"),
            ("down", "orbit", "down"),
            ("clockwise", "orbit", "clockwise"),
            ("counterclockwise", "orbit", "counterclockwise"),
        ),
        "arc": _table(
            ("left", "arc", "left"),
            ("right", "arc", "right"),
            ("clockwise", "arc", "clockwise"),
            ("counterclockwise", "arc", "counterclockwise"),
        ),
        "spiral": _table(
            (_IN, "spiral", "forward"),
            (_OUT, "spiral", "backward"),
            ("clockwise", "spiral", "clockwise"),
            ("counterclockwise", "spiral", "counterclockwise"),
        ),
        "dolly_zoom": _table((_IN, "dolly_zoom", "forward"), (_OUT, "dolly_zoom", "backward")),
        "handheld": {},
        "shake": {},
        "hold": {},
        "ken_burns": _table((_IN, "zoom", "forward"), (_OUT, "zoom", "backward")),
        "turn": _table(
            *_TURN,
            ("around back backward", "pan", None),
            ("clockwise", "roll", "clockwise"),
            ("counterclockwise", "roll", "counterclockwise"),
        ),
        "rotate": _table(
            *_TURN,
            ("around", "orbit", None),
            ("clockwise", "roll", "clockwise"),
            ("counterclockwise", "roll", "counterclockwise"),
        ),
        "swing": _table(*_TURN, ("around", "orbit", None), ("over across along", "pan", None)),
        "rise": _table(("down", "pedestal", "down"), ("up over", "pedestal", "up")),
        "descend": _table(("down", "pedestal", "down")),
        "approach": _table((_IN, "push_in", "forward")),
        "retreat": _table((_OUT, "pull_out", "backward")),
        "back": _table((_OUT + " up", "pull_out", "backward")),
        "close": _table((_IN, "push_in", "forward")),
        "widen": _table((_OUT, "pull_out", "backward")),
        "circle": _table(
            ("left", "orbit", "left"),
            ("right", "orbit", "right"),
            ("clockwise", "orbit", "clockwise"),
            ("counterclockwise", "orbit", "counterclockwise"),
        ),
        "go": _table(*_TRAVEL, ("along across", "truck", None), ("over", "dolly", "forward")),
        "fly": _table(*_TRAVEL, ("along across over behind", "dolly", "forward")),
    }
)
"""What a word of direction makes of a verb's family."""

DEFAULTS: Final[Mapping[str, Reading]] = MappingProxyType(
    {
        "zoom": ("zoom", None),
        "dolly": ("dolly", None),
        "push_in": ("push_in", "forward"),
        "push": ("push_in", "forward"),
        "pull": ("pull_out", "backward"),
        "truck": ("truck", None),
        "track": ("truck", None),
        "follow": ("truck", None),
        "pedestal": ("pedestal", None),
        "crane": ("crane", None),
        "pan": ("pan", None),
        "tilt": ("tilt", None),
        "roll": ("roll", None),
        "orbit": ("orbit", None),
        "arc": ("arc", None),
        "spiral": ("spiral", None),
        "dolly_zoom": ("dolly_zoom", None),
        "handheld": ("handheld", None),
        "shake": ("handheld", None),
        "hold": ("static", None),
        "ken_burns": ("push_in", "forward"),
        "rotate": ("roll", None),
        "rise": ("pedestal", "up"),
        "descend": ("pedestal", "down"),
        "approach": ("push_in", "forward"),
        "retreat": ("pull_out", "backward"),
        "close": ("push_in", "forward"),
        "widen": ("pull_out", "backward"),
        "circle": ("orbit", None),
        "fly": ("dolly", "forward"),
    }
)
"""What a family means without a direction. Families that are missing need one."""

PACE: Final[Mapping[str, float]] = MappingProxyType(
    {
        "creep": 0.25,
        "crawl": 0.25,
        "inch": 0.2,
        "whip": 1.0,
        "rush": 0.85,
        "race": 0.85,
    }
)
"""Verbs that say how fast by themselves, as an intensity."""


def word_set(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


ACTIONS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        "walk": "walk stroll:.25 wander:.25 march stride trudge:.25 limp:.25 tiptoe:.25 hike "
        "stagger:.25 amble:.25 saunter:.25 shuffle:.25 stumble:.25 plod:.25 strut",
        "run": "run sprint:1 jog:.25 gallop:.75 dash:.75 flee:.75 bolt:.9 race:.9 charge:.75",
        "dance": "dance waltz pirouette groove breakdance",
        "jump": "jump leap hop bounce",
        "fall": "fall collapse topple tumble faint",
        "wave": "wave",
        "sway": "sway rock",
        "float": "float hover levitate drift",
        "turn": "turn spin twirl rotate pivot",
        "idle": "breathe idle",
    }
)
"""What subjects do: bare verbs, and the speed that some of them carry."""

ACTORS: Final = word_set(
    "man men woman women boy boys girl girls child children kid kids baby toddler person people "
    "protagonist subject character characters hero heroine detective dancer dancers runner "
    "runners soldier soldiers couple crowd figure figures actor actress bride groom athlete "
    "knight robot robots android cyborg dog dogs cat cats kitten puppy horse horses wolf wolves "
    "fox bear lion tiger deer rabbit bird birds elephant monkey lady gentleman guy guys mother "
    "father grandmother grandfather samurai ninja warrior wizard witch astronaut model "
    "ballerina pedestrian pedestrians stranger villain king queen prince princess monster "
    "zombie zombies skater sailor pirate postman policeman fireman nurse doctor teacher student "
    "students worker chef waiter monk nun priest clown acrobat gymnast player footballer cowboy "
    "traveler traveller hiker wanderer tourist tourists singer musician friend friends twins "
    "sister brother family elf dwarf giant dragon ghost fairy angel alien creature beast "
    "dinosaur panda penguin duck frog goat cow sheep pig performer performers lovers teenager "
    "teenagers farmer viking gladiator goblin superhero businessman businesswoman commuter "
    "daughter son wife husband baker fisherman waitress bartender jogger cyclist gardener painter "
    "commuters vampire dinosaurs mannequin scarecrow snowman he she they who him her them"
)
"""Whoever can do anything."""

THINGS: Final = word_set(
    "balloon balloons lantern lanterns boat boats ship tree trees flag flags banner kite "
    "feather bottle ball doll flower flowers grass reeds branch branches chandelier umbrella "
    "vase statue cup glass box curtain curtains butterfly butterflies fish jellyfish spaceship "
    "ufo cube sphere globe toy swing sunflower sunflowers bush bushes wheat puppet bubble "
    "bubbles"
)
"""Things that can fall, sway, float, wave and turn, but have no legs."""
