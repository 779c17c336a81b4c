"""The motion control: what the camera, the subjects and the weather are asked to do.

It is the brief's dictionary as a checked, unchangeable value, with its JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)

from synth.errors import InvalidInstruction
from synth.explain import explain_errors, short
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.motion.catalogue import MOVE_TYPES
from synth.motion.instructions import (
    DEFAULT_SECONDS,
    CameraMove,
    Environment,
    Instruction,
    SubjectAction,
    one_of,
    opening,
)

MAX_MOVES: Final = 32
"""Most camera moves in one control."""

MAX_OBJECTS: Final = 32
"""Most subject actions in one control."""


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


class MotionControl(Instruction):
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
                    f"{opening(timed.move.label)} starts at {timed.start:g} s, when the clip is "
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
                f"A motion control is an object with the keys {one_of(list(cls.model_fields))}, "
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
            values["objects"] = [subject.to_dict() for subject in self.objects]
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


def parse_motion_json(text: str | bytes) -> MotionControl:
    """The motion control in a JSON text; raises as ``read_json`` and ``from_dict`` do."""
    return MotionControl.from_dict(read_json(text))


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
    "parse_motion_json",
]
