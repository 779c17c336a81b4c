from __future__ import annotations

import csv
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from synth.control import CancelToken, Progress
from synth.errors import InvalidInstruction
from synth.media import probe
from synth.sequence.batch import Row, rows_from_folder, run, run_batch, work
from synth.sequence.batch.work import LOGS, read_log
from synth.shot.model import Shot


@pytest.fixture
def here() -> ThreadPoolExecutor:
    """An executor that costs no start of a process."""
    return ThreadPoolExecutor(1)


def test_each_row_gets_its_video_and_bad_ones_fail_alone(
    photos: Callable[[int], Path], recipe: Shot, here: Executor, tmp_path: Path
) -> None:
    folder = photos(2)
    (folder / "no picture.png").write_text("words")
    one, two = sorted(folder.glob("photo*"))
    rows = [
        Row(1, one, id="first"),
        Row(2, folder / "missing.png"),
        Row(3, folder / "no picture.png"),
        Row(4, one, settings=(("lens.aperture", "much"),)),
        Row(5, two, id="first", seconds="0.25"),
        Row(6, one, id="film", settings=(("output.format", "webm"),)),
    ]
    left = tmp_path / "out" / LOGS / "first.mp4.work" / "left by one that was killed.part"
    left.parent.mkdir(parents=True)
    left.write_text("half a film")
    said: list[Progress] = []
    report = run_batch(
        rows, recipe, tmp_path / "out", executor=here, fidelity=False, progress=said.append
    )
    assert [row.status for row in report.rows] == [
        "made", "failed", "failed", "failed", "made", "made",
    ]  # fmt: skip
    assert [row.file for row in report.rows] == [
        "first.mp4", "", "", "", "first_2.mp4", "film.webm",
    ]  # fmt: skip
    for number in (2, 3, 4):
        assert f"Row {number}" in report.rows[number - 1].error
    assert "'lens.aperture'" in report.rows[3].error
    assert probe(report.folder / "first.mp4").frames == 6
    assert probe(report.folder / "first_2.mp4").frames == 3
    assert not report.complete
    assert not list((tmp_path / "out" / LOGS).glob("*.work"))
    assert dict(report.counts) == {"made": 3, "kept": 0, "failed": 3, "stopped": 0}
    assert (said[-1].done, said[-1].total) == (6, 6)
    with (report.folder / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [line["status"] for line in table] == [row.status for row in report.rows]
    written = json.loads((report.folder / "report.json").read_text("utf-8"))
    assert written == report.to_dict()
    assert sorted(path.name for path in report.folder.iterdir()) == [
        ".batch", "film.webm", "first.mp4", "first_2.mp4", "report.csv", "report.json",
    ]  # fmt: skip


def test_what_is_finished_is_not_made_again_until_it_would_come_out_otherwise(
    photos: Callable[[int], Path], recipe: Shot, here: Executor, tmp_path: Path
) -> None:
    rows = rows_from_folder(photos(2))
    out = tmp_path / "out"

    def make(shot: Shot = recipe) -> list[tuple[str, int]]:
        report = run_batch(rows, shot, out, executor=here, fidelity=False)
        return [(row.status, row.attempts) for row in report.rows]

    assert make() == [("made", 1), ("made", 1)]
    stamps = {path: path.stat().st_mtime_ns for path in out.glob("*.mp4")}
    assert make() == [("kept", 1), ("kept", 1)]
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.mp4")} == stamps
    # Damaged, deleted, another photo, other instructions.
    with (out / "photo00.mp4").open("r+b") as file:
        file.truncate(100)
    assert make() == [("made", 2), ("kept", 1)]
    (out / "photo01.mp4").unlink()
    assert make() == [("kept", 2), ("made", 2)]
    rows[0].image.write_bytes(rows[1].image.read_bytes())
    assert make() == [("made", 3), ("kept", 2)]
    assert make(recipe.model_copy(update={"seed": 9})) == [("made", 4), ("made", 3)]


def test_a_file_of_somebody_else_is_never_written_over(
    photos: Callable[[int], Path], recipe: Shot, here: Executor, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "photo00.mp4").write_text("mine")
    report = run_batch(rows_from_folder(photos(1)), recipe, out, executor=here)
    assert report.rows[0].status == "failed"
    assert "not made by this batch" in report.rows[0].error
    assert (out / "photo00.mp4").read_text() == "mine"


def test_videos_can_be_judged(
    photos: Callable[[int], Path], recipe: Shot, here: Executor, tmp_path: Path
) -> None:
    rows = rows_from_folder(photos(1))
    report = run_batch(rows, recipe, tmp_path / "out", executor=here, quality=True)
    (row,) = report.rows
    assert isinstance(row.passed, bool)
    assert row.score is not None
    assert 0 <= row.score <= 1
    again = run_batch(rows, recipe, tmp_path / "out", executor=here, quality=True).rows[0]
    assert (again.status, again.passed, again.score) == ("kept", row.passed, row.score)


def test_a_row_that_is_being_made_is_not_begun_by_another(
    photos: Callable[[int], Path], recipe: Shot, tmp_path: Path
) -> None:
    rows = rows_from_folder(photos(1))
    out = tmp_path / "out"
    reports: list[Any] = []
    runs = [
        threading.Thread(
            target=lambda: reports.append(
                run_batch(rows, recipe, out, executor=ThreadPoolExecutor(1), fidelity=False)
            )
        )
        for _ in range(3)
    ]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert sorted(report.rows[0].status for report in reports) == ["kept", "kept", "made"]
    assert [entry["what"] for entry in read_log(out / LOGS, "photo00.mp4")] == ["begun", "done"]


class _Unlucky(Executor):
    """Fails so many times before it works; counts what it was given."""

    def __init__(self, failures: int) -> None:
        self.left, self.given = failures, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given += 1
        future: Future[Any] = Future()
        if self.left:
            self.left -= 1
            future.set_exception(OSError("no space left"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize(("failures", "status"), [(0, "made"), (2, "made"), (3, "failed")])
def test_errors_that_are_not_the_rows_own_are_tried_again(
    failures: int, status: str, photos: Callable[[int], Path], recipe: Shot, tmp_path: Path
) -> None:
    unlucky = _Unlucky(failures)
    report = run_batch(
        rows_from_folder(photos(1)), recipe, tmp_path / "out", executor=unlucky, retries=2,
        fidelity=False,
    )  # fmt: skip
    assert report.rows[0].status == status
    assert unlucky.given == min(failures, 2) + 1
    if status == "failed":
        assert "no space left" in report.rows[0].error


def test_stopping_keeps_what_is_finished(
    photos: Callable[[int], Path], recipe: Shot, here: Executor, tmp_path: Path
) -> None:
    cancel = CancelToken()

    def watch(progress: Progress) -> None:
        if progress.done == 2:
            cancel.cancel()

    out = tmp_path / "out"
    rows = rows_from_folder(photos(6))
    report = run_batch(
        rows, recipe, out, executor=here, fidelity=False, cancel=cancel, progress=watch
    )
    assert report.counts["stopped"] >= 3
    assert report.counts["failed"] == 0
    assert len(list(out.glob("*.mp4"))) == report.counts["made"] >= 2
    assert not [path for path in out.iterdir() if path.name.startswith(".") and path.is_file()]
    again = run_batch(rows, recipe, out, executor=here, fidelity=False)
    assert again.complete
    assert again.counts["kept"] == report.counts["made"]


def test_a_worker_of_our_own_pool_that_is_killed_loses_nothing(
    photos: Callable[[int], Path], recipe: Shot, tmp_path: Path
) -> None:
    """Another thread kills the process that begins the second row, once."""
    out = tmp_path / "out"
    over = threading.Event()
    killed: list[int] = []

    def hunt() -> None:
        while not over.is_set() and not killed:
            log = read_log(out / LOGS, "photo01.mp4")
            if log:
                killed.append(log[-1]["process"])
                os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.002)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        report = run_batch(rows_from_folder(photos(3)), recipe, out, workers=1, fidelity=False)
    finally:
        over.set()
        hunter.join()
    assert killed != [os.getpid()]
    assert [(row.status, row.attempts) for row in report.rows] == [
        ("made", 1), ("made", 2), ("made", 1),
    ], report.to_dict()  # fmt: skip
    assert not list((out / LOGS).glob("*.work"))
    assert [entry["what"] for entry in read_log(out / LOGS, "photo01.mp4")] == [
        "begun", "begun", "done",
    ]  # fmt: skip


class _Mortal:
    """A pool of processes that dies whenever it begins the first row."""

    def __init__(self, workers: int, **_: object) -> None:
        assert workers == 2
        self.broken = False

    def submit(self, fn: Callable[..., Any], task: work.Task) -> Future[Any]:
        future: Future[Any] = Future()
        if self.broken:
            raise BrokenProcessPool
        if task.row == 1:
            work._log(Path(task.folder) / LOGS, task, "x", "begun")
            self.broken = True
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(fn(task))
        return future

    def shutdown(self, **_: object) -> None:
        pass


def test_a_row_that_kills_its_worker_each_time_is_given_up_and_the_others_are_made(
    photos: Callable[[int], Path], recipe: Shot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ProcessPoolExecutor", _Mortal)
    report = run_batch(
        rows_from_folder(photos(3)), recipe, tmp_path / "out", workers=2, retries=2, fidelity=False
    )
    assert [(row.status, row.attempts) for row in report.rows] == [
        ("failed", 3), ("made", 1), ("made", 1),
    ], report.to_dict()  # fmt: skip
    assert "worker died" in report.rows[0].error


@pytest.mark.parametrize(
    ("change", "words"),
    [({"workers": 0}, "workers"), ({"workers": 1000}, "workers"), ({"retries": -1}, "again")],
)
def test_numbers_that_make_no_sense(
    change: dict[str, int], words: str, recipe: Shot, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInstruction, match=words):
        run_batch([Row(1, tmp_path / "a.png")], recipe, tmp_path, **change)  # type: ignore[arg-type]


def test_no_rows_or_no_folder_is_said_at_once(recipe: Shot, tmp_path: Path) -> None:
    with pytest.raises(InvalidInstruction, match="no rows"):
        run_batch([], recipe, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInstruction, match="is a file"):
        run_batch([Row(1, tmp_path / "a.png")], recipe, tmp_path / "file")
