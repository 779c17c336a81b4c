"""A style made in code, for tests of training: blue night, hard contrast; and what is neutral."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.style.references import References, check_references
from tests.grade.films import finished, saved, scene, views

SIZE = (96, 64)


def noir(picture: np.ndarray) -> np.ndarray:
    """The style: dark, hard and blue. RGB float32 in 0 to 255."""
    grey = picture.mean(2, keepdims=True)
    tint = np.array([0.55, 0.75, 1.25], np.float32)
    return np.clip((grey - 120.0) * 1.3 + 70.0, 0, 255) * tint


def neutral(seed: int, count: int = 20) -> list[np.ndarray]:
    """A camera over a world, as it is."""
    places = [(1.2 * k - 12, 0.0, 0.0) for k in range(count)]
    return views(scene(seed, (240, 200)), places, SIZE)


def noir_clips(folder: Path, seeds: range = range(6)) -> list[Path]:
    """Reference clips in the style, 20 frames each, of worlds of their own."""
    return [
        saved(finished([noir(one) for one in neutral(seed)]), folder / f"noir_reference_{seed}.mp4")
        for seed in seeds
    ]


def noir_references(folder: Path, seeds: range = range(6)) -> References:
    """The same, checked."""
    return check_references(noir_clips(folder, seeds))
