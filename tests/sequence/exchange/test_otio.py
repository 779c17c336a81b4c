from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given, settings

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, SynthError
from synth.sequence.exchange.otio import from_otio, read_otio, to_otio, write_otio
from synth.sequence.project import (
    Clip,
    ColourMatch,
    Gap,
    MediaRef,
    Project,
    SequenceShot,
    SoundSettings,
    SoundTrack,
    Title,
    Transition,
)
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange, cards
from synth.shot.model import Shot
from tests.sequence.exchange.conftest import projects

RationalTime, TimeRange = otio.opentime.RationalTime, otio.opentime.TimeRange


def _lengths(project: Project) -> dict[str, int]:
    return {shot.id: 240 for shot in project.shots}


@settings(max_examples=60)
@given(projects())
def test_a_round_trip_through_the_file_format_loses_nothing(project: Project) -> None:
    text = to_otio(project, _lengths(project)).to_json_string()
    again = otio.adapters.read_from_string(text, "otio_json")
    # Twice, as when another program opens and saves it.
    again = otio.adapters.read_from_string(again.to_json_string(), "otio_json")
    with tempfile.TemporaryDirectory() as folder:
        found, notes = from_otio(again, Shelf(folder))
    assert found == project
    assert found.to_json() == project.to_json()
    assert notes == ()


def _film() -> Project:
    shots = tuple(
        SequenceShot(
            id=id,
            media=MediaRef(sha256=letter * 64, name=f"{id}.jpg"),
            shot=Shot.from_dict({"motion": {"camera": {"type": "dolly", "duration": 5}}}),
        )
        for id, letter in (("one", "a"), ("two", "b"), ("three", "c"))
    )
    project = Project(
        name="Three",
        shots=shots,
        sound=SoundSettings(
            tracks=(SoundTrack(media=MediaRef(sha256="d" * 64, kind="sound"), start=1.5),),
            beats=(1.0, 2.25),
        ),
        titles=(Title(text="Hello", start=2.0, seconds=3.0),),
        match=ColourMatch(reference="one"),
    )
    return arrange(
        project,
        [
            Card("one", 0, 100, Way("dissolve", 12)),
            Card("two", 10, 90, Way("whip_pan", 8)),
            Card("three", 0, 120),
        ],
    )


def test_the_timeline_stands_in_the_formats_own_terms() -> None:
    timeline = to_otio(_film(), {"one": 120, "two": 120, "three": 120})
    track = timeline.video_tracks()[0]
    first, blend, second, whip, third = list(track)
    assert isinstance(first, otio.schema.Clip)
    assert first.name == "one"
    assert first.media_reference.target_url == "one.jpg"
    assert first.media_reference.metadata["motion_synth"]["sha256"] == "a" * 64
    assert first.available_range() == TimeRange(RationalTime(0, 24), RationalTime(120, 24))
    assert first.source_range == TimeRange(RationalTime(0, 24), RationalTime(94, 24))
    assert blend.transition_type == otio.schema.TransitionTypes.SMPTE_Dissolve
    assert (blend.in_offset, blend.out_offset) == (RationalTime(6, 24), RationalTime(6, 24))
    assert whip.transition_type == otio.schema.TransitionTypes.Custom
    assert whip.metadata["motion_synth"]["type"] == "whip_pan"
    assert second.metadata["motion_synth"]["camera"]["motion"]["camera"]["type"] == "dolly"
    assert third.source_range.duration.value == 116
    # 100 + 90 + 120 frames, 20 of them shared.
    assert timeline.duration() == RationalTime(290, 24)
    audio = timeline.audio_tracks()[0]
    assert [type(child).__name__ for child in audio] == ["Gap", "Clip"]
    assert audio[1].range_in_parent().start_time.to_seconds() == 1.5
    markers = [(m.name, m.marked_range.start_time.value) for m in timeline.tracks.markers]
    assert markers == [("Hello", 48), ("beat", 24), ("beat", 54)]


def test_clips_can_point_at_finished_shots() -> None:
    timeline = to_otio(_film(), {"one": 120, "two": 120, "three": 120}, links={"two": "r/2.mp4"})
    urls = [clip.media_reference.target_url for clip in timeline.video_tracks()[0].find_clips()]
    assert urls == ["one.jpg", "r/2.mp4", "three.jpg"]


def test_a_clip_of_unknown_length_is_named() -> None:
    project = _film().changed(timeline=(Clip(shot="two"),))
    with pytest.raises(InvalidInstruction, match="'two'"):
        to_otio(project, {})


