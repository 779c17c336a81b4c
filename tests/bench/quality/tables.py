"""Figures of the discrimination: who is told from whom, by which statistic, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from synth.quality.model import MetricName
from tests.bench.quality.specimens import SEVERITIES, Specimen
from tests.quality.defects import KINDS


@dataclass(frozen=True)
class Judged:
    """A specimen and what was said about it."""

    specimen: Specimen
    measures: dict[str, float]
    """One statistic per defect; larger is worse."""
    metrics: dict[MetricName, float]
    """The five scores."""
    passed: bool
    """The gate."""
    reasons: tuple[str, ...]
    """Why the gate failed."""
    overall: float
    rivals: dict[str, float]
    """What others say; larger is worse."""
    speed: float
    """Motion of its faster parts, pixels at 720 lines per frame."""


OF_MOTION: dict[str, float] = {
    "judder": 2.0, "duplicates": 2.0, "drops": 2.0, "ghosts": 2.0, "tearing": 2.0, "frozen": 2.0,
    "trails": 5.0,
}  # fmt: skip
"""Kinds that nobody can see where nothing moves, with the speed of a clip's faster parts from which
they count, pixels at 720 lines per frame. A trail of a few pixels is but a little softness."""


def auc(bad: Sequence[float], good: Sequence[float]) -> float:
    """How often a defective clip gets the larger value than a clean one; ties count half."""
    if not len(bad) or not len(good):
        return float("nan")
    one, two = np.asarray(bad, np.float64)[:, None], np.asarray(good, np.float64)[None]
    return float(np.mean(np.where(one > two, 1.0, np.where(one == two, 0.5, 0.0))))


@dataclass(frozen=True)
class Half:
    """The judged specimens of some clips."""

    judged: tuple[Judged, ...]

    @property
    def clean(self) -> list[Judged]:
        """The clips as they came, those left out that are known to be faulty."""
        return [one for one in self.judged if one.specimen.clean and not one.specimen.source.faulty]

    def moving(self, speed: float) -> set[str]:
        """Names of the clips that move by so many pixels at 720 lines per frame."""
        return {
            one.specimen.source.name
            for one in self.judged
            if one.specimen.clean and one.speed >= speed
        }

    def spoilt(self, kind: str, severity: int) -> list[Judged]:
        """The clips with a defect; one of motion only where there is motion."""
        moving = self.moving(OF_MOTION.get(kind, 0.0))
        return [
            one
            for one in self.judged
            if one.specimen.kind == kind
            and one.specimen.severity == severity
            and one.specimen.source.name in moving
        ]

    def told(self, kind: str, severity: int, value: Callable[[Judged], float]) -> float:
        """AUC of a value for a defect against all that is clean."""
        return auc(
            [value(one) for one in self.spoilt(kind, severity)],
            [value(one) for one in self.clean],
        )

    def rising(self, kind: str) -> tuple[int, int]:
        """Pairs of neighbouring severities of a clip where the worse one measures more; pairs."""
        name = KINDS[kind].defect
        values: dict[str, dict[int, float]] = {}
        for severity in range(len(SEVERITIES)):
            for one in self.spoilt(kind, severity):
                clip = values.setdefault(one.specimen.source.name, {})
                clip[severity] = one.measures[name]
        for one in self.clean:
            if one.specimen.source.name in values:
                values[one.specimen.source.name][-1] = one.measures[name]
        pairs = [
            clip[severity + 1] > clip[severity]
            for clip in values.values()
            for severity in range(-1, len(SEVERITIES) - 1)
            if severity in clip and severity + 1 in clip
        ]
        return sum(pairs), len(pairs)


def number(value: float) -> str:
    """Two digits, as AUC are printed."""
    return "–" if np.isnan(value) else f"{value:.2f}".replace("0.", ".", 1)


def discrimination(half: Half) -> Iterable[str]:
    """AUC of every defect at every severity, beside what others reach, and what the gate says."""
    yield "| defect (low / middle / high) | clips | AUC | others | gate fails | rising |"
    yield "|---|---|---|---|---|---|"
    for kind, what in KINDS.items():
        found = [
            half.told(kind, at, lambda one: one.measures[what.defect])  # noqa: B023
            for at in range(len(SEVERITIES))
        ]
        rival = {
            "flicker": "vbench", "local_flicker": "vbench", "blur": "laplacian",
        }.get(what.defect)  # fmt: skip
        others = ""
        if rival:
            values = [
                half.told(kind, at, lambda one: one.rivals[rival])  # noqa: B023
                for at in range(len(SEVERITIES))
            ]
            name = {"vbench": "VBench", "laplacian": "Laplacian"}[rival]
            others = f"{name} {' / '.join(map(number, values))}"
        failed = []
        for at in range(len(SEVERITIES)):
            bad = half.spoilt(kind, at)
            failed.append(f"{100 * sum(not one.passed for one in bad) / max(1, len(bad)):.0f}")
        rises, pairs = half.rising(kind)
        levels = " / ".join(f"{level:g}" for level in what.levels)
        yield (
            f"| {kind} {levels} {what.unit} | {len(half.spoilt(kind, 1))} | "
            f"{' / '.join(map(number, found))} | {others} | "
            f"{' / '.join(failed)} % | {100 * rises / max(1, pairs):.0f} % |"
        )


def crosstalk(half: Half, severity: int = 1) -> Iterable[str]:
    """Statistics that a defect moves although they are another's: AUC far from a half."""
    names = list(dict.fromkeys(what.defect for what in KINDS.values()))
    near, all_of_them = 0, 0
    yield f"Statistics of other defects, {SEVERITIES[severity]} severity, beyond .4 to .6:"
    for kind, what in KINDS.items():
        far = []
        for name in names:
            if name == what.defect:
                continue
            value = half.told(kind, severity, lambda one: one.measures[name])  # noqa: B023
            all_of_them += 1
            if abs(value - 0.5) <= 0.1:
                near += 1
            else:
                far.append(f"{name} {number(value)}")
        yield f"- {kind}: {', '.join(far) or 'none'}"
    yield f"{near} of {all_of_them} within .4 to .6."


