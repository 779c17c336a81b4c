"""The ``guided`` backend: our geometry draws the shot with holes, and a model repaints it.

What the photo showed moves exactly as the camera says, because it is the photo's own pixels; what
it never showed is painted by the model, which sees the rest. After the model the kept pixels are
laid back with a soft edge, unless that is switched off.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np

from synth.backends.chain import Call, calls, chained, frames_of
from synth.backends.conform import Conformed, conform
from synth.backends.families import Family, family
from synth.backends.guided.guide import Guide, GuideFrame, make_guide
from synth.backends.guided.keeping import laid_back
from synth.backends.guided.painting import Holes, check_scale, painting
from synth.backends.guided.warp import carried
from synth.backends.guided.warp_error import WarpMeter
from synth.backends.local.backend import cost_of
from synth.backends.local.calls import words_left_out
from synth.backends.local.loading import LoadedPipeline, Loader, load_pipeline
from synth.backends.local.loras import check_loras, obeyed
from synth.backends.local.machine import Machine, free_memory, missing_packages
from synth.backends.local.running import run_pipeline
from synth.backends.prompts import Advice
from synth.backends.prompts_calls import CallWords, all_said, words_of
from synth.backends.protocol import Assignment, Capabilities, Frame, Instruction, Keeps, Rendering
from synth.backends.settings import BackendSettings
from synth.camera.pose import CameraPath
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import Unavailable
from synth.render.coverage import zoomed
from synth.render.film import FilmSettings
from synth.render.lens import Print

NAME: Final = "guided"
_WAIT_SECONDS: Final = 0.1
_IN_WEATHER: Final = (
    "How exactly the model kept to the camera was not measured: weather has its own motion."
)


class GuidedBackend:
    """Draws shots by geometry and lets a model paint what the photo never showed."""

    def __init__(
        self,
        settings: BackendSettings,
        *,
        load: Loader | None = None,
        token: str | None = None,
        lay_back: bool = True,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            settings: family, model, steps, guidance, how hard the guide is followed, and words in
                place of the compiled ones.
            load: makes the pipeline; the real one takes it from the Hub and its cache.
            token: for weights that ask for an account; held by this object alone.
            lay_back: lay the photo's own pixels back over the model's where they were to be kept.

        Raises:
            InvalidInstruction: no such family.
        """
        self._settings = settings
        self._family = family(settings.family, guided=True)
        self._load = load
        self._token = token
        self._lay_back = lay_back
        self._loaded: LoadedPipeline | None = None
        self._told: Capabilities | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"GuidedBackend({self._family.name!r})"

    @property
    def capabilities(self) -> Capabilities:
        """What it obeys, and what it costs on this machine. Imports no AI package.

        "Exactly" holds for what the photo showed; what the model paints beside it follows.
        """
        if self._told is None:
            self._told = _capabilities(
                self._family,
                follows=self.follows,
                missing=missing_packages() if self._load is None else "",
            )
        return self._told

    def render(
        self,
        assignment: Assignment,
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
    ) -> Rendering:
        """Load the model and set up the guide now, paint as frames are asked for.

        A clip longer than one call is a chain: each further call's guide begins on the last
        picture made, and goes on with the geometry.

        Raises:
            Unavailable: packages, weights or the Hub are missing, or the model fails.
            InvalidInstruction: a style or model of another family, a guide's scale that the model
                does not take, or a clip that cannot be cut into calls.
            InvalidMedia: a broken style, or numbers that are not finite.
            LimitExceeded: not enough memory.
            Cancelled: when asked to stop.
        """
        if self.capabilities.missing:
            raise Unavailable(self.capabilities.missing)
        check_scale(self._family, self._settings.guide_scale)
        check_loras(assignment.loras, self._family)
        cancel.check()
        with self._held(cancel):
            loaded = self._pipeline(cancel, progress)
        own = loaded.family
        film, path = assignment.film, assignment.path
        planned = calls(float(len(path) / path.fps), own.frames, own.rate, fps=Fraction(path.fps))
        words = words_of(assignment, self._settings, Advice(own.wording, own.negative), planned)
        guide = make_guide(
            assignment, size=own.sizes.fit(film.width, film.height), count=frames_of(planned),
            rate=own.rate, prompt=all_said([one.text for one in words]),
            negative=all_said([one.negative for one in words]), cancel=cancel, progress=progress,
        )  # fmt: skip
        work = _Work(self, assignment, loaded, guide, planned, words, cancel, progress)
        whole = conform(
            work.frames(), rate=own.rate, width=film.width, height=film.height,
            fps=Fraction(path.fps), count=len(path), cancel=cancel,
        )  # fmt: skip
        seen = _seen(guide, path, film)
        return Rendering(
            frames=_printed(whole, film, loaded.machine),
            path=seen,
            depth=replace(guide.stage, path=seen, film=film).first_depth,
            notes=(*guide.notes, *self._notes(loaded, guide, assignment, words)),
            made_by=self._made_by(loaded, guide, assignment),
            closing_notes=lambda: (*work.closing_notes(), *whole.notes),
        )

    def close(self) -> None:
        """Let go of the model and its memory; the next clip loads it again."""
        with self._lock:
            loaded, self._loaded = self._loaded, None
        if loaded is not None:
            machine = loaded.machine
            del loaded
            free_memory(machine)

    @contextmanager
    def _held(self, cancel: CancelToken) -> Iterator[None]:
        while not self._lock.acquire(timeout=_WAIT_SECONDS):
            cancel.check()
        try:
            yield
        finally:
            self._lock.release()

    def _pipeline(self, cancel: CancelToken, progress: ProgressCallback) -> LoadedPipeline:
        if self._loaded is None:
            progress(Progress(f"Loading {self._family.title}"))
            if self._load is not None:
                self._loaded = self._load(self._family, self._settings.model, cancel, progress)
            else:
                self._loaded = load_pipeline(
                    self._family, self._settings.model, token=self._token, cancel=cancel,
                    progress=progress,
                )  # fmt: skip
        return self._loaded

    @property
    def follows(self) -> bool:
        """Whether the model is to follow the guide at all."""
        return self._settings.guide_scale > 0

    @property
    def keeps(self) -> bool:
        """Whether kept pixels are laid back: not where the model was told to ignore the guide."""
        return self._lay_back and self.follows

    def paint(
        self, work: _Work, call: Call, shown: list[Frame], holes: list[Holes]
    ) -> tuple[list[Frame], tuple[Holes, ...]]:
        """One call: the model's frames, and what is its own in them."""
        settings, loaded = self._settings, work.loaded
        own, loras = loaded.family, work.assignment.loras
        steps, count = settings.steps or own.steps, len(work.planned)
        words = work.words[call.number]
        arguments, painted = painting(
            loaded, shown, holes, prompt=words.text, negative=words.negative,
            scale=settings.guide_scale, loras=loras,
        )  # fmt: skip
        stage = "Painting" if count == 1 else f"Painting part {call.number + 1} of {count}"
        with (
            self._held(work.cancel),
            obeyed(loaded.pipe, loras, own, cancel=work.cancel) as said,
        ):
            work.say(said)
            drawn = run_pipeline(
                loaded, arguments, width=work.guide.width, height=work.guide.height,
                count=call.frames, steps=steps,
                guidance=own.guidance if settings.guidance is None else settings.guidance,
                seed=work.assignment.film.seed + call.number, cancel=work.cancel,
                progress=work.progress, stage=stage, done=call.number * steps,
                total=count * steps,
            )  # fmt: skip
        return list(drawn), painted

    def _notes(
        self,
        loaded: LoadedPipeline,
        guide: Guide,
        assignment: Assignment,
        words: tuple[CallWords, ...],
    ) -> tuple[str, ...]:
        count = len(words)
        own, film, scale = loaded.family, assignment.film, self._settings.guide_scale
        notes = [*loaded.notes]
        if scale == 0:
            notes.append(f"{own.title} was told to ignore the guide; it follows words alone.")
        elif self.keeps:
            notes.append(
                f"What the photo shows is the photo's own; what it never showed was painted by "
                f"{own.title}."
            )
        else:
            notes.append(f"All of the picture was repainted by {own.title} after the guide.")
        if _resized(guide, film) or own.rate != assignment.path.fps:
            notes.append(
                f"It was painted at {guide.width}x{guide.height} and {float(own.rate):g} frames "
                "per second; size and rate were changed afterwards."
            )
        if own.base == "ltx2" and not assignment.loras and scale > 0:
            notes.append(
                f"Without an adapter that was trained for it {own.title} follows a guide loosely. "
                "Add an in-context LoRA as a style."
            )
        if count > 1:
            notes.append(
                f"The clip is longer than the {float(own.frames.most / own.rate):.1f} s that the "
                f"model makes at "
                f"once; {count} parts were chained, each from the last frame of the one before."
            )
            if scale == 0 and own.pipeline == "WanVACEPipeline":
                notes.append("With the guide goes the picture to begin on: at 0 parts do not join.")
        left = words_left_out(loaded, [one.text for one in words])
        if left:
            notes.append(left)
        if own.base == "ltx2":
            notes.append("LTX-2 also made sound; it was left out.")
        if assignment.loop:
            notes.append("The camera closes its loop; what was painted may differ at the seam.")
        return tuple(notes)

    def _made_by(
        self, loaded: LoadedPipeline, guide: Guide, assignment: Assignment
    ) -> dict[str, str]:
        own, settings = loaded.family, self._settings
        guidance = own.guidance if settings.guidance is None else settings.guidance
        told = {
            "backend": NAME,
            "family": own.name,
            "model": loaded.model or settings.model or own.model,
            "revision": loaded.revision,
            "sentence": guide.prompt,
            "negative": guide.negative,
            "seed": str(assignment.film.seed),
            "steps": str(settings.steps or own.steps),
            "guidance": f"{guidance:g}",
            "guide": f"{settings.guide_scale:g}",
            "kept": "photo laid back" if self.keeps else "nothing laid back",
            "styles": ", ".join(f"{use.path.stem}:{use.strength:g}" for use in assignment.loras),
        }
        return {key: value for key, value in told.items() if value}


