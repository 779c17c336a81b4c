from __future__ import annotations

import gc
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from synth.control import CancelToken
from synth.errors import Cancelled
from synth.media import VideoFrame, VideoReader, probe

Clip = Callable[..., Path]
Frames = Callable[[int, int, int], list[np.ndarray]]
Corners = Callable[[int, int], np.ndarray]

BEST = {"crf": "1", "preset": "ultrafast"}


def _read(path: Path, **options: Any) -> tuple[list[VideoFrame], VideoReader]:
    with VideoReader(path, **options) as reader:
        return list(reader), reader


def _mean_error(pixels: np.ndarray, expected: np.ndarray) -> float:
    assert pixels.shape == expected.shape
    return float(np.abs(pixels.astype(int) - expected.astype(int)).mean())


CODECS = [
    ("libx264", "mp4", "yuv420p", BEST),
    ("libx264", "matroska", "yuv444p", BEST),
    ("libx265", "mp4", "yuv420p10le", {**BEST, "x265-params": "log-level=none"}),
    ("libvpx-vp9", "webm", "yuv420p", {"crf": "4", "b": "0", "cpu-used": "8"}),
    ("prores_ks", "mov", "yuv422p10le", {"profile": "hq"}),
    ("mpeg4", "avi", "yuv420p", {"qscale": "1", "b": "9000000"}),
    ("mjpeg", "avi", "yuvj444p", {"b": "90000000"}),
    ("png", "mov", "rgb24", {}),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "container", "pixel_format", "options"), CODECS)
def test_every_listed_kind_of_video_is_read_frame_by_frame(
    tmp_path: Path,
    make_clip: Clip,
    make_frames: Frames,
    codec: str,
    container: str,
    pixel_format: str,
    options: dict[str, str],
) -> None:
    frames = make_frames(12, 96, 64)
    path = make_clip(
        tmp_path / "clip.txt",
        frames,
        codec=codec,
        container=container,
        pixel_format=pixel_format,
        options=options,
    )
    got, reader = _read(path)
    assert [frame.time for frame in got] == pytest.approx([i / 24 for i in range(12)], abs=6e-4)
    assert reader.notes == ()
    assert reader.info.fps == 24
    assert not reader.info.variable_rate
    for frame, expected in zip(got, frames, strict=True):
        assert frame.pixels.dtype == np.uint8
        assert _mean_error(frame.pixels, expected) < 5


