"""Robot: a small wanderer waves from a desert path before an arch of sandstone and the moon."""

from __future__ import annotations

import math

from scenes.common import NOWHERE, Scene
from scenes.sdf import (
    Vector,
    add,
    blend,
    capsule,
    clamp,
    dot,
    ellipsoid,
    fbm,
    inline,
    lattice,
    length,
    noise,
    normalised,
    ridges,
    scale,
    smooth_min,
    smoothstep,
    sub,
    turn,
)
from scenes.wanderer import robot, robot_surface

SUN: Vector = (-0.72, 0.4, 0.42)
MOON: Vector = (-0.165, 0.168, -1.0)
STONE = 0.92
"""Distance from one stepping stone to the next, units."""


@inline
def path_centre(z: float) -> float:
    return (
        0.16 * math.sin(1.1 * z) + 4.9 * smoothstep(-1.5, -15.0, z) - 0.5 * smoothstep(1.0, 8.0, z)
    )


@inline
def stones(p: Vector) -> float:
    """Flat stepping stones along the path, one in each stretch of it."""
    if p[1] > 0.4 or p[2] < -24.0:
        return max(p[1] - 0.2, -p[2] - 23.5) if p[2] < -24.0 else p[1] - 0.2
    i = math.floor(p[2] / STONE + 0.5)
    k = int(i) + 50
    z = i * STONE
    x = path_centre(z) + 0.18 * (lattice(k, 1, 2) - 0.5)
    u, v = turn(p[0] - x, p[2] - z, 2.0 * lattice(k, 5, 5))
    wide, deep = 0.36 + 0.1 * lattice(k, 3, 1), 0.3 + 0.08 * lattice(k, 4, 1)
    aside = math.hypot(u, v) - 0.6
    if aside > 0.1:
        return max(aside, p[1] - 0.2)
    bite = 0.05 * noise(3.5 * p[0], 1.0, 3.5 * p[2]) + 0.012 * noise(14.0 * p[0], 2.0, 14.0 * p[2])
    flat = (math.hypot(u / wide, v / deep) - 1.0) * 0.3 + bite
    top = p[1] - 0.05 - 0.006 * noise(5.0 * p[0], 3.0, 5.0 * p[2])
    d = max(flat, top)
    d = -smooth_min(-flat, -top, 0.05) if d > -0.05 else d
    return d * 0.8


@inline
def dune(x: float, z: float) -> float:
    """Height of the sand: level near the path, drifting up at the sides and in the distance."""
    aside = abs(x - path_centre(max(z, -22.0)))
    level = smoothstep(0.8, 6.0, aside)
    far = smoothstep(-4.0, -45.0, z)
    height = -0.02
    if level > 0.0:
        height += level * (0.06 + 0.5 * fbm(0.19 * x + 3.0, 0.0, 0.26 * z, 3))
    if far > 0.0:
        crest = 1.0 - abs(noise(0.07 * x + 0.03 * z, 7.0, 0.11 * z - 0.02 * x))
        height += (0.3 + level) * far * (2.4 * crest * crest - 1.2)
    return height


@inline
def sand(p: Vector) -> float:
    if p[1] > 3.2:
        return p[1] - 2.8
    return (p[1] - dune(p[0], p[2])) * 0.78


@inline
def crag(p: Vector, d: float, size: float) -> float:
    """Sandstone: the solid at distance ``d``, layered and weathered at the scale ``size``."""
    if d > 0.7 * size:
        return d - 0.4 * size
    k = 1.0 / size
    beds = noise(0.35 * k * p[0], 3.1 * k * p[1], 0.35 * k * p[2])
    beds += 0.5 * noise(0.5 * k * p[2], 7.7 * k * p[1], 0.5 * k * p[0])
    worn = fbm(0.9 * k * p[0], 0.5 * k * p[1], 0.9 * k * p[2], 4)
    return (d + size * (0.07 * beds + 0.34 * worn)) * 0.6


