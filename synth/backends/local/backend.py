"""The ``diffusers`` backend: a video model on this machine paints the clip from the photo."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from synth.backends.chain import Call, calls, chained
from synth.backends.conform import Conformed, conform, cover
from synth.backends.families import Family, family
from synth.backends.local.calls import arguments, words_left_out
from synth.backends.local.loading import LoadedPipeline, Loader, load_pipeline
from synth.backends.local.loras import check_loras, obeyed
from synth.backends.local.machine import Machine, free_memory, missing_packages, told_machine
from synth.backends.local.running import run_pipeline
from synth.backends.prompts import Advice
from synth.backends.prompts_calls import CallWords, all_said, words_of
from synth.backends.protocol import Assignment, Capabilities, Frame, Instruction, Keeps, Rendering
from synth.backends.settings import BackendSettings
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import Unavailable

NAME: Final = "diffusers"
_WAIT_SECONDS: Final = 0.1


@dataclass(frozen=True)
class _Order:
    """One clip as the model is asked for it."""

    words: tuple[CallWords, ...]
    """What each call reads."""
    width: int
    height: int
    steps: int
    guidance: float
    seed: int
    total: int
    """Steps of all calls."""


class DiffusersBackend:
    """Draws shots with one family of models. The pipeline that it loaded stays with the object."""

    def __init__(
        self,
        settings: BackendSettings,
        *,
        load: Loader | None = None,
        token: str | None = None,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            settings: family, model, steps, guidance, and words in place of the compiled ones.
            load: makes the pipeline; the real one takes it from the Hub and its cache.
            token: for weights that ask for an account; held by this object alone.

        Raises:
            InvalidInstruction: no such family.
        """
        self._settings = settings
        self._family = family(settings.family)
        self._load = load
        self._token = token
        self._loaded: LoadedPipeline | None = None
        self._told: Capabilities | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"DiffusersBackend({self._family.name!r})"

    @property
    def capabilities(self) -> Capabilities:
        """What the family obeys, and what it costs on this machine. Imports no AI package."""
        if self._told is None:
            self._told = capabilities_of(
                self._family, missing=missing_packages() if self._load is None else ""
            )
        return self._told

    def render(
        self,
        assignment: Assignment,
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
    ) -> Rendering:
        """Load the model now, paint as frames are asked for.

        A clip longer than one call is a chain of calls, each begun on the last frame before it.
        Cancelling takes one block of the network, well below a second on a card; on a CPU a block
        of a large model may take longer. Two clips of one object wait for each other.

        Raises:
            Unavailable: packages, weights or the Hub are missing, or the model fails.
            InvalidInstruction: a style or model of another family, or a clip that cannot be cut
                into calls.
            InvalidMedia: a broken style, or numbers that are not finite.
            LimitExceeded: not enough memory.
            Cancelled: when asked to stop.
        """
        if self.capabilities.missing:
            raise Unavailable(self.capabilities.missing)
        check_loras(assignment.loras, self._family)
        cancel.check()
        with self._held(cancel):
            loaded = self._pipeline(cancel, progress)
        own = loaded.family
        film, path = assignment.film, assignment.path
        planned = calls(float(len(path) / path.fps), own.frames, own.rate, fps=Fraction(path.fps))
        width, height = own.sizes.fit(film.width, film.height)
        order = self._order(assignment, loaded, width, height, planned)
        notes = self._notes(assignment, loaded, order, len(planned))
        later: list[str] = []

        def draw(call: Call, first: Frame) -> Iterator[Frame]:
            with (
                self._held(cancel),
                obeyed(loaded.pipe, assignment.loras, own, cancel=cancel) as said,
            ):
                later.extend(one for one in said if one not in later)
                words = order.words[call.number]
                drawn = run_pipeline(
                    loaded, arguments(loaded, words.text, words.negative, first),
                    width=width, height=height, count=call.frames, steps=order.steps,
                    guidance=order.guidance, seed=order.seed + call.number, cancel=cancel,
                    progress=progress, stage=_stage(call, len(planned)),
                    done=call.number * order.steps, total=order.total,
                )  # fmt: skip
            yield from drawn

        first = cover(assignment.photo, width, height)
        whole = conform(
            chained(draw, first, planned), rate=own.rate, width=film.width, height=film.height,
            fps=Fraction(path.fps), count=len(path), cancel=cancel,
        )  # fmt: skip
        return Rendering(
            frames=_freeing(whole, loaded.machine),
            path=path,
            notes=notes,
            made_by=self._made_by(loaded, order, assignment),
            closing_notes=lambda: (*later, *whole.notes),
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

    def _order(
        self,
        assignment: Assignment,
        loaded: LoadedPipeline,
        width: int,
        height: int,
        planned: tuple[Call, ...],
    ) -> _Order:
        settings, own = self._settings, loaded.family
        steps = settings.steps or own.steps
        return _Order(
            words_of(assignment, settings, Advice(own.wording, own.negative), planned),
            width,
            height,
            steps,
            own.guidance if settings.guidance is None else settings.guidance,
            assignment.film.seed,
            steps * len(planned),
        )

    def _notes(
        self, assignment: Assignment, loaded: LoadedPipeline, order: _Order, count: int
    ) -> tuple[str, ...]:
        own, path = loaded.family, assignment.path
        notes = [*loaded.notes]
        if (order.width, order.height, own.rate) != (
            assignment.film.width, assignment.film.height, Fraction(path.fps),
        ):  # fmt: skip
            notes.append(
                f"{own.title} painted {order.width}x{order.height} at {float(own.rate):g} frames "
                "per second; size and rate were changed afterwards."
            )
        if count > 1:
            notes.append(
                f"The clip is longer than the {own.usual_seconds:.1f} s that the model makes at "
                f"once; {count} parts were chained, each from the last frame of the one before."
            )
        left = words_left_out(loaded, [one.text for one in order.words])
        if left:
            notes.append(left)
        if own.base == "ltx2":
            notes.append("LTX-2 also made sound; it was left out.")
        return tuple(notes)

    def _made_by(
        self, loaded: LoadedPipeline, order: _Order, assignment: Assignment
    ) -> dict[str, str]:
        told = {
            "backend": NAME,
            "family": loaded.family.name,
            "model": loaded.model or self._settings.model or loaded.family.model,
            "revision": loaded.revision,
            "sentence": all_said([one.text for one in order.words]),
            "negative": all_said([one.negative for one in order.words]),
            "seed": str(order.seed),
            "steps": str(order.steps),
            "guidance": f"{order.guidance:g}",
            "styles": ", ".join(f"{use.path.stem}:{use.strength:g}" for use in assignment.loras),
        }
        return {key: value for key, value in told.items() if value}


def capabilities_of(own: Family, *, missing: str = "") -> Capabilities:
    """What a family obeys on this machine. Imports no AI package."""
    words: tuple[Instruction, ...] = (
        "camera", "timing", "zoom", "handheld", "subjects", "weather", "prompt", "lighting",
    )  # fmt: skip
    exact: tuple[Instruction, ...] = ("seed", "size", "rate", "length")
    keeps: dict[Instruction, Keeps] = {one: "in words" for one in words}
    keeps |= {one: "exactly" for one in exact}
    keeps["negative prompt"] = "in words"
    never: tuple[Instruction, ...] = ("lens", "edge", "loop")
    keeps |= {one: "not" for one in never}
    return Capabilities(
        NAME, f"{own.title} on this machine", keeps, sizes=own.sizes, frames=own.frames,
        rate=own.rate, style="lora", base=own.base, cost=cost_of(own), missing=missing,
    )  # fmt: skip


def cost_of(own: Family) -> str:
    """What a clip costs here, in a sentence: weights, memory, and an honest word about time."""
    machine = told_machine()
    weights = f"The weights take about {own.gigabytes:.0f} GB, fetched at the first use."
    if machine.device == "cpu":
        return f"{weights} Without a card a clip takes hours on the CPU."
    if machine.gigabytes >= own.gigabytes + 6:
        return (
            f"{weights} {machine.name} ({machine.gigabytes:.0f} GB) holds them; a clip takes "
            "minutes."
        )
    return (
        f"{weights} {machine.name} has {machine.gigabytes:.0f} GB, so they come to it in parts; a "
        "clip takes many minutes."
    )


def _stage(call: Call, count: int) -> str:
    return "Painting" if count == 1 else f"Painting part {call.number + 1} of {count}"


def _freeing(frames: Conformed, machine: Machine) -> Iterator[Frame]:
    """Frames, and the memory of the work given back when they are through or closed."""
    try:
        yield from frames
    finally:
        frames.close()
        free_memory(machine)
