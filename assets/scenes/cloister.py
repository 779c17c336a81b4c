"""Cloister: a vaulted walk beside a sunny garden, beams of light, a pierced marble form."""

from __future__ import annotations

import math

from scenes.common import NOWHERE, Scene
from scenes.sdf import (
    Vector,
    add,
    blend,
    box,
    clamp,
    cone,
    dot,
    ellipsoid,
    fbm,
    inline,
    length,
    noise,
    normalised,
    scale,
    smooth_max,
    smooth_min,
    smoothstep,
    sub,
    torus,
    turn,
)

BAY = 3.0
"""Length of one bay of the vault, units."""
SHIFT = 0.28
"""Where the openings of the arcade stand along the walk."""
HALF = 2.1
"""Half the width of the walk."""
SPRING = 2.55
"""Height at which arches and vault spring."""
TOP = 5.2
"""Height of the roof, above which there is only sky."""
END = -23.0
"""Where the walk ends."""
SUN: Vector = (-0.88, 0.3, -0.12)


@inline
def bay_of(z: float) -> float:
    """Place along the bay, -BAY/2..BAY/2; columns stand at both ends."""
    s = (z + SHIFT) / BAY
    return (s - math.floor(s + 0.5)) * BAY


@inline
def vault(p: Vector, w: float) -> float:
    """The room itself, turned inside out: solid outside a groin vault on straight walls."""
    rise = p[1] - SPRING
    barrel = math.hypot(p[0], max(rise, 0.0)) - HALF
    # The cross vaults are narrower but as high: ellipses whose crowns meet the barrel's.
    high = 0.5 * BAY
    k = math.hypot(w / high, max(rise, 0.0) / HALF)
    cross = (k - 1.0) * high * 0.85
    if abs(p[0]) > HALF + 0.4 and k > 0.0:
        cross = max(cross, abs(p[0]) - HALF - 0.4)
    cross = max(cross, abs(p[0]) - HALF)
    return -min(barrel, cross)


@inline
def openings(p: Vector, w: float) -> float:
    """Negative inside the arched openings of the left wall."""
    width = 1.26
    rise = max(p[1] - SPRING + 0.1, 0.0)
    arch = math.hypot(w, rise) - width
    return max(arch, 0.55 - p[1])


@inline
def walls(p: Vector) -> float:
    w = bay_of(p[2])
    shell = vault(p, w)
    # Left: a thin wall, pierced by arches, garden behind it.
    outside = -p[0] - HALF - 0.24
    shell = max(shell, -smooth_max(openings(p, w), p[0] + 1.2, 0.03))
    # Ribs across the walk and pilasters that carry them.
    edge = 0.5 * BAY - abs(w)
    radius = math.hypot(p[0], max(p[1] - SPRING, 0.0))
    rib = max(edge - 0.14, abs(radius - HALF) - 0.13)
    shell = min(shell, rib if p[0] > -HALF - 0.1 else max(rib, -HALF - 0.1 - p[0]))
    # A stone bench runs along the right wall.
    shell = min(shell, box((p[0] - 2.0, p[1] - 0.22, 0.0), (0.3, 0.22, 1.0), 0.03))
    # The end wall with its tall door.
    door = max(math.hypot(p[0], max(p[1] - 1.9, 0.0)) - 0.75, -p[1])
    shell = min(shell, max(max(p[2] - END, END - 0.5 - p[2]), -door))
    return max(shell, max(outside, p[1] - TOP))


@inline
def columns(p: Vector) -> float:
    """Twin columns carry the arches of the left wall; everything about them is round."""
    if abs(p[0] + HALF + 0.27) > 0.9:
        return abs(p[0] + HALF + 0.27) - 0.6
    w = bay_of(p[2])
    q = (p[0] + HALF + 0.1, p[1], 0.5 * BAY - abs(w))
    d = cone(q, 0.5, 2.3, 0.155, 0.13)
    d = min(d, torus(sub(q, (0.0, 0.68, 0.0)), 0.16, 0.045))
    d = min(d, torus(sub(q, (0.0, 0.6, 0.0)), 0.19, 0.05))
    d = min(d, torus(sub(q, (0.0, 2.14, 0.0)), 0.135, 0.028))
    d = min(d, cone(q, 2.15, 2.4, 0.13, 0.27))
    return min(d, box(sub(q, (0.0, 2.43, 0.0)), (0.25, 0.055, 0.25), 0.015))


