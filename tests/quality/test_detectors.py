"""Every defect is found by its own detector, alone, and in the seconds where it is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from synth.quality.calibration import Calibration
from synth.quality.evaluate import report_of
from synth.quality.measures import DETECTORS, measures_of, readings_of
from synth.quality.model import QualityReport
from synth.quality.score import COUNTS_INTO
from synth.quality.signals import Signals
from tests.quality.defects import KINDS, Part, Picture, spoil
from tests.quality.worlds import RATE, pan, seen

PART = Part(24, 52)
"""The second and the third sixth of the clip."""

TOLD = (
    "noise", "JPEG blocks", "clipping", "flicker", "local flicker", "colour drift",
    "jitter", "duplicates", "drops", "ghosts", "tearing", "frozen", "black", "letterbox",
)  # fmt: skip
"""Kinds whose sentence has to name the right seconds."""


@cache
def _clean() -> list[Picture]:
    return pan(72, size=(384, 216), speed=2.6)


@cache
def _clean_signals() -> Signals:
    return seen(_clean())


@cache
def _spoilt(kind: str, part: Part | None) -> tuple[Signals, Part]:
    made = spoil(_clean(), kind, KINDS[kind].levels[2], part=part)
    return seen(made.frames), made.part


def _report(signals: Signals) -> QualityReport:
    return report_of(signals)


def test_a_clean_clip_is_clean() -> None:
    report = _report(_clean_signals())
    assert [one.words for one in report.findings] == []
    assert report.gate.passed
    assert report.overall_score > 0.9


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"judder", "trails", "banding"}))
def test_the_right_statistic_moves(kind: str) -> None:
    part = PART if kind in TOLD else None
    signals, _ = _spoilt(kind, part)
    defect = KINDS[kind].defect
    before = getattr(measures_of(_clean_signals()), defect)
    after = getattr(measures_of(signals), defect)
    assert after > before + 0.2 * abs(before) + 0.02


@pytest.mark.parametrize("kind", TOLD)
def test_the_sentence_names_the_right_seconds(kind: str) -> None:
    signals, part = _spoilt(kind, PART)
    defect = KINDS[kind].defect
    reading = readings_of(signals)[defect]
    limit = min(getattr(Calibration(), defect).limit, 0.8 * float(np.nanmax(reading.values)))
    spans = reading.spans(limit)
    assert spans
    begin, end = part.first / RATE, part.end / RATE
    assert spans[0].start > begin - 0.5
    assert spans[-1].end < end + 0.5
    # What drifts is far from where it was only after a while.
    covered = sum(span.end - span.start for span in spans)
    assert covered > (0.05 if defect in ("colour_drift", "duplicates", "drops") else 0.3) * (
        end - begin
    ) or defect in ("ghosts", "tearing")
    assert begin - 0.5 < reading.worst(spans) < end + 0.5


@pytest.mark.parametrize("kind", TOLD)
def test_no_other_metric_moves(kind: str) -> None:
    signals, _ = _spoilt(kind, PART)
    clean, report = _report(_clean_signals()), _report(signals)
    defect = KINDS[kind].defect
    for metric, defects in COUNTS_INTO.items():
        if defect not in defects and not (kind == "clipping" and metric == "color_consistency"):
            assert abs(report.value(metric) - clean.value(metric)) < 0.15, metric


def test_trails_are_told_where_things_are_fast() -> None:
    clean = pan(36, size=(384, 216), speed=9.0)
    before = measures_of(seen(clean)).trails
    after = measures_of(seen(spoil(clean, "trails", 0.5).frames)).trails
    assert before < 0.1
    assert after > 0.25


def test_judder_is_told() -> None:
    clean = pan(72, size=(384, 216), speed=2.0)
    before = measures_of(seen(clean[::2])).judder
    after = measures_of(seen(spoil(clean, "judder", 50.0).frames)).judder
    assert before < 0.1
    assert after > 0.25


def test_bands_are_told_in_a_soft_sky() -> None:
    ramp = np.linspace(60, 200, 384, dtype=np.float32)
    frames = []
    for number in range(12):
        sky = np.tile(ramp + 2 * number, (216, 1))
        frames.append(np.repeat(np.rint(sky)[..., None], 3, axis=2).astype(np.uint8))
    assert measures_of(seen(frames)).banding < 0.02
    assert measures_of(seen(spoil(frames, "banding", 14).frames)).banding > 0.2


def test_a_cut_is_no_defect() -> None:
    one, other = _clean()[:30], pan(30, size=(384, 216), speed=2.6, seed=8)
    signals = seen([*one, *other])
    assert signals.cuts == pytest.approx((30 / RATE,))
    report = _report(signals)
    assert [found.words for found in report.findings] == []


@pytest.mark.parametrize("over", [12, 20])
def test_a_fade_through_black_is_no_defect(over: int) -> None:
    frames = _clean()
    gains = np.ones(len(frames), np.float32)
    middle = len(frames) // 2
    gains[middle - over : middle] = np.linspace(1, 0, over)
    gains[middle : middle + over] = np.linspace(0, 1, over)
    faded = [
        np.rint(frame * gain).astype(np.uint8) for frame, gain in zip(frames, gains, strict=True)
    ]
    names = {found.defect for found in _report(seen(faded)).findings}
    assert not names & {"flicker", "black", "frozen", "duplicates", "letterbox"}


def test_a_still_clip_is_not_frozen() -> None:
    report = _report(seen([_clean()[0]] * 30))
    assert "frozen" not in {found.defect for found in report.findings}
    assert any("moves" in note for note in report.notes)


def test_a_black_clip_fails_and_says_so() -> None:
    report = _report(seen([np.zeros((96, 128, 3), np.uint8)] * 20))
    assert not report.gate.passed
    assert "black" in report.gate.reasons[0]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_so_few_frames_are_judged_by_what_they_show(count: int) -> None:
    report = _report(seen(_clean()[:count]))
    assert report.frames == count
    assert report.value("flicker_detection") == 0.0
    assert report.value("motion_smoothness") == 1.0
    assert any(f"{count} frame" in note for note in report.notes)


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (216, 384), (40, 300)])
def test_any_size_and_shape_is_judged(size: tuple[int, int]) -> None:
    report = _report(seen(pan(14, size=size, speed=2.0)))
    assert (report.width, report.height) == size
    assert all(0.0 <= metric.value <= 1.0 for metric in report.metrics)
    assert set(report.curves) == set(DETECTORS)
