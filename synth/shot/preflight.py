"""Before a render: what a backend keeps of a shot exactly, what through words, and what not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, Self, TypeVar

from synth.backends.chain import Call, calls, frames_of
from synth.backends.families import family
from synth.backends.prompts import Advice, Part, advice_for, compile_prompt
from synth.backends.prompts_calls import CallWords, advised_negative, check_said, words_of_calls
from synth.backends.prompts_camera import grouped, tell_camera
from synth.backends.prompts_scene import tell_air, tell_light, tell_subject
from synth.backends.prompts_strokes import Stroke, strokes_of
from synth.backends.prompts_words import read_words
from synth.backends.protocol import Capabilities, Instruction, Keeps
from synth.backends.settings import BackendSettings
from synth.camera.pose import CameraPath
from synth.errors import SynthError
from synth.render.settings import LensSettings
from synth.shot.model import Shot
from synth.shot.preflight_words import (
    COMPILED,
    FROM_GEOMETRY,
    GIVES_WAY,
    GUIDED,
    LOST,
    READS,
    REPLACED,
    TOLD,
)
from synth.style.model import StyleUse
from synth.style.resolve import check_fits
from synth.style.tags import read_tags

_SHAPE: Final = 0.02
"""Difference of two frames' shapes, as a share, from which cropping is worth a word."""
_USUAL_SHAPE: Final = (1500, 1000)
"""Of a photo that is not known yet, pixels."""
_T = TypeVar("_T")

_ONCE: Final = Call(0, 1, 0.0, 0.0)
"""The one call of whoever is not called in parts."""


@dataclass(frozen=True)
class Line:
    """One thing that a shot asks for."""

    instruction: Instruction
    """What kind of thing."""
    said: str
    """What is asked, in words."""
    keeps: Keeps
    """How it is kept."""
    why: str
    """What that means here, in a sentence or two."""


@dataclass(frozen=True)
class Preflight:
    """What will become of a shot, told before it is rendered."""

    lines: tuple[Line, ...]
    """Only for what the shot asks for."""
    problems: tuple[str, ...]
    """What stands in the way: it will not render until these are mended."""
    calls: int
    """How often the model is called: a clip that is too long for one call is a chain."""
    made: str
    """What the model makes, and what becomes of it, in a sentence; "" where no model paints."""
    sentence: str
    """What the model will read; "" where no model reads."""
    negative: str
    """What it is told to avoid."""
    cost: str
    """What it costs in money and time; "" for nothing worth saying."""
    parts: tuple[Part, ...] = ()
    """Where each piece of a compiled sentence comes from; none for one's own."""
    told: tuple[CallWords, ...] = ()
    """What each call of the model reads, in order: its own part of the sentence where that is
    compiled. None where no model reads."""

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems


def preflight(
    shot: Shot,
    capabilities: Capabilities,
    *,
    styles: Sequence[StyleUse] = (),
    photo_size: tuple[int, int] | None = None,
    lighting: str = "",
) -> Preflight:
    """What a backend will keep of a shot. Nothing is loaded, drawn or asked of anybody.

    Args:
        shot: with the backend's settings.
        capabilities: of that backend.
        styles: what the tags of the prompt asked for, found; tags in the shot's own prompt are
            left out of the sentence.
        photo_size: width and height of the photo, pixels; None is a photo of a usual shape.
        lighting: a cue for the light of a whole sequence.
    """
    found = _Problems()
    found.add(capabilities.missing)
    advice = found.tried(lambda: advice_for(shot.backend), Advice("plain"))
    own = shot.backend.sentence
    words = found.tried(lambda: read_tags(shot.prompt).text, "")
    if own is not None:
        tagged = own
        own = found.tried(lambda: read_tags(tagged).text, "")
    found.tried(lambda: check_fits(styles, capabilities), None)
    path = found.tried(shot.camera_path, None)
    parts: tuple[Part, ...] = ()
    sentence, negative = "", ""
    if reads(capabilities):
        sentence = own or ""
        if own is None:
            compiled = compile_prompt(
                shot.motion, prompt=words, lighting=lighting, wording=advice.wording, path=path
            )
            sentence, parts = compiled.text, compiled.parts
        negative = shot.backend.negative
        if negative is None:
            negative = advised_negative(
                advice.negative, shot.motion, prompt=words, path=path, sentence=own
            )
    frame = _Frame.of(shot, photo_size)
    plan = found.tried(lambda: _planned(shot, capabilities, frame), _Plan())
    told: tuple[CallWords, ...] = ()
    if reads(capabilities):
        told = words_of_calls(
            shot.motion, plan.planned, prompt=words, lighting=lighting, advice=advice, path=path,
            sentence=own, negative=shot.backend.negative,
        )  # fmt: skip
    found.tried(lambda: _check_settings(shot.backend, told), None)
    asked = _Asked(shot, capabilities, words, lighting, path, parts)
    return Preflight(
        lines=(*asked.lines(), *_output(shot, capabilities, plan, frame, told)),
        problems=tuple(dict.fromkeys(found.problems)),
        calls=plan.calls,
        made=plan.made,
        sentence=sentence,
        negative=negative,
        cost=_cost(capabilities, plan.calls),
        parts=parts,
        told=told,
    )


