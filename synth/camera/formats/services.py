"""The camera words of the closed services: what of a path each of them can be told."""

from __future__ import annotations

from typing import Final

from synth.camera.formats import services_kling, services_minimax, services_runway
from synth.camera.formats.model import Format

FORMATS: Final[tuple[Format, ...]] = (
    services_kling.FORMAT,
    services_minimax.FORMAT,
    services_runway.FORMAT,
)
"""Kling, MiniMax and Runway."""
