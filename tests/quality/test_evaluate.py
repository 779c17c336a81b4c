"""Reports of files: what they hold, odd files, stopping."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.quality.evaluate import evaluate_video
from synth.quality.measures import Measures, measure
from synth.quality.model import WEIGHTS
from synth.quality.scan import signals_of
from tests.flow.retimed import write_clip
from tests.quality.defects import Part, Picture, spoil
from tests.quality.worlds import pan

SIZE = (320, 180)


@cache
def _frames() -> list[Picture]:
    return pan(48, size=SIZE, speed=2.4)


@pytest.fixture(scope="module")
def flickering(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spoilt = spoil(_frames(), "flicker", 5.0, part=Part(24, 48))
    return write_clip(tmp_path_factory.mktemp("quality") / "clip.mp4", spoilt.frames)


def test_a_report_is_complete(flickering: Path) -> None:
    seen: list[Progress] = []
    report = evaluate_video(flickering, camera={"rotation": 0.02}, progress=seen.append)
    assert [metric.name for metric in report.metrics] == list(WEIGHTS)
    assert (report.width, report.height, report.frames) == (*SIZE, 48)
    assert report.seconds == pytest.approx(2.0, abs=0.05)
    assert report.camera == {"rotation": 0.02}
    finding = report.findings[0]
    assert finding.defect == "flicker"
    assert finding.fix == "deflicker"
    assert finding.words.startswith("Flicker of ")
    assert 0.7 < finding.spans[0].start < 1.3
    assert f"between {finding.spans[0].start:.1f} s and 2.0 s" in finding.words
    assert 0.8 < finding.worst < 2.0
    thumbnail = report.thumbnails[finding.worst]
    assert thumbnail.shape == (SIZE[1], SIZE[0], 3)
    assert thumbnail.dtype == np.uint8
    assert finding.curve in report.curves
    curve = report.curves["flicker"]
    assert curve.times.shape == curve.values.shape == (48,)
    assert seen[-2].done == 48
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert list(plain)[:3] == ["metrics", "overall_score", "pass_threshold"]
    assert plain["findings"][0]["words"] == finding.words


def test_the_picture_of_a_moment_is_that_frame(flickering: Path) -> None:
    report = evaluate_video(flickering)
    finding = report.findings[0]
    number = round(finding.worst * 24)
    shown = spoil(_frames(), "flicker", 5.0, part=Part(24, 48)).frames[number]
    other = _frames()[number - 20]
    thumbnail = report.thumbnails[finding.worst].astype(float)
    assert np.abs(thumbnail - shown).mean() < 4.0
    assert np.abs(thumbnail - other).mean() > 8.0


def test_a_part_of_a_clip_is_judged_alone(flickering: Path) -> None:
    calm = evaluate_video(flickering, seconds=1.0)
    assert calm.frames == 24
    assert "flicker" not in {one.defect for one in calm.findings}
    restless = evaluate_video(flickering, start=1.0)
    assert restless.findings[0].defect == "flicker"
    assert restless.findings[0].spans[0].start >= 1.0 - 1e-6
    assert "throughout" in restless.findings[0].words


def test_measures_are_one_figure_each(flickering: Path) -> None:
    found = measure(flickering)
    assert isinstance(found, Measures)
    assert all(math.isfinite(value) for value in found.to_dict().values())
    assert 3.0 < found.flicker < 8.0


def test_a_part_without_a_frame_is_told(flickering: Path) -> None:
    with pytest.raises(InvalidInstruction, match="Start earlier"):
        evaluate_video(flickering, start=30.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0])
def test_a_start_that_makes_no_sense_is_refused(flickering: Path, wrong: float) -> None:
    with pytest.raises(InvalidInstruction):
        evaluate_video(flickering, start=wrong)
    with pytest.raises(InvalidInstruction):
        evaluate_video(flickering, seconds=wrong)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("not a video")
    with pytest.raises(InvalidMedia):
        evaluate_video(path)


def test_stopping_is_heard(flickering: Path) -> None:
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.done == 5:
            token.cancel()

    with pytest.raises(Cancelled):
        signals_of(flickering, cancel=token, progress=stop)


def _written(path: Path, frames: list[Picture], pixel_format: str, **options: object) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"crf": "10", "preset": "ultrafast"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        if options.get("pq"):
            context = stream.codec_context
            context.color_primaries, context.color_trc, context.colorspace = 9, 16, 9
        if options.get("full_range"):
            stream.codec_context.color_range = 2
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if options.get("full_range"):
                frame = frame.reformat(format=pixel_format, dst_color_range="JPEG")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("pixel_format", "full_range"),
    [("yuv420p", False), ("yuv420p", True), ("yuv420p10le", False), ("yuv444p", False)],
)
def test_how_pixels_are_stored_does_not_matter(
    tmp_path: Path, pixel_format: str, full_range: bool
) -> None:
    frames = spoil(_frames()[:30], "flicker", 4.0).frames
    path = _written(tmp_path / "clip.mp4", frames, pixel_format, full_range=full_range)
    found = measure(path)
    assert found.flicker == pytest.approx(4.0, rel=0.35)
    assert found.colour_drift < 3.0
    assert found.clipping < 0.05


def test_hdr_is_judged_by_how_it_is_shown(tmp_path: Path) -> None:
    # Read as PQ, codes of 0.4 to 0.6 are light that ordinary screens show, too.
    frames = [(0.2 * frame + 102).astype(np.uint8) for frame in _frames()[:30]]
    path = _written(tmp_path / "clean.mp4", frames, "yuv420p10le", pq=True)
    clean = evaluate_video(path)
    assert any("HDR" in note for note in clean.notes)
    assert "flicker" not in {one.defect for one in clean.findings}
    restless = spoil(frames, "flicker", 3.0).frames
    path = _written(tmp_path / "restless.mp4", restless, "yuv420p10le", pq=True)
    assert "flicker" in {one.defect for one in evaluate_video(path).findings}


def test_a_variable_rate_is_judged_at_its_own_times(tmp_path: Path) -> None:
    frames = _frames()[:30]
    ticks = [number * 40 + (number % 3) * 6 for number in range(30)]
    path = write_clip(tmp_path / "clip.mp4", frames, ticks=ticks, clock=Fraction(1, 1000))
    found = signals_of(path)
    assert found.variable_rate
    assert found.times[1] - found.times[0] == pytest.approx(0.046)
    report = evaluate_video(path)
    assert 0.0 <= report.overall_score <= 1.0
    assert any("uneven times" in note for note in report.notes)


def test_scores_hold_when_a_clip_is_scaled_or_coded_again(tmp_path: Path) -> None:
    import cv2

    frames = pan(30, size=(640, 360), speed=4.0)
    first = evaluate_video(write_clip(tmp_path / "one.mp4", frames))
    double = [
        np.asarray(cv2.resize(frame, (960, 540), interpolation=cv2.INTER_CUBIC), np.uint8)
        for frame in frames
    ]
    second = evaluate_video(write_clip(tmp_path / "two.mp4", double))
    for name in ("color_consistency", "motion_smoothness", "flicker_detection"):
        assert second.value(name) == pytest.approx(first.value(name), abs=0.05)