def reads(capabilities: Capabilities) -> bool:
    """Whether a backend's model reads a sentence at all."""
    return capabilities.keeps.get("prompt", "not") != "not"


@dataclass
class _Problems:
    """What stands in the way, as it is found."""

    problems: list[str] = field(default_factory=list)

    def add(self, problem: str) -> None:
        if problem:
            self.problems.append(problem)

    def tried(self, work: Callable[[], _T], otherwise: _T) -> _T:
        """What ``work`` gives; ``otherwise`` where it fails, and why is kept."""
        try:
            return work()
        except SynthError as error:
            self.add(str(error))
            return otherwise


@dataclass(frozen=True)
class _Frame:
    """The wanted frame."""

    width: int
    height: int
    known: bool
    """Whether its shape is: it may hang on a photo that is not there yet."""

    @classmethod
    def of(cls, shot: Shot, photo: tuple[int, int] | None) -> Self:
        known = photo is not None or shot.output.aspect != "photo"
        return cls(*shot.output.frame_size(*(photo or _USUAL_SHAPE)), known)

    @property
    def told(self) -> str:
        longer = f"{max(self.width, self.height)} pixels on the longer side"
        return f"{self.width}x{self.height}" if self.known else longer


@dataclass(frozen=True)
class _Plan:
    """How a model makes a clip."""

    planned: tuple[Call, ...] = (_ONCE,)
    made: str = ""
    size: tuple[int, int] | None = None
    """Of its own frames; None where it makes what is wanted."""

    @property
    def calls(self) -> int:
        """How many there are."""
        return len(self.planned)


def _planned(shot: Shot, capabilities: Capabilities, frame: _Frame) -> _Plan:
    rate, fps = capabilities.rate, shot.output.rate
    if rate is None:
        return _Plan()
    planned = calls(float(shot.frames / fps), capabilities.frames, rate, fps=fps)
    size = capabilities.sizes.fit(frame.width, frame.height)
    counts = {call.frames for call in planned}
    each = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else f"{planned[0].frames}"
    made = f"{each} frames of {size[0]}x{size[1]} at {_per_second(rate)}"
    if len(planned) > 1:
        made = (
            f"{len(planned)} calls of {made}, each begun on the last frame before it and held to "
            f"its colours: {frames_of(planned)} frames"
        )
    return _Plan(
        planned, f"{made}; brought to {shot.frames} of {frame.told} at {_per_second(fps)}.",
        size,
    )  # fmt: skip


def _per_second(rate: Fraction) -> str:
    return f"{float(rate):.5g} frames per second"


def _cost(capabilities: Capabilities, count: int) -> str:
    cost = capabilities.cost
    if count > 1 and cost:
        cost = f"{cost} This clip takes {count} calls."
    if capabilities.remote and "leaves this machine" not in cost:
        cost = f"{cost} The photo leaves this machine.".strip()
    return cost


