from __future__ import annotations

import os
import random
from contextlib import suppress
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
from synth.media import NoSound, VideoWriter, open_sound, probe_sound

RATE = 44_100
KINDS = {
    "a.wav": ("wav", "pcm_s16le"), "b.wav": ("wav", "pcm_f32le"), "c.mp3": ("mp3", "libmp3lame"),
    "d.flac": ("flac", "flac"), "e.m4a": ("ipod", "aac"), "f.ogg": ("ogg", "libopus"),
    "g.aiff": ("aiff", "pcm_s16be"), "h.mka": ("matroska", "libopus"),
}  # fmt: skip


def _save(path: Path, clicks: tuple[float, ...], seconds: float, *, cover: bool = False) -> Path:
    """A sound file with clicks of 1 ms around these moments."""
    kind, codec = KINDS[path.name]
    rate = 48_000 if codec == "libopus" else RATE
    t = np.arange(round(seconds * rate)) / rate
    values = 0.7 * np.any(np.abs(t[:, None] - np.array(clicks)) < 0.0005, axis=1)
    with av.open(str(path), "w", format=kind) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout="stereo")
        picture: Any = None
        if cover:
            picture = out.add_stream("png", rate=1)
            picture.width = picture.height = 16
            picture.pix_fmt = "rgb24"
            picture.disposition = Disposition.attached_pic.value
            frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
            out.mux(picture.encode(frame))
            out.mux(picture.encode(None))
        form = stream.codec_context.format.name
        convert = av.AudioResampler(
            format=form, layout="stereo", rate=rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )  # fmt: skip
        sound = av.AudioFrame.from_ndarray(
            np.stack([values, values]).astype(np.float32), format="fltp", layout="stereo"
        )
        sound.sample_rate, sound.pts = rate, 0
        for made in [*convert.resample(sound), *convert.resample(None)]:
            out.mux(stream.encode(made))
        out.mux(stream.encode(None))
    return path


def _clicks(path: Path, start: float, seconds: float) -> list[float]:
    reader = open_sound(path, start=Fraction(start), check=lambda: None)
    first = round(start * 48_000)
    samples = np.abs(reader.window(first, round(seconds * 48_000))[0])
    reader.close()
    assert reader.notes == []
    loud = np.flatnonzero(samples > 0.2)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > 4800) + 1)
    return [((group[0] + group[-1]) / 2 + first) / 48_000 for group in groups if len(group)]


@pytest.mark.parametrize("name", list(KINDS))
def test_files_of_sound_alone_are_heard_from_their_first_sample(tmp_path: Path, name: str) -> None:
    path = _save(tmp_path / name, (0.5, 3.25, 6.5), 8)
    found = probe_sound(path)
    assert found.seconds == pytest.approx(8, abs=0.06)
    assert found.channels == 2
    assert _clicks(path, 0, 9) == pytest.approx([0.5, 3.25, 6.5], abs=0.001)
    assert _clicks(path, 5, 4) == pytest.approx([6.5], abs=0.0015)


def test_a_cover_picture_is_no_obstacle(tmp_path: Path) -> None:
    path = _save(tmp_path / "c.mp3", (1.0,), 2, cover=True)
    with av.open(str(path)) as container:
        assert container.streams.video
    assert probe_sound(path).seconds == pytest.approx(2, abs=0.06)
    assert _clicks(path, 0, 2) == pytest.approx([1.0], abs=0.001)


def test_what_is_no_sound_is_refused_in_words(tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    with VideoWriter(silent, width=32, height=32, fps=10) as writer:
        for _ in range(3):
            writer.write(np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(NoSound, match="no sound in this file"):
        probe_sound(silent)
    noise = random.Random(1).randbytes(50_000)
    whole = _save(tmp_path / "d.flac", (0.5,), 1).read_bytes()
    empty_format = b"fmt \x10\0\0\0\x01" + bytes(15)
    for data in (
        b"",
        b"hello",
        noise,
        whole[:60],
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + noise,
        b"RIFF\xff\xff\xff\xffWAVE" + empty_format + b"data",
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile a.wav\n",
    ):
        path = tmp_path / "bad.mp3"
        path.write_bytes(data)
        with pytest.raises(InvalidMedia):
            probe_sound(path)
    os.mkfifo(tmp_path / "pipe.mp3")
    with pytest.raises(InvalidMedia, match="not a plain file"):
        probe_sound(tmp_path / "pipe.mp3")


def test_caps_hold(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.wav", (0.5,), 3)
    with pytest.raises(LimitExceeded, match="minutes long"):
        probe_sound(path, limits=replace(LIMITS, sound_seconds=2))
    with pytest.raises(LimitExceeded, match="MB"):
        probe_sound(path, limits=replace(LIMITS, video_bytes=1000))


@pytest.mark.parametrize("name", ["a.wav", "c.mp3", "d.flac", "e.m4a", "f.ogg"])
def test_damaged_files_end_in_words_or_in_sound(tmp_path: Path, name: str) -> None:
    data = bytearray(_save(tmp_path / name, (0.5,), 2).read_bytes())
    rng = random.Random(7)
    for turn in range(12):
        broken = bytearray(data[: rng.randrange(40, len(data))] if turn % 2 else data)
        for _ in range(30):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        (tmp_path / "broken").write_bytes(broken)
        with suppress(SynthError):
            assert 0 <= probe_sound(tmp_path / "broken").seconds < LIMITS.sound_seconds
            reader = open_sound(tmp_path / "broken", check=lambda: None)
            samples = reader.window(0, 96_000)
            reader.close()
            assert np.isfinite(samples).all()
