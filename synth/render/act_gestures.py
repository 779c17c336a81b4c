"""What a subject does on the spot: dance, fall, wave, sway, float, turn, breathe."""

from __future__ import annotations

import math

from synth.render.act_bend import Foot, Posture
from synth.render.act_role import Role, ramp, ramp_sum

LYING_ASLANT = math.radians(40.0)
"""Angle between the picture and one who fell towards the camera or away from it."""

WIDEST_TURN = math.radians(45.0)
"""Of a turning subject: it never looks narrower than 0.7 of its width."""


def dance(role: Role, time: float) -> Posture:
    """Bounce on every beat, hips from side to side, arms higher in every other bar."""
    quick = role.action.speed
    beats = role.rate * ramp_sum(time, 1.0 / role.rate)
    strong = ramp(time, 1.0 / role.rate) * (0.75 + 0.25 * quick)
    travelled, _ = role.held(role.speed * ramp_sum(time, 1.0 / role.rate))
    side = math.sin(math.pi * beats + role.first * 2.0 * math.pi)
    bounce = 0.5 - 0.5 * math.cos(2.0 * math.pi * beats)
    bar = math.sin(math.pi * beats / 4.0) ** 2
    twist = math.sin(math.pi * beats + 0.6)
    feet = []
    for number in range(role.feet):
        own = side if number % 2 else -side
        # The foot that bears no weight taps.
        free = max(own, 0.0) ** 2
        feet.append(Foot(0.0, strong * 0.06 * free * role.shy, 0.25 * strong * own * free))
    arms = []
    for arm in role.puppet.arms:
        way = 1.0 if arm.joint[0] > role.puppet.axis else -1.0
        up = arm.end[1] > arm.joint[1]
        throw = (0.2 if up else 0.55 + 0.7 * bar) * way
        pump = 0.35 * math.sin(math.pi * beats + (0.5 * math.pi if way > 0 else 0.0))
        arms.append((strong * (throw + pump), strong * 0.5 * math.sin(2.0 * math.pi * beats) * way))
    return Posture(
        root=role.root(travelled),
        hips=(-0.05 * strong * side, -0.05 * strong * bounce * min(role.leg / 0.4, 1.0), 0.0),
        roll=0.12 * strong * side,
        lean=-0.2 * strong * side,
        curl=0.22 * strong * side * (0.6 + 0.4 * bar),
        head=-0.16 * strong * side,
        twist=(-0.3 * strong * twist, 0.42 * strong * twist),
        stretch=1.0 - 0.02 * strong * bounce,
        feet=tuple(feet),
        arms=tuple(arms),
    )


