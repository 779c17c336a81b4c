"""The wanderer: a small robot of enamel, rubber and glass, and the scarf it wears."""

from __future__ import annotations

import math

from scenes.sdf import (
    Vector,
    blend,
    box,
    capsule,
    clamp,
    disc,
    ellipsoid,
    fbm,
    inline,
    length,
    scale,
    smooth_min,
    smoothstep,
    sub,
    torus,
    turn,
)


@inline
def to_robot(p: Vector) -> Vector:
    """World to the robot's own space: it faces a little to its left, its right foot on a stone."""
    x, z = turn(p[0], p[2], 0.22)
    return x, p[1] - 0.05, z


@inline
def shell(q: Vector) -> float:
    """Enamel parts: torso, head, cuffs and boots."""
    torso = smooth_min(
        ellipsoid(sub(q, (0.0, 0.92, 0.0)), (0.43, 0.4, 0.36)),
        ellipsoid(sub(q, (0.0, 1.2, 0.0)), (0.36, 0.3, 0.31)),
        0.22,
    )
    groove = abs(q[1] - 0.86) - 0.008
    torso = max(torso, -max(groove, -(torso + 0.014)))
    head = box(sub(q, (0.0, 1.83, 0.0)), (0.44, 0.31, 0.36), 0.25)
    d = min(torso, head)
    for side in (-1.0, 1.0):
        boot = smooth_min(
            box(sub(q, (0.21 * side, 0.09, 0.06)), (0.145, 0.1, 0.21), 0.08),
            capsule(q, (0.21 * side, 0.12, -0.02), (0.2 * side, 0.26, -0.02), 0.115, 0.1),
            0.08,
        )
        d = min(d, boot)
        d = min(d, length(sub(q, (0.45 * side, 1.24, 0.0))) - 0.12)
    d = min(d, capsule(q, (-0.635, 0.86, 0.07), (-0.6, 0.66, 0.17), 0.085, 0.11))
    return min(d, capsule(q, (0.8, 1.46, 0.05), (0.86, 1.72, 0.13), 0.085, 0.11))


@inline
def rubber(q: Vector) -> float:
    """Ribbed hoses of arms and legs, and the neck."""
    d = disc(sub(q, (0.0, 1.5, 0.0)), 0.15, 0.1, 0.02)
    for side in (-1.0, 1.0):
        leg = capsule(q, (0.21 * side, 0.2, -0.02), (0.18 * side, 0.66, 0.0), 0.078, 0.085)
        d = min(d, leg + 0.007 * math.sin(95.0 * q[1]))
    d = min(
        d,
        capsule(q, (-0.48, 1.22, 0.0), (-0.635, 0.86, 0.07), 0.066, 0.07)
        + 0.006 * math.sin(95.0 * q[1]),
    )
    return min(
        d,
        capsule(q, (0.48, 1.24, 0.0), (0.8, 1.46, 0.05), 0.066, 0.07)
        + 0.006 * math.sin(80.0 * (q[0] + 0.6 * q[1])),
    )


@inline
def trim(q: Vector) -> float:
    """Orange parts: ears, mittens, soles and the ball of the aerial."""
    d = length(sub(q, (0.17, 2.47, -0.02))) - 0.058
    for side in (-1.0, 1.0):
        ear = (q[1] - 1.83, q[0] - 0.455 * side, q[2])
        d = min(d, disc(ear, 0.145, 0.04, 0.025))
        d = min(d, box(sub(q, (0.21 * side, 0.01, 0.06)), (0.16, 0.035, 0.225), 0.03))
    hand = smooth_min(
        ellipsoid(sub(q, (-0.585, 0.55, 0.22)), (0.085, 0.12, 0.1)),
        capsule(q, (-0.55, 0.58, 0.25), (-0.5, 0.53, 0.31), 0.04, 0.035),
        0.05,
    )
    wave = smooth_min(
        ellipsoid(sub(q, (0.885, 1.86, 0.17)), (0.1, 0.125, 0.085)),
        capsule(q, (0.84, 1.84, 0.19), (0.755, 1.9, 0.2), 0.042, 0.036),
        0.05,
    )
    for i in range(3):
        angle = 0.42 * (i - 1) - 0.1
        tip = (0.885 + 0.2 * math.sin(angle), 1.88 + 0.2 * math.cos(angle), 0.18)
        wave = smooth_min(wave, capsule(q, (0.885, 1.88, 0.17), tip, 0.045, 0.036), 0.03)
    return min(d, min(hand, wave))


@inline
def visor(q: Vector) -> float:
    return box(sub(q, (0.0, 1.83, 0.13)), (0.345, 0.215, 0.262), 0.17)


