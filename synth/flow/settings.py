"""What may be asked of a retimed clip."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from synth.media.settings import VideoFormat

Mode: TypeAlias = Literal["fast", "quality", "learned"]
"""Who makes the new frames: two grades of our own flow, or a downloaded network."""

SoundPolicy: TypeAlias = Literal["keep_pitch", "varispeed", "drop"]
"""keep_pitch: stretched, voices stay as high as they were. varispeed: like tape, slower is deeper.
drop: no sound."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class SpeedKey(_Settings):
    """The speed from one moment of the source on."""

    time: float = Field(ge=0, le=36_000, description="Moment of the source, seconds.")
    speed: float = Field(
        ge=1 / 16, le=16, description="1 is as it was, 0.25 four times slower, 2 twice as fast."
    )
    ease: str = Field(default="linear", description="How the speed gets from here to the next key.")


class RetimeSettings(_Settings):
    """A whole request."""

    target_fps: str | None = Field(
        default=None,
        description="Frames a second: 60, 23.976 or 30000/1001; left out, as the source.",
    )
    speed: float = Field(
        default=1.0, ge=1 / 16, le=16, description="Speed of the whole clip; 0.25 is slow motion."
    )
    speed_curve: tuple[SpeedKey, ...] = Field(
        default=(), max_length=64, description="A speed ramp; it takes the place of speed."
    )
    mode: Mode = Field(default="quality", description="fast, quality, or a learned network.")
    duplicates: Literal["keep", "replace"] = Field(
        default="keep",
        description="What happens to repeated frames: kept, or replaced by real motion.",
    )
    shutter_angle: float = Field(
        default=0.0,
        ge=0,
        le=360,
        description="Motion blur where several source frames fall on one, degrees; 0 is none.",
    )
    sound: SoundPolicy = Field(default="keep_pitch", description="What becomes of the sound.")
    start: float = Field(
        default=0.0, ge=0, le=36_000, description="Where to begin in the source, seconds."
    )
    seconds: float | None = Field(
        default=None, gt=0, le=36_000, description="How much of the source; left out, all of it."
    )
    format: VideoFormat = Field(default="mp4", description="Kind of file that is written.")
    crf: int = Field(
        default=18, ge=0, le=51, description="H.264 quality of the new file: lower is better."
    )
