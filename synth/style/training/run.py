"""``train_lora``: from checked references to a style's file."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.backends.protocol import Frame
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, LimitExceeded, Unavailable
from synth.limits import LIMITS
from synth.style.files import style_metadata
from synth.style.references import References
from synth.style.training import check
from synth.style.training.adapters import Adapter, adapted
from synth.style.training.bases import TrainingBase, Words
from synth.style.training.buckets import Piece, pieces_of, split
from synth.style.training.cache import Cache
from synth.style.training.captions import captions_of, trigger_of
from synth.style.training.check import Sample
from synth.style.training.files import thumbnail, write_comfyui, write_lora
from synth.style.training.loading import base_of, load_base, trained_family
from synth.style.training.loop import Desk, Loop
from synth.style.training.model import Effect, TrainedLora, Watch, ignore_moments
from synth.style.training.noise import seed_for
from synth.style.training.settings import TrainingSettings
from synth.style.training.state import State, print_of, read_state

if TYPE_CHECKING:
    import torch

_FREE = {
    "steps", "learning_rate", "checkpoint_every", "validate_every", "preview_every",
    "preview_steps", "device",
}  # fmt: skip
"""Settings that may change when a training goes on."""


def train_lora(
    references: References,
    settings: TrainingSettings | None = None,
    *,
    folder: Path,
    name: str = "style",
    output: Path | None = None,
    base: Any = None,
    token: str | None = None,
    resume: bool = True,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
    watch: Watch = ignore_moments,
) -> TrainedLora:
    """Train a style on a video model, by flow matching, and write it as ``.safetensors``.

    The model is asked from words alone; what it learns is applied to pictures. Cancelling is
    looked at before every block of the model, so it takes effect within a fraction of a step; the
    state is kept. The same references, settings and folder go on from there, bit for bit as if
    nothing had happened (on the same machine, and on a card as far as its own arithmetic repeats).

    Args:
        references: as ``check_references`` gives them.
        settings: how to train.
        folder: for the state, and for latents and captions that were worked out; made if missing.
        name: of the style; also calls it, unless the settings name a trigger.
        output: the file, ``folder / f"{name}.safetensors"`` unless given; another one for ComfyUI
            is written beside it.
        base: a loaded pipeline of diffusers in place of the weights that settings name. It is on
            the CPU, and is as before afterwards.
        token: for weights that ask for an account; kept nowhere.
        resume: whether to take up a state that is there.
        cancel: stops it.
        progress: told after every step, with the time left from the third on.
        watch: told losses, points of the curve and previews.

    Raises:
        InvalidMedia: there is no clip that can be learned from, or a state cannot be read.
        InvalidInstruction: weights of another family.
        Unavailable: packages, weights or the card are not there.
        LimitExceeded: the disk or the card's memory is not enough.
        Diverged: numbers that are none; the last good state is kept.
        Cancelled: on request; the state is kept.
    """
    settings = settings or TrainingSettings()
    token_ = cancel or CancelToken()
    began = time.monotonic()
    clips = references.usable().clips
    family = trained_family(settings.family)
    if base is None:
        base = load_base(settings, token=token, cancel=token_, progress=progress)
    elif not isinstance(base, TrainingBase):
        base = base_of(base, family)
    device = _device(settings)
    trigger = trigger_of(name, settings.trigger)
    pieces, notes = pieces_of(
        clips, base.reading, resolution=settings.resolution, frames=settings.frames
    )
    train, held = split(pieces, settings.held_out)
    if not held:
        notes = (
            *notes,
            "There is too little to hold anything back: the curve is measured on what is learned "
            "from, so it cannot tell whether the style holds for more than that.",
        )
    captions = captions_of((piece.clip.path for piece in pieces), trigger)
    _check_disk(folder)
    cache = Cache(folder / "cache", base)
    latents = cache.latents([*train, *held], device, token_, progress)
    words = cache.words([*sorted(set(captions.values())), f"{trigger}.", ""], device, token_)
    samples = [
        Sample(one, captions[piece.clip.path])
        for piece, one in zip([*train, *held], latents, strict=True)
    ]
    mark = _print(settings, base, [*train, *held], captions)
    state = _taken_up(folder, mark, settings) if resume else None
    if state is not None and state.learning_rate != settings.learning_rate:
        notes = (*notes, f"The learning rate changed at step {state.step}.")
    desk = Desk(base.experts, device)
    neutral = check.encoded_neutral(base, settings.resolution, device)
    gallery = _Gallery(base, settings, neutral, words[f"{trigger}."], device, desk, token_)
    with _memory_told(settings), adapted(base.experts, settings) as adapters:
        try:
            loop = Loop(
                base, settings, adapters, samples[: len(train)],
                [piece.bucket for piece in train], samples[len(train) :], words, device, desk,
                folder, mark, token_, progress, watch, gallery.preview,
            )  # fmt: skip
            if state is not None:
                loop.restore(state)
            begun = loop.step
            loop.run()
            progress(Progress("Checking the style"))
            effect = gallery.effect(adapters, [one.latents for one in loop.samples])
            desk.clear()
            made = TrainedLora(
                path=output or folder / f"{name}.safetensors",
                comfyui=(),
                base=family.base,
                rank=settings.rank,
                trigger=trigger,
                steps=loop.step,
                resumed_at=begun,
                losses=tuple(loop.losses[begun:]),
                validation=tuple(loop.validation),
                effect=effect,
                notes=notes,
                seconds=time.monotonic() - began,
            )
            return _written(made, name, settings, base, adapters, len(clips))
        finally:
            desk.clear()


@dataclass(frozen=True)
class _Gallery:
    """Neutral pictures redrawn, for previews and for the last check."""

    base: TrainingBase
    settings: TrainingSettings
    neutral: Sequence[torch.Tensor]
    words: Words
    device: Any
    desk: Desk
    cancel: CancelToken

    def preview(self, step: int) -> Frame:
        """The first of them in the style so far."""
        return check.shown(self.base, self._drawn(0), self.device)

    def effect(self, adapters: Sequence[Adapter], references: Sequence[torch.Tensor]) -> Effect:
        """All of them without and with the style, from the same noise."""
        numbers = range(len(self.neutral))
        for adapter in adapters:
            adapter.strength(0.0)
        plain = [self._drawn(k) for k in numbers]
        for adapter in adapters:
            adapter.strength(1.0)
        styled = [self._drawn(k) for k in numbers]
        pictures = [
            (
                check.shown(self.base, one, self.device),
                check.shown(self.base, other, self.device),
            )
            for one, other in zip(plain, styled, strict=True)
        ]
        return check.effect_of(plain, styled, references, pictures)

    def _drawn(self, number: int) -> torch.Tensor:
        return check.redrawn(
            self.base, self.base.experts, self.neutral[number], self.words,
            steps=self.settings.preview_steps, shift=self.settings.shift,
            seed=seed_for(self.settings.seed, "neutral", number), device=self.device,
            ready=self.desk.ready, cancel=self.cancel,
        )  # fmt: skip


def _device(settings: TrainingSettings) -> str:
    try:
        import torch
    except ImportError as error:
        raise Unavailable(
            "Training a LoRA needs torch, diffusers and peft, which this installation does not "
            'have. Run "make ai" (several gigabytes), or learn a look, which needs none of them.'
        ) from error
    there = torch.cuda.is_available()
    if settings.device == "cuda" and not there:
        raise Unavailable(
            "Training is to run on a CUDA card, and there is none here. Choose auto or cpu, learn "
            "a look, or train on Hugging Face Jobs."
        )
    return "cuda" if there and settings.device != "cpu" else "cpu"


def _check_disk(folder: Path) -> None:
    """Make the folder, with room for states and latents."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < LIMITS.free_disk_bytes:
        raise LimitExceeded(
            f"There are {free / 1e6:.0f} MB left on the disk; training needs at least "
            f"{LIMITS.free_disk_bytes / 1e6:.0f} MB. Make room and start again."
        )


