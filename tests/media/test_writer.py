from __future__ import annotations

import gc
import json
import weakref
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from synth.errors import InvalidInstruction, LimitExceeded, SynthError
from synth.limits import LIMITS
from synth.media import (
    SUFFIXES,
    VIDEO_FORMATS,
    EncoderSettings,
    VideoFormat,
    VideoReader,
    VideoWriter,
    probe,
    read_metadata,
)

Frames = Callable[[int, int, int], list[np.ndarray]]
PROJECT = json.dumps({"camera": {"type": "dolly"}, "note": 'ümläut 🎬 "quoted" \\ ; = # \n line'})


def _write(path: Path, frames: list[np.ndarray], **options: Any) -> VideoWriter:
    height, width = frames[0].shape[:2]
    arguments = {"fps": Fraction(24), **options}
    with VideoWriter(path, width=width, height=height, **arguments) as writer:
        for frame in frames:
            writer.write(frame)
    return writer


def _read(path: Path) -> list[np.ndarray]:
    with VideoReader(path) as reader:
        return [frame.pixels for frame in reader]


def _error(got: np.ndarray, expected: np.ndarray) -> float:
    assert got.shape == expected.shape
    return float(np.abs(got.astype(int) - expected.astype(int)).mean())


MOVING: list[VideoFormat] = ["mp4", "webm", "gif", "prores"]
CODEC = {"mp4": "h264", "webm": "vp9", "gif": "gif", "prores": "prores"}


