from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from synth.errors import InvalidInstruction, InvalidMedia
from synth.sequence.exchange.edl import read_edl, to_edl, write_edl
from synth.sequence.plan import plan_film
from synth.sequence.project import (
    FilmSettings,
    MediaRef,
    Project,
    SequenceShot,
    SoundSettings,
    SoundTrack,
    Title,
)
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange, cards
from synth.shot.model import FrameRate

LENGTHS = {"one": 200, "two": 200, "three": 200}
EVENT = re.compile(r"(\d{3})  (\S+) +V +(?:C|D (\d{3})) +(\S{11}) (\S{11}) (\S{11}) (\S{11})")


def _project(*storyboard: Card, fps: FrameRate = "24", kind: str = "video") -> Project:
    shots = tuple(
        SequenceShot(id=id, media=MediaRef(sha256=letter * 64, name=f"{id}.mp4", kind=kind))  # type: ignore[arg-type]
        for id, letter in (("one", "a"), ("two", "b"), ("three", "c"))
    )
    plain = Project(name="A Café", shots=shots, output=FilmSettings(fps=fps))
    return arrange(plain, storyboard)


CARDS = (
    Card("one", 5, 100, Way("dissolve", 13)),
    Card("two", 0, 60, Way("whip_pan", 8)),
    Card(None, 0, 40, Way("dissolve", 6), "#ff0000"),
    Card("three", 20, 50),
    Card(None, 0, 12),
    Card("one", 120, 30),
)


def _frames(timecode: str, count: int) -> int:
    hours, minutes, seconds, frames = (int(part) for part in timecode.split(":"))
    assert frames < count
    return ((hours * 60 + minutes) * 60 + seconds) * count + frames


@pytest.mark.parametrize(
    ("fps", "count"),
    [("23.976", 24), ("24", 24), ("25", 25), ("29.97", 30), ("59.94", 60)],
)
def test_record_times_follow_each_other_and_end_with_the_film(fps: FrameRate, count: int) -> None:
    project = _project(*CARDS, fps=fps)
    text, notes = to_edl(project, LENGTHS)
    assert text.startswith("TITLE: A Cafe\r\nFCM: NON-DROP FRAME\r\n\r\n001")
    events: dict[int, list[tuple[str, int, list[int]]]] = {}
    for found in EVENT.finditer(text):
        number, reel, blend, *clocks = found.groups()
        times = [_frames(clock, count) for clock in clocks]
        events.setdefault(int(number), []).append((reel, int(blend or 0), times))
    assert list(events) == [1, 2, 3, 4, 5, 6]
    record = 3600 * count
    for lines in events.values():
        *cut, (reel, blend, (source_in, source_out, record_in, record_out)) = lines
        assert record_in == record
        assert source_out - source_in == record_out - record_in > 0
        assert re.fullmatch(r"[A-Z0-9]{1,8}", reel)
        assert bool(cut) == bool(blend)
        for _, none, times in cut:
            # The outgoing side: of no length, where the last event ended.
            assert none == 0
            assert times[0] == times[1]
            assert times[2] == times[3] == record_in
        record = record_out
    plan = plan_film(project, LENGTHS)
    assert record - 3600 * count == plan.frames
    assert [lines[-1][1] for lines in events.values()] == [0, 13, 8, 6, 0, 0]
    assert [lines[-1][0] for lines in events.values()] == ["ONE", "TWO", "BL", "THREE", "BL", "ONE"]
    starts = [lines[-1][2][0] for lines in events.values()]
    assert starts == [5, 0, 0, 20, 0, 120]
    told = " ".join(notes)
    assert ("non-drop" in told) == ("." in fps)
    assert "whip_pan" in told
    assert "became black" in told


def test_what_a_list_cannot_hold_is_told() -> None:
    project = _project(Card("one", 0, 10), kind="photo").changed(
        titles=(Title(text="x"),),
        sound=SoundSettings(tracks=(SoundTrack(media=MediaRef(sha256="d" * 64, kind="sound")),)),
    )
    told = " ".join(to_edl(project, LENGTHS)[1])
    for word in ("cameras", "Sound", "Titles"):
        assert word in told
    silent = _project(Card("one", 0, 10))
    silent = silent.changed(
        shots=tuple(shot.model_copy(update={"sound_gain": None}) for shot in silent.shots)
    )
    assert to_edl(silent, LENGTHS)[1] == ()


def test_a_shot_that_is_all_transition_makes_no_event_of_no_length() -> None:
    text, _ = to_edl(_project(Card("one", 0, 10, Way("dissolve", 10)), Card("two", 0, 30)), LENGTHS)
    lines = [found.groups() for found in EVENT.finditer(text)]
    assert [line[:3] for line in lines] == [("001", "ONE", None), ("001", "TWO", "010")]


