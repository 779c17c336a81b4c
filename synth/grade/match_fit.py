"""A grade that makes one set of colours look like another, found by a fit with few numbers.

Few enough that what is merely other content is not copied along: a saturation, and for each
channel a gain, an offset and a power (an ASC CDL, American Society of Cinematographers Color
Decision List 1.2), held near rest by a prior. It is fitted to pairs of colours where the pictures
share things, and to quantiles of many projections of the colours else: a sliced optimal transport
(Pitie et al., "Automated colour grading using colour distribution transfer", CVIU 107, 2007) in
place of the covariances of the linear Monge-Kantorovich map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from synth.grade.lut import Lut, identity_cube

Colours = NDArray[np.floating]
"""Encoded RGB, (n, 3), 1 at white."""

LUMA: Final = np.array([0.2126, 0.7152, 0.0722])
"""Weights of brightness, ITU-R BT.709-6."""

_SPREAD: Final = np.array([0.35] * 3 + [0.30] * 3 + [0.06] * 3 + [0.40])
"""How far from rest a grade is expected to be: log gains, log powers, offsets, log saturation."""
_TIED: Final = (0.25, 0.10, 0.03)
"""How far gains, powers and offsets of the channels are expected to be from their mean."""
_BOUND: Final = np.array([1.2] * 3 + [0.9] * 3 + [0.25] * 3 + [1.1])
_ROUNDS: Final = 3
"""Fits, each trusting less what the last one left over."""
_QUANTILES: Final = np.linspace(0.03, 0.97, 15)
_SIDES: Final = np.array(
    [
        [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.2126, 0.7152, 0.0722],
        [1, -1, 0], [0, 1, -1], [1, 0, -1], [0.5, -1, 0.5], [0.5, 0.5, -1],
    ]
)  # fmt: skip
"""Directions along which colours are compared."""


@dataclass(frozen=True)
class Match:
    """A grade by ten numbers; all 0 is rest."""

    values: NDArray[np.float64]
    """Log gains, log powers and offsets of the channels, log saturation, (10,)."""
    misfit: float = 0.0
    """What it leaves unlike, encoded values (root mean square)."""

    def apply(self, rgb: Colours) -> Colours:
        """Colours (n, 3) through the grade; they may leave 0 to 1."""
        return through(self.values, rgb)

    def lut(self, strength: float = 1.0, size: int = 33) -> Lut:
        """The grade as a cube, clipped to 0 to 1."""
        cube = identity_cube(size)
        flat = cube.reshape(-1, 3)
        graded = flat + np.float32(strength) * (np.clip(self.apply(flat), 0.0, 1.0) - flat)
        return Lut(cube=np.ascontiguousarray(graded.reshape(cube.shape), np.float32))


def through(values: NDArray[np.float64], rgb: Colours) -> Colours:
    """Saturation, then gain, offset and power of each channel."""
    grey = rgb @ LUMA
    coloured = grey[:, None] + np.exp(values[9]) * (rgb - grey[:, None])
    lifted = np.maximum(coloured * np.exp(values[:3]) + values[6:9], 1e-5)
    return np.power(lifted, np.exp(values[3:6]))


def fit(
    target: Colours,
    reference: Colours,
    pairs: tuple[Colours, Colours] | None = None,
    *,
    protect: float = 0.5,
) -> Match:
    """The grade that takes ``target``'s colours to ``reference``'s.

    Args:
        target: colours of the shot that is changed, (n, 3).
        reference: colours of what it should look like, (m, 3).
        pairs: colours of the same things in both, (k, 3) each, if some were found.
        protect: how little difference is put down to the grade, and how much to the content, 0
            to 1.
    """
    # Steps of the numerical derivative are too fine for single precision.
    target, reference = target.astype(np.float64), reference.astype(np.float64)
    if pairs is not None:
        pairs = pairs[0].astype(np.float64), pairs[1].astype(np.float64)
    hold = 1.4 * 2.0 ** (3.0 * (protect - 0.5))
    unit = _SPREAD / hold
    tied = np.asarray(_TIED) / hold
    weight = 0.0
    if pairs is not None:
        weight = min(1.0, len(pairs[0]) / 400.0) * _covered(target, pairs[0])
    wanted = _quantiles(reference)

    def prior(values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        parts = [values / unit]
        for part, spread in zip(values[:9].reshape(3, 3), tied, strict=True):
            parts.append((part - part.mean()) / spread)
        return parts

    def differences(values: NDArray[np.float64]) -> list[NDArray[np.floating]]:
        found: list[NDArray[np.floating]] = []
        if weight < 1.0:
            left = (_quantiles(through(values, target)) - wanted).ravel() / 0.03
            found.append(left * np.sqrt((1.0 - weight) * 60.0 / left.size))
        if pairs is not None:
            left = (through(values, pairs[0]) - pairs[1]).ravel() / 0.02
            found.append(left * np.sqrt(weight * 2400.0 / left.size))
        return found

    values = np.zeros(10)
    factors: list[NDArray[np.floating]] | None = None
    for _ in range(_ROUNDS):
        fixed = factors

        def misfit(
            values: NDArray[np.float64], fixed: list[NDArray[np.floating]] | None = fixed
        ) -> NDArray[np.float64]:
            parts = differences(values)
            if fixed is not None:
                parts = [part * factor for part, factor in zip(parts, fixed, strict=True)]
            return np.asarray(np.concatenate([*parts, *prior(values)]), np.float64)

        found = least_squares(
            misfit, values, bounds=(-_BOUND, _BOUND), x_scale=_SPREAD, max_nfev=8, ftol=1e-3
        )
        values = np.clip(np.asarray(found.x, np.float64), -0.999 * _BOUND, 0.999 * _BOUND)
        factors = [_trust(part) for part in differences(values)]
    if pairs is not None and weight > 0.5:
        left = through(values, pairs[0]) - pairs[1]
    else:
        left = _quantiles(through(values, target)) - wanted
    return Match(np.asarray(values, np.float64), float(np.sqrt(np.mean(np.square(left)))))


def _covered(colours: Colours, known: Colours) -> float:
    """Share of the colours that have a known one near them."""
    some, others = colours[:400], known[:400]
    nearest = np.array([np.abs(others - one).max(axis=1).min() for one in some])
    return float((nearest < 0.08).mean())


def _trust(left: NDArray[np.floating]) -> NDArray[np.floating]:
    """Roots of the weights of differences: a thing in one picture alone moves little (Cauchy)."""
    usual = max(1.4826 * float(np.median(np.abs(left))), 1e-6)
    return 1.0 / np.sqrt(1.0 + np.square(left / (2.0 * usual)))


def _quantiles(rgb: Colours) -> NDArray[np.floating]:
    return np.quantile(np.clip(rgb, 0.0, 1.0) @ _SIDES.T, _QUANTILES, axis=0)