@pytest.mark.parametrize("format", MOVING)
def test_every_frame_comes_back_in_order_with_size_rate_and_length(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    frames = make_frames(30, 128, 96)
    path = tmp_path / f"clip{SUFFIXES[format]}"
    writer = _write(path, frames, format=format)
    assert writer.notes == ()
    assert writer.frames_written == 30
    info = probe(path)
    assert (info.width, info.height, info.codec) == (128, 96, CODEC[format])
    assert float(info.fps) == pytest.approx(24, abs=0.01)
    assert info.duration is not None
    assert float(info.duration) == pytest.approx(30 / 24, abs=0.011)
    got = _read(path)
    assert len(got) == 30
    # A GIF has 256 colours for the whole clip; the others are near-transparent.
    most = 8 if format == "gif" else 2.5
    assert max(_error(a, b) for a, b in zip(got, frames, strict=True)) < most


def test_a_png_sequence_is_exact(tmp_path: Path, make_frames: Frames) -> None:
    frames = make_frames(4, 31, 17)
    path = tmp_path / "clip.zip"
    _write(path, frames, format="png", metadata={"motion_synth": PROJECT})
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = [f"frame_{index:06d}.png" for index in range(4)]
        assert archive.namelist() == [*names, "project.json"]
        for name, frame in zip(names, frames, strict=True):
            picture = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), -1)
            assert (picture[..., ::-1] == frame).all()
        assert json.loads(archive.read("project.json")) == {"motion_synth": PROJECT}


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_project_metadata_survives_the_round_trip(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    path = tmp_path / "clip"
    metadata = {"comment": "made by hand", "motion_synth": PROJECT, "z_long": "é" * 40_000}
    _write(path, make_frames(3, 64, 48), format=format, metadata=metadata)
    assert read_metadata(path) == metadata
    if format != "png":
        assert dict(probe(path).metadata) == metadata


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_nothing_is_written_that_was_not_asked_for(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        _write(path, make_frames(3, 64, 48), format=format, settings=EncoderSettings(threads=1))
    assert read_metadata(paths[0]) == {}
    data = paths[0].read_bytes()
    assert data == paths[1].read_bytes()  # no clock, no random number, no host name
    assert str(tmp_path).encode() not in data
    assert b"Lavf6" not in data


@pytest.mark.parametrize("format", ["mp4", "webm", "prores"])
def test_files_are_tagged_bt709_limited_range(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    path = tmp_path / "clip"
    _write(path, make_frames(2, 64, 48), format=format)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert context.color_range == 1
        assert context.pix_fmt == ("yuv422p10le" if format == "prores" else "yuv420p")
        frame = next(container.decode(video=0))
        assert (frame.color_primaries, frame.color_trc, frame.colorspace) == (1, 1, 1)


def test_prores_is_422_hq(tmp_path: Path, make_frames: Frames) -> None:
    path = tmp_path / "clip.mov"
    _write(path, make_frames(2, 64, 48), format="prores")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert context.profile == "HQ"
        assert context.codec_tag == "apch"
        assert container.format.name.startswith("mov")


@pytest.mark.parametrize("format", ["mp4", "prores"])
def test_the_index_stands_before_the_pictures(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    path = tmp_path / "clip"
    _write(path, make_frames(12, 64, 48), format=format, metadata={"comment": "x" * 5000})
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("format", MOVING)
def test_pure_colours_come_back_true(tmp_path: Path, format: VideoFormat) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 40)]
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in colours]
    path = tmp_path / "clip"
    _write(path, frames, format=format, settings=EncoderSettings(crf=4, vp9_crf=4))
    for got, colour in zip(_read(path), colours, strict=True):
        assert np.abs(got.astype(int) - colour).max() <= 4


@pytest.mark.parametrize("size", [(1, 1), (127, 95), (2, 3), (3, 400)])
@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_odd_sizes_are_padded_openly(
    tmp_path: Path, make_frames: Frames, format: VideoFormat, size: tuple[int, int]
) -> None:
    width, height = size
    frames = [frame[..., [1, 1, 1]] for frame in make_frames(3, width, height)]
    path = tmp_path / "clip"
    writer = _write(path, frames, format=format)
    if format in ("gif", "png"):
        assert writer.notes == ()
        even = size
    else:
        even = (width + width % 2, height + height % 2)
        assert len(writer.notes) == 1
        assert f"{even[0]}x{even[1]}" in writer.notes[0]
    if format != "png":
        got = _read(path)
        assert len(got) == 3
        assert got[0].shape == (even[1], even[0], 3)
        pad = ((0, even[1] - height), (0, even[0] - width), (0, 0))
        assert _error(got[0], np.pad(frames[0], pad, mode="edge")) < 4


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), Fraction(1), Fraction(25, 2), 120])
@pytest.mark.parametrize("format", ["mp4", "webm", "prores"])
def test_rates_stay_exact(
    tmp_path: Path, make_frames: Frames, format: VideoFormat, fps: Fraction | int
) -> None:
    path = tmp_path / "clip"
    _write(path, make_frames(9, 64, 48), format=format, fps=fps)
    info = probe(path)
    assert info.fps == fps
    assert not info.variable_rate
    with VideoReader(path) as reader:
        times = [float(frame.time) for frame in reader]
    assert times == pytest.approx([index / fps for index in range(9)], abs=6e-4)


def test_the_frames_memory_may_be_used_again_at_once(tmp_path: Path, make_frames: Frames) -> None:
    path = tmp_path / "clip.mp4"
    frames = make_frames(20, 64, 48)
    canvas = np.empty_like(frames[0])
    with VideoWriter(path, width=64, height=48, fps=24) as writer:
        for frame in frames:
            canvas[:] = frame
            writer.write(canvas)
            canvas[:] = 255
    assert max(_error(a, b) for a, b in zip(_read(path), frames, strict=True)) < 2.5


def test_read_only_and_strided_frames_are_taken(tmp_path: Path, make_frames: Frames) -> None:
    path = tmp_path / "clip.mp4"
    frozen = make_frames(1, 64, 48)[0]
    frozen.setflags(write=False)
    flipped = frozen[:, ::-1]
    with VideoWriter(path, width=64, height=48, fps=24) as writer:
        writer.write(frozen)
        writer.write(flipped)
    got = _read(path)
    assert _error(got[0], frozen) < 2.5
    assert _error(got[1], flipped) < 2.5


def test_settings_change_what_is_written(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 96, 128, 3), dtype=np.uint8)
    sizes = []
    for crf in (10, 40):
        path = tmp_path / f"{crf}.mp4"
        _write(path, list(noise), settings=EncoderSettings(crf=crf))
        sizes.append(path.stat().st_size)
    assert sizes[0] > 3 * sizes[1]


