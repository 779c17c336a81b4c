"""Whole clips and single pictures through the grade, as a user would have them."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.grade.chain import Chain
from synth.grade.cube import read_cube, write_cube
from synth.grade.grade import bake_lut, grade_picture, grade_video
from synth.grade.lut import Lut, identity_cube
from synth.grade.settings import Adjustments, Grade
from synth.media import VideoReader, VideoWriter, probe
from synth.media.plane_reader import PlaneReader
from synth.media.planes import ColourTags
from synth.media.settings import EncoderSettings

WIDTH, HEIGHT = 96, 64
BEST = EncoderSettings(crf=1)
WARM: dict[str, Any] = {"temperature": 1500, "saturation": 1.2, "contrast": 1.1}


def _picture(k: int = 0, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    planes = (x * 180 // width + 40, y * 150 // height + 50, 200 - x * 100 // width)
    return np.stack([np.clip(plane + 2 * k, 0, 255) for plane in planes], axis=-1).astype(np.uint8)


def _clip(path: Path, count: int = 8, tags: ColourTags | None = None) -> Path:
    with VideoWriter(path, width=WIDTH, height=HEIGHT, fps=24, settings=BEST, tags=tags) as writer:
        for k in range(count):
            writer.write(_picture(k))
    return path


def _pictures(path: Path) -> list[np.ndarray]:
    with VideoReader(path) as reader:
        return [frame.pixels for frame in reader]


def _exact(picture: np.ndarray, values: dict[str, Any]) -> np.ndarray:
    graded = Chain(Adjustments.from_values(values)).apply(picture / 255)
    return np.clip(graded, 0, 1) * 255


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", ["bt709", "bt601"])
def test_a_clip_is_graded_by_its_own_tags(tmp_path: Path, matrix: str, full: bool) -> None:
    tags = ColourTags(matrix, full)
    path = _clip(tmp_path / "in.mp4", tags=tags)
    result = grade_video(path, {"adjustments": WARM}, crf=1, output_path=tmp_path / "out.mp4")
    assert result.frames == 8
    with PlaneReader(result.path) as reader:
        assert (reader.tags.matrix, reader.tags.full_range) == (matrix, full)
    for before, after in zip(_pictures(path), _pictures(result.path), strict=True):
        assert np.abs(after - _exact(before, WARM)).mean() < 1.5


def test_a_grade_at_rest_hands_on_every_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reaches the encoder is what the file held; an identity LUT is rest, too."""
    path = _clip(tmp_path / "in.mp4")
    with PlaneReader(path) as reader:
        source = [frame.planes for frame in reader]
    seen = []
    write = VideoWriter.write_planes
    monkeypatch.setattr(
        VideoWriter, "write_planes", lambda self, planes: (seen.append(planes), write(self, planes))
    )
    cube = write_cube(Lut(cube=identity_cube(33)), tmp_path / "still.cube")
    for lut in (None, cube):
        seen.clear()
        grade_video(path, {}, lut=lut)
        assert len(seen) == len(source)
        assert all(a.same(b) for a, b in zip(seen, source, strict=True))


def test_ten_bits_turned_and_odd_sizes(tmp_path: Path) -> None:
    """A phone's file: 10 bits, upright only by its tag, of an odd size."""
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream("libx265", rate=24, options={"x265-params": "log-level=none:crf=4"})
        stream.width, stream.height, stream.pix_fmt = 97, 65, "yuv444p10le"
        stream.codec_context.colorspace = 1
        for k in range(4):
            frame = av.VideoFrame.from_ndarray(_picture(k, 97, 65), format="rgb24")
            out.mux(stream.encode(frame.reformat(format="yuv444p10le", dst_colorspace="itu709")))
        out.mux(stream.encode(None))
    before = _pictures(path)
    result = grade_video(path, {"adjustments": WARM}, crf=1)
    assert (result.width, result.height) == (98, 66)
    after = _pictures(result.path)
    assert np.abs(after[2][:65, :97] - _exact(before[2], WARM))[4:-4, 4:-4].mean() < 1.5