@inline
def rocks(p: Vector) -> float:
    d = ellipsoid(sub(p, (-2.02, 0.12, 4.3)), (0.62, 0.55, 0.5))
    d = min(d, ellipsoid(sub(p, (-1.3, 0.0, 3.55)), (0.3, 0.22, 0.26)))
    d = min(d, ellipsoid(sub(p, (2.9, 0.2, -2.3)), (0.8, 0.75, 0.6)))
    d = min(d, ellipsoid(sub(p, (2.0, 0.05, -1.4)), (0.35, 0.28, 0.3)))
    return crag(p, d, 0.6)


@inline
def arch(p: Vector) -> float:
    """A natural gate over the path."""
    q = sub(p, (5.0, -0.2, -16.0))
    u, v = turn(q[0], q[2], -0.25)
    away = length(q) - 6.2
    if away > 1.0:
        return away
    thick = 0.95 + 0.3 * smoothstep(2.5, -0.5, q[1]) - 0.12 * (u / 3.0)
    ring = math.hypot(math.hypot(u * 1.05, q[1] * 0.86) - 3.25, v * 0.9) - thick
    foot = ellipsoid((u - 4.2, q[1], v), (2.1, 1.9, 1.6))
    return crag(p, smooth_min(ring * 0.9, foot, 0.8), 1.7)


@inline
def buttes(p: Vector) -> float:
    if p[2] > -20.0:
        return p[2] + 24.0
    d = NOWHERE
    for i in range(5):
        if i == 0:
            c, radius, high = (-13.6, 0.0, -34.0), 4.2, 7.6
        elif i == 1:
            c, radius, high = (-24.5, 0.0, -62.0), 7.0, 9.5
        elif i == 2:
            c, radius, high = (-7.5, 0.0, -84.0), 5.0, 8.0
        elif i == 3:
            c, radius, high = (30.0, 0.0, -78.0), 9.0, 13.0
        else:
            c, radius, high = (14.0, 0.0, -112.0), 12.0, 10.0
        q = sub(p, c)
        column = math.hypot(q[0], q[2] * 1.15) - radius
        mesa = 0.9 * smooth_min(max(column, q[1] - high), max(column + 0.9, q[1] - high - 0.8), 0.3)
        skirt = 0.6 * (math.hypot(q[0], q[2]) - radius - 3.0 + 1.5 * q[1])
        d = min(d, smooth_min(mesa, skirt, 1.5))
    return crag(p, d, 3.4)


@inline
def ribbed(d: float, x: float, z: float, folds: float) -> float:
    return d + 0.014 * math.cos(folds * math.atan2(z, x))


@inline
def cacti(p: Vector) -> float:
    """A tall cactus at the left, a round one near at the right."""
    q = sub(p, (-2.75, 0.0, -2.6))
    d = length(sub(q, (0.1, 1.2, 0.0))) - 1.7
    if d < 0.3:
        d = ribbed(capsule(q, (0.0, -0.2, 0.0), (0.04, 2.35, 0.0), 0.19, 0.2), q[0], q[2], 14.0)
        arm = capsule(q, (0.05, 1.0, 0.0), (0.5, 1.1, 0.05), 0.12, 0.13)
        arm = smooth_min(arm, capsule(q, (0.5, 1.1, 0.05), (0.55, 1.85, 0.05), 0.135, 0.13), 0.1)
        d = smooth_min(d, ribbed(arm, q[0] - 0.53, q[2] - 0.05, 10.0), 0.06)
        arm = capsule(q, (-0.05, 1.35, 0.0), (-0.42, 1.42, 0.0), 0.11, 0.12)
        arm = smooth_min(arm, capsule(q, (-0.42, 1.42, 0.0), (-0.45, 1.95, 0.0), 0.12, 0.11), 0.1)
        d = 0.9 * smooth_min(d, ribbed(arm, q[0] + 0.44, q[2], 10.0), 0.06)
    q = sub(p, (1.72, 0.2, 4.6))
    ball = length(q) - 0.5
    if ball < 0.2:
        ball = ellipsoid(q, (0.36, 0.34, 0.36))
        ball += 0.024 * math.cos(17.0 * math.atan2(q[2], q[0])) * smoothstep(0.34, 0.2, q[1])
        ball *= 0.8
        q = sub(q, (0.02, 0.34, 0.04))
        petals = 0.075 + 0.018 * math.cos(6.0 * math.atan2(q[2], q[0]))
        cup = max(
            math.hypot(q[0], q[2]) - petals, abs(q[1] - 6.0 * (q[0] ** 2 + q[2] ** 2)) - 0.025
        )
        ball = min(ball, 0.6 * cup)
    return min(d, ball)


