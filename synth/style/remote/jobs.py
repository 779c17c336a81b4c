"""Sends a training to a rented machine."""

from __future__ import annotations

import contextlib
import re
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synth.backends.families import family
from synth.backends.providers.watch import Watch
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, SynthError, Unavailable
from synth.explain import short
from synth.style.references import References
from synth.style.remote import job_script
from synth.style.remote.hardware import JobPlan
from synth.style.remote.hub import ApiMaker, JobsHub
from synth.style.remote.snapshot import clip_files, pack_program, size_of, write_job
from synth.style.remote.training import MOUNT, JobTicket, RemoteTraining
from synth.style.training.settings import TrainingSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[\w .-]{0,78}[\w-])?")
_SEND_SECONDS: Final = 4 * 3600.0
_PYTHON: Final = "3.12"


def train_on_jobs(
    references: References,
    settings: TrainingSettings,
    plan: JobPlan,
    *,
    name: str,
    token: str | None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
    make_api: ApiMaker | None = None,
) -> RemoteTraining:
    """Send program and references into a private bucket of the account, and start a machine.

    Money is spent from here on, as the plan says, until the job ends or is cancelled. The token
    goes along as the job's secret ``HF_TOKEN``, with which it fetches the base's weights, and
    stands nowhere else.

    Args:
        references: from ``check_references``; their whole files are sent, under other names.
        settings: how to train.
        plan: from ``plan_job``.
        name: of the style.
        token: of the account that pays.
        cancel: stops the sending; what was sent is then deleted again.
        progress: bytes sent.
        make_api: makes the Hub's client.

    Returns:
        The job, to be followed.

    Raises ``InvalidInstruction`` for a name that cannot be a file's, ``InvalidMedia`` and
    ``LimitExceeded`` for references that cannot be sent, ``Unavailable`` where the Hub refuses or
    cannot be reached, and ``Cancelled``.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInstruction(
            f"A style cannot be named {short(name)}. Use up to 80 letters, digits, spaces, dots "
            "and dashes."
        )
    hub = JobsHub(token, make_api=make_api)
    clips = clip_files(references.usable())
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    folder = f"motion-synth-{stamp}-{secrets.token_hex(4)}"

    started: list[JobTicket] = []

    def work(api: HfApi, watch: Watch) -> JobTicket:
        with tempfile.TemporaryDirectory(prefix="synth-job-", ignore_cleanup_errors=True) as place:
            files = [
                (pack_program(Path(place) / "program.zip"), f"{folder}/in/program.zip"),
                (write_job(Path(place) / "job.json", name, settings), f"{folder}/in/job.json"),
                *((file, f"{folder}/in/clips/{named}") for file, named in clips),
            ]
            account = api.whoami()["name"]
            bucket = _private_bucket(api, account)
            sent: list[str] = []
            try:
                _send(api, bucket, files, sent, watch)
                started.append(_started(api, account, bucket, folder, name, settings, plan, hub))
                # Whoever asked may have gone: a machine that nobody waits for is not paid for.
                watch.check()
                return started[0]
            except BaseException:
                # The references are somebody's own: they do not stay where nothing uses them.
                with contextlib.suppress(Exception):
                    for ticket in started:
                        api.cancel_job(job_id=ticket.job, namespace=ticket.account)
                with contextlib.suppress(Exception):
                    api.batch_bucket_files(bucket, delete=sent)
                raise

    try:
        ticket = hub.ask(
            "start the training", work, cancel=cancel or CancelToken(), progress=progress,
            seconds=_SEND_SECONDS,
        )  # fmt: skip
    except SynthError:
        # The worker may have looked before its caller went, and nobody took what it gave.
        for one in started:
            RemoteTraining(one, token, make_api=make_api).cancel_unheard()
        raise
    return RemoteTraining(ticket, token, make_api=make_api)


def _private_bucket(api: HfApi, account: str) -> str:
    """The account's bucket for jobs; raises ``Unavailable`` where everybody can look into it."""
    from huggingface_hub.constants import HF_JOBS_ARTIFACTS_BUCKET_NAME

    bucket = f"{account}/{HF_JOBS_ARTIFACTS_BUCKET_NAME}"
    api.create_bucket(bucket, private=True, exist_ok=True)
    if not api.bucket_info(bucket).private:
        raise Unavailable(
            f"The bucket {bucket} is public, and the reference videos would be too. Make it "
            "private in its settings on the Hub, and try again."
        )
    return bucket


def _send(
    api: HfApi, bucket: str, files: list[tuple[Path, str]], sent: list[str], watch: Watch
) -> None:
    total = sum(size_of(file) for file, _ in files)
    done = 0
    for file, name in files:
        watch.check()
        watch.say(Progress("Sending the references to the machine", done, total))
        sent.append(name)
        api.batch_bucket_files(bucket, add=[(file, name)])
        done += size_of(file)
    watch.check()
    watch.say(Progress("Sending the references to the machine", total, total))


def _started(
    api: HfApi,
    account: str,
    bucket: str,
    folder: str,
    name: str,
    settings: TrainingSettings,
    plan: JobPlan,
    hub: JobsHub,
) -> JobTicket:
    from huggingface_hub import Volume

    job: Any = api.run_uv_job(
        str(Path(job_script.__file__)),
        script_args=[MOUNT],
        python=_PYTHON,
        env={"HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONUNBUFFERED": "1"},
        secrets={"HF_TOKEN": hub.token.reveal()},
        flavor=plan.hardware.name,
        timeout=plan.timeout,
        name=f"style-{re.sub(r'[^A-Za-z0-9-]+', '-', name)[:40]}",
        labels={"made-for": "motion-synth-style"},
        volumes=[
            Volume(type="bucket", source=bucket, mount_path=MOUNT, path=folder, read_only=False)
        ],
        namespace=account,
    )
    return JobTicket(
        job=str(job.id), account=account, bucket=bucket, folder=folder, name=name,
        base=family(settings.family, guided=settings.family.startswith("wan-vace")).base,
        machine=plan.hardware.name, timeout=plan.timeout,
    )  # fmt: skip
