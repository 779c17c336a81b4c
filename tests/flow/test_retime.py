"""Whole files: retimed, planned, stopped."""

from __future__ import annotations

import gc
import json
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, LimitExceeded, Unavailable
from synth.flow.feed import Feed, Span, steady_rate
from synth.flow.plan import RetimePlan, plan_retime
from synth.flow.rates import frame_rate
from synth.flow.result import RetimedVideo
from synth.flow.retime import retime_video
from synth.flow.settings import RetimeSettings
from synth.limits import Limits
from synth.media import VideoWriter, probe, read_metadata
from synth.media.planes import Planes
from synth.media.story import METADATA_KEY
from tests.flow.retimed import Blend, panned, times_of, write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of a moving texture at 24, with a tone."""
    return write_clip(tmp_path_factory.mktemp("clips") / "pan.mp4", panned(24), sound=True)


@pytest.fixture(scope="module")
def cut_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two worlds of half a second each, without sound."""
    pictures = panned(12) + [255 - picture for picture in panned(12, seed=9)]
    return write_clip(tmp_path_factory.mktemp("clips") / "cut.mp4", pictures)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Planes]:
    """Every picture that is handed to the encoder."""
    seen: list[Planes] = []
    write = VideoWriter.write_planes

    def spy(self: VideoWriter, planes: Planes) -> None:
        seen.append(planes)
        write(self, planes)

    monkeypatch.setattr(VideoWriter, "write_planes", spy)
    return seen


def source_planes(path: Path) -> list[Planes]:
    """The pictures of a 160x90 clip as its decoder gives them."""
    with av.open(str(path)) as file:
        stored = [frame.to_ndarray(format="yuv420p").reshape(-1) for frame in file.decode(video=0)]
    bounds = np.cumsum([160 * 90, 80 * 45])
    return [
        Planes(y.reshape(90, 160), u.reshape(45, 80), v.reshape(45, 80))
        for y, u, v in (np.split(one, bounds) for one in stored)
    ]


def retimed(path: Path, *values: Any, **named: Any) -> RetimedVideo:
    return retime_video(path, *values, interpolator=named.pop("interpolator", Blend), **named)


PAIRS = [
    (24, 60), ("23.976", 50), (12, 24), (30, 24), (25, "23.976"), (24, 25), ("29.97", 60),
    (60, 24), (50, "59.94"), (15, 60), ("59.94", "23.976"), (48, 120), (24, "29.97"), (10, 24),
    ("12.5", 25), (25, 50), (30, "29.97"), ("29.97", 30), (24, 24), (60, 1),
]  # fmt: skip


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_frame_of_every_pair_of_rates_stands_at_its_exact_time(
    source: Any, target: Any, tmp_path: Path
) -> None:
    fps, rate = frame_rate(source), frame_rate(target)
    path = write_clip(tmp_path / "in.mp4", panned(19, size=(64, 36)), fps)
    result = retimed(path, target, output_path=tmp_path / "out.mp4")
    frames = max(1, int(19 / fps * rate + Fraction(1, 2)))
    assert (result.frames, result.rate, result.source_rate) == (frames, rate, fps)
    assert times_of(result.path) == [k / rate for k in range(frames)]
    assert probe(result.path).fps == rate
    planned = plan_retime(path, target_fps=target, scan=False)
    assert planned.frames == frames


def test_source_pictures_reach_the_encoder_bit_for_bit(clip: Path, written: list[Planes]) -> None:
    result = retimed(clip, 60)
    source = source_planes(clip)
    assert len(written) == result.frames == 60
    for k in range(0, 60, 5):
        assert written[k].same(source[2 * k // 5])
        assert result.doubts[k] == 0
    assert (result.tally.untouched, result.tally.held, result.tally.new) == (12, 2, 46)
    assert result.doubts.shape == (60,)
    assert result.doubts.dtype == np.float32


def test_a_cut_stays_a_cut(cut_clip: Path, written: list[Planes]) -> None:
    result = retimed(cut_clip, 60, speed=0.5)
    source = source_planes(cut_clip)
    assert result.tally.cuts == 1
    (seam,) = result.seams
    assert seam.join == "cut"
    assert (seam.begin, seam.end) == pytest.approx((11 / 24, 12 / 24))
    assert seam.shown == pytest.approx(23 / 24)
    across = [
        k for k in range(result.frames) if Fraction(11, 24) < Fraction(k, 120) <= Fraction(12, 24)
    ]
    for k in across:
        near = 11 if Fraction(k, 120) < Fraction(23, 48) else 12
        assert written[k].same(source[near])


def sound_seconds(path: Path) -> float:
    with av.open(str(path)) as file:
        if not file.streams.audio:
            return 0.0
        return sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({}, 1.0),
        ({"speed": 0.5}, 2.0),
        ({"speed": 2.0, "sound": "varispeed"}, 0.5),
        ({"speed_curve": [(0, 1), (0.5, 0.25)]}, None),
        ({"start": 0.25, "seconds": 0.5}, 0.5),
    ],
)
def test_sound_lasts_as_long_as_the_pictures(
    values: dict[str, Any], seconds: float | None, clip: Path
) -> None:
    result = retimed(clip, settings=values)
    if seconds is not None:
        assert float(result.seconds) == pytest.approx(seconds, abs=0.5 / 24)
    assert sound_seconds(result.path) == pytest.approx(float(result.seconds), abs=1024 / 44100)


