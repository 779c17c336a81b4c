"""The steps of a training: noise, error, step, and now and then a look at what came of it.

Everything random in a step comes from the run's seed and the step's number, so a run that was
stopped and taken up again is the uninterrupted one, bit for bit, on the same machine.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synth.backends.protocol import Frame
from synth.control import CancelToken, Progress, ProgressCallback
from synth.errors import Cancelled
from synth.style.training.adapters import Adapter
from synth.style.training.bases import Expert, TrainingBase, Words
from synth.style.training.check import Sample, batched, error_of, validation_loss
from synth.style.training.model import Diverged, Moment, Watch
from synth.style.training.noise import gauss, level_at, seed_for
from synth.style.training.settings import TrainingSettings
from synth.style.training.state import State, optimiser_tensors, restore_optimiser, save_state

if TYPE_CHECKING:
    import torch

_LONGEST_STEP: Final = 1.0
"""Largest norm of a step's gradient; a larger one is scaled down to it."""
_TIMED: Final = 3
"""Steps after which the time left is told."""
_LARGE: Final = 100_000_000
"""Weights from which on activations are worked out twice rather than kept."""


class Desk:
    """Where experts stand: on the device while they are asked, one at a time, else at home."""

    def __init__(self, experts: Sequence[Expert], device: Any) -> None:
        """Move nothing yet."""
        self._experts = experts
        self._device = device
        self._there: Expert | None = None

    def ready(self, expert: Expert) -> None:
        """Put an expert on the device, and the others home."""
        if self._there is not None and self._there.name == expert.name:
            return
        self.clear()
        expert.model.to(self._device)
        self._there = expert

    def clear(self) -> None:
        """All home."""
        if self._there is not None:
            self._there.model.to("cpu")
            self._there = None


