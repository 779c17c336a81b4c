"""Tiny bases and a trained style, made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from synth.style.references import References
from synth.style.training import TrainedLora, TrainingSettings
from tests.style.training.films import noir_references

SMALL = {
    "family": "ltx", "rank": 8, "learning_rate": 1e-2, "steps": 40, "batch": 4,
    "resolution": 48, "frames": 9, "warmup": 5, "validate_every": 20, "preview_every": 0,
    "preview_steps": 6,
}  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A style, and what it was trained on."""

    pipe: Any
    lora: TrainedLora
    folder: Path


@pytest.fixture(scope="session")
def small() -> Callable[..., TrainingSettings]:
    """Settings for a tiny base, with changes."""
    return lambda **changes: TrainingSettings.model_validate({**SMALL, **changes})


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> References:
    """Six clips in the style."""
    return noir_references(tmp_path_factory.mktemp("references"))


@pytest.fixture(scope="session")
def trained(
    references: References,
    small: Callable[..., TrainingSettings],
    tmp_path_factory: pytest.TempPathFactory,
) -> Trained:
    """A style trained on a tiny LTX-Video."""
    from synth.style.training import train_lora
    from tests.backends.tiny import tiny_pipeline

    folder = tmp_path_factory.mktemp("trained")
    pipe = tiny_pipeline("ltx")
    lora = train_lora(references, small(), folder=folder, name="noir", base=pipe)
    return Trained(pipe, lora, folder)