@inline
def distance(p: Vector) -> float:
    d = min(min(sand(p), stones(p)), min(rocks(p), robot(p)))
    return min(d, min(min(arch(p), buttes(p)), cacti(p)))


@inline
def surface(p: Vector, n: Vector, away: float) -> tuple[Vector, Vector, float, float, Vector]:
    dark = (0.0, 0.0, 0.0)
    ground, slab, boulder = sand(p), stones(p), min(rocks(p), min(arch(p), buttes(p)))
    figure, plant = robot(p), cacti(p)
    least = min(min(ground, slab), min(boulder, min(figure, plant)))
    if least == figure:
        return robot_surface(p, n)
    if least == plant:
        if p[2] > 0.0 and p[1] > 0.52:
            return n, (0.75, 0.13, 0.26), 0.02, 0.6, dark
        tone = 0.5 + 0.5 * fbm(3.0 * p[0], 2.0 * p[1], 3.0 * p[2], 3)
        colour = blend((0.06, 0.13, 0.06), (0.17, 0.25, 0.11), tone)
        spot = smoothstep(0.45, 0.75, noise(26.0 * p[0], 26.0 * p[1], 26.0 * p[2]))
        return n, blend(colour, (0.6, 0.52, 0.36), 0.6 * spot), 0.03, 0.55, dark
    grain = fbm(30.0 * p[0], 30.0 * p[1], 30.0 * p[2], 3)
    if least == boulder:
        warp = fbm(0.3 * p[0], 0.3 * p[1], 0.3 * p[2], 3)
        scale_of_beds = 7.0 if away < 12.0 else (2.0 if away < 35.0 else 1.1)
        beds = noise(0.2 * p[0], scale_of_beds * (p[1] + 0.5 * warp), 0.2 * p[2])
        fine = noise(0.4 * p[0], 3.3 * scale_of_beds * (p[1] + 0.4 * warp), 0.4 * p[2])
        colour = blend((0.5, 0.2, 0.1), (0.66, 0.38, 0.2), clamp(0.5 + 0.6 * beds, 0.0, 1.0))
        colour = blend(colour, (0.34, 0.13, 0.08), clamp(0.5 * fine, 0.0, 1.0))
        return n, scale(colour, 0.95 + 0.25 * grain), 0.01, 0.9, dark
    if least == slab:
        tone = fbm(4.0 * p[0], 4.0 * p[1], 4.0 * p[2], 4)
        colour = blend((0.42, 0.33, 0.27), (0.27, 0.21, 0.19), clamp(0.5 + tone, 0.0, 1.0))
        drift = smoothstep(0.02, 0.3, fbm(2.0 * p[0], 1.0, 2.0 * p[2], 3) + 0.1)
        return n, blend(colour, (0.62, 0.39, 0.22), 0.65 * drift), 0.02, 0.8, dark

    # Wind ripples, which meander and fade with distance, and a fine grain.
    bend = 1.6 * fbm(0.45 * p[0], 2.0, 0.45 * p[2], 3)
    phase = 15.0 * (0.85 * p[2] + 0.5 * p[0] + bend)
    fade = smoothstep(26.0, 7.0, away) * smoothstep(-0.4, 0.3, noise(0.5 * p[0], 9.0, 0.5 * p[2]))
    slope = 0.36 * fade * (math.cos(phase) + 0.4 * math.cos(2.0 * phase + 0.7))
    speck = 0.16 * smoothstep(14.0, 4.0, away)
    tilt = (
        -0.5 * slope + speck * noise(45.0 * p[0], 1.0, 45.0 * p[2]),
        0.0,
        -0.85 * slope + speck * noise(45.0 * p[2], 5.0, 45.0 * p[0]),
    )
    tone = fbm(0.4 * p[0], 4.0, 0.4 * p[2], 3)
    colour = blend((0.62, 0.36, 0.19), (0.7, 0.46, 0.28), clamp(0.5 + tone, 0.0, 1.0))
    return normalised(add(n, tilt)), scale(colour, 1.0 + 0.1 * grain), 0.01, 0.9, dark


