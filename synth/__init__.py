"""Motion Synth: a photo and exact camera instructions become a finished clip.

The public calls are imported on first use, so that ``import synth`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synth.api import generate_video_with_motion_control
    from synth.camera.formats import read_path, write_path
    from synth.camera.keys import CameraKey, CameraKeys
    from synth.camera.sampling import keyed_path
    from synth.camera.trajectory import CameraTrajectory
    from synth.errors import (
        Cancelled,
        InvalidInstruction,
        InvalidMedia,
        LimitExceeded,
        SynthError,
        Unavailable,
    )
    from synth.flow.frames import interpolate_frames
    from synth.flow.interpolation import OpticalFlowInterpolation
    from synth.flow.plan import plan_retime
    from synth.flow.retime import retime_video
    from synth.motion import MotionControl, camera_path, motion_schema, parse_phrase
    from synth.shot import Shot, VideoResult, preview_shot, render_shot, shot_from_video

_HOMES = {
    "generate_video_with_motion_control": "synth.api",
    "CameraKey": "synth.camera.keys",
    "CameraKeys": "synth.camera.keys",
    "CameraTrajectory": "synth.camera.trajectory",
    "keyed_path": "synth.camera.sampling",
    "read_path": "synth.camera.formats",
    "write_path": "synth.camera.formats",
    "OpticalFlowInterpolation": "synth.flow.interpolation",
    "interpolate_frames": "synth.flow.frames",
    "plan_retime": "synth.flow.plan",
    "retime_video": "synth.flow.retime",
    "Cancelled": "synth.errors",
    "InvalidInstruction": "synth.errors",
    "InvalidMedia": "synth.errors",
    "LimitExceeded": "synth.errors",
    "SynthError": "synth.errors",
    "Unavailable": "synth.errors",
    "MotionControl": "synth.motion",
    "camera_path": "synth.motion",
    "motion_schema": "synth.motion",
    "parse_phrase": "synth.motion",
    "Shot": "synth.shot",
    "VideoResult": "synth.shot",
    "preview_shot": "synth.shot",
    "render_shot": "synth.shot",
    "shot_from_video": "synth.shot",
}

__all__ = [
    "CameraKey",
    "CameraKeys",
    "CameraTrajectory",
    "Cancelled",
    "InvalidInstruction",
    "InvalidMedia",
    "LimitExceeded",
    "MotionControl",
    "OpticalFlowInterpolation",
    "Shot",
    "SynthError",
    "Unavailable",
    "VideoResult",
    "camera_path",
    "generate_video_with_motion_control",
    "interpolate_frames",
    "keyed_path",
    "motion_schema",
    "parse_phrase",
    "plan_retime",
    "preview_shot",
    "read_path",
    "render_shot",
    "retime_video",
    "shot_from_video",
    "write_path",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'synth' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
