"""How a style LoRA is trained: every choice, with what published recipes agree on as defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from synth.backends.settings import RepoId

TrainedFamily = Literal[
    "wan2.2-5b", "wan2.2", "wan2.1", "wan-vace", "wan-vace-14b", "ltx", "cogvideox", "cogvideox1.5"
]
"""Families that training serves. LTX-2 is not among them: its sound and picture are one model."""

StyleName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_](?:[\w .-]{0,78}[\w-])?$", max_length=80)
]
"""A style's name, which becomes a file's: letters, digits, spaces, dots, dashes; no slashes."""


class TrainingSettings(BaseModel):
    """One training. Frozen, so that a state on disk can be held against it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    family: TrainedFamily = Field(
        default="wan2.2-5b", description="Model family that the style is for."
    )
    model: RepoId = Field(
        default="",
        description="Weights to train on, owner/name on the Hub; left out, the makers' own that "
        "draw from words alone, because what is learned there carries over to pictures.",
    )
    rank: int = Field(
        default=16, ge=1, le=256, description="Rank of the matrices: how much a style can hold."
    )
    alpha: float | None = Field(
        default=None, gt=0, le=512,
        description="Scale of the matrices before division by the rank; left out, the rank.",
    )  # fmt: skip
    learning_rate: float = Field(default=1e-4, gt=0, le=0.1, description="Step width of AdamW.")
    steps: int = Field(default=1500, ge=1, le=100_000, description="Steps of training.")
    batch: int = Field(default=1, ge=1, le=64, description="Clips looked at in one step.")
    resolution: int = Field(
        default=480, ge=32, le=1280,
        description="Side of the square whose area the clips are brought to, pixels; each keeps "
        "about its own shape.",
    )  # fmt: skip
    frames: int = Field(
        default=33, ge=1, le=161,
        description="Most frames of a piece of a clip; brought down to what the family can read.",
    )  # fmt: skip
    shift: float = Field(
        default=3.0, gt=0, le=20,
        description="Shift of the noise levels: above 1 looks more at noisy ones, where style is.",
    )  # fmt: skip
    warmup: int = Field(
        default=50, ge=0, le=10_000, description="Steps in which the learning rate rises to full."
    )
    caption_dropout: float = Field(
        default=0.1, ge=0, le=1,
        description="Share of looks without words, so that the style is learned for all of them.",
    )  # fmt: skip
    weight_decay: float = Field(default=0.01, ge=0, le=1, description="Of AdamW.")
    targets: Literal["attention", "attention and feed-forward"] = Field(
        default="attention and feed-forward", description="Layers that get matrices."
    )
    trigger: str = Field(
        default="", max_length=80, pattern=r"^[^<>:\n\r,]*$",
        description="Words that call the style; left out, its name.",
    )  # fmt: skip
    held_out: float = Field(
        default=0.2, ge=0, le=0.5, description="Share of the clips kept for validation only."
    )
    seed: int = Field(
        default=0, ge=0, le=2**31 - 1, description="Seed of noise, order and first weights."
    )
    checkpoint_every: int = Field(
        default=100, ge=1, le=10_000, description="Steps between two full states on disk."
    )
    validate_every: int = Field(
        default=100, ge=1, le=10_000, description="Steps between two points of the curve."
    )
    preview_every: int = Field(
        default=250, ge=0, le=10_000, description="Steps between two previews; 0 makes none."
    )
    preview_steps: int = Field(
        default=12, ge=1, le=100, description="Denoising steps of previews and of the last check."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where to train; auto takes the card where there is one."
    )

    @property
    def true_alpha(self) -> float:
        """The alpha that holds."""
        return float(self.rank) if self.alpha is None else self.alpha


class TrainingJob(BaseModel):
    """A training as a file, for ``python -m synth.style.training``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    references: tuple[str, ...] = Field(
        strict=False, min_length=1, max_length=100,
        description="Reference videos, or one folder that holds them.",
    )  # fmt: skip
    name: StyleName = Field(description="What the style is called, and its file.")
    output: str = Field(
        min_length=1, max_length=1000, description="The .safetensors file to be written."
    )
    folder: str = Field(
        default="", max_length=1000,
        description="Where states, previews and caches are kept; left out, beside the output.",
    )  # fmt: skip
    settings: TrainingSettings = Field(
        default_factory=TrainingSettings, description="How to train."
    )
