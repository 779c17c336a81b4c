"""From a family's name to a pipeline that is ready to run: weights found, fetched and placed."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from synth.backends.families import Family
from synth.backends.local.machine import (
    Machine,
    Saver,
    choose_saver,
    dtypes,
    free_memory,
    memory_gigabytes,
    missing_packages,
    real_machine,
    save_memory,
    working_gigabytes,
)
from synth.backends.local.weights import Weights, find_weights
from synth.backends.protocol import FrameRule, SizeRule
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, SynthError, Unavailable
from synth.media.hub_file import brief

_POLL_SECONDS = 0.1
_TOLERABLE = 1.25
"""How much larger than the machine's memory weights may be: they are mapped, not read at once."""


@dataclass
class LoadedPipeline:
    """A pipeline on its machine. ``saver`` alone changes, when memory runs out."""

    pipe: Any
    """Of diffusers."""
    family: Family
    """What it is, with the sizes and frame counts that these very weights make."""
    machine: Machine = field(default_factory=lambda: Machine("cpu", "the CPU", 0.0))
    """Where it computes."""
    model: str = ""
    """Repository or folder that it came from."""
    revision: str = ""
    """Commit of the repository; "" where nobody knows."""
    saver: Saver = "none"
    """How its weights are kept."""
    notes: tuple[str, ...] = ()
    """What the user should know of it."""


Loader = Callable[[Family, str, CancelToken, ProgressCallback], LoadedPipeline]
"""Makes a pipeline ready: family, model ("" for the family's own), cancel, progress. Tests give
their own; ``load_pipeline`` is the real one."""


def load_pipeline(
    family: Family,
    model: str = "",
    *,
    token: str | None = None,
    cancel: CancelToken,
    progress: ProgressCallback = ignore_progress,
) -> LoadedPipeline:
    """Load a family's pipeline from the Hub's cache, or from the Hub, onto what is here.

    Only ``.safetensors`` are read and no code of a repository is ever run.

    Args:
        family: which pipeline.
        model: other weights than the family's own, owner/name on the Hub.
        token: for weights that ask for an account; used for this and kept nowhere.
        cancel: returns within a fraction of a second. A part that is being read from disk then is
            read to its end by a thread that nobody waits for, and let go.
        progress: told in bytes while weights are fetched.

    Raises:
        Unavailable: packages, weights or the Hub cannot be had.
        InvalidInstruction: the model is of another family.
        Cancelled: when asked to stop.
    """
    lacking = missing_packages()
    if lacking:
        raise Unavailable(lacking)
    weights = find_weights(family, model, token=token, cancel=cancel, progress=progress)
    cancel.check()
    progress(Progress(f"Loading {family.title}"))
    machine = real_machine()
    # What was loaded before and is not wanted any more must be gone first.
    free_memory(machine)

    def work() -> LoadedPipeline:
        pipe = _built(family, weights, dtypes(machine))
        cancel.check()
        return placed(pipe, family, machine, weights)

    return _unless_stopped(work, cancel)


