"""A batch from beginning to end: rows handed out, retried, gathered and reported."""

from __future__ import annotations

import math
import multiprocessing
import os
import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import replace
from pathlib import Path
from typing import Final

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.sequence.batch.report import BatchReport, RowReport
from synth.sequence.batch.rows import Row, file_names
from synth.sequence.batch.work import LOGS, Task, attempts, do_row
from synth.shot.model import Shot
from synth.shot.result import suffix

_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 20.0
_MOST_WORKERS: Final = 64


def run_batch(
    rows: Iterable[Row],
    recipe: Shot,
    folder: str | os.PathLike[str],
    *,
    executor: Executor | None = None,
    workers: int = 1,
    retries: int = 2,
    quality: bool = False,
    fidelity: bool = True,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> BatchReport:
    """Make a video of each row by one recipe.

    A row that cannot be made (no photo, a value that makes no sense) fails alone, with its number
    in its error; the others go on. A row whose video is finished, by the same instructions from
    the same photo, is not made again, so that a batch that was stopped or killed is gone on with
    by running it again. A video appears whole or not at all, and no row is made by two at once.

    The pool of processes is started afresh ("spawn"): a script that calls this does so under
    ``if __name__ == "__main__":``.

    Args:
        rows: from ``read_csv`` or ``rows_from_folder``, or made by hand.
        recipe: the shot that all rows share.
        folder: where the videos and ``report.csv`` and ``report.json`` go; made if need be.
        executor: who does the work, such as ``dask_executor(address)``; it stays open. A pool of
            processes on this machine otherwise.
        workers: how many processes that pool has.
        retries: how often a row is tried again when its worker dies, or when it ends in an error
            that is not its own.
        quality: judge each video and report whether it passes.
        fidelity: measure each video's camera.
        cancel: stops the batch within a second or so; what is finished stays.
        progress: told how many rows are done.

    Raises ``InvalidInstruction`` for no rows, or a folder, workers or retries that make no sense.
    """
    listed = tuple(rows)
    if not listed:
        raise InvalidInstruction("The batch has no rows.")
    if not 1 <= workers <= _MOST_WORKERS:
        raise InvalidInstruction(f"A batch runs on 1 to {_MOST_WORKERS} workers, not {workers}.")
    if not 0 <= retries <= 20:
        raise InvalidInstruction(f"A row is tried again 0 to 20 times, not {retries}.")
    place = Path(folder).absolute()
    if place.exists() and not place.is_dir():
        raise InvalidInstruction(f"{place.name!r} is a file. Choose a folder for the videos.")
    (place / LOGS).mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    run = secrets.token_hex(8)
    told: dict[int, RowReport] = {}
    tasks: list[tuple[int, Task]] = []
    for index, (row, name) in enumerate(zip(listed, file_names(listed, ""), strict=True)):
        try:
            shot = row.shot(recipe)
        except Exception as error:  # a row fails alone, whatever it holds
            told[index] = RowReport(
                row.number, name, row.image.name, "", "failed", error=_numbered(row, error)
            )
            continue
        task = Task(
            row=row.number, name=name + suffix(shot), image=str(row.image.absolute()),
            folder=str(place), shot=shot.to_json(), quality=quality, fidelity=fidelity, run=run,
        )  # fmt: skip
        tasks.append((index, task))
    stop = place / LOGS / f"{run}.stop"
    hands = _Hands(executor, workers)
    try:
        _work(hands, tasks, told, retries, stop, cancel or CancelToken(), progress, len(listed))
    finally:
        hands.close()
    report = BatchReport(
        place, tuple(told[index] for index in range(len(listed))), time.monotonic() - began
    )
    report.write()
    return report


class _Hands:
    """Whoever does the work: somebody's executor, or a pool of ours that is renewed when broken."""

    def __init__(self, executor: Executor | None, workers: int) -> None:
        self._theirs = executor
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    @property
    def renewable(self) -> bool:
        return self._theirs is None

    def submit(self, work: Callable[[Task], RowReport], task: Task) -> Future[RowReport]:
        if self._theirs is not None:
            return self._theirs.submit(work, task)
        if self._pool is None:
            # A fork would copy the locks of this process's threads in whatever state they are.
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=spawn)
        try:
            return self._pool.submit(work, task)
        except BrokenExecutor:
            self.renew()
            return self.submit(work, task)

    def renew(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _work(
    hands: _Hands, tasks: list[tuple[int, Task]], told: dict[int, RowReport], retries: int,
    stop: Path, cancel: CancelToken, progress: ProgressCallback, total: int,
) -> None:  # fmt: skip
    """Hand out all tasks and gather what became of them in ``told``."""
    begun = {index: attempts(stop.parent, task.name) for index, task in tasks}
    failures: dict[int, int] = dict.fromkeys(begun, 0)
    waiting: dict[Future[RowReport], tuple[int, Task]] = {}

    def hand_out(index: int, task: Task) -> None:
        try:
            waiting[hands.submit(do_row, task)] = (index, task)
        except Exception as error:  # somebody's executor that takes no more work
            told[index] = _given_up(task, stop.parent, error)

    for index, task in tasks:
        hand_out(index, task)
    stopped = False
    patience = math.inf
    while waiting:
        if time.monotonic() > patience:
            # Nobody is left who could look at the stop file.
            for index, task in waiting.values():
                told[index] = _unfinished(task, stop.parent)
            return
        done, _ = wait(waiting, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        broken: list[tuple[int, Task]] = []
        for future in done:
            index, task = waiting.pop(future)
            if future.cancelled():
                told[index] = _unfinished(task, stop.parent)
                continue
            error = future.exception()
            if error is None:
                told[index] = future.result()
            elif isinstance(error, BrokenExecutor) and hands.renewable:
                broken.append((index, task))
            elif failures[index] < retries and not stopped:
                failures[index] += 1
                hand_out(index, task)
            else:
                told[index] = _given_up(task, stop.parent, error)
        if broken:
            # One worker's death ends the whole pool: every row comes back, but only those that
            # had been begun since can have been its death.
            broken += list(waiting.values())
            waiting.clear()
            hands.renew()
            for index, task in broken:
                count = attempts(stop.parent, task.name)
                failures[index] += count > begun[index]
                begun[index] = count
                if failures[index] > retries:
                    told[index] = _given_up(task, stop.parent, None)
                elif stopped:
                    told[index] = _unfinished(task, stop.parent)
                else:
                    hand_out(index, task)
        progress(Progress("Making videos", len(told), total))
        if cancel.cancelled and not stopped:
            stopped = True
            patience = time.monotonic() + _PATIENCE_SECONDS
            stop.touch()
            for future in list(waiting):
                future.cancel()


def _unfinished(task: Task, logs: Path) -> RowReport:
    return RowReport(
        task.row, Path(task.name).stem, Path(task.image).name, "", "stopped",
        attempts=attempts(logs, task.name),
    )  # fmt: skip


def _given_up(task: Task, logs: Path, error: BaseException | None) -> RowReport:
    why = "its worker died each time" if error is None else f"{type(error).__name__}: {error}"
    return replace(
        _unfinished(task, logs),
        status="failed",
        error=f"Row {task.row}: {why[:300]}. Try it alone, or at a smaller size.",
    )


def _numbered(row: Row, error: Exception) -> str:
    text = str(error)
    return text if text.startswith(f"Row {row.number}") else f"Row {row.number}: {text}"
