"""The project: everything that decides how a film of several shots looks and sounds.

It is the file people save, what ``/compose_sequence`` takes, and what rides inside the film. Its
timeline speaks OpenTimelineIO's terms (clips, gaps, transitions, source ranges, rational time):
the film is as long as the source ranges and gaps together, and a transition reaches
``in_offset`` before the cut and ``out_offset`` after it, into frames beyond the two source ranges.
Media are named by their content, never by a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from synth.errors import InvalidInstruction
from synth.explain import explain_errors, place
from synth.grade.settings import Grade
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.media import VideoFormat
from synth.sequence.future import Unknown, put_back, set_aside, strangers
from synth.sequence.times import RationalTime, TimeRange
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.sequence.values import Value, colour, one_line, plain
from synth.shot.model import SCHEMA as SHOT_SCHEMA
from synth.shot.model import Aspect, FrameRate, OutputSettings, Shot, as_rate_name

SCHEMA: Final = "motion-synth.project/1"
"""Name and version of the JSON form. A later form that only adds says "…/1.1"; it can be read."""

MOST_SHOTS: Final = 240
MOST_ITEMS: Final = 800
MOST_BEATS: Final = 5_000
MOST_VALUES: Final = 100_000
"""Most values of any kind in a project's JSON: all shots keyed by hand, all items, all beats."""

Colour = Annotated[str, AfterValidator(colour)]
"""An sRGB colour such as #1a2b3c."""

Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(plain)]
"""What people call a shot: no line breaks, no slashes."""

Decibels = Annotated[float, Field(ge=-60, le=24)]
Seconds = Annotated[float, Field(ge=0, le=14_400)]

