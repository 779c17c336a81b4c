"""The single instructions a motion control is made of: a camera move, an action, the weather.

Every bound, default and help text stands on its field here and nowhere else; sliders, JSON checks
and the JSON Schema read them from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from synth.camera.easing import EASINGS, easing_name
from synth.errors import InvalidInstruction
from synth.limits import LIMITS
from synth.motion.catalogue import MOVE_KINDS, Direction, MoveKind, MoveType

DEFAULT_SECONDS: Final = 3.0
"""Length of a move, and of a clip, when nothing says otherwise, seconds."""


def one_of(words: Sequence[str]) -> str:
    """The words as a choice: "left, right or up"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def opening(words: str) -> str:
    """The words with a capital letter in front."""
    return words[0].upper() + words[1:]


Action = Literal["walk", "run", "dance", "jump", "fall", "wave", "sway", "float", "turn", "idle"]
"""What a subject does."""

Heading = Literal["left_to_right", "right_to_left", "toward_camera", "away_from_camera", "in_place"]
"""Where a subject goes."""

Particles = Literal[
    "none", "rain", "snow", "dust", "fog", "embers", "leaves", "bokeh", "fireflies", "light_rays"
]
"""What is in the air."""

Wind = Literal["left", "right", "forward", "backward", "still"]
"""Where the wind blows to."""


def _plain_word(value: object) -> object:
    """``"Push-In "`` and ``"push in"`` mean ``"push_in"``; anything but a string is left alone."""
    if isinstance(value, str):
        return "_".join(value.strip().lower().replace("-", " ").split())
    return value


def _known_easing(value: str) -> str:
    return easing_name(value)


Word = BeforeValidator(_plain_word)
"""Lets people write a name with hyphens, spaces or capitals."""

EasingName = Annotated[
    str,
    Field(max_length=64, json_schema_extra={"enum": list(EASINGS)}),
    AfterValidator(_known_easing),
]
"""Name of a curve of ``EASINGS``, in any usual spelling; kept in the plain one."""