@dataclass(eq=False)
class _Work:
    """One shot being painted; what it learns on the way is told at the end."""

    backend: GuidedBackend
    assignment: Assignment
    loaded: LoadedPipeline
    guide: Guide
    planned: tuple[Call, ...]
    words: tuple[CallWords, ...]
    cancel: CancelToken
    progress: ProgressCallback

    def __post_init__(self) -> None:
        self._meter = WarpMeter()
        self._said: list[str] = []
        self._painted: tuple[Holes, ...] = ()

    def say(self, notes: tuple[str, ...]) -> None:
        """Note something for the end, once."""
        self._said.extend(one for one in notes if one not in self._said)

    def closing_notes(self) -> tuple[str, ...]:
        """What only the finished frames tell."""
        if not self.backend.follows:
            return tuple(self._said)
        if self._weather:
            return (*self._said, _IN_WEATHER)
        return (*self._said, self._meter.result.sentence)

    @property
    def _weather(self) -> bool:
        """Whether particles of their own motion hide that of the scene."""
        return self.guide.stage.film.weather is not None

    def frames(self) -> Iterator[Frame]:
        """The clip at the model's size and rate, kept pixels laid back."""
        first = next(iter(self.guide.frames(0, 1, cancel=self.cancel))).shown
        with closing(self.guide.frames(cancel=self.cancel)) as geometry:

            def finish(_: Call, index: int, picture: Frame) -> Frame:
                frame = next(geometry)
                if self.backend.follows and not self._weather:
                    self._meter.add(picture, frame, self._painted[index])
                if self.backend.keeps:
                    picture = laid_back(picture, frame.shown, self._painted[index], frame.acting)
                return picture

            # The colours of a later part are laid on what is shown: next to the photo's own pixels
            # a tint of the model's would be seen in the holes.
            yield from chained(self._draw, first, self.planned, finish=finish)

    def _draw(self, call: Call, start: Frame) -> Iterator[Frame]:
        """One call of the model on its part of the guide."""
        begin = round(Fraction(call.begins) * self.guide.path.fps)
        shown: list[Frame] = []
        holes: list[Holes] = []
        before: GuideFrame | None = None
        for index, frame in enumerate(
            self.guide.frames(begin, call.frames, cancel=self.cancel, progress=self.progress)
        ):
            picture = frame.shown
            if call.number and before is not None and index == 1:
                picture = self._gone_on(start, before, frame, begin)
            shown.append(picture)
            holes.append(frame.hole)
            before = frame
        shown[0] = start
        drawn, self._painted = self.backend.paint(self, call, shown, holes)
        yield from drawn

    def _gone_on(self, last: Frame, before: GuideFrame, frame: GuideFrame, place: int) -> Frame:
        """The second picture of a later part, which its model is told to keep whole, too.

        In its holes goes on what was painted before, where geometry's own guess would flash up.
        """
        path = self.guide.path
        cameras = path[place], path[place + 1]
        seen, there = carried(last, frame.nearness, *cameras)
        stood, _ = carried(before.acting.astype(np.uint8), frame.nearness, *cameras)
        free = frame.hole & there & (stood == 0)
        return np.where(free[..., None], seen, frame.shown)


