"""The quality report of a video file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.media.plane_reader import PlaneReader
from synth.media.planes import Planes, to_rgb
from synth.quality.calibration import Calibration
from synth.quality.measures import Measures, check_part, readings_of
from synth.quality.model import WEIGHTS, Curve, Finding, MetricName, QualityReport
from synth.quality.reading import Reading
from synth.quality.scan import signals_of
from synth.quality.score import findings_of, gate_of, metrics_of
from synth.quality.signals import Signals
from synth.quality.still_looks import tells_noise

_THUMBNAILS: Final = 8
"""Most pictures of bad moments."""
_WIDE: Final = 320
"""Pixels of a thumbnail's longer side."""
_FEW: Final = 8
"""Frames below which what happens over time cannot be told."""


def evaluate_video(
    path: str | os.PathLike[str],
    *,
    start: float = 0.0,
    seconds: float | None = None,
    camera: Mapping[str, Any] | None = None,
    calibration: Calibration | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> QualityReport:
    """Judge a video, or the part of it from ``start`` on that lasts ``seconds``.

    The file is read once; memory stays flat however long it is. Nothing is compared with an
    original: what is judged is what can be seen in the clip itself. Cuts, fades, dissolves and
    flashes are no defects, and nothing is compared across them.

    Args:
        path: the video.
        start: where to begin, seconds.
        seconds: how much to judge; all of it when left out.
        camera: how near the camera came to the one asked for, to be passed on with the report.
        calibration: other constants than the fitted ones.
        cancel: stops the work within a second.
        progress: told how many frames were judged.

    Raises:
        InvalidMedia: the video cannot be read.
        LimitExceeded: it is larger than allowed.
        InvalidInstruction: ``start`` or ``seconds`` makes no sense, or there is no frame there.
        Cancelled: ``cancel`` was set.
    """
    check_part(start, seconds)
    found = signals_of(path, start=start, seconds=seconds, cancel=cancel, progress=progress)
    report = report_of(found, camera=camera, calibration=calibration)
    progress(Progress("Looking at the worst moments"))
    pictures = thumbnails(path, [one.worst for one in report.findings], cancel)
    return _with_pictures(report, pictures)


def report_of(
    signals: Signals,
    *,
    camera: Mapping[str, Any] | None = None,
    calibration: Calibration | None = None,
) -> QualityReport:
    """The report on a clip that has been measured, without thumbnails."""
    constants = calibration or Calibration()
    readings = readings_of(signals)
    measures = Measures.of(readings)
    findings: tuple[Finding, ...] = findings_of(readings, constants, signals.seconds)
    metrics = metrics_of(measures, constants, findings, _untold(signals))
    overall = sum(
        WEIGHTS[one.name]
        * (1 - one.value if one.name in ("flicker_detection", "artifact_score") else one.value)
        for one in metrics
    )
    return QualityReport(
        metrics=metrics,
        gate=gate_of(overall, findings),
        findings=findings,
        curves={name: _curve(reading, constants) for name, reading in readings.items()},
        cuts=signals.cuts,
        width=signals.width,
        height=signals.height,
        frames=signals.frames,
        seconds=signals.seconds,
        fps=signals.fps,
        camera=dict(camera) if camera is not None else None,
        notes=tuple(dict.fromkeys([*signals.notes, *_notes(signals)])),
    )


def _curve(reading: Reading, constants: Calibration) -> Curve:
    return Curve(
        reading.times.astype(np.float32),
        reading.values.astype(np.float32),
        reading.unit,
        getattr(constants, reading.defect).limit,
        reading.words,
    )


def _notes(signals: Signals) -> list[str]:
    notes = []
    if signals.frames < _FEW:
        what = "frame" if signals.frames == 1 else "frames"
        notes.append(
            f"The clip has {signals.frames} {what}; what happens over time cannot be told from "
            "so few, and counts as good."
        )
    if signals.variable_rate:
        notes.append(
            "The frames stand at uneven times; repeated and missing frames are counted, how even "
            "the motion looks on a screen cannot be told."
        )
    if signals.frames >= _FEW and not _moves(signals):
        notes.append("Nothing moves in this clip; smoothness of motion cannot be told.")
    if not tells_noise(signals):
        notes.append(
            f"At {signals.width} × {signals.height} pixels noise cannot be told from detail; it "
            "is left out."
        )
    return notes


def _moves(signals: Signals) -> bool:
    return bool((np.nan_to_num(signals.change[1:]) > 0.5).any())


def _untold(signals: Signals) -> dict[MetricName, str]:
    """Metrics of which the clip tells nothing, with the sentence that says so."""
    if signals.frames < _FEW:
        few = "Too few frames to tell; counts as good."
        return {"color_consistency": few, "motion_smoothness": few, "flicker_detection": few}
    if not _moves(signals):
        return {"motion_smoothness": "Nothing moves; how smooth motion is cannot be told."}
    return {}


def _with_pictures(
    report: QualityReport, pictures: Mapping[float, NDArray[np.uint8]]
) -> QualityReport:
    return replace(report, thumbnails=pictures)


def thumbnails(
    path: str | os.PathLike[str], moments: Iterable[float], cancel: CancelToken | None = None
) -> dict[float, NDArray[np.uint8]]:
    """Small pictures of some moments, uint8 RGB (H, W, 3), by moment; at most eight."""
    made: dict[float, NDArray[np.uint8]] = {}
    for moment in list(dict.fromkeys(moments))[:_THUMBNAILS]:
        at = Fraction(max(moment - 1e-3, 0.0)).limit_denominator(1_000_000)
        with PlaneReader(path, start=at, cancel=cancel) as reader:
            frame = next(iter(reader), None)
            if frame is not None:
                made[moment] = _small(to_rgb(_thin(frame.planes), reader.tags))
    return made


def _thin(planes: Planes) -> Planes:
    """The picture at about twice a thumbnail's size, so that turning it into RGB is quick."""
    step = max(1, max(planes.size) // (2 * _WIDE))
    if step == 1:
        return planes
    width, height = (side // step // 2 * 2 for side in planes.size)
    if min(width, height) < 2:
        return planes
    sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
    y, u, v = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
        for plane, size in zip((planes.y, planes.u, planes.v), sizes, strict=True)
    )
    return Planes(y, u, v)


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    scale = min(1.0, _WIDE / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
