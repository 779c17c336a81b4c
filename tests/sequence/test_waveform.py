from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.sequence.waveform import waveform

RATE = 48_000


def _save(path: Path, samples: np.ndarray, codec: str, kind: str, *, rate: int = RATE) -> Path:
    with av.open(str(path), "w", format=kind) as out:
        layout = "mono" if samples.shape[0] == 1 else "stereo"
        stream: Any = out.add_stream(codec, rate=rate, layout=layout)
        form = stream.codec_context.format.name
        convert = av.AudioResampler(
            format=form, layout=layout, rate=rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )  # fmt: skip
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout
        )
        frame.sample_rate, frame.pts = rate, 0
        for made in [*convert.resample(frame), *convert.resample(None)]:
            out.mux(stream.encode(made))
        out.mux(stream.encode(None))
    return path


def _steps(seconds: int, rate: int = RATE) -> np.ndarray:
    """A tone that is louder every second, more so to above than to below: (1, samples)."""
    t = np.arange(seconds * rate) / rate
    tone = np.sin(2 * np.pi * 200 * t)
    return (np.floor(t + 1) / seconds * np.where(tone > 0, 0.8 * tone, 0.4 * tone))[None]


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        ("a.wav", "pcm_s16le", "wav"), ("b.wav", "pcm_u8", "wav"), ("c.wav", "pcm_s24le", "wav"),
        ("d.wav", "pcm_f32le", "wav"), ("e.flac", "flac", "flac"), ("f.mp3", "libmp3lame", "mp3"),
        ("g.m4a", "aac", "ipod"),
    ],
)  # fmt: skip
def test_columns_follow_the_sound(tmp_path: Path, name: str, codec: str, kind: str) -> None:
    found = waveform(_save(tmp_path / name, _steps(8), codec, kind), 8, 0.0, 8.0)
    assert found.seconds == pytest.approx(8, abs=0.05)
    high = 0.8 * np.arange(1, 9) / 8
    # A codec that throws away rounds the corners of such a tone.
    miss = 0.06 if codec in ("libmp3lame", "aac") else 0.02
    assert found.high == pytest.approx(high, abs=miss)
    assert found.low == pytest.approx(-high / 2, abs=miss + 0.01)
    assert found.peaks == found.high


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_part_and_finer_columns_than_frames(tmp_path: Path, rate: int) -> None:
    samples = np.zeros((2, 20 * rate))
    at = round(12.3456 * rate)
    samples[1, at : at + 4] = 0.7
    path = _save(tmp_path / "a.wav", samples, "pcm_s16le", "wav", rate=rate)
    found = waveform(path, 400, 12.0, 12.4)
    assert [n for n, value in enumerate(found.high) if value > 0.5] == [345]
    assert not any(found.low)
    beyond = waveform(path, 10, 18.0, 38.0)
    assert beyond.end == 38
    assert not any(beyond.high)


def test_halves_read_by_two_threads_join(tmp_path: Path) -> None:
    samples = np.zeros((1, 130 * 8000))
    clicks = np.arange(0.5, 130, 1.0)
    for second in clicks:
        samples[0, round(second * 8000)] = 0.9
    path = _save(tmp_path / "a.flac", samples, "flac", "flac", rate=8000)
    found = waveform(path, 130)
    assert found.high == pytest.approx(np.full(130, 0.9), abs=0.01)
    assert len(json.dumps(found.to_dict())) < 130 * 14 + 100


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.wav", _steps(2), "pcm_s16le", "wav")
    for columns, start, end in ((0, 0, None), (10_000, 0, None), (10, 2, 1), (10, -1, 1)):
        with pytest.raises(InvalidInstruction):
            waveform(path, columns, start, end)
    (tmp_path / "b.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    with pytest.raises(InvalidMedia):
        waveform(tmp_path / "b.wav", 10)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        waveform(path, 10, cancel=cancel)
