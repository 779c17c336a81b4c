"""What every camera-path format agrees on: options, what reading finds, what writing gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from synth.camera.conventions import DEFAULT_FOCAL_LENGTH
from synth.camera.keys import MAX_FRAMES, CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidInstruction
from synth.limits import LIMITS

MAX_FILE_BYTES: Final = 20_000_000
"""Largest file that any format reads."""

DEFAULT_FPS: Final = Fraction(24)
"""Frame rate of a path whose file does not say one."""

Anchor = Literal["auto", "first", "world"]
"""Where a path that was read stands: ``first`` puts its first camera on the home camera (at
(0, 0, 10), looking along -Z), ``world`` keeps the file's own coordinates, ``auto`` is ``world``
for files that carry our mark and ``first`` for all others."""


@dataclass(frozen=True)
class ReadOptions:
    """What a person may add to a file that does not say everything."""

    scale: float | None = None
    """Scene units per file unit. None: what the file says; 1 where its units are arbitrary, and
    then ``FoundPath.scale_known`` is False."""
    fps: Fraction | None = None
    """Frames per second. None: what the file says, else 24."""
    anchor: Anchor = "auto"
    """Where the path stands; see ``Anchor``."""
    aspect: tuple[int, int] = (1280, 720)
    """Frame size (width, height) in pixels, for formats whose lens depends on one they lack."""
    focal_length: float = DEFAULT_FOCAL_LENGTH
    """Millimetres on 36 mm across the longer side, for formats without a lens."""

    def __post_init__(self) -> None:
        if self.scale is not None and not (math.isfinite(self.scale) and 0 < self.scale <= 1e6):
            raise InvalidInstruction(
                f"The scale is {self.scale}; it must be above 0 and at most 1,000,000 scene units "
                "per file unit."
            )
        if self.fps is not None:
            _check_rate(self.fps)
        if self.anchor not in ("auto", "first", "world"):
            raise InvalidInstruction(
                f"The anchor is {str(self.anchor)[:40]!r}; choose auto, first or world."
            )
        _check_frame(*self.aspect)
        if not (math.isfinite(self.focal_length) and 4.0 <= self.focal_length <= 1200.0):
            raise InvalidInstruction(
                f"The focal length is {self.focal_length} mm; it must be from 4 to 1200 mm."
            )


@dataclass(frozen=True)
class WriteOptions:
    """What a written file needs to know beyond the path; its frame rate is the path's."""

    width: int = 1280
    """Frame width, pixels."""
    height: int = 720
    """Frame height, pixels."""
    scale: float = 1.0
    """File units per scene unit. Formats with units of their own (centimetres) multiply it with
    a conversion that their module states."""
    anchor: Literal["world", "first"] = "world"
    """``world``: our coordinates; ``first``: relative to the first camera, where that matters."""
    name: str = "camera"
    """Name of the camera or path inside the file; plain text, never interpreted."""

    def __post_init__(self) -> None:
        _check_frame(self.width, self.height)
        if not (math.isfinite(self.scale) and 0 < self.scale <= 1e6):
            raise InvalidInstruction(
                f"The scale is {self.scale}; it must be above 0 and at most 1,000,000 file units "
                "per scene unit."
            )
        if self.anchor not in ("world", "first"):
            raise InvalidInstruction(
                f"The anchor is {str(self.anchor)[:40]!r}; choose world or first."
            )
        if len(self.name) > 200:
            raise InvalidInstruction(
                f"The name is {len(self.name):,} characters long; the limit is 200. Shorten it."
            )


def _check_rate(fps: Fraction) -> None:
    if not 0 < fps <= LIMITS.video_fps:
        raise InvalidInstruction(
            f"The frame rate is {float(fps):g}; it must be above 0 and at most {LIMITS.video_fps}."
        )


def _check_frame(width: int, height: int) -> None:
    for name, side in (("width", width), ("height", height)):
        if not 1 <= side <= LIMITS.image_side:
            raise InvalidInstruction(
                f"The frame's {name} is {side}; it must be from 1 to {LIMITS.image_side} pixels."
            )


@dataclass(frozen=True)
class FoundPath:
    """A camera path read from a file, in our axes and units."""

    path: CameraPath
    """The camera of every frame."""
    keys: CameraKeys | None
    """The keyframes, where the file has them."""
    format_id: str
    """``Format.id`` of the format it was read as."""
    units: str
    """One sentence: what a unit of the file is, and what it was taken for."""
    scale_known: bool
    """Whether file or options say the scale; if not, it was taken as 1 and should be asked."""
    notes: tuple[str, ...] = ()
    """What was assumed or lost, one sentence each."""


@dataclass(frozen=True)
class WrittenPath:
    """A camera path as a file of some format."""

    data: bytes
    """The whole file."""
    suffix: str
    """File name ending with its dot, such as ``.json``."""
    mime: str
    """Media type, such as ``application/json``."""
    notes: tuple[str, ...] = ()
    """What the format could not keep, one sentence each."""


Reader = Callable[[bytes, ReadOptions], FoundPath]
Writer = Callable[[CameraPath, CameraKeys | None, WriteOptions], WrittenPath]


@dataclass(frozen=True)
class Format:
    """One camera-path format and what can be done with it."""

    id: str
    """Short name in lower case, such as ``re10k``."""
    label: str
    """Name for people."""
    suffix: str
    """Usual file name ending with its dot."""
    about: str
    """One line: what it is and who reads it."""
    read: Reader | None
    """Reads a file, or None if the format is only written."""
    write: Writer | None
    """Writes a file, or None if the format is only read."""
    recognise: Callable[[bytes, str], float]
    """How surely (0 to 1) content and file name (maybe empty) are of this format. It never
    raises, and looks at little of a large file."""


__all__ = [
    "DEFAULT_FPS",
    "MAX_FILE_BYTES",
    "MAX_FRAMES",
    "Anchor",
    "Format",
    "FoundPath",
    "ReadOptions",
    "Reader",
    "WriteOptions",
    "Writer",
    "WrittenPath",
]