def test_sound_is_left_out_on_request_and_where_there_is_none(clip: Path, cut_clip: Path) -> None:
    assert sound_seconds(retimed(clip, settings={"sound": "drop"}).path) == 0
    assert sound_seconds(retimed(cut_clip).path) == 0


def test_the_file_says_how_it_was_made(clip: Path, tmp_path: Path) -> None:
    result = retimed(clip, 60, settings={"shutter_angle": 90}, output_path=tmp_path / "out.mp4")
    found = json.loads(read_metadata(result.path)[METADATA_KEY])
    assert found == result.metadata
    assert found["retime"]["target_fps"] == "60"
    values = {k: v for k, v in found["retime"].items() if k not in ("schema", "source_fps")}
    assert RetimeSettings.from_values(values) == result.settings


def test_the_shot_of_a_source_made_here_comes_along(tmp_path: Path) -> None:
    story = {METADATA_KEY: json.dumps({"shot": {"schema": "x"}, "more": 1})}
    path = write_clip(tmp_path / "in.mp4", panned(4, size=(64, 36)), metadata=story)
    result = retimed(path)
    found = json.loads(read_metadata(result.path)[METADATA_KEY])
    assert found["shot"] == {"schema": "x"}
    assert set(found) == {"shot", "retime"}


def test_a_strangers_words_do_not_come_along(tmp_path: Path) -> None:
    story = {METADATA_KEY: "{not json", "comment": "hello"}
    path = write_clip(tmp_path / "in.mp4", panned(4, size=(64, 36)), metadata=story)
    result = retimed(path)
    assert set(json.loads(read_metadata(result.path)[METADATA_KEY])) == {"retime"}


def test_a_clip_without_a_name_lives_as_long_as_its_result(clip: Path, tmp_path: Path) -> None:
    result = retimed(clip, 30)
    path = result.path
    kept = result.save(tmp_path / "kept.mp4")
    assert path.exists()
    assert kept.read_bytes() == path.read_bytes()
    del result
    assert not path.parent.exists()
    assert kept.exists()


