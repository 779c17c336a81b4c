from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, LimitExceeded
from synth.limits import LIMITS
from synth.media import VideoFormat, VideoReader, VideoWriter, probe
from synth.media.plane_reader import PlaneFrame, PlaneReader
from synth.media.planes import ColourTags, Planes, planes_from_rgb, to_rgb

Clip = Callable[..., Path]
Frames = Callable[[int, int, int], list[np.ndarray]]
Corners = Callable[[int, int], np.ndarray]

FAST = {"crf": "12", "preset": "ultrafast"}
CODECS = {
    "h264": ("libx264", "mp4", {"preset": "veryfast", "x264-params": "keyint=24:bframes=3"}),
    "open": ("libx264", "matroska", {"x264-params": "keyint=24:bframes=3:open-gop=1:scenecut=0"}),
    "vp9": ("libvpx-vp9", "webm", {"crf": "20", "b": "0", "cpu-used": "8", "g": "20"}),
    "mpeg4": ("mpeg4", "avi", {"qscale": "3", "g": "15"}),
    "hevc": ("libx265", "mp4", {"x265-params": "log-level=none:keyint=20", "preset": "ultrafast"}),
}  # fmt: skip


def _read(path: Path, **options: Any) -> tuple[list[PlaneFrame], PlaneReader]:
    with PlaneReader(path, **options) as reader:
        return list(reader), reader


