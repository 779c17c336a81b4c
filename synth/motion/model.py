"""The motion control: what the camera, the subjects and the weather are asked to do.

Every bound, default and help text stands on its field here and nowhere else; sliders, JSON checks
and the JSON Schema read them from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from synth.errors import InvalidInstruction
from synth.limits import LIMITS
from synth.motion.catalogue import MOVE_KINDS, MOVE_TYPES, Direction, MoveKind, MoveType
from synth.motion.easing import EASINGS, easing_name
from synth.motion.explain import explain_errors, short

DEFAULT_SECONDS: Final = 3.0
"""Length of a move, and of a clip, when nothing says otherwise, seconds."""

MAX_MOVES: Final = 32
"""Most camera moves in one control."""

MAX_OBJECTS: Final = 32
"""Most subject actions in one control."""

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


class _Instruction(BaseModel):
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


class CameraMove(_Instruction):
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
            name = _opening(self.label)
            advice = (
                f"It can go {_one_of(allowed)}."
                if allowed
                else "It has no direction; leave it out."
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


class SubjectAction(_Instruction):
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

    @field_validator("id")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable() or not value.strip():
            raise InvalidInstruction("The name of a subject must be made of visible characters.")
        return value


class Environment(_Instruction):
    """What is in the air, and how it moves."""

    particle_effects: Annotated[Particles, Word] = Field(
        default="none", description="What falls or floats in the scene."
    )
    wind_direction: Annotated[Wind, Word] = Field(
        default="still", description="Where the wind blows to."
    )
    weather_intensity: float = Field(
        default=0.5, ge=0.0, le=1.0, description="How strong the weather is, 0 to 1."
    )


def _one_of(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _opening(words: str) -> str:
    return words[0].upper() + words[1:]


def _as_list(value: object) -> object:
    """The camera as a list of moves: the brief's single dict, a list, or nothing at all."""
    if value is None or (isinstance(value, Mapping) and not value):
        return ()
    if isinstance(value, Mapping | CameraMove):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(value)
    raise InvalidInstruction(
        "A camera is one move, such as {'type': 'dolly'}, or a list of moves, "
        f"not {short(value)}."
    )


def _empty_as_none(value: object) -> object:
    return None if isinstance(value, Mapping) and not value else value


def _list_as_tuple(value: object) -> object:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else value


def _one_or_many(schema: dict[str, Any]) -> None:
    """Tell the JSON Schema that a camera may also be one move, as the brief writes it."""
    many = {"type": "array", "items": schema.pop("items"), "maxItems": schema.pop("maxItems")}
    schema.pop("type")
    one_move = dict(many["items"])
    nothing = {"type": "object", "additionalProperties": False}
    schema["anyOf"] = [one_move, many, nothing]


@dataclass(frozen=True)
class TimedMove:
    """A camera move with its place in the clip."""

    move: CameraMove
    start: float
    """When it starts, seconds."""
    end: float
    """When it ends, seconds."""


