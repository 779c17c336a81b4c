"""The lens and film of a shot: what the renderer adds to pure geometry."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LensSettings(BaseModel):
    """Optical effects. All are off by default but motion blur, which a still camera never shows."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    shutter_angle: float = Field(
        default=180.0,
        ge=0.0,
        le=360.0,
        description="How long the shutter is open, degrees of the frame: 0 freezes, 180 is film.",
    )
    aperture: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Depth of field: 0 keeps everything sharp, 1 is a very fast lens.",
    )
    focus_distance: float | None = Field(
        default=None,
        gt=0.0,
        le=1000.0,
        description="What is sharp, scene units from the camera; empty follows the subject plane.",
    )
    vignette: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Darkening of the corners: 0 none, 1 the full falloff of a wide lens.",
    )
    grain: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Film grain: 0 none, 1 coarse high-speed stock.",
    )
