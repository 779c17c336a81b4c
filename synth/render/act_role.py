"""What a performance is made from: the puppet, its action, and how far it may go."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synth.motion.instructions import SubjectAction
from synth.render.act_parts import Puppet

BRAKING = 0.6
"""Subject heights before the nearest place over which one who comes to the camera slows down."""


def ramp(time: float, seconds: float) -> float:
    """0 at the start, 1 after `seconds`, smooth at both ends."""
    share = min(max(time / seconds, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


def ramp_sum(time: float, seconds: float) -> float:
    """The integral of `ramp` from 0."""
    share = min(max(time / seconds, 0.0), 1.0)
    return seconds * (share**3 - share**4 / 2.0) + max(time - seconds, 0.0)


@dataclass(frozen=True)
class Role:
    """One subject's part."""

    puppet: Puppet
    action: SubjectAction
    room: float
    """How far it can come towards the camera, subject heights."""
    speed: float
    """Ground speed, subject heights per second."""
    rate: float
    """Repetitions of the action, Hz."""
    first: float
    """Which foot goes first: 0 or half a stride."""
    side: float
    """Which side comes first: -1 or 1."""
    odd: tuple[float, ...]
    """Six angles left to chance, radians."""
    heading: tuple[float, float]
    """Direction of travel: right, towards the camera."""
    leg: float
    """Length of the legs, subject heights."""
    feet: int
    """Number of feet."""
    shy: float
    """Share of a full step: legs that are not seen stay under their cloth."""

    @property
    def goes(self) -> bool:
        """Whether it leaves its place."""
        return self.action.direction != "in_place" and self.speed > 0.0

    def root(self, travelled: float, up: float = 0.0) -> tuple[float, float, float]:
        """Where the point between the feet is."""
        if not self.goes:
            return 0.0, up, 0.0
        return travelled * self.heading[0], up, travelled * self.heading[1]

    def held(self, travelled: float) -> tuple[float, float]:
        """Ground covered and the share of full speed, braking where the camera is near."""
        if not self.goes or self.heading[1] <= 0.0 or math.isinf(self.room):
            return travelled, 1.0
        brake = min(BRAKING, self.room)
        over = travelled - (self.room - brake)
        if over <= 0.0:
            return travelled, 1.0
        if over >= 2.0 * brake or brake == 0.0:
            return self.room, 0.0
        return self.room - brake + over - over * over / (4.0 * brake), 1.0 - over / (2.0 * brake)
