"""What the user's own words already say, so that nothing is said twice or against them.

The phrase parser tells which words speak of the camera. Where they ask for what the camera will
do, they stand. Where they ask for something else, they give way: the camera was set elsewhere, and
a sentence that says both would move it anyhow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from synth.backends.prompts_camera import grouped
from synth.backends.prompts_strokes import Stroke
from synth.errors import SynthError
from synth.motion import MotionControl, ParsedPhrase, Span, parse_phrase
from synth.motion.clauses import SHOT_NOUNS, Clause
from synth.motion.lexer import Word, cut
from synth.motion.sentence import split_clauses

_MUCH: Final = 0.3
"""Difference of intensity from which the words ask for another move."""
_AROUND: Final = frozenset({"camera", "amount", "boost", "measure", "easing", "loop", "filler"})
"""Kinds of words that go with a move's own."""
_BEFORE: Final = _AROUND | {"det", "prep", "pron", "framing", "still"}
_AFTER: Final = _AROUND | {"prep", "way", "verb"}
_ADVERBIAL: Final = frozenset(
    {"amount", "boost", "measure", "easing", "loop", "way", "prep", "det", "pron", "still"}
)
"""Kinds of words that only say how something else is done."""
_EMPTY: Final = frozenset(
    {
        "it",
        "its",
        "finally",
        "next",
        "nothing",
        "else",
        "first",
        "last",
        "end",
        "start",
        ":",
        "moves",
    }
)
"""Words that say nothing once the camera's are gone."""
_CAMERA_ROLES: Final = frozenset({"move", "excluded"})


@dataclass(frozen=True)
class UserWords:
    """A prompt, read once."""

    text: str
    """On one line, ended as a sentence; "" where there is nothing."""
    parsed: ParsedPhrase | None
    """What it asks for; None where it asks for nothing that could be read."""

    @property
    def control(self) -> MotionControl:
        """Camera, subjects and weather that the words ask for."""
        asked = self.parsed.control if self.parsed is not None else None
        return asked or MotionControl()

    @property
    def says_camera(self) -> bool:
        """Whether the words ask anything of the camera."""
        return bool(self.control.camera)

    @property
    def says_shake(self) -> bool:
        """Whether the words ask for a camera held by hand."""
        return any(move.type == "handheld" for move in self.control.camera)


def read_words(prompt: str) -> UserWords:
    """The user's words, with the camera, subjects and weather that they ask for."""
    text = ended(" ".join(prompt.split()))
    text = text[:1].upper() + text[1:]
    try:
        parsed = parse_phrase(text) if text else None
    except SynthError:
        # More moves than one clip holds, or more words than are read: a model takes what it can.
        parsed = None
    return UserWords(text, parsed)


def ended(text: str) -> str:
    """A text that ends as a sentence does."""
    text = text.rstrip(" ,;:–-")
    return text if not text or text[-1] in ".!?…。！？\"'”’)" else text + "."


def agree(words: UserWords, strokes: Sequence[Stroke], asked: Sequence[Stroke]) -> bool:
    """Whether words that ask for ``asked`` say what the camera will do, ``strokes``, and no more.

    Shake that the words leave out can be said beside them.
    """
    ours, theirs = (
        [stroke for stroke in some if stroke.type != "handheld"] for some in (strokes, asked)
    )
    unwanted = words.says_shake and not any(stroke.type == "handheld" for stroke in strokes)
    if not words.says_camera or unwanted or len(ours) != len(theirs):
        return False
    for mine, other in zip(grouped(ours), grouped(theirs), strict=False):
        if sorted(map(_kind, mine.strokes)) != sorted(map(_kind, other.strokes)):
            return False
        for one in mine.strokes:
            same = next(two for two in other.strokes if _kind(two) == _kind(one))
            if abs(min(one.size, 1.0) - same.size) > _MUCH or one.loop != same.loop:
                return False
    return True


def _kind(stroke: Stroke) -> tuple[str, str]:
    alike = {"push_in": "dolly", "pull_out": "dolly", "arc": "orbit"}
    return alike.get(stroke.type, stroke.type), stroke.way or ""


def without_camera(words: UserWords) -> UserWords:
    """The same words without what they ask of the camera; what it looks at stays.

    "Slow dolly in on an old lighthouse, waves crash below" is "An old lighthouse, waves crash
    below".
    """
    for _ in range(3):
        if words.parsed is None or not any(s.role in _CAMERA_ROLES for s in words.parsed.spans):
            break
        shorter = _stripped(words.text, words.parsed.spans)
        if shorter == words.text:
            break
        words = read_words(shorter)
    return words


def _stripped(text: str, spans: Sequence[Span]) -> str:
    camera = [(span.start, span.end) for span in spans if span.role in _CAMERA_ROLES]
    pieces: list[tuple[str, str]] = []
    for clause, joints in split_clauses(cut(text)):
        if not clause.words:
            continue
        joint = text[joints[0].start : joints[-1].end] if joints else ""
        said = _clause_left(text, clause, camera)
        if said:
            pieces.append((joint, said))
    found = ""
    for joint, said in pieces:
        if not found:
            found = said[0].upper() + said[1:]
        elif joint in (".", "!", "?"):
            found += f"{joint} {said[0].upper()}{said[1:]}"
        elif joint in (",", ";", ""):
            found += f"{joint or ','} {said}"
        else:
            found += f"{'' if joint[0] in ',;.' else ' '}{joint} {said}"
    return ended(found)


def _clause_left(text: str, clause: Clause, camera: Sequence[tuple[int, int]]) -> str:
    """What a clause says beside the camera."""
    words = clause.words
    marked = [any(start < word.end and word.start < end for start, end in camera) for word in words]
    if not any(marked):
        # "Very gently" spoke of the move that is gone.
        idle = all(word.kind in _ADVERBIAL or word.text in _EMPTY for word in words)
        return "" if idle else text[words[0].start : words[-1].end]
    dropped = list(marked)
    for index in range(len(words) - 2, -1, -1):
        dropped[index] |= dropped[index + 1] and words[index].kind in _BEFORE
    for index in range(1, len(words)):
        dropped[index] |= dropped[index - 1] and _goes_with(words[index])
    pieces: list[str] = []
    runs = [(kept, list(run)) for kept, run in groupby(range(len(words)), lambda i: not dropped[i])]
    for place, (kept, run) in enumerate(runs):
        said = text[words[run[0]].start : words[run[-1]].end]
        if kept and any(_tells(words[index]) for index in run):
            before = runs[place - 1][1] if place else []
            # "Running across rooftops" is one thing, whatever "across" meant for the camera.
            if pieces and not any(_acts(words[index]) for index in before):
                pieces[-1] += f" {text[words[before[0]].start : words[before[-1]].end]} {said}"
            else:
                pieces.append(said)
    return ", ".join(pieces)


def _goes_with(word: Word) -> bool:
    return word.kind in _AFTER or word.text in SHOT_NOUNS or word.text in ("of", "from", "as")


def _tells(word: Word) -> bool:
    """Whether a word says something of its own."""
    return word.kind == "content" and word.text not in _EMPTY


def _acts(word: Word) -> bool:
    return word.kind in ("verb", "camera", "not") or word.text in SHOT_NOUNS