def fall(role: Role, time: float) -> Posture:
    """Totter, topple with growing speed, rebound a little, lie."""
    seconds = 1.0 / role.rate
    share = time / seconds
    # Totter, then an inverted pendulum that gathers speed; a small rebound, then still.
    totter = 0.22
    over = ramp(share, totter) * 0.04
    if share > totter:
        way = min((share - totter) / (1.0 - totter), 1.0)
        over = 0.04 + 0.96 * (0.15 * way**2 + 0.85 * way**3.2)
    after = max(share - 1.0, 0.0) * seconds
    over -= 0.07 * math.exp(-5.0 * after) * abs(math.sin(2.0 * math.pi * 1.6 * after))
    settle = ramp(after, 0.5)
    limp = math.exp(-3.0 * after) if after else 1.0
    fall = math.sin(math.pi * min(over, 1.0))
    sideways = role.heading[0] or role.side
    # Seen end-on a fallen body would be a streak: it comes to lie aslant.
    aslant = 0.0 if role.action.direction == "in_place" else LYING_ASLANT * role.heading[1]
    totters = math.sin(math.pi * min(share / totter, 1.0)) ** 2 * (1.0 - ramp(share, 2 * totter))
    arms = []
    for arm in role.puppet.arms:
        way = 1.0 if arm.joint[0] > role.puppet.axis else -1.0
        flail = 0.8 * ramp(share, 0.5) * limp * math.sin(1.5 * math.pi * min(share, 1.0))
        turn, elbow = way * (flail + 0.12 * settle), 0.3 * way * flail
        if way == sideways:
            # The arm that comes to lie below straightens behind the body, up or down.
            rest = math.atan2(arm.end[0] - arm.joint[0], abs(arm.end[1] - arm.joint[1]))
            raised = 1.0 if arm.end[1] > arm.joint[1] else -1.0
            under = ramp(over - 0.4, 0.5)
            turn += under * (raised * (rest + 0.4 * way) - turn)
            elbow *= 1.0 - under
        arms.append((turn, elbow))
    bend = sideways
    feet = tuple(
        Foot(0.0, 0.05 * fall * (1.0 if number % 2 else 0.3) * role.shy, 0.0)
        for number in range(role.feet)
    )
    return Posture(
        hips=(-0.03 * totters * bend, -0.05 * fall * min(role.leg / 0.4, 1.0), 0.0),
        roll=0.05 * totters * bend,
        lean=bend * (-0.14 * totters + 0.2 * fall),
        curl=bend * (0.22 * fall * limp - 0.03 * settle),
        head=bend * (-0.3 * fall + 0.12 * settle),
        tilt=(math.radians(88.0) * over * sideways, aslant * over),
        feet=feet,
        arms=tuple(arms),
    )


def wave(role: Role, time: float) -> Posture:
    """Raise the highest arm and wave with it; without one, bend the upper body."""
    strong = ramp(time, 0.6)
    waving = ramp(time - 0.3, 0.5)
    wave = math.sin(2.0 * math.pi * role.rate * max(time - 0.3, 0.0))
    waver = waving_arm(role)
    arms = []
    for number, arm in enumerate(role.puppet.arms):
        if number != waver:
            arms.append((0.04 * strong * wave, 0.0))
            continue
        way = 1.0 if arm.joint[0] > role.puppet.axis else -1.0
        rest = math.atan2(arm.end[1] - arm.joint[1], (arm.end[0] - arm.joint[0]) * way)
        # Up to 55 degrees above the horizon, if it is not higher already.
        raised = max(math.radians(55.0) - rest, 0.0) * strong
        arms.append((way * raised + 0.16 * waving * wave, 0.5 * waving * wave))
    side = 1.0
    if waver is not None and role.puppet.arms[waver].joint[0] < role.puppet.axis:
        side = -1.0
    alone = 0.0 if waver is not None else 1.0
    return Posture(
        hips=(-0.012 * side * strong, -0.004 * strong, 0.0),
        roll=0.015 * side * strong,
        lean=-0.03 * side * strong,
        curl=strong * 0.02 * side + waving * wave * (0.025 + 0.13 * alone),
        head=side * (0.05 * strong + 0.03 * waving * wave),
        twist=(0.0, waving * wave * (0.06 + 0.2 * alone)),
        arms=tuple(arms),
    )


def waving_arm(role: Role) -> int | None:
    """Number of the arm that waves: the highest one; None where no arm is free."""
    arms = role.puppet.arms
    return max(range(len(arms)), key=lambda n: arms[n].end[1]) if arms else None


def sway(role: Role, time: float) -> Posture:
    """Bend from side to side, the top after the bottom."""
    strong = ramp(time, 0.5 / role.rate) * (0.6 + 0.4 * role.action.speed)
    turn = 2.0 * math.pi * role.rate * time
    side, later = math.sin(turn), math.sin(turn - 0.7)
    swing = 0.22 * strong * math.sin(turn - 1.1)
    arms = tuple((swing, swing) for _ in role.puppet.arms)
    return Posture(
        hips=(0.03 * strong * side, -0.006 * strong * side * side, 0.0),
        roll=0.03 * strong * side,
        lean=0.1 * strong * side,
        curl=0.17 * strong * later,
        head=0.08 * strong * math.sin(turn - 1.2),
        twist=(0.0, 0.12 * strong * later),
        arms=arms,
    )


