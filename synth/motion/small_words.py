"""The small words of the phrase parser, as data: amounts, order, negation, what a camera is called,
and what is no camera move although it sounds like one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _words(*texts: str) -> frozenset[str]:
    """The words of some texts."""
    return frozenset(word for text in texts for word in text.split())


STILL_WORDS: Final = _words(
    "static still stationary fixed motionless immobile unmoving frozen locked"
)
"""Adjectives of a camera that does not move; they need a camera word beside them."""

STILL_PHRASES: Final = frozenset(
    {
        "locked off",
        "locked down",
        "lock off",
        "lock down",
        "tripod shot",
        "on a tripod",
        "on tripod",
        "on sticks",
        "static shot",
        "static camera",
        "static frame",
        "static wide",
        "still shot",
        "still camera",
        "fixed camera",
        "fixed shot",
        "fixed frame",
        "fixed angle",
        "fixed position",
        "stationary camera",
        "stationary shot",
    }
)
"""Words that say by themselves that the camera does not move."""

AMOUNTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        word: strength
        for strength, words in {
            0.1: "barely imperceptible imperceptibly hardly minuscule almost",
            0.2: "slight slightly subtle subtly tiny small little hint touch bit faint faintly "
            "minimal minimally delicate delicately light lightly mild mildly",
            0.3: "gentle gently soft softly slow slowly slower gradual gradually leisurely lazy "
            "lazily calm calmly creeping languid languidly unhurried patient patiently "
            "tender tenderly easy",
            0.5: "moderate moderately medium normal",
            0.75: "fast faster quick quickly rapid rapidly swift swiftly strong strongly brisk "
            "briskly hard energetic energetically large heavy heavily deep pronounced "
            "sharp sharply frantic frantically snappy",
            0.85: "dramatic dramatically big sweeping dynamic dynamically bold boldly epic "
            "aggressive aggressively intense intensely powerful powerfully sudden suddenly "
            "hectic chaotic significant significantly huge massive",
            1.0: "whip extreme maximum violent violently wild wildly full lightning",
        }.items()
        for word in words.split()
    }
)
"""How much an amount word asks for, as an intensity."""

AMOUNT_PHRASES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "at high speed": 0.8,
        "high speed": 0.8,
        "at speed": 0.75,
        "at great speed": 0.8,
        "at full speed": 1.0,
        "breakneck speed": 1.0,
        "at low speed": 0.3,
        "low speed": 0.3,
        "at a slow pace": 0.3,
        "at a snail's pace": 0.15,
        "at walking pace": 0.4,
        "half speed": 0.3,
        "ever so slightly": 0.12,
        "almost imperceptible": 0.1,
        "almost imperceptibly": 0.1,
        "barely noticeable": 0.1,
        "barely perceptible": 0.1,
        "all the way": 1.0,
        "a lot": 0.8,
        "as far as possible": 1.0,
        "as much as possible": 1.0,
        "nice and slow": 0.3,
        "slow and steady": 0.3,
    }
)
"""Groups of words that ask for an amount together."""

BOOSTS: Final = _words(
    "very extremely really super incredibly ultra exceptionally extra ever so too"
)
"""Words that push the amount word after them away from the middle."""

CAMERA_WORDS: Final = _words(
    "camera cam shot shots view viewpoint lens frame framing footage drone steadicam gimbal pov "
    "perspective cameraman operator viewfinder cinematography camerawork we us viewer quadcopter "
    "image"
)
"""What a camera is called when it is the subject of a sentence."""

NEGATIONS: Final = _words(
    "no not never without don't doesn't isn't won't shouldn't cannot can't avoid avoiding zero "
    "didn't aren't nothing neither nor dont doesnt lacking"
)

TOGETHER: Final = frozenset(
    {"simultaneously", "at the same time", "at once", "meanwhile", "together", "concurrently"}
)
"""Words that make a sentence happen beside the one before it."""

PHRASE_NEGATIONS: Final = frozenset({"instead of", "rather than", "as opposed to", "free of"})

PRONOUNS: Final = _words(
    "he she they i you who somebody someone everyone everybody nobody him them"
)

DETERMINERS: Final = _words(
    "a an the this that these those his her their its my your our some any each every another "
    "two three four five six several many"
)

POSSESSIVES: Final = _words("his her their its my your our")

PREPOSITIONS: Final = _words(
    "on at by near of for from to under behind beside between inside outside against beneath "
    "below upon within among amid onto off"
)

FILLERS: Final = _words(
    "is are be being been was were should will would can could must shall may might let lets "
    "let's please now just only first there also again whole entire single long short one "
    "continuous uninterrupted smooth smoothly cinematic beautiful simple nice nicely wide tight "
    "aerial it's that's i'd i'll we're we'll start starts starting begin begins beginning "
    "continue continues continuing keep keeps keeping do does doing did make makes making use "
    "uses using add adds adding apply have has having want need give perform perfect perfectly "
    "style effect feel feeling technique slowmo completely totally fully entirely always then "
    "simultaneously together steadily steady constant constantly same time once which if "
    "whatsoever all while as still exactly directly straight simply pure purely natural "
    "naturally ending "
    "reveal reveals half quarter diagonal diagonally noticeable camera's establishing position "
    "speed pace overall total"
)
"""Words that say nothing about who moves or how."""

FRAMING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "slow motion": "slow motion",
        "slow mo": "slow motion",
        "fast motion": "fast motion",
        "stop motion": "stop motion",
        "time lapse": "time lapse",
        "timelapse": "time lapse",
        "hyperlapse": "hyperlapse",
        "rack focus": "rack focus",
        "pull focus": "pull focus",
        "pulling focus": "pull focus",
        "focus pull": "pull focus",
        "shallow focus": "shallow focus",
        "sharp focus": "sharp focus",
        "deep focus": "deep focus",
        "depth of field": "depth of field",
        "close up": "close-up",
        "closeup": "close-up",
        "low angle": "low angle",
        "high angle": "high angle",
        "bird's eye": "bird's-eye view",
        "birds eye": "bird's-eye view",
        "worm's eye": "worm's-eye view",
        "over the shoulder": "over the shoulder",
        "top down": "top-down view",
        "motion blur": "motion blur",
        "tilt shift": "tilt-shift",
        "upside down": "upside down",
        "dolly track": "",
        "lens flare": "",
        "lens flares": "",
        "fish eye": "fish-eye",
        "fisheye": "fish-eye",
        "jump cut": "jump cut",
        "cross fade": "cross-fade",
        "fade in": "fade in",
        "fade out": "fade out",
        "fades out": "fade out",
        "fades in": "fade in",
        "freeze frame": "freeze frame",
        "split screen": "split screen",
        "zoom lens": "",
        "zoom call": "",
        "zoom meeting": "",
        "pick up truck": "",
        "pickup truck": "",
        "spiral staircase": "",
        "pan flute": "",
        "roll call": "",
        "rock and roll": "",
        "hands held": "",
        "golden hour": "",
        "black and white": "",
        "film grain": "",
        "film roll": "",
        "still life": "",
        "right now": "",
        "right away": "",
        "right behind": "",
        "right hand": "",
        "left hand": "",
        "left behind": "",
        "left alone": "",
        "on the left": "",
        "on the right": "",
        "in the back": "",
        "on the back": "",
        "in the foreground": "",
        "in the background": "",
        "from the back": "",
        "in front": "",
        "light rays": "",
        "as well": "",
        "as if": "",
        "as though": "",
        "such as": "",
        "no one": "",
        "next to": "",
        "look like": "",
        "looks like": "",
    }
)
"""Groups of words that are no camera move: with a name, a wish that is set elsewhere."""

LINKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".": "stop",
        "!": "stop",
        "?": "stop",
        ";": "stop",
        ",": "comma",
        ":": "comma",
        "–": "comma",
        "—": "comma",
        "(": "comma",
        ")": "comma",
        "and": "and",
        "&": "and",
        "+": "and",
        "plus": "and",
        "with": "and",
        "while": "and",
        "whilst": "and",
        "as": "and",
        "meanwhile": "and",
        "but": "but",
        "as well as": "and",
        "along with": "and",
        "combined with": "and",
        "together with": "and",
        "paired with": "and",
        "mixed with": "and",
        "accompanied by": "and",
        "or": "or",
        "then": "then",
        "and then": "then",
        "next": "then",
        "after that": "then",
        "after which": "then",
        "afterwards": "then",
        "afterward": "then",
        "subsequently": "then",
        "finally": "then",
        "lastly": "then",
        "later": "then",
        "followed by": "then",
        "leading into": "then",
        "leads into": "then",
        "turning into": "then",
        "turns into": "then",
        "transitioning to": "then",
        "transitioning into": "then",
        "transitions to": "then",
        "transitions into": "then",
        "end on": "then",
        "end with": "then",
        "ends on": "then",
        "ends with": "then",
        "ending on": "then",
        "ending with": "then",
        "ending in": "then",
        "finish on": "then",
        "finish with": "then",
        "finishing with": "then",
        "finishing on": "then",
        "finishes with": "then",
        "->": "then",
        "=>": "then",
        ">": "then",
        "→": "then",
        "before": "before",
        "after": "after",
        "preceded by": "after",
    }
)
"""What joins two parts of a sentence, and which comes first."""

EASING_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "linear": "linear",
        "linearly": "linear",
        "constant speed": "linear",
        "constant pace": "linear",
        "steady pace": "linear",
        "steady speed": "linear",
        "even pace": "linear",
        "with ease in": "ease_in_cubic",
        "with an ease in": "ease_in_cubic",
        "accelerating": "ease_in_cubic",
        "speeding up": "ease_in_cubic",
        "picking up speed": "ease_in_cubic",
        "gathering speed": "ease_in_cubic",
        "with ease out": "ease_out_cubic",
        "with an ease out": "ease_out_cubic",
        "decelerating": "ease_out_cubic",
        "slowing down": "ease_out_cubic",
        "slows down": "ease_out_cubic",
        "slowing to a stop": "ease_out_cubic",
        "coming to rest": "ease_out_cubic",
        "comes to rest": "ease_out_cubic",
        "come to rest": "ease_out_cubic",
        "comes to a stop": "ease_out_cubic",
        "coming to a stop": "ease_out_cubic",
        "settling on": "ease_out_cubic",
        "settles on": "ease_out_cubic",
        "ease in and out": "ease_in_out_cubic",
        "ease in out": "ease_in_out_cubic",
        "eased": "ease_in_out_cubic",
        "with easing": "ease_in_out_cubic",
        "overshooting": "ease_out_back",
        "with overshoot": "ease_out_back",
        "with a slight overshoot": "ease_out_back",
    }
)

LOOP_WORDS: Final = frozenset(
    {
        "loop",
        "looping",
        "looped",
        "loops",
        "seamless loop",
        "perfect loop",
        "boomerang",
        "back and forth",
        "side to side",
        "from side to side",
        "ping pong",
        "and back again",
        "there and back",
    }
)

NUMBER_WORDS: Final[Mapping[str, float]] = MappingProxyType(
    dict(
        zip(
            ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            map(float, range(1, 11)),
            strict=True,
        )
    )
    | {
        "twelve": 12.0,
        "fifteen": 15.0,
        "twenty": 20.0,
        "thirty": 30.0,
        "forty": 40.0,
        "sixty": 60.0,
    }
    | {"forty five": 45.0, "ninety": 90.0, "half a": 0.5, "a couple of": 2.0}
)

UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "s": "seconds",
        "sec": "seconds",
        "secs": "seconds",
        "second": "seconds",
        "seconds": "seconds",
        "degree": "degrees",
        "degrees": "degrees",
        "deg": "degrees",
        "°": "degrees",
        "percent": "percent",
        "%": "percent",
        "x": "times",
        "times": "times",
    }
)