@contextmanager
def _memory_told(settings: TrainingSettings) -> Iterator[None]:
    """Too little memory on the card is told with what would need less."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise LimitExceeded(
            f"The card's memory is not enough for clips of {settings.frames} frames at "
            f"{settings.resolution} pixels, {settings.batch} at a time. Choose fewer frames, a "
            "smaller resolution, batch or rank, or a smaller model; the last state is kept."
        ) from error


def _print(
    settings: TrainingSettings,
    base: TrainingBase,
    pieces: Sequence[Piece],
    captions: dict[Path, str],
) -> str:
    """Whose state a state is. Experts take turns, so with two the number of steps counts, too."""
    told = settings.model_dump(exclude=_FREE)
    if len(base.experts) > 1:
        told["steps"] = settings.steps
    seen = [
        (piece.clip.digest, str(piece.clip.start), piece.first, piece.bucket,
         captions[piece.clip.path])
        for piece in pieces
    ]  # fmt: skip
    return print_of(told, base.fingerprint(), seen)


def _taken_up(folder: Path, mark: str, settings: TrainingSettings) -> State | None:
    """The state to go on from; None where a new training begins.

    A finished training is not gone on with at another learning rate: that is a new one.
    """
    state = read_state(folder)
    if state is None or state.print != mark or state.step > settings.steps:
        return None
    if state.step == settings.steps and state.learning_rate != settings.learning_rate:
        return None
    return state


def _written(
    made: TrainedLora,
    name: str,
    settings: TrainingSettings,
    base: TrainingBase,
    adapters: list[Adapter],
    clips: int,
) -> TrainedLora:
    """The files of a finished training."""
    if not all(adapter.finite() for adapter in adapters):
        raise InvalidInstruction("The style's weights are no numbers; nothing was written.")
    alpha = settings.true_alpha
    first, last = made.validation[0][1], made.validation[-1][1]
    header = {
        **style_metadata(
            base=made.base,
            title=name,
            triggers=(made.trigger,),
            trained={
                "references": f"{clips} clips",
                "steps": str(made.steps),
                "learning rate": f"{settings.learning_rate:g}",
                "rank": str(settings.rank),
                "alpha": f"{alpha:g}",
                "validation loss": f"{first:.4f} to {last:.4f}",
                "effect": f"{100 * made.effect.moved:.0f} % of the way to the references",
            },
            thumbnail=thumbnail(made.effect.after),
        ),
        "ss_network_module": "peft.LoraConfig",
        "ss_network_dim": str(settings.rank),
        "ss_network_alpha": f"{alpha:g}",
        "ss_base_model_version": made.base,
        "ss_sd_model_name": settings.model or base.family.model,
        "ss_learning_rate": f"{settings.learning_rate:g}",
        "ss_optimizer": "AdamW",
        "ss_lr_scheduler": "constant_with_warmup",
        "ss_lr_warmup_steps": str(settings.warmup),
        "ss_steps": str(made.steps),
        "ss_seed": str(settings.seed),
        "ss_num_train_items": str(clips),
        "ss_timestep_sampling": "logit_normal",
        "ss_discrete_flow_shift": f"{settings.shift:g}",
        "ss_output_name": made.path.stem,
    }
    write_lora(made.path, adapters, header)
    others = write_comfyui(made.path, base.family, adapters, header)
    return TrainedLora(**{**vars(made), "comfyui": others})
