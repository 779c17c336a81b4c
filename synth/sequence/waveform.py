"""The waveform of a sound for the timeline: how far it swings in each column of pixels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final

from synth.control import CancelToken
from synth.errors import InvalidInstruction
from synth.media import probe_sound
from synth.media.sound_peaks import sound_peaks

MOST_COLUMNS: Final = 8000


@dataclass(frozen=True)
class Waveform:
    """A part of a sound as columns. Full scale is 1."""

    start: float
    """Where it begins in the file, seconds."""
    end: float
    """Where it ends, seconds."""
    seconds: float
    """Length of the whole sound."""
    low: tuple[float, ...]
    """Lowest sample of each column, -1 to 0."""
    high: tuple[float, ...]
    """Highest sample of each column, 0 to 1."""

    @property
    def peaks(self) -> tuple[float, ...]:
        """How far each column swings to either side, 0 to 1."""
        return tuple(max(-one, two) for one, two in zip(self.low, self.high, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: about 14 bytes for a column."""
        return {
            "start": self.start,
            "end": self.end,
            "seconds": self.seconds,
            "low": list(self.low),
            "high": list(self.high),
        }


def waveform(
    path: str | os.PathLike[str],
    columns: int,
    start: float = 0.0,
    end: float | None = None,
    *,
    cancel: CancelToken | None = None,
) -> Waveform:
    """Look at a sound file, or a video's sound, from ``start`` to ``end`` seconds.

    What lies beyond the sound is flat. The file is read once, in flat memory.

    Raises:
        InvalidInstruction: ``columns`` is not 1 to 8000, or the end is not after the start.
        InvalidMedia: there is no sound that can be read.
        LimitExceeded: the file is over the caps.
        Cancelled: somebody asked to stop.
    """
    if not 1 <= columns <= MOST_COLUMNS:
        raise InvalidInstruction(f"A waveform has 1 to {MOST_COLUMNS} columns, not {columns}.")
    cancel = cancel or CancelToken()
    seconds = probe_sound(path, cancel).seconds
    until = seconds if end is None else end
    if not 0 <= start < until:
        raise InvalidInstruction(
            f"A waveform from {start:g} s to {until:g} s has no length. Choose a later end."
        )
    low, high = sound_peaks(path, start, until, columns, check=cancel.check)
    return Waveform(
        start=start,
        end=until,
        seconds=seconds,
        low=tuple(round(float(value), 3) for value in low),
        high=tuple(round(float(value), 3) for value in high),
    )
