"""What the Sequence tab keeps of projects that are damaged, newer, or drawn by models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from synth.errors import InvalidMedia, SynthError
from synth.jobs import JobPool
from synth.sequence.plan import plan_film
from synth.sequence.project import FilmSettings, MediaRef, Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.ui.sequence_cards import (
    document_of,
    missing_photos,
    read_clip_frames,
    read_document,
)
from synth.ui.sequence_handlers import SequenceHandlers
from tests.ui.conftest import make_picture
from tests.ui.interpolating import make_clip

PHOTO = {"sha256": "a" * 64, "name": "photo.jpg", "kind": "photo"}


def _damaged(path: Path) -> Path:
    """A clip of which the second half went missing on its way."""
    whole = make_clip(path, frames=12, fps=12).read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    return path


def test_a_damaged_file_keeps_no_project_closed_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    uploads = tmp_path / "uploads" / "one"
    uploads.mkdir(parents=True)
    handlers = SequenceHandlers(JobPool(1), ())
    ask = handlers.function()
    desk = handlers.desks.new()
    try:
        refs = [
            desk.shelf.add(make_picture(tmp_path / "sea.png", 160, 96), "photo", "sea.png"),
            desk.shelf.add(_damaged(tmp_path / "walk.mp4"), "video", "walk.mp4"),
            desk.shelf.add(_noise(tmp_path / "wind.wav"), "sound", "wind.wav"),
        ]
        assert read_clip_frames(desk.shelf)(_shot(refs[1]), FilmSettings()) is None
        with pytest.raises(InvalidMedia):
            read_clip_frames(desk.shelf, strict=True)(_shot(refs[1]), FilmSettings())
        project = {
            "schema": "motion-synth.project/1",
            "shots": [
                {"id": "sea", "media": refs[0].model_dump()},
                {"id": "walk", "media": refs[1].model_dump()},
            ],
            "timeline": [{"kind": "clip", "shot": "sea"}, {"kind": "clip", "shot": "walk"}],
            "sound": {"tracks": [{"media": refs[2].model_dump()}]},
        }
        file = uploads / "film.json"
        file.write_text(json.dumps(project))
        sent = {"path": str(file), "orig_name": "film.json"}
        opened = ask({"do": "open", "desk": desk.id, "file": sent})
        assert "error" not in opened, opened
        assert [card["shot"] for card in opened["document"]["cards"]] == ["sea", "walk"]
        sea, walk = (opened["media"][ref.sha256] for ref in refs[:2])
        assert (sea["wrong"], bool(sea["picture"])) == ("", True)
        assert walk["wrong"].startswith("walk.mp4 cannot be used: ")
        assert walk["picture"] == ""
        assert [note.split(":")[0] for note in opened["notes"]] == [
            "'walk.mp4' cannot be used", "'wind.wav' cannot be used",
        ]  # fmt: skip
        for told in (walk["wrong"], *opened["notes"]):
            assert str(tmp_path) not in told
            assert str(desk.folder) not in told
        # It can be planned on, and a page that is opened again is told once more.
        planned = ask({"do": "plan", "desk": desk.id, "document": opened["document"]})
        assert "error" not in planned
        again = ask({"do": "hello", "desk": desk.id, "shas": [refs[1].sha256]})
        assert again["media"][refs[1].sha256]["wrong"] == walk["wrong"]
    finally:
        handlers.desks.forget(desk.id)


def _noise(path: Path) -> Path:
    path.write_bytes(b"RIFF no sound at all")
    return path


def _shot(ref: MediaRef) -> SequenceShot:
    return SequenceShot(id="walk", media=ref)


def _newer(schema: str = "motion-synth.project/1.4") -> dict[str, Any]:
    time = {"value": 24, "rate": "24"}
    return {
        "schema": schema,
        "shots": [{"id": "one", "media": PHOTO}],
        "timeline": [
            {"kind": "clip", "shot": "one", "mood": {"deep": [1, "ü", None]},
             "source_range": {"start_time": {**time, "value": 0}, "duration": time, "snap": 2}},
            {"kind": "transition", "type": "dissolve", "shine": 7,
             "in_offset": {**time, "value": 6}, "out_offset": {**time, "value": 6}},
            {"kind": "gap", "duration": time, "echo": True},
        ],
    }  # fmt: skip


def test_what_a_newer_version_wrote_on_the_timeline_goes_through_the_page() -> None:
    project = Project.from_dict(_newer())
    # As the page keeps it: JSON.
    document = json.loads(json.dumps(document_of(project)))
    laid = read_document(document).project.to_dict()["timeline"]
    clip, transition, gap = laid
    assert clip["mood"] == {"deep": [1, "ü", None]}
    assert clip["source_range"]["snap"] == 2
    assert (transition["shine"], gap["echo"]) == (7, True)
    # The same again, and not where the project does not say that it is of a newer version.
    assert document_of(read_document(document).project) == document
    document["project"]["schema"] = "motion-synth.project/1"
    assert "mood" not in read_document(document).project.to_dict()["timeline"][0]


@pytest.mark.parametrize(
    "later",
    [
        "x", {"mood": 1}, [["mood", 1]], [[[], 1]], [[["mood"]]], [[[3], 1]], [[[None, "x"], 1]],
        [[[True, "x"], 1]], [[["mood"], float("nan")]], [[["mood"], {"a": "b" * 2_000_000}]],
        [[["mood"], json.loads("[" * 60 + "]" * 60)]],
    ],
)  # fmt: skip
def test_fields_of_newer_versions_are_read_as_strictly_as_a_file(later: object) -> None:
    document = document_of(Project.from_dict(_newer()))
    for place in (document["cards"][0], document["cards"][0]["way"]):
        kept = place["later"]
        place["later"] = later
        with pytest.raises(SynthError):
            read_document(document)
        place["later"] = kept
    read_document(document)


def test_fields_of_our_own_are_not_written_over() -> None:
    document = document_of(Project.from_dict(_newer()))
    before = read_document(document).project
    more = [[["shot"], "gone"], [["source_range", "duration", "value"], 9], [["kind", "x"], 1]]
    document["cards"][0]["later"] += more
    assert read_document(document).project.timeline == before.timeline


def test_a_transition_through_depth_wants_geometry_and_not_just_a_photo() -> None:
    def trouble(*backends: str) -> list[dict[str, Any]]:
        shots = [
            {"id": f"s{place}", "media": PHOTO, "shot": {"backend": {"name": name}}}
            for place, name in enumerate(backends)
        ]
        way = {"type": "push_through", "seconds": 0.5}
        cards = [{"shot": "s0", "seconds": 2.0, "way": way}, {"shot": "s1", "seconds": 2.0}]
        read = read_document({"project": {"shots": shots}, "cards": cards})
        return missing_photos(read, plan_film(read.project, read.lengths))

    assert trouble("geometric", "geometric") == []
    [told] = trouble("geometric", "diffusers")
    assert told["card"] == 0
    assert "its own geometry draws" in told["words"]


def test_a_clip_that_came_whole_is_as_long_as_it_is(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    ref = shelf.add(make_clip(tmp_path / "walk.mp4", frames=12, fps=12), "video", "walk.mp4")
    assert read_clip_frames(shelf)(_shot(ref), FilmSettings(fps="24")) == 24
    shutil.rmtree(tmp_path / "shelf")
    assert read_clip_frames(Shelf(tmp_path / "shelf"))(_shot(ref), FilmSettings()) is None