MediaKind = Literal["photo", "video", "sound", "depth", "lut"]
Easing = Literal["linear", "ease-in", "ease-out", "ease-in-out"]


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class MediaRef(Value):
    """A file by its content."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the file's bytes.")
    name: Annotated[str, AfterValidator(plain)] = Field(
        default="", max_length=200, description="What its owner calls it; never a path."
    )
    kind: MediaKind = "photo"


class Style(Value):
    """A style laid over a shot before its grade."""

    look: str = Field(max_length=64, description="Name of a bundled look.")
    strength: float = Field(default=1.0, ge=0, le=1, description="0 is not at all.")


class SequenceShot(Value):
    """One shot that the timeline may use: a photo with a motion, or a clip as it is."""

    id: Name
    media: MediaRef = Field(description="The photo or the video clip.")
    shot: Shot = Field(
        default_factory=Shot, description="Of a photo: motion, trajectory, prompt, backend, lens."
    )
    depth: MediaRef | None = Field(default=None, description="The photo's depth map, if known.")
    style: Style | None = None
    grade: Grade | None = None
    lut: MediaRef | None = Field(default=None, description="A .cube that the grade uses.")
    matched: bool = Field(default=True, description="Whether colour matching touches it.")
    sound_gain: Decibels | None = Field(
        default=0.0, description="Of a clip's own sound, dB; None is silence."
    )
    later: Unknown = Field(
        default=(), exclude=True, repr=False,
        description="What a newer version wrote into shot and grade; not in the file as such.",
    )  # fmt: skip

    @property
    def is_photo(self) -> bool:
        """Whether it is drawn from a photo, and so has a camera and depth."""
        return self.media.kind == "photo"

    @property
    def is_geometry(self) -> bool:
        """Whether geometry draws it, so that transitions may draw frames of it anew."""
        return self.is_photo and self.shot.backend.name == "geometric"


class Clip(Value):
    """A shot, or a part of it, on the timeline."""

    kind: Literal["clip"] = "clip"
    shot: Name = Field(description="Id of the shot.")
    source_range: TimeRange | None = Field(
        default=None, description="What is seen between the cuts; None is all of it."
    )


class Gap(Value):
    """Nothing but a colour."""

    kind: Literal["gap"] = "gap"
    duration: RationalTime
    colour: Colour = "#000000"


class Transition(Value):
    """How the item before becomes the item after it."""

    kind: Literal["transition"] = "transition"
    type: str = Field(default="dissolve", max_length=40, description="Name of the transition.")
    in_offset: RationalTime = Field(description="How long before the cut it begins.")
    out_offset: RationalTime = Field(description="How long after the cut it ends.")
    easing: Easing = "linear"
    colour: Colour = Field(default="#000000", description="What a dip dips into.")
    reverse: bool = Field(
        default=False,
        description="Of a depth wipe: near first. Of a whip pan: to the other side.",
    )

    @model_validator(mode="before")
    @classmethod
    def _known(cls, values: Any) -> Any:
        if isinstance(values, dict):
            kind = values.get("type", "dissolve")
            kind = "dissolve" if kind == "fade" else kind
            if isinstance(kind, str) and kind not in TRANSITIONS:
                raise ValueError(
                    f"there is no transition {kind[:40]!r}; choose one of {', '.join(TRANSITIONS)}."
                )
            values = {**values, "type": kind}
        return values


Item = Annotated[Clip | Gap | Transition, Field(discriminator="kind")]


class SoundTrack(Value):
    """Music, a voice or an effect under the film."""

    media: MediaRef
    role: Literal["music", "voice", "effect"] = "music"
    start: Seconds = Field(default=0.0, description="Where in the film it begins.")
    trim_start: Seconds = Field(default=0.0, description="How much of its beginning is left out.")
    seconds: Annotated[float, Field(gt=0, le=14_400)] | None = Field(
        default=None, description="How much is played; None is all, or to the film's end."
    )
    gain: Decibels = 0.0
    fade_in: Annotated[float, Field(ge=0, le=60)] = 0.0
    fade_out: Annotated[float, Field(ge=0, le=60)] = 0.0
    loop: bool = Field(default=False, description="Begin again until the film ends.")


class SoundSettings(Value):
    """Everything that is heard."""

    tracks: Annotated[tuple[SoundTrack, ...], BeforeValidator(_listed), Field(max_length=64)] = ()
    ducking: Annotated[float, Field(ge=0, le=40)] = Field(
        default=12.0, description="How far music sinks while a voice is heard, dB; 0 is not."
    )
    loudness: Annotated[float, Field(ge=-40, le=-5)] | None = Field(
        default=-14.0, description="Of the whole film, LUFS; -14 suits the web. None leaves it."
    )
    beats: Annotated[
        tuple[Seconds, ...], BeforeValidator(_listed), Field(max_length=MOST_BEATS)
    ] = Field(
        default=(), description="Beats of the music in the film, seconds; cuts can snap to them."
    )


class Title(Value):
    """Words on the picture."""

    text: str = Field(min_length=1, max_length=300, description="First line.")
    second_line: str = Field(default="", max_length=300, description="Smaller, below it.")
    style: Literal["title", "lower_third", "caption"] = "title"
    start: Seconds = Field(default=0.0, description="In the film.")
    seconds: Annotated[float, Field(ge=0.1, le=3600)] = 3.0
    fade: Annotated[float, Field(ge=0, le=5)] = 0.4
    size: Annotated[float, Field(ge=0.2, le=4)] = Field(default=1.0, description="1 is usual.")
    colour: Colour = "#ffffff"


class ColourMatch(Value):
    """All shots follow the colours of one."""

    reference: Name = Field(description="Id of the shot that the others follow.")
    strength: float = Field(default=0.8, ge=0, le=1, description="1 is all the way.")


class FilmSettings(Value):
    """The file that comes out."""

    long_side: int = Field(
        default=1280,
        ge=160,
        le=LIMITS.output_side,
        description="Longer side of the film, pixels; 1280 is 720p for 16:9.",
    )
    aspect: Aspect = Field(default="photo", description='"photo" is the first shot\'s shape.')
    fps: Annotated[FrameRate, BeforeValidator(as_rate_name)] = "24"
    format: VideoFormat = "mp4"
    crf: int = Field(
        default=18,
        ge=0,
        le=51,
        description="H.264 quality of the film: lower is better and larger.",
    )

    @property
    def output(self) -> OutputSettings:
        """What each shot is drawn for."""
        return OutputSettings(
            long_side=self.long_side, aspect=self.aspect, fps=self.fps, format=self.format
        )


class Project(Value):
    """A film: its shots, its timeline, its sound and titles, and the file to make."""

    name: Annotated[str, AfterValidator(one_line)] = Field(
        default="Untitled", max_length=120, description="Of the film."
    )
    shots: Annotated[
        tuple[SequenceShot, ...], BeforeValidator(_listed), Field(max_length=MOST_SHOTS)
    ] = ()
    timeline: Annotated[
        tuple[Item, ...], BeforeValidator(_listed), Field(max_length=MOST_ITEMS)
    ] = ()
    lighting: str = Field(
        default="", max_length=400, description="A lighting cue that goes into every prompt."
    )
    match: ColourMatch | None = None
    sound: SoundSettings = SoundSettings()
    titles: Annotated[tuple[Title, ...], BeforeValidator(_listed), Field(max_length=200)] = ()
    output: FilmSettings = FilmSettings()
    written_as: str = Field(
        default=SCHEMA, exclude=True, repr=False,
        description="The form that it was read in; a newer one is kept when it is saved.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Names that fit together; lengths are the plan's affair, as they need the media."""
        ids = [shot.id for shot in self.shots]
        for twice in {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"the shot id {twice!r} stands twice; give each shot its own.")
        for item in self.timeline:
            if isinstance(item, Clip) and item.shot not in ids:
                raise ValueError(f"the timeline uses the shot {item.shot!r}, which is not there.")
        if self.match is not None and self.match.reference not in ids:
            raise ValueError(
                f"colours are matched to the shot {self.match.reference!r}, which is not there."
            )
        before: Clip | Gap | Transition | None = None
        for item in (*self.timeline, None):
            alone = item is None or before is None
            if (isinstance(before, Transition) or isinstance(item, Transition)) and (
                alone or (isinstance(before, Transition) and isinstance(item, Transition))
            ):
                raise ValueError("a transition stands between two clips or gaps, never alone.")
            before = item
        return self

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """A project from plain values; raises ``InvalidInstruction`` naming each problem."""
        if not isinstance(values, dict):
            raise InvalidInstruction("A project is a JSON object, in curly brackets.")
        values = dict(values)
        schema = values.pop("schema", SCHEMA)
        newer = _is_newer(schema)
        try:
            if isinstance(shots := values.get("shots"), list):
                values["shots"] = [_read_shot(shot, newer) for shot in shots]
            project = cls.model_validate({**values, "written_as": str(schema)})
        except ValidationError as error:
            raise InvalidInstruction(explain_errors(error, cls)) from None
        if not newer:
            for path, model in strangers(project):
                known = ", ".join(name for name in model.model_fields if name not in _OURS)
                raise InvalidInstruction(
                    f"{place(path)} is no field of a project. There it knows: {known}."
                )
        return project

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """A project from JSON text; raises ``InvalidInstruction`` or ``LimitExceeded``."""
        return cls.from_dict(
            read_json(text, most_bytes=4 * LIMITS.json_bytes, most_items=MOST_VALUES)
        )

    def shot(self, id: str) -> SequenceShot:
        """A shot by its id; raises ``InvalidInstruction``."""
        for shot in self.shots:
            if shot.id == id:
                return shot
        names = ", ".join(shot.id for shot in self.shots) or "none"
        raise InvalidInstruction(f"There is no shot {id[:64]!r}. There are: {names}.")

    def prompt(self, shot: SequenceShot) -> str:
        """The shot's words with the lighting cue of the whole film behind them."""
        words = shot.shot.prompt.strip()
        cue = self.lighting.strip()
        return f"{words.rstrip('.')}. {cue}" if words and cue else words or cue

    def with_shot(self, shot: SequenceShot) -> Self:
        """The project with this shot in place of the one of its id, or added."""
        shots = [shot if old.id == shot.id else old for old in self.shots]
        if all(old.id != shot.id for old in self.shots):
            shots.append(shot)
        return self.changed(shots=tuple(shots))

    def changed(self, **fields: Any) -> Self:
        """A copy with other fields, checked as a whole; raises ``InvalidInstruction``."""
        copy = self.model_copy(update=fields)
        try:
            return type(self).model_validate(copy.__dict__ | (copy.model_extra or {}))
        except ValidationError as error:
            raise InvalidInstruction(explain_errors(error, type(self))) from None

    def media(self) -> Iterator[MediaRef]:
        """Every file that the project needs; one that is used twice comes twice."""
        for shot in self.shots:
            yield from (ref for ref in (shot.media, shot.depth, shot.lut) if ref is not None)
        yield from (track.media for track in self.sound.tracks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with the schema's name first."""
        values = self.model_dump(mode="json", exclude={"shots"})
        shots = [
            put_back(
                {**shot.model_dump(mode="json", exclude={"shot"}), "shot": shot.shot.to_dict()},
                shot.later,
            )
            for shot in self.shots
        ]
        return {"schema": self.written_as, "name": values.pop("name"), "shots": shots, **values}

    def to_json(self, *, indent: int | None = None) -> str:
        """The project as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)


_OURS: Final = frozenset({"later", "written_as"})
"""Fields of the models that are not in the file."""

_LATER_SHOT: Final = re.compile(re.escape(SHOT_SCHEMA) + r"\.\d{1,4}")
"""The name of a shot's form that only adds to ours."""


def _is_newer(schema: object) -> bool:
    """Whether the text comes from a newer version that only added to ours."""
    found = re.fullmatch(r"motion-synth\.project/(\d{1,4})(?:\.(\d{1,4}))?", str(schema))
    if found is None or int(found[1]) != 1:
        raise InvalidInstruction(
            f"This project says it is {str(schema)[:60]!r}; this version reads {SCHEMA!r}. "
            "Open it with the version that wrote it."
        )
    return int(found[2] or 0) > 0


def _read_shot(values: Any, newer: bool) -> Any:
    """Raw values of a shot with its instructions checked; the rest is the model's affair."""
    if not isinstance(values, dict):
        return values
    values = {name: value for name, value in values.items() if name not in _OURS}
    told = dict(values["shot"]) if isinstance(values.get("shot"), dict) else None
    backend = values.pop("backend", None)  # where it stood before it was part of the shot
    if backend is not None and "backend" not in (told or {}):
        told = {**(told or {}), "backend": backend}
    later: list[tuple[tuple[str | int, ...], Any]] = []
    if told is not None:
        schema = str(told.get("schema", ""))
        if _LATER_SHOT.fullmatch(schema):
            newer = True
            later.append((("shot", "schema"), told.pop("schema")))
        values["shot"] = told
    if newer:
        for name, model in (("shot", Shot), ("grade", Grade)):
            if isinstance(values.get(name), dict):
                schema = {k: v for k, v in values[name].items() if k == "schema"}
                kept, unknown = set_aside(
                    {k: v for k, v in values[name].items() if k != "schema"}, model
                )
                values[name] = {**schema, **kept}
                later += [((name, *path), value) for path, value in unknown]
    if isinstance(values.get("shot"), dict):
        values["shot"] = Shot.from_dict(values["shot"])
    return {**values, "later": tuple(later)}
