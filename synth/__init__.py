"""Motion Synth: a photo and exact camera instructions become a finished clip.

The public calls are imported on first use, so that ``import synth`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synth.api import VideoGradeAndEvaluate, generate_video_with_motion_control, judge_video
    from synth.backends.prompts import compile_prompt
    from synth.backends.registry import make_backend
    from synth.backends.settings import BackendSettings
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
    from synth.grade.cube import read_cube, write_cube
    from synth.grade.deflicker import deflicker_video
    from synth.grade.denoise import denoise_video
    from synth.grade.grade import bake_lut, grade_picture, grade_video
    from synth.grade.looks import looks
    from synth.grade.match import match_color
    from synth.grade.result import GradedVideo
    from synth.grade.settings import Adjustments, Grade
    from synth.grade.stabilise import stabilise_video
    from synth.motion import MotionControl, camera_path, motion_schema, parse_phrase
    from synth.quality.compare import Comparison, compare_videos
    from synth.quality.evaluate import evaluate_video
    from synth.quality.model import QualityReport
    from synth.sequence.batch import dask_executor, read_csv, rows_from_folder, run_batch
    from synth.sequence.composer import VideoSequenceComposer
    from synth.sequence.film import FilmResult, compose
    from synth.sequence.project import Project
    from synth.shot import Shot, VideoResult, preview_shot, render_shot, shot_from_video
    from synth.shot.attempts import Attempts, generate_until_pass
    from synth.shot.preflight import preflight
    from synth.style.library import StyleLibrary
    from synth.style.look import learn_look, save_look
    from synth.style.resolve import path_resolver
    from synth.style.video_style_lora import VideoStyleLora

_HOMES = {
    "generate_video_with_motion_control": "synth.api",
    "BackendSettings": "synth.backends.settings",
    "compile_prompt": "synth.backends.prompts",
    "make_backend": "synth.backends.registry",
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
    "VideoGradeAndEvaluate": "synth.api",
    "judge_video": "synth.api",
    "read_cube": "synth.grade.cube",
    "write_cube": "synth.grade.cube",
    "deflicker_video": "synth.grade.deflicker",
    "denoise_video": "synth.grade.denoise",
    "bake_lut": "synth.grade.grade",
    "grade_picture": "synth.grade.grade",
    "grade_video": "synth.grade.grade",
    "looks": "synth.grade.looks",
    "match_color": "synth.grade.match",
    "GradedVideo": "synth.grade.result",
    "Adjustments": "synth.grade.settings",
    "Grade": "synth.grade.settings",
    "stabilise_video": "synth.grade.stabilise",
    "Comparison": "synth.quality.compare",
    "compare_videos": "synth.quality.compare",
    "evaluate_video": "synth.quality.evaluate",
    "QualityReport": "synth.quality.model",
    "VideoSequenceComposer": "synth.sequence.composer",
    "dask_executor": "synth.sequence.batch",
    "read_csv": "synth.sequence.batch",
    "rows_from_folder": "synth.sequence.batch",
    "run_batch": "synth.sequence.batch",
    "FilmResult": "synth.sequence.film",
    "compose": "synth.sequence.film",
    "Project": "synth.sequence.project",
    "MotionControl": "synth.motion",
    "camera_path": "synth.motion",
    "motion_schema": "synth.motion",
    "parse_phrase": "synth.motion",
    "Shot": "synth.shot",
    "VideoResult": "synth.shot",
    "preview_shot": "synth.shot",
    "render_shot": "synth.shot",
    "shot_from_video": "synth.shot",
    "Attempts": "synth.shot.attempts",
    "generate_until_pass": "synth.shot.attempts",
    "preflight": "synth.shot.preflight",
    "StyleLibrary": "synth.style.library",
    "learn_look": "synth.style.look",
    "save_look": "synth.style.look",
    "path_resolver": "synth.style.resolve",
    "VideoStyleLora": "synth.style.video_style_lora",
}

__all__ = [
    "Adjustments",
    "Attempts",
    "BackendSettings",
    "CameraKey",
    "CameraKeys",
    "CameraTrajectory",
    "Cancelled",
    "Comparison",
    "FilmResult",
    "Grade",
    "GradedVideo",
    "InvalidInstruction",
    "InvalidMedia",
    "LimitExceeded",
    "MotionControl",
    "OpticalFlowInterpolation",
    "Project",
    "QualityReport",
    "Shot",
    "StyleLibrary",
    "SynthError",
    "Unavailable",
    "VideoGradeAndEvaluate",
    "VideoResult",
    "VideoSequenceComposer",
    "VideoStyleLora",
    "bake_lut",
    "camera_path",
    "compare_videos",
    "compile_prompt",
    "compose",
    "dask_executor",
    "deflicker_video",
    "denoise_video",
    "evaluate_video",
    "generate_until_pass",
    "generate_video_with_motion_control",
    "grade_picture",
    "grade_video",
    "interpolate_frames",
    "judge_video",
    "keyed_path",
    "learn_look",
    "looks",
    "make_backend",
    "match_color",
    "motion_schema",
    "parse_phrase",
    "path_resolver",
    "plan_retime",
    "preflight",
    "preview_shot",
    "read_csv",
    "read_cube",
    "read_path",
    "render_shot",
    "retime_video",
    "rows_from_folder",
    "run_batch",
    "save_look",
    "shot_from_video",
    "stabilise_video",
    "write_cube",
    "write_path",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'synth' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
