"""Looks: colour and texture learned from videos, which the geometric backend obeys."""

from __future__ import annotations

from synth.style.look_file import (
    LOOK_STRENGTH,
    LearnedLook,
    Look,
    Texture,
    read_look,
    save_look,
)
from synth.style.look_learn import learn_look
from synth.style.look_picture import look_thumbnail
from synth.style.look_running import RunningLook

__all__ = [
    "LOOK_STRENGTH",
    "LearnedLook",
    "Look",
    "RunningLook",
    "Texture",
    "learn_look",
    "look_thumbnail",
    "read_look",
    "save_look",
]
