"""The stage of a photo: a floor that runs to the horizon, upright things on it, or a corridor."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.scene.depth_lines import VanishingPoint
from synth.scene.depth_sky import Sky
from synth.scene.depth_subject import Subject, barrier_distance

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Horizon:
    """Height of the horizon as a share from the top, and how surely it is there."""

    y: float
    confidence: float


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


def floor_ramp(size: tuple[int, int], horizon: Horizon) -> Array:
    """Disparity of a level floor, shape (H, W) for ``(W, H)`` = size: 0 at the horizon, 1 below.

    A plane's disparity grows in proportion to the distance below its horizon. Where the horizon
    is only a guess, the ramp starts higher up and is gentler.
    """
    width, height = size
    start = horizon.y * (0.35 + 0.65 * horizon.confidence)
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height
    ramp = np.clip((rows - start) / max(1.0 - start, 0.15), 0.0, 1.0)
    return np.repeat(ramp[:, None], width, axis=1)


def find_floor(lab: Array, horizon: Horizon, subject: Subject) -> Array:
    """Which pixels belong to the floor: shape (H, W), 0 to 1.

    The floor is what can be reached from the bottom of the picture without crossing an edge, a
    subject, or the horizon.
    """
    height, width = lab.shape[:2]
    seeds = np.zeros((height, width), bool)
    rows = max(1, height // 40)
    seeds[-rows:] = subject.mask[-rows:] * subject.confidence < 0.3
    if not seeds.any():
        return np.zeros((height, width), np.float32)
    # Texture of grass or gravel must not look like walls.
    calm = cv2.medianBlur((np.clip(lab * 0.5 + 0.5, 0, 1) * 255).astype(np.uint8), 5)
    calm = cv2.GaussianBlur(calm.astype(np.float32) / 127.5, (0, 0), 1.5)
    distance = barrier_distance(calm, seeds, 3)
    reach = 1.0 / (1.0 + np.exp((distance - 0.30) / 0.05))
    row = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    below = 1.0 / (1.0 + np.exp(-(row - horizon.y) / 0.02))
    return (reach * below * (1.0 - subject.mask * subject.confidence)).astype(np.float32)


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
