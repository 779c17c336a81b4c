"""The pictures of an OpenTimelineIO track as items of a project's timeline."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from synth.errors import InvalidInstruction
from synth.limits import LIMITS
from synth.sequence.exchange.given import GivenMedia, base_name
from synth.sequence.exchange.otio_document import objects_in, schema_of
from synth.sequence.exchange.otio_times import four_of, own_time, seconds_of, text_of, two_of
from synth.sequence.exchange.ours import ITEM, SHOT, pack, unchanged, unpack
from synth.sequence.project import MediaRef
from synth.sequence.times import exact_rate
from synth.shot.model import FrameRate, Shot

_STILL_SECONDS: Final = 3
"""Of a still picture that says nothing of its length."""


class Importer:
    """Reads one track; ``shots`` and ``films`` fill while it does."""

    def __init__(self, fps: FrameRate, given: GivenMedia, notes: list[str]) -> None:
        self.shots: dict[str, dict[str, Any]] = {}
        """Plain values of all shots that were met, by id."""
        self.films: set[str] = set()
        """Hashes of the video clips from elsewhere, whose own sound plays with them."""
        self._fps: FrameRate = fps
        self._rate = exact_rate(fps)
        self._given = given
        self._notes = notes
        self._packed: dict[str, str] = {}
        self._foreign: dict[str, str] = {}
        self._stills: dict[str, Fraction] = {}

    def read(self, track: dict[str, Any]) -> list[dict[str, Any]]:
        """Plain values of the timeline's items, with gaps where a transition would hang loose."""
        children = objects_in(track, "children")
        cut = track.get("source_range")
        if cut is not None:
            self._notes.append("The track itself is trimmed; all of it was taken.")
        items: list[dict[str, Any]] = []
        at = Fraction(0)
        for place, child in enumerate(children):
            if schema_of(child) == "Transition":
                if not items or items[-1]["kind"] == "transition":
                    if items:
                        self._notes.append("Of two transitions in a row, one was left out.")
                        continue
                    items.append(self._gap(at, at))
                items.append(self._transition(child))
                continue
            item, length = self._item(child, children, place, at)
            items.append(item)
            at += length
        if items and items[-1]["kind"] == "transition":
            items.append(self._gap(at, at))
        return items

    def _item(
        self, child: dict[str, Any], children: list[dict[str, Any]], place: int, at: Fraction
    ) -> tuple[dict[str, Any], Fraction]:
        """The item, and how long the child is in the track, seconds."""
        metadata = child.get("metadata")
        item = unpack(metadata, ITEM)
        span = child.get("source_range")
        if isinstance(item, dict) and item.get("kind") in ("clip", "gap"):
            return self._ours(child, item), self._length(child)
        name = text_of(child, "name") or f"clip {place + 1}"
        length = self._length(child)
        if schema_of(child) == "Gap":
            return self._gap(at, at + length), length
        if schema_of(child) != "Clip":
            kind = schema_of(child) or "something unknown"
            self._notes.append(f"{name!r} is a {kind} inside the track; a gap stands for it.")
            return self._gap(at, at + length), length
        if child.get("enabled", True) is False:
            self._notes.append(f"The clip {name!r} is switched off; a gap stands for it.")
            return self._gap(at, at + length), length
        for effect in objects_in(child, "effects"):
            kind = schema_of(effect)
            self._notes.append(
                f"The clip {name!r} has a change of speed, which is left out."
                if kind in ("LinearTimeWarp", "FreezeFrame", "TimeEffect")
                else f"The clip {name!r} has an effect, which is left out."
            )
        ref = self._given.by_name(clip_names(child))
        if ref is None or ref.kind not in ("photo", "video"):
            shown = next(iter(clip_names(child)), name)
            self._notes.append(
                f"The clip {name!r} wants the file {base_name(shown)!r}, which was not given; a "
                f"gap of {float(length):g} s stands for it."
            )
            return self._gap(at, at + length), length
        start = Fraction(0)
        if isinstance(span, dict):
            start = seconds_of(span.get("start_time"), f"The start of {name!r}")
        reference = media_reference(child)
        available = reference.get("available_range")
        if isinstance(available, dict):
            # Files from cameras count from their own timecode, not from nought.
            start -= seconds_of(available.get("start_time"), f"The start of {name!r}")
        before, after = _reach(children, place)
        if ref.kind == "photo":
            start = before
            if length <= 0:
                length = Fraction(_STILL_SECONDS)
            self._stills[ref.sha256] = max(
                self._stills.get(ref.sha256, Fraction(0)), before + length + after
            )
        else:
            self.films.add(ref.sha256)
        id = self._stranger(ref, name)
        begin, end = self._frames(at), self._frames(at + length)
        source: dict[str, Any] | None = None
        if end > begin:
            first = max(0, self._frames(start))
            source = {"start_time": self._ticks(first), "duration": self._ticks(end - begin)}
        return {"kind": "clip", "shot": id, "source_range": source}, length

    def _ours(self, child: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        """An item that we wrote, with what another program changed on it since."""
        metadata, span = child.get("metadata"), child.get("source_range")
        four = four_of(span)
        if item["kind"] == "clip":
            shot = unpack(metadata, SHOT)
            if not isinstance(shot, dict) or not isinstance(shot.get("id"), str):
                raise InvalidInstruction(
                    f"The shot of {text_of(child, 'name')!r} inside this timeline is damaged. "
                    "Export it again."
                )
            item["shot"] = self._known(shot)
        if unchanged(metadata, four) or not four or not isinstance(span, dict):
            return item
        name = text_of(child, "name") or "a gap"
        length = own_time(span["duration"], f"The length of {name!r}", self._fps)
        if item["kind"] == "gap":
            item["duration"] = length.model_dump()
        else:
            start = own_time(span["start_time"], f"The start of {name!r}", self._fps)
            item["source_range"] = {
                "start_time": start.model_dump(), "duration": length.model_dump(),
            }  # fmt: skip
        return item

    def _known(self, shot: dict[str, Any]) -> str:
        """The id of a shot of ours; another with the same id, from another film, gets its own."""
        text = pack(shot)
        id, number = shot["id"], 2
        while self._packed.get(id, text) != text:
            id = f"{shot['id'][:56]}-{number}"
            shot = {**shot, "id": id}
            text = pack(shot)
            number += 1
        self._packed[id] = text
        self.shots[id] = shot
        return id

    def _stranger(self, ref: MediaRef, name: str) -> str:
        """The id of a shot for a file from elsewhere; each file is one shot."""
        if ref.sha256 not in self._foreign:
            stem = "".join(c for c in name if c not in "/\\").strip()[:56] or "shot"
            id, number = stem, 2
            while id in self.shots:
                id, number = f"{stem}-{number}", number + 1
            self._foreign[ref.sha256] = id
            self.shots[id] = {"id": id, "media": ref.model_dump(mode="json")}
        return self._foreign[ref.sha256]

    def finish(self) -> None:
        """Give the still pictures the length that the timeline shows of them."""
        for digest, needed in self._stills.items():
            id = self._foreign[digest]
            if needed > LIMITS.clip_seconds:
                self._notes.append(
                    f"The picture {id!r} is shown for {float(needed):g} s; a shot lasts at most "
                    f"{LIMITS.clip_seconds} s. Shorten it on the timeline."
                )
            seconds = max(0.1, min(float(needed), float(LIMITS.clip_seconds)))
            motion = {"camera": {"type": "static", "duration": seconds}}
            self.shots[id] = {
                **self.shots[id],
                "shot": Shot.from_dict({"motion": motion}).to_dict(),
            }

    def _transition(self, child: dict[str, Any]) -> dict[str, Any]:
        metadata = child.get("metadata")
        item = unpack(metadata, ITEM)
        reach = two_of(child.get("in_offset")) + two_of(child.get("out_offset"))
        if isinstance(item, dict) and item.get("kind") == "transition":
            if unchanged(metadata, reach):
                return item
        else:
            kind = text_of(child, "transition_type") or "unnamed"
            if kind != "SMPTE_Dissolve":
                self._notes.append(f"A transition of the kind {kind!r} became a dissolve.")
            item = {"kind": "transition", "type": "dissolve"}
        for part in ("in_offset", "out_offset"):
            time = own_time(child.get(part), "A transition's length", self._fps)
            item = {**item, part: time.model_dump()}
        return item

    def _length(self, child: dict[str, Any]) -> Fraction:
        """Seconds that a child takes in its track."""
        name = text_of(child, "name") or schema_of(child)
        for span in (child.get("source_range"), media_reference(child).get("available_range")):
            if isinstance(span, dict):
                found = seconds_of(span.get("duration"), f"The length of {name!r}")
                if found < 0:
                    raise InvalidInstruction(f"The length of {name!r} is below nought.")
                return found
        inner = objects_in(child, "children")
        if schema_of(child) == "Track":
            return sum((self._length(c) for c in inner if schema_of(c) != "Transition"), Fraction())
        if schema_of(child) == "Stack":
            return max((self._length(c) for c in inner), default=Fraction())
        return Fraction(0)

    def _gap(self, start: Fraction, end: Fraction) -> dict[str, Any]:
        frames = self._frames(end) - self._frames(start)
        return {"kind": "gap", "duration": self._ticks(frames)}

    def _frames(self, seconds: Fraction) -> int:
        return round(seconds * self._rate)

    def _ticks(self, frames: int) -> dict[str, Any]:
        return {"value": frames, "rate": self._fps}


def media_reference(child: dict[str, Any]) -> dict[str, Any]:
    """The media reference that a clip uses."""
    many = child.get("media_references")
    if not isinstance(many, dict):
        return {}
    key = child.get("active_media_reference_key")
    found = many.get(key) if isinstance(key, str) else None
    return found if isinstance(found, dict) else {}


def clip_names(child: dict[str, Any]) -> list[str]:
    """What a clip's file may be called, the surest first."""
    reference = media_reference(child)
    found = [text_of(reference, "target_url", 2000), text_of(reference, "name"),
             text_of(child, "name")]  # fmt: skip
    return [name for name in found if name]


def _reach(children: list[dict[str, Any]], place: int) -> tuple[Fraction, Fraction]:
    """Seconds that transitions take of a child before and after what lies between its cuts."""
    before = children[place - 1] if place else {}
    after = children[place + 1] if place + 1 < len(children) else {}
    what = "A transition's length"
    return (
        seconds_of(before.get("in_offset"), what)
        if schema_of(before) == "Transition" else Fraction(0),
        seconds_of(after.get("out_offset"), what)
        if schema_of(after) == "Transition" else Fraction(0),
    )  # fmt: skip