def _decoded(path: Path) -> list[Planes]:
    """The planes by the plainest means."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            planes = [
                np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[: p.height, : p.width]  # type: ignore[arg-type]
                for p in frame.planes
            ]
            found.append(Planes(*(plane.copy() for plane in planes)))
    return found


def _noise(count: int, width: int, height: int) -> list[Planes]:
    rng = np.random.default_rng(3)

    def plane(w: int, h: int) -> np.ndarray:
        return rng.integers(0, 256, (h, w), dtype=np.uint8)

    half = width // 2, height // 2
    return [Planes(plane(width, height), plane(*half), plane(*half)) for _ in range(count)]


def _tagged(matrix: int, full: bool) -> Callable[[Any, Any], None]:
    def tag(stream: Any, _: Any) -> None:
        context = stream.codec_context
        context.colorspace = matrix
        context.color_primaries = context.color_trc = matrix
        context.color_range = 2 if full else 1

    return tag


@pytest.mark.parametrize("kind", list(CODECS))
def test_planes_are_those_of_the_decoder_bit_for_bit(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, kind: str
) -> None:
    codec, container, options = CODECS[kind]
    path = make_clip(
        tmp_path / "c", make_frames(30, 100, 66), codec=codec, container=container, options=options
    )
    got, reader = _read(path)
    assert reader.untouched
    assert all(a.planes.same(b) for a, b in zip(got, _decoded(path), strict=True))
    assert [f.time for f in got] == pytest.approx([i / 24 for i in range(30)], abs=6e-4)
    assert reader.frames_read == 30
    assert got[0].planes.y.flags.c_contiguous
    assert reader.size == got[0].planes.size == (100, 66)


@pytest.mark.parametrize("kind", list(CODECS))
def test_a_part_holds_the_very_frames_of_the_whole(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, kind: str
) -> None:
    codec, container, options = CODECS[kind]
    path = make_clip(
        tmp_path / "c", make_frames(120, 64, 48), codec=codec, container=container, options=options
    )
    whole, _ = _read(path)
    for start, seconds in (
        (Fraction(1, 24), Fraction(1, 2)),
        (Fraction(2), Fraction(1, 2)),
        (Fraction(71, 24), None),
        (Fraction(99, 40), Fraction(1, 100)),
        (Fraction(119, 24), None),
        (Fraction(50), None),
    ):
        part, reader = _read(path, start=start, seconds=seconds)
        end = start + (seconds if seconds is not None else 100)
        wanted = [frame for frame in whole if start <= frame.time < end]
        assert [f.time for f in part] == [f.time for f in wanted]
        assert all(a.planes.same(b.planes) for a, b in zip(part, wanted, strict=True))
        assert reader.notes == ()


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("full", [False, True])
def test_the_files_own_tags_go_with_the_planes_and_into_the_new_file(
    tmp_path: Path, make_clip: Clip, make_corners: Corners, matrix: int, full: bool
) -> None:
    picture = make_corners(64, 48)
    path = make_clip(tmp_path / "c", [picture] * 3, options=FAST, setup=_tagged(matrix, full))
    got, reader = _read(path)
    name = {1: "bt709", 6: "bt601", 9: "bt2020"}[matrix]
    assert reader.tags == ColourTags(name, full, matrix, matrix)
    with VideoReader(path) as rgb:
        seen = next(iter(rgb)).pixels
    assert np.array_equal(to_rgb(got[0].planes, reader.tags), seen)
    for format in ("mp4", "webm", "prores"):
        _through(got, reader, tmp_path / format, format)
        again = probe(tmp_path / format)
        expected = (name, full) if format != "prores" else ("bt709", False)
        assert (again.matrix, again.full_range) == expected
        with VideoReader(tmp_path / format) as rgb:
            error = np.abs(next(iter(rgb)).pixels.astype(int) - seen)[8:-8, 8:24]
        assert error.mean() < 3, format


def _through(frames: list[PlaneFrame], reader: PlaneReader, path: Path, format: Any) -> None:
    width, height = reader.size
    with VideoWriter(
        path, width=width, height=height, fps=24, format=format, tags=reader.tags
    ) as writer:
        for frame in frames:
            writer.write_planes(frame.planes)


def test_a_variable_rate_keeps_its_times(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    ticks = [0, 40, 100, 110, 300, 340, 360, 900]
    path = make_clip(
        tmp_path / "c", make_frames(8, 64, 48), times=ticks, clock=Fraction(1, 1000), options=FAST
    )
    got, reader = _read(path)
    assert [f.time for f in got] == [Fraction(t, 1000) for t in ticks]
    assert reader.info.variable_rate
    part, _ = _read(path, start=Fraction(3, 10), seconds=Fraction(6, 10))
    assert [f.time for f in part] == [Fraction(t, 1000) for t in (300, 340, 360)]


def test_odd_sizes_are_padded_with_a_note(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    path = make_clip(
        tmp_path / "c.webm", make_frames(3, 63, 47), codec="libvpx-vp9", container="webm"
    )
    got, reader = _read(path)
    assert reader.size == (reader.info.width, reader.info.height) == (64, 48)
    assert any("63x47" in note for note in reader.notes)
    stored = _decoded(path)[0]
    y = got[0].planes.y
    assert np.array_equal(y[:47, :63], stored.y)
    assert np.array_equal(y[:, 63], y[:, 62])
    assert np.array_equal(y[47], y[46])
    assert np.array_equal(got[0].planes.u, stored.u)


def test_pixels_that_are_nearly_square_are_left_alone(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    def squash(stream: Any, _: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(399, 400)

    path = make_clip(tmp_path / "c", make_frames(2, 400, 300), options=FAST, setup=squash)
    _, reader = _read(path)
    assert reader.size == (400, 300)
    assert reader.untouched


OTHERS = {
    "10 bit": {"pixel_format": "yuv420p10le", "options": FAST},
    "4:4:4": {"pixel_format": "yuv444p", "options": FAST},
    "RGB": {"codec": "png", "container": "mov", "pixel_format": "rgb24"},
    "odd RGB": {"codec": "png", "container": "mov", "pixel_format": "rgb24"},
    "rotated": {"options": FAST, "setup": lambda s, _: s.set_display_rotation(-90)},
    "wide pixels": {
        "options": FAST,
        "setup": lambda s, _: setattr(s.codec_context, "sample_aspect_ratio", Fraction(2)),
    },
    "interlaced": {"options": {**FAST, "x264-params": "tff=1"}},
}


@pytest.mark.parametrize("kind", list(OTHERS))
def test_everything_else_becomes_upright_bt709(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, kind: str
) -> None:
    size = (63, 47) if "odd" in kind else (64, 48)
    path = make_clip(tmp_path / "c", make_frames(40, *size), **OTHERS[kind])
    got, reader = _read(path)
    assert not reader.untouched
    assert reader.tags == ColourTags()
    with VideoReader(path) as rgb:
        seen = list(rgb)
    assert [f.time for f in got] == [f.time for f in seen]
    for ours, theirs in zip(got, seen, strict=True):
        assert ours.planes.same(planes_from_rgb(theirs.pixels))
    start = Fraction(1)
    part, _ = _read(path, start=start, seconds=Fraction(1, 3))
    wanted = [f for f in got if start <= f.time < start + Fraction(1, 3)]
    assert len(wanted) == 8
    assert all(a.planes.same(b.planes) for a, b in zip(part, wanted, strict=True))


def test_a_gif_with_holes_is_laid_over_the_background(tmp_path: Path) -> None:
    from PIL import Image

    pictures = [Image.new("P", (20, 10), index) for index in range(3)]
    for picture in pictures:
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    pictures[0].save(
        tmp_path / "c.gif", save_all=True, append_images=pictures[1:], duration=100, transparency=0
    )
    got, _ = _read(tmp_path / "c.gif", background=(0, 255, 0))
    assert np.abs(to_rgb(got[0].planes)[5, 5].astype(int) - (0, 255, 0)).max() <= 3
    part, _ = _read(tmp_path / "c.gif", start=Fraction(15, 100))
    assert [frame.time for frame in part] == [Fraction(2, 10)]


def test_the_border_is_that_of_the_video_reader(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    (tmp_path / "text.mp4").write_text("ffconcat version 1.0\nfile c.mp4\n")
    with pytest.raises(InvalidMedia):
        PlaneReader(tmp_path / "text.mp4")
    path = make_clip(tmp_path / "c.mp4", make_frames(20, 64, 48), options=FAST)
    with pytest.raises(LimitExceeded, match="12 frames"):
        _read(path, limits=replace(LIMITS, video_frames=12))
    token = CancelToken()
    with PlaneReader(path, cancel=token) as reader:
        frames = iter(reader)
        next(frames)
        token.cancel()
        with pytest.raises(Cancelled):
            list(frames)


def test_a_cut_file_gives_its_first_frames_and_says_so(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    path = make_clip(
        tmp_path / "c.mp4",
        make_frames(60, 64, 48),
        options=FAST,
        container_options={"movflags": "+faststart"},
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    got, reader = _read(path)
    assert 10 < len(got) < 60
    assert any("declared" in note for note in reader.notes)


@pytest.mark.parametrize("format", ["mp4", "webm"])
def test_the_encoder_gets_the_very_planes(
    tmp_path: Path, format: VideoFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked at the sink: what it hands to the encoder, padding aside, is what came in."""
    from synth.media.sinks import ContainerSink

    handed: list[Planes] = []
    encode = ContainerSink.encode

    def watch(sink: ContainerSink, item: av.VideoFrame, index: int) -> None:
        y, u, v = (
            np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[:, : p.width].copy()  # type: ignore[arg-type]
            for p in item.planes
        )
        handed.append(Planes(y, u, v))
        encode(sink, item, index)

    monkeypatch.setattr(ContainerSink, "encode", watch)
    frames = _noise(6, 66, 50)
    with VideoWriter(tmp_path / "c", width=66, height=50, fps=24, format=format) as writer:
        for planes in frames:
            writer.write_planes(planes)
    assert all(a.same(b) for a, b in zip(handed, frames, strict=True))


