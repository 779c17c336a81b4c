"""Which rented machine a training fits on, what it costs there, and how long it may take."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from synth.control import CancelToken
from synth.errors import InvalidInstruction, Unavailable
from synth.explain import short
from synth.style.references import References
from synth.style.remote.hub import ApiMaker, JobsHub
from synth.style.training.estimate import estimate
from synth.style.training.settings import TrainingSettings

SET_UP_SECONDS: Final = 1800.0
"""Installing packages and fetching weights, at most: 70 GB at 100 MB a second, and some."""

_STEP_SECONDS: Final = 8.0
"""Of a step on a card that nothing is known of: LTX-2 on an A100 as its trainer's makers say."""
_SLACK: Final = 2.0
_ROOM: Final = 1.1
"""A card's memory over what is needed: an estimate is rough, and some is never free."""
_LEAST_TIMEOUT: Final = 3600.0
_MOST_TIMEOUT: Final = 24 * 3600.0
_LABELS: Final = {"second": 3600.0, "minute": 60.0, "hour": 1.0}


@dataclass(frozen=True)
class Hardware:
    """A machine for rent, with one card."""

    name: str
    """What the Hub calls it: "a100-large"."""
    title: str
    """For the screen."""
    card: str
    """Model of its card: "A100"."""
    gigabytes: float
    """Memory of the card, GB."""
    dollars_per_hour: float
    """Price."""


@dataclass(frozen=True)
class JobPlan:
    """Where a training will run."""

    hardware: Hardware
    """The machine."""
    seconds: float | None
    """About how long it takes there with everything; None where nothing is known."""
    timeout: int
    """When the Hub ends it whatever happens, seconds."""
    dollars: float | None
    """About what it costs; None where nothing is known."""
    most_dollars: float
    """What it costs if it runs until it is ended."""
    said: str
    """All of it in words."""


def list_hardware(
    token: str | None,
    *,
    cancel: CancelToken | None = None,
    make_api: ApiMaker | None = None,
) -> tuple[Hardware, ...]:
    """Machines with one card and their prices as the Hub lists them now, the cheapest first.

    Raises as ``JobsHub.ask``.
    """
    found = JobsHub(token, make_api=make_api).ask(
        "list its machines",
        lambda api, _: api.list_jobs_hardware(),
        cancel=cancel or CancelToken(),
    )
    machines = [machine for one in found if (machine := _machine(one)) is not None]
    return tuple(sorted(machines, key=lambda one: one.dollars_per_hour))


def plan_job(
    references: References,
    settings: TrainingSettings,
    machines: Sequence[Hardware],
    *,
    flavour: str = "auto",
    hours: float | None = None,
) -> JobPlan:
    """Choose a machine and a time limit.

    Args:
        references: what is learned from.
        settings: how.
        machines: from ``list_hardware``.
        flavour: name of a machine, or "auto" for the cheapest one, all told, whose card is large
            enough.
        hours: time limit; left out, twice the estimate and half an hour. The Hub's own limit of
            half an hour would end nearly every training.

    Raises ``InvalidInstruction`` for a machine that is not there or too small, and for a time
    limit outside of 0.1 to 24 hours; ``Unavailable`` where no machine is large enough.
    """
    if hours is not None and not 0.1 <= hours <= _MOST_TIMEOUT / 3600:
        raise InvalidInstruction(
            f"The time limit is {hours:g} hours; it must be from 0.1 to {_MOST_TIMEOUT / 3600:g}."
        )
    needed = estimate(references, settings).gigabytes
    fitting = [one for one in machines if one.gigabytes >= needed * _ROOM]
    if flavour != "auto":
        named = [one for one in machines if one.name == flavour]
        if not named:
            raise InvalidInstruction(
                f"There is no machine {short(flavour)}. Choose one of "
                f"{', '.join(one.name for one in machines) or 'none: the list is empty'}."
            )
        if named[0] not in fitting:
            raise InvalidInstruction(
                f"The card of {flavour} has {named[0].gigabytes:g} GB and about {needed:.0f} are "
                "needed. Choose a larger machine, a smaller family, fewer frames or a lower "
                "resolution."
            )
        fitting = named
    if not fitting:
        most = max((one.gigabytes for one in machines), default=0.0)
        raise Unavailable(
            f"About {needed:.0f} GB are needed on the card, and the largest machine has {most:g}. "
            "Choose a smaller family, fewer frames or a lower resolution."
        )
    plans = [_plan(one, references, settings, hours) for one in fitting]
    return min(plans, key=lambda plan: plan.most_dollars if plan.dollars is None else plan.dollars)


def _plan(
    machine: Hardware, references: References, settings: TrainingSettings, hours: float | None
) -> JobPlan:
    told = estimate(references, settings, card=machine.card).seconds
    seconds = None if told is None else told + SET_UP_SECONDS
    guess = settings.steps * settings.batch * _STEP_SECONDS if told is None else told
    timeout = min(max(_SLACK * guess + SET_UP_SECONDS, _LEAST_TIMEOUT), _MOST_TIMEOUT)
    if hours is not None:
        timeout = hours * 3600.0
    dollars = None if seconds is None else _price(machine, seconds)
    most = _price(machine, timeout)
    takes = (
        "How long it takes there is not known before its first steps"
        if seconds is None or dollars is None
        else f"It takes about {_spoken(seconds)} there and costs about ${dollars:.2f}"
    )
    said = (
        f"{machine.title} at ${machine.dollars_per_hour:.2f} an hour. {takes}. It is ended after "
        f"{_spoken(timeout)}, which costs ${most:.2f} at most; what was learned until then is kept."
    )
    return JobPlan(machine, seconds, math.ceil(timeout), dollars, most, said)


def _price(machine: Hardware, seconds: float) -> float:
    """Minutes that were begun are charged."""
    return math.ceil(seconds / 60.0) / 60.0 * machine.dollars_per_hour


def _spoken(seconds: float) -> str:
    minutes = max(1, round(seconds / 60.0))
    if minutes < 90:
        return f"{minutes} minute{'s' * (minutes != 1)}"
    return f"{minutes / 60.0:.1f} hours"


def _machine(told: Any) -> Hardware | None:
    """One entry of the Hub's list; None for machines without a card, with several, or unclear."""
    card = told.accelerator
    hour = _LABELS.get(str(told.unit_label))
    if card is None or hour is None or str(card.quantity) != "1" or str(card.type) != "gpu":
        return None
    memory = re.match(r"\s*(\d+(?:\.\d+)?)\s*GB", str(card.vram))
    if memory is None:
        return None
    return Hardware(
        str(told.name),
        str(told.pretty_name),
        str(card.model),
        float(memory[1]),
        float(told.unit_cost_usd) * hour,
    )