def _check_settings(settings: BackendSettings, told: Sequence[CallWords]) -> None:
    """Raise ``InvalidInstruction`` for what a model would refuse once it is asked."""
    if settings.name == "guided":
        from synth.backends.guided.painting import check_scale

        check_scale(family(settings.family, guided=True), settings.guide_scale)
    if settings.name == "providers":
        check_said(told)


def _output(
    shot: Shot,
    capabilities: Capabilities,
    plan: _Plan,
    frame: _Frame,
    told: Sequence[CallWords],
) -> list[Line]:
    """Size, rate and length: always asked for."""
    size, rate, fps = plan.size, capabilities.rate, shot.output.rate
    scaled = "Drawn at this size."
    if size is not None and size != (frame.width, frame.height):
        scaled = f"Painted at {size[0]}x{size[1]}, then scaled"
        shape = size[0] * frame.height / (size[1] * frame.width)
        scaled += " and cropped about its centre." if abs(shape - 1.0) > _SHAPE else "."
    elif size is not None:
        scaled = "Painted at this size."
    timed = "Drawn at this rate."
    if rate is not None:
        timed = "Painted at this rate."
        if rate != fps:
            more = "made in between by optical flow" if fps > rate else "taken from these"
            timed = f"Painted at {_per_second(rate)}; the frames of this rate are {more}."
    long = "Drawn in one go."
    if rate is not None:
        long = "Painted in one call."
        if plan.calls > 1:
            long = (
                f"Longer than the {capabilities.longest_seconds:.3g} s of one call: {plan.calls} "
                "calls are chained, and their colours held steady."
            )
            if len({one.text for one in told}) > 1:
                long += " Each call reads its own part of the sentence."
    keeps = capabilities.keeps
    return [
        Line("size", frame.told, keeps.get("size", "not"), scaled),
        Line("rate", _per_second(fps), keeps.get("rate", "not"), timed),
        Line(
            "length", f"{shot.frames / float(fps):.4g} s, {shot.frames} frames",
            keeps.get("length", "not"), long,
        ),
    ]  # fmt: skip


