"""From readings to the five metrics, the findings and the gate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from synth.quality.calibration import Calibration, Curb
from synth.quality.measures import Measures
from synth.quality.model import (
    PASS,
    WEIGHTS,
    Defect,
    Finding,
    Fix,
    Gate,
    Metric,
    MetricName,
    Span,
    score_text,
)
from synth.quality.reading import Reading
from synth.quality.sentences import COUNTED, sentence, traces

COUNTS_INTO: Final[Mapping[MetricName, tuple[Defect, ...]]] = MappingProxyType(
    {
        "sharpness": ("blur",),
        "color_consistency": ("colour_drift",),
        "motion_smoothness": ("jitter", "judder", "duplicates", "drops", "frozen"),
        "flicker_detection": ("flicker", "local_flicker"),
        "artifact_score": (
            "noise", "blocking", "banding", "clipping", "ghosts", "trails", "tearing", "black",
            "letterbox",
        ),
    }
)  # fmt: skip
"""Which defects lower which metric; each lowers one alone."""

_FIXES: Final[Mapping[Defect, Fix]] = MappingProxyType(
    {
        "flicker": "deflicker", "jitter": "stabilise", "noise": "denoise", "colour_drift": "match",
        "duplicates": "interpolate", "drops": "interpolate", "judder": "interpolate",
        "ghosts": "interpolate", "frozen": "interpolate",
    }
)  # fmt: skip

_BY_AMOUNT: Final = frozenset({"frozen"})
"""Defects whose sentence names the curve's height instead of the statistic."""

_GOOD: Final[Mapping[MetricName, str]] = MappingProxyType(
    {
        "sharpness": "Sharp throughout.",
        "color_consistency": "Colours hold throughout.",
        "motion_smoothness": "Motion is smooth throughout.",
        "flicker_detection": "No flicker.",
        "artifact_score": "No artifacts.",
    }
)


_NOTHING_UNTOLD: Final[Mapping[MetricName, str]] = MappingProxyType({})

_SHOWN: Final = 0.005
"""Change of a metric that shows in its two digits."""


def values_of(measures: Measures, calibration: Calibration) -> dict[MetricName, float]:
    """The five metrics, 0 to 1, in the sense of their names."""
    found: dict[MetricName, float] = {}
    for name, defects in COUNTS_INTO.items():
        kept = math.prod(_curb(calibration, d).kept(getattr(measures, d)) for d in defects)
        found[name] = 1.0 - kept if name in ("flicker_detection", "artifact_score") else kept
    return found


def _curb(calibration: Calibration, defect: Defect) -> Curb:
    return getattr(calibration, defect)


def findings_of(
    readings: Mapping[Defect, Reading], calibration: Calibration, length: float
) -> tuple[Finding, ...]:
    """What is wrong, worst first; ``length`` is the clip's, seconds."""
    found = [
        _finding(reading, _curb(calibration, name), length)
        for name, reading in readings.items()
        if reading.known and reading.statistic >= _curb(calibration, name).limit
    ]
    return tuple(sorted(found, key=lambda one: (not one.fatal, -one.severity)))


def _finding(reading: Reading, curb: Curb, length: float) -> Finding:
    begin = float(reading.times[0]) if len(reading.times) else 0.0
    spans = reading.spans(curb.limit) or (Span(begin, begin + length),)
    worst = reading.worst(spans)
    measured = reading.statistic
    if reading.defect in _BY_AMOUNT:
        measured = max(span.end - span.start for span in spans)
    figure = float(len(reading.marks)) if reading.defect in COUNTED else measured
    return Finding(
        defect=reading.defect,
        words=sentence(reading.defect, figure, spans, length),
        spans=spans,
        worst=worst,
        measured=measured,
        limit=curb.limit,
        severity=1.0 - curb.kept(reading.statistic),
        fatal=reading.statistic >= curb.fatal,
        fix=_FIXES.get(reading.defect),
        curve=reading.defect,
    )


def metrics_of(
    measures: Measures,
    calibration: Calibration,
    findings: Sequence[Finding],
    untold: Mapping[MetricName, str] = _NOTHING_UNTOLD,
) -> tuple[Metric, ...]:
    """The five with their words; ``untold`` says of which ones the clip tells nothing, and why."""
    values = values_of(measures, calibration)
    made = []
    for name in WEIGHTS:
        defects = COUNTS_INTO[name]
        seen = [one.words for one in findings if one.defect in defects]
        words = (
            " ".join(seen[:3])
            or untold.get(name)
            or _short_of_a_fault(measures, calibration, defects)
            or _GOOD[name]
        )
        made.append(Metric(name, float(values[name]), words, defects))
    return tuple(made)


def _short_of_a_fault(
    measures: Measures, calibration: Calibration, defects: Sequence[Defect]
) -> str:
    """What lowers a metric without being a finding, if that shows in its two digits."""
    lost: dict[Defect, float] = {
        d: 1.0 - _curb(calibration, d).kept(getattr(measures, d)) for d in defects
    }
    if 1.0 - math.prod(1.0 - one for one in lost.values()) < _SHOWN:
        return ""
    most = sorted(lost, key=lambda defect: -lost[defect])
    named: list[Defect] = [defect for defect in most[:2] if lost[defect] > 0.3 * lost[most[0]]]
    return traces(named, lost[most[0]])


def gate_of(overall: float, findings: Iterable[Finding]) -> Gate:
    """Passed where the score is high enough and nothing is fatal."""
    reasons = [one.words for one in findings if one.fatal]
    if overall < PASS:
        reasons.append(f"The overall score is {score_text(overall)}; {PASS:.2f} is needed.")
    return Gate(not reasons, tuple(reasons))
