"""The calls of the public Python API, with the names and arguments they are documented under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from synth.backends.protocol import Backend
from synth.camera.keys import CameraKeys
from synth.camera.trajectory import CameraTrajectory
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import SynthError
from synth.grade.grade import grade_video
from synth.grade.lut import LutLike
from synth.grade.result import GradedVideo
from synth.grade.settings import Grade
from synth.json_text import read_json
from synth.media import VideoFormat, read_metadata
from synth.media.clip_files import ClipFolder
from synth.media.story import METADATA_KEY
from synth.motion import MotionControl, parse_phrase
from synth.quality.evaluate import evaluate_video
from synth.quality.model import QualityReport
from synth.scene.depth_map import DepthMap
from synth.shot import Shot, VideoResult, render_shot
from synth.shot.result import suffix
from synth.style.resolve import Resolver, path_resolver
from synth.style.tags import read_tags


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
    backend: Backend | None = None,
    styles: Resolver | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> VideoResult:
    """Turn a photo into a clip whose camera does what it is told.

    Args:
        image_path: the photo.
        motion_control: keys ``camera``, ``objects``, ``environmental``; see ``motion_schema``.
        prompt: the shot in words. Where ``motion_control`` asks for no camera move, the moves that
            the words name are made, and the result's notes say which. A tag such as
            ``<lora:loras/ember.safetensors:0.8>`` asks for a learned style.
        output_path: the file to write; without it the clip lives as long as the result, and
            ``result.save(path)`` keeps it.
        trajectory: a keyed camera; it takes the place of the moves.
        settings: further fields of ``Shot``: ``backend``, ``output``, ``lens``, ``depth``,
            ``edge``, ``seed``.
        depth: of the photo, where it is known; estimated otherwise.
        fidelity: measure the finished file's camera.
        backend: who draws it, where ``make_backend`` made one with a token; otherwise whom
            ``settings`` name.
        styles: finds the styles that tags name; paths of files where it is left out.
        cancel: stops the work within a second.
        progress: told what is being done.

    Raises:
        InvalidInstruction: a value of ``motion_control`` or ``settings`` that makes no sense.
        InvalidMedia: the photo cannot be read.
        LimitExceeded: the photo or the clip is larger than allowed.
        Unavailable: the backend lacks a package, weights or an account.
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
            depth=depth, fidelity=fidelity, backend=backend, styles=styles or path_resolver(),
            cancel=cancel, progress=progress,
        )  # fmt: skip
    except BaseException:
        if folder is not None:
            folder.remove()
        raise
    return replace(result.with_notes(*heard), keeper=folder)


def _with_spoken_moves(motion: MotionControl, prompt: str) -> tuple[MotionControl, tuple[str, ...]]:
    """The motion control with the camera moves that a sentence names, and what was understood."""
    phrase = parse_phrase(read_tags(prompt).text)
    if phrase.control is None or not phrase.control.moves:
        return motion, ("The prompt names no camera move, so the camera stands still.",)
    values = motion.to_dict()
    values["camera"] = phrase.control.to_dict()["camera"]
    return MotionControl.from_dict(values), (
        "Camera from the prompt: " + "; ".join(phrase.understood) + ".",
    )


class VideoGradeAndEvaluate:
    """Judges clips and grades them, with the names and arguments that both are documented under."""

    def __init__(self) -> None:
        self.quality_metrics: dict[str, float] = {}
        """The five metrics of the clip that was judged last."""

    def evaluate_video_quality(
        self,
        video_path: str | Path,
        *,
        start: float = 0.0,
        seconds: float | None = None,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
    ) -> dict[str, Any]:
        """Judge a clip; arguments and errors are those of ``judge_video``.

        Returns:
            ``metrics``, ``overall_score`` and ``pass_threshold``; then what they rest on: ``gate``,
            ``words``, ``findings``, ``curves`` and the rest of ``QualityReport.to_dict``.
        """
        report = judge_video(
            video_path, start=start, seconds=seconds, cancel=cancel, progress=progress
        )
        said = report.to_dict()
        self.quality_metrics = dict(said["metrics"])
        return said

    def apply_color_grading(
        self,
        video_path: str | Path,
        lut_path: LutLike | None = None,
        adjustments: Mapping[str, Any] | None = None,
        *,
        look: str | None = None,
        lut_strength: float = 1.0,
        output_path: str | Path | None = None,
        start: float = 0.0,
        seconds: float | None = None,
        format: VideoFormat = "mp4",
        crf: int = 18,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
    ) -> GradedVideo:
        """Grade a clip: first the LUT, if there is one, then the controls.

        ``grade_video`` can do all of this the other way round, and over time.

        Args:
            video_path: the clip.
            lut_path: a ``.cube`` file, or a ``Lut``.
            adjustments: controls by name, as ``Adjustments`` has them; ``temperature`` is in
                kelvin, above 0 is warmer.
            look: one of the bundled looks, in place of a LUT.
            lut_strength: how much of the LUT or look is laid on, 0 to 1.
            output_path: the file to write; without it the clip lives as long as the result, and
                ``result.save(path)`` keeps it.
            start: where to begin, seconds.
            seconds: how much to take; None to the end.
            format: what is written.
            crf: quality of H.264, 0 to 51: lower is better and larger.
            cancel: stops the work within a second; nothing is left behind.
            progress: told how far it is.

        Raises as ``grade_video`` does.
        """
        grade = Grade.from_values(
            {
                "adjustments": {} if adjustments is None else adjustments,
                "look": look,
                "lut_strength": lut_strength,
                "lut_place": "first",
            }
        )
        return grade_video(
            video_path, grade, lut=lut_path, output_path=output_path, start=start,
            seconds=seconds, format=format, crf=crf, cancel=cancel, progress=progress,
        )  # fmt: skip


def judge_video(
    path: str | Path,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> QualityReport:
    """Judge a clip as ``evaluate_video`` does, with what the file says of its camera.

    A clip that was rendered here carries how near its camera came to the one asked for, as
    measured then; that joins the report. Arguments and errors are those of ``evaluate_video``.
    """
    camera = _camera_of(path)
    return evaluate_video(
        path, start=start, seconds=seconds, camera=camera, cancel=cancel, progress=progress
    )


def _camera_of(path: str | Path) -> dict[str, Any] | None:
    """How near the camera came, from the project inside a file; None where it says nothing."""
    text = read_metadata(path).get(METADATA_KEY)
    try:
        values = read_json(text) if text else None
    except SynthError:
        return None
    found = values.get("fidelity") if isinstance(values, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("verdict"), str):
        return None
    return {name: value for name, value in found.items() if name != "curves"}
