"""Learning a style from the references of a desk: a look, or a LoRA, as a job that is watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from pydantic import ValidationError

from synth.backends.families import families
from synth.control import CancelToken
from synth.errors import InvalidInstruction, Unavailable
from synth.explain import explain_errors, short
from synth.jobs import JobContext
from synth.style.references import References, check_references
from synth.style.training.settings import TrainedFamily, TrainingJob, TrainingSettings
from synth.ui.assets import picture_url
from synth.ui.field_bounds import bounds
from synth.ui.sequence_jobs import DeskJob
from synth.ui.style_desks import StyleDesk, safe_name
from synth.ui.style_shown import style_cards, weak_match
from synth.ui.visitors import VISITOR_MODELS, VisitorModels

if TYPE_CHECKING:
    from synth.backends.protocol import Frame
    from synth.style.training import Moment, TrainedLora

Make = Literal["look", "lora"]

_LABELS: Final = {
    "family": "Model", "steps": "Steps", "rank": "Rank", "learning_rate": "Learning rate",
    "resolution": "Picture side", "frames": "Frames", "trigger": "Trigger words",
}  # fmt: skip
_WHOLE: Final = frozenset({"steps", "rank", "resolution", "frames"})
_WORDS: Final = frozenset({"trigger"})
_PREVIEW_SIDE: Final = 240
_PREVIEWS_KEPT: Final = 6
_LOOK_PACE: Final = 0.5
"""Seconds that a second of references takes to learn from, on two cores."""
_POINTS: Final = 400
"""Most points of the curve that the page gets."""


@dataclass(frozen=True)
class Plan:
    """What is to be learned."""

    make: Make
    """Which kind of style."""
    name: str
    """What it will be called."""
    settings: TrainingSettings
    """How a LoRA is trained."""


def lora_spec() -> dict[str, Any]:
    """What the page must know of a LoRA's settings."""
    plain = TrainingSettings()
    titles = {one.name: one.title for one in families()}
    fields: dict[str, Any] = {}
    for key, label in _LABELS.items():
        found = bounds(TrainingSettings, key)
        fields[key] = {
            "label": label, "help": found["help"], "rest": getattr(plain, key),
            "whole": key in _WHOLE, "words": key in _WORDS,
        }  # fmt: skip
    fields["family"]["choices"] = [
        [name, titles.get(name, name)] for name in get_args(TrainedFamily)
    ]
    return {"fields": fields, "rest": {key: getattr(plain, key) for key in _LABELS}}


def read_plan(asked: Mapping[str, Any], name: str) -> Plan:
    """What the page asks to learn. Raises ``InvalidInstruction`` naming what makes no sense."""
    make = asked.get("make", asked.get("kind"))
    if make not in get_args(Make):
        raise InvalidInstruction("A style is a look or a LoRA. Choose one of them.")
    return Plan(make, name, read_settings(asked.get("settings")))


def read_settings(value: object) -> TrainingSettings:
    """Settings of a training as they were sent. Raises ``InvalidInstruction``."""
    given = dict(value) if isinstance(value, Mapping) else {}
    if isinstance(given.get("learning_rate"), int) and not isinstance(given["learning_rate"], bool):
        given["learning_rate"] = float(given["learning_rate"])
    try:
        return TrainingSettings.model_validate(given)
    except ValidationError as error:
        raise InvalidInstruction(explain_errors(error, TrainingSettings)) from None


def check_base(settings: TrainingSettings, models: VisitorModels = VISITOR_MODELS) -> None:
    """Raise ``InvalidInstruction`` for weights that a visitor may not have this machine fetch."""
    if settings.model and not models.every and settings.model not in models.names:
        raise InvalidInstruction(
            f"Visitors train on the makers' own weights here, not on {short(settings.model)}. "
            "Leave the model out, or have whoever runs the server allow it with "
            "SYNTH_VISITOR_MODELS."
        )


def estimate_of(plan: Plan, desk: StyleDesk | None) -> dict[str, Any]:
    """What learning takes, in lines, and what this machine lacks for it; nothing is loaded.

    Args:
        plan: what is to be learned.
        desk: holds the references, if there are any.
    """
    if plan.make == "look":
        lines = [["Drawn by", "photo geometry, at any strength"]]
        if desk is not None and desk.references():
            wait = 2 + _LOOK_PACE * sum(one.seconds for one in desk.references())
            lines.insert(0, ["Takes", f"about {wait:.0f} s on this machine"])
        return {"lines": lines, "lacks": ""}
    from synth.backends.local.machine import told_machine
    from synth.style.training.estimate import estimate

    checked = desk.checked if desk is not None else None
    if checked is None or not checked.clips:
        return {
            "lines": [["Takes", "told once there are reference clips"]],
            "lacks": missing_for(plan.settings),
        }
    machine = told_machine()
    card = machine.name if machine.device == "cuda" else ""
    said = estimate(checked, plan.settings, card=card)
    lines = [["Estimate", said.said], *(["Note", note] for note in said.notes)]
    return {"lines": lines, "lacks": missing_for(plan.settings, said.gigabytes)}


def learn_work(desk: StyleDesk, plan: Plan) -> Callable[[JobContext, DeskJob], dict[str, Any]]:
    """The work that learns a style and puts it into the desk's library.

    Raises ``InvalidInstruction`` for weights that are not for visitors.
    """
    check_base(plan.settings)

    def work(job: JobContext, me: DeskJob) -> dict[str, Any]:
        learn = _learn_look if plan.make == "look" else _learn_lora
        path, notes = learn(desk, plan, job, me)
        return kept_style(desk, path, plan.name, notes)

    return work


