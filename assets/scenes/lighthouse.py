"""Lighthouse: a rocky coast in the last sun, open sea, islands in the haze."""

from __future__ import annotations

import math

from scenes.common import NOWHERE, Scene
from scenes.sdf import (
    Vector,
    add,
    blend,
    box,
    capsule,
    clamp,
    cone,
    disc,
    dot,
    ellipsoid,
    fbm,
    inline,
    length,
    noise,
    normalised,
    ridges,
    scale,
    smooth_min,
    smoothstep,
    sub,
    torus,
    turn,
)

TOWER: Vector = (0.1, 0.66, 0.0)
HOUSE: Vector = (1.2, 0.72, -0.25)
SUN: Vector = (-0.86, 0.24, 0.2)
POSTS = ((1.3, 0.42, 4.3), (1.62, 0.52, 3.2), (1.7, 0.58, 2.1), (1.5, 0.62, 1.1))


@inline
def mounds(p: Vector) -> float:
    """The coast before weather worked on it."""
    d = ellipsoid(sub(p, (0.35, -0.2, -0.25)), (2.0, 0.98, 1.35))
    d = smooth_min(d, ellipsoid(sub(p, (3.9, -0.25, -1.6)), (2.7, 1.45, 1.7)), 0.5)
    d = smooth_min(d, ellipsoid(sub(p, (2.3, -0.45, 3.2)), (1.5, 1.05, 3.0)), 0.5)
    d = min(d, ellipsoid(sub(p, (-1.75, -0.3, 5.6)), (0.75, 0.75, 0.75)))
    d = min(d, ellipsoid(sub(p, (-0.55, -0.3, 4.6)), (0.45, 0.52, 0.4)))
    d = min(d, ellipsoid(sub(p, (-2.3, -0.2, 0.9)), (0.55, 0.5, 0.4)))
    d = min(d, ellipsoid(sub(p, (-3.3, -0.25, -2.6)), (0.7, 0.55, 0.5)))
    return min(d, ellipsoid(sub(p, (-1.55, -0.25, -0.6)), (0.4, 0.42, 0.4)))


@inline
def rock(p: Vector) -> float:
    d = mounds(p)
    if d > 0.5:
        return d - 0.3
    # Tilted beds of stone, broken by cracks: noise that is stretched along the beds.
    bed = 0.94 * p[1] + 0.3 * p[0] + 0.12 * p[2]
    broad = fbm(1.1 * p[0], 1.6 * bed, 1.1 * p[2], 2)
    crag = ridges(1.25 * p[0] + 0.5 * broad, 2.4 * bed, 1.25 * p[2], 4)
    ledge = noise(0.6 * p[0], 8.5 * bed, 0.6 * p[2])
    return (d + 0.2 * broad + 0.42 * (crag - 0.42) + 0.03 * ledge) * 0.54


