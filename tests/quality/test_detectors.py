"""Every defect is found by its own detector, alone, and in the seconds where it is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from synth.quality.calibration import Calibration
from synth.quality.evaluate import report_of
from synth.quality.measures import DETECTORS, Measures, measures_of, readings_of
from synth.quality.model import QualityReport, score_text
from synth.quality.score import COUNTS_INTO, gate_of, metrics_of
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
    words = {metric.name: metric.words for metric in report.metrics}
    assert words["motion_smoothness"].startswith("Nothing moves")


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
    words = {metric.name: metric.words for metric in report.metrics}
    assert words["flicker_detection"] == words["motion_smoothness"]
    assert words["motion_smoothness"].startswith("Too few frames")


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (216, 384), (40, 300)])
def test_any_size_and_shape_is_judged(size: tuple[int, int]) -> None:
    report = _report(seen(pan(14, size=size, speed=2.0)))
    assert (report.width, report.height) == size
    assert all(0.0 <= metric.value <= 1.0 for metric in report.metrics)
    assert set(report.curves) == set(DETECTORS)


def _resized(size: tuple[int, int], frames: list[Picture]) -> list[Picture]:
    return [
        np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        for frame in frames
    ]


@pytest.mark.parametrize("size", [(64, 64), (96, 54), (160, 90), (122, 216)])
def test_a_small_copy_of_a_clean_clip_is_clean(size: tuple[int, int]) -> None:
    report = _report(seen(_resized(size, _clean()[:48])))
    assert {one.defect for one in report.findings} <= {"blocking"}
    assert report.gate.passed
    noise = any("noise cannot be told" in note for note in report.notes)
    assert noise
    assert not np.isfinite(report.curves["noise"].values).any()


def test_a_picture_of_usual_size_tells_its_noise() -> None:
    report = _report(_clean_signals())
    assert not any("noise" in note for note in report.notes)
    assert np.isfinite(report.curves["noise"].values).all()


def test_a_few_rows_that_stand_still_are_not_torn() -> None:
    signals = _clean_signals()
    torn = np.zeros(signals.frames, np.float32)
    torn[5::4] = 0.1
    assert readings_of(replace(signals, torn=torn))["tearing"].statistic == 0.0
    torn[5::4] = 0.2
    told = readings_of(replace(signals, torn=torn))["tearing"].statistic
    small = readings_of(replace(signals, torn=torn, height=64))["tearing"].statistic
    assert told > 0.1
    assert small == 0.0


def test_what_creeps_is_not_told_to_be_blended() -> None:
    signals, _ = _spoilt("ghosts", PART)
    assert readings_of(signals)["ghosts"].statistic > 0.1
    creeping = replace(signals, speed=signals.speed * np.float32(0.05))
    assert readings_of(creeping)["ghosts"].statistic == 0.0
    own = np.where(signals.own < 0.2, np.float32(0.25), 3.0 * signals.own).astype(np.float32)
    assert readings_of(replace(signals, own=own))["ghosts"].statistic == 0.0


def _stretched(paces: list[float]) -> Signals:
    """The clean clip's signals with steps of other lengths from frame 20 on."""
    signals = _clean_signals()
    speed = np.ones(signals.frames)
    speed[20 : 20 + len(paces)] = paces
    quickening = np.full(signals.frames, np.nan, np.float32)
    quickening[2:] = np.log(speed[2:] / speed[1:-1])
    one, two = quickening.copy(), quickening.copy()
    one[1:], two[2:] = 4.0 * speed[1:], 4.0 * (speed[2:] + speed[1:-1])
    return replace(signals, quickening=quickening, texture=one, twice=two)


def test_a_sudden_long_step_misses_a_frame_and_a_swell_does_not() -> None:
    one = readings_of(_stretched([2.0]))["drops"]
    assert [round(mark.start * RATE) for mark in one.marks] == [20]
    swell = _stretched([1.2, 1.5, 1.9, 2.3, 2.5, 2.3, 1.9, 1.5, 1.2])
    assert not readings_of(swell)["drops"].marks
    late = readings_of(_stretched([1.5, 0.5, 0.5, 1.5] * 10))
    assert not late["drops"].marks
    assert late["judder"].statistic > Calibration().judder.limit
    uneven = readings_of(_stretched([1.5, 0.5] * 8))["judder"].statistic
    assert readings_of(swell)["judder"].statistic < 0.3 * uneven


def test_words_beside_a_figure_that_is_not_at_its_best_say_why() -> None:
    constants = Calibration()
    clean = measures_of(_clean_signals())
    noise = 0.6 * constants.noise.free + 0.4 * constants.noise.limit
    words = {
        one.name: one.words
        for one in metrics_of(replace(clean, noise=noise, flicker=0.0), constants, ())
    }
    assert words["artifact_score"] == "Traces of noise, below what is seen."
    more = replace(clean, noise=0.99 * constants.noise.fatal)
    assert metrics_of(more, constants, ())[-1].words == "Some noise, short of a fault."
    zero = Measures(**dict.fromkeys(clean.to_dict(), 0.0))
    for metric in metrics_of(zero, constants, ()):
        assert "races" not in metric.words
        assert metric.value in (0.0, 1.0)


def test_a_score_that_misses_is_never_written_as_if_it_passed() -> None:
    assert score_text(0.7352) == "0.74"
    assert score_text(0.7999) == "0.799"
    assert score_text(0.8) == "0.80"
    assert gate_of(0.7999, ()).reasons == ("The overall score is 0.799; 0.80 is needed.",)
    assert gate_of(0.8, ()).passed
