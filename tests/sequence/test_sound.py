from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import av.filter
import numpy as np
import pytest
from numpy.typing import NDArray

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidMedia
from synth.media import Sound, SoundPiece, VideoWriter
from synth.sequence.plan import FilmPlan, plan_film
from synth.sequence.project import Project, SequenceShot, SoundSettings, SoundTrack
from synth.sequence.shelf import Shelf
from synth.sequence.sound import mix_sound, sound_key
from synth.sequence.sound_bits import film_samples
from synth.sequence.storyboard import Card, Way, arrange

RATE = 48_000
Wave = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _write(path: Path, wave: Wave, seconds: float, codec: str = "pcm_s16le") -> Path:
    """A sound file of one channel."""
    formats = {".wav": "wav", ".mp3": "mp3", ".flac": "flac", ".m4a": "ipod"}
    values = wave(np.arange(round(seconds * RATE)) / RATE)
    with av.open(str(path), "w", format=formats[path.suffix]) as out:
        stream: Any = out.add_stream(codec, rate=RATE, layout="mono")
        convert = av.AudioResampler(
            format=stream.codec_context.format.name, layout="mono", rate=RATE,
            frame_size=stream.codec_context.frame_size or 1024,
        )  # fmt: skip
        frame = av.AudioFrame.from_ndarray(
            values[None].astype(np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = RATE, 0
        for made in [*convert.resample(frame), *convert.resample(None)]:
            out.mux(stream.encode(made))
        out.mux(stream.encode(None))
    return path


def _tone(frequency: float, level: float = 0.3) -> Wave:
    return lambda t: level * np.sin(2 * np.pi * frequency * t)


def _clicks(*times: float, level: float = 0.7) -> Wave:
    """1 ms of a constant around each of these moments."""
    return lambda t: level * np.any(np.abs(t[:, None] - np.array(times)) < 0.0005, axis=1)


def _speech(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Syllables: noise bursts of different loudness, with pauses between sentences."""
    rng = np.random.default_rng(5)
    noise = np.convolve(rng.standard_normal(len(t)), np.ones(8) / 8, "same")
    syllables = np.clip(np.sin(2 * np.pi * 3.3 * t), 0, 1) * (0.3 + 0.7 * np.sin(0.9 * t) ** 2)
    return 0.15 * noise * syllables * (t % 4 < 3)


def _music(t: NDArray[np.float64]) -> NDArray[np.float64]:
    chord = sum(np.sin(2 * np.pi * f * t) for f in (110, 220, 277, 330))
    drum = np.sin(2 * np.pi * 60 * t) * np.exp(-(t % 0.5) * 20)
    return 0.08 * chord + 0.5 * drum


def _knocks(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A click track: half a tenth of a second, twice a second."""
    return 0.8 * np.sin(2 * np.pi * 1000 * t) * (t % 0.5 < 0.05)


def _film(
    shelf: Shelf, cards: list[Card], lengths: dict[str, int], *, fps: str = "24", **fields: Any
) -> tuple[Project, FilmPlan]:
    """A film of plain colours and clips: ``cards`` name shots that ``shots`` holds."""
    project = Project.from_dict({"output": {"fps": fps}}).changed(**fields)
    project = arrange(project, cards)
    return project, plan_film(project, lengths)


def _still(frames: int) -> list[Card]:
    return [Card(None, 0, frames)]


def _heard(path: Path) -> NDArray[np.float32]:
    """A WAV's samples, float32 (2, samples)."""
    parts: list[Any] = []
    with av.open(str(path)) as container:
        assert container.streams.audio[0].rate == RATE
        convert = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        for frame in container.decode(audio=0):
            parts += [made.to_ndarray() for made in convert.resample(frame)]
    return np.concatenate(parts, axis=1)


def _loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness, LUFS, and true peak, dBTP, by FFmpeg's own meter on the file."""
    graph = av.filter.Graph()
    with av.open(str(path)) as container:
        begin = graph.add_abuffer(template=container.streams.audio[0])
        meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
        begin.link_to(meter)
        meter.link_to(sink := graph.add("abuffersink"))
        graph.configure()
        found: dict[str, str] = {}
        for frame in [*container.decode(audio=0), None]:
            begin.push(frame)
            while True:
                try:
                    found = dict(sink.pull().metadata) or found
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
    return float(found["lavfi.r128.I"]), 20 * np.log10(float(found["lavfi.r128.true_peak"]))


def _rms(samples: NDArray[np.float32], begin: float, end: float) -> float:
    part = samples[0, round(begin * RATE) : round(end * RATE)]
    return 20 * float(np.log10(np.sqrt(np.mean(np.square(part, dtype=np.float64))) + 1e-12))


def _level(samples: NDArray[np.float32], frequency: float, begin: float, end: float) -> float:
    """Level of one frequency, dB."""
    part = samples[0, round(begin * RATE) : round(end * RATE)].astype(np.float64)
    wave = np.exp(-2j * np.pi * frequency * np.arange(len(part)) / RATE) * np.hanning(len(part))
    return 20 * float(np.log10(abs(part @ wave) / len(part) + 1e-12))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


def _put(shelf: Shelf, tmp_path: Path, wave: Wave, seconds: float, name: str = "a.wav") -> Any:
    codec = {".mp3": "libmp3lame", ".flac": "flac", ".m4a": "aac"}.get(
        Path(name).suffix, "pcm_s16le"
    )
    return shelf.add(_write(tmp_path / name, wave, seconds, codec), "sound")


def _mixed(
    shelf: Shelf, tmp_path: Path, frames: int, *tracks: SoundTrack, fps: str = "24",
    loudness: float | None = None, ducking: float = 12.0,
) -> NDArray[np.float32]:  # fmt: skip
    sound = SoundSettings(tracks=tracks, loudness=loudness, ducking=ducking)
    project, plan = _film(shelf, _still(frames), {}, fps=fps, sound=sound)
    report = mix_sound(project, plan, shelf, tmp_path / "out.wav")
    assert report is not None
    made = _heard(tmp_path / "out.wav")
    assert made.shape[1] == film_samples(plan)
    return made


def test_a_silent_film_has_no_sound_file(shelf: Shelf, tmp_path: Path) -> None:
    project, plan = _film(shelf, _still(24), {})
    assert mix_sound(project, plan, shelf, tmp_path / "out.wav") is None
    mute = _put(shelf, tmp_path, lambda t: 0 * t, 1)
    late = _put(shelf, tmp_path, _tone(440), 1, "late.wav")
    faint = _put(shelf, tmp_path, _tone(440, 4e-5), 1, "faint.wav")
    tracks = (
        SoundTrack(media=mute), SoundTrack(media=late, start=50),
        SoundTrack(media=faint, gain=-60),
    )  # fmt: skip
    project, plan = _film(shelf, _still(24), {}, sound=SoundSettings(tracks=tracks))
    assert mix_sound(project, plan, shelf, tmp_path / "out.wav") is None
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["a.wav", "faint.wav", "late.wav", "shelf"]


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.m4a"])
def test_a_click_stays_where_it_is_put(shelf: Shelf, tmp_path: Path, name: str) -> None:
    ref = _put(shelf, tmp_path, _clicks(2.5, 4.0), 5, name)
    track = SoundTrack(media=ref, start=1.25, trim_start=2.0)
    made = _mixed(shelf, tmp_path, 96, track, fps="23.976")
    loud = np.flatnonzero(np.abs(made[0]) > 0.2)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > RATE // 10) + 1)
    found = [(group[0] + group[-1]) / 2 / RATE for group in groups]
    assert found == pytest.approx([1.75, 3.25], abs=0.001)


def test_gain_trim_length_and_fades(shelf: Shelf, tmp_path: Path) -> None:
    ref = _put(shelf, tmp_path, _tone(440), 6)
    track = SoundTrack(
        media=ref, start=1, trim_start=0.5, seconds=3, gain=-6, fade_in=0.5, fade_out=1
    )
    made = _mixed(shelf, tmp_path, 120, track)
    assert not made[:, :RATE].any()
    assert not made[:, 4 * RATE :].any()
    plain = 20 * np.log10(0.3 / np.sqrt(2)) - 6
    assert _rms(made, 1.6, 2.9) == pytest.approx(plain, abs=0.1)
    assert _rms(made, 1.24, 1.26) == pytest.approx(plain - 6, abs=0.5)
    assert _rms(made, 3.49, 3.51) == pytest.approx(plain - 6, abs=0.5)
    assert np.array_equal(made[0], made[1])


def test_a_loop_goes_on_to_the_end_of_the_film(shelf: Shelf, tmp_path: Path) -> None:
    ref = _put(shelf, tmp_path, _clicks(0.25), 1)
    made = _mixed(shelf, tmp_path, 96, SoundTrack(media=ref, start=0.5, loop=True))
    loud = np.flatnonzero(np.abs(made[0]) > 0.2)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > RATE // 10) + 1)
    found = [(group[0] + group[-1]) / 2 / RATE for group in groups]
    assert found == pytest.approx([0.75, 1.75, 2.75, 3.75], abs=0.001)


@pytest.mark.parametrize("depth", [6.0, 12.0, 20.0])
@pytest.mark.parametrize("voice", [0.05, 0.6])
def test_music_sinks_under_a_voice_by_the_depth_asked_for(
    shelf: Shelf, tmp_path: Path, depth: float, voice: float
) -> None:
    music = _put(shelf, tmp_path, _tone(400, 0.2), 9, "music.wav")
    words = _put(shelf, tmp_path, lambda t: voice * _speech(t) / 0.15, 2.5, "words.wav")
    tracks = (SoundTrack(media=music), SoundTrack(media=words, start=3, role="voice"))
    both = _mixed(shelf, tmp_path, 216, *tracks, ducking=depth)
    alone = _mixed(shelf, tmp_path, 216, tracks[1])
    only = both - alone
    plain = _level(only, 400, 1, 2)
    assert _level(only, 400, 3.5, 5.2) == pytest.approx(plain - depth, abs=0.5)
    assert _level(only, 400, 7.5, 8.5) == pytest.approx(plain, abs=0.1)
    assert plain == pytest.approx(_level(_mixed(shelf, tmp_path, 216, tracks[0]), 400, 1, 2))


@pytest.mark.parametrize("target", [-14.0, -23.0])
@pytest.mark.parametrize("material", ["music", "speech", "mixed", "knocks", "quiet"])
def test_loudness_reaches_its_target(
    shelf: Shelf, tmp_path: Path, material: str, target: float
) -> None:
    waves: dict[str, list[tuple[Wave, Any]]] = {
        "music": [(_music, "music")],
        "speech": [(_speech, "voice")],
        "mixed": [(_music, "music"), (_speech, "voice")],
        "knocks": [(_knocks, "effect")],
        "quiet": [(lambda t: 0.03 * _music(t), "music")],
    }
    tracks = [
        SoundTrack(media=_put(shelf, tmp_path, wave, 12, f"{role}.wav"), role=role)
        for wave, role in waves[material]
    ]
    project, plan = _film(
        shelf, _still(288), {}, sound=SoundSettings(tracks=tuple(tracks), loudness=target)
    )
    report = mix_sound(project, plan, shelf, tmp_path / "out.wav")
    assert report is not None
    loudness, peak = _loudness(tmp_path / "out.wav")
    assert loudness == pytest.approx(target, abs=1.0)
    assert peak <= -0.95
    assert report.loudness == pytest.approx(loudness, abs=0.1)
    assert report.peak == pytest.approx(peak, abs=0.1)


def test_what_cannot_be_as_loud_is_told(shelf: Shelf, tmp_path: Path) -> None:
    ref = _put(shelf, tmp_path, _clicks(*np.arange(0.5, 8, 0.5), level=0.9), 8)
    project, plan = _film(
        shelf, _still(192), {}, sound=SoundSettings(tracks=(SoundTrack(media=ref),), loudness=-5)
    )
    report = mix_sound(project, plan, shelf, tmp_path / "out.wav")
    assert report is not None
    assert report.loudness is not None
    assert report.loudness < -6
    assert any("LUFS" in note for note in report.notes)
    assert _loudness(tmp_path / "out.wav")[1] <= -0.95


def _clip(path: Path, wave: Wave, seconds: float, tmp_path: Path) -> Path:
    """A small video with sound."""
    sound = _write(tmp_path / f"{path.stem}.flac", wave, seconds, "flac")
    picture = np.zeros((36, 64, 3), np.uint8)
    pieces = (SoundPiece(Fraction(0), Fraction(seconds), 1.0, True),)
    with VideoWriter(path, width=64, height=36, fps=24, sound=Sound(sound, pieces)) as writer:
        for _ in range(round(seconds * 24)):
            writer.write(picture)
    return path


def test_clips_bring_their_sound_and_cross_over(shelf: Shelf, tmp_path: Path) -> None:
    shots = tuple(
        SequenceShot(
            id=name,
            media=shelf.add(_clip(tmp_path / f"{name}.mp4", wave, 3, tmp_path), "video"),
            sound_gain=gain,
        )
        for name, wave, gain in (
            ("one", _tone(400), 0.0), ("two", _tone(900), -6.0), ("mute", _tone(1500), None),
        )
    )  # fmt: skip
    lengths = {"one": 72, "two": 72, "mute": 72}
    cards = [
        Card("one", 12, 48, Way("dissolve", 24)),
        Card("two", 0, 60, None),
        Card("mute", 0, 24, None),
    ]
    project, plan = _film(shelf, cards, lengths, shots=shots, sound=SoundSettings(loudness=None))
    assert mix_sound(project, plan, shelf, tmp_path / "out.wav") is not None
    made = _heard(tmp_path / "out.wav")
    one, two = _level(made, 400, 0.2, 0.8), _level(made, 900, 2.2, 3)
    assert two == pytest.approx(one - 6, abs=0.2)
    # Half way both are as loud as half the power.
    assert _level(made, 400, 1.45, 1.55) == pytest.approx(one - 3, abs=0.3)
    assert _level(made, 900, 1.45, 1.55) == pytest.approx(two - 3, abs=0.3)
    assert _level(made, 400, 2.1, 3) < -80
    assert not made[:, round(3.51 * RATE) :].any()
    key = sound_key(project, plan)
    assert key == sound_key(project, plan)
    louder = project.with_shot(shots[1].model_copy(update={"sound_gain": 0.0}))
    assert sound_key(louder, plan) != key


def test_one_clip_cut_in_two_sounds_as_one(shelf: Shelf, tmp_path: Path) -> None:
    media = shelf.add(_clip(tmp_path / "one.mp4", _tone(400), 3, tmp_path), "video")
    shots = (SequenceShot(id="one", media=media),)
    made: list[NDArray[np.float32]] = []
    for cards in ([Card("one", 0, 72)], [Card("one", 0, 31), Card("one", 31, 41)]):
        project, plan = _film(
            shelf, cards, {"one": 72}, shots=shots, sound=SoundSettings(loudness=None)
        )
        assert mix_sound(project, plan, shelf, tmp_path / "out.wav") is not None
        made.append(_heard(tmp_path / "out.wav"))
    assert np.abs(made[0] - made[1]).max() < 1e-3


def test_bad_tracks_are_named(shelf: Shelf, tmp_path: Path) -> None:
    words = tmp_path / "words.mp3"
    words.write_bytes(b"not a sound at all" * 100)
    for name, track in {
        "words.mp3": SoundTrack(media=shelf.add(words, "sound")),
        "a.wav": SoundTrack(media=_put(shelf, tmp_path, _tone(440), 1), trim_start=3),
    }.items():
        project, plan = _film(shelf, _still(24), {}, sound=SoundSettings(tracks=(track,)))
        with pytest.raises(InvalidMedia, match=name):
            mix_sound(project, plan, shelf, tmp_path / "out.wav")
    assert not list(tmp_path.glob(".*"))


def test_cancelling_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    ref = _put(shelf, tmp_path, _tone(440), 2)
    sound = SoundSettings(tracks=(SoundTrack(media=ref, loop=True),))
    project, plan = _film(shelf, _still(24 * 600), {}, sound=sound)
    cancel = CancelToken()
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        cancel.cancel()

    with pytest.raises(Cancelled):
        mix_sound(project, plan, shelf, tmp_path / "out.wav", cancel=cancel, progress=watch)
    assert len(seen) < 5
    assert seen[0].total == 600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav", "shelf"]


def test_the_same_film_sounds_the_same_to_the_bit(shelf: Shelf, tmp_path: Path) -> None:
    ref = _put(shelf, tmp_path, _music, 3)
    words = _put(shelf, tmp_path, _speech, 2, "words.wav")
    tracks = (SoundTrack(media=ref, loop=True), SoundTrack(media=words, start=1, role="voice"))
    project, plan = _film(shelf, _still(96), {}, sound=SoundSettings(tracks=tracks))
    made = []
    for name in ("one.wav", "two.wav"):
        assert mix_sound(project, plan, shelf, tmp_path / name) is not None
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_five_minutes_at_23_976_end_with_the_picture(shelf: Shelf, tmp_path: Path) -> None:
    frames = 7193
    rate = Fraction(24000, 1001)
    last = float((frames - 1) / rate)
    ref = _put(shelf, tmp_path, _clicks(1.0), 2)
    track = SoundTrack(media=ref, start=last - 1.0)
    made = _mixed(shelf, tmp_path, frames, track, fps="23.976")
    assert abs(made.shape[1] / RATE - frames / rate) < 1 / RATE
    assert (np.flatnonzero(np.abs(made[0]) > 0.2).mean() + 0.5) / RATE == pytest.approx(
        last, abs=1e-3
    )
