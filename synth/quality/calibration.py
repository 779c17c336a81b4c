"""Where the scores come from: every constant that turns a measurement into a number from 0 to 1.

A metric starts at its best and is lowered by each defect that counts into it; a defect lowers it by
half when its statistic reaches ``half`` and follows a curve of steepness ``power``. The constants
are fitted on one half of a set of clips and checked on the other by ``tests/bench/quality``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Curb:
    """How one defect lowers a score: 1 / (1 + ((x - free) / (half - free)) ** power)."""

    free: float
    """Statistic up to which nothing is taken off."""
    half: float
    """Statistic that takes off half."""
    power: float = 2.0
    """How steep it is around there."""
    limit: float = 0.0
    """Statistic from which it is a finding, named with its time."""
    fatal: float = float("inf")
    """Statistic from which the gate fails on this alone."""

    def kept(self, value: float) -> float:
        """What is left of a score, 0 to 1, at a statistic of ``value``."""
        over = (value - self.free) / (self.half - self.free)
        return 1.0 if not over > 0.0 else 1.0 / (1.0 + over**self.power)


@dataclass(frozen=True)
class Calibration:
    """All constants of the scoring, in the units of ``synth.quality.measures.Measures``."""

    blur: Curb = field(default_factory=lambda: Curb(0.975, 1.46, 3.0, 1.33, 1.46))
    noise: Curb = field(default_factory=lambda: Curb(2.24, 5.34, 2.0, 3.48, 5.34))
    blocking: Curb = field(default_factory=lambda: Curb(1.26, 1.97, 2.0, 1.54, 1.97))
    banding: Curb = field(default_factory=lambda: Curb(0.0534, 0.269, 2.0, 0.174, 0.19))
    clipping: Curb = field(default_factory=lambda: Curb(9.84e-05, 0.106, 2.0, 0.0256, 0.064))
    flicker: Curb = field(default_factory=lambda: Curb(0.173, 2.87, 2.0, 1.04, 2.34))
    local_flicker: Curb = field(default_factory=lambda: Curb(0.477, 2.75, 2.0, 1.13, 2.1))
    colour_drift: Curb = field(default_factory=lambda: Curb(0.33, 6.83, 2.0, 2.25, 5.13))
    jitter: Curb = field(default_factory=lambda: Curb(0.102, 0.977, 2.0, 0.338, 0.692))
    judder: Curb = field(default_factory=lambda: Curb(0.362, 0.607, 2.0, 0.45, 0.582))
    duplicates: Curb = field(default_factory=lambda: Curb(0.0231, 0.122, 1.5, 0.0625, 0.122))
    drops: Curb = field(default_factory=lambda: Curb(0.022, 0.11, 1.5, 0.063, 0.069))
    ghosts: Curb = field(default_factory=lambda: Curb(0.018, 0.165, 1.5, 0.0837, 0.162))
    trails: Curb = field(default_factory=lambda: Curb(0.17, 0.4, 2.0, 0.25, 0.3))
    tearing: Curb = field(default_factory=lambda: Curb(0.0408, 0.15, 1.5, 0.076, 0.129))
    frozen: Curb = field(default_factory=lambda: Curb(0.0, 0.189, 1.5, 0.0693, 0.173))
    black: Curb = field(default_factory=lambda: Curb(0.0, 0.0325, 1.5, 0.013, 0.0325))
    letterbox: Curb = field(default_factory=lambda: Curb(0.0, 0.122, 1.5, 0.0449, 0.112))