def test_reels_are_legal_and_no_two_alike() -> None:
    names = ["a very long name", "a very longer one", "日本", "BL", "ax", "Ünï 1"]
    shots = tuple(
        SequenceShot(id=name, media=MediaRef(sha256=f"{i:064d}")) for i, name in enumerate(names)
    )
    project = arrange(Project(shots=shots), [Card(name, 0, 10) for name in names])
    text, _ = to_edl(project, dict.fromkeys(names, 24))
    reels = [found[2] for found in EVENT.finditer(text)]
    assert reels == ["AVERYLON", "AVERYLO2", "SHOT", "BL2", "AX2", "UNI1"]
    assert text.isascii()


def test_a_list_of_ours_reads_back_as_the_same_cut(tmp_path: Path, shelf: Shelf) -> None:
    files = []
    for name in ("one.mp4", "two.mp4", "three.mp4"):
        files.append(tmp_path / name)
        files[-1].write_bytes(name.encode())
    project = _project(*CARDS, fps="29.97")
    path = tmp_path / "film.edl"
    assert write_edl(project, LENGTHS, path) == to_edl(project, LENGTHS)[1]
    found, notes = read_edl(path, shelf, rate="29.97", media=files)
    assert found.output.fps == "29.97"
    ours = cards(project, LENGTHS)
    theirs = cards(found, {f"{id}.mp4": frames for id, frames in LENGTHS.items()})
    assert [(c.shot and c.shot.removesuffix(".mp4"), c.start, c.frames) for c in theirs] == [
        (c.shot, c.start, c.frames) for c in ours
    ]
    assert [c.way and c.way.frames for c in theirs] == [c.way and c.way.frames for c in ours]
    assert shelf.missing(found) == ()
    assert "does not say its rate" in notes[0]


LIST = """\
TITLE:   Somebody's cut
FCM: DROP FRAME

001  TAPE1    V     C        00:00:59;28 00:01:00;06 01:00:59;28 01:01:00;06
* FROM CLIP NAME: CAR.MOV
AUD  3 4
002  TAPE2    V     C        00:00:00;00 00:00:02;00 01:01:00;06 01:01:02;06
M2   TAPE2   015.0   00:00:00;00
003  TAPE3    V     K B      00:00:00;00 00:00:02;00 01:01:02;06 01:01:04;06
"""


def test_a_list_with_drop_frame_timecode_is_counted_in_frames(
    tmp_path: Path, shelf: Shelf, photo: Callable[[str], Path]
) -> None:
    path = tmp_path / "theirs.edl"
    path.write_text(LIST)
    car = tmp_path / "car.mov"
    car.write_bytes(b"x")
    project, notes = read_edl(path, shelf, rate="29.97", media=[car])
    first = cards(project, {"CAR.MOV": 4000})[0]
    # 00:00:59;28 is frame 1798 and 00:01:00;06 is frame 1804: two numbers are left out between.
    assert (first.shot, first.start, first.frames) == ("CAR.MOV", 1798, 6)
    told = " ".join(notes)
    assert "drops numbers" in told
    assert "kind 'K'" in told
    assert "TAPE2" in told


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "TITLE: x\n", "\0" * 50,
        "001  A  V  C  00:00:00:99 00:00:02:00 01:00:00:00 01:00:01:00\n",
        "SPLIT: x\n001  A  V  C  00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\n",
        "001  A  V  C  x y z w\n",
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_in_words(text: str, tmp_path: Path, shelf: Shelf) -> None:
    path = tmp_path / "bad.edl"
    path.write_text(text)
    with pytest.raises(InvalidMedia):
        read_edl(path, shelf)


def test_times_that_do_not_fit_are_told_and_the_clips_keep_theirs(
    tmp_path: Path, shelf: Shelf
) -> None:
    path = tmp_path / "odd.edl"
    path.write_text("001  A  V  C  00:00:00:00 00:00:02:00 01:00:00:00 01:00:01:00\n")
    project, notes = read_edl(path, shelf)
    assert cards(project, {})[0].frames == 48
    assert any("do not fit together" in note for note in notes)


def test_an_unknown_rate_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    with pytest.raises(InvalidInstruction, match="no 12 frames"):
        to_edl(_project(Card("one", 0, 10), fps="12"), LENGTHS)
    with pytest.raises(InvalidInstruction, match="rate"):
        read_edl(tmp_path / "x.edl", shelf, rate="17")  # type: ignore[arg-type]
