from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from synth.errors import InvalidMedia, LimitExceeded, SynthError
from synth.limits import LIMITS
from synth.media import VideoReader, opening, probe, read_metadata

Clip = Callable[..., Path]
Frames = Callable[[int, int, int], list[np.ndarray]]


def _count(path: Path, **options: Any) -> tuple[int, tuple[str, ...]]:
    with VideoReader(path, **options) as reader:
        return sum(1 for _ in reader), reader.notes


_HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
_DASH = (
    "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static'><Period>"
    "<AdaptationSet mimeType='video/mp4'><Representation id='1' bandwidth='1'>"
    "<BaseURL>private/canary.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>"
)
_SDP = "v=0\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
PLAYLISTS = {
    "ffconcat relative": "ffconcat version 1.0\nfile private/canary.mp4\n",
    "ffconcat dots": "ffconcat version 1.0\nfile ./private/../private/canary.mp4\n",
    "ffconcat absolute": "ffconcat version 1.0\nfile FOLDER/private/canary.mp4\n",
    "ffconcat url": "ffconcat version 1.0\nfile 'file:FOLDER/private/canary.mp4'\n",
    "hls file": _HLS.format("FOLDER/private/canary.mp4"),
    "hls relative": _HLS.format("private/canary.mp4"),
    "hls http": _HLS.format("http://127.0.0.1:9/a.ts"),
    "hls data": _HLS.format("data:video/mp4;base64,AAAA"),
    "sdp": _SDP,
    "dash": _DASH,
    "ffmetadata": ";FFMETADATA1\ntitle=x\n",
}


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.avi", "clip.m3u8", "clip.txt"])
@pytest.mark.parametrize("kind", list(PLAYLISTS))
def test_playlists_are_never_followed(
    tmp_path: Path,
    make_clip: Clip,
    make_frames: Frames,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    name: str,
) -> None:
    (tmp_path / "private").mkdir()
    make_clip(tmp_path / "private" / "canary.mp4", make_frames(3, 64, 48))
    path = tmp_path / name
    path.write_text(PLAYLISTS[kind].replace("FOLDER", str(tmp_path)))
    monkeypatch.chdir(tmp_path)
    for file in (path, Path(name)):
        for opener in (probe, read_metadata):
            with pytest.raises(InvalidMedia):
                opener(file)


@pytest.mark.parametrize(
    ("codec", "container", "pixel_format"),
    [
        ("magicyuv", "avi", "yuv420p"),
        ("ffv1", "matroska", "yuv420p"),
        ("huffyuv", "avi", "rgb24"),
        ("rawvideo", "avi", "yuv420p"),
        ("libx264", "mpegts", "yuv420p"),
        ("flv", "flv", "yuv420p"),
    ],
)
def test_unlisted_codecs_and_containers_are_refused(
    tmp_path: Path,
    make_clip: Clip,
    make_frames: Frames,
    codec: str,
    container: str,
    pixel_format: str,
) -> None:
    path = make_clip(
        tmp_path / "c.mp4",
        make_frames(3, 64, 48),
        codec=codec,
        container=container,
        pixel_format=pixel_format,
    )
    with pytest.raises(InvalidMedia):
        probe(path)


def test_an_unlisted_codec_is_named(tmp_path: Path, make_clip: Clip, make_frames: Frames) -> None:
    path = make_clip(tmp_path / "c.mp4", make_frames(3, 64, 48), codec="magicyuv", container="avi")
    with pytest.raises(InvalidMedia, match="magicyuv"):
        probe(path)