class MotionControl(_Instruction):
    """What a shot is asked to do: the camera, the subjects, the weather. All three are optional.

    ``MotionControl()`` is a camera that stands still for three seconds.
    """

    camera: Annotated[
        tuple[CameraMove, ...],
        Field(max_length=MAX_MOVES, json_schema_extra=_one_or_many),
        BeforeValidator(_as_list),
    ] = Field(
        default=(),
        description="One camera move, or a list of moves that run together or in turn.",
    )
    objects: Annotated[
        tuple[SubjectAction, ...], Field(max_length=MAX_OBJECTS), BeforeValidator(_list_as_tuple)
    ] = Field(default=(), description="What the subjects do.")
    environmental: Annotated[Environment | None, BeforeValidator(_empty_as_none)] = Field(
        default=None, description="Weather, particles and wind."
    )

    @model_validator(mode="after")
    def _fits_in_a_clip(self) -> Self:
        # A hair of tolerance: stretched moves add up to the limit only within rounding.
        if self.duration > LIMITS.clip_seconds + 1e-6:
            raise InvalidInstruction(
                f"The camera moves last {self.duration:g} s together; the limit is "
                f"{LIMITS.clip_seconds} s. Shorten them, or let some run at the same time."
            )
        for timed in self.timeline:
            if timed.end <= timed.start:
                raise InvalidInstruction(
                    f"{_opening(timed.move.label)} starts at {timed.start:g} s, when the clip is "
                    f"over ({self.duration:g} s). Start it earlier or give it a duration."
                )
        return self

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MotionControl:
        """Read a control from plain values, such as the brief's dict; ``{}`` stands still.

        Raises ``InvalidInstruction`` with one sentence for each thing that is wrong.
        """
        if isinstance(values, MotionControl):
            return values
        if not isinstance(values, Mapping):
            raise InvalidInstruction(
                f"A motion control is an object with the keys {_one_of(list(cls.model_fields))}, "
                f"not {type(values).__name__}."
            )
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            single = ("camera",) if isinstance(values.get("camera"), Mapping) else ()
            raise InvalidInstruction(explain_errors(error, cls, single)) from None
        except RecursionError:
            raise InvalidInstruction("The motion control is nested too deeply.") from None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; one move is written as one object, as the brief writes it."""
        values: dict[str, Any] = {}
        if len(self.camera) == 1:
            values["camera"] = self.camera[0].to_dict()
        elif self.camera:
            values["camera"] = [move.to_dict() for move in self.camera]
        if self.objects:
            values["objects"] = [subject.model_dump(mode="json") for subject in self.objects]
        if self.environmental is not None:
            values["environmental"] = self.environmental.model_dump(mode="json")
        return values

    @property
    def moves(self) -> tuple[CameraMove, ...]:
        """The camera moves in the order they were given."""
        return self.camera

    @property
    def duration(self) -> float:
        """Length of the clip, seconds: the end of the last move, or 3 s without any."""
        ends = [end for _, end in self._spans() if end is not None]
        return max(ends, default=DEFAULT_SECONDS)

    @property
    def timeline(self) -> tuple[TimedMove, ...]:
        """The moves with their start and end in seconds, in order of start."""
        clip = self.duration
        timed = [
            TimedMove(move=move, start=start, end=clip if end is None else end)
            for move, (start, end) in zip(self.camera, self._spans(), strict=True)
        ]
        return tuple(sorted(timed, key=lambda entry: entry.start))

    @property
    def is_static(self) -> bool:
        """Whether the camera never moves at all."""
        return all(move.type == "static" or move.intensity == 0.0 for move in self.camera)

    def with_duration(self, seconds: float) -> MotionControl:
        """The same moves, all stretched or shortened together to fill a clip of that length.

        Raises ``InvalidInstruction`` unless ``seconds`` is above 0 and within the clip limit.
        """
        if not 0.0 < seconds <= LIMITS.clip_seconds:
            raise InvalidInstruction(
                f"The clip is asked to last {seconds} s; it must be above 0 and at most "
                f"{LIMITS.clip_seconds} s."
            )
        ratio = seconds / self.duration
        camera: tuple[CameraMove, ...] = tuple(
            move.model_copy(
                update={
                    "start": None if move.start is None else move.start * ratio,
                    "duration": None
                    if move.duration is None
                    else min(move.duration * ratio, seconds),
                }
            )
            for move in self.camera
        )
        if not any(move.duration is not None for move in camera):
            still = CameraMove(type="static", duration=seconds, start=0.0)
            camera = (still, *camera)
        return self.model_copy(update={"camera": camera})

    def not_yet_drawn(self) -> tuple[str, ...]:
        """What the embedded renderer accepts but does not draw yet, in plain sentences."""
        sentences = [
            f"The {subject.action.replace('_', ' ')} of {subject.id!r} is kept with the project "
            "but not drawn yet."
            for subject in self.objects
        ]
        air = self.environmental
        if air is not None and air.particle_effects != "none":
            effect = air.particle_effects.replace("_", " ")
            sentences.append(f"The {effect} is kept with the project but not drawn yet.")
        if air is not None and air.wind_direction != "still":
            sentences.append(
                f"The wind to the {air.wind_direction} is kept with the project but not drawn yet."
            )
        return tuple(sentences)

    def _spans(self) -> list[tuple[float, float | None]]:
        """Start and end of each move; None ends with the clip, and starts with it by default."""
        spans: list[tuple[float, float | None]] = []
        clock = 0.0
        for move in self.camera:
            if move.duration is None:
                spans.append((move.start or 0.0, None))
                continue
            start = clock if move.start is None else move.start
            clock = start + move.duration
            spans.append((start, clock))
        return spans


def motion_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a motion control, with every bound, default and help text."""
    schema = MotionControl.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Motion control"
    schema["description"] = "What a shot is asked to do: the camera, the subjects, the weather."
    return schema


__all__ = [
    "DEFAULT_SECONDS",
    "MOVE_TYPES",
    "CameraMove",
    "Environment",
    "MotionControl",
    "SubjectAction",
    "TimedMove",
    "motion_schema",
]