@pytest.mark.parametrize("format", ["gif", "png", "prores"])
def test_other_formats_take_planes_as_rgb(tmp_path: Path, format: VideoFormat) -> None:
    tags = ColourTags("bt601", True)
    rgb = np.zeros((47, 63, 3), np.uint8)
    rgb[:, :30] = (200, 40, 90)
    rgb[:, 30:] = (20, 240, 140)
    path = tmp_path / "c"
    with VideoWriter(path, width=63, height=47, fps=10, format=format, tags=tags) as writer:
        for _ in range(3):
            writer.write_planes(planes_from_rgb(rgb, tags))
    if format == "png":
        import zipfile

        import cv2

        with zipfile.ZipFile(path) as bundle:
            data = np.frombuffer(bundle.read("frame_000001.png"), np.uint8)
        seen = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]
    else:
        with VideoReader(path) as reader:
            seen = next(iter(reader)).pixels
    assert np.abs(seen[5:45, 4:26].astype(int) - rgb[5:45, 4:26]).max() < 6


def test_rgb_given_to_a_tagged_writer_is_written_by_its_tags(
    tmp_path: Path, make_corners: Corners
) -> None:
    picture = make_corners(64, 48)
    tags = ColourTags("bt601", True)
    with VideoWriter(tmp_path / "c.mp4", width=64, height=48, fps=24, tags=tags) as writer:
        writer.write(picture)
    with VideoReader(tmp_path / "c.mp4") as reader:
        assert (reader.info.matrix, reader.info.full_range) == ("bt601", True)
        seen = next(iter(reader)).pixels
    assert np.abs(seen.astype(int) - picture).mean() < 4


@pytest.mark.parametrize("size", [(64, 46), (62, 48)])
def test_planes_of_another_size_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with (
        pytest.raises(InvalidInstruction, match="64x48"),
        VideoWriter(tmp_path / "c.mp4", width=64, height=48, fps=24) as writer,
    ):
        writer.write_planes(_noise(1, *size)[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("full", [False, True])
def test_rgb_to_planes_and_back(matrix: str, full: bool) -> None:
    tags = ColourTags(matrix, full)
    blocks = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    blocks[0, :8] = [(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    rgb = blocks.repeat(8, 0).repeat(8, 1)
    planes = planes_from_rgb(rgb, tags)
    assert planes.subsampled
    assert planes.size == (64, 48)
    inside = np.s_[3::8, 3::8]
    assert np.abs(to_rgb(planes, tags)[inside].astype(int) - blocks).max() <= 3
    wide = Planes(planes.y, *(p.repeat(2, 0).repeat(2, 1) for p in (planes.u, planes.v)))
    assert not wide.subsampled
    assert np.abs(to_rgb(wide, tags)[inside].astype(int) - blocks).max() <= 3


def test_read_only_planes_are_taken() -> None:
    planes = _noise(1, 64, 48)[0]
    for plane in (planes.y, planes.u, planes.v):
        plane.setflags(write=False)
    assert to_rgb(planes).shape == (48, 64, 3)


@pytest.mark.parametrize("kind", [PlaneReader, VideoReader])
def test_no_decoded_picture_waits_for_the_garbage_collector(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, kind: Any
) -> None:
    path = make_clip(tmp_path / "c", make_frames(80, 64, 48), options=FAST)
    gc.collect()
    gc.disable()
    try:
        with kind(path) as reader:
            for _ in reader:
                pass
            assert sum(type(thing) is av.VideoFrame for thing in gc.get_objects()) < 5
    finally:
        gc.enable()