@inline
def garden(p: Vector) -> float:
    """A hedge, clipped balls and tall cypresses, seen through the arches."""
    if p[0] > -4.0:
        return p[0] + 4.1 if p[0] > -3.6 else 0.5
    d = box((p[0] + 5.4, p[1] - 0.35, 0.0), (0.35, 0.55, 1.0), 0.12)
    for i in range(3):
        d = min(d, length(sub(p, (-5.4, 1.2, -3.2 - 5.5 * i))) - 0.62)
        slim = sub(p, (-8.2 - 1.1 * i, 1.75, -12.5 - 9.0 * i))
        d = min(d, ellipsoid(slim, (0.9, 3.3, 0.9)))
    d = min(d, ellipsoid(sub(p, (-26.0, 0.0, -75.0)), (30.0, 7.5, 14.0)))
    if d < 0.3:
        d += 0.13 * fbm(3.2 * p[0], 3.2 * p[1], 3.2 * p[2], 3)
    return d * 0.75


@inline
def plinth(p: Vector) -> float:
    d = box(sub(p, (0.0, 0.36, 0.0)), (0.42, 0.36, 0.42), 0.02)
    d = min(d, box(sub(p, (0.0, 0.06, 0.0)), (0.54, 0.07, 0.54), 0.015))
    return min(d, box(sub(p, (0.0, 0.73, 0.0)), (0.49, 0.05, 0.49), 0.02))


@inline
def figure(p: Vector) -> float:
    """An upright form, pierced and gently twisted."""
    q = sub(p, (0.0, 1.72, 0.0))
    away = length(q) - 1.15
    if away > 0.2:
        return away
    u, v = turn(q[0], q[2], 0.12 + 0.55 * q[1])
    lean = 0.12 * math.sin(1.6 * q[1] + 0.4)
    form = ellipsoid((u - lean, q[1], v), (0.58, 0.97, 0.4))
    shoulder = ellipsoid((u + 0.16, q[1] + 0.34, v - 0.02), (0.5, 0.58, 0.42))
    form = smooth_min(form, shoulder, 0.3)
    hole = ellipsoid((u - 0.06 + 0.25 * v, q[1] - 0.2, v), (0.22, 0.36, 0.9))
    form = smooth_max(form, -hole, 0.2)
    dish = ellipsoid((u + 0.12, q[1] + 0.48, v - 0.5), (0.25, 0.2, 0.26))
    return 0.8 * smooth_max(form, -dish, 0.12)


@inline
def pots(p: Vector) -> float:
    """Terracotta jars: one near at the left, others along the walk."""
    d = NOWHERE
    for i in range(3):
        x = -1.52 if i == 0 else (1.33 if i == 1 else -1.5)
        z = 1.7 if i == 0 else (-2.9 if i == 1 else -8.5)
        size = 1.0 if i != 1 else 1.15
        q = scale(sub(p, (x, 0.0, z)), 1.0 / size)
        away = length(sub(q, (0.0, 0.5, 0.0))) - 0.75
        if away > 0.2:
            d = min(d, away * size)
            continue
        r = math.hypot(q[0], q[2])
        h = clamp(q[1], 0.0, 0.98)
        belly = 0.21 + 0.2 * math.sin(2.9 * h**0.8 + 0.1) - 0.08 * smoothstep(0.6, 0.9, h)
        body = max(abs(r - belly) - 0.022, max(-q[1], q[1] - 0.98)) * 0.7
        body = min(body, max(r - belly, max(-q[1], q[1] - 0.8)) * 0.7)
        body = min(body, torus(sub(q, (0.0, 0.98, 0.0)), belly + 0.02, 0.045))
        body = min(body, torus(sub(q, (0.0, 0.62, 0.0)), 0.4, 0.02))
        d = min(d, body * size)
    return d


