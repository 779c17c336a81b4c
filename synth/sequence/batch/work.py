"""One row of a batch, done by whichever worker gets it: once, whole, and told in a log.

A worker gets its instructions by value, since they are small and must be those of the run, and
the photo and the place of the video as paths that all workers share: a video is too large to pass
through a scheduler's memory, and a finished file outlives the worker that made it and the
scheduler that would have carried it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, SynthError
from synth.sequence.batch.report import RowReport
from synth.sequence.places import whole_file
from synth.sequence.shelf import content_hash
from synth.shot.model import Shot
from synth.shot.produce import render_shot
from synth.shot.result import suffix
from synth.style.resolve import path_resolver, styles_of

LOGS: Final = ".batch"
"""Folder beside the videos with a log and a record of each row."""

_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Task:
    """All that a worker needs for one row; small, and made of plain values."""

    row: int
    name: str
    """Name of the video."""
    image: str
    """Path of the photo, shared by all workers."""
    folder: str
    """Path of the folder of the videos, shared by all workers."""
    shot: str
    """The instructions, JSON."""
    quality: bool = False
    """Whether the finished video is judged."""
    fidelity: bool = True
    """Whether its camera is measured."""
    run: str = ""
    """Name of the run; a file of that name among the logs stops it."""


class StopFile(CancelToken):
    """Cancelled once a file is there: the one flag that every process on any machine can see."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._next = 0.0

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        if not super().cancelled and time.monotonic() >= self._next:
            self._next = time.monotonic() + _LOOK_SECONDS
            if self._path.exists():
                self.cancel()
        return super().cancelled

    def check(self) -> None:
        """Raise ``Cancelled`` if somebody asked to stop."""
        if self.cancelled:
            raise Cancelled("Stopped. Nothing was written.")


def do_row(task: Task) -> RowReport:
    """Make the video of a row, or find it made; raises nothing that belongs to the row itself.

    Only one worker at a time is at a row: the others wait for its lock, which goes with the
    process that holds it, and then find the video.
    """
    target = Path(task.folder) / task.name
    logs = Path(task.folder) / LOGS
    told = RowReport(task.row, target.stem, Path(task.image).name, "", "failed")
    cancel = StopFile(logs / f"{task.run}.stop")
    try:
        if not logs.is_dir():
            raise InvalidInstruction(
                f"This worker, on {socket.gethostname()}, does not see the batch's folder "
                f"{Path(task.folder).name!r}. All workers must share it under the same path."
            )
        with _alone(logs / f"{task.name}.lock", cancel):
            told = _do(task, target, logs, cancel, told)
    except Cancelled:
        told = replace(told, status="stopped")
    except SynthError as error:
        told = replace(told, error=f"Row {task.row}: {_bare(str(error), task.row)}")
    return replace(told, attempts=attempts(logs, task.name))


def attempts(logs: Path, name: str) -> int:
    """How often a row was begun, by its log."""
    return sum(entry.get("what") == "begun" for entry in read_log(logs, name))


def read_log(logs: Path, name: str) -> list[dict[str, Any]]:
    """What the log of a row says, in order; a line that a dying worker left half is skipped."""
    found: list[dict[str, Any]] = []
    with contextlib.suppress(FileNotFoundError):
        for line in (logs / f"{name}.log").read_text("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
    return found


def _do(task: Task, target: Path, logs: Path, cancel: CancelToken, told: RowReport) -> RowReport:
    image = Path(task.image)
    if not image.is_file():
        raise InvalidMedia(
            f"the photo {image.name!r} is not there. Check the path in column 'image'."
        )
    shot = Shot.from_json(task.shot)
    key = _key(task, image, shot)
    record = logs / f"{task.name}.json"
    known = _read_record(record)
    if known.get("key") == key and target.is_file() and known.get("sha256") == content_hash(target):
        return replace(
            told, file=target.name, status="kept", passed=known.get("passed"),
            score=known.get("score"), notes=tuple(known.get("notes", ())),
        )  # fmt: skip
    if target.exists() and not known:
        raise InvalidInstruction(
            f"{target.name!r} is there already and was not made by this batch. Move it away, or "
            "choose another folder."
        )
    attempt = secrets.token_hex(4)
    _log(logs, task, attempt, "begun")
    began = time.monotonic()
    # The row's own folder: what a worker that was killed left in it goes away with the next one.
    bench = logs / f"{task.name}.work"
    shutil.rmtree(bench, ignore_errors=True)
    draft = bench / f"{attempt}{suffix(shot)}"
    try:
        bench.mkdir()
        result = render_shot(
            shot, image, draft, fidelity=task.fidelity, styles=path_resolver(), cancel=cancel
        )
        passed, score = _judge(draft, cancel) if task.quality else (None, None)
        with whole_file(record) as partial:
            values = {"key": key, "sha256": content_hash(draft), "passed": passed, "score": score,
                      "notes": list(result.notes)}  # fmt: skip
            partial.write_text(json.dumps(values), "utf-8")
        draft.replace(target)
    except BaseException as error:
        _log(logs, task, attempt, "failed", type(error).__name__)
        raise
    finally:
        shutil.rmtree(bench, ignore_errors=True)
    _log(logs, task, attempt, "done")
    return replace(
        told, file=target.name, status="made", seconds=round(time.monotonic() - began, 3),
        passed=passed, score=score, notes=result.notes,
    )  # fmt: skip


def _judge(path: Path, cancel: CancelToken) -> tuple[bool, float]:
    from synth.quality.evaluate import evaluate_video

    report = evaluate_video(path, cancel=cancel)
    return report.gate.passed, round(report.overall_score, 4)


def _key(task: Task, image: Path, shot: Shot) -> str:
    """Everything that decides how the video of a row comes out."""
    digest = hashlib.sha256(task.shot.encode())
    digest.update(f"|{task.quality}|{content_hash(image)}".encode())
    for text in (shot.prompt, shot.backend.sentence or ""):
        for use in styles_of(text, path_resolver())[1]:
            digest.update(f"|{content_hash(use.file.path)}".encode())
    return digest.hexdigest()


def _read_record(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _log(logs: Path, task: Task, attempt: str, what: str, why: str = "") -> None:
    """One line, appended in one piece: it is there whatever happens next."""
    entry = {
        "what": what, "attempt": attempt, "row": task.row, "run": task.run,
        "at": round(time.time(), 3), "host": socket.gethostname(), "process": os.getpid(),
    }  # fmt: skip
    if why:
        entry["why"] = why
    with (logs / f"{task.name}.log").open("ab", buffering=0) as file:
        file.write(json.dumps(entry).encode() + b"\n")


@contextlib.contextmanager
def _alone(path: Path, cancel: CancelToken) -> Iterator[None]:
    """Hold a row's lock. File systems that know no locks are trusted to have one worker a row."""
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                cancel.check()
                time.sleep(_LOOK_SECONDS)
            except OSError:
                break
        yield


def _bare(message: str, row: int) -> str:
    """A message without the row's number in front, where it has it already."""
    return message.removeprefix(f"Row {row}, ").removeprefix(f"Row {row}: ")