class _Asked:
    """The lines of what a shot asks for beside its output."""

    def __init__(
        self,
        shot: Shot,
        capabilities: Capabilities,
        words: str,
        lighting: str,
        path: CameraPath | None,
        parts: Sequence[Part],
    ) -> None:
        self._shot = shot
        self._can = capabilities
        self._words = words
        self._lighting = lighting
        self._strokes = strokes_of(shot.motion, path)
        self._own = shot.backend.sentence is not None and reads(capabilities)
        self._read = read_words(words)
        self._parts = parts
        self._seconds = shot.seconds

    def lines(self) -> list[Line]:
        """All of them, in the order of the preflight."""
        return [*self._camera(), *self._scene(), *self._picture(), *self._text()]

    def _line(self, instruction: Instruction, said: str, why: str = "") -> Line:
        keeps = self._can.keeps.get(instruction, "not")
        if keeps == "in words" and self._own and instruction in COMPILED:
            return Line(instruction, said, "not", REPLACED)
        if keeps == "exactly":
            usual = GUIDED if self._can.generative else FROM_GEOMETRY
        else:
            usual = TOLD.get(instruction, READS)
            usual = usual if keeps == "in words" else LOST.get(instruction, "It has no effect.")
        return Line(instruction, said, keeps, why or usual)

    def _camera(self) -> list[Line]:
        strokes = self._strokes or ()
        moves = [one for one in strokes if one.type not in ("handheld", "zoom")]
        zooms = [one for one in strokes if one.type in ("zoom", "dolly_zoom")]
        shakes = [one for one in strokes if one.type == "handheld"]
        found: list[Line] = []
        # Where only the user's words move the camera, their own line tells of it.
        in_words = self._strokes is None and self._read.says_camera and reads(self._can)
        if moves or not (strokes or in_words):
            keyed = self._shot.trajectory
            said = self._told(moves)
            if keyed is not None:
                count = len(keyed.keys)
                said = f"Keyed, with {count} key{'s' * (count != 1)}. {said}"
            found.append(self._line("camera", said))
        if self._timed(moves + [one for one in zooms if one.type == "zoom"]):
            found.append(self._line("timing", self._told_timing()))
        if zooms:
            found.append(self._line("zoom", self._told(zooms)))
        if shakes:
            strongest = max(one.size for one in shakes)
            found.append(self._line("handheld", f"Held by hand, strength {strongest:.2g}."))
        if self._shot.loops:
            found.append(self._line("loop", "The last frame leads back into the first."))
        return found

    def _told(self, strokes: Sequence[Stroke]) -> str:
        if not strokes:
            return "The camera stands still."
        return tell_camera(strokes, self._seconds, "plain").moves

    def _timed(self, strokes: Sequence[Stroke]) -> bool:
        """Whether anything hangs on when things happen: more than one move that fills the clip."""
        if self._shot.trajectory is not None or len(grouped(strokes)) > 1:
            return bool(strokes)
        if any(move.easing is not None for move in self._shot.motion.camera):
            return bool(strokes)
        return any(one.start > 0.1 or one.end < self._seconds - 0.1 for one in strokes)

    def _told_timing(self) -> str:
        keyed = self._shot.trajectory
        if keyed is not None:
            return f"Every key at its own frame, over {self._seconds:.4g} s."
        told = [
            f"{timed.move.label.split(' ', 1)[1]} from {timed.start:.3g} to {timed.end:.3g} s"
            for timed in self._shot.motion.timeline
            if timed.move.type != "handheld"
        ]
        return f"{', '.join(told)}.".capitalize()

    def _scene(self) -> list[Line]:
        found: list[Line] = []
        if self._shot.motion.objects:
            said = " ".join(tell_subject(subject) for subject in self._shot.motion.objects)
            found.append(self._line("subjects", said))
        air = self._shot.motion.environmental
        if air is not None and (said := tell_air(air)):
            found.append(self._line("weather", said))
        return found

    def _picture(self) -> list[Line]:
        shot, found = self._shot, list[Line]()
        if said := _told_lens(shot.lens):
            found.append(self._line("lens", said))
        if shot.edge == "extend":
            found.append(self._line("edge", "The photo is continued past its edges."))
        if shot.seed:
            why = (
                "" if self._can.keeps.get("seed") != "exactly" else "The same seed, the same clip."
            )
            found.append(self._line("seed", f"Seed {shot.seed}.", why))
        return found

    def _text(self) -> list[Line]:
        found: list[Line] = []
        if self._own:
            found.append(
                self._line(
                    "prompt", "A sentence of your own.",
                    "The model reads it as it stands; camera, subjects and weather are not added "
                    "to it.",
                )
            )  # fmt: skip
        elif self._words.strip():
            line = self._line("prompt", _quoted(self._words))
            kept = " ".join(part.text for part in self._parts if part.instruction == "prompt")
            gives_way = reads(self._can) and kept != self._read.text
            found.append(replace(line, why=line.why + GIVES_WAY) if gives_way else line)
        if self._shot.backend.negative and reads(self._can):
            found.append(self._line("negative prompt", _quoted(self._shot.backend.negative)))
        if said := tell_light(self._lighting):
            found.append(self._line("lighting", said))
        return found


def _told_lens(lens: LensSettings) -> str:
    """The optical effects that are not as usual."""
    told: list[str] = []
    if lens.aperture > 0.0:
        told.append(f"depth of field {lens.aperture:g}")
    if lens.shutter_angle != LensSettings().shutter_angle:
        told.append(f"shutter {lens.shutter_angle:g}°")
    if lens.vignette > 0.0:
        told.append(f"vignette {lens.vignette:g}")
    if lens.grain > 0.0:
        told.append(f"grain {lens.grain:g}")
    return f"{', '.join(told)}.".capitalize() if told else ""


def _quoted(text: str) -> str:
    words = " ".join(text.split())
    return f"“{words if len(words) <= 120 else words[:119].rstrip() + '…'}”"
