"""A finished clip with everything that is known about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from synth.camera.fidelity import CameraFidelity
from synth.errors import InvalidInstruction
from synth.json_text import read_json
from synth.media import SUFFIXES, read_metadata
from synth.media.clip_files import save_clip
from synth.media.story import METADATA_KEY
from synth.shot.model import Shot


@dataclass(frozen=True)
class VideoResult:
    """A clip on disk."""

    path: Path
    """The file."""
    shot: Shot
    """The instructions it was made from."""
    width: int
    """Frame width, pixels."""
    height: int
    """Frame height, pixels."""
    frames: int
    """Number of frames."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""
    fidelity: CameraFidelity | None = None
    """How well the file's camera did what was asked; None where it was not measured."""
    made_by: dict[str, str] = field(default_factory=dict)
    """Who drew it, as the file says it: backend, model, sentence, seed, styles."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds spent in each stage."""
    keeper: object | None = field(default=None, repr=False, compare=False)
    """Whatever keeps a temporary file alive; the file goes with the last result that holds it."""

    @property
    def metadata(self) -> dict[str, Any]:
        """The project JSON as it stands in the file."""
        return clip_metadata(self.shot, self.fidelity, self.made_by)

    def save(self, path: str | Path) -> Path:
        """Copy the clip; returns where it is now.

        Raises ``InvalidInstruction`` when the folder does not exist.
        """
        return save_clip(self.path, path)

    def with_notes(self, *notes: str) -> VideoResult:
        """The same clip with further notes in front."""
        return replace(self, notes=(*notes, *self.notes))

    def report(self) -> dict[str, Any]:
        """What was made and measured, as plain values."""
        output = self.shot.output
        return {
            "width": self.width,
            "height": self.height,
            "fps": output.fps,
            "frames": self.frames,
            "seconds": round(float(self.frames / output.rate), 3),
            "format": output.format,
            "notes": list(self.notes),
            "fidelity": self.fidelity.to_dict() if self.fidelity else None,
            "made_by": dict(self.made_by),
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
        }


def clip_metadata(
    shot: Shot, fidelity: CameraFidelity | None, made_by: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The project JSON that rides in a file."""
    values: dict[str, Any] = {"shot": shot.to_dict()}
    if fidelity is not None:
        values["fidelity"] = fidelity.to_dict()
    if made_by:
        values["made_by"] = dict(made_by)
    return values


def metadata_texts(
    shot: Shot,
    fidelity: CameraFidelity | None = None,
    *,
    made_by: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The texts to write into a file."""
    values = clip_metadata(shot, fidelity, made_by)
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return {"comment": "Made with Motion Synth", METADATA_KEY: text}


_WORKS: Final = frozenset(
    {"retime", "grade", "match", "deflicker", "denoise", "stabilise", "project"}
)
"""What may have been done here to a video from elsewhere, as its file names it; a film of several
shots is none either."""


def shot_from_video(path: str | Path) -> Shot | None:
    """The instructions inside a file made here; None for any other readable video.

    Raises ``InvalidMedia`` for a file that is no video, and ``InvalidInstruction`` when it holds a
    project that this version cannot read.
    """
    text = read_metadata(path).get(METADATA_KEY)
    if text is None:
        return None
    values = read_json(text)
    shot = values.get("shot") if isinstance(values, dict) else None
    if shot is None and isinstance(values, dict) and _WORKS & values.keys():
        return None  # A video from elsewhere that was only worked on here.
    if not isinstance(shot, dict):
        raise InvalidInstruction("The project inside this video is damaged: it holds no shot.")
    return Shot.from_dict(shot)


def suffix(shot: Shot) -> str:
    """The file suffix that fits the shot's format."""
    return SUFFIXES[shot.output.format]
