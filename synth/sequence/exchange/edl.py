"""CMX3600 edit decision lists, the oldest way to hand over a cut; almost every editor reads them.

Written and read by the ``cmx_3600`` adapter of OpenTimelineIO. What this module adds: whole frame
rates (the list counts frames, non-drop), black for gaps, reels of legal names, one track of
pictures, and a word about all that such a list cannot hold.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synth.errors import InvalidInstruction, InvalidMedia
from synth.media.image import open_regular
from synth.sequence.exchange.otio_read import from_otio
from synth.sequence.exchange.otio_times import rate_name
from synth.sequence.places import whole_file
from synth.sequence.plan import FilmPlan, plan_film
from synth.sequence.project import Project
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card
from synth.sequence.times import exact_rate
from synth.shot.model import FRAME_RATES, FrameRate

if TYPE_CHECKING:
    from opentimelineio.schema import Timeline

_REEL_LETTERS: Final = 8
_MOST_EVENTS: Final = 999
_MOST_BYTES: Final = 2_000_000
_TIMECODE: Final = frozenset({24, 25, 30, 48, 50, 60})
_RESERVED: Final = frozenset({"AX", "BL", "BLACK", "BARS"})
_FIRST_HOUR: Final = 3600
_EVENT: Final = re.compile(r"^\d+\s+\S+\s+\S+\s+(\S+)\s")
_CLOCK: Final = re.compile(r"\b(\d\d[:;]\d\d[:;]\d\d)[:;.,](\d\d)\b")


def to_edl(project: Project, lengths: Mapping[str, int]) -> tuple[str, tuple[str, ...]]:
    """The cut as a CMX3600 edit decision list.

    Record times begin at 01:00:00:00 and follow each other without a hole. Each transition is
    written as a dissolve of its length, since a list knows no other of ours; black is the reel
    BL. Source times count from the first frame of each shot. At 23.976, 29.97 and 59.94 the
    timecode counts 24, 30 and 60 frames to its second (non-drop), and the list says so.

    Args:
        project: the project.
        lengths: frames that each shot has at the film's rate, by id.

    Returns:
        The list's text, and in sentences what it does not hold.

    Raises ``InvalidInstruction`` for a film that cannot be laid out, of more than 999 events, or
    of 12 or 15 frames a second, which timecode does not know.
    """
    import opentimelineio as otio

    plan = plan_film(project, lengths)
    count = _count(project.output.fps)
    if len(plan.cards) > _MOST_EVENTS:
        raise InvalidInstruction(
            f"The film has {len(plan.cards)} events; an edit decision list numbers at most "
            f"{_MOST_EVENTS}. Export it as OpenTimelineIO."
        )
    timeline = _timeline(project, plan, count)
    text = otio.adapters.write_to_string(timeline, "cmx_3600", rate=count, reelname_len=None)
    head, _, body = text.partition("\n\n")
    lines = [head, "FCM: NON-DROP FRAME", "", *_numbered(body.splitlines())]
    return "".join(f"{line}\r\n" for line in lines), tuple(_lost(project, plan))


def write_edl(
    project: Project, lengths: Mapping[str, int], path: str | os.PathLike[str]
) -> tuple[str, ...]:
    """Write ``to_edl`` into a file, whole or not at all; returns its notes, raises as it does."""
    text, notes = to_edl(project, lengths)
    with whole_file(Path(path)) as partial:
        partial.write_bytes(text.encode("ascii", "replace"))
    return notes


def read_edl(
    path: str | os.PathLike[str],
    shelf: Shelf,
    *,
    rate: FrameRate = "24",
    media: Iterable[str | os.PathLike[str]] = (),
) -> tuple[Project, tuple[str, ...]]:
    """A project from an edit decision list.

    Args:
        path: the file.
        shelf: where files that the list uses are put.
        rate: frames per second; a list does not say what it counts in.
        media: files for the clips, found by the names that the list has for them.

    Returns:
        The project, and in sentences what was left out or taken for granted.

    Raises:
        InvalidMedia: no such file, or no edit decision list.
        InvalidInstruction: times that make no sense, or a rate that is not known.
    """
    import opentimelineio as otio

    # The adapter counts in whole frames; whatever is dropped is dropped from the clock alone.
    name = rate_name(rate)
    if name is None:
        raise InvalidInstruction(
            f"The rate {rate!r} is not known; use one of {', '.join(FRAME_RATES)}."
        )
    count = _count(name)
    with open_regular(path, _MOST_BYTES, "edit decision list") as file:
        text = file.read().decode("latin-1")
    shown = Path(path).name
    lines, notes = _prepared(text, name, count)
    if not any(_EVENT.match(line) for line in lines):
        raise InvalidMedia(f"{shown!r} is no edit decision list: it has no event.")
    plain = "\n".join(lines)
    try:
        try:
            timeline = otio.adapters.read_from_string(plain, "cmx_3600", rate=count)
        except Exception as strict:  # the adapter raises whatever its parsing meets
            timeline = otio.adapters.read_from_string(
                plain, "cmx_3600", rate=count, ignore_timecode_mismatch=True
            )
            notes.append(f"Its times do not fit together ({str(strict)[:120]}); clips keep theirs.")
        _at_rate(timeline, name)
    except Exception as error:
        raise InvalidMedia(
            f"{shown!r} cannot be read as a CMX3600 edit decision list: {str(error)[:200]}. "
            "Export it again as CMX3600."
        ) from error
    project, told = from_otio(timeline, shelf, media=media)
    project = project.changed(output=project.output.model_copy(update={"fps": name}))
    return project, (*notes, *told)


def _count(name: FrameRate) -> int:
    """Frames to a second of timecode."""
    count = round(exact_rate(name))
    if count not in _TIMECODE:
        raise InvalidInstruction(
            f"Timecode knows no {count} frames a second. Make the film at 24, 25 or 30, or use "
            "OpenTimelineIO."
        )
    return count


def _timeline(project: Project, plan: FilmPlan, count: int) -> Timeline:
    """The plan's cards end to end, at a whole frame rate, as the adapter wants them."""
    import opentimelineio as otio

    def time(frames: int) -> Any:
        return otio.opentime.RationalTime(frames, count)

    timeline = otio.schema.Timeline(_plain(project.name) or "UNTITLED")
    track = otio.schema.Track("V", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    # What comes before the first event sets the record time at which it starts.
    track.source_range = None
    reels = _reels(project, plan)
    shared = 0
    for place, card in enumerate(plan.cards):
        own = card.way.frames if card.way is not None and place + 1 < len(plan.cards) else 0
        head = shared // 2
        length = card.frames - head - (own - own // 2)
        span = otio.opentime.TimeRange(time(card.start + head), time(length))
        clip = otio.schema.Clip(_title(project, card), None, span)
        clip.metadata["cmx_3600"] = {"reel": reels[card.shot], "comments": _comments(project, card)}
        track.append(clip)
        if own:
            track.append(
                otio.schema.Transition(
                    transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
                    in_offset=time(own // 2),
                    out_offset=time(own - own // 2),
                )
            )
        shared = own
    hour = otio.schema.Gap(source_range=otio.opentime.TimeRange(time(0), time(_FIRST_HOUR * count)))
    track.insert(0, hour)
    return timeline


def _numbered(lines: list[str]) -> Iterator[str]:
    """The events without those of no length: a shot that is all transition needs none."""
    events: list[list[str]] = []
    for line in lines:
        if line[:1].isdigit() and (not events or events[-1][0][:3] != line[:3]):
            events.append([])
        events[-1].append(line)
    number = 0
    for event in events:
        numbered = [line for line in event if line[:1].isdigit()]
        start, end = numbered[-1].split()[-2:]
        if start == end:
            continue
        number += 1
        for line in event:
            yield f"{number:03d}{line[3:]}" if line[:1].isdigit() else line


def _title(project: Project, card: Card) -> str:
    if card.shot is None:
        return ""
    return _plain(project.shot(card.shot).media.name) or _plain(card.shot) or "SHOT"


def _comments(project: Project, card: Card) -> list[str]:
    """The shot and its words as remarks, which editors show and never obey."""
    found = []
    if card.shot is not None:
        shot = project.shot(card.shot)
        found.append(f"SHOT: {_plain(card.shot)}")
        if words := _plain(shot.shot.prompt.strip()):
            found.append(f"COMMENT: {words[:120]}")
    if card.way is not None and card.way.type != "dissolve":
        found.append(f"NEXT TRANSITION: {card.way.type}")
    return found


def _reels(project: Project, plan: FilmPlan) -> dict[str | None, str]:
    """A reel of at most eight capitals and digits for each shot, no two alike."""
    found: dict[str | None, str] = {None: "BL"}
    for card in plan.cards:
        if card.shot in found or card.shot is None:
            continue
        stem = re.sub(r"[^A-Z0-9]", "", _plain(card.shot).upper())[:_REEL_LETTERS] or "SHOT"
        reel, number = stem, 2
        while reel in found.values() or reel in _RESERVED:
            reel = f"{stem[: _REEL_LETTERS - len(str(number))]}{number}"
            number += 1
        found[card.shot] = reel
    return found


def _lost(project: Project, plan: FilmPlan) -> Iterable[str]:
    used = [project.shot(card.shot) for card in plan.cards if card.shot is not None]
    ways = sorted({c.way.type for c in plan.cards if c.way is not None} - {"dissolve"})
    if any(shot.is_photo for shot in used):
        yield (
            "An edit decision list has no cameras: shots of photos are named as if they were "
            "clips. Render each shot to a file of that name first, or use OpenTimelineIO."
        )
    if ways:
        yield f"Transitions became dissolves of the same length: {', '.join(ways)}."
    if project.sound.tracks or any(not s.is_photo and s.sound_gain is not None for s in used):
        yield "Sound, its levels and its fades are not in the list."
    if project.titles:
        yield "Titles are not in the list; export them as subtitles."
    if any(card.shot is None and card.colour.lower() != "#000000" for card in plan.cards):
        yield "Plain colours became black."
    if project.match is not None or any(shot.grade or shot.style for shot in used):
        yield "Grades, looks and colour matching are not in the list."
    if plan.rate.denominator != 1:
        yield (
            f"The film runs at {project.output.fps} frames a second; the timecode is non-drop and "
            f"counts {round(plan.rate)} frames to its second, so it runs slower than the clock."
        )


def _prepared(text: str, name: FrameRate, count: int) -> tuple[list[str], list[str]]:
    """The list's lines with what the adapter cannot read made plain, and notes about it."""
    notes = [f"The list was read at {name} frames a second; a list does not say its rate."]
    drops = name in ("29.97", "59.94") and bool(
        re.search(r"FCM:\s*DROP", text, re.IGNORECASE) or re.search(r"\d\d;\d\d\b", text)
    )
    lines: list[str] = []
    for raw in text.splitlines():
        line = raw.strip().lstrip("\ufeff")
        event = _EVENT.match(line)
        if event is not None:
            line = _CLOCK.sub(
                lambda found: _counted(found, count) if drops else f"{found[1]}:{found[2]}",
                line.replace(";", ":"),
            )
            kind = event[1]
            if kind not in ("C", "D") and not re.fullmatch(r"W\d{3}", kind):
                notes.append(f"An event of the kind {kind[:8]!r} was left out.")
                continue
        elif line and not line.startswith(("TITLE:", "FCM", "SPLIT", "*", "M2")):
            continue
        lines.append(line)
    if drops:
        notes.append("Its timecode drops numbers; it was counted in frames.")
    return lines, notes


def _counted(found: re.Match[str], count: int) -> str:
    """Drop-frame timecode as the non-drop timecode of the same frame (SMPTE ST 12-1)."""
    hours, minutes, seconds = (int(part) for part in re.split("[:;]", found[1]))
    total_minutes = hours * 60 + minutes
    dropped = (count // 15) * (total_minutes - total_minutes // 10)
    frames = (total_minutes * 60 + seconds) * count + int(found[2]) - dropped
    rest, frame = divmod(frames, count)
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}:{frame:02d}"


def _at_rate(timeline: Timeline, name: FrameRate) -> None:
    """The same frames, counted at the film's own rate, and black as gaps."""
    import opentimelineio as otio

    rate = float(exact_rate(name))

    def time(old: Any) -> Any:
        return otio.opentime.RationalTime(round(old.value), rate)

    def span(old: Any) -> Any:
        return otio.opentime.TimeRange(time(old.start_time), time(old.duration))

    for track in timeline.tracks:
        track.source_range = None
        for place, child in enumerate(list(track)):
            if isinstance(child, otio.schema.Transition):
                child.in_offset, child.out_offset = time(child.in_offset), time(child.out_offset)
                continue
            child.source_range = span(child.source_range)
            reference = getattr(child, "media_reference", None)
            if isinstance(reference, otio.schema.GeneratorReference):
                track[place] = otio.schema.Gap(source_range=child.source_range)
            elif reference is not None:
                reference.available_range = None
                reel = child.metadata.get("cmx_3600", {}).get("reel")
                # The adapter calls a clip without a name by its number.
                if child.name.isdigit() and reel:
                    reference.name = str(reel)


def _plain(text: str) -> str:
    """A text that can stand in a list: printable ASCII on one line, without its accents."""
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c if c.isascii() and c.isprintable() else "_" for c in text)[:200].strip()
