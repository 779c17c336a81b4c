"""Subtitles: SubRip (.srt) and WebVTT (.vtt) from a film's captions, and captions from them.

WebVTT as in https://www.w3.org/TR/webvtt1/; SubRip has no standard, so it is read as loosely as
players read it. Our own reader, since what is wrong is to be told by its line.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

from synth.errors import InvalidInstruction, InvalidMedia
from synth.media.image import open_regular
from synth.sequence.places import whole_file
from synth.sequence.project import Project, Title

SubtitleFormat = Literal["srt", "vtt"]
TitleStyle = Literal["title", "lower_third", "caption"]

SPOKEN: Final[tuple[TitleStyle, ...]] = ("caption", "lower_third")
"""Styles that become subtitles; big titles are part of the picture."""

_MOST_BYTES: Final = 5_000_000
_MOST_TITLES: Final = 200
_MOST_LETTERS: Final = 300
_MOST_NOTES: Final = 20
_LONGEST: Final = 14_400
_CLOCK: Final = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
_TIMES: Final = re.compile(rf"^\s*{_CLOCK}\s*--?>\s*{_CLOCK}(?:\s.*)?$")
_TAGS: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<\d[\d:.]*>|\{\\[^{}]{0,200}\}")


def to_subtitles(
    project: Project, format: SubtitleFormat = "srt", *, styles: Iterable[TitleStyle] = SPOKEN
) -> str:
    """The film's titles of the given styles as subtitles, in order of their time.

    A second line goes below the first. Times are in milliseconds.

    Raises ``InvalidInstruction`` when there is nothing to write, or for an unknown format.
    """
    if format not in ("srt", "vtt"):
        raise InvalidInstruction(f"Subtitles are srt or vtt, not {format!r}.")
    wanted = frozenset(styles)
    titles = sorted(
        (title for title in project.titles if title.style in wanted), key=lambda t: t.start
    )
    if not titles:
        raise InvalidInstruction(
            f"The film has no {' or '.join(sorted(wanted)).replace('_', ' ')} to write as "
            "subtitles."
        )
    blocks = ["WEBVTT"] if format == "vtt" else []
    for number, title in enumerate(titles, 1):
        start = round(title.start * 1000)
        end = start + max(1, round(title.seconds * 1000))
        mark = "." if format == "vtt" else ","
        lines = [*_lines(title.text), *_lines(title.second_line)] or ["\u00a0"]
        if format == "vtt":
            lines = [html.escape(line, quote=False) for line in lines]
        times = f"{_clock(start, mark)} --> {_clock(end, mark)}"
        blocks.append("\n".join((str(number), times, *lines)))
    return "\n\n".join(blocks) + "\n"


def write_subtitles(
    project: Project, path: str | os.PathLike[str], *, styles: Iterable[TitleStyle] = SPOKEN
) -> None:
    """Write ``to_subtitles`` into a file, whole or not at all; its suffix, .srt or .vtt, decides.

    Raises as ``to_subtitles`` does.
    """
    target = Path(path)
    format: SubtitleFormat = "vtt" if target.suffix.lower() == ".vtt" else "srt"
    text = to_subtitles(project, format, styles=styles)
    with whole_file(target) as partial:
        partial.write_text(text, "utf-8")


def read_subtitles(path: str | os.PathLike[str]) -> tuple[tuple[Title, ...], tuple[str, ...]]:
    """Captions from an .srt or .vtt file, whatever its line ends and its encoding.

    Formatting is left out; UTF-8 and UTF-16 are told by their bytes, anything else is read as
    Windows Western (cp1252), and a note says so.

    Returns:
        The captions in order, at most 200, and in sentences, with line numbers, what was wrong.

    Raises:
        InvalidMedia: no such file, or no subtitle in it that can be read.
        LimitExceeded: larger than allowed.
    """
    name = Path(path).name
    with open_regular(path, _MOST_BYTES, "subtitle file") as file:
        raw = file.read()
    notes: list[str] = []
    text = _decoded(raw, notes)
    lines = re.split(r"\r\n|\r|\n", text)
    titles: list[Title] = []
    at = 0
    while at < len(lines):
        found = _TIMES.match(lines[at])
        if found is None:
            if "-->" in lines[at]:
                notes.append(f"Line {at + 1}: the times {lines[at].strip()[:60]!r} make no sense.")
            at += 1
            continue
        line = at + 1
        at += 1
        body: list[str] = []
        # A cue ends with an empty line; where that is missing, before the next cue's times.
        while at < len(lines) and lines[at].strip() and not _TIMES.match(lines[at]):
            body.append(lines[at])
            at += 1
        if at < len(lines) and _TIMES.match(lines[at]) and body and body[-1].strip().isdecimal():
            body.pop()
        title = _title(found, body, line, notes)
        if title is not None:
            titles.append(title)
    if not titles:
        why = f" {notes[-1]}" if notes else ""
        raise InvalidMedia(
            f"{name!r} holds no subtitle that can be read.{why} Save it as .srt or .vtt."
        )
    titles.sort(key=lambda title: title.start)
    if len(titles) > _MOST_TITLES:
        notes.append(
            f"The file has {len(titles)} subtitles; a film holds {_MOST_TITLES}. The later ones "
            "are left out."
        )
    overlaps = sum(
        after.start < before.start + before.seconds - 1e-3 for before, after in pairwise(titles)
    )
    if overlaps:
        notes.append(f"{overlaps} subtitle{'s' * (overlaps > 1)} begin before the last one ends.")
    if len(notes) > _MOST_NOTES:
        notes = [*notes[:_MOST_NOTES], f"And {len(notes) - _MOST_NOTES} more notes like these."]
    return tuple(titles[:_MOST_TITLES]), tuple(notes)


def _title(found: re.Match[str], body: list[str], line: int, notes: list[str]) -> Title | None:
    start, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
    kept = [html.unescape(_TAGS.sub("", text)).strip() for text in body]
    kept = ["".join(c for c in text if c.isprintable()) for text in kept]
    kept = [text for text in kept if text]
    if not kept:
        notes.append(f"Line {line}: a subtitle without words was left out.")
        return None
    if end <= start or start > _LONGEST:
        notes.append(f"Line {line}: it would end before it begins, or hours after any film's end.")
        return None
    # Two lines stay two of the same size: the second line of a title is a smaller one.
    words = "\n".join(kept)
    if len(words) > _MOST_LETTERS:
        notes.append(f"Line {line}: {len(words)} characters; cut to {_MOST_LETTERS}.")
        words = words[: _MOST_LETTERS - 1].rstrip() + "…"
    return Title(
        text=words, style="caption", start=start, seconds=min(3600.0, max(0.1, end - start)),
        fade=0.0,
    )  # fmt: skip


def _decoded(raw: bytes, notes: list[str]) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append("The file is not UTF-8; it was read as Windows Western (cp1252).")
        return raw.decode("cp1252", "replace")


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((fraction or "0").ljust(3, "0")) / 1000


def _clock(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{rest:03d}"


def _lines(text: str) -> list[str]:
    """A text's lines without what would end a cue or begin another."""
    lines = (line.replace("-->", "→").strip() for line in text.splitlines())
    return [line for line in lines if line]
