"""Light rays: shafts from the brightest part of the sky, broken by what stands before it.

The light that reaches the air in front of a pixel is gathered along the way to the light, as in
K. Mitchell, "Volumetric Light Scattering as a Post-Process", GPU Gems 3, chapter 13; slow swells
across the fan of rays are the clouds and leaves that the light comes through.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

STEP = 8
"""Pixels of the frame per point at which rays are worked out."""

SAMPLES = 28
"""Points on the way to the light."""

LIGHT_DEPTH = 80.0
"""Depth at which the light stands, scene units."""

SWELLS = ((3.0, 0.9, 0.05), (7.0, 0.8, -0.09), (13.0, 0.7, 0.13), (23.0, 0.5, -0.17),
          (37.0, 0.35, 0.21))  # fmt: skip
"""Swells across the fan: how many per half turn, how strong, how fast, hertz."""


def find_light(
    photo: NDArray[np.uint8], focal: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The brightest place of the photo's upper part: its world place (3,), its colour (3,)."""
    height, width = photo.shape[:2]
    small = cv2.resize(photo, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32)
    soft = cv2.GaussianBlur(small, (0, 0), 1.6, borderType=cv2.BORDER_REPLICATE)
    bright = soft @ np.array([0.3, 0.59, 0.11], np.float32)
    rows = np.linspace(0.0, 1.0, 36)[:, None]
    # Of two equals the upper one; never the ground.
    bright = np.where(rows < 0.6, bright * (1.0 - 0.45 * rows), 0.0)
    row, column = np.unravel_index(int(np.argmax(bright)), bright.shape)
    x = (column + 0.5) / 64 * width - width / 2
    y = height / 2 - (row + 0.5) / 36 * height
    # Rays fall from above the frame, where the light itself is.
    y = max(y, 0.0) + 0.22 * height
    place = np.array([x / focal, y / focal, -1.0]) * LIGHT_DEPTH + np.array([0.0, 0.0, 10.0])
    colour = soft[row, column].astype(np.float64)
    colour = 0.5 * colour / max(float(colour.max()), 1.0) * 255.0 + 0.5 * np.array(
        [255.0, 240.0, 208.0]
    )
    return place, colour


def swells(time: float, seconds: float, loop: bool, way: float, seed: int) -> NDArray[np.float64]:
    """Rows of (number per half turn, strength, phase) at one moment, shape (S, 3)."""
    phases = np.random.default_rng((seed, 59)).uniform(0.0, 2.0 * math.pi, len(SWELLS))
    rows = []
    for (number, strength, hertz), phase in zip(SWELLS, phases, strict=True):
        pace = abs(hertz) * way if way else hertz
        if loop:
            pace = math.copysign(max(round(abs(pace) * seconds), 1), pace) / seconds
        rows.append((number * 2.0, strength, phase + 2.0 * math.pi * pace * time))
    return np.array(rows)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def gather(frame, nearness, x, y, waves):  # pragma: no cover - compiled
    """How much light the air in front of each point catches, 0 to about 1.

    Args:
        frame: sRGB, uint8 (H, W, 3).
        nearness: inverse depth, (H, W).
        x, y: the light's place in the frame, pixels; may lie outside.
        waves: from `swells`.

    Returns:
        float32, shape (H / 8 + 1, W / 8 + 1).
    """
    height, width = nearness.shape
    rows = (height - 1) // STEP + 2
    columns = (width - 1) // STEP + 2
    open_sky = np.empty((rows, columns), np.float32)
    most = np.float32(1.0)
    for row in range(rows):
        for column in range(columns):
            r = min(row * STEP, height - 1)
            c = min(column * STEP, width - 1)
            bright = (
                np.float32(0.3) * frame[r, c, 0]
                + np.float32(0.59) * frame[r, c, 1]
                + np.float32(0.11) * frame[r, c, 2]
            )
            # What is near stands in the light's way, however bright it is.
            behind = np.float32(1.0) - min(
                max((nearness[r, c] - np.float32(0.02)) * np.float32(18.0), np.float32(0.0)),
                np.float32(1.0),
            )
            open_sky[row, column] = bright * (np.float32(0.15) + np.float32(0.85) * behind)
            most = max(most, open_sky[row, column])
    caught = np.empty((rows, columns), np.float32)
    reach = 1.15 * np.hypot(width, height)
    for row in range(rows):
        for column in range(columns):
            px = column * STEP
            py = row * STEP
            dx = x - px
            dy = y - py
            total = np.float32(0.0)
            weight = np.float32(0.0)
            # Between fixed points a hash of the place shifts the samples: no rings.
            shift = ((column * 7 + row * 13) % 8) / 8.0
            for index in range(SAMPLES):
                way = (index + shift) / SAMPLES
                sx = (px + dx * way) / STEP
                sy = (py + dy * way) / STEP
                i = min(max(int(sx), 0), columns - 1)
                j = min(max(int(sy), 0), rows - 1)
                share = np.float32(0.4 + 0.6 * way)
                light = open_sky[j, i] / most
                total += share * light * light
                weight += share
            angle = np.arctan2(dx, dy)
            swell = 0.0
            for wave in range(waves.shape[0]):
                swell += waves[wave, 1] * np.sin(waves[wave, 0] * angle + waves[wave, 2])
            swell = min(max(0.42 + 0.4 * swell, 0.0), 1.3)
            far = np.hypot(dx, dy) / reach
            fall = max(1.0 - far, 0.0)
            caught[row, column] = (0.3 + 0.7 * np.sqrt(total / weight)) * swell * swell * fall**1.2
    return caught


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def shine(caught, colour, strength, nearness, frame):  # pragma: no cover - compiled
    """Add the rays to a frame (screen blend): the more air in front of a pixel, the more.

    Args:
        caught: from `gather`.
        colour: sRGB 0-255, shape (3,).
        strength: 0 to about 1.
        nearness: inverse depth, (H, W).
        frame: sRGB, uint8 (H, W, 3), updated.
    """
    height, width = nearness.shape
    columns = caught.shape[1]
    line = np.empty(columns, np.float32)
    one = np.float32(1.0)
    per = np.float32(1.0 / 255.0)
    red = np.float32(colour[0])
    green = np.float32(colour[1])
    blue = np.float32(colour[2])
    half = np.float32(0.5)
    for row in range(height):
        j = row // STEP
        fy = np.float32((row - j * STEP) / STEP)
        for column in range(columns):
            line[column] = strength * (caught[j, column] * (one - fy) + caught[j + 1, column] * fy)
        for column in range(width):
            i = column // STEP
            fx = np.float32((column - i * STEP) * (1.0 / STEP))
            light = line[i] * (one - fx) + line[i + 1] * fx
            # Air before the surface: half of it within 7 units.
            light *= one / (one + np.float32(7.0) * max(nearness[row, column], np.float32(0.0)))
            light = min(light, one)
            r = np.float32(frame[row, column, 0])
            g = np.float32(frame[row, column, 1])
            b = np.float32(frame[row, column, 2])
            frame[row, column, 0] = np.uint8(r + light * red * (one - r * per) + half)
            frame[row, column, 1] = np.uint8(g + light * green * (one - g * per) + half)
            frame[row, column, 2] = np.uint8(b + light * blue * (one - b * per) + half)
