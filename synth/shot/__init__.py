"""One shot from its description to a finished file."""

from synth.media.story import METADATA_KEY
from synth.shot.model import (
    ASPECTS,
    FRAME_RATES,
    SCHEMA,
    Aspect,
    DepthSettings,
    EdgePolicy,
    FrameRate,
    OutputSettings,
    Shot,
)
from synth.shot.produce import photo_depth, preview_shot, render_shot, warm_up
from synth.shot.result import VideoResult, shot_from_video

__all__ = [
    "ASPECTS",
    "FRAME_RATES",
    "METADATA_KEY",
    "SCHEMA",
    "Aspect",
    "DepthSettings",
    "EdgePolicy",
    "FrameRate",
    "OutputSettings",
    "Shot",
    "VideoResult",
    "photo_depth",
    "preview_shot",
    "render_shot",
    "shot_from_video",
    "warm_up",
]