class Instruction(BaseModel):
    """Base of all instructions: unchangeable, nothing unknown, no text or bool for a number."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )


def _directions_by_type(schema: dict[str, Any]) -> None:
    """Tell the JSON Schema which directions go with which move."""
    schema["allOf"] = [
        {
            "if": {"properties": {"type": {"const": kind.type}}},
            "then": {"properties": {"direction": {"enum": [*kind.directions, None]}}},
        }
        for kind in MOVE_KINDS.values()
    ]


class CameraMove(Instruction):
    """One move of the camera."""

    model_config = ConfigDict(json_schema_extra=_directions_by_type)

    type: Annotated[MoveType, Word] = Field(description="What the camera does.")
    direction: Annotated[Direction | None, Word] = Field(
        default=None,
        description="Which way it does it; left out, the usual way of that move.",
    )
    intensity: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="How pronounced the movement is, 0 (none) to 1 (as far as a photo bears).",
    )
    duration: float | None = Field(
        default=DEFAULT_SECONDS,
        gt=0.0,
        le=LIMITS.clip_seconds,
        description="Length of the move in seconds; null lasts as long as the other moves do.",
    )
    start: float | None = Field(
        default=None,
        ge=0.0,
        lt=LIMITS.clip_seconds,
        description="When the move starts, in seconds; left out, when the move before it ends.",
    )
    easing: EasingName | None = Field(
        default=None,
        description="How the move gathers and loses speed; left out, the usual way of that move.",
    )
    loop: bool = Field(
        default=False,
        description="Come back to the start, so that the last frame leads into the first.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=2**32 - 1,
        description="Picks the shake of a handheld camera; the same number gives the same shake.",
    )

    @model_validator(mode="before")
    @classmethod
    def _shake_lasts(cls, data: object) -> object:
        """A handheld camera that names no duration shakes for the whole clip."""
        if not isinstance(data, Mapping) or "duration" in data:
            return data
        shakes = _plain_word(data.get("type")) == "handheld"
        return {**data, "duration": None} if shakes else data

    @model_validator(mode="after")
    def _direction_fits(self) -> Self:
        allowed = self.kind.directions
        if self.direction is not None and self.direction not in allowed:
            name = opening(self.label)
            advice = (
                f"It can go {one_of(allowed)}." if allowed else "It has no direction; leave it out."
            )
            raise InvalidInstruction(f"{name} cannot go {self.direction}. {advice}")
        return self

    @property
    def kind(self) -> MoveKind:
        """The row of the table of moves."""
        return MOVE_KINDS[self.type]

    @property
    def label(self) -> str:
        """The move's name in plain words: "a dolly zoom"."""
        return self.kind.label

    @property
    def way(self) -> Direction | None:
        """The direction it goes, its own or the usual one; None for moves that have none."""
        return self.direction or self.kind.default_direction

    @property
    def curve(self) -> str:
        """Name of the easing it takes, its own or the usual one."""
        return self.easing or self.kind.easing

    def to_dict(self) -> dict[str, Any]:
        """Plain values that ``MotionControl.from_dict`` reads back to an equal move."""
        values = self.model_dump(mode="json", exclude_none=True)
        if self.duration is None and self.type != "handheld":
            values["duration"] = None
        if not self.loop:
            del values["loop"]
        if self.seed == 0:
            del values["seed"]
        return values


Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A place across or down the photo: 0 is its left or upper border, 1 the opposite one."""


def _as_tuples(value: object) -> object:
    """JSON has lists where places are tuples."""
    if isinstance(value, list | tuple):
        return tuple(_as_tuples(item) for item in value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Place = tuple[Share, Share]
"""A point of the photo: shares of its width and its height."""


class SubjectMark(Instruction):
    """Where a subject is on the photo. A painted mask wins over the box and the clicks."""

    box: Annotated[tuple[Share, Share, Share, Share] | None, BeforeValidator(_as_tuples)] = Field(
        default=None,
        description="Left, top, right and bottom of a box around it, shares of the photo.",
    )
    points: Annotated[tuple[Place, ...], BeforeValidator(_as_tuples)] = Field(
        default=(), max_length=64, description="Places on the subject, shares of the photo."
    )
    away: Annotated[tuple[Place, ...], BeforeValidator(_as_tuples)] = Field(
        default=(), max_length=64, description="Places that are not the subject."
    )
    mask: str | None = Field(
        default=None,
        max_length=200_000,
        description="A painted mask: a grey PNG in base64, white on the subject.",
    )

    @model_validator(mode="after")
    def _box_is_open(self) -> Self:
        if self.box is not None:
            left, top, right, bottom = self.box
            if right <= left or bottom <= top:
                raise InvalidInstruction(
                    "The box around the subject is empty: its right side must lie right of its "
                    "left one and its bottom below its top. Draw it again."
                )
        return self


class SubjectAction(Instruction):
    """What one subject of the photo does."""

    id: str = Field(
        default="subject",
        min_length=1,
        max_length=80,
        description="Name of the subject.",
    )
    action: Annotated[Action, Word] = Field(description="What the subject does.")
    speed: float = Field(
        default=0.5, ge=0.0, le=1.0, description="How fast, 0 (barely) to 1 (as fast as it can)."
    )
    direction: Annotated[Heading, Word] = Field(
        default="in_place", description="Where the subject goes."
    )
    mark: SubjectMark | None = Field(
        default=None,
        description="Where it is on the photo; left out, the photo's likeliest subject.",
    )

    @field_validator("id")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable() or not value.strip():
            raise InvalidInstruction("The name of a subject must be made of visible characters.")
        return value

    def to_dict(self) -> dict[str, Any]:
        """Plain values that ``MotionControl.from_dict`` reads back to an equal instruction."""
        values = self.model_dump(mode="json", exclude={"mark"})
        if self.mark is not None:
            values["mark"] = self.mark.model_dump(mode="json", exclude_defaults=True)
        return values


class Environment(Instruction):
    """What is in the air, and how it moves."""

    particle_effects: Annotated[Particles, Word] = Field(
        default="none", description="What falls or floats in the scene."
    )
    wind_direction: Annotated[Wind, Word] = Field(
        default="still",
        description="Where the wind blows to; forward is towards the camera, backward away.",
    )
    weather_intensity: float = Field(
        default=0.5, ge=0.0, le=1.0, description="How strong the weather is, 0 to 1."
    )