def test_the_file_is_read_back_by_name_with_its_media(
    tmp_path: Path, shelf: Shelf, photo: Callable[[str], Path]
) -> None:
    path = photo("one.png")
    elsewhere = Shelf(tmp_path / "elsewhere")
    ref = elsewhere.add(path, "photo")
    project = Project(shots=(SequenceShot(id="a", media=ref),), timeline=(Clip(shot="a"),))
    target = tmp_path / "film.otio"
    write_otio(project, {"a": 72}, target)
    assert read_otio(target, shelf)[0] == project
    assert not shelf.has(ref)
    # Known by its content, whatever it is called now, and nothing else is taken.
    renamed = path.rename(tmp_path / "other.png")
    assert read_otio(target, shelf, media=[photo("no.png"), renamed])[0] == project
    assert [found.name for found in shelf.folder.iterdir()] == [ref.sha256]


def test_what_another_program_changed_is_kept(shelf: Shelf) -> None:
    timeline = to_otio(_film(), {"one": 120, "two": 120, "three": 120})
    track = timeline.video_tracks()[0]
    track[4].source_range = TimeRange(RationalTime(30, 24), RationalTime(40, 24))
    track[1].out_offset = RationalTime(3, 24)
    timeline.tracks.markers[0].marked_range = TimeRange(RationalTime(36, 24), RationalTime(72, 24))
    timeline.audio_tracks()[0][0].source_range = TimeRange(
        RationalTime(0, 48000), RationalTime(96000, 48000)
    )
    project, notes = from_otio(timeline, shelf)
    assert notes == ()
    clip, blend = project.timeline[4], project.timeline[1]
    assert isinstance(clip, Clip)
    assert clip.source_range is not None
    assert clip.source_range.start_time.value == 30
    assert clip.source_range.duration.value == 40
    assert isinstance(blend, Transition)
    assert (blend.type, blend.in_offset.value, blend.out_offset.value) == ("dissolve", 6, 3)
    assert project.titles[0].start == 1.5
    assert project.sound.tracks[0].start == 2.0
    assert project.shots == _film().shots


def test_what_another_program_removed_or_moved_stays_so(shelf: Shelf) -> None:
    timeline = to_otio(_film(), {"one": 120, "two": 120, "three": 120})
    track = timeline.video_tracks()[0]
    kept = track[4].deepcopy()
    del track[:]
    track.append(kept)
    project, notes = from_otio(timeline, shelf)
    assert [shot.id for shot in project.shots] == ["three"]
    assert project.match is None
    assert any("'one'" in note for note in notes)


def test_clips_of_two_films_of_ours_keep_apart_when_they_share_a_name(shelf: Shelf) -> None:
    lengths = {"one": 120, "two": 120, "three": 120}
    timeline = to_otio(_film(), lengths)
    other = _film().shots[0].model_copy(update={"media": MediaRef(sha256="e" * 64)})
    guest = to_otio(
        Project(shots=(other,), timeline=(Clip(shot="one"),)), lengths
    ).video_tracks()[0][0].deepcopy()  # fmt: skip
    timeline.video_tracks()[0].append(guest)
    project, _ = from_otio(timeline, shelf)
    assert [shot.id for shot in project.shots] == ["one", "two", "three", "one-2"]
    assert project.shot("one-2").media.sha256 == "e" * 64
    assert project.shot("one").media.sha256 == "a" * 64


def _theirs() -> otio.schema.Timeline:
    """A timeline as other programs write it: timecode from one o'clock, file URLs."""
    timeline = otio.schema.Timeline("Theirs")
    track = otio.schema.Track("V1", kind="Video")
    timeline.tracks.append(track)
    hour = RationalTime(86_400, 24)
    reference = otio.schema.ExternalReference(
        "file:///Volumes/Disk/My%20Shots/Car.MP4", TimeRange(hour, RationalTime(240, 24))
    )
    track.append(
        otio.schema.Clip(
            "car", reference, TimeRange(hour + RationalTime(24, 24), RationalTime(48, 24))
        )
    )
    track.append(
        otio.schema.Transition("x", "SMPTE_Dissolve", RationalTime(6, 24), RationalTime(6, 24))
    )
    still = otio.schema.ExternalReference("C:\\stills\\Beach.png")
    track.append(otio.schema.Clip("beach", still, TimeRange(hour, RationalTime(72, 24))))
    track.append(otio.schema.Gap(source_range=TimeRange(RationalTime(0, 24), RationalTime(12, 24))))
    track.append(
        otio.schema.Clip(
            "lost", otio.schema.ExternalReference("lost.mov"),
            TimeRange(RationalTime(0, 24), RationalTime(36, 24)),
        )
    )  # fmt: skip
    return timeline


