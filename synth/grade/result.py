"""A graded or repaired clip with what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from synth.media.clip_files import save_clip
from synth.media.settings import VideoFormat
from synth.media.story import story_texts


@dataclass(frozen=True)
class GradedVideo:
    """A clip on disk."""

    path: Path
    """The file."""
    width: int
    """Frame width, pixels."""
    height: int
    """Frame height, pixels."""
    frames: int
    """Number of frames."""
    fps: Fraction
    """Frames per second, exact."""
    format: VideoFormat = "mp4"
    """What it was written as."""
    what: str = "grade"
    """What was done: "grade", "match", "deflicker", "denoise" or "stabilise"."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What was asked for, as plain values."""
    found: dict[str, Any] = field(default_factory=dict)
    """What was measured on the way, as plain values."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds of each stage, and in all."""
    keeper: object | None = field(default=None, repr=False, compare=False)
    """Whatever keeps a temporary file alive; the file goes with the last result that holds it."""

    @property
    def seconds(self) -> Fraction:
        """Length of the clip, exact."""
        return self.frames / self.fps

    def save(self, path: str | Path) -> Path:
        """Copy the clip; returns where it is now.

        Raises ``InvalidInstruction`` when the folder does not exist.
        """
        return save_clip(self.path, path)

    def with_notes(self, *notes: str) -> GradedVideo:
        """The same clip with further notes in front."""
        return replace(self, notes=(*notes, *self.notes))

    def report(self) -> dict[str, Any]:
        """What was made and found, as plain values."""
        return {
            "what": self.what,
            "width": self.width,
            "height": self.height,
            "fps": str(self.fps),
            "frames": self.frames,
            "seconds": round(float(self.seconds), 3),
            "format": self.format,
            "settings": self.settings,
            "found": self.found,
            "notes": list(self.notes),
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
        }


def metadata_texts(
    what: str, settings: Mapping[str, Any], story: str | None = None
) -> dict[str, str]:
    """The texts to write into a graded or repaired file.

    Args:
        what: as in ``GradedVideo``.
        settings: what was asked for, as plain values.
        story: the project JSON inside the source, if it has one; a shot in it comes along.
    """
    schema = f"motion-synth.{what}/1"
    return story_texts({what: {"schema": schema, **settings}}, story)
