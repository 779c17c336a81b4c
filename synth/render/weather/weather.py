"""The weather of one clip: made once, drawn over each finished frame."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import focal_pixels
from synth.camera.pose import CameraPose
from synth.errors import InvalidInstruction
from synth.motion.instructions import Environment, Particles
from synth.render.weather.effects import EFFECTS, MISTS, Mist, wind_vector
from synth.render.weather.flight import BORDER, FIELDS, fly
from synth.render.weather.leaves import scatter
from synth.render.weather.paint import light_map, paint, tint
from synth.render.weather.shafts import find_light, gather, shine, swells
from synth.render.weather.swarm import Swarm, swarms
from synth.render.weather.volume import clearness, drifts, swirls, veil

REFERENCE_WIDTH = 36.0 / 50.0
"""Longer side of a 50 mm frame at distance 1."""


RAYS = 0.9
"""Strength of light rays at intensity 1."""


class Weather:
    """What is in the air of one clip. Unchanging once made; threads may share it."""

    def __init__(
        self,
        environment: Environment,
        *,
        width: int,
        height: int,
        focal: float,
        seconds: float,
        seed: int,
        loop: bool,
        photo: NDArray[np.uint8],
    ) -> None:
        """Make the weather of a clip.

        Args:
            environment: what is in the air, the wind, and how much of it.
            width, height: frame size, pixels.
            focal: the photo's focal length in pixels at that size.
            seconds: length of the clip.
            seed: picks particles and gusts.
            loop: the state after `seconds` is that at 0.
            photo: sRGB at frame size, (H, W, 3), for the colours of sky and light.

        Raises:
            InvalidInstruction: the photo has another size, or a number is not above 0.
        """
        if photo.shape != (height, width, 3):
            raise InvalidInstruction(
                f"The photo for the weather has shape {photo.shape}, but frames are "
                f"{width}x{height}: pass the photo at frame size, ({height}, {width}, 3)."
            )
        for name, value in (("focal length", focal), ("length", seconds)):
            if not (math.isfinite(value) and value > 0.0):
                raise InvalidInstruction(
                    f"The {name} of a clip with weather is {value}; it must be above 0."
                )
        self._effect: Particles = environment.particle_effects
        self._intensity = environment.weather_intensity
        self._size = np.array([width, height], np.float64)
        self._scale = max(width, height) / focal / REFERENCE_WIDTH
        self._swarms: tuple[Swarm, ...] = ()
        self._active = self._effect != "none" and self._intensity > 0.0
        if not self._active:
            return
        self._seconds, self._loop, self._seed = seconds, loop, seed
        self._wind = wind_vector(environment.wind_direction)
        if self._effect in MISTS:
            self._block = swirls(seed)
            self._mist_colours = _sky(photo, MISTS[self._effect])
        if self._effect == "light_rays":
            self._light, self._light_colour = find_light(photo, focal)
        if self._effect in EFFECTS:
            self._swarms = swarms(
                self._effect, environment.wind_direction, self._intensity,
                window=width * height / focal**2, scale=self._scale, seconds=seconds, loop=loop,
                seed=seed,
            )  # fmt: skip

    def draw(
        self,
        frame: NDArray[np.uint8],
        nearness: NDArray[np.float32],
        pose: CameraPose,
        time: float,
        shutter: float,
        *,
        opening: CameraPose | None = None,
        closing: CameraPose | None = None,
    ) -> None:
        """Draw the weather of one moment over a finished frame, in place.

        Args:
            frame: sRGB, uint8 (H, W, 3), changed.
            nearness: inverse depth of the frame's pixels, 1 / scene units, (H, W).
            pose: the camera in the middle of the exposure.
            time: middle of the exposure, seconds.
            shutter: length of the exposure, seconds; 0 freezes.
            opening, closing: the camera where the shutter opens and closes, for strokes that show
                its own motion too; left out, it stands still meanwhile.
        """
        if not self._active:
            return
        if self._effect in MISTS:
            self._mist(frame, nearness, pose, time)
        if self._effect == "light_rays":
            self._rays(frame, nearness, pose, time)
        if self._swarms:
            strokes = self.strokes(pose, time, shutter, opening=opening, closing=closing)
            self._particles(frame, nearness, strokes, time, shutter)

    def strokes(
        self,
        pose: CameraPose,
        time: float,
        shutter: float,
        *,
        opening: CameraPose | None = None,
        closing: CameraPose | None = None,
    ) -> NDArray[np.float64]:
        """Every particle in view, farthest shell first, without its colour: (N, FIELDS)."""
        look = EFFECTS[self._effect]
        middle = self._camera(pose)
        cameras = np.stack(
            [self._camera(end) if end else middle for end in (opening, None, closing)]
        )
        times = np.array([time - shutter / 2.0, time, time + shutter / 2.0])
        numbers = np.array(
            [look.radius[0] * self._scale, look.radius[1] * self._scale, look.alpha,
             look.softness, look.aperture * self._scale, look.smear, look.dim, look.haze,
             look.fade, look.flicker, max(look.glow, 1.0)]
        )  # fmt: skip
        bulk = (look.radius[1] * max(look.glow, 1.0) + look.aperture) * self._scale
        made = []
        for swarm in self._swarms:
            gust = swarm.gust(time)
            shell = np.array([swarm.near, swarm.far])
            box = self._box(cameras[1], swarm.near, swarm.far)
            extent = box[1] - box[0]
            blown, ragged = swarm.blown(gust, box.mean(axis=0), extent + 4.0)
            reach = swarm.stray(shutter) + ragged + bulk
            box += np.stack([-blown - reach, reach - blown])
            images = np.prod(np.ceil((box[1] - box[0]) / np.abs(np.diag(swarm.cell))) + 1.0)
            rows = np.empty((int(math.ceil(swarm.shown) * images), FIELDS))
            count = fly(
                swarm.seeds, swarm.shown, swarm.cell, swarm.velocity, swarm.lives, swarm.laps,
                gust, swarm.sway, blown, reach, shell, box, cameras,
                times, numbers, self._size, rows,
            )  # fmt: skip
            # Side by side on the frame, side by side in memory.
            made.append(rows[np.argsort(rows[:count, 0], kind="stable")])
        return np.concatenate(made)

    def _particles(
        self,
        frame: NDArray[np.uint8],
        nearness: NDArray[np.float32],
        strokes: NDArray[np.float64],
        time: float,
        shutter: float,
    ) -> None:
        look = EFFECTS[self._effect]
        tint(
            strokes, light_map(frame), self._size, np.array(look.colour), look.local, look.lit,
            look.dark, look.gain, look.lift,
        )  # fmt: skip
        if self._effect == "leaves":
            slow, fast = look.spin
            spins = slow + (fast - slow) * strokes[:, 12:14]
            if self._loop:
                spins = np.maximum(np.rint(spins * self._seconds), 1.0) / self._seconds
            scatter(strokes, spins, time, shutter, nearness, frame)
            return
        if look.glow > 0.0:
            halo = strokes.copy()
            halo[:, 6:8] = halo[:, 6:7] * look.glow
            halo[:, 8] = np.minimum(halo[:, 8], 1.0) * 0.22
            paint(halo, 1.0, 0.0, 0.1, 0.0, nearness, frame)
        paint(strokes, float(look.screen), look.rim, look.emerge, look.taper, nearness, frame)

    def _mist(
        self, frame: NDArray[np.uint8], nearness: NDArray[np.float32], pose: CameraPose, time: float
    ) -> None:
        look = MISTS[self._effect]
        speed = look.drift * (0.3 + 0.7 * self._intensity)
        velocity = self._wind * speed + np.array([look.creep, 0.0, 0.0]) * (not self._wind.any())
        clear = clearness(
            self._block, self._camera(pose), drifts(velocity, time, self._seconds, self._loop),
            look.density * self._intensity**look.power, look.unevenness, look.settle, self._size,
        )  # fmt: skip
        veil(clear, self._mist_colours, look.thickest, nearness, frame)

    def _rays(
        self, frame: NDArray[np.uint8], nearness: NDArray[np.float32], pose: CameraPose, time: float
    ) -> None:
        camera = self._camera(pose)
        right, up, back = camera[:9].reshape(3, 3) @ (self._light - camera[9:12])
        if -back < 1.0:  # the light is behind the camera: its rays are not seen
            return
        x = camera[13] + camera[12] * right / -back
        y = camera[14] - camera[12] * up / -back
        waves = swells(time, self._seconds, self._loop, float(self._wind[0]), self._seed)
        caught = gather(frame, nearness, float(x), float(y), waves)
        shine(caught, self._light_colour, RAYS * self._intensity, nearness, frame)

    def _camera(self, pose: CameraPose) -> NDArray[np.float64]:
        """The camera as `fly` takes it."""
        width, height = (int(length) for length in self._size)
        camera = np.empty(15)
        camera[:9] = pose.world_from_camera.T.ravel()
        camera[9:12] = pose.position
        camera[12] = focal_pixels(pose.focal_length, width, height)
        camera[13:15] = self._size / 2.0
        return camera

    def _box(self, camera: NDArray[np.float64], near: float, far: float) -> NDArray[np.float64]:
        """Least and largest corner of what a camera sees of a range of depth, shape (2, 3)."""
        half = self._size / 2.0 * (1.0 + 2.0 * BORDER) / camera[12]
        corners = np.array(
            [(x * half[0] * depth, y * half[1] * depth, -depth)
             for depth in (near, far) for x in (-1, 1) for y in (-1, 1)]
        )  # fmt: skip
        world = corners @ camera[:9].reshape(3, 3) + camera[9:12]
        return np.stack([world.min(axis=0), world.max(axis=0)])


def _sky(photo: NDArray[np.uint8], look: Mist) -> NDArray[np.float64]:
    """Colours of the mist at the top and at the bottom of the frame, shape (2, 3)."""
    rows = max(photo.shape[0] // 3, 1)
    upper = np.percentile(photo[:rows:4, ::4].reshape(-1, 3), 65, axis=0)
    whole = np.percentile(photo[::4, ::4].reshape(-1, 3), 70, axis=0)
    # In the dark even white mist is dark.
    tint = np.array(look.tint) * min(0.25 + float(upper.mean()) / 160.0, 1.0)
    colours = np.stack([upper, 0.7 * upper + 0.3 * whole])
    return colours + (tint - colours) * look.own
