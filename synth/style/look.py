"""Looks: colour and texture learned from videos, which the geometric backend obeys."""

from __future__ import annotations

from synth.style.look_file import LOOK_STRENGTH, Look, Texture, read_look, save_look
from synth.style.look_running import RunningLook

__all__ = ["LOOK_STRENGTH", "Look", "RunningLook", "Texture", "read_look", "save_look"]