def drift(role: Role, time: float) -> Posture:
    """Rise a little and drift, limbs hanging."""
    speed = role.action.speed
    strong = ramp(time, 1.6)
    turn = 2.0 * math.pi * role.rate * time
    odd = role.odd
    travelled, _ = role.held(role.speed * ramp_sum(time, 1.6))
    rise = (0.13 + 0.09 * speed) * strong + 0.025 * strong * math.sin(turn - 0.5)
    root = role.root(travelled, rise)
    drift = 0.035 * strong * (math.sin(0.62 * turn + odd[0]) - math.sin(odd[0]))
    feet = tuple(
        Foot(0.03 * strong * math.sin(turn + 1.7 * number), 0.0, strong * (0.3 + 0.1 * number))
        for number in range(role.feet)
    )
    arms = []
    for number, arm in enumerate(role.puppet.arms):
        way = 1.0 if arm.joint[0] > role.puppet.axis else -1.0
        share = 0.3 if arm.end[1] > arm.joint[1] else 1.0
        ease = 0.3 + 0.18 * math.sin(turn - 0.9 - 0.8 * number)
        arms.append((strong * share * way * ease, 0.4 * strong * share * way * ease))
    return Posture(
        root=(root[0] + (0.0 if role.goes else drift), root[1], root[2]),
        hips=(0.012 * strong * math.sin(turn + odd[1]), 0.0, 0.0),
        roll=0.06 * strong * math.sin(0.8 * turn + odd[2]),
        lean=0.05 * strong * math.sin(0.8 * turn + odd[2] - 0.8),
        curl=0.08 * strong * math.sin(turn - 0.8),
        head=0.06 * strong * math.sin(turn - 1.6),
        twist=(0.0, 0.15 * strong * math.sin(0.62 * turn + odd[3])),
        feet=feet,
        arms=tuple(arms),
    )


def turn(role: Role, time: float) -> Posture:
    """Turn to one side and to the other."""
    turn = 2.0 * math.pi * role.rate * time
    side = role.side * math.sin(turn)
    later = role.side * math.sin(turn - 0.35) * ramp(time, 0.5)
    ahead = role.side * math.cos(turn) * ramp(time, 0.3)
    return Posture(
        hips=(0.0, -0.008 * side * side, 0.0),
        curl=0.03 * later,
        head=0.03 * ahead,
        twist=(0.0, 0.16 * (later - side) + 0.1 * ahead),
        yaw=WIDEST_TURN * side,
        shade=1.0 - 0.2 * abs(side) * (1.0 if side > 0 else 0.6),
        arms=tuple((0.1 * ahead, 0.06 * ahead) for _ in role.puppet.arms),
    )


def idle(role: Role, time: float) -> Posture:
    """Breathe, and shift the weight a little."""
    strong = ramp(time, 0.5 / role.rate)
    breath = math.sin(2.0 * math.pi * role.rate * time - 0.5 * math.pi) * 0.5 + 0.5
    slow = 2.0 * math.pi * role.rate * 0.43 * time
    odd = role.odd
    sway = math.sin(slow + odd[0]) - math.sin(odd[0])
    look = math.sin(0.7 * slow + odd[1]) - math.sin(odd[1])
    arms = []
    for arm in role.puppet.arms:
        way = 1.0 if arm.joint[0] > role.puppet.axis else -1.0
        arms.append((0.035 * way * breath * strong, 0.02 * way * breath * strong))
    return Posture(
        hips=(0.006 * strong * sway, -0.002 * strong * (1.0 - breath), 0.0),
        roll=0.006 * strong * sway,
        curl=-0.01 * strong * sway,
        head=0.02 * strong * look,
        breath=0.016 * strong * breath,
        arms=tuple(arms),
    )
