"""Frame interpolation under the name and with the calls that it is documented under."""

from __future__ import annotations

import os
from typing import Any

from PIL import Image

from synth.errors import InvalidInstruction
from synth.flow.frames import interpolate_frames
from synth.flow.makers import MODES
from synth.flow.result import RetimedVideo
from synth.flow.retime import retime_video
from synth.flow.settings import RetimeSettings


class OpticalFlowInterpolation:
    """Frames between frames, from two pictures or for a whole video.

    ``mode`` is "quality", "fast" or "learned", see ``synth.flow.settings``; another one raises
    ``InvalidInstruction``.
    """

    def __init__(self, mode: str = "quality") -> None:
        if mode not in MODES:
            raise InvalidInstruction(
                f"There is no mode {str(mode)[:40]!r}. Choose one of: {', '.join(MODES)}."
            )
        self.mode = mode

    def interpolate_frames(
        self,
        frame1_path: str | os.PathLike[str],
        frame2_path: str | os.PathLike[str],
        num_intermediate: int = 8,
        **options: Any,
    ) -> list[Image.Image]:
        """The first picture, the pictures between, and the second.

        Takes the further arguments of ``synth.flow.frames.interpolate_frames``, raises the same.
        """
        return interpolate_frames(
            frame1_path, frame2_path, num_intermediate, **{"mode": self.mode, **options}
        )

    def retime_video(
        self,
        path: str | os.PathLike[str],
        target_fps: Any = None,
        **options: Any,
    ) -> RetimedVideo:
        """A whole video at another rate or speed.

        Takes the further arguments of ``synth.flow.retime.retime_video``, raises the same.
        """
        given = options.pop("settings", None)
        named = given.model_fields_set if isinstance(given, RetimeSettings) else given or ()
        settings = RetimeSettings.from_values(given)
        if "mode" not in named:
            settings = settings.model_copy(update={"mode": self.mode})
        return retime_video(path, target_fps, settings=settings, **options)