@pytest.mark.parametrize("dither", ["bayer", "diffusion", "none"])
def test_a_gif_obeys_its_palette_settings(tmp_path: Path, make_frames: Frames, dither: str) -> None:
    path = tmp_path / "clip.gif"
    settings = EncoderSettings.model_validate({"gif_colours": 16, "gif_dither": dither})
    _write(path, make_frames(6, 64, 48), format="gif", settings=settings)
    colours = np.unique(np.concatenate(_read(path)).reshape(-1, 3), axis=0)
    assert 8 <= len(colours) <= 16


@pytest.mark.parametrize(
    "bad",
    [{"crf": 52}, {"preset": "placebo"}, {"threads": -1}, {"unknown": 1}, {"crf": float("nan")}],
)
def test_settings_are_checked_and_frozen(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EncoderSettings.model_validate(bad)
    with pytest.raises(ValidationError):
        EncoderSettings().crf = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"width": 0}, InvalidInstruction),
        ({"width": 5000}, LimitExceeded),
        ({"width": 4096, "height": 4096}, LimitExceeded),
        ({"fps": 0}, InvalidInstruction),
        ({"fps": -24}, InvalidInstruction),
        ({"fps": float("nan")}, InvalidInstruction),
        ({"fps": float("inf")}, InvalidInstruction),
        ({"fps": 121}, LimitExceeded),
        ({"fps": Fraction(10**12 + 1, 10**11)}, InvalidInstruction),
        ({"fps": 60, "format": "gif"}, InvalidInstruction),
        ({"format": "exe"}, InvalidInstruction),
        ({"metadata": {"comment": "x" * 1_000_001}}, LimitExceeded),
        ({"metadata": {"comment": "a\0b"}}, InvalidInstruction),
        ({"metadata": {"comment": "\ud800"}}, InvalidInstruction),
        ({"metadata": {"bad key": "x"}}, InvalidInstruction),
        ({"metadata": {"encoder": "x"}}, InvalidInstruction),
        ({"metadata": {"comment": 5}}, InvalidInstruction),
    ],
)
def test_requests_that_make_no_sense_are_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, Any], error: type[SynthError]
) -> None:
    arguments: dict[str, Any] = {"width": 64, "height": 48, "fps": 24, **change}
    with pytest.raises(error) as caught:
        VideoWriter(tmp_path / "clip.mp4", **arguments)
    assert len(str(caught.value)) > 20
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((48, 63, 3), np.uint8),
        np.zeros((48, 64), np.uint8),
        np.zeros((48, 64, 4), np.uint8),
        np.zeros((48, 64, 3), np.float32),
    ],
)
def test_a_frame_of_another_kind_is_refused_and_leaves_no_file(
    tmp_path: Path, frame: np.ndarray
) -> None:
    with (
        pytest.raises(InvalidInstruction, match="48, 64, 3"),
        VideoWriter(tmp_path / "c.mp4", width=64, height=48, fps=24) as writer,
    ):
        writer.write(frame)
    assert list(tmp_path.iterdir()) == []


def test_more_frames_than_allowed_are_refused(tmp_path: Path, make_frames: Frames) -> None:
    frames = make_frames(4, 16, 16)
    with pytest.raises(LimitExceeded, match="3 frames"):
        _write(tmp_path / "c.mp4", frames, limits=replace(LIMITS, video_frames=3))
    assert list(tmp_path.iterdir()) == []


def test_a_clip_without_frames_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidInstruction, match="No frames"),
        VideoWriter(tmp_path / "c.mp4", width=64, height=48, fps=24),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_finished_writer_lets_go_of_its_encoder_at_once(tmp_path: Path) -> None:
    gc.collect()
    gc.disable()
    try:
        with VideoWriter(tmp_path / "clip.mp4", width=64, height=48, fps=24) as writer:
            writer.write(np.zeros((48, 64, 3), np.uint8))
        gone = weakref.ref(writer)
        del writer
        assert gone() is None, "it is in a ring with its encoder and waits for the collector"
    finally:
        gc.enable()