def kept_style(desk: StyleDesk, path: Path, name: str, notes: Sequence[str]) -> dict[str, Any]:
    """Put a style that was just made into its maker's library; what the page is told of it.

    Raises ``LimitExceeded`` where there is no room for it.
    """
    try:
        added = desk.library.add(path, name=name)
    except InvalidInstruction:  # The name was taken meanwhile, and the work is not to be lost.
        added = desk.library.add(path)
    desk.made_here(added)
    told = desk.checked
    known = {*told.notes, *told.problems} if told is not None else set()
    return {
        "desk": desk.id,
        "made": added.name,
        "styles": style_cards(desk),
        "notes": [said for said in notes if said and said not in known],
    }


def _learn_look(
    desk: StyleDesk, plan: Plan, job: JobContext, me: DeskJob
) -> tuple[Path, tuple[str, ...]]:
    from synth.style.look import learn_look, save_look

    found = references_of(desk, job.cancel)
    neutral = desk.neutral(list(dict.fromkeys(clip.path for clip in found.clips)))
    look = learn_look(
        found, name=plan.name, neutral=neutral, cancel=job.cancel, progress=job.progress
    )
    path = job.folder / f"{safe_name(plan.name, 'look')}.safetensors"
    save_look(look, path)
    return path, (*look.notes, weak_match(look.before, look.after))


def _learn_lora(
    desk: StyleDesk, plan: Plan, job: JobContext, me: DeskJob
) -> tuple[Path, tuple[str, ...]]:
    from synth.style.training import train_lora

    lacks = missing_for(plan.settings)
    if lacks:
        raise Unavailable(lacks)
    curve = Curve(me)
    made = train_lora(
        references_of(desk, job.cancel), plan.settings,
        folder=job.folder / "training", name=plan.name,
        cancel=job.cancel, progress=job.progress, watch=curve.hear,
    )  # fmt: skip
    curve.end(made)
    return made.path, (made.effect.said, *made.notes)


class Curve:
    """What the page gets to see of a training: losses, checks and previews."""

    def __init__(self, me: DeskJob) -> None:
        self._me = me
        self._losses: list[tuple[int, float]] = []
        self._checks: list[tuple[int, float]] = []
        self._previews: list[dict[str, str]] = []
        self._said = ""

    def hear(self, moment: Moment) -> None:
        """Take what the training says."""
        if moment.loss is not None:
            self._losses.append((moment.step, round(moment.loss, 6)))
            if len(self._losses) > 2 * _POINTS:
                self._losses = self._losses[::2]
        if moment.validation is not None:
            self._checks.append((moment.step, round(moment.validation, 6)))
        if moment.preview is not None:
            self._show(moment.preview, f"Step {moment.step}")
        self._said = moment.said or self._said
        self._me.tell(
            losses=self._losses, checks=self._checks, previews=self._previews, said=self._said
        )

    def end(self, made: TrainedLora) -> None:
        """Put the last check's two pictures first: without and with the style."""
        self._previews = self._previews[-_PREVIEWS_KEPT + 2 :]
        self._show(made.effect.before, "Without the style")
        self._show(made.effect.after, "With it, at strength 1")
        self._me.tell(previews=self._previews)

    def _show(self, picture: Frame, words: str) -> None:
        kept = self._previews[-_PREVIEWS_KEPT + 1 :]
        shown = {"picture": picture_url(picture, _PREVIEW_SIDE), "words": words}
        self._previews = [*kept, shown]


def job_file(plan: Plan, folder: Path) -> Path:
    """The training as a ``job.json`` for ``python -m synth.style.training`` on another machine.

    The clips are to lie in a folder "clips" beside it.
    Raises ``InvalidInstruction`` for a name that cannot be a file's.
    """
    try:
        job = TrainingJob(
            references=("clips",), name=plan.name, output=f"{plan.name}.safetensors",
            settings=plan.settings,
        )  # fmt: skip
    except ValidationError as error:
        raise InvalidInstruction(explain_errors(error, TrainingJob)) from None
    path = folder / "job.json"
    path.write_text(job.model_dump_json(indent=2), "utf-8")
    return path


def missing_for(settings: TrainingSettings, needed: float = 0.0) -> str:
    """What this machine lacks to train, with the next step; "" where it can.

    Args:
        settings: how to train.
        needed: memory of the card, GB, where it is known.
    """
    from synth.backends.local.machine import missing_packages, told_machine

    packages = missing_packages()
    if packages:
        return f"{packages} Or learn a look: it needs nothing more."
    if settings.device == "cpu":
        return ""
    machine = told_machine()
    wants = f" with about {needed:.0f} GB" if needed else ""
    if machine.device != "cuda":
        return (
            f"Training needs a graphics card{wants} that CUDA drives, and this machine has none. "
            "Learn a look in its place, take the job to a machine that has one, or rent one."
        )
    if needed > machine.gigabytes > 0:
        return (
            f"Training this needs about {needed:.0f} GB on the card; {machine.name} has "
            f"{machine.gigabytes:.0f}. Choose a smaller model, picture side or frame count."
        )
    return ""


def references_of(desk: StyleDesk, cancel: CancelToken) -> References:
    """The references of a desk as the last check found them, or checked now.

    Raises ``InvalidMedia`` where none of them can be learned from.
    """
    found = desk.checked
    if found is None:
        paths = [one.path for one in desk.references()]
        found = check_references(paths, cancel=cancel)
        desk.hear(found)
    return found.usable()
