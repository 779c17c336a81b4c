"""Sounds for the tests of the Sequence tab, made in code."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

RATE = 48_000


def write_clicks(path: Path, seconds: float, bpm: float) -> Path:
    """A click track: short bursts that fade, on a quiet tone; 16-bit stereo WAV."""
    times = np.arange(int(seconds * RATE)) / RATE
    since = times % (60.0 / bpm)
    sound = 0.6 * np.exp(-since * 60.0) * np.sin(2 * np.pi * 1000.0 * since)
    sound += 0.02 * np.sin(2 * np.pi * 220.0 * times)
    samples = np.round(np.column_stack([sound, sound]) * 32000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path
