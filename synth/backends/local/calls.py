"""What each family's pipeline is called with, beyond what all take alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from synth.backends.local.loading import LoadedPipeline
from synth.backends.protocol import Frame

WORDS: Final = {"WanImageToVideoPipeline": 512, "WanVACEPipeline": 512,
                "LTXImageToVideoPipeline": 256, "LTX2ImageToVideoPipeline": 1024,
                "LTX2InContextPipeline": 1024, "CogVideoXImageToVideoPipeline": 226}  # fmt: skip
"""Most tokens that a family's text encoder is given. LTX-Video takes 128 unless told otherwise;
its makers use 256."""
_STG_BLOCKS: Final = (29, 28)
"""Block of LTX-2 that its guidance in space and time leaves out: of 2.0, and of 2.3 and later."""


def arguments(loaded: LoadedPipeline, prompt: str, negative: str, first: Frame) -> dict[str, Any]:
    """Arguments of one call: words, the picture it begins on, and the family's own settings."""
    from PIL import Image

    family, pipe = loaded.family, loaded.pipe
    call: dict[str, Any] = {
        "prompt": prompt,
        "negative_prompt": negative,
        "image": Image.fromarray(first),
    }
    if family.pipeline in WORDS:
        call["max_sequence_length"] = WORDS[family.pipeline]
    if family.pipeline == "LTXImageToVideoPipeline":
        call["frame_rate"] = int(family.rate)
        if pipe.vae.config.timestep_conditioning:
            # Autoencoders that denoise a little themselves want to know how much.
            call |= {"decode_timestep": 0.05, "decode_noise_scale": 0.025}
    if family.pipeline == "LTX2ImageToVideoPipeline":
        newer = bool(pipe.transformer.config.cross_attn_mod)
        block = min(_STG_BLOCKS[newer], pipe.transformer.config.num_layers - 1)
        call |= {"frame_rate": float(family.rate), "spatio_temporal_guidance_blocks": [block]}
    return call


def words_left_out(loaded: LoadedPipeline, sentences: Sequence[str]) -> str:
    """What to say where the model cannot read all of a sentence of these; "" where it can."""
    most = WORDS.get(loaded.family.pipeline, 0)
    read = loaded.pipe.tokenizer
    count = max(len(read(one).input_ids) for one in dict.fromkeys(sentences))
    if not most or count <= most:
        return ""
    return (
        f"{loaded.family.title} reads {most} tokens and the sentence has {count}; the last "
        f"{(count - most) / count:.0%} of it were not read. Shorten it."
    )
