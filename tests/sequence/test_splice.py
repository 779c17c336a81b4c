"""Stretches become one file without a picture being encoded again."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidMedia
from synth.media import EncoderSettings, PlaneReader, VideoWriter, read_metadata
from synth.sequence.keep import Keep, key_of
from synth.sequence.splice import Part, examine, splice
from tests.sequence.small_films import frames_of, picture

LENGTHS = (1, 2, 3, 1, 17, 40, 1, 1)


def _parts(
    keep: Keep, rate: Fraction, lengths: tuple[int, ...], crf: int = 18, width: int = 96
) -> list[Part]:
    wide = picture(5, width + sum(lengths), 64)
    parts: list[Part] = []
    at = 0
    for count in lengths:

        def work(path: Path, at: int = at, count: int = count) -> dict[str, Any]:
            settings = EncoderSettings(threads=2, crf=crf)
            with VideoWriter(path, width=width, height=64, fps=rate, settings=settings) as writer:
                for number in range(at, at + count):
                    writer.write(np.ascontiguousarray(wide[:, number : number + width]))
            return examine(path, rate, count)

        parts.append(Part(keep.make(key_of({"at": at, "crf": crf, "width": width}), work), count))
        at += count
    return parts


@pytest.mark.parametrize("rate", [Fraction(12), Fraction(24000, 1001), Fraction(60)])
def test_every_frame_stands_at_its_time_and_is_the_stretchs_own(
    tmp_path: Path, rate: Fraction
) -> None:
    with Keep(tmp_path / "kept", ".mp4") as keep:
        parts = _parts(keep, rate, LENGTHS)
        splice(tmp_path / "film.mp4", parts, rate=rate, metadata={"comment": "hello"})
        expected = [frame for part in parts for frame in frames_of(part.kept.path)]
    with PlaneReader(tmp_path / "film.mp4") as reader:
        assert reader.info.fps == rate
        assert reader.info.frames == sum(LENGTHS)
        found = list(reader)
    assert [frame.time for frame in found] == [number / rate for number in range(sum(LENGTHS))]
    assert all(frame.planes.same(other) for frame, other in zip(found, expected, strict=True))
    assert read_metadata(tmp_path / "film.mp4")["comment"] == "hello"
    with av.open(str(tmp_path / "film.mp4")) as film:
        stream = film.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base * rate == sum(LENGTHS)
        packets = [packet for packet in film.demux(stream) if packet.size]
    times = [packet.dts or 0 for packet in packets]
    assert len({after - before for before, after in pairwise(times)}) == 1
    starts = {sum(LENGTHS[:place]) for place in range(len(LENGTHS))}
    keys = {round((p.pts or 0) * stream.time_base * rate) for p in packets if p.is_keyframe}
    assert starts <= keys, "every stretch begins with a key frame"


def test_sound_begins_and_ends_with_the_pictures(tmp_path: Path) -> None:
    rate = Fraction(24000, 1001)
    count = sum(LENGTHS)
    samples = round(count / rate * 48_000)
    tone = (8000 * np.sin(np.arange(samples) * 0.05)).astype(np.int16)
    tone[:1200] = 0
    with av.open(str(tmp_path / "sound.wav"), "w") as wav:
        stream = wav.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, 2)[None], format="s16", layout="stereo")
        frame.sample_rate = 48_000
        wav.mux(stream.encode(frame))
    with Keep(tmp_path / "kept", ".mp4") as keep:
        parts = _parts(keep, rate, LENGTHS)
        splice(tmp_path / "film.mp4", parts, rate=rate, sound=tmp_path / "sound.wav")
    with av.open(str(tmp_path / "film.mp4")) as film:
        heard = list(film.decode(audio=0))
        first = heard[0].time
        values = np.concatenate([frame.to_ndarray()[0] for frame in heard])
    assert first == 0
    assert abs(len(values) - samples) <= 1024, "at most what fills the last block"
    onset = int(np.argmax(np.abs(values) > 0.05))
    assert abs(onset - 1200) < 48, "within a millisecond"


def test_stretches_of_two_encoders_do_not_go_together(tmp_path: Path) -> None:
    with Keep(tmp_path / "kept", ".mp4") as keep:
        parts = [
            *_parts(keep, Fraction(24), (3,)),
            *_parts(keep, Fraction(24), (3,), width=128),
        ]
        with pytest.raises(InvalidMedia, match="not encoded alike"):
            splice(tmp_path / "film.mp4", parts, rate=Fraction(24))


def test_stops(tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with Keep(tmp_path / "kept", ".mp4") as keep, pytest.raises(Cancelled):
        splice(
            tmp_path / "film.mp4", _parts(keep, Fraction(24), (3,)), rate=Fraction(24), cancel=token
        )


def test_a_stretch_of_another_length_is_noticed(tmp_path: Path) -> None:
    with Keep(tmp_path / "kept", ".mp4") as keep:
        part = _parts(keep, Fraction(24), (5,))[0]
        with pytest.raises(InvalidMedia, match="4 frames came out with 5"):
            examine(part.kept.path, Fraction(24), 4)
