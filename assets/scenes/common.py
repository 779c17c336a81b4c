"""A small path tracer: marches rays through a signed distance, and gathers sun, sky and bounces.

Each pixel takes some tens of jittered samples. A sample's light is kept in two parts: what is
sharp (sun, glints, the sky itself), and the smooth light that arrives from everywhere else, which
is divided by the surface's own colour so that ``film.develop`` may smooth it without touching
texture. Sphere tracing after Hart, "Sphere tracing" (1996); path tracing with a direct sample of
the sun after Kajiya, "The rendering equation" (1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scenes.sdf import (
    Vector,
    add,
    along,
    blend,
    clamp,
    dot,
    lattice,
    mul,
    normalised,
    scale,
    sub,
)

NOWHERE = 1e9
"""Distance of a ray that meets nothing, scene units."""

BLURRED = 0.12
"""Roughness above which a reflection is so soft that it may be smoothed."""

TILE = 16
"""Side of the squares that are rendered at a time and that share the first part of their march."""


@dataclass(frozen=True)
class Scene:
    """What stands before the camera, and how it is photographed.

    World: +X right, +Y up, the camera looks along -Z from ``eye``; the subject is 10 units away.
    """

    name: str
    """File name, without ending."""
    title: str
    """Name shown to people."""
    size: tuple[int, int]
    """Width and height, pixels."""
    eye: Vector
    """Where the camera stands."""
    pitch: float
    """Upward tilt of the camera, degrees."""
    distance: Callable[[Vector], float]
    """Signed distance to the nearest surface, or a lower bound of it. Compiled."""
    surface: Callable[[Vector, Vector, float], tuple[Vector, Vector, float, float, Vector]]
    """Of a point, its normal and its distance from the eye: bumped normal, diffuse colour,
    reflectance at normal incidence, roughness and emitted radiance. Compiled."""
    sky: Callable[[Vector, bool], Vector]
    """Radiance from a direction; the flag says that the camera itself is looking. Compiled."""
    air: Callable[[Vector, Vector, float], tuple[float, Vector]]
    """Share of light that survives from an origin along a direction for a distance, and the
    radiance that the air adds. Compiled."""
    sun: Vector
    """Direction towards the sun, any length."""
    sunlight: Vector
    """Irradiance from the sun on a surface that faces it."""
    motion: Mapping[str, Any]
    """The motion control that shows the picture off."""
    sun_radius: float = 0.02
    """Angular radius of the sun, radians: the softness of shadows."""
    ambient: Vector = (0.0, 0.0, 0.0)
    """Radiance that stands in for all bounces after the last."""
    bounces: int = 1
    """Diffuse bounces followed after the first hit."""
    shafts: float = 0.0
    """Sunlight that a unit of air scatters towards the camera: visible beams."""
    ground: float = -NOWHERE
    """Height of an endless flat ground; met exactly, without marching."""
    top: float = NOWHERE
    """Height above which there is only sky: rays that climb past it are free."""
    reach: float = 300.0
    """Distance at which rays give up, scene units."""
    near: float = 2.0
    """Depth of disparity 1 in the depth file, scene units."""
    far: float = 200.0
    """Depth of disparity 0 in the depth file, scene units; farther things are stored as this."""
    focal_length: float = 50.0
    """Millimetres on 36 mm across the longer side."""
    exposure: float = 1.0
    """Factor on radiance before the film's curve."""
    contrast: float = 1.0
    """Power of the light about middle grey: above 1 deepens shadows and lifts lights."""
    bloom: float = 0.04
    """Share of light that the lens scatters around bright places."""


@dataclass(frozen=True)
class Negative:
    """The camera's raw record, linear light; arrays are float32 of shape (H, W, ...)."""

    sharp: NDArray[np.float32]
    """Sun, sky, glints and air, radiance (3)."""
    colour: NDArray[np.float32]
    """Diffuse colour times the share of light that the air lets through (3)."""
    light: NDArray[np.float32]
    """Smooth light times ``colour`` (3)."""
    beams: NDArray[np.float32]
    """Sunlight scattered by the air (3)."""
    gloss: NDArray[np.float32]
    """Blurred reflections, radiance (3)."""
    normal: NDArray[np.float32]
    """Mean normal (3), a guide for smoothing."""
    depth: NDArray[np.float32]
    """Depth along the camera's axis at the pixel's centre; ``NOWHERE`` in the sky."""


@njit(nogil=True, fastmath=True)
def _any_basis(n: Vector) -> tuple[Vector, Vector]:
    """Two vectors that complete ``n`` to an orthonormal basis (Duff et al., JCGT 2017)."""
    sign = math.copysign(1.0, n[2])
    a = -1.0 / (sign + n[2])
    b = n[0] * n[1] * a
    return (1.0 + sign * n[0] * n[0] * a, sign * b, -sign * n[0]), (b, sign + n[1] ** 2 * a, -n[1])


