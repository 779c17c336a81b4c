"""Constants of the scoring, chosen on the clips of one half.

A statistic costs nothing up to where nine of ten clean clips lie, and half of its metric where
defects lie between low and middle severity. The gate's limit lies between the worst clean clip and
the mildest middle defects that can be told; where those overlap, clean clips win, since a judge
that cries wolf is not asked again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from synth.quality.calibration import Calibration, Curb
from synth.quality.model import Defect
from tests.bench.quality.tables import Half
from tests.quality.defects import KINDS

FILE = Path(__file__).resolve().parents[3] / "synth" / "quality" / "calibration.py"

APART = 1.05
"""The gate's limit is at least so many times the worst clean clip."""

BY_HAND = frozenset({"blocking", "trails"})
"""Defects whose constants are not found by counting; the calibration says why."""

NEARER = 0.7
"""How far the gate's limit lies on the way from the worst clean clip to the mildest defects."""

GENTLE = 1.5
"""What takes off half is at least so many times what takes off nothing."""


def fitted(half: Half, now: Calibration) -> Calibration:
    """The constants that suit the clips of ``half``; those of defects it lacks stay as they are."""
    curbs: dict[str, Curb] = {}
    for defect in dict.fromkeys(kind.defect for kind in KINDS.values()):
        clean = np.array([one.measures[defect] for one in half.clean])
        low, middle = (
            [
                np.array([one.measures[defect] for one in half.spoilt(name, severity)])
                for name, kind in KINDS.items()
                if kind.defect == defect
            ]
            for severity in (0, 1)
        )
        if defect not in BY_HAND and len(clean) and any(len(one) for one in middle):
            curbs[defect] = _curb(defect, clean, low, middle, getattr(now, defect))
    return replace(now, **curbs)


def _curb(
    defect: Defect,
    clean: np.ndarray,
    low: list[np.ndarray],
    middle: list[np.ndarray],
    now: Curb,
) -> Curb:
    usual, worst = float(np.quantile(clean, 0.9)), float(clean.max())
    # Some clips hide a defect altogether; the limit is set by the mildest that show it.
    mildest = 0.0
    # A tenth of few clips would be a single one.
    few = max(len(one) for one in middle) < 10
    for share in (0.5,) if few else (0.1, 0.25, 0.5):
        mildest = min(float(np.quantile(one, share)) for one in middle if len(one))
        if mildest > APART * worst:
            break
    typical = min(float(np.median(one)) for one in middle if len(one))
    slight = min((float(np.median(one)) for one in low if len(one)), default=typical)
    if mildest > APART * worst:
        # Nearer to the defects: there are more kinds of clean clips than a sample holds.
        fatal = max(worst + NEARER * (mildest - worst), APART * worst)
    else:
        fatal = APART * worst
    limit = max(usual + 0.5 * (fatal - usual), min(1.05 * worst, 0.8 * slight))
    limit = min(limit, fatal)
    half = max(float(np.sqrt(max(slight, 0.0) * typical)), fatal, 1e-3)
    # A slope that is too steep makes scores of what changes nothing.
    usual = min(usual, half / GENTLE)
    return Curb(*(_short(value) for value in (usual, half, now.power, limit, fatal)))


def _short(value: float) -> float:
    """Three digits: more would claim what some dozens of clips cannot tell."""
    return float(f"{value:.3g}")


def write(calibration: Calibration) -> None:
    """Put the constants into the product's file."""
    text = FILE.read_text(encoding="utf-8")
    for defect in dict.fromkeys(kind.defect for kind in KINDS.values()):
        if defect in BY_HAND:
            continue
        curb = getattr(calibration, defect)
        numbers = ", ".join(
            f"{value:g}" if "." in f"{value:g}" or "e" in f"{value:g}" else f"{value:.1f}"
            for value in (curb.free, curb.half, curb.power, curb.limit, curb.fatal)
        )
        text, count = re.subn(
            rf"(\n    {defect}: Curb = field\(default_factory=lambda: Curb\()[^)]*\)",
            lambda found: found.group(1) + numbers + ")",  # noqa: B023
            text,
        )
        if count != 1:
            raise RuntimeError(f"calibration.py has {count} lines for {defect}")
    FILE.write_text(text, encoding="utf-8")
