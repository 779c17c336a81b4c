"""Styles trained on tiny models: does the validation loss fall, and do neutral photos follow?

Real architectures with random weights: it shows that what is trained is learned and obeyed, not how
a picture looks.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FAMILIES = ("ltx", "cogvideox1.5", "wan2.1", "wan2.2", "wan2.2-5b")
SEEDS = (0, 1, 2)
WORLDS = range(4)


@dataclass(frozen=True)
class Row:
    """One family, over all seeds."""

    family: str
    steps: int
    falls: tuple[float, ...]
    """By what share the validation loss fell."""
    nearer: tuple[float, ...]
    """By what share photos that nobody trained on came nearer to the style, 0 to 1."""
    moved: tuple[float, ...]
    """What training itself said of the effect."""
    seconds: float
    """Of one training, the mean."""


def measure(steps: int = 150) -> Iterator[Row]:
    """Train every family with every seed, on six clips of 20 frames."""
    from synth.style.training import TrainingSettings, train_lora
    from synth.style.training.check import style_numbers
    from synth.style.training.loading import base_of, trained_family
    from tests.backends.tiny import tiny_pipeline
    from tests.style.training.conftest import SMALL
    from tests.style.training.drawing import drawn, style_of
    from tests.style.training.films import noir_references

    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        references = noir_references(Path(place))
        for family in FAMILIES:
            made: list[tuple[float, float, float, float]] = []
            for seed in SEEDS:
                pipe = tiny_pipeline(family, seed=seed)
                settings = TrainingSettings.model_validate(
                    {**SMALL, "family": family, "rank": 16, "steps": steps, "seed": seed}
                )
                lora = train_lora(
                    references, settings, folder=Path(place) / f"{family}-{seed}", base=pipe
                )
                wanted = style_of(base_of(pipe, trained_family(family)), WORLDS)
                away = [
                    np.linalg.norm(style_numbers([one[None] for one in clips]) - wanted)
                    for strength in (0.0, 1.0)
                    for clips in [drawn(pipe, family, lora.path, strength, worlds=WORLDS)]
                ]
                nearer = 1.0 - float(away[1] / away[0])
                made.append((lora.fall, nearer, lora.effect.moved, lora.seconds))
            falls, nearer_, moved, seconds = zip(*made, strict=True)
            yield Row(family, steps, falls, nearer_, moved, float(np.mean(seconds)))


def main() -> None:
    """Print the table."""
    print("| base (tiny) | steps | loss falls by | photos come nearer by | effect said | seconds |")
    print("|---|---|---|---|---|---|")
    for row in measure():
        shares = " | ".join(
            ", ".join(f"{100 * one:.0f} %" for one in three)
            for three in (row.falls, row.nearer, row.moved)
        )
        print(f"| {row.family} | {row.steps} | {shares} | {row.seconds:.1f} |")


if __name__ == "__main__":
    main()
