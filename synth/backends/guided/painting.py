"""One call of a guided model: the guide's frames in its own form, and what it is called with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.backends.families import Family
from synth.backends.guided import ltx, vace
from synth.backends.local.calls import WORDS
from synth.backends.local.loading import LoadedPipeline
from synth.backends.protocol import Frame, LoraUse
from synth.errors import InvalidInstruction, Unavailable

_VACE: Final = "WanVACEPipeline"
_LTX: Final = "LTX2InContextPipeline"
_STG_BLOCKS: Final = (29, 28)
"""Block of LTX-2 that its guidance in space and time leaves out: of 2.0, and of 2.3 and later."""
_SHRINK_KEY: Final = "reference_downscale_factor"
"""Where an adapter for references says how much smaller it wants them."""

Holes = NDArray[np.bool_]


def painting(
    loaded: LoadedPipeline,
    shown: Sequence[Frame],
    holes: Sequence[Holes],
    *,
    prompt: str,
    negative: str,
    scale: float,
    loras: Sequence[LoraUse] = (),
) -> tuple[dict[str, Any], tuple[Holes, ...]]:
    """What a guided pipeline is called with beside size, count, steps and seed.

    Args:
        loaded: the pipeline.
        shown: the guide's frames, the first one the picture to begin on.
        holes: what is to be painted in them.
        prompt, negative: what it is to read.
        scale: how hard it follows the guide; 0 ignores it to the bit.
        loras: adapters in use, one of which may want smaller references.

    Returns:
        The arguments, and what is the model's own in each finished frame, (H, W).

    Raises:
        InvalidInstruction: a size, count or scale that the model does not take.
        Unavailable: a pipeline that takes no guide.
    """
    kind = loaded.family.pipeline
    if kind not in (_VACE, _LTX):
        raise Unavailable(f"{loaded.family.title} takes no guide. Choose a guided model.")
    words = {
        "prompt": prompt,
        "negative_prompt": negative,
        "max_sequence_length": WORDS[kind],
    }
    if kind == _VACE:
        more, painted = _for_vace(loaded.pipe, shown, holes, scale)
    else:
        more, painted = _for_ltx(loaded, shown, holes, scale, loras)
    return {**words, **more}, painted


def check_scale(family: Family, scale: float) -> None:
    """Raise ``InvalidInstruction`` for a guide's scale that a family does not take."""
    if family.pipeline == _LTX:
        ltx.check_scale(scale)


def _for_vace(
    pipe: Any, shown: Sequence[Frame], holes: Sequence[Holes], scale: float
) -> tuple[dict[str, Any], tuple[Holes, ...]]:
    from PIL import Image

    inputs = vace.vace_inputs(shown, holes)
    transformer = pipe.transformer if pipe.transformer is not None else pipe.transformer_2
    call = {
        "video": [Image.fromarray(frame) for frame in inputs.video],
        "mask": [Image.fromarray(mask) for mask in inputs.masks],
        "conditioning_scale": vace.layer_scales(scale, len(transformer.config.vace_layers)),
    }
    return call, inputs.painted


def _for_ltx(
    loaded: LoadedPipeline,
    shown: Sequence[Frame],
    holes: Sequence[Holes],
    scale: float,
    loras: Sequence[LoraUse],
) -> tuple[dict[str, Any], tuple[Holes, ...]]:
    import torch
    from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition
    from diffusers.pipelines.ltx2.pipeline_ltx2_ic_lora import LTX2ReferenceCondition
    from PIL import Image

    check_scale(loaded.family, scale)
    inputs = ltx.ltx_inputs(shown, holes)
    config = loaded.pipe.transformer.config
    block = min(_STG_BLOCKS[bool(config.cross_attn_mod)], config.num_layers - 1)
    opening = Image.fromarray(inputs.reference[0])
    call: dict[str, Any] = {
        "frame_rate": float(loaded.family.rate),
        "spatio_temporal_guidance_blocks": [block],
        "conditions": [LTX2VideoCondition(frames=opening, index=0, strength=1.0)],
    }
    if scale > 0.0:
        # Without references these are ignored to the bit, with references at 0 only nearly so.
        reference = [Image.fromarray(frame) for frame in inputs.reference]
        call |= {
            "reference_conditions": [LTX2ReferenceCondition(frames=reference, strength=1.0)],
            "reference_downscale_factor": _shrink(loras),
            "conditioning_attention_strength": scale,
            "conditioning_attention_mask": torch.from_numpy(inputs.keep),
        }
    return call, inputs.painted


def _shrink(loras: Sequence[LoraUse]) -> int:
    """How much smaller the adapters want references, 1 to 8 times."""
    from safetensors import safe_open

    wanted = 1
    for use in loras:
        with safe_open(str(use.path), framework="np") as file:
            told = (file.metadata() or {}).get(_SHRINK_KEY, "1")
        if not (told.isdecimal() and 1 <= int(told) <= 8):
            raise InvalidInstruction(
                f"The style {use.path.name!r} asks for references {told[:20]!r} times smaller; 1 "
                "to 8 are possible. Save it again."
            )
        wanted = max(wanted, int(told))
    return wanted