@inline
def tower(p: Vector) -> float:
    q = sub(p, TOWER)
    outside = max(length((q[0], 0.0, q[2])) - 0.75, max(-0.4 - q[1], q[1] - 2.6))
    if outside > 0.3:
        return outside
    d = cone(q, -0.3, 1.72, 0.42, 0.27)
    d = min(d, disc(sub(q, (0.0, 0.02, 0.0)), 0.49, 0.09, 0.02))
    d = min(d, cone(q, 1.6, 1.72, 0.28, 0.4))
    d = min(d, disc(sub(q, (0.0, 1.74, 0.0)), 0.43, 0.025, 0.008))
    d = min(d, disc(sub(q, (0.0, 1.83, 0.0)), 0.2, 0.09, 0.01))
    # Door and windows sink into the wall.
    u, v = turn(q[0], q[2], 0.35)
    d = max(d, -box((u, q[1] - 0.28, v - 0.45), (0.085, 0.17, 0.1), 0.02))
    d = max(d, -box((u, q[1] - 0.85, v - 0.38), (0.05, 0.075, 0.08), 0.015))
    d = max(d, -box((u, q[1] - 1.3, v - 0.36), (0.045, 0.065, 0.08), 0.015))
    # The gallery's rail, on a dozen uprights.
    d = min(d, torus(sub(q, (0.0, 1.91, 0.0)), 0.41, 0.011))
    d = min(d, torus(sub(q, (0.0, 1.84, 0.0)), 0.41, 0.007))
    angle = math.atan2(q[2], q[0])
    sector = math.pi / 7.0
    u, v = turn(q[0], q[2], sector * (math.floor(angle / sector) + 0.5))
    d = min(d, max(math.hypot(u - 0.41, v) - 0.008, abs(q[1] - 1.83) - 0.08))
    # Glazing bars, roof and finial.
    sector = math.pi / 4.0
    u, v = turn(q[0], q[2], sector * (math.floor(angle / sector) + 0.5))
    d = min(d, max(math.hypot(u - 0.19, v) - 0.009, abs(q[1] - 2.05) - 0.15))
    d = min(d, disc(sub(q, (0.0, 2.2, 0.0)), 0.23, 0.02, 0.008))
    dome = ellipsoid(sub(q, (0.0, 2.2, 0.0)), (0.21, 0.17, 0.21))
    d = min(d, max(dome, 2.2 - q[1]))
    d = min(d, length(sub(q, (0.0, 2.4, 0.0))) - 0.035)
    return min(d, capsule(q, (0.0, 2.36, 0.0), (0.0, 2.54, 0.0), 0.012, 0.006))


@inline
def lamp(p: Vector) -> float:
    return disc(sub(p, add(TOWER, (0.0, 2.04, 0.0))), 0.1, 0.11, 0.04)


@inline
def house(p: Vector) -> float:
    q = sub(p, HOUSE)
    u, v = turn(q[0], q[2], 0.25)
    outside = box((u, q[1], v), (0.75, 0.85, 0.55), 0.0)
    if outside > 0.25:
        return outside
    d = box((u, q[1], v), (0.52, 0.34, 0.34), 0.01)
    d = max(d, -box((u + 0.22, q[1] - 0.12, v - 0.34), (0.075, 0.09, 0.04), 0.005))
    d = max(d, -box((u - 0.24, q[1] - 0.12, v - 0.34), (0.075, 0.09, 0.04), 0.005))
    d = max(d, -box((u, q[1] - 0.02, v - 0.34), (0.075, 0.2, 0.04), 0.005))
    d = min(d, max(0.62 * (abs(v) + 1.25 * (q[1] - 0.72)), max(abs(u) - 0.5, 0.3 - q[1])))
    eaves = abs(0.62 * (abs(v) + 1.25 * (q[1] - 0.74))) - 0.018
    d = min(d, max(eaves, max(abs(u) - 0.58, 0.28 - q[1])))
    return min(d, box((u - 0.36, q[1] - 0.66, v), (0.07, 0.2, 0.07), 0.01))


@inline
def fence(p: Vector) -> float:
    """Four old posts with a sagging rope, leading towards the tower."""
    if abs(p[0] - 1.5) > 0.8 or p[1] > 1.6:
        return max(abs(p[0] - 1.5) - 0.4, p[1] - 1.3)
    d = NOWHERE
    for i in range(4):
        x, y, z = POSTS[i]
        lean = 0.03 * math.sin(5.0 * i + 1.0)
        d = min(d, capsule(p, (x, y - 0.4, z), (x + lean, y + 0.34, z), 0.036, 0.029))
    for i in range(3):
        a, b = POSTS[i], POSTS[i + 1]
        share = (p[2] - a[2]) / (b[2] - a[2])
        beyond = max(-share, share - 1.0) * (a[2] - b[2])
        share = clamp(share, 0.0, 1.0)
        x = a[0] + (b[0] - a[0]) * share
        y = a[1] + (b[1] - a[1]) * share + 0.27 - 0.4 * share * (1.0 - share)
        d = min(d, 0.85 * max(math.hypot(p[0] - x, p[1] - y) - 0.013, beyond))
    return d


