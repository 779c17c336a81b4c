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

    blur: Curb = field(default_factory=lambda: Curb(0.89, 1.34, 3.0, 1.29, 1.34))
    noise: Curb = field(default_factory=lambda: Curb(2.24, 5.4, 2.0, 3.82, 5.4))
    blocking: Curb = field(default_factory=lambda: Curb(1.12, 1.7, 2.0, 1.38, 1.5))
    """Chosen by hand: the clean clips are coded more finely than what people bring."""
    banding: Curb = field(default_factory=lambda: Curb(0.0534, 0.289, 2.0, 0.174, 0.176))
    clipping: Curb = field(default_factory=lambda: Curb(9.84e-05, 0.106, 2.0, 0.0425, 0.0849))
    flicker: Curb = field(default_factory=lambda: Curb(0.173, 2.85, 2.0, 1.34, 2.52))
    local_flicker: Curb = field(default_factory=lambda: Curb(0.477, 2.83, 2.0, 1.02, 1.56))
    colour_drift: Curb = field(default_factory=lambda: Curb(0.33, 6.33, 4.0, 2.12, 3.9))
    jitter: Curb = field(default_factory=lambda: Curb(0.121, 0.943, 2.0, 0.412, 0.702))
    judder: Curb = field(default_factory=lambda: Curb(0.27, 0.602, 2.0, 0.462, 0.501))
    duplicates: Curb = field(default_factory=lambda: Curb(0.02, 0.108, 1.5, 0.064, 0.108))
    drops: Curb = field(default_factory=lambda: Curb(0.0022, 0.111, 1.5, 0.0365, 0.0706))
    ghosts: Curb = field(default_factory=lambda: Curb(0.0102, 0.15, 1.5, 0.0698, 0.129))
    trails: Curb = field(default_factory=lambda: Curb(0.45, 0.9, 2.0, 0.55))
    """Chosen by hand, and never fatal: only trails of quick things are told, and those of clips of
    few frames a second are easily taken for them."""
    tearing: Curb = field(default_factory=lambda: Curb(0.00877, 0.15, 1.5, 0.0727, 0.137))
    frozen: Curb = field(default_factory=lambda: Curb(0.0, 0.189, 1.5, 0.0933, 0.187))
    black: Curb = field(default_factory=lambda: Curb(0.0, 0.035, 1.5, 0.0175, 0.035))
    letterbox: Curb = field(default_factory=lambda: Curb(0.0, 0.122, 1.5, 0.0605, 0.121))
