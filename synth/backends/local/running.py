"""One call of a pipeline: watched, stopped when asked, and its pictures checked."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.backends.local.loading import LoadedPipeline
from synth.backends.local.machine import SAVERS, free_memory, save_memory
from synth.backends.local.zero_gpu import on_gpu
from synth.control import CancelToken, Progress, ProgressCallback
from synth.errors import InvalidMedia, LimitExceeded, SynthError, Unavailable
from synth.media.hub_file import brief

_FIRST_GUESS: Final = 4.0
"""Seconds of a step on a lent card, before any was measured: an estimate."""


def run_pipeline(
    loaded: LoadedPipeline,
    call: Mapping[str, Any],
    *,
    width: int,
    height: int,
    count: int,
    steps: int,
    guidance: float,
    seed: int,
    cancel: CancelToken,
    progress: ProgressCallback,
    stage: str = "Painting",
    done: int = 0,
    total: int | None = None,
) -> NDArray[np.uint8]:
    """The frames of one call.

    Noise comes from a generator on the CPU, so that a seed means the same on every card.
    Cancelling is looked at after every denoising step and also inside of it, before every block of
    every network, so that it takes one block's time (well below a second on a card). What cannot
    be stopped is a single block, and on ZeroGPU the lent process.

    Args:
        loaded: what runs.
        call: further arguments of the pipeline, such as ``prompt`` and ``image``.
        width: of the frames, pixels, lawful for ``loaded.family.sizes``; height likewise.
        height: see width.
        count: how many frames, lawful for ``loaded.family.frames``.
        steps: denoising steps.
        guidance: how hard the words are followed.
        seed: of the noise, any whole number.
        cancel: stops the work.
        progress: told after every step, on the caller's thread.
        stage: what progress calls it.
        done: steps of earlier calls; the report counts on from them.
        total: steps of all calls; None for this one's.

    Returns:
        Frames, uint8 sRGB, (count, height, width, 3).

    Raises:
        Cancelled: when asked to stop.
        LimitExceeded: the memory is not enough even with the strongest saver.
        InvalidMedia: numbers that are not finite, or other frames than were asked for.
        Unavailable: the pipeline fails in another way.
    """
    import torch

    def work(told: ProgressCallback) -> NDArray[np.uint8]:
        watch = _Watch(steps, cancel, told, stage, done, total or steps)
        options = {
            **call, "width": width, "height": height, "num_frames": count,
            "num_inference_steps": steps, "guidance_scale": guidance, "output_type": "np",
            "generator": torch.Generator("cpu").manual_seed(seed % 2**63),
            "callback_on_step_end": watch,
        }  # fmt: skip
        with stoppable(loaded.pipe, cancel):
            return _checked(loaded.pipe(**options).frames, count, width, height)

    while True:
        cancel.check()
        try:
            return on_gpu(work, seconds=_FIRST_GUESS * steps, cancel=cancel, progress=progress)
        except SynthError:
            raise
        except torch.OutOfMemoryError as error:
            failure: Exception = error
        except Exception as error:
            if "out of memory" not in str(error).lower():
                raise Unavailable(
                    f"{loaded.family.title} failed: {brief(error)}. Try other settings, or "
                    "another backend."
                ) from error
            failure = error
        finally:
            # A call that broke off leaves its models on the card.
            loaded.pipe.maybe_free_model_hooks()
        _next_saver(loaded, failure, f"{count} frames of {width}x{height}")


class _Watch:
    """What the pipeline calls after every step."""

    def __init__(
        self,
        steps: int,
        cancel: CancelToken,
        progress: ProgressCallback,
        stage: str,
        done: int,
        total: int,
    ) -> None:
        self._steps = steps
        self._cancel = cancel
        self._progress = progress
        self._stage = stage
        self._done = done
        self._total = total
        self._begun = time.monotonic()
        progress(Progress(stage, done, total))

    def __call__(
        self, pipe: Any, step: int, timestep: Any, values: dict[str, Any]
    ) -> dict[str, Any]:
        self._cancel.check()
        latents = values.get("latents")
        if latents is not None and not bool(latents.isfinite().all()):
            raise InvalidMedia(
                f"The model's numbers were no longer finite after step {step + 1} of "
                f"{self._steps}. Try another seed, lower the strength of the styles, or lower "
                "the guidance."
            )
        done = self._done + step + 1
        each = (time.monotonic() - self._begun) / (step + 1)
        self._progress(Progress(self._stage, done, self._total, each * (self._total - done)))
        return {}


@contextmanager
def stoppable(pipe: Any, cancel: CancelToken) -> Iterator[None]:
    """While this is open, every block of every network of a pipeline looks at ``cancel`` first."""
    import torch

    def look(*_: Any) -> None:
        cancel.check()

    hooks = []
    try:
        for one in pipe.components.values():
            if not isinstance(one, torch.nn.Module):
                continue
            hooks.append(one.register_forward_pre_hook(look))
            for group in one.modules():
                if isinstance(group, torch.nn.ModuleList):
                    hooks += [block.register_forward_pre_hook(look) for block in group]
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _checked(frames: Any, count: int, width: int, height: int) -> NDArray[np.uint8]:
    """The first clip of a pipeline's answer as whole codes."""
    clip = frames[0]
    shape = (len(clip), *np.shape(clip[0]))
    if shape != (count, height, width, 3):
        raise InvalidMedia(
            f"The model made {shape[0]} frames of {shape[2]}x{shape[1]} where {count} of "
            f"{width}x{height} were asked for. Choose another model of the family."
        )
    drawn = np.empty((count, height, width, 3), np.uint8)
    for index, frame in enumerate(clip):
        values = np.asarray(frame, np.float32)
        if not np.isfinite(values).all():
            raise InvalidMedia(
                f"Frame {index + 1} of {count} holds numbers that are not finite. Try another "
                "seed, or lower the strength of the styles."
            )
        drawn[index] = np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
    return drawn


def _next_saver(loaded: LoadedPipeline, failure: Exception, what: str) -> None:
    """Keep less on the card and let the caller try again, or say that nothing is left to try."""
    place = SAVERS.index(loaded.saver) + 1
    while loaded.machine.device == "cuda" and place < len(SAVERS):
        saver = SAVERS[place]
        free_memory(loaded.machine)
        try:
            save_memory(loaded.pipe, saver, loaded.machine)
        except (ValueError, NotImplementedError, AttributeError):
            place += 1
            continue
        loaded.saver = saver
        return
    known = f" of {loaded.machine.gigabytes:.0f} GB" if loaded.machine.gigabytes else ""
    raise LimitExceeded(
        f"The memory{known} of {loaded.machine.name} is not enough for {what} with "
        f"{loaded.family.title}. Choose a smaller frame, a shorter clip or a smaller model."
    ) from failure
