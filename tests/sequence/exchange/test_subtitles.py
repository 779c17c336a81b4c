from __future__ import annotations

from pathlib import Path

import av
import pytest

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.sequence.exchange.subtitles import read_subtitles, to_subtitles, write_subtitles
from synth.sequence.project import Project, Title

PROJECT = Project(
    titles=(
        Title(text="Second", style="caption", start=3725.4996, seconds=2.5),
        Title(text="First & <last>", second_line="below", style="lower_third", start=1.25),
        Title(text="Big", style="title", start=0.0),
        Title(text="a\n\n1\n00:00 --> b", style="caption", start=8.0, seconds=0.1),
    )
)

SRT = """\
1
00:00:01,250 --> 00:00:04,250
First & <last>
below

2
00:00:08,000 --> 00:00:08,100
a
1
00:00 → b

3
01:02:05,500 --> 01:02:08,000
Second
"""


def _file(tmp_path: Path, text: str | bytes, name: str = "x.srt") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_srt_is_written_as_players_read_it() -> None:
    assert to_subtitles(PROJECT) == SRT


def test_vtt_begins_with_its_name_and_escapes_what_would_be_a_tag() -> None:
    text = to_subtitles(PROJECT, "vtt")
    assert text.startswith("WEBVTT\n\n1\n00:00:01.250 --> 00:00:04.250\nFirst &amp; &lt;last&gt;\n")


def test_titles_are_written_when_asked_for() -> None:
    assert "Big" not in to_subtitles(PROJECT)
    assert "Big" in to_subtitles(PROJECT, styles=("title",))
    with pytest.raises(InvalidInstruction, match="no caption or lower third"):
        to_subtitles(Project(titles=PROJECT.titles[2:3]))
    with pytest.raises(InvalidInstruction, match="srt or vtt"):
        to_subtitles(PROJECT, "ass")  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", ["srt", "vtt"])
def test_what_is_written_is_read_by_ffmpeg_and_by_us(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"film.{suffix}"
    write_subtitles(PROJECT, path)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.size]
        base = packets[0].time_base
        assert base is not None
        starts = [float((packet.pts or 0) * base) for packet in packets]
    assert starts == [1.25, 8.0, 3725.5]
    titles, notes = read_subtitles(path)
    assert [title.text for title in titles] == [
        "First & <last>\nbelow" if suffix == "vtt" else "First &\nbelow",
        "a\n1\n00:00 → b", "Second",
    ]  # fmt: skip
    assert [(t.start, round(t.seconds, 3), t.style) for t in titles] == [
        (1.25, 3.0, "caption"), (8.0, 0.1, "caption"), (3725.5, 2.5, "caption"),
    ]  # fmt: skip
    assert notes == ()


PLAIN = "1\n00:00:01,000 --> 00:00:02,500\nCafé – „oui“\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end_is_read(encoding: str, ends: str, tmp_path: Path) -> None:
    raw = PLAIN.replace("\n", ends).encode(encoding)
    if encoding == "utf-16-le":
        raw = b"\xff\xfe" + raw
    titles, notes = read_subtitles(_file(tmp_path, raw))
    assert [title.text for title in titles] == ["Café – „oui“", "b"]
    assert (titles[0].start, titles[0].seconds) == (1.0, 1.5)
    assert bool(notes) == (encoding == "cp1252")


def test_what_players_put_up_with_is_read(tmp_path: Path) -> None:
    text = """\
WEBVTT - a film

STYLE
::cue { color: red }

NOTE nothing

intro
00:01.000 --> 00:02.000 align:start position:10%
<v Anna>Hello <i>there</i> <00:01.500>now &amp; then

00:00:00.5 -> 00:00:00.9
{\\an8}top
2
00:00:05,000 --> 00:00:07,000
no empty line before
"""
    titles, notes = read_subtitles(_file(tmp_path, text))
    assert [(title.text, title.start) for title in titles] == [
        ("top", 0.5), ("Hello there now & then", 1.0), ("no empty line before", 5.0),
    ]  # fmt: skip
    assert notes == ()


def test_what_is_wrong_is_told_by_its_line(tmp_path: Path) -> None:
    text = (
        "1\n00:00:xx,000 --> 00:00:02,000\nbad\n\n"
        "2\n00:00:05,000 --> 00:00:04,000\nbackwards\n\n"
        "3\n00:00:06,000 --> 00:00:07,000\n\n"
        "4\n00:00:08,000 --> 00:00:10,000\n" + "long " * 100 + "\n\n"
        "5\n00:00:09,000 --> 00:00:11,000\nover\n"
    )
    titles, notes = read_subtitles(_file(tmp_path, text))
    assert [title.start for title in titles] == [8.0, 9.0]
    assert len(titles[0].text) <= 300
    told = "\n".join(notes)
    for words in ("Line 2: the times", "Line 6: it would end", "Line 10: a subtitle without",
                  "Line 13: 499 characters", "1 subtitle begin"):  # fmt: skip
        assert words in told, told


def test_more_than_a_film_holds_is_cut_and_told(tmp_path: Path) -> None:
    cues = "\n".join(f"{n}\n00:{n // 60:02}:{n % 60:02},0 --> 00:59:59,0\nx\n" for n in range(250))
    titles, notes = read_subtitles(_file(tmp_path, cues))
    assert len(titles) == 200
    assert any("250" in note for note in notes)


@pytest.mark.parametrize("content", [b"hello", b"\0" * 99, b"1\n00:00:99 --> x\nq"], ids=range(3))
def test_what_is_no_subtitle_file_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidMedia, match="no subtitle"):
        read_subtitles(_file(tmp_path, content))


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.srt"
    with path.open("wb") as file:
        file.truncate(5_000_001)
    with pytest.raises(LimitExceeded):
        read_subtitles(path)
