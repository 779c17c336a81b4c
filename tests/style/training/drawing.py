"""How tests draw with a tiny pipeline, with a style and without, and how they see the style."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from synth.backends.families import families
from synth.backends.local.loras import obeyed
from synth.backends.protocol import LoraUse
from tests.style.training.films import SIZE, neutral, noir


def drawn(
    pipe: Any, family: str, style: Path | None, strength: float = 1.0, *, worlds: range = range(1)
) -> Any:
    """Latents (B, C, F, H, W) of clips from neutral photos, without each clip's given first frame.

    ``style`` None is the pipeline alone.
    """
    import torch

    fact = next(one for one in families() if one.name == family)
    made = []
    with ExitStack() as stack:
        if style is not None:
            stack.enter_context(obeyed(pipe, [LoraUse(style, strength)], fact))
        for world in worlds:
            photo = np.clip(neutral(100 + world, 1)[0], 0, 255).astype(np.uint8)
            latents = pipe(
                image=Image.fromarray(photo), prompt="a street", width=SIZE[0], height=SIZE[1],
                num_frames=9, num_inference_steps=4, guidance_scale=1.0, output_type="latent",
                generator=torch.Generator().manual_seed(world), return_dict=False,
            )[0]  # fmt: skip
            if latents.ndim == 3:
                latents = pipe._unpack_latents(latents, 2, SIZE[1] // 32, SIZE[0] // 32, 1, 1)
            made.append(latents[:, :, 1:].float())
    return torch.cat(made)


def style_of(base: Any, worlds: range) -> np.ndarray:
    """What the style looks like to a base: in clips of worlds that nobody trained on."""
    import torch

    from synth.style.training.bases import to_pixels
    from synth.style.training.check import style_numbers

    with torch.no_grad():
        clips = [
            base.encoded(
                to_pixels(np.stack([noir(one) for one in neutral(100 + world, 9)]).astype(np.uint8))
            )
            for world in worlds
        ]
    return style_numbers(clips)
