from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidMedia
from synth.sequence.beats import beats_in_film, find_beats, snap
from synth.sequence.project import MOST_BEATS, MediaRef, SoundTrack

RATE = 48_000


def _save(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32000).astype("<i2").tobytes())
    return path


def _struck(times: np.ndarray, seconds: float, frequency: float, decay: float) -> np.ndarray:
    """A tone struck at each of these moments."""
    samples = np.zeros(round(seconds * RATE))
    t = np.arange(round(0.2 * RATE)) / RATE
    hit = 0.6 * np.exp(-t * decay) * np.sin(2 * np.pi * frequency * t)
    for time in times:
        at = round(time * RATE)
        part = samples[at : at + len(hit)]
        part += hit[: len(part)]
    return samples


@pytest.mark.parametrize("bpm", [90, 120, 128])
@pytest.mark.parametrize("sound", ["click", "drum", "drum in noise"])
def test_beats_are_found_within_20_ms(tmp_path: Path, bpm: float, sound: str) -> None:
    times = np.arange(0.37, 15, 60 / bpm)
    frequency, decay = (1000, 200) if sound == "click" else (70, 25)
    samples = _struck(times, 16, frequency, decay)
    if sound == "drum in noise":
        samples += 0.03 * np.random.default_rng(4).standard_normal(len(samples))
    if sound == "drum":
        t = np.arange(len(samples)) / RATE
        samples += 0.05 * np.sin(2 * np.pi * 220 * t) + 0.05 * np.sin(2 * np.pi * 330 * t)
    found = find_beats(_save(tmp_path / "a.wav", samples))
    assert found.tempo == pytest.approx(bpm, rel=0.005)
    assert found.confidence > 0.4
    # After the last one the beat is only thought on.
    misses = [np.abs(times - beat).min() for beat in found.times if beat < times[-1] + 0.1]
    assert max(misses) < 0.020
    assert f"{bpm}.0 a minute; the beat is clear" in str(found)
    assert len(found.times) >= len(times) - 3


@pytest.mark.parametrize("kind", ["silence", "noise", "tone", "swell", "rain"])
def test_where_nothing_beats_no_beat_is_found(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(2)
    t = np.arange(12 * RATE) / RATE
    samples = {
        "silence": 0 * t,
        "noise": 0.1 * rng.standard_normal(len(t)),
        "tone": 0.3 * np.sin(2 * np.pi * 220 * t),
        "swell": 0.3 * np.sin(2 * np.pi * 220 * t) * (0.6 + 0.4 * np.sin(0.9 * t)),
        "rain": _struck(np.sort(rng.uniform(0, 12, 60)), 12, 900, 200),
    }[kind]
    found = find_beats(_save(tmp_path / "a.wav", samples))
    assert found.times == ()
    assert found.tempo is None
    assert "No steady beat" in str(found)
    assert found.confidence < 0.12


def test_a_short_sound_or_none_at_all(tmp_path: Path) -> None:
    assert find_beats(_save(tmp_path / "a.wav", np.full(600, 0.1))).times == ()
    (tmp_path / "b.mp3").write_text("no sound")
    with pytest.raises(InvalidMedia):
        find_beats(tmp_path / "b.mp3")


def test_listening_can_be_watched_and_stopped(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.wav", _struck(np.arange(0, 12, 0.5), 12, 900, 200))
    cancel = CancelToken()
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if progress.done:
            cancel.cancel()

    with pytest.raises(Cancelled):
        find_beats(path, cancel=cancel, progress=watch)
    assert [one.total for one in seen] == [12, 12]


def test_beats_follow_their_track_into_the_film() -> None:
    ref = MediaRef(sha256="0" * 64, kind="sound")
    beats = (0.5, 1.0, 1.5, 2.0)
    plain = SoundTrack(media=ref, start=10, trim_start=0.75)
    assert beats_in_film(beats, plain, 2.25, 60) == (10.25, 10.75, 11.25)
    cut = SoundTrack(media=ref, start=10, trim_start=0.75, seconds=1)
    assert beats_in_film(beats, cut, 2.25, 60) == (10.25, 10.75)
    loop = SoundTrack(media=ref, start=10, trim_start=0.75, loop=True)
    assert beats_in_film(beats, loop, 2.25, 13) == (10.25, 10.75, 11.25, 11.75, 12.25, 12.75)
    assert beats_in_film((), loop, 2.25, 1e9) == ()
    # However long the film is said to be, it is no more than a project holds.
    assert len(beats_in_film(beats, loop, 2.25, 1e300)) == MOST_BEATS
    assert beats_in_film(beats, plain, 0.5, 60) == ()


@pytest.mark.parametrize(
    ("seconds", "within", "expected"),
    [
        (1.04, 0.1, 1.0),
        (1.3, 0.1, 1.3),
        (1.96, 0.1, 2.0),
        (9, 0.5, 9),
        (0.9, 0.1, 1.0),
        (3.1, 9, 3),
    ],
)
def test_snapping(seconds: float, within: float, expected: float) -> None:
    assert snap(seconds, (1.0, 2.0, 3.0), within) == expected
    assert snap(seconds, (), within) == seconds
