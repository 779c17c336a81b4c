"""Which backend draws a shot, and how: the part of a shot that is saved. No token is ever in it."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from synth.limits import LIMITS

BackendName = Literal["geometric", "diffusers", "guided", "providers"]
BACKEND_NAMES: tuple[BackendName, ...] = get_args(BackendName)

ProviderName = Literal["auto", "fal-ai", "together", "wavespeed"]

RepoId = Annotated[
    str, Field(max_length=200, pattern=r"^([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})?$")
]
"""A model on the Hub as owner/name, or "" for the family's own."""


class BackendSettings(BaseModel):
    """Who draws a shot."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: BackendName = Field(
        default="geometric",
        description="geometric is the photo's own geometry, exact and without a GPU; diffusers is "
        "a model on this machine; guided is geometry that a model repaints; providers is a paid "
        "service on the Hub.",
    )
    family: str = Field(
        default="",
        max_length=40,
        pattern=r"^[a-z0-9.-]*$",
        description='Model family, such as "wan2.2-5b"; "" is the backend\'s default.',
    )
    model: RepoId = Field(
        default="", description="Model on the Hub in place of the family's own, owner/name."
    )
    provider: ProviderName = Field(
        default="auto", description="Which service runs it; for the providers backend."
    )
    sentence: str | None = Field(
        default=None,
        max_length=LIMITS.prompt_characters,
        description="What the model reads in place of the prompt that is compiled for it.",
    )
    negative: str | None = Field(
        default=None,
        max_length=LIMITS.prompt_characters,
        description="What the model is to avoid; left out, its makers' own advice.",
    )
    steps: int | None = Field(
        default=None, ge=1, le=200, description="Denoising steps; left out, the family's own."
    )
    guidance: float | None = Field(
        default=None, ge=0, le=30,
        description="How hard the model follows the words; left out, the family's own.",
    )  # fmt: skip
    guide_scale: float = Field(
        default=1.0, ge=0, le=2,
        description="How hard the guided backend's model follows the geometry: 0 ignores it.",
    )  # fmt: skip
    timeout: int = Field(
        default=900, ge=10, le=7200, description="Longest wait for a service, seconds."
    )
