"""A retimed clip with everything that is known about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.flow.model import Join
from synth.flow.rates import rate_name
from synth.flow.settings import RetimeSettings
from synth.media.clip_files import save_clip
from synth.media.story import story_texts

SCHEMA: Final = "motion-synth.retime/1"
"""Name and version of what a retimed file says about how it was made."""

_WORST: Final = 5


@dataclass(frozen=True)
class Seam:
    """A place in the source that no new picture bridges."""

    join: Join
    """What it is: "cut", "fade" or "flash"."""
    begin: float
    """Time of the last picture before it, seconds of the source."""
    end: float
    """Time of the first picture after it, seconds of the source."""
    shown: float
    """When its middle is on screen in the new clip, seconds."""


@dataclass(frozen=True)
class Tally:
    """What was found in the source, and what the new frames are."""

    pictures: int = 0
    """Source pictures in the wanted part."""
    cuts: int = 0
    """Hard cuts."""
    fades: int = 0
    """Fades and dissolves, each counted once."""
    flashes: int = 0
    """Bursts of light, each counted once."""
    repeats: int = 0
    """Source pictures that repeat the one before them and were kept."""
    replaced: int = 0
    """Repeated source pictures that gave way to real motion."""
    evened: int = 0
    """Source pictures in a regular cadence, as film has in video, that were put at even times."""
    rhythm: str = ""
    """That cadence: for how many pictures each one stood, in turn; "2:3"."""
    untouched: int = 0
    """New frames that are source pictures at their own moments, bit for bit."""
    held: int = 0
    """New frames that are the nearest source picture, bit for bit, because none can be made."""
    new: int = 0
    """New frames that were made."""


@dataclass(frozen=True)
class RetimedVideo:
    """A clip on disk."""

    path: Path
    """The file."""
    settings: RetimeSettings
    """The request it was made from."""
    width: int
    """Frame width, pixels."""
    height: int
    """Frame height, pixels."""
    frames: int
    """Number of frames."""
    rate: Fraction
    """Frames per second, exact."""
    source_rate: Fraction
    """Frames per second of the source; the average where it varies."""
    tally: Tally = field(default_factory=Tally)
    """What was found and made, in numbers."""
    seams: tuple[Seam, ...] = ()
    """Cuts, fades and flashes in the order of time."""
    doubts: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros(0, np.float32), repr=False, compare=False
    )
    """Share of each frame that could not be trusted, (frames,), 0 to 1; 0 for source pictures."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds spent waiting for new pictures, handing them to the encoder, and in all."""
    keeper: object | None = field(default=None, repr=False, compare=False)
    """Whatever keeps a temporary file alive; the file goes with the last result that holds it."""

    @property
    def seconds(self) -> Fraction:
        """Length of the clip, exact."""
        return self.frames / self.rate

    @property
    def metadata(self) -> dict[str, Any]:
        """What the file says about how it was made; a project that came along is left out."""
        return {"retime": made_by(self.settings, self.source_rate)}

    def save(self, path: str | Path) -> Path:
        """Copy the clip; returns where it is now.

        Raises ``InvalidInstruction`` when the folder does not exist.
        """
        return save_clip(self.path, path)

    def with_notes(self, *notes: str) -> RetimedVideo:
        """The same clip with further notes in front."""
        return replace(self, notes=(*notes, *self.notes))

    def worst(self, count: int = _WORST) -> list[tuple[float, float]]:
        """The most doubtful moments, worst first: (seconds on screen, doubt).

        At most one per half second, so that they are places to look at and not neighbours.
        """
        found: list[tuple[float, float]] = []
        for index in np.argsort(-self.doubts, kind="stable"):
            doubt = float(self.doubts[index])
            if len(found) >= count or doubt <= 0.0:
                break
            moment = float(int(index) / self.rate)
            if all(abs(moment - other) >= 0.5 for other, _ in found):
                found.append((moment, doubt))
        return found

    def report(self) -> dict[str, Any]:
        """What was made and found, as plain values."""
        return {
            "width": self.width,
            "height": self.height,
            "fps": rate_name(self.rate),
            "frames": self.frames,
            "seconds": round(float(self.seconds), 3),
            "source_fps": rate_name(self.source_rate),
            "format": self.settings.format,
            **asdict(self.tally),
            "doubt": round(float(self.doubts.mean()), 4) if len(self.doubts) else 0.0,
            "worst": [
                {"seconds": round(moment, 3), "doubt": round(doubt, 3)}
                for moment, doubt in self.worst()
            ],
            "seams": [{"join": seam.join, "seconds": round(seam.shown, 3)} for seam in self.seams],
            "notes": list(self.notes),
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
        }


def made_by(settings: RetimeSettings, source_rate: Fraction) -> dict[str, Any]:
    """How a retimed file was made, as plain values."""
    return {"schema": SCHEMA, **settings.to_dict(), "source_fps": str(source_rate)}


def metadata_texts(
    settings: RetimeSettings, source_rate: Fraction, story: str | None = None
) -> dict[str, str]:
    """The texts to write into a retimed file.

    Args:
        settings: the request.
        source_rate: frames per second of the source.
        story: the project JSON inside the source, if it has one; a shot in it comes along.
    """
    return story_texts({"retime": made_by(settings, source_rate)}, story)
