"""What a LoRA fits, told by the names and shapes of its tensors rather than by what it claims.

Three ways of naming are about: that of diffusers and peft
(``transformer.blocks.0.attn1.to_q.lora_A.weight``), that of ComfyUI with the makers' own names
(``diffusion_model.blocks.0.self_attn.q.lora_A.weight``), and that of kohya's trainers
(``lora_unet_blocks_0_self_attn_q.lora_down.weight``, with dots as underscores).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from synth.explain import short
from synth.style.files_header import Tensor

Layout = Literal["diffusers", "comfyui", "kohya"]
"""How a file names its tensors."""

_PARTS: Final = re.compile(
    r"(?P<module>.+?)\.(?:(?P<down>lora_A|lora_down|lora\.down)|(?P<up>lora_B|lora_up|lora\.up))"
    r"(?:\.[A-Za-z0-9_-]+)?\.weight"
)
_WAN: Final = re.compile(
    r"(?:blocks[._][0-9]+[._](?:self_attn|cross_attn)[._][qkvo]|"
    r"(?<!transformer_)blocks\.[0-9]+\.attn[12]\.to_(?:q|k|v|out\.0))"
)
_ATTENTION: Final = re.compile(r"transformer_blocks[._][0-9]+[._]attn1[._]to_[qkv]$")
_WAN_WIDTHS: Final = {1536: ("wan2.1-1.3b",), 3072: ("wan2.2-5b",),
                      5120: ("wan2.1-14b", "wan2.2-14b")}  # fmt: skip
_OTHER_WIDTHS: Final = {2048: ("ltx",), 4096: ("ltx2",),
                        3072: ("cogvideox-5b", "cogvideox1.5-5b")}  # fmt: skip
_TOLD: Final = (
    (r"wan.?2[._]?2.*5b|ti2v", "wan2.2-5b"), (r"wan.?2[._]?2", "wan2.2-14b"),
    (r"wan.*1[._]?3b", "wan2.1-1.3b"), (r"wan.*14b", "wan2.1-14b"), (r"wan.?2[._]?1", "wan2.1-14b"),
    (r"ltx.?(?:video.?)?2", "ltx2"), (r"ltx", "ltx"),
    (r"cogvideox.?1[._]5", "cogvideox1.5-5b"), (r"cogvideox", "cogvideox-5b"),
)  # fmt: skip


@dataclass(frozen=True)
class LoraShape:
    """What the tensors of a LoRA tell."""

    layout: Layout
    rank: int
    """Most common rank of its pairs."""
    bases: tuple[str, ...]
    """Architectures that its shapes fit; several look alike, and () is none that is known."""


def lora_shape(tensors: Mapping[str, Tensor]) -> LoraShape | None:
    """What a file's tensors tell of a LoRA; None where they are none.

    Raises ``ValueError`` with what is wrong where half of a pair is missing or both do not fit.
    """
    downs: dict[str, tuple[int, ...]] = {}
    ups: dict[str, tuple[int, ...]] = {}
    for key, tensor in tensors.items():
        parts = _PARTS.fullmatch(key)
        if parts is not None:
            (downs if parts["down"] else ups)[parts["module"]] = tensor.shape
    if not downs and not ups:
        return None
    for module in downs.keys() ^ ups.keys():
        raise ValueError(f"has only half of the pair for {short(module)}")
    ranks: Counter[int] = Counter()
    for module, down in downs.items():
        up = ups[module]
        if len(down) < 2 or len(up) < 2 or down[0] != up[1] or not down[0]:
            raise ValueError(f"has a pair for {short(module)} whose halves do not fit")
        ranks[down[0]] += 1
    return LoraShape(_layout(downs), ranks.most_common(1)[0][0], _bases(downs))


def base_told(text: str) -> str:
    """The architecture that a file's maker claims, as ``Family.base``; "" where it says nothing."""
    plain = text.lower()[:200]
    known = {base for bases in (*_WAN_WIDTHS.values(), *_OTHER_WIDTHS.values()) for base in bases}
    if plain in known:
        return plain
    return next((base for pattern, base in _TOLD if re.search(pattern, plain)), "")


def _layout(modules: Mapping[str, tuple[int, ...]]) -> Layout:
    first = next(iter(modules))
    if first.startswith(("lora_unet_", "lora_te")):
        return "kohya"
    return "comfyui" if first.startswith("diffusion_model.") else "diffusers"


def _bases(downs: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    widths: Counter[tuple[bool, int]] = Counter()
    sound = False
    for module, shape in downs.items():
        sound = sound or "audio_attn" in module
        if _WAN.search(module) and "add_" not in module:
            widths[True, shape[1]] += 1
        elif _ATTENTION.search(module):
            widths[False, shape[1]] += 1
    if not widths:
        return ()
    (wan, width), _ = widths.most_common(1)[0]
    if sound and not wan:
        return ("ltx2",)
    return (_WAN_WIDTHS if wan else _OTHER_WIDTHS).get(width, ())
