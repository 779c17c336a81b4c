"""Our films as OpenTimelineIO timelines (https://opentimelineio.readthedocs.io)."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synth.errors import InvalidInstruction
from synth.sequence import times
from synth.sequence.exchange.ours import (
    CAMERA,
    ITEM,
    KEY,
    ORDER,
    PROJECT,
    SHOT,
    UNUSED,
    WRITTEN,
    pack,
)
from synth.sequence.places import whole_file
from synth.sequence.project import Clip, Gap, MediaRef, Project, SequenceShot, SoundTrack
from synth.sequence.project import Transition as OurTransition
from synth.sequence.times import exact_rate

if TYPE_CHECKING:
    from opentimelineio.opentime import RationalTime, TimeRange
    from opentimelineio.schema import Marker, Timeline, Track

SOUND_RATE: Final = 48_000
"""Ticks per second of times of sound: samples."""


def to_otio(
    project: Project,
    lengths: Mapping[str, int],
    *,
    links: Mapping[str, str] | None = None,
) -> Timeline:
    """The film as an OpenTimelineIO timeline that loses nothing of ours.

    Clips, gaps, dissolves, sound, titles and beats (as markers) stand in OpenTimelineIO's own
    terms; all that it has no terms for, the camera first of all, rides in the metadata under
    ``motion_synth``, and ``from_otio`` puts it together again.

    Args:
        project: the project.
        lengths: frames that each shot has at the film's rate, by id; a shot that is missing here
            gets no available range, and must have a source range on the timeline.
        links: where each shot's finished clip lies, by id, as a path or URL; without it clips
            name the file that they are made from.

    Raises ``InvalidInstruction`` for a clip whose length is not known.
    """
    import opentimelineio as otio

    links = links or {}
    shots = {values["id"]: values for values in project.to_dict()["shots"]}
    fps = project.output.fps
    timeline = otio.schema.Timeline(project.name)
    rest, unused = _rest(project)
    timeline.metadata[KEY] = {
        PROJECT: pack(rest),
        ORDER: [shot.id for shot in project.shots],
        UNUSED: pack(unused),
    }
    film = otio.schema.Track("Film", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(film)
    seconds = Fraction(0)
    for item in project.timeline:
        if isinstance(item, OurTransition):
            film.append(_transition(item))
        elif isinstance(item, Gap):
            seconds += item.duration.seconds
            whole = otio.opentime.TimeRange(
                _time(times.RationalTime.of(0, item.duration.rate)), _time(item.duration)
            )
            gap = otio.schema.Gap(source_range=whole)
            gap.metadata[KEY] = {ITEM: pack(item.model_dump(mode="json")), WRITTEN: _four(whole)}
            film.append(gap)
        else:
            shot = project.shot(item.shot)
            span = _span(item, lengths, fps)
            seconds += span.duration.seconds
            known = lengths.get(shot.id)
            available = None if known is None else _range(_from_start(known, fps))
            found = otio.schema.ExternalReference(
                target_url=links.get(shot.id) or _url(shot.media), available_range=available
            )
            found.name = shot.media.name or shot.id
            found.metadata[KEY] = {"sha256": shot.media.sha256, "kind": shot.media.kind}
            clip = otio.schema.Clip(shot.id, found, _range(span))
            clip.metadata[KEY] = {
                ITEM: pack(item.model_dump(mode="json")),
                SHOT: pack(shots[shot.id]),
                CAMERA: _camera(shot),
                WRITTEN: _four(_range(span)),
            }
            film.append(clip)
    for number, sound in enumerate(project.sound.tracks, 1):
        timeline.tracks.append(_sound(number, sound, seconds))
    for marker in _markers(project):
        timeline.tracks.markers.append(marker)
    return timeline


def write_otio(
    project: Project,
    lengths: Mapping[str, int],
    path: str | os.PathLike[str],
    *,
    links: Mapping[str, str] | None = None,
) -> None:
    """Write ``to_otio`` into a file, which appears whole or not at all; arguments as there."""
    text = to_otio(project, lengths, links=links).to_json_string(indent=2)
    with whole_file(Path(path)) as partial:
        partial.write_text(text, "utf-8")


def _rest(project: Project) -> tuple[dict[str, Any], list[Any]]:
    """The project without what stands on the timeline, and its shots that nothing uses."""
    values = project.to_dict()
    values.pop("timeline")
    values.pop("titles")
    values["sound"] = {
        name: value for name, value in values["sound"].items() if name not in ("tracks", "beats")
    }
    used = {item.shot for item in project.timeline if isinstance(item, Clip)}
    return values, [shot for shot in values.pop("shots") if shot["id"] not in used]


def _camera(shot: SequenceShot) -> dict[str, Any]:
    if not shot.is_photo:
        return {}
    if shot.shot.trajectory is not None:
        return {"trajectory": shot.shot.trajectory.to_dict()}
    return {"motion": shot.shot.motion.to_dict()}


def _span(item: Clip, lengths: Mapping[str, int], fps: times.FrameRate) -> times.TimeRange:
    if item.source_range is not None:
        return item.source_range
    if item.shot not in lengths:
        raise InvalidInstruction(
            f"The timeline uses all of the shot {item.shot!r}, whose length is not known here. "
            "Add its file, or trim the clip."
        )
    return _from_start(lengths[item.shot], fps)


def _from_start(frames: int, fps: times.FrameRate) -> times.TimeRange:
    return times.TimeRange(
        start_time=times.RationalTime.of(0, fps), duration=times.RationalTime.of(frames, fps)
    )


def _transition(item: OurTransition) -> Any:
    import opentimelineio as otio

    kinds = otio.schema.TransitionTypes
    plain = item.type == "dissolve"
    made = otio.schema.Transition(
        name=item.type,
        transition_type=kinds.SMPTE_Dissolve if plain else kinds.Custom,
        in_offset=_time(item.in_offset),
        out_offset=_time(item.out_offset),
    )
    reach = [made.in_offset.value, made.in_offset.rate, made.out_offset.value, made.out_offset.rate]
    made.metadata[KEY] = {
        "type": item.type, ITEM: pack(item.model_dump(mode="json")), WRITTEN: reach,
    }  # fmt: skip
    return made


def _sound(number: int, sound: SoundTrack, film: Fraction) -> Track:
    import opentimelineio as otio

    track = otio.schema.Track(
        f"{sound.role.capitalize()} {number}", kind=otio.schema.TrackKind.Audio
    )
    start = _samples(sound.start)
    if start.value:
        track.append(otio.schema.Gap(source_range=_stretch(_samples(0), start)))
    length = sound.seconds if sound.seconds is not None else max(0.0, float(film) - sound.start)
    span = _stretch(_samples(sound.trim_start), _samples(length))
    found = otio.schema.ExternalReference(target_url=_url(sound.media))
    found.name = sound.media.name
    found.metadata[KEY] = {"sha256": sound.media.sha256, "kind": sound.media.kind}
    clip = otio.schema.Clip(sound.media.name or sound.role, found, span)
    clip.metadata[KEY] = {
        ITEM: pack(sound.model_dump(mode="json")),
        WRITTEN: [start.value, *_four(span)],
    }
    track.append(clip)
    return track


def _markers(project: Project) -> Iterator[Marker]:
    import opentimelineio as otio

    rate = exact_rate(project.output.fps)
    colours = otio.schema.MarkerColor
    for title in project.titles:
        span = otio.opentime.TimeRange(_frames(title.start, rate), _frames(title.seconds, rate))
        marker = otio.schema.Marker(title.text, span, colours.YELLOW)
        marker.metadata[KEY] = {
            "kind": "title", ITEM: pack(title.model_dump(mode="json")), WRITTEN: _four(span),
        }  # fmt: skip
        yield marker
    for beat in project.sound.beats:
        span = otio.opentime.TimeRange(_frames(beat, rate), _frames(0, rate))
        marker = otio.schema.Marker("beat", span, colours.CYAN)
        marker.metadata[KEY] = {"kind": "beat", ITEM: pack(beat), WRITTEN: _four(span)}
        yield marker


def _url(ref: MediaRef) -> str:
    """A relative URL of the file's own name: other programs look beside the timeline."""
    return urllib.parse.quote(ref.name or ref.sha256)


def _time(time: times.RationalTime) -> RationalTime:
    import opentimelineio as otio

    return otio.opentime.RationalTime(time.value, float(exact_rate(time.rate)))


def _range(span: times.TimeRange) -> TimeRange:
    return _stretch(_time(span.start_time), _time(span.duration))


def _stretch(start: RationalTime, length: RationalTime) -> TimeRange:
    import opentimelineio as otio

    return otio.opentime.TimeRange(start, length)


def _samples(seconds: float) -> RationalTime:
    import opentimelineio as otio

    return otio.opentime.RationalTime(round(seconds * SOUND_RATE), SOUND_RATE)


def _frames(seconds: float, rate: Fraction) -> RationalTime:
    import opentimelineio as otio

    return otio.opentime.RationalTime(round(Fraction(seconds) * rate), float(rate))


def _four(span: TimeRange) -> list[float]:
    """A range's four numbers."""
    start, length = span.start_time, span.duration
    return [start.value, start.rate, length.value, length.rate]
