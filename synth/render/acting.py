"""How each action moves a puppet: a posture for every moment, a pure function of time.

Everything starts from the pose of the photo: it gathers strength over the first step, beat or
breath.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from synth.motion.actions import ground_speed, stride_frequency
from synth.motion.instructions import Action, Heading, SubjectAction
from synth.render.act_bend import Posture
from synth.render.act_gaits import jump, walk
from synth.render.act_gestures import dance, drift, fall, idle, sway, turn, wave
from synth.render.act_parts import Puppet
from synth.render.act_role import Role

_ACTS: Final[Mapping[Action, Callable[[Role, float], Posture]]] = MappingProxyType(
    {
        "walk": walk, "run": walk, "dance": dance, "jump": jump, "fall": fall, "wave": wave,
        "sway": sway, "float": drift, "turn": turn, "idle": idle,
    }
)  # fmt: skip

_WAYS: Final[Mapping[Heading, tuple[float, float]]] = MappingProxyType(
    {
        "left_to_right": (1.0, 0.0),
        "right_to_left": (-1.0, 0.0),
        "toward_camera": (0.0, 1.0),
        "away_from_camera": (0.0, -1.0),
        "in_place": (0.0, 1.0),
    }
)


class Acting:
    """One subject's performance. Immutable: asked for any moment, in any order."""

    def __init__(
        self, puppet: Puppet, action: SubjectAction, *, seed: int = 0, room: float = math.inf
    ) -> None:
        """Rehearse.

        Args:
            puppet: from `take_apart`.
            action: what it does.
            seed: which foot goes first, which way it falls in place, and small irregularities.
            room: how far it can come towards the camera, subject heights.
        """
        rng = np.random.default_rng(seed)
        lengths = [
            math.hypot(leg.joint[0] - leg.end[0], leg.joint[1] - leg.end[1]) for leg in puppet.legs
        ]
        self._role = Role(
            puppet=puppet,
            action=action,
            room=max(room, 0.0),
            speed=ground_speed(action.action, action.speed),
            rate=stride_frequency(action.action, action.speed),
            first=0.5 * float(rng.integers(0, 2)),
            side=1.0 if rng.integers(0, 2) else -1.0,
            odd=tuple(rng.uniform(0.0, 2.0 * math.pi, 6)),
            heading=_WAYS[action.direction],
            leg=float(np.mean(lengths)) if lengths else 0.8 * puppet.hip,
            feet=max(len(puppet.legs), 2),
            shy=1.0 if puppet.legs else 0.45,
        )

    def posture(self, time: float) -> Posture:
        """The posture at a time in seconds from the start; before it, the photo's own."""
        role = self._role
        posture = _ACTS[role.action.action](role, max(time, 0.0))
        return replace(posture, heading=role.heading)
