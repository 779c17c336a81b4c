"""The stage of a photo: a floor that runs to the horizon, upright things on it, or a corridor."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from synth.scene.depth_grid import Array, blurred, scaled
from synth.scene.depth_lines import VanishingPoint
from synth.scene.depth_sky import Sky
from synth.scene.depth_subject import Subject, barrier_distance


@dataclass(frozen=True)
class Horizon:
    """Height of the horizon as a share from the top, and how surely it is there."""

    y: float
    confidence: float

    @property
    def start(self) -> float:
        """Where the floor begins: at the horizon if it is sure, else higher up, to be safe."""
        return self.y * (0.35 + 0.65 * self.confidence)


@dataclass(frozen=True)
class Floor:
    """What lies rather than stands."""

    mask: Array
    """Shape (H, W), 0 to 1."""
    surface: float
    """0 for a floor that ends somewhere, 1 for one that fills the picture to its top: a table
    seen from above, a wall, a plain backdrop."""


def find_horizon(sky: Sky, vanishing: VanishingPoint) -> Horizon:
    """Weigh up where the horizon lies: lower edge of the sky, vanishing point, habit.

    Habit puts it a little above the middle. The sky's lower edge bounds it from above: what hides
    the horizon stands before it.
    """
    weights = [0.35]
    heights = [0.36]
    if sky.confidence > 0 and 0.02 < sky.bottom < 0.9:
        weights.append(1.6 * sky.confidence)
        heights.append(sky.bottom)
    if vanishing.strength > 0:
        weights.append(3.0 * vanishing.strength)
        heights.append(vanishing.y)
    y = float(np.average(heights, weights=weights))
    return Horizon(float(np.clip(y, -0.2, 0.85)), float(np.clip(sum(weights) - 0.35, 0, 1)))


def floor_ramp(size: tuple[int, int], horizon: Horizon, surface: float) -> Array:
    """Disparity of a level floor, shape (H, W) for ``(W, H)`` = size: 0 at the horizon, 1 below.

    A plane's disparity grows in proportion to the distance below its horizon. Where the horizon
    is only a guess, the ramp starts higher up and is gentler; it is gentler still on a surface
    that fills the picture, which may be seen from any side.
    """
    width, height = size
    start = horizon.start * (1.0 - surface)
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height
    ramp = np.clip((rows - start) / max(1.0 - start, 0.15), 0.0, 1.0)
    flat = 0.2 + 0.5 * ramp
    rows = ((1.0 - surface) * ramp + surface * flat).astype(np.float32)
    return np.repeat(rows[:, None], width, axis=1)


def find_floor(lab: Array, horizon: Horizon, subject: Subject) -> Floor:
    """Which pixels of a picture of shape (H, W, 3), CIE Lab divided by 100, belong to the floor.

    The floor is what can be reached from the bottom of the picture without crossing an edge, a
    subject, or the horizon.
    """
    height, width = lab.shape[:2]
    seeds = np.zeros((height, width), bool)
    rows = max(1, height // 40)
    seeds[-rows:] = subject.mask[-rows:] * subject.confidence < 0.3
    if not seeds.any():
        return Floor(np.zeros((height, width), np.float32), 0.0)
    # At a third of the size the texture of grass or gravel no longer looks like walls.
    small = (max(4, width // 3), max(4, height // 3))
    calm = blurred(scaled(lab, small, cv2.INTER_AREA), 1.0)
    start_from = scaled(seeds.astype(np.float32), small, cv2.INTER_AREA) > 0.3
    start_from[-1] |= seeds[-1, np.linspace(0, width - 1, small[0]).astype(int)]
    distance = scaled(barrier_distance(calm, start_from, 3), (width, height))
    reach = 1.0 / (1.0 + np.exp((distance - 0.26) / 0.045))
    row = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    top = reach[: max(1, height // 14)]
    surface = float(np.clip((top.mean() - 0.3) / 0.4, 0, 1)) * (1.0 - horizon.confidence)
    start = horizon.start * (1.0 - surface)
    below = 1.0 / (1.0 + np.exp(-(row - start) / 0.02)) if surface < 0.5 else 1.0
    mask = reach * below * (1.0 - subject.mask * subject.confidence)
    return Floor(mask.astype(np.float32), surface)


def corridor(size: tuple[int, int], vanishing: VanishingPoint) -> Array:
    """Disparity of a box-shaped room seen along its axis: shape (H, W) for ``(W, H)`` = size.

    Floor, walls and ceiling are planes through the vanishing point, each with a disparity that
    grows in proportion to the distance from it; the nearest plane is the one that is seen.
    """
    width, height = size
    x = (np.arange(width, dtype=np.float32) + 0.5) / width
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    side = np.where(
        x < vanishing.x,
        (vanishing.x - x) / max(vanishing.x, 0.25),
        (x - vanishing.x) / max(1 - vanishing.x, 0.25),
    )
    rise = np.where(
        y < vanishing.y,
        0.85 * (vanishing.y - y) / max(vanishing.y, 0.25),
        (y - vanishing.y) / max(1 - vanishing.y, 0.25),
    )
    return np.clip(np.maximum(side[None, :], rise[:, None]), 0.0, 1.0).astype(np.float32)