def test_the_pixel_byte_and_rate_caps_are_exact(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    path = make_clip(tmp_path / "c", make_frames(3, 64, 48), fps=100)
    size = path.stat().st_size
    fits = replace(LIMITS, video_pixels=64 * 48, video_bytes=size, video_fps=100)
    assert probe(path, limits=fits).width == 64
    with pytest.raises(LimitExceeded, match="64x48"):
        probe(path, limits=replace(fits, video_pixels=64 * 48 - 1))
    with pytest.raises(LimitExceeded, match="MB"):
        probe(path, limits=replace(fits, video_bytes=size - 1))
    with pytest.raises(LimitExceeded, match="100 frames a second"):
        probe(path, limits=replace(fits, video_fps=99))


def test_a_tiny_file_of_huge_pictures_is_refused(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    black = [np.zeros((1088, 1920, 3), np.uint8)] * 4
    path = make_clip(tmp_path / "c", black, options={"preset": "ultrafast"})
    assert path.stat().st_size < 20_000
    with pytest.raises(LimitExceeded):
        probe(path, limits=replace(LIMITS, video_pixels=1_000_000))


def test_a_picture_that_grows_within_the_file_meets_the_cap(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with av.open(str(path), "w", format="avi") as out:
        stream = out.add_mux_stream("mjpeg", rate=25, width=64, height=48)
        stream.time_base = Fraction(1, 25)
        for index, (width, height) in enumerate([(64, 48)] * 3 + [(640, 480)] * 3):
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
            encoder.time_base = Fraction(1, 25)
            frame = av.VideoFrame(width, height, "yuvj420p")
            frame.pts = 0
            for packet in [*encoder.encode(frame), *encoder.encode(None)]:
                packet.stream, packet.time_base = stream, Fraction(1, 25)
                packet.pts = packet.dts = index
                out.mux(packet)
    with pytest.raises(LimitExceeded, match="640x480"):
        _count(path, limits=replace(LIMITS, video_pixels=300_000))
    # Far over the cap the decoder itself refuses, and what came before is kept.
    count, notes = _count(path, limits=replace(LIMITS, video_pixels=64 * 48))
    assert count == 3
    assert notes


def test_frames_are_counted_while_decoding_not_believed(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    path = make_clip(tmp_path / "c", make_frames(40, 16, 16), container="matroska")
    assert probe(path).frames is None
    assert _count(path, limits=replace(LIMITS, video_frames=40))[0] == 40
    with VideoReader(path, limits=replace(LIMITS, video_frames=39)) as reader:
        with pytest.raises(LimitExceeded, match="39 frames"):
            list(reader)
        assert reader.frames_read == 39


def _patched(path: Path, box: bytes, offset: int, value: bytes) -> None:
    data = bytearray(path.read_bytes())
    at = data.index(box) + 4 + offset
    data[at : at + len(value)] = value
    path.write_bytes(data)


@pytest.mark.parametrize(("box", "offset"), [(b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)])
def test_an_absurd_declared_duration_does_no_harm(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, box: bytes, offset: int
) -> None:
    path = make_clip(tmp_path / "c", make_frames(5, 64, 48))
    _patched(path, box, offset, struct.pack(">I", 0xFFFFFFF0))
    assert probe(path).width == 64
    assert _count(path)[0] == 5


def test_a_file_without_its_index_is_refused(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    path = make_clip(tmp_path / "c", make_frames(10, 64, 48))  # the index stands at the end
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InvalidMedia):
        probe(path)


def test_a_cut_file_gives_its_first_frames_and_says_how_many(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (40, 48, 64, 3), dtype=np.uint8)
    path = make_clip(
        tmp_path / "c",
        list(noise),
        options={"g": "1", "preset": "ultrafast"},
        container_options={"movflags": "faststart"},
    )
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    count, notes = _count(path)
    assert 15 <= count < 30
    assert any(f"{count} of 40" in note for note in notes)


def test_flipped_bytes_lose_pictures_not_the_process(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    path = make_clip(
        tmp_path / "c", make_frames(40, 64, 48), container_options={"movflags": "faststart"}
    )
    data = path.read_bytes()
    random = np.random.default_rng(11)
    outcomes = set()
    for _ in range(25):
        mangled = bytearray(data)
        for at in random.integers(0, len(data), 60):
            mangled[at] = random.integers(0, 256)
        path.write_bytes(mangled)
        try:
            count, _ = _count(path, limits=replace(LIMITS, video_pixels=100_000))
        except SynthError:
            outcomes.add("refused")
        else:
            outcomes.add("read")
            assert count > 0
    assert outcomes


def test_damage_in_the_middle_is_noted(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    frames = make_frames(30, 64, 48)
    path = make_clip(tmp_path / "c", frames, codec="png", container="mov", pixel_format="rgb24")
    data = bytearray(path.read_bytes())
    starts = [at for at in range(len(data)) if data[at : at + 8] == b"\x89PNG\r\n\x1a\n"]
    for start in starts[10:13]:
        data[start : start + 8] = b"\0" * 8
    path.write_bytes(data)
    count, notes = _count(path)
    assert count == 27
    assert any("27 of 30" in note for note in notes)
    assert any("3 damaged parts" in note for note in notes)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "c.mp4"
    with av.open(str(path), "w", format="mp4") as out:
        track = out.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        sound.sample_rate = 44100
        out.mux(track.encode(sound))
        out.mux(track.encode(None))
    with pytest.raises(InvalidMedia, match="no picture track"):
        probe(path)


def test_a_cover_picture_is_no_video(tmp_path: Path, make_clip: Clip, make_frames: Frames) -> None:
    def cover(stream: Any, _: Any) -> None:
        stream.disposition = Disposition.attached_pic

    path = make_clip(
        tmp_path / "c.mp4",
        make_frames(1, 64, 64),
        codec="mjpeg",
        pixel_format="yuvj420p",
        setup=cover,
        sound=True,
    )
    with pytest.raises(InvalidMedia, match="cover picture"):
        probe(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 4096, b"\x1a\x45\xdf\xa3" + b"\0" * 60])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InvalidMedia):
        probe(path)


def test_a_video_without_frames_is_refused(tmp_path: Path, make_clip: Clip) -> None:
    path = tmp_path / "c.mp4"
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height = 64, 48
        out.start_encoding()
    with pytest.raises(InvalidMedia):
        probe(path)


def test_even_a_followed_playlist_could_open_nothing(
    tmp_path: Path, make_clip: Clip, make_frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clip(tmp_path / "canary.mp4", make_frames(3, 64, 48))
    path = tmp_path / "clip.mp4"
    path.write_text("ffconcat version 1.0\nfile canary.mp4\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(opening, "_CONTAINERS", "concat,mov,mp4")
    with pytest.raises(InvalidMedia):
        probe(path)


def test_pipes_folders_devices_and_missing_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", tmp_path, Path("/dev/zero"), tmp_path / "gone.mp4"):
        with pytest.raises(InvalidMedia):
            probe(path)


@pytest.mark.parametrize(
    "name", ["-i.mp4", "http:x.mp4", "concat:a|b", "%03d.png", "new\nline.mp4", "🎬.mp4", "ä" * 120]
)
def test_odd_file_names_are_just_names(
    tmp_path: Path,
    make_clip: Clip,
    make_frames: Frames,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    made = make_clip(tmp_path / "made", make_frames(2, 64, 48))
    made.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert probe(name).width == 64


def test_the_error_shows_no_path_of_the_server(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"hello")
    with pytest.raises(InvalidMedia) as caught:
        probe(path)
    assert str(tmp_path) not in str(caught.value)


def test_a_strangers_metadata_is_kept_within_bounds(
    tmp_path: Path, make_clip: Clip, make_frames: Frames
) -> None:
    def talk(_: Any, out: Any) -> None:
        out.metadata["comment"] = "x" * 5000
        out.metadata["Title"] = "short"

    path = make_clip(tmp_path / "c", make_frames(2, 64, 48), container="matroska", setup=talk)
    assert probe(path).metadata["title"] == "short"
    bounded = probe(path, limits=replace(LIMITS, json_bytes=1000)).metadata
    assert sum(len(key) + len(value) for key, value in bounded.items()) <= 1000