def test_high_dynamic_range_is_graded_as_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "in.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx265", rate=24, options={"x265-params": "log-level=none:crf=4"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, 16, 9
        for k in range(3):
            frame = av.VideoFrame.from_ndarray(_picture(k), format="rgb24")
            out.mux(stream.encode(frame.reformat(format="yuv420p10le", dst_colorspace=9)))
        out.mux(stream.encode(None))
    before = _pictures(path)
    result = grade_video(path, {"adjustments": WARM}, crf=1)
    assert any("HDR (PQ" in note for note in result.notes)
    with PlaneReader(result.path) as reader:
        assert reader.tags == ColourTags()
    assert np.abs(_pictures(result.path)[1] - _exact(before[1], WARM)).mean() < 1.5


def test_uneven_times_become_even_ones_at_the_right_moments(tmp_path: Path) -> None:
    path = tmp_path / "in.mkv"
    times = [0, 40, 120, 160, 400, 440, 480, 800, 840, 1000]
    with av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for k, pts in enumerate(times):
            picture = np.full((HEIGHT, WIDTH, 3), 20 + 20 * k, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert probe(path).variable_rate
    result = grade_video(path, {"adjustments": {"brightness": 0.1}}, crf=1)
    assert any("uneven times" in note for note in result.notes)
    shown = [picture.mean() for picture in _pictures(result.path)]
    assert len(shown) == 26
    for k, level in enumerate(shown):
        moment = k / float(result.fps) * 1000
        held = max(index for index, time in enumerate(times) if time <= moment + 1)
        assert level == pytest.approx(20 + 20 * held + 25.5, abs=3)


def test_keys_change_the_picture_over_time(tmp_path: Path) -> None:
    path = _clip(tmp_path / "in.mp4", 24)
    grade = Grade.from_values({
        "keys": [
            {"time": 0.25, "adjustments": {"exposure": 0}},
            {"time": 0.75, "adjustments": {"exposure": -2}},
        ]
    })  # fmt: skip
    result = grade_video(path, grade, crf=1)
    for k, (before, after) in enumerate(zip(_pictures(path), _pictures(result.path), strict=True)):
        stops = -2 * min(max((k / 24 - 0.25) / 0.5, 0), 1)
        assert np.abs(after - _exact(before, {"exposure": stops})).mean() < 1.5
    # A part of the clip keeps the moments of the whole.
    part = grade_video(path, grade, start=0.75, crf=1)
    assert part.frames == 6
    assert np.abs(_pictures(part.path)[0].astype(int) - _pictures(result.path)[18]).mean() < 1


def test_a_look_and_its_strength(tmp_path: Path) -> None:
    picture = _picture()
    noir = grade_picture(picture, {"look": "noir"})
    assert np.ptp(noir.astype(int), axis=-1).max() <= 1
    half = grade_picture(picture, {"look": "noir", "lut_strength": 0.5})
    assert np.abs(half - (picture.astype(float) + noir) / 2).max() <= 1.5
    with pytest.raises(InvalidInstruction, match="Leave one out"):
        grade_picture(picture, {"look": "noir"}, Lut(cube=identity_cube(2)))
    with pytest.raises(InvalidInstruction, match="no look"):
        grade_video(_clip(tmp_path / "in.mp4", 2), {"look": "nope"})
    bad = tmp_path / "bad.cube"
    bad.write_text("LUT_3D_SIZE 1\n0 0 0\n")
    with pytest.raises(InvalidMedia, match="Line 1"):
        grade_video(tmp_path / "in.mp4", {}, lut=bad)


def test_any_grade_can_leave_as_a_file(tmp_path: Path) -> None:
    values = {**WARM, "curve": [[0, 0.03], [0.5, 0.55], [1, 1]]}
    grade = Grade.from_values({"adjustments": values, "look": "warm_film"})
    picture = _picture()
    path = write_cube(bake_lut(grade, size=33), tmp_path / "mine.cube")
    again = grade_picture(picture, {}, read_cube(path))
    assert np.abs(again.astype(int) - grade_picture(picture, grade)).max() <= 2
    assert bake_lut({}, size=9).identity
    with pytest.raises(InvalidInstruction, match="2 to 65"):
        bake_lut(grade, size=66)
    for moment in (float("nan"), -1.0):
        with pytest.raises(InvalidInstruction, match="time"):
            bake_lut(grade, time=moment)


def test_sharpening_sharpens_and_grain_is_the_same_again() -> None:
    picture = _picture(width=320, height=180)
    picture[:, 160:] //= 2
    sharp = grade_picture(picture, {"adjustments": {"sharpen": 1.0}}).astype(int)
    assert (
        abs(sharp[90, 159] - sharp[90, 160]).sum()
        > 1.2 * abs(picture[90, 159].astype(int) - picture[90, 160]).sum()
    )
    assert np.abs(sharp[:, :150] - picture[:, :150]).max() <= 2
    flat = np.full((180, 320, 3), 118, np.uint8)
    grain: dict[str, Any] = {"adjustments": {"grain": 0.5}}
    first = grade_picture(flat, grain, time=1.0)
    assert np.array_equal(first, grade_picture(flat, grain, time=1.0))
    assert not np.array_equal(first, grade_picture(flat, grain, time=1.04))
    assert 6 < first.std() < 10
    assert abs(first.mean() - 118) < 0.3
    # No colour in it, and clean blacks and whites.
    assert np.ptp(first.astype(int), axis=-1).max() == 0
    for level in (0, 255):
        clean = np.full((20, 20, 3), level, np.uint8)
        assert np.array_equal(grade_picture(clean, grain), clean)


def test_sound_and_story_come_along(tmp_path: Path) -> None:
    path = tmp_path / "in.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        track = out.add_stream("aac", rate=44100)
        for k in range(24):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(_picture(k), format="rgb24")))
        out.mux(stream.encode(None))
        for k in range(43):
            wave = np.sin(np.arange(1024) / 20 + k).astype(np.float32)[None].repeat(2, 0)
            sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
            sound.sample_rate, sound.pts = 44100, k * 1024
            out.mux(track.encode(sound))
        out.mux(track.encode(None))
    result = grade_video(path, {"look": "pastel"}, output_path=tmp_path / "out.mp4")
    info = probe(result.path)
    assert info.has_audio
    assert '"look":"pastel"' in info.metadata["motion_synth"]
    report = result.report()
    assert report["frames"] == 24
    assert report["settings"]["look"] == "pastel"


