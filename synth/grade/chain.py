"""The controls worked out in floating point: the reference that every faster way is held against.

The order is that of ``Adjustments``. Three parts follow each other: a matrix in linear light, a
tone curve for each of red, green and blue, and colour around grey; the tables and kernels are built
of the same parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from synth.grade.light import GREY, LUMA, to_code, to_light
from synth.grade.settings import Adjustments, Grade
from synth.grade.white import white_balance

_OPENING: Final = 1.8
_CLOSING: Final = 0.95
"""How strongly shadows and highlights move; any more and tones would change places."""

_REST: Final = Adjustments()


@dataclass(frozen=True)
class Chain:
    """The part of a grade that looks at one pixel at a time, without a LUT."""

    adjustments: Adjustments

    @property
    def at_rest(self) -> bool:
        """Whether no colour changes; sharpening and grain are no part of it."""
        rest = {"sharpen": 0.0, "grain": 0.0}
        return self.adjustments.model_copy(update=rest) == _REST

    def matrix(self) -> NDArray[np.float64] | None:
        """What happens to linear RGB, (3, 3): white balance and exposure; None if nothing."""
        a = self.adjustments
        if not (a.temperature or a.tint or a.exposure):
            return None
        return white_balance(a.temperature, a.tint) * 2.0**a.exposure

    def tone(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Encoded values (..., 3), to what CDL, lift, contrast and curves make of them."""
        a = self.adjustments
        x = np.asarray(values, np.float64)
        if (a.slope, a.offset, a.power) != (_REST.slope, _REST.offset, _REST.power):
            # ASC CDL 1.2: limited to 0 to 1 before the power.
            x = np.clip(x * a.slope + a.offset, 0, 1) ** a.power
        if (a.lift, a.gamma, a.gain) != (_REST.lift, _REST.gamma, _REST.gain):
            lifted = np.asarray(a.gain) * (x + np.asarray(a.lift) * (1 - x))
            x = np.maximum(lifted, 0) ** (1 / np.asarray(a.gamma))
        x = x + a.brightness
        if a.shadows or a.highlights:
            t = np.clip(x, 0, 1)
            x = x + _pushed(a.shadows) * t * (1 - t) ** 3
            x = x - _pushed(-a.highlights) * (1 - t) * t**3
        if a.contrast != 1:
            x = (x - GREY) * a.contrast + GREY
        if a.curve:
            x = _curve(a.curve, x)
        for channel, points in enumerate((a.red_curve, a.green_curve, a.blue_curve)):
            if points:
                x = x.copy()
                x[..., channel] = _curve(points, x[..., channel])
        return x

    @property
    def has_tone(self) -> bool:
        """Whether ``tone`` changes anything."""
        kept = ("temperature", "tint", "exposure", "saturation", "vibrance", "hues")
        rest = {name: getattr(_REST, name) for name in (*kept, "sharpen", "grain")}
        return self.adjustments.model_copy(update=rest) != _REST

    @property
    def has_colour(self) -> bool:
        """Whether ``colour`` changes anything."""
        a = self.adjustments
        return (a.saturation, a.vibrance, a.hues) != (1.0, 0.0, _REST.hues)

    def colour(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Encoded values (..., 3) with saturation, vibrance and hues applied; luma stays."""
        a = self.adjustments
        x = np.asarray(values, np.float64)
        luma = x @ np.array(LUMA)
        high, low = x.max(axis=-1), x.min(axis=-1)
        chroma = high - low
        factor = np.full(chroma.shape, a.saturation)
        if a.vibrance:
            factor *= 1 + a.vibrance * (1 - np.clip(a.saturation * chroma, 0, 1)) ** 2
        if a.hues != _REST.hues:
            factor *= _share(a.hues, _hue(x, high, chroma))
        return luma[..., None] + factor[..., None] * (x - luma[..., None])

    def apply(self, rgb: NDArray[np.floating]) -> NDArray[np.float32]:
        """Grade encoded RGB (..., 3), 1 at white; the result may leave 0 to 1."""
        x = np.asarray(rgb, np.float64)
        matrix = self.matrix()
        if matrix is not None:
            x = to_code(to_light(x) @ matrix.T)
        if self.has_tone:
            x = self.tone(x)
        if self.has_colour:
            x = self.colour(x)
        return x.astype(np.float32)


def adjustments_at(grade: Grade, time: float) -> Adjustments:
    """The controls of a grade at a moment, seconds; between two keys everything goes evenly.

    Temperature goes evenly in mired, as eyes see it. Curves that differ in their number of points
    change half way.
    """
    keys = sorted(grade.keys, key=lambda key: key.time)
    if not keys:
        return grade.adjustments
    if time <= keys[0].time:
        return keys[0].adjustments
    for before, after in pairwise(keys):
        if time < after.time:
            share = (time - before.time) / (after.time - before.time)
            return _between(before.adjustments, after.adjustments, share)
    return keys[-1].adjustments


def _between(first: Adjustments, second: Adjustments, share: float) -> Adjustments:
    if first == second:
        return first
    values = {}
    for name in Adjustments.model_fields:
        a, b = getattr(first, name), getattr(second, name)
        values[name] = _mixed(a, b, share)
    mired = _mixed(1e6 / (6504 + first.temperature), 1e6 / (6504 + second.temperature), share)
    if first.temperature != second.temperature:
        values["temperature"] = min(max(1e6 / mired - 6504, -4000.0), 12000.0)
    return Adjustments.model_construct(**values)


def _mixed(a: Any, b: Any, share: float) -> Any:
    if a == b:
        return a
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            return a if share < 0.5 else b
        return tuple(_mixed(one, other, share) for one, other in zip(a, b, strict=True))
    return a + share * (b - a)


def _pushed(amount: float) -> float:
    return amount * (_OPENING if amount > 0 else _CLOSING)


def _curve(
    points: tuple[tuple[float, float], ...], values: NDArray[np.floating]
) -> NDArray[np.float64]:
    """A smooth line through the points that rises where they rise; level beyond its ends.

    F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic
    interpolants", SIAM J. Sci. Stat. Comput. 5(2), 1984.
    """
    x, y = np.array(points).T
    return PchipInterpolator(x, y)(np.clip(values, x[0], x[-1]))


def _hue(
    x: NDArray[np.float64], high: NDArray[np.float64], chroma: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Place on the hexagon of colours, 0 to 6: 0 red, 2 green, 4 blue; 0 for greys."""
    red, green, blue = x[..., 0], x[..., 1], x[..., 2]
    below = np.where(chroma > 0, chroma, 1)
    hue = np.where(
        high == red,
        (green - blue) / below,
        np.where(high == green, 2 + (blue - red) / below, 4 + (red - green) / below),
    )
    return np.where(hue < 0, hue + 6, hue)


def _share(shares: tuple[float, ...], hue: NDArray[np.float64]) -> NDArray[np.float64]:
    """The hue control that holds at a hue; it passes smoothly from one centre to the next."""
    table = np.array([*shares, shares[0], shares[1]])
    index = np.floor(hue).astype(int)
    t = hue - index
    t = t * t * (3 - 2 * t)
    return table[index] * (1 - t) + table[index + 1] * t
