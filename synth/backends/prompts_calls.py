"""What each call of a model is told: its own part of the clip, and what it is to avoid there.

Every backend that reads words, and the preflight, take them from here, so that what is shown
before a render is what is read in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from synth.backends.chain import Call
from synth.backends.prompts import Advice, Part, camera_of, compile_prompt
from synth.backends.prompts_strokes import strokes_of
from synth.backends.prompts_words import read_words
from synth.backends.protocol import Assignment
from synth.backends.settings import BackendSettings
from synth.camera.pose import CameraPath
from synth.errors import InvalidInstruction
from synth.motion import MotionControl

_AGAINST_STILL: Final = frozenset({"static"})
_AGAINST_SHAKE: Final = frozenset({"jittery", "shaky"})
"""What makers advise to avoid, and what would fight a camera that is locked off, or hand-held."""


@dataclass(frozen=True)
class CallWords:
    """What one call of a model reads."""

    text: str
    """The sentence."""
    negative: str
    """What it is to avoid; "" for nothing."""
    parts: tuple[Part, ...] = ()
    """Where each piece of a compiled sentence comes from; none for one's own."""


def words_of_calls(
    motion: MotionControl,
    planned: Sequence[Call],
    *,
    prompt: str,
    lighting: str = "",
    advice: Advice,
    path: CameraPath | None,
    sentence: str | None = None,
    negative: str | None = None,
) -> tuple[CallWords, ...]:
    """What every call of a chain reads.

    Args:
        motion: camera, subjects, weather.
        planned: the calls of the clip; a single one draws all of it.
        prompt: the user's words, without style tags.
        lighting: a cue for the light of the whole sequence.
        advice: how the model's makers want it to be asked.
        path: the camera of every frame.
        sentence: what all calls read in place of the compiled sentence; None compiles it.
        negative: what all calls avoid in place of the makers' advice; None takes that.

    Returns:
        One for each call, in order.
    """
    found: list[CallWords] = []
    for call in planned:
        part = (call.begins, call.ends) if len(planned) > 1 else None
        parts: tuple[Part, ...] = ()
        text = sentence
        if text is None:
            compiled = compile_prompt(
                motion, prompt=prompt, lighting=lighting, wording=advice.wording, path=path,
                part=part,
            )  # fmt: skip
            text, parts = compiled.text, compiled.parts
        avoid = negative
        if avoid is None:
            avoid = advised_negative(
                advice.negative, motion, prompt=prompt, path=path, part=part, sentence=sentence
            )
        found.append(CallWords(text, avoid, parts))
    return tuple(found)


def words_of(
    assignment: Assignment, settings: BackendSettings, advice: Advice, planned: Sequence[Call]
) -> tuple[CallWords, ...]:
    """The same for an assignment; what it says itself goes before what the settings say."""
    sentence, negative = assignment.sentence, assignment.negative
    return words_of_calls(
        assignment.motion, planned, prompt=assignment.prompt, lighting=assignment.lighting,
        advice=advice, path=assignment.path,
        sentence=settings.sentence if sentence is None else sentence,
        negative=settings.negative if negative is None else negative,
    )  # fmt: skip


def advised_negative(
    advice: str,
    motion: MotionControl,
    *,
    prompt: str,
    path: CameraPath | None = None,
    part: tuple[float, float] | None = None,
    sentence: str | None = None,
) -> str:
    """The makers' advice without what would fight the camera that is asked for.

    Wan's makers advise to avoid "static", LTX's "jittery": a shot from a tripod would be asked for
    and forbidden in one breath, and so would a camera held by hand.

    Args:
        advice: terms with commas between them.
        motion, prompt, path, part: as for ``compile_prompt``.
        sentence: what the model reads in place of the compiled sentence; it then says what the
            camera does.
    """
    if sentence is None:
        strokes = camera_of(motion, prompt=prompt, path=path, part=part)
    else:
        words = read_words(sentence)
        if not words.says_camera:
            return advice
        strokes = strokes_of(words.control, None) or ()
    unwanted: frozenset[str] = frozenset()
    if all(stroke.type == "handheld" for stroke in strokes):
        unwanted |= _AGAINST_STILL
    if any(stroke.type == "handheld" for stroke in strokes):
        unwanted |= _AGAINST_SHAKE
    kept = [term for term in advice.split(",") if term.strip().lower() not in unwanted]
    return ",".join(kept).strip()


def check_said(words: Sequence[CallWords]) -> None:
    """Raise ``InvalidInstruction`` where a service would be sent no words at all."""
    if not all(one.text.strip() for one in words):
        raise InvalidInstruction(
            "A service needs a sentence that says what happens, and there is none. Write a "
            "prompt, or choose a camera move."
        )


def all_said(texts: Sequence[str]) -> str:
    """What the calls of a chain read, each sentence once, for the file's own story."""
    return " / ".join(dict.fromkeys(text for text in texts if text))