@inline
def islands(p: Vector) -> float:
    """Far headlands; a lower bound of the distance while the ray is still on the near side."""
    if p[2] > -34.0:
        return max(p[2] + 38.0, p[1] - 12.0)
    near = 3.4 * math.exp(-(((p[0] + 21.0) / 9.0) ** 2) - ((p[2] + 50.0) / 7.0) ** 2)
    mid = 6.0 * math.exp(-(((p[0] - 25.0) / 20.0) ** 2) - ((p[2] + 85.0) / 10.0) ** 2)
    back = 10.5 * math.exp(-(((p[0] + 42.0) / 34.0) ** 2) - ((p[2] + 140.0) / 14.0) ** 2)
    height = near + mid + back - 0.5
    if height > -0.2:
        height *= 0.8 + 0.55 * fbm(0.11 * p[0], 3.0, 0.11 * p[2], 5)
    return (p[1] - height) * 0.6


@inline
def distance(p: Vector) -> float:
    d = min(rock(p), islands(p))
    return min(d, min(min(tower(p), lamp(p)), min(house(p), fence(p))))


@inline
def swell(x: float, z: float) -> float:
    """Height of the sea; only its slope is used."""
    long = 0.05 * fbm(0.8 * x + 0.4 * z, 1.0, 1.9 * z, 2)
    bend = 0.8 * noise(0.5 * x, 4.0, 0.5 * z)
    short = 0.016 * fbm(2.4 * x + bend, 2.0, 4.6 * z + bend, 3)
    return long + short


@inline
def paint(p: Vector) -> tuple[Vector, float]:
    """Colour and roughness of the tower."""
    q = sub(p, TOWER)
    white = (0.78, 0.74, 0.68)
    stain = smoothstep(0.0, 0.6, fbm(9.0 * q[0], 1.6 * q[1], 9.0 * q[2], 3))
    colour = blend(white, (0.58, 0.5, 0.42), 0.55 * stain)
    band = smoothstep(0.004, -0.004, abs(q[1] - 0.62) - 0.17)
    band += smoothstep(0.004, -0.004, abs(q[1] - 1.28) - 0.15)
    colour = blend(colour, (0.5, 0.075, 0.045), clamp(band, 0.0, 1.0) * (1.0 - 0.35 * stain))
    radius = length((q[0], 0.0, q[2]))
    if q[1] > 2.17:
        return (0.42, 0.07, 0.045), 0.35
    if q[1] > 1.765:
        return (0.05, 0.055, 0.06), 0.4
    if q[1] < 0.12 and radius > 0.43:
        return (0.3, 0.27, 0.24), 0.8
    u, v = turn(q[0], q[2], 0.35)
    if abs(u) < 0.1 and v > 0.0 and radius < 0.391 - 0.0743 * q[1]:
        return (0.1, 0.16, 0.17), 0.4
    return colour, 0.55


