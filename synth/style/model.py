"""A style as a file: what kind it is, what it was made for, and how to use it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from synth.backends.protocol import StyleKind

GEOMETRIC_BASE: Final = "geometric"
"""What a look is made for."""

LOOK_SCHEMA: Final = "motion-synth.look/1"
"""Name and version of a look's file, under ``schema`` in its header."""

USUAL_STRENGTH: Final = 0.8
"""Strength of a style where nothing else is said, as in ``apply_style``."""


@dataclass(frozen=True)
class StyleFile:
    """What a style's ``.safetensors`` says of itself. Everything in it comes from a stranger."""

    path: Path
    """The file."""
    name: str
    """What tags call it."""
    kind: StyleKind
    """A look or a LoRA."""
    base: str
    """``geometric``, or the architecture that a LoRA fits, as in ``Family.base``; "" unknown."""
    also: tuple[str, ...] = ()
    """Further architectures whose weights have the same shapes, where the file tells no more."""
    rank: int = 0
    """Of a LoRA."""
    strength: float = USUAL_STRENGTH
    """Advised strength."""
    triggers: tuple[str, ...] = ()
    """Words that call it in a prompt."""
    licence: str = ""
    """As its maker says; "" where nothing is said."""
    title: str = ""
    """For the screen."""
    trained: dict[str, str] | None = None
    """How it was made, in its maker's words: references, steps, learning rate, losses."""
    thumbnail: bytes | None = None
    """A small JPEG, checked to be one."""


@dataclass(frozen=True)
class StyleUse:
    """A style that a prompt asks for, found and checked."""

    file: StyleFile
    """Which."""
    strength: float
    """0 changes nothing, 1 is as learned."""