@pytest.fixture
def files(tmp_path: Path, photo: Callable[[str], Path]) -> list[Path]:
    car = tmp_path / "car.mp4"
    car.write_bytes(b"a film")
    song = tmp_path / "song.mp3"
    song.write_bytes(b"a song")
    return [car, photo("beach.png"), song]


def test_a_strangers_cut_is_taken_over_with_the_given_files(
    shelf: Shelf, files: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "theirs.otio"
    otio.adapters.write_to_file(_theirs(), str(path), "otio_json")
    project, notes = read_otio(path, shelf, media=files)
    assert project.name == "Theirs"
    assert project.output.fps == "24"
    assert [(shot.id, shot.media.kind) for shot in project.shots] == [
        ("car", "video"), ("beach", "photo"),
    ]  # fmt: skip
    assert shelf.missing(project) == ()
    storyboard = cards(project, {"car": 240, "beach": project.shot("beach").shot.frames})
    assert [(card.shot, card.start, card.frames) for card in storyboard] == [
        ("car", 24, 54), ("beach", 0, 78), (None, 0, 12), (None, 0, 36),
    ]  # fmt: skip
    assert storyboard[0].way == Way("dissolve", 12)
    assert "another program" in notes[0]
    assert any("'lost.mov'" in note for note in notes)


def test_what_has_no_place_in_our_films_is_told(shelf: Shelf, files: list[Path]) -> None:
    timeline = _theirs()
    track = timeline.video_tracks()[0]
    track[0].effects.append(otio.schema.LinearTimeWarp(time_scalar=2))
    track[1].transition_type = "Star_Wipe"
    nested = otio.schema.Stack("nest")
    inner = otio.schema.Track()
    inner.append(otio.schema.Gap(source_range=TimeRange(RationalTime(0, 24), RationalTime(9, 24))))
    nested.append(inner)
    track.append(nested)
    track.append(
        otio.schema.Transition("o", "SMPTE_Dissolve", RationalTime(3, 24), RationalTime(0, 24))
    )
    overlay = otio.schema.Track("V2", kind="Video")
    overlay.append(track[0].deepcopy())
    timeline.tracks.append(overlay)
    sound = otio.schema.Track("A1", kind="Audio")
    sound.append(track[0].deepcopy())
    sound.append(
        otio.schema.Clip(
            "song", otio.schema.ExternalReference("song.mp3"),
            TimeRange(RationalTime(48, 24), RationalTime(24, 24)),
        )
    )  # fmt: skip
    timeline.tracks.append(sound)
    timeline.tracks.markers.append(otio.schema.Marker("note"))
    project, notes = from_otio(timeline, shelf, media=files)
    told = " ".join(notes)
    for words in ("change of speed", "Star_Wipe", "'nest' is a Stack", "2 tracks", "1 marker"):
        assert words in told
    gap = project.timeline[5]
    assert isinstance(gap, Gap)
    assert gap.duration.value == 9
    assert isinstance(project.timeline[-1], Gap), "a transition never hangs loose"
    # The film's own sound plays with the film; the song comes two seconds in.
    (track_of_ours,) = project.sound.tracks
    assert (track_of_ours.start, track_of_ours.trim_start, track_of_ours.seconds) == (2, 2, 1)


def test_pieces_of_odd_rates_add_up_without_drift(shelf: Shelf, files: list[Path]) -> None:
    timeline = otio.schema.Timeline("x")
    track = otio.schema.Track("V1", kind="Video")
    timeline.tracks.append(track)
    third = RationalTime(100, 300)
    for _ in range(30):
        track.append(
            otio.schema.Clip(
                "car", otio.schema.ExternalReference("car.mp4"),
                TimeRange(RationalTime(0, 1000), RationalTime(333, 1000)),
            )
        )  # fmt: skip
        track.append(otio.schema.Gap(source_range=TimeRange(RationalTime(0, 300), third)))
    project, _ = from_otio(timeline, shelf, media=files)
    total = sum(
        item.duration.value if isinstance(item, Gap) else item.source_range.duration.value
        for item in project.timeline
        if isinstance(item, Gap) or (isinstance(item, Clip) and item.source_range is not None)
    )
    assert total == round(30 * (Fraction(333, 1000) + Fraction(1, 3)) * 24)
    assert project.shots[0].id == "car"
    assert len(project.shots) == 1


def test_paths_inside_the_file_are_never_opened(shelf: Shelf, tmp_path: Path) -> None:
    secret = tmp_path / "car.mp4"
    secret.write_bytes(b"private")
    timeline = _theirs()
    timeline.video_tracks()[0][0].media_reference.target_url = secret.as_uri()
    project, _ = from_otio(timeline, shelf)
    assert project.shots == ()
    assert list(shelf.folder.iterdir()) == []


def _broken() -> list[tuple[str, str]]:
    plain = json.loads(_theirs().to_json_string())

    def with_(change: Callable[[Any], None]) -> str:
        values = json.loads(json.dumps(plain))
        change(values)
        return json.dumps(values)

    def clip(values: Any) -> Any:
        return values["tracks"]["children"][0]["children"][0]

    deep = '{"OTIO_SCHEMA": "Timeline.1", "metadata": ' + '{"a":' * 5000 + "1" + "}" * 5001
    return [
        ("empty object", "{}"),
        ("a list", "[1, 2]"),
        ("not JSON", "TITLE: x"),
        ("deep", deep),
        ("many", json.dumps({"OTIO_SCHEMA": "Timeline.1", "x": [0] * 500_000})),
        ("a clip alone", json.dumps(clip(plain))),
        ("a schema of the future", with_(lambda v: clip(v).update(OTIO_SCHEMA="Clip.99"))),
        ("text for a number",
         with_(lambda v: clip(v)["source_range"]["duration"].update(value="x"))),
        ("a length below nought",
         with_(lambda v: clip(v)["source_range"]["duration"].update(value=-5))),
        ("a rate of nought", with_(lambda v: clip(v)["source_range"]["duration"].update(rate=0))),
        ("a huge time", with_(lambda v: clip(v)["source_range"]["duration"].update(value=1e300))),
        ("not a number",
         with_(lambda v: clip(v)["source_range"]["duration"].update(value=float("nan")))),
        ("damaged text of ours",
         with_(lambda v: clip(v)["metadata"].update(motion_synth={"item": "{", "shot": "x"}))),
        ("a shot of ours that is none", with_(lambda v: clip(v)["metadata"].update(
            motion_synth={"item": '{"kind":"clip","shot":"a"}', "shot": '{"id":"a","media":3}'}))),
        ("a project of ours that is none",
         with_(lambda v: v["metadata"].update(motion_synth={"project": "[1]"}))),
    ]  # fmt: skip


@pytest.mark.parametrize(("what", "text"), _broken(), ids=lambda v: v if len(v) < 50 else "")
def test_hostile_files_are_refused_in_words(
    what: str, text: str, shelf: Shelf, files: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "bad.otio"
    path.write_text(text)
    with pytest.raises(SynthError) as caught:
        read_otio(path, shelf, media=files)
    assert isinstance(caught.value, InvalidInstruction | InvalidMedia | LimitExceeded)
    assert 20 < len(str(caught.value)) < 400


def test_a_file_that_ends_the_library_does_not_end_us(
    shelf: Shelf, files: list[Path], tmp_path: Path
) -> None:
    values = json.loads(_theirs().to_json_string())
    for clip in values["tracks"]["children"][0]["children"]:
        if clip["OTIO_SCHEMA"] == "Clip.2":
            clip["OTIO_SCHEMA"] = "Clip.1"
            del clip["active_media_reference_key"]
    path = tmp_path / "bad.otio"
    path.write_text(json.dumps(values))
    with contextlib.suppress(InvalidMedia):
        assert isinstance(read_otio(path, shelf, media=files)[0], Project)


def test_too_large_a_file_and_none_at_all(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "big.otio"
    with path.open("wb") as file:
        file.truncate(17_000_000)
    with pytest.raises(LimitExceeded):
        read_otio(path, shelf)
    with pytest.raises(InvalidMedia):
        read_otio(tmp_path / "none.otio", shelf)


def test_a_film_of_ours_survives_the_future(shelf: Shelf) -> None:
    values = _film().to_dict()
    values["schema"] = "motion-synth.project/1.7"
    values["scent"] = {"OTIO_SCHEMA": "Clip.1", "big": 10**30}
    values["shots"][0]["shot"]["smell"] = [1.1, None]
    values["timeline"][1]["taste"] = "x\0y"
    project = Project.from_dict(values)
    timeline = to_otio(project, {"one": 120, "two": 120, "three": 120})
    again = otio.adapters.read_from_string(timeline.to_json_string(), "otio_json")
    assert from_otio(again, shelf)[0].to_dict() == project.to_dict()
