"""Structured motion control: the models, the phrase parser, the moves."""

from synth.motion.catalogue import DIRECTIONS, MOVE_KINDS, MOVE_TYPES, MoveKind
from synth.motion.easing import EASINGS, ease
from synth.motion.model import (
    CameraMove,
    Environment,
    MotionControl,
    SubjectAction,
    TimedMove,
    motion_schema,
)
from synth.motion.moves import camera_path, frame_count, poses_at

__all__ = [
    "DIRECTIONS",
    "EASINGS",
    "MOVE_KINDS",
    "MOVE_TYPES",
    "CameraMove",
    "Environment",
    "MotionControl",
    "MoveKind",
    "SubjectAction",
    "TimedMove",
    "camera_path",
    "ease",
    "frame_count",
    "motion_schema",
    "poses_at",
]
