from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from synth.control import CancelToken
from synth.errors import Cancelled
from synth.limits import LIMITS
from synth.media import VideoFormat, VideoReader, VideoWriter, probe, read_metadata
from synth.media.retag import RETAGGED, retag
from synth.media.sound import Sound, SoundPiece
from synth.media.sound_reader import SOUND_RATE, SoundReader
from synth.media.sound_stretch import RetimedSound

Wave = Callable[[np.ndarray], np.ndarray]
BEEP = 0.05
"""Seconds that a beep and a flash last."""


def _source(
    path: Path,
    wave: Wave,
    seconds: float,
    *,
    fps: int = 10,
    container: str = "mp4",
    codec: str = "aac",
    rate: int = 48000,
    layout: str = "stereo",
    late: float = 0.0,
    sway: float = 0.0,
    flash: bool = True,
    size: tuple[int, int] = (64, 36),
) -> Path:
    """A video by the plainest means, with a flash each second and the sound of ``wave``."""
    with av.open(str(path), "w", format=container) as out:
        video = out.add_stream("libvpx" if container == "webm" else "mpeg4", rate=fps)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        sound: Any = out.add_stream(codec, rate=rate, layout=layout)
        black, white = (np.full((size[1] * 3 // 2, size[0]), v, np.uint8) for v in (128, 220))
        black[: size[1]] = 16
        white[size[1] :] = 128
        done = 0
        for index in range(round(seconds * fps)):
            lit = flash and index % fps == 0
            frame = av.VideoFrame.from_ndarray(white if lit else black, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            out.mux(video.encode(frame))
            while done < (index + 1) * rate // fps:
                values = wave(np.arange(done, done + 1024) / rate).astype(np.float32)
                block = np.stack([values] * (2 if layout == "stereo" else 1))
                made = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(block), format="fltp", layout=layout
                )
                made.sample_rate, made.time_base = rate, Fraction(1, rate)
                made.pts = done + round((late + sway * (done // 1024 % 2)) * rate)
                out.mux(sound.encode(made))
                done += 1024
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return path


def _beeps(t: np.ndarray) -> np.ndarray:
    """A beep at the beginning of every second, as long as BEEP."""
    return 0.5 * np.sin(2 * np.pi * 1000 * t) * (t % 1 < BEEP)


def _sine(frequency: float) -> Wave:
    return lambda t: 0.4 * np.sin(2 * np.pi * frequency * t)


def _whole(path: Path, seconds: float, speed: float = 1.0, *, keep: bool = True) -> Sound:
    return Sound(path, (SoundPiece(Fraction(0), Fraction(seconds), speed, keep),))


def _ramp(path: Path, speeds: np.ndarray, step: Fraction, *, keep: bool) -> Sound:
    return Sound(
        path,
        tuple(SoundPiece(index * step, step, float(s), keep) for index, s in enumerate(speeds)),
    )


def _write(
    path: Path, sound: Sound | None, seconds: float, *, fps: int = 10, **options: Any
) -> VideoWriter:
    picture = np.zeros((36, 64, 3), np.uint8)
    with VideoWriter(path, width=64, height=36, fps=fps, sound=sound, **options) as writer:
        for _ in range(round(seconds * fps)):
            writer.write(picture)
    return writer


def _heard(path: Path) -> tuple[np.ndarray, float]:
    """One channel of a file's sound as a player hears it, at 48 kHz, and where it begins."""
    parts: list[np.ndarray] = []
    begin = None
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=48000)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            if begin is None:
                begin = float(frame.time or 0)
            frame.pts = None
            parts += [made.to_ndarray()[0] for made in resampler.resample(frame)]
        parts += [made.to_ndarray()[0] for made in resampler.resample(None)]
    assert begin is not None
    return np.concatenate(parts), begin


def _length(path: Path) -> float:
    samples, begin = _heard(path)
    return begin + len(samples) / 48000


def _pitch(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    k = int(np.argmax(spectrum[1:-1])) + 1
    a, b, c = np.log(spectrum[k - 1 : k + 2] + 1e-12)
    return float((k + (a - c) / (2 * (a - 2 * b + c))) * 48000 / len(samples))


def _played(path: Path, sound: Sound, seconds: float) -> np.ndarray:
    """The sound before it is encoded, (channels, samples)."""
    start = sound.pieces[0].source_start
    reader = SoundReader(path, start=start, limits=LIMITS, check=lambda: None)
    made = RetimedSound(reader, sound).read(round(seconds * SOUND_RATE))
    reader.close()
    return made


def _bursts(samples: np.ndarray, gap: float) -> np.ndarray:
    """Middles of the beeps, seconds; beeps are at least ``gap`` seconds apart."""
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > gap * 48000) + 1)
    return np.array([(group[0] + group[-1]) / 2 / 48000 for group in groups])


@pytest.mark.parametrize(
    ("container", "codec", "rate", "layout"),
    [
        ("mp4", "aac", 48000, "stereo"),
        ("mp4", "aac", 44100, "mono"),
        ("webm", "libopus", 48000, "stereo"),
        ("matroska", "flac", 44100, "stereo"),
        ("mov", "pcm_s16le", 32000, "stereo"),
        ("avi", "libmp3lame", 44100, "stereo"),
        ("mp4", "aac", 48000, "5.1"),
    ],
)
def test_sound_is_read_to_the_sample_whatever_holds_it(
    tmp_path: Path, container: str, codec: str, rate: int, layout: str
) -> None:
    if layout == "5.1":
        path = _surround(tmp_path / "c")
    else:
        path = _source(
            tmp_path / "c", _beeps, 4, container=container, codec=codec, rate=rate, layout=layout
        )
    got = _played(path, _whole(path, 4), 4)
    assert got.shape == (1 if layout == "mono" else 2, 4 * SOUND_RATE)
    expected = _beeps(np.arange(4 * SOUND_RATE) / SOUND_RATE)
    # MP3 in AVI carries no word of the encoder's own delay, 1105 samples.
    assert abs(_lag(got[0], expected)) <= (1 if codec != "libmp3lame" else 1210)
    part = _played(path, Sound(path, (SoundPiece(Fraction(2), Fraction(2), 1.0, True),)), 2)
    # Matroska counts time in milliseconds, so a jump may land beside by as much.
    assert abs(_lag(part[0], got[0, 2 * SOUND_RATE :])) <= (
        48 if container in ("webm", "matroska") else 1
    )


def _lag(samples: np.ndarray, expected: np.ndarray) -> int:
    """By how many samples ``samples`` are late."""
    size = 2 * len(samples)
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(expected, size))
    lag = int(np.argmax(np.fft.irfft(product, size)))
    return lag - size if lag > size // 2 else lag


def _surround(path: Path) -> Path:
    with av.open(str(path), "w", format="mp4") as out:
        video = out.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 36, "yuv420p"
        sound = out.add_stream("aac", rate=48000, layout="5.1")
        for index in range(40):
            frame = av.VideoFrame(64, 36, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            out.mux(video.encode(frame))
        for index in range(188):
            values = _beeps(np.arange(index * 1024, (index + 1) * 1024) / 48000)
            block = np.repeat(values.astype(np.float32)[None], 6, axis=0)
            made = av.AudioFrame.from_ndarray(block, format="fltp", layout="5.1")
            made.sample_rate, made.pts, made.time_base = 48000, index * 1024, Fraction(1, 48000)
            out.mux(sound.encode(made))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return path


def test_sound_that_begins_after_the_pictures_stays_there(tmp_path: Path) -> None:
    path = _source(tmp_path / "c", _beeps, 3, late=0.4)
    got = _played(path, _whole(path, 3), 3)[0]
    assert np.abs(got[: 48 * 375]).max() < 0.01
    assert _bursts(got, 0.5) == pytest.approx([0.425, 1.425, 2.425], abs=0.003)


CODEC = {"mp4": "aac", "webm": "opus", "prores": "pcm_s16le"}


@pytest.mark.parametrize("format", list(CODEC))
def test_speed_one_comes_out_in_step_in_every_format(tmp_path: Path, format: VideoFormat) -> None:
    path = _source(tmp_path / "c", _beeps, 5)
    writer = _write(tmp_path / "out", _whole(path, 5), 5, format=format)
    assert writer.notes == ()
    assert probe(tmp_path / "out").has_audio
    with av.open(str(tmp_path / "out")) as made:
        assert made.streams.audio[0].codec_context.name.removeprefix("lib") == CODEC[format]
        assert "encoder" not in {key.lower() for key in made.streams.audio[0].metadata}
    samples, begin = _heard(tmp_path / "out")
    assert begin == pytest.approx(0, abs=0.001)
    assert len(samples) / 48000 == pytest.approx(5, abs=1024 / 48000)
    expected = _beeps(np.arange(len(samples)) / 48000)
    assert abs(_lag(samples, expected)) <= 1


LONG = 600


@pytest.fixture(scope="module")
def ten_minutes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 seconds at 10 frames a second, with a beep and a flash at every second."""
    return _source(tmp_path_factory.mktemp("long") / "c.mp4", _beeps, LONG, layout="mono")


@pytest.mark.parametrize(
    ("speed", "keep", "longest"),
    [
        (0.5, True, 120),
        (0.5, False, 120),
        (2.0, True, 60),
        (2.0, False, 100),
        (1 / 16, True, 120),
        (1 / 16, False, 120),
        ("ramp", True, LONG),
        ("ramp", False, 100),
    ],
)
def test_beeps_stay_where_their_flashes_go(
    tmp_path: Path, ten_minutes: Path, speed: float | str, keep: bool, longest: int
) -> None:
    """The curve of speed puts the flashes somewhere; the beeps are there too, up to the end."""
    if speed == "ramp":
        step = Fraction(1, 2)
        speeds = 1.0 + 0.7 * np.sin(np.arange(2 * LONG) / 200)
        sound = _ramp(ten_minutes, speeds, step, keep=keep)
        edges = np.concatenate([[0], np.cumsum(float(step) / speeds)])
        moments = np.interp(np.arange(LONG) + BEEP / 2, np.arange(2 * LONG + 1) / 2, edges)
    else:
        assert isinstance(speed, float)
        sound = _whole(ten_minutes, LONG, speed, keep=keep)
        moments = (np.arange(LONG) + BEEP / 2) / speed
    length = min(float(moments[-1] + 1), float(longest))
    heard = _played(ten_minutes, sound, length)[0]
    slowest = float(speeds.min()) if speed == "ramp" else min(1.0, float(speed))
    gap = 0.2 if slowest >= 0.5 else 0.2 / slowest
    gap = min(gap, 0.2) if speed in (2.0, "ramp") else gap
    found = _bursts(heard, gap)
    expected = moments[moments < length - 2]
    found = found[: len(expected)]
    assert len(found) == len(expected)
    # Of the source: where one of its frames is shown for long, so is its sound.
    local = np.gradient(np.arange(LONG) + 0.0, moments)[: len(expected)]
    late = np.abs(found - expected) * np.minimum(1, local)
    assert late.max() < 0.024, (late.max(), int(np.argmax(late)))
    assert np.abs((found - expected)[-20:].mean() * min(1, local[-1])) < 0.012


def test_a_ten_minute_file_ends_with_its_pictures(tmp_path: Path, ten_minutes: Path) -> None:
    out = tmp_path / "out.mp4"
    _write(out, _whole(ten_minutes, LONG), LONG)
    info = probe(out)
    assert info.duration is not None
    samples, begin = _heard(out)
    assert begin + len(samples) / 48000 == pytest.approx(float(info.duration), abs=0.022)
    # In step to the millisecond from the first beep to the last.
    assert _bursts(samples, 0.5) == pytest.approx(np.arange(LONG) + BEEP / 2, abs=0.002)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.5, 3.0, 1 / 16, 16.0])
def test_pitch_is_kept_or_changes_like_a_tape(tmp_path: Path, speed: float) -> None:
    path = _source(tmp_path / "c", _sine(440), 34 if speed > 4 else 7, flash=False)
    seconds = 2.0
    amount = seconds * speed
    kept = _played(path, _whole(path, amount, speed, keep=True), seconds)[0]
    tape = _played(path, _whole(path, amount, speed, keep=False), seconds)[0]
    middle = slice(9_600, -9_600)
    assert _pitch(kept[middle]) == pytest.approx(440, abs=2)
    assert _pitch(tape[middle]) == pytest.approx(440 * speed, rel=0.005)
    for samples in (kept[middle], tape[middle]):
        assert np.sqrt((samples**2).mean()) == pytest.approx(0.4 / np.sqrt(2), rel=0.06)


def test_what_a_fast_tape_would_fold_back_is_gone(tmp_path: Path) -> None:
    path = _source(tmp_path / "c", _sine(9000), 10, flash=False)
    tape = _played(path, _whole(path, 8, 4.0, keep=False), 2)[0]
    assert np.abs(tape[9_600:-9_600]).max() < 0.004


@pytest.mark.parametrize("keep", [True, False])
def test_a_ramp_of_many_pieces_does_not_click(tmp_path: Path, keep: bool) -> None:
    """Above the sine there is nothing, though the speed changes two hundred times."""
    path = _source(tmp_path / "c", _sine(300), 6, flash=False, codec="flac", container="matroska")
    speeds = np.geomspace(0.4, 2.0, 250)
    step = Fraction(1, 50)
    sound = _ramp(path, speeds, step, keep=keep)
    seconds = float((float(step) / speeds).sum())
    samples = _played(path, sound, seconds)[0][4_800:-4_800]
    assert np.abs(np.diff(samples)).max() < 0.4 * 2 * np.pi * 300 * 2.05 / 48000 + 0.001
    second = np.abs(np.diff(samples, 3)).max()
    assert second < 3 * 0.4 * (2 * np.pi * 300 * 2.05 / 48000) ** 3 + 2e-3


def test_speed_one_is_the_source_itself(tmp_path: Path) -> None:
    """Bit for bit, where the source was stored without loss at the house's rate."""
    rng = np.random.default_rng(5)
    noise = np.round(rng.uniform(-0.5, 0.5, 48000 * 5) * 32768) / 32768
    path = _source(
        tmp_path / "c", lambda t: noise[np.rint(t * 48000).astype(int) % len(noise)], 4,
        codec="pcm_s16le", container="mov",
    )  # fmt: skip
    got = _played(path, _whole(path, 4), 4)
    assert np.array_equal(got[0], noise[: len(got[0])].astype(np.float32))
    kept = _ramp(path, np.array([1.0, 1.0, 0.5, 1.0]), Fraction(1), keep=True)
    mixed = _played(path, kept, 5)
    assert np.abs(mixed[:, :90_000] - got[:, :90_000]).max() < 1e-6


def test_a_video_without_sound_gives_one_without_and_says_so(tmp_path: Path) -> None:
    _write(tmp_path / "silent.mp4", None, 1)
    writer = _write(tmp_path / "out.mp4", _whole(tmp_path / "silent.mp4", 1), 1)
    assert any("no sound" in note for note in writer.notes)
    assert not probe(tmp_path / "out.mp4").has_audio


@pytest.mark.parametrize("format", ["gif", "png"])
def test_formats_without_sound_say_so(tmp_path: Path, format: VideoFormat) -> None:
    path = _source(tmp_path / "c", _beeps, 1)
    writer = _write(tmp_path / "out", _whole(path, 1), 1, format=format)
    assert any("no sound" in note for note in writer.notes)


def test_sound_in_a_codec_that_is_not_accepted_is_left_out(tmp_path: Path) -> None:
    path = _source(tmp_path / "c", _beeps, 1, codec="wavpack", container="matroska")
    writer = _write(tmp_path / "out.mp4", _whole(path, 1), 1)
    assert any("wavpack" in note for note in writer.notes)
    assert not probe(tmp_path / "out.mp4").has_audio


def test_short_sound_is_followed_by_silence_and_long_sound_is_cut(tmp_path: Path) -> None:
    path = _source(tmp_path / "c", _sine(440), 2)
    _write(tmp_path / "long.mp4", _whole(path, 2), 4)
    samples, _ = _heard(tmp_path / "long.mp4")
    assert len(samples) / 48000 == pytest.approx(4, abs=1024 / 48000)
    assert np.abs(samples[48 * 2300 :]).max() < 0.01
    _write(tmp_path / "short.mp4", _whole(path, 2), 1.5)
    assert _length(tmp_path / "short.mp4") == pytest.approx(1.5, abs=1024 / 48000)


def test_damaged_sound_becomes_silence_with_a_note(tmp_path: Path) -> None:
    path = _source(tmp_path / "c.mp4", _sine(440), 6)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [bytes(p) for p in container.demux(audio=0) if p.size]
    rng = np.random.default_rng(2)
    for packet in packets[100:140]:
        place, length = data.find(packet), len(packet) // 2
        data[place : place + length] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
    path.write_bytes(bytes(data))
    writer = _write(tmp_path / "out.mp4", _whole(path, 6), 6)
    assert any("damaged" in note for note in writer.notes)
    assert _length(tmp_path / "out.mp4") == pytest.approx(6, abs=1024 / 48000)
    samples, _ = _heard(tmp_path / "out.mp4")
    assert np.abs(samples[int(48000 * 2.3) : int(48000 * 2.8)]).max() < 0.02
    assert _pitch(samples[48000 * 4 : 48000 * 5]) == pytest.approx(440, abs=2)


def test_sound_that_cannot_be_read_at_all_is_silence(tmp_path: Path) -> None:
    path = _source(tmp_path / "c.mp4", _sine(440), 2)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [bytes(p) for p in container.demux(audio=0) if p.size]
    for packet in packets:
        place = data.find(packet)
        data[place : place + len(packet)] = b"\xff" * len(packet)
    path.write_bytes(bytes(data))
    writer = _write(tmp_path / "out.mp4", _whole(path, 2, 0.5), 4)
    assert any("silent" in note for note in writer.notes)
    assert np.abs(_heard(tmp_path / "out.mp4")[0]).max() < 1e-3


def test_sound_and_pictures_lie_beside_each_other_in_the_file(
    tmp_path: Path, ten_minutes: Path
) -> None:
    """A player that reads from the front never waits a second for either."""
    for format in ("mp4", "webm", "prores"):
        out = tmp_path / format
        options: dict[str, Any] = {"format": format, "fps": 25}
        _write(out, _whole(ten_minutes, LONG), 12, **options)
        newest = {"video": 0.0, "audio": 0.0}
        apart = 0.0
        with av.open(str(out)) as container:
            for packet in container.demux():
                if packet.dts is not None and packet.time_base is not None:
                    newest[packet.stream.type] = float(packet.dts * packet.time_base)
                    apart = max(apart, abs(newest["video"] - newest["audio"]))
        assert apart < 1.0, format


def test_a_stop_is_seen_at_once_and_leaves_nothing(tmp_path: Path, ten_minutes: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    token = CancelToken()
    picture = np.zeros((36, 64, 3), np.uint8)
    begun = 0.0
    with (  # noqa: PT012
        pytest.raises(Cancelled),
        VideoWriter(
            folder / "c.mp4",
            width=64,
            height=36,
            fps=10,
            sound=_whole(ten_minutes, LONG, 1 / 16),
            cancel=token,
        ) as writer,
    ):
        for index in range(6000):
            if index == 300:
                begun = time.monotonic()
                token.cancel()
            writer.write(picture)
    assert time.monotonic() - begun < 1
    assert list(folder.iterdir()) == []


def test_memory_is_flat_however_long_the_sound(ten_minutes: Path) -> None:
    import tracemalloc

    for speed, keep in ((1.0, True), (16.0, False), (16.0, True), (0.5, True)):
        sound = _whole(ten_minutes, LONG, speed, keep=keep)
        reader = SoundReader(ten_minutes, start=Fraction(0), limits=LIMITS, check=lambda: None)
        made = RetimedSound(reader, sound)
        made.read(4_800)
        tracemalloc.start()
        for _ in range(20):
            made.read(4_800)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        reader.close()
        assert peak < 1_000_000, (speed, keep, peak)


def test_a_clip_from_the_middle_of_a_long_file_begins_at_once(ten_minutes: Path) -> None:
    sound = Sound(ten_minutes, (SoundPiece(Fraction(590), Fraction(5), 1.0, True),))
    begun = time.perf_counter()
    heard = _played(ten_minutes, sound, 4)[0]
    assert time.perf_counter() - begun < 1
    assert _bursts(heard, 0.5) == pytest.approx(np.arange(4) + BEEP / 2, abs=0.003)


def _piece(start: float, seconds: float, speed: float, keep: bool = True) -> SoundPiece:
    return SoundPiece(Fraction(start), Fraction(seconds), speed, keep)


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (_piece(0, 1, 1), _piece(2, 1, 1)),
        (_piece(0, 1, 1), _piece(1, 1, 1, False)),
        (_piece(0, 1, float("nan")),),
        (_piece(0, 1, 0.0),),
        (_piece(0, 0, 1),),
        (_piece(-1, 1, 1),),
    ],
)
def test_pieces_that_make_no_sense_are_refused(pieces: tuple[SoundPiece, ...]) -> None:
    with pytest.raises(ValueError, match=r"[Ss]ound|speed|piece"):
        Sound(Path("c.mp4"), pieces)


def test_pictures_are_read_from_the_written_file_as_before(tmp_path: Path) -> None:
    path = _source(tmp_path / "c", _beeps, 2)
    _write(tmp_path / "out.mp4", _whole(path, 2), 2)
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert [frame.time for frame in reader] == [Fraction(k, 10) for k in range(20)]


@pytest.mark.parametrize("format", list(CODEC))
def test_new_texts_leave_the_sound_as_it_is(tmp_path: Path, format: VideoFormat) -> None:
    path = _source(tmp_path / "c", _beeps, 2)
    out = tmp_path / "out"
    _write(out, _whole(path, 2), 2, format=format)
    before = _heard(out)
    retag(out, RETAGGED[format], {"title": "new"})
    assert read_metadata(out)["title"] == "new"
    after = _heard(out)
    assert np.array_equal(after[0], before[0])
    assert after[1] == pytest.approx(before[1], abs=0.001)


def test_stamps_that_sway_tear_no_holes(tmp_path: Path) -> None:
    """As those of Vorbis in WebM do."""
    path = _source(tmp_path / "c", _beeps, 12, container="matroska", codec="pcm_s16le", sway=0.021)
    reader = SoundReader(path, start=Fraction(0), limits=LIMITS, check=lambda: None)
    heard = reader.window(0, 12 * SOUND_RATE)[0]
    reader.close()
    assert reader.notes == []
    assert _bursts(heard, 0.5) == pytest.approx(np.arange(12) + BEEP / 2, abs=0.025)