@njit(nogil=True, fastmath=True)
def _random_pair(pixel: int, sample: int, purpose: int, samples: int) -> tuple[float, float]:
    """Well-spread numbers in 0..1: the R2 sequence, shifted and shuffled by pixel and purpose.

    The sequence is Martin Roberts', "The unreasonable effectiveness of quasirandom sequences".
    """
    shift_u = lattice(pixel, purpose, 11)
    shift_v = lattice(pixel, purpose, 23)
    index = (sample * (2 * purpose + 1) + int(lattice(pixel, purpose, 37) * samples)) % samples
    u = shift_u + index * 0.7548776662466927
    v = shift_v + index * 0.5698402909980532
    return u - math.floor(u), v - math.floor(v)


@njit(nogil=True, fastmath=True)
def _cosine_direction(n: Vector, u: float, v: float) -> Vector:
    """A direction about ``n``, as likely as its cosine with it."""
    radius, angle = math.sqrt(u), 2.0 * math.pi * v
    s, t = _any_basis(n)
    side = add(scale(s, radius * math.cos(angle)), scale(t, radius * math.sin(angle)))
    return normalised(add(side, scale(n, math.sqrt(max(1.0 - u, 0.0)))))


@njit(nogil=True, fastmath=True)
def _glint(n: Vector, view: Vector, light: Vector, roughness: float, facing: float) -> float:
    """GGX highlight of a small light, times cosine (Walter et al., EGSR 2007)."""
    half = normalised(add(view, light))
    n_h, n_v = max(dot(n, half), 0.0), max(dot(n, view), 0.02)
    n_l, v_h = max(dot(n, light), 0.0), max(dot(view, half), 0.0)
    a2 = max(roughness**4, 1e-5)
    spread = a2 / (math.pi * (n_h * n_h * (a2 - 1.0) + 1.0) ** 2)
    k = (roughness + 1.0) ** 2 / 8.0
    masking = 1.0 / ((n_v * (1.0 - k) + k) * (n_l * (1.0 - k) + k))
    fresnel = facing + (1.0 - facing) * (1.0 - v_h) ** 5
    return 0.25 * spread * masking * fresnel * n_l