def test_uneven_times_keep_their_pace(tmp_path: Path, written: list[Planes]) -> None:
    ticks = [0, 40, 200, 240, 600, 640, 680, 1000, 1040, 1080]
    path = write_clip(
        tmp_path / "in.mp4", panned(10, size=(160, 90)), 25, ticks=ticks, clock=Fraction(1, 1000)
    )
    assert probe(path).variable_rate
    result = retimed(path, 25)
    source = source_planes(path)
    for tick, planes in zip(ticks, source, strict=True):
        assert written[tick // 40].same(planes)
    assert result.frames >= 28


def test_a_part_is_what_the_whole_shows_there(clip: Path, written: list[Planes]) -> None:
    retimed(clip, 60)
    whole = list(written)
    written.clear()
    result = retimed(clip, 60, settings={"start": 0.5, "seconds": 0.25})
    assert result.frames == 15
    assert result.tally.pictures == 6
    for ours, theirs in zip(written, whole[30:45], strict=True):
        assert ours.same(theirs)


def test_motion_blur_when_speeding_up(clip: Path) -> None:
    result = retimed(clip, settings={"speed": 4.0, "shutter_angle": 360})
    assert result.frames == 6
    assert result.tally.new == 6


@pytest.mark.parametrize("format", ["webm", "gif", "prores", "png"])
def test_every_format_is_written(format: str, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    result = retimed(clip, 30, settings={"format": format, "seconds": 0.2}, output_path=target)
    assert target.stat().st_size > 0
    assert result.frames == 6
    if format != "png":
        assert probe(target).width == 160


def test_progress_counts_to_the_end(clip: Path) -> None:
    seen: list[Progress] = []
    retimed(clip, 60, progress=seen.append)
    made = [p for p in seen if p.stage == "Making frames"]
    assert [p.done for p in made] == list(range(1, 61))
    assert {p.total for p in made} == {60}


class Slow(Blend):
    """An interpolator that takes its time."""

    def between(self, window: Any, times: Any) -> Any:
        time.sleep(0.05)
        return super().between(window, times)


class Counting(Blend):
    """Knows how many of the pictures it has seen and made are still held."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[weakref.ref[Planes]] = []
        self.most = 0

    def alive(self) -> int:
        return len({id(one) for one in (ref() for ref in self.seen) if one is not None})

    def between(self, window: Any, times: Any) -> Any:
        made = super().between(window, times)
        self.windows.clear()
        self.seen += [weakref.ref(window.first.planes), *(weakref.ref(b.planes) for b in made)]
        self.most = max(self.most, self.alive())
        return made


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def threads() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name in ("retime-reader", "video-writer")}


def test_cancel_stops_within_a_second_and_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old.mp4").write_bytes(b"old")
    token = CancelToken()
    made: list[Blend] = []

    def maker(*values: Any) -> Blend:
        made.append(Slow(*values))
        return made[-1]

    began: list[float] = []

    def watch(progress: Progress) -> None:
        if progress.done == 5:
            began.append(time.monotonic())
            token.cancel()

    with pytest.raises(Cancelled):
        retimed(clip, 120, settings={"speed": 1 / 16}, cancel=token, progress=watch,
                output_path=folder / "old.mp4", interpolator=maker)  # fmt: skip
    assert time.monotonic() - began[0] < 1.0
    assert (folder / "old.mp4").read_bytes() == b"old"
    assert leftovers(folder) == ["old.mp4"]
    assert made[0].closed
    assert not threads()


def test_a_failing_interpolator_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    class Failing(Blend):
        def between(self, window: Any, times: Any) -> Any:
            raise MemoryError("no")

    with pytest.raises(MemoryError):
        retimed(clip, 60, output_path=tmp_path / "out.mp4", interpolator=Failing)
    assert leftovers(tmp_path) == []
    assert not threads()


def test_a_truncated_file_gives_what_can_be_read(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "in.mp4", panned(60), 24)
    path = tmp_path / "torn.mp4"
    with (
        av.open(str(whole)) as source,
        av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as out,
    ):
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    result = retimed(path, 60)
    assert 60 < result.frames < 140
    assert any("could be read" in note for note in result.notes)


def wrong(path: Path, folder: Path) -> list[tuple[Callable[[], object], type, str]]:
    text = folder / "text.mp4"
    text.write_text("not a video")
    return [
        (lambda: retimed(text, 60), InvalidMedia, "not a video"),
        (lambda: retimed(folder / "missing.mp4"), InvalidMedia, "no such file"),
        (lambda: retimed(path, 0), InvalidInstruction, "frame rate"),
        (lambda: retimed(path, 1000), LimitExceeded, "120"),
        (lambda: retimed(path, speed=0.0), InvalidInstruction, "speed"),
        (lambda: retimed(path, settings={"start": 7.0}), InvalidInstruction, "lasts 1 s"),
        (lambda: retimed(path, output_path=path), InvalidInstruction, "source itself"),
        (lambda: retimed(path, output_path=folder / "no" / "x.mp4"), InvalidInstruction, "folder"),
        (lambda: retimed(path, 60, settings={"format": "gif"}), InvalidInstruction, "GIF"),
        (
            lambda: retime_video(path, settings={"mode": "learned"}, output_path=folder / "o.mp4"),
            Unavailable, "learned",
        ),
    ]  # fmt: skip


def test_wrong_requests_are_refused_in_words(clip: Path, tmp_path: Path) -> None:
    before = clip.read_bytes()
    for ask, kind, said in wrong(clip, tmp_path):
        with pytest.raises(kind, match=said):
            ask()
    assert leftovers(tmp_path) == ["text.mp4"]
    assert clip.read_bytes() == before
    assert not threads()


def test_too_long_a_clip_is_refused_before_work_begins(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synth.flow.retime.LIMITS", Limits(video_frames=100))
    with pytest.raises(LimitExceeded, match=r"120 frames.*limit is 100"):
        plan_retime(clip, target_fps=120, scan=False)
    with pytest.raises(LimitExceeded, match="limit is 100"):
        retimed(clip, 120)


def test_a_plan_says_what_then_happens(clip: Path, cut_clip: Path) -> None:
    for path, values in (
        (clip, {"target_fps": 60}),
        (cut_clip, {"target_fps": 60, "speed": 0.3}),
        (cut_clip, {"speed": 3.0, "shutter_angle": 180}),
        (clip, {"speed_curve": [(0, 1), (0.8, 0.2)], "start": 0.2}),
    ):
        plan = plan_retime(path, values)
        result = retimed(path, settings=values)
        assert plan.scanned
        assert (plan.frames, plan.rate) == (result.frames, result.rate)
        assert plan.tally == result.tally
        assert plan.seams == result.seams
        header = plan_retime(path, values, scan=False)
        assert not header.scanned
        assert header.frames == plan.frames
        assert header.source_seconds == plan.source_seconds


def test_a_plan_in_words(clip: Path, cut_clip: Path) -> None:
    assert plan_retime(clip, target_fps=60).sentences() == [
        "24 frames at 24 become 60 at 60.",
        "46 frames are new, 12 are untouched source frames, 2 repeat the nearest one.",
        "The sound stays as it is.",
    ]
    assert plan_retime(clip, target_fps=60, scan=False).sentences()[1] == (
        "About 48 frames are new, 12 are untouched source frames."
    )
    assert plan_retime(cut_clip, speed=0.25).sentences() == [
        "24 frames at 24 become 96 at 24.",
        "1 s become 4 s.",
        "66 frames are new, 24 are untouched source frames, 6 repeat the nearest one.",
        "1 cut is kept sharp.",
        "There is no sound.",
    ]
    plan = plan_retime(clip, {"speed": 4.0, "shutter_angle": 180, "sound": "varispeed"})
    assert plan.sentences()[-2:] == [
        "Where several source frames fall on one, they are blurred as by a shutter of 180 degrees.",
        "The sound changes speed and pitch with the picture, like tape.",
    ]


def test_a_plan_can_be_stopped(clip: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        plan_retime(clip, target_fps=60, cancel=token)
    assert not threads()


def test_results_report_plain_values(cut_clip: Path) -> None:
    result = retimed(cut_clip, 60)
    report = json.loads(json.dumps(result.report()))
    assert report["frames"] == 60
    assert report["seams"] == [{"join": "cut", "seconds": 0.479}]
    assert report["worst"][0]["doubt"] >= report["worst"][1]["doubt"]
    assert result.with_notes("Hello.").notes[0] == "Hello."


def test_the_clock_of_a_container_is_seen_through(tmp_path: Path) -> None:
    """Times in thousandths of a second, as Matroska keeps them, still fall on exact multiples."""
    rate = Fraction(24000, 1001)
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for index, picture in enumerate(panned(40, size=(64, 36))):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, 1 / rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with Feed(path, Span(Fraction(0), None)) as feed:
        assert feed.rate == rate
        assert [anchor.time for anchor in feed] == [k / rate for k in range(40)]


def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    """Pictures alive at once, short clip and long."""
    most: list[int] = []
    for count in (40, 160):
        path = write_clip(tmp_path / f"{count}.mp4", panned(count, size=(64, 36), step=1), 24)
        counting = Counting()
        retimed(path, 60, interpolator=lambda *_, one=counting: one)
        gc.collect()
        assert counting.alive() == 0
        most.append(counting.most)
    assert most[1] <= most[0] + 8


def test_a_plan_of_an_unknown_length_says_only_rates() -> None:
    plan = RetimePlan(
        RetimeSettings(), False, 64, 36, Fraction(24), True, None, None, Fraction(60), False
    )
    assert plan.sentences() == ["About 24 frames a second become 60.", "There is no sound."]
    assert plan.seconds is None


def test_a_rate_is_steadied_only_where_the_clock_explains_it(clip: Path) -> None:
    info = probe(clip)
    near = replace(info, fps=Fraction("24.0005"), duration=Fraction(10))
    assert steady_rate(near) == 24
    off = replace(info, fps=Fraction("24.01"), duration=Fraction(100))
    assert steady_rate(off) == Fraction("24.01")


def test_animation_on_twos_gets_real_motion(tmp_path: Path, written: list[Planes]) -> None:
    drawn = panned(24, step=3)
    path = write_clip(tmp_path / "twos.mp4", [drawn[k // 2] for k in range(48)], sound=True)
    kept = retimed(path)
    assert kept.tally.replaced == 0
    assert kept.tally.repeats >= 22
    assert kept.tally.new == 0
    written.clear()
    result = retimed(path, settings={"duplicates": "replace"})
    assert result.frames == 48
    assert result.tally.replaced >= 16
    assert result.tally.new == result.tally.replaced
    assert result.tally.pictures == 48
    stills = sum(a.same(b) for a, b in pairwise(written))
    assert stills <= 24 - result.tally.replaced
    words = plan_retime(path, {"duplicates": "replace"}).sentences()
    assert f"{result.tally.replaced} repeated frames are replaced by motion." in words
