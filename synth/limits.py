"""Every cap of the product in one frozen object, read from the environment once."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

_PREFIX = "SYNTH_"


@dataclass(frozen=True)
class Limits:
    """Upper bounds on what one request may cost. Override any with ``SYNTH_<NAME>=number``."""

    image_pixels: int = 40_000_000
    """Most pixels of a source picture, checked before it is decoded."""
    image_side: int = 16_384
    """Longest side of a source picture, pixels."""
    image_bytes: int = 200_000_000
    """Largest picture file, bytes."""
    video_bytes: int = 500_000_000
    """Largest video file, bytes."""
    video_pixels: int = 8_300_000
    """Most pixels of one video frame (4K is 8.3 megapixels)."""
    video_frames: int = 36_000
    """Most frames read from a video, counted while decoding."""
    video_fps: int = 120
    """Highest frame rate read or written, frames per second."""
    bundle_bytes: int = 2_000_000_000
    """Most bytes of a project's bundle, packed or unpacked."""
    style_bytes: int = 2_000_000_000
    """Largest file of a style, bytes."""
    styles: int = 200
    """Most styles in one library."""
    output_pixels: int = 8_300_000
    """Most pixels of one rendered frame."""
    output_side: int = 4_096
    """Longest side of a rendered frame, pixels."""
    sound_seconds: int = 14_400
    """Longest sound file, seconds."""
    clip_seconds: int = 60
    """Longest single shot, seconds."""
    json_bytes: int = 1_000_000
    """Largest JSON text accepted, bytes."""
    json_depth: int = 16
    """Deepest nesting of JSON accepted."""
    prompt_characters: int = 2_000
    """Longest sentence read by the phrase parser."""
    scene_cache_entries: int = 4
    """Scenes kept in memory for re-use, per process."""
    kept_bytes: int = 4_000_000_000
    """Most bytes of drawn shots, and of encoded stretches, that are kept for one project beyond
    what it needs now."""
    free_disk_bytes: int = 200_000_000
    """Free space that must remain on disk before a job starts, bytes."""

    @classmethod
    def from_environment(cls) -> Limits:
        """Read the caps, taking ``SYNTH_IMAGE_PIXELS`` and the like over the defaults.

        Raises ``ValueError`` for a value that is not a positive whole number.
        """
        values: dict[str, int] = {}
        for field in fields(cls):
            name = _PREFIX + field.name.upper()
            text = os.environ.get(name)
            if text is None:
                continue
            if not text.strip().isdecimal() or int(text) < 1:
                raise ValueError(f"{name} must be a positive whole number, not {text!r}.")
            values[field.name] = int(text)
        return cls(**values)


LIMITS = Limits.from_environment()
