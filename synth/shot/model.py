"""One shot as a person describes it: the motion, the lens, the output. This is what is saved."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from synth.backends.settings import BackendSettings
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.camera.sampling import keyed_path
from synth.errors import InvalidInstruction
from synth.explain import explain_errors
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.media import VideoFormat
from synth.motion import MotionControl, camera_path, frame_count
from synth.render.settings import LensSettings

SCHEMA = "motion-synth.shot/1"
"""Name and version of the JSON form; it stands in every file the product writes."""

Aspect = Literal["photo", "16:9", "9:16", "1:1", "4:5", "4:3", "3:2", "2.39:1"]
"""Shape of the frame; "photo" keeps the photo's own."""

ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

FrameRate = Literal["12", "15", "23.976", "24", "25", "29.97", "30", "48", "50", "59.94", "60"]
"""Frame rates that players and editors expect."""

FRAME_RATES: tuple[FrameRate, ...] = get_args(FrameRate)

_NTSC = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001),
         "59.94": Fraction(60000, 1001)}  # fmt: skip

_PLAIN_RATE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,12}|/[0-9]{1,6})?")

EdgePolicy = Literal["fit", "extend"]
"""What happens where the camera looks past the photo: zoom in until it does not, or invent more."""


def as_rate_name(value: object) -> object:
    """Take 24, 24.0, "24/1" or Fraction(24000, 1001) for the name of the rate they mean."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Fraction)):
        return value
    # Fraction would spend minutes and gigabytes on "1e999999999".
    if isinstance(value, str) and not _PLAIN_RATE.fullmatch(value.strip()):
        return value
    try:
        rate = float(Fraction(value))
    except (ValueError, ZeroDivisionError, OverflowError):
        return value
    for name in FRAME_RATES:
        if abs(rate - float(_NTSC.get(name, Fraction(name)))) < 2e-3:
            return name
    return value


def _as_backend(value: object) -> object:
    """Take a backend's plain name for its settings."""
    return {"name": value} if isinstance(value, str) else value


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class OutputSettings(_Settings):
    """The file that comes out."""

    long_side: int = Field(
        default=1280,
        ge=160,
        le=LIMITS.output_side,
        description="Longer side of the frame, pixels; 1280 is 720p for 16:9, 1920 is 1080p.",
    )
    aspect: Aspect = Field(
        default="photo", description="Shape of the frame; the photo is cropped about its centre."
    )
    fps: Annotated[FrameRate, BeforeValidator(as_rate_name)] = Field(
        default="24", description="Frames per second."
    )
    format: VideoFormat = Field(
        default="mp4",
        description="mp4 plays everywhere; webm; gif; prores for editing; png is a zip of frames.",
    )

    @property
    def rate(self) -> Fraction:
        """Frames per second, exact."""
        return _NTSC.get(self.fps) or Fraction(self.fps)

    def frame_size(self, photo_width: int, photo_height: int) -> tuple[int, int]:
        """Width and height of the frames for a photo of this size, pixels; both even."""
        if self.aspect == "photo":
            ratio = photo_width / photo_height
        else:
            across, down = self.aspect.split(":")
            ratio = float(across) / float(down)
        # A strip of a panorama would be too thin to encode or to look at.
        ratio = min(max(ratio, 1 / 4), 4.0)
        longer = _even(self.long_side)
        if ratio >= 1.0:
            return longer, _even(self.long_side / ratio)
        return _even(self.long_side * ratio), longer


class DepthSettings(_Settings):
    """How the photo's depth is found."""

    method: Literal["auto", "depth-anything", "embedded"] = Field(
        default="auto",
        description="auto takes the best that is at hand; embedded needs no model.",
    )
    strength: float = Field(
        default=1.0,
        ge=0.0,
        le=2.0,
        description="How deep the scene is: 0 is a flat print, 1 as estimated, 2 twice as deep.",
    )


