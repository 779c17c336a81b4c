"""The calls of the public Python API, with the names and arguments they are documented under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from synth.camera.keys import CameraKeys
from synth.camera.trajectory import CameraTrajectory
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.media.clip_files import ClipFolder
from synth.motion import MotionControl, parse_phrase
from synth.scene.depth_map import DepthMap
from synth.shot import Shot, VideoResult, render_shot
from synth.shot.result import suffix


def generate_video_with_motion_control(
    image_path: str | Path,
    motion_control: Mapping[str, Any],
    prompt: str = "",
    *,
    output_path: str | Path | None = None,
    trajectory: CameraTrajectory | CameraKeys | None = None,
    settings: Mapping[str, Any] | None = None,
    depth: DepthMap | None = None,
    fidelity: bool = True,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> VideoResult:
    """Turn a photo into a clip whose camera does what it is told.

    Args:
        image_path: the photo.
        motion_control: keys ``camera``, ``objects``, ``environmental``; see ``motion_schema``.
        prompt: the shot in words. Where ``motion_control`` asks for no camera move, the moves that
            the words name are made, and the result's notes say which.
        output_path: the file to write; without it the clip lives as long as the result, and
            ``result.save(path)`` keeps it.
        trajectory: a keyed camera; it takes the place of the moves.
        settings: further fields of ``Shot``: ``output``, ``lens``, ``depth``, ``edge``, ``seed``.
        depth: of the photo, where it is known; estimated otherwise.
        fidelity: measure the finished file's camera.
        cancel: stops the work within a second.
        progress: told what is being done.

    Raises:
        InvalidInstruction: a value of ``motion_control`` or ``settings`` that makes no sense.
        InvalidMedia: the photo cannot be read.
        LimitExceeded: the photo or the clip is larger than allowed.
        Cancelled: ``cancel`` was set.
    """
    motion = MotionControl.from_dict(dict(motion_control))
    heard: tuple[str, ...] = ()
    if trajectory is None and not motion_control.get("camera") and prompt.strip():
        motion, heard = _with_spoken_moves(motion, prompt)
    shot = Shot.from_dict({**(settings or {}), "motion": motion.to_dict(), "prompt": prompt})
    if trajectory is not None:
        keyed = trajectory if isinstance(trajectory, CameraKeys) else trajectory.to_keys()
        shot = shot.with_trajectory(keyed)
    folder: ClipFolder | None = None
    if output_path is None:
        folder = ClipFolder()
        output_path = folder.path / f"clip{suffix(shot)}"
    try:
        result = render_shot(
            shot, image_path, output_path,
            depth=depth, fidelity=fidelity, cancel=cancel, progress=progress,
        )  # fmt: skip
    except BaseException:
        if folder is not None:
            folder.remove()
        raise
    return replace(result.with_notes(*heard), keeper=folder)


def _with_spoken_moves(motion: MotionControl, prompt: str) -> tuple[MotionControl, tuple[str, ...]]:
    """The motion control with the camera moves that a sentence names, and what was understood."""
    phrase = parse_phrase(prompt)
    if phrase.control is None or not phrase.control.moves:
        return motion, ("The prompt names no camera move, so the camera stands still.",)
    values = motion.to_dict()
    values["camera"] = phrase.control.to_dict()["camera"]
    return MotionControl.from_dict(values), (
        "Camera from the prompt: " + "; ".join(phrase.understood) + ".",
    )
