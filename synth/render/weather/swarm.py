"""Where particles are: endless lattices of them in world space, one per range of depth.

Each range of depth ("shell") holds one cell of particles that repeats for ever in all directions,
so density is the same wherever the camera goes, and nothing is born or lost in view. What falls
does so along one edge of the cell, which is slanted with the wind: after a whole number of cells
the lattice is itself again, which is how loops close. What floats has a life instead: it comes,
drifts and goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.motion.instructions import Particles, Wind
from synth.render.weather.effects import EFFECTS, flow, wind_vector

CELL = 0.5
"""Side of a cell, share of the shell's far depth (which a 50 mm frame sees 0.72 wide)."""

LEAST_FALL = 0.45
"""Share of a cell that must be fallen through in a loop; what is slower lives and dies instead."""

GUST_HERTZ = (0.21, 0.34, 0.55)
"""Frequencies of gusts."""

GUST_WAVE = 40.0
"""Distance over which a gust swells and ebbs, scene units."""

GUST_TURN = 2.0 * math.pi / GUST_WAVE
"""Radians that a gust's phase turns per scene unit."""

COLUMNS = 12
"""Numbers per particle: place in the cell (3), speed factor or fall rate, three wobble phases,
wobble frequency, size 0-1, shade 0-1, phase of life, length of life."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Swarm:
    """The particles of one shell."""

    near: float
    """Nearest depth, scene units."""
    far: float
    """Farthest depth, scene units."""
    seeds: Floats
    """Numbers of each particle, shape (N, COLUMNS); those of a lower intensity come first."""
    shown: float
    """How many of them are there; the last one partly."""
    cell: Floats
    """Edges of the cell as rows, shape (3, 3): along x, along the fall, along z."""
    velocity: Floats
    """Mean velocity, scene units a second, shape (3,)."""
    lives: bool
    """Whether particles come and go instead of falling for ever."""
    laps: int
    """Lives after which a particle is back in its first place; 0 never."""
    gusts: Floats
    """Per gust: amplitude along x, y, z, radians a second, phase; shape (G, 5)."""
    sway: float
    """Amplitude of the wobble, scene units."""

    def gust(self, time: float) -> Floats:
        """The gusts of a moment as one wave through space.

        Returns:
            direction (3); sums over the gusts of amplitude times sine and cosine of their phase,
            and of the same times their radians a second; shape (7,).
        """
        if not len(self.gusts):
            return np.zeros(7)
        phase = self.gusts[:, 3] * time + self.gusts[:, 4]
        sizes = np.linalg.norm(self.gusts[:, :3], axis=1)
        rates = sizes * self.gusts[:, 3]
        return np.array(
            [*(self.gusts[0, :3] / sizes[0]), sizes @ np.sin(phase), sizes @ np.cos(phase),
             rates @ np.sin(phase), rates @ np.cos(phase)]
        )  # fmt: skip

    def blown(self, gust: Floats, middle: Floats, extent: Floats) -> tuple[Floats, float]:
        """How far gusts carry particles from their lattice places.

        Args:
            gust: of the moment.
            middle: of the part of the world that is looked at, shape (3,).
            extent: its size, shape (3,).

        Returns:
            the way at the middle, shape (3,), and by how much it differs elsewhere at most.
        """
        where = GUST_TURN * (0.4 * middle[0] + middle[2])
        spread = min(GUST_TURN * (0.4 * extent[0] + extent[2]) / 2.0, 2.0)
        way = gust[3] * math.cos(where) - gust[4] * math.sin(where)
        return gust[:3] * way, math.hypot(gust[3], gust[4]) * spread

    def stray(self, shutter: float) -> float:
        """How far a particle strays from there in an exposure of so many seconds, scene units."""
        speed = float(np.linalg.norm(self.velocity))
        return self.sway * 1.5 + 0.75 * speed * shutter


def swarms(
    effect: Particles,
    wind: Wind,
    intensity: float,
    *,
    window: float,
    scale: float,
    seconds: float,
    loop: bool,
    seed: int,
) -> tuple[Swarm, ...]:
    """The particles of a weather, farthest shell first.

    Args:
        effect: one of `EFFECTS`.
        wind: where the wind blows to.
        intensity: 0 to 1; a lower one has a part of the particles of a higher one.
        window: width times height of the photo's view at distance 1.
        scale: the photo's field of view relative to a 50 mm lens.
        seconds: length of the clip.
        loop: whether the state at the end is that of the start.
        seed: picks the particles.
    """
    look = EFFECTS[effect]
    velocity = flow(effect, wind, intensity) * scale
    number = list(EFFECTS).index(effect)
    made = []
    for index, (near, far, seen) in reversed(list(enumerate(look.shells))):
        rng = np.random.default_rng((seed, number, index))
        side = CELL * far * scale
        down = abs(float(velocity[1]))
        lives = look.life is not None or down == 0.0
        fallen = side
        if loop and not lives:
            lives = down * seconds < LEAST_FALL * side
            if not lives:
                fallen = down * seconds / max(round(down * seconds / side), 1)
        if lives:
            cell = np.diag([side, side, side])
        else:
            cell = np.diag([side, 0.0, side])
            cell[1] = velocity * (fallen / down)
        volume = window * (far**3 - near**3) / 3.0
        count = (
            max(round(seen * side * side * fallen / volume), 1)
            if not lives
            else max(round(seen * side**3 / volume), 1)
        )
        seeds = rng.random((count, COLUMNS))
        factor = 1.0 + look.spread * (2.0 * seeds[:, 3] - 1.0)
        if lives:
            shortest, longest = look.life or (seconds, seconds)
            life = shortest + (longest - shortest) * seeds[:, 11]
            if loop:
                life = seconds / np.maximum(np.rint(seconds / life), 1.0)
            seeds[:, 11] = life
            seeds[:, 3] = factor
        else:
            rate = factor * down / fallen
            seeds[:, 3] = np.maximum(np.rint(rate * seconds), 1.0) / seconds if loop else rate
        amplitude, slowest, fastest = look.sway
        hertz = slowest + (fastest - slowest) * seeds[:, 7]
        seeds[:, 7] = np.maximum(np.rint(hertz * seconds), 1.0) / seconds if loop else hertz
        made.append(
            Swarm(
                near, far, seeds, count * intensity, cell, velocity, lives,
                1 if loop else 0, _gusts(look.gust, velocity, wind, seconds, loop, seed),
                amplitude * scale,
            )
        )  # fmt: skip
    return tuple(made)


def _gusts(
    share: float, velocity: Floats, wind: Wind, seconds: float, loop: bool, seed: int
) -> Floats:
    """Swells of the wind that average to nothing: the same for all shells."""
    along = wind_vector(wind)
    speed = share * abs(float(velocity @ along))
    if speed == 0.0:
        return np.empty((0, 5))
    rng = np.random.default_rng((seed, 77))
    rows = []
    for hertz in GUST_HERTZ:
        exact = max(round(hertz * seconds), 1) / seconds if loop else hertz
        turn = 2.0 * math.pi * exact
        # An oscillation of this amplitude has this peak speed; the three share it.
        rows.append((*(along * (speed / turn / len(GUST_HERTZ) ** 0.5)), turn,
                     rng.uniform(0.0, 2.0 * math.pi)))  # fmt: skip
    return np.array(rows)