class Shot(_Settings):
    """Everything that decides how one photo becomes one clip."""

    motion: MotionControl = Field(
        default_factory=lambda: MotionControl.from_dict({}),
        description="Camera, subjects and environment.",
    )
    trajectory: CameraKeys | None = Field(
        default=None,
        description="A keyed camera; it takes the place of the moves in motion.camera.",
    )
    prompt: str = Field(
        default="",
        max_length=LIMITS.prompt_characters,
        description="The shot in words; a tag such as <lora:ember:0.8> asks for a learned style.",
    )
    backend: Annotated[BackendSettings, BeforeValidator(_as_backend)] = Field(
        default=BackendSettings(), description="Who draws it."
    )
    output: OutputSettings = OutputSettings()
    lens: LensSettings = LensSettings()
    depth: DepthSettings = DepthSettings()
    focal_length: float = Field(
        default=50.0,
        ge=8.0,
        le=400.0,
        description="Lens the photo was taken with, millimetres on a full-frame camera.",
    )
    edge: EdgePolicy = Field(
        default="fit",
        description="fit zooms in until the move stays inside the photo; extend invents more.",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="For grain and invented parts.")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Shot:
        """A shot from plain values; raises ``InvalidInstruction`` naming each problem."""
        values = dict(values)
        schema = values.pop("schema", SCHEMA)
        if schema != SCHEMA:
            raise InvalidInstruction(
                f"This project says it is {str(schema)[:60]!r}; this version reads {SCHEMA!r}. "
                "Open it with the version that wrote it."
            )
        try:
            motion = values.get("motion")
            if isinstance(motion, dict):
                values["motion"] = MotionControl.from_dict(motion)
            trajectory = values.get("trajectory")
            if isinstance(trajectory, dict):
                values["trajectory"] = CameraKeys.from_dict(trajectory)
            return cls.model_validate(values)
        except ValidationError as error:
            raise InvalidInstruction(explain_errors(error, cls)) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> Shot:
        """A shot from JSON text; raises ``InvalidInstruction`` or ``LimitExceeded``."""
        values = read_json(text)
        if not isinstance(values, dict):
            raise InvalidInstruction("A shot is a JSON object, in curly brackets.")
        return cls.from_dict(values)

    @property
    def seconds(self) -> float:
        """Length of the clip, seconds."""
        return self.motion.duration if self.trajectory is None else self.trajectory.seconds

    @property
    def frames(self) -> int:
        """Number of frames of the clip."""
        keys = self.trajectory
        if keys is None:
            return frame_count(self.motion, self.output.rate)
        return max(1, round(keys.frames / keys.fps * self.output.rate))

    @property
    def loops(self) -> bool:
        """Whether the last frame is to lead into the first."""
        if self.trajectory is not None:
            return self.trajectory.loop
        return any(move.loop for move in self.motion.camera)

    def with_trajectory(self, keys: CameraKeys | None) -> Shot:
        """The same shot with a keyed camera, or with its moves again."""
        return self.model_copy(update={"trajectory": keys})

    def camera_path(self) -> CameraPath:
        """The camera of every frame, at the output's frame rate."""
        if self.trajectory is None:
            return camera_path(self.motion, fps=self.output.rate, focal_length=self.focal_length)
        return keyed_path(self.trajectory, fps=self.output.rate)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with the schema's name first; the usual backend is not told."""
        unsaid = {"motion", "trajectory"}
        if self.backend == BackendSettings():
            unsaid.add("backend")
        values = self.model_dump(mode="json", exclude=unsaid)
        keyed = {} if self.trajectory is None else {"trajectory": self.trajectory.to_dict()}
        return {"schema": SCHEMA, "motion": self.motion.to_dict(), **keyed, **values}

    def to_json(self, *, indent: int | None = None) -> str:
        """The shot as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)


def _even(length: float) -> int:
    """The nearest even number of pixels, at least 2: video halves its colour resolution."""
    return max(2, 2 * round(length / 2))
