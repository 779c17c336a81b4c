"""What a finished clip is written as: the formats and the knobs of their encoders."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field

VideoFormat: TypeAlias = Literal["mp4", "webm", "gif", "prores", "png"]
"""mp4: H.264, plays everywhere. webm: VP9. gif: 256 colours. prores: 422 HQ for editing, .mov.
png: a zip of numbered pictures."""

VIDEO_FORMATS: tuple[VideoFormat, ...] = get_args(VideoFormat)

X264Preset: TypeAlias = Literal[
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
]


class EncoderSettings(BaseModel):
    """How hard the encoders try. The defaults are near-transparent and keep up with rendering."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crf: int = Field(
        default=18, ge=0, le=51, description="H.264 quality: lower is better and larger."
    )
    preset: X264Preset = Field(default="veryfast", description="H.264 effort: slower is smaller.")
    keyframe_seconds: int = Field(
        default=10, ge=1, le=20, description="Longest time between points a player can jump to."
    )
    vp9_crf: int = Field(
        default=28, ge=0, le=63, description="VP9 quality: lower is better and larger."
    )
    vp9_speed: int = Field(
        default=7, ge=0, le=8, description="VP9 speed: higher is faster and larger."
    )
    gif_colours: int = Field(default=256, ge=4, le=256, description="Colours in a GIF's palette.")
    gif_dither: Literal["bayer", "diffusion", "none"] = Field(
        default="bayer",
        description="How a GIF mixes the colours it lacks: a fixed grid, or finer and slower.",
    )
    threads: int = Field(default=0, ge=0, le=64, description="Encoder threads; 0 fits the machine.")
    repeatable: bool = Field(
        default=False,
        description="H.264: the same pictures give the same bytes every time, which takes an "
        "eighth longer on some processors. The number of threads must be given as well.",
    )


SUFFIXES: dict[VideoFormat, str] = {
    "mp4": ".mp4",
    "webm": ".webm",
    "gif": ".gif",
    "prores": ".mov",
    "png": ".zip",
}
"""The file suffix of each format."""
