"""``python -m synth.style.training job.json``: one training, told in lines of JSON.

The file is a ``TrainingJob``. Every line on standard output is one JSON object: ``stage``,
``step``, ``steps`` and ``seconds_left`` while it runs, ``validation`` where it was measured, and at
the end ``done`` with the file's path, or ``error`` with a sentence. Exit status 0 is done, 1 an
error, 2 a wrong call. An access token is read from the environment (``HF_TOKEN``), never printed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from synth.control import CancelToken, Progress
from synth.errors import SynthError
from synth.explain import explain_errors
from synth.json_text import read_json
from synth.style.references import check_references
from synth.style.training.model import Moment
from synth.style.training.run import train_lora
from synth.style.training.settings import TrainingJob

_VIDEOS = (".mp4", ".mov", ".webm", ".mkv", ".m4v", ".avi")
_PAUSE = 1.0


def _say(**told: Any) -> None:
    print(json.dumps(told, ensure_ascii=False), flush=True)


class _Teller:
    """Progress as lines, at most one a second unless it is of note."""

    def __init__(self) -> None:
        self._last = 0.0

    def progress(self, one: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= _PAUSE or one.done == one.total:
            self._last = now
            _say(stage=one.stage, step=one.done, steps=one.total, seconds_left=one.seconds_left)

    def moment(self, one: Moment) -> None:
        if one.validation is not None:
            _say(step=one.step, steps=one.steps, validation=one.validation, loss=one.loss)
        if one.said:
            _say(said=one.said)


def _files(references: tuple[str, ...]) -> list[Path]:
    """The reference videos; a folder stands for the videos in it."""
    found: list[Path] = []
    for text in references:
        place = Path(text)
        if place.is_dir():
            found += sorted(one for one in place.iterdir() if one.suffix.lower() in _VIDEOS)
        else:
            found.append(place)
    return found


def main(arguments: list[str]) -> int:
    """Run the job of a file; returns the exit status."""
    if len(arguments) != 1:
        print("Usage: python -m synth.style.training job.json", file=sys.stderr)
        return 2
    cancel = CancelToken()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: cancel.cancel())
    teller = _Teller()
    try:
        job = TrainingJob.model_validate(read_json(Path(arguments[0]).read_text("utf-8")))
        output = Path(job.output)
        folder = Path(job.folder) if job.folder else output.with_suffix("")
        references = check_references(
            _files(job.references), cancel=cancel, progress=teller.progress
        )
        for line in (*references.problems, *references.notes):
            _say(said=line)
        made = train_lora(
            references, job.settings, folder=folder, name=job.name, output=output,
            token=os.environ.get("HF_TOKEN"), cancel=cancel, progress=teller.progress,
            watch=teller.moment,
        )  # fmt: skip
    except OSError as error:
        _say(error=f"{arguments[0]} cannot be read or written: {error.strerror or error}.")
        return 1
    except ValidationError as error:
        _say(error=explain_errors(error, TrainingJob))
        return 1
    except SynthError as error:
        _say(error=str(error))
        return 1
    _say(
        done=str(made.path), comfyui=[str(one) for one in made.comfyui], trigger=made.trigger,
        steps=made.steps, validation=made.validation, moved=made.effect.moved,
        took=made.effect.took, notes=made.notes, seconds=round(made.seconds, 1),
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