def moves(half: Half, severity: int = 1) -> Iterable[str]:
    """By how much each defect moves each of the five metrics, mean over the clips."""
    names = list(half.clean[0].metrics)
    clean = {one.specimen.source.name: one.metrics for one in half.judged if one.specimen.clean}
    yield f"| metric moved by, {SEVERITIES[severity]} | {' | '.join(names)} |"
    yield "|---|" + "---|" * len(names)
    for kind in KINDS:
        cells = []
        for name in names:
            apart = [
                one.metrics[name] - clean[one.specimen.source.name][name]
                for one in half.spoilt(kind, severity)
                if one.specimen.source.name in clean
            ]
            cells.append(f"{np.mean(apart):+.2f}" if apart else "–")
        yield f"| {kind} | {' | '.join(cells)} |"


def passes(half: Half) -> Iterable[str]:
    """Shares of clean clips that pass and of defects that fail, and what was refused wrongly."""
    clean = half.clean
    good = sum(one.passed for one in clean)
    overall = sum(one.overall >= 0.8 for one in clean)
    yield (
        f"Clean clips: {good} of {len(clean)} pass the gate, {overall} reach an overall score "
        "of 0.8."
    )
    for severity, name in enumerate(SEVERITIES):
        bad = [one for kind in KINDS for one in half.spoilt(kind, severity)]
        failed = sum(not one.passed for one in bad)
        below = sum(one.overall < 0.8 for one in bad)
        yield (
            f"Defects of {name} severity: {failed} of {len(bad)} fail the gate "
            f"({100 * failed / max(1, len(bad)):.0f} %), {below} have less than 0.8."
        )
    for one in clean:
        if not one.passed:
            yield f"- refused although clean: {one.specimen.source.name}: {' '.join(one.reasons)}"
    for one in half.judged:
        if one.specimen.clean and one.specimen.source.faulty:
            said = " ".join(one.reasons) or "passes"
            yield f"- {one.specimen.source.name} ({one.specimen.source.faulty}): {said}"


def rising(half: Half) -> str:
    """How often more of a defect measures more, over all kinds."""
    found = [half.rising(kind) for kind in KINDS]
    up, pairs = sum(one for one, _ in found), sum(two for _, two in found)
    share = 100 * up / max(1, pairs)
    return f"Monotone: {up} of {pairs} pairs of neighbouring severities ({share:.0f} %)."