@inline
def surface(p: Vector, n: Vector, away: float) -> tuple[Vector, Vector, float, float, Vector]:
    dark = (0.0, 0.0, 0.0)
    if p[1] < 1e-3:
        step = 0.004 + 0.0015 * away
        here = swell(p[0], p[2])
        slope = 1.0 / (step * (1.0 + 0.02 * away))
        n = normalised(
            (
                (here - swell(p[0] + step, p[2])) * slope,
                1.0,
                (here - swell(p[0], p[2] + step)) * slope,
            )
        )
        shore = mounds(p)
        froth = fbm(7.0 * p[0], 0.0, 7.0 * p[2], 4)
        foam = smoothstep(0.34, 0.0, shore + 0.5 * froth) * smoothstep(-0.25, 0.3, froth + 0.2)
        water = blend((0.008, 0.03, 0.036), (0.03, 0.1, 0.09), smoothstep(1.0, 0.0, shore))
        rough = 0.09 + 0.16 * smoothstep(5.0, 70.0, away)
        return n, blend(water, (0.75, 0.75, 0.75), foam), 0.02, rough + 0.5 * foam, dark

    if lamp(p) < 0.002 + 0.0003 * away:
        return n, (0.8, 0.7, 0.5), 0.04, 0.3, (7.0, 3.7, 1.25)
    stone, wall, home, wood = rock(p), tower(p), house(p), fence(p)
    closest = min(min(stone, wall), min(home, wood))
    if p[2] < -34.0:
        tone = 0.5 + 0.5 * fbm(0.3 * p[0], 0.9 * p[1], 0.3 * p[2], 3)
        return n, blend((0.05, 0.06, 0.045), (0.16, 0.13, 0.1), tone), 0.0, 1.0, dark
    if closest == wall:
        colour, rough = paint(p)
        return n, colour, 0.04, rough, dark
    if closest == home:
        q = sub(p, HOUSE)
        u, v = turn(q[0], q[2], 0.25)
        if q[1] > 0.27 and n[1] > 0.3:
            tile = 0.75 + 0.35 * noise(22.0 * u, 3.0, 16.0 * v)
            return n, scale((0.25, 0.1, 0.07), tile), 0.03, 0.7, dark
        if v > 0.0 and abs(v - 0.305) < 0.02 and abs(u) > 0.1 and abs(q[1] - 0.12) < 0.1:
            bars = min(abs(abs(u) - 0.23), abs(q[1] - 0.12))
            lit = smoothstep(0.006, 0.01, bars)
            return n, (0.3, 0.2, 0.1), 0.04, 0.2, scale((3.4, 1.75, 0.6), lit)
        if v > 0.0 and abs(v - 0.305) < 0.02 and abs(u) < 0.08 and q[1] < 0.23:
            return n, (0.09, 0.17, 0.2), 0.04, 0.4, dark
        grime = 0.85 + 0.2 * fbm(6.0 * p[0], 6.0 * p[1], 6.0 * p[2], 3)
        return n, scale((0.72, 0.67, 0.6), grime), 0.03, 0.8, dark
    if closest == wood:
        grain = 0.7 + 0.5 * noise(40.0 * p[0], 5.0 * p[1], 40.0 * p[2])
        return n, scale((0.2, 0.14, 0.095), grain), 0.03, 0.7, dark

    # Stone in beds, wet and dark at the waterline, turf where it is flat and high.
    bed = 0.94 * p[1] + 0.3 * p[0] + 0.12 * p[2]
    tone = 0.5 + 0.6 * fbm(2.2 * p[0], 8.0 * bed, 2.2 * p[2], 4)
    colour = blend((0.15, 0.115, 0.09), (0.4, 0.315, 0.235), clamp(tone, 0.0, 1.0))
    speckle = fbm(36.0 * p[0], 44.0 * p[1], 36.0 * p[2], 3)
    colour = scale(colour, 0.95 + 0.7 * speckle)
    wet = smoothstep(0.2, 0.04, p[1] + 0.1 * noise(3.0 * p[0], 0.0, 3.0 * p[2]))
    colour = scale(colour, 1.0 - 0.65 * wet)
    patch = fbm(1.6 * p[0], 0.5, 1.6 * p[2], 3)
    turf = smoothstep(0.55, 0.85, n[1] + 0.5 * patch) * smoothstep(0.28, 0.5, p[1] + 0.4 * patch)
    blade = fbm(13.0 * p[0], 5.0 * p[1], 13.0 * p[2], 4)
    grass = blend((0.085, 0.105, 0.028), (0.24, 0.2, 0.07), clamp(0.5 + 1.3 * blade, 0.0, 1.0))
    colour = blend(colour, grass, turf)
    bump = 1.0 + 0.3 * turf
    tilt = (
        fbm(27.0 * p[0], 38.0 * p[1], 27.0 * p[2], 3),
        fbm(27.0 * p[1] + 4.0, 27.0 * p[2], 27.0 * p[0], 3),
        fbm(27.0 * p[2], 27.0 * p[0], 38.0 * p[1] + 9.0, 3),
    )
    n = normalised(add(n, scale(tilt, bump)))
    return n, colour, 0.02 + 0.02 * wet, 0.8 - 0.28 * wet, dark


