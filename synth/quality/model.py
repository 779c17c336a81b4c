"""What a quality report is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

MetricName: TypeAlias = Literal[
    "sharpness", "color_consistency", "motion_smoothness", "flicker_detection", "artifact_score"
]
"""The five metrics. In the first three 1 is best, in the last two 0 is."""

Defect: TypeAlias = Literal[
    "blur", "noise", "blocking", "banding", "clipping", "flicker", "local_flicker",
    "colour_drift", "jitter", "judder", "duplicates", "drops", "ghosts", "trails", "tearing",
    "frozen", "black", "letterbox", "camera",
]  # fmt: skip
"""What can be wrong with a clip. A cut is no defect."""

Fix: TypeAlias = Literal["deflicker", "stabilise", "interpolate", "denoise", "match"]
"""A repair that this product offers for a defect."""

WEIGHTS: Final[Mapping[MetricName, float]] = {
    "sharpness": 0.2,
    "color_consistency": 0.2,
    "motion_smoothness": 0.3,
    "flicker_detection": 0.2,
    "artifact_score": 0.1,
}
"""Weights of the overall score; flicker and artifacts count as one minus their value."""

PASS: Final = 0.8
"""Overall score from which ``pass_threshold`` is true."""


def score_text(score: float) -> str:
    """An overall score in two digits, or in three where two would make it look passed: "0.79",
    "0.798"."""
    text = f"{score:.2f}"
    if score < PASS <= float(text):
        return f"{math.floor(score * 1000.0) / 1000.0:.3f}"
    return text


@dataclass(frozen=True, eq=False)
class Curve:
    """One measurement over time."""

    times: NDArray[np.float32]
    """Moments of the frames that were measured, seconds, (n,)."""
    values: NDArray[np.float32]
    """What was measured at each of them, (n,), in ``unit``; NaN where nothing can be said."""
    unit: str
    """"%", "px", "codes" of 8 bits, or "" for a ratio."""
    limit: float
    """Value from which it is visible as a defect."""
    words: str
    """What the curve shows, in a person's words: "Change of brightness from frame to frame"."""


@dataclass(frozen=True)
class Span:
    """A part of the clip, seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, and where."""

    defect: Defect
    """What kind."""
    words: str
    """One sentence with the figure and the time: "Flicker of 2.7 % between 3.1 s and 4.0 s."."""
    spans: tuple[Span, ...]
    """Where, in the order of time; at least one."""
    worst: float
    """The worst moment, seconds."""
    measured: float
    """How much, in the unit of its curve."""
    limit: float
    """How much would have passed."""
    severity: float
    """0 just visible, 1 as bad as it gets."""
    fatal: bool
    """Whether the gate fails on this alone."""
    fix: Fix | None = None
    """What would help."""
    curve: str = ""
    """Name of the curve that shows it, in ``QualityReport.curves``."""


@dataclass(frozen=True)
class Metric:
    """One of the five."""

    name: MetricName
    value: float
    """0 to 1, in the sense of its name."""
    words: str
    """What was seen: "Sharp throughout", "Flicker of 2.7 % between 3.1 s and 4.0 s."."""
    defects: tuple[Defect, ...]
    """Kinds of defect that count into it."""


@dataclass(frozen=True)
class Gate:
    """Fit for use or not, where a weighted mean could hide one fatal defect."""

    passed: bool
    reasons: tuple[str, ...] = ()
    """Why not, in sentences; empty where it passed."""


@dataclass(frozen=True, eq=False)
class QualityReport:
    """A judged clip."""

    metrics: tuple[Metric, ...]
    """The five, in the order of ``WEIGHTS``."""
    gate: Gate
    findings: tuple[Finding, ...] = ()
    """Worst first."""
    curves: Mapping[str, Curve] = field(default_factory=dict)
    """By name; the detectors' evidence."""
    cuts: tuple[float, ...] = ()
    """Times of the first frames after hard cuts, seconds."""
    thumbnails: Mapping[float, NDArray[np.uint8]] = field(default_factory=dict, repr=False)
    """Small pictures, uint8 RGB (H, W, 3), of the worst moments, by ``Finding.worst``."""
    width: int = 0
    """Pixels, upright."""
    height: int = 0
    frames: int = 0
    """Frames that were judged."""
    seconds: float = 0.0
    """Length of what was judged."""
    fps: float = 0.0
    """Frames per second, the average where the rate varies."""
    camera: Mapping[str, Any] | None = None
    """How near the camera came to what was asked, where one was asked for: plain values."""
    notes: tuple[str, ...] = ()
    """What the reader should know, in sentences."""

    @property
    def overall_score(self) -> float:
        """The weighted mean of the five, 0 to 1."""
        total = 0.0
        for metric in self.metrics:
            bad = metric.name in ("flicker_detection", "artifact_score")
            total += WEIGHTS[metric.name] * (1 - metric.value if bad else metric.value)
        return total

    @property
    def pass_threshold(self) -> bool:
        """Whether the overall score is at least ``PASS``."""
        return self.overall_score >= PASS

    @property
    def overall_text(self) -> str:
        """The overall score as it is written everywhere; see ``score_text``."""
        return score_text(self.overall_score)

    def value(self, name: MetricName) -> float:
        """One of the five metrics."""
        return next(metric.value for metric in self.metrics if metric.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON: first the three documented keys, then what they rest on."""
        return {
            "metrics": {metric.name: round(metric.value, 4) for metric in self.metrics},
            "overall_score": round(self.overall_score, 4),
            "pass_threshold": self.pass_threshold,
            "gate": {"passed": self.gate.passed, "reasons": list(self.gate.reasons)},
            "words": {metric.name: metric.words for metric in self.metrics},
            "findings": [
                {
                    "defect": one.defect,
                    "words": one.words,
                    "spans": [[round(span.start, 3), round(span.end, 3)] for span in one.spans],
                    "worst": round(one.worst, 3),
                    "measured": round(one.measured, 4),
                    "limit": round(one.limit, 4),
                    "severity": round(one.severity, 3),
                    "fatal": one.fatal,
                    "fix": one.fix,
                    "curve": one.curve,
                }
                for one in self.findings
            ],
            "curves": {
                name: {
                    "seconds": _plain(curve.times),
                    "values": _plain(curve.values),
                    "unit": curve.unit,
                    "limit": curve.limit,
                    "words": curve.words,
                }
                for name, curve in self.curves.items()
            },
            "cuts": [round(time, 3) for time in self.cuts],
            "width": self.width,
            "height": self.height,
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "fps": round(self.fps, 3),
            "camera": dict(self.camera) if self.camera is not None else None,
            "notes": list(self.notes),
        }


def _plain(values: NDArray[np.float32]) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]