@inline
def scarf(q: Vector) -> float:
    knit = 0.006 * math.sin(60.0 * (q[0] + q[1])) * math.sin(60.0 * (q[2] + q[1]))
    tilt = (q[0], q[1] - 1.475 + 0.12 * q[0], q[2] * 0.95)
    d = torus(tilt, 0.205, 0.088)
    d = smooth_min(d, length(sub(q, (0.15, 1.4, 0.24))) - 0.075, 0.05)
    u, w = turn(q[0] - 0.2, q[1] - 1.22, 0.28)
    tail = box((u, w, q[2] - 0.33 - 0.1 * (1.3 - q[1])), (0.085, 0.24, 0.035), 0.03)
    return (smooth_min(d, tail, 0.05) + knit) * 0.85


@inline
def robot(p: Vector) -> float:
    if length(sub(p, (0.0, 1.25, 0.0))) > 1.9:
        return length(sub(p, (0.0, 1.25, 0.0))) - 1.5
    q = to_robot(p)
    d = min(min(shell(q), rubber(q)), min(trim(q), min(visor(q), scarf(q))))
    d = min(d, capsule(q, (0.14, 2.1, 0.0), (0.17, 2.46, -0.02), 0.024, 0.014))
    return min(d, box(sub(q, (0.0, 1.12, -0.36)), (0.27, 0.3, 0.14), 0.1))


@inline
def face(q: Vector) -> Vector:
    """Light of the eyes and the smile on the visor."""
    x, y = abs(q[0]) - 0.135, q[1] - 1.855
    eye = smoothstep(1.08, 0.92, math.hypot(x / 0.05, y / 0.08))
    glint = smoothstep(1.1, 0.8, math.hypot((x - 0.012) / 0.016, (y - 0.03) / 0.018))
    smile = abs(math.hypot(q[0], q[1] - 1.845) - 0.115)
    smile = smoothstep(0.013, 0.008, smile) * smoothstep(-0.062, -0.075, q[1] - 1.845)
    glow = clamp(eye * (1.0 - 0.6 * glint) + smile, 0.0, 1.0)
    return scale((0.35, 2.1, 2.3), 1.5 * glow)


@inline
def robot_surface(p: Vector, n: Vector) -> tuple[Vector, Vector, float, float, Vector]:
    dark = (0.0, 0.0, 0.0)
    q = to_robot(p)
    body, hose, orange, glass, wool = shell(q), rubber(q), trim(q), visor(q), scarf(q)
    least = min(min(body, hose), min(orange, min(glass, wool)))
    dust = smoothstep(0.75, 0.05, q[1] + 0.3 * fbm(5.0 * q[0], 5.0 * q[1], 5.0 * q[2], 3))
    sandy = (0.5, 0.31, 0.18)
    if least == wool:
        stripe = smoothstep(0.02, 0.01, abs(q[1] - 1.06) - 0.02)
        return n, blend((0.5, 0.05, 0.035), (0.75, 0.6, 0.42), stripe), 0.02, 0.95, dark
    if least == glass:
        glow = face(q) if q[2] > 0.2 else dark
        return n, (0.008, 0.01, 0.013), 0.05, 0.06, glow
    if least == orange:
        glow = (1.8, 0.55, 0.12) if q[1] > 2.3 else dark
        return n, blend((0.72, 0.22, 0.03), sandy, 0.6 * dust), 0.04, 0.4, glow
    if least == hose:
        return n, blend((0.045, 0.045, 0.05), sandy, 0.5 * dust), 0.04, 0.5, dark
    chips = fbm(7.0 * q[0] + 3.0, 7.0 * q[1], 7.0 * q[2], 5)
    colour = blend((0.76, 0.71, 0.61), (0.66, 0.6, 0.5), smoothstep(-0.1, 0.4, chips))
    band = smoothstep(0.004, -0.004, max(abs(q[1] - 0.93) - 0.035, abs(q[0]) - 0.5))
    teal = max(band, smoothstep(0.004, -0.004, 2.06 - q[1]))
    colour = blend(colour, (0.05, 0.3, 0.31), teal)
    u, v = q[0] + 0.1, q[1] - 1.14
    glow = dark
    if q[2] > 0.15 and max(abs(u) - 0.12, abs(v) - 0.075) < 0.0:
        colour = (0.06, 0.065, 0.07)
        lit = smoothstep(0.03, 0.024, math.hypot(abs(u) - 0.05, v))
        glow = scale((0.3, 1.6, 1.0) if u > 0.0 else (1.9, 0.9, 0.15), lit)
    bare = smoothstep(0.38, 0.44, chips) * (1.0 - smoothstep(1.5, 1.9, q[1]))
    colour = blend(colour, (0.2, 0.15, 0.12), 0.8 * bare)
    return n, blend(colour, sandy, 0.75 * dust), 0.045, 0.26 + 0.5 * max(dust, bare), glow
