"""Training a style on Hugging Face Jobs from the page: a price first, then the training itself.

The token of whoever pays goes along with each of both calls and is dropped with the job that it
was for; it stands in no setting, file, answer or log.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synth.errors import InvalidInstruction, SynthError, Unavailable
from synth.jobs import JobContext
from synth.ui.sequence_jobs import DeskJob
from synth.ui.style_desks import StyleDesk
from synth.ui.style_learning import Curve, Plan, kept_style, references_of

if TYPE_CHECKING:
    from synth.style.model import StyleFile
    from synth.style.remote import JobPlan, JobState, RemoteTraining

Work = Callable[[JobContext, DeskJob], dict[str, Any]]

_CENT = 0.01


@dataclass(frozen=True)
class Agreed:
    """What somebody said yes to."""

    machine: str
    """The Hub's name of what is rented."""
    most: float
    """Most that it may cost, US dollars."""


class OneToken:
    """A token for one job: given out once, and then held here no more."""

    def __init__(self, token: str | None) -> None:
        """Hold it until somebody takes it."""
        self._held = [token]

    def take(self) -> str | None:
        """The token; None ever after."""
        return self._held.pop() if self._held else None

    def __repr__(self) -> str:
        """Without the token."""
        return "OneToken()"


def read_agreed(asked: Mapping[str, Any]) -> Agreed:
    """The machine and price that the page shows. Raises ``InvalidInstruction`` for none."""
    machine, most = asked.get("machine"), asked.get("most")
    sound = isinstance(most, int | float) and not isinstance(most, bool) and math.isfinite(most)
    if not isinstance(machine, str) or not machine or not sound:
        raise InvalidInstruction("Ask for the price first, and agree to it.")
    return Agreed(machine, float(most))  # pyright: ignore[reportArgumentType]


def price_work(desk: StyleDesk, plan: Plan, secret: OneToken) -> Work:
    """The work that asks what a training costs on rented machines."""

    def work(job: JobContext, me: DeskJob) -> dict[str, Any]:
        offer = _offer(desk, plan, secret.take(), "auto", job)
        return {
            "price": {
                "said": offer.said,
                "machine": offer.hardware.name,
                "title": offer.hardware.title,
                "dollars": None if offer.dollars is None else round(offer.dollars, 2),
                "most": round(offer.most_dollars, 2),
            }
        }

    return work


def remote_work(desk: StyleDesk, plan: Plan, agreed: Agreed, secret: OneToken) -> Work:
    """The work that trains on a rented machine and puts the style into the desk's library."""

    def work(job: JobContext, me: DeskJob) -> dict[str, Any]:
        from synth.style.remote import train_on_jobs

        token = secret.take()
        offer = _offer(desk, plan, token, agreed.machine, job)
        if offer.most_dollars > agreed.most + _CENT:
            raise InvalidInstruction(
                f"The price has changed: ${offer.most_dollars:.2f} at most, and ${agreed.most:.2f} "
                "was agreed to. Ask for the price again. Nothing was started."
            )
        handle = train_on_jobs(
            references_of(desk, job.cancel), plan.settings, offer, name=plan.name, token=token,
            cancel=job.cancel, progress=job.progress,
        )  # fmt: skip
        place = f"{handle.ticket.bucket}/{handle.ticket.folder}"
        me.tell(page=handle.page, place=place)
        state = handle.follow(cancel=job.cancel, progress=job.progress, watch=Curve(me).hear)
        styles = _fetched(handle, state, job)
        notes = [_charged(state, offer)]
        if state.stage != "done":
            notes.append(f"It ended early, with what it had learned. {state.said}".strip())
        try:
            handle.clean_up(cancel=job.cancel)
        except SynthError:
            notes.append(f"The clips still lie in {place}; delete them there.")
        return kept_style(desk, styles[0].path, plan.name, notes)

    return work


def _offer(
    desk: StyleDesk, plan: Plan, token: str | None, machine: str, job: JobContext
) -> JobPlan:
    from synth.control import Progress
    from synth.style.remote import list_hardware, plan_job

    job.progress(Progress("Asking Hugging Face for machines and prices"))
    found = references_of(desk, job.cancel)
    machines = list_hardware(token, cancel=job.cancel)
    return plan_job(found, plan.settings, machines, flavour=machine)


def _fetched(handle: RemoteTraining, state: JobState, job: JobContext) -> tuple[StyleFile, ...]:
    """What the machine made; a training that broke off may have left a style as well."""
    if state.stage == "done":
        return handle.fetch(job.folder / "made", cancel=job.cancel, progress=job.progress)
    with contextlib.suppress(SynthError):
        return handle.fetch(job.folder / "made", cancel=job.cancel, progress=job.progress)
    ended = "was cancelled on Hugging Face" if state.stage == "cancelled" else "failed there"
    ticket = handle.ticket
    raise Unavailable(
        f"The training {ended} and left no style. {state.said} What it kept lies in "
        f"{ticket.bucket}/{ticket.folder}; its log stands at {handle.page}."
    )


def _charged(state: JobState, offer: JobPlan) -> str:
    if state.seconds is None:
        return f"It ran on {offer.hardware.title}."
    minutes = max(1, math.ceil(state.seconds / 60))
    dollars = minutes / 60 * offer.hardware.dollars_per_hour
    return f"It ran {minutes} min on {offer.hardware.title}: about ${dollars:.2f}."
