from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from distributed import Client

from synth.control import Progress
from synth.errors import InvalidInstruction, Unavailable
from synth.sequence.batch import dask_executor, rows_from_folder, run_batch
from synth.sequence.batch.work import LOGS, read_log
from synth.shot.model import Shot
from synth.shot.produce import render_shot

ROOT = Path(__file__).parents[3]


class Cluster:
    """A scheduler and two workers, started by their own commands as anyone starts them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        told = folder / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                    "--scheduler-file", str(told))  # fmt: skip
        until = time.monotonic() + 60
        while not told.exists():
            assert time.monotonic() < until, "no scheduler"
            time.sleep(0.05)
        self.address: str = json.loads(told.read_text())["address"]
        self.workers = [
            self._start(
                "worker",
                self.address,
                "--nthreads",
                "1",
                "--no-nanny",
                "--no-dashboard",
                "--host",
                "127.0.0.1",
                "--local-directory",
                str(folder),
            )
            for _ in range(2)
        ]

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context(
            (self._folder / f"{len(os.listdir(self._folder))}.log").open("wb")
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

        def end() -> None:
            process.kill()
            process.wait(30)

        self._stack.callback(end)
        return process


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with ExitStack() as stack:
        yield Cluster(folder, stack)


def test_forty_photos_on_a_cluster_that_loses_a_worker_half_way(
    photos: Callable[[int], Path], recipe: Shot, cluster: Cluster, tmp_path: Path
) -> None:
    rows = rows_from_folder(photos(40))
    # The compiled loops are kept on disk: made here once, and found there by both workers.
    render_shot(recipe, rows[0].image, tmp_path / "warm.mp4", fidelity=False)
    out = tmp_path / "out"
    halfway: dict[Path, tuple[int, str]] = {}

    def fingerprints() -> dict[Path, tuple[int, str]]:
        return {
            path: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in out.glob("*.mp4")
        }

    def is_in_a_row(process: int) -> bool:
        for row in rows:
            log = read_log(out / LOGS, f"{row.image.stem}.mp4")
            if log and (log[-1]["what"], log[-1]["process"]) == ("begun", process):
                return not (out / f"{row.image.stem}.mp4").exists()
        return False

    def watch(progress: Progress) -> None:
        if progress.done < 16 or halfway:
            return
        victim = cluster.workers[0].pid
        until = time.monotonic() + 60
        while time.monotonic() < until:
            # Held still to be looked at, and killed in the middle of a row: there is a row to lose.
            os.kill(victim, signal.SIGSTOP)
            time.sleep(0.01)
            if is_in_a_row(victim):
                break
            os.kill(victim, signal.SIGCONT)
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)
        halfway.update(fingerprints())

    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    with dask_executor(cluster.address) as executor:
        report = run_batch(rows, recipe, out, executor=executor, fidelity=False, progress=watch)
        assert cluster.workers[0].wait(30) == -signal.SIGKILL
        assert 16 <= len(halfway) < 40
        assert report.complete, report.to_dict()
        logs = [read_log(out / LOGS, row.file) for row in report.rows]
        assert len(logs) == 40
        for log in logs:
            assert [entry["what"] for entry in log].count("done") == 1, log
        # Both worked; one row was begun twice, since its worker died over it; none was made twice.
        assert {entry["process"] for log in logs for entry in log} == {
            worker.pid for worker in cluster.workers
        }
        begun = [sum(entry["what"] == "begun" for entry in log) for log in logs]
        assert sorted(begun) == [1] * 39 + [2]
        final = fingerprints()
        assert len(final) == 40
        assert {path: final[path] for path in halfway} == halfway
        assert len({digest for _, digest in final.values()}) == 40, "each photo its own video"
        # The same batch again, on what is left of the cluster: nothing is made again.
        again = run_batch(rows, recipe, out, executor=executor, fidelity=False)
        assert again.counts["kept"] == 40
        assert fingerprints() == final


def test_no_scheduler_there_is_said_in_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="dask scheduler"):
        dask_executor(f"tcp://127.0.0.1:{port}", seconds=0.5)
    with pytest.raises(InvalidInstruction, match="address"):
        dask_executor("")
    with pytest.raises(InvalidInstruction, match="tcp://"):
        dask_executor("nonsense://x", seconds=0.5)


def test_without_dask_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Unavailable, match="pip install distributed"):
        dask_executor("tcp://127.0.0.1:8786")