@inline
def shrub(p: Vector) -> float:
    """A clipped bay tree in the near jar."""
    q = sub(p, (-1.52, 1.55, 1.7))
    away = length(q) - 0.5
    if away > 0.25:
        stem = cone(add(q, (0.0, 0.8, 0.0)), 0.0, 0.7, 0.035, 0.03)
        return min(away - 0.1, stem)
    leaves = fbm(9.0 * p[0], 9.0 * p[1], 9.0 * p[2], 3)
    ball = (away + 0.1 * leaves) * 0.65
    return min(ball, cone(add(q, (0.0, 0.8, 0.0)), 0.0, 0.7, 0.035, 0.03))


@inline
def distance(p: Vector) -> float:
    d = min(min(walls(p), columns(p)), garden(p))
    return min(d, min(min(plinth(p), figure(p)), min(pots(p), shrub(p))))


@inline
def floor_tile(x: float, z: float) -> tuple[float, float, float]:
    """Which tile (0..1 random, dark or light) and how near its joint."""
    u, v = x / 0.7, z / 0.7
    iu, iv = math.floor(u), math.floor(v)
    edge = min(0.5 - abs(u - iu - 0.5), 0.5 - abs(v - iv - 0.5))
    dark = (int(iu) + int(iv)) & 1
    return noise(iu * 3.7 + 0.5, 0.5, iv * 5.3 + 0.5), float(dark), edge * 0.7


@inline
def surface(p: Vector, n: Vector, away: float) -> tuple[Vector, Vector, float, float, Vector]:
    black = (0.0, 0.0, 0.0)
    if p[1] < 1e-3:
        if p[0] < -HALF - 0.3:
            lawn = fbm(5.0 * p[0], 0.0, 5.0 * p[2], 4)
            return n, blend((0.09, 0.15, 0.03), (0.2, 0.24, 0.06), 0.5 + lawn), 0.0, 1.0, black
        chance, dark, edge = floor_tile(p[0], p[2])
        vein = fbm(3.0 * p[0] + 9.0 * chance, chance * 7.0, 3.0 * p[2], 5)
        light = blend((0.6, 0.52, 0.4), (0.42, 0.34, 0.25), clamp(0.5 + vein + 0.6 * chance, 0, 1))
        deep = blend((0.26, 0.1, 0.065), (0.14, 0.06, 0.045), clamp(0.5 + vein - chance, 0, 1))
        colour = blend(light, deep, dark)
        joint = smoothstep(0.012, 0.005, edge)
        worn = clamp(0.5 + 1.2 * fbm(1.3 * p[0], 4.0, 1.3 * p[2], 4), 0.0, 1.0)
        tilt = 0.012 * noise(4.0 * p[0], 8.0, 4.0 * p[2]) + 0.012 * chance
        n = normalised((tilt, 1.0, 0.8 * tilt))
        colour = blend(colour, (0.1, 0.085, 0.07), 0.8 * joint)
        return n, colour, 0.045, 0.16 + 0.22 * worn + 0.4 * joint, black

    parts = (walls(p), columns(p), garden(p), plinth(p), figure(p), pots(p), shrub(p))
    kind = 0
    for i in range(1, 7):
        if parts[i] < parts[kind]:
            kind = i
    if kind == 4:
        q = (p[0] + 0.3 * p[1], p[1], p[2])
        veil = fbm(2.2 * q[0], 2.2 * q[1], 2.2 * q[2], 4)
        vein = abs(fbm(1.3 * q[0] + 0.8 * veil, 0.9 * q[1], 1.3 * q[2] + 0.8 * veil, 2))
        colour = blend((0.8, 0.78, 0.74), (0.58, 0.57, 0.56), 0.7 * smoothstep(0.1, 0.0, vein))
        return n, scale(colour, 0.97 + 0.08 * veil), 0.04, 0.28, black
    if kind == 5:
        clay = fbm(5.0 * p[0], 9.0 * p[1], 5.0 * p[2], 4)
        colour = blend((0.42, 0.17, 0.085), (0.6, 0.36, 0.22), clamp(0.4 + 0.9 * clay, 0.0, 1.0))
        return n, colour, 0.03, 0.6, black
    if kind == 6:
        leaf = fbm(17.0 * p[0], 17.0 * p[1], 17.0 * p[2], 3)
        if p[1] < 1.02:
            return n, (0.16, 0.11, 0.07), 0.02, 0.8, black
        colour = blend((0.03, 0.07, 0.015), (0.13, 0.2, 0.05), clamp(0.5 + leaf, 0.0, 1.0))
        tilt = (leaf, noise(21.0 * p[2], 21.0 * p[0], 21.0 * p[1]), -leaf)
        return normalised(add(n, scale(tilt, 0.5))), colour, 0.03, 0.55, black
    if kind == 2:
        leaf = fbm(6.0 * p[0], 6.0 * p[1], 6.0 * p[2], 3)
        return n, blend((0.06, 0.1, 0.02), (0.17, 0.21, 0.05), 0.5 + leaf), 0.0, 1.0, black

    # Limewashed plaster above, cut stone for ribs, arches, columns and plinth.
    w = bay_of(p[2])
    radius = math.hypot(p[0], max(p[1] - SPRING, 0.0))
    stone = kind != 0 or (0.5 * BAY - abs(w) < 0.15 and radius < HALF + 0.02)
    stone = stone or (p[0] < -HALF + 0.02 and openings(p, w) < 0.2)
    stone = stone or (p[0] > 1.6 and p[1] < 0.46)
    broad = fbm(0.8 * p[0], 0.8 * p[1], 0.8 * p[2], 4)
    fine = fbm(7.0 * p[0], 7.0 * p[1], 7.0 * p[2], 4)
    if stone:
        colour = blend((0.54, 0.46, 0.36), (0.38, 0.31, 0.25), clamp(0.45 + 0.9 * broad, 0.0, 1.0))
        colour = scale(colour, 1.0 + 0.35 * fine)
    else:
        colour = blend((0.64, 0.53, 0.38), (0.55, 0.39, 0.24), clamp(0.4 + 1.1 * broad, 0.0, 1.0))
        damp = smoothstep(1.1, 0.2, p[1] + 0.7 * broad)
        colour = scale(blend(colour, (0.36, 0.31, 0.25), 0.55 * damp), 1.0 + 0.16 * fine)
    bump = 0.12 if stone else 0.07
    tilt = (
        fbm(14.0 * p[0], 14.0 * p[1], 14.0 * p[2], 2),
        fbm(14.0 * p[1] + 7.0, 14.0 * p[2], 14.0 * p[0], 2),
        fbm(14.0 * p[2], 14.0 * p[0] + 5.0, 14.0 * p[1], 2),
    )
    return normalised(add(n, scale(tilt, bump))), colour, 0.02, 0.8, black


