"""A camera path as a person keys it: the keyframes and the rules between them. This is saved.

Nothing here computes a path; ``synth.camera.sampling`` turns these values into the camera of every
frame. Every bound, default and help text stands on its field and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
    model_validator,
)

from synth.camera.conventions import DEFAULT_FOCAL_LENGTH, HOME_DISTANCE
from synth.camera.easing import EASINGS, cubic_bezier, easing_name
from synth.errors import InvalidInstruction, LimitExceeded
from synth.explain import explain_errors
from synth.json_text import read_json
from synth.limits import LIMITS

SCHEMA: Final = "motion-synth.camera/1"
"""Name and version of the JSON form of a keyed camera."""

MAX_KEYS: Final = 10_000
"""Most keyframes in one path."""

MAX_FRAMES: Final = 100_000
"""Most frames in one path; what may be rendered is limited by ``LIMITS.clip_seconds``."""

FARTHEST: Final = 10_000.0
"""Largest coordinate, scene units: a thousand times the distance to the subject."""

Curve = Literal["hold", "linear", "smooth", "catmull_rom", "bezier", "tcb"]
"""How numbers run from key to key:

- hold: stay until the next key, then jump;
- linear: straight, at even speed;
- smooth: a monotone cubic (PCHIP), which never overshoots a key;
- catmull_rom: a centripetal Catmull-Rom spline, rounder than smooth;
- bezier: a cubic Bézier curve with the keys' tangents;
- tcb: a Kochanek-Bartels spline with the keys' tension, continuity and bias.
"""

CURVES: Final[tuple[Curve, ...]] = get_args(Curve)

TurnCurve = Literal["angles", "hold", "linear", "smooth", "catmull_rom", "bezier", "tcb"]
"""How rotations run from key to key. ``angles`` interpolates pitch, yaw and roll as plain numbers,
so a yaw from 0 to 720 turns twice; all others turn along quaternions: ``linear`` is slerp, the
others smooth rotation splines, the short way round unless a key says ``long_way``."""

TURN_CURVES: Final[tuple[TurnCurve, ...]] = get_args(TurnCurve)

Easing = str | tuple[float, float, float, float]
"""A name from ``EASINGS``, or the handles (x1, y1, x2, y2) of a CSS ``cubic-bezier``."""


def _listed(value: object) -> object:
    """Lists from JSON as the tuples that the models hold, whole numbers as floats."""
    if isinstance(value, list | tuple):
        return tuple(
            float(v) if isinstance(v, int) and not isinstance(v, bool) and abs(v) < 2**53 else v
            for v in value
        )
    return value


Coordinate = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]
Angle = Annotated[float, Field(ge=-36_000.0, le=36_000.0)]
Place = Annotated[tuple[Coordinate, Coordinate, Coordinate], BeforeValidator(_listed)]
"""``(x, y, z)``, scene units."""
Turn = Annotated[tuple[Angle, Angle, Angle], BeforeValidator(_listed)]
"""``(pitch, yaw, roll)``, degrees."""
Shape = Annotated[float, Field(ge=-1.0, le=1.0)]


def _rate(value: object) -> object:
    """24, 23.976, "24", "24000/1001" as an exact fraction; NTSC decimals mean x1000/1001."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        return value
    if isinstance(value, str) and (len(value) > 24 or "e" in value.lower()):
        return value
    try:
        rate = Fraction(value).limit_denominator(1_000_000)
    except (ValueError, ZeroDivisionError, OverflowError):
        return value
    if rate.denominator == 1:
        return rate
    whole = -(-rate.numerator // rate.denominator)
    exact = Fraction(whole * 1000, 1001)
    return exact if abs(rate - exact) < Fraction(1, 1000) else rate


Rate = Annotated[
    Fraction, BeforeValidator(_rate), PlainSerializer(lambda rate: str(rate), return_type=str)
]
"""Frames per second, exact; written as text, such as "24" or "24000/1001"."""


class _Value(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True,
        arbitrary_types_allowed=True,
    )  # fmt: skip


class CameraKey(_Value):
    """One keyframe: the camera at one frame, and how it leaves it."""

    frame: float = Field(
        ge=0.0,
        le=MAX_FRAMES,
        description="Frame number; 0 is the first, the clip's number of frames its end. "
        "Parts of frames are allowed.",
    )
    position: Place = Field(default=(0.0, 0.0, HOME_DISTANCE), description="(x, y, z), units.")
    rotation: Turn = Field(default=(0.0, 0.0, 0.0), description="(pitch, yaw, roll), degrees.")
    focal_length: float = Field(
        default=DEFAULT_FOCAL_LENGTH, ge=4.0, le=1200.0, description="Millimetres, full frame."
    )
    easing: Easing = Field(
        default="linear",
        description="How the time to the next key is spent: a name, or four numbers of a "
        "cubic-bezier.",
    )
    curve: Curve | None = Field(
        default=None, description="Curve of the position to the next key; the path's if empty."
    )
    turn_curve: TurnCurve | None = Field(
        default=None, description="Curve of the rotation to the next key; the path's if empty."
    )
    lens_curve: Curve | None = Field(
        default=None, description="Curve of the focal length to the next key; the path's if empty."
    )
    tangent_in: Place | None = Field(
        default=None,
        description="Bézier handle towards the key before, as an offset in units; automatic if "
        "empty.",
    )
    tangent_out: Place | None = Field(
        default=None, description="Bézier handle towards the next key, likewise."
    )
    tension: Shape = Field(default=0.0, description="Kochanek-Bartels: 1 is tight, -1 is round.")
    continuity: Shape = Field(default=0.0, description="Kochanek-Bartels: not 0 makes a corner.")
    bias: Shape = Field(default=0.0, description="Kochanek-Bartels: 1 overshoots after the key.")
    long_way: bool = Field(
        default=False, description="Turn to the next key the long way round, over 180 degrees."
    )

    @field_validator("easing", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if isinstance(value, str):
            return easing_name(value)
        value = _listed(value)
        if isinstance(value, tuple) and len(value) == 4 and all(map(_is_number, value)):
            cubic_bezier(*value)
        return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class TargetKey(_Value):
    """Where the camera's target is at one frame."""

    frame: float = Field(ge=0.0, le=MAX_FRAMES, description="Frame number.")
    position: Place = Field(description="(x, y, z), scene units.")


class LookAt(_Value):
    """A point that the camera always looks at, standing still or moving."""

    target: Place = Field(default=(0.0, 0.0, 0.0), description="The point, scene units.")
    keys: tuple[TargetKey, ...] = Field(
        default=(),
        max_length=MAX_KEYS,
        description="Where the point is over time, for a target that moves; smooth between them.",
    )

    @field_validator("keys", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class Handheld(_Value):
    """Shake on top of the path, as of a camera carried by hand."""

    strength: float = Field(default=0.3, ge=0.0, le=1.0, description="0 is none, 1 is strong.")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Another number, another shake.")


class CameraKeys(_Value):
    """A whole camera path: its length, its keys, and the rules between them."""

    frames: int = Field(default=120, ge=1, le=MAX_FRAMES, description="Frames in the clip.")
    fps: Rate = Field(default=Fraction(24), description="Rate that frame numbers count in, 1/s.")
    keys: tuple[CameraKey, ...] = Field(
        default=(CameraKey(frame=0.0),), min_length=1, max_length=MAX_KEYS,
        description="The keyframes; they are kept in order of time.",
    )  # fmt: skip
    curve: Curve = Field(default="linear", description="Curve of positions between keys.")
    turn_curve: TurnCurve = Field(default="angles", description="Curve of rotations.")
    lens_curve: Curve = Field(default="linear", description="Curve of focal lengths.")
    constant_speed: bool = Field(
        default=False,
        description="Travel from the first key to the last at one speed; the keys' times and "
        "easings then only shape the first and last moment.",
    )
    loop: bool = Field(
        default=False, description="Return smoothly from the last key to the first at the end."
    )
    look_at: LookAt | None = Field(
        default=None, description="What the camera looks at, whatever its keys' pitch and yaw say."
    )
    hold_size: bool = Field(
        default=False,
        description="Dolly zoom: the focal length follows the distance to the target (or the "
        "subject), which keeps its size; the first key's lens counts.",
    )
    handheld: Handheld | None = Field(default=None, description="Shake on top of everything.")

    @field_validator("fps")
    @classmethod
    def _possible_rate(cls, value: Fraction) -> Fraction:
        if not 0 < value <= LIMITS.video_fps:
            raise ValueError(
                f"The frame rate is {float(value):g}; it must be above 0 and at most "
                f"{LIMITS.video_fps}."
            )
        return value

    @field_validator("keys", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("keys")
    @classmethod
    def _in_order(cls, value: tuple[CameraKey, ...]) -> tuple[CameraKey, ...]:
        return tuple(sorted(value, key=lambda key: key.frame))

    @model_validator(mode="after")
    def _one_key_a_frame(self) -> Self:
        for before, after in zip(self.keys, self.keys[1:], strict=False):
            if before.frame == after.frame:
                raise InvalidInstruction(
                    f"Two keys stand on frame {after.frame:g}. Move or delete one of them."
                )
        if self.keys[-1].frame > self.frames:
            raise InvalidInstruction(
                f"A key stands on frame {self.keys[-1].frame:g}, but the clip ends at frame "
                f"{self.frames}. Move the key or lengthen the clip."
            )
        return self

    @property
    def seconds(self) -> float:
        """Length of the clip, seconds."""
        return float(self.frames / self.fps)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CameraKeys:
        """A path from plain values; raises ``InvalidInstruction`` naming each problem."""
        if not isinstance(values, Mapping):
            raise InvalidInstruction(
                f"A camera path is a JSON object, in curly brackets, not {type(values).__name__}."
            )
        values = dict(values)
        schema = values.pop("schema", SCHEMA)
        if schema != SCHEMA:
            raise InvalidInstruction(
                f"This camera path says it is {str(schema)[:60]!r}; this version reads {SCHEMA!r}. "
                "Open it with the version that wrote it."
            )
        keys = values.get("keys")
        if isinstance(keys, list | tuple) and len(keys) > MAX_KEYS:
            raise LimitExceeded(
                f"The path has {len(keys):,} keys; the limit is {MAX_KEYS:,}. Thin it out."
            )
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InvalidInstruction(explain_errors(error, cls)) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> CameraKeys:
        """A path from JSON text; raises ``InvalidInstruction`` or ``LimitExceeded``."""
        return cls.from_dict(read_json(text, most_bytes=20_000_000, most_items=40 * MAX_KEYS))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with the schema's name first; fields at their default are left out."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        return {
            "schema": SCHEMA, "frames": self.frames, "fps": str(self.fps), **values,
            "keys": [
                {"frame": key.frame, "position": list(key.position),
                 "rotation": list(key.rotation), "focal_length": key.focal_length,
                 **key.model_dump(mode="json", exclude_defaults=True)}
                for key in self.keys
            ],
        }  # fmt: skip

    def to_json(self, *, indent: int | None = None) -> str:
        """The path as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)


__all__ = [
    "CURVES",
    "EASINGS",
    "MAX_FRAMES",
    "MAX_KEYS",
    "SCHEMA",
    "TURN_CURVES",
    "CameraKey",
    "CameraKeys",
    "Curve",
    "Easing",
    "Handheld",
    "LookAt",
    "TargetKey",
    "TurnCurve",
]
