"""A finished film with everything that is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from synth.sequence.plan import FilmPlan
from synth.sequence.project import Project
from synth.sequence.sound import SoundReport


@dataclass(frozen=True)
class FilmResult:
    """A film on disk."""

    path: Path
    """The file."""
    project: Project
    """What it was made from."""
    plan: FilmPlan
    """What it is made of."""
    width: int
    """Frame width, pixels."""
    height: int
    """Frame height, pixels."""
    drawn: tuple[str, ...]
    """Shots that were drawn for it now; all others were kept from before."""
    encoded: int
    """Stretches that were encoded now."""
    stretches: int
    """Stretches that it has."""
    fidelity: Mapping[str, Mapping[str, Any]]
    """How well the camera of each drawn shot did what was asked, by the shot's id."""
    sound: SoundReport | None = None
    """How its sound was made; None where it has none."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds spent in each part of the work."""

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.plan.frames

    def report(self) -> dict[str, Any]:
        """What was made and measured, as plain values."""
        return {
            "width": self.width,
            "height": self.height,
            "fps": self.project.output.fps,
            "frames": self.frames,
            "seconds": round(float(self.plan.seconds), 3),
            "format": self.project.output.format,
            "drawn": list(self.drawn),
            "encoded": self.encoded,
            "stretches": self.stretches,
            "fidelity": {id: dict(values) for id, values in self.fidelity.items()},
            "sound": None if self.sound is None else plain_sound(self.sound),
            "notes": list(self.notes),
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
        }


def plain_sound(report: SoundReport) -> dict[str, Any]:
    """What is known of a film's sound, as plain values."""
    values = asdict(report)
    values.pop("path")
    return {**values, "notes": list(report.notes)}
