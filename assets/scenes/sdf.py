"""Vectors, signed distances of simple solids, and noise: the words that scenes are written in.

Points and vectors are tuples of three floats, scene units. A distance is negative inside. The
shapes and their smooth unions follow Inigo Quilez, https://iquilezles.org/articles/distfunctions.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from numba import njit

Vector: TypeAlias = tuple[float, float, float]

inline = njit(nogil=True, fastmath=True)
"""Compile a small function into its callers."""


@inline
def add(a: Vector, b: Vector) -> Vector:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@inline
def sub(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@inline
def mul(a: Vector, b: Vector) -> Vector:
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


@inline
def scale(a: Vector, s: float) -> Vector:
    return a[0] * s, a[1] * s, a[2] * s


@inline
def along(a: Vector, direction: Vector, t: float) -> Vector:
    """The point ``t`` units from ``a`` in ``direction``."""
    return a[0] + direction[0] * t, a[1] + direction[1] * t, a[2] + direction[2] * t


@inline
def dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inline
def length(a: Vector) -> float:
    return math.sqrt(dot(a, a))


@inline
def normalised(a: Vector) -> Vector:
    return scale(a, 1.0 / math.sqrt(dot(a, a) + 1e-20))


@inline
def blend(a: Vector, b: Vector, share: float) -> Vector:
    """``a`` at share 0, ``b`` at share 1."""
    return (
        a[0] + (b[0] - a[0]) * share,
        a[1] + (b[1] - a[1]) * share,
        a[2] + (b[2] - a[2]) * share,
    )


@inline
def clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@inline
def smoothstep(low: float, high: float, value: float) -> float:
    """0 below ``low``, 1 above ``high``, an S between; falls where ``low`` > ``high``."""
    t = clamp((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


@inline
def turn(u: float, v: float, angle: float) -> tuple[float, float]:
    """The plane point ``(u, v)`` turned by ``-angle`` radians: the frame of a turned solid."""
    c, s = math.cos(angle), math.sin(angle)
    return c * u + s * v, c * v - s * u


@inline
def smooth_min(a: float, b: float, radius: float) -> float:
    """Union of two solids with a fillet of about ``radius``."""
    h = max(radius - abs(a - b), 0.0) / radius
    return min(a, b) - h * h * radius * 0.25


@inline
def smooth_max(a: float, b: float, radius: float) -> float:
    """Intersection with a fillet; with ``-b``, a cut with a rounded edge."""
    return -smooth_min(-a, -b, radius)


@inline
def box(p: Vector, half: Vector, rounding: float) -> float:
    """Box about the origin; ``half`` includes the rounding."""
    x = abs(p[0]) - half[0] + rounding
    y = abs(p[1]) - half[1] + rounding
    z = abs(p[2]) - half[2] + rounding
    outside = length((max(x, 0.0), max(y, 0.0), max(z, 0.0)))
    return outside + min(max(x, max(y, z)), 0.0) - rounding


@inline
def ellipsoid(p: Vector, radii: Vector) -> float:
    """Ellipsoid about the origin; close to the distance outside, a lower bound of it inside."""
    k0 = length((p[0] / radii[0], p[1] / radii[1], p[2] / radii[2]))
    if k0 < 1.0:
        return (k0 - 1.0) * min(radii[0], min(radii[1], radii[2]))
    k1 = length((p[0] / radii[0] ** 2, p[1] / radii[1] ** 2, p[2] / radii[2] ** 2))
    return k0 * (k0 - 1.0) / k1


@inline
def capsule(p: Vector, a: Vector, b: Vector, radius_a: float, radius_b: float) -> float:
    """A rod from ``a`` to ``b`` whose radius runs from one to the other."""
    pa, ba = sub(p, a), sub(b, a)
    t = clamp(dot(pa, ba) / dot(ba, ba), 0.0, 1.0)
    return length(sub(pa, scale(ba, t))) - (radius_a + (radius_b - radius_a) * t)


@inline
def disc(p: Vector, radius: float, half_height: float, rounding: float) -> float:
    """Upright cylinder about the origin."""
    r = math.sqrt(p[0] * p[0] + p[2] * p[2]) - radius + rounding
    y = abs(p[1]) - half_height + rounding
    return min(max(r, y), 0.0) + math.hypot(max(r, 0.0), max(y, 0.0)) - rounding


@inline
def cone(p: Vector, low: float, high: float, radius_low: float, radius_high: float) -> float:
    """Upright cone frustum from height ``low`` to ``high``; a lower bound of the distance."""
    share = clamp((p[1] - low) / (high - low), 0.0, 1.0)
    slope = (radius_low - radius_high) / (high - low)
    r = math.sqrt(p[0] * p[0] + p[2] * p[2]) - (radius_low + (radius_high - radius_low) * share)
    return max(r / math.sqrt(1.0 + slope * slope), max(low - p[1], p[1] - high))


@inline
def torus(p: Vector, radius: float, tube: float) -> float:
    """Ring lying flat about the origin."""
    return math.hypot(math.sqrt(p[0] * p[0] + p[2] * p[2]) - radius, p[1]) - tube


@inline
def lattice(ix: int, iy: int, iz: int) -> float:
    """A repeatable random number in 0..1 for a lattice point."""
    h = (ix * 374761393 + iy * 668265263 + iz * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 2246822519) & 0xFFFFFFFF
    return ((h ^ (h >> 15)) & 0xFFFFFF) / 16777216.0


@inline
def noise(x: float, y: float, z: float) -> float:
    """Smooth value noise, -1..1, features about one unit wide."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    ix, iy, iz = int(fx), int(fy), int(fz)
    u, v, w = x - fx, y - fy, z - fz
    u = u * u * u * (u * (u * 6.0 - 15.0) + 10.0)
    v = v * v * v * (v * (v * 6.0 - 15.0) + 10.0)
    w = w * w * w * (w * (w * 6.0 - 15.0) + 10.0)
    a = lattice(ix, iy, iz)
    a += (lattice(ix + 1, iy, iz) - a) * u
    b = lattice(ix, iy + 1, iz)
    b += (lattice(ix + 1, iy + 1, iz) - b) * u
    c = lattice(ix, iy, iz + 1)
    c += (lattice(ix + 1, iy, iz + 1) - c) * u
    d = lattice(ix, iy + 1, iz + 1)
    d += (lattice(ix + 1, iy + 1, iz + 1) - d) * u
    a += (b - a) * v
    c += (d - c) * v
    return 2.0 * (a + (c - a) * w) - 1.0


@inline
def fbm(x: float, y: float, z: float, octaves: int) -> float:
    """Sum of ever finer noise, about -1..1; each octave is turned so that no grid shows."""
    total, weight = 0.0, 0.5
    for _ in range(octaves):
        total += weight * noise(x, y, z)
        x, z = 1.616 * x - 1.212 * z + 17.3, 1.212 * x + 1.616 * z - 4.1
        y, z = 0.96 * 2.02 * y - 0.28 * z + 9.7, 0.28 * 2.02 * y + 0.96 * z
        weight *= 0.5
    return total


@inline
def ridges(x: float, y: float, z: float, octaves: int) -> float:
    """Sum of folded noise, 0..1: sharp crests, as of rock."""
    total, weight = 0.0, 0.5
    for _ in range(octaves):
        fold = 1.0 - abs(noise(x, y, z))
        total += weight * fold * fold
        x, z = 1.616 * x - 1.212 * z + 5.9, 1.212 * x + 1.616 * z + 31.0
        y = y * 2.03 - 7.7
        weight *= 0.5
    return total
