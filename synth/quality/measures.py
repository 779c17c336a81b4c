"""One figure for each defect: what scores, gates and the benchmark are made from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Final, TypeGuard

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.quality.drift import colour_drift
from synth.quality.frame_looks import black, letterbox
from synth.quality.layers import ghosts, tearing, trails
from synth.quality.light import flicker, local_flicker
from synth.quality.model import Defect
from synth.quality.pacing import drops, duplicates, frozen, judder
from synth.quality.reading import Reading
from synth.quality.scan import signals_of
from synth.quality.signals import Signals
from synth.quality.steadiness import jitter
from synth.quality.still_looks import banding, blocking, blur, clipping, noise

_LATEST: Final = 36_000.0
"""Seconds of a start or a length that make sense."""

DETECTORS: Final[Mapping[Defect, Callable[[Signals], Reading]]] = MappingProxyType(
    {
        "blur": blur,
        "noise": noise,
        "blocking": blocking,
        "banding": banding,
        "clipping": clipping,
        "flicker": flicker,
        "local_flicker": local_flicker,
        "colour_drift": colour_drift,
        "jitter": jitter,
        "judder": judder,
        "duplicates": duplicates,
        "drops": drops,
        "ghosts": ghosts,
        "trails": trails,
        "tearing": tearing,
        "frozen": frozen,
        "black": black,
        "letterbox": letterbox,
    }
)
"""The detectors, by what they find."""


@dataclass(frozen=True)
class Measures:
    """The statistic of every defect; larger is worse, 0 where nothing can be said."""

    blur: float
    """Logarithm of coarse over fine detail; sharp footage lies around 0 to 1."""
    noise: float
    """Standard deviation, 8-bit codes."""
    blocking: float
    """Steps between coding blocks over steps inside; 1 is none."""
    banding: float
    """Share of the picture, 0 to 1."""
    clipping: float
    """Share of the picture, 0 to 1."""
    flicker: float
    """Deviation of the exposure in the worst second, per cent."""
    local_flicker: float
    """The same in parts of the picture, per cent."""
    colour_drift: float
    """Range within a shot, 8-bit codes."""
    jitter: float
    """Deviation of the camera's path, pixels at 720 lines."""
    judder: float
    """Unevenness of the steps, as a share of one."""
    duplicates: float
    """Share of frames, 0 to 1."""
    drops: float
    """Share of frames, 0 to 1."""
    ghosts: float
    """Share of frames, 0 to 1."""
    trails: float
    """Share of the frame before that stays, 0 to 1."""
    tearing: float
    """Share of frames, 0 to 1."""
    frozen: float
    """Share of the worst 2.5 seconds, 0 to 1."""
    black: float
    """Share of the worst 2.5 seconds, 0 to 1."""
    letterbox: float
    """Share of the worst 2.5 seconds, wide bars in full, 0 to 1."""

    @classmethod
    def of(cls, readings: Mapping[Defect, Reading]) -> Measures:
        """The statistics of some readings."""
        return cls(**{name: reading.statistic for name, reading in readings.items()})

    def to_dict(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


def check_part(start: object, seconds: object) -> None:
    """Raise ``InvalidInstruction`` for a part of a clip that makes no sense; both in seconds."""
    if not (_number(start) and 0.0 <= start <= _LATEST):
        raise InvalidInstruction(
            f"The start is {start!r:.40} s; it must be 0 or later, at most {_LATEST:.0f}."
        )
    if seconds is not None and not (_number(seconds) and 0.0 < seconds <= _LATEST):
        raise InvalidInstruction(
            f"The length is {seconds!r:.40} s; it must be above 0, at most {_LATEST:.0f}. "
            "Leave it out for the whole clip."
        )


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def readings_of(signals: Signals) -> dict[Defect, Reading]:
    """Every detector's reading; some hundredths of a second for a clip of some seconds."""
    return {name: detector(signals) for name, detector in DETECTORS.items()}


def measures_of(signals: Signals) -> Measures:
    """One figure for each defect."""
    return Measures.of(readings_of(signals))


def measure(
    path: str | os.PathLike[str],
    *,
    start: float = 0.0,
    seconds: float | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Measures:
    """One figure for each defect of a video. Raises as ``evaluate_video``
    does."""
    check_part(start, seconds)
    found = signals_of(path, start=start, seconds=seconds, cancel=cancel, progress=progress)
    return measures_of(found)
