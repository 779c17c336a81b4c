"""The Sequence tab's server side without a page: documents, desks, jobs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, LimitExceeded
from synth.jobs import JobPool
from synth.sequence.keep import Keep
from synth.sequence.plan import plan_film
from synth.sequence.project import MOST_SHOTS, Project
from synth.ui.examples import find_examples
from synth.ui.sequence_cards import arithmetic, document_of, read_document
from synth.ui.sequence_desks import Desks
from synth.ui.sequence_handlers import SequenceHandlers
from synth.ui.sequence_jobs import DeskJob
from tests.ui.conftest import make_picture, wait_until

PHOTO = {"sha256": "a" * 64, "name": "photo.jpg", "kind": "photo"}
CLIP = {"sha256": "b" * 64, "name": "walk.mp4", "kind": "video"}
WAY = {"type": "wipeup", "seconds": 0.5, "easing": "ease-in", "colour": "#102030", "reverse": True}


def _document(fps: str = "24", **first: Any) -> dict[str, Any]:
    motion = {"camera": {"type": "pan", "direction": "left", "duration": 4.0}}
    return {
        "project": {
            "shots": [
                {"id": "one", "media": PHOTO, "shot": {"motion": motion}},
                {"id": "two", "media": CLIP},
            ],
            "output": {"fps": fps},
        },
        "cards": [
            {"shot": "one", "start": 0.5, "seconds": 3.0, "way": WAY, **first},
            {"shot": "two", "start": 1.0, "seconds": 2.5, "way": None},
            {"shot": None, "start": 0.0, "seconds": 1.0, "colour": "#ff0000", "way": None},
        ],
    }


@pytest.mark.parametrize("fps", ["12", "23.976", "24", "25", "29.97", "60"])
def test_a_document_and_its_project_are_the_same_film(fps: str) -> None:
    read = read_document(_document(fps))
    again = read_document(document_of(read.project))
    assert again.storyboard == read.storyboard
    assert again.project.timeline == read.project.timeline
    assert again.storyboard[0].way is not None
    assert again.storyboard[0].way.reverse
    plan = plan_film(again.project, again.lengths)
    assert float(plan.seconds) == pytest.approx(3.0 + 2.5 + 1.0 - 0.5, abs=3 / 12)


def test_the_arithmetic_is_said_as_people_write_it() -> None:
    read = read_document(_document())
    said = arithmetic(plan_film(read.project, read.lengths))
    assert said == "3 shots 6.5 s − 1 transition 0.5 s = 6.0 s"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seconds": float("nan")}, "number of seconds"),
        ({"seconds": float("inf")}, "number of seconds"),
        ({"seconds": -1.0}, "0 to 14400"),
        ({"seconds": True}, "number of seconds"),
        ({"seconds": "3"}, "number of seconds"),
        ({"start": 2.0}, "3.?50 s|5.00 s of a shot that is 4.00 s"),
        ({"shot": "gone"}, "not there"),
        ({"shot": ["one"]}, "not there"),
        ({"way": {"type": "sideways", "seconds": 1.0}}, "unknown"),
        ({"way": {"type": "dip", "seconds": 2.75}}, "Shorten them"),
        ({"way": "dissolve"}, "cannot be read"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInstruction, match=words):
        read_document(_document(**change))


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"project": {}, "cards": None}, {"project": 5, "cards": []},
     {"project": {}, "cards": [{}] * (MOST_SHOTS + 1)}],
)  # fmt: skip
def test_what_is_no_document_is_refused(value: object) -> None:
    with pytest.raises(InvalidInstruction):
        read_document(value)


def test_what_a_newer_version_wrote_is_kept() -> None:
    document = _document()
    document["project"] |= {"schema": "motion-synth.project/1.7", "mood": "blue"}
    document["project"]["shots"][0]["aura"] = 3
    values = document_of(read_document(document).project)["project"]
    assert values["mood"] == "blue"
    assert values["shots"][0]["aura"] == 3
    assert Project.from_dict(values).written_as == "motion-synth.project/1.7"


def test_a_shot_of_a_newer_version_is_worked_on_and_kept() -> None:
    ask = SequenceHandlers(JobPool(1), find_examples()).function()
    shot = {"id": "one", "media": PHOTO, "shiny": 1, "shot": {"glow": 2}}
    said = ask({"do": "sentence", "shot": shot, "text": "push in", "seconds": 3})
    assert (said["shot"]["shiny"], said["shot"]["shot"]["glow"]) == (1, 2)
    longer = ask({"do": "length", "shot": said["shot"], "seconds": 5})
    assert (longer["shot"]["shiny"], longer["shot"]["shot"]["glow"]) == (1, 2)
    assert longer["seconds"] == 5


def test_desks_are_found_by_their_name_alone_and_go_away() -> None:
    desks = Desks(forget_after=3600.0)
    mine, yours = desks.new(), desks.new()
    try:
        assert mine.id != yours.id
        assert len(mine.id) == 48
        assert mine.folder.stat().st_mode & 0o777 == 0o700
        assert desks.find(mine.id) is mine
        for wrong in (None, "", mine.id[:-1], mine.id.upper() + "x", ["a"], "../" + mine.id):
            assert desks.find(wrong) is None
        with pytest.raises(InvalidInstruction, match="no longer has"):
            desks.get("0" * 48)
    finally:
        assert desks.forget(mine.id)
        assert desks.forget(yours.id)
    assert not mine.folder.exists()
    assert not desks.forget(mine.id)


def test_a_film_that_is_ready_after_its_desk_went_is_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    desks = Desks(forget_after=3600.0)
    desk = desks.new()
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    served = Path(desk.serve(film))
    assert served.read_bytes() == b"film"
    assert desks.forget(desk.id)
    assert not served.exists()
    with pytest.raises(Cancelled):
        desk.serve(film)
    assert not any((tmp_path / "served").iterdir())


def test_a_desk_that_nobody_uses_is_swept_but_not_while_it_works() -> None:
    desks = Desks(forget_after=-1.0)
    old, busy = desks.new(), None
    hold = threading.Event()
    pool = JobPool(1)
    try:
        busy = desks.new()  # Sweeps the old one away.
        assert not old.folder.exists()
        busy.keep(DeskJob("file", pool, lambda job, me: {"waited": hold.wait(10)}, {}))
        other = desks.new()
        assert busy.folder.exists()
        assert desks.find(busy.id) is busy
        other.close()
    finally:
        hold.set()
        if busy is not None:
            wait_until(lambda: not busy.busy, 5, "The end of the job")
            busy.close()


def test_a_full_desk_first_lets_go_of_what_can_be_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desks = Desks(60.0)
    desk = desks.new()
    try:
        monkeypatch.setattr("synth.ui.sequence_desks._BYTES", 5000)
        (desk.shelf.folder / ("a" * 64)).write_bytes(bytes(4000))
        kept = desk.folder / "kept" / "stretches"
        with Keep(kept, ".mp4") as keep:
            made = keep.make("b" * 40, lambda path: {"n": path.write_bytes(bytes(3000))})
            with pytest.raises(LimitExceeded, match="the limit is"):
                desk.check_room()  # a film is being made of it
        assert made.path.exists()
        desk.check_room()
        assert not made.path.exists()
        assert (desk.shelf.folder / ("a" * 64)).exists()
    finally:
        desks.forget(desk.id)


def test_a_job_tells_how_it_stands_and_what_came_of_it() -> None:
    pool = JobPool(1)
    go = threading.Event()

    def work(job: Any, me: DeskJob) -> dict[str, Any]:
        me.watch([{"id": "one", "state": "drawing", "done": 1, "total": 4}], 0.25, 3.0)
        go.wait(10)
        return {"name": "film"}

    job = DeskJob("film", pool, work, {"name": "My film"})
    wait_until(lambda: job.state().get("fraction") == 0.25, 5, "The first word")
    state = job.state()
    assert (state["phase"], state["left"], state["shots"][0]["done"]) == ("working", 3.0, 1)
    go.set()
    wait_until(lambda: job.done, 5, "The end")
    assert job.state()["phase"] == "done"
    assert job.state()["result"]["name"] == "film"

    def fail(job: Any, me: DeskJob) -> dict[str, Any]:
        raise InvalidMedia("The photo is torn. Choose another.")

    torn = DeskJob("film", pool, fail, {})
    wait_until(lambda: torn.done, 5, "The end")
    assert torn.state()["error"] == "The photo is torn. Choose another."


def test_one_visitor_never_reaches_anothers_work(tmp_path: Path) -> None:
    handlers = SequenceHandlers(JobPool(1), find_examples())
    ask = handlers.function()
    mine = ask({"do": "examples"})
    try:
        document = mine["document"]
        assert [card["shot"] for card in document["cards"]] == ["Lighthouse", "Robot", "Cloister"]
        planned = ask({"do": "plan", "desk": mine["desk"], "document": document})
        assert planned["words"] == "3 shots 14.0 s − 2 transitions 1.6 s = 12.4 s"
        assert planned["missing"] == {}
        job = ask({"do": "start", "kind": "file", "form": "json", "desk": mine["desk"],
                   "document": document})  # fmt: skip
        assert "error" not in job
        yours = ask({"do": "examples"})
        try:
            asked = {"do": "status", "desk": yours["desk"], "job": job["job"]}
            assert "not here" in ask(asked)["error"]
            assert "no longer has" in ask({**asked, "desk": "1" * 48})["error"]
            assert ask({"do": "cancel", "desk": yours["desk"], "job": job["job"]}) == {}
            found = ask({"do": "hello", "desk": yours["desk"], "shas": ["../etc/passwd", 7]})
            assert found["media"] == {}
            assert found["jobs"] == []
        finally:
            ask({"do": "forget", "desk": yours["desk"]})
    finally:
        ask({"do": "forget", "desk": mine["desk"]})
    assert ask({"do": "hello", "desk": mine["desk"]})["desk"] is None
    # A path in a request is never trusted, and neither is what to do.
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    for asked in (
        {"do": "open", "file": {"path": str(secret)}},
        {"do": "add", "files": [{"path": "/etc/passwd", "orig_name": "x.png"}]},
        {"do": "__init__"}, {"do": None}, None, 5,
    ):  # fmt: skip
        answer = ask(asked)
        assert answer.get("error") or answer.get("failed")
        if answer.get("desk"):
            ask({"do": "forget", "desk": answer["desk"]})
    for desk in list(handlers.desks._desks):
        handlers.desks.forget(desk)


def test_how_a_job_stands_is_told_while_others_are_busy() -> None:
    handlers = SequenceHandlers(JobPool(1), find_examples())
    ask = handlers.function()
    while handlers._slots.acquire(blocking=False):
        pass
    answers: list[Any] = []
    asking = threading.Thread(
        target=lambda: answers.extend(ask({"do": do}) for do in ("hello", "status", "cancel")),
        daemon=True,
    )
    asking.start()
    asking.join(10)
    assert [sorted(answer) for answer in answers] == [["desk", "jobs", "media"], ["error"], []]


def test_sentences_change_the_camera_and_lengths_keep_it() -> None:
    ask = SequenceHandlers(JobPool(1), ()).function()
    shot = _document()["project"]["shots"][0]
    said = ask({"do": "sentence", "shot": shot, "text": "orbit left, heavy rain", "seconds": 6.0})
    assert said["seconds"] == 6.0
    assert said["shot"]["shot"]["motion"]["camera"]["type"] == "orbit"
    assert said["understood"]
    asked = {"do": "sentence", "shot": shot, "text": "orbit left, then run away", "seconds": 6.0}
    assert any("“run away”" in words for words in ask(asked)["not_understood"])
    longer = ask({"do": "length", "shot": said["shot"], "seconds": 8.0})
    assert longer["seconds"] == 8.0
    assert longer["shot"]["shot"]["motion"]["camera"]["type"] == "orbit"
    for text, words in (("banana bread", "No camera move"), ("", "Say how"), (7, "Say how")):
        asked = {"do": "sentence", "shot": shot, "text": text, "seconds": 4.0}
        assert words in ask(asked)["error"]
    for seconds in (0.0, -1.0, 1e9, float("nan"), "5"):
        assert "error" in ask({"do": "length", "shot": shot, "seconds": seconds})


def test_what_was_sent_and_served_goes_with_the_desk_and_lists_find_files_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    uploads = tmp_path / "uploads" / "one"
    uploads.mkdir(parents=True)
    handlers = SequenceHandlers(JobPool(1), find_examples())
    ask = handlers.function()

    def sent(name: str, path: Path) -> dict[str, str]:
        place = uploads / f"sq-{'0' * 32}-{name}"
        path.rename(place)
        return {"path": str(place), "orig_name": name}

    photo = sent("The sea.png", make_picture(tmp_path / "sea.png", 160, 96))
    (tmp_path / "notes.txt").write_text("no medium")
    added = ask({"do": "add", "files": [photo, sent("notes.txt", tmp_path / "notes.txt")]})
    assert "no photos, clips or sounds" in added["failed"][0]
    assert not list(uploads.iterdir()), "what was read is kept by the desk alone"
    desk = handlers.desks.get(added["desk"])
    try:
        made = added["added"][0]
        document = {
            "project": {"shots": [made["shot"]]},
            "cards": [{"shot": made["shot"]["id"], "start": 0.0, "seconds": 4.0, "way": None}],
        }
        job = ask({"do": "start", "kind": "file", "form": "edl", "desk": desk.id,
                   "document": document})  # fmt: skip
        wait_until(lambda: ask({"do": "status", "desk": desk.id, "job": job["job"]})["phase"]
                   == "done", 10, "The list")  # fmt: skip
        told = ask({"do": "status", "desk": desk.id, "job": job["job"]})
        saved = Path(told["result"]["file"]["path"])
        copy = tmp_path / "film.edl"
        copy.write_bytes(saved.read_bytes())
        opened = ask({"do": "open", "desk": desk.id, "file": sent("film.edl", copy)})
        assert [card["shot"] is not None for card in opened["document"]["cards"]] == [True]
        assert (
            opened["document"]["project"]["shots"][0]["media"]["sha256"]
            == (made["media"]["sha256"])
        )
        broken = tmp_path / "x.json"
        broken.write_text("{")
        error = ask({"do": "open", "desk": desk.id, "file": sent("x.json", broken)})["error"]
        assert "sq-" not in error
    finally:
        assert ask({"do": "forget", "desk": desk.id}) == {"forgotten": True}
    assert not saved.exists()
    assert not [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]


def test_example_photos_are_never_asked_for() -> None:
    handlers = SequenceHandlers(JobPool(1), find_examples())
    ask = handlers.function()
    mine = ask({"do": "examples"})
    shots = mine["document"]["project"]["shots"]
    ask({"do": "forget", "desk": mine["desk"]})
    again = ask({"do": "hello", "desk": None, "shas": [shots[0]["media"]["sha256"]]})
    try:
        planned = ask({"do": "plan", "desk": again["desk"], "document": mine["document"]})
        names = set(planned["missing"])
        assert shots[0]["media"]["sha256"] not in names
        assert shots[0]["depth"]["sha256"] not in names
        assert shots[1]["media"]["sha256"] in names
    finally:
        ask({"do": "forget", "desk": again["desk"]})
