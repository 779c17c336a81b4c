"""What may be asked of a retimed clip."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from synth.camera.easing import easing_name
from synth.errors import InvalidInstruction
from synth.explain import explain_errors, short
from synth.flow.rates import RateLike, exact, frame_rate
from synth.media.settings import VideoFormat

Mode: TypeAlias = Literal["fast", "quality", "learned"]
"""Who makes the new frames: two grades of our own flow, or a downloaded network."""

SoundPolicy: TypeAlias = Literal["keep_pitch", "varispeed", "drop"]
"""keep_pitch: stretched, voices stay as high as they were. varispeed: like tape, slower is deeper.
drop: no sound."""


def _rate_text(value: object) -> object:
    """Any spelling of a rate as an exact fraction in text."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, float, str, Fraction)):
        return str(frame_rate(value))
    return value


def _as_keys(value: object) -> object:
    """Keys as tuples, lists or objects, all as objects."""
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return tuple(_as_key(key) for key in value)


def _as_key(value: object) -> object:
    names = ("time", "speed", "ease")
    if isinstance(value, Sequence) and not isinstance(value, str) and 2 <= len(value) <= 3:
        return dict(zip(names, value, strict=False))
    return value


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class SpeedKey(_Settings):
    """The speed from one moment of the source on."""

    time: float = Field(ge=0, le=36_000, description="Moment of the source, seconds.")
    speed: float = Field(
        ge=1 / 16, le=16, description="1 is as it was, 0.25 four times slower, 2 twice as fast."
    )
    ease: Annotated[
        str, BeforeValidator(lambda name: easing_name(name) if isinstance(name, str) else name)
    ] = Field(default="linear", description="How the speed gets from here to the next key.")


class RetimeSettings(_Settings):
    """A whole request."""

    target_fps: Annotated[str | None, BeforeValidator(_rate_text)] = Field(
        default=None,
        description="Frames a second: 60, 23.976 or 30000/1001; left out, as the source.",
    )
    speed: float = Field(
        default=1.0, ge=1 / 16, le=16, description="Speed of the whole clip; 0.25 is slow motion."
    )
    speed_curve: Annotated[tuple[SpeedKey, ...], BeforeValidator(_as_keys)] = Field(
        default=(), max_length=64, description="A speed ramp; it takes the place of speed."
    )
    mode: Mode = Field(default="quality", description="fast, quality, or a learned network.")
    duplicates: Literal["keep", "replace"] = Field(
        default="keep",
        description="What happens to repeated frames: kept, or replaced by real motion.",
    )
    shutter_angle: float = Field(
        default=0.0,
        ge=0,
        le=360,
        description="Motion blur where several source frames fall on one, degrees; 0 is none.",
    )
    sound: SoundPolicy = Field(default="keep_pitch", description="What becomes of the sound.")
    start: float = Field(
        default=0.0, ge=0, le=36_000, description="Where to begin in the source, seconds."
    )
    seconds: float | None = Field(
        default=None, gt=0, le=36_000, description="How much of the source; left out, all of it."
    )
    format: VideoFormat = Field(default="mp4", description="Kind of file that is written.")
    crf: int = Field(
        default=18, ge=0, le=51, description="H.264 quality of the new file: lower is better."
    )

    @field_validator("speed_curve")
    @classmethod
    def _in_order(cls, keys: tuple[SpeedKey, ...]) -> tuple[SpeedKey, ...]:
        for before, after in pairwise(keys):
            if after.time <= before.time:
                raise ValueError(
                    f"the key at {after.time:g} s comes after the one at {before.time:g} s; "
                    "keys stand in the order of time, each at a moment of its own"
                )
        return keys

    @classmethod
    def from_values(
        cls,
        settings: RetimeSettings | Mapping[str, Any] | None = None,
        *,
        target_fps: RateLike | None = None,
        speed: float | None = None,
        speed_curve: Iterable[Any] | None = None,
    ) -> RetimeSettings:
        """A checked request from plain values; what is given by name goes before ``settings``.

        Args:
            settings: a request, or some of its fields by name.
            target_fps: frames per second in any spelling ``frame_rate`` knows.
            speed: of the whole clip.
            speed_curve: keys: ``SpeedKey``, or (time, speed) or (time, speed, ease), or dicts.

        Raises ``InvalidInstruction`` naming each problem, or ``LimitExceeded``.
        """
        if isinstance(settings, RetimeSettings):
            values = {name: getattr(settings, name) for name in cls.model_fields}
        elif settings is None or isinstance(settings, Mapping):
            values = dict(settings or {})
        else:
            raise InvalidInstruction(
                f"The settings are {short(settings)}; give an object of names and values."
            )
        named = {"target_fps": target_fps, "speed": speed, "speed_curve": speed_curve}
        values.update({name: value for name, value in named.items() if value is not None})
        for name in values:
            if name not in cls.model_fields:
                raise InvalidInstruction(_unknown(name, list(cls.model_fields)))
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InvalidInstruction(explain_errors(error, cls)) from None

    @property
    def rate(self) -> Fraction | None:
        """Frames per second of the new clip, exact; None keeps those of the source."""
        return None if self.target_fps is None else Fraction(self.target_fps)

    @property
    def begins(self) -> Fraction:
        """``start``, exact."""
        return exact(self.start)

    @property
    def lasts(self) -> Fraction | None:
        """``seconds``, exact."""
        return None if self.seconds is None else exact(self.seconds)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and for ``from_values``."""
        return self.model_dump(mode="json")


def _unknown(name: object, known: list[str]) -> str:
    close = difflib.get_close_matches(str(name)[:64], known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"Retiming has no setting {short(name)}. {hint}It knows {', '.join(known)}."
