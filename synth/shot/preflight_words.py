"""What the preflight says of how an instruction is kept."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from synth.backends.protocol import Instruction

FROM_GEOMETRY: Final = "Drawn from the photo's geometry."
GUIDED: Final = "The guide is drawn from the photo's geometry; the model paints over it."
READS: Final = "A model reads it in a sentence; how far it follows is up to the model."
REPLACED: Final = "Your own sentence stands in place of the compiled one, which would say it."
COMPILED: Final[frozenset[Instruction]] = frozenset(
    {"camera", "timing", "zoom", "handheld", "loop", "subjects", "weather", "lighting"}
)
"""What a compiled sentence says."""
TOLD: Final[Mapping[Instruction, str]] = MappingProxyType(
    {
        "negative prompt": "The model is told to stay away from it.",
        "timing": "A sentence tells the order and the pace; a model decides when exactly.",
        "seed": "It is handed on; whether it is used is up to the service.",
    }
)
"""What it means where a sentence carries it."""
GIVES_WAY: Final = " What it says of the camera gives way to the moves that are set."
LOST: Final[Mapping[Instruction, str]] = MappingProxyType(
    {
        "lens": "The model has no lens to set. Its pictures stay as it paints them.",
        "edge": "A model invents what lies past the photo's edges in any case.",
        "loop": "The last frame will not lead into the first.",
        "prompt": "Geometry moves the photo as it is; words alone change nothing in it.",
        "lighting": "Geometry keeps the light of the photo. Grade the clip to change it.",
        "negative prompt": "Nobody reads it here.",
        "seed": "The same seed may give another clip.",
    }
)
"""What it means that an instruction is not kept."""
