"""A training on a rented machine: followed, measured, cancelled, fetched."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from synth.backends.providers.refusals import Passing
from synth.backends.providers.watch import Watch
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, SynthError, Unavailable
from synth.limits import LIMITS
from synth.style.files import read_style
from synth.style.model import StyleFile
from synth.style.remote.hub import ApiMaker, JobsHub
from synth.style.remote.log import Log, Told, number
from synth.style.training.model import Moment, ignore_moments

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MOUNT: Final = "/work"
"""Where the machine finds the bucket's folder."""

Stage = Literal["waiting", "running", "done", "failed", "cancelled"]

_STAGES: Final[dict[str, Stage]] = {
    "SCHEDULING": "waiting", "RUNNING": "running", "COMPLETED": "done", "ERROR": "failed",
    "CANCELED": "cancelled", "DELETED": "cancelled",
}  # fmt: skip
_LOOK_SECONDS: Final = 0.05
_DRAIN_SECONDS: Final = 3.0
_FETCH_SECONDS: Final = 3600.0
_MOST_TROUBLES: Final = 20
_MOST_FILES: Final = 8


class JobTicket(BaseModel):
    """What finds a job again, after a restart too. No token is in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    job: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$", description="The Hub's name of the job.")
    account: str = Field(pattern=r"^[\w.-]{1,100}$", description="Who pays.")
    bucket: str = Field(pattern=r"^[\w.-]{1,100}/[\w.-]{1,100}$", description="Where files lie.")
    folder: str = Field(pattern=r"^[\w.-]{1,100}$", description="Folder of this job in it.")
    name: str = Field(min_length=1, max_length=80, description="Name of the style.")
    base: str = Field(default="", max_length=80, description="What the style is for.")
    machine: str = Field(default="", max_length=80, description="What is rented.")
    timeout: int = Field(default=0, ge=0, description="When it is ended, seconds.")


@dataclass(frozen=True)
class JobState:
    """How a job stands."""

    stage: Stage
    """Where it is."""
    said: str = ""
    """Why, in the Hub's words or the training's own."""
    seconds: float | None = None
    """How long its machine has run, and is charged for."""

    @property
    def over(self) -> bool:
        """Whether it will not run any further."""
        return self.stage in ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Load:
    """What a machine is doing."""

    card: float | None
    """Use of its card, 0 to 1."""
    card_gigabytes: float | None
    """Memory in use on the card, GB."""
    card_total: float | None
    """Memory of the card, GB."""
    gigabytes: float | None
    """Memory in use on the machine, GB."""


class RemoteTraining:
    """One job. The token stays in this object alone."""

    def __init__(
        self,
        ticket: JobTicket,
        token: str | None,
        *,
        make_api: ApiMaker | None = None,
        pause: float = 5.0,
    ) -> None:
        """Take up a job that was started; asks nothing.

        Args:
            ticket: of the job.
            token: of the account that pays.
            make_api: makes the Hub's client.
            pause: seconds between two questions about its state.

        Raises ``Unavailable`` without a token.
        """
        self.ticket = ticket
        self._hub = JobsHub(token, make_api=make_api)
        self._pause = pause

    def __repr__(self) -> str:
        """The job's name."""
        return f"RemoteTraining({self.ticket.account}/{self.ticket.job})"

    @property
    def page(self) -> str:
        """The job's page on the Hub."""
        from huggingface_hub.constants import ENDPOINT

        return f"{ENDPOINT}/jobs/{self.ticket.account}/{self.ticket.job}"

    def state(self, *, cancel: CancelToken | None = None) -> JobState:
        """How it stands now. Raises as ``JobsHub.ask``."""
        ticket = self.ticket
        told: Any = self._hub.ask(
            "tell how the job stands",
            lambda api, _: api.inspect_job(job_id=ticket.job, namespace=ticket.account),
            cancel=cancel or CancelToken(),
        )
        stage = _STAGES.get(str(getattr(told.status.stage, "value", told.status.stage)), "waiting")
        said = self._hub.token.scrub(" ".join(str(told.status.message or "").split()))[:300]
        ran = told.durations.running_secs if told.durations else None
        return JobState(stage, said, None if ran is None else float(ran))

    def load(self, *, cancel: CancelToken | None = None) -> Load | None:
        """What the machine is doing now; None while there is none. Raises as ``JobsHub.ask``."""
        ticket = self.ticket

        def work(api: HfApi, _: Watch) -> Any:
            return next(
                iter(api.fetch_job_metrics(job_id=ticket.job, namespace=ticket.account)), None
            )

        told = self._hub.ask("tell what the machine does", work, cancel=cancel or CancelToken())
        if not isinstance(told, dict):
            return None
        cards = told.get("gpus")
        card = next(iter(cards.values()), {}) if isinstance(cards, dict) else {}
        use = number(card.get("utilization"))
        return Load(
            None if use is None else use / 100.0, _gigabytes(card.get("memory_used_bytes")),
            _gigabytes(card.get("memory_total_bytes")), _gigabytes(told.get("memory_used_bytes")),
        )  # fmt: skip

    def cancel(self) -> None:
        """End the job and its costs; what it has kept stays in the bucket.

        Raises as ``JobsHub.ask``.
        """
        ticket = self.ticket
        self._hub.ask(
            "cancel the job",
            lambda api, _: api.cancel_job(job_id=ticket.job, namespace=ticket.account),
            cancel=CancelToken(),
        )

    def cancel_unheard(self) -> None:
        """End the job in the background: whoever leaves waits for nothing more."""

        def quietly() -> None:
            with contextlib.suppress(SynthError):
                self.cancel()

        threading.Thread(target=quietly, name="job-cancel", daemon=True).start()

    def follow(
        self,
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
        watch: Callable[[Moment], None] = ignore_moments,
        line: Callable[[str], None] | None = None,
        leave_running: bool = False,
    ) -> JobState:
        """Wait until the job is over.

        Args:
            cancel: stops the waiting within a second, and the job with it.
            progress: steps of the training, on the caller's thread.
            watch: points of the curve, and what the training says.
            line: every other line of the machine's log, scrubbed.
            leave_running: let the job go on when ``cancel`` is set.

        Returns:
            How it ended; ``fetch`` what it made, for a failed one too.

        Raises ``Cancelled``, and ``Unavailable`` where the Hub does not answer for a long time.
        """
        log = Log(self._hub, self.ticket.job, self.ticket.account)
        told = Told(progress, watch, line)
        over = False
        try:
            state = self._followed(log, told, cancel, progress)
            over = True
        finally:
            log.stop()
            if not over and cancel.cancelled and not leave_running:
                self.cancel_unheard()
        return state if state.stage != "failed" or not told.error else JobState(
            "failed", told.error, state.seconds
        )  # fmt: skip

    def _followed(
        self, log: Log, told: Told, cancel: CancelToken, progress: ProgressCallback
    ) -> JobState:
        asked, troubles = 0.0, 0
        stage = ""
        while True:
            cancel.check()
            log.drain(told)
            if time.monotonic() - asked < self._pause:
                time.sleep(_LOOK_SECONDS)
                continue
            try:
                state = self.state(cancel=cancel)
                troubles = 0
            except Passing:
                troubles += 1
                if troubles >= _MOST_TROUBLES:
                    raise
                asked = time.monotonic()
                continue
            asked = time.monotonic()
            if state.stage != stage:
                stage = state.stage
                if stage == "waiting":
                    progress(Progress("Waiting for a machine"))
                elif stage == "running":
                    progress(Progress("The machine sets itself up"))
                    log.start()
            if state.over:
                # What it said last may still be on its way.
                log.start()
                deadline = time.monotonic() + _DRAIN_SECONDS
                while log.running and time.monotonic() < deadline:
                    cancel.check()
                    log.drain(told)
                    time.sleep(_LOOK_SECONDS)
                log.drain(told)
                return state

    def fetch(
        self,
        folder: str | os.PathLike[str],
        *,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
        overwrite: bool = False,
    ) -> tuple[StyleFile, ...]:
        """Bring the style home, checked like a stranger's: header, size, and finite values.

        Args:
            folder: where its files go, made if need be.
            cancel: stops it; nothing is left behind.
            progress: files fetched.
            overwrite: replace files that are there.

        Returns:
            The files, the one in diffusers' layout first.

        Raises ``Unavailable`` where there is none yet, ``InvalidMedia`` for a damaged one or one
        for another base, ``LimitExceeded``, ``InvalidInstruction`` for a file that is there, and
        as ``JobsHub.ask``.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        token = cancel or CancelToken()
        with tempfile.TemporaryDirectory(dir=target, prefix=".job-") as place:
            names = self._download(Path(place), token, progress)
            found = [read_style(Path(place) / name, cancel=token) for name in names]
            for name, style in zip(names, found, strict=True):
                if self.ticket.base and style.base not in ("", self.ticket.base):
                    raise InvalidMedia(
                        f"{name} is for {style.base}, and {self.ticket.base} was asked for."
                    )
                if (target / name).exists() and not overwrite:
                    raise InvalidInstruction(
                        f"{target / name} is already there. Choose another folder, or overwrite it."
                    )
            for name in names:
                os.replace(Path(place) / name, target / name)
        return tuple(read_style(target / name, values=False) for name in names)

    def _download(self, place: Path, cancel: CancelToken, progress: ProgressCallback) -> list[str]:
        ticket = self.ticket
        prefix = f"{ticket.folder}/out"

        def work(api: HfApi, watch: Watch) -> list[str]:
            found: dict[str, Any] = {}
            for entry in api.list_bucket_tree(ticket.bucket, prefix=prefix, recursive=True):
                path = PurePosixPath(str(entry.path))
                plain = path.parent == PurePosixPath(prefix) and not path.name.startswith(".")
                if plain and path.suffix == ".safetensors" and hasattr(entry, "size"):
                    found[path.name] = entry
            first = f"{ticket.name}.safetensors"
            names = sorted(found, key=lambda name: (name != first, name))[:_MOST_FILES]
            for index, name in enumerate(names):
                watch.check()
                if found[name].size > LIMITS.style_bytes:
                    raise LimitExceeded(
                        f"{name} has {found[name].size:,} bytes; {LIMITS.style_bytes:,} may be "
                        "fetched. Train with a lower rank."
                    )
                watch.say(Progress("Fetching the style", index, len(names)))
                api.download_bucket_files(
                    ticket.bucket, [(found[name], place / name)], raise_on_missing_files=True
                )
            watch.say(Progress("Fetching the style", len(names), len(names)))
            return names

        names = self._hub.ask(
            "fetch the style", work, cancel=cancel, progress=progress, seconds=_FETCH_SECONDS
        )
        if not names:
            raise Unavailable(
                f"The job has made no style: nothing lies in {ticket.bucket}/{prefix}. Wait until "
                "it is done; if it failed, read why on its page and train again."
            )
        return names

    def clean_up(self, *, cancel: CancelToken | None = None) -> int:
        """Delete the references and all else that the job left in the bucket; how many files.

        Raises as ``JobsHub.ask``.
        """
        ticket = self.ticket

        def work(api: HfApi, _: Watch) -> int:
            paths = [
                str(entry.path)
                for entry in api.list_bucket_tree(
                    ticket.bucket, prefix=ticket.folder, recursive=True
                )
                if hasattr(entry, "size") and str(entry.path).startswith(f"{ticket.folder}/")
            ]
            if paths:
                api.batch_bucket_files(ticket.bucket, delete=paths)
            return len(paths)

        return self._hub.ask("delete the job's files", work, cancel=cancel or CancelToken())


def _gigabytes(value: Any) -> float | None:
    size = number(value)
    return None if size is None else size / 1e9