def _printed(frames: Conformed, film: FilmSettings, machine: Machine) -> Iterator[Frame]:
    """Finished frames with vignette and grain; closing it stops the work and frees its memory."""
    last = Print(film.width, film.height, film.lens.vignette, film.lens.grain, film.seed)
    try:
        for index, frame in enumerate(frames):
            yield last.apply(frame, index) if last.active else frame
    finally:
        frames.close()
        free_memory(machine)


def _resized(guide: Guide, film: FilmSettings) -> bool:
    return (guide.width, guide.height) != (film.width, film.height)


def _seen(guide: Guide, path: CameraPath, film: FilmSettings) -> CameraPath:
    """The camera of the finished frames: the guide is scaled to cover them and cropped."""
    scale = max(film.width / guide.width, film.height / guide.height)
    longer = scale * max(guide.width, guide.height) / max(film.width, film.height)
    return zoomed(path, guide.stage.zoom * longer)


def _capabilities(own: Family, *, follows: bool, missing: str) -> Capabilities:
    drawn: tuple[Instruction, ...] = (
        "camera", "timing", "zoom", "handheld", "subjects", "weather", "lens", "edge",
    )  # fmt: skip
    exact: tuple[Instruction, ...] = ("seed", "size", "rate", "length")
    words: tuple[Instruction, ...] = ("prompt", "negative prompt", "lighting")
    keeps: dict[Instruction, Keeps] = {one: "exactly" for one in exact}
    keeps |= {one: "in words" for one in words}
    keeps |= {one: "exactly" if follows else "in words" for one in drawn}
    if not follows:
        never: tuple[Instruction, ...] = ("lens", "edge")
        keeps |= {one: "not" for one in never}
    keeps["loop"] = "not"
    return Capabilities(
        NAME, f"Photo geometry, repainted by {own.title}", keeps, sizes=own.sizes,
        frames=own.frames, rate=own.rate, style="lora", base=own.base, cost=cost_of(own),
        missing=missing,
    )  # fmt: skip
