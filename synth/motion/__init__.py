"""Structured motion control: the models, the phrase parser, the moves."""

from synth.camera.easing import EASINGS, ease
from synth.motion.catalogue import (
    DIRECTIONS,
    MOVE_KINDS,
    MOVE_TYPES,
    Direction,
    MoveKind,
    MoveType,
)
from synth.motion.instructions import SubjectMark
from synth.motion.model import (
    CameraMove,
    Environment,
    MotionControl,
    SubjectAction,
    TimedMove,
    motion_schema,
    parse_motion_json,
)
from synth.motion.moves import camera_path, frame_count, poses_at
from synth.motion.phrases import ParsedPhrase, Span, parse_phrase

__all__ = [
    "DIRECTIONS",
    "EASINGS",
    "MOVE_KINDS",
    "MOVE_TYPES",
    "CameraMove",
    "Direction",
    "Environment",
    "MotionControl",
    "MoveKind",
    "MoveType",
    "ParsedPhrase",
    "Span",
    "SubjectAction",
    "SubjectMark",
    "TimedMove",
    "camera_path",
    "ease",
    "frame_count",
    "motion_schema",
    "parse_motion_json",
    "parse_phrase",
    "poses_at",
]