def test_a_clip_without_a_place_goes_with_its_result(tmp_path: Path) -> None:
    result = grade_video(_clip(tmp_path / "in.mp4", 2), {"look": "noir"})
    kept = result.save(tmp_path / "kept.mp4")
    folder = result.path.parent
    assert folder.is_dir()
    del result
    assert not folder.exists()
    assert probe(kept).width == WIDTH


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_what_is_no_picture_is_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInstruction, match="uint8"):
        grade_picture(np.zeros(shape, np.uint8), {})
    with pytest.raises(InvalidInstruction, match="float64"):
        grade_picture(np.zeros((4, 4, 3)), {})  # type: ignore[arg-type]


def test_what_makes_no_sense_is_told_before_anything_is_written(tmp_path: Path) -> None:
    path = _clip(tmp_path / "in.mp4", 2)
    for grade, options, match in (
        ({"adjustments": {"contrast": 9}}, {}, "contrast"),
        ({"colour": 1}, {}, "no setting"),
        ({}, {"output_path": path}, "source itself"),
        ({}, {"crf": 99}, "crf"),
        ({}, {"start": 7.0}, "Start earlier"),
        ({}, {"format": "avi"}, "no video format"),
    ):
        with pytest.raises(InvalidInstruction, match=match):
            grade_video(path, grade, **options)
    with pytest.raises(InvalidMedia):
        grade_video(tmp_path / "missing.mp4", {})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.mp4"]


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    path = _clip(tmp_path / "in.mp4", 48)
    token = CancelToken()

    def watch(progress: Progress) -> None:
        if progress.done >= 5:
            token.cancel()

    began = time.monotonic()
    with pytest.raises(Cancelled):
        grade_video(
            path, {"look": "noir"}, output_path=tmp_path / "out.mp4", cancel=token, progress=watch
        )
    assert time.monotonic() - began < 30
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.mp4"]
    assert not [thread for thread in threading.enumerate() if thread.name == "video-writer"]
