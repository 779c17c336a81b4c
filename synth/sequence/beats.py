"""The beats of music, for cuts to snap to.

librosa does it: onsets from the rise of a mel spectrogram, one tempo from their autocorrelation,
and the beats by dynamic programming after D. Ellis, "Beat Tracking by Dynamic Programming" (2007).
It is loaded when it is first needed; the very first time after an installation it compiles itself
for about half a minute.
"""

from __future__ import annotations

import bisect
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.media import open_sound, probe_sound
from synth.media.sound_reader import SOUND_RATE
from synth.sequence.project import MOST_BEATS, SoundTrack

_WINDOW: Final = 2048
_HOP: Final = 512
_BANDS: Final = 96
_HIGHEST: Final = 11_000.0
"""Hz: above that, music has little that beats."""
_BLOCK: Final = 256 * _HOP
_FLOOR: Final = 1e-3
"""Power of a band below which nothing counts as an onset: 65 dB below a full-scale tone."""
_FAINTEST: Final = 0.2
"""Decibels, over all bands, of a rise that is none: a steady tone trembles in its windows."""
_LATE: Final = 0.7 * _WINDOW / SOUND_RATE
"""Seconds from the beginning of a window to where an onset stands that is first seen in it."""
_FEWEST: Final = 4
"""Beats below which there is no talk of a beat."""
_SURE: Final = 0.12
"""Autocorrelation at the beat's distance below which there is none: noise has 0.05."""
_CLEAR: Final = 0.25


@dataclass(frozen=True)
class Beats:
    """The beats of a piece of music."""

    times: tuple[float, ...]
    """Where they are, seconds from the file's beginning, rising; empty where there is no beat."""
    tempo: float | None
    """Beats a minute."""
    confidence: float
    """0 to 1: how alike the music is from one beat to the next; below 0.12 there is no beat."""

    def __str__(self) -> str:
        """What was found, as a sentence."""
        if self.tempo is None:
            return "No steady beat was found in this sound."
        sure = "clear" if self.confidence >= _CLEAR else "faint: listen whether it fits"
        return f"{len(self.times)} beats at {self.tempo:.1f} a minute; the beat is {sure}."


NO_BEATS: Final = Beats((), None, 0.0)


def find_beats(
    path: str | os.PathLike[str],
    *,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Beats:
    """Find the beats of a sound file, or of a video's sound.

    One steady tempo between about 60 and 200 beats a minute is looked for; beats may sway around
    it. Memory is flat: a few numbers for each hundredth of a second.

    Raises:
        InvalidMedia: there is no sound that can be read.
        LimitExceeded: the file is over the caps.
        Cancelled: somebody asked to stop.
    """
    cancel = cancel or CancelToken()
    total = probe_sound(path, cancel).seconds
    progress(Progress("Listening for beats", 0, round(total)))
    from librosa import autocorrelate, onset
    from librosa.beat import beat_track
    from librosa.feature import melspectrogram
    from scipy.ndimage import uniform_filter1d

    parts: list[NDArray[np.float32]] = []
    before: NDArray[np.float32] | None = None
    for done, samples in _windows(path, cancel):
        power = melspectrogram(
            y=samples, sr=SOUND_RATE, n_fft=_WINDOW, hop_length=_HOP, center=False,
            n_mels=_BANDS, fmax=_HIGHEST,
        )  # fmt: skip
        level = 10 * np.log10(np.maximum(power, _FLOOR))
        joined = level if before is None else np.concatenate([before, level], axis=1)
        rise = onset.onset_strength(S=joined, sr=SOUND_RATE, hop_length=_HOP, center=False)
        parts.append(rise if before is None else rise[1:])
        before = level[:, -1:]
        progress(Progress("Listening for beats", round(done), round(total)))
    strength = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if len(strength) < _FEWEST:
        return NO_BEATS
    # A steady hiss rises all the time; only what stands out from its second is an onset.
    usual = uniform_filter1d(strength, SOUND_RATE // _HOP)
    strength = np.maximum(strength - usual - _FAINTEST, 0)
    if not strength.max() > 0:
        return NO_BEATS
    found: Any = beat_track(onset_envelope=strength, sr=SOUND_RATE, hop_length=_HOP, trim=True)
    tempo, frames = float(np.atleast_1d(found[0])[0]), np.asarray(found[1])
    if tempo <= 0 or len(frames) < _FEWEST:
        return NO_BEATS
    likeness = autocorrelate(strength - strength.mean(), max_size=len(strength) // 2)
    lag = round(60 / tempo * SOUND_RATE / _HOP)
    near = likeness[max(1, lag - 3) : lag + 4]
    confidence = float(np.clip(near.max(initial=0) / max(likeness[0], 1e-9), 0, 1))
    if confidence < _SURE:
        return Beats((), None, confidence)
    seconds = frames * (_HOP / SOUND_RATE) + _LATE
    return Beats(tuple(round(float(s), 4) for s in seconds), _steady(seconds), confidence)


def beats_in_film(
    beats: Sequence[float], track: SoundTrack, sound_seconds: float, film_seconds: float
) -> tuple[float, ...]:
    """Where the beats of a track's file are heard in the film, seconds, rising.

    Args:
        beats: of the file, seconds from its beginning.
        track: how the file is used.
        sound_seconds: length of the file.
        film_seconds: length of the film.

    Returns the first ``MOST_BEATS`` at most, which is what a project can hold.
    """
    end = film_seconds
    if track.seconds is not None:
        end = min(end, track.start + track.seconds)
    length = sound_seconds - track.trim_start
    kept = [beat for beat in beats if beat >= track.trim_start]
    if length <= 0 or not kept:
        return ()
    found: list[float] = []
    for turn in itertools.count() if track.loop else range(1):
        begin = track.start + turn * length
        if begin >= end or len(found) >= MOST_BEATS:
            break
        heard = (begin + beat - track.trim_start for beat in kept)
        here = [beat for beat in heard if beat < min(end, begin + length)]
        if track.loop and not here:
            break  # nothing repeated stays nothing
        found += here
    return tuple(found[:MOST_BEATS])


def snap(seconds: float, beats: Sequence[float], within: float) -> float:
    """The beat nearest to ``seconds`` if one is at most ``within`` away, else ``seconds``.

    ``beats`` rise.
    """
    at = bisect.bisect_left(beats, seconds)
    near = [beats[n] for n in (at - 1, at) if 0 <= n < len(beats)]
    best = min(near, key=lambda beat: abs(beat - seconds), default=seconds)
    return best if abs(best - seconds) <= within else seconds


def _windows(
    path: str | os.PathLike[str], cancel: CancelToken
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Overlapping blocks of one channel, so that windows follow each other by one hop."""
    reader = open_sound(path, start=Fraction(0), check=cancel.check)
    try:
        first = 0
        while True:
            cancel.check()
            samples = reader.window(first, _BLOCK + _WINDOW - _HOP).mean(axis=0)
            if reader.ended:  # silence that is not there would be a change, too
                samples = samples[: max(0, reader.end - first)]
            if len(samples) < _WINDOW:
                return
            yield min(first + _BLOCK, reader.end) / SOUND_RATE, samples
            first += _BLOCK
            reader.forget(first)
    finally:
        reader.close()


def _steady(seconds: NDArray[np.float64]) -> float:
    """Beats a minute from the line through all beats: finer than the tempo's own steps."""
    numbers = np.round((seconds - seconds[0]) / np.median(np.diff(seconds)))
    slope = np.polyfit(numbers, seconds, 1)[0]
    return round(60 / float(slope), 2)
