"""A style's colours from clips that show other things than any ungraded picture at hand.

What differs between clips of one style is what they show; what they share is the style. So each
number that is compared (brightness at some quantiles, cast at some brightnesses, strength of the
colours) is believed only as far as clips agree on it. In terms of statistics: the style is a
smooth tone curve, cast and saturation with a Gaussian prior about no change; what is measured is
the difference of means over clips, whose covariance is found from the differences between clips;
the estimate is the posterior mean, and how wide the prior is follows from the data (empirical
Bayes; C. Rasmussen and C. Williams, "Gaussian Processes for Machine Learning", 2006, chapters 2
and 5). Everything is one-to-one in brightness, so no detail is lost or turned over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.grade.lut import identity_cube
from synth.style.look_colour import LEVELS, Colours, Values, colours_of, to_oklab, to_rgb

_GRID: Final = np.linspace(0.0, 1.0, 65)
_MOODS: Final = np.array([0.018, 0.024, 0.024, 0.018])
"""How far blacks, whites, middle tones and contrast are expected to move, brightness."""
_BENDS: Final = (0.0036, 0.2)
"""And what else a tone curve does: how far, and over what range of brightness."""
_CASTS: Final = (0.008, 0.4, 0.004)
"""How far casts are expected to go: how far, over what range of brightness, and evenly."""
_SATURATION: Final = 0.15
"""How far the logarithm of the strength of colours is expected to move."""
_COLOURLESS: Final = 0.005
"""Distance of a and b from a clip's cast that compression alone makes: no scene has so little."""
_SCALES: Final = np.array([0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0])
_MILD: Final = 0.7
"""How far the logarithm of a prior's width may go from 0."""
_DOUBT: Final = 2.0
"""Clips are fewer and less alike than samples: their covariance counts so many times."""
_KNOWN: Final = 7.0
"""Weight of the neutral scenes' own covariance beside that of the clips, in clips."""

_SKIN_HUE: Final = np.deg2rad(50.0)
_SKIN_SPREAD: Final = np.deg2rad(20.0)


@dataclass(frozen=True, eq=False)
class Fit:
    """A style's colours."""

    tone: Values
    """Brightness after for brightness before, at 65 even places from 0 to 1, rising."""
    casts: Values
    """What is added to a and b there, (65, 2)."""
    saturation: float
    """What a and b are multiplied by before that."""

    def apply(self, rgb: Values, protect: float = 0.5) -> Values:
        """Encoded colours (..., 3) in the style, 0 to 1.

        ``protect``, 0 to 1, is how far the colours of skin are kept from the cast.
        """
        lab = to_oklab(rgb)
        level = lab[..., 0]
        cast = np.stack([np.interp(level, _GRID, self.casts[:, k]) for k in (0, 1)], axis=-1)
        held = 1 - 0.6 * protect * _skin(lab)[..., None]
        # A style without colour has none in skin either.
        factor = self.saturation ** (held if self.saturation > 1 else 1.0)
        colour = lab[..., 1:] * factor + cast * held
        tone = np.interp(level, _GRID, self.tone)
        return to_rgb(np.concatenate([tone[..., None], colour], axis=-1))

    def cube(self, size: int, protect: float = 0.5) -> NDArray[np.float32]:
        """It as a cube (n, n, n, 3)."""
        return np.asarray(self.apply(identity_cube(size), protect), np.float32)


