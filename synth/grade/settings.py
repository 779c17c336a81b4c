"""What may be asked of a grade: the controls of a colourist, each with its bounds."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from synth.errors import InvalidInstruction
from synth.explain import explain_errors, short

LutPlace: TypeAlias = Literal["first", "last"]
"""first: the LUT makes the picture that the controls then change, as a camera's log-to-display LUT
must. last: it is a look over the corrected picture."""

HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")
"""Centres of the hue-selective controls, 60 degrees apart, from 0 on."""


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _pairs(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(_listed(one) for one in value)
    return value


def _increasing(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if len(points) == 1:
        raise ValueError("a curve has no points, or two and more")
    for (before, _), (after, _) in pairwise(points):
        if after - before < 1e-3:
            raise ValueError(
                f"the point at {after:g} comes after the one at {before:g}; "
                "points stand from dark to bright, at least 0.001 apart"
            )
    return points


Unit = Annotated[float, Field(ge=0, le=1)]
Offset = Annotated[float, Field(ge=-1, le=1)]
Factor = Annotated[float, Field(ge=0, le=4)]
Exponent = Annotated[float, Field(ge=0.1, le=10)]
Offsets = Annotated[tuple[Offset, Offset, Offset], BeforeValidator(_listed)]
Factors = Annotated[tuple[Factor, Factor, Factor], BeforeValidator(_listed)]
Exponents = Annotated[tuple[Exponent, Exponent, Exponent], BeforeValidator(_listed)]
Points = Annotated[
    tuple[Annotated[tuple[Unit, Unit], BeforeValidator(_listed)], ...],
    Field(max_length=32),
    BeforeValidator(_pairs),
    AfterValidator(_increasing),
]
Share = Annotated[float, Field(ge=0, le=2)]
Shares = Annotated[tuple[Share, Share, Share, Share, Share, Share], BeforeValidator(_listed)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Adjustments(_Settings):
    """Every control at rest leaves the picture bit for bit as it was.

    They work in this order, on RGB in 0 to 1. In linear light (BT.1886, gamma 2.4):
    temperature and tint, exposure. On the encoded values: slope, offset, power; lift, gamma,
    gain; brightness; shadows and highlights; contrast; curves; saturation, vibrance, hues. On the
    finished picture: sharpening, then grain.
    """

    brightness: float = Field(default=0.0, ge=-1, le=1, description="Added to all, 1 is white.")
    contrast: float = Field(
        default=1.0, ge=0, le=4, description="Around middle grey; 1 is as it was."
    )
    saturation: float = Field(default=1.0, ge=0, le=4, description="0 is grey, 1 as it was.")
    temperature: float = Field(
        default=0.0, ge=-4000, le=12000, description="Kelvin shift; above 0 is warmer."
    )
    tint: float = Field(
        default=0.0, ge=-100, le=100, description="Below 0 greener, above 0 more magenta."
    )
    exposure: float = Field(default=0.0, ge=-6, le=6, description="Stops.")
    slope: Factors = Field(default=(1.0, 1.0, 1.0), description="ASC CDL slope: red, green, blue.")
    offset: Offsets = Field(default=(0.0, 0.0, 0.0), description="ASC CDL offset.")
    power: Exponents = Field(default=(1.0, 1.0, 1.0), description="ASC CDL power.")
    lift: Offsets = Field(default=(0.0, 0.0, 0.0), description="Moves the blacks.")
    gamma: Exponents = Field(default=(1.0, 1.0, 1.0), description="Mid tones; above 1 brighter.")
    gain: Factors = Field(default=(1.0, 1.0, 1.0), description="Multiplies the whites.")
    shadows: Offset = Field(default=0.0, description="Opens (above 0) or closes the shadows.")
    highlights: Offset = Field(default=0.0, description="Brightens or (below 0) recovers them.")
    vibrance: Offset = Field(default=0.0, description="Saturation of what has little of it.")
    hues: Shares = Field(
        default=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        description="Saturation of reds, yellows, greens, cyans, blues, magentas.",
    )
    curve: Points = Field(default=(), description="Tone curve of all three: [in, out] points.")
    red_curve: Points = Field(default=(), description="Tone curve of red.")
    green_curve: Points = Field(default=(), description="Tone curve of green.")
    blue_curve: Points = Field(default=(), description="Tone curve of blue.")
    sharpen: float = Field(default=0.0, ge=0, le=2, description="Unsharp mask, one pixel wide.")
    grain: float = Field(default=0.0, ge=0, le=1, description="Film grain; 0.3 is plainly seen.")

    @classmethod
    def from_values(cls, values: Adjustments | Mapping[str, Any] | None) -> Adjustments:
        """Checked controls from plain values; raises ``InvalidInstruction`` naming each problem."""
        if isinstance(values, Adjustments):
            return values
        return _checked(cls, values, "Grading")

    @property
    def at_rest(self) -> bool:
        """Whether nothing would change."""
        return self == type(self)()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and for ``from_values``."""
        return self.model_dump(mode="json")


class GradeKey(_Settings):
    """The controls at one moment of a grade that changes over time."""

    time: float = Field(ge=0, le=36_000, description="Seconds.")
    adjustments: Adjustments


class Grade(_Settings):
    """A whole grade: controls, a look, and how strongly it is laid on."""

    adjustments: Adjustments = Adjustments()
    keys: Annotated[tuple[GradeKey, ...], BeforeValidator(_listed)] = Field(
        default=(), max_length=64, description="Controls that change; in place of adjustments."
    )
    look: str | None = Field(
        default=None, max_length=64, description="One of the bundled looks, by name."
    )
    lut_strength: float = Field(default=1.0, ge=0, le=1, description="Of the look or LUT.")
    lut_place: LutPlace = Field(default="last", description="Before or after the controls.")

    @classmethod
    def from_values(cls, values: Grade | Mapping[str, Any] | None) -> Grade:
        """A checked grade from plain values; raises ``InvalidInstruction``."""
        return values if isinstance(values, Grade) else _checked(cls, values, "A grade")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and for ``from_values``."""
        return self.model_dump(mode="json")


def _checked(kind: Any, values: object, name: str) -> Any:
    if not isinstance(values, Mapping | None):
        raise InvalidInstruction(
            f"The settings are {short(values)}; give an object of names and values."
        )
    for field in values or {}:
        if field not in kind.model_fields:
            close = difflib.get_close_matches(str(field)[:64], list(kind.model_fields), n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise InvalidInstruction(
                f"{name} has no setting {short(field)}. {hint}"
                f"It knows {', '.join(kind.model_fields)}."
            )
    try:
        return kind.model_validate(dict(values or {}))
    except ValidationError as error:
        raise InvalidInstruction(explain_errors(error, kind)) from None
