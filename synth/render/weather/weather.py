"""The weather of one clip: made once, drawn over each finished frame."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import focal_pixels
from synth.camera.pose import CameraPose
from synth.errors import InvalidInstruction
from synth.motion.instructions import Environment
from synth.render.weather.effects import EFFECTS
from synth.render.weather.flight import BORDER, FIELDS, fly
from synth.render.weather.paint import light_map, paint, tint
from synth.render.weather.swarm import Swarm, swarms

REFERENCE_WIDTH = 36.0 / 50.0
"""Longer side of a 50 mm frame at distance 1."""

TAPER = {"rain": 0.3}
"""Share of a stroke over which its ends fade."""


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
        self._effect = environment.particle_effects
        self._intensity = environment.weather_intensity
        self._size = np.array([width, height], np.float64)
        self._scale = max(width, height) / focal / REFERENCE_WIDTH
        self._swarms: tuple[Swarm, ...] = ()
        self._active = self._effect != "none" and self._intensity > 0.0
        if not self._active:
            return
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
        if self._swarms:
            self._particles(
                frame, nearness, self.strokes(pose, time, shutter, opening=opening, closing=closing)
            )

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
        cameras = np.stack([self._camera(one or pose) for one in (opening, pose, closing)])
        times = np.array([time - shutter / 2.0, time, time + shutter / 2.0])
        numbers = np.array(
            [look.radius[0] * self._scale, look.radius[1] * self._scale, look.alpha,
             look.softness, look.aperture * self._scale, look.smear, look.dim, look.haze,
             look.fade, look.flicker]
        )  # fmt: skip
        made = []
        for swarm in self._swarms:
            reach = swarm.reach + shutter * float(np.linalg.norm(swarm.velocity))
            box = self._box(pose, swarm, reach)
            images = np.prod(np.ceil((box[1] - box[0]) / np.abs(np.diag(swarm.cell))) + 1.0)
            rows = np.empty((int(math.ceil(swarm.shown) * images), FIELDS))
            count = fly(
                swarm.seeds, swarm.shown, swarm.cell, swarm.velocity, swarm.lives, swarm.laps,
                swarm.gusts, swarm.sway, reach, np.array([swarm.near, swarm.far]), box, cameras,
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
    ) -> None:
        look = EFFECTS[self._effect]
        tint(
            strokes, light_map(frame), self._size, np.array(look.colour), look.local, look.lit,
            1.15, 30.0,
        )  # fmt: skip
        paint(
            strokes, float(look.screen), look.rim, 0.02, TAPER.get(self._effect, 0.0), nearness,
            frame,
        )  # fmt: skip

    def _camera(self, pose: CameraPose) -> NDArray[np.float64]:
        """The camera as `fly` takes it."""
        width, height = (int(length) for length in self._size)
        camera = np.empty(15)
        camera[:9] = pose.world_from_camera.T.ravel()
        camera[9:12] = pose.position
        camera[12] = focal_pixels(pose.focal_length, width, height)
        camera[13:15] = self._size / 2.0
        return camera

    def _box(self, pose: CameraPose, swarm: Swarm, reach: float) -> NDArray[np.float64]:
        """The part of the world that holds all that may be seen of a swarm, shape (2, 3)."""
        focal = self._camera(pose)[12]
        half = self._size / 2.0 * (1.0 + 2.0 * BORDER) / focal
        corners = np.array(
            [(x * half[0] * depth, y * half[1] * depth, -depth)
             for depth in (swarm.near, swarm.far) for x in (-1, 1) for y in (-1, 1)]
        )  # fmt: skip
        world = corners @ pose.world_from_camera.T + np.array(pose.position)
        return np.stack([world.min(axis=0) - reach, world.max(axis=0) + reach])
