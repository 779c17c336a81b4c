"""From particles in the world to strokes on the frame: where each is while the shutter is open."""

from __future__ import annotations

import numpy as np
from numba import njit

from synth.render.weather.swarm import GUST_TURN

FIELDS = 20
"""Numbers of a stroke: x, y where the shutter opens (0, 1) and closes (2, 3), pixels; nearness
there (4, 5); radius (6) and width of the soft rim (7), pixels; opacity (8); colour (9-11); size
0-1 (12); shade 0-1 (13); number of the particle (14); age 0-1 (15); world place halfway (16-18);
own phase 0-1 (19)."""

FOCUS = 10.0
"""Depth that is in focus: the subject's."""

THINNEST = 0.75
"""Smallest radius that is drawn, pixels; what is thinner is drawn fainter."""

BORDER = 0.06
"""How far beyond the frame particles are followed, share of its width."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _sway(place, speed, time, seed, sway, gust):  # pragma: no cover - compiled
    """Add a particle's wobble and the gust of the moment to its place and its velocity."""
    if gust[3] != 0.0 or gust[4] != 0.0:
        # Swells travel with the wind; the place before the gust decides, so that loops close.
        where = GUST_TURN * (0.4 * place[0] + place[2])
        passing = GUST_TURN * (0.4 * speed[0] + speed[2])
        sine = np.sin(where)
        cosine = np.cos(where)
        swell = gust[3] * cosine - gust[4] * sine
        swelling = gust[6] * cosine + gust[5] * sine - passing * (gust[4] * cosine + gust[3] * sine)
        for axis in range(3):
            place[axis] += gust[axis] * swell
            speed[axis] += gust[axis] * swelling
    # An ellipse in the level, a small eight upright.
    pace = 2.0 * np.pi * seed[7]
    angle = pace * time + 2.0 * np.pi * seed[4]
    sine = np.sin(angle)
    cosine = np.cos(angle)
    wide = sway * (0.5 + 0.5 * seed[5])
    deep = sway * (seed[6] - 0.5) * 2.0
    place[0] += wide * sine
    place[1] += 0.5 * sway * sine * cosine
    place[2] += deep * cosine
    speed[0] += wide * pace * cosine
    speed[1] += 0.5 * sway * pace * (cosine * cosine - sine * sine)
    speed[2] -= deep * pace * sine


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _seen(place, camera, out):  # pragma: no cover - compiled
    """Project a world place: out = (x, y, depth)."""
    px = place[0] - camera[9]
    py = place[1] - camera[10]
    pz = place[2] - camera[11]
    depth = -(camera[6] * px + camera[7] * py + camera[8] * pz)
    out[2] = depth
    scale = camera[12] / max(depth, 1e-3)
    out[0] = camera[13] + scale * (camera[0] * px + camera[1] * py + camera[2] * pz)
    out[1] = camera[14] - scale * (camera[3] * px + camera[4] * py + camera[5] * pz)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def fly(
    seeds, shown, cell, velocity, lives, laps, gust, sway, blown, reach, shell,
    box, cameras, times, look,
    size, strokes,
):  # fmt: skip # pragma: no cover - compiled
    """Strokes of one swarm.

    Args:
        seeds, shown, cell, velocity, lives, laps, sway: of the `Swarm`.
        gust: from `Swarm.gust`.
        blown: how far the gust of the moment carries particles about the middle of the box, (3,).
        reach: how far a particle strays besides while the shutter is open.
        shell: nearest and farthest depth.
        box: least and largest corner of the part of the world to look through, shape (2, 3).
        cameras: where the shutter opens, halfway and where it closes, shape (3, 15): rotation
            camera-from-world (9), position (3), focal length in pixels, centre x, centre y.
        times: the same three moments, seconds.
        look: smallest and largest radius, opacity, softness, aperture, smear, dim, haze, fade,
            flicker, radius of the halo in radii, all lengths in scene units, shape (11,).
        size: frame width and height, pixels.
        strokes: receives rows of `FIELDS` numbers.

    Returns:
        number of strokes.
    """
    found = 0
    here = np.empty(3)
    speed = np.empty(3)
    there_then = np.empty(3)
    views = np.empty((3, 3))
    near = shell[0]
    far = shell[1]
    for index in range(int(np.ceil(shown))):
        seed = seeds[index]
        there = min(shown - index, 1.0)
        a0 = seed[0]
        a1 = seed[1]
        a2 = seed[2]
        age = 0.5
        spent = 0.0
        presence = 1.0
        if lives:
            turns = times[1] / seed[11] + seed[10]
            lap = np.floor(turns)
            age = turns - lap
            spent = (age - 0.5) * seed[11]
            if laps == 0:
                # A new place in every life; golden-like steps never come back.
                a0 += lap * 0.6180339887
                a1 += lap * 0.7548776662
                a2 += lap * 0.5698402910
            # Its drift first, so that only particles near the view are looked at.
            a0 += spent * velocity[0] * seed[3] / cell[0, 0]
            a1 += spent * velocity[1] * seed[3] / cell[1, 1]
            a2 += spent * velocity[2] * seed[3] / cell[2, 2]
            edge = min(age, 1.0 - age) / look[8]
            if edge < 1.0:
                presence = edge * edge * (3.0 - 2.0 * edge)
        else:
            a1 += seed[3] * times[1]
        a0 -= np.floor(a0)
        a1 -= np.floor(a1)
        a2 -= np.floor(a2)
        low_j = int(np.floor(min(box[0, 1] / cell[1, 1], box[1, 1] / cell[1, 1]) - a1))
        high_j = int(np.ceil(max(box[0, 1] / cell[1, 1], box[1, 1] / cell[1, 1]) - a1))
        for j in range(low_j, high_j + 1):
            step = a1 + j
            y = step * cell[1, 1]
            if y < box[0, 1] or y > box[1, 1]:
                continue
            x_base = step * cell[1, 0]
            z_base = step * cell[1, 2]
            first_i = int(np.ceil((box[0, 0] - x_base) / cell[0, 0] - a0))
            last_i = int(np.floor((box[1, 0] - x_base) / cell[0, 0] - a0))
            first_k = int(np.ceil((box[0, 2] - z_base) / cell[2, 2] - a2))
            last_k = int(np.floor((box[1, 2] - z_base) / cell[2, 2] - a2))
            for k in range(first_k, last_k + 1):
                z = z_base + (a2 + k) * cell[2, 2]
                for i in range(first_i, last_i + 1):
                    x = x_base + (a0 + i) * cell[0, 0]
                    # Most of the box lies beside the view: look before working anything out.
                    here[0] = x
                    here[1] = y
                    here[2] = z
                    for axis in range(3):
                        there_then[axis] = here[axis] + blown[axis]
                    _seen(there_then, cameras[1], views[1])
                    depth = views[1, 2]
                    if depth <= near - reach or depth >= far + reach:
                        continue
                    margin = (
                        reach * cameras[1, 12] / max(depth - reach, 0.5 * near) + BORDER * size[0]
                    )
                    if (
                        views[1, 0] < -margin
                        or views[1, 0] > size[0] + margin
                        or views[1, 1] < -margin
                        or views[1, 1] > size[1] + margin
                    ):
                        continue
                    for axis in range(3):
                        way = velocity[axis] if lives else cell[1, axis]
                        speed[axis] = way * seed[3]
                    _sway(here, speed, times[1], seed, sway, gust)
                    _seen(here, cameras[1], views[1])
                    depth = views[1, 2]
                    if depth <= near or depth >= far:
                        continue
                    for end in (0, 2):
                        # So short a way is as good as straight.
                        lag = times[end] - times[1]
                        for axis in range(3):
                            there_then[axis] = here[axis] + lag * speed[axis]
                        _seen(there_then, cameras[end], views[end])
                    if views[0, 2] < 0.3 * near or views[2, 2] < 0.3 * near:
                        continue
                    focal = cameras[1, 12]
                    radius = focal / depth * (look[0] + (look[1] - look[0]) * seed[8] * seed[8])
                    blur = 0.5 * look[4] * focal * abs(1.0 / depth - 1.0 / FOCUS)
                    wide = np.sqrt(radius * radius + blur * blur)
                    opacity = look[2] * there * presence
                    faint = look[6] * np.log(radius / wide) - depth / look[7]
                    if wide < THINNEST:
                        opacity *= wide / THINNEST
                        wide = THINNEST
                    whole = wide * look[10]
                    if (
                        max(views[0, 0], views[2, 0]) < -whole
                        or min(views[0, 0], views[2, 0]) > size[0] + whole
                        or max(views[0, 1], views[2, 1]) < -whole
                        or min(views[0, 1], views[2, 1]) > size[1] + whole
                    ):
                        continue
                    way = np.hypot(views[2, 0] - views[0, 0], views[2, 1] - views[0, 1])
                    faint -= look[5] * np.log(1.0 + way / (0.5 * np.pi * wide))
                    opacity *= np.exp(faint)
                    # Shells overlap where they fade into each other; nothing appears at once.
                    fade = min((depth - near) / (0.16 * near), (far - depth) / (0.12 * far))
                    opacity *= min(fade, 1.0)
                    if look[9] > 0.0:
                        beat = 2.0 * np.pi * (seed[7] * times[1] * 3.0 + seed[5])
                        opacity *= 1.0 - look[9] * (0.5 + 0.5 * np.sin(beat + np.sin(beat * 2.0)))
                    if opacity < 0.008 or found >= strokes.shape[0]:
                        continue
                    row = strokes[found]
                    row[0] = views[0, 0]
                    row[1] = views[0, 1]
                    row[2] = views[2, 0]
                    row[3] = views[2, 1]
                    row[4] = 1.0 / views[0, 2]
                    row[5] = 1.0 / views[2, 2]
                    row[6] = wide
                    row[7] = max(look[3] * wide, 1.0)
                    row[8] = opacity
                    row[12] = seed[8]
                    row[13] = seed[9]
                    row[14] = index
                    row[15] = age
                    row[16] = here[0]
                    row[17] = here[1]
                    row[18] = here[2]
                    row[19] = seed[10]
                    found += 1
    return found
