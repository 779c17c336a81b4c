"""Easing curves: how a move spends its time between its start and its end.

Each curve is a pure, vectorised function from progress in time, 0 to 1, to progress along the move,
with ``f(0) = 0`` and ``f(1) = 1`` exactly. The families are Robert Penner's, in closed form
(http://robertpenner.com/easing/), with the exponential one rescaled so that it starts at 0; the
plain ``ease``, ``ease_in``, ``ease_out``, ``ease_in_out`` are the cubic Bézier curves of CSS
(https://www.w3.org/TR/css-easing-1/).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synth.errors import InvalidInstruction

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A curve over progress in [0, 1], any shape; the result has the same shape."""

_OVERSHOOT: Final = 1.70158
"""Penner's constant: a back curve swings 10 % beyond its end."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _linear(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return t.copy()


def _smoothstep(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return t * t * (3.0 - 2.0 * t)


def _smootherstep(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0)


def _in_sine(t: NDArray[np.float64]) -> NDArray[np.float64]:
    # The cosine of a quarter turn is 0 only within rounding.
    return np.where(t >= 1.0, 1.0, 1.0 - np.cos(0.5 * np.pi * t))


def _in_expo(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.exp2(10.0 * t) - 1.0) / 1023.0


def _in_back(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return t * t * (t + _OVERSHOOT * (t - 1.0))


def _power(exponent: int) -> Curve:
    return lambda t: t**exponent


def _reversed(curve: Curve) -> Curve:
    """The ease-out that mirrors an ease-in: ``1 - f(1 - t)``."""
    return lambda t: 1.0 - curve(1.0 - t)


def _doubled(curve: Curve) -> Curve:
    """The ease-in-out of an ease-in: the curve up to the middle, then its mirror."""
    return lambda t: np.where(
        t < 0.5,
        0.5 * curve(np.minimum(2.0 * t, 1.0)),
        1.0 - 0.5 * curve(np.minimum(2.0 - 2.0 * t, 1.0)),
    )


def cubic_bezier(x1: float, y1: float, x2: float, y2: float) -> Curve:
    """The curve of CSS ``cubic-bezier(x1, y1, x2, y2)``.

    ``x1`` and ``x2`` lie in [0, 1], which makes time run forwards along the curve; other values
    raise ``InvalidInstruction``. Time is inverted by bisection, exact to the last bits of a float.
    """
    for number in (x1, y1, x2, y2):
        if not np.isfinite(number):
            raise InvalidInstruction("A Bézier easing must be made of finite numbers.")
    if not (0.0 <= x1 <= 1.0 and 0.0 <= x2 <= 1.0):
        raise InvalidInstruction(
            f"The handles of a Bézier easing stand at times {x1} and {x2}; both must lie between "
            "0 and 1."
        )

    def coordinate(s: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
        r = 1.0 - s
        return 3.0 * r * r * s * a + 3.0 * r * s * s * b + s**3

    def curve(t: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = np.zeros_like(t), np.ones_like(t)
        for _ in range(54):
            middle = 0.5 * (low + high)
            early = coordinate(middle, x1, x2) < t
            low, high = np.where(early, middle, low), np.where(early, high, middle)
        value = coordinate(0.5 * (low + high), y1, y2)
        return np.where(t <= 0.0, 0.0, np.where(t >= 1.0, 1.0, value))

    return curve


def _all_curves() -> dict[str, Curve]:
    curves: dict[str, Curve] = {
        "linear": _linear,
        "smoothstep": _smoothstep,
        "smootherstep": _smootherstep,
        "ease": cubic_bezier(0.25, 0.1, 0.25, 1.0),
        "ease_in": cubic_bezier(0.42, 0.0, 1.0, 1.0),
        "ease_out": cubic_bezier(0.0, 0.0, 0.58, 1.0),
        "ease_in_out": cubic_bezier(0.42, 0.0, 0.58, 1.0),
    }
    families: dict[str, Curve] = {
        "sine": _in_sine,
        "quad": _power(2),
        "cubic": _power(3),
        "quart": _power(4),
        "quint": _power(5),
        "expo": _in_expo,
        "back": _in_back,
    }
    for name, curve in families.items():
        curves[f"ease_in_{name}"] = curve
        curves[f"ease_out_{name}"] = _reversed(curve)
        curves[f"ease_in_out_{name}"] = _doubled(curve)
    return curves


EASINGS: Final[Mapping[str, Curve]] = MappingProxyType(_all_curves())
"""Every curve by its name."""


def easing_name(name: str) -> str:
    """The name under which ``EASINGS`` holds a curve, from any usual spelling of it.

    ``"ease-in-out"``, ``"easeInOutCubic"``, ``"Ease In"`` and ``"ease_in"`` are all understood.
    Raises ``InvalidInstruction``, with the names there are, for one that nobody knows.
    """
    plain = re.sub(r"[\s\-]+", "_", _CAMEL.sub("_", name[:64].strip())).lower()
    if plain not in EASINGS:
        raise InvalidInstruction(
            f"There is no easing called {name[:64]!r}. Choose one of: {', '.join(EASINGS)}."
        )
    return plain


def ease(name: str, progress: ArrayLike) -> NDArray[np.float64]:
    """Progress along a move for each progress in time.

    Args:
        name: a curve of ``EASINGS``, in any spelling ``easing_name`` knows.
        progress: numbers in [0, 1], any shape; values outside are clamped.

    Returns:
        Array of the same shape. ``back`` curves leave [0, 1] on purpose.

    Raises ``InvalidInstruction`` for an unknown name or a number that is not finite.
    """
    time = np.asarray(progress, dtype=np.float64)
    if not np.all(np.isfinite(time)):
        raise InvalidInstruction("Progress through a move must be made of finite numbers.")
    return EASINGS[easing_name(name)](np.clip(time, 0.0, 1.0))
