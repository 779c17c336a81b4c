"""Random grades, how far colours are apart, and the textbook's ways of matching them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.planes import to_rgb
from tests.bench.repairs.clips import Film

Colours = NDArray[np.floating]
_LUMA = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class RandomGrade:
    """White balance, gamma, contrast about the middle, saturation, in this order."""

    gains: NDArray[np.float64]
    gamma: float
    contrast: float
    saturation: float


def grades(rng: np.random.Generator, count: int) -> Iterator[RandomGrade]:
    """Gains within 25 %, the rest likewise."""
    for _ in range(count):
        yield RandomGrade(
            1 + rng.uniform(-0.25, 0.25, 3),
            float(np.exp(rng.uniform(-0.25, 0.25))),
            float(rng.uniform(0.8, 1.25)),
            float(rng.uniform(0.7, 1.35)),
        )


def graded(rgb: Colours, grade: RandomGrade) -> NDArray[np.float32]:
    """Encoded RGB, 1 at white, through a grade, in 8 bits."""
    out = np.clip(rgb * grade.gains, 0, 1) ** grade.gamma
    out = np.clip((out - 0.5) * grade.contrast + 0.5, 0, 1)
    grey = (out @ _LUMA)[..., None]
    out = np.clip(grey + grade.saturation * (out - grey), 0, 1)
    return (np.rint(255 * out) / 255).astype(np.float32)


def small(film: Film, number: int) -> NDArray[np.float32]:
    """A picture about 320 pixels across, encoded RGB, 1 at white."""
    rgb = to_rgb(film.frames[number], film.tags).astype(np.float32) / 255
    scale = min(1.0, 320 / max(rgb.shape[:2]))
    return np.asarray(
        cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32
    )


def difference(one: Colours, other: Colours) -> float:
    """Mean CIE 1976 colour difference of encoded RGB (n, 3)."""
    a, b = (
        cv2.cvtColor(np.clip(p, 0, 1).astype(np.float32).reshape(-1, 1, 3), cv2.COLOR_RGB2Lab)
        for p in (one, other)
    )
    return float(np.linalg.norm((a - b).reshape(-1, 3), axis=1).mean())


def reinhard(target: Colours, reference: Colours) -> Colours:
    """Means and deviations of each channel (E. Reinhard et al., 2001, in RGB)."""
    scale = reference.std(axis=0) / np.maximum(target.std(axis=0), 1e-4)
    return (target - target.mean(axis=0)) * scale + reference.mean(axis=0)


def linear_map(target: Colours, reference: Colours) -> Colours:
    """The linear Monge-Kantorovich map in RGB (F. Pitie and A. Kokaram, 2007)."""
    floor = 1e-6 * np.eye(3)
    a, b = (np.cov(x.T.astype(np.float64)) + floor for x in (target, reference))
    root, inverse = _power(a, 0.5), _power(a, -0.5)
    move = inverse @ _power(root @ b @ root, 0.5) @ inverse
    return (target - target.mean(axis=0)) @ move.T + reference.mean(axis=0)


def _power(matrix: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-9) ** exponent) @ vectors.T
