"""Jobs: watched, stopped within a second, and nothing left behind."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import pytest

from synth.control import Progress
from synth.errors import Cancelled, InvalidMedia
from synth.jobs import JobContext, JobPool


def _job_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("job-")]


def _until(condition, seconds: float = 3.0) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited too long"
        time.sleep(0.01)
    return time.monotonic() - began


def _endless(context: JobContext) -> None:
    (context.folder / "partial.mp4").write_bytes(b"x")
    for step in range(100_000):
        context.cancel.check()
        context.progress(Progress("Rendering", step, 100_000))
        time.sleep(0.01)


@pytest.fixture
def pool(tmp_path: Path) -> JobPool:
    return JobPool(2, tmp_path)


def test_the_result_and_the_last_progress_come_back(pool: JobPool) -> None:
    def work(context: JobContext) -> int:
        context.progress(Progress("Rendering", 3, 3))
        return 42

    with pool.start(work) as job:
        assert job.result(2) == 42
        assert job.progress == Progress("Rendering", 3, 3)


def test_an_error_of_the_work_reaches_the_caller(pool: JobPool, tmp_path: Path) -> None:
    def work(context: JobContext) -> None:
        raise InvalidMedia("not a picture")

    with pool.start(work) as job:
        list(job.events())
        with pytest.raises(InvalidMedia, match="not a picture"):
            job.result(2)
    assert list(tmp_path.iterdir()) == []


def test_cancel_works_within_a_second_and_leaves_nothing(pool: JobPool, tmp_path: Path) -> None:
    with pool.start(_endless) as job:
        _until(lambda: job.progress.done > 3)
        job.cancel()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            job.result(1)
        assert time.monotonic() - began < 1
    _until(lambda: not _job_threads() and not list(tmp_path.iterdir()), 1)


def test_closing_the_watching_generator_cancels_at_once(pool: JobPool, tmp_path: Path) -> None:
    def watch():
        with pool.start(_endless) as job:
            yield from job.events()

    watching = watch()
    for _ in range(3):
        next(watching)
    began = time.monotonic()
    watching.close()
    assert time.monotonic() - began < 0.1, "closing must not wait for the worker"
    _until(lambda: not _job_threads() and not list(tmp_path.iterdir()), 1)


def test_events_come_at_least_every_fifth_of_a_second(pool: JobPool) -> None:
    def silent(context: JobContext) -> None:
        time.sleep(0.9)

    with pool.start(silent) as job:
        moments = [time.monotonic() for _ in job.events()]
    assert len(moments) >= 4
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert max(gaps) < 0.4


def test_events_end_soon_after_the_work(pool: JobPool) -> None:
    with pool.start(lambda context: time.sleep(0.05)) as job:
        began = time.monotonic()
        list(job.events(interval=5))
        assert time.monotonic() - began < 1


def test_time_left_follows_the_pace(pool: JobPool) -> None:
    def work(context: JobContext) -> None:
        for step in range(1, 21):
            time.sleep(0.05)
            context.progress(Progress("Rendering", step, 40))
        context.cancel.check()
        time.sleep(0.3)

    with pool.start(work) as job:
        _until(lambda: job.progress.done == 20)
        left = job.progress.seconds_left
    assert left is not None
    assert 0.7 < left < 2.5


def test_two_jobs_do_not_meet(pool: JobPool) -> None:
    both = threading.Barrier(2, timeout=3)

    def work_as(name: str):
        def work(context: JobContext) -> tuple[str, list[str]]:
            both.wait()
            (context.folder / "result.txt").write_text(name)
            both.wait()
            seen = [path.read_text() for path in context.folder.iterdir()]
            return context.folder.name, seen

        return work

    with pool.start(work_as("one")) as one, pool.start(work_as("two")) as two:
        (first_folder, first), (second_folder, second) = one.result(3), two.result(3)
    assert (first, second) == (["one"], ["two"])
    assert first_folder != second_folder


def test_cancelling_one_job_leaves_the_other_running(pool: JobPool) -> None:
    def work(context: JobContext) -> str:
        for _ in range(60):
            context.cancel.check()
            time.sleep(0.01)
        return "finished"

    with pool.start(_endless) as stopped, pool.start(work) as other:
        stopped.cancel()
        assert other.result(3) == "finished"


def test_no_more_jobs_run_than_the_pool_allows(tmp_path: Path) -> None:
    pool = JobPool(1, tmp_path)
    release = threading.Event()
    with pool.start(lambda context: release.wait(3)) as first:
        with pool.start(lambda context: "ran") as second:
            time.sleep(0.3)
            assert not second.done
            assert second.progress.stage == "Waiting for a free place"
            release.set()
            assert second.result(2) == "ran"
        assert first.result(2)


def test_a_waiting_job_can_be_cancelled(tmp_path: Path) -> None:
    pool = JobPool(1, tmp_path)
    release = threading.Event()
    with pool.start(lambda context: release.wait(3)), pool.start(lambda context: "ran") as second:
        second.cancel()
        with pytest.raises(Cancelled):
            second.result(1)
        release.set()


def test_the_folder_is_there_until_the_job_is_closed(pool: JobPool) -> None:
    def work(context: JobContext) -> Path:
        path = context.folder / "clip.mp4"
        path.write_bytes(b"x")
        return path

    with pool.start(work) as job:
        path = job.result(2)
        assert path.exists()
    assert not path.exists()


def test_a_pool_without_places_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        JobPool(0)