def compile_tile(scene: Scene, samples: int) -> Callable[..., None]:
    """The function that renders one tile of ``scene``, compiled with all its formulas inside."""
    distance, surface, sky, air = scene.distance, scene.surface, scene.sky, scene.air
    sun = normalised(scene.sun)
    sunlight, sun_radius = scene.sunlight, scene.sun_radius
    ambient, bounces, shafts = scene.ambient, scene.bounces, scene.shafts
    ground, top, reach, eye = scene.ground, scene.top, scene.reach, scene.eye
    width, height = scene.size
    pixel_angle = 36.0 / scene.focal_length / max(width, height)
    cos_pitch, sin_pitch = (f(math.radians(scene.pitch)) for f in (math.cos, math.sin))

    @njit(nogil=True, fastmath=True)
    def towards(x: float, y: float) -> Vector:
        """Unit direction through the picture point ``(x, y)``, pixels."""
        u = (x - 0.5 * width) * pixel_angle
        v = (0.5 * height - y) * pixel_angle
        return normalised((u, v * cos_pitch + sin_pitch, v * sin_pitch - cos_pitch))

    @njit(nogil=True, fastmath=True)
    def march(origin: Vector, ray: Vector, start: float, sharpness: float, steps: int) -> float:
        """Distance to the first surface along the ray, or ``NOWHERE``."""
        limit = reach
        floor = NOWHERE
        if ray[1] < -1e-6:
            floor = (ground - origin[1]) / ray[1]
            limit = min(limit, floor)
        elif ray[1] > 1e-6:
            limit = min(limit, (top - origin[1]) / ray[1])
        t = start
        for _ in range(steps):
            if t > limit:
                return floor if floor < reach else NOWHERE
            d = distance(along(origin, ray, t))
            if d < sharpness * t:
                return t
            t += d + 0.15 * sharpness * t
        return t

    @njit(nogil=True, fastmath=True)
    def shadowed(origin: Vector, ray: Vector, start: float) -> bool:
        t, d = start, 0.0
        for _ in range(96):
            p = along(origin, ray, t)
            d = distance(p)
            if d < 0.0006 * t + 0.0002:
                return True
            t += max(d, 0.006 + 0.012 * t)
            if t > reach or p[1] > top:
                return False
        return d < 0.05

    @njit(nogil=True, fastmath=True)
    def normal_at(p: Vector, step: float) -> Vector:
        if p[1] < ground + 1e-4:
            return 0.0, 1.0, 0.0
        a = distance((p[0] + step, p[1] - step, p[2] - step))
        b = distance((p[0] - step, p[1] - step, p[2] + step))
        c = distance((p[0] - step, p[1] + step, p[2] - step))
        d = distance((p[0] + step, p[1] + step, p[2] + step))
        return normalised((a - b - c + d, -a - b + c + d, -a + b - c + d))

    @njit(nogil=True, fastmath=True)
    def sunward(u: float, v: float) -> Vector:
        """A direction to some place on the sun's disc."""
        radius, angle = sun_radius * math.sqrt(u), 2.0 * math.pi * v
        s, t = _any_basis(sun)
        side = add(scale(s, radius * math.cos(angle)), scale(t, radius * math.sin(angle)))
        return normalised(add(sun, side))

    @njit(nogil=True, fastmath=True)
    def gather(
        origin: Vector, ray: Vector, offset: float, pixel: int, sample: int, mirror: bool
    ) -> Vector:
        """Radiance that arrives at ``origin`` against ``ray`` after diffuse bounces."""
        light, weight = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        for bounce in range(bounces):
            t = march(origin, ray, offset, 0.0012 if mirror else 0.004, 160 if mirror else 70)
            if t > reach:
                return add(light, mul(weight, sky(ray, False)))
            p = along(origin, ray, t)
            flat = normal_at(p, 0.002 + 0.001 * t)
            n, colour, _, _, glow = surface(p, flat, 8.0 + t)
            here = glow
            u, v = _random_pair(pixel, sample, 8 + 3 * bounce, samples)
            lamp = sunward(u, v)
            cosine = dot(n, lamp)
            if cosine > 0.0 and not shadowed(add(p, scale(flat, 0.008)), lamp, 0.004):
                here = add(here, scale(mul(colour, sunlight), cosine / math.pi))
            if mirror:
                survives, haze = air(origin, ray, t)
                here = add(scale(here, survives), haze)
                weight = scale(weight, survives)
                mirror = False
            light = add(light, mul(weight, here))
            weight = mul(weight, colour)
            u, v = _random_pair(pixel, sample, 9 + 3 * bounce, samples)
            ray = _cosine_direction(flat, u, v)
            origin = add(p, scale(flat, 0.008))
            offset = 0.004
        return add(light, mul(weight, ambient))

    @njit(nogil=True, fastmath=True)
    def limited(light: Vector, most: float) -> Vector:
        """Keeps one lucky path from lighting a whole pixel."""
        top = max(light[0], max(light[1], light[2]))
        return scale(light, most / top) if top > most else light

    @njit(nogil=True, fastmath=True)
    def tile(
        x0, y0, x1, y1, sharp, colour_out, light_out, beams, gloss_out, normal_out, depth
    ) -> None:
        # One cone that holds the whole tile finds how far all its rays may start.
        centre = towards(0.5 * (x0 + x1), 0.5 * (y0 + y1))
        cone = pixel_angle * (0.75 * TILE + 1.0)
        start = 0.05
        for _ in range(120):
            d = distance(along(eye, centre, start)) - cone * start
            if d < 0.002 * start or start > reach:
                break
            start += d
        start = max(start * 0.99, 0.05)

        share = 1.0 / samples
        for y in range(y0, y1):
            for x in range(x0, x1):
                pixel = y * width + x
                ray = towards(x + 0.5, y + 0.5)
                t = march(eye, ray, start, 0.0002, 400)
                depth[y, x] = (
                    NOWHERE if t > reach else t * (ray[1] * sin_pitch - ray[2] * cos_pitch)
                )
                for sample in range(samples):
                    u, v = _random_pair(pixel, sample, 0, samples)
                    # A tent filter two pixels wide: the lens's own softness.
                    u = math.sqrt(2 * u) - 1.0 if u < 0.5 else 1.0 - math.sqrt(2.0 - 2.0 * u)
                    v = math.sqrt(2 * v) - 1.0 if v < 0.5 else 1.0 - math.sqrt(2.0 - 2.0 * v)
                    ray = towards(x + 0.5 + 0.8 * u, y + 0.5 + 0.8 * v)
                    t = march(eye, ray, start, 0.35 * pixel_angle, 260)
                    clear = t > reach

                    if shafts > 0.0:
                        span = min(t, 30.0)
                        for half in range(2):
                            u, v = _random_pair(pixel, sample, 1, samples)
                            p = along(eye, ray, 0.5 * (half + u) * span)
                            if not shadowed(p, sunward(v, u), 0.02):
                                for c in range(3):
                                    beams[y, x, c] += 0.5 * sunlight[c] * shafts * span * share

                    if clear:
                        light = limited(sky(ray, True), 60.0)
                        for c in range(3):
                            sharp[y, x, c] += light[c] * share
                        continue

                    p = along(eye, ray, t)
                    flat = normal_at(p, max(0.0005, 0.4 * pixel_angle * t))
                    n, colour, facing, roughness, glow = surface(p, flat, t)
                    survives, haze = air(eye, ray, t)
                    view = scale(ray, -1.0)
                    lifted = add(p, scale(flat, 0.0015 + 0.0006 * t))

                    here = glow
                    u, v = _random_pair(pixel, sample, 2, samples)
                    lamp = sunward(u, v)
                    cosine = dot(n, lamp)
                    if (
                        cosine > 0.0
                        and dot(flat, lamp) > -0.1
                        and not shadowed(lifted, lamp, 0.002)
                    ):
                        here = add(here, scale(mul(colour, sunlight), cosine / math.pi))
                        gleam = _glint(n, view, lamp, roughness, facing)
                        here = add(here, limited(scale(sunlight, gleam), 24.0))

                    # Either the mirror direction or a diffuse one; the share of each is paid back.
                    # Bounced light will be smoothed, so that every second sample is enough for it.
                    grazing = 1.0 - clamp(dot(n, view), 0.0, 1.0)
                    fresnel = facing + max(1.0 - roughness - facing, 0.0) * grazing**5
                    if roughness >= 0.5:
                        fresnel = 0.0
                    mean = (colour[0] + colour[1] + colour[2]) / 3.0
                    chance = fresnel / (fresnel + (1.0 - fresnel) * mean + 1e-6)
                    chance = clamp(chance, 0.2, 0.95) if roughness < 0.5 else 0.0
                    u, _ = _random_pair(pixel, sample, 3, samples)
                    a, b = _random_pair(pixel, sample, 4, samples)
                    diffuse = gloss = (0.0, 0.0, 0.0)
                    if u < chance:
                        rough_normal = n
                        if roughness > 0.03:
                            tilt = roughness * roughness
                            u2 = tilt * tilt * a / (1.0 - a + tilt * tilt * a)
                            rough_normal = _cosine_direction(n, u2, b)
                        bounce = sub(ray, scale(rough_normal, 2.0 * dot(ray, rough_normal)))
                        below = dot(bounce, flat)
                        if below < 0.02:
                            bounce = normalised(sub(bounce, scale(flat, 1.02 * below - 0.02)))
                        light = gather(lifted, bounce, 0.004, pixel, sample, True)
                        light = limited(scale(light, fresnel / chance), 16.0)
                        if roughness > BLURRED:
                            gloss = light
                        else:
                            here = add(here, light)
                    elif sample & 1 == 0:
                        bounce = _cosine_direction(n, a, b)
                        if dot(bounce, flat) < 0.02:
                            bounce = blend(bounce, flat, 0.5)
                        light = gather(lifted, bounce, 0.004, pixel, sample, False)
                        diffuse = limited(scale(light, 2.0 / (1.0 - chance)), 16.0)

                    for c in range(3):
                        tint = survives * (1.0 - fresnel) * colour[c] * share
                        sharp[y, x, c] += (survives * here[c] + haze[c]) * share
                        colour_out[y, x, c] += tint
                        light_out[y, x, c] += tint * diffuse[c]
                        gloss_out[y, x, c] += survives * gloss[c] * share
                        normal_out[y, x, c] += n[c] * share

    return tile


def expose(scene: Scene, tile: Callable[..., None], threads: int = 2) -> Negative:
    """Render ``scene`` with its compiled ``tile``. The result does not depend on ``threads``."""
    width, height = scene.size
    layers = [np.zeros((height, width, 3), np.float32) for _ in range(6)]
    depth = np.zeros((height, width), np.float32)
    corners = [(x, y) for y in range(0, height, TILE) for x in range(0, width, TILE)]

    def render(corner: tuple[int, int]) -> None:
        x, y = corner
        tile(x, y, min(x + TILE, width), min(y + TILE, height), *layers, depth)

    render(corners[0])  # compiles before the threads start
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(render, corners[1:]))
    sharp, colour, light, beams, gloss, normal = layers
    return Negative(sharp, colour, light, beams, gloss, normal, depth)


def photograph(scene: Scene, samples: int) -> Negative:
    """Render ``scene`` with ``samples`` rays a pixel."""
    return expose(scene, compile_tile(scene, samples))
