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

    blur: Curb = field(default_factory=lambda: Curb(0.0, 3.2, 3.0, 2.3, 3.2))
    noise: Curb = field(default_factory=lambda: Curb(1.5, 8.0, 2.0, 4.0, 9.0))
    blocking: Curb = field(default_factory=lambda: Curb(1.3, 4.5, 2.0, 2.6, 4.5))
    banding: Curb = field(default_factory=lambda: Curb(0.02, 0.25, 2.0, 0.10, 0.30))
    clipping: Curb = field(default_factory=lambda: Curb(0.02, 0.25, 2.0, 0.10, 0.30))
    flicker: Curb = field(default_factory=lambda: Curb(0.0, 1.5, 2.0, 0.8, 2.0))
    local_flicker: Curb = field(default_factory=lambda: Curb(0.5, 3.0, 2.0, 1.8, 4.0))
    colour_drift: Curb = field(default_factory=lambda: Curb(0.0, 16.0, 2.0, 6.0, 12.0))
    jitter: Curb = field(default_factory=lambda: Curb(0.1, 1.2, 2.0, 0.6, 1.5))
    judder: Curb = field(default_factory=lambda: Curb(0.05, 0.5, 2.0, 0.3, 0.6))
    duplicates: Curb = field(default_factory=lambda: Curb(0.01, 0.25, 1.5, 0.06, 0.15))
    drops: Curb = field(default_factory=lambda: Curb(0.01, 0.25, 1.5, 0.05, 0.15))
    ghosts: Curb = field(default_factory=lambda: Curb(0.02, 0.25, 1.5, 0.08, 0.20))
    trails: Curb = field(default_factory=lambda: Curb(0.08, 0.4, 2.0, 0.2, 0.4))
    tearing: Curb = field(default_factory=lambda: Curb(0.005, 0.15, 1.5, 0.02, 0.05))
    frozen: Curb = field(default_factory=lambda: Curb(0.0, 0.25, 1.5, 0.02, 0.04))
    black: Curb = field(default_factory=lambda: Curb(0.0, 0.25, 1.5, 0.001, 0.02))
    letterbox: Curb = field(default_factory=lambda: Curb(0.0, 0.3, 1.5, 0.03, 0.08))
