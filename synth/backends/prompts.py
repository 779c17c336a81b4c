"""The prompt compiler: what a shot asks for, as the sentence that a model's makers recommend.

Exact instructions become words: the camera with its order and pace, what the subjects do, the
weather and the light, beside what the user wrote. Nothing is said twice: what the user's own words
say of the camera stands where it is so, and gives way where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from synth.backends.families import Wording, family
from synth.backends.prompts_camera import tell_camera
from synth.backends.prompts_scene import names_air, tell_air, tell_light, tell_subject
from synth.backends.prompts_strokes import Stroke, strokes_of, within
from synth.backends.prompts_words import UserWords, agree, read_words, without_camera
from synth.backends.protocol import Instruction
from synth.backends.settings import BackendSettings
from synth.camera.pose import CameraPath
from synth.motion import MotionControl, SubjectAction

_LONG_WORDS: Final = 60
"""Words of the user's after which the camera is said before them: encoders cut off what is late."""
_STRENGTH: Final = 0.35
"""Difference of the weather's strength from which it is said again."""


@dataclass(frozen=True)
class Part:
    """A piece of a compiled prompt."""

    instruction: Instruction
    """What it was made from."""
    text: str
    """What it says: whole sentences."""


@dataclass(frozen=True)
class CompiledPrompt:
    """What a model is to read."""

    text: str
    """All of it: the parts with a space between them."""
    parts: tuple[Part, ...]
    """Where each piece comes from, in order."""


@dataclass(frozen=True)
class Advice:
    """How the makers of a model want to be asked."""

    wording: Wording
    """Whose words its prompt follows."""
    negative: str = ""
    """What they advise to avoid."""


def advice_for(settings: BackendSettings) -> Advice:
    """How the model that a backend's settings name is asked.

    Raises ``InvalidInstruction`` for a family that is not there.
    """
    if settings.name == "geometric":
        return Advice("plain")
    if settings.name == "providers":
        from synth.backends.providers.models import served

        model = served(settings)
        return Advice(model.wording, model.negative)
    own = family(settings.family, guided=settings.name == "guided")
    return Advice(own.wording, own.negative)


def compile_prompt(
    motion: MotionControl,
    *,
    prompt: str,
    lighting: str = "",
    wording: Wording,
    path: CameraPath | None = None,
    part: tuple[float, float] | None = None,
) -> CompiledPrompt:
    """The sentence for a model, and where each piece of it comes from.

    Args:
        motion: camera, subjects, weather.
        prompt: the user's words, without style tags.
        lighting: a cue for the light of the whole sequence.
        wording: whose advice is followed.
        path: the camera of every frame; where it is not what the moves of ``motion`` make, it was
            keyed, and it is described in their place.
        part: seconds of the clip, from and to, that this call of a chain draws; None is all of it.

    Returns:
        The text; "" only where there is nothing to say, as words of the user's alone never are.
    """
    told = _told(motion, prompt, path, part)
    words = told.words if told.stands else without_camera(told.words)
    camera = _camera(told.strokes, told.seconds, wording, words, stands=told.stands)
    scene = _scene(motion, words)
    user = [Part("prompt", words.text)] if words.text else []
    cue = tell_light(lighting)
    light = [Part("lighting", cue)] if cue else []
    # LTX's makers want the action first, the others' own examples begin with the camera.
    late = wording == "ltx" and len(words.text.split()) <= _LONG_WORDS
    parts = [*user, *scene, *camera, *light] if late else [*camera, *user, *scene, *light]
    return CompiledPrompt(" ".join(part.text for part in parts), tuple(parts))


def camera_of(
    motion: MotionControl,
    *,
    prompt: str,
    path: CameraPath | None = None,
    part: tuple[float, float] | None = None,
) -> tuple[Stroke, ...]:
    """What a model is told that the camera does, by its moves, its keys or the user's words.

    Args as for ``compile_prompt``; empty for a camera that stands still.
    """
    told = _told(motion, prompt, path, part)
    if told.stands:
        return strokes_of(told.words.control, None) or ()
    return told.strokes


@dataclass(frozen=True)
class _Told:
    """Who says what the camera does."""

    strokes: tuple[Stroke, ...]
    """What it does in the part that is told, from 0."""
    seconds: float
    """How long that part is."""
    words: UserWords
    """The user's words."""
    stands: bool
    """Whether these say what the camera does, and stand as they are."""


def _told(
    motion: MotionControl, prompt: str, path: CameraPath | None, part: tuple[float, float] | None
) -> _Told:
    seconds = len(path) / float(path.fps) if path is not None else motion.duration
    strokes = strokes_of(motion, path)
    words = read_words(prompt)
    asked = strokes_of(words.control, None) or ()
    stands = strokes is None and words.says_camera
    stands = stands or (strokes is not None and agree(words, strokes, asked))
    if strokes and part is not None:
        start, end = max(part[0], 0.0), min(part[1], seconds)
        whole = start <= 0.0 and end >= seconds - 1e-6
        strokes, seconds = within(strokes, start, end), max(end - start, 1e-3)
        # Words that tell the whole clip would have every call do all of it.
        stands = stands and (whole or len(asked) < 2)
    return _Told(strokes or (), seconds, words, stands)


def _camera(
    strokes: tuple[Stroke, ...],
    seconds: float,
    wording: Wording,
    words: UserWords,
    *,
    stands: bool,
) -> list[Part]:
    told = tell_camera(strokes, seconds, wording)
    found: list[Part] = []
    if told.moves and not stands:
        found.append(Part("zoom" if told.only_zoom else "camera", told.moves))
    if told.shake and not (stands and words.says_shake):
        found.append(Part("handheld", told.shake))
    if told.loop and not stands:
        found.append(Part("loop", told.loop))
    return found


def _scene(motion: MotionControl, words: UserWords) -> list[Part]:
    """Subjects and weather, but what the user's words say of them already."""
    found = [
        Part("subjects", tell_subject(subject))
        for subject in motion.objects
        if not any(_same(subject, other) for other in words.control.objects)
    ]
    air = motion.environmental
    if air is None:
        return found
    said = words.control.environmental
    here = names_air(words.text, air.particle_effects)
    if said is not None and said.particle_effects == air.particle_effects:
        here = abs(said.weather_intensity - air.weather_intensity) < _STRENGTH
    blows = said is not None and said.wind_direction == air.wind_direction
    told = tell_air(air, skip_particles=here, skip_wind=blows)
    return [*found, Part("weather", told)] if told else found


def _same(asked: SubjectAction, said: SubjectAction) -> bool:
    return asked.action == said.action and asked.direction in ("in_place", said.direction)