@inline
def clear_sky(d: Vector) -> Vector:
    up = max(d[1], 0.0)
    horizon, middle, top = (1.3, 0.82, 0.56), (0.46, 0.66, 0.78), (0.045, 0.2, 0.42)
    colour = blend(horizon, middle, smoothstep(0.0, 0.14, up))
    return blend(colour, top, smoothstep(0.06, 0.42, up))


@inline
def sky(d: Vector, seen: bool) -> Vector:
    colour = clear_sky(d)
    if not seen:
        toward = max(dot(d, normalised(SUN)), 0.0)
        return add(colour, scale((2.2, 1.5, 0.9), toward**10))
    # The moon, pale in daylight: shaded like a ball, with seas and craters.
    moon = normalised(MOON)
    u, v = (d[0] - moon[0]) / 0.05, (d[1] - moon[1]) / 0.05
    r2 = u * u + v * v
    if r2 < 1.05 and d[2] < 0.0:
        w = math.sqrt(max(1.0 - r2, 0.0))
        shade = clamp(0.2 + 1.1 * (-0.62 * u + 0.42 * v + 0.66 * w), 0.0, 1.0)
        seas = smoothstep(-0.15, 0.25, fbm(1.5 * u + 4.0, 1.5 * v, 1.5 * w, 4))
        pits = ridges(3.1 * u, 3.1 * v, 3.1 * w, 4)
        glow = shade * (0.62 - 0.26 * seas + 0.22 * (pits - 0.4))
        edge = smoothstep(1.03, 0.97, math.sqrt(r2))
        colour = add(colour, scale((0.95, 0.9, 0.82), edge * glow))
    reach = 1.0 / (d[1] + 0.12)
    x, z = d[0] * reach, d[2] * reach
    warp = fbm(0.8 * x, 3.0, 0.8 * z, 3)
    wisps = fbm(0.7 * x + warp, 0.0, 2.6 * z + 0.8 * warp, 5)
    cover = smoothstep(0.05, 0.5, wisps) * smoothstep(0.02, 0.12, d[1])
    return blend(colour, (1.2, 0.98, 0.85), 0.5 * cover)


@inline
def air(origin: Vector, ray: Vector, t: float) -> tuple[float, Vector]:
    survives = math.exp(-0.0075 * max(t - 6.0, 0.0))
    return survives, scale((1.05, 0.72, 0.54), 0.85 * (1.0 - survives))


SCENE = Scene(
    name="robot",
    title="The wanderer",
    size=(1920, 1080),
    eye=(0.0, 1.2, 10.0),
    pitch=1.6,
    distance=distance,
    surface=surface,
    sky=sky,
    air=air,
    sun=SUN,
    sunlight=(7.6, 5.6, 3.6),
    sun_radius=0.014,
    ambient=(0.35, 0.27, 0.22),
    reach=260.0,
    top=16.0,
    near=4.5,
    far=200.0,
    exposure=0.86,
    contrast=1.16,
    motion={
        "camera": {"type": "orbit", "direction": "left", "intensity": 0.4, "duration": 5.0},
        "objects": [],
        "environmental": {
            "particle_effects": "dust",
            "wind_direction": "right",
            "weather_intensity": 0.3,
        },
    },
)
