"""What to do about a clip that failed: which repairs mend it, and how to ask for another one.

The advice for drawing anew is that of people who make clips with models: what flickers, melts or
tears gets steadier with less motion, plainer words and more time, and another seed is another try.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from synth.backends.protocol import Capabilities
from synth.errors import SynthError
from synth.limits import LIMITS
from synth.motion import CameraMove, MotionControl, SubjectAction
from synth.quality.model import Defect, Finding
from synth.shot.model import Shot
from synth.style.tags import read_tags, write_tag

Step = Literal["seed", "motion", "prompt", "length"]
"""A way to ask for another clip: another seed, less motion, plainer words, more time."""

Repair = Literal["deflicker", "denoise", "interpolate"]
"""What is done to a finished clip, in this order."""

CALMER: Final = 0.7
"""Share of the motion that is left after one step."""

LONGER: Final = 1.5
"""How many times as long a clip is after one step."""

_LEAST_MOTION: Final = 0.1
"""Intensity below which a move is left alone."""

_FEW_WORDS: Final = 8
"""Words that need no shortening."""

_MOST: Final[Mapping[Step, int]] = MappingProxyType[Step, int](
    {"motion": 2, "prompt": 2, "length": 1}
)
"""How often a step may be taken; a seed as often as there are attempts."""

_UNSTEADY: Final[tuple[Step, ...]] = ("seed", "motion", "prompt", "length")
_UNEVEN: Final[tuple[Step, ...]] = ("seed", "motion", "length")
_PICTURE: Final[tuple[Step, ...]] = ("seed", "prompt")

_ADVICE: Final[Mapping[Defect, tuple[Step, ...]]] = MappingProxyType(
    {
        "flicker": _UNSTEADY, "local_flicker": _UNSTEADY, "colour_drift": _UNSTEADY,
        "ghosts": _UNSTEADY, "trails": _UNSTEADY, "tearing": _UNSTEADY,
        "jitter": _UNEVEN, "judder": _UNEVEN, "drops": _UNEVEN, "duplicates": ("seed", "length"),
        "frozen": ("seed", "prompt"), "blur": _UNEVEN, "noise": ("seed",), "blocking": _PICTURE,
        "banding": _PICTURE, "clipping": _PICTURE, "black": _PICTURE, "letterbox": _PICTURE,
        "camera": ("seed", "prompt", "motion"),
    }
)  # fmt: skip

_REPAIRS: Final[Mapping[Defect, Repair]] = MappingProxyType(
    {
        "flicker": "deflicker", "noise": "denoise", "duplicates": "interpolate",
        "frozen": "interpolate", "judder": "interpolate",
    }
)  # fmt: skip
"""Repairs that leave a clip its size, rate, length and camera."""

_ORDER: Final[tuple[Repair, ...]] = ("deflicker", "denoise", "interpolate")


@dataclass(frozen=True)
class Change:
    """A shot as it is asked for next."""

    shot: Shot
    """The instructions."""
    steps: tuple[Step, ...]
    """Which steps were taken."""


def repairs_for(findings: Iterable[Finding], shot: Shot) -> tuple[Repair, ...]:
    """Repairs that the findings suggest, in the order in which they are done.

    Grain that was asked for is no noise.
    """
    wanted = {_REPAIRS[one.defect] for one in findings if one.defect in _REPAIRS}
    if shot.lens.grain > 0:
        wanted.discard("denoise")
    return tuple(one for one in _ORDER if one in wanted)


def next_try(
    shot: Shot,
    defects: Sequence[Defect],
    taken: Sequence[Step],
    tried: Sequence[Shot],
    capabilities: Capabilities,
    seed: int,
) -> Change | None:
    """Ask for the shot in another way.

    Args:
        shot: as it was asked for.
        defects: what was wrong, worst first; none where only the score was too low.
        taken: all steps so far.
        tried: all shots so far; none is asked for a second time.
        capabilities: of whoever draws it: one that paints nothing of its own needs no other seed,
            and words that nobody reads need not be plainer.
        seed: the next seed.

    Returns:
        The shot with another seed where that changes anything, and with one further step; None
        where nothing that would help is left.
    """
    wanted: list[Step] = [step for defect in defects for step in _ADVICE.get(defect, _UNSTEADY)]
    wanted = wanted or list(_UNSTEADY)
    changed = shot
    steps: list[Step] = []
    if "seed" in wanted and capabilities.generative:
        changed = changed.model_copy(update={"seed": seed})
        steps.append("seed")
    once: dict[Step, None] = dict.fromkeys(wanted)
    for step in once:
        if step == "seed" or taken.count(step) >= _MOST[step]:
            continue
        if step == "prompt" and capabilities.keeps.get("prompt", "not") == "not":
            continue
        further = _TAKE[step](changed)
        if further is not None and further not in tried:
            changed = further
            steps.append(step)
            break
    return Change(changed, tuple(steps)) if steps else None


def differences(asked: Shot, shot: Shot) -> tuple[str, ...]:
    """What a shot that was changed here is otherwise than it was asked for, in words."""
    found: list[str] = []
    if shot.seed != asked.seed:
        found.append("a new seed")
    was, now = _amount(asked.motion), _amount(shot.motion)
    if now < was:
        found.append(f"{1 - now / was:.0%} less motion")
    if shot.backend.sentence != asked.backend.sentence:
        found.append("a plainer sentence")
    if shot.prompt != asked.prompt:
        found.append("a plainer prompt")
    if shot.seconds != asked.seconds:
        found.append(f"{shot.seconds:g} s in place of {asked.seconds:g} s")
    return tuple(found)


def simpler(text: str) -> str | None:
    """Fewer words: the first sentence, or what comes before the last comma; None where few.

    Style tags stay.
    """
    tagged = read_tags(text)
    words = tagged.text.strip()
    if len(words.split()) <= _FEW_WORDS:
        return None
    first = re.split(r"(?<=[.!?;])\s|\n", words, maxsplit=1)[0].rstrip(" .;")
    if first == words.rstrip(" .;"):
        first = first.rpartition(",")[0].rstrip(" ,")
    if not first:
        return None
    return " ".join([first, *(write_tag(tag.name, tag.strength) for tag in tagged.tags)])


def calmer(motion: MotionControl) -> MotionControl | None:
    """The same motion with less of it; None where there is next to none."""
    if not any(_moves(move) for move in motion.camera) and not motion.objects:
        return None
    camera = tuple(
        move.model_copy(update={"intensity": max(_LEAST_MOTION, CALMER * move.intensity)})
        if _moves(move)
        else move
        for move in motion.camera
    )
    objects: tuple[SubjectAction, ...] = tuple(
        one.model_copy(update={"speed": CALMER * one.speed}) for one in motion.objects
    )
    return motion.model_copy(update={"camera": camera, "objects": objects})


def _amount(motion: MotionControl) -> float:
    moves = sum(move.intensity for move in motion.camera if move.type != "static")
    return moves or sum(one.speed for one in motion.objects)


def _moves(move: CameraMove) -> bool:
    return move.type != "static" and move.intensity > _LEAST_MOTION


def _less_motion(shot: Shot) -> Shot | None:
    # A keyed camera is a promise to the frame; only moves leave room.
    motion = calmer(shot.motion) if shot.trajectory is None else None
    return None if motion is None else shot.model_copy(update={"motion": motion})


def _plainer(shot: Shot) -> Shot | None:
    """What the model reads in fewer words: the person's own sentence, or the prompt."""
    sentence = shot.backend.sentence
    shorter = simpler(shot.prompt if sentence is None else sentence)
    if shorter is None:
        return None
    if sentence is None:
        return shot.model_copy(update={"prompt": shorter})
    backend = shot.backend.model_copy(update={"sentence": shorter})
    return shot.model_copy(update={"backend": backend})


def _more_time(shot: Shot) -> Shot | None:
    seconds = shot.seconds * LONGER
    if shot.trajectory is not None or seconds > LIMITS.clip_seconds:
        return None
    try:
        motion = shot.motion.with_duration(seconds)
    except SynthError:
        return None
    return shot.model_copy(update={"motion": motion})


_TAKE: Final[Mapping[Step, Callable[[Shot], Shot | None]]] = MappingProxyType(
    {"motion": _less_motion, "prompt": _plainer, "length": _more_time}
)
