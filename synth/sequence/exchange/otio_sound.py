"""The audio tracks of an OpenTimelineIO timeline as sound tracks of a project."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from synth.sequence.exchange.given import GivenMedia, base_name
from synth.sequence.exchange.otio_document import objects_in, schema_of
from synth.sequence.exchange.otio_items import clip_names, media_reference
from synth.sequence.exchange.otio_times import four_of, seconds_of, text_of
from synth.sequence.exchange.otio_write import SOUND_RATE
from synth.sequence.exchange.ours import ITEM, unchanged, unpack


def read_sounds(
    tracks: list[dict[str, Any]], given: GivenMedia, films: set[str], notes: list[str]
) -> list[dict[str, Any]]:
    """Plain values of a project's sound tracks; sound of video clips plays with them anyway.

    Args:
        tracks: audio tracks, as plain values.
        given: where files are looked for.
        films: hashes of the video clips on the timeline.
        notes: what was left out is told here.
    """
    found: list[dict[str, Any]] = []
    for track in tracks:
        at = Fraction(0)
        for child in objects_in(track, "children"):
            kind = schema_of(child)
            if kind == "Transition":
                notes.append("A fade between two sounds is left out; give the sounds fades.")
                continue
            if not kind:
                continue
            span = child.get("source_range")
            if not isinstance(span, dict):
                span = media_reference(child).get("available_range")
            length = Fraction(0)
            if isinstance(span, dict):
                length = seconds_of(span.get("duration"), "A sound's length")
            if kind == "Clip":
                sound = _sound(child, span, at, length, given, films, notes)
                if sound is not None:
                    found.append(sound)
            at += length
    return found


def _sound(
    child: dict[str, Any], span: Any, at: Fraction, length: Fraction, given: GivenMedia,
    films: set[str], notes: list[str],
) -> dict[str, Any] | None:  # fmt: skip
    metadata = child.get("metadata")
    item = unpack(metadata, ITEM)
    four = four_of(span)
    times: dict[str, Any] = {"start": float(at)}
    if four and isinstance(span, dict):
        times["trim_start"] = float(seconds_of(span.get("start_time"), "A sound's start"))
        times["seconds"] = float(length)
    if isinstance(item, dict):
        if unchanged(metadata, [float(round(at * SOUND_RATE)), *four]):
            return item
        return {**item, **times}
    name = text_of(child, "name") or "a sound"
    ref = given.by_name(clip_names(child))
    if ref is None:
        wanted = base_name(next(iter(clip_names(child)), name))
        notes.append(f"The sound {name!r} wants the file {wanted!r}, which was not given.")
        return None
    if ref.kind == "video" and ref.sha256 in films:
        return None
    if ref.kind == "photo" or length <= 0:
        notes.append(f"The sound {name!r} has no sound or no length, and is left out.")
        return None
    return {"media": {**ref.model_dump(mode="json"), "kind": "sound"}, "role": "music", **times}