def _unless_stopped(work: Callable[[], LoadedPipeline], cancel: CancelToken) -> LoadedPipeline:
    """What ``work`` gives, done on a thread of its own: reading gigabytes cannot be interrupted."""
    given: list[LoadedPipeline] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            given.append(work())
        except BaseException as error:
            failed.append(error)

    worker = threading.Thread(target=run, name="load-pipeline", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(_POLL_SECONDS)
        cancel.check()
    if failed:
        raise failed[0]
    return given[0]


def placed(pipe: Any, family: Family, machine: Machine, weights: Weights) -> LoadedPipeline:
    """Put a pipeline on its machine, with whatever makes it fit."""
    pipe.set_progress_bar_config(disable=True)
    for one in pipe.components.values():
        if hasattr(one, "requires_grad_"):
            one.requires_grad_(False).eval()
    own = fitted(family, pipe)
    working = working_gigabytes(own.sizes.most_pixels, 1, own.usual_frames)
    parts = part_gigabytes(pipe)
    saver = choose_saver(parts, machine, working)
    save_memory(pipe, saver, machine)
    return LoadedPipeline(
        pipe, own, machine, weights.name, weights.revision, saver,
        _notes(own, machine, saver, sum(parts.values())),
    )  # fmt: skip


def part_gigabytes(pipe: Any) -> dict[str, float]:
    """Weights of each network of a pipeline, GB."""
    import torch

    return {
        name: sum(one.numel() * one.element_size() for one in part.parameters()) / 1e9
        for name, part in pipe.components.items()
        if isinstance(part, torch.nn.Module)
    }


def fitted(family: Family, pipe: Any) -> Family:
    """A family with the rules that a pipeline's own weights set, where they are narrower.

    The first CogVideoX learned its places by heart and draws one size and one length; any set of
    weights may have patches of its own.
    """
    transformer = pipe.transformer if pipe.transformer is not None else pipe.transformer_2
    config = transformer.config
    vae = pipe.vae
    across = getattr(pipe, "vae_scale_factor_spatial", None)
    if across is None:
        across = getattr(pipe, "vae_spatial_compression_ratio", None)
    if across is None:
        across = getattr(vae, "spatial_compression_ratio", 8)
    patch = config.patch_size
    patch = patch if isinstance(patch, int) else patch[-1]
    multiple = math.lcm(int(across) * patch, family.sizes.multiple)
    sizes = family.sizes
    if multiple != sizes.multiple:
        sizes = replace(sizes, multiple=multiple)
    frames = family.frames
    if getattr(config, "use_learned_positional_embeddings", False):
        only = (config.sample_width * across, config.sample_height * across)
        sizes = SizeRule(multiple, min(only), only[0] * only[1], (only,))
        frames = FrameRule(frames.step, frames.offset, config.sample_frames, config.sample_frames)
    return replace(family, sizes=sizes, frames=frames)


def _built(family: Family, weights: Weights, formats: dict[str, Any]) -> Any:
    import diffusers

    kind = getattr(diffusers, family.pipeline)
    try:
        pipe = kind.from_pretrained(
            str(weights.folder), dtype=formats, local_files_only=True, use_safetensors=True
        )
    except SynthError:
        raise
    except Exception as error:
        raise Unavailable(
            f"The weights of {family.title} in {weights.name} cannot be loaded: {brief(error)}. "
            "They may be incomplete, or made for another version; delete them from the Hub's "
            "cache and try again."
        ) from error
    wrong = _other_family(family, pipe)
    if wrong:
        raise InvalidInstruction(
            f"{weights.name} is no {family.title}: {wrong}. Choose its own family, or another "
            "model."
        )
    return pipe


def _other_family(family: Family, pipe: Any) -> str:
    """What tells that a pipeline of the right class holds another family's weights."""
    if family.pipeline != "WanImageToVideoPipeline":
        return ""
    config = pipe.config
    two = pipe.transformer is not None and pipe.transformer_2 is not None
    is_5b = bool(config.get("expand_timesteps"))
    if (family.base == "wan2.2-5b") != is_5b:
        return "its first picture is given to it in another way"
    if (family.base == "wan2.2-14b") != two:
        return f"it has {'two transformers' if two else 'one transformer'}"
    return ""


def _notes(family: Family, machine: Machine, saver: Saver, weights: float) -> tuple[str, ...]:
    notes: list[str] = []
    if machine.device == "cpu":
        notes.append(
            f"{family.title} runs on the CPU, because no card was found: expect hours rather than "
            "minutes."
        )
        held = memory_gigabytes()
        if held and weights > held * _TOLERABLE:
            notes.append(
                f"Its weights take {weights:.0f} GB and this machine has {held:.0f} GB, so most "
                "of the time goes into reading them from disk."
            )
    elif saver != "none":
        notes.append(
            f"{family.title} takes {weights:.0f} GB and {machine.name} has "
            f"{machine.gigabytes:.0f} GB, so its weights come to the card "
            f"{'one network' if saver == 'model' else 'a few layers'} at a time; that is slower."
        )
    return tuple(notes)