def test_probe_tells_what_a_file_holds(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    path = make_clip(tmp_path / "c", make_frames(30, 64, 48), fps=Fraction(30000, 1001), sound=True)
    info = probe(path)
    assert (info.width, info.height, info.codec, info.frames) == (64, 48, "h264", 30)
    assert info.fps == Fraction(30000, 1001)
    assert info.duration is not None
    assert float(info.duration) == pytest.approx(30 * 1001 / 30000, abs=0.01)
    assert info.has_audio
    assert (info.rotation, info.mirrored, info.sample_aspect) == (0, False, 1)
    assert info.pixel_format == "yuv420p"
    assert "mp4" in info.container


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_all_eight_orientations_come_out_upright(
    tmp_path: Path, make_clip: Clip, make_corners: Corners, turn: int, mirror: bool
) -> None:
    upright = make_corners(64, 48)
    stored = np.ascontiguousarray(np.rot90(upright[:, ::-1] if mirror else upright, turn // 90))

    def ask(stream: Any, _: Any) -> None:
        # Counter-clockwise angle that undoes the turn, then the mirror.
        stream.set_display_rotation(-turn, hflip=mirror)

    path = make_clip(tmp_path / "c", [stored] * 3, options=BEST, setup=ask)
    info = probe(path)
    got, _ = _read(path)
    assert (info.width, info.height) == (64, 48)
    assert (info.rotation, info.mirrored) == (turn, mirror)
    assert _mean_error(got[0].pixels, upright) < 6


def test_a_slanted_turn_is_ignored_with_a_note(
    tmp_path: Path, make_clip: Clip, make_corners: Corners
) -> None:
    def ask(stream: Any, _: Any) -> None:
        stream.set_display_rotation(30)

    path = make_clip(tmp_path / "c", [make_corners(64, 48)] * 2, setup=ask)
    assert any("slanted" in note for note in probe(path).notes)


@pytest.mark.parametrize(("aspect", "size"), [(Fraction(2), (128, 48)), (Fraction(1, 2), (64, 96))])
def test_the_pixel_aspect_is_applied(
    tmp_path: Path, make_clip: Clip, make_corners: Corners, aspect: Fraction, size: tuple[int, int]
) -> None:
    def ask(stream: Any, _: Any) -> None:
        stream.codec_context.sample_aspect_ratio = aspect

    path = make_clip(tmp_path / "c", [make_corners(64, 48)] * 2, options=BEST, setup=ask)
    info = probe(path)
    assert (info.width, info.height, info.sample_aspect) == (*size, aspect)
    got, _ = _read(path)
    assert _mean_error(got[0].pixels, make_corners(*size)) < 6


def test_a_mad_pixel_aspect_is_ignored_with_a_note(
    tmp_path: Path, make_clip: Clip, make_corners: Corners
) -> None:
    def ask(stream: Any, _: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(30)

    info = probe(make_clip(tmp_path / "c", [make_corners(64, 48)] * 2, setup=ask))
    assert (info.width, info.height) == (64, 48)
    assert any("pixels" in note for note in info.notes)


def _tagged(primaries: int, trc: int, matrix: int, levels: int) -> Callable[[Any, Any], None]:
    def ask(stream: Any, _: Any) -> None:
        context = stream.codec_context
        context.color_primaries, context.color_trc = primaries, trc
        context.colorspace, context.color_range = matrix, levels

    return ask


def _planes(rgb: tuple[int, int, int], kr: float, kb: float, full: bool) -> tuple[int, int, int]:
    r, g, b = (value / 255 for value in rgb)
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    scale = (255, 0, 255) if full else (219, 16, 224)
    return round(scale[0] * y + scale[1]), round(128 + scale[2] * cb), round(128 + scale[2] * cr)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("tag", "size", "weights"),
    [
        (1, (64, 48), (0.2126, 0.0722)),
        (6, (64, 48), (0.299, 0.114)),
        (9, (64, 48), (0.2627, 0.0593)),
        (2, (64, 48), (0.299, 0.114)),
        (2, (1280, 720), (0.2126, 0.0722)),
    ],
)
def test_matrix_and_range_come_from_the_tags_or_the_size(
    tmp_path: Path,
    make_clip: Clip,
    tag: int,
    size: tuple[int, int],
    weights: tuple[float, float],
    full: bool,
) -> None:
    colour = (200, 60, 90)
    width, height = size
    picture = np.empty((height * 3 // 2, width), np.uint8)
    y, cb, cr = _planes(colour, *weights, full)
    picture[:height] = y
    picture[height : height * 5 // 4] = cb
    picture[height * 5 // 4 :] = cr

    def ask(stream: Any, out: Any) -> None:
        stream.width, stream.height = size
        _tagged(2, 2, tag, 2 if full else 1)(stream, out)

    path = make_clip(tmp_path / "c", [picture] * 2, options=BEST, setup=ask, source="yuv420p")
    got, reader = _read(path)
    assert reader.info.full_range == full
    assert np.abs(got[0].pixels.astype(int) - colour).max() <= 3


def test_a_variable_rate_keeps_its_times(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    times = [0, 40, 50, 120, 300, 310, 333, 900]
    path = make_clip(
        tmp_path / "c",
        make_frames(8, 64, 48),
        container="matroska",
        times=times,
        clock=Fraction(1, 1000),
    )
    got, reader = _read(path)
    assert [frame.time for frame in got] == [Fraction(time, 1000) for time in times]
    assert reader.info.variable_rate


def test_dropped_frames_leave_a_gap_and_b_frames_come_in_order(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    times = [index for index in range(60) if not 30 <= index <= 32]
    frames = make_frames(57, 64, 48)
    path = make_clip(tmp_path / "c", frames, times=times, fps=25, options={"bf": "4", "crf": "4"})
    got, reader = _read(path)
    assert [frame.time * 25 for frame in got] == times
    assert reader.info.variable_rate
    assert all(
        _mean_error(frame.pixels, expected) < 5 for frame, expected in zip(got, frames, strict=True)
    )


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_a_late_start_is_moved_to_zero(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, container: str
) -> None:
    path = make_clip(
        tmp_path / "c", make_frames(6, 64, 48), container=container, times=range(50, 56), fps=25
    )
    got, _ = _read(path)
    assert [frame.time for frame in got] == [Fraction(i, 25) for i in range(6)]


def test_times_that_jump_back_are_replaced_with_a_note(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_clip(tmp_path / "c", make_frames(4, 64, 48), fps=25)
    with VideoReader(path) as reader:
        pixels = np.zeros((48, 64, 3), np.uint8)
        stamps = [Fraction(2), Fraction(3), Fraction(1), None]
        monkeypatch.setattr(reader, "_converted", lambda: iter([(pixels, s) for s in stamps]))
        got = [frame.time for frame in reader]
        assert got == [0, 1, 1 + Fraction(1, 25), 1 + Fraction(2, 25)]
        assert len(reader.notes) == 1


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (127, 95), (3, 400)])
def test_odd_sizes_are_read_whole(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, size: tuple[int, int]
) -> None:
    frames = make_frames(3, *size)
    path = make_clip(tmp_path / "c", frames, pixel_format="yuv444p", options=BEST)
    got, _ = _read(path)
    assert [_mean_error(a.pixels, b) < 8 for a, b in zip(got, frames, strict=True)] == [True] * 3


def test_grey_video_is_read(tmp_path: Path, make_clip: Clip) -> None:
    frames = [np.full((48, 64, 3), 40 + 60 * index, np.uint8) for index in range(3)]
    tagged = _tagged(2, 2, 2, 2)
    path = make_clip(tmp_path / "c", frames, pixel_format="gray", options=BEST, setup=tagged)
    got, _ = _read(path)
    for frame, expected in zip(got, frames, strict=True):
        assert np.abs(frame.pixels.astype(int) - expected).max() <= 3


def test_transparency_is_laid_over_the_background_with_a_note(
    tmp_path: Path, make_clip: Clip
) -> None:
    picture = np.zeros((48, 64, 4), np.uint8)
    picture[..., 0] = 220
    picture[:24, :, 3] = 255
    path = make_clip(
        tmp_path / "c",
        [picture] * 2,
        codec="prores_ks",
        container="mov",
        pixel_format="yuva444p10le",
        options={"profile": "4444"},
        source="rgba",
    )
    got, reader = _read(path, background=(10, 20, 200))
    assert np.abs(got[0].pixels[4, 4].astype(int) - (220, 0, 0)).max() <= 6
    assert np.abs(got[0].pixels[40, 4].astype(int) - (10, 20, 200)).max() <= 6
    assert len(reader.notes) == 1
    assert "rgb(10, 20, 200)" in reader.notes[0]


def test_transparent_vp9_is_shown_opaque_with_a_note(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    def ask(stream: Any, _: Any) -> None:
        stream.metadata["alpha_mode"] = "1"

    path = make_clip(
        tmp_path / "c",
        make_frames(3, 64, 48),
        codec="libvpx-vp9",
        container="webm",
        options={"cpu-used": "8"},
        setup=ask,
    )
    assert any("transparency" in note for note in probe(path).notes)


def test_interlaced_video_is_made_whole_with_a_note(tmp_path: Path, make_clip: Clip) -> None:
    # A bar that stands elsewhere in each field: woven together it would comb.
    frames = []
    for index in range(8):
        picture = np.full((64, 96, 3), 30, np.uint8)
        picture[0::2, 10 + 6 * index : 30 + 6 * index] = 220
        picture[1::2, 13 + 6 * index : 33 + 6 * index] = 220
        frames.append(picture)
    path = make_clip(tmp_path / "c", frames, options={**BEST, "x264-params": "tff=1"})
    got, reader = _read(path)
    assert len(got) == 8
    assert any("interlaced" in note for note in reader.notes)

    def combing(pixels: np.ndarray) -> float:
        return float(np.abs(np.diff(pixels[..., 1].astype(int), axis=0)).mean())

    assert combing(got[4].pixels) < combing(frames[4]) / 3
    assert [frame.time for frame in got] == [Fraction(i, 24) for i in range(8)]


def _two_sizes(path: Path, first: np.ndarray, second: np.ndarray) -> Path:
    """H.264 whose size changes half-way, as some screen recorders write it."""
    with av.open(str(path), "w", format="avi") as out:
        stream = out.add_mux_stream("h264", rate=25, width=first.shape[1], height=first.shape[0])
        stream.time_base = Fraction(1, 25)
        at = 0
        for picture in (first, second):
            encoder = av.CodecContext.create("libx264", "w")
            encoder.height, encoder.width = picture.shape[:2]
            encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
            encoder.framerate = Fraction(25)
            encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "2"}
            packets = []
            for index in range(4):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                packets += encoder.encode(frame)
            for packet in packets + encoder.encode(None):
                packet.stream = stream
                packet.pts = packet.dts = at
                packet.time_base = Fraction(1, 25)
                at += 1
                out.mux(packet)
    return path


def test_when_the_size_changes_the_first_size_wins_with_a_note(
    tmp_path: Path, make_corners: Corners
) -> None:
    path = _two_sizes(tmp_path / "c", make_corners(64, 48), make_corners(128, 64))
    got, reader = _read(path)
    assert len(got) == 8
    assert {frame.pixels.shape for frame in got} == {(48, 64, 3)}
    assert all(_mean_error(frame.pixels, make_corners(64, 48)) < 8 for frame in got)
    assert all(b.time > a.time for a, b in pairwise(got))
    assert any("128x64" in note for note in reader.notes)


def test_a_reader_is_read_once_and_can_be_stopped(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    path = make_clip(tmp_path / "c", make_frames(20, 64, 48))
    token = CancelToken()
    with VideoReader(path, cancel=token) as reader:
        frames = iter(reader)
        next(frames)
        with pytest.raises(RuntimeError):
            next(iter(reader))
        token.cancel()
        with pytest.raises(Cancelled):
            list(frames)
    assert reader.frames_read == 1


def test_a_video_that_was_read_leaves_no_picture_behind(
    tmp_path: Path, make_clip: Clip, make_frames: Callable[[int, int, int], list[np.ndarray]]
) -> None:
    """Not even until Python next looks for circles: a film reads hundreds of files."""
    path = make_clip(tmp_path / "clip.mp4", make_frames(4, 64, 48), options=BEST)
    gc.collect()
    gc.disable()
    try:
        before = {id(thing) for thing in gc.get_objects()}
        with VideoReader(path) as reader:
            assert len(list(reader)) == 4
        del reader
        left = [
            thing for thing in gc.get_objects()
            if id(thing) not in before and isinstance(thing, av.VideoFrame) and thing.width > 16
        ]  # fmt: skip
        assert left == []
    finally:
        gc.enable()