@inline
def sky(d: Vector, seen: bool) -> Vector:
    up = clamp(d[1], 0.0, 1.0)
    colour = blend((1.75, 1.75, 1.7), (0.45, 0.85, 1.6), up**0.5)
    toward = max(dot(d, normalised(SUN)), 0.0)
    return add(colour, scale((1.6, 1.1, 0.6), toward**6))


@inline
def air(origin: Vector, ray: Vector, t: float) -> tuple[float, Vector]:
    survives = math.exp(-0.008 * t)
    return survives, scale((0.4, 0.35, 0.3), 1.0 - survives)


SCENE = Scene(
    name="cloister",
    title="Marble in the cloister",
    size=(1920, 1280),
    eye=(0.0, 1.62, 10.0),
    pitch=1.5,
    distance=distance,
    surface=surface,
    sky=sky,
    air=air,
    sun=SUN,
    sunlight=(13.5, 10.6, 7.4),
    sun_radius=0.012,
    ambient=(0.42, 0.36, 0.28),
    bounces=2,
    shafts=0.0008,
    ground=0.0,
    reach=60.0,
    top=TOP + 0.1,
    near=4.5,
    far=60.0,
    exposure=0.7,
    contrast=1.12,
    motion={
        "camera": {"type": "dolly", "direction": "forward", "intensity": 0.5, "duration": 5.0},
        "objects": [],
        "environmental": {
            "particle_effects": "dust",
            "wind_direction": "right",
            "weather_intensity": 0.2,
        },
    },
)
