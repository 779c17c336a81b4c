"""Ways to cover ground: walking, running, jumping.

Each foot is planted on the ground for its stance and swung on in an even arc, so that feet do not
slide (Bruderlin & Calvert 1989, https://doi.org/10.1145/74334.74357); the hips rise over the
standing leg in a walk and fly between the feet in a run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from synth.motion.actions import jump_flight, jump_height
from synth.render.act_bend import Foot, Posture
from synth.render.act_role import Role, ramp, ramp_sum

WALK_STANCE, RUN_STANCE = 0.62, 0.36
"""Share of a stride that a foot stands on the ground."""

LONGEST_REACH = 0.62
"""Most that a foot stands ahead of or behind its hip, in leg lengths: longer strides of subjects
with short legs slide."""

CROUCH_SECONDS, LANDING_SECONDS = 0.4, 0.45
"""Before and after the flight of a jump."""


@dataclass(frozen=True)
class _Stride:
    """Where in its stride a walking subject is."""

    cycles: float
    """Strides done."""
    strength: float
    """0 standing, 1 in full stride."""
    travelled: float
    """Ground covered, subject heights."""


def _stride(role: Role, time: float) -> _Stride:
    start = 0.5 / role.rate
    free = role.speed * ramp_sum(time, start)
    travelled, share = role.held(free)
    return _Stride(
        travelled / role.speed * role.rate, ramp(time, start) * ramp(share, 0.5), travelled
    )


def _step(phase: float, reach: float, lift: float, stance: float) -> Foot:
    """One foot in its stride; phase 0 is the middle of its stance."""
    phase = (phase + stance / 2.0) % 1.0
    if phase < stance:
        along = reach * (1.0 - 2.0 * phase / stance)
        late = max(phase / stance - 0.65, 0.0) / 0.35
        return Foot(along, 0.0, 0.5 * late * late)
    share = (phase - stance) / (1.0 - stance)
    # A cubic that leaves and meets the ground at the ground's own speed.
    slope = -2.0 * reach / stance * (1.0 - stance)
    there = share * share * (3.0 - 2.0 * share)
    along = (
        -reach + 2.0 * reach * there
        + slope * (share * (1.0 - share) ** 2 - share * share * (1.0 - share))
    )  # fmt: skip
    early = share**0.8
    pitch = 0.5 * (1.0 - share) ** 2 - 0.3 * math.sin(math.pi * share) * share
    return Foot(along, lift * math.sin(math.pi * early) ** 1.5, pitch)


def walk(role: Role, time: float) -> Posture:
    """Walk or run: feet planted for their stance, the trunk carried between them."""
    action = role.action
    runs = action.action == "run"
    stance = RUN_STANCE if runs else WALK_STANCE
    stride = _stride(role, time)
    strong = stride.strength
    beat = stride.cycles + role.first
    aside = role.heading[0]
    length = role.speed / role.rate
    reach = min(0.5 * stance * length, LONGEST_REACH * role.leg) * role.shy
    quick = action.speed
    lift = (0.09 + 0.05 * quick if runs else 0.05 + 0.03 * quick) * role.shy
    if not role.goes:
        reach = 0.0
    if not aside:
        # Seen from the front the legs' swing shows only in their lift.
        lift *= 1.3
    lift = min(lift, 0.27 * role.leg)
    feet = []
    for number in range(role.feet):
        foot = _step(beat + 0.5 * (number % 2), reach, lift, stance)
        feet.append(
            Foot(strong * foot.along, strong * foot.lift, strong * foot.pitch * aside * role.shy)
        )
    swing = math.cos(2.0 * math.pi * beat)
    twice = math.cos(4.0 * math.pi * beat)
    dip = role.leg - math.sqrt(max(role.leg**2 - reach**2, 0.0))
    if runs:
        bob = 0.018 + 0.02 * quick
        # Lowest over the standing foot, highest in flight.
        up = -0.35 * dip - bob * (0.6 + twice)
    else:
        bob = max(0.014 + 0.008 * quick, 0.3 * dip)
        up = -bob * (0.5 - 0.5 * twice) - 0.45 * dip - 0.004
    later = math.sin(2.0 * math.pi * beat)
    lean = (0.1 + 0.16 * quick if runs else 0.02 + 0.05 * quick) * aside
    turn = (0.2 if runs else 0.13) * (1.0 if aside else 0.7)
    sideways = 0.0 if aside else (0.012 if runs else 0.022)
    roll = 0.012 * swing if aside else 0.04 * swing
    wag = (0.75 if runs else 0.4) * (0.5 + 0.5 * quick) * (1.0 if aside else 0.45)
    arms = _swinging_arms(role, strong, wag * later, bent=0.7 if runs else 0.2)
    return Posture(
        root=role.root(stride.travelled),
        hips=(strong * (-sideways * swing + 0.012 * lean), strong * up, 0.0),
        roll=strong * roll,
        lean=strong * (lean + 0.02 * twice * aside),
        curl=strong * (-1.6 * roll - 0.02 * later * (1.0 - abs(aside))),
        head=strong * (-0.5 * lean + 0.025 * twice * aside + 0.3 * roll),
        twist=(strong * -0.5 * turn * later, strong * turn * later),
        feet=tuple(feet),
        arms=arms,
    )


def _swinging_arms(
    role: Role, strong: float, swing: float, bent: float
) -> tuple[tuple[float, float], ...]:
    """Arms against the legs; what is raised swings less than what hangs."""
    turns = []
    for arm in role.puppet.arms:
        side = 1.0 if arm.joint[0] > role.puppet.axis else -1.0
        share = 0.45 if arm.end[1] > arm.joint[1] else 1.0
        # Moving as one to the same side would look like a gale: opposite arms, opposite ways.
        turns.append(
            (strong * share * swing * side, strong * share * bent * (0.5 * side + 0.5 * swing))
        )
    return tuple(turns)


def jump(role: Role, time: float) -> Posture:
    """Crouch, a parabola, a soft landing, a rest; again and again."""
    speed = role.action.speed
    flight = jump_flight(speed)
    height = jump_height(speed)
    period = 1.0 / role.rate
    count, at = divmod(time, period)
    launch = min(CROUCH_SECONDS, 0.5 * (period - flight))
    landing = min(LANDING_SECONDS, period - flight - launch)
    hop = role.speed * period if role.goes else 0.0
    in_air = min(max((at - launch) / flight, 0.0), 1.0)
    before, _ = role.held((count + in_air) * hop)
    up = 4.0 * height * in_air * (1.0 - in_air)
    crouch, stretch, tuck, out = 0.0, 1.0, 0.0, 0.0
    if at < launch:
        share = at / launch
        # Down and, quicker, up again on to the toes.
        crouch = math.sin(math.pi * min(share / 0.72, 1.0) ** 1.2) ** 2
        stretch = 1.0 - 0.07 * crouch + 0.05 * ramp(share - 0.72, 0.28)
        out = -0.5 * crouch + 0.6 * ramp(share - 0.72, 0.28)
    elif in_air < 1.0:
        tuck = math.sin(math.pi * in_air) ** 2
        stretch = 1.0 + 0.05 * math.cos(math.pi * in_air) ** 2
        out = 0.6 + 0.5 * math.sin(math.pi * in_air)
    else:
        share = min((at - launch - flight) / landing, 1.0)
        # A damped dip: deep at once, a little over, still.
        crouch = math.exp(-3.2 * share) * math.sin(2.0 * math.pi * share**0.9) * 1.9
        crouch *= 1.0 - ramp(share, 1.0)
        stretch = 1.0 + 0.05 * (1.0 - ramp(share, 0.25)) - 0.08 * crouch
        out = 0.6 * (1.0 - ramp(share, 0.5))
    aside = role.heading[0] if role.goes else 0.0
    deep = min(0.14, 0.32 * role.leg) * (0.6 + 0.4 * speed)
    feet = tuple(
        Foot(-0.03 * tuck, tuck * min(0.09, 0.25 * role.leg) * role.shy, 0.25 * tuck * aside)
        for _ in range(role.feet)
    )
    arms = []
    for arm in role.puppet.arms:
        way = 1.0 if arm.joint[0] > role.puppet.axis else -1.0
        share = 0.3 if arm.end[1] > arm.joint[1] else 1.0
        arms.append((share * out * way, 0.35 * share * out * way))
    lean = 0.16 * aside * (crouch + 0.6 * tuck)
    return Posture(
        root=role.root(before, up),
        hips=(-0.02 * aside * crouch, -deep * crouch, 0.0),
        lean=lean,
        curl=0.05 * role.side * crouch * (1.0 - abs(aside)),
        head=-0.5 * lean,
        stretch=stretch,
        feet=feet,
        arms=tuple(arms),
    )
