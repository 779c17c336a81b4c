"""OpenTimelineIO timelines as projects: ours whole, other people's as far as they go."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from synth.errors import InvalidInstruction
from synth.json_text import read_json
from synth.sequence.exchange import otio_document
from synth.sequence.exchange.given import GivenMedia
from synth.sequence.exchange.otio_document import (
    find_timeline,
    objects_in,
    read_document,
    schema_of,
)
from synth.sequence.exchange.otio_items import Importer
from synth.sequence.exchange.otio_sound import read_sounds
from synth.sequence.exchange.otio_times import (
    four_of,
    nearest_rate,
    rate_name,
    seconds_of,
    text_of,
)
from synth.sequence.exchange.ours import ITEM, ORDER, PROJECT, UNUSED, ours, unchanged, unpack
from synth.sequence.project import MOST_ITEMS, SCHEMA, Project
from synth.sequence.shelf import Shelf
from synth.shot.model import FrameRate

if TYPE_CHECKING:
    from opentimelineio.schema import Timeline

_MOST_NOTES: Final = 40


def read_otio(
    path: str | os.PathLike[str],
    shelf: Shelf,
    *,
    media: Iterable[str | os.PathLike[str]] = (),
) -> tuple[Project, tuple[str, ...]]:
    """A project from an ``.otio`` file.

    A timeline of ours gives the project that it was written from; what another program changed
    on it since (order, trims, deletions) is kept. One from elsewhere is read as far as it goes:
    clips by the names of the given files, gaps, dissolves and sound. Paths and URLs inside the
    file are never opened.

    Args:
        path: the file.
        shelf: where the media lie, and where given files that the timeline uses are put.
        media: files for the clips, told by name, or by content where the timeline is ours.

    Returns:
        The project, and in sentences what was left out or changed.

    Raises:
        InvalidMedia: no such file, or not OpenTimelineIO.
        InvalidInstruction: values that make no sense.
        LimitExceeded: larger than allowed.
    """
    return _read(read_document(path), GivenMedia(media, shelf))


def from_otio(
    timeline: Timeline, shelf: Shelf, *, media: Iterable[str | os.PathLike[str]] = ()
) -> tuple[Project, tuple[str, ...]]:
    """A project from an OpenTimelineIO timeline in memory; the rest is as for ``read_otio``."""
    text = timeline.to_json_string()
    values = read_json(
        text,
        most_bytes=4 * otio_document.MOST_BYTES,
        most_items=otio_document.MOST_VALUES,
        most_depth=otio_document.MOST_DEPTH,
    )
    return _read(find_timeline(values), GivenMedia(media, shelf))


def _read(timeline: dict[str, Any], given: GivenMedia) -> tuple[Project, tuple[str, ...]]:
    notes: list[str] = []
    metadata = timeline.get("metadata")
    rest = unpack(metadata, PROJECT)
    if rest is not None and not isinstance(rest, dict):
        raise InvalidInstruction("The project inside this timeline is damaged. Export it again.")
    stack = timeline.get("tracks")
    tracks = [one for one in objects_in(stack, "children") if schema_of(one) == "Track"]
    film = _film_track(tracks, notes)
    values: dict[str, Any] = rest if rest is not None else {}
    fps = _rate(values, film, notes)
    importer = Importer(fps, given, notes)
    items = importer.read(film)
    importer.finish()
    if len(items) > MOST_ITEMS:
        raise InvalidInstruction(
            f"The timeline has {len(items)} items; a film has at most {MOST_ITEMS}. Split it."
        )
    titles, beats = _markers(stack, notes)
    audio = [t for t in tracks if t.get("kind") == "Audio" and t.get("enabled", True) is not False]
    if rest is None:
        values = {"schema": SCHEMA, "output": {"fps": fps}}
        notes.insert(0, "The timeline was made by another program; its cut was taken over.")
    if "name" not in values or timeline.get("name") != values["name"]:
        values["name"] = text_of(timeline, "name", 120) or values.get("name") or "Untitled"
    values["timeline"] = items
    values["shots"] = _in_order(metadata, importer.shots)
    sound = values.get("sound")
    values["sound"] = {
        **(sound if isinstance(sound, dict) else {}),
        "tracks": read_sounds(audio, given, importer.films, notes),
        "beats": beats,
    }
    values["titles"] = titles
    _keep_match(values, notes)
    project = Project.from_dict(values)
    for ref in project.media():
        given.supply(ref)
    told = list(dict.fromkeys(notes))
    if len(told) > _MOST_NOTES:
        told = [*told[:_MOST_NOTES], f"And {len(told) - _MOST_NOTES} more notes like these."]
    return project, tuple(told)


def _film_track(tracks: list[dict[str, Any]], notes: list[str]) -> dict[str, Any]:
    """The track that becomes the film: the lowest with pictures on it."""
    pictures = [
        track
        for track in tracks
        if track.get("kind") != "Audio" and track.get("enabled", True) is not False
    ]
    filled = [track for track in pictures if track.get("children")]
    if len(filled) > 1:
        notes.append(
            f"The timeline has {len(filled)} tracks of pictures; the lowest was taken. What lies "
            "above it is left out."
        )
    return (filled or pictures or [{}])[0]


def _rate(values: dict[str, Any], film: dict[str, Any], notes: list[str]) -> FrameRate:
    """The film's rate: ours as it says, another's by what most of its clips are counted in."""
    output = values.get("output")
    named = rate_name(output["fps"]) if isinstance(output, dict) and "fps" in output else None
    if named is not None:
        return named
    counted: Counter[float] = Counter()
    for child in objects_in(film, "children"):
        numbers = four_of(child.get("source_range"))
        if numbers and 1 <= numbers[3] <= 240:
            counted[numbers[3]] += 1
    if not counted:
        return "24"
    rate = counted.most_common(1)[0][0]
    found = rate_name(rate)
    if found is None:
        found = nearest_rate(rate)
        notes.append(f"The timeline runs at {rate:g} frames a second; the film has {found}.")
    return found


def _in_order(metadata: object, shots: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """All shots in the order that the project had them in; new ones at the end."""
    kept = dict(shots)
    unused = unpack(metadata, UNUSED)
    for shot in unused if isinstance(unused, list) else ():
        if isinstance(shot, dict) and isinstance(shot.get("id"), str):
            kept.setdefault(shot["id"], shot)
    order = ours(metadata).get(ORDER)
    listed = [id for id in order if isinstance(id, str)] if isinstance(order, list) else []
    ordered = [kept.pop(id) for id in dict.fromkeys(listed) if id in kept]
    return [*ordered, *kept.values()]


def _markers(stack: Any, notes: list[str]) -> tuple[list[Any], list[Any]]:
    """Titles and beats from the markers of the whole."""
    titles: list[Any] = []
    beats: list[Any] = []
    others = 0
    for marker in objects_in(stack, "markers"):
        metadata, span = marker.get("metadata"), marker.get("marked_range")
        kind, item = ours(metadata).get("kind"), unpack(metadata, ITEM)
        moved = not unchanged(metadata, four_of(span))
        if kind == "title" and isinstance(item, dict):
            if moved and isinstance(span, dict):
                item["start"] = float(seconds_of(span.get("start_time"), "A title's start"))
                item["seconds"] = float(seconds_of(span.get("duration"), "A title's length"))
            titles.append(item)
        elif kind == "beat":
            if moved and isinstance(span, dict):
                item = float(seconds_of(span.get("start_time"), "A beat's time"))
            beats.append(item)
        else:
            others += 1
    if others:
        notes.append(f"{others} marker{'s' * (others > 1)} of another program left out.")
    return titles, beats


def _keep_match(values: dict[str, Any], notes: list[str]) -> None:
    """A reference for colours that somebody deleted is no reason to refuse the rest."""
    match = values.get("match")
    if isinstance(match, dict):
        reference = match.get("reference")
        if all(shot.get("id") != reference for shot in values["shots"]):
            values["match"] = None
            notes.append(
                f"Colours were matched to the shot {str(reference)[:64]!r}, which is no longer on "
                "the timeline; they are not matched now."
            )
