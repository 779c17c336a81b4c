"""What this machine can run a model on, and how a model that is too large for it still fits."""

from __future__ import annotations

import gc
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Device = Literal["cuda", "mps", "cpu"]

Saver = Literal["none", "model", "group"]
"""Where weights lie while a clip is made: all on the card, one model of the pipeline at a time, or
a few layers at a time. Each is slower than the one before and needs less of the card."""

SAVERS: Final[tuple[Saver, ...]] = ("none", "model", "group")

_PACKAGES: Final = ("torch", "diffusers", "transformers", "accelerate", "peft", "ftfy")
_GIGABYTE: Final = 1e9
_WORKING: Final = 2.0
"""Memory that a card needs beside weights and pictures, GB: CUDA itself and its libraries."""
_PER_MEGAPIXEL: Final = 0.15
"""Memory for each million pixels of all frames of a clip, GB: about 5 for 81 frames of 832x480.
An estimate; where it is too low, the next saver is taken when memory runs out."""


@dataclass(frozen=True)
class Machine:
    """What a model runs on here."""

    device: Device
    """As torch calls it."""
    name: str
    """Of the card, for the screen."""
    gigabytes: float
    """Memory of the card, or of the machine where there is none; 0 where nobody knows."""


def missing_packages() -> str:
    """What has to be installed before a model can run, with the next step; "" where all is there.

    Imports none of it.
    """
    lacking = [one for one in _PACKAGES if importlib.util.find_spec(one) is None]
    if not lacking:
        return ""
    return (
        f"AI models need {_listed(lacking)}, which this installation does not have. Run "
        '"make ai" (several gigabytes), then start again.'
    )


def told_machine() -> Machine:
    """What is here, without importing torch: asked of the driver. May take a second."""
    if shutil.which("nvidia-smi") is not None and os.environ.get("CUDA_VISIBLE_DEVICES") != "-1":
        asked = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
        try:
            told = subprocess.run(  # noqa: S603 - a fixed command
                asked, capture_output=True, text=True, timeout=5, check=True
            ).stdout.splitlines()
            name, _, mebibytes = told[0].rpartition(",")
            return Machine("cuda", name.strip(), float(mebibytes) * 2**20 / _GIGABYTE)
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            pass
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return Machine("mps", "Apple silicon", memory_gigabytes())
    return Machine("cpu", "the CPU", memory_gigabytes())


def real_machine() -> Machine:
    """What torch will really use: a CUDA card, Apple's, or the CPU. Imports torch."""
    import torch

    if torch.cuda.is_available():
        told = torch.cuda.get_device_properties(torch.cuda.current_device())
        return Machine("cuda", told.name, told.total_memory / _GIGABYTE)
    if torch.backends.mps.is_available():
        return Machine("mps", "Apple silicon", memory_gigabytes())
    return Machine("cpu", "the CPU", memory_gigabytes())


def memory_gigabytes() -> float:
    """Memory of the machine, or of the container that this runs in, GB; 0 where nobody knows."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0.0
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):
        limit = whole
    return min(whole, limit) / _GIGABYTE


def dtypes(machine: Machine) -> dict[str, Any]:
    """Number formats of a pipeline's parts, as ``from_pretrained`` takes them.

    The autoencoder and the image encoder stay in float32 everywhere, as the makers of Wan advise:
    they are small, and half precision shows in the picture. A CPU computes in float32.
    """
    import torch

    if machine.device == "cpu":
        return {"default": torch.float32}
    precise = {"vae": torch.float32, "image_encoder": torch.float32}
    return {"default": torch.bfloat16, **precise}


def working_gigabytes(width: int, height: int, frames: int) -> float:
    """Estimated memory of the card that a clip needs beside the weights, GB."""
    return _WORKING + _PER_MEGAPIXEL * width * height * frames / 1e6


def choose_saver(
    parts: Mapping[str, float], machine: Machine, working: float, *, blocks: bool = True
) -> Saver:
    """How weights are kept so that they fit the card.

    Args:
        parts: gigabytes of each part of the pipeline.
        machine: what it runs on; only CUDA cards need a choice.
        working: memory that a clip needs beside the weights, GB.
        blocks: whether the pipeline can be kept layer by layer.
    """
    if machine.device != "cuda" or machine.gigabytes <= 0:
        return "none"
    if sum(parts.values()) + working <= machine.gigabytes:
        return "none"
    largest = max(parts.values(), default=0.0)
    return "model" if largest + working <= machine.gigabytes or not blocks else "group"


def save_memory(pipe: Any, saver: Saver, machine: Machine) -> None:
    """Put a pipeline where it computes; what was set before is undone."""
    import torch

    pipe.remove_all_hooks()
    for one in pipe.components.values():
        if saver != "none" and hasattr(one, "enable_tiling"):
            one.enable_tiling()
        if saver != "none" and hasattr(one, "enable_slicing"):
            one.enable_slicing()
    if machine.device == "cpu" or saver == "none":
        pipe.to(machine.device)
    elif saver == "model":
        pipe.enable_model_cpu_offload(device=machine.device)
    else:
        pipe.enable_group_offload(
            onload_device=torch.device(machine.device),
            offload_device=torch.device("cpu"),
            offload_type="leaf_level",
            use_stream=True,
        )


def free_memory(machine: Machine) -> None:
    """Give back memory that no object holds any more.

    Pipelines hold themselves in circles, so that counting references alone would leave tens of
    gigabytes behind until the collector happens to come by.
    """
    gc.collect()
    if machine.device == "cpu":
        return
    import torch

    if machine.device == "cuda":
        torch.cuda.empty_cache()
    else:
        torch.mps.empty_cache()


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