@inline
def clear_sky(d: Vector) -> Vector:
    """The sky without clouds: warm at the sun's side of the horizon, rose away from it."""
    up = max(d[1], 0.0)
    flat = math.sqrt(d[0] * d[0] + d[2] * d[2]) + 1e-6
    side = 0.5 + 0.5 * (d[0] * SUN[0] + d[2] * SUN[2]) / (flat * math.hypot(SUN[0], SUN[2]))
    horizon = blend((0.78, 0.46, 0.4), (2.3, 1.05, 0.34), side**1.4)
    middle = blend((0.3, 0.37, 0.6), (0.95, 0.68, 0.5), side**1.4)
    top = (0.055, 0.15, 0.4)
    colour = blend(horizon, middle, smoothstep(0.0, 0.15, up))
    return blend(colour, top, smoothstep(0.05, 0.42, up))


@inline
def sky(d: Vector, seen: bool) -> Vector:
    colour = clear_sky(d)
    toward = max(dot(d, normalised(SUN)), 0.0)
    colour = add(colour, scale((1.5, 0.75, 0.3), 0.5 * toward**12))
    if d[1] < 0.012 or not (seen or d[1] < 0.5):
        return colour
    reach = 1.0 / (d[1] + 0.09)
    u, v = d[0] * reach, d[2] * reach
    u, v = 0.62 * u + 0.22 * v, 1.1 * v - 0.1 * u
    warp = fbm(0.9 * u, 3.0, 0.9 * v, 3)
    octaves = 6 if seen else 3
    dense = fbm(1.3 * u + 0.9 * warp, 0.0, 1.3 * v + 0.5 * warp, octaves)
    sunward = fbm(1.3 * u - 0.13 + 0.9 * warp, 0.0, 1.3 * v + 0.03 + 0.5 * warp, octaves)
    cover = smoothstep(-0.08, 0.3, dense) * smoothstep(0.012, 0.07, d[1])
    lit = clamp(0.5 + 3.0 * (dense - sunward), 0.0, 1.0)
    bright = blend((1.35, 0.62, 0.4), (2.3, 1.15, 0.5), toward)
    cloud = blend((0.36, 0.3, 0.42), bright, lit)
    return blend(colour, cloud, 0.82 * cover)


@inline
def air(origin: Vector, ray: Vector, t: float) -> tuple[float, Vector]:
    survives = math.exp(-0.0095 * t)
    haze = clear_sky((ray[0], 0.03, ray[2]))
    return survives, scale(haze, 0.82 * (1.0 - survives))


SCENE = Scene(
    name="lighthouse",
    title="Lighthouse at dusk",
    size=(1920, 1280),
    eye=(0.0, 1.05, 10.0),
    pitch=2.6,
    distance=distance,
    surface=surface,
    sky=sky,
    air=air,
    sun=SUN,
    sunlight=(6.4, 3.7, 1.75),
    sun_radius=0.022,
    ambient=(0.2, 0.19, 0.22),
    ground=0.0,
    near=3.4,
    far=200.0,
    exposure=1.0,
    contrast=1.08,
    motion={
        "camera": {"type": "pull_out", "direction": "backward", "intensity": 0.6, "duration": 5.0},
        "objects": [],
        "environmental": {
            "particle_effects": "none",
            "wind_direction": "right",
            "weather_intensity": 0.0,
        },
    },
)