@contextmanager
def watched(experts: Sequence[Expert], cancel: CancelToken) -> Iterator[None]:
    """Cancel is looked at before every block of a model, so within a step, too."""
    hooks = []
    for expert in experts:
        blocks = getattr(expert.model, "blocks", None) or expert.model.transformer_blocks
        hooks += [block.register_forward_pre_hook(lambda *_: cancel.check()) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def thrifty(experts: Sequence[Expert]) -> Iterator[None]:
    """Large models keep few activations while they are trained."""
    large = [
        one.model
        for one in experts
        if sum(weight.numel() for weight in one.model.parameters()) > _LARGE
    ]
    for model in large:
        model.enable_gradient_checkpointing()
    try:
        yield
    finally:
        for model in large:
            model.disable_gradient_checkpointing()


def batch_at(step: int, buckets: Sequence[object], size: int, seed: int) -> list[int]:
    """Which samples a step looks at: each once in a round, those of a batch of one bucket.

    Args:
        step: number of the step, from 0.
        buckets: of every sample.
        size: most samples of a batch.
        seed: of the order, which changes from round to round.
    """
    import random

    groups: dict[object, list[int]] = {}
    for number, bucket in enumerate(buckets):
        groups.setdefault(bucket, []).append(number)
    length = sum(-(-len(group) // size) for group in groups.values())
    order = random.Random(seed_for(seed, "round", step // length))
    batches: list[list[int]] = []
    for group in groups.values():
        mixed = group.copy()
        order.shuffle(mixed)
        batches += [mixed[k : k + size] for k in range(0, len(mixed), size)]
    order.shuffle(batches)
    return batches[step % length]


@dataclass
class Loop:
    """One training, from its state on to the last step."""

    base: TrainingBase
    """What is trained on."""
    settings: TrainingSettings
    """How."""
    adapters: list[Adapter]
    """Trained weights, one for each expert."""
    samples: Sequence[Sample]
    """What is learned from."""
    buckets: Sequence[object]
    """Of every sample."""
    held_out: Sequence[Sample]
    """What is validated on."""
    words: Mapping[str, Words]
    """Of every caption and of ""."""
    device: Any
    """Where it computes."""
    desk: Desk
    """Who stands there."""
    folder: Path
    """Where states go."""
    print: str
    """Whose states they are."""
    cancel: CancelToken
    progress: ProgressCallback
    watch: Watch
    preview: Callable[[int], Frame]
    """Draws a preview after so many steps."""
    step: int = 0
    """Steps done."""
    losses: list[float] = field(default_factory=list)
    """Of every step."""
    validation: list[tuple[int, float]] = field(default_factory=list)
    """The curve."""

    def __post_init__(self) -> None:
        """Make an optimiser for each expert."""
        import torch

        self._optimisers = [
            torch.optim.AdamW(
                list(adapter.parameters().values()),
                lr=self.settings.learning_rate,
                weight_decay=self.settings.weight_decay,
            )
            for adapter in self.adapters
        ]
        self._saved = -1
        self._times: deque[float] = deque(maxlen=20)
        self._own: dict[str, float] = {}

    def restore(self, state: State) -> None:
        """Take up a state."""
        import torch

        tensors = state.tensors
        for adapter, optimiser in zip(self.adapters, self._optimisers, strict=True):
            start = f"{adapter.expert.name}/"
            own = {
                key.removeprefix(start): value
                for key, value in tensors.items()
                if key.startswith(start)
            }
            with torch.no_grad():
                for name, parameter in adapter.parameters().items():
                    parameter.copy_(own[f"weight/{name}"])
            moments = {key: value for key, value in own.items() if not key.startswith("weight/")}
            restore_optimiser(optimiser, adapter.parameters(), moments, self.device)
        self.step = self._saved = state.step
        self.losses = list(state.losses)
        self.validation = list(state.validation)

    def save(self) -> None:
        """Write the state, unless it is there already."""
        if self._saved == self.step:
            return
        tensors: dict[str, torch.Tensor] = {}
        for adapter, optimiser in zip(self.adapters, self._optimisers, strict=True):
            named = adapter.parameters()
            start = adapter.expert.name
            for name, parameter in named.items():
                tensors[f"{start}/weight/{name}"] = parameter.detach().cpu().clone().contiguous()
            for key, value in optimiser_tensors(optimiser, named).items():
                tensors[f"{start}/{key}"] = value
        save_state(
            State(
                self.print, self.step, self.settings.learning_rate, tensors, tuple(self.losses),
                tuple(self.validation),
            ),
            self.folder,
        )  # fmt: skip
        self._saved = self.step

    def run(self) -> None:
        """Do the steps that are left.

        Raises ``Diverged`` on numbers that are none and ``Cancelled``; in both cases, and where the
        card's memory is not enough, the last good state is on disk.
        """
        import torch

        try:
            with watched(self.base.experts, self.cancel), thrifty(self.base.experts):
                while True:
                    self._look()
                    if self.step >= self.settings.steps:
                        break
                    self._do_step()
                    if self.step % self.settings.checkpoint_every == 0:
                        self.save()
            self.save()
        except torch.OutOfMemoryError:
            self.save()
            raise
        except Cancelled:
            self.save()
            raise Cancelled(
                f"Stopped after step {self.step} of {self.settings.steps}. Start it again with "
                "the same clips and settings, and it goes on from there."
            ) from None

    def _look(self) -> None:
        """A point of the curve and a preview where they are due; the first and last always are."""
        settings = self.settings
        last = self.step == settings.steps
        known = bool(self.validation) and self.validation[-1][0] == self.step
        if not known and (last or self.step % settings.validate_every == 0):
            value = self._validate()
            self.validation.append((self.step, value))
            self.watch(
                Moment(
                    self.step, settings.steps, validation=value, seconds_left=self._left(),
                    loss=self.losses[-1] if self.losses else None,
                )
            )  # fmt: skip
        if settings.preview_every and self.step and self.step % settings.preview_every == 0:
            picture = self.preview(self.step)
            self.watch(
                Moment(self.step, settings.steps, seconds_left=self._left(), preview=picture)
            )

    def _validate(self) -> float:
        """The mean of all experts; those whose turn it is not have not changed."""
        active = self._active(min(self.step, self.settings.steps - 1))
        # Where a turn has just ended, the one before has changed, too.
        before = self._active(max(self.step - 1, 0))
        for adapter in self.adapters:
            name = adapter.expert.name
            if name in self._own and adapter is not active and adapter is not before:
                continue
            self.desk.ready(adapter.expert)
            self._own[name] = validation_loss(
                self.base, adapter.expert, self.held_out or self.samples, self.words,
                shift=self.settings.shift, seed=self.settings.seed, device=self.device,
                cancel=self.cancel,
            )  # fmt: skip
        return sum(self._own.values()) / len(self._own)

    def _active(self, step: int) -> Adapter:
        """Whose turn it is: each expert has an equal stretch of the steps."""
        return self.adapters[step * len(self.adapters) // self.settings.steps]

    def _rate(self, step: int) -> float:
        """The learning rate: rises within each turn, then stays."""
        count, steps = len(self.adapters), self.settings.steps
        turn = step * count // steps
        begun = -(-turn * steps // count)
        risen = (step - begun + 1) / (self.settings.warmup + 1)
        return self.settings.learning_rate * min(1.0, risen)

    def _do_step(self) -> None:
        import torch

        self.cancel.check()
        began = time.monotonic()
        step = self.step
        adapter = self._active(step)
        optimiser = self._optimisers[self.adapters.index(adapter)]
        self.desk.ready(adapter.expert)
        clean, levels, noise, words = self._drawn(step, adapter.expert)
        for group in optimiser.param_groups:
            group["lr"] = self._rate(step)
        optimiser.zero_grad(set_to_none=True)
        error = error_of(self.base, adapter.expert, clean, noise, levels, words)
        loss = float(error.detach())
        if not math.isfinite(loss):
            self._give_up(f"the loss is {loss}")
        error.backward()
        parameters = list(adapter.parameters().values())
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, _LONGEST_STEP))
        if not math.isfinite(norm):
            self._give_up(f"the gradient is {norm}")
        optimiser.step()
        if not adapter.finite():
            self._give_up("the weights are no numbers any more", broken=True)
        self.step += 1
        self.losses.append(loss)
        self._times.append(time.monotonic() - began)
        self._tell(loss)

    def _drawn(
        self, step: int, expert: Expert
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
        """Clips, levels, noise and words of a step."""
        import torch

        settings = self.settings
        picked = batch_at(step, self.buckets, settings.batch, settings.seed)
        clean = torch.cat([self.samples[k].latents for k in picked]).to(self.device)
        chance = torch.Generator().manual_seed(seed_for(settings.seed, "levels", step))
        shares = torch.rand(2, len(picked), generator=chance).tolist()
        levels = [level_at(share, settings.shift, expert.noise) for share in shares[0]]
        captions = [
            "" if drop < settings.caption_dropout else self.samples[k].caption
            for k, drop in zip(picked, shares[1], strict=True)
        ]
        noise = gauss(tuple(clean.shape), seed_for(settings.seed, "noise", step))
        return (
            clean,
            torch.tensor(levels, device=self.device),
            noise.to(self.device),
            batched([self.words[caption] for caption in captions]),
        )

    def _give_up(self, why: str, *, broken: bool = False) -> None:
        if not broken:
            self.save()
        kept = max(self._saved, 0)
        said = f"Its last good state, step {kept}, is kept in {self.folder}" if kept else (
            "No step was good"
        )  # fmt: skip
        raise Diverged(
            f"Training stopped in step {self.step + 1} of {self.settings.steps}: {why}. {said}. "
            f"Train again with a lower learning rate than {self.settings.learning_rate:g}; a "
            "third of it is a good try."
        )

    def _left(self) -> float | None:
        if len(self._times) < _TIMED:
            return None
        return sum(self._times) / len(self._times) * (self.settings.steps - self.step)

    def _tell(self, loss: float) -> None:
        left = self._left()
        said = ""
        if len(self._times) == _TIMED and left is not None:
            one = sum(self._times) / len(self._times)
            said = f"A step takes {one:.2g} s: about {spoken(left)} to go."
        self.progress(Progress("Training", self.step, self.settings.steps, left))
        self.watch(Moment(self.step, self.settings.steps, loss, seconds_left=left, said=said))


def spoken(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
