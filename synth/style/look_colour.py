"""What the colours of clips have in common, in numbers that say little of what the clips show.

Colours are compared in OKLab (B. Ottosson, "A perceptual color space for image processing", 2020),
in which brightness and colour are nearly independent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]

QUANTILES: Final = np.array([0.01, 0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99])
"""Shares of a clip's pixels that are darker than the brightness that is noted."""

LEVELS: Final = np.linspace(0.05, 0.95, 7)
"""Brightnesses at which the cast is noted."""

_NEAR: Final = 0.09
_GREY: Final = 0.02
"""Chroma of what is nearly grey: it tells more of a cast than what is coloured itself."""

_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True, eq=False)
class Colours:
    """Colours of some clips, a row for each."""

    quantiles: Values
    """Brightness at ``QUANTILES``, (k, 9)."""
    casts: Values
    """Mean a and b of what is nearly grey at ``LEVELS``, (k, 7, 2)."""
    weights: Values
    """How much of the clip has those brightnesses, (k, 7)."""
    spread: Values
    """Root mean square distance of a and b from the cast, (k,)."""

    def __len__(self) -> int:
        return len(self.spread)

    def rows(self) -> Values:
        """All as one table, (k, 31)."""
        return np.hstack(
            [self.quantiles, self.casts.reshape(len(self), 14), self.weights, self.spread[:, None]]
        )

    @classmethod
    def from_rows(cls, rows: Values) -> Colours:
        """Inverse of ``rows``."""
        return cls(rows[:, :9], rows[:, 9:23].reshape(-1, 7, 2), rows[:, 23:30], rows[:, 30])


def to_oklab(rgb: Values) -> Values:
    """Encoded sRGB (..., 3), 1 at white, as OKLab (..., 3): L from 0 to 1, a and b about grey."""
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4)
    return np.cbrt(light @ _LMS.T) @ _LAB.T


def to_rgb(lab: Values) -> Values:
    """OKLab (..., 3) as encoded sRGB (..., 3), held within 0 to 1."""
    light = (lab @ np.linalg.inv(_LAB).T) ** 3 @ np.linalg.inv(_LMS).T
    curved = 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055
    return np.clip(np.where(light <= 0.0031308, 12.92 * light, curved), 0, 1)


def colours_of(
    clips: Sequence[Values], inverse: Callable[[Values], Values] | None = None
) -> Colours:
    """What is noted of clips.

    Args:
        clips: OKLab colours (n, 3) of each clip, n of at least some hundreds.
        inverse: brightness before the style for brightness after it; casts are noted by the
            former. As it is, if left out.
    """
    quantiles, casts, weights, spreads = [], [], [], []
    for lab in clips:
        level = lab[:, 0] if inverse is None else inverse(lab[:, 0])
        near = np.exp(-0.5 * ((level[:, None] - LEVELS) / _NEAR) ** 2)
        chroma = np.hypot(lab[:, 1], lab[:, 2])
        grey = near * (_GREY / (_GREY + chroma))[:, None]
        cast = grey.T @ lab[:, 1:] / np.maximum(grey.sum(axis=0), 1e-6)[:, None]
        usual = np.stack([np.interp(level, LEVELS, cast[:, k]) for k in (0, 1)], axis=1)
        quantiles.append(np.quantile(lab[:, 0], QUANTILES))
        casts.append(cast)
        weights.append(near.sum(axis=0) / len(lab))
        spreads.append(np.sqrt(np.mean((lab[:, 1:] - usual) ** 2)))
    return Colours(np.array(quantiles), np.array(casts), np.array(weights), np.array(spreads))


def some_colours(
    pictures: Sequence[NDArray[np.uint8]], most: int = 4000, seed: int = 0
) -> NDArray[np.float32]:
    """Some encoded colours (n, 3), 1 at white, of pictures uint8 (H, W, 3), the same every time."""
    rng = np.random.default_rng(seed)
    each = max(1, most // max(1, len(pictures)))
    flat = [picture.reshape(-1, 3) for picture in pictures]
    found = [values[rng.integers(0, len(values), each)] for values in flat]
    return np.concatenate(found).astype(np.float32) / np.float32(255)
