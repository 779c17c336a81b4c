"""A trained style as files: in diffusers' names and in ComfyUI's, with a header that says it all.

The first file holds every expert (``transformer.`` and ``transformer_2.``). ComfyUI reads one
model at a time and the makers' own names, so it gets a file for each expert, with the scale
already multiplied in.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
from PIL import Image

from synth.backends.families import Family
from synth.backends.protocol import Frame
from synth.style.training.adapters import Adapter, plain_config
from synth.style.training.state import write_whole

if TYPE_CHECKING:
    import torch

_WAN_NAMES: Final = (
    (r"\.attn1\.", ".self_attn."), (r"\.attn2\.", ".cross_attn."), (r"\.to_out\.0\.", ".o."),
    (r"\.to_([qkv])\.", r".\1."), (r"\.ffn\.net\.0\.proj\.", ".ffn.0."),
    (r"\.ffn\.net\.2\.", ".ffn.2."),
)  # fmt: skip
"""From diffusers' names to those of Wan's makers."""

_NOISE: Final = {"transformer": "_high_noise", "transformer_2": "_low_noise"}
"""What ComfyUI's users call the experts of Wan 2.2."""

_THUMBNAIL: Final = 256


def write_lora(path: Path, adapters: list[Adapter], header: Mapping[str, str]) -> None:
    """Write a style in diffusers' layout; ``header`` beside what makes the strength right."""
    from safetensors.torch import save

    tensors: dict[str, torch.Tensor] = {}
    config: dict[str, Any] = {}
    for adapter in adapters:
        prefix = adapter.expert.name
        weights = adapter.weights()
        tensors |= {f"{prefix}.{name}": one for name, one in weights.items()}
        plain = plain_config(adapter.config, weights)
        config |= {f"{prefix}.{key}": value for key, value in plain.items()}
    texts = {
        "format": "pt",
        **header,
        "lora_adapter_metadata": json.dumps(config, indent=2, sort_keys=True),
    }
    write_whole(save(tensors, texts), path)


def write_comfyui(
    path: Path, family: Family, adapters: list[Adapter], header: Mapping[str, str]
) -> tuple[Path, ...]:
    """Write a style in ComfyUI's layout beside ``path``, one file for each expert.

    None for CogVideoX, whose nodes read diffusers' names.
    """
    from safetensors.torch import save

    if family.wording == "cogvideox":
        return ()
    written: list[Path] = []
    for adapter in adapters:
        scale = adapter.config.lora_alpha / adapter.config.r
        tensors = {
            comfyui_name(name, wan=family.wording == "wan"): one
            * (scale if "lora_B" in name else 1)
            for name, one in adapter.weights().items()
        }
        mark = _NOISE[adapter.expert.name] if len(adapters) > 1 else ""
        place = path.with_name(f"{path.stem}_comfyui{mark}.safetensors")
        texts = {"format": "pt", **header, "ss_network_alpha": f"{adapter.config.r}"}
        write_whole(save(tensors, texts), place)
        written.append(place)
    return tuple(written)


def comfyui_name(name: str, *, wan: bool) -> str:
    """A matrix's name in ComfyUI: ``diffusion_model.blocks.0.self_attn.q.lora_A.weight``."""
    if wan:
        for pattern, with_this in _WAN_NAMES:
            name = re.sub(pattern, with_this, name)
    return f"diffusion_model.{name}"


def thumbnail(picture: Frame) -> bytes:
    """A small JPEG of a picture."""
    scale = min(1.0, _THUMBNAIL / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    small = cv2.resize(picture, size, None, 0, 0, cv2.INTER_AREA)
    with io.BytesIO() as file:
        Image.fromarray(small).save(file, "JPEG", quality=85)
        return file.getvalue()