def fit_clips(clips: Sequence[Values], neutral: Colours, known: Colours) -> Fit:
    """The style of clips.

    Args:
        clips: OKLab colours (n, 3) of each clip in the style, at least one.
        neutral: colours of ungraded clips or pictures, at least two.
        known: those of many neutral scenes, for how much scenes differ.
    """
    shown = colours_of(clips)
    count, other = len(shown), len(neutral)
    share = _DOUBT * (1 / count + 1 / other)
    gap = shown.quantiles.mean(axis=0) - neutral.quantiles.mean(axis=0)
    places = neutral.quantiles.mean(axis=0)
    doubt = share * _pooled(shown.quantiles, neutral.quantiles, known.quantiles)
    doubt += 2e-5 * np.eye(len(places))
    prior = _tone_prior(places, places)
    scale = _scale([gap], prior, [doubt])
    moved = scale**2 * _tone_prior(_GRID, places) @ np.linalg.solve(scale**2 * prior + doubt, gap)
    tone = np.maximum.accumulate(np.clip(_GRID + moved, 0, 1) + 1e-5 * np.arange(len(_GRID)))

    shown = colours_of(clips, lambda level: np.interp(level, tone, _GRID))
    ours, theirs = np.log(shown.spread + 0.004), np.log(neutral.spread + 0.004)
    spreads = [one[:, None] for one in (ours, theirs, np.log(known.spread + 0.004))]
    noise = float(share * _pooled(*spreads)[0, 0])
    change = float(ours.mean() - theirs.mean())
    # What is far beyond chance is believed: black and white is a style.
    width = _SATURATION**2 + 0.5 * max(0.0, change**2 - noise)
    saturation = float(np.exp(change * width / (width + noise)))
    if count > 1 and float(shown.spread.max()) < _COLOURLESS < float(neutral.spread.min()):
        saturation = 0.0

    gaps, doubts = [], []
    for k in (0, 1):
        one, two = shown.casts[..., k], saturation * neutral.casts[..., k]
        mean, base = _mean(one, shown.weights), _mean(two, neutral.weights)
        rest = _centred(one, mean, shown.weights), _centred(two, base, neutral.weights)
        usual = saturation * known.casts[..., k]
        scenes = _centred(usual, _mean(usual, known.weights), known.weights)
        spread = _pooled(*rest, scenes, centred=True)
        size = np.sqrt(_DOUBT * (1 / _number(shown.weights) + 1 / _number(neutral.weights)))
        gaps.append(mean - base)
        doubts.append(spread * np.outer(size, size) + 2e-6 * np.eye(len(LEVELS)))
    prior = _cast_prior(LEVELS, LEVELS)
    scale = _scale(gaps, prior, doubts)
    ahead = scale**2 * _cast_prior(_GRID, LEVELS)
    casts = [
        ahead @ np.linalg.solve(scale**2 * prior + doubt, gap)
        for gap, doubt in zip(gaps, doubts, strict=True)
    ]
    return Fit(np.minimum(tone, 1.0), np.stack(casts, axis=1), saturation)


def _scale(gaps: Sequence[Values], prior: Values, doubts: Sequence[Values]) -> float:
    """How many times wider than expected the prior is, where that makes the gaps likeliest."""
    found = []
    for scale in _SCALES:
        likely = -0.5 * (np.log(scale) / _MILD) ** 2
        for gap, doubt in zip(gaps, doubts, strict=True):
            total = scale**2 * prior + doubt
            likely -= 0.5 * (gap @ np.linalg.solve(total, gap) + np.linalg.slogdet(total)[1])
        found.append(likely)
    return float(_SCALES[int(np.argmax(found))])


def _tone_prior(one: Values, other: Values) -> Values:
    def moods(level: Values) -> Values:
        return np.stack(
            [(1 - level) ** 2, level**2, 4 * level * (1 - level), np.sin(2 * np.pi * level)], axis=1
        )

    return (moods(one) * _MOODS**2) @ moods(other).T + _smooth(one, other, *_BENDS)


def _cast_prior(one: Values, other: Values) -> Values:
    size, reach, even = _CASTS
    return _smooth(one, other, size, reach) + even**2


def _smooth(one: Values, other: Values, size: float, reach: float) -> Values:
    return size**2 * np.exp(-0.5 * ((one[:, None] - other) / reach) ** 2)


def _pooled(one: Values, two: Values, known: Values, *, centred: bool = False) -> Values:
    """Covariance of what differs between clips, from all that are there, (m, m)."""

    def scatter(rows: Values) -> Values:
        rest = rows if centred else rows - rows.mean(axis=0)
        return rest.T @ rest

    own = len(one) - 1 + len(two) - 1
    usual = scatter(known) / (len(known) - 1)
    return (scatter(one) + scatter(two) + _KNOWN * usual) / (own + _KNOWN)


def _mean(values: Values, weights: Values) -> Values:
    return (values * weights).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-6)


def _centred(values: Values, mean: Values, weights: Values) -> Values:
    return (values - mean) * np.sqrt(weights / np.maximum(weights.mean(axis=0), 1e-6))


def _number(weights: Values) -> Values:
    """How many clips a weighted mean rests on (L. Kish, "Survey Sampling", 1965)."""
    return weights.sum(axis=0) ** 2 / np.maximum((weights**2).sum(axis=0), 1e-9)


def _skin(lab: Values) -> Values:
    """How much a colour is like skin of any tone, 0 to 1."""
    hue = np.arctan2(lab[..., 2], lab[..., 1])
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    like = np.exp(-0.5 * ((hue - _SKIN_HUE) / _SKIN_SPREAD) ** 2)
    coloured = np.clip((chroma - 0.02) / 0.03, 0, 1) * np.clip((0.19 - chroma) / 0.05, 0, 1)
    lit = np.clip((lab[..., 0] - 0.25) / 0.15, 0, 1) * np.clip((0.97 - lab[..., 0]) / 0.07, 0, 1)
    return like * coloured * lit
